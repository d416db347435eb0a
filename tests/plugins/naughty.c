/* SPDX-License-Identifier: MIT
 * naughty: a channel that does what no plugin should, for tests.  What it does, and where, is said in its options. */
#include <mentiond/channel.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct naughty {
        const char *does, *where;
};

static const struct mentiond_option options[] = {
        MENTIOND_OPTION(struct naughty, does, "does", MENTIOND_STRING, .default_value = "", .help = "The misdeed; empty: none"),
        MENTIOND_OPTION(struct naughty, where, "where", MENTIOND_STRING, .default_value = "poll",
                        .help = "check, start, poll or stop"),
        { .name = NULL },
};

static volatile int zero;

static void write_to_nowhere(void)
{
        *(volatile int *) (uintptr_t) (zero + 16) = 1;
}

static int divide(void)
{
        return 100 / zero;
}

static int run_out_of_stack(int depth)
{
        volatile char frame[512];

        frame[0] = (char) depth;
        return depth < 0 ? 0 : run_out_of_stack(depth + 1) + frame[0];
}

static void hang(void)
{
        while (!zero)
                ;
}

static int emit(struct mentiond_op *op, unsigned n, const char *text)
{
        struct mentiond_author author = { .struct_size = sizeof author, .id = "1", .handle = "@x@example", .followers = -1 };
        struct mentiond_mention m = {
                .struct_size = sizeof m, .kind = MENTIOND_MENTION, .visibility = MENTIOND_PUBLIC, .text = text, .author = &author,
        };

        m.id = mentiond_format(op, "flood-%u-%u", (unsigned) getpid(), n);
        m.created_usec = mentiond_now_usec(op);
        return mentiond_emit(op, &m);
}

static int flood(struct mentiond_op *op)
{
        for (unsigned n = 0; n < UINT32_MAX; n++)
                (void) emit(op, n, "once more");
        return MENTIOND_OK;
}

static int flood_with_cursors(struct mentiond_op *op)
{
        for (unsigned n = 0; n < UINT32_MAX; n++)
                mentiond_set_cursor(op, mentiond_format(op, "cursor-%u", n), "there");
        return MENTIOND_OK;
}

static int chatter(struct mentiond_op *op)
{
        for (unsigned n = 0; n < 5000; n++)
                mentiond_log(op, 6, "so much to say: %u", n);
        return MENTIOND_OK;
}

static int misbehave(struct mentiond_op *op, const struct naughty *n, const char *where)
{
        if (strcmp(n->where, where))
                return MENTIOND_OK;
        if (!strcmp(n->does, "null"))
                write_to_nowhere();
        if (!strcmp(n->does, "abort"))
                abort();
        if (!strcmp(n->does, "divide"))
                return divide();
        if (!strcmp(n->does, "stack"))
                return run_out_of_stack(0);
        if (!strcmp(n->does, "exit"))
                exit(0);
        if (!strcmp(n->does, "hang"))
                hang();
        if (!strcmp(n->does, "kill"))            /* as the kernel does when memory is short */
                (void) kill(getpid(), SIGKILL);
        if (!strcmp(n->does, "nonsense"))
                return 4711;
        if (!strcmp(n->does, "flood"))
                return flood(op);
        if (!strcmp(n->does, "cursors"))
                return flood_with_cursors(op);
        if (!strcmp(n->does, "chatter"))
                return chatter(op);
        return MENTIOND_OK;
}

static const char *check(const void *state)
{
        (void) misbehave(NULL, state, "check");
        return NULL;
}

static int start(struct mentiond_op *op, void *state)
{
        mentiond_set_self(op, "naughty", "@naughty@example");
        return misbehave(op, state, "start");
}

static int poll(struct mentiond_op *op, void *state)
{
        return misbehave(op, state, "poll");
}

static int post(struct mentiond_op *op, void *state, const struct mentiond_post *p, struct mentiond_posted *ret)
{
        (void) state;
        (void) p;
        (void) ret;
        return mentiond_fail(op, MENTIOND_REJECTED, "nobody can be answered here");
}

static void stop(struct mentiond_op *op, void *state)
{
        (void) misbehave(op, state, "stop");
}

static const struct mentiond_channel naughty = {
        .head = { MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel), .name = "naughty", .version = "1",
                  .summary = "Does what no plugin should", .state_size = sizeof(struct naughty), .options = options },
        .check = check, .start = start, .poll = poll, .post = post, .stop = stop,
};

MENTIOND_CHANNEL_PLUGIN(naughty)
