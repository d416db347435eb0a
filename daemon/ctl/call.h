/* SPDX-License-Identifier: MIT
 * One call of a plugin's operation, whose arguments and results are JSON with the names of <mentiond/channel.h> and
 * <mentiond/helpdesk.h>; mentiond-check(1) lists them. */
#ifndef CTL_CALL_H
#define CTL_CALL_H

#include "host/instance.h"

struct json_object;

/* In an operation that was begun.  "call" of the arguments names it, the result is added to answer.  Returns the verdict; waits.
 */
int call_perform(struct mentiond_op *op, struct json_object *arguments, struct json_object *answer);

/* The journal of a helpdesk knows this ticket from now on: it is of a thread of that channel.  0 or -errno; waits. */
int call_know_ticket(struct host *host, int64_t channel, const struct instance *helpdesk, const char *ticket);

/* mentiond-check --call: state is a folder for a journal.  The exit status. */
int calls_serve(const char *plugin_directory, const char *name, char **settings, const char *state);

#endif
