/* SPDX-License-Identifier: MIT
 *
 * What mentiond tells the agent, as internal notes in the ticket: one for each reply that was posted, is delayed,
 * refused or held.  Owns the words.  Called by step.
 */
#include "flow/internal.h"

#include "host/payload.h"

static const struct {
        const char *name;                /* part of the note's key: each thing is told once for each reply */
        uint32_t kind;
        const char *subject, *before, *after;
} words[] = {
        [TELL_POSTED] = { "posted", MENTIOND_NOTE_POSTED, "Reply posted", "Your reply was posted: ", "" },
        [TELL_POSTED_ASIDE] = { "posted", MENTIOND_NOTE_POSTED, "Reply posted", "Your reply was posted in private: ", "" },
        [TELL_DELAYED] = { "delayed", MENTIOND_NOTE_PLAIN, "Reply delayed", "Your reply is not posted yet: ",
                           ".\nmentiond goes on trying by itself. Nothing needs to be done." },
        [TELL_REFUSED] = { "refused", MENTIOND_NOTE_FAILED, "Reply not posted", "Your reply was not posted: ",
                           ".\nIt will not be tried again. To answer, write a new public note." },
        [TELL_HELD] = {
                "held", MENTIOND_NOTE_FAILED, "Reply held", "Your reply is held and was not posted by mentiond: ", ".\n",
        },
        [TELL_BARRED] = { "held", MENTIOND_NOTE_FAILED, "Reply held", "Your reply is held and was not posted by mentiond: ",
                          ".\nThat is the network's rule, and \"!send\" does not change it. \"!stop\" takes the reply back." },
        [TELL_PREVIEW] = { "preview", MENTIOND_NOTE_PLAIN, "Reply preview", "", "" },
        [TELL_WITHDRAWN] = { "withdrawn", MENTIOND_NOTE_FAILED, "Reply withdrawn", "mentiond will not post your reply: ", "." },
};

static bool is_posted(enum tell what)
{
        return what == TELL_POSTED || what == TELL_POSTED_ASIDE;
}

static bool may_be_out(const struct store_row *row)
{
        return row->attempt || row->tried_usec || row->doubt;
}

/* Who sent it on its way again is told anew what became of it; but it is posted once, and doubt.c asks for that. */
char *tell_key(struct arena *a, const struct store_row *row, enum tell what)
{
        char *key = arena_printf(a, "note:%s:%s", row->native_id, words[what].name);

        return row->orders && !is_posted(what) ? arena_printf(a, "%s:%lld", key, (long long) row->orders) : key;
}

void tell_agent(struct store_move *m, struct arena *a, const struct store_row *row, enum tell what, const char *detail)
{
        struct mentiond_note note = {
                .struct_size = sizeof note, .kind = words[what].kind, .subject = words[what].subject, .article = row->native_id,
                .url = is_posted(what) ? detail : "",
        };

        if (what == TELL_NOTHING)
                return;
        note.text = arena_printf(a, "%s%s%s", words[what].before, is_posted(what) && isempty(detail) ? "(no link known)" : detail,
                                 words[what].after);
        if (what == TELL_HELD)
                note.text = arena_printf(a,
                                         "%s%s internal note that says \"!send\" sends it as it is, \"!dm\" in private, and "
                                         "\"!stop\" takes it back.\n"
                                         "An administrator sends it with: mentionctl retry %lld",
                                         note.text, may_be_out(row) ? "If it is not on the network already, an" : "An",
                                         (long long) row->id);
        m->note_key = tell_key(a, row, what);
        m->note_payload = arena_take(a, payload_of_note(&note));
}

const char *tell_halt(struct store *s, struct arena *a, const struct store_row *row, const char *state)
{
        const char *reason = streq(state, STATE_HELD) ? "you said !hold" : "you took it back with !stop";
        struct store_part next, last;

        if (store_part(s, a, row->id, STORE_NEXT_PART, &next) <= 0 || next.number == 0
            || store_part(s, a, row->id, next.number - 1, &last) <= 0)
                return reason;
        return arena_printf(a, "%s, when %lld of its %lld parts were posted, the last of them as %s", reason,
                            (long long) next.number, (long long) next.of, last.url);
}
