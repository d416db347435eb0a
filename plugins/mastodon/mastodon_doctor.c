/* SPDX-License-Identifier: MIT
 *
 * Channel "mastodon": what the account needs, looked at live.  A right is tried with a request that changes nothing: it names a
 * post or a file that cannot be, and is refused for the right first, or else for that.
 */
#include "mastodon.h"

static const char new_token[] = "make a new one (mentiond-mastodon(5), The token), then mentionctl resume";

/* What the server says is wrong, or its status. */
static const char *words(struct mentiond_op *op, const struct mentiond_response *reply)
{
        return mastodon_either(mj_str(reply->json, "error"), mentiond_format(op, "status %u", reply->status));
}

static int ask(struct mentiond_op *op, const char *method, const char *path, struct mentiond_response *ret)
{
        struct mentiond_request request = {
                .struct_size = sizeof(request),
                .flags = MENTIOND_ANY_STATUS | MENTIOND_REPEATABLE,      /* there is nothing to be done twice */
                .method = method,
                .path = path,
        };

        *ret = (struct mentiond_response) { .struct_size = sizeof(*ret), .body = "" };
        return mentiond_http(op, &request, ret);
}

static void look_at_server(struct mentiond_op *op, struct json_object *instance, int snac)
{
        int like_mastodon = mj_int(mj_get(instance, "api_versions"), "mastodon", 0) > 0;
        const char *lacks = like_mastodon ? "" : "; it keeps no idempotency keys: what may have been posted is looked for there";

        mentiond_report(op, MENTIOND_FINE, "server", "version %s%s", mj_str(instance, "version"), lacks);
        mentiond_report(op, MENTIOND_FINE, "length of posts", "up to %lld characters",
                        (long long) mj_int(mj_get(mj_get(instance, "configuration"), "statuses"), "max_characters", 500));
        if (snac)
                mentiond_report(op, MENTIOND_FINE, "mentions",
                                "it shows the last 64 notifications only: a busy account needs a poll_every of seconds");
}

/* 1 if the token is right. */
static int look_at_account(struct mentiond_op *op, const struct mentiond_response *reply)
{
        struct json_object *account = reply->json, *moved = mj_get(account, "moved");
        const char *error = words(op, reply);

        if (reply->status == 403 && strstr(error, "scope")) {
                mentiond_report(op, MENTIOND_WRONG, "token",
                                "it lacks the scope profile, or read:accounts before Mastodon 4.3 and in GoToSocial: %s",
                                new_token);
                return 1;
        }
        if (reply->status == 403) {
                mentiond_report(op, MENTIOND_WRONG, "account",
                                "the server lets it do nothing (%s): log in there, and see what it says", error);
                return 0;
        }
        if (reply->status == 401 || reply->status == 422) {      /* snac says 422 */
                mentiond_report(op, MENTIOND_WRONG, "token", "the server refuses it (%s), so it is wrong or was revoked: %s",
                                error, new_token);
                return 0;
        }
        if (reply->status != 200 || !*mj_str(account, "id")) {
                mentiond_report(op, MENTIOND_UNCLEAR, "token", "the server does not say whose it is (%s)", error);
                return 0;
        }
        mentiond_report(op, MENTIOND_FINE, "token", "it is %s's", mj_str(account, "acct"));
        if (moved && *mj_str(moved, "acct"))
                mentiond_report(op, MENTIOND_WRONG, "account", "it has moved to %s: make a token there", mj_str(moved, "acct"));
        else if (mj_true(account, "suspended"))
                mentiond_report(op, MENTIOND_WRONG, "account", "it is suspended: ask the server's administrators");
        else if (mj_true(account, "limited"))
                mentiond_report(op, MENTIOND_WRONG, "account",
                                "it is limited, so others hardly see its answers: ask the server's administrators");
        else
                mentiond_report(op, MENTIOND_FINE, "account", "neither suspended, limited nor moved%s",
                                mj_true(account, "locked") ? "; locked, which hides nothing from those whom it answers" : "");
        return 1;
}

static int look_at_rights(struct mentiond_op *op, int has_scopes)
{
        static const struct {
                const char *scope, *method, *path, *without;
        } rights[] = {
                { "read:notifications", "GET", "/api/v1/notifications?limit=1", "mentions are not seen" },
                { "read:statuses", "GET", "/api/v1/statuses/0", "threads are not read, and nothing is answered" },
                { "write:statuses", "DELETE", "/api/v1/statuses/0", "nothing can be answered" },
                { "write:favourites", "POST", "/api/v1/statuses/0/favourite", "nothing can be liked" },
                { "write:media", "PUT", "/api/v1/media/0", "nothing can be answered with pictures" },
        };

        for (size_t i = 0; i < (has_scopes ? sizeof(rights) / sizeof(rights[0]) : 1); i++) {
                const char *what = mentiond_format(op, "right %s", rights[i].scope);
                struct mentiond_response reply;
                int r = ask(op, rights[i].method, rights[i].path, &reply);

                if (r != MENTIOND_OK)
                        return r;
                if (reply.status == 401 || reply.status == 403)
                        mentiond_report(op, MENTIOND_WRONG, what, "the server refuses it (%s): %s; %s", words(op, &reply),
                                        rights[i].without, new_token);
                else if (reply.status >= 500 || (i == 0 && reply.status != 200))
                        mentiond_report(op, MENTIOND_UNCLEAR, what, "the server fails (%s)", words(op, &reply));
                else
                        mentiond_report(op, MENTIOND_FINE, what, "granted");
        }
        if (!has_scopes)
                mentiond_report(op, MENTIOND_FINE, "rights", "its tokens have no scopes: they may do all that the account may");
        return MENTIOND_OK;
}

int mastodon_doctor(struct mentiond_op *op, void *state)
{
        struct json_object *instance = NULL;
        struct mentiond_response reply;
        int r = mastodon_instance(op, &instance), snac;

        (void) state;
        if (r == MENTIOND_GONE)
                return mentiond_fail(op, MENTIOND_RETRY,
                                     "there is no server with Mastodon's API: does the option server name it?");
        if (r != MENTIOND_OK)
                return r;
        snac = mastodon_snac(instance) > 0;
        look_at_server(op, instance, snac);

        r = ask(op, "GET", "/api/v1/accounts/verify_credentials", &reply);
        if (r != MENTIOND_OK)
                return r;
        if (look_at_account(op, &reply))
                return look_at_rights(op, !snac);
        mentiond_report(op, MENTIOND_UNCLEAR, "rights", "not before the server takes the token");
        return MENTIOND_OK;
}
