/* SPDX-License-Identifier: MIT
 *
 * Channel "x": an account on X, by version 2 of its API.  Called by the host only; owns its options.  Manual: mentiond-x(5).
 */
#include "x.h"

#define SHOWN_MAX 800                    /* mentions that X shows; what is older it does not */
#define PAGES_MAX 40                     /* it promises 100 of a page, and may leave many out */
#define LOOKUP_MAX 100                   /* posts of one request */

static const struct mentiond_option options[] = {
        MENTIOND_OPTION(struct x, api, "api", MENTIOND_URL, .help = "Address of the API", .default_value = "https://api.x.com",
                        .flags = MENTIOND_BASE_URL),
        MENTIOND_OPTION(struct x, consumer_key, "consumer_key", MENTIOND_STRING,
                        .help = "OAuth 1.0a: API key of the application"),
        MENTIOND_OPTION(struct x, consumer_secret, "consumer_secret", MENTIOND_SECRET, .help = "OAuth 1.0a: its secret"),
        MENTIOND_OPTION(struct x, access_token, "access_token", MENTIOND_SECRET,
                        .help = "OAuth 1.0a: access token of the account"),
        MENTIOND_OPTION(struct x, access_token_secret, "access_token_secret", MENTIOND_SECRET, .help = "OAuth 1.0a: its secret"),
        MENTIOND_OPTION(struct x, client_id, "client_id", MENTIOND_STRING, .help = "OAuth 2.0: id of the application"),
        MENTIOND_OPTION(struct x, client_secret, "client_secret", MENTIOND_SECRET,
                        .help = "OAuth 2.0: its secret, of a confidential application"),
        MENTIOND_OPTION(struct x, refresh_token, "refresh_token", MENTIOND_SECRET,
                        .help = "OAuth 2.0: the first refresh token of the account"),
        MENTIOND_OPTION(struct x, length, "length", MENTIOND_INT, .help = "How long posts may be: more with X Premium",
                        .default_value = "280", .min = 280, .max = 25000),
        MENTIOND_OPTION(struct x, ceiling, "ceiling", MENTIOND_INT,
                        .help = "Dollars a month after which mentions are not read; 0: none", .default_value = "0", .min = 0,
                        .max = 1000000),
        MENTIOND_OPTION(struct x, unsummoned, "unsummoned", MENTIOND_BOOL,
                        .help = "The contract with X allows answers to those who did not name the account",
                        .default_value = "false"),
        { .name = NULL },
};

static const char *check(const void *state)
{
        const struct x *x = state;
        bool one = *x->consumer_key || x->consumer_secret || x->access_token || x->access_token_secret;
        bool two = *x->client_id || x->client_secret || x->refresh_token;

        if (one && two)
                return "consumer_key, consumer_secret, access_token and access_token_secret, or client_id and refresh_token, but "
                       "not both";
        if (two && !*x->client_id)
                return "client_id is missing, of the application that refresh_token is for";
        if (two && !x->refresh_token)
                return "refresh_token is missing, of the account";
        if (!two && (!*x->consumer_key || !x->consumer_secret || !x->access_token || !x->access_token_secret))
                return "consumer_key, consumer_secret, access_token and access_token_secret are all needed; or client_id and "
                       "refresh_token";
        return NULL;
}

static int ask_who(struct mentiond_op *op, struct x *x, struct json_object **ret)
{
        struct json_object *answer = NULL;
        int r = x_get(op, x, 0, &answer, "/2/users/me", X_USER_FIELDS);

        if (r != MENTIOND_OK)
                return r == MENTIOND_GONE ? MENTIOND_RETRY : r;
        *ret = mj_get(answer, "data");
        (void) mentiond_spend(op, X_OWN_READ);
        if (!*mj_str(*ret, "id") || !*mj_str(*ret, "username"))
                return mentiond_fail(op, MENTIOND_RETRY, "X does not say whose keys these are");
        return MENTIOND_OK;
}

static int start(struct mentiond_op *op, void *state)
{
        struct json_object *me = NULL;
        struct x *x = state;
        int r = ask_who(op, x, &me);

        if (r != MENTIOND_OK)
                return r;
        mentiond_set_self(op, mj_str(me, "id"), mentiond_format(op, "@%s", mj_str(me, "username")));
        mentiond_set_caps(op, &(struct mentiond_caps) {
                .struct_size = sizeof(struct mentiond_caps),
                .length_unit = MENTIOND_X_WEIGHTED,
                .length_max = x->length,
                .url_length = 23,
                .flags = MENTIOND_CAN_REMOVE | MENTIOND_CAN_REPOST | MENTIOND_CAN_HIDE | MENTIOND_TELLS_AUTHOR,
                .uploads_max = 4,
                .description_max = 1000,
                .upload_size_max = 5 * 1024 * 1024,
                .upload_types = "image/png image/jpeg image/webp",
        });
        return MENTIOND_OK;
}

static int emit_page(struct mentiond_op *op, const struct x *x, struct json_object *page, bool counts_all,
                     int64_t *ret_oldest_usec)
{
        struct json_object *posts = mj_get(page, "data"), *includes = mj_get(page, "includes");
        int64_t cost = 0;
        int strays = 0;

        for (size_t i = 0; i < mj_len(posts); i++) {
                struct mentiond_mention *mention = x_mention(op, x, mj_at(posts, i), includes);
                int fresh = 0;

                if (!*x_reference(mj_at(posts, i), "retweeted"))         /* it says nothing of its own */
                        fresh = mentiond_emit(op, mention);
                strays |= fresh && mention->created_usec <= mentiond_horizon_usec(op);
                cost += fresh || counts_all ? X_OWN_READ + X_USER : 0;   /* the same again costs nothing on the same day */
                if (mention->created_usec)
                        *ret_oldest_usec = mention->created_usec;
        }
        (void) mentiond_spend(op, cost);
        return strays;
}

/* Newest first, down to the horizon, which X is told: what is older would be paid for.  The first poll of all has none, and reads
 * on until it is past what it has itself made. */
static int poll(struct mentiond_op *op, void *state)
{
        int64_t horizon_usec = mentiond_horizon_usec(op), oldest_usec = INT64_MAX;
        const char *kept[] = { "", "" };         /* where the next page is, and since when */
        struct x *x = state;
        size_t shown = 0;
        int strays = 0;

        if (horizon_usec > 0)
                kept[1] = mentiond_format(op, "&start_time=%s", x_time(op, horizon_usec));
        for (int pages = 0; pages < PAGES_MAX; pages++) {
                struct json_object *page = NULL;

                mentiond_turn_page(op, kept, 2);
                int r = x_may_spend(op, x);
                if (r == MENTIOND_OK)
                        r = x_get(op, x, 0, &page,
                                  mentiond_format(op, "/2/users/%s/mentions?max_results=%d%s%s%s",
                                                  mentiond_escape(op, mentiond_self(op)), horizon_usec > 0 ? 100 : 10, kept[1],
                                                  *kept[0] ? "&pagination_token=" : "", mentiond_escape(op, kept[0])),
                                  X_EXPANDED);
                if (r != MENTIOND_OK)
                        return r;
                if (!mj_get(page, "data") && !mj_get(page, "meta"))
                        return mentiond_fail(op, MENTIOND_RETRY, "X shows no list of mentions (%s)",
                                             mj_str(mj_at(mj_get(page, "errors"), 0), "detail"));
                shown += mj_len(mj_get(page, "data"));
                strays = emit_page(op, x, page, horizon_usec <= 0, &oldest_usec);
                kept[0] = mj_str(mj_get(page, "meta"), "next_token");
                if (horizon_usec > 0 && shown >= SHOWN_MAX && !*kept[0])
                        mentiond_log(op, 3,
                                     "X shows the last %d mentions only, and there were more since the last poll: look in X for "
                                     "those before",
                                     SHOWN_MAX);
                if (!*kept[0] || (horizon_usec <= 0 && !strays && oldest_usec <= mentiond_horizon_usec(op)))
                        return MENTIOND_OK;
        }
        return mentiond_fail(op, MENTIOND_RETRY, "the list of mentions does not end");
}

int x_lookup(struct mentiond_op *op, struct x *x, struct json_object **ret, const char *id, const char *fields)
{
        int r = x_get(op, x, 0, ret, mentiond_format(op, "/2/tweets/%s", mentiond_escape(op, id)), fields);

        if (r == MENTIOND_OK && !*mj_str(mj_get(*ret, "data"), "id"))
                return mentiond_fail(op, MENTIOND_GONE, "X does not show the post (%s)",
                                     mj_str(mj_at(mj_get(*ret, "errors"), 0), "title"));
        if (r == MENTIOND_OK)
                (void) mentiond_spend(op, X_READ);
        return r;
}

/* The post that it answers comes with it; what stands above that is left to those who look into X. */
static int fetch(struct mentiond_op *op, void *state, const char *id)
{
        struct json_object *answer = NULL, *above;
        struct x *x = state;

        int r = x_lookup(op, x, &answer, id, X_EXPANDED "%2Creferenced_tweets.id%2Creferenced_tweets.id.author_id");
        if (r != MENTIOND_OK)
                return r;
        struct json_object *post = mj_get(answer, "data"), *includes = mj_get(answer, "includes"),
                           *list = x_member(includes, X_POSTS);
        for (size_t i = 0; (above = mj_at(list, i)); i++)
                if (strcmp(mj_str(above, "id"), x_reference(post, "replied_to")) == 0) {
                        mentiond_emit_ancestor(op, x_mention(op, x, above, includes));
                        (void) mentiond_spend(op, X_READ + X_USER);
                }
        struct mentiond_mention *mention = x_mention(op, x, post, includes);
        mention->root = *mj_str(post, "conversation_id") ? mj_str(post, "conversation_id") : id;
        (void) mentiond_emit(op, mention);
        return MENTIOND_OK;
}

/* Of a post that was edited X shows the version that was asked for, and beside it the others. */
static int reread(struct mentiond_op *op, void *state, const char *const *ids, uint32_t n)
{
        struct json_object *answer = NULL, *includes, *post, *error;
        const char *list = "";
        struct x *x = state;

        for (uint32_t i = 0; i < n && i < LOOKUP_MAX; i++)
                list = mentiond_format(op, "%s%s%s", list, i ? "%2C" : "", mentiond_escape(op, ids[i]));
        if (x_may_spend(op, x) != MENTIOND_OK)
                return MENTIOND_OK;      /* another time */
        int r = x_get(op, x, MENTIOND_OPTIONAL, &answer, mentiond_format(op, "/2/tweets?ids=%s", list),
                      X_EXPANDED "%2Cedit_history_tweet_ids");
        if (r != MENTIOND_OK)
                return r == MENTIOND_THROTTLED ? MENTIOND_OK : r;
        includes = mj_get(answer, "includes");
        (void) mentiond_spend(op, X_READ * (int64_t) (mj_len(mj_get(answer, "data")) + mj_len(x_member(includes, X_POSTS))));
        for (size_t i = 0; (post = mj_at(mj_get(answer, "data"), i)); i++) {
                struct json_object *last = x_among(x_member(includes, X_POSTS), "id", x_version(post, -1));
                struct mentiond_mention *mention = x_mention(op, x, last ? last : post, includes);

                mention->id = x_version(post, 0);
                mentiond_emit_again(op, mention);
        }
        for (size_t i = 0; (error = mj_at(mj_get(answer, "errors"), i)); i++)
                if (strstr(mj_str(error, "type"), "resource-not-found") && strcmp(mj_str(error, "resource_type"), "user") != 0)
                        for (uint32_t k = 0; k < n; k++)
                                if (strcmp(mj_str(error, "resource_id"), ids[k]) == 0)
                                        mentiond_emit_gone(op, ids[k]);
        return MENTIOND_OK;
}

static int doctor(struct mentiond_op *op, void *state)
{
        struct json_object *me = NULL;
        struct x *x = state;
        int r = ask_who(op, x, &me), wanted = x_may_spend(op, x);

        if (r != MENTIOND_OK)
                return r;
        mentiond_report(op, MENTIOND_FINE, "keys", "they are @%s's, by OAuth %s", mj_str(me, "username"),
                        x->refresh_token ? "2.0" : "1.0a");
        if (mj_true(me, "protected"))
                mentiond_report(op, MENTIOND_WRONG, "account",
                                "its posts are protected, so that customers do not see its answers: open it in X's settings");
        mentiond_report(op, wanted == MENTIOND_OK ? MENTIOND_FINE : MENTIOND_WRONG, "money",
                        "%.2f dollars this month, by X's published prices; %s", (double) mentiond_spend(op, 0) / 1e6,
                        wanted != MENTIOND_OK ? "mentions are not read any more: raise the option ceiling, or wait"
                        : x->ceiling          ? "below the ceiling"
                                              : "no ceiling is set");
        mentiond_report(op, MENTIOND_UNCLEAR, "rights",
                        "X tells what the keys allow only when it is tried (mentiond-x(5), The keys)");
        return MENTIOND_OK;
}

static const struct mentiond_hook hook = {
        .struct_size = sizeof(hook),
        .signature = MENTIOND_HMAC_SHA256_BASE64,
        .handshake = MENTIOND_CRC_TOKEN,
        .header = "x-twitter-webhooks-signature",
        .prefix = "sha256=",
};

static const struct mentiond_channel x_channel = {
        .head = {
                MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel),
                .state_size = sizeof(struct x),
                .name = "x",
                .version = "1.0",
                .summary = "Mentions on X",
                .options = options,
        },
        .check = check,
        .start = start,
        .poll = poll,
        .fetch = fetch,
        .post = x_post,
        .find = x_find,
        .hook = &hook,
        .doctor = doctor,
        .remove = x_remove,
        .react = x_react,
        .reread = reread,
};
MENTIOND_CHANNEL_PLUGIN(x_channel)
