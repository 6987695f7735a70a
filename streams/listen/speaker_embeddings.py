"""The voices of a span: asked of the model, kept with what it sounds like, read again by close. Compares none of them.

Voices are worth less than words: a model that is away, late or wrong costs the span its voices and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np

from core.errors import Unavailable
from core.infra import telemetry
from core.infra.triton.client import InferenceFailed
from core.ports.models import Float32, Int16, Vectors, Voices
from core.ports.stores import Objects
from core.progress import Report
from schemas.common import TimeRange
from schemas.documents.diarization import VoiceFrames, VoiceWindows
from streams.listen.speech_segments import RATE_HZ, phrases, windows
from streams.listen.voice_activity import where_voiced
from streams.runtime.stage import timed_in_thread
from streams.speech.frames import OCTETS, STORED
from streams.speech.mfcc import CEPSTRA, STEP_MS, cepstra

AT_ONCE = 64
"""Windows of one request: an answer comes, and the lease is renewed, every second or so."""
PATIENCE_S = 20.0
"""For one answer, a reload of a dead model included; shorter than a worker may stand still."""
BRIEF_MS = 45_000
"""Of less speech than this in a span every bit is wanted, also what may be none; in more it only blurs who is who:
of 85 made conversations of 90 s the number of speakers was right in 63 then, without in 68."""
UNHEARD = "speakers: the voice model did not answer for a part of the recording"


class UnvoicedError(Exception):
    """The voices of this span cannot be had now; its words can."""


async def listen_for_voices(
    samples: Int16,
    speech: Sequence[TimeRange],
    *,
    starts_at_ms: int,
    voices: Voices,
    objects: Objects,
    prefix: str,
    report: Report,
    within: TimeRange,
    voiced: Sequence[TimeRange] = (),
) -> tuple[VoiceWindows | None, int]:
    """Voices in ``speech`` (project time) of samples that begin at ``starts_at_ms``, and what they cost in ms.

    ``within`` is what of the samples is this span's own. ``voiced`` is where a voice may be: turns lie there or near
    by; where there is little speech voices are listened for in all of it. None where nothing is long enough.
    Stores vectors and frames under ``prefix``. Raises UnvoicedError, and Unavailable where the store is away.
    """
    brief = sum(stretch.length_ms for stretch in speech) < BRIEF_MS
    local = [_moved(stretch, -starts_at_ms) for stretch in (voiced if brief and voiced else speech)]
    spoken = await asyncio.to_thread(phrases, samples, local)
    asked = windows(spoken)
    if not asked:
        return None, 0
    found = await _embedded(voices, samples, asked, report)
    ref = await objects.put(prefix, found.values.astype(STORED).tobytes(), OCTETS, ".f16")
    own = samples[(within.start_ms - starts_at_ms) * RATE_HZ // 1000 : (within.end_ms - starts_at_ms) * RATE_HZ // 1000]
    frames, turned, cost_ms = await _sounding(own, voiced or speech, within.start_ms)
    heard = VoiceWindows(
        starts_ms=[window.start_ms + starts_at_ms for window in asked],
        ends_ms=[window.end_ms + starts_at_ms for window in asked],
        phrases=[_moved(phrase, starts_at_ms) for phrase in spoken],
        dimensions=found.values.shape[1],
        vectors=ref,
        model=found.model,
        voiced=turned,
        frames=None if frames is None else await _kept(frames, within.start_ms, objects, prefix),
    )
    return heard, found.compute_ms + cost_ms


async def _sounding(
    samples: Int16, voiced: Sequence[TimeRange], starts_at_ms: int
) -> tuple[Float32 | None, list[TimeRange], int]:
    """Cepstra of the samples, where in them a voice is, and the cost in ms; a bug leaves ``voiced`` as it is."""

    def look() -> tuple[Float32, list[TimeRange]]:
        rows = cepstra(samples)
        return rows[:, :CEPSTRA], where_voiced(rows, voiced, starts_at_ms=starts_at_ms)

    try:
        (rows, found), cost_ms = await timed_in_thread(look)
    except Exception as error:  # noqa: BLE001 - who speaks is told by the windows alone then
        telemetry.report_bug(error, "listen")
        return None, list(voiced), 0
    return rows, found, cost_ms


async def _kept(rows: Float32, start_ms: int, objects: Objects, prefix: str) -> VoiceFrames:
    ref = await objects.put(prefix, rows.astype(STORED).tobytes(), OCTETS, ".f16")
    return VoiceFrames(start_ms=start_ms, step_ms=STEP_MS, dimensions=rows.shape[1], rows=ref)


def _moved(stretch: TimeRange, by_ms: int) -> TimeRange:
    return TimeRange(start_ms=stretch.start_ms + by_ms, end_ms=stretch.end_ms + by_ms)


async def _embedded(voices: Voices, samples: Int16, asked: Sequence[TimeRange], report: Report) -> Vectors:
    parts = []
    for at in range(0, len(asked), AT_ONCE):
        parts.append(await _answered(voices, samples, asked[at : at + AT_ONCE]))
        report(at + 1)
    return Vectors(
        values=np.concatenate([part.values for part in parts]),
        model=parts[-1].model,
        compute_ms=sum(part.compute_ms for part in parts),
    )


async def _answered(voices: Voices, samples: Int16, asked: Sequence[TimeRange]) -> Vectors:
    """One answer; a model that was found dead has been loaded again by then, so it is asked once more."""
    from_ms = asked[0].start_ms
    piece = samples[from_ms * RATE_HZ // 1000 : asked[-1].end_ms * RATE_HZ // 1000]
    moved = [_moved(window, -from_ms) for window in asked]
    try:
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await voices.embed(piece, moved)
            except Unavailable:
                return await voices.embed(piece, moved)
    except (Unavailable, InferenceFailed, TimeoutError) as error:
        raise UnvoicedError(str(error)) from error
