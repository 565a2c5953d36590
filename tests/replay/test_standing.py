# SPDX-License-Identifier: Apache-2.0
"""Somebody standing, from the simulator through a mat's bytes and `plantar analyze` to the figures."""
import json
import os
import pathlib
import re

import pytest

from cli import document, run

SOURCE = pathlib.Path(os.environ["PLANTAR_SOURCE"])


def simulate(folder, kind, seconds, *extra, hz=100, calibration=None):
    """A mat of that rate, and somebody on it. calibration: lines instead of those of the mat."""
    conf = (SOURCE / "config" / "mats" / "pmp-64x64.conf").read_text()
    mat = folder / "mat.conf"
    conf = re.sub(r"^rate_hz = .*$", f"rate_hz = {hz};", conf, flags=re.M)
    if calibration:
        conf = re.sub(r"^calibration = {.*?^};", f"calibration = {{ {calibration} }};", conf, flags=re.M | re.S)
    mat.write_text(conf)
    capture = folder / f"{kind}.plcap"
    run("simulate", "--person", kind, "--as", mat, "--seconds", seconds, "--capture", capture, *extra)
    return capture


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("standing"), "standing", 30, "--seed", 7, "--left", 58,
                    "--heel", 70, "--mass", 80)


def test_load_is_what_was_simulated(standing):
    s = document("analyze", "--json", standing)["standing"]
    load = s["load"]
    assert s["flags"] == [] and s["samples"] == 3000 and s["rate_hz"] == 100
    assert s["force_mean_n"] == pytest.approx(80 * 9.80665, rel=0.01)
    assert load["left_pct"] == pytest.approx(58, abs=1.5)  # sways about it
    assert load["heel_pct"] == pytest.approx(70, abs=2)
    assert load["left_pct"] + load["right_pct"] == pytest.approx(100)
    for whose in ("", "left_", "right_"):
        parts = [load[f"{whose}{part}_pct"] for part in ("heel", "midfoot", "forefoot")]
        assert sum(parts) == pytest.approx(100, abs=0.1)
    mean = load["left_force_mean_n"] + load["right_force_mean_n"]
    assert mean == pytest.approx(s["force_mean_n"], rel=1e-3)
    index = 200 * (load["right_force_mean_n"] - load["left_force_mean_n"]) / mean
    assert load["symmetry_index_pct"] == pytest.approx(index)
    assert index < 0  # more on the left
    assert load["shifts"]["count"] == 0 and load["shifts"]["dwell_mean_s"] is None
    series = load["series"]
    assert series["interval_s"] == 1 and {len(v) for v in series.values() if isinstance(v, list)} == {30}
    assert sum(series["left_pct"]) / 30 == pytest.approx(load["left_pct"], abs=0.01)


def test_filter_is_said_and_done(standing):
    plain = document("analyze", "--json", "--filter", "none", standing)
    usual = document("analyze", "--json", standing)
    slow = document("analyze", "--json", "--filter", "2", standing)
    impossible = document("analyze", "--json", "--filter", "50", standing)
    assert [d["method"]["filter_hz"] for d in (plain, usual, slow, impossible)] == [None, 10, 2, None]
    assert plain["method"]["filter_kind"] == "none" != usual["method"]["filter_kind"]
    path = [d["standing"]["sway"]["path_mm"] for d in (plain, usual, slow)]
    assert path[0] > path[1] > path[2]
    assert impossible["standing"]["flags"] == ["unfiltered"]
    assert impossible["standing"]["sway"]["path_mm"] == path[0]
    assert plain["standing"]["load"] == usual["standing"]["load"]


def test_figures_agree_with_each_other(standing):
    s = document("analyze", "--json", standing)["standing"]
    sway, n = s["sway"], s["samples"]
    assert sway["mean_velocity_mm_s"] == pytest.approx(sway["path_mm"] * 100 / n)
    assert sway["mean_velocity_n1_mm_s"] == pytest.approx(sway["path_mm"] * 100 / (n - 1))
    assert sway["rms_mm"] ** 2 == pytest.approx(sway["rms_ap_mm"] ** 2 + sway["rms_ml_mm"] ** 2)
    assert sway["area_95_mm2"] == pytest.approx(
        3.141592653589793 * sway["ellipse_major_mm"] * sway["ellipse_minor_mm"])
    assert sway["f50_ap_hz"] <= sway["f95_ap_hz"]


def test_facing_turns_sway(standing):
    """Told that the person faces the other way, forward is the other way: nothing but signs and sides."""
    ahead = document("analyze", "--json", standing)
    back = document("analyze", "--json", "--facing", "backward", standing)
    assert (ahead["method"]["sway_axes"], back["method"]["sway_axes"]) == ("forward", "backward")
    a, b = ahead["standing"]["sway"], back["standing"]["sway"]
    assert b["mean_ap_mm"] == pytest.approx(-a["mean_ap_mm"])
    assert b["path_ml_mm"] == pytest.approx(a["path_ml_mm"])
    assert back["standing"]["load"]["left_pct"] == pytest.approx(ahead["standing"]["load"]["right_pct"])


def test_the_table_says_the_same(standing):
    text = run("analyze", standing).stdout
    s = document("analyze", "--json", standing)["standing"]
    assert "Standing: from 0 to 30.00 s" in text
    row = re.search(r"^  path +([\d.]+) +([\d.]+) +([\d.]+) mm$", text, re.M)
    assert float(row[1]) == pytest.approx(s["sway"]["path_mm"], rel=1e-3)
    assert float(row[2]) == pytest.approx(s["sway"]["path_ap_mm"], rel=1e-3)
    share = re.search(r"^  share of the load +([\d.]+) \+- [\d.]+ +([\d.]+) \+-", text, re.M)
    assert float(share[1]) == pytest.approx(s["load"]["left_pct"], rel=1e-3)
    assert "weight shifts: 0" in text and "sway_axes forward" in text


@pytest.mark.parametrize("kind", ["walking", "running", "empty"])
def test_nobody_stands(tmp_path, kind):
    capture = simulate(tmp_path, kind, 12)
    d = document("analyze", "--json", capture)
    assert "standing" not in d and d["method"]["filter_hz"] is None
    assert "Standing" not in run("analyze", capture).stdout


def test_weight_shifts_and_one_leg(tmp_path):
    shift = simulate(tmp_path, "shift", 30)
    shifts = document("analyze", "--json", shift)["standing"]["load"]["shifts"]
    assert 5 < shifts["count"] < 14 and 40 < shifts["size_mean_pct"] < 90
    assert f"weight shifts: {shifts['count']} of" in run("analyze", shift).stdout
    leg = simulate(tmp_path, "one-leg", 8, "--left", 100, hz=40)
    s = document("analyze", "--json", leg)["standing"]
    assert (s["load"]["left_pct"], s["load"]["right_pct"]) == (100, 0)
    assert s["load"]["right_heel_pct"] is None
    assert s["flags"] == ["below_25_s", "below_50_hz"]
    assert "! shorter than 25 s" in run("analyze", leg).stdout


def test_a_rate_that_is_not_true(tmp_path, standing):
    """The mat says 500 frames a second and sends 100: the time stamps are believed, and it is said."""
    capture = simulate(tmp_path, "standing", 30, "--seed", 7, "--left", 58, "--heel", 70, "--mass", 80,
                       "--hz", 100, hz=500)
    true, off = (document("analyze", "--json", c)["standing"] for c in (standing, capture))
    assert off["flags"] == ["rate"]
    assert off["rate_hz"] == pytest.approx(100, rel=1e-3)
    assert off["sway"]["mean_velocity_mm_s"] == pytest.approx(true["sway"]["mean_velocity_mm_s"], rel=5e-3)


@pytest.mark.parametrize("calibration, flagged", [
    ('unit = "kPa"; scale = 1.9; noise_floor = 4;', False),
    ('unit = "kPa"; scale = 2.0; noise_floor = 0;', True),
    ('unit = "N"; scale = 0.19;', False),  # a cell has 1 cm2: 1.9 kPa
    ('unit = "N"; scale = 0.21;', True),
    ('unit = "counts"; noise_floor = 20;', False),  # of which nobody knows how much that is
])
def test_coarse_codes_are_said(tmp_path, calibration, flagged):
    capture = simulate(tmp_path, "standing", 26, calibration=calibration)
    assert ("coarse_floor" in document("analyze", "--json", capture)["standing"]["flags"]) == flagged
    assert ("codes are 2 kPa or more apart" in run("analyze", capture).stdout) == flagged


def test_sway_sees_through_the_noise_floor(tmp_path):
    """A floor of 8 kPa takes the faint cells away; on the cells under the feet they still count."""
    area = {}
    for floor in (0, 8):
        folder = tmp_path / str(floor)
        folder.mkdir()
        capture = simulate(folder, "standing", 26, "--seed", 5,
                           calibration=f'unit = "kPa"; scale = 0.25; noise_floor = {floor};')
        d = document("analyze", "--json", capture)
        area[floor] = d["standing"]["sway"]["area_95_mm2"]
        assert d["method"]["sway_cells"] == ("all near the feet, others above the noise floor" if floor else
                                             "above the noise floor")
    assert area[8] == pytest.approx(area[0], rel=1e-9)


def test_own_sway_of_the_mat(tmp_path, standing):
    """Of a "weight" that sways as much as a person nothing stands out."""
    weight = simulate(tmp_path, "one-leg", 12)
    plain = document("analyze", "--json", standing)["standing"]
    s = document("analyze", "--json", "--dead-weight", weight, standing)["standing"]
    own = document("analyze", "--json", weight)["standing"]["sway"]
    assert s["sway"]["own"]["rms_ap_mm"] == pytest.approx(own["rms_ap_mm"])
    assert s["flags"] == ["near_own_sway"]
    assert set(s["sway"]["own"]) >= set(s["sway"]["below_three_own"]) >= {"area_95_mm2", "rms_mm"}
    assert {k: v for k, v in s["sway"].items() if k in plain["sway"]} == plain["sway"]
    table = run("analyze", "--dead-weight", weight, standing).stdout
    assert re.search(r"^  RMS +\*[\d.]+ +\*[\d.]+ +\*[\d.]+ mm  \(", table, re.M)
    assert "three times the mat's own sway" in table


def test_own_sway_is_of_the_same_mat(tmp_path, standing):
    other = simulate(tmp_path, "one-leg", 8, hz=50)
    r = run("analyze", "--dead-weight", other, standing, code=2)
    assert r.stdout == "" and "another mat" in r.stderr
    walking = simulate(tmp_path, "walking", 8)
    r = run("analyze", "--json", "--dead-weight", walking, standing, code=2)
    assert r.stdout == "" and "nothing lies still" in r.stderr


def test_series_are_of_the_same_shares(standing):
    s = document("analyze", "--json", standing)["standing"]
    assert set(s["load"]["series"]) - {"interval_s"} <= set(s["load"])
    assert len(json.dumps(s)) < 200000
