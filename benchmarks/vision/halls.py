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
    """A hall, and what frame saw of it."""

    hall: Hall
    index: SourceIndex
    tracks: ClipTracks


def middle(made: FramePlan, seen: ClipTracks) -> FramePlan:
    """The same, but the middle of the picture is shown: what any tool would do that looks at nothing."""
    wide, high = made.source_width, made.source_height
    across, down = crop_size(wide, high, made.aspect)
    crop = CropBox(x=(wide - across) // 2, y=(high - down) // 2, width=across, height=down)
    shots = [ShotCrop(range=made.range, mode="hold", crop=crop, reason="middle")]
    return msgspec.structs.replace(made, shots=shots, faces=faces_shown(seen, shots))


def certified(made: FramePlan) -> dict[str, Check]:
    """What the certificate tells of a film that is framed so; nothing is rendered."""
    witness, count = ReferenceFrames(), made.range.length_ms // PICTURE_MS
    for number in range(count):
        at_ms = made.range.start_ms + number * PICTURE_MS
        shot = next(one for one in made.shots if one.range.start_ms <= at_ms < one.range.end_ms)
        witness.frames[number] = ReferenceFrame(source_ms=at_ms, shot=shot, luma=None)
    timeline = OutputTimeline(start_ms=made.range.start_ms, rate_numerator=25, rate_denominator=1, count=count)
    length_ms = made.range.length_ms
    tracks = FileTracks(
        width_px=1, height_px=1, frames=count, frame_rate=25, video_ms=length_ms, audio_ms=0, index_first=True
    )
    film = ProbedFile(path=Path("hall.mp4"), tracks=tracks, sizes=[], keys=[], stills=[], sound=None)
    silence = np.zeros((0, 2), np.float32)
    meant = Expectation(plan=made, timeline=timeline, size_px=(1, 1), sound=silence, reference=witness)
    return {check.name: check for check in check_framing(CheckSubject(probed=film, expected=meant))}


def least_shown(box: Box, shots: Sequence[ShotCrop]) -> float:
    """How much of a box is shown, at the worst time."""
    return min(share_shown(box, shot, at) for shot in shots for at in (shot.range.start_ms, shot.range.end_ms))


def head_and_chest(body: Box) -> Box:
    """What of somebody must be seen."""
    return msgspec.structs.replace(body, height=0.75 * body.height)


def count_hall(one: AnalysedHall, made: FramePlan) -> Counter[str]:
    """What is right and wrong with a framing, and whether the certificate says so."""
    shots = [shot for shot in made.shots if shot.range.end_ms > one.hall.start_ms + PICTURE_MS]
    speaker = least_shown(head_and_chest(one.hall.body), shots)
    shown = least_shown(one.hall.letters, shots)
    told = certified(made)
    lost = any(told[name].verdict in ("warn", "fail") for name in ("nobody_in_frame", "cut_face"))
    cut = GONE < shown < WHOLE
    return Counter(
        {
            "halls": 1,
            "whole": speaker >= WHOLE,
            "gone": speaker < 0.1,
            "letters cut": cut,
            "all of it": all(shot.mode == "fit" for shot in shots),
            "passed wrongly": speaker < WHOLE and not lost,
            "refused wrongly": speaker >= WHOLE and lost,
            "cut letters passed": cut and "cut_letters" in told and told["cut_letters"].verdict == "pass",
        }
    )


async def analyse_halls(
    media: Path, url: str, seed: int, count: int, folder: Path, keep: Path | None, *, close_up: bool = False
) -> list[AnalysedHall]:
    """Every hall, made and looked at; what was kept is not looked at again."""
    faces, landmarks, found = TritonFaces(url), TritonLandmarks(url), list[AnalysedHall]()
    for number in range(count):
        hall = await asyncio.to_thread(make, media, seed, number, folder, close_up=close_up)
        path = folder / hall.file
        kept = keep / f"{path.stem}.json" if keep else None
        if kept and kept.exists():
            found.append(msgspec.json.decode(kept.read_bytes(), type=AnalysedHall))
            continue
        with path.open("rb") as file:
            index = probe_file(file, MediaLimits(), folder / "sound.pcm", lambda _: None)
        tracks, _ = await look(path, faces, landmarks, [], None)
        found.append(AnalysedHall(hall=hall, index=index, tracks=tracks))
        if kept:
            kept.write_bytes(msgspec.json.encode(found[-1]))
        say(hall.file)
    await faces.close()
    await landmarks.close()
    return found


def tell(found: Sequence[AnalysedHall]) -> None:
    """Each hall in 9:16, then all of them in each shape."""
    for one in found:
        made = plan_crops(one.tracks, one.index, "9:16", one.tracks.range)
        right = count_hall(one, made)
        hall = one.hall
        marks = ", ".join(name for name in right if right[name] and name != "halls")
        seen = sum(bool(look.persons) for look in one.tracks.persons), len(one.tracks.tracks)
        print(f"{hall.file} {hall.speaker} {hall.high:.0%} {hall.kind}, {seen} persons, faces: {marks}")
        for shot in made.shots:
            print(f"    {shot.mode}: {shot.reason}")
    for aspect in ASPECTS:
        for name in ("ours", "middle"):
            total: Counter[str] = Counter()
            for one in found:
                made = plan_crops(one.tracks, one.index, aspect, one.tracks.range)
                total += count_hall(one, made if name == "ours" else middle(made, one.tracks))
            print(f"{aspect} {name:6} " + ", ".join(f"{what} {total[what]}" for what in TOLD))
    cpu_ms = sum(one.tracks.compute_ms for one in found) / max(1, sum(one.tracks.range.length_ms for one in found))
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
    asked = parser.parse_args()
    if asked.keep:
        asked.keep.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as place,
        running(Path(place) / "triton.log", ("faces", "landmarks")) as server,
    ):
        looking = analyse_halls(
            asked.media, server.url, asked.seed, asked.halls, Path(place), asked.keep, close_up=asked.close_up
        )
        found = asyncio.run(looking)
    tell(found)


if __name__ == "__main__":
    main()
