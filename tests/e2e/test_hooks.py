"""Hooks: who may call, what comes of it, and what cannot come of it."""
import hashlib
import http.client
import itertools
import multiprocessing
import re
import shutil
import socket
import subprocess
import time

import pytest

from mentiond_e2e import listener
from mentiond_e2e.daemon import program, why_not
from mentiond_e2e.listener import FEED_SECRET, SECRET, Answer, Listening, as_base64, signed
from mentiond_e2e.wait import SLOW, until

pytestmark = pytest.mark.skipif(why_not() is not None or listener.text_string_to_metric_families is None,
                                reason=why_not() or "python3-prometheus-client is not there: run contrib/deps test")
TIME_MAX = 10                    # seconds; HTTPD_TIME_USEC
PER_ADDRESS_MAX = 16             # HTTPD_PER_ADDRESS_MAX


@pytest.fixture
def quiet(directory):
    """Not started."""
    w = Listening(directory)
    yield w
    w.close()


@pytest.fixture
def world(quiet):
    return quiet.start()


def settled_polls(world, instance):
    """How often it has polled, when no hint is left to be followed."""
    time.sleep(0.6)
    return world.polls(instance)


def test_a_hook_makes_an_agents_answer_leave_at_once(world):
    status, ticket = world.conversation()
    world.desk.write(ticket, "It is on its way, a1.")
    time.sleep(0.5)
    assert not world.posted("a1.")       # the next poll by itself is in an hour
    assert world.ask("POST", "/hook/desk", b"{}", {"X-Mentiond-Secret": SECRET})[::2] == (200, b"{}")
    assert until("the post", lambda: world.posted("a1."), every=0.02)[0].parent is status
    world.daemon.wait_quiet()


def test_a_hook_makes_what_a_network_has_be_filed_at_once(world):
    inbox = world.daemon.directory / "feed.in"
    inbox.write_text('{"id": "1", "handle": "@eve@example", "text": "hello w1", "parent": "", "root": "1", "created": "2026-11-22T02:00:00Z"}\n')
    assert world.hook_feed(b'{"for_user_id":"1"}') == 200
    until("the poll", lambda: world.polls("feed") == 2)
    assert world.polls("mute") == 1


def test_many_hooks_make_few_polls_and_the_last_is_not_lost(world):
    _, ticket = world.conversation()
    before = settled_polls(world, "desk")
    begun = time.monotonic()
    for n in range(200):
        assert world.hook_desk() == 200
    world.desk.write(ticket, "At last, b1.")
    assert world.hook_desk() == 200
    until("the post", lambda: world.posted("b1."), every=0.02)
    took = time.monotonic() - begun
    assert world.polls("desk") - before <= took / 0.25 + 2
    assert world.hooks("desk", "accepted") == 201


WRONG = {
    "none": {"X_Hub_Signature": None},
    "an empty one": {"X_Hub_Signature": ""},
    "a wrong one": {"X_Hub_Signature": signed(b"{ }")},
    "one by another secret": {"X_Hub_Signature": signed(b"{}", SECRET)},
    "one that is cut": {"X_Hub_Signature": signed(b"{}")[:-1]},
    "one that is longer": {"X_Hub_Signature": signed(b"{}") + "0"},
    "one in upper case": {"X_Hub_Signature": "sha1=" + signed(b"{}")[5:].upper()},
    "one without its prefix": {"X_Hub_Signature": signed(b"{}")[5:]},
    "one of another form": {"X_Hub_Signature": signed(b"{}", hash=hashlib.sha256, prefix="sha256=")},
    "one of another form in another header": {"X_Hub_Signature": None, "X_Hub_Signature_256": signed(b"{}", hash=hashlib.sha256, prefix="sha256=")},
    "the secret itself": {"X_Hub_Signature": "sha1=" + FEED_SECRET},
    "the secret in another's header": {"X_Hub_Signature": None, "X_Mentiond_Secret": FEED_SECRET},
}


def test_a_wrong_signature_does_nothing_and_is_answered_without_detail(world):
    before = settled_polls(world, "feed")
    for n, (name, headers) in enumerate(WRONG.items(), 1):
        assert world.hook_feed(b"{}", **headers) == 401, name
        assert world.hooks("feed", "refused") == n, name
    assert settled_polls(world, "feed") == before
    assert len(re.findall("a hook was refused", world.daemon.log())) == 1      # a minute
    assert world.hook_feed(b"{}") == 200


def test_who_may_not_call_learns_nothing(world):
    def answer(*what):
        status, headers, body = world.ask(*what)
        return status, {k: v for k, v in headers.items() if k != "Date"}, body
    wrong = {"X-Hub-Signature": signed(b"{ }"), "X-Mentiond-Secret": "x" * len(SECRET)}
    for method, query in ("POST", ""), ("GET", ""), ("GET", "?hub.mode=subscribe&hub.verify_token=x&hub.challenge=1"):
        answers = [answer(method, f"/hook/{name}{query}", b"{}" if method == "POST" else None, wrong)
                   for name in ("feed", "desk", "mute", "brand", "nobody", "", "feed/", "../healthz", "%00", "feed%00", "x" * 2000)]
        assert answers[0][0] == 401 and answers[0][2] == b"{}"
        assert all(a == answers[0] for a in answers), answers
    assert answer("GET", "/hook")[0] == answer("POST", "/")[0] == answer("GET", "/hooks/feed")[0] == 404
    assert answer("PUT", "/hook/feed", b"{}")[0] == answer("PUT", "/hook/nobody", b"{}")[0] == 405
    assert answer("POST", "/metrics", b"{}")[0] == answer("DELETE", "/healthz")[0] == 405


def test_a_repeated_delivery_is_answered_and_does_nothing(world):
    before = settled_polls(world, "feed")
    assert world.hook_feed(X_Echo_Delivery="d1", X_Hub_Signature=signed(b"{ }")) == 401    # does not count as delivered
    assert world.hook_feed(X_Echo_Delivery="d1") == 200
    until("the poll", lambda: world.polls("feed") == before + 1)
    for _ in range(5):
        assert world.hook_feed(X_Echo_Delivery="d1") == 200
    assert settled_polls(world, "feed") == before + 1
    assert world.hook_feed(X_Echo_Delivery="d2") == 200
    until("the poll", lambda: world.polls("feed") == before + 2)
    assert world.hooks("feed", "repeated") == 5 and world.hooks("feed", "accepted") == 2


def test_deliveries_are_remembered_up_to_a_bound(world):
    for n in range(1025):
        assert world.hook_feed(X_Echo_Delivery=f"d{n}") == 200
    assert world.hook_feed(X_Echo_Delivery="d1024") == world.hook_feed(X_Echo_Delivery="d1") == 200
    assert world.hooks("feed", "repeated") == 2
    assert world.hook_feed(X_Echo_Delivery="d0") == 200          # forgotten
    assert world.hook_feed(X_Echo_Delivery="x" * 5000) == 200    # no name of a delivery
    assert world.hooks("feed", "repeated") == 2


def test_a_handshake_is_answered_where_the_plugin_has_one(world):
    token = "MDEyMzQ1Njc4OWFiY2RlZg+/=="
    status, headers, body = world.ask("GET", "/hook/feed?crc_token=MDEyMzQ1Njc4OWFiY2RlZg%2B%2F%3D%3D")
    assert status == 200 and headers["Content-Type"] == "application/json"
    assert body.decode() == '{"response_token":"sha256=' + as_base64(token.encode(), FEED_SECRET) + '"}'
    assert world.ask("GET", "/hook/feed?crc_token=%7B%7D")[0] == 401       # what reads as a call is not signed
    assert world.ask("GET", "/hook/desk?crc_token=abc")[0] == 401
    assert world.hook_feed(b"abc", X_Hub_Signature=signed(b"abc")) == 401


def test_a_hook_waits_while_the_other_side_asks_for_silence(world):
    _, ticket = world.conversation()
    world.desk.hook = lambda request: Answer(429, {}, headers={"Retry-After": "3"})
    world.daemon.ctl("poll", "desk")
    until("the pause", lambda: world.metric("mentiond_pause_seconds", instance="desk") > 2)
    asked = []
    world.desk.hook = lambda request: asked.append(time.monotonic())
    end = time.monotonic() + world.metric("mentiond_pause_seconds", instance="desk")
    world.desk.write(ticket, "Late, c1.")
    for _ in range(10):
        assert world.hook_desk() == 200
    until("the post", lambda: world.posted("c1."), every=0.02)
    assert min(asked) >= end - 0.1


def test_a_hook_for_a_paused_instance_is_answered_and_the_poll_comes_when_it_is_resumed(world):
    _, ticket = world.conversation()
    world.daemon.ctl("pause", "desk")
    world.desk.write(ticket, "Not yet, d1.")
    assert world.hook_desk() == 200
    time.sleep(0.6)
    assert not world.posted("d1.")
    world.daemon.ctl("resume", "desk")
    until("the post", lambda: world.posted("d1."), every=0.02)


# --- What is sent to do harm ---

def closes(s, within):
    """Whether the other side ends the connection; what it says first does not matter."""
    s.settimeout(within * SLOW)
    try:
        while s.recv(65536):
            pass
        return True
    except ConnectionError:
        return True
    except socket.timeout:
        return False
    finally:
        s.close()


def test_bodies_and_heads_that_are_too_long_are_refused(world):
    limit = 256 * 1024
    whole = b"{" + b" " * (limit - 2) + b"}"
    assert world.hook_feed(whole) == 200
    assert world.ask("POST", "/hook/feed", whole, {"X-Hub-Signature": signed(whole), "Content-Length": str(limit + 1)} )[0] == 413
    s = world.dial(b"POST /hook/feed HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    try:
        for _ in range(8):
            s.sendall(b"%x\r\n" % 65536 + b" " * 65536 + b"\r\n")
    except ConnectionError:
        pass
    assert closes(s, 5)
    s = world.dial(b"POST /hook/feed HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n")
    assert closes(s, 5)
    for head in b"X: " + b"y" * 100000, b"\r\n".join(b"X%d: y" % n for n in range(20000)):
        s = world.dial()
        try:
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
        except ConnectionError:
            pass
        assert closes(s, 5)
    assert world.ask("GET", "/healthz")[0] == 200


@pytest.mark.weight(15)
def test_who_is_slow_is_cut_off_and_keeps_nobody_waiting(world):
    slow = [world.dial(b"POST /hook/feed HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"), world.dial(b"POST /hook/fe"), world.dial()]
    begun = time.monotonic()
    open_ones = set(slow)
    while open_ones and time.monotonic() - begun < 3 * TIME_MAX * SLOW:
        time.sleep(0.2)
        assert world.ask("GET", "/healthz")[0] == 200
        for s in list(open_ones):
            try:
                s.send(b"x" if s is not slow[2] else b"")
                s.setblocking(False)
                if s.recv(1000) == b"":
                    open_ones.remove(s)
            except BlockingIOError:
                pass
            except ConnectionError:
                open_ones.remove(s)
    assert not open_ones and time.monotonic() - begun >= TIME_MAX - 1
    for s in slow:
        s.close()


def test_one_address_cannot_take_all_connections(world):
    held = [world.dial(b"POST /hook/fe") for _ in range(PER_ADDRESS_MAX)]
    for _ in range(40):
        assert closes(world.dial(), 5)
    assert world.ask("GET", "/healthz", source="127.0.0.2")[0] == 200
    for s in held:
        s.close()
    until("a place", lambda: not_refused(world), every=0.02)


def not_refused(world):
    try:
        return world.ask("GET", "/healthz")[0] == 200
    except (ConnectionError, http.client.HTTPException):
        return False


def test_garbage_is_answered_or_cut_off(world):
    for data in (b"\0" * 5000, b"\xff\xfe\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST /hook/feed HTTP/1.1\r\n\r\n",
                 b"GET /hook/%zz%f HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /hook/feed?%00=&&&=&crc_token HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"POST /hook/feed HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n{}", b"POST /hook/feed HTTP/1.1\r\nHost: x\r\n"
                 b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", b"POST /hook/feed HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                 b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 500 + b"\r\n\r\n"):
        s = world.dial(data)
        s.shutdown(socket.SHUT_WR)
        assert closes(s, TIME_MAX + 5), data
    assert world.ask("GET", "/healthz")[0] == 200
    assert world.polls("feed") == 1


FLOOD = 10000                    # wrong MACs a second


def flood(port, end, rate, made, answered):
    """Calls with a wrong MAC, so many a second, from many addresses."""
    request = b"POST /hook/feed HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nX-Hub-Signature: sha1=" + b"0" * 40 + b"\r\n\r\n{}"
    sources = itertools.cycle(f"127.0.1.{n}" for n in range(1, 200))
    waiting, begun = [], time.monotonic()
    while (now := time.monotonic()) < end:
        if made.value > rate * (now - begun):
            time.sleep(0.001)
            continue
        s = socket.socket()
        s.setsockopt(socket.IPPROTO_IP, 24, 1)           # IP_BIND_ADDRESS_NO_PORT
        s.setblocking(False)
        s.bind((next(sources), 0))
        s.connect_ex(("127.0.0.1", port))
        waiting.append(s)
        made.value += 1
        try:
            s.send(request)
        except OSError:
            pass                                         # the queue is full
        if len(waiting) > 100:
            old = waiting.pop(0)
            try:
                answered.value += old.recv(100).startswith(b"HTTP/1.1 401")
            except OSError:
                pass
            old.close()


@pytest.mark.weight(12)
def test_mentions_are_filed_and_health_is_told_while_wrong_macs_pour_in(world, say):
    _, ticket = world.conversation()
    seconds, jobs = 4, 2
    end = time.monotonic() + seconds * SLOW
    made = [multiprocessing.Value("l", 0) for _ in range(jobs)]
    answered = [multiprocessing.Value("l", 0) for _ in range(jobs)]
    used = world.metric("process_cpu_seconds_total")
    floods = [multiprocessing.Process(target=flood, args=(world.port, end, FLOOD / jobs, made[n], answered[n])) for n in range(jobs)]
    for p in floods:
        p.start()
    filed = asked = 0
    longest = 0
    while time.monotonic() < end:
        world.conversation()
        filed += 1
        begun = time.monotonic()
        assert world.ask("GET", "/healthz", source="127.0.0.2")[0] == 200
        longest = max(longest, time.monotonic() - begun)
        asked += 1
    world.desk.write(ticket, "In spite of all, e1.")
    for p in floods:
        p.join()
    used = world.metric("process_cpu_seconds_total") - used
    assert world.hook_desk() == 200
    until("the post", lambda: world.posted("e1."), every=0.02)
    n = sum(v.value for v in made)
    refused = world.hooks("feed", "refused")
    say(f"{n / seconds / SLOW:.0f} wrong MACs a second were sent, {refused / seconds / SLOW:.0f} answered; meanwhile {filed} mentions were filed, "
        f"/healthz took {1000 * longest:.0f} ms at most, and mentiond {100 * used / seconds / SLOW:.0f} % of a processor")
    assert refused > 1000 and filed > 0
    assert world.daemon.instances()["desk"]["state"] == "running"
    world.daemon.wait_quiet()


# --- How fast ---

def note_to_post(world, n, hook):
    """Seconds of each of n agents' notes, at moments that have nothing to do with the polls."""
    took = []
    for k in range(n):
        _, ticket = world.conversation()
        time.sleep(0.37 * k % 1)
        begun = time.monotonic()
        world.desk.write(ticket, f"Answer {k}x.")
        if hook:
            assert world.hook_desk() == 200
        until("the post", lambda: world.posted(f"{k}x."), every=0.005)
        took.append(time.monotonic() - begun)
    return took


@pytest.mark.weight(12)
@pytest.mark.parametrize("hook", [True, False], ids=["with a hook", "without"])
def test_time_from_note_to_post(quiet, say, hook):
    quiet.daemon.config["helpdesk"]["desk"]["poll_every"] = "1h" if hook else "2s"
    quiet.start()
    took = note_to_post(quiet, 6, hook)
    say(f"from an agent's note to the post, hold 0, {'with a hook' if hook else 'without, poll_every 2s'}: "
        f"{1000 * sum(took) / len(took):.0f} ms, at most {1000 * max(took):.0f} ms")


# --- Health and metrics ---

def test_health_names_who_is_not_well(world):
    assert world.ask("GET", "/healthz")[::2] == (200, b"ok\n")
    assert world.ask("HEAD", "/healthz")[::2] == (200, b"")
    world.desk.password = "another"
    world.desk.sessions.clear()
    world.daemon.ctl("poll", "desk")
    until("the helpdesk to stop", lambda: world.ask("GET", "/healthz")[0] == 503)
    assert world.ask("GET", "/healthz")[2] == b"desk is stopped\n"
    assert world.metric("mentiond_instance_state", instance="desk", state="stopped") == 1
    assert world.metric("mentiond_instance_state", instance="brand", state="running") == 1
    world.desk.password = "api-pw"
    world.daemon.ctl("resume", "desk")
    until("health", lambda: world.ask("GET", "/healthz")[0] == 200)
    world.daemon.ctl("pause", "brand")           # a person wanted it so
    assert world.ask("GET", "/healthz")[0] == 200


def test_health_names_a_helpdesk_that_takes_no_new_tickets_of_a_channel(world):
    world.daemon.config["channel"]["brand"]["queue"] = "Nobody"
    assert world.daemon.reload()
    world.daemon.wait_running()
    world.net.post("alice", "@brand hello")
    until("the refusals", lambda: world.ask("GET", "/healthz")[0] == 503)
    assert world.ask("GET", "/healthz")[2] == b"desk takes no new tickets of brand\n"
    with world.desk.lock:
        world.desk.queues += ("Nobody",)
    until("health", lambda: world.ask("GET", "/healthz")[0] == 200)
    assert len(world.desk.tickets) == 1


def test_metrics_are_as_prometheus_reads_them(world):
    world.conversation()
    world.daemon.wait_quiet()
    _, _, body = world.ask("GET", "/metrics")
    families = {f.name: f for f in listener.text_string_to_metric_families(body.decode())}
    for f in families.values():
        assert f.type in ("gauge", "counter", "histogram") and f.documentation.endswith("."), f
        assert f.name.startswith(("mentiond_", "process_")), f
        for s in f.samples:
            assert (s.name.endswith("_total")) == (f.type == "counter"), s
            assert set(s.labels) <= {"instance", "kind", "plugin", "state", "verdict", "result", "le", "version"}, s
            assert s.value >= 0 and "id" not in s.labels, s
    assert len({(s.name, *sorted(s.labels.items())) for f in families.values() for s in f.samples}) == sum(len(f.samples) for f in families.values())
    assert body.decode().count("# TYPE") == len(families)
    delay = families["mentiond_loop_delay_seconds"].samples
    buckets = [s.value for s in delay if s.name.endswith("_bucket")]
    assert buckets == sorted(buckets) and buckets[-1] == next(s.value for s in delay if s.name.endswith("_count")) > 0
    assert world.metric("mentiond_operations_total", instance="desk", verdict="ok") >= 2
    assert world.metric("mentiond_last_good_poll_timestamp_seconds", instance="brand") == pytest.approx(time.time(), abs=30 * SLOW)
    assert 1e6 < world.metric("process_resident_memory_bytes") < 1e9
    assert world.metric("mentiond_build_info", version=re.search(r"[\d.]+", listener_version())[0]) == 1


def listener_version():
    return subprocess.run([program("mentiond"), "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout


def test_metrics_tell_what_waits_and_for_how_long(world):
    new = dict(instance="desk", kind="mention", state="new")
    assert world.metric("mentiond_queue_rows", **new) == world.metric("mentiond_queue_oldest_seconds", **new) == 0
    world.daemon.ctl("pause", "desk")
    world.net.post("alice", "@brand one")
    world.net.post("alice", "@brand two")
    until("two to wait", lambda: world.metric("mentiond_queue_rows", **new) == 2)
    first = world.metric("mentiond_queue_oldest_seconds", **new)
    until("them to grow old", lambda: world.metric("mentiond_queue_oldest_seconds", **new) > first + 0.3)
    world.daemon.ctl("resume", "desk")
    until("none to wait", lambda: world.metric("mentiond_queue_rows", **new) == 0)
    assert world.metric("mentiond_queue_oldest_seconds", **new) == 0


def test_metrics_tell_the_rate_that_is_left(world):
    def limited(request):
        with world.net.lock:
            answer = world.net.handle(request)
        answer.headers.update({"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "289"})
        return answer
    assert ("mentiond_rate_limit_requests", (("instance", "brand"),)) not in world.metrics()
    world.net.hook = limited
    until("the limit", lambda: world.metric("mentiond_rate_limit_requests", instance="brand") == 300)
    assert world.metric("mentiond_rate_left_requests", instance="brand") == 289


# --- Where it listens ---

def test_nothing_listens_unless_it_is_configured(quiet):
    del quiet.daemon.config["listen"]
    quiet.start()
    with pytest.raises(ConnectionRefusedError):
        quiet.ask("GET", "/healthz")


def test_a_socket_in_the_file_system(quiet):
    path = quiet.daemon.directory / "listen"
    quiet.daemon.config["listen"] = path
    for _ in range(2):           # what a daemon that was killed leaves behind is in nobody's way
        quiet.start()
        assert path.stat().st_mode & 0o777 == 0o660
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10 * SLOW)
            s.connect(str(path))
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert s.recv(1000).startswith(b"HTTP/1.1 200 OK")
        quiet.daemon.kill()
    quiet.start()
    quiet.daemon.stop()
    assert not path.exists()


def test_an_address_that_is_taken_is_told(quiet):
    with socket.socket() as s:
        s.bind(("127.0.0.1", quiet.port))
        s.listen()
        quiet.daemon.start(wait=False)
        assert quiet.daemon.process.wait(20 * SLOW) == 1
        quiet.daemon.process = None
    assert f"cannot listen on 127.0.0.1:{quiet.port}: Address already in use" in quiet.daemon.log()


def test_a_socket_of_the_service_manager(quiet, directory):
    if not shutil.which("systemd-socket-activate"):
        pytest.skip("there is no systemd-socket-activate")
    script = directory / "activated"
    script.write_text(f'#!/bin/sh\nexec systemd-socket-activate --listen=127.0.0.1:{quiet.port} {program("mentiond")} "$@"\n')
    script.chmod(0o700)
    quiet.daemon.config["listen"] = "systemd"
    quiet.daemon.program = script
    quiet.daemon.start(wait=False)
    until("the service manager to listen", lambda: not_refused(quiet), every=0.05)      # and mentiond to be started by it
    quiet.daemon.wait_running()
    assert quiet.ask("GET", "/healthz")[::2] == (200, b"ok\n")
    _, ticket = quiet.conversation()
    quiet.daemon.wait_quiet()            # the ticket is known to be that of the conversation
    quiet.desk.write(ticket, "Activated, f1.")
    assert quiet.hook_desk() == 200
    until("the post", lambda: quiet.posted("f1."), every=0.02)


def test_a_socket_that_the_service_manager_did_not_pass_on_is_told(quiet):
    quiet.daemon.config["listen"] = "systemd"
    quiet.daemon.start(wait=False)
    assert quiet.daemon.process.wait(20 * SLOW) == 1
    quiet.daemon.process = None
    assert 'listen is "systemd", and the service manager passed on no socket' in quiet.daemon.log()


# --- Reload ---

def test_a_new_secret_counts_after_a_reload(world):
    assert world.hook_desk() == 200
    secret = "another-secret-of-a-test"
    world.daemon.secret("desk-hook", secret)     # the same file: its setting is the same
    assert world.daemon.reload()
    until("the new secret to count", lambda: world.hook_desk(secret) == 200)
    assert world.hook_desk(SECRET) == 401
    del world.daemon.config["helpdesk"]["desk"]["hook_secret"]
    assert world.daemon.reload()
    until("no secret to count", lambda: world.hook_desk(secret) == 401)
    world.daemon.config["channel"]["mute"]["hook_secret"] = world.daemon.secret("mute-hook", secret)
    assert world.daemon.reload()
    until("the secret of another to count", lambda: world.ask("POST", "/hook/mute", b"{}", {"X-Hub-Signature": signed(b"{}", secret)})[0] == 200)


def test_another_address_counts_at_the_next_start_and_a_line_says_so(world):
    old = world.port
    world.port = listener.free_port()
    world.daemon.config["listen"] = f"127.0.0.1:{world.port}"
    assert world.daemon.reload()
    assert "listen change at the next start only" in world.daemon.log()
    with pytest.raises(ConnectionRefusedError):
        world.ask("GET", "/healthz")
    world.daemon.restart()
    assert world.ask("GET", "/healthz")[0] == 200
    world.port = old
    with pytest.raises(ConnectionRefusedError):
        world.ask("GET", "/healthz")


def test_the_end_waits_for_no_caller(world):
    held = [world.dial(b"POST /hook/fe") for _ in range(5)]
    assert world.daemon.stop() < 5 * SLOW
    for s in held:
        s.close()
