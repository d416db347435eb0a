/* SPDX-License-Identifier: MIT
 * L3.  How e-mails begin and end, by language: data for habits.c. */
#ifndef FLOW_LANGUAGES_H
#define FLOW_LANGUAGES_H

/* Lists end with NULL; what is in them is in lower case (case folding: "ss" for "ß"), words with one blank between. */
struct language {
        const char *name;
        const char *const *greetings;    /* begin a salutation, with a name or alone */
        const char *const *addresses;    /* the same, never alone */
        const char *const *words;        /* stand where a name does, or between names */
        const char *const *closings;     /* end a letter, with a name or alone */
        const char *const *thanks;       /* the same if a comma and then a name in a line of its own come behind */
        const char *const *on;           /* "On Monday Alice wrote:", with a quotation below: how that begins ... */
        const char *const *wrote;        /* ... and what is in it */
};

extern const struct language languages[];        /* the last one has no name */

#endif
