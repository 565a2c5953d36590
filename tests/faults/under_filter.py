# SPDX-License-Identifier: Apache-2.0
"""Runs a program with the system calls that a unit leaves it: what SystemCallFilter= of the unit denies fails with
EPERM, as under systemd, which tests do not have.

usage: under_filter.py UNIT PROGRAM [ARGUMENT]...

Exits 77 where that is not to be had (no x86-64, no systemd-analyze, no kernel headers).
"""
import ctypes
import os
import platform
import re
import shutil
import struct
import subprocess
import sys

HEADERS = ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h")
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL_EPERM = 0x7FFF0000, 0x00050001


def numbers():
    """{name: number} of this machine's system calls."""
    for path in HEADERS:
        if os.path.exists(path):
            with open(path) as f:
                return {name: int(n) for name, n in re.findall(r"#define __NR_(\w+) (\d+)", f.read())}
    return {}


def members(name):
    """The system calls of a word of SystemCallFilter=."""
    if not name.startswith("@"):
        return {name}
    said = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True, capture_output=True, text=True).stdout
    found = set()
    for line in said.splitlines()[1:]:
        word = line.strip()
        if word and not word.startswith("#"):
            found |= members(word)
    return found


def allowed_by(unit):
    """As systemd.exec(5) says: the first line makes a list of what is allowed, later ones add and (~) take away."""
    allowed = set()
    with open(unit) as f:
        for line in re.findall(r"^SystemCallFilter=(.*)$", f.read(), re.M):
            words = set().union(*(members(word) for word in line.lstrip("~").split()))
            allowed = allowed - words if line.startswith("~") else allowed | words
    return allowed | members("@default")


def main():
    unit, command = sys.argv[1], sys.argv[2:]
    known = numbers()
    if platform.machine() != "x86_64" or not known or not shutil.which("systemd-analyze"):
        return 77
    allowed = allowed_by(unit)
    code = [(LOAD, 0, 0, 0)]
    for name, number in known.items():
        if name not in allowed:
            code += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, FAIL_EPERM)]
    code.append((RETURN, 0, 0, ALLOW))
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *c) for c in code))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or \
            libc.prctl(PR_SET_SECCOMP, FILTER, ctypes.byref(Program(len(code), ctypes.addressof(program)))):
        return 77
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main())
