/* SPDX-License-Identifier: MIT
 *
 * What mentiond tells the agent, as internal notes in the ticket: one for each reply that was posted, is delayed,
 * refused or held.  Owns the words.  Called by step.
 */
#include "flow/internal.h"

#include "host/payload.h"

static const struct {
        const char *name;                /* part of the note's key: each thing is told once for each reply */
        const char *subject, *before, *after;
} words[] = {
        [TELL_POSTED] = { "posted", "Reply posted", "Your reply was posted: ", "" },
        [TELL_DELAYED] = { "delayed", "Reply delayed", "Your reply is not posted yet: ",
                           ".\nmentiond goes on trying by itself. Nothing needs to be done." },
        [TELL_REFUSED] = { "refused", "Reply not posted", "Your reply was not posted: ",
                           ".\nIt will not be tried again. To answer, write a new public note." },
        [TELL_HELD] = { "held", "Reply held", "Your reply is held and was not posted by mentiond: ",
                        ".\nLook at the conversation on the network. If your reply is not there, write it again as a new public note,"
                        " or ask your administrator to send this one with: mentionctl retry " },
        [TELL_WITHDRAWN] = { "withdrawn", "Reply withdrawn", "mentiond will not post your reply: ", "." },
};

void tell_agent(struct store_move *m, struct arena *a, const struct store_row *row, enum tell what, const char *detail)
{
        char *text;

        if (what == TELL_NOTHING)
                return;
        text = arena_printf(a, "%s%s%s", words[what].before, what == TELL_POSTED && isempty(detail) ? "(no link known)" : detail,
                            words[what].after);
        if (what == TELL_HELD)
                text = arena_printf(a, "%s%lld", text, (long long) row->id);
        m->note_key = arena_printf(a, "note:%s:%s", row->native_id, words[what].name);
        m->note_payload = arena_take(a, payload_of_note(words[what].subject, text));
}
