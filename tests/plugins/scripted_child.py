#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A child of the plugin exec that says what a file says.

    scripted_child.py SCRIPT HEARD

SCRIPT is a JSON object: for each operation the lines that are said, one after the other, without their number.  A line with
"call" is answered before the next.  HEARD gets all that the child was told, line by line.
"""
import json
import sys

script = json.load(open(sys.argv[1]))
heard = open(sys.argv[2], "a", buffering=1)


def hear():
    line = sys.stdin.readline()
    heard.write(line)
    return json.loads(line) if line else sys.exit(0)


while True:
    question = hear()
    for line in script[question["call"]]:
        print(json.dumps({**line, "op": question["op"]}), flush=True)
        if "call" in line:
            hear()
