# SPDX-License-Identifier: Apache-2.0
"""The main job: a mat's bytes over a serial port, live figures out, the right numbers in the file.

Recordings of other people are played as the byte stream of a PMP mat over a pty into plantard,
recorded, and analyzed; golden/pressure.json has what other people's programs say of them.
"""
import csv
import io
import json
import math
import os
import pathlib
import struct
import subprocess
import sys

import h5py
import numpy
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from plantar_harness import BIN, SHARED, SLOW, Plantard, environment, wait_until  # noqa: E402

DATA = pathlib.Path(SHARED) / "data"
EMED = DATA / "emed/walk.lst"
LEFT = DATA / "footpress/walk_L.asf"
RIGHT = DATA / "footpress/walk_R.asf"
GOLDEN = pathlib.Path(SHARED) / "golden/pressure.json"

# Codes of 0.05 kPa hold every pressure of these files (steps of 5 and of 1 kPa) exactly, so the
# file must give the golden figures to rounding, far inside 0.1 %.
REL = 1e-9

needs_recordings = pytest.mark.skipif(not GOLDEN.exists(), reason=f"{GOLDEN} is not here")


def plantar(*args, code=0):
    run = subprocess.run([os.path.join(BIN, "plantar"), *map(str, args)], env=environment(),
                         capture_output=True, text=True, timeout=120 * SLOW)
    assert run.returncode == code, run.stderr
    return run.stdout


def analyze(path, *options):
    return json.loads(plantar("analyze", "--json", path, *options))


def play_and_record(tmp_path, recording, mat):
    """Through a pty into plantard: the path of the finished .h5, and what simulate said."""
    link = tmp_path / "mat"
    daemon = Plantard([{"name": "mat", "mat": mat, "source": f"serial:{link}"}])
    with daemon:
        path = daemon.ok("start", subject="P-1")["trials"][0]["path"]
        player = subprocess.Popen([os.path.join(BIN, "plantar"), "simulate", "--from", recording,
                                   "--as", mat, "--link", link, "--rate", "max", "--json"],
                                  env=environment(), stdout=subprocess.PIPE, text=True)
        said = json.loads(player.communicate(timeout=60 * SLOW)[0])
        assert player.returncode == 0
        wait_until(lambda: daemon.mat()["frames"] >= said["frames"], 20, "all frames")
        daemon.ok("stop")
        daemon.ok("wait", path=path, timeout=60)
        kept = tmp_path / "trial.h5"
        kept.write_bytes(pathlib.Path(path).read_bytes())
    return kept, said


def check_golden(document, golden):
    total = document["total"]
    assert document["recording"]["frames"] == golden["frames"]
    assert document["recording"]["lost_frames"] == 0
    assert total["force_peak_frame"] == golden["force_peak_frame1"] - 1
    for key, expected in [("force_peak_n", "force_peak_N"),
                          ("force_time_integral_ns", "fti_trapz_Ns"),
                          ("pressure_peak_kpa", "peak_kPa"),
                          ("contact_area_peak_cm2", "area_peak_cm2"),
                          ("contact_area_footprint_cm2", "area_footprint_cm2"),
                          ("pressure_time_integral_max_cell_kpa_s",
                           "pressure_time_integral_max_cell_kPa_s")]:
        # golden figures are given to six digits or more; emed's integral to 675.58
        rel = 1e-5 if key == "force_time_integral_ns" and golden[expected] == 675.58 else REL
        assert total[key] == pytest.approx(golden[expected], rel=rel), key


@needs_recordings
@pytest.mark.parametrize("recording, mat, key", [(EMED, "pmp-emed", "emed/walk.lst"),
                                                 (LEFT, "pmp-fscan", "footpress/walk_L.asf")])
def test_golden_figures_through_the_daemon(tmp_path, recording, mat, key):
    golden = json.loads(GOLDEN.read_text())[key]
    path, said = play_and_record(tmp_path, recording, mat)
    check_golden(analyze(path), golden)
    thirds = analyze(path, "--region", "thirds-box")
    regions = thirds["feet"][0]["regions"]
    for ours, theirs in [("heel", "heel"), ("midfoot", "mid"), ("forefoot", "fore")]:
        expected = golden["regions_thirds_box"][theirs]
        assert regions[ours]["force_peak_n"] == pytest.approx(expected["force_peak_N"], rel=REL)
        assert regions[ours]["force_time_integral_ns"] == pytest.approx(expected["fti_Ns"], rel=REL)
        assert regions[ours]["contact_area_cm2"] == pytest.approx(expected["area_footprint_cm2"],
                                                                 rel=REL)


@needs_recordings
def test_the_right_foot_of_the_pair_through_the_daemon(tmp_path):
    path, said = play_and_record(tmp_path, RIGHT, "pmp-fscan")
    ours, direct = analyze(path), analyze(RIGHT)
    assert ours["recording"]["frames"] == 205
    for key, expected in direct["total"].items():
        assert ours["total"][key] == pytest.approx(expected, rel=REL), key


@needs_recordings
def test_plain_h5py_finds_the_pressures_of_the_lst_file(tmp_path):
    """Raw codes times the scale in the file are the numbers that stand in the text file."""
    path, said = play_and_record(tmp_path, EMED, "pmp-emed")
    frames, rows = [], []
    for line in EMED.read_text(encoding="latin1").splitlines():
        cells = line.split("\t")
        if cells[0].isdigit():
            rows.append([float(cell) for cell in cells[1:-1]])
        elif cells[0] == "Force":
            frames.append(rows)
            rows = []
    expected = numpy.array(frames)
    with h5py.File(path) as f:
        raw = f["frames/raw"][:]
        assert raw.dtype == numpy.uint16
        numpy.testing.assert_array_equal(raw, numpy.rint(expected / 0.05).astype(numpy.uint16))
        assert f.attrs["schema"] in ("plantar-session/1", b"plantar-session/1")


def export_metrics(path, *options):
    text = plantar("export", "csv", path, "--what", "metrics", *options)
    return list(csv.DictReader(io.StringIO(text)))


def float_bits(text):
    """The bits of the float that a decimal text means; None for an empty field."""
    return struct.pack("<f", float(text)) if text not in (None, "") else None


def test_live_metrics_are_bit_equal_live_and_offline(tmp_path):
    """One capture through the daemon, through `plantar export` and through the archive."""
    capture = tmp_path / "walk.plcap"
    plantar("simulate", "--person", "walking", "--as", "pmp-64x64", "--hz", 100, "--seconds", 6,
            "--noise", 1.5, "--seed", 7, "--capture", capture)
    offline = {int(row["seq"]): row for row in export_metrics(capture)}
    with Plantard([{"name": "mat", "mat": "pmp-64x64", "source": f"replay:{capture}"}]) as daemon:
        subscriber = daemon.subscribe("metrics/")
        path = daemon.ok("start")["trials"][0]["path"]
        live = {}
        for topic, header, blob in subscriber.drain(quiet=1.5):
            live[header["seq"]] = header["metrics"]
        daemon.ok("stop")
        daemon.ok("wait", path=path, timeout=60)
        assert len(live) > 200
        verified = json.loads(plantar("verify", "--json", path))
        stored, again = export_metrics(path), export_metrics(path, "--recompute")
    assert "bit" in json.dumps(verified)
    first = int(stored[0]["seq"])  # recording began here: footprints and filters began anew
    compared = 0
    for seq, metrics in live.items():
        if seq >= first:
            continue  # a part of the capture that was played before the recording
        for key, value in metrics.items():
            theirs = float_bits(offline[seq][key])
            ours = None if value is None else struct.pack("<f", value)
            assert ours == theirs, (seq, key, value, offline[seq][key])
            compared += 1
    rows = {int(row["seq"]): row for row in stored}
    for seq, metrics in live.items():
        if seq < first or seq not in rows:
            continue
        for key, value in metrics.items():
            assert (None if value is None else struct.pack("<f", value)) == \
                float_bits(rows[seq][key]), (seq, key)
            compared += 1
    assert compared > 10000
    for one, other in zip(stored, again):
        assert one == other


def test_an_empty_mat_gives_nulls(tmp_path):
    with Plantard([{"name": "mat", "mat": "pmp-64x64", "source": "sim:empty?hz=50"}]) as daemon:
        subscriber = daemon.subscribe("metrics/")
        metrics = subscriber.next()[1]["metrics"]
        assert metrics["force_n"] == 0
        assert metrics["cop_x_mm"] is None and metrics["left_pct"] is None
        assert not any(isinstance(v, float) and math.isnan(v) for v in metrics.values())
