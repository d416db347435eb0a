/* SPDX-License-Identifier: MIT
 *
 * Channel "facebook": a Page on Facebook, its comments, mentions, messages and reviews.  Here: the plugin, its options, whose
 * token it has, and what that lacks.  Called by the host only; owns its options.  Manual: mentiond-facebook(5).
 */
#include "facebook.h"

#include <stdio.h>

#define SOON_DAYS 14
#define NEW_TOKEN "make a new one (mentiond-facebook(5), The token), then mentionctl resume"

#define OPTION(field, ...) MENTIOND_OPTION(struct facebook, field, __VA_ARGS__)

static const struct mentiond_option options[] = {
        OPTION(token, "token", MENTIOND_SECRET, .help = "Access token of the Page", .flags = MENTIOND_REQUIRED | MENTIOND_BEARER),
        OPTION(secret, "app_secret", MENTIOND_SECRET, .help = "Secret of the app that the token was made for",
               .flags = MENTIOND_REQUIRED),
        OPTION(posts_for_usec, "posts_for", MENTIOND_DURATION, .default_value = "90d", .min = DAY_USEC, .max = 3650 * DAY_USEC,
               .help = "How old a post may be for its comments to be looked for"),
        OPTION(messages, "messages", MENTIOND_BOOL, .default_value = "true",
               .help = "Whether messages to the Page become tickets, too"),
        OPTION(reviews, "reviews", MENTIOND_BOOL, .default_value = "false",
               .help = "Whether recommendations of the Page become tickets, too"),
        OPTION(human_agent, "human_agent", MENTIOND_BOOL, .default_value = "false",
               .help = "Whether the app has the feature Human Agent, by which messages can be answered for 7 days"),
        OPTION(version, "api_version", MENTIOND_STRING, .default_value = "v25.0", .help = "Version of the Graph API"),
        OPTION(server, "server", MENTIOND_URL, .default_value = "https://graph.facebook.com", .help = "Address of the Graph API",
               .flags = MENTIOND_BASE_URL),
        { .name = NULL },
};

static const char *check(const void *state)
{
        const char *version = ((const struct facebook *) state)->version;
        unsigned major, minor;
        int end = 0;

        return sscanf(version, "v%3u.%2u%n", &major, &minor, &end) == 2 && !version[end] ? NULL
               : "api_version is not of the form v25.0";
}

static int start(struct mentiond_op *op, void *state)
{
        struct json_object *me = NULL;
        int r = facebook_get(op, state, 0, &me, "me?fields=id,name,category");

        if (r == MENTIOND_REJECTED)      /* people have no category */
                return mentiond_fail(op, MENTIOND_AUTH,
                                     "the token is not a Page's (%s): make one (mentiond-facebook(5), The token)",
                                     mentiond_reason(op));
        if (r != MENTIOND_OK)
                return r == MENTIOND_GONE ? MENTIOND_RETRY : r;
        if (!facebook_is_post(mj_str(me, "id")))
                return mentiond_fail(op, MENTIOND_BUG, "Facebook does not say whose token this is");
        mentiond_set_self(op, mj_str(me, "id"), mentiond_line(op, mj_str(me, "name"), 100));
        mentiond_set_caps(op, &(struct mentiond_caps) {
                .struct_size = sizeof(struct mentiond_caps), .length_unit = MENTIOND_CODE_POINTS, .length_max = 8000,
                .flags = MENTIOND_CAN_DIRECT | MENTIOND_CAN_EDIT | MENTIOND_CAN_REMOVE | MENTIOND_CAN_LIKE | MENTIOND_CAN_HIDE,
        });
        return MENTIOND_OK;
}

/* --- The doctor: what the account needs, looked at live --- */

static void report(struct mentiond_op *op, bool fine, const char *what, const char *text)
{
        mentiond_report(op, fine ? MENTIOND_FINE : MENTIOND_WRONG, what, "%s", text);
}

static void look_at_end(struct mentiond_op *op, const char *what, int64_t seconds)
{
        long long days = (seconds - 1 - mentiond_now_usec(op) / 1000000) / 86400;        /* whole ones: this second has begun */
        bool fine = !seconds || days > SOON_DAYS;

        report(op, fine, what, seconds ? mentiond_format(op, "it ends in %lld days%s", days, fine ? "" : ": " NEW_TOKEN)
                                       : "it does not expire");
}

/* The token stands in the query, which is not logged: Facebook takes it nowhere else. */
static int look_at_token(struct mentiond_op *op, const struct facebook *f)
{
        static const char *const rights[][2] = {         /* and what is so without */
                { "pages_read_engagement", "posts and comments are not seen" },
                { "pages_read_user_content", "it is not seen who wrote a comment, nor what visitors post" },
                { "pages_manage_engagement", "nothing can be answered, liked or hidden" },
                { "pages_manage_metadata", "hooks cannot be subscribed to; polls go on without" },
                { "pages_messaging", "messages are not seen, and nothing can be said in private" },
        };
        struct json_object *reply = NULL, *data;
        int r = facebook_get(op, f, 0, &reply, "debug_token?input_token=%s", mentiond_escape(op, mentiond_reveal(f->token)));

        if (r == MENTIOND_THROTTLED)
                return r;
        if (r != MENTIOND_OK) {
                mentiond_report(op, MENTIOND_UNCLEAR, "rights of the token",
                                "Facebook does not tell them (%s): look into its Access Token Debugger", mentiond_reason(op));
                return MENTIOND_OK;
        }
        data = mj_get(reply, "data");
        look_at_end(op, "token", mj_int(data, "expires_at", 0));
        look_at_end(op, "access to data", mj_int(data, "data_access_expires_at", 0));
        for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
                bool granted = mj_has(mj_get(data, "scopes"), rights[i][0]);

                report(op, granted, mentiond_format(op, "right %s", rights[i][0]),
                       granted ? "granted" : mentiond_format(op, "the token lacks it: %s; " NEW_TOKEN, rights[i][1]));
        }
        return MENTIOND_OK;
}

/* Only limits keep the rest of the lists from being looked at. */
static int look_at_lists(struct mentiond_op *op, const struct facebook *f)
{
        const char *const lists[][2] = {
                { "comments", "feed?limit=5&fields=id,comments.filter(stream).limit(5){id,from}" },
                { "messages", f->messages ? "conversations?platform=messenger&limit=1&fields=id" : NULL },
                { "reviews", f->reviews ? "ratings?limit=1&fields=created_time" : NULL },
                { "apps of the Page", "subscribed_apps" },
        };
        bool hooks = false;

        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
                struct json_object *list = NULL, *item, *comment;
                bool nameless = false;

                if (!lists[i][1])
                        continue;
                int r = facebook_get(op, f, 0, &list, "me/%s", lists[i][1]);
                if (r == MENTIOND_THROTTLED)
                        return r;
                report(op, r == MENTIOND_OK, lists[i][0], r == MENTIOND_OK ? "can be read" : mentiond_reason(op));
                MJ_EACH(item, mj_get(list, "data")) {
                        hooks |= mj_has(mj_get(item, "subscribed_fields"), "feed");
                        MJ_EACH(comment, mj_get(mj_get(item, "comments"), "data"))
                                nameless |= !mj_get(comment, "from");
                }
                /* Rights that the app has in name only, before Meta's review, show in what is left out. */
                if (nameless)
                        report(op, false, "names", "a comment does not say by whom it is: the app needs advanced access to "
                                                   "pages_read_user_content");
        }
        mentiond_report(op, hooks ? MENTIOND_FINE : MENTIOND_UNCLEAR, "hooks", hooks ? "the Page tells an app of its comments"
                        : "the Page tells no app of its comments: polls find them all the same (mentiond-facebook(5), Hooks)");
        return MENTIOND_OK;
}

static int doctor(struct mentiond_op *op, void *state)
{
        struct json_object *me = NULL;
        int r = facebook_get(op, state, 0, &me, "me?fields=id,name,category");

        if (r == MENTIOND_AUTH || r == MENTIOND_REJECTED) {
                report(op, false, "token", mentiond_format(op, "%s: " NEW_TOKEN, mentiond_reason(op)));
                return MENTIOND_OK;
        }
        if (r != MENTIOND_OK)
                return r;
        report(op, true, "Page", mentiond_format(op, "%s (%s)", mj_str(me, "name"), mj_str(me, "id")));
        r = look_at_token(op, state);
        return r == MENTIOND_OK ? look_at_lists(op, state) : r;
}

static const struct mentiond_hook hook = {
        .struct_size = sizeof(hook), .signature = MENTIOND_HMAC_SHA256_HEX, .handshake = MENTIOND_HUB_CHALLENGE,
        .header = "X-Hub-Signature-256", .prefix = "sha256=",
};

static const struct mentiond_channel facebook = {
        .head = {
                MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel), .state_size = sizeof(struct facebook),
                .name = "facebook", .version = "1.0", .summary = "Comments, mentions and messages of a Page on Facebook",
                .options = options,
        },
        .check = check, .start = start, .poll = facebook_poll, .post = facebook_post, .find = facebook_find, .hook = &hook,
        .doctor = doctor, .edit = facebook_edit, .remove = facebook_remove, .react = facebook_react, .reread = facebook_reread,
};
MENTIOND_CHANNEL_PLUGIN(facebook)
