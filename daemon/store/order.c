/* SPDX-License-Identifier: MIT
 *
 * The store: what agents tell of their replies by commands, and which conversations owe a word in public.  Called by flow/obey
 * and flow/intake.
 */
#include "store/internal.h"
#include "store/lane.h"

#include <errno.h>

int store_threads_of(struct store *s, int64_t helpdesk, const char *ticket, int64_t *ids, size_t max)
{
        struct stmt *st;
        size_t n = 0;
        int r;

        r = db_query(store_reader(s), &st, "SELECT thread FROM link WHERE helpdesk = ? AND ticket = ? ORDER BY thread LIMIT ?",
                     "isi", helpdesk, ticket, (int64_t) max);
        if (r < 0)
                return r;
        while ((r = db_step(st)) > 0)
                if (n < max)
                        ids[n++] = db_int(st, 0);
        return r < 0 ? r : (int) n;
}

int store_replies(struct store *s, int64_t thread, int64_t command, int64_t bound, const char *state, const char *or_state,
                  int64_t *ids, size_t max)
{
        struct stmt *st;
        size_t n = 0;
        int r;

        r = db_query(store_reader(s), &st,
                     "SELECT id FROM journal WHERE thread = ?1 AND kind = 'reply' AND id < ?2 AND (state = ?3 OR state = ?4)"
                     " AND created_usec <= (SELECT created_usec FROM journal WHERE id = ?2) AND ?6 IN (0, max(id, ?6))"
                     " ORDER BY id DESC LIMIT ?5",
                     "iissii", thread, command, state, or_state ? or_state : state, (int64_t) max, bound);
        if (r < 0)
                return r;
        while ((r = db_step(st)) > 0)
                if (n < max)
                        ids[n++] = db_int(st, 0);
        return r < 0 ? r : (int) n;
}

bool store_command_waits(struct store *s, int64_t helpdesk, const char *ticket, int64_t before, const char *words)
{
        int64_t found;

        return db_get_int(store_reader(s), &found,
                          "SELECT 1 FROM journal j JOIN body b ON b.id = j.id WHERE j.target = ?1 AND j.source = ?1 AND"
                          " j.due_usec NOT NULL AND j.kind = 'command' AND j.id < ?2 AND"
                          " json_extract(b.payload, '$.ticket') = ?3"
                          " AND (?4 = '' OR instr(?4, ' ' || json_extract(b.payload, '$.command') || ' ')) LIMIT 1", "iiss",
                          helpdesk, before, ticket, words) > 0;
}

struct aim_args {
        int64_t command, at;
        bool bound;
};

static int aim(struct db *db, void *data)
{
        const struct aim_args *a = data;

        return MIN(db_run(db,
                          "UPDATE journal SET result_id = CASE ?3 WHEN 1 THEN '<' ELSE '' END || ?1 WHERE id = ?2 AND"
                          " (result_id IS NULL OR result_id LIKE '<%')",
                          "iii", a->at, a->command, (int64_t) a->bound), 0);
}

int store_aim(struct store *s, int64_t command, int64_t at, bool bound)
{
        return store_write(s, aim, &(struct aim_args) { command, at, bound });
}

int64_t store_last_filed(struct store *s, int64_t thread, int64_t command)
{
        int64_t id;

        return db_get_int(store_reader(s), &id,
                          "SELECT m.id FROM journal c JOIN journal m ON m.thread = ?1 AND m.kind = 'mention' AND m.state ="
                          " 'filed' AND m.id < c.id AND " KNOWS " WHERE c.id = ?2"
                          " ORDER BY m.created_usec DESC, m.turn DESC LIMIT 1",
                          "ii", thread, command)
                               == 1
                       ? id
                       : 0;
}

static int follow(struct db *db, const struct store_orders *o, const struct store_order *order)
{
        int64_t target = 0, thread = 0;
        bool goes;
        int r;

        if (order->halt) {
                r = db_run(db, "UPDATE journal SET halt = ? WHERE id = ? AND state = ?", "sis", order->halt, order->id,
                           order->was);
                return r > 0 ? 0 : r < 0 ? r : -ESTALE;
        }
        goes = streq(order->state, STATE_WAITING);
        r = db_run(db,
                   "UPDATE journal SET state = ?2, halt = NULL, due_usec = CASE ?3 WHEN 1 THEN ?4 END, ready_usec = CASE ?3 WHEN "
                   "1 THEN ?4 ELSE ready_usec END,"
                   " attempt = CASE ?3 WHEN 1 THEN 0 ELSE attempt END, orders = orders + ?3,"
                   " absent = CASE WHEN ?3 AND state = 'waiting' THEN absent ELSE 0 END, reason = ?5,"
                   " approved = ?8, visibility = ifnull(NULLIF(?6, 0), visibility) WHERE id = ?1 AND state = ?7",
                   "isiisisi", order->id, order->state, (int64_t) goes, o->now_usec, order->reason, order->visibility, order->was,
                   (int64_t) order->approved);
        if (r <= 0)
                return r < 0 ? r : -ESTALE;
        if (state_is_done(order->state))
                r = drop_body(db, order->id, true);
        if (r >= 0)
                r = db_get_int(db, &target, "SELECT target FROM journal WHERE id = ?", "i", order->id);
        if (r >= 0)
                r = db_get_int(db, &thread, "SELECT thread FROM journal WHERE id = ?", "i", order->id);
        if (r >= 0 && order->note_key)
                r = add_note(db, order->id, thread, order->note_key, order->note_payload, o->now_usec);
        return r < 0 || goes ? r : lane_release(db, target, thread);
}

static int obey(struct db *db, void *data)
{
        const struct store_orders *o = data;
        int r;

        for (size_t n = 0; n < o->n; n++) {
                r = follow(db, o, &o->orders[n]);
                if (r < 0)
                        return r;
        }
        r = db_run(db, "UPDATE journal "
                   "SET state = 'done', due_usec = NULL, thread = NULLIF(?, 0), reason = NULL WHERE id = ? AND state = 'waiting'",
                   "ii", o->thread, o->command);
        if (r <= 0)
                return r < 0 ? r : -ESTALE;
        r = drop_body(db, o->command, false);
        if (r >= 0 && o->note_key)
                r = add_note(db, o->command, o->thread, o->note_key, o->note_payload, o->now_usec);
        return MIN(r, 0);
}

int store_obey(struct store *s, const struct store_orders *o)
{
        return store_write(s, obey, (void *) o);
}

/* --- What is owed in public --- */

int64_t store_owes(struct store *s, int64_t helpdesk, const char *ticket, int64_t *ret_since_usec)
{
        struct stmt *st;
        int64_t thread = 0;

        if (db_query(store_reader(s), &st,
                     "SELECT thread, private_usec FROM link WHERE helpdesk = ? AND ticket = ? AND private_usec > public_usec"
                     " AND asked_usec != private_usec LIMIT 1",
                     "is", helpdesk, ticket)
                    < 0
            || db_step(st) <= 0)
                return 0;
        thread = db_int(st, 0);
        *ret_since_usec = db_int(st, 1);
        db_reset(st);
        return thread;
}

int64_t store_count_owed(struct store *s)
{
        int64_t n;

        return db_get_int(store_reader(s), &n, "SELECT count(*) FROM link WHERE private_usec > public_usec", "") == 1 ? n : 0;
}

struct asked_args {
        int64_t thread, since_usec, now_usec;
        const char *key, *payload;
};

static int asked(struct db *db, void *data)
{
        const struct asked_args *a = data;
        int r = db_run(db, "UPDATE link SET asked_usec = ? WHERE thread = ? AND asked_usec != ?1", "ii", a->since_usec,
                       a->thread);

        return r <= 0 ? r : MIN(add_note(db, 0, a->thread, a->key, a->payload, a->now_usec), 0);
}

int store_asked(struct store *s, int64_t thread, int64_t since_usec, const char *key, const char *payload, int64_t now_usec)
{
        struct asked_args a = { thread, since_usec, now_usec, key, payload };

        return store_write(s, asked, &a);
}
