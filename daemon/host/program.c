/* SPDX-License-Identifier: MIT
 *
 * An instance's program, and the questions that it was asked: which line belongs to which operation, what became of those that
 * were not answered, and when it is begun again.  Owns the child.  Called by plugins from within an operation
 * (mentiond_child_*), and by instance.c.
 *
 * A question is a conversation under one number: a line of ours, and lines of the program about it, of which each but the
 * last has a member "call", and is answered by a line of ours.  The number is free again with the last.  A program that
 * breaks the rules is ended, as nobody can tell what its next line would be about.
 */
#include "host/op.h"
#include "host/parse.h"
#include "host/program.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "io/child.h"

#include <mentiond/json.h>

#include <errno.h>

#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"

struct question {
        struct question *next;
        int64_t number;
        struct mentiond_op *op;          /* NULL: nobody waits for the answer any more */
        uint64_t begin;                  /* where its first line began, of all that was queued for the child */
        struct json_object *line;        /* of the child's, not taken yet */
        size_t size;
        unsigned n_lines;
        bool is_ours;                    /* it is for us to say the next line */
        bool unsafe;                     /* it may do what must not be done twice */
        bool lost, left;                 /* there will be no answer; left: the child may have read the question */
};

struct waiter {
        struct waiter *next;
        struct task *task;
};

struct program {
        struct instance *instance;
        struct child *child;             /* NULL: it does not run */
        const char *id;                  /* the member with a question's number */
        struct question *questions;      /* those not answered */
        unsigned n, parallel;
        int64_t last_number, heard_usec, silence_max_usec;
        struct loop_timer silence;
        struct waiter *waiters;          /* for a turn, or for its end; in the order in which they came */
        bool ending;                     /* it is asked nothing any more */
        char *broken;                    /* why we end it, if it is to blame */
        char *fate;                      /* of the last one: behind "the child" */
        int64_t began_usec, next_usec;
        unsigned failures;
};

/* --- Who waits --- */

static void wake_all(struct program *p)
{
        for (struct waiter *w = p->waiters; w; w = w->next)
                task_wake(w->task);
}

static void join(struct program *p, struct waiter *w)
{
        struct waiter **at = &p->waiters;

        while (*at)
                at = &(*at)->next;
        *w = (struct waiter) { .task = task_self() };
        *at = w;
}

static void part(struct program *p, struct waiter *w)
{
        struct waiter **at = &p->waiters;

        while (*at != w)
                at = &(*at)->next;
        *at = w->next;
        wake_all(p);
}

/* --- Questions --- */

static void watch_silence(struct program *p)
{
        bool owes = false;

        for (const struct question *q = p->questions; q; q = q->next)
                owes |= !q->is_ours;
        if (owes)
                loop_timer_set(p->instance->host->loop, &p->silence, p->heard_usec + p->silence_max_usec);
        else
                loop_timer_clear(p->instance->host->loop, &p->silence);
}

static void forget(struct program *p, struct question *q)
{
        struct question **at = &p->questions;

        while (*at != q)
                at = &(*at)->next;
        *at = q->next;
        p->n--;
        if (q->line)
                (void) json_object_put(q->line);
        free(q);
        watch_silence(p);
        wake_all(p);
}

/* Ends it, for a reason that stands behind "the child". */
static void break_off(struct program *p, char *why)
{
        if (p->broken || !p->child) {
                free(why);
                return;
        }
        p->broken = why;
        child_end(p->child, false);
}

static void on_silence(struct loop_timer *t)
{
        struct program *p = CONTAINER_OF(t, struct program, silence);

        if (mono_usec() < p->heard_usec + p->silence_max_usec)
                watch_silence(p);
        else
                break_off(p, xasprintf("said nothing for %lld seconds, and was ended",
                                       (long long) (p->silence_max_usec / USEC_PER_SEC)));
}

static void say(struct program *p, struct question *q, struct json_object *line)
{
        const char *text;

        mj_put_int(line, p->id, q->number);
        text = json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
        child_write(p->child, text, strlen(text));
        child_write(p->child, "\n", 1);
        q->is_ours = false;
        p->heard_usec = mono_usec();
        watch_silence(p);
}

/* Its operation has ended: the child is told so if it waits for us, and may go on with something else. */
static void say_canceled(struct program *p, struct question *q)
{
        struct json_object *line = json_object_new_object();

        mj_put_bool(line, "canceled", true);
        if (p->child)
                say(p, q, line);
        (void) json_object_put(line);
}

void program_leave(struct mentiond_op *op)
{
        struct question *q = TAKE_PTR(op->question);
        struct program *p = op->instance->program;

        if (!q)
                return;
        q->op = NULL;
        if (q->line) {
                bool calls = mj_get(q->line, "call");

                (void) json_object_put(TAKE_PTR(q->line));
                child_release(p->child);
                if (!calls)
                        q->lost = true;
                q->is_ours = calls;
        }
        if (q->lost) {
                forget(p, q);
                return;
        }
        /* Whether it was done is asked next: of a child that does one thing after the other, behind this. */
        if (q->unsafe && p->parallel > 1)
                break_off(p, xstrdup("did not answer in time, and was ended"));
        else if (q->is_ours)
                say_canceled(p, q);
}

static void on_line(void *data, const char *text, size_t size)
{
        struct program *p = data;
        struct json_object *json, *number;
        struct question *q = p->questions;
        const char *why;
        size_t at;

        if (p->broken)
                return;
        if (!text) {
                break_off(p, xasprintf("wrote a line of more than %d bytes, and was ended", CHILD_LINE_MAX));
                return;
        }
        if (!text[strspn(text, " \t\r")] && strlen(text) == size)
                return;
        json = parse_json(text, size, &why, &at);
        if (!json) {
                break_off(p, xasprintf("wrote a line that is not JSON (%s, behind byte %zu), and was ended", why, at));
                return;
        }
        number = mj_get(json, p->id);
        if (!json_object_is_type(number, json_type_int)) {
                break_off(p, xasprintf("wrote a line without a number \"%s\" that says what it is about, and was ended", p->id));
                (void) json_object_put(json);
                return;
        }
        while (q && q->number != json_object_get_int64(number))
                q = q->next;
        if (!q || q->is_ours || q->n_lines++ >= PROGRAM_LINES_MAX) {
                break_off(p, !q ? xasprintf("wrote a line about \"%s\" %lld, which is not asked or answered already,"
                                            " and was ended", p->id, (long long) json_object_get_int64(number))
                             : q->is_ours ? xstrdup("wrote a line before its call was answered, and was ended")
                                          : xstrdup("made more calls than one operation may, and was ended"));
                (void) json_object_put(json);
                return;
        }
        p->heard_usec = mono_usec();
        q->is_ours = mj_get(json, "call");
        if (q->op) {
                q->line = json;
                q->size = size;
                child_hold(p->child);    /* until it is taken */
                task_wake(q->op->task);
        } else if (q->is_ours) {
                (void) json_object_put(json);
                say_canceled(p, q);
        } else {
                (void) json_object_put(json);
                forget(p, q);
        }
        watch_silence(p);
}

/* Of sd-daemon(3): "<4>" is a warning. */
static void on_error_line(void *data, const char *text)
{
        const struct program *p = data;
        int level = LOG_INFO;

        if (text[0] == '<' && text[1] >= '0' && text[1] <= '7' && text[2] == '>') {
                level = text[1] - '0';
                text += 3;
        }
        if (instance_may_log(p->instance))
                log_event(level, "the child says", F("instance", p->instance->name), F("text", text));
}

static void on_end(void *data)
{
        struct program *p = data;
        const struct instance_options *o = &p->instance->options;
        int64_t delay = 0;
        char *fate;

        fate = p->broken ? TAKE_PTR(p->broken) : p->ending ? xstrdup("was ended") : xstrdup(child_fate(p->child));
        free(p->fate);
        p->fate = fate;
        if (!p->ending) {
                if (mono_usec() - p->began_usec >= PROGRAM_STEADY_USEC)
                        p->failures = 0;
                delay = backoff_usec(o->retry_usec, o->retry_max_usec, p->failures++);
                p->next_usec = mono_usec() + delay;
        }
        log_event(p->ending ? LOG_INFO : LOG_WARNING, "the child has ended", F("instance", p->instance->name),
                  FI("pid", child_pid(p->child)), F("reason", p->fate), FI("delay_ms", delay / USEC_PER_MSEC));
        for (struct question *q = p->questions, *next; q; q = next) {
                next = q->next;
                if (!q->op) {
                        forget(p, q);
                        continue;
                }
                q->lost = true;
                q->left = child_written(p->child) > q->begin;
                task_wake(q->op->task);
        }
        child_free(TAKE_PTR(p->child));
        p->ending = false;
        loop_timer_clear(p->instance->host->loop, &p->silence);
        wake_all(p);
}

static const struct child_listener listener = { .line = on_line, .error_line = on_error_line, .end = on_end };

/* --- Its life --- */

bool program_runs(const struct program *p)
{
        return p && p->child;
}

static bool is_waited_for(const struct program *p)
{
        for (const struct question *q = p->questions; q; q = q->next)
                if (q->op)
                        return true;
        return false;
}

void program_end(struct program *p)
{
        struct waiter w;

        if (!p->child)
                return;
        p->ending = true;
        join(p, &w);
        while (p->child && is_waited_for(p))
                task_wait_always();
        if (p->child)
                child_end(p->child, true);
        while (p->child)
                task_wait_always();
        part(p, &w);
}

void program_free(struct program *p)
{
        if (!p)
                return;
        if (p->child)
                child_free(p->child);
        loop_timer_clear(p->instance->host->loop, &p->silence);
        free(p->broken);
        free(p->fate);
        free(p);
}

static struct program *program_of(struct instance *i)
{
        if (!i->program) {
                i->program = xcalloc(1, sizeof *i->program);
                *i->program = (struct program) {
                        .instance = i, .id = "id", .parallel = 1, .fate = xstrdup("was not begun yet"), .silence.fn = on_silence,
                };
        }
        return i->program;
}

/* PATH and LANG, and what the plugin names: a row without "=" is one of our own environment. */
static const char *const *environment_of(struct mentiond_op *op, const char *const *rows)
{
        const char **all;
        size_t n = 0;

        for (const char *const *row = rows; row && *row; row++)
                n++;
        all = arena_alloc(op->arena, (n + 3) * sizeof *all);
        n = 0;
        all[n++] = arena_printf(op->arena, "PATH=%s", getenv("PATH") ?: PATH_DEFAULT);
        all[n++] = arena_printf(op->arena, "LANG=%s", getenv("LANG") ?: "C.UTF-8");
        for (const char *const *row = rows; row && *row; row++)
                if (strchr(*row, '='))
                        all[n++] = *row;
                else if (getenv(*row))
                        all[n++] = arena_printf(op->arena, "%s=%s", *row, getenv(*row));
        return all;
}

int mentiond_child_run(struct mentiond_op *op, const struct mentiond_program *program, uint32_t *ret_new)
{
        const struct mentiond_program copy = COPY_SIZED(struct mentiond_program, program), *s = &copy;
        struct program *p = program_of(op->instance);
        int64_t wait = p->next_usec - mono_usec();
        int r;

        *ret_new = 0;
        r = op_admit(op);
        if (r != MENTIOND_OK)
                return r;
        p->parallel = MAX(s->parallel, 1u);
        if (p->child && !p->ending && !p->broken)
                return MENTIOND_OK;
        if (p->child)
                return mentiond_fail(op, MENTIOND_RETRY, "the child is being ended");
        if (wait > 0)
                return mentiond_fail(op, MENTIOND_RETRY, "the child %s; it is begun again in %lld seconds", p->fate,
                                     (long long) ((wait + USEC_PER_SEC - 1) / USEC_PER_SEC));
        if (!s->arguments || !s->arguments[0] || s->arguments[0][0] != '/')
                return mentiond_fail(op, MENTIOND_BUG, "a program must be named by its whole path");
        p->id = isempty(s->id) ? "id" : s->id;   /* a constant of the plugin's */
        p->silence_max_usec = op->instance->options.timeout_usec;
        r = child_start(op->instance->host->loop, &(struct child_setup) {
                .arguments = s->arguments,
                .environment = environment_of(op, s->environment),
                .directory = isempty(s->directory) ? "/" : s->directory,
                .memory_max = s->memory_max,
                .cpu_max_usec = s->cpu_max_usec,
        }, &listener, p, &p->child);
        if (r < 0)
                return mentiond_fail(op, MENTIOND_RETRY, "the child cannot be begun: %s", strerror(-r));
        p->began_usec = mono_usec();
        log_event(LOG_INFO, "the child was begun", F("instance", op->instance->name), F("program", s->arguments[0]),
                  FI("pid", child_pid(p->child)));
        *ret_new = 1;
        return MENTIOND_OK;
}

void mentiond_child_end(struct mentiond_op *op)
{
        program_leave(op);
        if (op->instance->program)
                program_end(op->instance->program);
}

/* --- Asking --- */

/* Waits until it can be asked.  Nothing was said yet, whatever is returned. */
static int take_turn(struct mentiond_op *op, struct program *p)
{
        struct waiter w;
        int r = 0;

        join(p, &w);
        while (r == 0 && p->child && !p->ending && !p->broken && (p->n >= p->parallel || p->waiters != &w))
                r = task_wait();
        if (r == 0 && p->child && !p->ending && !p->broken) {
                op->question = xcalloc(1, sizeof *op->question);
                *op->question = (struct question) {
                        .next = p->questions, .number = ++p->last_number, .op = op, .begin = child_queued(p->child),
                };
                p->questions = op->question;
                p->n++;
        }
        part(p, &w);
        if (op->question)
                return MENTIOND_OK;
        if (r < 0) {
                op->unsent = !op->wrote;
                return mentiond_fail(op, MENTIOND_CANCELED, "the operation was ended while the child was busy with others");
        }
        return mentiond_fail(op, MENTIOND_RETRY, "the child %s before it was asked", p->child ? "is ending" : p->fate);
}

/* What becomes of a question that is not answered any more. */
static int lose(struct mentiond_op *op, struct program *p)
{
        bool left = op->question->left, unsafe = op->question->unsafe;

        program_leave(op);
        return mentiond_fail(op, left && unsafe ? MENTIOND_AMBIGUOUS : MENTIOND_RETRY,
                             "the child %s before it answered", p->fate);
}

static void put_json(void *object)
{
        (void) json_object_put(object);
}

int mentiond_child_ask(struct mentiond_op *op, struct json_object *line, uint32_t flags, struct json_object **ret)
{
        struct program *p = program_of(op->instance);
        struct question *q = op->question;
        int r = q ? MENTIOND_OK : op_admit(op);

        if (r == MENTIOND_OK && op_memory_size(op) > op->memory_max)
                r = op_refuse(op, MENTIOND_BUG, "more memory than one operation may take");
        if (r == MENTIOND_OK && !q)
                r = take_turn(op, p);
        if (r != MENTIOND_OK)
                return r;
        if (!q)
                crash_point(op->name, "request");
        q = op->question;
        q->unsafe |= !(flags & MENTIOND_REPEATABLE);
        op->wrote |= q->unsafe;
        if (p->child && !q->lost)
                say(p, q, line);
        while (!q->line && !q->lost) {
                r = task_wait();
                if (r < 0 && !q->line && !q->lost) {
                        r = q->unsafe ? MENTIOND_AMBIGUOUS : MENTIOND_CANCELED;
                        program_leave(op);
                        return mentiond_fail(op, r,
                                             "the child did not answer before the operation was ended");
                }
        }
        if (!q->line)
                return lose(op, p);
        crash_point(op->name, "response");
        arena_charge(op->page, JSON_FACTOR * q->size);
        *ret = arena_own(op->page, TAKE_PTR(q->line), put_json);
        if (!q->is_ours) {
                op->question = NULL;
                forget(p, q);
        }
        if (p->child)
                child_release(p->child);
        return MENTIOND_OK;
}
