"""Sound of an edited clip: joins do not click, cut material is inaudible, speed keeps the pitch."""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from core.domain.editing.clock import length_ms, place_edit, single_segment
from schemas.common import TimeRange
from schemas.documents.edit import EditList, EditSegment, PlacedSegment
from streams.renderer.audio.crossfade import HALF_FADE_SAMPLES, ReadAudio, atempo_factors, change_speed, join_pieces
from streams.renderer.audio.loudness import RATE_HZ, Sound
from streams.renderer.audio.soundtrack import gather_audio, to_audio_frames
from tests.support.media.shared_media import media


def hearing(sound: Sound) -> ReadAudio:
    """Audio frames that overlap a range, as a reader gives them."""

    def hear(time: TimeRange) -> Iterator[tuple[int, av.AudioFrame]]:
        for frame in to_audio_frames(sound):
            assert frame.pts is not None
            at_ms = frame.pts * 1000 / RATE_HZ
            if at_ms < time.end_ms and at_ms + frame.samples * 1000 / RATE_HZ > time.start_ms:
                yield round(at_ms), frame

    return hear


def edit(*parts: tuple[int, int], **fields: float) -> list[PlacedSegment]:
    segments = [
        EditSegment(segment_id=f"s{at}", range=TimeRange(start_ms=start, end_ms=end), **fields)  # type: ignore[arg-type]
        for at, (start, end) in enumerate(parts, start=1)
    ]
    return place_edit(EditList(version=2, segments=segments))


def played(sound: Sound, parts: list[PlacedSegment]) -> Sound:
    found = join_pieces(parts, round(length_ms(parts) * RATE_HZ / 1000), hearing(sound))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def speech() -> Sound:
    """Eleven seconds of a real voice."""
    with av.open(str(media("speech/jfk.flac"))) as container:
        frames = [(round((frame.time or 0) * 1000), frame) for frame in container.decode(audio=0)]
    found = gather_audio(frames, 0, 11 * RATE_HZ)
    assert found is not None
    return found


def tone(hz: float, length_ms: int, level: float = 0.3) -> Sound:
    at = np.arange(length_ms * RATE_HZ // 1000) / RATE_HZ
    return np.repeat((level * np.sin(2 * np.pi * hz * at)).astype(np.float32)[:, None], 2, axis=1)


def test_one_segment_is_unchanged(speech: Sound) -> None:
    clip = TimeRange(start_ms=1_013, end_ms=4_507)
    as_before = gather_audio(hearing(speech)(clip), clip.start_ms, clip.length_ms * RATE_HZ // 1000)
    assert as_before is not None
    assert np.array_equal(played(speech, single_segment(clip)), as_before)


def test_a_cut_without_a_gap_is_inaudible(speech: Sound) -> None:
    cut = played(speech, edit((1_000, 2_345), (2_345, 4_000)))
    assert np.allclose(cut, played(speech, edit((1_000, 4_000))), atol=1e-6)


def sharpness(sound: Sound) -> NDArray[np.float32]:
    """How bent the wave is at each sample: its second difference. A voice's is small, a jump's is large."""
    bent: NDArray[np.float32] = np.abs(np.diff(sound[:, 0], n=2))
    return bent


def test_joins_of_a_real_voice_do_not_click_and_hard_cuts_do(speech: Sound) -> None:
    """Wherever it is cut, at random and in mid-word: a click is a bend sharper than any in the voice itself."""
    limit = float(sharpness(speech).max())
    rng = np.random.default_rng(5)
    hard = soft = 0
    for _ in range(60):
        first, second = (int(at) for at in rng.integers(600, 9_000, 2))
        around = slice(500 * 48 - HALF_FADE_SAMPLES - 2, 500 * 48 + HALF_FADE_SAMPLES + 2)
        one, other = (speech[at * 48 : (at + 500) * 48] for at in (first, second))
        cut, join = np.concatenate([one, other]), played(speech, edit((first, first + 500), (second, second + 500)))
        hard += bool(sharpness(cut)[around].max() > limit)
        soft += bool(sharpness(join)[around].max() > limit)
    assert soft == 0
    assert hard > 10, "the detector hears hard cuts"


def test_pieces_play_in_their_order_at_their_times() -> None:
    sound = np.concatenate([tone(300, 1_000), tone(3_000, 1_000)])
    found = played(sound, edit((1_200, 1_700), (100, 900)))
    crossings = np.abs(np.diff(np.signbit(found[:, 0])))
    assert crossings[: 490 * 48].sum() == pytest.approx(2 * 3_000 * 0.49, rel=0.02)
    assert crossings[510 * 48 :].sum() == pytest.approx(2 * 300 * 0.79, rel=0.02)


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.8, 1.3, 2.0, 4.0])
def test_speed_changes_the_time_and_not_the_pitch(speed: float) -> None:
    """Beeps of 1 kHz in silence: they come at their new times, and are still of 1 kHz."""
    sound = np.zeros((4 * RATE_HZ, 2), np.float32)
    for at_ms in (1_000, 2_000, 3_000):
        sound[at_ms * 48 : (at_ms + 200) * 48] = tone(1_000, 200)
    found = played(sound, edit((500, 3_500), speed=speed))
    assert len(found) == round(3_000 / speed * 48)
    loud = np.abs(found[:, 0]) > 0.1
    for at_ms in (500, 1_500, 2_500):
        middle = round((at_ms + 100) / speed * 48)
        heard = np.nonzero(loud[middle - round(250 / speed * 48) : middle + round(250 / speed * 48)])[0]
        assert abs((heard[0] + heard[-1]) / 2 - round(250 / speed * 48)) <= 20 * 48, "with its picture"
        reach = round(60 / speed * 48)
        assert loud[middle - reach : middle + reach].mean() > 0.6
        spectrum = np.abs(np.fft.rfft(found[middle - reach : middle + reach, 0]))
        assert np.argmax(spectrum) * RATE_HZ / (2 * reach) == pytest.approx(1_000, abs=25)
    assert not loud[round(300 / speed) * 48 : round(430 / speed) * 48].any()


def test_a_speed_close_to_one_still_changes_the_length() -> None:
    """At 1.0004 a minute's sound ends 24 ms before its pictures do, if it is played as it is."""
    sound = np.zeros((62 * RATE_HZ, 2), np.float32)
    sound[60 * RATE_HZ : 60 * RATE_HZ + 4_800] = tone(1_000, 100)
    found = played(sound, edit((0, 61_000), speed=1.0004))
    heard = np.nonzero(np.abs(found[:, 0]) > 0.1)[0]
    assert (heard[0] + heard[-1]) / 2 / 48 == pytest.approx(60_050 / 1.0004, abs=12)


def test_muted_segments_are_silent_and_gain_is_applied() -> None:
    sound = tone(440, 3_000)
    parts = edit((0, 1_000), (1_000, 2_000), (2_000, 3_000))
    quiet = PlacedSegment(**{name: getattr(parts[2], name) for name in parts[2].__struct_fields__} | {"gain_db": -20.0})
    mute = PlacedSegment(**{name: getattr(parts[1], name) for name in parts[1].__struct_fields__} | {"muted": True})
    found = played(sound, [parts[0], mute, quiet])
    levels = [np.abs(found[at * 48 : (at + 900) * 48]).max() for at in (20, 1_020, 2_020)]
    assert levels == pytest.approx([0.3, 0.0, 0.03], abs=1e-3)


def test_segments_without_sound_have_none() -> None:
    assert join_pieces(edit((0, 1_000), (2_000, 3_000)), 2 * RATE_HZ, lambda _: iter(())) is None


def test_the_speed_filter_gets_steps_within_its_range() -> None:
    for speed in (0.25, 0.3, 1.0, 3.0, 4.0):
        assert np.prod(atempo_factors(speed)) == pytest.approx(speed)
        assert all(0.5 <= factor <= 2 for factor in atempo_factors(speed))
    assert abs(len(change_speed(tone(440, 1_000), 2.0)) - RATE_HZ // 2) < 2_400
