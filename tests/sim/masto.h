/* SPDX-License-Identifier: MIT
 * What the files of the model networks share. */
#ifndef MASTO_H
#define MASTO_H

#include "sim.h"

struct json_object *masto_json(int status);
int masto_find(int network, const char *id);         /* -1: there is none */
struct answer masto_reply(int status, struct json_object *json);
struct answer masto_refuse(int status, const char *error);

/* masto_write.c */
struct answer masto_create(const struct request *q);
struct answer masto_remove(const struct request *q, int status);

#endif
