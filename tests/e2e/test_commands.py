"""What an agent tells mentiond by internal notes, and what he is told before and after a reply goes out: with a real Znuny and a
real snac2, and with a fake Zammad."""
import pytest

from mentiond_e2e.daemon import mentiond
from mentiond_e2e.wait import SLOW, until

LONG = 60                        # seconds, for what begins with a look at all that there is

ASIDE = "private"                # as snac shows what it was told is direct
PIXEL = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")


@pytest.fixture
def held(bridge):
    """Replies wait until they are told to go."""
    bridge.channel["hold"] = "1h"
    bridge.start()
    return bridge


def command(b, ticket, text):
    """An internal note; returns the line that answers it, if the answer is the command's own."""
    word = text.split()[0]
    before = {n["ArticleID"] for n in b.znuny.notes(ticket, subject=word)}
    b.znuny.write(ticket, text, public=False)
    return until(f"an answer to {word}", lambda: [n for n in b.znuny.notes(ticket, subject=word) if n["ArticleID"] not in before])[0]["Body"]


def written(b, ticket, text, state="waiting"):
    """A public note, when its reply is in that state: its row."""
    b.znuny.write(ticket, text)
    return b.daemon.wait_row(kind="reply", state=state)


def test_stop_takes_a_reply_back(held, znuny):
    word, post, ticket = held.conversation()
    row = written(held, ticket, f"Wrong ticket {word}r")
    znuny.write(ticket, "!stop", public=False)
    assert "you took it back with !stop" in znuny.note_of(ticket, "Reply withdrawn")["Body"]
    assert held.daemon.ctl("show", row["id"])["row"]["state"] == "withdrawn"
    assert "there is no reply to take back" in command(held, ticket, "!stop")
    assert held.brand.posts() == []


def test_a_note_that_becomes_internal_while_it_is_held_is_taken_back(bridge, znuny):
    bridge.channel["hold"] = "3s"
    bridge.start()
    word, post, ticket = bridge.conversation()
    article = znuny.write(ticket, f"Oops {word}i")
    bridge.daemon.wait_row(kind="reply", state="waiting")
    znuny.set_visible(ticket, article, False)
    assert "the note is internal now" in znuny.note_of(ticket, "Reply withdrawn")["Body"]
    assert bridge.brand.posts() == []


def test_send_does_not_wait_and_is_answered(held, znuny):
    word, post, ticket = held.conversation()
    written(held, ticket, f"Right away {word}r")
    assert "goes out now" in command(held, ticket, "!send")
    held.alice.answer_of(post, f"{word}r")
    znuny.note_of(ticket, "Reply posted")


def test_a_card_number_is_held_until_the_agent_says_in_private(up, znuny):
    word, post, ticket = up.conversation()
    znuny.write(ticket, f"We charged {word}r 4111 1111 1111 1111 twice")
    note = znuny.note_of(ticket, "Reply held")["Body"]
    assert "the number of a card (4111…1111)" in note and "!dm" in note and "!send" in note
    assert up.brand.posts() == []
    assert "in private" in command(up, ticket, "!dm")
    assert up.alice.answer_of(post, f"{word}r")["visibility"] == ASIDE


def test_what_the_customer_said_himself_is_not_held(up, znuny):
    word, post, ticket = up.conversation("Call me: +49 30 901820")
    znuny.write(ticket, f"We will call {word}r +49 30 901820")
    up.alice.answer_of(post, f"{word}r")


def test_words_of_an_internal_note_are_held(up, znuny):
    word, post, ticket = up.conversation()
    secret = "the supplier has gone bankrupt and nobody may know before Monday morning"
    znuny.write(ticket, f"FYI {secret}", public=False)
    znuny.write(ticket, f"{word}r {secret}")
    assert "internal note" in znuny.note_of(ticket, "Reply held")["Body"]
    assert up.brand.posts() == []


def test_words_of_an_internal_note_are_held_also_where_an_internal_note_says_them(up, znuny):
    word, post, ticket = up.conversation()
    secret = "the supplier has gone bankrupt and nobody may know before Monday morning"
    znuny.write(ticket, f"FYI {secret}", public=False)
    znuny.write(ticket, f"!public {word}r {secret}", public=False)
    assert "internal note" in znuny.note_of(ticket, "Reply held")["Body"]
    znuny.write(ticket, "!stop", public=False)
    znuny.note_of(ticket, "Reply withdrawn")
    znuny.write(ticket, f"Well {word}r")
    up.alice.answer_of(post, f"{word}r")
    znuny.note_of(ticket, "Reply posted")
    assert "internal note" in command(up, ticket, f"!edit {word}r {secret}")
    assert "bankrupt" not in up.brand.posts(f"{word}r")[0]["content"]


def test_a_long_reply_is_shown_and_goes_out_in_parts(bridge, znuny):
    bridge.channel.update(hold="2s", length_max=200)
    bridge.start()
    word, post, ticket = bridge.conversation()
    znuny.write(ticket, f"{word}r " + " ".join(f"This is sentence number {n} of it." for n in range(12)))
    preview = znuny.note_of(ticket, "Reply preview")["Body"]
    znuny.note_of(ticket, "Reply posted")
    parts = sorted(bridge.brand.posts(), key=lambda p: p["id"])
    assert len(parts) == 3 or len(parts) == 2
    for n in range(1, len(parts) + 1):
        assert f"({n}/{len(parts)})" in preview
    by_id = {p["id"]: p for p in parts}
    first = next(p for p in parts if p["inReplyTo"] not in by_id)
    assert "sentence number 0" in first["content"] and "sentence number 11" not in first["content"]
    assert len({p["inReplyTo"] for p in parts}) == len(parts)            # each answers the one before


def test_salutation_and_signature_stay_in_the_helpdesk(bridge, znuny):
    bridge.channel["hold"] = "2s"
    bridge.start()
    word, post, ticket = bridge.conversation()
    znuny.write(ticket, f"Dear Alice,\n\nYour parcel {word}r is on its way.\n\nBest regards,\nAda Agent")
    preview = znuny.note_of(ticket, "Reply preview")["Body"]
    assert "Dear Alice" in preview and "Ada Agent" in preview
    content = bridge.alice.answer_of(post, f"{word}r")["content"]
    assert "is on its way" in content and "Dear" not in content and "Ada" not in content


def test_a_picture_goes_out_with_its_description(up, znuny):
    word, post, ticket = up.conversation()
    znuny.write(ticket, f"Here it is {word}r\nalt: The key, seen from above",
                attachment={"Filename": "key.png", "ContentType": "image/png", "Content": PIXEL})
    media = up.alice.answer_of(post, f"{word}r")["media_attachments"]
    assert [m["type"] for m in media] == ["image"] and "alt:" not in up.brand.posts(f"{word}r")[0]["content"]


def test_a_picture_of_an_internal_note_goes_out_with_what_that_says(up, znuny):
    word, post, ticket = up.conversation()
    znuny.write(ticket, f"!public Here it is {word}r", public=False, attachment={"Filename": "key.png", "ContentType": "image/png", "Content": PIXEL})
    assert [m["type"] for m in up.alice.answer_of(post, f"{word}r")["media_attachments"]] == ["image"]


def test_likes_and_what_cannot_be_done(up, znuny):
    word, post, ticket = up.conversation()
    assert "is liked" in command(up, ticket, "!like")
    assert "cannot be hidden" in command(up, ticket, "!hide")
    assert "Did you mean \"!repost\"" in command(up, ticket, "!repots")
    assert up.brand.posts() == []


def test_a_reply_is_edited_and_cannot_be_removed(up, znuny):
    word, post, ticket = up.conversation()
    znuny.write(ticket, f"Until Monday {word}r")
    up.alice.answer_of(post, f"{word}r")
    znuny.note_of(ticket, "Reply posted")
    assert "now reads" in command(up, ticket, f"!edit Until Tuesday {word}r")
    until("the edit", lambda: "Tuesday" in up.brand.posts(f"{word}r")[0]["content"])
    # snac's API has no removal.
    assert "posts cannot be removed here" in command(up, ticket, "!delete")
    assert len(up.brand.posts()) == 1


def test_a_command_in_a_public_note_is_held_with_a_question(up, znuny):
    word, post, ticket = up.conversation()
    znuny.write(ticket, f"!stop {word}r")
    assert "Is it meant for the customer" in znuny.note_of(ticket, "Reply held")["Body"]
    assert up.brand.posts() == []


def test_a_conversation_that_went_aside_is_closed_in_public(up, znuny):
    word, post, ticket = up.conversation()
    znuny.write(ticket, f"!dm Tell us your number {word}d", public=False)
    assert up.alice.answer_of(post, f"{word}d")["visibility"] == ASIDE
    znuny.note_of(ticket, "Reply posted")
    assert up.daemon.ctl("status")["owed"] == 1
    znuny.write(ticket, "Done on the phone", public=False, State="closed successful")
    assert "!close TEXT" in znuny.note_of(ticket, "Public closing")["Body"]
    znuny.write(ticket, f"!close All is well again {word}c", public=False)
    assert up.alice.answer_of(post, f"{word}c")["visibility"] != ASIDE
    assert up.daemon.ctl("status")["owed"] == 0
    assert "closed" in until("the closing", lambda: znuny.notes(ticket, subject="!close"))[0]["Body"]
    assert "closed" in znuny.ticket(ticket)["State"]


# --- Branches ---

def branch(b, znuny):
    """The word of a conversation, its first post and its ticket, and a post that answers it, that was given a ticket of its own."""
    word, post, ticket = b.conversation()
    second = b.mention(f"{word}b And mine?", reply_to=post)
    znuny.customer_of(ticket, f"{word}b")
    b.daemon.wait_quiet()
    answer = command(b, ticket, "!split")
    [new] = [t for t in znuny.tickets(f"{word}b") if t != ticket]
    assert f"has a ticket of its own: {znuny.ticket(new)['TicketNumber']}, " in answer and f"TicketID={new}" in answer
    return word, post, ticket, second, new


def test_split_gives_the_newest_post_and_what_answers_it_a_ticket_of_its_own(up, znuny):
    word, post, ticket, second, new = branch(up, znuny)
    [article] = znuny.customers(new)
    assert f"{word}b And mine?" in article["Body"] and f"Split from ticket {znuny.ticket(ticket)['TicketNumber']}, " in article["Body"]
    third = up.mention(f"{word}c Here, too", reply_to=second)
    up.mention(f"{word}d Hello?", reply_to=post)
    znuny.customer_of(new, f"{word}c")
    znuny.customer_of(ticket, f"{word}d")
    # What is said in either answers what stands in it, and what answers that belongs there.
    znuny.write(new, f"{word}r Tomorrow")
    znuny.note_of(new, "Reply posted")
    up.mention(f"{word}e Thank you", reply_to=up.alice.answer_of(third, f"{word}r"))
    znuny.customer_of(new, f"{word}e")
    znuny.write(ticket, f"{word}s Yours is lost")
    znuny.note_of(ticket, "Reply posted")
    up.daemon.wait_quiet()
    assert [len(znuny.customers(t)) for t in (ticket, new)] == [3, 3]
    assert sorted(znuny.tickets(word)) == sorted([ticket, new])
    assert len(up.brand.posts(f"{word}r")) == len(up.brand.posts(f"{word}s")) == 1


def test_split_by_mistake_is_answered(held, znuny):
    word, post, ticket = held.conversation()
    assert "this ticket shows one post" in command(held, ticket, "!split")
    held.mention(f"{word}b And mine?", reply_to=post)
    znuny.customer_of(ticket, f"{word}b")
    written(held, ticket, f"Soon {word}r")
    assert "a reply is held, or on its way" in command(held, ticket, "!split")
    held.daemon.wait_row(kind="reply", state="waiting")
    assert znuny.tickets(word) == [ticket]


@pytest.mark.weight(20)
@pytest.mark.timeout(300 * SLOW)
@pytest.mark.parametrize("lost", ["restored", "rebuilt"])
def test_a_store_that_has_forgotten_a_branch_finds_its_ticket(bridge, znuny, directory, lost):
    bridge.daemon.config["channel"] = {bridge.brand.name: bridge.channel}    # threads are known by it
    b = bridge.start()
    b.daemon.ctl("backup", directory / "backup.db")
    word, post, ticket, second, new = branch(b, znuny)
    third = b.mention(f"{word}c Here, too", reply_to=second)
    znuny.customer_of(new, f"{word}c")
    b.daemon.wait_quiet()
    b.daemon.stop()
    status, said = mentiond("-c", b.daemon.file, *(["--restore", directory / "backup.db"] if lost == "restored" else ["--rebuild", "3"]))
    assert status == 0, said
    b.daemon.start(wait=False)
    b.mention(f"{word}d Hello?", reply_to=third)
    b.mention(f"{word}e Hello?", reply_to=post)
    znuny.customer_of(new, f"{word}d", LONG)
    znuny.customer_of(ticket, f"{word}e", LONG)
    b.daemon.wait_quiet(LONG)
    assert [len(znuny.customers(t)) for t in (ticket, new)] == [3, 3]
    assert sorted(znuny.tickets(word)) == sorted([ticket, new])


def test_in_zammad_split_makes_a_ticket_that_is_linked_to_the_old_one(desk):
    z = desk.start().zammad
    word, post, ticket = desk.conversation()
    second = desk.mention(f"{word}b And mine?", parent=post)
    desk.customer_of(ticket, f"{word}b")
    desk.daemon.wait_quiet()
    z.write(ticket, "!split", public=False)
    answer = desk.note_of(ticket, "!split")
    [new] = [t for t in z.tickets.values() if t is not ticket]
    assert f"has a ticket of its own: {new.number}, {desk.desk_server.base}/#ticket/zoom/{new.id}" in answer.body
    assert z.pairs == [(new.id, ticket.id)]
    assert f"Split from ticket {ticket.number}, " in desk.customer_of(new, f"{word}b").body
    desk.mention(f"{word}c Here, too", parent=second)
    desk.mention(f"{word}d Hello?", parent=post)
    desk.customer_of(new, f"{word}c")
    desk.customer_of(ticket, f"{word}d")
    desk.daemon.wait_quiet()
    assert [len(desk.customers(t)) for t in (ticket, new)] == [3, 2]
