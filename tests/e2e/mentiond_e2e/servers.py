"""Bringing up and taking down the private servers of tests/servers."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

from .snac import Snac
from .znuny import Znuny

TOP = pathlib.Path(__file__).resolve().parents[3]
SERVERS = TOP / "tests" / "servers"


def cache():
    return pathlib.Path(subprocess.run([TOP / "contrib/deps", "--cache"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip())


def why_not():
    """Why the servers cannot be brought up here, or None."""
    if not shutil.which("bash"):
        return "there is no bash"
    for deb in "otrs2", "postgresql-15", "postgresql-client-15", "snac2":
        if not list((cache() / "debs").glob(deb + "_*.deb")):
            return f"the package {deb} is not there: run contrib/deps test"
    for program in "starman", "jq", "curl", "cc", "setpriv":
        if not shutil.which(program):
            return f"{program} is not there: run contrib/deps build test"
    return None


def folder(prefix, within=None):
    """A new folder that everybody can pass through: as root, the servers run as nobody."""
    path = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=within))
    path.chmod(0o711)
    return path


def free_ports(n):
    """The first of n ports in a row that are free, outside the range that the kernel gives to connections."""
    for _ in range(200):
        first = 20000 + int.from_bytes(os.urandom(2), "big") % 12000
        try:
            for port in range(first, first + n):
                with socket.socket() as s:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
    raise RuntimeError("there are no free ports")


class Servers:
    """One Znuny and one snac.  directory: of a pair that is up; else they are brought up, and stopped by down()."""

    def __init__(self, directory=None):
        self.own = directory is None
        self.directory = pathlib.Path(directory) if directory else folder("mentiond-e2e.")
        try:
            if self.own:
                self.up()
            self.znuny = Znuny(self.directory / "znuny", SERVERS / "znuny")
            self.snac = Snac(self.directory / "snac", SERVERS / "snac")
        except BaseException:
            self.down()
            raise

    def up(self):
        port = free_ports(3)
        env = dict(os.environ, ZNUNY_WORKERS="16")       # each mentiond keeps one busy or more
        starting = [subprocess.Popen([SERVERS / name, "up", self.directory / name, str(p)], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
                    for name, p in (("znuny", port), ("snac", port + 2))]
        failed = []
        for p in starting:
            said, _ = p.communicate()
            if p.returncode:
                failed.append(said)
        if failed:
            raise RuntimeError("the servers do not start:\n" + "".join(failed))

    def down(self):
        if hasattr(self, "znuny"):
            self.znuny.close()
        if not self.own:
            return
        try:                     # at its own pace it takes seconds to end
            os.kill(int((self.directory / "snac/pid").read_text()), signal.SIGKILL)
        except (OSError, ValueError):
            pass
        stopping = [subprocess.Popen([SERVERS / name, "down", self.directory / name], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    for name in ("znuny", "snac") if (self.directory / name / "port").exists()]
        for p in stopping:
            p.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
