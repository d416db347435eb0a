/* SPDX-License-Identifier: MIT
 *
 * Channel "x": a request and what X says of it.  The host signs it (OAuth 1.0a), or gets and keeps its access token (OAuth 2.0).
 * Owns nothing.
 */
#include "x.h"

static int judge(struct mentiond_op *op, int verdict, const struct mentiond_response *reply)
{
        const char *type = mj_str(reply->json, "type"), *detail = mj_str(reply->json, "detail");

        if (reply->status == 402)
                return mentiond_fail(op, MENTIOND_BLOCKED, "X takes money, and the account of the application has none left"
                                     " (402%s%s): buy credits in X's developer console; everything waits until then",
                                     *detail ? ": " : "", detail);
        if (reply->status == 403 && (strstr(type, "client-forbidden") || strstr(type, "unsupported-authentication")
                                     || strstr(detail, "app permissions")))
                return mentiond_fail(op, MENTIOND_BLOCKED, "X does not let the application do this (%s): look at its project and"
                                     " permissions in X's developer console, and make new tokens after a change"
                                     " (mentiond-x(5), The keys)", *detail ? detail : type);
        return verdict;
}

int x_call(struct mentiond_op *op, struct x *x, struct mentiond_request *q, struct mentiond_response *ret)
{
        const struct mentiond_oauth1 keys = {
                .struct_size = sizeof(keys), .consumer_key = x->consumer_key, .consumer_secret = x->consumer_secret,
                .token = x->access_token, .token_secret = x->access_token_secret,
        };
        struct mentiond_oauth oauth = {
                .struct_size = sizeof(oauth), .path = "/2/oauth2/token", .client_id = x->client_id,
                .client_secret = x->client_secret, .refresh_token = x->refresh_token,
        };
        const char *headers[] = { NULL, NULL }, *token = NULL;
        int r;

        *ret = (struct mentiond_response) { .struct_size = sizeof(*ret) };
        q->struct_size = sizeof(*q);
        q->headers = headers;
        do {
                oauth.refused = token;   /* it may have ended before its time */
                r = x->refresh_token ? mentiond_oauth(op, &oauth, &token) : MENTIOND_OK;
                if (r != MENTIOND_OK)
                        return r;
                headers[0] = token ? mentiond_format(op, "Authorization: Bearer %s", token) : mentiond_oauth1(op, &keys, q);
                r = mentiond_http(op, q, ret);
        } while (r == MENTIOND_AUTH && token && !oauth.refused);
        return judge(op, r, ret);
}

int x_ask(struct mentiond_op *op, struct x *x, struct mentiond_request *q, struct json_object **ret)
{
        struct mentiond_response reply;
        int r = x_call(op, x, q, &reply);

        if (r == MENTIOND_OK && !reply.json)
                return mentiond_fail(op, MENTIOND_RETRY, "X answered with something that is not JSON");
        *ret = reply.json;
        return r;
}

int x_list(struct mentiond_op *op, struct x *x, struct json_object **ret, const char *list, int64_t since_usec,
           const char *token, const char *fields)
{
        const char *since = mentiond_escape(op, mentiond_format(op, "%.19sZ", mentiond_format_time(op, since_usec)));
        const char *which = since_usec > 0 ? mentiond_format(op, "max_results=100&start_time=%s", since) : "max_results=10";
        const char *path = mentiond_format(op, "/2/users/%s/%s?%s%s%s&%s", mentiond_escape(op, mentiond_self(op)), list, which,
                                           *token ? "&pagination_token=" : "", mentiond_escape(op, token), fields);

        return x_ask(op, x, &(struct mentiond_request) { .path = path }, ret);
}

int x_lookup(struct mentiond_op *op, struct x *x, struct json_object **ret, const char *id, const char *fields)
{
        struct mentiond_request q = { .path = mentiond_format(op, "/2/tweets/%s?%s", mentiond_escape(op, id), fields) };
        int r = x_ask(op, x, &q, ret);

        if (r != MENTIOND_OK)
                return r;
        if (!*mj_str(mj_get(*ret, "data"), "id"))
                return mentiond_fail(op, MENTIOND_GONE, "X does not show the post (%s)",
                                     mj_str(mj_at(mj_get(*ret, "errors"), 0), "title"));
        (void) mentiond_spend(op, X_READ);
        return MENTIOND_OK;
}
