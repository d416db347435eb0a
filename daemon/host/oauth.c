/* SPDX-License-Identifier: MIT
 *
 * Sessions that are renewed, above all access tokens of networks with OAuth 2.0, for plugins (mentiond.syms).  Called by plugins
 * from within an operation.
 *
 * Where refresh tokens rotate, the one that is used is worth nothing afterwards: the next must be in the store before anything
 * else is done, and two operations must not use the same.
 */
#include "host/op.h"

#include "base/clock.h"
#include "base/text.h"
#include "host/hook.h"

#include <mentiond/json.h>

#define TOKENS_KEY "mentiond.oauth"
#define GOOD_FOR_USEC USEC_PER_MINUTE    /* at least, of a token that is handed out */
#define LASTS_SECONDS 3600               /* where the network does not say */
#define LOOK_USEC (100 * USEC_PER_MSEC)  /* whether the other operation is through */

static void put_json(void *object)
{
        (void) json_object_put(object);
}

/* --- Sessions --- */

/* What is remembered of this session, and came of the same; or NULL. */
static struct json_object *session_of(struct mentiond_op *op, const struct mentiond_session *s)
{
        const struct instance *i = op->instance;
        const char *kept = i->unkept && streq(i->unkept_key, s->key) ? i->unkept : mentiond_cursor(op, s->key);
        struct json_object *session = *kept ? json_tokener_parse(kept) : NULL;

        if (session)
                (void) arena_own(op->page, session, put_json);
        return isempty(s->of) || streq(mj_str(session, "of"), s->of) ? session : NULL;
}

static bool is_good(struct json_object *session, const struct mentiond_session *s)
{
        return mj_int(session, "until_usec", INT64_MAX) > utc_usec() + GOOD_FOR_USEC
               && !streq(mj_str(session, s->token), strempty(s->refused));
}

static int keep(struct mentiond_op *op, const char *key, const char *session)
{
        struct instance *i = op->instance;
        int r;

        strset(&i->unkept_key, key);
        strset(&i->unkept, session);     /* it is said once: the next operation tries again */
        r = mentiond_keep(op, key, session);
        if (r == MENTIOND_OK) {
                explicit_bzero(i->unkept, strlen(i->unkept));
                free(i->unkept);
                i->unkept = NULL;
        }
        return r;
}

static int renew_session(struct mentiond_op *op, const struct mentiond_session *s, struct json_object *old)
{
        struct json_object *session = NULL;
        int r = s->renew(op, s->data, old, &session);

        if (r != MENTIOND_OK)
                return r;
        if (!*mj_str(session, s->token))
                return op_refuse(op, MENTIOND_BUG, "a session was renewed without its token");
        if (!isempty(s->of))
                mj_put_str(session, "of", s->of);
        return keep(op, s->key, json_object_to_json_string_ext(session, JSON_C_TO_STRING_PLAIN));
}

int mentiond_session(struct mentiond_op *op, const struct mentiond_session *session, struct json_object **ret)
{
        const struct mentiond_session s = COPY_SIZED(struct mentiond_session, session);
        struct instance *i = op->instance;
        bool asked = false;

        for (;;) {
                struct json_object *kept = session_of(op, &s);
                int r;

                if (*mj_str(kept, s.token) && !i->unkept && (asked || is_good(kept, &s))) {
                        *ret = kept;
                        return MENTIOND_OK;
                }
                if (i->renewing) {
                        if (task_sleep_until(mono_usec() + LOOK_USEC) < 0)
                                return mentiond_fail(op, MENTIOND_CANCELED,
                                                     "the operation was ended while it waited for an access token");
                        continue;
                }
                i->renewing = op;
                asked = !i->unkept;
                r = asked ? renew_session(op, &s, kept)
                          : keep(op, arena_strdup(op->page, i->unkept_key), arena_strdup(op->page, i->unkept));
                i->renewing = NULL;
                if (r != MENTIOND_OK)
                        return r;
        }
}

/* --- OAuth 2.0 --- */

/* Tells configured tokens apart without holding them. */
static const char *fingerprint(struct mentiond_op *op, const struct mentiond_oauth *o)
{
        const char *token = secret_value(o->refresh_token);

        return arena_take(op->page, hook_sign(MENTIOND_HMAC_SHA256_HEX, TOKENS_KEY, token, strlen(token)));
}

static int take_tokens(struct mentiond_op *op, const char *used, struct json_object *answer, struct json_object **ret)
{
        const char *access = mj_str(answer, "access_token"), *refresh = mj_str(answer, "refresh_token");
        int64_t lasts = mj_int(answer, "expires_in", LASTS_SECONDS);

        if (!*access)
                return mentiond_fail(op, MENTIOND_RETRY, "the server answered with something that holds no access token");
        *ret = mentiond_json(op, "{'refresh': %s, 'access': %s, 'until_usec': %lld}", *refresh ? refresh : used, access,
                             (long long) (utc_usec() + MIN(MAX(lasts, INT64_C(0)), INT64_C(365) * 86400) * USEC_PER_SEC));
        return MENTIOND_OK;
}

static int renew_tokens(struct mentiond_op *op, void *data, struct json_object *old, struct json_object **ret)
{
        const struct mentiond_oauth *o = data;
        const char *used = *mj_str(old, "refresh") ? mj_str(old, "refresh") : secret_value(o->refresh_token);
        const char *id = strempty(o->client_id), *basic = NULL, *body;
        struct mentiond_response reply = { .struct_size = sizeof reply };
        const char *headers[] = { NULL, NULL };
        int r;

        body = arena_printf(op->page, "grant_type=refresh_token&refresh_token=%s", mentiond_escape(op, used));
        if (o->client_secret) {
                basic = arena_printf(op->page, "%s:%s", mentiond_escape(op, id),
                                     mentiond_escape(op, secret_value(o->client_secret)));
                headers[0] = arena_printf(op->page, "Authorization: Basic %s", mentiond_base64_encode(op, basic, strlen(basic)));
        } else {
                body = arena_printf(op->page, "%s&client_id=%s", body, mentiond_escape(op, id));
        }
        r = mentiond_http(op, &(struct mentiond_request) {
                .struct_size = sizeof(struct mentiond_request),
                .flags = MENTIOND_REPEATABLE,    /* it posts nothing; a lost answer is seen by the next one's refusal */
                .method = "POST", .path = o->path, .body = body, .body_size = strlen(body),
                .content_type = "application/x-www-form-urlencoded", .headers = headers,
        }, &reply);
        if (r == MENTIOND_AUTH || (r == MENTIOND_REJECTED && *mj_str(reply.json, "error")))
                return mentiond_fail(op, MENTIOND_AUTH,
                                     "the network does not take the refresh token any more (%s%s%s): let the account"
                                     " authorize the application anew, and configure the token that comes of it",
                                     mj_str(reply.json, "error"), *mj_str(reply.json, "error_description") ? ": " : "",
                                     mj_str(reply.json, "error_description"));
        if (r == MENTIOND_REJECTED || r == MENTIOND_GONE)
                return mentiond_fail(op, MENTIOND_RETRY, "%s", arena_strdup(op->page, op->reason));
        return r == MENTIOND_OK ? take_tokens(op, used, reply.json, ret) : r;
}

int mentiond_oauth(struct mentiond_op *op, const struct mentiond_oauth *oauth, const char **ret_token)
{
        struct mentiond_oauth o = COPY_SIZED(struct mentiond_oauth, oauth);
        struct json_object *tokens = NULL;
        int r = mentiond_session(op, &(struct mentiond_session) {
                .struct_size = sizeof(struct mentiond_session),
                .key = TOKENS_KEY, .of = fingerprint(op, &o), .token = "access", .refused = o.refused,
                .renew = renew_tokens, .data = &o,
        }, &tokens);

        if (r == MENTIOND_OK)
                *ret_token = mj_str(tokens, "access");
        return r;
}
