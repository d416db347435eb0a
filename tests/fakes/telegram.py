"""Telegram's Bot API, as far as a client needs it that answers messages: one bot, groups, forums and private chats.

What it does not know it refuses as Telegram does; what its own kinds of lie are, tests switch on.  Numbers of messages are a chat's
own.  With a contract each request is held against the vendor's description: what is wrong with one stands in .faults.
"""
import json
import re
import time

from .mastodon import form_of
from .openapi import Contract, why_not
from .server import Answer, Model

TOKEN = "5550001:AAEhBP0av28abcdefghijklmnopqrstuvwx"
PHOTO = b"\xff\xd8\xff\xe0 a picture"


def units(text):
    return len(text.encode("utf-16-le")) // 2


def user(id, first, username=None, **more):
    return {"id": id, "is_bot": False, "first_name": first, **({"username": username} if username else {}), **more}


ALICE, CAROL, DAVE = user(70001, "Alice", "alice", last_name="Adams", language_code="en"), user(70002, "Carol", "carol"), user(70003, "Dave")


class Telegram(Model):
    def __init__(self, clock=time.time):
        super().__init__()
        self.clock, self.token = clock, TOKEN
        self.contract, self.faults = (None if why_not() else Contract("telegram")), []
        self.bot = {"id": 5550001, "is_bot": True, "first_name": "Shop", "username": "shop_bot", "can_join_groups": True,
                    "can_read_all_group_messages": True, "supports_inline_queries": False}
        self.webhook = ""
        self.updates, self.next_update = [], 800000000
        self.chats, self.messages, self.numbers = {}, {}, {}
        self.sent, self.liked, self.deleted = [], {}, []         # sent: what the bot said, with "method", "asked" and "file"
        self.blocked, self.migrated = set(), {}  # chats that let the bot say nothing; old group: new one
        self.files = {}
        self.polls, self.conflicts = 0, 0        # polls that wait; how many are yet to be ended by another program
        self.asked = []                          # (method, what was asked, when)

    # What people do.

    def chat(self, who):
        """A private chat with that person."""
        return self.chats.setdefault(who["id"], {"id": who["id"], "type": "private", **{k: who[k] for k in ("first_name", "username") if k in who}})

    def group(self, title, id=None, type="supergroup", **more):
        id = id or -1001000000000 - len(self.chats)
        return self.chats.setdefault(id, {"id": id, "type": type, "title": title, **more})

    def message(self, chat, who, **content):
        number = self.numbers[chat["id"]] = self.numbers.get(chat["id"], 10) + 1
        m = {"message_id": number, "date": int(self.clock()), "chat": chat, **({"from": who} if who else {}), **content}
        self.messages[chat["id"], number] = m
        return m

    def tell(self, kind, m):
        with self.lock:
            self.updates.append({"update_id": self.next_update, kind: json.loads(json.dumps(m))})
            self.next_update += 1
            self.lock.notify_all()

    def say(self, who, text=None, chat=None, answers=None, topic=None, **content):
        """A person's message, which the bot is told of."""
        with self.lock:
            chat = chat or self.chat(who)
            if text is not None:
                content["text"] = text
            if answers:
                content["reply_to_message"] = {k: v for k, v in answers.items() if k != "reply_to_message"}
            if topic:
                content.update(message_thread_id=topic, is_topic_message=True)
                if not answers:
                    content["reply_to_message"] = {"message_id": topic, "date": 1, "chat": chat, "message_thread_id": topic, "is_topic_message": True,
                                                   "forum_topic_created": {"name": "Parcels", "icon_color": 1}}
            m = self.message(chat, who, **content)
            self.tell("message", m)
            return m

    def edit(self, m, text):
        with self.lock:
            m.update(text=text, edit_date=int(self.clock()))
            self.tell("edited_message", m)

    def photo(self, data=PHOTO):
        """Its content of a message; the file is there to be had."""
        id = f"AgACAgIAAxkBAAI{len(self.files)}"
        self.files[id] = f"photos/file_{len(self.files)}.jpg", data
        return {"photo": [{"file_id": "small", "file_unique_id": "s", "width": 90, "height": 51, "file_size": 9},
                          {"file_id": id, "file_unique_id": f"u{len(self.files)}", "width": 1280, "height": 720, "file_size": len(data)}]}

    def migrate(self, group):
        """It becomes a supergroup, and its messages get other numbers."""
        new = self.migrated[group["id"]] = self.group(group["title"])
        return new

    # The API.

    def refuse(self, status, description, **parameters):
        return Answer(status, {"ok": False, "error_code": status, "description": description, **({"parameters": parameters} if parameters else {})})

    def get_updates(self, asked):
        offset, wait = int(asked.get("offset", 0)), float(asked.get("timeout", 0))
        if self.webhook:
            return self.refuse(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
        if self.conflicts:
            self.conflicts -= 1
            return self.refuse(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
        if offset < 0:           # what is before is forgotten
            self.updates = self.updates[offset:]
        elif offset <= self.next_update + 10:    # one that is far in the future is taken for none
            self.updates = [u for u in self.updates if u["update_id"] >= offset]
        self.polls += 1
        self.lock.notify_all()
        self.lock.wait_for(lambda: self.updates, wait)
        self.polls -= 1
        return Answer(200, {"ok": True, "result": self.updates[:int(asked.get("limit", 100))]})

    def send(self, method, asked, file):
        chat, text = self.chats.get(int(asked["chat_id"])), asked.get("caption" if file else "text", "")
        if int(asked["chat_id"]) in self.migrated:
            return self.refuse(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=self.migrated[int(asked["chat_id"])]["id"])
        if not chat:
            return self.refuse(400, "Bad Request: chat not found")
        if chat["id"] in self.blocked:
            return self.refuse(403, "Forbidden: bot was blocked by the user" if chat["type"] == "private" else "Forbidden: bot was kicked from the supergroup chat")
        if not text and not file:
            return self.refuse(400, "Bad Request: message text is empty")
        if units(text) > (1024 if file else 4096):
            return self.refuse(400, "Bad Request: message is too long")
        to = json.loads(asked["reply_parameters"]) if isinstance(asked.get("reply_parameters"), str) else asked.get("reply_parameters")
        target = self.messages.get((to.get("chat_id", chat["id"]), to["message_id"])) if to else None
        if to and not target and not to.get("allow_sending_without_reply"):
            return self.refuse(400, "Bad Request: message to be replied not found")
        m = self.message(chat, self.bot, **{"caption" if file else "text": text}, **({"reply_to_message": target} if target else {}),
                         **({"message_thread_id": int(asked["message_thread_id"]), "is_topic_message": True} if "message_thread_id" in asked else {}))
        self.sent.append(dict(m, method=method, asked=asked, file=file))
        return Answer(200, {"ok": True, "result": m})

    def change(self, method, asked):
        m = self.messages.get((int(asked["chat_id"]), int(asked["message_id"])))
        what = {"editMessageText": "message to edit", "deleteMessage": "message to delete"}.get(method, "message to react")
        if not m or m in self.deleted:
            return self.refuse(400, f"Bad Request: {what} not found")
        if method == "setMessageReaction":
            self.liked[m["chat"]["id"], m["message_id"]] = asked["reaction"]
        elif m["from"] != self.bot:
            return self.refuse(400, "Bad Request: message can't be " + ("edited" if method == "editMessageText" else "deleted for everyone"))
        elif method == "deleteMessage":
            if self.clock() - m["date"] > 48 * 3600:
                return self.refuse(400, "Bad Request: message can't be deleted for everyone")
            self.deleted.append(m)
        elif m["text"] == asked["text"]:
            return self.refuse(400, "Bad Request: message is not modified: specified new message content and reply markup are exactly the same")
        else:
            m["text"] = asked["text"]
            return Answer(200, {"ok": True, "result": m})
        return Answer(200, {"ok": True, "result": True})

    def judge(self, q, method, form):
        if not self.contract:
            return
        self.faults += self.contract.faults(q)
        if form:                 # which the description has as strings
            found = self.contract.find(q.method, q.path)
            schema = found and found[1]["requestBody"]["content"].get("multipart/form-data", {}).get("schema")
            if schema:
                self.faults += [f"{method}: the form has an unknown {name}" for name in form if name not in schema["properties"]]
                self.faults += [f"{method}: the form lacks {name}" for name in schema["required"] if name not in form]

    def handle(self, q):
        file = re.fullmatch(r"/file/bot([^/]+)/(.+)", q.path)
        if file:
            found = [data for path, data in self.files.values() if path == file[2]] if file[1] == self.token else []
            return Answer(200, text=found[0], content_type="application/octet-stream") if found else self.refuse(404, "Not Found")
        known = re.fullmatch(r"/bot([^/]+)/(\w+)", q.path)
        if not known or not re.fullmatch(r"\d+:[\w-]{35}", known[1]):
            return self.refuse(404, "Not Found")
        if known[1] != self.token:
            return self.refuse(401, "Unauthorized")
        method, form = known[2], form_of(q) if q.content_type == "multipart/form-data" else {}
        self.judge(q, method, form)
        asked = {**q.query, **(q.json or {}), **{name: data.decode() for name, (data, file, _) in form.items() if file is None}}
        self.asked.append((method, asked, time.monotonic()))
        if method == "getMe":
            return Answer(200, {"ok": True, "result": self.bot})
        if method == "getWebhookInfo":
            return Answer(200, {"ok": True, "result": {"url": self.webhook, "has_custom_certificate": False, "pending_update_count": len(self.updates)}})
        if method == "getUpdates":
            return self.get_updates(asked)
        if method == "getFile":
            if asked["file_id"] not in self.files:
                return self.refuse(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
            return Answer(200, {"ok": True, "result": {"file_id": asked["file_id"], "file_unique_id": "u", "file_path": self.files[asked["file_id"]][0]}})
        if method in ("sendMessage", "sendPhoto", "sendDocument"):
            return self.send(method, asked, next(((name, data, file, type) for name, (data, file, type) in form.items() if file is not None), None))
        if method in ("editMessageText", "deleteMessage", "setMessageReaction"):
            return self.change(method, asked)
        return self.refuse(404, "Not Found: method not found")
