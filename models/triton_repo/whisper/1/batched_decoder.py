"""faster-whisper's batched decoder with several batches in parallel.

Audio that takes the network 6.9 s on two threads takes 8.4 s on one, so two batches on one thread each finish sooner
than one after the other. The result does not depend on the number of lanes.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from faster_whisper import BatchedInferencePipeline
from multilingual import MultilingualNetwork


class ParallelBatchPipeline(BatchedInferencePipeline):
    """Decodes ahead of its reader, and tokenises with the language that was found in the meantime."""

    def __init__(self, model, network: MultilingualNetwork, lanes: int) -> None:
        """``network`` is the network of ``model``; ``lanes`` batches are decoded at once."""
        super().__init__(model)
        self._network = network
        self._lanes = lanes
        self._decoded: deque[Future] = deque()
        self._waiting: Iterator[Future] = iter(())

    def _batched_segments_generator(self, features, tokenizer, chunks_metadata, batch_size, options, log_progress):
        """As in the library, but each batch is already being decoded. Closing the generator ends the decoding."""
        # the reader's tokenizer changes with the language of the batch it reads
        request_tokenizer = copy.copy(tokenizer)
        firsts = range(0, len(features), batch_size)
        pool = ThreadPoolExecutor(self._lanes, "batch")
        self._waiting = (
            pool.submit(self._decode, first, features[first : first + batch_size], request_tokenizer, options)
            for first in firsts
        )
        self._decoded = deque()
        try:
            self._look_ahead(self._lanes)
            yield from super()._batched_segments_generator(
                features, tokenizer, chunks_metadata, batch_size, options, log_progress
            )
        finally:
            self._network.leave()
            pool.shutdown(cancel_futures=True)

    def generate_segment_batched(self, features, tokenizer, options):
        """The next decoded batch, with the tokenizer set to the language that is now known."""
        self._look_ahead(1)
        decoded = self._decoded.popleft().result()
        if not self._network.is_multilingual:
            return decoded
        language = self._network.language()
        tokenizer.language = tokenizer.tokenizer.token_to_id(f"<|{language}|>")
        tokenizer.language_code = language
        return decoded

    def _decode(self, first: int, features, tokenizer, options):
        with self._network.window(first):
            return super().generate_segment_batched(features, tokenizer, options)

    def _look_ahead(self, batches: int) -> None:
        """Queue ``batches`` more; not all, because the encoder's output takes 3 MB a window."""
        for _, future in zip(range(batches), self._waiting, strict=False):
            self._decoded.append(future)
