"""Probe a hostile file in one pass: packet table of the chosen video, chosen audio as PCM. Child side.

Streams that turn out not to decode are left out, and the choice is made again in a further pass.
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

from core.errors import InputRejected
from core.media.decode.open import limit_decoder, open_media
from core.media.decode.timestamps import is_by_order, stream_us
from core.settings import MediaLimits
from schemas.documents.source import AudioTrack, SourceIndex
from streams.ingest.probe.audio_extraction import PcmWriter
from streams.ingest.probe.packet_table import VideoPacketTable
from streams.ingest.probe.speech_likelihood import measure_tracks
from streams.ingest.probe.track_selection import check_streams, choose_stream, explain_no_streams

PROTECTION_MARKS = (b"pssh", b"encv", b"enca")
"""Marks of copy-protected files."""
PROTECTION_SCAN_BYTES = 256 * 1024
"""Bytes at the start of a file that are searched for those marks."""
MAX_PASSES = 4
"""Passes over a file, each of which may find a stream that does not decode."""
MAX_READ_ERRORS = 20
"""Read errors in a row after which a file counts as ended."""
LENGTH_CHECK_PACKETS_COUNT = 256
"""Packets between two checks of the length."""
MAX_SHORTER_RATIO = 0.9
"""A file shorter than this share of what its header claims gets a warning."""
SEEKABLE_FORMATS = ("mov", "matroska", "avi", "mpegts", "mpeg", "ogg", "flv", "asf", "mp3", "wav", "flac")
"""Formats in which a seek by time is reliable."""
DAMAGED_WARNING = "The file is damaged in places; what can be read is used."
LOST_STREAM_WARNINGS = {
    "video": "The video cannot be decoded; only the sound is used.",
    "audio": "The sound cannot be decoded; only the pictures are used.",
}
NOTHING_DECODES = InputRejected("media.corrupt", "Neither the video nor the sound of the file can be decoded.")
Report = Callable[[int], None]


def probe_file(source: BinaryIO, limits: MediaLimits, pcm: Path, report: Report) -> SourceIndex:
    """Index ``source``; its audio is written to ``pcm`` when the index has audio.

    Raises InputRejected: ``media.corrupt``, ``.unsupported``, ``.no_audio_no_video``, ``.bomb``, ``.too_long``,
    ``.timeout``. ``report`` counts packets over all passes.
    """
    broken: dict[int, str] = {}
    packets = 0
    speech = _measure_speech_likelihood(source, limits)
    for _ in range(MAX_PASSES):
        source.seek(0)
        with _open_container(source, limits) as container:
            single_pass = _Pass(container, limits, broken, pcm, speech)
            for _ in single_pass.run():
                packets += 1
                report(packets)
            newly_broken = single_pass.find_broken()
            if not newly_broken:
                return single_pass.build_index(source.seek(0, 2))
        # Without these streams others are chosen, whose packets this pass did not read.
        broken |= newly_broken
    raise NOTHING_DECODES


def _open_container(source: BinaryIO, limits: MediaLimits) -> InputContainer:
    """Open the container. Raises InputRejected for a file that is protected or not media."""
    try:
        return open_media(source, max_pixels=limits.max_pixels, max_streams=1000)
    except (MemoryError, av.error.ExitError):
        raise
    except (av.FFmpegError, ValueError) as error:
        source.seek(0)
        if any(mark in source.read(PROTECTION_SCAN_BYTES) for mark in PROTECTION_MARKS):
            raise InputRejected("media.unsupported", "The file is copy protected (DRM) and cannot be read.") from error
        raise InputRejected("media.corrupt", "This is not a media file, or it is damaged beyond reading.") from error


def _measure_speech_likelihood(source: BinaryIO, limits: MediaLimits) -> dict[int, float]:
    """Measure how much each audio track sounds like speech.

    Nothing with one track, or where none can be read.
    """
    source.seek(0)
    with _open_container(source, limits) as container:
        check_streams(container, limits)
        if len(container.streams.audio) < 2:
            return {}
    try:
        return measure_tracks(source, max_pixels=limits.max_pixels, max_streams=1000)
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
        self._video = cast(VideoStream | None, choose_stream(container.streams, "video", broken))
        self._speech = speech
        self._audio = cast(AudioStream | None, choose_stream(container.streams, "audio", broken, speech))
        if self._video is None and self._audio is None:
            raise NOTHING_DECODES if broken else explain_no_streams(container.streams)
        self._origin_us = min(_start_us(stream) for stream in (self._video, self._audio) if stream is not None)
        self._packet_table = self._prepare_video()
        self._pcm = self._prepare_audio(pcm)
        self._audio_start_pts: int | None = None
        self._damaged = False

    def _prepare_video(self) -> VideoPacketTable | None:
        if self._video is None:
            return None
        limit_decoder(self._video, max_pixels=self._limits.max_pixels)
        return VideoPacketTable(self._video, ordered=is_by_order(self._container.format.name))

    def _prepare_audio(self, pcm: Path) -> PcmWriter | None:
        return None if self._audio is None else PcmWriter(pcm, self._origin_us)

    def run(self) -> Iterator[None]:
        """Take every packet; yield once for each."""
        chosen = [stream for stream in (self._video, self._audio) if stream is not None]
        for stream in self._container.streams:
            stream.discard = Discard.default if stream in chosen else Discard.all
        for count, packet in enumerate(self._packets(chosen)):
            if packet.stream is self._video:
                assert self._packet_table is not None
                self._packet_table.add(packet)
            else:
                self._decode_audio(packet)
            if count % LENGTH_CHECK_PACKETS_COUNT == 0:
                self._check_length()
            yield
        if self._packet_table is not None:
            self._packet_table.finish()
        self._decode_audio(None)
        if self._pcm is not None:
            self._pcm.flush()
        self._check_length()

    def _packets(self, chosen: list[Any]) -> Iterator[Packet[Any]]:
        """Yield packets with content; step over damaged places as long as something follows."""
        failures = 0
        while failures < MAX_READ_ERRORS:
            try:
                for packet in self._container.demux(*chosen):
                    if packet.size:
                        failures = 0
                        yield packet
                return
            # The child's own limits, which the parent names to the user; everything else is the file's damage.
            except (MemoryError, av.error.ExitError):
                raise
            except (av.FFmpegError, IndexError):  # IndexError: a stream that shows up in mid-file
                self._damaged = True
                failures += 1

    def _decode_audio(self, packet: Packet[AudioStream] | None) -> None:
        """Decode a packet of audio to the PCM file; a broken one marks the file damaged."""
        if self._audio is None or self._pcm is None:
            return
        try:
            frames = self._audio.codec_context.decode(packet)
            for frame in frames:
                if self._audio_start_pts is None:
                    self._audio_start_pts = frame.pts or 0
                self._pcm.add(frame)
        except (MemoryError, av.error.ExitError):
            raise
        except (av.FFmpegError, ValueError):
            self._damaged = True

    def _duration_ms(self) -> int:
        """Length of the longer of audio and video so far."""
        # 16 samples are a ms, and one that has begun counts.
        sound_ms = 0 if self._pcm is None else -(-self._pcm.samples // 16)
        seen_us = (
            0
            if self._packet_table is None or not self._packet_table.decodes
            else self._packet_table.end_us() - self._origin_us
        )
        return max(sound_ms, (seen_us + 500) // 1000)

    def _check_length(self) -> None:
        """Raise InputRejected for a file longer than the limit."""
        if self._duration_ms() > self._limits.max_duration_ms:
            hours = self._limits.max_duration_ms / 3_600_000
            raise InputRejected("media.too_long", f"The file is longer than the {hours:g} hours it may be.")

    def find_broken(self) -> dict[int, str]:
        """Return the chosen streams of which nothing could be decoded, with their kind."""
        newly_broken = {}
        if self._video is not None and self._packet_table is not None and not self._packet_table.decodes:
            newly_broken[self._video.index] = "video"
        if self._audio is not None and self._pcm is not None and self._pcm.samples == 0:
            newly_broken[self._audio.index] = "audio"
        return newly_broken

    def build_index(self, size_bytes: int) -> SourceIndex:
        """Build the source's index; closes the PCM file."""
        duration_ms = self._duration_ms()
        audio = self._audio_track()
        if self._pcm is not None:
            self._pcm.close(duration_ms)
        return SourceIndex(
            format=self._container.format.name,
            size_bytes=size_bytes,
            duration_ms=duration_ms,
            origin_us=self._origin_us,
            seekable=self._container.format.name.startswith(SEEKABLE_FORMATS),
            video=None if self._packet_table is None else self._packet_table.build_track(),
            audio=audio,
            packets=None if self._packet_table is None else self._packet_table.build_table(),
            warnings=self._warnings(duration_ms),
            audio_tracks=[
                audio if audio and stream is self._audio else self._describe_track(stream)
                for stream in self._list_audio_streams()
            ],
        )

    def _list_audio_streams(self) -> list[AudioStream]:
        """List the audio streams that have a decoder and are not known to be broken."""
        decodable = [stream for stream in self._container.streams.audio if stream.codec_context is not None]
        return [stream for stream in decodable if stream.index not in self._broken]

    def _audio_track(self) -> AudioTrack | None:
        """Describe the chosen track by what was decoded of it."""
        if self._audio is None or self._pcm is None:
            return None
        described = self._describe_track(self._audio)
        start = self._audio_start_pts or 0
        start_ms = (stream_us(start, described.time_base) - self._origin_us + 500) // 1000
        length_ms = max(0, self._pcm.samples // 16 - start_ms)
        return msgspec.structs.replace(described, start_pts=start, duration_ms=length_ms)

    def _describe_track(self, stream: AudioStream) -> AudioTrack:
        """Describe a stream by what the demuxer says."""
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
        """Build warnings about lost streams, damage and a wrong length."""
        kinds = {"video": self._packet_table, "audio": self._pcm}
        warnings = [LOST_STREAM_WARNINGS[kind] for kind in sorted(set(self._broken.values())) if kinds[kind] is None]
        if self._damaged:
            warnings.append(DAMAGED_WARNING)
        claimed_ms = (self._container.duration or 0) // 1000
        if claimed_ms - duration_ms > 2_000 and duration_ms < claimed_ms * MAX_SHORTER_RATIO:
            warnings.append(f"The file claims {claimed_ms / 1000:.0f} s but holds {duration_ms / 1000:.0f} s.")
        return warnings


def _start_us(stream: VideoStream | AudioStream) -> int:
    """Start time of a stream in µs; 0 where it has none."""
    if stream.start_time is None or stream.time_base is None:
        return 0
    return stream_us(stream.start_time, stream.time_base)
