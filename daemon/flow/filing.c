/* SPDX-License-Identifier: MIT
 *
 * Filing: a mention becomes a ticket or an article, a note an internal article.  Owns nothing; one function is one
 * attempt at one row, in a task.  The intent is durable before the request leaves.
 */
#include "flow/compose.h"
#include "flow/internal.h"
#include "flow/media.h"
#include "flow/right.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "host/payload.h"

#include <errno.h>

#define CARD_AGE_USEC USEC_PER_DAY       /* then the author is told of again: he may have other tickets, more followers */
#define TOO_LARGE 413                    /* as the web server before a helpdesk says it, often of one megabyte */

struct filing {
        struct flow_instance *f;
        const struct store_row *row;
        struct mentiond_op op;
        struct json_object *payload;     /* in the page: what the plugin is given is copied from it */
        struct store_thread thread;
        struct store_thread before;      /* of the first mention of a ticket: the thread that it goes on from, if that has one */
        struct instance *channel;        /* held; NULL: it is not configured any more */
        const char *channel_name, *key, *thread_key, *customer, *title;
        struct mentiond_filed filed;
        struct store_author author;      /* of a mention */
        int64_t card_usec;               /* when its thread last tells of him at length, with this article */
};

static bool is_note(const struct filing *g)
{
        return streq(g->row->kind, KIND_NOTE);
}

static const char *network(const struct filing *g)
{
        return g->channel ? g->channel->plugin->name : g->channel_name;
}

/* By the journal's clock; one that was set back must not leave the agent without. */
static int know_author(struct filing *g)
{
        const char *handle = mj_str(mj_get(g->payload, "author"), "handle");
        int64_t now = utc_usec();
        int r;

        r = store_author(g->f->instance->host->store, g->op.arena, g->thread.channel, handle, &g->thread,
                         g->f->instance->stored.id, &g->author);
        g->card_usec = g->author.card_usec <= now && now - g->author.card_usec < CARD_AGE_USEC ? g->author.card_usec : now;
        return r;
}

/* As an article, or as a reply. */
static bool agent_has(const struct filing *g, const char *id)
{
        struct store *store = g->f->instance->host->store;
        _cleanup_free_ char *state = store_state_of(store, g->thread.channel, id);

        return (state && streq(state, STATE_FILED)) || store_is_part(store, g->thread.channel, id);
}

static bool is_root_of_branch(const struct filing *g)
{
        return g->thread.branch && streq(g->thread.root, g->row->native_id);
}

static int prepare(struct filing *g)
{
        struct instance *i = g->f->instance;
        struct arena *a = g->op.arena;

        if (store_thread(i->host->store, a, g->row->thread, &g->thread) <= 0)
                return -ENOENT;
        if (g->thread.helpdesk != i->stored.id)
                g->thread.ticket = g->thread.number = g->thread.url = "";
        g->before.ticket = "";
        /* It may have a ticket, of which no more was made. */
        if (g->thread.before && (!*g->thread.ticket || streq(g->thread.root, g->row->native_id)) &&
            store_thread(i->host->store, a, g->thread.before, &g->before) > 0 && g->before.helpdesk != i->stored.id)
                g->before.ticket = "";
        g->channel = host_find_id(i->host, g->thread.channel);
        if (g->channel)
                instance_hold(g->channel);
        g->channel_name = g->channel ? g->channel->name : "channel";
        g->payload = payload_parse(g->op.page, g->row->payload);
        if (mj_get(g->payload, "above") && agent_has(g, mj_str(mj_get(g->payload, "above"), "id")))
                json_object_object_del(g->payload, "above");     /* it need not be quoted */
        if (g->thread.branch)
                g->thread_key = compose_branch_key(a, g->channel_name, store_network_root(i->host->store, a, &g->thread),
                                                   g->thread.root);
        else
                g->thread_key = compose_thread_key(a, g->channel_name, store_first_root(i->host->store, a, &g->thread),
                                                   g->thread.root);
        g->key = is_note(g) ? g->row->native_id
                 : is_root_of_branch(g) ? g->thread_key : compose_key(a, g->channel_name, g->row->native_id);
        g->customer = arena_printf(a, "%s:%s", network(g), mj_str(mj_get(g->payload, "author"), "handle"));
        g->title = is_note(g) ? arena_strdup(a, mj_str(g->payload, "subject")) : compose_title(a, g->payload);
        g->filed = (struct mentiond_filed) { .struct_size = sizeof g->filed };
        return is_note(g) ? 0 : know_author(g);
}

static int look_for(struct filing *g)
{
        const struct instance *i = g->f->instance;
        struct mentiond_lookup q = {
                .struct_size = sizeof q,
                .key = g->key,
                .thread_key = g->thread_key,
                .ticket = g->thread.ticket,
                .customer = g->customer,
                .title = g->title,
                .tried_usec = g->row->tried_usec,
        };

        return OP_CALL(&g->op, i->plugin->helpdesk.find(&g->op, i->plugin_state, &q, &g->filed));
}

static int call_filing(struct filing *g, const struct mentiond_filing *q)
{
        const struct instance *i = g->f->instance;

        return OP_CALL(&g->op, (*q->ticket ? i->plugin->helpdesk.append
                                    : i->plugin->helpdesk.file)(&g->op, i->plugin_state, q, &g->filed));
}

/* A ticket that was closed before then stays closed; 0: there is no such time.  The first mention of a thread has nowhere else to
 * go. */
static int64_t reopen_since_usec(const struct filing *g)
{
        int64_t reopen_for = g->channel ? g->channel->options.reopen_for_usec : 0;

        return reopen_for && !streq(g->thread.root, g->row->native_id) ? MAX(utc_usec() - reopen_for, INT64_C(0)) : 0;
}

static const char *with_ticket_before(struct filing *g, const char *text)
{
        const struct store_thread *t = &g->before;

        if (!*t->ticket)
                return text;
        return arena_printf(g->op.arena, "%s\n\n%s from ticket %s%s%s", text, is_root_of_branch(g) ? "Split" : "Goes on",
                            *t->number ? t->number : t->ticket, *t->url ? ", " : "", t->url);
}

/* Whether it may be answered is said last, where the eye rests. */
static const char *compose(struct filing *g, const char *failed_media)
{
        struct arena *a = g->op.arena;
        const char *text = with_ticket_before(g, compose_article(a, g->payload, g->row->created_usec, failed_media,
                                                                 g->card_usec != g->author.card_usec ? &g->author : NULL));
        const char *line = right_line(a, &g->row->kept.right);

        return *line ? arena_printf(a, "%s\n\n%s", text, line) : text;
}

static int file_mention(struct filing *g)
{
        struct mentiond_attachment *attachments = NULL;
        const char *failed = "";
        struct mentiond_filing q = {
                .struct_size = sizeof q,
                .key = g->key,
                .thread_key = g->thread_key,
                .ticket = g->thread.ticket,
                .queue = g->channel ? g->channel->options.queue : "",
                .title = g->title,
                .customer = g->customer,
                .author = compose_author(g->op.arena, g->payload),
                .network = network(g),
                .url = arena_strdup(g->op.arena, mj_str(g->payload, "url")),
                .created_usec = g->row->created_usec,
                .after = g->before.ticket,
                .reopen_since_usec = reopen_since_usec(g),
        };
        int verdict;

        if (g->channel)
                media_fetch(&g->op, g->channel, g->payload, &attachments, &q.n_attachments, &failed);
        q.attachments = attachments;
        q.text = compose(g, failed);
        op_forget_page(&g->op);          /* before the helpdesk is waited for */
        verdict = call_filing(g, &q);
        if (verdict == MENTIOND_REJECTED && g->op.status == TOO_LARGE && q.n_attachments > 0) {
                q.n_attachments = 0;
                q.text = arena_printf(g->op.arena, "%s\nNot attached: the files are more than the helpdesk takes at once",
                                      q.text);
                verdict = call_filing(g, &q);
        }
        return verdict;
}

static int file_note(struct filing *g)
{
        const struct instance *i = g->f->instance;
        struct mentiond_note q = {
                .struct_size = sizeof q,
                .key = g->key,
                .ticket = g->thread.ticket,
                .kind = (uint32_t) mj_int(g->payload, "note", MENTIOND_NOTE_PLAIN),
                .subject = g->title,
                .text = arena_strdup(g->op.arena, mj_str(g->payload, "text")),
                .article = arena_strdup(g->op.arena, mj_str(g->payload, "article")),
                .url = arena_strdup(g->op.arena, mj_str(g->payload, "url")),
                .network = network(g),
        };

        if (!*q.ticket)
                return mentiond_fail(&g->op, MENTIOND_GONE, "the conversation has no ticket any more");
        return OP_CALL(&g->op, i->plugin->helpdesk.note(&g->op, i->plugin_state, &q, &g->filed));
}

/* What the helpdesk said of the ticket, for the thread: also after a merge. */
static const struct store_thread *link_of(struct filing *g)
{
        struct store_thread *link;

        if (isempty(g->filed.ticket))
                return NULL;
        link = arena_alloc(g->op.arena, sizeof *link);
        *link = g->thread;
        link->helpdesk = g->f->instance->stored.id;
        link->ticket = g->filed.ticket;
        if (!isempty(g->filed.number))
                link->number = g->filed.number;
        if (!isempty(g->filed.url))
                link->url = g->filed.url;
        return link;
}

/* Until when a new ticket has to wait, if it is one and has to; else 0. */
static int64_t waits_until(const struct filing *g)
{
        int64_t until = is_note(g) || *g->thread.ticket ? 0 : blocked_until(g->f, g->row->source), now = mono_usec();

        return until > now ? steady_usec() + (until - now) : 0;
}

static void attempt(struct filing *g, bool look)
{
        struct flow_instance *f = g->f;
        struct step s = { .row = g->row, .op = &g->op, .looked = look };
        struct store_row begun = *g->row;
        int r = prepare(g);
        int64_t until = r < 0 || look ? 0 : waits_until(g);

        if (r >= 0 && !look && !is_note(g) && g->thread.next) {
                s.goes_on = true;
                s.verdict = mentiond_fail(&g->op, MENTIOND_GONE, "its conversation goes on in another ticket");
                step_take(f, &s);
                return;
        }
        if (until) {
                step_wait(f, g->row, until, NULL);
                return;
        }
        /* Unless the poll that brought it has begun it. */
        if (r >= 0 && !look && !streq(g->row->state, STATE_FILING)) {
                r = store_begin(f->instance->host->store, g->row->id, g->row->orders, STATE_FILING, utc_usec(), NULL);
                begun.attempt++;
                s.row = &begun;
        }
        if (r >= 0 && !look)
                crash_point(g->row->kind, STATE_FILING);
        if (r >= 0) {
                if (!look && *g->thread.ticket && !is_note(g))
                        g->op.name = "append";
                s.verdict = op_judge(&g->op, look ? look_for(g) : is_note(g) ? file_note(g) : file_mention(g));
                s.goes_on = !look && !is_note(g) && *g->thread.ticket && s.verdict == MENTIOND_GONE && !isempty(g->filed.ticket);
                s.link = link_of(g);
                s.link_was = !look && *g->thread.ticket ? g->thread.ticket : NULL;
                s.ticket = s.link ? s.link->number : g->thread.number;
                s.id = g->filed.article;
                s.url = g->filed.url;
                if (!is_note(g) && g->channel && g->channel->plugin->channel.reread && f->instance->host->reread_for_usec)
                        s.reread_usec = steady_usec() + FLOW_REREAD_FIRST_USEC;
                s.card_usec = g->card_usec;
                if (streq(g->op.name, "file"))
                        blocked_take(f, g->row->source, &g->op, s.verdict);
                step_take(f, &s);
        } else if (r != -ESTALE) {
                log_event(LOG_ERR, "an attempt cannot begin", F("instance", f->instance->name), FI("id", g->row->id),
                          F("reason", strerror(-r)));
                budget_pause(&f->instance->budget, f->instance->options.retry_usec);
        }
}

void filing_attempt(struct flow_instance *f, struct arena *a _unused_, const struct store_row *row)
{
        struct filing g = { .f = f, .row = row };
        bool look = streq(row->state, STATE_AMBIGUOUS);

        op_begin(&g.op, f->instance, look ? "find" : is_note(&g) ? "note" : "file", OP_DEADLINE_USEC);
        attempt(&g, look);
        op_end(&g.op);
        if (g.channel)
                instance_release(g.channel);
}
