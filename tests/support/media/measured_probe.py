"""Probes files, each in the product's child, and prints what a child used: ``python -m ... FILE ...``.

A process of its own, small: what its children used at most is what the children of a test's process cannot tell.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
from pathlib import Path

import msgspec

from core.errors import InputRejected, Starved
from core.media.sandbox.parent import LocalSource
from core.settings import MediaLimits, SpanRules
from streams.ingest.source_importer import probe_source

MAX_STARVED_TRIES_COUNT = 8


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one file."""

    name: str
    reason: str
    """Of its refusal; empty where it was read."""
    detail: str
    """Of its refusal, as users read it."""
    cpu_s: float
    """Processor time of the child, its start included."""
    peak_bytes: int
    """Most memory of this child or of one before."""


async def measure(path: Path, scratch: Path) -> Measured:
    """Probe one file, again where the machine gave the child too little processor time, as a stage does."""
    for _ in range(MAX_STARVED_TRIES_COUNT - 1):
        try:
            return await _measure_once(path, scratch)
        except Starved:
            continue
    return await _measure_once(path, scratch)


async def _measure_once(path: Path, scratch: Path) -> Measured:
    before_s, reason, detail = _used()[0], "", ""
    try:
        with LocalSource(path) as source:
            await probe_source(source, limits=MediaLimits(), rules=SpanRules(), scratch=scratch, report=lambda _: None)
    except InputRejected as error:
        reason, detail = error.reason, error.detail
    after_s, peak_bytes = _used()
    return Measured(name=path.name, reason=reason, detail=detail, cpu_s=after_s - before_s, peak_bytes=peak_bytes)


def _used() -> tuple[float, int]:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


async def main() -> None:
    """Probe what the arguments name."""
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as scratch:
            print(msgspec.json.encode(await measure(Path(name), Path(scratch))).decode(), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
