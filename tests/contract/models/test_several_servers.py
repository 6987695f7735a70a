"""Two real Tritons behind one name: both work, one may be killed, and a dead model is revived where it died."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest
import tritonclient.grpc.aio as triton

from core.errors import Unavailable
from core.infra.triton.client import list_servers
from core.infra.triton.embeddings import TritonSentences
from core.ports.models import Vectors
from tests.contract.rigs.triton_server import Triton, running
from tests.support.progress import Patience

MODEL = "sentences"
REQUEST_COUNT = 24


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


async def embed_at_last(sentences: TritonSentences, text: str) -> Vectors:
    """As attempts do: again while the part is away."""
    patience = Patience("an answer")
    while True:
        try:
            return await sentences.embed([text])
        except Unavailable:
            patience.check()
            await asyncio.sleep(0.2)


async def test_calls_are_shared_and_a_killed_server_loses_none(pair: tuple[Triton, Triton]) -> None:
    sentences = TritonSentences(name_of(*pair))
    texts = [f"Sentence number {number} of a long talk." for number in range(REQUEST_COUNT)]
    try:
        await sentences.embed(texts[:1])
        before = [await count_requests(server) for server in pair]
        wanted = [await embed_at_last(sentences, text) for text in texts]
        shares = [await count_requests(server) - base for server, base in zip(pair, before, strict=True)]
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
