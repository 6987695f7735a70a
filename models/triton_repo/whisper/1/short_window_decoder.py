"""faster-whisper's batched decoder for stretches far shorter than a window. Decodes nothing itself.

The network takes sound of any length up to its window; the library always fills it up. Most of a window of silence
costs as much as a window of speech, so that each sentence of a window in two languages would cost as much as the
window.
"""

from __future__ import annotations

import language_spans
from faster_whisper import BatchedInferencePipeline

FRAMES_A_SECOND = 100


class Shorter(BatchedInferencePipeline):
    """Shows the network stretches and some silence, instead of half a minute."""

    def forward(self, features, tokenizer, chunks_metadata, options):
        """The library's, of less."""
        longest_s = max(language_spans.shown_s(one["duration"]) for one in chunks_metadata)
        return super().forward(features[..., : longest_s * FRAMES_A_SECOND], tokenizer, chunks_metadata, options)
