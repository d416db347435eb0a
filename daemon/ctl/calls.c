/* SPDX-License-Identifier: MIT
 *
 * mentiond-check --call: one instance, whose operations are called one by one as the lines of the standard input say.  Owns the
 * host around it.  The journal is new, and goes with the process.
 */
#include "ctl/call.h"

#include "base/log.h"
#include "host/op.h"

#include <mentiond/json.h>

#include <stdio.h>

static struct host host;
static struct instance *instance;
static int64_t brand;                    /* of a helpdesk: the channel whose threads its tickets hold */
static const char *plugin_directory, *plugin_name;
static char **arguments;

static void answer(struct json_object *q, struct json_object *o)
{
        const char *name = mj_str(q, "call");
        bool polls = streq(name, "poll") || streq(name, "links");
        _cleanup_op_ struct mentiond_op op;
        int verdict;

        op_begin(&op, instance, polls ? "poll" : name, polls ? POLL_DEADLINE_USEC : OP_DEADLINE_USEC);
        verdict = call_perform(&op, q, o);
        if (op_commit(&op, verdict == MENTIOND_OK && streq(name, "poll"), NULL) < 0)
                abort();
}

static void serve(void)
{
        _cleanup_free_ char *text = NULL;
        size_t allocated = 0;

        while (getline(&text, &allocated, stdin) > 0) {
                struct json_object *q = json_tokener_parse(text), *o = json_object_new_object();

                if (!streq(mj_str(q, "call"), "link"))
                        answer(q, o);
                else if (call_know_ticket(&host, brand, instance, mj_str(q, "ticket")) < 0)
                        abort();
                printf("%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
                (void) fflush(stdout);
                (void) json_object_put(o);
                (void) json_object_put(q);
        }
}

static struct instance *make(void)
{
        struct section s = { .file = "mentiond-check", .line = 1 };
        struct problems p = PROBLEMS_INIT;
        _cleanup_free_ char *error = NULL;
        struct instance *i = NULL;
        struct plugin *plugin;

        if (plugin_load(plugin_directory, plugin_name, &plugin, &error) < 0) {
                fprintf(stderr, "mentiond-check: %s\n", error);
                return NULL;
        }
        s.name = xstrdup(plugin->head.kind == MENTIOND_CHANNEL ? "brand" : "desk");
        section_add(&s, "plugin", plugin_name, 1);
        if (plugin->head.kind == MENTIOND_CHANNEL)
                section_add(&s, "helpdesk", "desk", 1);
        for (char **a = arguments; *a; a++) {
                size_t size = strcspn(*a, "=");
                _cleanup_free_ char *name = xstrndup(*a, size);

                section_add(&s, name, *a + size + ((*a)[size] == '='), 1);
        }
        i = instance_new(&host, &s, plugin->head.kind, plugin_directory, &p);
        fputs(buffer_str(&p.text), stderr);
        section_done(&s);
        buffer_done(&p.text);
        return i;
}

static void run(void *data)
{
        const char *directory = data;
        _cleanup_free_ char *error = NULL;
        struct store_instance row;

        if (http_new(host.loop, "mentiond-check", &host.http) < 0
            || store_open(host.loop, directory, STORE_INLINE, &host.store, &error) < 0)
                abort();
        instance = make();
        if (instance) {
                if (store_instance_get(host.store, "brand", "mastodon", &row) < 0 || instance_read(instance) < 0)
                        abort();
                brand = row.id;
                instance->helpdesk_id = instance_is_channel(instance) ? instance->stored.id : 0;
                instance->stored.polled = true;          /* so that all is new */
                serve();
                instance_free(instance);
        }
        store_close(host.store);
        http_free(host.http);
        plugin_forget_all();
}

static void done(void *data _unused_)
{
        loop_exit(host.loop, instance ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void on_log(int level _unused_, const char *text, void *data _unused_)
{
        fprintf(stderr, "%s\n", text);
}

int calls_serve(const char *directory, const char *name, char **settings, const char *state)
{
        int r;

        plugin_directory = directory;
        plugin_name = name;
        arguments = settings;
        log_set_sink(on_log, NULL);
        log_set_level(LOG_WARNING);
        if (loop_new(&host.loop) < 0)
                abort();
        (void) task_start(host.loop, "call", run, done, (void *) state);
        r = loop_run(host.loop);
        loop_free(host.loop);
        task_cleanup();
        return r;
}
