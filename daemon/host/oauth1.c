/* SPDX-License-Identifier: MIT
 *
 * Requests signed with OAuth 1.0a (RFC 5849), for plugins (mentiond.syms).  Called by plugins from within an operation.
 */
#include "host/oauth1.h"

#include "base/clock.h"
#include "base/text.h"
#include "host/hook.h"

#include <ctype.h>

#define PARAMETERS_MAX 64

/* As they are signed: each is "name=value", encoded. */
struct parameters {
        const char *all[PARAMETERS_MAX];
        size_t n;
};

/* By the names, then by the values. */
static int by_name(const void *a, const void *b)
{
        const char *x = *(const char *const *) a, *y = *(const char *const *) b;
        size_t m = strcspn(x, "="), n = strcspn(y, "=");
        int r = strncmp(x, y, MIN(m, n));

        if (r != 0)
                return r;
        return m != n ? (m < n ? -1 : 1) : strcmp(x + m, y + n);
}

static void add(struct mentiond_op *op, struct parameters *p, const char *name, const char *value)
{
        p->all[p->n++] = arena_printf(op->page, "%s=%s", name, mentiond_escape(op, value));
}

/* Those of a query or of a form's body. */
static void add_all(struct mentiond_op *op, struct parameters *p, const char *encoded)
{
        char *rest = NULL;

        for (char *one = strtok_r(arena_strdup(op->page, encoded), "&", &rest); one; one = strtok_r(NULL, "&", &rest))
                if (p->n < PARAMETERS_MAX)
                        p->all[p->n++] = strchr(one, '=') ? one : arena_printf(op->page, "%s=", one);
}

/* The address without its query (section 3.4.1.2): in lower case up to the path, and without the scheme's own port. */
static const char *address(struct mentiond_op *op, const char *url)
{
        char *text = arena_printf(op->page, "%.*s", (int) strcspn(url, "?#"), url), *host = strstr(text, "://");
        const char *own = strncasecmp(url, "https:", strlen("https:")) == 0 ? ":443" : ":80", *path;
        size_t size;

        if (!host)
                return text;
        path = host + strlen("://") + strcspn(host + strlen("://"), "/");
        size = (size_t) (path - text);
        for (size_t i = 0; i < size; i++)
                text[i] = (char) tolower((unsigned char) text[i]);
        if (strncmp(path - strlen(own), own, strlen(own)) == 0)
                size -= strlen(own);
        return arena_printf(op->page, "%.*s%s", (int) size, text, *path ? path : "/");
}

const char *oauth1_header(struct mentiond_op *op, const struct mentiond_oauth1 *keys, const struct mentiond_request *request,
                          const char *nonce, int64_t seconds)
{
        const char *path = strempty(request->path), *method = isempty(request->method) ? "GET" : request->method;
        const char *url = *path == '/' ? arena_printf(op->page, "%s%s", strempty(op->instance->base_url), path) : path;
        const char *key = arena_printf(op->page, "%s&%s", mentiond_escape(op, secret_value(keys->consumer_secret)),
                                       mentiond_escape(op, secret_value(keys->token_secret)));
        const char *header = "Authorization: OAuth ", *all = "", *base, *query = path + strcspn(path, "?#");
        struct parameters p = { .n = 0 };

        add(op, &p, "oauth_consumer_key", keys->consumer_key);
        add(op, &p, "oauth_nonce", nonce);
        add(op, &p, "oauth_signature_method", "HMAC-SHA1");
        add(op, &p, "oauth_timestamp", arena_printf(op->page, "%lld", (long long) seconds));
        add(op, &p, "oauth_token", secret_value(keys->token));
        add(op, &p, "oauth_version", "1.0");
        for (size_t i = 0; i < p.n; i++)
                header = arena_printf(op->page, "%s%.*s=\"%s\", ", header, (int) strcspn(p.all[i], "="), p.all[i],
                                      strchr(p.all[i], '=') + 1);
        query += *query == '?';
        add_all(op, &p, arena_printf(op->page, "%.*s", (int) strcspn(query, "#"), query));
        if (streq(strempty(request->content_type), "application/x-www-form-urlencoded"))
                add_all(op, &p, strempty(request->body));
        qsort(p.all, p.n, sizeof p.all[0], by_name);
        for (size_t i = 0; i < p.n; i++)
                all = arena_printf(op->page, "%s%s%s", all, i ? "&" : "", p.all[i]);
        base = arena_printf(op->page, "%s&%s&%s", method, mentiond_escape(op, address(op, url)), mentiond_escape(op, all));
        return arena_printf(op->page, "%soauth_signature=\"%s\"", header,
                            mentiond_escape(op, mentiond_hmac(op, MENTIOND_HMAC_SHA1_BASE64, key, base, strlen(base))));
}

const char *mentiond_oauth1(struct mentiond_op *op, const struct mentiond_oauth1 *keys, const struct mentiond_request *request)
{
        static unsigned count;           /* two may be signed at the same time */
        const struct mentiond_request q = COPY_SIZED(struct mentiond_request, request);
        const struct mentiond_oauth1 k = COPY_SIZED(struct mentiond_oauth1, keys);
        int64_t now = utc_usec();
        const char *once = arena_printf(op_memory(op), "%lld %u", (long long) now, count++);
        const char *nonce = mentiond_hmac(op, MENTIOND_HMAC_SHA1_HEX, secret_value(k.token_secret), once, strlen(once));

        return oauth1_header(op, &k, &q, nonce, now / USEC_PER_SEC);
}
