# SPDX-License-Identifier: Apache-2.0
"""What we say to people: no word that draws a medical conclusion, in any binary, help, page,
configuration or document; a licence in every file; no path of the machine it was written on. And what is
shipped as a configuration is valid."""
import grp
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from plantar_harness import SANITIZER  # noqa: E402

BIN = pathlib.Path(os.environ["PLANTAR_BIN"])
BUILD = pathlib.Path(os.environ["PLANTAR_BUILD"])
SOURCE = pathlib.Path(os.environ["PLANTAR_SOURCE"])
WORDS = re.compile(rb"diagnos|abnormal|(?<![a-z])risk|patholog", re.I)
# Texts of others, data of tests, and formats without comments.
NO_LICENCE_LINE = re.compile(r"LICENSE$|CMakePresets\.json$|tests/fuzz/corpus/|\.umockdev$|\.png$|tools/web/page/vendor/")


def tracked():
    if not shutil.which("git") or not (SOURCE / ".git").exists():
        pytest.skip("not a git tree")
    names = subprocess.run(["git", "-c", f"safe.directory={SOURCE}", "ls-files", "-z"], cwd=SOURCE,
                           check=True, capture_output=True).stdout.split(b"\0")
    paths = [SOURCE / os.fsdecode(name) for name in names if name]
    assert len(paths) > 100
    return [path for path in paths if path.is_file()]


def name_of(path):
    return str(path.relative_to(SOURCE))


def run(*command):
    return subprocess.run(command, check=True, capture_output=True).stdout


def found_in(text):
    return [match.group().decode() for match in WORDS.finditer(text)]


def test_the_words_would_be_found():
    assert found_in(b"a Diagnosis of pathology; at risk") == ["Diagnos", "patholog", "risk"]
    assert not found_in(b"an asterisk and a brisk walk")


def strings(path, folder):
    """What strings(1) would show, and a little more; without names that only a debugger sees."""
    shown = folder / path.name
    subprocess.run(["objcopy", "--strip-debug", path, shown], check=True)
    return re.findall(rb"[\x20-\x7e\x80-\xff\t\n]{4,}", shown.read_bytes())


@pytest.mark.parametrize("program", sorted(p.name for p in BIN.iterdir() if os.access(p, os.X_OK) and p.is_file()))
def test_programs_draw_no_conclusions(program, tmp_path):
    if SANITIZER:
        pytest.skip("the sanitizer's own texts are in the program")
    texts = strings(BIN / program, tmp_path)
    assert len(texts) > 500
    said = [t for t in texts if found_in(t)]
    assert not said


def test_there_are_programs():
    assert {"plantard", "plantar"} <= {p.name for p in BIN.iterdir()}


def test_help_draws_no_conclusions():
    front = run(BIN / "plantar", "help")
    commands = re.findall(rb"^  ([a-z]+) +\S", front, re.M)
    assert len(commands) >= 15
    for text in [front, run(BIN / "plantard", "--help"),
                 *(run(BIN / "plantar", "help", c.decode()) for c in commands)]:
        assert not found_in(text)


def test_manual_pages_as_they_are_read():
    """As built: a word that formatting cuts in two in the source is whole there."""
    pages = [p for p in (BUILD / "docs/man").rglob("*") if p.is_file()]
    if not pages:
        pytest.skip("no manual pages were built (scdoc)")
    assert len(pages) == len(list((SOURCE / "docs/man").glob("*.scd")))
    plain = {p.name: re.sub(rb"\\[-&]|\\f.", b"", p.read_bytes()) for p in pages}
    assert {name: found_in(text) for name, text in plain.items() if found_in(text)} == {}


def test_no_file_of_ours_draws_conclusions():
    """Sources, configurations, protocols, documents, scripts: whatever is in the tree, but for the
    tests, which name the words, and the text of the licence. What comes to it is covered by itself."""
    paths = [p for p in tracked() if not name_of(p).startswith("tests/") and name_of(p) != "LICENSE"]
    assert len(paths) > 200 and SOURCE / "README.md" in paths
    assert {name_of(p): found_in(p.read_bytes()) for p in paths if found_in(p.read_bytes())} == {}


def test_every_file_names_its_licence():
    without = [name_of(path) for path in tracked()
               if not NO_LICENCE_LINE.search(name_of(path)) and
               b"SPDX-License-Identifier: Apache-2.0" not in path.read_bytes()[:400]]
    assert without == []


def test_no_path_of_a_machine():
    own = re.compile(rb"/home/|/root/|/" + rb"work/")
    with_paths = [name_of(path) for path in tracked()
                  if not name_of(path).startswith("tests/") and own.search(path.read_bytes())]
    assert with_paths == []


def test_the_shipped_configuration_is_valid():
    checked = subprocess.run([BIN / "plantard", "--check", "--config", SOURCE / "config/plantard.conf"],
                             capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert "is valid" in checked.stdout


def uncommented(text):
    """The shipped configuration with every setting that it shows as a comment switched on."""
    return re.sub(r"^(\s*)# ((?:\w+ = .*;))$", r"\1\2", text, flags=re.M)


def test_every_setting_it_shows_is_valid(tmp_path):
    text = uncommented((SOURCE / "config/plantard.conf").read_text())
    for key in ("name", "facing", "side", "region", "filter_hz", "endpoints", "view_hz", "hwm_s",
                "endpoint", "folder", "reserve_mb", "keys", "loopback", "view_group", "requests_per_s",
                "look_s"):
        assert re.search(rf"^\s*{key} = ", text, re.M), key
    mat = tmp_path / "pmp-64x64-serial-0042.conf"
    mat.write_text('unit = "kPa"; scale = 0.05;\n')
    subprocess.run([BIN / "plantar", "keygen", "--server", "--out", tmp_path / "keys"], check=True)
    if "plantard-view" not in {g.gr_name for g in grp.getgrall()}:
        text = text.replace('view_group = "plantard-view"', 'view_group = ""')
    conf = tmp_path / "plantard.conf"
    conf.write_text(text)
    checked = subprocess.run([BIN / "plantard", "--check", "--config", conf], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert "mat left-lab: " in checked.stdout


@pytest.mark.parametrize("path", sorted((SOURCE / "config/mats").glob("*.conf")), ids=lambda p: p.stem)
def test_every_shipped_mat_is_valid_and_can_be_seen(path, tmp_path):
    conf = tmp_path / "plantard.conf"
    conf.write_text(f'mats = ({{ source = "sim:standing"; mat = "{path}"; }});\n')
    checked = subprocess.run([BIN / "plantard", "--check", "--config", conf], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    title = re.search(r'^title = "(.*)";', path.read_text(), re.M).group(1)
    assert f"mat {path.stem}: {title}, sim:standing" in checked.stdout
