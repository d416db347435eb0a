/* SPDX-License-Identifier: MIT
 *
 * io/http.h over the model servers.  A request is a thing of the world: it arrives, and its answer comes back, whether
 * the daemon that sent it still lives or not.  Owns the requests on their way.
 */
#include "desk.h"

#include "base/clock.h"
#include "io/http.h"

#include <errno.h>
#include <strings.h>
#include <time.h>

struct http {
        struct loop *loop;
};

struct exchange {
        struct request q;
        char *method, *path, *query, *token, *key, *tag, *type, *authorization, *text;
        int incarnation;
        uint64_t number;
        struct task *task;               /* NULL: nobody waits any more */
        struct http_reply *reply;
        bool done, arrived;
        time_t dated;                    /* by the server's clock, which is right */
        struct answer answer;
        struct loop_timer timer;
};

int http_new(struct loop *l, const char *user_agent _unused_, struct http **ret)
{
        struct http *h = xcalloc(1, sizeof *h);

        h->loop = l;
        *ret = h;
        return 0;
}

void http_free(struct http *h)
{
        free(h);
}

static void forget(struct exchange *e)
{
        free(e->method);
        free(e->path);
        free(e->query);
        free(e->token);
        free(e->key);
        free(e->tag);
        free(e->type);
        free(e->authorization);
        free(e->text);
        (void) json_object_put(e->q.body);
        (void) json_object_put(e->answer.json);
        free(e->answer.text);
        free(e->answer.headers);
        free(e);
}

static bool is_awaited(const struct exchange *e)
{
        return e->task && e->incarnation == sim.incarnation;
}

/* --- The way back --- */

static void put_body(struct exchange *e, struct http_reply *r)
{
        const char *text = e->answer.text ? e->answer.text : e->answer.json
                           ? json_object_to_json_string_ext(e->answer.json, JSON_C_TO_STRING_PLAIN) : "";
        size_t size = strlen(text);
        char date[sizeof "Date: Sun, 22 Nov 2026 02:03:15 GMT\r\n"];
        int before = heap_enter(heap_daemon());
        struct tm tm;

        (void) gmtime_r(&e->dated, &tm);
        (void) strftime(date, sizeof date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);

        if (e->q.fault.truncated)
                size = size > 1 ? (size_t) between(R_NET, 1, (int64_t) size - 1) : 0;
        (void) buffer_append(&r->body, text, size);
        (void) buffer_append_str(&r->headers, date);
        (void) buffer_append_str(&r->headers, strempty(e->answer.headers));
        (void) heap_enter(before);
}

static void happened_in_order(const struct exchange *e)
{
        static uint64_t newest[SERVERS];

        if (e->number < newest[e->q.server])
                happened(OVERTAKEN);
        newest[e->q.server] = MAX(newest[e->q.server], e->number);
}

static const struct network_kind *kind_of(const struct exchange *e)
{
        return is_network(e->q.server) ? social.networks[e->q.server].kind : NULL;
}

static bool is_apart(const struct exchange *e)
{
        return kind_of(e) && kind_of(e)->is_apart && kind_of(e)->is_apart(&e->q);
}

static void on_delivery(void *data)
{
        struct exchange *e = data;
        struct http_reply *r = e->reply;

        if (!is_awaited(e)) {
                forget(e);
                return;
        }
        if (e->q.fault.cut) {
                r->fate = HTTP_LOST;
                r->error = xasprintf("no whole answer from the server: the connection was closed before it came");
        } else {
                r->fate = HTTP_REPLIED;
                r->status = (uint32_t) e->answer.status;
                put_body(e, r);
                if (e->q.fault.retry_after > 0 && !is_apart(e))  /* from now on the daemon knows */
                        net_silence(e->q.server, sim.now + e->q.fault.retry_after * USEC_PER_SEC, e->incarnation);
                happened_in_order(e);
                if (e->answer.on_delivery && !e->q.fault.truncated)
                        e->answer.on_delivery(e->answer.delivered);
        }
        e->done = true;
        task_wake(e->task);
}

/* --- The way there --- */

static void limit(struct exchange *e)
{
        struct fault *f = &e->q.fault;

        if (f->retry_after > 0) {
                e->answer.headers = xasprintf("Retry-After: %lld\r\n", (long long) f->retry_after);
        } else if (f->retry_after < 0) {
                time_t at = (time_t) ((world_utc() + 300 * USEC_PER_SEC) / USEC_PER_SEC);
                struct tm tm;

                (void) gmtime_r(&at, &tm);
                e->answer.headers = xasprintf("X-RateLimit-Limit: 300\r\nX-RateLimit-Remaining: 0\r\n"
                                              "X-RateLimit-Reset: %04d-%02d-%02dT%02d:%02d:%02d.123456Z\r\n",
                                              tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        }
}

static void replace_answer(struct exchange *e)
{
        struct fault *f = &e->q.fault;

        if (!f->status && !f->html)
                return;
        if (f->arrives && e->answer.status == 500 && f->stage >= 0)
                return;                  /* it says itself how it broke off */
        (void) json_object_put(TAKE_PTR(e->answer.json));
        free(TAKE_PTR(e->answer.text));
        free(TAKE_PTR(e->answer.headers));
        e->answer.on_delivery = NULL;
        e->answer.status = f->status ? f->status : 200;
        if (!f->html && kind_of(e) && kind_of(e)->failure) {
                e->answer.text = kind_of(e)->failure(f->status, f->retry_after < 0 ? 300 : f->retry_after);
                e->answer.headers = xstrdup("Content-Type: application/json\r\n");
                return;
        }
        e->answer.text = xstrdup(f->html ? "<html><body><h1>Something is not as it should be</h1></body></html>"
                                         : "{\"error\": \"Something went wrong\"}");
        limit(e);
        if (!e->answer.headers)
                e->answer.headers = xstrdup(f->html ? "Content-Type: text/html\r\n" : "Content-Type: application/json\r\n");
}

static struct answer handle(const struct request *q)
{
        return (is_network(q->server) ? social.networks[q->server].kind->answer : is_desk(q->server) ? desk_handle : media_handle)(q);
}

static void on_arrival(void *data)
{
        struct exchange *e = data;
        struct fault *f = &e->q.fault;

        if (f->twice) {
                e->answer = handle(&e->q);
                (void) json_object_put(e->answer.json);
                free(e->answer.text);
                free(e->answer.headers);
        }
        if (f->arrives)
                e->answer = handle(&e->q);
        if (e->answer.again_usec) {
                e->q.waited = true;
                f->twice = false;
                sim_in(e->answer.again_usec, on_arrival, e);
                return;
        }
        if (f->arrives && f->late)
                note("a late effect: %s %s", e->method, e->path);
        replace_answer(e);
        e->dated = (time_t) (world_utc() / USEC_PER_SEC);
        e->arrived = true;
        if (f->hangs) {
                if (!is_awaited(e))
                        forget(e);
                return;                  /* else by whoever waits */
        }
        sim_in(f->back_usec, on_delivery, e);
}

static void on_timeout(struct loop_timer *t)
{
        task_wake(CONTAINER_OF(t, struct exchange, timer)->task);
}

static char *header_of(const struct http_request *q, const char *name)
{
        for (const char *const *h = q->headers; h && *h; h++)
                if (!strncasecmp(*h, name, strlen(name)))
                        return xstrdup(*h + strlen(name));
        return xstrdup("");
}

/* A plugin may send it by itself. */
static char *token_of(const struct http_request *q)
{
        return q->bearer ? xstrdup(q->bearer) : header_of(q, "Authorization: Bearer ");
}

static struct exchange *exchange_of(const struct http_request *q, const char *rest)
{
        int before = heap_enter(HEAP_WORLD);
        struct exchange *e = xcalloc(1, sizeof *e);
        size_t n = strcspn(rest, "?");

        *e = (struct exchange) {
                .method = xstrdup(q->method), .path = xstrndup(rest, n), .query = xstrdup(rest[n] ? rest + n + 1 : ""),
                .token = token_of(q), .incarnation = sim.incarnation, .task = task_self(), .timer.fn = on_timeout,
        };
        e->key = header_of(q, "Idempotency-Key: ");
        e->tag = header_of(q, "If-None-Match: ");
        e->type = header_of(q, "Content-Type: ");
        e->authorization = header_of(q, "Authorization: ");
        e->text = xcalloc(1, q->body_size + 1);  /* a file may hold anything */
        memcpy(e->text, strempty(q->body), q->body ? q->body_size : 0);
        e->q = (struct request) {
                .method = e->method, .path = e->path, .query = e->query, .token = e->token, .key = e->key, .tag = e->tag,
                .type = e->type, .authorization = e->authorization, .text = e->text,
                .repeatable = q->repeatable || streq(q->method, "GET"),
                .body = q->body ? json_tokener_parse(q->body) : NULL,
                .sent_usec = sim.now,
                .sent_jump = sim.jump,
        };
        (void) heap_enter(before);
        return e;
}

/* Waits for the answer.  0, or -errno of the task. */
static int wait_for(struct http *h, struct exchange *e, int64_t until)
{
        int r = 0;

        loop_timer_set(h->loop, &e->timer, until);
        while (!e->done && sim.now < until && r == 0)
                r = task_wait();
        loop_timer_clear(h->loop, &e->timer);
        return r;
}

static int server_of(const char *url)
{
        const char *rest = url + strlen("https://");

        for (int k = 0; k < social.n_networks; k++)
                if (startswith(rest, social.networks[k].host))
                        return k;
        return startswith(rest, "media.example/") ? MEDIA_SERVER : startswith(rest, "annex.example/") ? NETWORKS + 1 : NETWORKS;
}

void http_perform(struct http *h, const struct http_request *q, struct http_reply *ret)
{
        int64_t began = mono_usec(), total = q->total_usec ? q->total_usec : HTTP_TOTAL_USEC;
        const char *rest;
        struct exchange *e;
        int r;

        *ret = (struct http_reply) { .headers = BUFFER_INIT(HTTP_HEADERS_MAX), .body = BUFFER_INIT(HTTP_BODY_MAX) };
        rest = startswith(q->url, "https://") ? strchr(q->url + 8, '/') : NULL;
        if (!rest || task_interrupted() < 0) {
                ret->fate = rest ? HTTP_CANCELED : HTTP_REFUSED;
                ret->error = xstrdup("the request was not made");
                return;
        }
        if (sim_trap(TRAP_SEND))
                sim_die(CRASH_BEFORE_SEND, "before a request left");
        sim.requests++;
        e = exchange_of(q, rest);
        e->number = sim.requests;
        e->q.server = server_of(q->url);
        net_reseed(&e->q, mj_str(mj_get(e->q.body, "Article"), "Body"), mj_str(mj_get(e->q.body, "article"), "body"), mj_str(e->q.body, "body"));
        e->q.fault = net_fault(e->q.server, !e->q.repeatable);
        e->reply = ret;
        if (e->q.fault.name || !e->q.repeatable)
                note("%s %s%s%s%s%s", e->method, e->path, *e->query ? "?" : "", e->query, e->q.fault.name ? ": *** " : "",
                     strempty(e->q.fault.name));
        if (e->q.fault.name)
                (is_network(e->q.server) ? social.networks[e->q.server].kind->on_fault : is_desk(e->q.server) ? desk_on_fault : media_on_fault)(&e->q);
        if (e->q.fault.refused) {
                int64_t there = e->q.fault.there_usec;

                r = wait_for(h, e, sim.now + there);
                forget(e);
                ret->fate = r < 0 ? HTTP_CANCELED : HTTP_UNSENT;
                ret->error = xstrdup("connection refused by the server");
                ret->took_usec = mono_usec() - began;
                return;
        }
        sim_in(e->q.fault.there_usec, on_arrival, e);
        if (sim_trap(TRAP_SENT))
                sim_die(CRASH_AFTER_SEND, "when a request had left");
        r = wait_for(h, e, began + total);
        ret->took_usec = mono_usec() - began;
        if (e->done) {
                forget(e);
                return;
        }
        ret->fate = r < 0 && e->q.repeatable ? HTTP_CANCELED : HTTP_LOST;
        ret->error = xasprintf(r < 0 ? "the work was canceled" : "no whole answer from the server: it did not come in time");
        if (e->q.fault.hangs && e->arrived)
                forget(e);
        else
                e->task = NULL;          /* it is still on its way */
}
