"""The file: pictures and sound through encoders into a container, index first, nothing of the source's metadata.

Decides no content.
"""

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
from streams.renderer.audio.codec_round_trip import Again, Coded
from streams.renderer.audio.loudness import RATE_HZ, Sound
from streams.renderer.audio.soundtrack import audio_frames
from streams.renderer.codecs import (
    BIT_RATES,
    MUXERS,
    SOUND_ENCODERS,
    Encoding,
    codec_tag,
    encoding_for,
    encoding_of,
    in_chunks,
    options_of,
    pictures_ahead,
    pixel_format,
)
from streams.renderer.encoding.animated_image import PreviewWriter
from streams.renderer.encoding.segment_encoder import Joined, Unbroken
from streams.renderer.segments.packets import Taken
from streams.renderer.segments.segment_plan import Run
from streams.renderer.timeline.slots import Timeline

__all__ = ["Encoding", "FileWriter", "FilmWriter", "Parts", "encoding_for", "encoding_of", "open_writer"]

KEY_INTERVAL_S = 2
NOTHING_TAKEN: Mapping[int, Taken] = MappingProxyType({})
AAC_LEAD_IN = 1024
"""Samples that the encoder puts before the first."""


class Parts(Value, frozen=True, kw_only=True):
    """What a film is put together from."""

    runs: Sequence[Run] = ()
    """The chunks that pictures are encoded in, where the encoding is made of chunks; none: in one piece."""
    taken: Mapping[int, Taken] = NOTHING_TAKEN
    """Chunks that are there already, by their first slot."""
    coded: Coded | None = None
    """The sound's packets, where they are there already."""


ALL_ANEW = Parts()


class FileWriter(Protocol):
    """Takes pictures in order; a context manager that finishes the file."""

    def write(self, picture: av.VideoFrame, number: int) -> None:
        """One picture of the output's size, number ``number`` from 0."""
        ...

    def __enter__(self) -> Self:
        """The writer itself."""
        ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Finish the file; after an error only let go of it."""
        ...


def open_writer(
    path: Path,
    size_px: tuple[int, int],
    timeline: Timeline,
    sound: Sound,
    encoding: Encoding,
    parts: Parts = ALL_ANEW,
) -> FileWriter:
    """The writer of the kind of file that ``encoding`` names; pictures are ``size_px``, sound lasts as ``timeline``."""
    if encoding.file.is_preview:
        return PreviewWriter(path, size_px, timeline, encoding)
    return FilmWriter(path, size_px, timeline, sound, encoding, parts)


class FilmWriter:
    """Pictures, and the sound muxed along with them; or sound alone."""

    def __init__(
        self,
        path: Path,
        size_px: tuple[int, int],
        timeline: Timeline,
        sound: Sound,
        encoding: Encoding,
        parts: Parts = ALL_ANEW,
    ) -> None:
        """``sound`` lasts as long as ``timeline``."""
        muxer, told = MUXERS[encoding.file.container]
        edits = {} if encoding.edit_lists else {"use_editlist": "0"}
        self._container = av.open(str(path), "w", format=muxer, options={**told, **edits, "fflags": "+bitexact"})
        self._rate = timeline.rate
        self._led_in = 0 if encoding.edit_lists else AAC_LEAD_IN
        self._format = pixel_format(encoding)
        self._size_px, self._encoding = size_px, encoding
        self._video = self._pictures(parts) if encoding.file.video else None
        self._audio = self._track(encoding)
        coded = None if self._led_in else parts.coded
        self._encode = self._audio.encode if coded is None else Again(coded, self._audio).encode
        self._sound: Iterator[av.AudioFrame] = audio_frames(sound[self._led_in :])
        self._heard_until = Fraction(0)

    def _pictures(self, parts: Parts) -> Joined | Unbroken:
        told = options_of(self._encoding)
        stream = self._container.add_stream(self._encoding.encoder, rate=self._rate, options=told)
        assert isinstance(stream, VideoStream)
        self._set(stream.codec_context)
        flags = stream.codec_context.flags  # the container may want headers apart
        if parts.runs and in_chunks(self._encoding):
            stream.codec_context.open(strict=False)
            ahead = pictures_ahead(self._encoding, stream.codec_context.reorder_depth)
            return Joined(self._container, stream, parts.runs, parts.taken, lambda: self._encoder(flags), ahead)
        return Unbroken(self._container, stream)

    def _encoder(self, flags: int) -> VideoCodecContext:
        """Another encoder, just as the track's own."""
        context = cast(VideoCodecContext, av.CodecContext.create(self._encoding.encoder, "w"))
        context.framerate, context.flags = self._rate, flags
        context.options = options_of(self._encoding)
        self._set(context)
        return context

    def _set(self, context: VideoCodecContext) -> None:
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

    def _track(self, encoding: Encoding) -> AudioStream:
        assert encoding.file.audio is not None
        name, form = SOUND_ENCODERS[encoding.file.audio]
        stream = self._container.add_stream(name, rate=RATE_HZ, layout="stereo")
        assert isinstance(stream, AudioStream)
        stream.format = form
        if encoding.file.audio in BIT_RATES:
            stream.bit_rate = encoding.audio_bit_rate
        return stream

    def write(self, picture: av.VideoFrame, number: int) -> None:
        """Encode one picture, number ``number`` from 0, and the sound up to it."""
        if self._video is not None:
            if picture.format.name != self._format:
                picture = picture.reformat(format=self._format, threads=1)
            for end in self._video.before(number):
                self._write_sound(until=end / self._rate)
            self._video.write(picture, number)
        self._write_sound(until=number / self._rate)

    def _write_sound(self, until: Fraction | None) -> None:
        while until is None or self._heard_until <= until:
            frame = next(self._sound, None)
            if frame is None:
                return
            self._heard_until += Fraction(frame.samples, RATE_HZ)
            self._mux_sound(frame)

    def _mux_sound(self, frame: av.AudioFrame | None) -> None:
        """Without edit lists what the encoder begins with is played, in place of as much of the sound."""
        for packet in self._encode(frame):
            for name in ("pts", "dts"):
                at = getattr(packet, name)
                setattr(packet, name, None if at is None else at + self._led_in)
            self._container.mux(packet)

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Finish the file; after an error only let go of it."""
        if error is None:
            for end in self._video.finish() if self._video is not None else ():
                self._write_sound(until=end / self._rate)
            self._write_sound(until=None)
            self._mux_sound(None)
        self._container.close()
