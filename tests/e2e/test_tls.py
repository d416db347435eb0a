"""The server must be the one that is meant: else nothing is said to it, and nothing is lost."""
import re

import pytest

from mentiond_e2e import tls, wire
from mentiond_e2e.names import Names
from mentiond_e2e.wait import until
from mentiond_e2e.wire import both_helpdesks

NOBODY = {
    "an expired certificate": (lambda ca: ca.signed("expired", ends="20200201000000Z"), "certificate of .* is not valid: .*expired"),
    "the certificate of another host": (lambda ca: ca.signed("other", host="DNS:other.test"), "certificate of .* is not valid: .*match"),
    "a certificate that signs itself": (lambda ca: ca.of_a_stranger("stranger"), "certificate of .* is not valid: .*self-signed"),
    "no TLS at all": (lambda ca: None, "nothing was sent to .*wrong version number"),
}


@pytest.fixture
def ca(directory):
    return tls.Authority(directory)


@pytest.fixture
def sure(bridge, ca):
    """Between proxies that speak TLS."""
    bridge.good = ca.signed("good")
    bridge.servers = [bridge.proxy_desk(), bridge.proxy_net()]
    for server, side in zip(bridge.servers, (bridge.desk, bridge.channel)):
        server.tls = bridge.good
        side.update(url=server.url) if side is bridge.desk else side.update(server=server.url)
        side.update(ca_file=ca.file, retry="50ms", retry_max="1s")
    return bridge


def become(b, context):
    """Both servers end all connections, and go on as another."""
    for server in b.servers:
        server.down()
        server.tls = context
        server.up()


def all_done(b, word, post, ticket):
    """The other mention is filed once, the reply posted once."""
    b.helpdesk.ticket_of(f"o{word}", 40)
    b.alice.answer_of(post, f"{word}r", 40)
    b.daemon.wait_quiet(40)
    assert [len(b.helpdesk.texts(t)) for t in b.helpdesk.tickets(word)] == [1, 1]
    assert len(b.brand.posts(f"{word}r")) == 1


@pytest.mark.weight(5)
@both_helpdesks
@pytest.mark.parametrize("who", NOBODY)
def test_nothing_is_said_to_a_server_with(sure, ca, who):
    make, complaint = NOBODY[who]
    sure.start()
    word, post, ticket = sure.conversation()
    become(sure, make(ca))
    since = len(sure.daemon.log())
    sure.daemon.wait_log("poll failed instance=desk.*" + complaint)      # what was on its way to the old ones has come to its end
    for server in sure.servers:
        server.requests.clear()
    sure.mention(f"o{word} and now?")
    sure.helpdesk.write(ticket, f"Answer {word}r")
    for name in "brand", "desk":
        until(f"the complaint of {name}", lambda: len(re.findall(f"poll failed instance={name}.*{complaint}", sure.daemon.log()[since:])) >= 2)
    # Not over TLS; nor did a plain server get a word that it could take for HTTP.
    assert [server.requests for server in sure.servers] == [[], []]
    become(sure, sure.good)
    all_done(sure, word, post, ticket)


def test_a_server_that_is_met_for_the_first_time_is_verified_too(sure, ca):
    become(sure, ca.of_a_stranger("stranger"))
    sure.start(wait=False)
    until("all instances", lambda: len(sure.daemon.instances()) >= 2)
    for name in "brand", "desk":
        until(f"the complaint of {name}", lambda: "self-signed" in sure.daemon.instances()[name]["reason"])
    assert [server.requests for server in sure.servers] == [[], []]
    become(sure, sure.good)
    sure.daemon.wait_running()
    sure.conversation()


@pytest.mark.weight(5)
def test_a_server_that_would_rather_speak_http2_and_goes_away_is_no_reason_for_doubt_or_loss(sure, ca):
    sure.good = ca.signed("both", alpn=["h2", "http/1.1"])
    become(sure, sure.good)
    sure.start()
    word, post, ticket = sure.conversation()
    assert {s.selected_alpn_protocol() for server in sure.servers for s in server.sockets} == {"http/1.1"}
    become(sure, ca.signed("two", alpn=["h2"]))
    for server in sure.servers:
        server.rule("GET", "", wire.FAULTS["GOAWAY of HTTP/2 and has not acted"], times=None)
        server.rule("POST", "", wire.FAULTS["GOAWAY of HTTP/2 and has not acted"], times=None)
    sure.mention(f"o{word} and now?")
    sure.helpdesk.write(ticket, f"Answer {word}r")
    for name in "brand", "desk":
        sure.daemon.wait_log(f"poll failed instance={name}.*verdict=retry")
    for server in sure.servers:
        server.clear()
    become(sure, sure.good)
    all_done(sure, word, post, ticket)


@pytest.mark.weight(5)
def test_names_that_cannot_be_resolved_cost_nothing_but_time(sure, ca):
    good = ca.signed("named", host="DNS:desk.test,DNS:net.test")
    become(sure, good)
    sure.desk["url"], sure.channel["server"] = (
        server.url.replace("127.0.0.1", name) for server, name in zip(sure.servers, ("desk.test", "net.test")))
    names = Names(sure.daemon)
    names.mean(desk_test="127.0.0.1", net_test="127.0.0.1")
    sure.start()
    word, post, ticket = sure.conversation()
    sure.daemon.stop()
    sure.mention(f"o{word} and now?")
    sure.helpdesk.write(ticket, f"Answer {word}r")
    names.mean()
    sure.daemon.start(wait=False)
    for name in "brand", "desk":
        until(f"the complaint of {name}", lambda: "cannot be resolved" in sure.daemon.instances()[name]["reason"])
    names.mean(desk_test="127.0.0.1", net_test="127.0.0.1")
    all_done(sure, word, post, ticket)
    assert names.asked_outside() == []
