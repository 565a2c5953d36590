# SPDX-License-Identifier: Apache-2.0
"""What the documents tell people to type, run and rely on is true: links lead somewhere, commands and
options exist, examples are valid, code runs as it stands there."""
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from plantar_harness import BIN, SLOW, Plantard, environment, pmp_frame  # noqa: E402

from cli import EMED, shared  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("PLANTAR_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
PLANTAR = os.path.join(BIN, "plantar")
DOCUMENTS = sorted([SOURCE / "README.md", SOURCE / "CONTRIBUTING.md", *(SOURCE / "docs").glob("*.md")])
SIM = {"name": "left", "mat": "pmp-64x64", "source": "sim:standing?hz=100"}


def text_of(name):
    return (SOURCE / name).read_text()


def plantar(*args):
    return subprocess.run([PLANTAR, *map(str, args)], env=environment(), check=True,
                          capture_output=True, text=True, timeout=60 * SLOW).stdout


def check_conf(path):
    run = subprocess.run([os.path.join(BIN, "plantard"), "--check", "--config", path],
                         env=environment(), capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_links_lead_somewhere(path):
    links = re.findall(r"\]\(([^)#]+)\)", path.read_text())
    missing = [l for l in links if not re.match(r"[a-z]+:", l) and not (path.parent / l).exists()]
    assert missing == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_files_that_are_named_exist(path):
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.S)
    named = re.findall(r"`((?:daemon|drivers|lib|tools|tests|config|docs|include)/[\w./-]+\.(?:c|h|md|py|conf))`",
                       text)
    assert [n for n in named if "NAME" not in n and not (SOURCE / n).exists()] == []


def commands_in(text):
    """Every `plantar COMMAND ...` in code, as words."""
    spans = re.findall(r"`(plantar [^`]+)`", text)
    spans += re.findall(r"^(?: {3,}|)(plantar [a-z].*?)(?:  +#.*)?$", text, re.M)
    for span in spans:
        yield shlex.split(span.replace("\n", " "), comments=True)[1:]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_commands_and_options_exist(path):
    known = re.findall(r"^  ([a-z]+) +\S", plantar("help"), re.M)
    for command, *rest in commands_in(path.read_text()):
        if command in ("COMMAND", "help", "version"):
            continue
        assert command in known, f"plantar {command}"
        options = re.findall(r"--[a-z-]+|(?<= )-\w(?=,)", plantar("help", command))
        for word in rest:
            assert not word.startswith("-") or word in options, f"plantar {command} {word}"


def test_commands_are_found():
    assert [c for c, *_ in commands_in(text_of("README.md"))].count("analyze") >= 1
    assert len(list(commands_in(text_of("README.md")))) >= 8


def test_readme_configuration_is_valid(tmp_path):
    found = re.search(r"```\n( *mats = .*?)```", text_of("README.md"), re.S).group(1)
    conf = tmp_path / "plantard.conf"
    conf.write_text(found)
    check_conf(conf)


def test_example_mats_are_valid(tmp_path):
    part = text_of("docs/mats.md").split("### Two examples")[1].split("\n## ")[0]
    examples = re.findall(r"```\n(.*?)```", part, re.S)
    page = re.search(r"```\n(rows.*?)```", text_of("docs/man/plantar-mat.5.scd"), re.S).group(1)
    first = re.search(r"```\n(title.*?)```", text_of("docs/mats.md"), re.S).group(1)
    assert len(examples) == 2
    whole = first + 'frame = { head = "AA"; };\n'
    usb = re.search(r"```\n(usb = .*?)```", text_of("docs/mats.md"), re.S).group(1)
    for i, example in enumerate([*examples, page, whole, whole + usb]):
        (tmp_path / f"m{i}.conf").write_text(example)
        conf = tmp_path / "plantard.conf"
        conf.write_text(f'mats = ({{ source = "sim:empty"; mat = "{tmp_path}/m{i}.conf"; }});')
        check_conf(conf)


def test_the_walkway_is_valid(tmp_path):
    found = re.search(r"```\n(mats = .*?)```", text_of("docs/mats.md").split("## A walkway")[1], re.S).group(1)
    conf = tmp_path / "plantard.conf"
    conf.write_text(found.replace("/etc/plantard/mats/jq-walkway-64x64.conf", "jq-64x64"))
    check_conf(conf)


def test_manual_configurations_are_valid(tmp_path):
    page = text_of("docs/man/plantard.conf.5.scd")
    smallest, two, pads = re.findall(r"```\n(.*?)```", page, re.S)
    for text in smallest, pads:
        (tmp_path / "a.conf").write_text(text)
        check_conf(tmp_path / "a.conf")
    (tmp_path / "mats").mkdir()
    (tmp_path / "mats/insole.conf").write_text(text_of("config/mats/pmp-fscan.conf"))
    for name in ("insole-L17.conf", "insole-R22.conf"):
        (tmp_path / name).write_text('unit = "kPa"; scale = 0.05;')
    (tmp_path / "b.conf").write_text(two)
    run = subprocess.run([os.path.join(BIN, "plantard"), "--check", "--config", tmp_path / "b.conf"],
                         env=environment(HOME=tmp_path), capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "mat left: " in run.stdout and "mat right: " in run.stdout


def test_example_packet_of_pmp():
    part = text_of("docs/mats.md").split("Example: seq 5")[1]
    wire = bytes.fromhex(re.search(r"wire +([0-9A-F ]+)", part).group(1))
    cells = b"".join(v.to_bytes(2, "little") for v in (0, 300, 0, 7))
    assert pmp_frame(5, cells, t_us=1000) == wire


def test_reader_of_captures(tmp_path):
    plantar("simulate", "--person", "standing", "--as", "jq-64x64", "--seconds", "1",
            "--capture", tmp_path / "my-mat.plcap")
    code = re.search(r"```python\n(.*?)```", text_of("docs/mats.md"), re.S).group(1)
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True,
                         text=True)
    records = [line.split(" ", 1) for line in run.stdout.splitlines()]
    times = [int(t) for t, _ in records]
    assert times == sorted(times) and times[-1] > 0.9e9
    stream = bytes.fromhex("".join(b for _, b in records))
    assert stream.count(bytes.fromhex("AA550399")) >= 24


def test_five_lines_of_wire():
    part = text_of("docs/wire.md").split("## Five lines")[1].split("\n## ")[0]
    lines = re.findall(r"^    (.*)$", part, re.M)
    assert len(lines) == 5
    with Plantard([SIM]) as d:
        code = "\n".join(lines).replace("tcp://127.0.0.1:5571", d.data)
        assert d.data in code
        process = subprocess.Popen([sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, text=True)
        try:
            forces = [float(process.stdout.readline()) for _ in range(5)]
        finally:
            process.kill()
            process.wait()
        assert all(600 < force < 780 for force in forces)


def keys_of(document):
    for key, value in document.items():
        yield key
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from keys_of(inner)


def test_every_key_that_is_published_is_described():
    described = set(re.findall(r"[A-Za-z_0-9]+", text_of("docs/wire.md")))
    with Plantard([SIM]) as d:
        sub = d.subscribe("")
        d.ok("start", subject="P-1")
        d.ok("mark", text="x")
        seen = set()
        for topic in ("frame/left", "metrics/left", "view/left", "event/left", "status"):
            header = sub.until(lambda t, h: t == topic, what=topic)[1]
            header.pop("metrics", None)
            seen |= set(keys_of(header))
        seen |= set(keys_of(d.status()))
        d.ok("stop")
    assert {"epoch", "seq", "dtype", "rate_measured_hz", "gap_frames"} <= seen
    assert sorted(seen - described) == []


def test_every_kind_of_event_is_described():
    described = set(re.findall(r"`([a-z-]+)`", text_of("docs/wire.md")))
    kinds = set()
    for source in (SOURCE / "daemon").glob("*.c"):
        kinds |= set(re.findall(r'\bPL_(?:ERR|WARNING|NOTICE|INFO|DEBUG),\s*"([a-z]+(?:-[a-z]+)*)"\s*,',
                                source.read_text()))
    assert {"connected", "gone", "stalled", "mark", "disk-reserve"} <= kinds
    assert sorted(kinds - described) == []


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))


def test_every_annotation_is_in_the_archives_page():
    """The table of keys in docs/archive.md is what `plantar annotate --keys` says."""
    listed = re.findall(r"^\| `(\w+)` \| (subject|trial) \| (.*?) \| (.*?) \|$", text_of("docs/archive.md"), re.M)
    known = re.findall(r"^(\w+) +(subject|trial) +(.*?): (.*)$", plantar("annotate", "--keys"), re.M)
    assert len(known) > 30 and listed == known


def keys_of(value):
    """Every key of a document, at any depth."""
    if isinstance(value, dict):
        return set(value) | set().union(*map(keys_of, value.values()))
    return set().union(*map(keys_of, value)) if isinstance(value, list) else set()


def names_of(key):
    """What the document may call it: of the right foot what is said of the left, an SD beside its mean,
    counts in place of units, body weights beside newtons."""
    key = re.sub("_sd_pct$", "_pct", re.sub("^right_(?!pct)", "left_", key))
    for end, units in (("_counts_per_s", ["_n_s"]), ("_bw_per_s", ["_n_s"]), ("_bw_s", ["_ns"]),
                       ("_counts_s", ["_ns", "_kpa_s"]), ("_bw", ["_n"]), ("_counts", ["_n", "_kpa"])):
        if key.endswith(end):
            return [key] + [key.removesuffix(end) + unit for unit in units]
    return [key]


CALIBRATION = re.compile("^calibration = {.*?^};", re.M | re.S)


@pytest.mark.parametrize("kind, seconds, calibrated", [
    ("standing", 20, True), ("shift", 20, True), ("walking", 12, True), ("running", 125, True),
    ("standing", 8, False), ("walking", 8, False)])
def test_every_key_of_an_analysis_is_documented(tmp_path, kind, seconds, calibrated):
    conf = text_of("config/mats/pmp-64x64.conf").replace("rate_hz = 500", "rate_hz = 100")
    (tmp_path / "mat.conf").write_text(conf if calibrated else CALIBRATION.sub("", conf))
    plantar("simulate", "--person", kind, "--as", tmp_path / "mat.conf", "--seconds", seconds, "--capture",
            tmp_path / "it.plcap")
    mass = ["--body-mass", 70] if calibrated else []
    check_keys(json.loads(plantar("analyze", "--json", *mass, tmp_path / "it.plcap")))


@shared
def test_every_key_of_an_emed_step_is_documented():
    check_keys(json.loads(plantar("analyze", "--json", EMED)))


def check_keys(document):
    words = set(re.findall(r"\w+", " ".join(re.findall("`([^`]+)`", text_of("docs/metrics.md")))))
    origin = {"platform_rows", "platform_cols", "first_row", "first_col", "date", "source_file"}  # of a head
    assert [k for k in sorted(keys_of(document) - origin) if not words & set(names_of(k))] == []


def test_limits_are_those_of_the_code():
    """docs/metrics.md, Limits, against the table in lib/signal/limits.c; every figure of a step is in both
    but the one that says how saturated it was."""
    code = {}
    for base, *numbers in re.findall(r'\{"(\w+)", ' + ", ".join([r"([\d.]+)"] * 6) + r"\}",
                                     text_of("lib/signal/limits.c")):
        r0, r1, p0, p1, s0, s1 = map(float, numbers)
        code[base] = [(r0, r1) if r0 else (), (p0 * 1e3, p1 * 1e3) if p0 else (),
                      (s0, s1) if (s0, s1) != (100, 100) else ()]
    section = text_of("docs/metrics.md").split("### Limits")[1].split("\n## ")[0]
    told = {}
    for base, *cells in re.findall(r"^\| `(\w+)` \|([^|]*)\|([^|]*)\|([^|]*)\|$", section, re.M):
        told[base] = [tuple(map(float, c.split(","))) if c.strip() else () for c in cells]
    assert told.keys() == code.keys() and len(code) > 20
    for base in code:
        for ours, theirs in zip(told[base], code[base]):
            assert ours == pytest.approx(theirs), base
    figures = re.findall(r'FIGURE\(\w+, "(\w+)"', text_of("lib/signal/gait.c"))
    assert set(figures) - set(code) == {"saturated_pct"}


def test_every_figure_of_a_step_is_defined():
    figures = re.findall(r'FIGURE\(\w+, "(\w+)"', text_of("lib/signal/gait.c"))
    text = text_of("docs/metrics.md").split("## Steps")[1].split("\n## ")[0]
    assert [f for f in figures if not re.search(rf"`{f}(_n|_ns|_n_s)?`", text)] == []
