"""Attempts on the kernel: namespaces, mounts, rights, shared objects, limits."""

from __future__ import annotations

import ctypes
import os
import resource
import struct
from typing import Any

from tests.core.media.sandbox.attempts import LIBC, attempt, call, contains

CLONE_NEWUSER_CODE = 0x10000000
SIGCHLD_CODE = 17


@attempt
def new_user_namespace(given: dict[str, Any]) -> object:
    return call(272, CLONE_NEWUSER_CODE) == 0


@attempt
def new_process_in_a_namespace(given: dict[str, Any]) -> object:
    child = call(56, ctypes.c_ulong(CLONE_NEWUSER_CODE | SIGCHLD_CODE), None, None, None, None)
    if child == 0:
        os._exit(0)
    return True


@attempt
def namespace_of_the_worker(given: dict[str, Any]) -> object:
    return call(308, os.open(f"/proc/{given['worker']}/ns/net", os.O_RDONLY), 0) == 0


@attempt
def mount_something(given: dict[str, Any]) -> object:
    return LIBC.mount(b"tmpfs", given["scratch"].encode(), b"tmpfs", 0, None) == 0


@attempt
def mount_by_descriptor(given: dict[str, Any]) -> object:
    return call(430, b"tmpfs", 0) >= 0


@attempt
def copy_the_mount_tree(given: dict[str, Any]) -> object:
    return call(428, ctypes.c_int(-100), b"/", 1) >= 0


@attempt
def unmount_something(given: dict[str, Any]) -> object:
    return LIBC.umount2(b"/dev", 2) == 0


@attempt
def shared_memory_folder(given: dict[str, Any]) -> object:
    return os.open("/dev/shm/attacked", os.O_CREAT | os.O_WRONLY) >= 0


@attempt
def kernel_memory(given: dict[str, Any]) -> object:
    return os.open("/dev/mem", os.O_RDONLY) >= 0


@attempt
def kernel_log(given: dict[str, Any]) -> object:
    return call(103, 3, ctypes.create_string_buffer(64), 64) >= 0


@attempt
def kernel_symbols(given: dict[str, Any]) -> object:
    return contains("/proc/kallsyms", b"T ")


@attempt
def kernel_setting(given: dict[str, Any]) -> object:
    return os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY) >= 0


@attempt
def device_setting(given: dict[str, Any]) -> object:
    return os.open("/sys/kernel/mm/transparent_hugepage/enabled", os.O_WRONLY) >= 0


@attempt
def become_root(given: dict[str, Any]) -> object:
    os.setuid(0)
    return True


@attempt
def become_the_worker(given: dict[str, Any]) -> object:
    return os.geteuid() == given["worker_uid"] and bool(os.setresuid(*[given["worker_uid"]] * 3) is None)


@attempt
def become_another_user(given: dict[str, Any]) -> object:
    os.setresuid(33, 33, 33)
    return True


@attempt
def capabilities(given: dict[str, Any]) -> object:
    header, data = struct.pack("=Ii", 0x20080522, 0), ctypes.create_string_buffer(24)
    call(125, header, data)
    return any(struct.unpack("=6I", data.raw))


@attempt
def ring_of_calls(given: dict[str, Any]) -> object:
    return call(425, 4, ctypes.create_string_buffer(120)) >= 0


@attempt
def key_ring(given: dict[str, Any]) -> object:
    return call(248, b"user", b"attacked", b"x", ctypes.c_ulong(1), ctypes.c_int(-3)) > 0


@attempt
def key_ring_of_the_session(given: dict[str, Any]) -> object:
    return call(250, 0, ctypes.c_int(-3), 0) > 0


@attempt
def program_in_the_kernel(given: dict[str, Any]) -> object:
    return call(321, 0, struct.pack("=IIIII", 1, 4, 4, 1, 0) + bytes(100), 120) >= 0


@attempt
def count_of_processor_events(given: dict[str, Any]) -> object:
    return call(298, struct.pack("=IIQ", 1, 128, 0) + bytes(112), 0, ctypes.c_int(-1), ctypes.c_int(-1), 0) >= 0


@attempt
def page_faults_at_will(given: dict[str, Any]) -> object:
    return call(323, 1) >= 0


@attempt
def watch_the_work_folder(given: dict[str, Any]) -> object:
    return call(254, call(294, 0), given["work_dir"].encode(), 2) >= 0


@attempt
def watch_the_file_system(given: dict[str, Any]) -> object:
    return call(300, 0, 0) >= 0


@attempt
def program_in_memory(given: dict[str, Any]) -> object:
    return call(319, b"program", 1) >= 0


@attempt
def file_by_handle(given: dict[str, Any]) -> object:
    handle = ctypes.create_string_buffer(struct.pack("=Ii", 128, 0) + bytes(128))
    return call(303, ctypes.c_int(-100), given["secret_file"].encode(), handle, ctypes.create_string_buffer(4), 0) == 0


@attempt
def shared_memory_by_key(given: dict[str, Any]) -> object:
    return call(29, 0x4321, ctypes.c_ulong(4096), 0o1666) >= 0


@attempt
def queue_by_key(given: dict[str, Any]) -> object:
    return call(68, 0x4321, 0o1666) >= 0


@attempt
def queue_by_name(given: dict[str, Any]) -> object:
    return call(240, b"attacked", os.O_CREAT | os.O_RDWR, 0o600, None) >= 0


@attempt
def module_of_the_kernel(given: dict[str, Any]) -> object:
    return call(175, b"", ctypes.c_ulong(0), b"") == 0


@attempt
def host_name(given: dict[str, Any]) -> object:
    return call(170, b"attacked", ctypes.c_ulong(8)) == 0


@attempt
def clock(given: dict[str, Any]) -> object:
    return call(305, 0, ctypes.create_string_buffer(208)) >= 0


@attempt
def other_machine_mode(given: dict[str, Any]) -> object:
    return call(135, ctypes.c_ulong(0x0040000)) >= 0


@attempt
def real_time_priority(given: dict[str, Any]) -> object:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    return True


@attempt
def higher_priority(given: dict[str, Any]) -> object:
    return os.nice(-5) < 0


@attempt
def wider_limits(given: dict[str, Any]) -> object:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard * 2, hard * 2))
    return True


@attempt
def more_memory(given: dict[str, Any]) -> object:
    return bool(bytearray(64 * 2**30))


@attempt
def larger_file(given: dict[str, Any]) -> object:
    with open(given["scratch"] + "/large", "wb") as file:
        file.truncate(2**50)
    return True
