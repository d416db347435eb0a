"""What is measured of mentiond, each in a process of its own, from its start.  Each run returns a dict of figures."""
import re
import shutil
import subprocess
import tempfile
import time

from mentiond_e2e.wait import until

from .world import FOLDER, World


def folder():
    """A folder on the disk that is measured, for with."""
    return tempfile.TemporaryDirectory(prefix="run.", dir=FOLDER)


def burst(n, parallel, desk_usec=0):
    """n mentions that are there at once."""
    with World(parallel=parallel) as w:
        w.desk.set(desk_usec=desk_usec)
        commits, cpu, rss = w.commits(), w.cpu_usec(), [w.rss_kb()]
        shown = w.network.counts()["now_usec"]
        w.show(n)
        w.wait_filed(n, sample=lambda: rss.append(w.rss_kb()))
        w.settle()
        c = w.desk.counts()
        return {"cpu_usec": (w.cpu_usec() - cpu) / n, "tickets_s": n / (c["last_usec"] - shown) * 1e6,
                # The first of those in flight together are there when the clock starts.
                "filing_s": (n - parallel) / max(1, c["last_usec"] - c["first_usec"]) * 1e6, "in_flight_max": c["in_flight_max"],
                "commits": (w.commits() - commits) / n, "rss_kb": max(rss), **w.judge()}


def stream(n, step, parallel, desk_usec=0, every=0.2):
    """n mentions, so many more at each poll, ten polls a second."""
    rss = []
    with World(parallel=parallel, poll_every="100ms") as w:
        w.desk.set(desk_usec=desk_usec)
        w.show(n, step)
        w.wait_filed(n, 3600, every, lambda: rss.append((w.desk.counts()["filed"], w.rss_kb())))
        late = [kb for filed, kb in rss if filed >= n / 5] or [w.rss_kb()]       # by then its pools are as large as they get
        return {"rss_kb": max(kb for _, kb in rss), "rss_late_kb": late, **w.judge()}


def replies(n, parallel=64):
    """n agents' answers that are there at once, after as many mentions."""
    with World(parallel=parallel) as w:
        w.show(n)
        w.wait_filed(n)
        w.settle()
        requests = sum(s.counts()[k] for s, k in ((w.network, "network"), (w.desk, "desk")))
        cpu = w.cpu_usec()
        w.answer(n)
        c = w.network.counts()
        done = sum(s.counts()[k] for s, k in ((w.network, "network"), (w.desk, "desk"))) - requests
        return {"cpu_usec": (w.cpu_usec() - cpu) / n, "requests": done / n, "posts": c["posts"],
                "replies_s": n / max(1, c["posted_last_usec"] - c["posted_first_usec"]) * 1e6, **w.judge()}


def idle(channels, seconds):
    with World(channels=channels) as w:
        w.quiet_for(5)                   # connections that nobody uses are closed after 4 s
        before, cpu = w.wakeups(), w.cpu_usec()
        time.sleep(seconds)
        return {"wakeups": w.wakeups() - before, "cpu_usec": w.cpu_usec() - cpu, "rss_kb": w.rss_kb()}


def backlog(n, step=500, parallel=64):
    """A helpdesk that is away while n mentions come, and comes back.  samples: (seconds, filed, RSS in KB); back: when, in seconds."""
    journalled = re.compile(r" new=(\d+)")
    with World(parallel=parallel, poll_every="100ms") as w:
        port, samples, begun = w.desk.port, [], time.monotonic()

        def sample(filed):
            samples.append((time.monotonic() - begun, filed, w.rss_kb()))
            return filed

        def are_known():
            sample(0)
            return sum(map(int, journalled.findall(w.daemon.log()))) >= n
        w.desk.stop()
        w.show(n, step)
        w.wait(f"{n} mentions to be journalled", are_known, 1200, 0.2)
        back = time.monotonic() - begun
        w.desk = type(w.desk)(port)
        w.wait(f"{n} mentions to be filed", lambda: sample(w.desk.counts()["filed"]) >= n, 1200, 0.1)
        c = w.desk.counts()
        return {"samples": samples, "back": back, "tickets_s": n / max(1, c["last_usec"] - c["first_usec"]) * 1e6, **w.judge()}


def single(times, before=0):
    """A new mention in an account that has so many, each time in another account: from the page that showed it to its ticket, as
    the servers have it (one clock)."""
    took = []
    with World(channels=times, parallel=8) as w:
        if before:
            w.show(before)
            w.wait_filed(before * times)
            w.settle()
        w.network.set(mentions=before + 1, step=1)
        for n in range(times):
            w.daemon.ctl("poll", f"channel{n}")
            w.wait_filed(before * times + n + 1, every=0.02)
            took.append(w.desk.counts()["last_usec"] - w.network.counts()["shown_usec"])
            w.settle()
        return {"usec": took, **w.judge()}


def syncs(times):
    """How often the disk is waited for, for one mention alone: until its ticket is made, and in all."""
    if not shutil.which("strace"):
        return None
    before, after = [], []
    with World(parallel=8) as w:
        out = w.folder / "syncs"
        tracer = subprocess.Popen(["strace", "-f", "-q", "-s", "200", "-e", "trace=fsync,fdatasync,sendto", "-e", "signal=none", "-o", out,
                                   "-p", str(w.pid)], stdin=subprocess.DEVNULL)
        try:
            until("strace to be attached", lambda: tracer.poll() is not None or all(
                re.search(r"^TracerPid:\s+[1-9]", (t / "status").read_text(), re.M) for t in w.tasks()))
            if tracer.poll() is not None:
                return None
            for n in range(1, times + 1):
                done = len(out.read_text().splitlines())
                w.show(n)
                w.wait_filed(n)
                w.settle()
                time.sleep(0.5)          # what is recorded later than the answer is given
                lines = [line for line in out.read_text().splitlines()[done:] if "resumed" not in line]
                ticket = next(i for i, line in enumerate(lines) if "TicketCreate" in line)
                is_sync = [bool(re.search(r"\b(fsync|fdatasync)\(", line)) for line in lines]
                before.append(sum(is_sync[:ticket]))
                after.append(sum(is_sync))
        finally:
            tracer.terminate()
            tracer.wait()
        return {"before": before, "all": after, **w.judge()}
