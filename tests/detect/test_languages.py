"""A recording of two languages: each range uses the word lists of its own language."""

from __future__ import annotations

import msgspec

from schemas.common import Segment, Word
from schemas.documents.transcript import Transcript
from schemas.options.project import ProjectOptions
from streams.detect.candidates.speech_windows import find_speech_windows
from streams.detect.features import audience, delivery
from streams.detect.features.project_baseline import read_baseline
from streams.detect.features.text import measure_tension, read_sentence_facts
from streams.detect.pipeline import find_moments
from streams.detect.timeline import ProjectTimeline, build_timeline
from streams.detect.window import CandidateWindow
from tests.detect.material_factory import material, name_id, say

ENGLISH = (
    "So the engine of a rocket never forgives a mistake.",
    "The fuel is burned in eight minutes and the engine is cooled by the fuel.",
)
GERMAN = (
    "Die Rakete und die anderen verbrennen den Treibstoff, und die Leitung wird gekühlt.",
    "Danach erreicht die Rakete wirklich ihre Umlaufbahn über der Erde.",
)


def two_languages(recording: str) -> tuple[list[Word], int, Transcript]:
    """Two English sentences, then two German ones; ``recording`` is the language of the whole."""
    words: list[Word] = []
    segments: list[Segment] = []
    for text, language in [*((text, "en") for text in ENGLISH), *((text, "de") for text in GERMAN)]:
        said = say(text, words[-1].end_ms + 900 if words else 0)
        segments.append(
            Segment(
                start_ms=said[0].start_ms, end_ms=said[-1].end_ms, text=text, first_word=len(words),
                end_word=len(words) + len(said), language=language,
            )
        )  # fmt: skip
        words += said
    duration_ms = words[-1].end_ms + 1_000
    made = material(words, duration_ms, language=recording).transcript
    assert made is not None
    return words, duration_ms, msgspec.structs.replace(made, segments=segments)


def timeline(recording: str) -> ProjectTimeline:
    words, duration_ms, said = two_languages(recording)
    return build_timeline(msgspec.structs.replace(material(words, duration_ms), transcript=said))


def test_each_sentence_has_the_lists_of_its_language() -> None:
    for recording in ("en", "de"):
        known = [sentence.lexicon is not None for sentence in timeline(recording).sentences]
        assert known == [True, True, False, False]


def test_a_german_article_is_not_read_as_an_english_word() -> None:
    of = timeline("en")
    german = [sentence for sentence in of.sentences if sentence.language == "de"]
    window = CandidateWindow(range=of.full_range, sentences=german, start_quality=1.0, end_quality=1.0)
    facts = read_sentence_facts(of)
    assert measure_tension(window, facts) is None
    assert all(facts[sentence.first_word].emotion is None for sentence in german)
    assert find_speech_windows(of, min_ms=3_000, max_ms=30_000)


def test_titles_and_tags_follow_the_language_of_their_words() -> None:
    words, duration_ms, said = two_languages("de")
    known = msgspec.structs.replace(material(words, duration_ms), transcript=said)
    found = find_moments(known, ProjectOptions(min_clip_ms=3_000), name_id).moments
    tags = {tag for moment in found for tag in moment.hashtags}
    assert any(moment.title == "The engine of a rocket never forgives a mistake" for moment in found)
    assert tags & {"#rakete", "#treibstoff", "#umlaufbahn"}
    assert not tags & {"#anderen", "#wirklich", "#verbrennen", "#danach", "#burned", "#cooled"}


def test_english_ranges_score_alike_in_any_recording() -> None:
    whole = {recording: read_baseline(timeline(recording)) for recording in ("en", "de")}
    assert whole["en"].density_levels == whole["de"].density_levels
    assert whole["en"].audience_cues == whole["de"].audience_cues != {}
    of = timeline("de")
    english, german = ([s for s in of.sentences if s.language == language] for language in ("en", "de"))
    for sentences, known in ((english, True), (german, False)):
        window = CandidateWindow(range=of.full_range, sentences=sentences, start_quality=1.0, end_quality=1.0)
        facts = whole["de"].facts
        assert (audience.measure_wit(window, whole["de"].audience_cues) is not None) == known
        assert (delivery.measure_density(window, of, facts, [1.0, 2.0]) is not None) == known
