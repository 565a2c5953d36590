# SPDX-License-Identifier: Apache-2.0
"""Recordings through bad times: read-only folder, full disk, reserve, SIGTERM, kill -9, a converter that
dies. What was recorded is in the file, what is not is in /gaps, and live goes on."""
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from plantar_harness import BIN, SLOW, Plantard, children, wait_until  # noqa: E402

h5py = pytest.importorskip("h5py")

SIM = {"source": "sim:standing?hz=100&seed=1", "mat": "pmp-64x64", "name": "m"}
libc = ctypes.CDLL(None, use_errno=True)


@pytest.fixture
def folder():
    path = tempfile.mkdtemp(prefix="plantard-test-")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def small_disk(folder):
    """A tmpfs of 12 MB."""
    path = os.path.join(folder, "disk")
    os.mkdir(path)
    if libc.mount(b"tmpfs", path.encode(), b"tmpfs", 0, b"size=12m"):
        pytest.skip(f"no tmpfs can be mounted here: {os.strerror(ctypes.get_errno())}")
    yield path
    libc.umount2(path.encode(), 2)


def files(root, end):
    return sorted(os.path.join(where, name) for where, _, names in os.walk(root)
                  for name in names if name.endswith(end))


def check_whole(path):
    """Every frame from the first to the last is there or in /gaps. The number of frames."""
    with h5py.File(path) as f:
        seq = [int(s) for s in f["frames/seq"][:]]
        missing = {s for g in f["gaps"][:]
                   for s in range(int(g["first_seq"]), int(g["first_seq"]) + int(g["count"]))}
        assert set(range(seq[0], seq[-1] + 1)) == set(seq) | (missing & set(range(seq[0], seq[-1])))
        assert len(seq) == len(set(seq)) and not missing & set(seq)
        assert f["frames/raw"].shape == (len(seq), 64, 64)
        assert f["frames/raw"][len(seq) - 1].sum() > 0  # the tail is no silent zeros
        return len(seq)


def recorded(d, n):
    wait_until(lambda: d.mat()["recording"]["frames"] >= n, 30, f"{n} recorded frames")


def test_sigterm_while_recording_finishes_the_file():
    with Plantard([SIM]) as d:
        path = d.ok("start", subject="P-1")["trials"][0]["path"]
        recorded(d, 100)
        assert d.stop() == 0
        assert check_whole(path) >= 100
        assert not files(d.state, ".journal") and not files(d.state, ".part")
        folder = os.path.dirname(path)
        assert {"session.json", "session.h5", "MANIFEST.sha256"} <= set(os.listdir(folder))
        assert not os.path.exists(d.control[6:]) and not os.path.exists(d.data[6:])


def test_second_signal_ends_at_once_and_the_next_start_recovers():
    d = Plantard([SIM])
    try:
        d.start()
        path = d.ok("start")["trials"][0]["path"]
        recorded(d, 100)
        d.signal(signal.SIGSTOP)  # so that both signals are there together
        d.signal(signal.SIGTERM)
        d.signal(signal.SIGINT)
        d.signal(signal.SIGCONT)
        assert d.wait() == 0
        if not os.path.exists(path):
            d.start()
            wait_until(lambda: os.path.exists(path), 60, "the recovered file")
            wait_until(lambda: not files(d.state, ".journal"), 30, "the journal to go")
            assert d.stop() == 0
        assert check_whole(path) >= 90
    finally:
        d.close()


@pytest.mark.parametrize("after", [0.3, 1.1])
def test_killed_while_recording_is_recovered_at_the_next_start(after):
    d = Plantard([SIM])
    try:
        d.start()
        path = d.ok("start", subject="P-9")["trials"][0]["path"]
        recorded(d, 60)
        time.sleep(after)
        before = d.mat()["recording"]["frames"]
        child = children(d.process.pid)
        d.kill()
        wait_until(lambda: not any(os.path.exists(f"/proc/{c}/exe") for c in child), 10,
                   "the converter to end with its daemon")
        assert files(d.state, ".journal") and not os.path.exists(path)
        d.start()  # also over the sockets that the dead one left
        sub = d.subscribe("event/")
        wait_until(lambda: os.path.exists(path), 60, "the recovered file")
        wait_until(lambda: "recovered: " in d.log(), 10, "the event")
        assert check_whole(path) >= before
        with h5py.File(path) as f:
            subject = f.attrs["subject"] if "subject" in f.attrs else f["subject"].attrs["code"]
            assert (subject.decode() if isinstance(subject, bytes) else subject) == "P-9"
        assert not files(d.state, ".journal") and not files(d.state, ".part")
        assert d.status()["archive"]["recovering"] == 0
        sub.close()
        d.subscribers.remove(sub)
        assert d.stop() == 0
    finally:
        d.close()


def test_a_dying_converter_is_started_again():
    with Plantard([SIM]) as d:
        sub = d.subscribe("event/")
        path = d.ok("start")["trials"][0]["path"]
        recorded(d, 30)
        for _ in range(2):
            child = wait_until(lambda: children(d.process.pid), 20, "the converter")
            os.kill(child[0], signal.SIGKILL)
            assert "signal 9" in sub.event("converter-restarted", 20)["text"]
        recorded(d, 60)
        d.ok("stop")
        assert d.ok("wait", path=path, timeout=60)["complete"]
        assert check_whole(path) >= 60


def test_recording_ends_by_itself_after_seconds():
    with Plantard([SIM]) as d:
        sub = d.subscribe("event/")
        path = d.ok("start", seconds=0.5)["trials"][0]["path"]
        sub.event("recording-started")
        sub.event("recording-stopped")
        assert path in sub.event("recording-finished", 60)["text"]
        assert 20 / SLOW <= check_whole(path) <= 200
        assert d.status()["archive"]["last"]["path"] == path
        # and is waited for after the fact too
        assert d.ok("wait", path=path)["frames"] == d.status()["archive"]["last"]["frames"]


def test_read_only_archive_folder(folder):
    if os.geteuid() != 0:
        pytest.skip("needs root to run plantard as somebody else")
    archive = os.path.join(folder, "sessions")
    os.mkdir(archive, 0o555)
    with Plantard([SIM], archive={"folder": archive}, user="nobody") as d:
        assert f"the archive folder {archive} is not writable" in d.log()
        d.wait_frames(10)
        error = d.refused("start")
        assert error["code"] == "access" and archive in error["message"]
        assert "writable" in error["message"] or "permission" in error["message"].lower()
        before = d.mat()["frames"]
        d.wait_frames(before + 10)  # live goes on
        assert d.mat()["recording"] is None
        os.chmod(archive, 0o777)  # the person follows the advice
        path = d.record(lambda: (d.mat()["recording"] or {}).get("frames", 0) > 10)
        assert check_whole(path) > 10


def test_archive_folder_that_cannot_be_made(folder):
    in_the_way = os.path.join(folder, "file")
    open(in_the_way, "w").close()
    with Plantard([SIM], archive={"folder": in_the_way + "/sessions"}) as d:
        assert "nothing can be recorded" in d.log()
        assert not d.request("start")["ok"]
        d.wait_frames(5)


def fill(path, leave):
    with open(os.path.join(path, "filler"), "wb") as f:
        v = os.statvfs(path)
        f.write(b"x" * (v.f_bavail * v.f_frsize - leave))


def test_disk_below_reserve_ends_and_finishes_the_recording(small_disk):
    with Plantard([SIM], archive={"folder": small_disk, "reserve_mb": 6.0}) as d:
        sub = d.subscribe("event/")
        path = d.ok("start")["trials"][0]["path"]
        event = sub.event("disk-reserve", 60)
        assert event["level"] == "error" and "make room" in event["text"]
        sub.event("recording-finished", 60)
        assert check_whole(path) > 100
        d.wait_frames(d.mat()["frames"] + 10)  # live goes on
        fill(small_disk, 3_000_000)
        error = d.refused("start")
        assert error["code"] == "nospace" and "archive.reserve_mb" in error["message"]


def test_full_disk_keeps_what_was_recorded(small_disk):
    with Plantard([SIM], archive={"folder": small_disk, "reserve_mb": 0.0}) as d:
        sub = d.subscribe("event/")
        path = d.ok("start")["trials"][0]["path"]
        recorded(d, 50)
        fill(small_disk, 300_000)
        event = sub.event("recording-failed", 60)
        assert "kept" in event["text"]
        frames = d.mat()["frames"]
        d.wait_frames(frames + 50)  # live goes on
        assert d.mat()["recording"] is None
        os.unlink(os.path.join(small_disk, "filler"))
        if not os.path.exists(path):
            wait_until(lambda: os.path.exists(path) or d.status()["archive"]["converting"] == 0,
                       90, "the converter to have tried again")
        if not os.path.exists(path):  # it gave up before there was room
            assert d.stop() == 0
            d.start()
        wait_until(lambda: os.path.exists(path), 90, "the file")
        assert check_whole(path) >= 50
        again = d.record(lambda: (d.mat()["recording"] or {}).get("frames", 0) > 20)
        assert check_whole(again) > 20


def test_full_disk_records_to_the_fallback(small_disk, folder):
    fallback = os.path.join(folder, "second")
    with Plantard([SIM], archive={"folder": small_disk, "fallback": fallback,
                                  "reserve_mb": 6.0}) as d:
        sub = d.subscribe("event/")
        first = d.ok("start", subject="P-1")
        sub.event("disk-reserve", 60)  # it fills up in a recording, which is ended and finished ...
        sub.event("recording-finished", 60)
        check_whole(first["trials"][0]["path"])
        fill(small_disk, 3_000_000)
        reply = d.ok("start", subject="P-1", session=first["session_uuid"])  # ... and goes on there
        event = sub.event("archive-fallback", 20)
        assert event["level"] == "error" and fallback in event["text"] and "reserve" in event["text"]
        path = reply["trials"][0]["path"]
        assert path.startswith(fallback) and path.endswith("trial-002.h5")
        archive = d.status()["archive"]
        assert archive["folder"] == small_disk and archive["fallback"]["folder"] == fallback
        assert archive["free_bytes"] < archive["reserve_bytes"]
        assert archive["fallback"]["free_bytes"] > archive["fallback"]["reserve_bytes"]
        assert d.mat()["recording"]["path"] == path
        recorded(d, 50)
        d.ok("stop")
        assert d.ok("wait", path=path, timeout=60)["complete"]
        check_whole(path)
        with h5py.File(path) as f:
            assert any(k.startswith(b"archive-fallback") for k in f["events"]["kind"])


def test_folder_that_cannot_be_used_records_to_the_fallback_and_recovers_from_there(folder):
    in_the_way = os.path.join(folder, "file")
    open(in_the_way, "w").close()
    d = Plantard([SIM], archive={"folder": in_the_way + "/sessions", "fallback": folder + "/b"})
    try:
        d.start()
        path = d.ok("start")["trials"][0]["path"]
        assert path.startswith(folder + "/b/")
        recorded(d, 50)
        child = children(d.process.pid)
        d.kill()
        wait_until(lambda: not any(os.path.exists(f"/proc/{c}/exe") for c in child), 10,
                   "the converter to end with its daemon")
        # the tools know both folders, without being told and without a daemon
        done = subprocess.run([os.path.join(BIN, "plantar"), "recover"], capture_output=True,
                              text=True, env=d.environment(), timeout=60 * SLOW)
        wait_until(lambda: os.path.exists(path), 10, "the recovered file: " + done.stdout + done.stderr)
        assert done.returncode == 0 and path in done.stdout
        assert in_the_way in done.stderr
        check_whole(path)
        d.start()
        again = d.ok("start")["trials"][0]["path"]
        recorded(d, 50)
        d.kill()
        d.start()  # so does the next daemon
        wait_until(lambda: os.path.exists(again), 60, "the recovered file")
        assert d.stop() == 0
    finally:
        d.close()


@pytest.mark.skipif(SLOW > 1, reason="takes its time without a sanitizer already")
def test_slow_disk_becomes_a_gap_and_live_goes_on(folder):
    """The recorder is held by a stopped process that has the disk: here, a frozen file system."""
    freeze = shutil.which("fsfreeze")
    image, disk = os.path.join(folder, "image"), os.path.join(folder, "disk")
    os.mkdir(disk)
    with open(image, "wb") as f:
        f.truncate(300 << 20)
    if not freeze or os.system(f"mkfs.ext4 -q {image} && mount -o loop {image} {disk}") != 0:
        pytest.skip("no file system can be mounted and frozen here")
    try:
        fast = {**SIM, "source": "sim:standing?hz=2000&seed=1"}
        with Plantard([fast], archive={"folder": disk, "reserve_mb": 1.0}) as d:
            sub = d.subscribe("event/")
            path = d.ok("start")["trials"][0]["path"]
            recorded(d, 200)
            assert os.system(f"{freeze} -f {disk}") == 0
            try:
                sub.event("recorder-stalled", 30)
                sub.event("recorder-gap", 60)
                before = d.mat()["frames"]
                d.wait_frames(before + 1000)  # live goes on
                m = d.mat()
                assert m["lost_total"] == {"device": 0, "corrupt": 0, "overrun": 0, "pool": 0}
            finally:
                os.system(f"{freeze} -u {disk}")
            wait_until(lambda: "recording goes on" in d.log(), 60, "the recording to go on")
            stopped = d.ok("stop")["trials"][0]
            assert stopped["gap_frames"] > 0
            d.ok("wait", path=path, timeout=120)
            check_whole(path)
            with h5py.File(path) as f:
                causes = {g["cause"].decode().strip("\0 ") for g in f["gaps"][:]}
                assert causes == {"recorder"}
    finally:
        os.system(f"umount -l {disk}")


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
