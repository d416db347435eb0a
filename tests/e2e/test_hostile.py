"""What a hostile server or person may put into an answer or a post: memory is bounded, and one bad item spoils no other."""
import copy
import json
import re
import zlib

import pytest

from mentiond_e2e import daemon, wire
from mentiond_e2e.crowd import show_pictures
from mentiond_e2e.wait import until
from mentiond_e2e.znuny import fields

MEMORY = 200 << 20               # the largest answer, 64 MiB, and what may be made of one, 100 MiB; and the rest


def with_items(b, word, items):
    """Puts the items, as they are, behind the newest good one of each page.  An item is made of a good one: items(good)
    returns bytes."""
    def change(body):
        page = json.loads(body)
        good = next((n for n in page if f"{word}good" in n["status"]["content"]), None)
        if not good:
            return body
        raw = [json.dumps(item).encode() for item in page]
        raw[1:1] = items(good)
        return b"[" + b",".join(raw) + b"]"
    b.net_proxy.rule("GET", "/notifications(?!.*max_id)", wire.altered(change), times=None)


def posts(good, word):
    """Makes items: post(name, **status) has the text WORD + name in it."""
    def post(name, *, raw=None, item=None, **status):
        new = copy.deepcopy(good)
        # Ids as snac's, in their order, so that the walk through the pages is not disturbed.
        new["id"] = good["id"]
        new["status"].update({"id": f"{good['status']['id'][:20]}{name}", "content": f"<p>{word}{name}</p>", **status})
        new.update(item or {})
        text = json.dumps(new).encode()
        for old, put in (raw or {}).items():
            assert old.encode() in text
            text = text.replace(old.encode(), put)
        return text
    return post


@pytest.mark.weight(6)
def test_a_bad_item_is_set_aside_and_its_page_goes_on(eager, znuny):
    word = eager.word()
    deep = b"[" * 100_000 + b"]" * 100_000
    ids = {}

    def items(good):
        post = posts(good, word)
        first = good["status"]["id"][:20]
        ids.update(nul=first)
        return [
            # Set aside:
            post("deepstatus", item={"status": "DEEP"}, raw={'"DEEP"': deep}), post("nostatus", item={"status": None}), b"null", b"[]", b"17", b'"x"', b"{}",
            post("noaccount", account=None), post("noid", id=None), post("blank", id="a b"), post("long", id="x" * 2000),
            post("wrongid", id={"a": 1}), post("noauthor", account={"id": "", "acct": ""}), post("badparent", in_reply_to_id="\n"),
            # Filed:
            post("deepbeside", beside="DEEP", raw={'"DEEP"': deep}),
            post("nultext", content=f"<p>{word}nultext before\0after</p>"), post("rawnul", raw={"rawnul<": b"rawnul before\0after<"}),
            post("nulida", id=f"{first}\0a"), post("nulidb", id=f"{first}\0b"),
            post("surrogate", raw={"surrogate<": rb"surrogate \ud800 \udc00 \udbff\ud83d\ude00 after<"}),
            post("badutf", raw={"badutf<": b"badutf \xff\xc0\x80\xed\xa0\x80\xf8 after<"}),
            post("bigx", id=9007199254740993), post("bigy", id=9007199254740992),
            post("hugex", id=10 ** 30 + 1), post("hugey", id=10 ** 30 + 2),
            post("twice", raw={'"visibility":': b'"visibility": "direct", "visibility":'}),
            post("types", created_at=5, url=[], media_attachments="x", spoiler_text={}, language=1.5, visibility=None, mentions=0, tags=None),
            post("few", item={"created_at": good["created_at"]}, raw={"few<": b"few after<"}),
        ]
    filed = ["deepbeside", "nultext", "rawnul", "nulida", "nulidb", "surrogate", "badutf", "bigx", "bigy", "hugex", "hugey", "twice",
             "types", "few"]
    eager.start()
    with_items(eager, word, items)
    eager.mention(f"{word}last of the page")
    eager.mention(f"{word}good first of the page")
    tickets = {name: znuny.ticket_of(f"{word}{name}") for name in ["last", "good", *filed]}
    eager.daemon.wait_quiet()
    before = len(eager.net_proxy.seen("GET", "/notifications"))
    until("some polls more", lambda: len(eager.net_proxy.seen("GET", "/notifications")) > before + 3)
    eager.daemon.wait_quiet()
    assert len(znuny.tickets(word)) == len(tickets)
    for name in "nultext", "rawnul", "surrogate", "badutf", "few":
        [body] = [a["Body"] for a in znuny.customers(tickets[name])]
        assert re.search(f"{word}{name}.*after", body), body
    # Each once, though each poll saw it.
    aside = re.findall(r"item put aside .*", eager.daemon.log())
    assert len(aside) == len(set(aside)), aside
    for reason, many in {"it has no usable id": 3, "it has no author": 2, "the id of the post that it answers is not usable": 1}.items():
        assert len([line for line in aside if f'reason="{reason}"' in line]) == many, aside


# --- Too much ---

def of_one_gigabyte(s, head, body):
    block = b'"' + b"x" * (1 << 20)
    s.sendall(head + b"Content-Length: %d\r\n\r\n" % (1 << 30))
    for _ in range(1 << 10):
        s.sendall(block)


def chunks_without_end(s, head, body):
    s.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        s.sendall(b"100000\r\n" + b"[" * (1 << 20) + b"\r\n")


def gzip_bomb(s, head, body):
    """A gigabyte of blanks: after a full flush, the same block again does as well."""
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    begin = z.compress(b" ") + z.flush(zlib.Z_FULL_FLUSH)
    block = z.compress(b" " * (1 << 24)) + z.flush(zlib.Z_FULL_FLUSH)
    s.sendall(head + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % (len(begin) + 64 * len(block)) + begin)
    for _ in range(64):
        s.sendall(block)


def of(unit, size):
    text = b"[" + unit * (size // len(unit)) + b"0]"
    return lambda s, head, body: s.sendall(head + wire.length(text) + text)


FLOODS = {
    "a gigabyte": wire.raw(of_one_gigabyte),
    "chunks without end": wire.raw(chunks_without_end),
    "a gzip bomb": wire.raw(gzip_bomb),
    "millions of objects": wire.raw(of(b"{},", 8_000_000)),
    "millions of numbers": wire.raw(of(b"0,", 8_000_000)),
    "a deep nest": wire.raw(of(b"[" * 1000, 8_000_000)),
}


@pytest.mark.weight(8)
def test_whatever_is_answered_memory_is_bounded(eager, znuny, gallery):
    word = eager.word()
    eager.channel["poll_every"] = eager.desk["poll_every"] = "100ms"
    eager.channel["media_max"] = "1M"
    eager.start()
    flooded = [wire.Each(FLOODS, subject) for subject in (
        lambda r: re.search(f"{word}n(\\d)x", r.body.decode())[1], lambda r: r.at, lambda r: r.at, lambda r: r.path)]
    made, net, desk, pictures = flooded
    eager.desk_proxy.rule("POST", "/TicketCreate$", made, times=None)
    eager.net_proxy.rule("GET", "/notifications", net, times=None)
    eager.desk_proxy.rule("POST", "/TicketSearch$", lambda r: desk if "ArticleCreateTimeNewerMinutes" in r.json else None, times=None)
    gallery.rule("GET", "", pictures, times=None)
    show_pictures(eager, word, lambda k: f"{gallery.url}/{k}.png")
    eager.mentions([f"{word}n{k}x look" for k in range(len(FLOODS))])
    tickets = [znuny.ticket_of(f"{word}n{k}x", 60) for k in range(len(FLOODS))]
    until("all floods", lambda: not any(f.left for f in flooded), 60)
    eager.daemon.wait_quiet(60)
    assert len(znuny.tickets(word)) == len(FLOODS)
    assert all(len(znuny.customers(t)) == 1 for t in tickets)
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", open(f"/proc/{eager.daemon.process.pid}/status").read())[1]) << 10
    if daemon.is_itself():
        assert peak < MEMORY, f"{peak >> 20} MiB"


# --- Texts that want to be more than text ---

BIDI = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"  # what turns the text around it
TALL = "e" + "\u0301" * 10_000   # one grapheme
BREAKS = "\r\nBcc: all@example.com\r\n\r\n.\r\n"
EVIL = f"<script>alert(1)</script>{BREAKS}{BIDI}\x00\x1b[31m"


def headers_of(requests):
    return {frozenset(r.headers) for r in requests}


@pytest.mark.weight(5)
def test_hostile_members_of_a_post_stay_in_their_place(eager, znuny):
    word = eager.word()

    def items(good):
        post = posts(good, word)
        account = dict(good["status"]["account"], display_name=f"Eve {EVIL} {TALL}", acct="eve" + EVIL, url="javascript:alert(1)" + BREAKS,
                       followers_count="many")
        return [
            post("person", account=account, content=f"<p>{word}person</p>"),
            post("everything", account=account, spoiler_text=EVIL, url="http://x.test/" + EVIL, language=EVIL, visibility=EVIL,
                 content=f"<p>{word}everything</p><script>alert(1)</script>{BIDI}&#13;&#10;Bcc: all@example.com<p>after</p>",
                 media_attachments=[{"type": EVIL, "url": "http://127.0.0.1:1/" + EVIL, "description": EVIL + TALL}]),
            post("tall", content=f"<p>{TALL}</p><p>{word}tall after</p>"),
            post("wall", content=f"<p>{word}wall {TALL * 3} after</p>"),
            post("path", id="../../api/v1/accounts?x=1#y"),
        ]
    eager.start()
    with_items(eager, word, items)
    eager.mention("an older one")
    eager.mention(f"{word}good day")
    znuny.ticket_of(f"{word}good")
    usual = headers_of(eager.desk_proxy.seen("POST", "/TicketCreate$"))
    names = "person", "everything", "path"
    tickets = {name: znuny.ticket_of(f"{word}{name}") for name in names}
    tickets |= {name: until(name, lambda: znuny.with_key(f"m.a_body LIKE '%{word}{name}%' AND s.name = 'customer'"))[0][1] for name in ("tall", "wall")}
    eager.daemon.wait_quiet()
    for name, id in tickets.items():
        t = znuny.ticket(id)
        [a] = t["Article"]
        assert "\n" not in t["Title"] + a["Subject"] + a["From"] and len(t["Title"]) <= 200
        assert a["ContentType"].startswith("text/plain") and "Bcc" not in a.get("To", "") + a.get("Cc", "") + str(a.get("Bcc", ""))
        for text in t["Title"], a["Subject"], a["Body"], a["From"], fields(t)["SocialUrl"]:
            assert not [c for c in BIDI + "\0\x1b\r" if c in text], f"{name}: {text!r}"
        assert "<script" not in t["Title"] + a["Subject"]
        if name == "everything":
            assert re.search("^after$", a["Body"], re.M)
        elif name in ("tall", "wall"):
            # Whole, or cut between graphemes.
            assert a["Body"].count("\u0301") % 10_000 == 0 and f"{word}{name}" in a["Body"] and "after" in a["Body"]
            assert t["Title"].count("\u0301") in (0, len(t["Title"]) - len(t["Title"].replace("\u0301", "")))
    assert headers_of(eager.desk_proxy.seen("POST", "/TicketCreate$")) == usual
    # An id that is a path is one member of a path.
    znuny.write(tickets["path"], f"Answer {word}r")
    znuny.note_of(tickets["path"], "Reply not posted")
    paths = [r.path for r in eager.net_proxy.requests if "accounts" in r.path and "verify_credentials" not in r.path]
    assert paths and set(paths) == {"/api/v1/statuses/..%2F..%2Fapi%2Fv1%2Faccounts%3Fx%3D1%23y"}


def test_a_hostile_answer_of_an_agent_is_posted_as_its_text_or_held(eager, znuny):
    eager.start()
    word, post, ticket = eager.conversation()
    znuny.write(ticket, f"Dear customer {word}r {EVIL.replace(chr(0), '')} <b>end</b>{word}")
    # A mail address is in it.
    assert "all@example.com" in znuny.note_of(ticket, "Reply held")["Body"]
    znuny.write(ticket, "!send", public=False)
    eager.alice.answer_of(post, f"{word}r")
    [said] = eager.net_proxy.seen("POST", "^/api/v1/statuses$")
    assert set(map(str.lower, said.headers)) <= {"host", "user-agent", "accept", "accept-encoding", "content-type", "content-length", "authorization",
                                                "idempotency-key"}
    # What becomes of it is the network's: snac takes it for HTML.
    assert f"{word}r <script>alert(1)</script>\nBcc: all@example.com\n" in said.json["status"] and said.json["status"].endswith(f"<b>end</b>{word}")
    assert not [c for c in BIDI + "\x1b\r" if c in said.json["status"]]
    # It is too long as this network counts, and one word: held whole, and not cut to something else.
    znuny.write(ticket, f"{word}tall {TALL * 20}")
    znuny.note_of(ticket, "Reply held", "characters")
    assert eager.brand.posts(f"{word}tall") == []
