# SPDX-License-Identifier: Apache-2.0
"""Whole visits in a real browser, against a real plantard, plantar-web and a mat at a pty: by clicks and by keyboard
alone. playwright-core and axe-core come from npm: PLANTAR_NPM names their node_modules, else they are fetched into
the build folder; without npm or chromium the test is skipped."""
import json
import os
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, ".."), os.path.join(HERE, "..", "replay")]
from bridge import Bridge  # noqa: E402
from plantar_harness import SLOW  # noqa: E402
from test_protocols import Clinic, folder  # noqa: E402, F401

PACKAGES = ["playwright-core@1.65.1", "axe-core@4.14.1"]
CHROMIUM = os.environ.get("PLANTAR_CHROMIUM") or shutil.which("chromium")


@pytest.fixture(scope="module")
def modules():
    if not CHROMIUM or not shutil.which("node"):
        pytest.skip("chromium and nodejs are needed")
    if "PLANTAR_NPM" in os.environ:
        return os.environ["PLANTAR_NPM"]
    place = os.path.join(os.environ["PLANTAR_BUILD"], "npm")
    there = os.path.join(place, "node_modules")
    if not os.path.isdir(os.path.join(there, "axe-core")):
        if not shutil.which("npm") or subprocess.run(
                ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", place, *PACKAGES],
                timeout=300).returncode:
            pytest.skip("npm could not fetch " + " and ".join(PACKAGES))
    return there


def drive(scenario, modules, bridge, person):
    """Runs the browser; moves the person as it asks for. What it found."""
    env = dict(os.environ, PLANTAR_NPM=modules, PLANTAR_CHROMIUM=CHROMIUM, PLANTAR_SLOW=str(SLOW))
    url = f"http://127.0.0.1:{bridge.port}/"
    browser = subprocess.Popen(["node", os.path.join(HERE, "visit_browser.mjs"), scenario,
                                f"{url}#operator={bridge.operator}", url],
                               env=env, stdout=subprocess.PIPE, text=True)
    last = "{}"
    for line in browser.stdout:
        if line == "person step\n":
            person.step()
        elif line.startswith("person "):
            person.on = line == "person on\n"
        else:
            last = line
    assert browser.wait(60) == 0
    found = json.loads(last)
    assert found["errors"] == [], found
    assert found["faults"] == [], "serious faults of accessibility"
    return found


def test_a_quiet_stance_by_clicks(folder, modules):  # noqa: F811
    with Clinic(folder) as (d, person), Bridge(d) as b:
        found = drive("clicks", modules, b, person)
        visit = d.ok("protocol-status")["protocol"]
        assert visit["state"] == "done" and visit["subject"] == "P-1"
        assert [(t["step"], t["verdict"], t["by_operator"], t["pain"]) for t in visit["trials"]] == [
            ("zero", "accepted", True, None), ("quiet", "accepted", True, 2), ("quiet", "accepted", True, 2)]
        assert found["viewerButtons"] == 0, "a viewer sees the same without buttons"
        assert found["halfTyped"] == "half typed", "a status leaves a half-filled form alone"
        assert found["trials"] == 2, "both trials are shown as accepted"
        assert [r for r in found["refusals"] if r] == []
        session = d.ok("session", session=visit["session_uuid"])["session"]
        assert all(r["recording"]["annotations"]["pain_right"] == ["plantar-heel-medial"] for r in session["recordings"])


def test_a_walk_over_by_keyboard_alone(folder, modules):  # noqa: F811
    with Clinic(folder) as (d, person), Bridge(d) as b:
        found = drive("keys", modules, b, person)
        visit = d.ok("protocol-status")["protocol"]
        assert visit["state"] == "done" and visit["subject"] == "P-2"
        assert visit["red_flags"]["answered"] and visit["red_flags"]["ticked"] == []
        assert found["missing"] == "One question is not answered."
        item = visit["plan"][0]
        assert (item["accepted"], item["strikes"]) == (4, {"left": 2, "right": 2, "unknown": 0})
        assert {t["approach"] for t in visit["trials"]} == {"two-step"}
        assert found["focusAtTheEnd"] == "another"
