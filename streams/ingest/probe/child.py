"""Child entry of ingest: one pass over a hostile file for index, audio and spans. Opens no path.

Leaves ``index.msgpack``, ``waveform.u8`` and ``span-<ordinal>.flac`` in ``args["scratch"]``. Never decodes all frames.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from core.media.decode.open import refuse_text
from core.settings import MediaLimits, SpanRules
from streams.ingest.probe.audio_extraction import measure_levels_db, write_flac
from streams.ingest.probe.demux import probe_file
from streams.ingest.probe.player_format import detect_player_format
from streams.ingest.probe.waveform import measure_peaks
from streams.ingest.span_planner import PlannedSpan, plan_spans

TEXT_CHECK_BYTES = 512
"""Bytes that are checked for being text."""
INDEX_FILE_NAME = "index.msgpack"
"""Name of the index in the scratch folder."""
WAVEFORM_FILE_NAME = "waveform.u8"
"""Name of the peaks in the scratch folder; absent without sound."""


class ProbeArgs(msgspec.Struct, frozen=True, kw_only=True):
    """The parent's request."""

    scratch: str
    limits: MediaLimits
    rules: SpanRules


class ProbeResult(msgspec.Struct, frozen=True, kw_only=True):
    """The child's result, in addition to its files; the last two fields are filled in by the sandbox."""

    spans: list[PlannedSpan]
    has_sound: bool
    loudest: float = 0.0
    """The loudest sample, as a share of full scale."""
    cpu_ms: int = 0
    peak_bytes: int = 0


def span_audio_name(ordinal: int) -> str:
    """Name a span's audio in the scratch folder."""
    return f"span-{ordinal}.flac"


def main(args: dict[str, Any], source: BinaryIO | None, report: Callable[[int], None]) -> dict[str, Any]:
    """Probe ``source``; ``args`` is a `ProbeArgs`, the result a `ProbeResult`.

    Raises InputRejected with a ``media.*`` reason. ``report`` counts packets.
    """
    assert source is not None
    probe_args = msgspec.convert(args, ProbeArgs)
    scratch = Path(probe_args.scratch)
    pcm = scratch / "sound.pcm"
    refuse_text(source.read(TEXT_CHECK_BYTES))
    index = probe_file(source, probe_args.limits, pcm, report)
    index = msgspec.structs.replace(index, player_format=detect_player_format(source))
    has_sound, loudest = index.audio is not None, 0.0
    spans = plan_spans(index.duration_ms, measure_levels_db(pcm) if has_sound else None, probe_args.rules)
    if has_sound:
        for span in spans:
            write_flac(pcm, span.padded, scratch / span_audio_name(span.ordinal))
        peaks, loudest = measure_peaks(pcm)
        (scratch / WAVEFORM_FILE_NAME).write_bytes(peaks)
        pcm.unlink()
    (scratch / INDEX_FILE_NAME).write_bytes(msgspec.msgpack.encode(index))
    result: dict[str, Any] = msgspec.to_builtins(ProbeResult(spans=spans, has_sound=has_sound, loudest=loudest))
    return result
