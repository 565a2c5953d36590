# SPDX-License-Identifier: Apache-2.0
"""The cable is pulled at a random byte of a frame and put back after a while, once or several times in a recording;
most devices start counting anew. Every frame that went out whole while it was plugged is there and right, and every
time without cable is a row of /gaps.

A pty forgets what was not read yet when it is closed, which a cable does not: so what was sent is first let through."""
import os
import time

import campaign
from campaign import Recorded, cells_of, packet, recovered, verify, wait_until


class Cable:
    """Sends numbered frames; knows what went out whole in each time between two unpluggings."""

    def __init__(self, t, mat, d):
        self.t, self.mat, self.d = t, mat, d
        self.bytes = 0
        self.sent = []  # lists of device_seq

    def send(self, n, seq, rest):
        """n frames from seq on, then `rest` bytes of the next one."""
        for i in range(n):
            self.put(packet(seq + i, cells_of(seq + i), 5000 * (seq + i)))
            time.sleep(self.t.rng.choice((0, 0.002, 0.005)))
        self.sent.append(list(range(seq, seq + n)))
        self.put(packet(seq + n, cells_of(seq + n), 5000 * (seq + n))[:rest])
        wait_until(lambda: self.d.mat()["reader"]["bytes"] >= self.bytes, 20, "all bytes to be read")

    def put(self, data):
        assert self.mat.put(data)
        self.bytes += len(data)


def connected(d, times):
    wait_until(lambda: d.log().count("connected: reading") == times, 30, f"connection {times}")


def trial(t):
    length = len(packet(7, cells_of(7), 35000))
    with t.mat() as mat:
        d = t.daemon([mat]).start()
        connected(d, 1)
        path = d.ok("start", subject="P-1")["trials"][0]["path"]
        cable, times, seq = Cable(t, mat, d), t.rng.randrange(1, 4), 0
        anew = t.rng.random() < 0.7
        for i in range(times + 1):
            n = t.rng.randrange(1, 60)
            cable.send(n, seq, t.rng.randrange(length) if i < times else 0)
            seq = 0 if anew else seq + n + 1
            if i < times:
                mat.unplug()
                time.sleep(t.rng.uniform(0, 0.6))
                mat.plug()
                connected(d, i + 2)
        total = sum(map(len, cable.sent))
        wait_until(lambda: d.mat()["recording"]["frames"] >= total, 20, f"{total} frames")
        d.ok("stop")
        d.ok("wait", path=path)
        r = Recorded(path)
        r.check_cells()
        assert r.seq == [s for part in cable.sent for s in part]
        unplugged = [g for g in r.gaps if g["cause"] == "unplugged"]
        assert len(unplugged) == times and len(r.gaps) == times, r.gaps
        assert [g["first_seq"] for g in unplugged] == [len(p) for p in cable.sent[:-1]], r.gaps
        assert all(g["t1"] > g["t0"] for g in unplugged), r.gaps
        assert r.events.count("gone") >= times, r.events
        assert sum(d.mat()["lost_total"].values()) == 0
        assert d.stop() == 0
        verify(d.state)
        t.count("frames", total)
        t.count("unpluggings", times)


if __name__ == "__main__":
    campaign.main("unplug", trial, short=40, full=400,
                  required="frames sent while plugged all there, each hole in /gaps")
