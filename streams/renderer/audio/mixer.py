"""The clip's sound from its source to what is encoded, step by step. Opens no media itself, writes no file.

In order: the wanted track, its pieces joined; high-pass, clicks, noise; speakers levelled; loudness and peaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import av
import numpy as np

from core.media.decode.reader import Reader
from schemas.common import TimeRange, Value, Word
from schemas.documents.edit import Piece
from schemas.documents.export import SoundReport, SpeakerLevel
from schemas.documents.quality import Bound, Limits
from schemas.documents.source import AudioTrack, SourceIndex
from schemas.options.audio import SoundWish
from streams.renderer.audio.cleanup import declicked, high_passed
from streams.renderer.audio.codec_round_trip import Coded
from streams.renderer.audio.crossfade import PER_MS, exactly, joined
from streams.renderer.audio.denoise import denoised
from streams.renderer.audio.downmix import on_both_sides
from streams.renderer.audio.loudness import Sound
from streams.renderer.audio.normalize import Trial, at_target
from streams.renderer.audio.soundtrack import faded
from streams.renderer.audio.speaker_levels import levelled
from streams.renderer.timeline.source_damage import silence_told

Added = Callable[[Sound], Sound]


def alone(sound: Sound) -> Sound:
    """Nothing is added."""
    return sound


class Mixed(Value, frozen=True, kw_only=True):
    """The sound to encode, what could not be had, and what was done."""

    sound: Sound
    coded: Coded | None = None
    """The sound's packets, where its encoding was tried."""
    warnings: list[str] = []
    report: SoundReport | None = None
    voice: Sound | None = None
    """What is heard of the source, cleaned and levelled, before its loudness is set and anything laid under it."""


class Cleaned(Value, frozen=True, kw_only=True):
    """Sound without what disturbs, its speakers alike; its loudness is still the source's."""

    sound: Sound
    speakers: list[SpeakerLevel] = []
    clicks: int = 0


class Source:
    """One audio track of a source; counts what was heard of it."""

    def __init__(self, *, reader: Reader, index: SourceIndex, step: Callable[[], None]) -> None:
        """``step`` is called for each frame."""
        self.index = index
        self.heard: list[tuple[TimeRange, float]] = []
        """Each stretch that was asked for, and how many ms of it there were."""
        self._reader, self._step = reader, step

    def track(self, wanted: int | None) -> tuple[AudioTrack | None, list[str]]:
        """The wanted one, or the chosen one and why."""
        tracks = self.index.audio_tracks
        if wanted is None or self.index.audio is None:
            return self.index.audio, []
        if wanted <= len(tracks):
            return tracks[wanted - 1], []
        known = f"has {len(tracks)}" if tracks else "was taken in before its tracks were counted"
        return self.index.audio, [f"audio.track: track {wanted} was asked for; the source {known}: the usual one plays"]

    def hear(self, track: AudioTrack, time: TimeRange) -> Iterator[tuple[int, av.AudioFrame]]:
        """Frames of a stretch."""
        heard_ms = 0.0
        for at_ms, frame in self._reader.audio(time, track):
            self._step()
            end_ms = at_ms + frame.samples * 1000 / frame.sample_rate
            heard_ms += max(0.0, min(end_ms, time.end_ms) - max(at_ms, time.start_ms))
            yield at_ms, frame
        self.heard.append((time, heard_ms))

    def lost(self, track: AudioTrack) -> list[str]:
        """What of the chosen track could not be read; how long others last only their headers tell."""
        if self.index.audio is None or track.stream_index != self.index.audio.stream_index:
            return []
        return [told for time, heard_ms in self.heard for told in silence_told(time, self.index, heard_ms)]


def mixed(
    source: Source,
    played: Sequence[Piece],
    words: Sequence[Word],
    wish: SoundWish,
    *,
    samples: int,
    trial: Trial,
    added: Added = alone,
) -> Mixed:
    """The whole way. ``words`` are on the output's clock; ``trial`` tells what the encoding makes of a sound.

    ``added`` lays what a brand kit plays under and around the ``samples`` of the clip, which may become more.
    """
    silence = np.zeros((samples, 2), np.float32)
    track, warnings = source.track(wish.track)
    if track is None:
        told = ["audio.absent: the source has no sound; the clip's track is silent"]
        return _without(added(silence), told, wish, trial)
    sound = joined(played, samples, lambda time: source.hear(track, time))
    if sound is None:
        told = [*warnings, "audio.absent: the source has no sound in this range; the clip's track is silent"]
        return _without(added(silence), told, wish, trial)
    clean = cleaned(on_both_sides(sound), words, played, wish)
    voice = faded(clean.sound)
    laid = added(voice)
    settled = at_target(laid if laid is voice else faded(laid), wish.target_lufs, trial)
    return Mixed(
        sound=settled.sound,
        voice=exactly(voice, len(laid)),
        warnings=[*warnings, *settled.warnings, *source.lost(track)],
        report=SoundReport(
            source_lufs=None if settled.source_lufs is None else round(settled.source_lufs, 2),
            gain_db=round(settled.gain_db, 2),
            speakers=clean.speakers,
            clicks=clean.clicks,
            track=_number(source.index, track),
            tracks=max(1, len(source.index.audio_tracks)),
        ),
    )


def _without(sound: Sound, told: list[str], wish: SoundWish, trial: Trial) -> Mixed:
    """A clip without sound of its own: silent, but for what a brand kit plays."""
    if not np.any(sound):
        return Mixed(sound=sound, warnings=told)
    settled = at_target(faded(sound), wish.target_lufs, trial)
    return Mixed(sound=settled.sound, warnings=[*told, *settled.warnings])


def cleaned(sound: Sound, words: Sequence[Word], played: Sequence[Piece], wish: SoundWish) -> Cleaned:
    """What was asked for, step by step; without a wish only speakers are levelled.

    The silence in the place of what plays before the clip is set aside meanwhile: it would be taken for its noise.
    """
    lead = round(played[0].output_start_ms * PER_MS) if played else 0
    before, sound = sound[:lead], sound[lead:]
    clicks, speakers = 0, list[SpeakerLevel]()
    if wish.high_pass:
        sound = high_passed(sound)
    if wish.declick:
        sound, clicks = declicked(sound)
    sound = denoised(sound, wish.denoise)
    sound = np.concatenate([before, sound]) if lead else sound
    if wish.level_speakers:
        sound, speakers = levelled(sound, words, played)
    return Cleaned(sound=sound, speakers=speakers, clicks=clicks)


def limits_for(wish: SoundWish) -> Limits:
    """What the file is held against: the loudness that was asked for."""
    usual = Limits()
    return Limits(
        lufs=Bound(limit=usual.lufs.limit, fail=usual.lufs.fail, side=usual.lufs.side, around=wish.target_lufs)
    )


def _number(index: SourceIndex, track: AudioTrack) -> int | None:
    """Of a track, from 1."""
    numbers = [at for at, one in enumerate(index.audio_tracks, 1) if one.stream_index == track.stream_index]
    return numbers[0] if numbers else None
