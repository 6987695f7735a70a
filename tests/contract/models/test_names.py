"""The port for names on a real Triton, with a model of the tests that speaks the documented tensors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core.errors import Unavailable
from core.infra.triton.client import InferenceFailed
from core.infra.triton.names import MAX_REQUEST_TEXTS, TritonNames
from core.infra.usage_meter import metered
from core.ports.models import NameSpan
from tests.contract.rigs.triton_server import Triton, running
from tests.support.port_contracts import names_keep_what_they_promise

pytestmark = pytest.mark.contract
REPOSITORY = Path(__file__).parent / "names_repo"


@pytest.fixture(scope="module")
def names_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    """A server of that model alone."""
    with running(tmp_path_factory.mktemp("names") / "log", ["names"], repository=REPOSITORY) as server:
        yield server


@pytest.fixture
async def names(names_server: Triton) -> AsyncIterator[TritonNames]:
    adapter = TritonNames(names_server.url, "names")
    yield adapter
    await adapter.close()


async def test_the_client_keeps_the_promises_of_its_twin(names: TritonNames) -> None:
    await names_keep_what_they_promise(names)


async def test_spans_count_characters_of_the_text(names: TritonNames) -> None:
    with metered() as meter:
        found = await names.find_names(["Żółć 😀 of ⟨Été & Co⟩.", "Nobody."])
    assert found.names == [[NameSpan(begin=11, end=19, kind="organisation", probability=0.9)], []]
    assert found.model == "brackets-1"
    (call,) = meter.calls
    assert (call.model, call.weights, call.compute_ms) == ("names", "brackets-1", found.compute_ms)


async def test_many_texts_keep_their_order(names: TritonNames) -> None:
    found = await names.find_names([f"⟨{number}⟩" for number in range(2 * MAX_REQUEST_TEXTS + 1)])
    assert [spans[0].end for spans in found.names] == [1 + len(str(n)) for n in range(2 * MAX_REQUEST_TEXTS + 1)]


@pytest.mark.parametrize("text", ["!garbage", "!outside"])
async def test_an_answer_that_is_not_as_documented_is_a_bug(names: TritonNames, text: str) -> None:
    with pytest.raises(InferenceFailed, match="NAMES"):
        await names.find_names(["Nobody.", text])


async def test_an_absent_server_or_model_raises(names_server: Triton) -> None:
    for url, model in (("127.0.0.1:9", "names"), (names_server.url, "other")):
        absent = TritonNames(url, model)
        with pytest.raises(Unavailable):
            await absent.find_names(["a"])
        await absent.close()


async def test_a_killed_model_is_revived(names: TritonNames, names_server: Triton) -> None:
    names_server.kill("names")
    await names.probe()
    assert (await names.find_names(["⟨back⟩"])).names[0]
