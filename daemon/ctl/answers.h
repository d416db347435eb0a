/* SPDX-License-Identifier: MIT
 * What a plugin is answered while it is checked: a folder of files, described in mentiond-check(1). */
#ifndef CTL_ANSWERS_H
#define CTL_ANSWERS_H

#include "host/setting.h"

struct json_object;

/* One file NAME-WHAT.http. */
struct exchange {
        char *file, *name;               /* name: of the operation that it is for, or "any" */
        char *method, *path, *asked;     /* patterns of path and query, and of the request's body */
        unsigned status;
        char *headers;                   /* lines, each with its CRLF */
        char *body;
        size_t body_size;
};

struct answers {
        char *folder;
        struct exchange *all;            /* by name of file */
        size_t n;
        struct section options;          /* the lines of the file "options" */
};

/* "@URL@" in any file is replaced by url, "@FOLDER@" in options by the folder.  0, or -errno and a sentence. */
int answers_read(struct answers *a, const char *folder, const char *url, char **ret_error);
void answers_done(struct answers *a);

/* The first that fits, of those for this name and then of those for any; "absent" has those of "find" between.  NULL: none. */
const struct exchange *answers_find(const struct answers *a, const char *name, const char *method, const char *path,
                                    const char *body);
bool answers_has(const struct answers *a, const char *name);     /* any for this name, or arguments */

/* What the file NAME.json says a call's arguments are; NULL if there is none.  The caller's. */
struct json_object *answers_arguments(const struct answers *a, const char *name);

#endif
