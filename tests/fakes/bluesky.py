"""A server of the AT Protocol and the app behind it, as far as a client needs them that reads mentions and answers them.

People act by the same requests as the account does.  What the network does to a client beyond that tests do by its members: lag,
expired tokens, empty pages, lost notifications, lists of blocks and gates.
"""
import base64
import datetime
import hashlib
import json
import re
import time
import urllib.parse

from .server import Answer, Model

DIGITS = "234567abcdefghijklmnopqrstuvwxyz"
POST, GATE, LIKE, REPOST, BLOCK, PROFILE = ("app.bsky." + n for n in (
    "feed.post", "feed.threadgate", "feed.like", "feed.repost", "graph.block", "actor.profile"))
DEPTH = 5                        # levels below a post of an account of which it is told
WRITES = 5000                    # points in an hour


class Refused(Exception):
    def __init__(self, status, error, message=""):
        super().__init__(status, error, message or error)


def tid(usec, clock=0):
    n, out = int(usec) << 10 | clock, ""
    for _ in range(13):
        out, n = DIGITS[n & 31] + out, n >> 5
    return out


def cid_of(value):
    """Of a record: the same for the same bytes."""
    digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode() if not isinstance(value, bytes) else value).digest()
    return ("bafkrei" if isinstance(value, bytes) else "bafyrei") + base64.b32encode(digest).decode().lower().rstrip("=")


def jwt(scope, n):
    claims = base64.urlsafe_b64encode(json.dumps({"scope": f"com.atproto.{scope}", "jti": n}).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{claims}.c2ln"


def iso(at):
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + f".{int(round(at * 1000)) % 1000:03d}Z"


def seconds_of(text):
    try:
        return max(0, datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())
    except (OverflowError, ValueError):
        return 0


class Bluesky(Model):
    def __init__(self, host="127.0.0.1", handles=("brand.test", "alice.test", "bob.test"), clock=time.time, dids=None):
        super().__init__()
        self.host, self.clock, self.n = host, clock, 0
        self.handles = {(dids or {}).get(h) or "did:plc:" + base64.b32encode(hashlib.sha256(h.encode()).digest()).decode().lower()[:24]: h
                        for h in handles}
        self.passwords = {did: {"xxxx-xxxx-xxxx-xxxx": "appPass", h.split(".")[0] + "-pass": "access"} for did, h in self.handles.items()}
        self.records = {}                # uri -> (cid, record, when it was indexed)
        self.notified = []               # (did, uri, reason, time by which it is listed)
        self.blobs = {}
        self.access, self.refresh = {}, {}       # token -> did; refresh: token -> [did, next pair, works]
        self.own = set()                 # access tokens of accounts' own passwords
        self.sessions, self.refreshes = 0, 0     # that were begun, that were renewed
        self.inactive, self.taken_down, self.hidden, self.lost = set(), set(), set(), set()
        self.lags = False                # the app does not follow: what is written now is not indexed
        self.empty_pages = 0             # that lists begin with
        self.log = []                    # (method, query or body) of what was asked

    # What tests ask.

    def did(self, handle):
        return next(d for d, h in self.handles.items() if h == handle)

    def expire(self):
        """The access tokens of app passwords."""
        with self.lock:
            self.access = {t: d for t, d in self.access.items() if t in self.own}

    def revoke(self):
        """Their sessions."""
        with self.lock:
            self.expire()
            self.refresh = {t: e for t, e in self.refresh.items() if e[2] == "access"}

    def asked(self, method):
        with self.lock:
            return [what for m, what in self.log if m == method]

    # The protocol.

    def handle(self, q):
        method = q.path.removeprefix("/xrpc/")
        name = method.split(".")[-1]
        self.log.append((method, q.json if q.method == "POST" else q.lists))
        headers = {"ratelimit-limit": "3000", "ratelimit-remaining": "2900", "ratelimit-reset": str(int(self.clock()) + 300),
                   "ratelimit-policy": "3000;w=300"}
        try:
            call = getattr(self, "do_" + name, None)
            if not q.path.startswith("/xrpc/") or not call:
                raise Refused(501, "MethodNotImplemented", "Method Not Implemented")
            if (q.method == "POST") != (name in ("createSession", "refreshSession", "createRecord", "putRecord", "deleteRecord",
                                                 "uploadBlob")):
                raise Refused(400, "InvalidRequest", f"Incorrect HTTP method ({q.method}) expected {'GET' if q.method == 'POST' else 'POST'}")
            if q.broken:
                raise Refused(400, "SyntaxError", "Unexpected end of JSON input")
            return Answer(json=call(q), headers=headers)
        except Refused as e:
            status, error, message = e.args
            return Answer(status, {"error": error, "message": message}, headers=headers)

    def viewer(self, q, tokens=None, needed=True):
        token = q.headers.get("authorization", q.headers.get("Authorization", "")).removeprefix("Bearer ")
        tokens = self.access if tokens is None else tokens
        if not token and not needed:
            return None
        if not token:
            raise Refused(401, "AuthMissing", "Authentication Required")
        if token not in tokens:
            # One that was given is expired; others never were tokens of that kind.
            if re.fullmatch(r"eyJ\w+\.\w+\.c2ln", token) and token not in {**self.refresh, **self.access}:
                raise Refused(400, "ExpiredToken", "Token has expired")
            raise Refused(400, "InvalidToken", "Token could not be verified")
        did = tokens[token] if tokens is self.access else tokens[token][0]
        if did in self.taken_down:
            raise Refused(401, "AccountTakedown", "Account has been taken down")
        return did

    def session(self, did, scope):
        self.n += 1
        access, refresh = jwt(scope, self.n), jwt("refresh", self.n)
        self.access[access] = did
        self.own |= {access} if scope == "access" else set()
        self.refresh[refresh] = [did, None, scope]
        return {"accessJwt": access, "refreshJwt": refresh, **self.me(did)}

    def me(self, did):
        doc = {"@context": ["https://www.w3.org/ns/did/v1"], "id": did, "alsoKnownAs": [f"at://{self.handles[did]}"], "verificationMethod": [],
               "service": [{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": f"http://{self.host}"}]}
        out = {"did": did, "handle": self.handles[did], "email": "x@example.com", "emailConfirmed": False, "active": did not in self.inactive,
               "didDoc": doc}
        return {**out, "status": "deactivated"} if did in self.inactive else out

    def do_createSession(self, q):
        identifier = self.member(q.json, "identifier").lower()
        password = self.member(q.json, "password")
        did = next((d for d, h in self.handles.items() if identifier in (d, h, h.split(".")[0] + "@example.com")), None)
        scope = self.passwords.get(did, {}).get(password)
        if not scope:
            raise Refused(401, "AuthenticationRequired", "Invalid identifier or password")
        if did in self.taken_down:
            raise Refused(401, "AccountTakedown", "Account has been taken down")
        self.sessions += 1
        return self.session(did, scope)

    def do_refreshSession(self, q):
        if q.body:
            raise Refused(400, "InvalidRequest", "A request body was provided when none was expected")
        did = self.viewer(q, self.refresh)
        entry = self.refresh[q.headers.get("authorization", q.headers.get("Authorization", "")).removeprefix("Bearer ")]
        self.refreshes += 1
        if not entry[1]:                 # a used one leads to the same again
            entry[1] = self.session(did, entry[2])
        return entry[1]

    def do_getSession(self, q):
        return self.me(self.viewer(q))

    def member(self, body, name):
        if not isinstance(body, dict) or name not in body:
            raise Refused(400, "InvalidRequest", f'Missing required key "{name}" at $')
        return body[name]

    # Records.

    def repo_of(self, q):
        for name in ("repo", "collection"):
            self.member(q.json, name)
        repo = q.json["repo"]
        did = repo if repo.startswith("did:") else next((d for d, h in self.handles.items() if h == repo), None)
        who = self.viewer(q)
        if did != who:
            raise Refused(401, "AuthenticationRequired", "Authentication Required")
        if did in self.inactive:
            raise Refused(401, "AccountDeactivated", "Account is deactivated")
        return did

    def judge(self, collection, rkey, record):
        def no(what):
            raise Refused(400, "InvalidRequest", f"Invalid {collection} record: {what}")
        if collection in (POST, GATE, LIKE, REPOST) and not re.fullmatch("[2-7a-j][2-7a-z]{12}", rkey):
            raise Refused(400, "InvalidRequest", f"Invalid record key for {collection}: Invalid TID string")
        if record.get("$type", collection) != collection:
            raise Refused(400, "InvalidRequest", f"Invalid $type: expected {collection}, got {record['$type']}")
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+]\d\d:\d\d|-(?!00:00)\d\d:\d\d)", str(record.get("createdAt"))):
            no('Missing required key "createdAt" at $' if "createdAt" not in record else f"Invalid datetime (got \"{record['createdAt']}\") at $")
        if collection != POST:
            return
        if "text" not in record:
            no('Missing required key "text" at $.record')
        if len(record["text"].encode(errors="replace")) > 3000:
            no("string too big (maximum 3000)")
        if len(re.sub("\u200d.|[\u0300-\u036f\ufe0f]", "", record["text"])) > 300:
            no("grapheme too big (maximum 300)")
        if len(record.get("langs") or []) > 3 or any(not re.fullmatch("[a-z]{2,3}(-[A-Za-z0-9]+)*", lang) for lang in record.get("langs") or []):
            no("langs")
        for facet in record.get("facets") or []:
            index = facet["index"]
            if index["byteStart"] < 0 or index["byteEnd"] < 0:
                no("integer too small (minimum 0)")
            for feature in facet["features"]:
                if not str(feature.get("did", "did:")).startswith("did:") or not re.match(r"\w+:", feature.get("uri", "x:")) \
                        or len(feature.get("tag", "")) > 64:
                    no("facet")
        for ref in (record.get("reply") or {}).values():
            if not re.fullmatch("baf[a-z2-7]{50,}", ref["cid"]):
                no("Invalid CID string")
        images = (record.get("embed") or {}).get("images") or []
        if len(images) > 4:
            no("array too big (maximum 4)")
        for image in images:
            if "alt" not in image:
                no('Missing required key "alt"')
            if image["image"]["ref"]["$link"] not in self.blobs:
                raise Refused(400, "BlobNotFound", "Could not find blob")
            if image["image"]["size"] > 2000000 or not image["image"]["mimeType"].startswith("image/"):
                no("blob")

    def write(self, did, collection, rkey, record):
        uri = f"at://{did}/{collection}/{rkey}"
        record = {"$type": collection, **record}
        self.judge(collection, rkey, record)
        cid = cid_of(record)
        self.records[uri] = cid, record, None if self.lags else self.clock()
        if not self.lags:
            self.index(uri)
        return {"uri": uri, "cid": cid, "commit": {"cid": cid_of([uri, cid]), "rev": self.new_tid()}, "validationStatus": "valid"}

    def new_tid(self):
        self.n += 1
        return tid(self.clock() * 1e6 + self.n, 7)

    def do_createRecord(self, q):
        did = self.repo_of(q)
        rkey = q.json.get("rkey") or self.new_tid()
        if f"at://{did}/{q.json['collection']}/{rkey}" in self.records:
            raise Refused(500, "InternalServerError", "Internal Server Error")
        made = self.write(did, q.json["collection"], rkey, self.member(q.json, "record"))
        return {k: v for k, v in made.items() if k != "validationStatus" or q.json.get("validate") is None}

    def do_putRecord(self, q):
        did = self.repo_of(q)
        uri = f"at://{did}/{q.json['collection']}/{self.member(q.json, 'rkey')}"
        record = {"$type": q.json["collection"], **self.member(q.json, "record")}
        old = self.records.get(uri)
        if old and old[0] == cid_of(record):
            return {"uri": uri, "cid": old[0], "validationStatus": "valid"}
        if "swapRecord" in q.json and q.json["swapRecord"] != (old[0] if old else None):
            raise Refused(400, "InvalidSwap", f"Record was at {old[0] if old else None}")
        return self.write(did, q.json["collection"], q.json["rkey"], record)

    def do_deleteRecord(self, q):
        did = self.repo_of(q)
        uri = f"at://{did}/{q.json['collection']}/{self.member(q.json, 'rkey')}"
        if not self.records.pop(uri, None):
            return {}
        self.notified = [n for n in self.notified if n[1] != uri]
        return {"commit": {"cid": cid_of([uri]), "rev": self.new_tid()}}

    def do_getRecord(self, q):
        repo = q.query["repo"]
        uri = f"at://{repo}/{q.query['collection']}/{q.query['rkey']}"
        if uri not in self.records or repo in self.inactive:
            raise Refused(400, "RecordNotFound", f"Could not locate record: {uri}")
        return {"uri": uri, "cid": self.records[uri][0], "value": self.records[uri][1]}

    def do_listRecords(self, q):
        front = f"at://{q.query['repo']}/{q.query['collection']}/"
        below = q.query.get("cursor") or "~"
        keys = sorted((u[len(front):] for u in self.records if u.startswith(front)), reverse="reverse" not in q.query)
        keys = [k for k in keys if k < below][:int(q.query.get("limit", 50))]
        out = {"records": [{"uri": front + k, "cid": self.records[front + k][0], "value": self.records[front + k][1]} for k in keys]}
        return {**out, "cursor": keys[-1]} if keys else out

    def do_uploadBlob(self, q):
        self.viewer(q)
        if not q.content_type:
            raise Refused(400, "InvalidRequest", "Request encoding (Content-Type) required but not provided")
        if len(q.body) > 5000000:
            raise Refused(413, "PayloadTooLarge", "request entity too large")
        kind = "image/png" if q.body.startswith(b"\x89PNG") else "image/jpeg" if q.body.startswith(b"\xff\xd8") else q.content_type
        self.blobs[cid_of(q.body)] = kind, q.body
        return {"blob": {"$type": "blob", "ref": {"$link": cid_of(q.body)}, "mimeType": kind, "size": len(q.body)}}

    def do_resolveHandle(self, q):
        handle = q.query["handle"].lower()
        if handle not in self.handles.values():
            raise Refused(400, "HandleNotFound", "Unable to resolve handle")
        return {"did": self.did(handle)}

    # The app.

    def catch_up(self):
        with self.lock:
            self.lags = False
            for uri, (cid, record, at) in list(self.records.items()):
                if at is None:
                    self.records[uri] = cid, record, self.clock()
                    self.index(uri)

    def above(self, record):
        uri = ((record.get("reply") or {}).get("parent") or {}).get("uri")
        while uri in self.records:
            yield uri
            uri = ((self.records[uri][1].get("reply") or {}).get("parent") or {}).get("uri")

    def index(self, uri):
        _, record, at = self.records[uri]
        author, collection = uri.split("/")[2:4]
        if collection != POST or uri in self.lost:
            return
        named = {f.get("did") for facet in record.get("facets") or [] for f in facet["features"]}
        quoted = (record.get("embed") or {}).get("record") or {}
        quoted = (quoted.get("record") or quoted).get("uri", "").split("/")[2:3]
        ours = {u.split("/")[2] for _, u in zip(range(DEPTH - 1), self.above(record))}
        known = {n[0] for n in self.notified if n[1] == uri}
        for did in self.handles:
            reason = "mention" if did in named else "quote" if did in quoted else "reply" if did in ours else None
            if reason and did != author and did not in known and not self.gated(uri, did):
                self.notified.append((did, uri, reason, min(at, seconds_of(record["createdAt"]))))

    def root_of(self, uri):
        return ((self.records[uri][1].get("reply") or {}).get("root") or {}).get("uri", uri)

    def gate_of(self, uri):
        return self.records.get(self.root_of(uri).replace(POST, GATE), (None, {}))[1]

    def may_reply(self, uri, did):
        rules = self.gate_of(uri).get("allow")
        root = self.records.get(self.root_of(uri))
        if rules is None or self.root_of(uri).split("/")[2] == did or not root:
            return True
        named = {f.get("did") for facet in root[1].get("facets") or [] for f in facet["features"]}
        return any(r["$type"].endswith("#mentionRule") and did in named for r in rules)

    def gated(self, uri, did):
        """An answer that was not allowed, or is hidden."""
        author = uri.split("/")[2]
        return self.root_of(uri) != uri and (not self.may_reply(uri, author) or uri in self.gate_of(uri).get("hiddenReplies", []))

    def blocks(self, who, whom):
        return next((u for u, (_, r, _) in self.records.items() if u.startswith(f"at://{who}/{BLOCK}/") and r["subject"] == whom), "")

    def is_shown(self, uri, viewer):
        author = uri.split("/")[2]
        return uri in self.records and self.records[uri][2] is not None and author not in self.inactive | self.taken_down and uri not in self.hidden

    def is_blocked(self, uri, viewer):
        author = uri.split("/")[2]
        return bool(viewer and (self.blocks(author, viewer) or self.blocks(viewer, author)))

    def author(self, did, viewer):
        out = {"did": did, "handle": self.handles[did], "displayName": self.handles[did].split(".")[0], "labels": []}
        return {**out, "viewer": {"muted": False, "blockedBy": bool(self.blocks(did, viewer))}} if viewer else out

    def image(self, did, image):
        url = f"http://{self.host}/img/{{}}/plain/{did}/{image['image']['ref']['$link']}"
        return {"thumb": url.format("feed_thumbnail"), "fullsize": url.format("feed_fullsize"), "alt": image["alt"]}

    def view(self, uri, viewer):
        cid, record, at = self.records[uri]
        did = uri.split("/")[2]
        out = {"uri": uri, "cid": cid, "author": self.author(did, viewer), "record": record, "replyCount": 0, "repostCount": 0, "likeCount": 0,
               "quoteCount": 0, "indexedAt": iso(min(at, seconds_of(record["createdAt"]))), "labels": []}
        if viewer:
            out["viewer"] = {"threadMuted": False, "embeddingDisabled": False}
            if not self.may_reply(uri, viewer):
                out["viewer"]["replyDisabled"] = True
            for name, kind in ("like", LIKE), ("repost", REPOST):
                mine = [u for u, (_, r, _) in self.records.items() if u.startswith(f"at://{viewer}/{kind}/") and r["subject"]["uri"] == uri]
                if mine:
                    out["viewer"][name] = mine[-1]
        images = (record.get("embed") or {}).get("images")
        if images:
            out["embed"] = {"$type": "app.bsky.embed.images#view", "images": [self.image(did, i) for i in images]}
        return out

    def number(self, q, name, missing, least, most):
        try:
            n = int(q.query.get(name, missing))
        except ValueError:
            n = least - 1
        if not least <= n <= most:
            raise Refused(400, "InvalidRequest", f"Invalid {q.path.split('/')[-1]} params: integer at $.{name}")
        return n

    def do_listNotifications(self, q):
        did = self.viewer(q)
        limit = self.number(q, "limit", 50, 1, 100)
        if "seenAt" in q.query:
            raise Refused(400, "InvalidRequest", "The seenAt parameter is unsupported")
        below = seconds_of(q.query["cursor"]) if re.match(r"\d{4}-", q.query.get("cursor", "")) else None
        if "cursor" in q.query and not below:
            raise Refused(502, "InternalServerError", "Internal Server Error")
        if self.empty_pages and not below:
            self.empty_pages -= 1
            return {"notifications": [], "cursor": iso(self.clock() + 10), "priority": False}
        all = [n for n in self.notified if n[0] == did and self.is_shown(n[1], did) and not self.is_blocked(n[1], did)]
        all = sorted(all, key=lambda n: -round(n[3] * 1000))
        if below:
            all = [n for n in all if round(n[3] * 1000) < round(below * 1000)]
        page = all[:limit]
        shown = [{"uri": uri, "cid": self.records[uri][0], "author": self.author(uri.split("/")[2], did), "reason": reason,
                  "record": self.records[uri][1], "isRead": True, "indexedAt": iso(at), "labels": []}
                 for _, uri, reason, at in page if reason in q.lists.get("reasons", ["mention", "reply", "quote"])]
        return {"notifications": shown, "priority": False, **({"cursor": iso(page[-1][3])} if len(page) == limit else {})}

    def do_getPosts(self, q):
        did = self.viewer(q, needed=False)
        uris = q.lists.get("uris", [])
        if not 0 < len(uris) <= 25:
            raise Refused(400, "InvalidRequest", "Invalid app.bsky.feed.getPosts params: array too big (maximum 25)")
        return {"posts": [self.view(u, did) for u in uris if self.is_shown(u, did) and not self.is_blocked(u, did)]}

    def node(self, uri, did, depth, height):
        if not self.is_shown(uri, did):
            return {"$type": "app.bsky.feed.defs#notFoundPost", "uri": uri, "notFound": True}
        if self.is_blocked(uri, did):
            author = uri.split("/")[2]
            return {"$type": "app.bsky.feed.defs#blockedPost", "uri": uri, "blocked": True,
                    "author": {"did": author, "viewer": {"blockedBy": bool(self.blocks(author, did))}}}
        out = {"$type": "app.bsky.feed.defs#threadViewPost", "post": self.view(uri, did)}
        parent = ((self.records[uri][1].get("reply") or {}).get("parent") or {}).get("uri")
        if parent and height and (parent not in self.records or self.root_of(uri) == self.root_of(parent)):
            out["parent"] = self.node(parent, did, 0, height - 1)
        if depth:
            out["replies"] = [self.node(u, did, depth - 1, 0) for u, (_, r, _) in list(self.records.items())
                              if ((r.get("reply") or {}).get("parent") or {}).get("uri") == uri and self.is_shown(u, did)
                              and self.root_of(u) == self.root_of(uri) and not self.gated(u, did)]
        return out

    def do_getPostThread(self, q):
        did = self.viewer(q, needed=False)
        depth, height = self.number(q, "depth", 6, 0, 1000), self.number(q, "parentHeight", 80, 0, 1000)
        uri = urllib.parse.unquote(q.query.get("uri", ""))
        if not uri.startswith("at://"):
            raise Refused(400, "InvalidRequest", "Invalid app.bsky.feed.getPostThread params: Invalid at-uri")
        if len(q.lists["uri"]) > 1:
            raise Refused(400, "InvalidRequest", "Invalid app.bsky.feed.getPostThread params: expected string")
        if not self.is_shown(uri, did):
            raise Refused(400, "NotFound", f"Post not found: {uri}")
        return {"thread": self.node(uri, did, depth, height)}
