/* SPDX-License-Identifier: MIT
 *
 * io/child.h over a model program, which speaks as mentiond-exec(7) says and asks the network of kind "exec" for what it answers.  Its
 * lies: it dies before or after it has done what it was asked, says nothing, too late, half a line, no JSON, or the same twice; what it
 * asked of its network may arrive when it is long dead.  Owns the programs and the questions on their way.
 *
 * Members of the kind's answer that are no part of the protocol: "calls", which the program makes first, one after the other.  When the
 * host knows nothing of what one of them asks by is_posted(), that is the answer.
 */
#include "social.h"

#include "base/buffer.h"
#include "io/child.h"

#include <errno.h>

struct child {
        struct loop *loop;
        const struct child_listener *listener;
        void *data;
        struct program *program;
        struct buffer told;              /* of a line that is not whole */
        struct loop_defer speak;
        uint64_t queued;
        bool held;
};

/* What of it is the world's: it outlives the daemon for as long as its questions are on their way. */
struct program {
        struct child *child;             /* NULL: nobody listens */
        int incarnation;
        int number;
        bool ends, ended, quiet;         /* quiet: it reads nothing any more */
        const char *fate;
        char **lines;                    /* that it has said, and nobody has heard */
        size_t n_lines;
        struct question *questions;      /* whose calls are to be answered */
};

struct question {
        struct question *next;
        struct program *program;
        struct request q;
        char *call, *text;
        int64_t number;
        struct answer answer;
        size_t calls;                    /* that it has made */
};

static int n_programs;

static bool lives(const struct program *p)
{
        return p->child && p->incarnation == sim.incarnation && !p->ended;
}

/* --- What it says --- */

static void on_speak(struct loop_defer *d)
{
        struct child *c = CONTAINER_OF(d, struct child, speak);
        struct program *p = c->program;

        while (lives(p) && !c->held && p->n_lines > 0) {
                _cleanup_free_ char *line = p->lines[0];

                memmove(p->lines, p->lines + 1, --p->n_lines * sizeof *p->lines);
                c->listener->line(c->data, line, strlen(line));
        }
}

static void say(struct program *p, char *line)
{
        if (!lives(p)) {
                free(line);
                return;
        }
        p->lines = xrealloc(p->lines, (p->n_lines + 1) * sizeof *p->lines);
        p->lines[p->n_lines++] = line;
        loop_defer(p->child->loop, &p->child->speak);
}

static void say_json(struct question *one, struct json_object *o)
{
        mj_put_int(o, "op", one->number);
        say(one->program, xstrdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN)));
}

static void on_end_time(void *data)
{
        struct program *p = data;
        struct child *c = p->child;
        int before;

        if (!lives(p))
                return;
        p->ended = true;
        before = heap_enter(heap_daemon());
        c->listener->end(c->data);
        (void) heap_enter(before);
}

static void end(struct program *p, int64_t usec, const char *fate)
{
        if (p->ends)
                return;
        p->ends = true;
        p->quiet = true;
        p->fate = fate;
        sim_in(usec, on_end_time, p);
}

/* --- Questions --- */

static void forget(struct question *one)
{
        (void) json_object_put(one->q.body);
        (void) json_object_put(one->answer.json);
        free(one->call);
        free(one->text);
        free(one);
}

/* The next call, or the answer. */
static void go_on(struct question *one)
{
        struct json_object *calls = mj_get(one->answer.json, "calls");
        struct program *p = one->program;

        if (one->calls < mj_len(calls)) {
                struct json_object *next = mj_at(calls, one->calls++);

                say_json(one, next);
                one->next = p->questions;
                p->questions = one;
                return;
        }
        json_object_object_del(one->answer.json, "calls");
        say_json(one, one->answer.json);
        if (one->q.fault.twice) {
                happened(CHILD_TWICE);
                say_json(one, one->answer.json);
        }
        if (one->answer.on_delivery && lives(p))
                one->answer.on_delivery(one->answer.delivered);
        forget(one);
}

static void on_return(struct program *p, struct json_object *line)
{
        struct question **at = &p->questions, *one;
        struct json_object *made;

        while (*at && (*at)->number != mj_int(line, "op", -1))
                at = &(*at)->next;
        one = *at;
        if (!one)
                abort();
        *at = one->next;
        made = mj_at(mj_get(one->answer.json, "calls"), one->calls - 1);
        if (mj_true(line, "canceled")) {
                one->calls = SIZE_MAX;
        } else if (streq(mj_str(made, "call"), "is_posted") && mj_int(line, "return", -1) == 0) {
                mj_put_str(one->answer.json, "verdict", "ok");
                mj_put_str(one->answer.json, "id", mj_str(made, "id"));
                one->calls = SIZE_MAX;
        }
        go_on(one);
}

/* As programs say that their network did not do it, or that they do not know. */
static void fail(struct question *one)
{
        struct fault *f = &one->q.fault;
        struct json_object *o = json_object_new_object();
        bool unsure = f->arrives && !one->q.repeatable;

        mj_put_str(o, "verdict", f->status == 429 ? "throttled" : unsure ? "ambiguous" : "retry");
        mj_put_str(o, "reason", "the forum is not well");
        if (f->retry_after > 0) {
                mj_put_int(o, "throttled_usec", f->retry_after * USEC_PER_SEC);
                net_silence(one->q.server, sim.now + f->retry_after * USEC_PER_SEC, one->program->incarnation);
        }
        if (lives(one->program))
                say_json(one, o);
        (void) json_object_put(o);
        forget(one);
}

static void on_back(void *data)
{
        struct question *one = data;
        struct program *p = one->program;
        struct fault *f = &one->q.fault;

        if (!lives(p) || p->ends) {
                forget(one);
                return;
        }
        if (f->refused || (f->status && !f->html)) {
                fail(one);
                return;
        }
        if (f->cut || f->html || f->truncated) {
                if (f->html) {
                        happened(CHILD_NO_JSON);
                        say(p, xstrdup("Traceback (most recent call last):"));
                } else if (f->truncated && !f->cut) {
                        happened(CHILD_HALF);
                        say(p, xasprintf("{\"op\":%lld,\"verdict\":\"o", (long long) one->number));
                } else {
                        happened(CHILD_DIED);
                        end(p, 0, "was killed by signal 9 (Killed)");
                }
                forget(one);
                return;
        }
        go_on(one);
}

static void on_arrival(void *data)
{
        struct question *one = data;
        struct fault *f = &one->q.fault;

        if (f->arrives)
                one->answer = social.networks[one->q.server].kind->answer(&one->q);
        if (f->arrives && f->late)
                note("a late effect: %s", one->call);
        if (f->hangs) {                  /* the program with it */
                happened(CHILD_SILENT);
                forget(one);
                return;
        }
        sim_in(f->back_usec, on_back, one);
}

static int server_of_program(void)
{
        int k = 0;

        while (!streq(social.networks[k].kind->name, "exec"))
                k++;
        return k;
}

static void ask(struct program *p, struct json_object *line, const char *text)
{
        static const char *const unsafe[] = { "post", "edit", "remove", "react" };
        struct question *one = xcalloc(1, sizeof *one);

        *one = (struct question) { .program = p, .call = xstrdup(mj_str(line, "call")), .text = xstrdup(text), .number = mj_int(line, "op", 0) };
        one->q = (struct request) {
                .server = server_of_program(), .method = one->call, .path = "", .query = "", .token = "", .key = "", .tag = "", .type = "",
                .text = one->text, .body = line, .repeatable = true, .sent_usec = sim.now, .sent_jump = sim.jump,
        };
        for (size_t k = 0; k < ELEMENTSOF(unsafe); k++)
                one->q.repeatable &= !streq(one->call, unsafe[k]);
        net_reseed(&one->q, one->call, mj_str(line, "id"), mj_str(mj_get(line, "post"), "text"));
        one->q.fault = net_fault(one->q.server, !one->q.repeatable);
        if (one->q.fault.name || !one->q.repeatable)
                note("the program is asked to %s%s%s", one->call, one->q.fault.name ? ": *** " : "", strempty(one->q.fault.name));
        if (one->q.fault.name)
                social.networks[one->q.server].kind->on_fault(&one->q);
        if (one->q.fault.hangs)
                p->quiet = !p->quiet && social.networks[one->q.server].page <= 10;       /* one that does several things goes on */
        sim_in(one->q.fault.there_usec, one->q.fault.refused ? on_back : on_arrival, one);
}

static void read_line(struct program *p, const char *text)
{
        struct json_object *line = json_tokener_parse(text);

        if (!line)
                abort();
        if (mj_get(line, "call") && !p->quiet) {
                ask(p, line, text);
                return;
        }
        if (!mj_get(line, "call") && !p->quiet)
                on_return(p, line);
        (void) json_object_put(line);
}

/* --- io/child.h --- */

int child_start(struct loop *l, const struct child_setup *s _unused_, const struct child_listener *listener, void *data, struct child **ret)
{
        struct child *c;
        int before;

        if (sim.faults && chance(R_INNER, 10))
                return -EAGAIN;
        c = xcalloc(1, sizeof *c);
        *c = (struct child) { .loop = l, .listener = listener, .data = data, .speak.fn = on_speak, .told = BUFFER_INIT(SIZE_MAX) };
        before = heap_enter(HEAP_WORLD);
        c->program = xcalloc(1, sizeof *c->program);
        *c->program = (struct program) { .child = c, .incarnation = sim.incarnation, .number = ++n_programs, .fate = "ended with status 0" };
        (void) heap_enter(before);
        *ret = c;
        return 0;
}

void child_free(struct child *c)
{
        loop_undefer(c->loop, &c->speak);
        c->program->child = NULL;
        buffer_done(&c->told);
        free(c);
}

pid_t child_pid(const struct child *c)
{
        return c->program->number;
}

void child_write(struct child *c, const void *data, size_t size)
{
        int before;

        c->queued += size;
        if (size != 1 || *(const char *) data != '\n') {
                (void) buffer_append(&c->told, data, size);
                return;
        }
        if (sim_trap(TRAP_SEND))
                sim_die(CRASH_BEFORE_SEND, "before a question was asked");
        before = heap_enter(HEAP_WORLD);
        read_line(c->program, buffer_str(&c->told));
        (void) heap_enter(before);
        buffer_consume(&c->told, c->told.size);
        if (sim_trap(TRAP_SENT))
                sim_die(CRASH_AFTER_SEND, "when a question had been asked");
}

uint64_t child_queued(const struct child *c)
{
        return c->queued;
}

uint64_t child_written(const struct child *c)
{
        return c->queued;
}

void child_hold(struct child *c)
{
        c->held = true;
}

void child_release(struct child *c)
{
        c->held = false;
        loop_defer(c->loop, &c->speak);
}

void child_end(struct child *c, bool politely)
{
        int before = heap_enter(HEAP_WORLD);

        end(c->program, politely ? 500 * USEC_PER_MSEC : USEC_PER_MSEC, politely ? "ended with status 0" : "was killed by signal 15 (Terminated)");
        (void) heap_enter(before);
}

const char *child_fate(const struct child *c)
{
        return c->program->fate;
}
