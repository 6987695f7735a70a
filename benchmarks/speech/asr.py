"""Speech through our whole path, compared with faster-whisper called directly.

The path: FLAC → transcribe → Triton → words aligned to the sound.

The same mode, interleaved, medians; claim: at most 1.15 times the wall time. ``python -m benchmarks.speech.asr
[rounds]``
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import numpy as np

from benchmarks.harness.claims import Claim, format_claim
from benchmarks.harness.rig import Rig
from core.infra.triton.alignment import TritonAlignment
from core.infra.triton.speech import TritonSpeech
from schemas.common import ObjectRef, TimeRange
from schemas.events import SpanPlanned
from streams.listen.transcribe_span import transcribe_span
from streams.speech.flac_decoder import decode_flac
from tests.contract.rigs.triton_server import Triton, running
from tests.support.media.recordings import RATE_HZ, flac, media, sound

CLAIM_RATIO = 1.15
SPAN_MS = 150_000
THREADS = 2
BATCH_COUNT = 4
BEAM_COUNT = 5
PEER = Path(__file__).with_name("asr_peer.py")


class Peer:
    """The other process; the model is loaded once, as in the server."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, **question: object) -> dict[str, object]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        answer: dict[str, object] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def peer(python: Path, weights: Path, threads: int = THREADS) -> Iterator[Peer]:
    """faster-whisper in the environment and with the weights of the server."""
    command = [str(python), str(PEER), str(weights / "whisper-base"), str(threads)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Peer(process)
        assert process.stdin is not None
        process.stdin.close()


class OneObject:
    """A store of one object in memory: the object store is not what is measured here."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def get(self, _: ObjectRef) -> bytes:
        return self._body


def planned() -> SpanPlanned:
    ref = ObjectRef(key="k", sha256="0" * 64, size=1)
    span_range = TimeRange(start_ms=0, end_ms=SPAN_MS)
    nobody = UUID(int=0)
    return SpanPlanned(
        org_id=nobody, project_id=nobody, ordinal=0, span_count=1, range=span_range, padded=span_range, source=ref,
        index=ref, audio=ref,
    )  # fmt: skip


async def measure(server: Triton, peer_process: Peer, samples: np.ndarray, path: Path, rounds: int) -> Claim:
    body, span = flac(samples), planned()
    speech, alignment = TritonSpeech(server.url, mode="batched"), TritonAlignment(server.url)
    store = OneObject(body)
    ours, theirs, model_s, peer_s = [], [], [], []
    for at in range(rounds + 1):
        started = time.perf_counter()
        result = await transcribe_span(span, objects=store, speech=speech, alignment=alignment, report=lambda _: None)
        wall_s = time.perf_counter() - started
        answer = peer_process.ask(
            audio=str(path), mode="batched", beam_size=BEAM_COUNT, batch_size=BATCH_COUNT, language=None
        )
        if at:  # the first round warms both
            ours.append(wall_s)
            theirs.append(float(str(answer["wall_s"])))
            model_s.append(result.compute_ms / 1000)
            peer_s.append(float(str(answer["cpu_s"])))
    await speech.close()
    await alignment.close()
    ratio = statistics.median(ours) / statistics.median(theirs)
    started = time.perf_counter()
    decode_flac(body, max_length_ms=SPAN_MS)
    flac_s = time.perf_counter() - started
    cpu, cpu_peer = statistics.median(model_s), statistics.median(peer_s)
    return Claim(
        name="speech through the whole path, against faster-whisper called directly (wall)",
        measured=ratio,
        limit=CLAIM_RATIO,
        where=(
            f"one {SPAN_MS // 1000} s span, base int8, batched, beam {BEAM_COUNT}, {THREADS} threads, {rounds} rounds",
            f"through Triton: median {statistics.median(ours):.2f} s ({min(ours):.2f} … {max(ours):.2f})",
            f"directly: median {statistics.median(theirs):.2f} s ({min(theirs):.2f} … {max(theirs):.2f})",
            f"models {cpu:.2f} CPU-s (directly {cpu_peer:.2f}, ratio {cpu / cpu_peer:.3f}), FLAC {flac_s:.3f} s",
            f"words {len(result.words)} (directly {len(str(answer['text']).split())})",
        ),
    )


def compare(rounds: int) -> Claim:
    """Compare both, with the server and the peer started here."""
    samples = sound(media("talking/physicsworks_lecture_203s_240p.webm"))[: SPAN_MS * RATE_HZ // 1000]
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "span.npy"
        np.save(path, samples)
        with running(Path(place) / "log") as server, peer(server.python, server.weights) as peer_process:
            return asyncio.run(measure(server, peer_process, samples, path, rounds))


def bench(rig: Rig) -> list[Claim]:
    """As a part of ``python -m benchmarks``."""
    return [compare(1 if rig.quick else 7)]


if __name__ == "__main__":
    print(format_claim(compare(int(sys.argv[1]) if len(sys.argv) > 1 else 7)))
