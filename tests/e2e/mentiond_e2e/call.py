"""One plugin, whose operations are called one by one: tests/plugins/call.c."""
import json
import os
import subprocess

from .daemon import BUILD, WRAPPER, REPORTS

PUBLIC, UNLISTED, FOLLOWERS, DIRECT = 1, 2, 3, 4
LIKE, REPOST, HIDE = 1, 2, 3
CAN_DIRECT, CAN_EDIT, CAN_REMOVE, CAN_LIKE, CAN_REPOST, CAN_HIDE = (1 << n for n in range(6))


def why_not():
    if not (BUILD / "tests/plugins/mentiond-call").exists():
        return f"{BUILD.resolve()}/tests/plugins/mentiond-call is not built (make check TESTS=)"
    return None


class Plugin:
    """kind: channel or helpdesk.  Ends with its block."""

    def __init__(self, kind, directory, **settings):
        real = BUILD / "tests/plugins/.libs/mentiond-call"
        self.log = open(directory / "call.log", "w+")
        self.process = subprocess.Popen(
            [*WRAPPER, real if real.exists() else BUILD / "tests/plugins/mentiond-call", BUILD / "plugins/.libs", kind,
             *(f"{name}={str(v).lower() if isinstance(v, bool) else v}" for name, v in settings.items())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, env=os.environ)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()
        self.log.seek(0)
        said = self.log.read()
        self.log.close()
        assert self.process.returncode == 0 and not REPORTS.search(said), said

    def call(self, name, **arguments):
        """What came of it, whatever that is."""
        self.process.stdin.write(json.dumps({"call": name, **arguments}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def do(self, name, **arguments):
        """What came of it, which must be well."""
        said = self.call(name, **arguments)
        assert said["verdict"] == "ok", said
        return said
