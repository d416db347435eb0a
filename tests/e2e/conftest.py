"""The servers, a world for each test, and what run-e2e wants to hear."""
import json
import os
import pathlib
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import pytest

from mentiond_e2e import daemon, servers
from mentiond_e2e.bridge import Bridge
from mentiond_e2e.crowd import Gallery
from mentiond_e2e.desk import Desk
from mentiond_e2e.wait import SLOW
from mentiond_e2e.zammad import Zammad

LOG_TAIL = 40                    # lines of the daemon's log below a failure


@pytest.fixture(scope="session")
def world():
    why = daemon.why_not() or (None if "MENTIOND_E2E_SERVERS" in os.environ else servers.why_not())
    if why:
        pytest.skip(why)
    up = servers.Servers(os.environ.get("MENTIOND_E2E_SERVERS"))
    yield up
    up.down()


@pytest.fixture
def znuny(world):
    return world.znuny


@pytest.fixture
def snac(world):
    return world.snac


@pytest.fixture
def directory(request):
    path = servers.folder("mentiond-e2e-test.")
    yield path
    if os.environ.get("MENTIOND_E2E_KEEP"):
        print(f"kept: {path}")
    else:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def helpdesk(request, world):
    """The real Znuny; in tests that both_helpdesks marks also a fake Zammad."""
    if getattr(request, "param", "Znuny") == "Znuny":
        yield world.znuny
        return
    fake = Zammad()
    yield fake
    fake.down()


@pytest.fixture
def bridge(request, helpdesk, world, directory):
    """Not started yet."""
    b = Bridge(helpdesk, world.snac, directory)
    request.node.bridge = b
    yield b
    b.close()


@pytest.fixture
def up(bridge):
    """Started, and in order."""
    return bridge.start()


@pytest.fixture
def eager(bridge):
    """Not started, behind proxies; tries again soon."""
    for side in bridge.desk, bridge.channel:
        side.update(retry="50ms", retry_max="1s", settle="300ms")
    bridge.proxy_desk()
    bridge.proxy_net()
    return bridge


@pytest.fixture
def hurried(eager, helpdesk):
    """Also gives up soon; but not on a helpdesk that is only slow, on a machine that has much to do."""
    begun = time.monotonic()
    for _ in range(3):
        helpdesk.ask()
    patience = max(2 * SLOW, 10 * (time.monotonic() - begun))
    for side in eager.desk, eager.channel:
        side["timeout"] = f"{round(1000 * patience)}ms"
    return eager


@pytest.fixture
def desk(request, directory):
    """A world with a fake Zammad, not started yet."""
    d = request.node.bridge = Desk(directory)
    yield d
    d.close()


@pytest.fixture
def gallery():
    g = Gallery()
    yield g
    g.down()


# --- For run-e2e: several pytest processes share the tests, and each tells what became of its own. ---

def pytest_configure(config):
    config.addinivalue_line("markers", "weight(n): about how many seconds it takes; the long ones begin first")


def tell(**what):
    if "MENTIOND_E2E_REPORT" in os.environ:
        line = (json.dumps(what) + "\n").encode()
        while line:
            line = line[os.write(int(os.environ["MENTIOND_E2E_REPORT"]), line):]


@pytest.fixture
def say():
    """Says a figure that was measured, for whoever reads the test's output."""
    def note(text):
        tell(note=text)
        print(text)
    return note


def name_of(item):
    """What the test is called in TAP: its function's name as a sentence."""
    file = pathlib.Path(item.fspath).stem.removeprefix("test_")
    return file + ": " + item.name.removeprefix("test_").replace("_", " ")


def weight_of(item):
    mark = item.get_closest_marker("weight")
    return mark.args[0] if mark else 3


def pytest_collection_modifyitems(items):
    if "MENTIOND_E2E_CLAIMS" in os.environ:
        items.sort(key=weight_of, reverse=True)
    for item in items:
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(90 * SLOW))


def pytest_collection_finish(session):
    tell(collected=[name_of(i) for i in session.items])


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    """Runs what no other process has begun."""
    if "MENTIOND_E2E_CLAIMS" not in os.environ:
        return None
    for item in session.items:
        try:
            (pathlib.Path(os.environ["MENTIOND_E2E_CLAIMS"]) / item.nodeid.replace("/", "_")).mkdir()
        except FileExistsError:
            continue
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
    return True


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    state = item.__dict__.setdefault("tap", {"name": name_of(item), "outcome": "passed", "text": "", "seconds": 0})
    state["seconds"] += report.duration
    if report.failed:
        if hasattr(item, "bridge") and item.bridge.daemon.log_file.exists():
            report.sections += [("the end of mentiond's log", "\n".join(item.bridge.daemon.log().splitlines()[-LOG_TAIL:])),
                                ("what the network shows the brand", item.bridge.shown())]
        state["outcome"] = "failed"
        state["text"] += report.longreprtext + "".join(f"\n--- {title}:\n{text}" for title, text in report.sections) + "\n"
    elif hasattr(report, "wasxfail"):
        state["outcome"], state["text"] = "passed" if report.passed else "todo", report.wasxfail
    elif report.skipped and state["outcome"] == "passed":
        state["outcome"], state["text"] = "skipped", report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    if call.when == "teardown":
        tell(**state)
