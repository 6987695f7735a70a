"""Title, hook line, description and hashtags: every word of them is spoken in the clip."""

from __future__ import annotations

import itertools

from schemas.options.project import ProjectOptions
from streams.detect.lexicon import normalise_lexicon_word
from streams.detect.pipeline import find_moments
from tests.detect.material_factory import LECTURE_MS, lecture_words, material, name_id, picture, say

LOOKED = [picture(at, 0.05, 60.0) for at in range(0, LECTURE_MS, 1_000)]


def plain_word(word: str) -> str:
    return normalise_lexicon_word(word).removesuffix("'s")


def plain(text: str) -> set[str]:
    return {plain_word(word) for word in text.split()} - {""}


def is_said(written: str, said: str) -> bool:
    """Whether all words are said, in their order."""
    words = map(plain_word, said.split())
    return all(plain_word(word) in words for word in written.split())


def test_a_clips_wording_only_has_spoken_words() -> None:
    found = find_moments(material(lecture_words(), LECTURE_MS, pictures=LOOKED), ProjectOptions(), name_id)
    for moment in found.moments:
        said, written = plain(moment.text), plain(f"{moment.hook} {moment.description}")
        assert written <= said
        assert moment.hook
        assert moment.description
        assert len(moment.hook) <= 110
        assert len(moment.description) <= 220
        assert is_said(moment.hook, moment.text)
        assert is_said(moment.title, moment.text)
        assert len(moment.hashtags) == len(set(moment.hashtags)) <= 4
        joined = {plain_word(word) for word in moment.text.split()}
        pairs = {first + second for first, second in itertools.pairwise(map(plain_word, moment.text.split()))}
        assert {tag.removeprefix("#") for tag in moment.hashtags} <= joined | pairs


def test_a_wordless_range_only_has_a_title() -> None:
    looked = [picture(at, 0.05 + (at % 20_000) / 2e6) for at in range(0, 60_000, 1_000)]
    found = find_moments(material([], 60_000, pictures=looked), ProjectOptions(), name_id)
    assert found.moments
    for moment in found.moments:
        assert moment.title
        assert (moment.hook, moment.description, moment.hashtags) == ("", "", [])


def test_a_language_without_lists_has_longer_words_as_hashtags() -> None:
    known = material(lecture_words(), LECTURE_MS, language="nl", pictures=LOOKED)
    found = find_moments(known, ProjectOptions(), name_id).moments
    assert any(moment.hashtags for moment in found)
    for moment in found:
        assert all(len(tag) > 7 and tag.removeprefix("#") in plain(moment.text) for tag in moment.hashtags)


def test_hashtags_are_nouns_and_names() -> None:
    found = find_moments(material(lecture_words(), LECTURE_MS, pictures=LOOKED), ProjectOptions(), name_id).moments
    tags = {tag for moment in found for tag in moment.hashtags}
    assert tags & {"#energy", "#object", "#pendulum", "#conservation", "#height", "#building", "#joules"}
    assert not tags & {"#called", "#done", "#converted", "#converting", "#believe", "#willing"}


def test_one_word_is_one_hashtag_in_singular_and_plural() -> None:
    said = "The building stands beside the buildings. We paint each building and clean the buildings on the hill."
    words = say(said, 0)
    found = find_moments(material(words, words[-1].end_ms + 1_000), ProjectOptions(min_clip_ms=3_000), name_id).moments
    tags = [tag for moment in found for tag in moment.hashtags]
    assert {"#building", "#buildings"} & set(tags)
    for moment in found:
        assert len({"#building", "#buildings"} & set(moment.hashtags)) <= 1
