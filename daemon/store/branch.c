/* SPDX-License-Identifier: MIT
 *
 * The store: branches of conversations, to which agents have given tickets of their own.  Called by flow/obey_split and the files
 * of the store.
 *
 * A branch is a thread whose root is the mention that was the newest when it was split off.  That mention is filed once more,
 * there; the article in the old ticket stays, but of the old thread's rows it is none any more, and so replies in that answer
 * what is left.
 */
#include "store/internal.h"
#include "store/lane.h"
#include "store/thread.h"

#include <errno.h>

/* --- Of which branch a post is --- */

int branch_of_root(struct db *db, int64_t channel, const char *root, int64_t *ret)
{
        return db_get_int(db, ret, "SELECT id FROM thread WHERE channel = ? AND root = ? AND split IS NOT NULL", "is", channel,
                          root);
}

int branch_of_post(struct db *db, int64_t channel, const char *native_id, bool first, int64_t *ret)
{
        int64_t thread = 0, found;
        int r = thread_of_post(db, channel, native_id, true, &thread);

        if (r <= 0)
                return r;
        r = db_get_int(db, &found,
                       "WITH RECURSIVE up (id) AS (SELECT ? UNION SELECT t.before FROM up JOIN thread t ON t.id = up.id"
                       " WHERE t.before NOT NULL) SELECT 1 FROM up JOIN thread t ON t.id = up.id AND t.split IS NOT"
                       " NULL LIMIT 1",
                       "i", thread);
        if (r <= 0)
                return r;
        return thread_of_post(db, channel, native_id, first, ret);
}

int branch_is_below(struct db *db, int64_t channel, const char *root)
{
        int64_t found;

        return db_get_int(db, &found, "WITH RECURSIVE whole (id) AS (SELECT id FROM thread WHERE channel = ? AND root = ?"
                                      " UNION SELECT t.next FROM whole JOIN thread t ON t.id = whole.id WHERE t.next NOT NULL)"
                                      " SELECT 1 FROM whole JOIN thread b ON b.before = whole.id AND b.split IS NOT NULL LIMIT 1",
                          "is", channel, root);
}

int branch_came_after(struct db *db, int64_t thread, const char *article)
{
        int64_t found;

        return db_get_int(db, &found,
                          "SELECT 1 FROM thread WHERE before = ?1 AND split IS NOT NULL AND " IS_NUMBER("split") " AND "
                          IS_NUMBER("?2") " AND CAST(?2 AS INTEGER) < CAST(split AS INTEGER) LIMIT 1",
                          "is", thread, article);
}

int store_last_branch(struct store *s, struct arena *a, int64_t thread, struct store_thread *ret, const char **ret_command)
{
        struct stmt *st;
        int64_t id;
        int r;

        r = db_query(store_reader(s), &st,
                     "SELECT id, split FROM thread WHERE before = ? AND split IS NOT NULL ORDER BY id DESC LIMIT 1", "i", thread);
        if (r >= 0)
                r = db_step(st);
        if (r <= 0)
                return r;
        id = db_int(st, 0);
        *ret_command = arena_strdup(a, db_text(st, 1));
        db_reset(st);
        return store_thread(s, a, id, ret);
}

/* --- Links --- */

/* Posts of the thread from the root of the branch on: answers to it, and to replies that answer it. */
#define BELOW \
        "WITH RECURSIVE below (post) AS (SELECT root FROM thread WHERE id = ?2" \
        " UNION SELECT m.native_id FROM below JOIN journal m ON m.thread = ?1 AND m.kind = 'mention' JOIN body ON body.id =" \
        " m.id WHERE json_extract(payload, '$.parent') = post" \
        " UNION SELECT p.native_id FROM below JOIN journal r ON r.thread = ?1 AND r.kind = 'reply' JOIN part p ON p.reply =" \
        " r.id WHERE p.parent = post AND p.native_id IS NOT NULL) "

int branch_link(struct db *db, int64_t helpdesk, int64_t thread, int64_t branch)
{
        int r = db_run(db, "UPDATE thread SET before = ?1, split = '' WHERE id = ?2 AND id != ?1 AND before IS NULL", "ii",
                       thread, branch);

        if (r <= 0)
                return r < 0 ? r : 1;
        r = db_run(db,
                   BELOW "UPDATE journal SET thread = ?2, due_usec = CASE state WHEN 'shown' THEN due_usec END WHERE thread = ?1"
                         " AND kind = 'mention' AND state != 'filing' AND native_id IN (SELECT post FROM below)",
                   "ii", thread, branch);
        if (r >= 0)
                r = lane_release(db, helpdesk, thread);
        if (r >= 0)
                r = lane_release(db, helpdesk, branch);
        return r < 0 ? r : 1;
}

/* --- Splitting --- */

struct split_args {
        int64_t command, thread, now_usec;
};

static int newest(struct db *db, const struct split_args *a, int64_t *ret)
{
        return db_get_int(db, ret,
                          "SELECT m.id FROM journal c JOIN journal m ON m.thread = ?2 AND m.kind = 'mention' AND m.state = "
                          "'filed'"
                          " AND m.turn < c.id AND " KNOWS " WHERE c.id = ?1 ORDER BY m.created_usec DESC, m.turn DESC LIMIT 1",
                          "ii", a->command, a->thread);
}

/* In this order what is wrong is told. */
static const struct {
        enum store_split end;
        const char *found;               /* ?1: the mention, ?2: its thread */
} wrongs[] = {
        { SPLIT_NEWER, "SELECT 1 FROM journal m JOIN journal n ON n.thread = ?2 AND n.kind = 'mention' AND n.id != m.id AND"
          " (n.state = 'shown'"
                       " OR n.state = 'new' OR n.state = 'filing' OR n.state = 'ambiguous' OR (n.state = 'filed' AND"
                       " (n.created_usec >"
                       " m.created_usec OR (n.created_usec = m.created_usec AND n.turn > m.turn)))) WHERE m.id = ?1 LIMIT 1" },
        { SPLIT_FIRST, "SELECT 1 FROM thread t JOIN journal m ON m.id = ?1 WHERE t.id = ?2 AND (t.root = m.native_id OR"
          " (t.past_usec = 0"
                       " AND NOT EXISTS (SELECT 1 FROM journal o WHERE o.thread = ?2 AND o.kind = 'mention' AND o.state = 'filed'"
                       " AND o.id != ?1)))" },
        { SPLIT_REPLY, "SELECT 1 FROM journal WHERE thread = ?2 AND kind = 'reply' AND (state = 'waiting' OR state = 'sending' OR"
                       " state = 'ambiguous' OR state = 'held') AND ?1 LIMIT 1" },
        { SPLIT_FORGOTTEN, "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM body WHERE id = ?1) AND ?2" },
        { SPLIT_APART, "SELECT 1 FROM journal m JOIN thread t ON t.channel = m.source AND t.root = m.native_id WHERE m.id = ?1"
          " AND t.id != ?2" },
};

/* Refused by the network, and if a person has it tried again, it answers that mention. */
#define WAS_REFUSED \
        "thread = ?2 AND kind = 'reply' AND state = 'dead' AND NOT EXISTS (SELECT 1 FROM part WHERE reply = c.id)" \
        " AND EXISTS (SELECT 1 FROM journal m WHERE m.id = ?3 AND m.turn < c.id AND " KNOWS ")"

/* From then on that cannot be seen in its thread. */
#define WAS_ANSWERED \
        "EXISTS (SELECT 1 FROM journal r JOIN part p ON p.reply = r.id AND p.number = 0 WHERE r.thread = ?4 AND r.kind =" \
        " 'reply' AND r.state = 'posted' AND p.parent = journal.native_id)"

static int split_off(struct db *db, const struct split_args *a, int64_t mention)
{
        int64_t branch;
        int r;

        r = db_run(db, "INSERT INTO thread (channel, root, before, split) SELECT m.source, m.native_id, m.thread, c.native_id"
                       " FROM journal m, journal c WHERE m.id = ? AND c.id = ?", "ii", mention, a->command);
        if (r < 0)
                return r;
        branch = db_last_id(db);
        r = db_run(db, "UPDATE journal AS c SET thread = ?1 WHERE " WAS_REFUSED, "iii", branch, a->thread, mention);
        if (r >= 0)
                r = db_run(db,
                           "UPDATE journal SET thread = ?, state = 'new', ready_usec = ?2, due_usec = ?2, attempt = 0, absent = "
                           "0, tried_usec = 0,"
                           " tried_after = NULL, doubt = 0, reason = NULL, result_id = NULL, result_url = NULL, card_usec ="
                           " NULL, alarm = CASE WHEN NOT " WAS_ANSWERED " THEN alarm END WHERE id = ?3",
                           "iiii", branch, a->now_usec, mention, a->thread);
        if (r >= 0)
                r = db_run(db, "UPDATE journal SET result_id = ? WHERE id = ?", "ii", mention, a->command);
        return r < 0 ? r : SPLIT_DONE;
}

static int split(struct db *db, void *data)
{
        const struct split_args *a = data;
        int64_t mention, found;
        int r = newest(db, a, &mention);

        if (r <= 0)
                return r < 0 ? r : SPLIT_NOTHING;
        for (size_t k = 0; k < ELEMENTSOF(wrongs); k++) {
                r = db_get_int(db, &found, wrongs[k].found, "ii", mention, a->thread);
                if (r != 0)
                        return r < 0 ? r : (int) wrongs[k].end;
        }
        return split_off(db, a, mention);
}

int store_split(struct store *s, int64_t command, int64_t thread, int64_t now_usec)
{
        struct split_args a = { command, thread, now_usec };

        return store_write(s, split, &a);
}
