/* SPDX-License-Identifier: MIT
 * What the files of the model Facebook share. */
#ifndef SIM_FACEBOOK_H
#define SIM_FACEBOOK_H

#include "desk.h"

#define FACEBOOK_PAGE "1067280970047460"
#define FACEBOOK_DAY (24 * USEC_PER_HOUR)

/* What only Facebook knows of a status. */
struct facebook_item {
        enum facebook_kind { FACEBOOK_COMMENT, FACEBOOK_VISITOR, FACEBOOK_TAGGED, FACEBOOK_MESSAGE } kind;
        int post;                        /* of the Page, that a comment stands below; -1: none of the Page's */
        int above;                       /* the status that it stands below instead; -1 */
        int top;                         /* the comment that it is an answer to, as Facebook shows it; -1: it stands at the top */
        int talk;                        /* of a message: whose conversation it is */
        int aside;                       /* of a comment or a visitor's post: what answers it in private; -1: nothing */
        int64_t visible;                 /* in lists, of the Page's own */
};
struct facebook_post { char *id; int64_t created, order; };      /* of the Page; no status */
struct facebook {
        struct facebook_item *items;     /* by the number of the status */
        int n_items;
        struct facebook_post *posts;
        int n_posts;
        int roots[N_ACCOUNTS];           /* of the conversation with somebody: its first message; -1: he has said nothing yet */
        bool talks[N_ACCOUNTS];          /* there is one */
        bool requested;                  /* what is posted now answers what the request names */
        int64_t rights_usec;             /* the app lacks a right until then */
};
extern struct facebook facebook;

int facebook_find_status(int network, const char *id);
int facebook_find_post(const char *id);
bool facebook_has(int status);                        /* by its id */
bool facebook_may_reply_aside(int status);
char *facebook_talk_id(int account);
struct answer facebook_refuse(int status, int code, int subcode, const char *message);

bool facebook_is_listed(int status);
int64_t facebook_order_of(int status);                /* in lists */

/* facebook_read.c */
struct answer facebook_look(const struct request *q, const char *id, const char *edge);
char *facebook_parameter(const char *query, const char *name);   /* malloced */

/* facebook_write.c */
struct answer facebook_write(const struct request *q, const char *id, const char *edge);
void facebook_on_fault(const struct request *q);
void facebook_deleted(int status);

#endif
