-- The store, version 1.  States are stored by name (store.h).  Times are microseconds since 1970 UTC.
--
-- No IN with more than two words in what is evaluated for each row that is written: SQLite builds a table of them each time.

PRAGMA application_id = 0x6d6e7464;                -- "mntd"

CREATE TABLE store (
        one        INTEGER PRIMARY KEY CHECK (one = 1),
        identity   TEXT NOT NULL,                  -- random; also in the mark (mark.c)
        commits    INTEGER NOT NULL,               -- counts them; the mark has the number of the last
        behind     INTEGER NOT NULL DEFAULT 0,     -- a backup, or built anew: more has happened than stands here
        lost_usec  INTEGER NOT NULL DEFAULT 0,     -- when what is forgotten ended, by the mark: what was written later it never knew
        doubt_usec INTEGER NOT NULL DEFAULT 0      -- not 0: what was written until then may be done, and is looked for first
);

CREATE TABLE instance (
        id            INTEGER PRIMARY KEY,
        name          TEXT NOT NULL UNIQUE,
        plugin        TEXT NOT NULL,
        polled        INTEGER NOT NULL DEFAULT 0,  -- its first poll has ended: what is new now is new
        baseline_usec INTEGER NOT NULL DEFAULT 0,  -- the horizon after the first poll: what was shown before is not new
        horizon_usec  INTEGER NOT NULL DEFAULT 0,  -- mentiond_horizon_usec(3)
        paused        INTEGER NOT NULL DEFAULT 0,  -- by the operator
        behind        INTEGER NOT NULL DEFAULT 0   -- has not polled to the end since the store was behind
);

CREATE TABLE cursor (
        instance INTEGER NOT NULL REFERENCES instance,
        key      TEXT NOT NULL,
        value    TEXT NOT NULL,
        PRIMARY KEY (instance, key)
) WITHOUT ROWID;

CREATE TABLE thread (
        id        INTEGER PRIMARY KEY,
        channel   INTEGER NOT NULL REFERENCES instance,
        root      TEXT NOT NULL,
        past_usec INTEGER NOT NULL DEFAULT 0,      -- when the newest of its mentions was written that were filed, and are in past
        reread_usec INTEGER,                       -- when its posts are to be read again; NULL: not any more
        before    INTEGER REFERENCES thread,       -- on the network a part of that one, with a ticket of its own; root: its first mention
        next      INTEGER REFERENCES thread,       -- where it goes on, as its ticket is not opened again
        split     TEXT,                            -- a branch of the one before: the command that made it; '': that is forgotten
        UNIQUE (channel, root)
);
CREATE INDEX thread_branch ON thread (before) WHERE split IS NOT NULL;
CREATE INDEX thread_reread ON thread (channel, reread_usec) WHERE reread_usec IS NOT NULL;

CREATE TABLE link (
        thread      INTEGER PRIMARY KEY REFERENCES thread,
        helpdesk    INTEGER NOT NULL REFERENCES instance,
        ticket      TEXT NOT NULL,
        number      TEXT NOT NULL,
        url         TEXT NOT NULL,
        linked_usec INTEGER NOT NULL,
        private_usec INTEGER NOT NULL DEFAULT 0,   -- when an agent last took the conversation aside: owed is a word in public
        public_usec INTEGER NOT NULL DEFAULT 0,    -- when a reply was last said in public
        asked_usec INTEGER NOT NULL DEFAULT 0,     -- the private_usec for which the agent was asked for that word
        unread      INTEGER NOT NULL DEFAULT 0     -- no poll has looked at it, maybe: it was found long after it was made, or before any poll
);
CREATE INDEX link_ticket ON link (helpdesk, ticket);
CREATE INDEX link_unread ON link (helpdesk) WHERE unread;
CREATE INDEX link_owed ON link (helpdesk) WHERE private_usec > public_usec;

-- A lane is what one instance (target) has to do for one thread, in the order of turn.  Of a lane only the head
-- has due_usec; the others wait for it.
CREATE TABLE journal (
        id           INTEGER PRIMARY KEY AUTOINCREMENT,
        kind         TEXT NOT NULL,                -- mention, reply, note, command
        state        TEXT NOT NULL CHECK (state = 'new' OR state = 'filing' OR state = 'filed' OR state = 'waiting' OR state = 'sending' OR
                                          state = 'posted' OR state = 'known' OR state = 'ambiguous' OR state = 'held' OR state = 'dead' OR
                                          state = 'withdrawn' OR state = 'dropped' OR state = 'shown' OR
                                          state = 'done'),
        source       INTEGER NOT NULL REFERENCES instance,   -- where it came from; of a note: its helpdesk
        native_id    TEXT NOT NULL,                -- unique within the source
        target       INTEGER NOT NULL REFERENCES instance,   -- who has to act
        thread       INTEGER REFERENCES thread,    -- NULL: not yet known; or a command, which is in no lane
        created_usec INTEGER NOT NULL,             -- when a person wrote it
        seen_usec    INTEGER NOT NULL,             -- when it was journalled
        ready_usec   INTEGER NOT NULL,             -- not to be acted on before
        due_usec     INTEGER,
        attempt      INTEGER NOT NULL DEFAULT 0,
        absent       INTEGER NOT NULL DEFAULT 0,   -- how often find() did not find it
        tried_usec   INTEGER NOT NULL DEFAULT 0,   -- when the first attempt began
        tried_after  INTEGER,                      -- the newest row when it began
        doubt        INTEGER NOT NULL DEFAULT 0,   -- it, and the notes about it, may be done already: the store was behind
        approved     INTEGER NOT NULL DEFAULT 0,   -- of a reply: a person wants it sent as it is
        orders       INTEGER NOT NULL DEFAULT 0,   -- of a reply: how often a person sent it on its way again
        halt         TEXT,                         -- of a reply on its way: the state that an agent wants for it, unless it is posted
        result_id    TEXT,                         -- article or post
        result_url   TEXT,
        reason       TEXT,                         -- why it is where it is
        handle       TEXT,                         -- of a mention, also when its body is gone: what an answer to it goes by
        visibility   INTEGER,
        language     TEXT,
        warning      TEXT,
        reply_right  INTEGER,                      -- of a mention: as enum mentiond_reply_right; NULL: it may be answered
        until_usec   INTEGER,                      -- until when it may
        right_reason TEXT,
        alarm        INTEGER,                      -- 0: watched, for it may be answered until then, and is not; 1: the agent was told
        card_usec    INTEGER,                      -- of a filed mention: when an article in its thread told of its author at length
        parent       TEXT,                         -- of a mention in state shown: the post that it answers
        place        INTEGER,                      -- of the same: its place among those created at the same time
        released     INTEGER,                      -- of a mention that was shown: a number between ids, as if it had come then
        turn         INTEGER AS (ifnull(released, id))
);
CREATE UNIQUE INDEX journal_native ON journal (source, native_id);
CREATE INDEX journal_due ON journal (target, source, due_usec) WHERE due_usec IS NOT NULL;
CREATE INDEX journal_lane ON journal (target, thread, turn)
        WHERE (state = 'new' OR state = 'waiting' OR state = 'filing' OR state = 'sending' OR state = 'ambiguous');
CREATE INDEX journal_unplaced ON journal (source, turn) WHERE thread IS NULL AND state = 'new';
CREATE INDEX journal_shown ON journal (source, created_usec, place, id) WHERE state = 'shown';
CREATE INDEX journal_attention ON journal (thread) WHERE state IN ('held', 'dead');
CREATE INDEX journal_window ON journal (source, until_usec) WHERE alarm IS NOT NULL;
CREATE INDEX journal_author ON journal (source, handle, thread) WHERE card_usec NOT NULL;
CREATE INDEX journal_thread ON journal (thread, kind, id);

-- What was a row of the journal, and was done long ago: it is known, and of which thread it is.
CREATE TABLE past (
        source    INTEGER NOT NULL REFERENCES instance,
        native_id TEXT NOT NULL,
        thread    INTEGER REFERENCES thread,
        PRIMARY KEY (source, native_id)
) WITHOUT ROWID;

-- What is needed of a row until it is done.  Apart, for what is deleted makes room for others; what becomes shorter in its
-- place does not.
CREATE TABLE body (
        id      INTEGER PRIMARY KEY REFERENCES journal,
        payload TEXT NOT NULL
);

-- The posts that a reply consists of; text and key are frozen before the first attempt.
CREATE TABLE part (
        reply     INTEGER NOT NULL REFERENCES journal,
        number    INTEGER NOT NULL,
        channel   INTEGER NOT NULL REFERENCES instance,
        key       TEXT NOT NULL,
        parent    TEXT NOT NULL,                   -- the post to answer; of a later part: the one before, once that is posted
        text      TEXT,                            -- as it is sent, until all are
        native_id TEXT,
        url       TEXT,
        PRIMARY KEY (reply, number)
) WITHOUT ROWID;
CREATE UNIQUE INDEX part_native ON part (channel, native_id) WHERE native_id IS NOT NULL;

PRAGMA user_version = 1;
