# SPDX-License-Identifier: Apache-2.0
"""Erasing a person's recordings, and what is left of them: in the archive, in verify and trend, in the audit
log, in the bytes of the files."""
import hashlib
import json
import os
import shutil
import subprocess
import sys

import h5py

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from plantar_harness import BIN, SLOW, Plantard, environment, wait_until  # noqa: E402

SIM = {"source": "sim:standing?hz=100&seed=1", "mat": "pmp-64x64", "name": "m"}


def plantar(*args, stdin=None):
    done = subprocess.run([os.path.join(BIN, "plantar"), *args], capture_output=True, text=True,
                          timeout=120 * SLOW, env=environment(), stdin=stdin or subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def grep(root, word):
    """Files below root that hold these bytes."""
    found = []
    for folder, _, names in os.walk(root):
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                if word.encode() in f.read():
                    found.append(os.path.relpath(os.path.join(folder, name), root))
    return found


def test_erase():
    with Plantard([SIM], folder=None) as d:
        d.wait_frames(10)
        for subject in ("P-1", "P-10", "P-1", "P-2"):
            d.record(0.5, subject=subject)
        path = d.ok("start", subject="P-3")["trials"][0]["path"]
        root = d.state
        code, _, err = plantar("erase", "P-3", "--archive", root, "--yes")
        assert code == 1 and "being recorded" in err and os.path.exists(path[:-3] + ".journal")
        d.ok("stop")
        d.ok("wait", path=path, timeout=60)
        assert d.stop() == 0
        before = json.loads(plantar("verify", "--json", root)[1])
        assert before["problems"] == 0 and before["erased"] == 0
        code, _, err = plantar("erase", "P-1", "--archive", root)
        assert code == 2 and "--yes" in err
        code, out, _ = plantar("erase", "P-1", "--archive", root, "--dry-run", "--json")
        doc = json.loads(out)
        assert code == 0 and doc["sessions"] == 2 and doc["erased"] == 0
        manifests = {}
        for folder in doc["folders"]:
            with open(os.path.join(folder, "MANIFEST.sha256"), "rb") as f:
                manifests[folder] = hashlib.sha256(f.read()).hexdigest()
        code, out, err = plantar("erase", "P-1", "--archive", root, "--yes")
        assert code == 0 and "erased 2 sessions" in out, err
        for folder in doc["folders"]:
            assert os.listdir(folder) == ["ERASED.json"]
            with open(os.path.join(folder, "ERASED.json")) as f:
                stone = json.load(f)
            assert stone["session_uuid"] == os.path.basename(folder)
            assert stone["trials"] == 1 and stone["frames"] > 20 and stone["files"] >= 3
            assert stone["manifest_sha256"] == manifests[folder]
            assert stone["by"] == f"uid:{os.getuid()}" and "P-1" not in json.dumps(stone)
            assert stone["subject_sha256"] == hashlib.sha256(
                (stone["subject_salt"] + "P-1").encode()).hexdigest()
        # whole words only, and nobody else's
        assert plantar("trend", "P-10", "--archive", root)[0] == 0
        assert plantar("trend", "P-2", "--archive", root)[0] == 0
        code, _, err = plantar("trend", "P-1", "--archive", root)
        assert code == 1 and "2 sessions of P-1 were erased" in err
        assert grep(root, '"P-1"') == [] and set(grep(root, "P-1\\\"")) == {"audit.log"}
        # known to be erased, not lost
        after = json.loads(plantar("verify", "--json", root)[1])
        assert after["problems"] == 0 and after["erased"] == 2
        assert after["audit"][0]["ok"] and after["audit"][0]["n"] == before["audit"][0]["n"] + 2
        assert plantar("erase", "P-1", "--archive", root, "--yes")[0] == 1
        # an erasure that was interrupted is seen, and can be finished
        code, out, _ = plantar("erase", "P-2", "--archive", root, "--dry-run", "--json")
        folder = json.loads(out)["folders"][0]
        copy = os.path.join(d.folder, "copy")
        shutil.copytree(folder, copy)
        assert plantar("erase", "P-2", "--archive", root, "--yes")[0] == 0
        shutil.copy(os.path.join(copy, "trial-001.h5"), folder)
        again = json.loads(plantar("verify", "--json", root)[1])
        assert again["problems"] >= 1
        assert any("not erased to the end" in (f["problem"] or "") for f in again["files"])
        assert plantar("erase", "P-2", "--archive", root, "--yes")[0] == 0
        assert os.listdir(folder) == ["ERASED.json"]
        assert json.loads(plantar("verify", "--json", root)[1])["problems"] == 0


def test_deidentify():
    """Nothing of what points to a person is in any byte; every frame and figure is the same."""
    private = ["P-SECRET-7", "Anna", "left-lab"]
    with Plantard([{**SIM, "name": "left-lab"}]) as d:
        d.wait_frames(10)
        reply = d.ok("start", subject="P-SECRET-7", protocol="quiet-stance", condition="barefoot",
                     body_mass_kg=70, annotations={"heel_lift_mm": 6, "notes": "Anna was late",
                                                   "training": "runs with Anna"})
        path = reply["trials"][0]["path"]
        d.ok("mark", text="Anna sneezes")
        wait_until(lambda: d.mat()["recording"]["frames"] > 80, 20, "frames")
        d.ok("stop")
        d.ok("wait", path=path, timeout=60)
        private += [reply["session_uuid"], os.uname().nodename * 3, d.folder, "sim:standing"]
        folder, out = os.path.dirname(path), os.path.join(d.folder, "out")
        assert plantar("export", "--deidentify", folder)[0] == 2  # -o
        assert plantar("export", "csv", "--deidentify", folder, "-o", out)[0] == 2
        code, said, err = plantar("export", "--deidentify", folder, "-o", out)
        assert code == 0 and "Kept:" in said, err
        assert plantar("export", "--deidentify", folder, "-o", out)[0] == 2  # not over it
        for word in private:
            assert grep(out, word) == [], word
        with h5py.File(path) as a, h5py.File(os.path.join(out, "trial-001.h5")) as b:
            now = a.attrs["started_utc"][:10]
            assert b.attrs["subject"] == "" and b["subject"].attrs["code"] == ""
            assert b.attrs["host"] == "" and b["mat"].attrs["source"] == ""
            assert b.attrs["started_utc"].startswith("2000-01-01")
            assert b.attrs["condition"] == "barefoot" and b["subject"].attrs["body_mass_kg"] == 70
            assert b["trial"].attrs["heel_lift_mm"] == 6 and "notes" not in b["trial"].attrs
            assert "training" not in b["subject"].attrs
            assert (a["frames/raw"][:] == b["frames/raw"][:]).all()
            assert (a["frames/seq"][:] == b["frames/seq"][:]).all()
            for key in a["metrics"]:
                assert a["metrics"][key][:].tobytes() == b["metrics"][key][:].tobytes(), key
            shift = int(a.attrs["started_mono_ns"]) - int(b.attrs["started_mono_ns"])
            for key in ("t_mono_ns", "t_est_ns"):
                assert (a["frames"][key][:] - shift == b["frames"][key][:]).all()
            assert [bytes(e["kind"]) for e in b["events"][:]] == [bytes(e["kind"]) for e in a["events"][:]]
            assert not any(bytes(e["text"]).strip(b"\0") for e in b["events"][:])
        assert grep(out, now) == []
        checked = json.loads(plantar("verify", "--json", out)[1])
        assert checked["problems"] == 0 and len(checked["files"]) == 3
        one = os.path.join(d.folder, "one")
        assert plantar("export", "--deidentify", path, "-o", one)[0] == 0
        assert sorted(os.listdir(one)) == sorted(os.listdir(out))
        assert plantar("export", "--deidentify", d.state, "-o", one + "2")[0] == 0  # one session there
        d.record(0.3)
        code, _, err = plantar("export", "--deidentify", d.state, "-o", one + "3")
        assert code == 2 and "several sessions" in err


def test_names_are_no_codes_anywhere(tmp_path):
    """One rule at each door: start, protocol, annotations, import, annotate, correct."""
    conf = tmp_path / "plantard"
    conf.mkdir()
    (conf / "plantard.conf").write_text('archive = { subject_pattern = "P-[0-9]+"; };\n')
    env = {"XDG_CONFIG_HOME": str(tmp_path)}

    def tool(*args):
        done = subprocess.run([os.path.join(BIN, "plantar"), *map(str, args)], capture_output=True, text=True,
                              timeout=120 * SLOW, env=environment(**env))
        return done.returncode, done.stderr

    with Plantard([SIM], archive={"subject_pattern": "P-[0-9]+"}) as d:
        d.wait_frames(5)
        for name in ("Muster", "P-1 Anna", "P-", "P-1\u00e4", "xP-1"):
            for request in ({"cmd": "start", "subject": name},
                            {"cmd": "start", "annotations": {"subject": name}},
                            {"cmd": "protocol", "protocol": "quiet-stance", "subject": name}):
                cmd = request.pop("cmd")
                assert d.refused(cmd, **request)["code"] == "usage", (cmd, request)
        path = d.record(0.3, subject="P-1")
        for verb in ("annotate", "correct"):
            code, err = tool(verb, path, "subject=Muster") if verb == "annotate" else tool(
                verb, path, "--set", "subject=Muster")
            assert code in (1, 2) and ("no code" in err or "unknown option" in err), (verb, err)
        assert tool("annotate", path, "subject=P-2")[0] == 0
    table = tmp_path / "picture.asf"
    table.write_text("x")
    code, err = tool("import", table, "--subject", "Anna Muster")
    assert code == 2 and "no code that is allowed here: P-[0-9]+" in err
    (conf / "plantard.conf").write_text("archive = {")  # may be the one that forbids
    assert tool("import", table, "--subject", "P-1")[0] != 0
    env["XDG_CONFIG_HOME"] = str(tmp_path / "nowhere")
    if not os.path.exists("/etc/plantard/plantard.conf"):
        code, err = tool("import", table, "--subject", "Anna Muster")
        assert code == 2 and "letters, digits" in err


def test_the_fallback_is_not_forgotten(tmp_path):
    """A daemon that keeps some recordings in archive.fallback, because the first folder took none that day: without
    --archive the tool finds both; the line of the log goes to where plantard's requests are."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("no folder: nothing can be recorded here")
    with Plantard([SIM], archive={"folder": str(first), "fallback": str(second), "reserve_mb": 0}) as d:
        d.wait_frames(10)
        path = d.record(0.3, subject="P-7")
        assert path.startswith(str(second))
        first.unlink()
        assert d.record(0.3, subject="P-7").startswith(str(first))
        assert d.stop() == 0
        env = d.environment()

        def erase(*args):
            done = subprocess.run([os.path.join(BIN, "plantar"), "erase", "P-7", "--json", *args], env=env, text=True,
                                  capture_output=True, timeout=120 * SLOW, stdin=subprocess.DEVNULL)
            return done.returncode, done.stdout, done.stderr

        table = tmp_path / "table.csv"  # import finds a session there, too, and makes new ones in the first
        table.write_text("F\n" + "".join(f"{700 + i % 7}\n" for i in range(300)))
        for session, where in (([os.path.basename(os.path.dirname(path))], second), ([], first)):
            done = subprocess.run([os.path.join(BIN, "plantar"), "import", str(table), "--columns", "force=F", "--rate",
                                   "100", "--json", *(["--session", *session] if session else ["--subject", "P-8"])],
                                  env=env, text=True, capture_output=True, timeout=120 * SLOW)
            assert done.returncode == 0, done.stderr
            assert json.loads(done.stdout)["folder"].startswith(str(where))

        away = tmp_path / "away"
        second.rename(away)  # not mounted: not passed over in silence
        code, out, err = erase("--dry-run")
        assert code == 0 and json.loads(out)["sessions"] == 1 and "archive.fallback" in err
        away.rename(second)
        code, out, err = erase("--yes")
        assert code == 0 and json.loads(out)["erased"] == 2 and not err, err
        for root in (first, second):
            assert grep(root, "P-7") == []
            assert ["ERASED.json"] in [names for _, _, names in os.walk(root)]
        with open(os.path.join(d.state, "audit.log")) as f:
            assert sum("plantar erase: session" in line for line in f) == 2
        assert not (first / "audit.log").exists()
        assert json.loads(plantar("verify", "--json", d.state)[1])["problems"] == 0
        code, _, err = erase("--yes")
        assert code == 1 and str(first) in err and str(second) in err


TABLE = "".join(f"{i / 100!r},{700 + 5 * (i % 7)!r},{i % 3!r}\n" for i in range(300))


def test_a_session_of_a_table(tmp_path):
    """No frames, no mat: samples. Given away, they are the same numbers under the names of their roles; erased, gone."""
    source = tmp_path / "Muster.csv"
    source.write_text("t [s],Force of Muster [N],weight\n" + TABLE)
    archive, out = tmp_path / "archive", tmp_path / "out"
    code, said, err = plantar("import", str(source), "--columns", "time=1,force=2", "--subject", "P-SECRET-7",
                              "--protocol", "quiet-stance", "--condition", "barefoot", "--out", str(archive), "--json")
    assert code == 0, err
    path = json.loads(said)["trials"][0]["path"]
    assert plantar("annotate", path, "heel_lift_mm=6", "notes=Muster was late", "steps_rejected=1+0.5 Muster fell", "--note", "Muster sneezed")[0] == 0
    code, said, err = plantar("export", "--deidentify", os.path.dirname(path), "-o", str(out))
    assert code == 0, err
    for word in ("P-SECRET-7", "Muster", json.loads(plantar("info", path, "--json")[1])["recordings"][0]["session"][
            "session_uuid"], os.uname().nodename * 3, str(tmp_path)):
        assert grep(out, word) == [], word
    with h5py.File(path) as a, h5py.File(out / "trial-001.h5") as b:
        assert b.attrs["subject"] == "" and b.attrs["host"] == "" and b.attrs["protocol"] == "quiet-stance"
        assert b.attrs["started_utc"].startswith("2000-01-01") and b["trial"].attrs["heel_lift_mm"] == 6
        assert b["trial"].attrs["steps_rejected"] == "1.000+0.500"
        assert sorted(a["samples"]) == sorted(b["samples"]) and sorted(a["metrics"]) == sorted(b["metrics"])
        for group in ("samples", "metrics"):
            for key in a[group]:
                assert a[group][key][:].tobytes() == b[group][key][:].tobytes(), key
        assert a["samples/force"].attrs["column"] == "Force of Muster [N]"
        assert b["samples/force"].attrs["column"] == "force"
        assert a["samples"].attrs["rate_hz"] == b["samples"].attrs["rate_hz"]
        assert not any(bytes(e["text"]).strip(b"\0") for e in b["events"][:])
    assert json.loads(plantar("verify", "--json", str(out))[1])["problems"] == 0
    os.unlink(os.path.join(os.path.dirname(path), "session.json"))  # the recording itself says whose it is
    code, said, err = plantar("erase", "P-SECRET-7", "--archive", str(archive), "--yes", "--json")
    assert code == 0 and json.loads(said)["erased"] == 1, err
    with open(os.path.join(os.path.dirname(path), "ERASED.json")) as f:
        assert json.load(f)["frames"] == 300


if __name__ == "__main__":
    import pytest
    sys.exit(pytest.main([__file__, "-q"]))
