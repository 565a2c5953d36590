# SPDX-License-Identifier: Apache-2.0
"""A running plantar-web for tests, and a browser's end of its WebSocket that can also misbehave.

    with Plantard([...]) as d, Bridge(d) as b:
        page = b.page(b.operator)           # says hello
        assert page.hello["role"] == "operator"
        page.watch("left")
        kind, messages = page.frames()
        reply = page.request("status")

WebSocket is RFC 6455, written here with the standard library only: a library would refuse to send what
must be refused.
"""
import base64
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from plantar_harness import BIN, SLOW, environment, wait_until  # noqa: E402

PROTOCOL = "plantar.1"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Closed(Exception):
    """The other end has closed; code None: without a close frame."""

    def __init__(self, code=None, reason=""):
        super().__init__(f"closed with {code} {reason}")
        self.code, self.reason = code, reason


class Refused(Exception):
    def __init__(self, status, text):
        super().__init__(f"HTTP {status}: {text}")
        self.status, self.text = status, text


class Socket:
    """One WebSocket; headers can be replaced or (None) left out."""

    def __init__(self, host, port, tls=None, headers=None, path="/ws", receive_buffer=None):
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(20 * SLOW)
        self.socket.connect((host, port))
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=host)
        scheme = "https" if tls else "http"
        name = f"[{host}]" if ":" in host else host
        wanted = {"Host": f"{name}:{port}", "Upgrade": "websocket", "Connection": "Upgrade",
                  "Origin": f"{scheme}://{name}:{port}", "Sec-WebSocket-Version": "13",
                  "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
                  "Sec-WebSocket-Protocol": PROTOCOL, **(headers or {})}
        lines = [f"GET {path} HTTP/1.1"] + [f"{k}: {v}" for k, v in wanted.items() if v is not None]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.buffer = b""
        try:
            while b"\r\n\r\n" not in self.buffer:
                self._more()
        except Closed:
            raise Refused(0, "closed without an answer") from None
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])
        if self.status != 101:
            try:
                while True:
                    self._more()
            except Closed:
                pass
            self.close()
            raise Refused(self.status, self.buffer.decode())
        self.head = head.decode()

    def _more(self):
        try:
            data = self.socket.recv(1 << 16)
        except (ConnectionError, ssl.SSLEOFError):
            data = b""
        if not data:
            raise Closed()
        self.buffer += data

    def _take(self, n):
        while len(self.buffer) < n:
            self._more()
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def frame(self, opcode, payload=b"", final=True, masked=True, reserved=0):
        """Sends one frame as it is asked for, right or wrong."""
        head = bytes([final << 7 | reserved << 4 | opcode])
        n = len(payload)
        mask = masked << 7
        if n < 126:
            head += bytes([mask | n])
        elif n < 1 << 16:
            head += struct.pack(">BH", mask | 126, n)
        else:
            head += struct.pack(">BQ", mask | 127, n)
        if masked:
            key = os.urandom(4)
            whole = int.from_bytes(payload, "big") ^ int.from_bytes(
                (key * (n // 4 + 1))[:n], "big")
            payload = key + whole.to_bytes(n, "big")
        self.socket.sendall(head + payload)

    def say(self, message):
        text = message if isinstance(message, (str, bytes)) else json.dumps(message)
        self.frame(TEXT, text.encode() if isinstance(text, str) else text)

    def receive(self, timeout=20):
        """(opcode, payload) of the next message; pings are answered, a close frame is Closed."""
        self.socket.settimeout(timeout * SLOW)
        whole, kind = b"", None
        while True:
            first, length = self._take(2)
            assert not length & 0x80, "a server must not mask"
            length &= 0x7f
            if length == 126:
                length = struct.unpack(">H", self._take(2))[0]
            elif length == 127:
                length = struct.unpack(">Q", self._take(8))[0]
            payload = self._take(length)
            opcode = first & 15
            if opcode == PING:
                self.frame(PONG, payload)
            elif opcode == CLOSE:
                code = struct.unpack(">H", payload[:2])[0] if len(payload) > 1 else None
                raise Closed(code, payload[2:].decode())
            elif opcode != PONG:
                kind = kind or opcode
                whole += payload
                if first & 0x80:
                    return kind, whole

    def closed(self, timeout=20):
        """Reads until the end: the Closed."""
        try:
            while True:
                self.receive(timeout)
        except Closed as closed:
            return closed

    def close(self):
        self.socket.close()


def split(payload):
    """A binary message as docs/web.md describes it: (kind, [(topic, header, blob)]) or (2, id, blob)."""
    kind, = struct.unpack_from("<I", payload)
    if kind == 2:
        _, ident, n, zero = struct.unpack_from("<4I", payload)
        assert zero == 0 and len(payload) == 16 + n
        return kind, ident, payload[16:]
    _, n = struct.unpack_from("<2I", payload)
    at, messages = 8, []
    for _ in range(n):
        lengths = struct.unpack_from("<4I", payload, at)
        assert lengths[3] == 0
        at, parts = at + 16, []
        for length in lengths[:3]:
            assert at % 8 == 0
            parts.append(payload[at:at + length])
            padded = (length + 7) // 8 * 8
            assert payload[at + length:at + padded] == bytes(padded - length)
            at += padded
        messages.append((parts[0].decode(), json.loads(parts[1]), parts[2]))
    assert at == len(payload)
    return kind, messages


class Page(Socket):
    """A browser that behaves: says hello, keeps what comes while something else is waited for."""

    def __init__(self, host, port, token=None, hello=True, **how):
        super().__init__(host, port, **how)
        self.seen, self.last_id = [], 0
        if hello:
            self.say({"hello": 1, **({"token": token} if token else {})})
            self.hello = self.text("hello")["hello"]

    def until(self, wanted, timeout=20):
        """The first message, seen or to come, for which wanted(message) is true; it is taken out.
        Messages are dicts (text) or what split() returns."""
        for i, message in enumerate(self.seen):
            if wanted(message):
                return self.seen.pop(i)
        end = time.monotonic() + timeout * SLOW
        while time.monotonic() < end:
            kind, payload = self.receive(timeout)
            message = json.loads(payload) if kind == TEXT else split(payload)
            if wanted(message):
                return message
            self.seen.append(message)
        raise AssertionError("timed out waiting for a message")

    def text(self, key, timeout=20):
        return self.until(lambda m: isinstance(m, dict) and key in m, timeout)

    def event(self, kind, timeout=20):
        return self.until(lambda m: isinstance(m, dict) and "event" in m and
                          m["event"]["header"]["kind"] == kind, timeout)["event"]

    def frames(self, timeout=20):
        """The messages of the next binary message of kind 1."""
        return self.until(lambda m: isinstance(m, tuple) and m[0] == 1, timeout)[1]

    def watch(self, mat, hz=60):
        self.say({"watch": mat, "hz": hz})

    def ask(self, cmd, **keys):
        """Sends a request: its id."""
        self.last_id += 1
        self.say({"id": self.last_id, "request": {"cmd": cmd, **keys}})
        return self.last_id

    def answer(self, ident, timeout=20):
        return self.until(lambda m: isinstance(m, dict) and m.get("id") == ident, timeout)["reply"]

    def request(self, cmd, timeout=20, **keys):
        return self.answer(self.ask(cmd, **keys), timeout)


class Bridge:
    """daemon: a Plantard (or anything with runtime and environment()), or None: there is none."""

    def __init__(self, daemon=None, args=("--listen", "127.0.0.1:0"), env=None, folder=None, wrap=()):
        self.own_folder = folder is None and daemon is None
        self.daemon = daemon
        self.folder = folder or (daemon.folder if daemon else tempfile.mkdtemp(prefix="plantar-web-"))
        self.runtime = os.path.join(self.folder, "run")
        os.makedirs(self.runtime, exist_ok=True)
        self.log_path = os.path.join(self.folder, "web.log")
        self.token_file = os.path.join(self.runtime, "web.token")
        self.args, self.env, self.wrap, self.process = list(args), dict(env or {}), list(wrap), None

    def environment(self):
        return environment(PLANTARD_RUNTIME_DIR=self.runtime,
                           PLANTARD_CONTROL=f"ipc://{self.runtime}/control.sock", **self.env)

    def run(self, *args, timeout=30):
        """Runs to its end: (exit code, stdout, stderr)."""
        done = subprocess.run([os.path.join(BIN, "plantar-web"), *args], env=self.environment(),
                              capture_output=True, timeout=timeout * SLOW, text=True)
        return done.returncode, done.stdout, done.stderr

    def start(self):
        before = len(self.log())
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*self.wrap, os.path.join(BIN, "plantar-web"), *self.args],
                                            env=self.environment(), stderr=log,
                                            stdin=subprocess.DEVNULL)

        def listening():
            assert self.process.poll() is None, self.log()
            return re.search(r"listening: ((https?)://(\S+):(\d+)/)", self.log()[before:])
        found = wait_until(listening, 20, "plantar-web to listen")
        self.url, self.scheme, self.host = found.group(1), found.group(2), found.group(3)
        self.port = int(found.group(4))
        if self.daemon:  # what is asked before the bridge has found it is refused
            wait_until(lambda: "plantard is there" in self.log()[before:], 20, "plantard to be found")
        with open(self.token_file) as f:
            tokens = dict(line.split() for line in f if not line.startswith("#"))
        self.operator, self.viewer = tokens["operator"], tokens["viewer"]
        return self

    def log(self):
        try:
            with open(self.log_path, errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def stop(self, timeout=30):
        """SIGTERM; the exit code. Sanitizer findings fail the test."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout * SLOW)
        text = self.log()
        assert "Sanitizer" not in text and "runtime error:" not in text, text
        return code

    def page(self, token=None, **how):
        return Page("127.0.0.1", self.port, token, **how)

    def get(self, path="/", method="GET", headers=None, tls=None):
        """(status, headers, body) of one request on a connection of its own."""
        if tls:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20 * SLOW,
                                                     context=tls)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20 * SLOW)
        try:
            connection.putrequest(method, path, skip_host=bool(headers and "Host" in headers))
            for name, value in (headers or {}).items():
                if value is not None:
                    connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def raw(self, data, timeout=5):
        """What comes back for these bytes until the other end closes or is silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout * SLOW) as s:
            answer = b""
            try:
                s.sendall(data)
                while True:
                    more = s.recv(1 << 16)
                    if not more:
                        return answer
                    answer += more
            except (ConnectionError, socket.timeout):
                return answer

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                assert self.stop() == 0, self.log()
            else:
                sys.stderr.write(self.log()[-6000:])
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            if self.own_folder:
                shutil.rmtree(self.folder, ignore_errors=True)
