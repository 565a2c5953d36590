# SPDX-License-Identifier: Apache-2.0
"""Load and soak: four mats of 64 x 64 at 250 Hz together; one of 105 x 185 at 250 Hz; a day of one mat at 100 Hz, fifty
times as fast, in recordings of an hour. Ten minutes, ten minutes and 8,640,000 frames in the long form.

Memory and open files stay what they were after the beginning, a frame costs at the end what it cost at the beginning
(nothing on the way of a frame grows with the session), nothing is lost, and all counters say the same."""
import os
import sys
import time

import campaign
from campaign import wait_until
from plantar_harness import children, cpu_ns, resident_kib
from sender import Sender

FULL = "--full" in sys.argv
STREAM_S = 600 if FULL else 10
DAY_FRAMES, HOURS = (8_640_000, 24) if FULL else (60_000, 3)
DAY_HZ = 5000
# What a busy machine makes wait is memory that was not touched before: ten seconds are too short to see it all.
KIB_MORE = 4096 if FULL else 24576


class Watch:
    """Samples of what must not grow: (frames so far, CPU ns of the daemon, KiB, open files)."""

    def __init__(self, d):
        self.d, self.samples = d, []

    def sample(self):
        pid = self.d.process.pid
        frames = sum(m["frames"] for m in self.d.status()["mats"])
        self.samples.append((frames, cpu_ns(pid), resident_kib(pid),
                             len(os.listdir(f"/proc/{pid}/fd"))))

    def check(self, t):
        s = self.samples
        third = len(s) // 3
        assert third >= 2, "too few samples"
        early, late = s[third:2 * third], s[2 * third:]
        cost = [(p[-1][1] - p[0][1]) / 1e3 / max(1, p[-1][0] - p[0][0]) for p in (early, late)]
        kib = [max(x[2] for x in p) for p in (early, late)]
        fds = [max(x[3] for x in p) for p in (early, late)]
        print(f"# trial {t.number}: CPU us a frame {cost[0]:.1f} early, {cost[1]:.1f} late; KiB {kib[0]}, {kib[1]}; "
              f"open files {fds[0]}, {fds[1]}", flush=True)
        assert cost[1] <= 1.5 * cost[0] + 5, f"a frame cost {cost[0]:.1f} us and then {cost[1]:.1f}"
        assert kib[1] <= kib[0] + KIB_MORE, f"{kib[0]} KiB, then {kib[1]}"
        assert fds[1] <= fds[0] + 1, f"{fds[0]} open files, then {fds[1]}"


def agree(m, frames):
    """All that counts has counted the same."""
    assert m["frames"] == frames, f"{m['frames']} of {frames} frames"
    assert m["seq"] in (frames - 1, frames) and m["decode"]["frames"] == frames
    assert sum(m["lost_total"].values()) == 0, m["lost_total"]
    assert m["bytes"] == m["reader"]["bytes"] == m["decode"]["bytes"]
    assert m["reader"]["dropped_bytes"] == 0


def check_file(path, frames):
    import h5py
    with h5py.File(path, "r") as f:
        seq = f["frames/seq"]
        assert len(seq) == frames and len(f["gaps"]) == 0 and bool(f.attrs["complete"])
        assert seq[len(seq) - 1] - seq[0] == frames - 1


def stream(t, mats):
    d = t.daemon(mats).start()
    wait_until(lambda: d.log().count("connected: reading") == len(mats), 20, "the connections")
    trials = d.ok("start", subject="P-1")["trials"]
    watch = Watch(d)
    for m in mats:
        m.go()
    end = time.monotonic() + STREAM_S
    while time.monotonic() < end:
        time.sleep(0.5)
        watch.sample()
    for m in mats:
        m.wait()
    wait_until(lambda: all(m["recording"]["frames"] >= mats[0].frames for m in d.status()["mats"]), 60,
               "all frames to be recorded")
    for m in d.status()["mats"]:
        agree(m, mats[0].frames)
        t.count("frames", m["frames"])
    d.ok("stop")
    for trial_ in trials:
        d.ok("wait", path=trial_["path"], timeout=600)
        check_file(trial_["path"], mats[0].frames)
    watch.check(t)
    t.count("MiB", resident_kib(d.process.pid) // 1024)
    assert d.stop() == 0


def four_mats(t):
    mats = [Sender(t.folder, STREAM_S * 250, 250, name=f"m{i}") for i in range(4)]
    try:
        stream(t, mats)
    finally:
        for m in mats:
            m.close()


def large_mat(t):
    with Sender(t.folder, STREAM_S * 250, 250, 105, 185) as mat:
        stream(t, [mat])


def a_day(t):
    with Sender(t.folder, DAY_FRAMES, DAY_HZ, 16, 8) as mat:
        d = t.daemon([mat]).start()
        wait_until(lambda: "connected: reading" in d.log(), 20, "the connection")
        watch, recorded, paths = Watch(d), 0, []
        mat_began = False
        for hour in range(HOURS):
            path = d.ok("start", subject="P-1")["trials"][0]["path"]
            if not mat_began:
                mat.go()
                mat_began = True
            while d.mat()["frames"] < (hour + 1) * DAY_FRAMES // HOURS:
                watch.sample()
                time.sleep(0.1 if not FULL else 1)
            stopped = d.ok("stop")["trials"][0]
            assert stopped["gap_frames"] == 0
            recorded += stopped["frames"]
            paths.append((path, stopped["frames"]))
        mat.wait()
        wait_until(lambda: d.mat()["frames"] >= DAY_FRAMES, 60, "all frames")
        agree(d.mat(), DAY_FRAMES)
        for path, frames in paths:
            d.ok("wait", path=path, timeout=600)
            check_file(path, frames)
        watch.check(t)
        t.count("frames of a day", DAY_FRAMES)
        t.count("of them in recordings", recorded)
        assert not children(d.process.pid) and d.stop() == 0


def trial(t):
    (four_mats, large_mat, a_day)[t.number % 3](t)


if __name__ == "__main__":
    campaign.TRIAL_S = 3600 if FULL else 180
    campaign.main("soak", trial, short=3, full=3, jobs=1,
                  required="memory, open files and cost of a frame flat, nothing lost, counters agree")
