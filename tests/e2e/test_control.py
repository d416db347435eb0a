"""mentionctl."""
import json
import socket
import subprocess
import time

import pytest

from mentiond_e2e import proxy
from mentiond_e2e.daemon import Refused, program
from mentiond_e2e.snac import kept
from mentiond_e2e.wait import SLOW, until


def run(*args):
    p = subprocess.run([program("mentionctl"), *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, text=True, timeout=20 * SLOW)
    return p.returncode, p.stdout, p.stderr


def test_status_says_what_runs(up):
    answer = up.daemon.ctl("status")
    by_name = {i["name"]: i for i in answer["instances"]}
    assert by_name["desk"]["kind"] == "helpdesk" and by_name["desk"]["plugin"] == "otrs" and by_name["desk"]["state"] == "running"
    assert by_name["brand"]["kind"] == "channel" and by_name["brand"]["account"] == up.brand.handle
    status, out, _ = run("-s", up.daemon.socket, "status")
    assert status == 0 and "brand" in out and "desk" in out and "running" in out


def test_secrets_stand_in_no_answer(up):
    up.conversation()
    for words in ("status",), ("queue",), ("show", 1), ("status", "--json"), ("show", 1, "--json"):
        status, out, err = run("-s", up.daemon.socket, *words)
        assert status == 0
        for secret in up.daemon.secrets:
            assert secret not in out + err


def test_show_tells_all_of_a_mention_and_where_it_is_filed(up, znuny):
    word, post, ticket = up.conversation("tell me all")
    up.daemon.wait_quiet()
    row = up.daemon.ctl("show", 1)["row"]
    assert row["state"] == "filed" and row["native_id"] == kept(post) and row["ticket"] == ticket
    assert row["ticket_number"] == znuny.ticket(ticket)["TicketNumber"] and f"TicketID={ticket}" in row["ticket_url"]
    assert row["handle"] == up.alice.handle and word in row["payload"]["text"]
    status, out, _ = run("-s", up.daemon.socket, "show", 1)
    assert status == 0 and kept(post) in out and up.alice.handle in out and word in out


def test_pause_and_resume_of_a_channel(up, znuny):
    up.daemon.ctl("pause", "brand")
    assert up.daemon.state_of("brand") == "paused"
    word = up.word()
    up.mention(f"{word} while you sleep")
    until("the notification", up.brand.mentions)
    time.sleep(1)                # three polls
    assert up.daemon.queue() == []
    up.daemon.ctl("resume", "brand")
    znuny.ticket_of(word)


def test_a_pause_outlives_the_daemon(up, znuny):
    up.daemon.ctl("pause", "brand")
    up.daemon.stop()
    word = up.word()
    up.mention(f"{word} while you sleep")
    up.daemon.start(wait=False)
    up.daemon.wait_running("desk")
    assert up.daemon.state_of("brand") == "paused"
    with pytest.raises(Refused, match="\"brand\" is paused"):
        up.daemon.ctl("poll", "brand")
    up.daemon.ctl("resume", "brand")
    znuny.ticket_of(word)


def test_pause_of_the_helpdesk_lets_mentions_wait(up, znuny):
    up.daemon.ctl("pause", "desk")
    word = up.word()
    up.mention(f"{word} while you sleep")
    row = up.daemon.wait_row(kind="mention")
    time.sleep(0.5)
    assert up.daemon.ctl("show", row["id"])["row"]["state"] == "new" and znuny.tickets(word) == []
    up.daemon.ctl("resume", "desk")
    znuny.ticket_of(word)


def test_pause_of_the_channel_lets_replies_wait(up, znuny):
    word, post, ticket = up.conversation()
    up.daemon.ctl("pause", "brand")
    znuny.write(ticket, f"Answer {word}r")
    row = up.daemon.wait_row(kind="reply")
    time.sleep(0.5)
    assert up.daemon.ctl("show", row["id"])["row"]["state"] == "waiting" and up.brand.posts() == []
    up.daemon.ctl("resume", "brand")
    up.alice.answer_of(post, f"{word}r")


def test_an_instance_that_is_paused_and_resumed_while_it_starts_runs(bridge):
    net = bridge.proxy_net()
    hits = net.rule("GET", "/verify_credentials$", proxy.late(1.5))
    bridge.start(wait=False)
    until("the start", lambda: hits and bridge.daemon.socket.exists())
    bridge.daemon.ctl("pause", "brand")
    bridge.daemon.ctl("resume", "brand")
    bridge.daemon.wait_running()


def test_poll_looks_at_once(bridge, znuny):
    bridge.channel["poll_every"] = "1h"
    bridge.start()
    word = bridge.word()
    bridge.mention(f"{word} no hurry")
    until("the notification", bridge.brand.mentions)
    time.sleep(0.5)
    assert bridge.daemon.queue() == []
    bridge.daemon.ctl("poll", "brand")
    znuny.ticket_of(word)


def test_a_held_reply_can_be_retried_after_the_reason_is_gone(bridge, znuny):
    bridge.channel["length_max"] = 100
    bridge.start()
    word, post, ticket = bridge.conversation()
    znuny.write(ticket, f"{word}r " + "x" * 200)
    row = bridge.daemon.wait_row(kind="reply", state="held")
    bridge.channel["length_max"] = 1000
    assert bridge.daemon.reload()
    bridge.daemon.wait_running()
    bridge.daemon.ctl("retry", row["id"])
    bridge.alice.answer_of(post, f"{word}r")
    bridge.daemon.wait_quiet()
    assert bridge.daemon.ctl("show", row["id"])["row"]["state"] == "posted"


def test_a_dropped_mention_is_not_filed_and_the_next_of_its_thread_is(up, znuny):
    up.daemon.ctl("pause", "desk")
    word = up.word()
    post = up.mention(f"{word}a spam")
    row = up.daemon.wait_row(kind="mention")
    up.mention(f"{word}b no spam", reply_to=post)
    up.daemon.wait_row(kind="mention", id=row["id"] + 1)
    up.daemon.ctl("drop", row["id"])
    up.daemon.ctl("resume", "desk")
    znuny.ticket_of(f"{word}b")
    up.daemon.wait_quiet()
    assert znuny.tickets(f"{word}a") == []
    assert up.daemon.ctl("show", row["id"])["row"]["state"] == "dropped"


def test_what_cannot_be_done_is_refused_with_a_sentence(up):
    up.conversation()
    up.daemon.wait_quiet()
    for words, said in ((("retry", 1), "neither held nor dead"), (("drop", 1), "is done, or on its way"),
                        (("show", 999), "there is no row 999"), (("retry", 999), "there is no row 999"),
                        (("pause", "nobody"), 'there is no instance "nobody"'), (("resume", "nobody"), 'there is no instance "nobody"'),
                        (("poll", "nobody"), 'there is no instance "nobody"')):
        with pytest.raises(Refused, match=said):
            up.daemon.ctl(*words)
        status, out, err = run("-s", up.daemon.socket, *words)
        assert status == 1 and out == "" and err.startswith("mentionctl: ") and said in err


def test_a_wrong_call_is_refused_with_the_usage(bridge):
    for words in (), ("dance",), ("show",), ("show", "x"), ("pause",), ("status", "now"), ("--no-such-option",):
        status, out, err = run("-s", bridge.daemon.socket, *words)
        assert status == 2 and out == "" and err


def test_without_a_daemon_it_says_so(bridge):
    status, out, err = run("-s", bridge.daemon.socket, "status")
    assert status == 1 and out == "" and "does it run?" in err


def test_garbage_on_the_socket_harms_nobody(up):

    for line in b"\n", b"{}\n", b"[1,2]\n", b'{"command": 5}\n', b"\xff\xfe\x00\n", b'{"command": "show", "id": "x"}\n', b"x" * 8192 + b"\n":
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5 * SLOW)
            s.connect(str(up.daemon.socket))
            s.sendall(line)
            s.shutdown(socket.SHUT_WR)
            try:
                answer = s.recv(65536)
            except OSError:
                answer = b""
            if answer:
                assert json.loads(answer)["ok"] is False
    assert up.daemon.state_of("brand") == "running"
