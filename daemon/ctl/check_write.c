/* SPDX-License-Identifier: MIT
 *
 * What changes something on the other side, and the rest of the callbacks: done, found again, safe to repeat.  And that all ends
 * when it has to.
 */
#include "ctl/check.h"

#include <stdio.h>

#define STOP_USEC (60 * USEC_PER_SEC)    /* generous: it takes some milliseconds */

/* --- Once, and found --- */

/* What a call that went well names: a post, or a ticket and its article. */
static char *named(const struct call *c)
{
        const char *id = mj_str(c->said, "id"), *ticket = mj_str(c->said, "ticket"), *article = mj_str(c->said, "article");

        return *id ? xstrdup(id) : *ticket || *article ? xasprintf("%s %s", ticket, article) : xstrdup("");
}

static bool do_once(const char *called, char **ret)
{
        _cleanup_free_ char *name = xasprintf("%s() is confirmed, and says what was made", called), *said = NULL, *what = NULL;
        _cleanup_call_ struct call c = { .said = NULL };

        if (!answers_has(&answers, called)) {
                skip(name, "the folder has no answer for it: %s-WHAT.http", called);
                return false;
        }
        if (!instance_begin(called))
                return false;
        call_begin(&c, called);
        said = told(&c);
        what = named(&c);
        if (c.verdict != MENTIOND_OK || *wrong_call(&c))
                fail(name, "it says %s\n%s", said, wrong_call(&c));
        else if (!*what)
                fail(name, "it leaves *ret empty: without an id nobody can answer or find what was made");
        else
                pass(name);
        if (c.verdict != MENTIOND_OK || !*what)
                return false;
        (void) snprintf(board->made, sizeof board->made, "%s", *mj_str(c.said, "ticket") ? mj_str(c.said, "ticket") : what);
        *ret = TAKE_PTR(what);
        return true;
}

/* After a restart: nothing is left of what the plugin may have remembered. */
static void look(const char *what)
{
        const char *name = "find() finds what was made, when the answer was lost";
        _cleanup_free_ char *said = NULL, *found = NULL;
        _cleanup_call_ struct call c = { .said = NULL };

        if (plugin->head.kind == MENTIOND_CHANNEL && !plugin->channel.find) {
                skip(name, "there is no find(): a reply whose answer was lost is held for a person");
                return;
        }
        if (!answers_has(&answers, "find")) {
                skip(name, "the folder has no answer for it: find-WHAT.http, that shows what was made");
                return;
        }
        if (!instance_begin("found"))
                return;
        call_begin(&c, "find");
        said = told(&c);
        found = named(&c);
        if (c.verdict != MENTIOND_OK && c.verdict != MENTIOND_UNKNOWN)
                fail(name, "it says %s, and that is there: it would be made twice", said);
        else if (c.verdict == MENTIOND_OK && !streq(found, what))
                fail(name, "it finds %s, and %s was made", found, what);
        else
                pass(name);
}

static void look_for_nothing(void)
{
        const char *name = "find() does not find what was never made";
        _cleanup_free_ char *said = NULL;
        _cleanup_call_ struct call c = { .said = NULL };

        if (plugin->head.kind == MENTIOND_CHANNEL && !plugin->channel.find) {
                skip(name, "there is no find()");
                return;
        }
        if (!answers_has(&answers, "absent")) {
                skip(name, "the folder has no answer for it: absent-WHAT.http, that shows what is there otherwise");
                return;
        }
        if (!instance_begin("absent"))
                return;
        call_begin(&c, "absent");
        said = told(&c);
        if (c.verdict != MENTIOND_ABSENT && c.verdict != MENTIOND_UNKNOWN)
                fail(name, "it says %s, and that is not there: it would never be made", said);
        else
                pass(name);
}

void check_writing(void)
{
        bool channel = plugin->head.kind == MENTIOND_CHANNEL;
        _cleanup_free_ char *what = NULL, *other = NULL, *note = NULL;

        if (do_once(channel ? "post" : "file", &what)) {
                look(what);
                look_for_nothing();
        }
        if (!channel) {
                (void) do_once("append", &other);
                (void) do_once("note", &note);
        }
}

/* --- The other callbacks --- */

static bool has(const char *called)
{
        const struct mentiond_channel *c = &plugin->channel;
        const struct mentiond_helpdesk *h = &plugin->helpdesk;
        const struct { const char *name; bool there; } all[] = {
                { "fetch", c->fetch }, { "reread", c->reread }, { "edit", c->edit }, { "remove", c->remove },
                { "react", c->react },
                { "links", h->links }, { "review", h->review }, { "close", h->close }, { "doctor", c->doctor || h->doctor },
        };

        for (size_t i = 0; i < ELEMENTSOF(all); i++)
                if (streq(all[i].name, called))
                        return all[i].there;
        return false;
}

static void do_twice(const char *called, bool writes)
{
        _cleanup_free_ char *name = xasprintf("%s() is well%s", called,
                                              writes ? ", also where it is done already" : ", and changes nothing");

        if (!has(called))
                return;
        if (!answers_has(&answers, called)) {
                skip(name, "the folder has no answer for it: %s-WHAT.http", called);
                return;
        }
        if (!instance_begin(called))
                return;
        for (unsigned i = 0; i < 2; i++) {
                _cleanup_call_ struct call c = { .said = NULL };
                _cleanup_free_ char *said = NULL;

                call_begin(&c, called);
                said = told(&c);
                if (c.verdict != MENTIOND_OK || *wrong_call(&c)) {
                        fail(name, "it says %s\n%s", said, wrong_call(&c));
                        return;
                }
                if (!writes && c.op.wrote) {
                        fail(name, "it made a request that may change something: ask with GET, or say MENTIOND_REPEATABLE if it "
                                   "is only a search");
                        return;
                }
                if (streq(called, "doctor") && !mj_len(mj_get(c.said, "report"))) {
                        fail(name, "it reports on nothing: mentiond_report()");
                        return;
                }
        }
        pass(name);
}

void check_others(void)
{
        static const char *const reads[] = { "fetch", "reread", "links", "review", "doctor" };
        static const char *const writes[] = { "edit", "remove", "react", "close" };

        for (size_t i = 0; i < ELEMENTSOF(reads); i++)
                do_twice(reads[i], false);
        for (size_t i = 0; i < ELEMENTSOF(writes); i++)
                do_twice(writes[i], true);
}

/* --- The end --- */

static struct { struct call call; char *said; } ending[2];
static const char *calls_at_end[2];
static size_t n_calls, n_ended;
static bool is_gone;

/* For an answer, or for nothing any more. */
static bool all_wait(void)
{
        return server.n_silent + n_ended >= n_calls;
}

static bool gone(void)
{
        return is_gone;
}

static void on_idle(struct instance *i _unused_)
{
        is_gone = true;
}

static void call_at_end(void *data)
{
        size_t n = *(size_t *) data;

        call_begin_with(&ending[n].call, calls_at_end[n], arguments_of(calls_at_end[n]));
        ending[n].said = told(&ending[n].call);
        call_end(&ending[n].call);
        n_ended++;
}

void check_stop(void)
{
        const char *name = "it ends while its requests have no answer";
        static size_t numbers[] = { 0, 1 };
        const char *writes = plugin->head.kind == MENTIOND_CHANNEL ? "post" : "file";
        bool waited;

        calls_at_end[0] = "poll";
        calls_at_end[1] = answers_has(&answers, writes) ? writes : NULL;
        if (!instance_begin("stop"))
                return;
        instance->state = INSTANCE_RUNNING;
        instance->host->idle = on_idle;
        server_play(&server, "any");
        server.fault = FAULT_SILENCE;
        n_calls = 1 + !!calls_at_end[1];
        for (size_t n = 0; n < n_calls; n++)
                instance_task(instance, call_at_end, NULL, &numbers[n]);
        waited = wait_until(all_wait, STOP_USEC) && !n_ended;
        (void) snprintf(board->doing, sizeof board->doing, "poll(), %s() or stop() at the end", writes);
        instance_end(instance);
        instance_cancel(instance);
        if (!wait_until(gone, STOP_USEC)) {
                fail(name, "an operation did not return when it was ended: return what the host function returned, and wait with "
                           "those only");
                return;
        }
        if (!waited) {
                skip(name, "poll() or %s() does not wait for the server", writes);
                return;
        }
        for (size_t n = 0; n < n_calls; n++) {
                const struct call *c = &ending[n].call;

                if (c->verdict != MENTIOND_CANCELED && c->verdict != MENTIOND_RETRY
                    && !(c->verdict == MENTIOND_AMBIGUOUS && c->op.wrote)) {
                        fail(name, "%s() says %s: return what the host function returned", calls_at_end[n], ending[n].said);
                        return;
                }
        }
        pass(name);
}
