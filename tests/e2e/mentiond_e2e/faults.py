"""Faults of disk, memory and clock under a running mentiond; see faults.c."""
import errno
import mmap
import struct

from .daemon import BUILD, WRAPPER, program

LIBRARY = (BUILD / "tests/e2e/.libs/faults.so").resolve()
KINDS = ALLOC, WRITE, SYNC, TRUNCATE, READ, SYNC_DATABASE, ACCEPT = range(7)
RULE = struct.Struct("=qqqqq")
EVER = 1 << 60
SHORT = 0                        # in place of an errno: half of it is written


def why_not():
    if not LIBRARY.exists():
        return f"{LIBRARY} is not built (make check builds it)"
    if WRAPPER:
        return "under a wrapper the library would be the wrapper's, too"
    if b"__asan_init" in program("mentiond").read_bytes():
        return "AddressSanitizer must stand before what is preloaded"
    return None


def name(kind, error):
    return f"{('memory', 'write', 'sync', 'truncate', 'read', 'checkpoint', 'accept')[kind]}-{errno.errorcode.get(error, 'short')}"


class Faults:
    """To be made before the daemon starts.  What is written here it sees at once."""

    def __init__(self, daemon):
        path = daemon.directory / "faults"
        path.write_bytes(bytes(4096))
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 4096)
        daemon.env = {"LD_PRELOAD": str(LIBRARY), "MENTIOND_FAULTS": str(path)}

    def fail(self, kind, error, first=1, times=EVER, syncs=0):
        """Fails the calls from the first-th on, counted from now, or from behind so many syncs."""
        seen, after = self.seen(kind), self.seen(SYNC) + syncs if syncs else 0
        self.map[kind * RULE.size + 8:(kind + 1) * RULE.size] = struct.pack(
            "=qqqq", seen + first, seen + first + times - 1, error, after)

    def seen(self, kind):
        return struct.unpack_from("=q", self.map, kind * RULE.size)[0]

    def came(self, kind):
        """Whether a call failed."""
        seen, first, *_ = RULE.unpack_from(self.map, kind * RULE.size)
        return 0 < first <= seen

    def failed_at(self, kind):
        """The number of the first call that failed, or is to."""
        return RULE.unpack_from(self.map, kind * RULE.size)[1]

    def heal(self):
        """Nothing fails any more."""
        for kind in KINDS:
            self.map[kind * RULE.size + 8:(kind + 1) * RULE.size] = bytes(RULE.size - 8)

    def set_clock(self, ahead):
        """Seconds that the system's clock is ahead; the clock that only goes on (monotonic) is not touched."""
        struct.pack_into("=q", self.map, len(KINDS) * RULE.size, int(ahead * 1000000))
