"""Posts that can be answered for some time only, or not at all: a network of two files, with a real Znuny."""
import datetime
import json

import pytest

from mentiond_e2e.wait import until

DAY = 24 * 3600


class Room:
    def __init__(self, bridge, directory):
        self.daemon, self.znuny, self.new_word = bridge.daemon, bridge.znuny, bridge.word
        self.inbox, self.outbox = directory / "inbox", directory / "outbox"
        self.inbox.touch()
        self.daemon.use_test_plugins()
        self.channel = {"plugin": "echo", "inbox": self.inbox, "outbox": self.outbox, "helpdesk": "desk", "hold": "0s", "poll_every": "200ms"}
        self.daemon.config["channel"] = {"brand": self.channel}
        self.daemon.start()

    def mention(self, seconds=None, **more):
        """A mention that can be answered for so long, and its ticket: (word, ticket)."""
        word = self.new_word()
        now = datetime.datetime.now(datetime.timezone.utc)
        m = {"id": word, "root": word, "handle": "@alice@example", "text": f"{word} Where is my parcel?", "created": now.isoformat(), **more}
        if seconds is not None:
            m["until"] = (now + datetime.timedelta(seconds=seconds)).isoformat()
        with open(self.inbox, "a") as f:
            f.write(json.dumps(m) + "\n")
        return word, self.znuny.ticket_of(word)

    def article(self, ticket):
        return self.znuny.customers(ticket)[0]["Body"]

    def posts(self):
        return [json.loads(line)["text"] for line in self.outbox.read_text().splitlines()] if self.outbox.exists() else []


@pytest.fixture
def room(bridge, directory):
    return Room(bridge, directory)


def test_a_ticket_says_until_when_it_can_be_answered_and_the_agent_is_reminded_once(room, znuny):
    word, ticket = room.mention(DAY, reason="a message can be answered for a day")
    assert "You may answer until 20" in room.article(ticket) and "UTC: a message can be answered for a day." in room.article(ticket)
    znuny.write(ticket, f"Soon {word}a")
    znuny.note_of(ticket, "Reply posted")
    short, hurried = room.mention(3600)
    note = znuny.note_of(hurried, "Answer in time")
    assert "The post of @alice@example is not answered" in note["Body"] and not note["IsVisibleForCustomer"]
    assert room.daemon.ctl("status")["closing"] == 1
    room.daemon.restart()
    room.daemon.ctl("poll", "desk")
    znuny.write(hurried, f"In time {short}a")
    znuny.note_of(hurried, "Reply posted")
    until("the end of the alarm", lambda: room.daemon.ctl("status")["closing"] == 0)
    room.daemon.wait_quiet()
    assert len(znuny.notes(hurried, subject="Answer in time")) == 1 and znuny.notes(ticket, subject="Answer in time") == []
    assert [p.split()[-1] for p in room.posts()] == [f"{word}a", f"{short}a"]


@pytest.mark.parametrize("seconds, more, line, reason", [
    (-60, {}, "It could be answered until 20", "could be answered until 20"),
    (None, {"right": 2, "reason": "Comments are closed."}, "It cannot be answered: Comments are closed.", "cannot be answered: Comments are closed."),
    (None, {"right": 3}, "It cannot be answered unless its author calls the account.", "@alice@example has not called the account")],
    ids=["over", "never", "summoned"])
def test_what_cannot_be_answered_is_not_whatever_is_said(room, znuny, seconds, more, line, reason):
    word, ticket = room.mention(seconds, **more)
    assert line in room.article(ticket)
    znuny.write(ticket, f"Too late {word}r")
    held = znuny.note_of(ticket, "Reply held")["Body"]
    assert reason in held and "\"!send\" does not change it" in held
    znuny.write(ticket, "!send", public=False)
    assert "Not done: " in znuny.note_of(ticket, "!send: not done")["Body"]
    assert room.daemon.wait_row(kind="reply", state="held") and room.posts() == []
