# SPDX-License-Identifier: Apache-2.0
"""plantar's offline commands as a person and a script use them: exit codes, one JSON document,
figures of other people's recordings, a recording as a mat and back, and what is said when the
input is bad."""
import hashlib
import json
import math
import os
import resource
import select
import signal
import struct
import subprocess
import time
import tty

import pytest

from cli import (EMED, GOLDEN, LEFT, PLANTAR, RIGHT, SHARED, capture_bytes, document, person, rows,
                 run, shared)

# ---- help, options, exit codes -------------------------------------------------------------------

def test_help_and_version():
    assert run("help").stdout == run("--help").stdout
    assert run("--version").stdout == run("version").stdout
    assert document("version", "--json")["version"] == run("version").stdout.split()[1]
    for command in ("info", "analyze", "export", "verify", "recover", "simulate", "replay", "capture"):
        text = run("help", command).stdout
        assert text == run(command, "--help").stdout == run(command, "-h").stdout
        assert f"usage: plantar {command}" in text
        assert all(len(line) <= 100 for line in text.splitlines())


def test_no_command():
    r = run(code=2)
    assert r.stdout == "" and "usage" in r.stderr


@pytest.mark.parametrize("typed, meant", [("analyse", "analyze"), ("inof", "info"), ("simul", "simulate")])
def test_unknown_command_suggests(typed, meant):
    assert f"plantar {meant}" in run(typed, code=2).stderr
    assert run("help", typed, code=2).stdout == ""


def test_unknown_command_without_a_guess():
    assert "did you mean" not in run("xyzzy", code=2).stderr


@pytest.mark.parametrize("args, says", [
    (["info"], "FILE is missing"),
    (["info", "--jsn", "x"], "did you mean '--json'"),
    (["analyze", "--reg", "novel", "x"], "unknown option '--reg'"),
    (["analyze", "-q", "x"], "unknown option '-q'"),
    (["analyze", "x", "--region"], "wants a value"),
    (["analyze", "x", "--json=yes"], "takes no value"),
    (["analyze", "x", "--region", "toes"], "thirds-box"),
    (["analyze", "x", "--filter", "ten"], "--filter wants a number"),
    (["analyze", "x", "--filter", "nan"], "--filter wants a number"),
    (["analyze", "a", "b"], "one operand too many"),
    (["export", "json", "x"], "there are csv, tsv, lst, ascii"),
    (["export", "csv", "x", "--what", "all"], "metrics, frames, cop, steps, events, gaps"),
    (["export", "csv", "x", "--raw"], "--raw goes with --what frames"),
    (["simulate"], "--from RECORDING or --person KIND"),
    (["simulate", "--person", "standing", "--from", "x"], "say who"),
    (["simulate", "--person", "flying"], "one-leg"),
    (["simulate", "--person", "standing"], "--as MAT"),
    (["simulate", "--person", "standing", "--as", "m"], "--link PATH or --capture"),
    (["simulate", "--person", "standing", "--as", "m", "--capture", "f"], "add --seconds"),
    (["simulate", "--person", "standing", "--as", "m", "--link", "f", "--loop", "2"], "--loop goes"),
    (["simulate", "--person", "standing", "--as", "m", "--link", "f", "--seed", "1.5"], "whole number"),
    (["replay", "x"], "--link PATH"),
    (["capture", "serial:x", "-o", "y"], "--as MAT"),
    (["capture", "serial:x", "--as", "y"], "-o FILE"),
])
def test_wrong_usage(args, says):
    r = run(*args, code=2)
    assert says in r.stderr
    assert r.stderr.startswith(f"plantar {args[0]}: ")
    assert r.stdout == ""


def test_full_disk_is_an_error():
    with open("/dev/full", "w") as full:
        r = subprocess.run([PLANTAR, "help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert r.returncode == 1 and "No space left" in r.stderr


# ---- figures of other people's recordings --------------------------------------------------------

def close(a, b, rel):
    return math.isclose(a, b, rel_tol=rel, abs_tol=0)


def check_golden(total, golden, rel):
    assert close(total["force_peak_n"], golden["force_peak_N"], rel)
    assert total["force_peak_frame"] == golden["force_peak_frame1"] - 1
    assert close(total["force_time_integral_ns"], golden["fti_trapz_Ns"], rel)
    assert close(total["pressure_peak_kpa"], golden["peak_kPa"], rel)
    assert close(total["contact_area_peak_cm2"], golden["area_peak_cm2"], rel)
    assert close(total["contact_area_footprint_cm2"], golden["area_footprint_cm2"], rel)
    assert close(total["pressure_time_integral_max_cell_kpa_s"],
                 golden["pressure_time_integral_max_cell_kPa_s"], rel)


@shared
@pytest.mark.parametrize("key", ["emed/walk.lst", "footpress/walk_L.asf"])
def test_golden_directly(key):
    golden = json.loads(GOLDEN.read_text())[key]
    doc = document("analyze", SHARED / "data" / key, "--json")
    assert doc["recording"]["frames"] == golden["frames"]
    assert doc["recording"]["rows"] == golden["rows"] and doc["recording"]["cols"] == golden["cols"]
    check_golden(doc["total"], golden, 1e-6)


@shared
@pytest.mark.parametrize("key", ["emed/walk.lst", "footpress/walk_L.asf"])
def test_golden_thirds(key):
    golden = json.loads(GOLDEN.read_text())[key]["regions_thirds_box"]
    doc = document("analyze", SHARED / "data" / key, "--json", "--region", "thirds-box")
    assert doc["method"]["region"] == "thirds-box"
    feet = [f for f in doc["feet"] if f.get("regions")]
    assert len(feet) == 1
    for ours, theirs in (("heel", "heel"), ("midfoot", "mid"), ("forefoot", "fore")):
        region = feet[0]["regions"][ours]
        assert close(region["force_peak_n"], golden[theirs]["force_peak_N"], 1e-6)
        assert close(region["force_time_integral_ns"], golden[theirs]["fti_Ns"], 1e-6)
        assert close(region["contact_area_cm2"], golden[theirs]["area_footprint_cm2"], 1e-6)


@shared
def test_table_and_document_agree():
    doc = document("analyze", EMED, "--json")
    text = run("analyze", EMED).stdout
    assert f"{doc['total']['force_peak_n']:.1f} N" in text
    assert f"{doc['total']['force_time_integral_ns']:.1f} N s" in text
    assert "region novel" in text and "version " + doc["method"]["version"] in text
    assert "heel" in text and "forefoot" in text


@shared
def test_right_tekscan_file_reads():
    assert document("analyze", RIGHT, "--json")["recording"]["frames"] == 205


@shared
def test_info_of_foreign_files():
    doc = document("info", EMED, LEFT, RIGHT, "--json")["recordings"]
    assert [r["recording"]["format"] for r in doc] == ["emed-lst", "tekscan-asf", "tekscan-asf"]
    assert all(r["calibration"]["calibrated"] for r in doc)
    assert "54 rows x 22 columns" in run("info", EMED).stdout


# ---- a recording as a mat, and back --------------------------------------------------------------

def play_to_capture(tmp_path, recording, mat):
    to = tmp_path / (recording.name + ".plcap")
    said = run("simulate", "--from", recording, "--as", mat, "--capture", to)
    assert "moved no cell by more than" in said.stderr
    return to


@shared
@pytest.mark.parametrize("key, mat", [("emed/walk.lst", "pmp-emed"), ("footpress/walk_L.asf", "pmp-fscan")])
def test_golden_through_a_capture(tmp_path, key, mat):
    golden = json.loads(GOLDEN.read_text())[key]
    capture = play_to_capture(tmp_path, SHARED / "data" / key, mat)
    doc = document("analyze", capture, "--json")
    assert doc["recording"]["format"] == "plcap"
    assert doc["recording"]["frames"] == golden["frames"]
    assert doc["recording"]["lost_frames"] == 0
    check_golden(doc["total"], golden, 1e-3)


@shared
def test_metrics_of_a_capture_are_bit_equal(tmp_path):
    """Both recordings hold the same pressures (the mat's scale is exact for them), so the live code
    must give the same digits."""
    capture = play_to_capture(tmp_path, EMED, "pmp-emed")
    direct, through = rows(EMED), rows(capture)
    assert len(direct) == len(through) == 106
    keys = [k for k in direct[0] if not k.startswith(("t_", "device", "flags"))]
    assert len(keys) > 20
    for a, b in zip(direct, through):
        assert [a[k] for k in keys] == [b[k] for k in keys]


@shared
def test_frames_of_a_capture_are_what_was_sent(tmp_path):
    capture = play_to_capture(tmp_path, EMED, "pmp-emed")
    direct, through = rows(EMED, "--what", "frames"), rows(capture, "--what", "frames")
    raw = rows(capture, "--what", "frames", "--raw")
    for a, b, c in zip(direct, through, raw):
        assert [float(v) for k, v in a.items() if k.endswith("_kpa")] == \
               pytest.approx([float(v) for k, v in b.items() if k.endswith("_kpa")], abs=0.0251)
        assert [int(v) for k, v in c.items() if k.endswith("_counts")] == \
               [round(float(v) / 0.05) for k, v in b.items() if k.endswith("_kpa")]


def test_person_is_reproducible(tmp_path):
    a = person(tmp_path, extra=("--seed", 7, "--noise", 2))
    first = a.read_bytes()
    assert person(tmp_path, extra=("--seed", 7, "--noise", 2)).read_bytes() == first
    assert person(tmp_path, extra=("--seed", 8, "--noise", 2)).read_bytes() != first


def test_standing_person_weighs_what_was_asked(tmp_path):
    capture = person(tmp_path, kind="standing", extra=("--mass", 80, "--left", 60))
    forces = [float(r["force_n"]) for r in rows(capture)]
    assert sum(forces) / len(forces) == pytest.approx(80 * 9.80665, rel=0.02)


def test_loops_go_on_counting(tmp_path):
    one = person(tmp_path, seconds=1)
    to = tmp_path / "looped.plcap"
    run("simulate", "--from", one, "--as", "pmp-64x64", "--capture", to, "--loop", 3)
    single, looped = rows(one), rows(to)
    assert len(looped) == 3 * len(single)
    assert [int(r["seq"]) for r in looped] == list(range(len(looped)))
    times = [int(r["t_device_ns"]) for r in looped]
    steps = {b - a for a, b in zip(times, times[1:])}
    assert len(steps) == 1


def test_padding(tmp_path):
    """A 16 x 32 corner of a mat in the middle of a larger one of the same pitch."""
    conf = tmp_path / "small.conf"
    conf.write_text('rows = 20;\ncols = 30;\npitch_mm = 10.0;\nrate_hz = 100;\nprotocol = "pmp";\n'
                    'cell = "u16";\ncalibration = { unit = "kPa"; scale = 0.05; };\n')
    small = tmp_path / "small.plcap"
    run("simulate", "--person", "standing", "--as", conf, "--seconds", 1, "--capture", small)
    big = tmp_path / "big.plcap"
    said = run("simulate", "--from", small, "--as", "pmp-64x64", "--capture", big, code=2).stderr
    assert "20 x 30" in said and "--pad" in said
    run("simulate", "--from", small, "--as", "pmp-64x64", "--capture", big, "--pad")
    for a, b in zip(rows(small), rows(big)):
        assert float(b["force_n"]) == pytest.approx(float(a["force_n"]), rel=1e-3)


@shared
def test_wrong_mat_names_one_that_fits(tmp_path):
    said = run("simulate", "--from", EMED, "--as", "pmp-64x64", "--capture", tmp_path / "x", code=2).stderr
    assert "pmp-emed" in said
    assert not (tmp_path / "x").exists()


def test_clipping_is_said(tmp_path):
    conf = tmp_path / "coarse.conf"
    conf.write_text('rows = 64;\ncols = 64;\npitch_mm = 10.0;\nrate_hz = 100;\nprotocol = "matrix";\n'
                    'cell = "u8";\nframe = { head = "AA 55"; };\n'
                    'calibration = { unit = "kPa"; scale = 0.1; };\n')
    r = run("simulate", "--person", "one-leg", "--as", conf, "--seconds", 0.5,
            "--capture", tmp_path / "x.plcap", "--json")
    figures = json.loads(r.stdout)
    assert figures["clipped_cells"] > 0 and "clipped" in r.stderr
    assert figures["rounding_max_kpa"] <= 0.0501


# ---- pseudo-terminals ----------------------------------------------------------------------------

def wait_for(link):
    end = time.monotonic() + 10
    while not os.path.exists(link):
        assert time.monotonic() < end, f"{link} did not appear"
        time.sleep(0.01)


class Reader:
    """The other end of a simulated mat."""

    def __init__(self, link):
        wait_for(link)
        self.fd = os.open(link, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)

    def read(self, n=None, quiet=1.0):
        """n bytes, or all until nothing comes for a while or the other end is gone."""
        got = b""
        while n is None or len(got) < n:
            if not select.select([self.fd], [], [], quiet)[0]:
                break
            try:
                more = os.read(self.fd, 65536 if n is None else n - len(got))
            except OSError:
                break
            if not more:
                break
            got += more
        return got

    def close(self):
        os.close(self.fd)


started = []


@pytest.fixture(autouse=True)
def leave_nothing_running():
    yield
    while started:
        process = started.pop()
        if process.poll() is None:
            process.kill()
        process.communicate()


def start(*args, **kw):
    process = subprocess.Popen([PLANTAR, *map(str, args)], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, **kw)
    started.append(process)
    return process


def finish(process, code=0):
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, f"{out}\n{err}"
    return out, err


@pytest.mark.parametrize("rate", ["max", "4"])
def test_pty_delivers_every_byte(tmp_path, rate):
    capture = person(tmp_path, seconds=2)
    link, stamps = tmp_path / "mat", tmp_path / "stamps"
    p = start("simulate", "--person", "walking", "--as", "pmp-64x64", "--seconds", 2, "--link", link,
              "--rate", rate, "--stamps", stamps)
    reader = Reader(link)
    got = reader.read()
    reader.close()
    out, _ = finish(p)
    times, chunks = capture_bytes(capture)
    assert got == b"".join(chunks)
    lines = [tuple(map(int, line.split())) for line in stamps.read_text().splitlines()]
    assert [seq for seq, _ in lines] == list(range(len(chunks) - 1))
    assert all(b >= a for (_, a), (_, b) in zip(lines, lines[1:]))
    if rate == "4":
        took_s = (lines[-1][1] - lines[0][1]) * 1e-9
        assert times[-1] * 1e-9 / 4 - 0.05 < took_s < 20  # never early; late on a busy machine
    assert not link.is_symlink()


def test_a_slow_reader_gets_the_end(tmp_path):
    """The terminal's buffer holds the last kilobytes until they are read, not for a fixed time."""
    capture = person(tmp_path, seconds=0.1)
    link = tmp_path / "mat"
    p = start("simulate", "--person", "walking", "--as", "pmp-64x64", "--seconds", 0.1, "--link", link,
              "--rate", "max")
    reader = Reader(link)
    want = b"".join(capture_bytes(capture)[1])
    got = reader.read(len(want) - 2000)
    time.sleep(1)
    assert got + reader.read(2000) == want
    reader.close()
    finish(p)


def test_pty_reader_comes_back(tmp_path):
    link = tmp_path / "mat"
    p = start("simulate", "--person", "walking", "--as", "pmp-64x64", "--link", link, "--hz", 200,
              "--settle", 0.05)
    for _ in range(3):
        reader = Reader(link)
        assert len(reader.read(100000)) == 100000
        reader.close()
        time.sleep(0.05)
    assert p.poll() is None
    p.send_signal(signal.SIGINT)
    out, err = finish(p)
    assert "frames" in out and "the reader is gone" in err
    assert not link.is_symlink()


def test_hold_begins_at_a_line(tmp_path):
    link = tmp_path / "mat"
    p = start("simulate", "--person", "standing", "--as", "pmp-64x64", "--link", link, "--seconds", 0.5,
              "--rate", "max", "--hold", stdin=subprocess.PIPE)
    reader = Reader(link)
    assert reader.read(1, quiet=0.6) == b""
    p.stdin.write("\n")
    p.stdin.flush()
    assert len(reader.read()) > 10000
    reader.close()
    finish(p)


def test_link_that_is_taken(tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("mine")
    said = run("simulate", "--person", "standing", "--as", "pmp-64x64", "--link", taken, code=1).stderr
    assert "name another" in said and taken.read_text() == "mine"
    stale = tmp_path / "stale"
    stale.symlink_to("/dev/pts/nobody")
    p = start("simulate", "--person", "standing", "--as", "pmp-64x64", "--link", stale, "--seconds", 0.1)
    reader = Reader(stale)
    assert len(reader.read()) > 0
    reader.close()
    finish(p)


def capture_port(link, mat, to):
    """Until the mat goes away, which is a failure to a person who did not ask for it."""
    r = subprocess.run([PLANTAR, "capture", f"serial:{link}", "--as", str(mat), "-o", str(to),
                        "--seconds", "30"], capture_output=True, text=True, timeout=60)
    assert r.returncode == 1 and "gone" in r.stderr, r.stderr
    return r


def test_replay_and_capture(tmp_path):
    """A capture played on one side and captured on the other holds the same bytes."""
    capture = person(tmp_path, mat="jq-64x64", seconds=1, extra=("--hz", 50))
    link, again = tmp_path / "port", tmp_path / "again.plcap"
    p = start("replay", capture, "--link", link)
    wait_for(link)
    r = capture_port(link, "jq-64x64", again)
    finish(p)
    assert b"".join(capture_bytes(again)[1]) == b"".join(capture_bytes(capture)[1])
    assert "frames of 64 x 64" in r.stdout
    a, b = rows(capture), rows(again)
    assert len(a) > 40 and [x["force_counts"] for x in a] == [x["force_counts"] for x in b]


def test_polled_mat_is_asked(tmp_path):
    conf = tmp_path / "polled.conf"
    conf.write_text('rows = 16;\ncols = 16;\npitch_mm = 10.0;\nprotocol = "matrix";\ncell = "u16";\n'
                    'frame = { head = "AA 55 01"; };\ncommands = { poll = "text:A"; };\n')
    link, to = tmp_path / "port", tmp_path / "polled.plcap"
    p = start("simulate", "--person", "standing", "--as", conf, "--link", link, "--seconds", 0.5,
              "--hz", 100)
    wait_for(link)
    capture_port(link, conf, to)
    out, err = finish(p)
    assert "50 frames" in out, out + err
    assert document("info", to, "--json")["recordings"][0]["recording"]["frames"] == 50


# ---- bad input -----------------------------------------------------------------------------------

@pytest.mark.parametrize("name, content, says", [
    ("empty", b"", "empty"),
    ("text.txt", b"hello\n" * 100, "what can be read"),
    ("noise.h5", hashlib.sha512(b"x").digest() * 200, "what can be read"),
    ("fake.h5", b"\x89HDF\r\n\x1a\n" + b"\0" * 4096, "fake.h5"),
    ("head.plcap", b"plcap 1\nmat: pmp-64x64\n", "cut off"),
    ("nomat.plcap", b"plcap 1\n\n" + struct.pack("<QI", 0, 4) + b"abcd", "--as MAT"),
    ("other.plcap", b"plcap 1\nmat: pmp-64x64\n\n" + struct.pack("<QI", 0, 4) + b"abcd", "--as MAT"),
])
def test_bad_files(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    code = 2 if name == "nomat.plcap" else 1
    for command in (["analyze"], ["export", "csv"], ["simulate", "--as", "pmp-64x64", "--capture",
                                                      tmp_path / "to", "--from"]):
        r = run(*command, path, code=code)
        assert says in r.stderr, r.stderr
        assert r.stdout == ""
    doc = document("info", path, "--json", code=code)
    assert says in doc["recordings"][0]["error"]["message"]


@shared
@pytest.mark.parametrize("path", [EMED, LEFT], ids=["lst", "asf"])
def test_truncated_foreign_files(tmp_path, path):
    cut = tmp_path / path.name
    cut.write_bytes(path.read_bytes()[:100001])
    r = run("analyze", cut, code=1)
    assert path.name in r.stderr and "line" in r.stderr


def test_truncated_capture_is_used_and_said(tmp_path):
    capture = person(tmp_path)
    cut = tmp_path / "cut.plcap"
    cut.write_bytes(capture.read_bytes()[:-1000])
    r = run("analyze", cut)
    assert "cut off" in r.stderr and "Total" in r.stdout
    assert "cut off" in run("info", cut).stdout


def test_files_that_cannot_be_opened(tmp_path):
    for command in (["info"], ["analyze"], ["export", "csv"], ["verify"], ["recover"]):
        r = run(*command, tmp_path / "nothing.h5", code=1)
        assert "nothing.h5" in r.stderr + r.stdout
    assert "folder" in run("analyze", tmp_path, code=1).stderr
    assert "no trial" in run("info", tmp_path, code=1).stderr
    assert "no trial" in run("verify", tmp_path, code=1).stderr
    if os.geteuid() != 0:
        path = tmp_path / "secret.plcap"
        path.write_text("plcap 1\n\n")
        path.chmod(0)
        assert "ermission denied" in run("info", path, code=1).stderr


def test_bad_mat_is_a_config_error(tmp_path):
    conf = tmp_path / "bad.conf"
    conf.write_text('rows = 10;\ncols = "ten";\n')
    r = run("simulate", "--person", "standing", "--as", conf, "--seconds", 1, "--capture", tmp_path / "x",
            code=78)
    assert "bad.conf:2" in r.stderr
    r = run("simulate", "--person", "standing", "--as", "no-such-mat", "--seconds", 1, "--capture",
            tmp_path / "x", code=1)
    assert 'known: "plantar list" shows all' in r.stderr
    r = run("simulate", "--person", "standing", "--as", "pmp-46x46", "--seconds", 1, "--capture",
            tmp_path / "x", code=1)
    assert "known: pmp-64x64" in r.stderr


def test_unwritable_outputs(tmp_path):
    capture = person(tmp_path, seconds=1)
    nowhere = tmp_path / "no" / "folder" / "x"
    assert "x" in run("export", "csv", capture, "-o", nowhere, code=1).stderr
    assert "x" in run("simulate", "--person", "empty", "--as", "pmp-64x64", "--seconds", 1, "--capture",
                      nowhere, code=1).stderr
    assert "x" in run("simulate", "--person", "empty", "--as", "pmp-64x64", "--link", nowhere, code=1).stderr


def test_a_failed_output_removes_only_files(tmp_path):
    """A table that could not be finished goes; a device or a link that was named as the output
    stays. The link stands for the device: nothing here can harm the machine's own."""
    capture = person(tmp_path, seconds=1)
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    r = run("export", "csv", capture, "-o", full, code=1)
    assert "No space left" in r.stderr and full.is_symlink()
    table, limit = tmp_path / "table.csv", 8192

    def small_disk():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    r = run("export", "csv", capture, "-o", table, code=1, preexec_fn=small_disk)
    assert "cannot write" in r.stderr and not table.exists()
    r = run("simulate", "--person", "walking", "--as", "pmp-64x64", "--seconds", 1, "--capture", table,
            code=1, preexec_fn=small_disk)
    assert not table.exists()


def test_progress_only_on_a_terminal(tmp_path):
    r = run("simulate", "--person", "standing", "--as", "pmp-64x64", "--seconds", 20, "--capture",
            tmp_path / "x.plcap")
    assert "\r" not in r.stderr and "\033" not in r.stderr
