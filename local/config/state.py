"""The state of a stack: ``stack.json`` to read, a flock as the proof that it runs. Holds no secret."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Literal

import msgspec

from local.errors import StackError

PartState = Literal["waiting", "starting", "ready", "restarting", "stopping", "stopped", "failed", "done", "external"]
Phase = Literal["starting", "ready", "stopping", "stopped", "failed"]


class PartStatus(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One part, as ``status`` shows it."""

    name: str
    state: PartState = "waiting"
    pid: int | None = None
    pid_started: float | None = None
    """Start time of the pid by the kernel (seconds since the epoch): a reused pid is not taken for ours."""
    port: int | None = None
    restarts: int = 0
    ready_after_s: float | None = None
    said: str = ""
    """Reason why it is not ready, or fell."""


class StackState(msgspec.Struct, kw_only=True):
    """The whole file."""

    stack_id: str
    phase: Phase = "starting"
    said: str = ""
    supervisor_pid: int = 0
    guard_pid: int = 0
    started_at: str = ""
    ready_after_s: float | None = None
    port_base: int = 0
    webhook_port: int = 0
    endpoints: dict[str, str] = {}
    outside_dirs: list[str] = []
    """Directories of this stack outside its state directory (root's Postgres): ``reset`` removes them."""
    parts: dict[str, PartStatus] = {}


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one state directory."""

    root: Path

    @property
    def stack_json(self) -> Path:
        """File with the state, processes and ports of each part."""
        return self.root / "stack.json"

    @property
    def stack_env(self) -> Path:
        """``CLIPSTREAM_*`` for clients and tests; holds secrets."""
        return self.root / "stack.env"

    @property
    def credentials(self) -> Path:
        """The first organisation's keys, as the bootstrap printed them."""
        return self.root / "credentials.json"

    @property
    def secrets(self) -> Path:
        """Passwords of the parts."""
        return self.root / "secrets.json"

    @property
    def lock(self) -> Path:
        """Held by guard and supervisor while they live."""
        return self.root / "lock"

    @property
    def key_ring(self) -> Path:
        """The secrets that seal and sign, newest first: ``CLIPSTREAM_SECRETS_FILE``."""
        return self.root / "key-ring"

    @property
    def logs(self) -> Path:
        """One file a part."""
        return self.root / "logs"

    @property
    def mails(self) -> Path:
        """Folder of the mails that the catcher took, a file each."""
        return self.root / "data" / "mail"

    def data(self, part: str) -> Path:
        """Folder of a part's data."""
        return self.root / "data" / part

    def run(self, part: str) -> Path:
        """Folder of a part's generated configuration."""
        return self.root / "run" / part


def write_private(path: Path, body: bytes) -> None:
    """Replace a file in one step; only its owner can read it."""
    _replace(path, body, 0o600)


def _replace(path: Path, body: bytes, mode: int) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(body)
    temporary.replace(path)


def save(layout: Layout, state: StackState) -> None:
    """Replace stack.json in one step."""
    _replace(layout.stack_json, msgspec.json.format(msgspec.json.encode(state), indent=2) + b"\n", 0o644)


def load(layout: Layout) -> StackState | None:
    """The last written state; None where no stack ever was. Raises StackError for a file of others."""
    try:
        return msgspec.json.decode(layout.stack_json.read_bytes(), type=StackState)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        raise StackError(_not_ours(layout)) from None
    except (msgspec.DecodeError, OSError) as error:
        raise StackError(
            f"{layout.stack_json} cannot be read ({error}): `clipstream reset` starts with a new one"
        ) from None


def _not_ours(layout: Layout) -> str:
    return f"{layout.root} cannot be reached, or belongs to another user: give --state-dir a directory of your own"


def try_lock(layout: Layout) -> int | None:
    """Take the lock: its descriptor, to be kept open, or None if it is held. Raises StackError."""
    try:
        descriptor = os.open(layout.lock, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError:
        raise StackError(_not_ours(layout)) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_running(layout: Layout) -> bool:
    """Whether a supervisor or its watchdog holds this directory. The kernel frees the lock of a dead one."""
    try:
        layout.lock.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError:
        raise StackError(_not_ours(layout)) from None
    descriptor = try_lock(layout)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False
