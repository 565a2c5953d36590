# SPDX-License-Identifier: Apache-2.0
"""kill -9 after the recording: while it stops, while its file is made, while a killed one is recovered.

Of the daemon, which takes its converter along, or of the converter alone, which is started again. What holds is
the same in all three, and recovering once more changes no byte of the archive."""
import os
import signal
import sys
import time

import campaign
from campaign import files, fingerprint, plantar, recovered, verify, wait_until
from campaign_kill import check_end
from plantar_harness import children


def record(t, mat):
    d = t.daemon([mat]).start()
    mat.go()
    d.wait_state("running")
    path = d.ok("start", subject="P-1")["trials"][0]["path"]
    begun = time.monotonic()
    time.sleep(t.rng.uniform(0.1, 1))
    return d, path, begun


def kill_converter_or_daemon(t, d):
    """The converter three times in ten, when there is one. True: the daemon."""
    child = children(d.process.pid)
    if child and t.rng.random() < 0.3:
        try:
            os.kill(child[0], signal.SIGKILL)
        except ProcessLookupError:
            return False
        t.count("of the converter")
        return False
    d.kill()
    return True


def twice(d):
    """Recovering once more changes nothing."""
    before = fingerprint(d.state)
    plantar("recover", d.state)
    assert fingerprint(d.state) == before
    d.start()
    recovered(d)
    assert d.stop() == 0
    assert fingerprint(d.state) == before


def end(t, d, mat, path, begun, ended):
    if d.process.poll() is not None:
        d.start()
    wait_until(lambda: files(d.state, "trial-001.h5"), 60, "the recording")
    recovered(d)
    r = check_end(t, path, mat, begun, ended, 0.6)
    assert d.stop() == 0
    n = verify(d.state)
    assert n == 3, f"{n} files verified: trial, session.json, session.h5"
    twice(d)
    return r


def while_stopping(t):
    with t.mat() as mat:
        d, path, begun = record(t, mat)
        ended = time.monotonic()
        d.send({"v": 1, "cmd": "stop"})
        time.sleep(t.rng.uniform(0, 0.08))
        d.kill()
        r = end(t, d, mat, path, begun, ended)
        t.count("had ended", int(r.complete))


def while_converting(t):
    with t.mat() as mat:
        d, path, begun = record(t, mat)
        stopped = d.ok("stop")["trials"][0]
        ended = time.monotonic()
        time.sleep(t.rng.uniform(0, 0.25))
        t.count("was finished", int(os.path.exists(path)))
        kill_converter_or_daemon(t, d)
        r = end(t, d, mat, path, begun, ended)
        assert r.complete and len(r.seq) == stopped["frames"]


def while_recovering(t):
    with t.mat() as mat:
        d, path, begun = record(t, mat)
        ended = time.monotonic()
        d.kill()
        for _ in range(t.rng.randrange(1, 4)):
            d.start(wait=False)
            time.sleep(t.rng.uniform(0, 0.3))
            t.count("was finished", int(os.path.exists(path)))
            if not kill_converter_or_daemon(t, d):
                time.sleep(t.rng.uniform(0, 0.7))
                d.kill()
        end(t, d, mat, path, begun, ended)


TRIALS = {"stop": while_stopping, "conversion": while_converting, "recovery": while_recovering}

if __name__ == "__main__":
    which = sys.argv.pop(1) if len(sys.argv) > 1 and sys.argv[1] in TRIALS else ""
    if not which:
        sys.exit(f"usage: campaign_kill_later.py {'|'.join(TRIALS)} [options]")
    campaign.main("kill-" + which, TRIALS[which], short=20, full=200,
                  required="<= 0.6 s missing, verifies, recovering twice changes nothing")
