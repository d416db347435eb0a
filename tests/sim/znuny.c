/* SPDX-License-Identifier: MIT
 *
 * The model of Znuny: what is its own in tickets and articles, and their history.  Merges move articles and touch them, as
 * facts/znuny.md has it.  Owns the history; the daemon gets at it through znuny_api.c.
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

void znuny_add_history(int ticket, int article, const char *type, char *name)
{
        struct history h = { ticket, article, xstrdup(type), name, sim.now };

        znuny.history = xrealloc(znuny.history, (size_t) (znuny.n_history + 1) * sizeof h);
        znuny.history[znuny.n_history++] = h;
}

int znuny_add_ticket(int desk, const char *title, const char *customer, const char *state)
{
        int t = desk_add_ticket(desk, title, customer, state);

        znuny_add_history(t, -1, "NewTicket", xstrdup("%%new"));
        return t;
}

int znuny_add_article(int ticket, bool agent, bool visible, const char *from, const char *subject, const char *body,
                      enum desk_user user)
{
        int i = desk_add_article(ticket, agent, visible, from, subject, body, user);

        /* Znuny asks for the time twice, and the second may turn in between. */
        if (chance(R_PEOPLE, 20))
                desks.articles[i].changed += USEC_PER_SEC;
        return i;
}

/* --- What agents do --- */

static int write_note(int ticket, bool visible, const char *body)
{
        int i = znuny_add_article(ticket, true, visible, "\"Ada Agent\" <ada@desk.example>", "Note", body, AGENT);

        znuny_add_history(ticket, i, "AddNote", xstrdup("%%"));
        return i;
}

static void merge(int ticket, int into)
{
        _cleanup_free_ char *tn = znuny_number(ticket), *main_tn = znuny_number(into);
        char *line = xasprintf("%%%%%s%%%%%d%%%%%s%%%%%d", tn, ticket + 1, main_tn, into + 1);
        int i;

        for (i = 0; i < znuny.n_history; i++)
                if (znuny.history[i].ticket == ticket && znuny.history[i].article >= 0)
                        znuny.history[i].ticket = into;
        i = znuny_add_article(ticket, true, true, "", "Ticket Merged", "Merged Ticket", AGENT);
        desks.articles[i].shown_usec = sim.now;
        znuny_add_history(ticket, -1, "Merged", xstrdup(line));
        znuny_add_history(into, -1, "Merged", line);
}

static int call(int desk)
{
        int t = znuny_add_ticket(desk, "A call by phone", "somebody", "open");

        (void) znuny_add_article(t, false, true, "Somebody", "A call", "He called", AGENT);
        return t;
}

/* Who has logged in anew, and is refused again, may think that it is for ever. */
static void upset(int desk)
{
        static int64_t last[DESKS];

        if (last[desk] && sim.now < last[desk] + USEC_PER_MINUTE)
                desks.all[desk].right_usec = sim.now;
        last[desk] = sim.now;
        desks.all[desk].session++;
        happened(SESSION_OVER);
        note("*** all sessions of %s end", desks.all[desk].name);
}

static const char *mention_in(struct json_object *body)
{
        struct json_object *article = mj_get(body, "Article");

        return streq(mj_str(article, "SenderType"), "customer") ? mj_str(article, "Body") : "";
}

/* It may have broken off before it set an article's field; then its history has the key. */
static bool remembers(const char *key)
{
        for (int i = 0; i < znuny.n_history; i++)
                if (streq(znuny.history[i].name, key))
                        return true;
        return false;
}

static char *settings(const char *name, bool queue)
{
        return xasprintf("plugin = \"otrs\"; url = \"https://%s.example/znuny/nph-genericinterface.pl/Webservice/mentiond\";"
                         " user = \"mentiond\"; password = \"env:SIM_PASSWORD\";%s", name, queue ? " queue = \"Social\";" : "");
}

const struct desk_kind znuny_kind = {
        .settings = settings, .handle = znuny_handle, .mention_in = mention_in, .write = write_note, .merge = merge, .call = call,
        .upset = upset, .remembers = remembers,
};
