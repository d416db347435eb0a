/* SPDX-License-Identifier: MIT
 *
 * Channel "facebook": what the account needs, looked at live.  Changes nothing.
 */
#include "facebook.h"

#define SOON_USEC (INT64_C(14) * 86400 * 1000000)

static const char new_token[] = "make a new one (mentiond-facebook(5), The token), then mentionctl resume";

static void look_at_end(struct mentiond_op *op, const char *what, int64_t seconds)
{
        int64_t left_usec = seconds * 1000000 - mentiond_now_usec(op);

        if (!seconds)
                mentiond_report(op, MENTIOND_FINE, what, "it does not expire");
        else
                mentiond_report(op, left_usec > SOON_USEC ? MENTIOND_FINE : MENTIOND_WRONG, what, "it ends in %lld days%s%s",
                                (long long) (left_usec / 86400000000), left_usec > SOON_USEC ? "" : ": ", left_usec > SOON_USEC ? "" : new_token);
}

static bool has(struct json_object *list, const char *word)
{
        for (size_t i = 0; i < mj_len(list); i++)
                if (json_object_is_type(mj_at(list, i), json_type_string) && strcmp(json_object_get_string(mj_at(list, i)), word) == 0)
                        return true;
        return false;
}

/* The token stands in the query, which is not logged: Facebook takes it nowhere else. */
static int look_at_token(struct mentiond_op *op, const struct facebook *f)
{
        static const struct {
                const char *name, *without;
                bool messages;
        } rights[] = {
                { "pages_read_engagement", "posts and comments are not seen", false },
                { "pages_read_user_content", "it is not seen who wrote a comment, nor what visitors post", false },
                { "pages_manage_engagement", "nothing can be answered, liked or hidden", false },
                { "pages_manage_metadata", "hooks cannot be subscribed to; polls go on without", false },
                { "pages_messaging", "messages are not seen, and nothing can be said in private", true },
        };
        struct json_object *reply = NULL;
        int r = facebook_get(op, f, mentiond_format(op, "debug_token?input_token=%s", mentiond_escape(op, mentiond_reveal(f->token))), &reply);

        if (r != MENTIOND_OK) {
                mentiond_report(op, MENTIOND_UNCLEAR, "rights of the token", "Facebook does not tell them (%s): look into its Access Token Debugger", mentiond_reason(op));
                return r == MENTIOND_CANCELED || r == MENTIOND_THROTTLED ? r : MENTIOND_OK;
        }
        struct json_object *data = mj_get(reply, "data");
        look_at_end(op, "token", mj_int(data, "expires_at", 0));
        look_at_end(op, "access to data", mj_int(data, "data_access_expires_at", 0));
        for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
                const char *what = mentiond_format(op, "right %s", rights[i].name);

                if (rights[i].messages && !f->messages)
                        continue;
                if (has(mj_get(data, "scopes"), rights[i].name))
                        mentiond_report(op, MENTIOND_FINE, what, "granted");
                else
                        mentiond_report(op, MENTIOND_WRONG, what, "the token lacks it: %s; %s", rights[i].without, new_token);
        }
        return MENTIOND_OK;
}

/* Rights that the app has in name only, before Meta's review, show in what is left out. */
static int look_at_list(struct mentiond_op *op, const struct facebook *f, const char *what, const char *path)
{
        struct json_object *list = NULL;
        int r = facebook_get(op, f, mentiond_format(op, "%s/%s", mentiond_self(op), path), &list);
        size_t comments = 0, nameless = 0;

        if (r == MENTIOND_CANCELED || r == MENTIOND_THROTTLED)
                return r;
        if (r != MENTIOND_OK)
                mentiond_report(op, MENTIOND_WRONG, what, "%s", mentiond_reason(op));
        for (size_t i = 0; i < mj_len(mj_get(list, "data")); i++) {
                struct json_object *below = mj_get(mj_get(mj_at(mj_get(list, "data"), i), "comments"), "data");

                for (size_t k = 0; k < mj_len(below); k++, comments++)
                        nameless += !mj_get(mj_at(below, k), "from");
        }
        if (nameless)
                mentiond_report(op, MENTIOND_WRONG, what, "of %zu comments %zu do not say by whom: the app needs advanced access to pages_read_user_content",
                                comments, nameless);
        else if (r == MENTIOND_OK)
                mentiond_report(op, MENTIOND_FINE, what, "can be read");
        return MENTIOND_OK;
}

static int look_at_hooks(struct mentiond_op *op, const struct facebook *f)
{
        struct json_object *apps = NULL;
        int r = facebook_get(op, f, mentiond_format(op, "%s/subscribed_apps", mentiond_self(op)), &apps);
        bool feed = false;

        for (size_t i = 0; i < mj_len(mj_get(apps, "data")); i++)
                feed |= has(mj_get(mj_at(mj_get(apps, "data"), i), "subscribed_fields"), "feed");
        mentiond_report(op, feed ? MENTIOND_FINE : MENTIOND_UNCLEAR, "hooks", feed ? "the Page tells an app of its comments"
                        : "the Page tells no app of its comments: polls find them all the same (mentiond-facebook(5), HOOKS)");
        return r == MENTIOND_CANCELED || r == MENTIOND_THROTTLED ? r : MENTIOND_OK;
}

int facebook_doctor(struct mentiond_op *op, void *state)
{
        const struct facebook *f = state;
        struct json_object *me = NULL;
        int r = facebook_get(op, f, "me?fields=id,name,category", &me);

        if (r == MENTIOND_AUTH || r == MENTIOND_REJECTED) {
                mentiond_report(op, MENTIOND_WRONG, "token", "%s: %s", mentiond_reason(op), new_token);
                return MENTIOND_OK;
        }
        if (r != MENTIOND_OK)
                return r;
        mentiond_report(op, MENTIOND_FINE, "Page", "%s (%s)", mj_str(me, "name"), mj_str(me, "id"));
        r = look_at_token(op, f);
        if (r == MENTIOND_OK)
                r = look_at_list(op, f, "comments", "feed?limit=5&fields=id,comments.filter(stream).limit(5){id,from}");
        if (r == MENTIOND_OK && f->messages)
                r = look_at_list(op, f, "messages", "conversations?platform=messenger&limit=1&fields=id");
        if (r == MENTIOND_OK && f->reviews)
                r = look_at_list(op, f, "reviews", "ratings?limit=1&fields=created_time");
        return r == MENTIOND_OK ? look_at_hooks(op, f) : r;
}
