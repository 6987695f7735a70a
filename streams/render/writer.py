"""The MP4 file: one x264 stream, one AAC stream, index first, nothing of the source's metadata. Decides no content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import av
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from schemas.export_options import Quality, VideoWish
from schemas.media import Value
from streams.render.edl import Timeline
from streams.render.loudness import RATE_HZ, Sound
from streams.render.sound import audio_frames

KEY_INTERVAL_S = 2


class Encoding(Value, frozen=True, kw_only=True):
    """How the file is encoded. Two clips at one thread each are faster than one at two (ratio 1.24 on two cores)."""

    preset: str = "veryfast"
    crf: int = 20
    audio_bit_rate: int = 160_000
    threads: int = 1

    @property
    def name(self) -> str:
        """For the certificate: enough to make the same file again."""
        version = ".".join(str(part) for part in av.library_versions["libavcodec"])
        return (
            f"libx264 {self.preset} crf {self.crf} threads {self.threads}, "
            f"aac {self.audio_bit_rate // 1000}k, libavcodec {version}"
        )


QUALITIES: Mapping[Quality, tuple[str, int]] = MappingProxyType(
    {"draft": ("superfast", 23), "good": ("veryfast", 20), "best": ("slow", 18)}
)
"""x264's preset and crf."""


def encoding_of(wish: VideoWish, threads: int) -> Encoding:
    """How a file of the asked quality is encoded."""
    preset, crf = QUALITIES[wish.quality]
    return Encoding(preset=preset, crf=crf, threads=threads)


class Mp4Writer:
    """Takes pictures in order; muxes the sound along with them. Use as a context manager."""

    def __init__(
        self, path: Path, size_px: tuple[int, int], timeline: Timeline, sound: Sound, encoding: Encoding
    ) -> None:
        """``sound`` lasts as long as ``timeline``."""
        self._container = av.open(
            str(path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}
        )
        self._rate = timeline.rate
        self._video = self._container.add_stream("libx264", rate=timeline.rate, options=_x264(encoding))
        context = self._video.codec_context
        context.width, context.height = size_px
        context.pix_fmt = "yuv420p"
        context.time_base = 1 / timeline.rate
        context.gop_size = round(timeline.rate * KEY_INTERVAL_S)
        context.thread_count = encoding.threads
        context.color_range = ColorRange.MPEG
        context.colorspace = Colorspace.ITU709
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        self._audio = self._container.add_stream("aac", rate=RATE_HZ, layout="stereo")
        self._audio.bit_rate = encoding.audio_bit_rate
        self._sound: Iterator[av.AudioFrame] = audio_frames(sound)
        self._heard_until = Fraction(0)

    def write(self, picture: av.VideoFrame, number: int) -> None:
        """Encode one picture, number ``number`` from 0, and the sound up to it."""
        picture.pts, picture.time_base, picture.duration = number, 1 / self._rate, 1
        picture.pict_type = 0
        self._container.mux(self._video.encode(picture))
        self._write_sound(until=number / self._rate)

    def _write_sound(self, until: Fraction | None) -> None:
        while until is None or self._heard_until <= until:
            frame = next(self._sound, None)
            if frame is None:
                return
            self._heard_until += Fraction(frame.samples, RATE_HZ)
            self._container.mux(self._audio.encode(frame))

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Finish the file; after an error only let go of it."""
        if error is None:
            self._write_sound(until=None)
            self._container.mux(self._video.encode(None))
            self._container.mux(self._audio.encode(None))
        self._container.close()


def _x264(encoding: Encoding) -> dict[str, str]:
    return {
        "preset": encoding.preset,
        "crf": str(encoding.crf),
        "profile": "high",
        "flags": "+cgop+bitexact",
    }
