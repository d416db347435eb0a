/* SPDX-License-Identifier: MIT
 *
 * Channel "x", between its own files: x.c (start, poll, fetch, reread, doctor), x_call.c (a request), x_post.c
 * (what an account does), x_tweet.c (what posts are). */
#ifndef X_H
#define X_H

#include <mentiond/channel.h>
#include <mentiond/json.h>
#include <stdbool.h>

struct x {
        const char *api, *consumer_key, *client_id;
        const struct mentiond_secret *consumer_secret, *access_token, *access_token_secret, *client_secret, *refresh_token;
        int64_t length, ceiling;
        uint32_t unsummoned;
};

/* What X takes for what, in millionths of a dollar (docs.x.com, 2026-08).  Who reads his own mentions pays less. */
enum x_price { X_OWN_READ = 1000, X_READ = 5000, X_USER = 10000, X_REPLY = 10000, X_LINK = 200000, X_DELETE = 10000,
               X_REPOST = 15000 };

/* What is asked of a post, and with it of its author and its files: queries, encoded. */
#define X_POST \
        "tweet.fields=created_at%2Cauthor_id%2Cconversation_id%2Cin_reply_to_user_id%2Creferenced_tweets%2Centities" \
        "%2Cattachments%2Clang%2Cedit_history_tweet_ids%2Cnote_tweet"
#define X_USER_FIELDS "user.fields=username%2Cname%2Cverified%2Cprotected%2Ccreated_at%2Cpublic_metrics"
#define X_EXPANDED \
        X_POST "&" X_USER_FIELDS \
               "&media.fields=url%2Ctype%2Calt_text%2Cpreview_image_url&expansions=author_id%2Cattachments.media_keys"

/* Sends a request, signed or with an access token; the verdict is refined by what X says.  The path is encoded.  *ret is
 * filled in whatever is returned. */
int x_call(struct mentiond_op *op, struct x *x, struct mentiond_request *q, struct mentiond_response *ret);

/* The same for what may be asked twice, and is answered with JSON. */
int x_ask(struct mentiond_op *op, struct x *x, struct mentiond_request *q, struct json_object **ret);

/* A page of the account's "mentions" or "tweets", the newest first.  since_usec: 0 for a short page of the newest. */
int x_list(struct mentiond_op *op, struct x *x, struct json_object **ret, const char *list, int64_t since_usec,
           const char *token, const char *fields);

/* GET of one post, which is paid for; GONE also where X says that with 200. */
int x_lookup(struct mentiond_op *op, struct x *x, struct json_object **ret, const char *id, const char *fields);

/* What X says under the one name, or, once it calls tweets posts, under the other. */
struct json_object *x_either(struct json_object *object, const char *name, const char *other);

struct mentiond_mention *x_mention(struct mentiond_op *op, const struct x *x, struct json_object *post,
                                   struct json_object *includes);
const char *x_text(struct mentiond_op *op, struct json_object *post);
const char *x_reference(struct json_object *post, const char *type);     /* id of what it is a reply to, or quotes ...; "" */
const char *x_version(struct json_object *post, bool last);              /* id of its last version, or of its first */
bool x_is_summoned(struct mentiond_op *op, struct json_object *post);

int x_post(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret);
int x_find(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret);
int x_remove(struct mentiond_op *op, void *state, const char *id);
int x_react(struct mentiond_op *op, void *state, uint32_t reaction, const char *id);

#endif
