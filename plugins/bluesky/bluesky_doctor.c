/* SPDX-License-Identifier: MIT
 *
 * Channel "bluesky": what the account needs, looked at live.  Writes nothing.
 */
#include "bluesky.h"

/* "com.atproto.access" of the password itself, "com.atproto.appPass" of an app password; "" where the token does not say. */
static const char *scope_of(struct mentiond_op *op, const char *token)
{
        const char *dot = strchr(token, '.');
        struct json_object *holder = mentiond_json_object(op);
        size_t size = dot ? strcspn(dot + 1, ".") : 0;
        const char *json;
        uint64_t n;
        char *body;

        body = mentiond_format(op, "%.*s%.*s", (int) size, dot ? dot + 1 : "", (int) ((4 - size % 4) % 4), "===");
        for (char *c = body; *c; c++)
                *c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
        json = mentiond_base64_decode(op, body, &n);
        MJ_PUT(holder, "claims", json ? json_tokener_parse(json) : NULL);
        return mj_str(mj_get(holder, "claims"), "scope");
}

int bluesky_doctor(struct mentiond_op *op, void *state)
{
        struct json_object *me = NULL, *list = NULL;
        struct bluesky *b = state;
        const char *scope;

        int r = bluesky_get(op, b, &me, "com.atproto.server.getSession");
        if (r == MENTIOND_AUTH) {
                mentiond_report(op, MENTIOND_WRONG, "account",
                                "%s: make a new app password (mentiond-bluesky(5), The app password), then "
                                "mentionctl resume",
                                mentiond_reason(op));
                return MENTIOND_OK;
        }
        if (r != MENTIOND_OK)
                return r;
        if (mj_get(me, "active") && !mj_true(me, "active"))
                mentiond_report(op, MENTIOND_WRONG, "account", "%s is not active (%s): log in there, and see what it says",
                                mj_str(me, "handle"), mj_str(me, "status"));
        else
                mentiond_report(op, MENTIOND_FINE, "account", "%s, %s, on %s", mj_str(me, "handle"), mj_str(me, "did"),
                                mj_str(bluesky_session(op, b), "pds"));

        scope = scope_of(op, mj_str(bluesky_session(op, b), "accessJwt"));
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

        r = bluesky_get(op, b, &list, "app.bsky.notification.listNotifications?limit=1");
        if (r == MENTIOND_OK)
                mentiond_report(op, MENTIOND_FINE, "notifications", "they can be read");
        else if (r == MENTIOND_RETRY)
                mentiond_report(op, MENTIOND_UNCLEAR, "notifications", "%s", mentiond_reason(op));
        return r == MENTIOND_RETRY ? MENTIOND_OK : r;
}
