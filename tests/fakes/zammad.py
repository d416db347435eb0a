"""Zammad's REST API, as far as an agent with a token of his own needs it, and what agents and administrators do beside it.

As recorded from 6.3.1: a write is one transaction; searches by condition see at once what is there; a refused ticket leaves
nothing; 422 without error_human hides its reason; attributes of tickets that are not known, or that a worker has not heard of,
are dropped in silence; a merge moves articles, touches them, and leaves a public note "merged" behind.
"""
import base64
import datetime
import hashlib
import json
import re
import secrets
import time

from .server import Answer, Model
from .zammad_admin import Admin

STATES = {"new": 1, "open": 2, "pending reminder": 3, "closed": 4, "merged": 5, "pending close": 6}
STATE_TYPES = {"new": 1, "open": 2, "pending reminder": 3, "pending close": 4, "closed": 5, "merged": 6}
PRIORITIES = {"1 low": 1, "2 normal": 2, "3 high": 3}
TYPES = {"email": 1, "phone": 5, "twitter status": 6, "facebook feed post": 8, "note": 10, "web": 11}
SENDERS = {"Agent": 1, "Customer": 2, "System": 3}
TITLE_MAX, LOGIN_MAX, NAME_MAX, BODY_MAX, PAGE, PAGE_MAX = 250, 255, 100, 1500000, 50, 200
NOBODY = 1
# Keys that tickets and users have, and mentiond leaves alone.
TICKET = """organization_id note first_response_escalation_at first_response_in_min first_response_diff_in_min close_escalation_at close_in_min
close_diff_in_min update_escalation_at update_in_min update_diff_in_min last_owner_update_at escalation_at type time_unit""".split()
USER = dict.fromkeys("organization_id image department address last_login out_of_office_start_at out_of_office_end_at "
                     "out_of_office_replacement_id".split())
USER.update(dict.fromkeys("phone fax mobile street zip city country".split(), ""), vip=False, verified=False, login_failed=0, out_of_office=False,
            preferences={}, two_factor_preference_ids=[], organization_ids=[], authorization_ids=[], overview_sorting_ids=[])


class Thing:
    def __init__(self, **members):
        self.__dict__.update(members)


class Refused(Exception):
    """status, error, whether people are told."""

    def __init__(self, status, error, human=True):
        super().__init__(error)
        self.answer = Answer(status, {"error": error, "error_human": error} if human else {"error": error})


def opaque(status=422):
    return Refused(status, f"Error ID {secrets.token_urlsafe(6)}: Please contact your administrator.", human=False)


def forbidden():
    return Refused(403, "Not authorized")


def lookup(what, table, name):
    if name not in table:
        raise Refused(422, f"No lookup value found for '{what}': {json.dumps(name)}")
    return name


class Zammad(Model):
    def __init__(self, token="zammad-token", groups=("Users", "Social"), attributes=("mentiond_thread",), clock=time.time, first=2):
        super().__init__()
        self.clock = clock
        self.ahead = 0
        self.groups = {name: n for n, name in enumerate(groups, 1)}
        self.attributes = list(attributes)
        self.mandatory = set()           # attributes without which agents can neither make nor change a ticket
        self.maintenance = self.token_access_off = False
        self.narrow = False              # the database keeps no characters beyond U+FFFF
        self.drops = 0                   # how many of the next tickets that are written lose unknown attributes
        self.races, self.raced = 0, {}   # how many of the next tickets with a new customer lose the race for him; who won
        self.users, self.tickets, self.articles, self.links = {}, {}, {}, []
        self.pairs = []                  # of tickets that are linked, and none the other's parent
        self.tokens = {}                 # token: (user, permissions)
        self.next_ticket = self.next_article = first
        self.next_number, self.next_file = 92000 + first, 1
        self.add_user("-", "-", "", active=False)
        everything = {name: ["full"] for name in self.groups}
        self.admin = self.add_user("admin@acme.test", "Ada", "Admin", everything, roles=[1, 2])
        self.agent = self.add_user("alice@acme.test", "Alice", "Agent", everything, roles=[2])
        self.bot = self.add_user("mentiond@acme.test", "Mention", "Daemon", {groups[-1]: ["change", "create", "read"]}, roles=[2])
        self.tokens[token] = self.bot, ("ticket.agent",)
        self.tokens["admin-token"] = self.admin, ("admin", "ticket.agent")
        self.office = Admin(self, Refused)
        self.tokens["agent-token"] = self.agent, ("ticket.agent",)

    # What agents and administrators do, and what tests ask.

    def write(self, ticket, text, public=True, html=True, kind="note", files=(), pictures=(), touched=False, by=None):
        """An agent's note, as the web page makes it; returns its article.  files and pictures, which stand in the text: their names, or
        {name: bytes}."""
        with self.lock:
            a = self.add_article(ticket, by or self.agent, {
                "body": f"<div>{text}</div>" if html else text, "content_type": "text/html" if html else "text/plain", "type": kind,
                "internal": not public})
            for given, inline in (files, False), (pictures, True):
                for name in given:
                    f = self.add_file(a, name, "image/png" if inline else "text/plain", given[name] if isinstance(given, dict) else b"x", inline)
                    a.body += f'<img src="/api/v1/ticket_attachment/{ticket.id}/{a.id}/{f.id}?view=inline">' if inline else ""
            if touched:
                a.updated += 5
            self.lock.notify_all()
            return a

    def open_up(self, article, internal=False):
        """Makes an internal article public, or the reverse."""
        with self.lock:
            article.internal, article.updated = internal, max(self.now(), article.created + 5)
            self.touch(article.ticket, self.agent)
            self.lock.notify_all()

    def retract(self, article):
        """Deletes an agent's own note."""
        with self.lock:
            del self.articles[article.id]
            self.touch(article.ticket, self.agent)

    def merge(self, ticket, into, by=None):
        with self.lock:
            self.ahead += 2              # nobody merges at once
            now = self.now()
            for a in self.articles.values():
                if a.ticket is ticket:
                    a.ticket, a.updated = into, now
            self.links = [{**l, "parent": into.id if l["parent"] == ticket.id else l["parent"],
                           "child": into.id if l["child"] == ticket.id else l["child"]} for l in self.links]
            self.links.append({"parent": into.id, "child": ticket.id})
            self.add_article(ticket, by or self.agent, {"body": "merged"})
            ticket.state = "merged"
            for t in ticket, into:
                self.touch(t, by or self.agent)
            self.lock.notify_all()

    def set(self, ticket, **members):
        with self.lock:
            ticket.__dict__.update(members)
            self.touch(ticket, self.agent)
            self.lock.notify_all()

    def delete(self, ticket):
        with self.lock:
            del self.tickets[ticket.id]
            self.articles = {k: a for k, a in self.articles.items() if a.ticket is not ticket}

    def of_thread(self, key, attribute="mentiond_thread"):
        with self.lock:
            return [t for t in self.tickets.values() if t.custom.get(attribute) == key]

    def articles_of(self, ticket, sender=None, holds=""):
        with self.lock:
            return [a for a in self.articles.values() if a.ticket is ticket and sender in (None, a.sender) and holds in a.body]

    # The record.

    def now(self):
        return self.clock() + self.ahead

    def time(self, at):
        return at and datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(at * 1000) % 1000:03d}Z"

    def cut(self, text, most=None):
        text = str(text).replace("\0", "")
        if self.narrow:
            text = "".join(c for c in text if ord(c) < 0x10000)
        return text[:most]

    def add_user(self, login, firstname, lastname, groups=None, roles=(3,), active=True, by=1, **given):
        now = self.now()
        login = (login or f"auto-{secrets.token_hex(16)}").lower().strip()[:LOGIN_MAX]
        taken = {u.login for u in self.users.values()}
        login = next(name for name in [login, *(f"{login}{n}" for n in range(1, 21))] if name not in taken)
        u = Thing(id=len(self.users) + 1, login=login, firstname=self.cut(firstname, NAME_MAX), lastname=self.cut(lastname, NAME_MAX), groups=groups or {},
                  roles=list(roles), active=active, given={k: v for k, v in given.items() if k in ("web", "note", "source", "image_source")},
                  email=given.get("email", "") or "", created=now, by=by)
        if not u.lastname and " " in u.firstname:
            u.firstname, u.lastname = u.firstname.split(" ", 1)
        self.users[u.id] = u
        return u

    def find_user(self, login):
        return next((u for u in self.users.values() if u.login == str(login).lower()), None)

    @staticmethod
    def name(user):
        return f"{user.firstname} {user.lastname}".strip()

    def touch(self, ticket, by):
        ticket.updated = max(self.now(), ticket.updated + 0.001)
        ticket.updated_by = by

    def add_ticket(self, by, title, group, customer, state="new", priority="2 normal", **given):
        with self.lock:
            now = self.now()
            t = Thing(id=self.next_ticket, number=str(given.get("number") or self.next_number), title=title, group=group, customer=customer, state=state,
                      priority=priority, owner=self.users[NOBODY], created=now, updated=now, created_by=by, updated_by=by, custom={}, tags=[],
                      preferences=given.get("preferences") or {}, note=given.get("note"), first_response=None, closed=None, pending=None,
                      last_agent=None, last_customer=None)
            self.next_ticket += 1
            self.next_number += 1
            self.tickets[t.id] = t
            return t

    def add_article(self, ticket, by, given):
        now = self.now()
        kind, sender = given.get("type") or "note", given.get("sender") or "Agent"
        a = Thing(id=self.next_article, ticket=ticket, type=kind, sender=sender, internal=bool(given.get("internal")), created=now, updated=now, by=by,
                  body=self.cut(given["body"]), content_type=given.get("content_type") or "text/plain", subject=given.get("subject"),
                  message_id=given.get("message_id"), to=given.get("to"), reply_to=given.get("reply_to"), in_reply_to=given.get("in_reply_to"),
                  references=given.get("references"), preferences=given.get("preferences") or {}, origin=None, files=[])
        if "origin_by_id" in given:
            if given["origin_by_id"] not in self.users:
                raise Refused(422, f"Invalid value for param 'origin_by_id': {given['origin_by_id']}")
            a.origin = self.users[given["origin_by_id"]]
        elif given.get("origin_by"):
            a.origin = self.find_user(given["origin_by"])
            if not a.origin:
                raise Refused(422, f"No lookup value found for 'origin_by': {json.dumps(given['origin_by'])}")
        elif sender == "Customer" and kind in ("web", "note", "phone"):
            a.origin = ticket.customer
        if a.origin and 2 in a.origin.roles:
            a.sender = "Customer"
        a.origin_from = given.get("from") if kind in ("twitter status", "facebook feed post") else None if kind == "email" else self.name(a.origin or by)
        if "text/html" in a.content_type:
            a.body = re.sub(r"(?s)<(script|style|iframe).*?</\1>|<iframe[^>]*>", "", a.body)
        for n, f in enumerate(given.get("attachments") or []):
            for key in "mime-type", "filename", "data":
                if not f.get(key):
                    raise Refused(422, f"Attachment needs '{key}' param for attachment with index '{n}'")
            try:
                data = base64.b64decode(f["data"], validate=True)
            except ValueError:
                raise Refused(422, f"Invalid base64 for attachment with index '{n}'") from None
            self.add_file(a, f["filename"], f["mime-type"], data)
        self.next_article += 1
        first = not any(x.ticket is ticket for x in self.articles.values())
        self.articles[a.id] = a
        self.touch(ticket, by)
        self.office.fire(ticket, a, first, str(SENDERS[a.sender]))
        if kind != "note" and not a.internal:
            if a.sender == "Agent":
                ticket.first_response, ticket.last_agent = ticket.first_response or now, now
                ticket.state = "open" if ticket.state == "new" else ticket.state
            elif a.sender == "Customer":
                ticket.last_customer = now
        return a

    def add_file(self, article, name, type, data, inline=False):
        f = Thing(id=self.next_file, name=name, type=type, data=data, inline=inline)
        self.next_file += 1
        article.files.append(f)
        return f

    # What is shown.

    def show_user(self, u):
        o = dict(USER, id=u.id, login=u.login, firstname=u.firstname, lastname=u.lastname, email=u.email, image_source=None, web="", note="", source=None)
        o.update(u.given, active=u.active, updated_by_id=u.by, created_by_id=u.by, created_at=self.time(u.created), updated_at=self.time(u.created),
                 role_ids=u.roles, group_ids={str(self.groups[g]): r for g, r in u.groups.items()})
        return o

    def show_ticket(self, t, expand=False, ids=True):
        mine = [a for a in self.articles.values() if a.ticket is t]
        o = dict.fromkeys(TICKET)
        o.update(id=t.id, group_id=self.groups[t.group], priority_id=PRIORITIES[t.priority], state_id=STATES[t.state], number=t.number, title=t.title,
                 owner_id=t.owner.id, customer_id=t.customer.id, note=t.note, first_response_at=self.time(t.first_response), close_at=self.time(t.closed),
                 last_close_at=self.time(t.closed), last_contact_at=self.time(max(t.last_agent or 0, t.last_customer or 0)) or None,
                 last_contact_agent_at=self.time(t.last_agent), last_contact_customer_at=self.time(t.last_customer),
                 create_article_type_id=TYPES[mine[0].type] if mine else None, create_article_sender_id=SENDERS[mine[0].sender] if mine else None,
                 article_count=len(mine) or None, pending_time=t.pending, preferences=t.preferences, updated_by_id=t.updated_by.id,
                 created_by_id=t.created_by.id, created_at=self.time(t.created), updated_at=self.time(t.updated))
        o.update({name: t.custom.get(name, "") for name in self.attributes})
        if ids:
            o.update(article_ids=[a.id for a in mine], ticket_time_accounting_ids=[])
        if expand:
            o.update(group=t.group, ticket_time_accounting=[], state=t.state, priority=t.priority, owner=t.owner.login, customer=t.customer.login,
                     created_by=t.created_by.login, updated_by=t.updated_by.login, create_article_type=mine[0].type if mine else None,
                     create_article_sender=mine[0].sender if mine else None)
        return o

    def show_article(self, a):
        o = {"id": a.id, "ticket_id": a.ticket.id, "type_id": TYPES[a.type], "sender_id": SENDERS[a.sender], "from": a.origin_from, "to": a.to, "cc": None,
             "subject": a.subject, "reply_to": a.reply_to, "message_id": a.message_id,
             "message_id_md5": a.message_id and hashlib.md5(a.message_id.encode()).hexdigest(), "in_reply_to": a.in_reply_to,
             "content_type": a.content_type, "references": a.references, "body": a.body, "internal": a.internal, "preferences": a.preferences,
             "updated_by_id": a.by.id, "created_by_id": a.by.id, "origin_by_id": a.origin and a.origin.id, "created_at": self.time(a.created),
             "updated_at": self.time(a.updated), "attachments": [{"id": f.id, "store_file_id": f.id, "filename": f.name, "size": str(len(f.data)),
                                                                 "preferences": dict({"Mime-Type": f.type}, **({"Content-Disposition": "inline"} if f.inline else {}))}
                                                                for f in a.files],
             "created_by": a.by.login, "updated_by": a.by.login, "type": a.type, "sender": a.sender, "time_unit": None}
        if a.origin:
            o["origin_by"] = a.origin.login
        return o

    def show_whole(self, t):
        """A ticket with all around it.  There the articles are without names, and without the pictures that stand in their text."""
        mine = [a for a in self.articles.values() if a.ticket is t]
        articles = {}
        for a in mine:
            o = articles[str(a.id)] = self.show_article(a)
            for name in "created_by", "updated_by", "type", "sender", "time_unit", "origin_by":
                o.pop(name, None)
            o["attachments"] = [f for f in o["attachments"] if f["preferences"].get("Content-Disposition") != "inline"]
        users = [t.customer, t.owner, t.created_by, t.updated_by, *(u for a in mine for u in (a.by, a.origin) if u)]
        return {"ticket_id": t.id, "ticket_article_ids": [a.id for a in mine], "links": self.links_of(t), "tags": t.tags, "mentions": [],
                "time_accountings": [], "assets": {"Ticket": {str(t.id): self.show_ticket(t)}, "TicketArticle": articles,
                                                   "User": {str(u.id): self.show_user(u) for u in users}}}

    def links_of(self, t):
        links = [("parent", l["parent"]) for l in self.links if l["child"] == t.id] + [("child", l["child"]) for l in self.links if l["parent"] == t.id]
        links += [("normal", next(n for n in pair if n != t.id)) for pair in self.pairs if t.id in pair]
        return [{"link_type": kind, "link_object": "Ticket", "link_object_value": n} for kind, n in links]

    # Rights.

    def may(self, user, group, right):
        return bool({right, "full"} & set(user.groups.get(group, ())))

    def ticket(self, user, id, right="read"):
        t = self.tickets.get(int(id)) if str(id).isdigit() else None
        if not t:
            raise Refused(404, f"Couldn't find Ticket with 'id'={id}")
        if not self.may(user, t.group, right):
            raise forbidden()
        return t

    def who(self, q):
        kind, _, value = q.headers.get("Authorization", "").partition(" ")
        if not value:
            raise Refused(403, "Authentication required")
        if kind == "Basic":
            login = base64.b64decode(value).decode().partition(":")[0]
            user, permissions = self.find_user(login), ("ticket.agent",)
        else:
            if self.token_access_off:
                raise Refused(403, "API token access disabled!")
            user, permissions = self.tokens.get(value.removeprefix("token="), (None, ()))
            if not user:
                raise Refused(401, "Can't find User for Token")
            if "expired" in permissions:
                raise Refused(401, "Not authorized (token expired)!")
        if not user.active:
            raise Refused(401, "Login failed. Have you double-checked your credentials and completed the email verification step?")
        if self.maintenance and "admin" not in permissions:
            raise Refused(403, "Maintenance mode enabled!")
        return user, permissions

    # Writing.

    def take_custom(self, ticket, say):
        if self.drops and set(say) & set(self.attributes):
            self.drops -= 1
            return
        for name in set(say) & set(self.attributes):
            ticket.custom[name] = say[name]

    def check_mandatory(self, ticket):
        if any(not ticket.custom.get(name) for name in self.mandatory):
            raise opaque()

    def check_article(self, say):
        if not str(say.get("body") or "").strip():
            raise Refused(422, "Need at least an 'article body' field.")
        if len(say["body"]) > BODY_MAX:
            raise Refused(422, f"body of article is too large, {len(say['body'])} chars - only {BODY_MAX} allowed")
        lookup("type", TYPES, say.get("type") or "note")
        lookup("sender", SENDERS, say.get("sender") or "Agent")

    def customer(self, say, by):
        if "customer_id" in say:
            id = say["customer_id"]
            found = self.find_user(id[6:]) if str(id).startswith("guess:") else self.users.get(id)
            return found or self.add_user(id[6:], "", "", by=by.id, email=id[6:])
        given = say.get("customer")
        if isinstance(given, str):
            found = self.find_user(given)
            if not found:
                raise Refused(422, f"No lookup value found for 'customer': {json.dumps(given)}")
            return found
        if not given:
            raise opaque()
        found = self.find_user(given.get("login", ""))
        if not found and self.races:
            self.races -= 1
            other = self.add_user(given["login"], given.get("firstname", ""), given.get("lastname", ""), by=by.id)
            self.raced[other.id] = other
            raise opaque()
        return found or self.add_user(by=by.id, **{"firstname": "", "lastname": "", **{k: v for k, v in given.items() if k != "email"}})

    def create(self, by, say):
        group = say.get("group") or next((g for g, n in self.groups.items() if n == say.get("group_id")), None)
        if not group:
            raise Refused(422, "The required value 'group_id' is missing.")
        lookup("group", self.groups, group)
        state = lookup("state", STATES, say.get("state") or "new")
        priority = lookup("priority", PRIORITIES, say.get("priority") or "2 normal")
        users, number = dict(self.users), self.next_number
        t = None
        try:
            customer = self.customer(say, by)
            if not self.may(by, group, "create"):
                raise forbidden()
            title = self.cut(say.get("title") or "", TITLE_MAX).replace("\n", " ")
            if not title or any(x.number == str(say.get("number")) for x in self.tickets.values()):
                raise opaque()
            t = self.add_ticket(by, title, group, customer, state, priority, **{k: say.get(k) for k in ("number", "preferences", "note")})
            self.take_custom(t, say)
            self.check_mandatory(t)
            t.tags = [tag for tag in (say.get("tags") or "").split(",") if tag]
            if say.get("article") is not None:
                self.check_article(say["article"])
                self.add_article(t, by, say["article"])
        except Refused:
            if t:
                del self.tickets[t.id]
            self.users, self.next_number = {**users, **self.raced}, number
            raise
        return t

    def update(self, by, t, say):
        state = lookup("state", STATES, say.get("state") or t.state)
        if say.get("owner") and not self.find_user(say["owner"]):
            raise Refused(422, f"No lookup value found for 'owner': {json.dumps(say['owner'])}")
        if say.get("group") and not self.may(by, say["group"], "create"):
            raise opaque()
        if "pending" in state and not (say.get("pending_time") or t.pending):
            raise opaque()
        old = dict(t.__dict__, custom=dict(t.custom), preferences=dict(t.preferences))
        try:
            self.take_custom(t, say)
            self.check_mandatory(t)
            t.state, t.pending = state, say.get("pending_time", t.pending if "pending" in state else None)
            t.closed = self.now() if state == "closed" and old["state"] != "closed" else t.closed
            t.title, t.group = self.cut(say.get("title") or t.title, TITLE_MAX), say.get("group") or t.group
            t.priority = lookup("priority", PRIORITIES, say.get("priority") or t.priority)
            t.owner = self.find_user(say["owner"]) if say.get("owner") else t.owner
            t.first_response = t.first_response or ("first_response_at" in say and self.now()) or None
            t.preferences = {**t.preferences, **(say.get("preferences") or {})}
            if say.get("article"):
                self.check_article(say["article"])
                self.add_article(t, by, say["article"])
            self.touch(t, by)
        except Refused:
            t.__dict__.update(old)
            raise

    # Searching.

    def fulfils(self, t, field, test):
        kind, _, name = field.partition(".")
        value, operator = test.get("value"), test.get("operator")
        if kind == "article":
            if name == "created_at":
                return any(self.time(a.created) >= value for a in self.articles.values() if a.ticket is t)
            shown = [{"message_id": a.message_id, "body": a.body, "sender_id": str(SENDERS[a.sender]), "internal": str(a.internal).lower()}[name]
                     for a in self.articles.values() if a.ticket is t]
        elif name == "tags":
            return value in t.tags
        else:
            shown = self.show_ticket(t)
            if name not in shown:
                raise opaque()
            shown = [shown[name]]
        if operator == "is":
            return any(str(s) in [str(v) for v in (value if isinstance(value, list) else [value])] for s in shown if s is not None)
        if operator == "contains":
            return any(value in str(s) for s in shown if s is not None)
        if operator == "after (absolute)":
            return any(s >= value for s in shown if s)
        if operator in ("within last (relative)", "from (relative)"):
            return True
        raise opaque(500)

    def search(self, user, say):
        condition = say.get("condition")
        if condition == {}:
            raise opaque(500)
        if "conditions" in condition:
            condition = {c["name"]: c for c in condition["conditions"]}
        for field in condition:          # also where there is no ticket
            kind, _, name = field.partition(".")
            if kind == "ticket" and name not in ("tags", *self.show_ticket(self.blank())):
                raise opaque()
        found = [t for t in self.tickets.values() if self.may(user, t.group, "read") and all(self.fulfils(t, f, c) for f, c in condition.items())]
        by = say.get("sort_by") or ["created_at"]
        by = by if isinstance(by, list) else [by]
        order = say.get("order_by") or ["desc"]
        reverse = "desc" in (order if isinstance(order, list) else [order])
        found.sort(key=lambda t: ([str(self.show_ticket(t)[b] or "") for b in by], t.id), reverse=reverse)
        size = min(int(say.get("per_page") or say.get("limit") or PAGE), PAGE_MAX)
        first = (int(say.get("page") or 1) - 1) * size
        found = found[first:first + size]
        if say.get("expand"):
            return [self.show_ticket(t, expand=True) for t in found]
        return {"tickets": [t.id for t in found], "tickets_count": len(found), "assets": {}}

    def blank(self):
        u = self.users[NOBODY]
        return Thing(id=0, number="", title="", group=next(iter(self.groups)), customer=u, state="new", priority="2 normal", owner=u, created=0, updated=0,
                     created_by=u, updated_by=u, custom={}, tags=[], preferences={}, note=None, first_response=None, closed=None, pending=None, last_agent=None,
                     last_customer=None)

    def names(self, all, states):
        at = self.time(self.clock())
        more = {"next_state_id": None, "ignore_escalation": False, "default_follow_up": False} if states else {"ui_icon": None, "ui_color": None}
        return [{"id": n, "name": name, "default_create": name in ("new", "2 normal"), "note": None, "active": True, "updated_by_id": 1,
                 "created_by_id": 1, "created_at": at, "updated_at": at, **({"state_type_id": STATE_TYPES[name]} if states else {}), **more}
                for name, n in all.items()]

    # The interface.

    def handle(self, q):
        try:
            if not q.path.startswith("/api/v1/") or q.method == "PATCH":
                return Answer(404, {"status": 404, "error": "Not Found"})
            if q.method in ("POST", "PUT") and q.content_type == "application/json":
                try:
                    q.body.decode()
                except UnicodeDecodeError:
                    return Answer(400, {"status": 400, "error": "Bad Request"})
            user, permissions = self.who(q)
            if q.broken:
                raise opaque(500)
            say = q.json if isinstance(q.json, dict) else {}
            return self.route(q, q.path.removeprefix("/api/v1/").rstrip("/"), say, user, permissions)
        except Refused as e:
            return e.answer

    def route(self, q, at, say, user, permissions):
        expand = q.query.get("expand") == "true"
        admin = "admin" in permissions
        if (m := re.fullmatch(r"(\w+)(?:/(.+))?", at)) and m[1] in ("groups", "settings", "object_manager_attributes", "version") and not admin:
            raise Refused(403, "Not authorized (token)!")
        if "From" in q.headers and not admin:
            raise Refused(403, "Current user has no permission to use 'From'/'X-On-Behalf-Of'!")
        answer = self.office.answer(q, at, say, user, admin)
        if answer:
            return answer
        call = q.method, re.sub(r"/\d+", "/N", at)
        id = (re.search(r"/(\d+)", at) or ["", ""])[1]
        if call == ("GET", "users/me"):
            o = self.show_user(user)
            if expand:
                o.update(groups=user.groups, roles=["Agent"])
            return Answer(200, o)
        if call in (("GET", "ticket_states"), ("GET", "ticket_priorities")):
            return Answer(200, self.names(STATES if "states" in at else PRIORITIES, "states" in at))
        if call == ("POST", "users"):
            if not any(say.get(k) for k in ("firstname", "lastname", "phone", "email")):
                raise Refused(422, "At least one identifier (firstname, lastname, phone or email) for user is required.")
            return Answer(201, self.show_user(self.add_user(say.get("login"), say.get("firstname", ""), say.get("lastname", ""), by=user.id,
                                                            **{k: v for k, v in say.items() if k in ("web", "note", "source", "image_source", "email")})))
        if call == ("POST", "tickets"):
            return Answer(201, self.show_ticket(self.create(user, say), expand))
        if call == ("POST", "tickets/search"):
            return Answer(200, self.search(user, say))
        if call == ("GET", "tickets/N") and q.query.get("all") == "true" and not expand:
            return Answer(200, self.show_whole(self.ticket(user, id)))
        if call == ("GET", "tickets/N"):
            return Answer(200, self.show_ticket(self.ticket(user, id), expand, ids=expand))
        if call == ("PUT", "tickets/N"):
            t = self.ticket(user, id)
            if not self.may(user, t.group, "change"):
                raise forbidden()
            self.update(user, t, say)
            return Answer(200, self.show_ticket(t, expand))
        if call == ("DELETE", "tickets/N"):
            if not admin:
                raise forbidden()
            self.delete(self.ticket(user, id))
            return Answer(200, text="")
        if call == ("GET", "ticket_articles/by_ticket/N"):
            t = self.ticket(user, id)
            return Answer(200, [self.show_article(a) for a in self.articles.values() if a.ticket is t])
        if call == ("POST", "ticket_articles"):
            t = self.ticket(user, say.get("ticket_id"), "create")
            self.check_article(say)
            return Answer(201, self.show_article(self.add_article(t, user, say)))
        if call[1] == "ticket_articles/N":
            a = self.articles.get(int(id))
            if not a:
                raise Refused(404, f"Couldn't find Ticket::Article with 'id'={id}")
            self.ticket(user, a.ticket.id)
            if q.method == "PUT" and isinstance(say.get("internal"), bool) and say["internal"] != a.internal:
                a.internal, a.updated = say["internal"], self.now()
                self.touch(a.ticket, user)
            if q.method == "DELETE":
                if a.type != "note":
                    raise Refused(403, "Not authorized (communication articles cannot be deleted)!")
                del self.articles[a.id]
                return Answer(200, {})
            return Answer(200, self.show_article(a))
        if call == ("GET", "ticket_articles"):
            raise Refused(403, "Not authorized (token)!")
        if call == ("GET", "links"):
            t = self.ticket(user, q.query.get("link_object_value"))
            return Answer(200, {"links": self.links_of(t), "assets": {}})
        if call == ("POST", "links/add"):
            source = next((t for t in self.tickets.values() if t.number == str(say.get("link_object_source_number"))), None)
            target = self.ticket(user, say.get("link_object_target_value"), "change")
            if not source or not self.may(user, source.group, "read"):
                raise forbidden()
            self.pairs.append((source.id, target.id))
            return Answer(201, {"id": len(self.pairs), "link_type_id": 1, "link_object_source_id": 1, "link_object_source_value": source.id,
                                "link_object_target_id": 1, "link_object_target_value": target.id, "created_at": self.time(self.now()),
                                "updated_at": self.time(self.now())})
        if call == ("GET", "ticket_attachment/N/N/N"):
            t, a, f = (int(n) for n in at.split("/")[1:])
            file = next((x for x in self.articles[a].files if x.id == f), None) if a in self.articles and self.articles[a].ticket.id == t else None
            if not file:
                raise Refused(404, f"Couldn't find Store with 'id'={f}")
            self.ticket(user, t)
            return Answer(200, text=file.data, content_type=file.type)
        if call == ("GET", "tags"):
            return Answer(200, {"tags": self.ticket(user, q.query.get("o_id")).tags})
        if call[0] == "PUT" and (m := re.fullmatch(r"ticket_merge/(\d+)/(\w+)", at)):
            t = self.ticket(user, m[1])
            into = next(x for x in self.tickets.values() if x.number == m[2])
            self.merge(t, into, user)
            return Answer(200, {"result": "success", "target_ticket": self.show_ticket(into, ids=False), "source_ticket": self.show_ticket(t, ids=False)})
        raise Refused(404, f"No route matches [{q.method}] {q.path}")
