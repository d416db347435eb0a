"""Zammad as the helpdesk, between fakes that behave as the real servers were recorded to."""
import re

import pytest

from mentiond_e2e import proxy
from mentiond_e2e.crowd import numbered
from mentiond_e2e.desk import Answer
from mentiond_e2e.daemon import mentiond
from mentiond_e2e.wait import SLOW, until
from mentiond_e2e.wire import FAULTS, READ_FAULTS, Each
from mentiond_e2e.zammad import Zammad

CREATE, PUT, ARTICLES, SEARCH = r"^/api/v1/tickets\?", r"^/api/v1/tickets/\d+", r"^/api/v1/ticket_articles\?", "/tickets/search"


@pytest.fixture
def up(desk):
    return desk.start()


# --- Filing ---

def test_a_mention_becomes_a_ticket_with_customer_tags_attribute_and_link(desk):
    desk.desk.update(priority="3 high", tags="urgent,seen")
    desk.start()
    word, post, t = desk.conversation()
    a = desk.customer_of(t, word)
    assert (t.group, t.state, t.priority, t.tags) == ("Social", "new", "3 high", ["mastodon", "urgent", "seen"])
    assert t.customer.login == f"mastodon:@alice@{desk.net.host}" and t.customer.email == "" and t.customer.roles == [3]
    assert t.custom == {"mentiond_thread": f"brand:{post.id}"} and word in t.title
    assert (a.type, a.sender, a.internal, a.content_type, a.origin) == ("web", "Customer", False, "text/plain", t.customer)
    assert a.message_id == f"<brand:{post.id}@mentiond>"
    url = desk.net.status(post)["url"]
    assert a.preferences["links"] == [{"url": url, "target": "_blank", "name": "on Mastodon"}]


def test_the_channels_queue_is_the_group(desk):
    desk.zammad.bot.groups["Users"] = ["full"]
    desk.channel["queue"] = "Users"
    desk.start()
    assert desk.conversation()[2].group == "Users"


def test_the_same_author_is_one_customer(up):
    first, second = up.conversation()[2], up.conversation()[2]
    assert first is not second and first.customer is second.customer


def test_a_follow_up_opens_a_closed_ticket_and_wakes_a_pending_one(up):
    word, post, t = up.conversation()
    for n, state in enumerate(("closed", "pending reminder", "open"), 2):
        up.zammad.set(t, state=state, pending="2030-01-01T00:00:00Z" if "pending" in state else None)
        post = up.mention(f"{word}f{n} again", parent=post)
        up.customer_of(t, f"{word}f{n}")
        up.daemon.wait_quiet()
        assert (t.state, t.pending) == ("open", None)
    assert up.tickets(word) == [t]


def test_a_new_ticket_stays_new_when_its_customer_goes_on(up):
    word, post, t = up.conversation()
    up.mention(f"{word}f again", parent=post)
    up.customer_of(t, f"{word}f")
    assert t.state == "new"


def test_another_person_in_the_thread_is_a_customer_of_his_own(up):
    word, post, t = up.conversation()
    up.mention(f"{word}f me too", author="carol", parent=post)
    a = up.customer_of(t, f"{word}f")
    assert a.origin.login == f"mastodon:@carol@{up.net.host}" and a.origin_from == "carol"
    assert t.customer.login == f"mastodon:@alice@{up.net.host}"


def test_a_race_for_a_new_customer_is_run_again(up):
    up.zammad.races = 1
    t = up.conversation()[2]
    assert up.zammad.races == 0 and len([u for u in up.zammad.users.values() if "alice@" in u.login and u.login.startswith("mastodon")]) == 1
    assert t.customer.login == f"mastodon:@alice@{up.net.host}"


# --- Replies ---

def test_a_public_note_is_posted_once_counts_as_response_and_opens_the_ticket(up):
    word, post, t = up.conversation()
    up.zammad.write(t, f"Answer {word}r")
    answer = up.answered_once(t, post, f"{word}r")
    note = up.note_of(t, "Reply posted")
    assert (note.type, note.sender, note.internal) == ("web", "Agent", False)
    assert note.preferences["links"][0]["url"] == up.net.status(answer)["url"] and note.preferences["links"][0]["name"] == "on Mastodon"
    assert t.state == "open" and t.first_response


def test_a_note_that_is_posted_into_a_closed_ticket_leaves_it_closed(up):
    word, post, t = up.conversation()
    up.zammad.set(t, state="closed")
    up.zammad.write(t, f"Answer {word}r")
    up.answered_once(t, post, f"{word}r")
    assert t.state == "closed"


def test_what_agents_wrote_before_the_first_poll_that_ended_well_is_posted(desk):
    desk.zammad.hook = lambda q: Answer(503, {"error": "not now"}) if b"updated_at" in q.body else None      # each poll
    desk.start(wait=False)
    desk.daemon.wait_running("brand")
    word, post, t = desk.conversation()
    desk.zammad.write(t, f"Answer {word}r")
    desk.daemon.stop()
    desk.start(wait=False)
    desk.conversation()          # something newer
    desk.zammad.hook = None
    desk.answered_once(t, post, f"{word}r")


@pytest.mark.parametrize("kind, public", [("note", False), ("email", True), ("phone", True)])
def test_what_is_not_for_the_network_is_not_posted(up, kind, public):
    word, post, t = up.conversation()
    up.zammad.write(t, f"Not this {word}s", public=public, kind=kind)
    up.zammad.write(t, f"Answer {word}r")
    up.answered_once(t, post, f"{word}r")
    assert not up.posts(f"{word}s")


def test_an_internal_note_that_is_opened_later_is_not_posted(up):
    word, post, t = up.conversation()
    a = up.zammad.write(t, f"Not this {word}s", public=False)
    up.zammad.write(t, f"Answer {word}r")
    up.answered_once(t, post, f"{word}r")
    up.zammad.open_up(a)
    up.zammad.write(t, f"Answer {word}u")
    up.answered_once(t, post, f"{word}u")
    assert not up.posts(f"{word}s")


def test_a_note_that_was_opened_before_it_was_seen_is_held_and_shown_as_a_failed_delivery(desk):
    desk.start()
    word, post, t = desk.conversation()
    desk.daemon.stop()
    a = desk.zammad.write(t, f"Not this {word}s", public=False)
    desk.zammad.open_up(a)
    desk.daemon.start()
    note = desk.note_of(t, "Reply held")
    assert (note.type, note.sender, note.internal) == ("note", "System", True)
    assert note.preferences["delivery_message"] is True and note.preferences["delivery_article_id_related"] == a.id
    assert not desk.posts(f"{word}s")


def test_a_note_with_a_file_that_is_not_taken_is_shown_as_a_failed_delivery(up):
    word, post, t = up.conversation()
    a = up.zammad.write(t, f"See {word}s", files=["a.txt"])
    note = up.note_of(t, "Reply held")
    assert "attachment" in note.body and note.preferences["delivery_article_id_related"] == a.id
    assert not up.posts(f"{word}s")


def test_replies_of_the_time_when_mentiond_was_down_are_posted(desk):
    desk.start()
    word, post, t = desk.conversation()
    desk.daemon.stop()
    desk.zammad.write(t, f"Answer {word}r")
    desk.daemon.start()
    desk.answered_once(t, post, f"{word}r")


def test_many_tickets_that_change_while_they_are_read_are_all_read(desk):
    """Two pages and more, of which the read ones change, so that others move to earlier pages.  A minute lies between any two, so
    that no later poll reaches back to what one has missed."""
    desk.start()
    conversations = [desk.conversation() for _ in range(3)]
    desk.daemon.stop()
    customer = desk.zammad.add_user("someone", "Some", "One")
    others = [desk.zammad.add_ticket(desk.zammad.agent, f"plain {n}", "Social", customer) for n in range(450)]
    with desk.zammad.lock:
        for n, t in enumerate(others):
            t.updated = desk.zammad.now() + 60 * n
        at = others[-1].updated
        for n, (word, post, t) in enumerate(conversations):
            desk.zammad.write(t, f"Answer {word}r")
            t.updated = others[150 + 100 * n].updated
    served = []

    def hook(request):
        if request.path.endswith("/search") and "updated_at" in str(request.json) and (request.json or {}).get("per_page") == 200:
            served.append(request)
            with desk.zammad.lock:
                for t in others[40 * len(served):40 * len(served) + 40]:
                    t.updated = at + len(served)
    desk.zammad.hook = hook
    desk.daemon.start()
    for word, post, t in conversations:
        desk.answered_once(t, post, f"{word}r")
    assert len(served) >= 3


# --- Merges, moves, deletions ---

def test_a_merge_is_followed_and_its_own_note_is_not_posted(up):
    word, post, t = up.conversation()
    main = up.zammad.add_ticket(up.zammad.agent, "plain", "Social", up.zammad.add_user("someone", "Some", "One"))
    old = up.zammad.write(main, f"For somebody else {word}o")
    up.zammad.merge(t, main)
    up.mention(f"{word}f again", parent=post)
    up.customer_of(main, f"{word}f")
    up.zammad.write(main, f"Answer {word}r")
    until("the answer", lambda: up.posts(f"{word}r"))
    up.note_of(main, "Reply posted")
    up.daemon.wait_quiet()
    assert not up.posts("merged") and not up.posts(f"{word}o") and old and not up.notes(main, "Reply held")
    assert [s.text for s in up.net.statuses if s.by_api and word in s.text] == [up.posts(f"{word}r")[0].text]


def test_a_reply_that_a_merge_moves_before_it_is_seen_is_held(desk):
    desk.start()
    word, post, t = desk.conversation()
    desk.daemon.stop()
    main = desk.zammad.add_ticket(desk.zammad.agent, "plain", "Social", desk.zammad.add_user("someone", "Some", "One"))
    desk.zammad.write(t, f"Answer {word}r")
    desk.zammad.merge(t, main)
    desk.daemon.start()
    desk.note_of(main, "Reply held")
    assert not desk.posts(f"{word}r") and not desk.posts("merged")


def test_a_follow_up_into_a_ticket_that_is_merged_in_the_meantime_is_filed_in_the_main_ticket(desk):
    """Between the look at the ticket and the article, which a merge that is over does not take along."""
    server = desk.proxy_desk()
    desk.start()
    word, post, t = desk.conversation()
    main = desk.zammad.add_ticket(desk.zammad.agent, "plain", "Social", desk.zammad.add_user("someone", "Some", "One"))
    hits = server.rule("PUT", PUT, proxy.rewrite(lambda body: desk.zammad.merge(t, main)))
    desk.mention(f"{word}f again", parent=post)
    desk.customer_of(main, f"{word}f")
    desk.daemon.wait_quiet()
    assert hits and len(desk.customers(main, f"{word}f")) == 1


@pytest.mark.parametrize("how", ["deleted", "moved out of sight"])
def test_a_conversation_whose_ticket_is_gone_goes_on_in_a_new_one(up, how):
    word, post, t = up.conversation()
    up.zammad.delete(t) if how == "deleted" else up.zammad.set(t, group="Users")
    up.mention(f"{word}f again", parent=post)
    new = up.ticket_of(f"{word}f")
    assert new is not t and new.group == "Social"


# --- Unknown ends ---

ENDS = {
    "cut before the server saw it": proxy.cut_before(),
    "cut after the server acted": proxy.cut_after(),
    "an error of the web server after it acted": proxy.answer(502, b"<h1>Bad gateway</h1>", "text/html", after=True),
    "an error of Zammad after it acted": proxy.answer(500, {"error": "Error ID abcdefgh: Please contact your administrator."}, after=True),
    "an empty yes after it acted": proxy.answer(200, b"", "text/html", after=True),
    "a page of a firewall before it": proxy.answer(403, b"<title>Just a moment...</title>", "text/html"),
    "a reply that comes too late": proxy.late(2.5 * SLOW),
}


@pytest.fixture(params=list(ENDS.values()), ids=list(ENDS))
def end(request, desk):
    if request.param is ENDS["a reply that comes too late"]:
        desk.desk["timeout"] = f"{round(1000 * SLOW)}ms"
    return request.param


def test_a_new_ticket_is_made_once_in_spite_of(desk, end):
    hits = desk.proxy_desk()
    desk.start()
    hits = desk.proxy.rule("POST", CREATE, end)
    word = desk.word()
    desk.mention(f"{word} does it reach you?")
    desk.filed_once(word)
    assert len(hits) == 1


def test_a_follow_up_is_filed_once_in_spite_of(desk, end):
    desk.proxy_desk()
    desk.start()
    word, post, t = desk.conversation()
    hits = desk.proxy.rule("PUT", PUT, end)
    desk.mention(f"{word}f again", parent=post)
    desk.customer_of(t, f"{word}f", 30)
    desk.daemon.wait_quiet()
    assert len(hits) == 1 and len(desk.customers(t, f"{word}f")) == 1 and desk.tickets(word) == [t]


def test_a_note_is_written_once_in_spite_of(desk, end):
    desk.proxy_desk()
    desk.start()
    word, post, t = desk.conversation()
    hits = desk.proxy.rule("POST", ARTICLES, end)
    desk.zammad.write(t, f"Answer {word}r")
    desk.answered_once(t, post, f"{word}r")
    assert len(hits) == 1 and len(desk.notes(t, "Reply posted")) == 1


@pytest.mark.weight(8)
def test_a_follow_up_is_filed_once_whatever_becomes_of_the_request_and_of_the_look_for_it(desk):
    """Each conversation meets another fault.  New tickets, notes and polls are in test_wire.py."""
    server, word, n = desk.proxy_desk(), desk.word(), len(FAULTS)
    desk.desk["timeout"] = f"{round(1000 * SLOW)}ms"
    desk.start()
    posts = [desk.mention(f"{word}n{k}x what about my parcel?") for k in range(n)]
    tickets = [desk.ticket_of(f"{word}n{k}x") for k in range(n)]
    desk.daemon.wait_quiet()
    changed, sought = Each(FAULTS, numbered(word)), Each(READ_FAULTS, Zammad.sought)
    server.rule("PUT", PUT, changed, times=None)
    server.rule("POST", SEARCH, sought, times=None)
    for k, post in enumerate(posts):
        desk.mention(f"and {word}n{k}xf", parent=post)
    until("all follow-ups", lambda: all(desk.customers(t, f"{word}n{k}xf") for k, t in enumerate(tickets)), 60)
    desk.daemon.wait_quiet(60)
    for k, t in enumerate(tickets):
        assert len(desk.customers(t)) == 2 and desk.tickets(f"{word}n{k}x") == [t]
    assert not changed.left and not sought.left


# --- What an administrator does ---

def test_maintenance_is_waited_for(desk):
    desk.start()
    word, post, t = desk.conversation()
    with desk.zammad.lock:
        desk.zammad.maintenance = True
    later = desk.word()
    desk.mention(f"{later} still there?")
    until("an attempt", lambda: [r for r in desk.daemon.queue(kind="mention") if r["attempt"] > 1])
    assert desk.daemon.state_of("desk") == "running" and "maintenance mode" in desk.daemon.log()
    with desk.zammad.lock:
        desk.zammad.maintenance = False
    desk.filed_once(later)


def stopped(desk, why):
    until("the helpdesk to stop", lambda: desk.daemon.state_of("desk") == "stopped")
    assert re.search(why, desk.daemon.instances()["desk"]["reason"]), desk.daemon.instances()["desk"]["reason"]


LACKS = "may not make or change tickets in the group Social: give that user read, create and change there"


def may(desk, *rights):
    with desk.zammad.lock:
        desk.zammad.bot.groups = {"Social": list(rights)} if rights else {}


def waiting(desk, attempts=1):
    """The reason of the mention that was tried so often, and waits."""
    return until("attempts", lambda: [r["reason"] for r in desk.daemon.queue(kind="mention", state="new") if r["attempt"] >= attempts])[0]


def test_a_missing_right_lets_new_tickets_wait_says_which_and_heals_by_itself(desk):
    desk.start()
    word, post, t = desk.conversation()
    may(desk, "read", "change")
    new = desk.word()
    desk.mention(f"{new} anybody?")
    assert LACKS in waiting(desk, 3)
    desk.daemon.wait_log("error: no new tickets: a person is needed; .* channel=brand .*may not make")
    assert LACKS in until("the reason", lambda: desk.daemon.instances()["desk"]["reason"])
    # An agent's answer is posted meanwhile, also if the note about it has to wait.
    desk.zammad.write(t, f"Answer {word}r")
    until("the answer", lambda: desk.posts(f"{word}r"))
    assert desk.daemon.state_of("desk") == "running"
    may(desk, "full")
    desk.filed_once(new)
    desk.note_of(t, "Reply posted")
    desk.daemon.wait_log("new tickets are taken again")
    assert desk.daemon.instances()["desk"]["reason"] == ""


def test_without_the_right_to_change_a_follow_up_waits_and_new_tickets_do_not(desk):
    desk.start()
    word, post, t = desk.conversation()
    may(desk, "read", "create")
    desk.mention(f"{word}f again", parent=post)
    assert LACKS in waiting(desk, 3)
    assert desk.conversation_begun()
    may(desk, "full")
    desk.customer_of(t, f"{word}f")


def test_a_conversation_keeps_its_ticket_while_all_rights_are_taken_away(desk):
    desk.start()
    word, post, t = desk.conversation()
    may(desk)
    desk.mention(f"{word}f again", parent=post)
    assert LACKS in waiting(desk, 3)
    may(desk, "full")
    desk.customer_of(t, f"{word}f")
    desk.daemon.wait_quiet()
    assert desk.tickets(word) == [t]


@pytest.mark.parametrize("what, why", [("unknown", "Can't find User for Token"), ("expired", "token expired"), ("inactive", "Login failed"),
                                       ("off", "API token access disabled")])
def test_a_token_that_is_refused_stops_the_helpdesk(desk, what, why):
    z = desk.zammad
    z.tokens.update({t: (u, ("ticket.agent", "expired")) for t, (u, _) in z.tokens.items()} if what == "expired" else {})
    z.tokens = {} if what == "unknown" else z.tokens
    z.bot.active, z.token_access_off = what != "inactive", what == "off"
    desk.start(wait=False)
    desk.daemon.wait_running("brand")
    stopped(desk, why)


def waits(desk, why):
    until("the reason", lambda: re.search(why, desk.daemon.instances()["desk"]["reason"]))
    assert desk.daemon.state_of("desk") == "starting"


def test_the_start_waits_for_a_missing_attribute_and_says_what_to_do(desk):
    desk.zammad.attributes = []
    desk.start(wait=False)
    desk.daemon.wait_running("brand")
    waits(desk, r"add the ticket attribute .*mentiond_thread.*, and restart Zammad, as mentiond-zammad\(5\) says")
    desk.zammad.attributes = ["mentiond_thread"]
    desk.conversation()


@pytest.mark.parametrize("what, why", [
    ({"group": "Nope"}, "No lookup value found for 'group'"), ({"state": "nope"}, "No lookup value found for 'state'"),
    ({"priority": "nope"}, "No lookup value found for 'priority'")])
def test_the_start_waits_for_what_the_configuration_names(desk, what, why):
    desk.desk.update(what)
    desk.start(wait=False)
    desk.daemon.wait_running("brand")
    waits(desk, why)
    assert not desk.zammad.tickets and len(desk.zammad.users) == 4


def test_the_start_names_the_right_that_is_missing(desk):
    desk.zammad.bot.groups = {"Social": ["create", "change"]}
    desk.start(wait=False)
    desk.daemon.wait_running("brand")
    waits(desk, 'lacks the right .*read.* in the group Social')


def test_the_start_waits_for_a_right_and_heals_by_itself(desk):
    desk.zammad.bot.groups = {}          # those that come by a role are not shown
    desk.start(wait=False)
    desk.daemon.wait_running("brand")
    waits(desk, LACKS)
    may(desk, "full")
    desk.conversation()


def test_the_start_leaves_no_trace(up):
    assert not up.zammad.tickets and not up.zammad.articles and len(up.zammad.users) == 4


def test_a_worker_that_drops_the_attribute_is_asked_again_and_the_ticket_is_there_once(up):
    up.zammad.drops = 3
    word, post, t = up.conversation()
    assert t.custom == {"mentiond_thread": f"brand:{post.id}"} and up.zammad.drops == 0
    assert up.tickets(word) == [t]


def test_a_ticket_whose_attribute_is_always_dropped_works_and_the_log_says_what_to_do(up):
    up.zammad.drops = 1000
    word, post, t = up.conversation()
    assert not t.custom and re.search(r"has no mentiond_thread: restart Zammad", up.daemon.log())
    up.zammad.write(t, f"Answer {word}r")
    up.answered_once(t, post, f"{word}r")
    up.mention(f"{word}f again", parent=post)
    up.customer_of(t, f"{word}f")


def test_a_field_that_was_made_mandatory_lets_new_tickets_wait_and_follow_ups_go_on(up):
    word, post, t = up.conversation()
    up.zammad.set(t, state="closed")
    with up.zammad.lock:
        up.zammad.attributes.append("product")
        up.zammad.mandatory.add("product")
    up.mention(f"{word}f again", parent=post)
    up.customer_of(t, f"{word}f")
    up.daemon.wait_quiet()
    assert t.state == "closed" and "cannot be changed" in up.daemon.log()
    new = up.word()
    up.mention(f"{new} anybody?")
    assert "made mandatory" in waiting(up, 5) and not up.tickets(new)
    assert "waits_ms" not in up.daemon.instances()["desk"]       # an agent's answer would not wait
    with up.zammad.lock:
        up.zammad.mandatory.clear()
    up.filed_once(new)


# --- Characters ---

FROG = "\U0001f438"


def test_emoji_are_kept(up):
    word, post, t = up.conversation(f"my {FROG} is lost")
    assert FROG in up.customer_of(t, word).body and FROG in t.title


def test_emoji_survive_a_database_that_does_not_keep_them(up):
    up.zammad.narrow = True
    word, post, t = up.conversation(f"my {FROG} is lost")
    whole = until("the whole text", lambda: [a for a in up.zammad.articles_of(t) if a.sender == "System" and "[U+1F438]" in a.body])
    assert len(whole) == 1 and whole[0].internal and f"{word} my [U+1F438] is lost" in whole[0].body
    word, post, t = up.conversation(f"and my {FROG}{FROG}")
    assert f"{word} and my [U+1F438][U+1F438]" in up.customer_of(t, word).body and "[U+1F438]" in t.title
    up.daemon.wait_quiet()
    assert len(up.zammad.articles_of(t)) == 1


def test_the_log_says_how_many_posts_lost_their_emoji_because_zammad_could_not_be_asked(desk):
    server = desk.proxy_desk()
    desk.start()
    desk.zammad.narrow = True
    hits = server.rule("GET", r"^/api/v1/ticket_articles/\d+", proxy.answer(502, b"<h1>Bad gateway</h1>", "text/html"))
    desk.conversation(f"my {FROG} is lost")
    assert hits and "emoji" not in desk.daemon.log()
    desk.conversation(f"and my {FROG}, too")
    desk.daemon.wait_log("error: 1 posts were filed since the start without their emoji")


# --- A store that was lost ---

@pytest.mark.weight(8)
def test_a_store_that_is_built_anew_knows_its_tickets_also_the_merged_ones(desk):
    desk.start()
    word, post, t = desk.conversation()
    other, other_post, other_ticket = desk.conversation()
    desk.zammad.write(t, f"Answer {word}r")
    desk.answered_once(t, post, f"{word}r")
    desk.zammad.merge(other_ticket, t)
    desk.daemon.stop()
    for file in desk.daemon.state.glob("mentiond.db*"):
        file.unlink()
    status, said = mentiond("-c", desk.daemon.file, "--rebuild", "2")
    assert status == 0, said
    desk.daemon.start(wait=False)
    desk.mention(f"{word}f again", parent=post)
    desk.mention(f"{other}f again", author="carol", parent=other_post)
    desk.customer_of(t, f"{word}f", 40)
    desk.customer_of(t, f"{other}f", 40)
    desk.daemon.wait_quiet(40)
    assert desk.tickets(word) == desk.tickets(other) == [t] and len(desk.posts(f"{word}r")) == 1
