"""Installs a system call filter that allows what children need, and refuses everything else.

The filter is classic BPF over ``struct seccomp_data`` (nr at 0, arch at 4, low words of the arguments from 16 on).
Source: Documentation/userspace-api/seccomp_filter.rst of the kernel.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Sequence

from core.media.sandbox.system_calls import (
    ALLOWED,
    ARGUMENTS,
    DEVICE,
    EXECUTE,
    FIRST_UNIFIED_CODE,
    MACHINES,
    TGKILL,
    Numbers,
)

PR_SET_SECCOMP_CODE = 22
SECCOMP_MODE_FILTER = 2
LOAD, JUMP_EQUAL, JUMP_GREATER_EQUAL, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
OFFSET_NUMBER, OFFSET_ARCH, OFFSET_ARGUMENTS = 0, 4, 16
ARGUMENT_BYTES = 8
X32_BIT_CODE = 0x40000000
ARCHES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def _instruction(code: int, value: int, jump_true: int = 0, jump_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, jump_true, jump_false, value)


def _allow(number: int) -> bytes:
    return _instruction(JUMP_EQUAL, number, 0, 1) + _instruction(RETURN, ALLOW)


def _allow_with(number: int, place: int, values: Sequence[int]) -> bytes:
    """Allow call ``number`` where its argument at ``place`` is one of ``values``."""
    compared = [_instruction(LOAD, OFFSET_ARGUMENTS + ARGUMENT_BYTES * place)]
    for value in values:
        compared += [_instruction(JUMP_EQUAL, value, 0, 1), _instruction(RETURN, ALLOW)]
    compared.append(_instruction(RETURN, FAIL | errno.EPERM))
    return _instruction(JUMP_EQUAL, number, 0, len(compared)) + b"".join(compared)


def build_filter(machine: str, pid: int, *, may_execute: bool = False, uses_device: bool = False) -> bytes:
    """Build the filter of process ``pid`` on ``machine`` as packed instructions.

    Raises KeyError for unknown machines. Refused calls fail with EPERM; new ones, and clone3, with ENOSYS: a C library
    then takes an older call, whose arguments the filter sees.
    """
    arch, column = ARCHES[machine], MACHINES.index(machine)
    extra: dict[str, Numbers] = {}
    extra.update(EXECUTE if may_execute else {})
    extra.update(DEVICE if uses_device else {})
    steps = [
        _instruction(LOAD, OFFSET_ARCH),
        _instruction(JUMP_EQUAL, arch, 1, 0),
        _instruction(RETURN, KILL),
        _instruction(LOAD, OFFSET_NUMBER),
        _instruction(JUMP_GREATER_EQUAL, X32_BIT_CODE, 0, 1),
        _instruction(RETURN, KILL),
    ]
    numbers = [numbers[column] for numbers in {**ALLOWED, **extra}.values()]
    steps += [_allow(number) for number in numbers if number is not None]
    for name, (call_numbers, place, values) in ARGUMENTS.items():
        number = call_numbers[column]
        if number is not None and name not in extra:
            steps.append(_allow_with(number, place, (*values, pid) if name == "prlimit64" else values))
    tgkill = TGKILL[column]
    assert tgkill is not None
    steps += [
        _allow_with(tgkill, 0, (pid,)),
        _instruction(JUMP_GREATER_EQUAL, FIRST_UNIFIED_CODE, 0, 1),
        _instruction(RETURN, FAIL | errno.ENOSYS),
        _instruction(RETURN, FAIL | errno.EPERM),
    ]
    return b"".join(steps)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def install_filter(*, may_execute: bool = False, uses_device: bool = False) -> bool:
    """Install the filter for good; False where the machine or its kernel does not support it.

    PR_SET_NO_NEW_PRIVS must be set before.
    """
    try:
        body = build_filter(platform.machine(), os.getpid(), may_execute=may_execute, uses_device=uses_device)
    except KeyError:
        return False
    packed = _Program(len(body) // 8, body)
    done = ctypes.CDLL(None, use_errno=True).prctl(PR_SET_SECCOMP_CODE, SECCOMP_MODE_FILTER, ctypes.byref(packed), 0, 0)
    return bool(done == 0)
