"""A channel to the Triton servers: requests with deadlines, errors by remedy, revival of dead models.

Never knows what a model means.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import secrets
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

import grpc
import msgspec
import numpy as np
import tritonclient.grpc.aio as triton
from numpy.typing import NDArray
from tritonclient.grpc.aio import InferInput
from tritonclient.utils import InferenceServerException

from core.errors import Unavailable
from core.infra.usage_meter import meter_call

PART = "triton"
T = TypeVar("T")
LOAD_TIMEOUT_S = 180.0
CONTROL_TIMEOUT_S = 10.0
IN_USE, IN_USE_PAUSE_S = "in use", 0.1
RELEASE_WAIT_S = 3.0
"""How long a request waits for the release of its region before a task of the channel does that alone."""
SHARED_DIR = Path("/dev/shm")  # noqa: S108  # where POSIX shared memory lives on Linux; names are random, mode 0600
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
LATER = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "CANCELLED", "ABORTED")
"""Statuses that mean: not now."""
DEAD_TEXTS = ("stub process",)
"""The model's process died. This and the next two come as INTERNAL, INVALID_ARGUMENT or without a status."""
MISSING_TEXTS = ("is not ready", "unknown model", "no available versions")
"""The model is not loaded."""
LATER_TEXTS = ("maximum queue size", "timeout expired", "shared memory region", "server not ready")
"""The queue is full, the wait was too long, or the server restarted."""


MAX_MESSAGE_BYTES = 2**31 - 1
MAX_RECONNECT_PAUSE_MS = 5_000
"""By default gRPC's pauses grow to two minutes: after an outage of one, half a minute passes before it tries again."""
BALANCED = (
    ("grpc.lb_policy_name", "round_robin"),
    ("grpc.max_reconnect_backoff_ms", MAX_RECONNECT_PAUSE_MS),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
)
"""By default gRPC sends every call to the first address. With arguments given, tritonclient sets no lengths."""
_PINNED: ContextVar[Any] = ContextVar("one server's client", default=None)

Check = Callable[[], Awaitable[None]]
"""One small inference on a model."""


class InferenceFailed(RuntimeError):
    """The model refused or failed on this input: a bug, on either side. Trying again changes nothing."""


class ModelDead(Unavailable):
    """The model's process is gone, though it says ready: unload and load. This input may have killed it."""

    counted = True


class ModelMissing(ModelDead):
    """The model is not loaded: load."""

    counted = False


class ResponseInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A model's report on one answer: its weights, its processor time, and its time on a GPU, in ms."""

    model: str
    compute_ms: int
    gpu_ms: int = 0


def output(result: triton.InferResult, name: str) -> NDArray[Any]:
    """An output that the model always gives.

    Raises Unavailable where it is not there: a Triton 2.51 that stood still for 20 s (SIGSTOP, SIGCONT) was seen to
    send half of an answer, its numbers all 0, and then to end.
    """
    values: NDArray[Any] | None = result.as_numpy(name)
    if values is None:
        raise Unavailable(PART, f"{result.get_response().model_name}: an answer without {name}")
    return values


def response_info(result: triton.InferResult) -> ResponseInfo:
    """The ABOUT of an answer, which every model of ours gives. Raises Unavailable where it is not there."""
    return msgspec.json.decode(output(result, "ABOUT")[0], type=ResponseInfo)


def failure(model: str, error: InferenceServerException | grpc.RpcError) -> Exception:
    """An error of the client library as Unavailable (ModelDead if loading helps) or InferenceFailed."""
    if isinstance(error, InferenceServerException):
        status, text = str(error.status() or ""), str(error.message() or "")
    else:
        status, text = str(error.code()), str(error.details() or "")
    detail = f"{model}: {text or status}"
    lowered = text.lower()
    if any(part in lowered for part in DEAD_TEXTS):
        return ModelDead(PART, detail)
    if any(part in lowered for part in MISSING_TEXTS) or status.endswith("NOT_FOUND"):
        return ModelMissing(PART, detail)
    if any(status.endswith(name) for name in LATER) or any(part in lowered for part in LATER_TEXTS):
        return Unavailable(PART, detail)
    return InferenceFailed(detail)


def tensor(name: str, values: NDArray[Any], datatype: str) -> InferInput:
    """An input that travels inside the message."""
    infer_input = InferInput(name, list(values.shape), datatype)
    infer_input.set_data_from_numpy(values)
    return infer_input


def text_tensor(name: str, text: str) -> InferInput:
    """One string as a tensor of shape (1,)."""
    return tensor(name, np.array([text.encode()], dtype=np.object_), "BYTES")


def texts_tensor(name: str, texts: Sequence[str]) -> InferInput:
    """Strings as a tensor of shape (n,)."""
    return tensor(name, np.array([text.encode() for text in texts], dtype=np.object_), "BYTES")


async def list_servers(url: str) -> list[str]:
    """Every ``host:port`` behind a target of gRPC. Raises Unavailable where its name is not known."""
    name = url.removeprefix("dns:///")
    if name.startswith(("ipv4:", "ipv6:")):
        return name.split(":", 1)[1].split(",")
    host, port = name.rsplit(":", 1)
    if host in LOOPBACK:
        return [name]
    try:
        entries = await asyncio.get_running_loop().getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unavailable(PART, f"{host}: {error}") from error
    addresses = sorted({str(place[0]) for *_, place in entries})
    return [f"[{address}]:{port}" if ":" in address else f"{address}:{port}" for address in addresses]


class TritonWire:
    """A lazily opened channel. ``url`` is ``host:grpc port``, or another target of gRPC.

    Requests go to all servers behind the name by turns. What is about one server, its counters and its dead models, is
    asked of each by itself.
    """

    def __init__(self, url: str) -> None:
        """Nothing is opened yet: the channel belongs to the event loop of its first use."""
        self.url = url
        self._client: triton.InferenceServerClient | None = None
        self._sharing = url.rsplit(":", 1)[0] in LOOPBACK and SHARED_DIR.is_dir()
        self._releasing: set[asyncio.Task[None]] = set()

    @property
    def client(self) -> Any:
        """The library's client."""
        if (pinned := _PINNED.get()) is not None:
            return pinned
        if self._client is None:
            self._client = triton.InferenceServerClient(self.url, channel_args=list(BALANCED))
        return self._client

    async def close(self) -> None:
        """Close the channel. Regions that the server still reads get CONTROL_TIMEOUT_S to become free."""
        if self._releasing:
            _, unfinished = await asyncio.wait(self._releasing, timeout=CONTROL_TIMEOUT_S)
            for task in unfinished:
                task.cancel()
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()

    async def infer(self, model: str, inputs: Sequence[InferInput], timeout_s: float) -> triton.InferResult:
        """One request, one answer. Raises Unavailable or InferenceFailed."""
        with meter_call(model) as report:
            try:
                result = await self.client.infer(model, inputs, client_timeout=timeout_s)
            except (InferenceServerException, grpc.RpcError) as error:
                raise failure(model, error) from error
            info = response_info(result)
            report.weights, report.compute_ms, report.gpu_ms = info.model, info.compute_ms, info.gpu_ms
            return result

    async def stream(
        self, model: str, inputs: Sequence[InferInput], timeout_s: float, name: str = "HEARD"
    ) -> AsyncGenerator[NDArray[Any]]:
        """One request, the output ``name`` of each answer as it comes, to the end.

        Raises as ``infer``; leaving early cancels at the server. Errors of the model come as text without a status: the
        header that asks for real ones (``triton_grpc_error``) has crashed Triton 2.51.
        """

        async def requests() -> AsyncIterator[dict[str, Any]]:
            yield {"model_name": model, "inputs": inputs}

        answers = self.client.stream_infer(requests(), stream_timeout=timeout_s)
        completed = False
        try:
            async for result, error in answers:
                if error is not None:
                    raise failure(model, error)
                yield output(result, name)
            completed = True
        except (InferenceServerException, grpc.RpcError) as error:
            raise failure(model, error) from error
        finally:
            if not completed:
                answers.cancel()

    async def signs(self, model: str) -> str:
        """The model's counters as a text: when it changes, a server's queue for this model moved.

        Raises Unavailable where no server answers.
        """
        return "\n".join(await self._on_each_server(lambda: self._read_statistics(model)))

    async def _read_statistics(self, model: str) -> str:
        try:
            return str(await self.client.get_inference_statistics(model, client_timeout=CONTROL_TIMEOUT_S))
        except (InferenceServerException, grpc.RpcError) as error:
            raise failure(model, error) from error

    async def mend(self, model: str, check: Check) -> None:
        """Load a model again on each server where ``check`` finds it dead. Raises Unavailable."""

        async def mend_here() -> None:
            try:
                await check()
            except ModelDead as error:
                await self._revive(model, error)

        await self._on_each_server(mend_here)

    async def probe(self, model: str, check: Check) -> None:
        """``check``; a dead model is loaded again first. Raises Unavailable if it still is dead."""
        try:
            await check()
        except ModelDead:
            await self.mend(model, check)
            await check()

    async def _on_each_server(self, action: Callable[[], Awaitable[T]]) -> list[T]:
        """Run an action with ``client`` pinned to each server. Raises Unavailable if all servers do."""
        outcomes: list[T] = []
        failed: Exception | None = None
        for address in await list_servers(self.url):
            client = triton.InferenceServerClient(address, channel_args=list(BALANCED))
            pin = _PINNED.set(client)
            try:
                outcomes.append(await action())
            except Unavailable as error:
                failed = error
            finally:
                _PINNED.reset(pin)
                await client.close()
        if failed is not None and not outcomes:
            raise failed
        return outcomes

    async def _revive(self, model: str, error: ModelDead) -> None:
        """Unload what is left of a model, and load it. Raises Unavailable when that cannot be done."""
        try:
            if not isinstance(error, ModelMissing):
                await self.client.unload_model(model, client_timeout=CONTROL_TIMEOUT_S)
            await self.client.load_model(model, client_timeout=LOAD_TIMEOUT_S)
        except (InferenceServerException, grpc.RpcError) as cause:
            raise Unavailable(PART, f"{model} could not be loaded again: {cause}") from cause

    @asynccontextmanager
    async def shared_input(self, name: str, values: NDArray[Any], datatype: str) -> AsyncIterator[InferInput]:
        """An input in shared memory where the server is on this machine, else inside the message.

        The file is unlinked as soon as the server has mapped it: a kill -9 leaves nothing behind.
        """
        region = await self._register(values) if self._sharing else None
        if region is None:
            yield tensor(name, values, datatype)
            return
        infer_input = InferInput(name, list(values.shape), datatype)
        infer_input.set_shared_memory(region, values.nbytes)
        try:
            yield infer_input
        finally:
            await self._unregister(region)

    async def _register(self, values: NDArray[Any]) -> str | None:
        region = f"clipstream-{os.getpid()}-{secrets.token_hex(8)}"
        path = SHARED_DIR / region
        try:
            _write(path, values)
            registration = self.client.register_system_shared_memory(
                region, f"/{region}", values.nbytes, client_timeout=CONTROL_TIMEOUT_S
            )
            await _to_its_end(registration)
        except asyncio.CancelledError:
            await self._unregister(region)
            raise
        except (OSError, InferenceServerException, grpc.RpcError):
            self._sharing = False  # another mount, another user, no room: the message carries it from now on
            return None
        finally:
            path.unlink(missing_ok=True)
        return region

    async def _unregister(self, region: str) -> None:
        """Release a region in a task of its own: a cancelled caller ends none of it."""
        task = asyncio.create_task(self._release(region))
        self._releasing.add(task)
        task.add_done_callback(self._releasing.discard)
        await asyncio.wait([task], timeout=RELEASE_WAIT_S)

    async def _release(self, region: str) -> None:
        """Unregister a region as soon as the server lets go of it.

        The server refuses while a request reads the region, a cancelled one in its queue too, and how long that waits
        there has no bound: on a busy machine it was longer than 3 s.
        """
        while True:
            try:
                await self.client.unregister_system_shared_memory(region, client_timeout=CONTROL_TIMEOUT_S)
            except InferenceServerException as error:
                if IN_USE not in str(error.message()):
                    return  # a server that is gone, or was started again, has forgotten the region
                await asyncio.sleep(IN_USE_PAUSE_S)
            except grpc.RpcError:
                return
            else:
                return


async def _to_its_end(call: Awaitable[None]) -> None:
    """Wait to the end even if the caller is cancelled; raise the cancellation only then."""
    doing = asyncio.ensure_future(call)
    try:
        await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.gather(doing, return_exceptions=True)
        raise


def _write(path: Path, values: NDArray[Any]) -> None:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.posix_fallocate(handle, 0, values.nbytes)
        with mmap.mmap(handle, values.nbytes) as memory:
            np.copyto(np.frombuffer(memory, dtype=values.dtype).reshape(values.shape), values)
    finally:
        os.close(handle)
