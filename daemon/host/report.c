/* SPDX-License-Identifier: MIT
 *
 * Reports, and the two operations that make them.  What holds for every plugin is looked at here: the instance's state, the other
 * side's clock, what is left of its limit.  Owns the lines until they are taken.  Called by admin/doctor.
 */
#include "host/report.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "host/op.h"

#include <mentiond/json.h>

#define LINES_MAX 1000           /* of one instance: a plugin that tells more tells nobody */
#define WHAT_MAX 200             /* bytes */
#define TEXT_MAX 2000            /* of a line; a server's words come in */
#define SILENCE_USEC (15 * USEC_PER_MINUTE)      /* without a poll that ended well, beside three times poll_every */

void report_init(struct report *r, const char *instance)
{
        *r = (struct report) { .instance = instance, .lines = json_object_new_array() };
}

void report_done(struct report *r)
{
        (void) json_object_put(r->lines);
        r->lines = NULL;
}

/* As it can be shown on a terminal; the line ends stay. */
static char *fit(const char *text)
{
        struct buffer b = BUFFER_INIT(SIZE_MAX);

        for (;;) {
                size_t n = strcspn(text, "\n");
                _cleanup_free_ char *line = xstrndup(text, n), *safe = log_escape(line, TEXT_MAX);

                (void) buffer_append_str(&b, safe);
                if (!text[n])
                        return buffer_take(&b);
                (void) buffer_append_str(&b, "\n");
                text += n + 1;
        }
}

static void add(struct report *r, uint32_t finding, const char *what, const char *text)
{
        static const char *const names[] = {
                [MENTIOND_FINE] = "ok", [MENTIOND_WRONG] = "wrong", [MENTIOND_UNCLEAR] = "unclear", [MENTIOND_TO_DO] = "to do",
                [MENTIOND_DONE] = "done", [MENTIOND_BY_HAND] = "by hand",
        };
        _cleanup_free_ char *safe_what = log_escape(what, WHAT_MAX), *safe = fit(text);
        struct json_object *line = json_object_new_object();

        if (finding < MENTIOND_FINE || finding > MENTIOND_BY_HAND)
                finding = MENTIOND_UNCLEAR;
        r->counts[finding]++;
        mj_put_str(line, "instance", r->instance);
        mj_put_str(line, "finding", names[finding]);
        mj_put_str(line, "what", safe_what);
        mj_put_str(line, "text", safe);
        (void) json_object_array_add(r->lines, line);
}

void report_add(struct report *r, uint32_t finding, const char *what, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = xvasprintf(format, ap);
        va_end(ap);
        add(r, finding, what, text);
}

void mentiond_report(struct mentiond_op *op, uint32_t finding, const char *what, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        if (op_admit(op) != MENTIOND_OK)
                return;
        if (!op->report || op->report->n >= LINES_MAX) {
                (void) op_refuse(op, MENTIOND_BUG, op->report ? "more lines than the host takes in one report"
                                                              : "only doctor() and provision() report");
                return;
        }
        va_start(ap, format);
        text = xvasprintf(format, ap);
        va_end(ap);
        text = op_hide_secrets(op, TAKE_PTR(text));
        op->report->n++;
        add(op->report, finding, what, text);
}

static const char *queue_of(const struct instance *i)
{
        return strempty(i->options.queue);
}

static const char *network_of(const struct instance *i)
{
        return i->plugin->name;
}

/* The n-th different one, of the channels that file into this helpdesk. */
static const char *nth(struct mentiond_op *op, uint32_t n, const char *(*of)(const struct instance *i))
{
        const struct instance *desk = op->instance, *list = desk->host->instances;

        for (const struct instance *i = list; i; i = i->next) {
                bool first = instance_is_channel(i) && streq(strempty(i->options.helpdesk), desk->name);

                for (const struct instance *k = list; k != i && first; k = k->next)
                        first = !instance_is_channel(k) || !streq(strempty(k->options.helpdesk), desk->name)
                                || !streq(of(k), of(i));
                if (first && n-- == 0)
                        return arena_strdup(op_memory(op), of(i));
        }
        return NULL;
}

const char *mentiond_queue(struct mentiond_op *op, uint32_t n)
{
        return nth(op, n, queue_of);
}

const char *mentiond_network(struct mentiond_op *op, uint32_t n)
{
        return nth(op, n, network_of);
}

void report_hear(struct report *r, const struct http_reply *reply)
{
        _cleanup_free_ char *date = http_header(reply, "Date");
        int64_t usec = http_parse_date(date);

        if (!usec)
                return;
        /* It was cut to the second, some time between the request and its reply. */
        r->ahead_usec = usec + USEC_PER_SEC / 2 - (utc_usec() - reply->took_usec / 2);
        r->knows_time = true;
}

/* --- The instance --- */

/* What its state is, and what to do about it; false if none of its plugin's code may run. */
static bool look_at_state(struct report *r, const struct instance *i)
{
        _cleanup_free_ char *polled = i->last_poll_usec ? text_format_time(i->last_poll_usec) : NULL;
        int64_t silent_usec = utc_usec() - MAX(i->last_poll_usec, i->state_usec);

        switch (i->state) {
        case INSTANCE_RUNNING:
                if (silent_usec > 3 * i->options.poll_every_usec + SILENCE_USEC)
                        report_add(r, MENTIOND_WRONG, "instance", "it runs, but no poll has ended well for %lld minutes%s%s",
                                   (long long) (silent_usec / USEC_PER_MINUTE), *i->reason ? ": " : "", i->reason);
                else
                        report_add(r, MENTIOND_FINE, "instance", "it runs; last poll: %s", polled ? polled : "none yet");
                break;
        case INSTANCE_STARTING:
                if (*i->reason)
                        report_add(r, MENTIOND_WRONG, "instance", "it cannot start, and tries again: %s", i->reason);
                else
                        report_add(r, MENTIOND_UNCLEAR, "instance", "it is just starting: ask again");
                break;
        case INSTANCE_PAUSED:
                report_add(r, MENTIOND_WRONG, "instance", "it is paused: mentionctl resume %s", i->name);
                break;
        case INSTANCE_STOPPED:
                report_add(r, MENTIOND_WRONG, "instance", "it is stopped (%s): mend that, then mentionctl resume %s", i->reason,
                           i->name);
                break;
        case INSTANCE_BENCHED:
                report_add(r, MENTIOND_WRONG, "instance", "it is benched (%s): update the plugin, then mentionctl resume %s",
                           i->reason, i->name);
                return false;
        case INSTANCE_ENDING:
                report_add(r, MENTIOND_UNCLEAR, "instance", "it is ending: ask again");
                return false;
        }
        return !i->stopped;
}

static void look_at_replies(struct report *r, const struct instance *i)
{
        long long apart = (long long) ((r->ahead_usec < 0 ? -r->ahead_usec : r->ahead_usec) / USEC_PER_SEC);

        if (!r->knows_time)
                report_add(r, MENTIOND_UNCLEAR, "clock", "the other side does not tell its time");
        else if (apart > CLOCKS_APART_USEC / USEC_PER_SEC)
                report_add(r, MENTIOND_WRONG, "clock", "the other side's is %lld s %s this machine's: set the wrong one, by NTP",
                           apart, r->ahead_usec > 0 ? "ahead of" : "behind");
        else
                report_add(r, MENTIOND_FINE, "clock", "within %lld s of this machine's", apart + 1);
        if (i->budget.limit)
                report_add(r, i->budget.remaining > 0 ? MENTIOND_FINE : MENTIOND_WRONG, "rate limit",
                           "%lld of %lld %s are left%s", (long long) i->budget.remaining, (long long) i->budget.limit,
                           i->budget.percent ? "percent" : "requests",
                           i->budget.remaining > 0 ? "" : ": see what else uses the account, or set the option rate");
}

static void end_with(struct report *r, const struct mentiond_op *op, int verdict)
{
        if (op->cut)
                verdict = op->cut;
        if (verdict == MENTIOND_CANCELED)
                report_add(r, MENTIOND_UNCLEAR, "the rest", "it was ended before it was through");
        else if (verdict != MENTIOND_OK)
                report_add(r, MENTIOND_WRONG, "the rest", "cannot go on: %s",
                           *op->reason ? op->reason : "the plugin did not say why");
}

static int call_doctor(struct mentiond_op *op, struct instance *i)
{
        const struct plugin *p = i->plugin;

        return OP_CALL(op,
                       instance_is_channel(i) ? p->channel.doctor(op, i->plugin_state) : p->helpdesk.doctor(op, i->plugin_state));
}

static int call_start(struct mentiond_op *op, struct instance *i)
{
        const struct plugin *p = i->plugin;

        return OP_CALL(op,
                       instance_is_channel(i) ? p->channel.start(op, i->plugin_state) : p->helpdesk.start(op, i->plugin_state));
}

static void ask(struct report *r, struct instance *i)
{
        bool has = instance_is_channel(i) ? !!i->plugin->channel.doctor : !!i->plugin->helpdesk.doctor;
        _cleanup_op_ struct mentiond_op op;
        int verdict;

        op_begin(&op, i, "doctor", OP_DEADLINE_USEC);
        op.report = r;
        verdict = has ? call_doctor(&op, i) : call_start(&op, i);
        if (!has && verdict == MENTIOND_OK)
                report_add(r, MENTIOND_FINE, "start", "the other side accepts the credentials");
        end_with(r, &op, verdict);
}

void report_doctor(struct report *r, struct instance *i)
{
        if (!look_at_state(r, i))
                return;
        ask(r, i);
        look_at_replies(r, i);
}

static int call_provision(struct mentiond_op *op, struct instance *i, const struct mentiond_provisioning *p)
{
        return OP_CALL(op, i->plugin->helpdesk.provision(op, i->plugin_state, p));
}

static void provide(struct report *r, struct instance *i, const struct mentiond_provisioning *p)
{
        _cleanup_op_ struct mentiond_op op;

        op_begin(&op, i, "provision", OP_DEADLINE_USEC);
        op.report = r;
        op.token = p->token;
        end_with(r, &op, call_provision(&op, i, p));
}

void report_provision(struct report *r, struct instance *i, const struct mentiond_provisioning *p)
{
        for (const struct mentiond_op *op = i->ops; op; op = op->next)
                if (streq(op->name, "provision")) {
                        report_add(r, MENTIOND_WRONG, "provision", "somebody else does it at the moment");
                        return;
                }
        if (i->state == INSTANCE_BENCHED || i->stopped)
                report_add(r, MENTIOND_WRONG, "instance", "none of its plugin's code runs (%s): mentionctl resume %s", i->reason,
                           i->name);
        else if (!i->plugin->helpdesk.provision)
                report_add(r, MENTIOND_UNCLEAR, "provision",
                           "the plugin %s cannot prepare a helpdesk: its manual says how it is done", i->plugin->name);
        else
                provide(r, i, p);
}
