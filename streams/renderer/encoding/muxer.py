"""Encodes frames and audio into a file, index first, without the source's metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Protocol, Self, cast

import av
from av.audio.stream import AudioStream
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from schemas.common import Value
from streams.renderer.audio.codec_round_trip import EncodedAudio, PacketReplay
from streams.renderer.audio.loudness import RATE_HZ, Sound
from streams.renderer.audio.soundtrack import to_audio_frames
from streams.renderer.codecs import (
    AUDIO_BIT_RATES_BPS,
    AUDIO_ENCODERS,
    MUXERS,
    Encoding,
    build_encoding,
    codec_tag,
    encoder_options,
    encoding_for_export,
    is_segmentable,
    pixel_format,
    reorder_frames,
)
from streams.renderer.encoding.animated_image import AnimatedImageWriter
from streams.renderer.encoding.segment_encoder import SegmentEncoder, SingleEncoder
from streams.renderer.segments.packets import ReusedSegment
from streams.renderer.segments.segment_plan import SlotRange
from streams.renderer.timeline.slots import OutputTimeline

__all__ = [
    "EncodedParts",
    "Encoding",
    "FileWriter",
    "MediaWriter",
    "build_encoding",
    "encoding_for_export",
    "open_writer",
]

KEY_INTERVAL_S = 2
"""Distance of key frames."""
NOTHING_REUSED: Mapping[int, ReusedSegment] = MappingProxyType({})
AAC_LEAD_IN_SAMPLES = 1024
"""Samples that the encoder puts before the first."""


class EncodedParts(Value, frozen=True, kw_only=True):
    """Parts of a file that are encoded already, and its segments."""

    segments: Sequence[SlotRange] = ()
    """Segments in which frames are encoded; empty: in one piece."""
    reused: Mapping[int, ReusedSegment] = NOTHING_REUSED
    """Segments copied from earlier files, by first slot."""
    audio_packets: EncodedAudio | None = None
    """Packets of the audio, where they are encoded already."""


NO_PARTS = EncodedParts()


class FileWriter(Protocol):
    """Takes frames in order; a context manager that finishes the file."""

    def write(self, frame: av.VideoFrame, number: int) -> None:
        """Take a frame of the output's size, number ``number`` from 0."""
        ...

    def __enter__(self) -> Self:
        """The writer itself."""
        ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Finish the file; after an error only close it."""
        ...


def open_writer(
    path: Path,
    size_px: tuple[int, int],
    timeline: OutputTimeline,
    sound: Sound,
    encoding: Encoding,
    parts: EncodedParts = NO_PARTS,
) -> FileWriter:
    """Open the writer for an encoding; frames are ``size_px``, the audio lasts as long as ``timeline``."""
    if encoding.file.is_preview:
        return AnimatedImageWriter(path, size_px, timeline, encoding)
    return MediaWriter(path, size_px, timeline, sound, encoding, parts)


class MediaWriter:
    """Writes video with audio interleaved, or audio alone."""

    def __init__(
        self,
        path: Path,
        size_px: tuple[int, int],
        timeline: OutputTimeline,
        sound: Sound,
        encoding: Encoding,
        parts: EncodedParts = NO_PARTS,
    ) -> None:
        """``sound`` lasts as long as ``timeline``."""
        muxer, muxer_options = MUXERS[encoding.file.container]
        edits = {} if encoding.edit_lists else {"use_editlist": "0"}
        self._container = av.open(
            str(path), "w", format=muxer, options={**muxer_options, **edits, "fflags": "+bitexact"}
        )
        self._rate = timeline.rate
        self._lead_in_samples = 0 if encoding.edit_lists else AAC_LEAD_IN_SAMPLES
        self._format = pixel_format(encoding)
        self._size_px, self._encoding = size_px, encoding
        self._video = self._add_video(parts) if encoding.file.video else None
        self._audio = self._add_audio(encoding)
        coded = None if self._lead_in_samples else parts.audio_packets
        self._encode = self._audio.encode if coded is None else PacketReplay(coded, self._audio).encode
        self._sound: Iterator[av.AudioFrame] = to_audio_frames(sound[self._lead_in_samples :])
        self._audio_end_s = Fraction(0)

    def _add_video(self, parts: EncodedParts) -> SegmentEncoder | SingleEncoder:
        options = encoder_options(self._encoding)
        stream = self._container.add_stream(self._encoding.encoder, rate=self._rate, options=options)
        assert isinstance(stream, VideoStream)
        self._configure_encoder(stream.codec_context)
        flags = stream.codec_context.flags  # the container may want headers apart
        if parts.segments and is_segmentable(self._encoding):
            stream.codec_context.open(strict=False)
            reorder_count = reorder_frames(self._encoding, stream.codec_context.reorder_depth)
            return SegmentEncoder(
                self._container,
                stream,
                parts.segments,
                parts.reused,
                lambda: self._create_encoder(flags),
                reorder_count,
            )
        return SingleEncoder(self._container, stream)

    def _create_encoder(self, flags: int) -> VideoCodecContext:
        """Another encoder with the track's settings."""
        context = cast(VideoCodecContext, av.CodecContext.create(self._encoding.encoder, "w"))
        context.framerate, context.flags = self._rate, flags
        context.options = encoder_options(self._encoding)
        self._configure_encoder(context)
        return context

    def _configure_encoder(self, context: VideoCodecContext) -> None:
        context.width, context.height = self._size_px
        context.pix_fmt = self._format
        context.time_base = 1 / self._rate
        context.gop_size = round(self._rate * KEY_INTERVAL_S)
        context.thread_count = self._encoding.threads
        context.color_range = ColorRange.MPEG
        context.colorspace = Colorspace.ITU709
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        tag = codec_tag(self._encoding.file)
        if tag is not None:
            context.codec_tag = tag

    def _add_audio(self, encoding: Encoding) -> AudioStream:
        assert encoding.file.audio is not None
        name, form = AUDIO_ENCODERS[encoding.file.audio]
        stream = self._container.add_stream(name, rate=RATE_HZ, layout="stereo")
        assert isinstance(stream, AudioStream)
        stream.format = form
        if encoding.file.audio in AUDIO_BIT_RATES_BPS:
            stream.bit_rate = encoding.audio_bit_rate
        return stream

    def write(self, frame: av.VideoFrame, number: int) -> None:
        """Encode a frame, number ``number`` from 0, and the audio up to it."""
        if self._video is not None:
            if frame.format.name != self._format:
                frame = frame.reformat(format=self._format, threads=1)
            for end in self._video.finish_before(number):
                self._write_audio(until=end / self._rate)
            self._video.write(frame, number)
        self._write_audio(until=number / self._rate)

    def _write_audio(self, until: Fraction | None) -> None:
        while until is None or self._audio_end_s <= until:
            frame = next(self._sound, None)
            if frame is None:
                return
            self._audio_end_s += Fraction(frame.samples, RATE_HZ)
            self._mux_audio(frame)

    def _mux_audio(self, frame: av.AudioFrame | None) -> None:
        """Without edit lists the encoder's delay is audible, and replaces as much of the audio."""
        for packet in self._encode(frame):
            for name in ("pts", "dts"):
                at = getattr(packet, name)
                setattr(packet, name, None if at is None else at + self._lead_in_samples)
            self._container.mux(packet)

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Finish the file; after an error only close it."""
        if error is None:
            for end in self._video.finish() if self._video is not None else ():
                self._write_audio(until=end / self._rate)
            self._write_audio(until=None)
            self._mux_audio(None)
        self._container.close()
