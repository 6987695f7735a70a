"""Builds the clip's audio step by step, from its source to what is encoded.

In order: the chosen track with its pieces joined; high-pass, clicks, noise; speaker levels; loudness and peaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import av
import numpy as np

from core.media.decode.reader import SourceReader
from schemas.common import TimeRange, Value, Word
from schemas.documents.edit import PlacedSegment
from schemas.documents.export import SoundReport, SpeakerLevel
from schemas.documents.quality import Bound, Limits
from schemas.documents.source import AudioTrack, SourceIndex
from schemas.options.audio import SoundWish
from streams.renderer.audio.cleanup import apply_high_pass, remove_clicks
from streams.renderer.audio.codec_round_trip import EncodedAudio
from streams.renderer.audio.crossfade import SAMPLES_PER_MS, fit_length, join_pieces
from streams.renderer.audio.denoise import reduce_noise
from streams.renderer.audio.downmix import fill_silent_side
from streams.renderer.audio.loudness import Sound
from streams.renderer.audio.normalize import RoundTrip, normalize_loudness
from streams.renderer.audio.soundtrack import fade_edges
from streams.renderer.audio.speaker_levels import level_speakers
from streams.renderer.timeline.source_damage import silence_warnings

AddBrandAudio = Callable[[Sound], Sound]
"""Lays the brand kit's music and bumper audio under and around the clip's."""


def add_nothing(sound: Sound) -> Sound:
    """Return the clip's audio unchanged: there is no brand kit."""
    return sound


class AudioMix(Value, frozen=True, kw_only=True):
    """The audio to encode, with warnings and the report of what was done."""

    sound: Sound
    packets: EncodedAudio | None = None
    """The encoded packets, where a round trip made them already."""
    warnings: list[str] = []
    report: SoundReport | None = None
    voice: Sound | None = None
    """The source's audio, cleaned and levelled, before normalisation and music."""


class CleanedAudio(Value, frozen=True, kw_only=True):
    """Cleaned audio with its speakers at one level; its loudness is still the source's."""

    sound: Sound
    speakers: list[SpeakerLevel] = []
    clicks: int = 0


class SourceAudio:
    """Reads one audio track of a source and counts what was decoded of it."""

    def __init__(self, *, reader: SourceReader, index: SourceIndex, step: Callable[[], None]) -> None:
        """``step`` is called for each frame."""
        self.index = index
        self.decoded_ranges: list[tuple[TimeRange, float]] = []
        """Each range that was requested, and how many ms of it were decoded."""
        self._reader, self._step = reader, step

    def choose_track(self, number: int | None) -> tuple[AudioTrack | None, list[str]]:
        """The track of the requested number, else the default track with a warning."""
        tracks = self.index.audio_tracks
        if number is None or self.index.audio is None:
            return self.index.audio, []
        if number <= len(tracks):
            return tracks[number - 1], []
        reason = f"has {len(tracks)}" if tracks else "was taken in before its tracks were counted"
        return self.index.audio, [
            f"audio.track: track {number} was asked for; the source {reason}: the usual one plays"
        ]

    def read(self, track: AudioTrack, time: TimeRange) -> Iterator[tuple[int, av.AudioFrame]]:
        """Frames of a range."""
        decoded_ms = 0.0
        for at_ms, frame in self._reader.read_audio(time, track):
            self._step()
            end_ms = at_ms + frame.samples * 1000 / frame.sample_rate
            decoded_ms += max(0.0, min(end_ms, time.end_ms) - max(at_ms, time.start_ms))
            yield at_ms, frame
        self.decoded_ranges.append((time, decoded_ms))

    def loss_warnings(self, track: AudioTrack) -> list[str]:
        """Warnings about undecodable audio of the default track; only headers tell how long others last."""
        if self.index.audio is None or track.stream_index != self.index.audio.stream_index:
            return []
        return [
            warning
            for time, decoded_ms in self.decoded_ranges
            for warning in silence_warnings(time, self.index, decoded_ms)
        ]


def mix_audio(
    source: SourceAudio,
    played: Sequence[PlacedSegment],
    words: Sequence[Word],
    options: SoundWish,
    *,
    samples: int,
    round_trip: RoundTrip,
    add_brand_audio: AddBrandAudio = add_nothing,
) -> AudioMix:
    """Mix the clip's audio.

    ``words`` are on the output clock; ``round_trip`` decodes what the encoder makes of a sound. ``add_brand_audio``
    may lengthen the ``samples`` of the clip.
    """
    silence = np.zeros((samples, 2), np.float32)
    track, warnings = source.choose_track(options.track)
    if track is None:
        warnings = ["audio.absent: the source has no sound; the clip's track is silent"]
        return _mix_without_source(add_brand_audio(silence), warnings, options, round_trip)
    sound = join_pieces(played, samples, lambda time: source.read(track, time))
    if sound is None:
        warnings = [*warnings, "audio.absent: the source has no sound in this range; the clip's track is silent"]
        return _mix_without_source(add_brand_audio(silence), warnings, options, round_trip)
    clean = clean_audio(fill_silent_side(sound), words, played, options)
    voice = fade_edges(clean.sound)
    with_brand = add_brand_audio(voice)
    normalized = normalize_loudness(
        with_brand if with_brand is voice else fade_edges(with_brand), options.target_lufs, round_trip
    )
    return AudioMix(
        sound=normalized.sound,
        voice=fit_length(voice, len(with_brand)),
        warnings=[*warnings, *normalized.warnings, *source.loss_warnings(track)],
        report=SoundReport(
            source_lufs=None if normalized.source_lufs is None else round(normalized.source_lufs, 2),
            gain_db=round(normalized.gain_db, 2),
            speakers=clean.speakers,
            clicks=clean.clicks,
            track=_track_number(source.index, track),
            tracks=max(1, len(source.index.audio_tracks)),
        ),
    )


def _mix_without_source(sound: Sound, warnings: list[str], options: SoundWish, round_trip: RoundTrip) -> AudioMix:
    """Mix a clip without source audio: silence, except for the brand kit's audio."""
    if not np.any(sound):
        return AudioMix(sound=sound, warnings=warnings)
    normalized = normalize_loudness(fade_edges(sound), options.target_lufs, round_trip)
    return AudioMix(sound=normalized.sound, warnings=[*warnings, *normalized.warnings])


def clean_audio(
    sound: Sound, words: Sequence[Word], played: Sequence[PlacedSegment], options: SoundWish
) -> CleanedAudio:
    """Apply the requested cleanup steps; speaker levelling is on by default.

    Silence in the place of an intro is set aside: the denoiser would take it for the noise floor.
    """
    lead_samples = round(played[0].output_start_ms * SAMPLES_PER_MS) if played else 0
    before, sound = sound[:lead_samples], sound[lead_samples:]
    clicks, speakers = 0, list[SpeakerLevel]()
    if options.high_pass:
        sound = apply_high_pass(sound)
    if options.declick:
        sound, clicks = remove_clicks(sound)
    sound = reduce_noise(sound, options.denoise)
    sound = np.concatenate([before, sound]) if lead_samples else sound
    if options.level_speakers:
        sound, speakers = level_speakers(sound, words, played)
    return CleanedAudio(sound=sound, speakers=speakers, clicks=clicks)


def quality_limits_for(options: SoundWish) -> Limits:
    """Limits of the quality checks, around the requested loudness."""
    default = Limits()
    return Limits(
        lufs=Bound(limit=default.lufs.limit, fail=default.lufs.fail, side=default.lufs.side, around=options.target_lufs)
    )


def _track_number(index: SourceIndex, track: AudioTrack) -> int | None:
    """Number of a track, from 1; None where the index does not list it."""
    numbers = [
        at for at, indexed_track in enumerate(index.audio_tracks, 1) if indexed_track.stream_index == track.stream_index
    ]
    return numbers[0] if numbers else None
