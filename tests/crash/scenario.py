"""One play: conversations of several threads through the real mentiond, between fakes of snac2 and Znuny.

The daemon may die at any moment; then it is started again, and the play goes on.  judge() says what became of it.
"""
import contextlib
import json
import os
import pathlib
import re
import socket
import sqlite3
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).resolve().parents[1] / "e2e")]

from fakes.mastodon import Mastodon
from fakes.server import Answer
from fakes.znuny import Znuny
from mentiond_e2e.daemon import Daemon
from mentiond_e2e.wait import SLOW

from powerloss import Disk

BRANCH = re.compile(r":.*\+")     # what a key has before the id of a post that begins a branch
TOKEN = re.compile(r"\b[a-z]{1,2}\d+q\b")
POLL_AGAIN = 0.1                 # seconds: what was asked for during a poll is not seen by it
POINT = re.compile(r"^crash point \d+ (\S+)$", re.M)
SYNC = re.compile(r"^powerloss: sync (\d+)$", re.M)
LIBRARY = pathlib.Path(os.environ.get("MENTIOND_BUILD", ".")).resolve() / "tests/crash/.libs/powerloss.so"


class Plan:
    """What shall happen in one run.

    deaths: {which start of the daemon, from 0: its environment}, as {0: {"MENTIOND_CRASH_AT": "mention.filing:2"}}
    power: None, or the power fails with each death: "all" takes what was not synced, a number some of it, by this seed
    """

    def __init__(self, name, deaths=None, power=None, program=None, patience=20):
        self.name, self.deaths, self.power, self.program, self.patience = name, deaths or {}, power, program, patience


class Stuck(Exception):
    pass


class Play:
    def __init__(self, plan, net_server, desk_server, folder):
        self.plan = plan
        self.net = Mastodon("snac", f"127.0.0.1:{net_server.server_port}", ("brand", "slow", "alice", "bob", "carol", "dave"))
        self.desk = Znuny()
        self.servers = net_server, desk_server
        net_server.model, desk_server.model = self.net, self.desk
        self.daemon = Daemon(folder)
        if plan.program:
            self.daemon.program = plan.program
        channel = {"plugin": "mastodon", "server": net_server.base, "helpdesk": "desk", "poll_every": "20s", "retry": "50ms",
                   "retry_max": "1s", "settle": "150ms"}
        self.daemon.config["helpdesk"]["desk"] = {
            "plugin": "otrs", "url": desk_server.base + Znuny.path, "user": "mentiond", "password": self.daemon.secret("password", "api-pw"),
            "queue": "Social", "poll_every": "20s", "retry": "50ms", "retry_max": "1s", "settle": "150ms"}
        for name, hold in ("brand", "0s"), ("slow", "1h"):
            self.daemon.config["channel"][name] = dict(channel, token=self.daemon.secret(f"token-{name}", f"<{name}>"), hold=hold)
        self.starts = -1
        self.deaths, self.faults = [], []
        self.points = []         # of each start: the names of the points in their order, and the number of syncs
        self.disk = None
        if plan.power is not None or plan.name == "syncs":
            self.disk = Disk(self.daemon.state, folder / "record")

    # The daemon.

    def start(self):
        self.starts += 1
        self.began = len(self.daemon.log())
        self.daemon.env = dict({"MENTIOND_CRASH_AT": "0"}, **self.plan.deaths.get(self.starts, {}))
        if self.disk:
            self.daemon.env.update(LD_PRELOAD=str(LIBRARY), POWERLOSS_FOLDER=str(self.disk.folder),
                                   POWERLOSS_RECORD=str(self.disk.record),
                                   ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0")
        self.daemon.start(wait=False)

    def ended(self):
        """After each end, of whatever kind."""
        said = self.daemon.log()[self.began:]
        self.points.append((POINT.findall(said), len(SYNC.findall(said))))
        for server in self.servers:
            server.wait_quiet(20 * SLOW)

    def look(self):
        """Starts it again if it has died."""
        if self.daemon.process.poll() is None:
            return
        status, self.daemon.process = self.daemon.process.returncode, None
        self.ended()
        if status != -9:
            raise Stuck(f"mentiond ended with status {status}:\n" + "\n".join(self.daemon.log().splitlines()[-10:]))
        self.deaths.append((self.points[-1][0] or ["before any"])[-1])
        if self.plan.power is not None:
            self.disk.fail(None if self.plan.power == "all" else self.plan.power + self.starts)
            self.check_intents()
        self.start()

    def stop(self):
        """As the service manager does."""
        while True:
            self.until("mentiond to answer", lambda: self.ask(command="status"))     # it has its signal handlers by then
            self.daemon.process.terminate()
            status = self.daemon.process.wait(30 * SLOW)
            if status == 0:
                self.daemon.process = None
                self.ended()
                return

    def ask(self, **request):
        """The answer of the control socket; None if nobody answers."""
        with contextlib.suppress(OSError, ValueError), socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20 * SLOW)
            s.connect(str(self.daemon.socket))
            s.sendall(json.dumps(request).encode() + b"\n")
            answer = b""
            while chunk := s.recv(65536):
                answer += chunk
            return json.loads(answer)
        return None

    def until(self, what, fits):
        """Until fits(); meanwhile all instances are asked to look for what is new."""
        end, again = time.monotonic() + self.plan.patience * SLOW, 0
        while not fits():
            now = time.monotonic()
            if now > end:
                raise Stuck(f"waited in vain for {what}")
            self.look()
            if now >= again:
                again = now + POLL_AGAIN
                for name in "brand", "slow", "desk":
                    self.ask(command="poll", name=name)
            time.sleep(0.005)

    def polled(self):
        answer = self.ask(command="status")
        return answer and len(answer["instances"]) == 3 and all(i["state"] == "running" and i["polled"] for i in answer["instances"])

    def rows(self, *states):
        answer = self.ask(command="queue")
        return None if answer is None else [r for r in answer["rows"] if not states or r["state"] in states]

    # Journal and world.

    def check_intents(self):
        """What has taken effect must be in the journal that the failure left: else it was begun without a durable intent."""
        file = self.daemon.state / "mentiond.db"
        copy = self.daemon.directory / "copy.db"
        for suffix in "", "-wal", "-journal":
            part = pathlib.Path(f"{file}{suffix}")
            if part.exists():
                pathlib.Path(f"{copy}{suffix}").write_bytes(part.read_bytes())
        keys, begun_before, parts = set(), set(), set()
        with contextlib.closing(sqlite3.connect(copy)) as db:
            with contextlib.suppress(sqlite3.OperationalError):          # there is no schema yet
                keys = {row[0] for row in db.execute(
                    "SELECT CASE kind WHEN 'note' THEN native_id ELSE (SELECT name FROM instance i WHERE i.id = source) || ':' || native_id END"
                    " FROM journal WHERE attempt > 0")}
                # What was split off was filed before, and is to be filed once more: that has no attempt yet.
                begun_before = {row[0] for row in db.execute(
                    "SELECT i.name || ':' || j.native_id FROM journal j JOIN instance i ON i.id = j.source"
                    " JOIN thread t ON t.id = j.thread AND t.root = j.native_id AND t.split IS NOT NULL")}
                parts = {row[0] for row in db.execute("SELECT key FROM part")}
            if (said := db.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
                self.faults.append(("lost", f"after the power failed the store is damaged: {said}"))
        for path in self.daemon.directory.glob("copy.db*"):
            path.unlink()
        with self.desk.lock, self.net.lock:
            self.faults += [("lost", f"article {a.id} with the key {key} was made without a durable intent")
                            for a in self.desk.articles.values() if (key := a.fields.get("SocialPost")) and BRANCH.sub(":", key) not in keys and key not in begun_before]
            self.faults += [("lost", f"\"{s.text}\" was posted without a durable intent")
                            for s in self.net.statuses if s.by_api and s.key not in parts]

    def article(self, token):
        """The finished article of a mention."""
        with self.desk.lock:
            return next((a for a in self.desk.articles.values() if a.SenderType == "customer" and token in a.Body.split()
                         and a.fields.get("SocialPost")), None)

    def filed(self, *tokens):
        self.until(f"articles of {tokens}", lambda: all(self.article(t) for t in tokens))
        return [self.article(t).ticket for t in tokens]

    def posted(self, token):
        with self.net.lock:
            return next((s for s in self.net.statuses if s.by_api and token in s.text.split()), None)

    def told(self, ticket, subject, n):
        """Until mentiond has written n finished notes of this subject."""
        def there():
            with self.desk.lock:
                return n <= sum(a.ticket is ticket and a.Subject == subject and bool(a.fields.get("SocialPost"))
                                for a in self.desk.articles.values())
        self.until(f"{n} notes \"{subject}\" in ticket {ticket.id}", there)

    # The play.

    def play(self):
        net, desk = self.net, self.desk
        net.post("alice", "@brand old0q from before the first start")
        self.start()
        self.until("the first polls", self.polled)

        a1 = net.post("alice", "@brand a1q my parcel is late")
        b1 = net.post("bob", "@brand b1q is it wet?")
        c0 = net.post("carol", "I wonder c0q about parcels")
        net.post("carol", "@brand c1q they are late", parent=c0)
        net.post("dave", "@slow d1q hello there", visibility="private")
        a, b, c, d = self.filed("a1q", "b1q", "c1q", "d1q")

        net.post("alice", "@brand a2q and now it rains", parent=a1)
        desk.write(b, "rb1q not as far as we know", rich=True)
        desk.write(c, "ic1q this customer is a pain", public=False)
        desk.write(d, "rd1q said by mistake")
        desk.write(a, "hb1q was it public from its beginning?", touched=True)
        desk.write(a, "xa1q see the file", files=["contract.txt"])
        self.filed("a2q")
        self.until("the post of rb1", lambda: self.posted("rb1q"))
        self.told(b, "Reply posted", 1)
        self.withdraw("slow")
        self.told(d, "Reply withdrawn", 1)
        self.told(a, "Reply held", 2)

        self.break_once()
        desk.write(a, "ra1q it is on its way")
        desk.write(c, "rc1q which parcel?")
        desk.write(c, "rc2q and which street?")
        self.until("three posts", lambda: all(map(self.posted, ("ra1q", "rc1q", "rc2q"))))
        self.told(a, "Reply posted", 1)
        self.told(c, "Reply posted", 2)

        # A clean end and a new start: the store is folded together.
        self.stop()
        desk.tick(2)
        desk.merge(b, a)
        desk.tick(2)                     # times are of whole seconds, and what is written in that of a merge is doubtful
        b2 = net.post("bob", "@brand b2q it is very wet", parent=self.posted("rb1q"))
        self.start()
        self.filed("b2q")
        desk.breaks = ["fields"]         # the next thing that is filed breaks off before it has an article
        net.post("bob", "@brand b3q and cold", parent=b2)
        c2 = net.post("carol", "@brand c2q the blue one", parent=self.posted("rc2q"))
        self.filed("b3q", "c2q")
        desk.write(c, "rc3q thank you", rich=True)
        self.until("the last post", lambda: self.posted("rc3q"))
        self.told(c, "Reply posted", 3)
        desk.write(c, "!split", public=False)
        self.told(c, "!split", 1)
        net.post("dave", "@brand c3q mine is red", parent=c2)
        self.filed("c3q")
        self.until("the queue to be empty", lambda: self.rows("new", "filing", "waiting", "sending", "ambiguous") == [])
        self.until("those two alone to be held", lambda: [(r["kind"], r["state"]) for r in self.rows("held", "dead") or ()] == [
            ("reply", "held"), ("reply", "held")])
        self.stop()

    def break_once(self):
        """The next post is made, and the answer is an error."""
        def hook(request):
            with self.net.lock:
                if request.method != "POST" or not self.net.hook:
                    return None
                self.net.hook = None
                self.net.handle(request)
            return Answer(500, text="the database went away")
        self.net.hook = hook

    def withdraw(self, instance):
        """The one reply that is held back is dropped by a person, who asks again if he got no answer."""
        def done():
            rows = self.rows("waiting")
            if rows is None or any(not r["instance"] for r in rows):      # it is starting
                return False
            waiting = [r["id"] for r in rows if r["instance"] == instance]
            for id in waiting:
                self.ask(command="drop", id=id)
            seen.update(waiting)
            return seen and not waiting
        seen = set()
        self.until("a reply to be withdrawn", done)

    # Its end.

    MENTIONS = {"a": ["a1q", "a2q"], "b": ["b1q", "b2q", "b3q"], "c": ["c1q", "c2q", "c3q"], "d": ["d1q"]}
    SPLIT = "c2q"                    # it is in a ticket of its own, too, and what answers it
    REPLIES = {"rb1q": "b1q", "ra1q": "a2q", "rc1q": "c1q", "rc2q": "c1q", "rc3q": "c2q"}
    NOT_SAID = "ic1q", "rd1q", "hb1q", "xa1q", "old0q", "c0q"

    def end_state(self):
        """What the servers have, without ids and times."""
        def tokens(text):
            return " ".join(TOKEN.findall(text))
        tickets = sorted((str(t.fields.get("SocialThread") and tokens(t.title)), t.state, sorted(
            (a.SenderType, a.IsVisibleForCustomer, a.Subject if a.From == "mentiond" else "", "" if a.From == "mentiond" else tokens(a.Body))
            for a in self.desk.articles.values() if a.ticket is t)) for t in self.desk.tickets.values())
        posts = sorted((tokens(s.text), tokens(s.parent.text) if s.parent else "", s.visibility) for s in self.net.statuses if s.by_api)
        return {"tickets": tickets, "posts": posts}

    def judge(self, wanted=None):
        """[(lost | doubled | leaked | stuck, what)].  wanted: the end state of the play without a death."""
        faults = self.faults
        for thread, mentions in self.MENTIONS.items():
            found = [a for a in self.desk.articles.values() if a.SenderType == "customer"]
            order = []
            for token in mentions:
                of = [a.id for a in found if token in a.Body.split()]
                order += of[:1]
                if len(of) != 1 + (token == self.SPLIT):
                    faults.append(("doubled" if of else "lost", f"{token} has {len(of)} articles"))
            if order != sorted(order):
                faults.append(("lost", f"thread {thread} is out of order: {order}"))
        ours = [s for s in self.net.statuses if s.by_api]
        order = {}
        for token, parent in self.REPLIES.items():
            of = [s for s in ours if token in s.text.split()]
            if len(of) != 1:
                faults.append(("doubled" if of else "lost", f"{token} has {len(of)} posts"))
            for s in of:
                if not s.parent or parent not in s.parent.text.split():
                    faults.append(("leaked", f"{token} answers {s.parent and s.parent.text}"))
                if s.visibility == "public":
                    faults.append(("leaked", f"{token} is in the public timelines"))
                order[token] = self.net.statuses.index(s)
        of_c = [order[t] for t in ("rc1q", "rc2q", "rc3q") if t in order]
        if of_c != sorted(of_c):
            faults.append(("lost", "the replies of thread c are out of order"))
        for s in ours:
            for token in self.NOT_SAID:
                if token in s.text.split():
                    faults.append(("leaked", f"{token} was posted"))
        if any("old0q" in a.Body for a in self.desk.articles.values()):
            faults.append(("doubled", "what was there before the first start was filed"))
        if self.daemon.process is None and (self.daemon.state / "mentiond.db").exists():
            with contextlib.closing(sqlite3.connect(self.daemon.state / "mentiond.db")) as db:
                if (said := db.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
                    faults.append(("lost", f"integrity_check: {said}"))
        if not faults and wanted is not None and (state := self.end_state()) != wanted:
            for part in wanted:
                missing, more = [x for x in wanted[part] if x not in state[part]], [x for x in state[part] if x not in wanted[part]]
                faults.append(("doubled" if more else "lost", f"the {part} have ended as {more}, and without a death as {missing}"))
        return faults

    def finish(self):
        if self.daemon.process and self.daemon.process.poll() is None:
            self.daemon.kill()
