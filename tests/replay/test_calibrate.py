# SPDX-License-Identifier: Apache-2.0
"""plantar calibrate from recordings and live: a mat whose gains, offsets and curve only the simulator
knows must, once calibrated, weigh what was not used to calibrate it."""
import contextlib
import datetime
import fcntl
import os
import pty
import random
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
import threading
import time

import h5py
import pytest

from cli import EMED, PLANTAR, document, rows, run, shared
sys.path.insert(0, os.path.join(os.environ["PLANTAR_SOURCE"], "tests"))
from plantar_harness import SANITIZER, SLOW, Plantard, PtyMat, environment, pmp_frame, wait_until

G = 9.80665
ROWS, COLS, PITCH = 32, 24, 10.0
GRID = [(r, c) for r in (6, 16, 26) for c in (5, 12, 19)]


def conf(path, calibration=""):
    path.write_text(f'''title = "{path.stem}"; rows = {ROWS}; cols = {COLS}; pitch_mm = {PITCH}; rate_hz = 100.0;
protocol = "pmp"; cell = "u16";
{calibration}''')
    return path


def mats(tmp_path, power, slope, name="truth"):
    """The mat as it is (kPa = a (gain (raw - offset))^power, gains from 1 - slope at the front to
    1 + slope at the rear) and as it is known: not at all."""
    rng = random.Random(7)
    with open(tmp_path / "gain.csv", "w") as f:
        for r in range(ROWS):
            f.write(",".join(f"{1 - slope + 2 * slope * r / (ROWS - 1):.6f}" for _ in range(COLS)) + "\n")
    with open(tmp_path / "offset.csv", "w") as f:
        for _ in range(ROWS):
            f.write(",".join(str(rng.randint(30, 60)) for _ in range(COLS)) + "\n")
    # 150 kPa at 2000 counts, in steps so small that they are a curve
    points = ", ".join(f"({x}, {150 * (x / 2000) ** power:.9f})" for x in range(0, 6300, 100))
    truth = conf(tmp_path / f"{name}.conf", f'''calibration = {{ unit = "kPa"; curve = ({points});
  gain_file = "gain.csv"; offset_file = "offset.csv"; }};
''')
    return truth, conf(tmp_path / "plain.conf")


def shot(tmp_path, truth, name, kind="weight", seconds=1, mass=None, place=None, plate=60, noise=1, extra=()):
    to = tmp_path / f"{name}.plcap"
    options = ["--code-noise", noise, "--seed", 3, *extra]
    if mass:
        options += ["--mass", mass]
    if place:
        options += ["--place", f"{place[0]},{place[1]}", "--plate", plate]
    run("simulate", "--person", kind, "--as", truth, "--seconds", seconds, "--capture", to, *options)
    return to


def mean_force(tmp_path, calibration, capture):
    """Mean force in N of a capture, as a mat with that calibration measures it."""
    text = calibration.read_text()
    mat = conf(tmp_path / "calibrated.conf", "calibration = {\n" + text + "\n};\n")
    force = [float(row["force_n"]) for row in rows("--as", mat, capture)]
    return sum(force) / len(force)


def test_it_finds_a_curve_and_a_map_and_weighs_others(tmp_path):
    truth, plain = mats(tmp_path, 1.4, 0.15)
    args = ["--empty", shot(tmp_path, truth, "empty", "empty")]
    for i, place in enumerate(GRID):
        file = shot(tmp_path, truth, f"a{i}", mass=20, place=place)
        args += ["--load", f"20kg@{place[0]},{place[1]}={file}"]
    for i, mass in enumerate((5, 10, 40)):
        args += ["--load", f"{mass}kg={shot(tmp_path, truth, f'b{i}', mass=mass, place=(16, 12))}"]
    body = shot(tmp_path, truth, "body", "standing", mass=60, seconds=2)
    to = tmp_path / "cal.conf"
    d = document("calibrate", plain, *args, "--body", f"60kg={body}", "--by", "A. Clinician", "-o", to, "--json")
    taken = next(m for m in d["models"] if m["taken"])
    assert (taken["curve"], taken["map"]) == ("power", True), d["models"]
    assert d["residual_max_pct"] < 1 and abs(d["body"]["error_pct"]) < 5 and d["body"]["within_5_pct"]
    assert abs(float(re.search(r"exponent ([\d.]+)", d["method"]).group(1)) - 1.4) < 0.05
    assert [round(x["force_n"], 3) for x in d["loads"][-3:]] == [round(m * G, 3) for m in (5, 10, 40)]
    # what it has not seen: between the places, and other masses
    for mass, place, within in ((15, (11, 8), 0.01), (30, (21, 16), 0.01), (8, (24, 9), 0.01),
                                (20, (3, 3), 0.07)):  # the last one outside them: docs/calibration.md
        other = shot(tmp_path, truth, f"other{mass}", mass=mass, place=place)
        assert mean_force(tmp_path, to, other) == pytest.approx(mass * G, rel=within), (mass, place)
    text = to.read_text()
    assert f'id = "{d["id"]}"' in text and 'by = "A. Clinician"' in text and "reference_n = 392.266" in text
    # the same loads, the same calibration, whatever the terminal; and people read the same figures
    again = run("calibrate", plain, *args, "--valid", 0, "-o", tmp_path / "again.conf").stdout
    assert "power, gain map" in again and "<- taken" in again
    assert "expires" not in (tmp_path / "again.conf").read_text()


def test_a_plain_mat_gets_a_scale(tmp_path):
    truth, plain = mats(tmp_path, 1.0, 0.0)
    args = ["--empty", shot(tmp_path, truth, "empty", "empty")]
    for i, place in enumerate(((8, 6), (24, 18))):
        args += ["--load", f"10kg={shot(tmp_path, truth, f'a{i}', mass=10, place=place)}"]
    d = document("calibrate", plain, *args, "-o", tmp_path / "cal.conf", "--json")
    assert d["method"] == "linear" and d["residual_max_pct"] < 0.3
    # 150 kPa over a cell of 1 cm2 at 2000 counts
    scale = float(re.search(r"^scale = (\S+);", (tmp_path / "cal.conf").read_text(), re.M).group(1))
    assert scale == pytest.approx(150 / 2000 * 0.1, rel=0.005)
    other = shot(tmp_path, truth, "other", mass=37, place=(14, 9), plate=100)
    assert mean_force(tmp_path, tmp_path / "cal.conf", other) == pytest.approx(37 * G, rel=0.01)


def refused(text, *args, code=1):
    message = run("calibrate", *args, code=code).stderr
    assert text in message, message


def test_loads_that_say_nothing_are_refused(tmp_path):
    truth, plain = mats(tmp_path, 1.0, 0.0)
    empty = shot(tmp_path, truth, "empty", "empty")
    good = shot(tmp_path, truth, "good", mass=10, place=(8, 6))
    to = ["-o", tmp_path / "no.conf"]
    first = [plain, "--empty", empty, "--load", f"10kg={good}", *to]

    def second(text, spec, **shot_options):
        refused(text, *first, "--load", f"{spec}={shot(tmp_path, truth, 'bad', **shot_options)}")
        (tmp_path / "bad.plcap").unlink()

    second("border", "10kg", mass=10, place=(0, 6))
    second("not at row 20, column 6", "10kg@20,6", mass=10, place=(8, 6))
    second("nothing lies on the mat", "10kg", kind="empty")
    second("the load moves", "70kg", kind="shift", mass=70, seconds=6)
    second("Check its mass", "20kg", mass=10, place=(24, 18))
    second("highest code", "300kg", mass=900, place=(16, 12), plate=30)
    refused("one weighing proves nothing", *first)
    assert not (tmp_path / "no.conf").exists()
    (tmp_path / "no.conf").write_text("mine")
    refused("is there already", *first, code=2)
    assert (tmp_path / "no.conf").read_text() == "mine"
    refused("wants a mass or force", plain, "--empty", empty, "--load", f"heavy={good}", "-o",
            tmp_path / "x.conf", code=2)


@shared
def test_pressures_of_others_are_no_counts(tmp_path):
    refused("not a mat's counts", "--empty", EMED, "--load", f"1kg={EMED}", "-o", tmp_path / "x.conf", code=2)


def test_a_wrong_person_is_not_saved(tmp_path):
    truth, plain = mats(tmp_path, 1.0, 0.0)
    args = [plain, "--empty", shot(tmp_path, truth, "empty", "empty")]
    for i, place in enumerate(((8, 6), (24, 18))):
        args += ["--load", f"10kg={shot(tmp_path, truth, f'a{i}', mass=10, place=place)}"]
    body = shot(tmp_path, truth, "body", "standing", mass=60)
    refused("not saved", *args, "--body", f"70kg={body}", "-o", tmp_path / "cal.conf")
    assert not (tmp_path / "cal.conf").exists()


def test_cells_that_do_not_work_are_left_out(tmp_path):
    truth, plain = mats(tmp_path, 1.0, 0.0)
    dead = ("--dead", 1.5)
    args = [plain, "--empty", shot(tmp_path, truth, "empty", "empty", extra=dead)]
    for i, place in enumerate((r, c) for r in (6, 16, 26) for c in (7, 16)):
        args += ["--load", f"20kg={shot(tmp_path, truth, f'a{i}', mass=20, place=place, plate=80, extra=dead)}"]
    d = document("calibrate", *args, "-o", tmp_path / "cal.conf", "--json")
    left_out = {(c["row"], c["col"]) for c in d["empty"]["left_out"]}
    assert left_out and all(c["fault"] == "dead" for c in d["empty"]["left_out"])
    text = (tmp_path / "cal.conf").read_text()
    assert {tuple(map(int, p)) for p in re.findall(r"\((\d+), (\d+)\)", re.search("dead_cells = .*", text).group())} == left_out


# ---- live ----


class WeighingMat:
    """A mat of PMP frames in a thread of its own: 50 counts a newton, offsets, noise, and whatever
    is put on it."""

    def __init__(self, folder):
        self.pty = PtyMat(os.path.join(folder, "mat")).plug()
        self.rng = random.Random(5)
        self.offset = [20 + self.rng.randint(0, 9) for _ in range(ROWS * COLS)]
        self.on_it = [0.0] * (ROWS * COLS)
        self.end = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def put(self, mass_kg=0, row=10, col=8, rows=4, cols=4):
        """A plate, its front left cell; nothing without a mass."""
        cells = [0.0] * (ROWS * COLS)
        for r in range(row, row + rows):
            for c in range(col, col + cols):
                cells[r * COLS + c] = mass_kg * G / (rows * cols)
        self.on_it = cells

    def run(self):
        seq, start = 0, time.monotonic()
        while not self.end:
            cells = [max(0, round(o + 50 * n + self.rng.gauss(0, 1))) for o, n in zip(self.offset, self.on_it)]
            try:
                self.pty.write(pmp_frame(seq, struct.pack(f"<{ROWS * COLS}H", *cells)))
            except OSError:
                return
            seq += 1
            time.sleep(max(0, start + seq / 50 - time.monotonic()))

    def close(self):
        self.end = True
        self.thread.join(10)
        self.pty.close()


@contextlib.contextmanager
def weighing_mat(tmp_path, **entry):
    mat = WeighingMat(tmp_path)
    try:
        with Plantard([{"source": mat.pty.uri, "mat": str(conf(tmp_path / "plain.conf")), **entry}]) as d:
            d.wait_frames(20)
            yield mat, d
    finally:
        mat.close()


class Dialogue:
    """plantar at a terminal of its own, as a person sees it."""

    def __init__(self, d, *args):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen([PLANTAR, *map(str, args)], stdin=slave, stdout=slave, stderr=slave,
                                        env=environment(PLANTARD_CONTROL=d.control), start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.seen = ""

    def expect(self, text, timeout=30):
        """Everything up to text, which is gone then."""
        end = time.monotonic() + timeout * SLOW
        while text not in self.seen:
            assert time.monotonic() < end, f"no {text!r} in {self.seen!r}"
            if select.select([self.master], [], [], 0.2)[0]:
                try:
                    self.seen += os.read(self.master, 4096).decode(errors="replace")
                except OSError:
                    raise AssertionError(f"ended without {text!r}: {self.seen!r}") from None
        before, self.seen = self.seen.split(text, 1)
        return before

    def say(self, text):
        os.write(self.master, text.encode())

    def end(self):
        code = self.process.wait(30 * SLOW)
        os.close(self.master)
        return code


def test_a_person_is_guided(tmp_path):
    to = tmp_path / "cal.conf"
    with weighing_mat(tmp_path) as (mat, d):
        p = Dialogue(d, "calibrate", "-o", to, "--seconds", 1, "--by", "K")
        p.expect("Take everything off the mat, then press Enter.")
        p.say("\n")
        p.expect("Empty mat:")
        p.expect("type its mass")
        mat.put(20, row=6, col=5)
        p.expect("at row 7.5, column 6.5]")  # the live reading
        p.say("20kg\n")
        p.expect("Load 1, 20 kg")
        p.expect("type its mass")
        p.say("heavy\n")
        p.expect("is no load")
        mat.put(10, row=0, col=5)
        p.expect("at the border")
        p.say("10\n")
        p.expect("move it inwards")
        mat.put(10, row=20, col=14)
        p.expect("at row 21.5, column 15.5]")
        p.say("10\n")
        p.expect("Load 2, 10 kg")
        p.expect("Another load or place")
        p.say("20\n")  # it is still the 10 kg
        p.expect("Load 3, 20 kg")
        p.say("\n")
        p.expect("The worst is load")
        p.say("drop 3\n")
        p.expect("Load 3 is out; 2 remain")
        p.say("\n")
        assert "linear" in p.expect("Residuals:")
        p.expect("Check with a person")
        mat.put(60, row=8, col=4, rows=16, cols=16)
        time.sleep(1)
        p.say("60\n")
        p.expect("within 5 %")
        p.expect("[Y/n]")
        assert not to.exists()
        p.say("\n")
        p.expect("To use it")
        assert p.end() == 0
    scale = float(re.search(r"^scale = (\S+);", to.read_text(), re.M).group(1))
    assert scale == pytest.approx(1 / 50, rel=0.005)
    with weighing_mat(tmp_path, calibration=str(to)) as (mat, d):
        status = d.mat()
        assert status["calibrated"] and not status["calibration_expired"] and status["calibration_by"] == "K"
        mat.put(33, row=3, col=3)
        wait_until(lambda: abs(d.ok("weigh", body_mass_kg=33, seconds=0.5)["ratio"] - 1) < 0.01, 20, "33 kg")
        path = shutil.copy(d.record(0.5), tmp_path / "kept.h5")
    with h5py.File(path) as f:
        cal = f["mat/calibration"]
        assert cal["text"][()].decode() == to.read_text()
        assert cal.attrs["id"] == status["calibration"] and cal.attrs["by"] == "K" and "expired" not in cal.attrs
        assert cal.attrs["loads"] == 2 and cal.attrs["reference_n"] == pytest.approx(20 * G, rel=1e-5)
    info = document("info", "--json", path)
    info = info["recordings"][0]["calibration"]
    assert info["method"] == "linear" and info["expired"] is False and info["residual_rms_pct"] < 1


def test_who_stops_leaves_nothing(tmp_path):
    with weighing_mat(tmp_path) as (mat, d):
        p = Dialogue(d, "calibrate", "-o", tmp_path / "cal.conf", "--seconds", 1)
        p.expect("press Enter.")
        p.say("\n")
        p.expect("type its mass")
        p.say("\x03")
        p.expect("nothing was saved")
        assert p.end() == 1
    assert not [f for f in os.listdir(tmp_path) if "cal" in f]


def test_scripts_need_no_person(tmp_path):
    with weighing_mat(tmp_path) as (mat, d):
        p = subprocess.Popen([PLANTAR, "calibrate", "-o", tmp_path / "cal.conf", "--yes", "--seconds", "1",
                              "--load", "20kg@7.5,6.5", "--load", "10kg@21.5,15.5", "--body", "60kg"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env=environment(PLANTARD_CONTROL=d.control))
        todo = [dict(mass_kg=20, row=6, col=5), {}, dict(mass_kg=10, row=20, col=14), {},
                dict(mass_kg=60, row=8, col=4, rows=16, cols=16)]
        for line in p.stdout:
            if line.startswith("Waiting for"):
                mat.put(**todo.pop(0))
            elif line.startswith("Saved"):
                break
        p.stdout.read()
        assert p.wait(30 * SLOW) == 0, p.stderr.read()
        assert not todo and "body_mass_kg = 60.0" in (tmp_path / "cal.conf").read_text()


# ---- when it ends ----


def test_expired_is_counts_and_said(tmp_path):
    old = tmp_path / "old.conf"
    old.write_text('id = "old-1"; unit = "kPa"; scale = 0.1; calibrated = "2019-01-01"; expires = "2020-01-01";\n')
    with Plantard([{"source": "sim:standing?hz=100", "mat": "pmp-64x64", "calibration": str(old)}]) as d:
        d.wait_frames(20)
        status = d.mat()
        assert (status["unit"], status["calibrated"], status["scale"]) == ("counts", False, 1)
        assert status["calibration_expired"] and status["calibration"] == "old-1+expired"
        assert status["calibration_expires"] == "2020-01-01"
        assert "expired on 2020-01-01: values are counts" in d.log()
        text = run("status", env=environment(PLANTARD_CONTROL=d.control)).stdout
        assert "ended on 2020-01-01" in text and "values are counts" in text
        watched = run("watch", "--plain", "--seconds", "1", env=environment(PLANTARD_CONTROL=d.control))
        assert "calibration old-1+expired of " in watched.stderr and "values are counts" in watched.stderr
        for refusal in (d.refused("weigh", body_mass_kg=70),
                        d.refused("protocol", protocol="quiet-stance", subject="P-1", body_mass_kg=70)):
            assert refusal["code"] == "state" and "expired on 2020-01-01" in refusal["message"]
        assert "old-1 expired on 2020-01-01: values are counts" in d.run("--check")[1]
        path = shutil.copy(d.record(1), tmp_path / "counts.h5")
    with h5py.File(path) as f:
        assert f["mat"].attrs["unit"] == "counts" and f["mat/calibration"].attrs["expired"] == 1
        assert f["mat/calibration"].attrs["expires"] == "2020-01-01"
        assert f["mat/calibration/text"][()].decode() == old.read_text()
        assert "force_counts" in f["metrics"] and "force_n" not in f["metrics"]
    analysis = document("analyze", "--json", path)["recording"]
    assert analysis["unit"] == "counts" and analysis["calibration_expired"] is True
    assert "calibration old-1+expired ended on 2020-01-01: values are counts" in run("analyze", path).stdout
    assert "ended on 2020-01-01" in run("info", path).stdout
    run("verify", path)


@pytest.mark.skipif(bool(SANITIZER), reason="a sanitizer wants to be preloaded first")
def test_one_that_ends_while_plantard_runs(tmp_path):
    """No new session is started with it; the one that runs is finished as it began."""
    cal, ahead = tmp_path / "soon.conf", tmp_path / "ahead"
    tomorrow = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(1)
    cal.write_text(f'id = "soon-1"; unit = "kPa"; scale = 0.1; expires = "{tomorrow}";\n')
    ahead.write_text("0")
    preload = {"LD_PRELOAD": os.path.join(os.environ["PLANTAR_BUILD"], "tests", "clock_ahead.so"),
               "CLOCK_AHEAD": str(ahead)}
    with Plantard([{"source": "sim:standing?hz=100", "mat": "pmp-64x64", "calibration": str(cal)}], env=preload) as d:
        d.wait_frames(20)
        assert not d.mat()["calibration_expired"] and f"expires on {tomorrow}" in d.log()
        events = d.subscribe("event/")
        session = d.ok("start")["session_uuid"]
        (tmp_path / "next").write_text(str(3 * 86400))
        os.rename(tmp_path / "next", ahead)
        assert str(tomorrow) in events.event("calibration-expired")["text"]
        status = d.mat()
        assert status["calibration_expired"] and status["calibrated"] and status["unit"] == "kPa"
        d.ok("stop")
        assert "restart plantard" in d.refused("start")["message"]
        path = d.record(0.5, session=session)
        with h5py.File(path) as f:
            assert f["mat"].attrs["unit"] == "kPa" and "expired" not in f["mat/calibration"].attrs


def test_what_a_calibration_says_of_itself_is_checked(tmp_path):
    for text, message in (('expires = "tomorrow";', "no day"), ('calibrated = "2026-02-29";', "no day"),
                          ('calibrated = "2026-02-02"; expires = "2026-02-01";', "before calibrated"),
                          ("loads = ((1, 2));", "is no load"), ("gain = [1.0, 2.0];", "has 2 entries"),
                          ('by = "' + "x" * 65 + '";', "at most 64")):
        wrong = conf(tmp_path / "wrong.conf", f'calibration = {{ unit = "kPa"; scale = 1.0; {text} }};')
        r = run("simulate", "--person", "empty", "--as", wrong, "--seconds", 1, "--capture", tmp_path / "x.plcap",
                code=78)
        assert message in r.stderr, r.stderr
