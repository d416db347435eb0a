/* SPDX-License-Identifier: MIT
 * Channel "exec": what its files share. */
#ifndef EXEC_H
#define EXEC_H

#include <mentiond/channel.h>
#include <mentiond/json.h>

/* The operations, a bit each: a child says which it knows, and members say in which of them they may stand. */
enum exec_operation {
        EXEC_START = 1u << 0, EXEC_POLL = 1u << 1, EXEC_FETCH = 1u << 2, EXEC_POST = 1u << 3, EXEC_FIND = 1u << 4,
        EXEC_EDIT = 1u << 5, EXEC_REMOVE = 1u << 6, EXEC_REACT = 1u << 7, EXEC_REREAD = 1u << 8, EXEC_DOCTOR = 1u << 9,
};

/* A line of the child: an answer, or a call, whose arguments some members are. */
struct exec_line {
        const char *call;                /* "" for an answer */
        uint32_t verdict;                /* EXEC_NO_VERDICT: none */
        const char *reason, *cursor, *id, *handle, *url, *key, *value, *what, *text;
        int64_t throttled_usec, parallel;
        uint32_t operations, finding;
        struct mentiond_caps caps;
        struct json_object *mention, *mentions;
};
#define EXEC_NO_VERDICT UINT32_MAX

/* Names of an enum's values, from the first on; or of the bits of flags. */
struct exec_names {
        uint32_t first;
        const char *names[14];
};
extern const struct exec_names exec_operations, exec_visibilities, exec_reactions;

/* Both: 1, or 0 and the reason says what is wrong at which place.  What is read lives as long as the JSON. */
int exec_read_line(struct mentiond_op *op, uint32_t operation, int is_answer, struct json_object *from, struct exec_line *ret);

/* Gives one mention, or each of a list, to emit(); *ret_new: what it returned. */
typedef int exec_emit_fn(struct mentiond_op *op, const struct mentiond_mention *mention);
int exec_emit(struct mentiond_op *op, const char *place, struct json_object *from, exec_emit_fn *emit, int *ret_new);

#endif
