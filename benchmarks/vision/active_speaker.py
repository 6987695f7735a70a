"""Measure who speaks on screen: our turns on made panels of real people with known turns.

``python -m benchmarks.vision.active_speaker [--seed 2] [--files 6]``: of each kind of scene (the others stand still,
listen, or talk without sound) that many files go through listen's own code (speech, voices) and frame's own child, with
all models on a Triton of their own. Steps of 40 ms with speech are counted: right, another face, none. Baselines are
the largest face, the liveliest mouth (without sound), and ours without the voices.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import numpy as np

from benchmarks.speech.diarization import Shelf
from benchmarks.vision.panels import WIDE, Others, Scene, make
from core.infra.triton.embeddings import TritonVoices
from core.infra.triton.faces import TritonFaces
from core.infra.triton.landmarks import TritonLandmarks
from core.infra.triton.speech import TritonSpeech
from core.media.sandbox.source_handle import LocalSource
from core.settings import MediaLimits
from schemas.common import ObjectRef, TimeRange
from schemas.documents import encode_document
from schemas.documents.clip_tracks import ClipTracks, FaceTrack, SpeakingTurn
from schemas.events import SpanPlanned
from streams.frame.analysis.face_tracking import mouths_by_track
from streams.frame.clip_analysis import analyse_clip
from streams.frame.speaker.active_speaker import find_speaking_turns
from streams.frame.speaker.mouth_features import box_at
from streams.frame.speaker.stored_voices import HeardSpanRef, read_voices
from streams.frame.speaker.voice_matching import HeardVoices
from streams.ingest.probe.demux import probe_file
from streams.listen.transcribe_span import transcribe_span
from streams.vision.analysis_input import AnalysisInput
from tests.contract.rigs.triton_server import running
from tests.support.media.recordings import RATE_HZ, flac, sound

KINDS: tuple[Others, ...] = ("still", "listen", "mute")
LIMITS = {"still": 0.95, "listen": 0.95, "mute": 0.80}
Answer = Callable[[int], int | None]
"""The panel of the speaker at a time in ms; None for none."""


class AnalysedScene(msgspec.Struct, frozen=True, kw_only=True):
    """One scene, where voices are heard in it, and what frame made of it."""

    scene: Scene
    tracks: ClipTracks
    seconds: float
    speech: list[TimeRange] = []


async def hear_voices(
    path: Path, speech: TritonSpeech, voices: TritonVoices
) -> tuple[list[TimeRange], HeardVoices | None]:
    """Where voices are detected in a file, and how they sound, by listen's own code."""
    samples = sound(path)
    shelf: Any = Shelf(flac(samples))
    whole = TimeRange(start_ms=0, end_ms=samples.size * 1000 // RATE_HZ)
    ref = ObjectRef(key="audio", sha256="0" * 64, size=1)
    span = SpanPlanned(
        org_id=UUID(int=0), project_id=UUID(int=0), ordinal=0, span_count=1, range=whole, padded=whole, source=ref,
        index=ref, audio=ref,
    )  # fmt: skip
    heard = await transcribe_span(span, objects=shelf, speech=speech, report=lambda _: None, voices=voices, prefix="v")
    document = await shelf.put("heard", encode_document(heard), "application/json")
    return heard.speech, await read_voices(shelf, [HeardSpanRef(range=whole, document=document)], whole)


async def look(
    path: Path,
    faces: TritonFaces,
    landmarks: TritonLandmarks,
    speech: Sequence[TimeRange],
    voices: HeardVoices | None,
) -> tuple[ClipTracks, float]:
    """The whole file through frame's own code."""
    with tempfile.TemporaryDirectory() as scratch, LocalSource(path) as source:
        with path.open("rb") as file:
            index = probe_file(file, MediaLimits(), Path(scratch) / "sound.pcm", lambda _: None)
        eyes = AnalysisInput(
            index=index,
            source=source,
            faces=faces,
            landmarks=landmarks,
            scratch=Path(scratch),
            report=lambda _: None,
            warn=print,
        )
        whole = TimeRange(start_ms=0, end_ms=index.duration_ms)
        tracks = await analyse_clip("clip", whole, eyes, speech=speech, voices=voices)
    return tracks, index.duration_ms / 1000


def panel_of(track: FaceTrack, at_ms: int) -> int:
    """The panel a face is in."""
    box = box_at(track, at_ms) or track.samples[0].face.box
    return int((box.x + box.width / 2) // WIDE)


def ours(looked: AnalysedScene) -> Answer:
    """The turns of frame."""
    return by_turns(looked, looked.tracks.turns)


def without_voices(looked: AnalysedScene) -> Answer:
    """The same by lips and level alone."""
    seen = looked.tracks
    return by_turns(looked, find_speaking_turns(seen.tracks, seen.shots, seen.mouths, seen.voice, looked.speech))


def by_turns(looked: AnalysedScene, turns: Sequence[SpeakingTurn]) -> Answer:
    """Who has the turn."""
    by_number = {track.track: track for track in looked.tracks.tracks}

    def answer(at_ms: int) -> int | None:
        turn = next((t for t in turns if t.range.start_ms <= at_ms < t.range.end_ms), None)
        return None if turn is None else panel_of(by_number[turn.track], at_ms)

    return answer


def largest(looked: AnalysedScene) -> Answer:
    """The largest face there is at a time."""

    def answer(at_ms: int) -> int | None:
        here = [(box.height, panel_of(t, at_ms)) for t in looked.tracks.tracks if (box := box_at(t, at_ms)) is not None]
        return max(here)[1] if here else None

    return answer


def liveliest(looked: AnalysedScene) -> Answer:
    """The mouth that moves most within half a second, whatever is heard."""
    mouths = mouths_by_track(looked.tracks.mouths, looked.tracks.tracks)
    by_number = {track.track: track for track in looked.tracks.tracks}

    def answer(at_ms: int) -> int | None:
        stirs = {number: [one.stir for one in seen if abs(one.at_ms - at_ms) <= 250] for number, seen in mouths.items()}
        here = {number: float(np.mean(values)) for number, values in stirs.items() if values}
        return panel_of(by_number[max(here, key=lambda number: here[number])], at_ms) if here else None

    return answer


def count_steps(looked: Sequence[AnalysedScene], of: Callable[[AnalysedScene], Answer]) -> Counter[str]:
    """Count the steps with speech: right, another, none."""
    found: Counter[str] = Counter()
    for one in looked:
        answer = of(one)
        for at_ms in one.scene.spoken_ms:
            who = next(turn.who for turn in one.scene.turns if turn.start_ms <= at_ms < turn.end_ms)
            said = answer(at_ms + 20)
            found["nobody" if said is None else "right" if said == who else "another"] += 1
    return found


WAYS: dict[str, Callable[[AnalysedScene], Answer]] = {
    "ours": ours,
    "without voices": without_voices,
    "liveliest mouth": liveliest,
    "largest face": largest,
}


def format_row(name: str, counts: Counter[str]) -> str:
    """One line of the table."""
    total = max(1, counts.total())
    parts = ", ".join(f"{part} {counts[part] / total:6.1%}" for part in ("right", "another", "nobody"))
    return f"  {name:22} {parts} (of {total} steps)"


async def analyse_scenes(media: Path, seed: int, files: int, url: str, folder: Path) -> list[AnalysedScene]:
    """Every scene of a seed, made and looked at."""
    faces, landmarks, speech, voices = TritonFaces(url), TritonLandmarks(url), TritonSpeech(url), TritonVoices(url)
    looked = []
    for kind in KINDS:
        for number in range(files):
            scene = make(media, seed, number, kind, folder)
            spoken, whose = await hear_voices(folder / scene.file, speech, voices)
            tracks, seconds = await look(folder / scene.file, faces, landmarks, spoken, whose)
            looked.append(AnalysedScene(scene=scene, tracks=tracks, seconds=seconds, speech=spoken))
    for adapter in (faces, landmarks, speech, voices):
        await adapter.close()
    return looked


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--files", type=int, default=6)
    parser.add_argument("--triton", help="host:port of a running server; without: one of its own")
    parser.add_argument("--keep", type=Path, help="where what was looked at is written, for a closer look")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        if asked.triton:
            looked = asyncio.run(analyse_scenes(asked.media, asked.seed, asked.files, asked.triton, folder))
        else:
            with running(folder / "triton.log") as server:
                looked = asyncio.run(analyse_scenes(asked.media, asked.seed, asked.files, server.url, folder))
    if asked.keep:
        asked.keep.write_bytes(msgspec.json.encode(looked))
    for kind in KINDS:
        some = [one for one in looked if one.scene.others == kind]
        print(f"the others {kind}: {len(some)} files, at least {LIMITS[kind]:.0%} right")
        for name, of in WAYS.items():
            print(format_row(name, count_steps(some, of)))
    seconds = sum(one.seconds for one in looked)
    print(
        f"{sum(one.tracks.compute_ms for one in looked) / seconds:.0f} CPU-ms a second of clip, decode and all models"
    )


if __name__ == "__main__":
    main()
