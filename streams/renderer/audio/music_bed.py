"""Adds the brand kit's audio: ducked music under the clip, and the audio of intro and outro."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from core.media.decode.reader import SourceReader
from schemas.common import TimeRange, Word
from schemas.options.brand_kit import MusicBed
from streams.renderer.audio.loudness import RATE_HZ, Sound, integrated_lufs
from streams.renderer.audio.soundtrack import fade_edges, gather_audio
from streams.renderer.branding.brand_assets import BrandAssets, BumperSlots
from streams.renderer.timeline.slots import OutputTimeline

GAIN_STEP_MS = 10
"""Spacing of the ducking curve's points; gain is linear between them."""
SAMPLES_PER_MS = RATE_HZ // 1000
SILENT_CLIP_LUFS = -20.0
"""Reference loudness of music and intro where the clip itself is silent."""
MAX_BED_GAIN_DB = 24.0
"""Largest gain that brings music to the clip's loudness."""
LOOP_FADE_SAMPLES = RATE_HZ // 10
"""Cross-fade between the end of looped music and its beginning: 100 ms."""


class BrandAudio:
    """The audio that a brand kit adds to a clip's."""

    def __init__(
        self, assets: BrandAssets, bumpers: BumperSlots, timeline: OutputTimeline, words: Sequence[Word]
    ) -> None:
        """``timeline`` covers everything that is played; ``words`` are on its clock."""
        self._assets, self._bumpers, self._words = assets, bumpers, words
        self._samples = timeline.samples(RATE_HZ)
        self._clip_end = _samples(timeline.count - bumpers.outro - bumpers.card, timeline)
        self._card_end = _samples(timeline.count - bumpers.outro, timeline)
        self._clip_start = _samples(bumpers.intro, timeline)

    def add_to(self, clip: Sound) -> Sound:
        """Mix the kit's audio with ``clip``, which is silent where an intro plays before it."""
        total = np.zeros((self._samples, 2), np.float32)
        total[self._clip_start : self._clip_end] = clip[self._clip_start : self._clip_end]
        if self._bumpers.intro or self._bumpers.card or self._bumpers.outro:
            total[self._clip_start : self._clip_end] = fade_edges(total[self._clip_start : self._clip_end])
        level = integrated_lufs(total[self._clip_start : self._clip_end])
        level = SILENT_CLIP_LUFS if level is None else level
        kit = self._assets.kit
        if kit.music is not None and kit.music.asset_id in self._assets.indexes:
            total[self._clip_start : self._card_end] += self._draw_bed(kit.music, level)
        for asset_id, start, end in (
            (kit.intro, 0, self._clip_start),
            (kit.outro, self._card_end, self._samples),
        ):
            if asset_id is not None and end > start:
                total[start:end] += self._read_bumper(asset_id, end - start, level)
        return total

    def _read_bumper(self, asset_id: UUID, samples: int, level: float) -> Sound:
        """Audio of an intro or outro, as loud as the clip."""
        sound = read_asset_audio(self._assets, asset_id, samples)
        return fade_edges(match_loudness(sound, level))

    def _draw_bed(self, music: MusicBed, level: float) -> Sound:
        index = self._assets.indexes[music.asset_id]
        sound = read_asset_audio(self._assets, music.asset_id, index.duration_ms * SAMPLES_PER_MS)
        count = self._card_end - self._clip_start
        bed = loop_music(match_loudness(sound, level), count, loop=music.loop)
        late_ms = self._clip_start / SAMPLES_PER_MS
        word_times_ms = [(word.start_ms - late_ms, word.end_ms - late_ms) for word in self._words]
        return bed * ducking_gain(word_times_ms, music, count)[:, None]


def _samples(slots: int, timeline: OutputTimeline) -> int:
    return round(Fraction(slots) * timeline.period_ms * SAMPLES_PER_MS)


def read_asset_audio(assets: BrandAssets, asset_id: UUID, samples: int) -> Sound:
    """Read exactly ``samples`` of an asset's audio; silence where it has none."""
    index = assets.indexes[asset_id]
    if index.audio is None:
        return np.zeros((samples, 2), np.float32)
    with Path(assets.files[asset_id]).open("rb") as file:
        reader = SourceReader(file, index)
        sound = gather_audio(reader.read_audio(TimeRange(start_ms=0, end_ms=index.duration_ms)), 0, samples)
        reader.close()
    return np.zeros((samples, 2), np.float32) if sound is None else sound


def match_loudness(sound: Sound, level: float) -> Sound:
    """Bring a sound to a loudness in LUFS; silence stays silence."""
    loudness = integrated_lufs(sound)
    if loudness is None:
        return sound
    return sound * np.float32(10 ** (min(MAX_BED_GAIN_DB, level - loudness) / 20))


def loop_music(sound: Sound, count: int, *, loop: bool) -> Sound:
    """Repeat music to ``count`` samples with cross-fades, or play it once and then silence."""
    result = np.zeros((count, 2), np.float32)
    if not loop or len(sound) <= 2 * LOOP_FADE_SAMPLES:
        single = fade_edges(sound[:count])
        result[: len(single)] = single
        return result
    ramp = np.linspace(0, 1, LOOP_FADE_SAMPLES, dtype=np.float32)[:, None]
    at = 0
    while at < count:
        part = sound.copy()
        if at:
            part[:LOOP_FADE_SAMPLES] *= ramp
        part[-LOOP_FADE_SAMPLES:] *= ramp[::-1]
        fitting = part[: count - at]
        result[at : at + len(fitting)] += fitting
        at += len(sound) - LOOP_FADE_SAMPLES
    return result


def ducking_gain(word_times_ms: Sequence[tuple[float, float]], music: MusicBed, count: int) -> NDArray[np.float32]:
    """Gain of each sample, shape (count,), ducked around words.

    It falls over ``attack_ms`` before a word and rises over ``release_ms`` after it, linear in decibels, and fades
    in and out over ``fade_ms``.
    """
    times = np.arange(0, count / SAMPLES_PER_MS + GAIN_STEP_MS, GAIN_STEP_MS)
    down = np.zeros(len(times))
    for start_ms, end_ms in word_times_ms:
        first = max(0, int((start_ms - music.attack_ms) // GAIN_STEP_MS))
        last = max(first, min(len(times), int((end_ms + music.release_ms) // GAIN_STEP_MS) + 2))
        near_ms = times[first:last]
        attack = 1 - (start_ms - near_ms) / music.attack_ms
        release = 1 - (near_ms - end_ms) / music.release_ms
        np.maximum(down[first:last], np.clip(np.minimum(attack, release), 0, 1), out=down[first:last])
    gain = 10 ** ((music.gain_db + music.duck_db * down) / 20)
    if music.fade_ms:
        lasts_ms = count / SAMPLES_PER_MS
        gain *= np.clip(np.minimum(times, lasts_ms - times) / music.fade_ms, 0, 1)
    return np.interp(np.arange(count) / SAMPLES_PER_MS, times, gain).astype(np.float32)
