# SPDX-License-Identifier: MIT
"""mentiond itself, as it was built, with its plugins."""
from mentiond_e2e import daemon

from peer import TIMEOUT, Peer

# So many tickets at a time.  Node-RED and n8n file a page of 40 at a time.
PARALLEL = 64


class Mentiond(Peer):
    name = "mentiond"

    @staticmethod
    def why_not():
        return daemon.why_not()

    def prepare(self):
        state = self.folder / "state"
        state.mkdir(mode=0o700)
        for name in "token", "password":
            (self.folder / name).write_text(f"{name}\n")
            (self.folder / name).chmod(0o600)
        # Every second, as the others.  settle: this helpdesk shows at once what it has accepted.  Else the defaults.
        common = {"timeout": f"{TIMEOUT}s", "settle": "1s", "parallel": PARALLEL}
        (self.folder / "mentiond.conf").write_text(daemon.group({
            "state_directory": state, "control_socket": state / "control",
            "plugin_directory": (daemon.BUILD / "plugins/.libs").resolve(),
            "helpdesk": {"desk": {"plugin": "otrs", "url": self.servers.helpdesk, "user": "mentiond", "queue": "Social",
                                  "password": f"file:{self.folder / 'password'}", **common}},
            "channel": {"channel0": {"plugin": "mastodon", "server": self.servers.channel, "helpdesk": "desk", "poll_every": "1s",
                                     "token": f"file:{self.folder / 'token'}", **common}},
        }))

    def command(self):
        return ([daemon.program("mentiond").resolve(), "-c", self.folder / "mentiond.conf"],)
