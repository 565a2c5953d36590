# SPDX-License-Identifier: Apache-2.0
"""A bridge at a desk, plantard in a laboratory: between them keys and encryption (docs/access.md), for requests as for frames."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
from bridge import Bridge  # noqa: E402
from test_access import Site  # noqa: E402


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("site"))
    s = Site(folder)
    s.daemon.config = s.daemon.config.replace(f'"ipc://{folder}/data.sock", ', "")  # no way around the keys
    with open(s.daemon.config_path, "w") as f:
        f.write(s.daemon.config)
    with s.daemon:
        yield s


def bridge_with(site, tmp_path, key):
    return Bridge(folder=str(tmp_path), args=["--listen", "127.0.0.1:0", "--control", site.control], env={
        "PLANTARD_KEY": os.path.join(site.people, f"{key}.secret"),
        "PLANTARD_SERVER_KEY": os.path.join(site.keys, "server.public")})


def test_an_operators_key(site, tmp_path):
    with bridge_with(site, tmp_path, "bert") as bridge:
        page = bridge.page(bridge.operator)
        page.watch(None)
        assert page.frames() and page.text("status")
        assert page.request("mark", text="from the desk")["ok"]
        assert page.event("mark")


def test_a_viewers_key_makes_viewers_of_operators(site, tmp_path):
    with bridge_with(site, tmp_path, "anna") as bridge:
        page = bridge.page(bridge.operator)
        page.watch(None)
        assert page.frames()
        assert page.request("mark", text="no")["error"]["code"] == "access"


def test_a_key_that_nobody_let_in(site, tmp_path):
    with bridge_with(site, tmp_path, "eve") as bridge:
        page = bridge.page()
        said = page.until(lambda m: isinstance(m, dict) and "key" in m.get("why", ""))
        assert said["daemon"] is False and "does not let this key in" in said["why"]
