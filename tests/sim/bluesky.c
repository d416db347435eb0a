/* SPDX-License-Identifier: MIT
 *
 * The kind of network that is Bluesky, after facts of the real one: what a post is, and what its people do that others do not: they
 * write any time on their posts, block, and let nobody answer.  Owns what only this network knows of posts; each world has one at most.
 */
#include "bluesky.h"

#include <mentiond/channel.h>
#include <time.h>

#define DEPTH 4                          /* levels below a post of the account of which it is told */

static struct sky_post *posts;
static int n_posts;
static struct { int64_t from, until; } blocks[N_ACCOUNTS];

struct sky_post *sky_at(int status)
{
        return &posts[status];
}

/* --- Names --- */

char *sky_did(int account)
{
        return xasprintf("did:plc:sim%021d", account);
}

char *sky_cid(int status)
{
        return xasprintf("bafyrei%045d%07d", status, social.statuses[status].n_versions);
}

char *sky_time(int64_t utc_usec)
{
        time_t at = (time_t) (utc_usec / USEC_PER_SEC);
        struct tm tm;

        (void) gmtime_r(&at, &tm);
        return xasprintf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                         tm.tm_sec, (int) (utc_usec / 1000 % 1000));
}

char *sky_tid(int64_t usec, int clock)
{
        static const char digits[] = "234567abcdefghijklmnopqrstuvwxyz";
        uint64_t n = (uint64_t) usec << 10 | ((unsigned) clock & 1023);
        char *text = xstrdup("2222222222222");

        for (int i = 12; i >= 0; i--, n >>= 5)
                text[i] = digits[n & 31];
        return text;
}

static char *id(int network _unused_, int number)
{
        return xasprintf("%d", number);  /* until its author is known */
}

static char *handle(int network _unused_, int account _unused_)
{
        return xstrdup("");              /* who is answered learns it */
}

static char *settings(int network)
{
        return xasprintf("plugin = \"bluesky\"; server = \"https://%s\"; account = \"brand.example\"; app_password = \"env:SIM_TOKEN\";",
                         social.networks[network].host);
}

int sky_find(int network, const char *id)
{
        for (int i = 0; i < social.n_statuses; i++)
                if (social.statuses[i].network == network && streq(social.statuses[i].id, id))
                        return i;
        return -1;
}

/* --- What people do --- */

bool sky_blocked(int account, int64_t when)
{
        return when >= blocks[account].from && when < blocks[account].until;
}

bool sky_blocks(int account)
{
        return sky_blocked(account, sim.now);
}

/* What was hidden is listed again, where it stood. */
static void on_unblock(void *data)
{
        int account = (int) (intptr_t) data;

        note("the account %d blocks the brand no more", account);
        for (int i = 0; i < n_posts; i++)
                if (posts[i].rkey && social.statuses[i].account == account && social.statuses[i].notification >= 0 && !social.statuses[i].deleted)
                        happened(REAPPEARED);
}

static void block(int account)
{
        if (sky_blocks(account))
                return;
        blocks[account].from = sim.now;
        blocks[account].until = sim.now + between(R_PEOPLE, 5 * USEC_PER_SEC, 30 * USEC_PER_MINUTE);
        note("the account %d blocks the brand for %lld s", account, (long long) ((blocks[account].until - sim.now) / USEC_PER_SEC));
        happened(BLOCKED_US);
        sim_at(blocks[account].until, on_unblock, (void *) (intptr_t) account);
}

/* How many have the same time already: of more than a page has nobody can see all. */
static int count_listed(int network, int64_t claimed)
{
        int n = 0;

        for (int i = 0; i < n_posts; i++)
                n += posts[i].rkey && social.statuses[i].network == network && posts[i].claimed == claimed;
        return n;
}

/* What stands on a post is its author's business. */
static int64_t claim(const struct status *s)
{
        int dice = (int) below(R_PEOPLE, 1000);
        int64_t at = s->created;

        if (dice < 30)
                at -= between(R_PEOPLE, USEC_PER_MINUTE, USEC_PER_HOUR);
        else if (dice < 50)
                at -= between(R_PEOPLE, USEC_PER_HOUR, 22 * USEC_PER_HOUR);
        else if (dice < 52)
                at -= between(R_PEOPLE, 2, 29) * 24 * USEC_PER_HOUR;
        else if (dice < 70)
                at += between(R_PEOPLE, USEC_PER_MINUTE, 1000 * USEC_PER_HOUR);
        else if (dice < 300)
                at -= at % (60 * USEC_PER_SEC);  /* an app that writes minutes */
        if (dice < 52)
                happened(BACK_DATED);
        at -= at % 1000;
        while (count_listed(s->network, at) >= social.networks[s->network].page)
                at -= 1000;
        return at;
}

/* Others talk below what was said, each to the one before. */
static void on_talk(void *data)
{
        int i = (int) (intptr_t) data, n = (int) between(R_PEOPLE, 1, 7);

        while (n-- > 0 && !social.statuses[i].deleted && sim.faults) {
                _cleanup_free_ char *text = people_text('m', social.n_statuses);

                sim.now += 2 * USEC_PER_MSEC;
                i = social_post(social.statuses[i].network, (int) between(R_PEOPLE, 1, N_ACCOUNTS - 1), i, false, 'u', text, "");
                note("person %d posts %s below the brand's: %s", social.statuses[i].account, social.statuses[i].id, text);
        }
}

/* Levels up to a post of the brand; 0: there is none. */
static int level(int status)
{
        int n = 1;

        for (int p = social.statuses[status].parent; p >= 0; p = social.statuses[p].parent, n++)
                if (social.statuses[p].account == BRAND)
                        return n;
        return 0;
}

static int quotable(int network)
{
        for (int i = social.n_statuses - 2; i >= 0; i--)
                if (social.statuses[i].network == network && social.statuses[i].by_api && !social.statuses[i].deleted)
                        return i;
        return -1;
}

static void on_like(void *data)
{
        social_other_notification((int) (intptr_t) data);
}

/* A person's, of which the oracle knows the name. */
static void give_character(int status)
{
        struct status *s = &social.statuses[status];
        struct sky_post *p = &posts[status];
        int below_ours = level(status);

        p->claimed = claim(s);
        if (p->claimed / USEC_PER_MINUTE != s->created / USEC_PER_MINUTE) {
                _cleanup_free_ char *text = sky_time(p->claimed);

                note("what follows has the time %s on it", text);
        }
        if (s->parent < 0) {
                p->gated = chance(R_PEOPLE, 60);
                p->quoted = p->named && chance(R_PEOPLE, 100) ? quotable(s->network) : -1;
                p->named &= p->quoted < 0;
        } else if (posts[s->root].gated && social.statuses[s->root].account != s->account) {
                p->unlawful = true;
                p->named = s->names_brand = false;
        } else if (below_ours && !p->named) {
                s->names_brand = true;
                p->untold = below_ours > DEPTH || chance(R_PEOPLE, 50);
        }
        if (posts[s->root].gated)
                s->right = MENTIOND_REPLY_NEVER;
        if (chance(R_PEOPLE, 40))
                block(s->account);
        if (chance(R_PEOPLE, 20))
                for (int64_t n = between(R_PEOPLE, 5, 60); n > 0; n--)
                        sim_in(n * USEC_PER_SEC / 8, on_like, (void *) (intptr_t) s->network);
}

/* The network's own delays come out of the same chance as people's acts. */
static void posted(int status)
{
        struct status *s = &social.statuses[status];
        _cleanup_free_ char *did = sky_did(s->account);
        struct sky_post *p;

        posts = xrealloc(posts, (size_t) (status + 1) * sizeof *posts);
        memset(posts + n_posts, 0, (size_t) (status + 1 - n_posts) * sizeof *posts);
        n_posts = status + 1;
        p = &posts[status];
        *p = (struct sky_post) { .claimed = s->created - s->created % 1000, .indexed = USEC_INFINITY, .quoted = -1, .named = s->names_brand };
        p->rkey = sky_next_rkey();
        if (!p->rkey)
                p->rkey = sky_tid(s->created, status);
        free(s->id);
        s->id = xasprintf("at://%s/" SKY_POST "/%s", did, p->rkey);
        if (s->account == BRAND) {
                p->indexed = sim.now + (chance(R_PEOPLE, 600) ? between(R_PEOPLE, 0, USEC_PER_SEC) : between(R_PEOPLE, 0, 10 * USEC_PER_MINUTE));
                if (chance(R_PEOPLE, 300))
                        sim_in(between(R_PEOPLE, USEC_PER_SEC, 20 * USEC_PER_MINUTE), on_talk, (void *) (intptr_t) status);
        } else if (people_mention_in(s->text) >= 0) {
                give_character(status);
        }
}

/* --- What the app knows --- */

int64_t sky_indexed(int status)
{
        const struct status *s = &social.statuses[status];
        struct sky_post *p = &posts[status];

        if (p->indexed == (int64_t) USEC_INFINITY)
                p->indexed = s->notification >= 0 ? social.notifications[s->notification].visible : s->created - UTC_START;
        return p->indexed;
}

int64_t sky_listed(int status)
{
        int64_t indexed = UTC_START + sky_indexed(status);

        return MIN(posts[status].claimed, indexed - indexed % 1000);
}

bool sky_is_shown(int status)
{
        return !social.statuses[status].deleted && sky_indexed(status) <= sim.now;
}

/* --- What the oracle asks --- */

static bool bars(int status, const char *reason)
{
        bool blocked = status >= 0 && blocks[social.statuses[status].account].until;

        for (int k = 0; status < 0 && k < N_ACCOUNTS; k++)
                blocked |= blocks[k].until != 0;
        return (strstr(reason, "lets only some people answer") && status >= 0 && posts[social.statuses[status].root].gated) ||
               (strstr(reason, "have blocked each other") && blocked);
}

static bool may_hide(int status)
{
        return blocks[social.statuses[status].account].until;
}

static bool is_untold(int status)
{
        return posts[status].untold;
}

const struct network_kind bluesky_kind = {
        .name = "bluesky", .visibilities = "u", .settings = settings, .id = id, .handle = handle, .answer = sky_answer,
        .on_fault = sky_on_fault, .find = sky_find, .posted = posted, .has_keys = true, .all_public = true, .has_media = true, .tells_rights = true, .no_aside = true,
        .finds_all = true, .looks_twice = true, .bars = bars, .claimed = sky_listed, .may_hide = may_hide, .is_untold = is_untold,
};
