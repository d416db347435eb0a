/* SPDX-License-Identifier: MIT
 *
 * How the store grows, what ends that, and how long it takes to find in it: through its own API, as the daemon does.  Prints
 * JSON.
 *
 *     mentiond-bench-growth DIRECTORY IDS...
 *
 * First ids alone, as of what was there before the start and is forgotten, up to each number of IDS, and so many look-ups of
 * random ones there.  Then rounds of mentions with a text each: while they wait to be filed; once they are, each a conversation;
 * all in one conversation, once they were forgotten.  Ids are in order of time, as networks' are.  Times are the processor's.
 */
#include "base/clock.h"
#include "store/db.h"
#include "store/store.h"

#include <stdio.h>
#include <time.h>

#define MENTIONS 1000            /* of a round */
#define ROUNDS 10
#define TEXT_SIZE 600
#define BATCH 2000
#define LOOKUPS 20000
#define FIRST_ID INT64_C(110000000000000000)
#define FIRST_USEC INT64_C(1700000000000000)

struct growth {
        struct loop *loop;
        struct store *store;
        const char *directory;
        char **sizes;
        int n_sizes;
        int64_t channel, helpdesk, next;
        const char *root;                /* of all; NULL: each is the root of its own */
        int64_t forget_at, forgotten;
        double forget_usec;
};

static void check(const struct growth *g, bool good, const char *what)
{
        if (good)
                return;
        fprintf(stderr, "mentiond-bench-growth: %s failed, in %s\n", what, g->directory);
        exit(1);
}

static int64_t instance(struct growth *g, const char *name)
{
        struct store_instance i = { .id = 0 };

        check(g, store_instance_get(g->store, name, "bench", &i) == 0, "store_instance_get()");
        return i.id;
}

/* The next ids up to this one; with a payload they are mentions to be filed, without they are known. */
static void grow(struct growth *g, int64_t up_to, const char *payload)
{
        _cleanup_free_ struct store_item *items = xcalloc(BATCH, sizeof *items);

        while (g->next < up_to) {
                struct store_poll p = { .source = g->channel, .target = g->helpdesk, .done = true, .items = items };

                for (; p.n_items < BATCH && g->next < up_to; p.n_items++) {
                        char *id = xasprintf("%lld", (long long) (FIRST_ID + g->next++));

                        items[p.n_items] = (struct store_item) {
                                .kind = KIND_MENTION, .state = payload ? STATE_NEW : STATE_KNOWN, .native_id = id,
                                .root = g->root ? g->root : id, .created_usec = FIRST_USEC + g->next, .ready_usec = steady_usec(),
                                .payload = payload,
                                .kept = { .handle = "@u812@social.example", .language = "en", .visibility = 1 },
                        };
                }
                check(g, store_commit_poll(g->store, &p) == 0, "store_commit_poll()");
                for (size_t i = 0; i < p.n_items; i++)
                        free((char *) items[i].native_id);
        }
}

/* As filing does. */
static void file_all(struct growth *g)
{
        int64_t ids[256];
        int n;

        while ((n = store_due(g->store, g->helpdesk, steady_usec(), 0, ids, ELEMENTSOF(ids))) > 0)
                for (int i = 0; i < n; i++) {
                        struct store_thread link = {
                                .helpdesk = g->helpdesk, .ticket = "4711", .number = "2026000004711", .url = "",
                        };
                        struct store_move m = {
                                .id = ids[i], .state = STATE_FILED, .result_id = "4711", .link = &link, .now_usec = utc_usec(),
                        };

                        check(g, store_move(g->store, &m) == 0, "store_move()");
                }
        check(g, n == 0, "store_due()");
}

static double cpu_usec(void)
{
        return (double) clock() * 1e6 / CLOCKS_PER_SEC;
}

/* As long after. */
static void forget_all(struct growth *g)
{
        double begun = cpu_usec();
        int n;

        do {
                n = store_forget(g->store, utc_usec() + 1, utc_usec() + 1, &g->forget_at);
                check(g, n >= 0, "store_forget()");
                g->forgotten += n;
        } while (g->forget_at);
        g->forget_usec += cpu_usec() - begun;
}

static double lookup_usec(struct growth *g)
{
        uint64_t x = 88172645463325252;  /* xorshift64: the same ids in each run */
        double begun = cpu_usec();

        for (int i = 0; i < LOOKUPS; i++) {
                _cleanup_free_ char *state = NULL;
                char id[32];

                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
                (void) snprintf(id, sizeof id, "%lld", (long long) (FIRST_ID + (int64_t) (x % (uint64_t) g->next)));
                state = store_state_of(g->store, g->channel, id);
                check(g, state, "store_state_of()");
        }
        return (cpu_usec() - begun) / LOOKUPS;
}

/* --- The phases, each a life of the store: while it is open, much stands in its log and not in its file --- */

static void begin(void *data)
{
        struct growth *g = data;

        g->helpdesk = instance(g, "desk");
        g->channel = instance(g, "channel0");
}

static void take_round(struct growth *g)
{
        char text[TEXT_SIZE + 1] = "";

        memset(text, 'x', TEXT_SIZE);
        grow(g, g->next + MENTIONS, text);
}

static void take_one(void *data)
{
        take_round(data);
}

static void file_them(void *data)
{
        file_all(data);
}

static void file_more(void *data)
{
        for (int i = 0; i < ROUNDS; i++) {
                take_round(data);
                file_all(data);
        }
}

static void forget_one(void *data)
{
        struct growth *g = data;

        take_round(g);
        file_all(g);
        forget_all(g);
}

static void forget_more(void *data)
{
        for (int i = 0; i < ROUNDS; i++)
                forget_one(data);
}

static void take_ids(void *data)
{
        struct growth *g = data;

        begin(g);
        for (int i = 0; i < g->n_sizes; i++) {
                int64_t size = strtoll(g->sizes[i], NULL, 10);

                while (g->next < size) {
                        grow(g, MIN(g->next + BATCH, size), NULL);
                        forget_all(g);
                }
                printf("%s{\"ids\": %lld, \"usec\": %.2f}", i ? ", " : "", (long long) g->next, lookup_usec(g));
                (void) fflush(stdout);
        }
}

static void on_ended(void *data)
{
        struct growth *g = data;

        loop_exit(g->loop, 0);
}

/* What the file holds, in bytes: without the pages that wait for what comes next. */
static int64_t used(struct growth *g)
{
        _cleanup_free_ char *path = xasprintf("%s/mentiond.db", g->directory);
        int64_t pages = 0, free_pages = 0, page_size = 0;
        struct db *db;

        check(g,
              db_open(path, DB_READ_ONLY, &db) >= 0 && db_get_int(db, &pages, "PRAGMA page_count", "") > 0
                      && db_get_int(db, &free_pages, "PRAGMA freelist_count", "") > 0
                      && db_get_int(db, &page_size, "PRAGMA page_size", "") > 0,
              "reading the store");
        db_close(db);
        return (pages - free_pages) * page_size;
}

static int64_t live(struct growth *g, task_fn phase)
{
        _cleanup_free_ char *error = NULL;

        check(g, loop_new(&g->loop) == 0, "loop_new()");
        if (store_open(g->loop, g->directory, 0, &g->store, &error) < 0) {
                fprintf(stderr, "mentiond-bench-growth: %s\n", error);
                exit(1);
        }
        (void) task_start(g->loop, "growth", phase, on_ended, g);
        check(g, loop_run(g->loop) == 0, "loop_run()");
        store_close(g->store);
        loop_free(g->loop);
        return used(g);
}

int main(int argc, char **argv)
{
        struct growth g = { .directory = argc > 1 ? argv[1] : "", .sizes = argv + 2, .n_sizes = argc - 2 };
        int64_t empty, ids, waiting, filed, more;
        char *end;

        for (int i = 2; i < argc; i++)
                if (strtoll(argv[i], &end, 10) <= 0 || *end)
                        argc = 0;
        if (argc < 3) {
                fputs("Usage: mentiond-bench-growth DIRECTORY IDS...\n", stderr);
                return 2;
        }
        empty = live(&g, begin);
        printf("{\"lookups\": [");
        ids = live(&g, take_ids);
        printf("], \"bytes_per_id\": %.1f, \"forget_usec\": %.2f, ", (double) (ids - empty) / (double) g.next,
               g.forget_usec / (double) MAX(g.forgotten, INT64_C(1)));
        waiting = live(&g, take_one);
        printf("\"text_bytes\": %d, \"bytes_waiting\": %.1f, ", TEXT_SIZE, (double) (waiting - ids) / MENTIONS);
        filed = live(&g, file_them);
        more = live(&g, file_more);
        printf("\"bytes_per_mention\": %.1f, ", (double) (more - filed) / (MENTIONS * ROUNDS));
        g.root = "root";
        filed = live(&g, forget_one);
        more = live(&g, forget_more);
        printf("\"bytes_forgotten\": %.1f}\n", (double) (more - filed) / (MENTIONS * ROUNDS));
        task_cleanup();
        return 0;
}
