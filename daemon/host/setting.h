/* SPDX-License-Identifier: MIT
 * L2.  Settings as the configuration gives them, option tables that say what they mean, and what is wrong with
 * them.  Secrets. */
#ifndef HOST_SETTING_H
#define HOST_SETTING_H

#include "base/buffer.h"

#include <mentiond/plugin.h>

/* Sentences for the admin, one a line: "FILE:LINE: what is wrong (what to do)". */
struct problems {
        struct buffer text;
        size_t n;
};
#define PROBLEMS_INIT { .text = { .max = 64 * 1024 } }
void problem_add(struct problems *p, const char *file, unsigned line, const char *format, ...) _printf_(4, 5);

struct setting {
        char *name, *value;              /* booleans as "true" and "false", numbers in decimal */
        unsigned line;
};

/* The settings of one instance, or of the daemon. */
struct section {
        char *name;
        const char *file;
        unsigned line;
        struct setting *settings;
        size_t n;
};
void section_add(struct section *s, const char *name, const char *value, unsigned line);
void section_done(struct section *s);
bool section_equal(const struct section *a, const struct section *b);
const struct setting *section_get(const struct section *s, const char *name);

/* Of our own tables: a list, as [ "A", "B" ] or { NAME = "A"; OTHER = "B"; }.  It fills nothing; whoever knows what it is for
 * reads the settings "OPTION.NAME", or "OPTION.1" and so on, or "OPTION" where it is one value, from the section. */
#define OPTION_LIST 100

/* An option table, with the stride that its writer was built with. */
struct options {
        const struct mentiond_option *rows;
        size_t stride;
};
const struct mentiond_option *options_at(const struct options *o, size_t i);   /* NULL behind the last */

/* Fills state from the tables (tables[i] describes states[i]) and the section.  All that is wrong is added to p:
 * unknown names with the nearest known one, bad values, missing ones, secrets that cannot be read. */
void options_fill(const struct options *tables, void *const *states, size_t n_tables, const struct section *s,
                  struct problems *p);
void options_free(const struct options *table, void *state);     /* the strings and secrets in it */

/* One option as `mentiond --describe` and the sample configuration show it. */
void option_describe(const struct mentiond_option *o, struct buffer *b);

/* "credential:NAME" (below $CREDENTIALS_DIRECTORY), "file:PATH" or "env:NAME".  0, or -errno and a sentence. */
struct mentiond_secret;
int secret_read(const char *spec, struct mentiond_secret **ret, char **ret_error);
struct mentiond_secret *secret_new(const char *value);
void secret_free(struct mentiond_secret *s);
const char *secret_value(const struct mentiond_secret *s);

#endif
