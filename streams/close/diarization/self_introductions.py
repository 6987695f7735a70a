"""Names that speakers give themselves ("I'm …", "my name is …"), with the words that say so. Pure; guesses none.

A name is what is written with capitals right behind such words, said by the speaker who gets it. "I'm German" is no
name, so after "I'm" one capitalised word counts only where a clause ends or the speaker goes on to say what they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.domain.text.bare_word import bare_word
from core.domain.text.word_joining import join_words
from schemas.common import Segment, Word
from schemas.documents.diarization import SelfIntroduction, Speaker

OPENINGS: dict[tuple[str, ...], bool] = {
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
"""How an introduction begins, and whether only a name can follow. Of other languages than English there are those that
nothing else follows: ``ich bin`` stands before any noun."""
OPENS_ALONE = ("name", "is")
"""Of this one the ``my`` may not have been heard; ``his name is`` introduces somebody else."""
LONGEST = 4
PARTICLES = frozenset({"van", "von", "de", "der", "den", "da", "di", "la", "le", "del", "bin", "al"})
GOES_ON = frozenset({"from", "with", "at", "the", "your", "and", "a", "an", "i", "i'm", "of", "here", "speaking"})
_NO_NAMES = """
i i'm i'll ok okay god jesus tv american african asian european british english scottish irish welsh
german french dutch spanish italian greek russian chinese japanese korean indian mexican canadian
australian brazilian turkish polish swedish swiss danish norwegian finnish ukrainian israeli arab
christian catholic protestant muslim jewish hindu buddhist republican democrat conservative mr mrs ms dr
monday tuesday wednesday thursday friday saturday sunday january february march april may june july
august september october november december sie euch
"""
NO_NAMES = frozenset(_NO_NAMES.split())
"""What has a capital and is no name."""


def introduced(speakers: Sequence[Speaker], words: Sequence[Word], segments: Sequence[Segment]) -> list[Speaker]:
    """Speakers with the first name each gives themselves, and where; a name two of them give is nobody's."""
    found: dict[str, tuple[str, SelfIntroduction]] = {}
    for segment in segments:
        if segment.speaker is not None and segment.speaker not in found:
            told = _told(words[segment.first_word : segment.end_word])
            if told is not None:
                found[segment.speaker] = told
    names = [name.casefold() for name, _ in found.values()]
    sure = {who: told for who, told in found.items() if names.count(told[0].casefold()) == 1}
    return [_called(one, *sure[one.id]) if one.id in sure else one for one in speakers]


def _called(speaker: Speaker, name: str, evidence: SelfIntroduction) -> Speaker:
    return msgspec.structs.replace(speaker, name=name, evidence=evidence, named_by="self")


def _told(said: Sequence[Word]) -> tuple[str, SelfIntroduction] | None:
    """The name in one segment, with the words from its opening to its end."""
    bare = [_bare(word.text).lower() for word in said]
    for at in range(len(said)):
        for opening, only in OPENINGS.items():
            first = at + len(opening)
            inside = opening == OPENS_ALONE and at > 0 and not _closes(said[at - 1].text)
            if tuple(bare[at:first]) == opening and not inside:
                end = _name_end(said, first, only)
                if end > first:
                    return _evident(said, at, first, end)
        if bare[at : at + 2] == ["this", "is"]:
            end = _name_end(said, at + 2, only=True)
            if end > at + 2 and bare[end : end + 1] == ["speaking"]:
                return _evident(said, at, at + 2, end)
    return None


def _name_end(said: Sequence[Word], first: int, only: bool) -> int:
    """Where the name that begins at ``first`` ends; ``first`` where there is none."""
    end = first
    while end < min(len(said), first + LONGEST):
        bare = _bare(said[end].text)
        proper = bare[:1].isupper() and bare.lower() not in NO_NAMES
        particle = end > first and bare.lower() in PARTICLES
        if not proper and not particle:
            break
        end += 1
        if _closes(said[end - 1].text):
            break
    while end > first and _bare(said[end - 1].text) in PARTICLES:
        end -= 1
    if only or end - first != 1:
        return end
    follows = _bare(said[end].text).lower() if end < len(said) else ""
    return end if _closes(said[end - 1].text) or not follows or follows in GOES_ON else first


def _evident(said: Sequence[Word], at: int, first: int, end: int) -> tuple[str, SelfIntroduction]:
    name = " ".join(_bare(word.text) for word in said[first:end])
    quote = join_words((word.text for word in said[at:end]), "en")
    return name, SelfIntroduction(quote=quote, start_ms=said[at].start_ms, end_ms=said[end - 1].end_ms)


def _bare(text: str) -> str:
    bare = bare_word(text).replace("’", "'")
    return bare.removesuffix("'s") if bare.lower() != "name's" else bare


def _closes(text: str) -> bool:
    return text.rstrip("\"'”’)").endswith((".", ",", "!", "?", ";", ":"))
