"""Whether a raised voice or a level tells which windows readers would post: ``python -m
benchmarks.acoustics.sounds_energy``.

On the one labelled text that has sound: too few windows to prove anything, and the figure is printed with their number.
Speech is taken from the words. Fits nothing.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.acoustics.sounds import classify_sounds
from benchmarks.ranking.score_measures import auc
from benchmarks.ranking.score_rig import LECTURE_FILE, labelled, window_of
from schemas.common import TimeRange
from streams.detect.features.audio import measure_energy, read_sound_facts
from streams.detect.timeline import ProjectAnalysis, build_timeline
from tests.support.media.recordings import sound

PAUSE_MS = 300


def speech_ranges(material: ProjectAnalysis) -> list[TimeRange]:
    """Words with shorter gaps than a pause between them, as ranges."""
    ranges: list[TimeRange] = []
    for word in material.transcript.words if material.transcript else []:
        if ranges and word.start_ms - ranges[-1].end_ms < PAUSE_MS:
            ranges[-1] = TimeRange(start_ms=ranges[-1].start_ms, end_ms=word.end_ms)
        else:
            ranges.append(TimeRange(start_ms=word.start_ms, end_ms=word.end_ms))
    return ranges


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    media = parser.parse_args().media
    text = next(text for text in labelled(media) if text.name == "lecture")
    sounds = classify_sounds(sound(media / LECTURE_FILE), speech_ranges(text.material))
    ways = {"level": text.material, "raised voice": msgspec.structs.replace(text.material, sounds=sounds)}
    for name, material in ways.items():
        timeline = build_timeline(material)
        sound_facts = read_sound_facts(timeline)
        features = [measure_energy(window_of(timeline, part), timeline, sound_facts) for part in text.ranges]
        values = np.array([feature.value if feature else 0.5 for feature in features])
        print(f"energy by {name}: AUC {auc(values, np.array(text.worth)):.2f} over {len(features)} windows, ", end="")
        print(f"{sum(text.worth)} of them worth posting")


if __name__ == "__main__":
    main()
