/* SPDX-License-Identifier: MIT */
#include "fakes.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>

struct fake fake;
struct host fake_host;
struct flow fake_flow;
struct instance *brand, *desk;
struct arena *fake_arena;

static int n_posts;

static void say(const char *format, const char *what)
{
        _cleanup_free_ char *word = xasprintf(format, what), *all = xasprintf("%s%s; ", strempty(fake.said), word);

        strset(&fake.said, all);
}

static int answer(enum fake_call call, struct mentiond_op *op)
{
        bool acts = call == CALL_POST || call == DESK_FILE || call == DESK_APPEND;
        int verdict = MENTIOND_OK;

        if (fake.verdicts[call] && *fake.verdicts[call] >= 0)
                verdict = *fake.verdicts[call]++;
        fake.calls[call]++;
        fake.in_flight += acts;
        fake.most_in_flight = MAX(fake.most_in_flight, fake.in_flight);
        if (fake.on_call)
                fake.on_call(call, op);
        if (fake.takes_usec[call] && mentiond_sleep(op, fake.takes_usec[call]) != MENTIOND_OK)
                verdict = MENTIOND_CANCELED;
        fake.in_flight -= acts;
        if (verdict == MENTIOND_THROTTLED)
                op->throttled_usec = fake.throttled_usec;
        return verdict == MENTIOND_OK ? verdict : mentiond_fail(op, verdict, "as told: %s", verdict_name(verdict));
}

/* --- The channel --- */

static int channel_start(struct mentiond_op *op, void *state _unused_)
{
        mentiond_set_self(op, "self", "@brand@example");
        return answer(CALL_START, op);
}

static int channel_poll(struct mentiond_op *op, void *state _unused_)
{
        return answer(CALL_POLL, op);
}

static int channel_fetch(struct mentiond_op *op, void *state _unused_, const char *id)
{
        say("fetch %s", id);
        return answer(CALL_FETCH, op);
}

static void keep(const struct mentiond_post *post)
{
        strset(&fake.key, post->key);
        strset(&fake.text, post->text);
        strset(&fake.parent, post->parent);
        strset(&fake.root, post->root);
        fake.tried_usec = post->tried_usec;
        fake.visibility = post->visibility;
        fake.n_uploads = post->n_uploads;
}

static int channel_post(struct mentiond_op *op, void *state _unused_, const struct mentiond_post *post,
                        struct mentiond_posted *ret)
{
        int verdict;

        keep(post);
        say("post %s", post->text);
        verdict = answer(CALL_POST, op);
        ret->id = fake.posted ? fake.posted : mentiond_format(op, "p%d", ++n_posts);
        ret->url = mentiond_format(op, "https://net/%s", ret->id);
        return verdict;
}

static int channel_find(struct mentiond_op *op, void *state _unused_, const struct mentiond_post *post,
                        struct mentiond_posted *ret)
{
        int verdict;

        keep(post);
        say("look %s", post->text);
        verdict = answer(CALL_LOOK, op);
        ret->id = fake.posted ? fake.posted : mentiond_format(op, "p%d", ++n_posts);
        ret->url = mentiond_format(op, "https://net/%s", ret->id);
        return verdict;
}

static int channel_edit(struct mentiond_op *op, void *state _unused_, const struct mentiond_change *change)
{
        strset(&fake.text, change->text);
        say("edit %s", change->id);
        return answer(CALL_EDIT, op);
}

static int channel_remove(struct mentiond_op *op, void *state _unused_, const char *id)
{
        say("remove %s", id);
        return answer(CALL_REMOVE, op);
}

static int channel_react(struct mentiond_op *op, void *state _unused_, uint32_t reaction, const char *id)
{
        say(reaction == MENTIOND_LIKE ? "like %s" : reaction == MENTIOND_REPOST ? "repost %s" : "hide %s", id);
        return answer(CALL_REACT, op);
}

static int channel_reread(struct mentiond_op *op, void *state _unused_, const char *const *ids, uint32_t n)
{
        for (uint32_t k = 0; k < n; k++)
                say("reread %s", ids[k]);
        return answer(CALL_REREAD, op);
}

static void channel_stop(struct mentiond_op *op, void *state _unused_)
{
        (void) answer(CALL_STOP, op);
}

/* --- The helpdesk --- */

static int desk_start(struct mentiond_op *op, void *state _unused_)
{
        return answer(DESK_START, op);
}

static int desk_poll(struct mentiond_op *op, void *state _unused_)
{
        if (fake.article)
                mentiond_emit_article(op, fake.article);
        return answer(DESK_POLL, op);
}

static int file(enum fake_call call, struct mentiond_op *op, const struct mentiond_filing *q, struct mentiond_filed *ret)
{
        const char *ticket;
        int verdict;

        mentiond_turn_page(op, NULL, 0);         /* it may: what it was given is elsewhere */
        ticket = *q->ticket ? q->ticket : fake.ticket ? fake.ticket : mentiond_format(op, "T-%s", q->thread_key);
        strset(&fake.filed_ticket, q->ticket);
        strset(&fake.filed_text, q->text);
        strset(&fake.filed_title, q->title);
        strset(&fake.filed_url, q->url);
        strset(&fake.filed_after, q->after);
        fake.reopen_since_usec = q->reopen_since_usec;
        say(call == DESK_FILE ? "file %s" : "append %s", q->key);
        verdict = answer(call, op);
        if (verdict == MENTIOND_OK || (verdict == MENTIOND_GONE && fake.closed && call == DESK_APPEND))
                *ret = (struct mentiond_filed) { .struct_size = ret->struct_size, .ticket = ticket, .number = "N1",
                                                 .url = "https://desk/1",
                                                 .article = "art" };
        return verdict;
}

static int desk_file(struct mentiond_op *op, void *state _unused_, const struct mentiond_filing *q, struct mentiond_filed *ret)
{
        return file(DESK_FILE, op, q, ret);
}

static int desk_append(struct mentiond_op *op, void *state _unused_, const struct mentiond_filing *q, struct mentiond_filed *ret)
{
        return file(DESK_APPEND, op, q, ret);
}

static int desk_note(struct mentiond_op *op, void *state _unused_, const struct mentiond_note *q, struct mentiond_filed *ret)
{
        _cleanup_free_ char *all = NULL;

        mentiond_turn_page(op, NULL, 0);
        strset(&fake.note_subject, q->subject);
        strset(&fake.note_text, q->text);
        all = xasprintf("%s%s\n", strempty(fake.notes), q->text);
        strset(&fake.notes, all);
        say("note %s", q->key);
        ret->article = "note";
        return answer(DESK_NOTE, op);
}

static int desk_find(struct mentiond_op *op, void *state _unused_, const struct mentiond_lookup *q, struct mentiond_filed *ret)
{
        int verdict;

        mentiond_turn_page(op, NULL, 0);
        say("find %s", q->key);
        verdict = answer(DESK_LOOK, op);
        if (verdict == MENTIOND_OK) {
                ret->ticket = *q->ticket ? q->ticket : mentiond_format(op, "T-%s", q->thread_key);
                ret->article = "found";
        }
        return verdict;
}

static int desk_review(struct mentiond_op *op, void *state _unused_, const char *ticket _unused_, const char *article _unused_,
                       struct mentiond_review *ret)
{
        int verdict = answer(DESK_REVIEW, op);

        *ret = fake.review;
        ret->struct_size = sizeof *ret;
        if (!ret->standing)
                ret->standing = MENTIOND_STANDS;
        return verdict;
}

static int desk_close(struct mentiond_op *op, void *state _unused_, const char *ticket)
{
        say("close %s", ticket);
        return answer(DESK_CLOSE, op);
}

static void desk_stop(struct mentiond_op *op, void *state _unused_)
{
        (void) answer(DESK_STOP, op);
}

/* --- The world around them --- */

static struct mentiond_channel channel = {
        .head = { MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel), .name = "fakenet", .version = "1" },
        .start = channel_start, .poll = channel_poll, .post = channel_post, .stop = channel_stop,
        .edit = channel_edit, .remove = channel_remove, .react = channel_react, .reread = channel_reread,
};

static struct mentiond_helpdesk helpdesk = {
        .head = { MENTIOND_PLUGIN_HEAD(MENTIOND_HELPDESK, struct mentiond_helpdesk), .name = "fakedesk", .version = "1" },
        .start = desk_start, .poll = desk_poll, .file = desk_file, .append = desk_append, .note = desk_note, .find = desk_find,
        .stop = desk_stop, .close = desk_close,
};

static struct instance *make(uint32_t kind, const char *name, const char *plugin)
{
        struct section s = { .name = xstrdup(name), .file = "test.conf", .line = 1 };
        struct problems p = PROBLEMS_INIT;
        struct instance *i;

        section_add(&s, "plugin", plugin, 2);
        if (kind == MENTIOND_CHANNEL) {
                section_add(&s, "helpdesk", "desk", 3);
                section_add(&s, "hold", "0", 4);
        }
        i = instance_new(&fake_host, &s, kind, "/nowhere", &p);
        assert_string_equal(buffer_str(&p.text), "");
        i->options.poll_every_usec = USEC_PER_MINUTE;    /* by flow_poll_now() only */
        i->options.settle_usec = 5000;
        i->options.retry_usec = 1000;
        i->options.retry_max_usec = 4000;
        section_done(&s);
        buffer_done(&p.text);
        assert_int_equal(instance_read(i), 0);
        return i;
}

static void on_idle(struct instance *i)
{
        flow_detach(i);
        instance_unlink(i);
        instance_free(i);
}

static void attach(struct instance *i)
{
        flow_attach(&fake_flow, i);
        instance_attach(i);
}

static void forget_strings(void)
{
        free(fake.said);
        free(fake.key);
        free(fake.text);
        free(fake.parent);
        free(fake.root);
        free(fake.filed_after);
        free(fake.filed_ticket);
        free(fake.filed_text);
        free(fake.filed_title);
        free(fake.filed_url);
        free(fake.note_subject);
        free(fake.note_text);
        free(fake.notes);
        fake = (struct fake) { .said = NULL };
}

void fake_open(unsigned flags)
{
        _cleanup_free_ char *error = NULL;
        struct plugin *p;

        forget_strings();
        n_posts = 0;
        fake_arena = arena_new();
        fake_host = (struct host) { .loop = world_loop, .idle = on_idle };
        flow_init(&fake_flow, &fake_host);
        /* The writer's thread can be had once on a loop. */
        assert_int_equal(store_open(world_loop, world_directory, flags & FAKE_AGAIN ? STORE_INLINE : 0, &fake_host.store, &error),
                         0);
        channel.find = flags & FAKE_NO_FIND ? NULL : channel_find;
        channel.post = flags & FAKE_NO_POST ? NULL : channel_post;
        channel.fetch = flags & FAKE_NO_FETCH ? NULL : channel_fetch;
        helpdesk.review = flags & FAKE_NO_REVIEW ? NULL : desk_review;
        plugin_forget_all();
        assert_int_equal(plugin_register(&channel.head, &p, &error), 0);
        assert_int_equal(plugin_register(&helpdesk.head, &p, &error), 0);
        desk = make(MENTIOND_HELPDESK, "desk", "fakedesk");
        brand = make(MENTIOND_CHANNEL, "brand", "fakenet");
        brand->helpdesk_id = desk->stored.id;
        if (flags & FAKE_IDLE)
                flow_drain(&fake_flow);
        attach(desk);
        attach(brand);
        if (!(flags & FAKE_IDLE)) {
                assert_true(world_wait(&fake.calls[CALL_POLL], 1));
                assert_true(world_wait(&fake.calls[DESK_POLL], 1));
        }
        while (!flow_is_idle(&fake_flow))
                world_sleep(500);
        memset(fake.calls, 0, sizeof fake.calls);
}

void fake_detach(void)
{
        for (struct instance *i = fake_host.instances, *next; i; i = next) {
                next = i->next;
                instance_end(i);
        }
        while (fake_host.instances)
                world_sleep(500);
}

void fake_close(void)
{
        fake_detach();
        store_close(fake_host.store);
        plugin_forget_all();
        arena_free(fake_arena);
        forget_strings();
}

static void commit(int64_t source, struct store_item item)
{
        struct store_poll p = { .source = source, .target = desk->stored.id, .items = &item, .n_items = 1 };

        assert_int_equal(store_commit_poll(fake_host.store, &p), 0);
        flow_kick_all(&fake_flow);
}

void fake_mention(const char *id, const char *root, const char *parent)
{
        _cleanup_free_ char *payload =
                xasprintf("{\"visibility\":1,\"text\":\"text of %s\",\"parent\":\"%s\",\"root\":\"%s\","
                          "\"url\":\"https://net/%s\","
                          "\"author\":{\"id\":\"9\",\"handle\":\"@alice@example\",\"name\":\"Alice\"}}",
                          id, parent, root, id);

        commit(brand->stored.id, (struct store_item) {
                .kind = KIND_MENTION, .state = STATE_NEW, .native_id = id, .root = root, .parent = parent,
                .created_usec = utc_usec(),
                .ready_usec = utc_usec(), .payload = payload, .kept = { .handle = "@alice@example", .visibility = 1 } });
}

void fake_known(const char *id)
{
        commit(brand->stored.id, (struct store_item) { .kind = KIND_MENTION, .state = STATE_KNOWN, .native_id = id });
}

void fake_reply(const char *id, const char *ticket, const char *payload, const char *reason)
{
        commit(desk->stored.id, (struct store_item) {
                .kind = KIND_REPLY, .state = STATE_WAITING, .native_id = id, .ticket = ticket, .reason = reason,
                .ready_usec = utc_usec(), .payload = payload });
}

void fake_article(const char *id, const char *ticket, uint32_t kind, const char *text)
{
        struct mentiond_article article = { .struct_size = sizeof article, .kind = kind, .ticket = ticket, .id = id,
                                            .agent = "Ada",
                                            .created_usec = fake.written_usec, .html = "", .text = text };
        int before = fake.calls[DESK_POLL];

        fake.article = &article;
        while (fake.calls[DESK_POLL] == before || !*fake_state(desk->stored.id, id)) {
                flow_poll_now(desk);
                world_sleep(500);
        }
        fake.article = NULL;
}

void fake_filed(const char *id, const char *root, const char *ticket)
{
        struct store_thread link = { .helpdesk = desk->stored.id, .ticket = ticket, .number = "N1", .url = "https://desk/1" };

        fake_mention(id, root, "");
        if (!fake_flow.draining) {
                fake.ticket = ticket;
                assert_true(fake_becomes(brand->stored.id, id, STATE_FILED));
                fake.ticket = NULL;
                return;
        }
        assert_int_equal(store_move(fake_host.store, &(struct store_move) {
                .id = fake_id(brand->stored.id, id), .state = STATE_FILED, .link = &link, .now_usec = utc_usec() }), 0);
}

int64_t fake_id(int64_t source, const char *native_id)
{
        static const char *const states[] = {
                STATE_NEW, STATE_FILING, STATE_FILED, STATE_WAITING, STATE_SENDING, STATE_POSTED, STATE_AMBIGUOUS, STATE_HELD,
                STATE_DEAD, STATE_WITHDRAWN, STATE_DROPPED, STATE_KNOWN, STATE_SHOWN, STATE_DONE,
        };

        for (size_t k = 0; k < ELEMENTSOF(states); k++) {
                _cleanup_(arena_freep) struct arena *a = arena_new();
                struct store_row *rows;
                size_t n;

                assert_int_equal(store_list(fake_host.store, a, &(struct store_list) {
                        .state = states[k], .max = 1000 }, &rows, &n), 0);
                for (size_t i = 0; i < n; i++)
                        if (rows[i].source == source && streq(rows[i].native_id, native_id))
                                return rows[i].id;
        }
        fail_msg("there is no row %s", native_id);
        return 0;
}

struct store_row fake_row(int64_t source, const char *native_id)
{
        struct store_row row;

        assert_int_equal(store_load(fake_host.store, fake_arena, fake_id(source, native_id), &row), 1);
        return row;
}

const char *fake_state(int64_t source, const char *native_id)
{
        char *state = store_state_of(fake_host.store, source, native_id);

        return state ? arena_take(fake_arena, state) : "";
}

/* Whether something is due, or soon, as a reply is that waits for the commands before it. */
static bool is_due(const struct instance *i)
{
        return store_next_due(fake_host.store, i->stored.id, 0) < steady_usec() + 50 * USEC_PER_MSEC;
}

void fake_quiet(void)
{
        int more = 100;          /* of who is paused it is due for ever */

        for (int n = 0; n < 3; n++) {
                while (!flow_is_idle(&fake_flow) || ((is_due(desk) || is_due(brand)) && more-- > 0))
                        world_sleep(500);
                world_sleep(2000);
        }
}

bool fake_becomes(int64_t source, const char *native_id, const char *state)
{
        int64_t until = mono_usec() + 10 * USEC_PER_SEC;

        while (!streq(fake_state(source, native_id), state)) {
                if (mono_usec() > until) {
                        print_error("%s is %s, not %s\n%s\n", native_id, fake_state(source, native_id), state,
                                    strempty(world_log));
                        return false;
                }
                world_sleep(500);
        }
        return true;
}
