"""What a disk holds after the power has failed, from the record that powerloss.c makes."""
import random
import struct

START, OPEN, CREATE, WRITE, TRUNCATE, SYNC, UNLINK, RENAME = range(8)
SECTOR = 512
RECORD = struct.Struct("=IIQQ")


class File:
    """durable is on the disk; pending is written and not synced."""

    def __init__(self, durable=b""):
        self.durable, self.pending = bytearray(durable), []

    def apply(self, op):
        kind, offset, data = op
        if kind == TRUNCATE:
            del self.durable[offset:]
            self.durable.extend(bytes(offset - len(self.durable)))
        else:
            self.durable.extend(bytes(max(0, offset - len(self.durable))))
            self.durable[offset:offset + len(data)] = data

    def sync(self):
        for op in self.pending:
            self.apply(op)
        self.pending = []

    def tear(self, rng):
        """Of what was not synced any sectors may have arrived, in any order, and of several versions any."""
        pieces = []
        for kind, offset, data in self.pending:
            if kind == TRUNCATE:
                pieces.append((kind, offset, b""))
                continue
            at = 0
            while at < len(data):
                n = min(SECTOR - (offset + at) % SECTOR, len(data) - at)
                pieces.append((WRITE, offset + at, data[at:at + n]))
                at += n
        arrived = [p for p in pieces if rng.random() < 0.5]
        rng.shuffle(arrived)
        for piece in arrived:
            self.apply(piece)


class Disk:
    """One folder.  follow() reads what has been recorded; fail() makes the folder what the failure leaves of it."""

    def __init__(self, folder, record):
        self.folder, self.record = folder, record
        self.restart()

    def restart(self):
        """What is in the folder now is durable."""
        self.record.write_bytes(b"")
        self.names = {p.name: File(p.read_bytes()) for p in self.folder.iterdir() if p.is_file()}
        self.durable_names = dict(self.names)
        self.pending_names = []          # [(name, file or None)]
        self.open = {}

    def follow(self):
        data = self.record.read_bytes()
        at = 0
        while at + RECORD.size <= len(data):
            kind, file, offset, size = RECORD.unpack_from(data, at)
            at += RECORD.size
            body = data[at:at + size]
            at += size
            if kind == START:
                self.open = {}
            elif kind in (OPEN, CREATE):
                name = body.decode()
                if kind == CREATE:
                    self.enter(name, File())
                self.open[file] = name if name == "." else self.names.get(name)
            elif kind in (WRITE, TRUNCATE):
                self.open[file].pending.append((kind, offset, body))
            elif kind == SYNC and self.open[file] == ".":
                for name, entry in self.pending_names:
                    self.settle(name, entry)
                self.pending_names = []
            elif kind == SYNC:
                self.open[file].sync()
            elif kind == UNLINK:
                if body.decode() in self.names:
                    self.enter(body.decode(), None)
            elif kind == RENAME:
                old, new = body.decode().split("\0")
                moved = self.names[old]
                self.enter(new, moved)
                self.enter(old, None)
        self.record.write_bytes(b"")

    def enter(self, name, file):
        self.names[name] = file
        if file is None:
            del self.names[name]
        self.pending_names.append((name, file))

    def settle(self, name, file):
        if file is None:
            self.durable_names.pop(name, None)
        else:
            self.durable_names[name] = file

    def fail(self, seed=None):
        """Without a seed all that was not synced is gone; else some of it, by the seed."""
        self.follow()
        rng = random.Random(seed)
        for name, entry in self.pending_names:
            if seed is not None and rng.random() < 0.5:
                self.settle(name, entry)
        for path in self.folder.iterdir():
            path.unlink()
        for name, file in sorted(self.durable_names.items()):
            if name.endswith("-shm"):
                continue         # memory
            if seed is not None:
                file.tear(rng)
            (self.folder / name).write_bytes(file.durable)
            (self.folder / name).chmod(0o600)
        self.restart()
