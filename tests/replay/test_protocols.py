# SPDX-License-Identifier: Apache-2.0
"""Protocols through the control socket: clients in other processes, real recordings, mats at a pty that
somebody steps on and off and whose cable is pulled. The state machine alone: tests/unit/visit."""
import glob
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

import h5py
import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from plantar_harness import BIN, SOURCE, Plantard, PtyMat, environment, pmp_frame, small_mat, wait_until  # noqa: E402

ROWS, COLS, HZ = 24, 16, 100
STEP_COUNTS = 1000  # 100 kPa on cells of 1 cm2: 10 N
CLEAR = {"stress_fracture": False, "numbness": False, "calf": False, "night_pain": False,
         "not_resolving": False}

PROTOCOLS = {
    "stand": 'title = "Stand"; pain = { stop_at = 7; stop_rise = 3; };'
             'conditions = ["barefoot"]; steps = ('
             '{ id = "zero"; kind = "tare"; seconds = 0.2; title = "Zero"; },'
             '{ id = "quiet"; title = "Quiet"; trials = 2; seconds = 0.6; countdown_s = 0.4; rest_s = 0.3;'
             '  checks = ["partial", "saturation"]; seconds_max = 30; });',
    "walk": 'title = "Walk"; dynamic = true; conditions = ["barefoot"]; steps = ('
            '{ id = "pass"; title = "Pass"; trials = 0; strikes_per_foot = 2; start = "contact"; end = "off";'
            '  contact_n = 100; off_s = 0.3; seconds = 10; wait_s = 20; strikes_min = 1;'
            '  checks = ["partial", "drift"]; approaches = ["one-step", "two-step"]; });',
    "compare": 'title = "Compare"; order = "random"; conditions = ["barefoot", "shoe", "lift 6 mm", "tape"];'
               'steps = ({ id = "go"; title = "Go"; seconds = 0.3; countdown_s = 0; });',
}


class Person(threading.Thread):
    """A mat at a pty at 100 Hz, and somebody who stands on it (on = True) or does not."""

    def __init__(self, pty, dead=None, stuck=None):
        super().__init__(daemon=True)
        self.pty, self.on, self.plugged, self.stopped = pty, False, True, False
        dead = dead or []
        empty = [0] * (ROWS * COLS)
        foot = list(empty)
        for row in range(4, 20):  # 16 x 6 cells of 10 N
            for col in range(5, 11):
                foot[row * COLS + col] = STEP_COUNTS
        for row, col in dead:
            foot[row * COLS + col] = 0
        for row, col in stuck or []:
            empty[row * COLS + col] = foot[row * COLS + col] = 300  # 30 kPa, 3 N
        self.cells = {on: struct.pack(f"<{ROWS * COLS}H", *c) for on, c in ((False, empty), (True, foot))}
        self.lock = threading.Lock()
        self.start()

    def run(self):
        seq, due = 0, time.monotonic()
        while not self.stopped:
            due = max(due + 1 / HZ, time.monotonic() - 0.05)
            time.sleep(max(0, due - time.monotonic()))
            with self.lock:
                if self.plugged:
                    self.pty.write(pmp_frame(seq, self.cells[self.on]))
                    seq += 1

    def unplug(self):
        with self.lock:
            self.plugged = False
            self.pty.unplug()

    def plug(self):
        with self.lock:
            self.pty.plug()
            self.plugged = True

    def step(self, seconds=0.4):
        self.on = True
        time.sleep(seconds)
        self.on = False

    def stop(self):
        self.stopped = True
        self.join(5)


@pytest.fixture
def folder():
    path = tempfile.mkdtemp(prefix="plantard-test-")
    for name, text in PROTOCOLS.items():
        with open(os.path.join(path, f"{name}.conf"), "w") as f:
            f.write(f'id = "{name}"; version = 4; {text}\n')
    yield path
    shutil.rmtree(path, ignore_errors=True)


class Clinic:
    def __init__(self, folder, place=None, calibrated=True, **flaws):
        self.person = Person(PtyMat(os.path.join(folder, "pty")).plug(), **flaws)
        mats = os.path.join(folder, "mats")
        os.makedirs(mats, exist_ok=True)
        mat = small_mat(mats, ROWS, COLS, HZ, calibrated=calibrated)
        self.daemon = Plantard([{"source": self.person.pty.uri, "mat": mat, "name": "m"}],
                               env={"PLANTAR_PROTOCOLS": folder}, folder=place)

    def __enter__(self):
        self.daemon.__enter__()
        self.daemon.wait_state("running")
        self.daemon.clinic = self
        return self.daemon, self.person

    def __exit__(self, *args):
        self.person.stop()  # a pty that nobody reads any more blocks who writes
        try:
            self.daemon.__exit__(*args)
        finally:
            self.person.pty.close()


def now(d):
    return d.ok("protocol-status")["protocol"]


def until(d, *states, timeout=20):
    return wait_until(lambda: (p := now(d)) and p["state"] in states and p, timeout, f"state {states}")


def begin(d, protocol="stand", **keys):
    return d.ok("protocol", protocol=protocol, subject="P-1", **keys)["protocol"]


def tare(d):
    wait_until(lambda: d.request("trial")["ok"], 10, "the end of an earlier tare")
    until(d, "review")
    return d.ok("accept")["protocol"]


def recorded(d, **keys):
    """One trial, up to its review."""
    until(d, "ready")
    d.ok("trial", **keys)
    return until(d, "review")


def session(d, document, condition=lambda s: True):
    """session.json of the visit, once it is as it should be."""
    def read():
        found = glob.glob(f"{d.state}/*/*/{document['session_uuid']}/session.json")
        if not found:
            return None
        with open(found[0]) as f:
            s = json.load(f)
        return s if condition(s) else None
    return wait_until(read, 30, "session.json")


def audit(d):
    with open(os.path.join(d.state, "audit.log")) as f:
        return [json.loads(line) for line in f]


def test_a_whole_visit(folder):
    with Clinic(folder) as (d, person):
        p = begin(d, body_mass_kg=70.5, pain_side="left", operator="N.")
        assert (p["state"], p["step"], p["condition"], p["version"]) == ("ready", "zero", "barefoot", 4)
        assert d.refused("start")["code"] == "state"  # the mat belongs to the protocol
        assert tare(d)["step"] == "quiet"
        person.on = True
        p = recorded(d)
        assert p["trials"][-1]["proposed"] == "accepted" and p["trials"][-1]["flags"] == []
        assert p["trials"][-1]["seconds"] == 0.6
        assert abs(p["trials"][-1]["force_mean_n"] - 960) < 1  # 96 cells of 10 N
        assert d.ok("reject", reason="talked")["protocol"]["state"] == "rest"
        recorded(d)
        d.ok("accept", score=2)
        recorded(d)
        p = d.ok("accept", score=2.5)["protocol"]
        assert p["state"] == "done" and p["step"] is None
        assert [t["verdict"] for t in p["trials"]] == ["accepted", "rejected", "accepted", "accepted"]
        s = session(d, p, lambda s: [t.get("accepted") for t in s["trials"]] == [False, True, True])
        assert s["trials"][0]["reason"] == "talked" and s["subject"] == "P-1" and s["protocol"] == "stand"
        log = s["protocols"][0]
        assert log["state"] == "done" and log["pain"]["last"] == 2.5 and log["pain_side"] == "left"
        assert log["body_mass_kg"] == 70.5 and log["operator"] == "N."
        files = [t["path"] for t in p["trials"] if t["path"]]
        assert [os.path.basename(f) for f in files] == [f"trial-00{i}.h5" for i in (1, 2, 3)]
        for path in files:
            d.ok("wait", path=path, timeout=60)
            with h5py.File(path) as f:
                assert f.attrs["protocol"] == "stand" and f.attrs["condition"] == "barefoot"
                assert f.attrs["subject"] == "P-1"
                assert 60 <= len(f["frames/seq"]) <= 90  # 0.6 s at 100 Hz, and a little more
                texts = [t.decode() for t in f["events"]["text"]]
                assert any(t.startswith("stand version 4, step quiet, trial ") for t in texts)
        folder_of = os.path.dirname(files[0])
        verified = subprocess.run([os.path.join(BIN, "plantar"), "verify", folder_of],
                                  env=environment(), capture_output=True, text=True)
        assert verified.returncode == 0, verified.stdout + verified.stderr


def test_counts_are_never_called_newtons(folder):
    """Without a calibration a trial has means in counts, no body weight, and no limit in newtons."""
    with Clinic(folder, calibrated=False) as (d, person):
        begin(d, body_mass_kg=70.5)
        t = tare(d)["trials"][-1]
        figures = ("force_mean_n", "empty_mean_n", "body_weight_ratio", "force_mean_counts", "empty_mean_counts")
        assert [t[f] for f in figures] == [None] * 5 and t["flags"] == []
        for _ in range(6):  # a busy machine may stall the mat for a moment
            until(d, "ready")
            wait_until(lambda: d.request("trial")["ok"], 20, "frames to begin a trial with")
            until(d, "recording", "review")
            time.sleep(0.2)
            person.on = True
            p = until(d, "review")
            person.on = False
            t = p["trials"][-1]
            if t["flags"] != ["gap"] and None not in (t["force_mean_counts"], t["empty_mean_counts"]):
                break
            d.ok("reject", reason="the mat stalled")
        assert [t[f] for f in figures[:3]] == [None] * 3
        assert abs(t["force_mean_counts"] - 96 * STEP_COUNTS) < 1 and t["empty_mean_counts"] == 0
        assert t["flags"] == [] and t["proposed"] == "accepted"
        log = session(d, p)["protocols"][0]["trials"][-1]
        assert log["force_mean_n"] is None and log["body_weight_ratio"] is None
        d.ok("abort", reason="enough")
        for protocol in ("walk", "quiet-stance"):  # contact, weighing
            error = d.refused("protocol", protocol=protocol, subject="P-1", body_mass_kg=70.5)
            assert error["code"] == "state" and "needs newtons" in error["message"]


def test_a_calibration_that_is_gone_after_a_restart(folder):
    """What needs newtons was begun with them; it does not go on in counts."""
    place = tempfile.mkdtemp(prefix="plantard-test-")
    try:
        with Clinic(folder, place) as (d, _):
            begin(d, "walk")
            d.ok("red-flags", **CLEAR)
        with Clinic(folder, place, calibrated=False) as (d, _):
            assert until(d, "ready")["protocol"] == "walk"
            assert "needs newtons" in d.refused("trial", approach="one-step")["message"]
            assert now(d)["state"] == "ready" and now(d)["trials"] == []
    finally:
        shutil.rmtree(place, ignore_errors=True)


def test_what_is_refused(folder):
    with Clinic(folder) as (d, _):
        assert d.refused("trial")["code"] == "state"
        error = d.refused("protocol", protocol="stnd", subject="P-1")
        assert error["code"] == "noent" and "stand" in error["message"] and "quiet-stance" in error["message"]
        assert d.refused("protocol", protocol="stand")["code"] == "usage"  # no subject
        assert d.refused("protocol", protocol="stand", subject="P", patient="x")["code"] == "usage"
        assert d.refused("protocol", protocol="stand", subject="P", order="baab")["code"] == "usage"
        assert d.refused("protocol", protocol="stand", subject="P", seed=1.5)["code"] == "usage"
        assert d.refused("protocol", protocol="stand", subject="P", conditions=["a", "a"])["code"] == "usage"
        assert d.refused("protocol", protocol="stand", subject="P", conditions=[])["code"] == "usage"
        error = d.refused("protocol", protocol="quiet-stance", subject="P")
        assert "body_mass_kg" in error["message"]
        assert d.refused("red-flags", calf=True)["code"] == "usage"  # the other answers are missing
        assert d.refused("reject")["code"] == "usage"
        assert now(d) is None
        begin(d)
        assert d.refused("protocol", protocol="stand", subject="P-2")["code"] == "state"
        assert d.refused("trial", approach="two-step")["code"] in ("usage", "state")
        listed = {p["protocol"]: p for p in d.ok("protocols")["protocols"]}
        assert listed["walk-over"]["dynamic"] and listed["quiet-stance"]["body_mass"]
        one = d.ok("protocols", protocol="walk-over")["protocols"][0]
        assert one["steps"][0]["strikes_per_foot"] == 5 and "two-step" in one["steps"][0]["approaches"]


CLIENT = """
import json, os, sys, time, zmq
s = zmq.Context().socket(zmq.REQ)
s.connect(sys.argv[1])
for request in json.loads(sys.argv[2]):
    s.send_string(json.dumps({"v": 1, **request}))
    print(json.dumps(json.loads(s.recv())["ok"]), flush=True)
time.sleep(600)
"""


def test_a_session_that_is_not_there(folder):
    with Clinic(folder) as (d, _):
        sub = d.subscribe("event/")
        begin(d, "compare", session="01234567-0123-4abc-8abc-0123456789ab")
        assert "there is no session 01234567" in sub.event("protocol-log-failed")["text"]
        d.ok("trial")
        p = until(d, "ready")
        assert "there is no session 01234567" in p["why"] and p["trials"][-1]["verdict"] == "rejected"
        assert glob.glob(f"{d.state}/2*") == []


def test_a_killed_client_loses_nothing(folder):
    with Clinic(folder) as (d, person):
        begin(d)
        tare(d)
        client = subprocess.Popen([sys.executable, "-c", CLIENT, d.control,
                                   json.dumps([{"cmd": "pain", "score": 1}, {"cmd": "trial"}])],
                                  stdout=subprocess.PIPE, text=True)
        assert [client.stdout.readline().strip() for _ in range(2)] == ["true", "true"]
        client.send_signal(signal.SIGKILL)
        client.wait()
        client.stdout.close()
        p = until(d, "review")
        assert p["trials"][-1]["proposed"] == "accepted" and p["trials"][-1]["pain"] is None
        assert p["pain"]["last"] == 1
        d.ok("accept")


def test_two_clients_see_the_same_at_once(folder):
    with Clinic(folder) as (d, _):
        sub = d.subscribe("status", "event/")
        begin(d)
        asked = time.monotonic()
        event = sub.event("protocol")
        assert event["mat"] == "m" and "stand: ready, zero" in event["text"]
        status = sub.until(lambda t, h: t == "status" and h["protocol"], what="status")[1]
        assert status["protocol"]["state"] == "ready"
        assert time.monotonic() - asked < 0.9 or os.environ.get("PLANTAR_SLOW")  # not the next whole second
        tare(d)
        until(d, "ready")
        both = [d.send({"v": 1, "cmd": "trial"}) for _ in range(2)]  # both press the button
        replies = [d.receive(s) for s in both]
        assert sorted(r["ok"] for r in replies) == [False, True]
        assert [r for r in replies if not r["ok"]][0]["error"]["code"] == "state"
        seen = []
        while not seen or seen[-1] != "review":
            header = sub.until(lambda t, h: t == "status", what="status")[1]
            if header["protocol"]["step"] == "quiet" and header["protocol"]["state"] != (seen or [None])[-1]:
                seen.append(header["protocol"]["state"])
        assert [s for s in seen if s in ("countdown", "starting", "recording", "ending", "review")][-5:] == \
            ["countdown", "starting", "recording", "ending", "review"]


def one_pass(d, person, stand=1.6):
    until(d, "ready")
    # a busy machine may stall the mat for a moment
    wait_until(lambda: d.request("trial", approach="one-step")["ok"], 20, "frames to begin a trial with")
    if until(d, "waiting", "review")["state"] == "waiting":
        time.sleep(2.2)  # 20 looks at the empty mat, without the 0.3 s at its begin and before the step
        person.step(stand)
    return until(d, "review", timeout=40)


def passes_until_looked_at(d, person):
    """One pass does, unless the machine is so busy that frames come in bursts."""
    for _ in range(12):
        p = one_pass(d, person)
        if p["cells"] and min(p["cells"]["empty_frames"], p["cells"]["loaded_frames"]) >= 20:
            return p
        d.ok("reject", reason="too few frames")
    raise AssertionError(f"too few frames were looked at: {p['cells']}")


def test_the_end_of_a_rest_is_not_the_end_of_a_step(folder):
    """`next` ends a rest or leaves a step: whoever means the rest, and comes too late, leaves nothing."""
    with Clinic(folder) as (d, _):
        begin(d)
        error = d.refused("next", state="rest")
        assert error["code"] == "state" and '"rest"' in error["message"] and '"ready"' in error["message"]
        assert d.status()["protocol"]["at"] == 0
        assert d.ok("next", state="ready")["protocol"]["at"] == 1


def test_cells_that_do_not_tell_the_truth_are_found(folder):
    with Clinic(folder, dead=[(8, 7), (13, 6)], stuck=[(2, 2)]) as (d, person):
        sub = d.subscribe("event/")
        begin(d, "walk")
        d.ok("red-flags", **CLEAR)
        p = passes_until_looked_at(d, person)
        assert (p["cells"]["dead"], p["cells"]["stuck"], p["cells"]["noisy"]) == (2, 1, 0)
        assert p["cells"]["list"] == [{"row": 2, "column": 2, "fault": "stuck"},
                                      {"row": 8, "column": 7, "fault": "dead"},
                                      {"row": 13, "column": 6, "fault": "dead"}]
        event = sub.until(lambda _, h: h.get("kind") == "cells" and "(2, 2), (8, 7), (13, 6)" in h["text"],
                          what="all three cells")[1]
        assert event["level"] == "warning"
        assert "dead_cells" in event["text"]
        shown = subprocess.run([os.path.join(BIN, "plantar"), "protocol", "status", "--control", d.control],
                               env=environment(), capture_output=True, text=True).stdout
        assert "2 dead, 1 stuck, 0 noisy" in shown and "(8, 7) dead" in shown
        assert d.ok("status")["status"]["protocol"]["cells"]["dead"] == 2
        d.ok("accept")
        p = d.ok("abort", reason="enough")["protocol"]
        s = session(d, p, lambda s: s["protocols"][0]["state"] == "aborted")
        assert s["protocols"][0]["cells"]["dead"] == 2


def test_a_sound_mat_has_no_such_cells(folder):
    with Clinic(folder) as (d, person):
        begin(d, "walk")
        d.ok("red-flags", **CLEAR)
        cells = passes_until_looked_at(d, person)["cells"]
        assert (cells["dead"], cells["stuck"], cells["noisy"], cells["list"]) == (0, 0, 0, [])
        assert cells["untested"] == ROWS * COLS - 96 and cells["empty_frames"] > 0


def test_who_stands_there_already_has_not_come(folder):
    with Clinic(folder) as (d, person):
        begin(d, "walk")
        d.ok("red-flags", **CLEAR)
        person.on = True
        time.sleep(0.3)
        d.ok("trial", approach="one-step")
        p = until(d, "waiting")
        wait_until(lambda: (r := d.mat()["recording"]) and r["frames"] >= 50, 20, "frames")
        assert now(d)["state"] == "waiting" and "step off" in now(d)["why"]
        person.on = False
        wait_until(lambda: now(d)["why"] is None, 20, "a clear mat")
        assert now(d)["state"] == "waiting"
        person.step(0.6)
        p = until(d, "review")
        t = p["trials"][-1]
        assert sum(t["strikes"].values()) == 1 and t["contact_s"] > 0.4 and t["end"] == "off"


def test_unplugged_in_the_middle_of_a_trial(folder):
    with Clinic(folder) as (d, person):
        begin(d)
        tare(d)
        until(d, "ready")
        d.ok("trial", seconds=20)
        until(d, "recording")
        wait_until(lambda: d.mat()["recording"] and d.mat()["recording"]["frames"] >= 20, 10, "frames")
        person.unplug()
        p = until(d, "review")
        t = p["trials"][-1]
        assert "gap" in t["flags"] and t["proposed"] == "rejected" and t["end"] == "unplugged"
        assert t["seconds"] < 15
        assert d.refused("trial")["code"] == "state"
        d.ok("reject", reason="cable")
        until(d, "ready")
        assert "no frames come from m" in d.refused("trial")["message"]
        person.plug()
        d.wait_state("running")
        d.ok("trial")
        assert until(d, "review")["trials"][-1]["flags"] == []
        d.ok("accept")


def test_a_pain_score_stops(folder):
    with Clinic(folder) as (d, _):
        begin(d)
        tare(d)
        until(d, "ready")
        d.ok("pain", score=2)
        d.ok("trial", seconds=20)
        until(d, "recording")
        wait_until(lambda: d.mat()["recording"] and d.mat()["recording"]["frames"] >= 20, 10, "frames")
        p = d.ok("pain", score=5)["protocol"]  # 3 more than at first
        assert p["state"] == "aborted" and "rose from 2 to 5" in p["why"]
        wait_until(lambda: d.mat()["recording"] is None, 10, "the end of the recording")
        p = now(d)
        assert p["trials"][-1]["verdict"] == "rejected" and p["trials"][-1]["frames"] > 0
        assert "pain score rose" in p["trials"][-1]["reason"]
        s = session(d, p, lambda s: s["trials"] and s["trials"][0].get("accepted") is False)
        assert "pain score rose" in s["trials"][0]["reason"]
        assert d.refused("pain", score=1)["code"] == "state"
        assert d.refused("pain", score=11)["code"] == "usage"


def test_abort_at_every_state(folder):
    def to(state):
        if state in ("red-flags", "waiting"):
            begin(d, "walk")
            if state == "waiting":
                d.ok("red-flags", **CLEAR)
                d.ok("trial", approach="one-step")
            return
        begin(d)
        if state == "measuring":
            d.ok("trial")
        elif state != "ready":
            tare(d)
            until(d, "ready")
            d.ok("trial", seconds=20 if state == "recording" else 0.6)
        if state == "rest":
            until(d, "review")
            d.ok("accept")

    with Clinic(folder) as (d, _):
        for state in ("red-flags", "ready", "measuring", "countdown", "waiting", "recording", "review", "rest"):
            to(state)
            if state not in ("countdown", "measuring"):
                until(d, state)
            p = d.ok("abort", reason=f"at {state}")["protocol"]
            assert p["state"] == "aborted" and p["why"] == f"at {state}", state
            wait_until(lambda: d.mat()["recording"] is None, 10, "the end of the recording")
            if state in ("waiting", "recording", "review"):
                t = now(d)["trials"][-1]
                assert t["verdict"] == "rejected" and t["reason"] == f"aborted: at {state}"
                d.ok("wait", path=t["path"], timeout=60)
            session(d, p, lambda s: s["protocols"] and s["protocols"][0]["state"] == "aborted")
            assert d.refused("abort")["code"] == "state"


def test_red_flags_lock_until_a_named_person_overrides(folder):
    with Clinic(folder) as (d, _):
        assert begin(d, "walk")["state"] == "red-flags"
        assert d.refused("trial", approach="one-step")["code"] == "state"
        assert d.refused("override", name="Dr. A", reason="x")["code"] == "state"  # not answered yet
        p = d.ok("red-flags", **{**CLEAR, "night_pain": True})["protocol"]
        assert p["red_flags"]["locked"] and p["red_flags"]["ticked"] == ["night_pain"]
        assert d.ok("red-flags", **CLEAR)["protocol"]["red_flags"]["locked"]  # no way round
        d.ok("abort")
        assert begin(d, "walk")["red_flags"]["ticked"] == ["night_pain"]  # nor this one
        d.ok("red-flags", **CLEAR)
        assert d.refused("override", name="", reason="x")["code"] == "usage"
        assert d.refused("override", name="Dr. A")["code"] == "usage"
        p = d.ok("override", name="Dr. A", reason="known for years")["protocol"]
        assert p["state"] == "ready" and p["red_flags"]["override_name"] == "Dr. A"

        def overrides():
            return [a for a in audit(d) if '"override"' in a["request"] and a["result"] == "ok"]
        lines = wait_until(overrides, 10, "the audit file")
        assert len(lines) == 1 and "Dr. A" in lines[0]["request"] and "known for years" in lines[0]["request"]
        s = session(d, p, lambda s: s["protocols"][0]["red_flags"]["override_name"])
        assert s["protocols"][0]["red_flags"]["ticked"] == ["night_pain"]
        d.ok("abort")
        d.ok("protocol", protocol="walk", subject="P-2")
        assert now(d)["red_flags"]["ticked"] == []  # another person
        d.ok("abort")
        assert begin(d, "stand")["state"] == "ready"  # standing is not locked


def test_orders_follow_the_seed(folder):
    with Clinic(folder) as (d, _):
        seen = {}
        for seed in (1, 2, 3, 1):
            p = begin(d, "compare", seed=seed)
            assert p["seed"] == seed and sorted(p["conditions"]) == sorted(
                ["barefoot", "shoe", "lift 6 mm", "tape"])
            assert [i["condition"] for i in p["plan"]] == p["conditions"]
            assert seen.setdefault(seed, p["conditions"]) == p["conditions"]
            d.ok("abort")
        assert len({tuple(c) for c in seen.values()}) > 1
        p = begin(d, "compare", order="abba", conditions=["a", "b"], seed=5)
        assert p["conditions"] in (["a", "b", "b", "a"], ["b", "a", "a", "b"])
        d.ok("abort")
        drawn = begin(d, "compare")["seed"]
        order = now(d)["conditions"]
        d.ok("abort")
        assert begin(d, "compare", seed=drawn)["conditions"] == order  # what was drawn is told
        for condition in order:
            recorded(d)
            assert now(d)["condition"] == condition
            d.ok("accept")
        assert now(d)["state"] == "done"


def test_contact_begins_and_a_quota_per_foot_ends(folder):
    with Clinic(folder) as (d, person):
        begin(d, "walk")
        d.ok("red-flags", **CLEAR)
        assert "one-step, two-step" in d.refused("trial")["message"]
        for side in ("left", "left", "right", "right"):
            until(d, "ready")
            d.ok("trial", approach="two-step")
            until(d, "waiting")
            time.sleep(0.3)
            person.step(0.4)
            p = until(d, "review")
            t = p["trials"][-1]
            assert t["flags"] == [] and t["end"] == "off" and t["approach"] == "two-step"
            assert sum(t["strikes"].values()) == 1
            assert 0.2 < t["seconds"] < 1.5 and t["contact_s"] > 0.2
            d.ok("wait", path=t["path"], timeout=60)
            with h5py.File(t["path"]) as f:  # the mat before the strike is in the file too
                force = f["metrics/force_n"][:]
                assert (force[:20] < 1).all() and force.max() > 900 and force[-1] < 1
            p = d.ok("accept", side=side)["protocol"]
        assert p["state"] == "done"
        assert p["plan"][0]["strikes"] == {"left": 2, "right": 2, "unknown": 0}


def test_a_stop_by_hand_is_a_short_trial(folder):
    with Clinic(folder) as (d, _):
        begin(d)
        tare(d)
        until(d, "ready")
        d.ok("trial", seconds=20)
        until(d, "recording")
        wait_until(lambda: d.mat()["recording"] and d.mat()["recording"]["frames"] >= 20, 10, "frames")
        d.ok("stop")
        t = until(d, "review")["trials"][-1]
        assert t["end"] == "stopped" and t["flags"] == ["short"] and t["frames"] > 0


def test_a_daemon_that_dies_leaves_the_story_in_the_session(folder):
    place = tempfile.mkdtemp(prefix="plantard-test-")
    clinic = Clinic(folder, place)
    try:
        d, person = clinic.__enter__()
        begin(d)
        tare(d)
        recorded(d)
        d.ok("reject", reason="talked")
        recorded(d)
        p = d.ok("accept")["protocol"]
        until(d, "ready")
        d.ok("trial", seconds=20)
        until(d, "recording")
        time.sleep(0.3)
        d.kill()
        d.start()
        s = session(d, p, lambda s: len(s["trials"]) == 3)
        assert [t.get("accepted") for t in s["trials"]] in ([False, True, None], [False, True, False])
        assert s["trials"][0]["reason"] == "talked"
        # It goes on by itself; the trial that ran is rejected, its recording is kept.
        r = now(d)
        assert r["state"] == "ready" and r["step"] == "quiet" and r["session_uuid"] == p["session_uuid"]
        assert r["trials"][-1]["verdict"] == "rejected" and r["trials"][-1]["end"] == "interrupted"
        assert r["trials"][-1]["file"] == "trial-003.h5" and "plantard ended" in r["trials"][-1]["reason"]
        d.ok("abort", reason="begun again")
        # It can be begun again in the same session.
        p = begin(d, session=p["session_uuid"])
        tare(d)
        t = recorded(d)["trials"][-1]
        assert t["file"] == "trial-004.h5"
        d.signal(signal.SIGTERM)
        assert d.wait() == 0
        s = session(d, p, lambda s: len(s["protocols"]) == 2)
        assert s["protocols"][1]["state"] == "review" and s["trials"][3]["accepted"] is None
    finally:
        clinic.person.stop()
        clinic.daemon.close()
        clinic.person.pty.close()
        shutil.rmtree(place, ignore_errors=True)


def test_a_simulated_walker(folder):
    """Sides as the live figures see them, nobody corrects: both feet come to their quota."""
    mats = [{"source": "sim:walking?hz=100&seed=3", "mat": "pmp-64x64", "name": "s"}]
    with Plantard(mats, env={"PLANTAR_PROTOCOLS": folder}) as d:
        d.wait_state("running")
        begin(d, "walk")
        d.ok("red-flags", **CLEAR)
        p = None
        for _ in range(30):
            d.wait_state("running")  # a busy machine may stall the simulated mat for a moment
            d.ok("trial", approach="one-step")
            p = until(d, "review", timeout=40)
            t = p["trials"][-1]
            assert sum(t["strikes"].values()) >= 1 and t["contact_s"] >= 0
            p = d.ok("accept")["protocol"]
            if p["state"] == "done":
                break
        assert p["state"] == "done", p["plan"]


def test_from_the_terminal(folder):
    with Clinic(folder) as (d, _):
        def plantar(*args, code=0):
            done = subprocess.run([os.path.join(BIN, "plantar"), "protocol", *args], env=d.environment(),
                                  capture_output=True, text=True, timeout=60)
            assert done.returncode == code, (done.stdout, done.stderr)
            # a document is alone on stdout; what a sanitizer says of itself is on stderr
            return done.stdout if "--json" in args else done.stdout + done.stderr

        assert "walk-over" in plantar("list") and "Walk over the mat" in plantar("show", "walk-over")
        assert "no protocol is under way" in plantar("status")
        assert "did you mean begin" in plantar("begn", "stand", code=2)
        assert "does not take approach" in plantar("accept", "--approach", "x", code=2)
        assert "needs a reason" in plantar("reject", code=2)
        assert "needs a subject: a code, never a name" in plantar("begin", "walk", code=2)
        out = plantar("begin", "compare", "--subject", "P-9", "--condition", "shoe", "--condition", "tape",
                      "--order", "abba", "--seed", "3", "--pain-side", "both")
        assert "compare: ready" in out and "next: plantar protocol trial --wait" in out
        assert ", shoe: 0 of " in out or ", tape: 0 of " in out
        p = json.loads(plantar("status", "--json"))["protocol"]
        assert p["subject"] == "P-9" and p["seed"] == 3 and len(p["conditions"]) == 4
        assert "proposed: accepted" in plantar("trial", "--wait")
        assert "ready" in plantar("accept", "--score", "1.5")
        assert "score: a number from 0 to 10" in plantar("pain", "much", code=2)
        plantar("pain", "2")
        plantar("trial", "--wait")
        plantar("reject", "looked", "down")
        assert now(d)["trials"][-1]["reason"] == "looked down" and now(d)["pain"]["last"] == 2
        out = plantar("abort", "enough")
        assert "aborted (enough)" in out and p["session_uuid"] in out and ", 1 rejected" in out
        plantar("begin", "walk", "--subject", "P-9")
        assert "locked by red flags" in plantar("flags", "--tick", "numbness", "--tick", "calf")
        assert now(d)["red_flags"]["ticked"] == ["numbness", "calf"]
        assert "walk: ready" in plantar("override", "--name", "Dr. A", "known")
        assert "not now" in plantar("accept", code=1) and "says what is next" in plantar("accept", code=1)


@pytest.mark.parametrize("path", sorted(glob.glob(os.path.join(SOURCE, "config/protocols/*.conf"))),
                         ids=os.path.basename)
def test_shipped_protocols_begin(path):
    name = os.path.basename(path)[:-5]
    mats = [{"source": "sim:standing?hz=50", "mat": "pmp-64x64", "name": "s"}]
    with Plantard(mats) as d:
        p = d.ok("protocol", protocol=name, subject="P-1", body_mass_kg=70)["protocol"]
        assert p["protocol"] == name and p["state"] in ("ready", "red-flags", "rest")
        d.ok("abort")


def test_a_wrong_file_is_named_with_its_line(folder):
    path = os.path.join(folder, "bad.conf")
    cases = [('id = "bad"; version = 1;\ntitle = "B"; steps = ({ id = "a"; title = "A"; trails = 3; });',
              ":2: steps[0].trails: unknown key; did you mean \"trials\"?"),
             ('id = "worse"; version = 1; title = "B"; steps = ({ id = "a"; title = "A"; });',
              "the file is called bad.conf"),
             ('id = "bad"; version = 1; title = "B";\n\nsteps = ({ id = "a"; title = "A"; wait_s = 3; });',
              ":3: steps[0].wait_s: valid with start = \"contact\" only")]
    d = Plantard([{"source": "sim:empty", "mat": "pmp-64x64"}], env={"PLANTAR_PROTOCOLS": folder})
    for text, message in cases:
        with open(path, "w") as f:
            f.write(text + "\n")
        code, _, err = d.run("--check")
        assert code == 78 and message in err and path in err, err
    os.unlink(path)
    code, out, _ = d.run("--check")
    assert code == 0 and "protocol stand: Stand, version 4" in out and "protocol walk-over: " in out
    d.close()


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))


def under_way(d):
    with open(os.path.join(d.state, "protocol-under-way.json")) as f:
        return json.load(f)


def in_state(d, person, state):
    """A visit of "walk" or "stand" in that state, as the disk knows it too."""
    if state in ("red-flags", "locked", "overridden", "waiting"):
        begin(d, "walk", annotations={"footwear": "barefoot"}, operator="N.")
        if state != "red-flags":
            d.ok("red-flags", **{**CLEAR, "calf": state in ("locked", "overridden")})
        if state == "overridden":
            d.ok("override", name="Dr. N.", reason="seen")
        if state == "waiting":
            d.ok("trial", approach="one-step")
    else:
        begin(d, body_mass_kg=70, seed=7)
        if state == "measuring":
            d.ok("trial")
        else:
            tare(d)
            until(d, "ready")
        if state in ("countdown", "recording", "review", "rest"):
            d.ok("trial", seconds=20 if state == "recording" else 0.6)
        if state in ("review", "rest"):
            until(d, "review")
        if state == "rest":
            d.ok("accept", score=1)
    shown = {"locked": "red-flags", "overridden": "ready"}.get(state, state)
    p = until(d, *([shown] if state != "rest" else ["rest", "ready"]))
    # countdown and measuring are not worth a write: the disk knows the state before
    if state not in ("countdown", "measuring", "rest"):
        wait_until(lambda: os.path.exists(os.path.join(d.state, "protocol-under-way.json")) and
                   under_way(d)["state"] == shown, 20, f"{shown} on the disk")
    time.sleep(0.3)
    return p


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_visit_goes_on_after_a_restart_in_each_state(folder, end):
    same = ("session_uuid", "subject", "operator", "annotations", "body_mass_kg", "mat", "order", "seed", "conditions",
            "began_utc_ns", "red_flags", "pain", "step", "condition")
    with Clinic(folder) as (d, person):
        for state in ("red-flags", "locked", "overridden", "ready", "measuring", "countdown", "waiting",
                      "recording", "review", "rest"):
            was = in_state(d, person, state)
            d.signal(end)
            d.wait()
            d.start()
            d.wait_state("running")
            p = now(d)
            shown = {"locked": ("red-flags",), "red-flags": ("red-flags",), "review": ("review",),
                     "measuring": ("ready", "review")}.get(
                state, ("ready", "rest"))
            assert p["state"] in shown, (state, p["state"])
            assert {k: p[k] for k in same} == {k: was[k] for k in same}, state
            if state in ("waiting", "recording"):
                t = p["trials"][-1]
                assert (t["verdict"], t["end"]) == ("rejected", "interrupted") and t["file"], state
                assert p["plan"][p["at"]]["rejected"] == 1, state
            if state in ("review", "rest"):
                assert p["trials"][-1] == was["trials"][-1] and p["plan"] == was["plan"], state
            if state in ("countdown", "recording", "rest"):
                assert "zero" in p["why"] and "tare" in p["why"], state
                until(d, "ready")
                assert "tare" in d.refused("trial")["message"]
                d.ok("tare", mat="m", seconds=0.2)
                assert d.mat()["tared"]
                d.ok("trial", seconds=20)
            if state == "review":
                d.ok("accept", score=1)
            d.ok("abort", reason=f"seen {state}")
            s = session(d, p, lambda s: s["protocols"] and s["protocols"][0]["state"] == "aborted")
            assert s["protocols"][0]["why"] == f"seen {state}" and len(s["protocols"]) == 1
            wait_until(lambda: not os.path.exists(os.path.join(d.state, "protocol-under-way.json")), 20, "the end")


def older(log, state):
    """The log as it was before the recorder had begun the last trial (starting), or before it was asked to (ready)."""
    if state == "starting":
        log["trials"][-1].update(file=None, path=None)
    else:
        log["trials"].pop()
    return {**log, "state": state}


@pytest.mark.parametrize("state", ["starting", "ready"])
def test_killed_between_a_recording_and_its_log(folder, state):
    """Milliseconds in which a recording is there and no log names it: the next start finds it, since what no log speaks
    of would count as accepted."""
    with Clinic(folder) as (d, person):
        p = in_state(d, person, "recording")
        name = p["trials"][-1]["file"]
        d.kill()
        log = older(under_way(d), state)
        logs = glob.glob(f"{d.state}/*/*/{p['session_uuid']}/protocol-*.json")
        assert len(logs) == 1
        for path in (os.path.join(d.state, "protocol-under-way.json"), logs[0]):
            with open(path, "w") as f:
                json.dump(log, f)
        d.start()
        t = now(d)["trials"][-1]
        assert (t["file"], t["verdict"], t["end"]) == (name, "rejected", "interrupted")
        assert len(now(d)["trials"]) == len(p["trials"])
        s = session(d, p, lambda s: s["trials"] and s["trials"][-1]["accepted"] is False)
        assert s["trials"][-1]["file"] == name and "plantard ended" in s["trials"][-1]["reason"]


def test_what_is_not_gone_on_with(folder):
    with Clinic(folder) as (d, person):
        p = begin(d, body_mass_kg=70)
        tare(d)
        wait_until(lambda: os.path.exists(os.path.join(d.state, "protocol-under-way.json")) and
                   under_way(d)["step"] == "quiet", 20, "the log")
        d.kill()
        path = os.path.join(d.state, "protocol-under-way.json")
        log = under_way(d)
        log["resume"]["written_utc_ns"] = str(int(log["resume"]["written_utc_ns"]) - 13 * 3600 * 10**9)
        with open(path, "w") as f:
            json.dump(log, f)
        d.start()
        assert now(d)["state"] == "aborted" and "12 hours" in now(d)["why"]
        s = session(d, p, lambda s: s["protocols"][0]["state"] == "aborted")
        assert "12 hours" in s["protocols"][0]["why"]
        wait_until(lambda: not os.path.exists(path), 20, "the end")
        for broken in ("{", json.dumps({**log, "version": 5}), json.dumps({**log, "at": 9}),
                       json.dumps({**log, "state": "review", "trials": []})):
            d.kill()
            with open(path, "w") as f:
                f.write(broken)
            d.start()
            assert now(d) is None
            assert os.path.exists(path + ".not-resumed") and not os.path.exists(path)
            assert "protocol-not-resumed" in d.log()
