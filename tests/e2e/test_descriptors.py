"""Descriptors: none left, those of the log that nobody reads, and those that were never there."""
import errno
import fcntl
import os
import re
import resource
import subprocess
import threading

import pytest

from mentiond_e2e import faults
from mentiond_e2e.conversation import Conversation
from mentiond_e2e.daemon import program
from mentiond_e2e.wait import until

pytestmark = pytest.mark.skipif(faults.why_not() is not None, reason=faults.why_not() or "")


@pytest.fixture
def talk(directory, request):
    c = Conversation(directory, getattr(request, "param", 1))
    yield c
    c.close()


def descriptors(c):
    return len(os.listdir(f"/proc/{c.daemon.process.pid}/fd"))


def limit(c, n):
    resource.prlimit(c.daemon.process.pid, resource.RLIMIT_NOFILE, (n, 1024))


# --- The log ---

def full_pipe():
    read, write = os.pipe()
    flags = fcntl.fcntl(write, fcntl.F_GETFL)
    fcntl.fcntl(write, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    try:
        while True:
            os.write(write, b"x" * 4096)
    except BlockingIOError:
        pass
    fcntl.fcntl(write, fcntl.F_SETFL, flags)
    return read, write


def broken_pipe():
    read, write = os.pipe()
    os.close(read)
    return None, write


@pytest.mark.parametrize("pipe", [full_pipe, broken_pipe])
def test_a_log_that_nobody_reads_holds_up_nothing(pipe, talk):
    read, write = pipe()
    talk.start(stderr=write)
    talk.wait_said()
    talk.daemon.stop()
    talk.verify()
    os.close(write)
    if read is not None:
        os.close(read)


def test_without_stderr_no_connection_gets_the_log(talk):
    talk.start(first=lambda: os.close(2))
    talk.wait_said()
    where = [os.readlink(f"/proc/{talk.daemon.process.pid}/fd/{n}") for n in range(3)]
    assert where[0] == where[2] == "/dev/null", where
    talk.daemon.stop()
    talk.verify()


def test_a_broken_pipe_does_not_hide_the_end_status(talk):
    talk.start()
    talk.daemon.wait_log("ready")
    read, write = os.pipe()
    os.close(read)
    second = subprocess.run([program("mentiond"), "-c", talk.daemon.file], stdin=subprocess.DEVNULL, stderr=write, timeout=30)
    os.close(write)
    assert second.returncode == 1        # the store is in use


# --- None left ---

@pytest.mark.parametrize("n", [4, 6, 8, 10, 12, 14, 17, 20])
def test_with_few_descriptors_it_works_or_says_what_is_missing(n, talk):
    talk.start(first=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (n, 1024)))
    until("trouble, or all to be said", lambda: talk.ended() or re.search("error|warning", talk.daemon.log()) or talk.said(), every=0.02)
    try:
        limit(talk, 1024)
    except ProcessLookupError:
        pass                     # it has ended
    until("its end, or all to be said", lambda: talk.ended() or talk.said(), every=0.02)
    if talk.ended():
        assert talk.collect() == 1
        assert re.search("(error: |cannot load plugin ).*(Too many open files|unable to open)", talk.daemon.log())
    elif n < 20:
        assert "no connection to 127.0.0.1" in talk.daemon.log() and "Too many open files" in talk.daemon.log()
    talk.end_well()


@pytest.mark.parametrize("talk", [10], indirect=True)
def test_when_descriptors_run_out_in_the_middle_nothing_is_lost(talk):
    talk.fake.once("TicketCreate", lambda: limit(talk, descriptors(talk)), lambda body, answer: "TicketID" in answer)
    talk.start()
    until("the first ticket", lambda: talk.fake.counts()["tickets"], every=0.02)
    polls = talk.fake.seen("GET v1/notifications")
    until("some polls", lambda: talk.ended() or talk.fake.seen("GET v1/notifications") > polls + 3)
    limit(talk, 1024)
    talk.end_well()


def test_a_control_connection_that_cannot_be_taken_waits_and_keeps_nobody_busy(talk):
    talk.start()
    talk.wait_said()
    talk.daemon.ctl("status")
    talk.faults.fail(faults.ACCEPT, errno.EMFILE)
    seen = talk.faults.seen(faults.ACCEPT)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(talk.daemon.ctl("status")))
    asking.start()
    until("the attempt", lambda: talk.faults.seen(faults.ACCEPT) > seen)
    polls = talk.fake.seen("GET v1/notifications")
    until("polls", lambda: talk.fake.seen("GET v1/notifications") > polls + 5)
    tried = talk.faults.seen(faults.ACCEPT) - seen
    assert tried < 20, f"{tried} attempts in the time of five polls"
    talk.faults.heal()
    asking.join()
    assert answers and "mentionctl has to wait" in talk.daemon.log()
