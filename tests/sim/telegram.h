/* SPDX-License-Identifier: MIT
 * What the files of the model of Telegram share.  A world has one of it at most: its first network. */
#ifndef TELEGRAM_H
#define TELEGRAM_H

#include "social.h"

struct telegram_chat {
        char *id, *title;
        int account;                     /* of a private one: whose; else 0 */
        char visibility;                 /* of all that is said there */
        bool forum;
        int n;                           /* messages; numbers are the chat's own */
        int first;                       /* message; -1: none */
        int moved_to;                    /* the supergroup that it has become; -1: none */
        int64_t visible;                 /* when the newest update of it that was published became visible */
};

/* What it knows of a post, beside social.statuses. */
struct telegram_post {
        int chat, number, topic;
        bool lost;                       /* the bot was never shown it */
        int64_t told_usec;               /* of what the bot said: when the daemon got the answer; 0: never */
        int told_incarnation;
};

struct telegram {
        int network;
        struct telegram_chat *chats;
        int n_chats;
        struct telegram_post *posts;     /* by status */
        bool privacy;                    /* the bot is shown in groups what answers it, and nothing else */
        int64_t kept_usec;               /* for so long updates are kept */
        bool jumps;                      /* numbers of updates may begin anew */
};
extern struct telegram telegram;

#define TELEGRAM_TOKEN "5550001:AAEhBP0av28abcdefghijklmnopqrstuvwx"

int telegram_chat_named(const char *id);             /* -1: there is none */
int telegram_find(int network, const char *id);
int telegram_message(int chat, int number);          /* the status, or -1 */
void telegram_posts_into(int chat);                  /* what is posted next; -1: where that belongs */
void telegram_sort(void);                            /* what is one conversation, as far as the bot can know */
struct json_object *telegram_json(int status, const char *text, bool edited);
struct answer telegram_reply(struct json_object *result);
struct answer telegram_refuse(int status, const char *description);

/* telegram_updates.c */
void telegram_tell(int status, bool edit);
struct answer telegram_updates(const struct request *q);

/* telegram_write.c */
bool telegram_writes(const struct request *q);       /* something that the bot says or changes */
struct answer telegram_write(const struct request *q, const char *method);
void telegram_on_fault(const struct request *q);

#endif
