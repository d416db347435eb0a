/* SPDX-License-Identifier: MIT
 *
 * People: customers who post, answer, edit and delete; and somebody who posts as the brand by himself.  When who acts; agents are in
 * agents.c.
 *
 * Each text holds a token, m12q for a post, a12q for one of the brand's own and r12q for a note, by which the oracle knows it
 * wherever it turns up.
 */
#include "desk.h"

#include <ctype.h>

static int64_t began;
static int n_acts;

static int token_in(const char *text, char letter)
{
        for (const char *p = text; (p = strchr(p, letter)); p++)
                if ((p == text || p[-1] == ' ') && isdigit((unsigned char) p[1]) && p[1 + strspn(p + 1, "0123456789")] == 'q')
                        return atoi(p + 1);
        return -1;
}

int people_note_in(const char *text)
{
        int i = token_in(text, 'r');

        return i < n_agent_notes ? i : -1;
}

int people_mention_in(const char *text)
{
        int i = token_in(text, 'm');

        return i < social.n_statuses ? i : -1;
}

int people_app_post_in(const char *text)
{
        int i = token_in(text, 'a');

        return i < social.n_statuses ? i : -1;
}

size_t people_words(const char *text)
{
        for (const char *p = text; (p = strchr(p, ' ')); p++)
                if ((p[1] == 'm' || p[1] == 'r') && isdigit((unsigned char) p[2]) && p[2 + strspn(p + 2, "0123456789")] == 'q')
                        return (size_t) (p - text);
        return strlen(text);
}

static const char *const words[] = {
        "my parcel is late", "thank you!", "caf\xc3\xa9 \xf0\x9f\x93\xa6\xe2\x9d\xa4\xef\xb8\x8f is wet", "first line\nsecond line",
        "1 < 2 && 3 > 2 <script>alert(1)</script>", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "see https://acme.example/help?a=1&b=2 please",
        "e\xcc\x81\x61\xcc\x88 combining", "it does \"not\" work, at all",
};

char *people_text(char letter, int number)
{
        return xasprintf("%s %c%dq", words[below(R_PEOPLE, ELEMENTSOF(words))], letter, number);
}

/* --- Customers --- */

static char some_visibility(int network)
{
        const char *all = social.networks[network].kind->visibilities;

        return all[below(R_PEOPLE, (int64_t) strlen(all))];
}

static int say(int network, int account, int parent, bool names_brand)
{
        _cleanup_free_ char *text = people_text('m', social.n_statuses), *whole = NULL;
        const struct network_kind *kind = social.networks[network].kind;
        const char *spoiler = chance(R_PEOPLE, 100) ? "food" : "";
        char v = some_visibility(network);
        int i;

        if (kind->is_watched)
                parent = -1;
        /* Who answers a private post does not make it public. */
        if (parent >= 0 && (social.statuses[parent].visibility == 'd' || social.statuses[parent].visibility == 'f'))
                v = social.statuses[parent].visibility;
        whole = !names_brand ? xstrdup(text) : kind->text ? kind->text(network, text) : xasprintf("@brand %s", text);
        i = social_post(network, account, parent, names_brand, v, whole, spoiler);
        if (sim.plan.media && kind->has_media && chance(R_PEOPLE, 300))
                media_add(i, MIN((int) between(R_PEOPLE, 1, 3), kind->files ? kind->files : 3));
        note("person %s posts %s%s%s%s: %s", account_handle(network, account), social.statuses[i].id, parent >= 0 ? " in answer to " : "",
             parent >= 0 ? social.statuses[parent].id : "", names_brand ? "" : ", not naming the brand", whole);
        return i;
}

static int someone(void)
{
        return (int) between(R_PEOPLE, 1, N_ACCOUNTS - 1);
}

/* A post of these days that can be answered; ours rather than others'. */
static int some_post(void)
{
        bool ours = chance(R_PEOPLE, 400);

        for (int tries = 0; tries < 20 && social.n_statuses; tries++) {
                int i = (int) below(R_PEOPLE, social.n_statuses);
                const struct status *s = &social.statuses[i];

                if (!s->deleted && !s->spam && (!ours || s->by_api || tries > 10) &&
                    (s->by_api || people_mention_in(s->text) >= 0))
                        return i;
        }
        return -1;
}

static int some_network(void)
{
        return (int) below(R_PEOPLE, social.n_networks);
}

static void new_post(void)
{
        int network = some_network();

        (void) say(network, someone(), -1, true);
}

static void follow_up(void)
{
        int parent = some_post(), account;

        if (parent < 0)
                return;
        account = someone();
        (void) say(social.statuses[parent].network, account, parent, chance(R_PEOPLE, 850));
}

void people_write_again(int ticket, bool newest)
{
        for (int n = 0; n < desks.n_articles; n++) {
                int i = newest ? desks.n_articles - 1 - n : n;
                const struct article *a = &desks.articles[i];
                int status = a->agent || desk_follow(a->ticket) != ticket ? -1 : people_mention_in(a->body);

                if (status >= 0 && !social.statuses[status].deleted && chance(R_PEOPLE, 500)) {
                        int account = someone();

                        (void) say(social.statuses[status].network, account, status, true);
                        return;
                }
        }
}

static void deep_mention(void)
{
        int network = some_network(), i = say(network, someone(), -1, false);

        while (chance(R_PEOPLE, 400))
                i = say(network, someone(), i, false);
        i = say(network, someone(), i, true);
        if (chance(R_PEOPLE, 400)) {
                sim.now += 2 * USEC_PER_MSEC;    /* quick, but not in the same moment */
                (void) say(network, someone(), i, true);
        }
}

static void one_of_many(void *data _unused_)
{
        if (chance(R_PEOPLE, 700))
                new_post();
        else
                follow_up();
}

static void flood(void)
{
        int n = (int) between(R_PEOPLE, 20, 70);
        int64_t length = between(R_PEOPLE, USEC_PER_SEC, 30 * USEC_PER_SEC);

        happened(FLOOD);
        while (n-- > 0)
                sim_in(below(R_PEOPLE, length), one_of_many, NULL);
}

static void change_post(bool delete)
{
        int i = some_post();

        for (int tries = 0; i >= 0 && social.statuses[i].account == BRAND && tries < 5; tries++)
                i = some_post();
        if (i < 0 || social.statuses[i].account == BRAND)
                return;
        if (delete) {
                social_delete(i);
        } else {
                _cleanup_free_ char *text = xasprintf("%sedited m%dq", social.statuses[i].names_brand ? "@brand " : "", i);

                social_edit(i, text);
        }
}

static void app_post(void)
{
        _cleanup_free_ char *text = NULL;
        int parent = some_post(), i;

        for (int tries = 0; parent >= 0 && social.statuses[parent].account == BRAND && tries < 5; tries++)
                parent = some_post();
        if (parent < 0 || social.statuses[parent].account == BRAND || social.networks[social.statuses[parent].network].kind->is_watched)
                return;
        text = xasprintf("written in the app a%dq", social.n_statuses);
        i = social_post(social.statuses[parent].network, BRAND, parent, false, social.statuses[parent].visibility, text, "");
        happened(APP_POST);
        note("the brand itself posts %s in answer to %s", social.statuses[i].id, social.statuses[parent].id);
}

/* --- The day --- */

static void act(void *data _unused_)
{
        int dice;

        if (sim.now - began > sim.plan.busy_usec)
                return;
        /* Each act has its own chance, so that one can be left out without changing what the others are. */
        sim_reseed(R_PEOPLE, (uint64_t) ++n_acts);
        sim_reseed(R_RIGHTS, (uint64_t) n_acts);
        sim_in(around(R_PEOPLE, sim.plan.act_usec), act, NULL);
        dice = (int) below(R_PEOPLE, 100);
        if (is_omitted(omitted.acts, n_acts))
                return;
        if (dice < 23)
                new_post();
        else if (dice < 38)
                follow_up();
        else if (dice < 45)
                deep_mention();
        else if (dice < 73)
                agents_answer();
        else if (dice < 79)
                agents_change_mind();
        else if (dice < 85)
                agents_close_or_delete();
        else if (dice < 87)
                social_other_notification(some_network());
        else if (dice < 92 && sim.plan.edits)
                change_post(chance(R_PEOPLE, 300));
        else if (dice < 95 && sim.plan.merges)
                agents_merge();
        else if (dice < 96 && sim.plan.floods)
                flood();
        else if (dice < 98 && sim.plan.app_posts)
                app_post();
}

int people_acts(void)
{
        return n_acts + 1;
}

void people_init(int64_t began_usec)
{
        began = began_usec;
        if (sim.plan.foreign)
                for (int i = 0; i < 2; i++)
                        for (int desk = 0; desk < desks.n; desk++)
                                desk_call(desk);
        sim_in(between(R_PEOPLE, 0, 2 * USEC_PER_MINUTE), act, NULL);
}
