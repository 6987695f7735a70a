"""The pictures of one finished file that a person looks at: which moments, and how they are drawn.

Judges nothing.

Each cut that can be seen in the file, each caption when it comes, the first and the last picture, and between them
enough that at most two seconds pass unseen. Around each cut eight pictures in a row stand in a strip.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal

import av
import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Why = Literal["first", "last", "cut", "caption", "between"]
GAP_MS = 2_000
NEAR_MS = 150
"""Two moments that are nearer to each other show the same."""
CAPTION_IN_MS = 120
"""By then a caption has come in, in all templates that move."""
MAX_CAPTIONS_COUNT = 24
MAX_CUTS_COUNT = 12
HEIGHT_PX = 640
STRIP_HEIGHT_PX = 320
BEFORE_FRAMES = AFTER_FRAMES = 4
"""Pictures of a strip on each side of a cut."""
SMALL = (36, 64)
CHANGED_LEVEL = 16
CUT_SHARE = 0.4
"""Share of the points of a small picture that change at a cut. A caption that appears changes far fewer."""
LEVEL_HZ = 8_000
LEVEL_STEP_MS = 100
SILENT_DB = -90.0


class Still(msgspec.Struct, frozen=True, kw_only=True):
    """One picture of the file."""

    at_ms: int
    why: Why
    file: str


class Strip(msgspec.Struct, frozen=True, kw_only=True):
    """Eight pictures in a row around a cut."""

    at_ms: int
    file: str


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is drawn of one file; names are relative to its folder."""

    length_ms: int
    stills: list[Still] = []
    strips: list[Strip] = []
    level_db: list[float] = []
    """Loudness (RMS, dBFS) of each tenth of a second."""


def moments(length_ms: float, cuts_ms: Sequence[float], captions_ms: Sequence[float]) -> list[tuple[float, Why]]:
    """The moments to draw, in order, each with its reason.

    Of moments that are too near to each other the first kind named in `Why` stays.
    """
    proposed: list[tuple[float, Why]] = [(0.0, "first"), (max(0.0, length_ms - 60), "last")]
    proposed += [(cut, "cut") for cut in cuts_ms]
    proposed += [(at + CAPTION_IN_MS, "caption") for at in _spread(captions_ms, MAX_CAPTIONS_COUNT)]
    retained: list[tuple[float, Why]] = []
    for at_ms, why in proposed:
        if 0 <= at_ms < length_ms and all(abs(at_ms - retained_ms) >= NEAR_MS for retained_ms, _ in retained):
            retained.append((at_ms, why))
    retained.sort()
    for (before, _), (after, _) in list(pairwise(retained)):
        parts = -(-int(after - before) // GAP_MS)
        retained += [(before + (after - before) * part / parts, "between") for part in range(1, parts)]
    return sorted(retained)


def _spread(values: Sequence[float], most: int) -> list[float]:
    if len(values) <= most:
        return list(values)
    return [values[round(number * (len(values) - 1) / (most - 1))] for number in range(most)]


def cut_slots(smalls: Sequence[NDArray[np.uint8]]) -> list[int]:
    """The pictures with which another shot or crop begins, the strongest where there are many.

    Each h x w, grey.
    """
    changed = [
        (float((np.abs(after.astype(np.int16) - before) > CHANGED_LEVEL).mean()), at)
        for at, (before, after) in enumerate(pairwise(smalls), 1)
    ]
    strongest = sorted((share, at) for share, at in changed if share > CUT_SHARE)[-MAX_CUTS_COUNT:]
    return sorted(at for _, at in strongest)


def with_planned(visible: Sequence[int], planned: Sequence[int]) -> list[int]:
    """The cuts that can be seen, and the planned ones that are not among them.

    A plan may name the neighbouring picture.
    """
    return sorted({*visible, *(slot for slot in planned if all(abs(slot - cut) > 2 for cut in visible))})


def draw(video: Path, folder: Path, stem: str, captions_ms: Sequence[float], planned_ms: Sequence[float] = ()) -> Sheet:
    """Decode a file twice: once for its cuts, once for its pictures.

    ``planned_ms``: where the framing changes.
    """
    times_s, smalls = _survey(video)
    if not times_s:
        return Sheet(length_ms=0, level_db=levels(video))
    slots = with_planned(cut_slots(smalls), [_slot(times_s, at) for at in planned_ms if at > 0])
    length_ms = 1000 * (times_s[-1] + (times_s[-1] - times_s[0]) / max(1, len(times_s) - 1))
    reasons: dict[int, Why] = {}
    for at_ms, why in moments(length_ms, [1000 * times_s[slot] for slot in slots], captions_ms):
        reasons.setdefault(_slot(times_s, at_ms), why)
    folder.mkdir(parents=True, exist_ok=True)
    stills, smalls_by = [], dict[int, Image.Image]()
    near = {slot + step for slot in slots for step in range(-BEFORE_FRAMES, AFTER_FRAMES)}
    for number, frame in enumerate(_decoded(video)):
        if number in reasons:
            name = f"{stem}-{number:05d}.jpg"
            _drawn(frame, HEIGHT_PX).save(folder / name, quality=80)
            stills.append(Still(at_ms=round(1000 * times_s[number]), why=reasons[number], file=name))
        if number in near:
            smalls_by[number] = _drawn(frame, STRIP_HEIGHT_PX)
    strips = []
    for slot in slots:
        name = f"{stem}-{slot:05d}-strip.jpg"
        row = [smalls_by[at] for at in range(slot - BEFORE_FRAMES, slot + AFTER_FRAMES) if at in smalls_by]
        join_pictures(row).save(folder / name, quality=80)
        strips.append(Strip(at_ms=round(1000 * times_s[slot]), file=name))
    return Sheet(length_ms=round(length_ms), stills=stills, strips=strips, level_db=levels(video))


def _slot(times_s: Sequence[float], at_ms: float) -> int:
    """The first picture at or after a time, else the last."""
    return min(len(times_s) - 1, bisect_left(times_s, at_ms / 1000 - 1e-4))


def _decoded(video: Path) -> Iterator[av.VideoFrame]:
    with av.open(str(video)) as container:
        if not container.streams.video:
            return
        container.streams.video[0].thread_type = "AUTO"
        yield from (frame for frame in container.decode(video=0) if frame.time is not None)


def _survey(video: Path) -> tuple[list[float], list[NDArray[np.uint8]]]:
    """Time of each picture, and each picture small and grey."""
    times, smalls = [], []
    for frame in _decoded(video):
        times.append(float(frame.time or 0))
        smalls.append(frame.to_ndarray(format="gray", width=SMALL[0], height=SMALL[1]))
    return times, smalls


def _drawn(frame: av.VideoFrame, height_px: int) -> Image.Image:
    high = min(height_px, frame.height)
    wide = max(2, round(frame.width * high / frame.height))
    image: Image.Image = frame.reformat(wide, high, "rgb24", "ITU709", interpolation="AREA").to_image()
    return image


def join_pictures(pictures: Sequence[Image.Image], gap_px: int = 4) -> Image.Image:
    """Pictures of one height from left to right."""
    joined = Image.new(
        "RGB", (sum(picture.width + gap_px for picture in pictures) - gap_px, pictures[0].height), "white"
    )
    left = 0
    for picture in pictures:
        joined.paste(picture, (left, 0))
        left += picture.width + gap_px
    return joined


def levels(video: Path) -> list[float]:
    """Loudness of each tenth of a second in dBFS (RMS); nothing where there is no sound."""
    with av.open(str(video)) as container:
        if not container.streams.audio:
            return []
        resampler = av.AudioResampler("flt", "mono", LEVEL_HZ)
        blocks = [out.to_ndarray()[0] for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    sound = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    step = LEVEL_HZ * LEVEL_STEP_MS // 1000
    power = (sound[: len(sound) // step * step].reshape(-1, step).astype(np.float64) ** 2).mean(axis=1)
    return [max(SILENT_DB, round(float(value), 1)) for value in 10 * np.log10(power + 1e-12)]
