# SPDX-License-Identifier: Apache-2.0
"""Power cut: every write, sync and change of a name below the archive folder is recorded (disk_preload.c) while
two recordings are made and finished; then the folder is built as it may be found after the power went at a
random place of that record, what was not synced kept, lost, torn or replaced by older blocks at random.

A daemon that starts on it must make every recording of it whole again, 1.2 s of it missing at most, and no file
may claim to be complete and not be so."""
import os
import time

import campaign
from campaign import Recorded, files, fingerprint, recovered, verify
from disk import Disk, environment, read_log


class Recording:
    def __init__(self, path):
        self.path, self.begun = path, time.monotonic()
        self.stopped = self.frames = None

    def stop(self, d):
        self.stopped = time.monotonic()
        self.frames = d.ok("stop")["trials"][0]["frames"]


def record_two(t, d):
    """One session, its second trial while the first is perhaps still being finished."""
    reply = d.ok("start", subject="P-1")
    first = Recording(reply["trials"][0]["path"])
    time.sleep(t.rng.uniform(0.3, 1.5))
    first.stop(d)
    if t.rng.random() < 0.5:
        d.ok("wait", path=first.path)
    reply = d.ok("start", subject="P-1", session=reply["session_uuid"])
    second = Recording(reply["trials"][0]["path"])
    time.sleep(t.rng.uniform(0.3, 1.5))
    second.stop(d)
    d.ok("wait", path=first.path)
    d.ok("wait", path=second.path)
    return [first, second]


def pick(rng, records):
    """A place in the log: by the clock, or by the record (most of which are made at the end)."""
    if rng.random() < 0.5:
        return rng.randrange(len(records))
    t_ns = rng.uniform(records[0].t_ns, records[-1].t_ns)
    return max(i for i, r in enumerate(records) if r.t_ns <= t_ns)


def check_claims(recordings, root, state, mat):
    """What is called complete is so, before anybody repaired anything."""
    for r in recordings:
        path = r.path.replace(state, root)
        if os.path.exists(path):
            found = Recorded(path)
            found.check_unbroken(mat)
            assert not found.complete or len(found.seq) == r.frames, f"{path} claims to be complete"


def check_recording(t, r, path, mat, cut):
    when = dict(mat.sent)
    end = min(cut, r.stopped)
    due = [seq for seq, at in mat.sent if r.begun <= at <= end]
    found = Recorded(path)
    found.check_unbroken(mat)
    if due and found.seq:
        assert found.seq[0] <= due[0], f"begins with {found.seq[0]}, recording since {due[0]}"
    last = max((when[s] for s in found.seq if s in when), default=r.begun)
    t.lost(max(0.0, (when[due[-1]] if due else r.begun) - last), 1.2)
    assert not found.complete or len(found.seq) == r.frames, "claims to be complete"
    t.count("frames", len(found.seq))
    t.count("recordings")


def cut_power(t, n, d, mat, records, recordings):
    at = pick(t.rng, records)
    cut = records[at].t_ns * 1e-9
    again = t.daemon([mat])
    Disk(d.state, records[:at + 1]).leave(again.state, t.rng)
    check_claims(recordings, again.state, d.state, mat)
    again.start()
    recovered(again)
    assert again.stop() == 0
    verify(again.state, audit=False)  # its last lines are as good as lost with the power
    before = fingerprint(again.state)
    for r in recordings:
        path = r.path.replace(d.state, again.state)
        if r.begun <= cut:
            assert os.path.exists(path), f"cut at {at} of {len(records)}: {path} is not there"
        if os.path.exists(path):
            check_recording(t, r, path, mat, cut)
    assert not files(again.state, ".part", ".journal", ".new")
    campaign.plantar("recover", again.state)
    assert fingerprint(again.state) == before


def trial(t):
    with t.mat() as mat:
        log = os.path.join(t.folder, "disk.log")
        d = t.daemon([mat])
        d.env.update(environment(d.state, log))
        d.start()
        mat.go()
        d.wait_state("running")
        recordings = record_two(t, d)
        assert d.stop() == 0
        mat.halt()
        records = read_log(log)
        for n in range(3):
            cut_power(t, n, d, mat, records, recordings)
            t.count("cuts")


if __name__ == "__main__":
    campaign.main("power-cut", trial, short=20, full=200,
                  required="<= 1.2 s missing at the end, no file claims to be complete and is not")
