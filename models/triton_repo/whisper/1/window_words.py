"""Converts faster-whisper's segments to words with times of the recording. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

import acceptance
import windowing


@dataclass(frozen=True, kw_only=True)
class Part:
    """Words of one window as (text, start ms, end ms, probability), with the decoder's figures.

    ``heard_ms``: where the window ends in the recording. ``log_probability``: mean a token. ``compression``: how far
    gzip shrinks the text. ``no_speech``: probability of silence.
    """

    words: list[tuple[str, int, int, float]]
    start_ms: int
    heard_ms: int
    again: bool
    agreement: float | None
    """Similarity of both decodings of a window that was decoded again."""
    dropped: str | None
    language: str
    """The language it was decoded in."""
    log_probability: float
    compression: float
    no_speech: float


def part_of(
    segment,
    pieces: list[windowing.Piece],
    offset_s: float,
    language: str,
    *,
    again: bool,
    agreement: float | None,
    glossary: str | None,
) -> Part:
    """The part of ``segment`` (times from ``offset_s`` of the packed sound), without rejected text."""
    words = []
    for word in segment.words or ():
        text = word.word.strip()
        start_ms, end_ms = windowing.restore_ms(pieces, offset_s + float(word.start), offset_s + float(word.end))
        if text:
            words.append((text, start_ms, end_ms, round(float(word.probability), 4)))
    start_ms = windowing.restore_ms(pieces, offset_s + segment.start, offset_s + segment.start)[0]
    heard_ms = windowing.restore_ms(pieces, offset_s + segment.end, offset_s + segment.end)[1]
    probability = sum(word[3] for word in words) / len(words) if words else 0.0
    dropped = acceptance.is_invented(
        compression=segment.compression_ratio,
        log_probability=segment.avg_logprob,
        no_speech=segment.no_speech_prob,
        word_probability=probability,
    ) or acceptance.is_glossary_echo([word[0] for word in words], glossary, probability)
    reason = segment.text.strip() if dropped and words else None
    return Part(
        words=[] if dropped else words,
        start_ms=min(start_ms, words[0][1]) if words else start_ms,
        heard_ms=heard_ms,
        again=again,
        agreement=agreement,
        dropped=reason,
        language=language,
        log_probability=round(float(segment.avg_logprob), 3),
        compression=round(float(segment.compression_ratio), 2),
        no_speech=round(float(segment.no_speech_prob), 3),
    )


def insert_part(part: Part, new: Part) -> list[Part]:
    """Insert ``new`` between the words of ``part`` that come before and after it."""
    if not part.words:
        return [part, new]
    before = [word for word in part.words if word[1] < new.words[0][1]]
    after = part.words[len(before) :]
    first = replace(part, words=before, heard_ms=before[-1][2]) if before else None
    last = replace(part, words=after, start_ms=after[0][1], dropped=None) if after else None
    return [piece for piece in (first, new, last) if piece is not None]
