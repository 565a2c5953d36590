# SPDX-License-Identifier: Apache-2.0
"""What a page is told by plantar-web, and what becomes of its requests: a real plantard on a simulated
mat behind it."""
import grp
import json
import os
import re
import signal
import socket
import time

import pytest

from bridge import Bridge, Closed
from plantar_harness import SANITIZER, SLOW, Plantard, resident_kib, wait_until

MATS = [{"source": "sim:standing?hz=100", "mat": "pmp-64x64", "name": "left"},
        {"source": "sim:standing?hz=50", "mat": "pmp-64x64", "name": "left2"}]


@pytest.fixture(scope="module")
def pair():
    with Plantard(MATS) as daemon, Bridge(daemon) as bridge:
        yield daemon, bridge


def test_hello_tells_role_and_state(pair):
    daemon, bridge = pair
    for token, role in ((None, "viewer"), (bridge.viewer, "viewer"), (bridge.operator, "operator")):
        hello = bridge.page(token).hello
        assert hello["role"] == role and hello["daemon"] is True
        assert hello["listen"] == f"127.0.0.1:{bridge.port}" and hello["version"]
    wrong = bridge.page("0" * 32).hello
    assert wrong["role"] == "viewer" and "--print-url" in wrong["why"]


def test_status_is_passed_on_as_published(pair):
    daemon, bridge = pair
    page = bridge.page()
    status = page.text("status")["status"]
    assert [m["mat"] for m in status["mats"]] == ["left", "left2"]
    assert page.text("status")["status"]["t_ns"] != status["t_ns"]


def test_status_comes_with_the_connection(tmp_path):
    """Nobody waits a second for it, neither at the first connection nor at those of plantard started again."""
    with Plantard(MATS[:1]) as daemon, Bridge(daemon) as bridge:
        page = bridge.page()
        first = page.text("status")["status"]
        assert first["pid"] == daemon.process.pid
        assert daemon.stop() == 0
        page.until(lambda m: isinstance(m, dict) and m.get("daemon") is False)
        page.seen.clear()
        late = bridge.page()
        late.say({"ping": 1})
        late.text("pong")
        assert not any("status" in m for m in late.seen if isinstance(m, dict))  # the old one is not said again
        daemon.start()
        late.until(lambda m: m == {"daemon": True})
        assert late.text("status")["status"]["pid"] == daemon.process.pid


def test_a_page_gets_all_figures_and_the_newest_frame(pair):
    daemon, bridge = pair
    page = bridge.page()
    page.watch("left", 20)
    figures, frames, batches = [], [], 0
    while batches < 30:
        messages = page.frames()
        batches += 1
        kinds = [topic for topic, _, _ in messages]
        assert set(kinds) <= {"metrics/left", "frame/left"}  # nothing of left2
        assert kinds.count("frame/left") <= 1
        figures += [h for topic, h, blob in messages if topic == "metrics/left"]
        frames += [(h, blob) for topic, h, blob in messages if topic == "frame/left"]
    seqs = [h["seq"] for h in figures]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))  # each once, in order, none missing
    assert len(figures) > len(frames)  # 100 Hz are figures of all frames, but only some frames
    for header, blob in frames:
        assert header["shape"] == [64, 64] and header["dtype"] == "<u2" and len(blob) == 8192
    frame_seqs = [h["seq"] for h, _ in frames]
    assert frame_seqs == sorted(set(frame_seqs))


def test_watching_nothing_in_particular_is_watching_the_first_mat(pair):
    daemon, bridge = pair
    page = bridge.page()
    page.watch(None)
    assert {topic for topic, _, _ in page.frames()} <= {"metrics/left", "frame/left"}
    page.watch("left2")
    page.until(lambda m: isinstance(m, tuple) and m[1][0][0].endswith("/left2"))
    page.watch("nosuch")
    page.say({"ping": 1})
    page.text("pong")  # a mat that is not there has no frames; nothing else happens


def test_rate_is_what_was_asked_for(pair):
    """By the stamps of the frames that come, so that a busy machine does not matter: never more often."""
    daemon, bridge = pair
    page = bridge.page()
    page.watch("left", 10)
    stamps = []
    while len(stamps) < 12:
        stamps += [int(h["t_ns"]) for topic, h, _ in page.frames() if topic == "frame/left"]
    assert (stamps[-1] - stamps[0]) / (len(stamps) - 1) > 0.09e9


def test_requests_and_who_may_ask_what(pair):
    daemon, bridge = pair
    viewer, operator = bridge.page(), bridge.page(bridge.operator)
    assert viewer.request("version")["ok"]
    assert viewer.request("status")["status"]["pid"] == daemon.process.pid
    refused = viewer.request("mark", text="not you")
    assert not refused["ok"] and refused["error"]["code"] == "access"
    assert operator.request("mark", text="here")["ok"]
    unknown = operator.request("frobnicate")
    assert not unknown["ok"] and unknown["error"]["code"] == "usage"
    assert operator.request("mark", text="x", colour="red")["error"]["code"] == "usage"
    lines = open(os.path.join(daemon.state, "audit.log")).read()
    assert '\\"here\\"' in lines and "not you" not in lines  # refused here, so never asked there


def test_answers_find_their_page_and_their_request(pair):
    daemon, bridge = pair
    one, two = bridge.page(bridge.operator), bridge.page(bridge.operator)
    path = one.request("start", subject="P-1")["trials"][0]["path"]
    waits = one.ask("wait", path=path)  # answered when the file is finished
    assert two.request("version")["ok"] and one.request("version")["ok"]
    assert two.request("stop")["ok"]
    done = one.answer(waits, timeout=60)
    assert done["ok"] and done["path"] == path


def test_events_reach_every_page_in_the_order_they_happened(pair):
    daemon, bridge = pair
    pages = [bridge.page() for _ in range(4)]
    pages[0].watch("left")  # frames in between do not matter
    time.sleep(0.3 * SLOW)
    daemon.ok("start", subject="P-2")
    for i in range(40):
        daemon.ok("mark", text=f"mark {i}", mat="left")
    daemon.ok("stop")
    for page in pages:
        texts = [page.event("mark")["header"]["text"] for _ in range(40)]
        assert [int(re.search(r"mark (\d+)", t).group(1)) for t in texts] == list(range(40))


def test_ping_tells_the_clock_that_frames_are_stamped_with(pair):
    daemon, bridge = pair
    page = bridge.page()
    before = time.monotonic_ns()
    page.say({"ping": 123.25})
    pong = page.text("pong")
    assert pong["pong"] == 123.25 and before < int(pong["t_ns"]) < time.monotonic_ns()


@pytest.mark.parametrize("message", [
    "", "null", "[]", "{}", "nonsense", '{"hello":1', '{"watch":"left","hz":0}',
    '{"watch":"left","hz":61}', '{"watch":"../left"}', '{"watch":7}', '{"watch":"left","fps":60}',
    '{"watch":"' + "x" * 65 + '"}', '{"ping":"now"}', '{"ping":1e999}', '{"hello":1}',
    '{"id":-1,"request":{"cmd":"status"}}', '{"id":4294967296,"request":{"cmd":"status"}}',
    '{"request":{"cmd":"status"}}', '{"ping":1,"ping":2}', "[" * 60000])
def test_what_is_no_message_ends_the_connection(pair, message):
    daemon, bridge = pair
    page = bridge.page(bridge.operator)
    page.say(message)
    assert page.closed().code == 1008


@pytest.mark.parametrize("request_text", ["7", "[]", "{}", '{"cmd":7}', "null"])
def test_a_wrong_request_is_answered(pair, request_text):
    daemon, bridge = pair
    page = bridge.page(bridge.operator)
    page.say('{"id":9,"request":' + request_text + "}")
    assert page.answer(9)["error"]["code"] == "usage"


def test_hello_comes_first(pair):
    daemon, bridge = pair
    page = bridge.page(hello=False)
    page.say({"id": 1, "request": {"cmd": "version"}})
    assert page.closed().code == 1008


def test_who_never_says_hello_is_let_go(pair):
    daemon, bridge = pair
    page = bridge.page(hello=False)
    before = time.monotonic()
    with pytest.raises(Closed):
        page.receive(timeout=40)
    assert time.monotonic() - before > 5


def test_limits(pair):
    daemon, bridge = pair
    page = bridge.page(bridge.operator)
    page.say(b'{"id":1,"request":{"cmd":"mark","text":"' + b"x" * 66000 + b'"}}')
    assert page.closed().code == 1009
    page = bridge.page()
    for i in range(300):
        page.say({"id": i, "request": {"cmd": "version"}})
    codes = [page.answer(i).get("error", {}).get("code") for i in range(300)]
    assert codes[0] is None and codes.count("busy") > 0
    page = bridge.page()
    try:
        for i in range(5000):
            page.say({"ping": i})
    except OSError:
        pass  # closed while we were speaking
    assert page.closed().code in (1008, None)


def test_thirty_two_pages_and_no_more(pair):
    daemon, bridge = pair

    def all_in():
        pages = []
        try:
            for _ in range(32):
                pages.append(bridge.page())
        except Exception:  # those of other tests have not all been noticed to be gone
            for page in pages:
                page.close()
            return None
        return pages
    pages = wait_until(all_in, 30, "32 pages")
    with pytest.raises(Exception) as refused:
        bridge.page()
    assert refused.value.status == 503
    for page in pages:
        page.watch("left")
    for page in pages:
        page.frames()
        page.close()
    wait_until(lambda: bridge.page().hello, 10, "room again")


@pytest.mark.skipif(SANITIZER == "address", reason="ASan keeps what was freed for a while")
def test_memory_stays_flat_over_many_connections(pair):
    daemon, bridge = pair

    def connections(n):
        for i in range(n):
            page = bridge.page(bridge.operator if i % 2 else None)
            page.watch("left")
            page.request("status")
            page.frames()
            page.close()
            bridge.get("/")
        return resident_kib(bridge.process.pid)
    warm = connections(100)
    after = connections(300)
    assert after < warm * 1.15 + 2000, f"{warm} KiB after 100 connections, {after} after 400"


def test_a_token_outlives_the_bridge():
    with Plantard(MATS[:1]) as daemon:
        with Bridge(daemon) as bridge:
            token, url = bridge.operator, bridge.url
            code, printed, said = bridge.run("--print-url")
            assert code == 0 and printed == f"{url}#operator={token}\n", said
            code, printed, said = bridge.run("--print-viewer-url")
            assert code == 0 and printed == f"{url}#viewer={bridge.viewer}\n"
            page = bridge.page(token)
            assert bridge.stop() == 0
            assert page.closed().code == 1001
        with Bridge(daemon) as bridge:
            assert bridge.operator == token
            assert bridge.page(token).hello["role"] == "operator"


def test_without_plantard_and_after_it_came(tmp_path):
    bridge = Bridge(folder=str(tmp_path)).start()
    try:
        page = bridge.page(bridge.operator)
        page.watch(None)
        assert page.hello["daemon"] is False
        assert "is it running?" in page.text("daemon")["why"]
        assert page.request("start", subject="P-1")["error"]["code"] == "gone"
        daemon = Plantard(MATS[:1], folder=str(tmp_path)).start()
        try:
            page.until(lambda m: m == {"daemon": True})
            assert page.text("status")["status"]["pid"] == daemon.process.pid
            assert page.frames()
            assert daemon.status()["mats"][0]["recording"] is None  # nobody started one later
        finally:
            assert daemon.stop() == 0
            daemon.close()
    finally:
        assert bridge.stop() == 0


def test_plantard_is_killed_and_started_again():
    with Plantard(MATS[:1]) as daemon, Bridge(daemon) as bridge:
        page = bridge.page(bridge.operator)
        page.watch("left")
        first = daemon.process.pid
        page.until(lambda m: isinstance(m, dict) and "status" in m)
        path = page.request("start", subject="P-1")["trials"][0]["path"]
        waits = page.ask("wait", path=path)
        page.request("version")  # so that wait is there before
        daemon.kill()
        assert page.answer(waits)["error"]["code"] == "gone"
        why = page.until(lambda m: isinstance(m, dict) and m.get("daemon") is False)["why"]
        assert daemon.control in why
        assert page.request("version")["error"]["code"] == "gone"
        daemon.start()
        page.until(lambda m: m == {"daemon": True})
        page.until(lambda m: isinstance(m, dict) and m.get("status", {}).get("pid") not in (None, first))
        page.seen.clear()
        assert page.frames()
        assert page.request("version")["ok"]


def test_a_stopped_plantard_is_noticed_by_its_silence():
    with Plantard(MATS[:1]) as daemon, Bridge(daemon) as bridge:
        page = bridge.page()
        assert page.hello["daemon"] is True
        daemon.signal(signal.SIGSTOP)
        try:
            said = page.until(lambda m: isinstance(m, dict) and m.get("daemon") is False)
            assert "no status" in said["why"]
        finally:
            daemon.signal(signal.SIGCONT)
        page.until(lambda m: m == {"daemon": True})


def test_systemd_is_told(tmp_path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.settimeout(20 * SLOW)
    listener.bind(str(tmp_path / "notify"))

    def told(word):
        while word not in listener.recv(4096).decode():
            pass
    bridge = Bridge(folder=str(tmp_path), env={"NOTIFY_SOCKET": str(tmp_path / "notify")}).start()
    told("READY=1")
    told("WATCHDOG=1")
    told("WATCHDOG=1")
    assert bridge.stop() == 0
    told("STOPPING=1")
    listener.close()


@pytest.mark.skipif(os.getuid() != 0, reason="giving sockets to a group needs root")
def test_viewers_come_through_the_viewers_door(tmp_path):
    """So that plantard, too, judges and writes down what a viewer asks as a viewer's."""
    folder, group = str(tmp_path), grp.getgrgid(os.getgid()).gr_name
    daemon = Plantard(MATS[:1], folder=folder)
    with open(daemon.config_path, "a") as f:
        f.write(f'access = {{ view_group = "{group}"; }};\n')
    with daemon, Bridge(daemon) as bridge:
        viewer, operator = bridge.page(), bridge.page(bridge.operator)

        def role_of(page, cmd):
            assert page.request(cmd)["ok"]
            with open(os.path.join(daemon.state, "audit.log")) as f:
                lines = [line for line in f if f'\\"cmd\\":\\"{cmd}\\"' in line and line.endswith("\n")]
            return json.loads(lines[-1])["role"] if lines else None
        wait_until(lambda: role_of(viewer, "protocols") == "viewer", 20, "the viewers' door", every=0.2)
        wait_until(lambda: role_of(operator, "version") == "operator", 20, "the operators' door", every=0.2)


def test_no_core_dumps_and_no_open_files():
    with Plantard(MATS[:1]) as daemon, Bridge(daemon) as bridge:
        pid = bridge.process.pid

        def files():
            return len(os.listdir(f"/proc/{pid}/fd"))
        bridge.page().close()
        before = files()
        for _ in range(50):
            page = bridge.page()
            page.watch("left")
            page.frames()
            page.close()
            bridge.get("/")
        wait_until(lambda: files() <= before, 10, "descriptors to be closed")
        with open(f"/proc/{pid}/limits") as f:
            assert re.search(r"Max core file size +0 +0 ", f.read())
        with open(f"/proc/{pid}/coredump_filter") as f:
            assert int(f.read(), 16) == 0


def test_sigterm_ends_cleanly_while_pages_watch():
    with Plantard(MATS[:1]) as daemon, Bridge(daemon) as bridge:
        reading, deaf = bridge.page(), bridge.page()
        reading.watch("left")
        deaf.watch("left")
        reading.frames()
        assert bridge.stop() == 0
        with pytest.raises(Closed) as closed:
            while True:
                reading.receive()
        assert closed.value.code == 1001
