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
    until(f"a ticket with {word} in Znuny", lambda: desk.znuny_tickets(word))
    desk.daemon.wait_quiet()
    [ticket] = desk.znuny_tickets(word)
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


# What an administrator has not done, and then does; and what the helpdesk says.
NOT_DONE = {
    "Zammad: no right": ("Users", lambda b: b.zammad.bot.groups.update(Users=["full"]), "may not make or change tickets in the group Users"),
    "Zammad: no such group": ("Nobody", lambda b: (b.zammad.groups.update(Nobody=9), b.zammad.bot.groups.update(Nobody=["full"])), "No lookup value"),
    "Znuny: no such queue": ("Nobody", lambda b: setattr(b.znuny, "queues", (*b.znuny.queues, "Nobody")), "no ticket can be made in the queue Nobody"),
}


@pytest.mark.parametrize("what", NOT_DONE)
def test_a_queue_that_is_not_prepared_lets_its_brand_wait_and_the_other_goes_on(brands, what):
    queue, prepare, why = NOT_DONE[what]
    znuny = what.startswith("Znuny")
    for name, its in ("brand", queue), ("bargain", "Raw" if znuny else "Social"):
        brands.daemon.config["channel"][name].update(helpdesk="abroad" if znuny else "desk", queue=its)
    brands.start()
    lost, word = brands.word(), brands.word()
    brands.mention(f"{lost} hello")
    until("three attempts", lambda: [r for r in brands.daemon.queue(kind="mention") if r["attempt"] >= 3 and why in r["reason"]])
    brands.daemon.wait_log(f"attempt=3 verdict=blocked .*{why}")
    post = brands.mention(f"{word} hello", name="bargain")
    if znuny:
        [ticket] = until("the other brand's ticket", lambda: brands.znuny_tickets(word))
        brands.znuny.write(ticket, f"Answer {word}r")
    else:
        ticket = brands.ticket_of(word)
        brands.zammad.write(ticket, f"Answer {word}r")
    assert until("the answer", lambda: brands.posts(f"{word}r"))[0].parent is post
    assert not brands.tickets(lost) and not brands.znuny_tickets(lost)
    assert {brands.daemon.state_of(name) for name in ("desk", "abroad")} == {"running"}
    with brands.zammad.lock, brands.znuny.lock:
        prepare(brands)
    until("the ticket", lambda: len(brands.tickets(lost) + brands.znuny_tickets(lost)) == 1)
    brands.daemon.wait_quiet()
    assert len(brands.tickets(lost) + brands.znuny_tickets(lost)) == 1


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
