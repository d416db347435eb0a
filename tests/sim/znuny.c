/* SPDX-License-Identifier: MIT
 *
 * The model of a helpdesk, Znuny: tickets, articles and history, and what agents do to them.  Merges move articles and
 * touch them, as facts/znuny.md has it.  Owns all of it; the daemon gets at it through znuny_api.c.
 */
#include "znuny.h"

#include <time.h>

struct znuny znuny;

char *znuny_time(int64_t world_usec)
{
        time_t at = (time_t) ((UTC_START + world_usec) / USEC_PER_SEC) + 3600;   /* its zone, which it does not tell */
        struct tm tm;

        (void) gmtime_r(&at, &tm);
        return xasprintf("%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

char *znuny_number(int ticket)
{
        return xasprintf("20261122%08d", 10000010 + ticket * 9);
}

int znuny_follow(int ticket)
{
        for (int hop = 0; hop < 20 && znuny.tickets[ticket].merged_into >= 0; hop++)
                ticket = znuny.tickets[ticket].merged_into;
        return ticket;
}

/* --- What happens to tickets --- */

void znuny_add_history(int ticket, int article, const char *type, char *name)
{
        struct history h = { ticket, article, xstrdup(type), name, sim.now };

        znuny.history = xrealloc(znuny.history, (size_t) (znuny.n_history + 1) * sizeof h);
        znuny.history[znuny.n_history++] = h;
}

int znuny_add_ticket(int desk, const char *title, const char *customer, const char *state)
{
        struct ticket t = {
                .desk = desk, .title = xstrdup(title), .customer = xstrdup(customer), .thread = xstrdup(""), .state = state, .created = sim.now,
                .merged_into = -1,
        };

        znuny.tickets = xrealloc(znuny.tickets, (size_t) (znuny.n_tickets + 1) * sizeof t);
        znuny.tickets[znuny.n_tickets++] = t;
        znuny_add_history(znuny.n_tickets - 1, -1, "NewTicket", xstrdup("%%new"));
        return znuny.n_tickets - 1;
}

int znuny_add_article(int ticket, bool agent, bool visible, const char *from, const char *subject, const char *body, int user)
{
        struct article a = {
                .ticket = ticket, .born_ticket = ticket, .agent = agent, .visible = visible, .born_visible = visible,
                .from = xstrdup(from), .subject = xstrdup(subject), .body = xstrdup(body), .key = xstrdup(""),
                .created = sim.now, .changed = sim.now, .shown_usec = sim.now + (chance(R_PEOPLE, 200) ? below(R_PEOPLE, 3 * USEC_PER_SEC) : 0),
                .create_by = user, .change_by = user, .note = -1,
        };

        /* Znuny asks for the time twice, and the second may turn in between. */
        if (chance(R_PEOPLE, 20))
                a.changed += USEC_PER_SEC;
        znuny.articles = xrealloc(znuny.articles, (size_t) (znuny.n_articles + 1) * sizeof a);
        znuny.articles[znuny.n_articles++] = a;
        return znuny.n_articles - 1;
}

int znuny_note(int ticket, bool visible, const char *body, bool rich, int attachments)
{
        int i = znuny_add_article(ticket, true, visible, "\"Ada Agent\" <ada@desk.example>", "Note", body, AGENT);

        znuny.articles[i].rich = rich;
        znuny.articles[i].attachments = attachments;
        znuny_add_history(ticket, i, "AddNote", xstrdup("%%"));
        happened(visible ? NOTE_PUBLIC : NOTE_INTERNAL);
        note("agent writes article %d in ticket %d, %s: %s", i + 1, ticket + 1, visible ? "public" : "internal", body);
        return i;
}

void znuny_flip(int article)
{
        struct article *a = &znuny.articles[article];

        a->visible = !a->visible;
        a->flipped = true;
        a->changed = sim.now;
        a->change_by = chance(R_PEOPLE, 500) ? AGENT : OTHER_AGENT;
        happened(a->visible ? NOTE_SHOWN : NOTE_HIDDEN);
        note("agent makes article %d of ticket %d %s", article + 1, a->ticket + 1, a->visible ? "public" : "internal");
}

void znuny_merge(int ticket, int into)
{
        _cleanup_free_ char *tn = znuny_number(ticket), *main_tn = znuny_number(into);
        char *line = xasprintf("%%%%%s%%%%%d%%%%%s%%%%%d", tn, ticket + 1, main_tn, into + 1);
        struct ticket *t = &znuny.tickets[ticket];
        int i;

        for (i = 0; i < znuny.n_articles; i++)
                if (znuny.articles[i].ticket == ticket) {
                        znuny.articles[i].ticket = into;
                        znuny.articles[i].moved = true;
                        znuny.articles[i].changed = sim.now;
                        znuny.articles[i].change_by = AGENT;
                }
        for (i = 0; i < znuny.n_history; i++)
                if (znuny.history[i].ticket == ticket && znuny.history[i].article >= 0)
                        znuny.history[i].ticket = into;
        i = znuny_add_article(ticket, true, true, "", "Ticket Merged", "Merged Ticket", AGENT);
        znuny.articles[i].shown_usec = sim.now;
        znuny_add_history(ticket, -1, "Merged", xstrdup(line));
        znuny_add_history(into, -1, "Merged", line);
        t->merged_into = into;
        if (!znuny.tickets[into].first_merge)
                znuny.tickets[into].first_merge = sim.now;
        t->state = "merged";
        for (i = 0; i < znuny.n_tickets; i++)
                if (znuny_follow(i) == into)
                        znuny.tickets[i].in_merge = true;
        happened(MERGED);
        note("agent merges ticket %d into ticket %d", ticket + 1, into + 1);
}

void znuny_close(int ticket)
{
        znuny.tickets[ticket].state = "closed";
        happened(CLOSED);
        note("agent closes ticket %d", ticket + 1);
}

void znuny_reopen(int ticket)
{
        znuny.tickets[ticket].state = "open";
        happened(REOPENED);
        note("agent opens ticket %d again", ticket + 1);
}

void znuny_delete(int ticket)
{
        znuny.tickets[ticket].deleted = true;
        happened(DELETED_TICKET);
        note("agent deletes ticket %d", ticket + 1);
}

int znuny_foreign_ticket(int desk)
{
        int t = znuny_add_ticket(desk, "A call by phone", "somebody", "open");

        znuny.tickets[t].foreign = true;
        (void) znuny_add_article(t, false, true, "Somebody", "A call", "He called", AGENT);
        return t;
}

void znuny_init(void)
{
        static const char *const names[] = { "desk", "annex" };

        znuny.n_desks = masto.n_networks > 2 ? 2 : 1;
        for (int k = 0; k < znuny.n_desks; k++)
                znuny.desks[k] = (struct desk) { .name = names[k], .session = 1 };
}
