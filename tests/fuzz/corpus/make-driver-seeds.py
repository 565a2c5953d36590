#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of fuzz_pmp, fuzz_matrix and fuzz_mat_conf beside itself; run after a change
of what the first bytes of their inputs mean. Seeds are small, valid streams and files."""
import pathlib
import struct

here = pathlib.Path(__file__).parent


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def cobs(data):
    out, block = bytearray(), bytearray()
    for byte in data:
        if byte:
            block.append(byte)
        if not byte or len(block) == 254:
            out += bytes([len(block) + 1]) + block
            block.clear()
    return bytes(out + bytes([len(block) + 1]) + block)


def packet(kind, seq, t_us, payload):
    plain = struct.pack('<BBHI', 1, kind, seq, t_us) + payload
    return cobs(plain + struct.pack('<H', crc16(plain))) + b'\0'


def pmp(name, rows, cols, dtype, lost, packets):
    head = bytes([rows - 1, cols - 1, dtype, lost])
    (here / 'pmp' / name).write_bytes(head + b''.join(packets))


def cells(n, k):
    return struct.pack('<%dH' % n, *((i * k * 7) % 911 if i % 3 else 0 for i in range(n)))


frames = [packet(1, seq, 1000 * seq, cells(12, seq)) for seq in range(6)]
pmp('frames', 3, 4, 1, 0, frames)
pmp('lost', 3, 4, 1, 17, frames)
pmp('text', 3, 4, 1, 0, [packet(2, 0, 0, b'rows=3\ncols=4\n'), frames[0], packet(3, 1, 9, b'log')])
pmp('gap', 3, 4, 1, 0, [frames[0], frames[3], frames[3], frames[5], frames[0]])
pmp('bytes', 16, 16, 0, 0, [packet(1, s, s, bytes(range(256))) for s in range(2)])
pmp('floats', 2, 2, 5, 0, [packet(1, s, s, struct.pack('<4f', 0, 1.5, 2, 1e9)) for s in range(3)])


def matrix(name, header, frames_, **at):
    """header: what fuzz_matrix.c:describe takes, by position."""
    (here / 'matrix' / name).write_bytes(bytes(header).ljust(40, b'\0') + b''.join(frames_))


def header(marks, first, second=(0, 0, 0), rest=()):
    # lock, relock, confirm, length field, expected, counter follow the two skips
    return [marks, *first, *second, *rest]


NO = 0  # a field at offset -1
plain = bytes(range(6))
tail_of = [0, 0, 3, 6, 0, NO, 0, NO, 2, 3]
matrix('delimiter', header(8 | 3, (0xAA, 0x55, 0x03), rest=tail_of),
       [plain + b'\xAA\x55\x03'] * 5)
matrix('head', header(2, (0xAA, 0x55, 0), rest=tail_of), [b'\xAA\x55' + plain] * 5)
matrix('tail', header(0x20, (0, 0, 0), (0x0D, 0x0A, 0), tail_of), [plain + b'\r\n'] * 5)
matrix('both', header(0x12, (0xAA, 0x55, 0), (0xCC, 0, 0), tail_of),
       [b'\xAA\x55' + plain + b'\xCC'] * 5)
turned = tail_of + [2, 1, 0, 0, 0, 1, 1, 0, 1, 1]
matrix('turned-u16', header(8 | 3, (0xAA, 0x55, 0x03), rest=turned),
       [plain + plain + b'\xAA\x55\x03'] * 5)
summed = tail_of + [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0]
matrix('sum8', header(2, (0xAA, 0x55, 0), rest=summed),
       [b'\xAA\x55' + plain + bytes([(0xFF + sum(plain)) & 0xFF])] * 5)
polled = tail_of + [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
matrix('polled', header(0, (0, 0, 0), rest=polled), [plain] * 5)

base = 'rows = 3; cols = 2; pitch_mm = (7.5, 10); rate_hz = 40.5; protocol = "%s"; cell = "%s";\n'
(here / 'mat_conf' / 'pmp').write_text(base % ('pmp', 'u16'))
(here / 'mat_conf' / 'matrix').write_text(base % ('matrix', 'u16') + '''
title = "all"; scan_ms = 12;
serial = { baud = 921600; dtr = false; rts = true; settle_ms = 1500; discard_banner = true; };
frame = { head = "AA55"; tail = "0d 0A"; skip_head = 4; skip_tail = 1; lock_frames = 2;
  relock_frames = 5; endian = "big"; mask = 0x3FF; shift = 2; invert_max = 255; order = "column";
  flip_x = true; rotate = 90; row_map = [1, 0]; confirm = false;
  length = { offset = 2; endian = "big"; expected = 12; }; seq = { offset = 4; width = 2; };
  check = { type = "crc16-modbus"; endian = "big"; from = 2; to = 9; }; };
calibration = { unit = "N"; curve = ((0, 0), (100, 5.5), (1000, 80)); noise_floor = 0.1;
  contact = 0.2; saturation_counts = 1020; dead_cells = ((0, 1)); no_cells = ((2, 0));
  policy = "interpolate"; id = "bench-7"; };
live = { facing = "left"; side = "right"; region = "thirds"; force_min = 15; filter_hz = 0; };
''')
(here / 'mat_conf' / 'polled').write_text(base % ('matrix', 'u8') + '''
commands = { start = "text:go\\\\r\\\\n"; stop = "00"; poll = "text:?"; poll_timeout_ms = 250; };
''')
(here / 'mat_conf' / 'delimiter').write_text(base % ('matrix', 'u8') + '''
frame = { delimiter = "AA 55 03 99"; skip_head = 1; flip_y = true; };
calibration = { unit = "kPa"; scale = 0.05; };
''')
(here / 'mat_conf' / 'wrong').write_text('rats = 5;\nframe = { head = 3; }\n')
(here / 'mat_conf' / 'file').write_text(
    base % ('pmp', 'u8') + 'calibration = { unit = "N"; gain_file = "/dev/zero"; };\n')
