# SPDX-License-Identifier: Apache-2.0
"""Hostile control messages: malformed, deeply nested, oversized, in many parts; operators' commands from
viewers; connections without a key, with a wrong one, with another server's; recorded connections played back
whole, cut and with bits flipped; floods of subscriptions. After each batch: plantard lives, nothing changed that
nobody had a right to change, frames go on without loss; at the end the memory is what it was, no descriptor is
left open, and the audit log is an unbroken chain that knows of no other change than the one that was allowed.

A trial is a message or a connection. Prints one row, and a line for each thing that was wrong."""
import argparse
import json
import os
import random
import shutil
import socket
import sys
import tempfile
import threading
import time

import zmq

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, ".."))
from plantar_harness import BIN, SLOW, Plantard, resident_kib, wait_until  # noqa: E402
from test_access import Site, plantar  # noqa: E402

REQUIRED = "no crash, no state change without right, memory flat, no frame lost"
BATCH = 40
GROWTH_KIB = 12 * 1024  # of the memory, from a tenth of the way on
UUID = "01234567-89ab-4cde-8f01-23456789abcd"
REQUESTS = [
    {"cmd": "status"}, {"cmd": "version"}, {"cmd": "start", "subject": "P-1", "seconds": 5},
    {"cmd": "stop"}, {"cmd": "mark", "text": "hostile"}, {"cmd": "tare", "seconds": 1},
    {"cmd": "weigh", "body_mass_kg": 70}, {"cmd": "wait", "path": "/x.h5"}, {"cmd": "protocols"},
    {"cmd": "protocol", "protocol": "quiet-stance", "subject": "P-1"}, {"cmd": "protocol-status"},
    {"cmd": "override", "name": "x", "reason": "y"}, {"cmd": "trial"}, {"cmd": "accept"},
    {"cmd": "reject", "reason": "x"}, {"cmd": "pain", "score": 3}, {"cmd": "next"},
    {"cmd": "abort", "reason": "x"},
    {"cmd": "start", "annotations": {"heel_lift_mm": 6, "surface": "barefoot"}},
    {"cmd": "sessions"}, {"cmd": "session", "session": UUID},
    {"cmd": "analysis", "session": UUID, "trial": 1, "pictures": True},
    {"cmd": "compare", "sessions": [UUID], "by": "side"}, {"cmd": "trend", "subject": "P-1"},
    {"cmd": "report", "sessions": [UUID], "format": "pdf"},
    {"cmd": "annotate", "session": UUID, "annotations": {"pain_score": 3}},
    {"cmd": "correct", "session": UUID, "trial": 1, "side": "left", "reason": "x"}]
# What only operators may ask: it changes something, or is about recordings.
ACTS = {"start", "stop", "mark", "tare", "weigh", "protocol", "override", "trial", "accept", "reject",
        "pain", "next", "abort", "red-flags", "sessions", "session", "analysis", "compare", "trend",
        "report", "annotate", "correct"}


class Recorder(threading.Thread):
    """A TCP proxy that keeps what the client of one connection said."""

    def __init__(self, endpoint):
        super().__init__(daemon=True)
        host, port = endpoint[len("tcp://"):].split(":")
        self.to = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.said = b""
        self.start()

    def run(self):
        client, _ = self.listener.accept()
        server = socket.create_connection(self.to)
        back = threading.Thread(target=self._copy, args=(server, client, False), daemon=True)
        back.start()
        self._copy(client, server, True)

    def _copy(self, a, b, keep):
        try:
            while data := a.recv(65536):
                if keep:
                    self.said += data
                b.sendall(data)
        except OSError:
            pass


class Campaign:
    def __init__(self, trials, seed):
        self.trials, self.rng = trials, random.Random(seed)
        self.folder = tempfile.mkdtemp(prefix="plantard-hostile-")
        self.site = Site(self.folder, requests_per_s=1e6)
        self.d = self.site.daemon
        self.wrong, self.counts, self.open = [], {}, {}
        self.replies = self.silence = 0

    def fail(self, text):
        self.wrong.append(text)
        print(f"wrong: {text}", flush=True)

    # ---- what is sent over a connection that was let in ----

    def request(self):
        return json.dumps({"v": 1, **self.rng.choice(REQUESTS)}).encode()

    def malformed(self):
        text = bytearray(self.request())
        for _ in range(self.rng.randint(1, 4)):
            at = self.rng.randrange(len(text) + 1)
            what = self.rng.randrange(4)
            if what == 0:
                text[at:] = b""
            elif what == 1:
                text[at:at] = self.rng.randbytes(self.rng.randint(1, 8))
            elif what == 2 and at < len(text):
                text[at] ^= 1 << self.rng.randrange(8)
            else:
                text[at:at + 4] = b""
            if not text:
                break
        return [b"", bytes(text)]

    def nested(self):
        n = self.rng.choice([9, 100, 2000, 30000])
        a, b = self.rng.choice([(b"[", b"]"), (b'{"a":', b"}")])
        text = (a * n)[:30000] + (b * n)[:30000]
        return [b"", text if self.rng.random() < 0.5 else b'{"v":1,"cmd":"mark","text":' + text + b"}"]

    def noise(self):
        n = int(10 ** self.rng.uniform(0, 4 if self.rng.random() < 0.05 else 2.5))
        return [b"", self.rng.randbytes(n)]

    def parts(self):
        n = self.rng.choice([2, 3, 5, 20, 200, 2000])
        size = self.rng.choice([0, 1, 255, 257])
        return [self.rng.randbytes(size) for _ in range(n)] + [self.request()]

    def keys(self):
        request = dict(self.rng.choice(REQUESTS), v=1)
        key = self.rng.choice(["v", "cmd", "text", "path", "annotations", "x" * 1000, "", "__proto__"])
        value = self.rng.choice([None, True, -1, 1e308, "x" * 5000, [], {}, [[]], "\x00", "\ud83d\ude00",
                                 {"subject": "Anna Muster"}, 10 ** 30])
        request[key] = value
        return [b"", json.dumps(request).encode()]

    def command(self):
        return [b"", self.request()]

    # ---- connections ----

    def raw(self, data):
        host, port = self.rng.choice([self.site.control, self.site.data])[len("tcp://"):].split(":")
        try:
            with socket.create_connection((host, int(port)), timeout=5) as s:
                for at in range(0, len(data), 700):
                    s.sendall(data[at:at + 700])
                if self.rng.random() < 0.1:
                    s.settimeout(0.05)
                    s.recv(64)
        except OSError:
            pass

    def greeting(self):
        mechanism = self.rng.choice([b"NULL", b"PLAIN", b"CURVE", b"GSSAPI", self.rng.randbytes(20)])
        head = (b"\xff" + self.rng.randbytes(8) + b"\x7f" if self.rng.random() < 0.2 else
                b"\xff\0\0\0\0\0\0\0\1\x7f") + bytes([3, self.rng.choice([0, 1, 9])])
        body = mechanism.ljust(20, b"\0")[:20] + bytes([self.rng.randrange(2)]) + b"\0" * 31
        more = b"\4\x29\5READY\13Socket-Type\0\0\0\6DEALER" + self.rng.randbytes(self.rng.randrange(300))
        self.raw((head + body + more)[:self.rng.choice([1, 10, 12, 64, 1000])])

    def junk(self):
        self.raw(self.rng.randbytes(int(10 ** self.rng.uniform(0, 4))))

    def replay(self):
        data = bytearray(self.said)
        if self.rng.random() < 0.3:
            del data[self.rng.randrange(len(data)):]
        elif self.rng.random() < 0.4:
            data[self.rng.randrange(len(data))] ^= 1 << self.rng.randrange(8)
        self.raw(bytes(data))

    def wrong_key(self):
        kind = self.rng.randrange(3)
        s = (self.site.socket(zmq.DEALER, "eve", self.site.control) if kind == 0 else
             self.site.socket(zmq.DEALER, "bert", self.site.control, server=zmq.curve_keypair()[0])
             if kind == 1 else self.d.context.socket(zmq.DEALER))
        s.setsockopt(zmq.LINGER, 0)
        if kind == 2:
            s.connect(self.site.control)
        try:  # after a refusal there may be nobody to send to
            s.send_multipart([b"", b'{"v":1,"cmd":"mark","text":"wrong key"}'], zmq.NOBLOCK)
        except zmq.Again:
            pass
        if s.poll(20):
            self.fail(f"a connection with a wrong key was answered: {s.recv_multipart()}")
        s.close()

    def oversized(self):
        """Over the limit: plantard hangs up, and this connection is made anew."""
        name = self.rng.choice(["anna", "bert"])
        s = self.site.socket(zmq.DEALER, name, self.site.control)
        s.send_multipart([b"", b"x" * self.rng.choice([65537, 100_000, 1_000_000])])
        s.poll(20)
        s.close()

    def subscriptions(self):
        s = self.site.socket(zmq.XSUB, "anna", self.site.data)
        for i in range(20):
            try:
                s.send(self.rng.choice([b"\1", b"\0", b"", b"\2"]) +
                       self.rng.randbytes(self.rng.choice([0, 5, 900, 1020, 5000])), zmq.NOBLOCK)
            except zmq.Again:
                pass
        s.poll(10)
        s.close()

    # ---- the course of it ----

    def dealer(self, name):
        if name not in self.open:
            self.open[name] = self.site.socket(zmq.DEALER, name, self.site.control)
        return self.open[name]

    def messages(self, n):
        """n of them over open connections, and their answers."""
        sent = {"anna": 0, "bert": 0}
        for _ in range(n):
            make = self.rng.choice([self.malformed, self.malformed, self.nested, self.noise, self.parts,
                                    self.keys, self.command, self.command])
            # what can never be a request also comes from an operator
            never = make in (self.nested, self.noise, self.parts)
            name = "bert" if never and self.rng.random() < 0.5 else "anna"
            message = make()
            if make == self.parts and len(message) <= 4:  # may be an envelope and a request
                name = "anna"
            self.count(make)
            self.dealer(name).send_multipart(message)
            sent[name] += 1
        for name, expected in sent.items():
            while expected and self.dealer(name).poll(int(1000 * SLOW)):
                self.judge(name, self.dealer(name).recv_multipart()[-1])
                expected -= 1
            self.silence += expected

    def judge(self, name, text):
        self.replies += 1
        reply = json.loads(text)
        if reply["ok"] and name == "anna" and not (
                {"status", "version", "protocols", "protocol"} & set(reply)):
            self.fail(f"a viewer was obeyed: {text[:200]}")
        if not reply["ok"] and (not reply["error"]["code"] or len(reply["error"]["message"]) < 10):
            self.fail(f"refused without a reason: {text[:200]}")

    def count(self, make):
        self.counts[make.__name__] = self.counts.get(make.__name__, 0) + 1

    def look(self):
        """The state as the operator sees it, and the process."""
        if self.d.process.poll() is not None:
            raise AssertionError(f"plantard ended with {self.d.process.returncode}")
        status = self.d.status()
        mat = status["mats"][0]
        if mat["recording"] or mat["tared"] or status["protocol"]:
            self.fail(f"the state changed: {mat['recording']} {mat['tared']} {status['protocol']}")
        self.lost = sum(mat["lost_total"].values()) + mat["publish"]["dropped"]
        if self.lost and SLOW == 1:  # sanitizers may be too slow for a mat
            self.fail(f"{self.lost} frames lost")
        return mat["frames"], resident_kib(self.d.process.pid), len(
            os.listdir(f"/proc/{self.d.process.pid}/fd"))

    def record_operator(self):
        recorder = Recorder(self.site.control)
        s = self.site.socket(zmq.REQ, "bert", recorder.endpoint)
        s.send(b'{"v":1,"cmd":"mark","text":"allowed"}')
        assert s.poll(int(10000 * SLOW)) and json.loads(s.recv())["ok"]
        s.close()
        self.said = recorder.said
        assert len(self.said) > 300

    def run(self):
        with self.d:
            self.d.wait_frames(10)
            self.record_operator()
            connections = [self.greeting, self.junk, self.replay, self.wrong_key, self.oversized,
                           self.subscriptions]
            done, flat_from, next_look = 0, None, 0
            while done < self.trials and len(self.wrong) < 20:
                n = min(BATCH, self.trials - done)
                for _ in range(n // 8):
                    make = self.rng.choice(connections)
                    self.count(make)
                    make()
                self.messages(n - n // 8)
                done += n
                if done >= next_look or done == self.trials:
                    self.frames, self.after, self.fds = self.look()
                    next_look = done + max(BATCH, self.trials // 50)
                    if flat_from is None and done >= self.trials / 10:
                        flat_from, fds = self.after, self.fds
            self.before = flat_from or self.after
            for s in self.open.values():
                s.close()
            def settled():
                self.frames, self.after, self.fds = self.look()
                return self.fds <= fds + 4
            try:
                wait_until(settled, 15, "descriptors to be closed")
            except AssertionError:
                self.fail(f"{self.fds} descriptors are open, {fds} were before")
            limit = GROWTH_KIB * (1 if SLOW == 1 else 20)
            if self.after > self.before + limit:
                self.fail(f"memory grew from {self.before} to {self.after} KiB")
            if self.silence > self.trials / 50:
                self.fail(f"{self.silence} messages were not answered")
            if self.d.stop() != 0:
                self.fail(self.d.log()[-2000:])
            self.audit()

    def audit(self):
        code, out, err = plantar("verify", "--json", self.d.state, timeout=600)
        log = json.loads(out)["audit"][0]
        if not log["ok"]:
            self.fail(f"the audit log: {log['findings'][:3]}")
        changes = []
        for name in os.listdir(self.d.state):
            if not name.startswith("audit.log"):
                continue
            with open(os.path.join(self.d.state, name)) as f:
                for line in map(json.loads, f):
                    if line["result"] == "ok" and line["who"].startswith(("key:", "tcp:")):
                        request = json.loads(line["request"])
                        if request["cmd"] in ACTS:
                            changes.append(line)
        if len(changes) != 1 or "allowed" not in changes[0]["request"]:
            self.fail(f"changes in the audit log: {changes[:3]}")

    def close(self):
        self.d.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--full", action="store_true", help="1,000,000 trials instead of 10,000")
    parser.add_argument("--trials", type=int)
    parser.add_argument("--seed", type=int, help="of all dice; printed when it is not given")
    parser.add_argument("--jobs", type=int, help="for the harness; it is one daemon here")
    parser.add_argument("--junit", help="write a JUnit file")
    args = parser.parse_args()
    trials = args.trials or (1_000_000 if args.full else 10_000)
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(10 ** 6)
    print(f"# hostile: {trials} trials, seed {seed}", flush=True)
    began = time.monotonic()
    c = Campaign(trials, seed)
    c.before = c.after = c.frames = c.fds = c.lost = 0
    try:
        c.run()
    except AssertionError as e:
        c.fail(str(e)[:2000])
    finally:
        c.close()
    seconds = time.monotonic() - began
    print("hostile: " + ", ".join(f"{n} {name}" for name, n in sorted(c.counts.items())))
    print(f"hostile: {trials} trials, {c.replies} answers, {len(c.wrong)} wrong, memory {c.before} -> "
          f"{c.after} KiB, {c.fds} descriptors, {c.frames} frames, {c.lost} lost; required: {REQUIRED}; seed {seed}, "
          f"{seconds:.0f} s", flush=True)
    try:
        import campaign  # the harness of all campaigns, for its table
    except ImportError:
        campaign = None
    if campaign:
        result = {"name": "hostile", "seed": seed, "required": REQUIRED, "trials": trials, "worst_s": None,
                  "counts": {"answers": c.replies, "KiB more": max(0, c.after - c.before)},
                  "failures": list(enumerate(c.wrong)), "seconds": seconds, "full": args.full,
                  "utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        campaign.save(result)
        if args.junit:
            campaign.junit(args.junit, result)
    sys.exit(1 if c.wrong else 0)


if __name__ == "__main__":
    main()
