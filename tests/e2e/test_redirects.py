"""Where a server, or who mentions the brand, would send mentiond: it does not go there."""
import re

import pytest

from mentiond_e2e import proxy, wire
from mentiond_e2e.crowd import PICTURE, answer, answered_once, ask, filed_once, numbered, show_pictures
from mentiond_e2e.names import Names
from mentiond_e2e.wait import until
from mentiond_e2e.wire import Each, both_helpdesks

INSIDE = ["file:///etc/passwd", "gopher://127.0.0.1:{port}/_GET", "http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:{port}/x.png",
          "http://[::ffff:127.0.0.1]:{port}/x.png", "http://0x7f.1:{port}/x.png", "http://2130706433:{port}/x.png",
          "http://localhost:{port}/x.png", "http://any.localhost:{port}/x.png"]


@pytest.fixture
def trap():
    t = wire.Trap()
    yield t
    t.down()


@pytest.fixture
def names(eager):
    return Names(eager.daemon)


def redirects(trap):
    """Each status, to each place; one that says to ask elsewhere for what came of a request may have acted."""
    table = {}
    for n, place in enumerate(INSIDE):
        status = [301, 302, 303, 307, 308][n % 5]
        acted = status <= 303
        table[f"{status} to {place}"] = proxy.answer(status, headers=[("Location", place.format(port=trap.port))], after=acted)
    return table


@pytest.mark.weight(9)
@both_helpdesks
def test_a_redirected_request_goes_nowhere_else_and_is_done_once(eager, names, trap):
    table = redirects(trap)
    n, word = len(table), eager.word()
    made, posted, sought = Each(table, numbered(word)), Each(table, numbered(word)), Each(table, lambda r: r.path)
    count = iter(range(10 ** 6))
    polled = Each(table, lambda r: next(count) % 2 or None)
    eager.start()
    eager.desk_proxy.rule(*eager.helpdesk.CREATE, made, times=None)
    eager.net_proxy.rule("GET", "/notifications", polled, times=None)
    ask(eager, word, n)
    tickets = filed_once(eager, word, n)
    eager.net_proxy.rule("POST", "^/api/v1/statuses$", posted, times=None)
    eager.net_proxy.rule("GET", "/context$", sought, times=None)
    answer(eager, word, tickets)
    answered_once(eager, word, tickets)
    assert not made.left and not posted.left and polled.given and sought.given
    assert trap.came == 0 and names.asked_outside() == []


@pytest.mark.weight(6)
def test_pictures_are_not_fetched_from_within(eager, names, trap, gallery):
    eager.channel["media_private"] = False
    names.mean(public_test="8.8.8.8", inner_test="127.0.0.1", both_test="8.8.4.4 127.0.0.1", turn_test="8.8.8.8")
    good = [f"http://public.test:{gallery.port}/good.png", f"http://turn.test:{gallery.port}/turn.png"]
    direct = [place.format(port=trap.port) for place in INSIDE]
    # A name may have a public address beside an inner one, and another one each time it is looked up.
    direct += [f"http://{name}.test:{trap.port}/x.png" for name in ("inner", "both")]
    moved = [f"http://public.test:{gallery.port}/to/{k}" for k in range(len(INSIDE))]
    for k, place in enumerate(INSIDE):
        gallery.rule("GET", f"/to/{k}$", proxy.answer(302, headers=[("Location", place.format(port=trap.port))]), times=None)
    urls = good + direct + moved
    word = eager.word()
    eager.start()
    show_pictures(eager, word, lambda k: urls[k])
    ask(eager, word, len(urls))
    for url, ticket in zip(urls, filed_once(eager, word, len(urls))):
        [(body, files)] = eager.helpdesk.texts(ticket)
        why = re.search(rf"^Not attached: {re.escape(url)} \((.+)\)$", body, re.M)
        assert files == [PICTURE] and not why if url in good else files == [] and why, f"{url}: {body}"
    assert trap.came == 0 and names.asked_outside() == []
    assert len(gallery.requests) == len(good) + len(moved)
    # What is asked for pictures has no business with the account.
    assert not [r for r in gallery.requests if "Authorization" in r.headers or eager.brand.token in str(r.headers)]

    # The name that was public means us now.
    eager.daemon.stop()
    names.mean(turn_test="127.0.0.1")
    eager.daemon.start()
    later = eager.word()
    eager.net_proxy.clear()
    show_pictures(eager, later, lambda k: good[1])
    ask(eager, later, 1)
    [ticket] = filed_once(eager, later, 1)
    assert "its address is not public" in eager.helpdesk.texts(ticket)[0][0]
    assert len(gallery.requests) == len(good) + len(moved)


def test_what_a_server_names_as_the_address_of_a_post_is_only_shown(eager, names, trap, gallery):
    """Addresses in posts and profiles are for people."""
    word = eager.word()

    def change(body):
        for inner in INSIDE[3:]:
            body = body.replace(b'"url":"' + eager.snac.base.encode(), b'"url":"' + inner.format(port=trap.port).encode())
        return body
    eager.net_proxy.rule("GET", "/", wire.altered(change), times=None)
    eager.start()
    ask(eager, word, 1)
    tickets = filed_once(eager, word, 1)
    answer(eager, word, tickets)
    answered_once(eager, word, tickets)
    until("a poll more", lambda: len(eager.net_proxy.seen("GET", "/notifications")) > 3)
    assert trap.came == 0 and names.asked_outside() == []
