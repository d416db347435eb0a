"""Plugins that crash, hang and flood: each is named, and the others go on."""
import json
import re
import signal

import pytest

from mentiond_e2e.manager import Manager
from mentiond_e2e.wait import SLOW, until

CRASHES = 3                      # BENCH_CRASHES


class Room:
    """A mentiond under a service manager, with a helpdesk, a channel that is good and one that is not."""

    def __init__(self, bridge, directory):
        self.daemon, self.word, self.znuny = bridge.daemon, bridge.word, bridge.znuny
        self.manager, self.n = None, 0
        self.daemon.use_test_plugins()
        self.inbox = directory / "inbox"
        self.inbox.touch()
        fast = {"helpdesk": "desk", "poll_every": "100ms", "retry": "100ms", "retry_max": "1s"}
        self.bad = {"plugin": "naughty", **fast}
        self.daemon.config["channel"] = {
            "good": {"plugin": "echo", "inbox": self.inbox, "outbox": directory / "outbox", **fast}, "bad": self.bad}

    def start(self, watchdog=None, **misdeed):
        """Both run well before the bad one begins."""
        self.daemon.start()
        self.daemon.stop()
        self.bad.update(misdeed)
        self.manager = Manager(self.daemon, watchdog)
        return self

    def instances(self):
        try:
            return self.daemon.instances()
        except (AssertionError, json.JSONDecodeError):   # it is just not there
            return {}

    def wait_state(self, state, timeout=30):
        return until(f"bad to be {state}", lambda: (i := self.instances().get("bad")) and i["state"] == state and i, timeout)

    def write(self):
        """A mention for the good channel; returns its word."""
        self.n += 1
        word = self.word()
        with open(self.inbox, "a") as f:
            f.write(json.dumps({"id": str(self.n), "handle": "@alice@example", "text": word, "root": str(self.n)}) + "\n")
        return word

    def close(self):
        if self.manager:
            self.manager.stop()


@pytest.fixture
def room(bridge, directory):
    r = Room(bridge, directory)
    yield r
    r.close()


@pytest.mark.weight(5)
@pytest.mark.parametrize("where, does, cause, status", [
    ("poll", "null", "SIGSEGV", -signal.SIGSEGV), ("poll", "stack", "SIGSEGV", -signal.SIGSEGV),
    ("start", "abort", "SIGABRT", -signal.SIGABRT), ("check", "divide", "SIGFPE", -signal.SIGFPE), ("poll", "exit", r"exit\(\)", 1)],
    ids=["null", "stack", "abort", "divide", "exit"])
def test_a_plugin_that_crashes_is_benched_and_the_others_go_on(room, znuny, where, does, cause, status):
    room.start(does=does, where=where)
    first = room.write()
    bad = room.wait_state("benched")
    assert "crashed 3 times within 10 minutes, last at " in bad["reason"] and "mentionctl resume bad" in bad["reason"]
    assert room.manager.ends == [status] * CRASHES
    log = room.daemon.log()
    assert re.findall(rf"a plugin crashed mentiond instance=(\w+) cause={cause} crashes=(\d)", log) == [("bad", "1"), ("bad", "2"), ("bad", "3")]
    assert re.search(r"error: benched: a person is needed; everything for it is kept instance=bad", log)
    znuny.ticket_of(first)
    znuny.ticket_of(room.write())


@pytest.mark.weight(8)
def test_who_is_benched_stays_there_until_a_person_resumes_it(room, znuny):
    room.start(does="null", where="start")
    room.wait_state("benched")
    room.manager.stop()
    room.manager = None
    room.daemon.start(wait=False)
    room.daemon.wait_running("good", "desk")
    assert room.daemon.state_of("bad") == "benched"
    assert room.daemon.reload() and room.daemon.state_of("bad") == "benched"
    room.daemon.ctl("pause", "bad")
    assert room.daemon.state_of("bad") == "benched"
    room.bad["does"] = ""                        # it was mended
    room.daemon.write()
    room.daemon.ctl("resume", "bad")
    room.daemon.wait_running()
    room.daemon.restart()
    znuny.ticket_of(room.write())


@pytest.mark.weight(9)
def test_a_plugin_that_hangs_is_ended_by_the_watchdog_and_benched(room, znuny):
    room.start(watchdog=1.5 * SLOW, does="hang")
    first = room.write()
    room.wait_state("benched", 60)
    assert room.manager.ends == [-signal.SIGABRT] * CRASHES
    assert len(re.findall(r"a plugin crashed mentiond instance=bad cause=SIGABRT", room.daemon.log())) == CRASHES
    znuny.ticket_of(first)


def test_a_kill_is_not_the_plugin_s_fault(room, znuny):
    room.start(does="kill")
    until("four ends", lambda: len(room.manager.ends) > CRASHES)
    assert set(room.manager.ends) == {-signal.SIGKILL}
    room.daemon.wait_log("this does not count as a crash of the plugin, .* instance=bad")
    assert not re.search("a plugin crashed|benched:", room.daemon.log())


@pytest.mark.weight(6)
@pytest.mark.parametrize("does, told", [
    ("flood", "a plugin was cut off instance=bad operation=poll reason=\"it did not return after it was refused more\""),
    ("cursors", "a plugin was cut off instance=bad operation=poll reason=\"it did not return after it was refused more\""),
    ("chatter", "a plugin logs too much: what follows in this minute is left out instance=bad"),
    ("nonsense", "broken rules instance=bad operation=poll")], ids=["flood", "cursors", "chatter", "nonsense"])
def test_a_plugin_out_of_control_is_named_and_the_others_go_on(room, znuny, does, told):
    room.start(does=does)
    first = room.write()
    room.daemon.wait_log(told, 60)
    znuny.ticket_of(first)
    znuny.ticket_of(room.write())
    assert room.manager.ends == []
