/* SPDX-License-Identifier: MIT
 *
 * The store: mentions that may be answered until a time, watched until they are.  Called by flow/right.
 */
#include "store/internal.h"

#define IN_REACH "m.source = ?1 AND m.until_usec <= ?3 AND m.alarm IS NOT NULL"

#define HAS_ANSWER \
        "EXISTS (SELECT 1 FROM journal r JOIN part p ON p.reply = r.id AND p.number = 0 WHERE r.thread = m.thread AND r.kind =" \
        " 'reply' AND r.state = 'posted' AND p.parent = m.native_id)"

/* What a reply answers is known for certain when it goes out. */
#define MAY_GET_ANSWER \
        "EXISTS (SELECT 1 FROM journal r WHERE r.thread = m.thread AND r.kind = 'reply' AND r.id > m.turn" \
        " AND (r.state = 'waiting' OR r.state = 'sending' OR r.state = 'ambiguous'))"

#define IS_OVERTAKEN \
        "EXISTS (SELECT 1 FROM journal n WHERE n.thread = m.thread AND n.kind = 'mention' AND n.state = 'filed'" \
        " AND (n.created_usec > m.created_usec OR (n.created_usec = m.created_usec AND n.turn > m.turn)))"

#define HAS_ENDED "(m.until_usec <= ?2 OR " HAS_ANSWER " OR " IS_OVERTAKEN ")"

const char store_windows_sql[] =
        "SELECT m.id, " HAS_ENDED " FROM journal m WHERE " IN_REACH " AND (" HAS_ENDED " OR (m.alarm = 0 AND m.state = 'filed'"
        " AND NOT " MAY_GET_ANSWER ")) ORDER BY m.until_usec LIMIT ?4";

int store_windows(struct store *s, int64_t channel, int64_t now_usec, int64_t before_usec, int64_t *ids, size_t max,
                  bool *ret_ended)
{
        struct stmt *st;
        size_t n = 0;
        int r;

        *ret_ended = false;
        r = db_query(store_reader(s), &st, store_windows_sql, "iiii", channel, now_usec, before_usec, (int64_t) max);
        if (r < 0)
                return r;
        while ((r = db_step(st)) > 0)
                if (db_int(st, 1))
                        *ret_ended = true;
                else if (n < max)
                        ids[n++] = db_int(st, 0);
        return r < 0 ? r : (int) n;
}

struct window_args {
        int64_t channel, now_usec, before_usec;
};

static int end_windows(struct db *db, void *data)
{
        const struct window_args *a = data;

        return MIN(db_run(db, "UPDATE journal AS m SET alarm = NULL WHERE " IN_REACH " AND " HAS_ENDED, "iii", a->channel,
                          a->now_usec, a->before_usec),
                   0);
}

int store_end_windows(struct store *s, int64_t channel, int64_t now_usec, int64_t before_usec)
{
        return store_write(s, end_windows, &(struct window_args) { channel, now_usec, before_usec });
}

struct tell_args {
        int64_t id, now_usec;
        const char *key, *payload;
};

static int tell_window(struct db *db, void *data)
{
        const struct tell_args *a = data;
        int64_t thread;
        int r = db_run(db, "UPDATE journal SET alarm = 1 WHERE id = ? AND alarm = 0", "i", a->id);

        if (r > 0)
                r = db_get_int(db, &thread, "SELECT thread FROM journal WHERE id = ?", "i", a->id);
        return r <= 0 ? r : MIN(add_note(db, a->id, thread, a->key, a->payload, a->now_usec), 0);
}

int store_tell_window(struct store *s, int64_t id, const char *note_key, const char *note_payload, int64_t now_usec)
{
        return store_write(s, tell_window, &(struct tell_args) { id, now_usec, note_key, note_payload });
}

#define IN_TICKET \
        "kind = 'mention' AND alarm IS NOT NULL AND (?3 = 0 OR created_usec <= ?3)" \
        " AND thread IN (SELECT thread FROM link WHERE helpdesk = ?1 AND ticket = ?2)"

struct close_args {
        int64_t helpdesk, closed_usec;
        const char *ticket;
};

static int close_windows(struct db *db, void *data)
{
        const struct close_args *a = data;

        return MIN(db_run(db, "UPDATE journal SET alarm = NULL WHERE " IN_TICKET, "isi", a->helpdesk, a->ticket, a->closed_usec),
                   0);
}

int store_close_windows(struct store *s, int64_t helpdesk, const char *ticket, int64_t closed_usec)
{
        struct close_args a = { helpdesk, closed_usec, ticket };
        int64_t found;
        int r = db_get_int(store_reader(s), &found, "SELECT 1 FROM journal WHERE " IN_TICKET " LIMIT 1", "isi", helpdesk, ticket,
                           closed_usec);

        return r <= 0 ? r : store_write(s, close_windows, &a);
}

int64_t store_count_windows(struct store *s)
{
        const char *sql = "SELECT count(*) FROM journal WHERE alarm IS NOT NULL AND alarm = 1";
        int64_t n;

        return db_get_int(store_reader(s), &n, sql, "") == 1 ? n : 0;
}
