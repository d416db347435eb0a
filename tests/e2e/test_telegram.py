"""Telegram: a bot in groups and private chats, against a fake that is held against the vendor's own description, and a fake Zammad.

Nothing of the bot's token may be seen anywhere: each test ends with a look at the log, the store, the tickets, and what mentionctl says.
"""
import json
import re
import time

import pytest

from fakes.openapi import why_not
from fakes.server import Answer
from fakes.telegram import ALICE, CAROL, DAVE, PHOTO, TOKEN, Telegram, units
from mentiond_e2e import daemon as program, doctor, proxy
from mentiond_e2e.desk import TIMES, Desk
from mentiond_e2e.wait import SLOW, until

SECRET = TOKEN.split(":")[1]
SEND = "/send(Message|Photo|Document)$"


class Room(Desk):
    def __init__(self, directory):
        super().__init__(directory)
        self.net = self.net_server.model = Telegram()
        self.token_file = self.daemon.secret("bot-token", TOKEN)
        self.channel = self.daemon.config["channel"]["brand"] = dict(
            TIMES, plugin="telegram", server=self.net_server.base, token=self.token_file, helpdesk="desk", hold="0s")
        self.net_proxy = None

    def proxy_net(self):
        self.net_proxy = proxy.Proxy(self.net_server.base)
        self.channel["server"] = self.net_proxy.url
        return self.net_proxy

    def shown(self):
        with self.net.lock:
            return "\n".join(f"{chat}:{m['message_id']} {m.get('text')}" for (chat, _), m in self.net.messages.items())

    def posts(self, word):
        with self.net.lock:
            return [m for m in self.net.sent if word in m.get("text", m.get("caption", ""))]

    def answered_once(self, ticket, word):
        self.posted(word)
        self.note_of(ticket, "Reply posted")
        self.daemon.wait_quiet()
        [answer] = self.posts(word)
        return answer

    def posted(self, word):
        until(f"an answer with {word}", lambda: self.posts(word))

    def tell(self, who=ALICE, text="where is my parcel?", **more):
        """A message for the bot and its ticket: (word, message, ticket)."""
        word = self.word()
        m = self.net.say(who, f"{'@Shop_Bot ' if 'chat' in more else ''}{word} {text}", **more)
        ticket = self.ticket_of(word)
        self.daemon.wait_quiet()
        return word, m, ticket

    def refused_with(self, ticket, words, subject="Reply not posted"):
        note = self.note_of(ticket, subject)
        assert words in note.body, note.body

    def close(self):
        said = []
        try:
            if self.daemon.process and self.daemon.socket.exists():
                said = [json.dumps(self.daemon.ctl(*what)) for what in (["status"], ["queue"])]
        finally:
            self.net_proxy and self.net_proxy.down()
            super().close()          # looks for all secrets in the log
        assert not any(SECRET in text for text in said)
        for file in self.daemon.state.iterdir():
            assert not file.is_file() or SECRET.encode() not in file.read_bytes(), f"{file.name} has the token"
        for a in self.zammad.articles.values():
            assert SECRET not in (a.body + str(a.subject)), a.body
        assert not self.net.faults, self.net.faults


@pytest.fixture
def room(request, directory):
    r = request.node.bridge = Room(directory)
    yield r
    r.close()


@pytest.fixture
def up(room):
    return room.start()


@pytest.mark.skipif(why_not() is not None, reason=why_not() or "")
def test_a_request_that_is_not_as_telegram_describes_it_is_found(directory):
    """What each other test ends with can fail."""
    net = Telegram()
    for path, body, fault in (("getUpdates?ofset=1", b"", "unknown ofset"), ("sendMessage", b'{"chat_id": 1}', "'text' is a required"),
                              ("sendMessage", b'{"chat_id": 1, "text": "a", "to": 1}', "to"), ("getMee", b"", "is not described")):
        from fakes.server import Request
        net.faults = net.contract.faults(Request("POST" if body else "GET", f"/bot{TOKEN}/{path}", {"Content-Type": "application/json"}, body))
        assert len(net.faults) == 1 and fault in net.faults[0], net.faults


# --- Conversations

def test_a_private_message_is_a_ticket_and_the_answer_comes_into_the_chat(up):
    word, m, ticket = up.tell()
    article = up.customer_of(ticket, word)
    assert "From: Alice Adams (@alice)" in article.body and "Direct" in article.body and "https://t.me/alice" in article.body
    up.zammad.write(ticket, f"It left <b>today</b> {word}r & will be with you", html=False)
    answer = up.answered_once(ticket, f"{word}r")
    assert answer["chat"]["id"] == ALICE["id"] and answer["reply_to_message"]["message_id"] == m["message_id"]
    # As it was written, and without a handle: nobody else reads it.
    assert answer["text"] == f"It left <b>today</b> {word}r & will be with you"
    assert answer["method"] == "sendMessage" and "parse_mode" not in answer["asked"] and "entities" not in answer["asked"]
    assert "(no link known)" in up.note_of(ticket, "Reply posted").body


def test_a_private_chat_is_one_conversation(up):
    word, m, ticket = up.tell()
    up.net.say(ALICE, f"{word}2 and another thing")
    up.customer_of(ticket, f"{word}2")
    other, _, other_ticket = up.tell(CAROL)
    assert other_ticket is not ticket
    up.zammad.write(ticket, f"Both {word}r")
    assert up.answered_once(ticket, f"{word}r")["reply_to_message"]["text"].startswith(f"{word}2")


def test_in_a_group_only_what_is_for_the_bot_is_filed_and_answered_below(up):
    group = up.net.group("Fans", username="shop_fans")
    up.net.say(CAROL, "nice weather, write to mail@shop_bottles.example", chat=group)
    word, m, ticket = up.tell(chat=group)
    article = up.customer_of(ticket, word)
    assert f"https://t.me/shop_fans/{m['message_id']}" in article.body and "\nPublic" in article.body
    up.zammad.write(ticket, f"Yes {word}r")
    answer = up.answered_once(ticket, f"{word}r")
    assert (answer["chat"]["id"], answer["reply_to_message"]["message_id"]) == (group["id"], m["message_id"])
    assert answer["asked"]["reply_parameters"]["allow_sending_without_reply"] is False and answer["text"] == f"Yes {word}r"
    assert f"https://t.me/shop_fans/{answer['message_id']}" in up.note_of(ticket, "Reply posted").body
    # Who answers the bot need not name it; who answers her does not speak with it.
    up.net.say(ALICE, f"{word}2 thanks", chat=group, answers=answer)
    up.customer_of(ticket, f"{word}2")
    up.net.say(CAROL, f"{word}3 you are welcome", chat=group, answers=m)
    up.net.say(CAROL, "@shop_bot2 is another", chat=group)
    up.tell(CAROL, "/help@shop_bot", chat=group)
    assert len(up.customers(ticket)) == 2 and up.tickets(f"{word}3") == [] and len(up.zammad.tickets) == 2


def test_what_a_message_answers_is_quoted_once_where_the_agent_has_not_seen_it(up):
    closed = up.net.group("Insiders")
    claim = up.net.say(CAROL, "They closed the shop for good", chat=closed)
    word, m, ticket = up.tell(text="is that true?", chat=closed, answers=claim)
    body = up.customer_of(ticket, word).body
    assert "In answer to @carol" in body and "They closed the shop for good" in body
    assert f"https://t.me/c/{str(closed['id'])[4:]}/{m['message_id']}" in body and "For followers only" in body
    up.zammad.write(ticket, f"No {word}r")
    answer = up.answered_once(ticket, f"{word}r")
    up.net.say(ALICE, f"{word}2 good", chat=closed, answers=answer)
    assert "In answer to" not in up.customer_of(ticket, f"{word}2").body


def test_an_answer_in_a_forum_stays_in_its_topic(up):
    forum = up.net.group("Forum", is_forum=True)
    word, m, ticket = up.tell(chat=forum, topic=7)
    other, _, other_ticket = up.tell(CAROL, chat=forum, topic=7)
    assert ticket is not other_ticket and "In answer" not in up.customer_of(ticket, word).body
    up.zammad.write(ticket, f"Here {word}r")
    answer = up.answered_once(ticket, f"{word}r")
    assert answer["message_thread_id"] == 7 and answer["reply_to_message"]["message_id"] == m["message_id"]
    up.net.say(ALICE, f"{word}2 thanks", chat=forum, topic=7, answers=answer)
    up.customer_of(ticket, f"{word}2")


def test_what_opens_a_chat_is_no_message_and_who_has_no_name_has_a_number(up):
    up.net.say(DAVE, "/start", entities=[{"type": "bot_command", "offset": 0, "length": 6}])
    word, m, ticket = up.tell(DAVE)
    assert len(up.customers(ticket)) == 1 and f"From: Dave (user {DAVE['id']})" in up.customer_of(ticket, word).body
    assert len(up.zammad.tickets) == 1


def test_hidden_addresses_are_shown_and_what_is_no_text_is_told(up):
    word, m, ticket = up.tell(text="look here", entities=[{"type": "text_link", "offset": 0, "length": 4, "url": "https://evil.example/x"}])
    assert "https://evil.example/x" in up.customer_of(ticket, word).body
    up.net.say(ALICE, venue={"location": {"latitude": 1, "longitude": 2}, "title": "Depot", "address": "1 Road"}, location={"latitude": 1, "longitude": 2})
    until("the place", lambda: [a for a in up.customers(ticket) if "place: " in a.body])


@pytest.mark.parametrize("edited", [False, True])
def test_messages_of_one_second_are_filed_in_their_order(up, edited):
    up.net.clock = lambda: 1795300000 + 2 * 10 ** 7
    word = up.word()
    with up.net.lock:
        said = [up.net.say(ALICE, f"{word}n{n}") for n in range(5)]
        if edited:
            up.net.edit(said[1], f"{word}n1, as I meant it")
    ticket = up.ticket_of(f"{word}n0")
    up.customer_of(ticket, f"{word}n4")
    assert [re.search(r"n(\d)", a.body)[1] for a in sorted(up.customers(ticket), key=lambda a: a.id)] == list("01234")


# --- Nothing lost, nothing twice

def test_what_waits_before_the_first_start_is_not_filed_and_what_comes_then_is(room):
    before = [room.net.say(ALICE, f"old {n}") for n in range(130)]
    room.start()
    word, m, ticket = room.tell()
    assert len(before) == 130 and len(room.zammad.tickets) == 1 and len(room.customers(ticket)) == 1


def test_once_it_has_run_all_is_filed_even_if_nothing_had_been_there(up):
    up.daemon.stop()
    word = up.word()
    for n in range(3):
        up.net.say(ALICE, f"{word}n{n}")
    up.daemon.start()
    ticket = up.ticket_of(f"{word}n2")
    up.daemon.wait_quiet()
    assert len(up.customers(ticket, word)) == 3


def test_messages_of_a_time_when_nobody_ran_are_filed_once_in_pages_that_follow_at_once(up):
    up.tell()
    up.daemon.stop()
    word, n = up.word(), 250
    for k in range(n):
        up.net.say(ALICE, f"{word}n{k}x")
    up.channel["poll_every"] = "1h"
    up.daemon.start(wait=False)
    ticket = up.ticket_of(f"{word}n{n - 1}x", 60)
    up.daemon.wait_quiet(60)
    assert sorted(int(re.search(r"n(\d+)x", a.body)[1]) for a in up.customers(ticket, word)) == list(range(n))


@pytest.mark.parametrize("at", ["polled", "taken"])
def test_what_the_server_was_told_to_forget_is_in_the_journal(room, at):
    room.start()
    room.tell()
    room.daemon.stop()
    room.daemon.env["MENTIOND_CRASH_AT"] = f"telegram.{at}:2"     # the first of a process only says that it works
    room.daemon.start()
    word = room.word()
    room.net.say(ALICE, f"{word} hello")
    room.daemon.process.wait(20 * SLOW)
    room.daemon.process = None
    assert [u["message"]["text"] for u in room.net.updates] == [f"{word} hello"]     # it is not forgotten yet
    room.daemon.env.clear()
    room.daemon.start()
    room.filed_once(word)
    until("it to be forgotten", lambda: not room.net.updates)


def test_numbers_of_updates_that_begin_anew_below_are_followed(up):
    word, m, ticket = up.tell()
    until("a poll that waits", lambda: up.net.polls == 1 and not up.net.updates)
    with up.net.lock:
        up.net.next_update = 1000
    up.net.say(ALICE, f"{word}2 after a quiet week")
    up.customer_of(ticket, f"{word}2")
    up.daemon.wait_quiet()
    asked = len(up.net.asked)
    until("a poll that waits below", lambda: up.net.asked[-1][1].get("offset") == "1001" and up.net.polls == 1)
    assert len(up.net.asked) - asked < 3


def test_a_poll_waits_at_the_server_and_ends_at_once_when_the_daemon_does(up):
    up.tell()
    until("a poll that waits", lambda: up.net.polls == 1)
    n, begun = len(up.net.asked), time.monotonic()
    assert float(up.net.asked[-1][1]["timeout"]) == 50       # of the 60 s that a request may take
    word, m, ticket = up.tell()
    assert sum(method == "getUpdates" for method, *_ in up.net.asked[n:]) <= 2
    until("a poll that waits", lambda: up.net.polls == 1)
    assert up.daemon.stop() < 5 * SLOW
    up.channel["timeout"] = "12s"
    up.daemon.start()
    until("a shorter poll", lambda: up.net.polls and float(up.net.asked[-1][1]["timeout"]) == 10)


@pytest.mark.parametrize("fault", [proxy.cut_after(), proxy.answer(500, {"ok": False, "error_code": 500, "description": "Internal Server Error"}, after=True),
                                   proxy.answer(502, b"<html>Bad Gateway</html>", "text/html", after=True), proxy.answer(200, b"", after=True),
                                   proxy.answer(200, {"ok": True, "result": True}, after=True)],
                         ids=["cut", "500", "502", "200 that is empty", "200 without a message"])
def test_an_answer_of_which_nobody_knows_whether_it_arrived_is_held_and_said_once(room, fault):
    net = room.proxy_net()
    room.start()
    word, m, ticket = room.tell()
    net.rule("POST", SEND, fault)
    room.zammad.write(ticket, f"Perhaps {word}r")
    room.refused_with(ticket, "this network cannot be asked", "Reply held")
    room.daemon.restart()
    room.daemon.wait_quiet()
    assert len(room.posts(f"{word}r")) == 1 and len(net.seen("POST", SEND)) == 1
    assert room.daemon.wait_row(kind="reply")["state"] == "held"


def test_an_answer_on_its_way_when_the_daemon_is_killed_is_held(room):
    net = room.proxy_net()
    room.start()
    word, m, ticket = room.tell()
    net.rule("POST", SEND, proxy.cut_after(room.daemon.kill))
    room.zammad.write(ticket, f"Perhaps {word}r")
    until("the end", lambda: room.daemon.process is None)
    room.daemon.start()
    room.refused_with(ticket, "this network cannot be asked", "Reply held")
    assert len(net.seen("POST", SEND)) == 1


def test_what_nobody_saw_is_said_again(room):
    net = room.proxy_net()
    room.start()
    word, m, ticket = room.tell()
    net.down()
    room.zammad.write(ticket, f"Later {word}r")
    until("an attempt", lambda: room.daemon.queue(kind="reply") and room.daemon.queue(kind="reply")[0]["attempt"] > 0)
    net.up()
    room.answered_once(ticket, f"{word}r")


# --- What the server says no with

def test_too_much_is_said_again_when_the_body_says_so(room):
    net = room.proxy_net()
    room.start()
    word, m, ticket = room.tell()
    refused = net.rule("POST", SEND, proxy.answer(429, {"ok": False, "error_code": 429, "description": "Too Many Requests: retry after 2",
                                                        "parameters": {"retry_after": 2}}))
    room.zammad.write(ticket, f"Soon {word}r")
    room.answered_once(ticket, f"{word}r")
    first, second = net.seen("POST", SEND)
    assert first is refused[0] and 2 <= second.at - first.at < 2 + 15 * SLOW     # not the minute that counts without a word


def test_a_chat_that_wants_no_more_for_long_stops_no_other(room):
    net = room.proxy_net()
    room.start()
    word, m, ticket = room.tell()
    other, _, elsewhere = room.tell(CAROL)
    refused = net.rule("POST", SEND, proxy.answer(429, {"ok": False, "error_code": 429, "description": "Too Many Requests: retry after 10072",
                                                        "parameters": {"retry_after": 10072}}))
    room.zammad.write(ticket, f"Late {word}r")
    until("a refusal", lambda: refused)
    room.zammad.write(elsewhere, f"At once {other}r")
    room.posted(other)
    late = room.word()
    room.net.say(CAROL, f"{late} and one thing more")
    room.ticket_of(late)                             # polls go on, too
    assert room.posts(word) == [] and [row["state"] for row in room.daemon.queue(kind="reply")] == ["waiting"]
    assert [json.loads(r.body)["chat_id"] for r in net.seen("POST", SEND)] == [m["chat"]["id"], CAROL["id"]]


@pytest.mark.parametrize("status, words", [(401, "Unauthorized"), (404, "Not Found")])
def test_a_token_that_is_none_any_more_stops_the_channel_until_a_person_comes(room, status, words):
    net = room.proxy_net()
    room.start()
    word, m, ticket = room.tell()
    net.rule("POST", SEND, proxy.answer(status, {"ok": False, "error_code": status, "description": words}))
    room.zammad.write(ticket, f"Wait {word}r")
    until("the stop", lambda: room.daemon.state_of("brand") == "stopped")
    assert words in room.daemon.instances()["brand"]["reason"] and "/bot{token}/sendMessage" in room.daemon.instances()["brand"]["reason"]
    room.daemon.ctl("resume", "brand")
    room.answered_once(ticket, f"{word}r")


@pytest.mark.parametrize("private, words", [(True, "bot was blocked by the user"), (False, "bot was kicked from the supergroup chat")])
def test_who_does_not_want_to_hear_the_bot_is_told_to_the_agent(up, private, words):
    word, m, ticket = up.tell(**({} if private else {"chat": up.net.group("Fans")}))
    up.net.blocked.add(m["chat"]["id"])
    up.zammad.write(ticket, f"Hello {word}r")
    up.refused_with(ticket, words)
    assert up.posts(word) == [] and up.daemon.state_of("brand") == "running"


@pytest.mark.parametrize("private", [True, False])
def test_an_answer_to_what_is_gone_is_said_where_only_two_read_it(up, private):
    word, m, ticket = up.tell(**({} if private else {"chat": up.net.group("Fans")}))
    with up.net.lock:
        del up.net.messages[m["chat"]["id"], m["message_id"]]
    up.zammad.write(ticket, f"Hello {word}r")
    if private:
        assert "reply_to_message" not in up.answered_once(ticket, f"{word}r")
    else:
        up.refused_with(ticket, "what it answers is gone")
        assert up.posts(word) == []


def test_an_answer_follows_a_group_that_has_become_another(up):
    group = up.net.group("Fans", id=-4001, type="group")
    word, m, ticket = up.tell(chat=group)
    assert "Post: " not in up.customer_of(ticket, word).body         # what is in a basic group has no address
    new = up.net.migrate(group)
    for _ in range(20):
        up.net.message(new, CAROL, text="not what is answered, by its number")
    up.zammad.write(ticket, f"Hello {word}r")
    answer = up.answered_once(ticket, f"{word}r")
    assert answer["chat"]["id"] == new["id"] and answer["reply_to_message"] is m
    up.net.say(ALICE, f"{word}2 thanks", chat=new, answers=answer)
    up.customer_of(ticket, f"{word}2")


def test_a_webhook_keeps_the_channel_from_starting_until_it_is_gone(room):
    room.net.webhook = "https://other.example/hook/secret"
    room.start(wait=False)
    room.daemon.wait_running("desk")
    until("the refusal", lambda: room.daemon.state_of("brand") == "stopped")
    reason = room.daemon.instances()["brand"]["reason"]
    assert "a webhook is set for this bot" in reason and "deleteWebhook" in reason and "other.example" not in reason
    assert not [a for a in room.net.asked if a[0] == "getUpdates"]
    room.net.webhook = ""
    room.daemon.ctl("resume", "brand")
    room.daemon.wait_running()
    room.tell()


@pytest.mark.parametrize("what", ["webhook", "poller"])
def test_another_program_that_takes_the_messages_is_told_and_stops_the_channel_when_it_goes_on(up, what):
    word, m, ticket = up.tell()
    up.net.conflicts = 1             # one is a person who looks
    up.net.say(ALICE, f"{word}2")
    up.customer_of(ticket, f"{word}2")
    until("a poll that waits", lambda: up.net.polls == 1)
    assert "another program asks" in up.daemon.log() and up.daemon.state_of("brand") == "running"
    with up.net.lock:
        if what == "webhook":
            up.net.webhook = "https://other.example/"
        else:
            up.net.conflicts = 1000
    up.net.say(ALICE, f"{word}3")
    until("the stop", lambda: up.daemon.state_of("brand") == "stopped")
    assert "end it, or make another bot" in up.daemon.instances()["brand"]["reason"]


def test_a_proxy_that_repeats_what_it_was_asked_does_not_bring_the_token_to_light(room):
    """The look at everything, at the end of the test, is what counts."""
    net = room.proxy_net()
    room.start()
    word, m, ticket = room.tell()

    def echo(request):
        return proxy.answer(403, {"message": f"no route for {request.path}, that is {request.path.replace(':', '%3A')}"})
    net.rule("POST", SEND, echo)
    room.zammad.write(ticket, f"Hello {word}r")
    room.refused_with(ticket, "no route for /bot***/sendMessage, that is /bot***/sendMessage")
    net.rule("GET", "/getUpdates", echo, times=2)
    net.rule("GET", "/getUpdates", lambda r: proxy.answer(200, f"<p>{r.path}</p>".encode(), "text/html"), times=2)
    word2 = room.word()
    room.net.say(ALICE, f"{word2}")
    room.customer_of(ticket, word2)


# --- Edits, files, lengths

def changes(room, ticket):
    return [a.body for a in room.notes(ticket, "Post changed")]


def test_an_edit_is_told_once(up):
    word, m, ticket = up.tell()
    up.net.edit(m, f"{word} where is my LETTER?")
    until("the change", lambda: changes(up, ticket))
    with up.net.lock:                # the server may repeat what it was not told to forget
        up.net.tell("edited_message", m)
    up.net.say(ALICE, f"{word}2")
    up.customer_of(ticket, f"{word}2")
    up.daemon.wait_quiet()
    [told] = changes(up, ticket)
    assert "my parcel?" in told and "my LETTER?" in told and len(up.customers(ticket)) == 2


def test_an_edit_that_comes_with_what_it_changes_is_not_lost(up):
    up.tell(CAROL)
    up.daemon.stop()
    word = up.word()
    m = up.net.say(ALICE, f"{word} where is my parcel?")
    up.net.edit(m, f"{word} where is my LETTER?")
    up.daemon.start()
    ticket = up.ticket_of(word)
    up.daemon.wait_quiet()
    assert len(up.customers(ticket)) == 1
    assert "my LETTER?" in up.customer_of(ticket, word).body + "".join(changes(up, ticket))


def test_an_edit_that_the_daemon_was_killed_over_is_told_after_it(room):
    room.start()
    word, m, ticket = room.tell()
    room.daemon.stop()
    room.daemon.env["MENTIOND_CRASH_AT"] = "telegram.polled:2"
    room.daemon.start()
    room.net.edit(m, f"{word} where is my LETTER?")
    room.daemon.process.wait(20 * SLOW)
    room.daemon.process = None
    room.daemon.env.clear()
    room.daemon.start()
    until("the change", lambda: changes(room, ticket))
    room.daemon.wait_quiet()
    assert len(changes(room, ticket)) == 1


def test_who_names_the_bot_by_an_edit_is_heard(up):
    group = up.net.group("Fans")
    word = up.word()
    m = up.net.say(ALICE, f"{word} hello?", chat=group)
    up.net.edit(m, f"@shop_bot {word} hello?")
    up.ticket_of(word)


def test_a_photo_is_attached_and_its_address_is_nobodys(up):
    word = up.word()
    up.net.say(ALICE, caption=f"{word} it is broken", **up.net.photo())
    ticket = up.ticket_of(word)
    article = up.customer_of(ticket, word)
    [file] = article.files
    assert (file.data, file.name) == (PHOTO, "file_0.jpg") and "Not attached" not in article.body
    up.net.say(ALICE, caption=f"{word}2", document={"file_id": "gone", "file_unique_id": "g", "file_name": "me.png", "mime_type": "image/png"})
    body = up.customer_of(ticket, f"{word}2").body
    assert "Not attached: image/png (" in body and "wrong file_id" in body and "me.png" in body
    up.net.say(ALICE, caption=f"{word}3", document={"file_id": "x", "file_unique_id": "x", "file_name": "a.exe", "mime_type": "application/x-dosexec"})
    assert "it is of type" in up.customer_of(ticket, f"{word}3").body


def test_the_pictures_of_an_album_come_with_the_one_that_names_the_bot(up):
    group = up.net.group("Fans")
    word = up.word()
    with up.net.lock:
        up.net.say(ALICE, chat=group, media_group_id="a1", caption=f"@shop_bot {word} look", **up.net.photo())
        up.net.say(ALICE, chat=group, media_group_id="a1", **up.net.photo(b"\xff\xd8 second"))
        up.net.say(CAROL, chat=group, media_group_id="b1", **up.net.photo(b"\xff\xd8 other"))
    ticket = up.ticket_of(word)
    up.net.say(ALICE, chat=group, media_group_id="a1", **up.net.photo(b"\xff\xd8 third"))
    until("three pictures", lambda: len(up.customers(ticket)) == 3)
    up.daemon.wait_quiet()
    assert sorted(f.data for a in up.customers(ticket) for f in a.files) == [b"\xff\xd8 second", b"\xff\xd8 third", PHOTO]
    assert len(up.zammad.tickets) == 1


def test_two_albums_of_one_poll_keep_their_pictures(up):
    group = up.net.group("Fans")
    words = up.word(), up.word()
    with up.net.lock:
        for who, word in zip((ALICE, CAROL), words):
            up.net.say(who, chat=group, media_group_id=word, caption=f"@shop_bot {word} look", **up.net.photo())
        for who, word in zip((ALICE, CAROL), words):
            up.net.say(who, chat=group, media_group_id=word, **up.net.photo(b"\xff\xd8 " + word.encode()))
    for word in words:
        ticket = up.ticket_of(word)
        until("two pictures", lambda: len(up.customers(ticket)) == 2)
        assert sorted(f.data for a in up.customers(ticket) for f in a.files) == sorted([b"\xff\xd8 " + word.encode(), PHOTO])


def test_files_go_out_as_photos_or_documents(up):
    word, m, ticket = up.tell()
    up.zammad.write(ticket, f"The form {word}r", files={"form.txt": b"a form"})
    answer = up.answered_once(ticket, f"{word}r")
    assert answer["method"] == "sendDocument" and answer["caption"] == f"The form {word}r" and answer["file"][1:3] == (b"a form", "form.txt")
    assert answer["reply_to_message"]["message_id"] == m["message_id"]
    up.zammad.write(ticket, f"A picture {word}s", pictures={"shot.png": b"\x89PNG"})
    until("the picture", lambda: up.posts(f"{word}s"))
    assert [p["method"] for p in up.posts(f"{word}s")] == ["sendPhoto"]
    up.zammad.write(ticket, f"Much {word}t " + "to say " * 200, files={"form.txt": b"a form"})
    up.refused_with(ticket, "can have 1024 characters")
    assert up.posts(f"{word}t") == []


def test_lengths_are_counted_as_telegram_does(up):
    word, m, ticket = up.tell()
    text = f"{word}r " + "\U0001f4e6 \u00e4" * 1500
    assert len(text) < 4700 and units(text) > 6000
    up.zammad.write(ticket, text, html=False)
    until("both parts", lambda: len(up.net.sent) == 2)
    up.daemon.wait_quiet()
    assert all(4096 >= units(p["text"]) > 1000 for p in up.net.sent) and len(up.net.sent) == 2


def test_agents_edit_delete_and_like(room):
    net, up = room.proxy_net(), room.start()
    word, m, ticket = up.tell()
    up.zammad.write(ticket, f"It left {word}r")
    answer = up.answered_once(ticket, f"{word}r")
    net.rule("POST", "/editMessageText$", proxy.cut_after())     # and then there is nothing to change
    up.zammad.write(ticket, f"!edit It leaves tomorrow {word}r", public=False)
    assert "Not done" not in up.note_of(ticket, "!edit").body and len(net.seen("POST", "/editMessageText$")) == 2
    until("the edit", lambda: up.net.messages[answer["chat"]["id"], answer["message_id"]]["text"] == f"It leaves tomorrow {word}r")
    up.zammad.write(ticket, "!like", public=False)
    until("the like", lambda: up.net.liked.get((ALICE["id"], m["message_id"])) == [{"type": "emoji", "emoji": "\U0001f44d"}])
    up.zammad.write(ticket, "!delete", public=False)
    until("the end of it", lambda: [d["message_id"] for d in up.net.deleted] == [answer["message_id"]])
    up.zammad.write(ticket, f"!dm only for you {word}d", public=False)
    up.answered_once(ticket, f"{word}d")


def test_what_is_for_one_alone_is_not_said_in_a_group(up):
    word, m, ticket = up.tell(chat=up.net.group("Fans"))
    up.zammad.write(ticket, f"!dm your address {word}d", public=False)
    up.refused_with(ticket, "nothing can be said in private here", "Reply held")
    assert up.posts(word) == []


# --- What is out of order

HOSTILE = [
    None, 7, "text", [], {}, {"update_id": 1}, {"update_id": 5, "message": None}, {"update_id": 5, "message": {"chat": []}},
    {"update_id": 5, "message": {"message_id": "9 9\n", "chat": {"id": "a b", "type": "private"}, "from": {"id": {}}, "text": ["x"]}},
    {"update_id": 5, "message": {"message_id": 1, "chat": {"id": 70009, "type": "private"}, "text": "no author"}},
    {"update_id": 5, "message": {"message_id": 2, "date": 1 << 60, "chat": {"id": -1, "type": "group"}, "from": {"id": 1}, "entities": [[]], "text": "@shop_bot"}},
    {"update_id": 5, "edited_message": {"message_id": 3, "chat": {"id": 70008, "type": "private"}, "from": {}, "text": "x"}},
]


def test_updates_that_are_out_of_order_do_not_keep_the_others_from_coming(up):
    with up.net.lock:
        for n, update in enumerate(HOSTILE):
            update = dict(update, update_id=up.net.next_update) if isinstance(update, dict) else update
            up.net.updates.append(update if isinstance(update, dict) else {"update_id": up.net.next_update, "message": update})
            up.net.next_update += 1
        up.net.say({**ALICE, "first_name": "\u202e\u0000<b>" + "A" * 9000, "username": "x" * 5000}, "hostile " + "z" * 100000)
    word, m, ticket = up.tell(CAROL)
    until("all to be taken", lambda: not up.net.updates)
    [theirs] = [a for a in up.zammad.articles.values() if "hostile" in a.body]
    assert "\u202e" not in theirs.body and up.daemon.state_of("brand") == "running" and "crash" not in up.daemon.log()
    assert len(up.zammad.tickets) == 3       # hers, the long one, and that of a group where a stranger without a name calls


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"ok":true}', b'{"ok":true,"result":{}}', b'{"ok":true,"result":[{"message":{}}]}', b"<html>", b""])
def test_an_answer_to_a_poll_that_is_none_moves_nothing(room, body):
    net = room.proxy_net()
    room.start()
    word, m, ticket = room.tell()
    until("a poll that waits", lambda: room.net.polls == 1)
    bad = net.rule("GET", "/getUpdates", proxy.answer(200, body), times=1)
    room.net.say(ALICE, f"{word}2")
    room.customer_of(ticket, f"{word}2")
    room.net.say(ALICE, f"{word}3")
    room.customer_of(ticket, f"{word}3")
    assert len(bad) == 1 and len(room.customers(ticket)) == 3


def test_a_token_that_cannot_be_one_is_a_mistake_in_the_configuration(room):
    room.channel["token"] = room.daemon.secret("bad", "123:abc/../evil")
    room.daemon.write()
    status, said = program.mentiond("-c", room.daemon.file, "--check-config")
    assert status != 0 and "token is not of the form" in said and "abc/../evil" not in said


def test_the_doctor_tells_of_webhooks_privacy_and_tokens(up):
    r = doctor.run(up.daemon, "doctor", "brand")
    assert "@shop_bot" in r.line("ok", "brand", "token") and r.line("ok", "brand", "webhook") and "is off" in r.line("ok", "brand", "groups")
    up.net.bot["can_read_all_group_messages"] = False
    up.net.webhook = "https://other.example/"
    r = doctor.run(up.daemon, "doctor", "brand")
    assert "/setprivacy" in r.line("unclear", "brand", "groups") and "deleteWebhook" in r.line("wrong", "brand", "webhook")
    up.net.token = TOKEN[:-1] + "y"
    assert "BotFather" in doctor.run(up.daemon, "doctor", "brand").line("wrong", "brand", "token")
