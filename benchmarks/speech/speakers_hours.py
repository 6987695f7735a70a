"""Who speaks in half an hour to two hours.

Processor time and memory of grouping, which must grow with length alone.

``python -m benchmarks.speech.speakers_hours``. Voices are made by a seed (tests/support/media/synthetic_voices.py), as
wide as GE2E's, and so is what each 20 ms sounds like; what it costs to hear that is measured on five minutes of noise.
The network itself is not asked: what it costs an hour is in ``benchmarks.speech.diarization``, and grows with speech
alone.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Sequence

import numpy as np

from core.infra.triton.embeddings import VOICE
from schemas.common import TimeRange, Value, Word
from streams.close.diarization.pipeline import add_speakers
from streams.close.transcript.span_merge import merge_spans
from streams.listen.voice_activity import refine_voice_activity
from streams.speech.frames import SpeechFrames
from streams.speech.mfcc import CEPSTRA_COUNT, FRAME_STEP_MS, compute_mfcc
from tests.support.media.synthetic_voices import DIMENSIONS, taking_turns, voiced
from tests.support.spoken_words import sentence

MINUTES = (30, 60, 120)
SPEAKERS_COUNT = 5
MIB = 2**20


class Cost(Value):
    """Cost of grouping a recording."""

    minutes: int
    windows: int
    found: int
    cpu_s: float
    peak_mib: float


def cost(minutes: int) -> Cost:
    """Group five people who take turns, four words to each.

    Time first, memory in a second run: tracing slows the first.
    """
    turns = taking_turns(SPEAKERS_COUNT, minutes)
    words: list[Word] = [word for start_ms, _, _ in turns for word in sentence("one two three four", start_ms)]
    heard_span, rows = voiced(turns, words)
    wide = np.pad(rows, ((0, 0), (0, VOICE - DIMENSIONS)))
    transcript = merge_spans([heard_span], turns[-1][1], [])
    frames = sounding(turns)
    started = time.process_time()
    diarization = add_speakers(transcript, [heard_span], [wide], frames).diarization
    cpu_s = time.process_time() - started
    tracemalloc.start()
    add_speakers(transcript, [heard_span], [wide], frames)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    speaker_count = len(diarization.speakers) if diarization else 0
    return Cost(minutes=minutes, windows=len(rows), found=speaker_count, cpu_s=cpu_s, peak_mib=peak / MIB)


def sounding(turns: Sequence[tuple[int, int, int]]) -> SpeechFrames:
    """Noise around a place of each speaker's own."""
    random = np.random.default_rng(1)
    middles_ms = np.arange(0, turns[-1][1], FRAME_STEP_MS) + FRAME_STEP_MS // 2
    rows = random.normal(0, 1, (len(middles_ms), CEPSTRA_COUNT)).astype(np.float32)
    places = random.normal(0, 1, (SPEAKERS_COUNT, CEPSTRA_COUNT)).astype(np.float32)
    at = np.searchsorted([start_ms for start_ms, _, _ in turns], middles_ms, side="right") - 1
    owners = np.array([who for _, _, who in turns])
    return SpeechFrames(middles_ms=middles_ms, rows=rows + places[owners[np.maximum(at, 0)]])


def heard_s() -> float:
    """CPU-seconds an hour of hearing what each 20 ms sounds like, and where speech is."""
    samples = np.random.default_rng(1).normal(0, 1000, 300 * 16_000).astype(np.int16)
    speech = [TimeRange(start_ms=at, end_ms=at + 4_000) for at in range(0, 300_000, 5_000)]
    started = time.process_time()
    refine_voice_activity(compute_mfcc(samples), speech, starts_at_ms=0)
    return 12 * (time.process_time() - started)


def main() -> None:
    print(f"cepstra and speech: {heard_s():.1f} CPU-s an hour")
    for minutes in MINUTES:
        grouping = cost(minutes)
        print(
            f"{grouping.minutes:4} min: {grouping.windows:6} windows, {grouping.found} of {SPEAKERS_COUNT} speakers, "
            f"{grouping.cpu_s:5.1f} CPU-s, {grouping.peak_mib:5.0f} MiB at most"
        )


if __name__ == "__main__":
    main()
