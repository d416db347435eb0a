"""mentionctl doctor and provision, as a person sees them."""
import os
import pty
import re
import subprocess

from .daemon import program
from .wait import SLOW


class Report:
    """What was shown, line by line, and the exit status."""

    def __init__(self, status, shown):
        self.status, self.shown = status, shown

    def lines(self, *words):
        """Those of which each word is a column, or, where it is a column of none, a part.  Of what was shown last: what is to
        be done stands before what was done, and an empty line between."""
        rows = [(line, re.split(r" {2,}", line, maxsplit=3)[:3]) for line in self.shown.split("\n\n")[-1].splitlines()]
        columns = {c for line, row in rows for c in row}
        return [line for line, row in rows if all(w in row if w in columns else w in line for w in words)]

    def line(self, *words):
        found = self.lines(*words)
        assert len(found) == 1, f"{len(found)} lines hold {words}:\n{self.shown}"
        return found[0]

    def wrong(self):
        return self.lines("wrong") if re.search("^wrong", self.shown, re.M) else []


def run(daemon, *words):
    """Without a terminal."""
    p = subprocess.run([program("mentionctl"), "-s", daemon.socket, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, timeout=60 * SLOW)
    for secret in daemon.secrets:
        assert secret not in p.stdout
    return Report(p.returncode, p.stdout)


def answered(daemon, answer, *words):
    """With a terminal, on which a person types the answer to the question."""
    ours, theirs = pty.openpty()
    p = subprocess.Popen([program("mentionctl"), "-s", daemon.socket, *map(str, words)], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = ""
    typed = False
    while True:
        try:
            chunk = os.read(ours, 4096).decode()
        except OSError:          # the last on the other side has closed it
            break
        shown += chunk
        if "[y/N]" in shown and not typed:
            os.write(ours, answer.encode() + b"\n")
            typed = True
    os.close(ours)
    assert typed, shown
    return Report(p.wait(60 * SLOW), shown.replace("\r\n", "\n"))
