"""Small films with one sound defect each, and the sound they should have. Never reads shared media.

The pictures are few and grey, with a flash; the sound is a murmur that is like itself at one place only. Its truth is
on the project's time line: what a listener hears together with the pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition

from schemas.documents.source import SourceIndex
from streams.renderer.audio.loudness import RATE_HZ, Sound
from tests.support.media.synthetic_media import index_of

PICTURES_A_SECOND = 10
FLASH_MS, FLASH_LENGTH_MS = 1_500, 300
TICK = Fraction(1, 90_000)


def murmur(length_ms: int, seed: int = 1) -> Sound:
    """Noise in syllables of uneven lengths, like speech; shape (n, 2), both channels equal."""
    random = np.random.default_rng(seed)
    count = length_ms * 48
    white = np.convolve(random.standard_normal(count), np.ones(20) / 20, "same")
    ends = np.cumsum(random.uniform(0.08, 0.4, length_ms // 80))
    level = np.where(np.arange(len(ends)) % 2 == 0, 1.0, 0.02)
    swell = level[np.minimum(np.searchsorted(ends, np.arange(count) / RATE_HZ), len(ends) - 1)]
    return np.repeat((0.5 * white * swell).astype(np.float32)[:, None], 2, axis=1)


class Track:
    """Sound of a film: float samples of shape (n, channels), and the time stamp in ms of each frame of 1024."""

    def __init__(
        self,
        samples: Sound,
        *,
        layout: str = "stereo",
        at_ms: float = 0.0,
        drift: float = 0.0,
        lost_ms: Sequence[tuple[int, int]] = (),
        disposition: Disposition | None = None,
        language: str = "",
    ) -> None:
        """``drift``: relative speed of time stamps over samples; ``lost_ms``: ranges whose frames are left out."""
        self.samples, self.layout, self.at_ms, self.drift, self.lost_ms = samples, layout, at_ms, drift, lost_ms
        self.disposition, self.language = disposition, language

    def frames(self) -> list[av.AudioFrame]:
        """Frames with their stamps."""
        made = []
        for start in range(0, len(self.samples), 1024):
            due_ms = start / 48
            if any(first <= due_ms < end for first, end in self.lost_ms):
                continue
            piece = np.ascontiguousarray(self.samples[start : start + 1024].T)
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=self.layout)
            frame.sample_rate, frame.time_base = RATE_HZ, Fraction(1, RATE_HZ)
            frame.pts = round((self.at_ms + due_ms * (1 + self.drift)) * 48)
            made.append(frame)
        return made


def film(
    path: Path,
    tracks: Sequence[Track],
    *,
    length_ms: int = 4_000,
    pictures_at_ms: float = 0.0,
    form: str = "matroska",
) -> SourceIndex:
    """Encode it and index it as ingest does. Matroska keeps every stamp, and PCM every sample; others hold AAC."""
    with av.open(str(path), "w", format=form) as container:
        video = container.add_stream("libx264", rate=PICTURES_A_SECOND, options={"preset": "ultrafast", "bf": "0"})
        video.width, video.height, video.pix_fmt = 160, 90, "yuv420p"
        video.codec_context.time_base = video.time_base = TICK
        streams = []
        for track in tracks:
            codec, samples = ("pcm_f32le", "flt") if track.layout in ("mono", "stereo") else ("flac", "s16")
            codec, samples = ("aac", "fltp") if form != "matroska" else (codec, samples)
            stream = container.add_stream(codec, rate=RATE_HZ, layout=track.layout)
            stream.codec_context.format = samples
            if track.disposition is not None:
                stream.disposition = track.disposition
            if track.language:
                stream.metadata["language"] = track.language
            streams.append(stream)
        for number in range(length_ms * PICTURES_A_SECOND // 1000):
            at_ms = number * 1000 // PICTURES_A_SECOND
            bright = FLASH_MS <= at_ms < FLASH_MS + FLASH_LENGTH_MS
            shown = av.VideoFrame.from_ndarray(np.full((90, 160, 3), 235 if bright else 60, np.uint8), format="rgb24")
            shown.pts, shown.time_base = round((pictures_at_ms + at_ms) * 90), TICK
            container.mux(video.encode(shown))
        container.mux(video.encode(None))
        for track, stream in zip(tracks, streams, strict=True):
            resampler = av.AudioResampler(format=stream.codec_context.format, layout=track.layout, rate=RATE_HZ)
            for frame in track.frames():
                pts, base = frame.pts, frame.time_base
                for packed in resampler.resample(frame):
                    packed.pts, packed.time_base = pts, base
                    for packet in stream.encode(packed):
                        container.mux(packet)
            container.mux(stream.encode(None))
    return index_of(path)
