/* SPDX-License-Identifier: MIT
 *
 * Channel "bluesky": what is new, one post with what stands above it, and how the posts of a thread stand now.  Owns nothing.
 */
#include "bluesky.h"

#include <inttypes.h>
#include <stdio.h>

#define HOUR_USEC INT64_C(3600000000)
#define DAY_USEC (24 * HOUR_USEC)
#define OVERLAP_USEC HOUR_USEC           /* so much later a notification may be listed than its time says */
#define SWEEP_USEC (30 * DAY_USEC)

#define VIEWS_MAX 25                     /* of one request, as the network limits it */
#define HEIGHT 40                        /* ancestors: the host takes JSON that is 60 deep */

int bluesky_record(struct mentiond_op *op, struct bluesky *b, struct json_object **ret, uint32_t flags, struct bluesky_uri uri)
{
        return bluesky_get(op, b, ret, flags,
                           mentiond_format(op, "com.atproto.repo.getRecord?repo=%s&collection=%s&rkey=%s",
                                           mentiond_escape(op, uri.did), mentiond_escape(op, uri.collection),
                                           mentiond_escape(op, uri.rkey)));
}

int bluesky_views(struct mentiond_op *op, struct bluesky *b, const char *const *uris, size_t n, uint32_t flags,
                  struct json_object *ret)
{
        struct json_object *post;
        int r = MENTIOND_OK;

        for (size_t i = 0; i < n && r == MENTIOND_OK; ) {
                const char *query = "app.bsky.feed.getPosts?";
                struct json_object *answer = NULL;

                do {
                        query = mentiond_format(op, "%s%suris=%s", query, i % VIEWS_MAX ? "&" : "", mentiond_escape(op, uris[i]));
                } while (++i < n && i % VIEWS_MAX);
                r = bluesky_get(op, b, &answer, flags, query);
                MJ_EACH(post, mj_get(answer, "posts"))
                        json_object_object_add(ret, mj_str(post, "uri"), json_object_get(post));
        }
        return r;
}

static int ask_thread(struct mentiond_op *op, struct bluesky *b, struct json_object **ret, uint32_t flags, const char *id,
                      int depth, int height)
{
        struct json_object *answer = NULL;
        int r = bluesky_get(op, b, &answer, flags,
                            mentiond_format(op, "app.bsky.feed.getPostThread?depth=%d&parentHeight=%d&uri=%s", depth, height,
                                            mentiond_escape(op, id)));

        *ret = mj_get(answer, "thread");
        return r;
}

/* --- Polls --- */

/* Pictures, and whether they may be answered, of those that the journal does not have. */
static int look_at_new(struct mentiond_op *op, struct bluesky *b, struct json_object *list, struct json_object *ret)
{
        const char **uris = mentiond_alloc(op, (mj_len(list) + 1) * sizeof(*uris));
        struct json_object *item;
        size_t n = 0;

        MJ_EACH(item, list)
                if (!mentiond_knows(op, mj_str(item, "uri")))
                        uris[n++] = mj_str(item, "uri");
        return bluesky_views(op, b, uris, n, 0, ret);
}

/* Whether it is time, by a clock that may have been set. */
static bool is_due(struct mentiond_op *op, const char *cursor, int64_t every_usec)
{
        int64_t now = mentiond_now_usec(op), last = strtoll(mentiond_cursor(op, cursor), NULL, 10);

        if (last <= now && now < last + every_usec)
                return false;
        mentiond_set_cursor(op, cursor, mentiond_format(op, "%" PRId64, now));
        return true;
}

/* A cursor is the time of the last item, and what it leads to is older.  Those of the same millisecond are met from one later. */
static const char *below(struct mentiond_op *op, const char *cursor, const char *used)
{
        int64_t usec = mentiond_parse_time(cursor);
        bool is_time = usec && strcmp(mentiond_format_time(op, usec), cursor) == 0;
        const char *later = is_time ? mentiond_format_time(op, usec + 1000) : cursor;

        return strcmp(later, used) == 0 ? cursor : later;        /* a page of one millisecond */
}

/* Newest first, back to a page that holds nothing new and ends before what this poll looks at.  The list goes by the time that
 * authors write on their posts, and shows what was hidden when it is not any more: how far down that is differs from poll to
 * poll.
 *
 * All goes by the network's clock, for ours may be wrong.  What was not there before is new, whatever its time says, once a first
 * sweep has seen all that was. */
int bluesky_poll(struct mentiond_op *op, void *state)
{
        int64_t oldest_usec = INT64_MAX, back_usec = OVERLAP_USEC;
        bool swept = *mentiond_cursor(op, "daily"), fresh;
        const char *cursor = "", *next;

        if (is_due(op, "hourly", HOUR_USEC))
                back_usec = DAY_USEC;
        if (is_due(op, "daily", DAY_USEC))
                back_usec = SWEEP_USEC;
        do {
                struct json_object *page = NULL, *views, *list, *item;

                mentiond_turn_page(op, &cursor, 1);
                views = mentiond_json_object(op);
                int r = bluesky_get(op, state, &page, 0,
                                    mentiond_format(op,
                                                    "app.bsky.notification.listNotifications?limit=100&reasons=mention"
                                                    "&reasons=reply&reasons=quote%s%s",
                                                    *cursor ? "&cursor=" : "", mentiond_escape(op, cursor)));
                list = mj_get(page, "notifications");
                if (r == MENTIOND_OK && swept)
                        r = look_at_new(op, state, list, views);
                if (r != MENTIOND_OK)
                        return r;
                fresh = false;
                MJ_EACH(item, list) {
                        struct mentiond_mention *mention = bluesky_mention(op, item, mj_get(views, mj_str(item, "uri")));

                        oldest_usec = mention->seen_usec;
                        if (swept && mention->seen_usec < mentiond_horizon_usec(op))
                                mention->seen_usec = mentiond_horizon_usec(op);
                        fresh |= mentiond_emit(op, mention);
                }
                next = mj_str(page, "cursor");
                next = *next ? below(op, next, cursor) : "";
                cursor = strcmp(next, cursor) == 0 ? "" : next;  /* or it leads nowhere */
        } while (*cursor && (fresh || oldest_usec > mentiond_horizon_usec(op) - back_usec));
        return MENTIOND_OK;
}

/* --- One post --- */

/* Which conversation it belongs to is told by the root that it names, though that may be gone, or hidden.  Of a post whose author
 * has blocked the account since it was listed, the record tells. */
int bluesky_fetch(struct mentiond_op *op, void *state, const char *id)
{
        struct json_object *thread = NULL, *above[HEIGHT], *post, *found = NULL, *root;
        size_t n = 0;
        int r = ask_thread(op, state, &thread, 0, id, 0, HEIGHT);

        post = mj_get(thread, "post");
        if (r == MENTIOND_OK && !post)
                r = bluesky_record(op, state, &found, 0, bluesky_split(op, id));
        if (r != MENTIOND_OK)
                return r;
        for (struct json_object *p = mj_get(thread, "parent"); mj_get(p, "post") && n < HEIGHT; p = mj_get(p, "parent"))
                above[n++] = mj_get(p, "post");
        root = bluesky_root(post ? mj_get(post, "record") : mj_get(found, "value"));
        if (root && (!n || !mj_is(above[n - 1], "uri", mj_str(root, "uri"))))
                mentiond_emit_ancestor(op, &(struct mentiond_mention) {
                        .struct_size = sizeof(struct mentiond_mention),
                        .id = mj_str(root, "uri"), .url = bluesky_web(op, mj_str(root, "uri")),
                        .text = "(This post is not shown: it may be deleted, or its author may have blocked the account.)",
                        .author = &(struct mentiond_author) { .struct_size = sizeof(struct mentiond_author), .handle = "a post" },
                });
        while (n > 0)
                mentiond_emit_ancestor(op, bluesky_mention(op, above[--n], NULL));
        if (post)
                (void) mentiond_emit(op, bluesky_mention(op, post, post));
        return MENTIOND_OK;
}

/* --- A thread again, and what in it nobody told of: below the fourth level under a post of the account no notification is made,
 * and some get lost.  That is not urgent: it is left where the server's limits are near. --- */

/* Not shown is not gone: blocked authors, and such as have left for a while.  Its record tells. */
static int tell_missing(struct mentiond_op *op, struct bluesky *b, const char *id)
{
        struct json_object *record = NULL;
        int r = bluesky_record(op, b, &record, MENTIOND_OPTIONAL, bluesky_split(op, id));

        if (r == MENTIOND_GONE)
                mentiond_emit_gone(op, id);
        return r == MENTIOND_GONE || r == MENTIOND_REJECTED ? MENTIOND_OK : r;
}

/* ours: it is below a post of the account.  What answers one is not older, whatever its author says. */
static void walk(struct mentiond_op *op, struct json_object *node, bool ours, int64_t above_usec, struct json_object *seen)
{
        struct json_object *post = mj_get(node, "post"), *reply;
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
        MJ_EACH(reply, mj_get(node, "replies"))
                walk(op, reply, ours, mention->seen_usec, seen);
}

static int read_thread(struct mentiond_op *op, struct bluesky *b, const char *id, struct json_object *seen)
{
        struct json_object *thread = NULL;
        bool ours = false;
        int r = ask_thread(op, b, &thread, MENTIOND_OPTIONAL, id, 20, 10);

        for (struct json_object *p = mj_get(thread, "parent"); p; p = mj_get(p, "parent"))
                ours |= bluesky_is_own(op, mj_str(mj_get(p, "post"), "uri"));
        if (r == MENTIOND_OK)
                walk(op, thread, ours, 0, seen);
        return r == MENTIOND_GONE ? MENTIOND_OK : r;
}

int bluesky_reread(struct mentiond_op *op, void *state, const char *const *ids, uint32_t n)
{
        struct json_object *views = mentiond_json_object(op), *seen = mentiond_json_object(op), *view, *root;
        int r = bluesky_views(op, state, ids, n, MENTIOND_OPTIONAL, views);

        for (uint32_t i = 0; i < n && r == MENTIOND_OK; i++) {
                view = mj_get(views, ids[i]);
                if (view)
                        mentiond_emit_again(op, bluesky_mention(op, view, view));
                else
                        r = tell_missing(op, state, ids[i]);
        }
        view = mj_get(views, ids[0]);
        root = bluesky_root(mj_get(view, "record"));
        if (r == MENTIOND_OK)
                r = read_thread(op, state, root ? mj_str(root, "uri") : ids[0], seen);
        if (r == MENTIOND_OK && view && !mj_get(seen, ids[0]))   /* further down than one request shows */
                r = read_thread(op, state, ids[0], seen);
        return r == MENTIOND_THROTTLED || r == MENTIOND_GONE ? MENTIOND_OK : r;        /* the rest another time */
}
