"""The mastodon plugin by single operations, against fakes of the three kinds of servers, and against the real snac."""
import base64
import json
import re

import pytest

from fakes.mastodon import Mastodon
from fakes.server import Answer, Server
from mentiond_e2e import call
from mentiond_e2e.call import CAN_DIRECT, CAN_EDIT, CAN_LIKE, CAN_REMOVE, CAN_REPOST, DIRECT, HIDE, LIKE, REPOST, UNLISTED, Plugin
from mentiond_e2e.snac import kept
from mentiond_e2e.wait import until

KINDS = "mastodon", "gotosocial", "snac"
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


class Net:
    """A fake, its requests, and the plugin that speaks with it."""

    def __init__(self, kind, directory):
        if call.why_not():
            pytest.skip(call.why_not())
        self.server = Server(Mastodon(kind, "social.example"))
        self.model, self.kind, self.asked = self.server.model, kind, []
        self.model.hook = self.on_request
        self.rules = []
        (directory / "token").write_text("<brand>")
        self.plugin = Plugin("channel", directory, plugin="mastodon", server=self.server.base, token=f"file:{directory}/token",
                             media_private=True)
        self.caps = self.plugin.do("start")
        self.asked.clear()
        self.call, self.do = self.plugin.call, self.plugin.do

    def on_request(self, q):
        self.asked.append(q)
        return next((answer for method, path, answer in self.rules if q.method == method and re.search(path, q.path)), None)

    def log(self):
        """What was asked since the last time, as "METHOD path"."""
        said = [f"{q.method} {q.path.removeprefix('/api/')}" for q in self.asked]
        self.asked.clear()
        return said

    def id(self, status):
        """As the plugin knows it."""
        return "0" * 10 + status.id[10:] if self.kind == "snac" else status.id

    def handle(self, name):
        return f"@{name}@social.example"

    def answer(self, parent, text, **arguments):
        arguments = {"visibility": UNLISTED, "key": "mentiond-1", "parent": self.id(parent), **arguments}
        return self.call("post", text=text, **arguments)

    def sent(self):
        """The last post that a client made."""
        return [s for s in self.model.statuses if s.by_api][-1]

    def close(self):
        self.plugin.__exit__()
        self.server.down()


@pytest.fixture
def net(kind, directory):
    n = Net(kind, directory)
    yield n
    n.close()


@pytest.fixture
def masto(directory):
    n = Net("mastodon", directory)
    yield n
    n.close()


def file(name="shot.png", type="image/png", description="", data=PNG):
    return {"name": name, "type": type, "description": description, "data": base64.b64encode(data).decode()}


def test_what_a_server_takes_is_learned_at_the_start(net):
    caps = net.caps
    assert caps["flags"] == CAN_DIRECT | CAN_EDIT | CAN_REMOVE | CAN_LIKE | CAN_REPOST
    assert caps["upload_types"].split() == ["image/png", "image/jpeg", "image/gif", "video/mp4"]
    assert (caps["uploads_max"], caps["upload_size_max"], caps["description_max"]) == ({"gotosocial": 6}.get(net.kind, 4), 16777216, 1500)
    assert caps["length_max"] == {"mastodon": 500, "gotosocial": 5000, "snac": 100000}[net.kind]


def test_a_server_that_does_not_say_what_it_takes_is_given_what_all_take(masto):
    masto.rules.append(("GET", "/v2/instance", Answer(200, {"domain": "social.example", "configuration": {
        "statuses": {"max_media_attachments": -3}, "media_attachments": {"supported_mime_types": [], "image_size_limit": "much"}}})))
    caps = masto.do("start")
    assert (caps["uploads_max"], caps["upload_size_max"], caps["description_max"], caps["upload_types"]) == \
        (4, 8 * 1024 * 1024, 1500, "image/png image/jpeg image/gif")


# --- What is done to posts

def test_an_edit_says_something_else_and_keeps_the_rest(net):
    m = net.model.post("alice", "@brand broken", spoiler="trouble")
    said = net.answer(m, "@alice wait", warning="trouble", language="de", uploads=[file(description="a screen")])
    assert said["verdict"] == "ok", said
    post = net.sent()
    for _ in range(2):
        net.do("edit", id=said["id"], text="@alice wait a little")
        assert (post.text, post.spoiler, post.language) == ("@alice wait a little", "trouble", "de")
        assert [f.description for f in post.files] == ["a screen"]


def test_only_own_posts_are_edited(net):
    m = net.model.post("alice", "@brand broken")
    said = net.call("edit", id=net.id(m), text="mine")
    assert said["verdict"] == "rejected" and "not a post of the account" in said["reason"] and m.text == "@brand broken"


def test_an_edit_of_a_post_that_is_gone_says_so(net):
    s = net.model.post("brand", "hello")
    net.model.delete(s)
    assert net.call("edit", id=net.id(s), text="x")["verdict"] == "gone"


def test_an_edit_of_a_direct_post_names_nobody_new(net):
    m = net.model.post("alice", "@brand my number is 7", visibility="direct")
    said = net.answer(m, "@alice thanks", visibility=DIRECT, only=net.handle("alice"))
    refused = net.call("edit", id=said["id"], text="@alice thanks, @carol will call")
    assert refused["verdict"] == "rejected" and "@carol" in refused["reason"] and net.sent().text == "@alice thanks"
    net.do("edit", id=said["id"], text="@alice many thanks")
    assert net.sent().text == "@alice many thanks"


def test_a_post_is_removed_and_once_it_is_gone_that_is_well_too(net):
    s = net.model.post("brand", "hello")
    net.do("remove", id=net.id(s))
    assert s.deleted
    net.do("remove", id=net.id(s))


def test_the_posts_of_others_are_not_removed(net):
    m = net.model.post("alice", "@brand broken")
    assert net.call("remove", id=net.id(m))["verdict"] == "rejected" and not m.deleted


def test_a_post_is_liked_and_reposted_once(net):
    m = net.model.post("alice", "@brand great")
    for _ in range(2):
        net.do("react", reaction=LIKE, id=net.id(m))
        net.do("react", reaction=REPOST, id=net.id(m))
    assert (m.liked, m.boosted) == (["brand"], ["brand"])
    assert sum(line.startswith("POST") for line in net.log()) == 2


def test_what_cannot_be_done_is_told(net):
    m = net.model.post("alice", "@brand secret", visibility="direct")
    said = net.call("react", reaction=HIDE, id=net.id(m))
    assert said["verdict"] == "rejected" and "hidden" in said["reason"]
    assert net.call("react", reaction=REPOST, id=net.id(m))["verdict"] == ("rejected")
    net.model.delete(m)
    assert net.call("react", reaction=LIKE, id=net.id(m))["verdict"] == "gone"


def test_a_token_without_a_right_does_not_stop_the_account(masto):
    m = masto.model.post("alice", "@brand great")
    masto.rules.append(("POST", "favourite|media", Answer(403, {"error": "This action is outside the authorized scopes"})))
    said = masto.call("react", reaction=LIKE, id=m.id)
    assert said["verdict"] == "rejected" and "lacks a right" in said["reason"]
    said = masto.answer(m, "@alice look", uploads=[file()])
    assert said["verdict"] == "rejected" and "write:media" in said["reason"]
    assert masto.answer(m, "@alice look")["verdict"] == "ok"


@pytest.mark.parametrize("call_", [("edit", {"text": "x"}), ("remove", {}), ("react", {"reaction": LIKE})])
def test_what_may_have_happened_is_done_again(masto, call_):
    name, arguments = call_
    s = masto.model.post("brand", "hello")
    masto.rules.append(({"edit": "PUT", "remove": "DELETE", "react": "POST"}[name], "statuses", Answer(500, {"error": "no"})))
    assert masto.call(name, id=s.id, **arguments)["verdict"] == "retry"


# --- Reading again

def of(said):
    """{id: text, or None of one that is gone}"""
    return {a["id"]: a.get("text") for a in said["again"]}


def conversation(net):
    """A thread: alice, brand by us, alice, brand by other means, carol beside them."""
    m = net.model
    root = m.post("alice", "@brand broken")
    ours = m.post("brand", "@alice which one?", parent=root)
    second = m.post("alice", "@brand the red one", parent=ours)
    app = m.post("brand", "@alice sent from the phone", parent=second)
    beside = m.post("carol", "@brand mine, too", parent=root)
    return root, ours, second, app, beside


def test_a_thread_is_read_again_with_its_edits_and_own_posts(net):
    root, ours, second, app, beside = conversation(net)
    net.model.edit(root, "@brand broken, and loud")
    ids = [net.id(s) for s in (beside, second, root)]
    said = net.do("reread", ids=ids)
    assert of(said) == {net.id(root): "@brand broken, and loud", net.id(ours): "@alice which one?", net.id(second): "@brand the red one",
                        net.id(app): "@alice sent from the phone", net.id(beside): "@brand mine, too"}
    edited = {a["id"]: a["edited_usec"] > 0 for a in said["again"]}
    assert [edited[net.id(s)] for s in (root, second)] == [True, False]
    authors = {a["id"]: a["author"] for a in said["again"]}
    assert authors[net.id(app)] == net.caps["self"] != authors[net.id(root)]
    assert len(net.log()) <= {"mastodon": 2, "gotosocial": 2, "snac": 5}[net.kind]


def test_own_posts_beside_a_branch_are_told_in_whatever_order_it_is_asked_for(net):
    root, ours, second, app, beside = conversation(net)
    late = net.model.post("brand", "@carol and you?", parent=root)
    assert net.id(late) in of(net.do("reread", ids=[net.id(root), net.id(second)]))


def test_of_others_only_what_was_asked_for_is_told(net):
    root, ours, second, app, beside = conversation(net)
    assert net.id(beside) not in of(net.do("reread", ids=[net.id(second), net.id(root)]))


def test_what_is_gone_is_told_and_nothing_else(net):
    root, ours, second, app, beside = conversation(net)
    net.model.delete(second)
    said = net.do("reread", ids=[net.id(s) for s in (beside, second, root)])
    assert of(said)[net.id(second)] is None
    assert {i for i, text in of(said).items() if text is None} == {net.id(second)}
    assert len(net.log()) <= 6


def test_of_a_thread_whose_root_is_gone_the_rest_is_told(net):
    root, ours, second, app, beside = conversation(net)
    net.model.delete(root)
    said = of(net.do("reread", ids=[net.id(s) for s in (beside, second, root)]))
    assert said[net.id(root)] is None and said[net.id(second)] and said[net.id(beside)] and said[net.id(app)]


def test_which_way_a_server_knows_is_remembered(net):
    first, other = (net.model.post("alice", f"@brand {n}") for n in "12")
    wanted = {net.id(first): "@brand 1", net.id(other): "@brand 2"}
    assert of(net.do("reread", ids=[net.id(other), net.id(first)])) == wanted
    asked = sum(line == "GET v1/statuses" for line in net.log())
    assert asked == 1
    assert of(net.do("reread", ids=[net.id(other), net.id(first)])) == wanted
    assert sum(line == "GET v1/statuses" for line in net.log()) == (net.kind == "mastodon")


def test_many_posts_are_asked_for_together(masto):
    posts = [masto.model.post("alice", f"@brand {n}") for n in range(30)]
    masto.rules.append(("GET", "/context", Answer(200, {"ancestors": [], "descendants": []})))
    assert len(of(masto.do("reread", ids=[s.id for s in reversed(posts)]))) == 30
    assert [line for line in masto.log() if "context" not in line] == ["GET v1/statuses"] * 2


def test_a_server_that_gives_nothing_for_many_is_asked_for_each(masto):
    posts = [masto.model.post("alice", f"@brand {n}") for n in range(3)]
    masto.rules.append(("GET", "/v1/statuses$", Answer(200, [])))
    assert None not in of(masto.do("reread", ids=[s.id for s in reversed(posts)])).values()


def test_near_the_servers_limits_nothing_is_read_again(masto):
    m = masto.model.post("alice", "@brand broken")
    low = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "2099-01-01T00:00:00Z"}
    masto.rules.append(("GET", "/context", Answer(200, {"ancestors": [], "descendants": []}, headers=low)))
    assert of(masto.do("reread", ids=[m.id])) == {}
    assert masto.log() == [f"GET v1/statuses/{m.id}/context"]


@pytest.mark.parametrize("kind", ["snac"])
def test_a_post_that_is_not_there_for_a_moment_is_not_gone(net):
    root = net.model.post("alice", "@brand broken")
    net.rules.append(("GET", "/context", Answer(404, {"error": "not found"})))
    assert of(net.do("reread", ids=[net.id(root)])) == {net.id(root): "@brand broken"}


def test_a_server_that_fails_tells_nothing_gone(net):
    root, *_ = conversation(net)
    net.rules.append(("GET", "/statuses", Answer(500, {"error": "no"})))
    said = net.call("reread", ids=[net.id(root)])
    assert said["verdict"] == "retry" and said["again"] == []


# --- Files

def test_files_go_out_with_a_post_and_it_is_found_again(net):
    m = net.model.post("alice", "@brand how?")
    files = [file("Meier, Anna: invoice.png", description="Grüße \"und\" mehr\r\nx"), file("two", "image/jpeg", data=b"\0\r\n--\xff")]
    said = net.answer(m, "@alice like this", uploads=files, key="mentiond-77")
    assert said["verdict"] == "ok", said
    sent = net.sent().files
    assert [(f.type, f.data, f.description) for f in sent] == [("image/png", PNG, "Grüße \"und\" mehr\r\nx"), ("image/jpeg", b"\0\r\n--\xff", "")]
    assert [f.name for f in sent] == ["mentiond-77-1.png", "mentiond-77-2.jpeg"]
    for f in files:
        f.pop("data")
    again = net.call("find", text="@alice like this", parent=net.id(m), uploads=files, tried_usec=int(net.sent().created * 1e6))
    assert (again["verdict"], again["id"]) == ("ok", said["id"])


def test_a_post_waits_for_the_servers_work_on_its_files(masto):
    m = masto.model.post("alice", "@brand how?")
    masto.model.work = 2
    assert masto.answer(m, "@alice like this", uploads=[file("film.mp4", "video/mp4")])["verdict"] == "ok"
    assert [line for line in masto.log() if "media" in line] == ["POST v2/media"] + [f"GET v1/media/{masto.model.files[0].id}"] * 3
    assert len(masto.sent().files) == 1


def test_a_file_that_the_server_is_working_on_is_not_uploaded_again(masto):
    m = masto.model.post("alice", "@brand how?")
    masto.model.work = 1
    masto.rules.append(("GET", "/v1/media", Answer(500, {"error": "no"})))
    assert masto.answer(m, "@alice look", uploads=[file("film.mp4", "video/mp4")])["verdict"] == "retry"
    masto.rules.clear()
    assert masto.answer(m, "@alice look", uploads=[file("film.mp4", "video/mp4")])["verdict"] == "ok"
    assert sum(line == "POST v2/media" for line in masto.log()) == 1 and len(masto.model.statuses) == 2


def test_a_file_that_the_server_has_lost_is_uploaded_again(masto):
    m = masto.model.post("alice", "@brand how?")
    masto.model.work = 1
    masto.rules.append(("GET", "/v1/media", Answer(404, {"error": "Record not found"})))
    assert masto.answer(m, "@alice look", uploads=[file("film.mp4", "video/mp4")])["verdict"] == "retry"
    masto.rules.clear()
    assert masto.answer(m, "@alice look", uploads=[file("film.mp4", "video/mp4")])["verdict"] == "ok"
    assert sum(line == "POST v2/media" for line in masto.log()) == 2


def test_a_file_that_the_server_does_not_take_is_told_and_nothing_is_posted(net):
    m = net.model.post("alice", "@brand how?")
    net.rules.append(("POST", "/v2/media", Answer(422, {"error": "Validation failed: File is invalid"})))
    said = net.answer(m, "@alice look", uploads=[file("shot.png")])
    assert said["verdict"] == "rejected" and "shot.png" in said["reason"] and "File is invalid" in said["reason"]
    assert not [s for s in net.model.statuses if s.by_api]


def test_a_file_that_the_server_cannot_make_anything_of_is_told(masto):
    m = masto.model.post("alice", "@brand how?")
    masto.model.work = -1
    said = masto.answer(m, "@alice look", uploads=[file("film.mp4", "video/mp4")])
    assert said["verdict"] == "rejected" and "film.mp4" in said["reason"] and len(masto.model.statuses) == 1


def test_an_upload_that_fails_is_nothing_that_may_have_been_posted(net):
    m = net.model.post("alice", "@brand how?")
    net.rules.append(("POST", "/v2/media", Answer(502, text="<h1>Bad gateway</h1>")))
    assert net.answer(m, "@alice look", uploads=[file()])["verdict"] == "retry"
    net.rules[0] = ("POST", "/v2/media", Answer(200, {"id": None}))
    assert net.answer(m, "@alice look", uploads=[file()])["verdict"] == "retry"
    assert len(net.model.statuses) == 1


# --- For one person alone

def direct(net, text, only="alice", **arguments):
    m = net.model.post("alice", "@brand my number is 7", visibility="direct")
    return net.answer(m, text, visibility=DIRECT, only=net.handle(only), **arguments)


@pytest.mark.parametrize("text", ["@alice@social.example here it is", "@ALICE@Social.Example here", "@alice here", "@alice (and @brand) here",
                                  "@alice see https://pages.example/@carol there", "@alice at 5 @ noon"])
def test_a_direct_post_that_names_the_one_person_is_posted(net, text):
    said = direct(net, text)
    assert said["verdict"] == "ok", said
    assert net.sent().visibility == "direct"


@pytest.mark.parametrize("text", ["@alice and @carol", "@alice,@carol@far.example", "@alice@social.example @alice@far.example", "@alice (@carol)",
                                  "@alice \u201d@carol\u201d", "@alice https://pages.example,@carol"])
def test_a_direct_post_that_names_others_is_refused(net, text):
    said = direct(net, text)
    assert said["verdict"] == "rejected" and "alone" in said["reason"], said
    assert not [s for s in net.model.statuses if s.by_api]


def test_a_direct_post_that_names_nobody_is_refused(net):
    said = direct(net, "here it is")
    assert said["verdict"] == "rejected" and "does not name @alice@social.example" in said["reason"]


def test_a_mail_address_names_somebody_where_the_server_thinks_so(net):
    said = direct(net, "@alice write to help@carol.example")
    assert said["verdict"] == ("ok" if net.kind == "mastodon" else "rejected")


def test_the_server_is_told_who_alone_may_be_named(masto):
    assert direct(masto, "@alice here")["verdict"] == "ok"
    sent = next(q for q in masto.asked if q.method == "POST").json
    assert sent["allowed_mentions"] == [masto.model.account("alice")["id"], masto.model.account("brand")["id"]]
    # A later part answers the account's own post, which names her.
    mine = next(s for s in masto.model.statuses if s.by_api)
    said = masto.call("post", key="mentiond-2", text="@alice and there", parent=masto.id(mine), visibility=DIRECT, only=masto.handle("alice"))
    assert said["verdict"] == "ok", said
    assert [q for q in masto.asked if q.method == "POST"][-1].json["allowed_mentions"] == sent["allowed_mentions"]
    masto.rules.append(("POST", "/statuses", Answer(422, {"error": "Validation failed", "unexpected_accounts": [{"acct": "carol"}]})))
    said = direct(masto, "@alice here", key="other")
    assert said["verdict"] == "rejected" and "others would see it" in said["reason"]


# --- Who may be answered

def test_an_answer_to_who_has_blocked_the_account_is_told_plainly(net):
    m = net.model.post("alice", "@brand how?")
    net.model.blocked.add(("alice", "brand"))
    said = net.answer(m, "@alice so")
    assert said["verdict"] == "gone" and "blocked the account" in said["reason"]


# --- What is emitted

def test_an_edited_mention_is_not_another(net):
    m = net.model.post("alice", "@brand broken")
    assert [i["id"] for i in net.do("poll")["items"]] == [net.id(m)]
    net.model.clock = lambda at=net.model.clock(): at + 60
    net.model.edit(m, "@brand broken, and loud")
    assert net.do("poll")["items"] == []
    follow = net.model.post("alice", "@brand hello?", parent=m)
    item, = net.do("poll")["items"]
    assert (item["id"], item["parent"]) == (net.id(follow), net.id(m))


def test_what_the_network_tells_of_an_author_is_emitted(masto):
    shown = masto.model.account("alice")
    masto.model.account = lambda name, own=False: dict(
        shown, bot=True, followers_count=42, created_at="2019-05-01T00:00:00.000Z", display_name="Alice A.", url="https://social.example/@alice",
        fields=[{"name": "site", "value": "x", "verified_at": None}, {"name": "blog", "value": "y", "verified_at": "2024-01-01T00:00:00Z"}])
    masto.model.post("alice", "@brand broken")
    item, = masto.do("poll")["items"]
    assert item["payload"]["author"] == {
        "id": shown["id"], "handle": "@alice@social.example", "name": "Alice A.", "url": "https://social.example/@alice", "followers": 42,
        "created": 1556668800000000, "verified": True, "bot": True}


def test_snac_does_not_know_how_many_follow(directory):
    net = Net("snac", directory)
    try:
        net.model.post("alice", "@brand broken")
        author = net.do("poll")["items"][0]["payload"]["author"]
        assert "followers" not in author and "verified" not in author and author["created"] > 0
    finally:
        net.close()


# --- The real snac

@pytest.fixture
def real(snac, directory):
    """A brand's account there, and the plugin for it."""
    if call.why_not():
        pytest.skip(call.why_not())
    brand = snac.new_user("chan" + directory.name[-8:].replace("_", "").lower())
    (directory / "token").write_text(brand.token)
    with Plugin("channel", directory, plugin="mastodon", server=snac.base, token=f"file:{directory}/token") as plugin:
        plugin.brand, plugin.alice, plugin.carol = brand, snac.alice, snac.carol
        once = plugin.call

        def patiently(name, **arguments):
            """snac now and then closes a connection on a request."""
            for _ in range(5):
                said = once(name, **arguments)
                if said["verdict"] != "retry":
                    break
            return said
        plugin.call = patiently
        plugin.caps = plugin.do("start")
        yield plugin


def real_answer(real, m, text, **arguments):
    """Which may have been posted when the connection was closed."""
    arguments = {"text": text, "parent": kept(m), "visibility": UNLISTED, **arguments}
    said = real.call("post", **arguments)
    if said["verdict"] == "ambiguous":
        said = real.call("find", tried_usec=0, **arguments)
        if said["verdict"] == "absent":
            return real_answer(real, m, **arguments)   # with the same key
    assert said["verdict"] == "ok", said
    return said


def test_real_snac_takes_files_and_edits_and_keeps_them(real):
    m = real.alice.post(f"@{real.brand.name} how?")
    said = real_answer(real, m, "@alice like this", key="mentiond-1", uploads=[file(description="a screen ü")])
    found = real.call("find", text="@alice like this", parent=kept(m), tried_usec=0)
    assert (found["verdict"], found["id"]) == ("ok", said["id"])
    before = real.brand.call("GET", f"/api/v1/statuses/{said['id']}")
    assert [a["description"] for a in before["media_attachments"]] == ["a screen ü"]
    until("another second", lambda: real.do("edit", id=said["id"], text="@alice like that") and
          real.brand.call("GET", f"/api/v1/statuses/{said['id']}")["id"] != before["id"])
    after = real.brand.call("GET", f"/api/v1/statuses/{said['id']}")
    assert after["text"] == "@alice like that" and [a["description"] for a in after["media_attachments"]] == ["a screen ü"]
    again = of(real.do("reread", ids=[kept(m)]))
    assert again == {kept(m): f"@{real.brand.name}@{real.brand.snac.host} how?", said["id"]: "@alice like that"}


def test_real_snac_likes_and_reposts(real):
    m = real.alice.post(f"@{real.brand.name} great")
    until("the mention", lambda: real.brand.mentions())          # before that, snac likes nothing
    for _ in range(2):
        real.do("react", reaction=LIKE, id=kept(m))
        real.do("react", reaction=REPOST, id=kept(m))
    shown = real.brand.call("GET", f"/api/v1/statuses/{m['id']}")
    assert shown["favourited"] and shown["reblogged"] and (shown["favourites_count"], shown["reblogs_count"]) == (1, 1)


def test_real_snac_removes_what_is_its_own_or_says_that_it_cannot(real):
    m = real.alice.post(f"@{real.brand.name} great")
    said = real_answer(real, m, "@alice oops", key="mentiond-2")
    removed = real.call("remove", id=said["id"])
    if real.caps["flags"] & CAN_REMOVE:
        assert removed["verdict"] == "ok"
    else:
        assert removed["verdict"] == "rejected" and "does not let its API remove posts" in removed["reason"]
    assert real.call("remove", id=kept(m))["verdict"] == "rejected"
    assert real.call("edit", id=kept(m), text="hijacked")["verdict"] == "rejected"
    assert real.alice.call("GET", f"/api/v1/statuses/{m['id']}")["text"] == f"@{real.brand.name} great"


def test_real_snac_shows_a_direct_post_to_whom_it_names_and_no_other_may_be_named(real):
    m = real.alice.post(f"@{real.brand.name} my number is 7", visibility="direct")
    to_alice = {"visibility": DIRECT, "only": real.alice.handle}
    refused = real.call("post", text="@alice ask help@carol.example", key="mentiond-3", parent=kept(m), **to_alice)
    assert refused["verdict"] == "rejected" and "@carol" in refused["reason"]
    said = real_answer(real, m, f"{real.alice.handle} thanks, see https://pages.example/@carol", key="mentiond-4", **to_alice)
    shown = real.brand.call("GET", f"/api/v1/statuses/{said['id']}")
    assert shown["visibility"] in ("direct", "private") and {a["acct"] for a in shown["mentions"]} == {real.alice.handle[1:]}


def test_real_snacs_edited_mention_is_not_another(real):
    real.do("poll")
    m = real.alice.post(f"@{real.brand.name} broken")
    until("the mention", lambda: [i["id"] for i in real.do("poll")["items"]] == [kept(m)])
    until("another second", lambda: real.alice.call("PUT", f"/api/v1/statuses/{m['id']}", as_json={"status": f"@{real.brand.name} loud"})["id"] != m["id"])
    shown, = [n["status"]["id"] for n in real.brand.mentions()]
    assert shown != m["id"] and real.do("poll")["items"] == []
    said, = real.do("reread", ids=[kept(m)])["again"]
    assert "loud" in said["text"] and said["edited_usec"] > 0
