/* SPDX-License-Identifier: MIT
 *
 * The store: instances, and what comes in.  Called by the host (what is known?) and by flow/intake.
 */
#include "store/internal.h"
#include "store/lane.h"
#include "store/thread.h"

#include "base/clock.h"

#include <errno.h>

/* --- Instances --- */

struct instance_args {
        const char *name, *plugin;
};

static int instance_insert(struct db *db, void *data)
{
        struct instance_args *a = data;

        return db_run(db, "INSERT INTO instance (name, plugin) VALUES (?, ?)"
                          " ON CONFLICT (name) DO UPDATE SET plugin = excluded.plugin",
                      "ss", a->name, a->plugin);
}

int store_instance_get(struct store *s, const char *name, const char *plugin, struct store_instance *ret)
{
        struct instance_args a = { name, plugin };
        struct stmt *st;
        int r;

        r = store_write(s, instance_insert, &a);
        if (r < 0)
                return r;
        r = db_query(store_reader(s), &st, "SELECT id, polled, paused, baseline_usec, horizon_usec, behind FROM instance"
                                           " WHERE name = ?", "s", name);
        if (r >= 0)
                r = db_step(st);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        *ret = (struct store_instance) {
                .id = db_int(st, 0),
                .polled = db_int(st, 1),
                .paused = db_int(st, 2),
                .baseline_usec = db_int(st, 3),
                .horizon_usec = db_int(st, 4),
                .behind = db_int(st, 5),
        };
        db_reset(st);
        return 0;
}

struct pause_args {
        int64_t instance;
        bool paused;
};

static int set_paused(struct db *db, void *data)
{
        struct pause_args *a = data;

        return db_run(db, "UPDATE instance SET paused = ? WHERE id = ?", "ii", (int64_t) a->paused, a->instance);
}

int store_set_paused(struct store *s, int64_t instance, bool paused)
{
        struct pause_args a = { instance, paused };
        int r = store_write(s, set_paused, &a);

        return MIN(r, 0);
}

/* 1, or 0 if only the network can tell. */
static int thread_of_mention(struct db *db, int64_t channel, const struct store_item *i, bool doubt, int64_t *ret)
{
        int r = 0;

        if (doubt)                       /* what it begins may be known by its ticket */
                r = branch_of_root(db, channel, i->native_id, ret);
        if (r == 0 && !isempty(i->root) && !isempty(i->parent))
                r = branch_of_post(db, channel, i->parent, doubt, ret);
        if (r != 0)
                return r;
        if (isempty(i->parent))
                return thread_of_root(db, channel, isempty(i->root) ? i->native_id : i->root, doubt, ret);
        if (!isempty(i->root) && !streq(i->root, i->parent))
                r = branch_is_below(db, channel, i->root);
        if (r < 0)
                return r;
        if (!isempty(i->root) && r == 0)
                return thread_of_root(db, channel, i->root, doubt, ret);
        return thread_of_post(db, channel, i->parent, doubt, ret);
}

/* --- What an instance remembers --- */

static int put_cursor(struct db *db, int64_t instance, const struct store_cursor *c)
{
        return db_run(db, "INSERT INTO cursor (instance, key, value) VALUES (?, ?, ?)"
                          " ON CONFLICT (instance, key) DO UPDATE SET value = excluded.value",
                      "iss", instance, c->key, c->value);
}

struct keep_args { int64_t instance; const struct store_cursor *cursor; };

static int keep(struct db *db, void *args)
{
        const struct keep_args *a = args;

        return put_cursor(db, a->instance, a->cursor);
}

int store_keep(struct store *s, int64_t instance, const struct store_cursor *c)
{
        struct keep_args a = { instance, c };
        int r = store_write(s, keep, &a);

        return MIN(r, 0);
}

/* --- One poll --- */

/* In a store that was behind: until when what was written may have been dealt with by what it has forgotten; 0: nothing may. */
static int doubtful_until(struct db *db, int64_t source, int64_t *ret_usec)
{
        return db_get_int(db, ret_usec,
                          "SELECT CASE WHEN s.doubt_usec AND i.behind THEN 9223372036854775807 ELSE s.doubt_usec END"
                          " FROM store s, instance i WHERE i.id = ?",
                          "i", source);
}

static bool is_doubtful(const struct store_item *i, int64_t doubt_usec)
{
        return doubt_usec && i->created_usec <= doubt_usec;
}

static int insert_row(struct db *db, struct store_poll *p, const struct store_item *i, int64_t target,
                      int64_t thread, const char *state, const char *reason, int64_t doubt_usec)
{
        bool active = streq(state, STATE_NEW) || streq(state, STATE_WAITING), shown = streq(state, STATE_SHOWN);
        bool known = streq(state, STATE_KNOWN), doubt = (active || shown) && is_doubtful(i, doubt_usec), begun = false;
        int64_t due = 0, tried = 0, now = utc_usec(), id;
        int r = 0;

        if (active && thread)
                r = lane_is_free(db, target, thread);
        if (r < 0)
                return r;
        due = shown ? i->ready_usec + STORE_SHOWN_USEC : r ? i->ready_usec : 0;
        if (doubt && active && thread && isempty(reason)) {      /* what is to be held needs no look */
                state = STATE_AMBIGUOUS;
                tried = i->created_usec;
        } else if (due && streq(state, STATE_NEW) && p->n_begun < p->begin_max) {
                begun = true;            /* as begin() would say */
                state = STATE_FILING;
                tried = now;
                due = 0;
        }
        r = db_run(db, "INSERT INTO journal (kind, state, source, native_id, target, thread, created_usec, seen_usec,"
                       " ready_usec, due_usec, tried_usec, doubt, reason, handle, visibility, language, warning, parent, place,"
                       " attempt, tried_after, reply_right, until_usec, right_reason, alarm)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, NULLIF(?6, 0), ?7, ?8, ?9, NULLIF(?10, 0), ?11, ?12, ?13, ?14, NULLIF(?15,"
                       " 0), ?16, ?17, ?18, CASE ?2 WHEN 'shown' THEN ?19 END, ?20, CASE ?20 WHEN 1 THEN (SELECT max(id) FROM"
                       " journal) END, NULLIF(?21, 0), NULLIF(?22, 0), ?23, CASE WHEN ?22 != 0 THEN 0 END)",
                   "ssisiiiiiiiieeieeeiiiie", i->kind, state, p->source, i->native_id, target, thread, i->created_usec, now,
                   i->ready_usec, due, tried, (int64_t) doubt, reason, i->kept.handle, i->kept.visibility, i->kept.language,
                   i->kept.warning, shown ? i->parent : NULL, i->order, (int64_t) begun, i->kept.right.right,
                   i->kept.right.until_usec, i->kept.right.reason);
        if (r < 0)
                return r;
        id = db_last_id(db);
        if (begun)
                p->begun[p->n_begun++] = id;
        return known ? r : put_body(db, id, i->payload);
}

/* 1: inserted, or there already. */
int insert_command(struct db *db, int64_t helpdesk, const char *native_id, int64_t created_usec, bool doubt, const char *payload)
{
        int64_t now = utc_usec(), due = steady_usec();
        int r = db_run(db,
                       "INSERT INTO journal (kind, state, source, native_id, target, created_usec, seen_usec, ready_usec, "
                       "due_usec, doubt) VALUES ('command', 'waiting', ?1, ?2, ?1, ?3, ?4, ?5, ?5, ?6) ON CONFLICT DO NOTHING",
                       "isiiii", helpdesk, native_id, created_usec, now, due, (int64_t) doubt);

        return r <= 0 ? r : put_body(db, db_last_id(db), payload);
}

static int insert_mention(struct db *db, struct store_poll *p, const struct store_item *i, bool join, int64_t doubt_usec)
{
        const char *state = join && streq(i->state, STATE_NEW) ? STATE_SHOWN : i->state;
        int64_t thread = 0;
        int r = 0;

        if (!streq(i->state, STATE_KNOWN))
                r = thread_of_mention(db, p->source, i, is_doubtful(i, doubt_usec), &thread);
        if (r < 0)
                return r;
        return insert_row(db, p, i, p->target, thread, state, i->reason, doubt_usec);
}

/* 1 if it was inserted, 0 if the ticket is none of ours. */
static int insert_reply(struct db *db, struct store_poll *p, const struct store_item *i, int64_t doubt_usec)
{
        int64_t n = 0, thread = 0, channel = 0;
        const char *reason = i->reason;
        struct stmt *st;
        int r;

        /* Of a conversation that goes on in a ticket that was merged with its first one, the end. */
        r = db_query(db, &st, "SELECT l.thread, t.channel, count(*) OVER () FROM link l JOIN thread t ON t.id = l.thread"
                              " WHERE l.helpdesk = ?1 AND l.ticket = ?2 AND NOT EXISTS (SELECT 1 FROM link n WHERE n.thread ="
                              " t.next AND n.helpdesk = ?1 AND n.ticket = ?2) ORDER BY l.thread DESC LIMIT 1", "is", p->source,
                              i->ticket);
        if (r >= 0)
                r = db_step(st);
        if (r <= 0)
                return r;
        thread = db_int(st, 0);
        channel = db_int(st, 1);
        n = db_int(st, 2);
        db_reset(st);
        if (streq(i->kind, KIND_COMMAND) && streq(i->state, STATE_WAITING))
                return insert_command(db, p->source, i->native_id, i->created_usec, is_doubtful(i, doubt_usec), i->payload);
        r = streq(i->state, STATE_WAITING) && !is_doubtful(i, doubt_usec) ? branch_came_after(db, thread, i->native_id) : 0;
        if (r < 0)
                return r;
        if (r)
                reason = "it was written before the newest post got a ticket of its own with \"!split\", and answers what is "
                         "left in this ticket if it is sent as it is";
        else if (n > 1 && streq(i->state, STATE_WAITING))
                reason = "the ticket holds more than one conversation, and it is not clear which one this answers. Sent as it "
                         "is, it answers the one that began last";
        return insert_row(db, p, i, channel, thread, i->state, reason, doubt_usec);
}

/* --- Mentions that are shown --- */

static int has_shown(struct db *db, int64_t source)
{
        int64_t found;

        return db_get_int(db, &found, "SELECT 1 FROM journal WHERE source = ? AND state = 'shown' LIMIT 1", "i", source);
}

/* As if it had come just now. */
static int release_one(struct db *db, int64_t id, int64_t turn, int64_t target, int64_t thread)
{
        int r = thread ? lane_is_free(db, target, thread) : 0;

        if (r < 0)
                return r;
        return db_run(db, "UPDATE journal SET state = CASE WHEN doubt AND thread NOT NULL THEN 'ambiguous' ELSE 'new' END,"
                          " due_usec = CASE ? WHEN 1 THEN ready_usec END, tried_usec = CASE WHEN doubt AND thread NOT NULL THEN"
                          " created_usec ELSE 0 END, parent = NULL, place = NULL, released = ? WHERE id = ?",
                      "iii", (int64_t) r, turn, id);
}

/* Returns how many. */
static int release_shown(struct db *db, int64_t source)
{
        int64_t turn;
        int n = 0, r;

        r = db_get_int(db, &turn, "SELECT seq FROM sqlite_sequence WHERE name = 'journal'", "");
        if (r <= 0)
                return r;
        for (;; n++) {
                _cleanup_free_ char *parent = NULL, *native_id = NULL;
                int64_t id, target, thread;
                struct stmt *st;
                bool doubt;

                r = db_query(db, &st,
                             "SELECT id, target, thread, parent, doubt, native_id FROM journal WHERE source = ? AND state = "
                             "'shown' ORDER BY created_usec, place, id LIMIT 1",
                             "i", source);
                if (r >= 0)
                        r = db_step(st);
                if (r <= 0)
                        break;
                id = db_int(st, 0);
                target = db_int(st, 1);
                thread = db_int(st, 2);
                parent = xstrdup(db_text(st, 3));
                doubt = db_int(st, 4);
                native_id = xstrdup(db_text(st, 5));
                db_reset(st);
                /* What it answers may have come after it.  By itself: a change of what refers to another table costs twice as
                 * much. */
                if (!thread) {
                        r = thread_of_mention(db, source, &(struct store_item) {
                                .native_id = native_id, .parent = parent }, doubt, &thread);
                        if (r > 0)
                                r = db_run(db, "UPDATE journal SET thread = ? WHERE id = ?", "ii", thread, id);
                }
                if (r >= 0)
                        r = release_one(db, id, ++turn, target, thread);
                if (r < 0)
                        return r;
        }
        /* What comes from now on comes after them. */
        if (r >= 0)
                r = db_run(db, "UPDATE sqlite_sequence SET seq = ? WHERE name = 'journal'", "i", turn);
        return r < 0 ? r : n;
}

static int release_of(struct db *db, void *data)
{
        return release_shown(db, *(int64_t *) data);
}

int store_release_shown(struct store *s, int64_t source)
{
        return store_write(s, release_of, &source);
}

struct delay_args {
        int64_t source, due_usec;
};

static int delay_of(struct db *db, void *data)
{
        struct delay_args *a = data;

        return db_run(db, "UPDATE journal SET due_usec = ? WHERE source = ? AND state = 'shown'", "ii", a->due_usec, a->source);
}

int store_delay_shown(struct store *s, int64_t source, int64_t due_usec)
{
        struct delay_args a = { source, due_usec };
        int r = store_write(s, delay_of, &a);

        return MIN(r, 0);
}

/* The index by name: SQLite would take another, and read all that the source ever brought. */
int64_t store_last_place(struct store *s, int64_t source)
{
        int64_t place;

        return db_get_int(store_reader(s), &place, "SELECT max(place) FROM journal INDEXED BY journal_shown"
                                                  " WHERE source = ? AND state = 'shown'", "i",
                          source) == 1 ? place : 0;
}

/* Commands that wait are about what is in the other ticket now. */
int move_commands(struct db *db, int64_t helpdesk, const char *from, const char *to)
{
        return db_run(db,
                      "UPDATE body SET payload = json_set(payload, '$.ticket', ?1) WHERE id IN (SELECT id FROM journal WHERE "
                      "target = ?2"
                      " AND source = ?2 AND due_usec NOT NULL AND kind = 'command') AND json_extract(payload, '$.ticket') ="
                      " ?3",
                      "sis", to, helpdesk, from);
}

static int commit_poll(struct db *db, void *data)
{
        struct store_poll *p = data;
        int r = p->done ? has_shown(db, p->source) : 0;
        int64_t doubt_usec = 0;
        bool join = r > 0;

        if (r >= 0)
                r = doubtful_until(db, p->source, &doubt_usec);
        if (r < 0)
                return r;

        p->n_new = p->n_begun = 0;
        for (size_t k = 0; k < p->n_merges; k++) {
                const struct store_merge *m = &p->merges[k];

                r = db_run(db, "UPDATE link SET ticket = ?, number = ?, url = '' WHERE helpdesk = ? AND ticket = ?", "ssis",
                           m->into, m->number, p->source, m->ticket);
                if (r >= 0)
                        r = move_commands(db, p->source, m->ticket, m->into);
                if (r < 0)
                        return r;
        }
        for (size_t k = 0; k < p->n_links; k++) {
                r = thread_link(db, p->source, &p->links[k]);
                if (r < 0)
                        return r;
        }
        for (size_t k = 0; k < p->n_items; k++) {
                const struct store_item *i = &p->items[k];
                int64_t known;

                r = db_get_int(db, &known, "SELECT 1 FROM journal" IS_IT " UNION ALL SELECT 1 FROM past" IS_IT, "is", p->source,
                               i->native_id);
                if (r < 0)
                        return r;
                if (r) {
                        r = db_run(db, "UPDATE journal SET place = ?1 WHERE source = ?2 AND native_id = ?3 AND state = 'shown'"
                                       " AND place != ?1", "iis", i->order, p->source, i->native_id);
                        if (r < 0)
                                return r;
                        continue;
                }
                r = streq(i->kind, KIND_MENTION) ? insert_mention(db, p, i, join, doubt_usec)
                                                 : insert_reply(db, p, i, doubt_usec);
                if (r < 0)
                        return r;
                p->n_new += r > 0 && !join && (streq(i->state, STATE_NEW) || streq(i->state, STATE_WAITING));
        }
        if (join) {
                r = release_shown(db, p->source);
                if (r < 0)
                        return r;
                p->n_new = (size_t) r;
        }
        for (size_t k = 0; k < p->n_cursors; k++) {
                r = put_cursor(db, p->source, &p->cursors[k]);
                if (r < 0)
                        return r;
        }
        if (!p->done)
                return 0;
        for (size_t k = 0; k < p->n_read; k++) {
                r = db_run(db, "UPDATE link SET unread = 0 WHERE thread = ? AND ticket = ?", "is", p->read[k].thread,
                           p->read[k].ticket);
                if (r < 0)
                        return r;
        }
        r = db_run(db,
                   "UPDATE instance SET baseline_usec = CASE WHEN polled OR NOT ?3 THEN baseline_usec ELSE ?2 END, polled = 1,"
                   " behind = 0, horizon_usec = ?2 WHERE id = ?1",
                   "iii", p->source, p->horizon_usec, (int64_t) p->learns);
        return MIN(r, 0);
}

static bool poll_says_nothing(struct store *s, const struct store_poll *p)
{
        int64_t horizon;

        if (p->n_items || p->n_cursors || p->n_merges || p->n_links || p->n_read)
                return false;
        if (!p->done)
                return true;
        if (has_shown(store_reader(s), p->source) != 0)
                return false;
        return db_get_int(store_reader(s), &horizon,
                          "SELECT horizon_usec FROM instance WHERE id = ? AND polled = 1 AND NOT behind", "i", p->source)
                       == 1
               && horizon == p->horizon_usec;
}

int store_commit_poll(struct store *s, struct store_poll *p)
{
        int r;

        if (poll_says_nothing(s, p))
                return 0;        /* an idle channel does not write */
        r = store_write(s, commit_poll, p);
        return MIN(r, 0);
}

/* --- What is known --- */

char *get_text(struct store *s, const char *sql, int64_t n, const char *text)
{
        struct stmt *st;
        char *found;

        if (db_query(store_reader(s), &st, sql, "is", n, text) < 0 || db_step(st) <= 0)
                return NULL;
        found = xstrdup(db_text(st, 0));
        db_reset(st);
        return found;
}

char *store_state_of(struct store *s, int64_t source, const char *native_id)
{
        return get_text(s, "SELECT state FROM journal" IS_IT " UNION ALL SELECT 'known' FROM past" IS_IT, source, native_id);
}

int64_t store_row_of(struct store *s, int64_t source, const char *native_id)
{
        int64_t id;

        return db_get_int(store_reader(s), &id, "SELECT id FROM journal WHERE source = ? AND native_id = ?", "is", source,
                          native_id) == 1 ? id : 0;
}

char *store_cursor(struct store *s, int64_t instance, const char *key)
{
        return get_text(s, "SELECT value FROM cursor WHERE instance = ? AND key = ?", instance, key);
}

bool store_is_part(struct store *s, int64_t channel, const char *native_id)
{
        int64_t found;

        return db_get_int(store_reader(s), &found, "SELECT 1 FROM part WHERE channel = ? AND native_id = ?", "is", channel,
                          native_id) == 1;
}

bool store_is_linked(struct store *s, int64_t helpdesk, const char *ticket)
{
        int64_t found;

        return db_get_int(store_reader(s), &found, "SELECT 1 FROM link WHERE helpdesk = ? AND ticket = ?", "is", helpdesk,
                          ticket) == 1;
}

bool store_is_after_mention(struct store *s, int64_t helpdesk, const char *ticket, const char *article)
{
        int64_t found;

        return db_get_int(store_reader(s), &found,
                          "SELECT 1 FROM link l JOIN journal m ON m.thread = l.thread AND m.kind = 'mention'"
                          " AND m.state = 'filed' AND m.target = l.helpdesk WHERE l.helpdesk = ?1"
                          " AND l.ticket = ?2 AND " IS_NUMBER("m.result_id") " AND " IS_NUMBER("?3")
                          " AND CAST(m.result_id AS INTEGER) < CAST(?3 AS INTEGER) LIMIT 1",
                          "iss", helpdesk, ticket, article)
               == 1;
}

bool store_is_after_note(struct store *s, int64_t helpdesk, const char *key, const char *article)
{
        int64_t found;

        return db_get_int(store_reader(s), &found,
                          "SELECT 1 FROM journal WHERE source = ?1 AND native_id = ?2 AND state = 'filed' AND NOT "
                          "ifnull(" IS_NUMBER("result_id") " AND " IS_NUMBER("?3")
                          " AND CAST(result_id AS INTEGER) > CAST(?3 AS INTEGER), 0)"
                          " UNION ALL SELECT 1 FROM past WHERE source = ?1 AND native_id = ?2 LIMIT 1",
                          "iss", helpdesk, key, article)
               == 1;
}
