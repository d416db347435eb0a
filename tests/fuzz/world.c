/* SPDX-License-Identifier: MIT
 *
 * The world of the targets.  Owns host, flow, both instances and the store, which SQLite keeps in memory; its lock is the
 * one file, made once.
 */
#define _GNU_SOURCE 1   /* memmem(3) */
#include "world.h"

#include "base/clock.h"
#include "base/log.h"
#include "plugins.h"
#include "store/db.h"

#include <sqlite3.h>
#include <stdio.h>

#define MONO_START (1000 * USEC_PER_SEC)
#define UTC_START (INT64_C(1795300000) * USEC_PER_SEC)   /* November 2026 */

struct loop *world_loop;
struct host world_host;
struct flow world_flow;
struct instance *desk, *brand;
struct db *world_db;
const char *world_queue = "Social";
const char *const *world_desk, *const *world_brand;

static uint64_t chance;
static bool talks;

static int64_t mono(void)
{
        return world_now;
}

static int64_t utc(void)
{
        return UTC_START + world_now - MONO_START;
}

static void randomness(void *p, size_t n)
{
        for (char *at = p; n > 0; n--) {
                chance = chance * UINT64_C(6364136223846793005) + 1442695040888963407;
                *at++ = (char) (chance >> 56);
        }
}

static const struct clock_source source = { .utc_usec = utc, .mono_usec = mono, .random = randomness };

/* One event is one line, and holds no secret.  With FUZZ_LOG in the environment it is shown, to understand a finding. */
static void on_log(int level _unused_, const char *line, void *data _unused_)
{
        if (talks)
                fprintf(stderr, "%s\n", line);
        MUST(!strchr(line, '\n'));
        MUST(!strstr(line, WORLD_SECRET));
}

/* Ids: desk 1, brand 2.  Ticket 7 holds the thread of post 100, whose reply 41 was posted as 101; ticket 8 that of post 200,
 * with a reply that is held; mention 300 is new. */
static const char *const rows[] = {
        "DELETE FROM body", "DELETE FROM part", "DELETE FROM past", "DELETE FROM journal", "DELETE FROM link",
        "DELETE FROM thread",
        "DELETE FROM cursor", "DELETE FROM instance", "DELETE FROM sqlite_sequence",
        "INSERT INTO instance (id, name, plugin, polled, baseline_usec, horizon_usec) VALUES"
        " (1, 'desk', 'otrs', 1, 1795000000000000, 1795200000000000), (2, 'brand', 'mastodon', 1, 1795000000000000,"
        " 1795200000000000)",
        "INSERT INTO thread (id, channel, root) VALUES (1, 2, '100'), (2, 2, '200'), (3, 2, '300')",
        "INSERT INTO link (thread, helpdesk, ticket, number, url, linked_usec) VALUES (1, 1, '7', '10007', '', 1), (2, 1, '8',"
        " '10008', '', 1)",
        "INSERT INTO journal (kind, state, source, native_id, target, thread, created_usec, seen_usec, ready_usec, due_usec,"
        " visibility, handle) VALUES"
        " ('mention', 'filed', 2, '100', 1, 1, 1, 1, 1, NULL, 1, '@ann@example'),"
        " ('reply', 'posted', 1, '41', 2, 1, 1, 1, 1, NULL, NULL, NULL),"
        " ('mention', 'filed', 2, '200', 1, 2, 1, 1, 1, NULL, 4, '@bob@example'),"
        " ('reply', 'held', 1, '42', 2, 2, 1, 1, 1, NULL, NULL, NULL),"
        " ('mention', 'new', 2, '300', 1, 3, 1, 1, 1, 1, 2, '@cat@example')",
        "INSERT INTO body (id, payload) VALUES (4, '{\"text\":\"d\"}'), (5,"
        " '{\"visibility\":2,\"text\":\"e\",\"author\":{\"handle\":"
        "\"@cat@example\",\"name\":\"Cat\"},\"url\":\"https://social.example/300\","
        "\"media\":[{\"url\":\"https://files.example/a.png\","
        "\"type\":\"image\"}]}')",
        "INSERT INTO part (reply, number, channel, key, parent, native_id, url) VALUES (2, 1, 2, 'k', '100', '101', '')",
};

static void fill_store(void)
{
        MUST(db_run(world_db, "BEGIN IMMEDIATE", "") >= 0);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                MUST(db_run(world_db, rows[i], "") >= 0);
        MUST(db_run(world_db, "COMMIT", "") >= 0);
}

static void open_store(void)
{
        char directory[] = "/tmp/mentiond-fuzz-XXXXXX";
        _cleanup_free_ char *path = NULL, *lock = NULL, *error = NULL;

        MUST(mkdtemp(directory));
        path = xasprintf("%s/mentiond.db", directory);
        lock = xasprintf("%s/lock", directory);
        MUST(sqlite3_vfs_find("memdb"));
        MUST(sqlite3_vfs_register(sqlite3_vfs_find("memdb"), 1) == SQLITE_OK);
        MUST(store_open(world_loop, directory, STORE_INLINE, &world_host.store, &error) == 0);
        MUST(db_open(path, 0, &world_db) == 0);
        (void) unlink(lock);
        (void) rmdir(directory);
}

static void open_world(void)
{
        talks = getenv("FUZZ_LOG");
        clock_set_source(&source);
        log_set_sink(on_log, NULL);
        log_set_level(LOG_DEBUG);
        (void) setenv("FUZZ_SECRET", WORLD_SECRET, 1);
        (void) setenv("FUZZ_TOKEN", "5550001:" WORLD_SECRET "-of-thirty-letters-or-more", 1);
        fuzz_plugins();
        MUST(loop_new(&world_loop) == 0);
        world_host.loop = world_loop;
        open_store();
}

static struct instance *make(uint32_t kind, const char *name, const char *const *settings)
{
        struct section s = { .name = xstrdup(name), .file = "fuzz.conf", .line = 1 };
        struct problems p = PROBLEMS_INIT;
        struct instance *i;

        for (; *settings; settings += 2)
                section_add(&s, settings[0], settings[1], 1);
        i = instance_new(&world_host, &s, kind, "/nowhere", &p);
        if (!i)
                fputs(buffer_str(&p.text), stderr);
        MUST(i);
        section_done(&s);
        buffer_done(&p.text);
        i->stored = (struct store_instance) {
                .id = kind == MENTIOND_CHANNEL ? 2 : 1, .polled = true, .baseline_usec = INT64_C(1795000000) * USEC_PER_SEC,
                .horizon_usec = INT64_C(1795200000) * USEC_PER_SEC,
        };
        i->state = INSTANCE_RUNNING;
        return i;
}

static void on_idle(struct instance *i)
{
        flow_detach(i);
        instance_unlink(i);
}

void world_begin(struct input *in)
{
        const char *const desk_settings[] = {
                "plugin", "otrs", "url", "https://desk.example/nph-genericinterface.pl/Webservice/mentiond", "user", "mentiond",
                "password", "env:FUZZ_SECRET", "queue", world_queue, "ticket_url", "https://desk.example/t/{id}", NULL,
        };
        static const char *const brand_settings[] = {
                "plugin", "mastodon", "server", "https://social.example", "token", "env:FUZZ_SECRET", "helpdesk", "desk",
                "hold", "0", NULL,
        };

        if (!world_loop)
                open_world();
        world_now = MONO_START;
        world_until = MONO_START + USEC_PER_DAY;
        chance = 1;
        clock_set_source(&source);
        world_host.instances = NULL;
        world_host.running = NULL;
        world_host.idle = on_idle;
        fill_store();
        desk = make(MENTIOND_HELPDESK, "desk", world_desk ? world_desk : desk_settings);
        brand = make(MENTIOND_CHANNEL, "brand", world_brand ? world_brand : brand_settings);
        brand->helpdesk_id = desk->stored.id;
        strset(&brand->self_id, "1");
        strset(&brand->self_handle, "@brand@social.example");
        http_answers(in);
}

void world_end(void)
{
        MUST(!desk->ops && !brand->ops && !desk->n_tasks && !brand->n_tasks);
        (void) loop_run(world_loop);     /* what is deferred: the store's look at itself ends */
        instance_free(desk);
        instance_free(brand);
        http_forget();
        child_forget();
        MUST(world_timers(world_loop) == 0);
}

bool world_knows_secret(const uint8_t *data, size_t size)
{
        return size && memmem(data, size, WORLD_SECRET, strlen(WORLD_SECRET));
}

void world_attach(void)
{
        flow_init(&world_flow, &world_host);
        flow_attach(&world_flow, desk);
        instance_attach(desk);
        flow_attach(&world_flow, brand);
        instance_attach(brand);
}

void world_detach(void)
{
        flow_drain(&world_flow);
        for (struct instance *i = world_host.instances, *next; i; i = next) {
                next = i->next;
                instance_end(i);
        }
        for (struct instance *i = world_host.instances; i; i = i->next)
                instance_cancel(i);
        world_pass(USEC_PER_HOUR);
        MUST(!world_host.instances);
}

struct job {
        task_fn fn;
        void *data;
};

static void run_job(void *data)
{
        struct job *job = data;

        job->fn(job->data);
}

static void job_done(void *data _unused_)
{
        loop_exit(world_loop, 1);
}

void world_run(task_fn fn, void *data)
{
        struct job job = { fn, data };

        (void) task_start(world_loop, "fuzz", run_job, job_done, &job);
        MUST(loop_run(world_loop) == 1);
}

void world_pass(int64_t usec)
{
        world_until = world_now + usec;
        (void) loop_run(world_loop);
        world_until = MONO_START + USEC_PER_DAY;
}
