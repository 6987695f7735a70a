"""Two real Tritons behind one name: both work, one may be killed, and a dead model is revived where it died."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import time
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
import tritonclient.grpc.aio as triton

from core.errors import Unavailable
from core.infra.triton.client import list_servers
from core.infra.triton.embeddings import TritonSentences
from core.ports.models import Vectors
from schemas import events
from streams.runtime.attempts import Attempts, Verdict
from streams.study.agent import StudyStage
from tests.contract.rigs.delivered import Delivered
from tests.contract.rigs.stage_rig import RULES, Rig, make_rig
from tests.contract.rigs.triton_server import Triton, running
from tests.contract.stages.test_study import new_transcript
from tests.support.progress import Patience

__all__ = ["make_rig"]
MODEL = "sentences"
REQUEST_COUNT = 24
PROJECT_COUNT = 3
HANGING_S = 1.5
"""Calls that answer do so in milliseconds."""


@pytest.fixture
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Triton, Triton]]:
    """Two servers of the small model alone."""
    folder = tmp_path_factory.mktemp("tritons")
    with running(folder / "first", [MODEL]) as first, running(folder / "second", [MODEL]) as second:
        yield first, second


def name_of(*servers: Triton) -> str:
    return f"ipv4:{','.join(server.url for server in servers)}"


async def count_requests(server: Triton) -> int:
    client = triton.InferenceServerClient(server.url)
    try:
        found = await client.get_inference_statistics(MODEL)
        return sum(int(row.inference_stats.success.count) for row in found.model_stats)
    finally:
        await client.close()


async def count_all(pair: tuple[Triton, Triton], least: int) -> list[int]:
    """Requests of each server, once they are ``least`` in all: Triton counts a request after it has answered it."""
    patience = Patience(f"{least} counted requests")
    while sum(counts := [await count_requests(server) for server in pair]) < least:
        patience.check(sum(counts))
        await asyncio.sleep(0.05)
    return counts


async def embed_at_last(sentences: TritonSentences, text: str) -> Vectors:
    """As attempts do: again while the part is away."""
    patience = Patience("an answer")
    while True:
        try:
            return await sentences.embed([text])
        except Unavailable:
            patience.check()
            await asyncio.sleep(0.2)


async def test_calls_are_shared_and_a_killed_server_loses_no_call(pair: tuple[Triton, Triton]) -> None:
    sentences = TritonSentences(name_of(*pair))
    texts = [f"Sentence number {number} of a long talk." for number in range(REQUEST_COUNT)]
    try:
        begun = sum(await count_all(pair, 0))
        await sentences.embed(texts[:1])
        before = await count_all(pair, begun + 1)
        wanted = [await embed_at_last(sentences, text) for text in texts]
        after = await count_all(pair, sum(before) + REQUEST_COUNT)
        shares = [count - base for count, base in zip(after, before, strict=True)]
        assert sum(shares) == REQUEST_COUNT
        assert abs(shares[0] - shares[1]) <= 2, shares

        working = [asyncio.create_task(embed_at_last(sentences, text)) for text in texts]
        while not any(task.done() for task in working):
            await asyncio.sleep(0.01)
        os.kill(pair[0].pid, signal.SIGKILL)
        answers = await asyncio.gather(*working)
        for answer, same in zip(answers, wanted, strict=True):
            assert np.allclose(answer.values, same.values, atol=1e-5)
        for text in texts[:4]:
            await sentences.embed([text])  # without a second try: the dead server is left out
    finally:
        await sentences.close()


class CountedSentences(TritonSentences):
    """Knows how many of its calls have begun and ended."""

    begun = ended = 0

    async def embed(self, texts: Sequence[str]) -> Vectors:
        self.begun += 1
        try:
            return await super().embed(texts)
        finally:
            self.ended += 1


async def until_hanging(sentences: CountedSentences) -> None:
    """Return once calls are under way and none has begun or ended for a while: they wait for the server that stands."""
    patience, since, seen = Patience("a call that hangs"), time.monotonic(), (0, 0)
    while not (sentences.begun > sentences.ended and time.monotonic() - since > HANGING_S):
        if seen != (sentences.begun, sentences.ended):
            since, seen = time.monotonic(), (sentences.begun, sentences.ended)
        patience.check(seen)
        await asyncio.sleep(0.05)


async def test_an_attempt_loses_nothing_when_its_server_is_killed(pair: tuple[Triton, Triton], rig: Rig) -> None:
    """Attempts of study: calls to one server hang, it is killed, and each project has one result all the same."""
    projects = [rig, *(Rig(rig.context, rig.objects, rig.speech, rig.org_id) for _ in range(PROJECT_COUNT - 1))]
    rig.context.sentences = sentences = CountedSentences(name_of(*pair))
    attempts = Attempts(
        pool=rig.pool, stage=StudyStage(rig.context), worker="a", rules=RULES, clock=lambda: dt.datetime.now(dt.UTC)
    )
    verdicts: list[list[Verdict]] = [[] for _ in projects]

    async def take_to_its_end(number: int, message: Delivered) -> None:
        patience = Patience("an attempt that commits")
        while not verdicts[number] or verdicts[number][-1] == "retried":  # the relay sends it again
            verdicts[number].append(await message.attempt(attempts))
            patience.check(len(verdicts[number]))
            await asyncio.sleep(0.2)

    try:
        for text in ("Both servers", "are connected."):
            await sentences.embed([text])
        messages = [Delivered(number, await new_transcript(each), []) for number, each in enumerate(projects)]
        os.kill(pair[0].pid, signal.SIGSTOP)
        working = [asyncio.create_task(take_to_its_end(number, one)) for number, one in enumerate(messages)]
        await until_hanging(sentences)
        os.kill(pair[0].pid, signal.SIGKILL)
        await asyncio.gather(*working)
    finally:
        await sentences.close()
    print(f"verdicts of {PROJECT_COUNT} projects: {verdicts}")
    assert {one[-1] for one in verdicts} == {"committed"}
    assert any("retried" in one for one in verdicts), "no attempt was in mid-job"
    assert {verdict for one in verdicts for verdict in one[:-1]} <= {"retried"}
    for number, each in enumerate(projects):
        told = [type(sent.event) for sent in await each.fresh()]
        results = [one for one in told if one is not events.TranscriptCompleted]  # that is the input, sent again
        assert results == [events.IntelligenceCompleted]
        assert len(told) - 1 == verdicts[number].count("retried")
        assert await messages[number].attempt(attempts) == "done", "once more changes nothing"
        assert await each.fresh() == []


async def test_a_dead_model_is_revived_on_its_own_server(pair: tuple[Triton, Triton]) -> None:
    sentences = TritonSentences(name_of(*pair))
    try:
        healthy = [stub.pid for stub in pair[1].stubs(MODEL)]
        pair[0].kill(MODEL)
        for number in range(4):
            await embed_at_last(sentences, f"Sentence {number}.")
        assert [stub.pid for stub in pair[1].stubs(MODEL)] == healthy
        assert pair[0].stubs(MODEL)
        for server in pair:
            alone = TritonSentences(server.url)
            await alone.embed(["It answers."])
            await alone.close()
    finally:
        await sentences.close()


async def test_a_name_is_resolved_to_each_of_its_addresses() -> None:
    assert await list_servers("127.0.0.1:8001") == ["127.0.0.1:8001"]
    assert await list_servers("dns:///127.0.0.2:8001") == ["127.0.0.2:8001"]
    assert await list_servers("ipv4:10.0.0.1:1,10.0.0.2:2") == ["10.0.0.1:1", "10.0.0.2:2"]
    with pytest.raises(Unavailable, match="nowhere"):
        await list_servers("nowhere.invalid:8001")
