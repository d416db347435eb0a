/* SPDX-License-Identifier: MIT
 *
 * Channel "exec": a program in any language that speaks the operations of a channel as lines of JSON.  The host runs it; here
 * operations become questions, its calls calls of the host, and its answers verdicts.  Called by the host only.  Manuals:
 * mentiond-exec(5), and mentiond-exec(7) for who writes such a program.
 */
#include "exec.h"

#define PROTOCOL 1
#define FILE_MAX 6000000                 /* bytes: in base64 they are one line of the child's */

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

/* A function of the host that the child calls.  The line that tells what it returned; NULL: it could not be called. */
static struct json_object *serve(struct mentiond_op *op, uint32_t operation, struct json_object *from)
{
        const char *text = NULL;
        int64_t number = 0;
        struct exec_line c;
        int good = 1;

        if (!exec_read_line(op, EXEC_CALL, from, &c))
                return NULL;
        if ((operation & (EXEC_POLL | EXEC_FETCH) && strcmp(c.call, "emit") == 0)
            || (operation == EXEC_FETCH && strcmp(c.call, "emit_ancestor") == 0)
            || (operation == EXEC_REREAD && strcmp(c.call, "emit_again") == 0))
                good = exec_emit(op, c.call, "mention", c.mention, &number);
        else if (operation == EXEC_REREAD && strcmp(c.call, "emit_gone") == 0)
                mentiond_emit_gone(op, c.id);
        else if (operation == EXEC_POLL && strcmp(c.call, "horizon_usec") == 0)
                number = mentiond_horizon_usec(op);
        else if (operation == EXEC_POLL && strcmp(c.call, "set_cursor") == 0)
                mentiond_set_cursor(op, c.key, c.value);
        else if (operation == EXEC_DOCTOR && strcmp(c.call, "report") == 0)
                mentiond_report(op, c.finding, c.what, "%s", c.text);
        else if (strcmp(c.call, "cursor") == 0)
                text = mentiond_cursor(op, c.key);
        else if (strcmp(c.call, "keep") == 0)
                number = mentiond_keep(op, c.key, c.value);
        else if (strcmp(c.call, "is_posted") == 0)
                number = mentiond_is_posted(op, c.id);
        else
                good = mentiond_fail(op, 0, "the child calls \"%s\", which there is not in this operation", c.call);
        if (!good)
                return NULL;
        if (operation != EXEC_START)     /* what is asked after that is there already */
                mentiond_turn_page(op, &text, !!text);
        return text ? mentiond_json(op, "{'return': %s}", text) : mentiond_json(op, "{'return': %lld}", (long long) number);
}

/* Asks, serves the child meanwhile, and takes in what it answers; ret may be NULL.  The page is turned with each call. */
static int ask(struct mentiond_op *op, uint32_t operation, struct json_object *line, struct exec_line *ret)
{
        struct json_object *json;
        struct exec_line own;
        int64_t n = 0;
        int good;

        ret = ret ? ret : &own;
        mj_put_str(line, "call", exec_operations[__builtin_ctz(operation)]);
        do {
                int r = mentiond_child_ask(op, line, operation == EXEC_POST ? 0 : MENTIOND_REPEATABLE, &json);

                if (r != MENTIOND_OK)
                        return r;
                line = mj_get(json, "call") ? serve(op, operation, json) : NULL;
        } while (line);
        good = !mj_get(json, "call") && exec_read_line(op, operation, json, ret);
        if (good && ret->verdict == MENTIOND_OK && ret->mentions)
                good = exec_emit(op, "emit", "mentions", ret->mentions, &n);
        if (!good)                       /* the reason is there; of a post nobody knows what became of it */
                return mentiond_fail(op, operation == EXEC_POST ? MENTIOND_AMBIGUOUS : MENTIOND_BUG, "%s", mentiond_reason(op));
        if (ret->verdict == MENTIOND_OK && ret->cursor)
                mentiond_set_cursor(op, "", ret->cursor);
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
        char *rest = NULL;
        size_t n = 0;

        if (first)
                all[n++] = first;
        for (char *word = strtok_r(mentiond_format(op, "%s", text), " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest))
                all[n++] = word;
        return all;
}

/* The first line that a new child gets is its start; what others ask meanwhile comes behind it.  One that could not start is
 * ended, and begun anew the next time. */
static int ready(struct mentiond_op *op, struct exec *e, int starting)
{
        struct exec_line a;
        uint32_t is_new = 0;
        int r = mentiond_child_run(op, &(struct mentiond_program) {
                .struct_size = sizeof(struct mentiond_program), .id = "op", .parallel = e->parallel, .directory = e->directory,
                .arguments = words(op, e->program, e->arguments), .environment = words(op, NULL, e->environment),
                .memory_max = (uint64_t) e->memory_max, .cpu_max_usec = e->cpu_max_usec,
        }, &is_new);

        if (r != MENTIOND_OK || (!is_new && !starting))
                return r;
        r = ask(op, EXEC_START, mentiond_json(op, "{'protocol': %d, 'secret': %s}", PROTOCOL, mentiond_reveal(e->secret)), &a);
        if (r == MENTIOND_OK && !starting && *mentiond_self(op) && strcmp(a.id, mentiond_self(op)) != 0)
                r = mentiond_fail(op, MENTIOND_AUTH, "the child was begun again, and speaks for another account than before");
        if (r != MENTIOND_OK) {
                mentiond_child_end(op);
                return r;
        }
        if (starting)
                mentiond_set_self(op, a.id, a.handle);
        if (starting && a.caps)
                mentiond_set_caps(op, a.caps);
        e->can = a.operations | EXEC_POLL;
        e->parallel = a.parallel;
        return MENTIOND_OK;
}

static int start(struct mentiond_op *op, void *state)
{
        struct exec *e = state;

        mentiond_child_end(op);          /* one that ran before a pause: its program may have been changed since */
        e->parallel = 1;
        return ready(op, e, 1);
}

/* --- The other operations --- */

/* What its program does not know is as where there is no such callback. */
static int perform(struct mentiond_op *op, struct exec *e, uint32_t operation, struct json_object *line, struct exec_line *ret)
{
        int r = ready(op, e, 0);

        if (r != MENTIOND_OK)
                return r;
        if (e->can & operation)
                return ask(op, operation, line, ret);
        if (operation & (EXEC_REREAD | EXEC_DOCTOR))
                return MENTIOND_OK;
        if (operation == EXEC_FETCH)
                return mentiond_fail(op, MENTIOND_GONE, "its program cannot read single posts");
        if (operation == EXEC_FIND)
                return mentiond_fail(op, MENTIOND_UNKNOWN, "it may have been posted, and its program cannot find out");
        return mentiond_fail(op, MENTIOND_REJECTED, "its program does not know how to %s",
                             exec_operations[__builtin_ctz(operation)]);
}

static int poll(struct mentiond_op *op, void *state)
{
        return perform(op, state, EXEC_POLL, mentiond_json(op, "{'cursor': %s, 'horizon_usec': %lld}", mentiond_cursor(op, ""),
                                                           (long long) mentiond_horizon_usec(op)), NULL);
}

static int fetch(struct mentiond_op *op, void *state, const char *id)
{
        return perform(op, state, EXEC_FETCH, mentiond_json(op, "{'id': %s}", id), NULL);
}

static int reread(struct mentiond_op *op, void *state, const char *const *ids, uint32_t n)
{
        struct json_object *list = mentiond_json(op, "[]");

        for (uint32_t i = 0; i < n; i++)
                mj_add_str(list, ids[i]);
        return perform(op, state, EXEC_REREAD, mentiond_json(op, "{'ids': %p}", (void *) list), NULL);
}

static int doctor(struct mentiond_op *op, void *state)
{
        struct exec *e = state;
        int r = perform(op, e, EXEC_DOCTOR, mentiond_json(op, "{}"), NULL);

        if (r == MENTIOND_OK)
                mentiond_report(op, MENTIOND_FINE, "child", "%s runs", e->program);
        return r;
}

static int say(struct mentiond_op *op, struct exec *e, uint32_t operation, const struct mentiond_post *part,
               struct mentiond_posted *ret)
{
        struct json_object *uploads = mentiond_json(op, "[]");
        struct exec_line a;
        int r;

        for (uint32_t i = 0; i < part->n_uploads; i++) {
                const struct mentiond_upload *u = mentiond_upload_at(part, i);

                mj_add(uploads, mentiond_json(op, "{'name': %s, 'type': %s, 'description': %s, 'size': %lld, 'data': %s}",
                                              u->name, u->type, u->description, (long long) u->size,
                                              u->data ? mentiond_base64_encode(op, u->data, u->size) : NULL));
        }
        r = perform(op, e, operation, mentiond_json(op,
                "{'post': {'visibility': %s, 'key': %s, 'text': %s, 'parent': %s, 'root': %s, 'warning': %s, 'language': %s,"
                " 'tried_usec': %lld, 'again': %d, 'only': %s, 'uploads': %p}}",
                exec_visibilities[part->visibility], part->key, part->text, part->parent,
                part->root, part->warning, part->language, (long long) part->tried_usec, (int) part->again, part->only,
                (void *) uploads), &a);
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

static int edit(struct mentiond_op *op, void *state, const struct mentiond_change *to)
{
        return perform(op, state, EXEC_EDIT, mentiond_json(op, "{'id': %s, 'text': %s}", to->id, to->text), NULL);
}

static int remove_post(struct mentiond_op *op, void *state, const char *id)
{
        return perform(op, state, EXEC_REMOVE, mentiond_json(op, "{'id': %s}", id), NULL);
}

static int react(struct mentiond_op *op, void *state, uint32_t reaction, const char *id)
{
        return perform(op, state, EXEC_REACT,
                       mentiond_json(op, "{'id': %s, 'reaction': %s}", id, exec_reactions[reaction]), NULL);
}

static int download(struct mentiond_op *op, void *state, const char *id, uint64_t max, struct mentiond_file *ret)
{
        long long told = (long long) (max < FILE_MAX ? max : FILE_MAX);
        struct exec_line a;
        int r = perform(op, state, EXEC_DOWNLOAD, mentiond_json(op, "{'id': %s, 'max': %lld}", id, told), &a);

        if (r != MENTIOND_OK)
                return r;
        ret->name = a.name;
        ret->data = mentiond_base64_decode(op, a.data, &ret->size);
        return ret->data ? MENTIOND_OK : mentiond_fail(op, MENTIOND_BUG, "the data of the child's answer is no base64");
}

static const struct mentiond_channel exec = {
        .head = { MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel), .state_size = sizeof(struct exec),
                  .options = options, .name = "exec", .version = "1", .summary = "A program in any language, by lines of JSON" },
        .check = check, .start = start, .poll = poll, .fetch = fetch, .post = post, .find = find, .doctor = doctor,
        .edit = edit, .remove = remove_post, .react = react, .reread = reread, .download = download,
};
MENTIOND_CHANNEL_PLUGIN(exec)
