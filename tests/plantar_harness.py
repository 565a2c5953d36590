# SPDX-License-Identifier: Apache-2.0
"""A running plantard for tests, and the clients and mats around it.

    from plantar_harness import Plantard, PtyMat, pmp_frame

    def test_something():
        with Plantard([{"source": "sim:standing?hz=100", "mat": "pmp-64x64", "name": "m"}]) as d:
            sub = d.subscribe("frame/")
            topic, header, blob = sub.next()
            reply = d.ok("start", subject="P-1")
            ...

Every daemon has folders and ipc sockets of its own, so tests run side by side. Times are generous and
multiplied by $PLANTAR_SLOW (3 under sanitizers): tests wait for conditions, never for durations. The
environment (PLANTAR_BIN, PLANTAR_MATS, PLANTAR_SHARED) comes from CMake; without it build/ of the
source tree is used.
"""
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import tty

import zmq

SOURCE = os.environ.get(
    "PLANTAR_SOURCE", os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("PLANTAR_BUILD", os.path.join(SOURCE, "build"))
BIN = os.environ.get("PLANTAR_BIN", os.path.join(BUILD, "bin"))
SHARED = os.environ.get("PLANTAR_SHARED", os.path.join(os.path.dirname(SOURCE), "shared"))


def sanitizer():
    """"thread", "address" or "" for the programs under test."""
    try:
        with open(os.path.join(BUILD, "CMakeCache.txt")) as f:
            found = re.search(r"^PLANTAR_SANITIZE:\w+=(\w*)", f.read(), re.M)
            return found.group(1) if found else ""
    except OSError:
        return ""


SANITIZER = sanitizer()
SLOW = float(os.environ.get("PLANTAR_SLOW", 3 if SANITIZER else 1))


def environment(**more):
    """The environment for programs under test."""
    env = dict(os.environ)
    env.setdefault("PLANTAR_MATS", os.path.join(SOURCE, "config", "mats"))
    env["HOME"] = env.get("HOME") or "/"
    # libzmq and HDF5 are not instrumented: what they do between their threads is not judged.
    env["TSAN_OPTIONS"] = (env.get("TSAN_OPTIONS", "") + " suppressions=" +
                           os.path.join(SOURCE, "tests", "tsan.supp")).strip()
    # libconfig 1.5 forgets the token at which a syntax error is found.
    env["LSAN_OPTIONS"] = ("suppressions=" + os.path.join(SOURCE, "tests", "lsan.supp") +
                           ":print_suppressions=0")
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        env.pop(name, None)
    env.update({k: str(v) for k, v in more.items()})
    return env


def wait_until(condition, timeout=10.0, what="condition", every=0.02):
    """The first true value of condition(), or an AssertionError naming what was waited for."""
    end = time.monotonic() + timeout * SLOW
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"timed out waiting for {what}")
        time.sleep(every)


def _quote(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, list):
        return "(" + ", ".join(_group(v) for v in value) + ")"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _group(settings):
    return "{ " + " ".join(f"{k} = {_quote(v)};" for k, v in settings.items()) + " }"


class Subscriber:
    """Parses with built-ins only, as docs/wire.md promises is enough."""

    def __init__(self, context, endpoint, topics, hwm=100000):
        self.socket = context.socket(zmq.SUB)
        self.socket.setsockopt(zmq.RCVHWM, hwm)
        self.socket.setsockopt(zmq.LINGER, 0)
        for topic in topics:
            self.socket.setsockopt(zmq.SUBSCRIBE, topic.encode())
        self.socket.connect(endpoint)

    def next(self, timeout=10.0):
        """(topic, header as dict, blob or None); AssertionError when nothing comes."""
        if not self.socket.poll(int(timeout * SLOW * 1000)):
            raise AssertionError("no message came")
        parts = self.socket.recv_multipart()
        header = json.loads(parts[1].decode())
        return parts[0].decode(), header, parts[2] if len(parts) > 2 else None

    def until(self, condition, timeout=10.0, what="message"):
        """The first (topic, header, blob) for which condition(topic, header) is true."""
        end = time.monotonic() + timeout * SLOW
        while time.monotonic() < end:
            if self.socket.poll(int(max(0, end - time.monotonic()) * 1000)):
                message = self.next()
                if condition(message[0], message[1]):
                    return message
        raise AssertionError(f"timed out waiting for {what}")

    def event(self, kind, timeout=10.0):
        """The next event of that kind."""
        return self.until(lambda topic, h: topic.startswith("event/") and h["kind"] == kind,
                          timeout, f"event {kind}")[1]

    def drain(self, quiet=0.3):
        """All that is there, until nothing comes for a while."""
        messages = []
        while self.socket.poll(int(quiet * SLOW * 1000)):
            messages.append(self.next())
        return messages

    def close(self):
        self.socket.close()


class Plantard:
    """mats: a list of dicts with the keys of an entry of `mats` in plantard.conf; sources is a list
    of dicts in it."""

    def __init__(self, mats, publish=None, control=None, archive=None, log="debug", config=None,
                 env=None, user=None, folder=None, wrap=()):
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="plantard-")
        self.runtime = os.path.join(self.folder, "run")
        self.state = os.path.join(self.folder, "state")
        self.data = f"ipc://{self.runtime}/data.sock"
        self.control = f"ipc://{self.runtime}/control.sock"
        self.config_path = os.path.join(self.folder, "plantard.conf")
        self.log_path = os.path.join(self.folder, "log")
        self.user, self.wrap, self.env = user, list(wrap), dict(env or {})
        self.process = None
        self.context = zmq.Context()
        self.subscribers = []
        publish = dict(publish or {})
        endpoints = publish.pop("endpoints", [self.data])
        self.config = config or "\n".join([
            "mats = (" + ",\n".join(_group(m) for m in mats) + ");",
            "publish = { endpoints = [" + ", ".join(_quote(e) for e in endpoints) + "]; " +
            " ".join(f"{k} = {_quote(v)};" for k, v in publish.items()) + " };",
            "control = " + _group(control or {"endpoint": self.control}) + ";",
            "archive = " + _group(archive or {}) + ";",
            f'log = "{log}";', ""])
        for path in (self.runtime, self.state):
            os.makedirs(path, exist_ok=True)
        if user:
            os.chmod(self.folder, 0o755)
            for path in (self.runtime, self.state):
                shutil.chown(path, user)
        with open(self.config_path, "w") as f:
            f.write(self.config)

    # ---- life ----

    def command(self, *args):
        command = self.wrap + [os.path.join(BIN, "plantard"), "--config", self.config_path, *args]
        if self.user:
            command = ["setpriv", f"--reuid={self.user}", "--clear-groups", *command]
        return command

    def environment(self):
        return environment(PLANTARD_RUNTIME_DIR=self.runtime, PLANTARD_STATE_DIR=self.state,
                           PLANTARD_CONTROL=self.control, **self.env)

    def start(self, wait=True):
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(self.command(), env=self.environment(), stderr=log,
                                        stdin=subprocess.DEVNULL)
        log.close()
        if wait:
            try:
                wait_until(self._answers, 20, "plantard to answer")
            except BaseException:
                sys.stderr.write(self.log()[-6000:])
                self.close()
                raise
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"plantard ended with {self.process.returncode}:\n{self.log()}")
        return os.path.exists(self.control[len("ipc://"):]) and self.request("version", timeout=2)

    def run(self, *args, timeout=30):
        """Runs to its end: (exit code, stdout, stderr)."""
        done = subprocess.run(self.command(*args), env=self.environment(), capture_output=True,
                              timeout=timeout * SLOW, text=True)
        return done.returncode, done.stdout, done.stderr

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=60):
        """Exit code."""
        return self.process.wait(timeout * SLOW)

    def stop(self, timeout=60):
        """SIGTERM; the exit code. Sanitizer findings fail the test."""
        if self.process and self.process.poll() is None:
            self.signal(signal.SIGTERM)
            self.wait(timeout)
        code = self.process.returncode
        text = self.log()
        assert "Sanitizer" not in text and "runtime error:" not in text, text
        return code

    def kill(self):
        self.signal(signal.SIGKILL)
        self.wait()

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                assert self.stop() == 0, self.log()
            else:
                sys.stderr.write(self.log()[-6000:])
        finally:
            self.close()

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for subscriber in self.subscribers:
            subscriber.close()
        self.context.destroy(0)
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    # ---- control ----

    def send(self, request):
        """A DEALER socket on which `request` (dict or bytes) was sent: for replies that take a
        while. Read with receive()."""
        s = self.context.socket(zmq.REQ)
        s.setsockopt(zmq.LINGER, 0)
        s.connect(self.control)
        s.send(request if isinstance(request, bytes) else json.dumps(request).encode())
        return s

    @staticmethod
    def receive(s, timeout=20):
        try:
            if not s.poll(int(timeout * SLOW * 1000)):
                raise AssertionError("no reply")
            return json.loads(s.recv().decode())
        finally:
            s.close()

    def request(self, cmd, timeout=20, **keys):
        return self.receive(self.send({"v": 1, "cmd": cmd, **keys}), timeout)

    def ok(self, cmd, timeout=20, **keys):
        reply = self.request(cmd, timeout, **keys)
        assert reply["ok"], reply
        return reply

    def refused(self, cmd, **keys):
        """The error of a request that must fail."""
        reply = self.request(cmd, **keys)
        assert not reply["ok"], reply
        return reply["error"]

    def status(self):
        return self.ok("status")["status"]

    def mat(self, name=None):
        mats = self.status()["mats"]
        return mats[0] if name is None else next(m for m in mats if m["mat"] == name)

    def wait_state(self, state, name=None, timeout=15):
        def there():
            m = self.mat(name)
            return m if m["state"] == state else None
        return wait_until(there, timeout, f"state {state}")

    def wait_frames(self, n, name=None, timeout=20):
        return wait_until(lambda: self.mat(name)["frames"] >= n, timeout, f"{n} frames")

    def record(self, seconds_or_condition, **keys):
        """Start, wait, stop, wait for the file: its path."""
        path = self.ok("start", **keys)["trials"][0]["path"]
        if callable(seconds_or_condition):
            wait_until(seconds_or_condition, 30, "what was to be recorded")
        else:
            time.sleep(seconds_or_condition)
        self.ok("stop")
        self.ok("wait", path=path, timeout=60)
        return path

    # ---- data ----

    def subscribe(self, *topics, settle=True):
        """A Subscriber to topics ("" for all); returns once plantard has noticed it."""
        s = Subscriber(self.context, self.data, topics or [""])
        self.subscribers.append(s)
        if settle:  # status comes every second: the first one shows the connection is made
            s.socket.setsockopt(zmq.SUBSCRIBE, b"status")
            s.until(lambda topic, h: topic == "status", what="status")
            time.sleep(0.1)
            if "status" not in topics and "" not in topics:
                s.socket.setsockopt(zmq.UNSUBSCRIBE, b"status")
        return s


# ---- mats ----

CRC_TABLE = []
for _byte in range(256):
    _crc = _byte << 8
    for _ in range(8):
        _crc = (_crc << 1 ^ 0x1021 if _crc & 0x8000 else _crc << 1) & 0xFFFF
    CRC_TABLE.append(_crc)


def crc16(data):
    """CRC-16/CCITT-FALSE."""
    crc = 0xFFFF
    for byte in data:
        crc = (crc << 8 & 0xFFFF) ^ CRC_TABLE[crc >> 8 ^ byte]
    return crc


def cobs(data):
    """One packet as COBS, with its ending zero."""
    out = bytearray()
    parts = bytes(data).split(b"\0")
    for i, part in enumerate(parts):
        while len(part) >= 254:
            out += b"\xff" + part[:254]
            part = part[254:]
            if not part and i == len(parts) - 1:
                return bytes(out) + b"\0"
        out += bytes([len(part) + 1]) + part
    return bytes(out) + b"\0"


def pmp_frame(seq, cells, t_us=None, wrong=0):
    """One PMP frame packet, written from the specification alone (docs/mats.md): cells are the
    bytes of rows * cols little-endian u16. wrong: changes the checksum."""
    t_us = seq * 10000 if t_us is None else t_us
    packet = struct.pack("<BBHI", 1, 1, seq & 0xFFFF, t_us & 0xFFFFFFFF) + cells
    return cobs(packet + struct.pack("<H", crc16(packet) ^ wrong))


def small_mat(folder, rows=16, cols=8, rate_hz=100, name="small", pitch_mm=10.0, calibrated=True):
    """A mat file of a small PMP mat, for tests that write frames from Python. Its path."""
    path = os.path.join(folder, f"{name}.conf")
    with open(path, "w") as f:
        f.write(f'title = "Small PMP mat"; rows = {rows}; cols = {cols}; pitch_mm = {pitch_mm};\n'
                f'rate_hz = {rate_hz}; protocol = "pmp"; cell = "u16";\n'
                + ('calibration = { unit = "kPa"; scale = 0.1; };\n' if calibrated else ""))
    return path


def cells_of(seq, rows=16, cols=8):
    """Cells that are different for each frame."""
    return struct.pack(f"<{rows * cols}H", *((seq * 7 + i) % 60000 for i in range(rows * cols)))


class PtyMat:
    """A mat at the end of a link to a pty that can be unplugged and plugged in again."""

    def __init__(self, link):
        self.link = link
        self.master = self.slave = None
        self.seq = 0

    @property
    def uri(self):
        return f"serial:{self.link}"

    def plug(self):
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        new = self.link + ".new"
        os.symlink(os.ttyname(self.slave), new)
        os.rename(new, self.link)
        os.close(self.slave)
        self.slave = None
        return self

    def unplug(self):
        os.unlink(self.link)
        os.close(self.master)
        self.master = None

    def write(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self.master, view):]

    def frames(self, n, hz=0, rows=16, cols=8):
        """Sends n frames numbered on from the last one."""
        start = time.monotonic()
        for i in range(n):
            if hz:
                time.sleep(max(0, start + i / hz - time.monotonic()))
            self.write(pmp_frame(self.seq, cells_of(self.seq, rows, cols)))
            self.seq += 1

    def close(self):
        if self.master is not None:
            os.close(self.master)
            self.master = None


def cpu_ns(pid):
    """CPU time of a process so far, all its threads, in ns; None when it has gone."""
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        return None


def children(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as f:
                found += [int(p) for p in f.read().split()]
    except OSError:
        pass
    return found


def resident_kib(pid):
    try:
        with open(f"/proc/{pid}/status") as f:
            return int(re.search(r"^VmRSS:\s+(\d+)", f.read(), re.M).group(1))
    except (OSError, AttributeError):
        return 0
