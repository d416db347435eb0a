# SPDX-License-Identifier: MIT
"""The scripts: programs/naive.py and programs/careful.py.

They run under the system's Python, with its requests, as what an administrator takes.
"""
import pathlib
import subprocess

from peer import TIMEOUT, Peer

PYTHON = "/usr/bin/python3"
PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"


class Script(Peer):
    @staticmethod
    def why_not():
        if subprocess.run([PYTHON, "-c", "import requests"], stderr=subprocess.DEVNULL).returncode != 0:
            return "python3-requests is not there: run contrib/deps test"
        return None

    def command(self):
        return ([PYTHON, "-B", PROGRAMS / f"{self.program}.py", self.servers.channel, self.servers.helpdesk,
                 self.folder / "state", TIMEOUT],)


class Naive(Script):
    name, program = "Python, naive", "naive"


class Careful(Script):
    name, program = "Python, careful", "careful"
