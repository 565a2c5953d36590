# SPDX-License-Identifier: Apache-2.0
"""A session file seen by strangers: h5py, numpy, h5dump, sha256sum and nothing of ours.

make_session (tests/unit/archive) records made-up frames whose calibration tables are known by
formula; the ten lines of docs/archive.md are run as they stand there."""
import json
import os
import pathlib
import re
import subprocess

import h5py
import numpy as np
import pytest

BUILD = pathlib.Path(os.environ["PLANTAR_BUILD"])
SOURCE = pathlib.Path(os.environ["PLANTAR_SOURCE"])
ROWS, COLS, FRAMES = 48, 40, 700


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    root = tmp_path_factory.mktemp("archive")
    run = subprocess.run([BUILD / "tests" / "make_session", root, str(FRAMES), str(ROWS), str(COLS)],
                         check=True, capture_output=True, text=True)
    return pathlib.Path(run.stdout.strip())


@pytest.fixture
def h5(trial):
    with h5py.File(trial) as f:
        yield f


def test_head(trial, h5):
    assert trial.read_bytes()[8] == 0  # superblock version 0: HDF5 1.8 and before
    assert h5.attrs["schema"] == "plantar-session/1"
    assert h5.attrs["session_uuid"] == trial.parent.name
    assert h5.attrs["subject"] == "P-0042"
    assert h5.attrs["started_utc"].startswith("2026-11-")
    assert h5.attrs["complete"] == 1 and h5.attrs["end_reason"] == "stopped"
    mat = h5["mat"].attrs
    assert (mat["rows"], mat["cols"], mat["unit"], mat["dtype"]) == (ROWS, COLS, "kPa", "<u2")
    assert b"# a mat" in h5["mat/config_text"][()]
    assert h5["subject"].attrs["body_mass_kg"] == 71.5


def test_frames(h5):
    frames = h5["frames"]
    assert frames["raw"].shape == (FRAMES, ROWS, COLS) and frames["raw"].dtype == np.dtype("<u2")
    assert frames["raw"].chunks[0] in range(16, 65)
    np.testing.assert_array_equal(frames["seq"][()], np.arange(FRAMES))
    np.testing.assert_array_equal(frames["device_seq"][()], np.arange(FRAMES) + 1000)
    t = np.floor(np.arange(FRAMES) / 250 * 1e9).astype(np.int64)
    assert abs(frames["t_est_ns"][()] - 5000000000 - t).max() <= 1
    np.testing.assert_allclose(frames["t_s"][()], t * 1e-9, atol=2e-9)
    np.testing.assert_array_equal(frames["t_mono_ns"][()] - frames["t_est_ns"][()], 150000)
    assert (frames["flags"][0] & 8) and not (frames["flags"][1:] & 8).any()
    assert frames["raw"][()].max() > 1000
    for name in h5["metrics"]:
        assert h5["metrics"][name].shape == (FRAMES,)


def test_tables(h5):
    assert h5["events"][0]["kind"] == b"mark"
    assert h5["events"][0]["text"].decode() == "hörbar"
    assert h5["gaps"][0]["cause"] == b"unplugged" and h5["gaps"][0]["count"] == 0
    assert h5["clock"][0]["mono_ns"] == 5000000000
    summary = json.loads(h5["summary"][()])
    assert summary["recording"]["frames"] == FRAMES
    assert summary["recording"]["path"] == "trial-001.h5"


def ten_lines(path):
    text = (SOURCE / "docs" / "archive.md").read_text()
    code = re.search(r"```python\n(.*?)```", text, re.S).group(1)
    assert len(code.strip().splitlines()) <= 10
    names = {"path": path}
    exec(code, names)
    return names


def test_ten_lines(trial, h5):
    """The reader of the documentation against the calibration's definition, cell by cell."""
    i = np.arange(ROWS * COLS).reshape(ROWS, COLS)
    raw = h5["frames/raw"][()].astype(float)
    want = 0.125 * (raw - i % 2 - i % 3) * (1 + (i % 7) * 0.01)
    want[want < 1.5] = 0
    want[:, i == ROWS * COLS // 2] = 0
    kpa = ten_lines(trial)["kpa"]
    np.testing.assert_allclose(kpa, want, rtol=1e-12)
    # and the daemon's code saw the same pressure
    force = kpa.sum(axis=(1, 2)) * 1e3 * 0.0085**2
    np.testing.assert_allclose(h5["metrics/force_n"][()], force, rtol=1e-5)
    peak = kpa.max(axis=(1, 2))
    np.testing.assert_allclose(h5["metrics/pressure_peak_kpa"][()], peak, rtol=1e-5)


def follow_default(group):
    while "default" in group.attrs:
        group = group[group.attrs["default"]]
    return group


def test_viewers_find_their_way(h5):
    assert h5.attrs["NX_class"] == "NXroot" and h5[h5.attrs["default"]].attrs["NX_class"] == "NXentry"
    path = follow_default(h5)
    assert path.attrs["signal"] == "cop_y_mm" and list(path.attrs["axes"]) == ["cop_x_mm"]
    for name in ("frames", "metrics", "entry/cop_path"):
        group = h5[name]
        assert group.attrs["NX_class"] == "NXdata"
        signal = group[group.attrs["signal"]]
        assert signal.attrs["units"] and signal.attrs["long_name"]
        for size, axis in zip(signal.shape, group.attrs["axes"]):
            assert group[axis].shape == (size,) and group[axis].attrs["units"]
    assert h5["frames"].attrs["signal"] == "raw" and h5["metrics"].attrs["signal"] == "force_n"
    # row 0 is the front edge: y falls, x rises
    assert (np.diff(h5["frames/y_mm"]) < 0).all() and (np.diff(h5["frames/x_mm"]) > 0).all()
    np.testing.assert_allclose(h5["frames/y_mm"][-1], 4.25)


def test_session_and_manifest(trial):
    with h5py.File(trial.parent / "session.h5") as f:
        assert f["trial-001/frames/seq"].shape == (FRAMES,)
        assert follow_default(f).attrs["NX_class"] == "NXdata"
    overview = json.loads((trial.parent / "session.json").read_text())
    assert overview["trials"][0]["frames"] == FRAMES and overview["trials"][0]["accepted"] is True
    assert overview["annotations"][0]["text"] == "hörbar"
    subprocess.run(["sha256sum", "-c", "--strict", "MANIFEST.sha256"], cwd=trial.parent, check=True)
    assert sorted(p.name for p in trial.parent.iterdir()) == [
        "MANIFEST.sha256", "session.h5", "session.json", "trial-001.h5"]


def test_h5dump(trial):
    try:
        run = subprocess.run(["h5dump", trial], capture_output=True)
    except FileNotFoundError:
        pytest.skip("h5dump (hdf5-tools) is not installed")
    assert run.returncode == 0 and not run.stderr
    assert b"cop_path" in run.stdout


@pytest.mark.parametrize("dtype", ["|u1", "<u2", "<i2", "<i4", "<u4", "<f4", "<f8"])
def test_cell_types(tmp_path, dtype):
    run = subprocess.run([BUILD / "tests" / "make_session", tmp_path, "70", "9", "7", dtype],
                         check=True, capture_output=True, text=True)
    with h5py.File(run.stdout.strip()) as f:
        raw = f["frames/raw"]
        assert raw.dtype == np.dtype(dtype) and raw.shape == (70, 9, 7) and raw[()].max() > 0


def test_a_file_of_before_lacks_what_came_later(trial, tmp_path):
    """Borders of the heel were not among the live figures once: such a file is whole. Without its force it is not."""
    def verified(*without):
        path = tmp_path / "old.h5"
        path.write_bytes(trial.read_bytes())
        with h5py.File(path, "r+") as f:
            for name in without:
                del f["metrics"][name]
        run = subprocess.run([BUILD / "bin" / "plantar", "verify", path], capture_output=True, text=True)
        return run.returncode, run.stdout

    later = [f"{foot}_{what}_mm" for foot in ("left", "right", "foot")
             for what in ("heel_x", "heel_y", "heel_half", "heel_end", "forefoot_begin")]
    assert verified(*later)[0] == 0
    code, out = verified("force_n")
    assert code == 1 and "force_n of row 0 is nan" in out
