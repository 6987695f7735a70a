"""What a glossary is worth: the same recordings with and without one.

Names heard, names invented, words wrong.

``python -m benchmarks.speech.glossary``: through Triton. Four glossaries: none, the names that are said, those among as
many others, and only others. Few names are said in these recordings: a direction, no exact figure.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.speech.asr_accuracy import Case, Score, edits, plain
from benchmarks.speech.asr_sets import points
from core.infra.triton.speech import TritonSpeech
from tests.contract.rigs.triton_server import running
from tests.support.media.recordings import media, sound

NAMES = ("Diane", "Sheila", "Yankee", "New Jersey", "Chicago", "Texas", "Hester Prynne", "John Dashwood", "Americans")
OTHERS = (
    "Lorenz", "Tchaikovsky", "Betelgeuse", "Dianne Sherwood", "Nantucket", "Esther Byrne", "Deckard", "Sheldon",
    "Odessa",
)  # fmt: skip
"""Some sound like what is said: a glossary must not turn one into the other."""
GLOSSARIES: dict[str, Sequence[str]] = {
    "none": (),
    "the names that are said": NAMES,
    "those among as many others": [name for pair in zip(NAMES, OTHERS, strict=True) for name in pair],
    "only others": OTHERS,
}


def cases() -> list[Case]:
    """Recordings of the speech sets in which a name is spoken: a call, read sentences, a speech."""
    call = media("diarization/pyannote_sample.stm").read_text().splitlines()
    librispeech = media("speech/librispeech/trans.txt")
    read = dict(line.split(" ", 1) for line in librispeech.read_text().splitlines() if line.strip())
    text_by_path = {
        media("diarization/pyannote_sample.wav"): " ".join(line.split(None, 5)[5] for line in call if line.strip()),
        librispeech.with_name("1221-135766-0002.wav"): read["1221-135766-0002"],
        media("speech/librivox/sense_0870.wav"): media("speech/librivox/sense_0870.txt").read_text(),
        media("speech/jfk.flac"): media("speech/jfk.ref.txt").read_text(),
    }
    return [Case(name=path.stem, samples=sound(path), said=text) for path, text in text_by_path.items()]


def count_names(words: Sequence[str], names: Sequence[str]) -> Counter[str]:
    """How often each word of these names stands among ``words``."""
    name_words = {part for name in names for part in plain(name)}
    return Counter(word for word in words if word in name_words)


async def measure(url: str) -> None:
    speech, recordings = TritonSpeech(url), cases()
    for name, terms in GLOSSARIES.items():
        total, right, spoken_names, invented = Score(), 0, 0, 0
        for case in recordings:
            recognition = await speech.transcribe(case.samples, language="en", report=lambda _: None, glossary=terms)
            reference, words = plain(case.said), plain(" ".join(word.text for word in recognition.words))
            substituted, deleted, inserted = edits(reference, words)
            total += Score(
                said=len(reference), heard=len(words), substituted=substituted, deleted=deleted, inserted=inserted
            )
            right += (count_names(reference, NAMES) & count_names(words, NAMES)).total()
            spoken_names += count_names(reference, NAMES).total()
            invented += (count_names(words, [*NAMES, *OTHERS]) - count_names(reference, [*NAMES, *OTHERS])).total()
        print(
            f"{name:28} {right} of {spoken_names} words of names right, {invented} invented, "
            f"WER {points(total):.1f} % of {total.said}",
            flush=True,
        )
    await speech.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as place, running(Path(place) / "log") as server:
        asyncio.run(measure(server.url))


if __name__ == "__main__":
    main()
