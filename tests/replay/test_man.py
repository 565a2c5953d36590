# SPDX-License-Identifier: Apache-2.0
"""The manual and the program tell the same story: every command has a page, every option of its
help occurs in it, and no page describes an option that is not there."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

PLANTAR = os.path.join(os.environ["PLANTAR_BIN"], "plantar")
PLANTARD = os.path.join(os.environ["PLANTAR_BIN"], "plantard")
SOURCE = pathlib.Path(os.environ["PLANTAR_SOURCE"])
MAN = SOURCE / "docs" / "man"
IN_PLANTAR_1 = {"help", "version"}  # described on the front page


def output(*args):
    return subprocess.run([PLANTAR, *args], check=True, capture_output=True, text=True).stdout


def commands():
    return re.findall(r"^  ([a-z]+) +\S", output("help"), re.M)


def page(command):
    name = "plantar.1.scd" if command in IN_PLANTAR_1 else f"plantar-{command}.1.scd"
    return (MAN / name).read_text()


def test_there_are_commands():
    assert {"list", "start", "watch", "info", "analyze", "export", "verify", "recover", "simulate",
            "replay", "capture", "help", "version"} <= set(commands())


@pytest.mark.parametrize("command", commands())
def test_every_option_is_in_the_page(command):
    text = page(command)
    options = re.findall(r"^ +(?:-(\w), )?--([a-z-]+)", output("help", command).split("options:")[1], re.M)
    assert ("h", "help") in options
    for short, name in options:
        if name == "help":
            continue
        assert f"*--{name}*" in text, f"plantar {command} --{name} is not in the manual"
        if short:
            assert f"*-{short}*" in text, f"plantar {command} -{short} is not in the manual"


@pytest.mark.parametrize("command", sorted(set(commands()) - IN_PLANTAR_1))
def test_no_page_invents_options(command):
    known = set(re.findall(r"--([a-z-]+)", output("help", command)))
    options = page(command).split("# OPTIONS")[1].split("# E")[0]
    described = set(re.findall(r"^(?:\*-\w\*, )?\*--([a-z-]+)\*", options, re.M))
    assert described <= known


@pytest.mark.parametrize("command", commands())
def test_front_page_names_every_command(command):
    assert f"*{command}*" in (MAN / "plantar.1.scd").read_text()


def keys(*sources):
    """Every key that a strict reader accepts: the NULL-terminated tables `...keys[]` of its source."""
    found = set()
    for source in sources:
        text = (SOURCE / source).read_text()
        for table in re.findall(r"\b\w*keys\[\] = \{(.*?)\}", text, re.S):
            found |= set(re.findall(r'"([a-z_]+)"', table))
    return found


CONF_KEYS = keys("daemon/config.c", "daemon/config_mats.c", "daemon/config_sources.c")
MAT_KEYS = keys("drivers/mat/mat.c", "drivers/mat/mat_frame.c", "drivers/mat/mat_calibration.c",
                "drivers/mat/mat_usb.c", "drivers/mat/mat_device.c")


PROTOCOL_KEYS = keys("daemon/protocol_conf.c")


def described(name):
    """The terms that a page sets in bold."""
    return set(re.findall(r"\*([a-z_]+)\*", (MAN / name).read_text()))


def test_the_tables_of_keys_were_found():
    assert {"mats", "source", "endpoints", "reserve_mb", "log"} <= CONF_KEYS
    assert {"steps", "strikes_per_foot", "stop_rise", "after_s"} <= PROTOCOL_KEYS
    assert {"rows", "baud", "head", "offset", "poll", "curve",
            "force_min"} <= MAT_KEYS


@pytest.mark.parametrize("key", sorted(CONF_KEYS))
def test_every_key_of_the_configuration_is_in_its_page(key):
    assert key in described("plantard.conf.5.scd")
    assert re.search(rf"\b{key}\b", (SOURCE / "config/plantard.conf").read_text()), \
        f"config/plantard.conf does not show {key}"


@pytest.mark.parametrize("key", sorted(MAT_KEYS))
def test_every_key_of_a_mat_is_in_its_page(key):
    assert key in described("plantar-mat.5.scd")
    assert f"`{key}`" in (SOURCE / "docs/mats.md").read_text() or \
        re.search(rf"\b{key} = ", (SOURCE / "docs/mats.md").read_text())


@pytest.mark.parametrize("key", sorted(PROTOCOL_KEYS))
def test_every_key_of_a_protocol_is_in_its_page(key):
    assert key in described("plantar-protocol.5.scd")


@pytest.mark.parametrize("page_name, known", [("plantard.conf.5.scd", CONF_KEYS),
                                              ("plantar-protocol.5.scd", PROTOCOL_KEYS),
                                              ("plantar-mat.5.scd", MAT_KEYS)])
def test_no_page_invents_keys(page_name, known):
    terms = re.findall(r"^(\*[a-z_]+\*(?:, \*[a-z_]+\*)*)$", (MAN / page_name).read_text(), re.M)
    invented = {name for line in terms for name in re.findall(r"\*([a-z_]+)\*", line)} - known
    assert not invented


def test_the_daemons_options_are_in_its_page():
    text = subprocess.run([PLANTARD, "--help"], check=True, capture_output=True, text=True).stdout
    options = set(re.findall(r"--([a-z-]+)", text))
    assert {"config", "check", "version", "help"} == options
    for name in options:
        assert f"*--{name}*" in (MAN / "plantard.8.scd").read_text()


def test_every_variable_of_the_environment_is_described():
    names = set()
    for folder in ("daemon", "drivers/mat", "tools"):
        for source in (SOURCE / folder).glob("*.c"):
            names |= set(re.findall(r'\b(?:get)?env\("([A-Z_]+)"\)', source.read_text()))
    assert {"PLANTARD_RUNTIME_DIR", "PLANTAR_MATS", "PLANTARD_CONTROL"} <= names
    text = (MAN / "plantard.8.scd").read_text() + (MAN / "plantar.1.scd").read_text()
    internal = {"WATCHDOG_PID", "PLANTARD_CONVERT_ALONE", "PLANTARD_LOOK"}  # between programs, not for people
    missing = {name for name in names - internal if name not in text}
    assert not missing


@pytest.mark.parametrize("path", sorted(MAN.glob("*.scd")), ids=lambda p: p.name)
def test_pages_are_well_formed(path):
    scdoc = shutil.which("scdoc")
    if not scdoc:
        pytest.skip("scdoc is not installed")
    made = subprocess.run([scdoc], stdin=path.open(), capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert ".SH NAME" in made.stdout
