# SPDX-License-Identifier: Apache-2.0
"""Sealing, signatures, and recordings that are compared with their journals: what was changed shows, whoever changed
the checksums along with it."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from plantar_harness import BIN, SLOW, Plantard, children, environment, wait_until  # noqa: E402

SIM = {"source": "sim:standing?hz=100&seed=1", "mat": "pmp-64x64", "name": "m"}


def plantar(*args):
    done = subprocess.run([os.path.join(BIN, "plantar"), *args], capture_output=True, text=True,
                          env=environment(), timeout=60 * SLOW)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def recorded():
    """A folder with one session of one trial."""
    with Plantard([SIM]) as d:
        path = d.record(lambda: (d.mat()["recording"] or {}).get("frames", 0) > 30, subject="P-1")
        yield os.path.dirname(path)


@pytest.fixture
def session(recorded):
    folder = tempfile.mkdtemp(prefix="plantar-seal-")
    shutil.copytree(recorded, folder + "/s")
    yield folder + "/s"
    shutil.rmtree(folder)


@pytest.fixture
def key(session):
    path = os.path.dirname(session) + "/site.key"
    code, out = plantar("seal", "--new-key", path)
    assert code == 0 and "keep it" in out
    return path


def test_keys(key):
    assert os.stat(key).st_mode & 0o777 == 0o600
    with open(key) as f, open(key + ".pub") as g:
        assert f.read().startswith(g.read())
    before = open(key).read()
    code, out = plantar("seal", "--new-key", key)
    assert code == 1 and "cannot create the key" in out
    assert open(key).read() == before


def test_signed(session, key):
    code, out = plantar("seal", session, "--key", key)
    assert code == 0 and "sealed and signed" in out, out
    code, out = plantar("verify", session)
    assert code == 0 and "signature right" in out, out
    code, out = plantar("verify", session, "--public-key", key + ".pub", "--json")
    signature = next(f for f in json.loads(out)["files"] if f["kind"] == "signature")
    assert code == 0 and signature["ok"] and signature["path"].endswith("MANIFEST.sha256.sig")
    assert subprocess.run(["sha256sum", "-c", "MANIFEST.sha256"], cwd=session,
                          capture_output=True).returncode == 0


def test_openssl_finds_the_signature_right(session, key):
    if not shutil.which("openssl"):
        pytest.skip("no openssl here")
    plantar("seal", session, "--key", key)
    fields = dict(line.split(" ", 1) for line in
                  open(session + "/MANIFEST.sha256.sig").read().splitlines()[1:])
    folder = os.path.dirname(session)
    with open(session + "/MANIFEST.sha256", "rb") as f:
        message = b"plantar-signature/1\nutc " + fields["utc"].encode() + b"\n" + f.read()
    for name, data in (("message", message), ("signature", bytes.fromhex(fields["signature"])),
                       ("key.der", bytes.fromhex("302a300506032b6570032100" + fields["key"]))):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
    done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.der", "-keyform",
                           "DER", "-rawin", "-in", "message", "-sigfile", "signature"], cwd=folder,
                          capture_output=True, text=True)
    assert done.returncode == 0 and "Verified Successfully" in done.stdout, done.stdout + done.stderr


def test_what_a_checksum_cannot_show(session, key):
    """Who can write the folder changes a file and its line; the signature tells."""
    plantar("seal", session, "--key", key)
    with open(session + "/session.json", "ab") as f:
        f.write(b" ")
    lines = open(session + "/MANIFEST.sha256").read().splitlines()
    new = subprocess.run(["sha256sum", "session.json"], cwd=session, capture_output=True,
                         text=True).stdout.split()[0]
    with open(session + "/MANIFEST.sha256", "w") as f:
        f.write("\n".join(new + line[64:] if line.endswith("session.json") else line
                          for line in lines) + "\n")
    code, out = plantar("verify", session)
    assert code == 1 and "signature is not of this MANIFEST.sha256" in out
    code, out = plantar("seal", session, "--key", key)  # the overview is made anew from the trials
    assert code == 0, out
    assert plantar("verify", session, "--public-key", key + ".pub")[0] == 0


def test_no_signature_and_another_key(session, key):
    code, out = plantar("verify", session, "--public-key", key + ".pub")
    assert code == 1 and "is not signed" in out
    plantar("seal", "--new-key", key + "2")
    plantar("seal", session, "--key", key + "2")
    code, out = plantar("verify", session, "--public-key", key + ".pub")
    assert code == 1 and "another key" in out
    assert plantar("verify", session)[0] == 0


def test_refusals(session, key):
    os.chmod(key, 0o640)
    code, out = plantar("seal", session, "--key", key)
    assert code == 2 and "others can read the key" in out
    os.chmod(key, 0o600)
    code, out = plantar("seal", session, "--key", key + ".pub")
    assert code == 2 and ("public half" in out or "others can read" in out)
    assert not os.path.exists(session + "/MANIFEST.sha256.sig")
    with open(session + "/trial-001.h5", "r+b") as f:
        f.seek(-100, 2)
        f.write(b"x")
    before = open(session + "/MANIFEST.sha256").read()
    code, out = plantar("seal", session, "--key", key)
    assert code == 1 and "left as it is" in out and "has changed since it was sealed" in out
    assert not os.path.exists(session + "/MANIFEST.sha256.sig")
    assert open(session + "/MANIFEST.sha256").read() == before
    assert plantar("seal", os.path.dirname(key) + "/nowhere")[0] == 1
    assert plantar("seal")[0] == 2


def test_sealed_again_without_the_key(session, key):
    plantar("seal", session, "--key", key)
    assert plantar("annotate", session + "/trial-001.h5", "notes=later")[0] == 0
    code, out = plantar("verify", session)
    assert code == 1 and "sealed again since" in out
    plantar("seal", session, "--key", key)
    assert plantar("verify", session)[0] == 0


def test_h5_that_is_not_what_its_journal_says():
    journals = []
    d = Plantard([SIM])
    try:
        for _ in range(2):
            d.start()
            path = d.ok("start")["trials"][0]["path"]
            wait_until(lambda: d.mat()["recording"]["frames"] > 30, 20, "frames")
            child = children(d.process.pid)
            d.kill()
            wait_until(lambda: not any(os.path.exists(f"/proc/{c}/exe") for c in child), 10, "its end")
            journals.append(path[:-3] + ".journal")
            shutil.move(journals[-1], d.folder + f"/{len(journals)}.kept")
        shutil.copy(d.folder + "/1.kept", journals[0])
        assert plantar("recover", journals[0], "--keep-journal")[0] == 0
        session = os.path.dirname(journals[0])
        code, out = plantar("verify", session)
        assert code == 0, out
        shutil.copy(d.folder + "/2.kept", journals[0])
        code, out = plantar("verify", session)
        assert code == 1 and "not what its journal says" in out, out
    finally:
        d.close()


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
