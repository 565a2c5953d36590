# SPDX-License-Identifier: Apache-2.0
"""A line that lies: random bytes between frames and in them, bits that flip (1e-5 and 1e-4 of them), bytes that are
lost or come twice. PMP has a CRC, so no wrong frame may be accepted, and what is accepted, lost and complained about
must be exactly what an independent reading of the same bytes (below, from docs/mats.md alone) says."""
import binascii
import struct
import time

import campaign
from campaign import Recorded, cells_of, packet, verify, wait_until

KINDS = ("random bytes", "bit flips 1e-5", "bit flips 1e-4", "dropped", "doubled", "all of it")


def flip(rng, data, rate):
    out, n, at = bytearray(data), 0, 0
    while True:
        at += 1 + int(rng.expovariate(rate))
        if at >= 8 * len(out):
            return bytes(out), n
        out[at // 8] ^= 1 << at % 8
        n += 1


def damage(rng, kind, frames):
    """The bytes that come, and how many faults are in them."""
    data, faults = b"", 0
    if kind in ("random bytes", "all of it"):
        for f in frames:
            if rng.random() < 0.1:
                noise = rng.randbytes(rng.randrange(1, 200))
                at = rng.choice((0, rng.randrange(len(f))))
                f = f[:at] + noise + f[at:]
                faults += 1
            data += f
    else:
        data = b"".join(frames)
    if kind.startswith("bit flips") or kind == "all of it":
        data, n = flip(rng, data, 1e-4 if kind != "bit flips 1e-5" else 1e-5)
        faults += n
    if kind in ("dropped", "doubled", "all of it"):
        out = bytearray()
        for byte in data:
            hit = rng.random() < 3e-4
            faults += hit
            drop = kind == "dropped" or (kind == "all of it" and rng.random() < 0.5)
            out += bytes([byte]) * ((0 if drop else 2) if hit else 1)
        data = bytes(out)
    return data, faults


def unstuff(block):
    """COBS backwards; None when it is none."""
    out, at = bytearray(), 0
    while at < len(block):
        n = block[at]
        if at + n > len(block):
            return None
        out += block[at + 1:at + n]
        at += n
        if n < 255 and at < len(block):
            out.append(0)
    return bytes(out)


def checksum(body):
    return struct.pack("<H", binascii.crc_hqx(body, 0xFFFF))


def right_frames(data, size):
    """device_seq and cells of the packets that are frames with a right checksum, and how many others there were
    behind the first zero: before it one may have come in the middle of something."""
    good, bad = [], 0
    for i, block in enumerate(data.split(b"\0")[:-1]):
        body = unstuff(block) if block else None
        if not block:
            continue
        if body and len(body) == size and checksum(body[:-2]) == body[-2:]:
            good.append((struct.unpack_from("<H", body, 2)[0], body[8:-2]))
        else:
            bad += i > 0
    return good, bad


def trial(t):
    kind = KINDS[t.number % len(KINDS)]
    frames = [packet(s, cells_of(s), 5000 * s) for s in range(1000)]
    data, faults = damage(t.rng, kind, frames)
    good, bad = right_frames(data + b"\0", 8 + 256 + 2)
    with t.mat() as mat:
        d = t.daemon([mat]).start()
        wait_until(lambda: "connected: reading" in d.log(), 20, "the connection")
        path = d.ok("start", subject="P-1")["trials"][0]["path"]
        at = 0
        while at < len(data):
            n = t.rng.randrange(1, 4000)
            assert mat.put(data[at:at + n])
            at += n
            time.sleep(0.002)
        mat.put(b"\0")
        wait_until(lambda: d.mat()["reader"]["bytes"] == len(data) + 1, 20, "all bytes to be read")
        wait_until(lambda: d.mat()["frames"] >= len(good), 20, f"{len(good)} frames")
        m = d.mat()
        d.ok("stop")
        d.ok("wait", path=path)
        r = Recorded(path)
        assert r.seq == [s for s, _ in good], "not the frames that a right checksum names"
        r.check_cells()
        assert all(cells == cells_of(s) for s, cells in good)
        check_counts(t, m, r, bad, good)
        assert d.stop() == 0
        verify(d.state)
    t.count("faults", faults)
    t.count("frames accepted", len(good))
    t.count("frames lost", r.own_seq[-1] - r.own_seq[0] + 1 - len(good))


def check_counts(t, m, r, bad, good):
    """Frames missing between the first and the last are numbered, counted, and rows of /gaps."""
    missing = good[-1][0] - good[0][0] + 1 - len(good)
    assert r.own_seq[-1] - r.own_seq[0] + 1 - len(good) == missing, "the numbers do not skip what is lost"
    within = sum(g["count"] for g in r.gaps if r.own_seq[0] <= g["first_seq"] <= r.own_seq[-1])
    assert within == missing, (r.gaps, missing)
    lost = m["lost_total"]
    assert lost["device"] + lost["corrupt"] >= missing and lost["overrun"] == lost["pool"] == 0, lost
    decode = m["decode"]
    reported = decode["bad_checksum"] + decode["bad_length"] + decode["bad_sanity"]
    t.count("packets refused", bad)
    assert m["frames"] == len(good)
    assert reported == bad, (decode, bad)


if __name__ == "__main__":
    campaign.main("stream", trial, short=40, full=400,
                  required="no wrong frame accepted, counts match what was injected")
