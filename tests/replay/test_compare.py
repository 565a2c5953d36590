# SPDX-License-Identifier: Apache-2.0
"""plantar compare and plantar trend: what stands beside a difference, what is left out, what is
refused. Documents are made up here so that every figure is known; the expected values are computed
with Python's statistics and printed quantiles of Student's t. Real steps: two halves of the same
trials differ no more than by chance, slow and fast ones do and the speed is said."""
import concurrent.futures
import copy
import csv
import io
import json
import math
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys

import h5py
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from cli import MAKE_JOURNAL, SHARED, document, person, run  # noqa: E402

SPEEDPP = SHARED / "data" / "speedpp"
T975 = {1: 12.7062, 2: 4.3027, 3: 3.1824, 4: 2.7764, 8: 2.3060, 9: 2.2622}  # printed tables

BASE = {
    "recording": {"format": "plantar-h5", "path": "x", "rows": 64, "cols": 64, "pitch_row_mm": 10,
                  "pitch_col_mm": 10, "unit": "kPa", "mat": "m", "mat_file": "pmp-64x64",
                  "subject": "P-1", "condition": "barefoot", "session_uuid": "s1",
                  "started_utc_ns": "1000", "annotations": {"surface": "barefoot"}},
    "method": {"region": "novel", "axis": "foot", "filter_hz": None, "filter_kind": "none",
               "contact_on_n": 30, "contact_off_n": 20, "version": "plantar-metrics/3"},
    "total": {"force_peak_n": 700.0, "force_peak_frame": 12},
}


def changed(doc, path, value):
    at = doc
    *way, last = path.split(".")
    for key in way:
        at = at.setdefault(key, {})
    at[last] = value
    return doc


def steps_document(values, side="left", rejected=(), speed=1.2, **changes):
    """A recording of steps: impulse_ns of each."""
    doc = copy.deepcopy(BASE)
    doc["steps"] = [{"side": side, "foot": i, "accepted": i not in rejected,
                     "rejected": ["partial"] if i in rejected else [], "onset_s": i,
                     "impulse_ns": v, "cpei_pct": None, "strike": "rearfoot"}
                    for i, v in enumerate(values)]
    doc["feet"] = [{"side": side, "partial": False, "touched": False, "contacts": 1,
                    "force_peak_n": 2 * v, "regions": {"heel": {"load_pct": v / 10}}}
                   for v in values]
    doc["gait"] = {"cadence_spm": 100, "steps": len(values), "speed_m_s": speed}
    for path, value in changes.items():
        changed(doc, path.replace("__", "."), value)
    return doc


def standing_document(left_pct, area=200.0, **changes):
    doc = copy.deepcopy(BASE)
    doc["standing"] = {"from_s": 0, "samples": 9, "load": {"left_pct": left_pct, "right_pct": 100 - left_pct,
                       "left_heel_pct": 60.0, "right_heel_pct": 55.0, "series": {"left_pct": [1, 2]}},
                       "sway": {"area_95_mm2": area}}
    doc["method"]["filter_kind"] = "butterworth"
    for path, value in changes.items():
        changed(doc, path.replace("__", "."), value)
    return doc


@pytest.fixture
def write(tmp_path):
    def make(name, doc):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(doc))
        return path
    return make


def figure(comparison, name, side=""):
    found = [f for f in comparison["figures"] if (f["figure"], f["side"]) == (name, side)]
    assert len(found) == 1, (name, side, [f["figure"] for f in comparison["figures"]])
    return found[0]


A = [300.0, 310.0, 305.0, 295.0, 290.0]
B = [330.0, 340.0, 335.0, 320.0, 325.0, 1.0]  # the last is rejected


def test_two_conditions(write):
    a, b = write("a", steps_document(A)), write("b", steps_document(B, rejected=[5]))
    doc = document("compare", a, b, "--json")
    assert doc["by"] == "groups" and doc["warnings"] == [] and doc["between_days"] is False
    assert [g["steps"] for g in doc["groups"]] == [5, 5]
    assert [g["steps_rejected"] for g in doc["groups"]] == [0, 1]
    assert [g["feet_left_out"] for g in doc["groups"]] == [0, 1]
    c = doc["comparisons"][0]
    f = figure(c, "steps.impulse_ns", "left")
    good = B[:5]
    assert (f["a_n"], f["b_n"], f["kind"], f["df"]) == (5, 5, "step", 8)
    assert f["a_mean"] == pytest.approx(statistics.mean(A))
    assert f["b_sd"] == pytest.approx(statistics.stdev(good))
    assert f["difference"] == pytest.approx(30)
    pooled = math.sqrt((4 * statistics.variance(A) + 4 * statistics.variance(good)) / 8)
    assert f["detectable_difference"] == pytest.approx(T975[8] * pooled * math.sqrt(0.4), rel=1e-4)
    assert f["beyond"] is True and f["repeatability"] == "within the session"
    assert figure(c, "feet.heel.load_pct", "left")["difference"] == pytest.approx(3)
    names = {f["figure"] for f in c["figures"]}
    assert "steps.onset_s" not in names and "total.force_peak_frame" not in names
    assert "steps.cpei_pct" not in names and "gait.steps" not in names
    # one value each: a difference and nothing to hold it against
    one = figure(c, "total.force_peak_n")
    assert (one["a_n"], one["detectable_difference"], one["beyond"]) == (1, None, None)
    assert one["repeatability"] == "repeatability unknown"
    assert c["figures_compared"] + c["figures_unknown"] == len(c["figures"])
    assert c["figures_beyond"] == sum(bool(f["beyond"]) for f in c["figures"])

    text = run("compare", a, b).stdout
    assert "figures were compared" in text and "repeatability unknown" in text
    wide = [l for l in text.splitlines() if len(l) > 100 and str(a) not in l and str(b) not in l]
    assert not wide
    lines = list(csv.DictReader(io.StringIO(run("compare", a, b, "--csv").stdout)))
    row = next(l for l in lines if l["figure"] == "steps.impulse_ns")
    assert float(row["difference"]) == pytest.approx(30) and row["beyond"] == "true"
    only = document("compare", a, b, "--json", "--figures", "steps.*")["comparisons"][0]
    assert {f["figure"] for f in only["figures"]} == {"steps.impulse_ns"}


def test_four_steps_are_too_few_and_three_standing_trials_enough(write):
    few = document("compare", write("a", steps_document(A[:4])), write("b", steps_document(B[:5])), "--json")
    f = figure(few["comparisons"][0], "steps.impulse_ns", "left")
    assert f["detectable_difference"] is None and f["beyond"] is None
    args = []
    for i, (left, right) in enumerate([(50, 46), (51, 47), (49, 45)]):
        args += ["--a", write(f"a{i}", standing_document(left)), "--b", write(f"b{i}", standing_document(right))]
    doc = document("compare", *args, "--json")
    f = figure(doc["comparisons"][0], "standing.load.pct", "left")
    # s = 1 in both, df 4: 2.7764 sqrt(2/3) = 2.2670
    assert (f["kind"], f["a_n"], f["df"]) == ("standing", 3, 4)
    assert f["detectable_difference"] == pytest.approx(T975[4] * math.sqrt(2 / 3), rel=1e-4)
    assert f["difference"] == pytest.approx(-4) and f["beyond"] is True
    assert doc["warnings"] == []  # nobody moved: no speed is asked for
    short = document("compare", *args[:8], "--json")
    f = figure(short["comparisons"][0], "standing.load.pct", "left")
    assert f["a_n"] == 2 and f["repeatability"] == "repeatability unknown"


def test_a_difference_of_rounding_is_none(write):
    """0.1 + 0.2 and 0.3 differ in their last bit, and nothing scatters in either."""
    a, b = write("a", steps_document([0.1 + 0.2] * 5)), write("b", steps_document([0.3] * 5))
    f = figure(document("compare", a, b, "--json")["comparisons"][0], "steps.impulse_ns", "left")
    assert f["detectable_difference"] < 1e-15 and f["beyond"] is False
    row = next(l for l in run("compare", a, b).stdout.splitlines() if l.startswith("  impulse_ns"))
    assert row.split() == ["impulse_ns", "5", "0.3000", "0", "5", "0.3000", "0", "0", "0", "within"]


def test_footprints_of_standing_are_not_those_of_steps(write):
    """A session of both: a stance of a minute says nothing about the contact time of a step."""
    foot = {"side": "left", "partial": False, "touched": False, "contact_time_s": 60.0, "regions": {}}
    stands = write("stands", changed(standing_document(50), "feet", [foot]))
    a = ["--a", stands, "--a", write("a", changed(steps_document(A), "feet", [foot | {"contact_time_s": 0.6}]))]
    c = document("compare", *a, *[x.replace("--a", "--b") for x in map(str, a)], "--json")["comparisons"][0]
    assert (figure(c, "feet.contact_time_s", "left")["a_n"],
            figure(c, "feet.contact_time_s", "left")["a_mean"]) == (1, 0.6)
    assert figure(c, "standing.feet.contact_time_s", "left")["a_mean"] == 60
    assert figure(c, "standing.total.force_peak_n")["a_n"] == figure(c, "total.force_peak_n")["a_n"] == 1


def test_left_against_right(write):
    doc = steps_document(A)
    right = steps_document(B[:5], side="right")
    doc["steps"] += right["steps"]
    for step in doc["steps"][5:]:
        step["foot"] += 5
    doc["feet"] += right["feet"]
    out = document("compare", write("both", doc), "--json")
    assert out["by"] == "sides"
    c = out["comparisons"][0]
    assert (c["a"], c["b"]) == ("left", "right")
    assert figure(c, "steps.impulse_ns", "right - left")["difference"] == pytest.approx(30)
    assert not [f for f in c["figures"] if f["figure"].startswith("total.")]
    c = document("compare", write("s", standing_document(53)), "--json")["comparisons"][0]
    assert figure(c, "standing.load.heel_pct", "right - left")["difference"] == pytest.approx(-5)


@pytest.mark.parametrize("path, value, name", [
    ("recording.mat_file", "pmp-32x32", "mat"), ("recording.pitch_row_mm", 5, "mat"),
    ("recording.annotations.surface", "in-shoe", "surface"), ("gait.surface", "treadmill", "ground"),
    ("method.contact_on_n", 50, "filter"), ("gait.gait_filter_hz", 20, "filter"),
    ("method.region", "thirds", "region"), ("method.version", "plantar-metrics/9", "version")])
def test_what_must_not_be_mixed(write, path, value, name):
    one = steps_document(A)
    if path == "gait.surface":
        one["gait"]["surface"] = "overground"
    a, b = write("a", one), write("b", changed(steps_document(A), path, value))
    refused = run("compare", a, b, code=1)
    assert f"--mix {name}" in refused.stderr and refused.stdout == ""
    other = "version" if name != "version" else "mat"
    run("compare", a, b, "--mix", other, code=1)
    doc = document("compare", a, b, "--mix", f"{other},{name}", "--json")
    assert [m["fact"].split(".")[0] for m in doc["mixed"]] == [name]
    assert any(w.startswith("mixed, as told") for w in doc["warnings"])
    assert document("compare", a, b, "--mix", "all", "--json")["mixed"] == doc["mixed"]


def test_one_condition_of_each(tmp_path):
    """Of sessions with several conditions one is taken of each, or all if that is allowed."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        for n, condition in enumerate(("barefoot", "shod", "")):
            doc = steps_document([v + 100 * n for v in A])
            changed(doc, "recording.condition", condition)
            (tmp_path / folder / f"trial-00{n + 1}.h5").write_text(json.dumps(doc))
    one, two = tmp_path / "one", tmp_path / "two"
    refused = run("compare", one, two, code=1).stderr
    assert "several conditions" in refused

    def means(*options):
        f = figure(document("compare", one, two, "--json", *options)["comparisons"][0], "steps.impulse_ns", "left")
        return round(f["a_mean"]), round(f["b_mean"])

    assert means("--condition", "barefoot") == (300, 300)
    assert means("--condition", "shod", "--condition", "barefoot") == (400, 300)
    assert means("--condition", "", "--condition", "shod") == (500, 400)
    assert means("--condition", "*", "--condition", "shod", "--mix", "condition") == (400, 400)
    assert 'two has no trial of condition "boots"' in run("compare", one, two, "--condition", "barefoot",
                                                          "--condition", "boots", code=1).stderr
    assert "one for each" in run("compare", one, "--condition", "a", "--condition", "b", code=2).stderr


def test_boxes_of_imported_sessions_may_differ_in_size(write):
    """How large a box was cut out says nothing of the mat; the pitch does."""
    a = steps_document(A, recording__mat_file="imported:hdf5-array:cropped")
    b = changed(copy.deepcopy(a), "recording.rows", 50)
    assert document("compare", write("a", a), write("b", b), "--json")["mixed"] == []
    own = changed(steps_document(A), "recording.rows", 50)
    assert "--mix mat" in run("compare", write("a", steps_document(A)), write("b", own), code=1).stderr
    changed(b, "recording.pitch_row_mm", 5)
    assert "--mix mat" in run("compare", write("a", a), write("b", b), code=1).stderr


def test_other_people_and_unknown_things(write):
    a = write("a", steps_document(A))
    b = write("b", steps_document(A, recording__subject="P-2"))
    assert "one person" in run("compare", a, b, "--mix", "all", code=1).stderr
    assert "--mix wants" in run("compare", a, a, "--mix", "people", code=2).stderr
    b = steps_document(A)
    del b["recording"]["annotations"]
    assert document("compare", a, write("b", b), "--json")["warnings"] == \
        ["surface unknown for some of the recordings"]
    (a.parent / "bad.json").write_text('{"recording": {')
    assert "bad.json:1:" in run("compare", a, a.parent / "bad.json", code=1).stderr
    (a.parent / "bad.json").write_text('{"a": 1}')
    assert "no document" in run("compare", a, a.parent / "bad.json", code=1).stderr
    assert "one group" in run("compare", a, "--by", "groups", code=2).stderr


def test_speed(write):
    def warnings(x, y):
        return document("compare", write("a", steps_document(A, speed=x)),
                        write("b", steps_document(A, speed=y)), "--json")["warnings"]
    assert warnings(1.20, 1.25) == []
    assert "speed differs by 8.0 %" in warnings(1.20, 1.30)[0]
    assert warnings(1.20, None)[0].startswith("speed unknown")
    assert warnings(None, None)[0].startswith("speed unknown")


def session(n, values, **changes):
    return steps_document(values, recording__session_uuid=f"s{n}",
                          recording__started_utc_ns=str(n * 10**18), **changes)


def test_between_sessions_the_scatter_within_says_nothing(write, tmp_path):
    s = [write(f"s{i}", session(i, [v + d for v in A])) for i, d in enumerate((0, 6, -3))]
    two = document("compare", s[0], s[1], "--json")
    assert two["between_days"] is True
    f = figure(two["comparisons"][0], "steps.impulse_ns", "left")
    assert f["detectable_difference"] is None and f["repeatability"] == "repeatability unknown"
    three = document("compare", *s, "--json")
    assert len(three["comparisons"]) == 2
    f = figure(three["comparisons"][0], "steps.impulse_ns", "left")
    # means 300, 306, 297: SD of three sessions, df 2
    sd = statistics.stdev([300, 306, 297])
    assert f["detectable_difference"] == pytest.approx(T975[2] * sd * math.sqrt(2), rel=1e-4)
    assert f["repeatability"] == "between days, 3 sessions of this person"

    cited = tmp_path / "days.json"
    cited.write_text(json.dumps({"source": "A. Author 2015", "figures": {
        "steps.impulse_ns": {"sd": 2.0, "df": 9}, "feet.force_peak_n": {"sd": 2.0}}}))
    c = document("compare", s[0], s[1], "--between-day", cited, "--json")["comparisons"][0]
    f = figure(c, "steps.impulse_ns", "left")
    assert f["detectable_difference"] == pytest.approx(T975[9] * 2 * math.sqrt(2), rel=1e-4)
    assert f["repeatability"] == "between days, A. Author 2015" and f["beyond"] is False
    f = figure(c, "feet.force_peak_n", "left")
    assert f["detectable_difference"] == pytest.approx(1.95996 * 2 * math.sqrt(2), rel=1e-4)
    assert f["df"] is None and f["beyond"] is True
    for bad in ('{"figures": {}}', '{"source": "x", "figures": {"a": {"sd": 0}}}', "{"):
        cited.write_text(bad)
        assert "days.json" in run("compare", s[0], s[1], "--between-day", cited, code=2).stderr


def test_lists_of_files(write, tmp_path):
    a, b = write("a", steps_document(A, speed=None)), write("b", steps_document(B[:5], speed=None))
    (tmp_path / "list").write_text(f"# both\nslow\t{a}\tspeed_m_s=1.0\nfast\t{b}\tspeed_m_s=2.0\n")
    doc = document("compare", "--list", tmp_path / "list", "--json")
    assert [g["name"] for g in doc["groups"]] == ["slow", "fast"]
    assert "speed differs by 66.7 %" in doc["warnings"][0]
    for line, says in [("slow\n", "tab"), (f"slow\t{a}\tcolour=red\n", "colour"),
                       (f"slow\t{a}\trate=fast\n", "number")]:
        (tmp_path / "list").write_text(line)
        error = run("compare", "--list", tmp_path / "list", code=2).stderr
        assert says in error and "list:1:" in error


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Three sessions of one walk each, made by plantard's own converter; and somebody else's. To
    be read only."""
    tmp_path = tmp_path_factory.mktemp("trend")
    root = tmp_path / "archive"
    for n, subject in enumerate(["P-1", "P-1", "P-1", "P-2"]):
        capture = person(tmp_path, seconds=6, extra=("--seed", n))
        folder = root / "2026" / "11" / f"session-{n}"
        folder.mkdir(parents=True)
        subprocess.run([MAKE_JOURNAL, str(capture), str(folder / "trial-001.journal")], check=True)
        run("recover", folder)
        with h5py.File(folder / "trial-001.h5", "r+") as f:
            # the maker of journals gives all the same uuid and moment; the manifest goes with it
            f.attrs["session_uuid"] = f"00000000-0000-4000-8000-00000000000{n}"
            f.attrs["started_utc_ns"] = 1790000000000000000 + (3 - n) * 86400 * 10**9
        (folder / "MANIFEST.sha256").unlink()
        run("annotate", folder, f"subject={subject}", "surface=barefoot", "speed_m_s=1.2")
    return root


def test_trend_over_an_archive(archive):
    doc = document("trend", "P-1", "--archive", archive, "--json")
    assert doc["subject"] == "P-1" and doc["warnings"] == []
    # oldest first, whatever the folders are called
    assert [s["session_uuid"][-1] for s in doc["sessions"]] == ["2", "1", "0"]
    assert [s["date"] for s in doc["sessions"]] == sorted(s["date"] for s in doc["sessions"])
    assert all(s["speed_m_s"] == 1.2 and s["steps"] > 1 for s in doc["sessions"])
    f = next(f for f in doc["figures"] if f["figure"] == "steps.impulse_ns" and f["side"] == "left")
    assert f["repeatability"] == "between days, 3 sessions of this person" and f["df"] == 2
    means = [p["mean"] for p in f["sessions"]]
    assert f["change"] == pytest.approx(means[-1] - means[0], abs=1e-9)
    assert f["between_day_sd"] == pytest.approx(statistics.stdev(means), abs=1e-9) and len(set(means)) == 3
    table = run("trend", "P-1", "--archive", archive).stdout
    assert "P-1" in table and max(map(len, table.splitlines())) <= 100
    where = {"PLANTARD_STATE_DIR": str(archive)}  # the default is where plantard keeps sessions
    assert run("trend", "P-1", env=os.environ | where).stdout == table
    lines = list(csv.DictReader(io.StringIO(run("trend", "P-1", "--archive", archive, "--csv").stdout)))
    assert len(lines) == 3 * len(doc["figures"])
    other = document("trend", "P-2", "--archive", archive, "--json")
    assert {f["repeatability"] for f in other["figures"]} == {"repeatability unknown"}
    assert "P-3" in run("trend", "P-3", "--archive", archive, code=1).stderr

    two = document("compare", archive / "2026/11/session-0", archive / "2026/11/session-1", "--json")
    assert two["between_days"] is True
    assert figure(two["comparisons"][0], "steps.impulse_ns", "left")["beyond"] is None
    two = document("compare", archive / "2026/11/session-0", archive / "2026/11/session-1",
                   "--sessions", archive, "--json")
    assert figure(two["comparisons"][0], "steps.impulse_ns", "left")["df"] == 2


def test_a_document_asks_its_recording_for_the_verdict(archive, tmp_path):
    archive = shutil.copytree(archive, tmp_path / "archive")
    first, other = (archive / f"2026/11/session-{i}/trial-001.h5" for i in (0, 1))
    paper = tmp_path / "analysis.json"
    paper.write_text(json.dumps(document("analyze", first, "--json")))
    run("annotate", first, "--reject", "shoes on")
    both = document("compare", paper, other, "--json")
    assert both["groups"][0]["trials_rejected"] == 1
    doc = json.loads(paper.read_text())
    doc["recording"].update(path=str(tmp_path / "gone.h5"), protocol="walk-over")
    paper.write_text(json.dumps(doc))
    both = document("compare", paper, other, "--json")
    assert any("not known" in w for w in both["warnings"])


def test_trend_leaves_out_and_refuses(archive, tmp_path):
    archive = shutil.copytree(archive, tmp_path / "archive")
    first = archive / "2026/11/session-0/trial-001.h5"
    run("annotate", first, "--reject", "shoes on")
    doc = document("trend", "P-1", "--archive", archive, "--json")
    assert sum(s["trials_rejected"] for s in doc["sessions"]) == 1
    run("annotate", first, "--accept")
    run("annotate", first, "surface=in-shoe")
    assert "--mix surface" in run("trend", "P-1", "--archive", archive, code=1).stderr
    assert document("trend", "P-1", "--archive", archive, "--mix", "surface", "--json")["mixed"]
    run("annotate", first, "surface=barefoot")
    # a verdict of the visit stands in session.json alone
    second = archive / "2026/11/session-1/session.json"
    overview = json.loads(second.read_text())
    overview["trials"][0]["accepted"] = False
    second.write_text(json.dumps(overview))
    doc = document("trend", "P-1", "--archive", archive, "--json")
    assert sum(s["trials_rejected"] for s in doc["sessions"]) == 1
    assert "(rejected)" in run("info", second.parent).stdout
    damaged = archive / "2026/11/session-1/trial-001.h5"
    damaged.write_bytes(damaged.read_bytes()[:4000])
    doc = document("trend", "P-1", "--archive", archive, "--json")
    assert len(doc["sessions"]) == 2 and "session-1" in doc["warnings"][0]


# ---- real steps ----

ARRAY = ("--axes", "-y,x,t", "--rate", 500, "--pitch", 5.08, "--unit", "kPa", "--cropped")
PEOPLE = ("subj000", "subj001", "subj002", "subj003")
SEEDS = range(1, 11)
real_steps = pytest.mark.skipif(not SPEEDPP.exists(), reason="the recordings of PLANTAR_SHARED are not here")


def table(name):
    with (SPEEDPP / name).open() as f:
        return list(csv.DictReader(f))


def trials(who, condition):
    """1 slow, 2 normal, 3 fast: their numbers, in the order they were walked."""
    return [i for i, row in enumerate(table("conditions.csv")) if row[who] == condition]


@pytest.fixture(scope="module")
def normal_speed(tmp_path_factory):
    """The 20 steps of each person at the normal speed, analyzed once: {who: {trial: document}}."""
    to = tmp_path_factory.mktemp("normal")

    def analyze(job):
        path = to / f"{job[0]}-{job[1]}.json"
        path.write_text(run("analyze", SPEEDPP / f"{job[0]}.h5", "--dataset", f"/img{job[1]:03d}",
                            *ARRAY, "--json").stdout)
        return job, path
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        done = dict(pool.map(analyze, [(who, i) for who in PEOPLE for i in trials(who, "2")]))
    return {who: {i: path for (w, i), path in done.items() if w == who} for who in PEOPLE}


def compare_list(to, who, groups, *options):
    """groups: {name: [(file, more of the line, trial)]}"""
    speeds = table("speeds.csv")
    to.write_text("".join(f"{name}\t{path}\t{more}speed_m_s={speeds[i][who]}\n"
                          for name, lines in groups.items() for path, more, i in lines))
    doc = document("compare", "--list", to, *options, "--json")
    return doc, doc["comparisons"][0]


@real_steps
def test_a_box_cut_out_has_no_edge(normal_speed):
    """63 x 33 cells around a foot: some touch the border. None was cut by a mat's edge."""
    cut = 0
    for who in PEOPLE:
        assert len(normal_speed[who]) == 20
        for path in normal_speed[who].values():
            doc = json.loads(path.read_text())
            foot, = doc["feet"]
            step, = doc["steps"]
            assert doc["recording"]["cropped"] is True
            assert (foot["partial"], foot["facing"], foot["side"]) == (False, "forward", "right")
            assert step["accepted"] and step["rejected"] == [] and step["strike"] == "rearfoot"
    options = [o for o in ARRAY if o != "--cropped"]
    for i in trials("subj003", "2"):
        doc = document("analyze", SPEEDPP / "subj003.h5", "--dataset", f"/img{i:03d}", *options, "--json")
        assert "cropped" not in doc["recording"]
        cut += doc["feet"][0]["partial"]
        assert doc["steps"][0]["accepted"] is not doc["feet"][0]["partial"]
    print(f"subj003 without --cropped: {cut} of 20 partial")
    assert cut == 11


@real_steps
def test_two_halves_of_the_same(tmp_path, normal_speed):
    """At most 5 % of the figures beyond: of every other step against the rest, and on the average
    of ten random halves. One split says little: the figures of a step go together, there are about
    five independent ones a person, so random halves scatter around 5 %. The first ten against the
    last ten are no repetition: printed, and asserted only to be said where the speed changed."""
    def halves(of):
        compared = beyond = 0
        warned = []
        for who in PEOPLE:
            of_a, of_b = of(who, sorted(normal_speed[who]))
            assert len(of_a) == len(of_b) == 10 and not set(of_a) & set(of_b)
            doc, c = compare_list(tmp_path / "list", who, {
                name: [(normal_speed[who][i], "", i) for i in part]
                for name, part in (("a", of_a), ("b", of_b))})
            assert [g["steps_rejected"] + g["feet_left_out"] for g in doc["groups"]] == [0, 0]
            compared += c["figures_compared"]
            beyond += c["figures_beyond"]
            warned += [who for w in doc["warnings"] if w.startswith("speed differs by")]
        return beyond, compared, warned

    def shuffled(seed):
        def of(who, all_trials):
            random.Random(f"{seed}-{who}").shuffle(all_trials)
            return all_trials[:10], all_trials[10:]
        return of

    beyond, compared, warned = halves(lambda who, t: (t[::2], t[1::2]))
    print(f"odd against even: {beyond} of {compared} beyond: {100 * beyond / compared:.1f} %")
    assert compared > 400 and beyond <= 0.05 * compared and warned == []

    shares = [100 * b / n for b, n, _ in map(halves, map(shuffled, SEEDS))]
    print("random halves:", " ".join(f"{s:.1f}" for s in shares),
          f"%, mean {statistics.mean(shares):.1f} %")
    assert statistics.mean(shares) <= 5

    beyond, compared, warned = halves(lambda who, t: (t[:10], t[10:]))
    print(f"first against last ten: {beyond} of {compared} beyond; speed differs: {warned}")
    assert warned == ["subj000"]


@real_steps
@pytest.mark.parametrize("who", PEOPLE)
def test_slow_against_fast(tmp_path, who):
    """The arrays themselves in a list, seven steps each: it is said that the speed differs."""
    groups = {name: [(SPEEDPP / f"{who}.h5", f"dataset=/img{i:03d}\tcropped=yes\t", i)
                     for i in trials(who, condition)[:7]] for name, condition in (("slow", "1"), ("fast", "3"))}
    doc, c = compare_list(tmp_path / "list", who, groups, *[o for o in ARRAY if o != "--cropped"])
    print(f"{who}: {c['figures_beyond']} of {c['figures_compared']} beyond; {doc['warnings']}")
    assert any(w.startswith("speed differs by") for w in doc["warnings"])
    assert [g["steps"] for g in doc["groups"]] == [7, 7]
    assert c["figures_beyond"] > 0.25 * c["figures_compared"]
    assert figure(c, "steps.contact_time_s", "right")["difference"] < 0
