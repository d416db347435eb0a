/* SPDX-License-Identifier: MIT
 *
 * Channel "bluesky": an account on Bluesky, or another server of the AT Protocol.  Called by the host only; owns its options.
 * Manual: mentiond-bluesky(5).
 */
#include "bluesky.h"

#include <inttypes.h>
#include <stdio.h>

#define HOUR_USEC INT64_C(3600000000)
#define DAY_USEC (24 * HOUR_USEC)
#define OVERLAP_USEC HOUR_USEC           /* so much later a notification may be listed than its time says */
#define SWEEP_USEC (30 * DAY_USEC)

#define VIEWS_MAX 25                     /* of one request, as the network limits it */
#define PAGE 100                         /* the same of notifications */
#define HEIGHT 40                        /* ancestors: the host takes JSON that is 60 deep */

static const struct mentiond_option options[] = {
        MENTIOND_OPTION(struct bluesky, server, "server", MENTIOND_URL, .help = "Address of the server to log in at",
                        .default_value = "https://bsky.social", .flags = MENTIOND_BASE_URL),
        MENTIOND_OPTION(struct bluesky, account, "account", MENTIOND_STRING,
                        .help = "The account's handle (\"example.com\") or DID", .flags = MENTIOND_REQUIRED),
        MENTIOND_OPTION(struct bluesky, password, "app_password", MENTIOND_SECRET,
                        .help = "App password of the account", .flags = MENTIOND_REQUIRED),
        { .name = NULL },
};

static int start(struct mentiond_op *op, void *state)
{
        struct json_object *me = NULL;
        struct bluesky *b = state;

        b->renewing = false;
        int r = bluesky_get(op, b, &me, "com.atproto.server.getSession");
        if (r != MENTIOND_OK)
                return r;
        if (mj_get(me, "active") && !mj_true(me, "active"))
                return mentiond_fail(op, MENTIOND_AUTH, "the account is not active (%s)", mj_str(me, "status"));
        mentiond_set_self(op, mj_str(me, "did"), mentiond_format(op, "@%s", mj_str(me, "handle")));
        mentiond_set_caps(op, &(struct mentiond_caps) {
                .struct_size = sizeof(struct mentiond_caps),
                .length_unit = MENTIOND_GRAPHEMES,
                .length_max = 300,
                .bytes_max = 3000,
                .flags = MENTIOND_CAN_REMOVE | MENTIOND_CAN_LIKE | MENTIOND_CAN_REPOST | MENTIOND_CAN_HIDE
                         | MENTIOND_TELLS_AUTHOR,
                .uploads_max = 4,
                .upload_size_max = 2000000,
                .upload_types = "image/png image/jpeg image/webp image/gif",
        });
        return MENTIOND_OK;
}

/* --- Polls --- */

int bluesky_views(struct mentiond_op *op, struct bluesky *b, const char *const *uris, size_t n, uint32_t flags,
                  struct json_object *ret)
{
        struct mentiond_request request = { .path = "app.bsky.feed.getPosts", .flags = flags };
        struct json_object *answer = NULL, *posts;

        for (size_t i = 0; i < n; i++)
                request.path = mentiond_format(op, "%s%suris=%s", request.path, i ? "&" : "?", mentiond_escape(op, uris[i]));
        int r = n ? bluesky_call(op, b, &request, &answer) : MENTIOND_OK;
        posts = mj_get(answer, "posts");
        for (size_t i = 0; r == MENTIOND_OK && i < mj_len(posts); i++)
                json_object_object_add(ret, mj_str(mj_at(posts, i), "uri"), json_object_get(mj_at(posts, i)));
        return r;
}

/* Pictures, and whether they may be answered, of those that the journal does not have. */
static int look_at_new(struct mentiond_op *op, struct bluesky *b, struct json_object *list, struct json_object *ret)
{
        const char *uris[VIEWS_MAX];
        size_t n = 0;
        int r = MENTIOND_OK;

        for (size_t i = 0; r == MENTIOND_OK && i < mj_len(list); i++) {
                if (!mentiond_knows(op, mj_str(mj_at(list, i), "uri")))
                        uris[n++] = mj_str(mj_at(list, i), "uri");
                if (n == VIEWS_MAX || (n && i + 1 == mj_len(list))) {
                        r = bluesky_views(op, b, uris, n, 0, ret);
                        n = 0;
                }
        }
        return r;
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
static int poll(struct mentiond_op *op, void *state)
{
        const char *cursor = "", *next;
        int64_t oldest_usec = INT64_MAX, back_usec = OVERLAP_USEC;
        bool swept = *mentiond_cursor(op, "daily"), fresh;
        struct bluesky *b = state;

        if (is_due(op, "hourly", HOUR_USEC))
                back_usec = DAY_USEC;
        if (is_due(op, "daily", DAY_USEC))
                back_usec = SWEEP_USEC;
        do {
                struct json_object *page = NULL, *views, *list;

                mentiond_turn_page(op, &cursor, 1);
                views = mentiond_json_object(op);
                int r = bluesky_get(op, b, &page,
                                    mentiond_format(op,
                                                    "app.bsky.notification.listNotifications?limit=%d&reasons=mention"
                                                    "&reasons=reply&reasons=quote%s%s",
                                                    PAGE, *cursor ? "&cursor=" : "", mentiond_escape(op, cursor)));
                list = mj_get(page, "notifications");
                if (r == MENTIOND_OK && swept)
                        r = look_at_new(op, b, list, views);
                if (r != MENTIOND_OK)
                        return r;
                fresh = false;
                for (size_t i = 0; i < mj_len(list); i++) {
                        struct json_object *item = mj_at(list, i);
                        struct mentiond_mention *mention = bluesky_mention(op, item, mj_get(views, mj_str(item, "uri")));

                        oldest_usec = mention->seen_usec;
                        if (swept && mention->seen_usec < mentiond_horizon_usec(op))
                                mention->seen_usec = mentiond_horizon_usec(op);
                        fresh |= mentiond_emit(op, mention);
                }
                next = mj_str(page, "cursor");
                next = *next ? below(op, next, cursor) : "";
                if (strcmp(next, cursor) == 0)
                        next = "";       /* it leads nowhere */
                cursor = next;
        } while (*cursor && (fresh || oldest_usec > mentiond_horizon_usec(op) - back_usec));
        return MENTIOND_OK;
}

static void emit_unseen_root(struct mentiond_op *op, struct json_object *root)
{
        mentiond_emit_ancestor(op, &(struct mentiond_mention) {
                .struct_size = sizeof(struct mentiond_mention), .id = mj_str(root, "uri"),
                .url = bluesky_web(op, mj_str(root, "uri")),
                .text = "(This post is not shown: it may be deleted, or its author may have blocked the account.)",
                .author = &(struct mentiond_author) { .struct_size = sizeof(struct mentiond_author), .handle = "a post" },
        });
}

/* Whose author has blocked the account since it was listed: its record tells. */
static int fetch_hidden(struct mentiond_op *op, struct bluesky *b, const char *id)
{
        struct bluesky_uri u = bluesky_split(op, id);
        struct json_object *found = NULL, *root;

        int r = bluesky_get(op, b, &found, bluesky_record(op, &u));
        root = bluesky_root(mj_get(found, "value"));
        if (r == MENTIOND_OK && root)
                emit_unseen_root(op, root);
        return r;
}

/* Which conversation it belongs to is told by the root that it names, though that may be gone, or hidden. */
static int fetch(struct mentiond_op *op, void *state, const char *id)
{
        struct json_object *answer = NULL, *above[HEIGHT], *root, *post;
        struct bluesky *b = state;
        size_t n = 0;

        int r = bluesky_get(op, b, &answer,
                            mentiond_format(op, "app.bsky.feed.getPostThread?depth=0&parentHeight=%d&uri=%s", HEIGHT,
                                            mentiond_escape(op, id)));
        if (r != MENTIOND_OK)
                return r;
        post = mj_get(mj_get(answer, "thread"), "post");
        if (!post)
                return fetch_hidden(op, b, id);
        for (struct json_object *p = mj_get(mj_get(answer, "thread"), "parent"); mj_get(p, "post") && n < HEIGHT;
             p = mj_get(p, "parent"))
                above[n++] = mj_get(p, "post");
        root = bluesky_root(mj_get(post, "record"));
        if (root && (!n || strcmp(mj_str(above[n - 1], "uri"), mj_str(root, "uri")) != 0))
                emit_unseen_root(op, root);
        while (n > 0)
                mentiond_emit_ancestor(op, bluesky_mention(op, above[--n], NULL));
        (void) mentiond_emit(op, bluesky_mention(op, post, post));
        return MENTIOND_OK;
}

static const struct mentiond_channel bluesky = {
        .head = {
                MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel),
                .state_size = sizeof(struct bluesky),
                .name = "bluesky",
                .version = "1.0",
                .summary = "Mentions, replies and quotes on Bluesky",
                .options = options,
        },
        .start = start,
        .poll = poll,
        .fetch = fetch,
        .post = bluesky_post,
        .find = bluesky_find,
        .doctor = bluesky_doctor,
        .remove = bluesky_remove,
        .react = bluesky_react,
        .reread = bluesky_reread,
};
MENTIOND_CHANNEL_PLUGIN(bluesky)
