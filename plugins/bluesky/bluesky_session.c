/* SPDX-License-Identifier: MIT
 *
 * Channel "bluesky": requests, and the session that they belong to.  Owns the session that is kept: one that is begun with the
 * password counts as one of few that an account may begin in a day, so it goes on over restarts.
 */
#include "bluesky.h"

/* Expired and refused tokens are 400 there, a refused action 401.  stale: it is the token that is not taken. */
static int ask(struct mentiond_op *op, const char *server, const char *token, struct mentiond_request request,
               struct json_object **ret, bool *ret_stale)
{
        static const struct {
                const char *error;
                int verdict;
        } errors[] = {
                { "ExpiredToken", MENTIOND_AUTH }, { "InvalidToken", MENTIOND_AUTH }, { "AuthMissing", MENTIOND_AUTH },
                { "AuthenticationRequired", MENTIOND_AUTH }, { "AuthFactorTokenRequired", MENTIOND_AUTH },
                { "AccountTakedown", MENTIOND_AUTH }, { "AccountDeactivated", MENTIOND_AUTH },
                { "RateLimitExceeded", MENTIOND_THROTTLED },
                { "NotFound", MENTIOND_GONE }, { "RecordNotFound", MENTIOND_GONE }, { "HandleNotFound", MENTIOND_GONE },
        };
        const char *const headers[] = { mentiond_format(op, "Authorization: Bearer %s", token), NULL };
        struct mentiond_response response = { .struct_size = sizeof(response) };

        request.struct_size = sizeof(request);
        request.path = mentiond_format(op, "%s/xrpc/%s", server, request.path);
        request.headers = *token ? headers : NULL;
        int r = mentiond_http(op, &request, &response);
        *ret = response.json;
        *ret_stale = false;
        if (response.status < 300 || r == MENTIOND_THROTTLED)
                return r;
        for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
                if (mj_is(response.json, "error", errors[i].error)) {
                        *ret_stale = i < 3;
                        return errors[i].verdict;
                }
        if (response.status >= 500 || response.status < 400)
                return r;
        if (*mj_str(response.json, "error"))
                return MENTIOND_REJECTED;
        return mentiond_fail(op, MENTIOND_RETRY, "something before the server refused the request: %s", mentiond_reason(op));
}

/* The account's own server: all goes there. */
static const char *pds_of(const struct bluesky *b, struct json_object *answer, const char *otherwise)
{
        bool plain = strncmp(b->server, "http://", 7) == 0;
        struct json_object *service;

        MJ_EACH(service, mj_get(mj_get(answer, "didDoc"), "service")) {
                const char *name = strchr(mj_str(service, "id"), '#'), *url = mj_str(service, "serviceEndpoint");

                if (name && strcmp(name, "#atproto_pds") == 0
                    && (strncmp(url, "https://", 8) == 0 || (plain && strncmp(url, "http://", 7) == 0)))
                        return url;
        }
        return otherwise;
}

/* By its DID where that is known: handles change hands. */
static int log_in(struct mentiond_op *op, const struct bluesky *b, const char *did, struct json_object **ret)
{
        struct json_object *body = mentiond_json(op, "{'identifier': %s, 'password': %s}",
                                                 *did ? did : b->account + (*b->account == '@'), mentiond_reveal(b->password));
        struct mentiond_request request = {
                .flags = MENTIOND_REPEATABLE, .method = "POST", .path = "com.atproto.server.createSession", .json = body,
        };
        bool stale;
        int r = ask(op, b->server, "", request, ret, &stale);

        if (r == MENTIOND_AUTH || r == MENTIOND_REJECTED)
                return mentiond_fail(op, MENTIOND_AUTH,
                                     "%s. Is the account's name right, and is the password an app password that was not revoked "
                                     "(mentiond-bluesky(5), The app password)?",
                                     mentiond_reason(op));
        return r;
}

static int renew(struct mentiond_op *op, void *state, struct json_object *old, struct json_object **ret)
{
        static const char *const names[] = { "did", "accessJwt", "refreshJwt" };
        struct mentiond_request request = {
                .flags = MENTIOND_REPEATABLE,    /* a used refresh token leads to the same new one for two hours */
                .method = "POST", .path = "com.atproto.server.refreshSession",
        };
        const char *token = mj_str(old, "refreshJwt"), *pds = mj_str(old, "pds");
        const struct bluesky *b = state;
        struct json_object *answer = NULL;
        bool stale = true;
        int r = *token ? ask(op, pds, token, request, &answer, &stale) : MENTIOND_AUTH;

        if (r == MENTIOND_AUTH && stale) {
                pds = b->server;
                r = log_in(op, b, mj_str(old, "did"), &answer);
        }
        if (r != MENTIOND_OK)
                return r;
        *ret = mentiond_json(op, "{'pds': %s}", pds_of(b, answer, pds));
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                if (!*mj_str(answer, names[i]))
                        return mentiond_fail(op, MENTIOND_RETRY, "the server began a session without %s", names[i]);
                mj_put_str(*ret, names[i], mj_str(answer, names[i]));
        }
        return MENTIOND_OK;
}

/* Another account, or server, has another session. */
int bluesky_session(struct mentiond_op *op, struct bluesky *b, const char *refused, struct json_object **ret)
{
        return mentiond_session(op, &(struct mentiond_session) {
                .struct_size = sizeof(struct mentiond_session),
                .key = mentiond_format(op, "session %s %s", b->account, b->server),
                .token = "accessJwt", .refused = refused, .renew = renew, .data = b,
        }, ret);
}

int bluesky_call(struct mentiond_op *op, struct bluesky *b, struct json_object **ret, struct mentiond_request request)
{
        bool may_be_done = request.method && !(request.flags & MENTIOND_REPEATABLE), stale = false;
        const char *refused = NULL;

        for (;;) {
                struct json_object *session = NULL;
                int r = bluesky_session(op, b, refused, &session);

                if (r == MENTIOND_OK)
                        r = ask(op, mj_str(session, "pds"), mj_str(session, "accessJwt"), request, ret, &stale);
                if (r == MENTIOND_OK && !*ret)
                        return mentiond_fail(op, may_be_done ? MENTIOND_AMBIGUOUS : MENTIOND_RETRY,
                                             "%s: the server answered with something that is not JSON", request.path);
                if (!stale || refused)
                        return r;
                refused = mj_str(session, "accessJwt");
        }
}

int bluesky_get(struct mentiond_op *op, struct bluesky *b, struct json_object **ret, uint32_t flags, const char *query)
{
        return bluesky_call(op, b, ret, (struct mentiond_request) { .flags = flags, .path = query });
}

int bluesky_do(struct mentiond_op *op, struct bluesky *b, struct json_object **ret, uint32_t flags, const char *method,
               struct json_object *body)
{
        return bluesky_call(op, b, ret,
                            (struct mentiond_request) { .flags = flags, .method = "POST", .path = method, .json = body });
}
