"""A mentiond between two sides that are in this process: one life after another under faults, until all is said."""
import re
import shutil
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor

from . import faults
from .daemon import Daemon
from .fake import DESK, Fake
from .faults import Faults
from .wait import SLOW, until

# What mentiond says of a store that takes nothing now, and of one that ends it.
TROUBLE = r"what was polled cannot be stored|an attempt cannot begin|a step cannot be recorded yet"
END = r"ending at once|the store cannot be used"
MAKING_SYNCS = 3                 # until the empty store is made


class Outcome:
    """What became of one conversation under one fault; wrong says what should not be."""

    def __init__(self, what):
        self.kind, self.error, self.n, self.times = what
        self.came = self.ended = False
        self.wrong = ""

    def __repr__(self):
        return f"{faults.name(self.kind, self.error)} at {self.n}{'' if self.times == 1 else ' and after'}: {self.wrong or 'in order'}"


def live(directory, what):
    """One life in which the fault comes at the n-th call of its kind, and one, if need be, in which nothing fails."""
    o, c = Outcome(what), Conversation(directory)
    try:
        c.faults.fail(o.kind, o.error, o.n, o.times)
        c.start()
        c.wait_trouble()
        if not c.ended() and c.said():
            c.daemon.signal(signal.SIGTERM)      # the fault may come yet
            c.daemon.process.wait(20 * SLOW)
        o.came, o.ended = c.faults.came(o.kind), c.ended()
        log = c.daemon.log()
        if o.ended:
            status = c.collect()
            if status and not re.search("^(\\S+ )?(error|critical): ", log, re.M):
                o.wrong = "it ended without a word"
            if status and not o.came:
                o.wrong = f"it ended with {status}, though nothing failed"
            if o.kind == faults.ALLOC and o.came and (status != -signal.SIGABRT or "critical: out of memory" not in log):
                o.wrong = f"it ended with {status} when there was no memory"
        if o.kind == faults.SYNC and o.came and not o.ended:
            o.wrong = "it went on after a failed sync"
        if o.kind == faults.READ and o.came and not o.ended:
            o.wrong = "it went on with a store that it cannot read"
        # Until the store is made there is nothing to lose, and SQLite takes back what it began.
        if o.kind == faults.SYNC and o.came and c.faults.seen(o.kind) > o.n and o.n > MAKING_SYNCS:
            o.wrong = "it synced after a failed sync"
        if not o.wrong:
            c.end_well()
    except Exception as e:
        o.wrong = f"{e!r}\n{c.daemon.log()}\n{c.fake.counts()}, more than once: {c.fake.doubled()}, odd: {c.fake.odd()}, " \
                  f"not recorded: {c.fake.without_intent}"
    finally:
        o.counts, o.doubled, o.unrecorded = c.fake.counts(), c.fake.doubled(), c.fake.without_intent
        o.lost = sum(max(0, n - o.counts[k]) for k, n in c.fake.wanted().items())
        if c.daemon.process:
            c.daemon.kill()
        c.fake.close()
    return o


def lives(directory, faults_of_each, parallel):
    """The outcome of each, as they come."""
    def one(n):
        folder = directory / str(n)
        folder.mkdir(parents=True)
        try:
            return live(folder, faults_of_each[n])
        finally:
            shutil.rmtree(folder)
    with ThreadPoolExecutor(parallel) as pool:
        yield from pool.map(one, range(len(faults_of_each)))


class Conversation:
    def __init__(self, directory, conversations=1):
        self.daemon = Daemon(directory)
        self.fake = Fake(self.daemon.state, conversations)
        quick = {"poll_every": "100ms", "retry": "20ms", "retry_max": "1s", "settle": "100ms"}
        self.daemon.config["helpdesk"]["desk"] = {
            "plugin": "otrs", "url": self.fake.url + DESK.rstrip("/"), "user": "mentiond", "queue": "Social",
            "password": self.daemon.secret("password", "desk-password"), **quick}
        self.daemon.config["channel"]["brand"] = {
            "plugin": "mastodon", "server": self.fake.url, "token": self.daemon.secret("token", "brand-token"),
            "helpdesk": "desk", "hold": "0s", **quick}
        self.faults = Faults(self.daemon)

    def start(self, **options):
        self.daemon.start(wait=False, **options)
        return self

    def ended(self):
        return self.daemon.process.poll() is not None

    def collect(self):
        """Its end status, when it has ended."""
        status = self.daemon.process.wait()
        self.daemon.process = None
        return status

    def is_any(self, states):
        """Whether any row of the journal is in one of these states."""
        db = sqlite3.connect(f"file:{self.daemon.state}/mentiond.db?mode=ro", uri=True, timeout=20)
        try:
            return db.execute(f"SELECT 1 FROM journal WHERE state {states}").fetchone()
        finally:
            db.close()

    def said(self):
        """Whether all is said that is to be said, and recorded so."""
        return self.fake.counts() == self.fake.wanted() and not self.is_any("NOT IN ('filed', 'posted', 'known')")

    def held(self):
        """Whether a person is asked, and everything else is done."""
        return self.is_any("= 'held'") and not self.is_any("NOT IN ('filed', 'posted', 'known', 'held')")

    def wait_said(self, timeout=30):
        def done():
            self.daemon.check()
            return self.said()
        until("all to be said", done, timeout, every=0.02)

    def wait_trouble(self, timeout=30):
        """Until it has ended, or says that its store cannot be written, or all is said."""
        until("the trouble, or all to be said",
              lambda: self.ended() or re.search(f"{TROUBLE}|{END}", self.daemon.log()) or self.said(), timeout, every=0.02)
        if re.search(END, self.daemon.log()):
            until("the end", self.ended, every=0.02)

    def end_well(self):
        """The trouble is over: goes on, or is started again, until all is said."""
        self.faults.heal()
        if not self.daemon.process:
            ready = self.daemon.log().count(": ready ")
            self.start()
            until("the start", lambda: self.daemon.check() or self.daemon.log().count(": ready ") > ready, every=0.02)
        self.wait_said()
        self.daemon.stop()
        self.verify()

    def verify(self):
        """Once, whole, and where it belongs; each request was recorded before it left; and the store is sound."""
        assert self.fake.counts() == self.fake.wanted()
        assert self.fake.doubled() == []
        assert self.fake.odd() == []
        assert self.fake.without_intent == 0
        assert self.fake.intents > 0
        db = sqlite3.connect(self.daemon.state / "mentiond.db")
        try:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        finally:
            db.close()

    def close(self):
        try:
            self.daemon.finish()
        finally:
            self.fake.close()
