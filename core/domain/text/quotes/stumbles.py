"""Sentences without hesitations, insertions, words said twice and openings. English only. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.domain.text.english.clauses import begins_clause
from core.domain.text.english.stopwords import HESITATIONS, TOPICLESS_WORDS, word_set
from core.domain.text.english.word_classes import fold_word

_OPENERS = word_set(
    "so and but or then because um uh hmm oh ah yeah yep okay ok anyway anyways also plus actually basically "
    "honestly frankly obviously however therefore thus hence meanwhile moreover furthermore finally besides indeed "
    "again nor certainly apparently unfortunately fortunately luckily eventually perhaps again secondly thirdly "
    "firstly"
)
"""First words that tie a sentence to the one before."""
_OPENERS_BEFORE_COMMA = word_set(
    "now well look listen see right yes no first second third today sir like folks man dude alright hey absolutely "
    "exactly sure again sorry still though yet true correct indeed god"
)
"""The same, where a comma follows."""
_PHRASES = tuple(
    phrase.split()
    for phrase in (
        "you know", "i mean", "of course", "in fact", "for example", "for instance", "by the way", "after all",
        "in other words", "at the end of the day", "as a matter of fact", "to be honest", "let me tell you",
        "on the other hand", "first of all", "let me say", "in addition", "by itself", "above all", "my friends",
        "ladies and gentlemen", "mr president", "tell me", "again and again", "and then", "and so", "so then",
        "let me be clear", "make no mistake", "believe me", "to me", "for me", "i guess", "that said", "at that point",
        "i say", "i tell you", "i have to say", "all right", "i will say", "i would say", "oh my gosh", "it's like",
        "i'm like", "and i'm like", "it's just that", "the thing is", "the point is", "to be fair", "as you know",
        "as i said", "as we all know", "most important", "most importantly", "more importantly", "again and again",
    )
)  # fmt: skip
"""Phrases before a statement that say nothing of it."""
_SET_OFF = re.compile(
    r",? (?:you know|i mean|i think|i guess|i believe|of course|for example|for instance|sir|right|obviously|again"
    r"|as you know|as you all are aware|at a minimum|by the way|as you all know|in hindsight|as well"
    r"|(?:very |quite )?(?:frankly|honestly)"
    r"|in fact|however|indeed|in a sense|so to speak|like(?!, [\"“])),(?= )",
    re.IGNORECASE,
)
"""Insertions between commas."""
_SOFTENER = re.compile(
    r"(?<!\ba)(?<!\bthe)(?<!\bsome)(?<!\bthis)(?<!\bthat)(?<!\bany)(?<!\bwhat)(?<!\bof)(?<!\bone)"
    r"(?<!\bthese) (?:sort of|kind of|kinda|sorta)(?= )",
    re.IGNORECASE,
)
_AND_SO_ON = re.compile(r",? and so (?:forth|on)(?=[.?!]?$)", re.IGNORECASE)
_TWICE = word_set("very really had that no far many much never long so more again bye ha is blah")
"""Words that are said twice on purpose, or by grammar."""
_QUOTES = str.maketrans("", "", '"“”')
_MAX_REPEATED_WORDS = 3
"""Longest run of words that is said twice by a stumble (“on the -- on the”)."""
_DASH = re.compile(r"—|--|\s[-–]+(?=\s)")


def is_content_word(word: str) -> bool:
    """Whether a folded word may say what is spoken of."""
    return len(word) > 2 and word.removesuffix("'s") not in TOPICLESS_WORDS and any(map(str.isalpha, word))


def drop_stumbles(text: str) -> list[str]:
    """Split a text into words, without hesitations, insertions and words said twice by mistake."""
    plain = " ".join(_DASH.sub(" — ", text.replace("`", "")).split())
    plain = _AND_SO_ON.sub("", _SOFTENER.sub("", _SET_OFF.sub("", plain)))
    words: list[str] = []
    for word in plain.split():
        if fold_word(word) not in HESITATIONS:
            words.append(word)
        elif words and word.endswith(","):
            words[-1] = words[-1].rstrip(",")
    index = 0
    while index < len(words):
        for size in range(_MAX_REPEATED_WORDS, 0, -1):
            run, behind = words[index : index + size], index + size
            while behind < len(words) and not fold_word(words[behind]):
                behind += 1
            again = words[behind : behind + size]
            if len(again) == size and _is_stumble(run, again):
                del words[index:behind]
                break
        else:
            index += 1
    return words


def _is_stumble(run: Sequence[str], again: Sequence[str]) -> bool:
    folded = [fold_word(word) for word in run]
    return (
        folded == [fold_word(word) for word in again]
        and all(folded)
        and not (len(folded) == 1 and folded[0] in _TWICE)
        and not run[-1].endswith((".", "?", "!", ";"))
        and not (len(folded) == 1 and run[-1].endswith(",") and is_content_word(folded[0]))
    )


def drop_openers(words: Sequence[str]) -> Sequence[str]:
    """Leave out what ties a sentence to the one before (``so``, ``of course,``, a name that is called)."""
    part = list(words)
    while len(part) > 2:
        first, folded = fold_word(part[0]), [fold_word(word) for word in part[:8]]
        if (
            not first
            or (first in _OPENERS and not (first == "so" and folded[1] in ("that", "many", "much", "far", "long")))
            or (part[0].endswith(",") and first in _OPENERS_BEFORE_COMMA)
        ):
            part = part[1:]
        elif phrase := next(
            (phrase for phrase in _PHRASES if folded[: len(phrase)] == phrase and _ends_phrase(part, len(phrase))), None
        ):
            part = part[len(phrase) :]
        elif part[0].endswith(",") and part[0][:1].isupper() and begins_clause(part, 1) and first not in ("today",):
            part = part[1:]
        else:
            break
    return part


def _ends_phrase(words: Sequence[str], length: int) -> bool:
    """Whether an opening phrase ends there: at its comma, or before a clause."""
    is_marked = len(words) > length and words[length - 1].endswith((",", ":", "-", "—"))
    return is_marked or (fold_word(words[0]) != "after" and begins_clause(words, length))


def write_words(words: Sequence[str]) -> str:
    """Join words with a capital, without marks at the ends and without a lone quotation mark."""
    text = " ".join(words).strip("–—-> ,;:")
    is_one_quotation = re.fullmatch(r"[\"“][^\"“”]*[\"”]", text) or re.fullmatch(r"[\"“]?[^\"“”]+[\"”]?", text)
    if is_one_quotation or text.count('"') % 2 or text.count("“") != text.count("”"):
        text = text.translate(_QUOTES)
    return text[:1].upper() + text[1:]
