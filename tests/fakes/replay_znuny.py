"""What was recorded of Znuny, replayed; see replay.py."""
import json
import re
import urllib.parse

from .replay import compare, ok, say_left_out
from .server import Request

def ids_as_text(value):
    """Znuny's ids, which it gives as numbers and as texts: the same one either way."""
    if isinstance(value, dict):
        return {k: str(v) if k in ("TicketID", "ArticleID") and isinstance(v, int) else ids_as_text(v) for k, v in value.items()}
    return [ids_as_text(v) for v in value] if isinstance(value, list) else value


ROUTES = (("POST", r"/Session", "SessionCreate"), ("POST", r"/Ticket", "TicketCreate"), ("PATCH", r"/Ticket/([^/]+)", "TicketUpdate"),
          ("GET", r"/Ticket/([^/]+)", "TicketGet"), ("GET", r"/TicketList", "TicketGet"), ("POST", r"/TicketSearch", "TicketSearch"),
          ("GET", r"/TicketHistory/([^/]+)", "TicketHistoryGet"))
# By the number that begins a recording's name.
ZNUNY_OUT = {
    "another database or web server": r"13[0-9]",
    "searches that mentiond does not make": r"61|63|69|70|72b?|74|76|77|78|161|141b?",
    "types, services, times, pending states": r"44|44b|45|46|47",
    "how an option that mentiond never leaves out is filled": r"23|25b|33|34|35|36|37|38|50|5[124]",
    "the rights and the end of accounts": r"150|140|142|154|155|153|12[0-2]",
    "a customer who has a login": r"28b|28c|73",
}
EXACT = "ErrorCode", "ErrorMessage"


def translate(x):
    """The recorded request as one of the web service of mentiond: (operation, body) or None."""
    q = x["request"]
    path, _, query = q["url"].partition("/Webservice/mentiond")[2].partition("?")
    if isinstance(q["body"], str) or path == "/Nope":
        return path[1:].replace("Session", "SessionCreate"), q["body"] or {}
    for method, pattern, operation in ROUTES:
        m = re.fullmatch(pattern, path)
        if m and q["method"] == method and (q["body"] is None or isinstance(q["body"], dict)):
            body = {k: v if len(v) > 1 else v[0] for k, v in urllib.parse.parse_qs(query).items()}
            body.update(q["body"] or {})
            if m.groups():
                body["TicketID"] = m[1]
            return operation, body
    return None


def call_znuny(subject, operation, body, content_type="application/json"):
    data = body if isinstance(body, str) else json.dumps(body)
    return subject.serve(Request("POST", f"/znuny/nph-genericinterface.pl/Webservice/mentiond/{operation}", {"Content-Type": content_type},
                                 data.encode()))


def prepare(subject, ids, wanted, like):
    """A ticket that was made beside the recordings: 28 by a script, which then looked for it; 30 with notes of an agent; 585
    merged into another."""
    def make(thread):
        body = dict(like, DynamicField=[{"Name": "SocialThread", "Value": thread}], Attachment=[])
        made = json.loads(call_znuny(subject, "TicketCreate", body).body)
        ids[made["TicketNumber"]] = made["TicketNumber"]
        return str(made["TicketID"])
    ids[wanted] = ticket = make("mastodon:lag-1795306224" if wanted == "28" else f"prepared {wanted}")
    if wanted == "30":
        for public in False, True:
            subject.write(ticket, "a note of Ada's", public)
    elif wanted == "585":
        subject.merge(ticket, make("prepared 584"))


PREPARED = "28", "30", "585"


def replay_znuny(subject, folder):
    """The subject also has write(ticket, text, public) and merge(ticket, into): what agents do."""
    ids, left_out = {}, {}
    out = {**ZNUNY_OUT, **subject.out}
    like = json.loads((folder / "20-create-internal-channel.json").read_text())["request"]["body"]
    for file in sorted(folder.glob("*.json"), key=lambda f: (int(re.match(r"\d+", f.name)[0]), f.name)):
        x = json.loads(file.read_text())
        name, response = file.stem, x.get("response", {})
        call = translate(x) if response.get("status") else None
        reason = next((r for r, p in out.items() if re.match(rf"({p})(?![0-9])", name)), None)
        if not call:
            reason = reason or "other routes, or no request with an answer"
        headers = x.get("request", {}).get("headers", {})
        if call and not reason:
            operation, body = call
            wanted = "28" if name.startswith("79-") else str(body.get("TicketID", "")) if isinstance(body, dict) else ""
            if wanted in PREPARED and wanted not in ids:
                prepare(subject, ids, wanted, like)
            if wanted.isdigit() and int(wanted) < 10000 and wanted not in ids:
                reason = "tickets that were made in ways that are not recorded"
            elif isinstance(body, str):
                pass
            elif any(h.lower().startswith("x-otrs") or h == "Authorization" for h in headers) or "SessionID" in body:
                reason = "other ways to log in, and sessions of before"
            elif headers.get("Content-Type", "") and "json" not in headers["Content-Type"]:
                reason = reason or "other ways to log in, and sessions of before"
        if reason:
            left_out.setdefault(reason, []).append(name)
            continue
        if isinstance(body, str):
            body, raw = {}, body
        else:
            raw = None
        if "TicketNumber" in body:
            body["TicketNumber"] = ids.get(body["TicketNumber"], "")
        if isinstance(body.get("TicketID"), str):
            body["TicketID"] = ids.get(body["TicketID"], body["TicketID"])
        elif "TicketID" in body:
            body["TicketID"] = [ids.get(i, i) for i in body["TicketID"]]
        answer = call_znuny(subject, operation, raw or body, headers.get("Content-Type", "") if x["request"]["body"] else "application/json")
        real = response["body"]
        if isinstance(real, str):
            ok([] if (answer.status, answer.body.decode()) == (response["status"], real) else [f"{answer.status} {answer.body}"], f"{subject.name} {name}")
            continue
        wrong = compare({"status": response["status"], "json": ids_as_text(real), "text": None}, answer, subject.subset, ids_as_text)
        given = json.loads(answer.body)
        for member in EXACT:
            theirs, ours = (v.get("Error", {}).get(member) for v in (real, given))
            if theirs != ours:
                wrong.append(f"{member} is {ours!r}, and really {theirs!r}")
        if real.get("faultstring") != given.get("faultstring"):
            wrong.append(f"faultstring is {given.get('faultstring')!r}")
        if operation == "TicketSearch" and bool(real) != bool(given):
            wrong.append(f"found {given}, and really {real}")
        if operation == "TicketSearch" and not wrong and len(real.get("TicketID", [])) <= 2:
            theirs = [ids.get(i, i) for i in real.get("TicketID", [])]
            if sorted(theirs) != sorted(str(i) for i in given.get("TicketID", [])):
                wrong.append(f"found {given.get('TicketID')}, and really {theirs}")
        ok(wrong, f"{subject.name} {name}")
        if operation == "TicketCreate":
            if "TicketID" in real and "TicketID" in given:
                ids[real["TicketID"]] = str(given["TicketID"])
                ids[real["TicketNumber"]] = given["TicketNumber"]
            elif "faultstring" in real:          # a ticket was left behind
                ids[str(max(int(i) for i in ids if len(i) < 10) + 1)] = str(max(int(i) for i in ids.values() if len(i) < 10) + 1)
    say_left_out(subject.name, left_out)
