"""Odd sources: the sound of the export is where the source's is, within 20 ms of it, all along; and the right one."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from core.domain.editing.clock import single_segment
from core.media.decode.reader import SourceReader
from core.media.decode.timestamps import project_ms
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex
from schemas.options.audio import SoundWish
from streams.render.child.main import render
from streams.render.quality.check_av_sync import measure_audio_lag_ms
from streams.renderer.audio.loudness import RATE_HZ, Sound
from streams.renderer.audio.mixer import AudioMix, SourceAudio, mix_audio
from streams.renderer.audio.soundtrack import gather_audio
from streams.renderer.encoding.muxer import Encoding
from streams.renderer.job import RenderJob
from tests.support.media.synthetic_media import plan
from tests.support.media.synthetic_sources import FLASH_MS, Track, film, murmur

LENGTH_MS = 12_000
NEAR_MS = 20.0
TRUTH = murmur(LENGTH_MS)


def exported(path: Path, index: SourceIndex, start_ms: int, end_ms: int, track: int | None = None) -> AudioMix:
    """Sound of a range of the film, as the encoder gets it."""
    with path.open("rb") as file:
        reader = SourceReader(file, index)
        source = SourceAudio(reader=reader, index=index, step=lambda: None)
        samples = (end_ms - start_ms) * RATE_HZ // 1000
        clip = single_segment(TimeRange(start_ms=start_ms, end_ms=end_ms))
        made = mix_audio(source, clip, [], SoundWish(track=track), samples=samples, round_trip=lambda sound: sound)
        reader.close()
    return made


def lags_ms(truth: Sound, found: Sound, stretch_ms: int = 2_000) -> list[float]:
    """How late the found sound is, each two seconds."""
    step = stretch_ms * RATE_HZ // 1000
    told = [
        measure_audio_lag_ms(truth[at : at + step], found[at : at + step])
        for at in range(0, len(truth) - step + 1, step)
    ]
    return [one for one in told if one is not None]


def shifted(truth: Sound, late_ms: float) -> Sound:
    late = round(late_ms * RATE_HZ / 1000)
    return np.concatenate([np.zeros((max(0, late), 2), np.float32), truth[max(0, -late) :]])[: len(truth)]


@pytest.mark.parametrize(
    ("track", "pictures_at_ms", "late_ms"),
    [
        (Track(TRUTH), 0.0, 0.0),
        (Track(TRUTH[:, :1], layout="mono"), 0.0, 0.0),
        (Track(TRUTH, at_ms=700), 0.0, 700.0),
        (Track(TRUTH), 900.0, 0.0),
        (Track(TRUTH, at_ms=5_000), 5_300.0, 0.0),
    ],
    ids=["plain", "mono", "late", "early", "does not begin at 0"],
)
def test_sound_is_placed_at_its_own_time(track: Track, pictures_at_ms: float, late_ms: float, tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    index = film(path, [track], length_ms=LENGTH_MS, pictures_at_ms=pictures_at_ms)
    found = exported(path, index, 1_000, 9_000)
    truth = shifted(TRUTH, late_ms)[RATE_HZ : 9 * RATE_HZ]
    lags = lags_ms(truth, found.sound)
    assert len(lags) == 4
    assert max(map(abs, lags)) <= NEAR_MS
    assert found.warnings == []


@pytest.mark.parametrize("form", ["mp4", "mov", "mpegts"])
@pytest.mark.parametrize(("at_ms", "pictures_at_ms"), [(0, 0), (400, 0), (0, 600)])
def test_edit_lists_and_priming_are_followed(form: str, at_ms: float, pictures_at_ms: float, tmp_path: Path) -> None:
    """AAC begins with samples that are to be thrown away: MP4 says so in an edit list, MPEG-TS begins with them, and
    with them the project's time line; what counts is where the pictures are.
    """
    path = tmp_path / "film"
    index = film(path, [Track(TRUTH, at_ms=at_ms)], length_ms=7_000, pictures_at_ms=pictures_at_ms, form=form)
    found = exported(path, index, 1_000, 5_000)
    assert index.video is not None
    first_picture_ms = project_ms(index.video.start_pts, index.video.time_base, index.origin_us)
    late_ms = at_ms + first_picture_ms - pictures_at_ms
    lags = lags_ms(shifted(TRUTH, late_ms)[RATE_HZ : 5 * RATE_HZ], found.sound)
    assert len(lags) == 2
    assert max(map(abs, lags)) <= NEAR_MS


def test_flash_and_beep_keep_the_sources_times(tmp_path: Path) -> None:
    """Through to the decoded MP4, for late and drifting sound: checked by correlation and by the lit frame."""
    path, drift = tmp_path / "film.mkv", 0.01
    recorded = TRUTH[np.minimum(np.arange(int(LENGTH_MS * 47.5)) * (1 + drift), len(TRUTH) - 1).astype(int)]
    index = film(path, [Track(recorded, at_ms=300, drift=drift)], length_ms=4_000)
    task = RenderJob(plan=plan(index, 1_000, 3_500), index=index, encoding=Encoding(preset="ultrafast", crf=35))
    with path.open("rb") as file:
        rendered = render(task, file, tmp_path, lambda _: None)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        frames = ((round((frame.time or 0) * 1000), frame) for frame in container.decode(audio=0))
        found = gather_audio(frames, 0, 5 * RATE_HZ // 2)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        lit = [float(frame.time or 0) * 1000 for frame in container.decode(video=0) if frame.to_ndarray().mean() > 150]
    assert found is not None
    assert measure_audio_lag_ms(shifted(TRUTH, 300)[RATE_HZ : 7 * RATE_HZ // 2], found) == pytest.approx(0, abs=NEAR_MS)
    assert lit[0] == pytest.approx(FLASH_MS - 1_000, abs=1)
    checks = {check.name: check for check in rendered.certificate.checks}
    assert checks["av_offset"].verdict == "pass"
    assert checks["lufs"].verdict == "pass"


@pytest.mark.parametrize("drift", [0.004, -0.004, 0.02])
def test_a_clock_that_drifts_is_followed(drift: float, tmp_path: Path) -> None:
    """By count the samples last 12 s, by time stamps less or more: the time stamps decide."""
    recorded = TRUTH[np.minimum(np.arange(int(LENGTH_MS * 48 / (1 + drift))) * (1 + drift), len(TRUTH) - 1).astype(int)]
    path = tmp_path / "film.mkv"
    index = film(path, [Track(recorded, drift=drift)], length_ms=LENGTH_MS)
    found = exported(path, index, 1_000, 11_000)
    lags = lags_ms(TRUTH[RATE_HZ : 11 * RATE_HZ], found.sound)
    assert len(lags) == 5
    assert max(map(abs, lags)) <= 3


@pytest.mark.parametrize("lost_ms", [30, 120, 900])
def test_sound_after_a_gap_stays_in_time(lost_ms: int, tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    lost = [(3_000, 3_000 + lost_ms), (7_000, 7_000 + lost_ms)]
    index = film(path, [Track(TRUTH, lost_ms=lost)], length_ms=LENGTH_MS)
    found = exported(path, index, 1_000, 11_000)
    lags = lags_ms(TRUTH[RATE_HZ : 11 * RATE_HZ], found.sound)
    assert max(map(abs, lags)) <= NEAR_MS


def test_a_source_without_sound_gives_silence_and_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    index = film(path, [], length_ms=2_000)
    found = exported(path, index, 0, 1_000)
    assert not found.sound.any()
    assert found.warnings[0].startswith("audio.absent")
    assert found.report is None


def test_sound_that_ends_early_leaves_silence(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    index = film(path, [Track(TRUTH[: 3 * RATE_HZ])], length_ms=6_000)
    found = exported(path, index, 1_000, 5_000)
    assert lags_ms(TRUTH[RATE_HZ : 3 * RATE_HZ], found.sound[: 2 * RATE_HZ]) == pytest.approx([0], abs=NEAR_MS)
    assert not found.sound[RATE_HZ * 21 // 10 :].any()
    gone = exported(path, index, 4_000, 6_000)
    assert gone.warnings[0].startswith("audio.absent")


def music(length_ms: int) -> Sound:
    """Held chords."""
    at = np.arange(length_ms * 48) / RATE_HZ
    chord = sum(np.sin(2 * np.pi * hz * 2 ** (np.floor(at / 2) / 12) * at) for hz in (220, 277, 330))
    return np.repeat((0.1 * chord).astype(np.float32)[:, None], 2, axis=1)


def test_dialogue_in_the_centre_stays_in_front(tmp_path: Path) -> None:
    """Of 5.1 with music all around: the voice is further above it than libav's own stereo has it; no bass channel."""
    around = music(4_000)[:, 0]
    boom = np.sin(2 * np.pi * 40 * np.arange(len(around)) / RATE_HZ).astype(np.float32)
    voice = murmur(4_000)[:, 0]
    surround = np.stack([0.3 * around, 0.3 * around, voice, boom, 0.5 * around, 0.5 * around], axis=1)
    path = tmp_path / "film.mkv"
    index = film(path, [Track(surround.astype(np.float32), layout="5.1")], length_ms=4_000)
    assert index.audio is not None
    assert index.audio.channels == 6
    found = exported(path, index, 0, 4_000)
    mono = found.sound[200:-200].mean(axis=1)
    parts = np.stack([voice, around, boom], axis=1)[200:-200]
    shares = np.linalg.lstsq(parts, mono, rcond=None)[0]
    assert abs(shares[2]) < 0.02 * abs(shares[0]), "none of the low-frequency effects"
    assert shares[0] / shares[1] > 1.4 * 0.707 / (0.3 + 0.707 * 0.5), "3 dB more than -3 dB for centre and surround"
    assert lags_ms(np.repeat(voice[:, None], 2, axis=1), found.sound) == pytest.approx([0, 0], abs=NEAR_MS)


def test_the_speech_track_plays_unless_another_is_requested(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    comments = Track(murmur(LENGTH_MS, 7), disposition=Disposition.comment)
    tracks = [Track(music(LENGTH_MS), disposition=Disposition.default), comments, Track(TRUTH, language="eng")]
    index = film(path, tracks, length_ms=LENGTH_MS)
    assert index.audio is not None
    assert [one.language for one in index.audio_tracks] == ["", "", "eng"]
    assert index.audio == index.audio_tracks[2]
    usual = exported(path, index, 1_000, 5_000)
    assert lags_ms(TRUTH[RATE_HZ : 5 * RATE_HZ], usual.sound) == pytest.approx([0, 0], abs=NEAR_MS)
    assert usual.report is not None
    assert (usual.report.track, usual.report.tracks) == (3, 3)
    other = exported(path, index, 1_000, 5_000, track=2)
    assert lags_ms(murmur(LENGTH_MS, 7)[RATE_HZ : 5 * RATE_HZ], other.sound) == pytest.approx([0, 0], abs=NEAR_MS)
    assert other.warnings == []
    none = exported(path, index, 1_000, 5_000, track=4)
    assert none.warnings[0].startswith("audio.track: track 4")
    assert np.array_equal(none.sound, usual.sound)
