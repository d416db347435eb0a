/* SPDX-License-Identifier: MIT
 *
 * The store: lanes, and which of their heads is due.  Called by the files of the store; what is due is asked by flow.
 */
#include "store/internal.h"
#include "store/lane.h"

static bool is_one_of(const char *state, const char *const *states, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (streq(state, states[i]))
                        return true;
        return false;
}

bool state_is_active(const char *state)
{
        static const char *const active[] = { STATE_NEW, STATE_WAITING, STATE_FILING, STATE_SENDING, STATE_AMBIGUOUS };

        return is_one_of(state, active, ELEMENTSOF(active));
}

bool state_is_done(const char *state)
{
        static const char *const done[] = { STATE_FILED, STATE_POSTED, STATE_WITHDRAWN, STATE_DROPPED, STATE_KNOWN, STATE_DONE };

        return is_one_of(state, done, ELEMENTSOF(done));
}

int lane_is_free(struct db *db, int64_t target, int64_t thread)
{
        int64_t found;
        int r;

        r = db_get_int(db, &found, "SELECT 1 FROM journal WHERE target = ? AND thread = ? AND " IS_ACTIVE " LIMIT 1", "ii",
                       target, thread);
        return r < 0 ? r : !r;
}

int lane_release(struct db *db, int64_t target, int64_t thread)
{
        int64_t id;
        int r;

        if (!thread)
                return 0;
        r = db_get_int(db, &id, "SELECT id FROM journal WHERE target = ? AND thread = ? AND " IS_ACTIVE " ORDER BY turn LIMIT 1",
                       "ii", target, thread);
        return r <= 0 ? r : db_run(db, "UPDATE journal SET due_usec = ready_usec WHERE id = ? AND due_usec IS NULL"
                                       " AND state != 'filing' AND state != 'sending'", "i", id);
}

/* --- What is due --- */

#define SOURCES_MAX 256          /* more instances than that are served in part, the others when these have nothing due */

static int due_sources(struct store *s, int64_t target, int64_t *ret)
{
        int n = 0, r = 1;

        while (n < SOURCES_MAX && r > 0) {
                r = db_get_int(store_reader(s), &ret[n],
                               "SELECT source FROM journal WHERE target = ? AND source > ? AND due_usec IS NOT NULL"
                               " ORDER BY source LIMIT 1",
                               "ii", target, n ? ret[n - 1] : INT64_C(0));
                n += r > 0;
        }
        return r < 0 ? r : n;
}

static int due_of(struct store *s, int64_t target, int64_t source, int64_t now_usec, int64_t *ids, size_t max)
{
        struct stmt *st;
        size_t n = 0;
        int r;

        r = db_query(store_reader(s), &st, "SELECT id FROM journal WHERE target = ? AND source = ? AND due_usec <= ?"
                                           " ORDER BY due_usec, id LIMIT ?", "iiii", target, source, now_usec, (int64_t) max);
        if (r < 0)
                return r;
        while ((r = db_step(st)) > 0)
                if (n < max)
                        ids[n++] = db_int(st, 0);
        return r < 0 ? r : (int) n;
}

int store_due(struct store *s, int64_t target, int64_t now_usec, unsigned turn, int64_t *ids, size_t max)
{
        int64_t sources[SOURCES_MAX];
        int n_sources = due_sources(s, target, sources), lengths[SOURCES_MAX];
        _cleanup_free_ int64_t *lists = NULL;
        bool more = true;
        size_t n = 0;

        if (n_sources <= 0)
                return n_sources;
        lists = xcalloc((size_t) n_sources * max, sizeof *lists);
        for (int k = 0; k < n_sources; k++) {
                lengths[k] = due_of(s, target, sources[(turn + (unsigned) k) % (unsigned) n_sources], now_usec,
                                    lists + (size_t) k * max, max);
                if (lengths[k] < 0)
                        return lengths[k];
        }
        for (int rank = 0; more && n < max; rank++) {
                more = false;
                for (int k = 0; k < n_sources && n < max; k++)
                        if (rank < lengths[k]) {
                                ids[n++] = lists[(size_t) k * max + (size_t) rank];
                                more = true;
                        }
        }
        return (int) n;
}

int64_t store_next_due(struct store *s, int64_t target, int64_t after_usec)
{
        int64_t sources[SOURCES_MAX], next = USEC_INFINITY, due;
        int n = due_sources(s, target, sources);

        for (int k = 0; k < n; k++)
                if (db_get_int(store_reader(s), &due,
                               "SELECT min(due_usec) FROM journal WHERE target = ? AND source = ? AND due_usec > ?", "iii",
                               target, sources[k], after_usec)
                    == 1)
                        next = MIN(next, due);
        return next;
}
