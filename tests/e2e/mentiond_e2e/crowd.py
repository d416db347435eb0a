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
    def there():
        return b.znuny.sql(f"""SELECT t.title, t.id, count(v.value_text), count(a.id) FROM ticket t JOIN article a ON a.ticket_id = t.id
            JOIN article_sender_type s ON s.id = a.article_sender_type_id AND s.name = 'customer'
            LEFT JOIN (dynamic_field_value v JOIN dynamic_field f ON f.id = v.field_id AND f.name = 'SocialPost') ON v.object_id = a.id
            WHERE t.title LIKE '%{word}n%' GROUP BY t.title, t.id""")
    until(f"{n} tickets", lambda: sum(int(row[2]) for row in there()) >= n, 60)
    b.daemon.wait_quiet(40)
    found = {}
    for title, id, keys, articles in there():
        k = int(re.search(word + r"n(\d+)x", title)[1])
        assert k not in found and keys == articles == "1", f"{word}n{k}x: ticket {id} and {found.get(k)}, {articles} articles"
        found[k] = id
    assert sorted(found) == list(range(n)) and len(b.znuny.tickets(f"{word}n")) == n
    return [found[k] for k in range(n)]


def answer(b, word, tickets):
    for k, ticket in enumerate(tickets):
        b.znuny.write(ticket, f"Answer {word}n{k}x")


def answered_once(b, word, tickets):
    def told():
        return [row[0] for row in b.znuny.sql(f"""SELECT a.ticket_id FROM article a JOIN article_data_mime m ON m.article_id = a.id
            WHERE m.a_subject = 'Reply posted' AND a.ticket_id IN ({','.join(tickets)}) ORDER BY a.ticket_id""")]
    until("all to be told", lambda: len(told()) >= len(tickets), 60)
    b.daemon.wait_quiet(40)
    posted = [int(re.search(word + r"n(\d+)x", note["content"])[1]) for note in b.brand.posts(word)]
    assert sorted(posted) == list(range(len(tickets)))
    assert told() == sorted(tickets, key=int)


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
