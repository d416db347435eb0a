/* SPDX-License-Identifier: MIT
 *
 * Channel "exec": a program in any language that speaks the operations of a channel as lines of JSON.  The host runs it; here
 * operations become questions, its calls calls of the host, and its answers verdicts.  Called by the host only.  Manuals:
 * mentiond-exec(5), and mentiond-exec(7) for who writes such a program.
 */
#include "exec.h"

#define PROTOCOL 1
#define PARALLEL_MAX 256                 /* as the option "parallel" */

struct exec {
        const char *program, *arguments, *environment, *directory;
        const struct mentiond_secret *secret;
        int64_t memory_max, cpu_max_usec;
        uint32_t can, parallel;          /* as the child said at its start */
};

static const struct mentiond_option options[] = {
        MENTIOND_OPTION(struct exec, program, "program", MENTIOND_STRING, .flags = MENTIOND_REQUIRED,
                        .help = "The program, by its whole path"),
        MENTIOND_OPTION(struct exec, arguments, "arguments", MENTIOND_STRING, .help = "Its arguments, with blanks between them"),
        MENTIOND_OPTION(struct exec, environment, "environment", MENTIOND_STRING,
                        .help = "What it gets of the daemon's environment besides PATH and LANG: names, with blanks between them"),
        MENTIOND_OPTION(struct exec, directory, "directory", MENTIOND_STRING, .default_value = "/", .help = "The directory that it runs in"),
        MENTIOND_OPTION(struct exec, secret, "secret", MENTIOND_SECRET, .help = "What it is told at its start, as a token"),
        MENTIOND_OPTION(struct exec, memory_max, "memory_max", MENTIOND_SIZE, .default_value = "512M", .min = 0, .max = INT64_C(1) << 40,
                        .help = "Memory that each process of it may have; 0: no limit"),
        MENTIOND_OPTION(struct exec, cpu_max_usec, "cpu_max", MENTIOND_DURATION, .default_value = "1h", .min = 0,
                        .max = INT64_C(365) * 86400 * 1000000, .help = "CPU time that each process of it may take; 0: no limit"),
        { .name = NULL },
};

static const char *check(const void *state)
{
        const struct exec *e = state;

        if (e->program[0] != '/')
                return "program is not a whole path";
        return e->directory[0] == '/' ? NULL : "directory is not a whole path";
}

/* --- Questions --- */

static struct json_object *question(struct mentiond_op *op, const char *call)
{
        struct json_object *line = mentiond_json_object(op);

        mj_put_str(line, "call", call);
        return line;
}

/* What was asked in vain: the reason is there.  Of a post nobody knows what became of it. */
static int broken(struct mentiond_op *op, uint32_t operation)
{
        return mentiond_fail(op, operation == EXEC_POST ? MENTIOND_AMBIGUOUS : MENTIOND_BUG, "%s", mentiond_reason(op));
}

static int emit_ancestor(struct mentiond_op *op, const struct mentiond_mention *mention)
{
        mentiond_emit_ancestor(op, mention);
        return 0;
}

static int emit_again(struct mentiond_op *op, const struct mentiond_mention *mention)
{
        mentiond_emit_again(op, mention);
        return 0;
}

/* A function of the host that the child calls: 1 with what it returns, a text if that is not NULL. */
static int serve(struct mentiond_op *op, uint32_t operation, struct json_object *from, const char **ret_text, int64_t *ret)
{
        struct exec_line c;
        int n = 0, good = 1;

        if (!exec_read_line(op, operation, 0, from, &c))
                return 0;
        if (strcmp(c.call, "emit") == 0 && operation & (EXEC_POLL | EXEC_FETCH))
                good = exec_emit(op, "mention", c.mention, mentiond_emit, &n);
        else if (strcmp(c.call, "emit_ancestor") == 0 && operation == EXEC_FETCH)
                good = exec_emit(op, "mention", c.mention, emit_ancestor, &n);
        else if (strcmp(c.call, "emit_again") == 0 && operation == EXEC_REREAD)
                good = exec_emit(op, "mention", c.mention, emit_again, &n);
        else if (strcmp(c.call, "emit_gone") == 0 && operation == EXEC_REREAD)
                mentiond_emit_gone(op, c.id);
        else if (strcmp(c.call, "horizon_usec") == 0 && operation == EXEC_POLL)
                *ret = mentiond_horizon_usec(op);
        else if (strcmp(c.call, "set_cursor") == 0 && operation == EXEC_POLL)
                mentiond_set_cursor(op, c.key, c.value);
        else if (strcmp(c.call, "cursor") == 0)
                *ret_text = mentiond_cursor(op, c.key);
        else if (strcmp(c.call, "keep") == 0)
                n = mentiond_keep(op, c.key, c.value);
        else if (strcmp(c.call, "is_posted") == 0)
                n = mentiond_is_posted(op, c.id);
        else if (strcmp(c.call, "report") == 0 && operation == EXEC_DOCTOR)
                mentiond_report(op, c.finding, c.what, "%s", c.text);
        else
                return mentiond_fail(op, 0, "the child calls \"%s\", which there is not in this operation", c.call);
        *ret += n;
        return good;
}

/* Asks, serves the child meanwhile, and reads its answer.  The page is turned with each call. */
static int ask(struct mentiond_op *op, uint32_t operation, struct json_object *line, struct exec_line *ret, struct json_object **ret_json)
{
        struct json_object *json;

        for (;;) {
                const char *text = NULL;
                int64_t number = 0;
                int r = mentiond_child_ask(op, line, operation == EXEC_POST ? 0 : MENTIOND_REPEATABLE, &json);

                if (r != MENTIOND_OK)
                        return r;
                if (!mj_get(json, "call"))
                        break;
                if (!serve(op, operation, json, &text, &number))
                        return broken(op, operation);
                mentiond_turn_page(op, &text, !!text);
                line = mentiond_json_object(op);
                if (text)
                        mj_put_str(line, "return", text);
                else
                        mj_put_int(line, "return", number);
        }
        if (ret_json)
                *ret_json = json;
        if (!exec_read_line(op, operation, 1, json, ret))
                return broken(op, operation);
        if ((ret->verdict == MENTIOND_ABSENT || ret->verdict == MENTIOND_UNKNOWN) && operation != EXEC_FIND) {
                (void) mentiond_fail(op, 0, "what the child says is not as it must be: verdict: this is one of find alone");
                return broken(op, operation);
        }
        if (ret->verdict == MENTIOND_OK && operation & (EXEC_POST | EXEC_FIND) && !*ret->id) {
                (void) mentiond_fail(op, 0, "what the child says is not as it must be: id: it is missing");
                return broken(op, operation);
        }
        if (ret->verdict == MENTIOND_OK || ret->verdict == MENTIOND_ABSENT)
                return (int) ret->verdict;
        if (ret->verdict == MENTIOND_THROTTLED && ret->throttled_usec)
                (void) mentiond_throttled(op, ret->throttled_usec);
        return mentiond_fail(op, (int) ret->verdict, "%s", *ret->reason ? ret->reason : "the child does not say why");
}

/* --- The child's start --- */

static const char **words(struct mentiond_op *op, const char *first, const char *text)
{
        const char **all = mentiond_alloc(op, (strlen(text) / 2 + 3) * sizeof *all);
        char *copy = mentiond_format(op, "%s", text), *rest = NULL;
        size_t n = 0;

        if (first)
                all[n++] = first;
        for (char *word = strtok_r(copy, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest))
                all[n++] = word;
        return all;
}

/* A child that could not start is ended, and begun anew the next time. */
static int introduce(struct mentiond_op *op, struct exec *e, int starting)
{
        struct json_object *line = question(op, "start"), *json = NULL;
        struct exec_line a;
        int r;

        mj_put_int(line, "protocol", PROTOCOL);
        mj_put_str(line, "secret", mentiond_reveal(e->secret));
        r = ask(op, EXEC_START, line, &a, &json);
        if (r == MENTIOND_OK && (!*a.id || !*a.handle))
                r = mentiond_fail(op, MENTIOND_BUG, "what the child says is not as it must be: %s: it is missing", *a.id ? "handle" : "id");
        if (r == MENTIOND_OK && !starting && *mentiond_self(op) && strcmp(a.id, mentiond_self(op)) != 0)
                r = mentiond_fail(op, MENTIOND_AUTH, "the child was begun again, and speaks for another account than before");
        if (r != MENTIOND_OK) {
                mentiond_child_end(op);
                return r;
        }
        if (starting)
                mentiond_set_self(op, a.id, a.handle);
        if (starting && mj_get(json, "caps"))
                mentiond_set_caps(op, &a.caps);
        e->can = a.operations;
        e->parallel = a.parallel < 1 ? 1 : a.parallel > PARALLEL_MAX ? PARALLEL_MAX : (uint32_t) a.parallel;
        return MENTIOND_OK;
}

/* The first line that a new child gets is its start; what others ask meanwhile comes behind it. */
static int ready(struct mentiond_op *op, struct exec *e, int starting)
{
        uint32_t is_new = 0;
        int r = mentiond_child_run(op, &(struct mentiond_program) {
                .struct_size = sizeof(struct mentiond_program), .id = "op", .parallel = e->parallel, .directory = e->directory,
                .arguments = words(op, e->program, e->arguments), .environment = words(op, NULL, e->environment),
                .memory_max = (uint64_t) e->memory_max, .cpu_max_usec = e->cpu_max_usec,
        }, &is_new);

        return r == MENTIOND_OK && (is_new || starting) ? introduce(op, e, starting) : r;
}

static int start(struct mentiond_op *op, void *state)
{
        struct exec *e = state;

        mentiond_child_end(op);          /* one that ran before a pause: its program may have been changed since */
        e->parallel = 1;
        return ready(op, e, 1);
}

static int doctor(struct mentiond_op *op, void *state)
{
        struct exec *e = state;
        struct exec_line a;
        int r = ready(op, e, 0);

        if (r == MENTIOND_OK)
                mentiond_report(op, MENTIOND_FINE, "child", "%s runs", e->program);
        return r == MENTIOND_OK && e->can & EXEC_DOCTOR ? ask(op, EXEC_DOCTOR, question(op, "doctor"), &a, NULL) : r;
}

/* --- Mentions --- */

static int poll(struct mentiond_op *op, void *state)
{
        struct json_object *line;
        struct exec_line a;
        int n, r = ready(op, state, 0);

        if (r != MENTIOND_OK)
                return r;
        line = question(op, "poll");
        mj_put_str(line, "cursor", mentiond_cursor(op, ""));
        mj_put_int(line, "horizon_usec", mentiond_horizon_usec(op));
        r = ask(op, EXEC_POLL, line, &a, NULL);
        if (r == MENTIOND_OK && a.mentions && !exec_emit(op, "mentions", a.mentions, mentiond_emit, &n))
                return broken(op, EXEC_POLL);
        if (r == MENTIOND_OK && a.cursor)
                mentiond_set_cursor(op, "", a.cursor);
        return r;
}

static int fetch(struct mentiond_op *op, void *state, const char *id)
{
        struct exec *e = state;
        struct json_object *line;
        struct exec_line a;
        int n, r = ready(op, e, 0);

        if (r != MENTIOND_OK || !(e->can & EXEC_FETCH))
                return r == MENTIOND_OK ? mentiond_fail(op, MENTIOND_GONE, "the child cannot read single posts") : r;
        line = question(op, "fetch");
        mj_put_str(line, "id", id);
        r = ask(op, EXEC_FETCH, line, &a, NULL);
        if (r == MENTIOND_OK && a.mentions && !exec_emit(op, "mentions", a.mentions, mentiond_emit, &n))
                return broken(op, EXEC_FETCH);
        return r;
}

static int reread(struct mentiond_op *op, void *state, const char *const *ids, uint32_t n)
{
        struct exec *e = state;
        struct json_object *line, *list = json_object_new_array();
        struct exec_line a;
        int r = ready(op, e, 0);

        line = question(op, "reread");
        MJ_PUT(line, "ids", list);
        for (uint32_t i = 0; i < n; i++)
                (void) json_object_array_add(list, json_object_new_string(ids[i]));
        return r == MENTIOND_OK && e->can & EXEC_REREAD ? ask(op, EXEC_REREAD, line, &a, NULL) : r;
}

/* --- Posts --- */

static void put_uploads(struct mentiond_op *op, struct json_object *post, const struct mentiond_post *part)
{
        struct json_object *list = json_object_new_array();

        for (uint32_t i = 0; i < part->n_uploads; i++) {
                const struct mentiond_upload *u = &part->uploads[i];
                struct json_object *one = json_object_new_object();

                mj_put_str(one, "name", u->name);
                mj_put_str(one, "type", u->type);
                mj_put_str(one, "description", u->description);
                mj_put_int(one, "size", (int64_t) u->size);
                if (u->data)
                        mj_put_str(one, "data", mentiond_base64_encode(op, u->data, u->size));
                (void) json_object_array_add(list, one);
        }
        MJ_PUT(post, "uploads", list);
}

static int say(struct mentiond_op *op, struct exec *e, uint32_t operation, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        struct json_object *line, *post = json_object_new_object();
        struct exec_line a;
        int r;

        line = question(op, operation == EXEC_POST ? "post" : "find");
        MJ_PUT(line, "post", post);
        mj_put_str(post, "visibility", exec_visibilities.names[part->visibility - exec_visibilities.first]);
        mj_put_str(post, "key", part->key);
        mj_put_str(post, "text", part->text);
        mj_put_str(post, "parent", part->parent);
        mj_put_str(post, "root", part->root);
        mj_put_str(post, "warning", part->warning);
        mj_put_str(post, "language", part->language);
        mj_put_int(post, "tried_usec", part->tried_usec);
        mj_put_str(post, "only", part->only);
        put_uploads(op, post, part);
        r = e->can & operation ? ask(op, operation, line, &a, NULL) : MENTIOND_UNKNOWN;
        if (r == MENTIOND_OK) {
                ret->id = a.id;
                ret->url = a.url;
        }
        return r;
}

static int post(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        struct exec *e = state;
        int r = ready(op, e, 0);

        if (r == MENTIOND_OK && !(e->can & EXEC_POST))
                return mentiond_fail(op, MENTIOND_REJECTED, "this channel only watches: its program cannot post");
        return r == MENTIOND_OK ? say(op, e, EXEC_POST, part, ret) : r;
}

static int find(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        struct exec *e = state;
        int r = ready(op, e, 0);

        if (r == MENTIOND_OK && !(e->can & EXEC_FIND))
                return mentiond_fail(op, MENTIOND_UNKNOWN, "it may have been posted, and this network cannot be asked");
        return r == MENTIOND_OK ? say(op, e, EXEC_FIND, part, ret) : r;
}

/* edit, remove and react: what they are about is a text or two. */
static int change(struct mentiond_op *op, struct exec *e, uint32_t operation, const char *id, const char *name, const char *value)
{
        struct json_object *line;
        struct exec_line a;
        int r = ready(op, e, 0), n = __builtin_ctz(operation);

        if (r != MENTIOND_OK)
                return r;
        if (!(e->can & operation))
                return mentiond_fail(op, MENTIOND_REJECTED, "its program cannot %s posts", exec_operations.names[n]);
        line = question(op, exec_operations.names[n]);
        mj_put_str(line, "id", id);
        if (name)
                mj_put_str(line, name, value);
        return ask(op, operation, line, &a, NULL);
}

static int edit(struct mentiond_op *op, void *state, const struct mentiond_change *to)
{
        return change(op, state, EXEC_EDIT, to->id, "text", to->text);
}

static int remove_post(struct mentiond_op *op, void *state, const char *id)
{
        return change(op, state, EXEC_REMOVE, id, NULL, NULL);
}

static int react(struct mentiond_op *op, void *state, uint32_t reaction, const char *id)
{
        return change(op, state, EXEC_REACT, id, "reaction", exec_reactions.names[reaction - exec_reactions.first]);
}

static const struct mentiond_channel exec = {
        .head = {
                MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel),
                .state_size = sizeof(struct exec), .options = options,
                .name = "exec", .version = "1", .summary = "A program in any language, by lines of JSON",
        },
        .check = check, .start = start, .poll = poll, .fetch = fetch, .post = post, .find = find, .doctor = doctor,
        .edit = edit, .remove = remove_post, .react = react, .reread = reread,
};
MENTIOND_CHANNEL_PLUGIN(exec)
