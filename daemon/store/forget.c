/* SPDX-License-Identifier: MIT
 *
 * The store: what is done leaves the journal after a time, and little stays of it.  Called by flow/forget.
 *
 * Its id does, for no time is long enough: a network may show a post again, and one that answers it may come, after years; where
 * posts between were deleted nobody else knows the thread, and so neither which ticket to look into.
 */
#include "store/internal.h"
#include "store/lane.h"

#define IDS_AT_ONCE 256                  /* for reading them keeps the loop waiting */

/* A reply that waits may answer any of its thread; and notes about it are told once, by their rows. */
#define NO_REPLY_WAITS \
        "NOT EXISTS (SELECT 1 FROM journal r WHERE r.target = (SELECT channel FROM thread WHERE id = m.thread) AND r.thread =" \
        " m.thread" \
        " AND " IS_ACTIVE ") AND NOT EXISTS (SELECT 1 FROM journal r WHERE r.thread = m.thread AND r.state IN ('held', 'dead'))"

/* Of a thread the newest filed mention stays, for replies.  One that is read late, and was written when another was the newest,
 * must not answer this one: store_last_mention() goes by past_usec. */
#define IS_PAST \
        "m.id > ?1 AND m.id <= ?2 AND m.seen_usec < ?3 AND CASE m.state WHEN 'known' THEN 1 WHEN 'dropped' THEN 1 WHEN 'done'" \
        " THEN 1 WHEN 'filed' THEN" \
        " m.kind = 'note' OR (m.created_usec > 0 AND EXISTS (SELECT 1 FROM journal n WHERE n.thread = m.thread AND n.kind =" \
        " 'mention'" \
        " AND n.id > m.id AND n.state = 'filed' AND n.seen_usec < ?3 AND n.created_usec > m.created_usec)) ELSE 0 END AND" \
        " " NO_REPLY_WAITS

#define IS_TEXT \
        "id > ?1 AND id <= ?2 AND EXISTS (SELECT 1 FROM journal m WHERE m.id = body.id AND m.kind = 'mention' AND m.state =" \
        " 'filed' AND m.seen_usec < ?3)"

struct forget_args {
        int64_t after, last, seen_before_usec, texts_before_usec;
};

static int forget(struct db *db, void *data)
{
        struct forget_args *a = data;
        int r;

        r = db_run(db, "DELETE FROM body WHERE " IS_TEXT, "iii", a->after, a->last, a->texts_before_usec);
        if (r >= 0)
                r = db_run(db, "INSERT INTO past (source, native_id, thread) SELECT source, native_id, thread FROM journal m"
                       " WHERE kind != 'note' AND " IS_PAST, "iii", a->after, a->last, a->seen_before_usec);
        if (r >= 0)
                r = db_run(db,
                           "UPDATE thread SET past_usec = max(past_usec, p.usec) FROM (SELECT thread, max(created_usec) AS usec"
                           " FROM journal m WHERE kind = 'mention' AND state = 'filed' AND " IS_PAST " GROUP BY thread) AS p"
                           " WHERE thread.id = p.thread",
                           "iii", a->after, a->last, a->seen_before_usec);
        return r < 0 ? r : db_run(db, "DELETE FROM journal AS m WHERE " IS_PAST, "iii", a->after, a->last, a->seen_before_usec);
}

int store_forget(struct store *s, int64_t seen_before_usec, int64_t texts_before_usec, int64_t *at)
{
        struct forget_args a = { *at, 0, seen_before_usec, texts_before_usec };
        int64_t found;
        int r;

        r = db_get_int(store_reader(s), &a.last, "SELECT max(id) FROM (SELECT id FROM journal WHERE id > ? ORDER BY id LIMIT ?)",
                       "ii", a.after, (int64_t) IDS_AT_ONCE);
        *at = a.last;
        if (r > 0)
                r = db_get_int(store_reader(s), &found, "SELECT 1 FROM journal m WHERE " IS_PAST " LIMIT 1", "iii", a.after,
                               a.last, a.seen_before_usec);
        if (r == 0 && a.last)
                r = db_get_int(store_reader(s), &found, "SELECT 1 FROM body WHERE " IS_TEXT " LIMIT 1", "iii", a.after, a.last,
                               a.texts_before_usec);
        return r > 0 ? store_write(s, forget, &a) : r;
}
