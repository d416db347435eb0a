/* SPDX-License-Identifier: MIT
 *
 * What the networks' records say of polls and of the notifications that they showed, whatever the kind.  Owns the record of pages on
 * their way.
 */
#include "social.h"

static struct page {
        int *shown, n;
} *pages;
static int n_pages;

int shown_page(const int *notifications, int n)
{
        pages = xrealloc(pages, (size_t) (n_pages + 1) * sizeof *pages);
        pages[n_pages] = (struct page) { .shown = xcalloc((size_t) n + 1, sizeof(int)), .n = n };
        memcpy(pages[n_pages].shown, notifications, (size_t) n * sizeof(int));
        return n_pages++;
}

static const char *status_id(int notification)
{
        int s = social.notifications[notification].status;

        return s < 0 ? "another" : social.statuses[s].id;
}

void shown_delivered(int page)
{
        int fresh = 0;

        for (int k = 0; k < pages[page].n; k++) {
                struct notification *n = &social.notifications[pages[page].shown[k]];

                if (!n->first_shown) {
                        fresh++;
                        n->first_shown = sim.now;
                        for (int i = pages[page].shown[k] + 1; i < social.n_notifications; i++)
                                if (social.notifications[i].network == n->network && social.notifications[i].first_shown &&
                                    social.notifications[i].first_poll < social.networks[n->network].polls) {
                                        happened(SHOWN_LATE);
                                        break;
                                }
                        n->first_poll = social.networks[n->network].polls;
                        n->first_began = social.networks[n->network].poll_began;
                        n->first_incarnation = sim.incarnation;
                }
                if (!n->sure_shown || (!n->taken && n->shown_incarnation != sim.incarnation)) {
                        n->sure_shown = sim.now;
                        n->sure_poll = social.networks[n->network].polls;
                }
                n->shown = sim.now;
                n->shown_incarnation = sim.incarnation;
        }
        if (fresh)
                note("the daemon has page %d: %d mentions from %s to %s, %d for the first time", page, pages[page].n,
                     status_id(pages[page].shown[0]), status_id(pages[page].shown[pages[page].n - 1]), fresh);
}

/* A poll asks for a list, at its beginning or further on. */
void shown_asked(int network)
{
        if (net_is_silent(network))
                oracle_rude("a poll of the network in the silence that it asked for");
}

/* A new poll of the same daemon says that it has stored what the last one brought: the baseline, and items. */
void shown_poll(int network)
{
        struct network *net = &social.networks[network];
        bool stored = net->poll_incarnation == sim.incarnation && sim.disk_failed_usec < net->poll_began &&
                      !(net->kind->looks_below && net->poll_failed);

        for (int i = 0; i < social.n_notifications; i++) {
                struct notification *n = &social.notifications[i];

                if (n->network == network && stored && n->first_shown && n->shown_incarnation == sim.incarnation &&
                    n->shown >= net->poll_began && (n->looked || !net->kind->looks_twice))
                        n->taken = true;
        }
        if (!net->baseline && daemon_has_polled(net->name)) {
                net->baseline = true;
                note("*** the first poll of %s is over: what comes from now on is new", net->name);
                for (int i = 0; i < social.n_notifications; i++)
                        social.notifications[i].optional |= social.notifications[i].network == network;
        }
        shown_asked(network);
        net->polls++;
        net->poll_failed = false;
        net->poll_began = sim.now;
        net->poll_incarnation = sim.incarnation;
}

void shown_failed(const char *line)
{
        for (int n = 0; n < social.n_networks; n++) {
                _cleanup_free_ char *instance = xasprintf("instance=%s ", social.networks[n].name);

                social.networks[n].poll_failed |= strstr(line, instance) != NULL;
        }
}
