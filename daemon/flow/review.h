/* SPDX-License-Identifier: MIT
 * L3.  Looking at an agent's article once more, before what it says becomes public. */
#ifndef FLOW_REVIEW_H
#define FLOW_REVIEW_H

#include "flow/flow.h"
#include "host/op.h"

#include <mentiond/helpdesk.h>

/* How the article of a reply stands, in a task, with no operation begun.  What is found is the arena's.  OK; ABSENT: this
 * helpdesk cannot be asked; or a verdict on the attempt, with its reason, and how long to wait at least. */
int review_article(struct flow_instance *f, struct arena *a, const struct store_row *row, const struct store_thread *t,
                   struct mentiond_review *ret, const char **ret_reason, int64_t *ret_wait_usec);

/* The helpdesk of a thread where it can be asked now; NULL with the reason and how long to wait. */
struct instance *review_helpdesk(struct flow_instance *f, const struct store_thread *t, struct arena *a, const char **ret_reason,
                                 int64_t *ret_wait_usec);

#endif
