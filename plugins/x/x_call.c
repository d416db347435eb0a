/* SPDX-License-Identifier: MIT
 *
 * Channel "x": a request and what X says of it.  With OAuth 1.0a each is signed (RFC 5849), with OAuth 2.0 it has an access
 * token, which the host gets and keeps.  Owns nothing.
 */
#include "x.h"

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
        const struct mentiond_oauth1 keys = {
                .struct_size = sizeof(keys), .consumer_key = x->consumer_key, .consumer_secret = x->consumer_secret,
                .token = x->access_token, .token_secret = x->access_token_secret,
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
                headers[0] = x->refresh_token ? mentiond_format(op, "Authorization: Bearer %s", token) : mentiond_oauth1(op, &keys, q);
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
