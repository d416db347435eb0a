# SPDX-License-Identifier: MIT
"""The two servers that everybody works for, a Mastodon and a Znuny, which count for themselves what arrived."""
from mentiond_bench.server import Server


class Servers:
    def __init__(self, desk_usec):
        self.network = Server()
        try:
            self.desk = Server()
        except BaseException:
            self.network.stop()
            raise
        self.channel, self.helpdesk = self.network.account_url(0), self.desk.desk_url
        self.desk.set(desk_usec=desk_usec)

    def show(self, n):
        """n mentions, all at the next look."""
        self.network.set(mentions=n, step=max(n, 1))

    def looks(self):
        """How often somebody looked for mentions."""
        return self.network.counts()["polls"]

    def shown_usec(self):
        """When the first page with mentions left; 0: not yet."""
        return self.network.counts()["shown_usec"]

    def counts(self):
        """Of the helpdesk."""
        return self.desk.counts()

    def tickets(self):
        return self.counts()["tickets"]

    def stop(self):
        self.network.stop()
        self.desk.stop()
