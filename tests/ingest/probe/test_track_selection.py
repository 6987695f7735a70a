"""Choosing the audio track with speech, from short samples."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from streams.ingest.probe.speech_likelihood import (
    ANALYSIS_RATE_HZ,
    MAX_TRACKS,
    SAMPLE_COUNT,
    measure_speech_likelihood,
    measure_tracks,
)
from tests.renderer.audio.test_sources import music
from tests.support.media.recordings import sound
from tests.support.media.shared_media import media
from tests.support.media.synthetic_sources import Track, film, murmur

VOICES = (
    "speech/jfk.flac", "speech/lucier_101s.wav", "speech/word_level/acoustic_corpus.wav", "diarization/ami/dev01.wav",
    "diarization/pyannote_sample.wav", "speech/hifitts_6097/roots_28_morris_0362.wav",
    "talking/hamilton_whitehouse_10s_360p.mp4", "talking/googlework_35s_180p.mp4",
)  # fmt: skip
TUNES = ("Kevin_MacLeod-Vibe_Ace", "Kevin_MacLeod-Nutcracker", "Hungarian_Dance_5")
LENGTH_MS = 6_000


def speech_likelihoods(name: str) -> list[float]:
    """Likeness of three stretches of eight seconds."""
    samples = sound(media(name)).astype(np.float32) / 32_768
    return [measure_speech_likelihood(samples[at * ANALYSIS_RATE_HZ :][: 8 * ANALYSIS_RATE_HZ]) for at in (0, 8, 16)]


def test_voices_are_more_like_speech_than_tunes() -> None:
    """The best of several ranges, as the product uses it: no tune scores as high as any voice."""
    voices = [max(speech_likelihoods(name)) for name in VOICES]
    tunes = [max(speech_likelihoods(f"music/{name}.ogg")) for name in TUNES]
    assert min(voices) > max(tunes)


def test_silence_noise_and_short_sound_score_no_speech() -> None:
    noise = np.random.default_rng(1).standard_normal(8 * ANALYSIS_RATE_HZ).astype(np.float32)
    assert measure_speech_likelihood(np.zeros(8 * ANALYSIS_RATE_HZ, np.float32)) == 0
    assert measure_speech_likelihood(noise * np.float32(0.1)) < 0.05
    assert measure_speech_likelihood(noise[:1_000]) == 0


@pytest.mark.parametrize(
    ("tracks", "chosen"),
    [
        ([Track(music(LENGTH_MS), disposition=Disposition.default), Track(murmur(LENGTH_MS))], 1),
        ([Track(murmur(LENGTH_MS)), Track(murmur(LENGTH_MS) / 2, disposition=Disposition.default)], 1),
        ([Track(murmur(LENGTH_MS) / 2), Track(murmur(LENGTH_MS))], 0),
        ([Track(murmur(LENGTH_MS), disposition=Disposition.comment), Track(music(LENGTH_MS))], 1),
        ([Track(np.zeros((LENGTH_MS * 48, 2), np.float32)), Track(murmur(LENGTH_MS))], 1),
        ([Track(np.zeros((LENGTH_MS * 48, 2), np.float32)), Track(np.zeros((LENGTH_MS * 48, 2), np.float32))], 0),
    ],
    ids=["over music", "the default of two", "the first of two", "not for few", "not silence", "silence if it must"],
)
def test_the_speech_track_is_chosen(tracks: list[Track], chosen: int, tmp_path: Path) -> None:
    index = film(tmp_path / "film.mkv", tracks, length_ms=LENGTH_MS)
    assert index.audio is not None
    assert len(index.audio_tracks) == 2
    assert index.audio == index.audio_tracks[chosen]


def test_a_single_track_is_not_analysed(tmp_path: Path) -> None:
    index = film(tmp_path / "film.mkv", [Track(murmur(2_000))], length_ms=2_000)
    assert [one.speech for one in index.audio_tracks] == [None]


def test_long_files_are_sampled_and_many_tracks_limited() -> None:
    """Speech only in the middle of the file; the ninth track of ten is not sampled."""
    count = 2 * SAMPLE_COUNT * 8 + 12
    memory = io.BytesIO()
    talk = murmur(8_000)[::6, 0]
    middle = np.zeros(count * 8_000, np.float32)
    middle[count * 4_000 - len(talk) // 2 :][: len(talk)] = talk
    with av.open(memory, "w", format="matroska") as container:
        streams = [container.add_stream("pcm_s16le", rate=8_000, layout="mono") for _ in range(MAX_TRACKS + 2)]
        for number, stream in enumerate(streams):
            samples = middle if number == 1 else np.zeros_like(middle)
            for start in range(0, len(samples), 8_000):
                piece = (samples[None, start : start + 8_000] * 32_767).astype(np.int16)
                frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
                frame.sample_rate, frame.pts = 8_000, start
                container.mux(stream.encode(frame))
    found = measure_tracks(memory, max_pixels=1_000_000, max_streams=32)
    assert len(found) == MAX_TRACKS
    assert max(found, key=found.__getitem__) == 1
