/* SPDX-License-Identifier: MIT
 *
 * Channel "bluesky": an account on Bluesky, or another server of the AT Protocol.  Called by the host only; owns its options.
 * Manual: mentiond-bluesky(5).
 */
#include "bluesky.h"

static const struct mentiond_option options[] = {
        MENTIOND_OPTION(struct bluesky, server, "server", MENTIOND_URL, .help = "Address of the server to log in at",
                        .default_value = "https://bsky.social", .flags = MENTIOND_BASE_URL),
        MENTIOND_OPTION(struct bluesky, account, "account", MENTIOND_STRING,
                        .help = "The account's handle (\"example.com\") or DID", .flags = MENTIOND_REQUIRED),
        MENTIOND_OPTION(struct bluesky, password, "app_password", MENTIOND_SECRET,
                        .help = "App password of the account", .flags = MENTIOND_REQUIRED),
        { .name = NULL },
};

static bool is_active(struct json_object *me)
{
        return !mj_get(me, "active") || mj_true(me, "active");
}

static int start(struct mentiond_op *op, void *state)
{
        struct json_object *me = NULL;
        int r = bluesky_get(op, state, &me, 0, "com.atproto.server.getSession");

        if (r != MENTIOND_OK)
                return r;
        if (!is_active(me))
                return mentiond_fail(op, MENTIOND_AUTH, "the account is not active (%s)", mj_str(me, "status"));
        if (!*mj_str(me, "did"))
                return mentiond_fail(op, MENTIOND_RETRY, "the server does not say whose session this is");
        mentiond_set_self(op, mj_str(me, "did"), mentiond_format(op, "@%s", mj_str(me, "handle")));
        mentiond_set_caps(op, &(struct mentiond_caps) {
                .struct_size = sizeof(struct mentiond_caps),
                .flags = MENTIOND_CAN_REMOVE | MENTIOND_CAN_LIKE | MENTIOND_CAN_REPOST | MENTIOND_CAN_HIDE
                         | MENTIOND_TELLS_AUTHOR,
                .length_unit = MENTIOND_GRAPHEMES, .length_max = 300, .bytes_max = 3000,
                .uploads_max = 4, .upload_size_max = 2000000, .upload_types = "image/png image/jpeg image/webp image/gif",
        });
        return MENTIOND_OK;
}

static void report_password(struct mentiond_op *op, const char *token)
{
        const char *scope = mj_str(mentiond_claims(op, token), "scope");

        if (strcmp(scope, "com.atproto.access") == 0)
                mentiond_report(op, MENTIOND_WRONG, "app password",
                                "it is the account's own password, which may do all: make an app password "
                                "(mentiond-bluesky(5), The app password)");
        else if (!*scope)
                mentiond_report(op, MENTIOND_UNCLEAR, "app password", "the session does not say what it may do");
        else
                mentiond_report(op, MENTIOND_FINE, "app password", "it may do what is needed%s",
                                strcmp(scope, "com.atproto.appPassPrivileged") == 0
                                        ? ", and read direct messages, which is not needed"
                                        : "");
}

static int doctor(struct mentiond_op *op, void *state)
{
        struct json_object *me = NULL, *session = NULL, *list = NULL;
        int r = bluesky_get(op, state, &me, 0, "com.atproto.server.getSession");

        if (r == MENTIOND_AUTH) {
                mentiond_report(op, MENTIOND_WRONG, "account",
                                "%s: make a new app password (mentiond-bluesky(5), The app password), then "
                                "mentionctl resume",
                                mentiond_reason(op));
                return MENTIOND_OK;
        }
        if (r == MENTIOND_OK)
                r = bluesky_session(op, state, NULL, &session);
        if (r != MENTIOND_OK)
                return r;
        if (is_active(me))
                mentiond_report(op, MENTIOND_FINE, "account", "%s, %s, on %s", mj_str(me, "handle"), mj_str(me, "did"),
                                mj_str(session, "pds"));
        else
                mentiond_report(op, MENTIOND_WRONG, "account", "%s is not active (%s): log in there, and see what it says",
                                mj_str(me, "handle"), mj_str(me, "status"));
        report_password(op, mj_str(session, "accessJwt"));
        r = bluesky_get(op, state, &list, 0, "app.bsky.notification.listNotifications?limit=1");
        if (r == MENTIOND_OK || r == MENTIOND_RETRY)
                mentiond_report(op, r == MENTIOND_OK ? MENTIOND_FINE : MENTIOND_UNCLEAR, "notifications", "%s",
                                r == MENTIOND_OK ? "they can be read" : mentiond_reason(op));
        return r == MENTIOND_RETRY ? MENTIOND_OK : r;
}

static const struct mentiond_channel bluesky = {
        .head = {
                MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel),
                .state_size = sizeof(struct bluesky), .name = "bluesky", .version = "1.0",
                .summary = "Mentions, replies and quotes on Bluesky", .options = options,
        },
        .start = start, .doctor = doctor, .poll = bluesky_poll, .fetch = bluesky_fetch, .reread = bluesky_reread,
        .post = bluesky_post, .find = bluesky_find, .remove = bluesky_remove, .react = bluesky_react,
};
MENTIOND_CHANNEL_PLUGIN(bluesky)
