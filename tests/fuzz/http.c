/* SPDX-License-Identifier: MIT
 *
 * io/http.h whose servers answer from the input.  Owns the answers.
 *
 *     >POST /TicketCreate            for the next request whose method and URL hold this, in this order; no such line: for any
 *     HTTP/1.1 200 OK                '*' in place of '>': again and again
 *     Retry-After: 5
 *
 *     {"TicketID": 1}
 *     ----
 *     the next one
 *
 * The head is read by io/head.  A reply that is broken, or of which there is nothing, is lost; without an answer to it
 * a request is not sent.
 */
#include "world.h"

#include "base/clock.h"
#include "io/address.h"
#include "io/head.h"
#include "io/url.h"

#define ANSWERS_MAX 64
#define TAKES_USEC (100 * USEC_PER_MSEC)

struct answer {
        char *wanted;            /* "": any */
        bool again, used;
        char *bytes;
        size_t size;
};

static struct answer answers[ANSWERS_MAX];
static size_t n_answers;

void (*world_on_request)(const struct http_request *q, const struct http_reply *r);
size_t world_requests;

void http_answers(struct input *in)
{
        world_requests = 0;
        while (in->size > 0 && n_answers < ANSWERS_MAX) {
                struct answer *a = &answers[n_answers++];
                struct input piece;
                char *bytes;

                bytes = input_until(in, "\n----\n", &piece.size);
                piece.data = bytes;
                *a = (struct answer) { .again = piece.size && *bytes == '*' };
                if (piece.size && (*bytes == '*' || *bytes == '>')) {
                        (void) input_byte(&piece);
                        a->wanted = input_line(&piece);
                } else
                        a->wanted = xstrdup("");
                a->size = piece.size;
                a->bytes = xmalloc(piece.size ? piece.size : 1);
                memcpy(a->bytes, piece.data, piece.size);
                free(bytes);
        }
}

void http_forget(void)
{
        while (n_answers > 0) {
                free(answers[--n_answers].wanted);
                free(answers[n_answers].bytes);
        }
}

static struct answer *answer_to(const struct http_request *q)
{
        _cleanup_free_ char *line = xasprintf("%s %s", q->method, q->url);

        for (size_t i = 0; i < n_answers; i++) {
                struct answer *a = &answers[i];
                const char *blank = strchr(a->wanted, ' '), *rest = blank ? blank + 1 : a->wanted;

                if (a->used || (blank && strncmp(line, a->wanted, (size_t) (blank - a->wanted)) != 0) || !strstr(line, rest))
                        continue;
                a->used = !a->again;
                return a;
        }
        return NULL;
}

static void lose(struct http_reply *r, const char *why)
{
        r->fate = HTTP_LOST;
        buffer_done(&r->body);
        r->error = xasprintf("no whole answer from the server: %s", why);
}

static void read_answer(const struct answer *a, size_t max_body, struct http_reply *r)
{
        struct input in = { a->bytes, a->size };
        struct head h = { .stage = HEAD_STATUS };

        r->body.max = max_body;
        while (h.stage != HEAD_END) {
                size_t size;
                _cleanup_free_ char *line = in.size ? input_until(&in, "\n", &size) : NULL;

                if (!line || head_take(&h, &r->headers, line, size) < 0) {
                        lose(r, line ? h.broken : "the connection was closed before it came");
                        return;
                }
        }
        r->fate = HTTP_REPLIED;
        r->status = (uint32_t) h.status;
        if (buffer_append(&r->body, in.data, in.size) < 0)
                lose(r, "its body is too large");
}

static void perform(const struct http_request *q, struct http_reply *r)
{
        bool repeatable = q->repeatable || streq(q->method, "GET") || streq(q->method, "HEAD");
        struct answer *a;
        struct url u;

        if (url_parse(q->url, &u) < 0) {
                r->fate = HTTP_REFUSED;
                r->error = xstrdup("not an http or https URL, or one with credentials, blanks or controls");
                return;
        }
        if (q->guarded) {
                _cleanup_free_ char *host = xstrndup(u.host, u.host_size);

                if (!address_host_may_be_public(host)) {
                        r->fate = HTTP_REFUSED;
                        r->error = xstrdup("its address is not public");
                        return;
                }
        }
        if (task_interrupted() < 0) {
                r->fate = HTTP_CANCELED;
                r->error = xstrdup("the work was canceled");
                return;
        }
        a = answer_to(q);
        if (!a) {
                r->fate = HTTP_UNSENT;
                r->error = xstrdup("connection refused by the server");
                return;
        }
        if (task_sleep_until(mono_usec() + TAKES_USEC) < 0) {
                r->fate = repeatable ? HTTP_CANCELED : HTTP_LOST;
                r->error = xstrdup("the work was canceled");
                return;
        }
        read_answer(a, q->max_body ? q->max_body : HTTP_BODY_MAX, r);
        r->took_usec = TAKES_USEC;
}

void http_perform(struct http *h _unused_, const struct http_request *q, struct http_reply *ret)
{
        *ret = (struct http_reply) { .headers = BUFFER_INIT(HTTP_HEADERS_MAX), .body = BUFFER_INIT(HTTP_BODY_MAX) };
        perform(q, ret);
        world_requests++;
        if (world_on_request)
                world_on_request(q, ret);
}

int http_new(struct loop *l _unused_, const char *user_agent _unused_, struct http **ret)
{
        *ret = NULL;
        return 0;
}

void http_free(struct http *h _unused_)
{
}
