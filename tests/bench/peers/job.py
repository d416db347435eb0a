# SPDX-License-Identifier: MIT
"""The job: file what is mentioned.  Each measurement is a life of its own: new servers, a new state, a new process."""
import contextlib
import pathlib
import statistics
import tempfile
import time

from peer import FOLDER, TIMEOUT
from servers import Servers

CLOSE = 0.005                    # seconds between two looks at the counts, where the moment matters
LOOSE = 0.05
LOOKS = 4                        # by then everybody is idle: some know of their first look only when it was
READY_WITHIN = 180               # a loaded machine starts n8n slowly
PATIENCE = 90                    # without a new ticket for so long, what is missing is lost: longer than anybody's back-off
FAULT_LATENCY_USEC = 10000
# So many seconds after the last of them nobody may file any more: what was not answered is repeated after its timeout.
AFTERMATH = {"kill": 5, "500": 5, "hang": 2 * TIMEOUT + 5}


@contextlib.contextmanager
def life(kind, desk_usec):
    """A peer that has started and found nothing to do."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    # On the disk, which /tmp may not be: everybody keeps a state.
    with tempfile.TemporaryDirectory(prefix="run.", dir=FOLDER) as folder:
        servers = Servers(desk_usec)
        try:
            peer = kind(pathlib.Path(folder), servers)
            peer.prepare()
            try:
                peer.start()
                wait(peer, lambda: servers.looks() >= LOOKS, "it to look for mentions", READY_WITHIN)
                yield peer, servers
            finally:
                peer.stop()
        finally:
            servers.stop()


def wait(peer, condition, what, within=READY_WITHIN, every=LOOSE):
    end = time.monotonic() + within
    while not condition():
        peer.process.check()
        if time.monotonic() > end:
            raise TimeoutError(f"{peer.name}: waited {within} s in vain for {what}")
        time.sleep(every)


def until_quiet(peer, servers, n, aftermath):
    """Until all n are filed and nobody files any more, or until no ticket came for very long."""
    tickets, since = -1, time.monotonic()
    while True:
        counts = servers.counts()
        if counts["tickets"] != tickets:
            tickets, since = counts["tickets"], time.monotonic()
        quiet = time.monotonic() - since
        if quiet > (aftermath if counts["filed"] == n else PATIENCE):
            return counts
        peer.process.check()
        time.sleep(LOOSE)


def speed(kind, desk_usec, n, seconds):
    """n mentions appear at once; until all are filed, or for some seconds."""
    with life(kind, desk_usec) as (peer, servers):
        idle, cpu = peer.process.memory_mb("VmRSS"), peer.process.cpu_seconds()
        servers.show(n)
        wait(peer, servers.shown_usec, "it to see mentions")
        end = time.monotonic() + seconds
        counts = servers.counts()
        while counts["filed"] < n and time.monotonic() < end:
            peer.process.check()
            time.sleep(LOOSE)
            counts = servers.counts()
        if not counts["tickets"]:
            raise TimeoutError(f"{peer.name}: filed nothing in {seconds} s")
        return {
            "tickets_per_s": counts["tickets"] * 1e6 / (counts["last_usec"] - servers.shown_usec()),
            "cpu_s_per_10k": (peer.process.cpu_seconds() - cpu) / counts["tickets"] * 10000,
            "rss_idle_mb": idle,
            "rss_peak_mb": peer.process.memory_mb("VmHWM"),
            "filed": counts["filed"],
        }


def median(runs):
    """Of each figure; and how far the CPU of the runs is apart, to its median."""
    cpu = [run["cpu_s_per_10k"] for run in runs]
    return {**{name: statistics.median(run[name] for run in runs) for name in runs[0]},
            "spread": (max(cpu) - min(cpu)) / statistics.median(cpu)}


# Faults.

def reach(peer, servers, tickets, n):
    """Waits for so many of n tickets, and expects that more are to come."""
    wait(peer, lambda: servers.tickets() >= tickets, f"{tickets} tickets", every=CLOSE)
    if servers.tickets() >= n:
        raise RuntimeError(f"{peer.name} had filed all before the fault: take more mentions (PEERS_FAULTS)")


def kill(peer, servers, n, _):
    """kill -9 as half of them are filed; started again at once."""
    servers.show(n)
    reach(peer, servers, n // 2, n)
    peer.kill()
    if servers.tickets() >= n:
        raise RuntimeError(f"{peer.name} had filed all before it died: take more mentions (PEERS_FAULTS)")
    peer.start()


def outage(peer, servers, n, seconds):
    """After a fifth, the helpdesk answers each request with 500."""
    servers.show(n)
    reach(peer, servers, n // 5, n)
    servers.desk.set(status=500)
    time.sleep(seconds)
    servers.desk.set(status=200)


def hang(peer, servers, n, _):
    """After a fifth, three tickets are made whose requests are never answered."""
    servers.show(n)
    reach(peer, servers, n // 5, n)
    servers.desk.set(hang=3)


FAULTS = {"kill": kill, "500": outage, "hang": hang}


def fault(kind, name, n, outage_seconds):
    with life(kind, FAULT_LATENCY_USEC) as (peer, servers):
        FAULTS[name](peer, servers, n, outage_seconds)
        counts = until_quiet(peer, servers, n, AFTERMATH[name])
        if name == "hang" and counts["unanswered"] < 3:
            raise RuntimeError(f"{peer.name}: only {counts['unanswered']} requests hung")
        if name == "500" and not counts["refused"]:
            raise RuntimeError(f"{peer.name}: no request was refused")
        return {"lost": n - counts["filed"], "doubled": counts["doubled"]}
