"""HTTP/1.1 on loopback around a model: keeps connections, one request of a model at a time."""
import contextlib
import json
import socket
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Request:
    """One request: method, target, its path without query, query and form as {name: last value} and, as lists and
    forms, {name: all values}; headers, body; json if it is that."""

    def __init__(self, method, target, headers, body):
        self.method, self.headers, self.body = method, headers, body
        self.target = target
        self.path, _, query = target.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.lists = urllib.parse.parse_qs(query, keep_blank_values=True)
        self.content_type = headers.get("Content-Type", "").split(";")[0].strip().lower()
        self.broken = False
        self.json = None
        if self.content_type == "application/json":
            try:
                self.json = json.loads(body)
            except ValueError:
                self.broken = True
        self.form, self.forms = {}, {}
        if self.content_type == "application/x-www-form-urlencoded":
            self.form = dict(urllib.parse.parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
            self.forms = urllib.parse.parse_qs(body.decode(errors="replace"), keep_blank_values=True)


class Answer:
    def __init__(self, status=200, json=None, text=None, headers=None, content_type=None):
        self.status, self.json, self.headers = status, json, dict(headers or {})
        self.body = globals()["json"].dumps(json).encode() if text is None else text if isinstance(text, bytes) else text.encode()
        self.headers.setdefault("Content-Type", content_type or ("application/json; charset=utf-8" if text is None
                                                                 else "text/plain; charset=utf-8"))


class Model:
    """What a fake is: handle() answers a request.  Tests look at it, and change it, while they hold its lock.

    hook(request), if set, comes first and outside the lock, and may wait; what it returns, unless None, is the answer.
    """

    def __init__(self):
        self.lock = threading.Condition(threading.RLock())
        self.hook = None

    def handle(self, request):
        raise NotImplementedError

    def serve(self, request):
        if self.hook:
            answer = self.hook(request)
            if answer is not None:
                return answer
        with self.lock:
            answer = self.handle(request)
            self.lock.notify_all()
            return answer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1                # headers and body leave in one piece

    def setup(self):
        super().setup()
        self.model = self.server.model   # of the time when it connected
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.model.serve(Request(self.command, self.path, self.headers, body))
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def handle(self):
        # A client that was killed is none of our troubles.
        with contextlib.suppress(ConnectionError):
            super().handle()

    def finish(self):
        with contextlib.suppress(ConnectionError):
            super().finish()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """Serves a model, which may be changed for another, on a port of the kernel's choice: .base is its address."""
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, model=None, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.model = model
        self.connections = 0
        self.quiet = threading.Condition()
        self.base = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def process_request(self, request, address):
        with self.quiet:
            self.connections += 1
        super().process_request(request, address)

    def process_request_thread(self, request, address):
        try:
            super().process_request_thread(request, address)
        finally:
            with self.quiet:
                self.connections -= 1
                self.quiet.notify_all()

    def wait_quiet(self, timeout=20):
        """Until all that clients have sent is dealt with, when they are gone."""
        with self.quiet:
            if not self.quiet.wait_for(lambda: not self.connections, timeout):
                raise AssertionError(f"{self.connections} connections stay open")

    def down(self):
        self.shutdown()
        self.server_close()
