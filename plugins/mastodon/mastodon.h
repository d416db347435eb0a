/* SPDX-License-Identifier: MIT
 *
 * Channel "mastodon", between its own files: mastodon.c (start, poll, fetch), mastodon_status.c (what posts are),
 * mastodon_post.c (post, find), mastodon_media.c (the files of a post), mastodon_name.c (whom a text names), mastodon_change.c
 * (edit, remove, react), mastodon_reread.c, mastodon_doctor.c. */
#ifndef MASTODON_H
#define MASTODON_H

#include <mentiond/channel.h>
#include <mentiond/json.h>
#include <stdbool.h>

/* A file that a server is still working on, for the next attempt to post it. */
struct mastodon_file {
        char name[232], id[64];
};

struct mastodon {
        const char *server;
        const struct mentiond_secret *token;

        /* What start() learns. */
        bool like_mastodon;              /* it is Mastodon, or a fork */
        bool snac;

        bool asks_singly;                /* it does not give several posts at once */
        struct mastodon_file files[16];
        unsigned n_files;                /* ever; the oldest make room */
};

static inline const char *mastodon_either(const char *text, const char *otherwise)
{
        return *text ? text : otherwise;
}

/* What the server says of itself: version 2 of the API's, or 1 where that is all there is. */
int mastodon_instance(struct mentiond_op *op, struct json_object **ret);

/* snac's version, as 2075 for 2.75; 0 for another server. */
int mastodon_snac(struct json_object *instance);

/* An id as it is kept. */
const char *mastodon_id(struct mentiond_op *op, const char *id);

/* A post as the API shows it. */
struct mentiond_mention *mastodon_mention(struct mentiond_op *op, const struct mastodon *m, struct json_object *status);

/* "public" for MENTIOND_PUBLIC ...; the narrowest for what is none. */
const char *mastodon_visibility(uint32_t visibility);

/* GET of a post, or with what = "/context" of what is around it. */
int mastodon_get(struct mentiond_op *op, struct json_object **ret, const char *id, const char *what);

/* 403 because the token lacks a scope. */
bool mastodon_lacks_scope(const struct mentiond_response *response);

/* The first whom a text names and another text does not, but for the account itself; or NULL. */
const char *mastodon_stranger(struct mentiond_op *op, const struct mastodon *m, const char *text, const char *known);

/* Uploads the files of a post, and tells their ids, NULL if it has none. */
int mastodon_upload(struct mentiond_op *op, struct mastodon *m, const struct mentiond_post *part, struct json_object **ret_ids);

int mastodon_post(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret);
int mastodon_find(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret);
int mastodon_edit(struct mentiond_op *op, void *state, const struct mentiond_change *change);
int mastodon_remove(struct mentiond_op *op, void *state, const char *id);
int mastodon_react(struct mentiond_op *op, void *state, uint32_t reaction, const char *id);
int mastodon_reread(struct mentiond_op *op, void *state, const char *const *ids, uint32_t n);
int mastodon_doctor(struct mentiond_op *op, void *state);

#endif
