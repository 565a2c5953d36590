# SPDX-License-Identifier: Apache-2.0
"""What is said around the trials of a protocol reaches everything that reads them later: annotations
and pain scores are in each recording, pain scores in session.json too, verdicts in plantar compare and trend."""
import json
import os
import subprocess
import sys

import h5py

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from test_protocols import Clinic, begin, folder, now, recorded, session, tare, until  # noqa: E402, F401
from plantar_harness import BIN, environment, wait_until  # noqa: E402


def plantar(*args, code=0):
    done = subprocess.run([os.path.join(BIN, "plantar"), *map(str, args)], env=environment(), text=True,
                          capture_output=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def compared(*args):
    return json.loads(plantar("compare", *args, "--by", "sides", "--json"))["groups"][0]


def last(d):
    return now(d)["trials"][-1]


def finished(d, path):
    d.ok("wait", path=path, timeout=60)
    return path


def said(path):
    """Attributes of /subject and /trial."""
    with h5py.File(path) as f:
        return {**dict(f["subject"].attrs), **(dict(f["trial"].attrs) if "trial" in f else {})}


def test_annotations_are_in_every_recording(folder):  # noqa: F811
    with Clinic(folder) as (d, person):
        def protocol(*args, code=0):
            return plantar("protocol", *args, "--control", d.control, code=code)

        protocol("begin", "stand", "--subject", "P-7", "--mass", "70.5", "--pain-side", "left", "--set",
                 "heel_lift_mm=6", "--set", "surface=barefoot", "--set", "pain_left=plantar-heel-medial")
        assert now(d)["annotations"] == {"pain_left": ["plantar-heel-medial"], "surface": "barefoot",
                                         "heel_lift_mm": 6}
        tare(d)
        person.on = True
        until(d, "ready")
        protocol("trial", "--wait", "--set", "heel_lift_mm=12", "--set", "notes=stiff today")
        one = last(d)["path"]
        d.ok("accept")
        recorded(d, speed_kmh=9)
        two = last(d)["path"]
        d.ok("accept")
        a, b = said(finished(d, one)), said(finished(d, two))
        for attrs in (a, b):
            assert attrs["body_mass_kg"] == 70.5 and attrs["pain_side"] == "left"
            assert attrs["pain_left"] == "plantar-heel-medial" and attrs["surface"] == "barefoot"
            assert "pain_score" not in attrs
        assert a["heel_lift_mm"] == 12 and a["notes"] == "stiff today" and "speed_m_s" not in a
        assert b["heel_lift_mm"] == 6 and "notes" not in b
        assert b["speed_m_s"] == 2.5 and b["speed_source"] == "belt"  # 9 / 3.6
        s = session(d, now(d), lambda s: len(s["trials"]) == 2 and s["protocols"][0]["state"] == "done")
        assert s["trials"][0]["annotations"]["heel_lift_mm"] == 12
        plantar("verify", os.path.dirname(one))


def test_the_approach_is_in_the_recording(folder):  # noqa: F811
    with Clinic(folder) as (d, person):
        begin(d, "walk")
        d.ok("red-flags", stress_fracture=False, numbness=False, calf=False, night_pain=False,
             not_resolving=False)
        d.ok("trial", approach="two-step", annotations={"footwear": "none"})
        until(d, "waiting")
        person.step()
        until(d, "review")
        attrs = said(finished(d, last(d)["path"]))
        assert attrs["approach"] == "two-step" and attrs["footwear"] == "none"
        d.ok("abort")


def test_annotations_that_are_refused(folder):  # noqa: F811
    with Clinic(folder) as (d, _):
        def refused(command, word, **keys):
            error = d.refused(command, **keys)
            assert error["code"] == "usage" and word in error["message"], error

        stand = {"protocol": "stand", "subject": "P-1"}
        refused("protocol", "pseudonym", protocol="stand", subject="Jane Doe")  # not by the pattern
        refused("protocol", "pain_score", **stand, annotations={"pain_score": 3})
        refused("protocol", "approach", **stand, annotations={"approach": "two-step"})
        refused("protocol", "heel_lift_mm", **stand, annotations={"heel_lift_mm": "6"})
        refused("protocol", "feet_side", **stand, annotations={"feet_side": "1=left"})
        refused("protocol", "pain_side", **stand, pain_side="left", annotations={"pain_side": "right"})
        refused("protocol", "pain_side", **stand, pain_side="up")
        refused("protocol", "body_mass_kg", **stand, body_mass_kg=70, annotations={"body_mass_kg": 71})
        assert now(d) is None
        p = begin(d, annotations={"body_mass_kg": 71.5, "pain_side": "right"})
        assert p["body_mass_kg"] == 71.5 and p["pain_side"] == "right"
        for key, value in (("subject", "P-2"), ("body_mass_kg", 80), ("height_m", 1.8), ("pain_score", 3)):
            refused("trial", key, annotations={key: value})
        refused("trial", "speed_kmh", speed_kmh=5, annotations={"speed_m_s": 1.4})
        assert now(d)["state"] == "ready" and now(d)["trials"] == []
        assert "annotations" in plantar("protocol", "next", "--set", "notes=x", "--control", d.control, code=2)


def test_pain_is_told_of_its_trial(folder):  # noqa: F811
    def pains(s):
        return [t.get("annotations", {}).get("pain_score") for t in s["trials"]]

    with Clinic(folder) as (d, _):
        begin(d)
        tare(d)
        recorded(d)
        session(d, now(d), lambda s: len(s["trials"]) == 1)  # else that overview would be the one
        d.ok("pain", score=2)  # in review
        session(d, now(d), lambda s: pains(s) == [2])
        d.ok("accept")
        recorded(d)
        d.ok("accept")
        session(d, now(d), lambda s: len(s["trials"]) == 2 and s["protocols"][0]["state"] == "done")
        plantar("protocol", "pain", "2.5", "--control", d.control)  # when all is over
        s = session(d, now(d), lambda s: pains(s) == [2, 2.5])
        assert [t["pain"] for t in s["protocols"][0]["trials"]][1:] == [2, 2.5]
        assert d.refused("pain", score=3)["code"] == "state"
        path = finished(d, last(d)["path"])
        first = path.replace("trial-002", "trial-001")
        wait_until(lambda: (said(first).get("pain_score"), said(path).get("pain_score")) == (2, 2.5) or None, 20,
                   "the scores in their files")
        plantar("verify", os.path.dirname(path))
        plantar("annotate", path, "pain_score=4")  # thought better of
        session(d, now(d), lambda s: pains(s) == [2, 4])
        assert said(path)["pain_score"] == 4
        plantar("verify", os.path.dirname(path))


def test_red_flags_are_kept_for_each_person(folder):  # noqa: F811
    clear = {"stress_fracture": False, "numbness": False, "calf": False, "night_pain": False, "not_resolving": False}
    with Clinic(folder) as (d, _):
        begin(d, "walk")
        d.ok("red-flags", **{**clear, "calf": True})
        d.ok("override", name="Dr. A", reason="seen")
        d.ok("abort")
        p = d.ok("protocol", protocol="walk", subject="P-2")["protocol"]
        assert p["red_flags"]["ticked"] == []
        d.ok("red-flags", **{**clear, "numbness": True})
        d.ok("abort")
        p = begin(d, "walk")  # P-1 again, with another person between
        assert p["red_flags"]["ticked"] == ["calf"] and p["red_flags"]["overridden"] == ["calf"]
        assert p["red_flags"]["override_name"] == "Dr. A" and p["red_flags"]["override_reason"] == "seen"
        assert d.ok("red-flags", **clear)["protocol"]["state"] == "ready"
        d.ok("abort")
        p = d.ok("protocol", protocol="walk", subject="P-2")["protocol"]
        assert p["red_flags"]["ticked"] == ["numbness"] and p["red_flags"]["overridden"] == []
        assert d.ok("red-flags", **clear)["protocol"]["red_flags"]["locked"]


def test_a_log_that_could_not_be_written_is_tried_again(folder):  # noqa: F811
    uuid = "01234567-0123-4abc-8abc-0123456789ab"
    with Clinic(folder) as (d, _):
        sub = d.subscribe("event/")
        p = begin(d, "compare", session=uuid)
        sub.event("protocol-log-failed")
        d.ok("abort")  # nothing changes any more from here on
        os.makedirs(os.path.join(d.state, "2026", "11", uuid))  # "the disk is back"
        s = session(d, p, lambda s: s["protocols"] and s["protocols"][0]["state"] == "aborted")
        assert s["session_uuid"] == uuid


def test_a_mat_that_is_recorded_already(folder):  # noqa: F811
    with Clinic(folder) as (d, _):
        d.ok("start")
        begin(d)
        assert "stop it first" in d.refused("trial")["message"]
        assert now(d)["trials"] == []
        d.ok("stop")
        tare(d)


def test_verdicts_count_in_compare_and_trend(folder):  # noqa: F811
    with Clinic(folder) as (d, person):
        begin(d)
        tare(d)
        person.on = True
        paths = []
        for verdict in ("accept", "reject", None):
            recorded(d)
            paths.append(finished(d, last(d)["path"]))
            if verdict:
                d.ok(verdict, **({"reason": "talked"} if verdict == "reject" else {}))
        where = os.path.dirname(paths[0])
        session(d, now(d), lambda s: [t.get("accepted") for t in s["trials"]] == [True, False, None])

        g = compared(where)
        assert (g["recordings"], g["trials_rejected"], g["trials_undecided"]) == (1, 1, 1)
        assert [(os.path.basename(t["path"]), t["verdict"], t["reason"]) for t in g["trials_left_out"]] == [
            ("trial-002.h5", "rejected", "talked"), ("trial-003.h5", "undecided", None)]
        text = plantar("compare", where, "--by", "sides")
        assert "left out: trials 2" in text and "trial-002.h5: rejected: talked" in text
        assert "trial-003.h5: undecided" in text
        s = json.loads(plantar("trend", "P-1", "--archive", d.state, "--json"))["sessions"]
        assert len(s) == 1 and (s[0]["recordings"], s[0]["trials_rejected"], s[0]["trials_undecided"]) == (1, 1, 1)
        text = plantar("trend", "P-1", "--archive", d.state)
        assert "left out: trials 2" in text and "trial-002.h5: rejected: talked" in text

        # An event in the file has the last word, either way.
        plantar("annotate", paths[1], "--accept")
        plantar("annotate", paths[0], "--reject", "shoes on")
        g = compared(where)
        assert (g["recordings"], g["trials_rejected"], g["trials_undecided"]) == (1, 1, 1)
        assert [(os.path.basename(t["path"]), t["reason"]) for t in g["trials_left_out"]] == [
            ("trial-001.h5", "shoes on"), ("trial-003.h5", None)]
        d.ok("accept")
        session(d, now(d), lambda s: [t["accepted"] for t in s["trials"]] == [False, True, True])
        assert compared(where)["recordings"] == 2

        # A folder that was copied without the log still has session.json.
        d.ok("protocol", protocol="stand", subject="P-1")
        for name in os.listdir(where):
            if name.startswith("protocol-"):
                os.unlink(os.path.join(where, name))
        with open(os.path.join(where, "session.json")) as f:
            overview = json.load(f)
        overview["trials"][2].update(accepted=False, reason="slipped")
        with open(os.path.join(where, "session.json"), "w") as f:
            json.dump(overview, f)
        g = compared(where)
        assert [(os.path.basename(t["path"]), t["reason"]) for t in g["trials_left_out"]] == [
            ("trial-001.h5", "shoes on"), ("trial-003.h5", "slipped")]
