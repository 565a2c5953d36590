# SPDX-License-Identifier: Apache-2.0
"""Pads side by side that are one mat: real ptys, the real daemon, and a person who walks over the seams. What is
joined is compared with the same person on one mat of the same cells."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import h5py
import numpy as np
import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from plantar_harness import (BIN, SLOW, Plantard, PtyMat, environment, pmp_frame,  # noqa: E402
                             small_mat, wait_until)

HZ = 25  # slow enough for a computer that does other things as well
PARTIAL, HELD = 1 << 8, 1 << 9
# Two by two, two of them mounted otherwise than they lie: name, row, col, rotate, flip_x, flip_y.
PADS = [("front-left", 0, 0, 0, False, False), ("front-right", 0, 32, 90, False, False),
        ("back-left", 32, 0, 180, True, False), ("back-right", 32, 32, 0, False, True)]


@pytest.fixture
def folder():
    path = tempfile.mkdtemp(prefix="plantard-test-")
    yield path
    shutil.rmtree(path, ignore_errors=True)


def as_the_pad_sends(whole, pad):
    """The pad's own cells, such that mirrored, turned clockwise and moved they are its part of the whole."""
    _, row, col, rotate, flip_x, flip_y = pad
    cells = np.rot90(whole[row:row + 32, col:col + 32], rotate // 90)  # counter-clockwise: back again
    cells = cells[::-1] if flip_y else cells
    return cells[:, ::-1] if flip_x else cells


def hurry():
    """A device does not wait while the computer compiles. Of this thread alone; without permission it stays as it is."""
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), -15)
    except PermissionError:
        pass


class Pad(PtyMat):
    """Sends pictures of frame(i) at its own rate and phase, with a clock in microseconds, while it is plugged."""

    def __init__(self, link, frame, hz=HZ, phase_s=0.0):
        super().__init__(link)
        self.frame, self.hz, self.phase_s = frame, hz, phase_s
        self.lock, self.ended, self.plugged = threading.Lock(), threading.Event(), False
        self.sent = 0
        self.thread = threading.Thread(target=self.play, daemon=True)

    def play(self):
        hurry()
        begun = time.monotonic() + self.phase_s
        i = 0
        while not self.ended.wait(max(0, begun + i / self.hz - time.monotonic())):
            with self.lock:
                if self.plugged:
                    cells = np.ascontiguousarray(self.frame(i), "<u2").tobytes()
                    self.write(pmp_frame(i, cells, int((self.phase_s + i / self.hz) * 1e6)))
                    self.sent += 1
            i += 1

    def plug(self):
        with self.lock:
            super().plug()
            self.plugged = True
        return self

    def unplug(self):
        with self.lock:
            self.plugged = False
            super().unplug()

    def close(self):
        self.ended.set()
        if self.thread.is_alive():
            self.thread.join()
        super().close()


class Walkway:
    """A daemon with pads that send what make(k)(i) says; two side by side unless said otherwise."""

    def __init__(self, folder, make, pads=None, rows=4, cols=4, hz=(HZ, HZ), phases=(0, 0.003), more=()):
        mat = small_mat(folder, rows, cols, HZ, "pad")
        self.pads = [Pad(os.path.join(folder, f"pad{k}"), make(k), hz[k], phases[k])
                     for k in range(len(hz))]
        places = pads or [{"name": f"p{k}", "col": k * cols} for k in range(len(hz))]
        sources = [{**place, "source": pad.uri} for place, pad in zip(places, self.pads)]
        self.d = Plantard([{"name": "walkway", "mat": mat, "sources": sources}, *more])

    def __enter__(self):
        for pad in self.pads:
            pad.plug()
        self.d.__enter__()
        for pad in self.pads:
            pad.thread.start()
        return self

    def __exit__(self, *what):
        for pad in self.pads:
            pad.ended.set()
        try:
            self.d.__exit__(*what)
        finally:
            for pad in self.pads:
                pad.close()

    def source(self, k):
        return self.d.mat("walkway")["sources"][k]


def numbered(k):
    """Cells that say which frame it is: never 0."""
    return lambda i: np.full((4, 4), 1 + i)


def counts(status):
    """What to look at when something is lost."""
    keys = ("name", "state", "clock", "rate_measured_hz", "frames", "joined", "held", "skipped", "missing", "spoilt",
            "lost_total")
    return "\n".join(map(str, [status["lost_total"]] + [{k: s[k] for k in keys} for s in status["sources"]]))


def recorded(path):
    with h5py.File(path) as f:
        return {"raw": f["/frames/raw"][:], **{k: f["/frames/" + k][:] for k in ("seq", "flags", "t_est_ns")},
                "gaps": f["/gaps"][:], "epoch": f["/frames/epoch"][:] if "/frames/epoch" in f else None,
                "events": [e["kind"].decode() for e in f["/events"][:]]}


def verified(d):
    done = subprocess.run([os.path.join(BIN, "plantar"), "verify", d.state], env=d.environment(),
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def analyzed(path):
    done = subprocess.run([os.path.join(BIN, "plantar"), "analyze", path, "--json"], env=environment(),
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def a_walk(folder):
    """Frames of somebody who walks over 64 x 64 cells."""
    mat = small_mat(folder, 64, 64, HZ, "walk", 20.0)
    with Plantard([{"name": "walk", "mat": mat, "source": f"sim:walking?seed=3&hz={HZ}"}]) as d:
        d.wait_state("running")
        path = d.record(5 * SLOW)
        return recorded(path)["raw"]


class Person(threading.Thread):
    """An empty mat, and each time `begin` is set a walk, sent to one mat and to the pads at the same moments."""

    def __init__(self, one, pads, walk):
        super().__init__(daemon=True)
        self.one, self.pads, self.walk = one, pads, walk
        self.begin, self.over, self.ended = threading.Event(), threading.Event(), threading.Event()

    def run(self):
        hurry()
        empty, seq, i, begun = np.zeros((64, 64), "<u2"), 0, 0, time.monotonic()
        while not self.ended.wait(max(0, begun + seq / HZ - time.monotonic())):
            walks = self.begin.is_set()
            whole = self.walk[i] if walks and i < len(self.walk) else empty
            i = i + 1 if walks else 0
            self.one.write(pmp_frame(seq, whole.tobytes(), seq * 1000000 // HZ))
            for pad, pty in zip(PADS, self.pads):
                cells = np.ascontiguousarray(as_the_pad_sends(whole, pad)).tobytes()
                pty.write(pmp_frame(seq, cells, seq * 1000000 // HZ))
            seq += 1
            if i == len(self.walk) + HZ:
                self.begin.clear()
                self.over.set()

    def recorded(self, d):
        """The paths of a recording of one walk."""
        trials = {t["mat"]: t["path"] for t in d.ok("start", subject="P-1")["trials"]}
        self.over.clear()
        self.begin.set()
        assert self.over.wait(60 * SLOW)
        d.ok("stop")
        for path in trials.values():
            d.ok("wait", path=path)
        return trials


def settled(d):
    """Returns once no pad has slipped for two seconds: then the delays of all lines are known."""
    def slipped():
        return sum(s["held"] + s["skipped"] + s["missing"] for s in d.mat("walkway")["sources"])
    before, since = slipped(), time.monotonic()

    def quiet():
        nonlocal before, since
        if slipped() != before:
            before, since = slipped(), time.monotonic()
        return time.monotonic() - since > 2
    wait_until(quiet, 60, "pads to agree")


def test_person_over_the_seam(folder):
    walk = a_walk(folder)
    loaded = [f for f in walk if f.any()]
    assert len(loaded) > 25
    pad_mat = small_mat(folder, 32, 32, HZ, "pad", 20.0)
    big = small_mat(folder, 64, 64, HZ, "big", 20.0)
    one = PtyMat(os.path.join(folder, "one")).plug()
    ptys = [PtyMat(os.path.join(folder, pad[0])).plug() for pad in PADS]
    sources = [{"name": n, "row": r, "col": c, "rotate": t, "flip_x": x, "flip_y": y, "source": p.uri}
               for (n, r, c, t, x, y), p in zip(PADS, ptys)]
    person = Person(one, ptys, walk)
    with Plantard([{"name": "one", "mat": big, "source": one.uri},
                   {"name": "walkway", "mat": pad_mat, "sources": sources}]) as d:
        person.start()
        d.wait_state("running", "one")
        d.wait_state("running", "walkway")
        settled(d)
        for _ in range(8):  # a computer that stops for a quarter of a second makes pads stall, and says so
            trials = person.recorded(d)
            alone, joint = recorded(trials["one"]), recorded(trials["walkway"])
            if not (joint["flags"] & (PARTIAL | HELD)).any() and len(joint["gaps"]) == 0:
                break
        status = d.mat("walkway")
        person.ended.set()
        person.join()
        assert status["rows"] == status["cols"] == 64 and len(status["sources"]) == 4
        assert [s["clock"] for s in status["sources"]].count(True) == 1
        assert all(s["frames"] > len(walk) for s in status["sources"]), counts(status)
        verified(d)
        assert not (joint["flags"] & (PARTIAL | HELD)).any() and len(joint["gaps"]) == 0, counts(status)
        # The same cells, frame for frame, from the first step to the last.
        for r in alone, joint:
            walked = [f for f in r["raw"] if f.any()]
            assert len(walked) == len(loaded)
            assert all((a == b).all() for a, b in zip(loaded, walked))
        # And so the same steps.
        a, b = analyzed(trials["one"]), analyzed(trials["walkway"])
        assert len(a["steps"]) >= 2 and len(a["steps"]) == len(b["steps"])
        for x, y in zip(a["steps"], b["steps"]):
            assert x["side"] == y["side"]
            assert abs(x["force_peak_n"] - y["force_peak_n"]) < 1e-6 * x["force_peak_n"]
            assert abs(x["contact_time_s"] - y["contact_time_s"]) < 2 / HZ
        with h5py.File(trials["walkway"]) as f:
            text = f["/mat/config_text"][()].decode()
        for pad in PADS:
            assert f'pad "{pad[0]}"' in text
    for pty in ptys + [one]:
        pty.close()


def slips(w):
    """How often frames were held or skipped since the pads agreed."""
    return sum(s["held"] + s["skipped"] for s in w.d.mat("walkway")["sources"])


def test_drift_between_pads(folder):
    """One pad samples 2 % slower, one 2 % faster: a frame is held or skipped every two seconds, none is lost."""
    with Walkway(folder, numbered, hz=(HZ, HZ / 1.02, HZ * 1.02), phases=(0, 0.002, 0.007)) as w:
        w.d.wait_state("running", "walkway")
        before = slips(w)
        path = w.d.record(lambda: slips(w) >= before + 10 and w.d.mat("walkway")["recording"]["frames"] > 10 * HZ)
        r = recorded(path)
        for begin in (0, 4, 8):  # one frame of a pad, whole
            assert (r["raw"][:, :, begin:begin + 4] == r["raw"][:, :1, begin:begin + 1]).all()
        pads = [r["raw"][:, 0, k].astype(int) for k in (0, 4, 8)]
        # Where a busy computer did not make a pad stall (the joiner's unit test does without computers):
        whole = (np.diff(r["seq"]) == 1) & (r["flags"][1:] & PARTIAL == 0) & (r["flags"][:-1] & PARTIAL == 0)
        assert whole.sum() > 100
        steps = [np.diff(pad)[whole] for pad in pads]
        assert all(np.isin(step, (0, 1, 2)).mean() > 0.97 for step in steps)
        again = (steps[0] == 0) | (steps[1] == 0) | (steps[2] == 0)
        assert (again == ((r["flags"][1:] & HELD) != 0)[whole]).all()
        # Numbers count from 1: how far apart were frames sampled that are one?
        at = [(n - 1) / hz + phase for n, hz, phase in zip(pads, (HZ, HZ / 1.02, HZ * 1.02), (0, 0.002, 0.007))]
        apart = np.abs(at[1] - at[0])[1:][whole]
        assert np.percentile(apart, 95) < 1.0 / HZ
        verified(w.d)


def test_unplugged_and_back(folder):
    with Walkway(folder, numbered) as w:
        sub = w.d.subscribe("event/", "frame/walkway")
        w.d.wait_state("running", "walkway")
        path = w.d.ok("start", subject="P-1")["trials"][0]["path"]
        time.sleep(0.5)
        w.pads[1].unplug()
        sub.until(lambda t, h: h.get("kind") == "partial" and "p1 is gone" in h["text"])
        status = w.d.wait_state("partial", "walkway")
        assert status["state_text"] == "p1 is gone" and status["sources"][1]["state"] == "gone"
        assert w.d.refused("tare")["code"] == "state"
        _, header, blob = sub.until(lambda t, h: t == "frame/walkway" and h["flags"] & PARTIAL)
        cells = np.frombuffer(blob, "<u2").reshape(header["shape"])
        assert header["flags"] & 0xFF0000 == 1 << 17
        assert (cells[:, :4] > 0).all() and not cells[:, 4:].any()
        time.sleep(0.3)
        w.pads[1].plug()
        sub.event("whole", timeout=20)
        w.d.wait_state("running", "walkway")
        # Now the one that is the clock.
        w.pads[0].unplug()
        w.d.wait_state("partial", "walkway")
        wait_until(lambda: w.source(1)["clock"], 10, "the other pad to be the clock")
        w.pads[0].plug()
        w.d.wait_state("running", "walkway")
        time.sleep(0.5)
        w.d.ok("stop")
        w.d.ok("wait", path=path)
        r = recorded(path)
        left, right = r["raw"][:, 0, 0].astype(int), r["raw"][:, 0, 4].astype(int)
        gone = [(r["flags"] & 1 << (16 + k)) != 0 for k in (0, 1)]
        assert ((r["flags"] & PARTIAL) != 0).tolist() == (gone[0] | gone[1]).tolist()
        assert (gone[0] == (left == 0)).all() and (gone[1] == (right == 0)).all()
        assert gone[0].any() and gone[1].any() and not (gone[0] & gone[1]).any()
        both = ~gone[0] & ~gone[1]
        # The phase differs by 3 ms: the same number, or its neighbour where times are not known well yet.
        assert (left[both] == right[both]).mean() > 0.8
        assert (np.abs(left[both] - right[both]) <= 1).mean() > 0.95
        assert {"gone", "partial", "whole"} <= set(r["events"])
        assert analyzed(path)["recording"]["partial_frames"] == ((r["flags"] & PARTIAL) != 0).sum()
        assert w.d.mat("walkway")["epoch"] == 0  # one connection of the whole
        verified(w.d)
        # All of them: only that is another epoch.
        for pad in w.pads:
            pad.unplug()
        w.d.wait_state("gone", "walkway")
        for pad in w.pads:
            pad.plug()
        assert w.d.wait_state("running", "walkway")["epoch"] >= 1


def test_half_the_rate_is_refused(folder):
    with Walkway(folder, numbered, hz=(HZ, HZ / 2)) as w:
        sub = w.d.subscribe("event/")
        text = sub.event("refused-source", timeout=40)["text"]
        assert "frames a second" in text and "set them to one rate" in text, text
        status = w.d.wait_state("partial", "walkway")
        assert "refused" in status["state_text"]
        assert [s["state"] for s in status["sources"]].count("refused") == 1
        frames = w.d.mat("walkway")["frames"]
        wait_until(lambda: w.d.mat("walkway")["frames"] > frames + HZ, 20, "frames of the rest")


def test_another_device_is_not_joined(folder):
    """Cables swapped: cells would be in the wrong place. The pad says who it is in a PMP info packet."""
    import struct
    from plantar_harness import cobs, crc16

    def info(text):
        packet = struct.pack("<BB", 1, 2) + text.encode()
        return cobs(packet + struct.pack("<H", crc16(packet)))

    places = [{"name": "left"}, {"name": "right", "col": 4, "device": "pad-R"}]
    with Walkway(folder, numbered, pads=places) as w:
        m = w.d.wait_state("partial", "walkway", timeout=20)
        assert m["sources"][1]["state"] == "refused" and "it says nothing" in m["sources"][1]["state_text"]
        with w.pads[1].lock:
            w.pads[1].write(info("serial=pad-L\n"))
        wait_until(lambda: "pad-L" in (w.source(1)["device_text"] or ""), 10, "what it says")
        assert w.d.mat("walkway")["state"] == "partial"
        with w.pads[1].lock:
            w.pads[1].write(info("serial=pad-R\n"))
        w.d.wait_state("running", "walkway")
