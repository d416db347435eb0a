/* SPDX-License-Identifier: MIT
 *
 * Channel "facebook": what the account needs, looked at live.  Changes nothing.
 */
#include "facebook.h"

#define DAY_USEC (INT64_C(86400) * 1000000)
#define SOON_DAYS 14

static const char new_token[] = "make a new one (mentiond-facebook(5), The token), then mentionctl resume";

static void look_at_end(struct mentiond_op *op, const char *what, int64_t seconds)
{
        int64_t days = (seconds * 1000000 - mentiond_now_usec(op)) / DAY_USEC;

        if (!seconds)
                mentiond_report(op, MENTIOND_FINE, what, "it does not expire");
        else if (days > SOON_DAYS)
                mentiond_report(op, MENTIOND_FINE, what, "it ends in %lld days", (long long) days);
        else
                mentiond_report(op, MENTIOND_WRONG, what, "it ends in %lld days: %s", (long long) days, new_token);
}

static bool has(struct json_object *list, const char *word)
{
        for (size_t i = 0; i < mj_len(list); i++)
                if (json_object_is_type(mj_at(list, i), json_type_string)
                    && strcmp(json_object_get_string(mj_at(list, i)), word) == 0)
                        return true;
        return false;
}

/* The token stands in the query, which is not logged: Facebook takes it nowhere else. */
static int look_at_token(struct mentiond_op *op, const struct facebook *f)
{
        static const struct {
                const char *name, *without;
        } rights[] = {
                { "pages_read_engagement", "posts and comments are not seen" },
                { "pages_read_user_content", "it is not seen who wrote a comment, nor what visitors post" },
                { "pages_manage_engagement", "nothing can be answered, liked or hidden" },
                { "pages_manage_metadata", "hooks cannot be subscribed to; polls go on without" },
                { "pages_messaging", "messages are not seen, and nothing can be said in private" },
        };
        struct json_object *reply = NULL, *data;

        int r = facebook_get(op, f,
                             mentiond_format(op, "debug_token?input_token=%s", mentiond_escape(op, mentiond_reveal(f->token))),
                             &reply);
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
                const char *what = mentiond_format(op, "right %s", rights[i].name);

                if (has(mj_get(data, "scopes"), rights[i].name))
                        mentiond_report(op, MENTIOND_FINE, what, "granted");
                else
                        mentiond_report(op, MENTIOND_WRONG, what, "the token lacks it: %s; %s", rights[i].without, new_token);
        }
        return MENTIOND_OK;
}

/* Only limits keep the rest from being looked at. */
static int look_at_list(struct mentiond_op *op, const struct facebook *f, const char *what, const char *path,
                        struct json_object **ret)
{
        struct json_object *list = NULL;
        int r = facebook_get(op, f, mentiond_format(op, "me/%s", path), &list);

        *ret = mj_get(list, "data");
        if (r == MENTIOND_THROTTLED)
                return r;
        if (r == MENTIOND_OK)
                mentiond_report(op, MENTIOND_FINE, what, "can be read");
        else
                mentiond_report(op, MENTIOND_WRONG, what, "%s", mentiond_reason(op));
        return MENTIOND_OK;
}

/* Rights that the app has in name only, before Meta's review, show in what is left out. */
static void look_at_names(struct mentiond_op *op, struct json_object *posts)
{
        for (size_t i = 0; i < mj_len(posts); i++) {
                struct json_object *comments = mj_get(mj_get(mj_at(posts, i), "comments"), "data");

                for (size_t k = 0; k < mj_len(comments); k++)
                        if (!mj_get(mj_at(comments, k), "from")) {
                                mentiond_report(op, MENTIOND_WRONG, "names",
                                                "a comment does not say by whom it is: the app needs advanced access to "
                                                "pages_read_user_content");
                                return;
                        }
        }
}

int facebook_doctor(struct mentiond_op *op, void *state)
{
        const struct facebook *f = state;
        struct json_object *me = NULL, *list = NULL;
        bool hooks = false;
        int r = facebook_get(op, f, "me?fields=id,name,category", &me);

        if (r == MENTIOND_AUTH || r == MENTIOND_REJECTED)
                mentiond_report(op, MENTIOND_WRONG, "token", "%s: %s", mentiond_reason(op), new_token);
        if (r != MENTIOND_OK)
                return r == MENTIOND_AUTH || r == MENTIOND_REJECTED ? MENTIOND_OK : r;
        mentiond_report(op, MENTIOND_FINE, "Page", "%s (%s)", mj_str(me, "name"), mj_str(me, "id"));
        r = look_at_token(op, f);
        if (r == MENTIOND_OK)
                r = look_at_list(op, f, "comments", "feed?limit=5&fields=id,comments.filter(stream).limit(5){id,from}", &list);
        look_at_names(op, list);
        if (r == MENTIOND_OK && f->messages)
                r = look_at_list(op, f, "messages", "conversations?platform=messenger&limit=1&fields=id", &list);
        if (r == MENTIOND_OK && f->reviews)
                r = look_at_list(op, f, "reviews", "ratings?limit=1&fields=created_time", &list);
        if (r == MENTIOND_OK)
                r = look_at_list(op, f, "apps of the Page", "subscribed_apps", &list);
        if (r != MENTIOND_OK)
                return r;
        for (size_t i = 0; i < mj_len(list); i++)
                hooks |= has(mj_get(mj_at(list, i), "subscribed_fields"), "feed");
        mentiond_report(op, hooks ? MENTIOND_FINE : MENTIOND_UNCLEAR, "hooks", hooks ? "the Page tells an app of its comments"
                        : "the Page tells no app of its comments: polls find them all the same (mentiond-facebook(5), Hooks)");
        return MENTIOND_OK;
}
