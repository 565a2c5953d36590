# SPDX-License-Identifier: Apache-2.0
"""plantard as a service: exit codes, addresses in use, two daemons, readiness and watchdog, and subscribers
that are slow, stuck or hostile."""
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pytest
import zmq

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from plantar_harness import (BIN, SLOW, SOURCE, Plantard, environment, resident_kib,  # noqa: E402
                             wait_until)

SIM = {"source": "sim:standing?hz=100&seed=1", "mat": "pmp-64x64", "name": "m"}


@pytest.fixture
def folder():
    path = tempfile.mkdtemp(prefix="plantard-test-")
    yield path
    shutil.rmtree(path, ignore_errors=True)


def run(*args, **env):
    done = subprocess.run([os.path.join(BIN, "plantard"), *args], capture_output=True, text=True,
                          timeout=20 * SLOW, env=environment(**env))
    return done.returncode, done.stdout, done.stderr


# ---- command line and configuration ----

def test_command_line():
    code, out, _ = run("--version")
    assert code == 0 and re.fullmatch(r"plantard \d+\.\d+\.\d+\n", out)
    code, out, _ = run("--help")
    assert code == 0 and "--config FILE" in out
    assert run("--frobnicate")[0] == 2
    assert run("extra")[0] == 2


def test_bad_configurations_end_with_78_before_anything_is_opened(folder):
    link = os.path.join(folder, "port")
    master, slave = os.openpty()
    os.symlink(os.ttyname(slave), link)
    good = f'mats = ({{ source = "serial:{link}"; mat = "pmp-64x64"; }});\n'
    cases = [("mats = (", ":1: syntax error"),
             (good + "reserve = 3;", ":2: reserve: unknown key"),
             (good + 'publish = { view_hz = "fast"; };', ":2: publish.view_hz: "),
             ('mats = ({ source = "serial:/dev/x"; mat = "no-such-mat"; });',
              ':1: mats[0].mat: no mat "no-such-mat"; known: '),
             ('mats = ({ source = "serial:/dev/x"; mat = "/nowhere/x.conf"; });', "/nowhere/x.conf"),
             ('mats = ({ source = "telepathy:"; mat = "pmp-64x64"; });', ":1: mats[0].source: ")]
    path = os.path.join(folder, "plantard.conf")
    for text, expected in cases:
        with open(path, "w") as f:
            f.write(text)
        for args in (["--check"], []):
            code, _, err = run("--config", path, *args, PLANTARD_RUNTIME_DIR=folder + "/run",
                               PLANTARD_STATE_DIR=folder + "/state")
            assert code == 78, err
            assert err.startswith("<3>") and expected in err, err
            assert len(err.splitlines()) == 1
    assert not os.path.exists(folder + "/run")
    code, _, err = run("--config", folder + "/none.conf")
    assert code == 78 and "/none.conf" in err
    code, _, err = run(HOME=folder, XDG_CONFIG_HOME=folder)
    if not os.path.exists("/etc/plantard/plantard.conf"):
        assert code == 78 and f"{folder}/plantard/plantard.conf" in err and "--config" in err
    os.close(master)
    os.close(slave)


def test_check_of_the_shipped_example():
    code, out, err = run("--config", os.path.join(SOURCE, "config/plantard.conf"), "--check")
    assert code == 0 and "is valid" in out and err == ""


def test_configuration_is_found_in_the_home_folder(folder):
    os.makedirs(os.path.join(folder, "plantard"))
    shutil.copy(os.path.join(SOURCE, "config/plantard.conf"), os.path.join(folder, "plantard"))
    code, out, _ = run("--check", XDG_CONFIG_HOME=folder)
    assert code == 0 and f"{folder}/plantard/plantard.conf is valid" in out


def test_log_has_priorities_and_hangup_is_ignored():
    with Plantard([SIM]) as d:
        d.signal(signal.SIGHUP)
        wait_until(lambda: "SIGHUP ignored" in d.log(), 10, "the line")
        d.wait_frames(5)
        assert all(re.match(r"<[3-7]>", line) for line in d.log().splitlines())


# ---- addresses ----

def test_busy_tcp_address():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        endpoint = f"tcp://127.0.0.1:{s.getsockname()[1]}"
        d = Plantard([SIM], publish={"endpoints": [endpoint]})
        try:
            code, _, err = d.run()
            assert code == 1 and f"{endpoint} is in use by another program" in err
            assert "choose another address" in err
        finally:
            d.close()


def test_live_ipc_socket_is_left_alone_and_a_dead_one_replaced():
    d = Plantard([SIM])
    path = d.data[len("ipc://"):]
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path)
            s.listen()
            code, _, err = d.run()
            assert code == 1 and f"ipc://{path} is in use by a running program" in err
            assert os.path.exists(path)
        assert os.path.exists(path)  # left by somebody who died
        d.start()
        assert os.stat(path).st_mode & 0o777 == 0o660
        assert os.stat(d.control[6:]).st_mode & 0o777 == 0o660
        sub = d.subscribe("frame/")
        sub.next()
        sub.close()
        d.subscribers.clear()
        assert d.stop() == 0
        with open(path, "w") as f:
            f.write("precious")
        code, _, err = d.run()
        assert code == 1 and "is no socket" in err
        with open(path) as f:
            assert f.read() == "precious"
    finally:
        d.close()


def test_two_daemons_do_not_fight():
    with Plantard([SIM]) as d:
        code, _, err = d.run()
        assert code == 1
        assert f"another plantard runs here already (process {d.process.pid}" in err
        assert "PLANTARD_RUNTIME_DIR" in err
        d.wait_frames(5)


# ---- systemd ----

class NotifySocket:
    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)

    def until(self, start, timeout=10):
        end = time.monotonic() + timeout * SLOW
        while True:
            self.socket.settimeout(max(0.001, end - time.monotonic()))
            text = self.socket.recv(4096).decode()
            if text.startswith(start):
                return text


def test_readiness_watchdog_and_stopping(folder):
    notify = NotifySocket(folder)
    with Plantard([SIM], env={"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": 2_000_000}) as d:
        notify.until("READY=1")
        before = time.monotonic()
        for _ in range(4):
            notify.until("WATCHDOG=1")
        if SLOW == 1:
            assert 1 < time.monotonic() - before < 4
        d.wait_state("running")
        notify.until("STATUS=m: running")
        d.ok("start")
        d.signal(signal.SIGTERM)
        notify.until("STOPPING=1")
        notify.until("EXTEND_TIMEOUT_USEC=")
        assert d.wait() == 0
    notify.socket.close()


def hold_thread(pid, name):
    """Stops one thread of a process; returns a function that lets it go on."""
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    seize, interrupt, detach = 0x4206, 0x4207, 17
    for tid in map(int, os.listdir(f"/proc/{pid}/task")):
        with open(f"/proc/{pid}/task/{tid}/comm") as f:
            if f.read().strip() != name:
                continue
        if ptrace(seize, tid, None, None) or ptrace(interrupt, tid, None, None):
            pytest.skip(f"threads cannot be held here: {os.strerror(ctypes.get_errno())}")
        os.waitpid(tid, 0x40000000)  # __WALL
        return lambda: ptrace(detach, tid, None, None)
    raise AssertionError(f"no thread {name}")


@pytest.mark.parametrize("name", ["reader", "process", "publisher", "recorder"])
def test_watchdog_starves_when_a_thread_hangs(folder, name):
    notify = NotifySocket(folder)
    with Plantard([SIM], env={"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": 1_000_000}) as d:
        d.wait_state("running")
        notify.until("WATCHDOG=1")
        release = hold_thread(d.process.pid, name)
        try:
            if name == "recorder":  # a disk that is stuck must not end acquisition
                wait_until(lambda: "recorder-stalled" in d.log(), 10, "the event")
                notify.until("WATCHDOG=1")
                return
            fed = time.monotonic()
            with pytest.raises(TimeoutError):
                while time.monotonic() - fed < 20 * SLOW:
                    notify.until("WATCHDOG=1", timeout=2 if name != "reader" else 3)
        finally:
            release()
        notify.until("WATCHDOG=1", timeout=20)
    notify.socket.close()


def test_no_core_dumps_and_no_open_files():
    with Plantard([SIM]) as d:
        path = d.record(0.3, subject="P-1")
        with open(f"/proc/{d.process.pid}/limits") as f:
            assert re.search(r"Max core file size +0 +0 ", f.read())
        with open(f"/proc/{d.process.pid}/coredump_filter") as f:
            assert int(f.read(), 16) == 0  # what a pipe of core_pattern would get
        folder = os.path.dirname(path)
        for name in os.listdir(folder):
            assert os.stat(os.path.join(folder, name)).st_mode & 0o777 == 0o640, name
        while folder != d.state:
            assert os.stat(folder).st_mode & 0o777 == 0o750, folder
            folder = os.path.dirname(folder)
        for name in ("audit.log", "audit.head"):
            assert os.stat(os.path.join(d.state, name)).st_mode & 0o777 == 0o640, name


# ---- subscribers ----

def test_stuck_subscriber_harms_nobody():
    fast = {**SIM, "source": "sim:standing?hz=1000&seed=1"}
    with Plantard([fast]) as d:
        stuck = d.context.socket(zmq.SUB)
        stuck.setsockopt(zmq.RCVHWM, 1)
        stuck.setsockopt(zmq.LINGER, 0)
        stuck.subscribe(b"")
        stuck.connect(d.data)
        healthy = d.subscribe("frame/")
        header = healthy.next()[1]
        last, end = header["seq"], time.monotonic() + 6
        while time.monotonic() < end:
            header = healthy.next()[1]
            if SLOW == 1:
                assert header["seq"] == last + 1
            last = header["seq"]
        m = d.mat()
        assert m["publish"]["dropped"] == 0 or SLOW > 1
        assert sum(m["lost_total"].values()) == 0 or SLOW > 1
        assert m["pool"]["available"] > m["pool"]["size"] - 200  # it holds no frames
        # one second of frames, metrics and views for the stuck one, and what the socket buffers take
        if SLOW == 1:
            assert resident_kib(d.process.pid) < 60 * 1024
        # it wakes up, and sees by the numbers what it has missed
        seqs = []
        while stuck.poll(500):
            parts = stuck.recv_multipart()
            if parts[0] == b"frame/m":
                seqs.append(int(re.search(rb'"seq":(\d+)', parts[1]).group(1)))
            if len(seqs) > 2 and seqs[-1] != seqs[-2] + 1:
                break
        assert any(b != a + 1 for a, b in zip(seqs, seqs[1:]))
        stuck.close()


def test_hostile_clients_harm_nobody():
    port = socket.socket()
    port.bind(("127.0.0.1", 0))
    number = port.getsockname()[1]
    port.close()
    with Plantard([SIM], publish={"endpoints": [f"tcp://127.0.0.1:{number}"]}) as d:
        d.data = f"tcp://127.0.0.1:{number}"
        sub = d.subscribe("frame/")
        for data in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 5000, b"\0" * 100, b""):
            with socket.create_connection(("127.0.0.1", number)) as s:
                try:
                    s.sendall(data)
                except OSError:
                    pass
        many = d.context.socket(zmq.SUB)  # more topics than anybody needs
        many.setsockopt(zmq.LINGER, 0)
        many.connect(d.data)
        for i in range(3000):
            many.subscribe(b"nothing/%d" % i)
        dealer = d.context.socket(zmq.DEALER)
        dealer.setsockopt(zmq.LINGER, 0)
        dealer.connect(d.control)
        dealer.send(b"x" * 200_000)  # over the limit: this client is cut off
        last = sub.next()[1]["seq"]
        for _ in range(100):
            seq = sub.next()[1]["seq"]
            assert seq == last + 1
            last = seq
        assert d.ok("version")
        # more waiting requests than the table has room for
        d.ok("start")
        path = d.mat()["recording"]["path"]
        waiting = [d.send({"v": 1, "cmd": "wait", "path": path}) for _ in range(70)]
        full = wait_until(lambda: next((s for s in waiting if s.poll(0)), None), 10, "a refusal")
        waiting.remove(full)
        assert d.receive(full)["error"]["code"] == "busy"
        for s in waiting[:10]:
            s.close()  # leave without their answer
        assert d.stop() == 0
        many.close()
        dealer.close()
        for s in waiting[10:]:
            s.close()


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
