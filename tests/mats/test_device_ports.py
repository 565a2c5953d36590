# SPDX-License-Identifier: Apache-2.0
"""Devices with a protocol of their own at a pty, with the real plantard: spoken to, recorded, unplugged, and
every cell in the file is what the device sent. Those of USB come with their packets' lengths in front, as
the USB transport hands them over (that one is tried in tests/vm)."""
import json
import os
import pathlib
import re
import select
import subprocess
import sys
import threading
import time

import h5py
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import devices  # noqa: E402
from plantar_harness import BIN, SLOW, Plantard, PtyMat, environment, wait_until  # noqa: E402


class Port(threading.Thread):
    """The device at the other end, on its own clock."""

    def __init__(self, kind, link, seed=1, period_s=0.02):
        super().__init__(daemon=True)
        self.device, self.pty, self.period_s = devices.make(kind, seed), PtyMat(str(link)), period_s
        self.sent, self.told, self.ended = [], b"", False
        self.pty.plug()
        self.start()

    def write(self, data):
        if self.device.packets:
            answer = isinstance(data, tuple)
            data = data[1] if answer else data
            data = (len(data) | (0x8000 if answer else 0)).to_bytes(2, "little") + data
        self.pty.write(data)

    def listen(self, seconds):
        if select.select([self.pty.master], [], [], seconds)[0]:
            try:
                self.told += os.read(self.pty.master, 4096)
            except OSError:                     # nobody has it open
                time.sleep(seconds)
        size = {"fisica-29x22": 8, "vernier-force-plate": 64, "stepmaniax-6x6": 64, "btracks-2x2": 5}
        size = size.get(self.device.name, 1)
        while len(self.told) >= size:
            for reply in self.device.hear(self.told[:size]):
                self.write(reply)
            self.told = self.told[size:]

    def run(self):
        n = 0
        for data in self.device.open():
            self.write(data)
        while not self.ended:
            self.listen(self.period_s)
            if self.device.started and not self.device.running:
                continue
            if self.device.polled:
                if not self.device.heard:
                    continue
                self.device.heard.clear()
            sent, wanted = self.device.picture(n)
            frame = self.device.frame(sent, n)
            for piece in frame if self.device.packets else [frame]:
                self.write(piece)
            self.sent.append(devices.flat(wanted))
            n += 1

    def stop(self):
        self.ended = True
        self.join(20)


def check(path, port, at_least):
    with h5py.File(path) as f:
        frames = f["frames/raw"][:]
    close = port.device.close or 0
    cells = frames.reshape(len(frames), -1)
    assert len(cells) >= at_least
    at = 0
    for row in cells.tolist():
        while at < len(port.sent) and not all(abs(a - b) <= close * max(1, abs(b))
                                              for a, b in zip(row, port.sent[at])):
            at += 1
        assert at < len(port.sent), "a frame in the file that nobody sent, or out of order"
        at += 1
    return len(cells)


@pytest.mark.parametrize("kind", [devices.Fisica, devices.FisicaBle, devices.JqPad, devices.JqHalves, devices.Phidget,
                                  devices.TakkTile, devices.Vernier, devices.StepManiaX], ids=lambda k: k.__name__)
def test_recorded(kind, tmp_path):
    link = tmp_path / "mat"
    port = Port(kind, link)
    with Plantard([{"name": "mat", "mat": kind.name, "source": f"serial:{link}"}]) as daemon:
        daemon.wait_frames(20, timeout=30 * SLOW)
        before = daemon.mat()["frames"]
        path = daemon.record(lambda: daemon.mat()["frames"] >= before + 60)
        check(path, port, 40)
        if kind is devices.Vernier:
            check_no_place(path)
    port.stop()
    if kind in (devices.Fisica, devices.Vernier):
        assert not port.device.running, "plantard told it to stop"


def check_no_place(path):
    """A force and no centre of pressure."""
    said = subprocess.run([os.path.join(BIN, "plantar"), "analyze", "--json", path], env=environment(),
                          capture_output=True, text=True, timeout=120 * SLOW)
    assert said.returncode == 0, said.stderr
    figures = json.loads(said.stdout)
    assert figures["total"]["force_peak_n"] > 700

    def walk(value, name):
        if isinstance(value, dict):
            for k, v in value.items():
                walk(v, f"{name}.{k}")
        elif isinstance(value, list):
            for v in value:
                walk(v, name)
        else:
            assert "cop" not in name.split(".")[-1] or not isinstance(value, (int, float)) or value is None, (name, value)

    walk(figures, "")


def test_capture(tmp_path):
    """plantar capture speaks to the device as well, and says how many frames it read."""
    link = tmp_path / "mat"
    port = Port(devices.Fisica, link)
    out = tmp_path / "scale.plcap"
    run = subprocess.run([os.path.join(BIN, "plantar"), "capture", f"serial:{link}", "--as", "fisica-29x22",
                          "--seconds", str(3 * SLOW), "-o", out], env=environment(), capture_output=True,
                         text=True, timeout=60 * SLOW)
    assert run.returncode == 0, run.stderr
    wait_until(lambda: not port.device.running, 20, "the stop command")
    port.stop()
    assert len(port.sent) >= 20 and out.stat().st_size >= 20 * 645
    said = subprocess.run([os.path.join(BIN, "plantar"), "analyze", "--json", out], env=environment(),
                          capture_output=True, text=True, timeout=120 * SLOW)
    assert said.returncode == 0, said.stderr


def test_simulated(tmp_path):
    """A person on each of them, through the encoder: plantar simulate at one end, capture at the other."""
    for name in ("fisica-29x22", "jq-16x16", "btracks-2x2", "takktile-8x5", "vernier-force-plate", "stepmaniax-6x6"):
        link = tmp_path / name
        mat = subprocess.Popen([os.path.join(BIN, "plantar"), "simulate", "--person", "standing", "--as", name,
                                "--link", link, "--hz", "50"], env=environment(), stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
        wait_until(link.exists, 20, "the port")
        run = subprocess.run([os.path.join(BIN, "plantar"), "capture", f"serial:{link}", "--as", name, "--seconds", "2",
                              "-o", tmp_path / f"{name}.plcap"], env=environment(), capture_output=True,
                             text=True, timeout=60 * SLOW)
        mat.terminate()
        mat.wait(20)
        assert run.returncode == 0, (name, run.stderr)
        frames = int(re.search(r"(\d+) frames", run.stdout + run.stderr).group(1))
        assert frames >= 10, (name, run.stdout, run.stderr)
