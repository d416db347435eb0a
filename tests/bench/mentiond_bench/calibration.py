"""What this machine needs for the parts of the work, done as barely as they can be; the bound B is their sum."""
import json
import statistics
import subprocess
import tempfile

from .server import built
from .world import FOLDER


def ask(*command):
    p = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if p.returncode:
        raise RuntimeError(p.stderr.strip() or f"{command[0]} ended with status {p.returncode}")
    return json.loads(p.stdout)


def bound(parts):
    """CPU per mention that becomes a ticket: what it cannot be done without, in microseconds."""
    return (parts["post"] + parts["parse_mention"] + parts["parse_small"] + parts["build"] + parts["insert"] + 2 * parts["update"] +
            parts["get_page"] / 40)


class Calibrations:
    """One each time that it is asked for, so that they lie between the runs."""

    def __init__(self, server):
        self.server, self.all = server, []

    def _run(self, *options):
        with tempfile.TemporaryDirectory(prefix="calibrate.", dir=FOLDER) as folder:
            return ask(built("mentiond-calibrate"), *options, self.server.port, folder)

    def again(self):
        parts = self._run()
        self.all.append({**parts, "bound": bound(parts)})
        return self.all[-1]

    def floor(self):
        return self._run("--floor")

    def median(self, name):
        return statistics.median(c[name] for c in self.all)

    def spread(self, name="bound"):
        """Of the largest to the smallest, as a part of the median."""
        values = [c[name] for c in self.all]
        return (max(values) - min(values)) / statistics.median(values)
