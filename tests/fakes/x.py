"""A server with version 2 of X's API, as far as a client needs it that reads mentions and answers them.

Its posts are wrapped as X does it: links are t.co's, &, < and > are escaped, what is longer than 280 is in note_tweet, and those who
are answered stand before the text.  Switches for its own kinds of lie are members of the model.  With a contract each request is held
against that: what it does not allow is in .violations.
"""
import base64
import datetime
import hashlib
import hmac
import re
import time
import urllib.parse

from .mastodon import form_of
from .server import Answer, Model

EPOCH_MS = 1288834974657
SHOWN_MAX = 800
LONG = 280
FORBIDDEN = {"type": "about:blank", "title": "Forbidden", "status": 403}
NOT_FOUND = "https://api.twitter.com/2/problems/resource-not-found"
NAMES = {"tweets": "posts", "referenced_tweets": "referenced_posts", "edit_history_tweet_ids": "edit_history_post_ids", "note_tweet": "note_post"}


def escaped(text):
    return urllib.parse.quote(text, safe="-._~")


def oauth1_signature(method, url, parameters, consumer_secret, token_secret):
    """RFC 5849, section 3.4; parameters: (name, value) of the query, a form and the header, but for the signature and the realm."""
    pairs = sorted((escaped(n), escaped(v)) for n, v in parameters)
    base = "&".join(map(escaped, [method.upper(), url, "&".join(f"{n}={v}" for n, v in pairs)]))
    key = f"{escaped(consumer_secret)}&{escaped(token_secret)}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()


class Post:
    """by_api: the account's client made it.  versions: ids, the last is of what it says now."""

    def __init__(self, **members):
        self.__dict__.update(members)
        self.deleted = self.hidden = False
        self.reposted = []

    @property
    def id(self):
        return self.versions[-1]


class X(Model):
    def __init__(self, contract=None, clock=time.time):
        super().__init__()
        self.contract, self.clock, self.violations = contract, clock, []
        self.prism = None                # asked the same: what it says is wrong
        self.base = ""
        self.users = {}
        for n, name in enumerate(("brand", "alice", "carol", "bob")):
            self.users[name] = {"id": str(1460000000000000001 + n), "username": name, "name": name.title(), "verified": n == 1, "protected": False}
        self.posts, self.media, self.read = [], {}, 0    # read: posts that were shown
        self.names = "tweet"             # or "post"
        self.unshown = set()             # users of whom X tells nothing with a post: partial errors
        self.late = False                # own posts are not in the account's list yet
        self.credits = True
        self.page = 100                  # at most, of a list
        self.n = 0
        # OAuth 1.0a; OAuth 2.0: each refresh token is good once.
        self.consumer, self.token = ("key of the app", "secret&of the app"), ("1460000000000000001-token", "secret of the token")
        self.nonces = set()
        self.client, self.refresh, self.access, self.renewals = ("client", "client secret"), "refresh-0", {}, 0
        self.lasts, self.rotates = 7200, True    # seconds

    @property
    def statuses(self):
        return self.posts

    # What people do.

    def new_id(self):
        self.n += 1
        return str((int(self.clock() * 1000) - EPOCH_MS << 22) + self.n)

    def post(self, author, text, parent=None, quoted=None, by_api=False, at=None, named=(), media=(), retweets=None):
        """named: who stands before the text, as X puts them there."""
        with self.lock:
            p = Post(author=author, text=text, parent=parent, quoted=quoted, by_api=by_api, created=at or self.clock(), versions=[self.new_id()],
                     named=list(named), media=list(media), retweets=retweets)
            p.root = parent.root if parent else p
            self.posts.append(p)
            self.lock.notify_all()
            return p

    def edit(self, post, text):
        with self.lock:
            post.texts = getattr(post, "texts", {}) | {post.id: post.text}
            post.versions.append(self.new_id())
            post.text = text

    def delete(self, post):
        with self.lock:
            post.deleted = True

    # What is shown.

    def time(self, at):
        return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def mentioned(self, p):
        text = " ".join([*(f"@{n}" for n in p.named), p.text])
        return [n for n in self.users if re.search(rf"(?<!\w)@{n}\b", text)]

    def wrapped(self, text):
        urls = []

        def short(m):
            url = "https://t.co/" + hashlib.md5(m[0].encode()).hexdigest()[:10]
            urls.append({"start": m.start(), "end": m.end(), "url": url, "expanded_url": m[0], "display_url": m[0][8:30]})
            return url
        text = re.sub(r"https?://[^\s]+", short, text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
        for u in urls:
            u["expanded_url"] = u["expanded_url"].replace("&amp;", "&")
        return text, urls

    def shown(self, p, fields, version=None):
        said = getattr(p, "texts", {}).get(version, p.text)
        text, urls = self.wrapped(" ".join([*(f"@{n}" for n in p.named), said]))
        for key in p.media:
            url = f"https://t.co/media{key[2:][:5]:0>5}"
            urls.append({"start": 0, "end": 0, "url": url, "expanded_url": f"https://x.com/{p.author}/status/{p.id}/photo/1", "media_key": key})
            text += f" {url}"
        mentions = [{"start": 0, "end": 0, "username": n, "id": self.users[n]["id"]} for n in self.mentioned(p)]
        references = [{"type": t, "id": r.id} for t, r in (("replied_to", p.parent), ("quoted", p.quoted), ("retweeted", p.retweets)) if r]
        entities = {k: v for k, v in (("mentions", mentions), ("urls", urls)) if v}
        o = {"id": version or p.id, "text": text, "edit_history_tweet_ids": p.versions, "author_id": self.users[p.author]["id"],
             "created_at": self.time(p.created), "conversation_id": p.root.versions[0], "lang": "en", "entities": entities}
        if len(text) > LONG:
            o["text"], o["note_tweet"] = text[:LONG - 1] + "…", {"text": text, "entities": entities}
            o["entities"] = {k: v for k, v in entities.items() if k == "mentions"}
        if references:
            o["referenced_tweets"] = references
        if p.parent:
            o["in_reply_to_user_id"] = self.users[p.parent.author]["id"]
        if p.media:
            o["attachments"] = {"media_keys": p.media}
        o = {k: v for k, v in o.items() if k in ("id", "text", "edit_history_tweet_ids") or k in fields}
        self.read += 1
        return {NAMES.get(k, k): v for k, v in o.items()} if self.names == "post" else o

    def listed(self, q, posts, meta=None, single=False, missing=()):
        """posts: (post, version)."""
        fields, more = q.query.get("tweet.fields", "").split(","), q.query.get("expansions", "").split(",")
        above = [p.parent for p, _ in posts if p.parent and not p.parent.deleted] if "referenced_tweets.id" in more else []
        data, errors, users = [self.shown(p, fields, v) for p, v in posts], [], {}
        if "author_id" in more:
            for p in [*(p for p, _ in posts), *above]:
                if p.author in self.unshown:
                    errors.append({"resource_id": self.users[p.author]["id"], "parameter": "author_id", "resource_type": "user", "title": "Not Found Error",
                                   "type": NOT_FOUND, "detail": "Could not find user."})
                else:
                    users[p.author] = {k: v for k, v in self.users[p.author].items() if k in ("id", "username", "name") or k in q.query.get("user.fields", "")}
        versions = [self.shown(p, fields, v) for p, _ in posts for v in p.versions] if "edit_history_tweet_ids" in more else []
        includes = {"users": list(users.values()), "tweets": [*versions, *(self.shown(p, fields) for p in above)],
                    "media": [{"media_key": k, "type": "photo", **self.media.get(k, {})} for p, _ in posts for k in p.media]}
        if self.names == "post":
            includes["posts"] = includes.pop("tweets")
        errors += [{"resource_id": id, "parameter": "ids", "resource_type": "tweet", "title": "Not Found Error", "type": NOT_FOUND,
                    "detail": f"Could not find tweet with ids: [{id}]."} for id in missing]
        o = {"data": data[0] if single and data else data, "includes": {k: v for k, v in includes.items() if v}, "errors": errors, "meta": meta}
        return Answer(200, {k: v for k, v in o.items() if v or k == "meta" and meta is not None})

    def find(self, id):
        return next((p for p in self.posts if id in p.versions and not p.deleted), None)

    # The API.

    def refuse(self, status, detail, **more):
        title = {401: "Unauthorized", 402: "CreditsDepleted", 403: "Forbidden", 404: "Not Found", 400: "Invalid Request"}[status]
        return Answer(status, {"title": title, "type": "about:blank", "status": status, "detail": detail, **more})

    def limited(self, reset):
        return Answer(429, {"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank", "status": 429},
                      headers={"x-rate-limit-limit": "100", "x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(self.clock() + reset))})

    def timeline(self, q, posts):
        """posts: the newest first."""
        since = q.query.get("start_time")
        if since:
            at = datetime.datetime.strptime(since, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()
            posts = [p for p in posts if p.created >= at]
        if "since_id" in q.query:
            posts = [p for p in posts if int(p.id) > int(q.query["since_id"])]
        token = q.query.get("pagination_token")
        if token:
            posts = [p for p in posts if int(p.id) < int(token.removeprefix("below-"))]
        size = min(int(q.query.get("max_results", 10)), self.page)
        page, rest = posts[:size], posts[size:]
        meta = {"result_count": len(page)}
        if page:
            meta.update(newest_id=page[0].id, oldest_id=page[-1].id)
        if rest:
            meta["next_token"] = f"below-{page[-1].id}"
        return self.listed(q, [(p, p.id) for p in page], meta)

    def token_of(self, q):
        """POST /2/oauth2/token."""
        basic = "Basic " + base64.b64encode(":".join(map(escaped, self.client)).encode()).decode() if self.client[1] else None
        if q.headers.get("Authorization") != basic or (not basic and q.form.get("client_id") != self.client[0]):
            return Answer(401, {"error": "unauthorized_client", "error_description": "Missing valid authorization header"})
        if q.form.get("grant_type") != "refresh_token" or q.form.get("refresh_token") != self.refresh:
            return Answer(400, {"error": "invalid_grant", "error_description": "Value passed for the token was invalid."})
        self.renewals += 1
        access = f"access-{self.renewals}"
        self.access[access] = self.clock() + self.lasts
        made = {"token_type": "bearer", "expires_in": self.lasts, "access_token": access, "scope": "tweet.read tweet.write users.read offline.access"}
        if self.rotates:
            self.refresh = made["refresh_token"] = f"refresh-{self.renewals}"
        return Answer(200, made)

    def signed(self, q):
        """None, or what is wrong with the request's OAuth 1.0a."""
        given = {n: urllib.parse.unquote(v) for n, v in re.findall(r'(\w+)="([^"]*)"', q.headers.get("Authorization", ""))}
        signature = given.pop("oauth_signature", "")
        parameters = [*given.items(), *urllib.parse.parse_qsl(q.target.partition("?")[2], keep_blank_values=True)]
        right = oauth1_signature(q.method, self.base + q.path, parameters, self.consumer[1], self.token[1])
        if given.get("oauth_consumer_key") != self.consumer[0] or given.get("oauth_token") != self.token[0] or signature != right:
            return "the signature is wrong"
        if given.get("oauth_signature_method") != "HMAC-SHA1" or given.get("oauth_version") != "1.0":
            return "the method is wrong"
        if abs(int(given["oauth_timestamp"]) - self.clock()) > 300 or given["oauth_nonce"] in self.nonces:
            return "the nonce was used, or is old"
        self.nonces.add(given["oauth_nonce"])
        return None

    def authorized(self, q):
        how, _, token = q.headers.get("Authorization", "").partition(" ")
        if how == "Bearer":
            return self.access.get(token, 0) > self.clock()
        return how == "OAuth" and self.signed(q) is None

    def publish(self, q):
        say, reply = q.json, q.json.get("reply", {})
        above, named = self.find(reply.get("in_reply_to_tweet_id", "")), []
        if not above or self.users[above.author].get("blocks"):
            return self.refuse(403, "You attempted to reply to a Tweet that is deleted or not visible to you.")
        if above.author != "brand" and "brand" not in self.mentioned(above) and not (above.quoted and above.quoted.author == "brand"):
            return self.refuse(403, "You can only reply to or quote posts where you are mentioned or are the author.")
        if any(p.text == say.get("text", "") and p.author == "brand" and not p.deleted and not p.media for p in self.posts) and not say.get("media"):
            return self.refuse(403, "You are not allowed to create a Tweet with duplicate content.")
        if reply.get("auto_populate_reply_metadata"):
            out = [n for n, u in self.users.items() if u["id"] in reply.get("exclude_reply_user_ids", ())]
            named = [n for n in dict.fromkeys([above.author, *self.mentioned(above)]) if n != "brand" and (n not in out or n == above.author)]
        media = say.get("media", {}).get("media_ids", [])
        if any(f"3_{id}" not in self.media for id in media):
            return self.refuse(400, "Your media IDs are invalid.")
        p = self.post("brand", say.get("text", ""), above, by_api=True, named=named, media=[f"3_{id}" for id in media])
        return Answer(201, {"data": {"id": p.id, "text": self.shown(p, ())["text"], "edit_history_tweet_ids": p.versions}})

    def upload(self, q, form):
        self.n += 1
        id = str(1146654567674912769 + self.n)
        data, _, type = form["media"]
        self.media[f"3_{id}"] = {"url": f"https://pbs.example/{id}", "data": data.decode("latin-1"), "type": "photo", "media_type": type}
        return Answer(200, {"data": {"id": id, "media_key": f"3_{id}", "expires_after_secs": 86400, "size": len(data)}})

    def handle(self, q):
        if q.method == "POST" and q.path == "/2/oauth2/token":
            return self.token_of(q)
        form = form_of(q) if q.content_type == "multipart/form-data" else None
        if self.prism:
            self.violations += self.prism(q)
        if self.contract:
            texts = form and {n: v[0] if v[1] else v[0].decode() for n, v in form.items()}
            self.violations += self.contract.problems(q, texts)
        if not self.authorized(q):
            return self.refuse(401, "Unauthorized")
        if not self.credits:
            return self.refuse(402, "Your enrolled account does not have any credits to fulfill this request.", account_id="0",
                               type="https://api.twitter.com/2/problems/credits")
        me = self.users["brand"]["id"]
        newest = sorted((p for p in self.posts if not p.deleted), key=lambda p: int(p.id), reverse=True)
        at = q.path.removeprefix("/2/")
        if (q.method, at) == ("GET", "users/me"):
            return Answer(200, {"data": {k: v for k, v in self.users["brand"].items() if k in ("id", "username", "name") or k in q.query.get("user.fields", "")}})
        if (q.method, at) == ("GET", f"users/{me}/mentions"):
            return self.timeline(q, [p for p in newest if p.author != "brand" and "brand" in self.mentioned(p)][:SHOWN_MAX])
        if (q.method, at) == ("GET", f"users/{me}/tweets"):
            return self.timeline(q, [p for p in newest if p.author == "brand" and not (self.late and p.by_api)])
        if (q.method, at) == ("GET", "tweets"):
            ids = q.query["ids"].split(",")
            found = {id: self.find(id) for id in ids}
            return self.listed(q, [(p, id) for id, p in found.items() if p], missing=[id for id, p in found.items() if not p])
        if (q.method, at) == ("POST", "tweets"):
            return self.publish(q)
        if (q.method, at) == ("POST", f"users/{me}/retweets"):
            p = self.find(q.json["tweet_id"])
            if p:
                p.reposted = ["brand"]
            return Answer(200, {"data": {"id": p.id, "retweeted": True}}) if p else self.refuse(404, "no such post")
        if (q.method, at) == ("POST", "media/upload"):
            return self.upload(q, form)
        if (q.method, at) == ("POST", "media/metadata"):
            self.media[f"3_{q.json['id']}"]["alt_text"] = q.json["metadata"]["alt_text"]["text"]
            return Answer(200, {"data": {"id": q.json["id"]}})
        m = re.fullmatch(r"tweets/(\d+)(/hidden)?", at)
        p = m and self.find(m[1])
        if not m or (not p and q.method != "GET"):
            return self.refuse(404, "Not Found")
        if q.method == "GET":
            return self.listed(q, [(p, m[1])] if p else [], single=True, missing=[] if p else [m[1]])
        if q.method == "DELETE":
            if p.author != "brand":
                return self.refuse(403, "You are not allowed to delete this Tweet.")
            p.deleted = True
            return Answer(200, {"data": {"deleted": True}})
        p.hidden = q.json["hidden"]
        return Answer(200, {"data": {"hidden": p.hidden}})
