# SPDX-License-Identifier: Apache-2.0
"""plantar's commands that talk to a running daemon, as a person uses them: what they print, what they
refuse, and the exit codes that scripts rely on."""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from plantar_harness import BIN, SLOW, Plantard, environment, wait_until  # noqa: E402

PLANTAR = os.path.join(BIN, "plantar")
PERSON_N = 70 * 9.80665  # the simulated person's weight


@pytest.fixture(scope="module")
def daemon():
    with Plantard([{"name": "left", "mat": "pmp-64x64", "source": "sim:standing?hz=100"},
                   {"name": "pad", "mat": "jq-64x64", "source": "sim:empty?hz=25"}]) as d:
        d.wait_frames(10, "left")
        d.wait_frames(10, "pad")
        yield d


def plantar(*args, d=None, timeout=60, **env):
    """(exit code, stdout, stderr); d: the daemon it shall find by itself."""
    if d:
        env = {"PLANTARD_RUNTIME_DIR": d.runtime, "PLANTARD_STATE_DIR": d.state, **env}
    run = subprocess.run([PLANTAR, *args], env=environment(**env), capture_output=True, text=True,
                         stdin=subprocess.DEVNULL, timeout=timeout * SLOW)
    return run.returncode, run.stdout, run.stderr


def good(*args, **kw):
    code, out, err = plantar(*args, **kw)
    assert code == 0, err
    assert err == ""
    return out


def refused(*args, code=1, **kw):
    """The message; nothing may have been printed as a result."""
    got, out, err = plantar(*args, **kw)
    assert (got, out) == (code, ""), err
    assert err.startswith(f"plantar {args[0]}: ")
    return err


# ---- no daemon ----

@pytest.mark.parametrize("args", [("status",), ("watch",), ("start",), ("stop",), ("mark", "x"), ("tare",),
                                  ("weigh", "--mass", "70"), ("status", "--json")])
def test_without_a_daemon_it_says_so_at_once(args, tmp_path):
    begin = time.monotonic()
    said = refused(*args, PLANTARD_RUNTIME_DIR=tmp_path)
    assert "no plantard is running here" in said and f"{tmp_path}/control.sock" in said
    assert "start it with 'plantard'" in said
    assert time.monotonic() - begin < 2 * SLOW


def test_a_socket_that_nobody_serves(tmp_path):
    said = refused("status", "--control", f"ipc://{tmp_path}/none.sock")
    assert "no plantard is running here" in said
    said = refused("status", "--control", "tcp://127.0.0.1:9", timeout=20)
    assert "no answer from tcp://127.0.0.1:9" in said


def test_list_works_without_a_daemon(tmp_path):
    out = good("list", PLANTARD_RUNTIME_DIR=tmp_path)
    assert "Serial ports" in out and "no plantard is running here" in out
    assert re.search(r"^  pmp-64x64 +64x64 +PMP mat 64 x 64$", out, re.M)
    listed = json.loads(good("list", "--json", PLANTARD_RUNTIME_DIR=tmp_path))
    assert set(listed) == {"ports", "usb", "mats", "running"} and listed["running"] is None
    refused("list", "--control", f"ipc://{tmp_path}/none.sock")


def test_sessions_before_the_first_one(tmp_path):
    said = refused("sessions", PLANTARD_STATE_DIR=tmp_path / "sessions")
    assert "nothing has been recorded here yet" in said and f"no folder {tmp_path}/sessions" in said


def test_list_tells_what_is_wrong_with_a_mat(tmp_path):
    (tmp_path / "torn.conf").write_text('rows = 4;\ncolls = 4;\n')
    listed = json.loads(good("list", "--json", PLANTARD_RUNTIME_DIR=tmp_path, PLANTAR_MATS=tmp_path))
    torn = next(m for m in listed["mats"] if m["mat"] == "torn")
    assert "torn.conf:2" in torn["error"] and 'did you mean "cols"?' in torn["error"]


# ---- a daemon ----

def test_list_and_status(daemon):
    out = good("list", d=daemon)
    assert re.search(r"^  left +running +sim:standing\?hz=100 \(pmp-64x64\)$", out, re.M)
    listed = json.loads(good("list", "--json", d=daemon))
    assert [m["mat"] for m in listed["running"]] == ["left", "pad"]
    assert next(m for m in listed["mats"] if m["mat"] == "jq-64x64")["rows"] == 64

    out = good("status", d=daemon)
    assert out.startswith("plantard ") and f"sessions in {daemon.state}" in out
    assert re.search(r"^  left +running +\S+ of 500 Hz, 64 x 64 cells, kPa$", out, re.M)
    assert re.search(r"^  pad +running +\S+ of 25 Hz, 64 x 64 cells, counts$", out, re.M)
    assert "values are counts" in out
    status = json.loads(good("status", "--json", d=daemon))
    assert status["v"] == 1 and [m["mat"] for m in status["mats"]] == ["left", "pad"]
    assert json.loads(good("status", "-j", "--control", daemon.control))["pid"] == daemon.process.pid


def test_the_control_socket_may_be_named_in_the_environment(daemon, tmp_path):
    out = good("status", PLANTARD_RUNTIME_DIR=tmp_path, PLANTARD_CONTROL=daemon.control)
    assert out.startswith("plantard ")


def test_record_from_start_to_a_finished_file(daemon):
    out = good("start", "--subject", "P-0042", "--condition", "heel lift 6 mm", "--protocol", "quiet",
               "--mass", "70", "--mat", "left", d=daemon)
    session = re.match(r"session ([0-9a-f-]{36})\n", out).group(1)
    path = re.search(r"^  recording left to (.*\.h5)$", out, re.M).group(1)
    assert session in path and path.startswith(daemon.state)

    assert "is being recorded already; stop it first" in refused("start", "--mat", "left", d=daemon)
    assert "left is being recorded" in refused("tare", "--mat", "left", d=daemon)
    assert good("mark", "pain", "4", "--mat", "left", d=daemon) == "marked: pain 4\n"
    assert good("mark", "--mat", "pad", "x", d=daemon) == "marked: x (but nothing is being recorded)\n"
    out = good("status", d=daemon)
    assert f"recording {path}" in out and "subject P-0042" in out
    begun = daemon.mat("left")["recording"]["frames"]
    wait_until(lambda: daemon.mat("left")["recording"]["frames"] > begun + 50, what="frames")

    out = good("stop", d=daemon)
    assert os.path.exists(path)  # when the prompt comes back it is finished
    frames = int(re.fullmatch(rf"{re.escape(path)}\n  (\d+) frames\n", out).group(1))
    assert frames > 50
    info = json.loads(good("info", "--json", path))
    text = json.dumps(info)
    assert "P-0042" in text and "heel lift 6 mm" in text and "quiet" in text
    assert "no quadrants: fewer than nine cells in one of them" in good("analyze", path)
    assert "pain 4" in good("export", "csv", path, "--what", "events")
    assert plantar("verify", path)[0] == 0


def test_another_trial_of_a_session_and_an_end_by_itself(daemon):
    first = json.loads(good("start", "--mat", "left", "--seconds", "0.3", "--json", d=daemon))
    assert first["ok"] is True
    wait_until(lambda: daemon.mat("left")["recording"] is None, what="the end by itself")
    second = json.loads(good("start", "--mat", "left", "--session", first["session_uuid"], "--json", d=daemon))
    assert second["session_uuid"] == first["session_uuid"]
    assert second["trials"][0]["path"].endswith("trial-002.h5")
    time.sleep(0.2)
    stopped = json.loads(good("stop", "--json", d=daemon))
    assert stopped["trials"][0]["path"] == second["trials"][0]["path"]
    assert os.path.exists(stopped["trials"][0]["path"])
    uuid = "00000000-0000-4000-8000-000000000000"
    assert uuid in refused("start", "--session", uuid, d=daemon)


def test_all_mats_at_once(daemon):
    out = good("start", d=daemon)
    paths = re.findall(r"^  recording (\w+) to (.*)$", out, re.M)
    assert [name for name, _ in paths] == ["left", "pad"]
    time.sleep(0.5)
    out = good("stop", "--no-wait", d=daemon)
    assert out.count("(being finished)") == 2
    for _, path in paths:
        wait_until(lambda: os.path.exists(path), 30, path)


def test_nothing_to_stop(daemon):
    assert "nothing is being recorded" in refused("stop", d=daemon)


@pytest.mark.parametrize("args", [("start",), ("stop",), ("mark", "x"), ("tare",), ("watch",),
                                  ("weigh", "--mass", "70")])
def test_unknown_mat(daemon, args):
    said = refused(*args, "--mat", "right", d=daemon)
    assert "right" in said
    assert "left, pad" in said or "plantar status" in said


@pytest.mark.parametrize("args", [("weigh",), ("weigh", "--mass", "much"), ("tare", "--clear", "--seconds", "1"),
                                  ("start", "--subjekt", "x"), ("status", "now"), ("watch", "--seconds", "-1"),
                                  ("start", "--seconds", "0")])
def test_wrong_arguments(daemon, args):
    assert f"plantar help {args[0]}" in refused(*args, code=2, d=daemon)
    assert daemon.mat("left")["recording"] is None


def test_what_the_daemon_refuses_is_passed_on(daemon):
    assert "subject" in refused("start", "--subject", "x" * 100, d=daemon, code=2)
    assert "subject" in refused("start", "--subject", "a\nb", d=daemon, code=2)
    assert daemon.mat("left")["recording"] is None


def test_tare_and_clear(daemon):
    out = good("tare", "--mat", "pad", "--seconds", "0.3", d=daemon)
    assert re.fullmatch(r"pad: tared, calibration \S+, largest cell \S+ counts\n", out)
    assert daemon.mat("pad")["tared"]
    status = daemon.status()
    tared = next(m for m in status["mats"] if m["mat"] == "pad")
    assert 0 < int(status["t_ns"]) - int(tared["tare_t_ns"]) < 60e9 * SLOW
    out = good("tare", "--mat", "pad", "--clear", d=daemon)
    assert out.startswith("pad: tare removed")
    assert not daemon.mat("pad")["tared"] and daemon.mat("pad")["tare_t_ns"] is None


def test_a_tare_under_somebody_is_said(daemon):
    code, out, err = plantar("tare", "--mat", "left", "--seconds", "0.3", d=daemon)
    assert code == 0 and out.startswith("left: tared")
    assert "left showed 686 N while it was tared" in err
    good("tare", "--mat", "left", "--clear", d=daemon)


def test_weigh(daemon):
    out = good("weigh", "--mass", "70", "--mat", "left", "--seconds", "0.5", d=daemon)
    measured = float(re.match(r"measured (\S+) N, expected 686\S* N, ratio \S+: within 5 %", out).group(1))
    assert measured == pytest.approx(PERSON_N, rel=0.02)
    code, out, _ = plantar("weigh", "--mass", "90", "--mat", "left", "--seconds", "0.5", d=daemon)
    assert code == 1 and "ratio 0.7" in out
    code, out, _ = plantar("weigh", "--mass", "90", "--mat", "left", "--seconds", "0.5", "--json", d=daemon)
    assert code == 1 and json.loads(out)["within_5_pct"] is False
    assert "has no calibration" in refused("weigh", "--mass", "70", "--mat", "pad", d=daemon)


def test_watch_plain(daemon):
    out = good("watch", "--mat", "left", "--seconds", "2.6", d=daemon)  # not a terminal: plain
    lines = out.splitlines()
    assert 2 <= len(lines) <= 4
    for line in lines:
        found = re.fullmatch(r"force +(\S+) N  CoP +(\S+) +(\S+) mm  left +(\S+) %  right +(\S+) %  "
                             r"heel +(\S+) %  forefoot +(\S+) %  lost 0", line)
        force, x, y, left, right, heel, fore = map(float, found.groups())
        assert force == pytest.approx(PERSON_N, rel=0.02)
        assert 200 < x < 440 and 200 < y < 440 and left + right == pytest.approx(100, abs=0.2)
        assert heel + fore < 100
    out = good("watch", "--mat", "pad", "--plain", "--seconds", "1.3", d=daemon)
    assert "CoP      -      -" in out  # an empty mat has no centre of pressure


def test_watch_without_frames_gives_up(tmp_path):
    with Plantard([{"name": "gone", "mat": "pmp-64x64", "source": f"serial:{tmp_path}/none"}]) as d:
        said = refused("watch", "--plain", d=d)
        assert "no frame of 'gone' within 5 s" in said and "plantar status" in said
        assert "is not there" in good("status", d=d)
        assert "no frames come from gone" in refused("tare", d=d)


class Terminal:
    """plantar watch in a terminal of its own."""

    def __init__(self, d, columns, lines, *args, **env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            size = struct.pack("HHHH", lines, columns, 0, 0)
            fcntl.ioctl(0, termios.TIOCSWINSZ, size)
            os.execve(PLANTAR, [PLANTAR, "watch", *args],
                      environment(PLANTARD_RUNTIME_DIR=d.runtime, **env))
        self.text = ""

    def read(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not select.select([self.fd], [], [], 0.05)[0]:
                continue
            try:
                got = os.read(self.fd, 65536)
            except OSError:  # the other end is closed
                return
            self.text += got.decode("utf-8", "replace")

    def until(self, text, timeout=10):
        def there():
            self.read(0.1)
            return text in self.text
        wait_until(there, timeout, f"{text!r} on the screen")

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def end(self):
        """The exit code."""
        def ended():
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            return (os.waitstatus_to_exitcode(status),) if pid else None

        try:
            return wait_until(ended, 20, "plantar watch to end")[0]
        except AssertionError:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            raise
        finally:
            os.close(self.fd)


def test_watch_in_a_terminal(daemon):
    t = Terminal(daemon, 80, 24, TERM="xterm-256color", LC_ALL="C.UTF-8")
    t.until("brightest: ")
    for text in ("left", "force", "peak pressure", "left foot", "right foot",
                 "heel", "fore", "\u2580", "q: quit", "0 lost"):
        assert text in t.text, text
    t.type("m")
    t.until("mark: ")  # the event, as published
    t.type("q")
    assert t.end() == 0
    assert "\x1b[?1049l" in t.text  # the terminal is given back as it was


def test_watch_without_colours_and_utf8(daemon):
    t = Terminal(daemon, 80, 24, "--seconds", "1.5", TERM="vt100", LC_ALL="C")
    assert t.end() == 0
    assert "right foot" in t.text and "@" in t.text
    assert all(ord(c) < 127 for c in t.text)
    assert "[38;" not in t.text and "[31m" not in t.text


def test_watch_in_a_narrow_terminal(daemon):
    t = Terminal(daemon, 40, 12, "--seconds", "1.5", TERM="xterm-256color", LC_ALL="C.UTF-8")
    assert t.end() == 0
    assert re.search(r"68\d N", t.text) and "heel" in t.text and "right foot" not in t.text


@pytest.mark.parametrize("term", ["dumb", "no-such-terminal"])
def test_watch_where_nothing_can_be_drawn(daemon, term):
    t = Terminal(daemon, 80, 24, "--seconds", "1.5", TERM=term)
    assert t.end() == 0
    assert re.search(r"^force +6\d\d", t.text, re.M) and "\x1b" not in t.text


def test_watch_ends_at_a_signal_with_the_terminal_restored(daemon):
    t = Terminal(daemon, 100, 30, TERM="xterm-256color")
    t.until("brightest: ")
    os.kill(t.pid, signal.SIGINT)
    assert t.end() == 0
    assert "\x1b[?1049l" in t.text


def test_watch_says_when_the_daemon_has_gone():
    d = Plantard([{"name": "left", "mat": "pmp-64x64", "source": "sim:standing?hz=50"}]).start()
    try:
        t = Terminal(d, 80, 24, TERM="xterm-256color")
        t.until("brightest: ")
        assert d.stop() == 0
        t.until("no frame for ", 15)
        t.type("q")
        assert t.end() == 0
    finally:
        d.close()


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
