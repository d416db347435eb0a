"""From the helpdesk into the network."""
import signal
import time

import pytest

from mentiond_e2e import faults, proxy
from mentiond_e2e.conversation import Conversation
from mentiond_e2e.fake import BRAND
from mentiond_e2e.http import request
from mentiond_e2e.snac import PUBLIC, kept
from mentiond_e2e.wait import SLOW, until

HISTORIES = "/TicketHistoryGet$"


def posted_once(b, ticket, post, word):
    """The reply with the word stands below the post, nowhere else, and the agent was told so once."""
    answer = b.alice.answer_of(post, word)
    b.znuny.note_of(ticket, "Reply posted", answer["url"])
    b.daemon.wait_quiet()
    assert len(b.brand.posts(word)) == 1
    assert len(b.znuny.notes(ticket, answer["url"], "Reply posted")) == 1
    return answer


def test_a_public_note_is_posted_once_as_a_reply_in_the_thread(bridge, znuny):
    net = bridge.proxy_net()
    bridge.start()
    word, post, ticket = bridge.conversation()
    znuny.write(ticket, f"It left our house today {word}r, and will be with you tomorrow.")
    answer = posted_once(bridge, ticket, post, f"{word}r")
    assert answer["in_reply_to_id"] == post["id"]
    sent = [r.json for r in net.seen("POST", "^/api/v1/statuses$")]
    assert len(sent) == 1
    assert sent[0]["status"] == f"{bridge.alice.handle} It left our house today {word}r, and will be with you tomorrow."
    assert sent[0]["in_reply_to_id"] == kept(post)
    assert sent[0]["visibility"] == "unlisted"       # never into the public timelines
    # Alice is told by her server.
    until("alice's notification", lambda: any(n["status"]["id"] == answer["id"] for n in bridge.alice.mentions()))
    # The note that confirms it is internal.
    note = znuny.notes(ticket, answer["url"])[0]
    assert str(note["IsVisibleForCustomer"]) == "0" and note["Body"].strip() == f"Your reply was posted: {answer['url']}"


def test_a_second_reply_is_posted_below_what_the_customer_wrote_last(up, znuny):
    word, post, ticket = up.conversation()
    znuny.write(ticket, f"First answer {word}r")
    answer = posted_once(up, ticket, post, f"{word}r")
    second = up.mention(f"{word}2 but still", reply_to=answer)
    znuny.customer_of(ticket, f"{word}2")
    znuny.write(ticket, f"Second answer {word}s")
    posted_once(up, ticket, second, f"{word}s")
    assert len(up.brand.posts(word)) == 2 and len(znuny.notes(ticket)) == 2


def test_two_notes_without_a_word_of_the_customer_between_are_both_posted(up, znuny):
    word, post, ticket = up.conversation()
    znuny.write(ticket, f"One {word}r")
    znuny.write(ticket, f"Two {word}s")
    posted_once(up, ticket, post, f"{word}r")
    posted_once(up, ticket, post, f"{word}s")


def test_a_reply_is_not_pushed_out_of_sight_by_many_notes_of_ours(up, znuny):
    word, post, ticket = up.conversation()
    # Between two polls of one process: after a start it would look further back.
    up.daemon.signal(signal.SIGSTOP)
    znuny.write(ticket, f"Behind the notes {word}r")
    for n in range(25):
        znuny.write(ticket, f"Note {n}", public=False, sender="mentiond")
    up.daemon.signal(signal.SIGCONT)
    posted_once(up, ticket, post, f"{word}r")


def test_a_direct_mention_gets_a_reply_that_is_as_private(bridge, znuny):
    net = bridge.proxy_net()
    bridge.start()
    word, post, ticket = bridge.conversation("my address is in here", visibility="direct")
    znuny.write(ticket, f"Between us {word}r")
    note = until("the post", lambda: bridge.brand.posts(f"{word}r"))[0]
    assert [r.json["visibility"] for r in net.seen("POST", "^/api/v1/statuses$")][0] in ("private", "direct")
    assert PUBLIC not in [*note["to"], *note.get("cc", [])]
    assert note["inReplyTo"] == post["uri"]
    status, _ = request("GET", note["url"], headers={"Accept": "application/activity+json"})
    assert status == 404
    znuny.note_of(ticket, "Reply posted")
    assert len(bridge.brand.posts(f"{word}r")) == 1


def test_an_html_note_is_posted_as_text_with_its_links(bridge, znuny):
    net = bridge.proxy_net()
    bridge.start()
    word, post, ticket = bridge.conversation()
    znuny.write(ticket, f"<div>Dear Alice,<br>see <a href=\"https://example.com/help?a=1&amp;b=2\">our help page</a> {word}r."
                        "</div><p>1 &lt; 2 &amp; <b>all</b> is well &#128230;</p>", content_type="text/html")
    bridge.alice.answer_of(post, f"{word}r")
    text = net.seen("POST", "^/api/v1/statuses$")[0].json["status"]
    assert "Dear Alice" not in text, text
    for part in "See our help page", "https://example.com/help?a=1&b=2", "1 < 2 & all is well \U0001f4e6":
        assert part in text, text
    for bad in "<div", "<a ", "<b>", "&amp;", "&lt;", "[1]":
        assert bad not in text, text


def test_a_reply_that_is_too_long_even_in_parts_is_held_with_a_note(bridge, znuny):
    bridge.channel["length_max"] = 500
    bridge.start()
    word, post, ticket = bridge.conversation()
    znuny.write(ticket, f"{word}r " + "Many words. " * 400)
    note = znuny.note_of(ticket, "Reply held")
    assert "parts" in note["Body"] and "!stop" in note["Body"]
    assert bridge.daemon.wait_row(kind="reply")["state"] == "held"
    znuny.write(ticket, f"Shorter {word}s")
    posted_once(bridge, ticket, post, f"{word}s")
    assert bridge.brand.posts(f"{word}r") == []


def test_a_file_that_the_network_does_not_take_is_held_with_a_note(up, znuny):
    word, post, ticket = up.conversation()
    znuny.write(ticket, f"See the form {word}r", attachment={"Filename": "form.exe", "ContentType": "application/x-dosexec", "Content": "Zm9ybQ=="})
    note = znuny.note_of(ticket, "Reply held")
    assert "form.exe" in note["Body"]
    assert up.brand.posts() == []


def test_a_reply_waits_as_long_as_hold_says(bridge, znuny):
    bridge.channel["hold"] = "2s"
    bridge.start()
    word, post, ticket = bridge.conversation()
    begun = time.monotonic()
    znuny.write(ticket, f"Not so fast {word}r")
    row = bridge.daemon.wait_row(kind="reply", state="waiting")
    assert bridge.brand.posts() == []
    posted_once(bridge, ticket, post, f"{word}r")
    assert 2 <= time.monotonic() - begun < 2 + 10 * SLOW
    assert row["attempt"] == 0


def test_a_reply_can_be_taken_back_while_it_is_held_back(bridge, znuny):
    bridge.channel["hold"] = "3s"
    bridge.start()
    word, post, ticket = bridge.conversation()
    znuny.write(ticket, f"I take it back {word}r")
    row = bridge.daemon.wait_row(kind="reply", state="waiting")
    bridge.daemon.ctl("drop", row["id"])
    assert bridge.daemon.ctl("show", row["id"])["row"]["state"] == "withdrawn"
    znuny.write(ticket, f"This I mean {word}s")
    posted_once(bridge, ticket, post, f"{word}s")
    assert bridge.brand.posts(f"{word}r") == []


def test_the_brands_own_posts_do_not_come_back_as_articles(up, znuny):
    word, post, ticket = up.conversation()
    znuny.write(ticket, f"Answer {word}r for @{up.brand.name}")
    posted_once(up, ticket, post, f"{word}r")
    up.mention(f"{word}2 thanks", reply_to=post)
    znuny.customer_of(ticket, f"{word}2")
    up.daemon.wait_quiet()
    assert len(znuny.customers(ticket)) == 2


@pytest.mark.weight(6)
@pytest.mark.parametrize("together", [True, False], ids=["read together", "read one by one"])
def test_replies_in_ten_conversations_at_once_each_go_to_their_own(bridge, znuny, together):
    """One poll reads them all, and so asks for the histories once; if the helpdesk cannot answer that, for each."""
    desk = bridge.proxy_desk()
    bridge.desk["poll_every"] = "1h"
    bridge.start()
    if not together:
        desk.rule("POST", HISTORIES, lambda r: proxy.answer(500) if "," in r.json["TicketID"] else None, times=None)
    word = bridge.word()
    posts = dict(enumerate(bridge.mentions([f"{word}n{n}x at once" for n in range(10)])))
    tickets = {n: znuny.ticket_of(f"{word}n{n}x") for n in posts}
    for n in posts:
        znuny.write(tickets[n], f"Answer {word}a{n}x")
    bridge.daemon.wait_quiet()
    bridge.daemon.ctl("poll", "desk")
    for n in posts:
        znuny.note_of(tickets[n], "Reply posted")
    # What snac stored: its view of a thread loses some of those that come at once.
    answers = {n: bridge.brand.posts(f"{word}a{n}x") for n in posts}
    assert {n: [a["inReplyTo"] for a in found] for n, found in answers.items()} == {n: [post["uri"]] for n, post in posts.items()}
    asked = [len(r.json["TicketID"].split(",")) for r in desk.seen("POST", HISTORIES)]
    details = [len(r.json["TicketID"].split(",")) for r in desk.seen("POST", "/TicketGet$") if "Attachments" in r.json]
    # Each is looked at once more before it goes.
    assert (asked, details) == (([10], [10] + 10 * [1]) if together else ([10] + 10 * [1], 20 * [1]))


@pytest.mark.skipif(faults.why_not() is not None, reason=faults.why_not() or "")
def test_a_reply_takes_no_request_that_is_not_needed(directory):
    """Mastodon refuses an answer to a post that is gone, so that it need not be asked before; it may keep none that it took,
    so that it is asked for it.  A note is written, and then it is looked whether its ticket was merged.
    Whether what the agent wrote still stands is asked once."""
    talk = Conversation(directory)
    try:
        talk.start()
        talk.wait_said()
        talk.daemon.stop()
        talk.verify()
    finally:
        talk.close()
    fake, post = talk.fake, next(s for s in talk.fake.statuses if s["account"] is BRAND)
    assert fake.seen(f"GET v1/statuses/{post['id']}") == 1
    assert fake.seen("POST v1/statuses") == fake.seen("TicketHistoryGet") == 1
    # The article that alice's thanks become is written between two looks, the note before one.
    looks = [body for name, body in fake.log if name == "TicketGet" and "ArticleSenderType" not in body]
    assert sorted(body.get("AllArticles", 0) for body in looks) == [0, 0, 1, 1]
