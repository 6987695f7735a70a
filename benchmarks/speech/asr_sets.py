"""WER and coverage on public sets, compared with sequential faster-whisper.

Both have the same weights; faster-whisper has its own defaults.

``python -m benchmarks.speech.asr_sets``: ours is the whole path (recogniser on Triton, aligner, joining, trust map:
what that rejects is lost), the language found by itself on both sides. Each set file by file, and its files joined to
one recording with short pauses of noise. Coverage is words heard over words said.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness.claims import Claim, format_claim
from benchmarks.harness.rig import say
from benchmarks.speech.asr import BATCH_COUNT, BEAM_COUNT, Peer, peer
from benchmarks.speech.asr_accuracy import NOISE_AMPLITUDE, SEED, Case, Score, edits, plain
from core.infra.triton.alignment import TritonAlignment
from core.infra.triton.speech import TritonSpeech
from tests.contract.rigs.triton_server import running
from tests.support.media.recordings import RATE_HZ, media, sound
from tests.support.seams import transcribed

MORE_POINTS, COVERAGE = 0.5, 0.98
Sets = dict[str, list[Case]]


def sets() -> Sets:
    """Recordings with the words that are spoken in them, by set."""
    librispeech = media("speech/librispeech/trans.txt")
    lines = [line.split(" ", 1) for line in librispeech.read_text().splitlines() if line.strip()]
    librivox = sorted(media("speech/librivox/sense_0870.wav").parent.glob("*.wav"))
    return {
        "hifitts_6097": list(_hifitts()),
        "librispeech": [_case(librispeech.with_name(f"{name}.wav"), text) for name, text in lines],
        "librivox": [_case(path, path.with_suffix(".txt").read_text()) for path in librivox],
        "lucier": [_case(media("speech/lucier_101s.wav"), media("speech/lucier_101s.txt").read_text())],
        "jfk": [_case(media("speech/jfk.flac"), media("speech/jfk.ref.txt").read_text())],
    }


def _hifitts() -> Iterator[Case]:
    manifest = media("speech/hifitts_6097/manifest.json")
    for line in manifest.read_text().splitlines():
        entry = json.loads(line)
        path = manifest.parent / Path(entry["audio_filepath"]).name
        if path.is_file():
            yield _case(path, entry["text"])


def _case(path: Path, text: str) -> Case:
    return Case(name=path.stem, samples=sound(path), said=text)


def joined(name: str, cases: Sequence[Case]) -> Case:
    """All files of a set as one recording."""
    random = np.random.default_rng(SEED)
    parts = []
    for case in cases:
        pause = random.normal(0, NOISE_AMPLITUDE, int(RATE_HZ * random.uniform(0.3, 1.2)))
        parts += [case.samples, pause.astype(np.int16)]
    return Case(name=name, samples=np.concatenate(parts), said=" ".join(case.said for case in cases))


def score(case: Case, text: str) -> Score:
    """One recording's counts."""
    reference, words = plain(case.said), plain(text)
    substituted, deleted, inserted = edits(reference, words)
    return Score(
        said=len(reference), heard=len(words), substituted=substituted, deleted=deleted, inserted=inserted,
        audio_s=case.samples.size / RATE_HZ,
    )  # fmt: skip


def points(counts: Score) -> float:
    """Word error rate in percent."""
    return 100 * (counts.substituted + counts.deleted + counts.inserted) / counts.said


class Recognisers:
    """Both recognisers, on the same recordings."""

    def __init__(self, url: str, peer_process: Peer, place: Path) -> None:
        self.speech, self.alignment = TritonSpeech(url), TritonAlignment(url)
        self._peer, self._path = peer_process, place / "sound.npy"

    async def hear(self, case: Case) -> tuple[Score, Score]:
        transcript = await transcribed(self.speech, case.samples, alignment=self.alignment)
        np.save(self._path, case.samples)
        answer = self._peer.ask(
            audio=str(self._path), mode="defaults", beam_size=BEAM_COUNT, batch_size=BATCH_COUNT, language=None
        )
        ours = " ".join(word.text for word in transcript.words)
        return score(case, ours), score(case, str(answer["text"]))

    async def close(self) -> None:
        await self.speech.close()
        await self.alignment.close()


async def measure(recognisers: Recognisers, recordings: Sets) -> list[Claim]:
    """Two claims for the sets file by file, two for the sets joined."""
    ways = {
        "file by file": recordings,
        "joined": {name: [joined(name, cases)] for name, cases in recordings.items() if len(cases) > 1},
    }
    claims: list[Claim] = []
    for way, cases in ways.items():
        lines, ours, theirs = [], Score(), Score()
        for name, files in cases.items():
            pairs = [await recognisers.hear(case) for case in files]
            our_score, peer_score = sum((pair[0] for pair in pairs), Score()), sum((pair[1] for pair in pairs), Score())
            say(f"{way}: {name}")
            lines.append(
                f"{name}: WER {points(our_score):.2f} % (theirs {points(peer_score):.2f} %), coverage "
                f"{our_score.heard / our_score.said:.3f} ({peer_score.heard / peer_score.said:.3f}), "
                f"{our_score.said} words said"
            )
            ours, theirs = ours + our_score, theirs + peer_score
        claims += _claims(way, ours, theirs, lines)
    await recognisers.close()
    return claims


def _claims(way: str, ours: Score, theirs: Score, lines: Sequence[str]) -> list[Claim]:
    return [
        Claim(
            name=f"WER over sequential faster-whisper's, {way}",
            measured=points(ours) - points(theirs),
            unit="points",
            limit=MORE_POINTS,
            where=(
                f"pooled: {points(ours):.2f} % against {points(theirs):.2f} %, {ours.said} words said",
                *lines,
            ),
        ),
        Claim(
            name=f"coverage against sequential faster-whisper's, {way}",
            measured=ours.heard / theirs.heard,
            limit=COVERAGE,
            at_least=True,
        ),
    ]


def compare(recordings: Sets) -> list[Claim]:
    """Measure with a server and a peer of its own."""
    with (
        tempfile.TemporaryDirectory() as name,
        running(Path(name) / "log") as server,
        peer(server.python, server.weights) as peer_process,
    ):
        return asyncio.run(measure(Recognisers(server.url, peer_process, Path(name)), recordings))


if __name__ == "__main__":
    print("\n".join(map(format_claim, compare(sets()))))
