"""A proxy between mentiond and a server, which can fail in each way that a network can.

What is asked is a Request; a rule gets it and returns what to do, as one of the functions below, or None.
"""
import http.client
import http.server
import json
import re
import socket
import threading
import time


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body
        self.at = time.monotonic()

    @property
    def json(self):
        return json.loads(self.body)

    def is_(self, method, pattern):
        return self.method == method and re.search(pattern, self.path) is not None


# What to do with a request: (act at the server?, then what).

CUT = "cut"


def cut_before():
    """The server never sees it, the connection ends."""
    return False, CUT


def cut_after(then=None):
    """The server acts, the connection ends without a reply; in between, then() is called."""
    def end(reply):
        if then:
            then()
        return CUT
    return True, end


def late(seconds, after=True):
    """The reply comes so much later than the server (after) acted, or (not after) was asked."""
    def wait(reply):
        time.sleep(seconds)
        return reply
    if after:
        return True, wait

    def wait_first(request):
        time.sleep(seconds)
        return True, None
    return wait_first


def never(seconds=60):
    """The server never sees it, and nothing comes."""
    def wait(reply):
        time.sleep(seconds)
        return CUT
    return False, wait


def answer(status, body=b"", content_type="application/json", headers=(), after=False):
    """This reply, instead of the server's or (after) when the server has acted."""
    return after, (status, [("Content-Type", content_type), *headers], body if isinstance(body, bytes) else json.dumps(body).encode())


def rewrite(change):
    """The server gets another body: change(body) gets it, parsed."""
    def changed(request):
        body = request.json
        change(body)
        return Request(request.method, request.path, request.headers, json.dumps(body).encode()), None
    return changed


class Proxy:
    def __init__(self, server, tls=None):
        """tls: an SSL context, which may be changed while it is down."""
        self.tls = tls
        self.host = server.split("://")[1].split("/")[0]
        self.rest = server.split("://")[1][len(self.host):]
        self.rules, self.requests = [], []
        self.lock = threading.Lock()
        self.sockets = set()
        self.rude = None         # seconds after which a connection ends behind each reply, without a word, as snac does
        self.port = 0
        self.up()

    @property
    def url(self):
        """What mentiond is to use in place of the server's."""
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}{self.rest}"

    def up(self):
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                if proxy.tls:
                    self.request = proxy.tls.wrap_socket(self.request, server_side=True)
                super().setup()
                proxy.sockets.add(self.connection)

            def finish(self):
                proxy.sockets.discard(self.connection)
                try:
                    super().finish()
                except OSError:
                    pass
                self.connection.close()

            def do_GET(self):
                proxy.handle(self)

            do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *args):
                pass             # connections end as they like

            def shutdown_request(self, request):
                self.close_request(request)      # without a FIN of its own: a reset may be wanted

        for _ in range(100):
            try:
                self.server = Server(("127.0.0.1", self.port), Handler)
                break
            except OSError:
                time.sleep(0.05)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def down(self):
        """Connections are refused, and those there are end."""
        if not self.server:
            return
        self.server.shutdown()
        self.server.server_close()
        self.server = None
        for s in list(self.sockets):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def rule(self, method, pattern, what, times=1):
        """Does what (see above, and wire.py) with the next so many such requests; times=None: with all.  What may be a
        function of the request, which may take its time, and returns one of those, or None for the usual.  Returns the
        list of the requests that it was done with."""
        hits = []

        def apply(request):
            if not request.is_(method, pattern) or (times is not None and len(hits) >= times):
                return None
            hits.append(request)
            return what
        with self.lock:
            self.rules.append(apply)
        return hits

    def clear(self):
        with self.lock:
            self.rules = []

    def seen(self, method, pattern):
        with self.lock:
            return [r for r in self.requests if r.is_(method, pattern)]

    def handle(self, handler):
        size = int(handler.headers.get("Content-Length") or 0)
        if "chunked" in handler.headers.get("Transfer-Encoding", ""):
            body = b""
            while (n := int(handler.rfile.readline().split(b";")[0], 16)):
                body += handler.rfile.read(n)
                handler.rfile.readline()
            handler.rfile.readline()
        else:
            body = handler.rfile.read(size)
        request = Request(handler.command, handler.path, dict(handler.headers), body)
        with self.lock:
            self.requests.append(request)
            rules = list(self.rules)
        todo = None
        while rules and not todo:
            with self.lock:
                todo = rules.pop(0)(request)
            while callable(todo):
                todo = todo(request)
        act, then = todo or (True, None)
        reply = self.forward(act if isinstance(act, Request) else request) if act else CUT
        then = reply if then is None else then(reply) if callable(then) else then
        if then == CUT:
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        if callable(then):       # talks by itself
            handler.close_connection = True
            then(handler.connection)
            return
        status, headers, content = then
        handler.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "keep-alive"):
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
        if self.rude is not None:
            handler.wfile.flush()
            time.sleep(self.rude)
            handler.close_connection = True

    def forward(self, request):
        headers = {k: v for k, v in request.headers.items()
                   if k.lower() not in ("host", "connection", "transfer-encoding", "content-length", "expect")}
        connection = http.client.HTTPConnection(self.host, timeout=60)
        try:
            connection.request(request.method, request.path, request.body or None, headers)
            reply = connection.getresponse()
            return reply.status, reply.getheaders(), reply.read()
        except OSError:
            return CUT
        finally:
            connection.close()
