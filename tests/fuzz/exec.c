/* SPDX-License-Identifier: MIT
 *
 * The exec plugin and any program.  The first line says which operations are called, a letter each: s(tart), p(oll), f(etch),
 * o (post), l(ook: find), e(dit), d (remove), h (like), r(eread), c (doctor), m (download).  The rest is what the program says
 * (child.c).
 */
#include "world.h"

#include "host/payload.h"
#include "host/program.h"

#include <mentiond/json.h>

#define OPERATIONS_MAX 8

static const char *const settings[] = {
        "plugin", "exec", "program", "/usr/lib/channel", "arguments", "a  b", "environment", "HOME", "secret", "env:FUZZ_SECRET",
        "helpdesk", "desk", "hold", "0", NULL,
};
static unsigned posts;

/* What the program is told is one line, and that of a post is told once. */
static void on_told(const char *line)
{
        struct json_object *told = json_tokener_parse(line);
        bool is_start = streq(mj_str(told, "call"), "start");

        MUST(told && mj_int(told, "op", 0) > 0 && !strchr(line, '\n') && fuzz_is_utf8(line));
        MUST(is_start == !!strstr(line, WORLD_SECRET));
        if (streq(mj_str(told, "call"), "post")) {
                MUST(streq(mj_str(mj_get(told, "post"), "text"), "@ann@example an answer"));
                posts++;
        }
        (void) json_object_put(told);
}

static int download(struct mentiond_op *op)
{
        struct mentiond_file file = { .struct_size = sizeof file };
        int verdict = brand->plugin->channel.download(op, brand->plugin_state, "AgAC", 1000, &file);

        MUST(verdict != MENTIOND_OK || (file.data && file.name));
        return verdict;
}

static int call(struct mentiond_op *op, char operation, struct mentiond_posted *ret)
{
        static const struct mentiond_upload file = {
                .struct_size = sizeof file, .name = "a.png", .type = "image/png", .data = "\0", .size = 1,
        };
        const struct mentiond_channel *c = &brand->plugin->channel;
        const struct mentiond_post part = {
                .struct_size = sizeof part, .visibility = MENTIOND_UNLISTED, .key = "key", .text = "@ann@example an answer",
                .parent = "100",
                .root = "100", .warning = "", .language = "en", .only = "", .uploads = &file, .n_uploads = 1,
        };

        switch (operation) {
        case 's':
                return c->start(op, brand->plugin_state);
        case 'p':
                return c->poll(op, brand->plugin_state);
        case 'f':
                return c->fetch(op, brand->plugin_state, "300");
        case 'o':
                return c->post(op, brand->plugin_state, &part, ret);
        case 'l':
                return c->find(op, brand->plugin_state, &part, ret);
        case 'e':
                return c->edit(op, brand->plugin_state, &(struct mentiond_change) {
                        .struct_size = sizeof(struct mentiond_change), .id = "101", .text = "other" });
        case 'd':
                return c->remove(op, brand->plugin_state, "101");
        case 'h':
                return c->react(op, brand->plugin_state, MENTIOND_LIKE, "101");
        case 'r':
                return c->reread(op, brand->plugin_state, (const char *const[]) { "101", "100" }, 2);
        case 'm':
                return download(op);
        default:
                return c->doctor(op, brand->plugin_state);
        }
}

static void check_items(struct mentiond_op *op)
{
        for (size_t i = 0; i < op->n_items; i++) {
                const char *payload = strempty(op->items[i].payload);

                MUST(*op->items[i].native_id && fuzz_is_utf8(payload) && (!*payload || payload_parse(op->arena, payload)));
        }
        for (size_t i = 0; i < op->n_ancestors; i++)
                MUST(*op->ancestors[i].id && fuzz_is_utf8(op->ancestors[i].text));
        for (size_t i = 0; i < op->n_again; i++)
                MUST(*op->again[i].id && fuzz_is_utf8(op->again[i].text));
}

static void run(void *data)
{
        struct mentiond_posted posted = { .struct_size = sizeof posted };
        struct report report;
        _cleanup_op_ struct mentiond_op op;
        char operation = *(const char *) data;
        int verdict;

        report_init(&report, "brand");
        op_begin(&op, brand, "fuzz", strchr("pf", operation) ? POLL_DEADLINE_USEC : OP_DEADLINE_USEC);
        if (operation == 'c')
                op.report = &report;
        posts = 0;
        verdict = call(&op, operation, &posted);
        check_items(&op);
        if (operation == 'p')
                MUST(op_commit(&op, verdict == MENTIOND_OK, NULL) == 0);
        MUST(posts <= (operation == 'o'));
        if (verdict == MENTIOND_OK && strchr("ol", operation))
                MUST(posted.id && *posted.id);
        if (verdict == MENTIOND_OK && operation == 'o')
                MUST(posts == 1);
        MUST(verdict >= MENTIOND_OK && verdict <= MENTIOND_BLOCKED);
        MUST((verdict == MENTIOND_ABSENT || verdict == MENTIOND_UNKNOWN) <= (operation == 'l'));
        MUST(verdict == MENTIOND_OK || verdict == MENTIOND_ABSENT || *op.reason);
        MUST(!fuzz_has(op.reason, "\n") && !strstr(op.reason, WORLD_SECRET));
        MUST(op_judge(&op, verdict) == verdict);
        report_done(&report);
}

static void end(void *data)
{
        (void) data;
        if (brand->program)
                program_end(brand->program);
        MUST(!program_runs(brand->program));
}

const struct mentiond_plugin *exec_plugin_init(void);

static void add_plugin(void)
{
        _cleanup_free_ char *wrong = NULL;
        static struct plugin *plugin;

        MUST(plugin || plugin_register(exec_plugin_init(), &plugin, &wrong) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct input in = { (const char *) data, size };
        _cleanup_free_ char *operations = input_line(&in);
        char nothing = 0;

        if (world_knows_secret(data, size))
                return 0;
        add_plugin();
        world_brand = settings;
        world_on_child = on_told;
        child_says(&in);
        world_begin(&in);
        for (size_t i = 0; operations[i] && i < OPERATIONS_MAX; i++)
                if (strchr("spfoledhrcm", operations[i]))
                        world_run(run, &operations[i]);
        world_run(end, &nothing);
        world_end();
        return 0;
}
