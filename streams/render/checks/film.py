"""The finished file, opened again: its packets, some of its pictures, all of its sound. Judges nothing.

Only key pictures are decoded (a whole decode costs forty times as much), and the pictures around a few captions.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.video.stream import VideoStream

from schemas.media import Value
from streams.render.checks.witness import UInt8, points
from streams.render.loudness import RATE_HZ, Sound
from streams.render.sound import gather

MOST_STILLS = 24
AFTER_PICTURES = 3


class Tracks(Value, frozen=True, kw_only=True):
    """The tracks of a file, as its packets tell."""

    width_px: int
    height_px: int
    frames: int
    frame_rate: float
    video_ms: float
    audio_ms: float
    index_first: bool
    codecs: list[str] = []
    """Of all streams, in the file's order: ``h264 yuv420p``, ``aac 48000 stereo``."""


class Still(Value, frozen=True, kw_only=True):
    """One decoded picture: its slot, and points of its luma."""

    number: int
    luma: UInt8


class Film(Value, frozen=True, kw_only=True):
    """What was read of a file."""

    path: Path
    tracks: Tracks
    sizes: list[int]
    """Bytes of each picture, in the order of showing."""
    keys: list[int]
    """Slots of key pictures."""
    stills: list[Still]
    sound: Sound | None


def open_film(path: Path, rate: Fraction) -> Film:
    """Read a finished file whose pictures come at ``rate`` a second."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        packets = sorted((p.pts, p.size, p.is_keyframe) for p in container.demux(video) if p.size and p.pts is not None)
        keys = [_slot(pts, video, rate) for pts, _, is_key in packets if is_key]
        tracks = _tracks(path, container, len(packets))
    return Film(
        path=path,
        tracks=tracks,
        sizes=[size for _, size, _ in packets],
        keys=keys,
        stills=list(_stills(path, rate, spread(keys, MOST_STILLS))),
        sound=_heard(path, tracks),
    )


def spread(numbers: Sequence[int], most: int) -> list[int]:
    """At most so many of them, evenly."""
    if len(numbers) <= most:
        return list(numbers)
    return [numbers[round(step * (len(numbers) - 1) / (most - 1))] for step in range(most)]


def between(film: Film, rate: Fraction, first: int, last: int) -> Iterator[Still]:
    """Every picture from the key picture at or before slot ``first`` to a few after slot ``last``."""
    begin = film.keys[max(0, bisect_right(film.keys, max(0, first)) - 1)] if film.keys else 0
    with av.open(str(film.path)) as container:
        video = container.streams.video[0]
        container.seek(round(begin / rate / _base(video)), stream=video)
        for frame in container.decode(video):
            still = Still(number=_slot(frame.pts or 0, video, rate), luma=points(frame))
            yield still
            if still.number >= last + AFTER_PICTURES:
                return


def _base(video: VideoStream) -> Fraction:
    return video.time_base or Fraction(1, 90_000)


def _slot(pts: int, video: VideoStream, rate: Fraction) -> int:
    return round((pts - (video.start_time or 0)) * _base(video) * rate)


def _stills(path: Path, rate: Fraction, wanted: Sequence[int]) -> Iterator[Still]:
    """Only these key pictures are given to the decoder."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        for packet in container.demux(video):
            key = packet.size and packet.is_keyframe and packet.pts is not None
            if packet.size and not (key and _slot(packet.pts or 0, video, rate) in wanted):
                continue
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    yield Still(number=_slot(frame.pts or 0, video, rate), luma=points(frame))


def _heard(path: Path, tracks: Tracks) -> Sound | None:
    if not any(one.startswith("aac") for one in tracks.codecs):
        return None
    with av.open(str(path)) as container:
        frames = ((round((frame.time or 0) * 1000), frame) for frame in container.decode(audio=0))
        return gather(frames, 0, round(tracks.audio_ms * RATE_HZ / 1000))


def _tracks(path: Path, container: av.container.InputContainer, frames: int) -> Tracks:
    video = container.streams.video[0]
    audio = next(iter(container.streams.audio), None)
    names = [f"{video.codec_context.name} {video.codec_context.pix_fmt}"]
    names += [f"{one.codec_context.name} {one.sample_rate} {one.layout.name}" for one in container.streams.audio]
    lasts = [float((one.duration or 0) * (one.time_base or 0) * 1000) if one else 0.0 for one in (video, audio)]
    found = boxes(path)
    return Tracks(
        width_px=video.width,
        height_px=video.height,
        frames=frames,
        frame_rate=float(video.average_rate or 0),
        video_ms=lasts[0],
        audio_ms=lasts[1],
        index_first=found.index("moov") < found.index("mdat"),
        codecs=names + ["another"] * (len(container.streams) - len(names)),
    )


def boxes(path: Path) -> list[str]:
    """Names of the top level boxes of an MP4 file, in order (ISO/IEC 14496-12, 4.2)."""
    names = []
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        at = 0
        while at + 8 <= size_bytes:
            file.seek(at)
            head = file.read(16)
            length = int.from_bytes(head[:4], "big")
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            names.append(head[4:8].decode("latin-1"))
            at += max(8, length) if length else size_bytes
    return names
