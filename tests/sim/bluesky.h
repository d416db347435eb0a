/* SPDX-License-Identifier: MIT
 * What the files of the model of Bluesky share: one server, which has the account and the app behind it. */
#ifndef BLUESKY_MODEL_H
#define BLUESKY_MODEL_H

#include "social.h"

#define SKY_POST "app.bsky.feed.post"

/* What only this network knows of a post. */
struct sky_post {
        char *rkey, *record;             /* record: as the daemon wrote it, or NULL */
        int64_t claimed;                 /* UTC, whole milliseconds: what its author's app wrote on it */
        int64_t indexed;                 /* from when on the app has it; USEC_INFINITY: not said yet */
        int quoted;                      /* -1: none */
        bool named;                      /* by a facet, as is told */
        bool untold;                     /* the app tells the account nothing of it, though it is below a post of that */
        bool gated;                      /* it begins a conversation, in which nobody else may answer */
        bool unlawful;                   /* an answer to such a one */
};
struct sky_post *sky_at(int status);

/* Whether he has blocked the brand, now or then. */
bool sky_blocks(int account);
bool sky_blocked(int account, int64_t when);

/* What the app shows, to all but who is blocked. */
bool sky_is_shown(int status);
int64_t sky_indexed(int status);
/* Where the lists of the app have it: by what is written on it, if that is not later than it was there. */
int64_t sky_listed(int status);

char *sky_did(int account);                      /* these are all malloced */
char *sky_cid(int status);
char *sky_time(int64_t utc_usec);
char *sky_tid(int64_t usec, int clock);
char *sky_parameter(const char *query, const char *name, int number);        /* of several the first is 0; "": there is none */
struct json_object *sky_record(int status);
int sky_find(int network, const char *id);

struct answer sky_reply(struct json_object *json);
struct answer sky_refuse(int status, const char *error, const char *message);

/* bluesky_api.c */
struct answer sky_answer(const struct request *q);
void sky_on_fault(const struct request *q);

/* bluesky_session.c: those that hold and those that do not.  False: *ret says why not. */
bool sky_may(const struct request *q, struct answer *ret);
struct answer sky_log_in(const struct request *q);
struct answer sky_renew(const struct request *q);
struct answer sky_session(const struct request *q);
struct answer sky_limit(int64_t usec);           /* for so long */

/* bluesky_read.c */
struct answer sky_notifications(const struct request *q);
struct answer sky_posts(const struct request *q);
struct answer sky_thread(const struct request *q);
void sky_looked(bool well);                      /* at what the page that was read last has */

/* bluesky_write.c */
struct answer sky_put(const struct request *q);
struct answer sky_create(const struct request *q);
struct answer sky_delete(const struct request *q);
struct answer sky_get_record(const struct request *q);
struct answer sky_list_records(const struct request *q);
struct answer sky_upload(const struct request *q);
char *sky_next_rkey(void);                       /* of the post that is being made; NULL: its author's app chooses */

#endif
