/* SPDX-License-Identifier: MIT
 *
 * The processes that a plugin is checked in: host, journal, server and one instance.  Whatever the plugin's code says or takes
 * is looked at here: secrets in it, and how long it kept the loop.
 */
#include "ctl/check.h"

#include "base/clock.h"
#include "base/log.h"
#include "ctl/call.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PROCESS_SECONDS 120              /* for one call; a poll may take ten minutes, but nothing here takes so long */
#define SECRET_SHORT 6                   /* may be in any text by chance */
#define SECRETS_MAX 16

struct board *board;
struct answers answers;
struct server server;
struct instance *instance;
const struct plugin *plugin;

static struct host host;
static const char *plugin_directory, *plugin_name, *server_url;
static int server_fd;
static char *secrets[SECRETS_MAX];
static size_t n_secrets;
static void (*checks)(void);
static struct call *current;             /* the one that requests are counted for */
static bool wrote;                       /* it, when the request before this one came */
static bool inside;                      /* the plugin's code may run */
static int64_t longest_usec;             /* that it ran for without a call that waits */

/* --- What is looked at all the time --- */

static void look_for_secrets(const char *where, const char *text)
{
        for (size_t i = 0; i < n_secrets; i++)
                if (strstr(text, secrets[i]) && !*board->leak)
                        (void) snprintf(board->leak, sizeof board->leak, "%s has the value of a secret: %s", where, text);
}

static void on_log(int level _unused_, const char *text, void *data _unused_)
{
        look_for_secrets("a line of the log", text);
        if (getenv("MENTIOND_CHECK_LOG"))
                fprintf(stderr, "%s\n", text);
}

static void on_ran(const char *name _unused_, int64_t ran_usec)
{
        if (inside)
                longest_usec = MAX(longest_usec, ran_usec);
}

void call_note_request(struct server *s)
{
        if (!current)
                return;
        if (s->n_requests <= s->from)
                current->had_written = wrote;
        wrote = current->op.wrote;
}

/* --- Instances --- */

static void add_secret(struct section *s, const char *name, const char *value, unsigned line)
{
        _cleanup_free_ char *variable = xasprintf("MENTIOND_CHECK_%s", name), *spec = xasprintf("env:%s", variable);

        (void) setenv(variable, value, 1);
        section_add(s, name, spec, line);
        for (size_t i = 0; i < n_secrets; i++)
                if (streq(secrets[i], value))
                        return;
        if (strlen(value) >= SECRET_SHORT && n_secrets < SECRETS_MAX)
                secrets[n_secrets++] = xstrdup(value);
}

static bool is_secret(const char *name)
{
        const struct mentiond_option *o;

        for (size_t i = 0; (o = options_at(&plugin->options, i)); i++)
                if (streq(o->name, name) && o->type == MENTIOND_SECRET)
                        return true;
        return false;
}

/* What the folder says, and what can be guessed of the rest. */
static void fill_section(struct section *s)
{
        const struct mentiond_option *o;

        section_add(s, "plugin", plugin_name, 0);
        section_add(s, "proxy", server_url, 0);
        if (plugin->head.kind == MENTIOND_CHANNEL)
                section_add(s, "helpdesk", "desk", 0);
        for (size_t i = 0; i < answers.options.n; i++) {
                const struct setting *set = &answers.options.settings[i];

                if (is_secret(set->name))
                        add_secret(s, set->name, set->value, set->line);
                else
                        section_add(s, set->name, set->value, set->line);
        }
        for (size_t i = 0; (o = options_at(&plugin->options, i)); i++) {
                _cleanup_free_ char *made = xasprintf("mentiond-check-%s", o->name);

                if (section_get(s, o->name))
                        continue;
                if (o->type == MENTIOND_URL && o->flags & (MENTIOND_BASE_URL | MENTIOND_REQUIRED))
                        section_add(s, o->name, server_url, 0);
                else if (o->type == MENTIOND_SECRET && o->flags & MENTIOND_REQUIRED)
                        add_secret(s, o->name, made, 0);
        }
}

/* The tickets that poll.json names are of a thread of ours. */
static void know_tickets(const char *name)
{
        struct json_object *arguments = arguments_of("poll"), *tickets = mj_get(arguments, "tickets");
        _cleanup_free_ char *brand_name = xasprintf("brand-%s", name);
        struct store_instance brand;

        if (mj_len(tickets) && store_instance_get(host.store, brand_name, "network", &brand) < 0)
                abort();
        for (size_t i = 0; i < mj_len(tickets); i++) {
                const char *ticket = json_object_get_string(mj_at(tickets, i));

                if (!store_row_of(host.store, brand.id, ticket) && call_know_ticket(&host, brand.id, instance, ticket) < 0)
                        abort();
        }
        (void) json_object_put(arguments);
}

bool instance_renew(const char *name, struct problems *p)
{
        struct section s = { .name = xstrdup(name), .file = "options" };

        if (instance)
                instance_free(instance);
        fill_section(&s);
        instance = instance_new(&host, &s, plugin->head.kind, plugin_directory, p);
        section_done(&s);
        if (!instance)
                return false;
        if (instance_read(instance) < 0)
                abort();
        instance->helpdesk_id = instance_is_channel(instance) ? instance->stored.id : 0;
        instance->stored.polled = true;          /* so that all is new */
        if (!instance_is_channel(instance))
                know_tickets(name);
        return true;
}

bool instance_begin(const char *name)
{
        struct problems p = PROBLEMS_INIT;
        bool good = instance_renew(name, &p);
        _cleanup_free_ char *why = NULL;

        if (good) {
                _cleanup_call_ struct call c = { .said = NULL };

                call_begin(&c, "start");
                good = c.verdict == MENTIOND_OK;
                why = told(&c);
        }
        if (!good)
                fail(name, "the account is not ready for this check: %s", why ? why : buffer_str(&p.text));
        instance ? instance->started = good : 0;
        buffer_done(&p.text);
        return good;
}

/* --- Calls --- */

static void add_default(struct json_object *o, const char *name, const char *value)
{
        if (!mj_get(o, name))
                mj_put_str(o, name, value);
}

struct json_object *arguments_of(const char *name)
{
        bool looks = streq(name, "find") || streq(name, "absent"), channel = plugin->head.kind == MENTIOND_CHANNEL;
        struct json_object *o = answers_arguments(&answers, name);

        if (!o && looks)
                o = answers_arguments(&answers, channel ? "post" : "file");
        if (!o)
                o = json_object_new_object();
        json_object_object_del(o, "call");
        mj_put_str(o, "call", streq(name, "absent") ? "find" : name);
        if (streq(name, "edit") || streq(name, "remove"))
                add_default(o, "id", board->made);
        add_default(o, "id", board->n_ids ? board->ids[0] : "1");
        add_default(o, "key", "mentiond-check-1");
        add_default(o, "text", "Thank you. We look into it.");
        if (channel && board->n_ids && (looks || streq(name, "post"))) {
                add_default(o, "parent", board->ids[0]);
                add_default(o, "root", mj_str(o, "parent"));
        }
        if (!channel) {
                add_default(o, "thread_key", "mentiond-check:1");
                add_default(o, "title", "A question");
                add_default(o, "customer", "network:@alice@example");
                add_default(o, "author", "Alice");
                add_default(o, "network", "network");
                add_default(o, "subject", "A note");
        }
        return o;
}

static unsigned seconds(void)
{
        const char *set = getenv("MENTIOND_CHECK_SECONDS");

        return isempty(set) ? PROCESS_SECONDS : (unsigned) strtoul(set, NULL, 10);
}

void call_begin_with(struct call *c, const char *name, struct json_object *arguments)
{
        const char *called = mj_str(arguments, "call");
        bool polls = streq(called, "poll");

        (void) alarm(seconds());
        *c = (struct call) { .arguments = arguments, .said = json_object_new_object() };
        (void) snprintf(board->doing, sizeof board->doing, "%s()%s%s", called, streq(called, name) ? "" : " for ",
                        streq(called, name) ? "" : name);
        op_begin(&c->op, instance, polls ? "poll" : called, polls ? POLL_DEADLINE_USEC : OP_DEADLINE_USEC);
        current = c;
        wrote = false;
        task_yield();
        longest_usec = 0;
        inside = true;
        c->verdict = call_perform(&c->op, arguments, c->said);
        on_ran("", task_ran_usec());
        inside = false;
        c->ran_usec = longest_usec;
        look_for_secrets("what the plugin said",
                         json_object_to_json_string_ext(c->said, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

void call_begin(struct call *c, const char *name)
{
        server_play(&server, name);
        server.on_request = call_note_request;
        call_begin_with(c, name, arguments_of(name));
}

void call_end(struct call *c)
{
        if (!c->said)                    /* it was not begun */
                return;
        if (current == c)
                current = NULL;
        op_end(&c->op);
        (void) json_object_put(c->arguments);
        (void) json_object_put(c->said);
}

void call_commit(struct call *c)
{
        if (op_commit(&c->op, true, NULL) < 0)
                abort();
}

char *told(const struct call *c)
{
        return xasprintf("%s%s%s", verdict_name(c->verdict), *c->op.reason ? ": " : "", c->op.reason);
}

const char *wrong_call(const struct call *c)
{
        bool looks = streq(mj_str(c->arguments, "call"), "find"),
             quiet = c->verdict == MENTIOND_OK || c->verdict == MENTIOND_ABSENT;

        if (c->verdict < MENTIOND_OK || c->verdict > MENTIOND_BLOCKED)
                return "it returned what is no verdict: return what the host function returned, or a MENTIOND_ one";
        if (c->op.cut == MENTIOND_BUG)
                return c->op.cut_reason ? c->op.cut_reason : c->op.reason;
        if (!looks && (c->verdict == MENTIOND_ABSENT || c->verdict == MENTIOND_UNKNOWN))
                return "only find() may say ABSENT or UNKNOWN";
        if (!quiet && !*c->op.reason)
                return "it did not say why: return mentiond_fail(op, verdict, \"one sentence\")";
        return "";
}

bool wait_until(bool (*condition)(void), int64_t usec)
{
        int64_t end = mono_usec() + usec;

        while (!condition() && mono_usec() < end)
                (void) task_sleep_until(mono_usec() + USEC_PER_MSEC);
        return condition();
}

/* --- Processes --- */

void process_prepare(const char *directory, const char *name, int fd, const char *url)
{
        plugin_directory = directory;
        plugin_name = name;
        server_fd = fd;
        server_url = url;
        board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (board == MAP_FAILED)
                abort();
}

static void note(char *place, size_t size, const char *text)
{
        if (!*place)
                (void) snprintf(place, size, "%s", strempty(text));
}

static void run(void *data)
{
        _cleanup_free_ char *error = NULL;
        struct plugin *loaded;

        (void) snprintf(board->doing, sizeof board->doing, "mentiond_plugin_init()");
        if (http_new(host.loop, "mentiond-check", &host.http) < 0 || store_open(host.loop, data, 0, &host.store, &error) < 0) {
                fprintf(stderr, "mentiond-check: %s\n", error ? error : "cannot prepare HTTP");
                _exit(2);
        }
        server_open(&server, host.loop, server_fd, &answers, server_url);
        if (plugin_load(plugin_directory, plugin_name, &loaded, &error) < 0) {
                fail("it can be loaded", "%s", error);
        } else {
                plugin = loaded;
                checks();
        }
        board->returned = true;
        note(board->unknown, sizeof board->unknown, server.unknown);
        note(board->injected, sizeof board->injected, server.injected);
        if (instance)
                instance_free(instance);
        server_close(&server);
        store_close(host.store);
        http_free(host.http);
        plugin_forget_all();
}

static void done(void *data _unused_)
{
        loop_exit(host.loop, EXIT_SUCCESS);
}

int process_run(const char *journal, void (*fn)(void))
{
        pid_t pid;
        int status;

        (void) fflush(stdout);
        board->returned = false;
        (void) mkdir(journal, 0700);
        pid = fork();
        if (pid < 0)
                abort();
        if (pid == 0) {
                log_set_sink(on_log, NULL);
                log_set_level(LOG_DEBUG);
                task_set_monitor(on_ran);
                (void) alarm(seconds());
                checks = fn;
                if (loop_new(&host.loop) < 0)
                        _exit(2);
                (void) task_start(host.loop, "check", run, done, (void *) journal);
                (void) loop_run(host.loop);
                loop_free(host.loop);
                task_cleanup();
                (void) fflush(stdout);
                exit(EXIT_SUCCESS);
        }
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        return WIFSIGNALED(status) ? WTERMSIG(status) : !board->returned || WEXITSTATUS(status) ? -1 : 0;
}

void process_check(const char *journal, void (*fn)(void))
{
        int r = process_run(journal, fn);

        if (r == SIGALRM)
                fail("it comes back", "%s did not return: wait with host functions only, and end each loop", board->doing);
        else if (r > 0)
                fail("it neither crashes nor ends the process", "the process got signal %d (%s) in %s", r, strsignal(r),
                     board->doing);
        else if (r < 0)
                fail("it neither crashes nor ends the process", "it was ended in %s", board->doing);
}

void process_forget(void)
{
        for (size_t i = 0; i < n_secrets; i++)
                free(secrets[i]);
        (void) munmap(board, sizeof *board);
}
