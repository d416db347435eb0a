"""What a server may say that is out of order, byte by byte; for Proxy.rule().

Each fault says whether the server acted, for what is done about it hangs on that.
"""
import select
import socket
import struct
import threading
import time

import pytest

from . import proxy

# Of tests about whatever helpdesk: they run with each.
both_helpdesks = pytest.mark.parametrize("helpdesk", ["Znuny", "Zammad"], indirect=True)


def raw(say, after=True):
    """say(socket, head, body) talks on the connection, which is closed then."""
    def talk(reply):
        if reply == proxy.CUT and after:
            return reply
        status, headers, body = (200, [], b"") if reply == proxy.CUT else reply
        head = f"HTTP/1.1 {status} So\r\nContent-Type: {dict(headers).get('Content-Type', 'text/plain')}\r\n"
        return lambda s: say(s, head.encode(), body)
    return after, talk


def altered(change):
    """The reply with another body: change(bytes) returns it."""
    return True, lambda reply: reply if reply == proxy.CUT else (reply[0], reply[1], change(reply[2]))


def length(body, end=b"\r\n"):
    return b"Content-Length: %d\r\n" % len(body) + end


def until_closed(s, seconds=60):
    """Until the other side closes."""
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            if select.select([s], [], [], 0.2)[0] and not s.recv(4096):
                break
    except OSError:
        pass


def reset_in_body(s, head, body):
    s.sendall(head + length(body) + body[:len(body) // 2])
    time.sleep(0.05)             # what is not read yet when the reset comes is not seen at all
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def trickle(s, head, body):
    s.sendall(head + length(body))
    for byte in body:
        s.sendall(bytes([byte]))
        if select.select([s], [], [], 1)[0]:
            break


def half_close(s, head, body):
    s.sendall(head + length(body) + body[:len(body) // 2])
    s.shutdown(socket.SHUT_WR)
    until_closed(s)


def broken_off(s, head, body):
    half = body[:len(body) // 2]
    s.sendall(head + length(half) + half)


def length_too_long(s, head, body):
    s.sendall(head + length(body + b"more") + body)


def length_too_short(s, head, body):
    s.sendall(head + length(body[:-1]) + body)


def two_lengths(s, head, body):
    s.sendall(head + length(body[:2], b"") + length(body) + body)


def endless(what):
    def say(s, head, body):
        s.sendall(what[0])
        while True:
            s.sendall(what[1])   # until it is closed
    return say


def hang(s, head, body):
    until_closed(s)


def provisional(s, head, body):
    """In order, if not usual."""
    s.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" + b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + head + length(body) + body)


# A preface of HTTP/2 by the server, and its good-bye.
GOAWAY = b"\0\0\0\4\0\0\0\0\0" + b"\0\0\x08\7\0\0\0\0\0" + struct.pack(">II", 0, 0)


def goaway(s, head, body):
    s.sendall(GOAWAY)


FAULTS = {
    "reset in the middle of the body": raw(reset_in_body),
    "one byte a second": raw(trickle),
    "half-close in the middle of the body": raw(half_close),
    "JSON that breaks off": raw(broken_off),
    "a length too long": raw(length_too_long),
    "a length too short": raw(length_too_short),
    "two lengths": raw(two_lengths),
    "endless headers": raw(endless((b"HTTP/1.1 200 OK\r\n", b"X-Filler: " + b"x" * 1000 + b"\r\n"))),
    "endless 100 Continue": raw(endless((b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 40))),
    "hangs when it has acted": raw(hang),
    "hangs and has not acted": raw(hang, after=False),
    "closed when it has acted": proxy.cut_after(),
    "closed and has not acted": proxy.cut_before(),
    "500 when it has acted": proxy.answer(500, {"error": "Internal server error"}, after=True),
    "500 and has not acted": proxy.answer(500, {"error": "Internal server error"}),
    "100 Continue before the reply": raw(provisional),
    "GOAWAY of HTTP/2 when it has acted": raw(goaway),
    "GOAWAY of HTTP/2 and has not acted": raw(goaway, after=False),
}
READ_FAULTS = {name: fault for name, fault in FAULTS.items() if "has not acted" not in name}     # for what only asks


class Each:
    """For Proxy.rule(times=None): the first request about each new subject gets the next of the faults, once.
    subject(request) tells what it is about; None: nothing of ours."""

    def __init__(self, faults, subject):
        self.left, self.subject = list(faults.items()), subject
        self.given = {}          # subject: name of its fault
        self.lock = threading.Lock()

    def __call__(self, request):
        about = self.subject(request)
        with self.lock:
            if about is None or about in self.given or not self.left:
                return None
            self.given[about], fault = self.left.pop(0)
            return fault


class Trap:
    """A port that nobody has to come to."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.came = 0
        threading.Thread(target=self.wait, daemon=True).start()

    def wait(self):
        try:
            while True:
                self.listener.accept()[0].close()
                self.came += 1
        except OSError:
            pass

    def down(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
