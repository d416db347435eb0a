/* SPDX-License-Identifier: MIT
 *
 * People: customers who post, answer, edit and delete; agents who write notes, public and internal, change their mind,
 * merge, close and delete; and somebody who posts as the brand by himself.  Owns what the agents wrote.
 *
 * Each text holds a token, m12q for a post and r12q for a note, by which the oracle knows it wherever it turns up.
 */
#include "desk.h"

#include <ctype.h>

struct agent_note *agent_notes;
int n_agent_notes;

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

        return i < masto.n_statuses ? i : -1;
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

static char *some_text(char letter, int number)
{
        return xasprintf("%s %c%dq", words[below(R_PEOPLE, ELEMENTSOF(words))], letter, number);
}

/* --- Customers --- */

static char some_visibility(void)
{
        return "uuuuuuulfd"[below(R_PEOPLE, 10)];
}

static int say(int network, int account, int parent, bool names_brand)
{
        _cleanup_free_ char *text = some_text('m', masto.n_statuses), *whole = NULL;
        const char *spoiler = chance(R_PEOPLE, 100) ? "food" : "";
        char v = some_visibility();
        int i;

        /* Who answers a private post does not make it public. */
        if (parent >= 0 && (masto.statuses[parent].visibility == 'd' || masto.statuses[parent].visibility == 'f'))
                v = masto.statuses[parent].visibility;
        whole = names_brand ? xasprintf("@brand %s", text) : xstrdup(text);
        i = masto_post(network, account, parent, names_brand, v, whole, spoiler);
        if (sim.plan.media && chance(R_PEOPLE, 300))
                masto_add_media(i, (int) between(R_PEOPLE, 1, 3));
        note("person %s posts %s%s%s%s: %s", account_handle(network, account), masto.statuses[i].id, parent >= 0 ? " in answer to " : "",
             parent >= 0 ? masto.statuses[parent].id : "", names_brand ? "" : ", not naming the brand", whole);
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

        for (int tries = 0; tries < 20 && masto.n_statuses; tries++) {
                int i = (int) below(R_PEOPLE, masto.n_statuses);
                const struct status *s = &masto.statuses[i];

                if (!s->deleted && !s->spam && (!ours || s->by_api || tries > 10) &&
                    (s->by_api || people_mention_in(s->text) >= 0))
                        return i;
        }
        return -1;
}

static int some_network(void)
{
        return (int) below(R_PEOPLE, masto.n_networks);
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
        (void) say(masto.statuses[parent].network, account, parent, chance(R_PEOPLE, 850));
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

        for (int tries = 0; i >= 0 && masto.statuses[i].account == BRAND && tries < 5; tries++)
                i = some_post();
        if (i < 0 || masto.statuses[i].account == BRAND)
                return;
        if (delete) {
                masto_delete(i);
        } else {
                _cleanup_free_ char *text = xasprintf("%sedited m%dq", masto.statuses[i].names_brand ? "@brand " : "", i);

                masto_edit(i, text);
        }
}

static void app_post(void)
{
        int parent = some_post(), i;

        for (int tries = 0; parent >= 0 && masto.statuses[parent].account == BRAND && tries < 5; tries++)
                parent = some_post();
        if (parent < 0 || masto.statuses[parent].account == BRAND)
                return;
        i = masto_post(masto.statuses[parent].network, BRAND, parent, false, masto.statuses[parent].visibility, "written in the app", "");
        happened(APP_POST);
        note("the brand itself posts %s in answer to %s", masto.statuses[i].id, masto.statuses[parent].id);
}

/* --- Agents --- */

static bool has_mention(int ticket)
{
        for (int i = 0; i < desks.n_articles; i++)
                if (desks.articles[i].ticket == ticket && !desks.articles[i].agent && *desks.articles[i].key &&
                    desks.articles[i].shown_usec <= sim.now)
                        return true;
        return false;
}

static int some_ticket(bool foreign)
{
        for (int tries = 0; tries < 20 && desks.n_tickets; tries++) {
                int i = (int) below(R_PEOPLE, desks.n_tickets);
                const struct ticket *t = &desks.tickets[i];

                if (!t->deleted && t->merged_into < 0 && (foreign ? t->foreign : has_mention(i)))
                        return i;
        }
        return -1;
}

static void write_note(int ticket, bool public)
{
        struct agent_note n = { .internal = !public, .group = n_agent_notes };
        bool rich = chance(R_PEOPLE, 500);
        int attachments = chance(R_PEOPLE, 30);

        if (public && n_agent_notes && chance(R_PEOPLE, 60)) {
                const struct agent_note *other = &agent_notes[below(R_PEOPLE, n_agent_notes)];

                if (!other->internal && desks.articles[other->article].ticket == ticket) {
                        n.group = other->group;
                        n.text = xstrdup(other->text);
                }
        }
        if (!n.text)
                n.text = some_text('r', n_agent_notes);
        if (n.group == n_agent_notes && chance(R_PEOPLE, 40)) {
                char *longer = xasprintf("%s %0600d", n.text, 7);

                free(n.text);
                n.text = longer;
        }
        n.article = desk_note(ticket, public, n.text, rich, attachments);
        desks.articles[n.article].note = n_agent_notes;
        agent_notes = xrealloc(agent_notes, (size_t) (n_agent_notes + 1) * sizeof n);
        agent_notes[n_agent_notes++] = n;
}

static void answer(void)
{
        int t = some_ticket(sim.plan.foreign && chance(R_PEOPLE, 100));

        if (t < 0)
                return;
        write_note(t, chance(R_PEOPLE, 750));
        while (chance(R_PEOPLE, 200))
                write_note(t, chance(R_PEOPLE, 750));
}

/* For some minutes, where the helpdesk has it. */
static bool may_retract(const struct article *a)
{
        return desks.all[desks.tickets[a->ticket].desk].kind->retracts && sim.now - a->created < 10 * USEC_PER_MINUTE && !a->elsewhere;
}

static void flip(void)
{
        const struct agent_note *n;
        struct article *a;

        if (!n_agent_notes)
                return;
        n = &agent_notes[below(R_PEOPLE, n_agent_notes)];
        a = &desks.articles[n->article];
        if (sim.now - a->created < 4 * USEC_PER_SEC || desks.tickets[a->ticket].deleted || a->gone ||
            (a->visible && chance(R_PEOPLE, 700)))
                return;
        if (may_retract(a) && chance(R_PEOPLE, 300)) {
                desk_retract(n->article);
                return;
        }
        if (a->visible)
                a->hidden_later = true;
        desk_flip(n->article);
}

static void merge(void)
{
        int a = some_ticket(false), b = some_ticket(sim.plan.foreign && chance(R_PEOPLE, 300));

        if (a < 0 || b < 0 || a == b || desks.tickets[a].desk != desks.tickets[b].desk)
                return;
        if (chance(R_PEOPLE, 800))
                desk_merge(a, b);
        else
                desk_merge(b, a);
}

static void close_or_reopen(int ticket)
{
        int closed = -1;

        for (int i = 0; i < desks.n_tickets; i++)
                if (streq(desks.tickets[i].state, "closed") && !desks.tickets[i].deleted)
                        closed = i;
        if (closed >= 0 && chance(R_PEOPLE, 500))
                desk_reopen(closed);
        else
                desk_close(ticket);
}

static void close_or_delete(void)
{
        int t = some_ticket(false);

        if (t < 0)
                return;
        if (sim.plan.deletes && chance(R_PEOPLE, 150))
                desk_delete(t);
        else
                close_or_reopen(t);
}

/* --- The day --- */

static void act(void *data _unused_)
{
        int dice;

        if (sim.now - began > sim.plan.busy_usec)
                return;
        /* Each act has its own chance, so that one can be left out without changing what the others are. */
        sim_reseed(R_PEOPLE, (uint64_t) ++n_acts);
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
                answer();
        else if (dice < 79)
                flip();
        else if (dice < 85)
                close_or_delete();
        else if (dice < 87)
                masto_other_notification(some_network());
        else if (dice < 92 && sim.plan.edits)
                change_post(chance(R_PEOPLE, 300));
        else if (dice < 95 && sim.plan.merges)
                merge();
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
