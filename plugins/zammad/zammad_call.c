/* SPDX-License-Identifier: MIT
 *
 * One request, and what its refusal means.
 *
 * A 403 may be about the token, about one ticket or group, of a helpdesk under maintenance, or of something before it.  A 422
 * without error_human hides its reason in Zammad's log: a field that was made mandatory, a search for a field that is not there,
 * two requests that made the same user at once; nothing was done in all of them.  A 500 may come after the ticket was made.
 * That a ticket is gone only those say who asked for one.
 * Used by the other zammad_*.c; owns nothing. */
#include "zammad.h"

static int refuse_403(struct mentiond_op *op, const struct mentiond_response *reply, struct zammad_answer *ret)
{
        if (!*ret->words)
                return mentiond_fail(op, MENTIOND_RETRY, "HTTP status 403, of the web server or a proxy before Zammad");
        if (strncmp(ret->words, "Maintenance mode", 16) == 0)
                return mentiond_fail(op, MENTIOND_RETRY, "Zammad is in maintenance mode");
        if (strcmp(ret->words, "Not authorized") == 0) {
                ret->refusal = ZAMMAD_FORBIDDEN;
                return mentiond_fail(op, MENTIOND_RETRY, "Zammad does not allow it: %s", ret->words);
        }
        if (strcmp(ret->words, "Not authorized (token)!") == 0)
                return mentiond_fail(op, MENTIOND_AUTH, "the token lacks the permission ticket.agent, or its user does");
        return mentiond_fail(op, MENTIOND_AUTH, "Zammad refuses the token: %s (HTTP status %u)", ret->words, reply->status);
}

static int refuse_422(struct mentiond_op *op, const struct mentiond_response *reply, struct zammad_answer *ret)
{
        if (!*ret->words)
                return mentiond_fail(op, MENTIOND_RETRY, "HTTP status 422, of the web server or a proxy before Zammad");
        if (!*mj_str(reply->json, "error_human")) {
                ret->refusal = ZAMMAD_OPAQUE;
                return mentiond_fail(op, MENTIOND_BLOCKED, "Zammad refuses it and says only: %s Its log (production.log) tells "
                                     "why; often a ticket field was made mandatory for agents", ret->words);
        }
        ret->refusal = ZAMMAD_INVALID;
        /* Of the configuration, or of a race: it may be right the next time. */
        if (strncmp(ret->words, "No lookup value found", 21) == 0 || strncmp(ret->words, "The required value", 18) == 0 ||
            strcmp(ret->words, "This object already exists.") == 0)
                return mentiond_fail(op, MENTIOND_BLOCKED, "Zammad refuses it: %s", ret->words);
        return mentiond_fail(op, MENTIOND_REJECTED, "Zammad refuses it: %s", ret->words);
}

/* The verdict on what is no success; verdict is the host's. */
static int refine(struct mentiond_op *op, int verdict, const struct mentiond_response *reply, struct zammad_answer *ret)
{
        switch (reply->status) {
        case 401:
                return mentiond_fail(op, MENTIOND_AUTH, "Zammad refuses the token: %s",
                                     *ret->words ? ret->words : "HTTP status 401");
        case 403:
                return refuse_403(op, reply, ret);
        case 404:
                if (!*ret->words || mj_get(reply->json, "status") || strncmp(ret->words, "No route", 8) == 0)
                        return mentiond_fail(op, MENTIOND_RETRY, "HTTP status 404: does the option url name Zammad?");
                ret->refusal = ZAMMAD_MISSING;
                return mentiond_fail(op, MENTIOND_RETRY, "Zammad has no such thing: %s", ret->words);
        case 413:
                return verdict;
        case 422:
                return refuse_422(op, reply, ret);
        default:
                /* What Zammad itself never says, and nothing about one ticket or item. */
                if (verdict == MENTIOND_REJECTED && !*ret->words)
                        return mentiond_fail(op, MENTIOND_RETRY, "HTTP status %u, of the web server or a proxy before Zammad",
                                             reply->status);
                return verdict;
        }
}

int zammad_download(struct mentiond_op *op, const char *path, uint64_t max, struct zammad_answer *ret,
                    struct mentiond_response *ret_reply)
{
        /* Also what it says instead must be JSON, and not a page. */
        static const char *const headers[] = { "Accept: application/json, */*", NULL };
        const struct mentiond_request request = {
                .struct_size = sizeof(request), .path = path, .headers = headers, .max_reply = max,
        };
        int r = mentiond_http(op, &request, ret_reply);

        *ret = (struct zammad_answer) { .json = ret_reply->json, .words = mj_str(ret_reply->json, "error") };
        if (r == MENTIOND_OK || r == MENTIOND_CANCELED || r == MENTIOND_THROTTLED || ret_reply->status == 0)
                return r;
        return refine(op, r, ret_reply, ret);
}

int zammad_call(struct mentiond_op *op, const char *method, const char *path, struct json_object *body, enum zammad_effect effect,
                struct zammad_answer *ret)
{
        static const char *const headers[] = { "Accept: application/json", NULL };
        struct mentiond_response reply = { .struct_size = sizeof(reply) };
        struct mentiond_request request = {
                .struct_size = sizeof(request),
                .flags = effect == ZAMMAD_WRITES  ? 0
                         : effect == ZAMMAD_PEEKS ? MENTIOND_REPEATABLE | MENTIOND_OPTIONAL
                                                  : MENTIOND_REPEATABLE,
                .method = method,
                .path = path,
                .json = body,
                .headers = headers,
                .max_reply = ZAMMAD_ARTICLES_MAX,
        };
        int r = mentiond_http(op, &request, &reply);

        *ret = (struct zammad_answer) { .json = reply.json, .words = mj_str(reply.json, "error") };
        if (r == MENTIOND_OK && !json_object_is_type(reply.json, json_type_object) &&
            !json_object_is_type(reply.json, json_type_array))
                return mentiond_fail(op, effect == ZAMMAD_WRITES ? MENTIOND_AMBIGUOUS : MENTIOND_RETRY,
                                     "%s %.*s: the answer is not JSON; does the option url name Zammad?", method,
                                     (int) strcspn(path, "?"), path);
        if (r == MENTIOND_OK || r == MENTIOND_CANCELED || r == MENTIOND_THROTTLED || reply.status == 0)
                return r;
        return refine(op, r, &reply, ret);
}
