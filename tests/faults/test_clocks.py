# SPDX-License-Identifier: Apache-2.0
"""Clocks that misbehave, through the whole daemon: the wall clock is set while it records, the device's counter
and clock wrap, begin anew and run 500 ppm wrong. The truth is when this test wrote a frame."""
import os
import shutil
import sys
import tempfile
import time

import h5py
import numpy
import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from plantar_harness import (BUILD, SANITIZER, SLOW, Plantard, PtyMat, cells_of,  # noqa: E402
                             pmp_frame, small_mat, wait_until)

HZ = 100
PRELOAD = os.path.join(BUILD, "tests", "libwallclock_preload.so")


@pytest.fixture
def folder():
    path = tempfile.mkdtemp(prefix="plantard-clocks-")
    yield path
    shutil.rmtree(path, ignore_errors=True)


class DeviceClock(PtyMat):
    """Sends frames at HZ with stamps of a clock of its own that is off by ppm and never stops; remembers, by
    what the first cell says, when each was due by ours."""

    def __init__(self, link, ppm=0, t_us=0, seq=0):
        super().__init__(link)
        self.ppm, self.sent, self.n, self.latest_s = ppm, {}, 0, 0.0
        self.begin(t_us, seq)

    def begin(self, t_us, seq):
        """Switched on: clock and counter are what they are then."""
        self.t0_us, self.t0_ns, self.seq = t_us, time.monotonic_ns(), seq

    def run(self, seconds):
        start = time.monotonic_ns()
        for i in range(int(seconds * HZ)):
            due = start + i * 1_000_000_000 // HZ
            while (left := due - time.monotonic_ns()) > 0:
                time.sleep(left / 1e9)
            self.latest_s = max(self.latest_s, -left / 1e9)
            stamp = self.t0_us + (due - self.t0_ns) / 1000 * (1 + self.ppm * 1e-6)
            cells = cells_of(self.n)
            self.sent[int.from_bytes(cells[:2], "little")] = due
            self.write(pmp_frame(self.seq, cells, t_us=int(stamp)))
            self.seq += 1
            self.n += 1


def entry(folder, mat):
    return {"source": mat.uri, "mat": small_mat(folder, rate_hz=HZ), "name": "m"}


def judge(path, mat):
    """Estimated times of a recording against the truth: (error of each frame in ms, its time in s, seq, epoch)."""
    with h5py.File(path) as f:
        est, mono = (f["frames"][k][:] for k in ("t_est_ns", "t_mono_ns"))
        seq, epochs, first = f["frames/seq"][:], f["frames/epoch"][:], f["frames/raw"][:, 0, 0]
    assert (numpy.diff(est) >= 0).all() and (est <= mono).all()
    due = numpy.array([mat.sent[int(cell)] for cell in first])
    return (est - due) / 1e6, (mono - mono[0]) / 1e9, seq, epochs


@pytest.mark.parametrize("ppm", [500, -500])
def test_device_clock_that_drifts_and_wraps(folder, ppm):
    # both 16 bit counter and 32 bit microseconds wrap about two seconds on
    mat = DeviceClock(os.path.join(folder, "mat"), ppm, t_us=2**32 - 2_000_000, seq=2**16 - 230)
    mat.plug()
    with Plantard([entry(folder, mat)]) as d:
        mat.run(0.5)
        d.wait_state("running")
        path = d.ok("start", subject="P-1")["trials"][0]["path"]
        mat.run(8)
        d.ok("stop")
        d.ok("wait", path=path, timeout=60)
        m = d.mat()
        assert sum(m["lost_total"].values()) == 0 and m["epoch"] == 0
        error, t, seq, epochs = judge(path, mat)
        assert (numpy.diff(seq.astype("i8")) == 1).all() and (epochs == 0).all()
        if SLOW == 1:  # a test that writes late is no truth
            assert numpy.median(numpy.abs(error)) < 1000 / HZ / 4
            assert (numpy.abs(error[t > 2]) < 1000 / HZ).mean() > 0.98
    mat.close()


def test_device_is_reset(folder):
    mat = DeviceClock(os.path.join(folder, "mat"), 100, t_us=10_000_000, seq=5000)
    mat.plug()
    with Plantard([entry(folder, mat)]) as d:
        mat.run(0.5)
        d.wait_state("running")
        path = d.ok("start", subject="P-1")["trials"][0]["path"]
        mat.run(3)
        mat.begin(0, 0)  # its watchdog, a loose plug at its power supply
        mat.run(4)
        d.ok("stop")
        d.ok("wait", path=path, timeout=60)
        error, t, _, _ = judge(path, mat)
        assert len(error) >= 690
        if SLOW == 1:
            after = (t > 5)
            assert (numpy.abs(error[after]) < 1000 / HZ).mean() > 0.98
    mat.close()


def test_wall_clock_is_set(folder):
    if SANITIZER:
        pytest.skip("a preload comes before the sanitizer's runtime")
    offset = os.path.join(folder, "offset")

    def set_clock(seconds):
        with open(offset + ".new", "w") as f:
            f.write(str(seconds))
        os.rename(offset + ".new", offset)

    set_clock(0)
    mat = DeviceClock(os.path.join(folder, "mat"), 20)
    mat.plug()
    with Plantard([entry(folder, mat)],
                  env={"LD_PRELOAD": PRELOAD, "WALLCLOCK_OFFSET": offset}) as d:
        mat.run(0.5)
        d.wait_state("running")
        began = time.time()
        path = d.ok("start", subject="P-1", seconds=5)["trials"][0]["path"]
        jumps = [0, 3600, -86400 * 400, 86400 * 365 * 10, 0]
        for seconds in jumps:
            set_clock(seconds)
            mat.run(1.3)
        # "seconds" is by the monotonic clock: it ended by itself, once, and neither early nor never
        wait_until(lambda: d.mat()["recording"] is None, 10, "the end after 5 s")
        d.ok("wait", path=path, timeout=60)
        assert sum(d.mat()["lost_total"].values()) == 0
        assert "recording-failed" not in d.log()
        assert "stalled" not in d.log() or mat.latest_s > 0.2  # a mat that pauses does stall
        error, t, seq, _ = judge(path, mat)
        assert (numpy.diff(seq.astype("i8")) == 1).all() and 4.5 < t[-1] < 5.6 * SLOW
        if SLOW == 1:
            assert numpy.median(numpy.abs(error)) < 1000 / HZ / 4
        with h5py.File(path) as f:
            pairs = f["clock"][:]
            shifts = {round((int(p["utc_ns"]) - int(p["mono_ns"])) / 1e9 -
                            (int(pairs[0]["utc_ns"]) - int(pairs[0]["mono_ns"])) / 1e9) for p in pairs}
            assert abs(f.attrs["started_utc_ns"] / 1e9 - began) < 30 * SLOW
        assert len(shifts & set(jumps)) >= 3, shifts  # what the wall clock said is kept as it was said
        assert os.path.dirname(path).startswith(os.path.join(d.state, time.strftime("%Y")))
    mat.close()


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
