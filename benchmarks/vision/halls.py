"""Measure whether distant speakers are whole in the crop, and what the certificate reports.

``python -m benchmarks.vision.halls [--seed 1] [--halls 24] [--close-up]``: made halls
(``benchmarks.vision.hall_pictures``: a dark audience, a lit screen or a wall with letters, a small real speaker at one
side) go through frame's own code, in all four aspects. The speaker's place is known. Our plan is compared with the
middle of the frame, both by the certificate's own checks. With ``--close-up`` a near shot of the speaker comes before
each hall, in which they are smaller, most of them too small for the detectors.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import msgspec
import numpy as np

from benchmarks.harness.rig import say
from benchmarks.vision.active_speaker import look
from benchmarks.vision.hall_pictures import Hall, make
from core.domain.framing.geometry import share_shown
from core.infra.triton.faces import TritonFaces
from core.infra.triton.landmarks import TritonLandmarks
from core.settings import MediaLimits
from schemas.common import Aspect, Box, CropBox
from schemas.documents.clip_tracks import ClipTracks
from schemas.documents.frame_plan import FramePlan, ShotCrop
from schemas.documents.quality import Check
from schemas.documents.source import SourceIndex
from streams.frame.planning.plan import faces_shown, plan_crops
from streams.frame.scene.crop import crop_size
from streams.ingest.probe.demux import probe_file
from streams.render.quality.check_framing import check_framing
from streams.render.quality.container import FileTracks
from streams.render.quality.probe import ProbedFile
from streams.render.quality.reference_frames import ReferenceFrame, ReferenceFrames
from streams.render.quality.subject import CheckSubject, Expectation
from streams.renderer.timeline.slots import OutputTimeline
from tests.contract.rigs.triton_server import running

PICTURE_MS = 40
WHOLE, GONE = 0.9, 0.02
ASPECTS: tuple[Aspect, ...] = get_args(Aspect)


class AnalysedHall(msgspec.Struct, frozen=True, kw_only=True):
    """A hall, and frame's tracks of it."""

    hall: Hall
    index: SourceIndex
    tracks: ClipTracks


def middle(plan: FramePlan, clip_tracks: ClipTracks) -> FramePlan:
    """The plan with the middle of the picture shown, as a tool without detection would do."""
    wide, high = plan.source_width, plan.source_height
    across, down = crop_size(wide, high, plan.aspect)
    crop = CropBox(x=(wide - across) // 2, y=(high - down) // 2, width=across, height=down)
    shots = [ShotCrop(range=plan.range, mode="hold", crop=crop, reason="middle")]
    return msgspec.structs.replace(plan, shots=shots, faces=faces_shown(clip_tracks, shots))


def certified(plan: FramePlan) -> dict[str, Check]:
    """The certificate's framing checks of a plan; nothing is rendered."""
    reference, count = ReferenceFrames(), plan.range.length_ms // PICTURE_MS
    for number in range(count):
        at_ms = plan.range.start_ms + number * PICTURE_MS
        shot = next(candidate for candidate in plan.shots if candidate.range.start_ms <= at_ms < candidate.range.end_ms)
        reference.frames[number] = ReferenceFrame(source_ms=at_ms, shot=shot, luma=None)
    timeline = OutputTimeline(start_ms=plan.range.start_ms, rate_numerator=25, rate_denominator=1, count=count)
    length_ms = plan.range.length_ms
    tracks = FileTracks(
        width_px=1, height_px=1, frames=count, frame_rate=25, video_ms=length_ms, audio_ms=0, index_first=True
    )
    film = ProbedFile(path=Path("hall.mp4"), tracks=tracks, sizes=[], keys=[], stills=[], sound=None)
    silence = np.zeros((0, 2), np.float32)
    expectation = Expectation(plan=plan, timeline=timeline, size_px=(1, 1), sound=silence, reference=reference)
    return {check.name: check for check in check_framing(CheckSubject(probed=film, expected=expectation))}


def least_shown(box: Box, shots: Sequence[ShotCrop]) -> float:
    """Share of a box that is shown, at the worst time."""
    return min(share_shown(box, shot, at) for shot in shots for at in (shot.range.start_ms, shot.range.end_ms))


def head_and_chest(body: Box) -> Box:
    """The part of a body that must be in the crop."""
    return msgspec.structs.replace(body, height=0.75 * body.height)


def count_hall(analysed: AnalysedHall, plan: FramePlan) -> Counter[str]:
    """Count what is right and wrong with a framing, and whether the certificate says so."""
    shots = [shot for shot in plan.shots if shot.range.end_ms > analysed.hall.start_ms + PICTURE_MS]
    speaker = least_shown(head_and_chest(analysed.hall.body), shots)
    letters_share = least_shown(analysed.hall.letters, shots)
    checks = certified(plan)
    lost = any(checks[name].verdict in ("warn", "fail") for name in ("nobody_in_frame", "cut_face"))
    cut = GONE < letters_share < WHOLE
    return Counter(
        {
            "halls": 1,
            "whole": speaker >= WHOLE,
            "gone": speaker < 0.1,
            "letters cut": cut,
            "all of it": all(shot.mode == "fit" for shot in shots),
            "passed wrongly": speaker < WHOLE and not lost,
            "refused wrongly": speaker >= WHOLE and lost,
            "cut letters passed": cut and "cut_letters" in checks and checks["cut_letters"].verdict == "pass",
        }
    )


async def analyse_halls(
    media: Path, url: str, seed: int, count: int, folder: Path, keep: Path | None, *, close_up: bool = False
) -> list[AnalysedHall]:
    """Make and analyse every hall; a stored analysis is not repeated."""
    faces, landmarks, analysed_halls = TritonFaces(url), TritonLandmarks(url), list[AnalysedHall]()
    for number in range(count):
        hall = await asyncio.to_thread(make, media, seed, number, folder, close_up=close_up)
        path = folder / hall.file
        cache_path = keep / f"{path.stem}.json" if keep else None
        if cache_path and cache_path.exists():
            analysed_halls.append(msgspec.json.decode(cache_path.read_bytes(), type=AnalysedHall))
            continue
        with path.open("rb") as file:
            index = probe_file(file, MediaLimits(), folder / "sound.pcm", lambda _: None)
        tracks, _ = await look(path, faces, landmarks, [], None)
        analysed_halls.append(AnalysedHall(hall=hall, index=index, tracks=tracks))
        if cache_path:
            cache_path.write_bytes(msgspec.json.encode(analysed_halls[-1]))
        say(hall.file)
    await faces.close()
    await landmarks.close()
    return analysed_halls


def tell(analysed_halls: Sequence[AnalysedHall]) -> None:
    """Each hall in 9:16, then all of them in each shape."""
    for analysed in analysed_halls:
        plan = plan_crops(analysed.tracks, analysed.index, "9:16", analysed.tracks.range)
        right = count_hall(analysed, plan)
        hall = analysed.hall
        marks = ", ".join(name for name in right if right[name] and name != "halls")
        counts = sum(bool(look.persons) for look in analysed.tracks.persons), len(analysed.tracks.tracks)
        print(f"{hall.file} {hall.speaker} {hall.high:.0%} {hall.kind}, {counts} persons, faces: {marks}")
        for shot in plan.shots:
            print(f"    {shot.mode}: {shot.reason}")
    for aspect in ASPECTS:
        for name in ("ours", "middle"):
            total: Counter[str] = Counter()
            for analysed in analysed_halls:
                plan = plan_crops(analysed.tracks, analysed.index, aspect, analysed.tracks.range)
                total += count_hall(analysed, plan if name == "ours" else middle(plan, analysed.tracks))
            print(f"{aspect} {name:6} " + ", ".join(f"{outcome} {total[outcome]}" for outcome in TOLD))
    cpu_ms = sum(analysed.tracks.compute_ms for analysed in analysed_halls) / max(
        1, sum(analysed.tracks.range.length_ms for analysed in analysed_halls)
    )
    print(f"{cpu_ms:.3f} CPU-s a second of them")


TOLD = (
    "halls", "whole", "gone", "letters cut", "all of it", "passed wrongly", "refused wrongly", "cut letters passed",
)  # fmt: skip


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--halls", type=int, default=24)
    parser.add_argument("--close-up", action="store_true", help="with a near shot of the speaker before each hall")
    parser.add_argument("--keep", type=Path, help="where what was looked at is kept, and taken from the next time")
    args = parser.parse_args()
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as place,
        running(Path(place) / "triton.log", ("faces", "landmarks")) as server,
    ):
        analysis = analyse_halls(
            args.media, server.url, args.seed, args.halls, Path(place), args.keep, close_up=args.close_up
        )
        analysed_halls = asyncio.run(analysis)
    tell(analysed_halls)


if __name__ == "__main__":
    main()
