# SPDX-License-Identifier: Apache-2.0
"""What is written about plantar-web and what it does tell the same story."""
import os
import re
import subprocess
import sys

from bridge import Bridge
from plantar_harness import BIN, SOURCE, Plantard


def read(name):
    with open(os.path.join(SOURCE, name)) as f:
        return f.read()


def test_help_and_manual_have_the_same_options():
    said = subprocess.run([os.path.join(BIN, "plantar-web"), "--help"], check=True, capture_output=True, text=True).stdout
    options = set(re.findall(r"^ +--([a-z-]+)", said, re.M))
    page = read("docs/man/plantar-web.8.scd").split("# OPTIONS")[1].split("# SIGNALS")[0]
    assert {"listen", "print-url"} <= options
    assert options == set(re.findall(r"^(?:\*--[a-z-]+\* [A-Z]+, )?\*--([a-z-]+)\*", page, re.M)) | {"tls-cert"}


def test_limits_in_the_document_are_those_of_the_code():
    text = read("docs/web.md")
    code = {name: value for source in ("browser.c", "browser.h", "browser_said.c", "web.h", "message.h", "feed.h")
            for name, value in re.findall(r"#define (\w+) (\d+)\b", read(f"tools/web/{source}"))}
    assert f"at once | {code['PL_BROWSERS_MAX']};" in text
    assert f"of a page | {code['PL_REQUESTS_PER_S']}," in text and f"at once: {code['WAITING_MAX']} |" in text
    assert f"messages a second of a page | {code['PL_MESSAGES_PER_S']};" in text
    assert f"{int(code['PL_MESSAGE_MAX']):,};" in text
    assert f"within {code['HELLO_S']} s" in text and f"newest {code['PL_LANE_METRICS']};" in text


def test_the_example_in_the_document_runs():
    example = re.search(r"In Python:\n\n((?: {4}.*\n|\n)+)", read("docs/web.md")).group(1)
    code = re.sub(r"^ {4}", "", example, flags=re.M)
    mat = {"source": "sim:standing?hz=100", "mat": "pmp-64x64", "name": "left"}
    with Plantard([mat]) as daemon, Bridge(daemon) as bridge:
        code = code.replace("http://127.0.0.1:8470", bridge.url.rstrip("/"))
        program = subprocess.Popen([sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, text=True)
        try:
            lines = [program.stdout.readline() for _ in range(5)]
        finally:
            program.kill()
            program.wait()
    assert '"role":"viewer"' in lines[0] and any(line.strip().isdigit() for line in lines[1:])
