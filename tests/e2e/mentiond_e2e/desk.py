"""A test's own small world without real servers: a fake network, a fake Zammad, and a mentiond between them."""
import pathlib
import re
import secrets
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from fakes.mastodon import Mastodon
from fakes.server import Answer, Server
from fakes.zammad import Zammad
from fakes.znuny import Znuny

from .daemon import Daemon
from .proxy import Proxy
from .wait import until

TOKEN = "zammad-token-of-the-tests"
TIMES = {"poll_every": "200ms", "retry": "50ms", "retry_max": "1s", "settle": "200ms"}


class Desk:
    """Not started yet."""

    def __init__(self, directory):
        self.net_server = Server()
        self.net_server.model = self.net = Mastodon("mastodon", f"127.0.0.1:{self.net_server.server_port}", ("brand", "alice", "carol"))
        self.zammad = Zammad(token=TOKEN)
        self.desk_server = Server(self.zammad)
        self.servers = [self.net_server, self.desk_server]
        self.daemon = Daemon(directory)
        self.proxy = None
        self.desk = self.daemon.config["helpdesk"]["desk"] = dict(
            TIMES, plugin="zammad", url=self.desk_server.base, token=self.daemon.secret("desk-token", TOKEN), group="Social")
        self.channel = self.daemon.config["channel"]["brand"] = dict(
            TIMES, plugin="mastodon", server=self.net_server.base, token=self.daemon.secret("token", "<brand>"), helpdesk="desk", hold="0s",
            media_private=True)

    def add_znuny(self, name):
        """A second helpdesk, of another make."""
        self.znuny = Znuny()
        self.servers.append(Server(self.znuny))
        self.daemon.config["helpdesk"][name] = dict(
            TIMES, plugin="otrs", url=self.servers[-1].base + Znuny.path, user="mentiond", password=self.daemon.secret("password", "api-pw"))

    def znuny_tickets(self, word):
        with self.znuny.lock:
            return [t for t in self.znuny.tickets.values() if word in t.title]

    def proxy_desk(self):
        self.proxy = Proxy(self.desk_server.base)
        self.desk["url"] = self.proxy.url
        return self.proxy

    def start(self, wait=True):
        self.daemon.start(wait)
        return self

    def shown(self):
        """For a person who looks into a failure."""
        with self.net.lock:
            return "\n".join(f"{s.id} {s.author} {s.text[:200]}" for s in self.net.statuses)

    def close(self):
        try:
            self.daemon.finish()
        finally:
            if self.proxy:
                self.proxy.down()
            for server in self.servers:
                server.down()

    # What people do, and what comes of it.

    def word(self):
        return "w" + secrets.token_hex(5)

    def mention(self, text, author="alice", parent=None, name="brand", **options):
        return self.net.post(author, f"@{name} {text}", parent, **options)

    def tickets(self, word):
        with self.zammad.lock:
            return [t for t in self.zammad.tickets.values() if any(word in a.body for a in self.zammad.articles_of(t, "Customer"))]

    def ticket_of(self, word, timeout=20):
        """The one ticket with this word in what its customer wrote."""
        found = until(f"a ticket with {word}", lambda: self.tickets(word), timeout)
        assert len(found) == 1, f"{len(found)} tickets hold {word}"
        return found[0]

    def conversation(self, text="What about my parcel?", **options):
        """A mention and its ticket, when it is filed: (word, post, ticket)."""
        word = self.word()
        post = self.mention(f"{word} {text}", **options)
        ticket = self.ticket_of(word)
        self.daemon.wait_quiet()
        return word, post, ticket

    def conversation_begun(self):
        """The same while others wait, which are not to be waited for."""
        word = self.word()
        self.mention(f"{word} What about my parcel?")
        return self.ticket_of(word)

    def customers(self, ticket, holds=""):
        return self.zammad.articles_of(ticket, "Customer", holds)

    def customer_of(self, ticket, word, timeout=20):
        found = until(f"an article with {word}", lambda: self.customers(ticket, word), timeout)
        assert len(found) == 1, f"{len(found)} articles hold {word}"
        return found[0]

    def notes(self, ticket, subject):
        return [a for a in self.zammad.articles_of(ticket) if a.by is self.zammad.bot and (a.subject or "").startswith(subject)]

    def note_of(self, ticket, subject, timeout=20):
        return until(f"a note \"{subject}\"", lambda: self.notes(ticket, subject), timeout)[0]

    def posts(self, word):
        """By the brand's client."""
        with self.net.lock:
            return [s for s in self.net.statuses if s.by_api and word in s.text]

    def answered_once(self, ticket, post, word):
        until(f"an answer with {word}", lambda: self.posts(word))
        self.note_of(ticket, "Reply posted")
        self.daemon.wait_quiet()
        [answer] = self.posts(word)
        assert answer.parent is post
        assert len([a for a in self.notes(ticket, "Reply posted") if answer.id in a.body]) == 1
        return answer

    def filed_once(self, word):
        ticket = self.ticket_of(word, 30)
        self.daemon.wait_quiet()
        assert self.tickets(word) == [ticket]
        assert len(self.customers(ticket, word)) == 1
        return ticket

    def seen(self, method, pattern):
        return [r for r in self.proxy.requests if r.method == method and re.search(pattern, r.path)]
