#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""naive.py: mentions become tickets, as one writes it in an hour.

    naive.py CHANNEL HELPDESK STATE TIMEOUT

It keeps its connections, has a timeout, and keeps its place once for each page.  What fails is printed and passed over.
"""
import json
import os
import sys
import time

import requests

from ticket import ticket_of

channel, helpdesk, state, timeout = *sys.argv[1:4], float(sys.argv[4])
session = requests.Session()
last = "0"
if os.path.exists(state):
    with open(state) as f:
        last = json.load(f)["last"]

while True:
    page = []
    try:
        page = session.get(f"{channel}/api/v1/notifications", params={"types[]": "mention", "limit": 40, "min_id": last},
                           headers={"Authorization": "Bearer token"}, timeout=timeout).json()
    except requests.RequestException as e:
        print(f"reading mentions: {e}", flush=True)
    for item in reversed(page):
        try:
            session.post(f"{helpdesk}/TicketCreate", json=ticket_of(item["status"]), timeout=timeout).raise_for_status()
        except requests.RequestException as e:
            print(f"mention {item['id']}: {e}", flush=True)
    if page:
        last = page[0]["id"]
        with open(state, "w") as f:
            json.dump({"last": last}, f)
    else:
        time.sleep(1)
