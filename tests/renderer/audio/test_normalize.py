"""−14 LUFS ± 0.5 and true peaks up to −1 dBTP, measured after AAC; or a warning with the reason."""

from __future__ import annotations

from collections.abc import Callable

import av
import numpy as np
import pytest

from schemas.options.audio import MAX_TARGET_LUFS, MIN_TARGET_LUFS
from streams.renderer.audio.codec_round_trip import decode_round_trip
from streams.renderer.audio.loudness import RATE_HZ, Loudness, Sound, measure_loudness
from streams.renderer.audio.normalize import MAX_GAIN_DB, NormalizedAudio, normalize_loudness
from streams.renderer.audio.soundtrack import fade_edges, gather_audio
from streams.renderer.audio.true_peak_limiter import CEILING_DBTP
from tests.renderer.audio.test_loudness import sine, speech_like
from tests.support.media.shared_media import LECTURE, media

BIT_RATE = 160_000


def aac(sound: Sound) -> Sound:
    return decode_round_trip(sound, BIT_RATE)


def loaded(path: str, start_s: float, length_s: float) -> Sound:
    with av.open(path) as container:
        container.seek(max(0, round(start_s - 2)) * 1_000_000)
        frames = ((round((frame.time or 0) * 1000), frame) for frame in container.decode(audio=0))
        found = gather_audio(frames, round(start_s * 1000), round(length_s * RATE_HZ))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def voice() -> Sound:
    """Eleven seconds of a real one."""
    return loaded(str(media("speech/jfk.flac")), 0, 11)


def quiet(voice: Sound) -> Sound:
    return voice * np.float32(10 ** (-26 / 20))


def faint(voice: Sound) -> Sound:
    """As soft as anything that is measured at all, in steps of 16 bits."""
    lufs = measure_loudness(voice).integrated_lufs
    assert lufs is not None
    made: Sound = (np.round(voice * 10 ** ((-65 - lufs) / 20) * 32_768) / 32_768).astype(np.float32)
    return made


def loud(voice: Sound) -> Sound:
    return np.clip(voice * 12, -1, 1)


def dynamic(voice: Sound) -> Sound:
    """Whispered, with a shout of half a second."""
    gain = np.full((len(voice), 1), 0.02, np.float32)
    gain[RATE_HZ * 3 : RATE_HZ * 7 // 2] = 1
    return voice * gain


def short(voice: Sound) -> Sound:
    return voice[: 3 * RATE_HZ]


def mostly_silent(voice: Sound) -> Sound:
    return np.concatenate([np.zeros((20 * RATE_HZ, 2), np.float32), voice[RATE_HZ : 4 * RATE_HZ]])


def one_sided(voice: Sound) -> Sound:
    return voice * np.array([[1, 0]], np.float32)


def clicking(voice: Sound) -> Sound:
    """A bump of full scale each second over a soft voice."""
    made = voice * np.float32(0.05)
    made[::RATE_HZ] = 0.9
    return made


def decoded_loudness(settled: NormalizedAudio) -> tuple[float, float]:
    heard: Loudness = measure_loudness(aac(settled.sound))
    assert heard.integrated_lufs is not None
    assert heard.true_peak_dbtp is not None
    return heard.integrated_lufs, heard.true_peak_dbtp


@pytest.mark.parametrize("kind", [np.copy, quiet, faint, loud, dynamic, short, mostly_silent, one_sided, clicking])
def test_every_kind_of_source_reaches_the_target(voice: Sound, kind: Callable[[Sound], Sound]) -> None:
    settled = normalize_loudness(fade_edges(kind(voice)), -14, aac)
    lufs, peak = decoded_loudness(settled)
    assert lufs == pytest.approx(-14, abs=0.5)
    assert peak <= -1
    assert settled.warnings == []


@pytest.mark.parametrize("level", [0.02, 0.1, 0.9])
def test_noise_like_speech_reaches_the_target_below_the_ceiling(level: float) -> None:
    settled = normalize_loudness(speech_like(level=level), -14, lambda sound: sound)
    found = measure_loudness(settled.sound)
    assert found.integrated_lufs == pytest.approx(-14, abs=0.2)
    assert found.true_peak_dbtp is not None
    assert found.true_peak_dbtp <= CEILING_DBTP + 0.05


@pytest.mark.parametrize("target", [MIN_TARGET_LUFS, -16, MAX_TARGET_LUFS])
def test_another_target_is_reached(voice: Sound, target: float) -> None:
    lufs, peak = decoded_loudness(normalize_loudness(voice, target, aac))
    assert lufs == pytest.approx(target, abs=0.5)
    assert peak <= -1


def test_a_peak_that_encoding_lifts_is_turned_down_beforehand() -> None:
    """Eight seconds of real speech at which AAC does, in their first frame."""
    lecture = loaded(str(LECTURE), 75.711, 8)
    untried = normalize_loudness(fade_edges(lecture), -14, lambda sound: sound)
    tried = normalize_loudness(fade_edges(lecture), -14, aac)
    assert decoded_loudness(untried)[1] > -1 >= decoded_loudness(tried)[1]
    assert decoded_loudness(tried)[0] == pytest.approx(-14, abs=0.3)
    same_gain = 10 ** ((tried.gain_db - untried.gain_db) / 20)
    changed = np.abs(tried.sound - untried.sound * np.float32(same_gain)) > 1e-3
    assert changed.mean() < 0.02, "and little else is touched"


def test_silence_is_left_alone() -> None:
    silence = np.zeros((2 * RATE_HZ, 2), np.float32)
    settled = normalize_loudness(silence, -14, aac)
    assert not settled.sound.any()
    assert settled.source_lufs is None
    assert settled.warnings[0].startswith("audio.silent")


def test_sound_too_short_to_measure_is_left_alone() -> None:
    assert normalize_loudness(sine(440, 0.3), -14, aac).warnings[0].startswith("audio.silent")


def test_room_noise_is_not_normalised() -> None:
    """Noise is not amplified to the target, and a warning says so."""
    noise = np.random.default_rng(2).standard_normal((4 * RATE_HZ, 2)).astype(np.float32) * np.float32(3e-4)
    settled = normalize_loudness(noise, -14, lambda sound: sound)
    assert [one.split(":")[0] for one in settled.warnings] == ["audio.quiet"]
    assert np.abs(settled.sound).max() < 0.1
    assert settled.gain_db <= MAX_GAIN_DB
