#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of fuzz_pmp, fuzz_matrix, fuzz_devices and fuzz_mat_conf beside itself; run after a change
of what the first bytes of their inputs mean. Seeds are small, valid streams and files."""
import pathlib
import random
import struct
import sys

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent.parent / 'mats'))
import devices  # noqa: E402
import survey  # noqa: E402


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

# Small pictures through the simulators of tests/mats, with headers by position in describe().
AT = dict(marks=0, first=1, tail=4, skip_head=7, skip_tail=8, lock=9, relock=10, length=12, expected=13,
          seq=14, rows=15, cols=16, cell=17, big=18, invert=21, column=22, flip_x=23, check=27, frm=29,
          poll=31, modes=32, escape=33, line=34, how=35, cells=36, index=37, cell_max=38)
ESCAPED, TEXT, PARTS, DIGITS, DIMS, REPAIR = 1, 2, 4, 8, 16, 32


def field(offset, width=1, big=False):
    """As take_field reads it: width is 1 << how % 3."""
    return next(how for how in range(offset + 1 << 4, (offset + 1 << 4) + 16)
                if 1 << how % 3 == width and bool(how & 8) == big)


def simulated(name, mat, rows, cols, top, **header):
    small = survey.Mat(name, rows, cols, top, mat)
    dice = random.Random(name)
    stream = b''.join(mat(survey.picture_of(small, n, dice), n) for n in range(6))
    head = bytearray(40)
    for key, value in dict(lock=3, relock=6, rows=rows, cols=cols, **header).items():
        value = bytes(value) if isinstance(value, (tuple, bytes)) else bytes([value])
        head[AT[key]:AT[key] + len(value)] = value
    (here / 'matrix' / ('sim-' + name)).write_bytes(bytes(head) + stream)


def osc(picture, n):
    message = b'/r\0\0' + struct.pack('>I', 12) + bytes(survey.flat(picture))
    return b'\xc0' + message.replace(b'\xdb', b'\xdb\xdd').replace(b'\xc0', b'\xdb\xdc') + b'\xc0'


simulated('slip', osc, 3, 4, 255, modes=ESCAPED, escape=1, skip_head=8, length=field(7), expected=12)
simulated('table', survey.matsense_secure, 3, 4, 255, modes=ESCAPED, escape=3 + 4 * 2, marks=0x11,
          first=b'\x5b', tail=b'\x5d')
simulated('cobs', lambda p, n: cobs(bytes([n]) + bytes(survey.flat(p))) + b'\0', 3, 4, 255,
          modes=ESCAPED, escape=2, skip_head=1, seq=field(0))
simulated('digits', survey.actionnet(32), 4, 4, 1023, modes=DIGITS, cell=2, skip_head=1, marks=0x10,
          tail=b'\n')
simulated('rows-with-index', survey.actionnet_rows, 4, 5, 1023, modes=DIGITS | PARTS, cell=2, skip_head=2,
          marks=0x10, tail=b'\n', cells=5 | 64 | 128, index=field(1))
simulated('glove', lambda p, n: b''.join(
    bytes([11 + i, 1]) + struct.pack('>H', 4095 - v) + b'\0' for i, v in enumerate(survey.flat(p))),
          4, 3, 254, modes=PARTS, cell=2, big=1, skip_head=2, marks=0x10, tail=b'\0', cells=1 | 128,
          index=field(0))
simulated('dims', lambda p, n: bytes([len(p), len(p[0])]) + survey.u16le(survey.flat(p)), 3, 4, 1023,
          modes=DIMS, cell=2, skip_head=2, poll=1)
simulated('sum16', survey.capstone, 3, 4, 4095, cell=2, marks=0x22, first=b'\xaa\x55', tail=b'\r\n',
          check=2, frm=2)
simulated('text-blank', survey.vitac, 4, 5, 200, modes=TEXT, cell=2, line=1, how=1)
simulated('text-words', lambda p, n: survey.started_rows(p, n).replace(b'START', b'on').replace(
    b'END', b'off'), 4, 5, 200, modes=TEXT, cell=2, line=1, how=4 | 8, flip_x=1)
simulated('text-frame', survey.snowboard, 4, 5, 200, modes=TEXT, cell=2, line=2)
simulated('text-tabs', survey.cushion, 4, 5, 200, modes=TEXT, cell=2, line=2, column=1, poll=1)
simulated('text-index', survey.indexed, 4, 5, 200, modes=TEXT, cell=2, line=4, cell_max=201)
simulated('text-cell', survey.one_a_line, 4, 5, 200, modes=TEXT, cell=2, line=3, poll=1)
simulated('text-prefix', survey.fsr_pad, 2, 2, 200, modes=TEXT, cell=2, line=2, how=16)
simulated('text-rows', survey.bare_rows(' '), 4, 5, 200, modes=TEXT, cell=2, line=1, how=32 | 64)
for check in range(1, 8):
    simulated('repair-check%d' % check, survey.itas, 3, 4, 255, modes=REPAIR, marks=0x22,
              first=b'\xaa\x55', tail=b'\r\n', check=check)
    simulated('repair-slip%d' % check, survey.itas, 3, 4, 255, modes=REPAIR | ESCAPED, escape=1,
              check=check, skip_head=2, seq=field(0, 2))
simulated('repair-parts', lambda p, n: b''.join(
    bytes([k]) + bytes(survey.flat(p)[k:k + 6]) + bytes(6) for k in (0, 6)), 3, 4, 255, modes=REPAIR | PARTS, marks=8 | 4,
          first=b'\xaa\x55\x03', cells=6, index=field(0), skip_head=1, check=5)

# The smaller streams of the survey, as fuzz_guess takes them.
for mat in survey.MATS:
    if mat.poll or mat.rows * mat.cols > 512:
        continue
    dice = random.Random(mat.name)
    stream = b''.join(mat.frame(survey.picture_of(mat, n, dice), n) for n in range(8))
    (here / 'guess' / mat.name).write_bytes(stream[:6000])

# Devices with a protocol of their own: which one is its line in fuzz_devices.c.
(here / 'devices').mkdir(exist_ok=True)


def spoken(which, kind, frames):
    device, out = devices.make(kind, which), b''
    said = device.open()
    if kind is devices.Fisica:
        said += device.hear(bytes.fromhex('241347000000fff0' '24225300 0002fff0'.replace(' ', '')))
    if kind in (devices.Vernier, devices.VernierWide):
        device.running, device.period_us = True, 10000
    if kind is devices.Phidget:
        device.setting = bytes([0x0F, 0x77, 0x77, 5, 0])
    for n in range(frames):
        sent, _ = device.picture(n)
        frame = device.frame(sent, n)
        said += frame if device.packets else [frame]
    for data in said:
        if device.packets:
            n, data = (0x8000, data[1]) if isinstance(data, tuple) else (0, data)
            out += struct.pack('<H', n | len(data))
        out += data
    (here / 'devices' / f'{which}-{kind.__name__.lower()}').write_bytes(bytes([which, 0]) + out)


for which, kind, frames in ((0, devices.Fisica, 3), (1, devices.Fisica, 2), (2, devices.JqPad, 2), (2, devices.JqTyped, 2),
                            (4, devices.JqHalves, 3), (5, devices.JqWhole, 3), (6, devices.Phidget, 4),
                            (8, devices.TakkTile, 2), (10, devices.Vernier, 3), (10, devices.VernierWide, 2),
                            (11, devices.StepManiaX, 3)):
    spoken(which, kind, frames)
for which, most in enumerate((1300, 1300, 4200, 2100, 600, 600, 90, 90, 600, 600, 300, 600)):
    (here / 'devices' / f'{which}-repair').write_bytes(bytes([0x80 | which, 5]) + random.Random(which).randbytes(most))

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

texts = {
    'text': 'frame = { text = { line = "row"; begin = "START"; end = "END"; separators = ","; }; cell_max = 200; };',
    'text-idle': 'frame = { text = { line = "row"; idle_ms = 300; runs_on = true; }; };',
    'text-blank': 'frame = { text = { line = "cell"; blank_line = true; skip_other = true; prefix = "v"; }; };',
    'escaped': 'frame = { tail = "5D"; escape = "table"; escape_mark = "5C"; escape_codes = "00 5C 02 5D"; };',
    'slip': 'frame = { escape = "slip"; skip_head = 2; dims = { offset = 0; width = 1; }; };',
    'parts': 'frame = { tail = "0A"; skip_head = 2; chunks = { cells = 2; unit = "row"; offset = 1; width = 1; '
             'index_base = 11; list_index = 200; }; };',
}
for name, frame in texts.items():
    (here / 'mat_conf' / name).write_text(base % ('matrix', 'u8') + frame)
(here / 'mat_conf' / 'digits').write_text(
    base % ('matrix', 'u16') + 'frame = { tail = "0A"; digits = { base = 32; offset = 11; }; };'
    ' commands = { poll = "text:a"; poll_quiet_ms = 3; };')
