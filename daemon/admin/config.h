/* SPDX-License-Identifier: MIT
 * L4.  The configuration file, read and judged; see mentiond.conf(5). */
#ifndef ADMIN_CONFIG_H
#define ADMIN_CONFIG_H

#include "host/instance.h"

struct daemon_options {
        char *state_directory, *control_socket, *plugin_directory, *log_level, *listen;
        uint32_t listen_public;
        int64_t forget_after_usec, reread_for_usec;
};

struct config {
        char *file;
        struct daemon_options options;
        struct section *helpdesks, *channels;
        size_t n_helpdesks, n_channels;
};

extern const struct options daemon_options;

/* What is wrong is added to p; then *ret is still to be freed, but of no use. */
void config_load(const char *file, struct config *ret, struct problems *p);
void config_done(struct config *c);
#define _cleanup_config_ _cleanup_(config_done)

/* The instances that the configuration describes, helpdesks first, linked by next.  NULL if anything is wrong. */
struct instance *config_instances(const struct config *c, struct host *h, struct problems *p);
void config_free_instances(struct instance *list);

#endif
