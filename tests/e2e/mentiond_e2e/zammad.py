"""A fake Zammad in the place of Znuny: what Znuny is asked in tests that are about any helpdesk, in the same words."""
import pathlib
import sys

from .wait import until

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2]))

from fakes.server import Server
from fakes.zammad import Zammad as Fake

TOKEN = "zammad-token-of-the-tests"


class Zammad:
    CREATE, NOTE, SEARCH = ("POST", r"^/api/v1/tickets\?"), ("POST", r"^/api/v1/ticket_articles\?"), ("POST", "/tickets/search")
    POLL = "ticket.updated_at"

    def __init__(self):
        self.fake = Fake(token=TOKEN)
        self.server = Server(self.fake)

    def down(self):
        self.server.down()

    def options(self, daemon):
        return {"plugin": "zammad", "url": self.server.base, "token": daemon.secret("desk-token", TOKEN), "group": "Social"}

    def ask(self):
        pass                     # it has nothing to do

    @staticmethod
    def sought(request):
        return (request.json["condition"].get("article.message_id") or {}).get("value")

    @staticmethod
    def noted(request):
        return request.json["ticket_id"] if str(request.json.get("subject")).startswith("Reply posted") else None

    def found(self, word):
        with self.fake.lock:
            return [t for t in self.fake.tickets.values() if word in t.title]

    def of(self, id):
        return self.fake.tickets[int(id)]

    def tickets(self, word):
        return [str(t.id) for t in self.found(word)]

    def filed(self, word):
        with self.fake.lock:
            ours = {t.id: self.customers(t.id) for t in self.found(word)}
            return [(self.of(id).title, str(id), len(a), sum(bool(x.message_id) for x in a)) for id, a in ours.items()]

    def told(self, tickets):
        with self.fake.lock:
            return [str(a.ticket.id) for a in self.fake.articles.values() if (a.subject or "").startswith("Reply posted") and str(a.ticket.id) in tickets]

    def customers(self, id, holds=""):
        return self.fake.articles_of(self.of(id), "Customer", holds)

    def texts(self, id):
        return [(a.body, [f.data for f in a.files]) for a in self.customers(id)]

    def write(self, id, text):
        return str(self.fake.write(self.of(id), text, html=False).id)

    def ticket_of(self, word, timeout=20):
        def there():
            ids = self.tickets(word)
            assert len(ids) < 2, f"tickets {ids} hold {word}"
            return ids
        return until(f"a ticket with {word}", there, timeout)[0]
