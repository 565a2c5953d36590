# SPDX-License-Identifier: Apache-2.0
"""Somebody walking and running, from the simulator through a mat's bytes and `plantar analyze` to the
steps, against what was simulated; and the same against a belt."""
import json
import os
import pathlib
import re

import pytest

from cli import document, run

SOURCE = pathlib.Path(os.environ["PLANTAR_SOURCE"])
HZ = 200


def simulate(folder, kind, seconds, *extra):
    """A mat of kPa, 200 Hz, and somebody on it; what was simulated beside."""
    conf = (SOURCE / "config" / "mats" / "pmp-64x64.conf").read_text()
    mat = folder / "mat.conf"
    mat.write_text(re.sub(r"^rate_hz = .*$", f"rate_hz = {HZ};", conf, flags=re.M))
    capture, truth = folder / f"{kind}.plcap", folder / f"{kind}.json"
    run("simulate", "--person", kind, "--as", mat, "--seconds", seconds, "--capture", capture,
        "--truth", truth, *extra)
    return capture, [s for s in json.loads(truth.read_text())["steps"]]


def pair(steps, truth):
    """Each step with the simulated one that began at the same time, within 25 ms."""
    for s in steps:
        near = [t for t in truth if abs(t["onset_s"] - s["onset_s"]) < 0.025]
        assert len(near) == 1, s["onset_s"]
        yield s, near[0]


def check(step, truth):
    assert abs(step["onset_s"] - truth["onset_s"]) <= 2.5 / HZ
    if not (truth["cut_onset"] or truth["cut_end"]):
        assert abs(step["contact_time_s"] - truth["contact_time_s"]) <= 4.5 / HZ
        assert step["impulse_ns"] == pytest.approx(truth["impulse_ns"], rel=0.03)
    assert step["side"] in (truth["side"], "unknown")
    assert step["strike"] in (truth["strike"], None)
    if step["heel_impulse_pct"] is not None and not truth["cut_end"]:
        assert step["heel_impulse_pct"] == pytest.approx(truth["heel_impulse_pct"], abs=2)


def test_against_a_belt(tmp_path):
    capture, truth = simulate(tmp_path, "walking", 12, "--belt", 0.5, "--seed", 4, "--mass", 60)
    doc = document("analyze", "--json", capture, "--belt-speed", 0.5)
    gait = doc["gait"]
    assert gait["surface"] == "treadmill" and gait["footprints"] == "on the belt, at y + v t"
    assert gait["speed_m_s"] == 0.5 and gait["speed_source"] == "belt"
    kept = [s for s in doc["steps"] if s["accepted"]]
    assert gait["steps"] == len(kept) >= 5
    for step, was in pair(kept, truth):
        check(step, was)
    assert {"left", "right"} <= {s["side"] for s in kept}
    assert all(s["foot_progression_against"] == "belt" for s in kept)
    text = run("analyze", capture, "--belt-speed", 0.5).stdout
    assert "speed 0.5000 m/s (belt)" in text and "rearfoot" in text


def test_belt_of_unknown_speed(tmp_path):
    capture, truth = simulate(tmp_path, "walking", 6, "--belt", 0.5, "--seed", 4, "--mass", 60)
    doc = document("analyze", "--json", capture, "--treadmill")
    assert doc["gait"]["footprints"].startswith("none")
    assert doc["gait"]["speed_m_s"] is None and doc["gait"]["speed_source"] == "none"
    assert all(s["strike_index_pct"] is None and s["force_peak_n"] for s in doc["steps"])


def test_running_over_the_mat(tmp_path):
    capture, truth = simulate(tmp_path, "run-over", 20, "--seed", 5, "--strike", "forefoot", "--mass", 60)
    doc = document("analyze", "--json", capture, "--body-mass", 60, "--speed", 3)
    kept = [s for s in doc["steps"] if s["accepted"]]
    assert len(kept) >= 3
    for step, was in pair(kept, truth):
        check(step, was)
        assert step["force_peak_bw"] == pytest.approx(step["force_peak_n"] / (60 * 9.80665))
        assert step["loading_rate_max_n_s"] is not None
    strikes = doc["gait"]["strikes"]
    assert strikes["forefoot"] == len([s for s in kept if s["strike"] == "forefoot"]) > 0
    assert sum(strikes.values()) == doc["gait"]["steps"]
    assert "loading_rate_max_n_s" in doc["gait"]["indicative"]  # 200 to 500 Hz
    assert doc["gait"]["speed_source"] == "entered"


def test_somebody_who_stands_makes_no_steps(tmp_path):
    capture, _ = simulate(tmp_path, "standing", 6, "--seed", 1)
    doc = document("analyze", "--json", capture)
    assert "steps" not in doc and "gait" not in doc
    assert "Steps" not in run("analyze", capture).stdout
