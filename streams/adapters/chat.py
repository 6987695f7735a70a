"""A model behind an OpenAI-compatible endpoint, asked for JSON that fits a schema. Never decides what to ask.

``POST <url>/chat/completions`` with ``response_format: json_schema``, as OpenAI, Gemini's compatible endpoint and
servers of open models take it. The endpoint is the operator's own choice, so it may be a private address; redirects
are not followed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx2
import msgspec

from streams.adapters.meter import called
from streams.adapters.ports import ChatAnswer, Report
from streams.errors import Busy, Declined, Unavailable

PART = "writer"
MOST_BYTES = 2 * 2**20
"""An answer longer than this is no answer of ours."""
ALIVE_S = 5.0
"""So often a call that is waited for is reported as alive; its own deadline ends it."""
LATER = frozenset((408, 409, 425, 429, 500, 502, 503, 504, 529))
"""Statuses that may pass."""


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    model: str = ""
    usage: _Usage | None = None


class OpenAiChat:
    """One endpoint and one model of it."""

    def __init__(self, *, url: str, model: str, key: str, timeout_s: float, most_tokens: int) -> None:
        """``url`` ends before ``/chat/completions``; ``timeout_s`` bounds a whole call."""
        self._url = url.rstrip("/") + "/chat/completions"
        self._model = model
        self._timeout_s = timeout_s
        self._most_tokens = most_tokens
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx2.AsyncClient(headers=headers, timeout=timeout_s, follow_redirects=False, trust_env=False)

    async def ask(
        self, messages: list[Mapping[str, str]], *, name: str, schema: Mapping[str, Any], report: Report
    ) -> ChatAnswer:
        """What the model answers. Raises Unavailable (429, 5xx, no answer in time), Busy where it says when to ask
        again, Declined (it will not, ever).
        """
        body = {
            "model": self._model,
            "messages": messages,
            "temperature": 0,
            "max_tokens": self._most_tokens,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": name, "schema": schema, "strict": True},
            },
        }
        with called(self._model) as told:
            answer = _read(await self._posted(msgspec.json.encode(body), report))
            told.weights, told.tokens_in, told.tokens_out = answer.model[:100], answer.tokens_in, answer.tokens_out
            return answer

    async def _posted(self, body: bytes, report: Report) -> bytes:
        call = asyncio.create_task(self._post(body))
        ticks = 0
        try:
            while not call.done():
                await asyncio.wait({call}, timeout=ALIVE_S)
                report(ticks := ticks + 1)
            return call.result()
        finally:
            call.cancel()

    async def _post(self, body: bytes) -> bytes:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._send(body)
        except TimeoutError:
            raise Unavailable(PART, f"no answer within {self._timeout_s:g} s") from None
        except httpx2.HTTPError as error:
            raise Unavailable(PART, f"{type(error).__name__}: {error}") from None

    async def _send(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json"}
        async with self._client.stream("POST", self._url, content=body, headers=headers) as response:
            got = bytearray()
            async for chunk in response.aiter_bytes():
                got += chunk
                if len(got) > MOST_BYTES:
                    raise Declined(f"its answer is longer than {MOST_BYTES} bytes")
            if response.status_code in LATER:
                raise _later(response)
            if response.status_code != 200:
                raise Declined(f"status {response.status_code}")
            return bytes(got)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()


def _later(response: httpx2.Response) -> Unavailable:
    """Why a call may work later, and when, where the endpoint says so in seconds; a date is not read."""
    told, detail = response.headers.get("retry-after", ""), f"status {response.status_code}"
    return Busy(PART, detail, float(told)) if told.isascii() and told.isdigit() else Unavailable(PART, detail)


def _read(body: bytes) -> ChatAnswer:
    """The answer in a completion. Raises Declined for a refusal, or for what is no completion."""
    try:
        completion = msgspec.json.decode(body, type=_Completion)
        choice = completion.choices[0]
    except (msgspec.MsgspecError, UnicodeDecodeError, IndexError) as error:
        raise Declined(f"it does not speak as OpenAI's API does: {error}") from None
    usage = completion.usage or _Usage()
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise Declined("it refused", tokens_in=usage.prompt_tokens, tokens_out=usage.completion_tokens)
    return ChatAnswer(
        text=choice.message.content or "",
        model=completion.model,
        cut_off=choice.finish_reason == "length",
        tokens_in=usage.prompt_tokens,
        tokens_out=usage.completion_tokens,
    )
