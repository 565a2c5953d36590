# SPDX-License-Identifier: Apache-2.0
"""A disk that errs: from the n-th call on, one or more calls of plantard or its converter fail with EIO, or write and
read only half of what they were asked to (disk_preload.c): at the beginning of a recording, in it, while it is
finished.

Half writes change nothing. An error is reported, costs at most what comes after it, and no byte of the recording that was
finished before; once the disk is well again what was written is finished, without a restart."""
import errno
import os
import time

import campaign
import disk
from campaign import Recorded, files, verify, wait_until
from campaign_disk_full import check, failed_at, record_again


def arm(t, control):
    short = t.rng.random() < 0.35
    control.reads = int(t.rng.random() < 0.3)
    n = int(2 ** t.rng.uniform(0, 8)) - 1
    times = t.rng.choice((1, 1, 2, 5, 1000000)) if not short else t.rng.choice((1, 10, 1000000))
    control.fail(n, times, 0 if short else errno.EIO)
    return short


def contents(path):
    with open(path, "rb") as f:
        return f.read()


def record(t, d, short):
    """(path, begun, ended); None: it did not begin."""
    reply = d.request("start", subject="P-1")
    if not reply["ok"]:
        assert not short and "nput/output error" in reply["error"]["message"], reply
        t.count("refused at start")
        return None
    path, begun, ended = reply["trials"][0]["path"], time.monotonic(), None
    end = begun + t.rng.uniform(0.3, 1.5)
    while time.monotonic() < end and not ended:
        time.sleep(0.01)
        ended = failed_at(d)
    if ended:
        t.count("ended by it")
        return path, begun, ended
    ended = time.monotonic()
    stopped = d.request("stop")
    assert stopped["ok"] or not short, stopped
    return path, begun, ended


def reported(d):
    return any(line[:3] in ("<3>", "<4>") and ("nput/output" in line or "signal" in line or
                                               "code" in line or "HDF5" in line)
               for line in d.log().splitlines())


def harmless(call):
    """Room that was not reserved is found by the write; what could not be removed is removed next time. Reading
    that did not succeed at first is done again (h5_guard's look at a file comes before its reading); whether it
    left anything wrong behind is asked below. HDF5 opens each file twice, the first time only to see whether it can."""
    name, path = (call + " ").split(" ")[:2]
    return name in ("fallocate", "unlink", "read") or (name == "open" and ".h5" in path)


def trial(t):
    with t.mat() as mat:
        archive = os.path.join(t.folder, "disk")
        os.mkdir(archive)
        control = disk.Control(os.path.join(t.folder, "control"))
        d = t.daemon([mat], archive={"folder": archive, "reserve_mb": 0.0},
                     env=disk.environment(archive, control=control.path)).start()
        mat.go()
        d.wait_state("running")
        record_again(d, mat)
        earlier = {p: contents(p) for p in files(archive, "")}
        short = arm(t, control)
        made = record(t, d, short)
        time.sleep(t.rng.uniform(0, 1))
        failed = control.failed
        control.heal()
        t.count("half" if short else "EIO", failed)
        if failed:
            t.count("met " + control.last.split()[0])
        record_again(d, mat)
        if not made and files(archive, ".journal"):
            t.count("empty journals for the next start")  # it could not even be removed
            assert d.stop() == 0
            d.start()
        wait_until(lambda: not files(archive, ".journal", ".part"), 60,
                   "all to be finished: " + str(files(archive, "")))
        if made:
            check(t, *made[:1], mat, *made[1:])
            if not failed or short:
                assert Recorded(made[0]).complete
        assert short or not failed or reported(d) or harmless(control.last), \
            f"{control.last} failed and nobody was told"
        for path in files(archive, "session.json"):
            assert b'"problem"' not in contents(path), "an overview calls a whole trial damaged"
        assert earlier == {p: contents(p) for p in earlier}
        assert d.stop() == 0
        verify(archive)


if __name__ == "__main__":
    campaign.main("disk-errors", trial, short=40, full=400,
                  required="reported, nothing earlier damaged, half writes lose nothing")
