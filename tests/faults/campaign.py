# SPDX-License-Identifier: Apache-2.0
"""What every fault campaign needs: many trials, each with dice of its own, run side by side.

A campaign is a file campaign_<name>.py with a function trial(t) that raises when something is lost or said
wrongly, and at its end

    if __name__ == "__main__":
        campaign.main("name", trial, short=40, full=400, required="what must hold")

t is a Trial: t.rng decides everything that is random, t.folder is thrown away afterwards, t.lost(seconds) and
t.count(what, n) become figures of the table. A trial that failed is played again with the line that was
printed: same seed, same number, same dice. (Instants are of the clock, so what the threads did meanwhile may
differ; where the instant is a place in a log or the n-th call, it is the same.)
"""
import argparse
import binascii
import ctypes
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from xml.sax.saxutils import escape, quoteattr

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from plantar_harness import (BIN, BUILD, SLOW, Plantard, PtyMat, cells_of, cobs,  # noqa: E402
                             environment, wait_until)

HERE = os.path.dirname(os.path.abspath(__file__))
RESULTS = os.environ.get("PLANTAR_FAULT_RESULTS", os.path.join(BUILD, "fault-results"))
TRIAL_S = 180  # a trial that takes longer hangs
libc = ctypes.CDLL(None, use_errno=True)


# ---- mats ----

def packet(seq, cells, t_us):
    """One PMP frame, written from docs/mats.md; Python's crc_hqx from 0xffff is its CRC-16."""
    body = struct.pack("<BBHI", 1, 1, seq & 0xFFFF, t_us & 0xFFFFFFFF) + cells
    return cobs(body + struct.pack("<H", binascii.crc_hqx(body, 0xFFFF)))


class Mat(PtyMat):
    """A small mat at the end of a pty that sends frames by a thread of its own, whoever reads them, and
    remembers when each was on its way. What does not fit into the pty is lost, as on a real line."""

    def __init__(self, folder, hz=200, rows=16, cols=8):
        super().__init__(os.path.join(folder, "pty"))
        self.hz, self.rows, self.cols = hz, rows, cols
        self.sent = []  # (device_seq, CLOCK_MONOTONIC s before) of frames that went out whole
        self.missed = set()  # frames that did not go out whole: the line was full for too long
        self._stop = threading.Event()
        self._thread = None
        self.conf = os.path.join(folder, "mat.conf")
        with open(self.conf, "w") as f:
            f.write(f'title = "Mat of a fault campaign"; rows = {rows}; cols = {cols}; '
                    f'pitch_mm = 10.0; rate_hz = {hz}.0; protocol = "pmp"; cell = "u16";\n'
                    'calibration = { unit = "kPa"; scale = 0.1; };\n')

    def entry(self):
        return {"source": self.uri, "mat": self.conf, "name": "m"}

    def plug(self):
        super().plug()
        os.set_blocking(self.master, False)
        return self

    def put(self, data):
        """All of it or as much as the line takes; True when it was all. Attempts are counted and not seconds: when
        all stand still, reader and mat, the line is not full."""
        view, attempts = memoryview(data), 0
        while view:
            try:
                view = view[os.write(self.master, view):]
            except BlockingIOError:
                attempts += 1
                if attempts > 500:
                    return False
                time.sleep(0.001)
        return True

    def _send(self):
        begin, n = time.monotonic(), 0
        while not self._stop.wait(max(0.0, begin + n / self.hz - time.monotonic())):
            seq, at = self.seq, time.monotonic()
            data = packet(seq, cells_of(seq, self.rows, self.cols), int(n * 1e6 / self.hz))
            if self.put(data):
                self.sent.append((seq, at))
            else:
                self.missed.add(seq)
                if not self.put(b"\0"):  # what went out of it is no packet
                    self.missed.add(seq + 1)  # but becomes its beginning
            self.seq += 1
            n += 1

    def go(self):
        self._stop.clear()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def halt(self):
        self._stop.set()
        if self._thread:
            self._thread.join()
        self._thread = None

    def close(self):
        self.halt()
        super().close()

    def __enter__(self):
        return self.plug()

    def __exit__(self, *_):
        self.close()


# ---- recordings ----

def text(value):
    return value.decode().strip("\0 ") if isinstance(value, bytes) else str(value)


class Recorded:
    """What is in a .h5, by h5py alone."""

    def __init__(self, path):
        import h5py
        with h5py.File(path, "r") as f:
            self.seq = [int(s) for s in f["frames/device_seq"][:]]
            self.own_seq = [int(s) for s in f["frames/seq"][:]]
            self.epoch = [int(e) for e in f["frames/epoch"][:]] if "frames/epoch" in f else []
            self.raw = f["frames/raw"][:]
            self.gaps = [{k: text(g[k]) if k == "cause" else int(g[k]) for k in g.dtype.names}
                         for g in f["gaps"][:]]
            self.complete = bool(f.attrs["complete"])
            self.events = [text(k) for k in f["events"]["kind"]]

    def check_cells(self):
        rows, cols = self.raw.shape[1:]
        for seq, cells in zip(self.seq, self.raw):
            assert cells.astype("<u2").tobytes() == cells_of(seq, rows, cols), f"frame {seq} is wrong"

    def check_unbroken(self, mat):
        """No frame missing, doubled or wrong from the first to the last, but those that the mat could not send."""
        if self.seq:
            sent = [s for s in range(self.seq[0], self.seq[-1] + 1) if s not in mat.missed]
            assert self.seq == sent, f"{self.seq}; not sent: {sorted(mat.missed)}"
        self.check_cells()


def files(root, *ends):
    return sorted(os.path.join(where, name) for where, _, names in os.walk(root)
                  for name in names if name.endswith(ends))


def fingerprint(root):
    """Names and contents of all sessions (the audit log beside them may grow)."""
    found = {}
    for path in files(root, ""):
        if os.path.dirname(path) == root:
            continue
        with open(path, "rb") as f:
            found[os.path.relpath(path, root)] = hashlib.sha256(f.read()).hexdigest()
    return found


def plantar(*args, check=True):
    done = subprocess.run([os.path.join(BIN, "plantar"), *args], capture_output=True, text=True,
                          env=environment(), timeout=120 * SLOW)
    assert not check or done.returncode == 0, f"plantar {' '.join(args)}: {done.stdout}{done.stderr}"
    return done


def verify(root, audit=True):
    """plantar verify of every recording below root: how many files it looked at. audit: of the audit log, too."""
    if not files(root, ".h5"):
        return 0
    report = json.loads(plantar("verify", root, "--json", check=False).stdout)
    assert all(f["ok"] for f in report["files"]) and report["unfinished"] == 0, report
    assert not audit or report["problems"] == 0, report
    return len(report["files"])


def recovered(d, timeout=60):
    """Waits until nothing below the archive is unfinished."""
    def done():
        a = d.status()["archive"]
        return not a["recovering"] and not a["converting"] and \
            not files(d.state, ".journal", ".part", ".lock")
    wait_until(done, timeout, "recovery: " + " ".join(files(d.state, "")))


def new_namespace():
    """Mounts of this process are its own from now on; False where that is not allowed."""
    new_ns, rec_private = 0x20000, 0x4000 | 0x40000
    return libc.unshare(new_ns) == 0 and libc.mount(b"none", b"/", None, rec_private, None) == 0


def mount_tmpfs(path, size, remount=False):
    flags = 0x20 if remount else 0
    if libc.mount(b"tmpfs", path.encode(), b"tmpfs", flags, f"size={size}".encode()):
        raise OSError(ctypes.get_errno(), f"cannot mount a tmpfs on {path}")


# ---- trials ----

class Trial:
    def __init__(self, name, seed, number):
        self.number = number
        self.rng = random.Random(f"{seed}/{name}/{number}")
        self.folder = tempfile.mkdtemp(prefix=f"plantar-{name}-")
        self.worst_s, self.counts = 0.0, {}
        self._daemons = []

    def lost(self, seconds, at_most):
        """Seconds that are missing at the end of a recording."""
        self.worst_s = max(self.worst_s, seconds)
        assert seconds <= at_most * SLOW, f"{seconds:.3f} s are missing, {at_most} s may be"

    def count(self, what, n=1):
        self.counts[what] = self.counts.get(what, 0) + n

    def mat(self, **keys):
        return Mat(self.folder, **keys)

    def daemon(self, mats, **keys):
        """A plantard whose recordings are below d.state; ended with the trial."""
        keys.setdefault("archive", {"reserve_mb": 0.0})
        d = Plantard([m if isinstance(m, dict) else m.entry() for m in mats],
                     folder=os.path.join(self.folder, f"d{len(self._daemons)}"), **keys)
        self._daemons.append(d)
        return d

    def close(self):
        for d in self._daemons:
            d.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def run_trial(name, function, seed, number, to=None):
    """In a process of its own. (None or what went wrong, worst seconds, counts)."""
    os.setpgid(0, 0) if to else None
    t = Trial(name, seed, number)
    wrong = None
    try:
        function(t)
    except BaseException:
        wrong = traceback.format_exc()
        for d in t._daemons:
            if os.path.exists(d.log_path):
                wrong += f"--- log of {d.log_path}\n" + d.log()[-3000:]
    finally:
        t.close()
    outcome = (wrong, t.worst_s, t.counts)
    if to:
        to.send(outcome)
    return outcome


class Running:
    def __init__(self, name, function, seed, number):
        self.number, self.end = number, time.monotonic() + TRIAL_S * SLOW
        self.pipe, to = multiprocessing.Pipe(False)
        self.process = multiprocessing.Process(target=run_trial,
                                               args=(name, function, seed, number, to))
        self.process.start()
        to.close()

    def outcome(self):
        """None while it runs."""
        if self.pipe.poll():
            try:
                got = self.pipe.recv()
            except EOFError:
                got = ("the trial's process died", 0.0, {})
        elif time.monotonic() < self.end:
            return None
        else:
            got = ("the trial hangs", 0.0, {})
        try:
            if got[0]:
                os.killpg(self.process.pid, signal.SIGKILL)  # its daemons, too
        except ProcessLookupError:
            pass
        self.process.join()
        return got


class Tally:
    def __init__(self):
        self.trials, self.worst_s, self.counts, self.failures = 0, 0.0, {}, []

    def add(self, number, outcome, replay):
        wrong, worst_s, counts = outcome
        self.trials += 1
        self.worst_s = max(self.worst_s, worst_s)
        for what, n in counts.items():
            self.counts[what] = self.counts.get(what, 0) + n
        if wrong:
            self.failures.append(number)
            print(f"trial {number} failed; again with: {replay} --trial {number}\n{wrong}", flush=True)


def run_all(name, function, seed, numbers, jobs, replay):
    tally, waiting, running = Tally(), list(numbers), []
    while waiting or running:
        while waiting and len(running) < jobs:
            running.append(Running(name, function, seed, waiting.pop(0)))
        for r in list(running):
            outcome = r.outcome()
            if outcome is not None:
                running.remove(r)
                tally.add(r.number, outcome, replay)
        time.sleep(0.01)
    return tally


# ---- the table ----

def row(r):
    """One line of the table."""
    counts = ", ".join(f"{n} {what}" for what, n in sorted(r["counts"].items()))
    worst = f"{r['worst_s']:.3f}" if r["worst_s"] else "-"
    return f"| {r['name']} | {r['trials']} | {worst} | {len(r['failures'])} | {r['required']} | {counts} |"


HEAD = ("| campaign | trials | worst missing s | failures | required | counted |\n"
        "|---|---|---|---|---|---|")


def save(result):
    os.makedirs(RESULTS, exist_ok=True)
    with open(os.path.join(RESULTS, result["name"] + ".json"), "w") as f:
        json.dump(result, f, indent=1)


def junit(path, result):
    """As ctest writes it, for tools/count-results.py."""
    ok = not result["failures"]
    with open(path, "w") as f:
        f.write(f'<testsuite name="faults" tests="1">\n<testcase name={quoteattr(result["name"])} '
                f'time="{result["seconds"]:.1f}" status="{"run" if ok else "fail"}">')
        if not ok:
            f.write(f'<failure message={quoteattr("trials " + str(result["failures"]))}/>')
        f.write(f"<system-out>{escape(row(result))}</system-out></testcase>\n</testsuite>\n")


def main(name, function, short, full, required, jobs=6):
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--full", action="store_true", help=f"{full} trials instead of {short}")
    parser.add_argument("--trials", type=int, help="so many trials")
    parser.add_argument("--seed", type=int, help="of all dice; printed when it is not given")
    parser.add_argument("--trial", type=int, help="only this one")
    parser.add_argument("--jobs", type=int, default=jobs, help="trials side by side (%(default)s)")
    parser.add_argument("--junit", help="write a JUnit file")
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(10**6)
    replay = f"tests/faults/run BUILD --only {name} --seed {seed}"
    n = args.trials or (full if args.full else short)
    numbers = [args.trial] if args.trial is not None else range(n)
    began = time.monotonic()
    print(f"# {name}: {len(numbers)} trials, seed {seed}", flush=True)
    tally = run_all(name, function, seed, numbers, args.jobs, replay)
    result = {"name": name, "seed": seed, "required": required, "trials": tally.trials,
              "worst_s": tally.worst_s, "counts": tally.counts, "failures": sorted(tally.failures),
              "seconds": time.monotonic() - began, "full": args.full,
              "utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    if args.trial is None:
        save(result)
    print(row(result) + f"   {result['seconds']:.0f} s", flush=True)
    if args.junit:
        junit(args.junit, result)
    sys.exit(1 if tally.failures else 0)


def print_table(names):
    """What each campaign did last, in that order."""
    print(HEAD)
    for name in names:
        path = os.path.join(RESULTS, name + ".json")
        if os.path.exists(path):
            with open(path) as f:
                print(row(json.load(f)))


if __name__ == "__main__":
    print_table(sys.argv[1:])
