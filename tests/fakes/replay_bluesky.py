"""What was recorded of a server of the AT Protocol and the app behind it, replayed; see replay.py."""
import json
import re
import urllib.parse

from .lexicon import Lexicons
from .replay import compare, ok, say_left_out
from .server import Request

OUT = {
    "waiting": r"^poll$",
    "accounts of their own": r"dave|deactivat|taken-down|takedown|frank|erin|admin|AppPassword|app password|app-password|upper-case|privileged",
    "outages, limits, chats, streams": r"down|while limited|proxy|proxied to|createSession wrong password \d|bypass|unknown method",
    "lag": r"not yet indexed|nothing yet|unindexed|straight at the AppView|right after the reply",
    "what is seen, preferences, muting": r"mute|unread|seenAt|updateSeen|prefs|priority",
    "handles that change": r"handle change|old handle|old-handle|by handle URI|alice2|with a handle as repo|handle instead|at://old|updateHandle|of an old mention",
    "corners of validation": r"validate:false|× |emoji|CRLF|flags$|unknown (top|feature)|embed unknown|self label|surrogate|NUL|float|wrong size|wrong mimeType"
                             r"|5000|text/plain|external|gallery|150 kB|content-type|no body|bad characters|unknown DID|year 0001|tags|65 graph|image of"
                             r"|malformed cid|bad body|langs \[\]|cursor|swapCommit|HEAD|applyWrites|6 MB|Accept-Labelers|identity|missing collection",
    "postgates, quotes of them": r"postgate|V2|getQuotes|violating|quote posts",
    "counts of what was left out": r"page 8|limit=100 page",
    "who looks is not recorded": r"as bob|as both|query-string",
}
METHODS = ("createSession refreshSession getSession createRecord putRecord deleteRecord getRecord listRecords uploadBlob resolveHandle"
           " listNotifications getPosts getPostThread").split()
FILES = ("01-sessions", "02-mention-and-reply", "03-like-repost-quote-follow-delete", "04-notifications-paging-seen", "05-idempotent-writes",
         "06-record-validation", "07-threads-gates-blocks", "08-reply-notification-depth", "15-notification-corners", "16-media",
         "20-reasons-filter-paging")


class Replay:
    def __init__(self, subject, lexicons):
        self.subject, self.lexicons, self.cids, self.left_out, self.last = subject, lexicons, {}, {}, None

    def mapped(self, value):
        text = json.dumps(value)
        for real, ours in self.cids.items():
            text = text.replace(real, ours)
        return json.loads(text)

    def token(self, label, method, headers, body):
        if "authorization" not in headers:
            return None
        if "garbage" in label:
            return "garbage"
        if re.search("expired|after deleteSession|after revoke", label) and not label.startswith("access token"):
            return self.subject.expired()
        if method == "refreshSession" or label == "getSession with a refresh token":
            return self.last["accessJwt" if "with an access" in label else "refreshJwt"]
        who = (body or {}).get("repo", "") if isinstance(body, dict) else ""
        if re.search("another account|somebody else", label) or not who.startswith("did:"):
            who = self.subject.did("alice.test" if re.search(r"\(alice\)|^alice|as alice", label) else "brand.test")
        return self.subject.token(who)

    def ask(self, file, x):
        label, q, real = str(x["label"]), x["request"], x["response"]
        url = urllib.parse.urlsplit(q["url"])
        name = url.path.removeprefix("/xrpc/")
        method, body = name.split(".")[-1], q.get("body")
        why = next((r for r, p in OUT.items() if re.search(p, label)), None)
        if not why and (method not in METHODS or not url.path.startswith("/xrpc/")):
            why = "other methods"
        if why:
            self.left_out.setdefault(why, []).append(f"{file[:2]} {label}")
            if not isinstance(body, dict):
                return
            # What is written all the same is what later exchanges are about.
            if not (real["status"] == 200 and method in ("createRecord", "putRecord", "deleteRecord")):
                return
        if method == "uploadBlob":
            if real["status"] == 200:
                blob = real["body"]["blob"]
                self.subject.put_blob(blob)
            return
        body = self.mapped(body) if isinstance(body, dict) else body
        if method == "createRecord" and real["status"] == 200 and "rkey" not in body and isinstance(body, dict):
            body = {**body, "rkey": real["body"]["uri"].split("/")[-1]}
        headers = {k: v for k, v in q["headers"].items() if k != "authorization"}
        token = self.token(label, method, q["headers"], body)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        target = url.path + ("?" + url.query if url.query else "")
        answer = self.subject.serve(Request(q["method"], target, headers, b"" if body is None else json.dumps(body).encode() if isinstance(body, dict) else body.encode()))
        if why:
            if answer.status == 200:
                self.cids[real["body"].get("cid", "?")] = answer.json.get("cid", "?")
            return
        wrong = compare({**real, "json": said_of(real["body"]), "text": ""}, answer, subset=True, read=said_of)
        if answer.status == 200:
            wrong += self.lexicons.wrong_body(name, "output", answer.json)
            if method in ("createRecord", "putRecord"):
                self.cids[real["body"]["cid"]] = answer.json["cid"]
            if method in ("createSession", "refreshSession"):
                self.last = answer.json
        elif not wrong and answer.json["error"] != real["body"]["error"]:
            wrong = [f"the error is {answer.json['error']}, and really {real['body']['error']}"]
        if answer.status == real["status"] == 200 and method in ("getPosts", "getRecord", "getPostThread"):
            wrong += [] if uris(answer.json) == uris(real["body"]) else [f"it shows {uris(answer.json)}, and really {uris(real['body'])}"]
        ok(wrong, f"bluesky {file} {label}")


def said_of(value):
    """Without the records, which are what people wrote, and the names that some have."""
    if isinstance(value, dict):
        return {k: said_of(v) for k, v in value.items() if k not in ("record", "value", "displayName")}
    return [said_of(v) for v in value] if isinstance(value, list) else value


def uris(shown):
    """Of posts that are shown, in their order."""
    if isinstance(shown, dict):
        own = [shown["uri"]] if "uri" in shown and ("record" in shown or "value" in shown or "$type" in shown) else []
        return own + [u for k in ("posts", "thread", "post", "parent", "replies") if k in shown for u in uris(shown[k])]
    return [u for one in shown for u in uris(one)] if isinstance(shown, list) else []


def replay_bluesky(subject, folder, lexicons):
    r = Replay(subject, Lexicons(lexicons))
    for file in FILES:
        for x in json.loads((folder / f"{file}.json").read_text())["exchanges"]:
            if "request" in x:
                r.ask(file, x)
    say_left_out("bluesky", r.left_out)
