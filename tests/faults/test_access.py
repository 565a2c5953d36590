# SPDX-License-Identifier: Apache-2.0
"""Who may come in, and do what: file modes, keys, roles; what one client can cost the others; and what is
kept of it all. Clients are real ones: plantar, pyzmq with CURVE, raw TCP."""
import grp
import json
import os
import pwd
import re
import shutil
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time

import pytest
import zmq

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from plantar_harness import (BIN, SANITIZER, SLOW, Plantard, environment, resident_kib,  # noqa: E402
                             wait_until)

SIM = {"source": "sim:standing?hz=100&seed=1", "mat": "pmp-64x64", "name": "m"}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def own_address():
    """An address of this machine that is not loopback, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))
            return s.getsockname()[0]
        except OSError:
            return None


@pytest.fixture
def folder():
    path = tempfile.mkdtemp(prefix="plantard-access-")
    yield path
    shutil.rmtree(path, ignore_errors=True)


def plantar(*args, timeout=30, **env):
    done = subprocess.run([os.path.join(BIN, "plantar"), *args], capture_output=True, text=True,
                          timeout=timeout * SLOW, env=environment(**env))
    return done.returncode, done.stdout, done.stderr


def keygen(*args):
    code, out, err = plantar("keygen", *args, "--json")
    assert code == 0, err
    return json.loads(out)


def read_key(path):
    with open(path) as f:
        return {k: v.encode() for k, v in re.findall(r'(\w+) = "([^"]+)";', f.read())}


class Site:
    """A daemon's keys, clients' keys, and a daemon whose tcp endpoints need them."""

    def __init__(self, folder, **more):
        self.folder = folder
        self.keys = os.path.join(folder, "keys")
        self.people = os.path.join(folder, "people")
        keygen("--server", "--out", self.keys)
        self.server = read_key(os.path.join(self.keys, "server.public"))["public"]
        for name, role in (("anna", "viewers"), ("bert", "operators"), ("eve", None)):
            keygen(name, "--out", self.people)
            if role:
                self.let_in(name, role)
        self.data = f"tcp://127.0.0.1:{free_port()}"
        self.control = f"tcp://127.0.0.1:{free_port()}"
        ipc = f"ipc://{folder}/control.sock"
        access = {"keys": self.keys, "loopback": "none", **more}
        inner = " ".join(f'{k} = {json.dumps(v)};' for k, v in access.items())
        self.config = (
            f'mats = ({{ source = "{SIM["source"]}"; mat = "pmp-64x64"; name = "m"; }});\n'
            f'publish = {{ endpoints = ["ipc://{folder}/data.sock", "{self.data}"]; }};\n'
            f'control = {{ endpoints = ["{ipc}", "{self.control}"]; }};\n'
            f'access = {{ {inner} }};\nlog = "debug";\n')
        self.daemon = Plantard([], config=self.config)
        self.daemon.control, self.daemon.data = ipc, f"ipc://{folder}/data.sock"

    def let_in(self, name, role):
        shutil.copy(os.path.join(self.people, f"{name}.public"), os.path.join(self.keys, role))

    def socket(self, kind, name, endpoint, server=None):
        key = read_key(os.path.join(self.people, f"{name}.secret"))
        s = self.daemon.context.socket(kind)
        s.setsockopt(zmq.LINGER, 0)
        s.curve_publickey, s.curve_secretkey = key["public"], key["secret"]
        s.curve_serverkey = server or self.server
        if kind == zmq.SUB:
            s.subscribe(b"")
        s.connect(endpoint)
        return s

    def ask(self, key, timeout=10, **request):
        s = self.socket(zmq.REQ, key, self.control)
        s.send(json.dumps({"v": 1, **request}).encode())
        return Plantard.receive(s, timeout)

    def silent(self, s, seconds=1.0):
        try:
            assert not s.poll(int(seconds * 1000)), s.recv_multipart()
        finally:
            s.close()


def test_keys_are_files_of_their_owner(folder):
    made = keygen("anna", "--out", folder)
    assert made["role"] == "viewer"
    assert stat.S_IMODE(os.stat(made["secret"]).st_mode) == 0o600
    pair = read_key(made["secret"])
    assert pair["public"] == read_key(made["public"])["public"]
    assert zmq.curve_public(pair["secret"]) == pair["public"]
    before = open(made["secret"]).read()
    code, _, err = plantar("keygen", "anna", "--out", folder)
    assert code == 1 and "exists already" in err and open(made["secret"]).read() == before
    os.unlink(made["secret"])  # the public half alone is not overwritten either
    assert plantar("keygen", "anna", "--out", folder)[0] == 1
    assert not os.path.exists(made["secret"])
    for name in ("", "../x", "server", "a b", "x" * 64):
        assert plantar("keygen", name, "--out", folder)[0] == 2
    assert plantar("keygen", "--out", folder)[0] == 2
    assert plantar("keygen", "--server", "anna", "--out", folder)[0] == 2


def test_without_keys_nobody_elsewhere_is_served(folder):
    for group in ('publish = { endpoints = ["tcp://0.0.0.0:5571"]; };',
                  'publish = { endpoints = ["ipc:///tmp/x", "tcp://*:5571"]; };',
                  'control = { endpoint = "tcp://192.0.2.1:5572"; };',
                  'control = { endpoints = ["tcp://eth0:5572"]; };',
                  'control = { endpoints = ["tcp://127.0.0.1.example.org:5572"]; };',
                  'control = { endpoints = ["tcp://[::]:5572"]; };'):
        d = Plantard([], config=f'mats = ({{ source = "sim:standing"; mat = "pmp-64x64"; }});\n{group}')
        for args in (["--check"], []):
            code, _, err = d.run(*args)
            assert code == 78 and ":2: " in err, err
            assert "plantar keygen --server" in err and "127.0.0.1" in err
        d.close()
    for good in ("127.0.0.1", "127.1.2.3", "[::1]", "lo"):
        d = Plantard([SIM], control={"endpoint": f"tcp://{good}:5572"})
        assert d.run("--check")[0] == 0, good
        d.close()


def test_a_key_that_lies_open_is_refused(folder):
    site = Site(folder)
    secret = os.path.join(site.keys, "server.secret")
    os.chmod(secret, 0o640)
    code, _, err = site.daemon.run()
    assert code == 78 and "0640" in err and f"chmod 600 {secret}" in err
    os.chmod(secret, 0o600)
    with open(os.path.join(site.keys, "viewers", "carl.public"), "w") as f:
        f.write('public = "short";\n')
    code, _, err = site.daemon.run("--check")
    assert code == 78 and "carl.public:1" in err
    os.unlink(os.path.join(site.keys, "viewers", "carl.public"))
    site.let_in("anna", "operators")  # two roles for one key
    code, _, err = site.daemon.run("--check")
    assert code == 78 and "already" in err
    site.daemon.close()


def test_roles_over_curve(folder):
    site = Site(folder)
    with site.daemon as d:
        # viewers watch and ask
        sub = site.socket(zmq.SUB, "anna", site.data)
        assert sub.poll(int(10000 * SLOW))
        sub.close()
        assert site.ask("anna", cmd="status")["ok"]
        assert site.ask("anna", cmd="protocols")["ok"]
        acts = ["start", "stop", "mark", "tare", "weigh", "protocol", "red-flags", "override", "trial",
                "accept", "reject", "pain", "next", "abort"]
        session = {"session": "01234567-89ab-4cde-8f01-23456789abcd"}
        recordings = {"sessions": {}, "session": session, "analysis": {**session, "trial": 1},
                      "compare": {"sessions": list(session.values())}, "trend": {"subject": "P-1"},
                      "report": {"sessions": list(session.values()), "format": "pdf"},
                      "annotate": {**session, "annotations": {"pain_score": 3}},
                      "correct": {**session, "trial": 1, "side": "left", "reason": "x"}}
        needs = {"mark": {"text": "x"}, "weigh": {"body_mass_kg": 70}, "protocol": {"protocol": "x"},
                 "override": {"name": "x", "reason": "y"}, "reject": {"reason": "x"},
                 "pain": {"score": 3}, "abort": {"reason": "x"},
                 "red-flags": dict.fromkeys(("stress_fracture", "numbness", "calf", "night_pain",
                                             "not_resolving"), False)}
        for cmd in acts:
            error = site.ask("anna", cmd=cmd, **needs.get(cmd, {}))
            assert error["error"]["code"] == "access", (cmd, error)
        for cmd, keys in recordings.items():
            assert site.ask("anna", cmd=cmd, **keys)["error"]["code"] == "access", cmd
        assert site.ask("bert", cmd="sessions") == {"ok": True, "sessions": []}
        assert d.mat()["recording"] is None
        # operators act
        started = site.ask("bert", cmd="start", subject="P-1")
        assert started["ok"], started
        assert site.ask("anna", cmd="stop")["error"]["code"] == "access"
        assert d.mat()["recording"]["subject"] == "P-1"
        assert site.ask("bert", cmd="stop")["ok"]
        # nobody else: no key, a key nobody let in, a server that is not the one
        plain = d.context.socket(zmq.DEALER)
        plain.setsockopt(zmq.LINGER, 0)
        plain.connect(site.control)
        plain.send(b'{"v":1,"cmd":"version"}')
        eve = site.socket(zmq.DEALER, "eve", site.control)
        eve.send(b'{"v":1,"cmd":"version"}')
        blind = site.socket(zmq.SUB, "eve", site.data)
        wrong = site.socket(zmq.DEALER, "bert", site.control, server=zmq.curve_keypair()[0])
        wrong.send(b'{"v":1,"cmd":"version"}')
        for s in (plain, eve, blind, wrong):
            site.silent(s)
        wait_until(lambda: "refused: " in d.log(), 10, "the event")
        # let in while it runs, put out while it is connected
        site.let_in("eve", "operators")
        wait_until(lambda: _answers(site, "eve"), 15, "the new key to be let in")
        connected = site.socket(zmq.REQ, "eve", site.control)
        connected.send(b'{"v":1,"cmd":"version"}')
        assert connected.poll(int(10000 * SLOW)) and json.loads(connected.recv())["ok"]
        os.unlink(os.path.join(site.keys, "operators", "eve.public"))
        def out():
            connected.send(b'{"v":1,"cmd":"version"}')
            assert connected.poll(int(10000 * SLOW))
            return not json.loads(connected.recv())["ok"]
        wait_until(out, 15, "the key to be out")
        connected.close()
        # who did it
        with open(os.path.join(d.state, "audit.log")) as f:
            lines = [json.loads(line) for line in f]
        assert any(l["who"] == "key:bert" and l["role"] == "operator" and l["result"] == "ok" and
                   '"start"' in l["request"] for l in lines)
        assert any(l["who"] == "key:anna" and l["role"] == "viewer" and l["result"] == "access" and
                   '"stop"' in l["request"] for l in lines)
        assert any(l["who"] == f"uid:{os.getuid()}" for l in lines)


def _answers(site, name):
    s = site.socket(zmq.REQ, name, site.control)
    s.send(b'{"v":1,"cmd":"version"}')
    try:
        return s.poll(1500) and json.loads(s.recv())["ok"]
    finally:
        s.close()


def test_plantar_over_curve(folder):
    site = Site(folder)
    home = os.path.join(folder, "home")
    mine = os.path.join(home, "plantard", "keys")
    os.makedirs(mine)
    env = {"XDG_CONFIG_HOME": home}
    with site.daemon as d:
        secret = os.path.join(site.people, "anna.secret")
        public = os.path.join(site.keys, "server.public")
        args = ["--control", site.control, "--key", secret, "--server-key", public]
        code, out, err = plantar("status", "--json", *args, **env)
        assert code == 0 and json.loads(out)["mats"][0]["mat"] == "m", err
        code, _, err = plantar("start", *args, **env)
        assert code == 1 and "key:anna may only watch" in err
        code, out, err = plantar("status", "--json", "--control", site.control, **env,
                                 PLANTARD_KEY=secret, PLANTARD_SERVER_KEY=public)
        assert code == 0, err
        code, _, err = plantar("status", "--control", site.control, "--key", secret,
                               "--server-key", os.path.join(site.people, "eve.public"), **env)
        assert code == 1 and ("server key" in err or "no answer" in err), err
        code, _, err = plantar("status", "--control", site.control, "--server-key", public, "--key",
                               os.path.join(site.people, "eve.secret"), **env)
        assert code == 1 and "keys/viewers or keys/operators" in err, err
        os.chmod(secret, 0o644)
        code, _, err = plantar("status", *args, **env)
        assert code == 1 and "chmod 600" in err
        os.chmod(secret, 0o600)
        assert d.ok("version")


def test_an_address_that_others_reach(folder):
    """Keys are found in the person's folder, and the daemon's by the name of the host."""
    address = own_address()
    if not address or address.startswith("127."):
        pytest.skip("this machine has loopback addresses only")
    site = Site(folder)
    site.control = f"tcp://{address}:{free_port()}"
    site.data = f"tcp://{address}:{free_port()}"
    config = re.sub(r'"tcp://127.0.0.1:\d+"\]; };\ncontrol = { endpoints = \["([^"]+)", "[^"]+"',
                    lambda m: f'"{site.data}"]; }};\ncontrol = {{ endpoints = ["{m[1]}", "{site.control}"',
                    site.config).replace('loopback = "none";', "")
    ipc = (site.daemon.control, site.daemon.data)
    site.daemon.close()
    site.daemon = Plantard([], config=config)
    site.daemon.control, site.daemon.data = ipc
    mine = os.path.join(folder, "home", "plantard", "keys")
    os.makedirs(mine)
    env = {"XDG_CONFIG_HOME": os.path.join(folder, "home")}
    with site.daemon:
        code, _, err = plantar("status", "--control", site.control, **env)
        assert code == 1 and "plantar keygen NAME" in err
        shutil.copy(os.path.join(site.people, "anna.secret"), mine)
        code, _, err = plantar("status", "--control", site.control, **env)
        assert code == 1 and f"{mine}/{address}.public" in err
        shutil.copy(os.path.join(site.keys, "server.public"), f"{mine}/{address}.public")
        code, out, err = plantar("status", "--json", "--control", site.control, **env)
        assert code == 0 and json.loads(out)["mats"], err
        code, out, err = plantar("watch", "--plain", "--seconds", "2", "--control", site.control, **env)
        assert code == 0 and out, err


def test_loopback_without_a_key_may_only_watch():
    for loopback, code in ((None, "access"), ("viewer", "access"), ("operator", None)):
        d = Plantard([SIM])
        tcp = f"tcp://127.0.0.1:{free_port()}"
        text = d.config.replace("control = { endpoint = ", "control = { endpoints = [").replace(
            "control.sock\"; };", f"control.sock\", \"{tcp}\"]; }};")
        if loopback:
            text += f'access = {{ loopback = "{loopback}"; }};\n'
        with open(d.config_path, "w") as f:
            f.write(text)
        with d:
            ipc = d.control
            d.control = tcp
            assert d.ok("status")
            reply = d.request("mark", text="x")
            assert reply["ok"] is (code is None), reply
            if code:
                assert reply["error"]["code"] == code
            d.control = ipc
            assert d.ok("mark", text="y")


def test_sockets_of_viewers():
    group = next((g for g in grp.getgrall() if g.gr_name in ("nogroup", "users", "games")), None)
    other = next((u for u in pwd.getpwall() if u.pw_name in ("games", "nobody", "daemon")), None)
    if os.getuid() != 0 or not group or not other:
        pytest.skip("needs root and another group")
    d = Plantard([SIM])
    os.chmod(d.folder, 0o755)
    os.chmod(d.runtime, 0o755)
    with open(d.config_path, "a") as f:
        f.write(f'access = {{ view_group = "{group.gr_name}"; }};\n')
    with d:
        view = os.path.join(d.runtime, "view")
        for path, mode in ((view, 0o750), (f"{view}/data.sock", 0o660), (f"{view}/control.sock", 0o660)):
            st = os.stat(path)
            assert st.st_gid == group.gr_gid and stat.S_IMODE(st.st_mode) == mode, path
        assert set(d.status()["endpoints"]["view"]) == {f"ipc://{view}/data.sock",
                                                        f"ipc://{view}/control.sock"}
        # another user in that group: refused at the operators' sockets, a viewer at these
        def as_viewer(*args):
            done = subprocess.run(
                ["setpriv", f"--reuid={other.pw_uid}", f"--regid={group.gr_gid}", "--clear-groups",
                 os.path.join(BIN, "plantar"), *args], capture_output=True, text=True,
                timeout=30 * SLOW, env=environment(PLANTARD_RUNTIME_DIR=d.runtime, HOME="/"))
            return done.returncode, done.stdout, done.stderr
        code, out, err = as_viewer("status", "--json")
        if "ermission denied" in err:
            pytest.skip("the build folder is closed to other users")
        assert code == 0 and json.loads(out)["mats"], err
        code, _, err = as_viewer("start")
        assert code == 1 and f"uid:{other.pw_uid} may only watch" in err
        code, out, err = as_viewer("watch", "--plain", "--seconds", "2")
        assert code == 0 and out, err
        assert d.ok("mark", text="operator")
    assert not os.path.exists(f"{d.runtime}/view/data.sock")
    d = Plantard([SIM])
    with open(d.config_path, "a") as f:
        f.write('access = { view_group = "no-such-group"; };\n')
    code, _, err = d.run()
    assert code != 0 and "no-such-group" in err
    d.close()


def test_requests_have_a_rate():
    d = Plantard([SIM])
    with open(d.config_path, "a") as f:
        f.write("access = { requests_per_s = 20.0; };\n")
    with d:
        d.wait_frames(1)
        time.sleep(1)
        s = d.context.socket(zmq.DEALER)
        s.setsockopt(zmq.LINGER, 0)
        s.connect(d.control)
        for i in range(200):
            s.send(b'{"v":1,"cmd":"version"}')
        codes = []
        while len(codes) < 200 and s.poll(int(5000 * SLOW)):
            reply = json.loads(s.recv())
            codes.append("ok" if reply["ok"] else reply["error"]["code"])
        assert set(codes) == {"ok", "busy"} and codes.count("busy") > 50
        s.close()
        time.sleep(2.5)  # saved up again
        assert d.ok("version")
        audit = os.path.join(d.state, "audit.log")
        def told():
            with open(audit) as f:
                return [json.loads(l) for l in f if '"times"' in l]
        lines = wait_until(told, 10, "the line of the audit log")
        assert lines[0]["result"] == "busy" and lines[0]["times"] > 50
        with open(audit) as f:
            assert sum(1 for _ in f) < 150  # a flood does not fill the disk


def shake_hands(s, kind):
    """ZMTP 3 without security, as any program can."""
    s.sendall(b"\xff" + b"\0" * 7 + b"\1\x7f\3\0" + b"NULL".ljust(20, b"\0") + b"\0" * 32)
    ready = b"\5READY\x0bSocket-Type" + struct.pack(">I", len(kind)) + kind
    s.sendall(b"\4" + bytes([len(ready)]) + ready)
    s.settimeout(5)
    while len(s.recv(4096)) < 20:
        pass


@pytest.mark.parametrize("where", ["control", "data"])
def test_a_message_without_an_end_does_not_take_the_memory(where):
    """Parts that never end are kept by ZeroMQ until the last one: 300 MB a second."""
    if SANITIZER:
        pytest.skip("sanitizers keep books of their own: mallinfo says nothing")
    with Plantard([SIM]) as d:
        d.wait_frames(10)
        d.ok("start", subject="P-1")
        sub = d.subscribe("event/")
        before = resident_kib(d.process.pid)
        s = socket.socket(socket.AF_UNIX)
        s.connect((d.control if where == "control" else d.data)[len("ipc://"):])
        shake_hands(s, b"DEALER" if where == "control" else b"SUB")
        size = 60000 if where == "control" else 900
        part = (b"\3" + struct.pack(">Q", size) + b"\1" * size) * (1 + 60000 // size)
        most, sent, cut = 0, 0, False
        s.settimeout(10)
        end = time.monotonic() + 30 * SLOW
        while not cut and time.monotonic() < end:
            try:
                s.sendall(part)
                sent += len(part)
            except OSError:
                cut = True
            most = max(most, resident_kib(d.process.pid))
        s.close()
        assert cut and sent > 50e6, sent
        assert most < before + 600 * 1024, most
        wait_until(lambda: "clients-cut" in d.log(), 10, "the event")
        wait_until(lambda: resident_kib(d.process.pid) < before + 60 * 1024, 10, "memory given back")
        assert sum(d.mat()["lost_total"].values()) == 0
        assert d.mat()["recording"]["gap_frames"] == 0
        d.wait_frames(d.mat()["frames"] + 20)
        sub.socket.setsockopt(zmq.SUBSCRIBE, b"status")
        sub.until(lambda topic, h: topic == "status", what="status, connected again")
        d.ok("stop")


def test_connections_that_say_nothing():
    with Plantard([SIM]) as d:
        d.wait_frames(10)
        before = len(os.listdir(f"/proc/{d.process.pid}/fd"))
        idle = []
        for i in range(800):
            s = socket.socket(socket.AF_UNIX)
            s.connect((d.control if i % 2 else d.data)[len("ipc://"):])
            idle.append(s)
        path = d.record(0.3, subject="P-1")  # files can be opened all the same
        assert os.path.exists(path) and d.ok("version")
        assert sum(d.mat()["lost_total"].values()) == 0 or SLOW > 1
        # nobody stays who does not introduce himself
        wait_until(lambda: len(os.listdir(f"/proc/{d.process.pid}/fd")) < before + 20, 20, "them to be gone")
        for s in idle:
            s.close()


def test_verify_finds_what_was_done_to_the_audit_log():
    with Plantard([SIM]) as d:
        for i in range(5):
            d.ok("mark", text=f"remark {i}")
        assert d.stop() == 0
        code, out, err = plantar("verify", d.state)
        assert code == 0 and re.search(r"ok .*audit.log: \d+ lines, the chain is whole; line \d+ has the "
                                       "hash [0-9a-f]{64}", out), out + err
        path = os.path.join(d.state, "audit.log")
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o640
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:
            f.write(text.replace("remark 2", "remark 7"))
        code, out, _ = plantar("verify", d.state)
        assert code == 1 and re.search(r"BAD .*audit.log:\d+: line \d+ or its numbers", out), out
        lines = text.splitlines(True)
        with open(path, "w") as f:
            f.writelines(lines[:-2])
        code, out, _ = plantar("verify", "--json", d.state)
        log = json.loads(out)["audit"][0]
        assert code == 1 and "2 line(s) were cut off" in log["findings"][0]["problem"]
        d.start()  # says it, and does not heal it
        assert "which is not line" in d.log()
        d.ok("version")
        assert d.stop() == 0
        assert plantar("verify", d.state)[0] == 1


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
