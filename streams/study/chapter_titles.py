"""Titles of chapters: words that are said in them and stand alone. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.text.english.word_classes import fold_word
from core.domain.text.quotes.quote_features import list_folded_words, read_context
from core.domain.text.quotes.rated_quotes import RatedQuote, as_title, fits_title, rate_quotes, value_title
from core.domain.text.quotes.spoken_sentence import SpokenSentence
from core.domain.text.quotes.stumbles import is_content_word
from core.domain.text.sentence_end import ends_sentence
from core.infra.english_parser import parse_english
from core.ports.models import Float32
from streams.study.discourse_patterns import DEPENDENT_OPENERS, speaks_english
from streams.study.transcript_text import TranscriptLine, TranscriptText

MAX_TITLE_WORDS = 8
"""Most words of a title that is the beginning of a sentence."""
PARSED_LINES = 96
"""Sentences of a recording that are parsed, of each chapter those nearest to its middle: a second or two of the CPU."""
MIN_PARSED_LINES, MAX_PARSED_LINES = 8, 24
"""Fewest and most sentences of one chapter that are parsed."""
PARSED_LINE_WORDS = (4, 45)
"""Words of a sentence that a title is taken from."""
SURE_LOG_ODDS = 0.85
"""Log-odds from which a quote is a title: seven of ten stand alone."""
LIKELY_LOG_ODDS = 0.0
"""Log-odds from which one is where nothing else is at hand: it more likely stands alone than not."""
NEARNESS_WEIGHT = 0.4
"""Weight of a sentence's nearness to the chapter's middle, besides what a clip's title has."""
PHRASE_WEIGHT = 0.15
"""Value of each of the chapter's phrases that a title says."""
MAX_VALUED_PHRASES = 2
"""Phrases of a title that count."""


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What the titles of a recording's chapters have in common.

    ``spread`` counts the English sentences that say a word; ``parsed_lines`` are those of a chapter that are parsed.
    """

    spread: Mapping[str, int]
    parsed_lines: int


def survey_text(document: TranscriptText, chapter_count: int) -> Survey:
    """Survey a recording before its chapters get their titles."""
    spread = Counter(
        word
        for line in document.lines
        if speaks_english(line.language)
        for word in list_folded_words(line.text)
        if is_content_word(word)
    )
    parsed_lines = min(max(PARSED_LINES // chapter_count, MIN_PARSED_LINES), MAX_PARSED_LINES)
    return Survey(spread=spread, parsed_lines=parsed_lines)


def write_title(
    document: TranscriptText,
    span: tuple[int, int],
    similarity: Float32,
    phrase_texts: Sequence[str],
    survey: Survey,
) -> str:
    """Write the title of the chapter ``lines[first:end]``; ``similarity``: of each line to its middle.

    A quote that most likely stands alone, near to the middle; else a noun phrase that is said with one of the chapter's
    phrases; else the first phrase; without any, what still may stand alone, or the beginning of the nearest sentence.
    """
    rated = [
        quote
        for quote in _rate_lines(document, span, similarity, survey)
        if fits_title(quote) and fold_word(quote.text.split()[0]) not in DEPENDENT_OPENERS
    ]
    sure = [quote for quote in rated if quote.log_odds >= SURE_LOG_ODDS]
    if sure:
        return as_title(max(sure, key=lambda quote: (round(_value(quote, phrase_texts), 6), -quote.quote.index)).text)
    nouns = [quote for quote in rated if quote.is_phrase and _count_phrases(quote.text, phrase_texts)]
    if nouns:
        return as_title(max(nouns, key=lambda quote: (round(quote.log_odds, 6), -quote.quote.index)).text)
    if phrase_texts:
        return phrase_texts[0][:1].upper() + phrase_texts[0][1:]
    best = max(rated, key=lambda quote: (round(quote.log_odds, 6), -quote.quote.index), default=None)
    if best is not None and best.log_odds >= LIKELY_LOG_ODDS:
        return as_title(best.text)
    words = document.lines[span[0] + int(similarity.argmax())].text.split()
    return " ".join(words[:MAX_TITLE_WORDS]) + ("…" if len(words) > MAX_TITLE_WORDS else "")


def _rate_lines(
    document: TranscriptText, span: tuple[int, int], similarity: Float32, survey: Survey
) -> list[RatedQuote]:
    first, end = span
    lines = document.lines[first:end]
    fit = [at for at in np.argsort(-similarity, kind="stable") if _may_entitle(lines[at])]
    parsed = {int(at) for at in fit[: survey.parsed_lines]}
    if not parsed:
        return []
    sentences = [
        SpokenSentence(text=line.text, is_ended=ends_sentence(line.text.split()[-1]), is_quotable=at in parsed)
        for at, line in enumerate(lines)
    ]
    context = read_context([line.text for line in document.lines], first, end, survey.spread)
    nearness = [round(max(0.0, float(cosine)), 4) for cosine in similarity]
    return rate_quotes(sentences, context, nearness, parse_english)


def _may_entitle(line: TranscriptLine) -> bool:
    low, high = PARSED_LINE_WORDS
    return speaks_english(line.language) and not line.doubtful and low <= line.words <= high


def _value(quote: RatedQuote, phrase_texts: Sequence[str]) -> float:
    phrases_count = min(MAX_VALUED_PHRASES, _count_phrases(quote.text, phrase_texts))
    return quote.log_chance + value_title(quote) + NEARNESS_WEIGHT * quote.nearness + PHRASE_WEIGHT * phrases_count


def _count_phrases(text: str, phrase_texts: Sequence[str]) -> int:
    lower = text.lower()
    return sum(phrase.lower() in lower for phrase in phrase_texts)
