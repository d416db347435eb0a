"""The Graph API as far as a Page needs it that reads and answers comments and messages: one Page, and people.

Built from contracts/facebook and from what is known of its ways.  What it may be told to do wrong:

    nameless       nobody but the Page is named, as before Meta has granted advanced access
    half_done      so many of the next writes are done and answered by 500, error 2
    usage          headers that go with each reply
"""
import base64
import datetime
import hashlib
import hmac
import re
import time

from .server import Answer, Model

DAY = 24 * 3600
PAGE = "1067280970047460"
COMMON = {"id", "message", "from", "created_time", "permalink_url"}
FIELDS = {
    "page": {"id", "name", "category", "link"},
    "user": {"id", "name"},
    "post": COMMON | {"updated_time", "full_picture", "comments", "can_reply_privately", "is_hidden"},
    "comment": COMMON | {"parent", "attachment", "comments", "is_hidden", "can_reply_privately", "private_reply_conversation", "comment_count"},
    "conversation": {"id", "link", "updated_time", "messages"},
    "message": {"id", "message", "from", "created_time", "attachments"},
    "rating": {"created_time", "recommendation_type", "review_text", "reviewer", "open_graph_story"},
    "app": {"id", "name", "subscribed_fields"},
}


class Error(Exception):
    def __init__(self, code, message="no", subcode=None, status=400, **more):
        self.status = status
        self.body = {"error": {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AbC", **more}}
        if subcode:
            self.body["error"]["error_subcode"] = subcode

    def answer(self):
        return Answer(self.status, self.body)


class Person:
    def __init__(self, id, name):
        self.id, self.name = id, name


class Item:
    """A post, comment, message or rating.  by_api: the app made it."""

    def __init__(self, kind, id, author, text, created, **more):
        self.kind, self.id, self.author, self.text, self.created = kind, id, author, text, created
        self.above = self.parent = None          # the post or conversation; the comment that it answers
        self.gone = self.by_api = self.hidden = self.tagged = self.answered = False
        self.likes, self.picture = [], None
        self.__dict__.update(more)


class Talk:
    def __init__(self, id, person):
        self.kind, self.id, self.person, self.messages, self.gone = "conversation", id, person, [], False


def fields_of(text):
    """{name: (modifiers, fields below)} of "a,b.limit(5){c}"."""
    found, depth, start = {}, 0, 0
    for n, c in enumerate(text + ","):
        depth += (c in "({") - (c in ")}")
        if c == "," and depth == 0:
            m = re.fullmatch(r"(\w+)((?:\.\w+\(\w+\))*)(?:\{(.*)\})?", text[start:n])
            if not m:
                raise Error(100, f"(#100) Syntax error in {text[start:n]}")
            found[m[1]] = dict(re.findall(r"\.(\w+)\((\w+)\)", m[2])), m[3]
            start = n + 1
    return found


class Facebook(Model):
    def __init__(self, token="page-token", secret="app-secret", clock=time.time):
        super().__init__()
        self.token, self.secret, self.clock = token, secret, clock
        self.page = Person(PAGE, "The Shop")
        self.people = {name: Person(str(7000 + n), name.capitalize()) for n, name in enumerate(("alice", "bob", "carol"))}
        self.items, self.talks = [], []
        self.base = "https://graph.facebook.com"
        self.scopes = {"pages_read_engagement", "pages_read_user_content", "pages_manage_engagement", "pages_manage_metadata", "pages_messaging"}
        self.expires = self.data_expires = 0
        self.subscribed = ["feed", "mention", "messages"]
        self.nameless, self.half_done, self.human_agent = False, 0, False
        self.usage = {}
        self.n = 100

    @property
    def proof(self):
        return hmac.new(self.secret.encode(), self.token.encode(), hashlib.sha256).hexdigest()

    # What people do.

    def make(self, kind, author, text, id, ago=0, **more):
        with self.lock:
            author = self.page if author == "page" else self.people[author]
            item = Item(kind, id, author, text, self.clock() - ago, **more)
            self.items.append(item)
            self.lock.notify_all()
            return item

    def number(self):
        with self.lock:
            self.n += 1
            return str(44440000 + self.n)

    def post(self, author="page", text="New shoes, in red", tagged=False, ago=0, **more):
        owner = self.page if not tagged else self.people[author]
        return self.make("post", author, text, f"{owner.id}_{self.number()}", ago, tagged=tagged, **more)

    def comment(self, author, text, above, ago=0, **more):
        """above: a post, or a comment, to whose first level it goes."""
        post = above if above.kind in ("post", "rating") else above.above
        parent = None if post is above else above.parent or above
        return self.make("comment", author, text, f"{post.id.split('_')[1]}_{self.number()}", ago, above=post, parent=parent, **more)

    def review(self, author, text, liked=True, story=True):
        return self.make("rating", author, text, f"{PAGE}_{self.number()}" if story else "", liked=liked)

    def message(self, author, text, person=None, ago=0, **more):
        with self.lock:
            person = self.people[person or author]
            talk = next((t for t in self.talks if t.person is person), None)
            if not talk:
                talk = Talk(f"t_{self.number()}", person)
                self.talks.append(talk)
            m = self.make("message", author, text, "m_" + base64.urlsafe_b64encode(self.number().encode()).decode(), ago, above=talk, **more)
            talk.messages.append(m)
            return m

    def edit(self, item, text):
        with self.lock:
            item.text = text

    def delete(self, item):
        with self.lock:
            for i in self.items:
                if i is item or i.parent is item or i.above is item:
                    i.gone = True

    # What is shown.

    def time(self, at):
        return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+0000")

    def person(self, p):
        return {"name": p.name, "id": p.id}

    def private_talk(self, item):
        return next((t for t in self.talks if any(m.aside is item for m in t.messages if hasattr(m, "aside"))), None)

    def value(self, x, name, modifiers, below):
        if name == "from" or name == "reviewer":
            author = getattr(x, "author", None)
            return None if self.nameless and author is not self.page and x.kind != "message" else self.person(author)
        if name == "id":
            return x.id
        if name == "message":
            return x.text
        if name == "created_time":
            return self.time(x.created)
        if name == "updated_time":
            return self.time(max(m.created for m in x.messages) if x.kind == "conversation" else x.created)
        if name == "link" and x.kind == "conversation":
            return f"/{PAGE}/inbox/{x.id}/?section=messages"
        if name in ("permalink_url", "link"):
            return f"https://www.facebook.com/{getattr(x, 'id', '')}"
        if name == "parent":
            return self.show(x.parent, below or "id") if x.parent else None
        if name == "comments":
            return self.listed(self.comments(x, modifiers), below or "id", modifiers, f"{x.id}/comments") if self.comments(x, modifiers) else None
        if name == "messages":
            return self.listed(x.messages[::-1], below or "id", modifiers, f"{x.id}/messages")
        if name == "full_picture":
            return x.picture
        if name == "attachment":
            return {"type": "photo", "media": {"image": {"src": x.picture, "height": 1, "width": 1}}} if x.picture else None
        if name == "attachments":
            return {"data": [{"id": "1", "mime_type": "image/png", "image_data": {"url": x.picture}}]} if x.picture else None
        if name == "is_hidden":
            return x.hidden
        if name == "can_reply_privately":
            return not x.answered and self.clock() - x.created < 7 * DAY and x.author is not self.page
        if name == "private_reply_conversation":
            talk = self.private_talk(x)
            return {"id": talk.id} if talk else None
        if name == "recommendation_type":
            return "positive" if x.liked else "negative"
        if name == "review_text":
            return x.text
        if name == "open_graph_story":
            return {"id": x.id} if x.id else None
        return getattr(x, name, None)

    def show(self, x, fields):
        kind = "page" if x is self.page else "user" if isinstance(x, Person) else x.kind
        shown = {}
        for name, (modifiers, below) in fields_of(fields).items():
            if name not in FIELDS[kind]:
                raise Error(100, f"(#100) Tried accessing nonexisting field ({name}) on node type ({kind})")
            value = "Shopping" if name == "category" else self.value(x, name, modifiers, below)
            if value is not None:
                shown[name] = value
        if kind != "rating":
            shown.setdefault("id", x.id)
        return shown

    def comments(self, x, modifiers):
        found = [c for c in self.items if c.kind == "comment" and not c.gone and (c.above is x or c.parent is x)]
        if x.kind == "post" and modifiers.get("filter") != "stream":
            found = [c for c in found if not c.parent]
        return found[::-1] if modifiers.get("order") == "reverse_chronological" else found

    def listed(self, items, fields, query, path):
        limit = int(query.get("limit", 25))
        if limit > 100:
            raise Error(100, "(#100) limit is too large")
        items = [i for i in items if not i.gone]
        after = query.get("after")
        begin = int(base64.b64decode(after)) if after else 0
        page = items[begin:begin + limit]
        shown = {"data": [self.show(i, fields) for i in page]}
        if page:
            cursors = {side: base64.b64encode(str(n).encode()).decode() for side, n in (("before", begin), ("after", begin + len(page)))}
            shown["paging"] = {"cursors": cursors}
            if begin + len(page) < len(items):
                shown["paging"]["next"] = f"{self.base}/v25.0/{path}?access_token={self.token}&after={cursors['after']}"
        return shown

    # The API.

    def find(self, id):
        if id in ("me", PAGE):
            return self.page
        for x in [*self.items, *self.talks]:
            if x.id == id and not x.gone:
                return x
        raise Error(100, f"Unsupported request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions", 33)

    def newest(self, *kinds, **wanted):
        return [i for i in sorted(self.items, key=lambda i: -i.created) if i.kind in kinds and all(getattr(i, k) == v for k, v in wanted.items())]

    def edge(self, x, name, query):
        fields = query.get("fields", "id")
        if x is self.page and name in ("feed", "tagged"):
            return self.listed(self.newest("post", tagged=name == "tagged"), fields, query, f"{PAGE}/{name}")
        if x is self.page and name == "ratings":
            return self.listed(self.newest("rating"), fields, query, f"{PAGE}/ratings")
        if x is self.page and name == "conversations" and query.get("platform") == "messenger":
            return self.listed(sorted(self.talks, key=lambda t: -max(m.created for m in t.messages)), fields, query, f"{PAGE}/conversations")
        if x is self.page and name == "subscribed_apps":
            return {"data": [{"id": "1", "name": "mentiond", "subscribed_fields": self.subscribed}] if self.subscribed else []}
        if x.kind == "conversation" and name == "messages":
            return self.listed(x.messages[::-1], fields, query, f"{x.id}/messages")
        if name == "comments" and x.kind in ("post", "comment", "rating"):
            return self.listed(self.comments(x, query), fields, query, f"{x.id}/comments")
        raise Error(100, f"(#100) Tried accessing nonexisting field ({name})")

    def send(self, say):
        to, tag = say["recipient"], say.get("tag")
        if "id" in to:
            person = next((p for p in self.people.values() if p.id == to["id"]), None)
            talk = next((t for t in self.talks if t.person is person), None)
            last = max((m.created for m in talk.messages if m.author is person), default=0) if talk else 0
            window = 7 * DAY if tag == "HUMAN_AGENT" and self.human_agent else DAY
            if self.clock() - last > window:
                raise Error(10, "(#10) This message is sent outside of allowed window.", 2018278)
            m = self.message("page", say["message"]["text"], next(n for n, p in self.people.items() if p is person), by_api=True)
        else:
            above = self.find(to.get("comment_id") or to["post_id"])
            if above.kind != ("comment" if "comment_id" in to else "post"):
                raise Error(100, "(#100) No matching object found")
            if above.answered:
                raise Error(10900, "(#10900) Activity already replied to")
            if self.clock() - above.created > 7 * DAY:
                raise Error(10, "(#10) This message is sent outside of allowed window.", 2018278)
            above.answered = True
            m = self.message("page", say["message"]["text"], next(n for n, p in self.people.items() if p is above.author), by_api=True, aside=above)
        return {"recipient_id": m.above.person.id, "message_id": m.id}

    def write(self, q, x, name):
        say = q.json or {}
        if x is self.page and name == "messages":
            return self.send(say)
        if name == "likes" and q.method == "POST":
            x.likes = [self.page]
            return {"success": True}
        if name == "comments":
            if not say.get("message"):
                raise Error(100, "(#100) Param message must not be empty")
            return {"id": self.comment("page", say["message"], x, by_api=True).id}
        if name or x.kind not in ("comment", "post"):
            raise Error(100, "Unsupported post request")
        if q.method == "DELETE":
            self.delete(x)
        elif "is_hidden" in say:
            x.hidden = say["is_hidden"]
        else:
            x.text = say["message"]
        return {"success": True}

    def answer(self, q):
        version, _, rest = q.path[1:].partition("/")
        if not re.fullmatch(r"v\d+\.\d+", version):
            raise Error(2500, f"Unknown path components: {q.path}")
        if q.headers.get("Authorization") != f"Bearer {self.token}":
            raise Error(190, f"Malformed access token {q.headers.get('Authorization', '').removeprefix('Bearer ')}", status=401)
        if (q.json or {}).get("appsecret_proof", q.query.get("appsecret_proof")) != self.proof:
            raise Error(100, "API calls from the server require an appsecret_proof argument", status=400)
        if rest == "debug_token":
            return {"data": {"is_valid": q.query.get("input_token") == self.token, "scopes": sorted(self.scopes), "expires_at": self.expires,
                             "data_access_expires_at": self.data_expires, "type": "PAGE"}}
        id, _, name = rest.partition("/")
        x = self.find(id)
        if q.method == "GET":
            return self.edge(x, name, q.query) if name else self.show(x, q.query.get("fields", "id"))
        done = self.write(q, x, name)
        if self.half_done:
            self.half_done -= 1
            raise Error(2, "An unexpected error has occurred. Please retry your request later.", status=500, is_transient=True)
        return done

    def handle(self, q):
        try:
            answer = Answer(200, self.answer(q))
        except Error as e:
            answer = e.answer()
        answer.headers.update(self.usage)
        return answer
