/* SPDX-License-Identifier: MIT
 * L2.  The program that an instance may have run: begun again when it has ended, asked questions by lines of JSON, ended with
 * the instance.  The functions for plugins are in <mentiond/plugin.h>. */
#ifndef HOST_PROGRAM_H
#define HOST_PROGRAM_H

#include "host/instance.h"

struct program;

/* What an outsider can push on. */
#define PROGRAM_LINES_MAX 100000         /* of one operation; a poll may emit half as many new items */
#define PROGRAM_STEADY_USEC USEC_PER_MINUTE      /* after so long its end is not one of a row of failures */

bool program_runs(const struct program *p);      /* p may be NULL */
void program_end(struct program *p);             /* what it was asked is answered first; waits until it is no more */
void program_free(struct program *p);            /* at once; p may be NULL */
void program_leave(struct mentiond_op *op);      /* the operation ends, whether its question was answered or not */

#endif
