"""Tries the sound's encoding before it counts: AAC lifts some peaks by 2 or 3 dB. Keeps no file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from types import MappingProxyType

import av
import numpy as np
from av.audio.stream import AudioStream

from schemas.file_kinds import AudioCodec
from streams.render.codecs import SOUND_ENCODERS
from streams.render.loudness import RATE_HZ, Sound
from streams.render.sound import audio_frames

TRIALS: Mapping[AudioCodec, str] = MappingProxyType({"aac": "mp4", "opus": "webm", "mp3": "mp3"})
"""Codecs that change peaks, and a container that says how much silence they begin with."""


def heard_after(sound: Sound, bit_rate: int, audio: AudioCodec) -> Sound:
    """What is heard of 48 kHz stereo after any codec, sample for sample; those that lose nothing are not tried."""
    return encoded(sound, bit_rate, audio) if audio in TRIALS else sound


def encoded(sound: Sound, bit_rate: int, audio: AudioCodec = "aac") -> Sound:
    """What is heard of 48 kHz stereo after a codec that loses something, sample for sample."""
    memory = io.BytesIO()
    encoder, form = SOUND_ENCODERS[audio]
    with av.open(memory, "w", format=TRIALS[audio]) as container:
        stream = container.add_stream(encoder, rate=RATE_HZ, layout="stereo")
        assert isinstance(stream, AudioStream)
        stream.format, stream.bit_rate = form, bit_rate
        for frame in audio_frames(sound):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    memory.seek(0)
    with av.open(memory, "r") as container:
        heard = [_stereo(frame) for frame in container.decode(audio=0)]
    whole = np.zeros_like(sound)
    joined = np.concatenate(heard)[: len(sound)] if heard else whole[:0]
    whole[: len(joined)] = joined
    return whole


def _stereo(frame: av.AudioFrame) -> Sound:
    """Samples of a decoded frame, shape (n, 2), whether its channels come one after the other or side by side."""
    samples = frame.to_ndarray().astype(np.float32, copy=False)
    return samples.T if frame.format.is_planar else samples.reshape(-1, 2)
