"""Triton's Python backend for all-MiniLM-L6-v2 on onnxruntime: texts in, one embedding each out.

``vocab.txt`` is the model's own (BERT uncased, Apache-2.0). Source of pooling and normalising: the model's card.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "shared"))

import numpy as np
from serving import BadRequestError, Setup, name_of, open_session, respond, tensor_of
from tokenizers import BertWordPieceTokenizer

ENVIRONMENT = {
    "weights": "CLIPSTREAM_SENTENCES_MODEL",
    "device": "CLIPSTREAM_SENTENCES_DEVICE",
    "threads": "CLIPSTREAM_SENTENCES_THREADS",
    "batch_size": "CLIPSTREAM_SENTENCES_BATCH",
    "max_texts": "CLIPSTREAM_SENTENCES_MAX_TEXTS",
    "max_tokens": "CLIPSTREAM_SENTENCES_MAX_TOKENS",
}
VOCABULARY = Path(__file__).with_name("vocab.txt")
DIMENSIONS = 384


class TritonPythonModel:
    """One instance: one onnxruntime session."""

    def initialize(self, args) -> None:
        """Load the graph named by the parameters or the environment; embed one sentence."""
        setup = Setup(args, ENVIRONMENT)
        self._device = setup.device
        self._batch = setup.integer("batch_size")
        self._max_texts = setup.integer("max_texts")
        weights = setup.weights("minilm.onnx")
        self._session = open_session(setup, weights)
        self._name = name_of(weights)
        self._tokens = BertWordPieceTokenizer(str(VOCABULARY), lowercase=True)
        self._tokens.enable_truncation(setup.integer("max_tokens"))
        self._tokens.enable_padding()
        self._embed(["A sentence."])

    def execute(self, requests) -> list:
        """One response a request, in order."""
        return [respond(request, self._name, self._serve, self._device) for request in requests]

    def _serve(self, request) -> dict[str, np.ndarray]:
        texts = tensor_of(request, "TEXTS").reshape(-1)
        if texts.size > self._max_texts:
            raise BadRequestError(f"TEXTS holds {texts.size} texts: at most {self._max_texts} a request")
        try:
            return {"VECTORS": self._embed([text.decode() for text in texts])}
        except UnicodeDecodeError as error:
            raise BadRequestError(f"TEXTS is not UTF-8: {error}") from None

    def _embed(self, texts: list[str]) -> np.ndarray:
        """Embeddings of the texts, batched by length so that little of a batch is padding."""
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        for at in range(0, len(order), self._batch):
            batch = order[at : at + self._batch]
            encodings = self._tokens.encode_batch([texts[encoding] for encoding in batch])
            tokens = np.array([encoding.ids for encoding in encodings], dtype=np.int64)
            mask = np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64)
            fed = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
            hidden = self._session.run(None, fed)[0]
            pooled = (hidden * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
            vectors[batch] = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return vectors

    def finalize(self) -> None:
        """Release the session."""
        del self._session
