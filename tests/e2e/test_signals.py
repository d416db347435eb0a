"""SIGTERM and SIGHUP while a request is on its way: it is finished and recorded, and nothing new begins."""
import re
import signal

import pytest

from mentiond_e2e import faults
from mentiond_e2e.conversation import Conversation
from mentiond_e2e.wait import until

pytestmark = pytest.mark.skipif(faults.why_not() is not None, reason=faults.why_not() or "")


@pytest.fixture
def talk(directory):
    c = Conversation(directory, 3)
    yield c
    c.close()


WRITES = pytest.mark.parametrize("name, when", [
    ("TicketCreate", lambda body, answer: "TicketID" in answer), ("POST v1/statuses", lambda body, answer: True),
    ("TicketUpdate", lambda body, answer: True)], ids=["filing", "posting", "noting"])


@WRITES
def test_sigterm_while_it_writes_ends_it_when_that_is_recorded(name, when, talk):
    def end():
        talk.daemon.signal(signal.SIGTERM)
        talk.daemon.wait_log(": ending$")
    talk.fake.once(name, end, when)
    talk.start()
    until("the end", talk.ended)
    assert talk.collect() == 0
    assert "given up" not in talk.daemon.log()
    talk.end_well()
    assert "were on their way" not in talk.daemon.log()


@WRITES
def test_a_reload_while_it_writes_loses_nothing(name, when, talk):
    def reload():
        for section in "helpdesk", "channel":
            for instance in talk.daemon.config[section].values():
                instance["retry"] = "30ms"
        talk.daemon.write()
        talk.daemon.signal(signal.SIGHUP)
        talk.daemon.wait_log(": reloaded$")
    talk.fake.once(name, reload, when)
    talk.start()
    talk.wait_said()
    assert len(re.findall(": running instance=", talk.daemon.log())) == 4
    talk.end_well()
    assert "verdict=ambiguous" not in talk.daemon.log()
