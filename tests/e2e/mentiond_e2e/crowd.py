"""Many conversations at once, told apart by the numbers in their texts; and whether each came to its one good end."""
import json
import re

from . import proxy, wire
from .wait import until

PICTURE = b"\x89PNG\r\n\x1a\n" + b"x" * 3000


def numbered(word):
    """Which of the texts of ask() or answer() a request holds."""
    def subject(request):
        found = re.search(word + r"n(\d+)x", request.body.decode())
        return int(found[1]) if found else None
    return subject


def ask(b, word, n):
    return b.mentions([f"{word}n{k}x what about my parcel?" for k in range(n)])


def filed_once(b, word, n):
    """The tickets' ids, in the order of ask()."""
    until(f"{n} tickets", lambda: sum(int(finished) for *_, finished in b.helpdesk.filed(f"{word}n")) >= n, 60)
    b.daemon.wait_quiet(40)
    found = {}
    for title, id, articles, finished in b.helpdesk.filed(f"{word}n"):
        k = int(re.search(word + r"n(\d+)x", title)[1])
        assert k not in found and int(finished) == int(articles) == 1, f"{word}n{k}x: ticket {id} and {found.get(k)}, {articles} articles"
        found[k] = id
    assert sorted(found) == list(range(n)) and len(b.helpdesk.tickets(f"{word}n")) == n
    return [found[k] for k in range(n)]


def answer(b, word, tickets):
    for k, ticket in enumerate(tickets):
        b.helpdesk.write(ticket, f"Answer {word}n{k}x")


def answered_once(b, word, tickets):
    until("all to be told", lambda: len(b.helpdesk.told(tickets)) >= len(tickets), 60)
    b.daemon.wait_quiet(40)
    posted = [int(re.search(word + r"n(\d+)x", note["content"])[1]) for note in b.brand.posts(word)]
    assert sorted(posted) == list(range(len(tickets)))
    assert sorted(b.helpdesk.told(tickets), key=int) == sorted(tickets, key=int)


class Gallery(proxy.Proxy):
    """Where pictures of mentions are: any path is one."""

    def __init__(self):
        super().__init__("http://nobody")

    def forward(self, request):
        return 200, [("Content-Type", "image/png")], PICTURE


def show_pictures(b, word, address):
    """Gives a picture to each mention: address(number) is its URL."""
    def change(body):
        page = json.loads(body)
        for item in page:
            found = re.search(word + r"n(\d+)x", item["status"]["content"])
            if found:
                item["status"]["media_attachments"] = [{"id": "1", "type": "image", "url": address(int(found[1]))}]
        return json.dumps(page).encode()
    b.net_proxy.rule("GET", "/notifications", wire.altered(change), times=None)
