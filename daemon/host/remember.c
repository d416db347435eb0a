/* SPDX-License-Identifier: MIT
 *
 * What an instance remembers over restarts, for plugins (mentiond.syms).  Called by plugins from within an operation.
 */
#include "host/op.h"

#include "base/text.h"

/* A cursor is a place in a list: networks have few lists, and say a place in few bytes. */
#define CURSORS_MAX 1000                 /* set in one poll */
#define CURSOR_KEY_MAX 1024
#define CURSOR_VALUE_MAX 65536

static bool is_too_long(struct mentiond_op *op, const char *key, const char *value)
{
        if (strlen(strempty(key)) <= CURSOR_KEY_MAX && strlen(strempty(value)) <= CURSOR_VALUE_MAX)
                return false;
        (void) op_refuse(op, MENTIOND_BUG, "a cursor is longer than the host takes");
        return true;
}

const char *mentiond_cursor(struct mentiond_op *op, const char *key)
{
        char *value;

        for (size_t i = 0; i < op->n_cursors; i++)
                if (streq(op->cursors[i].key, key))
                        return op->cursors[i].value;
        value = store_cursor(op->instance->host->store, op->instance->stored.id, key);
        return value ? arena_take(op_memory(op), value) : "";
}

void mentiond_set_cursor(struct mentiond_op *op, const char *key, const char *value)
{
        _cleanup_free_ char *stored = NULL;
        struct store_cursor c;
        bool same;

        if (is_too_long(op, key, value))
                return;
        c = (struct store_cursor) { arena_strdup(op->arena, key), arena_strdup(op->arena, value) };
        stored = store_cursor(op->instance->host->store, op->instance->stored.id, key);
        same = streq(strempty(stored), c.value); /* an idle instance does not write, also where it comes back to it over others */
        for (size_t i = 0; i < op->n_cursors; i++)
                if (streq(op->cursors[i].key, key)) {
                        op->cursors[i] = same ? op->cursors[--op->n_cursors] : c;
                        return;
                }
        if (same)
                return;
        if (op->n_cursors >= CURSORS_MAX) {
                (void) op_refuse(op, MENTIOND_BUG, "more cursors than the host takes in one poll");
                return;
        }
        op->cursors = xrealloc(op->cursors, (op->n_cursors + 1) * sizeof c);
        op->cursors[op->n_cursors++] = c;
}

int mentiond_keep(struct mentiond_op *op, const char *key, const char *value)
{
        _cleanup_free_ char *stored = NULL;
        struct store_cursor c;

        if (is_too_long(op, key, value))
                return MENTIOND_BUG;
        c = (struct store_cursor) { arena_strdup(op->arena, key), arena_strdup(op->arena, value) };
        for (size_t i = 0; i < op->n_cursors; i++)
                if (streq(op->cursors[i].key, c.key)) {
                        op->cursors[i] = op->cursors[--op->n_cursors];
                        break;
                }
        stored = store_cursor(op->instance->host->store, op->instance->stored.id, c.key);
        if (streq(strempty(stored), c.value))
                return MENTIOND_OK;
        if (store_keep(op->instance->host->store, op->instance->stored.id, &c) < 0)
                return mentiond_fail(op, MENTIOND_RETRY, "the store does not take what has to be remembered");
        return MENTIOND_OK;
}

void mentiond_poll_again(struct mentiond_op *op)
{
        op->poll_again = true;
}

int64_t mentiond_horizon_usec(struct mentiond_op *op)
{
        /* A first poll has only to know what is there, so that a later one does not take it for new. */
        if (!op->instance->stored.polled)
                return op->seen_usec - HORIZON_OVERLAP_USEC;
        return op->instance->stored.horizon_usec;
}
