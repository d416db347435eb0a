"""What an administrator's token can change in Zammad, for those who prepare it: ticket attributes, tags, webhooks, triggers,
overviews, text modules.

Recorded from 6.3.1 are the making of attributes with their migration, of webhooks, triggers and text modules, what agents are
refused, and the calls of webhooks; lists, changes, removals, overviews and the list of tags are as its source has them.  A call that
fails is not repeated here.
"""
import hashlib
import hmac
import json
import threading
import urllib.error
import urllib.request
import uuid

from .server import Answer

OPTION = {"default": "", "null": True, "options": {}, "relation": ""}
PENDING = "to_create", "to_migrate", "to_delete", "to_config"
# What each kind has beside what it was given, and which permission it takes.
KINDS = {
    "webhooks": ("admin.webhook", {"basic_auth_username": None, "basic_auth_password": None, "note": None, "pre_defined_webhook_type": None,
                                   "customized_payload": False, "custom_payload": None, "preferences": {}, "ssl_verify": True, "signature_token": None}),
    "triggers": ("admin.trigger", {"disable_notification": True, "localization": None, "timezone": None, "note": None}),
    "overviews": ("admin.overview", {"link": "", "group_by": None, "group_direction": None, "organization_shared": False, "out_of_office": False,
                                     "user_ids": []}),
    "text_modules": ("admin.text_module", {"note": None, "keywords": None, "group_ids": []}),
}


class Admin:
    """Of a fake Zammad, whose attributes and tickets it changes."""

    def __init__(self, zammad, refused):
        self.zammad, self.refused = zammad, refused
        self.things = {kind: [] for kind in KINDS}
        self.attributes = []             # as records, pending ones too; zammad.attributes are those in the database
        self.tags = []
        self.permissions = None          # of the administrator's token, where it has not all
        self.migrations_fail = self.masks = False        # masks: as newer versions, which show no secrets
        self.calls = []                  # of webhooks: (delivery, status; None: nobody answered)
        self.next = 1
        for name in zammad.attributes:
            self.attributes.append(self.record({"name": name, "data_type": "input", "data_option": {"maxlength": 255}, "active": True}, False))

    def named(self, kind, name):
        return next((t for t in self.things[kind] if t["name"] == name), None)

    def stamped(self, record, user):
        at = self.zammad.time(self.zammad.now())
        record.setdefault("created_by_id", user.id)
        record.setdefault("created_at", at)
        record.update(updated_by_id=user.id, updated_at=at)
        return record

    def number(self):
        self.next += 1
        return self.next - 1

    def answer(self, q, at, say, user, admin):
        """Or None, if it is no business of an administrator's."""
        kind, _, id = at.partition("/")
        if kind == "text_modules" and q.method == "GET":
            return Answer(200, self.things[kind])        # agents read them, too
        right = ("admin.object" if kind.startswith("object_manager_attributes") else "admin.tag" if kind == "tag_list"
                 else KINDS[kind][0] if kind in KINDS else None)
        if not right:
            return None
        if not admin or (self.permissions is not None and right not in self.permissions):
            raise self.refused(403, "Not authorized (token)!")
        if kind == "object_manager_attributes_execute_migrations":
            return self.migrate()
        if kind == "object_manager_attributes":
            return self.attribute(q.method, id, say, user)
        if kind == "tag_list":
            return self.tag(q.method, id, say)
        return self.thing(q.method, kind, id, say, user)

    def thing(self, method, kind, id, say, user):
        if method == "GET":
            return Answer(200, [{**t, "signature_token": "**********"} if self.masks and "signature_token" in t else t for t in self.things[kind]])
        if kind == "webhooks" and "endpoint" in say and not str(say["endpoint"]).startswith(("http://", "https://")):
            raise self.refused(422, "Endpoint The provided endpoint is invalid, no http or https protocol was specified.")
        if method == "POST":
            if self.named(kind, say.get("name")):
                raise self.refused(422, "This object already exists.")
            self.things[kind].append(self.stamped({"id": self.number(), **KINDS[kind][1], **say}, user))
            return Answer(201, self.things[kind][-1])
        thing = next((t for t in self.things[kind] if str(t["id"]) == id), None)
        if not thing:
            raise self.refused(404, f"Couldn't find {kind} with 'id'={id}")
        if method == "PUT":
            thing.update(say)
            return Answer(200, self.stamped(thing, user))
        if kind == "webhooks" and any(t["perform"].get("notification.webhook", {}).get("webhook_id") == thing["id"] for t in self.things["triggers"]):
            raise self.refused(422, "Can't delete, object has references.")
        self.things[kind].remove(thing)
        return Answer(200, {})

    def tag(self, method, id, say):
        if method == "GET":
            return Answer(200, [{"id": n, "name": name, "count": sum(name in t.tags for t in self.zammad.tickets.values())}
                                for n, name in enumerate(self.tags, 1) if name])
        if method == "POST" and say["name"] not in self.tags:
            self.tags.append(say["name"])
        if method == "DELETE":
            name, self.tags[int(id) - 1] = self.tags[int(id) - 1], None
            for t in self.zammad.tickets.values():
                t.tags = [tag for tag in t.tags if tag != name]
        return Answer(200, {})

    def record(self, say, pending=True):
        record = {k: v for k, v in say.items() if k != "object"}
        record.update(id=self.number(), object_lookup_id=1, data_option={**OPTION, **(say.get("data_option") or {})}, data_option_new={}, editable=True,
                      to_create=pending, to_migrate=pending, to_delete=False, to_config=False)
        record.setdefault("screens", {})
        return record

    def attribute(self, method, id, say, user):
        mine = next((a for a in self.attributes if str(a["id"]) == id), None)
        if method == "GET":
            return Answer(200, [{**{k: v for k, v in a.items() if k != "object_lookup_id"}, "object": "Ticket", "deletable": not self.used(a["name"])}
                                for a in self.attributes])
        if method == "POST":
            if say["name"] in self.zammad.attributes or any(a["name"] == say["name"] for a in self.attributes):
                raise self.refused(422, "This object already exists.")
            self.attributes.append(self.stamped(self.record(say), user))
            return Answer(201, self.attributes[-1])
        if method == "DELETE":
            if self.used(mine["name"]):
                raise self.refused(422, f"Ticket.{mine['name']} is referenced by {self.used(mine['name'])} and thus cannot be deleted!")
            if mine["to_create"]:
                self.attributes.remove(mine)
            mine["to_delete"] = True
            return Answer(200, {})
        mine = mine or next(a for a in self.attributes if a["name"] == say["name"])      # the recordings' number is another
        mine.update({k: v for k, v in say.items() if k not in ("object", "data_option", "id")}, data_option_new={**OPTION, **(say.get("data_option") or {})}, to_config=True)
        return Answer(200, self.stamped(mine, user))

    # Calls.

    def meets(self, condition, ticket, article, first, sender):
        facts = {"ticket.action": "create" if first else "update", "article.action": "create", "article.sender_id": sender,
                 "article.internal": str(article.internal).lower(), **{f"ticket.{k}": v for k, v in ticket.custom.items()}}
        for field, test in condition.items():
            fact, value = facts.get(field, ""), test["value"]
            if not (str(value) in fact if test["operator"] == "contains" else fact in (value if isinstance(value, list) else [value])):
                return False
        return True

    def fire(self, ticket, article, first, sender):
        """What a new article sets off; the calls are made later, by others."""
        for trigger in self.things["triggers"]:
            id = trigger["perform"].get("notification.webhook", {}).get("webhook_id")
            webhook = next((w for w in self.things["webhooks"] if w["id"] == id), None)
            if webhook and trigger["active"] and webhook["active"] and self.meets(trigger["condition"], ticket, article, first, sender):
                threading.Thread(target=self.call, args=(webhook, trigger["name"], ticket, article), daemon=True).start()

    def call(self, webhook, trigger, ticket, article, delivery=None):
        """A call is repeated by the name of its delivery."""
        with self.zammad.lock:           # as it is by then
            body = json.dumps({"ticket": self.zammad.show_ticket(ticket, True), "article": self.zammad.show_article(article)}).encode()
        delivery = delivery or str(uuid.uuid4())
        mac = hmac.new(webhook["signature_token"].encode(), body, hashlib.sha1).hexdigest()
        request = urllib.request.Request(webhook["endpoint"], body, {
            "Content-Type": "application/json; charset=utf-8", "User-Agent": "Zammad User Agent", "X-Zammad-Trigger": trigger,
            "X-Zammad-Delivery": delivery, "X-Hub-Signature": f"sha1={mac}"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status = answer.status
        except urllib.error.HTTPError as e:
            status = e.code
        except OSError:
            status = None
        with self.zammad.lock:
            self.calls.append((delivery, status))
            self.zammad.lock.notify_all()

    def used(self, name):
        return next((f"{kind}: {t['name']}" for kind in ("triggers", "overviews") for t in self.things[kind] if f"ticket.{name}" in t["condition"]), None)

    def migrate(self):
        if self.migrations_fail:
            return Answer(200, {})
        for a in [a for a in self.attributes if any(a[p] for p in PENDING)]:
            name = a["name"]
            if a["to_delete"]:
                self.attributes.remove(a)
                self.zammad.attributes.remove(name)
                for t in self.zammad.tickets.values():
                    t.custom.pop(name, None)
                continue
            if name not in self.zammad.attributes:
                self.zammad.attributes.append(name)
            a.update(data_option=a["data_option_new"] or a["data_option"], data_option_new={}, to_create=False, to_migrate=False, to_config=False)
            if a["data_type"] == "select":
                a["data_option"] = {**a["data_option"], "historical_options": a["data_option"]["options"]}
            required = any(s.get("ticket.agent", {}).get("required") for s in a["screens"].values())
            (self.zammad.mandatory.add if required else self.zammad.mandatory.discard)(name)
        return Answer(200, {})
