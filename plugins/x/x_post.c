/* SPDX-License-Identifier: MIT
 *
 * Channel "x": what the account does: an answer is posted, and looked for; posts are removed, reposted, hidden.  Owns nothing.
 */
#include "x.h"

#define CLOCK_USEC INT64_C(60000000)     /* what X's clock may be behind ours */
#define OWN_PAGES_MAX 5                  /* of 100 posts each, since the first attempt */

static const char *without_names(const char *text)
{
        while (*text == '@') {           /* X puts those whom it answers before it */
                text += strcspn(text, " \n");
                text += strspn(text, " \n");
        }
        return text;
}

/* X names the author of what is answered; those who are named there as well it must not. */
static void exclude_others(struct mentiond_op *op, struct json_object *post, struct json_object *reply)
{
        struct json_object *named = mj_get(mj_get(post, "entities"), "mentions"), *others = json_object_new_array();

        for (size_t i = 0; i < mj_len(named); i++) {
                const char *id = mj_str(mj_at(named, i), "id");

                if (*id && strcmp(id, mj_str(post, "author_id")) != 0 && strcmp(id, mentiond_self(op)) != 0)
                        (void) json_object_array_add(others, json_object_new_string(id));
        }
        if (mj_len(others))
                MJ_PUT(reply, "exclude_reply_user_ids", others);
        else
                (void) json_object_put(others);
}

static int refused(struct mentiond_op *op, struct x *x, const struct mentiond_post *part, struct mentiond_posted *ret,
                   const char *detail)
{
        if (strstr(detail, "not visible") || strstr(detail, "deleted"))
                return mentiond_fail(op, MENTIOND_GONE, "the post that it answers is gone, or X does not show it to the account");
        if (strstr(detail, "reply") && strstr(detail, "mention"))
                return mentiond_fail(op, MENTIOND_REJECTED,
                                     "X lets an application answer only posts whose author names or quotes the account (%s):"
                                     " somebody can answer in X itself",
                                     detail);
        if (!strstr(detail, "duplicate"))
                return MENTIOND_REJECTED;
        /* It stands there already: as this one, of an attempt whose answer was lost, or as another. */
        int r = x_find(op, x, part, ret);
        if (r == MENTIOND_ABSENT && !part->again)
                return mentiond_fail(op, MENTIOND_REJECTED, "X does not take the same text twice: say it in other words");
        return r == MENTIOND_OK
                       ? r
                       : mentiond_fail(op, MENTIOND_AMBIGUOUS, "X says that it has this text already, and does not show it");
}

int x_post(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        struct json_object *body = mentiond_json_object(op), *reply = json_object_new_object(), *media = json_object_new_object(),
                           *ids = json_object_new_array();
        struct mentiond_request q = { .flags = MENTIOND_APART, .method = "POST", .path = "/2/tweets", .json = body };
        struct json_object *answer = NULL, *above;
        struct mentiond_response response;
        struct x *x = state;

        MJ_PUT(body, "reply", reply);
        MJ_PUT(media, "media_ids", ids);
        MJ_PUT(body, "media", media);
        if (part->visibility > MENTIOND_UNLISTED)
                return mentiond_fail(op, MENTIOND_REJECTED, "everybody would see it on X, and what it answers was for fewer");
        int r = x_lookup(op, x, &answer, part->parent, X_POST);
        if (r != MENTIOND_OK)
                return r;
        above = mj_get(answer, "data");
        if (!x->unsummoned && strcmp(mj_str(above, "author_id"), mentiond_self(op)) != 0 && !x_is_summoned(op, above))
                return refused(op, x, part, ret, "no mention to reply to");
        r = x_upload(op, x, part, ids);
        if (r != MENTIOND_OK)
                return r;

        if (!mj_len(ids))
                json_object_object_del(body, "media");
        mj_put_str(body, "text", *part->text ? part->text : NULL);
        mj_put_str(reply, "in_reply_to_tweet_id", x_version(above, -1));
        mj_put_bool(reply, "auto_populate_reply_metadata", 1);
        exclude_others(op, above, reply);
        r = x_call(op, x, &q, &response);
        if (r == MENTIOND_REJECTED && response.status == 403)
                return refused(op, x, part, ret, mj_str(response.json, "detail"));
        if (r != MENTIOND_OK)
                return r;

        struct json_object *made = mj_get(response.json, "data");
        ret->id = mj_str(made, "id");
        ret->url = mentiond_format(op, "https://x.com/%s/status/%s", mentiond_self_handle(op) + 1, ret->id);
        bool links = strstr(part->text, "://") || (!part->n_uploads && strstr(mj_str(made, "text"), "https://t.co/"));
        (void) mentiond_spend(op, links ? X_LINK : X_REPLY);
        return *ret->id ? MENTIOND_OK : mentiond_fail(op, MENTIOND_AMBIGUOUS, "X took the post without naming it");
}

/* Among what the account posted since the first attempt. */
int x_find(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        int64_t since_usec = part->tried_usec ? part->tried_usec - CLOCK_USEC : mentiond_now_usec(op) - 15 * CLOCK_USEC;
        const char *token = "";
        struct x *x = state;
        bool doubt = false;

        for (int pages = 0; pages < OWN_PAGES_MAX; pages++) {
                struct json_object *page = NULL, *posts;
                const char *path = mentiond_format(op, "/2/users/%s/tweets?max_results=100&start_time=%s%s%s",
                                                   mentiond_escape(op, mentiond_self(op)), x_time(op, since_usec),
                                                   *token ? "&pagination_token=" : "", mentiond_escape(op, token));
                int r = x_get(op, x, 0, &page, path, X_POST);
                if (r != MENTIOND_OK)
                        return r;
                posts = mj_get(page, "data");
                if (!posts && !mj_get(page, "meta"))
                        return mentiond_fail(op, MENTIOND_RETRY, "X does not show what the account posted");
                (void) mentiond_spend(op, X_OWN_READ * (int64_t) mj_len(posts));
                for (size_t i = 0; i < mj_len(posts); i++) {
                        struct json_object *post = mj_at(posts, i);
                        const char *id = mj_str(post, "id");
                        int same = mentiond_same_text(without_names(x_text(op, post)), without_names(part->text));
                        bool there = strcmp(x_reference(post, "replied_to"), part->parent) == 0;

                        if (!*id || mentiond_is_posted(op, id))
                                continue;
                        if (same && there) {
                                ret->id = id;
                                ret->url = mentiond_format(op, "https://x.com/%s/status/%s", mentiond_self_handle(op) + 1, id);
                                return MENTIOND_OK;
                        }
                        doubt |= there || (same && strcmp(mj_str(post, "conversation_id"), part->root) == 0);
                }
                token = mj_str(mj_get(page, "meta"), "next_token");
                if (!*token)
                        return doubt ? mentiond_fail(op, MENTIOND_UNKNOWN, "one of the account's posts there may be it")
                                     : MENTIOND_ABSENT;
        }
        return mentiond_fail(op, MENTIOND_UNKNOWN, "the account has posted too much since then to look for it");
}

/* done: what X answers with true. */
static int change(struct mentiond_op *op, struct x *x, const char *method, const char *path, struct json_object *json,
                  const char *done, int64_t price)
{
        struct mentiond_request q = {
                .flags = MENTIOND_REPEATABLE | MENTIOND_APART, .method = method, .path = path, .json = json,
        };
        struct mentiond_response response;
        int r = x_call(op, x, &q, &response);

        if (r == MENTIOND_OK && !response.json)
                return mentiond_fail(op, MENTIOND_RETRY, "X answered with something that is not JSON");
        if (r == MENTIOND_OK)
                (void) mentiond_spend(op, price);
        if (r == MENTIOND_OK && !mj_true(mj_get(response.json, "data"), done))
                return mentiond_fail(op, MENTIOND_REJECTED, "X did not do it (%s)",
                                     mj_str(mj_at(mj_get(response.json, "errors"), 0), "detail"));
        return r;
}

int x_remove(struct mentiond_op *op, void *state, const char *id)
{
        int r = change(op, state, "DELETE", mentiond_format(op, "/2/tweets/%s", mentiond_escape(op, id)), NULL, "deleted",
                       X_DELETE);

        return r == MENTIOND_GONE ? MENTIOND_OK : r;
}

int x_react(struct mentiond_op *op, void *state, uint32_t reaction, const char *id)
{
        struct json_object *body = mentiond_json_object(op);

        if (reaction == MENTIOND_LIKE)
                return mentiond_fail(op, MENTIOND_REJECTED,
                                     "X has taken likes from applications: somebody can like it in X itself");
        if (reaction == MENTIOND_HIDE) {
                mj_put_bool(body, "hidden", 1);
                return change(op, state, "PUT", mentiond_format(op, "/2/tweets/%s/hidden", mentiond_escape(op, id)), body,
                              "hidden", 0);
        }
        mj_put_str(body, "tweet_id", id);
        return change(op, state, "POST", mentiond_format(op, "/2/users/%s/retweets", mentiond_escape(op, mentiond_self(op))),
                      body, "retweeted", X_REPOST);
}
