# SPDX-License-Identifier: Apache-2.0
"""Devices with a protocol of their own against their shipped mat file and decoder: 200 frames with noise,
a lost byte, a doubled byte, a frame cut in half and a reconnection; of USB devices, whose packets arrive
whole or not at all, a stray packet, one lost, one twice, one cut short. Each frame that arrived whole
comes out, cell by cell; what is lost is counted; after two frames all is well. Prints a table."""
import random

import pytest

import devices
from test_survey import FAULTS, FRAMES, MS, Feed

# Nothing in these packets counts them: a lost one leaves no trace, one that comes twice is two frames.
BLIND = ("lost", "doubled")


class Host:
    """The decoder, and a device at the other end."""

    def __init__(self, kind, seed):
        self.rng = random.Random(seed)
        self.device = devices.make(kind, seed)
        self.feed = Feed(self.device)
        self.period = self.device.period_ms * MS
        self.pictures = [self.device.picture(n) for n in range(FRAMES)]

    def hear(self):
        while self.feed.sent:
            for data in self.device.hear(self.feed.sent.pop(0)):
                self.send(data)

    def until(self, t):
        f = self.feed
        while f.deadline <= t:
            f.now = max(f.now, f.deadline)
            f.put(b"t")
            self.hear()
        f.now = max(f.now, t)

    def send(self, data):
        """Bytes, or a packet behind its length, in pieces as a driver hands them over."""
        if self.device.packets:
            answer = isinstance(data, tuple)
            data = data[1] if answer else data
            data = (len(data) | (0x8000 if answer else 0)).to_bytes(2, "little") + data
        at = 0
        while at < len(data):
            n = self.rng.choice((1, 7, 62, 64, 500, 4000))
            self.feed.put(b"d", data[at:at + n])
            at += n
            self.hear()

    def open(self):
        self.feed.now += 2000 * MS
        self.feed.put(b"r")
        self.feed.sent.clear()
        for data in self.device.open():
            self.send(data)
        self.feed.put(b"t")
        self.hear()
        self.until(self.feed.now + 4000 * MS)

    def hurt(self, fault, data):
        """The serial bytes, or the list of packets, of a frame."""
        if not fault:
            return data
        noise = self.rng.randbytes(25)
        if not self.device.packets:
            middle = len(data) // 2 + self.rng.randrange(-len(data) // 4, len(data) // 4)
            return {"noise": noise + data, "lost": data[:middle] + data[middle + 1:],
                    "doubled": data[:middle] + data[middle:middle + 1] + data[middle:],
                    "half": data[:(len(data) + 1) // 2]}.get(fault, data)
        one = self.rng.randrange(len(data) - (2 if self.device.polled else 0))
        return {"noise": [noise[:self.rng.randrange(1, 15)]] + data, "lost": data[:one] + data[one + 1:],
                "doubled": data[:one] + [data[one]] + data[one:],
                "half": data[:one] + [data[one][:min(len(data[one]) // 2, 8)]] + data[one + 1:],
                }.get(fault, data)

    def play(self):
        f, d = self.feed, self.device
        self.open()
        self.segment = None
        start = f.now
        for n in range(FRAMES):
            fault = FAULTS.get(n)
            if fault == "reconnect":
                self.segment = len(f.frames)
                self.open()
                start = f.now - n * self.period
            self.until(start + n * self.period)
            if d.polled:
                end = f.now + 3000 * MS
                while not d.heard:
                    assert f.deadline < end, "the decoder asks no more"
                    self.until(f.deadline)
                d.heard.clear()
            data = self.hurt(fault, d.frame(self.pictures[n][0], n))
            if fault == "reconnect" and not d.packets and not d.started:
                data = data[self.rng.randrange(1, len(data)):]
            for piece in data if d.packets else [data]:
                self.send(piece)
        f.close()

    def numbers(self):
        """Of each delivered frame the number of its picture, or None, and the gap before it."""
        out, next_n = [], 0
        for cells, lost, _ in self.feed.frames:
            n = next((k for k in range(max(0, next_n - 1), min(FRAMES, next_n + 60))
                      if self.same(cells, devices.flat(self.pictures[k][1]))), None)
            next_n = next_n if n is None else n + 1
            out.append((n, sum(lost)))
        return out

    def same(self, got, sent):
        close = self.device.close
        return got == sent or (close > 0 and all(abs(a - b) <= close * max(1, abs(b))
                                                 for a, b in zip(got, sent)))


def judge(host):
    device, got = host.device, host.numbers()
    numbers = [n for n, _ in got if n is not None]
    assert len(numbers) == len(got), "frames that nobody sent"
    counts_none = device.packets and not device.polled
    doubled = len(numbers) - len(set(numbers))
    assert doubled == 0 or (doubled == 1 and counts_none)
    assert numbers == sorted(numbers)
    missing = sorted(set(range(FRAMES)) - set(numbers))
    resync = 0
    for n in missing:
        fault = max((k for k in FAULTS if k <= n), default=None)
        opened = device.first if FAULTS.get(fault) == "reconnect" else 0
        if n < device.first or (n == FRAMES - 1 and not device.packets):
            continue
        assert fault is not None and n - fault <= 2 + opened, f"frame {n} arrived whole and is missing"
        resync = max(resync, n - fault - opened)
    for part, first, last in ((got[:host.segment], 0, 160), (got[host.segment:], 160, FRAMES)):
        own = [n for n, _ in part]
        real = sum(first <= n < last and own[0] < n < own[-1] for n in missing)
        counted = sum(lost for _, lost in part)
        blind = sum(f in BLIND + ("noise",) and first <= k < last for k, f in FAULTS.items())
        assert abs(counted - real) <= (blind if counts_none else device.polled), (counted, real)
    return len(set(numbers)), len(missing), sum(g[1] for g in got), resync


RESULTS = []


@pytest.mark.parametrize("kind", devices.DEVICES, ids=lambda k: k.__name__)
def test_device(kind):
    worst = 0
    for seed in range(2 if kind.rows * kind.cols > 500 else 5):
        host = Host(kind, seed)
        host.play()
        exact, missing, counted, resync = judge(host)
        worst = max(worst, resync)
        stats = host.feed.stats
        assert stats["bad_length"] + stats["bad_checksum"] + stats["bad_sanity"] >= 1
    RESULTS.append((kind.name, kind.__name__, exact, missing, counted, worst))


def test_fisica_says():
    """The port for USB first, the other when it is refused; the interval; start and stop."""
    for kind, port in ((devices.Fisica, 2), (devices.FisicaBle, 1)):
        host = Host(kind, 1)
        host.open()
        assert host.device.running and host.device.port == port
        assert bytes.fromhex("24235300 0064 fff0".replace(" ", "")) in host.device.heard
        host.feed.close()


def test_bridge_that_forgets():
    """A brown-out: the plate reports other gains; it is told again, and no frame is believed meanwhile."""
    host = Host(devices.Phidget, 3)
    host.open()
    for n in range(60):
        host.until(host.feed.now + host.period)
        raw = host.pictures[n][0]
        good = host.device.setting
        if n == 20:
            told = len(host.device.heard)
            host.device.setting = good = bytes([0x0F, 0x11, 0x11, 5, 0])
        if good[1] != 0x77:
            packet = bytes([0xFF, 0, 0x11, 0x11, 0, 5]) + b"".join(r.to_bytes(3, "big") for r in raw)
            host.send(packet)
        else:
            for packet in host.device.frame(raw, n):
                host.send(packet)
    assert len(host.device.heard) == told + 1
    numbers = [n for n, _ in host.numbers()]
    assert None not in numbers and len(numbers) == len(set(numbers))
    assert set(range(host.device.first, 20)) <= set(numbers) and not set(range(20, 45)) & set(numbers)
    assert 59 in numbers
    host.feed.close()


def test_bridge_and_a_late_host():
    """A host that does not come to read what has arrived tells the plate again, and loses nothing of it; a plate that
    was silent begins with a sample that is not believed."""
    host = Host(devices.Phidget, 5)
    host.open()
    for n in range(60):
        host.until(host.feed.now + host.period)
        packets = host.device.frame(host.pictures[n][0], n)
        if n == 20:         # arrived, and is read two seconds later
            arrived, told = host.feed.now, len(host.device.heard)
            host.until(arrived + 2000 * MS)
            assert len(host.device.heard) > told
            host.feed.now, later = arrived, host.feed.now
            for packet in packets:
                host.send(packet)
            host.feed.now = later
            continue
        if n == 40:         # not a word for two seconds
            host.until(host.feed.now + 2000 * MS)
        for packet in packets:
            host.send(packet)
    numbers = [n for n, _ in host.numbers()]
    assert set(range(host.device.first, 40)) <= set(numbers)
    assert 40 not in numbers and set(range(41, 60)) <= set(numbers)     # the first sample is not believed
    host.feed.close()


def test_bridge_errors():
    """An input that says error, or stands at the end of its range, makes no frame and a message."""
    host = Host(devices.Phidget, 4)
    host.open()
    for n in range(20):
        host.until(host.feed.now + host.period)
        raw = list(host.pictures[n][0])
        if n == 16:
            raw[2] = 0xFFFFFF
        for packet in host.device.frame(raw, n, error=2 if n == 15 else 0):
            host.send(packet)
    numbers = [n for n, _ in host.numbers()]
    assert 14 in numbers and 15 not in numbers and 16 not in numbers and 17 in numbers
    assert dict(host.numbers())[17] == 2
    assert any(b"-1--" in t for t in host.feed.texts), host.feed.texts
    host.feed.close()


def test_jq_identity():
    """Asked every 300 ms until it says who it is; not asked unless the mat file wants it (test_device)."""
    import os
    import tempfile
    import test_survey
    source = os.path.join(test_survey.SOURCE, "config", "mats", "jq-pad-64x64.conf")
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(folder + "/config/mats")
        text = open(source).read().replace("identify = false", "identify = true")
        open(folder + "/config/mats/jq-pad-64x64.conf", "w").write(text)
        before, test_survey.SOURCE = test_survey.SOURCE, folder
        try:
            host = Host(devices.JqPad, 1)
        finally:
            test_survey.SOURCE = before
    host.open()
    asked = len(host.device.heard)
    assert 12 <= asked <= 15 and set(host.device.heard) == {b"AT\r\n"}
    for n in range(10):
        if n == 5:
            host.send(b"HC32F460 Unique ID:3A55--Versions:1.2 --company: JQ\r\n")
        host.send(host.device.frame(host.pictures[n][0], n))
    host.until(host.feed.now + 1000 * MS)
    assert [n for n, _ in host.numbers()] == list(range(10))
    assert sum(lost for _, lost in host.numbers()) == 0
    assert any(b"Unique ID:3A55" in t for t in host.feed.texts)
    assert len(host.device.heard) == asked
    host.feed.close()


def test_jq_relock():
    """A length is trusted: payloads of another are refused until twelve of them came."""
    host = Host(devices.JqPad, 2)
    host.open()
    plain = [n for n in range(60) if n % 3 != 1]     # without a mark among the cells
    for k, n in enumerate(plain):
        host.device.head = b"\3" if k >= 20 else b""
        host.send(host.device.frame(host.pictures[n][0], n))
    assert [n for n, _ in host.numbers()] == plain[:20] + plain[31:]
    assert dict(host.numbers())[plain[31]] == 11 and sum(lost for _, lost in host.numbers()) == 11
    assert b"type=3" in host.feed.texts
    host.feed.close()


def test_jq_quiet():
    host = Host(devices.JqPad, 1)
    host.open()
    assert not host.device.heard
    host.feed.close()


def test_table(capsys):
    with capsys.disabled():
        print(f"\n{'mat':22} {'as':12} {'exact':>6} {'missing':>8} {'counted':>8} {'resync':>7}")
        for name, kind, exact, missing, counted, resync in RESULTS:
            print(f"{name:22} {kind:12} {exact:6} {missing:8} {counted:8} {resync:7}")
    assert len(RESULTS) == len(devices.DEVICES)
