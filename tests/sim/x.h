/* SPDX-License-Identifier: MIT
 * What the files of the model of X share. */
#ifndef SIM_X_H
#define SIM_X_H

#include "social.h"

#define X_VERSIONS_MAX 64

/* What only X has of a post; beside each of social.statuses. */
struct x_post {
        uint64_t ids[X_VERSIONS_MAX];    /* of each version; the first is the one that the daemon knows it by */
        int n_ids;
        uint64_t above;                  /* the version that it answers */
        int64_t listed_usec;             /* it is in its author's list from then on */
        int photos;                      /* that were uploaded for it */
        bool hidden;
};

/* What only X has of a network. */
struct x_network {
        bool drifts;                     /* members have the names that the newest description gives them */
        bool signs, is_public;           /* requests are signed, by OAuth 1.0a; the application has no secret, with OAuth 2.0 */
        int64_t lasts_usec;              /* of an access token */
        int64_t broke_until, limited_until[2];   /* no credit; 429 for reads, and for what is written */
        uint64_t ceilings;               /* happenings[CEILING] at the last poll */
};
extern struct x_network x_networks[NETWORKS];

struct x_post *x_post_of(int status);
int x_status(int network, const char *id);             /* by any version, of what is not deleted; -1: there is none */
char *x_user_id(int account);                        /* malloced */
uint64_t x_last_id(int status);
bool x_lies(int permille);                           /* now, in its own way */

struct answer x_reply(struct json_object *json);
struct answer x_refuse(int status, const char *detail);
struct answer x_handle(const struct request *q);
void x_on_fault(const struct request *q);

/* x_show.c */
struct json_object *x_json(int network, int status, int version);
bool x_names_brand(int status);

/* x_read.c */
struct answer x_mentions(const struct request *q);
struct answer x_own(const struct request *q);
struct answer x_posts_by_id(const struct request *q, const char *ids, bool single);

/* x_write.c */
struct answer x_create(const struct request *q);
struct answer x_change(const struct request *q, int status, const char *what);
struct answer x_repost(const struct request *q);
struct answer x_take_file(const struct request *q);

/* x_tokens.c */
char *x_key_settings(int network);                   /* malloced */
struct answer x_token(const struct request *q);
bool x_is_authorized(const struct request *q);

#endif
