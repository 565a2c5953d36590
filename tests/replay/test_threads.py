# SPDX-License-Identifier: Apache-2.0
"""All threads of plantard at work for some seconds: several mats, all topics, recordings that begin and
end, marks, tares, and a port that comes and goes. Meant for the ThreadSanitizer build, where a single
report fails it; green everywhere."""
import os
import shutil
import sys
import tempfile
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from plantar_harness import Plantard, PtyMat, small_mat, wait_until  # noqa: E402


@pytest.fixture
def folder():
    path = tempfile.mkdtemp(prefix="plantard-test-")
    yield path
    shutil.rmtree(path, ignore_errors=True)


def test_everything_at_once(folder):
    pty = PtyMat(os.path.join(folder, "pty")).plug()
    mats = [{"source": "sim:standing?hz=100&seed=1", "mat": "pmp-64x64", "name": "a"},
            {"source": "sim:walking?hz=100&seed=2", "mat": small_mat(folder), "name": "b"},
            {"source": pty.uri, "mat": small_mat(folder, name="port"), "name": "c"}]
    with Plantard(mats) as d:
        d.wait_frames(20, "a")
        sub = d.subscribe("")
        for turn in range(3):
            reply = d.ok("start", subject=f"P-{turn}")
            pty.frames(20, hz=200)
            d.ok("mark", text="now")
            for name in "ab":
                wait_until(lambda: d.mat(name)["recording"]["frames"] >= 20, 30, "frames")
            assert d.refused("tare", mat="a")["code"] == "state"
            pty.unplug()
            d.wait_state("gone", "c")
            pty.plug()
            stopped = d.ok("stop")["trials"]
            assert all(t["gap_frames"] == 0 for t in stopped)
            for trial in reply["trials"]:
                assert d.ok("wait", path=trial["path"], timeout=90)["complete"]
            d.ok("tare", mat="b", seconds=0.1)
            d.ok("tare", mat="b", clear=True)
            wait_until(lambda: d.mat("c")["epoch"] == turn + 1, 20, "the port")
        end = time.monotonic() + 5
        topics = set()
        while time.monotonic() < end:
            topics.add(sub.next()[0])
        assert topics >= {"frame/a", "metrics/a", "view/a", "frame/b", "status"}
        d.ok("start")
        wait_until(lambda: d.mat("a")["recording"]["frames"] >= 10, 30, "frames")
    pty.close()


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
