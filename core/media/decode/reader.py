"""Reads frames and audio of a source range on project time. For children only.

It reads no more than needed. All times are ms on the project's timeline; `timestamps` converts them to and from pts.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator
from functools import partial
from typing import BinaryIO, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard
from av.video.stream import VideoStream

from core.media.decode.display import display_array
from core.media.decode.open import as_binary, limit_decoder, open_media
from core.media.decode.skippable_packets import SkippingDecoder
from core.media.decode.timestamps import (
    first_pts_at,
    is_by_order,
    list_key_times,
    packet_pts,
    project_ms,
    split_at_keys,
)
from core.media.decode.tolerant import (
    decode,
    decode_audio,
    demux,
    drop_misplaced_frames,
    frames_until,
    key_byte_positions,
    thin_out,
)
from core.media.sandbox.child_source import SharedFileView
from schemas.common import TimeRange
from schemas.documents.source import AudioTrack, SourceIndex, VideoTrack

__all__ = ["SourceReader", "display_array"]

MAX_KEY_GAP_MS = 5_000
"""Key packets further apart than this are too sparse to find shots and faces by."""
MAX_FULLY_DECODED_PIXELS = 640 * 360
"""Frames up to this size are all decoded: an hour of 240p costs 12 CPU-s."""
AUDIO_PREROLL_MS = 120
"""Decoders of Opus and AAC need 80 ms before the first good sample."""
VIDEO_CUES_FORMAT = "matroska"
"""The format whose cues list only video."""
DEFAULT_MAX_PIXELS = 36_000_000
"""Pixels of the largest frame that is decoded."""


class SourceReader:
    """Reads a source by its index. Iterators are independent: each opens its own demuxer."""

    def __init__(
        self,
        source: BinaryIO,
        index: SourceIndex,
        *,
        threads: int = 1,
        max_pixels: int = DEFAULT_MAX_PIXELS,
        deblock: bool = True,
    ) -> None:
        """Prepare to read; ``source`` stays open when the reader closes.

        ``threads``: of the video decoder. Without ``deblock`` the loop filter is skipped: a seventh to a
        quarter cheaper, for measuring only, because block edges stay visible.
        """
        self._source = source
        self._index = index
        self._threads = threads
        self._max_pixels = max_pixels
        self._smooth = deblock
        self._keys = list_key_times(index)
        self._key_ms = [ms for _, ms in self._keys]
        self._is_by_order = is_by_order(index.format)
        self._pts_by_order = sorted(index.packets.pts) if self._is_by_order and index.packets is not None else []
        self._byte_of = key_byte_positions(index)
        self._open: list[InputContainer] = []
        self._damaged_ms: set[int] = set()

    def count_damaged(self, time: TimeRange) -> int:
        """Number of frames in ``time`` that were requested so far and are damaged or undecodable."""
        return sum(time.start_ms <= at_ms < time.end_ms for at_ms in self._damaged_ms)

    def close(self) -> None:
        """Close every demuxer that this reader opened."""
        for container in self._open:
            container.close()
        self._open.clear()

    def read_frames(
        self, time: TimeRange, skippable_ms: Collection[int] = frozenset()
    ) -> Iterator[tuple[int, av.VideoFrame]]:
        """Every frame presented in ``time``, (project ms, frame), in presentation order.

        Frames that begin at ``skippable_ms`` may be missing.
        """
        container, stream = self._open_video()
        position = self._key_position(time.start_ms)
        sparing = SkippingDecoder(self._index, skippable_ms, time.start_ms)
        yield from self._decode_from(container, stream, position, time, sparing)
        self._close_demuxer(container)

    def read_sparse_frames(
        self, time: TimeRange, *, gap_ms: int, far_keys_ms: int = MAX_KEY_GAP_MS
    ) -> Iterator[tuple[int, av.VideoFrame]]:
        """Some frames of ``time``, about ``gap_ms`` apart, as cheaply as possible.

        Small frames are all decoded. Of larger ones only key packets are fed to the decoder (VP9 ignores
        ``skip_frame``), except where they are more than ``far_keys_ms`` apart: there it decodes up to the
        wanted times.
        """
        track = self._video_track()
        container, stream = self._open_video()
        if not self._is_by_order:
            stream.codec_context.skip_frame = "NONREF"  # no other frame refers to these, and any neighbour will do
        if track.coded_width * track.coded_height <= MAX_FULLY_DECODED_PIXELS or not self._keys:
            everything = self._decode_from(container, stream, self._key_position(time.start_ms), time)
            yield from thin_out(everything, gap_ms)
        else:
            yield from self._read_sparse_large(container, stream, time, gap_ms, far_keys_ms)
        self._close_demuxer(container)

    def read_audio(self, time: TimeRange, track: AudioTrack | None = None) -> Iterator[tuple[int, av.AudioFrame]]:
        """Every audio frame that overlaps ``time``, (project ms of its first sample, frame), in order.

        From the chosen track, or another one of the index.
        """
        track = track or self._audio_track()
        container = self._open_demuxer(track.stream_index)
        stream = cast(AudioStream, container.streams[track.stream_index])
        from_pts = first_pts_at(time.start_ms - AUDIO_PREROLL_MS, track.time_base, self._index.origin_us)
        behind = 0  # two frames in a row behind the end are the end: one may be a damaged packet's
        for packet in self._audio_packets(container, stream, track, max(track.start_pts, from_pts)):
            for frame in decode_audio(stream, packet if packet.size else None):
                if frame.pts is None or frame.time_base is None:
                    continue
                start_ms = project_ms(frame.pts, frame.time_base, self._index.origin_us)
                behind = behind + 1 if start_ms >= time.end_ms else 0
                if behind == 2:
                    self._close_demuxer(container)
                    return
                if not behind and start_ms + frame.samples * 1000 / frame.sample_rate > time.start_ms:
                    yield start_ms, frame
        self._close_demuxer(container)

    def _read_sparse_large(
        self, container: InputContainer, stream: VideoStream, time: TimeRange, gap_ms: int, far_keys_ms: int
    ) -> Iterator[tuple[int, av.VideoFrame]]:
        last_ms: int | None = None
        for position, part in split_at_keys(self._key_ms, time, self._index.duration_ms, min_ms=far_keys_ms):
            if part.length_ms > far_keys_ms or position is None or self._key_ms[position] < time.start_ms:
                frames = thin_out(self._decode_from(container, stream, position, part), gap_ms)
            elif last_ms is not None and part.start_ms - last_ms < gap_ms // 2:
                continue
            else:
                frames = self._read_key_frame(container, stream, position)
            for at_ms, frame in frames:
                if time.start_ms <= at_ms < time.end_ms:
                    last_ms = at_ms
                    yield at_ms, frame

    def _read_key_frame(
        self, container: InputContainer, stream: VideoStream, position: int
    ) -> Iterator[tuple[int, av.VideoFrame]]:
        wanted_pts = self._keys[position][0]
        for packet in self._packets_from(container, stream, position):
            pts = packet_pts(packet, by_order=self._is_by_order)
            if pts is None or pts < wanted_pts:
                continue
            frames = decode(stream, packet) if packet.is_keyframe else []
            frames += decode(stream, None)
            yield from ((self._key_ms[position], frame) for frame in frames[:1])
            return

    def _decode_from(
        self,
        container: InputContainer,
        stream: VideoStream,
        position: int | None,
        time: TimeRange,
        sparing: SkippingDecoder | None = None,
    ) -> Iterator[tuple[int, av.VideoFrame]]:
        sparing = sparing or SkippingDecoder(self._index, frozenset())
        timed = self._decode_timed(self._packets_from(container, stream, position), stream, position, sparing)
        for at_ms, frame in drop_misplaced_frames(frames_until(timed, time.end_ms)):
            if time.start_ms <= at_ms < time.end_ms:
                yield at_ms, frame

    def _packets_from(
        self, container: InputContainer, stream: VideoStream, position: int | None
    ) -> Iterator[Packet[VideoStream]]:
        """Packets from a key packet on; the last one is empty and drains the decoder.

        Where the format's own seek lands behind the key packet, reading starts further back.
        """
        step = 1
        while True:
            self._seek_video(container, stream, position)
            packets = demux(container, stream)
            first = next((packet for packet in packets if packet.is_keyframe or not packet.size), None)
            landed = None if first is None else packet_pts(first, by_order=self._is_by_order)
            if not position or (landed is not None and landed <= self._keys[position][0]):
                break
            position, step = max(0, position - step), step * 2
        if first is not None:
            yield first
        yield from packets

    def _seek_video(self, container: InputContainer, stream: VideoStream, position: int | None) -> None:
        pts = self._video_track().start_pts if position is None else self._keys[position][0]
        byte = self._byte_of.get(pts, -1)
        if byte >= 0:
            container.seek(byte, unsupported_byte_offset=True, stream=stream)
        else:
            container.seek(pts, backward=True, stream=stream)

    def _audio_packets(
        self, container: InputContainer, stream: AudioStream, track: AudioTrack, pts: int
    ) -> Iterator[Packet[AudioStream]]:
        """Packets from the first one at ``pts`` or slightly before; the last one is empty.

        Matroska's cues list only video: a seek by audio alone would read the file from its beginning. What lies
        before the first key frame is read from there, because a seek would skip its audio.
        """
        position = self._key_position(project_ms(pts, track.time_base, self._index.origin_us))
        if position is None or not self._index.format.startswith(VIDEO_CUES_FORMAT):
            container.seek(pts, backward=True, stream=stream)
        elif position:
            container.seek(
                self._keys[position][0], backward=True, stream=container.streams[self._video_track().stream_index]
            )
        for packet in demux(container, stream):
            if not packet.size or packet.pts is None or packet.pts >= pts:
                yield packet

    def _open_video(self) -> tuple[InputContainer, VideoStream]:
        track = self._video_track()
        container = self._open_demuxer(track.stream_index)
        stream = cast(VideoStream, container.streams[track.stream_index])
        limit_decoder(stream, max_pixels=self._max_pixels, threads=self._threads, deblock=self._smooth)
        return container, stream

    def _open_demuxer(self, stream_index: int) -> InputContainer:
        container = open_media(
            as_binary(SharedFileView(self._source)),
            max_pixels=self._max_pixels,
            format_name=self._index.format,
        )
        for stream in container.streams:
            stream.discard = Discard.default if stream.index == stream_index else Discard.all
        self._open.append(container)
        return container

    def _close_demuxer(self, container: InputContainer) -> None:
        container.close()
        self._open.remove(container)

    def _decode_timed(
        self,
        packets: Iterator[Packet[VideoStream]],
        stream: VideoStream,
        position: int | None,
        sparing: SkippingDecoder,
    ) -> Iterator[tuple[int, av.VideoFrame]]:
        """Decoded frames with project times; by order where the format stores no presentation times."""
        track = self._video_track()
        base, origin_us = track.time_base, self._index.origin_us
        turn = (
            bisect_left(self._pts_by_order, self._keys[position][0])
            if self._is_by_order and position is not None
            else 0
        )
        for packet in packets:
            for frame in sparing.decode(stream, packet if packet.size else None, partial(self._note_damaged, packet)):
                if self._is_by_order:
                    pts = self._pts_by_order[min(turn, len(self._pts_by_order) - 1)]
                    turn += 1
                elif frame.pts is not None:
                    pts = frame.pts
                else:
                    continue
                at_ms = project_ms(pts, base, origin_us)
                if frame.is_corrupt:
                    self._damaged_ms.add(at_ms)
                yield at_ms, frame

    def _note_damaged(self, packet: Packet[VideoStream]) -> None:
        pts = packet_pts(packet, by_order=self._is_by_order)
        if pts is not None:
            self._damaged_ms.add(project_ms(pts, self._video_track().time_base, self._index.origin_us))

    def _key_position(self, time_ms: int) -> int | None:
        position = bisect_right(self._key_ms, time_ms) - 1
        return max(0, position) if self._keys else None

    def _video_track(self) -> VideoTrack:
        if self._index.video is None:
            raise ValueError("the source has no video: do not ask for pictures")
        return self._index.video

    def _audio_track(self) -> AudioTrack:
        if self._index.audio is None:
            raise ValueError("the source has no sound: do not ask for audio")
        return self._index.audio
