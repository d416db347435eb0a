/* SPDX-License-Identifier: MIT
 *
 * Channel "bluesky": what is done to posts that are there.  Each may be done twice.  Owns nothing.
 *
 * An edit is not among it: the network takes one, and the app goes on showing what stood there first.
 */
#include "bluesky.h"

const char *bluesky_record(struct mentiond_op *op, const struct bluesky_uri *uri)
{
        return mentiond_format(op, "com.atproto.repo.getRecord?repo=%s&collection=%s&rkey=%s", mentiond_escape(op, uri->did),
                               mentiond_escape(op, uri->collection), mentiond_escape(op, uri->rkey));
}

static struct json_object *body_of(struct mentiond_op *op, const char *collection, const char *rkey)
{
        struct json_object *body = mentiond_json_object(op);

        mj_put_str(body, "repo", mentiond_self(op));
        mj_put_str(body, "collection", collection);
        mj_put_str(body, "rkey", *rkey ? rkey : NULL);
        return body;
}

int bluesky_remove(struct mentiond_op *op, void *state, const char *id)
{
        struct bluesky_uri u = bluesky_split(op, id);
        struct json_object *answer = NULL;

        if (!bluesky_is_own(op, id) || strcmp(u.collection, BLUESKY_POST) != 0)
                return mentiond_fail(op, MENTIOND_REJECTED, "it is not a post of the account");
        return bluesky_do(op, state, &answer, "com.atproto.repo.deleteRecord", body_of(op, BLUESKY_POST, u.rkey),
                          MENTIOND_REPEATABLE);
}

/* The record that says who may answer in a thread also says which answers are hidden, below the thread's first post. */
static int hide(struct mentiond_op *op, struct bluesky *b, const char *id, struct json_object *post)
{
        struct json_object *root = bluesky_root(mj_get(post, "record")), *found = NULL, *gate, *hidden, *body, *answer = NULL;
        struct bluesky_uri u = bluesky_split(op, mj_str(root, "uri"));

        if (!root || !bluesky_is_own(op, mj_str(root, "uri")))
                return mentiond_fail(op, MENTIOND_REJECTED,
                                     "answers can be hidden only in conversations that the account has begun");
        u.collection = "app.bsky.feed.threadgate";
        body = body_of(op, u.collection, u.rkey);
        int r = bluesky_get(op, b, &found, bluesky_record(op, &u));
        if (r != MENTIOND_OK && r != MENTIOND_GONE)
                return r;
        gate = r == MENTIOND_OK ? json_object_get(mj_get(found, "value")) : json_object_new_object();
        MJ_PUT(body, "record", gate);
        MJ_PUT(body, "swapRecord", r == MENTIOND_OK ? json_object_new_string(mj_str(found, "cid")) : NULL);
        if (r == MENTIOND_GONE) {
                mj_put_str(gate, "$type", u.collection);
                mj_put_str(gate, "post", mj_str(root, "uri"));
                mj_put_str(gate, "createdAt", mentiond_format_time(op, mentiond_now_usec(op)));
        }
        hidden = mj_get(gate, "hiddenReplies");
        for (size_t i = 0; i < mj_len(hidden); i++)
                if (strcmp(json_object_get_string(mj_at(hidden, i)), id) == 0)
                        return MENTIOND_OK;
        if (!hidden)
                MJ_PUT(gate, "hiddenReplies", hidden = json_object_new_array());
        (void) json_object_array_add(hidden, json_object_new_string(id));
        r = bluesky_do(op, b, &answer, "com.atproto.repo.putRecord", body, MENTIOND_REPEATABLE);
        if (r == MENTIOND_REJECTED && strcmp(mj_str(answer, "error"), "InvalidSwap") == 0)
                return mentiond_fail(op, MENTIOND_RETRY, "somebody changed at the same time who may answer there");
        return r;
}

int bluesky_react(struct mentiond_op *op, void *state, uint32_t reaction, const char *id)
{
        const char *kind = reaction == MENTIOND_LIKE ? "app.bsky.feed.like" : "app.bsky.feed.repost";
        struct json_object *views = mentiond_json_object(op), *post, *body, *record, *subject, *answer = NULL;
        int r = bluesky_views(op, state, &id, 1, 0, views);

        post = mj_get(views, id);
        if (r == MENTIOND_OK && !post)
                return mentiond_fail(op, MENTIOND_GONE, "the post is gone, or not shown to the account");
        if (r != MENTIOND_OK || *mj_str(mj_get(post, "viewer"), reaction == MENTIOND_LIKE ? "like" : "repost"))
                return r;
        if (reaction == MENTIOND_HIDE)
                return hide(op, state, id, post);
        body = body_of(op, kind, "");
        record = json_object_new_object();
        subject = json_object_new_object();
        mj_put_str(subject, "uri", id);
        mj_put_str(subject, "cid", mj_str(post, "cid"));
        mj_put_str(record, "$type", kind);
        mj_put_str(record, "createdAt", mentiond_format_time(op, mentiond_now_usec(op)));
        MJ_PUT(record, "subject", subject);
        MJ_PUT(body, "record", record);
        return bluesky_do(op, state, &answer, "com.atproto.repo.createRecord", body, MENTIOND_REPEATABLE);
}
