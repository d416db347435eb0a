/* SPDX-License-Identifier: MIT
 *
 * io/child.h whose programs say what the input says.  Owns the lines that are left.
 *
 * Each line that a program is told makes it say one line of the input, in which '$' stands for the number of the question; a
 * line "!" ends it, "<TEXT" goes to its standard error, and of "+LINE" the next one follows at once.  Behind the last it is
 * silent.
 */
#include "world.h"

#include "io/child.h"

#include <stdio.h>

#define LINES_MAX 64

struct child {
        const struct child_listener *listener;
        void *data;
        struct loop_defer speak;
        struct loop_timer end;
        struct buffer told;
        uint64_t queued;
        unsigned owes;                   /* lines that it may say */
        bool held, ended;
};

static char *lines[LINES_MAX];
static size_t n_lines, next_line;

void (*world_on_child)(const char *line);

void child_says(struct input *in)
{
        while (in->size > 0 && n_lines < LINES_MAX)
                lines[n_lines++] = input_line(in);
}

void child_forget(void)
{
        while (n_lines > 0)
                free(lines[--n_lines]);
        next_line = 0;
}

static int64_t number_of(const char *told)
{
        const char *op = NULL;

        for (const char *p = told; (p = strstr(p, "\"op\":")); p++)
                op = p + 5;
        return op ? strtoll(op, NULL, 10) : 0;
}

static char *with_number(const char *line, int64_t number)
{
        struct buffer b = BUFFER_INIT(SIZE_MAX);

        for (; *line; line++)
                if (*line == '$')
                        (void) buffer_printf(&b, "%lld", (long long) number);
                else
                        (void) buffer_append(&b, line, 1);
        return buffer_take(&b);
}

static void on_end_time(struct loop_timer *t)
{
        struct child *c = CONTAINER_OF(t, struct child, end);

        c->ended = true;
        c->listener->end(c->data);
}

static void on_speak(struct loop_defer *d)
{
        struct child *c = CONTAINER_OF(d, struct child, speak);

        while (c->owes && !c->held && !c->ended && next_line < n_lines) {
                _cleanup_free_ char *said = NULL;
                const char *line = lines[next_line++];

                c->owes--;
                if (*line == '+') {
                        line++;
                        c->owes++;
                }
                if (streq(line, "!")) {
                        child_end(c, false);
                        return;
                }
                said = with_number(line, number_of(buffer_str(&c->told)));
                if (*said == '<')
                        c->listener->error_line(c->data, said + 1);
                else
                        c->listener->line(c->data, said, strlen(said));
        }
}

int child_start(struct loop *l _unused_, const struct child_setup *s, const struct child_listener *listener, void *data,
                struct child **ret)
{
        struct child *c = xcalloc(1, sizeof *c);

        MUST(s->arguments[0][0] == '/' && s->environment[0]);
        for (size_t i = 0; s->environment[i]; i++)
                MUST(!strstr(s->environment[i], WORLD_SECRET));
        *c = (struct child) {
                .listener = listener, .data = data, .speak.fn = on_speak, .end.fn = on_end_time, .told = BUFFER_INIT(SIZE_MAX),
        };
        *ret = c;
        return 0;
}

void child_free(struct child *c)
{
        loop_undefer(world_loop, &c->speak);
        loop_timer_clear(world_loop, &c->end);
        buffer_done(&c->told);
        free(c);
}

pid_t child_pid(const struct child *c _unused_)
{
        return 1;
}

/* Whole lines, of which the last counts. */
void child_write(struct child *c, const void *data, size_t size)
{
        c->queued += size;
        if (size == 1 && *(const char *) data == '\n') {
                if (world_on_child)
                        world_on_child(buffer_str(&c->told));
                c->owes++;
                loop_defer(world_loop, &c->speak);
                return;
        }
        buffer_consume(&c->told, c->told.size);
        (void) buffer_append(&c->told, data, size);
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
        loop_defer(world_loop, &c->speak);
}

void child_end(struct child *c, bool politely _unused_)
{
        if (!c->end.index)
                loop_timer_set(world_loop, &c->end, world_now + USEC_PER_MSEC);
}

const char *child_fate(const struct child *c _unused_)
{
        return "ended with status 0";
}
