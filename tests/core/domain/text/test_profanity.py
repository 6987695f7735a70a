"""Coarse words behind stars: whole words of the list, in the languages that have one."""

from __future__ import annotations

import pytest

from core.domain.text.profanity import LANGUAGES, coarse_words, masked, masked_transcript, unmasked_languages
from schemas.common import Segment, Word
from schemas.documents.transcript import Transcript


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Fucking brilliant!", "F****** brilliant!"),
        ("“Bullshit,” he said.", "“B*******,” he said."),
        ("two bastards", "two b*******"),
        ("a shit-show", "a s***-show"),
        (
            "Scunthorpe, class, spice, sniggering, assess, cocktail",
            "Scunthorpe, class, spice, sniggering, assess, cocktail",
        ),
    ],
)
def test_whole_words_keep_their_first_letter_and_their_length(text: str, shown: str) -> None:
    assert masked(text, "en") == shown


@pytest.mark.parametrize("language", ["de", None])
def test_a_language_without_a_list_hides_nothing(language: str | None) -> None:
    assert masked("shit", language) == "shit"


def test_lists_are_lower_case_and_sorted() -> None:
    for language in LANGUAGES:
        assert len(coarse_words(language)) > 100
        assert all(word == word.casefold().strip() for word in coarse_words(language))


def test_a_transcript_is_masked_by_the_language_of_each_segment() -> None:
    texts = ["Oh", "shit.", "Der", "Shit."]
    words = [Word(text=text, start_ms=n * 100, end_ms=n * 100 + 90, probability=1) for n, text in enumerate(texts)]
    segments = [
        Segment(start_ms=0, end_ms=190, text="Oh shit.", first_word=0, end_word=2),
        Segment(start_ms=200, end_ms=390, text="Der Shit.", first_word=2, end_word=4, language="de"),
    ]
    transcript = Transcript(
        language="en", language_probability=1, duration_ms=400, words=words, segments=segments, speech=[], model="m"
    )
    shown = masked_transcript(transcript)
    assert [segment.text for segment in shown.segments] == ["Oh s***.", "Der Shit."]
    assert [word.text for word in shown.words] == ["Oh", "s***.", "Der", "Shit."]
    assert unmasked_languages(transcript) == ["de"]
    assert transcript.words[1].text == "shit.", "what is stored stays"
