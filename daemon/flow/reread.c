/* SPDX-License-Identifier: MIT
 *
 * Reading again: posts of open conversations are asked for from time to time, the seldomer the older they are, and what the
 * customer changed or took away is told to the agent; so is what somebody of the company answered in the network's own app.
 * Called by intake after polls.  Owns the words.
 */
#include "flow/internal.h"
#include "flow/right.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/text.h"
#include "host/payload.h"

#include <mentiond/json.h>

#include <errno.h>

#define OPEN_TEXTS 500                   /* of a channel; with more of them nobody is told */
#define THREADS_AT_ONCE 10               /* after one poll */
#define POSTS_MAX 20                     /* of a thread, the newest */
#define FINDINGS_MAX 64
#define OWN_GRAPHEMES 500

struct reading {
        struct flow_instance *f;
        struct arena *a;
        int64_t thread;
        struct store_kept_post posts[POSTS_MAX];
        int n_posts;
        struct store_finding findings[FINDINGS_MAX];
        size_t n_findings;
};

/* Three times as old as it was. */
static int64_t next_usec(const struct reading *g)
{
        int64_t now = utc_usec(), newest = 0, age;

        for (int n = 0; n < g->n_posts; n++)
                newest = MAX(newest, g->posts[n].seen_usec);
        age = MAX(now - newest, FLOW_REREAD_FIRST_USEC);
        return newest && 3 * age < g->f->instance->host->reread_for_usec ? steady_usec() + 2 * age : 0;
}

/* NULL: not this time. */
static struct store_finding *find(struct reading *g, const struct store_kept_post *post, const char *own, const char *what,
                                  const char *subject, const char *text, const char *url, const char *payload)
{
        struct mentiond_note note = { .struct_size = sizeof note, .subject = subject, .text = text, .article = "", .url = url };

        if (g->n_findings == FINDINGS_MAX)
                return NULL;
        g->findings[g->n_findings++] = (struct store_finding) {
                .post = post ? post->id : 0,
                .own = own,
                .payload = payload,
                .note_key = arena_printf(g->a, "note:%lld:%s", (long long) (post ? post->id : g->thread), what),
                .note_payload = arena_take(g->a, payload_of_note(&note)),
        };
        return &g->findings[g->n_findings - 1];
}

static void compare_right(struct reading *g, const struct store_kept_post *post, const struct op_again *now, const char *handle,
                          const char *text)
{
        const struct store_right *was = &post->right, *is = &now->right;
        const char *line = right_line(g->a, is);
        struct store_finding *f;

        if (is->right == was->right && is->until_usec == was->until_usec)
                return;
        f = find(g, post, NULL, arena_printf(g->a, "right:%lld:%lld", (long long) is->right, (long long) is->until_usec),
                 "Right to answer changed",
                 arena_printf(g->a, "What the network says of this post of %s has changed. %s\n\n%s", handle,
                              *line ? line : "It can be answered.", text),
                 now->url, NULL);
        if (f)
                f->right = is;
}

static void compare(struct reading *g, const struct store_kept_post *post, const struct op_again *now)
{
        struct json_object *payload = payload_parse(g->a, post->payload);
        const char *was = mj_str(payload, "text"), *handle = mj_str(mj_get(payload, "author"), "handle"), *text;

        if (now->gone) {
                if (g->f->instance->options.redact)
                        was = "Its text is not repeated here. The article that shows it stays: the helpdesk lets nobody change "
                              "it but a person.";
                (void) find(g, post, NULL, "deleted", "Post deleted",
                            arena_printf(g->a, "%s has deleted a post, or it cannot be seen any more:\n\n%s\n\n%s", handle, was,
                                         mj_str(payload, "url")), "", NULL);
                return;
        }
        compare_right(g, post, now, handle, was);
        if (streq(was, now->text))
                return;
        text = arena_printf(g->a, "%s has changed a post. It was:\n\n%s\n\nand is now:\n\n%s\n\n%s", handle, was, now->text,
                            now->url);
        mj_put_str(payload, "text", now->text);
        (void) find(g, post, NULL, arena_printf(g->a, "edited:%016llx", (unsigned long long) text_hash(now->text)),
                    "Post changed", text, now->url,
                    arena_strdup(g->a, json_object_to_json_string_ext(payload,
                                                                      JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)));
}

/* Of a post of the account. */
static bool is_known(struct instance *i, const char *id)
{
        _cleanup_free_ char *state = store_state_of(i->host->store, i->stored.id, id);

        return state || store_is_part(i->host->store, i->stored.id, id);
}

/* It may be a reply of this conversation; or of any, where what that answers is gone, and the network shows it in a place of its
 * own. */
static bool may_be_reply(struct reading *g, const struct op_again *now)
{
        struct instance *i = g->f->instance;
        const char **texts;
        int n;

        if (store_is_unsure(i->host->store, g->thread))
                return true;
        texts = arena_alloc(g->a, OPEN_TEXTS * sizeof *texts);
        n = store_open_texts(i->host->store, g->a, i->stored.id, texts, OPEN_TEXTS);
        for (int k = 0; k < n; k++)
                if (mentiond_same_text(now->text, texts[k]))
                        return true;
        return n < 0 || n == OPEN_TEXTS;
}

/* What it answers is known to be of another thread of the conversation, which has a ticket of its own. */
static bool is_of_another(struct reading *g, const struct op_again *now)
{
        struct instance *i = g->f->instance;
        _cleanup_free_ char *root = isempty(now->parent) ? NULL : store_root_of(i->host->store, i->stored.id, now->parent);
        struct store_thread own;

        return root && store_thread(i->host->store, g->a, g->thread, &own) > 0 && !streq(root, own.root);
}

static void see(struct reading *g, const struct op_again *now)
{
        struct instance *i = g->f->instance;
        struct store_finding *own;

        for (int n = 0; n < g->n_posts; n++)
                if (streq(g->posts[n].native_id, now->id)) {
                        compare(g, &g->posts[n], now);
                        return;
                }
        if (now->gone || !streq(now->author, i->self_id) || is_known(i, now->id))
                return;
        if (is_of_another(g, now))
                return;          /* when that is read */
        if (may_be_reply(g, now))
                return;          /* the next time */
        own = find(g, NULL, now->id, arena_printf(g->a, "app:%016llx", (unsigned long long) text_hash(now->id)),
                   "Answered in the app",
                   arena_printf(g->a, "%s answered outside of the helpdesk: %s\n\n%s", strempty(i->self_handle), now->url,
                                arena_take(g->a, text_ellipsize(now->text, OWN_GRAPHEMES))),
                   now->url, NULL);
        if (own)
                own->own_usec = now->created_usec;
}

static int call_reread(struct mentiond_op *op, const char *const *ids, uint32_t n)
{
        return OP_CALL(op, op->instance->plugin->channel.reread(op, op->instance->plugin_state, ids, n));
}

static int read_again(struct reading *g)
{
        struct instance *i = g->f->instance;
        _cleanup_op_ struct mentiond_op op;
        const char *ids[POSTS_MAX];
        int verdict, r;

        g->n_posts = store_reread_posts(i->host->store, g->a, g->thread, g->posts, POSTS_MAX);
        for (int n = 0; n < g->n_posts; n++)
                ids[n] = g->posts[n].native_id;
        op_begin(&op, i, "reread", OP_DEADLINE_USEC);
        verdict = g->n_posts > 0 ? op_judge(&op, call_reread(&op, ids, (uint32_t) g->n_posts)) : MENTIOND_OK;
        if (verdict != MENTIOND_OK && verdict != MENTIOND_BUG && verdict != MENTIOND_REJECTED)
                return -EAGAIN;          /* after the next poll */
        for (size_t n = 0; n < op.n_again; n++)
                see(g, &op.again[n]);
        crash_point(i->plugin->name, "reread");
        /* Mentions that no poll was shown are filed when the next has ended. */
        r = op.emit_error ? op.emit_error : op.n_items ? op_commit(&op, false, NULL) : 0;
        if (r < 0)
                return r;
        r = store_reread(i->host->store, g->thread, next_usec(g), g->findings, g->n_findings, steady_usec());
        if (r >= 0 && g->n_findings)
                log_event(LOG_INFO, "a conversation has changed", F("instance", i->name), FI("thread", g->thread), FI("changes",
                          (int64_t) g->n_findings));
        return r;
}

/* --- What a poll tells --- */

#define IN_FILING_USEC (10 * USEC_PER_SEC)       /* how long a change waits for the attempt to file what it changes */
#define LOOK_USEC (100 * USEC_PER_MSEC)

/* As it stands when no attempt at it is under way: what that has sent would not be known.  1, or 0 if it is not kept. */
static int find_post(struct reading *g, const char *id)
{
        struct instance *i = g->f->instance;
        int64_t until = mono_usec() + IN_FILING_USEC;
        int r;

        while ((r = store_kept_post(i->host->store, g->a, i->stored.id, id, &g->posts[0], &g->thread)) > 0 &&
               streq(g->posts[0].state, STATE_FILING) && mono_usec() < until && task_sleep_until(mono_usec() + LOOK_USEC) == 0)
                ;
        return r;
}

int reread_told(struct flow_instance *f, const struct mentiond_op *op)
{
        for (size_t n = 0; n < op->n_again; n++) {
                _cleanup_(arena_freep) struct arena *a = arena_new();
                struct reading *g = arena_alloc(a, sizeof *g);
                int r;

                *g = (struct reading) { .f = f, .a = a };
                r = find_post(g, op->again[n].id);
                if (r > 0 && !(op->again[n].gone && !streq(g->posts[0].state, STATE_FILED))) {
                        compare(g, &g->posts[0], &op->again[n]);
                        r = g->n_findings ? store_reread(f->instance->host->store, g->thread, -1, g->findings, g->n_findings,
                                                         steady_usec())
                                          : 0;
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

/* --- What is asked for --- */

static void reread_task(void *data)
{
        struct flow_instance *f = data;
        int64_t threads[THREADS_AT_ONCE];
        int n = store_reread_due(f->instance->host->store, f->instance->stored.id, steady_usec(), threads, THREADS_AT_ONCE),
            r = 0;

        for (int k = 0; k < n && r >= 0 && !budget_is_short(&f->instance->budget); k++) {
                _cleanup_(arena_freep) struct arena *a = arena_new();
                struct reading *g = arena_alloc(a, sizeof *g);

                *g = (struct reading) { .f = f, .a = a, .thread = threads[k] };
                r = read_again(g);
        }
        if (r < 0 && r != -EAGAIN)
                log_event(LOG_WARNING, "what has changed in conversations cannot be recorded yet",
                          F("instance", f->instance->name), F("reason", strerror(-r)));
}

static void reread_done(void *data)
{
        struct flow_instance *f = data;

        f->rereading = false;
        flow_kick_helpdesks(f->flow);
}

void reread_sometimes(struct flow_instance *f)
{
        struct instance *i = f->instance;
        int64_t thread;

        if (f->rereading || f->flow->draining || i->state != INSTANCE_RUNNING || !instance_is_channel(i)
            || !i->plugin->channel.reread || !i->host->reread_for_usec || budget_is_paused(&i->budget)
            || store_reread_due(i->host->store, i->stored.id, steady_usec(), &thread, 1) <= 0)
                return;
        f->rereading = true;
        instance_task(i, reread_task, reread_done, f);
}
