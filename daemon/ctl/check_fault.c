/* SPDX-License-Identifier: MIT
 *
 * The same faults at each request of each operation, and what it must say then.  The rule: what may have happened is AMBIGUOUS,
 * so that it is looked for; what has not happened is never that; and OK is what nothing is missing of.
 */
#include "ctl/check.h"

#include <stdio.h>

/* until a request gives up that no answer comes to, if the machine is not busy */
#define SILENCE_USEC (50 * USEC_PER_MSEC)
#define SILENCE_MAX_USEC (30 * USEC_PER_SEC)
#define BLOCKING_TRIES 10

static const struct meeting {
        const char *what, *name;
        enum fault fault;
        unsigned status;
        int verdict;                     /* where nothing may have happened */
} meetings[] = {
        { "a 500", "500", FAULT_STATUS, 500, MENTIOND_RETRY },
        { "a 401", "401", FAULT_STATUS, 401, MENTIOND_AUTH },
        { "a 429", "429", FAULT_STATUS, 429, MENTIOND_THROTTLED },
        { "a connection that is cut", "cut", FAULT_CUT, 0, MENTIOND_RETRY },
        { "an answer that is cut", "short", FAULT_SHORT, 0, MENTIOND_RETRY },
        { "half of an answer's body", "half", FAULT_HALF, 0, MENTIOND_RETRY },
        { "silence", "silence", FAULT_SILENCE, 0, MENTIOND_RETRY },
};

/* Of these something may be done again without harm. */
static bool is_harmless(const char *called)
{
        return !streq(called, "post") && !streq(called, "file") && !streq(called, "append") && !streq(called, "note");
}

/* What an operation that went well came to, but for what differs each time, and for what is gone. */
static char *essence(const struct call *c)
{
        static const char *const members[] = { "id", "ticket", "article", "self" };
        struct buffer b = BUFFER_INIT(SIZE_MAX);

        for (size_t i = 0; i < ELEMENTSOF(members); i++)
                (void) buffer_printf(&b, "%s ", mj_str(c->said, members[i]));
        (void) buffer_printf(&b, "%zu %zu", c->op.n_items, c->op.n_links);
        return buffer_take(&b);
}

static size_t n_gone(const struct call *c)
{
        size_t n = 0;

        for (size_t i = 0; i < c->op.n_again; i++)
                n += c->op.again[i].gone;
        return n;
}

/* Where all is well. */
static struct { char *essence; size_t n_gone; } right;

/* What was not read again now is so later, and nothing is concluded until then: reread() may leave out what is gone. */
static const char *judge_ok(const struct call *c, const char *called)
{
        _cleanup_free_ char *came_to = essence(c);

        if (n_gone(c) > right.n_gone)
                return "it says of a post that it is gone, and the network did not say so";
        return streq(came_to, right.essence) && (n_gone(c) == right.n_gone || streq(called, "reread")) ? ""
               : "something is missing, so it must not say OK";
}

/* "" or what is wrong with it. */
static const char *judge(const struct call *c, const struct meeting *m, const char *called)
{
        bool acted = c->op.wrote && m->status != 401 && m->status != 429;        /* those refuse */

        if (*wrong_call(c))
                return wrong_call(c);
        if (c->verdict == MENTIOND_OK)
                return judge_ok(c, called);
        if (c->verdict == MENTIOND_ABSENT)
                return "it has not seen all: what is not found is done again, so it must not say ABSENT";
        if (c->verdict == MENTIOND_UNKNOWN)
                return "";               /* it is held for a person */
        if (is_harmless(called))
                return c->verdict == m->verdict || (c->verdict == MENTIOND_AMBIGUOUS && c->op.wrote)
                       || (c->had_written && c->verdict == MENTIOND_RETRY) ? "" : "return what the host function returned";
        if (c->had_written || acted)
                return c->verdict == MENTIOND_AMBIGUOUS
                               ? ""
                               : "it may have happened, so it must say AMBIGUOUS: that is looked for, and nothing is done twice";
        return c->verdict == m->verdict ? "" : c->verdict == MENTIOND_AMBIGUOUS
               ? "nothing was written, so AMBIGUOUS only makes people wait" : "return what the host function returned";
}

static void tell(char **wrong, const struct call *c, const struct meeting *m, unsigned at, const char *why)
{
        static const char *const names[] = {
                [MENTIOND_RETRY] = "RETRY", [MENTIOND_AUTH] = "AUTH", [MENTIOND_THROTTLED] = "THROTTLED",
        };
        _cleanup_free_ char *said = told(c);

        *wrong = xasprintf("at request %u of %s it says %s\n%s (without a write before: %s)", at, board->doing, said, why,
                           names[m->verdict]);
}

/* The time that silence takes: of the request that fails, not of those before. */
static int64_t silence_usec;

static void on_request(struct server *s)
{
        call_note_request(s);
        if (s->n_requests + 1 == s->from)
                instance->options.timeout_usec = silence_usec;
}

/* Of a 429: that it is heard. */
static const char *judge_pause(const struct call *c, const struct meeting *m, unsigned at)
{
        if (m->status == 429 && !c->op.wrote && server.n_requests > at)
                return "and it went on asking: end the operation with THROTTLED";
        if (c->verdict == MENTIOND_THROTTLED && c->op.throttled_usec <= 0 && !answers_has(&answers, "429"))
                return "and nobody knows for how long, as the host did not make this request";
        return "";
}

/* false: the request did not come. */
static bool meet(const char *called, const struct meeting *m, unsigned at, char **wrong)
{
        _cleanup_free_ char *name = xasprintf("%s-%s-%u-%lld", called, m->name, at, (long long) silence_usec);
        _cleanup_call_ struct call c = { .said = NULL };
        const char *why;

        if (!instance_begin(name)) {
                *wrong = xstrdup("start() has not been well");
                return true;
        }
        server_play(&server, called);
        server.fault = m->fault;
        server.status = m->status;
        server.from = at;
        if (m->fault == FAULT_SILENCE && at == 1)
                instance->options.timeout_usec = silence_usec;
        server.on_request = m->fault == FAULT_SILENCE ? on_request : call_note_request;
        call_begin_with(&c, called, arguments_of(called));
        if (server.n_requests < at)
                return false;
        why = judge(&c, m, called);
        if (!*why)
                why = judge_pause(&c, m, at);
        if (*why)
                tell(wrong, &c, m, at, why);
        return true;
}

/* How many requests it takes, and what it comes to, where all is well; 0: it is not, and was told. */
static unsigned requests_of(const char *called)
{
        _cleanup_call_ struct call c = { .said = NULL };
        _cleanup_free_ char *name = xasprintf("%s-well", called);

        if (!instance_begin(name))
                return 0;
        call_begin(&c, called);
        if (c.verdict != MENTIOND_OK)
                return 0;
        free(right.essence);
        right.essence = essence(&c);
        right.n_gone = n_gone(&c);
        return MIN(server.n_requests, (unsigned) BOARD_REQUESTS);
}

static void meet_all(const char *called)
{
        unsigned n = streq(called, "start") || answers_has(&answers, called) ? requests_of(called) : 0;

        for (size_t i = 0; i < ELEMENTSOF(meetings) && n; i++) {
                _cleanup_free_ char *name = xasprintf("%s() judges %s", called, meetings[i].what), *wrong = NULL;

                for (unsigned at = 1; at <= n && !wrong; at++)
                        for (silence_usec = SILENCE_USEC; !meet(called, &meetings[i], at, &wrong); silence_usec *= 4)
                                if (silence_usec > SILENCE_MAX_USEC || meetings[i].fault != FAULT_SILENCE) {
                                        wrong = xasprintf(
                                                "it does not come to request %u when it is done again: it must ask the same", at);
                                        break;
                                }
                result(name, strempty(wrong));
        }
}

static const char *const *all_calls(void)
{
        static const char *const channel[] = {
                "start", "poll", "fetch", "reread", "post", "find", "edit", "remove", "react", "doctor", NULL,
        };
        static const char *const helpdesk[] = {
                "start", "poll", "links", "review", "file", "append", "find", "note", "close", "doctor", NULL,
        };

        return plugin->head.kind == MENTIOND_CHANNEL ? channel : helpdesk;
}

void check_faults(void)
{
        for (const char *const *called = all_calls(); *called; called++)
                meet_all(*called);
        free(right.essence);
}

/* Who blocks does so each time; a busy machine does not. */
static bool is_blocking(const char *called)
{
        for (unsigned i = 0; i < BLOCKING_TRIES; i++) {
                _cleanup_call_ struct call c = { .said = NULL };

                if (!instance_begin("blocking"))
                        return false;
                call_begin(&c, called);
                if (c.ran_usec < BLOCKING_USEC)
                        return false;
        }
        return true;
}

void check_blocking(void)
{
        const char *name = "no callback keeps the daemon for over 50 ms";

        for (const char *const *called = all_calls(); *called; called++)
                if ((streq(*called, "start") || answers_has(&answers, *called)) && is_blocking(*called)) {
                        fail(name, "%s() does each time: wait with host functions only, and do less between them", *called);
                        return;
                }
        pass(name);
}
