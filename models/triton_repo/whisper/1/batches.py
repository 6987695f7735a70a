"""faster-whisper's batched decoder where the language turns out only with the first windows. Decodes nothing itself."""

from __future__ import annotations

from faster_whisper import BatchedInferencePipeline
from tongues import Tongues


class Batches(BatchedInferencePipeline):
    """Parts text into words as the language asks for that was found meanwhile, not the one that held its place."""

    def __init__(self, model, tongues: Tongues) -> None:
        """``tongues`` is the network of ``model``."""
        super().__init__(model)
        self._tongues = tongues

    def generate_segment_batched(self, features, tokenizer, options):
        """The library's; the language of the windows is known when it comes back."""
        found = super().generate_segment_batched(features, tokenizer, options)
        if not self._tongues.is_multilingual:
            return found
        language = self._tongues.language()
        tokenizer.language = tokenizer.tokenizer.token_to_id(f"<|{language}|>")
        tokenizer.language_code = language
        return found
