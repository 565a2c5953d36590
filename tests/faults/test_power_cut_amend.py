# SPDX-License-Identifier: Apache-2.0
"""The power goes while a finished session is amended: whatever place of all writes, syncs and changes of names it
is, the trial is the old one or the amended one, verify has nothing to complain of, and recover leaves a
manifest that sha256sum agrees with."""
import os
import pathlib
import random
import shutil
import subprocess
import sys

import h5py
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "replay"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from cli import MAKE_JOURNAL, PLANTAR, person, run  # noqa: E402
from disk import PRELOAD, RENAME, Disk, environment, read_log  # noqa: E402


@pytest.fixture
def session(tmp_path):
    capture = person(tmp_path, seconds=1)
    folder = tmp_path / "archive" / "2026" / "11" / "session"
    folder.mkdir(parents=True)
    subprocess.run([MAKE_JOURNAL, str(capture), str(folder / "trial-001.journal")], check=True)
    run("recover", folder)
    return folder


def amended(folder):
    with h5py.File(folder / "trial-001.h5") as f:
        return f["subject"].attrs["body_mass_kg"] == 70.5


def check(folder):
    """As it was found, and after recover."""
    run("verify", folder)
    run("recover", folder)
    assert not (folder / "MANIFEST.sha256.pending").exists()
    run("verify", folder)
    subprocess.run(["sha256sum", "--check", "--quiet", "MANIFEST.sha256"], cwd=folder, check=True)


@pytest.mark.skipif(not os.path.exists(PRELOAD), reason="built without the disk that remembers")
def test_at_every_place(session, tmp_path):
    root = str(tmp_path / "archive")
    before = str(tmp_path / "before")
    shutil.copytree(root, before)
    log = str(tmp_path / "disk.log")
    subprocess.run([PLANTAR, "annotate", session, "body_mass_kg=70.5"], check=True, stdout=subprocess.DEVNULL,
                   env=dict(os.environ, **environment(root, log)))
    records = read_log(log)
    names = [n for n, r in enumerate(records) if r.op == RENAME]
    assert len(names) >= 4  # the trial, session.json, session.h5, and a manifest twice
    rng = random.Random(7)
    places = sorted({at for n in names for at in (n, n + 1, n + 2)} | set(rng.sample(range(len(records)), 20)) |
                    {len(records)})
    states = set()
    for at in places:
        for _ in range(2):
            left = tmp_path / "left"
            Disk(root, records[:at], before).leave(str(left), rng)
            folder = left / session.relative_to(root)
            check(folder)
            states.add(amended(folder))
            shutil.rmtree(left)
    assert states == {False, True}
    assert amended(session)
