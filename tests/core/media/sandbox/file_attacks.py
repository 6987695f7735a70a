"""Attempts on files: the worker's, the source, a neighbour's scratch folder, our code."""

from __future__ import annotations

import fcntl
import os
import stat
from typing import Any

from tests.core.media.sandbox.attempts import attempt, contains


@attempt
def inherited_writable_file(given: dict[str, Any]) -> object:
    for number in range(64):
        try:
            writable = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
            if writable and stat.S_ISREG(os.fstat(number).st_mode):
                return True
        except OSError:
            continue
    return False


@attempt
def write_to_the_source(given: dict[str, Any]) -> object:
    return os.pwrite(given["source"], b"attacked", 0) == 8


@attempt
def truncate_the_source(given: dict[str, Any]) -> object:
    os.ftruncate(given["source"], 1)
    return True


@attempt
def open_the_source_again_for_writing(given: dict[str, Any]) -> object:
    return os.open(f"/proc/self/fd/{given['source']}", os.O_RDWR) >= 0


@attempt
def mode_of_the_source(given: dict[str, Any]) -> object:
    os.fchmod(given["source"], 0o777)
    return True


@attempt
def read_a_file_of_the_worker(given: dict[str, Any]) -> object:
    return contains(given["secret_file"], b"secret")


@attempt
def write_a_file_of_the_worker(given: dict[str, Any]) -> object:
    with open(given["secret_file"], "ab") as file:
        return file.write(b"attacked") == 8


@attempt
def truncate_a_file_of_the_worker(given: dict[str, Any]) -> object:
    os.truncate(given["spare_file"], 0)
    return True


@attempt
def rename_a_file_of_the_worker(given: dict[str, Any]) -> object:
    os.rename(given["spare_file"], given["spare_file"] + ".moved")
    return True


@attempt
def remove_a_file_of_the_worker(given: dict[str, Any]) -> object:
    os.unlink(given["lost_file"])
    return True


@attempt
def mode_of_a_file_of_the_worker(given: dict[str, Any]) -> object:
    os.chmod(given["secret_file"], 0o666)
    return True


@attempt
def times_of_a_file_of_the_worker(given: dict[str, Any]) -> object:
    os.utime(given["secret_file"], (1, 1))
    return True


@attempt
def attribute_of_a_file_of_the_worker(given: dict[str, Any]) -> object:
    os.setxattr(given["secret_file"], "user.attacked", b"1")
    return True


@attempt
def new_file_next_to_the_workers(given: dict[str, Any]) -> object:
    return os.open(given["work_dir"] + "/new", os.O_CREAT | os.O_WRONLY) >= 0


@attempt
def list_the_work_folder(given: dict[str, Any]) -> object:
    return bool(os.listdir(given["work_dir"]))


@attempt
def read_the_scratch_of_a_neighbour(given: dict[str, Any]) -> object:
    return contains(given["neighbour_file"], b"neighbour")


@attempt
def write_the_scratch_of_a_neighbour(given: dict[str, Any]) -> object:
    with open(given["neighbour_file"], "ab") as file:
        return file.write(b"attacked") == 8


@attempt
def link_for_the_worker_to_follow(given: dict[str, Any]) -> object:
    os.symlink(given["secret_file"], given["scratch"] + "/result")
    return True


@attempt
def hard_link_to_a_file_of_the_worker(given: dict[str, Any]) -> object:
    os.link(given["secret_file"], given["scratch"] + "/linked")
    return True


@attempt
def pipe_for_the_worker_to_wait_at(given: dict[str, Any]) -> object:
    os.mkfifo(given["scratch"] + "/waits")
    return True


@attempt
def device_of_the_disk(given: dict[str, Any]) -> object:
    os.mknod(given["scratch"] + "/disk", stat.S_IFBLK | 0o600, os.makedev(254, 0))
    return True


@attempt
def program_that_keeps_its_owner(given: dict[str, Any]) -> object:
    path = given["scratch"] + "/owned"
    with open(path, "wb") as file:
        file.write(b"#!/bin/sh\n")
    os.chmod(path, 0o4755)
    return True


@attempt
def change_our_code(given: dict[str, Any]) -> object:
    return os.open(given["code"] + "/attacked.py", os.O_CREAT | os.O_WRONLY) >= 0


@attempt
def change_a_library(given: dict[str, Any]) -> object:
    return os.open(given["libraries"] + "/attacked.pth", os.O_CREAT | os.O_WRONLY) >= 0


@attempt
def read_the_users(given: dict[str, Any]) -> object:
    return contains("/etc/passwd", b"root")


@attempt
def read_the_passwords(given: dict[str, Any]) -> object:
    return contains("/etc/shadow", b"root")


@attempt
def shared_temporary_folder(given: dict[str, Any]) -> object:
    return os.open("/tmp/attacked", os.O_CREAT | os.O_WRONLY) >= 0
