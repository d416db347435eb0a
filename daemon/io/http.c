/* SPDX-License-Identifier: MIT
 *
 * HTTP requests: one libcurl multi handle on the loop, and http_perform(), which a task calls and waits in.  Owns
 * the connections, and easy handles for reuse.  The rules are in http.h; what is said here about libcurl was measured
 * with 7.88.1, and tests/unit/test_http.c fails where it does not hold.
 *
 * How an unsafe request stays single.  libcurl repeats a request by itself when a kept connection dies before the
 * first byte of the reply.  But it calls on_prereq() each time before it puts a request on a connection, and there the
 * second time is refused.  (A body that cannot be rewound stops it only if some of the body had left: a connection that
 * died behind the head got the request twice.)  A request without a body gets a connection of its own: it is rare, and
 * so it cannot be lost by meeting an idle connection's end.
 */
#include "io/http.h"

#include "base/clock.h"
#include "io/address.h"
#include "io/head.h"
#include "io/multi.h"
#include "io/url.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <strings.h>

#define POOL_MAX 64                      /* idle easy handles, 6 KB each: as many as requests are usually in flight */
#define READ_SIZE 16384                  /* at a time; as long as a request is in flight it has a buffer of this size */
#define READ_SIZE_UNSAFE 2048            /* those are many at once, and answered with some 100 bytes */

struct http {
        struct loop *loop;
        struct multi *multi;
        char *user_agent;
        bool has_ca_bundle;              /* libcurl's own; to ask it is to have it write the versions of all that it uses */
        CURL *pool[POOL_MAX];
        unsigned n_pool;
};

struct transfer {
        struct http *http;
        const struct http_request *request;
        struct http_reply *reply;
        struct url url;
        char *server;                    /* for messages */
        unsigned origin;                 /* of multi */
        struct task *task;
        CURL *easy;
        struct curl_slist *headers;      /* an array; the strings are the caller's, but for bearer */
        char *bearer;
        bool unsafe;

        unsigned begun;                  /* times that the request was put on a connection */
        bool opened, guard_refused;
        int open_error;                  /* why there is no socket */

        struct head head;
        size_t proxy_bytes;
        const char *broken;              /* the rule of ours that the reply broke */
        struct loop_timer slow_timer;    /* runs from the final status line on */
        uint64_t received, received_before;

        bool done;
        CURLcode result;
        char detail[CURL_ERROR_SIZE];
};

static void on_done(void *private, int result)
{
        struct transfer *t = private;

        t->done = true;
        t->result = (CURLcode) result;
        task_wake(t->task);
}

int http_new(struct loop *l, const char *user_agent, struct http **ret)
{
        struct http *h;
        struct multi *m;
        int r;

        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                abort();
        (void) signal(SIGPIPE, SIG_IGN);  /* OpenSSL writes with write(2), which cannot be told not to */
        r = multi_new(l, on_done, &m);
        if (r < 0)
                return r;
        h = xcalloc(1, sizeof *h);
        *h = (struct http) { .loop = l, .multi = m, .user_agent = xstrdup(user_agent),
                            .has_ca_bundle = curl_version_info(CURLVERSION_NOW)->cainfo };
        *ret = h;
        return 0;
}

void http_free(struct http *h)
{
        while (h->n_pool > 0)
                curl_easy_cleanup(h->pool[--h->n_pool]);
        multi_free(h->multi);
        curl_global_cleanup();
        free(h->user_agent);
        free(h);
}

/* --- What libcurl asks of a transfer --- */

static int on_prereq(void *data, char *peer _unused_, char *local _unused_, int peer_port _unused_,
                     int local_port _unused_)
{
        struct transfer *t = data;

        t->begun++;
        t->head.stage = HEAD_STATUS;
        return t->unsafe && t->begun > 1 ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static curl_socket_t on_open(void *data, curlsocktype purpose _unused_, struct curl_sockaddr *a)
{
        struct transfer *t = data;
        int fd;

        if (t->request->guarded && isempty(t->request->proxy) && !address_is_public(&a->addr)) {
                t->guard_refused = true;
                return CURL_SOCKET_BAD;
        }
        fd = multi_open(t->http->multi, a->family, a->socktype, a->protocol, t->origin);
        if (fd < 0) {
                t->open_error = errno;
                return CURL_SOCKET_BAD;
        }
        t->opened = true;
        return fd;
}

static int on_close(void *data, curl_socket_t fd)
{
        return multi_close(data, fd);
}

static size_t on_write(char *p, size_t size, size_t n, void *data)
{
        struct transfer *t = data;

        n *= size;
        t->received += n;
        if (buffer_append(&t->reply->body, p, n) < 0) {
                t->broken = "its body is too large";
                return n + 1;            /* an error, also where n is 0 */
        }
        return n;
}

static void on_slow_timer(struct loop_timer *timer)
{
        struct transfer *t = CONTAINER_OF(timer, struct transfer, slow_timer);

        if (t->received - t->received_before < (uint64_t) HTTP_SLOW_BYTES * HTTP_SLOW_SECONDS) {
                t->broken = "it came too slowly";
                task_wake(t->task);
                return;
        }
        t->received_before = t->received;
        loop_timer_set(t->http->loop, timer, mono_usec() + HTTP_SLOW_SECONDS * USEC_PER_SEC);
}

static size_t on_header(char *line, size_t size, size_t n, void *data)
{
        struct transfer *t = data;

        n *= size;
        t->received += n;
        if (!t->begun) {                 /* the proxy's answer to CONNECT */
                t->proxy_bytes += n;
                return t->proxy_bytes <= HTTP_HEADERS_MAX ? n : n + 1;
        }
        if (head_take(&t->head, &t->reply->headers, line, n) < 0) {
                t->broken = t->head.broken;
                return n + 1;
        }
        if (t->head.status >= 200 && !t->slow_timer.index)
                loop_timer_set(t->http->loop, &t->slow_timer, mono_usec() + HTTP_SLOW_SECONDS * USEC_PER_SEC);
        return n;
}

/* --- Setting up --- */

static const char *refuse(const struct http_request *q, struct url *ret_url)
{
        bool typed = false;

        if (url_parse(q->url, ret_url) < 0)
                return "not an http or https URL, or one with credentials, blanks or controls";
        if (!head_is_token(q->method))
                return "the method of the request is malformed";
        for (const char *const *p = q->headers; p && *p; p++) {
                const char *why = head_refuse(*p);

                if (why)
                        return why;
                if (strncasecmp(*p, "Content-Type:", 13) == 0)
                        typed = true;
        }
        if (q->bearer && (!*q->bearer || head_has_controls(q->bearer) || strpbrk(q->bearer, " \t")))
                return "the token is malformed";
        if (q->body && q->body_size > 0 && (!typed || streq(q->method, "HEAD")))
                return typed ? "a HEAD request has no body" : "a body needs a Content-Type";
        if (q->guarded && !isempty(q->proxy)) {
                _cleanup_free_ char *host = xstrndup(ret_url->host, ret_url->host_size);

                if (!address_host_may_be_public(host))
                        return "its address is not public";
        }
        return NULL;
}

static struct curl_slist *next_header(struct curl_slist *list, size_t *n, const char *line)
{
        list[*n].data = (char *) line;
        if (*n > 0)
                list[*n - 1].next = &list[*n];
        ++*n;
        return list;
}

/* libcurl only reads the list; an array spares a copy of each line, of the token above all. */
static void build_headers(struct transfer *t)
{
        const struct http_request *q = t->request;
        size_t n = 0, max = 3;

        for (const char *const *p = q->headers; p && *p; p++)
                max++;
        t->headers = xcalloc(max, sizeof *t->headers);
        (void) next_header(t->headers, &n, "Expect:");        /* no waiting for 100-continue */
        (void) next_header(t->headers, &n, "Content-Type:");  /* not libcurl's; the caller's, later in the list, counts */
        for (const char *const *p = q->headers; p && *p; p++)
                (void) next_header(t->headers, &n, *p);
        if (q->bearer) {
                t->bearer = xasprintf("Authorization: Bearer %s", q->bearer);
                (void) next_header(t->headers, &n, t->bearer);
        }
}

static long msec(int64_t usec)
{
        return (long) MAX((usec + USEC_PER_MSEC - 1) / USEC_PER_MSEC, INT64_C(1));   /* 0 would be none */
}

static CURLcode set_up(struct transfer *t)
{
        const struct http_request *q = t->request;
        bool body = q->body && q->body_size > 0, get = streq(q->method, "GET"), head = streq(q->method, "HEAD");
        bool fresh = q->guarded || (t->unsafe && (!body || multi_is_hasty(t->http->multi, t->origin)));
        CURLcode r = CURLE_OK;

#define SET(option, value) (r = r != CURLE_OK ? r : curl_easy_setopt(t->easy, CURLOPT_##option, (value)))
        SET(PRIVATE, (char *) t);
        SET(ERRORBUFFER, t->detail);
        SET(NOSIGNAL, 1L);
        SET(QUICK_EXIT, 1L);             /* else giving up waits for a slow resolver, and the loop with it */

        SET(URL, q->url);
        SET(PROTOCOLS_STR, "http,https");
        SET(HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);      /* all rules here were measured on 1.1 */
        SET(FOLLOWLOCATION, 0L);
        SET(NETRC, (long) CURL_NETRC_IGNORED);
        SET(USERAGENT, t->http->user_agent);
        SET(ACCEPT_ENCODING, "");        /* all that libcurl can decode */
        SET(PROXY, strempty(q->proxy));  /* "": not from the environment */
        SET(NOPROXY, "");
        SET(HEADEROPT, (long) CURLHEADER_SEPARATE);           /* ours are not for the proxy */
        SET(HTTPHEADER, t->headers);
        SET(IPRESOLVE, q->ip_version == 4   ? (long) CURL_IPRESOLVE_V4
                       : q->ip_version == 6 ? (long) CURL_IPRESOLVE_V6
                                            : (long) CURL_IPRESOLVE_WHATEVER);

        SET(SSL_VERIFYPEER, 1L);
        SET(SSL_VERIFYHOST, 2L);
        SET(SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
        /* With a directory beside the file libcurl reads the file anew for each connection: 40 ms instead of 1. */
        if (!isempty(q->ca_file) || t->http->has_ca_bundle)
                SET(CAPATH, NULL);
        if (!isempty(q->ca_file))
                SET(CAINFO, q->ca_file);

        SET(CONNECTTIMEOUT_MS, msec(HTTP_CONNECT_USEC));
        SET(TIMEOUT_MS, msec(q->total_usec ? q->total_usec : HTTP_TOTAL_USEC));
        SET(FRESH_CONNECT, fresh ? 1L : 0L);
        SET(FORBID_REUSE, q->guarded ? 1L : 0L);
        if (t->unsafe)
                SET(MAXAGE_CONN, (long) MULTI_IDLE_SECONDS);

        SET(PREREQFUNCTION, on_prereq);
        SET(PREREQDATA, t);
        SET(OPENSOCKETFUNCTION, on_open);
        SET(OPENSOCKETDATA, t);
        SET(CLOSESOCKETFUNCTION, on_close);
        SET(CLOSESOCKETDATA, t->http->multi);   /* the connection outlives the transfer */
        SET(HEADERFUNCTION, on_header);
        SET(HEADERDATA, t);
        SET(WRITEFUNCTION, on_write);
        SET(WRITEDATA, t);

        if (body || streq(q->method, "POST") || streq(q->method, "PUT") || streq(q->method, "PATCH")) {
                SET(POST, 1L);           /* says the length, also if it is 0 */
                SET(POSTFIELDSIZE_LARGE, (curl_off_t) (body ? q->body_size : 0));
                SET(POSTFIELDS, body ? q->body : "");
        }
        if (head)
                SET(NOBODY, 1L);
        else if (!get || body)
                SET(CUSTOMREQUEST, q->method);
#undef SET
        return r;
}

/* A handle whose last request never got as far as a connection may still have its buffer, and libcurl would read into that
 * by the size that the handle has now: curl_easy_reset() puts it back to 16 KB.  But then it refuses to be told a size. */
static CURL *take_easy(struct http *h, long read_size)
{
        CURL *easy = h->n_pool > 0 ? h->pool[--h->n_pool] : curl_easy_init();

        if (easy && curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, read_size) != CURLE_OK) {
                curl_easy_cleanup(easy);
                easy = curl_easy_init();
                if (easy)
                        (void) curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, read_size);
        }
        if (!easy)
                out_of_memory();
        return easy;
}

static void give_easy(struct http *h, CURL *easy)
{
        curl_easy_reset(easy);
        if (h->n_pool < POOL_MAX)
                h->pool[h->n_pool++] = easy;
        else
                curl_easy_cleanup(easy);
}

/* --- Judging --- */

/* One sentence.  Without the path and query of the URL: they may hold secrets. */
static char *explain(const struct transfer *t, bool left)
{
        /* libcurl's own words may repeat the proxy, with its password. */
        const char *detail = *t->detail && isempty(t->request->proxy) ? t->detail : curl_easy_strerror(t->result);
        const char *ca = "SSL certificate problem: ";
        long error = t->open_error;

        if (left) {
                if (t->result == CURLE_SEND_FAIL_REWIND || t->result == CURLE_ABORTED_BY_CALLBACK)
                        detail = "the connection was closed before it came";
                else if (t->result == CURLE_OPERATION_TIMEDOUT)
                        detail = "it did not come in time";
                return xasprintf("no whole answer from %s: %s", t->server, t->broken ? t->broken : detail);
        }
        switch (t->result) {
        case CURLE_COULDNT_RESOLVE_HOST:
                return xasprintf("the name of %s cannot be resolved", t->server);
        case CURLE_COULDNT_RESOLVE_PROXY:
                return xasprintf("the name of the proxy cannot be resolved");
        case CURLE_COULDNT_CONNECT:
                if (t->guard_refused && !t->opened)
                        return xasprintf("%s was not asked: its address is not public", t->server);
                if (t->opened)           /* else it is one of an earlier transfer */
                        (void) curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
                if (error == ECONNREFUSED)
                        return xasprintf("connection refused by %s", isempty(t->request->proxy) ? t->server : "the proxy");
                return xasprintf("no connection to %s: %s", t->server, error ? strerror((int) error) : detail);
        case CURLE_OPERATION_TIMEDOUT:
                return xasprintf("no connection to %s in time", t->server);
        case CURLE_PEER_FAILED_VERIFICATION:
                /* A server that closes at once may leave the words for that. */
                return xasprintf("certificate of %s is not valid: %s", t->server,
                                 startswith(t->detail, ca)       ? t->detail + strlen(ca)
                                 : startswith(t->detail, "SSL: ") ? t->detail + strlen("SSL: ")
                                                                  : "it cannot be verified");
        case CURLE_SSL_CACERT_BADFILE:
                return xasprintf("the CA file for %s cannot be used: %s", t->server, strempty(t->request->ca_file));
        case CURLE_SEND_ERROR:
        case CURLE_ABORTED_BY_CALLBACK:
                return xasprintf("%s closed the connection before anything was sent", t->server);
        default:
                return xasprintf("nothing was sent to %s: %s", t->server, detail);
        }
}

static void judge(struct transfer *t, int interrupted)
{
        struct http_reply *r = t->reply;
        long sent = 0;
        bool left;

        /* Counts what send() took, also of a request cut half way; but a proxy's CONNECT too. */
        (void) curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
        left = t->begun > 0 && sent > 0;
        if (t->begun && t->head.stage == HEAD_END)
                r->status = (uint32_t) t->head.status;
        if (t->begun > 1 || (left && !t->opened && t->received == 0 && t->result != CURLE_OPERATION_TIMEDOUT && t->done))
                multi_set_hasty(t->http->multi, t->origin);   /* it closed a kept connection under us */

        if (t->done && t->result == CURLE_OK && r->status >= 200) {
                r->fate = HTTP_REPLIED;
                return;
        }
        if (!t->done && !t->broken) {
                r->fate = t->unsafe && left ? HTTP_LOST : HTTP_CANCELED;
                r->error = xasprintf(interrupted == -ETIME ? "the time for the work on %s is over"
                                                           : "the work on %s was canceled", t->server);
        } else {
                r->fate = left ? HTTP_LOST
                          : (t->guard_refused && !t->opened) || t->result == CURLE_URL_MALFORMAT ? HTTP_REFUSED
                                                                                                 : HTTP_UNSENT;
                r->error = explain(t, left);
        }
        for (char *p = r->error; *p; p++)        /* a certificate may say anything */
                if ((unsigned char) *p < ' ' || *p == 0x7f)
                        *p = ' ';
        buffer_done(&r->body);           /* nobody shall read half an answer */
}

static void run(struct transfer *t)
{
        struct http *h = t->http;
        int interrupted = 0;

        t->result = set_up(t);
        if (t->result == CURLE_OK && multi_add(h->multi, t->easy) < 0)
                t->result = CURLE_FAILED_INIT;
        if (t->result != CURLE_OK) {
                t->done = true;
                judge(t, 0);
                return;
        }
        while (!t->done && !t->broken && interrupted == 0)
                interrupted = task_wait();
        if (!t->done)
                multi_drain(h->multi);   /* perhaps the last byte came together with the interruption */
        loop_timer_clear(h->loop, &t->slow_timer);
        judge(t, interrupted);
        multi_remove(h->multi, t->easy, t->done);
}

void http_perform(struct http *h, const struct http_request *q, struct http_reply *ret)
{
        struct transfer t = { .http = h, .request = q, .reply = ret, .task = task_self(), .slow_timer.fn = on_slow_timer };
        int64_t began = mono_usec();
        const char *why;

        *ret = (struct http_reply) {
                .headers = BUFFER_INIT(HTTP_HEADERS_MAX),
                .body = BUFFER_INIT(q->max_body ? q->max_body : HTTP_BODY_MAX),
        };
        why = refuse(q, &t.url);
        if (why) {
                ret->fate = HTTP_REFUSED;
                ret->error = t.url.host_size > 0 ? xasprintf("the request to %.*s was not made: %s",
                                                             (int) MIN(t.url.host_size, (size_t) 255), t.url.host, why)
                                                 : xasprintf("the request was not made: %s", why);
                return;
        }
        t.server = url_authority(&t.url);
        t.origin = multi_origin(h->multi, t.server);
        if (task_interrupted() == 0) {
                t.unsafe = !q->repeatable && !streq(q->method, "GET") && !streq(q->method, "HEAD");
                t.easy = take_easy(h, t.unsafe ? READ_SIZE_UNSAFE : READ_SIZE);
                build_headers(&t);
                run(&t);
                give_easy(h, t.easy);
                free(t.headers);
                if (t.bearer) {
                        explicit_bzero(t.bearer, strlen(t.bearer));
                        free(t.bearer);
                }
        } else {
                ret->fate = HTTP_CANCELED;
                ret->error = xasprintf("the request to %s was not made: the work was canceled", t.server);
        }
        free(t.server);
        ret->took_usec = mono_usec() - began;
}
