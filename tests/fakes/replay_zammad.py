"""What was recorded of Zammad, replayed; see replay.py."""
import json
import re

from .replay import compare, ok, say_left_out
from .server import Request

# By the part of a recording's name that is before the first '-'.
ZAMMAD_OUT = {
    "administration: settings, tokens, versions, service levels, deliveries, macros": r"01l|01m|01n|01s|01s2|01r|07c|07d|09a|09c|09e|10a|10c|06c2",
    "history, notifications, tags of tickets, downloads": r"06g|06h|06i|05i[234]|05o|09f|06e",
    "other ways to ask: lists, queries, full=true, forms, on behalf of others": r"01p2|01p3|02n|04c.*|04d11|04e.*|06a.*|06d2|05q|10f",
    "searching and changing users": r"03d|03e|03f|03l|03m|03n|03o",
    "what a worker that was not restarted does": r"04h3|04f",
    "e-mail, other networks, pictures in a text": r"05b4|05b6|05p10|06n.*|08.*|05k4",
    "times that a client may not set, escalation": r"09d3|09g",
}
# Whom scripts made that were not recorded.
SCRIPTED_USERS = {14: ("other", "O", "x"), 28: ("mastodon:priya@infosec.example", "Priya", "N")}
# Made by several requests at once: who won is replayed first.
ZAMMAD_RACES = "02s", "02t", "03k"
# Zammad's own notes in preferences, which are everybody's otherwise.
ZAMMAD_NOTES = "notification_config", "escalation_calculation", "tickets_open", "tickets_closed"
# What is held against a recording of a ticket with all around it: members, kinds of assets, and what of these depends on ids, on
# networks that Zammad has itself, and on an attribute that was made later.
ZAMMAD_WHOLE = ("ticket_id", "ticket_article_ids", "links", "tags"), {"Ticket": "product_line", "TicketArticle": "preferences", "User": "group_ids"}


def known_part(whole):
    members, kinds = ZAMMAD_WHOLE
    return {**{m: whole[m] for m in members}, "assets": {
        kind: [{k: v for k, v in asset.items() if k != without} for asset in whole["assets"][kind].values()] for kind, without in kinds.items()}}


def without_notes(value):
    if isinstance(value, list):
        return [without_notes(v) for v in value]
    if isinstance(value, dict):
        return {k: without_notes(v) for k, v in value.items() if k not in ZAMMAD_NOTES}
    return value


def zammad_order(folder):
    """The recordings in the order of time, by what was written; letters go together."""
    groups, last = {}, ""
    for file in sorted(folder.glob("*.json"), key=lambda f: (int(re.match(r"\d+", f.name)[0]), f.name)):
        groups.setdefault(re.match(r"\d+[a-z]+", file.name)[0], []).append((file, json.loads(file.read_text())))
    times = {}
    for name, recorded in groups.items():
        written, found = [], []
        for _, x in recorded:
            q, body = x.get("request"), x.get("response", {}).get("body") if isinstance(x.get("response"), dict) else None
            if isinstance(q, dict) and q["method"] in ("POST", "PUT") and not re.search("settings|ticket_articles/", q["path"]):
                written += filter(None, [body.get("updated_at")] if isinstance(body, dict) else [])
                found += [t["updated_at"] for t in body] if isinstance(body, list) else []
        times[name] = last = min(written, default=max(found, default=last))
    for name in ZAMMAD_RACES:
        groups[name].sort(key=lambda r: r[1]["response"]["status"])
    return [r for name in sorted(groups, key=lambda name: (times[name], name)) for r in groups[name]]


class Ids:
    """What the recorded ids are for the subject.  What was made by scripts that were not recorded is made here."""

    def __init__(self, subject):
        self.subject = subject
        admin, agent, bot = subject.begin()
        self.ids = {"user": {3: admin, 4: agent, 5: bot}, "ticket": {}, "article": {}}

    def ask(self, token, method, path, body=None):
        headers = {"Authorization": f"Token token={token}", **({"Content-Type": "application/json"} if body else {})}
        return json.loads(self.subject.serve(Request(method, f"/api/v1/{path}", headers, json.dumps(body).encode() if body else b"")).body)

    def user(self, id):
        if id not in self.ids["user"] and id in SCRIPTED_USERS:
            login, first, last = SCRIPTED_USERS[id]
            self.ids["user"][id] = self.ask("TOKEN-BOT", "POST", "users", {"login": login, "firstname": first, "lastname": last})["id"]
        return self.ids["user"].get(id, id)

    def ticket(self, id):
        id = int(id)
        if id not in self.ids["ticket"] and id < 90000:
            self.ids["ticket"][id] = self.ask("TOKEN-ADMIN", "POST", "tickets", {
                "title": f"prepared {id}", "group": "Users" if id == 1 else "Social", "customer_id": self.user(6),
                "article": {"body": "prepared", "type": "web", "sender": "Customer"}})["id"]
        return self.ids["ticket"].get(id, id)

    def article(self, id):
        id = int(id)
        if id not in self.ids["article"] and id < 90000:
            self.ids["article"][id] = self.ask("TOKEN-AGENT", "POST", "ticket_articles", {
                "ticket_id": self.ticket(22), "body": "prepared", "internal": True})["id"]
        return self.ids["article"].get(id, id)

    def number(self, ticket):
        return self.ask("TOKEN-ADMIN", "GET", f"tickets/{ticket}")["number"]

    def translate(self, path, body):
        path = re.sub(r"(?<=/tickets/)\d+|(?<=by_ticket/)\d+|(?<=o_id=)\d+|(?<=link_object_value=)\d+|(?<=ticket_merge/)\d+",
                      lambda m: str(self.ticket(m[0])), path)
        path = re.sub(r"(?<=ticket_articles/)\d+", lambda m: str(self.article(m[0])), path)
        if "ticket_merge" in path:
            path = re.sub(r"\d+$", lambda m: self.number(self.ticket(int(m[0]) - 92000)), path)
        if not isinstance(body, dict):
            return path, body
        body = json.loads(json.dumps(body))
        for o in body, body.get("article") or {}:
            for key in "customer_id", "origin_by_id":
                if isinstance(o, dict) and isinstance(o.get(key), int):
                    o[key] = self.user(o[key])
        if "ticket_id" in body:
            body["ticket_id"] = self.ticket(body["ticket_id"])
        for field, kind in ("ticket.id", "ticket"), ("ticket.customer_id", "user"):
            test = (body.get("condition") or {}).get(field)
            if test:
                test["value"] = [str(self.ticket(v) if kind == "ticket" else self.user(int(v))) for v in test["value"]]
        if "updated_at" in str(body.get("condition")):
            body["condition"]["ticket.updated_at"]["value"] = "2020-01-01T00:00:00.000Z"
        return path, body

    def learn(self, q, real, given):
        if not isinstance(real, dict) or "id" not in real or "id" not in given or q["method"] != "POST":
            return
        kind = {"/api/v1/tickets": "ticket", "/api/v1/ticket_articles": "article", "/api/v1/users": "user"}.get(q["path"])
        if kind:
            self.ids[kind][real["id"]] = given["id"]
        if kind == "ticket" and real.get("article_ids"):
            self.ids["article"].update(zip(real["article_ids"], given["article_ids"]))


def replay_zammad(subject, folder):
    """The subject also has begin(), which makes administrator, agent and bot with the tokens of the recordings, and gives their ids;
    and set(maintenance=, token_access_off=, active=, create_only=), for what an administrator does.  .races: it has two requests at
    once lose, where set(at_once=) says so."""
    ids, left_out = Ids(subject), {}
    out = {**ZAMMAD_OUT, **subject.out}
    for file, x in zammad_order(folder):
        name, q, real = file.stem, x.get("request"), x.get("response")
        label = name.split("-")[0]
        reason = next((r for r, p in out.items() if re.fullmatch(p, label)), None)
        if not isinstance(q, dict) or not isinstance(real, dict):
            reason = reason or "no request with an answer"
        if label in ZAMMAD_RACES and not subject.races:
            reason = "who wins a race"
        if reason:
            left_out.setdefault(reason, []).append(name)
            continue
        subject.set(maintenance=label.startswith("10b"), token_access_off=label == "01q", active=label != "01r2",
                    create_only=["create", "read"] if label in ("01t6", "01t7") else ["create"], at_once=label in ZAMMAD_RACES)
        path, body = ids.translate(q["path"], q["body"])
        raw = b"" if body is None else body.encode(errors="surrogateescape") if isinstance(body, str) else json.dumps(body).encode()
        if label == "02l2":
            raw = b'{"title":"bad \xff"}'        # as it was sent; a transcript cannot hold it
        answer = subject.serve(Request(q["method"], path, dict(q["headers"] or {}), raw))
        if label in ZAMMAD_RACES and 500 in (real["status"], answer.status):
            ok([] if answer.status in (422, 500) else [f"the status is {answer.status}"], f"{subject.name} {name}")
            continue                     # which of the two a loser gets is chance
        shown = without_notes(real["body"])
        if "all=true" in path and answer.status == 200:
            shown, answer.body = known_part(shown), json.dumps(known_part(json.loads(answer.body))).encode()
        elif isinstance(shown, dict) and "assets" in shown:
            shown = {k: v for k, v in shown.items() if k != "assets"}
            answer.body = json.dumps({k: v for k, v in json.loads(answer.body).items() if k != "assets"}).encode()
        wrong = compare({"status": real["status"], "json": shown if shown != "" else None, "text": ""}, answer, subject.subset) if shown != "" else (
            [] if answer.status == real["status"] and not answer.body else [f"{answer.status} {answer.body}"])
        given = json.loads(answer.body) if answer.body and not wrong else None
        if isinstance(shown, dict) and isinstance(given, dict):
            for member in "error", "error_human":
                theirs, ours = (re.sub(r"Error ID \S+:|'id'=\d+|'origin_by_id': \d+", "#", str(o.get(member))) for o in (shown, given))
                if theirs != ours:
                    wrong.append(f"{member} is {ours!r}, and really {theirs!r}")
            for member in "type", "sender", "internal", "from", "title", "content_type", "message_id", "state_id", "group_id":
                if "error" not in shown and member in shown and shown[member] != given.get(member) and "prepared" not in str(given):
                    wrong.append(f"{member} is {given.get(member)!r}, and really {shown[member]!r}")
            ids.learn(q, shown, given)
        elif isinstance(shown, list) and isinstance(given, list) and "search" in path and bool(shown) != bool(given):
            wrong.append(f"found {len(given)}, and really {len(shown)}")
        ok(wrong, f"{subject.name} {name}")
    say_left_out(subject.name, left_out)
