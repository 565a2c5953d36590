# SPDX-License-Identifier: Apache-2.0
"""Power cut: every write, sync and change of a name below the archive folder is recorded (disk_preload.c) while
two recordings are made and finished; then the folder is built as it may be found after the power went at a
random place of that record, what was not synced kept, lost, torn or replaced by older blocks at random.

A daemon that starts on it must make every recording of it whole again, 1.2 s of it missing at most, and no file
may claim to be complete and not be so. The audit log stands in the same folder: its last 1.2 s at most are missing,
and plantar verify finds no break in it, neither before that start nor after."""
import datetime
import json
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


def audit_lines(state):
    path = os.path.join(state, "audit.log")
    if not os.path.exists(path):
        return []
    with open(path, "rb") as f:
        return f.read().split(b"\n")[:-1]


def asked_at(line):
    """When a request of the audit log came, by this process's monotonic clock."""
    t = datetime.datetime.strptime(json.loads(line)["t"], "%Y-%m-%dT%H:%M:%S.%fZ")
    return t.replace(tzinfo=datetime.timezone.utc).timestamp() - time.time() + time.monotonic()


def check_audit(t, state, asked, cut):
    """Of all that was asked, what is missing here is what was asked last. How many lines are left."""
    left = audit_lines(state)
    kept = next((i for i, (a, b) in enumerate(zip(asked, left)) if a != b), min(len(asked), len(left)))
    if kept < len(asked):
        t.lost(max(0.0, cut - asked_at(asked[kept])), 1.2)
    if not os.path.exists(os.path.join(state, "audit.log")):
        return kept
    audit = json.loads(campaign.plantar("verify", state, "--json", check=False).stdout)["audit"]
    assert len(audit) == 1 and audit[0]["ok"] and not audit[0]["findings"], audit
    return kept


def cut_power(t, n, d, mat, records, recordings):
    asked = audit_lines(d.state)
    at = pick(t.rng, records)
    cut = records[at].t_ns * 1e-9
    again = t.daemon([mat])
    Disk(d.state, records[:at + 1]).leave(again.state, t.rng)
    check_claims(recordings, again.state, d.state, mat)
    kept = check_audit(t, again.state, asked, cut)
    again.start()
    recovered(again)
    assert again.stop() == 0
    verify(again.state)
    assert check_audit(t, again.state, asked, cut) >= kept
    t.count("requests", kept)
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
