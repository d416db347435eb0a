/* SPDX-License-Identifier: MIT
 *
 * What the models of helpdesks have in common: tickets and articles, what agents do to them, and what of them was told to
 * the daemon.  What is Znuny's own is in znuny*.c.  Owns all of it; the daemon gets at it by requests.
 */
#include "desk.h"

struct desks desks;
bool desk_zammad;

/* The second may be of another kind. */
static const struct desk_kind *some_kind(int desk)
{
        return desk_zammad && (desk == 0 || chance(R_PLAN, 500)) ? &zammad_kind : &znuny_kind;
}

void desk_init(void)
{
        static const char *const names[] = { "desk", "annex" };

        desks.n = social.n_networks > 2 ? 2 : 1;
        for (int k = 0; k < desks.n; k++) {
                desks.all[k] = (struct desk) { .name = names[k], .kind = some_kind(k), .session = 1 };
                if (desks.all[k].kind->open)
                        desks.all[k].kind->open(k);
        }
}

void desk_calm(void)
{
        for (int k = 0; k < desks.n; k++) {
                if (desks.all[k].locked_out)
                        desks.all[k].right_usec = sim.now;
                desks.all[k].locked_out = false;
                if (desks.all[k].kind->calm)
                        desks.all[k].kind->calm(k);
        }
}

static const struct desk_kind *kind_of(int ticket)
{
        return desks.all[desks.tickets[ticket].desk].kind;
}

int desk_follow(int ticket)
{
        for (int hop = 0; hop < 20 && desks.tickets[ticket].merged_into >= 0; hop++)
                ticket = desks.tickets[ticket].merged_into;
        return ticket;
}

int desk_ticket(const struct request *q, const char *id)
{
        int n = atoi(id) - 1;

        return n >= 0 && n < desks.n_tickets && !desks.tickets[n].deleted && desks.tickets[n].desk == q->server - NETWORKS ? n : -1;
}

/* --- Making --- */

int desk_add_ticket(int desk, const char *title, const char *customer, const char *state)
{
        struct ticket t = {
                .desk = desk, .title = xstrdup(title), .customer = xstrdup(customer), .thread = xstrdup(""), .network = xstrdup(""),
                .state = state, .created = sim.now, .merged_into = -1,
        };

        desks.tickets = xrealloc(desks.tickets, (size_t) (desks.n_tickets + 1) * sizeof t);
        desks.tickets[desks.n_tickets] = t;
        return desks.n_tickets++;
}

int desk_add_article(int ticket, bool agent, bool visible, const char *from, const char *subject, const char *body,
                     enum desk_user user)
{
        struct article a = {
                .ticket = ticket, .born_ticket = ticket, .agent = agent, .visible = visible, .born_visible = visible,
                .from = xstrdup(from), .subject = xstrdup(subject), .body = xstrdup(body), .key = xstrdup(""),
                .created = sim.now, .changed = sim.now, .shown_usec = sim.now + (chance(R_PEOPLE, 200) ? below(R_PEOPLE, 3 * USEC_PER_SEC) : 0),
                .create_by = user, .change_by = user, .note = -1,
        };

        a.branch = user == DAEMON && !agent && strstr(body, SPLIT_FROM);
        if (user == DAEMON && !agent && strstr(body, GOES_ON))
                happened(WENT_ON);
        desks.articles = xrealloc(desks.articles, (size_t) (desks.n_articles + 1) * sizeof a);
        desks.articles[desks.n_articles] = a;
        return desks.n_articles++;
}

void desk_take_file(int article, const char *name, const char *content)
{
        struct article *a = &desks.articles[article];

        a->files = xrealloc(a->files, (size_t) (a->n_files + 1) * sizeof *a->files);
        a->files[a->n_files++] = (struct file) { xstrdup(name), xstrdup(content) };
        happened(MEDIA_ATTACHED);
}

/* --- Tickets that were closed for long --- */

static int64_t reopen_for_usec(void)
{
        return sim.plan.reopen_usec ? sim.plan.reopen_usec : 30 * USEC_PER_DAY;
}

/* Whole seconds; and by a clock that may be wrong. */
void desk_shows(int ticket)
{
        struct ticket *t = &desks.tickets[ticket];

        t->over |= streq(t->state, "closed") && (sim.plan.jump_usec || sim.now - t->closed >= reopen_for_usec() - 2 * USEC_PER_SEC);
}

static bool is_first_of_thread(int status)
{
        const struct status *root;

        if (status < 0)
                return true;
        root = &social.statuses[social.statuses[status].root];
        return social.statuses[status].parent < 0 || root->chain_broken || root->failed_fetches || social.statuses[status].chain_broken;
}

void desk_continues(const struct request *q, int ticket, int64_t closed_usec, const char *body)
{
        if (closed_usec && !sim.plan.jump_usec && sim.now - q->fault.there_usec > closed_usec + reopen_for_usec() + 2 * USEC_PER_MINUTE &&
            !is_first_of_thread(people_mention_in(body))) {
                note("ticket %d is opened again", ticket + 1);
                oracle_rude("a ticket was opened again that had been closed for long");
        }
}

/* --- Requests, and what their answers tell --- */

static struct told { struct { int article; bool visible; } *articles; int n; } *told;          /* by answers on their way; the last is in the making */
static int n_told;

static void start_telling(void)
{
        told = xrealloc(told, (size_t) (n_told + 1) * sizeof *told);
        told[n_told] = (struct told) { .n = 0 };
}

struct answer desk_handle(const struct request *q)
{
        start_telling();
        return desks.all[q->server - NETWORKS].kind->handle(q);
}

void desk_on_fault(const struct request *q)
{
        int mention = people_mention_in(desks.all[q->server - NETWORKS].kind->mention_in(q->body));

        if (mention >= 0)
                social.statuses[mention].failed_filings++;
}

static void on_confirmation(int article)
{
        desks.articles[article].confirmed = sim.now;
}

struct answer desk_confirms(int article, struct json_object *json)
{
        return (struct answer) { .status = 200, .json = json, .delivered = article, .on_delivery = on_confirmation };
}

void desk_tell(int article)
{
        struct told *t = &told[n_told];

        if (!desks.articles[article].agent)
                return;
        t->articles = xrealloc(t->articles, (size_t) (t->n + 1) * sizeof *t->articles);
        t->articles[t->n].article = article;
        t->articles[t->n++].visible = desks.articles[article].visible;
}

static void on_told(int number)
{
        for (int i = 0; i < told[number].n; i++) {
                struct article *a = &desks.articles[told[number].articles[i].article];

                if (!a->seen)
                        a->seen = sim.now;
                if (told[number].articles[i].visible && !a->seen_public)
                        a->seen_public = sim.now;
        }
}

struct answer desk_tells(struct json_object *json)
{
        return (struct answer) { .status = 200, .json = json, .delivered = n_told++, .on_delivery = on_told };
}

/* --- What agents do --- */

int desk_note(int ticket, bool visible, const char *body, bool rich, int attachments)
{
        int i = kind_of(ticket)->write(ticket, visible, body);

        desks.articles[i].rich = rich;
        desks.articles[i].attachments = attachments;
        happened(visible ? NOTE_PUBLIC : NOTE_INTERNAL);
        note("agent writes article %d in ticket %d, %s: %s", i + 1, ticket + 1, visible ? "public" : "internal", body);
        return i;
}

void desk_flip(int article)
{
        struct article *a = &desks.articles[article];

        a->visible = !a->visible;
        a->flipped = true;
        a->changed = sim.now;
        a->change_by = chance(R_PEOPLE, 500) ? AGENT : OTHER_AGENT;
        if (kind_of(a->ticket)->show)
                kind_of(a->ticket)->show(article);
        if (!a->visible)
                a->hidden_usec = sim.now;
        happened(a->visible ? NOTE_SHOWN : NOTE_HIDDEN);
        note("agent makes article %d of ticket %d %s", article + 1, a->ticket + 1, a->visible ? "public" : "internal");
}

void desk_retract(int article)
{
        desks.articles[article].gone = true;
        desks.articles[article].hidden_usec = sim.now;
        happened(NOTE_RETRACTED);
        note("agent deletes article %d", article + 1);
}

void desk_merge(int ticket, int into)
{
        for (int i = 0; i < desks.n_articles; i++)
                if (desks.articles[i].ticket == ticket) {
                        desks.articles[i].ticket = into;
                        desks.articles[i].moved = true;
                        desks.articles[i].changed = sim.now;
                        desks.articles[i].change_by = AGENT;
                }
        kind_of(ticket)->merge(ticket, into);
        desks.tickets[ticket].merged_into = into;
        desks.tickets[ticket].merged = sim.now;
        if (!desks.tickets[into].first_merge)
                desks.tickets[into].first_merge = sim.now;
        desks.tickets[ticket].state = "merged";
        for (int i = 0; i < desks.n_tickets; i++)
                if (desk_follow(i) == into)
                        desks.tickets[i].in_merge = true;
        happened(MERGED);
        note("agent merges ticket %d into ticket %d", ticket + 1, into + 1);
}

static void set_state(int ticket, const char *state)
{
        desks.tickets[ticket].state = state;
        if (kind_of(ticket)->set_state)
                kind_of(ticket)->set_state(ticket, state);
}

void desk_close(int ticket)
{
        set_state(ticket, "closed");
        desks.tickets[ticket].closed = sim.now;
        happened(CLOSED);
        note("agent closes ticket %d", ticket + 1);
}

void desk_reopen(int ticket)
{
        set_state(ticket, "open");
        happened(REOPENED);
        note("agent opens ticket %d again", ticket + 1);
}

void desk_delete(int ticket)
{
        desks.tickets[ticket].deleted = true;
        if (kind_of(ticket)->remove)
                kind_of(ticket)->remove(ticket);
        happened(DELETED_TICKET);
        note("agent deletes ticket %d", ticket + 1);
}

void desk_call(int desk)
{
        int t = desks.all[desk].kind->call(desk);

        desks.tickets[t].foreign = true;
}
