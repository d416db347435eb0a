/* SPDX-License-Identifier: MIT
 * What the files of the networks with Mastodon's API share. */
#ifndef MASTO_H
#define MASTO_H

#include "social.h"

struct json_object *masto_json(int status);
int masto_find(int network, const char *id);         /* -1: there is none */
struct answer masto_handle(const struct request *q);
void masto_on_fault(const struct request *q);
char *masto_shown_id(int status);                    /* malloced */
struct answer masto_reply(int status, struct json_object *json);
struct answer masto_refuse(int status, const char *error);

/* masto_write.c */
struct answer masto_create(const struct request *q);
struct answer masto_change(const struct request *q, int status, const char *what);   /* "", "/favourite" ... */

/* masto_files.c */
struct answer masto_upload(const struct request *q);
struct answer masto_file(const struct request *q, const char *id);
struct json_object *masto_files_json(int status);
int masto_judge_files(const struct request *q);      /* 0, or with what a post that names such files is refused */
void masto_attach(const struct request *q, int status);

#endif
