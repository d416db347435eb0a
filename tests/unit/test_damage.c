/* SPDX-License-Identifier: MIT
 * A store that is damaged, cut, gone or another's: it is refused with a sentence, or nothing of it has changed. */
#include "world.h"

#include "store/db.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define NOW INT64_C(1700000000000000)
#define MENTIONS 300             /* the log begins anew several times */
#define FEW 30                   /* all of it is in the log */

/* In place of libc's: nothing here is about the power, and a sync takes longer than all else. */
int fsync(int fd _unused_)
{
        return 0;
}

int fdatasync(int fd _unused_)
{
        return 0;
}

static struct store *s;
static const char *const files[] = { "mentiond.db", "mentiond.db-wal", "lock" };

struct content {
        char *data;
        size_t size;
        bool there;
};

static const char *path_of(const char *name)
{
        static char path[2][256];
        static int turn;

        turn = !turn;
        (void) snprintf(path[turn], sizeof path[turn], "%s/%s", world_directory, name);
        return path[turn];
}

static struct content take(const char *name)
{
        struct content c = { .data = NULL };

        c.there = read_file(path_of(name), 64 * 1024 * 1024, &c.data, &c.size) == 0;
        return c;
}

static void put(const char *name, struct content c)
{
        int fd;

        (void) unlink(path_of(name));
        if (!c.there)
                return;
        fd = open(path_of(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, c.data, c.size), c.size);
        close(fd);
}

static int open_store(char **ret_error)
{
        return store_open(world_loop, world_directory, STORE_INLINE, &s, ret_error);
}

static void must_open(void)
{
        _cleanup_free_ char *error = NULL;

        if (open_store(&error) < 0)
                fail_msg("%s", error);
}

/* Some conversations in all states, a part, links. */
static void fill(int mentions)
{
        struct store_instance desk = { .id = 0 }, brand = { .id = 0 };
        struct arena *a = arena_new();

        must_open();
        assert_int_equal(store_instance_get(s, "desk", "fake", &desk), 0);
        assert_int_equal(store_instance_get(s, "brand", "fake", &brand), 0);
        for (int i = 0; i < mentions; i++) {
                struct store_item item = {
                        .kind = KIND_MENTION, .state = STATE_NEW, .native_id = arena_printf(a, "post-%d", i),
                        .root = arena_printf(a, "root-%d", i / 2),
                        .created_usec = NOW + i, .ready_usec = NOW,
                        .payload = "{\"text\":\"What about my parcel? It was to be here on Monday.\"}",
                };
                struct store_poll p = { .source = brand.id, .target = desk.id, .items = &item, .n_items = 1 };
                struct store_thread link = {
                        .helpdesk = desk.id, .ticket = arena_printf(a, "%d", i), .number = "20261122", .url = "",
                };
                int64_t id;

                assert_int_equal(store_commit_poll(s, &p), 0);
                id = store_row_of(s, brand.id, item.native_id);
                if (i % 3 == 0)
                        continue;
                assert_int_equal(store_begin(s, id, 0, STATE_FILING, NOW, NULL), 0);
                if (i % 3 == 1)
                        assert_int_equal(store_move(s, &(struct store_move) {
                                .id = id, .state = STATE_FILED, .result_id = "7", .link = &link, .now_usec = NOW }), 0);
        }
        arena_free(a);
}

/* What decides about what is done, as one text. */
static char *essence(void)
{
        static const char *const queries[] = {
                "SELECT id || kind || state || source || '/' || native_id FROM journal ORDER BY id",
                "SELECT thread || '/' || ticket FROM link ORDER BY thread",
                "SELECT id || '/' || channel || '/' || root FROM thread ORDER BY id",
                "SELECT id || name FROM instance ORDER BY id",
        };
        char *text = xstrdup("");
        struct db *db;

        assert_int_equal(db_open(path_of("mentiond.db"), 0, &db), 0);
        for (size_t q = 0; q < ELEMENTSOF(queries); q++) {
                struct stmt *st;

                assert_int_equal(db_query(db, &st, queries[q], ""), 0);
                while (db_step(st) > 0) {
                        char *more = xasprintf("%s%s\n", text, db_text(st, 0));

                        free(text);
                        text = more;
                }
        }
        db_close(db);
        return text;
}

static void refused(const char *why)
{
        _cleanup_free_ char *error = NULL;
        int r = open_store(&error);

        if (r >= 0)
                fail_msg("it was opened, though it %s", why);
        assert_int_equal(r, -EUCLEAN);
        if (!strstr(error, why))
                fail_msg("\"%s\" does not say that it %s", error, why);
        assert_non_null(strstr(error, "mentiond.db"));
        assert_non_null(strstr(error, "mentiond --restore FILE"));
        assert_non_null(strstr(error, "mentiond --rebuild DAYS"));
}

/* Opens what was spoiled; false if it was refused.  What is opened is what it was before. */
static bool survives(const char *before, const char *what, size_t at)
{
        _cleanup_free_ char *error = NULL, *after = NULL;
        int r = open_store(&error);

        if (r < 0) {
                if (r != -EUCLEAN && r != -EPROTONOSUPPORT)
                        fail_msg("%s %zu: %s (%d)", what, at, error, r);
                return false;
        }
        store_close(s);
        after = essence();
        if (!streq(before, after))
                fail_msg("%s %zu is not noticed, and something is another thing now", what, at);
        return true;
}

static void new_directory_gets_a_new_store(void)
{
        must_open();
        assert_true(store_is_new(s));
        assert_false(store_is_behind(s));
        store_close(s);
        must_open();
        assert_false(store_is_new(s));
        assert_false(store_is_behind(s));
        store_close(s);
}

static void store_that_vanished_is_not_made_anew(void)
{
        fill(MENTIONS);
        store_close(s);
        (void) unlink(path_of("mentiond.db"));
        refused("is missing or empty, and there was a store before");
        (void) world_write("mentiond.db", "");
        refused("is missing or empty, and there was a store before");
        assert_int_equal(take("mentiond.db").size, 0);
}

static void log_without_a_store_is_refused(void)
{
        (void) world_write("mentiond.db-wal", "something");
        refused("is missing or empty, and its log (-wal) is there");
}

/* As a failure of the power may leave it. */
static void store_with_a_torn_mark_is_taken_for_an_old_one(void)
{
        fill(MENTIONS);
        store_close(s);
        (void) world_write("lock", "mentiond-store zzz\n");
        must_open();
        assert_true(store_is_behind(s));
        store_close(s);
}

static void missing_file_beside_a_torn_mark_is_refused(void)
{
        must_open();
        store_close(s);
        (void) unlink(path_of("mentiond.db"));
        (void) world_write("lock", "mentiond-store zzz\n");
        refused("is missing or empty, and there was a store before");
}

static void first_start_whose_mark_was_cut_off_begins_anew(void)
{
        put("lock", (struct content) { (char [58]) { 0 }, 58, true });
        must_open();
        assert_true(store_is_new(s));
        store_close(s);
}

static void mark_that_is_older_than_the_store_is_accepted(void)
{
        struct content old;

        must_open();
        store_close(s);
        old = take("lock");
        fill(MENTIONS);
        store_close(s);
        put("lock", old);
        free(old.data);
        must_open();
        assert_false(store_is_behind(s));
        store_close(s);
}

static void store_without_a_mark_is_taken_for_an_old_one(void)
{
        fill(MENTIONS);
        store_close(s);
        (void) unlink(path_of("lock"));
        must_open();
        assert_true(store_is_behind(s));
        store_close(s);
        must_open();             /* until that has had its consequences */
        assert_true(store_is_behind(s));
        store_close(s);
}

static void store_of_another_directory_is_refused(void)
{
        struct content other;

        fill(MENTIONS);
        store_close(s);
        other = take("mentiond.db");
        (void) unlink(path_of("mentiond.db"));
        (void) unlink(path_of("lock"));
        must_open();
        store_close(s);
        put("mentiond.db", other);
        refused("is not the store that was last used here");
        free(other.data);
}

static void file_that_is_no_database_is_refused(void)
{
        _cleanup_free_ char *noise = xcalloc(1, 8193);

        memset(noise, 'x', 8192);
        (void) world_write("mentiond.db", noise);
        refused("does not begin as a database does");
}

static void database_of_another_program_is_refused_and_left_alone(void)
{
        _cleanup_free_ char *error = NULL;
        struct content before, after;
        struct db *db;

        assert_int_equal(db_open(path_of("mentiond.db"), 0, &db), 0);
        assert_int_equal(db_exec(db, "PRAGMA journal_mode = WAL; CREATE TABLE recipe (name)"), 0);
        db_close(db);
        before = take("mentiond.db");
        assert_int_equal(open_store(&error), -EPROTONOSUPPORT);
        assert_non_null(strstr(error, "is a database, but no store of mentiond"));
        after = take("mentiond.db");
        assert_int_equal(before.size, after.size);
        assert_memory_equal(before.data, after.data, before.size);
        free(before.data);
        free(after.data);
}

static void store_that_is_cut_is_refused_wherever(void)
{
        struct content whole;

        fill(MENTIONS);
        store_close(s);
        whole = take("mentiond.db");
        for (size_t size = 1; size < whole.size; size += size < 5000 || size + 4096 > whole.size ? 499 : 3907) {
                put("mentiond.db", (struct content) { whole.data, size, true });
                refused("is damaged");
        }
        put("mentiond.db", whole);
        must_open();
        store_close(s);
        free(whole.data);
}

static void flipped_bits_are_refused_or_change_nothing(void)
{
        _cleanup_free_ char *before = NULL;
        struct content whole, lock;
        int refusals = 0, tried = 0;

        fill(MENTIONS);
        store_close(s);
        before = essence();
        whole = take("mentiond.db");
        lock = take("lock");
        /* All of the head, and many others. */
        for (size_t at = 0; at < whole.size; at += at < 100 ? 1 : 797) {
                put("mentiond.db", whole);
                put("lock", lock);
                whole.data[at] ^= (char) (1 << at % 8);
                put("mentiond.db", whole);
                whole.data[at] ^= (char) (1 << at % 8);
                refusals += !survives(before, "a bit flipped in byte", at);
                tried++;
                (void) unlink(path_of("mentiond.db-wal"));
                (void) unlink(path_of("mentiond.db-shm"));
        }
        assert_true(refusals > tried / 5);
        free(whole.data);
        free(lock.data);
}

/* As a crash leaves it: the store's last commits are in the log alone. */
static char *crash(struct content *ret)
{
        struct content now[ELEMENTSOF(files)];

        fill(FEW);
        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                now[i] = take(files[i]);
        store_close(s);
        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                put(files[i], ret[i] = now[i]);
        assert_true(now[1].size > 100000);
        return essence();
}

static void put_all(const struct content *list)
{
        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                put(files[i], list[i]);
        (void) unlink(path_of("mentiond.db-shm"));
}

static void missing_log_is_refused(void)
{
        struct content c[ELEMENTSOF(files)];
        _cleanup_free_ char *before = crash(c);

        put_all(c);
        must_open();             /* with it all is well */
        store_close(s);
        put_all(c);
        (void) unlink(path_of("mentiond.db-wal"));
        refused("");
        /* What is refused stays as it was found: the other half of a log may yet turn up. */
        put_all(c);
        put(files[1], (struct content) { c[1].data, c[1].size / 2, true });
        refused("lacks its last");
        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                struct content now = take(files[i]);

                assert_true(now.there);
                assert_int_equal(now.size, i == 1 ? c[i].size / 2 : c[i].size);
                assert_memory_equal(now.data, c[i].data, now.size);
                free(now.data);
        }
        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                free(c[i].data);
}

static void log_that_is_cut_or_flipped_is_refused_or_changes_nothing(void)
{
        struct content c[ELEMENTSOF(files)];
        _cleanup_free_ char *before = crash(c);
        int survived = 0;

        for (size_t size = 0; size < c[1].size; size += 1 + c[1].size / 97) {
                put_all(c);
                put(files[1], (struct content) { c[1].data, size, true });
                survived += survives(before, "a log cut at", size);
        }
        assert_int_equal(survived, 0);
        for (size_t at = 0; at < c[1].size; at += at < 32 ? 1 : 1 + c[1].size / 97) {
                put_all(c);
                c[1].data[at] ^= 4;
                put(files[1], c[1]);
                c[1].data[at] ^= 4;
                (void) survives(before, "a bit of the log flipped in byte", at);
        }
        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                free(c[i].data);
}

static int fatal;
static char *fatal_reason;

static void on_fatal(const char *reason, void *data _unused_)
{
        fatal++;
        fatal_reason = xstrdup(reason);
}

static void what_cannot_be_read_in_mid_run_ends_everything(void)
{
        struct arena *a = arena_new();
        struct content noise = { xcalloc(1, 4096), 4096, true };
        struct store_row row;
        int fd;

        fill(MENTIONS);
        store_close(s);
        must_open();
        store_on_fatal(s, on_fatal, NULL);
        fd = open(path_of("mentiond.db"), O_WRONLY | O_CLOEXEC);
        for (int page = 2; page < 60; page++)
                assert_int_equal(pwrite(fd, noise.data, noise.size, page * 4096), noise.size);
        close(fd);
        fatal = 0;
        for (int64_t id = 1; id < MENTIONS; id++)
                (void) store_load(s, a, id, &row);
        assert_int_equal(fatal, 1);
        assert_non_null(strstr(fatal_reason, "cannot be read: database disk image is malformed"));
        assert_non_null(strstr(fatal_reason, "mentiond --restore FILE"));
        free(fatal_reason);
        free(noise.data);
        arena_free(a);
        store_close(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(new_directory_gets_a_new_store),
                world_test(store_that_vanished_is_not_made_anew),
                world_test(log_without_a_store_is_refused),
                world_test(store_with_a_torn_mark_is_taken_for_an_old_one),
                world_test(missing_file_beside_a_torn_mark_is_refused),
                world_test(first_start_whose_mark_was_cut_off_begins_anew),
                world_test(mark_that_is_older_than_the_store_is_accepted),
                world_test(store_without_a_mark_is_taken_for_an_old_one),
                world_test(store_of_another_directory_is_refused),
                world_test(file_that_is_no_database_is_refused),
                world_test(database_of_another_program_is_refused_and_left_alone),
                world_test(store_that_is_cut_is_refused_wherever),
                world_test(flipped_bits_are_refused_or_change_nothing),
                world_test(missing_log_is_refused),
                world_test(log_that_is_cut_or_flipped_is_refused_or_changes_nothing),
                world_test(what_cannot_be_read_in_mid_run_ends_everything),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
