# SPDX-License-Identifier: Apache-2.0
"""What plantar-web costs: a 64 x 64 mat at 250 Hz, passed on to one page and to eight at 60 Hz.

usage: bench_web.py [--seconds N] [--pages 1,8] [--check | --ratio]

CPU is that of the bridge alone, all its threads, user and system, in percent of one core; beside it that of plantard. Age is from a
frame's stamp to the page's end of the socket. --check exits 1 when the bars are not met (5 % for one page, 10 % for eight); --ratio
judges only what does not depend on the machine: eight pages cost less than four times as much as one.
"""
import argparse
import os
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, ".."), os.path.join(HERE, "..", "web")]
from bridge import Bridge  # noqa: E402
from plantar_harness import Plantard, cpu_ns, resident_kib  # noqa: E402


class Watcher(threading.Thread):
    """A page that reads all it gets, as quickly as Python does."""

    def __init__(self, bridge):
        super().__init__(daemon=True)
        self.page = bridge.page()
        self.page.watch("bench", 60)
        self.page.frames()
        self.messages, self.bytes, self.ages = 0, 0, []
        self.ended = False
        self.start()

    def run(self):
        while not self.ended:
            kind, payload = self.page.receive()
            now = time.monotonic_ns()
            if kind != 2:
                continue
            self.messages += 1
            self.bytes += len(payload)
            at = payload.rfind(b'"t_ns":"') + 8  # of the frame: it comes last
            self.ages.append((now - int(payload[at:payload.index(b'"', at)])) / 1e6)


def measure(daemon, bridge, pages, seconds):
    watchers = [Watcher(bridge) for _ in range(pages)]
    time.sleep(1)
    for w in watchers:
        w.messages, w.bytes, w.ages = 0, 0, []
    pids, start = (bridge.process.pid, daemon.process.pid), time.monotonic_ns()
    before = [cpu_ns(pid) for pid in pids]
    time.sleep(seconds)
    took = time.monotonic_ns() - start
    own, daemons = (100 * (cpu_ns(pid) - b) / took for pid, b in zip(pids, before))
    ages = sorted(a for w in watchers for a in w.ages)
    rate = statistics.mean(w.messages for w in watchers) / took * 1e9
    result = {"cpu": own, "daemon": daemons, "rate": rate, "mib": resident_kib(pids[0]) / 1024,
              "mb_s": sum(w.bytes for w in watchers) / took * 1e3,
              "p50": ages[len(ages) // 2], "p99": ages[int(len(ages) * 0.99)]}
    for w in watchers:
        w.ended = True
        w.join()
        w.page.close()
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--pages", default="1,8")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--ratio", action="store_true")
    args = parser.parse_args()
    results = {}
    print(f"# plantar-web: 64 x 64 at 250 Hz to pages at 60 Hz; load {os.getloadavg()[0]:.1f}")
    mat = {"source": "sim:standing?hz=250", "mat": "pmp-64x64", "name": "bench"}
    with Plantard([mat], log="info") as daemon, Bridge(daemon) as bridge:
        for pages in map(int, args.pages.split(",")):
            r = results[pages] = measure(daemon, bridge, pages, args.seconds)
            print(f"{pages} page{'s' if pages > 1 else ' '}  bridge {r['cpu']:5.2f} % of a core (plantard {r['daemon']:.1f} %), "
                  f"{r['mib']:.1f} MiB; {r['rate']:.1f} messages a second each, {r['mb_s']:.1f} MB/s; "
                  f"age {r['p50']:.1f} ms p50, {r['p99']:.1f} p99", flush=True)
    if args.ratio:
        ratio = results[8]["cpu"] / results[1]["cpu"]
        print(f"{'met    ' if ratio < 4 else 'NOT MET'}  eight pages cost {ratio:.1f} times as much as one, less than 4")
        return ratio >= 4
    bars = [(f"at most {most} % for {n}", results[n]["cpu"] <= most) for n, most in ((1, 5), (8, 10)) if n in results]
    for name, met in bars:
        print(f"{'met    ' if met else 'NOT MET'}  {name}")
    return 1 if args.check and not all(met for _, met in bars) else 0


if __name__ == "__main__":
    sys.exit(main())
