/* SPDX-License-Identifier: MIT
 *
 * Channel "bluesky", between its own files: bluesky.c (start, doctor), bluesky_session.c (requests, and who makes them),
 * bluesky_mention.c (what posts are), bluesky_read.c (poll, fetch, reread), bluesky_write.c (post, find, remove, react). */
#ifndef BLUESKY_H
#define BLUESKY_H

#include <mentiond/channel.h>
#include <mentiond/json.h>
#include <stdbool.h>

#define BLUESKY_POST "app.bsky.feed.post"

struct bluesky {
        const char *server, *account;
        const struct mentiond_secret *password;
};

/* The session: did, pds, accessJwt, refreshJwt.  refused: an access token that is not taken any more; NULL: none. */
int bluesky_session(struct mentiond_op *op, struct bluesky *b, const char *refused, struct json_object **ret);

/* A request to the account's PDS; its path is a method with its parameters.  The verdict goes by the server's error, never by its
 * status.  *ret is what it said also on failure. */
int bluesky_call(struct mentiond_op *op, struct bluesky *b, struct json_object **ret, struct mentiond_request request);
int bluesky_get(struct mentiond_op *op, struct bluesky *b, struct json_object **ret, uint32_t flags, const char *query);
int bluesky_do(struct mentiond_op *op, struct bluesky *b, struct json_object **ret, uint32_t flags, const char *method,
               struct json_object *body);

/* "at://DID/COLLECTION/RKEY" in its parts; all of them "" if it is none. */
struct bluesky_uri {
        const char *did, *collection, *rkey;
};
struct bluesky_uri bluesky_split(struct mentiond_op *op, const char *uri);
const char *bluesky_web(struct mentiond_op *op, const char *uri);
bool bluesky_is_own(struct mentiond_op *op, const char *uri);

/* A post as a notification or the app shows it; view: NULL, or as the app does. */
struct mentiond_mention *bluesky_mention(struct mentiond_op *op, struct json_object *item, struct json_object *view);

/* Why it cannot be answered; NULL if it can. */
const char *bluesky_objection(struct json_object *view);

/* The reference of a post to its root; of one that is its own, NULL. */
struct json_object *bluesky_root(struct json_object *record);

/* Posts as the app shows them, by their URIs; those that it does not show are missing. */
int bluesky_views(struct mentiond_op *op, struct bluesky *b, const char *const *uris, size_t n, uint32_t flags,
                  struct json_object *ret);

/* A record as it is kept: uri, cid, value. */
int bluesky_record(struct mentiond_op *op, struct bluesky *b, struct json_object **ret, uint32_t flags, struct bluesky_uri uri);

int bluesky_poll(struct mentiond_op *op, void *state);
int bluesky_fetch(struct mentiond_op *op, void *state, const char *id);
int bluesky_reread(struct mentiond_op *op, void *state, const char *const *ids, uint32_t n);
int bluesky_post(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret);
int bluesky_find(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret);
int bluesky_remove(struct mentiond_op *op, void *state, const char *id);
int bluesky_react(struct mentiond_op *op, void *state, uint32_t reaction, const char *id);

#endif
