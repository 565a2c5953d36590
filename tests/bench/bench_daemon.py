# SPDX-License-Identifier: Apache-2.0
"""What the whole daemon costs, beside `cat PTY > file`: 64 x 64 u16 frames in PMP through a pty, decoded,
measured, published to one frame subscriber, recorded.

usage: bench_daemon.py [--seconds N] [--rounds 3] [--hz 500] [--unpaced-frames N] [--check]

Prints one table: medians of the rounds, on a machine that should have nothing else to do. CPU is that of the daemon and its converter child, user and system, from the first to
the last frame; what finishing the file costs after that is a row of its own. --check exits 1 when the
bars of docs/performance.md are not met.
"""
import argparse
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from plantar_harness import BUILD, Plantard, children, cpu_ns, resident_kib, wait_until  # noqa: E402

TESTS = os.path.join(BUILD, "tests")


class Sender:
    def __init__(self, folder, frames, hz):
        self.link, self.stamps = os.path.join(folder, "pty"), os.path.join(folder, "stamps")
        self.frames = frames
        if os.path.exists(self.stamps):
            os.unlink(self.stamps)  # written when all is sent
        self.process = subprocess.Popen(
            [os.path.join(TESTS, "pty_sender"), self.link, str(frames), str(hz), self.stamps],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def go(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def wait(self):
        """Seconds from first to last frame."""
        took = int(self.process.stdout.readline()) * 1e-9
        assert self.process.stdout.readline() == "done\n"
        return took

    def times(self):
        with open(self.stamps, "rb") as f:
            data = f.read()
        return struct.unpack(f"<{len(data) // 8}q", data)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Cpu:
    """CPU of a process and the children it has or had while this watched."""

    def __init__(self, pid):
        self.pid, self.start, self.last = pid, {}, {}
        self.sample()
        self.start = dict(self.last)

    def sample(self):
        for pid in [self.pid, *children(self.pid)]:
            t = cpu_ns(pid)
            if t is not None:
                self.last[pid] = t

    def spent(self):
        """ns: (the process itself, its children)."""
        self.sample()
        used = {p: t - self.start.get(p, 0) for p, t in self.last.items()}
        own = used.pop(self.pid)
        return own, sum(used.values())


def floor(folder, frames, hz):
    """`cat PTY > file`: us of CPU a frame, frames a second."""
    sender = Sender(folder, frames, hz)
    out = os.path.join(folder, "cat.out")
    with open(out, "wb") as f:
        cat = subprocess.Popen(["cat", sender.link], stdout=f)
        time.sleep(0.2)
        cpu = Cpu(cat.pid)
        sender.go()
        took = sender.wait()
        time.sleep(0.1)
        own, _ = cpu.spent()
        size = os.path.getsize(out)
        cat.terminate()
        cat.wait()
    sender.close()
    os.unlink(out)
    return {"cpu_us": own / frames / 1e3, "rate": frames / took, "bytes": size / frames}


def percentile(values, share):
    return values[min(len(values) - 1, int(share * len(values)))]


def latencies_ms(sender, subscriber_file):
    sent = sender.times()
    with open(subscriber_file, "rb") as f:
        data = f.read()
    rows = struct.iter_unpack("<qq", data)
    return sorted((t - sent[seq]) * 1e-6 for seq, t in rows)


def check_file(path, frames):
    import h5py
    with h5py.File(path, "r") as f:
        seq = f["frames/device_seq"][:]
        assert len(seq) == frames, f"{len(seq)} of {frames} frames in the file"
        assert (seq[1:] - seq[:-1] == 1).all() and seq[0] == 0, "frames lost or doubled"
        gaps = f["gaps"].shape[0] if "gaps" in f else 0
    return gaps


def daemon(folder, frames, hz, record=True):
    sender = Sender(folder, frames, hz)
    d = Plantard([{"source": f"serial:{sender.link}", "mat": "pmp-64x64", "name": "bench"}],
                 log="info", folder=os.path.join(folder, f"d{hz}"))
    result = {}
    try:
        d.start()
        subscriber_file = os.path.join(folder, "received")
        subscriber = subprocess.Popen([os.path.join(TESTS, "frame_subscriber"), d.data, str(frames),
                                       subscriber_file], stdout=subprocess.PIPE, text=True)
        subscriber.stdout.readline()
        path = d.ok("start")["trials"][0]["path"] if record else None
        time.sleep(0.5)
        cpu = Cpu(d.process.pid)
        sender.go()
        peak = {}
        while not os.path.exists(sender.stamps):
            time.sleep(0.1)
            for pid in [d.process.pid, *children(d.process.pid)]:
                peak[pid] = max(peak.get(pid, 0), resident_kib(pid))
            cpu.sample()
        result["rate"] = frames / sender.wait()
        wait_until(lambda: d.mat()["frames"] >= frames or None, 20, "all frames")
        own, child = cpu.spent()
        result["own_us"], result["child_us"] = own / frames / 1e3, child / frames / 1e3
        result["cpu_us"] = result["own_us"] + result["child_us"]
        before = time.monotonic()
        mat = d.mat()
        result["lost"] = sum(mat["lost_total"].values())
        result["dropped"] = mat["publish"]["dropped"]
        if record:
            stopped = d.ok("stop")["trials"][0]
            result["gap_frames"] = stopped["gap_frames"]
            s = d.send({"v": 1, "cmd": "wait", "path": path})
            while not s.poll(50):
                cpu.sample()
            assert d.receive(s)["ok"]
            result["finish_s"] = time.monotonic() - before
            result["finish_us"] = (sum(cpu.spent()) - own - child) / frames / 1e3
            result["bytes"] = os.path.getsize(path) / frames
            check_file(path, frames)
        subscriber.wait(30)
        result["memory"] = peak.pop(d.process.pid) / 1024
        result["child_memory"] = max(peak.values(), default=0) / 1024
        late = latencies_ms(sender, subscriber_file)
        result["received"] = len(late)
        result["p50"], result["p99"] = percentile(late, 0.5), percentile(late, 0.99)
        result["max"] = late[-1]
        assert d.stop() == 0
    except BaseException:
        sys.stderr.write(d.log())
        raise
    finally:
        d.close()
        sender.close()
        shutil.rmtree(d.folder, ignore_errors=True)
    return result


def middle(runs):
    """One result of several: medians, but the worst of what must not happen."""
    worst = ("max", "memory", "child_memory", "lost", "dropped", "gap_frames")
    return {key: max(r[key] for r in runs) if key in worst
            else statistics.median(r[key] for r in runs) for key in runs[0]}


def show(name, r, base=None):
    ratio = f" = {r['cpu_us'] / base['cpu_us']:.2f} x the floor" if base else ""
    print(f"{name}")
    print(f"  CPU a frame              {r['cpu_us']:8.1f} us{ratio}")
    if "own_us" in r:
        print(f"    daemon / converter     {r['own_us']:8.1f} us / {r['child_us']:.1f} us")
    if "finish_us" in r:
        print(f"    finishing, apart       {r['finish_us']:8.1f} us a frame, {r['finish_s']:.2f} s")
    print(f"  frames a second          {r['rate']:8.0f}")
    print(f"  bytes a frame on disk    {r['bytes']:8.0f}" if "bytes" in r else "  not recorded")
    if "p50" in r:
        print(f"  latency ms               {r['p50']:8.3f} p50, {r['p99']:.3f} p99, {r['max']:.3f} max "
              f"({r['received']} frames received)")
        print(f"  resident MiB             {r['memory']:8.1f} daemon, {r['child_memory']:.1f} converter")
        print(f"  lost / unpublished / not recorded   {r['lost']} / {r['dropped']} / "
              f"{r.get('gap_frames', 0)}")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--hz", type=float, default=500)
    parser.add_argument("--rounds", type=int, default=3, help="of the paced part; medians are shown")
    parser.add_argument("--unpaced-frames", type=int, default=0)
    parser.add_argument("--no-record", action="store_true")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    frames = int(args.seconds * args.hz)
    unpaced = args.unpaced_frames or max(20000, int(args.seconds * 4000))
    folder = tempfile.mkdtemp(prefix="plantar-bench-")
    try:
        print(f"# 64 x 64 u16, PMP through a pty, one frame subscriber, {args.rounds} x {frames} frames at "
              f"{args.hz:g} Hz, {unpaced} unpaced; load {os.getloadavg()[0]:.1f}", flush=True)
        bases, runs = [], []
        for _ in range(args.rounds):  # in turn, so that both meet the same neighbours
            bases.append(floor(folder, frames, args.hz))
            runs.append(daemon(folder, frames, args.hz, not args.no_record))
        base, paced = middle(bases), middle(runs)
        show(f"cat PTY > file, {args.hz:g} Hz (the floor)", base)
        show(f"plantard, {args.hz:g} Hz", paced, base)
        fast_base = floor(folder, unpaced, 0)
        show("cat PTY > file, unpaced", fast_base)
        fast = daemon(folder, unpaced, 0, not args.no_record)
        show("plantard, unpaced", fast, fast_base)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    bars = [("CPU at most 2.8 x the floor", paced["cpu_us"] <= 2.8 * base["cpu_us"]),
            ("p99 below 2 ms", paced["p99"] < 2),
            ("at most 40 MiB resident", paced["memory"] <= 40),
            ("6,000 frames a second unpaced", fast["rate"] >= 6000),
            ("none lost", paced["lost"] + fast["lost"] + paced.get("gap_frames", 0) +
             fast.get("gap_frames", 0) == 0)]
    for name, met in bars:
        print(f"{'met    ' if met else 'NOT MET'}  {name}")
    return 1 if args.check and not all(met for _, met in bars) else 0


if __name__ == "__main__":
    sys.exit(main())
