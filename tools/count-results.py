#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up the JUnit files of one tools/test run and closes with "N passed, N failed, N skipped"."""
import pathlib
import sys
import xml.etree.ElementTree as ET

folder, failed_steps = pathlib.Path(sys.argv[1]), int(sys.argv[2])
passed = skipped = 0
failed = failed_steps
for path in sorted(folder.glob("*.xml")):
    here = {"passed": 0, "failed": 0, "skipped": 0}
    try:
        cases = list(ET.parse(path).getroot().iter("testcase"))
    except ET.ParseError as e:  # the others are counted all the same
        print(f"FAILED: {path.name} cannot be read: {e}")
        cases, here["failed"] = [], 1
    for case in cases:
        status = case.get("status")
        if status == "run":
            here["passed"] += 1
        elif case.find("skipped") is not None and status in ("notrun", "disabled"):
            here["skipped"] += 1
            print(f"skipped: {path.stem}: {case.get('name')}")
        else:
            here["failed"] += 1
            print(f"FAILED: {path.stem}: {case.get('name')}")
    print(f"{path.stem}: " + ", ".join(f"{n} {what}" for what, n in here.items()))
    passed += here["passed"]
    failed += here["failed"]
    skipped += here["skipped"]
if failed_steps:
    print(f"{failed_steps} step(s) failed before their tests could be counted")
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed or not passed else 0)
