"""Opens the finished file again: its packets, some of its frames, all of its audio.

Only key frames are decoded (decoding all costs forty times as much), and the frames around a few captions.
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
from streams.render.quality.container import FileTracks, is_index_first, read_webp_tracks
from streams.render.quality.reference_frames import UInt8, sample_luma
from streams.renderer.audio.loudness import RATE_HZ, Sound
from streams.renderer.audio.soundtrack import gather_audio

MAX_STILLS = 24
"""Number of key frames decoded."""
TRAILING_FRAMES = 3
"""Frames decoded after the last one of a range."""


class SampledFrame(Value, frozen=True, kw_only=True):
    """A decoded frame: its slot, and sampled luma."""

    number: int
    luma: UInt8


class ProbedFile(Value, frozen=True, kw_only=True):
    """The packets, sampled frames and sound that were read from a file."""

    path: Path
    tracks: FileTracks
    sizes: list[int]
    """Bytes of each frame, in display order."""
    keys: list[int]
    """Slots of key frames."""
    stills: list[SampledFrame]
    sound: Sound | None


def probe_file(path: Path, rate: Fraction, comparable_slots: Container[int] | None = None) -> ProbedFile:
    """Read a finished file at ``rate`` frames per second.

    Frames are decoded only of ``comparable_slots``, where given.
    """
    if path.suffix == ".webp":  # libav writes moving ones, but cannot read them
        return ProbedFile(path=path, tracks=read_webp_tracks(path), sizes=[], keys=[], stills=[], sound=None)
    with av.open(str(path)) as container:
        video = next(iter(container.streams.video), None)
        packets = _list_packets(container)
        all_keys = path.suffix == ".gif"
        keys = [_slot_number(pts, video, rate) for pts, _, is_key in packets if is_key or all_keys] if video else []
        tracks = _read_tracks(path, container, len(packets))
    return ProbedFile(
        path=path,
        tracks=tracks,
        sizes=[size for _, size, _ in packets],
        keys=keys,
        stills=list(
            _decode_stills(
                path,
                rate,
                pick_evenly([key for key in keys if comparable_slots is None or key in comparable_slots], MAX_STILLS),
            )
        ),
        sound=_decode_audio(path, tracks),
    )


def _list_packets(container: av.container.InputContainer) -> list[tuple[int, int, bool]]:
    """Time, size and key mark of each frame, in display order."""
    if not container.streams.video:
        return []
    packets = container.demux(container.streams.video[0])
    return sorted(
        (packet.pts, packet.size, packet.is_keyframe) for packet in packets if packet.size and packet.pts is not None
    )


def pick_evenly(numbers: Sequence[int], max_count: int) -> list[int]:
    """At most ``max_count`` of the numbers, evenly spaced."""
    if len(numbers) <= max_count:
        return list(numbers)
    if max_count < 2:
        return list(numbers[:max_count])
    return [numbers[round(step * (len(numbers) - 1) / (max_count - 1))] for step in range(max_count)]


def decode_between(probed: ProbedFile, rate: Fraction, first: int, last: int) -> Iterator[SampledFrame]:
    """Every frame from the key frame at or before slot ``first`` to a few after slot ``last``."""
    begin = probed.keys[max(0, bisect_right(probed.keys, max(0, first)) - 1)] if probed.keys else 0
    with av.open(str(probed.path)) as container:
        video = container.streams.video[0]
        container.seek(round(begin / rate / _time_base(video)), stream=video)
        for frame in container.decode(video):
            still = SampledFrame(number=_slot_number(frame.pts or 0, video, rate), luma=sample_luma(_to_planar(frame)))
            yield still
            if still.number >= last + TRAILING_FRAMES:
                return


def _time_base(video: VideoStream) -> Fraction:
    return video.time_base or Fraction(1, 90_000)


def _slot_number(pts: int, video: VideoStream, rate: Fraction) -> int:
    return round((pts - (video.start_time or 0)) * _time_base(video) * rate)


def _decode_stills(path: Path, rate: Fraction, slots: Sequence[int]) -> Iterator[SampledFrame]:
    """Decode only these key frames; of a GIF all frames, because each builds on the one before."""
    if not slots:
        return
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        is_gif = path.suffix == ".gif"
        for packet in container.demux(video):
            key = packet.size and packet.is_keyframe and packet.pts is not None
            if packet.size and not is_gif and not (key and _slot_number(packet.pts or 0, video, rate) in slots):
                continue
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame) and _slot_number(frame.pts or 0, video, rate) in slots:
                    yield SampledFrame(
                        number=_slot_number(frame.pts or 0, video, rate), luma=sample_luma(_to_planar(frame))
                    )


def _to_planar(frame: av.VideoFrame) -> av.VideoFrame:
    """The frame with luma in a plane of its own."""
    if frame.format.name == "yuv420p":
        return frame
    return frame.reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG, threads=1
    )


def _decode_audio(path: Path, tracks: FileTracks) -> Sound | None:
    if not tracks.audio_ms:
        return None
    with av.open(str(path)) as container:
        begins_s = 0.0 if container.streams.video else (container.start_time or 0) / 1e6  # what the codec began with
        frames = ((round(((frame.time or 0) - begins_s) * 1000), frame) for frame in container.decode(audio=0))
        return gather_audio(frames, 0, round(tracks.audio_ms * RATE_HZ / 1000))


def _read_tracks(path: Path, container: av.container.InputContainer, frames: int) -> FileTracks:
    video = next(iter(container.streams.video), None)
    names = [_video_codec_name(stream) for stream in container.streams.video]
    names += [_audio_codec_name(stream) for stream in container.streams.audio]
    return FileTracks(
        width_px=video.width if video else 0,
        height_px=video.height if video else 0,
        frames=frames,
        frame_rate=float(video.average_rate or 0) if video else 0.0,
        video_ms=_duration_ms(container, video),
        audio_ms=_duration_ms(container, next(iter(container.streams.audio), None)),
        index_first=is_index_first(path),
        codecs=names + ["another"] * (len(container.streams) - len(names)),
    )


def _video_codec_name(stream: VideoStream) -> str:
    return f"{stream.codec_context.codec.canonical_name} {stream.codec_context.pix_fmt}"


def _audio_codec_name(stream: AudioStream) -> str:
    layout = "stereo" if stream.channels == 2 else stream.layout.name  # a WAV of two channels says no more
    return f"{stream.codec_context.codec.canonical_name} {stream.sample_rate} {layout}"


def _duration_ms(container: av.container.InputContainer, stream: VideoStream | AudioStream | None) -> float:
    """The track's duration, else (WebM) the file's."""
    if stream is None:
        return 0.0
    if stream.duration is not None:
        return float(stream.duration * (stream.time_base or 0) * 1000)
    return (container.duration or 0) / 1000
