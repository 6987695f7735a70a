"""The system calls that a child may make, by name, with their numbers; all others are refused.

Taken from traces of every kind of child (decode, encode, fonts, pictures, the sanitiser), with the calls of the same
effect that another C library would make. None of them reaches another process, a socket, or a file that Landlock or the
mount namespace does not show. Numbers: asm/unistd_64.h and asm-generic/unistd.h of Linux 6.1.
"""

from __future__ import annotations

from collections.abc import Mapping

Numbers = tuple[int, int | None]
"""Number on x86_64 and on aarch64; None where that machine does not have the call."""
MACHINES = ("x86_64", "aarch64")
"""Machines, in the order of `Numbers`."""
# fmt: off
ALLOWED: Mapping[str, Numbers] = {
    "futex": (202, 98), "read": (0, 63), "write": (1, 64), "pread64": (17, 67), "pwrite64": (18, 68),
    "mmap": (9, 222), "munmap": (11, 215), "madvise": (28, 233), "mprotect": (10, 226), "mremap": (25, 216),
    "brk": (12, 214), "lseek": (8, 62), "close": (3, 57), "openat": (257, 56), "open": (2, None),
    "newfstatat": (262, 79), "fstat": (5, 80), "stat": (4, None), "lstat": (6, None), "statx": (332, 291),
    "readv": (19, 65), "writev": (20, 66), "preadv": (295, 69), "pwritev": (296, 70), "getdents64": (217, 61),
    "ftruncate": (77, 46), "fallocate": (285, 47), "fsync": (74, 82), "fdatasync": (75, 83),
    "fadvise64": (221, 223), "copy_file_range": (326, 285), "sendfile": (40, 71), "readlink": (89, None),
    "readlinkat": (267, 78), "access": (21, None), "faccessat": (269, 48), "faccessat2": (439, 439),
    "getcwd": (79, 17), "chdir": (80, 49), "mkdir": (83, None), "mkdirat": (258, 34), "rmdir": (84, None),
    "unlink": (87, None), "unlinkat": (263, 35), "rename": (82, None), "renameat": (264, 38),
    "renameat2": (316, 276), "umask": (95, 166), "statfs": (137, 43), "fstatfs": (138, 44), "dup": (32, 23),
    "dup2": (33, None), "dup3": (292, 24), "pipe": (22, None), "pipe2": (293, 59), "poll": (7, None),
    "ppoll": (271, 73), "select": (23, None), "pselect6": (270, 72), "flock": (73, 32), "mincore": (27, 232),
    "msync": (26, 227), "membarrier": (324, 283), "mbind": (237, 235), "get_mempolicy": (239, 236),
    "set_mempolicy": (238, 237), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132), "set_robust_list": (273, 99), "rseq": (334, 293),
    "set_tid_address": (218, 96), "gettid": (186, 178), "getpid": (39, 172), "getppid": (110, 173),
    "getuid": (102, 174), "getgid": (104, 176), "geteuid": (107, 175), "getegid": (108, 177),
    "getresuid": (118, 148), "getresgid": (120, 150), "uname": (63, 160), "sysinfo": (99, 179),
    "getrusage": (98, 165), "times": (100, 153), "clock_gettime": (228, 113), "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115), "nanosleep": (35, 101), "gettimeofday": (96, 169), "time": (201, None),
    "getcpu": (309, 168), "sched_yield": (24, 124), "sched_getaffinity": (204, 123),
    "sched_getscheduler": (145, 120), "sched_getparam": (143, 121), "sched_get_priority_max": (146, 125),
    "sched_get_priority_min": (147, 126), "getrandom": (318, 278), "getrlimit": (97, 163),
    "arch_prctl": (158, None), "exit": (60, 93), "exit_group": (231, 94), "restart_syscall": (219, 128),
    "close_range": (436, 436),
}
"""Allowed whatever their arguments; the most frequent first, because the filter compares in this order."""
EXECUTE: Mapping[str, Numbers] = {"execve": (59, 221)}
"""For a process that becomes another program after its confinement; Landlock says which."""
DEVICE: Mapping[str, Numbers] = {
    "ioctl": (16, 29), "eventfd2": (290, 19), "epoll_create1": (291, 20), "epoll_ctl": (233, 21),
    "epoll_wait": (232, None), "epoll_pwait": (281, 22), "memfd_create": (319, 279), "sched_setaffinity": (203, 122),
    "mlock": (149, 228), "munlock": (150, 229),
}
"""For a child that encodes on a GPU: its driver speaks by ioctl with the device files that Landlock grants."""
# fmt: on
OWN_THREAD_FLAGS = (0x003D0F00, 0x007D0F00)
"""Flags of clone(2) with which glibc and musl start a thread: no new process, no namespace."""
ARGUMENTS: Mapping[str, tuple[Numbers, int, tuple[int, ...]]] = {
    "clone": ((56, 220), 0, OWN_THREAD_FLAGS),
    "fcntl": ((72, 25), 1, (0, 1, 2, 3, 4, 5, 6, 7, 1030)),
    "ioctl": ((16, 29), 1, (0x5401, 0x5413, 0x541B, 0x5450, 0x5451)),
    "prctl": ((157, 167), 0, (3, 15, 16, 0x53564D41)),
    "prlimit64": ((302, 261), 0, (0,)),
}
"""Calls that are allowed with some values of one argument: numbers, place of the argument, values.

fcntl: duplicate, flags, locks. ioctl: size of a terminal, bytes to read, close on exec. prctl: is it dumpable, names of
threads and memory. prlimit64: of the caller.
"""
TGKILL: Numbers = (234, 131)
"""How a process aborts itself; allowed to itself."""
FIRST_UNIFIED_CODE = 424
"""From this number on calls are the same on all machines, and new: a C library asks for them and lives without."""
