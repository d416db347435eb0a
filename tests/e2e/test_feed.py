"""The feed plugin: documents of all kinds by single operations, and feeds that become tickets."""
import time

import pytest

from fakes.feed import Feed, Item
from fakes.server import Server
from mentiond_e2e import call
from mentiond_e2e.call import Plugin
from mentiond_e2e.desk import TIMES, Desk
from mentiond_e2e.wait import until


class Reader:
    """A fake site, and the plugin that reads it."""

    def __init__(self, directory):
        if call.why_not():
            pytest.skip(call.why_not())
        self.server = Server(Feed())
        self.site = self.server.model
        self.plugin = Plugin("channel", directory, plugin="feed", url=self.server.base + Feed.path, size_max="1M")
        self.host = self.server.base.removeprefix("http://")

    def new(self):
        """What a poll brings."""
        return self.plugin.do("poll")["items"]

    def ids(self):
        return [i["id"] for i in self.new()]

    def refused(self, operation="poll"):
        said = self.plugin.call(operation)
        return said["verdict"], said["reason"]

    def close(self):
        self.plugin.__exit__()
        self.server.down()


@pytest.fixture
def reader(directory):
    r = Reader(directory)
    r.site.publish("First", "one")
    assert r.plugin.do("start")["handle"] == r.host
    assert len(r.new()) == 1
    yield r
    r.close()


# --- What an item is

@pytest.mark.parametrize("kind", ["rss", "rdf", "atom"])
def test_each_kind_of_feed_tells_id_link_text_author_and_date(reader, kind):
    reader.site.kind = kind
    reader.site.publish("Keys & <locks>", "<p>Bent, <b>all</b> of them.</p><script>x()</script>",
                        date=1795000000, author=None if kind == "rdf" else "Jane Doe")
    [item] = reader.new()
    assert (item["id"], item["created_usec"]) == ("tag:site,2", 1795000000 * 10**6)
    said = item["payload"]
    assert said["url"] == f"http://{reader.host}/posts/2"
    lines = said["text"].splitlines()
    assert lines == ["Keys & <locks>", "", "Bent, all of them."]
    assert said["author"]["handle"] == (reader.host if kind == "rdf" else f"Jane Doe at {reader.host}")
    assert said["author"].get("name", "") == ("" if kind == "rdf" else "Jane Doe")


def test_atom_says_what_is_html_and_what_is_not(reader):
    reader.site.raw = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://site.example/a/"><title>T</title>
      <entry><id>x1</id><title>a &lt;b&gt; c</title><link href="../p"/><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">
        <p>one</p><p>two <b>three</b></p></div></content></entry>
      <entry><id>x2</id><title type="html">d &lt;i&gt;e&lt;/i&gt;</title><summary>1 &lt; 2 &amp;amp;</summary></entry></feed>"""
    by_id = {i["id"]: i["payload"] for i in reader.new()}
    assert by_id["x1"]["text"].split() == ["a", "<b>", "c", "one", "two", "three"]
    assert by_id["x1"]["url"] == "http://site.example/p"
    assert by_id["x2"]["text"].splitlines()[0] == "d e" and by_id["x2"]["text"].endswith("1 < 2 &amp;")


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "utf-16", "shift_jis", "koi8-r"])
def test_documents_are_read_in_the_encoding_that_they_declare(reader, encoding):
    word = {"shift_jis": "テスト", "koi8-r": "Привет"}.get(encoding, "Grüße" if encoding != "windows-1252" else "Grüße – “so”")
    reader.site.encoding = encoding
    reader.site.publish("Words", word)
    [item] = reader.new()
    assert word in item["payload"]["text"]


def test_dates_that_are_missing_or_cannot_be_are_none_and_what_is_dated_back_is_new(reader):
    for n, date in enumerate(("", "yesterday", time.time() + 10 * 86400, "Tue, 10 Jun 2003 04:00:00 GMT"), 2):
        reader.site.publish(f"Item {n}", date=date)
    assert {i["id"]: i["created_usec"] for i in reader.new()} == {
        "tag:site,2": 0, "tag:site,3": 0, "tag:site,4": 0, "tag:site,5": 1055217600 * 10**6}


# --- What names an item

def test_the_link_names_what_has_no_guid_and_the_text_what_has_neither(reader):
    reader.site.publish("Second", guid="")
    reader.site.publish("Third", "words", guid="", link="")
    text, link = sorted(reader.ids(), key=lambda id: id.startswith("http"))
    assert link == f"http://{reader.host}/posts/2" and len(text) == 64
    reader.site.publish("Fourth", guid="")
    assert reader.ids() == [f"http://{reader.host}/posts/4"]


def test_a_guid_with_blanks_or_without_end_is_a_name_too(reader):
    reader.site.publish("Second", guid="number 2 of the site")
    reader.site.publish("Third", guid="x" * 5000)
    ids = reader.ids()
    assert len(set(ids)) == 2 and all(len(i) == 64 for i in ids)
    assert reader.ids() == []


def test_a_guid_or_link_that_several_items_have_names_none_of_them_ever_after(reader):
    reader.site.publish("Second", guid="site", link="/one")
    assert reader.ids() == ["site"]
    reader.site.publish("Third", guid="site", link="/two")
    assert f"http://{reader.host}/two" in reader.ids()
    reader.site.publish("Fourth", guid="site", link="/three")
    assert reader.ids() == [f"http://{reader.host}/three"]
    reader.site.window = 1                       # where nothing shows that it is repeated
    reader.site.publish("Fifth", guid="site", link="/four")
    assert reader.ids() == [f"http://{reader.host}/four"]
    reader.site.window = 10
    reader.site.publish("Sixth", guid="", link="/one")
    assert [len(id) for id in reader.ids()] == [64, 64]         # the one that was known by this link, too
    assert reader.ids() == []


def test_items_that_share_guid_and_link_are_told_apart_at_once(reader):
    for n in range(3):
        reader.site.publish(f"Incident {n}", guid="status", link="/status")
    ids = reader.ids()
    assert len(set(ids)) == 3 and all(len(id) == 64 for id in ids)
    assert reader.ids() == []


def test_what_is_shown_twice_or_in_another_order_or_not_any_more_is_not_new(reader):
    for n in range(2, 6):
        reader.site.publish(f"Item {n}")
    assert len(reader.new()) == 4
    reader.site.order = lambda items: items[::-1] + items
    assert reader.new() == []
    reader.site.window = 1
    assert reader.new() == []
    reader.site.window = 10
    assert reader.new() == []


def test_an_edit_is_not_new(reader):
    reader.site.items[0].title, reader.site.items[0].link = "First, corrected", "/elsewhere"
    assert reader.new() == []


# --- What is asked

def test_a_feed_that_has_not_changed_is_not_sent_again(reader):
    for _ in range(2):
        assert reader.new() == []
    [before, last] = reader.site.asked[-2:]
    assert last.headers["If-None-Match"].startswith('W/"') and last.headers["If-Modified-Since"].startswith("tag ")
    assert before.headers["User-Agent"].startswith("mentiond")
    reader.site.publish("Second")
    assert reader.ids() == ["tag:site,2"]


def test_a_site_without_etag_and_date_is_read_each_time(reader):
    reader.site.validators = False
    reader.site.publish("Second")
    assert reader.ids() == ["tag:site,2"] and reader.new() == []
    assert reader.site.asked[-1].headers["If-None-Match"] is None


def test_what_could_not_be_read_is_asked_for_again_whole(reader):
    reader.site.publish("Second")
    whole = reader.site.document()
    reader.site.raw = whole[:len(whole) // 2]
    assert reader.refused()[0] == "retry"
    reader.site.raw = None
    assert reader.ids() == ["tag:site,2"]


# --- What is no feed

BOMB = '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(b)} "{f"&{chr(b - 1)};" * 10}">' for b in range(98, 107)) + "]><rss version='2.0'><channel><item><title>&j;</title></item></channel></rss>"


@pytest.mark.parametrize("raw, type, why", [
    (b"", "application/xml", "it is empty"),
    (b"<!DOCTYPE html><html><body><p>Hello<br></body></html>", "text/html; charset=utf-8", "it is a web page"),
    (b'<html xmlns="http://www.w3.org/1999/xhtml"><body/></html>', "application/xhtml+xml", "it is neither RSS nor Atom"),
    (b"<opml><body/></opml>", "text/xml", "it is neither RSS nor Atom"),
    (b"<rss><channel><item><title>a & b</title></item></channel></rss>", "text/xml", "line 1: "),
    (b"<rss><channel>\n<item><title>a&nbsp;b</title></item></channel></rss>", "text/xml", "line 2: Entity 'nbsp' not defined"),
    ('<?xml version="1.0" encoding="utf-8"?><rss><channel><title>Grüße</title></channel></rss>'.encode("latin-1"), "text/xml", "line 1: "),
    (BOMB.encode(), "text/xml", "it declares entities"),
    (BOMB.encode("utf-16"), "text/xml", "it declares entities"),
    (b'<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><item><title>&x;</title></item></channel></rss>', "text/xml",
     "it declares entities"),
    (b"<rss>" + b"<a>" * 100000, "text/xml", "line 1: "),
    (b"\x00\x01\x02", "text/xml", "line 1: "),
], ids=["empty", "html", "xhtml", "opml", "ampersand", "nbsp", "encoding", "bomb", "utf16bomb", "file", "deep", "binary"])
def test_what_is_no_feed_is_told_and_tried_again(reader, raw, type, why):
    reader.site.raw, reader.site.type = raw, type
    verdict, reason = reader.refused()
    assert verdict == "retry" and reason.startswith("there is no feed that can be read at this address: ") and why in reason
    assert "\\n" not in reason
    assert reader.refused("start")[0] == "retry"
    reader.site.raw = None
    assert reader.new() == []


def test_a_document_type_of_old_is_not_fetched(reader):
    reader.site.doctype = f'<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "{reader.server.base}/rss-0.91.dtd">\n'
    reader.site.publish("Second")
    assert reader.ids() == ["tag:site,2"]
    assert {q.path for q in reader.site.asked} == {Feed.path}


def test_a_feed_without_items_is_one(reader):
    reader.site.window = 0
    assert reader.new() == []


def test_a_feed_that_is_too_large_is_refused_and_one_that_is_just_not_is_read(reader):
    reader.site.publish("Second", "x" * (2 << 20))
    verdict, reason = reader.refused()
    assert verdict == "retry" and "too large" in reason
    del reader.site.items[0]
    reader.site.window = 5000
    for n in range(900):
        reader.site.publish(f"Item {n}", "y" * 900, guid=f"n{n}")
    assert len(reader.new()) == 900


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_feed_that_has_moved_is_for_a_person_and_not_followed(reader, status):
    reader.site.status, reader.site.headers = status, {"Location": "https://elsewhere.example/feed"}
    verdict, reason = reader.refused()
    assert verdict == "blocked" and "moved to https://elsewhere.example/feed: write that as url" in reason
    reader.site.status, reader.site.headers = 200, {}
    assert reader.new() == []


@pytest.mark.parametrize("status, verdict", [(401, "auth"), (403, "blocked"), (404, "blocked"), (410, "blocked"), (500, "retry"), (429, "throttled")])
def test_a_feed_that_is_refused_is_judged_as_a_whole(reader, status, verdict):
    reader.site.status = status
    said, reason = reader.refused()
    assert said == verdict and str(status) in reason


# --- In the daemon

class News(Desk):
    """A feed, to be watched, in place of the network."""

    def __init__(self, directory):
        super().__init__(directory)
        self.site = self.net_server.model = Feed()
        self.channel = self.daemon.config["channel"]["news"] = dict(
            TIMES, plugin="feed", url=self.net_server.base + Feed.path, helpdesk="desk", hold="0s")
        del self.daemon.config["channel"]["brand"]

    def shown(self):
        return "\n".join(i.title for i in self.site.items)

    def site_host(self):
        return self.net_server.base.removeprefix("http://")

    def published(self, **more):
        word = self.word()
        self.site.publish(f"About {word}", "<p>The <b>brand</b> is named.</p>", **more)
        return word


@pytest.fixture
def news(request, directory):
    n = request.node.bridge = News(directory)
    yield n
    n.close()


def test_a_new_item_becomes_one_ticket_that_says_that_it_cannot_be_answered_there(news):
    old = news.published()
    news.start()
    word = news.published(author="Jane Doe")
    t = news.filed_once(word)
    body = news.customer_of(t, word).body
    assert t.title == f"About {word}" and t.custom == {"mentiond_thread": "news:tag%3Asite%2C2"}
    assert body.startswith(f"About {word}\n") and "The brand is named." in body and f"Post: {news.net_server.base}/posts/2" in body
    assert f"From: Jane Doe (Jane Doe at {news.site_host()})" in body
    assert body.endswith("\n\nIt cannot be answered: nothing can be posted there.") and not news.tickets(old)


def test_what_is_new_is_filed_whatever_its_date(news):
    news.published()
    news.start()
    for date in (1000000000, "", "Sun, 22 Nov 2099 10:00:00 GMT"):
        word = news.published(date=date)
        t = news.filed_once(word)
        assert ("Written: 2001-09-09" in news.customer_of(t, word).body) == (date == 1000000000)
        assert "Written: 2099" not in news.customer_of(t, word).body


def test_what_an_agent_answers_is_not_posted_and_he_is_told(news):
    news.start()
    t = news.filed_once(news.published())
    asked = len(news.site.asked)
    news.zammad.write(t, "Thank you for the article")
    note = news.note_of(t, "Reply withdrawn")
    assert "mentiond will not post your reply: nothing can be posted there." in note.body
    news.daemon.wait_quiet()
    assert all(q.method == "GET" for q in news.site.asked[asked:]) and news.daemon.queue() == []


def test_killed_and_started_again_it_files_each_item_once(news):
    news.start()
    words = []
    for n in range(4):
        words.append(news.published())
        if n % 2:
            news.daemon.kill()
            words.append(news.published())
        else:
            news.daemon.stop()
        news.start()
    for word in words:
        news.filed_once(word)


def test_a_feed_that_was_away_is_read_when_it_is_back_and_the_state_says_why_it_was_not(news):
    news.start()
    for status, headers, why in ((301, {"Location": "http://elsewhere.example/"}, "has moved to http://elsewhere.example/"), (404, {}, "answered 404")):
        news.site.status, news.site.headers = status, headers
        until(why, lambda: why in news.daemon.instances()["news"]["reason"])
    word = news.published()
    news.site.status, news.site.headers = 200, {}
    news.filed_once(word)
    until("the reason to go", lambda: not news.daemon.instances()["news"]["reason"])


def test_another_address_is_asked_without_what_the_first_one_had_said(news):
    word = news.published()
    news.start()
    until("a conditional request", lambda: news.site.asked[-1].headers["If-None-Match"])
    asked = len(news.site.asked)
    news.channel["url"] += "?all"
    assert news.daemon.reload()
    until("polls", lambda: len([q for q in news.site.asked[asked:] if q.target.endswith("?all")]) > 2)
    first = [q for q in news.site.asked[asked:] if q.target.endswith("?all")]
    assert [bool(q.headers["If-None-Match"]) for q in first[:3]] == [False, False, True] and not news.tickets(word)


def test_a_feed_of_thousands_of_items_does_not_keep_the_daemon_from_ending(news):
    news.site.items = [Item(n, f"Item {n}") for n in range(20000)]
    news.site.window = 20000
    news.start(wait=False)
    until("it to be read", lambda: len(news.site.asked) > 1)
    news.daemon.stop()
