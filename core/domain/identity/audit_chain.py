"""The hash chain of an audit log: a hash covers an entry and the hash of the entry before. Pure.

``hash = SHA-256(previous hash, as 32 bytes + content)``; ``content`` is a JSON array of the entry's fields in the
order of ``FIELDS``, as the export writes them, without spaces. All of it is printable ASCII, so any language that has
JSON and SHA-256 can recompute a chain.

Address and browser of an entry are personal data and must be erasable: what a hash covers is a commitment to them,
``SHA-256`` of the JSON array ``[salt, address, user_agent]`` in hexadecimal. Once they and the salt are gone the
commitment says nothing, and the chain still holds (docs/adr/0046).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal
from uuid import UUID

import msgspec

from schemas.common import Value

GENESIS = bytes(32)
"""Stands for the hash before the first entry."""
HASH_CHARACTERS = 64
Outcome = Literal["done", "refused"]


class ChainedEntry(Value, frozen=True, kw_only=True):
    """What an entry says, with its place in the chain of its organisation."""

    org_id: UUID
    position: int
    """From 1, without gaps."""
    entry_id: UUID
    created_at: dt.datetime
    actor: str
    """``kind:id``"""
    key_id: UUID | None
    operation: str
    target_kind: str
    target_ids: list[UUID]
    commitment: str
    """To address and browser, in hexadecimal."""
    request_id: str
    outcome: Outcome


FIELDS: tuple[str, ...] = ChainedEntry.__struct_fields__
"""Fields that a hash covers, in their order."""
ORIGIN = ("salt", "address", "user_agent")
"""Fields that the commitment covers, in their order; the salt is null and the others are empty once they are erased."""


class ChainEnd(Value, frozen=True, kw_only=True):
    """One end of a chain: a position with the hash of its entry; position 0 is before the first."""

    position: int
    hash: bytes


class BrokenChainError(Exception):
    """A chain was changed; the message says at which position."""


def commit(salt: UUID, address: str, user_agent: str) -> str:
    """The commitment to where an entry came from; 64 hexadecimal digits."""
    return hashlib.sha256(msgspec.json.encode([salt, address, user_agent])).hexdigest()


def hash_entry(previous_hash: bytes, entry: ChainedEntry) -> bytes:
    """Hash of an entry after the one with ``previous_hash``; 32 bytes."""
    return _hash(previous_hash, msgspec.to_builtins(entry))


def verify_lines(lines: Iterable[Mapping[str, Any]], *, passes: ChainEnd | None = None) -> ChainEnd:
    """Recompute the chain of an export, line by line, and return its end.

    ``lines``: a ``checkpoint``, entries, and a ``head``. ``passes``: an entry of the chain that is known from before.
    Raises BrokenChainError for a line that was changed, removed, added or moved.
    """
    at: ChainEnd | None = None
    head, is_known = None, passes is None
    for line in lines:
        if head is not None:
            raise BrokenChainError("something follows the head of the chain, which must be the last line")
        if at is None:
            at = _end_of(line, "checkpoint")
        elif line.get("line") == "head":
            head = _end_of(line, "head")
        else:
            at = _follow(at, line)
        is_known = is_known or _passes(at, passes)
    if at is None or head is None:
        raise BrokenChainError("the export is cut: its last line, the head of the chain, is missing")
    if head.position != at.position:
        raise BrokenChainError(f"positions {at.position + 1} to {head.position} are missing at the end")
    if head.hash != at.hash:
        raise BrokenChainError(f"the head of the chain has another hash than position {at.position}")
    if not is_known and passes is not None:
        raise BrokenChainError(f"the chain does not contain position {passes.position}, which was to be found in it")
    return at


def _passes(at: ChainEnd, passes: ChainEnd | None) -> bool:
    if passes is None or at.position != passes.position:
        return False
    if at.hash != passes.hash:
        raise BrokenChainError(f"position {at.position} has another hash than it had: the chain was written again")
    return True


def _follow(at: ChainEnd, line: Mapping[str, Any]) -> ChainEnd:
    position = line.get("position")
    if line.get("line") != "entry" or not isinstance(position, int):
        raise BrokenChainError(f"what follows position {at.position} is not an entry")
    if position <= at.position:
        raise BrokenChainError(
            f"position {position} stands after position {at.position}: entries were moved or doubled"
        )
    if position > at.position + 1:
        raise BrokenChainError(f"position {at.position + 1} is missing: position {position} follows {at.position}")
    if line.get("previous_hash") != at.hash.hex():
        raise BrokenChainError(f"position {position} was changed: its previous hash is not that of {at.position}")
    if line.get("hash") != (entry_hash := _hash(at.hash, line)).hex():
        raise BrokenChainError(f"position {position} was changed: its hash is not that of what it says")
    if _origin_differs(line):
        raise BrokenChainError(f"position {position} was changed: its address or browser is not what it was")
    return ChainEnd(position=position, hash=entry_hash)


def _origin_differs(line: Mapping[str, Any]) -> bool:
    """Whether an entry says another address or browser than it committed to; an erased one says none."""
    salt, address, user_agent = (line.get(name) for name in ORIGIN)
    if salt is None:
        return bool(address or user_agent)
    content = msgspec.json.encode([salt, address, user_agent])
    return hashlib.sha256(content).hexdigest() != line.get("commitment")


def _end_of(line: Mapping[str, Any], kind: str) -> ChainEnd:
    position, text = line.get("position"), line.get("hash")
    if line.get("line") != kind or not isinstance(position, int) or not isinstance(text, str):
        raise BrokenChainError(f"the {kind} of the chain is missing: the export is not whole")
    return ChainEnd(position=position, hash=parse_hash(text))


def parse_hash(text: str) -> bytes:
    """The bytes of a hash that is written in hexadecimal. Raises BrokenChainError."""
    try:
        parsed = bytes.fromhex(text)
    except ValueError:
        parsed = b""
    if len(parsed) * 2 != HASH_CHARACTERS:
        raise BrokenChainError(f"{text[:HASH_CHARACTERS]!r} is not a hash of {HASH_CHARACTERS} hexadecimal digits")
    return parsed


def _hash(previous_hash: bytes, fields: Mapping[str, Any]) -> bytes:
    content = msgspec.json.encode([fields.get(name) for name in FIELDS])
    return hashlib.sha256(previous_hash + content).digest()


def seal(start: ChainEnd, entries: Iterable[ChainedEntry]) -> Iterator[tuple[bytes, bytes]]:
    """Previous hash and hash of entries that follow ``start`` in their order."""
    previous_hash = start.hash
    for entry in entries:
        entry_hash = hash_entry(previous_hash, entry)
        yield previous_hash, entry_hash
        previous_hash = entry_hash
