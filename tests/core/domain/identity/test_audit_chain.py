"""The chain of an audit log: whatever is changed in an export is found, and where."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.identity.audit_chain import (
    FIELDS,
    GENESIS,
    ORIGIN,
    BrokenChainError,
    ChainedEntry,
    ChainEnd,
    commit,
    parse_hash,
    seal,
    verify_lines,
)

ORG = UUID(int=7)
ENTRIES = 5
SEEN = ("192.0.2.7", 'a "quoted" \\ agent')
"""Address and browser of each entry; its id stands in for the salt."""


def chain(count: int = ENTRIES, *, after: ChainEnd | None = None) -> list[dict[str, Any]]:
    """The lines of an export."""
    start = after or ChainEnd(position=0, hash=GENESIS)
    entries = [
        ChainedEntry(
            org_id=ORG,
            position=start.position + number,
            entry_id=UUID(int=number),
            created_at=dt.datetime(2026, 3, 1, 12, number, tzinfo=dt.UTC),
            actor=f"key:{UUID(int=1)}",
            key_id=None if number % 2 else UUID(int=1),
            operation="createProject",
            target_kind="project",
            target_ids=[UUID(int=number)],
            commitment=commit(UUID(int=number), *SEEN),
            request_id="r",
            outcome="done",
        )
        for number in range(1, count + 1)
    ]
    hashes = list(seal(start, entries))
    lines = [
        {"line": "entry"}
        | json.loads(msgspec.json.encode(entry))
        | dict(zip(ORIGIN, (str(entry.entry_id), *SEEN), strict=True))
        | {"previous_hash": previous_hash.hex(), "hash": entry_hash.hex()}
        for entry, (previous_hash, entry_hash) in zip(entries, hashes, strict=True)
    ]
    last = hashes[-1][1] if hashes else start.hash
    head = {"line": "head", "position": start.position + count, "hash": last.hex()}
    return [{"line": "checkpoint", "position": start.position, "hash": start.hash.hex()}, *lines, head]


def test_an_unchanged_chain_verifies() -> None:
    assert verify_lines(chain()).position == ENTRIES
    assert verify_lines(chain(0)) == ChainEnd(position=0, hash=GENESIS)
    end = verify_lines(chain(3))
    assert verify_lines(chain(2, after=end)).position == 5


def test_the_algorithm_is_the_published_one() -> None:
    """As docs/keys.md says it, in the standard library's words."""
    previous_hash = bytes(32)
    for line in chain()[1:-1]:
        content = json.dumps([line[name] for name in FIELDS], separators=(",", ":"))
        previous_hash = hashlib.sha256(previous_hash + content.encode("ascii")).digest()
        assert line["hash"] == previous_hash.hex()
        origin = json.dumps([line[name] for name in ORIGIN], separators=(",", ":"))
        assert line["commitment"] == hashlib.sha256(origin.encode("ascii")).hexdigest()


@given(
    at=st.integers(1, ENTRIES),
    field=st.sampled_from([*FIELDS, *ORIGIN, "hash", "previous_hash"]),
    value=st.one_of(st.none(), st.text(max_size=20), st.integers(), st.lists(st.text(max_size=3), max_size=2)),
)
def test_any_changed_field_is_found(at: int, field: str, value: object) -> None:
    lines = chain()
    if lines[at][field] == value:
        return
    lines[at] = lines[at] | {field: value}
    with pytest.raises(BrokenChainError):
        verify_lines(lines)


def test_an_erased_origin_breaks_no_chain() -> None:
    """Salt, address and browser are gone; one of them alone is a change."""
    lines = chain()
    lines[2] |= {"salt": None, "address": "", "user_agent": ""}
    assert verify_lines(lines).position == ENTRIES
    for left in ({"address": SEEN[0]}, {"user_agent": SEEN[1]}, {"salt": str(UUID(int=2))}):
        with pytest.raises(BrokenChainError, match="position 2 was changed"):
            verify_lines([*lines[:2], lines[2] | left, *lines[3:]])


@given(at=st.integers(0, ENTRIES + 1))
def test_any_removed_line_is_found(at: int) -> None:
    lines = chain()
    del lines[at]
    with pytest.raises(BrokenChainError):
        verify_lines(lines)


@given(at=st.integers(0, ENTRIES + 1), to=st.integers(0, ENTRIES + 1))
def test_any_moved_line_is_found(at: int, to: int) -> None:
    lines = chain()
    lines.insert(to, lines.pop(at))
    if lines == chain():
        return
    with pytest.raises(BrokenChainError):
        verify_lines(lines)


@given(at=st.integers(0, ENTRIES + 1))
def test_any_doubled_line_is_found(at: int) -> None:
    lines = chain()
    lines.insert(at, lines[at])
    with pytest.raises(BrokenChainError):
        verify_lines(lines)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: lines.pop(3), "position 3 is missing: position 4 follows 2"),
        (lambda lines: lines.pop(5), "positions 5 to 5 are missing at the end"),
        (lambda lines: lines.pop(6), "the export is cut: its last line, the head of the chain, is missing"),
        (lambda lines: lines.pop(0), "the checkpoint of the chain is missing: the export is not whole"),
        (lambda lines: lines.insert(2, lines.pop(4)), "position 4 is missing|position 2 is missing"),
        (lambda lines: lines.append(lines[1]), "something follows the head of the chain"),
        (lambda lines: lines[3].update(outcome="refused"), "position 3 was changed: its hash is not that"),
        (lambda lines: lines[3].update(previous_hash="00"), "position 3 was changed: its previous hash"),
        (lambda lines: lines[6].update(hash="ff" * 32), "the head of the chain has another hash than position 5"),
        (lambda lines: lines[6].update(hash="zz"), "'zz' is not a hash of 64 hexadecimal digits"),
    ],
)
def test_errors_name_the_place(change: Any, told: str) -> None:
    lines = chain()
    change(lines)
    with pytest.raises(BrokenChainError, match=told):
        verify_lines(lines)


def test_a_known_entry_must_be_in_the_chain() -> None:
    lines = chain()
    for at in range(ENTRIES + 1):
        known = ChainEnd(position=at, hash=parse_hash(lines[at]["hash"]))
        assert verify_lines(lines, passes=known).position == ENTRIES
    with pytest.raises(BrokenChainError, match="position 3 has another hash than it had"):
        verify_lines(lines, passes=ChainEnd(position=3, hash=GENESIS))
    with pytest.raises(BrokenChainError, match="does not contain position 9"):
        verify_lines(lines, passes=ChainEnd(position=9, hash=GENESIS))
