/* SPDX-License-Identifier: MIT
 * Every command, on every network, in every state of a conversation, and with every answer of the other side: command_cases.txt
 * says what comes of each, which is then done with a real store and plugins that do what they are told. */
#include "fakes.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINES_MAX 512
#define LATE "retry after a day"         /* besides the verdicts: as retry, when the command is more than a day old */

/* What agents write: each command as it can be written, with a text or without. */
static const char *const commands[] = {
        "a note", "!stpo", "!stop", "!hold", "!send", "!dm", "!dm TEXT", "!public", "!public TEXT", "!close", "!close TEXT",
        "!like", "!repost",
        "!hide", "!edit", "!edit TEXT", "!delete", "!split",
};

static const struct {
        const char *name;
        uint32_t flags;
} networks[] = {
        { "all", MENTIOND_CAN_DIRECT | MENTIOND_CAN_EDIT | MENTIOND_CAN_REMOVE | MENTIOND_CAN_LIKE | MENTIOND_CAN_REPOST
                 | MENTIOND_CAN_HIDE },
        { "mastodon", MENTIOND_CAN_DIRECT | MENTIOND_CAN_EDIT | MENTIOND_CAN_REMOVE | MENTIOND_CAN_LIKE | MENTIOND_CAN_REPOST },
        { "snac", MENTIOND_CAN_DIRECT | MENTIOND_CAN_EDIT | MENTIOND_CAN_LIKE | MENTIOND_CAN_REPOST },
        { "none", 0 },
};

/* --- The lines --- */

enum { COMMAND, NETWORK, STATE, ANSWER, CALLS, REPLY, OWN, TOLD, CELLS };

struct line {
        int number;
        bool used;
        char *cells[CELLS];
};

static struct line lines[LINES_MAX];
static size_t n_lines;

static char *trim(char *s)
{
        size_t n;

        s += strspn(s, " ");
        n = strlen(s);
        while (n > 0 && s[n - 1] == ' ')
                s[--n] = '\0';
        return s;
}

static FILE *source(const char *name)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", getenv("srcdir") ? getenv("srcdir") : ".", name);
        FILE *f = fopen(path, "re");

        if (!f) {
                (void) fprintf(stderr, "%s cannot be read\n", path);
                exit(1);
        }
        return f;
}

static void read_lines(void)
{
        FILE *f = source("tests/unit/command_cases.txt");
        char *text = NULL;
        size_t size = 0;

        for (int number = 1; getline(&text, &size, f) > 0; number++) {
                char *rest = text;
                struct line *l = &lines[n_lines];

                text[strcspn(text, "\n")] = '\0';
                if (*text == '#' || !*text)
                        continue;
                l->number = number;
                for (int c = 0; c < CELLS; c++) {
                        char *cell = c < CELLS - 1 ? strsep(&rest, "|") : rest;

                        if (!cell || n_lines == LINES_MAX) {
                                (void) fprintf(stderr, "line %d has not %d cells, or is one too many\n", number, CELLS);
                                exit(1);
                        }
                        l->cells[c] = xstrdup(trim(cell));
                }
                n_lines++;
        }
        free(text);
        (void) fclose(f);
}

static bool covers(const char *cell, const char *value)
{
        size_t length = strlen(value);

        for (const char *at = cell; *at; at += strspn(at, ", ")) {
                size_t n = strcspn(at, ",");

                if (strncmp(at, "*", n) == 0 || (n == length && strncmp(at, value, n) == 0))
                        return true;
                at += n;
        }
        return false;
}

/* The one that is about this. */
static struct line *line_of(const char *command, const char *network, const char *state, const char *verdict)
{
        struct line *found = NULL;

        for (size_t n = 0; n < n_lines; n++) {
                struct line *l = &lines[n];

                if (!covers(l->cells[COMMAND], command) || !covers(l->cells[NETWORK], network) || !covers(l->cells[STATE], state)
                    || !covers(l->cells[ANSWER], verdict))
                        continue;
                if (found)
                        fail_msg("lines %d and %d are both about %s | %s | %s | %s", found->number, l->number, command, network,
                                 state, verdict);
                found = l;
        }
        if (!found)
                fail_msg("no line is about %s | %s | %s | %s", command, network, state, verdict);
        return found;
}

/* --- What happens --- */

static int blocked;                      /* enum fake_call: does not answer yet */
static bool recording, late;
static struct buffer calls, notes;       /* since the command was written */
static int64_t ahead_usec;               /* of the clock on the wall */

static int64_t plain_clock(clockid_t id)
{
        struct timespec t;

        (void) clock_gettime(id, &t);
        return t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

static int64_t plain_mono(void)
{
        return plain_clock(CLOCK_MONOTONIC);
}

static int64_t shifted_utc(void)
{
        return plain_clock(CLOCK_REALTIME) + ahead_usec;
}

static void plain_random(void *p, size_t n)
{
        assert_int_equal(getrandom(p, n, 0), n);
}

static const struct clock_source clocks = { .utc_usec = shifted_utc, .mono_usec = plain_mono, .random = plain_random };

static void add(struct buffer *b, const char *text)
{
        (void) buffer_printf(b, "%s", *buffer_str(b) ? " + " : "");
        for (; *text; text++)
                (void) buffer_printf(b, *text == '\n' ? " / " : "%c", *text);
}

static char *last_said(void)
{
        _cleanup_free_ char *said = xstrdup(strempty(fake.said));
        char *last;

        said[MAX(strlen(said), (size_t) 2) - 2] = '\0';
        last = strrchr(said, ';');
        return xstrdup(last ? last + 2 : said);
}

static void on_call(enum fake_call call, struct mentiond_op *op)
{
        _cleanup_free_ char *said = last_said();
        bool changes = call == CALL_POST || call == CALL_EDIT || call == CALL_REMOVE || call == CALL_REACT || call == DESK_CLOSE;

        while ((int) call == blocked)
                (void) task_sleep_until(mono_usec() + USEC_PER_MSEC / 2);
        if (call == CALL_REREAD)
                mentiond_emit_gone(op, "m1");
        if (!recording)
                return;
        if (call == DESK_NOTE)
                add(&notes, fake.note_text);
        if (call == CALL_LOOK || changes)
                add(&calls, said);
        if (call == CALL_POST && fake.visibility == MENTIOND_DIRECT)
                (void) buffer_printf(&calls, ", in private");
        if (late && changes)
                ahead_usec = 2 * USEC_PER_DAY;
}

static bool is_settled(void)
{
        _cleanup_(arena_freep) struct arena *a = arena_new();
        struct store_row *rows;
        size_t n;

        assert_int_equal(store_list(fake_host.store, a, &(struct store_list) { .max = 100 }, &rows, &n), 0);
        for (size_t i = 0; i < n; i++)
                if (rows[i].due_usec && rows[i].due_usec < steady_usec() + USEC_PER_MINUTE
                    && host_find_id(&fake_host, rows[i].target)->state == INSTANCE_RUNNING)
                        return false;
        return flow_is_idle(&fake_flow);
}

/* Until nothing is to be done within a minute. */
static void settle(void)
{
        int64_t until = mono_usec() + 20 * USEC_PER_SEC;

        while (!is_settled()) {
                if (mono_usec() > until)
                        fail_msg("it does not come to rest:\n%s", strempty(world_log));
                world_sleep(200);
        }
}

/* --- The conversation as the command finds it --- */

static void reply(const char *id, const char *text, const char *state)
{
        fake_article(id, "77", MENTIOND_ARTICLE_REPLY, text);
        assert_true(fake_becomes(desk->stored.id, id, state));
}

static void earlier(const char *id, const char *command)
{
        fake_article(id, "77", MENTIOND_ARTICLE_INTERNAL, command);
        settle();
}

static void make_nothing(void)
{
}

static void make_waiting(void)
{
        brand->options.hold_usec = USEC_PER_HOUR;
        reply("5", "answer", STATE_WAITING);
}

static void make_held(void)
{
        reply("5", "Your card 4111 1111 1111 1111", STATE_HELD);
}

static void make_sending(void)
{
        blocked = CALL_POST;
        reply("5", "answer", STATE_SENDING);
}

static void make_doubtful(void)
{
        static const int unknown[] = { MENTIOND_AMBIGUOUS, -1 };

        fake.verdicts[CALL_POST] = unknown;
        blocked = CALL_LOOK;
        reply("5", "answer", STATE_AMBIGUOUS);
}

static void make_lost(void)
{
        static const int nowhere[] = { MENTIOND_ABSENT, MENTIOND_ABSENT, MENTIOND_ABSENT, -1 };

        fake.verdicts[CALL_LOOK] = nowhere;
        make_doubtful();
}

static const char *const two_parts = "One sentence of an answer. Another sentence of it.";

static void make_half(void)
{
        static const int then_not[] = { MENTIOND_OK, MENTIOND_BUG, -1 };

        brand->caps.length_max = 50;
        fake.verdicts[CALL_POST] = then_not;
        reply("5", two_parts, STATE_HELD);
}

static void make_posted(void)
{
        reply("5", "answer", STATE_POSTED);
        settle();
}

static void make_parts(void)
{
        brand->caps.length_max = 50;
        reply("5", two_parts, STATE_POSTED);
        settle();
}

static void make_aside(void)
{
        earlier("5", "!dm secret");
}

static void make_withdrawn(void)
{
        make_waiting();
        earlier("4", "!stop");
        brand->options.hold_usec = 0;
}

static void make_removed(void)
{
        make_posted();
        earlier("4", "!delete");
}

static void make_refused(void)
{
        static const int never[] = { MENTIOND_REJECTED, -1 };

        fake.verdicts[CALL_POST] = never;
        reply("5", "answer", STATE_DEAD);
}

/* The customer has deleted his post. */
static void make_gone(void)
{
        make_posted();
        assert_int_equal(store_reread(fake_host.store, fake_row(brand->stored.id, "m1").thread, 1, NULL, 0, 1), 0);
        while (!fake.calls[CALL_REREAD]) {
                flow_poll_now(brand);
                world_sleep(500);
        }
}

static void make_merged(void)
{
        make_posted();
        fake_filed("n1", "n1", "77");
}

static void make_merged_waiting(void)
{
        make_waiting();
        fake_filed("n1", "n1", "77");
}

static void make_unreachable(void)
{
        make_posted();
        budget_pause(&brand->budget, 50 * USEC_PER_MSEC);
}

static const struct {
        const char *name;
        void (*make)(void);
} states[] = {
        { "nothing", make_nothing },         { "waiting", make_waiting },         { "held", make_held },
        { "sending", make_sending },         { "out", make_doubtful },            { "lost", make_lost },
        { "half", make_half },               { "posted", make_posted },           { "parts", make_parts },
        { "aside", make_aside },             { "withdrawn", make_withdrawn },     { "removed", make_removed },
        { "refused", make_refused },         { "gone", make_gone },               { "merged", make_merged },
        { "two waiting", make_merged_waiting }, { "unreachable", make_unreachable },
};

/* --- One case --- */

static struct {
        const char *command, *network, *state, *verdict;
        void (*make)(void);
        uint32_t flags;
        const struct line *line;
} now;

/* "..." in a cell stands for what is said everywhere. */
static bool matches(const char *wanted, const char *is)
{
        const char *gap = strstr(wanted, "..."), *end = gap ? gap + 3 : NULL;

        if (!gap)
                return streq(wanted, is);
        return strncmp(wanted, is, (size_t) (gap - wanted)) == 0 && strlen(is) >= strlen(wanted) - 3
               && streq(is + strlen(is) - strlen(end), end);
}

static void expect(int cell, const char *name, const char *is)
{
        const char *wanted = now.line->cells[cell];

        is = *is ? is : "-";
        if (!matches(wanted, is))
                fail_msg("line %d, %s | %s | %s | %s: %s is\n%s\nand not\n%s", now.line->number, now.command, now.network,
                         now.state, now.verdict, name, is, wanted);
}

static void answer_with(int verdict)
{
        static int once[2];

        once[0] = verdict;
        once[1] = -1;
        if (strstr(now.command, " TEXT") && !strstr(now.command, "!edit"))
                fake.verdicts[CALL_POST] = once;
        else
                fake.verdicts[CALL_EDIT] = fake.verdicts[CALL_REMOVE] = fake.verdicts[CALL_REACT] = fake.verdicts[DESK_CLOSE] =
                        once;
        fake.throttled_usec = USEC_PER_MSEC;
        /* The instance stops then, and what it is asked for waits. */
        if (verdict == MENTIOND_AUTH)
                desk->options.retry_usec = USEC_PER_HOUR;
}

static int verdict_of(const char *name)
{
        for (int v = MENTIOND_OK; v <= MENTIOND_BLOCKED; v++)
                if (streq(verdict_name(v), name))
                        return v;
        return MENTIOND_RETRY;
}

static void run_one(void)
{
        bool is_note;

        blocked = FAKE_CALLS;
        recording = false;
        ahead_usec = 0;
        calls = (struct buffer) BUFFER_INIT(65536);
        notes = (struct buffer) BUFFER_INIT(65536);
        clock_set_source(&clocks);
        fake_open(0);
        fake.on_call = on_call;
        fake_host.reread_for_usec = USEC_PER_DAY;
        brand->caps.flags = networks[0].flags;
        fake_filed("m1", "m1", "77");
        now.make();
        if (blocked == FAKE_CALLS)
                settle();
        brand->caps.flags = now.flags;
        recording = true;
        late = streq(now.verdict, LATE);
        answer_with(verdict_of(now.verdict));
        fake_article("6", "77", MENTIOND_ARTICLE_INTERNAL, now.command);
        is_note = !streq(fake_row(desk->stored.id, "6").kind, KIND_COMMAND);
        if (blocked != FAKE_CALLS && !is_note)
                assert_true(fake_becomes(desk->stored.id, "6", STATE_DONE));
        blocked = FAKE_CALLS;
        settle();
        expect(CALLS, "what was asked of the other side", buffer_str(&calls));
        expect(REPLY, "the reply", fake_state(desk->stored.id, "5"));
        expect(OWN, "the command", fake_state(desk->stored.id, "6"));
        expect(TOLD, "what the agent reads", buffer_str(&notes));
        fake_close();
        clock_set_source(NULL);
        buffer_done(&calls);
        buffer_done(&notes);
}

static void run_case(const char *command, size_t network, size_t state, const char *verdict)
{
        void *test = (void *) run_one;

        now.command = command;
        now.network = networks[network].name;
        now.flags = networks[network].flags;
        now.state = states[state].name;
        now.make = states[state].make;
        now.verdict = verdict;
        now.line = line_of(command, now.network, now.state, verdict);
        world_run(&test);
}

/* --- All of them --- */

static void look_up(const char *command, size_t network, size_t state, const char *verdict)
{
        line_of(command, networks[network].name, states[state].name, verdict)->used = true;
}

/* On every network in every state.  What asks something of the other side, with every verdict on that, too. */
static void each_case(const char *command, void (*do_it)(const char *command, size_t network, size_t state, const char *verdict))
{
        size_t posted = 0;

        for (size_t network = 0; network < ELEMENTSOF(networks); network++)
                for (size_t state = 0; state < ELEMENTSOF(states); state++)
                        do_it(command, network, state, "ok");
        while (!streq(states[posted].name, "posted"))
                posted++;
        if (streq(line_of(command, "all", "posted", "ok")->cells[CALLS], "-"))
                return;
        for (int verdict = MENTIOND_OK + 1; verdict <= MENTIOND_BLOCKED; verdict++)
                do_it(command, 0, posted, verdict_name(verdict));
        do_it(command, 0, posted, LATE);
}

static bool is_written(const char *word, const char *then)
{
        for (size_t k = 0; k < ELEMENTSOF(commands); k++)
                if (commands[k][0] == '!' && strncmp(commands[k] + 1, word, strlen(word)) == 0
                    && streq(commands[k] + 1 + strlen(word), then))
                        return true;
        return false;
}

static void table_is_whole(void **state _unused_)
{
        for (enum command_name c = COMMAND_STOP; c < COMMAND_MAX; c++)
                if (!is_written(command_word(c), ""))
                        fail_msg("!%s is not tried", command_word(c));
        assert_string_equal(verdict_name(MENTIOND_BLOCKED + 1), "bug");  /* it is the last */
        for (size_t k = 0; k < ELEMENTSOF(commands); k++)
                each_case(commands[k], look_up);
        for (size_t n = 0; n < n_lines; n++)
                if (!lines[n].used)
                        fail_msg("line %d is about nothing", lines[n].number);
}

/* --- The table of tests/README --- */

/* In how many states it acts at once, and does not only answer. */
static int acts(const char *command, const char *network)
{
        int n = 0;

        for (size_t k = 0; k < ELEMENTSOF(states); k++) {
                const struct line *l = line_of(command, network, states[k].name, "ok"),
                                  *none = line_of("a note", network, states[k].name, "ok");

                n += !streq(l->cells[CALLS], none->cells[CALLS]) || !streq(l->cells[REPLY], none->cells[REPLY]);
        }
        return n;
}

static void readme_shows_it(void **state _unused_)
{
        _cleanup_buffer_ struct buffer table = BUFFER_INIT(4096);
        char readme[65536];
        FILE *f = source("tests/README");

        readme[fread(readme, 1, sizeof readme - 1, f)] = '\0';
        (void) fclose(f);

        (void) buffer_printf(&table, "    %-14s", "");
        for (size_t k = 0; k < ELEMENTSOF(networks); k++)
                (void) buffer_printf(&table, "%10s", networks[k].name);
        for (size_t c = 2; c < ELEMENTSOF(commands); c++) {
                (void) buffer_printf(&table, "\n    %-14s", commands[c]);
                for (size_t k = 0; k < ELEMENTSOF(networks); k++)
                        (void) buffer_printf(&table, "%10d", acts(commands[c], networks[k].name));
        }
        if (!strstr(readme, buffer_str(&table)))
                fail_msg("tests/README should hold:\n%s", buffer_str(&table));
}

/* --- They wait for the disk more than they work, so each command has a process of its own --- */

struct child {
        const char *command;
        pid_t pid;
        FILE *output;
};

static void all_of_a_command(void **state)
{
        each_case(*state, run_case);
}

static struct child start(const char *command)
{
        const struct CMUnitTest test = { .name = command, .test_func = all_of_a_command, .initial_state = (void *) command };
        struct child c = { .command = command, .output = tmpfile(), .pid = fork() };

        if (c.pid == 0) {
                (void) dup2(fileno(c.output), STDOUT_FILENO);
                (void) dup2(fileno(c.output), STDERR_FILENO);
                exit(_cmocka_run_group_tests(command, &test, 1, NULL, NULL));
        }
        return c;
}

static void await(void **state)
{
        struct child *c = *state;
        char line[1024];
        int status;

        assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
        rewind(c->output);
        while (status && fgets(line, sizeof line, c->output))
                print_error("%s", line);
        (void) fclose(c->output);
        assert_int_equal(status, 0);
}

int main(void)
{
        struct CMUnitTest tests[2 + ELEMENTSOF(commands)] = {
                cmocka_unit_test(table_is_whole), cmocka_unit_test(readme_shows_it),
        };
        struct child children[ELEMENTSOF(commands)];

        read_lines();
        for (size_t k = 0; k < ELEMENTSOF(commands); k++) {
                children[k] = start(commands[k]);
                tests[2 + k] = (struct CMUnitTest) { .name = commands[k], .test_func = await, .initial_state = &children[k] };
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
