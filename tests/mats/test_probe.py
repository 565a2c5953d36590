# SPDX-License-Identifier: Apache-2.0
"""plantar probe against every simulator of the survey that speaks unasked: the proposed file has to load, and
the real decoder with it has to bring every cell of the pictures back. Prints which it got right, and how. A
mat file says more than a stream does (which edge is the front), so cells are compared in the order of
the line."""
import os
import pty
import random
import re
import struct
import subprocess
import threading
import time
import tty

import pytest

import survey
from test_survey import BUILD, SOURCE

PLANTAR = os.path.join(os.environ.get("PLANTAR_BIN", os.path.join(BUILD, "bin")), "plantar")
FRAMES = 80
STREAMS = [m for m in survey.MATS if not m.poll]
# What plantar probe does not know how to look for.
HARD = {
    "matsense-secure-16x16": "an escape table of its own: no two frames have the same length",
    "jq-32x32": "rows in an order of its own: right but for that",
    "tactile-glove-9x6": "parts of one cell, marked by a single zero",
}
RESULTS = []


def stream_of(mat, cut=True):
    """A sample as a person takes it: joined in the middle of a frame."""
    dice = random.Random(mat.name)
    pictures = [survey.picture_of(mat, n, dice) for n in range(FRAMES)]
    data = b"".join(mat.frame(p, n) for n, p in enumerate(pictures))
    return pictures, data[len(mat.frame(pictures[0], 0)) // 3 if cut else 0:]


def capture_of(path, data):
    """A .plcap of these bytes, 64 a millisecond."""
    with open(path, "wb") as f:
        f.write(b"plcap 1\n\n")
        for k, at in enumerate(range(0, len(data), 4096)):
            part = data[at:at + 4096]
            f.write(struct.pack("<QI", k * 64000000, len(part)) + part)


def frames_by(conf, data):
    """What mat_feed decodes with a mat file, behind a silence; the cells as tuples."""
    text = open(conf).read()
    rows, cols = (int(re.search(rf"{key} = (\d+)", text).group(1)) for key in ("rows", "cols"))
    dtype = {"u8": "B", "u16": "H", "u32": "I", "i16": "h"}[re.search(r'cell = "(\w+)"', text).group(1)]
    size = struct.calcsize(dtype) * rows * cols
    child = subprocess.Popen([os.path.join(BUILD, "tests", "mat_feed"), conf],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    records = b"d" + struct.pack("<qI", 1, 1) + b"\n"
    for at in range(0, len(data), 60000):
        part = data[at:at + 60000]
        records += b"d" + struct.pack("<qI", 10**10, len(part)) + part
    out = child.communicate(records, timeout=60)[0]
    frames, at = [], 0
    while at < len(out):
        kind = out[at:at + 1]
        if kind == b"f":
            frames.append(struct.unpack(f"<{rows * cols}{dtype}", out[at + 26:at + 26 + size]))
            at += 26 + size
        elif kind in (b"x", b"m"):
            at += 5 + struct.unpack("<I", out[at + 1:at + 5])[0]
        else:
            at += 1 + 8 + 104
    return rows, cols, frames


def on_the_line(mat, picture):
    """A picture's cells in the order in which the mat sends them, as it sends them."""
    if mat.name == "pressuremat-9x9":
        return tuple(survey.flat([row[::-1] for row in picture]))
    if mat.name == "tactile-glove-9x6":
        return tuple(4095 - v for v in survey.flat(picture))
    return tuple(survey.flat(picture))


@pytest.mark.parametrize("mat", STREAMS, ids=lambda m: m.name)
def test_probe(mat, tmp_path):
    pictures, data = stream_of(mat)
    capture_of(tmp_path / "s.plcap", data)
    r = subprocess.run([PLANTAR, "probe", tmp_path / "s.plcap", "-o", tmp_path / "guess.conf"],
                       capture_output=True, text=True, timeout=120)
    known = re.findall(r"'([\w-]+)' sends", r.stdout)
    if r.returncode:
        RESULTS.append((mat.name, "-", 0, known, r.stderr.strip()[-60:]))
        return
    if not mat.reopens:     # rows without a mark are no evidence to a stranger
        assert mat.name in known, "the mat that sent it is not among those named"
    if mat.reopens:         # the place is only known from the beginning
        data = stream_of(mat, cut=False)[1]
    rows, cols, frames = frames_by(str(tmp_path / "guess.conf"), data)
    sent = {on_the_line(mat, p) for p in pictures}
    exact = sum(f in sent for f in frames)
    sides = (rows, cols) == (mat.rows, mat.cols)
    whole = exact >= FRAMES * 0.9 and exact == len(frames)
    RESULTS.append((mat.name, "right" if whole and sides else "cells, other sides" if whole else "wrong",
                    exact, known, f"{rows} x {cols}"))


def test_table(capsys):
    with capsys.disabled():
        print(f"\n{'stream':24} {'guess':20} {'exact':>6} {'of':>4}  sides       known as")
        for name, verdict, exact, known, what in RESULTS:
            print(f"{name:24} {verdict:20} {exact:6} {FRAMES:4}  {what:11} {', '.join(known)}")
        for name, why in HARD.items():
            print(f"{name}: {why}")
    assert {r[0] for r in RESULTS if r[1] != "right"} <= set(HARD)
    assert len(RESULTS) == len(STREAMS)


def probe(*args, code=0):
    r = subprocess.run([PLANTAR, "probe", *map(str, args)], capture_output=True, text=True, timeout=120)
    assert r.returncode == code, (r.returncode, r.stdout, r.stderr)
    return r


def test_port(tmp_path):
    """A port at the end of which somebody speaks: the first speed is right for a pseudo-terminal."""
    mat = next(m for m in STREAMS if m.name == "capstone-16x32")
    data = stream_of(mat)[1]
    master, slave = pty.openpty()
    tty.setraw(master)
    done = threading.Event()

    def speak():
        while not done.is_set():
            try:
                os.write(master, data[:len(data) // 1026 * 1026][:8000])
            except OSError:
                return
            time.sleep(0.05)

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    try:
        r = probe(f"serial:{os.ttyname(slave)}", "--seconds", 1, "-o", tmp_path / "p.conf")
    finally:
        done.set()
        os.close(slave)
        os.close(master)
    assert "115200 baud" in r.stdout and "binary" in r.stdout
    assert "baud = 115200" in (tmp_path / "p.conf").read_text()


def test_nothing(tmp_path):
    master, slave = pty.openpty()
    r = probe(f"serial:{os.ttyname(slave)}", "--seconds", 0.2, "--baud", 9600, code=1)
    assert "nothing came" in r.stderr and not r.stdout
    os.close(slave)
    os.close(master)
    capture_of(tmp_path / "noise.plcap", random.Random(1).randbytes(50000))
    assert "nothing in them repeats" in probe(tmp_path / "noise.plcap", code=1).stderr
    capture_of(tmp_path / "words.plcap", b"the quick brown fox 12 jumps over 34\nlazy dogs\n" * 50)
    assert "repeats" in probe(tmp_path / "words.plcap", code=1).stderr
    probe(tmp_path / "absent", "--seconds", 0.2, "--baud", 9600, code=2)
