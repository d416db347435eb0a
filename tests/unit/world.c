/* SPDX-License-Identifier: MIT */
#include "world.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#define TEST_SECONDS 60          /* then it hangs: valgrind takes ten times as long as a bare run */
#define PATIENCE_USEC (30 * USEC_PER_SEC)        /* less than that: what was waited for is told */

struct loop *world_loop;
char *world_directory, *world_log;

static struct buffer lines;

static void on_log(int level, const char *line, void *data)
{
        (void) level;
        (void) data;
        (void) buffer_printf(&lines, "%s\n", line);
        world_log = lines.data;
}

bool world_logged(const char *text)
{
        return strstr(buffer_str(&lines), text);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void) st;
        (void) type;
        (void) ftw;
        return remove(path);
}

static void body(void *data)
{
        ((void (*)(void)) data)();
}

static void body_done(void *data _unused_)
{
        loop_exit(world_loop, 0);
}

void world_run(void **state)
{
        char directory[] = "/tmp/mentiond-test-XXXXXX";

        (void) alarm(TEST_SECONDS);
        buffer_done(&lines);
        lines.max = 16 * 1024 * 1024;
        world_log = NULL;
        log_set_level(LOG_DEBUG);
        log_set_sink(on_log, NULL);
        assert_non_null(mkdtemp(directory));
        world_directory = directory;
        assert_int_equal(loop_new(&world_loop), 0);
        (void) task_start(world_loop, "test", body, body_done, *state);
        assert_int_equal(loop_run(world_loop), 0);
        loop_free(world_loop);
        task_cleanup();
        (void) nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        world_directory = NULL;
        world_log = NULL;
        log_set_sink(NULL, NULL);
        buffer_done(&lines);
        (void) alarm(0);
}

void world_sleep(int64_t usec)
{
        (void) task_sleep_until(mono_usec() + usec);
}

bool world_wait(const int *n, int at_least)
{
        int64_t until = mono_usec() + PATIENCE_USEC;

        while (__atomic_load_n(n, __ATOMIC_ACQUIRE) < at_least) {
                if (mono_usec() > until)
                        return false;
                world_sleep(USEC_PER_MSEC / 2);
        }
        return true;
}

const char *world_write(const char *name, const char *content)
{
        static char path[256];
        FILE *f;

        (void) snprintf(path, sizeof path, "%s/%s", world_directory, name);
        f = fopen(path, "we");
        assert_non_null(f);
        assert_true(fputs(content, f) >= 0);
        assert_int_equal(fclose(f), 0);
        return path;
}
