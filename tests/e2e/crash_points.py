"""The daemon dies once at each named point, between the real servers (make check-crash; tests/crash does it at every point)."""
import pytest

from mentiond_e2e.wait import until

# Where a name comes up several times, the one that tells most: the second request of an append is the append.
POINTS = [
    "store.commit:1", "store.commit:6", "store.committed:6", "store.recover:1", "store.recovered:1",
    "mastodon.polled:2", "mastodon.taken:2", "otrs.polled:2", "otrs.taken:2",
    "mention.filing:1", "file.request:1", "file.response:1", "mention.judged:1", "mention.filed:1",
    "append.request:2", "append.response:2", "mention.filed:2",
    "reply.sending:1", "post.request:2", "post.response:2", "post.response:3", "reply.judged:1", "reply.posted:1",
    "note.filing:1", "note.request:1", "note.response:1", "note.judged:1", "note.filed:1",
]


class Mortal:
    """Starts the daemon again, without a point, when it has died."""

    def __init__(self, bridge, point):
        self.bridge, self.daemon = bridge, bridge.daemon
        self.deaths = 0
        self.daemon.env["MENTIOND_CRASH_AT"] = point
        self.daemon.start(wait=False)

    def look(self):
        if self.daemon.process.poll() is None:
            return
        assert self.daemon.process.returncode == -9, self.daemon.log()
        self.deaths += 1
        self.daemon.process = None
        self.daemon.env.clear()
        self.daemon.start(wait=False)

    def until(self, what, fits):
        def seen():
            self.look()
            return fits()
        return until(what, seen, 40)

    def polled(self):
        if not self.daemon.socket.exists():
            return False
        by_name = self.daemon.instances()
        return len(by_name) == 2 and all(i["state"] == "running" and i["polled"] for i in by_name.values())


@pytest.mark.weight(8)
@pytest.mark.parametrize("point", POINTS)
def test_killed_once_it_files_and_posts_each_once(bridge, znuny, point):
    mortal = Mortal(bridge, point)
    mortal.until("the first polls", mortal.polled)
    word = bridge.word()

    def finished(where):
        mortal.look()
        return znuny.with_key(f"t.title LIKE '%{word}%' AND {where}")

    post = bridge.mention(f"{word}m parcel")
    ticket = mortal.until("the ticket", lambda: finished("s.name = 'customer'"))[0][1]
    bridge.mention(f"{word}f more", reply_to=post)
    mortal.until("the follow-up", lambda: len(finished("s.name = 'customer'")) == 2)
    znuny.write(ticket, f"Secret {word}i", public=False)
    znuny.write(ticket, f"Answer {word}r")
    mortal.until("the post", lambda: bridge.brand.posts(f"{word}r"))
    mortal.until("the note", lambda: finished("m.a_subject = 'Reply posted'"))
    mortal.until(f"its death at {point}", lambda: mortal.deaths)     # the last ones come after what is seen of them
    mortal.until("the daemon to answer", mortal.polled)
    bridge.daemon.wait_quiet()
    assert bridge.daemon.queue() == []
    assert len(znuny.tickets(word)) == 1
    assert [len(znuny.customers(ticket, f"{word}{x}")) for x in "mf"] == [1, 1]
    assert len(bridge.brand.posts(word)) == 1 and len(znuny.notes(ticket, subject="Reply posted")) == 1
