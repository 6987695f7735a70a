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
from streams.frame.analysis.face_tracking import box_at, mouths_by_track
from streams.frame.clip_analysis import analyse_clip
from streams.frame.speaker.active_speaker import find_speaking_turns
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
    """One scene, the ranges with voices in it, and frame's tracks of it."""

    scene: Scene
    tracks: ClipTracks
    seconds: float
    speech: list[TimeRange] = []


async def hear_voices(
    path: Path, speech: TritonSpeech, voices: TritonVoices
) -> tuple[list[TimeRange], HeardVoices | None]:
    """Ranges of a file with voices, and their embeddings, by listen's own code."""
    samples = sound(path)
    shelf: Any = Shelf(flac(samples))
    full_range = TimeRange(start_ms=0, end_ms=samples.size * 1000 // RATE_HZ)
    ref = ObjectRef(key="audio", sha256="0" * 64, size=1)
    span = SpanPlanned(
        org_id=UUID(int=0), project_id=UUID(int=0), ordinal=0, span_count=1, range=full_range, padded=full_range,
        source=ref, index=ref, audio=ref,
    )  # fmt: skip
    heard_span = await transcribe_span(
        span, objects=shelf, speech=speech, report=lambda _: None, voices=voices, prefix="v"
    )
    document = await shelf.put("heard", encode_document(heard_span), "application/json")
    return heard_span.speech, await read_voices(shelf, [HeardSpanRef(range=full_range, document=document)], full_range)


async def look(
    path: Path,
    faces: TritonFaces,
    landmarks: TritonLandmarks,
    speech: Sequence[TimeRange],
    voices: HeardVoices | None,
) -> tuple[ClipTracks, float]:
    """Analyse the whole file by frame's own code."""
    with tempfile.TemporaryDirectory() as scratch, LocalSource(path) as source:
        with path.open("rb") as file:
            index = probe_file(file, MediaLimits(), Path(scratch) / "sound.pcm", lambda _: None)
        inputs = AnalysisInput(
            index=index,
            source=source,
            faces=faces,
            landmarks=landmarks,
            scratch=Path(scratch),
            report=lambda _: None,
            warn=print,
        )
        full_range = TimeRange(start_ms=0, end_ms=index.duration_ms)
        tracks = await analyse_clip("clip", full_range, inputs, speech=speech, voices=voices)
    return tracks, index.duration_ms / 1000


def panel_of(track: FaceTrack, at_ms: int) -> int:
    """The panel a face is in."""
    box = box_at(track, at_ms) or track.samples[0].face.box
    return int((box.x + box.width / 2) // WIDE)


def ours(analysed: AnalysedScene) -> Answer:
    """The turns of frame."""
    return by_turns(analysed, analysed.tracks.turns)


def without_voices(analysed: AnalysedScene) -> Answer:
    """The turns by lips and level alone."""
    clip_tracks = analysed.tracks
    return by_turns(
        analysed,
        find_speaking_turns(
            clip_tracks.tracks, clip_tracks.shots, clip_tracks.mouths, clip_tracks.voice, analysed.speech
        ),
    )


def by_turns(analysed: AnalysedScene, turns: Sequence[SpeakingTurn]) -> Answer:
    """The panel of the person who has the turn."""
    by_number = {track.track: track for track in analysed.tracks.tracks}

    def answer(at_ms: int) -> int | None:
        turn = next((t for t in turns if t.range.start_ms <= at_ms < t.range.end_ms), None)
        return None if turn is None else panel_of(by_number[turn.track], at_ms)

    return answer


def largest(analysed: AnalysedScene) -> Answer:
    """The largest face there is at a time."""

    def answer(at_ms: int) -> int | None:
        faces = [
            (box.height, panel_of(t, at_ms)) for t in analysed.tracks.tracks if (box := box_at(t, at_ms)) is not None
        ]
        return max(faces)[1] if faces else None

    return answer


def liveliest(analysed: AnalysedScene) -> Answer:
    """The mouth that moves most within half a second, whatever is heard."""
    mouths = mouths_by_track(analysed.tracks.mouths, analysed.tracks.tracks)
    by_number = {track.track: track for track in analysed.tracks.tracks}

    def answer(at_ms: int) -> int | None:
        stirs = {
            number: [mouth.stir for mouth in track_mouths if abs(mouth.at_ms - at_ms) <= 250]
            for number, track_mouths in mouths.items()
        }
        mean_stirs = {number: float(np.mean(values)) for number, values in stirs.items() if values}
        return (
            panel_of(by_number[max(mean_stirs, key=lambda number: mean_stirs[number])], at_ms) if mean_stirs else None
        )

    return answer


def count_steps(scenes: Sequence[AnalysedScene], answer_of: Callable[[AnalysedScene], Answer]) -> Counter[str]:
    """Count the steps with speech: right, another, none."""
    counts: Counter[str] = Counter()
    for analysed in scenes:
        answer = answer_of(analysed)
        for at_ms in analysed.scene.spoken_ms:
            who = next(turn.who for turn in analysed.scene.turns if turn.start_ms <= at_ms < turn.end_ms)
            panel = answer(at_ms + 20)
            counts["nobody" if panel is None else "right" if panel == who else "another"] += 1
    return counts


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
    """Make and analyse every scene of a seed."""
    faces, landmarks, speech, voices = TritonFaces(url), TritonLandmarks(url), TritonSpeech(url), TritonVoices(url)
    analysed_scenes = []
    for kind in KINDS:
        for number in range(files):
            scene = make(media, seed, number, kind, folder)
            speech_ranges, heard_voices = await hear_voices(folder / scene.file, speech, voices)
            tracks, seconds = await look(folder / scene.file, faces, landmarks, speech_ranges, heard_voices)
            analysed_scenes.append(AnalysedScene(scene=scene, tracks=tracks, seconds=seconds, speech=speech_ranges))
    for adapter in (faces, landmarks, speech, voices):
        await adapter.close()
    return analysed_scenes


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--files", type=int, default=6)
    parser.add_argument("--triton", help="host:port of a running server; without: one of its own")
    parser.add_argument("--keep", type=Path, help="where what was looked at is written, for a closer look")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if args.triton:
            analysed_scenes = asyncio.run(analyse_scenes(args.media, args.seed, args.files, args.triton, folder))
        else:
            with running(folder / "triton.log") as server:
                analysed_scenes = asyncio.run(analyse_scenes(args.media, args.seed, args.files, server.url, folder))
    if args.keep:
        args.keep.write_bytes(msgspec.json.encode(analysed_scenes))
    for kind in KINDS:
        kind_scenes = [analysed for analysed in analysed_scenes if analysed.scene.others == kind]
        print(f"the others {kind}: {len(kind_scenes)} files, at least {LIMITS[kind]:.0%} right")
        for name, answer_of in WAYS.items():
            print(format_row(name, count_steps(kind_scenes, answer_of)))
    seconds = sum(analysed.seconds for analysed in analysed_scenes)
    compute_ms = sum(analysed.tracks.compute_ms for analysed in analysed_scenes)
    print(f"{compute_ms / seconds:.0f} CPU-ms a second of clip, decode and all models")


if __name__ == "__main__":
    main()
