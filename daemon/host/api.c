/* SPDX-License-Identifier: MIT
 *
 * The functions of <mentiond/plugin.h>, exported to plugins (mentiond.syms): HTTP, results, time, memory, text.
 * Called by plugins from within an operation.
 */
#include "host/op.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/crash.h"
#include "base/form.h"
#include "base/log.h"
#include "base/text.h"
#include "host/hook.h"
#include "io/head.h"
#include "host/parse.h"

#include <mentiond/json.h>

#include <ctype.h>
#include <errno.h>

#define REASON_MAX 500                   /* bytes of a server's own words that go into logs and notes */

#define REPLACED_MAX ((size_t) 16 * 1024 * 1024)
#define SILENCE_MAX_USEC USEC_PER_DAY    /* that a plugin may ask for */

/* --- Results, log, time --- */

int mentiond_fail(struct mentiond_op *op, int verdict, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = xvasprintf(format, ap);
        va_end(ap);
        text = op_hide_secrets(op, TAKE_PTR(text));
        op->reason = arena_take(op->arena, log_escape(text, REASON_MAX));
        return verdict;
}

int mentiond_throttled(struct mentiond_op *op, int64_t usec)
{
        op->throttled_usec = MIN(MAX(usec, USEC_PER_SEC), SILENCE_MAX_USEC);
        return MENTIOND_THROTTLED;
}

const char *mentiond_reason(struct mentiond_op *op)
{
        return op->reason;
}

void mentiond_log(struct mentiond_op *op, int level, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = xvasprintf(format, ap);
        va_end(ap);
        text = op_hide_secrets(op, TAKE_PTR(text));
        if (op_may_log(op))
                log_event(level, text, F("instance", op->instance->name), F("operation", op->name));
}

int64_t mentiond_now_usec(struct mentiond_op *op _unused_)
{
        return utc_usec();
}

int64_t mentiond_steady_usec(struct mentiond_op *op _unused_)
{
        return mono_usec();
}

int mentiond_sleep(struct mentiond_op *op, int64_t usec)
{
        (void) task_sleep_until(mono_usec() + usec);
        return op_admit(op);
}

int64_t mentiond_parse_time(const char *text)
{
        int64_t usec;

        return !isempty(text) && text_parse_time(text, &usec) == 0 ? usec : http_parse_date(text);
}

const char *mentiond_format_time(struct mentiond_op *op, int64_t usec)
{
        return arena_take(op->page, text_format_rfc3339(usec));
}

/* --- Memory and text --- */

void *mentiond_alloc(struct mentiond_op *op, uint64_t size)
{
        return arena_alloc(op_memory(op), size);
}

char *mentiond_format(struct mentiond_op *op, const char *format, ...)
{
        va_list ap;
        char *text;

        va_start(ap, format);
        text = arena_vprintf(op_memory(op), format, ap);
        va_end(ap);
        return text;
}

static void put_json(void *object)
{
        (void) json_object_put(object);
}

void mentiond_turn_page(struct mentiond_op *op, const char **keep, uint32_t n)
{
        struct arena *page = arena_new();

        for (uint32_t i = 0; i < n; i++)
                keep[i] = arena_strdup(page, keep[i]);
        arena_free(op->page);
        op->page = page;
}

struct json_object *mentiond_json_object(struct mentiond_op *op)
{
        return arena_own(op_memory(op), json_object_new_object(), put_json);
}

const char *mentiond_escape(struct mentiond_op *op, const char *text)
{
        return arena_take(op_memory(op), text_percent_encode(strempty(text)));
}

const char *mentiond_text_from_html(struct mentiond_op *op, const char *html)
{
        return arena_take(op_memory(op), text_from_html(strempty(html), strlen(strempty(html))));
}

const char *mentiond_line(struct mentiond_op *op, const char *text, uint64_t max)
{
        return arena_take(op_memory(op), text_line(strempty(text), max));
}

const char *mentiond_some(const char *text)
{
        return strempty(text)[strspn(strempty(text), " \t\r\n")] ? text : "-";
}

const char *mentiond_capital(struct mentiond_op *op, const char *text)
{
        char *copy = arena_strdup(op_memory(op), text);

        *copy = (char) toupper((unsigned char) *copy);
        return copy;
}

const char *mentiond_replace(struct mentiond_op *op, const char *text, const char *const *words)
{
        return arena_take(op_memory(op), text_replace(strempty(text), words, REPLACED_MAX));
}

const char *mentiond_base64_encode(struct mentiond_op *op, const void *data, uint64_t size)
{
        return arena_take(op_memory(op), text_base64_encode(data, size));
}

const char *mentiond_hmac(struct mentiond_op *op, uint32_t signature, const char *key, const void *data, uint64_t size)
{
        return arena_take(op_memory(op), hook_sign(signature, strempty(key), data, size));
}

const void *mentiond_base64_decode(struct mentiond_op *op, const char *text, uint64_t *ret_size)
{
        size_t size = 0;
        char *data = text_base64_decode(strempty(text), &size);

        if (!data)
                return NULL;
        *ret_size = size;
        return arena_take(op_memory(op), data);
}

uint64_t mentiond_length(const char *text, uint32_t unit)
{
        return text_length(strempty(text), unit);
}

int mentiond_same_text(const char *a, const char *b)
{
        _cleanup_free_ char *x = text_essence(strempty(a)), *y = text_essence(strempty(b));

        return streq(x, y);
}

uint64_t mentiond_hash(const char *text)
{
        return text_hash(strempty(text));
}

int mentiond_next_span(const char *text, struct mentiond_span *span)
{
        struct text_span s = { .to = span->to };

        if (!text_next_span(strempty(text), &s))
                return 0;
        span->kind = s.kind;
        span->from = s.from;
        span->to = s.to;
        return 1;
}

const char *mentiond_show_links(struct mentiond_op *op, const char *text, const struct mentiond_span *links, uint32_t n)
{
        struct text_span *spans = arena_alloc(op_memory(op), (n + 1) * sizeof *spans);

        for (uint32_t i = 0; i < n; i++) {
                const void *row = (const char *) links + (size_t) i * links->struct_size;
                struct mentiond_span s = COPY_SIZED(struct mentiond_span, (const struct mentiond_span *) row);

                spans[i] = (struct text_span) { .from = s.from, .to = s.to, .url = strempty(s.url) };
        }
        return arena_take(op_memory(op), text_show_links(strempty(text), spans, n));
}

const char *mentiond_reveal(const struct mentiond_secret *secret)
{
        return secret_value(secret);
}

/* --- HTTP --- */

static int verdict_of_status(const struct http_reply *r, bool repeatable)
{
        switch (r->status) {
        case 200 ... 299:
                return MENTIOND_OK;
        case 304 ... 399:                /* an address that moved: a person mends it */
                return MENTIOND_RETRY;
        case 300 ... 303:                /* the same, or where to see what the request has done */
                return repeatable ? MENTIOND_RETRY : MENTIOND_AMBIGUOUS;
        case 401:
                return MENTIOND_AUTH;
        case 404:
        case 410:
                return MENTIOND_GONE;
        case 408:
        case 425:
        case 503:
                return MENTIOND_RETRY;
        case 429:
                return MENTIOND_THROTTLED;
        default:
                if (r->status < 500)
                        return MENTIOND_REJECTED;
                return repeatable ? MENTIOND_RETRY : MENTIOND_AMBIGUOUS;
        }
}

/* What the server says of a failure, if it says it in a known way. */
static const char *words_of(struct json_object *json)
{
        /* detail: RFC 9457 */
        static const char *const members[] = { "error_description", "message", "detail", "error", "faultstring", "description" };

        for (size_t i = 0; i < ELEMENTSOF(members); i++)
                if (*mj_str(json, members[i]))
                        return mj_str(json, members[i]);
        return "";
}

/* How many seconds of silence it asks for in the body; 0: it does not say. */
static int64_t silence_in(struct json_object *json)
{
        return mj_int(mj_get(json, "parameters"), "retry_after", 0);     /* Telegram */
}

static bool is_repeatable(const struct http_request *http)
{
        return http->repeatable || streq(http->method, "GET") || streq(http->method, "HEAD");
}

static int judge_exchange(struct mentiond_op *op, const struct mentiond_request *q, const struct http_request *http,
                          const struct http_reply *r, struct json_object *json)
{
        bool repeatable = is_repeatable(http);
        int64_t silence;
        int verdict;

        switch (r->fate) {
        case HTTP_REPLIED:
                break;
        case HTTP_UNSENT:
                return mentiond_fail(op, MENTIOND_RETRY, "%s", r->error);
        case HTTP_LOST:
                return mentiond_fail(op, repeatable ? MENTIOND_RETRY : MENTIOND_AMBIGUOUS, "%s", r->error);
        case HTTP_REFUSED:
                return mentiond_fail(op, MENTIOND_REJECTED, "%s", r->error);
        case HTTP_CANCELED:
                return mentiond_fail(op, MENTIOND_CANCELED, "%s", r->error);
        }
        silence = budget_learn(&op->instance->budget, r, silence_in(json));
        op->apart = q->flags & MENTIOND_APART;
        if (silence && !op->apart)       /* whatever the plugin makes of this reply */
                budget_silence(&op->instance->budget, silence);
        if (q->flags & MENTIOND_ANY_STATUS && !silence)
                return MENTIOND_OK;
        verdict = verdict_of_status(r, repeatable);
        if (silence) {
                verdict = MENTIOND_THROTTLED;
                op->throttled_usec = silence;
        }
        if (verdict != MENTIOND_OK) {
                const char *words = words_of(json);

                (void) mentiond_fail(op, verdict, "%s %.*s: the server answered %u%s%s", http->method,
                                     (int) strcspn(q->path, "?#"), q->path, r->status, *words ? ": " : "", words);
        }
        return verdict;
}

/* The first only: what came from outside and stands behind it brings no other. */
static const char *with_secret(struct mentiond_op *op, const char *path)
{
        const struct instance *i = op->instance;
        const char *mark = i->in_path_name ? arena_printf(op->page, "{%s}", i->in_path_name) : NULL;
        const char *at = mark ? strstr(path, mark) : NULL;

        return at ? arena_printf(op->page, "%.*s%s%s", (int) (at - path), path, secret_value(i->in_path), at + strlen(mark))
                  : path;
}

static char *address_of(struct mentiond_op *op, const char *path, bool *ret_own)
{
        const char *base = op->instance->base_url;

        if (path[0] == '/') {
                if (!base)
                        return NULL;
                *ret_own = true;
                return arena_printf(op->page, "%s%s", base, with_secret(op, path));
        }
        *ret_own = base && http_same_origin(base, path);
        return arena_strdup(op->page, path);
}

static void answer(struct mentiond_response *ret, const struct mentiond_response *full)
{
        size_t size = MIN((size_t) ret->struct_size, sizeof *full);
        uint32_t struct_size = ret->struct_size;

        memcpy(ret, full, size);
        ret->struct_size = struct_size;
}

int mentiond_http(struct mentiond_op *op, const struct mentiond_request *request, struct mentiond_response *ret)
{
        const struct mentiond_request copy = COPY_SIZED(struct mentiond_request, request), *q = &copy;
        struct instance *i = op->instance;
        _cleanup_http_reply_ struct http_reply reply = { .fate = HTTP_REFUSED };
        const char *headers[16];
        size_t n = 0, size;
        struct http_request http = {
                .method = isempty(q->method) ? "GET" : q->method,
                .body = q->body,
                .body_size = q->body_size,
                .headers = headers,
                .repeatable = q->flags & MENTIOND_REPEATABLE,
                .max_body = q->max_reply,
                .total_usec = i->options.timeout_usec,
                .proxy = i->options.proxy,
                .ca_file = i->options.ca_file,
                .ip_version = streq(i->options.ip, "4") ? 4 : streq(i->options.ip, "6") ? 6 : 0,
        };
        struct json_object *json = NULL;
        bool own = false;
        int64_t silence;
        int verdict;

        answer(ret, &(struct mentiond_response) { .body = "", .head = "" });
        verdict = op_admit(op);
        if (verdict != MENTIOND_OK)
                return verdict;
        if (op->n_requests++ >= OP_REQUESTS_MAX)
                return op_refuse(op, MENTIOND_BUG, "more requests than one operation may make");
        if (op_memory_size(op) > op->memory_max)
                return op_refuse(op, MENTIOND_BUG, "more memory than one operation may take");
        for (const char *const *h = q->headers; h && *h; h++) {
                if (n >= ELEMENTSOF(headers) - 2)
                        return mentiond_fail(op, MENTIOND_BUG, "more headers than the host takes");
                headers[n++] = *h;
        }
        if (q->json) {
                http.body = json_object_to_json_string_ext(q->json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
                http.body_size = strlen(http.body);
                headers[n++] = "Content-Type: application/json";
        } else if (http.body) {
                headers[n++] = arena_printf(op->page, "Content-Type: %s",
                                            isempty(q->content_type) ? "application/octet-stream" : q->content_type);
        }
        headers[n] = NULL;
        http.url = address_of(op, strempty(q->path), &own);
        if (!http.url)
                return mentiond_fail(op, MENTIOND_BUG, "the plugin has no base URL");
        if (own && (op->token || i->bearer))
                http.bearer = secret_value(op->token ? op->token : i->bearer);

        if ((q->flags & MENTIOND_OPTIONAL) && budget_is_short(&i->budget))
                return mentiond_fail(op, MENTIOND_THROTTLED, "left out, for the server's limits leave little");
        if (task_sleep_until(budget_take(&i->budget)) < 0) {
                op->unsent = !op->wrote;
                return mentiond_fail(op, MENTIOND_CANCELED, "the operation was ended while it waited for its turn");
        }
        silence = op->wrote ? 0 : budget_silence_left(&i->budget);       /* what became of what it wrote must be known */
        if (silence) {                   /* another operation, or a request before this one, was told so */
                op->throttled_usec = silence;
                return mentiond_fail(op, MENTIOND_THROTTLED, "%s %.*s: not sent, for the server asked for silence", http.method,
                                     (int) strcspn(q->path, "?#"), q->path);
        }
        if (op->until_usec && !streq(http.method, "GET") && utc_usec() >= op->until_usec)
                return mentiond_fail(op, MENTIOND_RETRY, "what was asked before took so long that it is too late now");
        if (q->flags & MENTIOND_LONG_POLL && i->state == INSTANCE_ENDING)
                return mentiond_fail(op, MENTIOND_CANCELED, "the instance ends");
        crash_point(op->name, "request");
        op->wrote |= !is_repeatable(&http);
        op->idle = q->flags & MENTIOND_LONG_POLL;
        http_perform(i->host->http, &http, &reply);
        op->idle = false;
        crash_point(op->name, "response");
        counter_add("requests", i->name, "", 1);
        if (op->report)
                report_hear(op->report, &reply);

        if (reply.fate == HTTP_REPLIED && reply.body.size)
                json = parse_json(buffer_str(&reply.body), reply.body.size, NULL, NULL);
        if (json) {
                arena_charge(op->page, JSON_FACTOR * reply.body.size);
                (void) arena_own(op->page, json, put_json);
        }
        op->status = reply.fate == HTTP_REPLIED ? reply.status : 0;
        verdict = judge_exchange(op, q, &http, &reply, json);
        size = reply.body.size;
        answer(ret, &(struct mentiond_response) {
                .status = op->status,
                .body = arena_take(op->page, buffer_take(&reply.body)),
                .body_size = size,
                .json = json,
                .head = arena_take(op->page, buffer_take(&reply.headers)),
        });
        return verdict;
}

const char *mentiond_header(struct mentiond_op *op, const struct mentiond_response *response, const char *name)
{
        char *value = head_find(strempty(response->head), name);

        return value ? arena_take(op_memory(op), value) : "";
}

void mentiond_set_form(struct mentiond_op *op, struct mentiond_request *request, const struct mentiond_field *fields, uint32_t n)
{
        unsigned long long high = random_u64(), low = random_u64();
        char *boundary = arena_printf(op_memory(op), "mentiond-%016llx%016llx", high, low);
        struct buffer body = BUFFER_INIT(SIZE_MAX);

        if (request->json) {
                json_object_object_foreach(request->json, name, value) {
                        const char *text = strempty(json_object_get_string(value));

                        (void) form_add(&body, boundary, name, "", "", text, strlen(text));
                }
                request->json = NULL;
        }
        for (uint32_t i = 0; i < n; i++) {
                const void *row = (const char *) fields + (size_t) i * fields->struct_size;
                struct mentiond_field f = COPY_SIZED(struct mentiond_field, (const struct mentiond_field *) row);

                (void) form_add(&body, boundary, strempty(f.name), strempty(f.file), strempty(f.type), f.data, f.size);
        }
        (void) form_end(&body, boundary);
        request->body_size = body.size;
        request->body = arena_take(op->page, buffer_take(&body));
        request->content_type = arena_printf(op->page, "multipart/form-data; boundary=%s", boundary);
}

int64_t mentiond_timeout_usec(struct mentiond_op *op)
{
        return op->instance->options.timeout_usec;
}

static int json_exchange(struct mentiond_op *op, const struct mentiond_request *q, struct json_object **ret)
{
        struct mentiond_response r = { .struct_size = sizeof r };
        int verdict = mentiond_http(op, q, &r);

        if (verdict != MENTIOND_OK)
                return verdict;
        if (!r.json)
                return mentiond_fail(op, isempty(q->method) ? MENTIOND_RETRY : MENTIOND_AMBIGUOUS,
                                     "%s %.*s: the server answered %u with something that is not JSON",
                                     isempty(q->method) ? "GET" : q->method, (int) strcspn(q->path, "?#"), q->path, r.status);
        *ret = r.json;
        return MENTIOND_OK;
}

int mentiond_get_json(struct mentiond_op *op, struct json_object **ret, const char *path, ...)
{
        struct mentiond_request q = { .struct_size = sizeof q };
        va_list ap;

        va_start(ap, path);
        q.path = arena_vprintf(op->page, path, ap);
        va_end(ap);
        return json_exchange(op, &q, ret);
}

int mentiond_post_json(struct mentiond_op *op, struct json_object **ret, struct json_object *body, const char *path, ...)
{
        struct mentiond_request q = { .struct_size = sizeof q, .method = "POST", .json = body };
        va_list ap;

        va_start(ap, path);
        q.path = arena_vprintf(op->page, path, ap);
        va_end(ap);
        return json_exchange(op, &q, ret);
}
