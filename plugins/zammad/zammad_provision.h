/* SPDX-License-Identifier: MIT
 *
 * Provisioning, between its own files: zammad_provision.c (requests, tags, webhook and trigger), zammad_attribute.c,
 * zammad_screen.c (overview, text modules). */
#ifndef ZAMMAD_PROVISION_H
#define ZAMMAD_PROVISION_H

#include "zammad.h"

#define ZAMMAD_BY_US "Made by mentiond."     /* the note of what was made */

struct provider {
        struct mentiond_op *op;
        struct zammad *z;
        const struct mentiond_provisioning *p;
        bool down, apply;
};

/* A thing among others of its kind. */
struct thing {
        const char *what;        /* for people */
        const char *path;        /* of its kind */
        const char *right;       /* that it needs */
        struct json_object *wanted;      /* with its name; owned by the operation */
        const char *detail;      /* for people; NULL: none */
};

/* All return OK where a failure was told, and the others can be seen to. */

/* *ret is NULL if it cannot be had. */
int provider_list(const struct provider *v, const char *path, const char *what, const char *right, struct json_object **ret);

/* *ret_done: whether it was done. */
int provider_change(const struct provider *v, const char *method, const char *path, struct json_object *body, const char *what,
                    const char *right, struct zammad_answer *ret, bool *ret_done);

/* Makes, or changes, what is wanted, or removes it; there: as it is now, or NULL.  *ret, which may be NULL, is as it is then. */
int provider_put(const struct provider *v, const struct thing *t, struct json_object *there, struct json_object **ret);
int provider_drop(const struct provider *v, const struct thing *t, struct json_object *there);

int provider_attribute(const struct provider *v);
int provider_overview(const struct provider *v);
int provider_text_modules(const struct provider *v);

#endif
