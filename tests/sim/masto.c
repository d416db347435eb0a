/* SPDX-License-Identifier: MIT
 *
 * The kinds of network with Mastodon's API: Mastodon (idempotency keys), GoToSocial (none; short pages), snac2 (a window of 64
 * notifications, seconds as times, no version 2 of the instance), which differ where facts/mastodon.md says so.  Owns nothing.
 */
#include "masto.h"

static char *mastodon_id(int network _unused_, int number)
{
        return xasprintf("1131%06d", number * 3);
}

static char *gotosocial_id(int network _unused_, int number)
{
        return xasprintf("01HZ%06dQX", number);
}

static char *snac_id(int network _unused_, int number)
{
        return xasprintf("0000000000%016llx%016llx", (unsigned long long) number * 0x9e3779b97f4a7c15ull, (unsigned long long) number);
}

static char *handle(int network, int account)
{
        return strchr(accounts[account].acct, '@') ? xasprintf("@%s", accounts[account].acct)
                                                   : xasprintf("@%s@%s", accounts[account].acct, social.networks[network].host);
}

static char *settings(int network)
{
        return xasprintf("plugin = \"mastodon\"; server = \"https://%s\"; token = \"env:SIM_TOKEN\";", social.networks[network].host);
}

#define ALIKE .visibilities = "uuuuuuulfd", .settings = settings, .handle = handle, .answer = masto_handle, .on_fault = masto_on_fault, .find = masto_find, \
              .has_media = true

const struct network_kind mastodon_kind = { .name = "mastodon", ALIKE, .id = mastodon_id, .has_keys = true };
const struct network_kind gotosocial_kind = { .name = "gotosocial", ALIKE, .id = gotosocial_id };
const struct network_kind snac_kind = { .name = "snac", ALIKE, .id = snac_id, .window = 64, .in_seconds = true, .drops_parents = true };
