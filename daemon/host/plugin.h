/* SPDX-License-Identifier: MIT
 * L2.  Plugins: found, loaded, judged.  A plugin is never unloaded. */
#ifndef HOST_PLUGIN_H
#define HOST_PLUGIN_H

#include "host/setting.h"

#include <mentiond/channel.h>
#include <mentiond/helpdesk.h>

struct plugin {
        struct plugin *next;
        char *name;
        struct mentiond_plugin head;     /* as far as the plugin has it */
        struct mentiond_channel channel; /* of a channel; what the plugin does not have is NULL */
        struct mentiond_helpdesk helpdesk;
        struct options options;
        struct mentiond_hook hook;       /* signature 0: it has none */
};

/* Loads DIRECTORY/NAME.so, once.  0, or -errno with a sentence in *ret_error. */
int plugin_load(const char *directory, const char *name, struct plugin **ret, char **ret_error);

/* Registers a plugin that is linked in: for tests and simulation. */
int plugin_register(const struct mentiond_plugin *head, struct plugin **ret, char **ret_error);

/* Frees what is known of plugins, not the plugins. */
void plugin_forget_all(void);

/* The name of a plugin in a directory that is nearest to name, malloced; or NULL. */
char *plugin_nearest(const char *directory, const char *name);

#endif
