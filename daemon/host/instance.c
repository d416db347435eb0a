/* SPDX-License-Identifier: MIT
 *
 * The life of an instance: made from its section, started (again and again until the other side answers), paused,
 * stopped when its credentials are refused, ended.  Owns the plugin's state.  Called by admin and flow.
 */
#include "host/instance.h"
#include "host/bench.h"
#include "host/op.h"
#include "host/program.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "io/http.h"

#include <errno.h>

#define OPT(field, option_name, option_type, ...) \
        MENTIOND_OPTION(struct instance_options, field, option_name, option_type, __VA_ARGS__)

#define COMMON_OPTIONS(poll_every)                                                                          \
        OPT(plugin, "plugin", MENTIOND_STRING, .flags = MENTIOND_REQUIRED, .help = "The plugin that it is an instance of"), \
        OPT(poll_every_usec, "poll_every", MENTIOND_DURATION, .default_value = poll_every, .min = 100 * USEC_PER_MSEC, \
            .max = USEC_PER_DAY, .help = "How often to look for what is new"),                              \
        OPT(parallel, "parallel", MENTIOND_INT, .default_value = "8", .min = 1, .max = 256,                 \
            .help = "How many conversations are worked on at the same time"),                               \
        OPT(rate, "rate", MENTIOND_INT, .default_value = "0", .min = 0, .max = 1000000,                     \
            .help = "Requests a minute at most, beside what the other side announces; 0: no limit"),        \
        OPT(timeout_usec, "timeout", MENTIOND_DURATION, .default_value = "60s", .min = USEC_PER_SEC, \
            .max = 10 * USEC_PER_MINUTE, \
            .help = "How long one request may take"),                                                       \
        OPT(settle_usec, "settle", MENTIOND_DURATION, .default_value = "2m", .min = 100 * USEC_PER_MSEC, .max = USEC_PER_DAY, \
            .help = "How long to wait between two looks for something that may have happened, before it is done again"), \
        OPT(retry_usec, "retry", MENTIOND_DURATION, .default_value = "5s", .min = 10 * USEC_PER_MSEC, .max = USEC_PER_HOUR, \
            .help = "About how long to wait after a first failure; doubles with each further one"),         \
        OPT(retry_max_usec, "retry_max", MENTIOND_DURATION, .default_value = "10m", .min = USEC_PER_SEC, .max = USEC_PER_DAY, \
            .help = "How long to wait at most after a failure"),                                            \
        OPT(hook_secret, "hook_secret", MENTIOND_SECRET, .min = HOOK_SECRET_MIN,                            \
            .help = "What the other side signs its calls of /hook/NAME with, each of which makes a poll; see listen"), \
        OPT(hook_token, "hook_token", MENTIOND_SECRET, .min = HOOK_SECRET_MIN,                              \
            .help = "What the other side asks with whether its calls are wanted, where it does so"),         \
        OPT(proxy, "proxy", MENTIOND_STRING, .help = "URL of an HTTP proxy"),                               \
        OPT(ca_file, "ca_file", MENTIOND_STRING, .help = "File with the CA certificates to trust in place of the system's"), \
        OPT(ip, "ip", MENTIOND_STRING, .default_value = "any", .help = "IP version to use: any, 4 or 6")

static const struct mentiond_option channel_rows[] = {
        COMMON_OPTIONS("60s"),
        OPT(helpdesk, "helpdesk", MENTIOND_STRING, .flags = MENTIOND_REQUIRED, .help = "The helpdesk that gets the tickets"),
        OPT(queue, "queue", MENTIOND_STRING, .help = "The queue that new tickets go to, if not the helpdesk's own default"),
        OPT(hold_usec, "hold", MENTIOND_DURATION, .default_value = "30s", .min = 0, .max = USEC_PER_DAY,
            .help = "How long an agent's reply waits before it is posted"),
        OPT(reopen_for_usec, "reopen_for", MENTIOND_DURATION, .default_value = "30d", .min = 0, .max = 3650 * USEC_PER_DAY,
            .help = "How long after a ticket was closed a new mention opens it again, instead of a new one; 0: however long"),
        OPT(window_alarm_usec, "window_alarm", MENTIOND_DURATION, .default_value = "2h", .min = 0, .max = 7 * USEC_PER_DAY,
            .help = "How long before a post cannot be answered any more agents are told, if it is not; 0: never"),
        OPT(length_max, "length_max", MENTIOND_INT, .default_value = "0", .min = 0, .max = 1000000,
            .help = "Longest post that a reply may become, if shorter than the network allows; 0: as the network allows"),
        OPT(parts_max, "parts_max", MENTIOND_INT, .default_value = "4", .min = 1, .max = 50,
            .help = "How many posts one reply may become; a longer one is held"),
        OPT(numbered, "numbered", MENTIOND_BOOL, .default_value = "true", .help = "Whether the posts of one reply are numbered"),
        OPT(media_max, "media_max", MENTIOND_SIZE, .default_value = "10M", .min = 0, .max = 100 * 1024 * 1024,
            .help = "Largest picture, sound or film of a mention that becomes an attachment; 0: none does"),
        OPT(media_private, "media_private", MENTIOND_BOOL, .default_value = "false",
            .help = "Whether media may be fetched from loopback and private addresses"),
        OPT(redact, "redact", MENTIOND_BOOL, .default_value = "false",
            .help = "Whether the text of a post that was deleted is left out of the note that says so"),
        OPT(guard, "guard", MENTIOND_STRING, .default_value = "true",
            .help = "What a reply is held for: true, false, or some of cards, ibans, mail, phones, patterns, customer, notes, "
                    "files"),
        { .name = "guard_patterns",
          .type = OPTION_LIST,
          .help = "Patterns of what is held, each with its name: { order = \"\\\\b[0-9]{7}\\\\b\"; }" },
        { .name = "guard_allow",
          .type = OPTION_LIST,
          .help = "What is never held: [ \"0800 555 0123\", \"@shop.example\", \"/PATTERN/\" ]" },
        { .name = NULL },
};

static const struct mentiond_option helpdesk_rows[] = { COMMON_OPTIONS("10s"), { .name = NULL } };

const struct options instance_options_channel = { channel_rows, sizeof channel_rows[0] };
const struct options instance_options_helpdesk = { helpdesk_rows, sizeof helpdesk_rows[0] };

const char *instance_state_name(enum instance_state s)
{
        static const char *const names[] = {
                [INSTANCE_STARTING] = "starting", [INSTANCE_RUNNING] = "running", [INSTANCE_PAUSED] = "paused",
                [INSTANCE_STOPPED] = "stopped", [INSTANCE_BENCHED] = "benched", [INSTANCE_ENDING] = "ending",
        };

        return names[s];
}

static void set_state(struct instance *i, enum instance_state state, const char *reason)
{
        i->state = state;
        i->state_usec = utc_usec();
        strset(&i->reason, reason);
}

bool instance_is_channel(const struct instance *i)
{
        return i->plugin->head.kind == MENTIOND_CHANNEL;
}

static const struct options *own_options(const struct instance *i)
{
        return instance_is_channel(i) ? &instance_options_channel : &instance_options_helpdesk;
}

/* What the flags of the plugin's options mean to us. */
static void find_base(struct instance *i)
{
        const struct mentiond_option *o;

        for (size_t n = 0; (o = options_at(&i->plugin->options, n)); n++) {
                void *field = (char *) i->plugin_state + o->offset;

                if (o->flags & MENTIOND_BASE_URL && o->type == MENTIOND_URL)
                        i->base_url = *(char **) field;
                if (o->flags & MENTIOND_BEARER && o->type == MENTIOND_SECRET)
                        i->bearer = *(struct mentiond_secret **) field;
                if (o->flags & MENTIOND_IN_PATH && o->type == MENTIOND_SECRET) {
                        i->in_path = *(struct mentiond_secret **) field;
                        i->in_path_name = o->name;
                }
        }
}

/* Made from its section, but not judged by the plugin. */
static struct instance *make(struct host *h, const struct section *s, const struct plugin *plugin, struct problems *p)
{
        struct instance *i = xcalloc(1, sizeof *i);
        size_t problems_before = p->n;

        i->host = h;
        i->plugin = plugin;
        i->name = xstrdup(s->name);
        i->section = (struct section) { .name = xstrdup(s->name), .file = s->file, .line = s->line };
        for (size_t n = 0; n < s->n; n++)
                section_add(&i->section, s->settings[n].name, s->settings[n].value, s->settings[n].line);
        i->plugin_state = xcalloc(1, MAX(plugin->head.state_size, (uint64_t) 1));
        i->reason = xstrdup("");
        i->self_id = xstrdup("");
        i->self_handle = xstrdup("");
        options_fill((struct options[]) { *own_options(i), plugin->options }, (void *[]) { &i->options, i->plugin_state }, 2, s,
                     p);
        if (p->n == problems_before && !streq(i->options.ip, "any") && !streq(i->options.ip, "4") && !streq(i->options.ip, "6"))
                problem_add(p, s->file, s->line, "%s: ip is neither any, 4 nor 6", s->name);
        if (instance_is_channel(i))
                i->guard = guard_patterns_new(&i->section, i->options.guard, p);
        if (p->n > problems_before) {
                instance_free(i);
                return NULL;
        }
        i->budget.rate = i->options.rate;
        find_base(i);
        return i;
}

/* Its plugin is not even loaded, as that may be where it crashes: of its options the plugin's own are not looked at. */
static struct instance *make_benched(struct host *h, const struct section *s, uint32_t kind, const char *plugin_name,
                                     const char *reason, struct problems *p)
{
        const struct options *known = kind == MENTIOND_CHANNEL ? &instance_options_channel : &instance_options_helpdesk;
        struct section own = { .file = s->file, .line = s->line, .name = s->name };
        struct plugin *stub = xcalloc(1, sizeof *stub);
        const struct mentiond_option *o;
        struct instance *i;

        for (size_t n = 0; (o = options_at(known, n)); n++) {
                const struct setting *set = section_get(s, o->name);

                if (set)
                        section_add(&own, set->name, set->value, set->line);
        }
        stub->name = xstrdup(plugin_name);
        stub->head.kind = kind;
        i = make(h, &own, stub, p);
        own.name = NULL;
        section_done(&own);
        if (!i) {
                free(stub->name);
                free(stub);
                return NULL;
        }
        i->stub = stub;
        set_state(i, INSTANCE_BENCHED, reason);
        return i;
}

/* A secret that nothing would use is a mistake, or a hope. */
static void judge_hook(const struct instance *i, const struct section *s, struct problems *p)
{
        const struct setting *secret = section_get(s, "hook_secret"), *token = section_get(s, "hook_token");
        const struct mentiond_hook *hook = &i->plugin->hook;
        bool asks = hook->signature && hook->handshake == MENTIOND_HUB_CHALLENGE;

        if (secret && !hook->signature)
                problem_add(p, s->file, secret->line, "%s: hook_secret: the plugin \"%s\" has no hooks", s->name,
                            i->plugin->name);
        if (token && !asks)
                problem_add(p, s->file, token->line, "%s: hook_token: the plugin \"%s\" has no use for it", s->name,
                            i->plugin->name);
        if (secret && !token && asks)
                problem_add(p, s->file, secret->line, "%s: \"hook_token\" is missing: hook_secret is of no use without it",
                            s->name);
}

static struct instance *make_judged(struct host *h, const struct section *s, uint32_t kind, const char *plugin_directory,
                                    const char *plugin_name, unsigned line, struct problems *p)
{
        _cleanup_free_ char *wrong = NULL;
        size_t problems_before = p->n;
        struct plugin *plugin;
        struct instance *i;
        const char *objection;

        if (plugin_load(plugin_directory, plugin_name, &plugin, &wrong) < 0) {
                problem_add(p, s->file, line, "%s: %s", s->name, wrong);
                return NULL;
        }
        if (plugin->head.kind != kind) {
                problem_add(p, s->file, line, "%s: the plugin \"%s\" is for a %s", s->name, plugin->name,
                            kind == MENTIOND_CHANNEL ? "helpdesk" : "channel");
                return NULL;
        }
        i = make(h, s, plugin, p);
        if (!i)
                return NULL;
        judge_hook(i, s, p);
        if (p->n > problems_before) {
                instance_free(i);
                return NULL;
        }
        objection = instance_is_channel(i) ? (plugin->channel.check ? plugin->channel.check(i->plugin_state) : NULL)
                                           : (plugin->helpdesk.check ? plugin->helpdesk.check(i->plugin_state) : NULL);
        if (objection) {
                _cleanup_free_ char *option = xstrndup(objection, strcspn(objection, " "));
                const struct setting *set = section_get(s, option);

                problem_add(p, s->file, set ? set->line : s->line, "%s: %s", s->name, objection);
                instance_free(i);
                return NULL;
        }
        return i;
}

struct instance *instance_new(struct host *h, const struct section *s, uint32_t kind, const char *plugin_directory,
                              struct problems *p)
{
        const struct setting *named = section_get(s, "plugin");
        _cleanup_free_ char *benched = NULL;
        struct instance *i;
        uint32_t mark;

        if (!named) {
                problem_add(p, s->file, s->line, "%s: \"plugin\" is missing", s->name);
                return NULL;
        }
        benched = bench_reason(s->name);
        if (benched)
                return make_benched(h, s, kind, named->value, benched, p);
        mark = bench_mark(s->name);
        task_mark(mark);                 /* loading a plugin and check() run its code, too */
        i = make_judged(h, s, kind, plugin_directory, named->value, named->line, p);
        task_mark(0);
        if (i)
                i->mark = mark;
        return i;
}

static bool equal_secrets(const struct options *options, const void *a, const void *b)
{
        const struct mentiond_option *o;

        for (size_t n = 0; (o = options_at(options, n)); n++) {
                struct mentiond_secret *const *x = (const void *) ((const char *) a + o->offset);
                struct mentiond_secret *const *y = (const void *) ((const char *) b + o->offset);

                if (o->type == MENTIOND_SECRET && !streq(secret_value(*x), secret_value(*y)))
                        return false;
        }
        return true;
}

bool instance_equal(const struct instance *a, const struct instance *b)
{
        return a->plugin == b->plugin && section_equal(&a->section, &b->section)
               && equal_secrets(&a->plugin->options, a->plugin_state, b->plugin_state)
               && equal_secrets(own_options(a), &a->options, &b->options);
}

void instance_free(struct instance *i)
{
        loop_timer_clear(i->host->loop, &i->restart);
        program_free(i->program);
        options_free(own_options(i), &i->options);
        options_free(&i->plugin->options, i->plugin_state);
        guard_patterns_free(i->guard);
        section_done(&i->section);
        free(i->plugin_state);
        if (i->stub)
                free(i->stub->name);
        free(i->stub);
        free(i->reason);
        free(i->self_id);
        free(i->self_handle);
        free(i->upload_types);
        if (i->unkept)
                explicit_bzero(i->unkept, strlen(i->unkept));
        free(i->unkept);
        free(i->unkept_key);
        free(i->name);
        free(i);
}

bool instance_may_log(struct instance *i)
{
        int64_t minute = mono_usec() / USEC_PER_MINUTE;

        if (i->log_minute != minute)
                i->n_logs = 0;
        i->log_minute = minute;
        if (i->n_logs++ == LOGS_A_MINUTE)
                log_event(LOG_WARNING, "a plugin logs too much: what follows in this minute is left out", F("instance", i->name));
        return i->n_logs <= LOGS_A_MINUTE;
}

/* --- Tasks --- */

#define STOP_DEADLINE_USEC (2 * USEC_PER_SEC)

struct worker {
        struct instance *instance;
        task_fn fn, done;
        void *data;
};

static void stop_task(void *data)
{
        struct instance *i = data;
        _cleanup_op_ struct mentiond_op op;

        op_begin(&op, i, "stop", STOP_DEADLINE_USEC);
        if (instance_is_channel(i))
                (void) OP_CALL(&op, (i->plugin->channel.stop(&op, i->plugin_state), MENTIOND_OK));
        else
                (void) OP_CALL(&op, (i->plugin->helpdesk.stop(&op, i->plugin_state), MENTIOND_OK));
}

static void end_program(void *data)
{
        struct instance *i = data;

        program_end(i->program);
}

/* Behind the last task of an ending instance comes stop(), then the end of its program, and behind that nobody. */
static void check_idle(struct instance *i)
{
        if (i->state != INSTANCE_ENDING || i->n_tasks)
                return;
        if (i->started && !i->stopped && (instance_is_channel(i) ? !!i->plugin->channel.stop : !!i->plugin->helpdesk.stop)) {
                i->stopped = true;
                instance_task(i, stop_task, NULL, i);
        } else if (program_runs(i->program)) {
                instance_task(i, end_program, NULL, i);
        } else if (i->host->idle) {
                i->host->idle(i);
        }
}

void instance_hold(struct instance *i)
{
        i->n_tasks++;
}

void instance_release(struct instance *i)
{
        i->n_tasks--;
        check_idle(i);
}

static void worker_run(void *data)
{
        struct worker *w = data;

        w->fn(w->data);
}

static void worker_done(void *data)
{
        _cleanup_free_ struct worker *w = data;

        if (w->done)
                w->done(w->data);
        instance_release(w->instance);
}

void instance_task(struct instance *i, task_fn fn, task_fn done, void *data)
{
        struct worker *w = xcalloc(1, sizeof *w);

        *w = (struct worker) { i, fn, done, data };
        instance_hold(i);
        (void) task_start(i->host->loop, i->name, worker_run, worker_done, w);
}

/* --- Starting --- */

static int call_start(struct instance *i, struct mentiond_op *op)
{
        const struct plugin *p = i->plugin;

        return OP_CALL(op, p->head.kind == MENTIOND_CHANNEL ? p->channel.start(op, i->plugin_state)
                                                            : p->helpdesk.start(op, i->plugin_state));
}

static void start_later(struct instance *i, int64_t usec)
{
        loop_timer_set(i->host->loop, &i->restart, mono_usec() + usec);
}

static void start_task(void *data)
{
        struct instance *i = data;
        _cleanup_op_ struct mentiond_op op;
        int verdict;

        op_begin(&op, i, "start", OP_DEADLINE_USEC);
        verdict = call_start(i, &op);
        if (verdict == MENTIOND_OK && instance_is_channel(i) && !*i->self_id)
                verdict = mentiond_fail(&op, MENTIOND_BUG, "the plugin did not say whose account it is");
        verdict = op_judge(&op, verdict);
        if (i->state != INSTANCE_STARTING)
                return;          /* ended, paused or refused meanwhile */
        switch (verdict) {
        case MENTIOND_OK:
                i->start_failures = 0;
                i->started = true;
                set_state(i, INSTANCE_RUNNING, "");
                log_event(LOG_INFO, "running", F("instance", i->name), F("plugin", i->plugin->name),
                          F("account", i->self_handle));
                return;
        case MENTIOND_CANCELED:          /* it took too long */
        case MENTIOND_RETRY:
        case MENTIOND_THROTTLED:
        case MENTIOND_AMBIGUOUS:
        case MENTIOND_BLOCKED: {
                int64_t delay = MAX(backoff_usec(i->options.retry_usec, i->options.retry_max_usec, i->start_failures++),
                                    i->budget.pause_usec - mono_usec());

                set_state(i, INSTANCE_STARTING, op.reason);
                log_event(LOG_WARNING, "cannot start yet", F("instance", i->name), F("verdict", verdict_name(verdict)),
                          F("reason", op.reason), FI("delay_ms", delay / USEC_PER_MSEC));
                start_later(i, delay);
                return;
        }
        default:
                instance_refused(i, op.reason);
        }
}

static void start_done(void *data)
{
        struct instance *i = data;

        i->starting = false;
        if (i->state == INSTANCE_RUNNING && i->host->running)
                i->host->running(i);
}

static void on_restart(struct loop_timer *t)
{
        struct instance *i = CONTAINER_OF(t, struct instance, restart);

        if (i->state != INSTANCE_STARTING || i->starting)
                return;
        i->starting = true;
        instance_task(i, start_task, start_done, i);
}

static void begin(struct instance *i)
{
        set_state(i, INSTANCE_STARTING, "");
        if (i->starting)
                return;          /* what is under way counts */
        i->start_failures = 0;
        start_later(i, MAX(i->budget.pause_usec - mono_usec(), INT64_C(0)));
}

void instance_start(struct instance *i)
{
        if (i->state == INSTANCE_ENDING || i->state == INSTANCE_BENCHED)
                return;
        if (!i->starting)
                budget_resume(&i->budget);
        begin(i);
}

void instance_follow(struct instance *i, const struct instance *before)
{
        i->stored = before->stored;
        if (i->base_url && before->base_url && http_same_origin(i->base_url, before->base_url))
                i->budget.pause_usec = before->budget.pause_usec, i->budget.silence_usec = before->budget.silence_usec;
}

int instance_read(struct instance *i)
{
        return store_instance_get(i->host->store, i->name, i->plugin->name, &i->stored);
}

void instance_attach(struct instance *i)
{
        i->next = i->host->instances;
        i->host->instances = i;
        i->restart.fn = on_restart;
        if (i->state == INSTANCE_BENCHED)
                log_event(LOG_ERR, "benched: a person is needed; everything for it is kept", F("instance", i->name),
                          F("reason", i->reason));
        else if (i->stored.paused)
                set_state(i, INSTANCE_PAUSED, "paused by the operator");
        else
                begin(i);
}

void instance_unlink(struct instance *i)
{
        for (struct instance **p = &i->host->instances; *p; p = &(*p)->next)
                if (*p == i) {
                        *p = i->next;
                        return;
                }
}

/* --- Stopping --- */

void instance_pause(struct instance *i)
{
        if (i->state == INSTANCE_ENDING || i->state == INSTANCE_BENCHED)
                return;
        loop_timer_clear(i->host->loop, &i->restart);
        set_state(i, INSTANCE_PAUSED, "paused by the operator");
}

void instance_refused(struct instance *i, const char *reason)
{
        if (i->state == INSTANCE_ENDING || i->state == INSTANCE_STOPPED)
                return;
        set_state(i, INSTANCE_STOPPED, reason);
        log_event(LOG_ERR, "stopped: a person is needed; everything for it is kept", F("instance", i->name),
                  F("reason", i->reason));
}

void instance_end(struct instance *i)
{
        loop_timer_clear(i->host->loop, &i->restart);
        /* what the network asks for from now on, its successor is told */
        i->budget.pause_usec = i->budget.silence_usec = 0;
        set_state(i, INSTANCE_ENDING, "");
        for (struct mentiond_op *op = i->ops; op; op = op->next)
                if (op->report || op->idle)      /* a person who asks can ask again */
                        task_cancel(op->task);
        check_idle(i);
}

void instance_cancel(struct instance *i)
{
        for (struct mentiond_op *op = i->ops; op; op = op->next)
                task_cancel(op->task);
}

struct instance *host_find(struct host *h, const char *name)
{
        for (struct instance *i = h->instances; i; i = i->next)
                if (streq(i->name, name))
                        return i;
        return NULL;
}

struct instance *host_find_id(struct host *h, int64_t id)
{
        for (struct instance *i = h->instances; i; i = i->next)
                if (i->stored.id == id)
                        return i;
        return NULL;
}
