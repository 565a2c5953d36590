# SPDX-License-Identifier: Apache-2.0
"""What lies in the archive, asked for over the control socket: every command on a real archive, who
may not ask, what is refused, and what a child process that hangs, dies or talks too much can do."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pytest
import zmq

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from plantar_harness import BIN, SANITIZER, SLOW, Plantard, environment, resident_kib, wait_until  # noqa: E402

MATS = [{"source": "sim:standing?hz=100", "mat": "pmp-64x64", "name": "left"},
        {"source": "sim:walking?hz=100", "mat": "pmp-64x64", "name": "right"}]
NOBODY = "01234567-89ab-4cde-8f01-23456789abcd"
ASKED = {"sessions": {}, "session": {"session": NOBODY}, "analysis": {"session": NOBODY, "trial": 1},
         "compare": {"sessions": [NOBODY]}, "trend": {"subject": "P-1"},
         "report": {"sessions": [NOBODY], "format": "pdf"},
         "annotate": {"session": NOBODY, "annotations": {"pain_score": 3}},
         "correct": {"session": NOBODY, "trial": 1, "reason": "seen", "side": "left"}}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def plantar(*args):
    """stdout of a plantar that ends well."""
    done = subprocess.run([os.path.join(BIN, "plantar"), *map(str, args)], capture_output=True, text=True,
                          env=environment(), timeout=120 * SLOW)
    assert done.returncode == 0, done.stderr
    return done.stdout


def parts(s, timeout=120):
    """A reply with all its parts: (JSON, others)."""
    try:
        assert s.poll(int(timeout * SLOW * 1000)), "no reply"
        first, *others = s.recv_multipart()
        return json.loads(first), others
    finally:
        s.close()


class Lab(Plantard):
    """Two mats, three sessions of two people; a second way in, for viewers."""

    def __init__(self, mats=MATS, access="", **more):
        super().__init__(mats, **more)
        self.tcp = f"tcp://127.0.0.1:{free_port()}"
        self.config = self.config.replace("control = { endpoint = ", "control = { endpoints = [").replace(
            "control.sock\"; };", f"control.sock\", \"{self.tcp}\"]; }};") + access
        with open(self.config_path, "w") as f:
            f.write(self.config)

    def session(self, seconds, **keys):
        started = self.ok("start", **keys)
        time.sleep(seconds)
        self.ok("stop")
        for trial in started["trials"]:
            self.ok("wait", path=trial["path"], timeout=120)
        return started["session_uuid"]

    def ask(self, cmd, **keys):
        return self.ok(cmd, timeout=120, **keys)


@pytest.fixture(scope="module")
def lab():
    d = Lab().start()
    try:
        d.wait_frames(50, "left")
        d.wait_frames(50, "right")
        d.first = d.session(3, subject="P-1", condition="barefoot", body_mass_kg=70)
        d.second = d.session(3, subject="P-1", condition="shod", body_mass_kg=70)
        d.other = d.session(1, subject="P-2", condition="barefoot")
        yield d
        assert d.stop() == 0, d.log()
    finally:
        d.close()


# ---- what is answered ----

def test_sessions(lab):
    listed = lab.ask("sessions")["sessions"]
    assert [s["session_uuid"] for s in listed] == [lab.other, lab.second, lab.first]
    assert listed[2] == {"session_uuid": lab.first, "subject": "P-1", "protocol": "", "conditions": ["barefoot"],
                         "started_utc": listed[2]["started_utc"], "mats": ["left", "right"], "trials": 2,
                         "accepted": 2, "rejected": 0, "undecided": 0, "sealed": True, "recording": False,
                         "unfinished": 0}
    assert listed == json.loads(plantar("sessions", "--json", "--archive", lab.state))["sessions"]
    assert [s["session_uuid"] for s in lab.ask("sessions", subject="P-1")["sessions"]] == [lab.second, lab.first]
    assert [s["session_uuid"] for s in lab.ask("sessions", limit=1)["sessions"]] == [lab.other]
    assert lab.ask("sessions", subject="P-9")["sessions"] == []


def test_one_session(lab):
    """What `plantar info` says of its folder."""
    folder = os.path.dirname(lab.ask("session", session=lab.first)["session"]["recordings"][0]["path"])
    assert lab.ask("session", session=lab.first)["session"] == json.loads(plantar("info", folder, "--json"))
    recordings = lab.ask("session", session=lab.first)["session"]["recordings"]
    assert [r["session"]["mat"] for r in recordings] == ["left", "right"]
    assert [r["verdict"] for r in recordings] == ["unsaid", "unsaid"]


def test_analysis(lab):
    path = lab.ask("session", session=lab.first)["session"]["recordings"][1]["path"]
    assert lab.ask("analysis", session=lab.first, trial=2)["analysis"] == json.loads(
        plantar("analyze", path, "--json"))
    pictures = lab.ask("analysis", session=lab.first, trial=2, pictures=True)["analysis"]["pictures"]
    assert len(pictures["peak"]) == 64 * 64
    assert "pictures" not in lab.ask("analysis", session=lab.first, trial=2, pictures=False)["analysis"]


@pytest.mark.parametrize("by,says", [(None, "groups"), ("session", "groups"), ("condition", "conditions"),
                                     ("side", "sides")])
def test_compare(lab, by, says):
    keys = {"sessions": [lab.first] if by == "side" else [lab.first, lab.second]}
    if by:
        keys["by"] = by
    reply = lab.request("compare", timeout=120, **keys)
    assert reply["ok"], reply
    assert reply["comparison"]["by"] == says
    if says == "groups":
        assert [g["name"] for g in reply["comparison"]["groups"]] == [lab.first, lab.second]
    if says == "conditions":
        assert [g["name"] for g in reply["comparison"]["groups"]] == ["barefoot", "shod"]


def test_compare_takes_one_condition_of_each(lab):
    both = [lab.first, lab.second]
    compared = lab.ask("compare", sessions=both, conditions=["barefoot", None])["comparison"]
    assert [(g["name"], g["recordings"]) for g in compared["groups"]] == [(lab.first, 2), (lab.second, 2)]
    error = lab.refused("compare", sessions=both, conditions=["barefoot", "--mix=all"])
    assert error["message"].endswith(f'{lab.second} has no trial of condition "--mix=all"')
    assert lab.ask("compare", sessions=both, mix="condition,surface")["comparison"]["mixed"] == []


def test_compare_of_two_people_is_refused(lab):
    error = lab.refused("compare", sessions=[lab.first, lab.other])
    assert error["code"] == "state" and "one person" in error["message"]


def test_trend(lab):
    trend = lab.ask("trend", subject="P-1", condition="shod")["trend"]
    assert [s["session_uuid"] for s in trend["sessions"]] == [lab.second]
    assert lab.refused("trend", subject="P-9")["code"] == "noent"


@pytest.mark.skipif("report" not in subprocess.run([os.path.join(BIN, "plantar"), "help"], capture_output=True,
                                                   text=True).stdout, reason="built without cairo")
@pytest.mark.parametrize("form,starts", [("pdf", b"%PDF"), ("svg", b"<?xml"), ("png", b"\x89PNG"),
                                         ("html", b"<!DOCTYPE html>")])
def test_report(lab, tmp_path, form, starts):
    """The same bytes as on the command line."""
    one = {"page": 1} if form in ("svg", "png") else {}
    reply, others = parts(lab.send({"v": 1, "cmd": "report", "sessions": [lab.second], "format": form, **one}))
    assert reply["ok"], reply
    assert len(others) == 1 and len(others[0]) == reply["bytes"] and others[0].startswith(starts)
    path = tmp_path / reply["name"]
    plantar("report", lab.second, f"--{form}", "-o", path, "--archive", lab.state,
            *(["--page", 1] if one else []))
    assert path.read_bytes() == others[0]


def test_a_report_that_cannot_be(lab):
    assert lab.refused("report", sessions=[NOBODY], format="pdf")["code"] == "noent"
    assert "page 99" in lab.refused("report", sessions=[lab.second], format="png", page=99)["message"]


def test_annotate_says_who_asked(lab):
    reply = lab.ask("annotate", session=lab.other, trial=1, annotations={"pain_score": 3, "notes": "-x --help"})
    assert [t["changed"] for t in reply["trials"]] == [2]
    lab.ask("annotate", session=lab.other, trial=1, annotations={"notes": None}, note="--later", by="Dr. Ä")
    trial, untouched = lab.ask("session", session=lab.other)["session"]["recordings"]
    assert trial["session"]["annotations"] == {"pain_score": 3}
    who = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    assert [(a["who"], a.get("key"), a.get("text")) for a in trial["amendments"]] == [
        (f"uid:{os.getuid()} via {who}", "pain_score", None), (f"uid:{os.getuid()} via {who}", "notes", None),
        (f"Dr. Ä via {who}", "notes", None), (f"Dr. Ä via {who}", None, "--later")]
    assert untouched["amendments"] == []
    assert lab.refused("annotate", session=lab.other, annotations={"pain_score": 11})["code"] == "usage"


def test_a_trial_is_rejected_and_accepted_later(lab):
    lab.ask("annotate", session=lab.other, trial=2, reject="two feet")
    assert lab.ask("sessions", subject="P-2")["sessions"][0]["rejected"] == 1
    trial = lab.ask("session", session=lab.other)["session"]["recordings"][1]
    assert (trial["verdict"], trial["reason"]) == ("rejected", "two feet")
    lab.ask("annotate", session=lab.other, trial=2, accept=True)
    assert lab.ask("sessions", subject="P-2")["sessions"][0]["rejected"] == 0


def test_a_subject_is_a_code(lab):
    """The daemon's own pattern holds, wherever plantar would look for it."""
    assert lab.refused("annotate", session=lab.other, annotations={"subject": "Jane/Doe"})["code"] == "usage"


def test_correct(lab):
    steps = lab.ask("analysis", session=lab.first, trial=2)["analysis"]["steps"]
    assert steps and all("reject_reason" not in s for s in steps)
    lab.ask("correct", session=lab.first, trial=2, reject_step=[1], reason="targeting")
    assert lab.ask("analysis", session=lab.first, trial=2)["analysis"]["steps"][0]["reject_reason"] == "targeting"
    lab.ask("correct", session=lab.first, trial=2, accept_step=1, reason="looked again", by="anna")
    assert "reject_reason" not in lab.ask("analysis", session=lab.first, trial=2)["analysis"]["steps"][0]
    lab.ask("correct", session=lab.first, trial=1, side="left", facing="backward", reason="--help")
    trial, walked = lab.ask("session", session=lab.first)["session"]["recordings"]
    assert trial["session"]["annotations"]["side"] == "left"
    assert trial["session"]["annotations"]["facing"] == "backward"
    assert trial["amendments"][-1]["text"] == "corrected: --help"
    assert walked["amendments"][-1]["text"] == "corrected: looked again"


def test_all_of_it_is_in_the_audit_log(lab):
    lab.ask("session", session=lab.second)

    def written():
        with open(os.path.join(lab.state, "audit.log")) as f:
            return any(f'"{lab.second}' in line.replace("\\", "") and '"session"' in line.replace("\\", "")
                       for line in f)
    wait_until(written, what="the audit log")
    assert json.loads(plantar("verify", "--json", lab.state))["audit"][0]["ok"]


# ---- who may not, and what is refused ----

def test_viewers_may_not(lab):
    ipc, lab.control = lab.control, lab.tcp
    try:
        assert lab.ok("status")
        for cmd, keys in ASKED.items():
            error = lab.refused(cmd, **keys)
            assert error["code"] == "access" and "operator" in error["message"], (cmd, error)
    finally:
        lab.control = ipc


@pytest.mark.parametrize("cmd,keys,says", [
    ("session", {"session": NOBODY}, NOBODY),
    ("analysis", {"session": NOBODY, "trial": 1}, NOBODY),
    ("annotate", {"session": NOBODY, "annotations": {"pain_score": 3}}, NOBODY),
    ("correct", {"session": NOBODY, "trial": 1, "reason": "x", "side": "left"}, NOBODY),
])
def test_a_session_that_is_not_there(lab, cmd, keys, says):
    error = lab.refused(cmd, **keys)
    assert error["code"] == "noent" and says in error["message"]


@pytest.mark.parametrize("cmd,keys,says", [
    ("session", {}, "needs \"session\""),
    ("session", {"session": ""}, "uuid"),
    ("session", {"session": "../" * 12}, "uuid"),
    ("session", {"session": "/etc/passwd"}, "uuid"),
    ("session", {"session": NOBODY.upper()}, "uuid"),
    ("session", {"session": NOBODY.replace("-", "a")}, "uuid"),
    ("session", {"session": "-" * 36}, "uuid"),
    ("analysis", {"session": NOBODY, "trial": 0}, "trial"),
    ("analysis", {"session": NOBODY, "trial": 1.5}, "whole number"),
    ("analysis", {"session": NOBODY, "trial": "1"}, "whole number"),
    ("analysis", {"session": NOBODY, "trial": 1, "pictures": 1}, "pictures"),
    ("compare", {"sessions": []}, "1 to 20"),
    ("compare", {"sessions": NOBODY}, "array"),
    ("compare", {"sessions": [NOBODY, NOBODY]}, "twice"),
    ("compare", {"sessions": [NOBODY[:-2] + f"{i:02x}" for i in range(21)]}, "1 to 20"),
    ("compare", {"sessions": [NOBODY, "--by"]}, "uuids"),
    ("compare", {"sessions": [NOBODY], "by": "--mix"}, "condition session side"),
    ("compare", {"sessions": [NOBODY], "mix": "mat,--by"}, "condition all"),
    ("compare", {"sessions": [NOBODY], "conditions": ["a", "b"]}, "one for each session, 1"),
    ("compare", {"sessions": [NOBODY], "conditions": [1]}, "string"),
    ("compare", {"sessions": [NOBODY], "conditions": "a"}, "array"),
    ("sessions", {"limit": 0}, "limit"),
    ("sessions", {"folder": "/"}, "does not take"),
    ("trend", {"subject": "P\n1"}, "control character"),
    ("report", {"sessions": [NOBODY]}, "format"),
    ("report", {"sessions": [NOBODY], "format": "exe"}, "pdf svg png html"),
    ("report", {"sessions": [NOBODY], "format": ""}, "pdf svg png html"),
    ("report", {"sessions": [NOBODY], "format": "png", "page": -1}, "page"),
    ("report", {"sessions": [NOBODY], "format": "png"}, "which?"),
    ("report", {"sessions": [NOBODY], "format": "pdf", "page": 1}, "all pages"),
    ("annotate", {"session": NOBODY}, "one of"),
    ("annotate", {"session": NOBODY, "annotations": {}}, "object"),
    ("annotate", {"session": NOBODY, "annotations": {"--note": "x"}}, "--note"),
    ("annotate", {"session": NOBODY, "annotations": {"--note": None}}, "--note"),
    ("annotate", {"session": NOBODY, "annotations": {"pain_score": 3}, "by": "x" * 49}, "longer"),
    ("correct", {"session": NOBODY, "trial": 1, "side": "left"}, "reason"),
    ("correct", {"session": NOBODY, "trial": 1, "reason": "x"}, "one of"),
    ("correct", {"session": NOBODY, "trial": 1, "reason": "", "side": "left"}, "reason"),
    ("correct", {"session": NOBODY, "trial": 1, "reason": "x", "side": "--json"}, "left right"),
    ("correct", {"session": NOBODY, "trial": 1, "reason": "x", "facing": "up"}, "forward"),
    ("correct", {"session": NOBODY, "trial": 1, "reason": "x", "foot": 1, "facing": "auto"}, "side"),
    ("correct", {"session": NOBODY, "trial": 1, "reason": "x", "reject_step": []}, "reject_step"),
    ("correct", {"session": NOBODY, "trial": 1, "reason": "x", "reject_step": [1, -1]}, "reject_step"),
])
def test_what_is_refused(lab, cmd, keys, says):
    error = lab.refused(cmd, **keys)
    assert error["code"] == "usage" and says in error["message"], error


def test_a_value_with_a_dash_is_no_option(lab):
    assert "--help" in lab.refused("trend", subject="--help")["message"]
    assert lab.ask("sessions", subject="--json")["sessions"] == []
    assert lab.refused("trend", subject="P-1", condition="--archive=/")["code"] == "noent"


# ---- a session in two folders, on the command line ----

def test_by_uuid_wherever_a_session_stands(lab, tmp_path):
    """A session of which the second trial went to the second folder is one session."""
    folder = os.path.dirname(lab.ask("session", session=lab.second)["session"]["recordings"][0]["path"])
    below = os.path.relpath(folder, lab.state)
    for root, keep in (("a", "trial-001.h5"), ("b", "trial-002.h5")):
        os.makedirs(tmp_path / root / below)
        shutil.copy(os.path.join(folder, keep), tmp_path / root / below)
    both = ["--archive", tmp_path / "a", "--archive", tmp_path / "b"]
    listed = json.loads(plantar("sessions", "--json", *both))["sessions"]
    assert len(listed) == 1 and listed[0]["trials"] == 2 and listed[0]["mats"] == ["left", "right"]
    assert not listed[0]["sealed"]
    found = json.loads(plantar("info", lab.second, "--json", *both))["recordings"]
    assert [os.path.basename(r["path"]) for r in found] == ["trial-001.h5", "trial-002.h5"]
    for name in (f"{lab.second}/2", f"{lab.second}/trial-002.h5"):
        assert json.loads(plantar("analyze", name, "--json", *both))["recording"]["path"] == found[1]["path"]
    assert "t_s" in plantar("export", "csv", f"{lab.second}/1", *both)
    assert plantar("annotate", lab.second, "pain_score=1", *both).count(": 1 changed") == 2
    compared = json.loads(plantar("compare", lab.second, "--by", "sides", "--json", *both))
    assert [(g["name"], g["recordings"]) for g in compared["groups"]] == [(lab.second, 2)]
    assert json.loads(plantar("verify", lab.first, "--json", "--archive", lab.state))["problems"] == 0


# ---- children that misbehave ----

class Staged(Lab):
    """plantard in a folder without plantar, which it finds through PATH: a script, of which $1 is the
    command."""

    def __init__(self, script, access="", mats=None):
        self.place = tempfile.mkdtemp(prefix="plantard-bin-")
        shutil.copy(os.path.join(BIN, "plantard"), self.place)
        os.mkdir(os.path.join(self.place, "path"))
        if script is not None:
            tool = os.path.join(self.place, "path", "plantar")
            with open(tool, "w") as f:
                f.write(f"#!/bin/sh\nplace={self.place}\n{script}\n")
            os.chmod(tool, 0o755)
        super().__init__(mats or MATS[:1], access=access,
                         env={"PATH": os.path.join(self.place, "path") + ":/usr/bin:/bin"})

    def command(self, *args):
        return [os.path.join(self.place, "plantard"), "--config", self.config_path, *args]

    def close(self):
        super().close()
        shutil.rmtree(self.place, ignore_errors=True)

    def pids(self):
        """Of the children that said so: echo $$ >> $place/pids."""
        try:
            with open(os.path.join(self.place, "pids")) as f:
                return [int(line) for line in f]
        except FileNotFoundError:
            return []


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_a_hung_child_is_ended_and_costs_no_frame():
    with Staged("echo $$ >> $place/pids; sleep 1000 & wait", "access = { look_s = 5.0; };\n", MATS) as d:
        d.wait_frames(50)
        before = d.status()
        sub = d.subscribe("metrics/left")
        path = d.ok("start", subject="P-1")["trials"][0]["path"]
        begun = time.monotonic()
        asked = [d.send({"v": 1, "cmd": "sessions"}) for _ in range(2)]
        wait_until(lambda: len(d.pids()) == 2, what="two children")
        for _ in range(20):
            t = time.monotonic()
            d.ok("status")
            assert time.monotonic() - t < 2 * SLOW
        for s in asked:
            error = d.receive(s, timeout=60)["error"]
            assert error["code"] == "timeout" and "5 s" in error["message"], error
        assert time.monotonic() - begun >= 5
        wait_until(lambda: not any(map(alive, d.pids())), what="the children to be gone")
        d.ok("stop")
        assert d.ok("wait", path=path, timeout=120)["gaps"] == 0
        after = d.status()
        assert [m["lost_total"] for m in after["mats"]] == [m["lost_total"] for m in before["mats"]]
        assert all(m["publish"]["dropped"] == 0 and m["reader"]["dropped_chunks"] == 0 for m in after["mats"])
        seqs = []
        while not seqs or seqs[-1] < after["mats"][0]["seq"]:
            topic, header, _ = sub.next()
            if topic == "metrics/left":
                seqs.append(header["seq"])
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


@pytest.mark.parametrize("script,code,says", [
    ("kill -SEGV $$", "io", "signal 11"),
    ("echo '{\"sessions\":['; exit 0", "io", "code 0"),
    ("echo 'all is well'", "io", "code 0"),
    ("true", "io", "without a result"),
    ("echo 'plantar sessions: odd' >&2; exit 1", "io", "odd"),
    ("echo 'plantar sessions: odd' >&2; echo \"Try 'plantar help'\" >&2; exit 2", "usage", "odd"),
    ("echo 'error 8 the disk is full' >&2; exit 1", "nospace", "the disk is full"),
    ("echo 'error 99 odd' >&2; exit 1", "io", "error 99 odd"),
    ("head -c 17000000 /dev/zero", "nomem", "16 MiB"),
    ("head -c 17000000 /dev/zero >&2; echo >&2; echo last >&2; exit 1", "io", "last"),
])
def test_a_child_that_fails(script, code, says):
    with Staged(script) as d:
        error = d.refused("sessions", timeout=60)
        assert error["code"] == code and says in error["message"], error
        assert d.ok("status")


def test_no_plantar_at_all():
    with Staged(None) as d:
        error = d.refused("sessions")
        assert error["code"] == "noent" and "plantar was not found" in error["message"]


def test_a_flood_queues_and_is_refused():
    """Two run, the others wait; more than eight of one client are refused, another is still served."""
    with Staged("echo $$ >> $place/pids; until [ -e $place/go ]; do sleep 0.05; done; echo '{\"sessions\":[]}'",
                access="access = { loopback = \"operator\"; };\n") as d:
        asked = [d.send({"v": 1, "cmd": "sessions"}) for _ in range(30)]
        wait_until(lambda: sum(bool(s.poll(0)) for s in asked) == 22, what="22 refusals")
        wait_until(lambda: len(d.pids()) == 2, what="two children")
        ipc, d.control = d.control, d.tcp
        other = d.send({"v": 1, "cmd": "sessions"})
        d.control = ipc
        assert d.ok("status")
        open(os.path.join(d.place, "go"), "w").close()
        replies = [d.receive(s, timeout=60) for s in asked]
        assert [r["ok"] for r in replies].count(True) == 8
        assert {r["error"]["code"] for r in replies if not r["ok"]} == {"busy"}
        assert d.receive(other, timeout=60)["ok"]
        assert len(d.pids()) == 9


def test_who_waits_too_long_is_told():
    with Staged("sleep 1000", access="access = { look_s = 2.0; };\n") as d:
        asked = [d.send({"v": 1, "cmd": "sessions"}) for _ in range(8)]
        codes = [d.receive(s, timeout=60)["error"]["code"] for s in asked]
        assert set(codes) == {"timeout", "busy"} and codes.count("timeout") >= 2


def test_a_file_is_the_second_part():
    """10 MiB with all kinds of bytes, and what they are."""
    with Staged("[ $1 = report ] && /usr/bin/head -c 10485760 $place/plantard.bytes") as d:
        content = bytes(range(256)) * 40960
        with open(os.path.join(d.place, "plantard.bytes"), "wb") as f:
            f.write(content)
        for form, kind in (("pdf", "application/pdf"), ("svg", "image/svg+xml"), ("png", "image/png"),
                           ("html", "text/html; charset=utf-8")):
            one = {"page": 2} if form in ("svg", "png") else {}
            reply, others = parts(d.send({"v": 1, "cmd": "report", "sessions": [NOBODY], "format": form, **one}))
            name = f"report-{NOBODY}-2.{form}" if one else f"report-{NOBODY}.{form}"
            assert reply == {"ok": True, "type": kind, "name": name, "bytes": len(content)}
            assert others == [content]


def test_answers_that_nobody_takes_are_bounded():
    """A client that asks and does not read costs some tens of MiB, and others are still served."""
    with Staged("[ $1 = report ] && head -c 16000000 /dev/zero || echo '{\"sessions\":[]}'") as d:
        before = resident_kib(d.process.pid)
        s = d.context.socket(zmq.DEALER)
        s.setsockopt(zmq.LINGER, 0)
        s.setsockopt(zmq.RCVHWM, 1)
        s.setsockopt(zmq.RCVBUF, 4096)
        s.connect(d.control)
        for _ in range(5):
            for _ in range(8):
                s.send_multipart([b"", json.dumps({"v": 1, "cmd": "report", "sessions": [NOBODY],
                                                   "format": "pdf"}).encode()])
            time.sleep(1)
        if not SANITIZER:  # which keep what was freed
            assert resident_kib(d.process.pid) - before < 120 * 1024
        assert d.ok("status")
        s.close()
        wait_until(lambda: d.request("sessions", timeout=60)["ok"], 60, "room for answers")


def test_what_a_child_is_told():
    """Values are single words: behind =, or behind --; nothing of plantard's own is open in it."""
    script = ("printf '%s\\n' \"$@\" > $place/words; ls -l /proc/$$/fd > $place/fds; "
              "awk '{print $19}' /proc/$$/stat > $place/nice; echo '{\"trials\":[]}'")
    with Staged(script) as d:
        d.ok("annotate", session=NOBODY, trial=3, note="-n $(id) `id`; 'x' \"y\"", by="--x",
             annotations={"notes": "--y\u2028z", "heel_lift_mm": 6, "pain_left": None})
        with open(os.path.join(d.place, "words")) as f:
            words = f.read().split("\n")[:-1]
        assert words == ["annotate", f"--archive={d.state}", "--json", "--by=--x",
                         "--note=-n $(id) `id`; 'x' \"y\"", "--", f"{NOBODY}/3", "heel_lift_mm=6",
                         "notes=--y\u2028z", "pain_left="]
        with open(os.path.join(d.place, "fds")) as f:
            kinds = [line.split(" -> ")[1] for line in f if " -> " in line]
        assert not any("socket" in k or "audit" in k or "eventfd" in k for k in kinds), kinds
        with open(os.path.join(d.place, "nice")) as f:
            assert int(f.read()) == 10


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_plantard_ends_and_takes_its_children_along(how):
    d = Staged("echo $$ >> $place/pids; exec sleep 1000").start()
    try:
        asked = [d.send({"v": 1, "cmd": "sessions"}) for _ in range(3)]
        wait_until(lambda: len(d.pids()) == 2, what="two children")
        d.signal(how)
        if how == signal.SIGTERM:
            assert d.wait() == 0
            for s in asked:
                error = d.receive(s)["error"]
                assert error["code"] == "state" and "ending" in error["message"]
        else:
            d.wait()
        wait_until(lambda: not any(map(alive, d.pids())), what="the children to be gone")
    finally:
        d.close()


def test_a_change_is_finished_before_plantard_ends():
    script = "echo $$ >> $place/pids; sleep 1; echo done > $place/changed; echo '{\"trials\":[]}'"
    d = Staged(script).start()
    try:
        s = d.send({"v": 1, "cmd": "annotate", "session": NOBODY, "annotations": {"pain_score": 1}})
        wait_until(d.pids, what="the child")
        assert d.stop() == 0
        assert os.path.exists(os.path.join(d.place, "changed"))
        assert d.receive(s) == {"ok": True, "trials": []}
    finally:
        d.close()
