"""Writes the proxy of a source: small pictures, a key frame each second, the index in front.

Times are project times. Pictures have no others that come after them (B-frames), so no player shifts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import PictureType
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from core.errors import InputRejected
from core.media.decode.reader import SourceReader
from core.progress import Report
from schemas.common import CropBox, TimeRange
from schemas.documents.frame_plan import ShotCrop
from schemas.documents.source import SourceIndex, VideoTrack
from streams.renderer.video.scaler import FrameScaler, deinterlace
from streams.transcode.sound import RATE_HZ, Samples, lay_sound

MAX_SIDES_PX = (1280, 720)
"""Longer and shorter side of the pictures: a player next to a transcript is seldom larger."""
MIN_FRAME_GAP_MS = 32
"""Pictures nearer than this to the last one are left out: at most 30 a second are kept."""
KEY_GAP_MS = 1_000
"""Time from one key frame to the next: a jump decodes half a second on average."""
THREADS = 2
CRF_LEVEL = 26
MAX_KBITS_PER_S = 2_500
"""Highest rate over two seconds: any line plays it."""
X264_OPTIONS = {
    "preset": "superfast",
    "crf": str(CRF_LEVEL),
    "bf": "0",
    "forced-idr": "1",
    "x264-params": f"scenecut=0:vbv-maxrate={MAX_KBITS_PER_S}:vbv-bufsize={2 * MAX_KBITS_PER_S}",
}
AUDIO_BITS_PER_S = 96_000
TIME_BASE = Fraction(1, 1000)
FASTSTART = {"movflags": "+faststart"}
NOTHING_DECODES = InputRejected("media.corrupt", "No picture of the file can be decoded.")


def fit_size(track: VideoTrack) -> tuple[int, int]:
    """Width and height of the proxy's pictures: those of the source, or the largest even ones that fit."""
    width, height = track.display_width, track.display_height
    ratio = min(1.0, MAX_SIDES_PX[0] / max(width, height), MAX_SIDES_PX[1] / min(width, height))
    return max(2, round(width * ratio / 2) * 2), max(2, round(height * ratio / 2) * 2)


def write_proxy(source: BinaryIO, index: SourceIndex, path: Path, scratch: Path, report: Report) -> None:
    """Write the proxy of ``source`` to ``path``; ``report`` counts ms.

    Raises InputRejected where no picture can be decoded.
    """
    time = TimeRange(start_ms=0, end_ms=index.duration_ms)
    reader = SourceReader(source, index, threads=THREADS)
    try:
        with av.open(str(path), "w", format="mp4", options=FASTSTART) as container:
            pictures = _Pictures(container, index.video, scratch) if index.video else None
            sound = _Sound(container, lay_sound(reader.read_audio(time))) if index.audio else None
            if pictures is not None:
                _write_pictures(pictures, sound, deinterlace(reader.read_frames(time)), report)
            if sound is not None:
                sound.write_rest(report)
    finally:
        reader.close()


def _write_pictures(
    pictures: _Pictures, sound: _Sound | None, frames: Iterable[tuple[int, av.VideoFrame]], report: Report
) -> None:
    for at_ms, frame in frames:
        if sound is not None:
            sound.write_until(at_ms)
        pictures.write(frame, at_ms)
        report(at_ms + 1)
    pictures.finish()


class _Pictures:
    """The video track of a proxy."""

    def __init__(self, container: OutputContainer, track: VideoTrack, scratch: Path) -> None:
        width, height = fit_size(track)
        self._container = container
        self._scaler = FrameScaler(track, (width, height), scratch)
        box = CropBox(x=0, y=0, width=track.display_width, height=track.display_height)
        self._whole = ShotCrop(range=TimeRange(start_ms=0, end_ms=0), crop=box, mode="hold", reason="all of it")
        self._stream = _add_video(container, width, height)
        self._last_ms: int | None = None
        self._next_key_ms = 0

    def write(self, frame: av.VideoFrame, at_ms: int) -> None:
        """Encode a picture, unless it follows too soon; the first one is shown from 0 ms on."""
        if self._last_ms is None:
            at_ms = 0
        elif at_ms - self._last_ms < MIN_FRAME_GAP_MS:
            return
        picture = self._scaler.scale(frame, self._whole, at_ms)
        picture.pts, picture.time_base = at_ms, TIME_BASE
        picture.pict_type = PictureType.NONE
        if at_ms >= self._next_key_ms:
            picture.pict_type = PictureType.I
            self._next_key_ms = at_ms // KEY_GAP_MS * KEY_GAP_MS + KEY_GAP_MS
        self._last_ms = at_ms
        self._container.mux(self._stream.encode(picture))

    def finish(self) -> None:
        """Write what the encoder holds. Raises InputRejected where there was no picture."""
        if self._last_ms is None:
            raise NOTHING_DECODES
        self._container.mux(self._stream.encode(None))


class _Sound:
    """The audio track of a proxy."""

    def __init__(self, container: OutputContainer, pieces: Iterator[Samples]) -> None:
        self._container, self._pieces = container, pieces
        self._stream = container.add_stream("aac", rate=RATE_HZ, layout="stereo")
        assert isinstance(self._stream, AudioStream)
        self._stream.bit_rate = AUDIO_BITS_PER_S
        self._end = 0

    def write_until(self, at_ms: int) -> None:
        """Encode the sound up to a time, where there is as much."""
        while self._end * 1000 < at_ms * RATE_HZ and self._write_piece():
            pass

    def write_rest(self, report: Report) -> None:
        """Encode the rest of the sound, and write what the encoder holds."""
        while self._write_piece():
            report(self._end * 1000 // RATE_HZ)
        self._container.mux(self._stream.encode(None))

    def _write_piece(self) -> bool:
        piece = next(self._pieces, None)
        if piece is None:
            return False
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self._end, Fraction(1, RATE_HZ)
        self._container.mux(self._stream.encode(frame))
        self._end += piece.shape[1]
        return True


def _add_video(container: OutputContainer, width: int, height: int) -> VideoStream:
    stream = container.add_stream("libx264", rate=30, options=X264_OPTIONS)
    assert isinstance(stream, VideoStream)
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base = TIME_BASE
    context.gop_size = 10 * KEY_GAP_MS // MIN_FRAME_GAP_MS
    context.thread_count = THREADS
    context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.ITU709
    context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    return stream
