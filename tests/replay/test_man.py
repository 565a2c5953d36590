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
MAN = pathlib.Path(os.environ["PLANTAR_SOURCE"]) / "docs" / "man"
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


@pytest.mark.parametrize("path", sorted(MAN.glob("*.scd")), ids=lambda p: p.name)
def test_pages_are_well_formed(path):
    scdoc = shutil.which("scdoc")
    if not scdoc:
        pytest.skip("scdoc is not installed")
    made = subprocess.run([scdoc], stdin=path.open(), capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert ".SH NAME" in made.stdout


def test_nothing_is_promised_that_numbers_cannot_say():
    words = ("diagnos", "abnormal", "risk", "patholog")
    texts = [p.read_text() for p in MAN.glob("plantar*.scd")]
    texts += [output("help", c) for c in commands()]
    for text in texts:
        assert not any(word in text.lower() for word in words)
