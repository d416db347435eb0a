# SPDX-License-Identifier: MIT
"""A peer: who does the job.  One object is one life of its state; it may be started many times."""
import socket

from mentiond_e2e import daemon

from process import Process

TIMEOUT = 10                     # seconds that each of them waits for an answer
FOLDER = daemon.BUILD.resolve() / "bench-peers"         # all that is installed and written is there


class Peer:
    name = ""

    def __init__(self, folder, servers):
        self.folder, self.servers, self.process = folder, servers, None

    @staticmethod
    def why_not():
        """Why it cannot take part, or None.  May install it first."""

    def command(self):
        """What to run; and, if it needs any, what the environment shall say."""
        raise NotImplementedError

    def prepare(self):
        """Makes its files, in its folder."""

    def start(self):
        self.process = Process(self.name, self.folder / "log", *self.command())

    def kill(self):
        self.process.kill()

    def stop(self):
        if self.process:
            self.process.stop()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
