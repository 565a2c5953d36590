# SPDX-License-Identifier: Apache-2.0
"""Who is let in: Host, Origin, tokens, TLS; and that nothing but the page can be fetched."""
import http.server
import os
import re
import shutil
import socket
import ssl
import stat
import subprocess
import threading

import pytest

from bridge import Bridge, Page, Refused, Socket
from plantar_harness import SLOW, SOURCE, Plantard

CSP = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
CHROMIUM = shutil.which("chromium")
INDEX = ("<!doctype html><title>here</title><pre id=out></pre><script type=module src=app.js></script>"
         "<script>out.textContent = 'inline script ran';</script>")
APP = """const s = new WebSocket(`ws://${location.host}/ws`, "plantar.1");
s.onopen = () => s.send('{"hello":1}');
s.onmessage = m => { out.textContent += "got:" + m.data; };
"""


def make_page(folder):
    """A page with what must not be served beside it."""
    page = os.path.join(folder, "page")
    os.makedirs(os.path.join(page, "core"))
    for name, text in (("index.html", INDEX), ("app.js", APP),
                       ("app.css", "body {}"), ("core/wire.js", "// wire"), ("empty.txt", ""),
                       ("large.js", "// " + "x" * 300000), (".secret.txt", "hidden"),
                       ("README", "no known ending")):
        with open(os.path.join(page, name), "w") as f:
            f.write(text)
    with open(os.path.join(folder, "outside.txt"), "w") as f:
        f.write("outside")
    os.symlink(os.path.join(folder, "outside.txt"), os.path.join(page, "link.txt"))
    os.symlink("/etc", os.path.join(page, "etc"))
    return page


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("gate"))
    page = make_page(folder)
    with Bridge(folder=folder, args=["--listen", "127.0.0.1:0", "--page", page]) as b:
        yield b


def has_guards(headers):
    assert headers["Content-Security-Policy"] == CSP
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Server"] is None and headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize("path,kind,n", [
    ("/", "text/html; charset=utf-8", len(INDEX)), ("/index.html", "text/html; charset=utf-8", len(INDEX)),
    ("/app.js", "text/javascript; charset=utf-8", len(APP)), ("/app.css", "text/css; charset=utf-8", 7),
    ("/core/wire.js", "text/javascript; charset=utf-8", 7), ("/empty.txt", "text/plain; charset=utf-8", 0),
    ("/large.js", "text/javascript; charset=utf-8", 300003), ("/app.js?v=2", "text/javascript; charset=utf-8", len(APP))])
def test_files_of_the_page(bridge, path, kind, n):
    status, headers, body = bridge.get(path)
    assert status == 200 and headers["Content-Type"] == kind and len(body) == n
    has_guards(headers)
    status, headers, body = bridge.get(path, headers={"If-None-Match": headers["ETag"]})
    assert status == 304 and body == b""
    status, headers, body = bridge.get(path, method="HEAD")
    assert status == 200 and headers["Content-Length"] == str(n) and body == b""


@pytest.mark.parametrize("path", [
    "/nosuch.html", "/../outside.txt", "/core/../../outside.txt", "/%2e%2e/outside.txt",
    "/%2e%2e%2foutside.txt", "/..%5coutside.txt", "//etc/passwd", "/etc/passwd", "/etc/hostname",
    "/link.txt", "/.secret.txt", "/%2esecret.txt", "/README", "/core", "/core/", "/index.html/",
    "/index.html%00.js", "/app.js/../link.txt", "/" + "a" * 3000, "/%", "/%zz", "/\xe4",
    "file:///etc/passwd", "http://127.0.0.1/../etc/passwd", "/web.token", "/run/web.token"])
def test_nothing_else_can_be_fetched(bridge, path):
    answer = bridge.raw(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{bridge.port}\r\n"
                        "Connection: close\r\n\r\n".encode("latin-1"))
    assert b"200 OK" not in answer.split(b"\r\n")[0] or \
        (b"\r\n\r\n<!doctype html><title>here</title>" in answer and "%00" in path)
    for secret in (b"outside", b"hidden", b"root:", b"no known", bridge.operator.encode()):
        assert secret not in answer
    assert bridge.get("/")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "BREW"])
def test_only_get(bridge, method):
    answer = bridge.raw(f"{method} /app.js HTTP/1.1\r\nHost: 127.0.0.1:{bridge.port}\r\n"
                        "Content-Length: 5\r\n\r\nhello".encode())
    assert b" 200 " not in answer and b"WebSocket(" not in answer
    assert bridge.get("/")[0] == 200


def test_host_must_be_ours(bridge):
    port = bridge.port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"LOCALHOST:{port}", f"[::1]:{port}"):
        assert bridge.get("/", headers={"Host": host})[0] == 200, host
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}",
                 f"127.0.0.1.evil.example:{port}", f"localhost:{port}.evil.example", f"evil:{port}", "",
                 f"127.0.0.1:{port},evil.example", f"127.0.0.2:{port}", f"user@127.0.0.1:{port}"):
        status, headers, body = bridge.get("/", headers={"Host": host})
        assert status == 403 and b"--host" in body, host
        has_guards(headers)
    two = bridge.raw(f"GET / HTTP/1.1\r\nHost: evil.example\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    assert b" 200 " not in two
    assert b" 200 " not in bridge.raw(b"GET / HTTP/1.0\r\n\r\n")


def refused(bridge, path="/ws", **headers):
    with pytest.raises(Refused) as how:
        Socket("127.0.0.1", bridge.port, path=path,
               headers={k.replace("_", "-"): v for k, v in headers.items()})
    return how.value.status


def test_websocket_only_from_our_own_page(bridge):
    port = bridge.port
    for origin in ("http://evil.example", "null", None, "", f"https://127.0.0.1:{port}", "http://127.0.0.1",
                   f"http://127.0.0.1:{port + 1}", f"http://127.0.0.1:{port}.evil.example",
                   f"http://localhost:{port}",  # a page of ours, but under another name
                   f"http://127.0.0.1:{port}/"):
        assert refused(bridge, Origin=origin) == 403, origin
    assert refused(bridge, Host="evil.example", Origin="http://evil.example") == 403
    assert refused(bridge, Host=f"evil.example:{port}", Origin=f"http://evil.example:{port}") == 403
    for name in ("localhost", "[::1]"):  # as a browser would that calls us so
        Socket("127.0.0.1", port, headers={"Host": f"{name}:{port}", "Origin": f"http://{name}:{port}"}).close()


def test_websocket_only_at_its_place_and_with_its_protocol(bridge):
    assert refused(bridge, path="/") == 404
    assert refused(bridge, path="/wss") == 404 and refused(bridge, path="/ws/") == 404
    assert refused(bridge, Sec_WebSocket_Protocol=None) == 400
    assert refused(bridge, Sec_WebSocket_Protocol="http") == 400  # a name inside libwebsockets
    assert refused(bridge, Sec_WebSocket_Protocol="look") == 400
    assert refused(bridge, Sec_WebSocket_Protocol="plantar.2") == 400
    assert refused(bridge, Sec_WebSocket_Key=None) == 400  # without it the bridge once crashed
    assert refused(bridge, Sec_WebSocket_Version="8") == 400
    s = Socket("127.0.0.1", bridge.port, headers={"Sec-WebSocket-Protocol": "other, plantar.1"})
    assert "plantar.1" in s.head
    s.close()


def test_no_http2_and_no_other_upgrade(bridge):
    for upgrade in ("h2c", "foo", "TLS/1.0"):
        answer = bridge.raw(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{bridge.port}\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                            f"Upgrade: {upgrade}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n".encode())
        assert b" 101 " not in answer and b"<title>" not in answer
    assert bridge.get("/")[0] == 200


# ---- tokens, addresses, TLS ----

def test_token_file_is_private_and_must_be(tmp_path):
    with Bridge(folder=str(tmp_path)) as b:
        mode = os.stat(b.token_file).st_mode
        assert stat.S_IMODE(mode) == 0o600
        assert len(b.operator) == 32 and b.operator != b.viewer
    os.chmod(b.token_file, 0o640)
    code, printed, said = b.run("--print-url")
    assert code == 1 and printed == "" and "chmod 600" in said
    os.chmod(b.token_file, 0o600)
    with open(b.token_file, "w") as f:
        f.write("operator short\n")
    code, printed, said = b.run("--print-url")
    assert code == 78 and "remove it" in said


@pytest.mark.parametrize("args,code,says", [
    (["--listen", "0.0.0.0:0"], 78, "--tls-cert"), (["--listen", "[::]:0"], 78, "--tls-cert"),
    (["--listen", "192.0.2.1:8470"], 78, "--tls-cert"), (["--listen", "lab.example:8470"], 2, "not an address"),
    (["--listen", "127.0.0.1"], 2, "not an address"), (["--listen", "127.0.0.1:99999"], 2, "not an address"),
    (["--tls-cert", "/nosuch"], 2, "together"), (["--page", "/nosuch"], 1, "--page"), (["--nosuch"], 2, "--help"),
    (["--tls-cert", "/nosuch", "--tls-key", "/nosuch"], 78, "cannot read"), (["operand"], 2, "operand"),
    (["--host", "a b"], 2, "lab.example"), (["--version"], 0, "")])
def test_what_is_refused_at_the_start(tmp_path, args, code, says):
    got, printed, said = Bridge(folder=str(tmp_path)).run(*args)
    assert got == code and says in said, said


def test_port_that_is_taken(bridge):
    code, printed, said = bridge.run("--listen", f"127.0.0.1:{bridge.port}")
    assert code == 1 and "running already" in said


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=lab.example",
                    "-addext", "subjectAltName=IP:127.0.0.1,DNS:lab.example"],
                   check=True, capture_output=True)
    return cert, key


def test_other_addresses_need_tls_and_a_token(tmp_path, certificate):
    cert, key = certificate
    tls = ssl.create_default_context(cafile=cert)
    code, _, said = Bridge(folder=str(tmp_path)).run("--listen", "0.0.0.0:0", "--tls-cert", cert,
                                                     "--tls-key", key)
    assert code == 78 and "--host" in said
    args = ["--listen", "0.0.0.0:0", "--host", "lab.example", "--tls-cert", cert, "--tls-key", key]
    with Bridge(folder=str(tmp_path), args=args) as b:
        assert b.url == f"https://lab.example:{b.port}/"
        status, headers, _ = b.get("/", tls=tls)
        assert status == 200
        assert b.get("/", tls=tls, headers={"Host": f"lab.example:{b.port}"})[0] == 200
        for host in ("lab.example", f"localhost:{b.port}", f"evil.example:{b.port}"):
            assert b.get("/", tls=tls, headers={"Host": host})[0] == 403, host
        assert b"<!doctype" not in b.raw(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{b.port}\r\n\r\n".encode())
        for token in (None, "0" * 32, b.operator[:-1], b.operator + "0"):
            stranger = Page("127.0.0.1", b.port, hello=False, tls=tls)
            stranger.say({"hello": 1, **({"token": token} if token else {})})
            assert stranger.closed().code == 1008, token
        assert Page("127.0.0.1", b.port, b.viewer, tls=tls).hello["role"] == "viewer"
        assert Page("127.0.0.1", b.port, b.operator, tls=tls).hello["role"] == "operator"
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            b.get("/", tls=old)


def test_everything_goes_over_tls(tmp_path, certificate):
    cert, key = certificate
    tls = ssl.create_default_context(cafile=cert)
    page = make_page(str(tmp_path))
    args = ["--listen", "127.0.0.1:0", "--page", page, "--tls-cert", cert, "--tls-key", key]
    mat = {"source": "sim:standing?hz=250", "mat": "pmp-64x64", "name": "m"}
    with Plantard([mat]) as daemon, Bridge(daemon, args=args) as b:
        assert b.url.startswith("https://127.0.0.1:")
        status, _, body = b.get("/large.js", tls=tls)
        assert status == 200 and len(body) == 300003
        page = Page("127.0.0.1", b.port, b.operator, tls=tls)
        page.watch("m")
        seqs = []
        while len(seqs) < 500:  # 4 MB of frames beside them
            seqs += [h["seq"] for topic, h, _ in page.frames() if topic == "metrics/m"]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        assert page.request("version")["ok"]
        with pytest.raises(Refused):
            Socket("127.0.0.1", b.port, tls=tls, headers={"Origin": f"http://127.0.0.1:{b.port}"})


def test_a_certificate_with_another_key_is_refused(tmp_path, certificate):
    other = str(tmp_path / "other.pem")
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", other], check=True, capture_output=True)
    code, _, said = Bridge(folder=str(tmp_path)).run("--tls-cert", certificate[0], "--tls-key", other)
    assert code == 78 and "not the private key of the certificate" in said
    code, _, said = Bridge(folder=str(tmp_path)).run("--tls-cert", other, "--tls-key", other)
    assert code == 78 and "not a certificate" in said


def test_ipv6_loopback(tmp_path):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    with Bridge(folder=str(tmp_path), args=["--listen", "[::1]:0"]) as b:
        assert b.url == f"http://[::1]:{b.port}/"
        assert Page("::1", b.port).hello["role"] == "viewer"


# ---- a real browser with somebody else's page open ----

STRANGER = """<!doctype html><title>stranger</title><pre id=out></pre><script>
const said = [];
const say = text => { said.push(text); out.textContent = said.join(" "); };
const ours = "127.0.0.1:PORT";
fetch(`http://${ours}/`).then(r => r.text()).then(t => say("fetch:" + t), () => say("fetch-refused"));
fetch(`http://${ours}/`, {mode: "no-cors"}).then(r => say("opaque:" + r.type), () => say("opaque-refused"));
const s = new WebSocket(`ws://${ours}/ws`, "plantar.1");
s.onopen = () => { say("socket-open"); s.send('{"hello":1}'); };
s.onmessage = m => say("got:" + m.data);
s.onerror = () => say("socket-refused");
const i = new Image(); i.onload = () => say("image-loaded"); i.onerror = () => say("image-refused");
i.src = `http://${ours}/app.css`;
import(`http://${ours}/app.js`).then(() => say("script-loaded"), () => say("script-refused"));
</script>"""


def browse(url, folder, *more):
    """What the page at url looks like after its scripts have run."""
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         f"--user-data-dir={folder}", "--virtual-time-budget=5000", "--dump-dom", *more, url],
        capture_output=True, text=True, timeout=120 * SLOW)
    return done.stdout


def shown_until(url, folder, wanted, never):
    """The browser's virtual time may run out before sockets have said anything: then it looks again. What must never
    be shown is not, however often."""
    for _ in range(8):
        said = re.search(r'<pre id="out">.*?</pre>', browse(url, folder), re.S).group(0)
        for success in never:
            assert success not in said, said
        if all(w in said for w in wanted):
            return
    raise AssertionError(f"{wanted} did not come: {said}")


class Stranger:
    """Somebody else's web server, on another port: another origin."""

    def __init__(self, port):
        body = STRANGER.replace("PORT", str(port)).encode()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.skipif(not CHROMIUM, reason="no chromium")
def test_a_strangers_page_in_the_same_browser_gets_nothing(bridge, tmp_path):
    # A page of ours gets in; and no inline script runs in it.
    shown_until(bridge.url, tmp_path, ['got:{"hello"'], never=["inline script ran</pre>"])
    stranger = Stranger(bridge.port)
    try:
        shown_until(stranger.url, tmp_path, ["fetch-refused", "socket-refused", "image-refused", "script-refused"],
                    never=["fetch:", "opaque:", "socket-open", "got:", "image-loaded", "script-loaded"])
    finally:
        stranger.close()


@pytest.mark.skipif(not CHROMIUM, reason="no chromium")
def test_a_name_that_points_here_is_not_our_name(bridge, tmp_path):
    """DNS rebinding: to the browser evil.example is one origin, wherever it points."""
    shown = browse(f"http://evil.example:{bridge.port}/", tmp_path,
                   "--host-resolver-rules=MAP evil.example 127.0.0.1")
    assert "not under this name" in shown and "<title>here</title>" not in shown


def test_the_shipped_page_is_the_default(tmp_path):
    with Bridge(folder=str(tmp_path)) as b, \
            open(os.path.join(SOURCE, "tools", "web", "page", "index.html"), "rb") as f:
        assert b.get("/")[2] == f.read()
