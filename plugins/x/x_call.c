/* SPDX-License-Identifier: MIT
 *
 * Channel "x": a request and what X says of it.  With OAuth 1.0a each is signed (RFC 5849), with OAuth 2.0 it has an access
 * token, which the host gets and keeps.  Owns nothing.
 */
#include "x.h"

#include <stdlib.h>

#define PARAMETERS_MAX 24

/* As of "name=value", where no name begins another. */
static int by_name(const void *a, const void *b)
{
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* What is in the path is encoded as the signature wants it. */
static const char *sign(struct mentiond_op *op, const struct x *x, const struct mentiond_request *q)
{
        const char *parameters[PARAMETERS_MAX], *all = "", *header = "Authorization: OAuth ",
                                                *secret = mentiond_reveal(x->consumer_secret);
        const char *key = mentiond_format(op, "%s&%s", mentiond_escape(op, secret),
                                          mentiond_escape(op, mentiond_reveal(x->access_token_secret)));
        size_t size = strcspn(q->path, "?"), n = 0;
        char *query = mentiond_format(op, "%s", q->path + size + (q->path[size] == '?')), *rest = NULL;
        int64_t now = mentiond_now_usec(op);

        const char *once = mentiond_format(op, "%lld %s", (long long) now, q->path);
        parameters[n++] = mentiond_format(op, "oauth_consumer_key=%s", mentiond_escape(op, x->consumer_key));
        parameters[n++] = mentiond_format(op, "oauth_nonce=%s",
                                          mentiond_hmac(op, MENTIOND_HMAC_SHA1_HEX, key, once, strlen(once)));
        parameters[n++] = "oauth_signature_method=HMAC-SHA1";
        parameters[n++] = mentiond_format(op, "oauth_timestamp=%lld", (long long) (now / 1000000));
        parameters[n++] = mentiond_format(op, "oauth_token=%s", mentiond_escape(op, mentiond_reveal(x->access_token)));
        parameters[n++] = "oauth_version=1.0";
        for (size_t i = 0; i < n; i++)
                header = mentiond_format(op, "%s%.*s=\"%s\", ", header, (int) strcspn(parameters[i], "="), parameters[i],
                                         strchr(parameters[i], '=') + 1);
        for (char *one = strtok_r(query, "&", &rest); one && n < PARAMETERS_MAX; one = strtok_r(NULL, "&", &rest))
                parameters[n++] = one;
        qsort(parameters, n, sizeof(parameters[0]), by_name);
        for (size_t i = 0; i < n; i++)
                all = mentiond_format(op, "%s%s%s", all, i ? "&" : "", parameters[i]);

        const char *url = mentiond_format(op, "%s%.*s", x->api, (int) size, q->path);
        const char *base = mentiond_format(op, "%s&%s&%s", q->method ? q->method : "GET", mentiond_escape(op, url),
                                           mentiond_escape(op, all));
        return mentiond_format(op, "%soauth_signature=\"%s\"", header,
                               mentiond_escape(op, mentiond_hmac(op, MENTIOND_HMAC_SHA1_BASE64, key, base, strlen(base))));
}

static int judge(struct mentiond_op *op, int verdict, const struct mentiond_response *reply)
{
        const char *type = mj_str(reply->json, "type"), *detail = mj_str(reply->json, "detail");

        if (reply->status == 402)
                return mentiond_fail(op, MENTIOND_BLOCKED,
                                     "X takes money, and the account of the application has none left (402%s%s): buy"
                                     " credits in X's developer console; everything waits until then",
                                     *detail ? ": " : "", detail);
        if (reply->status == 403
            && (strstr(type, "client-forbidden") || strstr(type, "unsupported-authentication")
                || strstr(detail, "app permissions")))
                return mentiond_fail(op, MENTIOND_BLOCKED,
                                     "X does not let the application do this (%s): look at its project and permissions in X's"
                                     " developer console, and make new tokens after a change (mentiond-x(5), The"
                                     " keys)",
                                     *detail ? detail : type);
        return verdict;
}

int x_call(struct mentiond_op *op, struct x *x, struct mentiond_request *q, struct mentiond_response *ret)
{
        struct mentiond_oauth oauth = {
                .struct_size = sizeof(oauth), .path = "/2/oauth2/token", .client_id = x->client_id,
                .client_secret = x->client_secret,
                .refresh_token = x->refresh_token,
        };
        const char *headers[] = { NULL, NULL }, *token = NULL;
        int r;

        q->struct_size = sizeof(*q);
        q->headers = headers;
        do {
                oauth.refused = token;   /* it may have ended before its time */
                r = x->refresh_token ? mentiond_oauth(op, &oauth, &token) : MENTIOND_OK;
                if (r != MENTIOND_OK)
                        return r;
                headers[0] = x->refresh_token ? mentiond_format(op, "Authorization: Bearer %s", token) : sign(op, x, q);
                *ret = (struct mentiond_response) { .struct_size = sizeof(*ret) };
                r = mentiond_http(op, q, ret);
        } while (r == MENTIOND_AUTH && token && !oauth.refused);
        return judge(op, r, ret);
}

int x_get(struct mentiond_op *op, struct x *x, uint32_t flags, struct json_object **ret, const char *path, const char *fields)
{
        struct mentiond_request q = {
                .flags = flags, .path = mentiond_format(op, "%s%s%s", path, strchr(path, '?') ? "&" : "?", fields),
        };
        struct mentiond_response reply;
        int r = x_call(op, x, &q, &reply);

        if (r == MENTIOND_OK && !reply.json)
                return mentiond_fail(op, MENTIOND_RETRY, "X answered with something that is not JSON");
        if (r == MENTIOND_OK)
                *ret = reply.json;
        return r;
}

int x_may_spend(struct mentiond_op *op, const struct x *x)
{
        int64_t spent = mentiond_spend(op, 0);

        if (!x->ceiling || spent < x->ceiling * 1000000)
                return MENTIOND_OK;
        return mentiond_fail(op, MENTIOND_BLOCKED,
                             "this month has cost %.2f dollars, and the ceiling is %lld: mentions are not read before the next"
                             " month, or a higher ceiling; answers go out",
                             (double) spent / 1e6, (long long) x->ceiling);
}
