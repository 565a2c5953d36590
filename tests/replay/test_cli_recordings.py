# SPDX-License-Identifier: Apache-2.0
"""plantar's offline commands on recordings of the daemon: recover, verify, info, analyze, export;
what is damaged or gone is found, and nothing that is there is overwritten."""
import json
import os
import shutil
import struct
import subprocess

import h5py
import pytest

from cli import MAKE_JOURNAL, capture_bytes, document, person, rows, run

@pytest.fixture
def session(tmp_path):
    capture = person(tmp_path, seconds=2)
    folder = tmp_path / "2026" / "11" / "session"
    folder.mkdir(parents=True)
    subprocess.run([MAKE_JOURNAL, str(capture), str(folder / "trial-001.journal")], check=True)
    return folder


def test_recover_verify_info(tmp_path, session):
    journal = session / "trial-001.journal"
    doc = document("info", journal, "--json")["recordings"][0]
    assert doc["state"] == "unfinished" and doc["session"]["subject"] == "P-0042"
    before = rows(journal)
    events = rows(journal, "--what", "events")

    doc = document("recover", tmp_path, "--json")
    assert (doc["recovered"], doc["failed"], doc["skipped"]) == (1, 0, 0)
    assert doc["journals"][0]["complete"] is True
    assert not journal.exists()
    h5 = session / "trial-001.h5"
    assert str(h5) == doc["journals"][0]["path"]
    assert document("recover", tmp_path, "--json")["journals"] == []

    doc = document("verify", tmp_path, "--json")
    assert doc["problems"] == 0 and len(doc["files"]) >= 1
    trial = next(f for f in doc["files"] if f["path"].endswith("trial-001.h5"))
    assert trial["ok"] and trial["metrics_checked"] and trial["metrics_bit_equal"]
    assert "ok " in run("verify", h5).stdout

    doc = document("info", tmp_path, "--json")["recordings"]
    assert len(doc) == 1 and doc[0]["state"] == "finished" and doc[0]["summary"] is True
    assert "P-0042" in run("info", tmp_path).stdout
    assert "P-0042" in run("info", h5).stdout

    stored, recomputed = rows(h5), rows(h5, "--recompute")
    assert stored == recomputed == before
    assert len(stored) == 1000
    assert rows(h5, "--what", "events") == events
    assert [e["text"] for e in events if e["kind"] == "mark"] == ['pain 4, "left"']
    assert rows(h5, "--what", "gaps") == []


def test_analysis_is_the_same_before_and_after(tmp_path, session):
    journal = document("analyze", session / "trial-001.journal", "--json")
    run("recover", session)
    h5 = document("analyze", session / "trial-001.h5", "--json")
    capture = document("analyze", tmp_path / "walking-pmp-64x64.plcap", "--json")
    for section in ("total", "feet", "method", "steps"):
        assert journal[section] == h5[section] == capture[section]


def test_steps_are_a_table_in_the_file(tmp_path, session):
    """/steps as h5py sees it against the steps of the document."""
    run("recover", session)
    path = session / "trial-001.h5"
    steps = document("analyze", path, "--json", "--body-mass", "80")["steps"]
    with h5py.File(path) as f:
        table = f["steps"]
        assert len(steps) >= 1 and table.shape == (len(steps),)
        assert len(table.attrs["figures"]) == len(table.attrs["units"]) == len(table.attrs["meanings"])
        units = dict(zip(table.attrs["figures"], table.attrs["units"]))
        assert units["loading_rate_avg_n_s"] == "N/s" and units["heel_off_pct"] == "%"
        assert units["contact_time_s"] == "s" and units["impulse_ns"] == "N s"
        summary = json.loads(f["summary"][()])["steps"]
        for row, step, said in zip(table[()], steps, summary):
            assert row["side"].decode() == step["side"] and row["accepted"] == step["accepted"]
            assert (row["strike"] == b"unknown") == (step["strike"] is None)
            for name in (*table.attrs["figures"], "onset_s"):
                if step[name] is None:
                    assert row[name] != row[name]
                else:
                    assert row[name] == step[name] == said[name]
            assert step["force_peak_bw"] == pytest.approx(step["force_peak_n"] / (80 * 9.80665))
    assert "Steps: " in run("analyze", path).stdout
    assert document("verify", path, "--json")["problems"] == 0


def test_a_killed_recording(tmp_path):
    capture = person(tmp_path, seconds=2)
    journal = tmp_path / "trial-001.journal"
    subprocess.run([MAKE_JOURNAL, str(capture), str(journal), "120"], check=True)
    doc = document("recover", journal, "--json", "--keep-journal")
    assert doc["journals"][0]["frames"] == 120 and doc["journals"][0]["complete"] is False
    assert journal.exists()
    assert "recovered" in run("info", tmp_path / "trial-001.h5").stdout


def test_losses_are_gaps(tmp_path):
    """Frames taken out of the byte stream are lost by the device's counter; the recording says so,
    and a mat that plays it says so, too."""
    capture = person(tmp_path, seconds=2)
    times, chunks = capture_bytes(capture)
    data = capture.read_bytes()
    head = data[:data.index(b"\n.\n\n") + 4]
    holed = tmp_path / "holed.plcap"
    kept = [(t, c) for i, (t, c) in enumerate(zip(times, chunks)) if not 51 <= i < 61]
    holed.write_bytes(head + b"".join(struct.pack("<QI", t, len(c)) + c for t, c in kept))
    again = tmp_path / "again.plcap"
    run("simulate", "--from", holed, "--as", "pmp-64x64", "--capture", again)
    for path in (holed, again):
        info = document("info", path, "--json")["recordings"][0]["recording"]
        assert (info["frames"], info["gaps"], info["lost_frames"]) == (990, 1, 10)
        gap, = rows(path, "--what", "gaps")
        assert (gap["first_seq"], gap["count"], gap["cause"]) == ("50", "10", "device")


def test_corrupt_h5_is_found(session):
    run("recover", session)
    h5 = session / "trial-001.h5"
    data = bytearray(h5.read_bytes())
    data[len(data) // 2] ^= 0xFF
    h5.chmod(0o640)
    h5.write_bytes(data)
    r = run("verify", h5, code=1)
    assert "BAD" in r.stdout


def test_truncated_h5_is_an_error(session):
    run("recover", session)
    h5 = session / "trial-001.h5"
    cut = session / "cut.h5"
    cut.write_bytes(h5.read_bytes()[:20000])
    for command in (["info"], ["analyze"], ["export", "csv"], ["verify"]):
        r = run(*command, cut, code=1)
        assert "cut.h5" in r.stderr + r.stdout


# ---- what verify finds ---------------------------------------------------------------------------

def lines(*args, code=0):
    return run("verify", *args, code=code).stdout.splitlines()


def test_verify_says_what_each_file_is(tmp_path, session):
    run("recover", session)
    said = {os.path.basename(line.split(":")[0].split()[1]): line for line in lines(session)[:-1]}
    assert sorted(said) == ["session.h5", "session.json", "trial-001.h5"]
    assert "1,000 frames, 0 lost, checksum right, metrics follow" in said["trial-001.h5"]
    for name in ("session.h5", "session.json"):
        assert said[name].startswith("ok ") and "frames" not in said[name]
    kinds = {os.path.basename(f["path"]): f["kind"] for f in document("verify", session, "--json")["files"]}
    assert kinds == {"session.h5": "overview", "session.json": "overview", "trial-001.h5": "trial"}
    capture = tmp_path / "walking-pmp-64x64.plcap"
    assert "plcap file" in lines(capture, code=1)[0]
    assert "no recording known here" in lines(__file__, code=1)[0]


def test_verify_of_a_recording_without_frames(tmp_path):
    capture = person(tmp_path, seconds=1)
    subprocess.run([MAKE_JOURNAL, str(capture), str(tmp_path / "trial-001.journal"), "0"], check=True)
    run("recover", tmp_path)
    assert "trial-001.h5: 0 frames, 0 lost" in lines(tmp_path)[0]
    assert run("info", tmp_path / "trial-001.h5").stdout
    assert rows(tmp_path / "trial-001.h5") == []


@pytest.mark.parametrize("name", ["session.json", "session.h5", "trial-001.h5"])
def test_verify_finds_changes_and_losses(session, name):
    run("recover", session)
    with open(session / name, "r+b") as f:
        f.seek(100)
        was = f.read(1)
        f.seek(100)
        f.write(bytes([was[0] ^ 1]))
    assert any(line.startswith("BAD") and name in line and "SHA-256" in line
               for line in lines(session, code=1))
    (session / name).unlink()
    assert any(line.startswith("BAD") and f"{name} is listed" in line
               for line in lines(session, code=1))


def test_a_session_whose_only_trial_has_gone_is_found(tmp_path, session):
    """Also from above, where other sessions are whole."""
    run("recover", session)
    other = tmp_path / "2026" / "12" / "other"
    shutil.copytree(session, other)
    assert len(lines(tmp_path)) == 7
    (session / "trial-001.h5").unlink()
    for path in (tmp_path, session):
        doc = document("verify", path, "--json", code=1)
        bad, = [f for f in doc["files"] if not f["ok"]]
        assert bad["path"] == str(session / "trial-001.h5") and "missing" in bad["problem"]


def test_pictures_are_of_the_same_feet_and_steps(tmp_path):
    walk = person(tmp_path, seconds=6)
    plain, full = document("analyze", "--json", walk), document("analyze", "--json", "--pictures", walk)
    pictures = full.pop("pictures")
    assert full == plain
    assert max(pictures["peak"]) == pytest.approx(plain["total"]["pressure_peak_kpa"], rel=1e-6)
    assert [f["side"] for f in pictures["feet"]] == [f["side"] for f in plain["feet"]]
    assert len(pictures["steps"]) == len(plain["steps"]) >= 2
    for step in pictures["steps"]:
        beside = plain["steps"][step["n"]]
        assert max(step["force_n"]) == pytest.approx(beside["force_peak_n"], rel=1e-6)
        assert step["side"] == beside["side"] and step["accepted"] == (not beside["rejected"])


def test_pictures_belong_to_the_document(tmp_path):
    assert "--json" in run("analyze", "--pictures", person(tmp_path), code=2).stderr


def test_nothing_but_text_goes_into_a_pipe(session):
    for command in (["recover"], ["verify"]):
        r = run(*command, session)
        assert "\x1b" not in r.stdout + r.stderr and "\r" not in r.stdout + r.stderr


def test_a_session_shows_its_trials_in_one_open(session):
    run("recover", session)
    info = document("info", session / "trial-001.h5", "--json")["recordings"][0]["recording"]
    trial, = json.loads((session / "session.json").read_text())["trials"]
    assert (trial["frames"], trial["duration_s"]) == (info["frames"], info["duration_s"])
    with h5py.File(session / "session.h5") as f:
        assert f["trial-001/frames/raw"].shape[0] == info["frames"]
        assert f[f.attrs["default"]].attrs["NX_class"] == "NXentry"
        summary = json.loads(f["trial-001/summary"][()])
    assert summary["recording"]["duration_s"] == info["duration_s"]
    assert "one trial" in run("analyze", session / "session.h5", code=1).stderr
    checked = subprocess.run(["sha256sum", "-c", "MANIFEST.sha256"], cwd=session, capture_output=True)
    assert checked.returncode == 0


# ---- nothing that is there is overwritten --------------------------------------------------------

def test_outputs_do_not_overwrite_recordings(tmp_path, session):
    run("recover", "--keep-journal", session)
    capture = tmp_path / "walking-pmp-64x64.plcap"
    h5, journal = session / "trial-001.h5", session / "trial-001.journal"
    link = tmp_path / "link.csv"
    link.symlink_to(h5)
    simulate = ["simulate", "--from", h5, "--as", "pmp-64x64", "--capture"]
    for victim in (h5, journal, capture, link):
        before = victim.read_bytes()
        for command in (["export", "csv", h5, "-o"], simulate):
            r = run(*command, victim, code=2)
            assert "is not overwritten" in r.stderr and victim.name in r.stderr
        r = run("capture", f"replay:{capture}", "--as", "pmp-64x64", "-o", victim, code=2)
        assert "is not overwritten" in r.stderr
        assert victim.read_bytes() == before
    table = tmp_path / "table.csv"
    for _ in range(2):  # but a table may be made again
        run("export", "csv", h5, "-o", table)
    run(*simulate, tmp_path / "new.plcap")
