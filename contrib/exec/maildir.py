#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""maildir: mail as a channel of mentiond(8), by its plugin exec; see mentiond-exec(7).

    maildir.py ADDRESS MAILDIR SENT COMMAND...
    maildir.py help@shop.example /var/mail/help /var/mail/sent /usr/sbin/sendmail -i -t

Each mail in MAILDIR is a message to ADDRESS; answers are given to COMMAND on its standard input.  SENT is a Maildir that
has each answer under its key, in tmp/ before it is given away and in new/ afterwards: so find() knows of each whether it was
sent, was not, or was on its way when something broke off.
"""
import email
import email.policy
import email.utils
import json
import pathlib
import subprocess
import sys

ADDRESS, INBOX, SENT, COMMAND = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4:]
SEND_SECONDS = 30                # below mentiond's `timeout`


def mention(file):
    with open(file, "rb") as f:
        mail = email.message_from_binary_file(f, policy=email.policy.default)
    body = mail.get_body(("plain", "html"))
    name, address = email.utils.parseaddr(str(mail["From"] or ""))
    answers = str(mail["References"] or mail["In-Reply-To"] or "").split()
    return {
        "kind": "message", "visibility": "direct", "id": str(mail["Message-ID"] or f"<{file.name}>").strip(),
        "parent": answers[-1] if answers else None, "root": answers[0] if answers else None,
        "html" if body and body.get_content_subtype() == "html" else "text": body.get_content() if body else "",
        "warning": mail["Subject"] and str(mail["Subject"]),
        "created_usec": int(file.stat().st_mtime * 1e6), "seen_usec": int(file.stat().st_ctime * 1e6),
        "author": {"id": address.lower(), "handle": address, "name": name},
    }


def start(question):
    for folder in "tmp", "new":
        (SENT / folder).mkdir(parents=True, exist_ok=True)
    return {"verdict": "ok", "id": ADDRESS.lower(), "handle": ADDRESS, "operations": ["post", "find"],
            "caps": {"flags": ["can_direct"]}}


def poll(question):
    files = [f for folder in ("new", "cur") for f in (INBOX / folder).iterdir()
             if f.stat().st_ctime * 1e6 >= question["horizon_usec"]]
    return {"verdict": "ok", "mentions": [mention(f) for f in sorted(files, key=lambda f: f.stat().st_mtime, reverse=True)]}


def post(question):
    part = question["post"]
    mail = email.message.EmailMessage(policy=email.policy.SMTP)
    mail["From"], mail["To"] = ADDRESS, part["only"]
    mail["Subject"] = "Re: " + (part["warning"].removeprefix("Re: ") or "your message")
    mail["Message-ID"], mail["In-Reply-To"] = f"<{part['key']}@{ADDRESS.split('@')[-1]}>", part["parent"]
    mail["References"] = " ".join(dict.fromkeys([part["root"], part["parent"]]))
    mail.set_content(part["text"])
    (SENT / "tmp" / part["key"]).write_bytes(bytes(mail))
    subprocess.run(COMMAND, input=bytes(mail), stdout=subprocess.DEVNULL, timeout=SEND_SECONDS, check=True)
    (SENT / "tmp" / part["key"]).rename(SENT / "new" / part["key"])
    return {"verdict": "ok", "id": str(mail["Message-ID"])}


def find(question):
    key = question["post"]["key"]
    if (SENT / "new" / key).exists():
        return {"verdict": "ok", "id": f"<{key}@{ADDRESS.split('@')[-1]}>"}
    if (SENT / "tmp" / key).exists():
        return {"verdict": "unknown", "reason": "the mail was given away, and nobody knows whether it was taken"}
    return {"verdict": "absent"}


for line in sys.stdin:
    question = json.loads(line)
    answer = {"start": start, "poll": poll, "post": post, "find": find}[question["call"]](question)
    print(json.dumps({"op": question["op"], **answer}), flush=True)
