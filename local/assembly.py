"""Puts one stack together: identity, ports, secrets, parts, environment files. Starts no part."""

from __future__ import annotations

import os
import secrets as random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from local.config.ports import PortClaim, check_requested, claim_block
from local.config.stack_secrets import load_or_make
from local.config.state import Layout, PartStatus, StackState, load, save, write_private
from local.endpoints import env_file, external_parts, product_env
from local.errors import StackError
from local.install.all import read_note
from local.part_order import plan
from local.services.postgres import needs_outside
from local.services.service import Part, Setting
from local.services.table import OBJECT_PORTS, PORTS

OUTSIDE = Path("/var/lib/clipstream")
"""Folder of root's stacks for files that another user must reach."""


class Assembly(msgspec.Struct, frozen=True, kw_only=True):
    """All that the supervisor needs."""

    setting: Setting
    state: StackState
    parts: list[Part]
    claim: PortClaim
    """Kept as long as the stack lives: the ports are ours by it."""


def installed_file(layout: Layout) -> Path:
    """File in which ``up`` notes for the supervisor what it installed."""
    return layout.root / "run" / "installed.json"


def assemble(
    layout: Layout, environ: Mapping[str, str], *, stores_only: bool = False, rewind: Sequence[str] = ()
) -> Assembly:
    """Read or make everything, write ``stack.json`` and ``stack.env``. Raises StackError."""
    external = external_parts(environ)
    before = load(layout)
    stack_id = (before.stack_id if before else "") or random.token_hex(4)  # a first start that failed early has none
    outside = OUTSIDE / stack_id if "postgres" not in external and needs_outside(layout.root) else None
    claim = _claim(before, stack_id)
    port = _ports(claim, environ)
    setting = Setting(
        stack_id=stack_id,
        layout=layout,
        secrets=load_or_make(layout),
        installed=read_note(installed_file(layout)),
        environ=environ,
        port=port.__getitem__,
        outside=outside,
    )
    env = product_env(setting, external)
    state = _state(setting, claim, env, external)
    save(layout, state)
    if outside:
        _make_outside(outside)  # after it was written down: `reset` knows of it
    write_private(layout.stack_env, env_file(env))
    parts = plan(setting, env, external=external, stores_only=stores_only, rewind=rewind)
    return Assembly(setting=setting, state=state, claim=claim, parts=parts)


def _make_outside(outside: Path) -> None:
    """The path can be walked by all, and listed by us alone."""
    try:
        outside.mkdir(parents=True, exist_ok=True)
        for place in (outside, outside.parent):
            place.chmod(0o711)
    except OSError as error:
        raise StackError(f"{outside} cannot be made for Postgres ({error.strerror}): run as an ordinary user") from None


def _claim(before: StackState | None, stack_id: str) -> PortClaim:
    return claim_block(
        preferred=before.port_base if before else None,
        seed=int(stack_id, 16),
        used=range(len(PORTS)),
        also_above=[PORTS.index(name) for name in OBJECT_PORTS],
    )


def _ports(claim: PortClaim, environ: Mapping[str, str]) -> dict[str, int]:
    """Name → port; the API's can be asked for by number."""
    ports = {name: claim.port(index) for index, name in enumerate(PORTS)}
    if api_port := environ.get("CLIPSTREAM_API_PORT"):
        if not api_port.isdigit() or not 0 < int(api_port) < 65_536:
            raise StackError(f"the API's port is {api_port!r}: give a number between 1 and 65535")
        check_requested(int(api_port))
        ports["api"] = int(api_port)
    return ports


def _state(setting: Setting, claim: PortClaim, env: Mapping[str, str], external: frozenset[str]) -> StackState:
    public = ("CLIPSTREAM_API", "CLIPSTREAM_KAFKA", "CLIPSTREAM_S3", "CLIPSTREAM_TRITON", "CLIPSTREAM_MEILISEARCH")
    endpoints = {name.removeprefix("CLIPSTREAM_").lower(): env[name] for name in public}
    endpoints["files"] = f"127.0.0.1:{setting.port('files')}"
    return StackState(
        stack_id=setting.stack_id,
        supervisor_pid=os.getpid(),
        guard_pid=os.getppid(),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        port_base=claim.base,
        webhook_port=setting.port("webhook"),
        endpoints=endpoints,
        outside_dirs=[str(setting.outside)] if setting.outside else [],
        parts={name: PartStatus(name=name, state="external") for name in sorted(external)},
    )
