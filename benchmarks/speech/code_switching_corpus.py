"""Recordings that change their language, out of labelled readings, by a seed.

The sound and the truth about it.

None is real. Blocks of one to four phrases of one reader in one language follow each other at random lengths, over a
little noise, with the pauses of somebody who talks on. German is the licence text of ``multilingual.mp3``, cut at its
pauses; English its other half and the labelled readers. Without changes the same maker gives the one-language control.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.common import TimeRange, Value
from tests.support.media.recordings import RATE_HZ, media, sound

NOISE_AMPLITUDE = 8
BOTH = "speech/multilingual.mp3"
LICENCE: dict[str, tuple[tuple[float, float, str], ...]] = {
    "en": (
        (0.0, 8.9, "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and "
                   "associated documentation files, to deal in the software without restriction,"),
        (8.9, 13.3, "including without limitation the rights to use, copy, modify, merge,"),
        (13.3, 17.9, "publish, distribute, sublicense, and/or sell copies of the software"),
        (17.9, 23.0, "and to permit persons to whom the software is furnished to do so, subject to the following "
                     "conditions:"),
        (23.0, 29.6, "The above copyright notice and this permission notice shall be included in all copies or "
                     "substantial portions of the software."),
    ),
    "de": (
        (30.2, 41.9, "Jedem, der diese Software und die dazugehörigen Dokumentationsdateien erhält, wird hiermit "
                     "unentgeltlich die Genehmigung erteilt, mit der Software uneingeschränkt zu verfahren."),
        (41.9, 46.17, "Dies umfasst insbesondere das Recht, die Software zu verwenden,"),
        (46.17, 51.3, "zu vervielfältigen, zu modifizieren, zusammenzufügen, zu veröffentlichen,"),
        (51.3, 59.95, "zu verteilen, unterzulizenzieren und oder Kopien der Software zu verkaufen und diese Rechte "
                      "unter folgenden Bedingungen anderen zu übertragen."),
    ),
}  # fmt: skip
"""Seconds of ``BOTH`` and what is read there."""


class Phrase(Value):
    """A range of one reader and its text."""

    samples: NDArray[np.int16]
    said: str


class Block(Value):
    """Phrases of one reader in one language, one after the other."""

    range: TimeRange
    language: str
    said: str


class Mixture(Value):
    """Sound at 16 kHz and the truth about it."""

    name: str
    samples: NDArray[np.int16]
    blocks: list[Block]

    @property
    def text(self) -> str:
        """The text of all blocks, in order."""
        return " ".join(block.said for block in self.blocks)


Readers = dict[str, list[list[Phrase]]]


def readers() -> Readers:
    """Each reader's phrases, by language."""
    recording = sound(media(BOTH))
    licence = {
        language: [
            Phrase(samples=recording[round(start * RATE_HZ) : round(end * RATE_HZ)], said=text)
            for start, end, text in parts
        ]
        for language, parts in LICENCE.items()
    }
    return {"de": [licence["de"]], "en": [licence["en"], list(_hifitts()), list(_librispeech())]}


def _hifitts() -> Iterator[Phrase]:
    manifest = media("speech/hifitts_6097/manifest.json")
    for line in manifest.read_text().splitlines():
        entry = json.loads(line)
        path = manifest.parent / Path(entry["audio_filepath"]).name
        if path.is_file():
            yield Phrase(samples=sound(path), said=entry["text"])


def _librispeech() -> Iterator[Phrase]:
    texts = media("speech/librispeech/trans.txt")
    for line in filter(str.strip, texts.read_text().splitlines()):
        name, text = line.split(" ", 1)
        yield Phrase(samples=sound(texts.with_name(f"{name}.wav")), said=text)


def mixture(readers_by_language: Readers, seed: int, languages: Sequence[str], longest_s: float) -> Mixture:
    """A recording of ``languages`` in turn (one alone: it changes its readers only)."""
    dice = np.random.default_rng(seed)
    at_language, blocks = int(dice.integers(len(languages))), []
    sounds: list[NDArray[np.float64]] = [_pause(0.3)]
    length = sounds[0].size
    while length < longest_s * RATE_HZ:
        language = languages[at_language % len(languages)]
        at_language += 1
        start, texts = length, []
        phrases = readers_by_language[language][int(dice.integers(len(readers_by_language[language])))]
        first = int(dice.integers(len(phrases)))
        for step in range(int(dice.integers(1, 5))):
            phrase = phrases[(first + step) % len(phrases)]
            sounds += [phrase.samples.astype(np.float64), _pause(dice.uniform(0.15, 0.8))]
            length += sounds[-1].size + sounds[-2].size
            texts.append(phrase.said)
        end = length - sounds[-1].size
        span = TimeRange(start_ms=start * 1000 // RATE_HZ, end_ms=end * 1000 // RATE_HZ)
        blocks.append(Block(range=span, language=language, said=" ".join(texts)))
    samples = np.concatenate(sounds)
    noise = dice.normal(0, NOISE_AMPLITUDE, samples.size)
    return Mixture(
        name=f"{'+'.join(languages)} {seed}",
        samples=np.clip(samples + noise, -32768, 32767).astype(np.int16),
        blocks=blocks,
    )


def _pause(seconds: float) -> NDArray[np.float64]:
    return np.zeros(int(seconds * RATE_HZ))
