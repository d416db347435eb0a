"""Facebook: the plugin by single operations, and a daemon between the fake Graph API and a fake Zammad."""
import base64
import hashlib
import http.client
import json
import pathlib
import re

import pytest

from fakes import openapi
from fakes.facebook import DAY, PAGE, Error
from fakes.server import Answer
from mentiond_e2e import doctor
from mentiond_e2e.call import CAN_DIRECT, CAN_EDIT, CAN_HIDE, CAN_LIKE, CAN_REMOVE, DIRECT, HIDE, LIKE, REPOST, UNLISTED
from mentiond_e2e.graph import Shop, Single
from mentiond_e2e.listener import free_port, signed
from mentiond_e2e.wait import until


@pytest.fixture
def page(directory):
    s = Single(directory)
    assert s.begun["verdict"] == "ok", s.begun
    s.graph.log()
    yield s
    s.close()


@pytest.fixture
def quiet(request, directory):
    """Not started."""
    s = request.node.bridge = Shop(directory)
    yield s
    s.close()


@pytest.fixture
def shop(quiet):
    quiet.own = quiet.net.post()
    return quiet.start()


def refused(code, subcode=None, status=400, when=lambda q: True, **more):
    """A rule."""
    return lambda q: Error(code, f"(#{code}) words", subcode, status, **more).answer() if when(q) else None


def writes(q):
    return q.method != "GET"


def test_each_request_is_held_against_what_the_vendor_describes(page):
    if openapi.why_not():
        pytest.skip(openapi.why_not())
    contract = openapi.Contract("facebook", ("appsecret_proof",))
    page.do("poll")
    q = page.graph.asked[0]
    assert contract.faults(q) == []
    q.query["fieldz"] = "id"
    assert contract.faults(q) == ["GET /{version}/{page-id}/feed: the query has an unknown fieldz"]
    del q.query["fieldz"]


# --- Who it is ---

def test_the_page_and_what_it_can_are_known_after_the_start(page):
    assert (page.begun["self"], page.begun["handle"]) == (PAGE, "The Shop")
    assert page.begun["flags"] == CAN_DIRECT | CAN_EDIT | CAN_REMOVE | CAN_LIKE | CAN_HIDE and page.begun["length_max"] == 8000


def test_a_token_that_is_no_pages_is_said_to_be_none(page):
    page.rules.append(refused(100, when=lambda q: "category" in q.query.get("fields", "")))
    said = page.call("start")
    assert said["verdict"] == "auth" and "not a Page's" in said["reason"]


@pytest.mark.parametrize("subcode, words", [(463, "has expired"), (460, "password was changed"), (458, "app was removed"), (467, "is refused")])
def test_a_token_that_is_void_stops_the_account_and_is_not_repeated(page, subcode, words):
    page.rules.append(lambda q: Error(190, f"Malformed access token {page.model.token}", subcode, 400).answer())
    said = page.call("poll")
    assert said["verdict"] == "auth" and words in said["reason"] and page.model.token not in said["reason"]


# --- What is read ---

def test_a_comment_begins_a_conversation_and_what_answers_it_belongs_to_that(page):
    m = page.model
    post = m.post(text="New shoes\nin red")
    first, second = m.comment("alice", "How much?", post), m.comment("bob", "Nice", post)
    answer = m.comment("carol", "I want to know, too", first)
    items = page.polled()
    assert set(items) == {first.id, second.id, answer.id}
    assert [items[i.id]["root"] for i in (first, second, answer)] == [first.id, second.id, first.id]
    assert (items[first.id]["parent"], items[answer.id]["parent"]) == ("", first.id)
    said = items[first.id]["payload"]
    assert (said["author"]["id"], said["author"]["handle"], said["author"]["name"]) == ("7000", "7000", "Alice")
    assert said["above"] == {"id": post.id, "handle": PAGE, "name": "The Shop", "url": f"https://www.facebook.com/{post.id}",
                             "text": "New shoes\nin red"}
    assert items[answer.id]["payload"]["above"]["text"] == "How much?"
    assert page.polled() == {}


def test_what_the_page_says_itself_is_no_mention(page):
    m = page.model
    first = m.comment("alice", "How much?", m.post())
    ours = m.comment("page", "Ten", first)
    after = m.comment("alice", "Thanks", ours)
    assert set(page.polled()) == {first.id, after.id}


def test_an_answer_to_the_pages_own_comment_is_of_that_conversation(page):
    m = page.model
    own = m.comment("page", "Any questions?", m.post())
    answer = m.comment("alice", "Yes!", own)
    items = page.polled()
    assert set(items) == {answer.id} and items[answer.id]["root"] == own.id and items[answer.id]["payload"]["above"]["text"] == "Any questions?"


def test_a_visitors_post_is_one_conversation_with_all_below_it(page):
    m = page.model
    post = m.post("alice", "My parcel is lost")
    comment = m.comment("bob", "Mine, too", post)
    answer = m.comment("alice", "Really?", comment)
    items = page.polled()
    assert {i["root"] for i in items.values()} == {post.id} and set(items) == {post.id, comment.id, answer.id}
    assert items[comment.id]["parent"] == post.id and "above" not in items[comment.id]["payload"]


def test_a_post_comes_before_what_was_said_below_it_in_the_same_second(page):
    m = page.model
    post = m.post("alice", "Hello")
    comment = m.comment("bob", "Me too", post)
    comment.created = post.created = int(m.clock()) - 5
    assert list(page.polled()) == [comment.id, post.id]      # the newest first


def test_of_a_post_elsewhere_that_names_the_page_only_what_answers_the_page_is_read(page):
    m = page.model
    post = m.post("alice", "The Shop is great", tagged=True)
    chatter = m.comment("bob", "I do not think so", post)
    ours = m.comment("page", "Thank you", post)
    answer = m.comment("alice", "You are welcome", ours)
    items = page.polled()
    assert set(items) == {post.id, answer.id} and items[answer.id]["root"] == post.id and chatter.id not in items


def test_a_comment_whose_author_may_not_be_seen_is_filed_all_the_same(page):
    m = page.model
    post = m.post()
    first, second = m.comment("alice", "How much?", post), m.comment("bob", "Nice", post)
    m.comment("page", "Ten", first)
    m.nameless = True
    items = page.polled()
    authors = [items[i.id]["payload"]["author"] for i in (first, second)]
    assert len(items) == 2 and {a["name"] for a in authors} == {"Unknown person"} and authors[0]["handle"] != authors[1]["handle"]


def test_a_picture_of_a_comment_or_message_is_told(page):
    m = page.model
    comment = m.comment("alice", "", m.post(), picture="https://files.example/a.jpg")
    message = m.message("bob", "", picture="https://files.example/b.png")
    items = page.polled()
    assert [items[i.id]["payload"]["media"][0]["url"] for i in (comment, message)] == ["https://files.example/a.jpg", "https://files.example/b.png"]


def test_many_comments_are_read_page_by_page_without_the_address_that_holds_the_token(page):
    m = page.model
    post = m.post()
    made = [m.comment("alice", f"c{n}", post, ago=3000 - n) for n in range(250)]
    assert set(page.polled()) == {c.id for c in made}
    after = [q.query["after"] for q in page.graph.asked if q.path.endswith(f"{post.id}/comments")]
    assert len(after) == 3 and len(set(after)) == 3      # the first five came with the post


def test_posts_are_read_as_far_back_as_wanted_and_then_only_the_newest_for_a_while(directory):
    page = Single(directory, posts_for="30d")
    try:
        m = page.model
        posts = [m.post(ago=n * DAY + 60) for n in range(90)]
        old, older = m.comment("alice", "old", posts[29]), m.comment("alice", "older", posts[55])
        page.graph.log()
        items = page.polled()
        assert old.id in items and older.id not in items and page.graph.log().count(f"GET {PAGE}/feed") == 2
        m.comment("bob", "new", posts[28])
        assert page.polled() == {} and page.graph.log().count(f"GET {PAGE}/feed") == 1
        recent = m.comment("bob", "newer", posts[3])
        assert set(page.polled()) == {recent.id}
    finally:
        page.close()


def test_an_empty_page_of_posts_is_not_taken_for_the_last(page):
    m = page.model
    post = m.post()
    page.polled()
    comment = m.comment("alice", "How much?", post)
    empty = {"data": [], "paging": {"cursors": {"after": base64.b64encode(b"0").decode()}, "next": "https://graph.facebook.com/"}}
    page.rules.append(lambda q: Answer(200, empty) if q.path.endswith("/feed") and "after" not in q.query else None)
    assert set(page.polled()) == {comment.id}


def test_a_post_that_goes_while_its_comments_are_read_breaks_nothing(page):
    m = page.model
    post = m.post()
    for n in range(20):
        m.comment("alice", f"c{n}", post)
    other = m.comment("bob", "Nice", m.post())
    page.rules.append(refused(100, 33, when=lambda q: q.path.endswith(f"{post.id}/comments")))
    assert other.id in page.polled()


def test_a_list_that_goes_round_ends_the_poll(page):
    m = page.model
    post = m.post()
    for n in range(150):
        m.comment("alice", f"c{n}", post)

    def round_(q):
        if q.query.get("after") and q.path.endswith("comments"):
            answer = m.handle(q)
            shown = json.loads(answer.body)
            shown["paging"] = {"cursors": {"after": q.query["after"]}, "next": "https://x"}
            answer.body = json.dumps(shown).encode()
            return answer
        return None
    page.rules.append(round_)
    said = page.call("poll")
    assert said["verdict"] == "retry" and "again and again" in said["reason"] and len(page.graph.asked) < 10


@pytest.mark.parametrize("body", ["[]", "{}", "{\"data\":7}", "null", "x", "{\"data\":[null,7,[],{}]}", "{\"data\":[{\"id\":7,\"from\":[],\"comments\":[],\"created_time\":{}}]}",
                                  "{\"data\":[{\"id\":\"1_2\",\"comments\":{\"data\":[{\"id\":\"../x\",\"parent\":\"3\"}]}}]}"])
def test_odd_answers_break_nothing(page, body):
    page.rules.append(lambda q: Answer(200, text=body, content_type="application/json"))
    assert page.call("poll")["verdict"] in ("ok", "retry")


def test_messages_are_read_and_can_be_answered_for_a_day(page):
    m = page.model
    first = m.message("alice", "Hello", ago=7200)
    m.message("page", "Hi", "alice", ago=3600)
    second = m.message("alice", "Where is it?", ago=60)
    items = page.polled()
    assert set(items) == {first.id, second.id} and {i["root"] for i in items.values()} == {first.above.id}
    assert items[second.id]["payload"]["visibility"] == DIRECT
    assert items[second.id]["payload"]["url"] == f"https://www.facebook.com/{PAGE}/inbox/{second.above.id}/?section=messages"


def test_messages_are_not_asked_for_where_they_are_not_wanted(directory):
    page = Single(directory, messages=False)
    try:
        page.model.message("alice", "Hello")
        assert page.polled() == {} and not [line for line in page.graph.log() if "conversations" in line]
    finally:
        page.close()


def test_reviews_are_read_where_they_are_wanted(directory):
    page = Single(directory, reviews=True)
    try:
        good, bad = page.model.review("alice", "Great shoes"), page.model.review("bob", "Too late", liked=False, story=False)
        items = page.polled()
        assert items[good.id]["payload"]["text"] == "Recommends the Page\n\nGreat shoes" and items[good.id]["payload"]["author"]["name"] == "Alice"
        [other] = [i for id, i in items.items() if id != good.id]
        assert "Does not recommend the Page\n\nToo late" == other["payload"]["text"] and bad.text in other["payload"]["text"]
        assert page.call("post", text="Thanks", parent=good.id, root=good.id, visibility=UNLISTED)["verdict"] == "ok"
    finally:
        page.close()


def test_odd_reviews_break_nothing(directory):
    page = Single(directory, reviews=True)
    try:
        odd = [7, [], "x", None, {}, {"reviewer": 7, "open_graph_story": []}, {"open_graph_story": {"id": "../x"}}]
        page.rules.append(lambda q: Answer(200, {"data": odd}) if q.path.endswith("/ratings") else None)
        assert set(page.polled()) == {"review-", "../x"}
        assert page.call("post", text="Thanks", parent="../x", root="../x", visibility=UNLISTED)["verdict"] == "rejected"
    finally:
        page.close()


# --- What is said ---

def reply(page, to, text="Ten", **arguments):
    top = to.parent or to if to.kind == "comment" else to
    return {"text": text, "parent": to.id, "root": top.id, "visibility": UNLISTED, "key": "mentiond-1", **arguments}


def test_an_answer_stands_below_what_it_answers(page):
    m = page.model
    comment = m.comment("alice", "How much?", m.post())
    said = page.do("post", **reply(page, comment))
    [ours] = [i for i in m.items if i.by_api]
    assert (said["id"], ours.text, ours.parent) == (ours.id, "Ten", comment) and said["url"] == f"https://www.facebook.com/{ours.id}"
    second = m.comment("alice", "Too much", ours)
    assert page.do("post", **reply(page, second, "It is not"))["id"] != said["id"]
    assert [i.parent for i in m.items if i.by_api] == [comment, comment]


@pytest.mark.parametrize("code, subcode, status, verdict, words", [
    (4, None, 403, "throttled", "too many"), (17, None, 400, "throttled", ""), (32, None, 403, "throttled", ""), (613, None, 400, "throttled", ""),
    (80001, None, 400, "throttled", ""), (368, 1390008, 403, "throttled", "for some time"), (368, None, 403, "rejected", "abuse"),
    (10, None, 403, "blocked", "lacks a right"), (200, None, 403, "blocked", "lacks a right"), (299, None, 400, "blocked", ""),
    (100, 33, 400, "gone", "gone"), (100, None, 400, "rejected", "words"), (190, 463, 400, "auth", "expired"),
    (1, None, 500, "ambiguous", "failed"), (2, None, 400, "ambiguous", "failed"), (99999, None, 503, "ambiguous", ""), (99999, None, 400, "rejected", "refuses"),
    (506, None, 400, "ambiguous", "same"),
])
def test_the_code_of_an_error_decides_and_not_the_status(page, code, subcode, status, verdict, words):
    comment = page.model.comment("alice", "How much?", page.model.post())
    page.rules.append(refused(code, subcode, status, writes))
    said = page.call("post", **reply(page, comment))
    assert said["verdict"] == verdict and words in said["reason"], said
    page.rules[:] = [refused(code, subcode, status)]
    read = page.call("poll")["verdict"]
    assert read == {"ambiguous": "retry", "gone": "retry"}.get(verdict, verdict)


@pytest.mark.parametrize("status, body", [(400, "<html>Bad Request</html>"), (404, ""), (400, "{\"error\": {\"code\": 1")])
def test_a_status_without_an_error_says_nothing(page, status, body):
    comment = page.model.comment("alice", "How much?", page.model.post())
    page.rules.append(lambda q: Answer(status, text=body, content_type="text/html"))
    assert page.call("post", **reply(page, comment))["verdict"] == "ambiguous"
    assert page.call("poll")["verdict"] == "retry"


@pytest.mark.parametrize("status, verdict", [(429, "throttled"), (400, "ambiguous"), (500, "ambiguous")])
def test_an_error_that_is_none_of_facebooks_is_judged_by_its_status(page, status, verdict):
    comment = page.model.comment("alice", "How much?", page.model.post())
    page.rules.append(lambda q: Answer(status, {"error": "Something went wrong"}))
    assert page.call("post", **reply(page, comment))["verdict"] == verdict


def test_what_a_network_calls_transient_may_have_happened(page):
    comment = page.model.comment("alice", "How much?", page.model.post())
    page.rules.append(refused(7777, status=400, when=writes, is_transient=True))
    assert page.call("post", **reply(page, comment))["verdict"] == "ambiguous"


def test_what_was_made_in_spite_of_an_error_is_found(page):
    m = page.model
    comment = m.comment("alice", "How much?", m.post())
    tried = int(m.clock() * 1e6)
    m.half_done = 1
    assert page.call("post", **reply(page, comment, tried_usec=tried))["verdict"] == "ambiguous"
    found = page.do("find", **reply(page, comment, tried_usec=tried))
    assert found["id"] == [i for i in m.items if i.by_api][0].id and found["url"]


def test_what_was_not_made_is_absent_and_others_words_and_old_ones_are_not_it(page):
    m = page.model
    post = m.post(ago=9000)
    top = m.comment("bob", "How much?", post, ago=8000)
    m.comment("page", "Ten", top, ago=7000)
    comment = m.comment("alice", "And now?", top, ago=4000)
    m.comment("page", "We shall see", top, ago=3000)
    m.comment("alice", "Ten", top)
    tried = int(m.clock() * 1e6)
    to = reply(page, comment, root=top.id, tried_usec=tried)
    assert page.call("find", **to)["verdict"] == "absent"
    m.comment("page", "from the phone", top)
    assert page.call("find", **to)["verdict"] == "unknown"


@pytest.mark.parametrize("ahead", [3600, 5 * 365 * DAY])
@pytest.mark.parametrize("aside", [False, True])
def test_what_was_made_while_our_clock_was_ahead_is_not_taken_for_absent(page, ahead, aside):
    m = page.model
    comment = m.comment("alice", "How much?", m.post(ago=900), ago=800)
    to = {**(private if aside else reply)(*(() if aside else (page,)), comment), "tried_usec": int((m.clock() + ahead) * 1e6)}
    m.half_done = 1
    assert page.call("post", **to)["verdict"] == "ambiguous"
    for n in range(150):
        m.message("alice", f"m{n}") if aside else m.comment("bob", f"c{n}", comment)
    assert page.call("find", **to)["verdict"] == "unknown"


def test_a_look_reads_on_until_before_the_attempt(page):
    m = page.model
    comment = m.comment("alice", "How much?", m.post(), ago=9000)
    tried = int((m.clock() - 600) * 1e6)
    ours = m.comment("page", "Ten", comment, ago=500)
    for n in range(150):
        m.comment("bob", f"c{n}", comment, ago=400)
    m.items.sort(key=lambda i: i.created)
    assert page.do("find", **reply(page, comment, tried_usec=tried))["id"] == ours.id


# --- In private ---

def private(to, text="Call me", **arguments):
    return {"text": text, "parent": to.id, "root": to.above.id if to.kind == "message" else to.id, "visibility": DIRECT, "only": to.author.id,
            "key": "mentiond-1", **arguments}


def test_a_message_is_answered_in_its_conversation(page):
    m = page.model
    said = m.message("alice", "Hello")
    answer = page.do("post", **private(said))
    assert (said.above.messages[-1].text, said.above.messages[-1].id) == ("Call me", answer["id"])
    body = [q.json for q in page.graph.asked if q.method == "POST"][0]
    assert body["recipient"] == {"id": "7000"} and body["messaging_type"] == "RESPONSE" and "tag" not in body


def test_a_message_whose_window_is_over_is_not_answered_but_by_a_human_agent(page, directory):
    old = page.model.message("alice", "Hello", ago=2 * DAY)
    said = page.call("post", **private(old))
    assert said["verdict"] == "rejected" and "the time in which Messenger lets the Page answer is over" in said["reason"]
    (directory / "human").mkdir()
    human = Single(directory / "human", human_agent=True)
    try:
        human.model.human_agent = True
        old = human.model.message("alice", "Hello", ago=2 * DAY)
        human.do("post", **private(old))
        assert [q.json["tag"] for q in human.graph.asked if q.method == "POST"] == ["HUMAN_AGENT"]
    finally:
        human.close()


def test_a_comment_is_answered_in_private_once_and_for_seven_days(page):
    m = page.model
    comment, old = m.comment("alice", "How much?", m.post()), m.comment("bob", "Nice", m.post(), ago=8 * DAY)
    visitor = m.post("carol", "Lost")
    page.do("post", **private(comment))
    page.do("post", **private(visitor))
    assert [(t.person.name, t.messages[-1].text) for t in m.talks] == [("Alice", "Call me"), ("Carol", "Call me")]
    for other in comment, old:
        said = page.call("post", **private(other))
        assert said["verdict"] == "rejected" and "once, and for 7 days" in said["reason"]
    assert len([q for q in page.graph.asked if q.method == "POST"]) == 2


def test_what_is_too_long_for_messenger_is_not_begun(page):
    said = page.call("post", **private(page.model.message("alice", "Hello"), "x" * 2001))
    assert said["verdict"] == "rejected" and "2000" in said["reason"] and page.graph.log() == []


def test_a_private_answer_that_may_be_out_is_looked_for(page):
    m = page.model
    comment, message = m.comment("alice", "How much?", m.post()), m.message("bob", "Hello")
    tried = int(m.clock() * 1e6)
    for to in comment, message:
        assert page.call("find", **private(to, tried_usec=tried))["verdict"] == "absent"
        m.half_done = 1
        assert page.call("post", **private(to))["verdict"] == "ambiguous"
        assert page.do("find", **private(to, tried_usec=tried))["id"] == [i for i in m.items if i.by_api][-1].id


# --- What is done to it ---

def test_own_comments_are_changed_and_removed_and_others_are_not(page):
    m = page.model
    comment = m.comment("alice", "How much?", m.post())
    ours = m.comment("page", "Ten", comment)
    for _ in range(2):
        page.do("edit", id=ours.id, text="Eleven")
    assert ours.text == "Eleven"
    for name in "edit", "remove":
        said = page.call(name, id=comment.id, text="x")
        assert said["verdict"] == "rejected" and "not the Page's own" in said["reason"] and not comment.gone and comment.text == "How much?"
    for _ in range(2):
        page.do("remove", id=ours.id)
    assert ours.gone and page.call("edit", id=ours.id, text="x")["verdict"] == "gone"
    assert page.call("remove", id=m.message("alice", "x").id)["verdict"] == "rejected"


def test_comments_are_liked_and_hidden_and_nothing_is_shared(page):
    m = page.model
    comment = m.comment("alice", "How much?", m.post())
    for _ in range(2):
        page.do("react", reaction=LIKE, id=comment.id)
        page.do("react", reaction=HIDE, id=comment.id)
    assert comment.likes and comment.hidden
    assert page.call("react", reaction=REPOST, id=comment.id)["verdict"] == "rejected"
    assert page.call("react", reaction=LIKE, id=m.message("alice", "x").id)["verdict"] == "rejected"
    page.rules.append(refused(2, status=500, when=writes))
    assert page.call("react", reaction=LIKE, id=comment.id)["verdict"] == "retry"


def test_a_conversation_is_read_again_with_few_requests(page):
    m = page.model
    comment = m.comment("alice", "How much?", m.post())
    ours, after = m.comment("page", "from the phone", comment), m.comment("alice", "Thanks", comment)
    m.comment("bob", "beside", comment)
    gone = m.comment("alice", "oops", comment)
    m.edit(after, "Thanks a lot")
    m.delete(gone)
    page.graph.log()
    said = page.do("reread", ids=[gone.id, after.id, comment.id])["again"]
    assert {a["id"]: a.get("text") for a in said} == {after.id: "Thanks a lot", comment.id: "How much?", ours.id: "from the phone", gone.id: None}
    assert page.graph.log() == [f"GET {comment.id}/comments", f"GET {gone.id}", f"GET {PAGE}/feed", f"GET {comment.id}"]


def test_a_conversation_is_read_again_past_an_empty_page(page):
    m = page.model
    comment = m.comment("alice", "How much?", m.post())
    page.polled()
    ours = m.comment("page", "from the phone", comment)
    empty = {"data": [], "paging": {"cursors": {"after": base64.b64encode(b"0").decode()}, "next": "https://graph.facebook.com/"}}
    page.rules.append(lambda q: Answer(200, empty) if q.path.endswith("/comments") and "after" not in q.query else None)
    assert ours.id in [i["id"] for i in page.do("reread", ids=[comment.id])["again"]]


def test_what_cannot_be_seen_is_not_gone_where_the_page_sees_nothing(page):
    m = page.model
    comment = m.comment("alice", "How much?", m.post())
    m.delete(comment)
    page.rules.append(lambda q: Error(200, "no", status=403).answer() if q.path.endswith("/feed") else None)
    assert page.call("reread", ids=[comment.id])["again"] == []
    page.rules.clear()
    assert page.do("reread", ids=[comment.id])["again"] == [{"id": comment.id, "gone": True}]
    assert page.do("reread", ids=[m.message("alice", "x").id])["again"] == []


# --- The daemon ---

def test_a_comment_becomes_one_ticket_and_its_answer_one_comment(shop):
    word, comment, t = shop.talk(lambda text: shop.net.comment("alice", text, shop.own))
    a = shop.customer_of(t, word)
    assert t.customer.login == "facebook:7000" and a.origin_from == "Alice" and "Below a post of The Shop:\n> New shoes, in red" in a.body
    shop.zammad.write(t, f"Answer {word}r")
    answer = shop.answered_once(t, f"{word}r")
    assert answer.parent is comment and answer.text == f"Answer {word}r"
    follow = shop.net.comment("alice", f"{word}f thanks", answer)
    shop.customer_of(t, f"{word}f")
    assert shop.tickets(word) == [t] and follow.parent is comment
    shop.daemon.restart()
    shop.talk(lambda text: shop.net.comment("bob", text, shop.own))
    assert shop.tickets(word) == [t] and len(shop.customers(t, word)) == 2


def test_what_was_there_before_is_not_filed(quiet):
    own = quiet.net.post()
    old = [quiet.net.comment("alice", f"wold{n}", own, ago=100 + n) for n in range(30)]
    quiet.start()
    quiet.talk(lambda text: quiet.net.comment("bob", text, own))
    assert quiet.tickets("wold") == [] and old


def test_a_comment_that_comes_while_it_is_dead_is_filed_after_a_kill(shop):
    shop.daemon.kill()
    word = shop.word()
    shop.net.comment("alice", f"{word} How much?", shop.own)
    shop.daemon.start()
    shop.filed_once(word)


def test_a_comment_that_is_shown_late_below_younger_ones_is_filed_by_the_next_look_at_all_posts(quiet):
    own = quiet.net.post(ago=3000)
    quiet.start()
    word, others = quiet.word(), quiet.word()
    with quiet.net.lock:                 # no poll comes between
        late = quiet.net.comment("bob", f"{word} How much?", own, ago=600)
        quiet.net.items.remove(late)
    for n in range(10):                  # more than come with the post; the last takes the horizon past the others
        quiet.net.comment("alice", f"{others} c{n}", own, ago=0 if n == 9 else 500)
    until("the younger ones are filed", lambda: len(quiet.tickets(others)) == 10)
    with quiet.net.lock:
        quiet.net.items.insert(quiet.net.items.index(own) + 1, late)
    quiet.daemon.restart()
    quiet.filed_once(word)


@pytest.mark.parametrize("private_", [False, True])
def test_an_answer_of_which_facebook_says_that_it_failed_is_said_once(shop, private_):
    word, _, t = shop.talk((lambda text: shop.net.message("alice", text)) if private_ else lambda text: shop.net.comment("alice", text, shop.own))
    shop.net.half_done = 1
    shop.zammad.write(t, f"Answer {word}r")
    shop.answered_once(t, f"{word}r")
    assert "ambiguous" in shop.daemon.log()


def test_an_answer_that_did_not_arrive_is_said_again_and_once(shop):
    word, _, t = shop.talk(lambda text: shop.net.comment("alice", text, shop.own))
    shop.rules.append(refused(2, status=500, when=lambda q: writes(q) and len([a for a in shop.graph.asked if writes(a)]) < 2))
    shop.zammad.write(t, f"Answer {word}r")
    shop.answered_once(t, f"{word}r")


def test_an_answer_that_was_cut_off_by_a_kill_is_said_once(shop):
    word, _, t = shop.talk(lambda text: shop.net.comment("alice", text, shop.own))
    killed = []

    def kill(q):
        if writes(q) and not killed:
            killed.append(shop.net.handle(q))    # it is done, and nobody hears of it
            shop.daemon.process.kill()
        return None if not writes(q) or len(killed) > 1 else killed[0]
    shop.rules.append(kill)
    shop.zammad.write(t, f"Answer {word}r")
    until("the end", lambda: shop.daemon.process.poll() is not None)
    shop.rules.clear()
    shop.daemon.kill()
    shop.daemon.start()
    shop.answered_once(t, f"{word}r")


def test_a_private_answer_to_a_comment_is_one_message(shop):
    word, comment, t = shop.talk(lambda text: shop.net.comment("alice", text, shop.own))
    shop.zammad.write(t, f"!dm My number is 7 {word}p", public=False)
    answer = shop.answered_once(t, f"{word}p")
    assert answer.kind == "message" and answer.aside is comment
    assert not [i for i in shop.net.items if i.by_api and i.kind == "comment"]


def test_a_message_says_until_when_it_can_be_answered(shop):
    word, message, t = shop.talk(lambda text: shop.net.message("alice", text))
    assert "You may answer until 20" in shop.customer_of(t, word).body and "Messenger lets a Page answer for 24 hours" in shop.customer_of(t, word).body
    shop.zammad.write(t, f"Answer {word}r")
    assert shop.answered_once(t, f"{word}r") in message.above.messages


def test_commands_hide_and_like_and_take_back(shop):
    word, comment, t = shop.talk(lambda text: shop.net.comment("alice", text, shop.own))
    shop.zammad.write(t, f"Answer {word}r")
    answer = shop.answered_once(t, f"{word}r")
    for command, is_done in (("!like", lambda: comment.likes), ("!hide", lambda: comment.hidden),
                             (f"!edit Better {word}r", lambda: answer.text == f"Better {word}r"), ("!delete", lambda: answer.gone)):
        shop.zammad.write(t, command, public=False)
        until(command, is_done)


def test_too_many_requests_are_waited_for_as_long_as_facebook_says(shop):
    word, _, t = shop.talk(lambda text: shop.net.comment("alice", text, shop.own))
    usage = {PAGE: [{"type": "pages", "call_count": 60, "total_cputime": 25, "total_time": 25, "estimated_time_to_regain_access": 19}]}

    def full(q):
        answer = Error(32, "(#32) Page request limit reached", status=403).answer()
        answer.headers["X-Business-Use-Case-Usage"] = json.dumps(usage)
        return answer
    shop.rules.append(full)
    shop.daemon.wait_log("poll failed.*throttled")
    n = len(shop.graph.asked)
    shop.zammad.write(t, f"Answer {word}r")
    shop.daemon.wait_row(state="waiting", kind="reply")
    shop.zammad.write(t, f"Answer {word}s")
    assert len(shop.graph.asked) == n
    shop.rules.clear()
    shop.daemon.ctl("resume", "brand")
    until("the answers", lambda: len(shop.posts(word)) == 2)


def test_a_void_token_stops_the_channel_and_keeps_what_is_to_be_said(shop):
    word, _, t = shop.talk(lambda text: shop.net.comment("alice", text, shop.own))
    shop.rules.append(refused(190, 463))
    until("the channel to stop", lambda: shop.daemon.state_of("brand") == "stopped")
    assert "has expired" in shop.daemon.instances()["brand"]["reason"]
    shop.zammad.write(t, f"Answer {word}r")
    shop.daemon.wait_row(kind="reply")
    shop.rules.clear()
    shop.daemon.ctl("resume", "brand")
    shop.answered_once(t, f"{word}r")


def test_a_missing_right_lets_the_answer_wait_and_the_rest_go_on(shop):
    word, _, t = shop.talk(lambda text: shop.net.comment("alice", text, shop.own))
    shop.rules.append(refused(200, status=403, when=writes))
    shop.zammad.write(t, f"Answer {word}r")
    shop.daemon.wait_log("lacks a right")
    other = shop.word()
    shop.net.comment("bob", f"{other} Nice", shop.own)
    shop.ticket_of(other)
    shop.rules.clear()
    shop.answered_once(t, f"{word}r")


def test_the_comment_is_gone_before_it_is_answered(shop):
    word, comment, t = shop.talk(lambda text: shop.net.comment("alice", text, shop.own))
    shop.net.delete(comment)
    shop.zammad.write(t, f"Answer {word}r")
    assert "gone" in until("a note", lambda: [a for a in shop.zammad.articles_of(t) if "gone" in a.body])[0].body
    assert shop.posts(word) == []


HOSTILE = "<script>alert(1)</script> \u202e\u0000\ud800 @[123] \r\nX-Evil: 1", "x" * 8000, "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 200


@pytest.mark.parametrize("text", HOSTILE, ids=["markup", "long", "families"])
def test_hostile_text_is_only_text(shop, text):
    word, _, t = shop.talk(lambda w: shop.net.comment("alice", f"{w} {text}", shop.own))
    assert shop.customer_of(t, word).content_type == "text/plain"


# --- Hooks ---

def test_a_hook_and_the_poll_of_the_same_comment_make_one_mention(quiet):
    if not openapi.folder():
        pytest.skip("MENTIOND_SHARED names no folder with contracts")
    secret, port = "mentiond-test-secret-0123456789", free_port()
    vector = (openapi.folder() / "webhooks/meta_feed_comment.json").read_bytes()
    quiet.daemon.config["listen"] = f"127.0.0.1:{port}"
    quiet.channel.update(poll_every="1h", hook_secret=quiet.daemon.secret("hook", secret), hook_token=quiet.daemon.secret("hook-token", "verify-0123456789"))
    own = quiet.net.post()
    quiet.start()

    def ask(method, path, body=None, **headers):
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        c.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        r = c.getresponse()
        return r.status, r.read()
    assert ask("GET", "/hook/brand?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=verify-0123456789") == (200, b"1158201444")
    word = quiet.word()
    quiet.net.comment("alice", f"{word} How much?", own)
    good = "sha256=5e09ea57320026fe9640a58f4be1c619534847695412670e304fbdcad777bab7"
    assert signed(vector, secret, hashlib.sha256, "sha256=") == good
    assert ask("POST", "/hook/brand", vector, X_Hub_Signature_256=good[:-1] + "0")[0] == 401
    assert ask("POST", "/hook/brand", vector, X_Hub_Signature=signed(vector, secret))[0] == 401
    for _ in range(3):
        assert ask("POST", "/hook/brand", vector, X_Hub_Signature_256=good)[0] == 200
    quiet.filed_once(word)
    quiet.daemon.ctl("poll", "brand")
    quiet.filed_once(word)


# --- Doctor ---

def test_doctor_finds_all_in_order(shop):
    shop.net.comment("alice", "How much?", shop.own)
    shop.net.usage = {"X-App-Usage": '{"call_count":28,"total_time":25,"total_cputime":25}'}
    r = doctor.run(shop.daemon, "doctor", "brand")
    assert "72 of 100 percent are left" in r.line("ok", "rate limit")
    assert r.wrong() == [] and r.line("ok", "Page", "The Shop") and r.line("ok", "right pages_messaging") and r.line("ok", "hooks")


def test_doctor_says_what_is_missing_and_what_to_do(shop):
    shop.net.comment("alice", "How much?", shop.own)
    shop.net.scopes.discard("pages_manage_engagement")
    shop.net.data_expires = int(shop.net.clock()) + 3 * DAY
    shop.net.nameless, shop.net.subscribed = True, []
    shop.rules.append(refused(10, status=403, when=lambda q: "conversations" in q.path))
    r = doctor.run(shop.daemon, "doctor", "brand")
    assert "nothing can be answered" in r.line("wrong", "right pages_manage_engagement")
    assert "it ends in 2 days" in r.line("wrong", "access to data") and "pages_read_user_content" in r.line("wrong", "names")
    assert "lacks a right" in r.line("wrong", "messages") and r.line("unclear", "hooks")


def test_doctor_of_a_void_token(shop):
    shop.rules.append(refused(190, 460))
    r = doctor.run(shop.daemon, "doctor", "brand")
    assert "a password was changed" in r.line("wrong", "token") and "mentionctl resume" in r.line("wrong", "token")


def test_no_line_of_the_log_holds_what_is_secret(shop):
    shop.talk(lambda text: shop.net.comment("alice", text, shop.own))
    shop.rules.append(lambda q: Error(100, f"bad {shop.net.token} {q.target}").answer())
    shop.daemon.wait_log("poll failed")
    shop.rules[:] = [lambda q: Answer(502, text=f"<h1>{q.target}</h1>", content_type="text/html")]
    shop.daemon.wait_log("answered 502")
    log = shop.daemon.log()
    assert not re.search("access_token|appsecret_proof", log) and shop.net.proof not in log and pathlib.Path(shop.daemon.file).exists()
