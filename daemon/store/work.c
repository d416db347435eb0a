/* SPDX-License-Identifier: MIT
 *
 * The store: what there is to do, and its steps from state to state.  Called by flow.
 */
#include "store/internal.h"
#include "store/lane.h"
#include "store/thread.h"

#include "base/clock.h"

#include <errno.h>

#define CLOCKS_USEC (3 * USEC_PER_HOUR)  /* ours may be an hour behind, and a helpdesk be asked again for the last two */

/* --- Reading --- */

int64_t store_unplaced(struct store *s, int64_t channel)
{
        int64_t id;

        return db_get_int(store_reader(s), &id, "SELECT id FROM journal WHERE source = ? AND thread IS NULL AND state = 'new'"
                                                " ORDER BY turn LIMIT 1", "i", channel) == 1 ? id : 0;
}

#define ROW_COLUMNS "id, kind, state, source, native_id, target, thread, created_usec, seen_usec, ready_usec, due_usec," \
                    " attempt, absent, tried_usec, result_id, result_url, reason, doubt, approved, halt, orders"

static void read_row(struct stmt *st, struct arena *a, struct store_row *ret)
{
        *ret = (struct store_row) {
                .id = db_int(st, 0),
                .kind = arena_strdup(a, db_text(st, 1)),
                .state = arena_strdup(a, db_text(st, 2)),
                .source = db_int(st, 3),
                .native_id = arena_strdup(a, db_text(st, 4)),
                .target = db_int(st, 5),
                .thread = db_int(st, 6),
                .created_usec = db_int(st, 7),
                .seen_usec = db_int(st, 8),
                .ready_usec = db_int(st, 9),
                .due_usec = db_int(st, 10),
                .attempt = db_int(st, 11),
                .absent = db_int(st, 12),
                .tried_usec = db_int(st, 13),
                .result_id = arena_strdup(a, db_text(st, 14)),
                .result_url = arena_strdup(a, db_text(st, 15)),
                .reason = arena_strdup(a, db_text(st, 16)),
                .doubt = db_int(st, 17),
                .approved = db_int(st, 18),
                .halt = arena_strdup(a, db_text(st, 19)),
                .orders = db_int(st, 20),
                .payload = "",
                .kept = { .handle = "", .language = "", .warning = "", .right = { .reason = "" } },
        };
}

int store_load(struct store *s, struct arena *a, int64_t id, struct store_row *ret)
{
        struct stmt *st;
        int r;

        r = db_query(store_reader(s), &st, "SELECT " ROW_COLUMNS ", handle, visibility, language, warning,"
                                           " reply_right, until_usec, right_reason, (SELECT payload FROM body b WHERE b.id ="
                                           " j.id) FROM journal j WHERE id = ?", "i", id);
        if (r >= 0)
                r = db_step(st);
        if (r <= 0)
                return r;
        read_row(st, a, ret);
        ret->kept = (struct store_kept) {
                .handle = arena_strdup(a, db_text(st, 21)),
                .visibility = db_int(st, 22),
                .language = arena_strdup(a, db_text(st, 23)),
                .warning = arena_strdup(a, db_text(st, 24)),
                .right = { db_int(st, 25), db_int(st, 26), arena_strdup(a, db_text(st, 27)) },
        };
        ret->payload = arena_strdup(a, db_text(st, 28));
        db_reset(st);
        return 1;
}

int store_list(struct store *s, struct arena *a, const struct store_list *q, struct store_row **ret, size_t *ret_n)
{
        struct store_row *rows = arena_alloc(a, q->max * sizeof *rows);
        struct stmt *st;
        size_t n = 0;
        int r;

        r = db_query(store_reader(s), &st, "SELECT " ROW_COLUMNS " FROM journal WHERE id > ?1 AND CASE WHEN ?2 IS NULL THEN"
                                           " state IN ('shown', 'new', 'waiting', 'filing', 'sending', 'ambiguous', 'held',"
                                           " 'dead') ELSE state = ?2 END ORDER BY id LIMIT ?3",
                     "isi", q->after, q->state, (int64_t) q->max);
        if (r < 0)
                return r;
        while ((r = db_step(st)) > 0)
                if (n < q->max)
                        read_row(st, a, &rows[n++]);
        if (r < 0)
                return r;
        *ret = rows;
        *ret_n = n;
        return 0;
}

static int count_rows(struct store *s, const char *sql, store_count_fn fn, void *data)
{
        struct stmt *st;
        int r;

        r = db_query(store_reader(s), &st, sql, "");
        if (r < 0)
                return r;
        while ((r = db_step(st)) > 0)
                fn(db_int(st, 0), db_text(st, 1), db_text(st, 2), db_int(st, 3), db_int(st, 4), data);
        return r;
}

int store_counts(struct store *s, store_count_fn fn, void *data)
{
        int r;

        /* Each within its partial index: what is done is not counted, and grows. */
        r = count_rows(s, "SELECT target, kind, state, count(*), min(seen_usec) FROM journal WHERE " IS_ACTIVE
                          " GROUP BY target, kind, state", fn, data);
        if (r >= 0)
                r = count_rows(s,
                               "SELECT target, kind, state, count(*), min(seen_usec) FROM journal WHERE state IN ('held', 'dead')"
                               " GROUP BY target, kind, state",
                               fn, data);
        return r < 0 ? r : count_rows(s, "SELECT target, kind, state, count(*), min(seen_usec) FROM journal WHERE state = 'shown'"
                                         " GROUP BY target, kind, state", fn, data);
}

int store_thread(struct store *s, struct arena *a, int64_t id, struct store_thread *ret)
{
        struct stmt *st;
        int r;

        r = db_query(store_reader(s), &st,
                     "SELECT t.id, t.channel, t.root, l.helpdesk, l.ticket, l.number, l.url, l.linked_usec, t.before, t.next,"
                     " t.split IS NOT NULL FROM thread t LEFT JOIN link l ON l.thread = t.id WHERE t.id = ?",
                     "i", id);
        if (r >= 0)
                r = db_step(st);
        if (r <= 0)
                return r;
        *ret = (struct store_thread) {
                .id = db_int(st, 0),
                .channel = db_int(st, 1),
                .root = arena_strdup(a, db_text(st, 2)),
                .helpdesk = db_int(st, 3),
                .ticket = arena_strdup(a, db_text(st, 4)),
                .number = arena_strdup(a, db_text(st, 5)),
                .url = arena_strdup(a, db_text(st, 6)),
                .linked_usec = db_int(st, 7),
                .before = db_int(st, 8),
                .next = db_int(st, 9),
                .branch = db_int(st, 10),
        };
        db_reset(st);
        return 1;
}

int store_unread(struct store *s, struct arena *a, int64_t helpdesk, struct store_unread *ret, size_t max)
{
        struct stmt *st;
        size_t n = 0;
        int r;

        r = db_query(store_reader(s), &st, "SELECT thread, ticket FROM link WHERE helpdesk = ? AND unread LIMIT ?", "ii",
                     helpdesk, (int64_t) max);
        if (r < 0)
                return r;
        while ((r = db_step(st)) > 0)
                if (n < max)
                        ret[n++] = (struct store_unread) { db_int(st, 0), arena_strdup(a, db_text(st, 1)) };
        return r < 0 ? r : (int) n;
}

int64_t store_lost_usec(struct store *s)
{
        int64_t lost;

        return db_get_int(store_reader(s), &lost, "SELECT lost_usec FROM store", "") == 1 ? lost : 0;
}

/* --- Steps --- */

int put_body(struct db *db, int64_t id, const char *payload)
{
        return db_run(db, "INSERT INTO body (id, payload) VALUES (?, ?)", "is", id, strempty(payload));
}

int drop_body(struct db *db, int64_t id, bool reply)
{
        int r = db_run(db, "DELETE FROM body WHERE id = ?", "i", id);

        return r < 0 || !reply ? r : db_run(db, "UPDATE part SET text = NULL WHERE reply = ?", "i", id);
}

struct recover_args {
        int64_t now_usec;
        bool behind;
};

/* More has happened than the store knows.  What it has yet to do may be done, and so may what comes in now and was there
 * before; that is known by its time, and by who showed it: each instance until a poll of its has ended. */
static int take_up(struct db *db, int64_t now_usec)
{
        int r;

        r = db_run(db, "UPDATE journal SET state = 'ambiguous', absent = 0, due_usec = CASE WHEN due_usec NOT NULL THEN ? END,"
                       " tried_usec = CASE tried_usec WHEN 0 THEN created_usec ELSE tried_usec END, reason = NULL"
                       " WHERE state IN ('new', 'waiting') AND thread NOT NULL AND NOT (attempt = 0 AND reason NOT NULL)",
                   "i", now_usec);
        if (r >= 0)
                r = db_exec(db,
                            "UPDATE journal SET doubt = 1 WHERE " IS_ACTIVE " OR state IN ('shown', 'held', 'dead') OR alarm = 0;"
                            "UPDATE instance SET behind = 1");
        return r < 0 ? r : db_run(db, "UPDATE store SET behind = 0, doubt_usec = ?", "i", utc_usec() + CLOCKS_USEC);
}

static int recover(struct db *db, void *data)
{
        struct recover_args *a = data;
        int r, n;

        /* By this process's clock. */
        r = db_run(db, "UPDATE journal SET due_usec = ? WHERE state = 'shown'", "i", a->now_usec + STORE_SHOWN_USEC);
        /* How long ago it was looked for nobody knows, for the clock may have been set: the first of two looks counts no more. */
        if (r >= 0)
                r = db_run(db, "UPDATE journal SET absent = absent - absent % ? WHERE state = 'ambiguous'", "i",
                           (int64_t) STORE_LOOKS);
        if (r < 0)
                return r;
        n = db_run(db, "UPDATE journal SET state = 'ambiguous', absent = 0, due_usec = ?,"
                       " reason = 'mentiond ended during the attempt' WHERE state IN ('filing', 'sending')", "i", a->now_usec);
        r = n >= 0 && a->behind ? take_up(db, a->now_usec) : n;
        return r < 0 ? r : n;
}

int store_recover(struct store *s)
{
        struct recover_args a = { steady_usec(), store_is_behind(s) };

        return store_write(s, recover, &a);
}

struct begin_args {
        int64_t id, orders, now_usec;
        const char *state;
        const struct store_part *part;
};

static int begin(struct db *db, void *data)
{
        struct begin_args *a = data;
        int r;

        r = db_run(db, "UPDATE journal SET state = ?, attempt = attempt + 1, due_usec = NULL,"
                       " tried_usec = CASE tried_usec WHEN 0 THEN ? ELSE tried_usec END,"
                       " tried_after = ifnull(tried_after, (SELECT max(id) FROM journal)), result_id = NULL"
                       " WHERE id = ? AND state IN ('new', 'waiting') AND orders = ?", "siii", a->state, a->now_usec, a->id,
                   a->orders);
        if (r < 0)
                return r;
        if (r == 0)
                return -ESTALE;
        for (int64_t n = 0; r >= 0 && a->part && n < MAX(a->part->of, INT64_C(1)); n++)
                r = db_run(db, "INSERT INTO part (reply, number, channel, key, parent, text)"
                               " SELECT id, ?, target, ?, ?, ? FROM journal WHERE id = ? ON CONFLICT DO NOTHING",
                           "isssi", a->part[n].number, a->part[n].key, a->part[n].parent, a->part[n].text, a->id);
        return MIN(r, 0);
}

int store_begin(struct store *s, int64_t id, int64_t orders, const char *state, int64_t now_usec, const struct store_part *part)
{
        struct begin_args a = { id, orders, now_usec, state, part };

        return store_write(s, begin, &a);
}

/* About a row.  Of one that was there before a backup was restored the agent may have been told already. */
int add_note(struct db *db, int64_t about, int64_t thread, const char *key, const char *payload, int64_t now_usec)
{
        int64_t helpdesk = 0, doubt = 0;
        int r;

        r = db_get_int(db, &helpdesk, "SELECT helpdesk FROM link WHERE thread = ?", "i", thread);
        if (r <= 0)
                return r;
        r = db_get_int(db, &doubt, "SELECT doubt FROM journal WHERE id = ?", "i", about);
        if (r < 0)
                return r;
        r = lane_is_free(db, helpdesk, thread);
        if (r < 0)
                return r;
        r = db_run(db, "INSERT INTO journal (kind, state, source, native_id, target, thread, created_usec, seen_usec,"
                       " ready_usec, due_usec, doubt) VALUES ('note', CASE ?6 WHEN 1 THEN 'ambiguous' ELSE 'new' END,"
                       " ?1, ?2, ?1, ?3, ?4, ?4, ?4, CASE ?5 WHEN 1 THEN ?4 END, ?6) ON CONFLICT DO NOTHING",
                   "isiiii", helpdesk, key, thread, now_usec, (int64_t) r, doubt);
        return r <= 0 ? r : put_body(db, db_last_id(db), payload);
}

#define IS_UNREAD(found) "(" found " OR NOT (SELECT polled FROM instance WHERE id = ?2))"

/* Commands that wait in a ticket without conversations, for it was merged, follow the last one. */
static int change_link(struct db *db, int64_t thread, const struct store_move *m)
{
        _cleanup_free_ char *from = NULL;
        const struct store_thread *l = m->link;
        int64_t found;
        struct stmt *st;
        int r;

        r = db_query(db, &st, "SELECT ticket FROM link WHERE thread = ? AND ticket != ?", "is", thread, l->ticket);
        if (r >= 0)
                r = db_step(st);
        if (r > 0) {
                from = xstrdup(db_text(st, 0));
                db_reset(st);
        }
        if (r >= 0)
                r = db_run(db, "UPDATE link SET unread = unread OR (" IS_UNREAD("?7") " AND ticket != ?3), helpdesk = ?2,"
                               " ticket = ?3, number = ?4, url = ?5 WHERE thread = ?1 AND ticket = ifnull(?6, ticket)",
                           "iissssi", thread, l->helpdesk, l->ticket, l->number, l->url, m->link_was, (int64_t) m->found);
        if (r <= 0 || !from)
                return r;
        r = db_get_int(db, &found, "SELECT 1 FROM link WHERE helpdesk = ? AND ticket = ? LIMIT 1", "is", l->helpdesk, from);
        return r ? r : move_commands(db, l->helpdesk, from, l->ticket);
}

/* Two statements: one that may do both costs half as much again where the link is new.  Before the first poll that ends well a
 * helpdesk does not know from when on it has to read. */
static int put_link(struct db *db, int64_t thread, const struct store_move *m)
{
        const struct store_thread *l = m->link;
        int r;

        r = db_run(db,
                   "INSERT INTO link (thread, helpdesk, ticket, number, url, unread, linked_usec) VALUES (?1, ?2, ?3, ?4, "
                   "?5, " IS_UNREAD("?6") ", ?7) ON CONFLICT DO NOTHING",
                   "iisssii", thread, l->helpdesk, l->ticket, l->number, l->url, (int64_t) m->found, m->now_usec);
        return r != 0 ? r : change_link(db, thread, m);
}

/* The next part answers this one. */
static int posted_part(struct db *db, const struct store_move *m)
{
        int r = db_run(db, "UPDATE part SET native_id = ?, url = ? WHERE reply = ? AND number = ?", "eeii", m->result_id,
                       m->result_url, m->id, m->part_number);

        if (r >= 0 && m->more)
                r = db_run(db, "UPDATE part SET parent = ? WHERE reply = ? AND number = ?", "sii", m->result_id, m->id,
                           m->part_number + 1);
        if (r >= 0 && m->more)
                r = db_run(db,
                           "UPDATE journal SET attempt = 0, absent = 0, tried_usec = 0, tried_after = NULL, result_id = NULL "
                           "WHERE id = ?",
                           "i", m->id);
        return r;
}

static int move(struct db *db, void *data)
{
        const struct store_move *m = data;
        bool active = state_is_active(m->state), reply, left = false;
        int64_t thread, target, source = 0;
        struct stmt *st;
        int r;

        r = db_query(db, &st, "SELECT target, thread, kind = 'reply' FROM journal WHERE id = ?", "i", m->id);
        if (r >= 0)
                r = db_step(st);
        if (r <= 0)
                return r < 0 ? r : -ESTALE;
        target = db_int(st, 0);
        thread = db_int(st, 1);
        reply = db_int(st, 2);
        db_reset(st);
        r = db_run(db, "UPDATE journal SET state = ?2, due_usec = NULLIF(?3, -1),"
                       " absent = CASE ?8 WHEN 1 THEN 0 ELSE absent + ?4 END,"
                       " tried_usec = CASE ?11 WHEN 1 THEN 0 ELSE tried_usec END,"
                       " reason = NULLIF(ifnull(?5, reason), ''),"
                       " result_id = ifnull(?6, result_id), result_url = ifnull(?7, result_url),"
                       " card_usec = ifnull(NULLIF(?9, 0), card_usec)"
                       " WHERE id = ?1 AND (" IS_ACTIVE " OR ?2 IN ('filed', 'posted')) AND ?10 IN (-1, orders)",
                   "isiisssiiii", m->id, m->state, active ? m->due_usec : INT64_C(-1),
                   (int64_t) m->saw_absent, m->reason, m->result_id, m->result_url, (int64_t) m->unlink,
                   m->card_usec, m->orders ? *m->orders : INT64_C(-1), (int64_t) m->refused);
        if (r == 0 && m->more)
                return MIN(posted_part(db, m), 0);       /* though the rest will not be */
        if (r <= 0)
                return r < 0 ? r : -ESTALE;
        if (m->part) {
                r = db_run(db,
                           "INSERT INTO part (reply, number, channel, key, parent) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                           "iiiss", m->id, m->part->number, target, m->part->key, m->part->parent);
                if (r < 0)
                        return r;
        }
        if (m->reread_usec && thread) {
                r = db_run(db, "UPDATE thread SET reread_usec = ? WHERE id = ?", "ii", m->reread_usec, thread);
                if (r < 0)
                        return r;
        } else if (state_is_done(m->state)) {
                r = drop_body(db, m->id, reply);
                if (r < 0)
                        return r;
        }
        if (streq(m->state, STATE_POSTED) || m->more) {
                r = posted_part(db, m);
                if (r < 0)
                        return r;
        }
        if (m->link) {
                int64_t with = thread;

                r = m->found ? thread_with(db, &with, m->link->helpdesk, m->link->ticket) : 0;
                if (r == 0)
                        r = put_link(db, thread, m);
                else if (r > 0)
                        r = db_run(db, "UPDATE journal SET thread = ? WHERE id = ?", "ii", with, m->id);
                if (r < 0)
                        return r;
                left = r > 0 && with != thread;
        }
        if (m->unlink) {
                r = db_run(db, "DELETE FROM link WHERE thread = ? AND ticket = ifnull(?, ticket)", "is", thread, m->link_was);
                if (r < 0)
                        return r;
        }
        if (m->said) {
                r = db_run(db,
                           m->said == SAID_PRIVATE ? "UPDATE link SET private_usec = ? WHERE thread = ?"
                                                   : "UPDATE link SET public_usec = ? WHERE thread = ?",
                           "ii", utc_usec(), thread);
                if (r < 0)
                        return r;
        }
        if (m->then_id) {
                r = db_get_int(db, &source, "SELECT source FROM journal WHERE id = ?", "i", m->id);
                if (r >= 0)
                        r = insert_command(db, source, m->then_id, utc_usec(), false, m->then_payload);
                if (r >= 0)              /* the ticket may have been merged since that was written */
                        r = db_run(db, "UPDATE body SET payload = json_set(payload, '$.ticket', l.ticket) FROM link l"
                                       " WHERE l.thread = ? AND body.id ="
                                       " (SELECT id FROM journal WHERE source = ? AND native_id = ?)", "iis", thread, source,
                                   m->then_id);
                if (r < 0)
                        return r;
        }
        if (m->note_key && thread) {
                r = add_note(db, m->id, thread, m->note_key, m->note_payload, m->now_usec);
                if (r < 0)
                        return r;
        }
        if (m->goes_on) {
                r = thread_go_on(db, m->id, target, thread);
                if (r < 0)
                        return r;
        } else if (active && !left) {
                return 0;
        }
        r = lane_release(db, target, thread);    /* of the thread that it had */
        return MIN(r, 0);
}

int store_move(struct store *s, const struct store_move *m)
{
        return store_write(s, move, (void *) m);
}

struct person_args {
        int64_t id, now_usec;
        const char *reason, *note_key, *note_payload;
};

static int exists(struct db *db, int64_t id)
{
        int64_t found;
        int r = db_get_int(db, &found, "SELECT 1 FROM journal WHERE id = ?", "i", id);

        return r < 0 ? r : r ? -EINVAL : -ENOENT;
}

static int retry(struct db *db, void *data)
{
        struct person_args *a = data;
        int r;

        /* A reply's older place in the lane is gone: it goes next, beside what is on its way.  What a helpdesk gets goes alone,
         * for two that have no ticket would make two. */
        r = db_run(db, "UPDATE journal SET state = CASE kind WHEN 'reply' THEN 'waiting' ELSE 'new' END, attempt = 0, absent = 0,"
                       " ready_usec = ?1, due_usec = CASE WHEN thread IS NULL OR (kind != 'reply' AND EXISTS (SELECT 1 FROM"
                       " journal o WHERE o.target = journal.target AND o.thread = journal.thread AND " IS_ACTIVE "))"
                       " THEN NULL ELSE ?1 END, reason = NULL, halt = NULL,"
                       " approved = kind = 'reply', orders = orders + 1"
                       " WHERE id = ?2 AND state IN ('held', 'dead')", "ii", a->now_usec, a->id);
        return r != 0 ? MIN(r, 0) : exists(db, a->id);
}

int store_retry(struct store *s, int64_t id, int64_t now_usec)
{
        struct person_args a = { .id = id, .now_usec = now_usec };

        return store_write(s, retry, &a);
}

static int drop(struct db *db, void *data)
{
        struct person_args *a = data;
        int64_t target = 0, thread = 0;
        int r;

        r = db_run(db, "UPDATE journal SET state = CASE kind WHEN 'reply' THEN 'withdrawn' ELSE 'dropped' END, due_usec = NULL,"
                       " reason = ? WHERE id = ? AND state IN ('shown', 'new', 'waiting', 'ambiguous', 'held', 'dead')",
                   "si", a->reason, a->id);
        if (r <= 0)
                return r < 0 ? r : exists(db, a->id);
        r = drop_body(db, a->id, true);
        if (r >= 0)
                r = db_get_int(db, &target, "SELECT target FROM journal WHERE id = ?", "i", a->id);
        if (r >= 0)
                r = db_get_int(db, &thread, "SELECT thread FROM journal WHERE id = ?", "i", a->id);
        if (r >= 0 && a->note_key && thread)
                r = add_note(db, a->id, thread, a->note_key, a->note_payload, a->now_usec);
        return r < 0 ? r : MIN(lane_release(db, target, thread), 0);
}

int store_drop(struct store *s, int64_t id, const char *reason, const char *note_key, const char *note_payload, int64_t now_usec)
{
        struct person_args a = { id, now_usec, reason, note_key, note_payload };

        return store_write(s, drop, &a);
}
