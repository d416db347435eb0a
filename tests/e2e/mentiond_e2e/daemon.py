"""mentiond and mentionctl, as they were built."""
import contextlib
import json
import os
import pathlib
import re
import shlex
import signal
import sqlite3
import subprocess
import time

from .wait import SLOW, until

BUILD = pathlib.Path(os.environ.get("MENTIOND_BUILD", "."))
WRAPPER = shlex.split(os.environ.get("MENTIOND_WRAPPER", ""))
REPORTS = re.compile(r"(ERROR|WARNING|SUMMARY): \w*Sanitizer|runtime error:|^==\d+== ", re.M)
END_WITHIN = 10                  # seconds; DRAIN_USEC


def program(name):
    real = BUILD / "daemon" / ".libs" / name     # what libtool's script would run
    return real if real.exists() else BUILD / "daemon" / name


def why_not():
    for name in "mentiond", "mentionctl":
        if not program(name).exists():
            return f"{BUILD.resolve()}/daemon/{name} is not built (MENTIOND_BUILD names the build folder)"
    return None


def is_itself():
    """Whether it runs as it will, and not under a tool, or with a sanitizer, that takes memory of its own."""
    return not WRAPPER and b"__asan_init" not in program("mentiond").read_bytes()


def value(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, int):
        return str(v)
    return '"' + str(v).replace("\\", "\\\\").replace('"', '\\"') + '"'


def group(entries, depth=0):
    pad = "    " * depth
    return "".join(f"{pad}{name} = {{\n{group(v, depth + 1)}{pad}}};\n" if isinstance(v, dict) else f"{pad}{name} = {value(v)};\n"
                   for name, v in entries.items())


def mentiond(*args, timeout=20):
    """Runs it to its end; returns status and what it said."""
    p = subprocess.run([*WRAPPER, program("mentiond"), *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, timeout=timeout * SLOW)
    assert not REPORTS.search(p.stdout), p.stdout
    return p.returncode, p.stdout


class Refused(Exception):
    """What mentionctl said when it ended with 1."""


class Daemon:
    """One mentiond, with a folder of its own.  config is what its file shall say; write() writes it."""

    def __init__(self, directory):
        self.directory = directory
        self.state = directory / "state"
        self.state.mkdir(mode=0o700)
        self.file = directory / "mentiond.conf"
        self.log_file = directory / "mentiond.log"
        self.log_file.touch()
        self.socket = self.state / "control"
        self.process = None
        self.program = program("mentiond")
        self.env = {}            # besides ours
        self.secrets = []
        self.config = {"state_directory": self.state, "control_socket": self.socket,
                       "plugin_directory": (BUILD / "plugins" / ".libs").resolve(), "helpdesk": {}, "channel": {}}

    def secret(self, name, text):
        """A file with a secret, to be named in the configuration."""
        path = self.directory / name
        path.write_text(text + "\n")
        path.chmod(0o600)
        self.secrets.append(text)
        return f"file:{path}"

    def use_test_plugins(self):
        """Those of tests/plugins, too."""
        plugins = self.config["plugin_directory"] = self.directory / "plugins"
        plugins.mkdir()
        for file in [*(BUILD / "plugins/.libs").resolve().glob("*.so"), *(BUILD / "tests/plugins/.libs").resolve().glob("*.so")]:
            (plugins / file.name).symlink_to(file)
        return plugins

    def write(self):
        self.file.write_text(group(self.config))

    def log(self):
        return self.log_file.read_text(errors="replace")

    def wait_log(self, pattern, timeout=20):
        return until(f"/{pattern}/ in the log", lambda: re.search(pattern, self.log(), re.M), timeout)

    # Its life.

    def start(self, wait=True, stderr=None, first=None):
        """first() is called in the new process, before it becomes mentiond."""
        assert self.process is None
        self.write()
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([*WRAPPER, self.program, "-c", self.file], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log if stderr is None else stderr, preexec_fn=first,
                                            start_new_session=True, env={**os.environ, **self.env})
        if wait:
            self.wait_running()

    def wait_running(self, *names):
        """Until these instances, or all, run and have polled since they were started."""
        def running():
            self.check()
            if not self.socket.exists():
                return False
            by_name = self.instances()
            wanted = names or [*self.config["helpdesk"], *self.config["channel"]]
            return all(n in by_name and by_name[n]["state"] == "running" and by_name[n]["polled"] for n in wanted)
        until("the instances to run", running)

    def check(self):
        if self.process and self.process.poll() is not None:
            raise RuntimeError(f"mentiond ended with status {self.process.returncode}")

    def signal(self, signo):
        self.process.send_signal(signo)

    def wait_end(self):
        """Returns the exit status."""
        try:
            status = self.process.wait(END_WITHIN * SLOW + 1)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait()
            self.process = None
            raise AssertionError(f"mentiond did not end within {END_WITHIN * SLOW:.0f} s") from None
        self.process = None
        return status

    def stop(self):
        """As the service manager does; returns how long it took."""
        begun = time.monotonic()
        self.signal(signal.SIGTERM)
        status = self.wait_end()
        assert status == 0, f"mentiond ended with status {status}"
        return time.monotonic() - begun

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def restart(self):
        self.stop()
        self.start()

    def reload(self):
        """Writes the configuration and has it read; returns whether it was taken."""
        done = r": (reloaded|not reloaded)"
        before = len(re.findall(done, self.log()))
        self.write()
        self.signal(signal.SIGHUP)
        return until("the reload", lambda: re.findall(done, self.log())[before:])[0] == "reloaded"

    # mentionctl.

    def ctl(self, *args):
        """The answer; raises Refused."""
        p = subprocess.run([program("mentionctl"), "-s", self.socket, *map(str, args), "--json"], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=20 * SLOW)
        if p.returncode == 1 and not p.stdout:
            raise AssertionError(p.stderr)       # it does not listen
        answer = json.loads(p.stdout)
        assert answer["ok"] == (p.returncode == 0), p
        if not answer["ok"]:
            raise Refused(answer["error"])
        return answer

    def instances(self):
        return {i["name"]: i for i in self.ctl("status")["instances"]}

    def state_of(self, name):
        return self.instances()[name]["state"]

    def queue(self, **wanted):
        """Rows that are not done, by their members."""
        return [r for r in self.ctl("queue")["rows"] if all(r[k] == v for k, v in wanted.items())]

    def wait_row(self, timeout=20, **wanted):
        return until(f"a row {wanted}", lambda: self.queue(**wanted), timeout)[0]

    def wait_quiet(self, timeout=20):
        """Until nothing is to be done."""
        active = "new", "filing", "waiting", "sending", "ambiguous"
        until("the queue to be empty", lambda: not [r for r in self.ctl("queue")["rows"] if r["state"] in active], timeout)

    # Its end, in each test.

    def finish(self):
        try:
            if self.process:
                self.stop()
        finally:
            if self.process:
                self.kill()
            store = self.state / "mentiond.db"
            if store.exists():
                with contextlib.closing(sqlite3.connect(store)) as db:
                    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            log = self.log()
            report = REPORTS.search(log)
            assert not report, "a sanitizer reports:\n" + log[report.start():][:6000]
            for secret in self.secrets:
                assert secret not in log, "a secret stands in the log"
