# SPDX-License-Identifier: Apache-2.0
"""What the programs say at work, searched for words that draw a medical conclusion: each command that
`plantar help` names is tried with everything that it may take (nothing, a recording, two, a folder, a
format), as a table and as JSON, with a daemon and without; so are the daemon's log, its messages and
all texts of the files that come out. A new command or option value is tried without a word here."""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

import h5py
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from cli import EMED, LEFT, person  # noqa: E402
from plantar_harness import BIN, SLOW, Plantard, environment  # noqa: E402
from test_words import found_in  # noqa: E402

PLANTAR = os.path.join(BIN, "plantar")
SECONDS = 4  # commands that wait for somebody are ended after that


def say(*args, folder, env):
    """(exit code or None, everything said)"""
    p = subprocess.Popen([PLANTAR, *map(str, args)], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        text = p.communicate(timeout=SECONDS * SLOW)[0]
        return p.returncode, text
    except subprocess.TimeoutExpired:
        p.terminate()
        return None, p.communicate(timeout=30 * SLOW)[0]


def help_of(*command):
    return subprocess.run([PLANTAR, "help", *command], check=True, capture_output=True, text=True).stdout


def commands():
    return re.findall(r"^  ([a-z]+) +\S", help_of(), re.M)


def choices(command):
    """Of `--what metrics|cop|...` each: [("--what", "metrics"), ...]"""
    return [(option, value) for option, values in
            re.findall(r"(--[a-z-]+) ([a-z-]+(?:\|[a-z-]+)+)", help_of(command)) for value in values.split("|")]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder of recordings of all kinds, and a daemon that has just made one."""
    folder = tmp_path_factory.mktemp("said")
    walk = person(folder, mat="pmp-fscan", seconds=4)
    stand = person(folder, mat="pmp-64x64", kind="standing", seconds=2)
    recordings = [walk, stand, *(p for p in (EMED, LEFT) if p.exists())]
    with Plantard([{"name": "m", "mat": "pmp-64x64", "source": "sim:walking?hz=100"}]) as d:
        d.wait_frames(10, "m")
        trial = pathlib.Path(d.record(1, subject="P-0042"))
        yield d, folder, recordings, trial


def trials(command, recordings, trial):
    """Argument lists to try."""
    operands = [[], ["m"], ["no-such-thing"], [trial.parent], [trial], *([r] for r in recordings),
                [trial, trial], recordings[:2], ["csv", trial], ["lst", trial], ["ascii", trial]]
    for words in operands:
        yield [command, *words]
        yield [command, *words, "--json"]
    for option, value in choices(command):
        yield [command, trial, option, value]
        yield [command, "csv", trial, option, value]


PLAYERS = {"simulate", "replay", "capture"}  # wait for somebody: tried with little


def test_nothing_said_draws_a_conclusion(world):
    d, folder, recordings, trial = world
    there = environment(PLANTARD_RUNTIME_DIR=d.runtime, PLANTARD_STATE_DIR=d.state)
    nobody = environment(PLANTARD_RUNTIME_DIR=str(folder), PLANTARD_STATE_DIR=str(folder))
    copy = folder / "session" / trial.name  # commands may change what they are given
    shutil.copytree(trial.parent, copy.parent)
    jobs = [(args, env) for command in commands() for args in trials(command, recordings, copy)
            for env in (there, nobody) if env is there or len(args) < 3]
    jobs = [job for job in jobs if job[0][0] not in PLAYERS or len(job[0]) < 3]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda job: say(*job[0], folder=folder, env=job[1]), jobs))
    assert {str(job[0]): found_in(text) for job, (_, text) in zip(jobs, said) if found_in(text)} == {}
    heard = {job[0][0] for job, (_, text) in zip(jobs, said) if text.strip()}
    assert heard == set(commands())
    worked = {job[0][0] for job, (code, text) in zip(jobs, said) if code == 0 and text.strip()}
    assert {"info", "analyze", "export", "verify", "list", "status"} <= worked
    assert not found_in(d.log().encode())


def texts_of(h5):
    """Names, attributes and texts of a file."""
    found = []

    def look(name, item):
        found.extend([name, *item.attrs, *(str(v) for v in item.attrs.values())])
        if isinstance(item, h5py.Dataset) and (item.dtype.kind in "SO" or item.dtype.names):
            found.append(str(item[()]))
            found.extend(item.dtype.names or [])

    look("/", h5)
    h5.visititems(look)
    return "\n".join(found).encode()


def test_no_file_draws_a_conclusion(world):
    _, _, _, trial = world
    for path in trial.parent.iterdir():
        if path.suffix == ".h5" and path.name.startswith("trial"):
            with h5py.File(path) as h5:
                text = texts_of(h5)
            assert b"long_name" in text and b"force_n" in text
        elif path.suffix != ".h5":
            text = path.read_bytes()
        assert not found_in(text), path.name


def test_no_message_draws_a_conclusion(world):
    d, *_ = world
    sub = d.subscribe("")
    topics = set()
    for _ in range(400):
        topic, header, _ = sub.next()
        topics.add(topic.split("/")[0])
        assert not found_in(f"{topic} {header}".encode())
        if {"frame", "metrics", "view", "status"} <= topics:
            break
    assert {"frame", "metrics", "view", "status"} <= topics
