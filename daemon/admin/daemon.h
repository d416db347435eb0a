/* SPDX-License-Identifier: MIT
 * L4.  The daemon as a whole: starts from a configuration, changes to another, ends. */
#ifndef ADMIN_DAEMON_H
#define ADMIN_DAEMON_H

#include "admin/config.h"
#include "flow/flow.h"

struct control;
struct listener;

struct daemon {
        struct loop *loop;
        struct host host;
        struct flow flow;
        struct config config;
        struct control *control;
        struct listener *listener;       /* NULL: not configured */
        struct instance *pending;        /* take the place of ending ones of the same name */
        bool starting, reloading, reload_again, ending;
        int64_t started_usec;
        struct loop_timer end_timer;
        unsigned end_step;
};

/* Opens what config names, the store with these of its flags; its instances (from config_instances) start when the loop
 * runs.  Takes both.  0, or -errno after a line in the log. */
int daemon_open(struct daemon *d, struct loop *l, struct config *config, unsigned store_flags);
void daemon_close(struct daemon *d);

void daemon_reload(struct daemon *d);            /* reads the file again; keeps the old one if it is wrong */
void daemon_end(struct daemon *d);               /* drains; the loop exits within DRAIN_USEC */

#define DRAIN_USEC (10 * USEC_PER_SEC)

#endif
