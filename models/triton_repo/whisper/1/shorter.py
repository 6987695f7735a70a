"""faster-whisper's batched decoder for stretches far shorter than a window. Decodes nothing itself.

The network takes sound of any length up to its window; the library always fills it up. Most of a window of silence costs as
much as a window of speech, so that each sentence of a window in two languages would cost as much as the window.
"""

from __future__ import annotations

import math

from faster_whisper import BatchedInferencePipeline

FRAMES_A_SECOND = 100
BEHIND_S = 1
"""So much silence is left behind a stretch."""


class Shorter(BatchedInferencePipeline):
    """Shows the network a stretch and a second, instead of half a minute."""

    def forward(self, features, tokenizer, chunks_metadata, options):
        """The library's, of less."""
        longest_s = max(math.ceil(one["duration"]) for one in chunks_metadata) + BEHIND_S
        return super().forward(features[..., : longest_s * FRAMES_A_SECOND], tokenizer, chunks_metadata, options)
