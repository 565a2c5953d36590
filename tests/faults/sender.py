# SPDX-License-Identifier: Apache-2.0
"""Mats in processes of their own, for campaigns in which much is sent: tests/bench/pty_sender.c."""
import os
import subprocess

from plantar_harness import BUILD

TESTS = os.path.join(BUILD, "tests")


class Sender:
    def __init__(self, folder, frames, hz, rows=64, cols=64, name="m"):
        self.link, self.frames, self.name = os.path.join(folder, f"pty-{name}"), frames, name
        self.conf = os.path.join(folder, f"{name}.conf")
        with open(self.conf, "w") as f:
            f.write(f'title = "Mat of a fault campaign"; rows = {rows}; cols = {cols}; '
                    f'pitch_mm = 8.0; rate_hz = {hz or 1000}.0; protocol = "pmp"; cell = "u16";\n'
                    'calibration = { unit = "kPa"; scale = 0.05; };\n')
        self.process = subprocess.Popen(
            [os.path.join(TESTS, "pty_sender"), self.link, str(frames), str(hz),
             os.path.join(folder, f"stamps-{name}"), str(rows), str(cols)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def entry(self):
        return {"source": f"serial:{self.link}", "mat": self.conf, "name": self.name}

    def go(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def wait(self):
        """Seconds from first to last frame."""
        took = int(self.process.stdout.readline()) * 1e-9
        assert self.process.stdout.readline() == "done\n"
        return took

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
