/* SPDX-License-Identifier: MIT
 *
 * Polls: that they show what is there, the same each time, whatever becomes of the process; that they keep no memory; and
 * that nothing in an answer can hurt.
 */
#include "ctl/check.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>

#define POLLS 60                         /* behind which the memory is looked at, each time */
#define WINDOWS 3
#define LEAK_MIN 8                       /* bytes a poll: malloc() counts no less */
#define ODD_CALLS 800                    /* of one operation at most; of larger answers each odd value stands in other places */

static unsigned kill_at;                 /* request of the poll; behind the last: when the poll has returned */

static int by_text(const void *a, const void *b)
{
        return strcmp(a, b);
}

static void remember_items(const struct mentiond_op *op)
{
        board->n_ids = 0;
        for (size_t i = 0; i < op->n_items && board->n_ids < BOARD_IDS; i++)
                if (strlen(op->items[i].native_id) < sizeof board->ids[0])
                        (void) snprintf(board->ids[board->n_ids++], sizeof board->ids[0], "%s", op->items[i].native_id);
        qsort(board->ids, board->n_ids, sizeof board->ids[0], by_text);
}

/* Of what the first poll emitted, what the journal does not have; NULL: nothing. */
static const char *missing(void)
{
        for (unsigned i = 0; i < board->n_ids; i++)
                if (!store_row_of(instance->host->store, instance->stored.id, board->ids[i]))
                        return board->ids[i];
        return NULL;
}

static void poll_again(void)
{
        _cleanup_call_ struct call c = { .said = NULL };
        _cleanup_free_ char *said = NULL;

        call_begin(&c, "poll");
        said = told(&c);
        if (c.verdict != MENTIOND_OK)
                fail("a second poll emits nothing new", "it says %s", said);
        else if (c.op.n_items)
                fail("a second poll emits nothing new", "%zu items are new again, as \"%s\": an id must name an item for ever",
                     c.op.n_items, c.op.items[0].native_id);
        else
                pass("a second poll emits nothing new");
}

static void poll_once(void)
{
        _cleanup_call_ struct call c = { .said = NULL };
        call_begin(&c, "poll");
        call_commit(&c);
}

static size_t memory_after_polls(void)
{
        for (unsigned i = 0; i < POLLS; i++)
                poll_once();
        return mallinfo2().uordblks;
}

/* Caches grow now and then; what is lost with each poll grows each time.  malloc() counts exactly, see count_exactly(). */
static void check_memory(void)
{
        const char *name = "a poll keeps no memory";
        size_t before, least = SIZE_MAX;

        (void) memory_after_polls();
        before = memory_after_polls();
        if (!before) {
                skip(name, "this C library does not count it");
                return;
        }
        for (unsigned i = 0; i < WINDOWS; i++) {
                size_t after = memory_after_polls();

                least = MIN(least, after > before ? after - before : 0);
                before = after;
        }
        if (least / POLLS >= LEAK_MIN)
                fail(name,
                     "each leaves %zu bytes behind: what json_tokener_parse(), strdup() or malloc() gave is the plugin's to free",
                     least / POLLS);
        else
                pass(name);
}

void check_poll(void)
{
        const char *name = "poll() emits what the answers hold";

        if (!answers_has(&answers, "poll")) {
                skip(name, "the folder has no answer for it: poll-WHAT.http");
                return;
        }
        if (!instance_begin("poll"))
                return;
        {
                _cleanup_call_ struct call c = { .said = NULL };
                _cleanup_free_ char *said = NULL;

                call_begin(&c, "poll");
                said = told(&c);
                if (c.verdict != MENTIOND_OK || *wrong_call(&c)) {
                        fail(name, "it says %s\n%s", said, wrong_call(&c));
                        return;
                }
                if (instance->n_aside) {
                        fail(name, "%u items were put aside: MENTIOND_CHECK_LOG=1 in the environment shows why",
                             instance->n_aside);
                        return;
                }
                if (!c.op.n_items) {
                        fail(name, "no item is new: let the answers hold one that is not the account's own%s",
                             instance_is_channel(instance) ? "" : ", in a ticket that poll.json names: {\"tickets\": [\"7\"]}");
                        return;
                }
                printf("# %zu items, the first of them %s\n", c.op.n_items, c.op.items[0].native_id);
                board->poll_requests = server.n_requests;
                remember_items(&c.op);
                call_commit(&c);
                pass(name);
        }
        poll_again();
        check_memory();
}

/* --- kill -9 --- */

static void poll_and_die(void)
{
        _cleanup_call_ struct call c = { .said = NULL };

        if (!instance_begin("killed"))
                return;
        server_play(&server, "poll");
        server.fault = FAULT_KILL;
        server.from = kill_at;
        call_begin_with(&c, "poll", arguments_of("poll"));
        (void) raise(SIGKILL);
}

static void poll_after_death(void)
{
        _cleanup_call_ struct call c = { .said = NULL };
        _cleanup_free_ char *said = NULL;

        if (!instance_begin("killed"))
                return;
        call_begin(&c, "poll");
        said = told(&c);
        call_commit(&c);
        if (c.verdict != MENTIOND_OK)
                (void) snprintf(board->lost, sizeof board->lost, "says %s", said);
        else if (missing())
                (void) snprintf(board->lost, sizeof board->lost,
                                "leaves out %s: a place in a list moves with mentiond_set_cursor() only, and "
                                "the network is told that something was read by the next poll, not by this one",
                                missing());
}

void check_kills(const char *directory)
{
        const char *name = "nothing is lost by a poll that is killed at any request, or before its commit";

        if (!board->n_ids) {
                skip(name, "there was no poll that ended well");
                return;
        }
        for (kill_at = 1; kill_at <= MIN(board->poll_requests, (unsigned) BOARD_REQUESTS) + 1; kill_at++) {
                _cleanup_free_ char *journal = xasprintf("%s/killed-%u", directory, kill_at);

                if (process_run(journal, poll_and_die) != SIGKILL) {
                        fail(name, "the poll does not come to request %u when it is done again: it must ask the same", kill_at);
                        return;
                }
                if (process_run(journal, poll_after_death) != 0) {
                        fail(name, "after a kill at request %u the next poll does not return from %s", kill_at, board->doing);
                        return;
                }
                if (*board->lost) {
                        fail(name, "after a kill at request %u the next poll %s", kill_at, board->lost);
                        return;
                }
        }
        pass(name);
}

/* --- What stands in answers --- */

static void poll_with_more(void)
{
        const char *name = "members that nobody knows change nothing";
        _cleanup_call_ struct call c = { .said = NULL };
        _cleanup_free_ char *said = NULL;

        if (!instance_begin("more"))
                return;
        server_play(&server, "poll");
        server.fault = FAULT_MORE;
        call_begin_with(&c, "poll", arguments_of("poll"));
        said = told(&c);
        call_commit(&c);
        if (c.verdict != MENTIOND_OK)
                fail(name, "poll() says %s: leave members alone that are new", said);
        else if (missing())
                fail(name, "poll() leaves out %s: leave members alone that are new", missing());
        else
                pass(name);
}

/* Whether there was such a value; wrong calls are told. */
static bool call_with_odd(const char *name, size_t at, const char *odd, char **wrong)
{
        _cleanup_call_ struct call c = { .said = NULL };

        server_play(&server, name);
        server.fault = FAULT_ODD;
        server.odd_at = at;
        server.odd = odd;
        call_begin_with(&c, name, arguments_of(name));
        if (*wrong_call(&c) && c.op.cut)
                *wrong = xasprintf("where value %zu of the answers is %.40s, %s: %s", at, odd, board->doing, wrong_call(&c));
        return server.n_values > at;
}

static void check_odd(const char *called)
{
        static const char *const odds[] = {
                "null", "-1", "9223372036854775807", "[]", "{}", "\"\"", "[[{\"id\": {}}]]",
                "\"/../x?injected=1\"", "\"x\\r\\nInjected: 1\\r\\n\"", "\"<script>\\u202e\\u0000\\ud800\"",
        };
        _cleanup_free_ char *name = xasprintf("%s() bears any value in an answer", called), *wrong = NULL;

        if (!streq(called, "start") && !answers_has(&answers, called)) {
                skip(name, "the folder has no answer for it: %s-WHAT.http", called);
                return;
        }
        for (size_t i = 0, step = 1; i < ELEMENTSOF(odds) && !wrong; i++) {
                if (!instance_begin("odd"))
                        return;
                for (size_t at = i % step; call_with_odd(called, at, odds[i], &wrong) && !wrong; at += step)
                        step = MAX(step, (server.n_values * ELEMENTSOF(odds) + ODD_CALLS - 1) / ODD_CALLS);
        }
        result(name, strempty(wrong));
}

void check_hostile(void)
{
        if (board->n_ids)
                poll_with_more();
        check_odd("start");
        if (board->n_ids)
                check_odd("poll");
        check_odd(plugin->head.kind == MENTIOND_CHANNEL ? "post" : "file");
}
