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
        MENTIOND_OPTION(struct exec, arguments, "arguments", MENTIOND_STRING,
                        .help = "Its arguments, with blanks between them"),
        MENTIOND_OPTION(struct exec, environment, "environment", MENTIOND_STRING,
                        .help = "What it gets of the daemon's environment, but PATH and LANG: names, with blanks between them"),
        MENTIOND_OPTION(struct exec, directory, "directory", MENTIOND_STRING, .default_value = "/",
                        .help = "The directory that it runs in"),
        MENTIOND_OPTION(struct exec, secret, "secret", MENTIOND_SECRET, .help = "What it is told at its start, as a token"),
        MENTIOND_OPTION(struct exec, memory_max, "memory_max", MENTIOND_SIZE, .default_value = "512M", .max = INT64_C(1) << 40,
                        .help = "Memory that each process of it may have; 0: no limit"),
        MENTIOND_OPTION(struct exec, cpu_max_usec, "cpu_max", MENTIOND_DURATION, .default_value = "1h",
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

static int misread(struct mentiond_op *op, uint32_t operation, const char *what)
{
        (void) mentiond_fail(op, 0, "what the child says is not as it must be: %s", what);
        return broken(op, operation);
}

/* Asks, serves the child meanwhile, and reads its answer.  The page is turned with each call. */
static int ask(struct mentiond_op *op, uint32_t operation, struct json_object *line, struct exec_line *ret)
{
        struct json_object *json;

        mj_put_str(line, "call", exec_operations.names[__builtin_ctz(operation)]);
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
                if (operation != EXEC_START)     /* what is asked after that is there already */
                        mentiond_turn_page(op, &text, !!text);
                line = mentiond_json_object(op);
                if (text)
                        mj_put_str(line, "return", text);
                else
                        mj_put_int(line, "return", number);
        }
        if (!exec_read_line(op, operation, 1, json, ret))
                return broken(op, operation);
        if ((ret->verdict == MENTIOND_ABSENT || ret->verdict == MENTIOND_UNKNOWN) && operation != EXEC_FIND)
                return misread(op, operation, "verdict: this is one of find alone");
        if (ret->verdict == MENTIOND_OK && operation & (EXEC_START | EXEC_POST | EXEC_FIND) && !*ret->id)
                return misread(op, operation, "id: it is missing");
        if (ret->verdict == MENTIOND_OK && operation == EXEC_START && !*ret->handle)
                return misread(op, operation, "handle: it is missing");
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
        struct json_object *line = mentiond_json_object(op);
        struct exec_line a;
        int r;

        mj_put_int(line, "protocol", PROTOCOL);
        mj_put_str(line, "secret", mentiond_reveal(e->secret));
        r = ask(op, EXEC_START, line, &a);
        if (r == MENTIOND_OK && !starting && *mentiond_self(op) && strcmp(a.id, mentiond_self(op)) != 0)
                r = mentiond_fail(op, MENTIOND_AUTH, "the child was begun again, and speaks for another account than before");
        if (r != MENTIOND_OK) {
                mentiond_child_end(op);
                return r;
        }
        if (starting)
                mentiond_set_self(op, a.id, a.handle);
        if (starting && a.caps.struct_size)
                mentiond_set_caps(op, &a.caps);
        e->can = a.operations | EXEC_POLL;
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

/* --- The other operations --- */

static int perform(struct mentiond_op *op, struct exec *e, uint32_t operation, struct json_object *line, struct exec_line *ret)
{
        int r = ready(op, e, 0);

        if (r != MENTIOND_OK || e->can & operation)
                return r == MENTIOND_OK ? ask(op, operation, line, ret) : r;
        switch (operation) {             /* as where there is no such callback */
        case EXEC_REREAD:
        case EXEC_DOCTOR:
                return MENTIOND_OK;
        case EXEC_FETCH:
                return mentiond_fail(op, MENTIOND_GONE, "its program cannot read single posts");
        case EXEC_FIND:
                return mentiond_fail(op, MENTIOND_UNKNOWN, "it may have been posted, and its program cannot find out");
        default:
                return mentiond_fail(op, MENTIOND_REJECTED, "its program does not know how to %s",
                                     exec_operations.names[__builtin_ctz(operation)]);
        }
}

static int take_in(struct mentiond_op *op, struct exec *e, uint32_t operation, struct json_object *line)
{
        struct exec_line a;
        int n, r = perform(op, e, operation, line, &a);

        if (r == MENTIOND_OK && a.mentions && !exec_emit(op, "mentions", a.mentions, mentiond_emit, &n))
                return broken(op, operation);
        if (r == MENTIOND_OK && a.cursor)
                mentiond_set_cursor(op, "", a.cursor);
        return r;
}

static int poll(struct mentiond_op *op, void *state)
{
        struct json_object *line = mentiond_json_object(op);

        mj_put_str(line, "cursor", mentiond_cursor(op, ""));
        mj_put_int(line, "horizon_usec", mentiond_horizon_usec(op));
        return take_in(op, state, EXEC_POLL, line);
}

static int fetch(struct mentiond_op *op, void *state, const char *id)
{
        struct json_object *line = mentiond_json_object(op);

        mj_put_str(line, "id", id);
        return take_in(op, state, EXEC_FETCH, line);
}

static int reread(struct mentiond_op *op, void *state, const char *const *ids, uint32_t n)
{
        struct json_object *line = mentiond_json_object(op), *list = json_object_new_array();
        struct exec_line a;

        MJ_PUT(line, "ids", list);
        for (uint32_t i = 0; i < n; i++)
                (void) json_object_array_add(list, json_object_new_string(ids[i]));
        return perform(op, state, EXEC_REREAD, line, &a);
}

static int doctor(struct mentiond_op *op, void *state)
{
        const struct exec *e = state;
        struct exec_line a;
        int r = perform(op, state, EXEC_DOCTOR, mentiond_json_object(op), &a);

        if (r == MENTIOND_OK)
                mentiond_report(op, MENTIOND_FINE, "child", "%s runs", e->program);
        return r;
}

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

static int say(struct mentiond_op *op, struct exec *e, uint32_t operation, const struct mentiond_post *part,
               struct mentiond_posted *ret)
{
        struct json_object *line = mentiond_json_object(op), *post = json_object_new_object();
        struct exec_line a;
        int r;

        MJ_PUT(line, "post", post);
        mj_put_str(post, "visibility", exec_visibilities.names[part->visibility - exec_visibilities.first]);
        mj_put_str(post, "key", part->key);
        mj_put_str(post, "text", part->text);
        mj_put_str(post, "parent", part->parent);
        mj_put_str(post, "root", part->root);
        mj_put_str(post, "warning", part->warning);
        mj_put_str(post, "language", part->language);
        mj_put_int(post, "tried_usec", part->tried_usec);
        mj_put_int(post, "again", part->again);
        mj_put_str(post, "only", part->only);
        put_uploads(op, post, part);
        r = perform(op, e, operation, line, &a);
        if (r == MENTIOND_OK)
                *ret = (struct mentiond_posted) { .struct_size = ret->struct_size, .id = a.id, .url = a.url };
        return r;
}

static int post(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        return say(op, state, EXEC_POST, part, ret);
}

static int find(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        return say(op, state, EXEC_FIND, part, ret);
}

static int change(struct mentiond_op *op, struct exec *e, uint32_t operation, const char *id, const char *name, const char *value)
{
        struct json_object *line = mentiond_json_object(op);
        struct exec_line a;

        mj_put_str(line, "id", id);
        mj_put_str(line, name, value);
        return perform(op, e, operation, line, &a);
}

static int edit(struct mentiond_op *op, void *state, const struct mentiond_change *to)
{
        return change(op, state, EXEC_EDIT, to->id, "text", to->text);
}

static int remove_post(struct mentiond_op *op, void *state, const char *id)
{
        return change(op, state, EXEC_REMOVE, id, "", NULL);
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
