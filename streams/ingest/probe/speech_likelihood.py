"""How much like speech each audio track of a file sounds, by a few short listens. Child side; recognises no word.

Speech comes in syllables, three to eight a second, with pauses: its level moves at that pace, by a lot. Music and noise
hold on longer, or move less (Scheirer and Slaney 1997: energy at 4 Hz, share of quiet frames), and music keeps time:
its level moves at few paces, that of speech at all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard
from numpy.typing import NDArray

from core.media.decode.open import open_media
from core.media.decode.tolerant import demux, hear

RATE_HZ = 16_000
LISTENS, LISTEN_S = 3, 8
"""So often, spread over the file, and so long each time."""
MOST_TRACKS = 8
FRAME, HOP = 512, 256
VOICE_HZ = (250.0, 3_400.0)
SYLLABLES_HZ = (2.0, 9.0)
SLOW_HZ = 0.5
SILENT_POWER = 1e-7
"""-70 dBFS: nothing is said so softly."""
LEAST_FRAMES = 60
NO_TIME_KEPT = 0.65
"""How evenly a rhythm without any beat fills its spectrum: e to the power of Euler's constant less 1."""
Samples = NDArray[np.float32]


def likeness(samples: Samples) -> float:
    """From 0 (silence, noise, music) to 1 (somebody talks), of 16 kHz mono; below a second of sound 0."""
    if len(samples) < FRAME + HOP * LEAST_FRAMES:
        return 0.0
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP] * np.hanning(FRAME).astype(np.float32)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2 / (FRAME * FRAME / 4)
    first, last = (round(hz * FRAME / RATE_HZ) for hz in VOICE_HZ)
    voice = power[:, first:last].sum(axis=1)
    if voice.mean() < SILENT_POWER:
        return 0.0
    level = np.sqrt(voice)
    level = level / level.mean()
    rate_hz = RATE_HZ / HOP
    spectrum = np.abs(np.fft.rfft((level - level.mean()) * np.hanning(len(level)))) ** 2
    hz = np.fft.rfftfreq(len(level), 1 / rate_hz)
    moving = spectrum[hz >= SLOW_HZ].sum()
    if moving <= 0:
        return 0.0
    paces = spectrum[(hz >= SYLLABLES_HZ[0]) & (hz <= SYLLABLES_HZ[1])]
    syllables = paces.sum() / moving
    shares = np.maximum(paces / max(float(paces.sum()), 1e-12), 1e-12)
    even = float(np.exp(-(shares * np.log(shares)).sum())) / len(paces)
    quiet = float(np.mean(level < 0.5))
    depth = min(1.0, float(level.std()) / 0.8)
    return float(syllables * depth * min(1.0, quiet / 0.4) * min(1.0, even / NO_TIME_KEPT))


def listened(source: BinaryIO, *, max_pixels: int, max_streams: int) -> dict[int, float]:
    """Likeness of each audio stream, the largest of its listens; of the first few where there are many."""
    source.seek(0)
    with open_media(source, max_pixels=max_pixels, max_streams=max_streams) as container:
        indexes = [one.index for one in container.streams.audio if one.codec_context is not None][:MOST_TRACKS]
        starts = _starts(container)
    return {index: max(_listens(source, index, starts, max_pixels, max_streams), default=0.0) for index in indexes}


def _starts(container: InputContainer) -> list[int]:
    """µs of the container's own time at which to listen; a short file is heard from its beginning."""
    begin, length = container.start_time or 0, container.duration or 0
    if length < 2 * LISTENS * LISTEN_S * 1_000_000:
        return [begin]
    return [begin + length * (2 * at + 1) // (2 * LISTENS) for at in range(LISTENS)]


def _listens(source: BinaryIO, index: int, starts: Sequence[int], max_pixels: int, max_streams: int) -> Iterator[float]:
    source.seek(0)
    with open_media(source, max_pixels=max_pixels, max_streams=max_streams) as container:
        for stream in container.streams:
            stream.discard = Discard.default if stream.index == index else Discard.all
        audio = cast(AudioStream, container.streams[index])
        seconds = LISTEN_S if len(starts) > 1 else LISTEN_S * LISTENS
        for start_us in starts:
            try:
                container.seek(start_us)
            except av.FFmpegError:
                continue
            samples = _heard(container, audio, seconds)
            for first in range(0, max(1, len(samples)), LISTEN_S * RATE_HZ):
                yield likeness(samples[first : first + LISTEN_S * RATE_HZ])


def _heard(container: InputContainer, audio: AudioStream, seconds: int) -> Samples:
    """So many seconds from here on, less where the file ends or is damaged."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    pieces: list[Samples] = []
    count = 0
    audio.codec_context.flush_buffers()
    for packet in demux(container, audio):
        for frame in hear(audio, packet) if packet.size else []:
            frame.pts = None
            try:
                parts = [part.to_ndarray().reshape(-1).astype(np.float32) for part in resampler.resample(frame)]
            except (av.FFmpegError, ValueError):
                continue  # changed its form in mid-file: what came before will do
            pieces += parts
            count += sum(len(part) for part in parts)
        if count >= seconds * RATE_HZ:
            break
    return np.concatenate(pieces)[: seconds * RATE_HZ] if pieces else np.zeros(0, np.float32)
