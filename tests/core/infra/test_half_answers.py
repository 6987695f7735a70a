"""Answers of a Triton that is shutting down: a missing output is an outage, not a result or a bug."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import numpy as np
import pytest
from tritonclient.grpc import service_pb2

from core.errors import Unavailable
from core.infra.triton.client import TritonWire, text_tensor
from core.infra.triton.faces import TritonFaces

FACES = np.zeros((1, 1, 5), np.float32)
ABOUT = b'{"model": "faces-0", "compute_ms": 3}'


def _answer(*names: str) -> Any:
    """The answer of the model ``faces`` to one picture, with these outputs only."""
    answer = service_pb2.ModelInferResponse(model_name="faces", model_version="1")
    if "FACES" in names:
        answer.outputs.add(name="FACES", datatype="FP32", shape=FACES.shape)
        answer.raw_output_contents.append(FACES.tobytes())
    if "ABOUT" in names:
        answer.outputs.add(name="ABOUT", datatype="BYTES", shape=[1])
        answer.raw_output_contents.append(len(ABOUT).to_bytes(4, "little") + ABOUT)
    return answer


@asynccontextmanager
async def answering(answer: Any) -> AsyncIterator[str]:
    """A server of Triton's protocol that gives this one answer; its host and port."""

    async def infer(request: Any, context: Any) -> Any:
        return answer

    async def stream(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        async for _ in requests:
            yield service_pb2.ModelStreamInferResponse(infer_response=answer)

    asked, said = service_pb2.ModelInferRequest.FromString, service_pb2.ModelInferResponse.SerializeToString
    streamed = service_pb2.ModelStreamInferResponse.SerializeToString
    handlers = {
        "ModelInfer": grpc.unary_unary_rpc_method_handler(infer, asked, said),
        "ModelStreamInfer": grpc.stream_stream_rpc_method_handler(stream, asked, streamed),
    }
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("inference.GRPCInferenceService", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


async def test_a_complete_answer_is_accepted() -> None:
    async with answering(_answer("FACES", "ABOUT")) as url:
        found = await TritonFaces(url).detect(np.zeros((1, 64, 64, 3), np.uint8))
    assert found.faces == [[]]
    assert found.model == "faces-0"


@pytest.mark.parametrize(("given", "missing"), [(("FACES",), "ABOUT"), (("ABOUT",), "FACES"), ((), "ABOUT")])
async def test_half_an_answer_is_an_outage(given: tuple[str, ...], missing: str) -> None:
    async with answering(_answer(*given)) as url:
        with pytest.raises(Unavailable, match=f"faces: an answer without {missing}"):
            await TritonFaces(url).detect(np.zeros((1, 64, 64, 3), np.uint8))


async def test_a_truncated_item_of_a_stream_is_an_outage() -> None:
    async with answering(_answer("ABOUT")) as url:
        wire = TritonWire(url)
        with pytest.raises(Unavailable, match="faces: an answer without HEARD"):
            async for _ in wire.stream("faces", [text_tensor("ASKED", "{}")], 10.0):
                pass
        await wire.close()
