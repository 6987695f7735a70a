"""Who speaks in half an hour to two hours: processor time and memory of grouping, which must grow with length alone.

``python -m benchmarks.speakers_hours``. Voices are made by a seed (tests/listen/voices_made.py), as wide as GE2E's; the
network itself is not asked: what it costs an hour is in ``benchmarks.diarization``, and grows with speech alone.
"""

from __future__ import annotations

import time
import tracemalloc

import numpy as np

from schemas.media import Value, Word
from streams.adapters.triton_vectors import VOICE
from streams.listen.diarize import with_speakers
from streams.listen.merge import close
from tests.listen.spoken import sentence
from tests.listen.voices_made import DIMENSIONS, taking_turns, voiced

MINUTES = (30, 60, 120)
SPEAKERS = 5
MIB = 2**20


class Cost(Value):
    """What grouping a recording took."""

    minutes: int
    windows: int
    found: int
    cpu_s: float
    peak_mib: float


def cost(minutes: int) -> Cost:
    """Five people in turns, four words to each; time first, memory in a second run: tracing slows the first."""
    turns = taking_turns(SPEAKERS, minutes)
    words: list[Word] = [word for start_ms, _, _ in turns for word in sentence("one two three four", start_ms)]
    heard, rows = voiced(turns, words)
    wide = np.pad(rows, ((0, 0), (0, VOICE - DIMENSIONS)))
    transcript = close([heard], turns[-1][1], [])
    started = time.process_time()
    told = with_speakers(transcript, [heard], [wide]).diarization
    cpu_s = time.process_time() - started
    tracemalloc.start()
    with_speakers(transcript, [heard], [wide])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    found = len(told.speakers) if told else 0
    return Cost(minutes=minutes, windows=len(rows), found=found, cpu_s=cpu_s, peak_mib=peak / MIB)


def main() -> None:
    for minutes in MINUTES:
        one = cost(minutes)
        print(
            f"{one.minutes:4} min: {one.windows:6} windows, {one.found} of {SPEAKERS} speakers, "
            f"{one.cpu_s:5.1f} CPU-s, {one.peak_mib:5.0f} MiB at most"
        )


if __name__ == "__main__":
    main()
