"""Recordings whose word starts are known.

Marked by people, by a machine, or exact because we joined the pieces.

A join is made of runs of words cut out of marked speech at their marks, laid down at places of our choice with
silence or noise between them: where a run begins is known to the sample. Only the first word of each run counts there.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.common import Value
from streams.close.transcript.span_overlap import normalise_word
from tests.support.media.recordings import RATE_HZ, media, sound

NOISE_AMPLITUDE = 12
"""Amplitude of the noise between runs, in 16-bit units; every other gap is digital silence."""
FADE = RATE_HZ // 200
"""5 ms at each end of a run, against clicks."""
QUIET = ("", "sil", "sp", "<eps>")


class Marked(Value, frozen=True, kw_only=True):
    """One recording; ``starts_ms`` and ``words`` are its marks; ``by`` says who made them."""

    name: str
    by: str
    samples: NDArray[np.int16]
    words: list[str]
    starts_ms: list[float]
    counted: list[bool]
    ends_ms: list[float]


def marked(name: str, by: str, samples: NDArray[np.int16], marks: list[tuple[float, float, str]]) -> Marked:
    return Marked(
        name=name, by=by, samples=samples, words=[text for _, _, text in marks],
        starts_ms=[start for start, _, _ in marks], ends_ms=[end for _, end, _ in marks], counted=[True] * len(marks),
    )  # fmt: skip


def by_hand() -> list[Marked]:
    """praatIO's sentence and GRID's, whose boundaries people set."""
    grid = [line.split() for line in media("talking/grid_swwp2s.align").read_text().splitlines()]
    marks = [(int(start) / 25, int(end) / 25, text) for start, end, text in grid if text not in QUIET]
    mary = media("speech/word_level/praatio_mary.wav")
    return [
        marked("praatIO mary", "people", sound(mary), text_grid(mary.with_suffix(".TextGrid"), "word")),
        marked("GRID swwp2s", "people", sound(media("talking/grid_swwp2s.mpg")), marks),
    ]


def by_machine() -> Marked:
    """MFA's example: on a grid of 10 ms, so probably an aligner's own output."""
    path = media("speech/word_level/acoustic_corpus.wav")
    return marked("MFA corpus", "a machine (probably)", sound(path), text_grid(path.with_suffix(".TextGrid"), "words"))


def text_grid(path: Path, tier: str) -> list[tuple[float, float, str]]:
    """Start ms, end ms and text of the intervals of one tier of a short TextGrid, silences left out."""
    tokens = re.findall(r'"[^"]*"|[\d.]+', path.read_text(errors="ignore"))
    at = tokens.index(f'"{tier}"') + 4
    rows = [tokens[at + 3 * row : at + 3 * row + 3] for row in range(int(tokens[at - 1]))]
    intervals = [(float(start) * 1000, float(end) * 1000, text.strip('"')) for start, end, text in rows]
    return [interval for interval in intervals if interval[2] not in QUIET]


def joined(sources: list[Marked], seed: int) -> Marked:
    """Every word once: the sources cut into runs of two to five words, in random order.

    They are 0.4 to 1.2 s apart.

    What is said twice is not counted: no one could tell which of them was heard.
    """
    random = np.random.default_rng(seed)
    once = Counter(normalise_word(text) for source in sources for text in source.words)
    cuts = [(source, *part) for source in sources for part in cut_runs(len(source.words), random)]
    blocks: list[NDArray[np.int16]] = [np.zeros(RATE_HZ // 2, dtype=np.int16)]
    words, starts, ends, counted = [], [], [], []
    for number, at in enumerate(random.permutation(len(cuts))):
        source, first, end = cuts[at]
        from_ms = source.starts_ms[first]
        begin_ms = sum(block.size for block in blocks) / 16
        words += source.words[first:end]
        starts += [begin_ms + start_ms - from_ms for start_ms in source.starts_ms[first:end]]
        ends += [begin_ms + end_ms - from_ms for end_ms in source.ends_ms[first:end]]
        counted += [
            position == first and once[normalise_word(source.words[position])] == 1 for position in range(first, end)
        ]
        gap = int(RATE_HZ * random.uniform(0.4, 1.2))
        noise = random.normal(0, NOISE_AMPLITUDE, gap) if number % 2 else np.zeros(gap)
        cut = faded(source.samples[round(from_ms * 16) : round(source.ends_ms[end - 1] * 16)])
        blocks += [cut, noise.astype(np.int16)]
    return Marked(
        name=f"joins, seed {seed}", by="the cut", samples=np.concatenate(blocks), words=words, starts_ms=starts,
        ends_ms=ends, counted=counted,
    )  # fmt: skip


def cut_runs(words: int, random: np.random.Generator) -> list[tuple[int, int]]:
    """``[first, end)`` of neighbouring runs that cover all words."""
    marks = [0]
    while marks[-1] < words:
        marks.append(min(words, marks[-1] + int(random.integers(2, 6))))
    return list(itertools.pairwise(marks))


def faded(cut: NDArray[np.int16]) -> NDArray[np.int16]:
    """Fade both ends of a run, against clicks."""
    ramp = np.linspace(0, 1, FADE)
    shape = np.ones(cut.size)
    shape[:FADE], shape[-FADE:] = ramp, ramp[::-1]
    return (cut * shape).astype(np.int16)
