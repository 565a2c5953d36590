# SPDX-License-Identifier: Apache-2.0
"""plantar simulate --truth: the document is the manual's, says what was asked for, and belongs to
the frames that were sent."""
import json
import os
import pathlib
import re

from cli import document, run

PAGE = pathlib.Path(os.environ["PLANTAR_SOURCE"]) / "docs" / "man" / "plantar-simulate.1.scd"


def simulate(tmp_path, kind, seconds, *extra):
    capture, truth = tmp_path / f"{kind}.plcap", tmp_path / f"{kind}.json"
    run("simulate", "--person", kind, "--as", "pmp-64x64", "--seconds", seconds, "--hz", 100,
        "--capture", capture, "--truth", truth, *extra)
    return capture, json.loads(truth.read_text())


def test_walker(tmp_path):
    _, t = simulate(tmp_path, "walking", 12, "--heading", 180, "--toe-out", 12, "--foot-length", 240)
    assert t["frames"] == 1200 and t["seconds"] == 12 and t["standing"] is None
    assert t["person"]["facing"] == "backward" and t["person"]["foot_length_mm"] == 240
    assert len(t["steps"]) >= 3 and {s["strike"] for s in t["steps"]} == {"rearfoot"}
    for s in t["steps"]:
        assert s["facing"] == "backward" and abs(s["foot_progression_deg"] - 12) <= 2
        assert abs(s["contact_time_s"] - (s["end_s"] - s["onset_s"])) < 1e-12
        assert s["partial"] == (s["on_mat_pct"] < 100)


def test_strikes_by_name_and_by_number(tmp_path):
    for strike, want in (("forefoot", "forefoot"), ("midfoot", "midfoot"), ("20", "rearfoot")):
        _, t = simulate(tmp_path / ".", "running", 3, "--strike", strike)
        assert {s["strike"] for s in t["steps"]} == {want}
        assert {s["side"] for s in t["steps"]} == {"left", "right"}
        for path in tmp_path.iterdir():
            path.unlink()


def test_keys_are_those_of_the_manual(tmp_path):
    _, t = simulate(tmp_path, "walking", 4)
    said = PAGE.read_text().split("# TRUTH")[1].split("# EXAMPLES")[0]
    named = set(re.findall(r"_([a-z0-9]+(?:_[a-z0-9]+)*)_(?=[^a-z0-9_]|$)", said, re.M))
    assert set(t) <= named
    assert set(t["steps"][0]) <= named
    _, t = simulate(tmp_path, "standing", 4)
    assert set(t["standing"]) <= named


def test_sway_is_found_again(tmp_path):
    capture, t = simulate(tmp_path, "standing", 30, "--left", 40)
    a = document("analyze", "--json", capture)
    area = a["standing"]["sway"]["area_95_mm2"]
    assert abs(area / t["standing"]["sway_area_95_mm2"] - 1) < 0.03
    assert abs(a["standing"]["load"]["left_pct"] - t["standing"]["left_pct"]) < 1


def test_worn_mats(tmp_path):
    """Dead cells say nothing, noise something; the truth does not know them."""
    clean, a = simulate(tmp_path, "one-leg", 2)
    before = clean.read_bytes()
    clean.unlink()
    worn, b = simulate(tmp_path, "one-leg", 2, "--dead", 20, "--code-noise", 2)
    assert a == b and worn.read_bytes() != before
    worn = document("analyze", "--json", worn)["total"]["force_peak_n"]
    assert worn < 0.95 * 70 * 9.80665


def test_truth_is_of_persons(tmp_path):
    r = run("simulate", "--from", "x", "--as", "pmp-64x64", "--link", tmp_path / "l", "--truth", "t", code=2)
    assert "--truth goes with --person" in r.stderr
    r = run("simulate", "--person", "running", "--as", "pmp-64x64", "--seconds", 1, "--strike", "toes",
            "--capture", tmp_path / "c", code=2)
    assert "toes" in r.stderr
