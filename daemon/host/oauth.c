/* SPDX-License-Identifier: MIT
 *
 * Access tokens of networks with OAuth 2.0, for plugins (mentiond.syms).  Called by plugins from within an operation.
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

/* Tells configured tokens apart without holding them. */
static const char *fingerprint(struct mentiond_op *op, const struct mentiond_oauth *o)
{
        const char *token = secret_value(o->refresh_token);

        return arena_take(op->page, hook_sign(MENTIOND_HMAC_SHA256_HEX, TOKENS_KEY, token, strlen(token)));
}

/* What is remembered and came of the configured token; or NULL. */
static struct json_object *tokens_of(struct mentiond_op *op, const struct mentiond_oauth *o)
{
        const char *kept = op->instance->unkept ? op->instance->unkept : mentiond_cursor(op, TOKENS_KEY);
        struct json_object *tokens = *kept ? json_tokener_parse(kept) : NULL;

        if (tokens)
                (void) arena_own(op->page, tokens, put_json);
        return streq(mj_str(tokens, "of"), fingerprint(op, o)) ? tokens : NULL;
}

static int keep(struct mentiond_op *op, const char *tokens)
{
        struct instance *i = op->instance;
        int r;

        strset(&i->unkept, tokens);      /* they are said once: the next operation tries again */
        r = mentiond_keep(op, TOKENS_KEY, tokens);
        if (r == MENTIOND_OK) {
                explicit_bzero(i->unkept, strlen(i->unkept));
                free(i->unkept);
                i->unkept = NULL;
        }
        return r;
}

static int take_tokens(struct mentiond_op *op, const struct mentiond_oauth *o, const char *used, struct json_object *answer)
{
        const char *access = mj_str(answer, "access_token"), *refresh = mj_str(answer, "refresh_token");
        int64_t lasts = mj_int(answer, "expires_in", LASTS_SECONDS);
        struct json_object *tokens = mentiond_json_object(op);

        if (!*access)
                return mentiond_fail(op, MENTIOND_RETRY, "the server answered with something that holds no access token");
        mj_put_str(tokens, "of", fingerprint(op, o));
        mj_put_str(tokens, "refresh", *refresh ? refresh : used);
        mj_put_str(tokens, "access", access);
        mj_put_int(tokens, "until_usec", utc_usec() + MIN(MAX(lasts, INT64_C(0)), INT64_C(365) * 86400) * USEC_PER_SEC);
        return keep(op, json_object_to_json_string_ext(tokens, JSON_C_TO_STRING_PLAIN));
}

static int renew(struct mentiond_op *op, const struct mentiond_oauth *o, const char *used)
{
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
        return r == MENTIOND_OK ? take_tokens(op, o, used, reply.json) : r;
}

int mentiond_oauth(struct mentiond_op *op, const struct mentiond_oauth *oauth, const char **ret_token)
{
        const struct mentiond_oauth o = COPY_SIZED(struct mentiond_oauth, oauth);
        struct instance *i = op->instance;
        bool asked = false;

        for (;;) {
                struct json_object *tokens = tokens_of(op, &o);
                const char *access = mj_str(tokens, "access"), *refresh = mj_str(tokens, "refresh");
                bool good = mj_int(tokens, "until_usec", 0) > utc_usec() + GOOD_FOR_USEC && !streq(access, strempty(o.refused));
                int r;

                if (*access && !i->unkept && (good || asked)) {
                        *ret_token = mentiond_format(op, "%s", access);
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
                r = asked ? renew(op, &o, *refresh ? refresh : secret_value(o.refresh_token))
                          : keep(op, arena_strdup(op->page, i->unkept));
                i->renewing = NULL;
                if (r != MENTIOND_OK)
                        return r;
        }
}
