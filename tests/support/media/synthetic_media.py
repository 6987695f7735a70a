"""Small videos with known pictures and sound, and plans over them. Never reads shared media."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from core.settings import MediaLimits
from schemas.common import Aspect, CropBox, TimeRange, Word
from schemas.documents.frame_plan import FramePlan, ShotCrop
from schemas.documents.source import SourceIndex
from streams.ingest.probe.demux import probe_file

WIDTH, HEIGHT, RATE, SOUND_HZ = 320, 180, 25, 48_000
FLASH_MS = 1_000
FLASH_LENGTH_MS = 200
TICK = Fraction(1, 90_000)


def tone(length_ms: int, level: float = 0.1, hz: float = 440.0) -> NDArray[np.float32]:
    """A sine, shape (2, n)."""
    at = np.arange(length_ms * SOUND_HZ // 1000) / SOUND_HZ
    return np.tile((level * np.sin(2 * np.pi * hz * at)).astype(np.float32), (2, 1))


def flash_and_beep(path: Path, *, length_ms: int = 3_000, sound: bool = True, level: float = 0.1) -> SourceIndex:
    """Dark grey with a quiet hum; white and loud for 200 ms from 1,000 ms on. Top left is always blue."""
    samples = tone(length_ms, level)
    beep = slice(FLASH_MS * 48, (FLASH_MS + FLASH_LENGTH_MS) * 48)
    if length_ms >= FLASH_MS + FLASH_LENGTH_MS:
        samples[:, beep] += tone(FLASH_LENGTH_MS, level * 4, 1_000.0)
    pictures = []
    for number in range(length_ms * RATE // 1000):
        at_ms = number * 1000 // RATE
        bright = FLASH_MS <= at_ms < FLASH_MS + FLASH_LENGTH_MS
        picture = np.full((HEIGHT, WIDTH, 3), 235 if bright else 60, np.uint8)
        picture[: HEIGHT // 4, : WIDTH // 2] = (20, 20, 220)
        pictures.append(picture)
    return write(path, pictures, samples if sound else None)


def flash_at(path: Path, times_us: list[int], rate: Fraction) -> SourceIndex:
    """As `flash_and_beep`, its pictures at these times; the lowest tenth is light in every other picture."""
    samples = tone(times_us[-1] // 1000)
    samples[:, FLASH_MS * 48 : (FLASH_MS + FLASH_LENGTH_MS) * 48] += tone(FLASH_LENGTH_MS, 0.4, 1_000.0)
    pictures = []
    for number, at_us in enumerate(times_us):
        bright = FLASH_MS <= round(at_us / 1000) < FLASH_MS + FLASH_LENGTH_MS
        picture = np.full((HEIGHT, WIDTH, 3), 235 if bright else 60, np.uint8)
        picture[-HEIGHT // 10 :] = 200 if number % 2 else 20
        pictures.append(picture)
    return write(path, pictures, samples, rate=rate, times_us=times_us)


def write(
    path: Path,
    pictures: list[NDArray[np.uint8]],
    sound: NDArray[np.float32] | None,
    *,
    rate: Fraction = Fraction(RATE),
    times_us: list[int] | None = None,
) -> SourceIndex:
    """Encode an MP4 and index it as ingest does. Without ``times_us`` at the constant ``rate``."""
    with av.open(str(path), "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "crf": "10", "g": "50"})
        video.width, video.height, video.pix_fmt = pictures[0].shape[1], pictures[0].shape[0], "yuv420p"
        if times_us is not None:
            video.codec_context.time_base = video.time_base = TICK
        audio = container.add_stream("aac", rate=SOUND_HZ, layout="stereo") if sound is not None else None
        for number, picture in enumerate(pictures):
            shown = av.VideoFrame.from_ndarray(picture, format="rgb24")
            if times_us is not None:
                shown.pts, shown.time_base = round(times_us[number] * 90 / 1000), TICK
            container.mux(video.encode(shown))
        container.mux(video.encode(None))
        if audio is not None and sound is not None:
            for start in range(0, sound.shape[1], 1024):
                piece = np.ascontiguousarray(sound[:, start : start + 1024])
                frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
                frame.sample_rate, frame.pts, frame.time_base = SOUND_HZ, start, Fraction(1, SOUND_HZ)
                container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return index_of(path)


def index_of(path: Path) -> SourceIndex:
    """The index of a file."""
    with path.open("rb") as source:
        return probe_file(source, MediaLimits(), path.with_suffix(".pcm"), lambda _: None)


def plan(index: SourceIndex, start_ms: int, end_ms: int, *, aspect: Aspect = "9:16", mode: str = "hold") -> FramePlan:
    """The middle of the picture (or all of it) in one shot."""
    assert index.video is not None
    width, height = index.video.display_width, index.video.display_height
    across = {"9:16": height * 9 // 16, "4:5": height * 4 // 5, "1:1": height, "16:9": width}[aspect]
    crop = CropBox(x=(width - across) // 2, y=0, width=across, height=height)
    if mode == "fit":
        crop = CropBox(x=0, y=0, width=width, height=height)
    time = TimeRange(start_ms=start_ms, end_ms=end_ms)
    shot = ShotCrop(range=time, mode="fit" if mode == "fit" else "hold", crop=crop, reason="test")
    return FramePlan(clip_id="clip", aspect=aspect, range=time, source_width=width, source_height=height, shots=[shot])


def words(text: str, start_ms: int = 0, each_ms: int = 300, gap_ms: int = 50) -> list[Word]:
    """Words one after the other."""
    return [
        Word(text=part, start_ms=start_ms + n * each_ms, end_ms=start_ms + (n + 1) * each_ms - gap_ms, probability=0.9)
        for n, part in enumerate(text.split())
    ]
