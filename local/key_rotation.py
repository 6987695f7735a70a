"""Rotates the key ring of a stack: a new secret in front, all sealed again, an end for the old ones.

Each step can be repeated: a rotation that was cut off goes on where it stopped.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec

from local.config.stack_secrets import new_secret
from local.config.state import Layout, is_running, write_private
from local.endpoints import read_env_file, without_guarded
from local.errors import StackError

KEEP_DAYS = 36
"""Days that an old secret still verifies: messages stay on uploads.v1 for 7 days, as dead letters for 28 more."""
UNTIL_FORMAT = "%Y%m%dT%H%M%SZ"


class RingEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the ring's file, ``id:base64`` or ``id:base64:until``."""

    id: str
    secret: str
    until: str = ""


class Rotated(msgspec.Struct, frozen=True, kw_only=True):
    """Result of a rotation."""

    newest_id: str
    resumed: bool
    """Whether the new secret was there from a rotation that was cut off."""
    resealed: dict[str, int]
    """Rows sealed again, by table."""
    old: dict[str, str]
    """Id of each old secret → when it stops to open."""


def read_ring(layout: Layout) -> list[RingEntry]:
    """The entries of a stack's ring, newest first. Raises StackError without a ring."""
    try:
        lines = layout.key_ring.read_text().split()
    except FileNotFoundError:
        raise StackError(f"there is no key ring in {layout.root}: `clipstream up` makes one") from None
    parts = [line.split(":") for line in lines]
    return [RingEntry(id=part[0], secret=part[1], until="".join(part[2:])) for part in parts]


def _write_ring(layout: Layout, entries: list[RingEntry]) -> None:
    lines = (":".join(filter(None, (entry.secret, entry.until))) for entry in entries)
    text = "".join(f"{entry.id}:{line}\n" for entry, line in zip(entries, lines, strict=True))
    write_private(layout.key_ring, text.encode())


def rotate(layout: Layout, environ: Mapping[str, str], now: dt.datetime, *, keep_days: float = KEEP_DAYS) -> Rotated:
    """Put a new secret in front, seal everything again, and set an end to the old ones.

    ``keep_days`` 0: they end at once. Raises StackError; the ring then still opens all that it opened before.
    """
    if not is_running(layout):
        raise StackError("the stack does not run: `clipstream up` first")
    env = read_env_file(layout.stack_env.read_text())
    if env.get("CLIPSTREAM_SECRETS_FILE") != str(layout.key_ring):
        raise StackError(
            "the key ring comes from your environment: put a new secret in front of it, run "
            "`python -m streams --reseal`, then take the old one out (docs/operators.md)"
        )
    with _hold_lock(layout):
        entries, resumed = _with_new(_still_open(read_ring(layout), now), now)
        _write_ring(layout, entries)
        resealed = _reseal({**without_guarded(environ), **env})
        until = (now + dt.timedelta(days=keep_days)).astimezone(dt.UTC).strftime(UNTIL_FORMAT)
        entries = [entries[0], *(_end_entry(entry, until) for entry in entries[1:])]
        _write_ring(layout, _still_open(entries, now))
    old = {entry.id: entry.until for entry in entries[1:]}
    return Rotated(newest_id=entries[0].id, resumed=resumed, resealed=resealed, old=old)


def _with_new(entries: list[RingEntry], now: dt.datetime) -> tuple[list[RingEntry], bool]:
    """The ring with a new secret in front, unless a rotation that was cut off has put it there."""
    if any(not entry.until for entry in entries[1:]):
        return entries, True
    used = {entry.id for entry in entries}
    stem = now.astimezone(dt.UTC).strftime("k%Y%m%d")
    names = (stem, *(f"{stem}-{number}" for number in range(2, len(used) + 3)))
    new = RingEntry(id=next(name for name in names if name not in used), secret=new_secret())
    return [new, *entries], False


def _end_entry(entry: RingEntry, until: str) -> RingEntry:
    return msgspec.structs.replace(entry, until=min(entry.until, until) if entry.until else until)


def _still_open(entries: list[RingEntry], now: dt.datetime) -> list[RingEntry]:
    text = now.astimezone(dt.UTC).strftime(UNTIL_FORMAT)
    return [entry for entry in entries if entry is entries[0] or not entry.until or entry.until > text]


def _reseal(env: Mapping[str, str]) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-m", "streams", "--reseal"], env=dict(env), capture_output=True, text=True, check=False
    )
    last_line = (done.stdout.strip() or done.stderr.strip() or "no output").splitlines()[-1]
    if done.returncode:
        raise StackError(
            f"not everything could be sealed again, so the old secrets stay ({last_line[:500]}): run it again"
        )
    changed: dict[str, int] = msgspec.json.decode(last_line)["changed"]
    return changed


@contextmanager
def _hold_lock(layout: Layout) -> Iterator[None]:
    descriptor = os.open(layout.root / "key-ring.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise StackError("another rotation runs: wait for its end") from None
    finally:
        os.close(descriptor)
