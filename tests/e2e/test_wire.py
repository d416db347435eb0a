"""Whatever the wire or the server does to one exchange: each mention is filed once, each reply posted once.

Each test has as many conversations as there are faults, and each conversation meets another one.
"""
import re

import pytest

from mentiond_e2e import proxy
from mentiond_e2e.crowd import PICTURE, answer, answered_once, ask, filed_once, numbered, show_pictures
from mentiond_e2e.wait import until
from mentiond_e2e.wire import FAULTS, READ_FAULTS, Each, both_helpdesks

STATUSES = "^/api/v1/statuses$"


@pytest.mark.weight(9)
@both_helpdesks
def test_a_ticket_is_made_once_whatever_becomes_of_the_request_and_of_the_look_for_it(hurried):
    word = hurried.word()
    made, sought = Each(FAULTS, numbered(word)), Each(READ_FAULTS, hurried.helpdesk.sought)
    hurried.start()
    hurried.desk_proxy.rule(*hurried.helpdesk.CREATE, made, times=None)
    hurried.desk_proxy.rule(*hurried.helpdesk.SEARCH, sought, times=None)
    ask(hurried, word, len(FAULTS))
    filed_once(hurried, word, len(FAULTS))
    assert not made.left and not sought.left


@pytest.mark.weight(14)
@both_helpdesks
def test_a_reply_and_its_note_are_made_once_whatever_becomes_of_the_requests_and_of_the_looks_for_them(hurried):
    word = hurried.word()
    hurried.start()
    ask(hurried, word, len(FAULTS))
    tickets = filed_once(hurried, word, len(FAULTS))
    posted, sought = Each(FAULTS, numbered(word)), Each(READ_FAULTS, lambda r: r.path)
    noted = Each(FAULTS, hurried.helpdesk.noted)
    hurried.net_proxy.rule("POST", STATUSES, posted, times=None)
    hurried.net_proxy.rule("GET", "/context$", sought, times=None)
    hurried.desk_proxy.rule(*hurried.helpdesk.NOTE, noted, times=None)
    answer(hurried, word, tickets)
    answered_once(hurried, word, tickets)
    assert not posted.left and not sought.left and not noted.left


def every_second(server, method, pattern, holds=""):
    """Every other poll meets a fault: more in a row make the pauses long."""
    def subject(request):
        if holds in request.path + request.body.decode():
            n.append(request)
            return len(n) if len(n) % 2 else None
        return None
    n = []
    faults = Each(READ_FAULTS, subject)
    server.rule(method, pattern, faults, times=None)
    return faults


@pytest.mark.weight(10)
@both_helpdesks
def test_nothing_is_lost_whatever_becomes_of_polls(hurried):
    word = hurried.word()
    hurried.channel["poll_every"] = hurried.desk["poll_every"] = "100ms"
    hurried.start()
    ask(hurried, word, 4)
    tickets = filed_once(hurried, word, 4)
    net = every_second(hurried.net_proxy, "GET", "/notifications(?!.*max_id)")
    desk = every_second(hurried.desk_proxy, *hurried.helpdesk.SEARCH, hurried.helpdesk.POLL)
    later = hurried.word()
    for k in range(4):
        hurried.helpdesk.write(tickets[k], f"Answer {word}n{k}x")
        hurried.mention(f"{later}n{k}x again")
        until("more faults", lambda: all(len(faults.left) <= (3 - k) * len(READ_FAULTS) // 4 for faults in (net, desk)), 60)
    filed_once(hurried, later, 4)
    answered_once(hurried, word, tickets)
    until("all faults", lambda: not net.left and not desk.left, 60)


# --- The helpdesk has reasons of its own ---

@both_helpdesks
def test_a_throttled_helpdesk_is_left_alone_as_long_as_it_asks(hurried):
    desk = hurried.desk_proxy
    hurried.start()
    hits = desk.rule(*hurried.helpdesk.CREATE, proxy.answer(429, {"error": "Too many requests"}, headers=[("Retry-After", "2")]))
    word = hurried.word()
    hurried.mentions([f"{word}n{k}x anybody?" for k in range(3)])
    filed_once(hurried, word, 3)
    quiet = [r.at - hits[0].at for r in desk.requests if r.at > hits[0].at]
    # What was under way when it said so may still come.
    assert not [at for at in quiet if 0.5 < at < 2], quiet


@both_helpdesks
def test_a_helpdesk_that_refuses_the_user_in_mid_run_stops_alone(hurried):
    hurried.start()
    word, post, ticket = hurried.conversation()
    for method in "GET", "POST", "PUT":
        hurried.desk_proxy.rule(method, "/", proxy.answer(401, b"Unauthorized", "text/plain"), times=None)
    until("the helpdesk to stop", lambda: hurried.daemon.state_of("desk") == "stopped")
    later = hurried.word()
    hurried.mentions([f"{later}n{k}x still there?" for k in range(2)])
    until("the mentions", lambda: len(hurried.daemon.queue(kind="mention", state="new")) == 2)
    assert hurried.daemon.state_of("brand") == "running"
    seen = len(hurried.desk_proxy.requests)
    hurried.helpdesk.write(ticket, f"Answer {word}r")
    hurried.mentions([f"{later}n2x and still?"])
    until("the third", lambda: len(hurried.daemon.queue(kind="mention", state="new")) == 3)
    assert len(hurried.desk_proxy.requests) == seen
    hurried.desk_proxy.clear()
    hurried.daemon.ctl("resume", "desk")
    filed_once(hurried, later, 3)
    hurried.alice.answer_of(post, f"{word}r")
    hurried.daemon.wait_quiet()
    assert len(hurried.brand.posts(f"{word}r")) == 1


# --- Media ---

@pytest.mark.weight(7)
@both_helpdesks
def test_a_picture_is_attached_or_a_line_says_why_not_whatever_becomes_of_the_request(hurried, gallery):
    word = hurried.word()
    faults = Each(READ_FAULTS, lambda r: r.path)
    gallery.rule("GET", "/", faults, times=None)
    hurried.start()
    show_pictures(hurried, word, lambda k: f"{gallery.url}/{k}.png")
    ask(hurried, word, len(READ_FAULTS))
    tickets = filed_once(hurried, word, len(READ_FAULTS))
    assert not faults.left
    for k, ticket in enumerate(tickets):
        fault = faults.given[f"/{k}.png"]
        [(body, files)] = hurried.helpdesk.texts(ticket)
        why = re.search(rf"^Not attached: {gallery.url}/{k}.png \((.+)\)$", body, re.M)
        if fault == "100 Continue before the reply":
            assert files == [PICTURE] and not why, fault
        elif fault in ("JSON that breaks off", "a length too short"):
            assert len(files) == 1 and PICTURE.startswith(files[0])      # as it was sent; nobody can tell
        else:
            assert files == [] and why, f"{fault}: {body}"


@both_helpdesks
def test_files_that_are_too_much_for_what_stands_before_the_helpdesk_are_left_out_and_a_line_says_so(hurried, gallery):
    """As a web server that takes one megabyte; of a new ticket and of a follow-up."""
    word = hurried.word()
    hurried.start()
    too_large = proxy.answer(413, b"<h1>Request Entity Too Large</h1>", "text/html")
    for method in "POST", "PUT":
        hurried.desk_proxy.rule(method, "/", lambda r: too_large if len(r.body) > 3000 else None, times=None)
    show_pictures(hurried, word, lambda k: f"{gallery.url}/{k}.png")
    [post] = ask(hurried, word, 1)
    [ticket] = filed_once(hurried, word, 1)
    hurried.mention(f"{word}n1x and this", reply_to=post)
    until("the follow-up", lambda: len(hurried.helpdesk.texts(ticket)) == 2)
    hurried.daemon.wait_quiet()
    assert len(gallery.requests) == 2
    for body, files in hurried.helpdesk.texts(ticket):
        assert not files and body.endswith("\nNot attached: the files are more than the helpdesk takes at once")
