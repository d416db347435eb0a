/* SPDX-License-Identifier: MIT */
#include "plugins.h"

#include "fuzz.h"
#include "host/plugin.h"

const struct mentiond_plugin *facebook_plugin_init(void);
const struct mentiond_plugin *bluesky_plugin_init(void);
const struct mentiond_plugin *mastodon_plugin_init(void);
const struct mentiond_plugin *otrs_plugin_init(void);
const struct mentiond_plugin *x_plugin_init(void);
const struct mentiond_plugin *telegram_plugin_init(void);
const struct mentiond_plugin *zammad_plugin_init(void);

void fuzz_plugins(void)
{
        _cleanup_free_ char *wrong = NULL;
        struct plugin *p;

        MUST(plugin_register(facebook_plugin_init(), &p, &wrong) == 0);
        MUST(plugin_register(bluesky_plugin_init(), &p, &wrong) == 0);
        MUST(plugin_register(mastodon_plugin_init(), &p, &wrong) == 0);
        MUST(plugin_register(otrs_plugin_init(), &p, &wrong) == 0);
        MUST(plugin_register(x_plugin_init(), &p, &wrong) == 0);
        MUST(plugin_register(telegram_plugin_init(), &p, &wrong) == 0);
        MUST(plugin_register(zammad_plugin_init(), &p, &wrong) == 0);
}
