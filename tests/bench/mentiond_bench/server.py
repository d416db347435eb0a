"""mentiond-bench-server: see tests/bench/server.c for its settings and counts."""
import http.client
import json
import subprocess

from mentiond_e2e.daemon import BUILD

FIRST_ID = 110000000000000000            # of the mentions of an account, plus one for the first


def built(name):
    return BUILD / "tests/bench" / name


def why_not():
    if not built("mentiond-bench-server").exists():
        return f"{BUILD.resolve()}/tests/bench/mentiond-bench-server is not built"
    return None


class Server:
    """One process.  port: the one of an earlier server that has ended, or any."""

    def __init__(self, port=0):
        self.process = subprocess.Popen([built("mentiond-bench-server"), str(port)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.process.stdout.close()
        if not line:
            self.process.wait()
            raise RuntimeError("mentiond-bench-server did not start")
        self.port = int(line)
        self.url = f"http://127.0.0.1:{self.port}"
        self.desk_url = f"{self.url}/z/nph-genericinterface.pl/Webservice/mentiond"

    def account_url(self, n):
        return f"{self.url}/m/{n}"

    def ask(self, path):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            c.request("GET", f"/bench/{path}")
            r = c.getresponse()
            text = r.read().decode()
        finally:
            c.close()
        if r.status != 200:
            raise ValueError(text.strip())
        return json.loads(text)

    def set(self, **settings):
        return self.ask("set?" + "&".join(f"{k}={int(v)}" for k, v in settings.items()))

    def counts(self):
        return self.ask("counts")

    def reset(self):
        return self.ask("reset")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
