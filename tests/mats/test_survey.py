# SPDX-License-Identifier: Apache-2.0
"""Every mat of the survey against its shipped file and the real decoder: 200 frames with noise, a lost
byte, a doubled byte, a frame cut in half and a reconnection in between. Each frame that arrived whole must
come out exactly, each that did not must be counted, and after two frames all must be well again. Prints a
table; what a protocol has no means to show (survey.py says which and why) may let one damaged frame
through for a fault, never more."""
import os
import pty
import random
import re
import select
import struct
import subprocess
import threading
import tty

import pytest

import survey

BUILD = os.environ.get("PLANTAR_BUILD", "build")
SOURCE = os.environ.get("PLANTAR_SOURCE", ".")
FRAMES = 200
MS = 1000000
PERIOD = 40 * MS
FAULTS = {40: "noise", 70: "lost", 100: "doubled", 130: "half", 160: "reconnect"}
STATS = ("bytes frames lost_device lost_corrupt lost_overrun bad_length bad_checksum bad_sanity "
         "skipped_bytes resyncs duplicates info_packets log_packets").split()


class Feed:
    """The decoder of a mat file in a process of its own, on a clock that the test turns."""

    def __init__(self, mat):
        self.mat = mat
        self.child = subprocess.Popen(
            [os.path.join(BUILD, "tests", "mat_feed"),
             os.path.join(SOURCE, "config", "mats", mat.name + ".conf")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        conf = open(os.path.join(SOURCE, "config", "mats", mat.name + ".conf")).read()
        cell = conf.split('cell = "')[1].split('"')[0]
        self.dtype = {"u8": "B", "u16": "H", "u32": "I", "i16": "h", "i32": "i", "f32": "f"}[cell]
        self.frames, self.sent, self.texts = [], [], []
        self.deadline, self.stats = 1 << 62, None
        self.now = 0

    def read(self, n):
        data = self.child.stdout.read(n)
        assert len(data) == n, "mat_feed ended"
        return data

    def put(self, kind, data=b"", n=None):
        self.child.stdin.write(kind + struct.pack("<qI", self.now, len(data) if n is None else n) +
                               data)
        self.child.stdin.flush()
        while True:
            what = self.read(1)
            if what == b"f":
                lost = struct.unpack("<QQQ", self.read(24))
                resync = self.read(1)[0]
                size = self.mat.rows * self.mat.cols
                cells = struct.unpack(f"<{size}{self.dtype}", self.read(size * struct.calcsize(self.dtype)))
                self.frames.append((list(cells), lost, resync))
            elif what in (b"x", b"m"):
                data = self.read(struct.unpack("<I", self.read(4))[0])
                (self.sent if what == b"x" else self.texts).append(data)
            else:
                assert what == b"."
                self.deadline = struct.unpack("<q", self.read(8))[0]
                self.stats = dict(zip(STATS, struct.unpack("<13Q", self.read(104))))
                return

    def tick_until(self, t):
        """Turns the clock to t, and ticks at each deadline before."""
        while self.deadline <= t:
            self.now = max(self.now, self.deadline)
            self.put(b"t")
        self.now = max(self.now, t)

    def data(self, data, rng, span=PERIOD // 4):
        """Bytes in pieces as a driver hands them over."""
        at = 0
        while at < len(data):
            n = rng.choice((1, 7, 62, 64, 500, 4000))
            self.tick_until(self.now + max(1, span * min(n, len(data) - at) // len(data)))
            self.put(b"d", data[at:at + n])
            at += n

    def close(self):
        self.child.stdin.close()
        assert self.child.wait(20) == 0


def hurt(fault, data, mat, rng):
    middle = len(data) // 2 + rng.randrange(-len(data) // 4, len(data) // 4)
    if fault == "noise":
        return bytes(rng.randrange(256) for _ in range(25)) + data
    if fault == "lost":
        return data[:middle] + data[middle + 1:]
    if fault == "doubled":
        return data[:middle] + data[middle:middle + 1] + data[middle:]
    if fault == "half":
        return data[:(len(data) + 1) // 2]
    return data


class Device:
    """A mat at the other end: streams by its own clock, or answers."""

    def __init__(self, mat, seed):
        self.mat, self.rng = mat, random.Random(seed)
        self.pictures = [survey.picture_of(mat, n, self.rng) for n in range(FRAMES)]
        self.feed = Feed(mat)
        self.delivered_before = []

    def open(self):
        f = self.feed
        f.now += 2000 * MS
        f.put(b"r")
        f.sent.clear()
        f.put(b"t")
        f.tick_until(f.now + 600 * MS)      # a boot loader waits
        if self.mat.start:
            assert f.sent[0] == self.mat.start

    def wait_for_poll(self):
        """A device that is polled sends only when asked; asked again after a while."""
        f = self.feed
        end = f.now + 3000 * MS
        while self.mat.poll not in f.sent:
            assert f.deadline < end, "the decoder asks no more"
            f.tick_until(f.deadline)
        f.sent.clear()

    def play(self):
        """(frames in order of arrival, each the number of the picture or None, the gap before)"""
        f, mat = self.feed, self.mat
        self.open()
        if mat.banner and not mat.poll:
            f.data(mat.banner, self.rng)
        silent_since = 0
        for n in range(FRAMES):
            fault = FAULTS.get(n)
            data = mat.frame(self.pictures[n], n)
            before = len(f.frames)
            if fault == "reconnect":
                cut = self.rng.randrange(1, len(data)) if not (mat.poll or mat.reopens) else 0
                self.segment = len(f.frames)
                self.open()
                data = data[cut:]
            elif mat.reopens and silent_since >= 3:     # as the daemon does: no frames, so open again
                self.open()
                silent_since = 0
            if mat.poll:
                self.wait_for_poll()
            f.data(hurt(fault, data, mat, self.rng), self.rng)
            f.tick_until(f.now + PERIOD * 3 // 4)
            silent_since = 0 if len(f.frames) > before else silent_since + 1
        f.close()
        known = {tuple(survey.flat(p)): n for n, p in enumerate(self.pictures)}
        assert len(known) == FRAMES
        return [(known.get(tuple(cells)), sum(lost)) for cells, lost, _ in f.frames]


def judge(mat, got, segment):
    """The numbers that were delivered exactly, those delivered wrong, and what is missing."""
    exact = [n for n, _ in got if n is not None]
    assert exact == sorted(set(exact)), "frames twice or out of order"
    wrong = sum(n is None for n, _ in got)
    missing = sorted(set(range(FRAMES)) - set(exact))
    for n in missing:
        fault = max((k for k in FAULTS if k <= n + mat.spans), default=None)
        slack = 5 if mat.reopens else 2
        near = fault is not None and n - fault <= slack
        assert near or n < mat.first or n == FRAMES - 1, f"frame {n} arrived whole and is missing"
    # what is lost is counted, and nothing else; a reconnection begins a new count
    for part, first, last in ((got[:segment], 0, 160), (got[segment:], 160, FRAMES)):
        numbers = [n for n, _ in part if n is not None]
        counted = sum(lost for _, lost in part)
        held = sum(first <= n < last for n in missing if n < numbers[0] or n > numbers[-1])
        real = sum(first <= n < last for n in missing) - held - sum(n is None for n, _ in part)
        if not mat.reopens:
            assert abs(counted - real) <= len(mat.blind) + mat.noisy, (counted, real)
            if not mat.blind:
                assert counted - real in (0, int(mat.noisy)), (counted, real)
    return exact, wrong, missing


class PtyDevice(threading.Thread):
    """The same mat at a real terminal: answers when it is asked, or streams once it was started."""

    def __init__(self, mat, link):
        super().__init__(daemon=True)
        self.mat, self.over = mat, threading.Event()
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        os.symlink(os.ttyname(slave), link)
        self.slave, self.sent = slave, 0
        self.pictures = [survey.picture_of(mat, n, random.Random(n)) for n in range(20)]

    def run(self):
        heard = b""
        started = not self.mat.start
        while not self.over.is_set():
            if select.select([self.master], [], [], 0.01)[0]:
                heard += os.read(self.master, 4096)
            started |= bool(self.mat.start) and self.mat.start in heard
            if not started or (self.mat.poll and self.mat.poll not in heard):
                continue
            heard = heard.replace(self.mat.poll, b"", 1) if self.mat.poll else b""
            data = self.mat.frame(self.pictures[self.sent % 20], self.sent)
            while data and not self.over.is_set():
                if select.select([], [self.master], [], 0.1)[1]:
                    data = data[os.write(self.master, data[:1000]):]
            self.sent += 1

    def close(self):
        self.over.set()
        self.join(20)
        os.close(self.master)
        os.close(self.slave)


def test_terminals(tmp_path):
    """Started, polled binary, polled text, escaped, in parts: the real transport, command and decoder."""
    names = ["pressure-mat-56x28", "meet-matt-56x19", "fsr-pad-2x2", "etextile-16x16", "wiresens-32x32"]
    devices, runs = [], []
    for mat in (m for m in survey.MATS if m.name in names):
        conf = (tmp_path / (mat.name + ".conf"))
        text = open(os.path.join(SOURCE, "config", "mats", mat.name + ".conf")).read()
        # a busy machine may keep the answer for longer than a mat would
        text = text.replace("commands = { poll", "commands = { poll_timeout_ms = 30000; poll")
        conf.write_text(text.replace("settle_ms = 2000", "settle_ms = 0"))
        devices.append(PtyDevice(mat, tmp_path / mat.name))
        devices[-1].start()
        runs.append(subprocess.Popen(
            [os.path.join(os.environ.get("PLANTAR_BIN", BUILD + "/bin"), "plantar"), "capture",
             f"serial:{tmp_path / mat.name}", "--as", str(conf), "-o", str(tmp_path / (mat.name + ".plcap")),
             "--seconds", "3"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    for device, run in zip(devices, runs):
        out = run.communicate(timeout=120)[0]
        device.close()
        frames = int(re.search(r", ([\d,]+) frames of", out).group(1).replace(",", ""))
        assert frames >= 2 and run.returncode == 0, (device.sent, out)
        if device.mat.poll:     # one question is open at a time
            assert frames >= device.sent - 2, (device.sent, out)
        for trouble in ("lost", "bad", "implausible", "out of step"):
            assert trouble not in out, (device.mat.name, out)


def test_simulated_rows(tmp_path):
    """A simulated mat whose rows nothing marks boots first, so that its place is known: in a capture,
    and through the daemon's decoder from it."""
    plantar = os.path.join(os.environ.get("PLANTAR_BIN", BUILD + "/bin"), "plantar")
    for name in ("rows-23x22", "vitac-16x16", "meet-matt-56x19", "wiresens-32x32"):
        subprocess.run([plantar, "simulate", "--person", "standing", "--as", name, "--seconds", "2", "--hz",
                        "20", "--capture", tmp_path / f"{name}.plcap"], check=True, capture_output=True)
        out = subprocess.run([plantar, "info", tmp_path / f"{name}.plcap"], check=True,
                             capture_output=True, text=True).stdout
        frames = int(re.search(r"(\d+) frames", out).group(1))
        assert frames >= 38, (name, out)


RESULTS = []


@pytest.mark.parametrize("mat", survey.MATS, ids=lambda m: m.name)
def test_mat(mat):
    worst = 0
    for seed in range(2 if mat.rows * mat.cols > 1000 else 5):
        device = Device(mat, seed)
        got = device.play()
        exact, wrong, missing = judge(mat, got, device.segment)
        assert wrong <= len(mat.blind), f"{wrong} frames that nobody sent"
        resync = max([max(n - k for n in missing if k <= n < k + 20) for k in FAULTS
                      if any(k <= n < k + 20 for n in missing)] + [0])
        worst = max(worst, resync)
        stats = device.feed.stats
        reasons = stats["bad_length"] + stats["bad_checksum"] + stats["bad_sanity"]
        assert reasons >= 1 and stats["skipped_bytes"] + reasons >= 1
    RESULTS.append((mat.name, len(exact), len(missing), sum(g[1] for g in got), wrong, worst,
                    mat.why + ("; opened again" if mat.reopens else "")))


def test_table(capsys):
    with capsys.disabled():
        print(f"\n{'mat':24} {'exact':>6} {'missing':>8} {'counted':>8} {'wrong':>6} {'resync':>7}  why")
        for name, exact, missing, counted, wrong, resync, why in RESULTS:
            print(f"{name:24} {exact:6} {missing:8} {counted:8} {wrong:6} {resync:7}  {why}")
    assert len(RESULTS) == len(survey.MATS)
