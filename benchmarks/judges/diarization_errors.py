"""Diarization error rate by pyannote.metrics: no collar, overlaps counted.

Runs in the judges' environment only.

In: ``{file: {"said": [[start s, end s, who], …], "heard": […], "within": [start s, end s]}}``. Out: per file and
``"pooled"``: total, missed, false alarm and confusion in seconds of speaker time, and their rate.
"""

from __future__ import annotations

import json
import sys

from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate

PARTS = {"total": "total", "missed": "missed detection", "false_alarm": "false alarm", "confusion": "confusion"}


def annotated(turns: list) -> Annotation:
    """Turns as the library has them; two of one speaker that overlap are kept apart by their number."""
    annotation = Annotation()
    for number, (start, end, who) in enumerate(turns):
        annotation[Segment(start, end), number] = who
    return annotation


def main() -> None:
    """Judge each file, and all of them together."""
    recordings = json.load(sys.stdin)
    results, pooled = {}, dict.fromkeys(PARTS, 0.0)
    for name, recording in recordings.items():
        metric = DiarizationErrorRate(collar=0.0, skip_overlap=False)
        errors = metric(
            annotated(recording["said"]),
            annotated(recording["heard"]),
            uem=Timeline([Segment(*recording["within"])]),
            detailed=True,
        )
        results[name] = {part: errors[theirs] for part, theirs in PARTS.items()} | {
            "rate": errors["diarization error rate"]
        }
        pooled = {part: pooled[part] + results[name][part] for part in PARTS}
    wrong = pooled["missed"] + pooled["false_alarm"] + pooled["confusion"]
    json.dump(results | {"pooled": pooled | {"rate": wrong / pooled["total"]}}, sys.stdout)


if __name__ == "__main__":
    main()
