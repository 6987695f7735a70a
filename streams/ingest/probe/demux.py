"""One pass over the packets of a hostile file: the chosen video's table, the chosen sound as PCM. Child side only.

Streams that turn out not to decode are left out and chosen around in a further pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, cast

import av
import msgspec
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard
from av.video.stream import VideoStream

from core.errors import Rejected
from core.media.decode.open import limit_decoder, open_media
from core.media.decode.timestamps import by_order, stream_us
from core.settings import MediaLimits
from schemas.documents.source import AudioTrack, SourceIndex
from streams.ingest.probe.audio_extraction import PcmFile
from streams.ingest.probe.packet_table import VideoTally
from streams.ingest.probe.speech_likelihood import listened
from streams.ingest.probe.track_selection import check_streams, choose, refuse_nothing

PROTECTED = (b"pssh", b"encv", b"enca")
HEAD_BYTES = 256 * 1024
MAX_PASSES = 4
MAX_READ_ERRORS = 20
CHECK_EVERY_PACKETS = 256
SHORTER_BY = 0.9
SEEKABLE = ("mov", "matroska", "avi", "mpegts", "mpeg", "ogg", "flv", "asf", "mp3", "wav", "flac")
DAMAGED = "The file is damaged in places; what can be read is used."
LOST = {
    "video": "The video cannot be decoded; only the sound is used.",
    "audio": "The sound cannot be decoded; only the pictures are used.",
}
CORRUPT = Rejected("media.corrupt", "Neither the video nor the sound of the file can be decoded.")
Report = Callable[[int], None]


def survey(source: BinaryIO, limits: MediaLimits, pcm: Path, report: Report) -> SourceIndex:
    """What ``source`` holds; its sound is in ``pcm`` when the index has audio.

    Raises Rejected: ``media.corrupt``, ``.unsupported``, ``.no_audio_no_video``, ``.bomb``, ``.too_long``,
    ``.timeout``. ``report`` counts packets over all passes.
    """
    broken: dict[int, str] = {}
    packets = 0
    speech = _speech(source, limits)
    for _ in range(MAX_PASSES):
        source.seek(0)
        with _open(source, limits) as container:
            one = _Pass(container, limits, broken, pcm, speech)
            for _ in one.run():
                packets += 1
                report(packets)
            lost = one.lost()
            if not lost:
                return one.index(source.seek(0, 2))
        broken |= lost
    raise CORRUPT


def _open(source: BinaryIO, limits: MediaLimits) -> InputContainer:
    try:
        return open_media(source, max_pixels=limits.max_pixels, max_streams=1000)
    except (MemoryError, av.error.ExitError):
        raise
    except (av.FFmpegError, ValueError) as error:
        source.seek(0)
        if any(mark in source.read(HEAD_BYTES) for mark in PROTECTED):
            raise Rejected("media.unsupported", "The file is copy protected (DRM) and cannot be read.") from error
        raise Rejected("media.corrupt", "This is not a media file, or it is damaged beyond reading.") from error


def _speech(source: BinaryIO, limits: MediaLimits) -> dict[int, float]:
    """How much like speech each audio track sounds; nothing where there is one, or they cannot be listened to."""
    source.seek(0)
    with _open(source, limits) as container:
        check_streams(container, limits)
        if len(container.streams.audio) < 2:
            return {}
    try:
        return listened(source, max_pixels=limits.max_pixels, max_streams=1000)
    except (MemoryError, av.error.ExitError):
        raise
    except (av.FFmpegError, ValueError):
        return {}


class _Pass:
    """One pass over one opened container."""

    def __init__(
        self,
        container: InputContainer,
        limits: MediaLimits,
        broken: dict[int, str],
        pcm: Path,
        speech: Mapping[int, float],
    ) -> None:
        check_streams(container, limits)
        self._container = container
        self._limits = limits
        self._broken = broken
        self._video = cast(VideoStream | None, choose(container.streams, "video", broken))
        self._speech = speech
        self._audio = cast(AudioStream | None, choose(container.streams, "audio", broken, speech))
        if self._video is None and self._audio is None:
            raise CORRUPT if broken else refuse_nothing(container.streams)
        self._origin_us = min(_start_us(stream) for stream in (self._video, self._audio) if stream is not None)
        self._tally = self._prepare_video()
        self._sound = self._prepare_audio(pcm)
        self._sound_start_pts: int | None = None
        self._damaged = False

    def _prepare_video(self) -> VideoTally | None:
        if self._video is None:
            return None
        limit_decoder(self._video, max_pixels=self._limits.max_pixels)
        return VideoTally(self._video, ordered=by_order(self._container.format.name))

    def _prepare_audio(self, pcm: Path) -> PcmFile | None:
        return None if self._audio is None else PcmFile(pcm, self._origin_us)

    def run(self) -> Iterator[None]:
        """Take every packet; yields once for each."""
        chosen = [stream for stream in (self._video, self._audio) if stream is not None]
        for stream in self._container.streams:
            stream.discard = Discard.default if stream in chosen else Discard.all
        for count, packet in enumerate(self._packets(chosen)):
            if packet.stream is self._video:
                assert self._tally is not None
                self._tally.add(packet)
            else:
                self._hear(packet)
            if count % CHECK_EVERY_PACKETS == 0:
                self._check_length()
            yield
        if self._tally is not None:
            self._tally.finish()
        self._hear(None)
        if self._sound is not None:
            self._sound.flush()
        self._check_length()

    def _packets(self, chosen: list[Any]) -> Iterator[Packet[Any]]:
        """Packets with content; a damaged place is stepped over as long as something comes after it."""
        failures = 0
        while failures < MAX_READ_ERRORS:
            try:
                for packet in self._container.demux(*chosen):
                    if packet.size:
                        failures = 0
                        yield packet
                return
            except (MemoryError, av.error.ExitError):
                raise
            except (av.FFmpegError, IndexError):  # IndexError: a stream that shows up in mid-file
                self._damaged = True
                failures += 1

    def _hear(self, packet: Packet[AudioStream] | None) -> None:
        if self._audio is None or self._sound is None:
            return
        try:
            frames = self._audio.codec_context.decode(packet)
            for frame in frames:
                if self._sound_start_pts is None:
                    self._sound_start_pts = frame.pts or 0
                self._sound.add(frame)
        except (MemoryError, av.error.ExitError):
            raise
        except (av.FFmpegError, ValueError):
            self._damaged = True

    def _duration_ms(self) -> int:
        sound_ms = 0 if self._sound is None else -(-self._sound.samples // 16)
        seen_us = 0 if self._tally is None or not self._tally.shows else self._tally.end_us() - self._origin_us
        return max(sound_ms, (seen_us + 500) // 1000)

    def _check_length(self) -> None:
        if self._duration_ms() > self._limits.max_duration_ms:
            hours = self._limits.max_duration_ms / 3_600_000
            raise Rejected("media.too_long", f"The file is longer than the {hours:g} hours it may be.")

    def lost(self) -> dict[int, str]:
        """Chosen streams of which nothing could be decoded."""
        lost = {}
        if self._video is not None and self._tally is not None and not self._tally.shows:
            lost[self._video.index] = "video"
        if self._audio is not None and self._sound is not None and self._sound.samples == 0:
            lost[self._audio.index] = "audio"
        return lost

    def index(self, size_bytes: int) -> SourceIndex:
        """What was found; closes the PCM file."""
        duration_ms = self._duration_ms()
        audio = self._audio_track()
        if self._sound is not None:
            self._sound.close(duration_ms)
        return SourceIndex(
            format=self._container.format.name,
            size_bytes=size_bytes,
            duration_ms=duration_ms,
            origin_us=self._origin_us,
            seekable=self._container.format.name.startswith(SEEKABLE),
            video=None if self._tally is None else self._tally.track(),
            audio=audio,
            packets=None if self._tally is None else self._tally.table(),
            warnings=self._warnings(duration_ms),
            audio_tracks=[audio if audio and one is self._audio else self._told(one) for one in self._tracks()],
        )

    def _tracks(self) -> list[AudioStream]:
        """All audio streams that have a decoder, and in which something decodes as far as is known."""
        found = [one for one in self._container.streams.audio if one.codec_context is not None]
        return [one for one in found if one.index not in self._broken]

    def _audio_track(self) -> AudioTrack | None:
        """The chosen one, by what was decoded of it."""
        if self._audio is None or self._sound is None:
            return None
        told = self._told(self._audio)
        start = self._sound_start_pts or 0
        start_ms = (stream_us(start, told.time_base) - self._origin_us + 500) // 1000
        length_ms = max(0, self._sound.samples // 16 - start_ms)
        return msgspec.structs.replace(told, start_pts=start, duration_ms=length_ms)

    def _told(self, stream: AudioStream) -> AudioTrack:
        """A stream by what the demuxer says."""
        context = stream.codec_context
        base = stream.time_base or Fraction(1, context.sample_rate or 1)
        speech = self._speech.get(stream.index)
        return AudioTrack(
            stream_index=stream.index,
            codec=context.codec.canonical_name,
            sample_rate_hz=context.sample_rate,
            channels=context.channels,
            time_base=(base.numerator, base.denominator),
            start_pts=stream.start_time or 0,
            duration_ms=(stream_us(stream.duration or 0, base) + 500) // 1000,
            layout=context.layout.name,
            language=str(stream.metadata.get("language", ""))[:8],
            speech=None if speech is None else round(speech, 3),
        )

    def _warnings(self, duration_ms: int) -> list[str]:
        kinds = {"video": self._tally, "audio": self._sound}
        warnings = [LOST[kind] for kind in sorted(set(self._broken.values())) if kinds[kind] is None]
        if self._damaged:
            warnings.append(DAMAGED)
        claimed_ms = (self._container.duration or 0) // 1000
        if claimed_ms - duration_ms > 2_000 and duration_ms < claimed_ms * SHORTER_BY:
            warnings.append(f"The file claims {claimed_ms / 1000:.0f} s but holds {duration_ms / 1000:.0f} s.")
        return warnings


def _start_us(stream: VideoStream | AudioStream) -> int:
    if stream.start_time is None or stream.time_base is None:
        return 0
    return stream_us(stream.start_time, stream.time_base)
