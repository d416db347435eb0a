"""The store lost, damaged or put back in time: nothing is lost, nothing is said twice."""
import contextlib
import sqlite3
import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mentiond_e2e import proxy
from mentiond_e2e.daemon import Refused, mentiond, program
from mentiond_e2e.wait import SLOW, until


LONG = 60                        # seconds, for what begins with a look at all that there is

pytestmark = pytest.mark.timeout(300 * SLOW)


@pytest.fixture
def own(bridge):
    """A world whose channel has a name of its own: tickets are known by it, and this helpdesk has those of other tests."""
    bridge.daemon.config["channel"] = {bridge.brand.name: bridge.channel}
    return bridge


@pytest.fixture
def up(own):
    return own.start()


def refused(b, *words):
    """It does not start, and says what is wrong and what leads out."""
    status, said = mentiond("-c", b.daemon.file)
    assert status == 1, said
    for word in (*words, str(b.daemon.state), "mentiond --restore FILE", "mentiond --rebuild DAYS"):
        assert word in said, said
    return said


def run(b, *arguments):
    status, said = mentiond("-c", b.daemon.file, *arguments)
    assert status == 0, said
    assert "is ready" in said, said
    return said


def conversation(b):
    """As Bridge's, in a store that looks for everything first."""
    word = b.word()
    b.mention(f"{word} What about my parcel?")
    b.znuny.ticket_of(word, LONG)


def wait_second():
    """Until the helpdesk, which tells whole seconds, calls it later."""
    now = int(time.time())
    until("the next second", lambda: time.time() >= now + 1)


def each_once(b, ticket, *words):
    """Each of these is one article of the customer, and no other ticket has any."""
    assert [len(b.znuny.customers(ticket, w)) for w in words] == [1] * len(words)


def posted_once(b, *words):
    assert [len(b.brand.posts(w)) for w in words] == [1] * len(words), [p["content"] for p in b.brand.posts()]


def sqlite(path, query):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return db.execute(query).fetchall()


@pytest.mark.weight(8)
def test_a_backup_is_made_while_it_works_and_holds_a_whole_store(up, directory):
    word = up.word()
    file = directory / "backup.db"
    with ThreadPoolExecutor(1) as pool:
        posting = pool.submit(up.mentions, [f"{word}n{k}x at work" for k in range(8)])
        n = 0
        while n == 0 or not posting.done():
            up.daemon.ctl("backup", directory / f"while{n}.db")
            n += 1
        posting.result()
    up.daemon.ctl("backup", file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for path in directory.glob("*.db"):
        assert sqlite(path, "PRAGMA integrity_check") == [("ok",)] and sqlite(path, "SELECT behind FROM store") == [(1,)]
    assert not list(directory.glob("*.part")) and not list(directory.glob("*-wal"))
    up.daemon.wait_quiet()


def test_a_backup_overwrites_nothing_and_says_what_is_in_its_way(up, directory):
    (directory / "there").write_text("mine")
    with pytest.raises(Refused, match="exists already"):
        up.daemon.ctl("backup", directory / "there")
    assert (directory / "there").read_text() == "mine"
    with pytest.raises(Refused, match="cannot be written: No such file or directory"):
        up.daemon.ctl("backup", directory / "nowhere" / "backup")


def test_a_backup_goes_where_the_caller_stands(up, directory):
    subprocess.run([program("mentionctl"), "-s", up.daemon.socket, "backup", "here.db"], cwd=directory, check=True)
    assert (directory / "here.db").stat().st_size > 0


@pytest.mark.weight(25)
def test_an_old_backup_loses_nothing_and_repeats_nothing(up, directory):
    b, znuny = up, up.znuny
    old = b.word()
    first = b.mention(f"{old} before the backup")
    ticket = znuny.ticket_of(old)
    znuny.write(ticket, f"Answer {old}a")
    b.alice.answer_of(first, f"{old}a")
    znuny.note_of(ticket, "Reply posted")
    b.daemon.wait_quiet()
    b.daemon.ctl("backup", directory / "backup.db")

    # What the backup does not know: more in the same thread, with replies; a new thread with its replies.
    b.mention(f"{old}b after it", reply_to=first)
    znuny.customer_of(ticket, f"{old}b")
    znuny.write(ticket, f"Answer {old}c")
    new = b.word()
    second = b.mention(f"{new} a new thread")
    other = znuny.ticket_of(new)
    znuny.write(other, f"Answer {new}a")
    third = b.mention(f"{new}b goes on", reply_to=second)
    znuny.customer_of(other, f"{new}b")
    znuny.write(other, f"Answer {new}c")
    for word in f"{old}c", f"{new}a", f"{new}c":
        until("the reply", lambda: b.brand.posts(word))
    until("the notes", lambda: len(znuny.notes(other, subject="Reply posted")) == 2 and len(znuny.notes(ticket, subject="Reply posted")) == 2)
    b.daemon.wait_quiet()
    b.daemon.stop()

    # And what happens while it is down.
    wait_second()
    late = b.word()
    b.mention(f"{late} nobody was there")
    znuny.write(other, f"Answer {new}d")
    said = run(b, "--restore", directory / "backup.db")
    assert "the one before is kept as" in said and list(b.daemon.state.glob("mentiond.db.2*"))
    b.daemon.start(wait=False)
    b.daemon.wait_log("the store is a backup")
    znuny.ticket_of(late, LONG)
    until("the reply that was not posted", lambda: b.brand.posts(f"{new}d"), LONG)
    b.daemon.wait_quiet(LONG)
    posted_once(b, f"{old}a", f"{old}c", f"{new}a", f"{new}c", f"{new}d")
    each_once(b, ticket, f"{old} before", f"{old}b")
    each_once(b, other, f"{new} a new", f"{new}b")
    assert len(znuny.tickets(old)) == len(znuny.tickets(new)) == len(znuny.tickets(late)) == 1
    assert len(znuny.notes(ticket)) == 2 and len(znuny.notes(other)) == 3
    # From then on it is a store as any other.
    b.daemon.restart()
    assert b.daemon.log().count("the store is a backup") == 1
    conversation(b)
    b.daemon.wait_quiet(LONG)
    assert b.daemon.queue() == []


@pytest.mark.weight(12)
def test_a_reply_whose_note_was_never_written_is_found_on_the_network_after_a_restore(own, directory):
    """It was posted after the backup, and mentiond was lost before it could tell the agent."""
    desk, b = own.proxy_desk(), own
    b.start()
    word, post, ticket = b.conversation()
    b.daemon.ctl("backup", directory / "backup.db")
    desk.rule("POST", "/TicketUpdate$", lambda r: proxy.answer(503, {}) if "Reply posted" in str(r.json) else None, times=None)
    b.znuny.write(ticket, f"Answer {word}a")
    answer = b.alice.answer_of(post, f"{word}a")
    b.daemon.kill()
    desk.clear()
    assert b.znuny.notes(ticket, subject="Reply posted") == []
    run(b, "--restore", directory / "backup.db")
    b.daemon.start(wait=False)
    b.znuny.note_of(ticket, "Reply posted", answer["url"], LONG)
    b.daemon.wait_quiet(LONG)
    posted_once(b, f"{word}a")


@pytest.mark.weight(12)
def test_after_a_restore_a_reply_that_is_nowhere_is_posted_only_if_it_is_younger_than_the_loss(own, directory):
    own.channel["hold"] = "1h"
    b = own.start()
    word, post, ticket = b.conversation()
    b.daemon.ctl("backup", directory / "backup.db")
    b.znuny.write(ticket, f"Answer {word}a")
    until("the reply in the journal", lambda: [r for r in b.daemon.queue() if r["kind"] == "reply"])
    b.daemon.kill()
    wait_second()
    b.znuny.write(ticket, f"Answer {word}b")
    own.channel["hold"] = "0s"
    run(b, "--restore", directory / "backup.db")
    b.daemon.start(wait=False)
    b.alice.answer_of(post, f"{word}b", LONG)
    b.znuny.note_of(ticket, "Reply held", "it was written before the store was restored", LONG)
    assert [r["state"] for r in b.daemon.queue(kind="reply")] == ["held"] and b.brand.posts(f"{word}a") == []


@pytest.mark.weight(20)
def test_a_lost_store_is_built_anew_from_the_helpdesk(up):
    b, znuny = up, up.znuny
    word, post, ticket = b.conversation()
    znuny.write(ticket, f"Answer {word}a")
    b.alice.answer_of(post, f"{word}a")
    znuny.note_of(ticket, "Reply posted")
    merged, _, from_ticket = b.conversation()
    into = znuny.create("By mail " + b.word())
    b.daemon.wait_quiet()
    b.daemon.stop()
    znuny.merge(from_ticket, into)
    for path in b.daemon.state.iterdir():
        path.name == "lock" or path.unlink()
    refused(b, "is missing or empty, and there was a store before")
    late = b.word()
    b.mention(f"{late} nobody was there")
    run(b, "--rebuild", "2")
    b.daemon.start(wait=False)
    znuny.ticket_of(late, LONG)
    until("the poll", lambda: b.daemon.instances()["desk"]["polled"], LONG)
    b.daemon.wait_quiet(LONG)
    assert len(b.brand.posts()) == 1 and len(znuny.tickets(word)) == len(znuny.tickets(late)) == 1
    # The old conversation goes on in the old ticket, both ways.
    again = b.mention(f"{word}b still nothing", reply_to=post)
    znuny.customer_of(ticket, f"{word}b", LONG)
    znuny.write(ticket, f"Answer {word}c")
    b.alice.answer_of(again, f"{word}c", LONG)
    until("the note", lambda: len(znuny.notes(ticket, subject="Reply posted")) == 2, LONG)
    # And one whose ticket was merged meanwhile in that.
    links = {r[0] for r in sqlite(b.daemon.state / "mentiond.db", "SELECT ticket FROM link")}
    assert {ticket, into} <= links and from_ticket not in links
    b.daemon.wait_quiet(LONG)
    posted_once(b, f"{word}a", f"{word}c")
    assert len(znuny.notes(ticket, subject="Reply posted")) == 2 and b.daemon.queue() == []
    assert len(b.daemon.log().split("the tickets of conversations are read")) == 2


@pytest.mark.weight(8)
def test_a_store_whose_log_is_lost_is_refused_and_goes_on_when_it_is_restored_from_itself(up):
    b = up
    word, post, ticket = b.conversation()
    b.znuny.write(ticket, f"Answer {word}a")
    b.znuny.note_of(ticket, "Reply posted")
    b.daemon.kill()
    log = b.daemon.state / "mentiond.db-wal"
    whole = log.read_bytes()
    log.write_bytes(whole[:len(whole) // 2])
    refused(b, "lacks its last")
    log.unlink()
    refused(b)
    log.write_bytes(whole[:len(whole) // 2])
    run(b, "--restore", b.daemon.state / "mentiond.db")
    b.daemon.start(wait=False)
    conversation(b)
    b.daemon.wait_quiet(LONG)
    posted_once(b, f"{word}a")
    assert len(b.znuny.tickets(word)) == 1 and len(b.znuny.customers(ticket)) == 1


def test_what_is_no_sound_backup_is_not_restored_and_the_store_stays(up, directory):
    up.daemon.ctl("backup", directory / "backup.db")
    up.daemon.stop()
    store = (up.daemon.state / "mentiond.db").read_bytes()
    bad = directory / "bad.db"
    whole = (directory / "backup.db").read_bytes()
    for content, why in ((whole[:len(whole) // 2], "is damaged"), (b"hello" * 1000, "does not begin as a database does"), (b"", "is missing or empty")):
        bad.write_bytes(content)
        status, said = mentiond("-c", up.daemon.file, "--restore", bad)
        assert status == 1 and str(bad) in said, said
        assert (up.daemon.state / "mentiond.db").read_bytes() == store and not list(up.daemon.state.glob("*.new")), why
    status, said = mentiond("-c", up.daemon.file, "--restore", directory / "none")
    assert status == 1 and "No such file" in said
    up.daemon.start()


def test_a_running_store_is_not_replaced(up, directory):
    up.daemon.ctl("backup", directory / "backup.db")
    for arguments in ("--restore", directory / "backup.db"), ("--rebuild", "3"):
        status, said = mentiond("-c", up.daemon.file, *arguments)
        assert status == 1 and "another mentiond uses the store" in said
    up.conversation()
