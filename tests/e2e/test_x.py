"""The x plugin: by single operations, and with a daemon and a fake Zammad."""
import base64
import json
import re
import time

import pytest
import requests

from fakes.server import Answer
from fakes.x import oauth1_signature
from mentiond_e2e import doctor
from mentiond_e2e.call import CAN_HIDE, CAN_REMOVE, CAN_REPOST, DIRECT, FOLLOWERS, HIDE, LIKE, REPOST, Plugin
from mentiond_e2e.listener import as_base64, free_port
from mentiond_e2e.proxy import Proxy, cut_after
from mentiond_e2e.wait import until
from mentiond_e2e.x import SHARED, Net, XDesk, contract, keys, secret_in

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
NAMES_ITSELF, X_WEIGHTED, MAY_REPLY, SUMMONED = 1 << 6, 5, 0, 3


@pytest.fixture(params=[1, 2], ids=["oauth1", "oauth2"])
def oauth(request):
    return request.param


@pytest.fixture
def net(directory):
    n = Net(directory)
    yield n
    n.close()


@pytest.fixture
def either(directory, oauth):
    n = Net(directory, oauth)
    yield n
    n.close()


@pytest.fixture
def xdesk(request, directory):
    d = request.node.bridge = XDesk(directory)
    yield d
    d.close()


@pytest.fixture
def up(xdesk):
    return xdesk.start()


def file(name="shot.png", type="image/png", description="", data=PNG):
    return {"name": name, "type": type, "description": description, "data": base64.b64encode(data).decode()}


def polled(net):
    """After the first poll, when all is old."""
    net.model.post("alice", "@brand long ago", at=time.time() - 3600)
    assert net.poll() == [] or all(i["state"] == "known" for i in net.do("poll")["items"])
    return net


# --- The fake itself: signatures that RFC 5849 (1.2) and X's documentation ("Creating a signature") print, and the contract

def test_the_fake_signs_as_the_standard_and_x_print_it():
    photos = [("oauth_consumer_key", "dpf43f3p2l4k3l03"), ("oauth_token", "nnch734d00sl2jdk"), ("oauth_signature_method", "HMAC-SHA1"),
              ("oauth_timestamp", "137131202"), ("oauth_nonce", "chapoH"), ("file", "vacation.jpg"), ("size", "original")]
    assert oauth1_signature("GET", "http://photos.example.net/photos", photos, "kd94hf93k423kf44", "pfkkdhi9sl3r4s00") == "MdpQcU8iPSUjWoN/UDMsK2sui9I="
    update = [("status", "Hello Ladies + Gentlemen, a signed OAuth request!"), ("include_entities", "true"),
              ("oauth_consumer_key", "xvz1evFS4wEEPTGEFPHBog"), ("oauth_nonce", "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"),
              ("oauth_signature_method", "HMAC-SHA1"), ("oauth_timestamp", "1318622958"),
              ("oauth_token", "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"), ("oauth_version", "1.0")]
    assert oauth1_signature("POST", "https://api.x.com/1.1/statuses/update.json", update, "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
                            "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE") == "Ls93hJiZbQ3akF3HF3x1Bz8/zU4="


class Asked:
    def __init__(self, method, path, query=(), json=None):
        self.method, self.path, self.query, self.json, self.body = method, path, dict(query), json, b"" if json is None else b"{}"
        self.lists, self.content_type = {n: [v] for n, v in self.query.items()}, "application/json"


@pytest.mark.skipif(not contract(), reason=f"there is no {SHARED}/openapi.json (MENTIOND_SHARED)")
@pytest.mark.parametrize("request_, why", [
    (Asked("GET", "/2/users/12/mentions", {"tweet.field": "lang"}), "no parameter tweet.field"),
    (Asked("GET", "/2/users/12/mentions", {"tweet.fields": "lang,size"}), "tweet.fields: 'size'"),
    (Asked("GET", "/2/users/12/mentions", {"max_results": "101"}), "max_results: 101"),
    (Asked("GET", "/2/users/brand/mentions"), "id: 'brand'"),
    (Asked("GET", "/2/tweets"), "ids is missing"),
    (Asked("GET", "/2/likes"), "not in the contract"),
    (Asked("POST", "/2/tweets", json={"text": "hello", "media": {"media_ids": []}}), "body: \\[\\]"),
    (Asked("POST", "/2/tweets", json={"status": "hello"}), "no member status"),
    (Asked("PUT", "/2/tweets/12/hidden", json={}), "body: 'hidden' is a required"),
    (Asked("POST", "/2/users/12/retweets"), "body is missing"),
    (Asked("GET", "/2/users/12/mentions", {"max_results": "5"}), None),
])
def test_the_contract_tells_what_is_not_in_it(request_, why):
    found = contract().problems(request_)
    assert re.search(why, "\n".join(found)) if why else not found, found


# --- Who it is

def test_the_account_and_what_it_can_are_learned_at_the_start(either):
    caps = either.caps
    assert (caps["self"], caps["handle"]) == ("1460000000000000001", "@brand")
    assert (caps["length_unit"], caps["length_max"], caps["url_length"]) == (X_WEIGHTED, 280, 23)
    assert caps["flags"] == CAN_REMOVE | CAN_REPOST | CAN_HIDE | NAMES_ITSELF
    assert (caps["uploads_max"], caps["description_max"], caps["upload_size_max"]) == (4, 1000, 5 * 1024 * 1024)


def test_premium_accounts_write_more(directory):
    n = Net(directory, length=25000)
    assert n.caps["length_max"] == 25000
    n.close()


@pytest.mark.parametrize("broken", ["consumer_secret", "access_token_secret", "access_token"])
def test_a_wrong_key_is_refused(directory, broken):
    n = Net(directory)
    n.plugin.__exit__()
    (directory / broken.replace("_", "-")).write_text("another one of them")
    with Plugin("channel", directory, plugin="x", api=n.server.base, **dict(keys(n.model, 1, lambda name, text: f"file:{directory / name}"))) as p:
        assert p.call("start")["verdict"] == "auth"
    n.server.down()


# --- Mentions

def test_a_mention_is_told_as_it_was_written(net):
    polled(net)
    p = net.model.post("alice", "@brand 1 < 2 & https://shop.example/a?b=1&c=2 it's &amp; broken")
    [item] = [i for i in net.poll() if i["id"] == p.id]
    m = item["payload"]
    assert (item["state"], item["root"]) == ("new", p.id)
    assert m["text"] == "@brand 1 < 2 & https://shop.example/a?b=1&c=2 it's &amp; broken"
    assert m["author"]["handle"] == "@alice" and m["url"] == f"https://x.com/alice/status/{p.id}"
    assert m.get("reply_right", MAY_REPLY) == MAY_REPLY


def test_a_long_post_is_told_whole(net):
    polled(net)
    p = net.model.post("alice", "@brand " + "word " * 100 + "https://shop.example/end")
    [item] = [i for i in net.poll() if i["id"] == p.id]
    assert item["payload"]["text"].endswith("word https://shop.example/end") and item["payload"]["text"].count("word") == 100


@pytest.mark.parametrize("names", ["tweet", "post"])
def test_both_names_of_things_are_understood(net, names):
    net.model.names = names
    polled(net)
    root = net.model.post("alice", "@brand broken")
    ours = net.model.post("brand", "which one?", root, named=["alice"])
    p = net.model.post("alice", "the red one " + "with " * 80, ours, named=["brand"])
    items = {i["id"]: i for i in net.poll()}
    assert (items[p.id]["root"], items[p.id]["parent"], items[p.id]["payload"]["text"].count("with")) == (root.id, ours.id, 80)
    net.model.edit(p, "the blue one")
    again = net.do("reread", ids=[p.versions[0]])["again"]
    assert [(a["id"], a["text"]) for a in again] == [(p.versions[0], "@brand the blue one")]


def test_pictures_come_with_their_descriptions_and_without_their_links(net):
    polled(net)
    net.model.media["3_77"] = {"url": "https://pbs.example/77", "alt_text": "a red lamp"}
    p = net.model.post("alice", "@brand look", media=["3_77"])
    [item] = [i for i in net.poll() if i["id"] == p.id]
    assert item["payload"]["text"].strip() == "@brand look"
    assert [(m["url"], m["description"]) for m in item["payload"]["media"]] == [("https://pbs.example/77", "a red lamp")]


def test_an_author_whom_x_does_not_show_loses_no_mention(net):
    polled(net)
    net.model.unshown.add("carol")
    p, q = net.model.post("carol", "@brand help"), net.model.post("alice", "@brand and me")
    items = {i["id"]: i["payload"] for i in net.poll() if i["state"] == "new"}
    assert items[p.id]["author"]["handle"] == "user 1460000000000000003" and items[q.id]["author"]["handle"] == "@alice"
    assert items[p.id]["visibility"] == FOLLOWERS and items[q.id]["visibility"] != FOLLOWERS         # nobody knows whether carol's are protected


def test_a_repost_is_no_mention(net):
    polled(net)
    ours = net.model.post("brand", "our new lamp")
    p = net.model.post("alice", "RT @brand: our new lamp", retweets=ours)
    assert p.id not in [i["id"] for i in net.poll()]


def test_the_posts_of_protected_accounts_are_for_few(net):
    polled(net)
    net.model.users["carol"]["protected"] = True
    p = net.model.post("carol", "@brand help")
    [item] = [i for i in net.poll() if i["id"] == p.id]
    assert item["payload"]["visibility"] == FOLLOWERS
    said = net.answer(p, "of course", visibility=FOLLOWERS)
    assert said["verdict"] == "rejected" and "everybody would see it" in said["reason"] and not net.sent()


def test_what_stands_above_a_mention_is_told(net):
    polled(net)
    root = net.model.post("bob", "these lamps are bad")
    middle = net.model.post("carol", "mine broke, too", root)
    p = net.model.post("alice", "ask @brand", middle)
    [item] = [i for i in net.poll() if i["id"] == p.id]
    assert item["root"] == "" and item["parent"] == middle.id
    said = net.do("fetch", id=p.id)
    assert [(a["id"], a["text"], a["handle"]) for a in said["ancestors"]] == [(middle.id, "mine broke, too", "@carol")]


def test_conversations_into_which_it_is_called_are_one_ticket_that_tells_what_it_is_about(up):
    word = up.word()
    root = up.net.post("bob", "these lamps are bad")
    middle = up.net.post("carol", f"mine broke {word}q, too", root)
    up.net.post("alice", f"{word} ask @brand", middle)
    ticket = up.ticket_of(word)
    assert f"mine broke {word}q, too" in up.customers(ticket)[0].body
    up.net.post("bob", f"{word}b yes, @brand?", root)
    up.customer_of(ticket, f"{word}b")


def test_a_post_that_is_gone_is_told_as_gone_though_x_says_200(net):
    p = net.model.post("alice", "@brand broken")
    net.model.delete(p)
    assert net.call("fetch", id=p.id)["verdict"] == "gone"
    assert net.answer(p, "sorry")["verdict"] == "gone"


# --- Answers

def test_an_answer_names_its_author_and_nobody_else(either):
    p = either.model.post("alice", "@brand @carol broken")
    said = either.answer(p, "we are sorry")
    assert said["verdict"] == "ok" and said["url"] == f"https://x.com/brand/status/{said['id']}"
    [sent] = either.sent()
    assert (sent.parent, sent.text, sent.named) == (p, "we are sorry", ["alice"])


def test_the_next_part_answers_the_first(net):
    p = net.model.post("alice", "@brand broken")
    first = net.answer(p, "one")
    second = net.call("post", text="two", visibility=2, key="k", parent=first["id"])
    assert second["verdict"] == "ok" and [s.parent for s in net.sent()] == [p, net.sent()[0]]


def test_an_edited_post_is_answered_as_it_is_now(net):
    p = net.model.post("alice", "@brand broken")
    net.model.edit(p, "@brand broken, the red one")
    assert net.answer(p, "sorry")["verdict"] == "ok"
    [q] = [q for q in net.asked if q.method == "POST"]
    assert q.json["reply"]["in_reply_to_tweet_id"] == p.versions[1]


def test_who_did_not_call_is_not_answered_and_x_is_not_asked(net):
    p = net.model.post("alice", "these lamps are bad")
    said = net.answer(p, "sorry")
    assert said["verdict"] == "rejected" and "names or quotes the account" in said["reason"] and "POST tweets" not in net.log()


def test_who_quotes_the_account_has_called_it(net):
    p = net.model.post("alice", "these lamps are bad", quoted=net.model.post("brand", "our new lamp"))
    assert net.answer(p, "sorry")["verdict"] == "ok"


def test_with_a_contract_for_it_everybody_is_answered_and_xs_refusal_is_told(directory):
    n = Net(directory, unsummoned=True)
    p = n.model.post("alice", "these lamps are bad")
    said = n.answer(p, "sorry")
    assert said["verdict"] == "rejected" and "names or quotes" in said["reason"] and "POST tweets" in n.log()
    n.close()


def test_the_same_text_twice_is_a_lost_answer_or_is_refused(net):
    """Only a second attempt may take what it finds for its own."""
    p, q = net.model.post("alice", "@brand broken"), net.model.post("carol", "@brand mine, too")
    assert net.answer(p, "we are sorry")["verdict"] == "ok"
    said = net.answer(q, "we are sorry")
    assert said["verdict"] == "rejected" and "the same text twice" in said["reason"]
    said = net.answer(p, "we are sorry", tried_usec=int(time.time() * 1e6), again=1)
    assert (said["verdict"], said["id"]) == ("ok", net.sent()[0].id)
    net.model.late = True
    assert net.answer(p, "we are sorry", tried_usec=int(time.time() * 1e6), again=1)["verdict"] == "ambiguous"
    net.rules.append(("GET", "users/.*/tweets", Answer(200, text="<h1>not now</h1>")))
    assert net.answer(p, "we are sorry", tried_usec=int(time.time() * 1e6), again=1)["verdict"] == "ambiguous"


def test_a_post_that_may_be_out_is_looked_for(net):
    p = net.model.post("alice", "@brand broken")
    assert net.find(p, "we are sorry")["verdict"] == "absent"
    net.answer(p, "we are <sorry> & https://shop.example/a?b&c")
    said = net.find(p, "we are <sorry> & https://shop.example/a?b&c")
    assert (said["verdict"], said["id"]) == ("ok", net.sent()[0].id)
    assert net.find(p, "something else")["verdict"] == "unknown"
    assert net.find(net.model.post("carol", "@brand I wait"), "something else")["verdict"] == "absent"


def test_the_look_goes_through_all_pages_or_leaves_a_doubt(net):
    p = net.model.post("alice", "@brand broken")
    net.answer(p, "we are sorry")
    net.model.page = 2
    for n in range(6):
        net.model.post("brand", f"news {n}")
    assert net.find(p, "we are sorry")["verdict"] == "ok"
    for n in range(6):
        net.model.post("brand", f"more news {n}")
    assert net.find(p, "we are sorry")["verdict"] == "unknown"


def test_pictures_are_posted_with_their_descriptions(net):
    p = net.model.post("alice", "@brand broken")
    said = net.answer(p, "so", uploads=[file(description="the lamp"), file(data=PNG + b"x")])
    assert said["verdict"] == "ok", said
    [sent] = net.sent()
    files = [net.model.media[key] for key in sent.media]
    assert [(f.get("alt_text"), f["media_type"], f["data"].encode("latin-1")) for f in files] == [("the lamp", "image/png", PNG), (None, "image/png", PNG + b"x")]
    assert not any(b"shot.png" in q.body for q in net.asked)


def test_a_picture_alone_is_posted_without_text(net):
    p = net.model.post("alice", "@brand broken")
    assert net.answer(p, "", uploads=[file()])["verdict"] == "ok" and "text" not in [q for q in net.asked if q.path == "/2/tweets"][-1].json


def test_a_picture_that_is_not_taken_is_told(net):
    net.rules.append(("POST", "media/upload", Answer(400, {"title": "Invalid Request", "detail": "Your media is broken."})))
    said = net.answer(net.model.post("alice", "@brand broken"), "so", uploads=[file()])
    assert said["verdict"] == "rejected" and "shot.png" in said["reason"] and "Your media is broken." in said["reason"] and not net.sent()


def test_own_posts_are_removed_and_once_they_are_gone_that_is_well_too(net):
    p = net.model.post("brand", "hello")
    for _ in range(2):
        net.do("remove", id=p.id)
        assert p.deleted
    assert net.call("remove", id=net.model.post("alice", "@brand hello").id)["verdict"] == "rejected"


def test_posts_are_reposted_and_hidden_but_not_liked(net):
    p = net.model.post("alice", "@brand great")
    net.do("react", reaction=REPOST, id=p.id)
    net.do("react", reaction=HIDE, id=p.id)
    assert p.reposted == ["brand"] and p.hidden
    said = net.call("react", reaction=LIKE, id=p.id)
    assert said["verdict"] == "rejected" and "likes" in said["reason"]


def test_reading_again_tells_what_was_edited_and_what_is_gone(net):
    kept, changed, gone = (net.model.post("alice", f"@brand {n}") for n in "abc")
    net.model.edit(changed, "@brand b, better")
    net.model.delete(gone)
    again = {a["id"]: a.get("text") for a in net.do("reread", ids=[p.versions[0] for p in (gone, changed, kept)])["again"]}
    assert again == {kept.id: "@brand a", changed.versions[0]: "@brand b, better", gone.id: None}
    assert [line for line in net.log()] == ["GET tweets"]


# --- How X says no: the vendor's answers as they were collected

def collected(name):
    path = SHARED.parent / "errors.json"
    if not path.exists():
        pytest.skip(f"there is no {path} (MENTIOND_SHARED)")
    [e] = [e for e in json.loads(path.read_text())["x"] if e["name"] == name]
    return Answer(e["status"], e["body"], headers=e.get("headers", {}) and {k: v for k, v in e["headers"].items() if k.startswith("x-")})


@pytest.mark.parametrize("name, verdict, words", [
    ("rate_limit", "throttled", ""), ("rate_limit_legacy_form", "throttled", ""), ("not_summoned", "rejected", "mentioned or are the author"),
    ("credits_depleted", "blocked", "buy credits"), ("client_forbidden", "blocked", "oauth1 app permissions"), ("unauthorized", "auth", ""),
    ("unavailable", "retry", "503"), ("duplicate", "rejected", "twice")])
def test_a_refusal_of_a_post_is_understood(net, name, verdict, words):
    p = net.model.post("alice", "@brand broken")
    net.rules.append(("POST", "/2/tweets", collected(name)))
    said = net.answer(p, "sorry")
    assert said["verdict"] == verdict and words in said["reason"], said
    assert net.call("poll")["verdict"] == "ok"           # polls go on


@pytest.mark.parametrize("status, verdict", [(500, "ambiguous"), (502, "ambiguous"), (400, "rejected")])
def test_a_failure_of_a_post_may_have_posted(net, status, verdict):
    net.rules.append(("POST", "/2/tweets", Answer(status, {"title": "no", "detail": "not now"})))
    assert net.answer(net.model.post("alice", "@brand broken"), "sorry")["verdict"] == verdict


@pytest.mark.parametrize("body", [{}, {"errors": [{"title": "Over Capacity", "detail": "not now"}]}, [], {"data": "x", "meta": 3}, "x"])
def test_a_list_that_is_none_is_asked_for_again(net, body):
    net.rules.append(("GET", "mentions", Answer(200, body)))
    assert net.call("poll")["verdict"] in ("retry", "ok") and (body not in ({}, []) or net.call("poll")["verdict"] == "retry")


# --- OAuth 2.0

def test_a_token_that_ended_before_its_time_is_renewed_at_once(directory):
    n = Net(directory, 2)
    n.model.access.clear()
    assert n.call("poll")["verdict"] == "ok" and n.model.renewals == 2
    n.close()


def test_a_public_client_names_itself_in_the_form(directory):
    n = Net(directory, 2, client=("client", ""))
    assert n.model.renewals == 1
    n.close()


def test_a_token_that_is_good_for_seconds_is_renewed_each_time(directory):
    n = Net(directory, 2, lasts=30)
    for _ in range(3):
        assert n.call("poll")["verdict"] == "ok"
    assert n.model.renewals == 4
    n.close()


def test_a_network_that_gives_no_new_refresh_token_gets_the_last_again(directory):
    n = Net(directory, 2, lasts=30)
    n.model.rotates = False
    for renewals in 2, 3:
        assert n.call("poll")["verdict"] == "ok" and n.model.renewals == renewals
    n.close()


@pytest.mark.parametrize("answer, verdict", [
    (Answer(503, {"title": "no"}), "retry"), (Answer(500, text="<h1>no</h1>"), "retry"), (Answer(403, text="<h1>blocked</h1>"), "retry"),
    (Answer(200, {"token_type": "bearer"}), "retry"), (Answer(400, {"error": "invalid_request"}), "auth"), (Answer(401, {}), "auth")])
def test_an_answer_without_a_token_is_understood(directory, answer, verdict):
    n = Net(directory, 2)
    n.model.access.clear()
    n.rules.append(("POST", "oauth2/token", answer))
    said = n.call("poll")
    assert said["verdict"] == verdict and "refresh-1" not in said["reason"]
    n.rules.clear()
    assert n.call("poll")["verdict"] == "ok"
    n.close()


# --- The whole

def test_a_mention_becomes_a_ticket_and_its_answer_one_post(up):
    word, post, ticket = up.conversation()
    up.zammad.write(ticket, f"Answer {word}r")
    answer = up.answered_once(ticket, post, f"{word}r")
    assert answer.text == f"Answer {word}r" and answer.named == ["alice"]


def test_restarts_cost_no_token_and_what_was_written_meanwhile_is_filed(up):
    word, post, ticket = up.conversation()
    renewals = up.net.renewals
    up.daemon.stop()
    again = up.word()
    up.mention(f"{again} and now?", parent=post)
    up.daemon.start()
    up.customer_of(ticket, again)
    assert up.net.renewals == renewals == 1


def test_a_daemon_that_is_killed_keeps_the_rotated_token(up):
    up.net.access.clear()        # it ended before its time
    until("a new token", lambda: up.net.renewals == 2)
    up.daemon.kill()
    up.net.access.clear()
    up.daemon.start()
    up.conversation()
    assert up.net.renewals == 3


def test_a_token_that_is_refused_stops_the_account_and_a_new_one_is_taken(up):
    word, post, ticket = up.conversation()
    up.net.access.clear()
    up.net.refresh = "made anew"
    until("the account to stop", lambda: up.daemon.state_of("brand") == "stopped")
    assert "authorize the application anew" in up.daemon.instances()["brand"]["reason"]
    up.channel["refresh_token"] = up.daemon.secret("another-token", "made anew")
    assert up.daemon.reload()
    up.conversation()


def test_many_operations_at_the_end_of_a_token_renew_it_once(up):
    conversations = [up.conversation() for _ in range(4)]
    begun, up.net.hook = up.net.renewals, None
    with up.net.lock:
        up.net.access.clear()
        for word, _, ticket in conversations:
            up.zammad.write(ticket, f"Answer {word}r")
    for word, post, ticket in conversations:
        up.answered_once(ticket, post, f"{word}r")
    assert up.net.renewals == begun + 1


def test_pages_that_new_mentions_push_on_lose_none(xdesk):
    xdesk.start()
    xdesk.conversation()
    xdesk.daemon.stop()
    words = [xdesk.word() for _ in range(12)]
    for word in words:
        xdesk.mention(f"{word} what about mine?")
    xdesk.net.page, more = 5, []

    def push(q):
        if "pagination_token" in q.query and len(more) < 3:
            more.append(xdesk.word())
            xdesk.mention(f"{more[-1]} and mine?")
    xdesk.net.hook = push
    xdesk.daemon.start()
    for word in words:
        xdesk.filed_once(word)
    for word in more:
        xdesk.filed_once(word)
    assert len(more) == 3


def test_a_page_that_fails_is_read_again(xdesk):
    xdesk.start()
    xdesk.conversation()
    xdesk.daemon.stop()
    words = [xdesk.word() for _ in range(12)]
    for word in words:
        xdesk.mention(f"{word} what about mine?")
    xdesk.net.page, failures = 5, []

    def fail(q):
        if "pagination_token" in q.query and len(failures) < 2:
            failures.append(q)
            return Answer(503, {"title": "Service Unavailable", "detail": "Service Unavailable", "type": "about:blank", "status": 503})
    xdesk.net.hook = fail
    xdesk.daemon.start()
    for word in words:
        xdesk.filed_once(word)
    assert len(failures) == 2


def test_a_lost_answer_of_a_post_is_found(xdesk):
    proxy = xdesk.proxy = Proxy(xdesk.net_server.base)
    xdesk.channel["api"] = xdesk.net.base = proxy.url
    xdesk.start()
    word, post, ticket = xdesk.conversation()
    proxy.rule("POST", "^/2/tweets", cut_after())
    xdesk.zammad.write(ticket, f"Answer {word}r & more")
    xdesk.answered_once(ticket, post, f"{word}r")
    assert len([q for q in proxy.requests if q.is_("POST", "^/2/tweets")]) == 1


def test_a_lost_answer_that_the_list_shows_late_is_not_posted_twice(xdesk):
    proxy = xdesk.proxy = Proxy(xdesk.net_server.base)
    xdesk.channel["api"] = xdesk.net.base = proxy.url
    xdesk.start()
    word, post, ticket = xdesk.conversation()
    xdesk.net.late = True
    proxy.rule("POST", "^/2/tweets", cut_after())
    xdesk.zammad.write(ticket, f"Answer {word}r")
    until("a second attempt", lambda: len([q for q in proxy.requests if q.is_("POST", "^/2/tweets")]) == 2)
    xdesk.net.late = False
    xdesk.answered_once(ticket, post, f"{word}r")


def test_a_daemon_that_is_killed_while_it_posts_finds_its_post(up):
    word, post, ticket = up.conversation()

    def die(q):
        if q.method == "POST" and q.path == "/2/tweets":
            up.net.hook = None
            with up.net.lock:
                up.net.handle(q)
            up.daemon.kill()
            return Answer(500)
    up.net.hook = die
    up.zammad.write(ticket, f"Answer {word}r")
    until("its end", lambda: up.daemon.process is None)
    up.daemon.start()
    up.answered_once(ticket, post, f"{word}r")


def test_a_limit_of_posts_stops_the_answers_and_not_the_mentions(up):
    word, post, ticket = up.conversation()
    up.net.hook = lambda q: up.net.limited(3) if q.method == "POST" and q.path == "/2/tweets" else None
    up.zammad.write(ticket, f"Answer {word}r")
    up.note_of(ticket, "Reply delayed")
    other = up.word()
    up.mention(f"{other} and mine?")
    up.ticket_of(other)
    assert not up.posts(f"{word}r")
    up.net.hook = None
    up.answered_once(ticket, post, f"{word}r")


def test_a_long_silence_for_posts_is_none_for_mentions(up):
    word, post, ticket = up.conversation()
    up.net.hook = lambda q: up.net.limited(3600) if q.method == "POST" and q.path == "/2/tweets" else None
    up.zammad.write(ticket, f"Answer {word}r")
    up.note_of(ticket, "Reply delayed")
    other = up.word()
    up.mention(f"{other} and mine?")
    up.ticket_of(other)


def test_the_same_answer_twice_is_posted_once_and_the_agent_is_told(up):
    word, post, ticket = up.conversation()
    up.zammad.write(ticket, f"Answer {word}r")
    up.answered_once(ticket, post, f"{word}r")
    up.zammad.write(ticket, f"Answer {word}r")
    assert "in other words" in up.note_of(ticket, "Reply not posted").body
    assert len(up.posts(f"{word}r")) == 1


def test_an_account_without_credits_waits_and_goes_on(up):
    word, post, ticket = up.conversation()
    up.net.credits = False
    up.zammad.write(ticket, f"Answer {word}r")
    until("the reason", lambda: "buy credits" in up.daemon.instances()["brand"]["reason"])
    assert up.daemon.state_of("brand") == "running" and not up.posts(word + "r")
    up.net.credits = True
    up.answered_once(ticket, post, f"{word}r")


def test_above_the_ceiling_mentions_wait_and_answers_go_out(xdesk):
    """Each mention costs 1.1 cents; the fake has more for a dollar."""
    xdesk.channel["ceiling"] = 1
    xdesk.start()
    word, post, ticket = xdesk.conversation()
    for n in range(100):
        xdesk.mention(f"number {n}")
    until("the ceiling", lambda: "the ceiling is 1" in xdesk.daemon.instances()["brand"]["reason"], 40)
    assert xdesk.daemon.instances()["brand"]["spent_dollars"] >= 1
    late = xdesk.word()
    xdesk.mention(f"{late} too late?")
    xdesk.zammad.write(ticket, f"Answer {word}r")
    xdesk.answered_once(ticket, post, f"{word}r")
    report = doctor.run(xdesk.daemon, "doctor", "brand")
    assert "raise the option ceiling" in report.line("money")
    assert not xdesk.tickets(late)
    xdesk.daemon.stop()          # what was spent is remembered
    xdesk.daemon.start(wait=False)
    until("the ceiling", lambda: "the ceiling is 1" in xdesk.daemon.instances()["brand"]["reason"])
    assert not xdesk.tickets(late)
    xdesk.channel["ceiling"] = 2
    assert xdesk.daemon.reload()
    xdesk.filed_once(late)


def test_the_doctor_tells_whose_the_keys_are_and_what_was_spent(up):
    up.conversation()
    report = doctor.run(up.daemon, "doctor", "brand")
    assert "@brand" in report.line("keys") and "OAuth 2.0" in report.line("keys") and re.search(r"0\.0\d dollars", report.line("money"))


def test_hostile_posts_are_filed_as_text(up):
    word = up.word()
    up.mention(f"{word} &lt;script&gt; \u202e\u0000 <b>x</b> https://t.co/ https://t.co/{'a' * 4000} @brand@brand\n\n--\n!like")
    ticket = up.ticket_of(word)
    assert "&lt;script&gt;" in up.customers(ticket)[0].body and "<b>x</b>" in up.customers(ticket)[0].body


def test_a_hook_that_x_has_checked_makes_a_mention_be_filed_at_once(xdesk):
    """The vector is of contracts/webhooks, under this secret."""
    secret, port = "mentiond-test-secret-0123456789", free_port()
    xdesk.daemon.config["listen"] = f"127.0.0.1:{port}"
    xdesk.channel.update(hook_secret=xdesk.daemon.secret("hook", secret), poll_every="1h")
    xdesk.start()
    answer = requests.get(f"http://127.0.0.1:{port}/hook/brand?crc_token=challenge_string", timeout=20)
    assert answer.json() == {"response_token": "sha256=bLRelyW3SnUASo552Kq7nLP7IMbgi1+/85GN47P22gw="}
    word, body = xdesk.word(), b'{"data":{"event_type":"post.mention.create"}}'
    xdesk.mention(f"{word} what about mine?")
    signature = "sha256=" + as_base64(body, secret)
    assert requests.post(f"http://127.0.0.1:{port}/hook/brand", body, headers={"x-twitter-webhooks-signature": signature + "x"}, timeout=20).status_code == 401
    assert not xdesk.tickets(word)
    assert requests.post(f"http://127.0.0.1:{port}/hook/brand", body, headers={"x-twitter-webhooks-signature": signature}, timeout=20).status_code == 200
    xdesk.ticket_of(word)
    assert re.search(r'mentiond_spent_dollars{instance="brand"} 0\.0', requests.get(f"http://127.0.0.1:{port}/metrics", timeout=20).text)
