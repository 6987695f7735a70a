"""Ask a configured model for the names of a transcript. Without its answer, rules name them alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from core.errors import Unavailable
from core.infra.triton.client import InferenceFailed
from core.ports.models import Names, NameSpan
from streams.study.assemble import LearnedNames
from streams.study.discourse_patterns import speaks_english
from streams.study.transcript_text import TranscriptText

LINES_PER_REQUEST_COUNT = 64
"""Lines of one request, and so between two reports of progress."""
PATIENCE_S = 20.0
"""Longest wait for one request, as long as for optional sentence embeddings (core/infra/sentence_embeddings.py)."""
RULES_ALONE_NOTE = "names are found by rules alone: the configured model did not answer"
"""Note of a document, and warning of its project, where the configured model gave no names."""


async def learn_names(
    names: Names | None, document: TranscriptText, report: Callable[[int], None], *, patience_s: float = PATIENCE_S
) -> LearnedNames:
    """Ask for the names of all English lines. ``report`` gets the number of lines that are done.

    All lines or none: a model that fails on the way gives no names, so that one document follows one method.
    """
    english = [number for number, line in enumerate(document.lines) if speaks_english(line.language)]
    if names is None or not english:
        return LearnedNames()
    spans_by_line: list[Sequence[NameSpan]] = [() for _ in document.lines]
    model, compute_ms = "", 0
    for at in range(0, len(english), LINES_PER_REQUEST_COUNT):
        numbers = english[at : at + LINES_PER_REQUEST_COUNT]
        try:
            async with asyncio.timeout(patience_s):
                answer = await names.find_names([document.lines[number].text for number in numbers])
        except (Unavailable, InferenceFailed, TimeoutError):
            return LearnedNames(compute_ms=compute_ms, note=RULES_ALONE_NOTE)
        for number, spans in zip(numbers, answer.names, strict=True):
            spans_by_line[number] = spans
        model, compute_ms = answer.model, compute_ms + answer.compute_ms
        report(at + len(numbers))
    return LearnedNames(spans_by_line=spans_by_line, model=model, compute_ms=compute_ms)
