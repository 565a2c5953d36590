# SPDX-License-Identifier: Apache-2.0
"""What plantard publishes: every topic parses with built-ins only, a late joiner learns all from
status, sequence numbers show losses, several mats live side by side, and the shipped examples work."""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import pytest
import zmq

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from plantar_harness import (SLOW, SOURCE, Plantard, PtyMat, cells_of, environment,  # noqa: E402
                             pmp_frame, small_mat, wait_until)

SIM = {"source": "sim:standing?hz=100&seed=1", "mat": "pmp-64x64", "name": "left"}
SIZES = {"|u1": 1, "<u2": 2, "<i2": 2, "<i4": 4, "<u4": 4, "<f4": 4}
CAUSES = {"device", "corrupt", "overrun", "pool"}


@pytest.fixture
def folder():
    path = tempfile.mkdtemp(prefix="plantard-test-")
    yield path
    shutil.rmtree(path, ignore_errors=True)


def check_start(header, mat):
    assert header["v"] == 1
    assert header["mat"] == mat
    assert header["epoch"] == 0
    assert isinstance(header["seq"], int)
    assert isinstance(header["t_ns"], str) and int(header["t_ns"]) > 0
    assert set(header["lost"]) == CAUSES and all(v == 0 for v in header["lost"].values())


def check_cells(header, blob):
    rows, cols = header["shape"]
    assert (rows, cols) == (64, 64)
    assert header["dtype"] == "<u2" and len(blob) == rows * cols * SIZES[header["dtype"]]
    assert header["unit"] == "kPa" and header["scale"] == 0.05
    assert isinstance(header["t_est_ns"], str) and int(header["t_est_ns"]) <= int(header["t_ns"])
    assert isinstance(header["device_seq"], int) and isinstance(header["t_device_ns"], str)
    return struct.unpack(f"<{rows * cols}H", blob)


def test_every_topic_parses():
    with Plantard([SIM]) as d:
        sub = d.subscribe("")
        d.ok("mark", text="hello")
        seen = {}
        deadline = time.monotonic() + 20 * SLOW
        while len(seen) < 6 and time.monotonic() < deadline:
            topic, header, blob = sub.next()
            if topic != "event/left" or header["kind"] == "mark":  # others when the machine is busy
                seen.setdefault(topic, (header, blob))
        assert set(seen) >= {"frame/left", "metrics/left", "view/left", "event/left", "status"}

        header, blob = seen["frame/left"]
        check_start(header, "left")
        cells = check_cells(header, blob)
        weight = sum(cells) * header["scale"] * 1e3 * 0.01 ** 2  # kPa on cells of 1 cm2
        assert 600 < weight < 780  # 70 kg

        header, blob = seen["metrics/left"]
        check_start(header, "left")
        assert blob is None
        assert 600 < header["metrics"]["force_n"] < 780
        assert abs(header["metrics"]["left_pct"] + header["metrics"]["right_pct"] - 100) < 1e-3

        header, blob = seen["view/left"]
        check_start(header, "left")
        check_cells(header, blob)
        assert header["recording"] is False and header["metrics"]["force_n"] > 0

        header, blob = seen["event/left"]
        check_start(header, "left")
        assert header["kind"] == "mark" and header["text"] == "hello" and header["level"] == "notice"


def test_frames_and_metrics_are_complete_and_paced():
    with Plantard([SIM]) as d:
        sub = d.subscribe("frame/", "metrics/")
        first = sub.until(lambda topic, h: topic == "frame/left")[1]
        last = {"frame/left": first["seq"], "metrics/left": first["seq"]}
        counted = {"frame/left": 0, "metrics/left": 0}
        end = time.monotonic() + 2
        while time.monotonic() < end:
            topic, header, _ = sub.next()
            if topic == "metrics/left" and counted[topic] == 0:
                last[topic] = header["seq"] - 1
            assert header["seq"] == last[topic] + 1
            last[topic] = header["seq"]
            counted[topic] += 1
        assert counted["frame/left"] > 100 / SLOW and counted["metrics/left"] > 100 / SLOW


@pytest.mark.skipif(SLOW > 1, reason="rates mean nothing under a sanitizer")
def test_view_is_decimated_evenly():
    with Plantard([SIM], publish={"view_hz": 20}) as d:
        sub = d.subscribe("view/")
        times = [int(sub.next()[1]["t_ns"]) for _ in range(41)]
        steps = sorted(b - a for a, b in zip(times, times[1:]))
        assert 18.5 < 1e9 / steps[20] < 21.5  # the median: a busy machine may be late now and then


def test_nobody_listening_costs_nothing():
    with Plantard([SIM]) as d:
        d.wait_frames(50)
        assert d.mat()["publish"]["frames"] == 0
        sub = d.subscribe("frame/")
        sub.next()
        assert d.mat()["publish"]["frames"] > 0
        sub.close()
        d.subscribers.remove(sub)
        time.sleep(0.5)
        before = d.mat()["publish"]["frames"]
        d.wait_frames(d.mat()["frames"] + 50)
        assert d.mat()["publish"]["frames"] == before


STATUS_MAT = {
    "mat", "mat_file", "title", "source", "state", "state_text", "epoch", "seq", "rows", "cols",
    "pitch_row_mm", "pitch_col_mm", "dtype", "scale", "unit", "rate_hz", "rate_measured_hz",
    "calibration", "calibrated", "tared", "tare_t_ns", "facing", "side", "region", "filter_hz", "lost",
    "lost_total", "frames", "bytes", "decode", "reader", "publish", "pool", "device_text",
    "recording"}


def test_late_joiner_learns_all_from_status():
    with Plantard([SIM]) as d:
        d.wait_frames(20)
        d.ok("start", subject="P-1", protocol="quiet-stance", condition="barefoot")
        sub = d.subscribe("status", settle=False)
        status = sub.until(lambda t, h: h["mats"][0]["recording"] is not None)[1]
        assert set(status) >= {"v", "software", "host", "pid", "t_ns", "utc_ns", "uptime_s",
                               "endpoints", "view_hz", "archive", "mats"}
        assert status["pid"] == d.process.pid
        endpoints = status["endpoints"]
        assert endpoints["data"] == [d.data] and endpoints["control"] == d.control
        assert endpoints["control_all"] == [d.control]
        assert status["archive"]["folder"] == d.state and status["archive"]["free_bytes"] > 0
        mat = status["mats"][0]
        assert set(mat) >= STATUS_MAT
        assert (mat["rows"], mat["cols"], mat["dtype"]) == (64, 64, "<u2")
        assert mat["pitch_row_mm"] == 10 and mat["calibrated"] and mat["calibration"]
        assert mat["state"] == "running" and mat["decode"]["frames"] == mat["frames"]
        recording = mat["recording"]
        assert recording["subject"] == "P-1" and recording["trial"] == 1
        assert recording["path"].startswith(d.state) and recording["path"].endswith("trial-001.h5")
        assert set(recording) == {"session_uuid", "trial", "path", "subject", "protocol",
                                  "condition", "started_utc_ns", "frames", "gap_frames",
                                  "journal_bytes"}
        # the same document on request
        asked = d.status()
        assert set(asked) == set(status) and set(asked["mats"][0]) == set(mat)
        d.ok("stop")


def test_sequence_shows_every_loss(folder):
    mat = PtyMat(os.path.join(folder, "pty")).plug()
    with Plantard([{"source": mat.uri, "mat": small_mat(folder), "name": "m"}]) as d:
        sub = d.subscribe("frame/")
        wait_until(lambda: d.mat()["epoch"] == 0 and d.mat()["state"] != "gone", 10, "the port")
        mat.frames(10)
        mat.seq += 3  # the device skips three
        mat.frames(5)
        mat.write(pmp_frame(mat.seq, cells_of(mat.seq), wrong=0x0101))
        mat.seq += 1
        mat.frames(5)
        got = [sub.next() for _ in range(20)]
        assert [h["seq"] for _, h, _ in got] == [*range(10), *range(13, 18), *range(19, 24)]
        for _, h, blob in got:
            assert h["device_seq"] == h["seq"] and blob == cells_of(h["device_seq"])
        assert got[9][1]["lost"] == {"device": 0, "corrupt": 0, "overrun": 0, "pool": 0}
        assert got[10][1]["lost"] == {"device": 3, "corrupt": 0, "overrun": 0, "pool": 0}
        assert got[15][1]["lost"] == {"device": 3, "corrupt": 1, "overrun": 0, "pool": 0}
        flags = [h["flags"] & 1 for _, h, _ in got]  # PL_FLAG_LOST
        assert [i for i, f in enumerate(flags) if f] == [10, 15]
        assert got[0][1]["flags"] & 8  # PL_FLAG_EPOCH
        assert d.mat()["decode"]["bad_checksum"] == 1
    mat.close()


def test_several_mats_side_by_side(folder):
    mats = [{**SIM, "name": "left", "source": "sim:standing?hz=50&seed=1"},
            {**SIM, "name": "right", "source": "sim:walking?hz=50&seed=2"},
            {"source": "sim:running?hz=50", "mat": small_mat(folder), "name": "insole"}]
    with Plantard(mats) as d:
        sub = d.subscribe("frame/")
        seen = {}
        while len(seen) < 3:
            topic, header, blob = sub.next()
            seen[topic] = header["shape"]
        assert seen == {"frame/left": [64, 64], "frame/right": [64, 64], "frame/insole": [16, 8]}
        reply = d.ok("start", subject="P-2")
        assert [t["mat"] for t in reply["trials"]] == ["left", "right", "insole"]
        assert [t["trial"] for t in reply["trials"]] == [1, 2, 3]
        assert len({os.path.dirname(t["path"]) for t in reply["trials"]}) == 1  # one session
        for t in reply["trials"]:
            wait_until(lambda: d.mat(t["mat"])["recording"]["frames"] > 20, 20, "frames")
        error = d.refused("start", mat="left")
        assert error["code"] == "state"
        stopped = d.ok("stop", mat="right")["trials"]
        assert [t["mat"] for t in stopped] == ["right"]
        assert d.mat("left")["recording"] and not d.mat("right")["recording"]
        stopped += d.ok("stop")["trials"]
        assert {t["mat"] for t in stopped} == {"left", "right", "insole"}
        for t in stopped:
            assert t["frames"] > 20 and t["gap_frames"] == 0
            done = d.ok("wait", path=t["path"], timeout=60)
            assert done["frames"] == t["frames"] and done["complete"]
        # another trial in the same session
        again = d.ok("start", mat="left", session=reply["session_uuid"])
        assert again["session_uuid"] == reply["session_uuid"]
        assert again["trials"][0]["trial"] == 4
        d.ok("stop")
        assert d.refused("start", session="00000000-0000-4000-8000-000000000000")["code"] == "noent"
        assert "left, right, insole" in d.refused("mark", mat="middle", text="x")["message"]


def test_marks_tare_and_weigh(folder):
    import h5py
    person = {**SIM, "source": "sim:standing?hz=50&seed=1"}
    with Plantard([person]) as d:
        d.wait_frames(10)
        weighed = d.ok("weigh", body_mass_kg=70, seconds=0.3)
        assert weighed["within_5_pct"] and abs(weighed["measured_n"] - 70 * 9.80665) < 20
        assert not d.ok("weigh", body_mass_kg=90, seconds=0.1)["within_5_pct"]
        before = d.mat()["calibration"]

        path = d.ok("start")["trials"][0]["path"]
        wait_until(lambda: d.mat()["recording"]["frames"] > 5, 20, "frames")
        d.ok("mark", text="eyes closed")
        assert d.refused("tare")["code"] == "state"
        wait_until(lambda: d.mat()["recording"]["frames"] > 20, 20, "frames")
        d.ok("stop")
        d.ok("wait", path=path, timeout=60)
        with h5py.File(path) as f:
            kinds = [k.decode().strip("\0 ") for k in f["events"]["kind"]]
            texts = [t.decode().strip("\0 ") for t in f["events"]["text"]]
            assert "mark" in kinds and "eyes closed" in texts
            assert sum(1 for x in f["frames/flags"][:] if x & 64) == 1  # PL_FLAG_MARK

        sub = d.subscribe("frame/", "event/")
        tared = d.ok("tare", seconds=0.3)["mats"][0]
        assert tared["calibration"].startswith(before) and "+tare" in tared["calibration"]
        assert tared["mean_counts_max"] > 100
        assert d.mat()["tared"] and d.mat()["calibration"] == tared["calibration"]
        assert sub.event("tare")["mat"] == "left"
        header = sub.until(lambda t, h: t.startswith("frame/") and h["flags"] & 128)[1]
        assert header["scale"] is None  # a factor alone is not the truth any more
        again = d.ok("tare", seconds=0.2)["mats"][0]["calibration"]
        assert again != before
        assert d.ok("tare", clear=True)["mats"][0]["calibration"] == before
        assert not d.mat()["tared"]


def test_calibration_makes_pressures_of_raw_cells():
    """With what `calibration` answers, the frames' raw cells give the metrics' greatest pressure, after a tare too."""
    person = {**SIM, "source": "sim:shift?hz=50&seed=1"}
    with Plantard([person]) as d:
        d.wait_frames(10)
        d.ok("tare", seconds=0.3)  # of somebody who shifts his weight: later cells are above and below it
        cal, = d.ok("calibration")["mats"]
        assert cal["mat"] == "left" and cal["calibration"] == d.mat()["calibration"]
        assert (cal["unit"], cal["scale"], cal["curve"], cal["cell_state"]) == ("kPa", 0.05, None, None)
        assert len(cal["tare"]) == 64 * 64 and max(cal["tare"]) > 100
        sub = d.subscribe("frame/left", "metrics/left")
        peaks = {}
        raw = {}
        while len(set(peaks) & set(raw)) < 20:
            topic, header, blob = sub.next()
            if topic == "metrics/left":
                peaks[header["seq"]] = header["metrics"]["pressure_peak_kpa"]
            else:
                raw[header["seq"]] = struct.unpack("<4096H", blob)
        for seq in set(peaks) & set(raw):
            value = [cal["scale"] * (x - zero) for x, zero in zip(raw[seq], cal["tare"])]
            peak = max(v for v in value if v >= cal["noise_floor"])
            assert peak > 1 and abs(peak - peaks[seq]) < 1e-3
        assert d.refused("calibration", mat="right")["code"] == "noent"


def test_control_refuses_with_reasons():
    with Plantard([SIM]) as d:
        d.wait_frames(1)
        for request, code in ((b"{", "usage"), (b"[]", "usage"), (b"\xff\x00", "usage"),
                              (b'{"v":1,"cmd":"start","subjekt":"x"}', "usage"),
                              (b'{"v":1,"cmd":"stop"}', "state"),
                              (b'{"v":1,"cmd":"wait","path":"/nowhere.h5"}', "noent"),
                              (b'{"v":1,"cmd":"start","mat":"x"}', "noent")):
            reply = d.receive(d.send(request))
            assert reply["ok"] is False and reply["error"]["code"] == code, reply
            assert len(reply["error"]["message"]) > 10
        assert d.ok("version")["software"].startswith("plantard ")
        # a DEALER without an empty delimiter is answered too
        s = d.context.socket(zmq.DEALER)
        s.setsockopt(zmq.LINGER, 0)
        s.connect(d.control)
        s.send(b'{"v":1,"cmd":"version"}')
        assert s.poll(5000 * SLOW) and json.loads(s.recv())["ok"]
        s.close()
        assert d.stop() == 0
        with open(os.path.join(d.state, "audit.log")) as f:
            lines = [json.loads(line) for line in f]
        assert any("subjekt" in line["request"] and line["result"] == "usage" for line in lines)
        assert all(set(line) == {"n", "prev", "t", "who", "role", "peer", "request", "result"} for line in lines)
        assert any(line["peer"].endswith(str(os.getpid())) for line in lines)


def run_example(command, endpoint, lines=5, **env):
    process = subprocess.Popen([*command, endpoint], stdout=subprocess.PIPE, text=True,
                               env=environment(**env))
    try:
        return [process.stdout.readline() for _ in range(lines)]
    finally:
        process.kill()
        process.wait()


def test_example_python():
    with Plantard([SIM]) as d:
        lines = run_example([sys.executable, os.path.join(SOURCE, "tools/examples/subscribe.py")],
                            d.data)
        assert all(line.startswith("left ") and line.endswith(" kPa\n") for line in lines), lines


def test_example_c(folder):
    compiler = shutil.which("cc") or pytest.skip("no C compiler")
    program = os.path.join(folder, "subscribe")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libzmq"], check=True,
                           capture_output=True, text=True).stdout.split()
    subprocess.run([compiler, "-Wall", "-Wextra", "-Werror",
                    os.path.join(SOURCE, "tools/examples/subscribe.c"), "-o", program, *flags],
                   check=True)
    with Plantard([SIM]) as d:
        for line in run_example([program], d.data):
            topic, header = line.split(" ", 1)
            assert topic == "metrics/left" and json.loads(header)["metrics"]["force_n"] > 0


def test_example_javascript(folder):
    node = shutil.which("node")
    modules = os.environ.get("PLANTAR_NODE_MODULES", "")
    if not node or not os.path.isdir(os.path.join(modules, "zeromq")):
        pytest.skip("node or its zeromq package is not here (PLANTAR_NODE_MODULES)")
    shutil.copy(os.path.join(SOURCE, "tools/examples/subscribe.mjs"), folder)
    os.symlink(modules, os.path.join(folder, "node_modules"))
    with Plantard([SIM]) as d:
        lines = run_example([node, os.path.join(folder, "subscribe.mjs")], d.data)
        assert all(line.startswith("left ") and line.endswith(" kPa\n") for line in lines), lines


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
