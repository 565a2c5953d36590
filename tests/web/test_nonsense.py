# SPDX-License-Identifier: Apache-2.0
"""Bytes that no browser sends: broken WebSocket frames, broken HTTP, and what a random generator makes of
good ones. Built with ASan this is a test of memory; always, of going on afterwards."""
import os
import random
import re
import socket
import struct
import time

import pytest

from bridge import BINARY, CLOSE, PING, TEXT, Bridge, Closed, Refused, Socket
from plantar_harness import SLOW, Plantard, wait_until

SEED = int(os.environ.get("PLANTAR_SEED", "20261125"))
HELLO = b'{"hello":1}'


@pytest.fixture(scope="module")
def pair():
    with Plantard([{"source": "sim:standing?hz=100", "mat": "pmp-64x64", "name": "left"}]) as daemon, \
            Bridge(daemon) as bridge:
        yield daemon, bridge


@pytest.fixture(autouse=True)
def still_serves(pair):
    yield
    bridge = pair[1]
    assert bridge.process.poll() is None, bridge.log()
    page = bridge.page(bridge.operator)
    page.watch("left")
    assert page.request("version")["ok"] and page.frames() and bridge.get("/")[0] == 200
    page.close()


def say(s, *frames):
    """Sends them; what the other end thinks of it: a close code, None (just closed) or "open"."""
    try:
        for frame in frames:
            s.frame(**frame) if isinstance(frame, dict) else s.socket.sendall(frame)
    except OSError:
        return None
    try:
        while True:
            s.receive(0.3)
    except Closed as closed:
        return closed.code
    except (socket.timeout, TimeoutError):
        return "open"
    except OSError:
        return None
    finally:
        s.close()


@pytest.mark.parametrize("name,frames", [
    ("reserved bit", [{"opcode": TEXT, "payload": HELLO, "reserved": 4}]),
    ("reserved bits", [{"opcode": TEXT, "payload": HELLO, "reserved": 7}]),
    ("unknown opcode", [{"opcode": 3, "payload": HELLO}]),
    ("unknown control", [{"opcode": 11, "payload": HELLO}]),
    ("binary", [{"opcode": BINARY, "payload": HELLO}]),
    ("continues nothing", [{"opcode": 0, "payload": HELLO}]),
    ("text inside text", [{"opcode": TEXT, "payload": b'{"he', "final": False}, {"opcode": TEXT, "payload": HELLO}]),
    ("ping too long", [{"opcode": PING, "payload": b"x" * 126}]),
    ("ping in parts", [{"opcode": PING, "payload": b"x", "final": False}]),
    ("not UTF-8", [{"opcode": TEXT, "payload": b'{"hello":"\xc3\x28"}'}]),
    ("cut UTF-8", [{"opcode": TEXT, "payload": b'{"hello":1}\xe2\x82'}]),
    ("length with top bit", [b"\x81\xff" + b"\xff" * 8 + b"abcd"]),
    ("length of 2 GiB", [b"\x81\xff" + struct.pack(">Q", 1 << 31) + b"abcd" + b"x" * 70000]),
    ("too long in parts", [{"opcode": TEXT, "payload": b"x" * 60000, "final": False}] +
     [{"opcode": 0, "payload": b"x" * 60000, "final": False}] * 3),
    ("close with one byte", [{"opcode": CLOSE, "payload": b"\x03"}]),
    ("close with a wrong code", [{"opcode": CLOSE, "payload": struct.pack(">H", 5)}]),
    ("close that is not UTF-8", [{"opcode": CLOSE, "payload": struct.pack(">H", 1000) + b"\xff\xfe"}]),
    ("after close", [{"opcode": CLOSE, "payload": struct.pack(">H", 1000)}, {"opcode": TEXT, "payload": HELLO}]),
    ("HTTP again", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])])
def test_broken_frames_end_the_connection(pair, name, frames):
    assert say(Socket("127.0.0.1", pair[1].port), *frames) != "open"


def test_odd_but_right_frames_are_understood(pair):
    bridge = pair[1]
    s = Socket("127.0.0.1", bridge.port)
    for i, byte in enumerate(HELLO):  # a byte a frame, with pings in between
        s.frame(TEXT if i == 0 else 0, bytes([byte]), final=i == len(HELLO) - 1)
        s.frame(PING, b"still there?")
    assert b'"hello"' in s.receive()[1]
    s.frame(TEXT, b'{"ping":1}', masked=False)  # libwebsockets takes it; masks protect proxies, not us
    s.receive()
    head = b"\x81\x80" + os.urandom(4)  # an empty message is no message
    assert say(s, head) == 1008
    s = Socket("127.0.0.1", bridge.port)
    whole = b"\x81" + bytes([0x80 | len(HELLO)]) + b"\0\0\0\0" + HELLO
    for byte in whole[:-1]:  # in the smallest pieces that TCP makes
        s.socket.sendall(bytes([byte]))
        time.sleep(0.002)
    s.socket.sendall(whole[-1:])
    assert b'"hello"' in s.receive()[1]
    s.close()


HANDSHAKE = ("GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Origin: http://127.0.0.1:{port}\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: plantar.1\r\n\r\n")


@pytest.mark.parametrize("name,data", [
    ("nothing", b""), ("a newline", b"\n"), ("zeros", bytes(4000)), ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(100)), ("no version", b"GET /\r\n\r\n"),
    ("no method", b" / HTTP/1.1\r\n\r\n"), ("long method", b"A" * 5000 + b" / HTTP/1.1\r\n\r\n"),
    ("long path", b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n"),
    ("long header", b"GET / HTTP/1.1\r\nHost: " + b"a" * 100000 + b"\r\n\r\n"),
    ("long origin", HANDSHAKE.replace("http://127", "http://" + "a" * 3000).encode()),
    ("many headers", b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(5000)) + b"\r\n"),
    ("same header often", b"GET / HTTP/1.1\r\n" + b"Cookie: a=b\r\n" * 3000 + b"\r\n"),
    ("two methods", b"GET / POST / HTTP/1.1\r\n\r\n"), ("header without colon", b"GET / HTTP/1.1\r\nHost\r\n\r\n"),
    ("folded header", b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"), ("bare CR", b"GET / HTTP/1.1\rHost: a\r\r"),
    ("NUL", b"GET /\0 HTTP/1.1\r\nHost: a\0b\r\n\r\n"), ("negative length", b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\nxxxxx"),
    ("huge length", b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\nxxxxx"),
    ("chunks", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\nx"),
    ("pipelined", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 200)])
def test_broken_http(pair, name, data):
    bridge = pair[1]
    answer = bridge.raw(data.replace(b"{port}", str(bridge.port).encode()), timeout=0.5)
    assert b" 101 " not in answer and b"<!doctype" not in answer


def test_an_unknown_upgrade_on_a_connection_that_stays_open(pair):
    """libwebsockets 4.1 then uses headers that it has freed, unless it is stopped (http.c)."""
    bridge = pair[1]
    host = f"Host: 127.0.0.1:{bridge.port}\r\n".encode()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", bridge.port)) as s:
            s.settimeout(20 * SLOW)
            s.sendall(b"GET /nosuch.css HTTP/1.1\r\n" + host + b"\r\n" if _ % 2 else
                      b"GET / HTTP/1.1\r\n" + host + b"\r\n")
            s.recv(65536)
            try:
                s.sendall(b"GET / HTTP/1.1\r\n" + host + b"Connection: Upgrade\r\nUpgrade: foo\r\n\r\n")
                time.sleep(0.02)
                s.sendall(b"GET / HTTP/1.1\r\n" + host + b"\r\n")
                s.recv(65536)
            except OSError:
                pass


def mangled(rng, data):
    data = bytearray(data)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(data) + 1)
        what = rng.randrange(4)
        if what == 0 and data:
            data[at % len(data)] ^= 1 << rng.randrange(8)
        elif what == 1:
            data[at:at] = rng.randbytes(rng.randrange(1, 9))
        elif what == 2:
            del data[at:at + rng.randrange(1, 30)]
        else:
            data[at:at] = data[at:at + rng.randrange(1, 200)]
    return bytes(data)


def test_random_changes_to_handshakes(pair):
    bridge, rng = pair[1], random.Random(SEED)
    good = HANDSHAKE.format(port=bridge.port).encode()
    assert b" 101 " in bridge.raw(good, timeout=0.2)
    for i in range(300):
        data = mangled(rng, good)
        with socket.create_connection(("127.0.0.1", bridge.port)) as s:
            s.sendall(data)
            s.settimeout(0.02)
            try:
                answer = s.recv(65536)
            except (socket.timeout, OSError):
                continue
            if b" 101 " in answer:  # whatever was changed, these two were not
                lower = data.lower()
                assert re.search(rb"\r?\nhost: ?[^\r\n]*:%d" % bridge.port, lower), data
                assert b"plantar.1" in lower, data


def test_random_changes_to_frames(pair):
    bridge, rng = pair[1], random.Random(SEED + 1)
    messages = [HELLO, b'{"watch":"left","hz":60}', b'{"id":7,"request":{"cmd":"status"}}', b'{"ping":12.5}',
                b'{"hello":1,"token":"' + bridge.viewer.encode() + b'"}', b"x" * 300]
    for i in range(150):
        try:
            s = Socket("127.0.0.1", bridge.port)
        except Refused as refused:  # 32 that have not been noticed to be gone
            assert refused.status == 503
            time.sleep(0.2)
            continue
        stream = b"\x81" + bytes([0x80 | len(HELLO)]) + b"\0\0\0\0" + HELLO
        for _ in range(rng.randrange(1, 5)):
            text = rng.choice(messages)
            length = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + struct.pack(">H", len(text))
            key = rng.randbytes(4)
            body = bytes(c ^ key[j % 4] for j, c in enumerate(text))
            stream += mangled(rng, bytes([rng.choice([0x81, 0x81, 0x81, 0x01, 0x80, 0x82, 0x89])]) + length + key + body)
        try:
            s.socket.sendall(stream)
            s.socket.settimeout(0.01)
            s.socket.recv(65536)
        except OSError:
            pass
        s.close()


def test_connections_that_say_nothing_are_let_go(pair):
    """More of them than there are places; each has its time to say something."""
    bridge = pair[1]
    idle = []
    for _ in range(400):
        s = socket.socket()
        s.settimeout(0.2)
        try:
            s.connect(("127.0.0.1", bridge.port))
        except OSError:
            pass
        idle.append(s)

    def served():
        try:
            return bridge.get("/")[0] == 200
        except OSError:
            return False
    wait_until(served, 60, "a place for somebody who speaks", every=0.5)
    for s in idle:
        s.close()
