# SPDX-License-Identifier: Apache-2.0
"""Ports that misbehave: unplugged and plugged in again, silent, noisy, forbidden, busy, gone. Nothing
may crash, hang, or be lost without being counted, and what is said must tell what to do."""
import fcntl
import os
import random
import shutil
import sys
import tempfile
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from plantar_harness import (SLOW, Plantard, PtyMat, cells_of, pmp_frame, small_mat,  # noqa: E402
                             wait_until)


@pytest.fixture
def folder():
    path = tempfile.mkdtemp(prefix="plantard-test-")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def mat(folder):
    m = PtyMat(os.path.join(folder, "pty")).plug()
    yield m
    m.close()


def entry(folder, mat):
    return {"source": mat.uri, "mat": small_mat(folder), "name": "m"}


def connected(d, epoch):
    return wait_until(lambda: d.mat()["epoch"] == epoch and
                      d.mat()["state"] in ("opening", "stalled", "running") and
                      "connected" in d.log(), 15, f"epoch {epoch}")


def test_unplug_and_replug_is_a_new_epoch_in_the_same_recording(folder, mat):
    import h5py
    with Plantard([entry(folder, mat)]) as d:
        sub = d.subscribe("frame/", "event/")
        connected(d, 0)
        path = d.ok("start")["trials"][0]["path"]
        mat.frames(50, hz=200)
        d.wait_frames(50)
        mat.unplug()
        assert "waiting for it to come back" in sub.event("gone")["text"]
        gone = d.mat()
        assert gone["state"] == "gone" and "unplugged" in gone["state_text"]
        mat.plug()
        mat.seq = 0  # devices start anew
        assert sub.event("connected", 20)["epoch"] == 1
        mat.frames(30, hz=200)
        header = sub.until(lambda t, h: t == "frame/m" and h["epoch"] == 1)[1]
        assert header["seq"] == 0 and header["flags"] & 8
        wait_until(lambda: d.mat()["recording"]["frames"] == 80, 10, "80 frames")
        assert d.mat()["lost_total"] == {"device": 0, "corrupt": 0, "overrun": 0, "pool": 0}
        stopped = d.ok("stop")["trials"][0]
        assert stopped["frames"] == 80
        d.ok("wait", path=path, timeout=60)
        with h5py.File(path) as f:
            assert list(f["frames/seq"][:]) == [*range(50), *range(30)]
            for i, cells in enumerate(f["frames/raw"][:]):
                assert cells.astype("<u2").tobytes() == cells_of(i if i < 50 else i - 50)
            gaps = f["gaps"][:]
            assert len(gaps) == 1 and gaps[0]["cause"].decode().strip("\0 ") == "unplugged"
            assert gaps[0]["first_seq"] == 50 and gaps[0]["count"] == 0
            kinds = [k.decode().strip("\0 ") for k in f["events"]["kind"]]
            assert "gone" in kinds and "connected" in kinds


def test_port_that_is_not_there_yet(folder, mat):
    mat.unplug()
    with Plantard([entry(folder, mat)]) as d:
        gone = d.wait_state("gone")
        assert "plug" in gone["state_text"] or "no such port" in gone["state_text"]
        mat.plug()
        connected(d, 0)
        mat.frames(5)
        d.wait_state("running")
        d.wait_frames(5)
        assert d.mat()["frames"] == 5


def test_vanishes_while_nothing_is_sent(folder, mat):
    with Plantard([entry(folder, mat)]) as d:
        connected(d, 0)
        for epoch in range(1, 4):
            mat.unplug()
            d.wait_state("gone")
            mat.plug()
            connected(d, epoch)
        mat.seq = 0
        mat.frames(3)
        wait_until(lambda: d.mat()["frames"] == 3, 10, "3 frames")


def test_stall_then_resume(folder, mat):
    with Plantard([entry(folder, mat)]) as d:
        sub = d.subscribe("event/")
        connected(d, 0)
        mat.frames(10, hz=100)
        event = sub.event("stalled")
        assert event["level"] == "warning" and "no frame for" in event["text"]
        assert d.mat()["state"] == "stalled" and d.mat()["rate_measured_hz"] == 0
        mat.frames(5, hz=100)
        sub.event("resumed")
        assert d.mat()["epoch"] == 0


def test_long_stall_reopens(folder, mat):
    with Plantard([entry(folder, mat)]) as d:
        sub = d.subscribe("event/")
        connected(d, 0)
        mat.frames(10, hz=100)
        sub.event("stalled")
        before = time.monotonic()
        assert sub.event("connected", 20)["epoch"] == 1
        assert time.monotonic() - before < 4 * SLOW
        mat.frames(5, hz=100)
        d.wait_state("running")
        assert d.mat()["epoch"] == 1


def test_silent_mat_is_not_reopened_all_the_time(folder, mat):
    """Boards that reset when opened would never boot."""
    with Plantard([entry(folder, mat)]) as d:
        d.wait_state("stalled", timeout=20)
        assert "switched on" in d.mat()["state_text"]
        time.sleep(6)
        assert d.mat()["epoch"] <= 2
        assert d.log().count("connected") <= 3


def test_wrong_checksums_are_counted_and_lost(folder, mat):
    with Plantard([entry(folder, mat)]) as d:
        sub = d.subscribe("frame/")
        connected(d, 0)
        for seq in range(100):
            mat.write(pmp_frame(seq, cells_of(seq), wrong=0x0101 if seq % 10 == 5 else 0))
        got = [sub.next() for _ in range(90)]
        assert [h["seq"] for _, h, _ in got] == [s for s in range(100) if s % 10 != 5]
        assert all(blob == cells_of(h["seq"]) for _, h, blob in got)
        m = wait_until(lambda: d.mat()["frames"] == 90 and d.mat(), 10, "90 frames")
        assert m["decode"]["bad_checksum"] == 10
        assert m["lost"] == {"device": 0, "corrupt": 10, "overrun": 0, "pool": 0}


@pytest.mark.parametrize("seconds", [60 if os.environ.get("PLANTAR_LONG") else 5])
def test_noise(folder, mat, seconds):
    """Random bytes, with frames between them: only frames come out, and right ones."""
    rng = random.Random(1)
    with Plantard([entry(folder, mat)]) as d:
        sub = d.subscribe("frame/")
        connected(d, 0)
        end = time.monotonic() + seconds
        sent = 0
        while time.monotonic() < end:
            mat.write(rng.randbytes(rng.randrange(1, 3000)))
            if rng.random() < 0.1:
                mat.write(b"\0" + pmp_frame(sent, cells_of(sent)))
                sent += 1
        mat.write(b"\0")
        # Noise in front of a frame never has a zero less than the frame's own beginning, so each
        # of them is found.
        got = [(h["device_seq"], blob) for _, h, blob in sub.drain(1)]
        assert [s for s, _ in got] == [*range(sent)]
        assert all(blob == cells_of(s) for s, blob in got)
        m = d.mat()
        assert m["decode"]["skipped_bytes"] > 0 and m["decode"]["resyncs"] > 0
        assert m["reader"]["dropped_bytes"] == 0


def test_noise_alone_is_explained(folder, mat):
    with Plantard([entry(folder, mat)]) as d:
        connected(d, 0)
        mat.write(random.Random(2).randbytes(20000))
        m = d.wait_state("stalled", timeout=20)
        assert "no frame of small among them" in m["state_text"]
        assert "baud rate" in m["state_text"]


def test_port_without_permission(folder, mat):
    if os.geteuid() != 0:
        pytest.skip("needs root to take the permission away")
    os.chmod(os.path.realpath(mat.link), 0o600)
    with Plantard([entry(folder, mat)], user="nobody") as d:
        failed = d.wait_state("failed")
        assert "permission denied" in failed["state_text"]
        assert "dialout" in failed["state_text"] and "60-plantard.rules" in failed["state_text"]
        os.chmod(os.path.realpath(mat.link), 0o666)  # the person follows the advice
        connected(d, 0)
        mat.frames(3)
        d.wait_state("running")


def test_busy_port(folder, mat):
    other = os.open(mat.link, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(other, fcntl.LOCK_EX)
    try:
        with Plantard([entry(folder, mat)]) as d:
            failed = d.wait_state("failed")
            assert "another program is using it" in failed["state_text"]
            os.close(other)
            other = None
            mat.frames(3)
            wait_until(lambda: d.mat()["state"] == "running", 10, "running")
    finally:
        if other is not None:
            os.close(other)


def test_end_of_a_capture(folder):
    """A source that is over by its nature is not opened again, and is not a gap."""
    import struct
    capture = os.path.join(folder, "walk.plcap")
    config = open(small_mat(folder)).read()
    with open(capture, "wb") as f:
        f.write(b"plcap 1\nmat: small\nconfig:\n" + config.encode() + b".\n\n")
        for seq in range(100):
            packet = pmp_frame(seq, cells_of(seq))
            f.write(struct.pack("<QI", seq * 10_000_000, len(packet)) + packet)
    with Plantard([{"source": f"replay:{capture}", "mat": small_mat(folder), "name": "m"}]) as d:
        d.ok("start")
        ended = d.wait_state("ended")
        assert ended["frames"] == 100 and ended["epoch"] == 0
        stopped = d.ok("stop")["trials"][0]
        assert stopped["frames"] <= 100 and stopped["gap_frames"] == 0
        d.ok("wait", path=stopped["path"], timeout=60)
        time.sleep(1.5)
        assert d.mat()["state"] == "ended"


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
