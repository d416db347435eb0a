"""Zammad's calls, as mentionctl provision sets them up; and how soon an agent's note is posted, with them and without."""
import re
import time
import urllib.request

import pytest

from mentiond_e2e import doctor, servers
from mentiond_e2e.wait import SLOW, until

TIMES = 4


@pytest.fixture
def called(desk):
    """Started and provisioned; polls when it is called."""
    desk.daemon.config["listen"] = f"127.0.0.1:{servers.free_ports(1)}"
    desk.desk.update(hook_secret=desk.daemon.secret("hook", "a secret of the hook's own"), poll_every="1h")
    desk.start()
    token = desk.daemon.directory / "admin"
    token.write_text("admin-token\n")
    r = doctor.run(desk.daemon, "provision", "desk", "--token", token, "--yes")
    assert r.status == 0 and r.line("done", "webhook mentiond desk") and r.line("done", "trigger mentiond desk")
    return desk


def calls(desk):
    with desk.zammad.lock:
        return list(desk.zammad.office.calls)


def test_an_agents_note_makes_zammad_call_and_leaves_at_once(called):
    word, post, t = called.conversation()
    called.zammad.write(t, f"Not this {word}s", public=False)
    other = called.zammad.add_ticket(called.zammad.agent, "plain", "Social", called.zammad.add_user("someone", "Some", "One"))
    called.zammad.write(other, f"For somebody else {word}o")
    time.sleep(0.5)
    assert not calls(called) and not called.posts(word)      # neither the mention, nor what is no answer
    called.zammad.write(t, f"Answer {word}r")
    called.answered_once(t, post, f"{word}r")
    assert calls(called) and {status for _, status in calls(called)} == {200}
    assert not called.posts(f"{word}s") and not called.posts(f"{word}o")


def test_a_call_by_another_secret_is_refused_and_the_next_poll_finds_the_note(called):
    word, post, t = called.conversation()
    [webhook] = called.zammad.office.things["webhooks"]
    webhook["signature_token"] = "another"
    called.zammad.write(t, f"Answer {word}r")
    until("the call", lambda: calls(called))
    assert [status for _, status in calls(called)] == [401] and not called.posts(f"{word}r")
    called.daemon.ctl("poll", "desk")
    called.answered_once(t, post, f"{word}r")


def counted(desk, result):
    with urllib.request.urlopen(f"http://{desk.daemon.config['listen']}/metrics", timeout=20 * SLOW) as answer:
        found = re.search(rf'^mentiond_hooks_total{{instance="desk",result="{result}"}} (\d+)$', answer.read().decode(), re.M)
    return int(found[1]) if found else 0


def test_a_call_that_zammad_repeats_is_answered_and_does_nothing(called):
    word, post, t = called.conversation()
    a = called.zammad.write(t, f"Answer {word}r")
    called.answered_once(t, post, f"{word}r")
    until("the call for what was posted", lambda: counted(called, "accepted") == len(calls(called)) == 2)
    office = called.zammad.office
    office.call(office.things["webhooks"][0], "mentiond desk", t, a, delivery=calls(called)[0][0])
    assert calls(called)[-1] == (calls(called)[0][0], 200)
    assert (counted(called, "accepted"), counted(called, "repeated")) == (2, 1)


def took(desk):
    """Seconds from a note to its post, at moments that have nothing to do with the polls."""
    seconds = []
    for n in range(TIMES):
        word, _, t = desk.conversation()
        time.sleep(0.37 * n % 1)
        begun = time.monotonic()
        desk.zammad.write(t, f"Answer {word}r")
        until("the post", lambda: desk.posts(f"{word}r"), every=0.005)
        seconds.append(time.monotonic() - begun)
    return f"{1000 * sum(seconds) / TIMES:.0f} ms, at most {1000 * max(seconds):.0f} ms"


def test_time_from_note_to_post_with_zammads_calls(called, say):
    say(f"Zammad, from an agent's note to the post, hold 0, with a webhook: {took(called)}")


@pytest.mark.weight(8)
def test_time_from_note_to_post_without_calls(desk, say):
    desk.desk["poll_every"] = "2s"
    desk.start()
    say(f"Zammad, from an agent's note to the post, hold 0, without, poll_every 2s: {took(desk)}")
