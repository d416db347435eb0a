"""Bluesky as the network: a fake that behaves as the real servers were recorded to, or those themselves (make check-bluesky)."""
import json
import os

import time

import pytest

from mentiond_e2e import call, doctor, proxy
from mentiond_e2e.sky import CREATE_SESSION, GATE, NOTIFICATIONS, POST, PUT, Fake, Real, Sky, iso
from mentiond_e2e.wait import until

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6364f8cf500f0003860180"
                    "5a347d6b0000000049454e44ae426082")
INDEXED = 20                     # seconds at most


@pytest.fixture(scope="session")
def network():
    n = Real(os.environ["MENTIOND_BLUESKY"]) if os.environ.get("MENTIOND_BLUESKY") else Fake()
    yield n
    n.down()


@pytest.fixture
def sky(request, directory, network):
    s = request.node.bridge = Sky(directory, network)
    yield s
    s.close()


@pytest.fixture
def up(sky):
    return sky.start()


@pytest.fixture
def fake(network):
    if not network.is_fake:
        pytest.skip("the fake alone can be told to do this")


@pytest.fixture
def plugin(sky, directory):
    """The plugin alone."""
    if call.why_not():
        pytest.skip(call.why_not())
    settings = {k: v for k, v in sky.channel.items() if k in ("server", "account", "app_password")}
    with call.Plugin("channel", directory, plugin="bluesky", **settings) as p:
        p.caps = p.do("start")
        p.do("poll")             # what is there is old
        yield p


def emitted(plugin, id, timeout=INDEXED):
    """What a poll says of it, when it is there."""
    return until("the network to tell of it", lambda: [i for i in plugin.do("poll")["items"] if i["id"] == id], timeout)[0]


def arguments(parent, text="hello", key="mentiond-1", at=None, **more):
    return dict(key=key, text=text, parent=parent.id, tried_usec=int((at or time.time()) * 1e6), **more)


def text_of(record, facet):
    index = facet["index"]
    return record["text"].encode()[index["byteStart"]:index["byteEnd"]].decode()


# --- Conversations ---

def test_a_mention_becomes_a_ticket_and_the_answer_a_post_below_it(up):
    word, post, t = up.conversation("Where is my pärcel? 🙂")
    a = up.customer_of(t, word)
    assert "🙂" in a.body and f"https://bsky.app/profile/{up.alice.did}/post/{post.rkey}" in a.body and "Public" in a.body
    assert t.custom == {"mentiond_thread": f"brand:{post.id.replace(':', '%3A').replace('/', '%2F')}"}
    up.reply(t, f"It is on its way {word}r")
    answer = up.answered_once(t, post, word + "r")
    assert answer.record["text"] == f"It is on its way {word}r"          # the author is told without his handle
    assert answer.record["reply"] == {"root": post.ref, "parent": post.ref}
    again = up.alice.post(f"thank you {word}t", answer)
    assert up.customer_of(t, word + "t")
    up.reply(t, f"You are welcome {word}w")
    last = up.answered_once(t, again, word + "w")
    assert last.record["reply"] == {"root": post.ref, "parent": again.ref}


def test_what_an_answer_is_about_is_quoted_and_its_root_goes_into_the_reply(up):
    word = up.word()
    root = up.bob.post(f"{word} root")
    middle = up.bob.post(f"{word} middle", root)
    post = up.mention(f"{word} look", parent=middle)
    t = up.ticket_of(word)
    [a] = [a for a in up.customers(t) if "look" in a.body]
    assert f"> {word} root" in a.body and f"> {word} middle" in a.body
    up.reply(t, f"We do {word}r")
    assert up.answered_once(t, post, word + "r").record["reply"] == {"root": root.ref, "parent": post.ref}


def test_a_root_that_is_gone_still_names_the_conversation(up):
    word = up.word()
    root = up.bob.post(f"{word} root")
    middle = up.bob.post(f"{word} middle", root)
    up.bob.delete(root.id)
    first = up.mention(f"{word} look", parent=middle)
    t = up.ticket_of(word)
    assert "(This post is not shown" in up.customers(t)[0].body
    up.mention(f"{word}z look here, too", up.alice, up.bob.post(f"{word} beside", middle))
    assert up.ticket_of(word + "z") is t and first


def test_a_post_that_was_hidden_since_it_was_listed_still_names_its_conversation(plugin, sky):
    root = sky.alice.post("root")
    m = sky.mention("look", sky.bob, root)
    emitted(plugin, m.id)
    sky.bob.block(sky.brand)
    def hidden():
        said = plugin.do("fetch", id=m.id)
        return said["ancestors"] if not said["items"] else None
    assert [a["id"] for a in until("the block", hidden)] == [root.id]


def test_a_quote_is_a_conversation_of_its_own(up):
    own = up.brand.post("We have something new")
    word = up.word()
    post = up.alice.post(f"{word} look at that", embed={"$type": "app.bsky.embed.record", "record": own.ref})
    t = up.ticket_of(word)
    assert f"Quotes: https://bsky.app/profile/{up.brand.did}/post/{own.rkey}" in up.customers(t)[0].body
    up.reply(t, f"Do you like it? {word}r")
    assert up.answered_once(t, post, word + "r").record["reply"]["root"] == post.ref


def test_long_answers_are_split_and_each_part_answers_the_one_before(up):
    word, post, t = up.conversation()
    up.reply(t, f"{word}r " + "All good things come in threes. " * 12)
    until("two parts", lambda: len(up.brand.records()) == 2)
    up.daemon.wait_quiet()
    second, first = parts = up.brand.records()
    assert second.record["reply"] == {"root": post.ref, "parent": first.ref} and all(len(p.record["text"]) <= 300 for p in parts)


def test_characters_of_many_bytes_are_counted_as_such(up):
    family = "\U0001f468‍\U0001f469‍\U0001f467‍\U0001f466"
    word, post, t = up.conversation()
    up.reply(t, f"{word} " + " ".join([family] * 140))
    until("two parts", lambda: len(up.brand.records()) == 2)
    up.daemon.wait_quiet()
    assert all(len(p.record["text"].encode()) <= 3000 for p in up.brand.records())
    assert sum(p.record["text"].count(family) for p in up.brand.records()) == 140


def test_pictures_go_out_with_their_descriptions(up):
    word, post, t = up.conversation()
    up.reply(t, f"Like this {word}r<br>alt: a red dot", pictures={"dot.png": PNG})
    [image] = up.answered_once(t, post, word + "r").record["embed"]["images"]
    assert image["alt"] == "a red dot" and image["image"]["mimeType"] == "image/png" and image["image"]["size"] == len(PNG)


def test_posts_of_the_account_are_liked_reposted_and_removed_once(up):
    word, post, t = up.conversation()
    up.reply(t, f"Sure {word}r")
    answer = up.answered_once(t, post, word + "r")
    for command in "!like", "!repost":
        up.reply(t, command, public=False)
    for collection in "like", "repost":
        [made] = until(f"a {collection}", lambda: up.brand.records(f"app.bsky.feed.{collection}"))
        assert made.record["subject"] == post.ref
    up.reply(t, "!delete", public=False)
    until("the answer to be gone", lambda: not up.posts(word + "r"))
    up.daemon.wait_quiet()
    assert answer.id not in [p.id for p in up.brand.records()]


# --- Sessions ---

def test_a_restart_goes_on_with_the_session(up):
    up.daemon.restart()
    up.daemon.kill()
    up.start()
    word, post, t = up.conversation()
    assert len(up.net_proxy.seen("POST", CREATE_SESSION)) == 1 and not up.net_proxy.seen("POST", "refreshSession")


def test_an_expired_token_is_renewed_once_and_kept_before_it_is_used(up, fake):
    model = up.network.model
    model.expire()
    word, post, t = up.conversation()
    assert (model.sessions, model.refreshes) == (4, 1)   # three people's, and ours
    model.expire()
    up.daemon.kill()
    up.start()
    up.reply(t, f"On its way {word}r")
    up.answered_once(t, post, word + "r")
    assert (model.sessions, model.refreshes) == (4, 2)


def test_a_lost_answer_to_a_renewal_costs_nothing(up, fake):
    hits = up.net_proxy.rule("POST", "refreshSession", proxy.cut_after(), times=2)
    up.network.model.expire()
    up.conversation()
    assert len(hits) == 2 and up.network.model.sessions == 4


def test_an_ended_session_is_begun_anew_by_the_accounts_did(up, fake):
    up.network.model.revoke()
    up.conversation()
    assert up.network.model.asked(f"com.atproto.server.{CREATE_SESSION}")[-1]["identifier"] == up.brand.did


def test_the_account_goes_to_the_server_that_is_its_own(sky):
    entry = proxy.Proxy(sky.network.base)
    entry.rules = list(sky.net_proxy.rules)          # that the server says where the account's own is
    sky.channel["server"] = entry.url
    sky.start()
    sky.conversation()
    assert [r.path for r in entry.requests] == [f"/xrpc/com.atproto.server.{CREATE_SESSION}"]
    entry.down()


def test_a_wrong_password_stops_the_channel_and_says_what_to_do(sky):
    sky.channel["app_password"] = sky.daemon.secret("wrong", "aaaa-bbbb-cccc-dddd")
    sky.start(wait=False)
    until("the channel to stop", lambda: sky.daemon.socket.exists() and sky.daemon.state_of("brand") == "refused" or sky.daemon.wait_log("app password that was not"))
    assert len(sky.net_proxy.seen("POST", CREATE_SESSION)) == 1


def test_limits_of_logging_in_are_kept_to(sky):
    hits = sky.net_proxy.rule("POST", CREATE_SESSION, proxy.answer(429, {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"},
                                                                   headers=[("retry-after", "2")]))
    sky.net_proxy.rules.reverse()        # before what the proxy says of the account's server
    begun = time.monotonic()
    sky.start()
    assert len(hits) == 1 and time.monotonic() - begun >= 2 and len(sky.net_proxy.seen("POST", CREATE_SESSION)) == 2


# --- Answers that may have been posted ---

def test_a_lost_answer_is_found_and_not_posted_twice(up):
    word, post, t = up.conversation()
    hits = up.net_proxy.rule("POST", PUT, proxy.cut_after())
    up.reply(t, f"Once {word}r")
    up.answered_once(t, post, word + "r")
    assert len(hits) == 1 and len(up.net_proxy.seen("POST", PUT)) == 1


def test_an_answer_that_never_arrived_is_posted_under_the_same_name(up):
    word, post, t = up.conversation()
    up.net_proxy.rule("POST", PUT, proxy.cut_before())
    up.reply(t, f"Once {word}r")
    up.answered_once(t, post, word + "r")
    first, second = (json.loads(r.body) for r in up.net_proxy.seen("POST", PUT))
    assert first == second and first["swapRecord"] is None


def test_a_failure_of_the_server_that_posted_is_looked_into(up):
    word, post, t = up.conversation()
    up.net_proxy.rule("POST", PUT, proxy.answer(500, {"error": "InternalServerError", "message": "Internal Server Error"}, after=True))
    up.reply(t, f"Once {word}r")
    up.answered_once(t, post, word + "r")
    assert len(up.net_proxy.seen("POST", PUT)) == 1


def test_what_was_edited_in_the_app_after_a_lost_answer_is_left_as_it_is(up):
    word, post, t = up.conversation()

    def edit():
        [p] = up.posts(word + "r")
        up.brand.edit(p, f"Edited {word}r")
    up.net_proxy.rule("POST", PUT, proxy.cut_after(edit))
    up.reply(t, f"Once {word}r")
    assert up.answered_once(t, post, word + "r").record["text"] == f"Edited {word}r"


def test_killed_while_it_posts_it_posts_once(up):
    word, post, t = up.conversation()
    up.net_proxy.rule("POST", PUT, proxy.cut_after(up.daemon.kill))
    up.reply(t, f"Once {word}r")
    until("it to be killed", lambda: up.daemon.process is None)
    up.start()
    up.answered_once(t, post, word + "r")
    assert len(up.net_proxy.seen("POST", PUT)) == 1


def test_an_attempt_that_met_an_expired_token_is_repeated_at_once(up, fake):
    word, post, t = up.conversation()
    up.net_proxy.rule("POST", PUT, lambda request: (up.network.model.expire(), None)[1])
    up.reply(t, f"Once {word}r")
    up.answered_once(t, post, word + "r")
    assert len(up.net_proxy.seen("POST", PUT)) == 2


def test_the_same_part_is_the_same_post_however_often_it_is_tried(plugin, sky):
    m = sky.mention("hello")
    emitted(plugin, m.id)
    first, second = (plugin.do("post", **arguments(m, at=1795300000.5)) for _ in range(2))
    assert first["id"] == second["id"] and len(sky.brand.records()) == 1
    assert sky.brand.records()[0].record["createdAt"] == iso(1795300000.5)
    assert plugin.do("find", **arguments(m, at=1795300000.5))["id"] == first["id"]
    other = plugin.do("post", **arguments(m, key="mentiond-2", at=1795300000.5))
    assert other["id"] != first["id"]


def test_a_post_of_that_name_is_never_written_over(plugin, sky):
    m = sky.mention("hello")
    emitted(plugin, m.id)
    known = arguments(m, at=1795300000)
    plugin.do("post", **known)
    [p] = sky.brand.records()
    sky.brand.edit(p, "changed in the app")
    assert plugin.call("post", **known)["verdict"] == "ambiguous"
    assert plugin.do("find", **known)["id"] == p.id and sky.brand.records()[0].record["text"] == "changed in the app"


def test_a_part_whose_key_was_forgotten_is_found_by_its_text(plugin, sky):
    m, other = sky.mention("hello"), sky.mention("hello, too")
    emitted(plugin, other.id)
    begun = time.time() - 60
    for parent, text in (m, "yes"), (m, "no"), (other, "no, no"):
        sky.brand.post(text, parent)
    found = plugin.do("find", **arguments(m, "no", "forgotten", at=begun))
    assert [p.record["text"] for p in sky.brand.records() if p.id == found["id"]] == ["no"]
    assert plugin.call("find", **arguments(m, "no, no", "forgotten", at=begun))["verdict"] == "absent"
    assert plugin.call("find", **arguments(m, "no", "forgotten", at=time.time() + 7200))["verdict"] == "absent"        # written before


# --- What may be answered ---

def test_a_conversation_that_is_gated_is_not_answered_and_the_agent_is_told(up):
    word = up.word()
    root = up.alice.post(f"{word} root")
    up.alice.gate(root, allow=[])
    up.mention(f"{word} look", parent=root)
    t = up.ticket_of(word)
    assert "cannot be answered: who began the conversation lets only some people answer" in up.customers(t)[0].body
    up.reply(t, f"We do {word}r")
    up.daemon.wait_row(state="held")
    assert not up.brand.records()


def test_a_gate_that_lets_those_answer_who_are_named_is_open(up):
    word = up.word()
    post = up.mention(f"{word} root")
    up.alice.gate(post, allow=[{"$type": "app.bsky.feed.threadgate#mentionRule"}])
    t = up.ticket_of(word)
    up.reply(t, f"We do {word}r")
    up.answered_once(t, post, word + "r")


def test_a_gate_and_a_block_that_came_since_stop_an_answer(plugin, sky):
    gated, blocked, gone = sky.mention("one"), sky.mention("two", sky.bob), sky.mention("three")
    emitted(plugin, gone.id)
    sky.alice.gate(gated, allow=[])
    sky.bob.block(sky.brand)
    sky.alice.delete(gone.id)

    def refused(post, verdict, why):
        def is_so():
            sky.brand.records() and [sky.brand.delete(p.id) for p in sky.brand.records()]        # before the app had heard of it
            said = plugin.call("post", **arguments(post))
            return said["verdict"] == verdict and why in said["reason"]
        until(why, is_so)
    refused(gated, "rejected", "lets only some people answer")
    refused(blocked, "rejected", "have blocked each other, or one the other")
    refused(gone, "gone", "is gone")


def test_answers_in_conversations_of_the_account_are_hidden(up):
    word = up.word()
    own = up.brand.post("And of this")
    until("the app to show it", lambda: up.alice.answers(own) == [])
    rude = up.alice.post(f"{word} something rude", own)
    t = up.ticket_of(word)
    up.reply(t, "!hide", public=False)
    [gate] = until("a gate", lambda: [g for g in up.brand.records(GATE) if g.record["post"] == own.id])
    assert gate.record["hiddenReplies"] == [rude.id] and gate.rkey == own.rkey and "allow" not in gate.record


# --- What posts are ---

def test_links_names_and_tags_are_marked_in_bytes(plugin, sky):
    m = sky.mention("hello")
    emitted(plugin, m.id)
    text = f"Grüße 👋 @{sky.alice.handle}, (see https://example.com/a_(b)?x=ä). #päckchen! @nobody.at.all #1 x@{sky.bob.handle} http:// #"
    plugin.do("post", **arguments(m, text, language="de-CH"))
    record = sky.brand.records()[0].record
    assert [(text_of(record, f), f["features"][0]) for f in record["facets"]] == [
        (f"@{sky.alice.handle}", {"$type": "app.bsky.richtext.facet#mention", "did": sky.alice.did}),
        ("https://example.com/a_(b)?x=ä", {"$type": "app.bsky.richtext.facet#link", "uri": "https://example.com/a_(b)?x=ä"}),
        ("#päckchen", {"$type": "app.bsky.richtext.facet#tag", "tag": "päckchen"}),
    ]
    assert record["text"] == text and record["langs"] == ["de"]


def test_shortened_links_are_shown_as_what_they_lead_to(plugin, sky):
    text = f"@{sky.brand.handle} ü example.com/a-lo... or here"
    facets = [sky.alice.facet(text, shown, **{"$type": "app.bsky.richtext.facet#link", "uri": uri})
              for shown, uri in (("example.com/a-lo...", "https://www.example.com/a-long-way"), ("here", "https://example.org/"))]
    # Nobody checks them: beyond the text, from the end to the beginning, within a character, one over the other.
    at = len(f"@{sky.brand.handle} ".encode())
    for start, end in (0, 9999), (9, 3), (at, at + 1), (2, len(text.encode())):
        facets.append({"index": {"byteStart": start, "byteEnd": end}, "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "x"}]})
    facets.append({"index": {"byteStart": at, "byteEnd": at + 1}, "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://evil/"}]})
    m = sky.alice.post(text, naming=[sky.brand], facets=facets, embed={"$type": "app.bsky.embed.external", "external": {
        "uri": "https://example.net/card", "title": "A card", "description": ""}})
    said = emitted(plugin, m.id)["payload"]["text"]
    assert said == f"@{sky.brand.handle} ü https://www.example.com/a-long-way or here (https://example.org/)\n\nhttps://example.net/card"


def test_pictures_of_a_mention_are_shown_with_their_descriptions(plugin, sky):
    blob = sky.alice.ask("POST", "com.atproto.repo.uploadBlob", PNG)["blob"]
    m = sky.mention("look", embed={"$type": "app.bsky.embed.images", "images": [{"alt": "the error", "image": blob}]})
    [media] = emitted(plugin, m.id)["payload"]["media"]
    assert blob["ref"]["$link"] in media["url"] and media["url"].startswith("http") and media["description"] == "the error"


# --- Polls ---

def test_mentions_that_are_dated_back_are_not_lost(sky):
    sky.mention("old")
    until("the app to tell", lambda: sky.brand.notified())
    sky.start()
    word = sky.word()
    sky.mention(f"{word} late", createdAt=iso(time.time() - 3 * 3600))
    sky.ticket_of(word, 5)


def test_what_is_dated_ahead_is_not_the_newest_for_ever(up):
    word = up.word()
    ahead = up.mention(f"{word} ahead", createdAt=iso(time.time() + 24 * 3600))
    t = up.ticket_of(f"{word} ahead")
    later = up.mention(f"{word} later", up.bob, ahead)
    up.customer_of(t, f"{word} later")
    up.reply(t, f"Yes {word}r")
    up.answered_once(t, later, word + "r")


def test_what_was_there_before_is_old(sky):
    word = sky.word()
    sky.mention(f"{word} old")
    until("the app to tell", lambda: sky.brand.notified())
    sky.start()
    sky.conversation()
    assert not sky.tickets(word)


def test_pages_are_read_to_the_end_though_many_share_a_millisecond(sky, fake):
    sky.start()
    model, at, words = sky.network.model, time.time(), [sky.word() for _ in range(130)]
    up_to = [at - n // 40 for n in range(130)]
    sky.network.pause()
    for word, when in zip(words, up_to):
        sky.mention(word, createdAt=iso(when))
    model.empty_pages = 1
    sky.network.resume()
    until("all tickets", lambda: all(sky.tickets(w) for w in words), 60)
    sky.daemon.wait_quiet()
    assert all(len(sky.tickets(w)) == 1 for w in words)


def test_a_page_of_one_millisecond_is_left_behind(plugin, sky, fake):
    at = time.time()
    first, *rest = [sky.mention(str(n), createdAt=iso(at)) for n in range(101)]
    last = sky.mention("older", createdAt=iso(at - 1))
    shown = {i["id"] for i in plugin.do("poll")["items"]}
    assert len(shown) == 101 and last.id in shown        # of those of that millisecond the network shows 100 and no more


def test_a_failing_app_costs_nothing(up):
    up.net_proxy.rule("GET", NOTIFICATIONS, proxy.answer(502, {"error": "UpstreamFailure", "message": "Upstream service unreachable"}), times=3)
    up.net_proxy.rule("GET", "getPosts", proxy.answer(502, {"error": "UpstreamFailure", "message": "Upstream service unreachable"}), times=2)
    up.net_proxy.rule("GET", NOTIFICATIONS, proxy.answer(403, b"<html>no</html>", "text/html"), times=1)
    word, post, t = up.conversation()
    assert up.daemon.state_of("brand") == "running"


def test_who_unblocks_the_account_is_heard(up):
    block = up.alice.block(up.brand)
    word = up.word()
    up.mention(word)
    up.conversation(author=up.bob)
    assert not up.tickets(word)
    up.alice.delete(block)
    up.ticket_of(word)


# --- Reading again ---

def of(said):
    return {a["id"]: None if a["gone"] else a["text"] for a in said["again"]}


def test_changed_and_deleted_posts_are_seen_and_blocked_ones_are_not_taken_for_gone(plugin, sky):
    changed, deleted, blocked = sky.mention("one"), sky.mention("two"), sky.mention("three", sky.bob)
    emitted(plugin, blocked.id)
    ids = [p.id for p in (changed, deleted, blocked)]
    plain = f"@{sky.brand.handle} "
    assert until("all three", lambda: (lambda s: len(s) == 3 and s)(of(plugin.do("reread", ids=ids)))) == dict(zip(ids, (plain + "one", plain + "two", plain + "three")))
    sky.alice.edit(changed, plain + "one, changed")
    sky.alice.delete(deleted.id)
    sky.bob.block(sky.brand)
    wanted = {changed.id: plain + "one, changed", deleted.id: None}
    until("what has changed", lambda: of(plugin.do("reread", ids=ids)) == wanted)


def test_a_post_that_was_deleted_and_made_anew_in_its_place_is_a_changed_one(plugin, sky):
    m = sky.mention("before")
    emitted(plugin, m.id)
    sky.alice.delete(m.id)
    sky.alice.put(POST, {**m.record, "text": m.record["text"].replace("before", "after")}, m.rkey)
    until("the other text", lambda: of(plugin.do("reread", ids=[m.id])) == {m.id: f"@{sky.brand.handle} after"})


def test_answers_of_which_nobody_was_told_are_found_in_the_thread(plugin, sky):
    m = sky.mention("hello")
    emitted(plugin, m.id)
    own = sky.brand.post("yes?", m)
    chain = [own]
    for n in range(6):
        chain.append(sky.alice.post(f"answer {n}", chain[-1]))
        time.sleep(0 if sky.network.is_fake else 0.3)    # the real app loses some that come faster
    beside = sky.bob.post("not for you", m)
    until("the fourth answer", lambda: chain[4].id in sky.brand.notified())
    told = {i["id"] for i in plugin.do("poll")["items"]}
    assert chain[4].id in told and chain[5].id not in told

    def found():
        said = plugin.do("reread", ids=[m.id])
        return [i["id"] for i in said["items"]] if own.id in of(said) and len(said["items"]) >= 2 else None
    items = until("the whole thread", found)
    assert chain[5].id in items and chain[6].id in items and beside.id not in items and m.id not in items


def test_a_right_to_answer_that_has_changed_is_seen(plugin, sky):
    m = sky.mention("hello")
    emitted(plugin, m.id)
    def right():
        return plugin.do("reread", ids=[m.id])["again"][0]["right"]
    until("it to be open", lambda: right() == call.MAY_REPLY)
    gate = sky.alice.gate(m, allow=[])
    until("the gate", lambda: right() == call.REPLY_NEVER)
    sky.alice.delete(gate)
    until("it to be open again", lambda: right() == call.MAY_REPLY)


# --- Doctor ---

def test_doctor_says_that_all_is_well(up):
    report = doctor.run(up.daemon, "doctor", "brand")
    assert not report.wrong() and up.brand.did in report.line("ok", "account") and report.line("ok", "app password")


def test_doctor_warns_of_the_accounts_own_password(sky):
    sky.channel["app_password"] = sky.daemon.secret("own", sky.brand.password)
    sky.start()
    assert "make an app password" in doctor.run(sky.daemon, "doctor", "brand").line("wrong", "app password")


# --- Hostile input ---

def test_hostile_answers_stop_nothing(up, fake):
    odd = [{"uri": "at://x", "author": 7, "record": []}, {"uri": "nonsense", "author": {"did": "did:plc:x", "handle": "x"}, "record": {
        "text": "\x00\ud800", "facets": [{"index": {"byteStart": -1, "byteEnd": 1 << 62}, "features": [{"uri": "x"}]}], "reply": {"parent": 4, "root": "x"},
        "embed": {"external": {"uri": 3}, "record": [], "media": 5}, "langs": [1], "createdAt": "0001-01-01T00:00:00Z"}, "labels": 8}, 5, None,
        {"uri": f"at://{up.alice.did}/app.bsky.feed.post/x y", "author": {"did": up.alice.did, "handle": "alice.test"}, "record": {"text": "x"}}]
    up.net_proxy.rule("GET", NOTIFICATIONS, proxy.answer(200, {"notifications": odd, "cursor": "\n\r: x"}), times=1)
    up.net_proxy.rule("GET", NOTIFICATIONS, proxy.answer(200, {"notifications": 7, "cursor": {"x": 1}}), times=1)
    up.net_proxy.rule("GET", "getPosts", proxy.answer(200, {"posts": [{"uri": 5}, 6, {"embed": {"images": [1]}}]}), times=1)
    up.conversation()
    assert up.daemon.state_of("brand") == "running"
