# SPDX-License-Identifier: Apache-2.0
"""What is said about a recording, before and after it: annotations at the start, plantar annotate,
plantar correct. The frames stay, the figures follow, the log remembers, verify stays green and
still notices what others changed."""
import fcntl
import getpass
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import h5py
import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from cli import MAKE_JOURNAL, PLANTAR, document, person, rows, run  # noqa: E402
from plantar_harness import Plantard  # noqa: E402

SIM = {"name": "m", "mat": "pmp-64x64", "source": "sim:standing?hz=100"}


@pytest.fixture
def session(tmp_path):
    """Two finished trials of one walk."""
    capture = person(tmp_path, seconds=2)
    folder = tmp_path / "2026" / "11" / "session"
    folder.mkdir(parents=True)
    for trial in (1, 2):
        subprocess.run([MAKE_JOURNAL, str(capture), str(folder / f"trial-00{trial}.journal")],
                       check=True)
        run("recover", folder)
    return folder


def datasets(path):
    """Every dataset but the log, as bytes."""
    found = {}
    with h5py.File(path) as f:
        f.visititems(lambda name, at: found.update({name: at[()].tobytes() if at.shape else at[()]})
                     if isinstance(at, h5py.Dataset) and name != "amendments" else None)
    return found


def measured(path):
    """What the mat said, and what was computed from it live."""
    found = {k: v for k, v in datasets(path).items() if "raw" in k or "seq" in k or "metrics" in k}
    assert found
    return found


def log(path):
    with h5py.File(path) as f:
        text = f["amendments"][()]
    return [json.loads(line) for line in text.decode().splitlines()]


def test_annotate_a_trial(session):
    trial = session / "trial-001.h5"
    before, summary = datasets(trial), document("info", trial, "--json")["recordings"][0]
    done = document("annotate", trial, "body_mass_kg=70.50", "pain_score=3", "surface=barefoot",
                    "pain_left=posterior-heel,plantar-heel-medial", "first_steps=yes",
                    "footwear=", "--note", "felt warm", "--mark", "1.5:stumbled", "--json")
    assert done == {"trials": [{"path": str(trial), "changed": 7}]}
    assert datasets(trial) == before
    with h5py.File(trial) as f:
        assert f["subject"].attrs["body_mass_kg"] == 70.5
        assert f["subject"].attrs["pain_left"] == "plantar-heel-medial,posterior-heel"
        assert f["trial"].attrs["pain_score"] == 3 and f["trial"].attrs["first_steps"] == 1
        assert f["trial"].attrs["surface"] == "barefoot" and "footwear" not in f["trial"].attrs
        started = int(f.attrs["started_mono_ns"])
    lines = log(trial)
    assert len(lines) == 7 and all(l["who"] == getpass.getuser() and l["utc"] for l in lines)
    mass = next(l for l in lines if l.get("key") == "body_mass_kg")
    assert (mass["was"], mass["is"]) == ("", "70.5")
    mark = next(l for l in lines if l.get("kind") == "mark")
    assert mark["text"] == "stumbled" and int(mark["t_mono_ns"]) == started + 1500000000

    events = rows(trial, "--what", "events")
    assert [e["text"] for e in events if e["kind"] in ("mark", "note")][-2:] == \
        ["felt warm", "stumbled"]
    info = document("info", trial, "--json")["recordings"][0]
    assert info["session"]["annotations"]["pain_score"] == 3
    assert info["session"]["annotations"]["pain_left"] == ["plantar-heel-medial", "posterior-heel"]
    assert info["session"]["body_mass_kg"] == 70.5 and len(info["amendments"]) == 7
    assert summary["amendments"] == []
    text = run("info", trial).stdout
    assert "pain_score: 3" in text and "body_mass_kg from nothing to 70.5" in text
    doc = document("analyze", trial, "--json")
    assert doc["recording"]["annotations"]["surface"] == "barefoot"

    overview = json.loads((session / "session.json").read_text())
    first, second = overview["trials"]
    assert first["annotations"]["pain_score"] == 3 and first["annotations"]["body_mass_kg"] == 70.5
    assert first["amendments"] == 7 and second["amendments"] == 0
    assert {"stumbled", "felt warm"} <= {a["text"] for a in overview["annotations"]}
    assert document("verify", session, "--json")["problems"] == 0
    assert not list(session.glob("*.amend"))


def test_the_same_again_changes_nothing(session):
    trial = session / "trial-001.h5"
    run("annotate", trial, "height_m=1.80")
    before = trial.read_bytes()
    assert document("annotate", trial, "height_m=1.8", "--json")["trials"][0]["changed"] == 0
    assert trial.read_bytes() == before
    assert "as it was" in run("annotate", trial, "height_m=1.8").stdout
    run("annotate", trial, "height_m=1.9")
    run("annotate", trial, "height_m=")
    assert [(l["was"], l["is"]) for l in log(trial)] == [("", "1.8"), ("1.8", "1.9"), ("1.9", "")]
    with h5py.File(trial) as f:
        assert not [k for k in f["subject"].attrs if k.startswith("height_m")]


def test_a_whole_session_and_its_verdicts(session):
    run("annotate", session, "subject=P-0077", "heel_lift_mm=6")
    for trial in sorted(session.glob("trial-*.h5")):
        with h5py.File(trial) as f:
            assert f.attrs["subject"] == f["subject"].attrs["code"] == "P-0077"
            assert f["trial"].attrs["heel_lift_mm"] == 6
            assert f["trial"].attrs["heel_lift_mm_units"] == "mm"
    run("annotate", session / "trial-002.h5", "--reject", "two feet")
    overview = json.loads((session / "session.json").read_text())
    assert overview["subject"] == "P-0077"
    assert [t["accepted"] for t in overview["trials"]] == [True, False]
    assert overview["trials"][1]["reason"] == "two feet"
    run("annotate", session / "trial-002.h5", "--accept")
    overview = json.loads((session / "session.json").read_text())
    assert [t["accepted"] for t in overview["trials"]] == [True, True]
    assert document("verify", session, "--json")["problems"] == 0


def test_what_is_refused(session, tmp_path):
    trial = session / "trial-001.h5"
    before = trial.read_bytes()
    for words, code, says in [
            (["pain_score=11"], 2, "from 0 to 10"),
            (["pain_scor=1"], 2, "pain_score"),
            (["height_m=1.8", "surface=lawn"], 2, "barefoot"),
            (["height_m"], 2, "KEY=VALUE"),
            ([], 2, "nothing to add"),
            (["--mark", "stumbled"], 2, "12.5:stumbled"),
            (["--mark", "99:late"], 2, "within the trial"),
            (["--note", "a\nb"], 2, "control"),
            (["feet_side=1=up"], 2, "foot=side")]:
        assert says in run("annotate", trial, *words, code=code).stderr, words
    assert trial.read_bytes() == before
    assert "one trial" in run("annotate", session, "--mark", "1:x", code=2).stderr
    assert "no session" in run("annotate", tmp_path, "height_m=1.8", code=1).stderr
    assert "no trial-NNN.h5" in run("annotate", tmp_path / "walking-pmp-64x64.plcap",
                                    "height_m=1.8", code=2).stderr
    shutil.copy(session / "session.json", session / "trial-003.h5")
    assert run("annotate", session / "trial-003.h5", "height_m=1.8", code=1).stderr
    keys = run("annotate", "--keys").stdout
    assert "body_mass_kg" in keys and "1 to 500 kg" in keys


def test_a_tampered_trial_is_noticed_and_not_blessed(session):
    trial = session / "trial-001.h5"
    run("annotate", trial, "pain_score=3")
    with h5py.File(trial, "r+") as f:
        f["trial"].attrs["pain_score"] = 9.0
    bad = document("verify", session, "--json", code=1)
    assert bad["problems"] == 1
    assert "changed since it was sealed" in bad["files"][0]["problem"]
    tampered = trial.read_bytes()
    assert "plantar verify" in run("annotate", trial, "height_m=1.8", code=1).stderr
    assert trial.read_bytes() == tampered
    assert document("verify", session, "--json", code=1)["problems"] == 1


def test_a_session_that_is_being_sealed_is_no_changed_one(session):
    """Whoever seals holds the folder's lock; between a file and the manifest verify waits for it."""
    overview, manifest = session / "session.json", session / "MANIFEST.sha256"
    lock = os.open(session, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    was = hashlib.sha256(overview.read_bytes()).hexdigest()
    overview.write_bytes(overview.read_bytes() + b"\n")
    checked = subprocess.Popen([PLANTAR, "verify", str(session)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True)
    with pytest.raises(subprocess.TimeoutExpired):
        checked.wait(2)  # it has seen the difference, and says nothing yet
    manifest.write_text(manifest.read_text().replace(was, hashlib.sha256(overview.read_bytes()).hexdigest()))
    os.close(lock)
    said = checked.communicate(timeout=60)[0]
    assert checked.returncode == 0, said


def test_a_power_cut_at_any_step_of_an_amendment(session):
    """Killed before each rename, unlink and fsync in turn: verify calls the folder sound, the frames are there,
    and the next amendment leaves everything renewed, as if nothing had been."""
    kept = session.parent / "kept"
    session.rename(kept)
    steps = 0
    while True:
        steps += 1
        shutil.rmtree(session, ignore_errors=True)
        shutil.copytree(kept, session)
        trial = session / "trial-001.h5"
        before = measured(trial)
        env = {**os.environ, "LD_PRELOAD": os.path.join(os.path.dirname(MAKE_JOURNAL), "crash_at.so"),
               "CRASH_AT": str(steps), "ASAN_OPTIONS": "verify_asan_link_order=0"}
        done = subprocess.run([PLANTAR, "annotate", str(trial), "height_m=1.8"], env=env, capture_output=True, text=True)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        checked = document("verify", session, "--json")
        assert checked["problems"] == 0, (steps, checked)
        run("annotate", trial, "height_m=1.8")
        assert document("verify", session, "--json")["problems"] == 0, steps
        assert measured(trial) == before
        with open(session / "session.json") as f:
            said = json.load(f)
        assert "height_m" in json.dumps(said), steps
        assert len(log(trial)) == 1
        assert not (session / "MANIFEST.sha256.pending").exists()
    assert steps > 8  # announced, renamed, manifest, overview, its link file, manifest, cleared


def test_only_what_was_announced_is_accepted(session):
    """MANIFEST.sha256.pending excuses the file it names with that checksum, no other change."""
    trial = session / "trial-001.h5"
    (session / "MANIFEST.sha256.pending").write_text(f"{hashlib.sha256(b'x').hexdigest()}  trial-001.h5\nhalf a li")
    assert document("verify", session, "--json")["problems"] == 0
    with open(trial, "ab") as f:
        f.write(b"x")
    assert "changed since it was sealed" in str(document("verify", session, "--json", code=1))
    assert "plantar verify" in run("annotate", trial, "height_m=1.8", code=1).stderr


def test_a_damaged_log_is_named(session):
    trial = session / "trial-001.h5"
    with h5py.File(trial, "r+") as f:
        f["amendments"] = np.bytes_(b'{"utc":"now"}\n')
    (session / "MANIFEST.sha256").unlink()
    assert "line 1 is no amendment" in run("annotate", trial, "height_m=1.8", code=1).stderr
    info = document("info", trial, "--json")["recordings"][0]
    assert "line 1" in info["amendments"][0]["problem"]


def test_correct_is_followed_by_the_analysis(session):
    trial = session / "trial-001.h5"
    feet = document("analyze", trial, "--json")["feet"]
    sides = [f["side"] for f in feet]
    assert "left" in sides
    n = sides.index("left")
    run("correct", trial, "--side", "right", "--foot", n + 1)
    again = document("analyze", trial, "--json")["feet"]
    assert [f["side"] for f in again] == [*sides[:n], "right", *sides[n + 1:]]
    # medial and lateral change places with the side, the rest of the foot stays
    old, new = feet[n]["regions"], again[n]["regions"]
    assert new["heel"] == old["heel"] and new["forefoot_medial"] == old["forefoot_lateral"]
    run("correct", trial, "--side", "unknown", "--foot", 1)
    assert document("info", trial, "--json")["recordings"][0]["session"]["annotations"][
        "feet_side"] == ("1=unknown" if n == 0 else f"1=unknown,{n + 1}=right")
    for foot in (1, n + 1):
        run("correct", trial, "--side", "auto", "--foot", foot)
    assert [f["side"] for f in document("analyze", trial, "--json")["feet"]] == sides

    run("correct", trial, "--side", "left", "--facing", "forward")
    doc = document("analyze", trial, "--json")
    assert {f["side"] for f in doc["feet"]} == {"left"} and doc["method"]["facing"] == "forward"
    # the command line stands above the correction
    doc = document("analyze", trial, "--json", "--side", "right")
    assert {f["side"] for f in doc["feet"]} == {"right"}
    run("correct", trial, "--side", "auto", "--facing", "auto")
    doc = document("analyze", trial, "--json")
    assert [f["side"] for f in doc["feet"]] == sides and doc["method"]["facing"] == "auto"
    assert document("verify", session, "--json")["problems"] == 0
    assert "--side or --facing" in run("correct", trial, code=2).stderr
    assert "--foot goes with" in run("correct", trial, "--facing", "left", "--foot", 1, code=2).stderr


def step_list(trial):
    doc = document("analyze", trial, "--json")
    return doc["steps"], doc["gait"]


def test_a_step_is_taken_out_by_hand(session, tmp_path):
    """What no sensor saw: the person aimed at the mat. Means, comparisons and exports leave the step out, the file
    says who did it and why, and the rejection stays with its step when corrections number or name it anew."""
    trial = session / "trial-001.h5"
    capture = person(tmp_path, seconds=6)
    (session / "trial-003.journal").unlink(missing_ok=True)
    subprocess.run([MAKE_JOURNAL, str(capture), str(session / "trial-003.journal")], check=True)
    run("recover", session)
    trial = session / "trial-003.h5"
    before, gait = step_list(trial)
    assert len(before) >= 2 and all(s["accepted"] for s in before) and gait["steps"] == len(before)
    stored = datasets(trial)
    run("correct", trial, "--reject-step", 2, "--reason", "targeting")

    steps, gait = step_list(trial)
    assert [s["rejected"] for s in steps] == [["operator"] if i == 1 else [] for i in range(len(before))]
    assert steps[1]["reject_reason"] == "targeting" and "reject_reason" not in steps[0]
    assert {k: v for k, v in steps[1].items() if k not in ("accepted", "rejected", "reject_reason")} == \
        {k: v for k, v in before[1].items() if k not in ("accepted", "rejected")}
    assert gait["steps"] == len(before) - 1 and gait["rejected"] == {"operator": 1}
    kept = [s["force_peak_n"] for i, s in enumerate(before) if i != 1]
    assert gait["figures"]["force_peak_n"]["all"]["mean"] == pytest.approx(np.mean(kept))
    assert "rejected: operator (targeting)" in run("analyze", trial).stdout
    table = rows(trial, "--what", "steps")
    assert [r["accepted"] for r in table].count("false") == 1 and table[1]["reject_reason"] == "targeting"
    # the log has who and why; the recorded figures stay, and say that they are older than that
    line = log(trial)[-1]
    assert line["key"] == "steps_rejected" and line["was"] == "" and line["who"] == getpass.getuser()
    assert line["is"] == f"{before[1]['onset_s']:.3f}+{before[1]['contact_time_s']:.3f}@{before[1]['foot']} targeting"
    assert datasets(trial) == stored
    for name in ("summary", "steps"):
        with h5py.File(trial) as f:
            assert f[name].attrs["amended_utc"] == line["utc"]
            assert "plantar analyze" in f[name].attrs["amended"]
    assert document("verify", session, "--json")["problems"] == 0

    # toes the other way: other sides, other strikes, the same step
    run("correct", trial, "--facing", "backward")
    turned, gait = step_list(trial)
    out = [s for s in turned if not s["accepted"]]
    assert [abs(s["onset_s"] - before[1]["onset_s"]) < 0.05 for s in out] == [True]
    assert "rejections_without_step" not in gait
    run("correct", trial, "--facing", "auto")

    run("correct", trial, "--accept-step", 2)
    assert step_list(trial)[0] == before
    assert [(l["was"] != "", l["is"] != "") for l in log(trial) if l.get("key") == "steps_rejected"] == \
        [(False, True), (True, False)]
    run("correct", trial, "--reject-step", 1, "--reject-step", 2, "--reason", "stumbled")
    run("correct", trial, "--reject-step", 1, "--reason", "limped")  # said again: the last holds
    assert [s["reject_reason"] for s in step_list(trial)[0][:2]] == ["limped", "stumbled"]
    # of a step that is not there any more: said, and taken back by hand
    run("annotate", trial, "steps_rejected=99.5+0.6@7 gone")
    assert step_list(trial)[1]["rejections_without_step"] == 1
    assert "cannot be found" in run("analyze", trial).stdout
    run("annotate", trial, "steps_rejected=")
    assert step_list(trial)[0] == before


def test_a_step_of_a_table_is_taken_out(tmp_path):
    """A force plate's three steps of 1000, 1200 and 800 N: without the second one their mean is 900 N."""
    peaks = ((60, 1000), (180, 1200), (300, 800))
    force = [max(0, *(f * (1 - abs(i - at) / 30) for at, f in peaks)) for i in range(360)]
    table = tmp_path / "plate.csv"
    table.write_text("F\n" + "".join(f"{f!r}\n" for f in force))
    run("import", table, "--columns", "force=F", "--rate", 100, "--out", tmp_path / "archive", "--subject", "P-1")
    (trial,) = (tmp_path / "archive").glob("*/*/*/trial-001.h5")
    steps, gait = step_list(trial)
    assert [s["force_peak_n"] for s in steps] == [1000, 1200, 800]
    run("correct", trial, "--reject-step", 2, "--reason", "targeting")
    steps, gait = step_list(trial)
    assert [s["accepted"] for s in steps] == [True, False, True] and gait["force_peak_mean_n"] == 900
    with h5py.File(trial) as f:
        assert "amended_utc" in f["steps"].attrs and list(f["steps"]["accepted"]) == [1, 1, 1]
    assert document("verify", trial.parent, "--json")["problems"] == 0
    run("correct", trial, "--accept-step", 2)
    assert step_list(trial)[1]["force_peak_mean_n"] == 1000


def test_only_steps_that_are_there(session):
    trial = session / "trial-001.h5"
    before = trial.read_bytes()
    for words, says in [(["--reject-step", 1], "--reason"),
                        (["--reject-step", 99, "--reason", "x"], "there is no step 99"),
                        (["--reject-step", 0, "--reason", "x"], "0"),
                        (["--reject-step", 1, "--reason", "a;b"], "no ;"),
                        (["--reject-step", 1, "--reason", "x" * 64], "1 to 63"),
                        (["--reject-step", 1, "--reason", "a\nb"], "control"),
                        (["--accept-step", 1], "not rejected by hand"),
                        (["--accept-step", 1, "--reason", "x"], "not rejected by hand"),
                        (["--side", "left", "--reason", "x" * 161], "1 to 160"),
                        (["--side", "left", "--by", "x" * 49], "48"),
                        (["--reason", "x"], "--reject-step")]:
        assert says in run("correct", trial, *words, code=2).stderr, words
    assert trial.read_bytes() == before


def test_why_and_for_whom(session):
    """Of what is no step the reason is a note; somebody else's name stands beside the login."""
    trial = session / "trial-001.h5"
    run("correct", trial, "--side", "left", "--reason", "seen; twice", "--by", "anna")
    amended = json.loads(run("info", trial, "--json").stdout)["recordings"][0]["amendments"]
    assert [(a.get("key"), a.get("is"), a.get("text")) for a in amended] == [
        ("side", "left", None), (None, None, "corrected: seen; twice")]
    assert all(a["who"].startswith("anna via ") and len(a["who"]) > len("anna via ") for a in amended)


def test_notes_are_no_correction_of_figures(session):
    trial = session / "trial-001.h5"
    run("annotate", trial, "pain_score=3", "--note", "warm")
    with h5py.File(trial) as f:
        assert "amended" not in f["summary"].attrs and "amended" not in f["steps"].attrs
    run("annotate", trial, "body_mass_kg=70")
    with h5py.File(trial) as f:
        assert "amended" in f["summary"].attrs and "amended" in f["steps"].attrs


def test_given_when_the_recording_starts():
    with Plantard([SIM], archive={"subject_pattern": "P-[0-9]+"}) as d:
        for given, says in [({"annotations": {"colour": "red"}}, "colour"),
                            ({"annotations": {"height_m": "1.8"}}, "height_m: a number"),
                            ({"annotations": {"footwear": 7}}, "footwear: a string"),
                            ({"annotations": {"height_m": 180}}, "0.4 to 2.6"),
                            ({"annotations": {"feet_side": "1=left"}}, "afterwards"),
                            ({"annotations": {"steps_rejected": "1.0 x"}}, "afterwards"),
                            ({"annotations": {"subject": "P-2"}}, "twice"),
                            ({"annotations": [1]}, "object"),
                            ({"annotations": {"subject": "Miller"}, "subject": ""}, "P-[0-9]+")]:
            error = d.refused("start", **{"subject": "P-1", **given})
            assert error["code"] == "usage" and says in error["message"], (given, error)
        path = d.ok("start", subject="P-1", annotations={
            "body_mass_kg": 70.1, "height_m": 1.8, "surface": "barefoot", "first_steps": True,
            "pain_right": ["posterior-heel"], "notes": "Grüße"})["trials"][0]["path"]
        d.ok("stop")
        d.ok("wait", path=path)
        with h5py.File(path) as f:
            assert f["subject"].attrs["body_mass_kg"] == 70.1
            assert f["subject"].attrs["height_m"] == 1.8
            assert f["subject"].attrs["height_m_units"] == "m"
            assert f["subject"].attrs["pain_right"] == "posterior-heel"
            assert f["trial"].attrs["surface"] == "barefoot"
            assert f["trial"].attrs["notes"] == "Grüße"
        assert document("verify", pathlib.Path(path).parent, "--json")["problems"] == 0
