"""Words and languages of recordings that change their language, through the whole path.

Compared with recordings in one language.

``python -m benchmarks.speech.code_switching [seeds]``: recogniser on Triton, aligner, joining, trust map; the language
is found by itself. What is written is in the right language where it is in the one that is spoken at that time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from benchmarks.harness.claims import Claim, format_claim
from benchmarks.harness.rig import say
from benchmarks.harness.seeds import measure_seeds
from benchmarks.speech.asr_accuracy import Score, edits, plain
from benchmarks.speech.code_switching_corpus import Mixture, mixture, readers
from core.infra.triton.alignment import TritonAlignment
from core.infra.triton.speech import TritonSpeech
from schemas.documents.transcript import Transcript
from tests.support.media.recordings import RATE_HZ
from tests.support.seams import transcribed

SEEDS_COUNT = 8
LENGTH_S = 90.0
WAYS = {"English and German in turn": ("en", "de"), "English alone": ("en",)}
STEP_MS = 100


def right(recording: Mixture, transcript: Transcript) -> tuple[int, int]:
    """Count the written steps that are in the spoken language, and all written steps."""
    matching, total = 0, 0
    for block in recording.blocks:
        for at_ms in range(block.range.start_ms, block.range.end_ms, STEP_MS):
            segments = [part for part in transcript.segments if part.start_ms <= at_ms < part.end_ms]
            matching += bool(segments) and segments[0].language == block.language
            total += bool(segments)
    return matching, total


def score(recording: Mixture, transcript: Transcript) -> Score:
    """One recording's counts."""
    reference, hypothesis = plain(recording.text), plain(" ".join(word.text for word in transcript.words))
    substituted, deleted, inserted = edits(reference, hypothesis)
    return Score(
        said=len(reference), heard=len(hypothesis), substituted=substituted, deleted=deleted, inserted=inserted,
        audio_s=recording.samples.size / RATE_HZ,
    )  # fmt: skip


async def measure(url: str, seeds: Iterable[int]) -> list[Claim]:
    """Three figures for each way of speaking."""
    speech, alignment = TritonSpeech(url), TritonAlignment(url)
    readers_by_language, claims = readers(), []
    for way, languages in WAYS.items():
        total, in_own, steps, lines = Score(), 0, 0, []
        for recording in (mixture(readers_by_language, seed, languages, LENGTH_S) for seed in seeds):
            transcript = await transcribed(speech, recording.samples, alignment=alignment)
            counts, (matching, written_count) = score(recording, transcript), right(recording, transcript)
            total, in_own, steps = total + counts, in_own + matching, steps + written_count
            wrong = counts.substituted + counts.deleted + counts.inserted
            errors = f"{recording.name}: {wrong} of {counts.said} words wrong, {counts.heard} heard"
            lines.append(f"{errors}, {matching / max(written_count, 1):.3f} in its own language")
            say(f"{way}: {lines[-1]}")
        wrong = total.substituted + total.deleted + total.inserted
        claims += [
            Claim(name=f"wrong words, {way}", measured=100 * wrong / total.said, unit="%", where=tuple(lines)),
            Claim(name=f"words heard over words said, {way}", measured=total.heard / total.said),
            Claim(
                name=f"of what is written, in the language that is spoken, {way}",
                measured=100 * in_own / steps,
                unit="%",
            ),
        ]
    await speech.close()
    await alignment.close()
    return claims


def compare(seeds: int = SEEDS_COUNT) -> list[Claim]:
    """Measure with a server of its own."""
    return measure_seeds(measure, seeds)


if __name__ == "__main__":
    print("\n".join(map(format_claim, compare(int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS_COUNT))))
