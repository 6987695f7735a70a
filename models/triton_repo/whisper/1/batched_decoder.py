"""faster-whisper's batched decoder with batches side by side, where the language turns out only with the first windows.

Decodes nothing itself. What the network hears in 6.9 s on two threads it hears in 8.4 s on one, so two batches on a
thread each are heard sooner than one after the other. What comes out does not depend on how many there are.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from faster_whisper import BatchedInferencePipeline
from multilingual import Tongues


class Batches(BatchedInferencePipeline):
    """Decodes ahead of whoever reads, and parts text into words as the language asks for that was found meanwhile."""

    def __init__(self, model, tongues: Tongues, lanes: int) -> None:
        """``tongues`` is the network of ``model``; ``lanes`` batches are decoded at once."""
        super().__init__(model)
        self._tongues = tongues
        self._lanes = lanes
        self._decoded: deque[Future] = deque()
        self._waiting: Iterator[Future] = iter(())

    def _batched_segments_generator(self, features, tokenizer, chunks_metadata, batch_size, options, log_progress):
        """The library's, that finds each batch decoded already, or being so. A reader who leaves ends the decoding."""
        asked = copy.copy(tokenizer)  # the reader's own changes with the language of what it reads
        firsts = range(0, len(features), batch_size)
        pool = ThreadPoolExecutor(self._lanes, "batch")
        self._waiting = (
            pool.submit(self._decode, first, features[first : first + batch_size], asked, options) for first in firsts
        )
        self._decoded = deque()
        try:
            self._look_ahead(self._lanes)
            yield from super()._batched_segments_generator(
                features, tokenizer, chunks_metadata, batch_size, options, log_progress
            )
        finally:
            self._tongues.leave()
            pool.shutdown(cancel_futures=True)

    def generate_segment_batched(self, features, tokenizer, options):
        """The next batch as it was decoded; the language of its windows is known now."""
        self._look_ahead(1)
        found = self._decoded.popleft().result()
        if not self._tongues.is_multilingual:
            return found
        language = self._tongues.language()
        tokenizer.language = tokenizer.tokenizer.token_to_id(f"<|{language}|>")
        tokenizer.language_code = language
        return found

    def _decode(self, first: int, features, tokenizer, options):
        with self._tongues.window(first):
            return super().generate_segment_batched(features, tokenizer, options)

    def _look_ahead(self, batches: int) -> None:
        """No further than that: what the encoder made of a batch is 3 MB a window."""
        for _, future in zip(range(batches), self._waiting, strict=False):
            self._decoded.append(future)
