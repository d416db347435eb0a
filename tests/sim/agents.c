/* SPDX-License-Identifier: MIT
 *
 * Agents: they write notes, public and internal, and commands; change their mind, merge, close and delete.  Owns what they wrote.
 */
#include "desk.h"

struct agent_note *agent_notes;
int n_agent_notes;

bool note_is_said(const struct agent_note *n)
{
        return !n->internal || (*n->text && (n->command == COMMAND_DM || n->command == COMMAND_PUBLIC || n->command == COMMAND_CLOSE));
}

bool note_is_aside(const struct agent_note *n)
{
        return n->command == COMMAND_DM;
}

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

/* --- Notes --- */

static void take_note(struct agent_note n, int ticket, const char *text, bool rich, int attachments)
{
        n.article = desk_note(ticket, !n.internal, text, rich, attachments);
        desks.articles[n.article].note = n_agent_notes;
        agent_notes = xrealloc(agent_notes, (size_t) (n_agent_notes + 1) * sizeof n);
        agent_notes[n_agent_notes++] = n;
}

/* Some sentences, of which each has the token: a part of it has one, too. */
static char *long_text(int number)
{
        static const char *const sentences[] = {
                "We have looked at it", "It left our house on Monday", "The carrier has it now", "You need not do anything", "We are sorry",
        };
        char *text = xstrdup("");

        for (int64_t n = between(R_PEOPLE, 4, 16), k = 1; k <= n; k++) {
                char *more = xasprintf("%s%s%s r%dq-%lld.", text, k > 1 ? chance(R_PEOPLE, 150) ? "\n\n" : " " : "",
                                       sentences[below(R_PEOPLE, ELEMENTSOF(sentences))], number, (long long) k);

                free(text);
                text = more;
        }
        return text;
}

/* What agents tell each other, at such a length that whoever repeats it has not done so by chance. */
static char *words_among_agents(int number)
{
        return xasprintf("he has paid with somebody else's voucher and legal asks us to wait for the court r%dq", number);
}

static bool is_secret_in(int ticket)
{
        for (int i = 0; i < n_agent_notes; i++)
                if (agent_notes[i].secret && agent_notes[i].internal && desks.articles[agent_notes[i].article].ticket == ticket)
                        return true;
        return false;
}

static void write_note(int ticket, bool public)
{
        struct agent_note n = { .internal = !public, .group = n_agent_notes };
        bool rich = chance(R_PEOPLE, 500);
        int attachments = chance(R_PEOPLE, 30), kind = (int) below(R_PEOPLE, 1000);

        if (public && n_agent_notes && chance(R_PEOPLE, 60)) {
                const struct agent_note *other = &agent_notes[below(R_PEOPLE, n_agent_notes)];

                if (!other->internal && !other->secret && !other->is_long && *other->text != '!' && desks.articles[other->article].ticket == ticket) {
                        n.group = other->group;
                        n.text = xstrdup(other->text);
                }
        }
        if (!n.text && public && kind < 15) {
                n.text = xasprintf("Your card %s was charged r%dq", CARD_NUMBER, n_agent_notes);
                n.secret = true;
        } else if (!n.text && kind >= 15 && kind < (public ? 300 : 200) && (!public || is_secret_in(ticket))) {
                n.text = words_among_agents(n_agent_notes);
                n.secret = true;
        } else if (!n.text && public && kind >= 60 && kind < 150) {
                n.text = long_text(n_agent_notes);
                n.is_long = true;
        } else if (!n.text && public && kind >= 990) {
                n.text = xasprintf("!stop r%dq", n_agent_notes);
        } else if (!n.text) {
                n.text = people_text('r', n_agent_notes);
        }
        if (n.group == n_agent_notes && !n.is_long && !n.secret && *n.text != '!' && chance(R_PEOPLE, 40)) {
                char *longer = xasprintf("%s %0600d", n.text, 7);

                free(n.text);
                n.text = longer;
        }
        take_note(n, ticket, n.text, rich, attachments);
}

/* --- Commands --- */

static void write_in_branch(void *data)
{
        people_write_again(desk_follow((int) (intptr_t) data), true);
}

static enum command_name some_command(void)
{
        static const struct { enum command_name name; int weight; } commands[] = {
                { COMMAND_STOP, 18 }, { COMMAND_HOLD, 10 }, { COMMAND_SEND, 14 }, { COMMAND_DM, 20 }, { COMMAND_PUBLIC, 8 },
                { COMMAND_CLOSE, 8 }, { COMMAND_LIKE, 5 }, { COMMAND_REPOST, 3 }, { COMMAND_HIDE, 2 }, { COMMAND_EDIT, 10 },
                { COMMAND_DELETE, 6 }, { COMMAND_SPLIT, 3 }, { COMMAND_UNKNOWN, 6 },
        };
        int64_t dice = 0;
        size_t i = 0;

        for (size_t k = 0; k < ELEMENTSOF(commands); k++)
                dice += commands[k].weight;
        dice = below(R_PEOPLE, dice);
        while (dice >= commands[i].weight)
                dice -= commands[i++].weight;
        return commands[i].name;
}

static bool takes_text(enum command_name name)
{
        return name == COMMAND_DM || name == COMMAND_PUBLIC || name == COMMAND_CLOSE || name == COMMAND_EDIT;
}

static void command(int ticket, enum command_name name);

static void edit_again(void *data)
{
        int ticket = desk_follow((int) (intptr_t) data);

        if (!desks.tickets[ticket].deleted)
                command(ticket, COMMAND_EDIT);
}

static void command(int ticket, enum command_name name)
{
        struct agent_note n = { .internal = true, .group = n_agent_notes, .command = name };
        const char *word = n.command == COMMAND_UNKNOWN ? "sned" : command_word(n.command);
        bool rich = chance(R_PEOPLE, 300);
        _cleanup_free_ char *whole = NULL;

        n.text = takes_text(n.command) && chance(R_PEOPLE, 700) ? people_text('r', n_agent_notes) : xstrdup("");
        whole = xasprintf("!%s%s%s", word, *n.text ? " " : "", n.text);
        happened(COMMANDS + (enum happening) n.command - (enum happening) COMMAND_UNKNOWN);
        take_note(n, ticket, whole, rich, 0);
        if (n.command == COMMAND_EDIT || n.command == COMMAND_DELETE)
                net_maintenance();
        if (n.command == COMMAND_EDIT && chance(R_PEOPLE, 500))
                sim_in(below(R_PEOPLE, USEC_PER_MINUTE), edit_again, (void *) (intptr_t) ticket);
        for (int i = 0; n.command == COMMAND_SPLIT && i < 3; i++)
                sim_in(between(R_PEOPLE, USEC_PER_SEC, 20 * USEC_PER_MINUTE), write_in_branch, (void *) (intptr_t) ticket);
}

static void change_mind(int k);

static void change_mind_later(void *data)
{
        change_mind((int) (intptr_t) data);
}

static void command_later(void *data)
{
        int ticket = desk_follow((int) (intptr_t) data);

        if (!desks.tickets[ticket].deleted)
                command(ticket, some_command());
}

/* Where there is something to split. */
static int some_branched_ticket(void)
{
        for (int tries = 0; tries < 10; tries++) {
                int t = some_ticket(false), posts = 0;

                for (int i = 0; i < desks.n_articles && t >= 0; i++)
                        posts += desks.articles[i].ticket == t && !desks.articles[i].agent && desks.articles[i].shown_usec <= sim.now;
                if (posts > 1)
                        return t;
        }
        return -1;
}

static void close_for_long(int ticket);

void agents_answer(void)
{
        int t = some_ticket(sim.plan.foreign && chance(R_PEOPLE, 100));

        if (t < 0)
                return;
        if (sim.plan.reopen_usec && !desks.tickets[t].foreign && chance(R_PEOPLE, 150)) {
                close_for_long(t);
                return;
        }
        if (sim.plan.commands && !desks.tickets[t].foreign && chance(R_PEOPLE, 150)) {
                command(t, some_command());
                return;
        }
        if (sim.plan.commands && chance(R_PEOPLE, 150)) {
                t = some_branched_ticket();
                if (t >= 0)
                        command(t, COMMAND_SPLIT);
                return;
        }
        write_note(t, chance(R_PEOPLE, 750));
        while (chance(R_PEOPLE, 200))
                write_note(t, chance(R_PEOPLE, 750));
        /* While it is held, or a little later. */
        if (chance(R_PEOPLE, 120))
                sim_in(between(R_PEOPLE, 4 * USEC_PER_SEC, 90 * USEC_PER_SEC), change_mind_later, (void *) (intptr_t) (n_agent_notes - 1));
        if (sim.plan.commands && !desks.tickets[t].foreign && chance(R_PEOPLE, 300))
                sim_in(chance(R_PEOPLE, 300) ? below(R_PEOPLE, 2 * USEC_PER_SEC) : between(R_PEOPLE, USEC_PER_SEC, 90 * USEC_PER_SEC),
                       command_later, (void *) (intptr_t) t);
}

/* --- Second thoughts --- */

/* For some minutes, where the helpdesk has it. */
static bool may_retract(const struct article *a)
{
        return desks.all[desks.tickets[a->ticket].desk].kind->retracts && sim.now - a->created < 10 * USEC_PER_MINUTE && !a->elsewhere;
}

static void change_mind(int k)
{
        const struct agent_note *n = &agent_notes[k];
        struct article *a = &desks.articles[n->article];

        if (sim.now - a->created < 4 * USEC_PER_SEC || desks.tickets[a->ticket].deleted || a->gone || n->command)
                return;
        if (may_retract(a) && chance(R_PEOPLE, 500)) {
                desk_retract(n->article);
                return;
        }
        if (a->visible)
                a->hidden_later = true;
        desk_flip(n->article);
}

void agents_change_mind(void)
{
        int k = n_agent_notes ? (int) below(R_PEOPLE, n_agent_notes) : -1;

        if (k >= 0 && (!desks.articles[agent_notes[k].article].visible || chance(R_PEOPLE, 300)))
                change_mind(k);
}

/* --- Tickets --- */

void agents_merge(void)
{
        int a = some_ticket(false), b = some_ticket(sim.plan.foreign && chance(R_PEOPLE, 300));

        if (a < 0 || b < 0 || a == b || desks.tickets[a].desk != desks.tickets[b].desk)
                return;
        if (chance(R_PEOPLE, 800))
                desk_merge(a, b);
        else
                desk_merge(b, a);
}

static void write_again(void *data)
{
        people_write_again(desk_follow((int) (intptr_t) data), false);
}

static void close_for_long(int ticket)
{
        desk_close(ticket);
        if (sim.plan.reopen_usec && sim.faults)
                sim_in(between(R_PEOPLE, sim.plan.reopen_usec / 2, 2 * sim.plan.reopen_usec), write_again, (void *) (intptr_t) ticket);
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
                close_for_long(ticket);
}

void agents_close_or_delete(void)
{
        int t = some_ticket(false);

        if (t < 0)
                return;
        if (sim.plan.deletes && chance(R_PEOPLE, 150))
                desk_delete(t);
        else
                close_or_reopen(t);
}
