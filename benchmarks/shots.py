"""Shot boundaries of the dense detector on the shared ground truth, beside a fixed threshold. Judges no crop.

``python -m benchmarks.shots [--media DIR]``: F1 with a tolerance of two pictures. The baseline is the best fixed
threshold on the same differences, chosen on the answers. The detector's constants were set with these files (and the
shared talks) in view: this is a check that nothing broke, not a figure for unseen video.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from schemas.documents import SourceIndex
from schemas.media import TimeRange
from streams.adapters.media.reader import Reader
from streams.frame.cuts import distances, find_boundaries
from streams.ingest.survey import survey
from streams.settings import MediaLimits
from streams.sight.luma import measure_frame

TOLERANCE_PICTURES = 2
THRESHOLDS = [step / 100 for step in range(10, 80, 2)]


class Video(msgspec.Struct, frozen=True, kw_only=True):
    """One file measured: true and found boundaries as picture numbers, and the step differences."""

    name: str
    truth: list[int]
    found: list[int]
    steps: list[float]


def measured(path: Path, truth: dict[str, Any]) -> Video:
    """Decode and measure every picture up to the end of what was labelled."""
    with tempfile.TemporaryDirectory() as scratch, path.open("rb") as source:
        index: SourceIndex = survey(source, MediaLimits(), Path(scratch) / "sound.pcm", lambda _: None)
        times, measures = [], []
        for at_ms, frame in Reader(source, index).pictures(TimeRange(start_ms=0, end_ms=index.duration_ms + 1000)):
            times.append(at_ms)
            measures.append(measure_frame(frame))
            if len(times) == truth.get("end"):
                break
    at_ms_array = np.asarray(times, np.int64)
    blocks = np.stack([measure.blocks for measure in measures])
    histograms = np.stack([measure.histogram for measure in measures])
    labelled = truth.get("frames") or [int(np.abs(at_ms_array - 1000 * s).argmin()) for s in truth["seconds"]]
    return Video(
        name=path.name,
        truth=labelled,
        found=[boundary.picture for boundary in find_boundaries(at_ms_array, blocks, histograms)],
        steps=distances(blocks, histograms).tolist(),
    )


def hits(truth: list[int], found: list[int]) -> int:
    """How many true boundaries have a found one of their own within the tolerance."""
    left = sorted(found)
    count = 0
    for wanted in sorted(truth):
        near = next((one for one in left if abs(one - wanted) <= TOLERANCE_PICTURES), None)
        if near is not None:
            left.remove(near)
            count += 1
    return count


def f1(truths: list[list[int]], founds: list[list[int]]) -> float:
    """F1 over all files together."""
    right = sum(hits(truth, found) for truth, found in zip(truths, founds, strict=True))
    total = sum(map(len, truths)) + sum(map(len, founds))
    return 2 * right / total if total else 0.0


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    shots = parser.parse_args().media / "shots"
    labels = json.loads((shots / "GROUND_TRUTH.json").read_text())
    videos = [measured(shots / name, truth) for name, truth in labels.items() if isinstance(truth, dict)]
    for video in videos:
        print(f"{video.name}: true {video.truth}, found {video.found}")
    truths = [video.truth for video in videos]
    fixed = max(
        (f1(truths, [[n for n, step in enumerate(v.steps) if step > limit] for v in videos]), limit)
        for limit in THRESHOLDS
    )
    print(f"F1 {f1(truths, [v.found for v in videos]):.3f} over {sum(map(len, truths))} boundaries; ", end="")
    print(f"best fixed threshold ({fixed[1]:.2f}) {fixed[0]:.3f}")


if __name__ == "__main__":
    main()
