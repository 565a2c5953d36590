# SPDX-License-Identifier: Apache-2.0
"""Can the campaigns fail? A disk that forgets what was synced must be seen, a disk that does not must not."""
import os
import random
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import campaign  # noqa: E402
import campaign_power_cut  # noqa: E402
import campaign_stream  # noqa: E402
import disk  # noqa: E402
from plantar_harness import SANITIZER, SOURCE  # noqa: E402

preloadable = pytest.mark.skipif(SANITIZER != "", reason="sanitizers want to be loaded first")


def outcomes(monkeypatch, forgets, seed=1, trials=4):
    """What went wrong in some trials of the power cut when syncs of such things are forgotten."""
    real = disk.Disk.sync
    if forgets:
        monkeypatch.setattr(disk.Disk, "sync", staticmethod(
            lambda thing, certain: None if isinstance(thing, forgets) else real(thing, certain)))
    return [campaign.run_trial("power-cut", campaign_power_cut.trial, seed, n)[0]
            for n in range(trials)]


def counted(folder):
    done = subprocess.run([sys.executable, os.path.join(SOURCE, "tools", "count-results.py"), folder, "0"],
                          capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()[-1]


def test_results_are_counted(tmp_path):
    """Whatever a campaign requires and counts; a file that cannot be read is a failure, not the end."""
    result = {"name": "kill", "trials": 2, "failures": [], "worst_s": 0.1, "seconds": 1.0,
              "required": "<= 0.6 s & \"verifies\"", "counts": {"frames": 3}}
    campaign.junit(tmp_path / "a.xml", result)
    assert counted(tmp_path) == (0, "1 passed, 0 failed, 0 skipped")
    campaign.junit(tmp_path / "b.xml", dict(result, failures=[1]))
    assert counted(tmp_path) == (1, "1 passed, 1 failed, 0 skipped")
    (tmp_path / "b.xml").write_text("<testsuite><testcase")
    assert counted(tmp_path) == (1, "1 passed, 1 failed, 0 skipped")


@preloadable
@pytest.mark.parametrize("forgets", [disk.File, disk.Folder])
def test_a_disk_that_forgets_is_seen(monkeypatch, forgets):
    monkeypatch.setattr(campaign_power_cut, "recovered", lambda d: campaign.recovered(d, timeout=5))
    assert any(outcomes(monkeypatch, forgets))


@preloadable
def test_a_disk_that_forgets_the_audit_log_is_seen(monkeypatch):
    """All is synced but the audit log: then what audit.head remembers is not there."""
    take, sync = disk.Disk.take, disk.Disk.sync

    def named(self, r):
        take(self, r)
        if r.op == disk.OPEN:
            self.open[r.id].name = os.path.basename(r.path)
    monkeypatch.setattr(disk.Disk, "take", named)
    monkeypatch.setattr(disk.Disk, "sync", staticmethod(
        lambda thing, certain: None if thing.name == "audit.log" else sync(thing, certain)))
    wrong = [w for w in outcomes(monkeypatch, None) if w]
    assert wrong and all("audit" in str(w) or "are missing" in str(w) for w in wrong), wrong


@preloadable
def test_a_disk_that_keeps_is_not(monkeypatch):
    assert outcomes(monkeypatch, None, trials=2) == [None, None]


def record(op, t, id=0, offset=0, path="", other="", data=b""):
    r = disk.Record.__new__(disk.Record)
    r.op, r.t_ns, r.id, r.offset, r.path, r.other, r.data = op, t, id, offset, path, other, data
    return r


def left(records, tmp_path, n=40):
    """All that a cut may leave of the files in /d, as a set of {name: bytes}."""
    found = set()
    for i in range(n):
        to = str(tmp_path / str(i))
        disk.Disk("/d", records).leave(to, random.Random(i))
        found.add(tuple((name, open(os.path.join(to, name), "rb").read())
                        for name in sorted(os.listdir(to))))
    return found


def test_the_model_of_a_disk(tmp_path):
    """By hand: a file written, synced, renamed, its folder synced."""
    create = [record(disk.OPEN, 1, id=5, offset=os.O_CREAT, path="/d/a.tmp"),
              record(disk.OPEN, 1, id=6, path="/d"),
              record(disk.WRITE, 2, id=5, data=b"new")]
    sync = [record(disk.SYNC_BEGIN, 3, id=5, offset=1), record(disk.SYNC_END, 4, id=5, offset=1)]
    rename = [record(disk.RENAME, 5, path="/d/a.tmp", other="/d/a")]
    folder = [record(disk.SYNC_BEGIN, 6, id=6, offset=2), record(disk.SYNC_END, 7, id=6, offset=2)]
    new = (("a", b"new"),)
    assert left(create + sync + rename + folder, tmp_path / "1") == {new}
    some = left(create + sync + rename, tmp_path / "2")
    assert {(), new, (("a.tmp", b"new"),)} <= some and all(b in (b"new",) for s in some for _, b in s)
    without = left(create + rename + folder, tmp_path / "3")
    assert new in without and (("a", b""),) in without
    late = left(create + sync[:1] + [record(disk.WRITE, 3, id=5, offset=3, data=b"er")] + sync[1:] +
                rename + folder, tmp_path / "4")
    assert late >= {new, (("a", b"newer"),)}  # written while the sync ran: may be there or not


def test_the_reading_of_a_damaged_stream():
    frames = [campaign.packet(s, campaign.cells_of(s), 5000 * s) for s in range(3)]
    size = 8 + 256 + 2
    assert campaign_stream.right_frames(b"".join(frames), size) == (
        [(s, campaign.cells_of(s)) for s in range(3)], 0)
    for at in range(len(frames[1]) - 1):
        wrong = bytearray(frames[1])
        wrong[at] ^= 4
        good, bad = campaign_stream.right_frames(frames[0] + bytes(wrong) + frames[2], size)
        assert [s for s, _ in good] == [0, 2] and bad >= 1


def test_a_failing_campaign_says_so(tmp_path):
    """Exit code, table and JUnit of a campaign with one bad trial, which can be played again."""
    program = tmp_path / "campaign_bad.py"
    program.write_text("import sys\nsys.path.insert(0, %r)\nimport campaign\n"
                       "def trial(t):\n    t.count('dice', t.rng.randrange(1000))\n"
                       "    assert t.number != 2, 'two'\n"
                       "if __name__ == '__main__':\n"
                       "    campaign.main('bad', trial, short=4, full=8, required='no two')\n"
                       % os.path.dirname(os.path.abspath(__file__)))
    env = {**os.environ, "PLANTAR_FAULT_RESULTS": str(tmp_path / "results")}
    junit = tmp_path / "bad.xml"

    def run(*args):
        return subprocess.run([sys.executable, str(program), *args], capture_output=True, text=True,
                              env=env)
    done = run("--seed", "7", "--junit", str(junit))
    assert done.returncode == 1 and "| bad | 4 | - | 1 | no two |" in done.stdout
    assert "--only bad --seed 7 --trial 2" in done.stdout and "AssertionError: two" in done.stdout
    assert 'status="fail"' in junit.read_text()
    again = run("--seed", "7", "--trial", "1")
    assert again.returncode == 0
    assert run("--seed", "7", "--trial", "1").stdout.split("dice")[0] == again.stdout.split("dice")[0]


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
