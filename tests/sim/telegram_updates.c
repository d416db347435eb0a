/* SPDX-License-Identifier: MIT
 *
 * The model of Telegram's updates: they are numbered when the bot may see them, kept for some time, and forgotten once they are
 * confirmed, by an offset behind them.  One poll waits at a time.  Owns the updates.
 */
#include "telegram.h"

#define FIRST_UPDATE 800000000
#define LOOK_USEC USEC_PER_SEC           /* a poll that waits looks so often */

static struct update {
        int status;
        bool edit, published, gone, delivered;
        int64_t id, created;             /* id: once it is published */
        char *text;                      /* as it was then */
} *updates;
static int n_updates, n_settled;         /* settled: from the first on, published and gone */
static int *order, n_order, n_forgotten; /* those that are published; forgotten: from the first on */
static int64_t next_id = FIRST_UPDATE;

static struct {
        const struct request *request;   /* NULL: none waits */
        int64_t until, not_before;
} waiting;

void telegram_tell(int status, bool edit)
{
        updates = xrealloc(updates, (size_t) (n_updates + 1) * sizeof *updates);
        updates[n_updates++] = (struct update) { .status = status, .edit = edit, .created = sim.now, .text = xstrdup(social.statuses[status].text) };
}

static struct notification *notification_of(const struct update *u)
{
        int n = u->edit ? -1 : social.statuses[u->status].notification;

        return n < 0 ? NULL : &social.notifications[n];
}

/* --- What is there --- */

/* After a week without any the numbers begin somewhere else; here it takes less. */
static void number_anew(void)
{
        if (!telegram.jumps || !sim.faults || n_forgotten < n_order || !chance(R_NET, 150))
                return;
        next_id = between(R_NET, 100, 900) * 1000000 + (next_id + 500000) % 1000000;
        happened(NUMBERED_ANEW);
        note("*** the numbers of updates go on from %lld", (long long) next_id);
}

/* Those of one chat come in the order in which they were written. */
static void publish(void)
{
        bool *blocked = xcalloc((size_t) telegram.n_chats + 1, sizeof(bool));

        while (n_settled < n_updates && updates[n_settled].published)
                n_settled++;
        for (int i = n_settled; i < n_updates; i++) {
                struct update *u = &updates[i];
                struct notification *n = notification_of(u);
                int chat = telegram.posts[u->status].chat;

                if (u->published)
                        continue;
                blocked[chat] |= n && n->visible > sim.now;
                if (blocked[chat])
                        continue;
                if (n)
                        telegram.chats[chat].visible = n->visible = MAX(n->visible, telegram.chats[chat].visible);
                number_anew();
                order = xrealloc(order, (size_t) (n_order + 1) * sizeof *order);
                order[n_order++] = i;
                u->published = true;
                u->id = next_id++;
        }
        free(blocked);
}

static void forget(struct update *u)
{
        u->gone = true;
        while (n_forgotten < n_order && updates[order[n_forgotten]].gone)
                n_forgotten++;
}

/* What nobody asked for in time.  In the end, when nothing fails, all of it must be asked for. */
static void expire(void)
{
        for (int k = n_forgotten; k < n_order && sim.faults; k++) {
                struct update *u = &updates[order[k]];
                struct notification *n = notification_of(u);

                if (u->gone || sim.now - u->created < telegram.kept_usec)
                        continue;
                happened(EXPIRED);
                note("*** update %lld, of %s, is kept no longer", (long long) u->id, social.statuses[u->status].id);
                forget(u);
                social.statuses[u->status].edit_hidden |= u->edit;
                if (n && !n->taken) {
                        n->dropped_out = true;
                        telegram.posts[u->status].lost = true;
                        /* The daemon may have stored it, and nobody knows that. */
                        social.statuses[u->status].failed_fetches += u->delivered ? 5 : 0;
                }
                telegram_sort();
        }
}

/* The first poll asks for the end alone: what was before is not shown, or shown as old. */
static void forget_all_before(int64_t last)
{
        for (int k = n_forgotten; k < n_order - last; k++)
                forget(&updates[order[k]]);
        for (int k = 0; k < n_order; k++)
                telegram.posts[updates[order[k]].status].lost = true;
        for (int i = 0; i < n_updates; i++)
                if (!updates[i].published)
                        social.statuses[updates[i].status].failed_fetches = 5;   /* new or old, by its time */
        telegram_sort();
}

/* What is below the offset is confirmed: the daemon has it, by its own word. */
static void confirm(int64_t offset)
{
        for (int k = n_forgotten; k < n_order && updates[order[k]].id < offset; k++) {
                struct notification *n = notification_of(&updates[order[k]]);

                if (n && !updates[order[k]].gone)
                        n->taken = true;
                forget(&updates[order[k]]);
        }
}

/* --- Polls --- */

static int64_t number(const char *query, const char *name)
{
        const char *at = strstr(query, name);

        return at && (at == query || at[-1] == '&') ? strtoll(at + strlen(name), NULL, 10) : 0;
}

static struct answer conflict(void)
{
        happened(POLLS_MET);
        return telegram_refuse(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running");
}

static void on_delivery(int page)
{
        for (int k = n_forgotten; k < n_order; k++) {
                struct update *u = &updates[order[k]];

                u->delivered = true;
                if (u->edit && telegram.posts[u->status].lost)
                        social.statuses[u->status].failed_fetches = 5;   /* so it is shown after all, and late */
        }
        shown_delivered(page);
}

static struct answer page(const struct network *net)
{
        struct json_object *list = json_object_new_array();
        int *shown = xcalloc((size_t) net->page + 1, sizeof(int)), n_shown = 0, n = 0;
        struct answer a;

        for (int k = n_forgotten; k < n_order && n < net->page; k++) {
                const struct update *u = &updates[order[k]];
                struct json_object *o;

                if (u->gone)
                        continue;
                o = json_object_new_object();
                mj_put_int(o, "update_id", u->id);
                json_object_object_add(o, u->edit ? "edited_message" : "message", telegram_json(u->status, u->text, u->edit));
                (void) json_object_array_add(list, o);
                if (notification_of(u))
                        shown[n_shown++] = social.statuses[u->status].notification;
                else if (!u->edit)
                        happened(NOT_ADDRESSED);
                n++;
        }
        a = telegram_reply(list);
        if (n) {
                a.delivered = shown_page(shown, n_shown);
                a.on_delivery = on_delivery;
        }
        free(shown);
        return a;
}

/* A poll that is new here ends the one that waits: a dead daemon's, or one whose connection broke.  Which of the two is told so is
 * a matter of chance. */
static bool begin(const struct request *q)
{
        int64_t offset = number(q->query, "offset="), wait = number(q->query, "timeout=") * USEC_PER_SEC;
        bool met = waiting.request;

        waiting.request = q;
        waiting.until = sim.now + wait;
        waiting.not_before = sim.now;
        shown_poll(q->server);
        publish();
        if (offset < 0)
                forget_all_before(-offset);
        else if (offset <= next_id + 10)         /* one that is far ahead is taken for none */
                confirm(offset);
        if (met && chance(R_NET, 500))
                return false;
        if (sim.faults && wait && chance(R_NET, 20)) {
                waiting.not_before = sim.now + wait + below(R_NET, wait / 2);
                happened(ANSWERED_LATE);
        }
        return true;
}

struct answer telegram_updates(const struct request *q)
{
        const struct network *net = &social.networks[q->server];

        if (q->waited && waiting.request != q)   /* another has ended it */
                return conflict();
        if (!q->waited && !begin(q)) {
                waiting.request = NULL;
                return conflict();
        }
        publish();
        expire();
        if (sim.now < waiting.not_before || (n_forgotten == n_order && sim.now < waiting.until))
                return (struct answer) { .again_usec = LOOK_USEC };
        if (q->waited && n_forgotten < n_order)
                happened(WAITED);
        waiting.request = NULL;
        if (sim.faults && n_forgotten < n_order && chance(R_NET, 20)) {
                happened(ANSWERED_EMPTY);
                return telegram_reply(json_object_new_array());
        }
        return page(net);
}
