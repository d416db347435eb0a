/* SPDX-License-Identifier: MIT
 * What the files of the model of Znuny share. */
#ifndef ZNUNY_H
#define ZNUNY_H

#include "desk.h"

struct history { int ticket, article; char *type, *name; int64_t created; };
struct znuny {
        struct history *history;
        int n_history;
};
extern struct znuny znuny;

int64_t znuny_changed_usec(int ticket);              /* by its own record */
char *znuny_time(int64_t world_usec);                /* in its zone, which it does not tell; malloced, as the next */
char *znuny_number(int ticket);
void znuny_add_history(int ticket, int article, const char *type, char *name);   /* takes the name */
int znuny_add_ticket(int desk, const char *title, const char *customer, const char *state);
int znuny_add_article(int ticket, bool agent, bool visible, const char *from, const char *subject, const char *body,
                      enum desk_user user);

struct answer znuny_handle(const struct request *q);
struct answer znuny_reply(struct json_object *json);
struct answer znuny_error(const char *operation, const char *code, const char *message);
void znuny_put_id(struct json_object *o, const char *name, int index, bool as_text);

/* znuny_read.c */
struct answer znuny_get(const struct request *q);
struct answer znuny_search(const struct request *q);
struct answer znuny_get_history(const struct request *q);

#endif
