"""A test's own small world: a brand account, a mentiond, and the shared servers, if need be behind proxies."""
import re
import secrets
import time
from concurrent.futures import ThreadPoolExecutor

from .daemon import Daemon
from .proxy import Proxy
from .wait import SLOW

WORD = r"w[0-9a-f]{10}\w*"       # as word() makes them, and what tests put behind


class Bridge:
    def __init__(self, helpdesk, snac, directory):
        self.helpdesk, self.snac = helpdesk, snac
        self.alice, self.carol = snac.alice, snac.carol
        self.brand = snac.new_user("brand" + secrets.token_hex(4))
        self.daemon = Daemon(directory)
        self.desk_proxy = self.net_proxy = None
        self.desk = self.daemon.config["helpdesk"]["desk"] = {
            **helpdesk.options(self.daemon), "poll_every": "500ms", "retry": "200ms", "retry_max": "2s", "settle": "500ms"}
        self.channel = self.daemon.config["channel"]["brand"] = {
            "plugin": "mastodon", "server": snac.base, "token": self.daemon.secret("token", self.brand.token),
            "helpdesk": "desk", "media_private": True, "hold": "0s",
            "poll_every": "300ms", "retry": "200ms", "retry_max": "2s", "settle": "500ms"}

    @property
    def znuny(self):
        """In tests that are about it."""
        return self.helpdesk

    def proxy_desk(self):
        self.desk_proxy = Proxy(self.desk["url"])
        self.desk["url"] = self.desk_proxy.url
        return self.desk_proxy

    def proxy_net(self):
        self.net_proxy = Proxy(self.snac.base)
        self.channel["server"] = self.net_proxy.url
        return self.net_proxy

    def start(self, wait=True):
        self.daemon.start(wait)
        return self

    def word(self):
        """That is found again in a title or text, and is no other test's."""
        return "w" + secrets.token_hex(5)

    def mention(self, text, user=None, **options):
        """A post by alice, or by another, that mentions the brand, when the brand's server shows it."""
        return self.mentions([text], user, **options)[0]

    def mentions(self, texts, user=None, **options):
        """Several at once.  snac itself loses one now and then, or gives two of the same microsecond one id: those are
        posted again."""
        posts = {}
        for _ in range(3):
            with ThreadPoolExecutor(len(texts)) as pool:
                missing = [n for n in range(len(texts)) if n not in posts]
                new = pool.map(lambda n: (user or self.alice).post(f"@{self.brand.name} {texts[n]}", **options), missing)
                posts.update(zip(missing, new))
            lost = self.lost({n: (post["id"], texts[n]) for n, post in posts.items()})
            if not lost:
                return [posts[n] for n in range(len(texts))]
            for n in lost:
                del posts[n]
        raise AssertionError("snac does not show the brand what mentions it")

    def lost(self, ids):
        end = time.monotonic() + 5 * SLOW
        while True:
            shown = {m["status"]["id"]: m["status"]["content"] for m in self.brand.mentions()}
            lost = [n for n, (id, text) in ids.items() if id not in shown or (re.search(WORD, text) or [""])[0] not in shown[id]]
            if not lost or time.monotonic() > end:
                return lost
            time.sleep(0.05)

    def conversation(self, text="What about my parcel?", **options):
        """A mention and its ticket, when it is filed: (word, post, ticket)."""
        word = self.word()
        post = self.mention(f"{word} {text}", **options)
        return word, post, self.helpdesk.ticket_of(word)

    def shown(self):
        """For a person who looks into a failure."""
        try:
            return "\n".join(f"{n['id']} {n['created_at']} {n['status']['id']} {n['status']['content'][:200]}" for n in self.brand.mentions())
        except Exception as e:   # it may be what failed
            return repr(e)

    def close(self):
        try:
            self.daemon.finish()
        finally:
            for proxy in self.desk_proxy, self.net_proxy:
                if proxy:
                    proxy.down()
