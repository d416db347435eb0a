/* SPDX-License-Identifier: MIT
 *
 * What this machine needs for the parts of which filing a mention consists, done as barely as they can be: the bound that
 * mentiond is measured against.  Prints JSON; times are microseconds of this process's CPU, each, where nothing else is said.
 *
 *     mentiond-calibrate PORT DIRECTORY      against the bench server at that port; files are made in the directory
 *     mentiond-calibrate --floor PORT DIRECTORY
 *                                            the memory of a process that has done each thing once
 */
#include <curl/curl.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#define POSTS 20000
#define PARALLEL 64
#define PAGES 400
#define DOCUMENTS 20000
#define ROWS 20000
#define ROWS_PER_COMMIT 50
#define ROW_SIZE 600
#define SYNCS 100

static void check(bool good, const char *what)
{
        if (good)
                return;
        fprintf(stderr, "mentiond-calibrate: %s failed\n", what);
        exit(1);
}

static double usec_of(clockid_t clock)
{
        struct timespec t;

        (void) clock_gettime(clock, &t);
        return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

static double cpu_usec(void) { return usec_of(CLOCK_PROCESS_CPUTIME_ID); }
static double mono_usec(void) { return usec_of(CLOCK_MONOTONIC); }

/* --- HTTP: a libcurl multi handle on epoll; timeouts are looked at, not armed (a timerfd for each triples the time) --- */

struct wire {
        CURLM *multi;
        int epoll, running;
        bool now;                        /* libcurl's timeout of 0 ms */
        double deadline_usec;            /* 0: none */
        char *data;                      /* of the last answer */
        size_t n, room;
};

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *known)
{
        struct wire *w = data;
        struct epoll_event e = {
                .events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0), .data.fd = fd,
        };

        (void) easy;
        if (what == CURL_POLL_REMOVE)
                return epoll_ctl(w->epoll, EPOLL_CTL_DEL, fd, NULL) < 0 ? -1 : 0;
        if (epoll_ctl(w->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e) < 0)
                return -1;
        return curl_multi_assign(w->multi, fd, w) == CURLM_OK ? 0 : -1;
}

static int on_timer(CURLM *multi, long msec, void *data)
{
        struct wire *w = data;

        (void) multi;
        w->now = msec == 0;
        w->deadline_usec = msec > 0 ? mono_usec() + (double) msec * 1e3 : 0;
        return 0;
}

static size_t on_data(char *p, size_t size, size_t n, void *data)
{
        struct wire *w = data;

        n *= size;
        if (w->n + n + 1 > w->room) {
                w->room = 2 * (w->n + n + 1);
                w->data = realloc(w->data, w->room);
                check(w->data, "realloc()");
        }
        memcpy(w->data + w->n, p, n);
        w->n += n;
        w->data[w->n] = '\0';
        return n;
}

static void act(struct wire *w, curl_socket_t fd, int events)
{
        check(curl_multi_socket_action(w->multi, fd, events, &w->running) == CURLM_OK, "libcurl");
}

/* Waits for what happens next, and has libcurl act on it. */
static void turn(struct wire *w)
{
        struct epoll_event e[PARALLEL];
        double wait = w->deadline_usec ? w->deadline_usec - mono_usec() : 1e6;
        int n;

        if (w->now) {
                w->now = false;
                act(w, CURL_SOCKET_TIMEOUT, 0);
        }
        n = epoll_wait(w->epoll, e, PARALLEL, w->now ? 0 : wait > 0 ? (int) (wait / 1e3) + 1 : 0);
        for (int i = 0; i < n; i++)
                act(w, e[i].data.fd,
                    (e[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) | (e[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0)
                            | (e[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0));
        if (n == 0 && w->deadline_usec && mono_usec() >= w->deadline_usec) {
                w->deadline_usec = 0;
                act(w, CURL_SOCKET_TIMEOUT, 0);
        }
}

static void wire_open(struct wire *w)
{
        *w = (struct wire) { .multi = curl_multi_init(), .epoll = epoll_create1(EPOLL_CLOEXEC) };
        check(w->multi && w->epoll >= 0, "curl_multi_init()");
        (void) curl_multi_setopt(w->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        (void) curl_multi_setopt(w->multi, CURLMOPT_SOCKETDATA, w);
        (void) curl_multi_setopt(w->multi, CURLMOPT_TIMERFUNCTION, on_timer);
        (void) curl_multi_setopt(w->multi, CURLMOPT_TIMERDATA, w);
        (void) curl_multi_setopt(w->multi, CURLMOPT_MAXCONNECTS, (long) PARALLEL);
}

static void wire_close(struct wire *w)
{
        (void) curl_multi_cleanup(w->multi);
        close(w->epoll);
        free(w->data);
}

/* n requests, so many at once; a POST if there is a body.  With may_fail the answers do not matter. */
static void transfer(struct wire *w, const char *url, const char *body, int n, int parallel, bool may_fail)
{
        struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json; charset=utf-8");
        CURL *easy[PARALLEL];
        int begun = 0, ended = 0, left;

        for (int i = 0; i < parallel; i++) {
                easy[i] = curl_easy_init();
                check(easy[i], "curl_easy_init()");
                (void) curl_easy_setopt(easy[i], CURLOPT_URL, url);
                (void) curl_easy_setopt(easy[i], CURLOPT_NOSIGNAL, 1L);
                (void) curl_easy_setopt(easy[i], CURLOPT_HTTPHEADER, headers);
                (void) curl_easy_setopt(easy[i], CURLOPT_WRITEFUNCTION, on_data);
                (void) curl_easy_setopt(easy[i], CURLOPT_WRITEDATA, w);
                if (body) {
                        (void) curl_easy_setopt(easy[i], CURLOPT_POSTFIELDS, body);
                        (void) curl_easy_setopt(easy[i], CURLOPT_POSTFIELDSIZE, (long) strlen(body));
                }
                if (begun++ < n)
                        check(curl_multi_add_handle(w->multi, easy[i]) == CURLM_OK, "libcurl");
        }
        while (ended < n) {
                CURLMsg *message;

                turn(w);
                while ((message = curl_multi_info_read(w->multi, &left))) {
                        CURL *done = message->easy_handle;
                        long status = 0;

                        if (message->msg != CURLMSG_DONE)
                                continue;
                        (void) curl_easy_getinfo(done, CURLINFO_RESPONSE_CODE, &status);
                        check(may_fail || (message->data.result == CURLE_OK && status == 200), url);
                        (void) curl_multi_remove_handle(w->multi, done);
                        if (++ended + parallel <= n) {
                                w->n = 0;
                                check(curl_multi_add_handle(w->multi, done) == CURLM_OK, "libcurl");
                        }
                }
        }
        for (int i = 0; i < parallel; i++)
                curl_easy_cleanup(easy[i]);
        curl_slist_free_all(headers);
}

static double time_transfers(struct wire *w, const char *url, const char *body, int n, int parallel)
{
        double begun;

        transfer(w, url, body, parallel, parallel, false);   /* connects */
        begun = cpu_usec();
        transfer(w, url, body, n, parallel, false);
        return (cpu_usec() - begun) / n;
}

/* --- JSON --- */

/* What a helpdesk answers to a new ticket: 0.46 KB. */
static const char small[] =
        "{\"id\":123456,\"group_id\":1,\"priority_id\":2,\"state_id\":1,\"organization_id\":null,\"number\":\"20261123456\","
        "\"title\":\"the parcel has not come yet\",\"owner_id\":1,\"customer_id\":4711,\"note\":null,\"first_response_at\":null,"
        "\"close_at\":null,"
        "\"last_contact_at\":\"2026-11-22T07:53:00.000Z\",\"last_owner_update_at\":null,\"create_article_type_id\":11,"
        "\"create_article_sender_id\":2,\"article_count\":1,\"updated_by_id\":3,\"created_by_id\":3,\"created_at\":"
        "\"2026-11-22T07:53:00.000Z\",\"type\":null}";

static double time_parse(const char *text)
{
        double begun = cpu_usec();

        for (int i = 0; i < DOCUMENTS; i++) {
                struct json_object *o = json_tokener_parse(text);

                check(o, "json_tokener_parse()");
                json_object_put(o);
        }
        return (cpu_usec() - begun) / DOCUMENTS;
}

static void put(struct json_object *o, const char *name, const char *value)
{
        (void) json_object_object_add(o, name, json_object_new_string(value));
}

/* The smallest ticket that a Znuny takes, with a text of 300 characters. */
static size_t build(void)
{
        static const char part[] = "the parcel has not come yet, and nobody answers; ";
        struct json_object *o = json_object_new_object(), *ticket = json_object_new_object(), *article = json_object_new_object();
        char text[301] = "";
        size_t n = 0;

        for (size_t i = 0; i < sizeof text - 1; i++)
                text[i] = part[i % (sizeof part - 1)];
        put(o, "SessionID", "benchbenchbenchbenchbenchbench00");
        put(ticket, "Title", "the parcel has not come yet");
        put(ticket, "Queue", "Social");
        put(ticket, "State", "new");
        put(ticket, "Priority", "3 normal");
        put(ticket, "CustomerUser", "mastodon:@somebody@social.example");
        put(article, "Subject", "the parcel has not come yet");
        put(article, "Body", text);
        put(article, "ContentType", "text/plain; charset=utf-8");
        (void) json_object_object_add(o, "Ticket", ticket);
        (void) json_object_object_add(o, "Article", article);
        check(json_object_to_json_string_length(o, JSON_C_TO_STRING_PLAIN, &n), "json_object_to_json_string_length()");
        json_object_put(o);
        return n;
}

static double time_build(void)
{
        double begun = cpu_usec();

        for (int i = 0; i < DOCUMENTS; i++)
                (void) build();
        return (cpu_usec() - begun) / DOCUMENTS;
}

/* --- SQLite and the disk --- */

static void sql(sqlite3 *db, const char *text)
{
        check(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, text);
}

static sqlite3 *store_open(const char *directory)
{
        char *path = sqlite3_mprintf("%s/calibrate.db", directory);
        sqlite3 *db;

        check(sqlite3_open(path, &db) == SQLITE_OK, path);
        sqlite3_free(path);
        sql(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
        sql(db, "CREATE TABLE row (id INTEGER PRIMARY KEY, state TEXT NOT NULL, result TEXT, payload TEXT NOT NULL)");
        return db;
}

static void store_close(sqlite3 *db, const char *directory)
{
        char *path = sqlite3_mprintf("%s/calibrate.db", directory);

        (void) sqlite3_close(db);
        (void) unlink(path);
        sqlite3_free(path);
}

static double time_rows(sqlite3 *db, const char *text, int n)
{
        sqlite3_stmt *statement;
        char payload[ROW_SIZE];
        double begun;

        memset(payload, 'x', sizeof payload);
        begun = cpu_usec();
        check(sqlite3_prepare_v2(db, text, -1, &statement, NULL) == SQLITE_OK, text);
        for (int i = 0; i < n; i++) {
                if (i % ROWS_PER_COMMIT == 0)
                        sql(db, "BEGIN IMMEDIATE");
                (void) sqlite3_bind_int(statement, 1, i);
                if (sqlite3_bind_parameter_count(statement) > 1)
                        (void) sqlite3_bind_text(statement, 2, payload, sizeof payload, SQLITE_STATIC);
                check(sqlite3_step(statement) == SQLITE_DONE, text);
                (void) sqlite3_reset(statement);
                if ((i + 1) % ROWS_PER_COMMIT == 0 || i + 1 == n)
                        sql(db, "COMMIT");
        }
        (void) sqlite3_finalize(statement);
        return (cpu_usec() - begun) / n;
}

static const char insert_sql[] = "INSERT INTO row VALUES (?1, 'new', NULL, ?2)";
static const char update_sql[] = "UPDATE row SET state = 'filed', result = '4711' WHERE id = ?1";

static int by_size(const void *a, const void *b)
{
        double x = *(const double *) a, y = *(const double *) b;

        return x < y ? -1 : x > y;
}

/* The median, as time passes for who waits. */
static double time_sync(const char *directory)
{
        char *path = sqlite3_mprintf("%s/calibrate.sync", directory), page[4096] = "";
        int fd = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
        double took[SYNCS];

        check(fd >= 0, path);
        for (int i = 0; i < SYNCS; i++) {
                double begun = mono_usec();

                check(pwrite(fd, page, sizeof page, (off_t) (i % 16) * (off_t) sizeof page) == sizeof page, "pwrite()");
                check(fdatasync(fd) == 0, "fdatasync()");
                took[i] = mono_usec() - begun;
        }
        close(fd);
        (void) unlink(path);
        sqlite3_free(path);
        qsort(took, SYNCS, sizeof *took, by_size);
        return took[SYNCS / 2];
}

/* --- Memory --- */

static long kb_of(const char *file, const char *name)
{
        FILE *f = fopen(file, "re");
        char line[256];
        long kb = -1;

        check(f, file);
        while (kb < 0 && fgets(line, sizeof line, f))
                if (strncmp(line, name, strlen(name)) == 0)
                        kb = strtol(line + strlen(name), NULL, 10);
        fclose(f);
        check(kb >= 0, name);
        return kb;
}

static void print_memory(const char *name)
{
        printf("\"rss_kb%s\": %ld, \"pss_kb%s\": %ld", name, kb_of("/proc/self/status", "VmRSS:"), name,
               kb_of("/proc/self/smaps_rollup", "Pss:"));
}

/* With what TLS needs, and without, as where only http is spoken. */
static void floor_of(const char *port, const char *directory)
{
        char *plain = sqlite3_mprintf("http://127.0.0.1:%s/bench/mention", port),
             *tls = sqlite3_mprintf("https://127.0.0.1:%s/", port);
        sqlite3 *db = store_open(directory);
        sd_event *event;
        struct wire w;

        check(sd_event_new(&event) >= 0, "sd_event_new()");
        (void) time_rows(db, insert_sql, 1);
        wire_open(&w);
        transfer(&w, plain, NULL, 1, 1, false);
        json_object_put(json_tokener_parse(w.data));
        (void) build();
        printf("{");
        print_memory("");
        transfer(&w, tls, NULL, 1, 1, true);     /* fails, for the server speaks no TLS; by then the CA bundle was read */
        printf(", ");
        print_memory("_tls");
        printf("}\n");
        wire_close(&w);
        store_close(db, directory);
        sd_event_unref(event);
        sqlite3_free(plain);
        sqlite3_free(tls);
}

static void calibrate(const char *port, const char *directory)
{
        char *sink = sqlite3_mprintf("http://127.0.0.1:%s/bench/sink", port),
             *page = sqlite3_mprintf("http://127.0.0.1:%s/bench/page", port);
        char *one = sqlite3_mprintf("http://127.0.0.1:%s/bench/mention", port);
        char body[1025] = "";
        struct wire w;
        sqlite3 *db;

        wire_open(&w);
        memset(body, 'x', 1024);
        printf("{\"post\": %.2f, ", time_transfers(&w, sink, body, POSTS, PARALLEL));
        printf("\"get_page\": %.2f, ", time_transfers(&w, page, NULL, PAGES, 1));
        w.n = 0;
        transfer(&w, one, NULL, 1, 1, false);
        printf("\"mention_bytes\": %zu, \"parse_mention\": %.2f, ", w.n, time_parse(w.data));
        printf("\"small_bytes\": %zu, \"parse_small\": %.2f, ", sizeof small - 1, time_parse(small));
        printf("\"build_bytes\": %zu, \"build\": %.2f, ", build(), time_build());
        wire_close(&w);
        db = store_open(directory);
        printf("\"insert\": %.2f, ", time_rows(db, insert_sql, ROWS));
        printf("\"update\": %.2f, ", time_rows(db, update_sql, ROWS));
        store_close(db, directory);
        printf("\"sync_wall\": %.1f}\n", time_sync(directory));
        sqlite3_free(sink);
        sqlite3_free(page);
        sqlite3_free(one);
}

int main(int argc, char **argv)
{
        bool only_floor = argc == 4 && strcmp(argv[1], "--floor") == 0;

        if (argc != 3 && !only_floor) {
                fputs("Usage: mentiond-calibrate [--floor] PORT DIRECTORY\n", stderr);
                return 2;
        }
        check(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "curl_global_init()");
        (only_floor ? floor_of : calibrate)(argv[argc - 2], argv[argc - 1]);
        curl_global_cleanup();
        return 0;
}
