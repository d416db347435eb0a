/* SPDX-License-Identifier: MIT
 *
 * Channel "x": what the account does: an answer is posted, with its pictures, and looked for; posts are removed, reposted,
 * hidden.  Owns nothing.
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

/* X names the author of what is answered; those who are named there as well it must not.  NULL: there are none. */
static struct json_object *others_of(struct mentiond_op *op, struct json_object *post)
{
        struct json_object *others = mentiond_json(op, "[]"), *named;

        MJ_EACH(named, mj_get(mj_get(post, "entities"), "mentions")) {
                const char *id = mj_str(named, "id");

                if (*id && !mj_is(post, "author_id", id) && strcmp(id, mentiond_self(op)) != 0)
                        mj_add_str(others, id);
        }
        return mj_len(others) ? others : NULL;
}

static int refused(struct mentiond_op *op, struct x *x, const struct mentiond_post *part, struct mentiond_posted *ret,
                   const char *detail)
{
        if (strstr(detail, "not visible") || strstr(detail, "deleted"))
                return mentiond_fail(op, MENTIOND_GONE, "the post that it answers is gone, or X does not show it to the account");
        if (strstr(detail, "reply") && strstr(detail, "mention"))
                return mentiond_fail(op, MENTIOND_REJECTED, "X lets an application answer only posts whose author names or quotes"
                                     " the account (%s): somebody can answer in X itself", detail);
        if (!strstr(detail, "duplicate"))
                return MENTIOND_REJECTED;
        /* It stands there already: as this one, of an attempt whose answer was lost, or as another. */
        int r = x_find(op, x, part, ret);
        if (r == MENTIOND_OK)
                return r;
        if (r == MENTIOND_ABSENT && !part->again)
                return mentiond_fail(op, MENTIOND_REJECTED, "X does not take the same text twice: say it in other words");
        return mentiond_fail(op, MENTIOND_AMBIGUOUS, "X says that it has this text already, and does not show it");
}

/* A picture that is uploaded twice, or that no post follows, X throws away after a day. */
static int upload(struct mentiond_op *op, struct x *x, const struct mentiond_upload *u, struct json_object *ids)
{
        enum { SIZE = sizeof(struct mentiond_field) };
        const struct mentiond_field fields[] = {
                { .struct_size = SIZE, .name = "media_category", .data = "tweet_image", .size = strlen("tweet_image") },
                { .struct_size = SIZE, .name = "media_type", .data = u->type, .size = strlen(u->type) },
                { .struct_size = SIZE, .name = "media", .data = u->data, .size = u->size, .type = u->type, .file = "picture" },
        };
        struct mentiond_request q = {
                .flags = MENTIOND_REPEATABLE | MENTIOND_APART, .method = "POST", .path = "/2/media/upload",
        };
        struct mentiond_response reply;

        mentiond_set_form(op, &q, fields, 3);
        int r = x_call(op, x, &q, &reply);
        const char *id = mj_str(mj_get(reply.json, "data"), "id");
        if (r == MENTIOND_OK && !*id)
                return mentiond_fail(op, MENTIOND_RETRY, "X took the file %s without naming it", u->name);
        if (r == MENTIOND_OK && *u->description) {
                q = (struct mentiond_request) { .flags = q.flags, .method = "POST", .path = "/2/media/metadata" };
                q.json = mentiond_json(op, "{'id': %s, 'metadata': {'alt_text': {'text': %s}}}", id, u->description);
                r = x_call(op, x, &q, &reply);
        }
        if (r == MENTIOND_GONE || r == MENTIOND_REJECTED)
                return mentiond_fail(op, MENTIOND_REJECTED, "X does not take the file %s (%s)", u->name, mentiond_reason(op));
        if (r == MENTIOND_OK)
                mj_add_str(ids, id);
        return r;
}

int x_post(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        struct json_object *answer, *above, *made, *ids = mentiond_json(op, "[]");
        struct mentiond_request q = { .flags = MENTIOND_APART, .method = "POST", .path = "/2/tweets" };
        struct mentiond_response response;
        struct x *x = state;

        if (part->visibility > MENTIOND_UNLISTED)
                return mentiond_fail(op, MENTIOND_REJECTED, "everybody would see it on X, and what it answers was for fewer");
        int r = x_lookup(op, x, &answer, part->parent, X_POST);
        if (r != MENTIOND_OK)
                return r;
        above = mj_get(answer, "data");
        if (!x->unsummoned && !mj_is(above, "author_id", mentiond_self(op)) && !x_is_summoned(op, above))
                return refused(op, x, part, ret, "no mention to reply to");
        for (uint32_t i = 0; i < part->n_uploads && r == MENTIOND_OK; i++)
                r = upload(op, x, mentiond_upload_at(part, i), ids);
        if (r != MENTIOND_OK)
                return r;

        q.json = mentiond_json(op, "{'reply': {'in_reply_to_tweet_id': %s, 'auto_populate_reply_metadata': true,"
                                   " 'exclude_reply_user_ids': %p}, 'media': %p, 'text': %s}",
                               x_version(above, true), others_of(op, above),
                               mj_len(ids) ? mentiond_json(op, "{'media_ids': %p}", ids) : NULL, *part->text ? part->text : NULL);
        r = x_call(op, x, &q, &response);
        if (r == MENTIOND_REJECTED && response.status == 403)
                return refused(op, x, part, ret, mj_str(response.json, "detail"));
        if (r != MENTIOND_OK)
                return r;

        made = mj_get(response.json, "data");
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
        bool doubt = false;

        for (int pages = 0; pages < OWN_PAGES_MAX; pages++) {
                struct json_object *page, *post;
                int r = x_list(op, state, &page, "tweets", since_usec, token, X_POST);

                if (r != MENTIOND_OK)
                        return r;
                if (!mj_get(page, "data") && !mj_get(page, "meta"))
                        return mentiond_fail(op, MENTIOND_RETRY, "X does not show what the account posted");
                (void) mentiond_spend(op, X_OWN_READ * (int64_t) mj_len(mj_get(page, "data")));
                MJ_EACH(post, mj_get(page, "data")) {
                        int same = mentiond_same_text(without_names(x_text(op, post)), without_names(part->text));
                        bool there = strcmp(x_reference(post, "replied_to"), part->parent) == 0;
                        const char *id = mj_str(post, "id");

                        if (!*id || mentiond_is_posted(op, id))
                                continue;
                        if (same && there) {
                                ret->id = id;
                                ret->url = mentiond_format(op, "https://x.com/%s/status/%s", mentiond_self_handle(op) + 1, id);
                                return MENTIOND_OK;
                        }
                        doubt |= there || (same && mj_is(post, "conversation_id", part->root));
                }
                token = mj_str(mj_get(page, "meta"), "next_token");
                if (!*token)
                        return doubt ? mentiond_fail(op, MENTIOND_UNKNOWN, "one of the account's posts there may be it")
                                     : MENTIOND_ABSENT;
        }
        return mentiond_fail(op, MENTIOND_UNKNOWN, "the account has posted too much since then to look for it");
}

/* done: what X answers with true. */
static int change(struct mentiond_op *op, struct x *x, const char *method, const char *path, struct json_object *body,
                  const char *done, int64_t price)
{
        struct mentiond_request q = {
                .flags = MENTIOND_REPEATABLE | MENTIOND_APART, .method = method, .path = path, .json = body,
        };
        struct json_object *answer;
        int r = x_ask(op, x, &q, &answer);

        if (r != MENTIOND_OK)
                return r;
        (void) mentiond_spend(op, price);
        if (!mj_true(mj_get(answer, "data"), done))
                return mentiond_fail(op, MENTIOND_REJECTED, "X did not do it (%s)",
                                     mj_str(mj_at(mj_get(answer, "errors"), 0), "detail"));
        return MENTIOND_OK;
}

int x_remove(struct mentiond_op *op, void *state, const char *id)
{
        const char *path = mentiond_format(op, "/2/tweets/%s", mentiond_escape(op, id));
        int r = change(op, state, "DELETE", path, NULL, "deleted", X_DELETE);

        return r == MENTIOND_GONE ? MENTIOND_OK : r;
}

int x_react(struct mentiond_op *op, void *state, uint32_t reaction, const char *id)
{
        if (reaction == MENTIOND_LIKE)
                return mentiond_fail(op, MENTIOND_REJECTED,
                                     "X has taken likes from applications: somebody can like it in X itself");
        if (reaction == MENTIOND_HIDE)
                return change(op, state, "PUT", mentiond_format(op, "/2/tweets/%s/hidden", mentiond_escape(op, id)),
                              mentiond_json(op, "{'hidden': true}"), "hidden", 0);
        return change(op, state, "POST", mentiond_format(op, "/2/users/%s/retweets", mentiond_escape(op, mentiond_self(op))),
                      mentiond_json(op, "{'tweet_id': %s}", id), "retweeted", X_REPOST);
}
