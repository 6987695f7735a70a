"""faster-whisper with voice activity, windows and gates. Knows nothing of Triton; never fetches a model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import acceptance
import ctranslate2
import decoding_mode
import encoder_output
import language_spans
import numpy as np
import short_window_decoder
import voice_activity
import windowing
from batched_decoder import Batches
from faster_whisper import BatchedInferencePipeline, WhisperModel
from faster_whisper.vad import VadOptions
from multilingual import Tongues
from seeded_sampling import Chance
from window_words import Part, around, part_of

PAD_MS = 400
VAD = VadOptions(max_speech_duration_s=30.0, min_silence_duration_ms=160, speech_pad_ms=PAD_MS)
"""Silero as faster-whisper's batched mode sets it: cut at pauses from 160 ms on, no piece above the window."""
VOICED = VadOptions(threshold=0.1, neg_threshold=0.05, min_silence_duration_ms=160, speech_pad_ms=0)
"""Silero asked for less: quiet voices, the ends of sentences.
For who speaks, never for words: it takes noise in too."""
WINDOW_S = 30
FRAME = windowing.RATE_HZ // 50
"""Samples in a frame of the encoder."""
LONGEST_UNIT = round(language_spans.UNIT_S * windowing.RATE_HZ)
CAREFUL_TEMPERATURES = (0.0, 0.2, 0.4, 0.6)
LOOK_AHEAD = 8
"""Of so many windows the stretches in several languages are batched."""
Cut = tuple[int, int, str]
"""First and end sample of a stretch, and its language."""
PLACE_HELD = "en"
"""What the batched decoder is told while the language is not known: each window's own replaces it before it is used."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How one recording is heard. ``language`` None: find out; ``hint`` wins unless the sound surely says otherwise."""

    mode: str
    beam_size: int
    batch_size: int
    language: str | None = None
    hint: str | None = None
    glossary: str | None = None
    """Terms that are likely to be said, parted by commas."""
    task: str = decoding_mode.TRANSCRIBE


class Said(NamedTuple):
    """What a stretch of a window says: a segment of faster-whisper's, whose times begin ``offset_s`` into the
    recording.
    """

    offset_s: float
    segment: Any
    language: str


class Hearing:
    """One recording: iterate the parts, then read the rest."""

    parts: Iterator[Part] = iter(())
    language: str | None = None
    language_probability = 0.0

    def __init__(self, speech: list[tuple[int, int]], voiced: list[tuple[int, int]]) -> None:
        """``speech`` in ms without padding; ``voiced``: where a voice may be, by a readier ear than that for words."""
        self.speech = speech
        self.voiced = voiced


class Recogniser:
    """A loaded model. Not for two threads at once."""

    def __init__(
        self, weights: Path, *, device: str, device_index: int, compute_type: str, threads: int, lanes: int
    ) -> None:
        """Load a CTranslate2 Whisper directory; raises with the path when something is missing.

        ``lanes`` batches are heard at once, on ``threads`` of the processor together.
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
        self._chance = Chance(self._model.model, lambda: _fresh(weights, device, device_index, compute_type))
        self._tongues = self._model.model = Tongues(self._chance, encoder_output)
        self._batched = Batches(self._model, self._tongues, lanes)
        self._lanes = lanes
        self.name = f"{weights.name}/{compute_type}"

    def check(self) -> None:
        """Decode a second of silence without voice detection: proof that the network itself answers."""
        silence = np.zeros(windowing.RATE_HZ, dtype=np.float32)
        list(self._model.transcribe(silence, language="en", beam_size=1, temperature=0.0, vad_filter=False)[0])

    def hear(self, audio: np.ndarray, options: Options, cancelled: Callable[[], bool]) -> Hearing:
        """Words of 16 kHz mono int16 audio, shape (n,). Stops after the current batch when cancelled."""
        self._chance.begin()
        samples = audio.astype(np.float32) / 32768.0
        found, voiced = voice_activity.found(samples, VAD, VOICED)
        pieces = windowing.pack(found)
        spans = windowing.windows(pieces, WINDOW_S * windowing.RATE_HZ)
        hearing = Hearing(
            windowing.speech_ms(found, PAD_MS * windowing.RATE_HZ // 1000),
            windowing.speech_ms(voiced, 0) if spans else [],
        )
        if spans:
            packed = np.concatenate([samples[piece.start : piece.end] for piece in pieces])
            hearing.parts = self._parts(packed, spans, pieces, options, cancelled, hearing)
        return hearing

    def _parts(
        self,
        packed: np.ndarray,
        spans: list[windowing.Window],
        pieces: list[windowing.Piece],
        options: Options,
        cancelled: Callable[[], bool],
        hearing: Hearing,
    ) -> Iterator[Part]:
        """The parts in order; after the last one ``hearing`` says which language it is."""
        known, many = self._known(options.language)
        prior = (known, 1.0) if known else None
        if prior is None and options.mode == "sequential":
            prior = self._language(packed, spans, options.hint)
        language = prior[0] if prior else PLACE_HELD
        units = (
            []
            if options.mode == "sequential"
            else [windowing.units(pieces, span, LONGEST_UNIT, FRAME) for span in spans]
        )
        with self._tongues.switching(prior, options.hint, many=many, units=units):
            if options.mode == "sequential":
                segments = self._careful(packed, options, language, many=many)
            else:
                segments = self._windows(packed, spans, options, language, many=many)
            with closing(segments):  # who leaves early ends the decoding while its languages are still told
                yield from self._believed(segments, packed, spans, units, pieces, options, cancelled)
            hearing.language, hearing.language_probability = self._tongues.prior or (None, 0.0)

    def _known(self, asked: str | None) -> tuple[str | None, bool]:
        """The language if it is known, and whether windows may be in others: not where the caller says which it is."""
        if not self._tongues.is_multilingual:
            return "en", False
        return (asked, False) if asked in self._model.supported_languages else (None, True)

    def _language(self, packed: np.ndarray, spans: list[windowing.Window], hint: str | None) -> tuple[str, float]:
        """The spoken language and how sure that is (0..1): the mean over windows, until one language leads clearly."""
        found: list[dict[str, float]] = []
        for span in spans[: acceptance.LANGUAGE_WINDOWS]:
            window = packed[span.start : span.end]
            found.append(dict(self._model.detect_language(window, language_detection_segments=1)[2]))
            verdict = acceptance.language(found, hint)
            if verdict is not None:
                return verdict
        return acceptance.likeliest(found, hint)

    def _windows(
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
            batch_size=max(options.batch_size, acceptance.LANGUAGE_WINDOWS) if many else options.batch_size,
            clip_timestamps=[{"start": span.start / rate, "end": span.end / rate} for span in spans],
            word_timestamps=True,
            without_timestamps=True,
            multilingual=many,
            hotwords=options.glossary,
        )[0]

    def _careful(self, audio: np.ndarray, options: Options, language: str, *, many: bool = False):
        return self._model.transcribe(
            audio,
            language=language,
            task=options.task,
            beam_size=options.beam_size,
            temperature=CAREFUL_TEMPERATURES,
            condition_on_previous_text=False,
            vad_filter=False,
            word_timestamps=True,
            multilingual=many,
            hotwords=options.glossary,
        )[0]

    def _believed(
        self,
        segments: Iterable,
        packed: np.ndarray,
        spans: list[windowing.Window],
        units: list[list[tuple[int, int]]],
        pieces: list[windowing.Piece],
        options: Options,
        cancelled: Callable[[], bool],
    ) -> Iterator[Part]:
        """Parts in order; windows that fail the gates are heard again, what stays unbelievable is dropped."""
        in_turn = options.mode == "sequential"
        for segment, span, own, apart in self._parted(segments, packed, spans, units, pieces, options):
            if cancelled():
                return
            if apart is not None:
                yield from (_heard_once(said, pieces, options) for said in apart)
                continue
            index = spans.index(span)
            again = not in_turn and _failed(segment, span)
            believed, offset_s, agreement = [segment], 0.0, None
            if again:
                offset_s = span.start / windowing.RATE_HZ
                believed = list(self._careful(packed[span.start : span.end], options, own))
                agreement = acceptance.agreement(_texts([segment]), _texts(believed))
            parts = [
                part_of(one, pieces, offset_s, own, again=again, agreement=agreement, glossary=options.glossary)
                for one in believed
            ]
            if not in_turn and not again:
                parts = self._filled(parts[0], segment, span, units[index], packed, pieces, options)
            yield from parts

    def _filled(
        self,
        part: Part,
        segment,
        span: windowing.Window,
        units: list[tuple[int, int]],
        packed: np.ndarray,
        pieces: list[windowing.Piece],
        options: Options,
    ) -> list[Part]:
        """A window's words with what is said in its holes, where that is sure, in order."""
        parts = [part]
        for start, end in language_spans.holes(
            units, _spoken(segment, span), round(acceptance.HOLE_S * windowing.RATE_HZ / FRAME)
        ):
            at, until = span.start + start * FRAME, min(span.start + end * FRAME, span.end)
            language = self._own(packed[at:until], part.language) if not options.language else part.language
            for said in self._stretches(packed, [(at, until, language)], options)[0]:
                new = _heard_once(said, pieces, options)
                if new.words and sum(word[3] for word in new.words) >= acceptance.SURE_WORDS * len(new.words):
                    parts = [*parts[:-1], *around(parts[-1], new)]
        return parts

    def _own(self, sound: np.ndarray, language: str) -> str:
        if not self._tongues.is_multilingual:
            return language
        features = self._model.feature_extractor(sound)[..., : len(sound) // FRAME * 2]
        return self._tongues.alone(self._model.encode(features), language)

    def _parted(
        self,
        segments: Iterable,
        packed: np.ndarray,
        spans: list[windowing.Window],
        units: list[list[tuple[int, int]]],
        pieces: list[windowing.Piece],
        options: Options,
    ) -> Iterator[tuple[Any, windowing.Window, str, list[Said] | None]]:
        """Each segment, its window and language, and of a window of several what its stretches say."""
        if options.mode == "sequential":
            for segment in segments:
                yield segment, _window_of(segment, spans), self._tongues.latest(), None
            return
        for group in _grouped(segments, LOOK_AHEAD):
            windows = [_window_of(segment, spans) for segment in group]
            own = [self._tongues.of(spans.index(window)) for window in windows]
            cuts = [
                windowing.cut(packed, window, pieces, language_spans.runs(units[spans.index(window)], languages), FRAME)
                if len(languages) > 1
                else []
                for window, languages in zip(windows, own, strict=True)
            ]
            heard = iter(self._stretches(packed, [cut for several in cuts for cut in several], options))
            for segment, window, languages, several in zip(group, windows, own, cuts, strict=True):
                apart = [said for _ in several for said in next(heard)]
                yield segment, window, languages[0], apart if several else None

    def _stretches(self, packed: np.ndarray, cuts: list[Cut], options: Options) -> list[list[Said]]:
        """What is said in each of ``cuts``, each in its language; by the careful decoder where the quick one fails.

        Those of one language that the network is shown as so long are one batch, batches are heard side by side. A
        stretch reads the same whichever it is heard with.
        """
        alike: defaultdict[tuple[str, int], list[windowing.Window]] = defaultdict(list)
        for start, end, language in cuts:
            window = windowing.Window(start=start, end=end)
            alike[language, language_spans.shown_s((end - start) / windowing.RATE_HZ)].append(window)
        batches = [
            (language, windows[at : at + options.batch_size])
            for (language, _), windows in alike.items()
            for at in range(0, len(windows), options.batch_size)
        ]
        with ThreadPoolExecutor(self._lanes, "stretch") as pool:
            heard = list(pool.map(lambda one: self._quick(packed, one[1], options, one[0]), batches))
        quick = {
            _window_of(segment, windows).start: segment
            for (_, windows), found in zip(batches, heard, strict=True)
            for segment in found
        }
        return [self._sure(quick.get(cut[0]), packed, cut, options) for cut in cuts]

    def _quick(self, packed: np.ndarray, windows: list[windowing.Window], options: Options, language: str) -> list:
        return list(
            self._windows(packed, windows, options, language, many=False, by=short_window_decoder.Shorter(self._model))
        )

    def _sure(self, quick: Any, packed: np.ndarray, cut: Cut, options: Options) -> list[Said]:
        start, end, language = cut
        if quick is None:
            return []
        if not _failed(quick, windowing.Window(start=start, end=end)):
            return [Said(0.0, quick, language)]
        careful = self._careful(packed[start:end], options, language)
        return [Said(start / windowing.RATE_HZ, one, language) for one in careful]


def _fresh(weights: Path, device: str, device_index: int, compute_type: str):
    """The network once more, on one thread of its own, with numbers drawn from the start."""
    ctranslate2.set_random_seed(0)
    return ctranslate2.models.Whisper(
        str(weights), device=device, device_index=device_index, compute_type=compute_type, intra_threads=1
    )


def _grouped(segments: Iterable, size: int) -> Iterator[list]:
    """Lists of up to ``size``."""
    left = iter(segments)
    while group := list(islice(left, size)):
        yield group


def _heard_once(said: Said, pieces: list[windowing.Piece], options: Options) -> Part:
    return part_of(
        said.segment, pieces, said.offset_s, said.language, again=False, agreement=None, glossary=options.glossary
    )


def _window_of(segment, spans: list[windowing.Window]) -> windowing.Window:
    """The window that a batched segment came from: ``seek`` is its start in frames of 10 ms."""
    return min(spans, key=lambda span: abs(span.start * 100 // windowing.RATE_HZ - segment.seek))


def _failed(segment, span: windowing.Window) -> bool:
    return acceptance.failed(
        compression=segment.compression_ratio,
        log_probability=segment.avg_logprob,
        words=len(segment.words or ()),
        speech_s=(span.end - span.start) / windowing.RATE_HZ,
    )


def _spoken(segment, span: windowing.Window) -> list[tuple[float, float]]:
    """Where the words of a window are, in frames from its start."""
    rate, start_s = windowing.RATE_HZ / FRAME, span.start / windowing.RATE_HZ
    return [
        ((word.start - start_s) * rate, (min(word.end, word.start + acceptance.LONGEST_WORD_S) - start_s) * rate)
        for word in segment.words or ()
    ]


def _texts(segments: Iterable) -> list[str]:
    return [word.word for segment in segments for word in segment.words or ()]
