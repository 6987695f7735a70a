"""Embed the voices of a span and store them with its MFCC frames, for close to diarize.

Voices are worth less than words: a model that is unavailable, late or wrong costs the span its voices and nothing
else. No voices are compared here.
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
from streams.listen.speech_segments import PCM_RATE_HZ, place_windows, split_phrases
from streams.listen.voice_activity import refine_voice_activity
from streams.runtime.stage import timed_in_thread
from streams.speech.frames import OCTET_STREAM, STORED_DTYPE
from streams.speech.mfcc import CEPSTRA_COUNT, FRAME_STEP_MS, compute_mfcc

WINDOWS_PER_REQUEST = 64
"""Windows in one request: an answer comes, and the lease is renewed, every second or so."""
EMBEDDING_TIMEOUT_S = 20.0
"""Time limit of one answer, a reload of a dead model included; shorter than a worker may make no progress."""
MAX_BRIEF_SPEECH_MS = 45_000
"""Speech of a span below which possible voice is embedded too.

With more it only blurs who is who. Of 85 synthetic conversations of 90 s the number of speakers was right in 63 with
it, in 68 without.
"""
VOICES_MISSING_WARNING = "speakers: the voice model did not answer for a part of the recording"
"""Warning of the project where a span has no voices."""


class VoicesUnavailableError(Exception):
    """The voices of this span cannot be had now; its words can."""


async def embed_voices(
    samples: Int16,
    speech: Sequence[TimeRange],
    *,
    starts_at_ms: int,
    voices: Voices,
    objects: Objects,
    prefix: str,
    report: Report,
    span_range: TimeRange,
    voiced: Sequence[TimeRange] = (),
) -> tuple[VoiceWindows | None, int]:
    """Embed the voices in ``speech`` (project time); return them and the compute time in ms.

    Samples begin at ``starts_at_ms``; ``span_range`` is the span without its margin. ``voiced`` is where a voice
    may be: a span with little speech is searched in all of it. None where nothing is long enough. Stores vectors
    and frames under ``prefix``. Raises VoicesUnavailableError, and Unavailable where the object store is.
    """
    little_speech = sum(time.length_ms for time in speech) < MAX_BRIEF_SPEECH_MS
    voice_ranges = [_shift_range(time, -starts_at_ms) for time in (voiced if little_speech and voiced else speech)]
    phrases = await asyncio.to_thread(split_phrases, samples, voice_ranges)
    windows = place_windows(phrases)
    if not windows:
        return None, 0
    embeddings = await _embed_windows(voices, samples, windows, report)
    ref = await objects.put(prefix, embeddings.values.astype(STORED_DTYPE).tobytes(), OCTET_STREAM, ".f16")
    span_samples = samples[
        (span_range.start_ms - starts_at_ms) * PCM_RATE_HZ // 1000 : (span_range.end_ms - starts_at_ms)
        * PCM_RATE_HZ
        // 1000
    ]
    frames, refined_voiced, cost_ms = await _compute_frames(span_samples, voiced or speech, span_range.start_ms)
    voice_windows = VoiceWindows(
        starts_ms=[window.start_ms + starts_at_ms for window in windows],
        ends_ms=[window.end_ms + starts_at_ms for window in windows],
        phrases=[_shift_range(phrase, starts_at_ms) for phrase in phrases],
        dimensions=embeddings.values.shape[1],
        vectors=ref,
        model=embeddings.model,
        voiced=refined_voiced,
        frames=None if frames is None else await _store_frames(frames, span_range.start_ms, objects, prefix),
    )
    return voice_windows, embeddings.compute_ms + cost_ms


async def _compute_frames(
    samples: Int16, voiced: Sequence[TimeRange], starts_at_ms: int
) -> tuple[Float32 | None, list[TimeRange], int]:
    """Compute the span's MFCC rows and refine where a voice is; return the CPU time in ms too.

    A bug leaves ``voiced`` as it is.
    """

    def measure() -> tuple[Float32, list[TimeRange]]:
        mfcc_rows = compute_mfcc(samples)
        return mfcc_rows[:, :CEPSTRA_COUNT], refine_voice_activity(mfcc_rows, voiced, starts_at_ms=starts_at_ms)

    try:
        (mfcc_rows, refined_voiced), cost_ms = await timed_in_thread(measure)
    except Exception as error:  # noqa: BLE001 - the windows alone say who speaks then
        telemetry.report_bug(error, "listen")
        return None, list(voiced), 0
    return mfcc_rows, refined_voiced, cost_ms


async def _store_frames(rows: Float32, start_ms: int, objects: Objects, prefix: str) -> VoiceFrames:
    """Store MFCC rows as half floats."""
    ref = await objects.put(prefix, rows.astype(STORED_DTYPE).tobytes(), OCTET_STREAM, ".f16")
    return VoiceFrames(start_ms=start_ms, step_ms=FRAME_STEP_MS, dimensions=rows.shape[1], rows=ref)


def _shift_range(time: TimeRange, by_ms: int) -> TimeRange:
    """Shift a time range."""
    return TimeRange(start_ms=time.start_ms + by_ms, end_ms=time.end_ms + by_ms)


async def _embed_windows(voices: Voices, samples: Int16, windows: Sequence[TimeRange], report: Report) -> Vectors:
    """Embed all windows in batches, reporting progress after each."""
    batches = []
    for at in range(0, len(windows), WINDOWS_PER_REQUEST):
        batches.append(await _embed_batch(voices, samples, windows[at : at + WINDOWS_PER_REQUEST]))
        report(at + 1)
    return Vectors(
        values=np.concatenate([batch.values for batch in batches]),
        model=batches[-1].model,
        compute_ms=sum(batch.compute_ms for batch in batches),
    )


async def _embed_batch(voices: Voices, samples: Int16, windows: Sequence[TimeRange]) -> Vectors:
    """Embed one batch; retry once, for a model found dead has been reloaded by then."""
    from_ms = windows[0].start_ms
    batch_samples = samples[from_ms * PCM_RATE_HZ // 1000 : windows[-1].end_ms * PCM_RATE_HZ // 1000]
    batch_windows = [_shift_range(window, -from_ms) for window in windows]
    try:
        async with asyncio.timeout(EMBEDDING_TIMEOUT_S):
            try:
                return await voices.embed(batch_samples, batch_windows)
            except Unavailable:
                return await voices.embed(batch_samples, batch_windows)
    except (Unavailable, InferenceFailed, TimeoutError) as error:
        raise VoicesUnavailableError(str(error)) from error
