# SPDX-License-Identifier: Apache-2.0
"""What `cmake --install` puts into place is enough for somebody else's program."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

BUILD = pathlib.Path(os.environ["PLANTAR_BUILD"])
SOURCE = pathlib.Path(os.environ["PLANTAR_SOURCE"])
SHARED = pathlib.Path(os.environ["PLANTAR_SHARED"])
HERE = pathlib.Path(__file__).parent


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    root = tmp_path_factory.mktemp("prefix")
    said = subprocess.run(["cmake", "--install", BUILD, "--prefix", root], check=True,
                          capture_output=True, text=True).stdout
    places = re.findall(r"^-- (?:Installing|Up-to-date): (.*)$", said, re.M)
    assert len(places) > 20
    assert [place for place in places if not place.startswith(f"{root}/")] == []  # nor in /etc
    return root


def pkg_config(prefix, *arguments):
    # The .pc files carry the configured prefix; a package manager's --define-prefix moves them.
    path = next(prefix.rglob("pkgconfig"))
    run = subprocess.run(["pkg-config", f"--define-variable=prefix={prefix}", *arguments],
                         env={**os.environ, "PKG_CONFIG_PATH": str(path)}, check=True,
                         capture_output=True, text=True)
    return run.stdout.split()


def compile_against(prefix, tmp_path, source, *packages):
    sanitize = subprocess.run(["grep", "-E", "^(PLANTAR_SANITIZE|CMAKE_C_COMPILER):", BUILD / "CMakeCache.txt"],
                              capture_output=True, text=True).stdout
    compiler = next(line.split("=", 1)[1] for line in sanitize.splitlines()
                    if line.startswith("CMAKE_C_COMPILER"))
    extra = []
    if "PLANTAR_SANITIZE:STRING=address" in sanitize:
        extra = ["-fsanitize=address,undefined"]
    elif "PLANTAR_SANITIZE:STRING=thread" in sanitize:
        extra = ["-fsanitize=thread"]
    program = tmp_path / "consumer"
    subprocess.run([compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", *extra,
                    "-o", program, source,
                    *pkg_config(prefix, "--cflags", "--libs", "--static", *packages)], check=True)
    return program


def test_programs_man_pages_and_configuration_are_installed(prefix):
    names = {path.name for path in prefix.rglob("*") if path.is_file()}
    assert {"plantard", "plantar", "plantar.pc", "plantar-archive.pc", "pmp.h", "pmp-64x64.conf",
            "jq-64x64.conf", "flexitac-16x32.conf", "plantard.service",
            "60-plantard.rules"} <= names
    assert (prefix / "share/plantard/plantard.conf").exists()  # the example, to be copied to /etc
    unit = next(prefix.rglob("plantard.service")).read_text()
    assert "--config /etc/plantard/plantard.conf" in unit
    if (BUILD / "bin/plantar-web").exists():  # libwebsockets was there
        assert {"plantar-web", "plantard-web.service"} <= names
        assert (prefix / "share/plantard/web/index.html").exists()
    if shutil.which("scdoc"):
        assert {"plantard.8", "plantard.conf.5", "plantar-mat.5", "plantar.1", "plantar-watch.1"} <= names


def test_the_installed_example_is_valid(prefix):
    checked = subprocess.run([prefix / "bin/plantard", "--check", "--config",
                              prefix / "share/plantard/plantard.conf"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert (prefix / "include/plantar/frame.h").exists()


def test_a_second_c_program_builds_and_reads_a_recording(prefix, tmp_path):
    recording = SHARED / "data/emed/walk.lst"
    if not recording.exists():
        pytest.skip(f"{recording} is not here")
    program = compile_against(prefix, tmp_path, HERE / "consumer.c", "plantar-archive")
    run = subprocess.run([program, recording], check=True, capture_output=True, text=True)
    golden = json.loads((SHARED / "golden/pressure.json").read_text())["emed/walk.lst"]
    said = json.loads(run.stdout)
    assert said["frames"] == golden["frames"]
    assert said["force_peak_n"] == pytest.approx(golden["force_peak_N"], rel=1e-6)


def test_the_firmware_header_stands_alone(prefix, tmp_path):
    source = tmp_path / "firmware.c"
    source.write_text("#include <plantar/pmp.h>\nint main(void) { return 0; }\n")
    subprocess.run(["gcc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-ffreestanding",
                    "-c", "-o", tmp_path / "firmware.o", source,
                    *pkg_config(prefix, "--cflags", "plantar")], check=True)
