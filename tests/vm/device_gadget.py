#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: device_gadget.py KIND FUNCTIONFS LOG [HZ]

A device of tests/mats/devices.py on the far side of a USB cable, as usb_gadget is for made-up ones: the same
simulators, written from what is known of the devices, now behind the kernel's own device controller. KIND is
phidget, stepmaniax, takktile or vernier. What the host sends over an OUT endpoint is heard by the simulator,
which refuses what the device would not understand; "WRONG" on stdout says so.

Each frame is a line of LOG: 1 if the host has taken it whole between SIGUSR1 and SIGUSR2, when it must come to be in
the archive, else 0; then its cells as a mat file delivers them. "cut" is a line where the cable was pulled or put in,
"told" one where the device was told to begin, or what it should do."""
import errno
import os
import signal
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mats"))
import devices

IN, BULK, INTERRUPT, VENDOR, HID = 0x80, 2, 3, 0xFF, 3
ENABLE, DISABLE, UNBIND, SETUP = 2, 3, 1, 4
DESCRIPTORS_V2, STRINGS = 3, 2
FULL, HIGH, ALL_CONTROL = 1, 2, 64

# simulator, class, type of endpoints, bytes of the IN and the OUT one
KINDS = {
    "phidget": (devices.Phidget, HID, INTERRUPT, 64, 8),
    "stepmaniax": (devices.StepManiaX, HID, INTERRUPT, 64, 64),
    "takktile": (devices.TakkTile, VENDOR, BULK, 64, 32),
    "vernier": (devices.Vernier, HID, INTERRUPT, 64, 64),
}
# Vendor page, 64 bytes in and 64 out: what the kernel's HID driver asks for.
REPORT = bytes.fromhex("0600ff0901a101150026ff007508954009028102954009039102c0")


def descriptors(usb_class, kind, in_bytes, out_bytes):
    def endpoint(address, most, high):
        # bulk has 512 bytes at high speed, and nothing else; a millisecond between reports both times
        most = 512 if high and kind == BULK else 64 if kind == BULK else most
        interval = 0 if kind == BULK else 4 if high else 1
        return struct.pack("<BBBBHB", 7, 5, address, kind, most, interval)

    one = []
    for high in (False, True):
        d = struct.pack("<9B", 9, 4, 0, 0, 2, usb_class, 0, 0, 1)
        if usb_class == HID:
            d += struct.pack("<BBHBBBH", 9, 0x21, 0x0111, 0, 1, 0x22, len(REPORT))
        one.append(d + endpoint(IN | 1, in_bytes, high) + endpoint(2, out_bytes, high))
    count = 4 if usb_class == HID else 3
    body = struct.pack("<II", count, count) + b"".join(one)
    return struct.pack("<III", DESCRIPTORS_V2, 12 + len(body), FULL | HIGH | ALL_CONTROL) + body


def strings():
    body = struct.pack("<H", 0x0409) + b"mat\0"
    return struct.pack("<IIII", STRINGS, 16 + len(body), 1, 1) + body


class Gadget:
    def __init__(self, kind, path, log, hz):
        make, self.usb_class, self.type, in_bytes, out_bytes = KINDS[kind]
        self.device = devices.make(make, 1)
        self.log, self.period = open(log, "w"), 1 / hz
        self.lock = threading.Lock()
        self.replies, self.polls = [], 0
        self.wanted = self.takktile_runs = False
        self.marks = []         # for the log, before the next frame
        self.frames = 0         # since it was told to begin
        self.ep0 = os.open(path + "/ep0", os.O_RDWR)
        os.write(self.ep0, descriptors(self.usb_class, self.type, in_bytes, out_bytes))
        os.write(self.ep0, strings())
        self.ep_in = os.open(path + "/ep1", os.O_RDWR)
        self.ep_out = os.open(path + "/ep2", os.O_RDWR)

    # ---- endpoint 0 ----

    def answer_of(self, kind, request, value, index):
        """Of a TakkTile to a control request; None: it has none."""
        if kind != 0xC0 or not isinstance(self.device, devices.TakkTile):
            return None
        if request == 0x5C:
            return bytes(self.device.alive)
        if request == 0x6C and value < 5 and index < 8 and self.device.lives(5 * index + value):
            return self.device.cal[5 * index + value]
        if request == 0xC7:
            self.running(index != 0)
            return bytes([index != 0])
        return None

    def setup(self, kind, request, value, index, length):
        answer = self.answer_of(kind, request, value, index)
        if self.usb_class == HID and (kind, request, value >> 8) == (0x81, 6, 0x22):
            answer = REPORT
        if answer is not None:
            os.write(self.ep0, answer[:length])
        elif kind & IN:
            os.read(self.ep0, 0)        # the other direction than asked for is a stall
        else:
            data = os.read(self.ep0, length)
            if request == 9:
                print("heard", len(data), "bytes by SET_REPORT", flush=True)

    def endpoint_zero(self):
        while True:
            event = os.read(self.ep0, 12)
            if event[8] == SETUP:
                try:
                    self.setup(*struct.unpack("<BBHHH", event[:8]))
                except OSError as error:
                    # a stall is reported to who asked for it; the cable may go in the middle
                    if error.errno not in (errno.EL2HLT, errno.EIDRM, errno.ESHUTDOWN, errno.EINTR):
                        print("WRONG", error, flush=True)
            elif event[8] in (ENABLE, DISABLE, UNBIND):
                self.restart()

    # ---- commands ----

    def restart(self):
        """As after power-up: it has to be told again."""
        with self.lock:
            self.device.open()
            self.marks.append("cut")
            self.replies, self.polls, self.frames = [], 0, 0
            self.takktile_runs = False

    def running(self, yes):
        with self.lock:
            self.takktile_runs, self.frames = yes, 0
            self.marks.append("told")

    def hear(self, data):
        with self.lock:
            try:
                self.replies += self.device.hear(data)
            except AssertionError as error:
                print("WRONG", data.hex(), error, flush=True)
            self.polls += 1
            if not self.device.polled:
                self.frames = 0
                self.marks.append("told")

    def endpoint_out(self):
        first = True
        while True:
            try:
                data = os.read(self.ep_out, 64)
            except OSError:             # unplugged
                time.sleep(0.01)
                continue
            if first:
                print("heard", len(data), "bytes by OUT endpoint", flush=True)
            first = False
            self.hear(data)

    # ---- frames ----

    def next_packets(self, n):
        """(packets, cells): what is to be sent now; no cells: no frame."""
        with self.lock:
            if self.replies:
                packets, self.replies = self.replies, []
                return packets, None
            if self.device.polled and not self.polls:
                return [], None
            if isinstance(self.device, devices.TakkTile) and not self.takktile_runs:
                return [], None
            sent, cells = self.device.picture(n)
            packets = self.device.frame(sent, n)
            self.polls = 0
            return packets, cells if packets else None

    def send(self, packets):
        """True: the host has taken all of it."""
        try:
            for p in packets:
                if os.write(self.ep_in, p) != len(p):
                    return False
        except OSError:                 # unplugged
            time.sleep(0.01)
            return False
        return True

    def stream(self):
        n, due = 0, time.monotonic()
        while True:
            wanted, began = self.wanted, self.frames
            packets, cells = self.next_packets(n)
            sent = packets and self.send(packets)
            if cells:
                sent = sent and began == self.frames and began >= self.device.first
                self.frames += 1
                n += 1
                while self.marks:
                    self.log.write(self.marks.pop(0) + "\n")
                text = " ".join(repr(v) for v in devices.flat(cells))
                self.log.write(f"{int(wanted and self.wanted and sent)} {text}\n")
                self.log.flush()
            if not packets and cells is None:
                time.sleep(0.002)
            if cells:
                due = max(due + self.period, time.monotonic() - self.period)
                time.sleep(max(0, due - time.monotonic()))

    def want(self, yes):
        self.wanted = yes


def main():
    kind, path, log = sys.argv[1:4]
    gadget = Gadget(kind, path, log, float(sys.argv[4]) if len(sys.argv) > 4 else 20)
    gadget.restart()
    signal.signal(signal.SIGUSR1, lambda *_: gadget.want(True))
    signal.signal(signal.SIGUSR2, lambda *_: gadget.want(False))
    for part in (gadget.endpoint_zero, gadget.endpoint_out):
        threading.Thread(target=part, daemon=True).start()
    print("ready", flush=True)
    gadget.stream()


if __name__ == "__main__":
    main()
