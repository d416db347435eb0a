"""One plugin, whose operations are called one by one: mentiond-check --call."""
import json
import os
import subprocess

from .daemon import BUILD, WRAPPER, REPORTS

PUBLIC, UNLISTED, FOLLOWERS, DIRECT = 1, 2, 3, 4
LIKE, REPOST, HIDE = 1, 2, 3
MAY_REPLY, REPLY_UNTIL, REPLY_NEVER = range(3)
CAN_DIRECT, CAN_EDIT, CAN_REMOVE, CAN_LIKE, CAN_REPOST, CAN_HIDE, TELLS_AUTHOR = (1 << n for n in range(7))


def why_not():
    if not (BUILD / "daemon/mentiond-check").exists():
        return f"{BUILD.resolve()}/daemon/mentiond-check is not built (make)"
    return None


class Plugin:
    """Ends with its block."""

    def __init__(self, _kind, directory, *, plugin, **settings):
        real = BUILD / "daemon/.libs/mentiond-check"
        self.log = open(directory / "call.log", "w+")
        self.process = subprocess.Popen(
            [*WRAPPER, real if real.exists() else BUILD / "daemon/mentiond-check", "-p", BUILD / "plugins/.libs", "--call", plugin,
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
