"""Coarse words masked with stars, on request. Pure but for reading its lists."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import msgspec

from schemas.common import Segment, Word
from schemas.documents.transcript import Transcript

LANGUAGES = ("en",)
"""Those with a list: ``schemas/data/profanity/<language>.txt``; its licence file names the source of each."""
_PIECE = re.compile(r"[^\W\d_]+")


@cache
def coarse_words(language: str) -> frozenset[str]:
    """The list of a language, in lower case; empty without a list."""
    if language not in LANGUAGES:
        return frozenset()
    return frozenset((files("schemas") / "data" / "profanity" / f"{language}.txt").read_text().split())


def masked(text: str, language: str | None) -> str:
    """A text whose coarse words keep their first letter and their length."""
    words = coarse_words(language or "")
    return _PIECE.sub(lambda match: _starred(match[0], words), text) if words else text


def _starred(piece: str, words: frozenset[str]) -> str:
    plain = piece.casefold()
    coarse = plain in words or (not plain.endswith("ss") and plain.removesuffix("s") in words)
    return piece[0] + "*" * (len(piece) - 1) if coarse else piece


def masked_transcript(transcript: Transcript) -> Transcript:
    """A transcript to show: words and segments masked, each by the language of its segment."""
    words = [_word(word, transcript.language) for word in transcript.words]
    for segment in transcript.segments:
        language = segment.language or transcript.language
        if language != transcript.language:
            run = slice(segment.first_word, segment.end_word)
            words[run] = [_word(word, language) for word in transcript.words[run]]
    segments = [_segment(segment, transcript.language) for segment in transcript.segments]
    return msgspec.structs.replace(transcript, words=words, segments=segments)


def unmasked_languages(transcript: Transcript) -> list[str]:
    """Languages spoken in it for which there is no list."""
    languages = {segment.language or transcript.language for segment in transcript.segments}
    return sorted(language or "unknown" for language in languages if language not in LANGUAGES)


def _word(word: Word, language: str | None) -> Word:
    return msgspec.structs.replace(word, text=masked(word.text, language))


def _segment(segment: Segment, language: str | None) -> Segment:
    return msgspec.structs.replace(segment, text=masked(segment.text, segment.language or language))
