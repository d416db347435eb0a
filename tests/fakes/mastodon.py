"""A server with Mastodon's API, as far as a client needs it that reads mentions and answers them.

Three kinds, which differ as their servers do (a test replays what was recorded of the last two):

    mastodon   idempotency keys, 500 characters, JSON errors
    gotosocial no idempotency keys, ULIDs, short pages, 5000 characters
    snac       no version 2 of the instance, a window of 64 notifications, HTML errors, takes what others refuse
"""
import datetime
import hashlib
import html
import re
import time

from .server import Answer, Model

SNAC_WINDOW = 64
TOGETHER_MAX = 20                # ids of one request
TYPES = "image/png", "image/jpeg", "image/gif", "video/mp4"
FILE_SIZE_MAX = 16777216
ULID = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LIMITS = {"mastodon": (500, 23, 4), "gotosocial": (5000, 25, 6), "snac": (100000, 32, 4)}
VISIBILITIES = "public", "unlisted", "private", "direct"


def ulid(n, at):
    value, out = (int(at * 1000) << 80) | n, ""
    for _ in range(26):
        out, value = ULID[value & 31] + out, value >> 5
    return out


class Status:
    """One post.  by_api: an account's client made it, with key; else a person did, on the network."""

    def __init__(self, **members):
        self.__dict__.update(members)
        self.deleted, self.edited = False, None
        self.liked, self.boosted = [], []        # by which accounts


class File:
    """An uploaded one.  work: how many looks at it the server still answers with 206."""

    def __init__(self, **members):
        self.__dict__.update(members)
        self.attached = False


def form_of(q):
    """Fields and files of a multipart form: {name: (bytes, file name or None, type)}."""
    boundary = re.search(r"boundary=(\S+)", q.headers.get("Content-Type", ""))
    found = {}
    for part in q.body.split(b"--" + boundary[1].encode())[1:-1] if boundary else []:
        head, _, data = part.strip(b"\r\n").partition(b"\r\n\r\n")
        head = head.decode()
        file, type = re.search(r'; filename="([^"]*)"', head), re.search(r"Content-Type: (\S+)", head)
        found[re.search(r'; name="([^"]*)"', head)[1]] = data, file and file[1], type and type[1]
    return found


class Mastodon(Model):
    def __init__(self, kind="mastodon", host="127.0.0.1", accounts=("brand", "alice", "carol"), clock=time.time):
        super().__init__()
        self.kind, self.host, self.clock = kind, host, clock
        self.accounts = list(accounts)
        self.tokens = {f"<{name}>": name for name in accounts}
        self.statuses, self.notifications = [], []       # in the order of time; of the latter: (account, id, time, status)
        self.files, self.work = [], 0    # work: of those that are uploaded from now on
        self.blocked = set()             # (who, whom): whom sees nothing of who's
        self.n = 0

    # What people do.

    def post(self, author, text, parent=None, visibility="public", spoiler="", by_api=False, key="", language="en", files=()):
        """Returns the status; whom it names, and is no stranger to the account, is notified."""
        with self.lock:
            s = Status(author=author, text=text, parent=parent, visibility=visibility, spoiler=spoiler, created=self.clock(),
                       by_api=by_api, key=key, language=language, files=list(files))
            s.id, s.slug = self.new_id(s.created)
            self.statuses.append(s)
            for name in self.accounts:
                named = re.search(rf"(?<![\w@])@{re.escape(name)}(@{re.escape(self.host)})?(?![\w@])", text)
                answered = self.kind == "snac" and parent and parent.author == name
                if name != author and (named or answered):
                    self.n += 1
                    at = self.clock()
                    id = (ulid(self.n, at) if self.kind == "gotosocial" else str(34000000 + self.n * 3) if self.kind == "mastodon"
                          else str(int(at * 1e6)))
                    if self.notifications and self.kind == "snac":
                        id = str(max(int(id), int(self.notifications[-1][1]) + 1))
                    self.notifications.append((name, id, at, s))
            self.lock.notify_all()
            return s

    def delete(self, status):
        with self.lock:
            status.deleted = True
            if self.kind != "snac":
                self.notifications = [n for n in self.notifications if n[3] is not status]

    def edit(self, status, text):
        with self.lock:
            status.text, status.edited = text, self.clock()

    def new_id(self, at):
        self.n += 1
        if self.kind == "gotosocial":
            return (ulid(self.n, at),) * 2
        if self.kind == "mastodon":
            return (str(113100000000 + self.n * 7),) * 2
        stamp = f"{at:.6f}"
        while any(s.slug == stamp for s in self.statuses[-3:]):
            at += 1e-6
            stamp = f"{at:.6f}"
        return stamp.replace(".", "")[:10] + hashlib.md5(stamp.encode()).hexdigest(), stamp

    # What is shown.

    def shown_id(self, s):
        """snac's begins with the time of the last change."""
        return f"{int(s.edited or s.created):010}{s.id[10:]}" if self.kind == "snac" else s.id

    def media(self, f):
        url = f"http://{self.host}/files/{f.id}"
        o = {"id": f.id, "type": "image", "url": url, "preview_url": url, "remote_url": url if self.kind == "snac" else None,
             "description": f.description}
        if self.kind != "snac":
            size = {"width": 64, "height": 48, "size": "64x48", "aspect": 1.3333334}
            o.update(meta={"original": size, "small": size, "focus": {"x": 0, "y": 0}}, blurhash="L4GIr", preview_remote_url=None, text_url=url)
        return o

    def time(self, at, millis=True):
        return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + (
            "Z" if not millis else ".000Z" if self.kind == "snac" else f".{int(at * 1000) % 1000:03d}Z")

    def content(self, text):
        def mention(m):
            name = m[0][1:] if self.kind == "snac" else m[1]
            inner = f"@{name}" if self.kind == "snac" else f"@<span>{name}</span>"
            return f'<span class="h-card"><a href="http://{self.host}/@{m[1]}" class="u-url mention">{inner}</a></span>'
        shown = text if self.kind == "snac" else html.escape(text, quote=False)
        shown = re.sub(r"(?<![\w@/])@(\w+)(@[\w.:-]*\w)?", mention, shown).replace("\n", "<br>")
        return shown + "<br>" if self.kind == "snac" else f"<p>{shown}</p>"

    def account(self, name, own=False):
        url = f"http://{self.host}/{'' if self.kind == 'snac' else '@'}{name}"
        a = {"id": hashlib.md5(name.encode()).hexdigest(), "username": name, "display_name": name,
             "acct": f"{name}@{self.host}" if self.kind == "snac" and not own else name, "created_at": "2026-11-01T00:00:00Z",
             "last_status_at": "2026-11-22", "bot": False, "note": "", "url": url, "avatar": f"http://{self.host}/a.png",
             "avatar_static": f"http://{self.host}/a.png", "header": "", "header_static": "", "emojis": [], "locked": False,
             "followers_count": 0, "following_count": 0, "statuses_count": 0}
        source = {"privacy": "public", "language": "en", "follow_requests_count": 0, "sensitive": False, "fields": [], "note": ""}
        if self.kind == "snac":
            a["uri"] = url
            if own:
                a["source"] = dict(source, bot=False)
            else:
                a.update(discoverable=True, group=False, hide_collections=False, indexable=True, noindex=False, roles=[], fields=[])
            return a
        a.update(discoverable=False, group=False, fields=[])
        if own:
            a.update(source=source, role={"id": "user", "name": "user", "color": "", "permissions": "0", "highlighted": False})
        if self.kind == "gotosocial":
            a.update(avatar_description="", header_description="")
            if own:
                a["source"].update(web_visibility="public", web_layout="microblog", status_content_type="text/plain")
                a["last_status_at"] = None
        return a

    def status(self, s, me=None):
        url = f"http://{self.host}/{s.author}/p/{s.slug}" if self.kind == "snac" else f"http://{self.host}/@{s.author}/{s.id}"
        parent = s.parent if s.parent and not s.parent.deleted else None
        named = [n for n in self.accounts if re.search(rf"@{n}\b", s.text)]
        full = {n: f"{n}@{self.host}" if self.kind == "snac" else n for n in named}
        o = {"id": self.shown_id(s), "uri": url, "url": url, "account": self.account(s.author), "created_at": self.time(s.created),
             "edited_at": self.time(s.edited) if s.edited else None, "content": self.content(s.text), "visibility": s.visibility,
             "sensitive": bool(s.spoiler), "spoiler_text": s.spoiler, "media_attachments": [self.media(f) for f in s.files],
             "mentions": [{"id": "0" if self.kind == "snac" else self.account(n)["id"], "username": full[n], "acct": full[n],
                           "url": f"http://{self.host}/{n}"} for n in named],
             "tags": [{"name": t, "url": f"http://{self.host}?t={t}"} for t in re.findall(r"(?<!\S)#(\w+)", s.text)], "emojis": [],
             "favourites_count": len(s.liked), "favourited": me in s.liked, "reblogs_count": len(s.boosted), "reblogged": me in s.boosted,
             "replies_count": sum(r.parent is s and not r.deleted for r in self.statuses), "in_reply_to_id": parent and self.shown_id(parent),
             "in_reply_to_account_id": parent and self.account(parent.author)["id"], "reblog": None, "card": None, "poll": None,
             "language": s.language, "muted": False, "bookmarked": False, "pinned": False}
        if self.kind == "snac":
            o.update(text=s.text, reactions=[], filtered=[])
        if self.kind == "gotosocial":
            always = {"automatic_approval": ["public", "me"], "manual_approval": [], "always": ["public", "me"], "with_approval": []}
            o.update(text=s.text, content_type="text/plain", application={"name": "mentiond"},
                     interaction_policy={"can_favourite": always, "can_reply": always, "can_reblog": always})
        if self.kind == "mastodon":
            o.update(filtered=[], application={"name": "mentiond", "website": None})
        return o

    def find(self, id):
        size = 10 if self.kind == "snac" else 0  # snac reads what stands behind the time
        return next((s for s in self.statuses if s.id[size:] == id[size:] and not s.deleted), None)

    def sees(self, me, s):
        if (s.author, me) in self.blocked:
            return False
        return self.kind == "snac" or s.visibility != "direct" or me == s.author or f"@{me}" in s.text

    def context(self, s):
        up, down = [], []
        p = s.parent
        while p and not p.deleted:
            up.insert(0, self.status(p))
            p = p.parent

        def below(of):
            for r in self.statuses:
                if r.parent is of and not r.deleted:
                    down.append(self.status(r))
                    if self.kind != "snac":      # which goes no further
                        below(r)
        below(s)
        return {"ancestors": up, "descendants": down}

    def instance(self, version):
        characters, url, media = LIMITS[self.kind]
        o = {"title": self.host, "version": {"snac": "4.0.0 (not true; really snac/2.96)"}.get(self.kind, "4.4.0"),
             "configuration": {"statuses": {"max_characters": characters, "characters_reserved_per_url": url, "max_media_attachments": media},
                               "media_attachments": {"supported_mime_types": list(TYPES), "image_size_limit": FILE_SIZE_MAX}}}
        if version == 1:
            o.update(uri=self.host, description="", short_description="", email="", languages=["en"], rules=[])
        if version == 2 or self.kind == "snac":
            o["domain"] = self.host
        if version == 2 and self.kind == "mastodon":
            o["api_versions"] = {"mastodon": 6}
        if version == 2:
            o["configuration"]["media_attachments"]["description_limit"] = 1500
        if self.kind == "gotosocial":
            o["account_domain"] = self.host
        return o

    # The API.

    def refuse(self, status, error):
        if self.kind == "snac":
            return Answer(status, text="" if status in (401, 422) else "<h1>404 Not Found (snac/2.96)</h1>",
                          content_type="text/html; charset=utf-8")
        return Answer(status, {"error": error})

    def page(self, q, me):
        wanted = [t for name in ("types[]", "types") for t in q.lists.get(name, [])]
        rows = [n for n in reversed(self.notifications) if n[0] == me]
        if self.kind == "snac":
            rows = rows[:SNAC_WINDOW]
        if (self.kind != "snac" or wanted) and wanted and "mention" not in wanted or "mention" in q.lists.get("exclude_types[]", []):
            rows = []
        ids = [n[1] for n in rows]
        if "max_id" in q.query:
            below = q.query["max_id"]
            if self.kind == "snac":      # one that it does not know brings nothing
                rows = rows[ids.index(below) + 1:] if below in ids else []
            else:
                rows = [n for n in rows if n[1] < below]
        above = q.query.get("min_id") or (q.query.get("since_id") if self.kind != "snac" else None)
        if above and self.kind == "snac":
            rows = rows[:ids.index(above)] if above in ids else []
        elif above:
            rows = [n for n in rows if n[1] > above]
        default = 1 if self.kind == "snac" else 20 if self.kind == "gotosocial" else 40
        limit = q.query.get("limit", "")
        limit = int(limit) if limit.isdigit() and int(limit) else default
        rows = rows[-limit:] if "min_id" in q.query and self.kind != "snac" else rows[:min(limit, 80)]
        answer = Answer(200, [{"id": id, "type": "mention", "created_at": self.time(at, self.kind != "snac"),
                               "account": self.account(s.author), "status": self.status(s)} for _, id, at, s in rows])
        if rows and self.kind != "snac":
            at = f"http://{self.host}/api/v1/notifications?limit={limit}"
            answer.headers["Link"] = f'<{at}&max_id={rows[-1][1]}>; rel="next", <{at}&min_id={rows[0][1]}>; rel="prev"'
        return answer

    def publish(self, q, me):
        say = q.json if isinstance(q.json, dict) else q.form
        text, visibility = say.get("status") or "", say.get("visibility") or "public"
        parent = self.find(say.get("in_reply_to_id") or "")
        key = q.headers.get("Idempotency-Key", "")
        if self.kind != "snac":
            if q.broken:
                return self.refuse(400, "Bad Request: unexpected EOF")
            if not text:
                return self.refuse(400 if self.kind == "gotosocial" else 422, "Validation failed: Text can't be blank")
            if len(text) > LIMITS[self.kind][0]:
                return self.refuse(400 if self.kind == "gotosocial" else 422, "Validation failed: Text character limit exceeded")
            if visibility not in VISIBILITIES:
                return self.refuse(422, "Unprocessable Entity: processVisibility: invalid visibility")
            if say.get("in_reply_to_id") and (not parent or not self.sees(me, parent)):
                return self.refuse(404, "Not Found: target status not found")
        if self.kind == "mastodon" and key:
            for s in self.statuses:
                if s.key == key and s.author == me and self.clock() - s.created < 3600:
                    return Answer(200, self.status(s))
            named = [n for n in self.accounts if re.search(rf"(?<![\w=/])@{n}\b", text)]
            allowed = say.get("allowed_mentions")
            others = [self.account(n) for n in named if allowed is not None and self.account(n)["id"] not in allowed]
            if others:
                return Answer(422, {"error": "Validation failed", "unexpected_accounts": others})
        wanted = say.get("media_ids") or q.forms.get("media_ids[]") or []
        files = [f for f in self.files if f.id in wanted]
        if self.kind != "snac" and (len(files) < len(wanted) or any(f.work or f.attached for f in files)):
            return self.refuse(400 if self.kind == "gotosocial" else 422, "Cannot attach files that have not finished processing. Try again in a moment!")
        s = self.post(me, text, parent, visibility if visibility in VISIBILITIES else "direct", say.get("spoiler_text") or "",
                      by_api=True, key=key, language=say.get("language") or "en", files=files)
        for f in files:
            f.attached = True
        return Answer(200, self.status(s, me))

    def upload(self, q, me):
        form = form_of(q)
        if "file" not in form:
            return self.refuse(400 if self.kind != "mastodon" else 422, "Bad Request: no file")
        data, name, type = form["file"]
        if self.kind != "snac" and type not in TYPES:
            return self.refuse(422, "Unprocessable Entity: error processing media")
        self.n += 1
        id = ulid(self.n, self.clock()) if self.kind == "gotosocial" else str(1131 + self.n)
        if self.kind == "snac":
            id = f"post-{hashlib.md5(name.encode() + data).hexdigest()}.{name.rpartition('.')[2] if '.' in name else 'png'}"
        f = File(id=id, name=name, type=type, data=data, description=form.get("description", (b"",))[0].decode(), work=self.work)
        self.files.append(f)
        return Answer(202 if f.work else 200, self.media(f))

    def on_file(self, q, id):
        f = next((f for f in self.files if f.id == id and not (f.attached and self.kind != "snac")), None)
        if not f or q.method not in ("GET", "PUT"):
            return self.refuse(404, "Not Found")
        if q.method == "PUT" and q.json:
            f.description = q.json.get("description", "")
        if f.work > 0:
            f.work -= 1
            return Answer(206, dict(self.media(f), url=None))
        if f.work < 0:
            return self.refuse(422, "Error processing thumbnail for uploaded media")
        return Answer(200, self.media(f))

    def change(self, q, me, s):
        """PUT: what is not said again is taken away.  snac keeps it, and lets everybody."""
        if s.author != me and self.kind != "snac":
            return self.refuse(404, "Not Found: target status not found")
        say = q.json if isinstance(q.json, dict) else q.form
        if self.kind != "snac":
            if not say.get("status"):
                return self.refuse(400 if self.kind == "gotosocial" else 422, "Validation failed: Text can't be blank")
            s.files = [f for f in s.files if f.id in (say.get("media_ids") or [])]
            s.spoiler, s.language = say.get("spoiler_text") or "", say.get("language") or s.language
        self.edit(s, say.get("status") or "")
        return Answer(200, self.status(s, me))

    def mark(self, s, me, what):
        marks = s.liked if "favourite" in what else s.boosted
        if not what.startswith("un") and s.visibility == "direct" and marks is s.boosted:
            return self.refuse(403, "This action is not allowed")
        marks[:] = [n for n in marks if n != me] + [me] * (not what.startswith("un"))
        shown = self.status(s, me)
        if what != "reblog":
            return Answer(200, shown)
        without = ("text", "content_type") if self.kind == "gotosocial" else ()
        return Answer(200, dict({k: v for k, v in shown.items() if k not in without}, reblog=shown, content=""))

    def handle(self, q):
        at = q.path.removeprefix("/api/")
        known = re.fullmatch(r"v1/(instance|notifications|accounts/verify_credentials|media/[^/]+|"
                             r"statuses(/[^/]+(/(context|source|(un)?favourite|(un)?reblog))?)?)|v2/(instance|media)", at)
        if not known or (self.kind == "snac" and at == "v2/instance"):
            return self.refuse(404, "Not Found")
        if at.endswith("/instance"):
            return Answer(200, self.instance(int(at[1])))
        me = self.tokens.get(q.headers.get("Authorization", "").removeprefix("Bearer "))
        if not me:
            return self.refuse(422 if self.kind == "snac" and "verify" in at else 401, "The access token is invalid")
        if at == "v1/accounts/verify_credentials":
            return Answer(200, self.account(me, own=True))
        if at == "v1/notifications":
            if q.method != "GET":
                return self.refuse(404, "Not Found") if self.kind == "snac" else Answer(405, text="405 method not allowed")
            return self.page(q, me)
        if at == "v1/statuses":
            if q.method == "GET" and self.kind == "mastodon":
                found = [self.find(id) for id in q.lists.get("id[]", [])[:TOGETHER_MAX]]
                return Answer(200, [self.status(s, me) for s in found if s and self.sees(me, s)])
            if q.method == "GET":
                return self.refuse(404, "Not Found") if self.kind == "snac" else Answer(405, text="405 method not allowed")
            return self.publish(q, me)
        if at == "v2/media":
            return self.upload(q, me)
        if at.startswith("v1/media/"):
            return self.on_file(q, at.split("/")[2])
        s, what = self.find(at.split("/")[2]), (known[3] or "")[1:]
        if s and q.method == "DELETE" and not what:
            if s.author != me:
                return self.refuse(403, "Forbidden") if self.kind == "gotosocial" else self.refuse(404, "Not Found: target status not found")
            shown = self.status(s, me)
            self.delete(s)
            return Answer(200, shown)
        if not s or not self.sees(me, s) or (what == "source" and s.author != me and self.kind != "snac"):
            return self.refuse(404, "Not Found: target status not found")
        if q.method == "PUT" and not what:
            return self.change(q, me, s)
        if q.method == "POST" and re.search("favourite|reblog", what):
            return self.mark(s, me, what)
        if q.method != "GET":
            return self.refuse(404, "Not Found")
        if what == "source":
            plain = {"content_type": "text/plain"} if self.kind == "gotosocial" else {}
            return Answer(200, {"id": self.shown_id(s), "text": s.text, "spoiler_text": s.spoiler, **plain})
        return Answer(200, self.context(s) if what == "context" else self.status(s, me))
