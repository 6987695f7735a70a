"""Installs a system call filter: no sockets, no new programs or processes; threads still work.

The filter is classic BPF over ``struct seccomp_data`` (nr at 0, arch at 4, low word of the first argument at 16).
Source: Documentation/userspace-api/seccomp_filter.rst of the kernel; numbers from asm/unistd_64.h and asm-generic.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from collections.abc import Mapping

PR_SET_SECCOMP_CODE = 22
SECCOMP_MODE_FILTER = 2
LOAD, JUMP_EQUAL, JUMP_SET, JUMP_GREATER_EQUAL, RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
OFFSET_NUMBER, OFFSET_ARCH, OFFSET_ARGUMENT = 0, 4, 16
CLONE_THREAD_CODE = 0x00010000
X32_BIT_CODE = 0x40000000

# io_uring is refused because it does socket calls behind the filter's back; clone3 because its flags lie in memory
# (ENOSYS makes libc fall back to clone, whose flags we see).
REFUSED: Mapping[str, tuple[int, ...]] = {
    "x86_64": (41, 42, 49, 50, 57, 58, 59, 322, 101, 310, 311, 165, 166, 155, 161, 272, 308, 321, 298, 250, 425, 323),
    "aarch64": (198, 203, 200, 201, 221, 281, 117, 270, 271, 40, 39, 41, 51, 97, 268, 280, 241, 219, 425, 282),
}
"""Refused system calls.

socket, connect, bind, listen, (fork, vfork,) execve, execveat, ptrace, process_vm_readv, process_vm_writev, mount,
umount2, pivot_root, chroot, unshare, setns, bpf, perf_event_open, keyctl, io_uring_setup, userfaultfd.
"""
EXECUTE: Mapping[str, tuple[int, ...]] = {"x86_64": (59, 322), "aarch64": (221, 281)}
"""execve and execveat, for a process that becomes another program after its confinement."""
CLONE = {"x86_64": 56, "aarch64": 220}
CLONE3_CODE = 435
ARCHES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def _instruction(code: int, value: int, jump_true: int = 0, jump_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, jump_true, jump_false, value)


def build_filter(machine: str, *, may_execute: bool = False) -> bytes:
    """Build the filter for ``machine`` as packed instructions. Raises KeyError for unknown machines."""
    refused = [one for one in REFUSED[machine] if not (may_execute and one in EXECUTE[machine])]
    steps = [
        _instruction(LOAD, OFFSET_ARCH),
        _instruction(JUMP_EQUAL, ARCHES[machine], 1, 0),
        _instruction(RETURN, KILL),
        _instruction(LOAD, OFFSET_NUMBER),
        _instruction(JUMP_GREATER_EQUAL, X32_BIT_CODE, 0, 1),
        _instruction(RETURN, KILL),
    ]
    for number in refused:
        steps += [_instruction(JUMP_EQUAL, number, 0, 1), _instruction(RETURN, FAIL | errno.EPERM)]
    steps += [
        _instruction(JUMP_EQUAL, CLONE3_CODE, 0, 1),
        _instruction(RETURN, FAIL | errno.ENOSYS),
        _instruction(JUMP_EQUAL, CLONE[machine], 0, 3),
        _instruction(LOAD, OFFSET_ARGUMENT),
        _instruction(JUMP_SET, CLONE_THREAD_CODE, 1, 0),
        _instruction(RETURN, FAIL | errno.EPERM),
        _instruction(RETURN, ALLOW),
    ]
    return b"".join(steps)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def install_filter(*, may_execute: bool = False) -> bool:
    """Install the filter for good; False where the machine or its kernel does not support it.

    PR_SET_NO_NEW_PRIVS must be set before.
    """
    try:
        body = build_filter(platform.machine(), may_execute=may_execute)
    except KeyError:
        return False
    packed = _Program(len(body) // 8, body)
    done = ctypes.CDLL(None, use_errno=True).prctl(PR_SET_SECCOMP_CODE, SECCOMP_MODE_FILTER, ctypes.byref(packed), 0, 0)
    return bool(done == 0)
