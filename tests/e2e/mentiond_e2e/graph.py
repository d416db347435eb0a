"""The facebook plugin by single operations, and a daemon with it, against the fake Graph API."""
import pytest

from fakes import openapi
from fakes.facebook import Facebook
from fakes.server import Server

from . import call
from .desk import TIMES, Desk
from .wait import until

TOKEN, SECRET = "EAAB-page-token-of-the-tests", "app-secret-of-the-tests"


class Graph:
    """A fake and all that it was asked, each held against the vendor's description where that is at hand."""

    def __init__(self):
        self.server = Server(Facebook(TOKEN, SECRET))
        self.model, self.base, self.asked, self.rules = self.server.model, self.server.base, [], []
        self.model.base = self.base
        self.model.hook = self.on_request

    def on_request(self, q):
        """rules: [function(request) -> answer or None]"""
        self.asked.append(q)
        return next((a for a in (rule(q) for rule in self.rules) if a), None)

    def log(self):
        """What was asked since the last time, as "METHOD path" without the version."""
        said = [f"{q.method} {q.path.removeprefix('/v25.0/')}" for q in self.asked]
        self.asked.clear()
        return said

    def check(self):
        for q in self.asked:
            said = q.query.get("appsecret_proof") if not q.json else q.json.get("appsecret_proof")
            assert said == self.model.proof, f"{q.method} {q.path} is not proved"
            if "debug_token" not in q.path:
                assert TOKEN not in q.target
        if openapi.why_not() is None:
            # A parameter of each request, whatever the description says of the single ones.
            contract = openapi.Contract("facebook", ("appsecret_proof",))
            assert [fault for q in self.asked for fault in contract.faults(q)] == []

    def down(self):
        self.server.down()


class Single:
    """One operation after the other.  log() begins anew after start()."""

    def __init__(self, directory, **settings):
        if call.why_not():
            pytest.skip(call.why_not())
        self.graph = Graph()
        self.model, self.rules = self.graph.model, self.graph.rules
        for name, text in ("token", TOKEN), ("app_secret", SECRET):
            (directory / name).write_text(text)
        self.plugin = call.Plugin("channel", directory, plugin="facebook", server=self.graph.base, token=f"file:{directory}/token",
                                  app_secret=f"file:{directory}/app_secret", **settings)
        self.call, self.do = self.plugin.call, self.plugin.do
        self.begun = self.call("start")

    def polled(self):
        """{id: item} of what was new."""
        return {i["id"]: i for i in self.do("poll")["items"]}

    def close(self):
        self.plugin.__exit__()
        self.graph.check()
        self.graph.down()


class Shop(Desk):
    """The fake Graph API, a fake Zammad, and a mentiond between them."""

    def __init__(self, directory):
        super().__init__(directory)
        self.graph = Graph()
        self.net, self.rules = self.graph.model, self.graph.rules
        self.servers.append(self.graph.server)
        d = self.daemon
        d.config["channel"]["brand"] = self.channel = dict(
            TIMES, plugin="facebook", server=self.graph.base, token=d.secret("token", TOKEN), app_secret=d.secret("app-secret", SECRET),
            helpdesk="desk", hold="0s", media_private=True)
        d.secrets.append(self.net.proof)

    def shown(self):
        with self.net.lock:
            return "\n".join(f"{i.kind} {i.id} {i.author.name} {i.text[:200]}" for i in self.net.items)

    def posts(self, word):
        with self.net.lock:
            return [i for i in self.net.items if i.by_api and not i.gone and word in i.text]

    def talk(self, make, text="What about my parcel?", **options):
        """make(text) lets somebody say something; (word, what was said, its ticket)."""
        word = self.word()
        said = make(f"{word} {text}", **options)
        ticket = self.ticket_of(word)
        self.daemon.wait_quiet()
        return word, said, ticket

    def answered_once(self, ticket, word):
        until(f"an answer with {word}", lambda: self.posts(word))
        self.note_of(ticket, "Reply posted")
        self.daemon.wait_quiet()
        [answer] = self.posts(word)
        return answer

    def close(self):
        super().close()
        self.graph.check()
