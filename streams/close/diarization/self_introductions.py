"""Names that speakers give themselves ("I'm …", "my name is …"), with the quote. Pure; guesses none.

A name is what is written with capitals right after such a phrase, said by the speaker who gets it. "I'm German" is no
name, so after "I'm" one capitalised word counts only where a clause ends or the speaker goes on about themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.domain.text.bare_word import bare_word
from core.domain.text.word_joining import join_words
from schemas.common import Segment, Word
from schemas.documents.diarization import SelfIntroduction, Speaker

INTRODUCTION_PHRASES: dict[tuple[str, ...], bool] = {
    ("my", "name", "is"): True,
    ("my", "name's"): True,
    ("name", "is"): True,
    ("i'm",): False,
    ("i", "am"): False,
    ("ich", "heiße"): True,
    ("mein", "name", "ist"): True,
    ("ik", "heet"): True,
    ("mijn", "naam", "is"): True,
    ("je", "m'appelle"): True,
    ("mon", "nom", "est"): True,
    ("me", "llamo"): True,
    ("mi", "nombre", "es"): True,
    ("mi", "chiamo"): True,
    ("mio", "nome", "è"): True,
    ("me", "chamo"): True,
    ("chamo-me",): True,
    ("meu", "nome", "é"): True,
    ("jag", "heter"): True,
    ("jeg", "heter"): True,
    ("jeg", "hedder"): True,
}
"""Beginnings of an introduction, and whether only a name can follow.

In other languages than English only phrases that nothing else follows: ``ich bin`` stands before any noun.
"""
ELLIPTIC_PHRASE = ("name", "is")
"""The phrase whose ``my`` may not have been recognised; ``his name is`` introduces another person."""
MAX_NAME_WORDS = 4
"""Most words of a name."""
NAME_PARTICLES = frozenset({"van", "von", "de", "der", "den", "da", "di", "la", "le", "del", "bin", "al"})
"""Lower-case words inside names."""
CONTINUATIONS = frozenset({"from", "with", "at", "the", "your", "and", "a", "an", "i", "i'm", "of", "here", "speaking"})
"""Words after a single name with which a speaker goes on about themselves."""
_NOT_NAMES_TEXT = """
i i'm i'll ok okay god jesus tv american african asian european british english scottish irish welsh
german french dutch spanish italian greek russian chinese japanese korean indian mexican canadian
australian brazilian turkish polish swedish swiss danish norwegian finnish ukrainian israeli arab
christian catholic protestant muslim jewish hindu buddhist republican democrat conservative mr mrs ms dr
monday tuesday wednesday thursday friday saturday sunday january february march april may june july
august september october november december sie euch
"""
NOT_NAMES = frozenset(_NOT_NAMES_TEXT.split())
"""Capitalised words that are no names."""


def name_speakers(speakers: Sequence[Speaker], words: Sequence[Word], segments: Sequence[Segment]) -> list[Speaker]:
    """Give speakers the first name they introduce themselves with.

    A name that two speakers give belongs to neither.
    """
    introductions: dict[str, tuple[str, SelfIntroduction]] = {}
    for segment in segments:
        if segment.speaker is not None and segment.speaker not in introductions:
            introduction = _find_introduction(words[segment.first_word : segment.end_word])
            if introduction is not None:
                introductions[segment.speaker] = introduction
    names = [name.casefold() for name, _ in introductions.values()]
    unique_introductions = {
        speaker_id: introduction
        for speaker_id, introduction in introductions.items()
        if names.count(introduction[0].casefold()) == 1
    }
    return [
        _with_name(speaker, *unique_introductions[speaker.id]) if speaker.id in unique_introductions else speaker
        for speaker in speakers
    ]


def _with_name(speaker: Speaker, name: str, evidence: SelfIntroduction) -> Speaker:
    """Add a name and its evidence to a speaker."""
    return msgspec.structs.replace(speaker, name=name, evidence=evidence, named_by="self")


def _find_introduction(segment_words: Sequence[Word]) -> tuple[str, SelfIntroduction] | None:
    """Find a name in one segment, with the words from its phrase to its end."""
    bare_words = [_bare_name_word(word.text).lower() for word in segment_words]
    for at in range(len(segment_words)):
        for phrase, name_must_follow in INTRODUCTION_PHRASES.items():
            first = at + len(phrase)
            other_person = phrase == ELLIPTIC_PHRASE and at > 0 and not _ends_clause(segment_words[at - 1].text)
            if tuple(bare_words[at:first]) == phrase and not other_person:
                end = _find_name_end(segment_words, first, name_must_follow)
                if end > first:
                    return _build_introduction(segment_words, at, first, end)
        if bare_words[at : at + 2] == ["this", "is"]:
            end = _find_name_end(segment_words, at + 2, name_must_follow=True)
            if end > at + 2 and bare_words[end : end + 1] == ["speaking"]:
                return _build_introduction(segment_words, at, at + 2, end)
    return None


def _find_name_end(segment_words: Sequence[Word], first: int, name_must_follow: bool) -> int:
    """Return where the name that begins at ``first`` ends; ``first`` where no name begins."""
    end = first
    while end < min(len(segment_words), first + MAX_NAME_WORDS):
        name_word = _bare_name_word(segment_words[end].text)
        is_proper = name_word[:1].isupper() and name_word.lower() not in NOT_NAMES
        is_particle = end > first and name_word.lower() in NAME_PARTICLES
        if not is_proper and not is_particle:
            break
        end += 1
        if _ends_clause(segment_words[end - 1].text):
            break
    while end > first and _bare_name_word(segment_words[end - 1].text) in NAME_PARTICLES:
        end -= 1
    if name_must_follow or end - first != 1:
        return end
    next_word = _bare_name_word(segment_words[end].text).lower() if end < len(segment_words) else ""
    return end if _ends_clause(segment_words[end - 1].text) or not next_word or next_word in CONTINUATIONS else first


def _build_introduction(segment_words: Sequence[Word], at: int, first: int, end: int) -> tuple[str, SelfIntroduction]:
    """Build the name and the evidence with its quote."""
    name = " ".join(_bare_name_word(word.text) for word in segment_words[first:end])
    quote = join_words((word.text for word in segment_words[at:end]), "en")
    return name, SelfIntroduction(
        quote=quote, start_ms=segment_words[at].start_ms, end_ms=segment_words[end - 1].end_ms
    )


def _bare_name_word(text: str) -> str:
    """Strip punctuation and a possessive from a word."""
    bare = bare_word(text).replace("’", "'")
    return bare.removesuffix("'s") if bare.lower() != "name's" else bare


def _ends_clause(text: str) -> bool:
    """Whether a word ends a clause."""
    return text.rstrip("\"'”’)").endswith((".", ",", "!", "?", ";", ":"))
