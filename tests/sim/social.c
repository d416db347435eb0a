/* SPDX-License-Identifier: MIT
 *
 * The model networks: up to three servers, each with the brand's account, their posts and notifications, whatever their kind.  Owns
 * all of it; people act on it, and the daemon gets at it through the API of each kind.
 */
#include "social.h"

struct social social;
const struct network_kind *social_kind;
const struct network_kind *const network_kinds[] = { &bluesky_kind, &exec_kind, &facebook_kind, &feed_kind, &telegram_kind, &x_kind, NULL };
const struct network_kind *const fediverse_kinds[] = { &mastodon_kind, &gotosocial_kind, &snac_kind, NULL };

const struct account accounts[] = {
        { "1", "brand", "ACME \xf0\x9f\x93\xa6", false },
        { "10", "alice", "Alice", false },
        { "11", "bob@other.example", "B\xc3\xb6" "b \xe2\x9c\x93", false },
        { "12", "carol@third.example", "\xd0\x9a\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb", false },
        { "13", "dave_d", "", false },
        { "14", "erin@other.example", "Erin, <b>the</b> \"best\" @home", true },
        { "15", "frank", "\xd8\xb9\xd8\xb1\xd8\xa8\xd9\x8a", false },
};

const struct network_kind *network_named(const char *name)
{
        for (const struct network_kind *const *k = fediverse_kinds; *k; k++)
                if (streq((*k)->name, name))
                        return *k;
        for (const struct network_kind *const *k = network_kinds; *k; k++)
                if (streq((*k)->name, name))
                        return *k;
        return NULL;
}

/* --- Making --- */

static void add_notification(int network, int status, int64_t lag)
{
        struct notification n = { .network = network, .status = status, .created = world_utc(), .visible = sim.now + lag };

        social.notifications = xrealloc(social.notifications, (size_t) (social.n_notifications + 1) * sizeof n);
        social.notifications[social.n_notifications++] = n;
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
                *h = social.networks[network].kind->handle(network, account);
        return *h;
}

const char *handle_of(int status)
{
        return account_handle(social.statuses[status].network, social.statuses[status].account);
}

int social_post(int network, int account, int parent, bool names_brand, char visibility, const char *text, const char *spoiler)
{
        struct network *n = &social.networks[network];
        int i = social.n_statuses, number = n->n_posts++;         /* two networks may have the same ids */
        struct status s = {
                .network = network,
                .text = xstrdup(text), .spoiler = xstrdup(spoiler), .account = account, .parent = parent,
                .root = parent < 0 ? i : social.statuses[parent].root, .visibility = visibility, .created = world_utc(),
                .names_brand = names_brand, .notification = -1, .key = xstrdup(""), .media = -1,
        };

        s.id = n->kind->id(network, number);
        social.statuses = xrealloc(social.statuses, (size_t) (i + 1) * sizeof s);
        social.statuses[i] = s;
        social.n_statuses++;
        rights_give(i);
        if (n->kind->posted)
                n->kind->posted(i);
        if ((social.statuses[i].names_brand || n->kind->hears_all) && account != BRAND) {
                social.statuses[i].notification = social.n_notifications;
                add_notification(network, i, some_lag());
        }
        return i;
}

int social_find(int network, const char *id)
{
        return social.networks[network].kind->find(network, id);
}

const char *social_first_text(int status)
{
        const struct status *s = &social.statuses[status];

        return s->n_versions ? s->versions[0] : s->text;
}

void social_other_notification(int network)
{
        add_notification(network, -1, some_lag());
}

void social_edit(int status, const char *text)
{
        struct status *s = &social.statuses[status];

        s->versions = xrealloc(s->versions, (size_t) (s->n_versions + 1) * sizeof *s->versions);
        s->versions[s->n_versions++] = s->text;
        s->text = xstrdup(text);
        s->edited = world_utc();
        free(TAKE_PTR(s->json));
        for (int i = status + 1; i < social.n_statuses; i++)
                if (social.statuses[i].parent == status)
                        free(TAKE_PTR(social.statuses[i].json));  /* it says by which id it is known */
        happened(EDITED);
        note("person edits %s", s->id);
        if (social.networks[s->network].kind->edited)
                social.networks[s->network].kind->edited(status);
}

void social_delete(int status)
{
        struct status *s = &social.statuses[status];

        s->deleted = true;
        s->deleted_usec = sim.now;
        for (int i = 0; i < social.n_statuses; i++)
                if (social.statuses[i].root == s->root) {
                        social.statuses[i].chain_broken = true;
                        free(TAKE_PTR(social.statuses[i].json));
                }
        if (s->notification >= 0)
                social.notifications[s->notification].gone = true;
        happened(DELETED_POST);
        note("person deletes %s", s->id);
        if (social.networks[s->network].kind->deleted)
                social.networks[s->network].kind->deleted(status);
}

void social_init(void)
{
        static const char *const names[] = { "brand", "second", "third" };
        static const char *const hosts[] = { "social.example", "second.example", "three.example" };
        int sizes[] = { 40, 40, 20, 7, 5 }, drawn = 0;

        social.n_networks = sim.plan.networks;
        for (int k = 0; k < social.n_networks; k++) {
                struct network *n = &social.networks[k];
                int old;

                n->name = names[k];
                n->desk = k < 2 ? 0 : 1;
                drawn = k ? drawn : (int) below(R_PLAN, 3);
                /* Those on one helpdesk are of different kinds. */
                n->kind = k ? fediverse_kinds[(drawn + k) % 3] : social_kind ? social_kind : fediverse_kinds[drawn];
                n->host = n->kind->host ? n->kind->host : hosts[k];
                if (n->kind->open)
                        n->kind->open();
                n->page = sizes[below(R_PLAN, ELEMENTSOF(sizes))];
                old = chance(R_PLAN, 500) ? (int) below(R_PLAN, 6) : (int) below(R_PLAN, 90);
                for (int i = 0; i < old; i++) {
                        int account = (int) between(R_PEOPLE, 1, N_ACCOUNTS - 1);

                        sim.now += around(R_PEOPLE, USEC_PER_MINUTE);
                        (void) social_post(k, account, -1, true, 'u', "an old post that @brand shall not see again", "");
                        if (chance(R_PEOPLE, 300))
                                social_other_notification(k);
                }
        }
}
