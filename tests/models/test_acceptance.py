"""Whisper's acceptance, with the numbers that real recordings gave."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from tests.models.load import load

acceptance = load("whisper", "acceptance")
sys.modules["acceptance"] = acceptance
sys.modules["language_spans"] = load("whisper", "language_spans")
multilingual = load("whisper", "multilingual")


def test_speech_is_accepted_and_invention_is_not() -> None:
    assert not acceptance.is_invented(compression=1.9, log_probability=-0.07, no_speech=0.09, word_probability=0.96)
    assert not acceptance.is_invented(compression=1.47, log_probability=-0.53, no_speech=0.41, word_probability=0.75)
    assert acceptance.is_invented(compression=0.33, log_probability=-1.26, no_speech=0.78, word_probability=0.04)
    assert acceptance.is_invented(compression=9.0, log_probability=-0.1, no_speech=0.0, word_probability=0.9)


def test_a_repeating_or_doubtful_window_is_decoded_again() -> None:
    assert not acceptance.is_failed(compression=1.7, log_probability=-0.3, words=79, speech_s=30.0)
    assert acceptance.is_failed(compression=2.5, log_probability=-0.3, words=79, speech_s=30.0)
    assert acceptance.is_failed(compression=1.7, log_probability=-1.1, words=79, speech_s=30.0)
    assert acceptance.is_failed(compression=1.0, log_probability=-0.3, words=5, speech_s=30.0)
    assert not acceptance.is_failed(compression=1.0, log_probability=-0.3, words=1, speech_s=3.0)


def test_a_text_of_glossary_terms_needs_a_higher_probability() -> None:
    terms = "Lorenz, Hester Prynne"
    assert acceptance.is_glossary_echo(["Hester", "Prynne."], terms, 0.37)
    assert not acceptance.is_glossary_echo(["Hester", "Prynne."], terms, 0.8)
    assert not acceptance.is_glossary_echo(["Hester", "came."], terms, 0.37)
    assert not acceptance.is_glossary_echo(["Lorenz"], None, 0.3)
    assert not acceptance.is_glossary_echo([], terms, 0.0)


def test_two_readings_agree_by_their_words() -> None:
    assert acceptance.agreement([" Thank", " you."], [" thank", " you"]) == 1.0
    assert acceptance.agreement([], []) == 1.0
    assert acceptance.agreement([" Thank", " you."], []) == 0.0
    assert acceptance.agreement(["we", "go", "on", "and", "on", "and"], ["we", "go", "on"]) == 0.667


DUTCH = {"nl": 0.75, "en": 0.24}
HALF = {"en": 0.5, "nl": 0.48}
ENGLISH = {"en": 0.92, "nl": 0.06}
GERMAN = {"de": 1.0, "en": 0.0}


def test_a_sure_window_ends_the_search() -> None:
    assert acceptance.language([ENGLISH], None) == ("en", 0.92)
    assert acceptance.language([DUTCH], None) is None
    assert acceptance.likeliest_language([DUTCH], None) == ("nl", 0.75)
    assert acceptance.likeliest_language([DUTCH, ENGLISH], None)[0] == "en"


def test_a_hint_wins_a_doubt_but_not_a_certainty() -> None:
    assert acceptance.language([HALF], "en") == ("en", 0.5)
    assert acceptance.language([DUTCH], "en") is None
    assert acceptance.likeliest_language([DUTCH, DUTCH], "en") == ("en", 0.24)
    assert acceptance.language([GERMAN], "en") is None
    assert acceptance.likeliest_language([GERMAN, GERMAN], "en") == ("de", 1.0)
    assert acceptance.likeliest_language([ENGLISH], "xx")[0] == "en"


class Network:
    """Hears a fixed language a window."""

    is_multilingual = True

    def detect_language(self, features: list[dict[str, float]]) -> list[list[tuple[str, float]]]:
        ranked = [sorted(window.items(), key=lambda one: -one[1]) for window in features]
        return [[(f"<|{name}|>", probability) for name, probability in window] for window in ranked]


def test_each_window_is_decoded_in_its_own_language() -> None:
    network = multilingual.MultilingualNetwork(Network(), None)
    assert network.is_multilingual
    assert network.detect_language([DUTCH])[0][0] == ("<|nl|>", 0.75)
    with network.switching(("en", 0.9), None, many=True):
        found = network.detect_language([DUTCH, GERMAN, ENGLISH])
        assert [window[0][0] for window in found] == ["<|en|>", "<|de|>", "<|en|>"]
        assert [network.languages_of(index) for index in (0, 1, 2, 9)] == [["en"], ["de"], ["en"], ["en"]]
        assert network.latest() == "en"
    with network.switching(("nl", 1.0), None, many=False):
        assert network.detect_language([GERMAN])[0][0] == ("<|de|>", 1.0), "the network's own word"
        assert (network.languages_of(0), network.latest()) == (["nl"], "nl")


def test_the_first_windows_decide_the_language() -> None:
    network = multilingual.MultilingualNetwork(Network(), None)
    with network.switching(None, None, many=True):
        found = network.detect_language([DUTCH, ENGLISH, ENGLISH, GERMAN])
        assert [window[0][0] for window in found] == ["<|en|>", "<|en|>", "<|en|>", "<|de|>"]
        assert network.prior is not None
        assert network.language() == "en"
        network.detect_language([DUTCH])
        assert network.latest() == "en", "and the later ones do not change it"
    with network.switching(None, "nl", many=True):
        network.detect_language([HALF, DUTCH])
        assert network.language() == "nl", "a hint wins a doubt"


def test_parallel_windows_wait_for_the_first_ones_language() -> None:
    network = multilingual.MultilingualNetwork(Network(), None)

    def ask(first: int, windows: list[dict[str, float]]) -> list[str]:
        with network.window(first):
            return [window[0][0] for window in network.detect_language(windows)]

    with network.switching(None, None, many=True), ThreadPoolExecutor(2) as pool:
        later = pool.submit(ask, 2, [DUTCH, GERMAN])
        assert not wait([later], timeout=0.05).done, "nobody knows the language yet"
        assert ask(0, [ENGLISH, ENGLISH]) == ["<|en|>", "<|en|>"]
        assert later.result(timeout=5) == ["<|en|>", "<|de|>"]
        assert [network.languages_of(index) for index in range(4)] == [["en"], ["en"], ["en"], ["de"]]


def test_a_failed_first_window_wakes_the_others() -> None:
    network = multilingual.MultilingualNetwork(Network(), None)

    def fail(first: int, windows: object) -> None:
        with network.window(first):
            network.detect_language(windows)

    with network.switching(None, None, many=True), ThreadPoolExecutor(2) as pool:
        later = pool.submit(fail, 4, [GERMAN])
        with pytest.raises(AttributeError):
            fail(0, [None])
        with pytest.raises(multilingual.AbandonedError):
            later.result(timeout=5)


def test_only_the_first_windows_decide_the_recordings_language() -> None:
    assert acceptance.recording_language([ENGLISH, DUTCH, ENGLISH, ENGLISH], None)[0] == "en"
    assert acceptance.recording_language([GERMAN, HALF], "en")[0] == "en", "one sure window does not overrule a hint"
    assert acceptance.recording_language([GERMAN, GERMAN], "en") == ("de", 1.0)
    assert acceptance.recording_language([DUTCH] * 4 + [ENGLISH] * 50, None)[0] == "nl"
    many, few = [ENGLISH, GERMAN, GERMAN, GERMAN, *[ENGLISH] * 12], [ENGLISH, GERMAN, GERMAN, GERMAN]
    assert acceptance.recording_language(many, None) == acceptance.recording_language(few, None), (
        "however many are heard at once"
    )
