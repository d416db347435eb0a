"""What was recorded of servers with Mastodon's API, replayed; see replay.py."""
import json
import re

from .replay import compare, ok, say_left_out
from .server import Request

MASTODON_OUT = {
    "polls, schedules, quotes": r"poll post|schedule|quote",
    "bookmarks, mutes, histories": r"bookmark|mute|block|history",
    "other timelines, search, accounts, markers, streaming": r"timeline|tag|public local|search|lookup|account|relationship|marker|stream|custom emoji|preferences"
                                                             r"|conversations|follow",
    "nodeinfo, apps, OAuth": r"nodeinfo|oauth|app |apps",
    "snac's corners of deleting and of bounds": r"garbage|limit=0|deleted status",
    "single notifications, dismissal, policies": r"notification by id|dismiss|notif policy|notif requests|unread|notifications v2",
}
# Gaps that the fakes have on purpose: pins, filters of other people.
SUBSET = "/instance"


def replay_mastodon(subject, kind, file):
    ids, left_out = {}, {}
    out = {**MASTODON_OUT, **subject.out}

    def mapped(text):
        for real in sorted(ids, key=len, reverse=True):
            text = text.replace(real, ids[real])
        return text

    for x in json.loads(file.read_text()):
        label, q, real = x["label"], x["request"], x["response"]
        reason = next((r for r, p in out.items() if re.search(p, label)), None)
        if not reason and "bytes)" in (q["body"] or ""):
            reason = "bodies that were not recorded"
        if not reason and not q["path"].startswith("/api/"):
            reason = "nodeinfo, apps, OAuth"
        if reason:
            left_out.setdefault(reason, []).append(label)
            continue
        answer = subject.serve(Request(q["method"], mapped(q["path"]), q["headers"], mapped(q["body"] or "").encode()))
        shown = real["json"]
        path = q["path"].partition("?")[0]
        if path == "/api/v1/notifications" and shown == []:
            shown = None if answer.status != 200 else []
            wrong = [] if answer.status == real["status"] else [f"the status is {answer.status}, and really {real['status']}"]
            ok(wrong, f"{subject.name} {label}")
            continue
        wrong = compare(real, answer, subset=subject.subset or path.endswith(SUBSET))
        given = json.loads(answer.body) if real["json"] is not None and not wrong else None
        ok(wrong, f"{subject.name} {label}")
        if not given:
            continue
        if real["status"] != 200:
            continue
        if q["method"] == "POST" and path in ("/api/v1/statuses", "/api/v2/media"):
            ids[shown["id"]] = given["id"]
        if path == "/api/v1/notifications":
            by_status = {n["status"]["id"]: n["id"] for n in given if n.get("status")}
            ids.update({n["id"]: by_status[ids[n["status"]["id"]]] for n in shown
                        if n.get("status") and ids.get(n["status"]["id"]) in by_status})
    say_left_out(subject.name, left_out)
