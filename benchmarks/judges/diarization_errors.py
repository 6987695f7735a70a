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
    made = Annotation()
    for number, (start, end, who) in enumerate(turns):
        made[Segment(start, end), number] = who
    return made


def main() -> None:
    """Judge each file, and all of them together."""
    asked = json.load(sys.stdin)
    told, pooled = {}, dict.fromkeys(PARTS, 0.0)
    for name, one in asked.items():
        metric = DiarizationErrorRate(collar=0.0, skip_overlap=False)
        found = metric(
            annotated(one["said"]), annotated(one["heard"]), uem=Timeline([Segment(*one["within"])]), detailed=True
        )
        told[name] = {part: found[theirs] for part, theirs in PARTS.items()} | {"rate": found["diarization error rate"]}
        pooled = {part: pooled[part] + told[name][part] for part in PARTS}
    wrong = pooled["missed"] + pooled["false_alarm"] + pooled["confusion"]
    json.dump(told | {"pooled": pooled | {"rate": wrong / pooled["total"]}}, sys.stdout)


if __name__ == "__main__":
    main()
