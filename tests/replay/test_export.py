# SPDX-License-Identifier: Apache-2.0
"""`plantar export` as other programs see it. The tables, the emed pages and the matrices are read
here by a few lines each that know only the format, and compared with each other and with what
`plantar analyze` says of the recording and of the export read back."""
import csv
import io
import json
import re
import resource
import signal
import struct

import pytest

from cli import EMED, LEFT, big_mat, capture_bytes, document, person, rows, run, shared


def table(fmt, *args):
    text = run("export", fmt, *args).stdout
    return list(csv.DictReader(io.StringIO(text), delimiter="\t" if fmt == "tsv" else ","))


def pages(text):
    """The .lst by its layout: line 0 says Page, line 2 the file, line 8 the picture, line 10 the columns."""
    assert text.endswith("\f\n\f") and text.count("\f\n") == text.count("Page ")
    for number, page in enumerate(text.split("\f\n")[:-1], 1):
        lines = page.split("\n")
        start = next(i for i, line in enumerate(lines) if "Page" in line)
        lines = lines[start:-1]
        assert lines[0] == f"\t\t\t\tPage {number}" and lines[1] == "" and lines[9] == ""
        assert lines[8].startswith(f"\tPict-No.: {number} ")
        area = float(re.match(r"\tSensor area: (\d+\.\d+) cm2\tTime/picture:\d+\.\d+ ms$", lines[3]).group(1))
        width, height = re.match(r"\tSensor size: (\d+\.\d{3,})x(\d+\.\d{3,}) cm$", lines[5]).groups()
        assert area == pytest.approx(float(width) * float(height), abs=1e-9)
        labels = lines[10].split("\t")
        assert labels[0] == "" and labels[-1] == "Force"
        cells = [line.split("\t") for line in lines[11:-1]]
        assert lines[-1].startswith("Force\t") and all(len(row) == len(labels) for row in cells)
        yield {"area_cm2": float(width) * float(height), "cols": [int(c) for c in labels[1:-1]],
               "rows": [int(row[0]) for row in cells], "text": [row[1:-1] for row in cells],
               "kpa": [[float(v) for v in row[1:-1]] for row in cells],
               "force": [float(row[-1]) for row in cells],
               "sums": [float(v) for v in lines[-1].split("\t")[1:]]}


def analyzed(path):
    found = document("analyze", path, "--json")
    return {"total": found["total"], "feet": found["feet"],
            "recording": {k: found["recording"][k] for k in ("frames", "rate_hz", "duration_s")}}


# ---- tables --------------------------------------------------------------------------------------

def test_tsv_is_csv_with_tabs(tmp_path):
    capture = person(tmp_path, seconds=1)
    for what in ("metrics", "cop", "frames", "gaps"):
        assert table("tsv", capture, "--what", what) == rows(capture, "--what", what)
    head = run("export", "tsv", capture).stdout.split("\n")[0]
    assert head.startswith("seq\tepoch\tt_s\t") and "," not in head


def flat(step, prefix=""):
    for key, value in step.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}_")
        else:
            yield prefix + key, value


def said(value):
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(value)
    return value if isinstance(value, str) else json.dumps(value)


def test_steps_are_the_steps_of_the_analysis(tmp_path):
    capture = person(tmp_path, mat="pmp-fscan", seconds=6)
    steps = document("analyze", capture, "--json").get("steps", [])
    assert steps, "somebody walked over the mat"
    found = rows(capture, "--what", "steps")
    keys = list(dict.fromkeys(k for step in steps for k, _ in flat(step)))
    assert list(found[0]) == ["step", *keys]
    for number, (row, step) in enumerate(zip(found, steps, strict=True), 1):
        assert row.pop("step") == str(number)
        for key, value in flat(step):
            if isinstance(value, float):
                assert float(row[key]) == value, key
            else:
                assert row[key] == said(value), key
    assert table("tsv", capture, "--what", "steps") == rows(capture, "--what", "steps")


def test_no_steps_is_an_empty_table(tmp_path):
    r = run("export", "csv", person(tmp_path, kind="empty", seconds=1), "--what", "steps")
    assert r.stdout == "step\n" and "holds no steps" in r.stderr


# ---- emed .lst -----------------------------------------------------------------------------------

@shared
def test_an_emed_recording_goes_round(tmp_path):
    """Out and in again: nothing changes, and the text is the vendor's, cell by cell."""
    out = tmp_path / "walk.lst"
    run("export", "lst", EMED, "-o", out)
    assert analyzed(out) == analyzed(EMED)
    theirs = EMED.read_bytes().decode("latin-1").split("\f")
    for ours, page in zip(pages(out.read_text()), theirs):
        lines = [line for line in page.split("\n") if re.match(r"\d+\t", line)]
        assert ours["text"] == [line.split("\t")[1:-1] for line in lines]


@shared
@pytest.mark.parametrize("other", [LEFT])
def test_another_vendors_recording(tmp_path, other):
    out = tmp_path / "out.lst"
    run("export", "lst", other, "-o", out)
    before, after = analyzed(other), analyzed(out)
    assert after["recording"]["frames"] == before["recording"]["frames"]
    for key, value in before["total"].items():
        assert after["total"][key] == pytest.approx(value, rel=1e-6), key


@pytest.mark.parametrize("mat", ["pmp-64x64", "pmp-emed", "pmp-fscan", "big"])
def test_our_recordings_as_pages(tmp_path, mat):
    """Cells as csv has them, forces that are the sums of the printed cells, and the importer's totals."""
    big = mat == "big"  # more cells than an emed: numbered from the box
    capture = person(tmp_path, mat=big_mat(tmp_path) if big else mat, seconds=2)
    out = tmp_path / "out.lst"
    run("export", "lst", capture, "-o", out)
    frames = rows(capture, "--what", "frames")
    for page, frame in zip(pages(out.read_text()), frames, strict=True):
        cells = {k: float(v) for k, v in frame.items() if k.endswith("_kpa")}
        digits = len(page["text"][0][0].split(".")[1])
        assert digits == (6 if big else 2)  # 0.05 kPa a code needs two, the curve more than there are
        loaded = sum(kpa > 0 for kpa in cells.values())
        assert sum(map(sum, page["kpa"])) == pytest.approx(sum(cells.values()), abs=0.51 * 10**-digits * (loaded + 1))
        if big:
            assert (page["rows"][0], page["cols"][0]) == (1, 1)
        else:
            for r, row in zip(page["rows"], page["kpa"]):
                for c, kpa in zip(page["cols"], row):
                    assert kpa == pytest.approx(cells[f"r{r - 1}c{c - 1}_kpa"], abs=1e-12)
        unit = 0.1 * page["area_cm2"]  # N a kPa
        for row, force in zip(page["kpa"], page["force"]):
            assert force == pytest.approx(unit * sum(row), abs=0.51 * 10 ** -(digits + 2))
        for column, force in zip(zip(*page["kpa"]), page["sums"]):
            assert force == pytest.approx(unit * sum(column), abs=0.51 * 10 ** -(digits + 2))
        assert page["sums"][-1] == pytest.approx(unit * sum(map(sum, page["kpa"])), abs=0.51 * 10 ** -(digits + 2))
    before, after = analyzed(capture), analyzed(out)
    assert after["recording"]["rate_hz"] == pytest.approx(before["recording"]["rate_hz"], rel=1e-5)
    for key, value in before["total"].items():
        assert after["total"][key] == pytest.approx(value, rel=1e-5), key
    peak = max(float(row["force_n"]) for row in rows(capture))
    assert after["total"]["force_peak_n"] == pytest.approx(peak, rel=1e-6)


def test_counts_are_no_pressure(tmp_path):
    """Refused with the way out, and what was there under that name stays."""
    capture = person(tmp_path, mat="jq-64x64", seconds=1)
    out = tmp_path / "out"
    out.write_text("older\n")
    for fmt in ("lst", "ascii"):
        r = run("export", fmt, capture, "-o", out, code=1)
        assert "counts without a calibration" in r.stderr and "plantar-mat(5)" in r.stderr
    assert out.read_text() == "older\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", capture.name]


def without_chunks(path, to, first, count):
    data = path.read_bytes()
    head = data[:data.index(b"\n.\n\n") + 4]
    times, chunks = capture_bytes(path)
    kept = [i for i in range(len(chunks)) if not first <= i < first + count]
    to.write_bytes(head + b"".join(struct.pack("<QI", times[i], len(chunks[i])) + chunks[i] for i in kept))
    return to


def test_gaps_have_no_place_in_pages(tmp_path):
    whole = person(tmp_path, seconds=1)
    holed = without_chunks(whole, tmp_path / "holed.plcap", 200, 7)
    frames, missing = len(rows(holed)), rows(holed, "--what", "gaps")
    assert len(missing) == 1 and frames < len(rows(whole))
    out = tmp_path / "out.lst"
    r = run("export", "lst", holed, "-o", out, code=1)
    assert "frames are missing (1 gap)" in r.stderr and "--close-gaps" in r.stderr and not out.exists()
    run("export", "lst", holed, "--close-gaps", "-o", out)
    assert analyzed(out)["recording"]["frames"] == frames
    times = [float(t) for t in re.findall(r"^Frame \d+ \((\S+) ms\)", run("export", "ascii", holed).stdout, re.M)]
    steps = [b - a for a, b in zip(times, times[1:])]
    assert len(times) == frames and max(steps) > 5 * min(steps)


def test_nothing_loaded_is_no_page(tmp_path):
    r = run("export", "lst", person(tmp_path, kind="empty", seconds=1), code=1)
    assert "no cell was ever loaded" in r.stderr and r.stdout == ""


def test_names_do_not_confuse_readers(tmp_path):
    """Other programs look for these words in any line."""
    capture = person(tmp_path, seconds=1)
    odd = capture.rename(tmp_path / "Page Time\tSensor size MVP.plcap")
    text = run("export", "lst", odd).stdout
    assert "\tFile: page_time_sensor_size_mvp.plcap \t" in text
    assert len(list(pages(text))) == len(rows(odd))


# ---- footscan-like matrices ----------------------------------------------------------------------

def matrices(text):
    for block in text.split("\n\n")[:-1]:
        head, *lines = block.split("\n")
        number, ms = re.match(r"Frame (\d+) \((\d+\.\d{6}) ms\)$", head).groups()
        yield int(number), float(ms), [line.split("\t") for line in lines]


def test_matrices(tmp_path):
    capture = person(tmp_path, seconds=1)
    frames, metrics = rows(capture, "--what", "frames"), rows(capture)
    raw = rows(capture, "--what", "frames", "--raw")
    newtons = list(matrices(run("export", "ascii", capture).stdout))
    codes = list(matrices(run("export", "ascii", capture, "--raw").stdout))
    mat = document("analyze", capture, "--json")["recording"]
    unit = mat["pitch_row_mm"] * mat["pitch_col_mm"] * 1e-3  # N a kPa
    for i, ((number, ms, cells), (_, _, code)) in enumerate(zip(newtons, codes, strict=True)):
        assert number == i + 1 and ms == pytest.approx(1e3 * float(frames[i]["t_s"]), abs=1e-6)
        assert len(cells) == 64 and all(len(line) == 64 for line in cells)
        # the rear edge comes first
        for r, c in ((0, 0), (20, 30), (40, 25), (63, 63)):
            assert float(cells[63 - r][c]) == pytest.approx(unit * float(frames[i][f"r{r}c{c}_kpa"]), abs=1e-6)
            assert code[63 - r][c] == raw[i][f"r{r}c{c}_counts"]
        assert sum(float(v) for line in cells for v in line) == \
            pytest.approx(float(metrics[i]["force_n"]), rel=1e-5, abs=1e-3)


# ---- the file ------------------------------------------------------------------------------------

@pytest.mark.parametrize("fmt", ["csv", "lst", "ascii"])
def test_a_file_is_whole_or_not_there(tmp_path, fmt):
    capture = person(tmp_path, seconds=2)
    out = tmp_path / "out.txt"
    out.write_text("older\n")
    out.chmod(0o640)

    def small_disk():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    r = run("export", fmt, capture, "-o", out, code=1, preexec_fn=small_disk)
    assert "cannot write" in r.stderr and out.read_text() == "older\n"
    run("export", fmt, capture, "-o", out)
    assert out.read_text() == run("export", fmt, capture).stdout
    assert out.stat().st_mode & 0o777 == 0o640
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.txt", capture.name]


def test_a_link_stays_a_link(tmp_path):
    capture = person(tmp_path, seconds=1)
    link, target = tmp_path / "link", tmp_path / "folder" / "target.csv"
    target.parent.mkdir()
    target.write_text("older\n")
    link.symlink_to(target)
    run("export", "csv", capture, "-o", link)
    assert link.is_symlink() and target.read_text().startswith("seq,")


@pytest.mark.parametrize("args, message", [
    (["json", "x"], "there are csv, tsv, lst, ascii"),
    (["lst", "x", "--what", "frames"], "--what goes with csv and tsv"),
    (["lst", "x", "--raw"], "--raw goes with"),
    (["ascii", "x", "--recompute"], "--recompute goes with"),
    (["csv", "x", "--close-gaps"], "--close-gaps goes with lst"),
])
def test_options_that_would_do_nothing(args, message):
    assert message in run("export", *args, code=2).stderr
