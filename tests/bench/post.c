/* SPDX-License-Identifier: MIT
 *
 * What a POST costs through mentiond's own HTTP client: the same that mentiond-calibrate measures of a bare libcurl, from
 * tasks on mentiond's loop.  Prints JSON, microseconds of this process's CPU for each.
 *
 *     mentiond-bench-post PORT           against the bench server at that port
 */
#include "base/util.h"
#include "io/http.h"

#include <stdio.h>
#include <time.h>

#define POSTS 20000              /* both as mentiond-calibrate does */
#define PARALLEL 64
#define WARM (4 * PARALLEL)      /* before those that count: by then all are connected */
#define BODY_SIZE 1024

struct posting {
        struct loop *loop;
        struct http *http;
        char *url, *body;
        int begun, ended, failed;
        double begun_usec;
};

static double cpu_usec(void)
{
        struct timespec t;

        (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

static void post(void *data)
{
        static const char *const headers[] = { "Content-Type: application/json; charset=utf-8", NULL };
        struct posting *p = data;
        struct http_request q = { .method = "POST", .url = p->url, .headers = headers, .body = p->body, .body_size = BODY_SIZE };

        while (p->begun < WARM + POSTS && !p->failed) {
                struct http_reply r;

                if (p->begun++ == WARM)
                        p->begun_usec = cpu_usec();
                http_perform(p->http, &q, &r);
                if (r.fate != HTTP_REPLIED || r.status != 200) {
                        fprintf(stderr, "mentiond-bench-post: status %u: %s\n", r.status, strempty(r.error));
                        p->failed = 1;
                }
                http_reply_done(&r);
        }
}

static void on_ended(void *data)
{
        struct posting *p = data;

        if (++p->ended == PARALLEL)
                loop_exit(p->loop, p->failed);
}

int main(int argc, char **argv)
{
        struct posting p = { .failed = 0 };
        int r;

        if (argc != 2) {
                fputs("Usage: mentiond-bench-post PORT\n", stderr);
                return 2;
        }
        p.url = xasprintf("http://127.0.0.1:%s/bench/sink", argv[1]);
        p.body = xmalloc(BODY_SIZE);
        memset(p.body, 'x', BODY_SIZE);
        if (loop_new(&p.loop) < 0 || http_new(p.loop, "mentiond-bench", &p.http) < 0) {
                fputs("mentiond-bench-post: the loop cannot be set up\n", stderr);
                return 1;
        }
        for (int i = 0; i < PARALLEL; i++)
                (void) task_start(p.loop, "post", post, on_ended, &p);
        r = loop_run(p.loop);
        if (r == 0)
                printf("{\"post\": %.2f}\n", (cpu_usec() - p.begun_usec) / POSTS);
        http_free(p.http);
        loop_free(p.loop);
        task_cleanup();
        free(p.url);
        free(p.body);
        return r != 0;
}
