"""Forced alignment of known English words by PocketSphinx; one call at a time."""

from __future__ import annotations

import math
import re

import grapheme_to_phoneme
import numpy as np
import text_normalization
from pocketsphinx import Config, Decoder, get_model_path

RATE_HZ = 16_000
FRAME_MS = 10
DOWNSAMPLE, TOP_GAUSSIANS = 2, 2
"""Score every second frame, two Gaussians each: 161 times real time on one thread, not 85, and as exact."""
SCORE_SCALE, MIN_LIKELIHOOD = 1024, 1e-300
"""PocketSphinx returns likelihoods of scores in units of 1024; ``MIN_LIKELIHOOD`` keeps their logarithm finite."""
_MARKED = re.compile(r"\(\d+\)$")
Times = "tuple[int, int] | None"


class Aligner:
    """A decoder whose dictionary grows by the unknown words it meets."""

    def __init__(self) -> None:
        """Load the English model that comes with the package."""
        self._decoder = Decoder(
            Config(
                hmm=get_model_path("en-us/en-us"),
                dict=get_model_path("en-us/cmudict-en-us.dict"),
                lm=None,
                samprate=RATE_HZ,
                ds=DOWNSAMPLE,
                topn=TOP_GAUSSIANS,
                bestpath=False,  # the second pass over the lattice loses words: a third of all runs had no fit
                loglevel="FATAL",
            )
        )

    def align(self, audio: np.ndarray, words_shown: list[str]) -> tuple[list, float | None]:
        """Times of each shown word in ms from the start of ``audio``, and the fit (0 is best, lower is worse).

        A word without speech ("—") has no times; if the words do not fit the sound, no word has times.
        """
        spoken_forms = [text_normalization.spoken_words(word) for word in words_shown]
        flat = [word for words in spoken_forms for word in words]
        ranges, score = self._fit(audio, flat) if flat else ([], None)
        if len(ranges) != len(flat):
            return [None] * len(words_shown), None
        times, at = [], 0
        for words in spoken_forms:
            times.append((ranges[at][0], ranges[at + len(words) - 1][1]) if words else None)
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
        segments = [segment for segment in decoder.seg() if segment.word[0] not in "<[("]
        if [_MARKED.sub("", segment.word) for segment in segments] != words:
            return [], None
        frames = sum(segment.end_frame - segment.start_frame + 1 for segment in segments)
        score = SCORE_SCALE * sum(math.log(max(segment.ascore, MIN_LIKELIHOOD)) for segment in segments) / frames
        return [(segment.start_frame * FRAME_MS, (segment.end_frame + 1) * FRAME_MS) for segment in segments], score

    def _learn(self, words: list[str]) -> None:
        """Add words that the dictionary lacks, with a pronunciation from their letters."""
        unknown = [word for word in dict.fromkeys(words) if self._decoder.lookup_word(word) is None]
        for at, word in enumerate(unknown):
            self._decoder.add_word(word, grapheme_to_phoneme.phones(word), at == len(unknown) - 1)
