"""From the network into the helpdesk."""
import base64
import re
import time

import pytest

from mentiond_e2e import faults
from mentiond_e2e.conversation import Conversation
from mentiond_e2e.fake import ACTOR
from mentiond_e2e.snac import kept
from mentiond_e2e.wait import until
from mentiond_e2e.znuny import fields, listed


def test_a_first_mention_becomes_one_ticket_that_says_all(up, znuny):
    word, post, ticket = up.conversation("My parcel has not arrived. Where is it?")
    t = znuny.ticket(ticket)
    assert fields(t)["SocialThread"] == f"brand:{kept(post)}"
    assert fields(t)["SocialUrl"] == post["url"]
    assert fields(t)["SocialNetwork"] == "mastodon"
    assert t["Queue"] == znuny.info["queue"] and t["State"] == "new"
    assert word in t["Title"] and "My parcel has not arrived" in t["Title"] and "\n" not in t["Title"]
    assert t["CustomerUserID"] == f"mastodon:{up.alice.handle}"
    # As what comes by mail: nobody's yet, so that it stands in the queue.
    assert t["Lock"] == "unlock" and t["Owner"] == "root@localhost"
    assert len(t["Article"]) == 1
    a = t["Article"][0]
    assert a["SenderType"] == "customer" and str(a["IsVisibleForCustomer"]) == "1" and a["CommunicationChannel"] == "Internal"
    assert a["From"] == "alice via Mastodon"
    assert fields(a)["SocialPost"] == f"brand:{kept(post)}"
    assert "My parcel has not arrived. Where is it?" in a["Body"]
    assert f"Post: {post['url']}" in a["Body"]
    assert f"From: alice ({up.alice.handle})" in a["Body"]
    assert f"Profile: {up.alice.actor}" in a["Body"]


def test_nobody_gets_mail_of_what_is_filed_or_noted(up, znuny):
    word, post, ticket = up.conversation()
    znuny.write(ticket, f"{word} is on its way.")
    answer = up.alice.answer_of(post, word)
    znuny.note_of(ticket, "Reply posted")
    up.mention(f"{word}2 thanks", reply_to=answer)
    znuny.customer_of(ticket, f"{word}2")
    assert znuny.sql("SELECT recipient FROM mail_queue") == []
    assert [a for a in znuny.ticket(ticket)["Article"] if a["SenderType"] == "system"] == []


def test_what_was_there_before_the_first_start_is_not_filed(bridge, znuny):
    old, new = bridge.word(), bridge.word()
    bridge.mention(f"{old} long ago")
    until("the mention to arrive", bridge.brand.mentions)
    bridge.start()
    bridge.mention(f"{new} today")
    znuny.ticket_of(new)
    bridge.daemon.wait_quiet()
    assert znuny.tickets(old) == []


def test_what_came_while_mentiond_was_down_is_filed_when_it_is_up_again(up, znuny):
    up.conversation()
    up.daemon.stop()
    word = up.word()
    up.mention(f"{word} is anybody there?")
    up.daemon.start()
    znuny.ticket_of(word)


def test_a_follow_up_goes_into_the_same_ticket(up, znuny):
    word, post, ticket = up.conversation()
    second = up.alice.post(f"@{up.brand.name} {word}2 and it was dear", reply_to=post)
    a = znuny.customer_of(ticket, f"{word}2")
    assert fields(a)["SocialPost"] == f"brand:{kept(second)}"
    assert f"Post: {second['url']}" in a["Body"]
    assert len(znuny.customers(ticket)) == 2 and znuny.tickets(word) == [ticket]


def test_who_speaks_is_told_at_length_once_and_with_the_other_tickets(up, znuny):
    word, post, ticket = up.conversation()
    number = znuny.ticket(ticket)["TicketNumber"]
    first = znuny.customers(ticket)[0]["Body"]
    assert f"From: alice ({up.alice.handle})" in first and "Profile:" in first and "Earlier tickets" not in first
    up.alice.post(f"@{up.brand.name} {word}2 and it was dear", reply_to=post)
    second = znuny.customer_of(ticket, f"{word}2")["Body"]
    assert f"From: {up.alice.handle}\n" in second and "Profile:" not in second and f"Post: " in second
    # Somebody else in the same ticket is new there; in another ticket she is known by this one.
    up.mention(f"{word}3 mine neither", user=up.carol, reply_to=post)
    assert f"From: carol ({up.carol.handle})" in znuny.customer_of(ticket, f"{word}3")["Body"]
    other = up.word()
    up.mention(f"{other} now something else")
    body = znuny.customers(znuny.ticket_of(other))[0]["Body"]
    assert f"From: alice ({up.alice.handle})" in body
    assert f"Earlier tickets: 1\n- {number}" in body


def test_another_persons_mention_in_the_thread_goes_into_the_same_ticket(up, znuny):
    word, post, ticket = up.conversation()
    up.mention(f"{word}2 mine neither", user=up.carol, reply_to=post)
    assert znuny.customer_of(ticket, f"{word}2")["From"] == "carol via Mastodon"
    assert znuny.tickets(word) == [ticket]


def test_a_follow_up_reopens_a_closed_ticket(up, znuny):
    word, post, ticket = up.conversation()
    znuny.set(ticket, State="closed successful")
    assert znuny.ticket(ticket)["StateType"] == "closed"
    up.mention(f"{word}2 still nothing", reply_to=post)
    znuny.customer_of(ticket, f"{word}2")
    assert znuny.ticket(ticket)["State"] == "open"
    assert znuny.tickets(word) == [ticket]


def test_a_mention_that_answers_somebody_elses_post_quotes_it(up, znuny):
    word = up.word()
    first = up.carol.post(f"{word}q which shop can you recommend?")
    up.mention(f"{word} ask these", reply_to=first)
    ticket = znuny.ticket_of(word)
    body = znuny.customers(ticket)[0]["Body"]
    assert f"In answer to {up.carol.handle}:\n> " in body and f"\n{first['url']}\n" in body + "\n"
    assert f"> {word}q which shop can you recommend?" in body
    # A second mention in that thread, of which mentiond saw neither root nor parent, joins it.
    up.mention(f"{word}2 me too", user=up.carol, reply_to=first)
    znuny.customer_of(ticket, f"{word}2")
    assert len(znuny.tickets(word)) == 1


HOSTILE = ('<script>alert("{w}s")</script><img src=x onerror="alert(1)"><a href="javascript:alert(1)">here</a> '
           "&lt;b&gt;not bold&lt;/b&gt; \u202eevil \u2066iso zero\u200bwidth \x07\x1b[31m "
           "\U0001f4e6\U0001f469\u200d\U0001f4bb\r\nFrom: root@localhost\r\n\tend{w}")


def test_hostile_text_arrives_as_harmless_text(up, znuny):
    word = up.word()
    up.mention(word + " " + HOSTILE.format(w=word))
    ticket = znuny.ticket_of(word)
    t = znuny.ticket(ticket, Attachments=1, HTMLBodyAsAttachment=1)
    a = t["Article"][0]
    assert a["ContentType"].startswith("text/plain")
    assert listed(a.get("Attachment")) == []      # no HTML body either
    for text in t["Title"], a["Subject"], a["Body"], a["From"]:
        for bad in "<script", "onerror", "javascript:", "\u202e", "\u2066", "\x00", "\x07", "\x1b":
            assert bad not in text, f"{bad!r} in {text!r}"
    assert a["From"] == "alice via Mastodon"
    assert "\n" not in t["Title"] and "\n" not in a["Subject"] and "\r" not in a["Body"]
    assert "\U0001f4e6" in a["Body"] and "\U0001f469\u200d\U0001f4bb" in a["Body"]
    assert f"end{word}" in a["Body"] and "<b>not bold</b>" in a["Body"]


PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000"
                      "05000172f5a7a90000000049454e44ae426082")


def test_a_picture_of_a_mention_becomes_an_attachment(up, znuny):
    word = up.word()
    media = up.alice.upload(f"{word}.png", PIXEL + word.encode(), "image/png", "a broken box")
    up.mention(f"{word} look at this", media=[media])
    ticket = znuny.ticket_of(word)
    a = znuny.ticket(ticket, Attachments=1)["Article"][0]
    files = listed(a.get("Attachment"))
    assert len(files) == 1 and files[0]["ContentType"].startswith("image/png") and files[0]["Filename"].endswith(".png")
    assert base64.b64decode(files[0]["Content"]) == PIXEL + word.encode()
    assert "a broken box" in a["Body"] and "Not attached" not in a["Body"]


def test_a_picture_over_the_limit_is_a_line_with_its_address(bridge, znuny):
    bridge.channel["media_max"] = "4K"
    bridge.start()
    word = bridge.word()
    media = bridge.alice.upload(f"{word}.png", PIXEL + b"x" * 8192, "image/png")
    bridge.mention(f"{word} look at this", media=[media])
    ticket = znuny.ticket_of(word)
    a = znuny.ticket(ticket, Attachments=1)["Article"][0]
    assert listed(a.get("Attachment")) == []
    line = next(x for x in a["Body"].splitlines() if x.startswith("Not attached: "))
    assert line.startswith(f"Not attached: {bridge.snac.base}/") and ".png" in line


def test_media_at_private_addresses_are_not_fetched_unless_allowed(bridge, znuny):
    bridge.channel["media_private"] = False
    bridge.start()
    word = bridge.word()
    media = bridge.alice.upload(f"{word}.png", PIXEL, "image/png")
    bridge.mention(f"{word} look at this", media=[media])
    ticket = znuny.ticket_of(word)
    a = znuny.ticket(ticket, Attachments=1)["Article"][0]
    assert listed(a.get("Attachment")) == []
    assert "Not attached: " in a["Body"]


@pytest.mark.weight(8)
def test_twenty_mentions_at_once_become_twenty_tickets(up, znuny):
    word = up.word()
    up.mentions([f"{word}n{n}x all at once" for n in range(20)])
    until("twenty tickets", lambda: len(znuny.tickets(word)) >= 20, 40)
    up.daemon.wait_quiet()
    titles = [znuny.ticket(t)["Title"] for t in znuny.tickets(word)]
    assert len(titles) == 20
    for n in range(20):
        assert sum(f"{word}n{n}x" in t for t in titles) == 1


@pytest.mark.weight(9)
def test_posts_of_one_thread_are_filed_in_the_order_in_which_they_were_written(up, znuny):
    word, post, ticket = up.conversation()
    up.daemon.stop()
    for n in range(3):
        up.mention(f"{word}n{n}x and another thing", reply_to=post)
        time.sleep(1.1)          # snac tells when by the second
    up.daemon.start()
    until("all of them", lambda: len(znuny.customers(ticket)) >= 4)
    assert [re.search(word + "n(.)x", a["Body"])[1] for a in znuny.customers(ticket)[1:]] == ["0", "1", "2"]


def test_a_long_post_is_filed_whole(up, znuny):
    word = up.word()
    text = " ".join(f"part{n}" for n in range(3000))
    up.mention(f"{word} {text} end{word}")
    ticket = znuny.ticket_of(word)
    assert text in znuny.customers(ticket)[0]["Body"].replace("\n", " ")
    assert len(znuny.ticket(ticket)["Title"]) <= 200


@pytest.mark.skipif(faults.why_not() is not None, reason=faults.why_not() or "")
def test_a_poll_reads_on_below_a_page_with_something_new_only_if_that_is_older_than_the_horizon(directory):
    talk = Conversation(directory)
    fake = talk.fake

    def show(seconds_ago):
        with fake.lock:
            tickets, begun = fake.counts()["tickets"], len(fake.belows)
            fake.ahead = -seconds_ago
            fake.add(ACTOR, "@brand where is my parcel?")
            fake.ahead = 0
        if fake.knows_old():
            until("its ticket", lambda: fake.counts()["tickets"] > tickets)
        return [below for below in fake.belows[begun:] if below]
    try:
        for n in range(60, 0, -1):
            show(3600 + 60 * n)
        talk.start()
        until("the first poll", fake.knows_old)
        assert show(0) == []
        assert len(show(1800)) == 1
    finally:
        talk.close()
