"""Transcripts of made-up speech with steady times, for tests of study."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.text.word_joining import join_words
from schemas.common import Segment, Word
from schemas.documents.transcript import Transcript
from streams.study.assemble import StudyInputs
from streams.study.discourse_patterns import speaks_english
from streams.study.topics import keyphrases, topic_tokens
from streams.study.transcript_text import TranscriptText, read_transcript
from tests.support.vectors import WordSentences

MS_PER_WORD = 400

GARDEN = (
    "The garden needs water every morning before the sun is high.",
    "Tomatoes like a sunny bed and plenty of compost around their roots.",
    "I plant the tomatoes in May, when the soil of the garden is warm.",
    "Compost keeps the soil of the garden moist and feeds the roots.",
    "Why do the leaves of my tomatoes turn yellow in the garden?",
    "Too much water drowns the roots, and the soil turns sour.",
    "A garden with healthy soil is the best thing that you can ever own.",
)
ORBIT = (
    "Okay, let's move on to the rocket that reaches orbit next year.",
    "The rocket burns its engine for eight minutes before it reaches orbit.",
    "Each engine of the rocket was tested at the launch site in Florida.",
    "The launch cost $25 million, which is ten percent less than the last rocket.",
    "Elena Markova, our chief engineer, designed the engine of the rocket.",
    "What happens when the engine fails before the rocket reaches orbit?",
    "The launch of the rocket is a wonderful moment for everybody here.",
)


def transcript(
    sentences: Sequence[str], *, language: str | None = "en", speakers: Sequence[str | None] = (), pause_ms: int = 300
) -> Transcript:
    """One segment a sentence."""
    words: list[Word] = []
    segments: list[Segment] = []
    at_ms = 0
    for number, sentence in enumerate(sentences):
        speaker = speakers[number % len(speakers)] if speakers else None
        first = len(words)
        for text in sentence.split():
            words.append(
                Word(text=text, start_ms=at_ms, end_ms=at_ms + MS_PER_WORD - 50, probability=0.9, speaker=speaker)
            )
            at_ms += MS_PER_WORD
        segments.append(
            Segment(
                start_ms=words[first].start_ms, end_ms=words[-1].end_ms,
                text=join_words((word.text for word in words[first:]), language),
                first_word=first, end_word=len(words), speaker=speaker,
            )
        )  # fmt: skip
        at_ms += pause_ms
    return Transcript(
        language=language, language_probability=1.0, duration_ms=at_ms, words=words, segments=segments, speech=[],
        model="test", project_title="A talk",
    )  # fmt: skip


async def material(spoken: TranscriptText) -> StudyInputs:
    """As the agent makes it, on the twin of the sentence model."""
    texts = [line.text for line in spoken.lines]
    found, twin = keyphrases.find_keyphrases(spoken), WordSentences()
    if not speaks_english(spoken.language):
        rows = topic_tokens.compute_tfidf([*texts, *(phrase.text for phrase in found)])
        return StudyInputs(
            document=spoken,
            vectors=rows[: len(texts)],
            phrases=found,
            phrase_vectors=rows[len(texts) :],
            model="tf-idf",
        )
    lines, named = await twin.embed(texts), await twin.embed([phrase.text for phrase in found])
    return StudyInputs(
        document=spoken, vectors=lines.values, phrases=found, phrase_vectors=named.values, model="words-1"
    )


def spoken(*sentences: str, language: str | None = "en") -> TranscriptText:
    """Sentences as study reads them."""
    return read_transcript(transcript(sentences, language=language))
