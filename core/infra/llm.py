"""A model behind an OpenAI-compatible endpoint, asked for JSON that fits a schema. Never decides what to ask.

``POST <url>/chat/completions`` with ``response_format: json_schema``, as OpenAI, Gemini's compatible endpoint and
servers of open models take it. They do not all take the same parameters: what one of them names as not taken is said
otherwise or left out, from then on. The endpoint is the operator's own choice, so it may be a private address;
redirects are not followed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import httpx2
import msgspec

from core.errors import Busy, Declined, Unavailable
from core.infra.usage_meter import called
from core.ports.models import ChatAnswer
from core.progress import Report
from schemas.version import USER_AGENT

PART = "writer"
MOST_BYTES = 2 * 2**20
"""An answer longer than this is no answer of ours."""
ALIVE_S = 5.0
"""So often a call that is waited for is reported as alive; its own deadline ends it."""
LATER = frozenset((408, 409, 425, 429, 500, 502, 503, 504, 529))
"""Statuses that may pass."""
WRONG = frozenset((400, 422))
"""Statuses of a request that is not understood."""
_NOT_TAKEN = re.compile(r"unsupported|(?:not|n't) (?:support|permit|allow)|unavailable|invalid schema", re.IGNORECASE)
_CODE = re.compile(r"[A-Za-z_]{1,60}")


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


class _Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """Which parameters are taken: newer models of OpenAI take no ``max_tokens`` and no temperature, some no schema."""

    limit: str = "max_tokens"
    temperature: bool = True
    schema: bool = True

    def without(self, complaint: str) -> _Dialect:
        """The same without what a complaint names as not taken."""
        if not _NOT_TAKEN.search(complaint):
            return self
        return _Dialect(
            limit="max_completion_tokens" if "max_tokens" in complaint else self.limit,
            temperature=self.temperature and "temperature" not in complaint,
            schema=self.schema and "response_format" not in complaint,
        )


class _NotTaken(Declined):
    """The endpoint does not understand a request; ``complaint`` is all that it said."""

    def __init__(self, detail: str, complaint: str) -> None:
        super().__init__(detail)
        self.complaint = complaint


class OpenAiChat:
    """One endpoint and one model of it."""

    def __init__(self, *, url: str, model: str, key: str, timeout_s: float, most_tokens: int) -> None:
        """``url`` ends before ``/chat/completions``; ``timeout_s`` bounds a whole call."""
        self._url = url.rstrip("/") + "/chat/completions"
        self._model = model
        self._timeout_s = timeout_s
        self._most_tokens = most_tokens
        self._dialect = _Dialect()
        headers = {"User-Agent": USER_AGENT} | ({"Authorization": f"Bearer {key}"} if key else {})
        self._client = httpx2.AsyncClient(headers=headers, timeout=timeout_s, follow_redirects=False, trust_env=False)

    async def ask(
        self, messages: list[Mapping[str, str]], *, name: str, schema: Mapping[str, Any], report: Report
    ) -> ChatAnswer:
        """What the model answers. Raises Unavailable (429, 5xx, no answer in time), Busy where it says when to ask
        again, Declined (it will not, ever).
        """
        with called(self._model) as told:
            answer = _read(await self._understood(messages, name, schema, report))
            told.weights, told.tokens_in, told.tokens_out = answer.model[:100], answer.tokens_in, answer.tokens_out
            return answer

    async def _understood(
        self, messages: list[Mapping[str, str]], name: str, schema: Mapping[str, Any], report: Report
    ) -> bytes:
        """Ask in the endpoint's dialect, as far as it is known; each complaint about a parameter teaches some of it."""
        while True:
            dialect = self._dialect
            try:
                return await self._posted(msgspec.json.encode(self._body(dialect, messages, name, schema)), report)
            except _NotTaken as error:
                self._dialect = dialect.without(error.complaint)
                if self._dialect == dialect:
                    raise

    def _body(
        self, dialect: _Dialect, messages: list[Mapping[str, str]], name: str, schema: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        body: dict[str, Any] = {"model": self._model, "messages": messages, dialect.limit: self._most_tokens}
        if dialect.temperature:
            body["temperature"] = 0
        if dialect.schema:
            asked = {"name": name, "schema": schema, "strict": True}
            return body | {"response_format": {"type": "json_schema", "json_schema": asked}}
        rules, *said = messages
        wanted = f"Answer with JSON that fits this schema, and nothing else: {msgspec.json.encode(schema).decode()}"
        told = {**rules, "content": f"{rules['content']} {wanted}"}
        return body | {"messages": [told, *said], "response_format": {"type": "json_object"}}

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
                raise _declined(response.status_code, bytes(got))
            return bytes(got)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()


def _later(response: httpx2.Response) -> Unavailable:
    """Why a call may work later, and when, where the endpoint says so in seconds; a date is not read."""
    told, detail = response.headers.get("retry-after", ""), f"status {response.status_code}"
    return Busy(PART, detail, float(told)) if told.isascii() and told.isdigit() else Unavailable(PART, detail)


def _declined(status: int, body: bytes) -> Declined:
    """Why a call will never work, by the endpoint's own code for it; its sentences are the operator's, not told."""
    try:
        told = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        told = None
    first = told[0] if isinstance(told, list) and told else told  # Gemini's comes in a list
    error = first.get("error") if isinstance(first, dict) else None
    codes = [error.get(key) for key in ("code", "status", "type")] if isinstance(error, dict) else []
    code = next((one for one in codes if isinstance(one, str) and _CODE.fullmatch(one)), "")
    detail = f"status {status} ({code})" if code else f"status {status}"
    return _NotTaken(detail, body.decode(errors="replace")) if status in WRONG else Declined(detail)


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
