# SPDX-License-Identifier: Apache-2.0
"""Pages that do not read. Frames are skipped for them and stay fresh, what was promised is kept up to a
limit, and nobody else notices."""
import json
import os
import threading
import time

import pytest
import zmq

from bridge import Bridge, Closed
from plantar_harness import SANITIZER, SLOW, Plantard, resident_kib, wait_until


@pytest.fixture()
def pair():
    with Plantard([{"source": "sim:standing?hz=250", "mat": "pmp-64x64", "name": "m"}]) as daemon, \
            Bridge(daemon) as bridge:
        yield daemon, bridge


def newest_seq(daemon):
    return daemon.mat()["seq"]


def test_who_sleeps_gets_fewer_frames_and_not_older_ones(pair):
    daemon, bridge = pair
    deaf = bridge.page(receive_buffer=4096)
    deaf.watch("m")
    deaf.frames()
    awake = bridge.page()
    awake.watch("m")
    awake.frames()
    before = newest_seq(daemon)
    # 250 frames a second of 8 KiB are far more than kernel buffers hold, in the time of 2,500 frames.
    wait_until(lambda: newest_seq(daemon) > before + 2500, 60, "2,500 frames")
    woke = newest_seq(daemon)
    deaf.seen.clear()
    got, messages = [], 0
    while not got or got[-1] < woke:
        messages += 1
        got += [h["seq"] for topic, h, _ in deaf.frames() if topic == "frame/m"]
    assert messages < 150  # of some 600 that were due meanwhile
    figures = [h["seq"] for topic, h, _ in deaf.frames() if topic == "metrics/m"]
    assert figures == list(range(figures[0], figures[0] + len(figures)))  # fresh and whole again
    # Who was awake meanwhile has a queue of their own.
    seqs = []
    while not seqs or seqs[-1] < woke:
        seqs += [h["seq"] for topic, h, _ in awake.frames() if topic == "metrics/m"]


def test_events_wait_for_who_sleeps(pair):
    daemon, bridge = pair
    deaf = bridge.page(bridge.operator, receive_buffer=4096)
    deaf.watch("m")
    deaf.frames()
    before = newest_seq(daemon)
    wait_until(lambda: newest_seq(daemon) > before + 1500, 60, "full buffers")
    daemon.ok("start", subject="P-1")
    for i in range(30):
        daemon.ok("mark", text=f"number {i}")
    daemon.ok("stop")
    texts = [deaf.event("mark")["header"]["text"] for _ in range(30)]
    assert [t.split()[-1].rstrip('".') for t in texts] == [str(i) for i in range(30)]
    statuses = [m for m in deaf.seen if isinstance(m, dict) and "status" in m]
    assert len(statuses) < 12  # the newest wins; more only if this took long


class Loud:
    """A publisher that says more than plantard ever would: events of 100 kB. Speaks docs/wire.md."""

    def __init__(self, folder):
        self.runtime, self.folder = os.path.join(folder, "run"), folder
        os.makedirs(self.runtime, exist_ok=True)
        self.context = zmq.Context()
        self.data, self.control = self.context.socket(zmq.PUB), self.context.socket(zmq.ROUTER)
        self.data.setsockopt(zmq.SNDHWM, 0)
        self.endpoint = f"ipc://{self.runtime}/data.sock"
        self.data.bind(self.endpoint)
        self.control.bind(f"ipc://{self.runtime}/control.sock")
        self.wanted, self.ended = 0, threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def status(self):
        return {"v": 1, "endpoints": {"data": [self.endpoint]}, "mats": [{"mat": "m"}]}

    def run(self):
        told = 0
        while not self.ended.is_set():
            if self.control.poll(20):
                parts = self.control.recv_multipart()
                cmd = json.loads(parts[-1])["cmd"]
                reply = {"ok": True, "status": self.status(), "cmd": cmd}
                blob = [bytes(range(256)) * 4096 * 12] if cmd == "report" else []
                self.control.send_multipart([*parts[:-1], json.dumps(reply).encode(), *blob])
            if time.monotonic() > told + 0.5:
                told = time.monotonic()
                self.data.send_multipart([b"status", json.dumps(self.status()).encode()])
            while self.wanted:
                self.wanted -= 1
                self.data.send_multipart([b"event/m", json.dumps(
                    {"kind": "mark", "left": self.wanted, "text": "x" * 100000}).encode()])

    def close(self):
        self.ended.set()
        self.thread.join()
        self.context.destroy(0)


@pytest.fixture()
def loud(tmp_path):
    publisher = Loud(str(tmp_path))
    with Bridge(folder=str(tmp_path)) as bridge:
        wait_until(lambda: bridge.page().hello["daemon"], 20, "the publisher to be found")
        yield publisher, bridge
    publisher.close()


def test_too_much_for_who_does_not_read_ends_with_1013(loud):
    publisher, bridge = loud
    deaf, awake = bridge.page(receive_buffer=4096), bridge.page()
    warm = resident_kib(bridge.process.pid)
    for _ in range(200):  # 20 MB, as fast as the other page reads
        publisher.wanted = 1
        assert awake.event("mark")["header"]["left"] == 0
    if SANITIZER != "address":  # which keeps what was freed
        assert resident_kib(bridge.process.pid) < warm + 16000  # not 20 MB
    closed = deaf.closed()
    assert closed.code == 1013 and "connect again" in closed.reason
    again = bridge.page()
    assert again.text("status")


def test_who_never_reads_again_is_let_go(loud):
    publisher, bridge = loud
    deaf = bridge.page(receive_buffer=4096)
    for _ in range(200):
        publisher.wanted = 1
        wait_until(lambda: publisher.wanted == 0, 30, "it to be said", every=0.001)
    time.sleep(12 * SLOW)  # the time it has to take the reason in
    with pytest.raises(Closed):
        while True:
            deaf.receive()
    pages = [bridge.page() for _ in range(32)]  # it does not count any more
    assert all(page.hello for page in pages)


def test_bytes_come_right_before_their_answer(loud):
    publisher, bridge = loud
    page = bridge.page(bridge.operator)
    ids = [page.ask("report", sessions=["x"], format="pdf"), page.ask("status")]
    kind, ident, blob = page.until(lambda m: isinstance(m, tuple) and m[0] == 2)
    assert ident == ids[0] and blob == bytes(range(256)) * 4096 * 12  # 12 MiB
    assert page.answer(ids[0])["cmd"] == "report" and page.answer(ids[1])["cmd"] == "status"
