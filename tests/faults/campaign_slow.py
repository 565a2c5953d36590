# SPDX-License-Identifier: Apache-2.0
"""Everybody downstream is slow: a subscriber that is stopped, a hundred subscribers, a client that floods the control
socket, a disk whose syncs or writes take seconds, a converter that is stopped. Acquisition of a 64 x 64 mat at
250 Hz loses no frame, all of them are recorded, and memory stays what it was."""
import multiprocessing
import os
import signal
import subprocess
import time

import zmq

import campaign
import disk
from campaign import wait_until
from plantar_harness import children, resident_kib
from sender import TESTS, Sender

SECONDS, HZ = 8, 250


def stopped_subscriber(t, d, control):
    s = subprocess.Popen([os.path.join(TESTS, "frame_subscriber"), d.data, "1000000000",
                          os.path.join(t.folder, "received")], stdout=subprocess.DEVNULL)
    time.sleep(1)
    s.send_signal(signal.SIGSTOP)
    time.sleep(SECONDS - 1)
    s.kill()
    s.wait()


def read_all(endpoint, sockets, seconds):
    context, end = zmq.Context(), time.monotonic() + seconds
    poller = zmq.Poller()
    for _ in range(sockets):
        s = context.socket(zmq.SUB)
        s.setsockopt(zmq.LINGER, 0)
        s.subscribe(b"frame/")
        s.connect(endpoint)
        poller.register(s, zmq.POLLIN)
    while time.monotonic() < end:
        for s, _ in poller.poll(100):
            s.recv_multipart()
    context.destroy(0)


def hundred_subscribers(t, d, control):
    readers = [multiprocessing.Process(target=read_all, args=(d.data, 25, SECONDS))
               for _ in range(4)]
    for r in readers:
        r.start()
    for r in readers:
        r.join()


def flood(t, d, control):
    s = d.context.socket(zmq.DEALER)
    s.setsockopt(zmq.LINGER, 0)
    s.connect(d.control)
    end, sent = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        try:
            s.send_multipart([b"", b'{"v":1,"cmd":"status"}'], zmq.DONTWAIT)
            sent += 1
        except zmq.Again:
            time.sleep(0.001)
        while s.poll(0):
            s.recv_multipart()
    s.close()
    t.count("requests of a flood", sent)


def slow_syncs(t, d, control):
    control.delay_ms = t.rng.randrange(1000, 4000)
    time.sleep(SECONDS)


def slow_writes(t, d, control):
    control.delay_write = 1
    control.delay_ms = t.rng.randrange(200, 2000)
    time.sleep(SECONDS)


def stopped_converter(t, d, control):
    child = wait_until(lambda: children(d.process.pid), 10, "the converter")[0]
    os.kill(child, signal.SIGSTOP)
    time.sleep(SECONDS)
    os.kill(child, signal.SIGCONT)


TROUBLE = [stopped_subscriber, hundred_subscribers, flood, slow_syncs, slow_writes, stopped_converter]


def check(path, frames):
    import h5py
    with h5py.File(path, "r") as f:
        seq = f["frames/device_seq"][:]
        assert len(seq) == frames, f"{len(seq)} of {frames} frames are in the file"
        assert seq[0] == 0 and (seq[1:] - seq[:-1] == 1).all(), "frames lost or doubled"
        assert len(f["gaps"]) == 0


def trial(t):
    trouble, frames = TROUBLE[t.number % len(TROUBLE)], (SECONDS + 2) * HZ
    control = disk.Control(os.path.join(t.folder, "control"))
    with Sender(t.folder, frames, HZ) as mat:
        d = t.daemon([mat])
        d.env.update(disk.environment(d.state, control=control.path))
        d.start()
        wait_until(lambda: "connected: reading" in d.log(), 20, "the connection")
        path = d.ok("start", subject="P-1")["trials"][0]["path"]
        mat.go()
        time.sleep(1)
        before = resident_kib(d.process.pid)
        trouble(t, d, control)
        grown = resident_kib(d.process.pid) - before
        control.heal()
        mat.wait()
        wait_until(lambda: d.mat()["recording"]["frames"] >= frames, 60, "all frames to be recorded")
        m = d.mat()
        assert m["frames"] == frames and sum(m["lost_total"].values()) == 0, m["lost_total"]
        assert m["recording"]["gap_frames"] == 0 and m["reader"]["dropped_bytes"] == 0
        # what waits for the disk, or for a subscriber of a second, is bounded
        assert grown < 64 * 1024, f"memory grew by {grown} KiB"
        d.ok("stop")
        d.ok("wait", path=path, timeout=60)
        check(path, frames)
        assert d.stop() == 0
    t.count("frames", frames)
    t.count(trouble.__name__.replace("_", " "))


if __name__ == "__main__":
    campaign.main("slow", trial, short=6, full=24, jobs=1,
                  required="acquisition loses 0 frames")
