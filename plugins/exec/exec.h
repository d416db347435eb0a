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
        EXEC_DOWNLOAD = 1u << 10,
};
#define EXEC_CALL (1u << 31)             /* none of them: a line that is no answer yet */

/* A line of the child: an answer, or a call, whose arguments some members are. */
struct exec_line {
        const char *call;
        uint32_t verdict;
        const char *reason, *cursor, *id, *handle, *url, *key, *value, *what, *text, *name, *data;
        int64_t throttled_usec;
        uint32_t operations, parallel, finding;
        const struct mentiond_caps *caps;
        struct json_object *mention, *mentions;
};

/* Names by the values of an enum, or by the bits of flags. */
#define EXEC_NAMES_MAX 14
typedef const char *const exec_names[EXEC_NAMES_MAX];
extern exec_names exec_operations, exec_visibilities, exec_reactions;

/* Both: 1, or 0 and the reason says what is wrong at which place.  What is read lives as long as the JSON. */
int exec_read_line(struct mentiond_op *op, uint32_t in, struct json_object *from, struct exec_line *ret);

/* Reads one mention, or each of a list, and emits it as the call of that name does.  *ret_new grows by those that were new. */
int exec_emit(struct mentiond_op *op, const char *call, const char *place, struct json_object *from, int64_t *ret_new);

#endif
