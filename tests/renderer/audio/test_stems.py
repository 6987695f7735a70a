"""Stems: lossless, exactly as long as the clip, at the time of its sound; turned down rather than clipped."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from streams.renderer.audio.loudness import RATE_HZ, Sound
from streams.renderer.audio.stems import save_flac, save_stems, stem_file_name


def read(path: Path) -> Sound:
    with av.open(str(path)) as container:
        parts = [frame.to_ndarray().reshape(-1, 2) for frame in container.decode(audio=0)]
        assert (container.streams.audio[0].sample_rate, container.streams.audio[0].channels) == (RATE_HZ, 2)
    whole: Sound = (np.concatenate(parts).astype(np.float64) / 2**31).astype(np.float32)
    return whole


@pytest.mark.parametrize("samples", [1, 4096, 48_001])
def test_a_stem_holds_the_sound_in_24_bits(tmp_path: Path, samples: int) -> None:
    sound = np.random.default_rng(1).uniform(-1, 1, (samples, 2)).astype(np.float32)
    save_flac(tmp_path / "a.flac", sound)
    heard = read(tmp_path / "a.flac")
    assert heard.shape == sound.shape, "no sample more, none less"
    assert float(np.abs(heard - sound).max()) < 2.5e-7


def test_the_same_sound_gives_the_same_bytes(tmp_path: Path) -> None:
    sound = np.sin(np.arange(9_600, dtype=np.float32) / 20)[:, None].repeat(2, axis=1)
    for name in ("a", "b"):
        save_flac(tmp_path / name, sound)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_clipping_stem_is_turned_down_and_reported(tmp_path: Path) -> None:
    sound = np.full((4_800, 2), 2.0, np.float32)
    told = save_stems(tmp_path, {"voice": sound, "mix": sound / 4})
    assert told == ["stems.voice: 6.0 dB softer than in the mix, or it would clip"]
    assert float(read(tmp_path / stem_file_name("voice")).max()) == pytest.approx(1.0, abs=1e-6)
    assert float(read(tmp_path / stem_file_name("mix")).max()) == pytest.approx(0.5, abs=1e-6)
