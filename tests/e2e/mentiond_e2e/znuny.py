"""Znuny, as its agent Ada sees it."""
import base64
import json
import subprocess
import threading

from .http import request
from .wait import until


def listed(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def fields(thing):
    """The dynamic fields of a ticket or article."""
    return {f["Name"]: f["Value"] or "" for f in listed(thing.get("DynamicField"))}


class Znuny:
    # What mentiond asks of it, as Proxy.rule() wants it.
    CREATE, NOTE, SEARCH = ("POST", "/TicketCreate$"), ("POST", "/TicketUpdate$"), ("POST", "/TicketSearch$")
    POLL = "ArticleCreateTimeNewerMinutes"       # that a search holds if it is a poll's

    def __init__(self, directory, script):
        self.directory, self.script = directory, script
        self.info = json.loads((directory / "znuny.json").read_text())
        self.port = int((directory / "port").read_text())
        self.session = self.psql = None
        self.lock = threading.Lock()

    def call(self, operation, **body):
        """As Ada; raises what Znuny refuses."""
        for _ in range(2):
            if not self.session:
                status, answer = request("POST", self.info["api"] + "/SessionCreate", as_json={
                    "UserLogin": self.info["agent_user"], "Password": self.info["agent_password"]})
                self.session = answer["SessionID"]
            status, answer = request("POST", f"{self.info['api']}/{operation}", as_json=dict(body, SessionID=self.session))
            if status == 200 and answer.get("Error", {}).get("ErrorCode", "").endswith("AuthFail"):
                self.session = None
                continue
            break
        if status != 200 or "Error" in answer:
            raise RuntimeError(f"Znuny refuses {operation}: {status} {answer}")
        return answer

    def options(self, daemon):
        """Of an instance of it."""
        return {"plugin": "otrs", "url": self.info["api"], "user": self.info["api_user"],
                "password": daemon.secret("password", self.info["api_password"]), "queue": self.info["queue"],
                "ticket_url": self.info["url"] + "?Action=AgentTicketZoom;TicketID={id}"}

    def ask(self):
        """Something that it has to do a little for."""
        self.call("TicketSearch", Title="nothing")

    @staticmethod
    def sought(request):
        """What a look is for, after an attempt of unknown end."""
        return request.json.get("DynamicField_SocialThread", {}).get("Equals")

    @staticmethod
    def noted(request):
        """The ticket of a note that says that a reply was posted."""
        return request.json["TicketID"] if "Reply posted" in str(request.json.get("Article")) else None

    def filed(self, word):
        """Of each ticket whose title holds the word and something behind it: title, id, how many articles it has of its customer, and
        of these finished ones."""
        return self.sql(f"""SELECT t.title, t.id, count(a.id), count(v.value_text) FROM ticket t JOIN article a ON a.ticket_id = t.id
            JOIN article_sender_type s ON s.id = a.article_sender_type_id AND s.name = 'customer'
            LEFT JOIN (dynamic_field_value v JOIN dynamic_field f ON f.id = v.field_id AND f.name = 'SocialPost') ON v.object_id = a.id
            WHERE t.title LIKE '%{word}%' GROUP BY t.title, t.id""")

    def told(self, tickets):
        """The tickets of notes that say that a reply was posted, one for each note."""
        return [row[0] for row in self.sql(f"""SELECT a.ticket_id FROM article a JOIN article_data_mime m ON m.article_id = a.id
            WHERE m.a_subject = 'Reply posted' AND a.ticket_id IN ({','.join(tickets)}) ORDER BY a.ticket_id""")]

    def texts(self, id):
        """What its customer wrote: text and files of each article."""
        return [(a["Body"], [base64.b64decode(f["Content"]) for f in listed(a.get("Attachment"))])
                for a in self.ticket(id, Attachments=1)["Article"] if a["SenderType"] == "customer"]

    def tickets(self, word):
        """Ids of the tickets whose title holds the word, which is to be made of letters and digits; also unfinished ones."""
        return [row[0] for row in self.sql(f"SELECT id FROM ticket WHERE title LIKE '%{word}%' ORDER BY id")]

    def ticket(self, id, **options):
        """One ticket with its articles, oldest first."""
        ticket = self.call("TicketGet", TicketID=id, AllArticles=1, DynamicFields=1, **options)["Ticket"][0]
        # Of a ticket without articles Znuny shows one without anything.
        ticket["Article"] = sorted((a for a in listed(ticket.get("Article")) if a.get("ArticleID")), key=lambda a: int(a["ArticleID"]))
        return ticket

    def articles(self, id, sender=None, holds=""):
        return [a for a in self.ticket(id)["Article"]
                if (sender is None or a["SenderType"] == sender) and holds in a["Body"]]

    def customers(self, id, holds=""):
        """What came from the network."""
        return self.articles(id, "customer", holds)

    def notes(self, id, holds="", subject=""):
        """What mentiond wrote for the agent."""
        return [a for a in self.articles(id, "agent", holds) if a["From"] == "mentiond" and subject in a["Subject"]]

    def history(self, id):
        return self.call("TicketHistoryGet", TicketID=id)["TicketHistory"][0]["History"]

    def write(self, id, text, public=True, subject="Note", content_type="text/plain", attachment=None, sender=None, **ticket):
        """Ada writes a note; returns its article's id."""
        body = {"TicketID": id, "Article": {
            "Subject": subject, "Body": text, "ContentType": content_type + "; charset=utf-8",
            "CommunicationChannel": "Internal", "SenderType": "agent", "IsVisibleForCustomer": int(public), "NoAgentNotify": 1}}
        if sender:
            body["Article"]["From"] = sender
        if attachment:
            body["Attachment"] = [attachment]
        if ticket:
            body["Ticket"] = ticket
        return str(self.call("TicketUpdate", **body)["ArticleID"])

    def set(self, id, **ticket):
        self.call("TicketUpdate", TicketID=id, Ticket=ticket)

    def create(self, title, text="By mail"):
        """A plain ticket that has nothing to do with us."""
        return str(self.call("TicketCreate", Ticket={
            "Title": title, "Queue": self.info["queue"], "State": "open", "Priority": "3 normal", "CustomerUser": "plain"},
            Article={"Subject": title, "Body": text, "ContentType": "text/plain; charset=utf-8", "SenderType": "customer",
                     "CommunicationChannel": "Internal", "IsVisibleForCustomer": 1, "NoAgentNotify": 1, "From": "Plain"})["TicketID"])

    def run(self, *args):
        subprocess.run([self.script, args[0], self.directory, *args[1:]], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def merge(self, ticket, into):
        self.run("merge", ticket, into)

    def set_visible(self, ticket, article, visible):
        self.run("set-visible", ticket, article, str(int(visible)))

    def delete_article(self, ticket, article):
        """As add-ons do; Znuny looks into its database again when Ada has written."""
        self.sql(f"UPDATE ticket_history SET article_id = NULL WHERE article_id = {article}")
        for table in "article_data_mime_attachment", "article_data_mime", "article_flag", "article_search_index":
            self.sql(f"DELETE FROM {table} WHERE article_id = {article}")
        self.sql(f"DELETE FROM article WHERE id = {article}")
        self.write(ticket, "that was deleted", public=False)

    def hook(self, address, secret_file):
        """From now on its daemon shall call when an agent has answered; run_tasks() stands for that."""
        self.run("hook", address, secret_file)

    def unhook(self):
        self.run("unhook")

    def run_tasks(self):
        """The ids of the articles that it told of."""
        return set(subprocess.run([self.script, "run-tasks", self.directory], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  text=True).stdout.split())

    def sql(self, query):
        """Rows of the database itself, for what no API tells, and for what is asked often: each call of the API costs
        Znuny 40 ms."""
        with self.lock:
            if not self.psql:
                self.psql = subprocess.Popen(
                    [self.directory / "pg/lib/postgresql/15/bin/psql", "-h", "127.0.0.1", "-p", str(self.port + 1), "-U", "otrs",
                     "-AtXq", "otrs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.psql.stdin.write(query + ";\n\\echo <end>\n")
            self.psql.stdin.flush()
            rows = []
            while (line := self.psql.stdout.readline().rstrip("\n")) != "<end>":
                rows.append(line.split("|"))
            return rows

    def close(self):
        if self.psql:
            self.psql.stdin.close()
            self.psql.wait()

    # What is waited for.  An article is there when it has all that it will have.

    def with_key(self, where):
        """Ids of the articles, with their tickets', that mentiond has finished."""
        return self.sql(f"""SELECT a.id, a.ticket_id FROM article a JOIN article_data_mime m ON m.article_id = a.id
            JOIN ticket t ON t.id = a.ticket_id JOIN article_sender_type s ON s.id = a.article_sender_type_id
            JOIN dynamic_field_value v ON v.object_id = a.id JOIN dynamic_field f ON f.id = v.field_id AND f.name = 'SocialPost'
            WHERE {where} ORDER BY a.id""")

    def ticket_of(self, word, timeout=20):
        """The one ticket with this word in its title, when its first article is there."""
        def there():
            ids = self.tickets(word)
            assert len(ids) < 2, f"tickets {ids} hold {word}"
            return self.with_key(f"t.title LIKE '%{word}%' AND s.name = 'customer'")
        return until(f"a ticket with {word}", there, timeout)[0][1]

    def customer_of(self, id, word, timeout=20):
        """The one article of the customer with this word."""
        until(f"an article with {word} in ticket {id}",
              lambda: self.with_key(f"a.ticket_id = {id} AND s.name = 'customer' AND m.a_body LIKE '%{word}%'"), timeout)
        found = self.customers(id, word)
        assert len(found) == 1, f"{len(found)} articles hold {word}"
        return found[0]

    def note_of(self, id, subject, holds="", timeout=20):
        """The first of mentiond's notes with this subject."""
        until(f"a note \"{subject}\" with \"{holds}\" in ticket {id}", lambda: self.with_key(
            f"a.ticket_id = {id} AND s.name = 'agent' AND m.a_subject = '{subject}' AND m.a_body LIKE '%{holds}%'"), timeout)
        return self.notes(id, holds, subject)[0]
