"""faster-whisper with voice activity detection, windowing and acceptance of results; without Triton."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import acceptance
import ctranslate2
import encoder_output
import language_spans
import numpy as np
import voice_activity
import windowing
from batched_decoder import ParallelBatchPipeline
from faster_whisper import WhisperModel
from faster_whisper.vad import VadOptions
from multilingual import MultilingualNetwork
from seeded_sampling import SeededNetwork
from window_decoder import DecodedRange, Options, WindowDecoder, find_window, has_failed
from window_words import Part, insert_part, part_of

PAD_MS = 400
SPEECH_VAD = VadOptions(max_speech_duration_s=30.0, min_silence_duration_ms=160, speech_pad_ms=PAD_MS)
"""Silero as faster-whisper's batched mode sets it: pieces end at pauses of 160 ms or more, and fit a window."""
VOICE_VAD = VadOptions(threshold=0.1, neg_threshold=0.05, min_silence_duration_ms=160, speech_pad_ms=0)
"""Silero with low thresholds: keeps quiet voices and ends of sentences, but noise too. For diarization, not words."""
WINDOW_S = 30
"""Whisper's window."""
FRAME_SAMPLES = windowing.RATE_HZ // 50
"""Samples of one frame of encoder output."""
MAX_UNIT_SAMPLES = round(language_spans.UNIT_S * windowing.RATE_HZ)
LOOK_AHEAD_WINDOWS = 8
"""Windows whose ranges in several languages are decoded together."""
PLACEHOLDER_LANGUAGE = "en"
"""The decoder's language until the windows' own replace it; nothing is decoded with it."""


class Hearing:
    """The result of one recording: iterate ``parts``, then read the language."""

    parts: Iterator[Part] = iter(())
    language: str | None = None
    language_probability = 0.0

    def __init__(self, speech: list[tuple[int, int]], voiced: list[tuple[int, int]]) -> None:
        """``speech``: ranges in ms, without padding; ``voiced``: the same by ``VOICE_VAD``."""
        self.speech = speech
        self.voiced = voiced


class Recogniser:
    """A loaded model; one thread at a time may call it."""

    def __init__(
        self, weights: Path, *, device: str, device_index: int, compute_type: str, threads: int, lanes: int
    ) -> None:
        """Load a CTranslate2 Whisper directory; raises with the path when something is missing.

        ``lanes`` batches are decoded in parallel, on ``threads`` threads together.
        """
        if not (weights / "model.bin").is_file():
            raise FileNotFoundError(
                f"{weights} holds no model.bin: set CLIPSTREAM_WHISPER_DIR to a CTranslate2 Whisper"
            )
        self._model = WhisperModel(
            str(weights),
            device=device,
            device_index=device_index,
            compute_type=compute_type,
            cpu_threads=max(1, threads // lanes),
            num_workers=lanes,
            local_files_only=True,
        )
        self._seeded = SeededNetwork(
            self._model.model, lambda: _load_fresh(weights, device, device_index, compute_type)
        )
        self._network = self._model.model = MultilingualNetwork(self._seeded, encoder_output)
        batched = ParallelBatchPipeline(self._model, self._network, lanes)
        self._decoder = WindowDecoder(self._model, batched, lanes)
        self.name = f"{weights.name}/{compute_type}"

    def check(self) -> None:
        """Decode a second of silence without voice detection, to prove that the network works."""
        silence = np.zeros(windowing.RATE_HZ, dtype=np.float32)
        list(self._model.transcribe(silence, language="en", beam_size=1, temperature=0.0, vad_filter=False)[0])

    def hear(self, audio: np.ndarray, options: Options, cancelled: Callable[[], bool]) -> Hearing:
        """Words of 16 kHz mono int16 audio, shape (n,). Stops after the current batch when cancelled."""
        self._seeded.begin()
        samples = audio.astype(np.float32) / 32768.0
        speech, voiced = voice_activity.find_speech(samples, SPEECH_VAD, VOICE_VAD)
        pieces = windowing.pack(speech)
        spans = windowing.windows(pieces, WINDOW_S * windowing.RATE_HZ)
        hearing = Hearing(
            windowing.speech_ms(speech, PAD_MS * windowing.RATE_HZ // 1000),
            windowing.speech_ms(voiced, 0) if spans else [],
        )
        if spans:
            packed = np.concatenate([samples[piece.start : piece.end] for piece in pieces])
            hearing.parts = self._iterate_parts(packed, spans, pieces, options, cancelled, hearing)
        return hearing

    def _iterate_parts(
        self,
        packed: np.ndarray,
        spans: list[windowing.Window],
        pieces: list[windowing.Piece],
        options: Options,
        cancelled: Callable[[], bool],
        hearing: Hearing,
    ) -> Iterator[Part]:
        """Yield the parts in order; after the last one ``hearing`` has the language."""
        language_code, many = self._requested_language(options.language)
        prior = (language_code, 1.0) if language_code else None
        if prior is None and options.mode == "sequential":
            prior = self._language(packed, spans, options.hint)
        language = prior[0] if prior else PLACEHOLDER_LANGUAGE
        units = (
            []
            if options.mode == "sequential"
            else [windowing.units(pieces, span, MAX_UNIT_SAMPLES, FRAME_SAMPLES) for span in spans]
        )
        with self._network.switching(prior, options.hint, many=many, units=units):
            if options.mode == "sequential":
                segments = self._decoder.decode_sequentially(packed, options, language, many=many)
            else:
                segments = self._decoder.decode_windows(packed, spans, options, language, many=many)
            with closing(segments):  # a reader that stops early ends the decoding while the network still switches
                yield from self._accept(segments, packed, spans, units, pieces, options, cancelled)
            hearing.language, hearing.language_probability = self._network.prior or (None, 0.0)

    def _requested_language(self, requested: str | None) -> tuple[str | None, bool]:
        """The language if the caller or the model fixes it, and whether windows may be in other languages."""
        if not self._network.is_multilingual:
            return "en", False
        return (requested, False) if requested in self._model.supported_languages else (None, True)

    def _language(self, packed: np.ndarray, spans: list[windowing.Window], hint: str | None) -> tuple[str, float]:
        """The recording's language and its probability: the mean over windows until one leads clearly."""
        window_probabilities: list[dict[str, float]] = []
        for span in spans[: acceptance.LANGUAGE_MAX_WINDOWS]:
            window = packed[span.start : span.end]
            window_probabilities.append(dict(self._model.detect_language(window, language_detection_segments=1)[2]))
            verdict = acceptance.language(window_probabilities, hint)
            if verdict is not None:
                return verdict
        return acceptance.likeliest_language(window_probabilities, hint)

    def _accept(
        self,
        segments: Iterable,
        packed: np.ndarray,
        spans: list[windowing.Window],
        units: list[list[tuple[int, int]]],
        pieces: list[windowing.Piece],
        options: Options,
        cancelled: Callable[[], bool],
    ) -> Iterator[Part]:
        """Yield parts in order; windows that fail are decoded again, text that stays doubtful is dropped."""
        in_turn = options.mode == "sequential"
        for segment, span, language, ranges in self._iterate_windows(segments, packed, spans, units, pieces, options):
            if cancelled():
                return
            if ranges is not None:
                yield from (_part_of_range(decoded, pieces, options) for decoded in ranges)
                continue
            index = spans.index(span)
            again = not in_turn and has_failed(segment, span)
            accepted, offset_s, agreement = [segment], 0.0, None
            if again:
                offset_s = span.start / windowing.RATE_HZ
                accepted = list(self._decoder.decode_sequentially(packed[span.start : span.end], options, language))
                agreement = acceptance.agreement(_word_texts([segment]), _word_texts(accepted))
            parts = [
                part_of(result, pieces, offset_s, language, again=again, agreement=agreement, glossary=options.glossary)
                for result in accepted
            ]
            if not in_turn and not again:
                parts = self._fill_gaps(parts[0], segment, span, units[index], packed, pieces, options)
            yield from parts

    def _fill_gaps(
        self,
        part: Part,
        segment,
        span: windowing.Window,
        units: list[tuple[int, int]],
        packed: np.ndarray,
        pieces: list[windowing.Piece],
        options: Options,
    ) -> list[Part]:
        """A window's words, with the words of its gaps if those are sure, in order."""
        parts = [part]
        for start, end in language_spans.wordless_ranges(
            units, _word_frames(segment, span), round(acceptance.GAP_MIN_S * windowing.RATE_HZ / FRAME_SAMPLES)
        ):
            at, until = span.start + start * FRAME_SAMPLES, min(span.start + end * FRAME_SAMPLES, span.end)
            language = self._language_of(packed[at:until], part.language) if not options.language else part.language
            for decoded in self._decoder.decode_ranges(packed, [(at, until, language)], options)[0]:
                new = _part_of_range(decoded, pieces, options)
                if new.words and sum(word[3] for word in new.words) >= acceptance.GAP_MIN_WORD_PROBABILITY * len(
                    new.words
                ):
                    parts = [*parts[:-1], *insert_part(parts[-1], new)]
        return parts

    def _language_of(self, sound: np.ndarray, language: str) -> str:
        if not self._network.is_multilingual:
            return language
        features = self._model.feature_extractor(sound)[..., : len(sound) // FRAME_SAMPLES * 2]
        return self._network.language_of_sound(self._model.encode(features), language)

    def _iterate_windows(
        self,
        segments: Iterable,
        packed: np.ndarray,
        spans: list[windowing.Window],
        units: list[list[tuple[int, int]]],
        pieces: list[windowing.Piece],
        options: Options,
    ) -> Iterator[tuple[Any, windowing.Window, str, list[DecodedRange] | None]]:
        """Yield each segment, its window and language, and for several languages the decoded ranges."""
        if options.mode == "sequential":
            for segment in segments:
                yield segment, find_window(segment, spans), self._network.latest(), None
            return
        for group in _take_groups(segments, LOOK_AHEAD_WINDOWS):
            windows = [find_window(segment, spans) for segment in group]
            window_languages = [self._network.languages_of(spans.index(window)) for window in windows]
            cuts = [
                windowing.cut(
                    packed, window, pieces, language_spans.runs(units[spans.index(window)], languages), FRAME_SAMPLES
                )
                if len(languages) > 1
                else []
                for window, languages in zip(windows, window_languages, strict=True)
            ]
            decoded_ranges = iter(
                self._decoder.decode_ranges(packed, [cut for several in cuts for cut in several], options)
            )
            for segment, window, languages, several in zip(group, windows, window_languages, cuts, strict=True):
                ranges = [decoded for _ in several for decoded in next(decoded_ranges)]
                yield segment, window, languages[0], ranges if several else None


def _load_fresh(weights: Path, device: str, device_index: int, compute_type: str):
    """The network once more, on one thread of its own, with numbers drawn from the start."""
    ctranslate2.set_random_seed(0)
    return ctranslate2.models.Whisper(
        str(weights), device=device, device_index=device_index, compute_type=compute_type, intra_threads=1
    )


def _take_groups(segments: Iterable, size: int) -> Iterator[list]:
    """Lists of up to ``size`` consecutive segments."""
    left = iter(segments)
    while group := list(islice(left, size)):
        yield group


def _part_of_range(decoded: DecodedRange, pieces: list[windowing.Piece], options: Options) -> Part:
    return part_of(
        decoded.segment,
        pieces,
        decoded.offset_s,
        decoded.language,
        again=False,
        agreement=None,
        glossary=options.glossary,
    )


def _word_frames(segment, span: windowing.Window) -> list[tuple[float, float]]:
    """Ranges of a window's words, in frames from its start."""
    rate, start_s = windowing.RATE_HZ / FRAME_SAMPLES, span.start / windowing.RATE_HZ
    return [
        ((word.start - start_s) * rate, (min(word.end, word.start + acceptance.WORD_MAX_S) - start_s) * rate)
        for word in segment.words or ()
    ]


def _word_texts(segments: Iterable) -> list[str]:
    return [word.word for segment in segments for word in segment.words or ()]
