/* SPDX-License-Identifier: MIT
 * Copies of the store, and life with one that is behind. */
#include "world.h"

#include "base/clock.h"
#include "store/db.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

static struct store *s;
static struct arena *a;
static int64_t desk, brand;

static char *path_of(const char *name)
{
        return arena_printf(a, "%s/%s", world_directory, name);
}

static int64_t instance(const char *name)
{
        struct store_instance i = { .id = 0 };

        assert_int_equal(store_instance_get(s, name, "fake", &i), 0);
        return i.id;
}

static void open_store(unsigned flags)
{
        _cleanup_free_ char *error = NULL;

        if (store_open(world_loop, world_directory, flags, &s, &error) < 0)
                fail_msg("%s", error);
        desk = instance("desk");
        brand = instance("brand");
}

static void begin(void)
{
        a = arena_new();
        open_store(0);
}

static void end(void)
{
        store_close(s);
        arena_free(a);
}

/* The store's second life: a loop has one with a thread only. */
static void again(void)
{
        open_store(STORE_INLINE);
}

static void restore(const char *file)
{
        _cleanup_free_ char *error = NULL, *kept = NULL;

        if (store_restore(world_directory, path_of(file), &kept, &error) < 0)
                fail_msg("%s", error);
        assert_true(kept && startswith(kept, path_of("mentiond.db.")));
        assert_int_equal(access(kept, F_OK), 0);
}

static void take(struct store_item item)
{
        struct store_poll p = {
                .source = streq(item.kind, KIND_MENTION) ? brand : desk, .target = desk, .items = &item, .n_items = 1,
        };

        assert_int_equal(store_commit_poll(s, &p), 0);
}

static void take_mention(const char *id, const char *root, const char *parent, int64_t created)
{
        take((struct store_item) { .kind = KIND_MENTION, .state = STATE_NEW, .native_id = id, .root = root, .parent = parent,
                                   .created_usec = created, .ready_usec = 1, .payload = "{}" });
}

/* With what the payload says of it. */
static void take_answer(const char *id, const char *parent, int64_t created)
{
        _cleanup_free_ char *payload = xasprintf("{\"parent\":\"%s\"}", parent);

        take((struct store_item) { .kind = KIND_MENTION, .state = STATE_NEW, .native_id = id, .root = "", .parent = parent,
                                   .created_usec = created, .ready_usec = 1, .payload = payload });
}

static void take_reply(const char *id, int64_t created, const char *reason)
{
        take((struct store_item) { .kind = KIND_REPLY, .state = STATE_WAITING, .native_id = id, .ticket = "T", .reason = reason,
                                   .created_usec = created, .ready_usec = 1, .payload = "{}" });
}

static struct store_row row_of(int64_t source, const char *id)
{
        struct store_row row = { .id = 0 };

        assert_int_equal(store_load(s, a, store_row_of(s, source, id), &row), 1);
        return row;
}

static const char *state_of(const char *id)
{
        return row_of(brand, id).state;
}

static void link_thread(const char *mention)
{
        struct store_thread link = { .helpdesk = desk, .ticket = "T", .number = "1", .url = "" };
        int64_t id = store_row_of(s, brand, mention);

        assert_int_equal(store_begin(s, id, 0, STATE_FILING, 1, NULL), 0);
        assert_int_equal(store_move(s, &(struct store_move) {
                .id = id, .state = STATE_FILED, .result_id = "7", .link = &link, .now_usec = 1 }), 0);
}

static void poll_ends(int64_t source)
{
        struct store_poll p = { .source = source, .target = desk, .done = true };

        assert_int_equal(store_commit_poll(s, &p), 0);
}

static bool wrote_beside;

static void write_beside(void *data _unused_)
{
        for (int i = 0; i < 50; i++)
                take_mention(arena_printf(a, "beside-%d", i), "r", "", 1);
        wrote_beside = true;
}

static void backup_is_whole_and_private_while_others_write(void)
{
        struct stat st;
        int64_t behind = 0;
        struct db *db;

        begin();
        for (int i = 0; i < 200; i++)
                take_mention(arena_printf(a, "m%d", i), "r", "", 1);
        (void) task_start(world_loop, "beside", write_beside, NULL, NULL);
        assert_int_equal(store_backup(s, path_of("copy")), 0);
        while (!wrote_beside)
                world_sleep(USEC_PER_MSEC);
        assert_int_equal(stat(path_of("copy"), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        assert_int_equal(access(path_of("copy.part"), F_OK), -1);
        assert_int_equal(access(path_of("copy-wal"), F_OK), -1);
        assert_int_equal(db_open(path_of("copy"), DB_READ_ONLY, &db), 0);
        assert_int_equal(db_check(db, true), 0);
        assert_int_equal(db_get_int(db, &behind, "SELECT count(*) FROM journal", ""), 1);
        assert_true(behind >= 200);
        assert_int_equal(db_get_int(db, &behind, "SELECT behind FROM store", ""), 1);
        assert_int_equal(behind, 1);
        db_close(db);
        end();
}

static void backup_overwrites_nothing(void)
{
        begin();
        (void) world_write("copy", "mine");
        assert_int_equal(store_backup(s, path_of("copy")), -EEXIST);
        (void) world_write("other.part", "mine");
        assert_int_equal(store_backup(s, path_of("other")), -EEXIST);
        assert_int_equal(access(path_of("other.part"), F_OK), 0);
        assert_int_equal(store_backup(s, path_of("none/copy")), -ENOENT);
        end();
}

static int second_result;

static void second(void *data _unused_)
{
        second_result = store_backup(s, path_of("copy2"));
}

static void second_backup_at_once_is_refused(void)
{
        begin();
        take_mention("1", "r", "", 1);
        second_result = 1;
        (void) task_start(world_loop, "second", second, NULL, NULL);
        assert_int_equal(store_backup(s, path_of("copy")), 0);
        assert_int_equal(second_result, -EBUSY);
        assert_int_equal(store_backup(s, path_of("copy2")), 0);
        end();
}

static void backup_that_is_copied_by_hand_is_taken_for_what_it_is(void)
{
        begin();
        take_mention("1", "r", "", 1);
        assert_int_equal(store_backup(s, path_of("copy")), 0);
        take_mention("2", "r", "", 1);
        store_close(s);
        assert_int_equal(rename(path_of("copy"), path_of("mentiond.db")), 0);
        again();
        assert_true(store_is_behind(s));
        assert_int_equal(store_recover(s), 0);
        assert_int_equal(store_row_of(s, brand, "2"), 0);
        end();
}

static void backup_beside_the_log_of_the_store_is_refused(void)
{
        _cleanup_free_ char *error = NULL;

        begin();
        assert_int_equal(store_backup(s, path_of("copy")), 0);
        store_close(s);
        assert_int_equal(rename(path_of("copy"), path_of("mentiond.db")), 0);
        (void) world_write("mentiond.db-wal", "the log of another");
        assert_int_equal(store_open(world_loop, world_directory, STORE_INLINE, &s, &error), -EUCLEAN);
        assert_non_null(strstr(error, "while the log (-wal) of another store is still beside it"));
        arena_free(a);
}

static void what_was_replaced_is_not_taken_back(void)
{
        _cleanup_free_ char *error = NULL;

        begin();
        take_mention("1", "r", "", 1);
        assert_int_equal(store_backup(s, path_of("copy")), 0);
        take_mention("2", "r", "", 1);
        store_close(s);
        assert_int_equal(link(path_of("mentiond.db"), path_of("old")), 0);
        restore("copy");
        assert_int_equal(rename(path_of("old"), path_of("mentiond.db")), 0);
        assert_int_equal(store_open(world_loop, world_directory, STORE_INLINE, &s, &error), -EUCLEAN);
        assert_non_null(strstr(error, "is not the store that was last used here"));
        arena_free(a);
}

static void what_was_to_be_done_is_looked_for_first_after_a_restore(void)
{
        begin();
        take_mention("linked", "r", "", 5);
        link_thread("linked");
        take_mention("new", "r2", "", 6);
        take_mention("behind it", "r2", "", 7);
        take_mention("unplaced", "", "unknown", 8);
        take_reply("waiting", 9, NULL);
        take_reply("to be held", 10, "the note was not public from its beginning");
        assert_int_equal(store_backup(s, path_of("copy")), 0);
        store_close(s);
        restore("copy");
        again();
        assert_true(store_is_behind(s));
        assert_int_equal(store_recover(s), 0);
        assert_string_equal(state_of("new"), STATE_AMBIGUOUS);
        assert_int_equal(row_of(brand, "new").tried_usec, 6);
        assert_true(row_of(brand, "new").due_usec > 0);
        assert_string_equal(state_of("behind it"), STATE_AMBIGUOUS);
        assert_int_equal(row_of(brand, "behind it").due_usec, 0);
        assert_string_equal(state_of("linked"), STATE_FILED);
        assert_string_equal(row_of(desk, "waiting").state, STATE_AMBIGUOUS);
        assert_string_equal(row_of(desk, "to be held").state, STATE_WAITING);
        assert_string_equal(row_of(desk, "to be held").reason, "the note was not public from its beginning");
        assert_string_equal(state_of("unplaced"), STATE_NEW);
        assert_true(store_place(s, store_row_of(s, brand, "unplaced"), "r3", "{}") >= 0);
        assert_string_equal(state_of("unplaced"), STATE_AMBIGUOUS);
        store_close(s);
        again();
        assert_false(store_is_behind(s));        /* that was once */
        end();
}

static void restored(void)
{
        begin();
        take_mention("linked", "r", "", 5);
        link_thread("linked");
        poll_ends(brand);
        poll_ends(desk);
        assert_int_equal(store_backup(s, path_of("copy")), 0);
        store_close(s);
        restore("copy");
        again();
        assert_int_equal(store_recover(s), 0);
}

static void what_comes_in_after_a_restore_is_looked_for_if_it_may_be_done(void)
{
        struct store_instance i;
        int64_t late = utc_usec() + USEC_PER_DAY;

        restored();
        assert_int_equal(store_instance_get(s, "brand", "fake", &i), 0);
        assert_true(i.behind);
        take_mention("old", "r2", "", 6);
        take_mention("strange clock", "r3", "", late);
        take_reply("old reply", 7, NULL);
        take_reply("old and to be held", 8, "the note was not public from its beginning");
        assert_string_equal(state_of("old"), STATE_AMBIGUOUS);
        assert_string_equal(state_of("strange clock"), STATE_AMBIGUOUS);
        assert_string_equal(row_of(desk, "old reply").state, STATE_AMBIGUOUS);
        assert_int_equal(row_of(desk, "old reply").tried_usec, 7);
        assert_string_equal(row_of(desk, "old and to be held").state, STATE_WAITING);

        /* All that was there before the restore has been shown. */
        poll_ends(brand);
        assert_int_equal(store_instance_get(s, "brand", "fake", &i), 0);
        assert_false(i.behind);
        take_mention("really new", "r4", "", late);
        assert_string_equal(state_of("really new"), STATE_NEW);
        take_mention("old, and shown late", "r5", "", 9);
        assert_string_equal(state_of("old, and shown late"), STATE_AMBIGUOUS);
        end();
}

static void mention_of_a_failed_poll_is_looked_for_when_it_gets_its_place(void)
{
        struct store_item shown = { .kind = KIND_MENTION, .state = STATE_SHOWN, .native_id = "before", .root = "r8",
                                    .created_usec = 6, .ready_usec = 1, .payload = "{}" };

        begin();
        take(shown);
        assert_int_equal(store_backup(s, path_of("copy")), 0);
        store_close(s);
        restore("copy");
        again();
        assert_int_equal(store_recover(s), 0);
        shown.native_id = "behind";
        shown.root = "";
        shown.parent = "elsewhere";
        take(shown);
        assert_string_equal(state_of("before"), STATE_SHOWN);
        assert_string_equal(state_of("behind"), STATE_SHOWN);

        poll_ends(brand);
        assert_string_equal(state_of("before"), STATE_AMBIGUOUS);
        assert_int_equal(row_of(brand, "before").tried_usec, 6);
        assert_string_equal(state_of("behind"), STATE_NEW);
        assert_int_equal(store_place(s, store_row_of(s, brand, "behind"), "r9", "{}"), 0);
        assert_string_equal(state_of("behind"), STATE_AMBIGUOUS);
        assert_int_equal(row_of(brand, "behind").tried_usec, 6);
        end();
}

static void note_about_what_may_be_done_is_looked_for_too(void)
{
        int64_t late = utc_usec() + USEC_PER_DAY;

        restored();
        take_reply("old", late, NULL);           /* by a clock that is wrong: ours, or the helpdesk's */
        poll_ends(desk);
        take_reply("new", late, NULL);
        assert_int_equal(store_move(s, &(struct store_move) { .id = store_row_of(s, desk, "old"), .state = STATE_POSTED,
                                                              .result_id = "p",
                                    .note_key = "note:old:posted", .note_payload = "{}", .now_usec = late }), 0);
        assert_int_equal(store_move(s, &(struct store_move) { .id = store_row_of(s, desk, "new"), .state = STATE_POSTED,
                                                              .result_id = "q",
                                    .note_key = "note:new:posted", .note_payload = "{}", .now_usec = late }), 0);
        assert_string_equal(row_of(desk, "note:old:posted").state, STATE_AMBIGUOUS);
        assert_string_equal(row_of(desk, "note:new:posted").state, STATE_NEW);
        end();
}

static void part_of_a_reply_that_was_found_is_known_from_then_on(void)
{
        struct store_part part = { .number = 0, .key = "k", .parent = "linked", .text = "t" };

        restored();
        take_reply("old", 7, NULL);
        assert_false(store_is_part(s, brand, "p"));
        assert_int_equal(store_move(s, &(struct store_move) { .id = store_row_of(s, desk, "old"), .state = STATE_POSTED,
                                                              .result_id = "p",
                                    .part = &part, .now_usec = 1 }), 0);
        assert_true(store_is_part(s, brand, "p"));
        end();
}

/* "second" and "third" went on in tickets of their own, of which the store has forgotten. */
static void forgotten_tickets(void)
{
        struct store_link links[] = { { brand, "r", "T", "1", "", NULL, false }, { brand, "second", "T2", "2", "", "r", false },
                                      { brand, "third", "T3", "3", "", "r", false } };
        struct store_poll p = { .source = desk, .links = links, .n_links = 3 };

        restored();
        assert_int_equal(store_commit_poll(s, &p), 0);
        assert_int_equal(store_commit_poll(s, &p), 0);   /* it may be told again */
}

static struct store_thread thread_of(const char *id)
{
        struct store_thread t;

        assert_int_equal(store_thread(s, a, row_of(brand, id).thread, &t), 1);
        return t;
}

static void is_elsewhere(const char *id)
{
        int64_t row = store_row_of(s, brand, id);

        if (streq(state_of(id), STATE_AMBIGUOUS))
                assert_int_equal(store_move(s, &(struct store_move) {
                        .id = row, .state = STATE_NEW, .due_usec = 1, .now_usec = 1 }), 0);
        assert_int_equal(store_move(s, &(struct store_move) {
                .id = row, .state = STATE_NEW, .goes_on = true, .now_usec = 1 }), 0);
}

static void mention_is_looked_for_in_one_ticket_of_its_conversation_after_the_other(void)
{
        forgotten_tickets();
        take_mention("second", "", "linked", 6);
        assert_string_equal(thread_of("second").ticket, "T");
        assert_true(thread_of("second").next != 0);
        is_elsewhere("second");
        assert_string_equal(thread_of("second").ticket, "T2");
        assert_string_equal(state_of("second"), STATE_AMBIGUOUS);
        assert_int_equal(row_of(brand, "second").tried_usec, 6);
        assert_true(row_of(brand, "second").due_usec > 0);
        is_elsewhere("second");
        assert_string_equal(thread_of("second").ticket, "T3");
        assert_int_equal(thread_of("second").next, 0);
        assert_string_equal(store_network_root(s, a, &(struct store_thread) {
                .root = "x", .before = thread_of("second").before }), "r");
        /* What comes now, and cannot be in any, belongs into the last. */
        poll_ends(brand);
        take_mention("new", "", "linked", utc_usec() + USEC_PER_DAY);
        assert_string_equal(thread_of("new").ticket, "T3");
        take_mention("placed", "", "unknown", utc_usec() + USEC_PER_DAY);
        assert_int_equal(store_place(s, store_row_of(s, brand, "placed"), "r", "{}"), 0);
        assert_string_equal(thread_of("placed").ticket, "T3");
        end();
}

static void mention_that_is_found_in_a_later_ticket_is_of_that(void)
{
        struct store_thread link = { .ticket = "T3", .number = "3", .url = "" };

        forgotten_tickets();
        link.helpdesk = desk;
        take_mention("second", "", "linked", 6);
        assert_int_equal(store_move(s, &(struct store_move) { .id = store_row_of(s, brand, "second"), .state = STATE_FILED,
                                                              .link = &link,
                                    .found = true, .now_usec = 1 }), 0);
        assert_string_equal(thread_of("second").ticket, "T3");
        assert_string_equal(thread_of("linked").ticket, "T");
        /* As for any other: it was merged into that. */
        link.ticket = "T9";
        take_mention("other", "", "linked", 6);
        assert_int_equal(store_move(s, &(struct store_move) { .id = store_row_of(s, brand, "other"), .state = STATE_FILED,
                                                              .link = &link,
                                    .found = true, .now_usec = 1 }), 0);
        assert_string_equal(thread_of("linked").ticket, "T9");
        end();
}

/* Its ticket was merged into that. */
static void mention_that_is_still_looked_for_in_a_later_ticket_makes_way_for_the_next(void)
{
        struct store_thread link = { .ticket = "T3", .number = "3", .url = "" };

        forgotten_tickets();
        link.helpdesk = desk;
        take_mention("second", "", "linked", 6);
        take_mention("other", "", "linked", 7);
        assert_int_equal(row_of(brand, "other").due_usec, 0);
        assert_int_equal(store_move(s, &(struct store_move) { .id = store_row_of(s, brand, "second"), .state = STATE_AMBIGUOUS,
                                    .link = &link, .found = true, .saw_absent = true, .due_usec = 120, .now_usec = 1 }), 0);
        assert_string_equal(thread_of("second").ticket, "T3");
        assert_int_equal(row_of(brand, "second").due_usec, 120);
        assert_string_equal(thread_of("other").ticket, "T");
        assert_true(row_of(brand, "other").due_usec > 0);
        end();
}

/* "split" got a ticket of its own, of which the store has forgotten; "before" was seen before the tickets were read, "after"
 * after that. */
static void forgotten_branch(void)
{
        struct store_link links[] = { { brand, "r", "T", "1", "", NULL, false }, { brand, "split", "B", "2", "", "r", true } };
        struct store_poll p = { .source = desk, .links = links, .n_links = 2 };

        restored();
        take_answer("split", "linked", 6);
        take_answer("before", "split", 7);
        take_answer("sibling", "linked", 8);
        assert_string_equal(thread_of("before").ticket, "T");
        assert_int_equal(store_commit_poll(s, &p), 0);
        assert_int_equal(store_commit_poll(s, &p), 0);   /* it may be told again */
        take_answer("after", "before", 9);
}

static void mentions_of_a_branch_are_looked_for_in_its_ticket(void)
{
        forgotten_branch();
        assert_string_equal(thread_of("split").ticket, "B");
        assert_true(thread_of("split").branch);
        assert_string_equal(thread_of("before").ticket, "B");
        assert_string_equal(thread_of("after").ticket, "B");
        assert_string_equal(state_of("split"), STATE_AMBIGUOUS);
        assert_string_equal(state_of("before"), STATE_AMBIGUOUS);
        assert_string_equal(thread_of("linked").ticket, "T");
        assert_string_equal(thread_of("sibling").ticket, "T");
        assert_int_equal(thread_of("linked").next, 0);   /* it does not go on there */
        assert_true(row_of(brand, "split").due_usec > 0);
        assert_int_equal(row_of(brand, "before").due_usec, 0);
        assert_true(row_of(brand, "sibling").due_usec > 0);
        end();
}

static void mention_that_begins_a_branch_is_of_that_also_if_it_is_seen_later(void)
{
        struct store_link links[] = { { brand, "r", "T", "1", "", NULL, false }, { brand, "split", "B", "2", "", "r", true } };
        struct store_poll p = { .source = desk, .links = links, .n_links = 2 };
        _cleanup_free_ char *root = NULL;

        restored();
        assert_int_equal(store_commit_poll(s, &p), 0);
        root = store_root_of(s, brand, "split");
        assert_string_equal(root, "split");
        take_answer("below", "split", 7);
        take_answer("split", "linked", 6);
        assert_string_equal(thread_of("below").ticket, "B");
        assert_string_equal(thread_of("split").ticket, "B");
        end();
}

static void mention_that_is_found_in_the_ticket_of_a_branch_is_of_that(void)
{
        struct store_thread link = { .ticket = "B", .number = "2", .url = "" };

        forgotten_branch();
        link.helpdesk = desk;
        assert_int_equal(store_move(s, &(struct store_move) { .id = store_row_of(s, brand, "sibling"), .state = STATE_FILED,
                                                              .link = &link,
                                    .found = true, .now_usec = 1 }), 0);
        assert_string_equal(thread_of("sibling").ticket, "B");
        assert_string_equal(thread_of("linked").ticket, "T");
        end();
}

static void links_replace_what_was_known(void)
{
        struct store_link links[2];
        struct store_poll p = { .links = links, .n_links = 2 };
        struct store_thread t;

        restored();
        links[0] = (struct store_link) { brand, "r", "merged-into", "2", "u", NULL, false };
        links[1] = (struct store_link) { brand, "forgotten", "F", "3", "", NULL, false };
        p.source = desk;
        assert_false(store_is_linked(s, desk, "F"));
        assert_int_equal(store_commit_poll(s, &p), 0);
        assert_true(store_is_linked(s, desk, "F"));
        assert_true(store_is_linked(s, desk, "merged-into"));
        assert_false(store_is_linked(s, desk, "T"));
        take_mention("goes on", "forgotten", "", 5);
        assert_int_equal(store_thread(s, a, row_of(brand, "goes on").thread, &t), 1);
        assert_string_equal(t.ticket, "F");
        end();
}

static void rebuilt_store_asks_for_what_was_shown_since(void)
{
        const struct store_seed seeds[] = { { "desk", "otrs" }, { "brand", "mastodon" } };
        _cleanup_free_ char *error = NULL, *kept = NULL;
        struct store_instance i;

        begin();
        take_mention("gone", "r", "", 5);
        store_close(s);
        assert_int_equal(unlink(path_of("mentiond.db")), 0);
        assert_int_equal(store_rebuild(world_directory, seeds, 2, 1234, &kept, &error), 0);
        assert_string_equal(kept, "");
        again();
        assert_true(store_is_behind(s));
        assert_int_equal(store_recover(s), 0);
        assert_int_equal(store_row_of(s, brand, "gone"), 0);
        assert_int_equal(store_instance_get(s, "brand", "mastodon", &i), 0);
        assert_true(i.polled && i.behind);
        assert_int_equal(i.baseline_usec, 1234);
        assert_int_equal(i.horizon_usec, 1234);
        assert_int_equal(store_instance_get(s, "other", "mastodon", &i), 0);
        assert_false(i.polled || i.behind);      /* one that is new begins as ever */
        end();
}

static void damaged_backup_is_not_restored_and_the_store_stays(void)
{
        _cleanup_free_ char *error = NULL, *kept = NULL, *data = NULL;
        size_t size;

        begin();
        take_mention("1", "r", "", 1);
        assert_int_equal(store_backup(s, path_of("copy")), 0);
        store_close(s);
        assert_int_equal(read_file(path_of("copy"), 1 << 24, &data, &size), 0);
        assert_int_equal(truncate(path_of("copy"), (off_t) size / 2), 0);
        assert_true(store_restore(world_directory, path_of("copy"), &kept, &error) < 0);
        assert_non_null(strstr(error, path_of("copy")));
        assert_int_equal(access(path_of("mentiond.db.new"), F_OK), -1);
        again();
        assert_false(store_is_behind(s));
        assert_string_equal(state_of("1"), STATE_NEW);
        end();
}

static void store_in_use_is_not_replaced(void)
{
        _cleanup_free_ char *error = NULL, *kept = NULL;

        begin();
        assert_int_equal(store_rebuild(world_directory, NULL, 0, 1, &kept, &error), -EWOULDBLOCK);
        assert_non_null(strstr(error, "another mentiond uses the store"));
        end();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(backup_is_whole_and_private_while_others_write),
                world_test(backup_overwrites_nothing),
                world_test(second_backup_at_once_is_refused),
                world_test(backup_that_is_copied_by_hand_is_taken_for_what_it_is),
                world_test(backup_beside_the_log_of_the_store_is_refused),
                world_test(what_was_replaced_is_not_taken_back),
                world_test(what_was_to_be_done_is_looked_for_first_after_a_restore),
                world_test(what_comes_in_after_a_restore_is_looked_for_if_it_may_be_done),
                world_test(mention_of_a_failed_poll_is_looked_for_when_it_gets_its_place),
                world_test(note_about_what_may_be_done_is_looked_for_too),
                world_test(part_of_a_reply_that_was_found_is_known_from_then_on),
                world_test(mention_is_looked_for_in_one_ticket_of_its_conversation_after_the_other),
                world_test(mention_that_is_found_in_a_later_ticket_is_of_that),
                world_test(mention_that_is_still_looked_for_in_a_later_ticket_makes_way_for_the_next),
                world_test(mentions_of_a_branch_are_looked_for_in_its_ticket),
                world_test(mention_that_begins_a_branch_is_of_that_also_if_it_is_seen_later),
                world_test(mention_that_is_found_in_the_ticket_of_a_branch_is_of_that),
                world_test(links_replace_what_was_known),
                world_test(rebuilt_store_asks_for_what_was_shown_since),
                world_test(damaged_backup_is_not_restored_and_the_store_stays),
                world_test(store_in_use_is_not_replaced),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
