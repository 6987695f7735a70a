"""How visible the seams between spans are.

One recording heard whole, and cut at twenty other places, one at a time.

``python -m benchmarks.speech.seams [places]``: through Triton and the aligner, joined as close joins. First at the
silences nearest to twenty evenly spread places, as ingest cuts; then at the very places, through whatever is said
there, as ingest must where it finds no silence. The baseline joins nothing: each span's own words one after the other.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.harness.claims import Claim, format_claim
from benchmarks.harness.rig import say
from core.infra.triton.alignment import TritonAlignment
from core.infra.triton.speech import TritonSpeech
from core.ports.models import Int16
from schemas.common import TimeRange
from schemas.documents.span import HeardSpan
from schemas.documents.transcript import Transcript
from streams.close.transcript.span_merge import merge_spans
from tests.contract.rigs.triton_server import running
from tests.support.media.recordings import RATE_HZ, media, sound
from tests.support.seams import Cut, cut_near, differing, hear_in_spans, torn

PLACES_COUNT = 20
MAX_DIFFERENCE_RATIO = 0.02
RECORDING = "talking/physicsworks_lecture_203s_240p.webm"
SEARCH_MS = 3_000
"""Ingest looks further; here it would find the same silence for several places."""
MARGIN_MS = 8_000
"""No place is nearer to the ends."""


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """Result of one way of joining over all places."""

    differing: list[int]
    torn: list[str]

    def line(self, name: str, words: int) -> str:
        share, worst = sum(self.differing) / (len(self.differing) * words), max(self.differing) / words
        return (
            f"{name}: {share:.2%} of words differ (worst place {worst:.2%}); "
            f"{len(self.torn)} doubled or lost within 1 s of a seam"
        )


def by_time(spans: Sequence[HeardSpan], duration_ms: int) -> Transcript:
    """The baseline: each span's own words one after the other; no one looks at what the neighbour heard."""
    words = [word for span in spans for word in span.words]
    full_range = TimeRange(start_ms=0, end_ms=duration_ms)
    return merge_spans(
        [msgspec.structs.replace(spans[0], range=full_range, words=words, margin_words=[])], duration_ms, []
    )


def joined(full_transcript: Transcript, cuts: Sequence[Cut], merged: Sequence[Transcript]) -> Joined:
    """All places compared with the recording heard whole."""
    pairs = list(zip(cuts, merged, strict=True))
    return Joined(
        differing=[differing(full_transcript, transcript) for _, transcript in pairs],
        torn=[line for cut, transcript in pairs for line in torn(full_transcript, transcript, [cut])],
    )


async def measure(url: str, samples: Int16, count: int) -> list[Claim]:
    speech, alignment = TritonSpeech(url, mode="batched"), TritonAlignment(url)
    duration_ms = samples.size * 1000 // RATE_HZ
    full_transcript = merge_spans(await hear_in_spans(speech, samples, [], alignment), duration_ms, [])
    step_ms = (duration_ms - 2 * MARGIN_MS) / max(1, count - 1)
    places = [round(MARGIN_MS + at * step_ms) for at in range(count)]
    ways = {
        "at silences": cut_near(samples, places, SEARCH_MS),
        "through speech": [Cut(at, silent=False) for at in places],
    }
    claims = []
    for name, cuts in ways.items():
        spans: list[list[HeardSpan]] = []
        for cut in cuts:
            spans.append(await hear_in_spans(speech, samples, [cut], alignment))
            result = joined(full_transcript, [cut], [merge_spans(spans[-1], duration_ms, [])])
            say(
                f"{name}, {cut.at_ms} ms: {result.differing[0]} of {len(full_transcript.words)} words differ; "
                f"torn: {result.torn}"
            )
        ours = joined(full_transcript, cuts, [merge_spans(cut_spans, duration_ms, []) for cut_spans in spans])
        baseline = joined(full_transcript, cuts, [by_time(cut_spans, duration_ms) for cut_spans in spans])
        claims.append(
            Claim(
                name=f"words that differ, cut at {count} other places {name}",
                measured=100 * max(ours.differing) / len(full_transcript.words),
                unit="%",
                limit=100 * MAX_DIFFERENCE_RATIO,
                where=(
                    f"{len(full_transcript.words)} words, "
                    f"{sum(cut.silent for cut in cuts)} of {count} cuts in a silence",
                    ours.line("ours", len(full_transcript.words)),
                    baseline.line("joined by time alone", len(full_transcript.words)),
                    *ours.torn,
                ),
            )
        )
        claims.append(
            Claim(name=f"doubled or lost within 1 s of a seam, {name}", measured=len(ours.torn), unit="places", limit=0)
        )
    await speech.close()
    await alignment.close()
    return claims


def compare(count: int = PLACES_COUNT) -> list[Claim]:
    """Measure with a server of its own."""
    with tempfile.TemporaryDirectory() as place, running(Path(place) / "log") as server:
        return asyncio.run(measure(server.url, sound(media(RECORDING)), count))


if __name__ == "__main__":
    print("\n".join(map(format_claim, compare(int(sys.argv[1]) if len(sys.argv) > 1 else PLACES_COUNT))))
