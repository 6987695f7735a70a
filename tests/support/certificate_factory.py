"""A small film made as render makes one, with properties that tests can break, and its certificate."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from schemas.common import Box, CropBox, TimeRange
from schemas.documents.export import CaptionCue, Certificate
from schemas.documents.frame_plan import FramePlan, ShotCrop
from schemas.documents.quality import Check, FaceExpectation
from schemas.options.presets import PresetName
from streams.render.quality.certificate import issue_certificate
from streams.render.quality.reference_frames import ReferenceFrames
from streams.render.quality.subject import Expectation, caption_entry_ms
from streams.renderer.audio.loudness import RATE_HZ, Sound
from streams.renderer.audio.normalize import normalize_loudness
from streams.renderer.captions.burn_in import CaptionBurner
from streams.renderer.captions.look import CaptionLook, build_look
from streams.renderer.encoding.animated_image import count_preview_frames, file_size_px
from streams.renderer.encoding.muxer import Encoding, open_writer
from streams.renderer.job import clip_file_name
from streams.renderer.timeline.slots import OutputTimeline, Slot
from streams.renderer.video.planes import plane_rows
from tests.support.media.synthetic_media import words

SIZE = 270, 480
COUNT, RATE = 75, 25
TIMELINE = OutputTimeline(start_ms=10_000, rate_numerator=RATE, rate_denominator=1, count=COUNT)
SAID = words("said aloud here", 1_200, each_ms=400, gap_ms=20)
CUE = CaptionCue(start_ms=SAID[0].start_ms, end_ms=SAID[-1].end_ms, words=SAID)
FACE = Box(x=300, y=100, width=60, height=80)
CROP = CropBox(x=250, y=0, width=180, height=320)
Picture = NDArray[np.uint8]


def shot(crop: CropBox = CROP, start_ms: int = 10_000, end_ms: int = 13_000) -> ShotCrop:
    return ShotCrop(range=TimeRange(start_ms=start_ms, end_ms=end_ms), mode="hold", crop=crop, reason="test")


def plan(face: Box = FACE) -> FramePlan:
    expected = [FaceExpectation(at_ms=at_ms, box=face, speaks=True) for at_ms in range(10_000, 13_000, 160)]
    time = TimeRange(start_ms=10_000, end_ms=13_000)
    return FramePlan(
        clip_id="clip", aspect="9:16", range=time, source_width=640, source_height=360, shots=[shot()],
        expected=expected,
    )  # fmt: skip


@lru_cache(maxsize=1)
def murmur() -> Sound:
    """Noise that swells, at the promised loudness."""
    white = np.random.default_rng(1).uniform(-1, 1, COUNT * RATE_HZ // RATE)
    noise = np.convolve(white, np.ones(12) / 12, "same")[:, None].repeat(2, axis=1)
    swell = 0.4 + 0.6 * np.abs(np.sin(np.arange(len(noise)) / RATE_HZ * 7.0))
    return normalize_loudness((0.1 * noise * swell[:, None]).astype(np.float32), -14, lambda sound: sound).sound


def scene(number: int) -> Picture:
    """A grey gradient with a light block that wanders."""
    luma = np.tile(np.linspace(60, 120, SIZE[0]).astype(np.uint8), (SIZE[1], 1))
    left = 10 + 3 * number
    luma[80:200, left : left + 60] = 200
    return luma


def frame(luma: Picture) -> av.VideoFrame:
    picture = av.VideoFrame(*SIZE, "yuv420p")
    for plane, value in zip(picture.planes, (luma, 128, 128), strict=True):
        plane_rows(plane)[: plane.height, : plane.width] = value
    return picture


class Making:
    """Specification of the file; each field can be changed to break it."""

    def __init__(self) -> None:
        self.sound = murmur()
        self.written_sound: Sound | None = None
        self.look: CaptionLook = build_look(*SIZE)
        self.drawn: list[CaptionCue] = [CUE]
        self.told: list[CaptionCue] = [CUE]
        self.said = SAID
        self.shows: Callable[[int], Picture] = scene
        self.spoils: Callable[[int, Picture], Picture] = lambda _, luma: luma
        self.crops: Callable[[int], ShotCrop] = lambda _: shot()
        self.plan = plan()
        self.size_px = SIZE
        self.count = COUNT
        self.late_ms = 0.0
        """How long after a slot's start the words are said that it shows, as `slot_of` has it."""
        self.preset: PresetName | None = None
        self.encoding = Encoding(preset="ultrafast")
        self.after: Callable[[Path], None] = lambda _: None

    def slot(self, number: int) -> Slot:
        return Slot(number=number, at_ms=number * 40.0, lit_ms=number * 40.0 + self.late_ms)

    def make(self, folder: Path) -> Certificate:
        """Write the file as specified, and certify it against the intended content."""
        witness, captions = ReferenceFrames(), CaptionBurner(self.drawn, self.look)
        path, written = (
            folder / clip_file_name(self.encoding),
            self.sound if self.written_sound is None else self.written_sound,
        )
        file = self.encoding.file
        with open_writer(path, SIZE, TIMELINE, written, self.encoding) as writer:
            for number in range(self.count):
                slot, luma = self.slot(number), self.shows(number)
                source_ms = 10_000 + number * 40
                if file.video is None:
                    continue
                witness.add_frame(frame(luma), [slot], source_ms=source_ms, shot=self.crops(source_ms))
                picture = frame(self.spoils(number, luma))
                captions.burn(picture, slot.words_ms)
                writer.write(picture, number)
        self.after(path)
        meant = Expectation(
            plan=self.plan, timeline=TIMELINE, size_px=file_size_px(file, self.size_px),
            sound=self.sound, reference=witness,
            cues=self.told if file.video else [], words=self.said,
            caption_entry_ms=caption_entry_ms(self.look.template),
            file=file, preset=self.preset, frame_count=count_preview_frames(TIMELINE) if file.is_preview else None,
        )  # fmt: skip
        return issue_certificate(path, meant, encoder="test", warnings=[])


def bad(certificate: Certificate) -> dict[str, str]:
    return {check.name: check.verdict for check in certificate.checks if check.verdict != "pass"}


def check_of(certificate: Certificate, name: str) -> Check:
    return next(check for check in certificate.checks if check.name == name)
