# SPDX-License-Identifier: Apache-2.0
"""The other side of disk_preload.c: what a disk was told, what it may have kept, and how it is made to fail."""
import errno
import mmap
import os
import struct

from plantar_harness import BUILD

PRELOAD = os.path.join(BUILD, "tests", "libdisk_preload.so")
BLOCK = 4096  # a disk keeps such a piece of a write whole or not at all
OPEN, WRITE, TRUNCATE, SYNC_BEGIN, SYNC_END, RENAME, UNLINK, MKDIR = range(1, 9)


def environment(root, log=None, control=None):
    env = {"LD_PRELOAD": PRELOAD, "PLANTAR_DISK": root}
    if log:
        env["PLANTAR_DISK_LOG"] = log
    if control:
        env["PLANTAR_DISK_CONTROL"] = control
    return env


class Control:
    """struct control, mapped."""
    FIELDS = ("calls", "fail_at", "fail_for", "error", "failed", "room", "delay_ms", "delay_write",
              "reads")

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as f:
            f.write(bytes(4096))
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 4096)
        self.room = -1

    def __getattr__(self, name):
        if name not in Control.FIELDS:
            raise AttributeError(name)
        return struct.unpack_from("<q", self.map, 8 * Control.FIELDS.index(name))[0]

    def __setattr__(self, name, value):
        if name in Control.FIELDS:
            struct.pack_into("<q", self.map, 8 * Control.FIELDS.index(name), value)
        else:
            super().__setattr__(name, value)

    @property
    def last(self):
        """The call that failed last."""
        at = 8 * len(Control.FIELDS)
        return self.map[at:at + 64].split(b"\0")[0].decode()

    def fail(self, after, times, error=errno.EIO):
        """Lets the call after the next `after` fail, and so many more; error 0: writes are cut short."""
        self.fail_for, self.error = times, error
        self.fail_at = self.calls + after + 1

    def heal(self):
        self.fail_at = 0
        self.room = -1
        self.delay_ms = self.delay_write = 0


class Record:
    def __init__(self, data, at):
        size, self.op, self.t_ns, self.id, self.offset, a, b, c, _ = struct.unpack_from(
            "<IIqQqIIII", data, at)
        at += 48
        self.path, at = data[at:at + a].decode(), at + a
        self.other, at = data[at:at + b].decode(), at + b
        self.data, self.end = data[at:at + c], at + c


def read_log(path):
    with open(path, "rb") as f:
        data = f.read()
    at, records = 0, []
    while at < len(data):
        records.append(Record(data, at))
        at = records[-1].end
    return records


class File:
    """What is certainly on the disk, and what was written since, each with its place in the order."""

    def __init__(self):
        self.kept, self.later = bytearray(), []

    @staticmethod
    def write(to, offset, data):
        if len(to) < offset:
            to.extend(bytes(offset - len(to)))
        to[offset:offset + len(data)] = data

    @staticmethod
    def apply(to, op):
        if op[0] == WRITE:
            File.write(to, op[1], op[2])
        elif op[1] < len(to):
            del to[op[1]:]
        else:
            to.extend(bytes(op[1] - len(to)))


class Folder:
    """Names that are certain, and changes of names since: (name, file or folder or None)."""

    def __init__(self):
        self.kept, self.later = {}, []


class Disk:
    """Everything below root, as of a place in the log. before: a copy of root when the log began."""

    def __init__(self, root, records, before=None):
        self.root, self.open, self.syncs = root, {}, {}
        self.now = {root: Folder()}  # by path, as the programs saw it
        self.old_blocks = []  # contents of files that were removed
        if before:
            self.begin_with(before, root)
        for r in records:
            self.take(r)

    def begin_with(self, before, path):
        for name in os.listdir(before):
            there = os.path.join(before, name)
            thing = self.now[os.path.join(path, name)] = Folder() if os.path.isdir(there) else File()
            self.now[path].kept[name] = thing
            if isinstance(thing, Folder):
                self.begin_with(there, os.path.join(path, name))
            else:
                with open(there, "rb") as f:
                    thing.kept[:] = f.read()

    def names(self, path):
        return self.now[os.path.dirname(path)]

    def take(self, r):
        if r.op == OPEN:
            thing = self.now.get(r.path)
            if thing is None:
                thing = self.now[r.path] = File()
                self.names(r.path).later.append([(os.path.basename(r.path), thing)])
            elif r.offset & os.O_TRUNC and isinstance(thing, File):
                thing.later.append((TRUNCATE, 0))
            self.open[r.id] = thing
        elif r.op == WRITE:
            self.open[r.id].later.append((WRITE, r.offset, r.data))
        elif r.op == TRUNCATE:
            self.open[r.id].later.append((TRUNCATE, r.offset))
        elif r.op == SYNC_BEGIN:
            self.syncs[r.offset] = list(self.open[r.id].later)
        elif r.op == SYNC_END:
            self.sync(self.open[r.id], self.syncs.pop(r.offset))
        elif r.op == MKDIR:
            self.now[r.path] = Folder()
            self.names(r.path).later.append([(os.path.basename(r.path), self.now[r.path])])
        elif r.op == RENAME:
            thing = self.now.pop(r.path)
            self.remember(self.now.get(r.other))
            self.now[r.other] = thing
            assert self.names(r.path) is self.names(r.other), "renamed into another folder"
            self.names(r.path).later.append([(os.path.basename(r.path), None),
                                             (os.path.basename(r.other), thing)])
        elif r.op == UNLINK:
            self.remember(self.now.pop(r.path))
            self.names(r.path).later.append([(os.path.basename(r.path), None)])

    def remember(self, thing):
        if isinstance(thing, File):
            whole = bytearray(thing.kept)
            for op in thing.later:
                File.apply(whole, op)
            self.old_blocks += [bytes(whole[i:i + BLOCK]) for i in range(0, len(whole), BLOCK)]

    @staticmethod
    def sync(thing, certain):
        if isinstance(thing, File):
            for op in certain:
                if any(op is later for later in thing.later):
                    File.apply(thing.kept, op)
        else:
            for change in certain:
                if any(change is later for later in thing.later):
                    thing.kept.update(change)
        gone = {id(op) for op in certain}
        thing.later = [op for op in thing.later if id(op) not in gone]

    # ---- what a power cut leaves ----

    def leave(self, to, rng):
        """Builds below `to` one of the states that the disk may be in. Names change in order up to some
        change, or any of the changes is there and any is not; so do blocks of what was written."""
        self.rng, self.ordered = rng, rng.random() < 0.5
        self.share = rng.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        self.leave_folder(self.now[self.root], to)

    def leave_folder(self, folder, to):
        names, later = dict(folder.kept), folder.later
        if self.ordered:
            later = later[:self.rng.randrange(len(later) + 1)]
        else:
            later = [change for change in later if self.rng.random() < self.share]
        for change in later:
            names.update(change)
        os.makedirs(to, exist_ok=True)
        for name, thing in names.items():
            if isinstance(thing, Folder):
                self.leave_folder(thing, os.path.join(to, name))
            elif thing is not None:
                with open(os.path.join(to, name), "wb") as f:
                    f.write(self.left_of(thing))

    def left_of(self, thing):
        data = bytearray(thing.kept)
        for op in thing.later:
            if op[0] == TRUNCATE:
                if self.rng.random() < self.share:
                    File.apply(data, op)
                continue
            offset, piece = op[1], op[2]
            while piece:
                n = min(len(piece), BLOCK - offset % BLOCK)
                if self.rng.random() < self.share:
                    File.write(data, offset, piece[:n])
                elif self.rng.random() < 0.2 and offset + n > len(data):
                    # the size was kept, the block was not: zeros, or what was there before
                    old = self.rng.choice(self.old_blocks) if self.old_blocks else b""
                    old = old[offset % BLOCK:offset % BLOCK + n]
                    File.write(data, offset, old + bytes(n - len(old)))
                offset, piece = offset + n, piece[n:]
        return bytes(data)
