#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""careful.py: mentions become tickets, as a good administrator writes it.

    careful.py CHANNEL HELPDESK STATE TIMEOUT

It keeps its connections, has a timeout, tries what failed again until it is done, a little later each time, and keeps
its place on the disk after each ticket: a new file, fsync, rename.  One ticket at a time, for then one number says what
is done.  It does not look for the ticket of a request that was not answered before it repeats it, which would be another
hundred lines.
"""
import json
import os
import sys
import time

import requests

from ticket import ticket_of

BACKOFF_FIRST, BACKOFF_MAX = 1, 15

channel, helpdesk, state, timeout = *sys.argv[1:4], float(sys.argv[4])
session = requests.Session()


def load():
    try:
        with open(state) as f:
            return json.load(f)["last"]
    except FileNotFoundError:
        return "0"


def save(last):
    with open(state + ".new", "w") as f:
        json.dump({"last": last}, f)
        f.flush()
        os.fsync(f.fileno())
    os.replace(state + ".new", state)


def until_done(what, request):
    """Network trouble, 429 and 5xx pass; any other refusal is for a person."""
    delay = BACKOFF_FIRST
    while True:
        try:
            response = request()
            if response.status_code != 429 and response.status_code < 500:
                response.raise_for_status()
                return response
            trouble = f"status {response.status_code}"
        except (requests.ConnectionError, requests.Timeout) as e:
            trouble = str(e)
        print(f"{what}: {trouble}; again in {delay} s", flush=True)
        time.sleep(delay)
        delay = min(2 * delay, BACKOFF_MAX)


def main():
    last = load()
    while True:
        page = until_done("reading mentions", lambda: session.get(
            f"{channel}/api/v1/notifications", params={"types[]": "mention", "limit": 40, "min_id": last},
            headers={"Authorization": "Bearer token"}, timeout=timeout)).json()
        for item in reversed(page):
            ticket = ticket_of(item["status"])
            until_done(f"mention {item['id']}", lambda: session.post(f"{helpdesk}/TicketCreate", json=ticket, timeout=timeout))
            last = item["id"]
            save(last)
        if not page:
            time.sleep(1)


main()
