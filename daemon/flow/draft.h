/* SPDX-License-Identifier: MIT
 * L3.  Drafts: a reply as it would go out. */
#ifndef FLOW_DRAFT_H
#define FLOW_DRAFT_H

#include "flow/flow.h"
#include "flow/parts.h"
#include "flow/plain.h"
#include "host/op.h"

#include <mentiond/helpdesk.h>
#include <mentiond/json.h>

struct draft {
        struct flow_instance *f;
        struct arena *a;
        const struct store_row *row;     /* the reply */
        struct store_row mention;        /* that it answers */
        struct json_object *payload;
        const char *text;                /* as the agent wrote it, without the lines that describe files */
        const char *const *alts;         /* those lines, n_alts of them */
        size_t n_alts;
        struct plain plain;
        struct parts_rules rules;
        const char *const *posts;        /* n of them; 0: it cannot be posted, and reason says why */
        size_t n;
        const char *reason;
        uint32_t visibility;             /* enum mentiond_visibility */
        bool aside;                      /* said in private, where the conversation was not */
        struct mentiond_upload *uploads;
        uint32_t n_uploads;
};

/* The mention that a reply answers: once there was an attempt, the one that it answered; else the newest of its thread that was
 * in the ticket when it was written (*ret_open: which that is may be known better soon).  0: there is none. */
int64_t draft_mention(struct store *s, struct arena *a, const struct store_row *reply, bool *ret_open);

/* Whether it is for the author alone, and the mention was not. */
bool draft_is_aside(const struct store_row *reply, const struct store_row *mention);

/* Of a reply with this payload as an answer to this mention. */
void draft_make(struct draft *d, struct flow_instance *f, struct arena *a, const struct store_row *row,
                const struct store_row *mention, struct json_object *payload);

/* The agent's files, with what describes them: NULL, or why they cannot be posted. */
const char *draft_add_files(struct draft *d, const struct mentiond_attachment *files, uint32_t n);

/* NULL, or why a person has to look at it first.  review: NULL if the helpdesk cannot be asked. */
const char *draft_objection(struct draft *d, const struct mentiond_review *review);

/* To how many others nearly the same was said in public within a day; and that this is said now. */
unsigned draft_repeats(const struct draft *d);
void draft_remember(const struct draft *d);

/* What the agent is shown while it waits; NULL if it goes out as he wrote it. */
const char *draft_preview(struct draft *d, int64_t hold_usec);

#endif
