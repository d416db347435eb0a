"""The plugin exec: its two examples, and a child that breaks every rule; a fake Zammad is the helpdesk."""
import json
import pathlib
import re
import time

import pytest

from mentiond_e2e import call, doctor
from mentiond_e2e.desk import TIMES
from mentiond_e2e.wait import SLOW, until

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECRET = "not-for-the-environment"


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Room:
    """A mentiond with one channel, the folder of its child, and a helpdesk.  Not started yet."""

    def __init__(self, desk, folder, program, *arguments):
        self.desk, self.daemon, self.folder = desk, desk.daemon, folder
        folder.mkdir(exist_ok=True)
        self.n = 0
        self.channel = desk.daemon.config["channel"]["brand"] = dict(
            TIMES, plugin="exec", program=program, arguments=" ".join(map(str, arguments)), helpdesk="desk", hold="0s",
            secret=desk.daemon.secret("secret", SECRET))

    def start(self):
        self.daemon.start()
        return self

    def pids(self):
        return [int(p) for p in re.findall(r"the child was begun .*pid=(\d+)", self.daemon.log())]

    def ends(self):
        return re.findall(r"the child has ended .*?reason=(\".*?\"|\S+)", self.daemon.log())

    # The child's network, where that is naughty_child.py.

    def mention(self, parent=None, **more):
        """Returns its word and id."""
        self.n += 1
        word, id = self.desk.word(), str(self.n)
        line = {"kind": "mention", "visibility": "public", "id": id, "parent": parent, "root": parent or id, "text": f"{word} hello",
                "created_usec": int(time.time() * 1e6), "author": {"id": "a", "handle": "@alice"}, **more}
        with open(self.folder / "in", "a") as f:
            f.write(json.dumps(line) + "\n")
        return word, id

    def conversation(self):
        word, id = self.mention()
        ticket = self.desk.ticket_of(word)
        self.daemon.wait_quiet()
        return word, id, ticket

    def posts(self, word):
        file = self.folder / "out"
        return [p for p in map(json.loads, file.read_text().splitlines()) if word in p["text"]] if file.exists() else []

    def mischief(self, what):
        (self.folder / "mischief.new").write_text(what)
        (self.folder / "mischief.new").rename(self.folder / "mischief")

    def wait_mischief(self):
        until("the mischief", lambda: not (self.folder / "mischief").exists())

    def about(self):
        return json.loads((self.folder / "about").read_text())


@pytest.fixture
def room(desk, directory):
    return Room(desk, directory / "net", ROOT / "tests/plugins/naughty_child.py", directory / "net")


@pytest.fixture
def up(room):
    return room.start()


# --- The life of a child ---

def test_a_child_has_a_clean_environment_a_group_of_its_own_and_limits(room, monkeypatch):
    room.daemon.env.update(NAMED="named", HIDDEN="hidden", LANG="C.UTF-8")
    room.channel.update(environment="NAMED MISSING", memory_max="300M", cpu_max="1h", directory="/usr")
    room.start()
    a = room.about()
    assert set(a["environment"]) - {"LC_CTYPE"} == {"PATH", "LANG", "NAMED"} and a["environment"]["NAMED"] == "named"
    assert a["group"] == a["pid"] == room.pids()[0] and a["directory"] == "/usr"
    assert a["data"] == 300 << 20 and a["cpu"] == 3600 and a["core"] == 0
    assert a["blocked"] == [] and len(a["files"]) == 4           # the fourth is the listing itself
    assert "NoNewPrivs:\t1" in a["status"] and re.search(r"SigIgn:\t0*1000$|SigIgn:\t01000000$|SigIgn:\t[0]+$|SigIgn:", a["status"])
    assert (room.folder / "secret").read_text() == SECRET and SECRET not in str(a["environment"])


def test_a_child_ends_with_the_daemon(up):
    pid = up.pids()[0]
    assert is_alive(pid)
    up.daemon.stop()
    assert not is_alive(pid) and "reason=\"was ended\"" in up.daemon.log()


def test_a_child_dies_with_a_daemon_that_is_killed(up):
    pid = up.pids()[0]
    up.daemon.kill()
    until("the child to be dead", lambda: not is_alive(pid))


def test_a_child_that_does_not_end_and_its_children_are_killed(up):
    up.mischief("poll deaf")
    up.wait_mischief()
    up.mischief("poll forks")
    grandchild = int(until("a grandchild", lambda: (up.folder / "forked").exists() and (up.folder / "forked").read_text()))
    pid = up.pids()[0]
    until("a poll after that", lambda: not (up.folder / "mischief").exists())
    assert is_alive(pid) and is_alive(grandchild)
    up.daemon.stop()
    assert not is_alive(pid)
    until("the grandchild to be dead", lambda: not is_alive(grandchild))


def test_a_changed_configuration_has_another_child_run(up):
    first = up.pids()[0]
    up.channel["environment"] = "HOME"
    assert up.daemon.reload()
    until("another child", lambda: len(up.pids()) == 2 and up.about()["pid"] == up.pids()[1])
    assert not is_alive(first)
    word, _, ticket = up.conversation()


def test_a_resumed_channel_has_a_child_begun_anew(up):
    up.daemon.ctl("pause", "brand")
    up.daemon.ctl("resume", "brand")
    until("another child", lambda: len(up.pids()) == 2)
    up.daemon.wait_running()
    assert not is_alive(up.pids()[0]) and is_alive(up.pids()[1])


def test_a_program_that_cannot_be_executed_is_named_and_tried_again(room):
    program = room.folder / "program"
    room.channel["program"] = program
    room.daemon.start(wait=False)
    room.daemon.wait_log(r"the child cannot be executed: No such file or directory")
    program.symlink_to(ROOT / "tests/plugins/naughty_child.py")
    room.daemon.wait_running()


def test_doctor_looks_at_the_child_and_asks_one_that_knows_more(room):
    room.channel["arguments"] += " post,find,doctor"
    room.start()
    said = doctor.run(room.daemon, "doctor", "brand")
    assert said.line("child", "naughty_child.py runs") and said.line("weather", "it rains")


# --- A child that breaks the rules ---

# After it was written, and the child is gone or talks nonsense, nobody knows whether it was posted: it is looked for.
POST_BEFORE = ["end_before", "hang_before"]
POST_AFTER = ["end_after", "hang_after", "half", "close", "close_in", "fork_and_end", "twice", "other", "none", "garbage", "flood", "long",
              "calls", "impatient", "unknown_call", "member", "type", "no_id"]
REASONS = {"end_before": "ended with status 3", "hang_before": "said nothing for", "hang_after": "said nothing for", "half": "ended with status 0",
           "end_after": "was killed by signal 11", "close": "closed its output", "other": "not asked or answered already",
           "none": "without a number", "garbage": "not JSON", "flood": "not asked or answered already", "long": "a line of more than 8388608 bytes",
           "twice": "not asked or answered already", "calls": "more calls than one operation may", "unknown_call": 'calls \\\\?"format_disk', "member": "folowers: there is no such member", "type": "verdict: it is none of the names",
           "no_id": "id: it is missing"}


@pytest.mark.weight(8)
@pytest.mark.parametrize("what", POST_BEFORE + POST_AFTER)
def test_an_answer_is_posted_once_whatever_the_child_does(room, what):
    room.channel["timeout"] = f"{round(2000 * SLOW)}ms"
    room.start()
    word, id, ticket = room.conversation()
    room.mischief(f"post {what}")
    room.desk.zammad.write(ticket, f"Answer {word}r")
    room.desk.note_of(ticket, "Reply posted", 60)
    room.daemon.wait_quiet(60)
    [post] = room.posts(f"{word}r")
    assert post["parent"] == id and post["root"] == id and post["visibility"] == "unlisted"
    assert len(room.desk.notes(ticket, "Reply posted")) == 1
    if what in REASONS:
        assert re.search(REASONS[what], room.daemon.log())
    room.conversation()


def test_an_answer_of_unknown_fate_is_held_where_the_child_cannot_find(room):
    room.channel["arguments"] += " post"
    room.start()
    word, _, ticket = room.conversation()
    room.mischief("post end_after")
    room.desk.zammad.write(ticket, f"Answer {word}r")
    room.desk.note_of(ticket, "Reply held")
    assert len(room.posts(f"{word}r")) == 1
    room.mischief("post end_before")
    room.desk.zammad.write(ticket, f"Answer {word}s")
    until("two held", lambda: len(room.desk.notes(ticket, "Reply held")) == 2)
    assert not room.posts(f"{word}s")


@pytest.mark.weight(5)
@pytest.mark.parametrize("what", POST_BEFORE + [w for w in POST_AFTER if w != "no_id"] + ["memory", "cpu", "errors"])
def test_nothing_is_lost_whatever_the_child_does_in_a_poll(room, what):
    room.channel.update(timeout=f"{round(2000 * SLOW)}ms", memory_max="256M")
    room.start()
    words = [room.mention()[0]]
    room.mischief(f"poll {what}")
    words.append(room.mention()[0])
    for word in words:
        room.desk.filed_once(word)
    assert not (room.folder / "mischief").exists()
    if what in REASONS:
        room.daemon.wait_log(REASONS[what])


def test_errors_are_logged_with_their_level_line_by_line_and_bounded(up):
    up.mischief("poll errors")
    up.daemon.wait_log("a plugin logs too much")
    said = re.findall(r" (\w+): the child says .*text=\"error number (\d+) \\u001b", up.daemon.log())
    assert said and said[0] == ("warning", "0") and 100 < len(said) <= 600


@pytest.mark.parametrize("line, wrong", [
    ({"kind": "mantion"}, r"mentions\[0\].kind: it is none of the names"), ({"likes": 7}, r"mentions\[0\].likes: there is no such member"),
    ({"text": 7}, r"mentions\[0\].text: a text is expected"), ({"visibility": None}, r"mentions\[0\].visibility: it is missing"),
    ({"created_usec": 1.5}, r"mentions\[0\].created_usec: a time is expected"), ({"media": {}}, r"mentions\[0\].media: a list is expected"),
    ({"author": {"id": "a", "handle": "@a", "flags": ["cat"]}}, r"mentions\[0\].author.flags: there is one that is none of its names"),
    ({"media": [{"url": "https://a.example/"}, {"url": []}]}, r"mentions\[0\].media\[1\].url: a text is expected"),
    ({"above": {"author": {"id": 7}}}, r"mentions\[0\].above.author.id: a text is expected"),
    ({"author": []}, r"mentions\[0\].author: an object is expected")], ids=lambda x: None if isinstance(x, dict) else x.split()[0])
def test_what_is_wrong_in_a_mention_is_named_with_its_place(up, line, wrong):
    up.mention(**line)
    up.daemon.wait_log(wrong)


def test_a_child_is_asked_one_thing_at_a_time(up):
    word, _, ticket = up.conversation()
    up.mischief("post waits")
    up.desk.zammad.write(ticket, f"Answer {word}r")
    until("the post", lambda: up.posts(f"{word}r"))
    assert (up.folder / "crowded").read_text() == "False"


def test_a_child_that_can_is_asked_several_things_at_a_time(room):
    room.channel["arguments"] += " post,find parallel"
    room.start()
    word, _, ticket = room.conversation()
    room.mischief("post hang_before")
    room.desk.zammad.write(ticket, f"Answer {word}r")
    room.wait_mischief()
    room.desk.ticket_of(room.mention()[0])       # while that hangs
    assert len(room.pids()) == 1


@pytest.mark.weight(5)
def test_a_daemon_that_is_killed_at_a_post_posts_it_once(up):
    word, _, ticket = up.conversation()
    up.mischief("post hang_after")
    up.desk.zammad.write(ticket, f"Answer {word}r")
    until("the post", lambda: up.posts(f"{word}r"))
    up.daemon.kill()
    up.daemon.start()
    up.desk.note_of(ticket, "Reply posted")
    up.daemon.wait_quiet()
    assert len(up.posts(f"{word}r")) == 1


# --- Each operation, member by member ---

class Script:
    """One instance of the plugin, whose child says what the test says."""

    def __init__(self, directory, **lines):
        self.heard_file = directory / "heard"
        (directory / "script").write_text(json.dumps({"start": [START], **lines}))
        (directory / "secret").write_text(SECRET)
        self.plugin = call.Plugin("channel", directory, plugin="exec", program=ROOT / "tests/plugins/scripted_child.py", helpdesk="desk",
                                  arguments=f"{directory}/script {directory}/heard", secret=f"file:{directory}/secret")

    def __enter__(self):
        self.plugin.do("start")
        return self

    def __exit__(self, *_):
        self.plugin.__exit__()

    def heard(self):
        return [json.loads(x) for x in self.heard_file.read_text().split("\n")[:-1]]


START = {"verdict": "ok", "id": "7", "handle": "@brand", "parallel": 2,
         "operations": ["post", "find", "fetch", "reread", "edit", "remove", "react"],
         "caps": {"length_unit": "graphemes", "length_max": 500, "url_length": 23, "handle_is_local": True, "uploads_max": 4,
                  "bytes_max": 3000,
                  "upload_size_max": 1 << 33, "upload_types": "image/png", "flags": ["can_direct", "can_edit", "can_hide", "tells_author"]}}
MENTION = {"kind": "quote", "visibility": "unlisted", "id": "20", "parent": "19", "root": "10", "url": "https://n.example/20", "html": "<p>hi</p>",
           "warning": "cats", "language": "de", "created_usec": "2026-11-22T10:00:00Z", "edited_usec": 1795000000000000,
           "seen_usec": 1795341600000001, "reply_right": "reply_until", "reply_until_usec": 1795341700000000, "reply_reason": "a day",
           "author": {"id": "9", "handle": "@ann@n.example", "name": "Ann", "url": "https://n.example/@ann", "followers": 5,
                      "created_usec": 1, "flags": ["verified", "bot"]},
           "media": [{"url": "https://n.example/a.png", "type": "image/png", "description": "a cat"}],
           "above": {"id": "19", "author": {"handle": "@bob@n.example"}, "html": "<b>who?</b>", "url": "https://n.example/19"}}
OK = {"verdict": "ok"}


def test_start_says_who_it_is_and_what_it_can(directory):
    with Script(directory) as s:
        said = s.plugin.do("start")
        assert (said["self"], said["handle"]) == ("7", "@brand")
        assert (said["length_unit"], said["length_max"], said["url_length"], said["handle_is_local"]) == (1, 500, 23, 1)
        assert (said["uploads_max"], said["upload_size_max"], said["upload_types"], said["bytes_max"]) == (4, 1 << 33, "image/png", 3000)
        assert said["flags"] == call.CAN_DIRECT | call.CAN_EDIT | call.CAN_HIDE | call.TELLS_AUTHOR
        assert s.heard()[0] == {"protocol": 1, "secret": SECRET, "call": "start", "op": 1}


def test_poll_emits_by_calls_and_by_its_answer_and_remembers(directory):
    calls = [{"call": "emit", "mention": MENTION}, {"call": "emit", "mention": MENTION}, {"call": "horizon_usec"},
             {"call": "emit", "mention": [{**MENTION, "id": "21"}, {**MENTION, "id": "22"}]}, {"call": "cursor", "key": "k"},
             {"call": "set_cursor", "key": "k", "value": "v"}, {"call": "cursor", "key": "k"}, {"call": "keep", "key": "t", "value": "token"},
             {"call": "cursor", "key": "t"}, {"call": "is_posted", "id": "1"}]
    with Script(directory, poll=[*calls, {**OK, "cursor": "next", "mentions": [{**MENTION, "id": "23"}]}]) as s:
        first, second = s.plugin.do("poll")["items"], s.plugin.do("poll").get("items")
        told = [h.get("return") for h in s.heard() if "return" in h]
        assert told[:10] == [1, 0, told[2], 2, "", 0, "v", 0, "token", 0] and told[10:14] == [0, 0, told[12], 0]
        assert {i["id"] for i in first} == {"20", "21", "22", "23"} and not second
        polls = [h for h in s.heard() if h.get("call") == "poll"]
        assert [p["cursor"] for p in polls] == ["", "next"]
        assert (told[2], told[12]) == (polls[0]["horizon_usec"], polls[1]["horizon_usec"])
        assert polls[1]["horizon_usec"] == MENTION["seen_usec"] - 300 * 1000000


def test_what_is_emitted_arrives_member_by_member(directory):
    with Script(directory, poll=[OK], fetch=[{"call": "emit_ancestor", "mention": {**MENTION, "id": "10", "text": "root", "html": None}},
                                             {"call": "emit", "mention": MENTION}, OK]) as s:
        s.plugin.do("poll")
        said = s.plugin.do("fetch", id="20")
        [item], [ancestor] = said["items"], said["ancestors"]
        assert (item["id"], item["root"], item["parent"], item["created_usec"]) == ("20", "10", "19", 1795341600000000)
        payload = item["payload"]
        assert (payload["text"], payload["warning"], payload["language"]) == ("hi", "cats", "de")
        assert payload["author"]["name"] == "Ann" and payload["author"]["bot"] and payload["author"]["verified"]
        assert payload["media"][0]["description"] == "a cat" and ancestor == {"id": "10", "handle": "@ann@n.example", "text": "root"}
        assert payload["above"] == {"id": "19", "handle": "@bob@n.example", "text": "who?", "url": "https://n.example/19"}
        assert [h.get("return") for h in s.heard() if "return" in h] == [0, 1] and s.heard()[2]["id"] == "20"


def test_a_file_without_an_address_is_asked_for(directory):
    start = {**START, "operations": ["fetch", "download"]}
    media = [{"id": "f1", "type": "image/png"}, {"url": "https://n.example/a.png"}]
    with Script(directory, start=[start], poll=[OK], fetch=[{**OK, "mentions": [{**MENTION, "media": media}]}],
                download=[{**OK, "name": "cat.png", "data": "AAEC"}]) as s:
        s.plugin.do("poll")
        assert [m.get("id") for m in s.plugin.do("fetch", id="20")["items"][0]["payload"]["media"]] == ["f1", None]
        said = s.plugin.do("download", id="f1", max=1000)
        assert (said["name"], said["data"]) == ("cat.png", "AAEC")
        s.plugin.do("download", id="f1", max=1 << 30)
        assert [(h["id"], h["max"]) for h in s.heard() if h.get("call") == "download"] == [("f1", 1000), ("f1", 6000000)]


@pytest.mark.parametrize("operations, data, verdict, reason", [
    (["download"], "a?", "bug", "the data of the child's answer is no base64"),
    (["download"], 7, "bug", "what the child says is not as it must be: data: a text is expected"),
    ([], "AAEC", "rejected", "its program does not know how to download")])
def test_a_file_that_cannot_be_had_is_told_with_the_reason(directory, operations, data, verdict, reason):
    with Script(directory, start=[{**START, "operations": operations}], download=[{**OK, "data": data}]) as s:
        said = s.plugin.call("download", id="f1", max=1000)
        assert (said["verdict"], said["reason"]) == (verdict, reason)


def test_posts_are_told_member_by_member(directory):
    post = {"visibility": call.DIRECT, "key": "key", "text": "hi\n\u2028there", "parent": "20", "root": "10", "only": "@ann@n.example",
            "uploads": [{"name": "a.png", "type": "image/png", "description": "a", "data": "AAEC"}]}
    with Script(directory, post=[{**OK, "id": "30", "url": "https://n.example/30"}], find=[{"verdict": "absent"}]) as s:
        said = s.plugin.do("post", **post)
        assert (said["id"], said["url"]) == ("30", "https://n.example/30")
        assert s.plugin.call("find", **post)["verdict"] == "absent"
        told, sought = s.heard()[1]["post"], s.heard()[2]["post"]
        assert told == {**told, "visibility": "direct", "key": "key", "text": "hi\n\u2028there", "parent": "20", "root": "10", "only": "@ann@n.example"}
        assert told["uploads"] == [{"name": "a.png", "type": "image/png", "description": "a", "size": 3, "data": "AAEC"}] and sought["key"] == "key"


def test_posts_are_edited_removed_liked_and_read_again(directory):
    with Script(directory, edit=[OK], remove=[OK], react=[OK], reread=[{"call": "emit_again", "mention": MENTION}, {"call": "emit_gone", "id": "10"}, OK]) as s:
        s.plugin.do("edit", id="30", text="other")
        s.plugin.do("remove", id="30")
        s.plugin.do("react", reaction=call.HIDE, id="31")
        again = s.plugin.do("reread", ids=["20", "10"])["again"]
        assert [(a["id"], a["gone"]) for a in again] == [("20", False), ("10", True)] and again[0]["text"] == "hi"
        told = [{k: v for k, v in h.items() if k != "op"} for h in s.heard()[1:]]
        assert told[:4] == [{"call": "edit", "id": "30", "text": "other"}, {"call": "remove", "id": "30"},
                            {"call": "react", "id": "31", "reaction": "hide"}, {"call": "reread", "ids": ["20", "10"]}]


@pytest.mark.parametrize("verdict", ["retry", "throttled", "auth", "rejected", "gone", "ambiguous", "bug", "blocked", "unknown", "absent", "canceled"])
def test_a_verdict_is_the_child_s_with_its_reason(directory, verdict):
    answer = [{"verdict": verdict, "reason": "because", "throttled_usec": 5000000}]
    with Script(directory, post=answer, find=answer, remove=answer) as s:
        post, find, remove = (s.plugin.call(name, visibility=2, key="k", text="t", id="1") for name in ("post", "find", "remove"))
        known = verdict not in ("unknown", "absent", "canceled")
        assert post["verdict"] == (verdict if known else "ambiguous")
        assert remove["verdict"] == (verdict if known else "bug")
        assert find["verdict"] == ("bug" if verdict == "canceled" else verdict)
        assert not known or post["reason"] == remove["reason"] == "because"


def test_what_its_program_does_not_know_is_as_if_the_plugin_did_not(directory):
    with Script(directory, start=[{**START, "operations": []}]) as s:
        said = {name: s.plugin.call(name, visibility=2, key="k", text="t", id="1", ids=["1"], reaction=1)["verdict"]
                for name in ("post", "find", "fetch", "edit", "remove", "react", "reread")}
        assert said == {"post": "rejected", "find": "unknown", "fetch": "gone", "edit": "rejected", "remove": "rejected", "react": "rejected",
                        "reread": "ok"}
        assert len(s.heard()) == 1


# --- The examples ---

class Mail(Room):
    def __init__(self, desk, directory):
        self.box, self.sent, self.out = directory / "box", directory / "sent", directory / "out"
        for folder in "tmp", "new", "cur":
            (self.box / folder).mkdir(parents=True)
        self.out.mkdir()
        self.sendmail = directory / "sendmail"
        self.sendmail.write_text(f"#!/bin/sh\nexec cat >{self.out}/$(date +%s%N)\n")
        self.sendmail.chmod(0o755)
        super().__init__(desk, directory / "net", ROOT / "contrib/exec/maildir.py", "help@shop.example", self.box, self.sent, self.sendmail)

    def mention(self, parent=None):
        self.n += 1
        word, id = self.desk.word(), f"<{self.n}@example.net>"
        (self.box / "tmp" / str(self.n)).write_text(
            f"From: Alice <alice@example.net>\nTo: help@shop.example\nSubject: My parcel\nMessage-ID: {id}\n"
            + (f"In-Reply-To: {parent}\nReferences: {parent}\n" if parent else "") + f"\n{word} hello\n")
        (self.box / "tmp" / str(self.n)).rename(self.box / "new" / str(self.n))
        return word, id

    def posts(self, word):
        return [f.read_text() for f in self.out.iterdir() if word in f.read_text()]


class Folder(Room):
    def __init__(self, desk, directory):
        super().__init__(desk, directory / "net", ROOT / "contrib/exec/folder.sh", "help", directory / "net")

    def mention(self, parent=None):
        self.n += 1
        word, id = self.desk.word(), f"{parent}.{self.n}" if parent else str(self.n)
        (self.folder / "in" / f".{id}").write_text(f"alice\n{word} \"hello\"\\n\n")
        (self.folder / "in" / f".{id}").rename(self.folder / "in" / id)
        return word, id

    def posts(self, word):
        return [f.read_text() for f in (self.folder / "out").iterdir() if word in f.read_text()]


@pytest.fixture(params=[Mail, Folder], ids=["maildir", "folder"])
def example(request, desk, directory):
    return request.param(desk, directory).start()


@pytest.mark.weight(8)
def test_an_example_carries_a_conversation_over_a_restart_and_a_kill(example):
    word, id, ticket = example.conversation()
    example.desk.zammad.write(ticket, f"Answer {word}r")
    example.desk.note_of(ticket, "Reply posted")
    [answer] = example.posts(f"{word}r")
    assert "alice" in answer
    example.daemon.restart()
    again, _ = example.mention(parent=id)
    example.desk.customer_of(ticket, again)
    example.daemon.kill()
    example.daemon.start()
    example.desk.zammad.write(ticket, f"Answer {word}s")
    until("a second answer", lambda: example.posts(f"{word}s"))
    example.daemon.wait_quiet()
    assert len(example.posts(f"{word}r")) == len(example.posts(f"{word}s")) == 1
    assert example.desk.tickets(word) == example.desk.tickets(again) == [ticket]
    assert not [e for e in example.ends() if "was ended" not in e]


@pytest.mark.weight(8)
@pytest.mark.parametrize("point", ["post.request", "post.response"])
def test_an_example_posts_once_when_the_daemon_dies_at_its_post(desk, directory, point):
    example = Folder(desk, directory).start()
    word, id, ticket = example.conversation()
    example.daemon.stop()
    example.daemon.env["MENTIOND_CRASH_AT"] = point + ":1"
    example.daemon.start()
    example.desk.zammad.write(ticket, f"Answer {word}r")
    until("its end", lambda: example.daemon.process.poll() is not None)
    example.daemon.process = None
    del example.daemon.env["MENTIOND_CRASH_AT"]
    example.daemon.start()
    example.desk.note_of(ticket, "Reply posted")
    example.daemon.wait_quiet()
    assert len(example.posts(f"{word}r")) == 1


def test_mail_that_was_on_its_way_when_the_child_died_is_held(desk, directory):
    example = Mail(desk, directory)
    example.sendmail.write_text(f"#!/bin/sh\ncat >{example.out}/sent; kill -9 $PPID\n")
    example.start()
    word, _, ticket = example.conversation()
    example.desk.zammad.write(ticket, f"Answer {word}r")
    example.desk.note_of(ticket, "Reply held")
    assert len(example.posts(f"{word}r")) == 1
