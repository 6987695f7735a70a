"""A worker with secrets, one child of which is the attacker's: ``python -m … IDENTITY WORK_DIR``, run as root.

IDENTITY: ``root``; ``user`` (uid 10001); ``user-without-unshare``, where a filter refuses namespaces as the default
profile of container engines does; ``…-without-landlock`` takes that away as well. Prints what worked, and the walls.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import core
from core.errors import Unavailable
from core.media.range_cache import SourceCache
from core.media.sandbox import parent
from core.media.sandbox.walls import SANDBOX
from core.process_control import hide_memory
from tests.core.media.fakes import ObjectsTwin

UID = 10001
NEIGHBOUR_UID = 60_999
MS_BIND, MS_RECURSIVE, MS_PRIVATE = 4096, 1 << 14, 1 << 18
NEW_MOUNTS = 0x00020000
UNSHARE, SETNS, LANDLOCK = 272, 308, (444, 445, 446)
LIBC = ctypes.CDLL(None, use_errno=True)
SECRET = ctypes.create_string_buffer(b"secret-in-memory")
BOOTSTRAP = """
import core.media.sandbox.child as child
from tests.core.media.sandbox.attacks import attack
child.load_entry = lambda name: attack
child.main()
"""


def show_python_to_all() -> None:
    """Make Python readable for other users where a folder of root's hides it, in a mount namespace of this process."""
    hidden = [path for path in (sys.base_prefix, sys.prefix, str(Path(core.__file__).parents[1])) if _closed(path)]
    assert LIBC.unshare(NEW_MOUNTS) == 0
    assert LIBC.mount(None, b"/", None, MS_RECURSIVE | MS_PRIVATE, None) == 0
    held = [os.open(path, os.O_PATH) for path in hidden]
    for gate in {str(_closed(path)) for path in hidden}:
        assert LIBC.mount(b"tmpfs", gate.encode(), b"tmpfs", 0, b"mode=755") == 0
    for path, descriptor in zip(hidden, held, strict=True):
        Path(path).mkdir(parents=True, exist_ok=True)
        assert LIBC.mount(f"/proc/self/fd/{descriptor}".encode(), path.encode(), None, MS_BIND, None) == 0


def _closed(path: str) -> Path | None:
    """The first folder on the way that other users may not enter."""
    folders = [*reversed(Path(path).parents), Path(path)]
    return next((one for one in folders if not one.stat().st_mode & 0o001), None)


def refuse(numbers: Sequence[int], code: int) -> None:
    """Install a filter that refuses these system calls, here and in all children."""
    steps = [struct.pack("=HBBI", 0x20, 0, 0, 0)]
    for number in numbers:
        steps += [struct.pack("=HBBI", 0x15, 0, 1, number), struct.pack("=HBBI", 0x06, 0, 0, 0x00050000 | code)]
    steps.append(struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000))
    body = b"".join(steps)

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))

    assert LIBC.prctl(22, 2, ctypes.byref(Program(len(steps), body)), 0, 0) == 0


def become(identity: str) -> None:
    if identity == "root":
        return
    show_python_to_all()
    if "without-unshare" in identity:
        refuse([UNSHARE, SETNS], errno.EPERM)
    if "without-landlock" in identity:
        refuse(LANDLOCK, errno.ENOSYS)
    os.setgroups([])
    os.setgid(UID)
    os.setuid(UID)
    LIBC.prctl(4, 1, 0, 0, 0)  # as a process that was started by this user has it


def replace_the_decoder() -> None:
    """Let every child run the attacker's code as its entry."""
    started = asyncio.create_subprocess_exec

    async def start(*command: str, **options: Any) -> asyncio.subprocess.Process:
        entry = command[command.index("core.media.sandbox.child") + 1]
        return await started(sys.executable, "-I", "-c", BOOTSTRAP, entry, **options)

    asyncio.create_subprocess_exec = start  # type: ignore[assignment]


async def attacked(work_dir: Path) -> dict[str, Any]:
    scratch, neighbour = work_dir / "scratch" / "a", work_dir / "scratch" / "b"
    for folder in (scratch, neighbour):
        folder.mkdir(parents=True, mode=0o700)
    files = {name: work_dir / name for name in ("secret_file", "spare_file", "lost_file")}
    files["neighbour_file"] = neighbour / "frames"
    for name, path in files.items():
        path.write_text(f"secret {name}")
        path.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(neighbour, NEIGHBOUR_UID, NEIGHBOUR_UID)
    listener, abstract, local = socket.socket(), socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    listener.bind(("127.0.0.1", 0))
    abstract.bind(f"\0clipstream-{os.getpid()}")
    local.bind(str(work_dir / "socket"))
    for one in (listener, abstract, local):
        one.listen()
    connection = socket.create_connection(listener.getsockname())
    sleeper = subprocess.Popen(["/bin/sleep", "600"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    args = {name: str(path) for name, path in files.items()} | {
        "worker": os.getpid(), "worker_uid": os.getuid(), "address": ctypes.addressof(SECRET), "neighbour": sleeper.pid,
        "connection": connection.fileno(), "secret_descriptor": os.open(files["secret_file"], os.O_RDONLY),
        "port": listener.getsockname()[1], "unix_socket": str(work_dir / "socket"),
        "abstract_socket": f"\0clipstream-{os.getpid()}", "work_dir": str(work_dir),
        "code": str(Path(core.__file__).parent), "libraries": str(Path(sys.prefix, "lib")),
    }  # fmt: skip
    cache = SourceCache(ObjectsTwin(film=bytes(2**20)), work_dir / "cache", 2**20)
    try:
        async with cache.open("film") as source:
            result = await parent.run_child("core.attacked:main", args, scratch=scratch, source=source)
    finally:
        sleeper.kill()
        sleeper.wait()
        cache.close()
    return result | {"changed": SECRET.value != b"secret-in-memory"}


def main() -> None:
    identity, work_dir, policy = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    become(identity)
    replace_the_decoder()
    hide_memory()
    SANDBOX.demand("strict" if policy == "strict" else "best-effort")
    try:
        result = asyncio.run(attacked(work_dir))
    except Unavailable as error:
        result = {"refused": str(error)}
    sys.stdout.write(json.dumps(result | {"standing": list(SANDBOX.standing or ())}))


if __name__ == "__main__":
    main()
