"""Language of each range of a window, from the network's verdict on its slices."""

from __future__ import annotations

import itertools
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.models.load import load

acceptance = load("whisper", "acceptance")
language_spans = load("whisper", "language_spans")
windowing = load("whisper", "windowing")
sys.modules["acceptance"], sys.modules["language_spans"] = acceptance, language_spans
multilingual = load("whisper", "multilingual")

ENGLISH = {"en": 0.98, "de": 0.01, "nl": 0.01}
GERMAN = {"de": 0.97, "en": 0.01, "nl": 0.01}
ACCENTED = {"nl": 0.85, "en": 0.14, "de": 0.01}
BOTH = {"de": 0.5, "en": 0.46, "nl": 0.01}
SOUNDS = (ENGLISH, GERMAN, ACCENTED, BOTH)


@given(st.integers(1, 1500), st.integers(50, 400))
def test_slices_are_of_one_length_and_follow_each_other(length: int, each: int) -> None:
    found = language_spans.slices(length, each)
    assert len({end - start for start, end in found}) == 1
    assert found[0][0] == 0
    assert all(one[1] == other[0] for one, other in itertools.pairwise(found))
    assert length - len(found) < found[-1][1] <= length


def test_a_change_of_language_has_to_be_worth_it() -> None:
    names = ["en", "de"]
    assert language_spans.path([(ENGLISH, 4.0), (GERMAN, 4.0), (ENGLISH, 4.0)], names) == ["en", "de", "en"]
    assert language_spans.path([(ENGLISH, 4.0), (GERMAN, 0.5), (ENGLISH, 4.0)], names) == ["en", "en", "en"]
    assert language_spans.path([(BOTH, 4.0), (BOTH, 4.0), (ENGLISH, 1.0)], names) == ["en", "en", "en"]
    assert language_spans.path([({"fr": 0.5}, 4.0)], names) == ["en"], "where nothing tells, the recording's"


def test_a_window_has_only_languages_that_a_slice_is_sure_of() -> None:
    assert language_spans.candidates([ENGLISH, ACCENTED, BOTH], "en") == ["en"]
    assert language_spans.candidates([GERMAN, ACCENTED], "en") == ["en", "de"]
    assert not language_spans.is_mixed([ENGLISH, ACCENTED, BOTH])
    assert language_spans.is_mixed([ENGLISH, BOTH, GERMAN])


def test_a_window_leaves_the_language_only_for_a_far_likelier_one() -> None:
    nearly = {"nl": 0.91, "en": 0.08}
    assert language_spans.slice_languages([nearly], "en") == ["en"], "as the network took the lecturer's English"
    assert language_spans.slice_languages([ENGLISH, nearly], "en") == ["en", "en"]
    assert language_spans.slice_languages([nearly, nearly], "en") == ["nl", "nl"]
    assert language_spans.slice_languages([GERMAN], "en") == ["de"]
    assert language_spans.slice_languages([ENGLISH, GERMAN], "en") == ["en", "de"]
    assert language_spans.slice_languages([ACCENTED], "en") == ["en"]


def test_neighbouring_windows_of_one_language_are_one_range() -> None:
    units = [(0, 10), (10, 30), (30, 40)]
    assert language_spans.runs(units, ["en", "en", "de"]) == [(0, 30, "en"), (30, 40, "de")]


def test_long_wordless_pieces_are_a_gap() -> None:
    units = [(0, 100), (100, 220), (220, 300), (300, 420), (420, 500)]
    assert language_spans.wordless_ranges(units, [(10.0, 60.0), (230.0, 240.0)], 200) == [(300, 500)]
    assert language_spans.wordless_ranges(units, [(430.0, 440.0)], 200) == [(0, 420)]
    assert language_spans.wordless_ranges(units, [(10.0, 60.0), (130.0, 140.0), (310.0, 480.0)], 200) == []
    assert language_spans.wordless_ranges(units, [], 200) == [(0, 500)]


class Frames:
    """Windows are arrays of numbers of SOUNDS, one a frame."""

    to_array = staticmethod(np.asarray)
    to_features = staticmethod(np.stack)


class Network:
    """Gives a range the mean language probabilities of its frames."""

    def detect_language(self, features: np.ndarray) -> list[list[tuple[str, float]]]:
        means = [{name: float(np.mean([SOUNDS[at][name] for at in row])) for name in ENGLISH} for row in features]
        return [[(f"<|{name}|>", probability) for name, probability in one.items()] for one in means]

    def generate(self, features: np.ndarray, prompts: list[str], **_: object) -> list[str]:
        return [f"{prompt} of {int(row[0])}" for row, prompt in zip(features, prompts, strict=True)]


def window(*parts: tuple[int, int]) -> np.ndarray:
    """(sound, frames), one after the other, and nothing behind them."""
    spoken = np.concatenate([np.full(frames, sound) for sound, frames in parts])
    return np.pad(spoken, (0, 1500 - spoken.size))


def languages_of_windows(windows: list[np.ndarray], units: list[list[tuple[int, int]]]) -> list[list[str]]:
    network = multilingual.MultilingualNetwork(Network(), Frames())
    with network.switching(None, None, many=True, units=units):
        network.detect_language(np.stack(windows))
        return [network.languages_of(at) for at in range(len(windows))]


def test_a_bilingual_window_is_split_at_its_pauses() -> None:
    english, both = window((0, 1500)), window((0, 740), (1, 600))
    parted = [(0, 300), (300, 740), (740, 1000), (1000, 1340)]
    found = languages_of_windows([english, english, both], [[(0, 1500)], [(0, 1500)], parted])
    assert found == [["en"], ["en"], ["en", "en", "de", "de"]]


def test_a_split_window_is_not_decoded_whole() -> None:
    windows = np.stack([window((0, 740), (1, 600)), window((1, 1400)), window((1, 700), (0, 700))])
    units = [[(0, 740), (740, 1340)], [(0, 1400)], [(0, 700), (700, 1400)]]
    network = multilingual.MultilingualNetwork(Network(), Frames())
    with network.switching(("en", 1.0), None, many=True, units=units), network.window(0):
        network.detect_language(windows)
        first, second, third = network.generate(windows, ["a", "b", "c"])
        assert second == "b of 1"
        assert first.sequences_ids == third.sequences_ids == [[]]
    assert network.generate(windows[:1], ["a"]) == ["a of 0"], "by itself it is"


def test_an_accent_leaves_a_window_in_the_recordings_language() -> None:
    accented = window((0, 250), (2, 500), (0, 250))
    assert languages_of_windows([window((0, 1500)), accented], [[(0, 1500)], [(0, 1000)]]) == [["en"], ["en"]]


def test_a_window_of_another_language_is_in_it_whole() -> None:
    english, german = window((0, 1500)), window((1, 900))
    assert languages_of_windows([english, english, german], [[(0, 1500)], [(0, 1500)], [(0, 900)]]) == [
        ["en"],
        ["en"],
        ["de"],
    ]


def test_a_brief_window_is_analysed_with_the_silence_after_it() -> None:
    assert languages_of_windows([window((2, 200))], [[(0, 200)]]) == [["en"]]


def test_sound_of_its_own_is_in_another_language_only_if_that_is_sure() -> None:
    network = multilingual.MultilingualNetwork(Network(), Frames())
    assert network.language_of_sound(np.full((1, 250), 1), "en") == "de"
    assert network.language_of_sound(np.full((1, 250), 2), "en") == "en"


def test_units_are_pieces_of_a_window_and_long_ones_split() -> None:
    pieces = windowing.pack([(0, 32_000), (50_000, 210_000), (300_000, 332_000)])
    whole = windowing.Window(start=0, end=224_000)
    assert windowing.units(pieces, whole, 96_000, 320) == [(0, 100), (100, 350), (350, 600), (600, 700)]
    later = windowing.Window(start=100_000, end=224_000)
    assert windowing.units(pieces, later, 96_000, 320) == [(0, 287), (287, 387)]


def test_a_border_at_no_pause_goes_where_it_is_quietest() -> None:
    rate = windowing.RATE_HZ
    sound = np.random.default_rng(0).normal(0, 0.1, 10 * rate).astype(np.float32)
    sound[int(5.4 * rate) : int(5.6 * rate)] = 0
    span = windowing.Window(start=0, end=10 * rate)
    one = windowing.pack([(0, 10 * rate)])
    cut = windowing.cut(sound, span, one, [(0, 250, "en"), (250, 500, "de")], 320)
    assert next((start, what) for start, _, what in cut) == (0, "en")
    assert abs(cut[1][0] - 5.5 * rate) <= 0.05 * rate
    assert cut[0][1] == cut[1][0]
    assert cut[-1][1] == 10 * rate
    two = windowing.pack([(0, 5 * rate), (6 * rate, 11 * rate)])
    assert windowing.cut(sound, span, two, [(0, 250, "en"), (250, 500, "de")], 320)[0][1] == 5 * rate


def test_a_range_is_padded_to_one_of_few_lengths() -> None:
    shown = [language_spans.input_length_s(length_s / 10) for length_s in range(1, 301)]
    assert set(shown) == {5, 10, 15, 20, 25, 30}
    assert shown == sorted(shown)
    assert all(seconds >= length_s / 10 + 1 for length_s, seconds in enumerate(shown, 1) if length_s <= 290)
