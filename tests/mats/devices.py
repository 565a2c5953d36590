# SPDX-License-Identifier: Apache-2.0
"""Devices with a protocol of their own, as simulators: what each sends for a picture, what it wants to
hear, how it answers. Written from what is known of them (the comments of config/mats say from where), not
from plantard's decoders: nothing here reads a mat file.

A picture is a list of rows of what a cell is worth in the unit of the mat file, as the person on the mat
sees it. USB devices send packets: a list of bytes, which the host puts behind their length.
"""
import random
import struct

MARK = b"\xaa\x55\x03\x99"
GRAVITY = 9.80665


def flat(picture):
    return [v for row in picture for v in row]


def grid(values, cols):
    return [values[i:i + cols] for i in range(0, len(values), cols)]


class Device:
    """name: of the mat file. packets: a USB device. hear() returns what is answered at once."""
    packets = False
    polled = False
    period_ms = 40
    started = False     # sends nothing before it is told to, so frames begin whole
    close = 0           # how far a delivered cell may be from the simulated one, relatively
    first = 0           # frames after opening that are rightly not believed

    def __init__(self, rng):
        self.rng, self.heard = rng, []

    def open(self):
        """What is said unasked after power-up or opening."""
        return []

    def hear(self, data):
        self.heard.append(data)
        return []


# ---- serial ----

class Fisica(Device):
    name, rows, cols, dtype = "fisica-29x22", 29, 22, "f"
    period_ms = 100
    close = 1e-6
    started = True

    def __init__(self, rng, refuses_usb=False, pounds=False):
        super().__init__(rng)
        self.running, self.port, self.refuses_usb, self.pounds = False, None, refuses_usb, pounds

    def open(self):
        self.running = False
        return [b"ESP-ROM:esp32\r\nboot:0x13\r\n"]

    def hear(self, data):
        super().hear(data)
        out = []
        while len(data) >= 8:
            c, data = data[:8], data[8:]
            assert c[0] == 0x24 and c[2] in b"SG" and c[3] == 0 and c[6:8] == b"\xff\xf0", c
            value, ok = c[4] << 8 | c[5], 1
            if c[1] == 0x22 and c[2:3] == b"S":
                ok = int(not (value == 2 and self.refuses_usb))
                self.port = value if ok else self.port
            elif c[1] == 0x51:
                self.running = value == 1
            elif c[1] == 0x13:
                value = 2 if self.pounds else 1
            elif c[1] == 0x23:
                assert 100 <= value <= 2000
            out.append(c[:3] + bytes([ok]) + (struct.pack(">H", value) if ok else b"\0\3") + c[6:8])
        return out

    def picture(self, n):
        """Cells as sent, the weight field, newtons."""
        cells = [0] * (29 * 22)
        for _ in range(120):
            cells[self.rng.randrange(len(cells))] = self.rng.choice((9, 80, 0xF0, 0x0F, 255))
        weight = 600 + n
        kg = weight / 10 * (0.45359237 if self.pounds else 1)
        newtons = [c * kg * GRAVITY / sum(cells) for c in cells]
        return (cells, weight), grid(newtons, 22)

    def frame(self, sent, n):
        cells, weight = sent
        return bytes([2]) + bytes(cells) + b"\0\0" + struct.pack(">H", weight) + b"\xf0\x0f"


class FisicaBle(Fisica):
    """One that knows port 1 only, and weighs in pounds."""

    def __init__(self, rng):
        super().__init__(rng, refuses_usb=True, pounds=True)


class JqPad(Device):
    name, rows, cols, dtype = "jq-pad-64x64", 64, 64, "B"
    head = b""

    def picture(self, n):
        cells = [self.rng.choice((0, 0, 0, 7, 200)) for _ in range(self.rows * self.cols)]
        cells[0:2] = [n % 256, n // 256]
        if n % 3 == 1:
            at = self.rng.randrange(2, len(cells) - 4)
            cells[at:at + 4] = list(MARK)       # cells may look like anything
        return cells, grid(cells, self.cols)

    def frame(self, cells, n):
        return self.head + bytes(cells) + MARK


class JqTyped(JqPad):
    head = b"\x03"


class JqHalves(JqPad):
    name, rows, cols = "jq-16x16", 16, 16

    def frame(self, cells, n):
        attitude = struct.pack("<4f", 1, 0, 0, 0)
        return (b"\x01\x05" + bytes(cells[:128]) + MARK +
                b"\x02\x05" + bytes(cells[128:]) + attitude + MARK)


class JqWhole(JqHalves):
    def frame(self, cells, n):
        return bytes([n % 256, 5]) + bytes(cells) + struct.pack("<4f", 1, 0, 0, 0) + MARK


# ---- USB ----

class Phidget(Device):
    """A PhidgetBridge 1046 under a BTrackS plate: inputs front right, back right, back left, front left."""
    name, rows, cols, dtype = "btracks-2x2", 2, 2, "f"
    packets = True
    close = 1e-6
    first = 12          # 300 ms of settling, and a sample

    def __init__(self, rng):
        super().__init__(rng)
        self.setting = bytes(5)

    def open(self):
        self.setting = bytes(5)
        return []

    def hear(self, data):
        super().hear(data)
        assert len(data) == 5 and data[4] <= 3
        self.setting = data
        return []

    def picture(self, n):
        raw = [0x800000 + self.rng.randrange(-8000000, 8000000) for _ in range(4)]
        mv_v = [(r - 0x800000) / 0x800000 * 1000 / 128 for r in raw]
        return raw, [[mv_v[3], mv_v[0]], [mv_v[2], mv_v[1]]]

    def frame(self, raw, n, error=0):
        s = self.setting
        if not s[0]:
            return []
        assert s == bytes([0x0F, 0x77, 0x77, 5, 0]), s.hex()     # all on, x128, 40 ms
        out = bytes([0xF0 | s[0], error, s[1], s[2], s[4], s[3]])
        for r in raw:
            out += struct.pack(">I", r)[1:]
        return [out]


class TakkTile(Device):
    name, rows, cols, dtype = "takktile-8x5", 8, 5, "f"
    packets = True
    close = 1e-5
    alive = (0b11111, 0b01111, 0b11111, 0, 0b10001, 0b11111, 0b11111, 0b00100)

    def __init__(self, rng):
        super().__init__(rng)
        # of the sensor's data sheet: a0 2009.75, b1 -2.37585, b2 -0.92047, c12 0.000790
        self.cal = [struct.pack(">hhhH", 0x3ECE + rng.randrange(-99, 99), -0x4C07, -0x3AE9,
                                rng.choice((0x33C8, 0x33C8 - 400)))
                    for _ in range(40)]

    def lives(self, i):
        return self.alive[i // 5] >> i % 5 & 1

    def open(self):
        """The answers to the start requests of the mat file; a dead cell's constants are refused."""
        return ([("answer", bytes(self.alive))] +
                [("answer", self.cal[i] if self.lives(i) else b"") for i in range(40)] +
                [("answer", b"\1")])

    def kpa(self, i, p, t):
        a0, b1, b2, c12 = struct.unpack(">hhhH", self.cal[i])
        c12 >>= 2
        c12 -= (c12 & 0x2000) << 1
        pc = a0 / 8 + (b1 / 8192 + c12 / 4194304 * t) * p + b2 / 16384 * t
        return 50 + 65 * pc / 1023

    def picture(self, n):
        raw = [(self.rng.randrange(1024), self.rng.randrange(400, 600)) for _ in range(40)]
        return raw, grid([self.kpa(i, *raw[i]) if self.lives(i) else 0.0 for i in range(40)], 5)

    def frame(self, raw, n):
        return [b"".join(struct.pack(">HH", p << 6, t << 6)
                         for i, (p, t) in enumerate(raw) if self.lives(i))]


class Vernier(Device):
    name, rows, cols, dtype = "vernier-force-plate", 1, 1, "f"
    packets = True
    close = 1e-6
    period_ms = 10
    wide = False

    def __init__(self, rng):
        super().__init__(rng)
        self.counter, self.running, self.period_us = None, False, None

    def open(self):
        self.running = False
        return []

    def hear(self, data):
        super().hear(data)
        assert len(data) == 64
        p = data[1:1 + data[0]]
        assert p[0] == 0x58 and p[1] == len(p)
        assert p[3] == (sum(p) - p[3]) % 256
        if p[4] == 0x1A:
            self.counter = 0xFF
            assert p[5:].hex() == "a54a0649074808470946" "0a450b440c430d420e41"
        self.counter = (self.counter - 1) % 256
        assert p[2] == self.counter
        if p[4] == 0x1B:
            assert p[5:7] == b"\xff\0" and len(p) == 15 and p[11:] == bytes(4)
            self.period_us = struct.unpack("<I", p[7:11])[0]
        if p[4] == 0x18:
            assert p[5:7] == b"\xff\1" and len(p) == 19
            assert struct.unpack("<I", p[7:11])[0] == 2 and p[11:] == bytes(8)
            self.running = True
        if p[4] == 0x19:
            self.running = False
        return [self.report(bytes([0x98, 6, p[2], 0, p[4], 0]))]

    @staticmethod
    def report(p):
        return bytes([len(p)]) + p + bytes(63 - len(p))

    def picture(self, n):
        newtons = self.rng.uniform(-5, 1500)
        newtons = struct.unpack("<f", struct.pack("<f", newtons))[0]
        return newtons, [[newtons]]

    def frame(self, newtons, n):
        if not self.running:
            return []
        assert self.period_us == 10000
        head = struct.pack("<IB", 2, 1) if self.wide else struct.pack("<HB", 2, 1)
        p = bytes([0x20, 0, n % 256, 0, 7 if self.wide else 6]) + head + b"\0" + struct.pack("<f", newtons)
        return [self.report(p[:1] + bytes([len(p)]) + p[2:])]


class VernierWide(Vernier):
    wide = True


class StepManiaX(Device):
    """Panel 4 has a broken sensor, panel 6 is not there."""
    name, rows, cols, dtype = "stepmaniax-6x6", 6, 6, "h"
    packets = polled = True
    missing, broken = 6, (4, 2)

    def hear(self, data):
        super().hear(data)
        assert len(data) == 64 and data[:6] == b"\x05\x05\x03y0\n"
        return []

    def picture(self, n):
        load = [[self.rng.randrange(-32768, 32768) for _ in range(4)] for _ in range(9)]
        out = [[0] * 6 for _ in range(6)]
        for p in range(9):
            for s in range(4):
                if p != self.missing and (p, s) != self.broken:
                    out[p // 3 * 2 + s // 2][p % 3 * 2 + s % 2] = load[p][s]
        return load, out

    def frame(self, load, n):
        bits = []
        for p in range(9):
            head = 0b010 | (1 << 3 + self.broken[1] if p == self.broken[0] else 0)
            whole = bytes([head]) + struct.pack("<4h", *load[p]) + b"\x05"
            if p == self.missing:
                whole = b"\xff" * 10
            bits.append(int.from_bytes(whole, "little"))
        words = [sum((bits[p] >> i & 1) << p for p in range(9)) for i in range(80)]
        data = b"y0" + bytes([80]) + struct.pack("<80H", *words)
        out, pressed = [], b"\x03\x11\x00"
        for at in range(0, len(data), 61):
            part = data[at:at + 61]
            flags = (4 if at == 0 else 0) | (1 if at + 61 >= len(data) else 0)
            out.append(bytes([6, flags, len(part)]) + part + bytes(61 - len(part)))
        return out + [pressed, bytes([6, 2, 0]) + bytes(61)]


DEVICES = [Fisica, FisicaBle, JqPad, JqTyped, JqHalves, JqWhole, Phidget, TakkTile, Vernier, VernierWide,
           StepManiaX]


def make(kind, seed):
    return kind(random.Random(seed))
