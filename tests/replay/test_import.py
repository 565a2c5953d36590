# SPDX-License-Identifier: Apache-2.0
"""Other makers' files, tables and arrays: what is read of them, what is said about them, and that a
session made of them says the same."""
import csv
import hashlib
import json
import os
import resource
import signal
import subprocess

import pytest

from cli import GOLDEN, PLANTAR, SHARED, document, run

DATA = SHARED / "data"
PEDAR = DATA / "pedar" / "walk_first500.asc"
XSENSOR = DATA / "xsensor" / "walk_pair_first40.csv"
ZEBRIS = [DATA / "zebris" / f"step_{i}.apd" for i in (1, 2)]
BDS = [DATA / "bds" / name for name in ("BDS00001.txt", "BDS00010.txt")]
PDS = DATA / "pds" / "PDS13OR1grf.txt"
DRYFT = DATA / "dryft" / "running_vgrf_300hz.csv"
SPEEDPP = DATA / "speedpp" / "subj000.h5"
EMED = DATA / "emed" / "walk.lst"
TEKSCAN = DATA / "footpress" / "walk_L.asf"
MMHG_KPA = 0.133322387415  # 13,595.1 kg/m3 x 9.80665 m/s2 x 1 mm

shared = pytest.mark.skipif(not (GOLDEN.exists() and XSENSOR.exists()),
                            reason="the recordings of PLANTAR_SHARED are not here")
ARRAY = ("--dataset", "/img000", "--axes", "y,x,t", "--rate", "500", "--pitch", "5.08")
CONTRACT_COP = ("--columns", "ap=COPx,ml=COPy", "--unit", "cm", "--rate", "100")
CONTRACT_FORCE = ("--columns", "force=1", "--unit", "N", "--rate", "300")
CONTRACT_PLATES = ("--columns", "left.force=LGRF_Y,left.ap=LCOP_X,left.ml=LCOP_Z,"
                   "right.force=RGRF_Y,right.ap=RCOP_X,right.ml=RCOP_Z", "--unit-length", "m")


def analyze(*args):
    return document("analyze", "--json", *args)


def refusal(*args, code=1):
    return run(*args, code=code).stderr


def close(have, want, relative=1e-9):
    assert have == pytest.approx(want, rel=relative, abs=0), f"{have!r} is not {want!r}"


def frames(path, *args):
    rows = csv.reader(run("export", "csv", path, "--what", "frames", *args).stdout.splitlines())
    head = next(rows)
    at = range(3, len(head))
    return [[float(row[i]) for i in at] for row in rows]


# ---- XSENSOR ----

def xsensor_blocks():
    """Every sensor's block of the file, read by a few lines that know nothing of plantar."""
    block, blocks, number = None, [], None
    for line in XSENSOR.read_text(encoding="utf-8-sig").splitlines():
        f = line.split(",")
        if not line.strip(","):
            continue
        if f[0] == "FRAME":
            number, block = int(f[1]), None
        elif f[0] == "SENSOR":
            block = {"frame": number, "name": f[1], "cells": []}
            blocks.append(block)
        elif f[0] == "GROUP":
            block = None
        elif block is not None and f[0][0].isdigit():
            block["cells"].append([float(v) for v in f[:11]])
        elif block is not None:
            block[f[0]] = f[1]
    return blocks


@shared
def test_xsensor_says_what_the_file_says_of_every_frame():
    blocks = xsensor_blocks()
    r = document("info", "--json", XSENSOR)["recordings"][0]["recording"]
    cell_cm2 = r["pitch_row_mm"] * r["pitch_col_mm"] / 100
    got = frames(XSENSOR)
    assert len(got) == r["frames"] == 40 and r["rows"] == 31 and len(blocks) == 80
    worst = {"load": 0, "area": 0}
    for k, block in enumerate(blocks):
        left = "-LF " in block["name"]
        cells = [v for i, v in enumerate(got[k // 2])
                 if (i % r["cols"] < 11 if left else i % r["cols"] >= r["cols"] - 11)]
        assert len(cells) == 341
        assert max(cells) == float(block["Peak Pressure (mmHg)"]) * MMHG_KPA
        load, area = float(block["Est. Load (N)"]), float(block["Contact Area (cm²)"])
        if load:
            worst["load"] = max(worst["load"], abs(sum(cells) * cell_cm2 * 0.1 / load - 1))
            worst["area"] = max(worst["area"], abs(sum(v > 0 for v in cells) * cell_cm2 / area - 1))
        else:
            assert sum(cells) == 0
        assert cells == [v * MMHG_KPA for row in block["cells"] for v in row]
    print(f"xsensor, 80 blocks of 40 frames: peaks exact, load within {100 * worst['load']:.4f} %, "
          f"contact area within {100 * worst['area']:.4f} %")
    assert worst["load"] < 0.003 and worst["area"] < 0.003


@shared
def test_xsensor_pair_has_its_sides_and_the_times_of_its_frames():
    d = analyze(XSENSOR)
    assert [f["side"] for f in d["feet"]] == ["left", "right"]
    close(d["recording"]["rate_hz"], 39 / 0.518, 1e-6)  # 08:21:17.982 to 08:21:18.500
    alone = [analyze(XSENSOR, "--side", side) for side in ("left", "right")]
    for d, one, side in zip((d, d), alone, ("left", "right")):
        assert one["recording"]["cols"] == 11 and one["recording"]["side_hint"] == side
        foot = next(f for f in d["feet"] if f["side"] == side)
        close(one["feet"][0]["pressure_peak_kpa"], foot["pressure_peak_kpa"])
    close(sum(a["total"]["force_time_integral_ns"] for a in alone),
          d["total"]["force_time_integral_ns"])


@shared
@pytest.mark.parametrize("old, new, said", [
    ("2674.44,1365.6", "2574.44,1365.6", "peak pressure"),
    ("946.22,363.42", "946.22,365.42", "average pressure"),
    ("Contact Area (cm²),68.19", "Contact Area (cm²),69.19", "contact area"),
    ("Est. Load (N),411.67", "Est. Load (N),415.67", "printed load"),
    ("FRAME,1470", "FRAME,1471", "frame 1471 where frame 1470 should be"),
    ("Sensel Width (cm),0.86", "Sensel Width (cm),0.96", "not those of the first frame"),
    ("Units:,mmHg", "Units:,furlong", "the unit 'furlong'"),
    ("Time, 08:21:18.008", "Time, 08:21:17.008", "not later than"),
    ("0,0,97.98,186.86", "0,0,x,186.86", "expected a pressure (column 3 of 11, row 5 of 31)"),
])
def test_xsensor_damage_is_found_and_placed(tmp_path, old, new, said):
    text = XSENSOR.read_text(encoding="utf-8")
    assert old in text
    to = tmp_path / "damaged"
    at = text.index(old, text.index("FRAME,1465") if "Width" in old else 0)
    to.write_text(text[:at] + new + text[at + len(old):], encoding="utf-8")
    message = refusal("analyze", to)
    assert said in message and "line " in message


# ---- pedar, zebris ----

@shared
def test_pedar_is_pressure_only():
    d = analyze(PEDAR)
    assert d["recording"]["layout"] == "sensors" and d["recording"]["pitch_row_mm"] is None
    rows = [[float(v) for v in line.split()] for line in PEDAR.read_text().splitlines()[10:]]
    assert d["recording"]["frames"] == len(rows) == 500
    assert [f["side"] for f in d["feet"]] == ["left", "right"]
    for foot, first in zip(d["feet"], (1, 100)):
        cells = [row[first:first + 99] for row in rows]
        curve = [max(row) for row in cells]
        assert foot["pressure_peak_kpa"] == max(curve)
        close(foot["pressure_time_integral_peak_curve_kpa_s"],
              sum((a + b) / 2 * 0.01 for a, b in zip(curve, curve[1:])))
        close(foot["pressure_time_integral_max_cell_kpa_s"], max(
            sum((a[i] + b[i]) / 2 * 0.01 for a, b in zip(cells, cells[1:])) for i in range(99)))
        assert foot["force_peak_n"] is None and foot["contact_area_cm2"] is None
    assert d["total"]["force_peak_n"] is None and d["total"]["contact_area_peak_cm2"] is None
    assert "the file was cut" in d["recording"]["problem"]
    assert frames(PEDAR)[0][:4] == [rows[0][1], rows[0][100], rows[0][2], rows[0][101]]
    rows = list(csv.DictReader(run("export", "csv", PEDAR).stdout.splitlines()))
    assert max(float(r["left_pressure_peak_kpa"]) for r in rows) == d["feet"][0]["pressure_peak_kpa"]
    assert {k for k, v in rows[0].items() if "kpa" in k and v} == {
        "pressure_peak_kpa", "left_pressure_peak_kpa", "right_pressure_peak_kpa"}
    assert not any(v for r in rows for k, v in r.items() if k.endswith(("_n", "_mm", "_cm2", "_pct")))
    assert "no forces" in refusal("export", "csv", PEDAR, "--what", "cop")


@shared
def test_pedar_has_forces_with_a_geometry(tmp_path):
    areas = [1 + 0.01 * i for i in range(99)]
    geometry = tmp_path / "areas.csv"
    geometry.write_text("sensor,cm2\n" + "".join(f"{i + 1},{a:.2f}\n" for i, a in reversed(list(enumerate(areas)))))
    d = analyze(PEDAR, "--geometry", geometry)
    rows = [[float(v) for v in line.split()] for line in PEDAR.read_text().splitlines()[10:]]
    both = [0] * len(rows)
    for foot, first in zip(d["feet"], (1, 100)):
        force = [sum(p * a * 0.1 for p, a in zip(row[first:], areas)) for row in rows]
        both = [a + b for a, b in zip(both, force)]
        close(foot["force_peak_n"], max(force))
        close(foot["force_time_integral_ns"], sum((a + b) / 2 * 0.01 for a, b in zip(force, force[1:])))
        close(foot["contact_area_cm2"], sum(
            a for i, a in enumerate(areas) if any(row[first + i] > 0 for row in rows)))
    close(d["total"]["force_peak_n"], max(both))
    assert d["total"]["force_peak_frame"] == both.index(max(both))
    assert all(f["regions"] is None for f in d["feet"])
    for text, said in (("1,1\n1,2\n", "line 2, column 1: sensor 1 a second time"),
                       ("1,1\n3,1\n", "the area of sensor 2 of 99"),
                       ("100,1\n", "line 1, column 1: expected the number of a sensor from 1 to 99"),
                       ("1,1\n2 -1\n", "line 2, column 3: expected an area"),
                       ("1;1,5\n", "a decimal comma")):
        geometry.write_text(text)
        assert said in refusal("analyze", PEDAR, "--geometry", geometry)
    assert "takes no --geometry" in refusal("analyze", XSENSOR, "--geometry", geometry, code=2)


@shared
def test_zebris_is_a_picture_of_peaks():
    for path, shape in zip(ZEBRIS, ((32, 15), (32, 13))):
        d = analyze(path, "--facing", "backward")  # the first rows are the heel
        text = path.read_text().split("[Data]\n")[1].splitlines()
        cells = [float(v) for line in text for v in line.split("\t")]
        r, total = d["recording"], d["total"]
        assert (r["rows"], r["cols"]) == shape and r["pitch_row_mm"] == 8.46591
        assert r["layout"] == "picture" and r["rate_hz"] is None
        assert total["pressure_peak_kpa"] == 10 * max(cells)
        close(total["contact_area_footprint_cm2"], sum(v > 0 for v in cells) * 0.846591 ** 2)
        assert total["force_peak_n"] is None and total["force_time_integral_ns"] is None
        foot, = d["feet"]
        assert foot["side"] == "unknown" and foot["force_peak_n"] is None
        assert foot["regions"]["heel"]["force_peak_n"] is None
        assert foot["regions"]["heel"]["load_pct"] is None
        assert 200 < foot["length_mm"] < 300 and "steps" not in d
    assert "there is no force in it" in refusal("export", "csv", ZEBRIS[0], "--what", "cop")


# ---- tables: golden values ----

@shared
@pytest.mark.parametrize("path", BDS, ids=lambda p: p.name)
def test_balance_golden(path):
    golden = json.loads((SHARED / "golden" / "balance.json").read_text())[f"bds/{path.name}"]
    d = analyze(path, *CONTRACT_COP, "--filter", "none")
    sway = d["standing"]["sway"]
    close(sway["area_95_mm2"], 100 * golden["published"]["area_95_cm2"])
    close(sway["mean_velocity_mm_s"], 10 * golden["published"]["mean_velocity_cm_s"])
    close(sway["mean_frequency_hz"], golden["published"]["mean_frequency_hz"])
    close(sway["path_mm"], 10 * golden["path_cm"])
    for axis in ("ap", "ml"):
        close(sway[f"rms_{axis}_mm"], 10 * golden[f"rms_{axis}"])
        close(sway[f"range_{axis}_mm"], 10 * golden[f"range_{axis}"])
        close(sway[f"mean_velocity_{axis}_mm_s"], 10 * golden[f"vel_{axis}"])
    assert d["recording"]["rate_hz"] == 100 and d["method"]["filter_kind"] == "none"
    assert "total" not in d and "steps" not in d


@shared
def test_two_plates_golden():
    golden = json.loads((SHARED / "golden" / "balance.json").read_text())["pds/PDS13OR1grf.txt"]
    d = analyze(PDS, *CONTRACT_PLATES, "--filter", "none")
    load = d["standing"]["load"]
    assert d["recording"]["rate_hz"] == 100 and d["recording"]["rate_from"] == "time column"
    close(load["right_pct"], golden["R_pct"])
    close(load["symmetry_index_pct"], golden["SI_Robinson_pct"])
    # The golden sway is of the file's own net CoP, printed to 1e-6 m; ours is recombined.
    close(d["standing"]["sway"]["path_mm"], 10 * golden["path_cm"], 0.02)
    close(d["standing"]["sway"]["rms_ap_mm"], 10 * golden["rms_ap"], 1e-3)
    net = analyze(PDS, "--columns", "ap=COPNET_X,ml=COPNET_Z", "--unit", "m", "--filter", "none")
    close(net["standing"]["sway"]["path_mm"], 10 * golden["path_cm"])
    close(net["standing"]["sway"]["area_95_mm2"], 100 * golden["area_pred_exact_F"])


@shared
def test_running_golden():
    golden = json.loads((SHARED / "golden" / "running.json").read_text())["running"]
    gait = analyze(DRYFT, *CONTRACT_FORCE)["gait"]
    assert gait["steps"] == golden["n_steps_detrended"] == 77
    close(gait["contact_time_mean_s"], golden["contact_time_mean_s"], 0.01)
    close(gait["cadence_spm"], golden["cadence_spm"], 0.01)
    close(gait["force_peak_mean_n"], golden["peak_mean_N"], 0.01)
    close(gait["impulse_mean_ns"], golden["impulse_mean_Ns"], 0.01)


# ---- tables: forms ----

def table(tmp_path, text, name="table.txt"):
    to = tmp_path / name
    to.write_text(text)
    return to


ROWS = [(0.5 + 0.001 * i, 700 + i % 3) for i in range(100)]


@pytest.mark.parametrize("separator", ["\t", ";", ",", "  "])
@pytest.mark.parametrize("head", ["", "x{s}Fz\n", "made up\nfor a test\n\nx{s}Fz (N)\n", '"x"{s}"Fz"\n'])
def test_tables_in_every_form(tmp_path, separator, head):
    text = head.format(s=separator) + "".join(f"{a:.3f}{separator}{b}\n" for a, b in ROWS)
    column = "Fz" if head and "Fz (N)" not in head or separator != "  " and head else "2"
    d = analyze(table(tmp_path, text), "--columns", f"force={column}", "--rate", "50")
    assert d["recording"]["frames"] == 100 and d["total"]["force_peak_n"] == 702
    assert d["total"]["force_peak_frame"] == 2
    # trapezoid of 0, 1, 2, 0, 1, 2, ... above 700 N, 99 intervals of 0.02 s
    close(d["total"]["force_time_integral_ns"],
          sum((a[1] + b[1]) / 2 for a, b in zip(ROWS, ROWS[1:])) / 50)


def test_a_minus_turns_the_sign(tmp_path):
    path = table(tmp_path, "".join(f"{-b}\n" for _, b in ROWS))
    assert analyze(path, "--columns", "force=-1", "--rate", "50")["total"]["force_peak_n"] == 702


def test_a_time_that_is_none_is_left_out(tmp_path):
    path = table(tmp_path, "Time,F\n" + "".join(f"{i},{b}\n" for i, (_, b) in enumerate(ROWS)))
    options = ("--rate", "50", "--columns")
    assert "time=none in --columns" in refusal("analyze", path, *options, "force=F", code=2)
    r = analyze(path, *options, "force=F,time=none")["recording"]
    assert r["rate_hz"] == 50 and [c["name"] for c in r["columns"]] == ["force"]


def test_time_in_milliseconds_gives_the_rate(tmp_path):
    path = table(tmp_path, "Time [ms],F\n" + "".join(f"{20 * i},{b}\n" for i, (_, b) in enumerate(ROWS)))
    r = analyze(path, "--columns", "force=F")["recording"]
    assert r["rate_hz"] == 50 and r["rate_from"] == "time column"


@pytest.mark.parametrize("text, options, said", [
    ("a,b\n1,2\n3,4\n", (), "its columns: 1 a, 2 b"),
    ("a,b\n1,2\n3,4\n", ("--columns", "force=c", "--rate", "9"), "the columns are 1 a, 2 b"),
    ("a,b\n1,2\n3,4\n", ("--columns", "force=3", "--rate", "9"), "there is no such column"),
    ("a,b\n1,2\n3,4\n", ("--columns", "push=a", "--rate", "9"), "'push' is none of time, force"),
    ("a,b\n1,2\n3,4\n", ("--columns", "force=a"), "add --rate HZ"),
    ("a,b\n1,2\n3,4\n", ("--columns", "ap=a,ml=b", "--rate", "9"), "in which unit? add --unit-length"),
    ("a,b\n1,2\n3,4\n", ("--columns", "ap=a,ml=b", "--unit", "inch", "--rate", "9"), "none of mm, cm, m, N"),
    ("a[cm],b\n1,2\n", ("--columns", "ap=a,ml=b", "--unit", "mm", "--rate", "9"), "the header says cm"),
    ("a[mm],b\n1,2\n", ("--columns", "force=a", "--rate", "9"), "the header says it is in mm"),
    ("a,b\n1,2\n3\n", ("--columns", "force=a", "--rate", "9"), "line 3, column 2: 1 fields, 2 in the first line"),
    ("a,b\n1,2\n3,x\n", ("--columns", "force=b", "--rate", "9"), "line 3, column 3: expected a number (force), found 'x'"),
    ("a;b\n1;2\n3;4,5\n", ("--columns", "force=b", "--rate", "9"), "line 3, column 4: a decimal comma"),
    ("time,b\n0.1,2\n0.2,3\n0.4,3\n", ("--columns", "force=b"), "line 4, column 1: 0.2 s after the sample before"),
    ("time,b\n0.1,2\n0.2,3\n", ("--columns", "force=b", "--rate", "50"), "--rate says 50 Hz, the times of the file 10 Hz"),
    ("a,b\n1,2\n", ("--columns", "force=a,force=b", "--rate", "9"), "names force twice"),
    ("words only\n", ("--columns", "force=1", "--rate", "9"), "expected a line of numbers"),
])
def test_tables_are_refused_with_a_way_out(tmp_path, text, options, said):
    code = 2 if "expected" not in said and "line " not in said or "--rate says" in said else 1
    message = run("analyze", table(tmp_path, text), *options, code=code).stderr
    assert said in message


def test_a_table_has_no_frames(tmp_path):
    path = table(tmp_path, "a,b\n1,2\n3,4\n")
    assert "say which columns are what" in refusal("import", path, "--out", tmp_path / "to", code=2)
    assert not (tmp_path / "to").exists()
    assert "which columns are what" in refusal("export", "csv", path, code=2)
    info = document("info", "--json", path, "--columns", "force=b", "--rate", "10")["recordings"][0]
    assert info["recording"]["columns"][0] == {"name": "force", "from": "b", "factor": 1, "unit": "N"}
    message = refusal("analyze", path, "--columns", "force=b", "--rate", "9", "--side", "left", code=2)
    assert "it has no regions, axis, side" in message


# ---- HDF5 arrays ----

@pytest.fixture
def array(tmp_path):
    h5py = pytest.importorskip("h5py")
    numpy = pytest.importorskip("numpy")
    to = tmp_path / "laboratory.h5"
    cells = numpy.arange(2 * 3 * 5, dtype="u2").reshape(2, 3, 5)  # [x, t, y]
    with h5py.File(to, "w") as f:
        f.create_dataset("deep/er/cells", data=cells, chunks=(2, 1, 5), compression="gzip")
        f.create_dataset("flat", data=cells[0])
        f["words"] = "none"
    return to, cells


def test_an_array_as_frames(array):
    to, cells = array
    options = ("--dataset", "/deep/er/cells", "--rate", "100", "--pitch", "5x8")
    got = frames(to, *options, "--axes", "x,t,y")
    assert got == [[cells[x, t, y] for y in range(5) for x in range(2)] for t in range(3)]
    turned = frames(to, *options, "--axes", "-x,t,-y", "--unit", "N/cm2")
    assert turned == [[10 * cells[1 - x, t, 4 - y] for y in range(5) for x in range(2)] for t in range(3)]
    r = document("info", "--json", to, *options, "--axes", "x,t,y")["recordings"][0]["recording"]
    assert r["format"] == "hdf5-array" and r["unit"] == "counts" and r["dataset"] == "/deep/er/cells"
    assert (r["rows"], r["cols"], r["pitch_row_mm"], r["pitch_col_mm"]) == (5, 2, 5, 8)


@pytest.mark.parametrize("options, said", [
    ((), "/deep/er/cells (2 x 3 x 5)"),
    (("--dataset", "/deep/er/cells"), "add --axes y,x,t (rows, columns, time in its order) --rate HZ --pitch MM"),
    (("--dataset", "/deep/er/cells", "--axes", "y,x,x", "--rate", "1", "--pitch", "5"), "is not like y,x,t"),
    (("--dataset", "/deep/er/cells", "--axes", "y,x,t", "--rate", "1", "--pitch", "5", "--unit", "cm"),
     "'cm' is no pressure"),
    (("--dataset", "/flat", "--axes", "y,x,t", "--rate", "1", "--pitch", "5"), "2 axes, not 3"),
    (("--dataset", "/words", "--axes", "y,x,t", "--rate", "1", "--pitch", "5"), "/words"),
    (("--dataset", "/nothing"), "there is no /nothing in it"),
    (("--axes", "y,x,t"), "takes no --axes"),
    (("--cropped",), "takes no --cropped"),
    (("--columns", "force=1", "--cropped"), "is no table"),
])
def test_arrays_are_refused_with_a_way_out(array, options, said):
    r = subprocess.run([PLANTAR, "analyze", array[0], *options], capture_output=True, text=True)
    assert r.returncode in (1, 2) and said in r.stderr and not r.stdout


def test_a_damaged_array_never_ends_the_program(array, tmp_path):
    whole = array[0].read_bytes()
    to = tmp_path / "damaged.h5"
    read = refused = 0
    for i in range(8, len(whole), max(1, len(whole) // 60)):
        to.write_bytes(whole[:i] + bytes([whole[i] ^ 0xff]) + whole[i + 1:])
        r = subprocess.run([PLANTAR, "info", to, "--dataset", "/deep/er/cells", "--axes", "x,t,y",
                            "--rate", "100", "--pitch", "5"], capture_output=True, timeout=100)
        assert r.returncode in (0, 1), r
        read, refused = read + (r.returncode == 0), refused + (r.returncode == 1)
    print(f"an array with a byte flipped at {read + refused} places: {read} read, {refused} refused")
    assert refused


@shared
def test_speedpp_is_a_step():
    numpy, h5py = pytest.importorskip("numpy"), pytest.importorskip("h5py")
    with h5py.File(SPEEDPP) as f:
        cells = f["img000"][:].astype(float)
    d = analyze(SPEEDPP, *ARRAY, "--side", "right")
    assert (d["recording"]["rows"], d["recording"]["cols"], d["recording"]["frames"]) == cells.shape
    assert d["total"]["force_peak_counts"] == cells.sum((0, 1)).max()
    assert d["total"]["pressure_peak_counts"] == cells.max()
    assert "force_peak_n" not in d["total"]
    assert run("analyze", EMED, "--dataset", "/img000", code=2).stderr.count("takes no --dataset")


def test_a_table_has_no_border(tmp_path):
    (tmp_path / "t.txt").write_text("force\n1\n2\n3\n")
    options = ("--columns", "force=1", "--rate", "100")
    analyze(tmp_path / "t.txt", *options)
    for more in (("--cropped",), ("--dataset", "/a"), ("--axes", "y,x,t"), ("--pitch", "5")):
        assert f"{more[0]}" in run("analyze", tmp_path / "t.txt", *options, *more, code=2).stderr


# ---- import ----

def same(a, b, where=""):
    """Equal but for what 32-bit storage rounds."""
    if isinstance(a, dict):
        assert a.keys() == b.keys(), where
        for key in a:
            same(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, list):
        assert len(a) == len(b), where
        for i, (x, y) in enumerate(zip(a, b)):
            same(x, y, f"{where}[{i}]")
    elif isinstance(a, float) or isinstance(b, float):
        assert b == pytest.approx(a, rel=1e-6, abs=1e-9), where
    else:
        assert a == b, where


@shared
@pytest.mark.parametrize("path, options", [
    (EMED, ()), (TEKSCAN, ()), (XSENSOR, ()), (XSENSOR, ("--side", "left")),
    (SPEEDPP, (*ARRAY, "--side", "right")), (SPEEDPP, (*ARRAY, "--unit", "kPa")),
    (SPEEDPP.with_name("subj003.h5"), ("--dataset", "/img001", *ARRAY[2:], "--unit", "kPa", "--cropped"))],
    ids=["emed", "tekscan", "insoles", "insole", "counts", "kpa", "cropped"])
def test_a_session_says_what_the_file_says(tmp_path, path, options):
    made = document("import", path, *options, "--json", "--out", tmp_path, "--subject", "P-1",
                    "--condition", "lift 6 mm", "--mass", "70", "--started", "2025-04-23T10:49")
    trial, = made["trials"]
    assert trial["path"].startswith(f"{tmp_path}/2025/04/{made['session_uuid']}/trial-001.h5")
    assert trial["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert run("verify", tmp_path).stdout.count("0 with a problem")
    assert not list(tmp_path.rglob("*.journal"))
    of_file = analyze(path, *options, "--body-mass", "70")
    of_session = analyze(trial["path"])
    head = of_session.pop("recording")
    assert head["frames"] == of_file["recording"]["frames"]
    close(head["duration_s"], of_file["recording"]["duration_s"], 1e-6)
    assert head["unit"] == of_file["recording"]["unit"]
    assert head.get("cropped") == of_file["recording"].get("cropped")
    assert (":cropped" in head["mat_file"]) == ("--cropped" in options)
    del of_file["recording"]
    same(of_file, of_session)
    session = document("info", "--json", trial["path"])["recordings"][0]["session"]
    assert session["subject"] == "P-1" and session["condition"] == "lift 6 mm"
    assert session["body_mass_kg"] == 70 and session["started_utc"] == "2025-04-23T10:49:00Z"
    assert session["source"] == f"import:{path.name}"
    events = run("export", "csv", trial["path"], "--what", "events").stdout
    assert "import" in events and trial["sha256"] in events and path.name in events
    exported = csv.DictReader(run("export", "csv", trial["path"]).stdout.splitlines())
    assert len(list(exported)) == head["frames"]


@shared
def test_several_files_are_trials_of_one_session(tmp_path):
    made = document("import", EMED, TEKSCAN, "--json", "--out", tmp_path)
    assert [os.path.basename(t["path"]) for t in made["trials"]] == ["trial-001.h5", "trial-002.h5"]
    session = json.loads((tmp_path / os.path.relpath(made["folder"], tmp_path) / "session.json").read_text())
    assert len(session["trials"]) == 2
    message = refusal("import", made["trials"][0]["path"], "--out", tmp_path, code=2)
    assert "a recording of plantard already" in message


@shared
@pytest.mark.parametrize("path, options, layout", [
    (PEDAR, (), "sensors"), (PEDAR, ("--side", "left"), "sensors"), (PEDAR, ("--geometry", "AREAS"), "sensors"),
    (ZEBRIS[0], (), "picture"), (ZEBRIS[1], ("--facing", "backward"), "picture"),
    (BDS[0], CONTRACT_COP, "table"), (PDS, CONTRACT_PLATES, "table"), (DRYFT, CONTRACT_FORCE, "table")],
    ids=["pedar", "one insole", "areas", "zebris", "facing", "cop", "plates", "force"])
def test_what_a_file_does_not_know_its_session_does_not_know(tmp_path, path, options, layout):
    h5py = pytest.importorskip("h5py")
    areas = tmp_path / "areas"
    areas.write_text("".join(f"{i + 1},{1 + i / 100:.2f}\n" for i in range(99)))
    options = [areas if o == "AREAS" else o for o in options]
    made = document("import", path, *options, "--json", "--out", tmp_path / "to", "--mass", "70",
                    "--subject", "P-1", "--started", "2025-04-23T10:49")
    trial = made["trials"][0]["path"]
    assert "metrics follow from" in run("verify", made["folder"]).stdout
    of_file, of_session = analyze(path, *options, "--body-mass", "70"), analyze(trial)
    head, was = of_session.pop("recording"), of_file.pop("recording")
    assert head["layout"] == layout and head["mat_file"].startswith("imported:")
    for key in ("rows", "cols", "pitch_row_mm", "pitch_col_mm", "rate_hz", "frames", "gaps"):
        assert head[key] == was[key], key
    close(head["duration_s"], was["duration_s"]) if was["duration_s"] else None
    same(of_file, of_session)
    if layout == "table":  # samples are kept as they came, so nothing is rounded
        assert of_file == of_session
        assert head["columns"] == was["columns"]
    with h5py.File(trial) as f:
        assert f["mat"].attrs["layout"] == layout
        assert ("frames" in f) == (layout != "table") and ("samples" in f) == (layout == "table")
        stored = json.loads(f["summary"][()])
        assert stored["recording"]["path"] == "trial-001.h5"
        del stored["recording"]
        assert stored == of_session
        assert ("sensor_area_m2" in f["mat"]) == (areas in options)
        if layout != "table":
            finite = {k for k, v in f["metrics"].items() if k != "t_s" and v[:].size == (v[:] == v[:]).sum()}
            assert "pressure_peak_kpa" in finite and all("pressure_peak" in k for k in finite)
            assert ("x_mm" in f["frames"]) == (layout == "picture")
    info = document("info", "--json", trial)["recordings"][0]
    assert info["session"]["subject"] == "P-1" and info["recording"]["layout"] == layout
    run("annotate", trial, "pain_score=3", "--note", "looked at again")
    assert "looked at again" in run("export", "csv", trial, "--what", "events").stdout
    assert "0 with a problem" in run("verify", made["folder"]).stdout
    if layout != "picture":
        assert f"layout {layout}" in refusal("correct", trial, "--side", "left", code=2)
    assert "no force" in refusal("export", "lst", trial) or layout == "table"


@shared
def test_samples_stay_as_they_came(tmp_path):
    """A gap is a gap: in the file, for h5py, in the export."""
    h5py, numpy = pytest.importorskip("h5py"), pytest.importorskip("numpy")
    path = table(tmp_path, "t [ms];F [kN];x [cm]\n0;0.7;1.1\n20;;1.3\n40;0.72;\n60;0.1;-2\n")
    options = ("--columns", "time=t,force=F,ml=-x")
    made = document("import", path, *options, "--json", "--out", tmp_path / "to")
    trial = made["trials"][0]["path"]
    want = {"time": [0, 0.02, 0.04, 0.06], "force": [700, None, 720, 100], "ml": [-11, -13, None, 20]}
    with h5py.File(trial) as f:
        for key, values in want.items():
            have = f["samples"][key]
            assert have.dtype == "<f8"
            numpy.testing.assert_allclose(have[:], [numpy.nan if v is None else v for v in values], 1e-15)
            assert have.attrs["units"] == {"time": "s", "force": "N", "ml": "mm"}[key]
        assert f["samples/ml"].attrs["column"] == "x [cm]" and f["samples/ml"].attrs["factor"] == -10
        assert f["samples"].attrs["rate_hz"] == 50 and f["samples"].attrs["rate_from"] == "time column"
        numpy.testing.assert_array_equal(f["metrics/cop_x_mm"][:], f["samples/ml"][:].astype("f4"))
        numpy.testing.assert_array_equal(f["metrics/force_n"][:], f["samples/force"][:].astype("f4"))
        numpy.testing.assert_array_equal(f["metrics/t_s"][:], numpy.arange(4) / 50)
    rows = list(csv.DictReader(run("export", "csv", trial).stdout.splitlines()))
    for row, i in zip(rows, range(4)):
        for name, key in (("time_s", "time"), ("force_n", "force"), ("ml_mm", "ml")):
            assert (row[name] == "") == (want[key][i] is None)
            assert not row[name] or float(row[name]) == pytest.approx(want[key][i], rel=1e-15)
    assert "no frames" in refusal("export", "csv", trial, "--what", "frames")
    # changed samples no longer give the figures that stand beside them
    with h5py.File(trial, "r+") as f:
        f["samples/force"][0] = 701
    os.remove(f"{made['folder']}/MANIFEST.sha256")  # which says so first
    assert "from its samples" in run("verify", trial, code=1).stdout
    # and a file is of one kind
    for layout in ("mat", "picture", "carpet"):
        with h5py.File(trial, "r+") as f:
            f["mat"].attrs["layout"] = layout
        assert f"{layout}" in run("verify", trial, code=1).stdout
        assert layout in refusal("analyze", trial)


def test_no_room_leaves_no_trial(tmp_path):
    def little_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write then fails as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (60000, 60000))

    path = table(tmp_path, "F\n" + "".join(f"{700 + 300 * (i * i % 997) / 997!r}\n" for i in range(20000)))
    command = [PLANTAR, "import", path, "--columns", "force=F", "--rate", "50", "--out", tmp_path / "to"]
    r = subprocess.run(command, preexec_fn=little_room, capture_output=True, text=True, timeout=100)
    assert r.returncode == 1 and "File too large" in r.stderr
    assert not [p for p in (tmp_path / "to").rglob("*") if p.is_file()]
    assert not list((tmp_path / "to").glob("*/*/*"))
    assert "20,000 samples" in run(*command[1:]).stdout


@shared
def test_a_damaged_session_of_a_table_never_ends_the_program(tmp_path):
    path = table(tmp_path, "F\n" + "".join(f"{b}\n" for _, b in ROWS))
    made = document("import", path, "--columns", "force=F", "--rate", "50", "--json", "--out", tmp_path / "to")
    trial = made["trials"][0]["path"]
    whole = open(trial, "rb").read()
    right = analyze(trial)
    read = refused = 0
    for i in range(8, len(whole), max(1, len(whole) // 30)):
        with open(trial, "wb") as f:
            f.write(whole[:i] + bytes([whole[i] ^ 0xff]) + whole[i + 1:])
        r = subprocess.run([PLANTAR, "analyze", "--json", trial], capture_output=True, timeout=100)
        assert r.returncode in (0, 1, 2), r
        read, refused = read + (r.returncode == 0), refused + (r.returncode != 0)
        if i % 4 == 0:
            r = subprocess.run([PLANTAR, "verify", trial], capture_output=True, timeout=100)
            assert r.returncode == 1, r  # its checksum says so
    print(f"a session of a table with a byte flipped at {read + refused} places: {read} read, {refused} refused")
    assert refused and right


@shared
def test_trials_are_added_to_a_session(tmp_path):
    made = document("import", EMED, "--json", "--out", tmp_path, "--subject", "P-1", "--mass", "70")
    folder = made["folder"]
    before = hashlib.sha256(open(made["trials"][0]["path"], "rb").read()).hexdigest()
    by_uuid = document("import", PEDAR, ZEBRIS[0], "--json", "--out", tmp_path, "--session", made["session_uuid"])
    by_path = document("import", BDS[0], *CONTRACT_COP, "--json", "--session", folder, "--condition", "eyes closed")
    names = [os.path.basename(t["path"]) for d in (made, by_uuid, by_path) for t in d["trials"]]
    assert names == [f"trial-00{i}.h5" for i in (1, 2, 3, 4)]
    assert by_uuid["session_uuid"] == by_path["session_uuid"] == made["session_uuid"]
    assert before == hashlib.sha256(open(made["trials"][0]["path"], "rb").read()).hexdigest()
    assert "0 with a problem" in run("verify", folder).stdout
    listed = open(f"{folder}/MANIFEST.sha256").read()
    assert all(name in listed for name in names)
    session = json.loads(open(f"{folder}/session.json").read())
    assert [t["condition"] for t in session["trials"]] == ["", "", "", "eyes closed"]
    last = document("info", "--json", by_path["trials"][0]["path"])["recordings"][0]["session"]
    assert last["subject"] == "P-1" and last["body_mass_kg"] == 70 and last["trial"] == 4
    # a number of which anything is left is taken
    os.rename(f"{folder}/trial-004.h5", f"{folder}/trial-007.h5.replaced")
    again = document("import", EMED, "--json", "--session", folder)
    assert again["trials"][0]["path"].endswith("trial-008.h5")
    for args, code, said in ((("--session", folder, "--subject", "P-2"), 2, "a session of its own"),
                             (("--session", "00000000-0000-4000-8000-000000000000", "--out", tmp_path), 1, "there is no session"),
                             (("--session", tmp_path / ".."), 2, "is of another session")):
        if "another session" in said:
            # the root of a single session means that one
            assert document("import", EMED, "--json", "--session", tmp_path)["folder"] == folder
            document("import", EMED, "--json", "--out", tmp_path)
            args = ("--session", tmp_path)
        assert said in refusal("import", EMED, *args, code=code)


def test_a_capture_becomes_a_session(tmp_path):
    capture = tmp_path / "a.plcap"
    run("simulate", "--person", "standing", "--as", "pmp-64x64", "--seconds", "1", "--capture", capture)
    made = document("import", capture, "--json", "--out", tmp_path / "to")
    assert run("verify", tmp_path / "to").stdout.count("0 with a problem")
    assert "a capture of bytes" in refusal("analyze", capture, "--rate", "9", code=2)
    a, b = analyze(capture), analyze(made["trials"][0]["path"])
    same(a["total"], b["total"])
    same(a.get("feet"), b.get("feet"))


@pytest.mark.parametrize("options, said", [
    (("--started", "yesterday"), "is no time like"),
    (("--subject", "x" * 65), "at most 64 bytes"),
    (("--side", "both"), "left, right"),
])
def test_import_options_are_checked(tmp_path, options, said):
    assert said in run("import", tmp_path / "none", *options, code=2).stderr
