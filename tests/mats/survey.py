# SPDX-License-Identifier: Apache-2.0
"""Mats that other people built, as simulators: what each would send for a picture, and what it wants to
hear first. Written from what is known of their firmware (the comments of config/mats say where from),
not from plantard's decoder: nothing here reads a mat file.

A picture is a list of rows of counts as the person on the mat sees it: row 0 the front edge, column 0 the
left one.
"""
import struct


def flat(picture):
    return [v for row in picture for v in row]


def columns(picture):
    return [row[c] for c in range(len(picture[0])) for row in picture]


def u16le(values):
    return b"".join(struct.pack("<H", v) for v in values)


def u16be(values):
    return b"".join(struct.pack(">H", v) for v in values)


class Mat:
    """One mat. blind: which faults of a stream its protocol cannot show, and why."""

    def __init__(self, name, rows, cols, top, frame, *, poll=b"", start=b"", banner=b"", text=False,
                 blind=(), why="", reopens=False, first=0, spans=False, noisy=False):
        self.name, self.rows, self.cols, self.top = name, rows, cols, top
        self.make, self.poll, self.start, self.banner = frame, poll, start, banner
        self.text, self.blind, self.why, self.reopens = text, set(blind), why, reopens
        self.first = first      # frames at a stream's beginning that cannot be known to be whole
        self.spans = spans      # a packet may hold the end of one frame and the beginning of the next
        self.noisy = noisy      # noise may look like a frame that had begun, and is counted as one

    def frame(self, picture, n):
        """The bytes of frame n."""
        return self.make(picture, n)


# ---- binary ----

def tailed(picture, n):
    return bytes(flat(picture)) + b"\xff\xfe\xfe\xff"


def flexitac(picture, n):
    return b"\xaa\x55" + bytes(flat(picture))


def juqiao(picture, n):
    return bytes(flat(picture)) + b"\xaa\x55\x03\x99"


def juqiao_seat(picture, n):
    """Wire rows 16 to 32 are the front ones; 15 to 1, backwards, the others."""
    wire = picture[31:16:-1] + picture[0:17]
    return bytes(flat(wire)) + b"\xaa\x55\x03\x99"


def juqiao_bed(picture, n):
    return u16le(flat(picture)) + b"\xaa\0\x55\0\x03\0\x99\0"


def meet_matt(picture, n):
    return u16be(flat(picture))


def itas(picture, n):
    return bytes(columns(picture))


def geo2025(picture, n):
    return struct.pack("<HH", len(picture), len(picture[0])) + u16le(flat(picture))


def capstone(picture, n):
    cells = u16le(flat(picture))
    return b"\xaa\x55" + cells + struct.pack("<H", sum(cells) % 65536) + b"\r\n"


def fsr_array(picture, n):
    return u16le(flat(picture))


def m1616(picture, n):
    return b"\xaa\xab\xac" + u16be(flat(picture)) + bytes((n * 7 + k * 13) % 256 for k in range(4))


def insole(picture, n):
    body = b"\x40\x01" + u16be(flat(picture))
    return body + bytes([sum(body) % 256])


def fabric(picture, n):
    return (b"\xaa\x01" + struct.pack(">H", 512) + u16be(flat(picture)) + bytes([n % 256]) +
            b"\x00\x00\xcc")


def matsense(picture, n):
    return bytes(flat(picture)) + b"\xff"


def matsense_secure(picture, n):
    out = b""
    for v in flat(picture):
        out += {0x5C: b"\x5c\x00", 0x5B: b"\x5c\x01", 0x5D: b"\x5c\x02"}.get(v, bytes([v]))
    return b"\x5b" + out + b"\x5d"


def osc_blob(picture, n):
    message = b"/r\0\0" + b",b\0\0" + struct.pack(">I", 256) + bytes(flat(picture))
    message = message.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
    return b"\xc0" + message + b"\xc0"


def split(base):
    def digits(values):
        out = bytearray()
        for v in values:
            out += bytes([v // base + 11, v % base + 11])
        return bytes(out)
    return digits


def actionnet(base):
    digits = split(base)
    return lambda picture, n: bytes([n % 244 + 11]) + digits(flat(picture)) + b"\n"


def actionnet_rows(picture, n):
    digits = split(32)
    return b"".join(bytes([n % 244 + 11, r + 11]) + digits(row) + b"\n"
                    for r, row in enumerate(picture))


class Wiresens:
    """Packets of 120 cells that do not care where a frame ends."""

    def __init__(self):
        self.pending, self.start, self.number = [], 0, 0

    def __call__(self, picture, n):
        if n == 0:
            self.__init__()
        self.pending += flat(picture)
        out = b""
        while len(self.pending) >= 120:
            out += (b"\x01" + struct.pack("<H", self.start) + u16le(self.pending[:120]) +
                    struct.pack("<I", self.number) + b"wr")
            del self.pending[:120]
            self.start = (self.start + 120) % 1024
            self.number += 1
        return out


def glove(picture, n):
    return b"".join(bytes([0x3C + i, 1]) + struct.pack(">H", 4095 - v) + b"\0"
                    for i, v in enumerate(flat(picture)))


# ---- text ----

def lines(picture, separator, end="\r\n"):
    return "".join(separator.join(map(str, row)) + end for row in picture)


def vitac(picture, n):
    return (lines(picture, " ", "\n") + "\n").encode()


def bare_rows(separator):
    return lambda picture, n: lines(picture, separator).encode()


def started_rows(picture, n):
    return ("START\r\n" + lines([row[::-1] for row in picture], ",") + "END\r\n").encode()


def snowboard(picture, n):
    return (",".join(map(str, flat(picture))) + "\r\n").encode()


def cushion(picture, n):
    return ("\t".join(map(str, columns(picture))) + "\r\n").encode()


def indexed(picture, n):
    return "".join(f"{i} {v}\n" for i, v in enumerate(flat(picture))).encode()


def one_a_line(picture, n):
    return "".join(f"{v}\n" for v in flat(picture)).encode()


def wheelchair(picture, n):
    v = flat(picture)
    out = ""
    for i in range(8):
        out += f"{v[2 * i]},{v[2 * i + 1]}" + (";" if i % 2 == 0 else "," if i < 7 else "")
    return (out + "\r\n").encode()


def fsr_pad(picture, n):
    return ("v " + " ".join(map(str, flat(picture))) + "\n").encode()


HEAD_ALONE = "a head alone: bytes of the next frame fill a gap"
RAW = "an answer without marks: a byte too many shifts what follows it"
DIGITS = "no check: a digit lost or doubled makes another number"

MATS = [
    Mat("jq-64x64", 64, 64, 255, juqiao),
    Mat("jq-32x32", 32, 32, 255, juqiao_seat),
    Mat("jq-bed-32x32", 32, 32, 4095, juqiao_bed),
    Mat("pressure-mat-56x28", 56, 28, 255, tailed, start=b"start_reading\n"),
    Mat("flexible-mat-56x28", 56, 28, 255, tailed, start=b"start_reading\n"),
    # 250: no AA beside a 55. Where cells spell the head, a decoder that lost its place has to wait for
    # a picture that does not: tests/unit/drivers/test_matrix_faults.c.
    Mat("flexitac-16x32", 16, 32, 250, flexitac, blind=("lost", "half", "doubled"), why=HEAD_ALONE),
    Mat("vitac-16x16", 16, 16, 4095, vitac, text=True, blind=("lost", "doubled"), why=DIGITS, first=1),
    Mat("rows-23x22", 23, 22, 4095, bare_rows(" "), text=True, blind=("lost", "doubled"), why=DIGITS,
        reopens=True),
    Mat("meet-matt-56x19", 56, 19, 4095, meet_matt, poll=b"\x06", blind=("doubled",), why=RAW),
    Mat("pressuremat-9x9", 9, 9, 1023, started_rows, text=True, blind=("lost", "doubled"), why=DIGITS),
    Mat("itas-16x16", 16, 16, 255, itas, poll=b"A", banner=b"ITAS ready\r\n",
        blind=("doubled", "noise"), why=RAW),
    Mat("snowboard-10x16", 10, 16, 1023, snowboard, poll=b"A", text=True, blind=("lost", "doubled"),
        why=DIGITS),
    Mat("actionnet-32x32", 32, 32, 1023, actionnet(32), poll=b"a"),
    Mat("actionnet-esp-32x32", 32, 32, 4095, actionnet(64), poll=b"a"),
    Mat("actionnet-rows-32x32", 32, 32, 1023, actionnet_rows),
    Mat("wiresens-32x32", 32, 32, 4095, Wiresens(), spans=True),
    Mat("geo2025-16x16", 16, 16, 1023, geo2025, poll=b"\x01", blind=("doubled",), why=RAW),
    Mat("capstone-16x32", 16, 32, 4095, capstone),
    Mat("fsr-array-16x16", 16, 16, 1023, fsr_array, poll=b"A", blind=("doubled", "noise"), why=RAW),
    Mat("m1616-16x16", 16, 16, 4095, m1616, blind=("lost", "half", "doubled"), why=HEAD_ALONE),
    Mat("insole-svm-8x6", 8, 6, 4095, insole),
    Mat("cushion-9x9", 9, 9, 1023, cushion, poll=b"TRIGGER\r\n", text=True,
        blind=("lost", "doubled"), why=DIGITS),
    Mat("feet-position-15x15", 15, 15, 1023, bare_rows("\t"), text=True, blind=("lost", "doubled"),
        why=DIGITS, reopens=True),
    Mat("fabric-16x16", 16, 16, 4095, fabric),
    Mat("matsense-16x16", 16, 16, 254, matsense),
    Mat("matsense-secure-16x16", 16, 16, 255, matsense_secure, noisy=True),
    Mat("uppermonitor-44x32", 44, 32, 1023, indexed, text=True, blind=("lost", "doubled"), why=DIGITS,
        first=1),
    Mat("smartmat-64x128", 64, 128, 1023, one_a_line, poll=b"start", text=True,
        blind=("lost", "doubled"), why=DIGITS),
    Mat("tactile-glove-9x6", 9, 6, 4095, glove),
    Mat("etextile-16x16", 16, 16, 255, osc_blob, poll=b"\xc0/r\0\0,\0\0\0\xc0",
        blind=("doubled",), why="no check: an escape that is doubled makes another byte"),
    Mat("wheelchair-4x4", 4, 4, 60000, wheelchair, text=True, blind=("lost", "doubled"), why=DIGITS,
        first=1),
    Mat("fsr-pad-2x2", 2, 2, 1023, fsr_pad, poll=b"v\n", text=True, blind=("lost", "doubled"),
        why=DIGITS),
]


def picture_of(mat, n, random):
    """Two feet that shift their load, noise of one count, and the number of the frame in two corners, so
    that no two pictures are alike."""
    top, rows, cols = mat.top, mat.rows, mat.cols
    lean = (n % 60 - 30) / 200
    out = []
    for r in range(rows):
        row = []
        for c in range(cols):
            load = 0
            for side, share in ((0.3, 0.5 + lean), (0.72, 0.5 - lean)):
                down = ((r + 0.5) / rows - 0.5 - lean / 4) / 0.4
                across = ((c + 0.5) / cols - side) / 0.17
                load = max(load, share * (1 - down * down - across * across))
            row.append(min(top, int(top * 1.4 * load) + random.randrange(2)))
        out.append(row)
    out[0][0], out[-1][-1] = n % min(top, 200), (n * 37 + 11) % top
    return out
