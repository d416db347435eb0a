"""Both sides in this process, with as much of the two APIs as the plugins use and people who act by themselves: for
tests that run a whole conversation many times.  What the real servers do is tested with them.

A conversation: alice mentions the brand, Ada answers her in the ticket, alice thanks for it.  Each begins when the
daemon has asked for mentions once, and each step follows the one before by itself.
"""
import http.server
import json
import re
import socket
import sqlite3
import threading
import time
import urllib.parse

ACTOR = {"id": "7", "acct": "alice@example.net", "display_name": "Alice", "url": "https://example.net/@alice", "followers_count": 3}
DESK = "/nph-genericinterface.pl/Webservice/mentiond/"
BRAND = {"id": "1", "acct": "brand", "display_name": "Brand", "url": "https://brand.example/@brand"}


def listed(value):
    return [{"Name": k, "Value": v} for k, v in value.items()]


class Fake:
    def __init__(self, store, conversations=1):
        self.lock = threading.RLock()
        self.conversations = conversations
        self.hooks, self.connections = [], set()
        self.ahead = 0           # seconds that the servers' clocks are ahead of ours here
        self.statuses, self.tickets, self.articles, self.log = [], [], [], []
        self.belows = []         # of each page of notifications, None for the first of a poll
        self.store = store       # the daemon's folder, to be asked what was recorded when a request comes
        self.intents = self.without_intent = 0
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                fake.connections.add(self.connection)

            def finish(self):
                fake.connections.discard(self.connection)
                super().finish()

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with fake.lock:
                    answer = fake.handle(self.command, self.path, self.headers, body)
                    fake.call_hooks(answer)
                data = json.dumps(answer).encode()
                self.send_response_only(200 if answer is not None else 404)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = answer

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *args):
                pass             # the daemon ends when it likes

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def now(self):
        return time.time() + self.ahead

    def cut(self):
        """All connections end."""
        for c in list(self.connections):
            try:
                c.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass             # it has ended by itself

    def handle(self, method, path, headers, body):
        path, _, query = path.partition("?")
        if path.startswith(DESK):
            name, body = path[len(DESK):], json.loads(body)
            self.log.append((name, body))
            return getattr(self, name)(body)
        name = path.removeprefix("/api/")
        self.log.append((f"{method} {name}", body and json.loads(body)))
        if name == "v1/accounts/verify_credentials":
            return BRAND
        if name == "v2/instance":
            return {"domain": "brand.example", "api_versions": {"mastodon": 2}, "configuration": {"statuses": {"max_characters": 500}}}
        if name == "v1/notifications":
            return self.notifications(dict(urllib.parse.parse_qsl(query)).get("max_id"))
        if name == "v1/statuses":
            return self.post(json.loads(body), headers["Idempotency-Key"])
        found = re.fullmatch(r"v1/statuses/(\d+)(/context)?", name)
        status = found and self.status(found[1])
        return self.context(status) if found and found[2] else status

    def once(self, name, fn, when=lambda body, answer: True):
        """Calls fn() before the first such request is answered."""
        with self.lock:
            self.hooks.append((name, fn, when))

    def call_hooks(self, answer):
        name, body = self.log[-1]
        for hook in [h for h in self.hooks if h[0] == name and h[2](body, answer)]:
            self.hooks.remove(hook)
            hook[1]()

    # The network.

    def status(self, id):
        return next((s for s in self.statuses if s["id"] == id), None)

    def add(self, account, text, parent=None):
        self.statuses.append({
            "id": str(100 + len(self.statuses)), "in_reply_to_id": parent, "visibility": "public", "account": account,
            "content": f"<p>{text}</p>", "text": text, "url": f"https://brand.example/{100 + len(self.statuses)}", "language": "en",
            "created_at": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(self.now())), "media_attachments": []})
        return self.statuses[-1]

    def notifications(self, below):
        self.belows.append(below)
        if not self.statuses and self.knows_old():
            for n in range(self.conversations):
                self.add(ACTOR, f"@brand conversation {n}: where is my parcel?")
        return [{"id": s["id"], "type": "mention", "created_at": s["created_at"], "status": s} for s in reversed(self.statuses)
                if s["account"] is ACTOR and (below is None or int(s["id"]) < int(below))][:40]

    def knows_old(self):
        """Whether the daemon has recorded that its first poll has ended: what is new from now on, is new."""
        try:
            db = sqlite3.connect(f"file:{self.store}/mentiond.db?mode=ro", uri=True, timeout=20)
            try:
                return db.execute("SELECT 1 FROM instance WHERE name = 'brand' AND polled").fetchone()
            finally:
                db.close()
        except sqlite3.OperationalError:
            return False         # it has just ended

    def context(self, status):
        up, down = [], []
        parent = status
        while parent and (parent := self.status(parent["in_reply_to_id"])):
            up.insert(0, parent)
        ids = {status["id"]}
        for s in self.statuses:
            if s["in_reply_to_id"] in ids:
                ids.add(s["id"])
                down.append(s)
        return {"ancestors": up, "descendants": down}

    def post(self, body, key):
        self.check_intent("SELECT 1 FROM part p JOIN journal j ON j.id = p.reply WHERE p.key = ? AND j.state IN ('sending', 'ambiguous')", key)
        status = self.add(BRAND, body["status"], body["in_reply_to_id"])
        status["visibility"] = body["visibility"]
        if sum(s["in_reply_to_id"] == body["in_reply_to_id"] for s in self.statuses) == 1:
            self.add(ACTOR, "@brand thank you", status["id"])
        return status

    # The helpdesk.

    def SessionCreate(self, body):
        return {"SessionID": "session"}

    def field(self, body, name):
        return next((f["Value"] for f in body.get("DynamicField", ()) if f["Name"] == name), "")

    def add_article(self, ticket, sender, key, subject, text, visible, origin):
        now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(self.now()))
        self.articles.append({
            "ArticleID": len(self.articles) + 1, "TicketID": ticket, "SenderType": sender, "CommunicationChannel": "Internal",
            "IsVisibleForCustomer": visible, "From": origin, "Subject": subject, "Body": text, "CreateTime": now, "ChangeTime": now,
            "CreateBy": 2, "ChangeBy": 2, "IncomingTime": int(self.now()), "DynamicField": listed({"SocialPost": key})})
        return self.articles[-1]

    def take_article(self, ticket, body):
        a, key = body["Article"], self.field(body, "SocialPost")
        self.check_intent("SELECT 1 FROM journal WHERE state IN ('filing', 'ambiguous') AND ? IN (native_id, 'brand:' || native_id)", key)
        made = self.add_article(ticket, a["SenderType"], key, a["Subject"], a["Body"], a["IsVisibleForCustomer"], a["From"])
        return {"ArticleID": made["ArticleID"], "TicketID": str(ticket), "TicketNumber": f"2026{ticket:06}"}

    def TicketCreate(self, body):
        if any("Content" not in a for a in body.get("Attachment", ())):
            return {"Error": {"ErrorCode": "TicketCreate.MissingParameter", "ErrorMessage": "TicketCreate: Attachment->Content is missing!"}}
        ticket = len(self.tickets) + 1
        self.tickets.append({
            "TicketID": ticket, "TicketNumber": f"2026{ticket:06}", "Title": body["Ticket"]["Title"], "StateType": "new",
            "CustomerUserID": body["Ticket"]["CustomerUser"], "DynamicField": listed({"SocialThread": self.field(body, "SocialThread")})})
        made = self.take_article(ticket, body)
        self.add_article(ticket, "agent", "", "Note", f"It is on its way, {ticket}.", 1, '"Ada Agent" <ada@example.com>')
        return made

    def TicketUpdate(self, body):
        return self.take_article(int(body["TicketID"]), body)

    def TicketGet(self, body):
        tickets = []
        for id in body["TicketID"].split(","):
            ticket = dict(self.tickets[int(id) - 1])
            if body.get("AllArticles"):
                found = [a for a in self.articles if a["TicketID"] == int(id) and a["SenderType"] == body.get("ArticleSenderType", a["SenderType"])]
                ticket["Article"] = list(reversed(found))[:int(body.get("ArticleLimit", 1000))]
            tickets.append(ticket)
        return {"Ticket": tickets}

    def TicketSearch(self, body):
        thread, customer = body.get("DynamicField_SocialThread", {}).get("Equals"), body.get("CustomerUserLogin")
        found = [str(t["TicketID"]) for t in self.tickets if (thread is None or self.field(t, "SocialThread") == thread)
                 and (customer is None or t["CustomerUserID"] == customer)]
        return {"TicketID": found} if found else {}

    def TicketHistoryGet(self, body):
        return {"TicketHistory": [{"TicketID": id, "History": []} for id in str(body["TicketID"]).split(",")]}

    # What came of it.

    def check_intent(self, sql, key):
        """Whether the request that has just come was recorded, and committed, before it left.  Where its connection was cut
        while it waited here for its turn, the daemon knows that already."""
        try:
            db = sqlite3.connect(f"file:{self.store}/mentiond.db?mode=ro", uri=True, timeout=20)
            try:
                found = db.execute(sql, (key,)).fetchone()
            finally:
                db.close()
        except sqlite3.OperationalError:
            return               # the daemon has ended meanwhile, and its store cannot be read without repair
        self.intents += 1
        self.without_intent += not found

    def writes(self):
        """How many requests came that may change something."""
        with self.lock:
            return sum(name in ("TicketCreate", "TicketUpdate", "POST v1/statuses") and "Attachment" not in (body or {}) for name, body in self.log)

    def seen(self, name):
        with self.lock:
            return sum(n == name for n, _ in self.log)

    def wanted(self):
        n = self.conversations
        return {"tickets": n, "mentions": 2 * n, "posts": n, "notes": n}

    def counts(self):
        with self.lock:
            return {"tickets": len(self.tickets),
                    "mentions": sum(a["SenderType"] == "customer" for a in self.articles),
                    "posts": sum(s["account"] is BRAND for s in self.statuses),
                    "notes": sum(a["Subject"] == "Reply posted" for a in self.articles)}

    def doubled(self):
        """What is there more than once, by what is in it."""
        with self.lock:
            seen = ["ticket of " + self.field(t, "SocialThread") for t in self.tickets] + \
                   [self.field(a, "SocialPost") for a in self.articles if self.field(a, "SocialPost")] + \
                   [f"answer to {s['in_reply_to_id']}" for s in self.statuses if s["account"] is BRAND]
        return sorted({s for s in seen if seen.count(s) > 1})

    def odd(self):
        """Texts that are not what somebody wrote, and posts that are wider than they may be."""
        with self.lock:
            texts = [(a["Body"].split("\n")[0], r"@brand (conversation \d+: where is my parcel\?|thank you)")
                     for a in self.articles if a["SenderType"] == "customer"]
            posts = [s for s in self.statuses if s["account"] is BRAND]
        texts += [(s["text"], r"@alice@example\.net It is on its way, \d+\.") for s in posts]
        return [text for text, form in texts if not re.fullmatch(form, text)] + [s for s in posts if s["visibility"] != "unlisted"]
