"""A fake X: by single operations of the plugin, and with a daemon and a fake Zammad.  Each request is held against the vendor's
contract, where there is one (MENTIOND_SHARED)."""
import json
import os
import pathlib
import re

import pytest
import requests

from .call import Plugin, why_not
from .desk import TIMES, Desk

from fakes.contract import Contract
from fakes.server import Server
from fakes.x import X

SHARED = pathlib.Path(os.environ.get("MENTIOND_SHARED", "/nowhere")) / "contracts/x"


def contract():
    return Contract(SHARED / "openapi.json") if (SHARED / "openapi.json").exists() else None


def prism():
    """Another judge of requests (check-x), by MENTIOND_PRISM, its address."""
    if "MENTIOND_PRISM" not in os.environ:
        return None

    def ask(q):
        headers = {"Authorization": "Bearer any", "Content-Type": q.headers.get("Content-Type", "")}     # signatures are the fake's to judge
        answer = requests.request(q.method, os.environ["MENTIOND_PRISM"] + q.target, data=q.body, headers=headers, timeout=60)
        wrong = [v for v in json.loads(answer.headers.get("sl-violations", "[]")) if v["location"][0] == "request"]      # and not its own answer
        return [f"Prism answers {q.method} {q.target} with {answer.status_code}: {answer.text[:500]} {wrong}"] if wrong or answer.status_code >= 400 else []
    return ask


class Net:
    """A fake, its requests, and the plugin that speaks with it.  oauth: 1 or 2; what is a member of the model is set there."""

    def __init__(self, directory, oauth=1, **settings):
        if why_not():
            pytest.skip(why_not())
        self.server = Server(X(contract()))
        self.model, self.asked, self.rules = self.server.model, [], []
        self.model.base, self.model.hook, self.model.prism = self.server.base, self.on_request, prism()
        for name in [n for n in settings if hasattr(self.model, n)]:
            setattr(self.model, name, settings.pop(name))
        self.plugin = Plugin("channel", directory, plugin="x", api=self.server.base, media_private=True, **keys(self.model, oauth, secret_in(directory)), **settings)
        self.call, self.do = self.plugin.call, self.plugin.do
        self.caps = self.do("start")
        self.asked.clear()

    def on_request(self, q):
        self.asked.append(q)
        return next((answer for method, path, answer in self.rules if q.method == method and re.search(path, q.path)), None)

    def log(self):
        """What was asked since the last time, as "METHOD path"."""
        said = [f"{q.method} {q.path.removeprefix('/2/')}" for q in self.asked]
        self.asked.clear()
        return said

    def answer(self, parent, text, **arguments):
        return self.call("post", text=text, **{"visibility": 2, "key": "mentiond-1", "parent": parent.versions[0], "root": parent.root.versions[0], **arguments})

    def find(self, parent, text, **arguments):
        arguments = {"tried_usec": int((self.model.clock() - 60) * 1e6), **arguments}
        return self.call("find", text=text, parent=parent.versions[0], root=parent.root.versions[0], key="mentiond-1", **arguments)

    def poll(self):
        return self.do("poll")["items"]

    def sent(self):
        return [p for p in self.model.posts if p.by_api]

    def close(self):
        self.plugin.__exit__()
        self.server.down()
        assert not self.model.violations, "\n".join(self.model.violations)


def secret_in(directory):
    def secret(name, text):
        (directory / name).write_text(text)
        return f"file:{directory / name}"
    return secret


def keys(model, oauth, secret):
    if oauth == 2:
        client = {"client_secret": secret("client-secret", model.client[1])} if model.client[1] else {}
        return {"client_id": model.client[0], "refresh_token": secret("refresh-token", model.refresh), **client}
    return {"consumer_key": model.consumer[0], "consumer_secret": secret("consumer-secret", model.consumer[1]),
            "access_token": secret("access-token", model.token[0]), "access_token_secret": secret("access-token-secret", model.token[1])}


class XDesk(Desk):
    """A world with a fake X in the place of Mastodon, not started yet."""

    def __init__(self, directory, oauth=2):
        super().__init__(directory)
        self.net = self.net_server.model = X(contract())
        self.net.base, self.net.prism = self.net_server.base, prism()
        self.channel.clear()
        self.channel.update(TIMES, plugin="x", api=self.net_server.base, helpdesk="desk", hold="0s", media_private=True,
                            **keys(self.net, oauth, self.daemon.secret))

    def close(self):
        super().close()
        assert not self.net.violations, "\n".join(self.net.violations)
