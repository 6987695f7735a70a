"""faster-whisper's batched decoder for ranges far shorter than a window.

The network takes input of any length up to its window, but the library always pads it to 30 s. Padding costs as much as
speech, so each sentence of a window in two languages would cost as much as the window.
"""

from __future__ import annotations

import language_spans
from faster_whisper import BatchedInferencePipeline

FRAMES_PER_S = 100


class ShortWindowPipeline(BatchedInferencePipeline):
    """Passes on ranges with a little silence, not padded to the window."""

    def forward(self, features, tokenizer, chunks_metadata, options):
        """As in the library, on the first seconds of the features."""
        longest_s = max(language_spans.input_length_s(chunk["duration"]) for chunk in chunks_metadata)
        return super().forward(features[..., : longest_s * FRAMES_PER_S], tokenizer, chunks_metadata, options)
