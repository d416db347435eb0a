/* SPDX-License-Identifier: MIT
 * L2.  What doctor() and provision() tell the administrator, line by line. */
#ifndef HOST_REPORT_H
#define HOST_REPORT_H

#include "host/instance.h"

struct http_reply;
struct json_object;

struct report {
        const char *instance;            /* whom it is about; must outlive it */
        struct json_object *lines;       /* {"instance": TEXT, "finding": TEXT, "what": TEXT, "text": TEXT} */
        size_t n;
        unsigned counts[MENTIOND_BY_HAND + 1];   /* by finding */
        bool knows_time;                 /* a reply said what time it is there: */
        int64_t ahead_usec;              /* than here */
};

void report_init(struct report *r, const char *instance);
void report_done(struct report *r);
void report_add(struct report *r, uint32_t finding, const char *what, const char *format, ...) _printf_(4, 5);

/* Looks at the date of a reply. */
void report_hear(struct report *r, const struct http_reply *reply);

/* Clocks further apart than this are told.  A post is known by its text and its time, and a minute is what that allows. */
#define CLOCKS_APART_USEC USEC_PER_MINUTE

/* In a task of the instance, which may be in any state; wait. */
void report_doctor(struct report *r, struct instance *i);
void report_provision(struct report *r, struct instance *i, const struct mentiond_provisioning *p);

#endif
