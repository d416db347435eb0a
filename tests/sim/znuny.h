/* SPDX-License-Identifier: MIT
 * What the files of the model helpdesk share. */
#ifndef ZNUNY_H
#define ZNUNY_H

#include "sim.h"

enum { AGENT = 2, API_USER = 3, OTHER_AGENT = 4 };

char *znuny_time(int64_t world_usec);                /* in its zone, which it does not tell; malloced, as the next */
char *znuny_number(int ticket);
void znuny_add_history(int ticket, int article, const char *type, char *name);   /* takes the name */
int znuny_add_ticket(const char *title, const char *customer, const char *state);
int znuny_add_article(int ticket, bool agent, bool visible, const char *from, const char *subject, const char *body, int user);

#endif
