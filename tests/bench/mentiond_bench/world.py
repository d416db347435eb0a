"""A mentiond between two bench servers, one for the network and one for the helpdesk, in a folder of its own."""
import pathlib
import shutil
import subprocess
import tempfile
import time

from mentiond_e2e.daemon import BUILD, Daemon
from mentiond_e2e.wait import SLOW, until

from . import process
from .server import Server

FOLDER = BUILD.resolve() / "bench"       # on the disk that is measured, not in memory
HOUR = "1h"                              # polls come when they are asked for


class World:
    def __init__(self, channels=1, parallel=64, poll_every=HOUR, desk_poll_every=HOUR, wrapper=()):
        self.wrapper = wrapper
        self.tops = []                   # largest RSS, as sampled
        FOLDER.mkdir(exist_ok=True)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="run.", dir=FOLDER))
        self.network = self.desk = None
        try:
            self.network, self.desk = Server(), Server()
            self.daemon = d = Daemon(self.folder)
            secret = d.secret("secret", "bench-secret")
            d.config["control_socket"] = self.folder / "control"
            d.socket = self.folder / "control"
            d.config["helpdesk"]["desk"] = {
                "plugin": "otrs", "url": self.desk.desk_url, "user": "mentiond", "password": secret, "queue": "Social",
                "parallel": parallel, "poll_every": desk_poll_every, "retry": "100ms", "retry_max": "1s", "settle": "1s"}
            for n in range(channels):
                d.config["channel"][f"channel{n}"] = {
                    "plugin": "mastodon", "server": self.network.account_url(n), "token": secret, "helpdesk": "desk",
                    "parallel": parallel, "poll_every": poll_every, "hold": "0s", "media_max": "0"}
        except BaseException:
            self.clear()
            raise

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        d = self.daemon
        try:
            if d.process and d.process.poll() is None:
                d.stop()
        finally:
            if d.process and d.process.poll() is None:
                d.kill()
            self.clear()

    def clear(self):
        for server in self.network, self.desk:
            if server:
                server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        d = self.daemon
        d.write()
        with open(d.log_file, "ab") as log:
            wrapper = [word.format(folder=self.folder) for word in self.wrapper]
            d.process = subprocess.Popen([*wrapper, d.program, "-c", d.file], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                         start_new_session=True)
        self.pid = d.process.pid
        try:
            d.wait_running()
        except (AssertionError, RuntimeError) as e:
            raise RuntimeError(f"mentiond does not run: {e}; its log ends:\n{d.log()[-2000:]}") from None

    # What it is given to do.

    def show(self, n, step=None):
        """So many mentions of each account in all; without a step at once, when asked to poll."""
        self.network.set(mentions=n, step=step or max(n, 1))
        if not step:
            for name in self.daemon.config["channel"]:
                self.daemon.ctl("poll", name)

    def wait(self, what, attempt, timeout=120, every=0.05):
        def look():
            self.daemon.check()
            return attempt()
        return until(what, look, timeout, every)

    def wait_filed(self, n, timeout=600, every=0.05, sample=None):
        """Until so many mentions have a ticket; sample() is called at each look."""
        def look():
            if sample:
                sample()
            return self.desk.counts()["filed"] >= n
        self.wait(f"{n} mentions to be filed", look, timeout, every)

    def answer(self, n):
        """An agent has answered in the first n tickets; until all answers are posted, and recorded."""
        self.desk.set(replies=n)
        self.daemon.ctl("poll", "desk")
        self.wait(f"{n} replies to be posted", lambda: self.network.counts()["posts"] >= n, 600)
        self.settle()

    def settle(self):
        """Until what was done is recorded."""
        self.daemon.wait_quiet(120)

    # What it took.

    def cpu_usec(self):
        return process.cpu_usec(self.pid)

    def rss_kb(self):
        return process.rss_kb(self.pid)

    def tasks(self):
        return process.threads(self.pid)

    def wakeups(self):
        return process.wakeups(self.pid)

    def commits(self):
        return self.daemon.ctl("status")["commits"]

    def judge(self):
        """What G9 asks, by the servers' own counts; all that was shown must be done."""
        network, desk = self.network.counts(), self.desk.counts()
        return {"lost": network["shown"] - desk["filed"], "doubled": desk["doubled"] + network["posts_doubled"]}

    def quiet_for(self, seconds, within=60):
        """Until it has waited for nothing for so long."""
        end = time.monotonic() + within * SLOW
        last, since = self.wakeups(), time.monotonic()
        while time.monotonic() - since < seconds:
            time.sleep(0.2)
            now = self.wakeups()
            if now != last:
                last, since = now, time.monotonic()
            if time.monotonic() > end:
                return False
        return True
