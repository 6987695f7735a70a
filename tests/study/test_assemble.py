"""The whole document: every item is quoted word for word at its time, in any language and for any text."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.documents import encode_document
from schemas.documents.intelligence import Entity, Intelligence, Point, Quote
from streams.study.assemble import NO_SPEECH_NOTE, NOT_ENGLISH_NOTE, build_intelligence, drop_unproved
from streams.study.transcript_text import TranscriptText, read_transcript
from tests.support.transcript_factory import GARDEN, ORBIT, material, spoken, transcript

WORD = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1, max_size=8)

SPEECH = st.lists(st.lists(WORD, min_size=1, max_size=9), min_size=1, max_size=12)


def quotes(made: Intelligence) -> list[Quote]:
    listed = [one.quote for part in (made.summary, made.key_points, made.quotes, made.questions) for one in part]
    listed += [one.quote for one in (*made.chapters, *made.sentiment, *made.relations)]
    return listed + [quote for one in (*made.topics, *made.entities) for quote in one.mentions]


def words_at(heard: TranscriptText, quote: Quote) -> str:
    words = [word for word in heard.words if quote.start_ms <= word.start_ms and word.end_ms <= quote.end_ms]
    return " ".join(word.text for word in words)


async def test_two_subjects_are_two_chapters_and_every_item_is_quoted() -> None:
    heard = spoken(*GARDEN, *GARDEN, *ORBIT, *ORBIT)
    made = build_intelligence(await material(heard))
    border = heard.lines[2 * len(GARDEN)].start_ms
    assert [one.start_ms for one in made.chapters] == [0, border]
    assert "garden" in made.chapters[0].title.lower() or "tomatoes" in made.chapters[0].title.lower()
    assert "rocket" in made.chapters[1].title.lower() or "engine" in made.chapters[1].title.lower()
    assert {"garden", "rocket"} <= {word for one in made.topics for word in one.name.lower().split()}
    assert made.summary
    assert made.key_points
    assert made.sentiment
    assert [one.quote.text for one in made.questions[:1]] == [GARDEN[4]]
    assert {(one.kind, one.name) for one in made.entities} >= {
        ("person", "Elena Markova"), ("place", "Florida"), ("money", "$25 million"), ("percent", "ten percent"),
    }  # fmt: skip
    assert [(one.kind, one.subject, one.object) for one in made.relations] == [
        ("holds_role", "Elena Markova", "chief engineer")
    ]
    assert made.thrown_away == 0
    for quote in quotes(made):
        assert words_at(heard, quote) == quote.text


async def test_the_same_transcript_gives_the_same_bytes() -> None:
    heard = spoken(*GARDEN, *ORBIT)
    first, second = build_intelligence(await material(heard)), build_intelligence(await material(heard))
    assert encode_document(first) == encode_document(second)


async def test_unspoken_quotes_are_dropped_and_counted() -> None:
    heard = spoken(*GARDEN)
    made = build_intelligence(await material(heard))
    real = made.summary[0].quote
    late = msgspec.structs.replace(real, start_ms=real.start_ms + 1)
    invented = Point(quote=msgspec.structs.replace(real, text="The moon is made of cheese."), weight=1.0)
    forged = msgspec.structs.replace(
        made, quotes=[invented, Point(quote=late, weight=1.0), Point(quote=real, weight=1.0)],
        entities=[Entity(kind="person", name="Nobody", mentions=[])],
    )  # fmt: skip
    kept = drop_unproved(forged, heard)
    assert [one.quote for one in kept.quotes] == [real]
    assert (kept.entities, kept.thrown_away) == ([], 3)


async def test_a_language_without_word_lists_gets_a_partial_study() -> None:
    french = [
        "Le jardin a besoin d'eau tous les matins avant que le soleil soit haut.",
        "Les tomates aiment la terre chaude du jardin et beaucoup de compost.",
        "La fusée brûle son moteur pendant huit minutes avant son orbite.",
        "Chaque moteur de la fusée est essayé avant le lancement de la fusée.",
    ] * 6
    made = build_intelligence(await material(spoken(*french, language="fr")))
    assert made.notes == [NOT_ENGLISH_NOTE]
    assert made.engine.model == "tf-idf"
    assert made.chapters
    assert made.summary
    assert (made.topics, made.entities, made.sentiment) == ([], [], [])


async def test_doubtful_words_are_marked_and_support_nothing() -> None:
    text = transcript([*GARDEN, *ORBIT])
    segments = [
        msgspec.structs.replace(one, trust="doubtful" if at < len(GARDEN) else "trusted")
        for at, one in enumerate(text.segments)
    ]
    heard = read_transcript(msgspec.structs.replace(text, segments=segments))
    made = build_intelligence(await material(heard))
    border = heard.lines[len(GARDEN)].start_ms
    assert made.summary
    assert all(one.quote.start_ms >= border for one in (*made.summary, *made.key_points, *made.quotes))
    assert {quote.doubtful for quote in quotes(made) if quote.start_ms < border} == {True}
    assert {quote.doubtful for quote in quotes(made) if quote.start_ms >= border} == {False}


async def test_a_silent_transcript_gives_an_empty_study() -> None:
    made = build_intelligence(await material(read_transcript(transcript([]))))
    assert (made.notes, made.chapters, made.summary) == ([NO_SPEECH_NOTE], [], [])


@settings(max_examples=40)
@given(
    st.lists(st.lists(WORD, min_size=1, max_size=9), min_size=1, max_size=12), st.sampled_from(["en", "de", "ja", None])
)
async def test_every_quote_is_in_the_transcript(sentences: list[list[str]], language: str | None) -> None:
    heard = spoken(*(" ".join(words) for words in sentences), language=language)
    made = build_intelligence(await material(heard))
    assert made.thrown_away == 0
    assert all(heard.contains_quote(quote) for quote in quotes(made))


@pytest.mark.parametrize("text", ["the soil   turns\nsour", "the soil turns sour"])
def test_a_quote_of_a_model_is_found_at_its_time(text: str) -> None:
    found = spoken(*GARDEN).find_quote(text)
    assert found is not None
    assert found.text == "the soil turns sour."
    assert spoken(*GARDEN).find_quote("the soil turns sweet") is None
