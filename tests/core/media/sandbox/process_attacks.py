"""Attempts on processes: the worker, its memory and its environment, neighbours, new processes."""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import struct
import threading
import time
from typing import Any

from tests.core.media.sandbox.attempts import LIBC, attempt, call, contains

MANY_THREADS = 4096
SIGCHLD_CODE = 17


@attempt
def environment_of_the_worker(given: dict[str, Any]) -> object:
    return contains(f"/proc/{given['worker']}/environ", b"CLIPSTREAM_")


@attempt
def environment_of_the_parent_as_seen(given: dict[str, Any]) -> object:
    return contains(f"/proc/{os.getppid()}/environ", b"CLIPSTREAM_")


@attempt
def environment_of_any_process(given: dict[str, Any]) -> object:
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and contains(f"/proc/{name}/environ", b"CLIPSTREAM_SECRET"):
                return True
        except OSError:
            continue
    return False


@attempt
def own_environment(given: dict[str, Any]) -> object:
    return any(name.startswith("CLIPSTREAM") for name in os.environ)


@attempt
def list_processes(given: dict[str, Any]) -> object:
    return any(name.isdigit() and int(name) != os.getpid() for name in os.listdir("/proc"))


@attempt
def command_line_of_the_worker(given: dict[str, Any]) -> object:
    with open(f"/proc/{given['worker']}/cmdline", "rb") as file:
        return bool(file.read())


@attempt
def read_memory_by_file(given: dict[str, Any]) -> object:
    with open(f"/proc/{given['worker']}/mem", "rb") as file:
        file.seek(given["address"])
        return len(file.read(8)) == 8


@attempt
def write_memory_by_file(given: dict[str, Any]) -> object:
    with open(f"/proc/{given['worker']}/mem", "r+b", buffering=0) as file:
        file.seek(given["address"])
        return file.write(b"attacked") == 8


def _vectors(address: int) -> tuple[Any, bytes, bytes]:
    buffer = ctypes.create_string_buffer(8)
    return buffer, struct.pack("=QQ", ctypes.addressof(buffer), 8), struct.pack("=QQ", address, 8)


@attempt
def read_memory_by_call(given: dict[str, Any]) -> object:
    _buffer, ours, theirs = _vectors(given["address"])
    return call(310, given["worker"], ours, ctypes.c_ulong(1), theirs, ctypes.c_ulong(1), ctypes.c_ulong(0)) == 8


@attempt
def write_memory_by_call(given: dict[str, Any]) -> object:
    _buffer, ours, theirs = _vectors(given["address"])
    return call(311, given["worker"], ours, ctypes.c_ulong(1), theirs, ctypes.c_ulong(1), ctypes.c_ulong(0)) == 8


@attempt
def trace_the_worker(given: dict[str, Any]) -> object:
    return call(101, ctypes.c_long(0x4206), given["worker"], ctypes.c_long(0), ctypes.c_long(0)) == 0


@attempt
def handle_of_the_worker(given: dict[str, Any]) -> object:
    return call(434, given["worker"], 0) >= 0


@attempt
def descriptor_of_the_worker_by_handle(given: dict[str, Any]) -> object:
    return call(438, call(434, given["worker"], 0), given["connection"], 0) >= 0


@attempt
def descriptor_of_the_worker_by_file(given: dict[str, Any]) -> object:
    return os.open(f"/proc/{given['worker']}/fd/{given['secret_descriptor']}", os.O_RDONLY) >= 0


@attempt
def descriptors_of_the_worker_listed(given: dict[str, Any]) -> object:
    return bool(os.listdir(f"/proc/{given['worker']}/fd"))


@attempt
def root_folder_of_the_worker(given: dict[str, Any]) -> object:
    return contains(f"/proc/{given['worker']}/root{given['secret_file']}", b"secret")


@attempt
def compare_with_the_worker(given: dict[str, Any]) -> object:
    return call(312, given["worker"], os.getpid(), 1, ctypes.c_ulong(0), ctypes.c_ulong(0)) >= 0


@attempt
def signal_to_the_worker(given: dict[str, Any]) -> object:
    os.kill(given["worker"], 0)
    return True


@attempt
def signal_to_a_thread_of_the_worker(given: dict[str, Any]) -> object:
    return call(234, given["worker"], given["worker"], 0) == 0


@attempt
def signal_with_a_value(given: dict[str, Any]) -> object:
    return call(129, given["worker"], 0, struct.pack("=iiiiii", 0, 0, -1, 0, 0, 0) + bytes(112)) == 0


@attempt
def signal_to_everything(given: dict[str, Any]) -> object:
    os.kill(-1, 0)
    return True


@attempt
def signal_to_the_neighbour(given: dict[str, Any]) -> object:
    os.kill(given["neighbour"], 0)
    return True


@attempt
def signal_by_descriptor_owner(given: dict[str, Any]) -> object:
    fcntl.fcntl(given["channel"], fcntl.F_SETOWN, given["worker"])
    return True


@attempt
def priority_of_the_worker(given: dict[str, Any]) -> object:
    os.setpriority(os.PRIO_PROCESS, given["worker"], 19)
    return True


@attempt
def processors_of_the_worker(given: dict[str, Any]) -> object:
    os.sched_setaffinity(given["worker"], {0})
    return True


@attempt
def limits_of_the_worker(given: dict[str, Any]) -> object:
    return bool(resource.prlimit(given["worker"], resource.RLIMIT_NOFILE))


@attempt
def disk_priority_of_the_worker(given: dict[str, Any]) -> object:
    return call(251, 1, given["worker"], 0x6000) == 0


@attempt
def memory_pages_of_the_worker(given: dict[str, Any]) -> object:
    return call(256, given["worker"], ctypes.c_ulong(64), struct.pack("=Q", 1), struct.pack("=Q", 1)) >= 0


@attempt
def leave_the_group_that_is_killed(given: dict[str, Any]) -> object:
    if os.getpgrp() == os.getpid():
        os.setsid()
    else:
        os.setpgid(0, 0)
    return True


@attempt
def outlive_the_worker(given: dict[str, Any]) -> object:
    return LIBC.prctl(1, 0, 0, 0, 0) == 0


@attempt
def new_process(given: dict[str, Any]) -> object:
    child = os.fork()
    if child == 0:
        os._exit(0)
    return child > 0


@attempt
def new_process_by_clone3(given: dict[str, Any]) -> object:
    child = call(435, struct.pack("=11Q", 0, 0, 0, 0, SIGCHLD_CODE, 0, 0, 0, 0, 0, 0), ctypes.c_ulong(88))
    if child == 0:
        os._exit(0)
    return True


@attempt
def new_program(given: dict[str, Any]) -> object:
    return os.posix_spawn("/bin/true", ["true"], {}) > 0


@attempt
def another_root_folder(given: dict[str, Any]) -> object:
    os.chroot(given["scratch"])
    return True


@attempt
def climb_out_of_the_root_folder(given: dict[str, Any]) -> object:
    return contains("/proc/1/root/etc/hostname", b"") or bool(os.listdir("/../../../../root"))


@attempt
def threads_without_end(given: dict[str, Any]) -> object:
    ended = threading.Event()
    threading.stack_size(32_768)
    started: list[threading.Thread] = []
    try:
        for _ in range(MANY_THREADS):
            one = threading.Thread(target=ended.wait, daemon=True)
            one.start()
            started.append(one)
    except (RuntimeError, MemoryError):
        return False
    finally:
        ended.set()
        time.sleep(0.05)
    return True
