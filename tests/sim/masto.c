/* SPDX-License-Identifier: MIT
 *
 * The model of the networks: up to three servers with Mastodon's API, each with the brand's account, their posts and
 * notifications.  Three kinds, which differ where facts/mastodon.md says so: Mastodon (idempotency keys), GoToSocial (none;
 * short pages), snac2 (a window of 64 notifications, seconds as times, no version 2 of the instance).  Owns all of it;
 * people act on it, and the daemon gets at it through masto_api.c.
 */
#include "sim.h"

struct masto masto;

const struct account accounts[] = {
        { "1", "brand", "ACME \xf0\x9f\x93\xa6", false },
        { "10", "alice", "Alice", false },
        { "11", "bob@other.example", "B\xc3\xb6" "b \xe2\x9c\x93", false },
        { "12", "carol@third.example", "\xd0\x9a\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb", false },
        { "13", "dave_d", "", false },
        { "14", "erin@other.example", "Erin, <b>the</b> \"best\" @home", true },
        { "15", "frank", "\xd8\xb9\xd8\xb1\xd8\xa8\xd9\x8a", false },
};

/* --- Making --- */

static void add_notification(int network, int status, int64_t lag)
{
        struct notification n = { .network = network, .status = status, .created = world_utc(), .visible = sim.now + lag };

        masto.notifications = xrealloc(masto.notifications, (size_t) (masto.n_notifications + 1) * sizeof n);
        masto.notifications[masto.n_notifications++] = n;
}

/* The number is handed out at once; others see the row once it is committed, which may take some time. */
static int64_t some_lag(void)
{
        return chance(R_PEOPLE, 700) ? between(R_PEOPLE, 0, USEC_PER_SEC)
               : chance(R_PEOPLE, 900) ? between(R_PEOPLE, 0, 20 * USEC_PER_SEC) : between(R_PEOPLE, 0, 4 * USEC_PER_MINUTE);
}

const char *account_handle(int network, int account)
{
        static char *handles[NETWORKS][N_ACCOUNTS];
        char **h = &handles[network][account];

        if (!*h)
                *h = strchr(accounts[account].acct, '@') ? xasprintf("@%s", accounts[account].acct)
                                                         : xasprintf("@%s@%s", accounts[account].acct, masto.networks[network].host);
        return *h;
}

const char *handle_of(int status)
{
        return account_handle(masto.statuses[status].network, masto.statuses[status].account);
}

int masto_post(int network, int account, int parent, bool names_brand, char visibility, const char *text, const char *spoiler)
{
        struct network *n = &masto.networks[network];
        int i = masto.n_statuses, number = n->n_posts++;         /* two networks may have the same ids */
        struct status s = {
                .network = network,
                .text = xstrdup(text), .spoiler = xstrdup(spoiler), .account = account, .parent = parent,
                .root = parent < 0 ? i : masto.statuses[parent].root, .visibility = visibility, .created = world_utc(),
                .names_brand = names_brand, .notification = -1, .key = xstrdup(""), .media = -1,
        };

        s.id = n->variant == SNAC ? xasprintf("0000000000%016llx%016llx", (unsigned long long) number * 0x9e3779b97f4a7c15ull,
                                              (unsigned long long) number)
               : n->variant == GOTOSOCIAL ? xasprintf("01HZ%06dQX", number) : xasprintf("1131%06d", number * 3);
        masto.statuses = xrealloc(masto.statuses, (size_t) (i + 1) * sizeof s);
        masto.statuses[i] = s;
        masto.n_statuses++;
        rights_give(i);
        if (names_brand && account != BRAND) {
                masto.statuses[i].notification = masto.n_notifications;
                add_notification(network, i, some_lag());
        }
        return i;
}

const char *masto_first_text(int status)
{
        const struct status *s = &masto.statuses[status];

        return s->n_versions ? s->versions[0] : s->text;
}

void masto_other_notification(int network)
{
        add_notification(network, -1, some_lag());
}

void masto_edit(int status, const char *text)
{
        struct status *s = &masto.statuses[status];

        s->versions = xrealloc(s->versions, (size_t) (s->n_versions + 1) * sizeof *s->versions);
        s->versions[s->n_versions++] = s->text;
        s->text = xstrdup(text);
        s->edited = world_utc();
        free(TAKE_PTR(s->json));
        for (int i = status + 1; i < masto.n_statuses; i++)
                if (masto.statuses[i].parent == status)
                        free(TAKE_PTR(masto.statuses[i].json));  /* it says by which id it is known */
        happened(EDITED);
        note("person edits %s", s->id);
}

void masto_delete(int status)
{
        struct status *s = &masto.statuses[status];

        s->deleted = true;
        s->deleted_usec = sim.now;
        for (int i = 0; i < masto.n_statuses; i++)
                if (masto.statuses[i].root == s->root) {
                        masto.statuses[i].chain_broken = true;
                        free(TAKE_PTR(masto.statuses[i].json));
                }
        if (s->notification >= 0)
                masto.notifications[s->notification].gone = true;
        happened(DELETED_POST);
        note("person deletes %s", s->id);
}

void masto_init(void)
{
        static const char *const names[] = { "brand", "second", "third" };
        static const char *const hosts[] = { "social.example", "second.example", "three.example" };
        int sizes[] = { 40, 40, 20, 7, 5 };

        masto.n_networks = sim.plan.networks;
        for (int k = 0; k < masto.n_networks; k++) {
                struct network *n = &masto.networks[k];
                int old;

                n->name = names[k];
                n->host = hosts[k];
                n->desk = k < 2 ? 0 : 1;
                /* Those on one helpdesk are of different kinds. */
                n->variant = k ? (enum masto_variant) ((masto.networks[0].variant + k) % 3) : (enum masto_variant) below(R_PLAN, 3);
                n->page = sizes[below(R_PLAN, ELEMENTSOF(sizes))];
                old = chance(R_PLAN, 500) ? (int) below(R_PLAN, 6) : (int) below(R_PLAN, 90);
                for (int i = 0; i < old; i++) {
                        int account = (int) between(R_PEOPLE, 1, N_ACCOUNTS - 1);

                        sim.now += around(R_PEOPLE, USEC_PER_MINUTE);
                        (void) masto_post(k, account, -1, true, 'u', "an old post that @brand shall not see again", "");
                        if (chance(R_PEOPLE, 300))
                                masto_other_notification(k);
                }
        }
}
