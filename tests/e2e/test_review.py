"""An agent's article read again with what is around it, and closing: by the plugins for Znuny and Zammad, asked directly."""
import base64

import pytest

from mentiond_e2e.asker import GONE, OK, REJECTED, STANDS, TAKEN_BACK, TURNED_INTERNAL, Asker
from mentiond_e2e.wait import until

PNG = b"\x89PNG\r\n\0\xff"


@pytest.fixture
def znunys(bridge):
    """A Znuny of which can be asked, and a ticket with a conversation."""
    bridge.desk["poll_every"] = "1h"     # what agents write stays as it is
    asker = Asker(bridge.daemon)
    bridge.start()
    asker.word, _, asker.ticket = bridge.conversation()
    bridge.daemon.wait_quiet()
    return asker


def attached(name, content, type="text/plain"):
    return {"Filename": name, "ContentType": type, "Content": base64.b64encode(content).decode()}


# --- Znuny ---

def test_znuny_gives_a_note_as_it_was_written_with_its_files_and_nothing_of_others(znunys, znuny):
    before = znuny.write(znunys.ticket, "An earlier answer", attachment=attached("earlier.txt", b"earlier"))
    article = znuny.write(znunys.ticket, f'See <a href="https://example.com/{znunys.word}">there</a>', content_type="text/html",
                          attachment=attached("bill.png", PNG, "image/png"))
    znuny.write(znunys.ticket, "A later answer", attachment=attached("later.txt", b"later"))
    found = znunys.review(znunys.ticket, article)
    assert (found["standing"], found["closed"]) == (STANDS, 0)
    assert f'href="https://example.com/{znunys.word}"' in found["html"] and "there" in found["text"]
    assert found["attachments"] == [("bill.png", "image/png", PNG, len(PNG))]
    assert found["internal"] == found["internal_attachments"] == []
    plain = znunys.review(znunys.ticket, before)
    assert (plain["html"], plain["text"]) == ("", "An earlier answer")
    assert plain["attachments"] == [("earlier.txt", plain["attachments"][0][1], b"earlier", 7)]


def test_znuny_gives_what_people_wrote_for_themselves_and_not_what_mentiond_did(bridge, znunys, znuny):
    znuny.write(znunys.ticket, f"{znunys.word}a we look into it")
    bridge.daemon.ctl("poll", "desk")
    assert not znuny.note_of(znunys.ticket, "Reply posted")["IsVisibleForCustomer"]
    znuny.write(znunys.ticket, 'He owes <b>40 EUR</b>, see <a href="https://crm.example/7">his record</a>', public=False, content_type="text/html",
                attachment=attached("contract.pdf", b"secret", "application/pdf"))
    article = znuny.write(znunys.ticket, "Thank you")
    znuny.write(znunys.ticket, "He will be angry", public=False)
    found = znunys.review(znunys.ticket, article)
    assert len(found["internal"]) == 2 and found["internal"][0] == "He will be angry"
    assert "He owes 40 EUR" in found["internal"][1] and "<b>" not in found["internal"][1]
    assert found["internal_attachments"] == [("contract.pdf", "application/pdf", None, 6)]


def test_znuny_gives_what_is_around_an_internal_note_that_says_what_is_to_be_public(znunys, znuny):
    znuny.write(znunys.ticket, "He will be angry", public=False)
    znuny.set(znunys.ticket, CustomerUser="dave@mail.example")
    article = znuny.write(znunys.ticket, "!public Here it is", public=False, attachment=attached("bill.png", PNG, "image/png"))
    found = znunys.review(znunys.ticket, article)
    assert (found["standing"], found["text"]) == (TURNED_INTERNAL, "!public Here it is")
    assert found["internal"] == ["He will be angry"] and found["customer"] == ["dave@mail.example"] and found["internal_attachments"] == []
    assert found["attachments"] == [("bill.png", "image/png", PNG, len(PNG))]


def test_znuny_notes_that_were_made_invisible_or_deleted_are_told_apart(znunys, znuny):
    article = znuny.write(znunys.ticket, "Thank you")
    assert znunys.standing(znunys.ticket, article) == STANDS
    znuny.set_visible(znunys.ticket, article, False)
    assert znunys.standing(znunys.ticket, article) == TURNED_INTERNAL
    znuny.delete_article(znunys.ticket, article)
    assert znunys.standing(znunys.ticket, article) == TAKEN_BACK
    assert znunys.standing(999999, article) == TAKEN_BACK


def test_znuny_notes_are_followed_through_merges_also_if_the_ticket_was_opened_again(znunys, znuny):
    article = znuny.write(znunys.ticket, "Thank you", attachment=attached("bill.png", PNG, "image/png"))
    main, last = znuny.create(f"{znunys.word}m"), znuny.create(f"{znunys.word}l")
    znuny.merge(znunys.ticket, main)
    znuny.merge(main, last)
    secret = znuny.write(last, "for colleagues", public=False)
    found = znunys.review(znunys.ticket, article)
    assert found["standing"] == STANDS and found["attachments"] == [("bill.png", "image/png", PNG, len(PNG))] and found["internal"] == ["for colleagues"]
    znuny.set(znunys.ticket, State="open")
    assert znunys.standing(znunys.ticket, article) == STANDS
    znuny.delete_article(last, article)
    assert znunys.standing(znunys.ticket, article) == TAKEN_BACK and secret


def test_znuny_tells_whom_an_agent_took_the_customer_for_and_from_where_he_has_written(znunys, znuny):
    article = znuny.write(znunys.ticket, "Thank you")
    assert znunys.review(znunys.ticket, article)["customer"] == []
    znuny.set(znunys.ticket, CustomerUser="dave@mail.example", CustomerID="K-4711")
    mail = znuny.create(f"{znunys.word}m")
    znuny.call("TicketUpdate", TicketID=mail, Article={
        "Subject": "By mail", "Body": "x", "ContentType": "text/plain; charset=utf-8", "CommunicationChannel": "Email", "SenderType": "customer",
        "From": '"Dave D." <Dave.D@home.example>, dave@mail.example', "IsVisibleForCustomer": 1, "AutoResponseType": "auto remove", "NoAgentNotify": 1})
    znuny.merge(mail, znunys.ticket)
    assert znunys.review(znunys.ticket, article)["customer"] == ["dave@mail.example", "K-4711", "Dave.D@home.example"]


def test_znuny_tickets_are_closed_once_and_through_a_merge(bridge, znunys, znuny):
    article, main = znuny.write(znunys.ticket, "Thank you"), znuny.create(f"{znunys.word}m")
    assert znunys.close(znunys.ticket) == OK
    assert znuny.ticket(znunys.ticket)["State"] == "closed successful" and znunys.review(znunys.ticket, article)["closed"] == 1
    znuny.set(znunys.ticket, State="closed unsuccessful")
    assert znunys.close(znunys.ticket) == OK and znuny.ticket(znunys.ticket)["State"] == "closed unsuccessful"
    znuny.merge(znunys.ticket, main)
    assert znunys.review(znunys.ticket, article)["closed"] == 0
    assert znunys.close(znunys.ticket) == OK and znuny.ticket(main)["StateType"] == "closed" and znuny.ticket(znunys.ticket)["State"] == "merged"
    assert znunys.close(999999) == GONE


def test_znuny_says_why_a_ticket_cannot_be_closed(bridge, znuny):
    bridge.desk["close_state"] = "shut"
    asker = Asker(bridge.daemon)
    bridge.start()
    answer = asker.ask("close", znuny.create(bridge.word()))
    assert answer["verdict"] == REJECTED and "State parameter is invalid" in answer["reason"]


@pytest.mark.parametrize("since", [{"TicketCloseTimeNewerMinutes": 5}, {"TicketCloseTimeNewerDate": "2020-01-01 12:00:00"}], ids=["minutes", "date"])
def test_znuny_finds_tickets_that_were_closed_without_a_note(znuny, bridge, since):
    """By the searches that a poll makes."""
    word = bridge.word()
    ids = [znuny.create(word) for _ in range(2)]
    znuny.set(ids[0], State="closed unsuccessful")
    assert znuny.call("TicketSearch", Title=word, **since).get("TicketID") == [ids[0]]


# --- Zammad ---

@pytest.fixture
def zammads(desk):
    desk.desk["poll_every"] = "1h"
    desk.proxy_desk()
    asker = Asker(desk.daemon)
    desk.start()
    asker.word, _, asker.ticket = desk.conversation()
    return asker


def test_zammad_gives_a_note_as_it_was_written_with_its_files_and_pictures(desk, zammads):
    z, t = desk.zammad, zammads.ticket
    z.write(t, "An earlier answer", files={"earlier.txt": b"earlier"})
    article = z.write(t, f'See <a href="https://example.com/{zammads.word}">there</a>', files={"bill.pdf": b"%PDF\0"}, pictures={"image1.png": PNG})
    plain = z.write(t, "A later answer", html=False)
    seen = len(desk.proxy.requests)
    found = zammads.review(t.id, article.id)
    assert len(desk.proxy.requests) - seen == 5          # the ticket, twice a file, the article for its picture, the time for the doctor
    assert (found["standing"], found["closed"]) == (STANDS, 0)
    assert found["html"] == article.body and found["text"] == ""
    assert found["attachments"] == [("bill.pdf", "text/plain", b"%PDF\0", 5), ("image1.png", "image/png", PNG, len(PNG))]
    assert found["internal"] == found["internal_attachments"] == found["customer"] == []
    found = zammads.review(t.id, plain.id)
    assert (found["html"], found["text"], found["attachments"]) == ("", "A later answer", [])


def test_zammad_gives_what_people_wrote_for_themselves_and_not_what_mentiond_or_zammad_did(desk, zammads):
    z, t = desk.zammad, zammads.ticket
    held = z.write(t, "by mistake", public=False)
    z.open_up(held)
    desk.daemon.ctl("poll", "desk")
    desk.note_of(t, "Reply held")
    z.write(t, "He owes <b>40 EUR</b>", public=False, files={"contract.pdf": b"secret"})
    z.write(t, "A trigger was here", public=False, by=z.users[1])
    article = z.write(t, "Thank you")
    z.write(t, "He will be angry", public=False, html=False)
    found = zammads.review(t.id, article.id)
    assert found["internal"] == ["He will be angry", "He owes 40 EUR"]
    assert found["internal_attachments"] == [("contract.pdf", "text/plain", None, 6)]


def test_zammad_gives_what_is_around_an_internal_note_that_says_what_is_to_be_public(desk, zammads):
    z, t = desk.zammad, zammads.ticket
    z.write(t, "He will be angry", public=False, html=False)
    t.customer.email = "alice@home.example"
    article = z.write(t, "!public Here it is", public=False, html=False, files={"bill.pdf": b"%PDF"})
    found = zammads.review(t.id, article.id)
    assert (found["standing"], found["text"]) == (TURNED_INTERNAL, "!public Here it is")
    assert found["internal"] == ["He will be angry"] and found["customer"] == ["alice@home.example"] and found["internal_attachments"] == []
    assert found["attachments"] == [("bill.pdf", "text/plain", b"%PDF", 4)]


def test_zammad_notes_that_were_made_internal_or_deleted_are_told_apart(desk, zammads):
    z, t = desk.zammad, zammads.ticket
    article = z.write(t, "Thank you")
    assert zammads.standing(t.id, article.id) == STANDS
    z.open_up(article, internal=True)
    assert zammads.standing(t.id, article.id) == TURNED_INTERNAL
    z.retract(article)
    assert zammads.standing(t.id, article.id) == TAKEN_BACK
    z.delete(t)
    assert zammads.standing(t.id, article.id) == TAKEN_BACK


def test_a_zammad_note_stands_where_a_merge_has_moved_it_though_its_ticket_was_deleted(desk, zammads):
    article = desk.zammad.write(zammads.ticket, "Thank you")
    desk.zammad.merge(zammads.ticket, desk.zammad.add_ticket(desk.zammad.agent, "other", "Social", desk.zammad.agent))
    desk.zammad.delete(zammads.ticket)
    assert zammads.standing(zammads.ticket.id, article.id) == STANDS


def test_zammad_notes_are_followed_through_merges_also_if_the_ticket_was_opened_again(desk, zammads):
    z, t = desk.zammad, zammads.ticket
    article = z.write(t, "Thank you", files={"bill.pdf": b"%PDF"})
    main, last = (z.add_ticket(z.agent, "other", "Social", z.agent) for _ in range(2))
    z.merge(t, main)
    z.merge(main, last)
    z.write(last, "for colleagues", public=False)
    found = zammads.review(t.id, article.id)
    assert found["standing"] == STANDS and found["attachments"][0][2] == b"%PDF" and found["internal"] == ["for colleagues"]
    z.set(t, state="open")
    assert zammads.standing(t.id, article.id) == STANDS
    z.retract(article)
    assert zammads.standing(t.id, article.id) == TAKEN_BACK


def test_zammad_tells_what_the_records_of_those_who_wrote_hold(desk, zammads):
    z, t = desk.zammad, zammads.ticket
    article = z.write(t, "Thank you")
    t.customer.email = "alice@home.example"
    t.customer.given.update(phone="+49 30 1234", mobile="0170 99", fax="+49 30 1235", web="https://alice.example", street="Side Street 7", zip="10115",
                            city="Berlin", address="c/o Smith")
    assert zammads.review(t.id, article.id)["customer"] == [
        "alice@home.example", "+49 30 1234", "0170 99", "+49 30 1235", "https://alice.example", "c/o Smith", "Side Street 7", "10115 Berlin"]
    other = z.add_ticket(z.agent, "other", "Social", z.agent)
    z.merge(t, other)
    assert "0170 99" in zammads.review(t.id, article.id)["customer"]


def test_files_that_are_too_much_come_by_name_and_the_others_with_their_data(desk, zammads):
    z, t = desk.zammad, zammads.ticket
    article = z.write(t, "Thank you", files={"a.bin": b"a" * (30 << 20), "b.bin": b"b" * (11 << 20), "c.txt": b"c"})
    found = zammads.review(t.id, article.id)["attachments"]
    assert [(name, data and data[:1], size) for name, _, data, size in found] == [
        ("a.bin", b"a", 30 << 20), ("b.bin", None, 11 << 20), ("c.txt", b"c", 1)]


def test_zammad_tickets_are_closed_once_and_through_a_merge(desk, zammads):
    z, t = desk.zammad, zammads.ticket
    article = z.write(t, "Thank you")
    assert zammads.close(t.id) == OK and t.state == "closed" and zammads.review(t.id, article.id)["closed"] == 1
    updated = t.updated
    assert zammads.close(t.id) == OK and t.updated == updated
    main = z.add_ticket(z.agent, "other", "Social", z.agent)
    z.merge(t, main)
    assert zammads.review(t.id, article.id)["closed"] == 0
    assert zammads.close(t.id) == OK and (main.state, t.state) == ("closed", "merged")
    z.bot.groups["Social"] = ["read"]
    z.set(main, state="open")
    assert zammads.close(main.id) == REJECTED
    z.delete(main)
    assert zammads.close(main.id) == GONE


def test_a_ticket_that_zammad_lets_nobody_change_is_not_closed(desk, zammads):
    desk.zammad.mandatory.add("mentiond_thread")
    del zammads.ticket.custom["mentiond_thread"]
    answer = zammads.ask("close", zammads.ticket.id)
    assert answer["verdict"] == REJECTED and "a field was made mandatory" in answer["reason"]


def test_in_zammad_a_ticket_is_linked_to_the_one_that_it_goes_on_from(desk, zammads):
    made = zammads.ask("file", zammads.ticket.id, "Social", desk.word())
    assert desk.zammad.pairs == [(int(made["ticket"]), zammads.ticket.id)]
    assert zammads.ask("file", 999999, "Social", desk.word())["verdict"] == OK
    assert "could not be linked" in desk.daemon.log() and len(desk.zammad.pairs) == 1
