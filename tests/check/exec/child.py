#!/usr/bin/python3 -IS
# SPDX-License-Identifier: MIT
"""A child as in mentiond-exec(7) with fixed answers: it stands in for the server's, which the plugin exec does not ask."""
import json
import sys


def mention(id, root, text):
    return {"kind": "mention", "visibility": "public", "id": id, "parent": root if id != root else None, "root": root, "text": text,
            "created_usec": f"2026-11-20T10:{id}:00Z", "author": {"id": "20", "handle": "@alice@forum"}}


ANSWERS = {
    "start": {"id": "1", "handle": "@brand@forum", "operations": ["post", "find", "doctor"],
              "caps": {"length_unit": "graphemes", "length_max": 500}},
    "poll": {"mentions": [mention("12", "11", "it is number 4711"), mention("11", "11", "my parcel is lost")]},
    "post": {"id": "13", "url": "https://forum.example/13"},
    "find": {"id": "13", "url": "https://forum.example/13"},
    "doctor": {},
}

for line in sys.stdin:
    q = json.loads(line)
    answer = {"verdict": "ok", **ANSWERS[q["call"]]}
    if q["call"] == "find" and q["post"]["key"] == "never":
        answer = {"verdict": "absent"}
    print(json.dumps({"op": q["op"], **answer}), flush=True)
