/* SPDX-License-Identifier: MIT
 *
 * A fast server for the benchmarks: many Mastodon accounts and a Znuny, as little of them as mentiond asks for, and its own
 * count of what arrived.  Not a faithful one: those are in tests/fakes.  It listens on loopback, and says on which port.
 *
 *     mentiond-bench-server PORT         0: any port that is free
 *
 *     /m/N/api/v1/...                    account N of the network
 *     /z/nph-genericinterface.pl/Webservice/mentiond/OPERATION
 *     /bench/set?NAME=NUMBER&...         what is served: struct settings
 *     /bench/counts                      what arrived: struct counts
 *     /bench/reset                       forgets all that arrived and was shown; the settings stay
 *     /bench/sink                        takes anything
 *     /bench/mention, /bench/page        one mention, a page of them
 *
 * A mention is counted by the key "channelN:ID" in HistoryComment of the ticket's article.
 */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

struct settings settings = { .step = 400, .status = 200, .text = 300 };
struct counts counts;

struct request {
        struct text body;
        struct MHD_Connection *connection;
        int64_t due_usec;
        bool delayed, cut;
        bool counted;                    /* in counts.in_flight */
        STAILQ_ENTRY(request) entry;
};
STAILQ_HEAD(requests, request);

/* --- Answers that wait, those of the network and those of the helpdesk apart: each has one latency --- */

static struct lane {
        struct requests queue;
        pthread_mutex_t mutex;
        pthread_cond_t cond;
} network_lane, desk_lane;

static void *lane_main(void *data)
{
        struct lane *lane = data;

        (void) pthread_mutex_lock(&lane->mutex);
        for (;;) {
                struct request *r = STAILQ_FIRST(&lane->queue);
                struct timespec due;

                if (!r) {
                        (void) pthread_cond_wait(&lane->cond, &lane->mutex);
                        continue;
                }
                if (r->due_usec > now_usec()) {
                        due = (struct timespec) { .tv_sec = r->due_usec / 1000000, .tv_nsec = r->due_usec % 1000000 * 1000 };
                        (void) pthread_mutex_unlock(&lane->mutex);
                        (void) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
                        (void) pthread_mutex_lock(&lane->mutex);
                        continue;
                }
                STAILQ_REMOVE_HEAD(&lane->queue, entry);
                MHD_resume_connection(r->connection);
        }
        return NULL;
}

static bool delay(struct request *r, struct lane *lane, int64_t usec)
{
        if (usec <= 0 || r->delayed)
                return false;
        r->delayed = true;
        r->due_usec = now_usec() + usec;
        r->counted = lane == &desk_lane;
        if (r->counted && ++counts.in_flight > counts.in_flight_max)
                counts.in_flight_max = counts.in_flight;
        MHD_suspend_connection(r->connection);
        (void) pthread_mutex_lock(&lane->mutex);
        STAILQ_INSERT_TAIL(&lane->queue, r, entry);
        (void) pthread_cond_signal(&lane->cond);
        (void) pthread_mutex_unlock(&lane->mutex);
        return true;
}

static bool lane_start(struct lane *lane)
{
        pthread_t thread;

        STAILQ_INIT(&lane->queue);
        (void) pthread_mutex_init(&lane->mutex, NULL);
        (void) pthread_cond_init(&lane->cond, NULL);
        return pthread_create(&thread, NULL, lane_main, lane) == 0;
}

/* --- Answers that never come --- */

static struct requests hung = STAILQ_HEAD_INITIALIZER(hung);

static void cut_hung(void)
{
        struct request *r;

        while ((r = STAILQ_FIRST(&hung))) {
                STAILQ_REMOVE_HEAD(&hung, entry);
                r->cut = true;
                MHD_resume_connection(r->connection);
        }
}

/* --- What the benchmark asks for --- */

struct setting {
        const char *name;
        int64_t *where, min, max;
};

static const struct setting names[] = {
        { "mentions", &settings.mentions, 0, 100000000 }, { "step", &settings.step, 1, 100000000 },
        { "text", &settings.text, 1, TEXT_MAX }, { "replies", &settings.replies, 0, 100000000 },
        { "network_usec", &settings.network_usec, 0, 60000000 }, { "desk_usec", &settings.desk_usec, 0, 60000000 },
        { "status", &settings.status, 200, 599 }, { "hang", &settings.hang, 0, 100000000 },
        { "cut", &settings.cut, 0, 100000000 },
};

static enum MHD_Result set_one(void *data, enum MHD_ValueKind kind, const char *key, const char *value)
{
        struct text *error = data;
        char *end = NULL;

        (void) kind;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
                if (strcmp(names[i].name, key) == 0) {
                        int64_t n = value && *value ? strtoll(value, &end, 10) : INT64_MIN;

                        if (!end || *end || n < names[i].min || n > names[i].max)
                                text_add(error, "%s is a number from %" PRId64 " to %" PRId64 "\n", key, names[i].min,
                                         names[i].max);
                        else
                                *names[i].where = n;
                        return MHD_YES;
                }
        text_add(error, "there is no setting of this name: %s\n", key);
        return MHD_YES;
}

static void add_counts(struct text *t)
{
        const struct counts *c = &counts;
        const struct {
                const char *name;
                int64_t value;
        } all[] = {
                { "network", c->network }, { "polls", c->polls }, { "pages", c->pages }, { "shown", c->shown },
                { "shown_usec", c->shown_usec },
                { "posts", c->posts }, { "posts_doubled", c->posts_doubled }, { "posted_first_usec", c->posted_first_usec },
                { "posted_last_usec", c->posted_last_usec }, { "desk", c->desk }, { "searches", c->searches },
                { "articles", c->articles },
                { "refused", c->refused }, { "unanswered", c->unanswered }, { "in_flight", c->in_flight },
                { "in_flight_max", c->in_flight_max }, { "tickets", c->tickets }, { "doubled", c->doubled },
                { "filed", c->filed },
                { "first_usec", c->first_usec }, { "last_usec", c->last_usec }, { "now_usec", now_usec() },
        };

        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
                text_add(t, "%s\"%s\":%" PRId64, i ? "," : "{", all[i].name, all[i].value);
        text_add(t, "}");
}

static unsigned serve_bench(struct text *t, const char *path, struct MHD_Connection *c)
{
        if (strcmp(path, "sink") == 0) {
                text_add(t, "{\"TicketID\":\"1\",\"TicketNumber\":\"2026000000001\",\"ArticleID\":\"1\"}");
        } else if (strcmp(path, "mention") == 0) {
                network_add_mention(t, 0, 1000000);
        } else if (strcmp(path, "page") == 0) {
                network_add_page(t, 0, 1000000, 0);
        } else if (strcmp(path, "set") == 0) {
                (void) MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, set_one, t);
                if (t->n)
                        return 400;
                if (!settings.hang)
                        cut_hung();
                add_counts(t);
        } else if (strcmp(path, "reset") == 0) {
                network_reset();
                desk_reset();
                counts = (struct counts) { .in_flight = counts.in_flight };
                add_counts(t);
        } else if (strcmp(path, "counts") == 0) {
                add_counts(t);
        }
        return 200;
}

/* --- Requests --- */

static enum MHD_Result answer(struct request *r, struct text *t, unsigned status)
{
        struct MHD_Response *response;
        enum MHD_Result result;

        if (!t->n && status == 200)
                status = 404;
        text_need(t, 0);
        response = MHD_create_response_from_buffer(t->n, t->data, MHD_RESPMEM_MUST_FREE);
        if (!response)
                abort();
        (void) MHD_add_response_header(response, "Content-Type", "application/json; charset=utf-8");
        result = MHD_queue_response(r->connection, status, response);
        MHD_destroy_response(response);
        return result;
}

static enum MHD_Result on_desk(struct request *r, const char *operation, struct text *t)
{
        if (delay(r, &desk_lane, settings.desk_usec))
                return MHD_YES;
        counts.desk++;
        if (settings.status != 200) {
                counts.refused++;
                return answer(r, t, (unsigned) settings.status);
        }
        desk_serve(t, operation, r->body.data ? r->body.data : "");
        if (!desk_writes(operation) || (!settings.hang && !settings.cut))
                return answer(r, t, 200);
        free(t->data);
        counts.unanswered++;
        if (settings.cut) {
                settings.cut--;
                return MHD_NO;
        }
        settings.hang--;
        STAILQ_INSERT_TAIL(&hung, r, entry);
        MHD_suspend_connection(r->connection);
        return MHD_YES;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *c, const char *url, const char *method, const char *version,
                                  const char *upload, size_t *n, void **closure)
{
        static const char network[] = "/m/", desk[] = "/z/nph-genericinterface.pl/Webservice/mentiond/", bench[] = "/bench/";
        struct request *r = *closure;
        struct text t = { .data = NULL };
        unsigned status = 200;

        (void) data;
        (void) method;
        (void) version;
        if (!r) {
                *closure = r = calloc(1, sizeof *r);
                if (!r)
                        abort();
                r->connection = c;
                return MHD_YES;
        }
        if (r->cut || r->body.n + *n > BODY_MAX)
                return MHD_NO;
        if (*n) {
                text_need(&r->body, *n);
                memcpy(r->body.data + r->body.n, upload, *n);
                r->body.n += *n;
                r->body.data[r->body.n] = '\0';
                *n = 0;
                return MHD_YES;
        }
        if (strncmp(url, desk, sizeof desk - 1) == 0)
                return on_desk(r, url + sizeof desk - 1, &t);
        if (strncmp(url, network, sizeof network - 1) == 0) {
                char *path;
                long account = strtol(url + sizeof network - 1, &path, 10);

                if (delay(r, &network_lane, settings.network_usec))
                        return MHD_YES;
                if (account >= 0 && account < ACCOUNTS_MAX)
                        network_serve(&t, c, (int) account, path, r->body.data ? r->body.data : "");
        } else if (strncmp(url, bench, sizeof bench - 1) == 0) {
                status = serve_bench(&t, url + sizeof bench - 1, c);
        }
        return answer(r, &t, status);
}

static void on_completed(void *data, struct MHD_Connection *c, void **closure, enum MHD_RequestTerminationCode why)
{
        struct request *r = *closure;

        (void) data;
        (void) c;
        (void) why;
        if (!r)
                return;
        counts.in_flight -= r->counted;
        free(r->body.data);
        free(r);
        *closure = NULL;
}

int main(int argc, char **argv)
{
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        const union MHD_DaemonInfo *info;
        struct MHD_Daemon *d;
        char *end = NULL;
        sigset_t signals;
        long port = argc == 2 ? strtol(argv[1], &end, 10) : -1;
        int signo;

        if (port < 0 || port > 65535 || end == argv[1] || *end) {
                fputs("Usage: mentiond-bench-server PORT\n", stderr);
                return 2;
        }
        address.sin_port = htons((uint16_t) port);
        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGTERM);
        (void) sigaddset(&signals, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &signals, NULL);
        d = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, NULL,
                             MHD_OPTION_SOCK_ADDR, (struct sockaddr *) &address, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                             MHD_OPTION_CONNECTION_LIMIT, 1000u, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) 65536,
                             MHD_OPTION_END);
        if (!d) {
                fprintf(stderr, "mentiond-bench-server: it cannot listen on 127.0.0.1:%ld: %s\n", port, strerror(errno));
                return 1;
        }
        if (!lane_start(&network_lane) || !lane_start(&desk_lane)) {
                fputs("mentiond-bench-server: there are no threads\n", stderr);
                return 1;
        }
        info = MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT);
        printf("%u\n", info ? info->port : 0);
        (void) fflush(stdout);
        (void) sigwait(&signals, &signo);
        /* Not MHD_stop_daemon(), which does not end while answers wait.  There is nothing to be kept. */
        _exit(0);
}
