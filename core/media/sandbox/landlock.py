"""Landlock: after it a process opens the granted files alone, and reaches no process outside of it.

Source: Documentation/userspace-api/landlock.rst of the kernel; numbers from linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Sequence

import msgspec

CREATE_RULESET_NUMBER, ADD_RULE_NUMBER, RESTRICT_SELF_NUMBER = 444, 445, 446
"""Numbers of the system calls, the same on every machine."""
VERSION_FLAG = 1
PATH_BENEATH_CODE = 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_DIR, MAKE_FILE, REFER, TRUNCATE, IOCTL_DEVICE = 1 << 7, 1 << 8, 1 << 13, 1 << 14, 1 << 15
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE
"""Rights that a rule on a file, not a folder, may name."""
READ = READ_FILE | READ_DIR
WRITE = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_FILE | REFER | TRUNCATE
"""Everything in a scratch folder but links, sockets, pipes and devices: the parent would follow or open them."""
DEVICE = READ_FILE | WRITE_FILE | IOCTL_DEVICE
HANDLED_BITS_BY_VERSION = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many rights over files each version of Landlock knows; later ones know as many as version 5."""
NETWORK_VERSION, SCOPE_VERSION = 4, 6
CONNECT_AND_BIND_TCP_CODE = 3
SCOPE_SOCKETS_AND_SIGNALS_CODE = 3


class FileGrant(msgspec.Struct, frozen=True, kw_only=True):
    """A file or folder, and the rights over it and everything below it."""

    path: str
    rights: int


def _system_call(number: int, *arguments: object) -> int:
    return int(ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *arguments))


def read_version() -> int:
    """The kernel's version of Landlock; 0 where it has none, or does not give it."""
    return max(0, _system_call(CREATE_RULESET_NUMBER, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION_FLAG)))


def encode_ruleset(version: int) -> bytes:
    """``struct landlock_ruleset_attr`` that handles everything this version can, and grants nothing."""
    files = (1 << HANDLED_BITS_BY_VERSION[min(version, max(HANDLED_BITS_BY_VERSION))]) - 1
    network = CONNECT_AND_BIND_TCP_CODE if version >= NETWORK_VERSION else 0
    scope = SCOPE_SOCKETS_AND_SIGNALS_CODE if version >= SCOPE_VERSION else 0
    fields = 3 if version >= SCOPE_VERSION else 2 if version >= NETWORK_VERSION else 1
    return struct.pack("=QQQ", files, network, scope)[: 8 * fields]


def restrict(grants: Sequence[FileGrant]) -> bool:
    """Restrict this thread, and those that it starts, to ``grants``; False where the kernel cannot.

    PR_SET_NO_NEW_PRIVS must be set before. A granted path that does not exist is left out.
    """
    version = read_version()
    if version == 0:
        return False
    ruleset = encode_ruleset(version)
    handled = struct.unpack_from("=Q", ruleset)[0]
    descriptor = _system_call(CREATE_RULESET_NUMBER, ruleset, ctypes.c_size_t(len(ruleset)), ctypes.c_uint32(0))
    if descriptor < 0:
        return False
    try:
        added = all(_add_rule(descriptor, grant, handled) for grant in grants)
        return added and _system_call(RESTRICT_SELF_NUMBER, ctypes.c_int(descriptor), ctypes.c_uint32(0)) == 0
    finally:
        os.close(descriptor)


def _add_rule(ruleset: int, grant: FileGrant, handled: int) -> bool:
    try:
        path = os.open(grant.path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        is_folder = stat.S_ISDIR(os.fstat(path).st_mode)
        rights = grant.rights & handled & (~0 if is_folder else FILE_RIGHTS)
        rule = struct.pack("=Qi", rights, path)
        kind = ctypes.c_int(PATH_BENEATH_CODE)
        return _system_call(ADD_RULE_NUMBER, ctypes.c_int(ruleset), kind, rule, ctypes.c_uint32(0)) == 0
    finally:
        os.close(path)
