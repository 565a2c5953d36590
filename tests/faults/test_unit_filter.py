# SPDX-License-Identifier: Apache-2.0
"""Programs work with what the sandboxes of their units leave them. (libzmq ends the program when it may not set a
thread's scheduling, even to what it is already: a unit that denied this started nothing at all.)"""
import os
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, ".."), os.path.join(HERE, "..", "web")]
from bridge import Bridge  # noqa: E402
from plantar_harness import BIN, BUILD, SANITIZER, Plantard  # noqa: E402

SIM = {"source": "sim:standing?hz=100", "mat": "pmp-64x64", "name": "m"}
pytestmark = pytest.mark.skipif(bool(SANITIZER), reason="sanitizers need system calls of their own")


def filtered(unit):
    """The command to put in front of a program."""
    wrap = [sys.executable, os.path.join(HERE, "under_filter.py"), os.path.join(BUILD, "systemd", unit)]
    if subprocess.run([*wrap, "/bin/true"]).returncode == 77:
        pytest.skip("no seccomp filter here")
    return wrap


def test_the_filter_filters():
    code = "import os\ntry: os.sched_setaffinity(0, os.sched_getaffinity(0))\nexcept PermissionError: print('denied')"
    said = subprocess.run([*filtered("plantard.service"), sys.executable, "-c", code], capture_output=True, text=True)
    assert said.stdout == "denied\n", said.stderr


def test_plantard_records_under_its_unit():
    with Plantard([SIM], wrap=filtered("plantard.service")) as daemon:
        path = daemon.record(1, subject="P-1")
        assert os.path.getsize(path) > 0
        daemon.ok("tare", clear=True)


def test_plantar_web_waits_for_the_systems_plantard():
    """Its own runtime folder is not plantard's, and plantard may be started later."""
    path = os.path.join(BUILD, "systemd", "plantard-web.service")
    if not os.path.exists(path):
        pytest.skip("built without libwebsockets")
    with open(path) as f:
        unit = f.read()
    assert "RuntimeDirectory=plantard-web\n" in unit and "--control ipc:///run/plantard/control.sock\n" in unit


def test_plantar_web_serves_under_its_unit():
    if not os.path.exists(os.path.join(BIN, "plantar-web")):
        pytest.skip("built without libwebsockets")
    with Plantard([SIM]) as daemon:
        bridge = Bridge(daemon, wrap=filtered("plantard-web.service"))
        with bridge:
            page = bridge.page(bridge.operator)
            page.watch("m")
            assert page.frames() and page.request("version")["ok"] and bridge.get("/")[0] == 200
