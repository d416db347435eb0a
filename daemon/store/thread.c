/* SPDX-License-Identifier: MIT
 *
 * The store: of which thread a post is.  Called by the files of the store, and by flow/intake and flow/filing.
 *
 * A conversation on the network is one thread, until its ticket is not opened again: then it goes on in another, whose root is
 * its first mention there.  Such a one is as any other: it has a lane, a ticket that knows its root, and replies that answer what
 * is in it.
 *
 * An agent may give a branch of it a ticket, and so a thread, of its own (branch.c): what answers a post in that belongs there.
 *
 * A store that was behind does not know in which of them a mention is that it sees again: that begins in the first where it may
 * be, and goes on, thread by thread, until it is found.
 */
#include "store/internal.h"
#include "store/lane.h"
#include "store/thread.h"

#include "base/clock.h"

/* Where what is said in it belongs now. */
static int follow(struct db *db, int64_t *thread)
{
        int r;

        while ((r = db_get_int(db, thread, "SELECT next FROM thread WHERE id = ?", "i", *thread)) > 0)
                ;
        return r < 0 ? r : 1;
}

int thread_of_root(struct db *db, int64_t channel, const char *root, bool first, int64_t *ret)
{
        int r;

        r = db_get_int(db, ret, "SELECT id FROM thread WHERE channel = ? AND root = ?", "is", channel, root);
        if (r != 0)
                return r < 0 || first ? r : follow(db, ret);
        r = db_run(db, "INSERT INTO thread (channel, root) VALUES (?, ?)", "is", channel, root);
        if (r < 0)
                return r;
        *ret = db_last_id(db);
        return 1;
}

/* A reply belongs to the ticket in which it was written; an answer to it, to what that reply answers. */
#define PART_THREAD \
        "SELECT ifnull((SELECT thread FROM journal WHERE source = ?1 AND native_id = q.parent)," \
        " ifnull((SELECT thread FROM past WHERE source = ?1 AND native_id = q.parent), j.thread))" \
        " FROM part p JOIN part q ON q.reply = p.reply AND q.number = 0 JOIN journal j ON j.id = p.reply" \
        " WHERE p.channel = ?1 AND p.native_id = ?2"

int thread_of_post(struct db *db, int64_t channel, const char *native_id, bool first, int64_t *ret)
{
        int r;

        r = db_get_int(db, ret, PART_THREAD, "is", channel, native_id);
        if (r == 0)
                r = db_get_int(db, ret, "SELECT thread FROM journal" IS_IT " UNION ALL SELECT thread FROM past" IS_IT, "is",
                               channel, native_id);
        if (r == 0)
                r = branch_of_root(db, channel, native_id, ret);
        return r <= 0 || first ? r : follow(db, ret);
}

/* --- Placing --- */

struct place_args {
        int64_t id;
        const char *root, *payload;
};

static int place(struct db *db, void *data)
{
        struct place_args *a = data;
        int64_t channel = 0, target = 0, doubt = 0, thread = 0;
        int r;

        r = db_get_int(db, &channel, "SELECT source FROM journal WHERE id = ? AND thread IS NULL AND state = 'new'", "i", a->id);
        if (r <= 0)
                return r;
        r = db_get_int(db, &target, "SELECT target FROM journal WHERE id = ?", "i", a->id);
        if (r >= 0)
                r = db_get_int(db, &doubt, "SELECT doubt FROM journal WHERE id = ?", "i", a->id);
        if (r < 0)
                return r;
        r = thread_of_root(db, channel, a->root, doubt, &thread);
        if (r < 0)
                return r;
        r = lane_is_free(db, target, thread);
        if (r < 0)
                return r;
        r = db_run(db, "UPDATE journal SET thread = ?, due_usec = CASE ? WHEN 1 THEN ready_usec END WHERE id = ?", "iii", thread,
                   (int64_t) r, a->id);
        if (r >= 0)
                r = db_run(db, "UPDATE body SET payload = ? WHERE id = ?", "si", a->payload, a->id);
        return r < 0 || !doubt
                       ? r
                       : db_run(db, "UPDATE journal SET state = 'ambiguous', tried_usec = created_usec WHERE id = ?", "i", a->id);
}

int store_place(struct store *s, int64_t id, const char *root, const char *payload)
{
        struct place_args a = { id, root, payload };
        int r = store_write(s, place, &a);

        return MIN(r, 0);
}

/* --- Going on --- */

/* Unless it goes on already, or the other may lead back. */
static int join(struct db *db, int64_t thread, int64_t next)
{
        return db_run(db, "UPDATE thread SET next = ?1 WHERE id = ?2 AND next IS NULL AND ?1 != ?2"
                          " AND NOT EXISTS (SELECT 1 FROM thread WHERE id = ?1 AND next NOT NULL)", "ii", next, thread);
}

/* What may be in the old ticket stays behind until that is known; what may be in a new one, of which the store has forgotten, is
 * looked for.  A thread that was there, for an answer came before the mention, keeps the name by which its ticket is known. */
int thread_go_on(struct db *db, int64_t id, int64_t target, int64_t was)
{
        _cleanup_free_ char *native_id = NULL;
        int64_t thread = 0, channel;
        struct stmt *st;
        int r;

        r = db_query(db, &st,
                     "SELECT j.source, j.native_id, t.next FROM journal j JOIN thread t ON t.id = j.thread WHERE j.id = ?", "i",
                     id);
        if (r >= 0)
                r = db_step(st);
        if (r <= 0)
                return r;
        channel = db_int(st, 0);
        native_id = xstrdup(db_text(st, 1));
        thread = db_int(st, 2);
        db_reset(st);
        if (!thread) {
                r = db_run(db, "INSERT INTO thread (channel, root, before) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", "isi",
                           channel, native_id, was);
                if (r >= 0)
                        r = thread_of_root(db, channel, native_id, true, &thread);
                if (r > 0)
                        r = join(db, was, thread);
        }
        if (r >= 0)
                r = db_run(db,
                           "UPDATE journal SET thread = ?, state = CASE doubt WHEN 1 THEN 'ambiguous' ELSE 'new' END, absent = "
                           "0, due_usec = NULL WHERE target = ? AND thread = ? AND kind = 'mention' AND state = 'new'",
                           "iii", thread, target, was);
        if (r >= 0)
                r = db_run(db,
                           "UPDATE journal SET thread = ? WHERE target = ? AND thread = ? AND kind = 'mention' AND"
                           " state = 'shown' AND NOT doubt",
                           "iii", thread, target, was);
        return r < 0 ? r : lane_release(db, target, thread);
}

int thread_link(struct db *db, int64_t helpdesk, const struct store_link *l)
{
        int64_t thread = 0, end = 0;
        int r;

        r = thread_of_root(db, l->channel, l->root, true, &thread);
        if (r > 0 && l->branch) {
                r = thread_of_root(db, l->channel, l->first, true, &end);
                if (r > 0)
                        r = branch_link(db, helpdesk, end, thread);
        } else if (r > 0 && !isempty(l->first)) {
                r = thread_of_root(db, l->channel, l->first, false, &end);
                if (r > 0)
                        r = join(db, end, thread);
                if (r > 0)
                        r = db_run(db, "UPDATE thread SET before = ? WHERE id = ? AND before IS NULL", "ii", end, thread);
        }
        return r < 0 ? r
                     : db_run(db,
                              "INSERT INTO link (thread, helpdesk, ticket, number, url, linked_usec) VALUES (?, ?, ?, ?, ?, ?)"
                              " ON CONFLICT (thread) DO UPDATE SET helpdesk = excluded.helpdesk, ticket ="
                              " excluded.ticket, number = excluded.number, url = excluded.url",
                              "iisssi", thread, helpdesk, l->ticket, l->number, l->url, utc_usec());
}

/* In the ticket are threads of other conversations, too, if it was merged. */
static int branch_with(struct db *db, int64_t *thread, int64_t helpdesk, const char *ticket)
{
        return db_get_int(db, thread,
                          "WITH RECURSIVE up (id, at) AS (SELECT thread, thread FROM link WHERE helpdesk = ?2 AND ticket = ?3"
                          " UNION SELECT up.id, t.before FROM up JOIN thread t ON t.id = up.at WHERE t.before NOT"
                          " NULL) SELECT id FROM up WHERE at = ?1 AND id != ?1 ORDER BY id DESC LIMIT 1",
                          "iis", *thread, helpdesk, ticket);
}

int thread_with(struct db *db, int64_t *thread, int64_t helpdesk, const char *ticket)
{
        int64_t next = *thread, found;
        int r;

        r = db_get_int(db, &found, "SELECT 1 FROM link WHERE thread = ? AND helpdesk = ? AND ticket = ?", "iis", *thread,
                       helpdesk, ticket);
        if (r != 0)
                return MIN(r, 0);        /* tickets of both may have been merged */
        while ((r = db_get_int(db, &next, "SELECT next FROM thread WHERE id = ?", "i", next)) > 0) {
                r = db_get_int(db, &found, "SELECT 1 FROM link WHERE thread = ? AND helpdesk = ? AND ticket = ?", "iis", next,
                               helpdesk, ticket);
                if (r < 0)
                        return r;
                if (r > 0) {
                        *thread = next;
                        return 1;
                }
        }
        return r < 0 ? r : branch_with(db, thread, helpdesk, ticket);
}

/* --- Roots --- */

const char *store_first_root(struct store *s, struct arena *a, const struct store_thread *t)
{
        struct store_thread at = *t;

        while (!at.branch && at.before && store_thread(s, a, at.before, &at) > 0)
                ;
        return at.root;
}

const char *store_network_root(struct store *s, struct arena *a, const struct store_thread *t)
{
        struct store_thread at = *t;

        while (at.before && store_thread(s, a, at.before, &at) > 0)
                ;
        return at.root;
}

char *store_root_of(struct store *s, int64_t channel, const char *native_id)
{
        char *root = get_text(s, "SELECT t.root FROM journal j JOIN thread t ON t.id = j.thread" IS_IT
                                 " UNION ALL SELECT t.root FROM past p JOIN thread t ON t.id = p.thread" IS_IT
                                 " UNION ALL SELECT root FROM thread WHERE channel = ?1 AND root = ?2 AND split IS NOT"
                                 " NULL", channel, native_id);

        return root ? root : get_text(s, "SELECT root FROM thread WHERE id = (" PART_THREAD ")", channel, native_id);
}
