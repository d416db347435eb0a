"""What fails on the way: nothing is lost, nothing is done twice."""
import re
import time

import pytest

from mentiond_e2e import proxy
from mentiond_e2e.snac import kept
from mentiond_e2e.wait import SLOW, until
from mentiond_e2e.znuny import fields

CREATE, UPDATE, POST = "/TicketCreate$", "/TicketUpdate$", "^/api/v1/statuses$"


def filed_once(b, word):
    """One ticket, and in it one whole article."""
    ticket = b.znuny.ticket_of(word, 30)
    b.daemon.wait_quiet()
    assert b.znuny.tickets(word) == [ticket]
    t = b.znuny.ticket(ticket)
    assert len(t["Article"]) == 1, [a["Subject"] for a in t["Article"]]
    assert fields(t["Article"][0])["SocialPost"]
    # A worker of the web server may have the ticket as it was in its cache.
    until("the ticket's fields", lambda: all(fields(b.znuny.ticket(ticket))[name] for name in ("SocialThread", "SocialUrl", "SocialNetwork")))
    return ticket


def answered_once(b, ticket, post, word):
    answer = b.alice.answer_of(post, word, 30)
    b.znuny.note_of(ticket, "Reply posted", answer["url"])
    b.daemon.wait_quiet()
    assert len(b.brand.posts(word)) == 1
    assert len(b.znuny.notes(ticket, subject="Reply posted")) == 1
    return answer


# --- Credentials ---

def test_a_wrong_token_stops_the_channel_only_and_resume_takes_the_right_one(bridge, znuny):
    right = bridge.brand.token
    bridge.channel["token"] = bridge.daemon.secret("token", "wrongwrongwrong")
    bridge.start(wait=False)
    bridge.daemon.wait_running("desk")
    until("the channel to stop", lambda: bridge.daemon.state_of("brand") == "stopped")
    assert bridge.daemon.instances()["brand"]["reason"]
    assert "stopped: a person is needed" in bridge.daemon.log()
    assert bridge.daemon.state_of("desk") == "running"
    (bridge.daemon.directory / "token").write_text(right + "\n")
    bridge.daemon.ctl("resume", "brand")
    bridge.daemon.wait_running()
    bridge.conversation()


def test_a_wrong_password_stops_the_helpdesk_and_mentions_wait_for_it(bridge, znuny):
    right = znuny.info["api_password"]
    bridge.desk["password"] = bridge.daemon.secret("password", "wrong-password")
    bridge.start(wait=False)
    bridge.daemon.wait_running("brand")
    until("the helpdesk to stop", lambda: bridge.daemon.state_of("desk") == "stopped")
    assert "refuses the user mentiond or the password" in bridge.daemon.instances()["desk"]["reason"]
    word = bridge.word()
    bridge.mention(f"{word} anybody?")
    row = bridge.daemon.wait_row(kind="mention")
    assert row["state"] == "new" and row["attempt"] == 0
    (bridge.daemon.directory / "password").write_text(right + "\n")
    bridge.daemon.ctl("resume", "desk")
    filed_once(bridge, word)


def test_a_token_that_is_revoked_while_a_reply_waits_keeps_the_reply(bridge, znuny):
    net = bridge.proxy_net()
    bridge.start()
    word, post, ticket = bridge.conversation()
    net.rule("GET", "/api/", proxy.answer(401, {"error": "The access token was revoked"}), times=None)
    net.rule("POST", "/api/", proxy.answer(401, {"error": "The access token was revoked"}), times=None)
    until("the channel to stop", lambda: bridge.daemon.state_of("brand") == "stopped")
    znuny.write(ticket, f"Answer {word}r")
    bridge.daemon.wait_row(kind="reply", state="waiting")
    assert bridge.daemon.state_of("desk") == "running"
    net.clear()
    bridge.daemon.ctl("resume", "brand")
    answered_once(bridge, ticket, post, f"{word}r")


# --- Down ---

@pytest.mark.weight(6)
def test_mentions_are_kept_while_the_helpdesk_is_down_and_filed_once_it_is_back(bridge, znuny):
    desk = bridge.proxy_desk()
    bridge.start()
    desk.down()
    words = [bridge.word() for _ in range(3)]
    for word in words:
        bridge.mention(f"{word} while it is down")
    until("attempts at all", lambda: len([r for r in bridge.daemon.queue(kind="mention") if r["attempt"] > 1]) == 3)
    assert not any(znuny.tickets(word) for word in words)
    desk.up()
    for word in words:
        filed_once(bridge, word)


def test_mentions_are_kept_while_the_helpdesk_is_down_from_the_start(bridge, znuny):
    desk = bridge.proxy_desk()
    desk.down()
    bridge.start(wait=False)
    bridge.daemon.wait_running("brand")
    word = bridge.word()
    bridge.mention(f"{word} while it is down")
    assert bridge.daemon.wait_row(kind="mention")["state"] == "new"
    assert bridge.daemon.instances()["desk"]["state"] == "starting"
    desk.up()
    filed_once(bridge, word)


@pytest.mark.weight(6)
def test_a_reply_waits_while_the_network_is_down_and_the_agent_is_told_once(bridge, znuny):
    net = bridge.proxy_net()
    bridge.start()
    word, post, ticket = bridge.conversation()
    net.down()
    znuny.write(ticket, f"Answer {word}r")
    note = znuny.note_of(ticket, "Reply delayed")
    assert "not posted yet" in note["Body"] and "Nothing needs to be done" in note["Body"]
    until("a second attempt", lambda: bridge.daemon.queue(kind="reply")[0]["attempt"] >= 2)
    net.up()
    answered_once(bridge, ticket, post, f"{word}r")
    assert len(znuny.notes(ticket, subject="Reply delayed")) == 1


def test_mentions_of_the_time_when_the_network_was_down_are_filed(bridge, znuny):
    net = bridge.proxy_net()
    bridge.start()
    net.down()
    bridge.daemon.wait_log("poll failed instance=brand")
    word = bridge.word()
    bridge.mention(f"{word} into the dark")
    net.up()
    filed_once(bridge, word)


def test_a_throttled_channel_waits_as_long_as_it_is_told(bridge, znuny):
    net = bridge.proxy_net()
    bridge.start()
    word, post, ticket = bridge.conversation()
    hits = net.rule("POST", POST, proxy.answer(429, {"error": "Too many requests"}, headers=[("Retry-After", "2")]))
    begun = time.monotonic()
    znuny.write(ticket, f"Answer {word}r")
    answered_once(bridge, ticket, post, f"{word}r")
    assert len(hits) == 1 and time.monotonic() - begun >= 2
    assert len(net.seen("POST", POST)) == 2


# --- Unknown ends ---

ENDS = {
    "cut before the server saw it": proxy.cut_before(),
    "cut after the server acted": proxy.cut_after(),
    "an error of the web server after it acted": proxy.answer(502, b"<h1>Bad gateway</h1>", "text/html", after=True),
    "an error of the web server before it acted": proxy.answer(502, b"<h1>Bad gateway</h1>", "text/html"),
    "an empty yes after it acted": proxy.answer(200, b"", "text/html", after=True),
    "a reply that comes too late": proxy.late(2.5 * SLOW),
}


@pytest.fixture(params=list(ENDS.values()), ids=list(ENDS))
def end(request):
    return request.param


def impatient(b, end):
    if end is ENDS["a reply that comes too late"]:
        b.desk["timeout"] = b.channel["timeout"] = f"{round(1000 * SLOW)}ms"


def test_a_new_ticket_is_made_once_in_spite_of(bridge, znuny, end):
    impatient(bridge, end)
    desk = bridge.proxy_desk()
    bridge.start()
    hits = desk.rule("POST", CREATE, end)
    word = bridge.word()
    bridge.mention(f"{word} does it reach you?")
    filed_once(bridge, word)
    assert len(hits) == 1


def test_a_reply_is_posted_once_in_spite_of(bridge, znuny, end):
    impatient(bridge, end)
    net = bridge.proxy_net()
    bridge.start()
    word, post, ticket = bridge.conversation()
    hits = net.rule("POST", POST, end)
    znuny.write(ticket, f"Answer {word}r")
    answered_once(bridge, ticket, post, f"{word}r")
    assert len(hits) == 1


def test_a_follow_up_is_filed_once_though_the_connection_was_cut_after_it(bridge, znuny):
    desk = bridge.proxy_desk()
    bridge.start()
    word, post, ticket = bridge.conversation()
    hits = desk.rule("POST", UPDATE, proxy.cut_after())
    bridge.mention(f"{word}2 again", reply_to=post)
    until("the cut", lambda: hits)
    znuny.customer_of(ticket, f"{word}2")
    bridge.daemon.wait_quiet()
    assert len(znuny.customers(ticket, f"{word}2")) == 1 and len(znuny.tickets(word)) == 1


def test_a_follow_up_into_a_ticket_that_is_merged_in_the_meantime_is_filed_in_the_main_ticket(bridge, znuny):
    """Between the look at the ticket and the article, which a merge that is over does not take along."""
    desk = bridge.proxy_desk()
    bridge.start()
    word, post, ticket = bridge.conversation()
    main = znuny.create(f"Plain {bridge.word()}")
    hits = desk.rule("POST", UPDATE, proxy.rewrite(lambda body: znuny.merge(ticket, main)))
    bridge.mention(f"{word}2 again", reply_to=post)
    until("the merge", lambda: hits)
    znuny.customer_of(main, f"{word}2")
    bridge.daemon.wait_quiet()
    assert len(znuny.customers(main, f"{word}2")) == 1


def test_a_note_into_a_ticket_that_was_merged_since_the_last_poll_is_written_in_the_main_ticket(bridge, znuny):
    """It is written without a look before; the look behind it tells."""
    bridge.desk.update(poll_every="1h", retry="50ms", settle="300ms")
    desk = bridge.proxy_desk()
    bridge.start()
    word, post, ticket = bridge.conversation()
    main = znuny.create(f"Plain {bridge.word()}")
    hits = desk.rule("POST", UPDATE, proxy.rewrite(lambda body: znuny.merge(ticket, main)))
    znuny.write(ticket, f"Answer {word}r")
    bridge.daemon.wait_quiet()
    bridge.daemon.ctl("poll", "desk")
    until("the merge", lambda: hits)
    znuny.note_of(main, "Reply posted")
    bridge.daemon.wait_quiet()
    assert len(znuny.notes(main, subject="Reply posted")) == 1 and len(bridge.brand.posts(f"{word}r")) == 1


def test_a_note_is_written_once_though_the_connection_was_cut_after_it(bridge, znuny):
    desk = bridge.proxy_desk()
    bridge.start()
    word, post, ticket = bridge.conversation()
    hits = desk.rule("POST", UPDATE, proxy.cut_after())
    znuny.write(ticket, f"Answer {word}r")
    until("the cut", lambda: hits)
    answered_once(bridge, ticket, post, f"{word}r")


def test_a_second_cut_in_a_row_does_not_double_either(bridge, znuny):
    net, desk = bridge.proxy_net(), bridge.proxy_desk()
    bridge.start()
    desk.rule("POST", CREATE, proxy.cut_before())
    made = desk.rule("POST", CREATE, proxy.cut_after())
    desk.rule("POST", "/TicketSearch$", lambda r: proxy.cut_before() if "SocialThread" in str(r.body) else None, times=2)
    word = bridge.word()
    post = bridge.mention(f"{word} does it reach you?")
    ticket = filed_once(bridge, word)
    assert len(made) == 1
    net.rule("POST", POST, proxy.cut_before())
    sent = net.rule("POST", POST, proxy.cut_after())
    net.rule("GET", "/context$", proxy.cut_before(), times=2)
    znuny.write(ticket, f"Answer {word}r")
    answered_once(bridge, ticket, post, f"{word}r")
    assert len(sent) == 1


def test_a_server_that_ends_each_connection_without_a_word_is_no_reason_for_doubt(bridge, znuny):
    """As snac does: a request that is sent on the connection of the one before may meet its end."""
    net, desk = bridge.proxy_net(), bridge.proxy_desk()
    net.rude = desk.rude = 0.05
    bridge.start()
    word, post, ticket = bridge.conversation()
    znuny.write(ticket, f"Answer {word}r")
    answered_once(bridge, ticket, post, f"{word}r")
    assert "verdict=ambiguous" not in bridge.daemon.log()
    assert len(net.seen("POST", POST)) == 1


# --- Half a ticket: Znuny has no transactions ---

def orphaned(b, change):
    """The helpdesk fails in the middle of making a ticket, for a reason of its own; returns the word."""
    desk = b.proxy_desk()
    b.start()
    hits = desk.rule("POST", CREATE, proxy.rewrite(change))
    word = b.word()
    b.mention(f"{word} does it reach you?")
    until("the request", lambda: hits)
    until("half a ticket", lambda: b.znuny.tickets(word))
    return word


def test_a_ticket_that_was_made_without_its_article_is_completed(bridge, znuny):
    def change(body):
        body["Article"]["Subject"] = "x" * 4000
    word = orphaned(bridge, change)
    filed_once(bridge, word)
    assert "verdict=ambiguous" in bridge.daemon.log()


def test_a_ticket_that_was_made_without_even_its_fields_is_completed(bridge, znuny):
    def change(body):
        next(f for f in body["DynamicField"] if f["Name"] == "SocialThread")["Value"] = "x" * 4000
    word = orphaned(bridge, change)
    filed_once(bridge, word)


def test_a_ticket_whose_article_lacks_its_key_is_known_by_its_history(bridge, znuny):
    def change(body):
        next(f for f in body["DynamicField"] if f["Name"] == "SocialPost")["Value"] = "x" * 4000
    word = orphaned(bridge, change)
    until("the ticket to be known", lambda: re.search(r"^\S+ info: filed .*operation=find.*verdict=ok", bridge.daemon.log(), re.M))
    bridge.daemon.wait_quiet()
    [ticket] = znuny.tickets(word)
    assert len(znuny.customers(ticket, word)) == 1 and len(znuny.ticket(ticket)["Article"]) == 1


def test_what_the_helpdesk_refuses_is_dead_and_is_filed_when_it_is_retried(bridge, znuny):
    desk = bridge.proxy_desk()
    bridge.start()

    def change(body):
        body["Article"]["SenderType"] = "nobody"
    hits = desk.rule("POST", CREATE, proxy.rewrite(change))
    word = bridge.word()
    bridge.mention(f"{word} does it reach you?")
    row = bridge.daemon.wait_row(kind="mention", state="dead")
    assert len(hits) == 1 and "SenderType" in row["reason"] and znuny.tickets(word) == []
    bridge.daemon.ctl("retry", row["id"])
    filed_once(bridge, word)


def test_what_the_network_refuses_is_told_to_the_agent(bridge, znuny):
    net = bridge.proxy_net()
    bridge.start()
    word, post, ticket = bridge.conversation()
    net.rule("POST", POST, proxy.answer(422, {"error": "Validation failed: you are rude"}))
    znuny.write(ticket, f"Answer {word}r")
    note = znuny.note_of(ticket, "Reply not posted")
    assert "you are rude" in note["Body"]
    assert bridge.daemon.wait_row(kind="reply")["state"] == "dead"
    assert bridge.brand.posts() == []


def test_a_reply_to_a_post_that_was_deleted_is_told_to_the_agent(bridge, znuny):
    net = bridge.proxy_net()
    bridge.start()
    word, post, ticket = bridge.conversation()
    # snac 2.75 cannot delete.
    net.rule("GET", f"/statuses/{kept(post)}", proxy.answer(404, {"error": "Record not found"}), times=None)
    znuny.write(ticket, f"Answer {word}r")
    note = znuny.note_of(ticket, "Reply not posted")
    assert note["Body"]
    bridge.daemon.wait_quiet()
    assert bridge.brand.posts() == [] and net.seen("POST", POST) == []
