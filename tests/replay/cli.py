# SPDX-License-Identifier: Apache-2.0
"""What the tests of plantar's offline commands share: running it, reading its answers, making
captures."""
import csv
import io
import json
import os
import pathlib
import struct
import subprocess

import pytest

PLANTAR = os.path.join(os.environ["PLANTAR_BIN"], "plantar")
MAKE_JOURNAL = os.path.join(os.environ["PLANTAR_BUILD"], "tests", "make_journal")
SHARED = pathlib.Path(os.environ.get("PLANTAR_SHARED", "/nonexistent"))
EMED = SHARED / "data" / "emed" / "walk.lst"
LEFT = SHARED / "data" / "footpress" / "walk_L.asf"
RIGHT = SHARED / "data" / "footpress" / "walk_R.asf"
GOLDEN = SHARED / "golden" / "pressure.json"

shared = pytest.mark.skipif(not (EMED.exists() and GOLDEN.exists()),
                            reason="the recordings of PLANTAR_SHARED are not here")


def run(*args, code=0, **kw):
    r = subprocess.run([PLANTAR, *map(str, args)], capture_output=True, text=True, timeout=120, **kw)
    assert r.returncode == code, f"{args}: exit {r.returncode}\n{r.stdout}\n{r.stderr}"
    return r


def document(*args, code=0):
    """stdout is one JSON document and nothing else."""
    out = run(*args, code=code).stdout
    value, end = json.JSONDecoder().raw_decode(out)
    assert out[end:].strip() == ""
    return value


def rows(*args):
    return list(csv.DictReader(io.StringIO(run("export", "csv", *args).stdout)))


def big_mat(tmp_path):
    """A mat of 105 x 185 cells whose pressures no few decimals hold: a curve of thirds."""
    path = tmp_path / "big.conf"
    path.write_text('''title = "big"; rows = 105; cols = 185; pitch_mm = 5.08; rate_hz = 60.0;
protocol = "pmp"; cell = "u16";
calibration = { unit = "kPa"; curve = ((0, 0.0), (3000, 100.0), (65535, 2000.0)); };
''')
    return path


def person(tmp_path, mat="pmp-64x64", kind="walking", seconds=3, extra=()):
    to = tmp_path / f"{kind}-{pathlib.Path(mat).stem}.plcap"
    to.unlink(missing_ok=True)  # a recording is not overwritten
    run("simulate", "--person", kind, "--as", mat, "--seconds", seconds, "--capture", to, *extra)
    return to


def capture_bytes(path):
    data = path.read_bytes()
    at = data.index(b"\n.\n\n") + 4
    times, chunks = [], []
    while at < len(data):
        t, n = struct.unpack_from("<QI", data, at)
        times.append(t)
        chunks.append(data[at + 12:at + 12 + n])
        at += 12 + n
    return times, chunks
