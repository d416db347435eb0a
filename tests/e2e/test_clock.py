"""The system's clock is set, by an hour or by ten years, or the machine slept: nothing is said twice or lost."""
import signal
import time

import pytest

from mentiond_e2e import faults
from mentiond_e2e.conversation import Conversation
from mentiond_e2e.wait import until

pytestmark = pytest.mark.skipif(faults.why_not() is not None, reason=faults.why_not() or "")
HOUR, YEARS = 3600, 10 * 365 * 86400
JUMPS = pytest.mark.parametrize("jump", [HOUR, -HOUR, YEARS, -YEARS], ids=["an hour on", "an hour back", "ten years on", "ten years back"])


@pytest.fixture
def talk(directory, request):
    c = Conversation(directory, getattr(request, "param", 1))
    yield c
    c.close()


def is_ticket(body, answer):
    return "TicketID" in answer


@JUMPS
@pytest.mark.parametrize("talk", [3], indirect=True)
def test_a_clock_that_is_set_while_others_wait_changes_nothing(jump, talk):
    """In the middle of a ticket, and back in the middle of a reply, while the other two wait for their turn."""
    for section in "helpdesk", "channel":
        for instance in talk.daemon.config[section].values():
            instance["parallel"] = 1
    talk.fake.once("TicketCreate", lambda: talk.faults.set_clock(jump), is_ticket)
    talk.fake.once("POST v1/statuses", lambda: talk.faults.set_clock(0))
    talk.start()
    talk.wait_said()
    talk.daemon.stop()
    talk.verify()


@JUMPS
def test_a_clock_that_is_set_while_mentiond_is_down_changes_nothing(jump, talk):
    """Killed with a request on its way, it looks for what came of it by another clock; and then by the right one again."""
    talk.fake.once("TicketCreate", lambda: talk.daemon.signal(signal.SIGKILL), is_ticket)
    talk.start()
    until("the end", talk.ended)
    talk.collect()
    talk.faults.set_clock(jump)
    talk.fake.once("POST v1/statuses", lambda: talk.daemon.signal(signal.SIGKILL))
    talk.start()
    until("the end", talk.ended)
    talk.collect()
    talk.faults.set_clock(0)
    talk.start()
    # The reply was sent by a clock that the network's is far from: if that leaves a doubt, a person is asked.
    until("all to be said, or held", lambda: talk.said() or talk.held())
    talk.daemon.stop()
    assert talk.fake.doubled() == [] and talk.fake.odd() == [] and not talk.fake.without_intent
    assert talk.fake.counts()["tickets"] == talk.fake.counts()["posts"] == 1
    if not talk.held():
        talk.verify()


@pytest.mark.parametrize("talk", [3], indirect=True)
def test_after_a_sleep_of_the_machine_with_its_connections_gone_nothing_is_doubled(talk):
    """The monotonic clock stood still, all others went on, and each connection is dead."""
    def sleep():
        talk.fake.ahead += 8 * HOUR
        talk.faults.set_clock(talk.fake.ahead)
        talk.fake.cut()
    talk.fake.once("TicketCreate", sleep, is_ticket)
    talk.fake.once("POST v1/statuses", sleep)
    talk.start()
    talk.wait_said()
    talk.daemon.stop()
    talk.verify()


@JUMPS
def test_a_hold_is_as_long_as_it_was_though_the_clock_is_set(jump, talk):
    """In the first poll after the one that brought the reply: it is recorded, and waits."""
    times = []

    def brought():
        times.append(time.monotonic())
        talk.fake.once("TicketSearch", lambda: talk.faults.set_clock(jump))
    talk.daemon.config["channel"]["brand"]["hold"] = "1s"
    talk.fake.once("TicketGet", brought, lambda body, answer: body.get("Attachments"))
    talk.fake.once("POST v1/statuses", lambda: times.append(time.monotonic()))
    talk.start()
    talk.wait_said()
    talk.daemon.stop()
    talk.verify()
    assert times[1] - times[0] > 0.99, "it was posted before its time"
