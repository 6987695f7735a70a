"""Words heard where no one speaks, through the whole path.

In the files without speech, and in sounds made by a seed.

``python -m benchmarks.speech.hallucinations [seeds]``: recogniser on Triton, aligner, joining, trust map. Twice: as
without options, and with the language fixed and a glossary, which tempt a recogniser. What the trust map rejects is no
word of the transcript; it is counted too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from benchmarks.harness.claims import Claim, format_claim
from benchmarks.harness.rig import say
from benchmarks.harness.seeds import measure_seeds
from benchmarks.speech.wordless_sounds import Wordless, make_sounds
from core.infra.triton.alignment import TritonAlignment
from core.infra.triton.speech import TritonSpeech
from streams.close.transcript.span_merge import merge_spans
from tests.support.media.recordings import RATE_HZ, media, sound
from tests.support.seams import hear_in_spans

SEEDS_COUNT = 4
FILES = (
    "music/Kevin_MacLeod-Vibe_Ace.ogg",
    "music/Kevin_MacLeod-Nutcracker.ogg",
    "music/Hungarian_Dance_5.ogg",
    "shots/bbb_trailer_55s_720p.mp4",
    "talking/nvidia_webcam_pillarbox_8s_720p.mp4",
    "talking/face_offcentre_20s.mp4",
    "hostile/long_1080p_av1.mp4",
    "hostile/rotate-buck-bunny.mp4",
)
"""In these no one speaks."""
GLOSSARY = ("Lorenz", "Tchaikovsky", "Betelgeuse", "Hester Prynne")
WAYS: Mapping[str, Mapping[str, Any]] = {
    "as it comes": {},
    "English, with a glossary": {"language": "en", "glossary": GLOSSARY},
}


def sounds(seeds: Iterable[int]) -> Iterator[Wordless]:
    """The files, digital silence, and the sounds made by a seed."""
    for name in FILES:
        yield Wordless(name=name, samples=sound(media(name)))
    yield Wordless(name="digital silence", samples=np.zeros(20 * RATE_HZ, dtype=np.int16))
    for seed in seeds:
        yield from make_sounds(seed)


async def measure(url: str, seeds: Iterable[int]) -> list[Claim]:
    """One claim for each way of asking."""
    speech, alignment = TritonSpeech(url), TritonAlignment(url)
    recordings = list(sounds(seeds))
    claims: list[Claim] = []
    for way, options in WAYS.items():
        words, seconds, rejected, lines = 0, 0.0, 0, []
        for recording in recordings:
            spans = await hear_in_spans(speech, recording.samples, [], alignment, **options)
            transcript = merge_spans(spans, recording.samples.size * 1000 // RATE_HZ, [])
            words += len(transcript.words)
            rejected += len(transcript.rejected)
            seconds += recording.samples.size / RATE_HZ
            if transcript.words or transcript.rejected:
                text = " ".join(f"{word.text}({word.probability:.2f})" for word in transcript.words)
                doubts = [f"{segment.trust} {','.join(segment.doubts)}" for segment in transcript.segments]
                rejected_texts = [(segment.text[:60], segment.reasons) for segment in transcript.rejected]
                lines.append(f"{recording.name}: {text!r} {doubts}; rejected {rejected_texts}")
                say(f"{way}: {lines[-1]}")
        summary = f"{len(recordings)} sounds, {seconds:.0f} s in all; {rejected} texts were rejected by the trust map"
        claims.append(
            Claim(name=f"invented words, {way}", measured=words, unit="words", limit=0, where=(summary, *lines))
        )
    await speech.close()
    await alignment.close()
    return claims


def compare(seeds: int = SEEDS_COUNT) -> list[Claim]:
    """Measure with a server of its own."""
    return measure_seeds(measure, seeds)


if __name__ == "__main__":
    print("\n".join(map(format_claim, compare(int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS_COUNT))))
