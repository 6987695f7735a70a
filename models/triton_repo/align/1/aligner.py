"""Known words put on the sound by PocketSphinx and its English model. Holds one decoder; one call at a time."""

from __future__ import annotations

import math
import re

import grapheme_to_phoneme
import numpy as np
import text_normalization
from pocketsphinx import Config, Decoder, get_model_path

RATE_HZ = 16_000
FRAME_MS = 10
DOWNSAMPLE, TOP = 2, 2
"""Every second frame scored, two Gaussians a frame: 161 times real time on one thread instead of 85, as exact."""
SHIFTED, LEAST = 1024, 1e-300
"""PocketSphinx gives likelihoods, not their logarithms, of scores that it keeps in units of 1024."""
_MARKED = re.compile(r"\(\d+\)$")
Times = "tuple[int, int] | None"


class Aligner:
    """The decoder with its dictionary, to which unknown words are added as they come."""

    def __init__(self) -> None:
        """Load the English model that comes with the package."""
        self._decoder = Decoder(
            Config(
                hmm=get_model_path("en-us/en-us"),
                dict=get_model_path("en-us/cmudict-en-us.dict"),
                lm=None,
                samprate=RATE_HZ,
                ds=DOWNSAMPLE,
                topn=TOP,
                bestpath=False,  # the second pass over the lattice loses words: a third of all runs then fitted nowhere
                loglevel="FATAL",
            )
        )

    def align(self, audio: np.ndarray, shown: list[str]) -> tuple[list, float | None]:
        """Times of each shown word in ms from the start of ``audio``, and how well the sound fits (0 best, less is
        worse).

        A word that says nothing ("—") has no times; where the words do not fit the sound at all none has.
        """
        said = [text_normalization.spoken(word) for word in shown]
        flat = [word for words in said for word in words]
        found, score = self._fit(audio, flat) if flat else ([], None)
        if len(found) != len(flat):
            return [None] * len(shown), None
        times, at = [], 0
        for words in said:
            times.append((found[at][0], found[at + len(words) - 1][1]) if words else None)
            at += len(words)
        return times, score

    def _fit(self, audio: np.ndarray, words: list[str]) -> tuple[list[tuple[int, int]], float | None]:
        self._learn(words)
        decoder = self._decoder
        decoder.set_align_text(" ".join(words))
        decoder.start_utt()
        decoder.process_raw(audio.astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        if decoder.hyp() is None:
            return [], None
        heard = [segment for segment in decoder.seg() if segment.word[0] not in "<[("]
        if [_MARKED.sub("", segment.word) for segment in heard] != words:
            return [], None
        frames = sum(segment.end_frame - segment.start_frame + 1 for segment in heard)
        score = SHIFTED * sum(math.log(max(segment.ascore, LEAST)) for segment in heard) / frames
        return [(segment.start_frame * FRAME_MS, (segment.end_frame + 1) * FRAME_MS) for segment in heard], score

    def _learn(self, words: list[str]) -> None:
        """Add what the dictionary lacks, by its letters."""
        unknown = [word for word in dict.fromkeys(words) if self._decoder.lookup_word(word) is None]
        for at, word in enumerate(unknown):
            self._decoder.add_word(word, grapheme_to_phoneme.phones(word), at == len(unknown) - 1)
