"""A mentiond that listens, between a Mastodon and a Znuny of tests/fakes; and what may be sent to it."""
import base64
import hashlib
import hmac
import http.client
import pathlib
import secrets
import socket
import sys

from .daemon import BUILD, Daemon
from .wait import SLOW, until

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2]))

from fakes.mastodon import Mastodon
from fakes.server import Answer, Server
from fakes.znuny import Znuny

try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    text_string_to_metric_families = None

SECRET, FEED_SECRET = "desk-secret-of-a-test", "feed-secret-of-a-test"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def signed(body, secret=FEED_SECRET, hash=hashlib.sha1, prefix="sha1="):
    return prefix + hmac.new(secret.encode(), body, hash).hexdigest()


def as_base64(body, secret):
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


class Listening:
    """Instances: desk (otrs, with hook_secret), brand (mastodon), feed (echo, with hook_secret), mute (echo, without).  But for
    brand they poll when they are told to, or by a hook."""

    def __init__(self, directory):
        self.net_server, self.desk_server = Server(), Server()
        self.net = self.net_server.model = Mastodon("mastodon", f"127.0.0.1:{self.net_server.server_port}")
        self.desk = self.desk_server.model = Znuny()
        self.daemon = d = Daemon(directory)
        self.port = free_port()
        plugins = directory / "plugins"
        plugins.mkdir()
        for so in *(BUILD / "plugins/.libs").glob("*.so"), BUILD / "tests/plugins/.libs/echo.so":
            (plugins / so.name).symlink_to(so.resolve())
        quick = {"retry": "50ms", "retry_max": "1s", "settle": "150ms"}
        d.config.update(plugin_directory=plugins, listen=f"127.0.0.1:{self.port}")
        d.config["helpdesk"]["desk"] = {
            "plugin": "otrs", "url": self.desk_server.base + Znuny.path, "user": "mentiond", "password": d.secret("password", "api-pw"),
            "queue": "Social", "hook_secret": d.secret("desk-hook", SECRET), "poll_every": "1h", **quick}
        d.config["channel"]["brand"] = {
            "plugin": "mastodon", "server": self.net_server.base, "token": d.secret("token", "<brand>"), "helpdesk": "desk",
            "hold": "0s", "poll_every": "100ms", **quick}
        for name in "feed", "mute":
            (directory / f"{name}.in").touch()
            d.config["channel"][name] = {"plugin": "echo", "inbox": directory / f"{name}.in", "outbox": directory / f"{name}.out",
                                         "helpdesk": "desk", "poll_every": "1h", **quick}
        d.config["channel"]["feed"]["hook_secret"] = d.secret("feed-hook", FEED_SECRET)

    def start(self, **options):
        self.daemon.start(**options)
        return self

    # Conversations.

    def conversation(self):
        """A mention that is filed: (its status, its ticket)."""
        token = "w" + secrets.token_hex(5)
        status = self.net.post("alice", f"@brand {token} where is my parcel?")
        return status, until(f"the ticket of {token}", lambda: self.ticket(token), every=0.02)

    def ticket(self, token):
        with self.desk.lock:
            return next((a.ticket for a in self.desk.articles.values() if a.SenderType == "customer" and token in a.Body
                         and a.fields.get("SocialPost")), None)

    def posted(self, token):
        with self.net.lock:
            return [s for s in self.net.statuses if s.by_api and token in s.text]

    # What is asked of it.

    def ask(self, method, path, body=None, headers=None, source="127.0.0.1", timeout=20):
        """(status, headers, body)."""
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout * SLOW, source_address=(source, 0))
        try:
            c.request(method, path, body, headers or {})
            r = c.getresponse()
            return r.status, dict(r.getheaders()), r.read()
        finally:
            c.close()

    def hook_desk(self, secret=SECRET):
        return self.ask("POST", "/hook/desk", b'{"Event":"ArticleCreate"}', {"X-Mentiond-Secret": secret})[0]

    def hook_feed(self, body=b"{}", **headers):
        """Signed unless headers say otherwise; _ stands for -."""
        given = {"X-Hub-Signature": signed(body), **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self.ask("POST", "/hook/feed", body, {k: v for k, v in given.items() if v is not None})[0]

    def dial(self, data=b"", source="127.0.0.1"):
        s = socket.create_connection(("127.0.0.1", self.port), 20 * SLOW, (source, 0))
        s.sendall(data)
        return s

    def metrics(self):
        """{(name, labels as a sorted tuple): value}, read by Prometheus' own parser."""
        status, headers, body = self.ask("GET", "/metrics")
        assert status == 200 and headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return {(s.name, tuple(sorted(s.labels.items()))): s.value for f in text_string_to_metric_families(body.decode()) for s in f.samples}

    def metric(self, name, **labels):
        return self.metrics().get((name, tuple(sorted(labels.items()))), 0)

    def polls(self, instance):
        return self.metric("mentiond_polls_total", instance=instance, verdict="ok")

    def hooks(self, instance, result):
        return self.metric("mentiond_hooks_total", instance=instance, result=result)

    def close(self):
        try:
            self.daemon.finish()
        finally:
            self.net_server.down()
            self.desk_server.down()
