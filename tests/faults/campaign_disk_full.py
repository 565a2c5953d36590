# SPDX-License-Identifier: Apache-2.0
"""The disk fills up at a random byte while a recording is made or finished, and later has room again: a small
tmpfs in a mount namespace of the trial's own (where that is allowed), in every other trial files that may grow
by so many bytes and not one more (disk_preload.c).

The recording ends there at the latest, live figures go on, what was written is finished and verifies as soon as
there is room, and the next recording is made without a restart."""
import os
import time

import campaign
import disk
from campaign import Recorded, files, mount_tmpfs, new_namespace, recovered, verify, wait_until


class SmallTmpfs:
    name = "tmpfs"

    def __init__(self, t, mat):
        self.path = os.path.join(t.folder, "disk")
        os.mkdir(self.path)
        mount_tmpfs(self.path, t.rng.randrange(16384, 800_000))
        self.d = t.daemon([mat], archive={"folder": self.path, "reserve_mb": 0.0})

    def fill(self):
        pass  # small from the beginning

    def empty(self):
        mount_tmpfs(self.path, 64 << 20, remount=True)


class Budget:
    name = "byte"

    def __init__(self, t, mat):
        self.path = os.path.join(t.folder, "disk")
        os.mkdir(self.path)
        self.room = t.rng.randrange(800_000)
        self.control = disk.Control(os.path.join(t.folder, "control"))
        self.d = t.daemon([mat], archive={"folder": self.path, "reserve_mb": 0.0},
                          env=disk.environment(self.path, control=self.control.path))

    def fill(self):
        self.control.room = self.room

    def empty(self):
        self.control.heal()


def failed_at(d):
    """When the recording ended because of the disk; None while it goes on."""
    return "recording-failed" in d.log() and time.monotonic()


def check(t, path, mat, begun, ended):
    r = Recorded(path)
    r.check_unbroken(mat)
    when = dict(mat.sent)
    due = [seq for seq, at in mat.sent if begun <= at <= ended]
    if due and r.seq:
        assert r.seq[0] <= due[0]
    last = max((when[s] for s in r.seq if s in when), default=begun)
    t.lost(max(0.0, (when[due[-1]] if due else begun) - last), 0.6)
    t.count("frames", len(r.seq))


def fill_up(t, small, mat):
    """(path, begun, ended) of a recording that may have met the end of the disk; None: it could not begin."""
    d = small.d
    small.fill()
    reply = d.request("start", subject="P-1")
    if not reply["ok"]:
        assert reply["error"]["code"] == "nospace" and "room" in reply["error"]["message"], reply
        t.count("refused at start")
        return None
    path, begun = reply["trials"][0]["path"], time.monotonic()
    end = begun + t.rng.uniform(0.5, 4)
    ended = None
    while time.monotonic() < end and not ended:
        time.sleep(0.01)
        ended = failed_at(d)
    if ended:
        t.count("full while recording")
        before = d.mat()["frames"]
        d.wait_frames(before + 20)  # live goes on
        # It is told at once; the journal is closed as fast as that disk lets it.
        wait_until(lambda: d.mat()["recording"] is None, 20, "the recording to be closed")
    else:
        ended = time.monotonic()
        assert d.request("stop")["ok"] or failed_at(d)
    return path, begun, ended


def record_again(d, mat):
    path = d.ok("start", subject="P-2")["trials"][0]["path"]
    wait_until(lambda: d.mat()["recording"]["frames"] >= 20, 20, "frames")
    d.ok("stop")
    assert d.ok("wait", path=path, timeout=60)["complete"]
    Recorded(path).check_unbroken(mat)


def trial(t):
    with t.mat(hz=400) as mat:
        tmpfs = t.number % 2 == 0 and new_namespace()
        small = (SmallTmpfs if tmpfs else Budget)(t, mat)
        t.count(small.name)
        d = small.d.start()
        mat.go()
        d.wait_state("running")
        made = fill_up(t, small, mat)
        time.sleep(t.rng.uniform(0, 2))
        if made and not os.path.exists(made[0]):
            t.count("could not be finished before")
        small.empty()
        record_again(d, mat)
        if made:
            wait_until(lambda: os.path.exists(made[0]), 60, "the first recording")
        wait_until(lambda: not files(small.path, ".journal", ".part"), 60, "all to be finished")
        if made:
            check(t, *made[:1], mat, *made[1:])
        assert d.stop() == 0
        verify(small.path)


if __name__ == "__main__":
    campaign.main("disk-full", trial, short=20, full=100,
                  required="ends cleanly there, what was written verifies, records again without restart")
