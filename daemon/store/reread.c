/* SPDX-License-Identifier: MIT
 *
 * The store: threads whose posts are read again, as long as their texts are kept.  Called by flow/reread.
 */
#include "store/internal.h"
#include "store/lane.h"

int store_reread_due(struct store *s, int64_t channel, int64_t now_usec, int64_t *threads, size_t max)
{
        struct stmt *st;
        size_t n = 0;
        int r;

        r = db_query(store_reader(s), &st,
                     "SELECT id FROM thread WHERE channel = ? AND reread_usec <= ? ORDER BY reread_usec LIMIT ?", "iii", channel,
                     now_usec, (int64_t) max);
        if (r < 0)
                return r;
        while ((r = db_step(st)) > 0)
                if (n < max)
                        threads[n++] = db_int(st, 0);
        return r < 0 ? r : (int) n;
}

#define KEPT "SELECT j.id, j.native_id, j.seen_usec, b.payload, j.reply_right, j.until_usec, j.right_reason, j.state, j.thread" \
             " FROM journal j JOIN body b ON b.id = j.id"

static struct store_kept_post kept_post(struct arena *a, struct stmt *st)
{
        return (struct store_kept_post) {
                .id = db_int(st, 0),
                .native_id = arena_strdup(a, db_text(st, 1)),
                .seen_usec = db_int(st, 2),
                .payload = arena_strdup(a, db_text(st, 3)),
                .right = { db_int(st, 4), db_int(st, 5), arena_strdup(a, db_text(st, 6)) },
                .state = arena_strdup(a, db_text(st, 7)),
        };
}

int store_kept_post(struct store *s, struct arena *a, int64_t channel, const char *native_id, struct store_kept_post *ret,
                    int64_t *ret_thread)
{
        struct stmt *st;
        int r;

        r = db_query(store_reader(s), &st, KEPT " WHERE j.source = ? AND j.kind = 'mention' AND j.native_id = ?", "is", channel,
                     native_id);
        if (r < 0)
                return r;
        r = db_step(st);
        if (r <= 0)
                return r;
        *ret = kept_post(a, st);
        *ret_thread = db_int(st, 8);
        db_reset(st);
        return 1;
}

int store_reread_posts(struct store *s, struct arena *a, int64_t thread, struct store_kept_post *ret, size_t max)
{
        struct stmt *st;
        size_t n = 0;
        int r;

        r = db_query(store_reader(s), &st, KEPT " WHERE j.thread = ? AND j.kind = 'mention' AND j.state = 'filed'"
                                           " ORDER BY j.created_usec DESC, j.turn DESC LIMIT ?", "ii", thread, (int64_t) max);
        if (r < 0)
                return r;
        while ((r = db_step(st)) > 0)
                if (n < max)
                        ret[n++] = kept_post(a, st);
        return r < 0 ? r : (int) n;
}

bool store_is_unsure(struct store *s, int64_t thread)
{
        int64_t found;

        /* What is read again of one thread may be of another that goes on from it. */
        return db_get_int(store_reader(s), &found, "WITH RECURSIVE conversation (id) AS (SELECT ?"
                                                   " UNION SELECT t.next FROM conversation c JOIN thread t ON t.id = c.id WHERE"
                                                   " t.next NOT NULL"
                                                   " UNION SELECT t.before FROM conversation c JOIN thread t ON t.id = c.id WHERE"
                                                   " t.before NOT NULL"
                                                   " UNION SELECT t.id FROM conversation c JOIN thread t ON t.before = c.id AND"
                                                   " t.split IS NOT NULL)"
                                                   " SELECT 1 FROM conversation c JOIN journal j ON j.thread = c.id AND kind ="
                                                   " 'reply' AND tried_usec > 0"
                                                   " AND (state IN ('sending', 'ambiguous', 'held', 'dead', 'posted')"
                                                   " OR (state = 'waiting' AND absent))"
                                                   " AND (NOT EXISTS (SELECT 1 FROM part WHERE reply = j.id)"
                                                   " OR EXISTS (SELECT 1 FROM part WHERE reply = j.id AND native_id IS NULL))"
                                                   " LIMIT 1", "i",
                          thread) != 0;
}

#define IS_OPEN_TEXT "SELECT p.text FROM journal JOIN part p ON p.reply = id AND p.native_id IS NULL AND p.text NOT NULL" \
                     " WHERE target = ?1 AND kind = 'reply' AND tried_usec > 0 AND "

int store_open_texts(struct store *s, struct arena *a, int64_t channel, const char **ret, size_t max)
{
        struct stmt *st;
        size_t n = 0;
        int r;

        r = db_query(store_reader(s), &st, IS_OPEN_TEXT IS_ACTIVE " UNION ALL " IS_OPEN_TEXT "state IN ('held', 'dead') LIMIT ?2",
                     "ii", channel, (int64_t) max);
        if (r < 0)
                return r;
        while ((r = db_step(st)) > 0)
                if (n < max)
                        ret[n++] = arena_strdup(a, db_text(st, 0));
        return r < 0 ? r : (int) n;
}

struct reread_args {
        int64_t thread, next_usec, now_usec;
        const struct store_finding *findings;
        size_t n;
};

/* Somebody answered in the app.  In which branch of the conversation only the network knows. */
static int know_own(struct db *db, int64_t thread, const struct store_finding *f)
{
        int r = db_run(db,
                       "INSERT INTO past (source, native_id, thread) SELECT channel, ?, CASE WHEN split IS NULL AND NOT EXISTS"
                       " (SELECT 1 FROM thread b WHERE b.before = t.id AND b.split IS NOT NULL) THEN id END FROM thread t"
                       " WHERE id = ? ON CONFLICT DO NOTHING",
                       "si", f->own, thread);

        return r < 0 ? r
                     : db_run(db,
                              "UPDATE journal SET alarm = NULL WHERE thread = ?1 AND kind = 'mention' AND alarm IS NOT NULL"
                              " AND (?2 = 0 OR created_usec <= ?2)",
                              "ii", thread, f->own_usec);
}

static int set_right(struct db *db, int64_t id, const struct store_right *now)
{
        return db_run(db, "UPDATE journal SET reply_right = NULLIF(?2, 0), until_usec = NULLIF(?3, 0), right_reason = ?4,"
                          " alarm = CASE WHEN ?3 != 0 THEN 0 END WHERE id = ?1", "iiis", id, now->right, now->until_usec,
                          now->reason);
}

/* Of a mention that is to be filed anew, for it was split off meanwhile, the text is needed. */
#define DROP_TEXT "DELETE FROM body WHERE id = ?1 AND EXISTS (SELECT 1 FROM journal WHERE id = ?1 AND state = 'filed')"

static int reread(struct db *db, void *data)
{
        const struct reread_args *a = data;
        int r;

        r = a->next_usec < 0
                    ? 0
                    : db_run(db, "UPDATE thread SET reread_usec = NULLIF(?, 0) WHERE id = ?", "ii", a->next_usec, a->thread);
        for (size_t n = 0; n < a->n && r >= 0; n++) {
                const struct store_finding *f = &a->findings[n];

                if (f->own)
                        r = know_own(db, a->thread, f);
                else if (f->right)
                        r = set_right(db, f->post, f->right);
                else if (f->post)
                        r = f->payload ? db_run(db, "UPDATE body SET payload = ? WHERE id = ?", "si", f->payload, f->post)
                                       : db_run(db, DROP_TEXT, "i", f->post);
                if (r >= 0)
                        r = add_note(db, f->post, a->thread, f->note_key, f->note_payload, a->now_usec);
        }
        return MIN(r, 0);
}

int store_reread(struct store *s, int64_t thread, int64_t next_usec, const struct store_finding *findings, size_t n,
                 int64_t now_usec)
{
        struct reread_args a = { thread, next_usec, now_usec, findings, n };

        return store_write(s, reread, &a);
}
