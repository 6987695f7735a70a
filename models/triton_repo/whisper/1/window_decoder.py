"""The two decoders of faster-whisper: batches of windows, and one range after another with fallbacks."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import acceptance
import decoding_mode
import language_spans
import numpy as np
import short_window_decoder
import windowing
from faster_whisper import BatchedInferencePipeline, WhisperModel

FALLBACK_TEMPERATURES = (0.0, 0.2, 0.4, 0.6)
"""Temperatures of the sequential decoder, tried in order until a result is accepted (OpenAI's, up to 0.6)."""
Cut = tuple[int, int, str]
"""First and end sample of a range, and its language."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Decoding options. ``language`` None: detect it; ``hint`` holds unless another is sure."""

    mode: str
    beam_size: int
    batch_size: int
    language: str | None = None
    hint: str | None = None
    glossary: str | None = None
    """Terms that are likely to occur, separated by commas."""
    task: str = decoding_mode.TRANSCRIBE


class DecodedRange(NamedTuple):
    """A faster-whisper segment of a range; its times start at ``offset_s`` of the packed sound."""

    offset_s: float
    segment: Any
    language: str


class WindowDecoder:
    """Decodes windows in batches, and ranges of one language; sequentially where a batched result fails."""

    def __init__(self, model: WhisperModel, batched: BatchedInferencePipeline, lanes: int) -> None:
        """``lanes`` batches of ranges are decoded in parallel."""
        self._model = model
        self._batched = batched
        self._lanes = lanes

    def decode_windows(
        self,
        packed: np.ndarray,
        spans: list[windowing.Window],
        options: Options,
        language: str,
        *,
        many: bool,
        by: BatchedInferencePipeline | None = None,
    ):
        rate = windowing.RATE_HZ
        return (by or self._batched).transcribe(
            packed,
            language=language,
            task=options.task,
            beam_size=options.beam_size,
            batch_size=max(options.batch_size, acceptance.LANGUAGE_MAX_WINDOWS) if many else options.batch_size,
            clip_timestamps=[{"start": span.start / rate, "end": span.end / rate} for span in spans],
            word_timestamps=True,
            without_timestamps=True,
            multilingual=many,
            hotwords=options.glossary,
        )[0]

    def decode_sequentially(self, audio: np.ndarray, options: Options, language: str, *, many: bool = False):
        return self._model.transcribe(
            audio,
            language=language,
            task=options.task,
            beam_size=options.beam_size,
            temperature=FALLBACK_TEMPERATURES,
            condition_on_previous_text=False,
            vad_filter=False,
            word_timestamps=True,
            multilingual=many,
            hotwords=options.glossary,
        )[0]

    def decode_ranges(self, packed: np.ndarray, cuts: list[Cut], options: Options) -> list[list[DecodedRange]]:
        """Decode each of ``cuts`` in its language, sequentially where the batched result fails.

        Cuts of one language and one input length form a batch, and batches are decoded in parallel. The result of a cut
        does not depend on its batch.
        """
        grouped: defaultdict[tuple[str, int], list[windowing.Window]] = defaultdict(list)
        for start, end, language in cuts:
            window = windowing.Window(start=start, end=end)
            grouped[language, language_spans.input_length_s((end - start) / windowing.RATE_HZ)].append(window)
        batches = [
            (language, windows[first : first + options.batch_size])
            for (language, _), windows in grouped.items()
            for first in range(0, len(windows), options.batch_size)
        ]
        with ThreadPoolExecutor(self._lanes, "range") as pool:
            decoded = list(pool.map(lambda batch: self._decode_batch(packed, batch[1], options, batch[0]), batches))
        batched = {
            find_window(segment, windows).start: segment
            for (_, windows), segments in zip(batches, decoded, strict=True)
            for segment in segments
        }
        return [self._decode_range(batched.get(cut[0]), packed, cut, options) for cut in cuts]

    def _decode_batch(
        self, packed: np.ndarray, windows: list[windowing.Window], options: Options, language: str
    ) -> list:
        pipeline = short_window_decoder.ShortWindowPipeline(self._model)
        return list(self.decode_windows(packed, windows, options, language, many=False, by=pipeline))

    def _decode_range(self, batched: Any, packed: np.ndarray, cut: Cut, options: Options) -> list[DecodedRange]:
        start, end, language = cut
        if batched is None:
            return []
        if not has_failed(batched, windowing.Window(start=start, end=end)):
            return [DecodedRange(0.0, batched, language)]
        sequential = self.decode_sequentially(packed[start:end], options, language)
        return [DecodedRange(start / windowing.RATE_HZ, segment, language) for segment in sequential]


def find_window(segment, spans: list[windowing.Window]) -> windowing.Window:
    """The window that a batched segment came from: ``seek`` is its start in frames of 10 ms."""
    return min(spans, key=lambda span: abs(span.start * 100 // windowing.RATE_HZ - segment.seek))


def has_failed(segment, span: windowing.Window) -> bool:
    """Whether a window's text must be decoded again."""
    return acceptance.is_failed(
        compression=segment.compression_ratio,
        log_probability=segment.avg_logprob,
        words=len(segment.words or ()),
        speech_s=(span.end - span.start) / windowing.RATE_HZ,
    )
