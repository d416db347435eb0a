/* SPDX-License-Identifier: MIT
 *
 * The store: what is known of a conversation and of who speaks in it, for who files its mentions and posts its replies.  Called
 * by flow.
 */
#include "store/internal.h"

/* The newest mention in the newest thread below one; so from thread to thread, and what it takes does not grow with mentions. */
const char store_author_sql[] =
        "SELECT j.thread, j.card_usec, l.ticket, l.number, l.url FROM journal j LEFT JOIN link l ON l.thread = j.thread AND"
        " l.helpdesk = ?4"
        " WHERE j.source = ?1 AND j.handle = ?2 AND j.thread < ?3 AND j.card_usec NOT NULL ORDER BY j.thread DESC, j.id DESC"
        " LIMIT 1";

static bool has_ticket(const struct store_author *author, const char *ticket)
{
        for (size_t i = 0; i < author->n_earlier; i++)
                if (streq(author->earlier[i].ticket, ticket))
                        return true;
        return false;
}

/* Of the next thread below *thread: 1, with the ticket, where it has one, added to the others. */
static int next_thread(struct store *s, struct arena *a, int64_t channel, const char *handle, int64_t helpdesk, int64_t *thread,
                       int64_t *ret_card_usec, struct store_author *author)
{
        struct stmt *st;
        int r;

        r = db_query(store_reader(s), &st, store_author_sql, "isii", channel, handle, *thread, helpdesk);
        if (r >= 0)
                r = db_step(st);
        if (r <= 0)
                return r;
        *thread = db_int(st, 0);
        *ret_card_usec = db_int(st, 1);
        if (author && *db_text(st, 2) && !has_ticket(author, db_text(st, 2))) {
                if (!author->earlier)
                        author->earlier = arena_alloc(a, STORE_EARLIER_MAX * sizeof *author->earlier);
                author->earlier[author->n_earlier++] = (struct store_ticket) {
                        arena_strdup(a, db_text(st, 2)), arena_strdup(a, db_text(st, 3)), arena_strdup(a, db_text(st, 4)),
                };
        }
        db_reset(st);
        return 1;
}

static void leave_out(struct store_author *author, const char *ticket)
{
        for (size_t i = 0; i < author->n_earlier; i++)
                if (streq(author->earlier[i].ticket, ticket)) {
                        author->n_earlier--;
                        memmove(author->earlier + i, author->earlier + i + 1, (author->n_earlier - i) * sizeof *author->earlier);
                        return;
                }
}

int store_author(struct store *s, struct arena *a, int64_t channel, const char *handle, const struct store_thread *own,
                 int64_t helpdesk, struct store_author *ret)
{
        struct store_author found = { .card_usec = 0 };
        int64_t thread = INT64_MAX, card_usec;
        size_t n = 0;
        int r = 1;

        while (n < STORE_EARLIER_MAX && (r = next_thread(s, a, channel, handle, helpdesk, &thread, &card_usec, &found)) > 0) {
                n++;
                if (thread == own->id)
                        found.card_usec = card_usec;
        }
        if (n == STORE_EARLIER_MAX && thread > own->id) {
                int64_t at = own->id + 1;

                r = next_thread(s, a, channel, handle, helpdesk, &at, &card_usec, NULL);
                if (r > 0 && at == own->id)
                        found.card_usec = card_usec;
        }
        found.more = n == STORE_EARLIER_MAX;
        leave_out(&found, own->ticket);
        if (r >= 0)
                *ret = found;
        return MIN(r, 0);
}

int store_mentions(struct store *s, int64_t thread, int64_t *ids, size_t max)
{
        struct stmt *st;
        size_t n = 0;
        int r;

        r = db_query(store_reader(s), &st, "SELECT id FROM journal WHERE thread = ? AND kind = 'mention'"
                                           " ORDER BY created_usec DESC, turn DESC LIMIT ?", "ii", thread, (int64_t) max);
        if (r < 0)
                return r;
        while ((r = db_step(st)) > 0)
                if (n < max)
                        ids[n++] = db_int(st, 0);
        return r < 0 ? r : (int) n;
}

size_t store_handles(struct store *s, struct arena *a, int64_t thread, const char **ret, size_t max)
{
        struct stmt *st;
        size_t n = 0;

        if (db_query(store_reader(s), &st,
                     "SELECT DISTINCT handle FROM journal WHERE thread = ? AND kind = 'mention' AND handle NOT NULL LIMIT ?",
                     "ii", thread, (int64_t) max)
            < 0)
                return 0;
        while (db_step(st) > 0)
                if (n < max)
                        ret[n++] = arena_strdup(a, db_text(st, 0));
        return n;
}

size_t store_said(struct store *s, struct arena *a, int64_t thread, int64_t below, const char ***ret, size_t max)
{
        const char **payloads = arena_alloc(a, max * sizeof *payloads);
        struct stmt *st;
        size_t n = 0;

        *ret = payloads;
        if (db_query(store_reader(s), &st,
                     "SELECT b.payload FROM journal j JOIN body b ON b.id = j.id WHERE j.thread = ? AND j.kind = 'mention'"
                     " AND ifnull(j.visibility, 4) < ? ORDER BY j.id DESC LIMIT ?",
                     "iii", thread, below, (int64_t) max)
            < 0)
                return 0;
        while (db_step(st) > 0)
                if (n < max)
                        payloads[n++] = arena_strdup(a, db_text(st, 0));
        return n;
}

#define HAS_ARTICLE "m.target = r.source AND " IS_NUMBER("m.result_id") " AND " IS_NUMBER("r.native_id")

int64_t store_last_mention(struct store *s, int64_t reply, int64_t visibility_max, bool *ret_open)
{
        struct stmt *st;
        int64_t id;

        /* What was there goes by the helpdesk's articles, or else by turn, for our clock may jump; which of it is the newest by
         * the network's clock, for a post may be shown after its answer.  What is on its way may be in the ticket, and read
         * by the agent, unless its first attempt began when the reply was here already.  What is older than one
         * of the past is not the newest. */
        *ret_open = false;
        if (db_query(store_reader(s), &st, "SELECT m.id, m.state != 'filed' AND NOT ifnull(" HAS_ARTICLE ", 0)"
                                           " FROM journal r JOIN journal m ON m.thread = r.thread AND m.kind = 'mention'"
                                           " JOIN thread t ON t.id = r.thread AND (NOT t.past_usec OR t.past_usec <"
                                           " m.created_usec)"
                                           " WHERE r.id = ? AND m.turn < r.id AND ifnull(m.visibility, 0) <= ? AND CASE"
                                           " WHEN m.state NOT IN ('filing', 'ambiguous', 'filed') THEN 0"
                                           " WHEN " HAS_ARTICLE " THEN"
                                           " CAST(m.result_id AS INTEGER) < CAST(r.native_id AS INTEGER)"
                                           " WHEN m.state != 'filed' THEN ifnull(m.tried_after, m.turn) < r.id"
                                           " ELSE 1 END ORDER BY m.created_usec DESC, m.turn DESC LIMIT 1", "ii", reply,
                     visibility_max) >= 0 && db_step(st) > 0) {
                id = db_int(st, 0);
                *ret_open = db_int(st, 1);
                db_reset(st);
                return id;
        }
        /* One that only now became known as filed is better than none, unless there was one of the past. */
        return db_get_int(store_reader(s), &id, "SELECT m.id FROM journal r JOIN journal m ON m.thread = r.thread"
                                                " AND m.kind = 'mention' AND m.state = 'filed' AND ifnull(m.visibility, 0) <= ?"
                                                " JOIN thread t ON t.id = r.thread AND NOT t.past_usec WHERE r.id = ?"
                                                " ORDER BY m.created_usec DESC, m.turn DESC LIMIT 1", "ii", visibility_max,
                          reply) == 1 ? id : 0;
}

int store_part(struct store *s, struct arena *a, int64_t reply, int64_t number, struct store_part *ret)
{
        struct stmt *st;
        int r;

        r = db_query(store_reader(s), &st,
                     "SELECT number, key, parent, text, native_id, url, (SELECT count(*) FROM part WHERE reply = ?1)"
                     " FROM part WHERE reply = ?1 AND CASE ?2 WHEN -1 THEN native_id IS NULL ELSE number = ?2 END"
                     " ORDER BY number LIMIT 1",
                     "ii", reply, number);
        if (r >= 0)
                r = db_step(st);
        if (r <= 0)
                return r;
        *ret = (struct store_part) {
                .number = db_int(st, 0),
                .key = arena_strdup(a, db_text(st, 1)),
                .parent = arena_strdup(a, db_text(st, 2)),
                .text = arena_strdup(a, db_text(st, 3)),
                .native_id = arena_strdup(a, db_text(st, 4)),
                .url = arena_strdup(a, db_text(st, 5)),
                .of = db_int(st, 6),
        };
        db_reset(st);
        return 1;
}
