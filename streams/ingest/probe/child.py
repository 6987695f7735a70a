"""Child entry of ingest: one pass over a hostile file → index, sound, spans. Never decodes all pictures, opens no path.

Leaves ``index.msgpack`` and ``span-<ordinal>.flac`` in ``args["scratch"]``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from core.media.decode.open import refuse_text
from core.settings import MediaLimits, SpanRules
from streams.ingest.probe.audio_extraction import levels_db, write_flac
from streams.ingest.probe.demux import survey
from streams.ingest.span_planner import PlannedSpan, plan_spans

TEXT_BYTES = 512
INDEX_NAME = "index.msgpack"


class ProbeArgs(msgspec.Struct, frozen=True, kw_only=True):
    """What the parent asks for."""

    scratch: str
    limits: MediaLimits
    rules: SpanRules


class Probed(msgspec.Struct, frozen=True, kw_only=True):
    """What the child answers, beside its files; the last two come from the sandbox."""

    spans: list[PlannedSpan]
    has_sound: bool
    cpu_ms: int = 0
    peak_bytes: int = 0


def flac_name(ordinal: int) -> str:
    """File of a span's sound in the scratch directory."""
    return f"span-{ordinal}.flac"


def main(args: dict[str, Any], source: BinaryIO | None, report: Callable[[int], None]) -> dict[str, Any]:
    """Probe ``source``; ``args`` is a `ProbeArgs`, the result a `Probed`.

    Raises Rejected with a ``media.*`` reason. ``report`` counts packets.
    """
    assert source is not None
    asked = msgspec.convert(args, ProbeArgs)
    scratch = Path(asked.scratch)
    pcm = scratch / "sound.pcm"
    refuse_text(source.read(TEXT_BYTES))
    index = survey(source, asked.limits, pcm, report)
    has_sound = index.audio is not None
    spans = plan_spans(index.duration_ms, levels_db(pcm) if has_sound else None, asked.rules)
    if has_sound:
        for span in spans:
            write_flac(pcm, span.padded, scratch / flac_name(span.ordinal))
        pcm.unlink()
    (scratch / INDEX_NAME).write_bytes(msgspec.msgpack.encode(index))
    answer: dict[str, Any] = msgspec.to_builtins(Probed(spans=spans, has_sound=has_sound))
    return answer
