"""High-pass, declicking and denoising: what they remove, and that they remove and delay nothing else."""

from __future__ import annotations

import av
import numpy as np
import pytest

from schemas.options.audio import Denoise
from streams.render.quality.check_av_sync import measure_audio_lag_ms
from streams.renderer.audio.cleanup import apply_high_pass, find_clicks, remove_clicks
from streams.renderer.audio.denoise import reduce_noise
from streams.renderer.audio.loudness import RATE_HZ, Sound, integrated_lufs
from streams.renderer.audio.soundtrack import gather_audio
from tests.renderer.audio.test_loudness import sine
from tests.support.media.shared_media import media


@pytest.fixture(scope="module")
def voice() -> Sound:
    """Six seconds of a real one, read in a quiet room."""
    with av.open(str(media("speech/librispeech/1221-135766-0001.wav"))) as container:
        frames = ((round((frame.time or 0) * 1000), frame) for frame in container.decode(audio=0))
        found = gather_audio(frames, 0, RATE_HZ * 6)
    assert found is not None
    return found


def snr_db(clean: Sound, found: Sound) -> float:
    """Ratio of clean sound to the rest in dB, at the best gain."""
    one, other = clean.ravel().astype(np.float64), found.ravel().astype(np.float64)
    error = one - other * (one @ other) / (other @ other)
    return float(10 * np.log10((one @ one) / (error @ error)))


def noise_like(voice: Sound, snr: float, seed: int = 3) -> Sound:
    random = np.random.default_rng(seed).standard_normal(voice.shape)
    power = float(np.square(voice).mean()) / 10 ** (snr / 10)
    return (random * np.sqrt(power)).astype(np.float32)


def test_rumble_is_removed_and_voices_stay(voice: Sound) -> None:
    rumble = sine(30, len(voice) / RATE_HZ, 0.1)[: len(voice)]
    found = apply_high_pass(voice + rumble)
    assert np.square(found - apply_high_pass(voice)).mean() < 1e-3 * np.square(rumble).mean()
    assert integrated_lufs(apply_high_pass(voice)) == pytest.approx(integrated_lufs(voice), abs=0.2)
    assert snr_db(voice, found) > 15
    assert measure_audio_lag_ms(voice, found) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize(("how", "least_gain_db"), [("light", 2.5), ("strong", 3.5)])
def test_steady_noise_is_removed_and_the_voice_stays(voice: Sound, how: Denoise, least_gain_db: float) -> None:
    noisy = voice + noise_like(voice, 10)
    found = reduce_noise(noisy, how)
    assert found.shape == voice.shape
    assert snr_db(voice, found) - snr_db(voice, noisy) > least_gain_db
    assert measure_audio_lag_ms(voice, found) == pytest.approx(0, abs=0.1)
    assert integrated_lufs(found) == pytest.approx(integrated_lufs(voice), abs=1)


def test_clean_sound_loses_nothing(voice: Sound) -> None:
    found = reduce_noise(voice, "light")
    assert snr_db(voice, found) > 18
    assert integrated_lufs(found) == pytest.approx(integrated_lufs(voice), abs=0.3)


def test_both_channels_get_one_gain(voice: Sound) -> None:
    sides = voice * np.array([[1, 0.25]], np.float32)
    found = reduce_noise(sides, "strong")
    assert np.allclose(found[:, 0] * 0.25, found[:, 1], atol=1e-6)


def test_silence_short_sound_and_off_return_unchanged(voice: Sound) -> None:
    silence = np.zeros((RATE_HZ, 2), np.float32)
    assert not reduce_noise(silence, "strong").any()
    assert reduce_noise(voice, "off") is voice
    assert len(reduce_noise(voice[:100], "light")) == 100
    half = np.concatenate([silence, voice])
    assert not reduce_noise(half, "light")[: RATE_HZ // 2].any()


def test_clicks_are_found_and_repaired(voice: Sound) -> None:
    random = np.random.default_rng(8)
    at = np.sort(random.choice(np.arange(5_000, len(voice) - 5_000, 1_000), 20, replace=False))
    clicky = voice.copy()
    for place in at:
        clicky[place : place + 4] += np.float32(0.4) * np.array([[1], [-0.8], [0.5], [-0.2]], np.float32)
    found, count = remove_clicks(clicky)
    assert count == pytest.approx(20, abs=3)
    assert snr_db(voice, found) - snr_db(voice, clicky) > 15
    assert measure_audio_lag_ms(voice, found) == pytest.approx(0, abs=0.1)


def test_a_voice_is_not_taken_for_a_click(voice: Sound) -> None:
    assert len(find_clicks(voice[:, 0])) <= 2
    assert snr_db(voice, remove_clicks(voice)[0]) > 30


def test_sound_that_is_all_clicks_is_left_alone() -> None:
    sound = sine(200, 2.0, 0.01)
    sound[2_000:90_000:200] += 0.5
    assert remove_clicks(sound) == (sound, 0)
