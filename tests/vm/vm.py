#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Boots the guest of tests/vm/run, is the far end of its serial adapter, pulls that adapter's plug
when the guest asks, and compares what the archive holds with what was sent.

The frames of the serial mat are made here, by the packet layout of docs/mats.md and nothing of the
project's code; those of the USB mats by usb_gadget in the guest. Both note the number of each frame
that went out whole while logging was on."""
import argparse
import binascii
import json
import pathlib
import re
import socket
import struct
import subprocess
import sys
import tarfile
import threading
import time
import xml.sax.saxutils as sax

import h5py
import numpy as np

LIMIT_S = 540
BOOT_LIMIT_S = 60  # usually 4: a machine so busy or slow cannot do the rest in time
TTY_HZ = 20


def pmp_packet(number):
    """One frame of 8 x 8 u16: cells 0 and 1 are its number, the others 0, 1, 2, ..."""
    cells = np.arange(64, dtype="<u2")
    cells[0], cells[1] = number & 0xFFFF, number >> 16
    packet = struct.pack("<BBHI", 1, 1, number & 0xFFFF, number * (1000000 // TTY_HZ) & 0xFFFFFFFF)
    packet += cells.tobytes()
    packet += struct.pack("<H", binascii.crc_hqx(packet, 0xFFFF))
    wire = b""
    for part in packet.split(b"\0"):
        while len(part) >= 254:
            wire += b"\xff" + part[:254]
            part = part[254:]
        wire += bytes([len(part) + 1]) + part
    return wire + b"\0"


class TooSlow(Exception):
    pass


class SerialMat(threading.Thread):
    """The far end of the adapter's line."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.sent = path, []
        self.streaming = self.logging = False
        self.lock = threading.Lock()

    def send_all(self):
        line = socket.socket(socket.AF_UNIX)
        line.connect(str(self.path))
        number = 0
        while True:
            time.sleep(1 / TTY_HZ)
            with self.lock:
                if self.streaming:
                    self.drain(line)
                    line.sendall(pmp_packet(number))
                    if self.logging:
                        self.sent.append(number)
                    number += 1

    @staticmethod
    def drain(line):
        """plantard sends nothing to this mat, but a line that is never read might block."""
        try:
            line.recv(4096, socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass

    def run(self):
        try:
            self.send_all()
        except OSError:  # the guest is over
            pass

    def be(self, streaming, logging):
        with self.lock:
            self.streaming, self.logging = streaming, logging


class Monitor:
    """QEMU's own control socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            reply = json.loads(self.lines.readline())
            if "error" in reply:
                raise RuntimeError(f"{command}: {reply['error']}")
            if "return" in reply:
                return reply["return"]


def wait_for(path):
    for _ in range(200):
        if path.exists():
            return
        time.sleep(0.05)
    raise RuntimeError(f"QEMU made no {path.name}")


def boot(args, work):
    disk = work / "disk"
    with open(disk, "wb") as f:
        f.truncate(256 << 20)
    return subprocess.Popen(
        ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024",
         "-nographic", "-no-reboot", "-nodefaults", "-kernel", args.kernel, "-initrd", args.initramfs,
         "-append", f"console=ttyS0 quiet panic=-1 no_timer_check tsc=reliable tsc_early_khz={args.tsc_khz}", "-serial", "stdio",
         "-drive", f"file={disk},format=raw,if=virtio",
         "-qmp", f"unix:{work}/qmp,server=on,wait=off",
         "-chardev", f"socket,id=line,path={work}/line,server=on,wait=off",
         "-device", "qemu-xhci,id=usb",
         "-device", "usb-serial,id=adapter,chardev=line,always-plugged=on,serial=S1,bus=usb.0"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace")


def serve(want, mat, monitor):
    if want == "tty-stream":
        mat.be(True, False)
    elif want == "tty-log":
        mat.be(True, True)
    elif want == "tty-hold":
        mat.be(True, False)
    elif want == "tty-unplug":
        # What is still inside QEMU's adapter would go with it: a cable keeps nothing.
        mat.be(False, False)
        time.sleep(1.5)
        monitor.ask("device_del", id="adapter")
    elif want == "tty-plug":
        monitor.ask("device_add", driver="usb-serial", id="adapter", chardev="line",
                    **{"always-plugged": True}, serial="S1", bus="usb.0")
    elif want == "tty-twin":
        monitor.ask("chardev-add", id="nothing", backend={"type": "null", "data": {}})
        monitor.ask("device_add", driver="usb-serial", id="twin", chardev="nothing", serial="S1", bus="usb.0",
                    **{"always-plugged": True})
    else:
        raise RuntimeError(f"the guest wants {want}")


def follow(guest, mat, monitor, console, begin):
    """Reads the console to its end; returns the results [(name, passed, text)]."""
    results, done = [], False
    for line in guest.stdout:
        line = line.strip()
        console.write(line + "\n")
        console.flush()
        found = re.search(r"(RESULT|WANT|INFO|GUEST) (.*)", line)  # the BIOS ends without a newline
        word, rest = found.groups() if found else ("", "")
        if word == "RESULT":
            verdict, _, rest = rest.partition(" ")
            results.append((rest, verdict == "pass", ""))
            print(f"{verdict}: {rest}", flush=True)
        elif word == "WANT":
            serve(rest, mat, monitor)
        elif word in ("INFO", "GUEST"):
            print(rest, flush=True)
            done |= rest.startswith("done")
            if rest.startswith("up after"):
                print(f"(by this machine's clock {time.monotonic() - begin:.1f} s)")
            if rest.startswith("up after") and float(rest.split()[2]) > BOOT_LIMIT_S:
                raise TooSlow(f"the guest needed {rest.split()[2]} s to boot: this machine is too busy or slow")
    results.append(("the guest came to its end", done, ""))
    return results


def frame_numbers(path):
    with h5py.File(path) as f:
        raw = f["frames/raw"][()]
        cells = raw.reshape(len(raw), -1).astype(np.uint32)
        return cells[:, 0] | cells[:, 1] << 16, cells[:, 2:], f["frames/epoch"][()]


def expected_cells(name, numbers, n):
    i = np.arange(2, n + 2)
    if name.startswith("mat-"):
        return i[None, :] % 64 + numbers[:, None].astype(np.int64) % 7
    return np.broadcast_to(i, (len(numbers), n))


def compare(name, sent, path):
    """Every frame sent is there once, with the cells it was sent with."""
    numbers, cells, epochs = frame_numbers(path)
    missing = np.setdiff1d(sent, numbers)
    wrong = int((cells != expected_cells(name, numbers, cells.shape[1])).any(axis=1).sum())
    double = len(numbers) - len(np.unique(numbers))
    n_epochs = len(np.unique(epochs))
    text = (f"archive: {name}: {len(sent)} sent while plugged in, {len(numbers)} recorded in "
            f"{n_epochs} connection(s), {len(missing)} missing, {double} double, {wrong} wrong")
    if len(missing):
        text += f"; missing {missing[:5].tolist()}..."
    enough = len(sent) > 20 and n_epochs == (1 if name == "mat-b" else 2)
    return text, bool(enough and not len(missing) and not double and not wrong), ""


def same(a, b):
    return bool(np.all(np.abs(a - b) <= 1e-5 * np.maximum(1, np.abs(b))))


FLIGHT = 16  # transfers of the host: what it has taken may still be unread


def read_device_log(log):
    """[(must be there, cells)]. On a machine as slow as this one plantard may hear nothing for seconds and begin anew with
    a device that is plugged in: what was in flight then is excused, what was in flight when the cable went is not."""
    sent, cut = [], 0
    for line in log:
        if line == "cut":
            cut = len(sent)
        elif line == "told":
            from_here = max(cut, len(sent) - FLIGHT)
            sent[from_here:] = [(False, cells) for _, cells in sent[from_here:]]
        else:
            sent.append((line.split()[0] == "1", np.array([float(v) for v in line.split()[1:]])))
    return sent


def compare_device(name, log, path):
    """The frames of a simulator, in order of sending, against what is recorded in the same order."""
    with h5py.File(path) as f:
        raw = f["frames/raw"][()].astype(float)
        raw, n_epochs = raw.reshape(len(raw), -1), len(np.unique(f["frames/epoch"][()]))
    sent, at, missing = read_device_log(log), 0, 0
    for must, cells in sent:
        if at < len(raw) and same(raw[at], cells):
            at += 1
        else:
            missing += must
    n = sum(must for must, _ in sent)
    text = (f"archive: {name}: {n} sent while plugged in, {len(raw)} recorded in {n_epochs} connection(s), "
            f"{missing} missing, {len(raw) - at} that were never sent")
    return text, n > 20 and n_epochs >= 2 and not missing and at == len(raw), ""


def check_archive(work, tty_sent):
    out = work / "out"
    with tarfile.open(work / "disk") as tar:
        tar.extractall(out)
    results = []
    devices = ("phidget", "stepmaniax", "takktile", "vernier")
    for name in ("mat-a", "mat-b", "hid", "tty") + devices:
        files = [p for p in out.glob("archive/**/*.h5") if p.name != "session.h5" and mat_of(p) == name]
        if len(files) != 1:
            results.append((f"archive: {name}: {len(files)} recordings", False, ""))
            continue
        if name in devices:
            results.append(compare_device(name, (out / "log" / name).read_text().splitlines(), files[0]))
            continue
        sent = tty_sent if name == "tty" else [int(n) for n in (out / "log" / name).read_text().split()]
        results.append(compare(name, np.array(sent, dtype=np.uint32), files[0]))
    for text, passed, _ in results:
        print(f"{'pass' if passed else 'fail'}: {text}")
    return results


def mat_of(path):
    with h5py.File(path) as f:
        return f["mat"].attrs["id"] if "id" in f["mat"].attrs else f["mat"].attrs["name"]


def write_junit(path, results, seconds):
    with open(path, "w") as f:
        f.write(f'<?xml version="1.0"?>\n<testsuite name="vm" tests="{len(results)}" time="{seconds:.0f}">\n')
        for text, passed, _ in results:
            name = sax.quoteattr("vm: " + "".join(c for c in text if c.isprintable())[:200])
            f.write(f'<testcase name={name} status="{"run" if passed else "fail"}">')
            f.write("" if passed else f"<failure message={name}/>")
            f.write("</testcase>\n")
        f.write("</testsuite>\n")


def main():
    parser = argparse.ArgumentParser()
    for name in ("kernel", "initramfs", "work"):
        parser.add_argument(name)
    parser.add_argument("--tsc-khz", type=int, required=True)
    parser.add_argument("--junit")
    args = parser.parse_args()
    work, begin = pathlib.Path(args.work), time.monotonic()
    guest = boot(args, work)
    watchdog = threading.Timer(LIMIT_S, guest.kill)
    watchdog.start()
    try:
        wait_for(work / "qmp")
        mat = SerialMat(work / "line")
        mat.start()
        monitor = Monitor(work / "qmp")
        with open(work / "console", "w") as console:
            results = follow(guest, mat, monitor, console, begin)
    except TooSlow as error:
        print(error)
        return 77
    finally:
        watchdog.cancel()
        guest.kill()
    guest.wait()
    if results[-1][1]:
        results += check_archive(work, mat.sent)
    else:
        print((work / "console").read_text()[-4000:])
    seconds = time.monotonic() - begin
    if args.junit:
        write_junit(args.junit, results, seconds)
    failed = sum(not passed for _, passed, _ in results)
    print(f"{len(results) - failed} passed, {failed} failed, in {seconds:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
