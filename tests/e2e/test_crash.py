"""The daemon's own end, wherever it comes: SIGKILL, SIGTERM; SIGHUP; and two of them."""
import json
import signal

import pytest

from mentiond_e2e import proxy
from mentiond_e2e.daemon import mentiond
from mentiond_e2e.http import request
from mentiond_e2e.wait import SLOW, until

CREATE, POST = "/TicketCreate$", "^/api/v1/statuses$"


def burst(b, word, n):
    return b.mentions([f"{word}n{k}x all at once" for k in range(n)])


def each_filed_once(b, word, n):
    until(f"{n} tickets", lambda: len(b.znuny.with_key(f"t.title LIKE '%{word}%' AND s.name = 'customer'")) >= n, 40)
    b.daemon.wait_quiet()
    titles = [row[0] for row in b.znuny.sql(f"SELECT title FROM ticket WHERE title LIKE '%{word}%'")]
    assert sorted(k for k in range(n) for t in titles if f"{word}n{k}x" in t) == list(range(n))
    assert len(b.znuny.with_key(f"t.title LIKE '%{word}%' AND s.name = 'customer'")) == n


@pytest.mark.weight(9)
def test_killed_twice_while_filing_a_burst_it_files_each_once(up, znuny):
    word = up.word()
    burst(up, word, 10)
    for some in 2, 6:
        until("some tickets", lambda: len(znuny.tickets(word)) >= some, every=0.01)
        up.daemon.kill()
        up.daemon.start()
    each_filed_once(up, word, 10)


@pytest.mark.weight(7)
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_in_the_middle_of_making_a_ticket_it_makes_one_when_the_helpdesk_acted(bridge, znuny, when):
    desk = bridge.proxy_desk()
    bridge.start()
    kill = bridge.daemon.process.kill
    if when == "after":
        hits = desk.rule("POST", CREATE, proxy.cut_after(kill))
    else:
        hits = desk.rule("POST", CREATE, lambda r: (kill(), proxy.cut_before())[1])
    word = bridge.word()
    bridge.mention(f"{word}n0x does it reach you?")
    until("the kill", lambda: hits and bridge.daemon.process.poll() is not None)
    bridge.daemon.kill()
    assert len(znuny.tickets(word)) == (when == "after")
    bridge.daemon.start()
    each_filed_once(bridge, word, 1)
    assert len(znuny.ticket(znuny.tickets(word)[0])["Article"]) == 1


@pytest.mark.weight(7)
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_in_the_middle_of_posting_it_posts_once_when_the_network_acted(bridge, znuny, when):
    net = bridge.proxy_net()
    bridge.start()
    word, post, ticket = bridge.conversation()
    kill = bridge.daemon.process.kill
    if when == "after":
        hits = net.rule("POST", POST, proxy.cut_after(kill))
    else:
        hits = net.rule("POST", POST, lambda r: (kill(), proxy.cut_before())[1])
    znuny.write(ticket, f"Answer {word}r")
    until("the kill", lambda: hits and bridge.daemon.process.poll() is not None)
    bridge.daemon.kill()
    assert len(bridge.brand.posts(f"{word}r")) == (when == "after")
    bridge.daemon.start()
    answer = bridge.alice.answer_of(post, f"{word}r")
    znuny.note_of(ticket, "Reply posted", answer["url"])
    bridge.daemon.wait_quiet()
    assert len(bridge.brand.posts(word)) == 1 and len(znuny.notes(ticket, subject="Reply posted")) == 1


@pytest.mark.weight(9)
def test_killed_while_posting_several_it_posts_each_once(up, znuny):
    word = up.word()
    posts = burst(up, word, 5)
    tickets = [znuny.ticket_of(f"{word}n{k}x") for k in range(5)]
    for k in range(5):
        znuny.write(tickets[k], f"Answer {word}a{k}x")
    for some in 1, 3:
        until("some posts", lambda: len(up.brand.posts(word)) >= some, every=0.005)
        up.daemon.kill()
        up.daemon.start()
    for k in range(5):
        up.alice.answer_of(posts[k], f"{word}a{k}x")
        znuny.note_of(tickets[k], "Reply posted")
    up.daemon.wait_quiet()
    assert len(up.brand.posts(word)) == 5
    assert [len(znuny.notes(t, subject="Reply posted")) for t in tickets] == [1] * 5


@pytest.mark.weight(6)
def test_sigterm_finishes_what_is_in_flight_and_begins_nothing(bridge, znuny):
    bridge.desk["parallel"] = 2
    desk = bridge.proxy_desk()
    bridge.start()
    hits = desk.rule("POST", CREATE, proxy.late(1.5), times=None)
    word = bridge.word()
    burst(bridge, word, 5)
    until("two requests", lambda: len(hits) == 2)
    assert bridge.daemon.stop() < 10 * SLOW
    assert len(hits) == 2 and len(znuny.tickets(word)) == 2
    desk.clear()
    bridge.daemon.start()
    assert "were on their way" not in bridge.daemon.log()
    each_filed_once(bridge, word, 5)


@pytest.mark.weight(14)
def test_sigterm_ends_within_ten_seconds_though_the_helpdesk_never_answers(bridge, znuny):
    desk = bridge.proxy_desk()
    bridge.start()
    hits = desk.rule("POST", CREATE, proxy.never())
    word = bridge.word()
    bridge.mention(f"{word}n0x hello?")
    until("the request", lambda: hits)
    assert bridge.daemon.stop() < 10 * SLOW
    assert "what is in flight is given up" in bridge.daemon.log()
    bridge.daemon.start()
    each_filed_once(bridge, word, 1)


def test_sigterm_ends_at_once_when_nothing_is_to_be_done(up):
    assert up.daemon.stop() < 1.5 * SLOW


def test_sigint_ends_it_too(up):
    up.daemon.signal(signal.SIGINT)
    assert up.daemon.wait_end() == 0


# --- SIGHUP ---

def test_a_reload_adds_a_channel(up, znuny):
    other = up.snac.new_user("b" + up.word())
    up.daemon.config["channel"]["other"] = dict(up.channel, token=up.daemon.secret("other-token", other.token))
    assert up.daemon.reload()
    up.daemon.wait_running()
    word = up.word()
    up.alice.post(f"@{other.name} {word} hello other")
    znuny.ticket_of(word)
    up.conversation()


def test_a_reload_that_removes_a_channel_ends_it_and_leaves_the_others(up, znuny):
    other = up.snac.new_user("b" + up.word())
    up.daemon.config["channel"]["other"] = dict(up.channel, token=up.daemon.secret("other-token", other.token))
    assert up.daemon.reload()
    up.daemon.wait_running()
    del up.daemon.config["channel"]["other"]
    assert up.daemon.reload()
    until("it to end", lambda: "other" not in up.daemon.instances())
    word = up.word()
    up.alice.post(f"@{other.name} {word} hello other")
    up.conversation()
    up.daemon.wait_quiet()
    assert znuny.tickets(word) == []


def test_a_reload_loses_nothing_that_is_in_flight(bridge, znuny):
    desk = bridge.proxy_desk()
    bridge.start()
    hits = desk.rule("POST", CREATE, proxy.late(1.5), times=None)
    word = bridge.word()
    burst(bridge, word, 3)
    until("the requests", lambda: len(hits) == 3)
    bridge.desk["poll_every"] = "400ms"
    bridge.channel["poll_every"] = "400ms"
    assert bridge.daemon.reload()
    each_filed_once(bridge, word, 3)
    # The helpdesk's new instance asks once whether it may make a ticket, with one that is none.
    assert len([h for h in hits if word in json.dumps(h.json)]) == 3 and "verdict=ambiguous" not in bridge.daemon.log()
    bridge.daemon.wait_running()
    bridge.conversation()


def test_of_two_reloads_while_a_request_is_in_flight_the_second_counts(bridge, znuny):
    desk = bridge.proxy_desk()
    bridge.start()
    hits = desk.rule("POST", CREATE, proxy.late(4), times=None)
    word = bridge.word()
    burst(bridge, word, 1)
    until("the request", lambda: len(hits) == 1)
    for every in "400ms", "500ms":
        bridge.desk["poll_every"] = every
        assert bridge.daemon.reload()
    assert ": ended instance=desk" not in bridge.daemon.log()
    each_filed_once(bridge, word, 1)
    bridge.daemon.wait_running()
    bridge.daemon.signal(signal.SIGTERM)
    assert bridge.daemon.wait_end() == 0
    # The instance of the first reload neither ran nor comes when that of the second ends.
    assert "still busy" not in bridge.daemon.log() and ": running instance=" not in bridge.daemon.log().split(": ending", 1)[1]


def test_a_reload_of_the_same_file_restarts_nothing(up):
    before = up.daemon.log().count(": running instance=")
    assert up.daemon.reload()
    up.conversation()
    assert up.daemon.log().count(": running instance=") == before


def test_a_reload_takes_a_secret_that_changed_in_its_file(bridge, znuny):
    """The token was renewed and the old one does not work any more; the configuration's text is the same."""
    net = bridge.proxy_net()
    bridge.start()
    bridge.conversation()
    old = bridge.brand.token
    net.rule("GET", "/api/", lambda r: proxy.answer(401, {"error": "revoked"}) if old in str(r.headers) else None, times=None)
    until("the channel to stop", lambda: bridge.daemon.state_of("brand") == "stopped")
    status, token = request(
        "POST", bridge.snac.base + "/oauth/x-snac-get-token", form={"login": bridge.brand.name, "passwd": bridge.brand.password})
    bridge.daemon.secret("token", token.decode().strip() if isinstance(token, bytes) else str(token))
    assert bridge.daemon.reload()
    bridge.daemon.wait_running()
    bridge.conversation()


def test_a_reload_with_a_broken_file_changes_nothing_and_says_why(up, znuny):
    good = up.channel["poll_every"]
    up.channel["poll_every"] = "often"
    assert not up.daemon.reload()
    log = up.daemon.log()
    assert "goes on with the configuration that it has" in log
    line = up.daemon.file.read_text().splitlines().index('        poll_every = "often";', 15) + 1
    assert f"{up.daemon.file}:{line}: brand: poll_every: \"often\" is no duration" in log
    up.conversation()
    up.channel["poll_every"] = good
    assert up.daemon.reload()
    up.conversation()


# --- Two of them ---

def test_a_second_daemon_on_the_same_store_ends_by_itself_with_a_sentence(up, directory):
    second = directory / "second.conf"
    second.write_text(up.daemon.file.read_text().replace("/control\"", "/control2\""))
    status, said = mentiond("-c", second)
    assert status != 0
    assert "another mentiond" in said and str(up.daemon.state) in said, said
    up.conversation()


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_a_lock_is_worth_as_much_as_who_holds_it(how, up):
    """One that stands still has it; of one that was killed the file is left, and the socket, and both are taken over."""
    up.daemon.signal(how)
    if how == signal.SIGKILL:
        up.daemon.kill()
        assert (up.daemon.state / "lock").exists() and up.daemon.socket.exists()
        up.daemon.start()
    else:
        status, said = mentiond("-c", up.daemon.file)
        up.daemon.signal(signal.SIGCONT)
        assert status != 0 and "another mentiond" in said, said
    up.conversation()


def test_a_store_that_cannot_be_made_is_said_in_a_sentence(bridge):
    bridge.daemon.config["state_directory"] = "/proc/mentiond"
    bridge.daemon.write()
    status, said = mentiond("-c", bridge.daemon.file)
    assert status != 0 and "/proc/mentiond" in said, said
