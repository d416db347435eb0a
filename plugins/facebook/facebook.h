/* SPDX-License-Identifier: MIT
 *
 * Channel "facebook", between its own files: facebook.c (options, start, doctor), facebook_call.c (requests, lists, and what is
 * wrong with them), facebook_read.c (poll, reread), facebook_post.c (post, find, edit, remove, react). */
#ifndef FACEBOOK_H
#define FACEBOOK_H

#include <mentiond/channel.h>
#include <mentiond/json.h>
#include <stdbool.h>

#define DAY_USEC (INT64_C(86400) * 1000000)

#define FACEBOOK_OWN_FIELDS "id,message,from,created_time,permalink_url"       /* that posts and comments have */
#define FACEBOOK_STREAM "comments?filter=stream&order=reverse_chronological&limit=100&fields="

struct facebook {
        const char *server, *version;
        const struct mentiond_secret *token, *secret;
        int64_t posts_for_usec;
        uint32_t messages, reviews, human_agent;

        int64_t swept_usec;              /* steady: when all posts were last looked at; 0: not yet */
        int64_t below_usec;              /* how far back this poll reads the comments of a post; 0: to the horizon */
};

/* A list of the Graph's, newest first. */
struct facebook_list {
        struct mentiond_op *op;
        struct facebook *f;
        const char *path;                /* with a query */
        int (*take)(struct facebook_list *l, struct json_object *item);        /* each item; a verdict */
        int64_t until_usec;              /* ends there; 0: at the horizon */
        uint32_t flags;                  /* of its requests */
        size_t least;                    /* so many items are read, whatever their age */
        struct json_object *below;       /* the post or the conversation that the items belong to */
        bool tagged;                     /* that is somebody else's, and only names the Page */
        void *sought;

        bool fresh;                      /* there was something new on this page */
};

/* One request for a path below the API's version.  body: sent as JSON; ret: may be NULL.  What error.code says decides, not the
 * status. */
int facebook_call(struct mentiond_op *op, const struct facebook *f, const char *method, uint32_t flags, struct json_object *body,
                  const char *path, struct json_object **ret);

/* GET of a path that is written as for printf(). */
#define facebook_get(op, f, flags, ret, ...) facebook_call(op, f, "GET", flags, NULL, mentiond_format(op, __VA_ARGS__), ret)

/* Page by page, and on while there is something new; first: the first page, if that is there already. */
int facebook_read(struct facebook_list *l, struct json_object *first);

bool facebook_is_own(struct mentiond_op *op, struct json_object *item);

/* Posts and comments have ids of digits; messages, conversations and ratings without a story have not. */
bool facebook_is_post(const char *id);

int facebook_poll(struct mentiond_op *op, void *state);
int facebook_reread(struct mentiond_op *op, void *state, const char *const *ids, uint32_t n);
int facebook_post(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret);
int facebook_find(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret);
int facebook_edit(struct mentiond_op *op, void *state, const struct mentiond_change *change);
int facebook_remove(struct mentiond_op *op, void *state, const char *id);
int facebook_react(struct mentiond_op *op, void *state, uint32_t reaction, const char *id);

#endif
