/* SPDX-License-Identifier: MIT
 *
 * Channel "bluesky": how the posts of a thread stand now, and what in it nobody told of: below the fourth level under a post of
 * the account no notification is made, and some get lost.  Owns nothing.
 *
 * That is not urgent: it is left where the server's limits are near. */
#include "bluesky.h"

#define TOGETHER_MAX 25
#define DEPTH 20                         /* the host takes JSON that is 60 deep */
#define HEIGHT 10

/* Not shown is not gone: blocked authors, and such as have left for a while.  Its record tells. */
static int tell_missing(struct mentiond_op *op, struct bluesky *b, const char *id)
{
        struct bluesky_uri u = bluesky_split(op, id);
        struct mentiond_request request = { .path = bluesky_record(op, &u), .flags = MENTIOND_OPTIONAL };
        struct json_object *record = NULL;
        int r = bluesky_call(op, b, &request, &record);

        if (r == MENTIOND_GONE)
                mentiond_emit_gone(op, id);
        return r == MENTIOND_GONE || r == MENTIOND_REJECTED ? MENTIOND_OK : r;
}

static int read_posts(struct mentiond_op *op, struct bluesky *b, const char *const *ids, uint32_t n, struct json_object *views)
{
        int r = MENTIOND_OK;

        for (uint32_t at = 0; at < n && r == MENTIOND_OK; at += TOGETHER_MAX)
                r = bluesky_views(op, b, ids + at, n - at < TOGETHER_MAX ? n - at : TOGETHER_MAX, MENTIOND_OPTIONAL, views);
        for (uint32_t i = 0; i < n && r == MENTIOND_OK; i++) {
                struct json_object *view = mj_get(views, ids[i]);

                if (view)
                        mentiond_emit_again(op, bluesky_mention(op, view, view));
                else
                        r = tell_missing(op, b, ids[i]);
        }
        return r;
}

/* ours: it is below a post of the account.  What answers one is not older, whatever its author says. */
static void walk(struct mentiond_op *op, struct json_object *node, bool ours, int64_t above_usec, struct json_object *seen)
{
        struct json_object *post = mj_get(node, "post"), *replies = mj_get(node, "replies");
        struct mentiond_mention *mention;
        const char *id = mj_str(post, "uri");

        if (!post)
                return;
        mj_put_bool(seen, id, true);
        mention = bluesky_mention(op, post, post);
        if (mention->seen_usec < above_usec)
                mention->seen_usec = above_usec;
        if (bluesky_is_own(op, id)) {
                ours = true;
                mentiond_emit_again(op, mention);
        } else if (ours && !mentiond_knows(op, id)) {
                (void) mentiond_emit(op, mention);
        }
        for (size_t i = 0; i < mj_len(replies); i++)
                walk(op, mj_at(replies, i), ours, mention->seen_usec, seen);
}

static int read_thread(struct mentiond_op *op, struct bluesky *b, const char *id, struct json_object *seen)
{
        struct mentiond_request request = {
                .flags = MENTIOND_OPTIONAL,
                .path = mentiond_format(op, "app.bsky.feed.getPostThread?depth=%d&parentHeight=%d&uri=%s", DEPTH, HEIGHT,
                                        mentiond_escape(op, id)),
        };
        struct json_object *answer = NULL, *thread;
        bool ours = false;
        int r = bluesky_call(op, b, &request, &answer);

        thread = mj_get(answer, "thread");
        for (struct json_object *p = mj_get(thread, "parent"); p; p = mj_get(p, "parent"))
                ours |= bluesky_is_own(op, mj_str(mj_get(p, "post"), "uri"));
        if (r == MENTIOND_OK)
                walk(op, thread, ours, 0, seen);
        return r == MENTIOND_GONE ? MENTIOND_OK : r;
}

int bluesky_reread(struct mentiond_op *op, void *state, const char *const *ids, uint32_t n)
{
        struct json_object *views = mentiond_json_object(op), *seen = mentiond_json_object(op), *newest, *root;
        int r = read_posts(op, state, ids, n, views);

        newest = mj_get(views, ids[0]);
        root = bluesky_root(mj_get(newest, "record"));
        if (r == MENTIOND_OK)
                r = read_thread(op, state, root ? mj_str(root, "uri") : ids[0], seen);
        if (r == MENTIOND_OK && newest && !mj_get(seen, ids[0]))         /* further down than one request shows */
                r = read_thread(op, state, ids[0], seen);
        return r == MENTIOND_THROTTLED || r == MENTIOND_GONE ? MENTIOND_OK : r;        /* the rest another time */
}
