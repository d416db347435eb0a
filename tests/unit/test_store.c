/* SPDX-License-Identifier: MIT */
#include "world.h"

#include "base/clock.h"
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NOW INT64_C(1700000000000000)
#define ANYBODY 4                        /* any visibility */
#define LATER (INT64_C(1) << 60)

static struct store *s;
static struct arena *a;
static int64_t channel, helpdesk;

static int64_t instance(const char *name)
{
        struct store_instance i = { .id = 0 };

        assert_int_equal(store_instance_get(s, name, "fake", &i), 0);
        return i.id;
}

static void open_store(void)
{
        _cleanup_free_ char *error = NULL;

        assert_int_equal(store_open(world_loop, world_directory, 0, &s, &error), 0);
        a = arena_new();
        helpdesk = instance("desk");
        channel = instance("brand");
}

static void close_store(void)
{
        arena_free(a);
        store_close(s);
        s = NULL;
}

/* A store is opened once on a loop: its later lives have no thread. */
static void reopen(void)
{
        _cleanup_free_ char *error = NULL;

        store_close(s);
        assert_int_equal(store_open(world_loop, world_directory, STORE_INLINE, &s, &error), 0);
}

static struct store_item mention(const char *id, const char *root, const char *parent)
{
        return (struct store_item) {
                .kind = KIND_MENTION, .state = STATE_NEW, .native_id = id, .root = root, .parent = parent,
                .created_usec = NOW - 5,
                .ready_usec = NOW, .payload = "{\"text\":\"hello\"}",
        };
}

static struct store_item reply(const char *id, const char *ticket)
{
        return (struct store_item) {
                .kind = KIND_REPLY, .state = STATE_WAITING, .native_id = id, .ticket = ticket, .ready_usec = NOW, .payload = "{}",
        };
}

static size_t poll_of(int64_t source, struct store_item item)
{
        struct store_poll p = { .source = source, .target = helpdesk, .items = &item, .n_items = 1 };

        assert_int_equal(store_commit_poll(s, &p), 0);
        return p.n_new;
}

static size_t take(struct store_item item)
{
        return poll_of(streq(item.kind, KIND_MENTION) ? channel : helpdesk, item);
}

static struct store_row row_of(const char *native_id)
{
        static const char *const states[] = {
                STATE_NEW, STATE_FILING, STATE_FILED, STATE_WAITING, STATE_SENDING, STATE_POSTED, STATE_AMBIGUOUS, STATE_HELD,
                STATE_DEAD, STATE_WITHDRAWN, STATE_DROPPED, STATE_KNOWN, STATE_SHOWN,
        };

        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                struct store_row *rows, row;
                size_t n;

                assert_int_equal(store_list(s, a, &(struct store_list) { .state = states[i], .max = 1000 }, &rows, &n), 0);
                for (size_t k = 0; k < n; k++)
                        if (streq(rows[k].native_id, native_id)) {
                                assert_int_equal(store_load(s, a, rows[k].id, &row), 1);
                                return row;
                        }
        }
        fail_msg("there is no row %s", native_id);
        return (struct store_row) { .id = 0 };
}

static int64_t id_of(const char *native_id)
{
        return row_of(native_id).id;
}

static int64_t last_mention(int64_t reply_id)
{
        bool open;

        return store_last_mention(s, reply_id, ANYBODY, &open);
}

static int64_t thread_of(const char *native_id)
{
        return row_of(native_id).thread;
}

/* What is due for an instance, as "id1 id2 ". */
static const char *due(int64_t target)
{
        int64_t ids[16];
        int n = store_due(s, target, LATER, 0, ids, ELEMENTSOF(ids));
        const char *text = "";

        assert_true(n >= 0);
        for (int i = 0; i < n; i++) {
                struct store_row row;

                assert_int_equal(store_load(s, a, ids[i], &row), 1);
                text = arena_printf(a, "%s%s ", text, row.native_id);
        }
        return text;
}

static int begin(const char *native_id, const char *state)
{
        return store_begin(s, id_of(native_id), 0, state, NOW, NULL);
}

static int move_to(const char *native_id, const char *state)
{
        return store_move(s, &(struct store_move) { .id = id_of(native_id), .state = state, .due_usec = NOW, .now_usec = NOW });
}

/* Files the mention into a ticket. */
static void file(const char *native_id, const char *ticket)
{
        struct store_thread link = { .helpdesk = helpdesk, .ticket = ticket, .number = "2026-1", .url = "https://desk/1" };

        assert_int_equal(begin(native_id, STATE_FILING), 0);
        assert_int_equal(store_move(s, &(struct store_move) { .id = id_of(native_id), .state = STATE_FILED, .link = &link,
                                                              .result_id = "article", .now_usec = NOW }), 0);
}

/* --- Opening --- */

static void what_was_written_is_there_after_opening_again(void)
{
        _cleanup_free_ char *path = xasprintf("%s/mentiond.db", world_directory);
        struct stat st;
        int64_t before;

        open_store();
        assert_int_equal(take(mention("1", "1", "")), 1);
        before = channel;
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        reopen();
        assert_int_equal(row_of("1").source, before);
        assert_int_equal(instance("brand"), before);
        close_store();
}

static void second_opening_is_refused_until_the_first_is_closed(void)
{
        _cleanup_free_ char *error = NULL;
        struct store *second = NULL;

        open_store();
        assert_int_equal(store_open(world_loop, world_directory, STORE_INLINE, &second, &error), -EWOULDBLOCK);
        assert_non_null(strstr(error, "another mentiond uses the store in "));
        assert_null(second);
        reopen();
        close_store();
}

static void set_schema(const char *sql)
{
        _cleanup_free_ char *path = xasprintf("%s/mentiond.db", world_directory);
        struct db *db;

        assert_int_equal(db_open(path, 0, &db), 0);
        assert_int_equal(db_exec(db, sql), 0);
        db_close(db);
}

static void newer_schema_is_refused_with_a_sentence(void)
{
        _cleanup_free_ char *error = NULL;

        open_store();
        close_store();
        set_schema("PRAGMA user_version = 2");
        assert_int_equal(store_open(world_loop, world_directory, STORE_INLINE, &s, &error), -EPROTONOSUPPORT);
        assert_non_null(strstr(error, "was written by a newer mentiond (schema 2, this one knows 1)"));
}

static void missing_directory_is_told(void)
{
        _cleanup_free_ char *error = NULL, *path = xasprintf("%s/none", world_directory);

        assert_int_equal(store_open(world_loop, path, STORE_INLINE, &s, &error), -ENOENT);
        assert_non_null(strstr(error, "/none/lock"));
}

/* --- In --- */

static void poll_that_fails_leaves_nothing_behind(void)
{
        struct store_item items[] = { mention("1", "", ""), mention("2", "", "") };
        struct store_cursor cursors[] = { { "a", "1" }, { "b", NULL } };
        struct store_poll p = {
                .source = 0, .done = true, .horizon_usec = NOW, .items = items, .n_items = 2, .cursors = cursors, .n_cursors = 2,
        };
        struct store_instance i;

        open_store();
        p.source = channel;
        p.target = helpdesk;
        assert_true(store_commit_poll(s, &p) < 0);
        assert_null(store_state_of(s, channel, "1"));
        assert_null(store_state_of(s, channel, "2"));
        assert_null(store_cursor(s, channel, "a"));
        assert_int_equal(store_instance_get(s, "brand", "fake", &i), 0);
        assert_false(i.polled);
        assert_int_equal(i.horizon_usec, 0);

        p.n_cursors = 1;
        assert_int_equal(store_commit_poll(s, &p), 0);
        assert_int_equal(p.n_new, 2);
        close_store();
}

static void item_is_taken_once_also_within_one_poll(void)
{
        struct store_item items[] = { mention("1", "", ""), mention("1", "", ""), mention("2", "", "") };
        struct store_poll p = { .items = items, .n_items = 3 };

        open_store();
        p.source = channel;
        p.target = helpdesk;
        assert_int_equal(store_commit_poll(s, &p), 0);
        assert_int_equal(p.n_new, 2);
        assert_int_equal(store_commit_poll(s, &p), 0);
        assert_int_equal(p.n_new, 0);
        assert_int_equal(take(mention("2", "another", "")), 0);
        assert_string_equal(due(helpdesk), "1 2 ");
        assert_int_equal(poll_of(instance("other"), mention("1", "", "")), 1);   /* ids are a channel's own */
        close_store();
}

static void threads_are_by_root_and_by_parent(void)
{
        _cleanup_free_ char *root = NULL, *of_part = NULL;

        open_store();
        (void) take(mention("alone", "", ""));
        (void) take(mention("1", "r", "x"));
        (void) take(mention("2", "r", "y"));
        (void) take(mention("3", "", "2"));
        (void) take(mention("4", "", "3"));
        assert_int_not_equal(thread_of("1"), 0);
        assert_int_equal(thread_of("2"), thread_of("1"));
        assert_int_equal(thread_of("3"), thread_of("1"));
        assert_int_equal(thread_of("4"), thread_of("1"));
        assert_int_not_equal(thread_of("alone"), thread_of("1"));
        root = store_root_of(s, channel, "4");
        assert_string_equal(root, "r");

        /* What answers our own answer belongs to that thread. */
        file("1", "77");
        (void) take(reply("a1", "77"));
        assert_int_equal(store_begin(s, id_of("a1"), 0, STATE_SENDING, NOW, &(struct store_part) {
                0, "k", "1", "text", "", "", 1 }), 0);
        assert_int_equal(store_move(s, &(struct store_move) { .id = id_of("a1"), .state = STATE_POSTED, .result_id = "p1",
                                                              .result_url = "u", .now_usec = NOW }), 0);
        (void) take(mention("5", "", "p1"));
        assert_int_equal(thread_of("5"), thread_of("1"));
        of_part = store_root_of(s, channel, "p1");
        assert_string_equal(of_part, "r");
        assert_null(store_root_of(s, channel, "nobody"));
        close_store();
}

static void unknown_parent_leaves_a_mention_unplaced_until_it_is_placed(void)
{
        open_store();
        (void) take(mention("first", "r", ""));
        (void) take(mention("1", "", "unknown"));
        (void) take(mention("2", "", "1"));             /* of an unplaced one: cannot be known either */
        assert_int_equal(thread_of("1"), 0);
        assert_int_equal(thread_of("2"), 0);
        assert_string_equal(due(helpdesk), "first ");
        assert_int_equal(store_unplaced(s, channel), id_of("1"));
        assert_int_equal(store_unplaced(s, helpdesk), 0);

        assert_int_equal(store_place(s, id_of("1"), "own", "{\"quote\":1}"), 0);
        assert_string_equal(row_of("1").payload, "{\"quote\":1}");
        assert_string_equal(due(helpdesk), "first 1 ");
        assert_int_equal(store_unplaced(s, channel), id_of("2"));
        assert_int_equal(store_place(s, id_of("2"), "r", "{}"), 0);
        assert_int_equal(thread_of("2"), thread_of("first"));
        assert_string_equal(due(helpdesk), "first 1 ");        /* its lane is taken */
        assert_int_equal(store_unplaced(s, channel), 0);

        assert_int_equal(store_place(s, id_of("2"), "elsewhere", "{}"), 0);    /* once */
        assert_int_equal(thread_of("2"), thread_of("first"));
        close_store();
}

static void known_items_are_kept_as_ids_only(void)
{
        struct store_item item = mention("old", "r", "");
        _cleanup_free_ char *state = NULL;

        open_store();
        item.state = STATE_KNOWN;
        assert_int_equal(take(item), 0);
        state = store_state_of(s, channel, "old");
        assert_string_equal(state, STATE_KNOWN);
        assert_null(store_state_of(s, helpdesk, "old"));
        assert_string_equal(row_of("old").payload, "");
        assert_int_equal(thread_of("old"), 0);
        assert_string_equal(due(helpdesk), "");
        assert_int_equal(store_unplaced(s, channel), 0);
        assert_int_equal(take(mention("old", "r", "")), 0);
        close_store();
}

static void cursors_are_of_an_instance_and_replaced(void)
{
        struct store_cursor c[] = { { "since", "1" }, { "since", "2" }, { "page", "x" } };
        struct store_poll p = { .cursors = c, .n_cursors = 3 };
        _cleanup_free_ char *since = NULL, *page = NULL;

        open_store();
        p.source = channel;
        assert_null(store_cursor(s, channel, "since"));
        assert_int_equal(store_commit_poll(s, &p), 0);
        since = store_cursor(s, channel, "since");
        page = store_cursor(s, channel, "page");
        assert_string_equal(since, "2");
        assert_string_equal(page, "x");
        assert_null(store_cursor(s, helpdesk, "since"));
        close_store();
}

static struct store_instance after_poll(bool done, int64_t horizon)
{
        struct store_poll p = { .source = channel, .done = done, .learns = true, .horizon_usec = horizon };
        struct store_instance i;

        assert_int_equal(store_commit_poll(s, &p), 0);
        assert_int_equal(store_instance_get(s, "brand", "fake", &i), 0);
        return i;
}

static void baseline_is_the_first_horizon_and_stays(void)
{
        struct store_instance i;

        open_store();
        i = after_poll(false, NOW);
        assert_false(i.polled);
        assert_int_equal(i.horizon_usec, 0);
        i = after_poll(true, NOW);
        assert_true(i.polled);
        assert_int_equal(i.horizon_usec, NOW);
        assert_int_equal(i.baseline_usec, NOW);
        i = after_poll(true, LATER);
        assert_int_equal(i.horizon_usec, LATER);
        assert_int_equal(i.baseline_usec, NOW);
        i = after_poll(false, LATER + 1);
        assert_int_equal(i.horizon_usec, LATER);
        /* A helpdesk has none. */
        assert_int_equal(store_commit_poll(s, &(struct store_poll) { .source = helpdesk, .done = true, .horizon_usec = NOW }), 0);
        assert_int_equal(store_instance_get(s, "desk", "fake", &i), 0);
        assert_int_equal(i.horizon_usec, NOW);
        assert_int_equal(i.baseline_usec, 0);
        close_store();
}

static void unfinished_poll_moves_no_horizon(void)
{
        struct store_item item = mention("1", "", "");
        struct store_poll p = { .horizon_usec = NOW, .items = &item, .n_items = 1 };
        struct store_instance i;

        open_store();
        p.source = channel;
        p.target = helpdesk;
        assert_int_equal(store_commit_poll(s, &p), 0);
        assert_int_equal(store_instance_get(s, "brand", "fake", &i), 0);
        assert_false(i.polled);
        assert_int_equal(i.horizon_usec, 0);
        assert_int_equal(i.baseline_usec, 0);
        close_store();
}

static void poll_that_says_nothing_writes_nothing(void)
{
        struct store_poll p = { .done = true, .horizon_usec = NOW };
        uint64_t commits;

        open_store();
        p.source = channel;
        assert_int_equal(store_commit_poll(s, &p), 0);
        commits = store_commits(s);
        assert_int_equal(store_commit_poll(s, &p), 0);
        assert_int_equal(store_commits(s), commits);
        p.horizon_usec++;
        assert_int_equal(store_commit_poll(s, &p), 0);
        assert_int_equal(store_commits(s), commits + 1);
        close_store();
}

/* --- Polls that fail --- */

static struct store_item shown(const char *id, const char *parent, int64_t created_usec)
{
        struct store_item i = mention(id, "", parent);

        i.state = STATE_SHOWN;
        i.created_usec = created_usec;
        return i;
}

static size_t poll_done(struct store_item *items, size_t n)
{
        struct store_poll p = {
                .source = channel, .target = helpdesk, .items = items, .n_items = n, .done = true, .horizon_usec = NOW,
        };

        assert_int_equal(store_commit_poll(s, &p), 0);
        return p.n_new;
}

/* Files what there is of one conversation; as "id1 id2 ". */
static const char *file_all(void)
{
        const char *text = "", *one;

        while (*(one = due(helpdesk))) {
                file(arena_printf(a, "%.*s", (int) strcspn(one, " "), one), "4711");
                text = arena_printf(a, "%s%s", text, one);
        }
        return text;
}

static void what_a_failed_poll_brought_goes_on_with_its_conversation(void)
{
        open_store();
        (void) take(mention("1", "", ""));
        file("1", "77");
        (void) take(mention("2", "", "1"));
        (void) take(shown("3", "1", NOW - 4));
        assert_int_equal(thread_of("3"), thread_of("1"));
        assert_int_equal(store_move(s, &(struct store_move) { .id = id_of("2"), .state = STATE_NEW, .goes_on = true,
                                                              .now_usec = NOW }), 0);
        assert_int_not_equal(thread_of("2"), thread_of("1"));
        assert_int_equal(thread_of("3"), thread_of("2"));
        assert_string_equal(row_of("3").state, STATE_SHOWN);
        close_store();
}

static void what_a_failed_poll_brought_takes_its_place_when_one_is_done(void)
{
        struct store_item older[] = { mention("1", "", ""), mention("4", "", "1") };
        int64_t ids[8];

        open_store();
        older[0].created_usec = NOW - 40;
        older[1].created_usec = NOW - 10;
        assert_int_equal(take(shown("3", "2", NOW - 20)), 0);
        assert_int_equal(take(shown("2", "1", NOW - 30)), 0);
        assert_int_equal(row_of("2").thread, 0);
        assert_int_equal(store_unplaced(s, channel), 0);
        assert_int_equal(store_due(s, helpdesk, NOW + STORE_SHOWN_USEC - 1, 0, ids, 8), 0);

        assert_int_equal(poll_done(older, 2), 4);
        for (int i = 1; i <= 4; i++) {
                const struct store_row r = row_of((char[]) { (char) ('0' + i), '\0' });

                assert_string_equal(r.state, STATE_NEW);
                assert_int_equal(r.thread, row_of("1").thread);
                assert_string_equal(r.payload, "{\"text\":\"hello\"}");
                assert_int_equal(r.due_usec, i == 1 ? NOW : 0);
        }
        assert_int_equal(poll_done(older, 2), 0);
        assert_string_equal(file_all(), "1 2 3 4 ");
        close_store();
}

static void poll_that_says_nothing_gives_what_was_shown_its_place(void)
{
        open_store();
        (void) poll_done(NULL, 0);
        (void) take(shown("1", "", NOW - 20));
        assert_int_equal(poll_done(NULL, 0), 1);
        assert_string_equal(row_of("1").state, STATE_NEW);
        assert_int_equal(row_of("1").due_usec, NOW);
        close_store();
}

static void shown_again_it_takes_the_place_that_it_has_now(void)
{
        struct store_item i = shown("2", "", NOW - 20), late[] = { shown("1", "", NOW - 20), shown("3", "", NOW - 20) };

        open_store();
        i.root = late[0].root = late[1].root = "1";
        i.order = 0;
        (void) take(i);
        i.order = -1;
        (void) take(i);
        late[0].order = -2;
        late[1].order = 0;
        late[0].state = late[1].state = STATE_NEW;
        (void) poll_done(late, 2);
        assert_string_equal(file_all(), "1 2 3 ");
        close_store();
}

static void shown_mentions_are_due_in_the_end_and_can_be_released(void)
{
        int64_t ids[8];

        open_store();
        (void) take(shown("2", "1", NOW - 20));
        (void) take(shown("1", "", NOW - 30));
        assert_int_equal(store_due(s, helpdesk, NOW + STORE_SHOWN_USEC, 0, ids, 8), 2);
        assert_int_equal(store_delay_shown(s, channel, NOW + STORE_SHOWN_USEC + 1), 0);
        assert_int_equal(store_due(s, helpdesk, NOW + STORE_SHOWN_USEC, 0, ids, 8), 0);
        assert_int_equal(store_due(s, helpdesk, NOW + STORE_SHOWN_USEC + 1, 0, ids, 8), 2);
        assert_int_equal(store_release_shown(s, channel), 2);
        assert_int_equal(store_release_shown(s, channel), 0);
        assert_int_equal(row_of("2").thread, row_of("1").thread);
        assert_int_equal(store_due(s, helpdesk, NOW + STORE_SHOWN_USEC, 0, ids, 8), 1);
        assert_string_equal(file_all(), "1 2 ");
        close_store();
}

static void what_was_shown_is_there_for_a_reply_from_its_release_on(void)
{
        open_store();
        (void) take(mention("1", "", ""));
        file("1", "4711");
        (void) take(shown("2", "1", NOW));
        (void) take(reply("a1", "4711"));
        assert_int_equal(poll_done(NULL, 0), 1);
        file("2", "4711");
        (void) take(reply("a2", "4711"));
        assert_int_equal(last_mention(id_of("a1")), id_of("1"));
        assert_int_equal(last_mention(id_of("a2")), id_of("2"));
        close_store();
}

static void shown_mentions_wait_anew_after_a_restart(void)
{
        int64_t due;

        open_store();
        (void) take(shown("1", "", NOW - 20));
        assert_int_equal(store_recover(s), 0);
        due = row_of("1").due_usec - steady_usec() - STORE_SHOWN_USEC;
        assert_true(due <= 0 && due > -USEC_PER_MINUTE);
        close_store();
}

static int64_t n_shown;

static void count_shown(int64_t target, const char *kind, const char *state, int64_t n, int64_t seen_usec _unused_,
                        void *data _unused_)
{
        if (target == helpdesk && streq(kind, KIND_MENTION) && streq(state, STATE_SHOWN))
                n_shown += n;
}

static void shown_mentions_are_listed_and_counted_and_can_be_dropped(void)
{
        struct store_row *rows;
        size_t n;

        open_store();
        n_shown = 0;
        (void) take(shown("1", "", NOW - 20));
        (void) take(shown("2", "9", NOW - 10));
        assert_int_equal(store_list(s, a, &(struct store_list) { .max = 10 }, &rows, &n), 0);
        assert_int_equal(n, 2);
        assert_int_equal(store_counts(s, count_shown, NULL), 0);
        assert_int_equal(n_shown, 2);
        assert_int_equal(store_retry(s, id_of("1"), NOW), -EINVAL);
        assert_int_equal(store_drop(s, id_of("2"), "spam", NULL, NULL, NOW), 0);
        assert_string_equal(row_of("2").state, STATE_DROPPED);
        assert_int_equal(poll_done(NULL, 0), 1);
        assert_string_equal(row_of("2").state, STATE_DROPPED);
        close_store();
}

static void pause_by_the_operator_is_kept(void)
{
        struct store_instance i;

        open_store();
        assert_int_equal(store_set_paused(s, channel, true), 0);
        reopen();
        assert_int_equal(store_instance_get(s, "brand", "fake", &i), 0);
        assert_true(i.paused);
        assert_int_equal(store_set_paused(s, channel, false), 0);
        assert_int_equal(store_instance_get(s, "brand", "fake", &i), 0);
        assert_false(i.paused);
        close_store();
}

/* --- Lanes --- */

static void only_the_head_of_a_lane_is_due_and_the_next_follows(void)
{
        open_store();
        (void) take(mention("1", "r", ""));
        (void) take(mention("2", "r", ""));
        (void) take(mention("x", "q", ""));
        (void) take(mention("3", "r", ""));
        assert_string_equal(due(helpdesk), "1 x ");
        assert_int_equal(begin("1", STATE_FILING), 0);
        assert_string_equal(due(helpdesk), "x ");
        (void) take(mention("4", "r", ""));
        assert_string_equal(due(helpdesk), "x ");
        assert_int_equal(move_to("1", STATE_NEW), 0);           /* it will be tried again: nobody passes it */
        assert_string_equal(due(helpdesk), "1 x ");
        assert_int_equal(begin("1", STATE_FILING), 0);
        assert_int_equal(move_to("1", STATE_AMBIGUOUS), 0);
        assert_string_equal(due(helpdesk), "1 x ");
        assert_int_equal(move_to("1", STATE_FILED), 0);
        assert_string_equal(due(helpdesk), "2 x ");
        close_store();
}

static void held_or_dead_head_frees_its_lane(void)
{
        open_store();
        (void) take(mention("1", "r", ""));
        (void) take(mention("2", "r", ""));
        (void) take(mention("3", "r", ""));
        assert_int_equal(begin("1", STATE_FILING), 0);
        assert_int_equal(move_to("1", STATE_HELD), 0);
        assert_string_equal(due(helpdesk), "2 ");
        assert_int_equal(begin("2", STATE_FILING), 0);
        assert_int_equal(move_to("2", STATE_DEAD), 0);
        assert_string_equal(due(helpdesk), "3 ");
        assert_int_equal(store_drop(s, id_of("3"), "no", NULL, NULL, NOW), 0);
        assert_string_equal(due(helpdesk), "");
        (void) take(mention("4", "r", ""));
        assert_string_equal(due(helpdesk), "4 ");
        close_store();
}

static void mentions_and_replies_of_a_thread_have_lanes_of_their_own(void)
{
        open_store();
        (void) take(mention("1", "r", ""));
        file("1", "77");
        (void) take(mention("2", "r", ""));
        (void) take(reply("a1", "77"));
        (void) take(reply("a2", "77"));
        assert_string_equal(due(helpdesk), "2 ");
        assert_string_equal(due(channel), "a1 ");
        assert_int_equal(begin("a1", STATE_SENDING), 0);
        assert_int_equal(move_to("a1", STATE_POSTED), 0);
        assert_string_equal(due(channel), "a2 ");
        assert_string_equal(due(helpdesk), "2 ");
        close_store();
}

static void due_is_earliest_first_and_next_due_tells_when_to_wake(void)
{
        struct store_item early = mention("early", "", ""), late = mention("late", "", "");
        int64_t ids[1];

        open_store();
        early.ready_usec = NOW + 1;
        late.ready_usec = NOW + 2;
        assert_int_equal(store_next_due(s, helpdesk, NOW), USEC_INFINITY);
        (void) take(late);
        (void) take(early);
        assert_int_equal(store_due(s, helpdesk, NOW, 0, ids, 1), 0);
        assert_int_equal(store_next_due(s, helpdesk, NOW), NOW + 1);
        assert_int_equal(store_next_due(s, helpdesk, NOW + 1), NOW + 2);
        assert_int_equal(store_due(s, helpdesk, NOW + 2, 0, ids, 1), 1);
        assert_int_equal(ids[0], id_of("early"));
        assert_int_equal(store_next_due(s, channel, NOW), USEC_INFINITY);
        close_store();
}

static void each_source_has_its_turn(void)
{
        struct store_instance other;
        int64_t ids[4];

        open_store();
        assert_int_equal(store_instance_get(s, "other", "echo", &other), 0);
        for (int i = 1; i <= 5; i++)
                (void) take(mention(arena_printf(a, "flood%d", i), "", ""));
        (void) poll_of(other.id, mention("one", "", ""));
        (void) poll_of(other.id, mention("two", "", ""));
        assert_string_equal(due(helpdesk), "flood1 one flood2 two flood3 flood4 flood5 ");
        assert_int_equal(store_due(s, helpdesk, LATER, 1, ids, 1), 1);   /* who begins changes, too */
        assert_int_equal(ids[0], id_of("one"));
        assert_int_equal(store_due(s, helpdesk, LATER, 2, ids, 1), 1);
        assert_int_equal(ids[0], id_of("flood1"));
        close_store();
}

/* --- Steps --- */

static void begin_takes_only_a_row_that_is_ready(void)
{
        static const char *const states[] = {
                STATE_FILING, STATE_FILED, STATE_SENDING, STATE_POSTED, STATE_AMBIGUOUS, STATE_HELD, STATE_DEAD, STATE_WITHDRAWN,
                STATE_DROPPED, STATE_KNOWN,
        };

        open_store();
        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                struct store_item item = mention(states[i], "", "");

                item.state = states[i];
                (void) take(item);
                assert_int_equal(begin(states[i], STATE_FILING), -ESTALE);
                assert_string_equal(row_of(states[i]).state, states[i]);
                assert_int_equal(row_of(states[i]).attempt, 0);
        }
        assert_int_equal(store_begin(s, 12345, 0, STATE_FILING, NOW, NULL), -ESTALE);
        close_store();
}

static void begin_counts_and_freezes_what_is_sent(void)
{
        struct store_part first = { 0, "key-1", "1", "text-1", "", "", 1 }, second = { 0, "key-2", "2", "text-2", "", "", 1 };
        struct store_part got;
        struct store_row row;

        open_store();
        (void) take(mention("1", "r", ""));
        file("1", "77");
        (void) take(reply("a1", "77"));
        assert_int_equal(store_part(s, a, id_of("a1"), 0, &got), 0);
        assert_int_equal(store_begin(s, id_of("a1"), 0, STATE_SENDING, NOW + 1, &first), 0);
        row = row_of("a1");
        assert_string_equal(row.state, STATE_SENDING);
        assert_int_equal(row.attempt, 1);
        assert_int_equal(row.tried_usec, NOW + 1);
        assert_int_equal(row.due_usec, 0);
        assert_int_equal(move_to("a1", STATE_WAITING), 0);
        assert_int_equal(store_begin(s, id_of("a1"), 0, STATE_SENDING, NOW + 2, &second), 0);
        row = row_of("a1");
        assert_int_equal(row.attempt, 2);
        assert_int_equal(row.tried_usec, NOW + 1);
        assert_int_equal(store_part(s, a, row.id, 0, &got), 1);
        assert_string_equal(got.key, "key-1");
        assert_string_equal(got.parent, "1");
        assert_string_equal(got.text, "text-1");
        assert_string_equal(got.native_id, "");
        close_store();
}

static void poll_begins_the_heads_of_lanes_as_far_as_it_may(void)
{
        struct store_item items[] = {
                mention("1", "r", ""), mention("2", "r", ""), mention("3", "", "unknown"), mention("4", "q", ""),
                mention("5", "p", ""),
        };
        int64_t begun[2];
        struct store_poll p = { .items = items, .n_items = ELEMENTSOF(items), .begin_max = 2, .begun = begun };
        struct store_thread link = { .ticket = "77", .number = "2026-1", .url = "https://desk/1" };
        struct store_item answer = reply("a1", "77");
        struct store_row row;

        open_store();
        p.source = channel;
        p.target = link.helpdesk = helpdesk;
        assert_int_equal(store_commit_poll(s, &p), 0);
        assert_int_equal(p.n_new, 5);
        assert_int_equal(p.n_begun, 2);
        assert_int_equal(begun[0], id_of("1"));
        assert_int_equal(begun[1], id_of("4"));
        row = row_of("1");
        assert_string_equal(row.state, STATE_FILING);
        assert_int_equal(row.attempt, 1);
        assert_true(row.tried_usec > 0 && row.due_usec == 0);
        assert_int_equal(begin("1", STATE_FILING), -ESTALE);
        assert_string_equal(row_of("2").state, STATE_NEW);
        assert_string_equal(row_of("3").state, STATE_NEW);
        assert_string_equal(due(helpdesk), "5 ");
        assert_int_equal(row_of("5").attempt, 0);
        assert_int_equal(store_move(s, &(struct store_move) {
                .id = row.id, .state = STATE_FILED, .link = &link, .now_usec = NOW }), 0);
        assert_string_equal(due(helpdesk), "2 5 ");
        p = (struct store_poll) { .source = helpdesk, .items = &answer, .n_items = 1, .begin_max = 2, .begun = begun };
        assert_int_equal(store_commit_poll(s, &p), 0);
        assert_int_equal(p.n_begun, 0);
        assert_string_equal(row_of("a1").state, STATE_WAITING);
        assert_int_equal(store_recover(s), 1);
        assert_string_equal(row_of("4").state, STATE_AMBIGUOUS);
        close_store();
}

static void recover_makes_what_was_on_its_way_ambiguous_and_due(void)
{
        open_store();
        (void) take(mention("1", "r", ""));
        (void) take(mention("2", "r", ""));
        file("1", "77");
        (void) take(reply("a1", "77"));
        (void) take(reply("a2", "77"));
        assert_int_equal(begin("2", STATE_FILING), 0);
        assert_int_equal(begin("a1", STATE_SENDING), 0);
        reopen();
        assert_string_equal(due(helpdesk), "");
        assert_int_equal(store_recover(s), 2);
        assert_string_equal(row_of("2").state, STATE_AMBIGUOUS);
        assert_string_equal(row_of("a1").state, STATE_AMBIGUOUS);
        assert_string_equal(row_of("a2").state, STATE_WAITING);
        assert_string_equal(row_of("1").state, STATE_FILED);
        assert_string_equal(due(helpdesk), "2 ");
        assert_string_equal(due(channel), "a1 ");
        assert_true(row_of("2").due_usec > 0);           /* 0 would be: not due */
        assert_string_equal(row_of("2").reason, "mentiond ended during the attempt");
        assert_int_equal(store_recover(s), 0);
        close_store();
}

static void recover_does_not_trust_the_time_since_the_first_look(void)
{
        struct store_move m = { .state = STATE_AMBIGUOUS, .due_usec = NOW + 7, .saw_absent = true, .now_usec = NOW };

        open_store();
        (void) take(mention("1", "r", ""));
        m.id = id_of("1");
        assert_int_equal(begin("1", STATE_FILING), 0);
        for (int64_t looks = 1; looks <= 2 * STORE_LOOKS; looks++) {
                int64_t kept = looks - looks % STORE_LOOKS;

                assert_int_equal(store_move(s, &m), 0);
                assert_int_equal(row_of("1").absent, looks);
                reopen();
                assert_int_equal(store_recover(s), 0);
                assert_int_equal(row_of("1").absent, kept);
                assert_int_equal(row_of("1").due_usec, NOW + 7);
                for (int64_t again = kept; again < looks; again++)
                        assert_int_equal(store_move(s, &m), 0);
        }
        close_store();
}

static size_t unread(struct store_unread *ret)
{
        int n = store_unread(s, a, helpdesk, ret, 2);

        assert_true(n >= 0);
        return (size_t) n;
}

static void poll_once(int64_t source)
{
        struct store_poll p = { .source = source, .done = true };

        assert_int_equal(store_commit_poll(s, &p), 0);
}

static void ticket_that_was_made_before_any_poll_is_unread(void)
{
        struct store_unread got[2];

        open_store();
        (void) take(mention("1", "r", ""));
        (void) take(mention("2", "r2", ""));
        file("1", "77");
        assert_int_equal(unread(got), 1);
        assert_string_equal(got[0].ticket, "77");
        poll_once(helpdesk);
        file("2", "78");
        assert_int_equal(unread(got), 1);        /* the first is still: that poll has not read it */
        close_store();
}

static void ticket_that_was_found_is_unread_until_a_poll_has_read_it(void)
{
        struct store_thread link = { .helpdesk = helpdesk, .ticket = "77", .number = "2026-1", .url = "" };
        struct store_move m = { .state = STATE_FILED, .link = &link, .found = true, .result_id = "1", .now_usec = NOW };
        struct store_unread got[2];
        struct store_poll p = { .read = got, .n_read = 1 };

        open_store();
        link.helpdesk = p.source = helpdesk;
        poll_once(helpdesk);
        (void) take(mention("1", "r", ""));
        (void) take(mention("2", "r2", ""));
        file("2", "78");
        assert_int_equal(unread(got), 0);        /* made just now */
        m.id = id_of("1");
        assert_int_equal(begin("1", STATE_FILING), 0);
        assert_int_equal(store_move(s, &m), 0);
        assert_int_equal(unread(got), 1);
        assert_string_equal(got[0].ticket, "77");
        assert_int_equal(store_commit_poll(s, &p), 0);
        assert_int_equal(unread(got), 1);        /* that poll has failed */
        p.done = true;
        assert_int_equal(store_commit_poll(s, &p), 0);
        assert_int_equal(unread(got), 0);
        assert_int_equal(store_move(s, &m), 0);
        assert_int_equal(unread(got), 0);        /* the same again */
        link.ticket = "79";
        assert_int_equal(store_move(s, &m), 0);
        assert_int_equal(unread(got), 1);
        got[0].ticket = "77";
        assert_int_equal(store_commit_poll(s, &p), 0);
        assert_int_equal(unread(got), 1);        /* it was another that was read */
        close_store();
}

static void move_records_link_result_and_reason_together(void)
{
        struct store_thread link = { .helpdesk = 0, .ticket = "77", .number = "N77", .url = "https://desk/77" }, t;
        struct store_row row;

        open_store();
        link.helpdesk = helpdesk;
        (void) take(mention("1", "r", ""));
        assert_int_equal(store_thread(s, a, thread_of("1"), &t), 1);
        assert_string_equal(t.root, "r");
        assert_int_equal(t.channel, channel);
        assert_int_equal(t.helpdesk, 0);
        assert_false(store_is_linked(s, helpdesk, "77"));
        assert_int_equal(store_move(s, &(struct store_move) {
                .id = id_of("1"), .state = STATE_FILED, .reason = "why", .result_id = "art", .result_url = "url", .link = &link,
                .now_usec = NOW }), 0);
        row = row_of("1");
        assert_string_equal(row.state, STATE_FILED);
        assert_string_equal(row.reason, "why");
        assert_string_equal(row.result_id, "art");
        assert_string_equal(row.result_url, "url");
        assert_int_equal(row.due_usec, 0);
        assert_int_equal(store_thread(s, a, row.thread, &t), 1);
        assert_int_equal(t.helpdesk, helpdesk);
        assert_string_equal(t.ticket, "77");
        assert_string_equal(t.number, "N77");
        assert_string_equal(t.url, "https://desk/77");
        assert_int_equal(t.linked_usec, NOW);
        assert_true(store_is_linked(s, helpdesk, "77"));
        assert_false(store_is_linked(s, channel, "77"));
        assert_int_equal(store_thread(s, a, 12345, &t), 0);
        close_store();
}

static void text_stays_until_a_row_is_done(void)
{
        static const struct {
                const char *id, *state, *payload;
        } ends[] = {
                { "1", STATE_FILED, "" }, { "2", STATE_HELD, "{\"text\":\"hello\"}" },
                { "3", STATE_DEAD, "{\"text\":\"hello\"}" },
                { "4", STATE_DROPPED, "" }, { "5", STATE_AMBIGUOUS, "{\"text\":\"hello\"}" },
        };

        open_store();
        for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
                struct store_item item = mention(ends[i].id, "", "");

                item.kept = (struct store_kept) { .handle = "@a", .language = "de", .visibility = 3 };
                (void) take(item);
                assert_string_equal(row_of(ends[i].id).payload, "{\"text\":\"hello\"}");
                assert_int_equal(move_to(ends[i].id, ends[i].state), 0);
                assert_string_equal(row_of(ends[i].id).payload, ends[i].payload);
                assert_string_equal(row_of(ends[i].id).kept.handle, "@a");
                assert_string_equal(row_of(ends[i].id).kept.language, "de");
                assert_string_equal(row_of(ends[i].id).kept.warning, "");
                assert_int_equal(row_of(ends[i].id).kept.visibility, 3);
        }
        assert_int_equal(store_drop(s, id_of("2"), "spam", NULL, NULL, NOW), 0);
        assert_string_equal(row_of("2").payload, "");
        assert_int_equal(store_retry(s, id_of("3"), NOW), 0);
        assert_string_equal(row_of("3").payload, "{\"text\":\"hello\"}");
        close_store();
}

static void text_of_a_reply_and_its_notes_stays_until_they_are_done(void)
{
        struct store_part part = { 0, "key", "1", "hi", "", "", 1 }, got;
        struct store_move m = { .state = STATE_POSTED, .result_id = "p1", .note_key = "note:a1:posted",
                                .note_payload = "{\"text\":\"done\"}",
                                .now_usec = NOW };

        open_store();
        (void) take(mention("1", "", ""));
        file("1", "77");
        (void) take(reply("a1", "77"));
        assert_int_equal(store_begin(s, id_of("a1"), 0, STATE_SENDING, NOW, &part), 0);
        assert_int_equal(move_to("a1", STATE_HELD), 0);
        assert_int_equal(store_part(s, a, id_of("a1"), 0, &got), 1);
        assert_string_equal(got.text, "hi");
        assert_string_equal(row_of("a1").payload, "{}");
        assert_int_equal(store_retry(s, id_of("a1"), NOW), 0);
        m.id = id_of("a1");
        assert_int_equal(store_move(s, &m), 0);
        assert_int_equal(store_part(s, a, id_of("a1"), 0, &got), 1);
        assert_string_equal(got.text, "");
        assert_string_equal(got.native_id, "p1");
        assert_string_equal(row_of("a1").payload, "");
        assert_string_equal(row_of("note:a1:posted").payload, "{\"text\":\"done\"}");
        assert_int_equal(move_to("note:a1:posted", STATE_FILED), 0);
        assert_string_equal(row_of("note:a1:posted").payload, "");
        close_store();
}

static void move_leaves_alone_what_it_is_not_told(void)
{
        struct store_move m = { .state = STATE_AMBIGUOUS, .due_usec = NOW + 7, .saw_absent = true, .now_usec = NOW };
        struct store_row row;

        open_store();
        (void) take(mention("1", "r", ""));
        assert_int_equal(begin("1", STATE_FILING), 0);
        m.id = id_of("1");
        m.reason = "because";
        m.result_id = "x";
        assert_int_equal(store_move(s, &m), 0);
        m.reason = m.result_id = NULL;
        assert_int_equal(store_move(s, &m), 0);
        row = row_of("1");
        assert_string_equal(row.reason, "because");
        assert_string_equal(row.result_id, "x");
        assert_int_equal(row.absent, 2);
        assert_int_equal(row.due_usec, NOW + 7);
        m.reason = "";
        m.saw_absent = false;
        assert_int_equal(store_move(s, &m), 0);
        assert_int_equal(row_of("1").absent, 2);
        assert_string_equal(row_of("1").reason, "");
        m.id = 12345;
        assert_int_equal(store_move(s, &m), -ESTALE);
        close_store();
}

/* An administrator may take back an ambiguous reply while find() looks for it. */
static void what_a_person_ended_does_not_come_back_to_life(void)
{
        open_store();
        (void) take(mention("1", "r", ""));
        file("1", "77");
        (void) take(reply("a1", "77"));
        assert_int_equal(begin("a1", STATE_SENDING), 0);
        assert_int_equal(move_to("a1", STATE_AMBIGUOUS), 0);
        assert_int_equal(store_drop(s, id_of("a1"), "no", NULL, NULL, NOW), 0);
        assert_int_equal(move_to("a1", STATE_WAITING), -ESTALE);
        assert_string_equal(row_of("a1").state, STATE_WITHDRAWN);
        assert_string_equal(due(channel), "");
        assert_int_equal(move_to("a1", STATE_POSTED), 0);       /* but what turned out to have happened is recorded */
        assert_string_equal(row_of("a1").state, STATE_POSTED);
        close_store();
}

static void posted_reply_gives_its_part_the_id(void)
{
        struct store_part part;

        open_store();
        (void) take(mention("1", "r", ""));
        file("1", "77");
        (void) take(reply("a1", "77"));
        assert_int_equal(store_begin(s, id_of("a1"), 0, STATE_SENDING, NOW, &(struct store_part) {
                0, "k", "1", "t", "", "", 1 }), 0);
        assert_false(store_is_part(s, channel, "p1"));
        assert_int_equal(store_move(s, &(struct store_move) { .id = id_of("a1"), .state = STATE_POSTED, .result_id = "p1",
                                                              .result_url = "https://net/p1", .now_usec = NOW }), 0);
        assert_int_equal(store_part(s, a, id_of("a1"), 0, &part), 1);
        assert_string_equal(part.native_id, "p1");
        assert_string_equal(part.url, "https://net/p1");
        assert_true(store_is_part(s, channel, "p1"));
        assert_false(store_is_part(s, helpdesk, "p1"));
        close_store();
}

static void one_post_is_never_the_part_of_two_replies(void)
{
        struct store_move m = { .state = STATE_POSTED, .result_id = "p1", .result_url = "", .now_usec = NOW };

        open_store();
        (void) take(mention("1", "r", ""));
        file("1", "77");
        (void) take(reply("a1", "77"));
        (void) take(reply("a2", "77"));
        assert_int_equal(store_begin(s, id_of("a1"), 0, STATE_SENDING, NOW, &(struct store_part) {
                0, "k1", "1", "t", "", "", 1 }), 0);
        m.id = id_of("a1");
        assert_int_equal(store_move(s, &m), 0);
        assert_int_equal(store_begin(s, id_of("a2"), 0, STATE_SENDING, NOW, &(struct store_part) {
                0, "k2", "1", "t", "", "", 1 }), 0);
        m.id = id_of("a2");
        assert_int_equal(store_move(s, &m), -EEXIST);
        assert_string_equal(row_of("a2").state, STATE_SENDING);
        close_store();
}

static void note_is_told_once_for_each_key_and_only_into_a_ticket(void)
{
        struct store_move m = { .state = STATE_WAITING, .due_usec = NOW, .note_key = "note:a1:held",
                                .note_payload = "{\"text\":\"x\"}",
                                .now_usec = NOW };
        struct store_row note;

        open_store();
        (void) take(mention("1", "r", ""));
        m.id = id_of("1");
        m.state = STATE_NEW;
        assert_int_equal(store_move(s, &m), 0);
        assert_null(store_state_of(s, helpdesk, "note:a1:held"));     /* no ticket yet */
        file("1", "77");
        (void) take(mention("2", "r", ""));
        (void) take(reply("a1", "77"));
        m.id = id_of("a1");
        m.state = STATE_WAITING;
        assert_int_equal(store_move(s, &m), 0);
        m.note_payload = "{\"text\":\"y\"}";
        assert_int_equal(store_move(s, &m), 0);
        note = row_of("note:a1:held");
        assert_string_equal(note.kind, KIND_NOTE);
        assert_string_equal(note.state, STATE_NEW);
        assert_int_equal(note.target, helpdesk);
        assert_int_equal(note.thread, thread_of("1"));
        assert_string_equal(note.payload, "{\"text\":\"x\"}");
        assert_string_equal(due(helpdesk), "2 ");              /* in its lane, behind the mention */
        assert_int_equal(begin("2", STATE_FILING), 0);
        assert_int_equal(move_to("2", STATE_FILED), 0);
        assert_string_equal(due(helpdesk), "note:a1:held ");
        m.note_key = "note:a1:posted";
        assert_int_equal(store_move(s, &m), 0);
        assert_string_equal(row_of("note:a1:posted").state, STATE_NEW);
        close_store();
}

static void unlink_forgets_the_ticket(void)
{
        struct store_thread t;

        open_store();
        (void) take(mention("1", "r", ""));
        file("1", "77");
        (void) take(mention("2", "r", ""));
        assert_int_equal(store_move(s, &(struct store_move) { .id = id_of("2"), .state = STATE_NEW, .due_usec = NOW,
                                                              .unlink = true,
                                                              .now_usec = NOW }), 0);
        assert_int_equal(store_thread(s, a, thread_of("1"), &t), 1);
        assert_int_equal(t.helpdesk, 0);
        assert_string_equal(t.ticket, "");
        assert_false(store_is_linked(s, helpdesk, "77"));
        assert_int_equal(take(reply("a1", "77")), 0);          /* none of ours any more */
        assert_null(store_state_of(s, helpdesk, "a1"));
        close_store();
}

static void merge_moves_the_links(void)
{
        struct store_merge m = { "77", "88", "N88" };
        struct store_poll p = { .merges = &m, .n_merges = 1 };
        struct store_thread t;

        open_store();
        p.source = helpdesk;
        (void) take(mention("1", "r", ""));
        file("1", "77");
        assert_int_equal(store_commit_poll(s, &p), 0);
        assert_int_equal(store_thread(s, a, thread_of("1"), &t), 1);
        assert_string_equal(t.ticket, "88");
        assert_string_equal(t.number, "N88");
        assert_string_equal(t.url, "");
        assert_int_equal(take(reply("a1", "88")), 1);
        assert_int_equal(thread_of("a1"), thread_of("1"));
        close_store();
}

/* What the helpdesk says of a mention whose ticket is not opened again. */
static void go_on(const char *native_id)
{
        struct store_thread link = { .helpdesk = helpdesk, .ticket = "77", .number = "N77", .url = "u" };

        assert_int_equal(store_begin(s, id_of(native_id), 0, STATE_FILING, NOW, NULL), 0);
        assert_int_equal(store_move(s, &(struct store_move) {
                .id = id_of(native_id), .state = STATE_NEW, .due_usec = NOW, .link = &link, .goes_on = true,
                .now_usec = NOW }), 0);
}

static void thread_goes_on_in_another_with_what_waits_in_it(void)
{
        struct store_thread t;

        open_store();
        (void) take(mention("1", "r", ""));
        file("1", "77");
        (void) take(mention("2", "", "1"));
        (void) take(mention("3", "", "1"));
        go_on("2");
        assert_int_not_equal(thread_of("2"), thread_of("1"));
        assert_int_equal(thread_of("3"), thread_of("2"));
        assert_string_equal(due(helpdesk), "2 ");
        assert_int_equal(store_thread(s, a, thread_of("2"), &t), 1);
        assert_string_equal(t.root, "2");
        assert_string_equal(t.ticket, "");
        assert_int_equal(t.before, thread_of("1"));
        assert_string_equal(store_network_root(s, a, &t), "r");
        file("2", "88");
        assert_string_equal(due(helpdesk), "3 ");
        file("3", "88");
        /* However a mention says where it belongs. */
        (void) take(mention("4", "r", ""));
        (void) take(mention("5", "", "1"));
        (void) take(mention("6", "", "unknown"));
        assert_int_equal(store_place(s, id_of("6"), "r", "{}"), 0);
        assert_int_equal(thread_of("4"), thread_of("2"));
        assert_int_equal(thread_of("5"), thread_of("2"));
        assert_int_equal(thread_of("6"), thread_of("2"));
        /* And on. */
        file("4", "88");
        go_on("5");
        assert_int_equal(store_thread(s, a, thread_of("5"), &t), 1);
        assert_string_equal(t.root, "5");
        assert_string_equal(store_network_root(s, a, &t), "r");
        assert_int_equal(thread_of("6"), thread_of("5"));
        (void) take(mention("7", "", "1"));
        assert_int_equal(thread_of("7"), thread_of("5"));
        close_store();
}

static void what_may_be_in_the_old_ticket_stays_until_that_is_known(void)
{
        open_store();
        (void) take(mention("1", "r", ""));
        file("1", "77");
        (void) take(mention("2", "", "1"));
        (void) take(mention("3", "", "1"));
        assert_int_equal(store_begin(s, id_of("2"), 0, STATE_FILING, NOW, NULL), 0);
        assert_int_equal(store_move(s, &(struct store_move) {
                .id = id_of("2"), .state = STATE_AMBIGUOUS, .due_usec = NOW, .now_usec = NOW }), 0);
        assert_int_equal(store_retry(s, id_of("3"), NOW), -EINVAL);
        go_on("3");
        assert_int_equal(thread_of("2"), thread_of("1"));
        assert_int_not_equal(thread_of("3"), thread_of("1"));
        assert_string_equal(due(helpdesk), "2 3 ");
        /* Then it goes where the others are. */
        assert_int_equal(store_move(s, &(struct store_move) {
                .id = id_of("2"), .state = STATE_NEW, .due_usec = NOW, .now_usec = NOW }), 0);
        go_on("2");
        assert_int_equal(thread_of("2"), thread_of("3"));
        close_store();
}

static void thread_that_was_there_is_gone_on_in_but_leads_nowhere_else(void)
{
        int64_t there;

        open_store();
        (void) take(mention("1", "r", ""));
        file("1", "77");
        (void) take(mention("3", "2", ""));
        there = thread_of("3");
        file("3", "88");
        (void) take(mention("2", "", "1"));
        go_on("2");
        assert_int_equal(thread_of("2"), there);
        file("2", "88");
        /* The first of a thread stays in it. */
        (void) take(mention("4", "", "1"));
        assert_int_equal(thread_of("4"), there);
        go_on("4");
        (void) take(mention("5", "", "3"));
        assert_int_equal(thread_of("5"), thread_of("4"));
        assert_int_not_equal(thread_of("4"), there);
        close_store();
}

static void posts_that_may_be_replies_are_those_of_the_whole_conversation(void)
{
        static const struct store_part part = { .key = "k", .parent = "1", .text = "t" };
        int64_t first;

        open_store();
        (void) take(mention("1", "r", ""));
        file("1", "77");
        (void) take(mention("2", "", "1"));
        go_on("2");
        file("2", "88");
        first = thread_of("1");
        assert_false(store_is_unsure(s, first));
        assert_int_equal(take(reply("a1", "77")), 1);
        assert_int_equal(store_begin(s, id_of("a1"), 0, STATE_SENDING, NOW, &part), 0);
        assert_true(store_is_unsure(s, first));
        assert_true(store_is_unsure(s, thread_of("2")));
        assert_int_equal(store_move(s, &(struct store_move) {
                .id = id_of("a1"), .state = STATE_POSTED, .result_id = "p", .now_usec = NOW }), 0);
        assert_false(store_is_unsure(s, thread_of("2")));
        assert_int_equal(take(reply("a2", "88")), 1);
        assert_int_equal(store_begin(s, id_of("a2"), 0, STATE_SENDING, NOW, &part), 0);
        assert_true(store_is_unsure(s, first));
        close_store();
}

static void reply_that_was_refused_at_once_is_nowhere(void)
{
        static const struct store_part part = { .key = "k", .parent = "1", .text = "t" };

        open_store();
        (void) take(mention("1", "r", ""));
        file("1", "77");
        assert_int_equal(take(reply("a1", "77")), 1);
        for (int64_t orders = 0; orders < 2; orders++) {
                assert_int_equal(store_begin(s, id_of("a1"), orders, STATE_SENDING, NOW, &part), 0);
                assert_true(store_is_unsure(s, thread_of("1")));
                assert_int_equal(store_move(s, &(struct store_move) {
                        .id = id_of("a1"), .state = STATE_DEAD, .refused = orders == 0, .now_usec = NOW }), 0);
                assert_int_equal(store_is_unsure(s, thread_of("1")), orders != 0);
                assert_int_equal(store_retry(s, id_of("a1"), NOW), 0);
        }
        close_store();
}

static void threads_do_not_go_on_in_a_circle(void)
{
        int64_t one, other;

        open_store();
        (void) take(mention("1", "r", ""));
        file("1", "77");
        (void) take(mention("3", "2", ""));
        file("3", "88");
        one = thread_of("1");
        other = thread_of("3");
        /* Each begins with what answers the other, as no sane network tells it. */
        (void) take(mention("r", "", "3"));
        (void) take(mention("2", "", "1"));
        go_on("r");
        assert_int_equal(thread_of("r"), one);
        file("r", "77");
        go_on("2");
        assert_int_equal(thread_of("2"), other);
        file("2", "88");
        (void) alarm(20);
        (void) take(mention("5", "", "3"));
        (void) alarm(0);
        assert_int_equal(thread_of("5"), one);
        close_store();
}

static void tickets_of_one_conversation_that_are_merged_take_replies(void)
{
        struct store_merge m = { "88", "77", "N77" };
        struct store_poll p = { .merges = &m, .n_merges = 1 };

        open_store();
        p.source = helpdesk;
        (void) take(mention("1", "r", ""));
        file("1", "77");
        (void) take(mention("2", "", "1"));
        go_on("2");
        file("2", "88");
        assert_int_equal(take(reply("a1", "77")), 1);
        assert_int_equal(thread_of("a1"), thread_of("1"));
        assert_int_equal(store_commit_poll(s, &p), 0);
        assert_int_equal(take(reply("a2", "77")), 1);
        assert_string_equal(row_of("a2").reason, "");
        assert_int_equal(thread_of("a2"), thread_of("2"));
        close_store();
}

static void reply_into_a_ticket_of_two_conversations_gets_that_as_a_reason(void)
{
        int64_t other;

        open_store();
        other = instance("second");
        /* The newer thread is of the channel with the smaller id: thread and target must be of one. */
        assert_int_equal(poll_of(other, mention("1", "r", "")), 1);
        file("1", "77");
        (void) take(mention("2", "q", ""));
        file("2", "77");
        assert_int_equal(take(reply("a1", "77")), 1);
        assert_non_null(strstr(row_of("a1").reason, "more than one conversation"));
        assert_string_equal(row_of("a1").state, STATE_WAITING);
        assert_int_equal(thread_of("a1"), thread_of("2"));
        assert_int_equal(row_of("a1").target, channel);
        close_store();
}

static void reply_into_a_foreign_ticket_is_passed_over(void)
{
        open_store();
        (void) take(mention("1", "r", ""));
        file("1", "77");
        assert_int_equal(take(reply("a1", "78")), 0);
        assert_null(store_state_of(s, helpdesk, "a1"));
        assert_int_equal(take(reply("a2", "77")), 1);
        close_store();
}

static void file_as(const char *native_id, const char *article)
{
        struct store_thread link = { .helpdesk = helpdesk, .ticket = "77", .number = "N", .url = "" };

        assert_int_equal(store_move(s, &(struct store_move) {
                .id = id_of(native_id), .state = STATE_FILED, .link = &link, .result_id = article, .now_usec = NOW }), 0);
}

static int64_t answered_by(const char *reply_id)
{
        return last_mention(id_of(reply_id));
}

static void command_follows_a_conversation_that_is_found_in_another_ticket(void)
{
        struct store_thread link = { .ticket = "78", .number = "N", .url = "" };
        struct store_item command = { .kind = KIND_COMMAND, .state = STATE_WAITING, .native_id = "c1", .ticket = "77",
                                      .payload = "{\"ticket\":\"77\"}", .created_usec = NOW, .ready_usec = NOW };

        open_store();
        link.helpdesk = helpdesk;
        (void) take(mention("1", "r", ""));
        file_as("1", "10");
        (void) poll_of(helpdesk, command);
        (void) take(mention("2", "r", ""));
        assert_int_equal(store_move(s, &(struct store_move) {
                .id = id_of("2"), .state = STATE_FILED, .link = &link, .result_id = "11", .now_usec = NOW }), 0);
        assert_string_equal(row_of("c1").payload, "{\"ticket\":\"78\"}");
        close_store();
}

static struct store_item command(const char *id, const char *ticket, const char *payload)
{
        return (struct store_item) {
                .kind = KIND_COMMAND, .state = STATE_WAITING, .native_id = id, .ticket = ticket, .ready_usec = NOW,
                .payload = payload,
        };
}

static void last_post_is_the_last_that_the_agent_had(void)
{
        open_store();
        (void) take(mention("1", "r", ""));
        file_as("1", "10");
        (void) take(mention("2", "r", ""));
        file_as("2", "16");
        (void) take(command("15", "77", "{\"ticket\":\"77\",\"command\":\"hide\"}"));
        (void) take(command("17", "77", "{\"ticket\":\"77\",\"command\":\"hide\"}"));
        assert_int_equal(store_last_filed(s, thread_of("1"), id_of("15")), id_of("1"));
        assert_int_equal(store_last_filed(s, thread_of("1"), id_of("17")), id_of("2"));
        close_store();
}

static void commands_of_a_ticket_wait_for_those_before(void)
{
        int64_t first, second;

        open_store();
        (void) take(mention("1", "r", ""));
        file_as("1", "10");
        (void) take(command("15", "77", "{\"ticket\":\"77\",\"command\":\"edit\"}"));
        (void) take(command("17", "77", "{\"ticket\":\"77\",\"command\":\"hold\"}"));
        first = id_of("15");
        second = id_of("17");
        assert_false(store_command_waits(s, helpdesk, "77", first, ""));
        assert_true(store_command_waits(s, helpdesk, "77", second, ""));
        assert_false(store_command_waits(s, helpdesk, "77", second, " stop hold "));
        assert_true(store_command_waits(s, helpdesk, "77", second, " stop edit "));
        assert_false(store_command_waits(s, helpdesk, "78", second, ""));
        assert_int_equal(store_obey(s, &(struct store_orders) {
                .command = first, .thread = thread_of("1"), .now_usec = NOW }), 0);
        assert_false(store_command_waits(s, helpdesk, "77", second, ""));
        close_store();
}

static void bound_of_a_command_gives_way_to_its_aim(void)
{
        int64_t ids[2], first, second, at;

        open_store();
        (void) take(mention("1", "r", ""));
        file_as("1", "10");
        (void) take(reply("a1", "77"));
        (void) take(reply("a2", "77"));
        (void) take(command("c1", "77", "{\"ticket\":\"77\",\"command\":\"edit\"}"));
        first = id_of("a1");
        second = id_of("a2");
        at = id_of("c1");
        assert_int_equal(store_replies(s, thread_of("1"), at, 0, STATE_WAITING, NULL, ids, 2), 2);
        assert_int_equal(ids[0], second);
        assert_int_equal(store_replies(s, thread_of("1"), at, first, STATE_WAITING, NULL, ids, 2), 1);
        assert_int_equal(ids[0], first);
        assert_int_equal(store_aim(s, at, second, true), 0);
        assert_int_equal(*row_of("c1").result_id, '<');
        assert_int_equal(store_aim(s, at, first, false), 0);
        assert_int_equal(strtoll(row_of("c1").result_id, NULL, 10), first);
        assert_int_equal(store_aim(s, at, second, false), 0);
        assert_int_equal(strtoll(row_of("c1").result_id, NULL, 10), first);
        close_store();
}

static void two_mentions_that_are_retried_are_filed_one_after_the_other(void)
{
        open_store();
        (void) take(mention("1", "r", ""));
        (void) take(mention("2", "r", ""));
        assert_int_equal(begin("1", STATE_FILING), 0);
        assert_int_equal(move_to("1", STATE_DEAD), 0);
        assert_int_equal(begin("2", STATE_FILING), 0);
        assert_int_equal(move_to("2", STATE_DEAD), 0);
        assert_int_equal(store_retry(s, id_of("2"), NOW), 0);
        assert_int_equal(store_retry(s, id_of("1"), NOW), 0);
        assert_string_equal(due(helpdesk), "2 ");
        assert_int_equal(store_begin(s, id_of("2"), 1, STATE_FILING, NOW, NULL), 0);
        assert_int_equal(store_move(s, &(struct store_move) { .id = id_of("2"), .state = STATE_FILED, .now_usec = NOW }), 0);
        assert_string_equal(due(helpdesk), "1 ");
        close_store();
}

static void link_that_has_changed_since_stays(void)
{
        struct store_thread late = { .helpdesk = helpdesk, .ticket = "66", .number = "2026-66", .url = "" }, now;

        open_store();
        (void) take(mention("1", "r", ""));
        file_as("1", "10");
        (void) take(mention("2", "r", ""));
        assert_int_equal(begin("2", STATE_FILING), 0);
        assert_int_equal(store_move(s, &(struct store_move) {
                .id = id_of("2"), .state = STATE_FILED, .link = &late, .link_was = "66", .result_id = "11",
                .now_usec = NOW }), 0);
        assert_int_equal(store_thread(s, a, thread_of("1"), &now), 1);
        assert_string_equal(now.ticket, "77");
        (void) take(mention("3", "r", ""));
        assert_int_equal(begin("3", STATE_FILING), 0);
        assert_int_equal(store_move(s, &(struct store_move) {
                .id = id_of("3"), .state = STATE_NEW, .unlink = true, .link_was = "66", .due_usec = NOW,
                .now_usec = NOW }), 0);
        assert_int_equal(store_thread(s, a, thread_of("1"), &now), 1);
        assert_string_equal(now.ticket, "77");
        close_store();
}

static void order_leaves_it_in_doubt_whether_it_is_out(void)
{
        struct store_order order = { .state = STATE_WAITING, .was = STATE_WAITING, .approved = true };

        open_store();
        (void) take(mention("1", "r", ""));
        file_as("1", "10");
        (void) take(reply("a1", "77"));
        (void) take(command("c1", "77", "{\"ticket\":\"77\",\"command\":\"send\"}"));
        assert_int_equal(begin("a1", STATE_SENDING), 0);
        assert_int_equal(store_move(s, &(struct store_move) { .id = id_of("a1"), .state = STATE_WAITING, .saw_absent = true,
                                                              .due_usec = NOW, .now_usec = NOW }), 0);
        order.id = id_of("a1");
        assert_int_equal(store_obey(s, &(struct store_orders) {
                .command = id_of("c1"), .thread = thread_of("1"), .orders = &order, .n = 1, .now_usec = NOW }), 0);
        assert_int_equal(row_of("a1").absent, 1);
        close_store();
}

static void what_follows_is_for_the_ticket_as_it_is_now(void)
{
        struct store_merge merge = { .ticket = "77", .into = "78", .number = "2026-78" };
        struct store_poll p = { .source = 0, .merges = &merge, .n_merges = 1 };

        open_store();
        p.source = p.target = helpdesk;
        (void) take(mention("1", "r", ""));
        file_as("1", "10");
        (void) take(reply("a1", "77"));
        assert_int_equal(store_begin(s, id_of("a1"), 0, STATE_SENDING, NOW, &(struct store_part) {
                .key = "k", .parent = "1" }), 0);
        assert_int_equal(store_commit_poll(s, &p), 0);
        assert_int_equal(store_move(s, &(struct store_move) {
                .id = id_of("a1"), .state = STATE_POSTED, .result_id = "p1", .result_url = "u", .then_id = "a1:close",
                .then_payload = "{\"ticket\":\"77\",\"command\":\"close\"}", .now_usec = NOW }), 0);
        assert_non_null(strstr(row_of("a1:close").payload, "\"ticket\":\"78\""));
        close_store();
}

static void part_that_is_out_is_kept_though_the_rest_was_dropped(void)
{
        static const struct store_part parts[] = { { .number = 0, .key = "k0", .parent = "1", .of = 2 },
                                                   { .number = 1, .key = "k1", .parent = "", .of = 2 } };
        struct store_part first;
        int64_t id;

        open_store();
        (void) take(mention("1", "r", ""));
        file_as("1", "10");
        (void) take(reply("a1", "77"));
        id = id_of("a1");
        assert_int_equal(store_begin(s, id, 0, STATE_SENDING, NOW, parts), 0);
        assert_int_equal(move_to("a1", STATE_AMBIGUOUS), 0);
        assert_int_equal(store_drop(s, id, "spam", NULL, NULL, NOW), 0);
        assert_int_equal(store_move(s, &(struct store_move) { .id = id, .state = STATE_WAITING, .more = true, .result_id = "p0",
                                                              .result_url = "u", .now_usec = NOW }), 0);
        assert_int_equal(store_part(s, a, id, 0, &first), 1);
        assert_string_equal(first.native_id, "p0");
        assert_string_equal(row_of("a1").state, STATE_WITHDRAWN);
        close_store();
}

static void texts_of_what_may_be_out_are_those_of_open_parts(void)
{
        static const struct store_part part = { .key = "k", .parent = "1", .text = "thank you" };
        const char *texts[4];

        open_store();
        (void) take(mention("1", "r", ""));
        file_as("1", "10");
        (void) take(reply("a1", "77"));
        assert_int_equal(store_open_texts(s, a, channel, texts, 4), 0);
        assert_int_equal(store_begin(s, id_of("a1"), 0, STATE_SENDING, NOW, &part), 0);
        assert_int_equal(store_open_texts(s, a, channel, texts, 4), 1);
        assert_string_equal(texts[0], "thank you");
        assert_int_equal(store_move(s, &(struct store_move) {
                .id = id_of("a1"), .state = STATE_HELD, .reason = "why", .now_usec = NOW }), 0);
        assert_int_equal(store_open_texts(s, a, channel, texts, 4), 1);
        assert_int_equal(store_open_texts(s, a, helpdesk, texts, 4), 0);
        close_store();
}

static void what_is_on_its_way_is_answered_only_if_it_was_there(void)
{
        bool open;

        open_store();
        (void) take(mention("1", "r", ""));
        file_as("1", "10");
        (void) take(mention("2", "r", ""));
        assert_int_equal(store_begin(s, id_of("2"), 0, STATE_FILING, NOW, NULL), 0);
        (void) take(reply("15", "77"));
        assert_int_equal(store_last_mention(s, id_of("15"), ANYBODY, &open), id_of("2"));
        assert_true(open);
        file_as("2", "16");
        assert_int_equal(store_last_mention(s, id_of("15"), ANYBODY, &open), id_of("1"));
        assert_false(open);
        close_store();
}

static void reply_answers_the_newest_filed_mention_that_was_there(void)
{
        open_store();
        (void) take(mention("1", "r", ""));
        file_as("1", "one");
        (void) take(reply("a1", "77"));
        (void) take(mention("2", "r", ""));
        (void) take(reply("a2", "77"));
        assert_int_equal(answered_by("a2"), id_of("1"));         /* 2 is not filed yet */
        file_as("2", "two");
        assert_int_equal(answered_by("a2"), id_of("2"));
        assert_int_equal(answered_by("a1"), id_of("1"));
        assert_int_equal(last_mention(12345), 0);
        close_store();
}

static void reply_read_late_answers_what_was_there_by_the_helpdesks_own_order(void)
{
        open_store();
        (void) take(mention("1", "r", ""));
        file_as("1", "9");
        (void) take(mention("2", "r", ""));
        file_as("2", "11");
        (void) take(reply("10", "77"));
        (void) take(reply("12", "77"));
        assert_int_equal(answered_by("10"), id_of("1"));
        assert_int_equal(answered_by("12"), id_of("2"));
        (void) take(reply("8", "77"));
        assert_int_equal(answered_by("8"), id_of("2"));          /* better than none */
        close_store();
}

static void reply_does_not_answer_what_began_to_be_filed_after_it_was_read(void)
{
        open_store();
        (void) take(mention("1", "r", ""));
        file_as("1", "9");
        (void) take(mention("2", "r", ""));
        (void) take(reply("10", "77"));
        assert_int_equal(store_begin(s, id_of("2"), 0, STATE_FILING, utc_usec() + USEC_PER_HOUR, NULL), 0);
        assert_int_equal(answered_by("10"), id_of("1"));
        (void) take(mention("3", "r", ""));
        assert_int_equal(store_begin(s, id_of("3"), 0, STATE_FILING, utc_usec() - USEC_PER_HOUR, NULL), 0);
        (void) take(reply("14", "77"));
        assert_int_equal(answered_by("14"), id_of("3"));         /* it may be there */
        close_store();
}

static void article_that_was_made_but_is_not_sure_counts_by_its_id(void)
{
        struct store_move m = { .state = STATE_AMBIGUOUS, .due_usec = NOW, .result_id = "13", .now_usec = NOW };

        open_store();
        (void) take(mention("1", "r", ""));
        file_as("1", "9");
        (void) take(mention("2", "r", ""));
        m.id = id_of("2");
        assert_int_equal(begin("2", STATE_FILING), 0);
        assert_int_equal(store_move(s, &m), 0);
        (void) take(reply("10", "77"));
        (void) take(reply("14", "77"));
        assert_int_equal(answered_by("10"), id_of("1"));
        assert_int_equal(answered_by("14"), id_of("2"));
        m.state = STATE_NEW;
        m.result_id = NULL;
        assert_int_equal(store_move(s, &m), 0);
        assert_int_equal(begin("2", STATE_FILING), 0);           /* once more: which it will be is not known */
        assert_string_equal(row_of("2").result_id, "");
        close_store();
}

/* --- The past --- */

#define OLD (NOW - 100)

static void take_and_file(const char *id, const char *root, int64_t created_usec)
{
        struct store_item item = mention(id, root, "");

        item.created_usec = created_usec;
        (void) take(item);
        file(id, "77");
}

static int forget_before(int64_t usec)
{
        int64_t at = 0;
        int n = 0, r;

        do {
                r = store_forget(s, usec, usec, &at);
                assert_true(r >= 0);
                n += r;
        } while (at);
        return n;
}

static int forget(void)
{
        return forget_before(utc_usec() + 1);
}

static bool is_there(const char *native_id)
{
        return store_row_of(s, channel, native_id) || store_row_of(s, helpdesk, native_id);
}

static void all_but_the_newest_mention_of_a_thread_leaves_the_journal(void)
{
        open_store();
        take_and_file("1", "r", OLD);
        take_and_file("2", "r", OLD + 1);
        take_and_file("3", "r", OLD + 2);
        (void) take(mention("other", "other", ""));
        file("other", "78");
        assert_int_equal(forget(), 2);
        assert_false(is_there("1"));
        assert_false(is_there("2"));
        assert_true(is_there("3"));
        assert_true(is_there("other"));
        assert_int_equal(forget(), 0);
        (void) take(reply("a1", "77"));
        assert_int_equal(last_mention(id_of("a1")), id_of("3"));
        close_store();
}

static void what_left_the_journal_is_known_and_so_is_its_thread(void)
{
        struct store_item internal = reply("a1", "77"), old = mention("old", "", "");
        _cleanup_free_ char *root = NULL;

        open_store();
        take_and_file("1", "r", OLD);
        take_and_file("2", "r", OLD + 1);
        internal.state = old.state = STATE_KNOWN;
        (void) take(internal);
        (void) take(old);
        assert_int_equal(forget(), 3);
        reopen();
        assert_false(is_there("1") || is_there("a1") || is_there("old"));
        assert_string_equal(arena_take(a, store_state_of(s, channel, "1")), STATE_KNOWN);
        assert_string_equal(arena_take(a, store_state_of(s, channel, "old")), STATE_KNOWN);
        assert_string_equal(arena_take(a, store_state_of(s, helpdesk, "a1")), STATE_KNOWN);
        assert_null(store_state_of(s, helpdesk, "1"));
        assert_int_equal(take(mention("1", "r", "")), 0);
        assert_int_equal(take(mention("old", "", "")), 0);
        assert_int_equal(take(reply("a1", "77")), 0);
        root = store_root_of(s, channel, "1");
        assert_string_equal(root, "r");
        assert_int_equal(take(mention("3", "", "1")), 1);
        assert_int_equal(row_of("3").thread, row_of("2").thread);
        close_store();
}

static void newest_that_is_filed_stays_though_one_that_is_not_is_younger(void)
{
        open_store();
        take_and_file("1", "r", OLD);
        (void) take(mention("2", "r", ""));
        assert_int_equal(forget(), 0);
        assert_int_equal(store_drop(s, id_of("2"), "spam", NULL, NULL, NOW), 0);
        assert_int_equal(forget(), 1);
        assert_true(is_there("1"));
        close_store();
}

static void what_is_young_or_not_done_stays(void)
{
        static const char *const states[] = { STATE_NEW, STATE_FILING, STATE_AMBIGUOUS, STATE_HELD, STATE_DEAD, STATE_SHOWN };
        int64_t between;

        open_store();
        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                struct store_item item = mention(states[i], states[i], "");

                item.state = states[i];
                item.created_usec = OLD;
                (void) take(item);
                take_and_file(arena_printf(a, "after-%s", states[i]), states[i], OLD + 1);
        }
        assert_int_equal(forget(), 0);
        take_and_file("1", "r", OLD);
        between = utc_usec() + 1;
        while (utc_usec() < between)
                ;
        take_and_file("2", "r", OLD + 1);
        assert_int_equal(forget_before(between), 0);     /* a reply that is on its way may answer the first */
        assert_int_equal(forget(), 1);
        close_store();
}

static void thread_in_which_a_reply_waits_stays_whole(void)
{
        struct store_part part = { 0, "key", "1", "hi", "", "", 1 };

        open_store();
        take_and_file("1", "r", OLD);
        take_and_file("2", "r", OLD + 1);
        (void) take(reply("a1", "77"));
        assert_int_equal(forget(), 0);
        assert_int_equal(store_begin(s, id_of("a1"), 0, STATE_SENDING, NOW, &part), 0);
        assert_int_equal(forget(), 0);
        assert_int_equal(move_to("a1", STATE_HELD), 0);
        assert_int_equal(forget(), 0);
        assert_int_equal(store_retry(s, id_of("a1"), NOW), 0);
        assert_int_equal(move_to("a1", STATE_DEAD), 0);
        assert_int_equal(forget(), 0);
        assert_int_equal(store_drop(s, id_of("a1"), "no", NULL, NULL, NOW), 0);
        assert_int_equal(forget(), 1);
        assert_false(is_there("1"));
        assert_true(is_there("a1"));
        close_store();
}

static void notes_leave_the_journal_once_their_reply_is_done_and_replies_never(void)
{
        struct store_move m = { .state = STATE_HELD, .note_key = "note:a1:held", .note_payload = "{}", .now_usec = OLD };

        open_store();
        take_and_file("1", "r", OLD);
        (void) take(reply("a1", "77"));
        m.id = id_of("a1");
        assert_int_equal(store_move(s, &m), 0);
        assert_int_equal(move_to("note:a1:held", STATE_FILED), 0);
        assert_int_equal(forget(), 0);
        assert_int_equal(store_retry(s, id_of("a1"), NOW), 0);
        assert_int_equal(move_to("a1", STATE_POSTED), 0);
        assert_int_equal(forget_before(OLD), 0);
        assert_int_equal(forget(), 1);
        assert_null(store_state_of(s, helpdesk, "note:a1:held"));
        assert_true(is_there("a1"));
        close_store();
}

static void what_left_the_journal_while_it_was_worked_on_is_not_recorded(void)
{
        int64_t id;

        open_store();
        (void) take(mention("1", "r", ""));
        id = id_of("1");
        assert_int_equal(move_to("1", STATE_AMBIGUOUS), 0);
        assert_int_equal(store_drop(s, id, "spam", NULL, NULL, NOW), 0);
        assert_int_equal(forget(), 1);
        assert_int_equal(store_move(s, &(struct store_move) { .id = id, .state = STATE_FILED, .now_usec = NOW }), -ESTALE);
        close_store();
}

static void reply_read_late_does_not_answer_what_stands_for_a_mention_of_the_past(void)
{
        struct store_item late = mention("0", "r", "");

        open_store();
        for (int k = 1; k <= 3; k++) {
                struct store_item item = mention((char[]) { (char) ('0' + k), '\0' }, "r", "");

                item.created_usec = OLD + k;
                (void) take(item);
                file_as(item.native_id, arena_printf(a, "%d", 10 * k));
        }
        assert_int_equal(forget(), 2);
        late.created_usec = OLD;         /* known late, and filed at last */
        (void) take(late);
        file_as("0", "5");
        (void) take(reply("25", "77"));
        assert_int_equal(last_mention(id_of("25")), 0);
        (void) take(reply("35", "77"));
        assert_int_equal(last_mention(id_of("35")), id_of("3"));
        close_store();
}

static int64_t file_size(const char *name)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", world_directory, name);
        struct stat st;

        assert_int_equal(stat(path, &st), 0);
        return st.st_size;
}

/* One thread, which goes on and on. */
static void converse(int from, int to)
{
        char text[2001] = "";

        memset(text, 'x', 2000);
        for (int k = from; k < to; k++) {
                struct store_item item = mention(arena_printf(a, "%d", k), "r", "");

                item.created_usec = OLD + k;
                item.payload = text;
                (void) take(item);
                file(item.native_id, "77");
        }
}

static void file_grows_by_ids_alone_when_as_much_is_done_as_comes(void)
{
        int64_t size;

        open_store();
        converse(0, 300);
        assert_int_equal(forget(), 299);
        reopen();
        size = file_size("mentiond.db");
        assert_in_range(size, 1, 300 * 1000);    /* texts made room for each other, too */
        for (int k = 1; k <= 3; k++) {
                converse(300 * k, 300 * (k + 1));
                assert_int_equal(forget(), 300);
        }
        reopen();
        assert_in_range(file_size("mentiond.db"), 1, size + 900 * 40);
        close_store();
}

/* --- People --- */

static void retry_is_for_held_and_dead_rows(void)
{
        static const struct {
                const char *state;
                int result;
        } cases[] = {
                { STATE_HELD, 0 }, { STATE_DEAD, 0 }, { STATE_NEW, -EINVAL }, { STATE_WAITING, -EINVAL },
                { STATE_FILING, -EINVAL },
                { STATE_SENDING, -EINVAL }, { STATE_AMBIGUOUS, -EINVAL }, { STATE_FILED, -EINVAL }, { STATE_POSTED, -EINVAL },
                { STATE_WITHDRAWN, -EINVAL }, { STATE_DROPPED, -EINVAL }, { STATE_KNOWN, -EINVAL },
        };

        open_store();
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct store_item item = mention(cases[i].state, cases[i].state, "");
                struct store_row row;

                item.state = cases[i].state;
                (void) take(item);
                assert_int_equal(store_retry(s, id_of(cases[i].state), NOW + 3), cases[i].result);
                row = row_of(cases[i].state);
                assert_string_equal(row.state, cases[i].result ? cases[i].state : STATE_NEW);
                if (!cases[i].result)
                        assert_int_equal(row.due_usec, NOW + 3);
        }
        assert_int_equal(store_retry(s, 12345, NOW), -ENOENT);
        close_store();
}

static void retried_reply_waits_again_with_its_counters_at_naught(void)
{
        struct store_move m = { .state = STATE_HELD, .reason = "unclear", .saw_absent = true, .now_usec = NOW };
        struct store_row row;

        open_store();
        (void) take(mention("1", "r", ""));
        file("1", "77");
        (void) take(reply("a1", "77"));
        (void) take(reply("a2", "77"));
        assert_int_equal(begin("a1", STATE_SENDING), 0);
        m.id = id_of("a1");
        assert_int_equal(store_move(s, &m), 0);
        assert_string_equal(due(channel), "a2 ");
        assert_int_equal(store_retry(s, m.id, NOW), 0);
        row = row_of("a1");
        assert_string_equal(row.state, STATE_WAITING);
        assert_int_equal(row.attempt, 0);
        assert_int_equal(row.absent, 0);
        assert_string_equal(row.reason, "");
        assert_string_equal(due(channel), "a1 a2 ");
        close_store();
}

static void drop_is_for_what_is_neither_done_nor_on_its_way(void)
{
        static const struct {
                const char *state;
                int result;
        } cases[] = {
                { STATE_NEW, 0 }, { STATE_WAITING, 0 }, { STATE_AMBIGUOUS, 0 }, { STATE_HELD, 0 }, { STATE_DEAD, 0 },
                { STATE_FILING, -EINVAL }, { STATE_SENDING, -EINVAL }, { STATE_FILED, -EINVAL }, { STATE_POSTED, -EINVAL },
                { STATE_WITHDRAWN, -EINVAL }, { STATE_DROPPED, -EINVAL }, { STATE_KNOWN, -EINVAL },
        };

        open_store();
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct store_item item = mention(cases[i].state, cases[i].state, "");

                item.state = cases[i].state;
                (void) take(item);
                assert_int_equal(store_drop(s, id_of(cases[i].state), "no", NULL, NULL, NOW), cases[i].result);
                assert_string_equal(row_of(cases[i].state).state, cases[i].result ? cases[i].state : STATE_DROPPED);
                assert_string_equal(row_of(cases[i].state).reason, cases[i].result ? "" : "no");
        }
        assert_int_equal(store_drop(s, 12345, "no", NULL, NULL, NOW), -ENOENT);
        (void) take(mention("1", "r", ""));
        file("1", "77");
        (void) take(reply("a1", "77"));
        (void) take(reply("a2", "77"));
        assert_int_equal(store_drop(s, id_of("a1"), "no", "note:a1:withdrawn", "{}", NOW), 0);
        assert_string_equal(row_of("a1").state, STATE_WITHDRAWN);
        assert_string_equal(due(channel), "a2 ");
        assert_string_equal(row_of("note:a1:withdrawn").state, STATE_NEW);
        close_store();
}

static void list_shows_what_is_open_page_by_page(void)
{
        static const char *const states[] = {
                STATE_NEW, STATE_KNOWN, STATE_HELD, STATE_FILED, STATE_DEAD, STATE_AMBIGUOUS, STATE_DROPPED,
        };
        struct store_row *rows;
        size_t n;

        open_store();
        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                struct store_item item = mention(states[i], "", "");

                item.state = states[i];
                (void) take(item);
        }
        assert_int_equal(store_list(s, a, &(struct store_list) { .max = 2 }, &rows, &n), 0);
        assert_int_equal(n, 2);
        assert_string_equal(rows[0].state, STATE_NEW);
        assert_string_equal(rows[1].state, STATE_HELD);
        assert_int_equal(store_list(s, a, &(struct store_list) { .after = rows[1].id, .max = 5 }, &rows, &n), 0);
        assert_int_equal(n, 2);
        assert_string_equal(rows[0].state, STATE_DEAD);
        assert_string_equal(rows[1].state, STATE_AMBIGUOUS);
        assert_int_equal(store_list(s, a, &(struct store_list) { .state = STATE_KNOWN, .max = 5 }, &rows, &n), 0);
        assert_int_equal(n, 1);
        close_store();
}

static void add_count(int64_t target, const char *kind, const char *state, int64_t n, int64_t seen_usec _unused_, void *data)
{
        char **text = data;

        assert_int_equal(target, helpdesk);
        *text = arena_printf(a, "%s%s_%s=%d ", *text, kind, state, (int) n);
}

static void counts_are_of_what_is_open(void)
{
        static const char *const states[] = { STATE_NEW, STATE_NEW, STATE_KNOWN, STATE_HELD, STATE_FILED };
        char *text = xstrdup("");
        int i = 0;

        open_store();
        text = arena_take(a, text);
        for (i = 0; i < (int) ELEMENTSOF(states); i++) {
                struct store_item item = mention(arena_printf(a, "%d", i), "", "");

                item.state = states[i];
                (void) take(item);
        }
        assert_int_equal(store_counts(s, add_count, &text), 0);
        assert_string_equal(text, "mention_new=2 mention_held=1 ");
        close_store();
}

/* --- The writer --- */

#define TASKS 100

static int n_ended, results[TASKS];

static void write_one(void *data)
{
        int i = (int) (intptr_t) data;
        _cleanup_free_ char *id = xasprintf("task-%d", i);
        struct store_item item = mention(id, "", "");
        struct store_poll p = { .source = channel, .target = helpdesk, .items = &item, .n_items = 1 };

        /* One of them fails. */
        results[i] = i == TASKS / 2 ? store_begin(s, 12345, 0, STATE_FILING, NOW, NULL) : store_commit_poll(s, &p);
        n_ended++;
}

static void start_writers(int first, int n)
{
        n_ended = 0;
        for (int i = first; i < first + n; i++)
                (void) task_start(world_loop, "writer", write_one, NULL, (void *) (intptr_t) i);
        assert_true(world_wait(&n_ended, n));
}

static void what_is_due_in_one_turn_commits_together(void)
{
        uint64_t commits;

        open_store();
        commits = store_commits(s);
        start_writers(TASKS / 2 + 1, TASKS / 2 - 1);
        assert_true(store_commits(s) - commits <= 3);
        for (int i = TASKS / 2 + 1; i < TASKS; i++) {
                _cleanup_free_ char *id = xasprintf("task-%d", i), *state = store_state_of(s, channel, id);

                assert_int_equal(results[i], 0);
                assert_string_equal(state, STATE_NEW);
        }
        close_store();
}

static void failure_is_its_own_only(void)
{
        open_store();
        start_writers(0, TASKS);
        for (int i = 0; i < TASKS; i++) {
                _cleanup_free_ char *id = xasprintf("task-%d", i), *state = store_state_of(s, channel, id);

                assert_int_equal(results[i], i == TASKS / 2 ? -ESTALE : 0);
                assert_true((state != NULL) == (i != TASKS / 2));
        }
        close_store();
}

static void copy_file(const char *name)
{
        _cleanup_free_ char *from = xasprintf("%s/%s", world_directory, name),
                            *to = xasprintf("%s/copy/%s", world_directory, name);
        _cleanup_free_ char *content = NULL;
        size_t size;
        FILE *f;

        assert_int_equal(read_file(from, 64 * 1024 * 1024, &content, &size), 0);
        f = fopen(to, "we");
        assert_non_null(f);
        assert_int_equal(fwrite(content, 1, size, f), size);
        assert_int_equal(fclose(f), 0);
}

static void what_was_acknowledged_is_in_a_copy_of_the_files(void)
{
        _cleanup_free_ char *copy = xasprintf("%s/copy", world_directory), *error = NULL, *state = NULL;
        struct store *second;

        open_store();
        assert_int_equal(mkdir(copy, 0700), 0);
        assert_int_equal(take(mention("1", "r", "")), 1);
        assert_int_equal(begin("1", STATE_FILING), 0);
        copy_file("mentiond.db");
        copy_file("mentiond.db-wal");
        assert_int_equal(store_open(world_loop, copy, STORE_INLINE, &second, &error), 0);
        state = store_state_of(second, channel, "1");
        assert_string_equal(state, STATE_FILING);
        store_close(second);
        close_store();
}

static void without_a_thread_the_store_does_the_same(void)
{
        open_store();
        reopen();
        start_writers(0, TASKS);
        assert_int_equal(results[TASKS / 2], -ESTALE);
        assert_int_equal(results[0], 0);
        assert_string_equal(row_of("task-99").state, STATE_NEW);
        close_store();
}

/* A disk that cannot be written ends the store's work: in a child, whose tasks never come back. */
static int to_parent;

static _noreturn_ void end_child(char verdict)
{
        (void) !write(to_parent, &verdict, 1);
        (void) execl("/bin/rm", "rm", "-rf", world_directory, NULL);    /* so nobody looks for leaks in it */
        abort();
}

static void on_fatal(const char *reason, void *data)
{
        (void) data;
        end_child(startswith(reason, "the store cannot be written: ") ? 'f' : 'r');
}

static void write_on_a_broken_disk(void)
{
        struct rlimit none = { 0, 0 };
        struct store_item item = mention("1", "", "");
        struct store_poll p = { .items = &item, .n_items = 1 };

        open_store();
        (void) signal(SIGXFSZ, SIG_IGN);
        store_on_fatal(s, on_fatal, NULL);
        if (setrlimit(RLIMIT_FSIZE, &none) < 0)
                end_child('l');
        p.source = channel;
        p.target = helpdesk;
        end_child(store_commit_poll(s, &p) < 0 ? 'e' : 'a');     /* it must not even come back */
}

static void after_an_io_error_nothing_is_acknowledged(void **state)
{
        void *body = (void *) write_on_a_broken_disk;
        char verdict = 0;
        int fds[2];
        pid_t child;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        to_parent = fds[1];
        child = fork();
        if (child == 0) {
                world_run(&body);
                end_child('w');
        }
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_int_equal(read(fds[0], &verdict, 1), 1);
        assert_int_equal(verdict, 'f');
        close(fds[0]);
        close(fds[1]);
        (void) state;
}

/* --- Who speaks --- */

static void file_by(const char *id, const char *handle, const char *root, const char *ticket, int64_t card_usec)
{
        struct store_thread link = {
                .helpdesk = helpdesk, .ticket = ticket, .number = arena_printf(a, "N%s", ticket), .url = "https://desk/1",
        };
        struct store_item item = mention(id, root, "");

        item.kept.handle = handle;
        assert_int_equal(take(item), 1);
        assert_int_equal(begin(id, STATE_FILING), 0);
        assert_int_equal(store_move(s, &(struct store_move) { .id = store_row_of(s, channel, id), .state = STATE_FILED,
                                                              .link = &link,
                                                              .card_usec = card_usec, .now_usec = NOW }), 0);
}

/* "CARD: TICKET TICKET ", of the thread of an item. */
static const char *author(const char *handle, const char *id)
{
        struct store_author found;
        struct store_thread own = { .ticket = "" };
        const char *text;

        if (id)
                assert_int_equal(store_thread(s, a, row_of(id).thread, &own), 1);
        assert_int_equal(store_author(s, a, channel, handle, &own, helpdesk, &found), 0);
        text = arena_printf(a, "%lld:", (long long) found.card_usec);
        for (size_t i = 0; i < found.n_earlier; i++)
                text = arena_printf(a, "%s %s", text, found.earlier[i].ticket);
        return arena_printf(a, "%s%s", text, found.more ? " ..." : "");
}

static void author_is_known_by_his_card_in_the_thread_and_his_other_tickets(void)
{
        struct store_item item = mention("8", "r1", "");

        open_store();
        assert_string_equal(author("@alice", NULL), "0:");
        file_by("1", "@alice", "r1", "71", 100);
        file_by("2", "@bob", "r1", "71", 200);
        file_by("3", "@alice", "r2", "72", 300);
        file_by("4", "@alice", "r2", "72", 300);         /* as the one before it: it told of her no more */
        file_by("5", "@alice", "r3", "73", 500);
        file_by("6", "@alice", "r4", "72", 600);         /* merged */
        assert_string_equal(author("@alice", NULL), "0: 72 73 71");
        assert_string_equal(author("@alice", "1"), "100: 72 73");
        assert_string_equal(author("@alice", "5"), "500: 72 71");
        assert_string_equal(author("@alice", "3"), "300: 73 71");
        assert_string_equal(author("@bob", "1"), "200:");
        assert_string_equal(author("@bob", "3"), "0: 71");
        assert_string_equal(author("@nobody", "3"), "0:");
        /* The newest counts, and one that is not filed does not. */
        file_by("7", "@alice", "r1", "71", 700);
        item.kept.handle = "@carol";
        assert_int_equal(take(item), 1);
        assert_int_equal(begin("8", STATE_FILING), 0);
        assert_int_equal(move_to("8", STATE_HELD), 0);
        assert_string_equal(author("@alice", "1"), "700: 72 73");
        assert_string_equal(author("@carol", "3"), "0:");
        close_store();
}

static void author_of_another_channel_or_helpdesk_is_somebody_else(void)
{
        const struct store_thread none = { .ticket = "" };
        struct store_author found;

        open_store();
        file_by("1", "@alice", "r1", "71", 100);
        assert_int_equal(store_author(s, a, helpdesk, "@alice", &none, helpdesk, &found), 0);
        assert_int_equal(found.n_earlier, 0);
        assert_int_equal(store_author(s, a, channel, "@alice", &none, channel, &found), 0);
        assert_int_equal(found.n_earlier, 0);
        close_store();
}

static void of_more_tickets_than_are_looked_for_it_is_told(void)
{
        open_store();
        for (int i = 0; i < STORE_EARLIER_MAX + 10; i++) {
                const char *name = arena_printf(a, "%d", i);

                file_by(name, "@alice", name, name, 100 + i);
        }
        assert_true(startswith(author("@alice", NULL), "0: 59 58 57 "));
        assert_non_null(strstr(author("@alice", NULL), " 10 ..."));
        assert_null(strstr(author("@alice", NULL), " 9 "));
        assert_true(startswith(author("@alice", "0"), "100: 59 "));      /* also of a thread that is older than those */
        close_store();
}

/* Each step of it goes down an index, and none reads a table from its beginning. */
static void author_is_looked_up_by_an_index(void)
{
        _cleanup_free_ char *path = xasprintf("%s/mentiond.db", world_directory),
                            *sql = xasprintf("EXPLAIN QUERY PLAN %s", store_author_sql);
        struct stmt *st;
        struct db *db;
        int n = 0;

        open_store();
        close_store();
        assert_int_equal(db_open(path, 0, &db), 0);
        assert_int_equal(db_query(db, &st, sql, "isii", INT64_C(1), "@alice", INT64_C(1), INT64_C(1)), 0);
        while (db_step(st) > 0) {
                const char *step = db_text(st, 3);

                n++;
                if (!streq(step, "SEARCH j USING INDEX journal_author (source=? AND handle=? AND thread<?)") &&
                    !streq(step, "SEARCH l USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN"))
                        fail_msg("%s", step);
        }
        db_close(db);
        assert_int_equal(n, 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(author_is_known_by_his_card_in_the_thread_and_his_other_tickets),
                world_test(author_of_another_channel_or_helpdesk_is_somebody_else),
                world_test(of_more_tickets_than_are_looked_for_it_is_told),
                world_test(author_is_looked_up_by_an_index),
                cmocka_unit_test(after_an_io_error_nothing_is_acknowledged),
                world_test(what_was_written_is_there_after_opening_again),
                world_test(second_opening_is_refused_until_the_first_is_closed),
                world_test(newer_schema_is_refused_with_a_sentence),
                world_test(missing_directory_is_told),
                world_test(poll_that_fails_leaves_nothing_behind),
                world_test(item_is_taken_once_also_within_one_poll),
                world_test(threads_are_by_root_and_by_parent),
                world_test(unknown_parent_leaves_a_mention_unplaced_until_it_is_placed),
                world_test(known_items_are_kept_as_ids_only),
                world_test(cursors_are_of_an_instance_and_replaced),
                world_test(baseline_is_the_first_horizon_and_stays),
                world_test(unfinished_poll_moves_no_horizon),
                world_test(poll_that_says_nothing_writes_nothing),
                world_test(what_a_failed_poll_brought_goes_on_with_its_conversation),
                world_test(what_a_failed_poll_brought_takes_its_place_when_one_is_done),
                world_test(poll_that_says_nothing_gives_what_was_shown_its_place),
                world_test(shown_again_it_takes_the_place_that_it_has_now),
                world_test(shown_mentions_are_due_in_the_end_and_can_be_released),
                world_test(what_was_shown_is_there_for_a_reply_from_its_release_on),
                world_test(shown_mentions_wait_anew_after_a_restart),
                world_test(shown_mentions_are_listed_and_counted_and_can_be_dropped),
                world_test(pause_by_the_operator_is_kept),
                world_test(only_the_head_of_a_lane_is_due_and_the_next_follows),
                world_test(held_or_dead_head_frees_its_lane),
                world_test(mentions_and_replies_of_a_thread_have_lanes_of_their_own),
                world_test(due_is_earliest_first_and_next_due_tells_when_to_wake),
                world_test(each_source_has_its_turn),
                world_test(begin_takes_only_a_row_that_is_ready),
                world_test(begin_counts_and_freezes_what_is_sent),
                world_test(poll_begins_the_heads_of_lanes_as_far_as_it_may),
                world_test(recover_makes_what_was_on_its_way_ambiguous_and_due),
                world_test(recover_does_not_trust_the_time_since_the_first_look),
                world_test(ticket_that_was_found_is_unread_until_a_poll_has_read_it),
                world_test(ticket_that_was_made_before_any_poll_is_unread),
                world_test(move_records_link_result_and_reason_together),
                world_test(text_stays_until_a_row_is_done),
                world_test(text_of_a_reply_and_its_notes_stays_until_they_are_done),
                world_test(move_leaves_alone_what_it_is_not_told),
                world_test(what_a_person_ended_does_not_come_back_to_life),
                world_test(posted_reply_gives_its_part_the_id),
                world_test(one_post_is_never_the_part_of_two_replies),
                world_test(note_is_told_once_for_each_key_and_only_into_a_ticket),
                world_test(unlink_forgets_the_ticket),
                world_test(merge_moves_the_links),
                world_test(thread_goes_on_in_another_with_what_waits_in_it),
                world_test(what_may_be_in_the_old_ticket_stays_until_that_is_known),
                world_test(thread_that_was_there_is_gone_on_in_but_leads_nowhere_else),
                world_test(posts_that_may_be_replies_are_those_of_the_whole_conversation),
                world_test(reply_that_was_refused_at_once_is_nowhere),
                world_test(threads_do_not_go_on_in_a_circle),
                world_test(tickets_of_one_conversation_that_are_merged_take_replies),
                world_test(reply_into_a_ticket_of_two_conversations_gets_that_as_a_reason),
                world_test(reply_into_a_foreign_ticket_is_passed_over),
                world_test(command_follows_a_conversation_that_is_found_in_another_ticket),
                world_test(last_post_is_the_last_that_the_agent_had),
                world_test(commands_of_a_ticket_wait_for_those_before),
                world_test(bound_of_a_command_gives_way_to_its_aim),
                world_test(two_mentions_that_are_retried_are_filed_one_after_the_other),
                world_test(link_that_has_changed_since_stays),
                world_test(order_leaves_it_in_doubt_whether_it_is_out),
                world_test(what_follows_is_for_the_ticket_as_it_is_now),
                world_test(part_that_is_out_is_kept_though_the_rest_was_dropped),
                world_test(texts_of_what_may_be_out_are_those_of_open_parts),
                world_test(what_is_on_its_way_is_answered_only_if_it_was_there),
                world_test(reply_answers_the_newest_filed_mention_that_was_there),
                world_test(reply_read_late_answers_what_was_there_by_the_helpdesks_own_order),
                world_test(reply_does_not_answer_what_began_to_be_filed_after_it_was_read),
                world_test(article_that_was_made_but_is_not_sure_counts_by_its_id),
                world_test(all_but_the_newest_mention_of_a_thread_leaves_the_journal),
                world_test(what_left_the_journal_is_known_and_so_is_its_thread),
                world_test(newest_that_is_filed_stays_though_one_that_is_not_is_younger),
                world_test(what_is_young_or_not_done_stays),
                world_test(thread_in_which_a_reply_waits_stays_whole),
                world_test(notes_leave_the_journal_once_their_reply_is_done_and_replies_never),
                world_test(what_left_the_journal_while_it_was_worked_on_is_not_recorded),
                world_test(reply_read_late_does_not_answer_what_stands_for_a_mention_of_the_past),
                world_test(file_grows_by_ids_alone_when_as_much_is_done_as_comes),
                world_test(retry_is_for_held_and_dead_rows),
                world_test(retried_reply_waits_again_with_its_counters_at_naught),
                world_test(drop_is_for_what_is_neither_done_nor_on_its_way),
                world_test(list_shows_what_is_open_page_by_page),
                world_test(counts_are_of_what_is_open),
                world_test(what_is_due_in_one_turn_commits_together),
                world_test(failure_is_its_own_only),
                world_test(what_was_acknowledged_is_in_a_copy_of_the_files),
                world_test(without_a_thread_the_store_does_the_same),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
