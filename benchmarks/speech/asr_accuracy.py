"""WER, coverage and speed of the recogniser's modes, through Triton.

On the speech sets of the shared media.

``python -m benchmarks.speech.asr_accuracy [mode …]``: modes are batched and sequential. Coverage is words heard over
words said: a mode that stops early shows there before it shows in WER. The lecture's reference is
a larger Whisper, not human.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.infra.triton.speech import TritonSpeech
from schemas.common import Value
from tests.contract.rigs.triton_server import running
from tests.support.media.recordings import RATE_HZ, media, sound

SEED = 1
NOISE_AMPLITUDE = 8
"""Amplitude of the noise between joined recordings: digital silence would flatter the voice detector."""


class Case(Value):
    """One recording and the words that are spoken in it."""

    name: str
    samples: NDArray[np.int16]
    said: str


class Score(Value):
    """Counts of words and errors, seconds of audio and of processor."""

    said: int = 0
    heard: int = 0
    substituted: int = 0
    deleted: int = 0
    inserted: int = 0
    audio_s: float = 0.0
    cpu_s: float = 0.0

    def __add__(self, other: Score) -> Score:
        return Score(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})

    def line(self) -> str:
        wer = (self.substituted + self.deleted + self.inserted) / self.said
        return (
            f"coverage {self.heard / self.said:5.3f}  WER {wer:6.2%}  "
            f"(S{self.substituted} D{self.deleted} I{self.inserted} of {self.said})  "
            f"{self.audio_s / self.cpu_s:5.1f} s of audio a CPU-s"
        )


def plain(text: str) -> list[str]:
    """Words for comparing: case, punctuation and apostrophes gone; hyphens part words.

    Numbers stay as they are.
    """
    lowered = re.sub(r"[-—–]", " ", text.lower())
    return re.sub(r"[^\w\s]", "", lowered).split()


def edits(reference: list[str], hypothesis: list[str]) -> tuple[int, int, int]:
    """Substitutions, deletions, insertions of a cheapest alignment (Levenshtein)."""
    row = [(at, 0, 0, at) for at in range(len(hypothesis) + 1)]  # cost, S, D, I
    for word in reference:
        above, row = row, [(row[0][0] + 1, row[0][1], row[0][2] + 1, row[0][3])]
        for at, hypothesis_word in enumerate(hypothesis):
            swap, cut, more = above[at], above[at + 1], row[at]
            row.append(
                min(
                    (swap[0] + (word != hypothesis_word), swap[1] + (word != hypothesis_word), swap[2], swap[3]),
                    (cut[0] + 1, cut[1], cut[2] + 1, cut[3]),
                    (more[0] + 1, more[1], more[2], more[3] + 1),
                )
            )
    return row[-1][1], row[-1][2], row[-1][3]


def cases() -> Iterator[Case]:
    """The lecture, read sentences joined to one long recording, pauses, fillers, a telephone call."""
    reference = json.loads(media("talking/physicsworks_whisper_medium.json").read_text())
    text = " ".join(segment["text"] for segment in reference["segments"])
    yield Case(name="lecture", samples=sound(media("talking/physicsworks_lecture_203s_240p.webm")), said=text)
    yield _joined()
    yield Case(
        name="pauses", samples=sound(media("speech/lucier_101s.wav")), said=media("speech/lucier_101s.txt").read_text()
    )
    fillers = media("speech/word_level/acoustic_corpus.wav")
    yield Case(name="fillers", samples=sound(fillers), said=fillers.with_suffix(".lab").read_text())
    call = media("diarization/pyannote_sample.stm").read_text().splitlines()
    text = " ".join(line.split(None, 5)[5] for line in call if line.strip())
    yield Case(name="telephone", samples=sound(media("diarization/pyannote_sample.wav")), said=text)


def _joined() -> Case:
    random = np.random.default_rng(SEED)
    parts, texts = [], []
    manifest = media("speech/hifitts_6097/manifest.json")
    for line in manifest.read_text().splitlines():
        entry = json.loads(line)
        path = manifest.parent / Path(entry["audio_filepath"]).name
        if path.is_file():
            parts += [
                sound(path),
                random.normal(0, NOISE_AMPLITUDE, int(RATE_HZ * random.uniform(0.3, 1.2))).astype(np.int16),
            ]
            texts.append(entry["text"])
    return Case(name="read", samples=np.concatenate(parts), said=" ".join(texts))


async def measure(url: str, mode: str) -> None:
    speech = TritonSpeech(url, mode=mode)
    total = Score()
    for case in cases():
        recognition = await speech.transcribe(case.samples, language="en", report=lambda _: None)
        reference, words = plain(case.said), plain(" ".join(word.text for word in recognition.words))
        wrong = edits(reference, words)
        score = Score(
            said=len(reference),
            heard=len(words),
            substituted=wrong[0],
            deleted=wrong[1],
            inserted=wrong[2],
            audio_s=case.samples.size / RATE_HZ,
            cpu_s=recognition.compute_ms / 1000,
        )
        print(f"{mode:10} {case.name:10} {score.line()}", flush=True)
        total += score
    print(f"{mode:10} {'ALL':10} {total.line()}", flush=True)
    await speech.close()


def main(modes: list[str]) -> None:
    with tempfile.TemporaryDirectory() as place, running(Path(place) / "log") as server:
        for mode in modes:
            asyncio.run(measure(server.url, mode))


if __name__ == "__main__":
    main(sys.argv[1:] or ["batched", "sequential"])
