# SPDX-License-Identifier: MIT
"""A program that is measured, with all the processes that it starts: they are one session."""
import os
import pathlib
import signal
import subprocess

TICKS = os.sysconf("SC_CLK_TCK")
END_WITHIN = 30                  # seconds


class Ended(RuntimeError):
    """By itself."""


class Process:
    def __init__(self, name, log, command, env=None):
        self.name, self.log = name, log
        with open(log, "ab") as out:
            self.popen = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          env={**os.environ, **(env or {})}, start_new_session=True)

    def check(self):
        if self.popen.poll() is not None:
            raise Ended(f"{self.name} ended with status {self.popen.returncode}:\n{self.log.read_text(errors='replace')[-2000:]}")

    def _stats(self):
        """Of each process of the session, what is behind the name in /proc/PID/stat."""
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue         # ended meanwhile
            if int(stat[3]) == self.popen.pid and stat[0] != "Z":
                yield entry, stat

    def cpu_seconds(self):
        """Of these processes, and of their children that have ended."""
        return sum(int(t) for _, stat in self._stats() for t in stat[11:15]) / TICKS

    def memory_mb(self, what):
        """What: VmRSS, now; VmHWM, the most since the start."""
        kib = 0
        for entry, _ in self._stats():
            for line in (entry / "status").read_text().splitlines():
                if line.startswith(what + ":"):
                    kib += int(line.split()[1])
        return kib / 1024

    def kill(self):
        for entry, _ in list(self._stats()):
            try:
                os.kill(int(entry.name), signal.SIGKILL)
            except ProcessLookupError:
                pass             # ended meanwhile
        self.popen.wait()

    def stop(self):
        """As a service manager does: asks, and does not wait for ever."""
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(END_WITHIN)
            except subprocess.TimeoutExpired:
                pass
        self.kill()
