"""A disk that is full, broken or short, at any call: nothing is asked of anybody that was not recorded before, and when
the disk is well again all is said once.  check-faults does the same at every call."""
import errno
import shutil
import sqlite3

import pytest

from mentiond_e2e import faults
from mentiond_e2e.conversation import Conversation, lives
from mentiond_e2e.wait import until

pytestmark = pytest.mark.skipif(faults.why_not() is not None, reason=faults.why_not() or "")
EIO, ENOSPC = errno.EIO, errno.ENOSPC


@pytest.fixture
def talk(directory, request):
    c = Conversation(directory, getattr(request, "param", 1))
    yield c
    c.close()


@pytest.mark.weight(5)
@pytest.mark.parametrize("what", [
    (faults.WRITE, ENOSPC, faults.EVER), (faults.WRITE, ENOSPC, 1), (faults.WRITE, EIO, 1), (faults.WRITE, faults.SHORT, faults.EVER),
    (faults.SYNC, EIO, 1), (faults.READ, EIO, 1)], ids=["full", "full for a moment", "broken", "short", "not synced", "not read"])
def test_a_disk_that_fails_at_some_moments(what, directory):
    """Among them: making the store, starting, taking in, filing, posting, the end."""
    kind, error, times = what
    calls = {faults.WRITE: range(5, 205, 23), faults.SYNC: range(4, 27, 3), faults.READ: range(3, 95, 13)}[kind]
    for outcome in lives(directory, [(kind, error, n, times) for n in calls], parallel=2):
        assert not outcome.wrong, outcome


def test_while_the_disk_is_full_nothing_is_written_anywhere(talk):
    talk.start()
    until("the first ticket", lambda: talk.fake.counts()["tickets"])
    talk.faults.fail(faults.WRITE, ENOSPC)
    talk.daemon.wait_log("No space left on device")
    # What was recorded before may still leave.  After that, polls find what is new, and it does not go on.
    polls = talk.fake.seen("GET v1/notifications")
    until("polls", lambda: talk.fake.seen("GET v1/notifications") > polls + 2)
    before = talk.fake.writes()
    polls = talk.fake.seen("GET v1/notifications")
    until("polls", lambda: talk.fake.seen("GET v1/notifications") > polls + 3)
    assert talk.fake.writes() == before and not talk.ended()
    talk.end_well()


@pytest.mark.parametrize("who, request_of_poll, found, syncs, count", [
    ("desk", "GET v1/notifications", lambda body, answer: answer, 0, "tickets"),
    ("brand", "TicketGet", lambda body, answer: body.get("Attachments"), 1, "posts")], ids=["filing", "posting"])
def test_a_request_that_cannot_be_recorded_does_not_leave(who, request_of_poll, found, syncs, count, talk):
    """A filing may be recorded with what was polled; a posting after that, with a second sync, before which there is no room.  The
    first may be that of another poll, if the machine is slow: then it is what was polled that cannot be stored, and nothing leaves."""
    if who == "desk":
        talk.daemon.config["helpdesk"]["desk"]["poll_every"] = "3s"
    talk.fake.once(request_of_poll, lambda: talk.faults.fail(faults.WRITE, ENOSPC, syncs=syncs), found)
    talk.start()
    talk.daemon.wait_log(f"(an attempt cannot begin instance={who}.*|what was polled cannot be stored: )No space left on device")
    polls = talk.fake.seen(request_of_poll)
    until("polls", lambda: talk.fake.seen("GET v1/notifications") > polls + 3)
    assert talk.fake.counts()[count] == 0 and not talk.ended()
    talk.end_well()


def test_a_sync_that_failed_is_not_tried_again_and_ends_the_process(talk):
    talk.start()
    until("the first ticket", lambda: talk.fake.counts()["tickets"])
    talk.faults.fail(faults.SYNC, EIO, times=1)
    until("the end", talk.ended)
    assert talk.faults.seen(faults.SYNC) == talk.faults.failed_at(faults.SYNC)
    assert talk.collect() == 1 and "ending at once" in talk.daemon.log() and "cannot be written" in talk.daemon.log()
    talk.end_well()


@pytest.mark.weight(5)
@pytest.mark.parametrize("talk", [150], indirect=True)
def test_a_sync_that_failed_in_a_checkpoint_ends_the_process(talk):
    talk.start()
    talk.daemon.wait_log("ready")
    talk.faults.fail(faults.SYNC_DATABASE, EIO, times=1)
    until("the end", talk.ended, every=0.02)
    assert talk.collect() == 1 and "cannot be written" in talk.daemon.log()
    talk.end_well()


def test_after_a_failed_sync_the_log_is_written_anew_before_anything_is_added_to_it(talk):
    """The kernel takes what it could not write for written, and no later sync would write it."""
    talk.start()
    until("the first ticket", lambda: talk.fake.counts()["tickets"])
    talk.faults.fail(faults.SYNC, EIO, times=1)
    until("the end", talk.ended)
    talk.collect()

    def rows(file):
        db = sqlite3.connect(file)
        try:
            return db.execute("SELECT id, native_id FROM journal").fetchall()
        finally:
            db.close()
    for name in "mentiond.db", "mentiond.db-wal":
        shutil.copy(talk.daemon.state / name, talk.daemon.directory / name)
    known = rows(talk.daemon.directory / "mentiond.db")
    talk.faults.heal()
    talk.start()
    talk.daemon.wait_log("(?s)ready.*ready")
    shutil.copy(talk.daemon.state / "mentiond.db", talk.daemon.directory / "alone.db")
    assert known and set(known) <= set(rows(talk.daemon.directory / "alone.db"))
    talk.end_well()


@pytest.mark.parametrize("kind, error", [(faults.SYNC, EIO), (faults.WRITE, ENOSPC)])
def test_a_disk_that_fails_at_the_end_loses_nothing(kind, error, talk):
    talk.start()
    talk.wait_said()
    talk.faults.fail(kind, error)
    talk.daemon.signal(15)
    talk.daemon.wait_end()
    assert talk.faults.seen(kind) <= talk.faults.failed_at(kind) or kind != faults.SYNC
    talk.faults.heal()
    talk.verify()
    talk.end_well()
