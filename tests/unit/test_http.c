/* SPDX-License-Identifier: MIT
 *
 * io/http against a server that misbehaves.  Some calls that libcurl and libsystemd make of libc are answered here:
 * names are resolved without a network, a public address leads to the server, timers are counted.
 */
#include "badserver.h"

#include "base/clock.h"
#include "io/address.h"
#include "io/http.h"
#include "io/url.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include <cmocka.h>

#define SECRET "s3cr3t-t0ken"

static const char *const json[] = { "Content-Type: application/json", NULL };

static struct loop *loop;
static struct http *http;
static struct badserver *server;

/* --- What libc says in this program --- */

static unsigned timers_set, inherited_sockets, public_connects;
static int send_error;                   /* instead of sending a POST's head, once */
static bool dawdle;                      /* after sending it */

int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
        timers_set++;
        return (int) syscall(SYS_timerfd_settime, fd, flags, new, old);
}

ssize_t send(int fd, const void *p, size_t n, int flags)
{
        bool head = n > 5 && memcmp(p, "POST ", 5) == 0;
        ssize_t k;

        if (head && send_error) {
                errno = send_error;
                send_error = 0;
                return -1;
        }
        k = sendto(fd, p, n, flags, NULL, 0);
        if (head && dawdle)
                (void) usleep(50000);
        return k;
}

int connect(int fd, const struct sockaddr *sa, socklen_t size)
{
        struct sockaddr_in in;

        if (sa->sa_family != AF_UNIX && !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
                inherited_sockets++;
        if (sa->sa_family == AF_INET) {
                memcpy(&in, sa, sizeof in);
                if (in.sin_addr.s_addr == inet_addr("8.8.8.8")) {
                        public_connects++;
                        in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                        in.sin_port = htons(badserver_port(server));
                        return (int) syscall(SYS_connect, fd, &in, sizeof in);
                }
        }
        return (int) syscall(SYS_connect, fd, sa, size);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
        static const struct { const char *name, *address; } names[] = {
                { "public.test", "8.8.8.8" }, { "desk.test", "127.0.0.1" }, { "private.test", "10.0.0.1" },
                { "metadata.test", "169.254.169.254" }, { "mapped.test", "::ffff:127.0.0.1" },
        };
        int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

        *(void **) &real = dlsym(RTLD_NEXT, "getaddrinfo");
        for (size_t i = 0; node && i < ELEMENTSOF(names); i++)
                if (streq(node, names[i].name))
                        return real(names[i].address, service, hints, ret);
        if (node && streq(node, "slow.test"))
                (void) usleep(2000000);
        if (node && strspn(node, "0123456789abcdefx.:") != strlen(node))
                return EAI_NONAME;
        return real(node, service, hints, ret);
}

/* --- Running --- */

static char *at(const char *path)
{
        return xasprintf("http://127.0.0.1:%u%s", (unsigned) badserver_port(server), path);
}

static void call_test(void **state)
{
        ((void (*)(void)) (uintptr_t) *state)();
}

static void in_task(void *data)
{
        call_test(data);
        loop_exit(loop, 0);
}

static void run_in_task(void **state)
{
        (void) task_start(loop, "test", in_task, NULL, state);
        assert_int_equal(loop_run(loop), 0);
}

static int set_up(void **state _unused_)
{
        server = badserver_new();
        timers_set = inherited_sockets = public_connects = 0;
        send_error = 0;
        dawdle = false;
        return loop_new(&loop) < 0 || http_new(loop, "mentiond/test", &http) < 0 ? -1 : 0;
}

static int tear_down(void **state _unused_)
{
        http_free(http);
        loop_free(loop);
        badserver_free(server);
        task_cleanup();
        return 0;
}

#define TEST(fn) { #fn, run_in_task, set_up, tear_down, (void *) (uintptr_t) (fn) }

static enum http_fate perform(struct http_request q, const char *path, struct http_reply *ret)
{
        _cleanup_free_ char *url = at(path);

        if (!q.url)
                q.url = url;
        http_perform(http, &q, ret);
        assert_true((ret->fate == HTTP_REPLIED) == !ret->error);
        if (ret->error) {
                assert_null(strstr(ret->error, SECRET));
                assert_null(strchr(ret->error, '\n'));
                if (getenv("SHOW_ERRORS"))
                        fprintf(stderr, "    %s %s: %d %s\n", q.method, q.url, (int) ret->fate, ret->error);
        }
        return ret->fate;
}

/* Expects a fate and nothing else. */
static void expect(struct http_request q, const char *path, enum http_fate fate)
{
        _cleanup_http_reply_ struct http_reply r;

        if (perform(q, path, &r) != fate)
                fail_msg("%s %s: fate %d, not %d: %s", q.method, q.url ? q.url : path, (int) r.fate, (int) fate,
                         strempty(r.error));
}

static void expect_body(struct http_request q, const char *path, uint32_t status, const char *body)
{
        _cleanup_http_reply_ struct http_reply r;

        if (perform(q, path, &r) != HTTP_REPLIED)
                fail_msg("%s %s: fate %d: %s", q.method, path, (int) r.fate, r.error);
        assert_int_equal(r.status, status);
        assert_string_equal(buffer_str(&r.body), body);
}

static const struct http_request get = { .method = "GET" };

static struct http_request post(void)
{
        return (struct http_request) { .method = "POST", .headers = json, .body = "{\"text\":\"hello\"}", .body_size = 16 };
}

static struct http_request guarded(const char *url)
{
        return (struct http_request) { .method = "GET", .url = url, .guarded = true };
}

/* --- What is sent --- */

static void request_is_sent_as_given(void)
{
        const char *const headers[] = { "Content-Type: application/json", "Idempotency-Key: k1", NULL };
        struct http_request q = { .method = "POST", .headers = headers, .bearer = SECRET, .body = "{\"a\":1}", .body_size = 7 };
        _cleanup_free_ char *last = NULL;

        expect_body(q, "/ok?x=1", 200, "{}");
        last = badserver_last(server);
        assert_true(startswith(last, "POST /ok?x=1 HTTP/1.1\r\n"));
        assert_non_null(strstr(last, "\r\nUser-Agent: mentiond/test\r\n"));
        assert_non_null(strstr(last, "\r\nAuthorization: Bearer " SECRET "\r\n"));
        assert_non_null(strstr(last, "\r\nContent-Type: application/json\r\n"));
        assert_non_null(strstr(last, "\r\nIdempotency-Key: k1\r\n"));
        assert_non_null(strstr(last, "\r\nContent-Length: 7\r\n"));
        assert_non_null(strstr(last, "\r\nAccept-Encoding: "));
        assert_non_null(strstr(last, "gzip"));
        assert_null(strstr(last, "Expect"));
        assert_null(strstr(last, "urlencoded"));
        assert_null(strstr(last, "Transfer-Encoding"));
        assert_string_equal(strstr(last, "\r\n\r\n"), "\r\n\r\n{\"a\":1}");
        assert_int_equal(badserver_seen(server, "POST"), 1);
        assert_int_equal(inherited_sockets, 0);
}

static void request_leaves_nothing_behind_for_the_next(void)
{
        _cleanup_free_ char *last = NULL;
        struct http_request q = post();

        q.bearer = SECRET;
        expect_body(q, "/ok", 200, "{}");
        expect_body(get, "/ok", 200, "{}");
        last = badserver_last(server);
        assert_true(startswith(last, "GET /ok HTTP/1.1\r\n"));
        assert_null(strstr(last, "Authorization"));
        assert_null(strstr(last, "Content-"));
        assert_int_equal(badserver_connections(server), 1);
}

static void methods_are_sent_with_their_lengths(void)
{
        static const struct { const char *method; bool length; } methods[] = {
                { "POST", true }, { "PUT", true }, { "PATCH", true }, { "DELETE", false }, { "GET", false }, { "HEAD", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(methods); i++) {
                struct http_request q = { .method = methods[i].method };
                _cleanup_free_ char *last = NULL;

                expect_body(q, "/ok", 200, streq(q.method, "HEAD") ? "" : "{}");
                last = badserver_last(server);
                assert_true(startswith(last, q.method));
                assert_int_equal(strstr(last, "\r\nContent-Length: 0\r\n") != NULL, methods[i].length);
                assert_null(strstr(last, "Content-Type"));
        }
        for (size_t i = 0; i < 4; i++) {
                struct http_request q = post();
                _cleanup_free_ char *last = NULL;

                q.method = methods[i].method;
                expect_body(q, "/ok", 200, "{}");
                last = badserver_last(server);
                assert_true(startswith(last, q.method));
                assert_string_equal(strstr(last, "\r\n\r\n") + 4, q.body);
        }
}

static void large_body_arrives_whole(void)
{
        struct http_request q = post();
        _cleanup_free_ char *body = xcalloc(1, 2000001), *last = NULL;

        memset(body, 'a', 2000000);
        q.body = body;
        q.body_size = 2000000;
        expect_body(q, "/ok", 200, "{}");
        last = badserver_last(server);
        assert_null(strstr(last, "Expect"));         /* libcurl's habit from 1 MB on */
        assert_string_equal(strstr(last, "\r\n\r\n") + 4, body);
}

static void environment_is_not_asked_for_a_proxy(void)
{
        (void) setenv("http_proxy", "http://127.0.0.1:1", 1);
        (void) setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
        expect_body(get, "/ok", 200, "{}");
        (void) unsetenv("http_proxy");
        (void) unsetenv("ALL_PROXY");
}

static void malformed_requests_are_refused(void)
{
        static const char *const bad_headers[] = {
                "X: a\r\nY: b", "X: a\nY: b", "X: a\rb", "X\r\n: a", "no colon", ": no name", "X : a", "X: \x01",
                "Host: other.test", "host: other.test", "Content-Length: 3", "Transfer-Encoding: chunked",
                "Expect: 100-continue", "Connection: close",
        };
        static const char *const bad_urls[] = {
                "", "/ok", "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "http:/127.0.0.1/", "http:///ok",
                "http://127.0.0.1/a b", "http://127.0.0.1/a\r\nX: y", "http://127.0.0.1/\x7f", "http://user:pw@127.0.0.1/",
                "http://user@127.0.0.1/", "http://", "http://a:0/", "http://a:65536/", "http://a:/", "http://a:b/",
                "http://%31/", "http://[::1/", "http://[fe80::1%25lo]/", "http://a\\@b/", "http://a,b/",
        };
        static const char *const bad_tokens[] = { "", "a b", "a\r\nX: y", "a\n", "\x01" };
        static const char *const bad_methods[] = { "", "GET /x HTTP/1.1\r\nX:", "PO ST", "P\n" };

        for (size_t i = 0; i < ELEMENTSOF(bad_headers); i++) {
                const char *const headers[] = { bad_headers[i], NULL };
                struct http_request q = { .method = "GET", .headers = headers };

                expect(q, "/ok", HTTP_REFUSED);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad_urls); i++) {
                struct http_request q = { .method = "GET", .url = bad_urls[i] };

                expect(q, "", HTTP_REFUSED);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad_tokens); i++) {
                struct http_request q = { .method = "GET", .bearer = bad_tokens[i] };

                expect(q, "/ok", HTTP_REFUSED);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad_methods); i++) {
                struct http_request q = { .method = bad_methods[i] };

                expect(q, "/ok", HTTP_REFUSED);
        }
        expect((struct http_request) { .method = "POST", .body = "x", .body_size = 1 }, "/ok", HTTP_REFUSED);
        assert_int_equal(badserver_connections(server), 0);
}

/* --- Sent once --- */

/* libcurl repeats what it may repeat: the server does provoke it, and a request that is not unsafe is seen twice. */
static void repeatable_request_is_repeated_on_a_dead_connection(void)
{
        struct http_request q = post();

        q.repeatable = true;
        expect(get, "/ok", HTTP_REPLIED);
        expect(get, "/cut", HTTP_REPLIED);
        assert_int_equal(badserver_seen(server, "GET /cut"), 2);
        expect(q, "/cut", HTTP_REPLIED);
        assert_int_equal(badserver_seen(server, "POST /cut"), 2);
        expect(q, "/cut-reset", HTTP_REPLIED);
        assert_int_equal(badserver_seen(server, "POST /cut-reset"), 2);
}

static void unsafe_request_is_never_repeated(void)
{
        static const char *const methods[] = { "POST", "PUT", "PATCH", "DELETE" }, *const cuts[] = { "/cut", "/cut-reset" };

        for (size_t i = 0; i < ELEMENTSOF(methods); i++)
                for (size_t k = 0; k < ELEMENTSOF(cuts); k++) {
                        struct http_request q = post();
                        _cleanup_free_ char *seen = xasprintf("%s %s?", methods[i], cuts[k]);
                        _cleanup_free_ char *path = xasprintf("%s?%s", cuts[k], SECRET);

                        q.method = methods[i];
                        badserver_free(server);                  /* one that is not known for it yet */
                        server = badserver_new();
                        expect(get, "/ok", HTTP_REPLIED);
                        expect(q, path, HTTP_LOST);              /* on a connection of its own it would have been answered */
                        assert_int_equal(badserver_seen(server, seen), 1);
                }
}

static void server_that_closes_kept_connections_loses_one_unsafe_request_at_most(void)
{
        expect(get, "/ok", HTTP_REPLIED);
        expect(post(), "/cut", HTTP_LOST);
        for (int i = 0; i < 3; i++) {
                expect(get, "/ok", HTTP_REPLIED);
                expect(post(), "/cut", HTTP_REPLIED);            /* which cuts only what rides on a kept connection */
        }
}

static void unsafe_request_without_a_body_is_never_repeated(void)
{
        static const char *const methods[] = { "POST", "DELETE", "PUT" };

        for (size_t i = 0; i < ELEMENTSOF(methods); i++) {
                struct http_request q = { .method = methods[i] };
                _cleanup_free_ char *seen = xasprintf("%s /cut-always", methods[i]);
                unsigned before;

                expect(get, "/ok", HTTP_REPLIED);
                before = badserver_connections(server);
                expect(q, "/cut-always", HTTP_LOST);
                assert_int_equal(badserver_seen(server, seen), 1);
                assert_int_equal(badserver_connections(server), before + 1);             /* one of its own */
        }
}

/* The connection dies between the head and the body: no body was read yet that could not be rewound. */
static void unsafe_request_cut_behind_its_head_is_not_repeated(void)
{
        expect(get, "/ok", HTTP_REPLIED);
        dawdle = true;
        expect(post(), "/cut-head", HTTP_LOST);
        assert_int_equal(badserver_seen(server, "POST /cut-head"), 1);
}

static void large_unsafe_request_cut_half_way_is_lost(void)
{
        struct http_request q = post();
        _cleanup_free_ char *body = xcalloc(1, 3000001);

        memset(body, 'a', 3000000);
        q.body = body;
        q.body_size = 3000000;
        expect(get, "/ok", HTTP_REPLIED);
        expect(q, "/cut-head", HTTP_LOST);
        assert_int_equal(badserver_seen(server, "POST /cut-head"), 1);
}

static void unsafe_request_does_not_ride_on_a_connection_closed_while_idle(void)
{
        expect(get, "/no-length", HTTP_REPLIED);
        expect(get, "/ok", HTTP_REPLIED);
        badserver_free(server);                      /* closes it, and nobody listens */
        server = badserver_new();
        expect_body(post(), "/ok", 200, "{}");
        assert_int_equal(badserver_seen(server, "POST"), 1);
}

/* --- Nothing left us --- */

static void refused_connection_is_unsent(void)
{
        _cleanup_http_reply_ struct http_reply r;
        struct http_request q = post();

        q.url = "http://127.0.0.1:1/?" SECRET;
        assert_int_equal(perform(q, "", &r), HTTP_UNSENT);
        assert_string_equal(r.error, "connection refused by 127.0.0.1:1");
}

static void unknown_name_is_unsent(void)
{
        struct http_request q = post();

        q.url = "http://nowhere.test/?" SECRET;
        expect(q, "", HTTP_UNSENT);
}

static void slow_resolver_does_not_hold_up_the_loop(void)
{
        _cleanup_http_reply_ struct http_reply r;
        struct http_request q = post();

        q.url = "http://slow.test/";
        q.total_usec = 200 * USEC_PER_MSEC;
        assert_int_equal(perform(q, "", &r), HTTP_UNSENT);
        assert_true(r.took_usec < USEC_PER_SEC);
}

static void connection_that_never_opens_is_unsent(void)
{
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof a;
        int fds[8], l = socket(AF_INET, SOCK_STREAM, 0);
        _cleanup_free_ char *url = NULL;
        struct http_request q = post();

        assert_int_equal(bind(l, (struct sockaddr *) &a, size), 0);
        assert_int_equal(listen(l, 0), 0);
        assert_int_equal(getsockname(l, (struct sockaddr *) &a, &size), 0);
        for (size_t i = 0; i < ELEMENTSOF(fds); i++) {           /* fills its queue */
                fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                (void) connect(fds[i], (struct sockaddr *) &a, size);
        }
        q.url = url = xasprintf("http://127.0.0.1:%u/", (unsigned) ntohs(a.sin_port));
        q.total_usec = 300 * USEC_PER_MSEC;
        expect(q, "", HTTP_UNSENT);
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                close(fds[i]);
        close(l);
}

static void request_that_the_kernel_did_not_take_is_unsent(void)
{
        expect(get, "/ok", HTTP_REPLIED);
        send_error = EPIPE;
        expect(post(), "/ok", HTTP_UNSENT);
        assert_int_equal(send_error, 0);
        send_error = ECONNRESET;
        expect((struct http_request) { .method = "POST" }, "/ok", HTTP_UNSENT);
        assert_int_equal(send_error, 0);
        assert_int_equal(badserver_seen(server, "POST"), 0);
}

/* --- Replies that are whole, and that are not --- */

static void dates_are_read_in_all_the_forms_in_which_servers_write_them(void)
{
        static const struct {
                const char *text;
                int64_t sec;
        } cases[] = {
                { "Tue, 10 Jun 2003 04:00:00 GMT", 1055217600 }, { "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
                { "Sun Nov  6 08:49:37 1994", 784111777 }, { "10 Jun 2003 04:00 +0200", 1055210400 },
                { "Tue, 10 Jun 03 04:00:00 EST", 1055235600 }, { "10 Jun 2003", 1055203200 }, { "soon", 0 }, { "", 0 },
                { NULL, 0 },
                { "Thu, 99 Jun 2003 04:00:00 GMT", 0 }, { "Mon, 01 Jan 1900 00:00:00 GMT", 0 },
                { "Fri, 31 Dec 4775807", 0 },            /* more microseconds than there are numbers */
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (http_parse_date(cases[i].text) != cases[i].sec * USEC_PER_SEC)
                        fail_msg("%s: %lld", cases[i].text, (long long) http_parse_date(cases[i].text));
}

static void whole_replies_are_read(void)
{
        _cleanup_http_reply_ struct http_reply r;
        _cleanup_free_ char *one = NULL;

        assert_int_equal(perform(get, "/ok", &r), HTTP_REPLIED);
        one = http_header(&r, "X-ONE");
        assert_string_equal(one, "first");
        assert_null(http_header(&r, "X-On"));
        assert_null(http_header(&r, "HTTP/1.1 200 OK"));
        assert_string_equal(buffer_str(&r.headers), "X-One: first\r\nx-one: second\r\nContent-Length: 2\r\n");
        assert_true(r.took_usec > 0 && r.took_usec < 5 * USEC_PER_SEC);

        expect_body(post(), "/no-length", 200, "{\"id\":1}");
        expect_body(post(), "/half-close", 200, "{\"id\":1}");
        expect_body(post(), "/same-length", 200, "{\"id\":1}");
        expect_body(post(), "/chunked", 200, "{\"id\":1}");
        expect_body(post(), "/nothing", 204, "");
        expect_body(post(), "/early", 413, "{}");
        assert_int_equal(badserver_seen(server, "POST /half-close"), 1);
}

static void large_replies_are_read_whole(void)
{
        _cleanup_free_ char *line = xasprintf("%020000d", 0), *body = xasprintf("%0300000d", 1);
        const struct http_request q[] = { get, post() };

        for (size_t i = 0; i < ELEMENTSOF(q); i++) {
                _cleanup_http_reply_ struct http_reply r;
                _cleanup_free_ char *value = NULL;

                assert_int_equal(perform(q[i], "/large", &r), HTTP_REPLIED);
                value = http_header(&r, "X-Large");
                assert_string_equal(value, line);
                assert_string_equal(buffer_str(&r.body), body);
        }
}

static void trailer_is_not_taken_for_the_header(void)
{
        _cleanup_http_reply_ struct http_reply r;

        assert_int_equal(perform(get, "/chunked", &r), HTTP_REPLIED);
        assert_null(http_header(&r, "X-Trailer"));
}

static void provisional_replies_are_skipped(void)
{
        _cleanup_http_reply_ struct http_reply r;

        assert_int_equal(perform(post(), "/provisional", &r), HTTP_REPLIED);
        assert_int_equal(r.status, 200);
        assert_null(http_header(&r, "X-Early"));
        assert_string_equal(buffer_str(&r.body), "{}");
}

static void cut_replies_are_lost(void)
{
        static const char *const paths[] = {
                "/cut-always", "/rst-mid", "/rst-mid-no-length", "/long-length", "/chunk-cut", "/chunk-bad", "/half-close-silent",
                "/double-length", "/double-length-down", "/list-length", "/minus-length", "/huge-length", "/provisional-cut",
                "/http09", "/not-gzip", "/odd-encoding", "/upgrade",
        };

        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                _cleanup_http_reply_ struct http_reply r;
                struct http_request q = post();

                q.total_usec = USEC_PER_SEC;
                if (perform(q, paths[i], &r) != HTTP_LOST)
                        fail_msg("%s: fate %d, status %u", paths[i], (int) r.fate, (unsigned) r.status);
                assert_int_equal(r.body.size, 0);
                expect((struct http_request) { .method = "GET", .total_usec = USEC_PER_SEC }, paths[i], HTTP_LOST);
        }
        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                _cleanup_free_ char *seen = xasprintf("POST %s", paths[i]);

                assert_int_equal(badserver_seen(server, seen),
                                 1 + streq(paths[i], "/rst-mid") + streq(paths[i], "/double-length"));
        }
}

static void status_of_a_cut_reply_is_told(void)
{
        _cleanup_http_reply_ struct http_reply r;

        assert_int_equal(perform(post(), "/long-length", &r), HTTP_LOST);
        assert_int_equal(r.status, 201);
}

/* What is behind a reply, or comes unasked, is not the answer to the next request. */
static void stray_bytes_are_not_the_next_reply(void)
{
        expect_body(get, "/short-length", 200, "{\"i");
        expect_body(get, "/ok", 200, "{}");
        expect_body(get, "/stray-at-once", 200, "{}");
        expect_body(get, "/ok", 200, "{}");
        for (unsigned i = 0; i < 2; i++) {
                expect_body(get, "/stray", 200, "{}");
                while (badserver_strays(server) <= i)
                        assert_int_equal(task_sleep_until(mono_usec() + 10 * USEC_PER_MSEC), 0);
                assert_int_equal(task_sleep_until(mono_usec() + 50 * USEC_PER_MSEC), 0);
                expect_body(i ? post() : get, "/ok", 200, "{}");
        }
}

/* --- Bounds --- */

static void endless_replies_are_bounded(void)
{
        static const char *const paths[] = {
                "/endless-headers", "/endless-line", "/endless-1xx", "/endless-trailer", "/endless-body", "/bomb",
        };

        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                _cleanup_http_reply_ struct http_reply r;

                if (perform(post(), paths[i], &r) != HTTP_LOST)
                        fail_msg("%s: fate %d, status %u", paths[i], (int) r.fate, (unsigned) r.status);
                assert_true(r.took_usec < 30 * USEC_PER_SEC);
                assert_int_equal(r.body.allocated, 0);
                assert_true(r.headers.allocated <= 2 * HTTP_HEADERS_MAX);
        }
}

static void body_is_bounded_as_asked(void)
{
        struct http_request q = get;

        q.max_body = 8;
        expect_body(q, "/no-length", 200, "{\"id\":1}");
        q.max_body = 7;
        expect(q, "/no-length", HTTP_LOST);
}

static void silence_ends_with_the_time_given(void)
{
        _cleanup_http_reply_ struct http_reply r;
        struct http_request q = post();

        q.total_usec = 150 * USEC_PER_MSEC;
        assert_int_equal(perform(q, "/silent", &r), HTTP_LOST);
        assert_in_range(r.took_usec, 140 * USEC_PER_MSEC, USEC_PER_SEC);
        q.method = "GET";
        q.total_usec = 1;
        expect(get, "/ok", HTTP_REPLIED);
}

static void redirects_are_reported_and_not_followed(void)
{
        static const char *const targets[] = {
                "/ok", "file:///etc/passwd", "gopher://127.0.0.1:1/", "http://169.254.169.254/", "http://[::ffff:127.0.0.1]/",
                "http://0x7f.1/", "//other.test/",
        };

        for (size_t i = 0; i < ELEMENTSOF(targets); i++) {
                _cleanup_http_reply_ struct http_reply r;
                _cleanup_free_ char *path = xasprintf("/redirect/%s", targets[i]), *location = NULL;
                struct http_request q = get;

                q.bearer = SECRET;
                assert_int_equal(perform(q, path, &r), HTTP_REPLIED);
                assert_int_equal(r.status, 302);
                location = http_header(&r, "location");
                assert_string_equal(location, targets[i]);
        }
        assert_int_equal(badserver_seen(server, "GET /ok"), 0);
        assert_int_equal(badserver_seen(server, "GET"), ELEMENTSOF(targets));
}

/* --- The guard --- */

static void guarded_request_reaches_public_addresses_only(void)
{
        static const char *const hosts[] = {
                "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "0x7f.1", "2130706433", "0177.0.0.1", "127.1", "0",
                "localhost", "LOCALHOST", "a.localhost", "desk.test", "private.test", "metadata.test", "mapped.test",
                "169.254.169.254", "10.1.2.3", "[fe80::1]", "[64:ff9b::7f00:1]", "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1",
        };

        expect(get, "/ok", HTTP_REPLIED);            /* leaves a kept connection to the very same server */
        for (size_t i = 0; i < ELEMENTSOF(hosts); i++) {
                _cleanup_free_ char *url = xasprintf("http://%s:%u/ok?%s", hosts[i], (unsigned) badserver_port(server), SECRET);

                expect(guarded(url), "", HTTP_REFUSED);
        }
        assert_int_equal(badserver_seen(server, "GET"), 1);
        assert_int_equal(badserver_connections(server), 1);

        expect_body(guarded("http://public.test/ok"), "", 200, "{}");
        expect_body(guarded("http://8.8.8.8/ok"), "", 200, "{}");
        expect_body(guarded("http://8.8.8.8/ok"), "", 200, "{}");
        assert_int_equal(public_connects, 3);        /* each on its own connection */
        expect_body((struct http_request) { .method = "GET", .url = "http://8.8.8.8/ok" }, "", 200, "{}");
        assert_int_equal(public_connects, 4);        /* which nobody gets after it */
        expect(get, "/ok", HTTP_REPLIED);
        assert_int_equal(badserver_connections(server), 5);
}

/* libcurl keeps the buffer of a request that had no connection, and that for answers to unsafe ones is small. */
static void large_reply_is_read_whole_after_requests_that_went_nowhere(void)
{
        static const char *const hosts[] = {
                "127.0.0.1", "desk.test", "no.such.name.test", "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1",
        };

        for (size_t i = 0; i < ELEMENTSOF(hosts); i++) {
                _cleanup_free_ char *url = xasprintf("http://%s:%u/ok", hosts[i], (unsigned) badserver_port(server));
                _cleanup_http_reply_ struct http_reply nowhere, r;
                struct http_request q = post();

                q.url = url;
                q.guarded = true;
                assert_int_not_equal(perform(q, "", &nowhere), HTTP_REPLIED);
                assert_int_equal(perform(get, "/large", &r), HTTP_REPLIED);
                assert_int_equal(r.body.size, 300000);
        }
}

static void guarded_request_through_a_proxy_is_judged_by_its_address(void)
{
        static const char *const hosts[] = {
                "127.0.0.1", "0x7f.1", "[::1]", "localhost", "localhost.", "10.0.0.1.", "[fd00::1]",
        };
        _cleanup_free_ char *proxy = at("");
        struct http_request q = { .method = "GET", .url = "http://public.test/ok", .guarded = true, .proxy = proxy };
        _cleanup_free_ char *last = NULL;

        expect_body(q, "", 200, "{}");
        last = badserver_last(server);
        assert_true(startswith(last, "GET http://public.test/ok HTTP/1.1\r\n"));
        for (size_t i = 0; i < ELEMENTSOF(hosts); i++) {
                _cleanup_free_ char *url = xasprintf("http://%s/ok", hosts[i]);

                q.url = url;
                expect(q, "", HTTP_REFUSED);
        }
        assert_int_equal(badserver_seen(server, "GET"), 1);
}

static void proxy_is_not_told_the_token(void)
{
        _cleanup_free_ char *proxy = xasprintf("http://user:%s@127.0.0.1:%u", SECRET, (unsigned) badserver_port(server)),
                            *last = NULL;
        struct http_request q = post();

        q.url = "https://desk.test/ok";
        q.bearer = "othert0ken";
        q.proxy = proxy;
        (void) setenv("no_proxy", "desk.test", 1);
        expect(q, "", HTTP_UNSENT);                  /* the tunnel is refused: CONNECT left us, the request did not */
        (void) unsetenv("no_proxy");
        last = badserver_last(server);
        assert_true(startswith(last, "CONNECT desk.test:443 "));
        assert_null(strstr(last, "othert0ken"));
        q.proxy = "http://user:" SECRET "@127.0.0.1:1";
        expect(q, "", HTTP_UNSENT);
        q.proxy = "bad://user:" SECRET "@127.0.0.1:1";
        expect(q, "", HTTP_UNSENT);
        q.proxy = "http://user:" SECRET "@127.0.0.1:99999999";
        expect(q, "", HTTP_UNSENT);
}

static void addresses_are_told_apart(void)
{
        static const char *const yes[] = {
                "8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "192.0.1.0", "223.255.255.255",
                "11.0.0.0", "198.17.255.255", "198.20.0.0", "2606:4700::1111", "2001:200::1", "2a00::1", "::ffff:8.8.8.8",
                "64:ff9b::808:808", "2002:808:808::1",
        }, *const no[] = {
                "0.0.0.0", "0.1.2.3", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
                "127.255.255.255",
                "169.254.0.0", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1",
                "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
                "239.255.255.255", "240.0.0.0", "255.255.255.255", "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1",
                "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a00:1::1",
                "2002:c0a8:1::", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fdff::1", "ff02::1", "2001:db8::1", "2001::1",
                "2001:10::1", "2001:20::1", "2001:1ff::1", "3fff::1", "3fff:fff::1", "100::1", "5f00::1",
        };

        for (size_t i = 0; i < ELEMENTSOF(yes) + ELEMENTSOF(no); i++) {
                const char *s = i < ELEMENTSOF(yes) ? yes[i] : no[i - ELEMENTSOF(yes)];
                struct sockaddr_in in = { .sin_family = AF_INET };
                struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
                struct sockaddr *sa = inet_pton(AF_INET, s, &in.sin_addr) == 1 ? (struct sockaddr *) &in
                                                                               : (struct sockaddr *) &in6;

                assert_true(sa->sa_family == AF_INET || inet_pton(AF_INET6, s, &in6.sin6_addr) == 1);
                if (address_is_public(sa) != (i < ELEMENTSOF(yes)))
                        fail_msg("%s", s);
        }
        assert_false(address_is_public(&(struct sockaddr) { .sa_family = AF_UNIX }));
}

static void urls_are_told_apart(void)
{
        static const char *const good[] = {
                "http://a", "https://a.example.test/", "HTTP://A:80/", "http://[::1]:8080/x?y#z", "http://a?x", "http://a#f",
                "http://\xc3\xbc.test/\xc3\xbc", "http://a_b.test/@x:y",
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_int_equal(http_check_url(good[i]), 0);
        assert_int_equal(http_check_url("http://u@a/"), -EINVAL);
        assert_true(http_same_origin("http://a/x", "HTTP://A:80?y"));
        assert_true(http_same_origin("https://a/x", "https://a:443/"));
        assert_true(http_same_origin("https://[::1]/x", "https://[::1]:443/"));
        assert_false(http_same_origin("http://a/", "https://a/"));
        assert_false(http_same_origin("http://a:80/", "https://a:80/"));
        assert_false(http_same_origin("http://a/", "http://a:81/"));
        assert_false(http_same_origin("http://a/", "http://ab/"));
        assert_false(http_same_origin("http://a/", "http://a@b/"));
        assert_false(http_same_origin("/a", "/a"));
}

/* --- Interruptions --- */

struct side {
        struct http_request request;
        const char *path;
        struct http_reply reply;
        struct task *task, *parent;
        bool ended;
};

static void side_run(void *data)
{
        struct side *s = data;

        (void) perform(s->request, s->path, &s->reply);
}

static void side_done(void *data)
{
        struct side *s = data;

        s->ended = true;
        task_wake(s->parent);
}

static void side_start(struct side *s)
{
        s->parent = task_self();
        s->task = task_start(loop, "side", side_run, side_done, s);
}

static void side_wait(struct side *s)
{
        while (!s->ended)
                assert_int_equal(task_wait(), 0);
}

static enum http_fate interrupted_fate(struct http_request q, const char *path, bool by_deadline)
{
        struct side s = { .request = q, .path = path };
        enum http_fate fate;

        side_start(&s);
        if (by_deadline)
                task_set_deadline(s.task, mono_usec() + 50 * USEC_PER_MSEC);
        else {
                assert_int_equal(task_sleep_until(mono_usec() + 50 * USEC_PER_MSEC), 0);
                task_cancel(s.task);
        }
        side_wait(&s);
        fate = s.reply.fate;
        assert_true(s.reply.took_usec < USEC_PER_SEC);
        http_reply_done(&s.reply);
        return fate;
}

static void interrupted_request_ends_at_once(void)
{
        struct http_request slow = post();

        slow.url = "http://slow.test/";
        for (int by_deadline = 0; by_deadline < 2; by_deadline++) {
                assert_int_equal(interrupted_fate(get, "/silent", by_deadline), HTTP_CANCELED);
                assert_int_equal(interrupted_fate(post(), "/silent", by_deadline), HTTP_LOST);
                assert_int_equal(interrupted_fate(post(), "/trickle", by_deadline), HTTP_LOST);
                assert_int_equal(interrupted_fate(slow, "", by_deadline), HTTP_CANCELED);
        }
        expect_body(post(), "/ok", 200, "{}");
}

static void canceled_task_sends_nothing(void)
{
        struct side s = { .request = post(), .path = "/ok" };

        side_start(&s);
        task_cancel(s.task);
        side_wait(&s);
        assert_int_equal(s.reply.fate, HTTP_CANCELED);
        http_reply_done(&s.reply);
        assert_int_equal(badserver_connections(server), 0);
}

/* --- Many --- */

static void many_requests_run_at_once(void)
{
        static struct side sides[64];

        memset(sides, 0, sizeof sides);
        for (size_t i = 0; i < ELEMENTSOF(sides); i++) {
                sides[i] = (struct side) { .request = i % 2 ? post() : get, .path = "/late-50ms" };
                side_start(&sides[i]);
        }
        for (size_t i = 0; i < ELEMENTSOF(sides); i++) {
                side_wait(&sides[i]);
                assert_int_equal(sides[i].reply.fate, HTTP_REPLIED);
                http_reply_done(&sides[i].reply);
        }
        assert_int_equal(badserver_connections(server), 64);
        for (size_t i = 0; i < ELEMENTSOF(sides); i++) {
                sides[i] = (struct side) { .request = get, .path = "/ok" };
                side_start(&sides[i]);
        }
        for (size_t i = 0; i < ELEMENTSOF(sides); i++) {
                side_wait(&sides[i]);
                http_reply_done(&sides[i].reply);
        }
        assert_int_equal(badserver_connections(server), 64);     /* all were kept */
}

static void kept_connection_costs_no_timer_per_request(void)
{
        for (int i = 0; i < 200; i++)
                expect(i % 2 ? post() : get, "/ok", HTTP_REPLIED);
        assert_int_equal(badserver_connections(server), 1);
        print_message("timerfd_settime in 200 requests: %u\n", timers_set);
        assert_true(timers_set <= 10);
}

/* --- Slow things, all at once --- */

static void slowness_is_bounded_and_thinking_is_not_slowness(void)
{
        struct side trickled = { .request = post(), .path = "/trickle" }, thought = { .request = post(), .path = "/late-22s" };

        expect(get, "/ok", HTTP_REPLIED);
        side_start(&trickled);
        side_start(&thought);
        while (badserver_connections(server) < 2)    /* the first of them took the kept connection */
                assert_int_equal(task_sleep_until(mono_usec() + USEC_PER_MSEC), 0);
        expect(get, "/ok", HTTP_REPLIED);
        assert_int_equal(badserver_connections(server), 3);
        assert_int_equal(task_sleep_until(mono_usec() + 3 * USEC_PER_SEC), 0);
        expect(post(), "/ok", HTTP_REPLIED);
        assert_int_equal(badserver_connections(server), 3);
        assert_int_equal(task_sleep_until(mono_usec() + 6 * USEC_PER_SEC), 0);
        expect(post(), "/ok", HTTP_REPLIED);         /* not on one that a server may be about to close */
        assert_int_equal(badserver_connections(server), 4);

        side_wait(&trickled);
        assert_int_equal(trickled.reply.fate, HTTP_LOST);
        assert_in_range(trickled.reply.took_usec, 19 * USEC_PER_SEC, 23 * USEC_PER_SEC);
        side_wait(&thought);
        assert_int_equal(thought.reply.fate, HTTP_REPLIED);
        http_reply_done(&trickled.reply);
        http_reply_done(&thought.reply);
}

/* --- TLS --- */

struct tls {
        pid_t pid;
        FILE *out;
        unsigned port;
        char *said;              /* all that it told about its connections */
};

static void sh(const char *command)
{
        assert_int_equal(system(command), 0);
}

static struct tls tls_start(const char *dir, const char *name)
{
        struct tls t = { .port = 0 };
        _cleanup_free_ char *cert = xasprintf("%s/%s.pem", dir, name), *key = xasprintf("%s/key.pem", dir);
        char *line = NULL;
        size_t size = 0;
        int fds[2];

        assert_int_equal(pipe(fds), 0);
        t.pid = fork();
        if (t.pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void) dup2(fds[1], 1);
                (void) dup2(fds[1], 2);
                (void) execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", cert, "-key", key, "-www",
                              NULL);
                _exit(127);
        }
        close(fds[1]);
        t.out = fdopen(fds[0], "r");
        while (!t.port && getline(&line, &size, t.out) > 0)
                (void) sscanf(line, "ACCEPT %*[^:]:%u", &t.port);
        free(line);
        assert_true(t.port > 0);
        return t;
}

static void tls_stop(struct tls *t)
{
        (void) kill(t->pid, SIGKILL);
        (void) waitpid(t->pid, NULL, 0);
        (void) fclose(t->out);
}

static void tls_is_verified(void)
{
        char dir[] = "/tmp/test-http-XXXXXX";
        _cleanup_free_ char *make = NULL, *remove = NULL;
        static const struct { const char *name, *ca, *error; enum http_fate fate; } cases[] = {
                { "good", "good", "", HTTP_REPLIED },
                { "good", NULL, "self-signed", HTTP_UNSENT },
                { "other", "other", "match", HTTP_UNSENT },
                { "expired", "expired", "expired", HTTP_UNSENT },
                { "good", "absent", "CA file", HTTP_UNSENT },
                { "good", "other", "self-signed", HTTP_UNSENT },
        };

        assert_non_null(mkdtemp(dir));
        make = xasprintf("cd %s && exec >log 2>&1 && openssl ecparam -name prime256v1 -genkey -noout -out key.pem &&"
                         "openssl req -x509 -new -key key.pem -subj /CN=a -days 2 -addext subjectAltName=IP:127.0.0.1 -out"
                         " good.pem &&"
                         "openssl req -x509 -new -key key.pem -subj /CN=b -days 2 -addext subjectAltName=DNS:other.test -out"
                         " other.pem &&"
                         "openssl req -new -key key.pem -subj /CN=c -addext subjectAltName=IP:127.0.0.1 -out c.csr &&"
                         "touch index && echo 01 >serial && printf"
                         " '[ca]\\ndefault_ca=d\\n[d]\\nnew_certs_dir=.\\ndatabase=index\\n"
                         "serial=serial\\ndefault_md=sha256\\npolicy=p\\ncopy_extensions=copy\\n[p]\\ncommonName=supplied\\n'"
                         " >ca.cnf &&"
                         "openssl ca -config ca.cnf -batch -selfsign -keyfile key.pem -in c.csr -startdate 20200101000000Z "
                         "-enddate 20200201000000Z -notext -out expired.pem", dir);
        sh(make);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct tls t = tls_start(dir, cases[i].name);
                _cleanup_free_ char *url = xasprintf("https://127.0.0.1:%u/?%s", t.port, SECRET);
                _cleanup_free_ char *ca = cases[i].ca ? xasprintf("%s/%s.pem", dir, cases[i].ca) : NULL;
                _cleanup_http_reply_ struct http_reply r;
                struct http_request q = { .method = "GET", .url = url, .bearer = SECRET, .ca_file = ca };

                if (perform(q, "", &r) != cases[i].fate)
                        fail_msg("%s with %s: fate %d: %s", cases[i].name, strempty(cases[i].ca), (int) r.fate,
                                 strempty(r.error));
                assert_non_null(strstr(strempty(r.error), cases[i].error));
                if (r.fate == HTTP_REPLIED)
                        assert_non_null(strstr(buffer_str(&r.body), "s_server"));
                tls_stop(&t);
        }
        remove = xasprintf("rm -r %s", dir);
        sh(remove);
}

static void tls_never_falls_back_to_plain(void)
{
        _cleanup_free_ char *url = xasprintf("https://127.0.0.1:%u/ok", (unsigned) badserver_port(server));
        struct http_request q = post();

        q.url = url;
        q.bearer = SECRET;
        q.total_usec = USEC_PER_SEC;
        expect(q, "", HTTP_UNSENT);
        assert_int_equal(badserver_seen(server, ""), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(request_is_sent_as_given),
                TEST(request_leaves_nothing_behind_for_the_next),
                TEST(methods_are_sent_with_their_lengths),
                TEST(large_body_arrives_whole),
                TEST(environment_is_not_asked_for_a_proxy),
                TEST(malformed_requests_are_refused),
                TEST(repeatable_request_is_repeated_on_a_dead_connection),
                TEST(unsafe_request_is_never_repeated),
                TEST(server_that_closes_kept_connections_loses_one_unsafe_request_at_most),
                TEST(unsafe_request_without_a_body_is_never_repeated),
                TEST(unsafe_request_cut_behind_its_head_is_not_repeated),
                TEST(large_unsafe_request_cut_half_way_is_lost),
                TEST(unsafe_request_does_not_ride_on_a_connection_closed_while_idle),
                TEST(refused_connection_is_unsent),
                TEST(unknown_name_is_unsent),
                TEST(slow_resolver_does_not_hold_up_the_loop),
                TEST(connection_that_never_opens_is_unsent),
                TEST(request_that_the_kernel_did_not_take_is_unsent),
                TEST(dates_are_read_in_all_the_forms_in_which_servers_write_them),
                TEST(whole_replies_are_read),
                TEST(large_replies_are_read_whole),
                TEST(trailer_is_not_taken_for_the_header),
                TEST(provisional_replies_are_skipped),
                TEST(cut_replies_are_lost),
                TEST(status_of_a_cut_reply_is_told),
                TEST(stray_bytes_are_not_the_next_reply),
                TEST(endless_replies_are_bounded),
                TEST(body_is_bounded_as_asked),
                TEST(silence_ends_with_the_time_given),
                TEST(redirects_are_reported_and_not_followed),
                TEST(guarded_request_reaches_public_addresses_only),
                TEST(large_reply_is_read_whole_after_requests_that_went_nowhere),
                TEST(guarded_request_through_a_proxy_is_judged_by_its_address),
                TEST(proxy_is_not_told_the_token),
                TEST(addresses_are_told_apart),
                TEST(urls_are_told_apart),
                TEST(interrupted_request_ends_at_once),
                TEST(canceled_task_sends_nothing),
                TEST(many_requests_run_at_once),
                TEST(kept_connection_costs_no_timer_per_request),
                TEST(tls_is_verified),
                TEST(tls_never_falls_back_to_plain),
                TEST(slowness_is_bounded_and_thinking_is_not_slowness),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
