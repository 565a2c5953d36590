# SPDX-License-Identifier: Apache-2.0
"""Our files in the programs that others use: sessions (.h5) in R (hdf5r) and Octave, exported emed
pages in R. The scripts in strangers/ know the formats only; what is not installed here is skipped.

PLANTAR_PRESSURE_R may name the source file of the R package pressuRe, which Debian does not have:
its load_emed then reads our pages, too."""
import os
import pathlib
import shutil
import subprocess

import h5py
import pytest

from cli import EMED, MAKE_JOURNAL, big_mat, document, person, rows, run, shared

HERE = pathlib.Path(__file__).resolve().parent / "strangers"
BUILD = pathlib.Path(os.environ["PLANTAR_BUILD"])
FRAMES = 200


def program(name):
    return pytest.mark.skipif(not shutil.which(name), reason=f"{name} is not installed")


def output(*command):
    env = {**os.environ, "LC_ALL": "C.UTF-8"}
    r = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=240, env=env)
    assert r.returncode == 0, f"{command}\n{r.stdout}\n{r.stderr}"
    return r.stdout.splitlines()


def table(lines):
    return [[float(v) for v in line.split()] for line in lines]


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """A session with a table of offsets, one of gains and cells that do not work."""
    root = tmp_path_factory.mktemp("session")
    made = subprocess.run([BUILD / "tests" / "make_session", root, str(FRAMES), "24", "18"], check=True,
                          capture_output=True, text=True)
    return pathlib.Path(made.stdout.strip())


def forces_agree(lines, trial):
    with h5py.File(trial) as f:
        recorded = f["metrics/force_n"][()]
    assert len(recorded) >= FRAMES and max(recorded) > 100
    for (computed, read), truth in zip(table(lines), recorded, strict=True):
        assert read == truth and computed == pytest.approx(truth, rel=1e-6, abs=1e-6)


@program("Rscript")
def test_a_session_in_r(trial):
    if subprocess.run(["Rscript", "-e", "library(hdf5r)"], capture_output=True).returncode != 0:
        pytest.skip("the R package hdf5r is not installed")
    head, *lines = output("Rscript", HERE / "read_h5.R", trial)
    assert head.split() == ["plantar-session/1", "P-0042", "mark"]
    forces_agree(lines, trial)


@program("octave-cli")
def test_a_session_in_octave(tmp_path):
    """Everything at once, by load alone."""
    capture, folder = person(tmp_path, seconds=1), tmp_path / "session"
    folder.mkdir()
    subprocess.run([MAKE_JOURNAL, capture, folder / "trial-001.journal"], check=True)
    run("recover", folder)
    trial = folder / "trial-001.h5"
    with h5py.File(trial) as f:
        cal, mat = f["mat/calibration"].attrs, f["mat"].attrs
        facts = (cal["scale"], cal["noise_floor"], mat["pitch_row_m"] * mat["pitch_col_m"])
    head, *lines = output("octave-cli", HERE / "read_h5.m", trial, *facts)
    assert head == '# a mat of a test {"recording":'
    forces_agree(lines, trial)


@program("octave-cli")
def test_the_groups_of_a_session_in_octave(trial):
    """Octave does not read a text beyond ASCII (the configuration of this mat): by name it reads the rest."""
    lines = output("octave-cli", "--eval", f"s = load('-hdf5', '{trial}', 'frames', 'metrics');"
                   "printf('%.17g %.17g\\n', [squeeze(sum(sum(double(s.frames.raw), 1), 2))';"
                   "double(s.metrics.force_n(:))'])")
    with h5py.File(trial) as f:
        assert not f["mat/config_text"][()].isascii()
        truth = zip(f["frames/raw"][()].sum(axis=(1, 2), dtype=float), f["metrics/force_n"][()], strict=True)
        assert table(lines) == [list(row) for row in truth]


@program("octave-cli")
def test_the_samples_of_a_table_in_octave(tmp_path):
    (tmp_path / "plate.txt").write_text("F;x\n700;1\n;2\n710;-3\n")
    made = document("import", tmp_path / "plate.txt", "--columns", "left.force=F,left.ml=x", "--unit-length", "cm",
                    "--rate", "50", "--json", "--out", tmp_path)
    lines = output("octave-cli", "--eval", f"s = load('-hdf5', '{made['trials'][0]['path']}', 'samples', 'metrics');"
                   "printf('%g %g %g\\n', [s.samples.left_force(:), s.samples.left_ml(:), s.metrics.left_cop_x_mm(:)]')")
    assert lines == ["700 10 10", "NaN 20 20", "710 -30 -30"]


def exported(tmp_path, recording):
    out = tmp_path / "session.lst"
    run("export", "lst", recording, "-o", out)
    return out, document("analyze", recording, "--json")


@program("Rscript")
@pytest.mark.parametrize("mat", ["pmp-emed", "pmp-64x64", "pmp-fscan", "big"])
def test_pages_in_r(tmp_path, mat):
    mat = big_mat(tmp_path) if mat == "big" else mat
    capture = person(tmp_path, mat=mat, seconds=2)
    out, truth = exported(tmp_path, capture)
    (interval, *_), *frames = table(output("Rscript", HERE / "read_lst.R", out))
    assert interval == pytest.approx(1 / truth["recording"]["rate_hz"], rel=1e-5)
    for (peak, force, printed), row in zip(frames, rows(capture), strict=True):
        assert peak == pytest.approx(float(row["pressure_peak_kpa"]), rel=1e-6)
        assert force == pytest.approx(float(row["force_n"]), rel=1e-6, abs=1e-4)
        assert printed == pytest.approx(force, abs=1e-4)


def pressure_agrees(tmp_path, recording):
    out, truth = exported(tmp_path, recording)
    interval, frames, peak, force, area = table(output("Rscript", HERE / "pressure.R",
                                                       os.environ["PLANTAR_PRESSURE_R"], out)[-1:])[0]
    assert frames == truth["recording"]["frames"]
    assert interval == pytest.approx(1 / truth["recording"]["rate_hz"], rel=1e-5)
    assert peak == pytest.approx(truth["total"]["pressure_peak_kpa"], abs=1e-6)
    assert force == pytest.approx(truth["total"]["force_peak_n"], rel=1e-6)
    assert area == pytest.approx(truth["total"]["contact_area_footprint_cm2"], rel=1e-6)


pressure = pytest.mark.skipif("PLANTAR_PRESSURE_R" not in os.environ,
                              reason="PLANTAR_PRESSURE_R names no source of pressuRe")


@program("Rscript")
@pressure
@shared
def test_pressure_reads_a_known_recording(tmp_path):
    pressure_agrees(tmp_path, EMED)


@program("Rscript")
@pressure
@pytest.mark.parametrize("mat", ["pmp-emed", "pmp-64x64", "big"])
def test_pressure_reads_ours(tmp_path, mat):
    mat = big_mat(tmp_path) if mat == "big" else mat
    pressure_agrees(tmp_path, person(tmp_path, mat=mat, seconds=2))
