"""What a customer writes after his ticket was closed: with a real Znuny and a real snac2, and with a fake Zammad."""
import time

import pytest

from mentiond_e2e.daemon import mentiond
from mentiond_e2e.wait import SLOW, until

LONG = 60                        # seconds, for what begins with a look at all that there is
DAY = 86400


@pytest.fixture
def hasty(bridge):
    """Tickets are opened again for two seconds.  Its channel has a name of its own: threads are known by it."""
    bridge.channel["reopen_for"] = "2s"
    bridge.daemon.config["channel"] = {bridge.brand.name: bridge.channel}
    return bridge.start()


@pytest.fixture
def zammads(desk):
    return desk.start()


def close(znuny, ticket):
    """And it is closed for longer than that, also by Znuny's clock, which tells whole seconds."""
    znuny.set(ticket, State="closed successful")
    closed = time.time()
    until("the end of its time", lambda: time.time() > closed + 4)


def restore(b, backup):
    status, said = mentiond("-c", b.daemon.file, "--restore", backup)
    assert status == 0, said
    b.daemon.start(wait=False)


# --- Znuny ---

def test_a_ticket_that_was_closed_for_long_is_not_opened_again_and_a_new_one_names_it(hasty, znuny):
    word, post, old = hasty.conversation()
    hasty.daemon.wait_quiet()
    close(znuny, old)
    second = hasty.mention(f"{word}b is it here?", reply_to=post)
    ticket = until("a new ticket", lambda: [t for t in znuny.tickets(f"{word}b") if znuny.customers(t)])[0]
    number, url = znuny.ticket(old)["TicketNumber"], f"Action=AgentTicketZoom;TicketID={old}"
    [article] = znuny.customers(ticket)
    assert f"Goes on from ticket {number}, " in article["Body"] and url in article["Body"]
    assert ticket != old and znuny.ticket(old)["StateType"] == "closed" and len(znuny.customers(old)) == 1
    # What answers either of them belongs there.
    hasty.mention(f"{word}c hello?", reply_to=post)
    hasty.mention(f"{word}d please", reply_to=second)
    znuny.customer_of(ticket, f"{word}c")
    znuny.customer_of(ticket, f"{word}d")
    # What is said in either is said where it belongs.
    znuny.write(ticket, f"{word}r Tomorrow")
    assert znuny.note_of(ticket, "Reply posted")
    znuny.write(old, f"{word}s By the way")
    hasty.alice.answer_of(post, f"{word}s")
    znuny.note_of(old, "Reply posted")
    hasty.daemon.wait_quiet()
    assert len(znuny.customers(ticket)) == 3 and len(znuny.customers(old)) == 1
    assert len(hasty.brand.posts(f"{word}r")) == len(hasty.brand.posts(f"{word}s")) == 1


def test_a_ticket_that_was_closed_lately_is_opened_again(bridge, znuny):
    word, post, ticket = bridge.start().conversation()
    bridge.daemon.wait_quiet()
    znuny.set(ticket, State="closed successful")
    bridge.mention(f"{word}b is it here?", reply_to=post)
    article = znuny.customer_of(ticket, f"{word}b")
    assert znuny.ticket(ticket)["StateType"] == "open" and "Goes on" not in article["Body"]
    assert znuny.tickets(f"{word}b") == []


def test_a_ticket_that_is_open_for_long_takes_what_comes(hasty, znuny):
    word, post, ticket = hasty.conversation()
    written = time.time()
    until("some time", lambda: time.time() > written + 4)
    hasty.mention(f"{word}b is it here?", reply_to=post)
    znuny.customer_of(ticket, f"{word}b")


@pytest.mark.weight(20)
@pytest.mark.timeout(300 * SLOW)
def test_a_restored_store_finds_the_new_ticket(hasty, znuny, directory):
    word, post, old = hasty.conversation()
    hasty.daemon.wait_quiet()
    close(znuny, old)
    hasty.daemon.ctl("backup", directory / "backup.db")
    hasty.mention(f"{word}b is it here?", reply_to=post)
    ticket = znuny.ticket_of(f"{word}b")
    third = hasty.mention(f"{word}c hello?", reply_to=post)
    znuny.customer_of(ticket, f"{word}c")
    hasty.daemon.wait_quiet()
    hasty.daemon.stop()
    restore(hasty, directory / "backup.db")
    hasty.mention(f"{word}d please", reply_to=third)
    znuny.customer_of(ticket, f"{word}d", LONG)
    hasty.daemon.wait_quiet(LONG)
    znuny.write(ticket, f"{word}r Tomorrow")
    znuny.note_of(ticket, "Reply posted", timeout=LONG)
    assert [len(znuny.customers(t)) for t in (old, ticket)] == [1, 3]
    assert sorted(znuny.tickets(word)) == sorted([old, ticket])


# --- Zammad ---

def test_in_zammad_a_ticket_that_was_closed_for_long_is_linked_to_the_new_one(desk, zammads):
    z = desk.zammad
    word, post, old = zammads.conversation()
    z.set(old, state="closed", closed=z.now() - 31 * DAY)
    zammads.mention(f"{word}b is it here?", parent=post)
    ticket = zammads.ticket_of(f"{word}b")
    assert ticket is not old and old.state == "closed" and z.pairs == [(ticket.id, old.id)]
    assert f"Goes on from ticket {old.number}, {desk.desk_server.base}/#ticket/zoom/{old.id}" in zammads.customer_of(ticket, f"{word}b").body
    zammads.mention(f"{word}c hello?", parent=post)
    zammads.customer_of(ticket, f"{word}c")
    z.write(old, f"{word}s By the way")
    zammads.answered_once(old, post, f"{word}s")
    assert len(zammads.customers(old)) == 1 and old.state == "closed"


def test_in_zammad_a_ticket_is_opened_again_for_a_month_unless_the_channel_says_otherwise(desk):
    desk.channel["reopen_for"] = "0s"
    z = desk.start().zammad
    (word, post, old), (young, other, ticket) = desk.conversation(), desk.conversation()
    z.set(old, state="closed", closed=z.now() - 9000 * DAY)
    desk.mention(f"{word}b is it here?", parent=post)
    desk.customer_of(old, f"{word}b")
    assert old.state == "open"
    del desk.channel["reopen_for"]
    desk.daemon.reload()
    z.set(ticket, state="closed", closed=z.now() - 29 * DAY)
    desk.mention(f"{young}b is it here?", parent=other)
    desk.customer_of(ticket, f"{young}b")
    assert ticket.state == "open" and z.pairs == []


@pytest.mark.timeout(300 * SLOW)
def test_a_restored_store_finds_the_new_ticket_in_zammad(desk, zammads, directory):
    z = desk.zammad
    word, post, old = zammads.conversation()
    z.set(old, state="closed", closed=z.now() - 31 * DAY)
    zammads.daemon.ctl("backup", directory / "backup.db")
    zammads.mention(f"{word}b is it here?", parent=post)
    ticket = zammads.ticket_of(f"{word}b")
    third = zammads.mention(f"{word}c hello?", parent=post)
    zammads.customer_of(ticket, f"{word}c")
    zammads.daemon.wait_quiet()
    zammads.daemon.stop()
    restore(zammads, directory / "backup.db")
    zammads.mention(f"{word}d please", parent=third)
    zammads.customer_of(ticket, f"{word}d", LONG)
    zammads.daemon.wait_quiet(LONG)
    z.write(ticket, f"{word}r Tomorrow")
    zammads.note_of(ticket, "Reply posted", LONG)
    assert [len(zammads.customers(t)) for t in (old, ticket)] == [1, 3]
    assert len(z.tickets) == 2
