"""A service manager for one mentiond: starts it again when it fails, and ends it by SIGABRT when its watchdog is not fed."""
import os
import select
import signal
import socket
import threading
import time


class Manager(threading.Thread):
    """Owns daemon.process until stop()."""

    def __init__(self, daemon, watchdog=None):
        super().__init__(daemon=True)
        self.mentiond, self.watchdog = daemon, watchdog
        self.ends = []           # exit statuses, as subprocess tells them
        self.ending = threading.Event()
        path = str(daemon.directory / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.socket.bind(path)
        self.environment = {"NOTIFY_SOCKET": path}
        if watchdog:
            self.environment["WATCHDOG_USEC"] = str(int(watchdog * 1e6))
        self.mentiond.env.update(self.environment)
        self.start()

    def run(self):
        while not self.ending.is_set():
            self.mentiond.start(wait=False)
            self.watch(self.mentiond.process)
            self.mentiond.process = None

    def watch(self, process):
        fed = time.monotonic()
        told_to_end = False
        while process.poll() is None:
            if select.select([self.socket], [], [], 0.05)[0]:
                if b"WATCHDOG=1" in self.socket.recv(4096):
                    fed = time.monotonic()
            elif self.watchdog and time.monotonic() - fed > self.watchdog:
                process.send_signal(signal.SIGABRT)
                fed = time.monotonic()
            if self.ending.is_set() and not told_to_end:
                process.send_signal(signal.SIGTERM)
                told_to_end = True
        self.ends.append(process.returncode)

    def stop(self):
        self.ending.set()
        self.join(60)
        self.socket.close()
        os.unlink(self.environment["NOTIFY_SOCKET"])
        assert not self.is_alive(), "mentiond does not end"
