"""Encodes and decodes audio to measure what a codec does to its peaks: AAC raises some by 2 to 3 dB."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Any, NamedTuple

import av
import numpy as np
from av.audio.stream import AudioStream
from av.packet import Packet

from schemas.options.file_formats import AudioCodec
from streams.renderer.audio.loudness import RATE_HZ, Sound
from streams.renderer.audio.soundtrack import to_audio_frames
from streams.renderer.codecs import AUDIO_ENCODERS

LOSSY_CONTAINERS: Mapping[AudioCodec, str] = MappingProxyType({"aac": "mp4", "opus": "webm", "mp3": "mp3"})
"""Codecs that change peaks, and for each a container that states the encoder's delay."""
KEPT_CODEC: AudioCodec = "aac"
"""The codec whose packets can be muxed again; packets of the others carry more than bytes and times."""


class AudioPacket(NamedTuple):
    """An encoded packet; its times are in samples."""

    body: bytes
    pts: int | None
    dts: int | None
    duration: int


EncodedAudio = Sequence[Sequence[AudioPacket]]
"""Packets of a sound for each encode call: one per frame of `to_audio_frames`, and the final drain."""


class CodecRoundTrip:
    """Decodes a sound after encoding it; the packets of AAC are kept, so that they are encoded once."""

    def __init__(self, bit_rate: int, audio: AudioCodec) -> None:
        """Lossless codecs are passed through."""
        self._bit_rate, self._audio = bit_rate, audio
        self._round_trips: list[tuple[Sound, EncodedAudio]] = []

    def __call__(self, sound: Sound) -> Sound:
        """Encode 48 kHz stereo and decode it again, sample for sample."""
        if self._audio not in LOSSY_CONTAINERS:
            return sound
        decoded, coded = encode_and_decode(sound, self._bit_rate, self._audio)
        if self._audio == KEPT_CODEC:
            self._round_trips.append((sound, coded))
        return decoded

    def packets_of(self, sound: Sound) -> EncodedAudio | None:
        """The packets of this very array; None where they were not kept."""
        return next((coded for source_sound, coded in self._round_trips if source_sound is sound), None)


def decode_round_trip(sound: Sound, bit_rate: int, audio: AudioCodec = "aac") -> Sound:
    """Decode 48 kHz stereo after a lossy codec, sample for sample."""
    return encode_and_decode(sound, bit_rate, audio)[0]


def encode_and_decode(sound: Sound, bit_rate: int, audio: AudioCodec) -> tuple[Sound, EncodedAudio]:
    """Encode 48 kHz stereo and decode it again. Returns the decoded sound and the packets."""
    memory = io.BytesIO()
    encoder, form = AUDIO_ENCODERS[audio]
    calls: list[list[AudioPacket]] = []
    with av.open(memory, "w", format=LOSSY_CONTAINERS[audio]) as container:
        stream = container.add_stream(encoder, rate=RATE_HZ, layout="stereo")
        assert isinstance(stream, AudioStream)
        stream.format, stream.bit_rate = form, bit_rate
        for frame in (*to_audio_frames(sound), None):
            packets = stream.encode(frame)
            calls.append(
                [AudioPacket(bytes(packet), packet.pts, packet.dts, packet.duration or 0) for packet in packets]
            )
            container.mux(packets)
    memory.seek(0)
    with av.open(memory, "r") as container:
        pieces = [_stereo(frame) for frame in container.decode(audio=0)]
    decoded = np.zeros_like(sound)
    joined = np.concatenate(pieces)[: len(sound)] if pieces else decoded[:0]
    decoded[: len(joined)] = joined
    return decoded, calls


class PacketReplay:
    """Stands in for an encoder and returns the packets of an earlier encode, call by call."""

    def __init__(self, coded: EncodedAudio, stream: AudioStream) -> None:
        """``stream`` is the target track, configured as the encoder was."""
        self._coded, self._stream = iter(coded), stream

    def encode(self, frame: av.AudioFrame | None) -> list[Packet[Any]]:
        """The packets of the next call, for the same frame as then."""
        return [self._packet(packet) for packet in next(self._coded)]

    def _packet(self, audio_packet: AudioPacket) -> Packet[Any]:
        packet: Packet[Any] = Packet(audio_packet.body)
        packet.pts, packet.dts, packet.duration = audio_packet.pts, audio_packet.dts, audio_packet.duration
        packet.time_base, packet.is_keyframe = Fraction(1, RATE_HZ), True
        packet.stream = self._stream
        return packet


def _stereo(frame: av.AudioFrame) -> Sound:
    """Samples of a decoded frame, shape (n, 2), from planar or interleaved layout."""
    samples = frame.to_ndarray().astype(np.float32, copy=False)
    return samples.T if frame.format.is_planar else samples.reshape(-1, 2)
