/* SPDX-License-Identifier: MIT
 *
 * Channel "mastodon": whom a text names.  A direct post is seen by all of them.  In doubt somebody is named.  Owns nothing.
 */
#include "mastodon.h"

#include <strings.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* A handle within a text; no domain: of our own server. */
struct name {
        const char *user, *domain;
        size_t user_size, domain_size;
};

/* How far it goes of these and of what is not ASCII, but for marks at its end. */
static size_t span(const char *text, const char *of)
{
        size_t n = 0;

        while (text[n] && (strchr(of, text[n]) || (unsigned char) text[n] >= 0x80))
                n++;
        while (n && strchr(".-:", text[n - 1]))
                n--;
        return n;
}

/* Mastodon sees none behind a letter or in an address; snac does behind a letter, mail addresses included, and takes links out
 * before. */
static const char *next_at(const struct mastodon *m, const char *text, const char *from)
{
        for (; *from; from++) {
                if (!m->like_mastodon && (strncmp(from, "http://", 7) == 0 || strncmp(from, "https://", 8) == 0)) {
                        from += strspn(from, LETTERS ".-~:/?#=&%+@");
                        if (!*from)
                                return NULL;
                }
                if (*from == '@' && !(m->like_mastodon && from > text && strchr(LETTERS "/=", from[-1])))
                        return from;
        }
        return NULL;
}

static bool next_name(const struct mastodon *m, const char *text, const char **at, struct name *ret)
{
        while ((*at = next_at(m, text, *at))) {
                *ret = (struct name) { .user = *at + 1, .user_size = span(*at + 1, LETTERS ".-"), .domain = "" };
                *at = ret->user + ret->user_size;
                if (!ret->user_size)
                        continue;
                if (**at == '@') {
                        ret->domain = *at + 1;
                        ret->domain_size = span(ret->domain, LETTERS ".-:");
                        *at = ret->domain + ret->domain_size;
                }
                return true;
        }
        return false;
}

static bool same(struct mentiond_op *op, const struct name *a, const struct name *b)
{
        const char *own = strrchr(mentiond_self_handle(op), '@');
        const char *x = a->domain_size ? a->domain : own ? own + 1 : "", *y = b->domain_size ? b->domain : own ? own + 1 : "";
        size_t x_size = a->domain_size ? a->domain_size : strlen(x), y_size = b->domain_size ? b->domain_size : strlen(y);

        return a->user_size == b->user_size && strncasecmp(a->user, b->user, a->user_size) == 0 &&
               x_size == y_size && strncasecmp(x, y, x_size) == 0;
}

static bool names(struct mentiond_op *op, const struct mastodon *m, const char *text, const struct name *wanted)
{
        struct name name;

        for (const char *at = text; next_name(m, text, &at, &name); )
                if (same(op, &name, wanted))
                        return true;
        return false;
}

const char *mastodon_stranger(struct mentiond_op *op, const struct mastodon *m, const char *text, const char *known)
{
        struct name name;

        for (const char *at = text; next_name(m, text, &at, &name); )
                if (!names(op, m, known, &name) && !names(op, m, mentiond_self_handle(op), &name))
                        return mentiond_format(op, "@%.*s%s%.*s", (int) name.user_size, name.user, name.domain_size ? "@" : "",
                                               (int) name.domain_size, name.domain);
        return NULL;
}
