#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A child of the plugin exec, whose network is a folder, and that misbehaves as it is told.

    naughty_child.py FOLDER [OPERATIONS]

FOLDER/in has a mention in each line, FOLDER/out gets a post in each.  FOLDER/mischief says "OPERATION MISDEED", and is removed
by who reads it: the next time all is well.  FOLDER/about has what the process is.  OPERATIONS: those it knows, with commas.
"""
import json
import os
import pathlib
import resource
import select
import signal
import subprocess
import sys
import threading
import time

FOLDER = pathlib.Path(sys.argv[1])
OPERATIONS = (sys.argv[2] if len(sys.argv) > 2 else "post,find").split(",")
lock = threading.Lock()
rest = b""


def say(**line):
    with lock:
        os.write(1, json.dumps(line).encode() + b"\n")


def hear():
    global rest
    while b"\n" not in rest:
        more = os.read(0, 65536)
        if not more:
            sys.exit(0)
        rest += more
    line, rest = rest.split(b"\n", 1)
    return json.loads(line)


def lines(name):
    file = FOLDER / name
    return [json.loads(x) for x in file.read_text().splitlines()] if file.exists() else []


def misdeed(call):
    try:
        where, what = (FOLDER / "mischief").read_text().split()
    except (FileNotFoundError, ValueError):
        return ""
    if where != call:
        return ""
    (FOLDER / "mischief").unlink()
    return what


def about():
    (FOLDER / "about.new").write_text(json.dumps({
        "pid": os.getpid(), "group": os.getpgid(0), "environment": dict(os.environ), "directory": os.getcwd(),
        "files": sorted(int(f) for f in os.listdir("/proc/self/fd")), "data": resource.getrlimit(resource.RLIMIT_DATA)[0],
        "cpu": resource.getrlimit(resource.RLIMIT_CPU)[0], "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
        "blocked": [s for s in signal.pthread_sigmask(signal.SIG_BLOCK, ())],
        "status": pathlib.Path("/proc/self/status").read_text()}))
    (FOLDER / "about.new").rename(FOLDER / "about")


def answer(q):
    if q["call"] == "start":
        (FOLDER / "secret").write_text(q["secret"])
        return {"id": "brand", "handle": "@brand", "operations": OPERATIONS, "parallel": 4 if "parallel" in sys.argv else 1}
    if q["call"] == "poll":
        return {"mentions": lines("in")[::-1], "cursor": str(int(q["cursor"] or 0) + 1)}
    if q["call"] == "post":
        with open(FOLDER / "out", "a") as f:
            f.write(json.dumps(q["post"]) + "\n")
        return {"id": "p" + q["post"]["key"]}
    if q["call"] == "find":
        there = any(p["key"] == q["post"]["key"] for p in lines("out"))
        return {"id": "p" + q["post"]["key"]} if there else {"verdict": "absent"}
    if q["call"] == "doctor":
        say(op=q["op"], call="report", finding="wrong", what="weather", text="it rains")
        assert hear() == {"op": q["op"], "return": 0}
        return {}
    return {"verdict": "bug", "reason": "what is that?"}


def child_of_mine():
    return subprocess.Popen(["sleep", "1000"], stdin=subprocess.DEVNULL)


def do(q):
    op, what = q["op"], misdeed(q["call"])
    if what == "end_before":
        sys.exit(3)
    if what == "hang_before":
        time.sleep(1000)
    if what == "waits":                      # is there another question while this one is not answered?
        time.sleep(0.5)
        (FOLDER / "crowded").write_text(str(bool(rest or select.select([0], [], [], 0)[0])))
    if what == "memory":
        bytearray(1 << 29)
    if what == "cpu":
        while True:
            pass
    if what == "errors":
        for n in range(5000):
            os.write(2, b"<4>error number %d \x1b[31m\n" % n)
        os.write(2, b"x" * 100000 + b"\n")
    if what == "forks":
        (FOLDER / "forked").write_text(str(child_of_mine().pid))
    if what == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    a = {"verdict": "ok", **answer(q)}
    if what == "end_after":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif what == "hang_after":
        time.sleep(1000)
    elif what == "half":
        os.write(1, json.dumps({"op": op, **a}).encode()[:-5])
        sys.exit(0)
    elif what == "close":
        os.close(1)
        time.sleep(1000)
    elif what == "close_in":
        os.close(0)
        time.sleep(1000)
    elif what == "fork_and_end":
        child_of_mine()
        sys.exit(0)
    elif what == "twice":
        say(op=op, **a)
        say(op=op, **a)
        return
    elif what == "other":
        say(op=op - 1, **a)
        return
    elif what == "none":
        say(**a)
        return
    elif what == "garbage":
        os.write(1, b"Traceback (most recent call last):\n")
        return
    elif what == "flood":
        os.write(1, b"{\"op\": 0}\n" * 1000000)
        return
    elif what == "long":
        os.write(1, b"\"" + b"x" * (9 << 20))
        time.sleep(1000)
    elif what == "calls":
        while True:
            say(op=op, call="cursor", key="k")
            hear()
    elif what == "impatient":
        say(op=op, call="cursor", key="k")
    elif what == "unknown_call":
        say(op=op, call="format_disk")
        hear()
    elif what == "member":
        a["folowers"] = 7
    elif what == "type":
        a["verdict"] = 7
    elif what == "no_id":
        a.pop("id", None)
    say(op=op, **a)


about()
while True:
    question = hear()
    if "op" in question and "parallel" in sys.argv:
        threading.Thread(target=do, args=(question,)).start()
    elif "call" in question:
        do(question)
