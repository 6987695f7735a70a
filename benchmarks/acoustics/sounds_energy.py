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
    found: list[TimeRange] = []
    for word in material.transcript.words if material.transcript else []:
        if found and word.start_ms - found[-1].end_ms < PAUSE_MS:
            found[-1] = TimeRange(start_ms=found[-1].start_ms, end_ms=word.end_ms)
        else:
            found.append(TimeRange(start_ms=word.start_ms, end_ms=word.end_ms))
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    media = parser.parse_args().media
    text = next(one for one in labelled(media) if one.name == "lecture")
    sounds = classify_sounds(sound(media / LECTURE_FILE), speech_ranges(text.material))
    ways = {"level": text.material, "raised voice": msgspec.structs.replace(text.material, sounds=sounds)}
    for name, material in ways.items():
        timeline = build_timeline(material)
        whole = read_sound_facts(timeline)
        found = [measure_energy(window_of(timeline, part), timeline, whole) for part in text.ranges]
        values = np.array([one.value if one else 0.5 for one in found])
        print(f"energy by {name}: AUC {auc(values, np.array(text.worth)):.2f} over {len(found)} windows, ", end="")
        print(f"{sum(text.worth)} of them worth posting")


if __name__ == "__main__":
    main()
