"""The finished file, opened again: its packets, some of its pictures, all of its sound. Judges nothing.

Only key pictures are decoded (a whole decode costs forty times as much), and the pictures around a few captions.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from schemas.common import Value
from streams.render.quality.container import Tracks, index_first, webp_tracks
from streams.render.quality.reference_frames import UInt8, points
from streams.renderer.audio.loudness import RATE_HZ, Sound
from streams.renderer.audio.soundtrack import gather_audio

MOST_STILLS = 24
AFTER_PICTURES = 3


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


def open_film(path: Path, rate: Fraction, known: Container[int] | None = None) -> Film:
    """Read a finished file whose pictures come at ``rate`` a second; of ``known`` slots only pictures are decoded."""
    if path.suffix == ".webp":  # libav writes moving ones, but cannot read them
        return Film(path=path, tracks=webp_tracks(path), sizes=[], keys=[], stills=[], sound=None)
    with av.open(str(path)) as container:
        video = next(iter(container.streams.video), None)
        packets = _packets(container)
        all_keys = path.suffix == ".gif"
        keys = [_slot(pts, video, rate) for pts, _, is_key in packets if is_key or all_keys] if video else []
        tracks = _tracks(path, container, len(packets))
    return Film(
        path=path,
        tracks=tracks,
        sizes=[size for _, size, _ in packets],
        keys=keys,
        stills=list(_stills(path, rate, spread([key for key in keys if known is None or key in known], MOST_STILLS))),
        sound=_heard(path, tracks),
    )


def _packets(container: av.container.InputContainer) -> list[tuple[int, int, bool]]:
    """Time, size and key mark of each picture, in the order of showing."""
    if not container.streams.video:
        return []
    found = container.demux(container.streams.video[0])
    return sorted((one.pts, one.size, one.is_keyframe) for one in found if one.size and one.pts is not None)


def spread(numbers: Sequence[int], most: int) -> list[int]:
    """At most so many of them, evenly."""
    if len(numbers) <= most:
        return list(numbers)
    if most < 2:
        return list(numbers[:most])
    return [numbers[round(step * (len(numbers) - 1) / (most - 1))] for step in range(most)]


def between(film: Film, rate: Fraction, first: int, last: int) -> Iterator[Still]:
    """Every picture from the key picture at or before slot ``first`` to a few after slot ``last``."""
    begin = film.keys[max(0, bisect_right(film.keys, max(0, first)) - 1)] if film.keys else 0
    with av.open(str(film.path)) as container:
        video = container.streams.video[0]
        container.seek(round(begin / rate / _base(video)), stream=video)
        for frame in container.decode(video):
            still = Still(number=_slot(frame.pts or 0, video, rate), luma=points(_planar(frame)))
            yield still
            if still.number >= last + AFTER_PICTURES:
                return


def _base(video: VideoStream) -> Fraction:
    return video.time_base or Fraction(1, 90_000)


def _slot(pts: int, video: VideoStream, rate: Fraction) -> int:
    return round((pts - (video.start_time or 0)) * _base(video) * rate)


def _stills(path: Path, rate: Fraction, wanted: Sequence[int]) -> Iterator[Still]:
    """Only these key pictures are given to the decoder; of a GIF all, as each builds on the one before."""
    if not wanted:
        return
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        builds = path.suffix == ".gif"
        for packet in container.demux(video):
            key = packet.size and packet.is_keyframe and packet.pts is not None
            if packet.size and not builds and not (key and _slot(packet.pts or 0, video, rate) in wanted):
                continue
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame) and _slot(frame.pts or 0, video, rate) in wanted:
                    yield Still(number=_slot(frame.pts or 0, video, rate), luma=points(_planar(frame)))


def _planar(frame: av.VideoFrame) -> av.VideoFrame:
    """The picture with its luma as bytes of their own."""
    if frame.format.name == "yuv420p":
        return frame
    return frame.reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG, threads=1
    )


def _heard(path: Path, tracks: Tracks) -> Sound | None:
    if not tracks.audio_ms:
        return None
    with av.open(str(path)) as container:
        begins_s = 0.0 if container.streams.video else (container.start_time or 0) / 1e6  # what the codec began with
        frames = ((round(((frame.time or 0) - begins_s) * 1000), frame) for frame in container.decode(audio=0))
        return gather_audio(frames, 0, round(tracks.audio_ms * RATE_HZ / 1000))


def _tracks(path: Path, container: av.container.InputContainer, frames: int) -> Tracks:
    video = next(iter(container.streams.video), None)
    names = [_pictures_told(one) for one in container.streams.video]
    names += [_sound_told(one) for one in container.streams.audio]
    return Tracks(
        width_px=video.width if video else 0,
        height_px=video.height if video else 0,
        frames=frames,
        frame_rate=float(video.average_rate or 0) if video else 0.0,
        video_ms=_lasts_ms(container, video),
        audio_ms=_lasts_ms(container, next(iter(container.streams.audio), None)),
        index_first=index_first(path),
        codecs=names + ["another"] * (len(container.streams) - len(names)),
    )


def _pictures_told(stream: VideoStream) -> str:
    return f"{stream.codec_context.codec.canonical_name} {stream.codec_context.pix_fmt}"


def _sound_told(stream: AudioStream) -> str:
    layout = "stereo" if stream.channels == 2 else stream.layout.name  # a WAV of two channels says no more
    return f"{stream.codec_context.codec.canonical_name} {stream.sample_rate} {layout}"


def _lasts_ms(container: av.container.InputContainer, stream: VideoStream | AudioStream | None) -> float:
    """By the track's own word, else (WebM tells none) the file's."""
    if stream is None:
        return 0.0
    if stream.duration is not None:
        return float(stream.duration * (stream.time_base or 0) * 1000)
    return (container.duration or 0) / 1000
