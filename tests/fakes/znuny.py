"""Znuny's Generic Interface with the web service of plugins/otrs/mentiond.yml, and what agents do beside it.

As recorded from 6.5: refusals come within 200, there are no transactions (ticket, its fields, article with its line in the
history, article's field), search keys that are unknown are ignored and bring every ticket, and types change between calls.
"""
import base64
import datetime
import html
import json
import secrets
import time

from .server import Answer, Model

STATES = {"new": (1, "new"), "closed successful": (2, "closed"), "closed unsuccessful": (3, "closed"), "open": (4, "open"),
          "removed": (5, "removed"), "pending reminder": (6, "pending reminder"), "merged": (9, "merged")}
CHANNELS = {"Email": 1, "Phone": 2, "Internal": 3}
SENDERS = {"agent": "1", "system": "2", "customer": "3"}
PRIORITIES = {"1 very low": 1, "2 low": 2, "3 normal": 3, "4 high": 4, "5 very high": 5}
FIELD_MAX = SUBJECT_MAX = 3800
TITLE_MAX = 255
API_USER, AGENT = 3, 2


class Refused(Exception):
    """code, message."""


class Broken(Exception):
    """The operation failed in its middle; what it had done stays."""


class Ticket:
    def __init__(self, **members):
        self.__dict__.update(members)


Article = Line = Ticket


class Znuny(Model):
    path = "/znuny/nph-genericinterface.pl/Webservice/mentiond"

    def __init__(self, user="mentiond", password="api-pw", queues=("Social", "Raw"), zone=3600, clock=time.time, first=2):
        super().__init__()
        self.user, self.password, self.queues, self.zone = user, password, queues, zone
        self.clock, self.ahead = clock, 0        # the helpdesk's clock; tick() sets it forward
        self.ticket_fields = ["SocialNetwork", "SocialThread", "SocialUrl"]
        self.article_fields = ["SocialPost"]
        self.sessions, self.breaks = set(), []   # stages at which the next writes break: ticket, fields, article
        self.tickets, self.articles, self.history = {}, {}, []
        self.next_ticket = self.next_article = first

    # What agents do, and what tests ask.

    def tick(self, seconds):
        with self.lock:
            self.ahead += seconds

    def write(self, ticket, text, public=True, rich=False, touched=False, files=(), sender="\"Ada Agent\" <ada@desk.example>"):
        """An agent's note; returns its article.  touched: it was changed since, as by a switch of its visibility."""
        with self.lock:
            a = self.add_article(ticket, AGENT, SenderType="agent", IsVisibleForCustomer=int(public), From=sender, Subject="Note",
                                 Body=f"\n{text}\n\n" if rich else text, html=f"<p>{html.escape(text)}</p>" if rich else "",
                                 files=[{"Filename": name, "ContentType": "text/plain", "Content": "eA=="} for name in files])
            a.changed += 2 * touched
            self.add_line(ticket, a.id, "AddNote", "%%", AGENT)
            self.lock.notify_all()
            return a

    def merge(self, ticket, into):
        with self.lock:
            now = self.now()
            for a in self.articles.values():
                if a.ticket is ticket:
                    a.ticket, a.changed, a.change_by = into, now, AGENT
            for line in self.history:
                if line.ticket is ticket and line.article:
                    line.ticket = into
            self.add_article(ticket, AGENT, SenderType="agent", IsVisibleForCustomer=1, From="", Subject="Ticket Merged",
                             Body=f"Merged Ticket {ticket.number} to {into.number}.")
            name = f"%%{ticket.number}%%{ticket.id}%%{into.number}%%{into.id}"
            for t in ticket, into:
                self.add_line(t, 0, "Merged", name, AGENT)
            ticket.state, ticket.into = "merged", into
            self.lock.notify_all()

    def of_field(self, name, value):
        """Tickets by a dynamic field, and articles."""
        with self.lock:
            return [x for x in [*self.tickets.values(), *self.articles.values()] if x.fields.get(name) == value]

    # The record.

    def now(self):
        return self.clock() + self.ahead

    def time(self, at):
        return datetime.datetime.fromtimestamp(int(at) + self.zone, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")

    def add_ticket(self, title, customer, queue="Social", state="new", priority="3 normal", owner=API_USER):
        with self.lock:
            t = Ticket(id=self.next_ticket, number=f"20261122{10000000 + self.next_ticket * 9}", title=title[:TITLE_MAX], customer=customer,
                       queue=queue, state=state, priority=priority, owner=owner, created=self.now(), fields={}, deleted=False, into=None)
            self.next_ticket += 1
            self.tickets[t.id] = t
            self.add_line(t, 0, "NewTicket", f"%%{t.number}%%{queue}%%{priority}%%{state}%%{t.id}")
            return t

    def add_article(self, ticket, by, **given):
        now = self.now()
        a = Article(id=self.next_article, ticket=ticket, fields={}, created=now, changed=now, create_by=by, change_by=by, files=[], html="",
                    CommunicationChannel="Internal", SenderType="agent", IsVisibleForCustomer=1, From=ticket.customer,
                    ContentType="text/plain; charset=utf-8")
        a.__dict__.update(given)
        a.number = 1 + sum(x.ticket is ticket for x in self.articles.values())
        self.next_article += 1
        self.articles[a.id] = a
        return a

    def add_line(self, ticket, article, kind, name, by=API_USER):
        self.history.append(Line(ticket=ticket, article=article, kind=kind, name=name, created=self.now(), by=by, state=ticket.state,
                                 owner=ticket.owner))

    def stage(self, name):
        if self.breaks and self.breaks[0] == name:
            self.breaks.pop(0)
            raise Broken("Article could not be created, please contact the system administrator")

    # Writing.

    @staticmethod
    def fields_of(q):
        given = q.get("DynamicField") or []
        return given if isinstance(given, list) else [given]

    def check_fields(self, q):
        for f in self.fields_of(q):
            if f.get("Name") not in self.ticket_fields + self.article_fields:
                raise Refused("InvalidParameter", "DynamicField->Name parameter is invalid!")

    def check_article(self, a, files):
        for name in "Subject", "Body":
            if not a.get(name):
                raise Refused("MissingParameter", f"Article->{name} parameter is missing!")
        if not a.get("ContentType") and not (a.get("MimeType") and a.get("Charset")):
            raise Refused("MissingParameter", "Article->ContentType or Ticket->MimeType and Article->Charset parameters are required!")
        if a.get("CommunicationChannel", "Internal") not in CHANNELS:
            raise Refused("InvalidParameter", "Article->CommunicationChannel or Article->CommunicationChannelID parameter is invalid or not "
                                              "supported!")
        for f in files:
            for name in "Content", "ContentType", "Filename":
                if not f.get(name):
                    raise Refused("MissingParameter", f"Attachment->{name}  parameter is missing!")

    def set_fields(self, q, thing, names):
        for f in self.fields_of(q):
            if f["Name"] in names:
                if len(str(f.get("Value"))) > FIELD_MAX:
                    raise Broken(f"Dynamic Field {f['Name']} could not be set, please contact the system administrator")
                thing.fields[f["Name"]] = f.get("Value")

    def make_article(self, ticket, q, first):
        given = q["Article"]
        if not isinstance(given["Subject"], str) or len(given["Subject"]) > SUBJECT_MAX:
            raise Broken("Article could not be created, please contact the system administrator")
        a = self.add_article(ticket, API_USER, files=list(self.attachments(q)),
                             **{k: v for k, v in given.items() if k in ("CommunicationChannel", "SenderType", "From", "Subject", "ContentType")},
                             Body=given["Body"].split("\0")[0], IsVisibleForCustomer=int(given.get("IsVisibleForCustomer", 1)))
        self.add_line(ticket, a.id, given.get("HistoryType") or ("NewTicket" if first else "AddNote"), given.get("HistoryComment") or "%%")
        self.stage("article")
        self.set_fields(q, a, self.article_fields)
        return a

    @staticmethod
    def attachments(q):
        given = q.get("Attachment") or []
        return given if isinstance(given, list) else [given]

    def made(self, ticket, article=None):
        answer = {"TicketID": str(ticket.id), "TicketNumber": ticket.number}
        return dict(answer, ArticleID=str(article.id)) if article else answer

    def TicketCreate(self, q):
        t, a = q.get("Ticket") or {}, q.get("Article") or {}
        for name in "Title", "CustomerUser":
            if not t.get(name):
                raise Refused("MissingParameter", f"Ticket->{name} parameter is missing!")
        for name in "Queue", "State", "Priority":
            if not t.get(name):
                raise Refused("MissingParameter", f"Ticket->{name}ID or Ticket->{name} parameter is required!")
        for name, known in ("Queue", self.queues), ("State", STATES), ("Priority", PRIORITIES):
            if t[name] not in known:
                raise Refused("InvalidParameter", f"Ticket->{name}ID or Ticket->{name} parameter is invalid!")
        self.check_fields(q)
        self.check_article(a, self.attachments(q))
        ticket = self.add_ticket(t["Title"].replace("\0", ""), t["CustomerUser"], t["Queue"], t["State"], t["Priority"], int(t.get("OwnerID") or API_USER))
        self.stage("ticket")
        self.set_fields(q, ticket, self.ticket_fields)
        self.stage("fields")
        return self.made(ticket, self.make_article(ticket, q, True))

    def TicketUpdate(self, q):
        ticket = self.readable(q.get("TicketID"))
        change = q.get("Ticket") or {}
        self.check_fields(q)
        for name, known in ("State", STATES), ("Priority", PRIORITIES), ("Queue", self.queues):
            if change.get(name) and change[name] not in known:
                raise Refused("InvalidParameter", f"Ticket->{name}ID or Ticket->{name} parameter is invalid!")
        if q.get("Article"):
            self.check_article(q["Article"], self.attachments(q))
        elif any(f["Name"] in self.article_fields for f in self.fields_of(q)):
            raise Refused("MissingParameter", "To create an article DynamicField an article is required!")
        for name in "State", "Priority", "Queue", "Title":
            if change.get(name):
                setattr(ticket, name.lower(), change[name])
        self.stage("ticket")
        self.set_fields(q, ticket, self.ticket_fields)
        self.stage("fields")
        return self.made(ticket, self.make_article(ticket, q, False) if q.get("Article") else None)

    # Reading.

    def readable(self, id):
        ticket = self.tickets.get(int(id)) if str(id or "").isdigit() else None
        if not ticket or ticket.deleted or ticket.queue not in self.queues:
            raise Refused("AccessDenied", "User does not have access to the ticket!")
        return ticket

    @staticmethod
    def shown_fields(thing, names):
        return [{"Name": n, "Value": thing.fields.get(n)} for n in sorted(names)]

    def shown_article(self, a, q):
        charset = a.ContentType.rpartition("charset=")[2]
        o = {"ArticleID": a.id, "ArticleNumber": a.number, "TicketID": a.ticket.id, "SenderType": a.SenderType, "SenderTypeID": SENDERS[a.SenderType],
             "CommunicationChannel": a.CommunicationChannel, "CommunicationChannelID": CHANNELS[a.CommunicationChannel],
             "IsVisibleForCustomer": a.IsVisibleForCustomer, "From": a.From, "To": a.ticket.queue, "Cc": "", "Bcc": "", "ReplyTo": "", "InReplyTo": "",
             "MessageID": "", "References": "", "Subject": a.Subject, "Body": a.Body, "ContentType": a.ContentType,
             "MimeType": a.ContentType.split(";")[0], "Charset": charset, "ContentCharset": charset, "CreateTime": self.time(a.created),
             "ChangeTime": self.time(a.changed), "CreateBy": a.create_by, "ChangeBy": a.change_by, "IncomingTime": int(a.created), "TimeUnit": 0}
        if str(q.get("DynamicFields", 0)) == "1":
            o["DynamicField"] = self.shown_fields(a, self.article_fields)
        if str(q.get("Attachments", 0)) == "1":
            files = [dict(f, Disposition="attachment") for f in a.files]
            if a.html and str(q.get("HTMLBodyAsAttachment", 0)) == "1":
                files.append({"Filename": "file-2", "ContentType": 'text/html; charset="utf-8"', "Disposition": "inline",
                              "Content": base64.b64encode(a.html.encode()).decode()})
            if files:
                o["Attachment"] = [dict(f, ContentAlternative="", ContentID="", FileID=str(i), FilesizeRaw=str(len(f["Content"])),
                                        Content=f["Content"] if str(q.get("GetAttachmentContents", 1)) == "1" else "")
                                   for i, f in enumerate(files, 1)]
        return o

    def shown_ticket(self, t, q):
        o = {"TicketID": t.id, "TicketNumber": t.number, "Title": t.title, "Queue": t.queue, "QueueID": 5, "GroupID": 5, "State": t.state,
             "StateID": STATES[t.state][0], "StateType": STATES[t.state][1], "Priority": t.priority, "PriorityID": PRIORITIES[t.priority],
             "Lock": "unlock", "LockID": 1, "Owner": "mentiond", "OwnerID": t.owner, "Responsible": "root@localhost", "ResponsibleID": 1,
             "CustomerID": "", "CustomerUserID": t.customer, "Type": "Unclassified", "TypeID": 1, "ServiceID": "", "SLAID": "",
             "ArchiveFlag": "n", "Age": int(self.now() - t.created), "Created": self.time(t.created), "Changed": self.time(t.created),
             "CreateBy": API_USER, "ChangeBy": API_USER, "EscalationTime": 0, "EscalationResponseTime": 0, "EscalationSolutionTime": 0,
             "EscalationUpdateTime": 0, "RealTillTimeNotUsed": 0, "TimeUnit": 0, "UnlockTimeout": 0, "UntilTime": 0}
        if str(q.get("DynamicFields", 0)) == "1":
            o["DynamicField"] = self.shown_fields(t, self.ticket_fields)
        if str(q.get("AllArticles", 0)) != "1":
            return o
        senders = q.get("ArticleSenderType") or []
        senders = [senders] if isinstance(senders, str) else senders
        rows = [a for a in self.articles.values() if a.ticket is t and (not senders or a.SenderType in senders)]
        limit = int(q.get("ArticleLimit") or 0)
        if limit:                # only then the order is obeyed
            rows = (rows[::-1] if q.get("ArticleOrder") == "DESC" else rows)[:limit]
        if rows:
            o["Article"] = [self.shown_article(a, q) for a in rows]
        return o

    def TicketGet(self, q):
        ids = q.get("TicketID") or ""
        return {"Ticket": [self.shown_ticket(self.readable(id), q) for id in (ids if isinstance(ids, list) else str(ids).split(","))]}

    def TicketHistoryGet(self, q):
        tickets = [self.readable(id) for id in str(q.get("TicketID")).split(",")]
        return {"TicketHistory": [{"TicketID": str(t.id), "History": [
            {"ArticleID": h.article, "CreateBy": h.by, "CreateTime": self.time(h.created), "HistoryType": h.kind, "HistoryTypeID": 1, "Name": h.name,
             "OwnerID": h.owner, "PriorityID": 3, "QueueID": 5, "StateID": STATES[h.state][0], "TicketID": str(t.id), "TypeID": 1}
            for h in self.history if h.ticket is t]} for t in tickets]}

    def TicketSearch(self, q):
        def fits(t):
            for name in self.ticket_fields:
                wanted = q.get(f"DynamicField_{name}")
                has = str(t.fields.get(name) or "").lower()
                if isinstance(wanted, dict) and "Equals" in wanted:
                    values = wanted["Equals"] if isinstance(wanted["Equals"], list) else [wanted["Equals"]]
                    if has not in [str(v).lower() for v in values]:
                        return False
                if isinstance(wanted, dict) and "Like" in wanted and not has.startswith(str(wanted["Like"]).lower().rstrip("*")):
                    return False
            if "CustomerUserLogin" in q and t.customer.lower() != str(q["CustomerUserLogin"]).lower():
                return False
            if "TicketNumber" in q and t.number != q["TicketNumber"]:
                return False
            if "Queues" in q and t.queue not in q["Queues"]:
                return False
            if "TicketCreateTimeNewerMinutes" in q and t.created < self.now() - 60 * int(q["TicketCreateTimeNewerMinutes"]):
                return False
            if any(key in q for key in ("TicketCloseTimeNewerMinutes", "TicketCloseTimeNewerDate")) and STATES[t.state][1] != "closed":
                return False             # whenever that was
            since = self.now() - 60 * int(q.get("ArticleCreateTimeNewerMinutes", 0))
            return "ArticleCreateTimeNewerMinutes" not in q or any(a.ticket is t and a.created >= since for a in self.articles.values())
        hits = [str(t.id) for t in reversed(self.tickets.values()) if not t.deleted and t.queue in self.queues and fits(t)]
        return {"TicketID": hits[:int(q.get("Limit") or 500)]} if hits else {}

    # The interface.

    def SessionCreate(self, q):
        if (q.get("UserLogin"), q.get("Password")) != (self.user, self.password):
            raise Refused("AuthFail", "Authorization failing!")
        session = secrets.token_urlsafe(24)[:32]
        self.sessions.add(session)
        return {"SessionID": session}

    def call(self, operation, q):
        if operation != "SessionCreate" and q.get("SessionID") not in self.sessions and (
                (q.get("UserLogin"), q.get("Password")) != (self.user, self.password)):
            raise Refused("AuthFail", "Authorization failing!")
        return getattr(self, operation)(q)

    def handle(self, request):
        operation = request.path.rpartition("/")[2]
        if request.path.rpartition("/")[0] != self.path:
            return Answer(500, text="<html>\n<head><title>An Error Occurred</title></head>", content_type="text/html; charset=utf-8")
        if request.method != "POST" or operation not in ("SessionCreate", "TicketCreate", "TicketUpdate", "TicketGet", "TicketSearch",
                                                         "TicketHistoryGet"):
            return Answer(500, text=f"HTTP::REST Error while determine Operation for request URI '/{operation}'.")
        if request.content_type != "application/json":
            return Answer(500, text="Could not read input data")
        if request.broken:
            return Answer(500, text="Error while decoding request content.")
        if not isinstance(request.json, dict):
            return Answer(500, text="Unsupported request content structure.")
        try:
            return Answer(200, self.call(operation, request.json), content_type="application/json; charset=UTF-8")
        except Refused as e:
            return Answer(200, {"Error": {"ErrorCode": f"{operation}.{e.args[0]}", "ErrorMessage": f"{operation}: {e.args[1]}"}},
                          content_type="application/json; charset=UTF-8")
        except Broken as e:
            return Answer(500, text=json.dumps({"faultcode": "Server", "faultstring": str(e)}), content_type="text/plain; charset=UTF-8")
