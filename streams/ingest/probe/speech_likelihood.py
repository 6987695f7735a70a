"""Measure how much each audio track of a file sounds like speech, by a few short samples. Child side.

Speech comes in syllables, three to eight a second, with pauses: its level moves at that rate, by a lot. Music and
noise hold on longer, or move less (Scheirer and Slaney 1997: energy at 4 Hz, share of quiet frames), and music keeps
time: its level moves at few rates, that of speech at all of them.
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
from core.media.decode.tolerant import decode_audio, demux

ANALYSIS_RATE_HZ = 16_000
"""Sample rate of the analysis."""
SAMPLE_COUNT = 3
"""Samples taken, spread over the file."""
SAMPLE_SECONDS = 8
"""Length of each sample."""
MAX_TRACKS = 8
"""Tracks that are measured; a file with more has the first ones measured."""
FRAME_SAMPLES = 512
"""Samples of a frame: 32 ms."""
HOP_SAMPLES = 256
"""Samples between frames: 16 ms."""
VOICE_BAND_HZ = (250.0, 3_400.0)
"""Frequencies of the voice band: a telephone's."""
SYLLABLE_RATES_HZ = (2.0, 9.0)
"""Modulation rates of syllables."""
MIN_MODULATION_HZ = 0.5
"""Slower modulation than this is a fade."""
MIN_VOICE_POWER = 1e-7
"""Least power of the voice band: -70 dBFS, nothing is said more softly."""
MIN_FRAMES = 60
"""Frames of which a likelihood can be measured: a second."""
MAX_EVENNESS_RATIO = 0.65
"""Evenness of the spectrum of a rhythm without any beat: e to the power of Euler's constant less 1."""
FloatSamples = NDArray[np.float32]


def measure_speech_likelihood(samples: FloatSamples) -> float:
    """Measure from 0 (silence, noise, music) to 1 (speech), of 16 kHz mono; 0 below a second of sound."""
    if len(samples) < FRAME_SAMPLES + HOP_SAMPLES * MIN_FRAMES:
        return 0.0
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME_SAMPLES)[::HOP_SAMPLES] * np.hanning(
        FRAME_SAMPLES
    ).astype(np.float32)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2 / (FRAME_SAMPLES * FRAME_SAMPLES / 4)
    first, last = (round(hz * FRAME_SAMPLES / ANALYSIS_RATE_HZ) for hz in VOICE_BAND_HZ)
    voice = power[:, first:last].sum(axis=1)
    if voice.mean() < MIN_VOICE_POWER:
        return 0.0
    level = np.sqrt(voice)
    level = level / level.mean()
    rate_hz = ANALYSIS_RATE_HZ / HOP_SAMPLES
    spectrum = np.abs(np.fft.rfft((level - level.mean()) * np.hanning(len(level)))) ** 2
    hz = np.fft.rfftfreq(len(level), 1 / rate_hz)
    modulation = spectrum[hz >= MIN_MODULATION_HZ].sum()
    if modulation <= 0:
        return 0.0
    syllable_spectrum = spectrum[(hz >= SYLLABLE_RATES_HZ[0]) & (hz <= SYLLABLE_RATES_HZ[1])]
    syllables = syllable_spectrum.sum() / modulation
    shares = np.maximum(syllable_spectrum / max(float(syllable_spectrum.sum()), 1e-12), 1e-12)
    evenness = float(np.exp(-(shares * np.log(shares)).sum())) / len(syllable_spectrum)
    quiet = float(np.mean(level < 0.5))
    depth = min(1.0, float(level.std()) / 0.8)
    return float(syllables * depth * min(1.0, quiet / 0.4) * min(1.0, evenness / MAX_EVENNESS_RATIO))


def measure_tracks(source: BinaryIO, *, max_pixels: int, max_streams: int) -> dict[int, float]:
    """Measure each audio stream, the largest of its samples; only the first of many streams."""
    source.seek(0)
    with open_media(source, max_pixels=max_pixels, max_streams=max_streams) as container:
        indexes = [stream.index for stream in container.streams.audio if stream.codec_context is not None][:MAX_TRACKS]
        starts = _choose_starts(container)
    return {
        index: max(_measure_samples(source, index, starts, max_pixels, max_streams), default=0.0) for index in indexes
    }


def _choose_starts(container: InputContainer) -> list[int]:
    """Choose sample starts in µs of the container's time; a short file is read from its beginning."""
    begin, length = container.start_time or 0, container.duration or 0
    if length < 2 * SAMPLE_COUNT * SAMPLE_SECONDS * 1_000_000:
        return [begin]
    return [begin + length * (2 * sample + 1) // (2 * SAMPLE_COUNT) for sample in range(SAMPLE_COUNT)]


def _measure_samples(
    source: BinaryIO, index: int, starts: Sequence[int], max_pixels: int, max_streams: int
) -> Iterator[float]:
    """Yield the likelihood of each sample of a stream."""
    source.seek(0)
    with open_media(source, max_pixels=max_pixels, max_streams=max_streams) as container:
        for stream in container.streams:
            stream.discard = Discard.default if stream.index == index else Discard.all
        audio = cast(AudioStream, container.streams[index])
        seconds = SAMPLE_SECONDS if len(starts) > 1 else SAMPLE_SECONDS * SAMPLE_COUNT
        for start_us in starts:
            try:
                container.seek(start_us)
            except av.FFmpegError:
                continue
            samples = _decode_samples(container, audio, seconds)
            for first in range(0, max(1, len(samples)), SAMPLE_SECONDS * ANALYSIS_RATE_HZ):
                yield measure_speech_likelihood(samples[first : first + SAMPLE_SECONDS * ANALYSIS_RATE_HZ])


def _decode_samples(container: InputContainer, audio: AudioStream, seconds: int) -> FloatSamples:
    """Decode at least ``seconds`` from here on; less where the file ends or is damaged."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=ANALYSIS_RATE_HZ)
    blocks: list[FloatSamples] = []
    sample_count = 0
    audio.codec_context.flush_buffers()
    for packet in demux(container, audio):
        for frame in decode_audio(audio, packet) if packet.size else []:
            frame.pts = None
            try:
                parts = [part.to_ndarray().reshape(-1).astype(np.float32) for part in resampler.resample(frame)]
            except (av.FFmpegError, ValueError):
                continue  # The format changed in mid-file: what came before is enough.
            blocks += parts
            sample_count += sum(len(part) for part in parts)
        if sample_count >= seconds * ANALYSIS_RATE_HZ:
            break
    return np.concatenate(blocks)[: seconds * ANALYSIS_RATE_HZ] if blocks else np.zeros(0, np.float32)
