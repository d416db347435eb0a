/* SPDX-License-Identifier: MIT
 *
 * Channel "bluesky": requests, and the session that they belong to.  Owns the session that is kept: one that is begun with the
 * password counts as one of few that an account may begin in a day, so it goes on over restarts, and new tokens are kept before
 * they are used.
 */
#include "bluesky.h"

#define WAIT_USEC INT64_C(50000)         /* for the operation that renews the session */

/* Another account, or server, has another session. */
static const char *key_of(struct mentiond_op *op, const struct bluesky *b)
{
        return mentiond_format(op, "session %s %s", b->account, b->server);
}

struct json_object *bluesky_session(struct mentiond_op *op, const struct bluesky *b)
{
        struct json_object *holder = mentiond_json_object(op);

        MJ_PUT(holder, "session", json_tokener_parse(mentiond_cursor(op, key_of(op, b))));
        return mj_get(holder, "session");
}

/* Expired and refused tokens are 400 there, a refused action 401. */
static int judge(struct mentiond_op *op, int verdict, const struct mentiond_response *response, bool *ret_stale)
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
        const char *error = mj_str(response->json, "error");

        *ret_stale = false;
        if (response->status < 300 || verdict == MENTIOND_THROTTLED)
                return verdict;
        for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
                if (strcmp(error, errors[i].error) == 0) {
                        *ret_stale = i < 3;
                        return errors[i].verdict;
                }
        if (response->status >= 400 && response->status < 500)
                return *error ? MENTIOND_REJECTED
                              : mentiond_fail(op, MENTIOND_RETRY, "something before the server refused the request: %s",
                                              mentiond_reason(op));
        return verdict;
}

/* --- The session --- */

static int ask(struct mentiond_op *op, const char *pds, const char *method, const char *token, struct json_object *body,
               struct json_object **ret, bool *ret_stale)
{
        const char *const headers[] = { mentiond_format(op, "Authorization: Bearer %s", token), NULL };
        struct mentiond_request request = {
                .struct_size = sizeof(request),
                .flags = MENTIOND_REPEATABLE,    /* a used refresh token leads to the same new one for two hours */
                .method = "POST",
                .path = mentiond_format(op, "%s/xrpc/com.atproto.server.%s", pds, method),
                .json = body,
                .headers = *token ? headers : NULL,
        };
        struct mentiond_response response = { .struct_size = sizeof(response) };
        int r = judge(op, mentiond_http(op, &request, &response), &response, ret_stale);

        *ret = response.json;
        return r;
}

/* The account's own server: all goes there. */
static const char *pds_of(const struct bluesky *b, struct json_object *answer, const char *otherwise)
{
        struct json_object *services = mj_get(mj_get(answer, "didDoc"), "service");
        bool plain = strncmp(b->server, "http://", 7) == 0;

        for (size_t i = 0; i < mj_len(services); i++) {
                const char *id = mj_str(mj_at(services, i), "id"), *url = mj_str(mj_at(services, i), "serviceEndpoint");
                const char *name = strchr(id, '#');

                if (name && strcmp(name, "#atproto_pds") == 0
                    && (strncmp(url, "https://", 8) == 0 || (plain && strncmp(url, "http://", 7) == 0)))
                        return url;
        }
        return otherwise;
}

static int keep(struct mentiond_op *op, const struct bluesky *b, struct json_object *answer, const char *pds)
{
        static const char *const names[] = { "did", "accessJwt", "refreshJwt" };
        struct json_object *session = mentiond_json_object(op);

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                if (!*mj_str(answer, names[i]))
                        return mentiond_fail(op, MENTIOND_RETRY, "the server began a session without %s", names[i]);
                mj_put_str(session, names[i], mj_str(answer, names[i]));
        }
        mj_put_str(session, "pds", pds);
        return mentiond_keep(op, key_of(op, b),
                             json_object_to_json_string_ext(session, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* By its DID where that is known: handles change hands. */
static int log_in(struct mentiond_op *op, const struct bluesky *b, const char *did)
{
        struct json_object *body = mentiond_json_object(op), *answer = NULL;
        bool stale;

        mj_put_str(body, "identifier", *did ? did : b->account + (*b->account == '@'));
        mj_put_str(body, "password", mentiond_reveal(b->password));
        int r = ask(op, b->server, "createSession", "", body, &answer, &stale);
        if (r == MENTIOND_AUTH || r == MENTIOND_REJECTED)
                return mentiond_fail(op, MENTIOND_AUTH,
                                     "%s. Is the account's name right, and is the password an app password that was not revoked "
                                     "(mentiond-bluesky(5), The app password)?",
                                     mentiond_reason(op));
        return r == MENTIOND_OK ? keep(op, b, answer, pds_of(b, answer, b->server)) : r;
}

static int refresh(struct mentiond_op *op, const struct bluesky *b)
{
        struct json_object *session = bluesky_session(op, b), *answer = NULL;
        const char *token = mj_str(session, "refreshJwt"), *pds = mj_str(session, "pds");
        bool stale = true;
        int r = MENTIOND_AUTH;

        if (*token)
                r = ask(op, pds, "refreshSession", token, NULL, &answer, &stale);
        if (r == MENTIOND_AUTH && stale)
                return log_in(op, b, mj_str(session, "did"));
        return r == MENTIOND_OK ? keep(op, b, answer, pds_of(b, answer, pds)) : r;
}

/* One operation does it for all. */
static int renew(struct mentiond_op *op, struct bluesky *b, const char *used)
{
        int r = MENTIOND_OK;

        while (b->renewing && r == MENTIOND_OK)
                r = mentiond_sleep(op, WAIT_USEC);
        if (r != MENTIOND_OK || strcmp(mj_str(bluesky_session(op, b), "accessJwt"), used) != 0)
                return r;
        b->renewing = true;
        r = refresh(op, b);
        b->renewing = false;
        return r;
}

/* --- Requests --- */

int bluesky_call(struct mentiond_op *op, struct bluesky *b, struct mentiond_request *request, struct json_object **ret)
{
        const char *path = request->path;

        for (bool again = false;; again = true) {
                struct json_object *session = bluesky_session(op, b);
                const char *access = mj_str(session, "accessJwt");
                const char *const headers[] = { mentiond_format(op, "Authorization: Bearer %s", access), NULL };
                struct mentiond_response response = { .struct_size = sizeof(response) };
                bool stale = true;
                int r;

                request->struct_size = sizeof(*request);
                request->path = mentiond_format(op, "%s/xrpc/%s", mj_str(session, "pds"), path);
                request->headers = headers;
                if (*access) {
                        r = judge(op, mentiond_http(op, request, &response), &response, &stale);
                        *ret = response.json;
                        if (r == MENTIOND_OK && !response.json)
                                return mentiond_fail(op,
                                                     request->method && !(request->flags & MENTIOND_REPEATABLE)
                                                             ? MENTIOND_AMBIGUOUS
                                                             : MENTIOND_RETRY,
                                                     "%s: the server answered with something that is not JSON", path);
                        if (!stale || again)
                                return r;
                }
                r = renew(op, b, access);
                if (r != MENTIOND_OK)
                        return r;
        }
}

int bluesky_get(struct mentiond_op *op, struct bluesky *b, struct json_object **ret, const char *query)
{
        struct mentiond_request request = { .path = query };

        return bluesky_call(op, b, &request, ret);
}

int bluesky_do(struct mentiond_op *op, struct bluesky *b, struct json_object **ret, const char *method, struct json_object *body,
               uint32_t flags)
{
        struct mentiond_request request = { .method = "POST", .path = method, .json = body, .flags = flags };

        return bluesky_call(op, b, &request, ret);
}
