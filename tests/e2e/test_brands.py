"""One daemon, several brands: two accounts on a network, each with its own helpdesk of another make, and its own queue."""
import pytest

from mentiond_e2e.desk import TIMES
from mentiond_e2e.wait import until


@pytest.fixture
def brands(desk):
    """marque goes to Zammad and its group, bargain to Znuny and its queue."""
    desk.add_znuny("abroad")
    desk.channel["queue"] = "Social"
    del desk.desk["group"]
    desk.net.accounts.append("bargain")
    desk.net.tokens["<bargain>"] = "bargain"
    desk.daemon.config["channel"]["bargain"] = dict(
        TIMES, plugin="mastodon", server=desk.net_server.base, token=desk.daemon.secret("token-bargain", "<bargain>"), helpdesk="abroad",
        queue="Raw", hold="0s")
    return desk


def znuny_ticket_of(desk, word):
    def found():
        with desk.znuny.lock:
            return [t for t in desk.znuny.tickets.values() if word in t.title]
    until(f"a ticket with {word} in Znuny", found)
    desk.daemon.wait_quiet()
    [ticket] = found()
    return ticket


def test_each_brand_has_its_own_helpdesk_and_queue_and_is_answered_from_there(brands):
    brands.start()
    word, other = brands.word(), brands.word()
    post, other_post = brands.mention(f"{word} hello"), brands.mention(f"{other} hello", name="bargain")
    ticket, other_ticket = brands.ticket_of(word), znuny_ticket_of(brands, other)
    assert ticket.group == "Social" and other_ticket.queue == "Raw"
    assert not brands.tickets(other) and not [t for t in brands.znuny.tickets.values() if word in t.title]
    brands.zammad.write(ticket, f"Answer {word}r")
    brands.znuny.write(other_ticket, f"Answer {other}r")
    for w, p, author in (f"{word}r", post, "brand"), (f"{other}r", other_post, "bargain"):
        until("the answer", lambda: brands.posts(w))
        brands.daemon.wait_quiet()
        [answer] = brands.posts(w)
        assert answer.parent is p and answer.author == author


def test_one_mention_of_both_brands_is_a_ticket_in_each_helpdesk(brands):
    brands.start()
    word = brands.word()
    brands.mention(f"@bargain {word} which of you?")
    assert brands.ticket_of(word).group == "Social" and znuny_ticket_of(brands, word).queue == "Raw"


def test_one_helpdesk_that_is_out_of_order_does_not_stop_the_other(brands):
    brands.start()
    with brands.zammad.lock:
        brands.zammad.maintenance = True
    word, other = brands.word(), brands.word()
    brands.mention(f"{word} hello")
    until("an attempt", lambda: [r for r in brands.daemon.queue(kind="mention") if r["attempt"] > 1])
    brands.mention(f"{other} hello", name="bargain")
    until("the other brand's ticket", lambda: [t for t in brands.znuny.tickets.values() if other in t.title])
    assert not brands.tickets(word)
    with brands.zammad.lock:
        brands.zammad.maintenance = False
    brands.filed_once(word)
