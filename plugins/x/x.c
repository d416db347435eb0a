/* SPDX-License-Identifier: MIT
 *
 * Channel "x": an account on X, by version 2 of its API.  Called by the host only; owns its options.  Manual: mentiond-x(5).
 */
#include "x.h"

#define SHOWN_MAX 800                    /* mentions that X shows; what is older it does not */
#define PAGES_MAX 40                     /* it promises 100 of a page, and may leave many out */
#define LOOKUP_MAX 100                   /* posts of one request */

/* The options have the names of the fields. */
#define OPTION(field, type, ...) MENTIOND_OPTION(struct x, field, #field, type, __VA_ARGS__)

static const struct mentiond_option options[] = {
        OPTION(api, MENTIOND_URL, .default_value = "https://api.x.com", .flags = MENTIOND_BASE_URL, .help = "Address of the API"),
        OPTION(consumer_key, MENTIOND_STRING, .help = "OAuth 1.0a: API key of the application"),
        OPTION(consumer_secret, MENTIOND_SECRET, .help = "OAuth 1.0a: its secret"),
        OPTION(access_token, MENTIOND_SECRET, .help = "OAuth 1.0a: access token of the account"),
        OPTION(access_token_secret, MENTIOND_SECRET, .help = "OAuth 1.0a: its secret"),
        OPTION(client_id, MENTIOND_STRING, .help = "OAuth 2.0: id of the application"),
        OPTION(client_secret, MENTIOND_SECRET, .help = "OAuth 2.0: its secret, of a confidential application"),
        OPTION(refresh_token, MENTIOND_SECRET, .help = "OAuth 2.0: the first refresh token of the account"),
        OPTION(length, MENTIOND_INT, .default_value = "280", .min = 280, .max = 25000,
               .help = "How long posts may be: more with X Premium"),
        OPTION(ceiling, MENTIOND_INT, .default_value = "0", .min = 0, .max = 1000000,
               .help = "Dollars a month after which mentions are not read; 0: none"),
        OPTION(unsummoned, MENTIOND_BOOL, .default_value = "false",
               .help = "The contract with X allows answers to those who did not name the account"),
        { .name = NULL },
};

static const char *check(const void *state)
{
        const struct x *x = state;
        bool one = *x->consumer_key || x->consumer_secret || x->access_token || x->access_token_secret;
        bool two = *x->client_id || x->client_secret || x->refresh_token;

        if (one && two)
                return "consumer_key, consumer_secret, access_token and access_token_secret, or client_id and refresh_token, but"
                       " not both";
        if (two && !*x->client_id)
                return "client_id is missing, of the application that refresh_token is for";
        if (two && !x->refresh_token)
                return "refresh_token is missing, of the account";
        if (!two && (!*x->consumer_key || !x->consumer_secret || !x->access_token || !x->access_token_secret))
                return "consumer_key, consumer_secret, access_token and access_token_secret are all needed; or client_id and"
                       " refresh_token";
        return NULL;
}

static int ask_who(struct mentiond_op *op, struct x *x, struct json_object **ret)
{
        int r = x_ask(op, x, &(struct mentiond_request) { .path = "/2/users/me?" X_USER_FIELDS }, ret);

        if (r != MENTIOND_OK)
                return r == MENTIOND_GONE ? MENTIOND_RETRY : r;
        *ret = mj_get(*ret, "data");
        (void) mentiond_spend(op, X_OWN_READ);
        if (!*mj_str(*ret, "id") || !*mj_str(*ret, "username"))
                return mentiond_fail(op, MENTIOND_RETRY, "X does not say whose keys these are");
        return MENTIOND_OK;
}

static int start(struct mentiond_op *op, void *state)
{
        const struct x *x = state;
        struct json_object *me;
        int r = ask_who(op, state, &me);

        if (r != MENTIOND_OK)
                return r;
        mentiond_set_self(op, mj_str(me, "id"), mentiond_format(op, "@%s", mj_str(me, "username")));
        mentiond_set_caps(op, &(struct mentiond_caps) {
                .struct_size = sizeof(struct mentiond_caps),
                .length_unit = MENTIOND_X_WEIGHTED, .length_max = x->length, .url_length = 23,
                .flags = MENTIOND_CAN_REMOVE | MENTIOND_CAN_REPOST | MENTIOND_CAN_HIDE | MENTIOND_TELLS_AUTHOR,
                .uploads_max = 4, .description_max = 1000, .upload_size_max = 5 * 1024 * 1024,
                .upload_types = "image/png image/jpeg image/webp",
        });
        return MENTIOND_OK;
}

/* OK, or why it must not be asked for more this month. */
static int may_spend(struct mentiond_op *op, const struct x *x)
{
        int64_t spent = mentiond_spend(op, 0);

        if (!x->ceiling || spent < x->ceiling * 1000000)
                return MENTIOND_OK;
        return mentiond_fail(op, MENTIOND_BLOCKED, "this month has cost %.2f dollars, and the ceiling is %lld: mentions are not"
                             " read before the next month, or a higher ceiling; answers go out",
                             (double) spent / 1e6, (long long) x->ceiling);
}

/* Newest first, down to the horizon, which X is told: what is older would be paid for.  The first poll of all has none, and reads
 * on until it is past what it has itself made. */
static int poll(struct mentiond_op *op, void *state)
{
        int64_t horizon_usec = mentiond_horizon_usec(op), oldest_usec = INT64_MAX;
        const char *token = "";
        size_t shown = 0;

        for (int pages = 0; pages < PAGES_MAX; pages++) {
                struct json_object *page, *post;
                bool strays = false;     /* what is new and older than the horizon */
                int64_t cost = 0;

                mentiond_turn_page(op, &token, 1);
                int r = may_spend(op, state);
                if (r == MENTIOND_OK)
                        r = x_list(op, state, &page, "mentions", horizon_usec, token, X_EXPANDED);
                if (r != MENTIOND_OK)
                        return r;
                if (!mj_get(page, "data") && !mj_get(page, "meta"))
                        return mentiond_fail(op, MENTIOND_RETRY, "X shows no list of mentions (%s)",
                                             mj_str(mj_at(mj_get(page, "errors"), 0), "detail"));
                MJ_EACH(post, mj_get(page, "data")) {
                        const struct mentiond_mention *mention = x_mention(op, state, post, mj_get(page, "includes"));
                        bool says = !*x_reference(post, "retweeted"), fresh = says && mentiond_emit(op, mention);

                        strays |= fresh && mention->created_usec <= mentiond_horizon_usec(op);
                        cost += fresh || horizon_usec <= 0 ? X_OWN_READ + X_USER : 0;    /* again on the same day it is free */
                        if (mention->created_usec)
                                oldest_usec = mention->created_usec;
                }
                (void) mentiond_spend(op, cost);
                shown += mj_len(mj_get(page, "data"));
                token = mj_str(mj_get(page, "meta"), "next_token");
                if (horizon_usec > 0 && shown >= SHOWN_MAX && !*token)
                        mentiond_log(op, 3, "X shows the last %d mentions only, and there were more since the last poll: look in"
                                     " X for those before", SHOWN_MAX);
                if (!*token || (horizon_usec <= 0 && !strays && oldest_usec <= mentiond_horizon_usec(op)))
                        return MENTIOND_OK;
        }
        return mentiond_fail(op, MENTIOND_RETRY, "the list of mentions does not end");
}

/* The post that it answers comes with it; what stands above that is left to those who look into X. */
static int fetch(struct mentiond_op *op, void *state, const char *id)
{
        struct json_object *answer, *post, *includes, *above;
        int r = x_lookup(op, state, &answer, id, X_EXPANDED "%2Creferenced_tweets.id%2Creferenced_tweets.id.author_id");

        if (r != MENTIOND_OK)
                return r;
        post = mj_get(answer, "data");
        includes = mj_get(answer, "includes");
        above = mj_find(x_either(includes, "tweets", "posts"), "id", x_reference(post, "replied_to"));
        if (above) {
                mentiond_emit_ancestor(op, x_mention(op, state, above, includes));
                (void) mentiond_spend(op, X_READ + X_USER);
        }
        struct mentiond_mention *mention = x_mention(op, state, post, includes);
        mention->root = *mj_str(post, "conversation_id") ? mj_str(post, "conversation_id") : id;
        (void) mentiond_emit(op, mention);
        return MENTIOND_OK;
}

/* Of a post that was edited X shows the version that was asked for, and beside it the others. */
static int reread(struct mentiond_op *op, void *state, const char *const *ids, uint32_t n)
{
        struct json_object *answer, *includes, *versions, *post, *error;
        struct mentiond_request q = { .flags = MENTIOND_OPTIONAL };
        const char *list = "";

        for (uint32_t i = 0; i < n && i < LOOKUP_MAX; i++)
                list = mentiond_format(op, "%s%s%s", list, i ? "%2C" : "", mentiond_escape(op, ids[i]));
        q.path = mentiond_format(op, "/2/tweets?ids=%s&%s", list, X_EXPANDED "%2Cedit_history_tweet_ids");
        if (may_spend(op, state) != MENTIOND_OK)
                return MENTIOND_OK;      /* another time */
        int r = x_ask(op, state, &q, &answer);
        if (r != MENTIOND_OK)
                return r == MENTIOND_THROTTLED || r == MENTIOND_GONE ? MENTIOND_OK : r;  /* another time */
        includes = mj_get(answer, "includes");
        versions = x_either(includes, "tweets", "posts");
        (void) mentiond_spend(op, X_READ * (int64_t) (mj_len(mj_get(answer, "data")) + mj_len(versions)));
        MJ_EACH(post, mj_get(answer, "data")) {
                struct json_object *last = mj_find(versions, "id", x_version(post, true));
                struct mentiond_mention *mention = x_mention(op, state, last ? last : post, includes);

                mention->id = x_version(post, false);
                mentiond_emit_again(op, mention);
        }
        MJ_EACH(error, mj_get(answer, "errors"))
                if (strstr(mj_str(error, "type"), "resource-not-found") && !mj_is(error, "resource_type", "user"))
                        for (uint32_t k = 0; k < n; k++)
                                if (mj_is(error, "resource_id", ids[k]))
                                        mentiond_emit_gone(op, ids[k]);
        return MENTIOND_OK;
}

static int doctor(struct mentiond_op *op, void *state)
{
        const struct x *x = state;
        struct json_object *me;
        int r = ask_who(op, state, &me);

        if (r != MENTIOND_OK)
                return r;
        mentiond_report(op, MENTIOND_FINE, "keys", "they are @%s's, by OAuth %s", mj_str(me, "username"),
                        x->refresh_token ? "2.0" : "1.0a");
        if (mj_true(me, "protected"))
                mentiond_report(op, MENTIOND_WRONG, "account",
                                "its posts are protected, so that customers do not see its answers: open it in X's settings");
        bool reads = may_spend(op, x) == MENTIOND_OK;
        mentiond_report(op, reads ? MENTIOND_FINE : MENTIOND_WRONG, "money",
                        "%.2f dollars this month, by X's published prices; %s", (double) mentiond_spend(op, 0) / 1e6,
                        !reads       ? "mentions are not read any more: raise the option ceiling, or wait"
                        : x->ceiling ? "below the ceiling"
                                     : "no ceiling is set");
        mentiond_report(op, MENTIOND_UNCLEAR, "rights",
                        "X tells what the keys allow only when it is tried (mentiond-x(5), The keys)");
        return MENTIOND_OK;
}

static const struct mentiond_hook hook = {
        .struct_size = sizeof(hook), .signature = MENTIOND_HMAC_SHA256_BASE64, .handshake = MENTIOND_CRC_TOKEN,
        .header = "x-twitter-webhooks-signature", .prefix = "sha256=",
};

static const struct mentiond_channel x_channel = {
        .head = {
                MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel), .state_size = sizeof(struct x),
                .name = "x", .version = "1.0", .summary = "Mentions on X", .options = options,
        },
        .check = check, .start = start, .doctor = doctor, .hook = &hook,
        .poll = poll, .fetch = fetch, .reread = reread,
        .post = x_post, .find = x_find, .remove = x_remove, .react = x_react,
};
MENTIOND_CHANNEL_PLUGIN(x_channel)
