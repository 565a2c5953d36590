# SPDX-License-Identifier: Apache-2.0
"""kill -9 at a random instant while recording, from the request to start on. After the next start the session
opens by itself, nothing is missing before its end, at most 0.6 s at its end, and it verifies."""
import time

import campaign
from campaign import Recorded, files, recovered, verify, wait_until


def kill_and_note(d, mat):
    """When it was killed."""
    at = time.monotonic()
    d.kill()
    return at


def check_end(t, path, mat, begun, ended, at_most):
    """Frames from the answer to start to `ended` less what may be missing. Returns what is recorded."""
    r = Recorded(path)
    r.check_unbroken(mat)
    when = dict(mat.sent)
    due = [seq for seq, at in mat.sent if begun <= at <= ended]
    if due and r.seq:
        assert r.seq[0] <= due[0], f"begins with frame {r.seq[0]}, recording since {due[0]}"
    last = max((when[s] for s in r.seq if s in when), default=begun)
    t.lost(max(0.0, min(ended, when[due[-1]] if due else begun) - last), at_most)
    t.count("frames", len(r.seq))
    return r


def trial(t):
    with t.mat() as mat:
        d = t.daemon([mat]).start()
        mat.go()
        d.wait_state("running")
        if t.rng.random() < 0.15:  # while it begins
            d.send({"v": 1, "cmd": "start", "subject": "P-1"})
            time.sleep(t.rng.uniform(0, 0.02))
            path, begun = None, None
        else:
            path = d.ok("start", subject="P-1")["trials"][0]["path"]
            begun = time.monotonic()
            time.sleep(t.rng.uniform(0, 2))
        ended = kill_and_note(d, mat)
        d.start()
        recovered(d)
        if path:
            wait_until(lambda: files(d.state, "trial-001.h5"), 10, "the recording")
            r = check_end(t, path, mat, begun, ended, 0.6)
            assert not r.complete
        assert d.stop() == 0
        verify(d.state)


if __name__ == "__main__":
    campaign.main("kill-recording", trial, short=40, full=400,
                  required="opens by itself, <= 0.6 s missing at the end, none before, verifies")
