"""A model behind an OpenAI-compatible endpoint, asked for JSON that fits a schema.

``POST <url>/chat/completions`` with ``response_format: json_schema``, as OpenAI, Gemini's compatible endpoint and
servers of open models accept it. Their parameters differ: one that an endpoint names as unknown is replaced or left
out from then on. The endpoint is the operator's own choice, so it may be a private address; redirects are not
followed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import httpx2
import msgspec

from core.errors import Busy, Declined, Unavailable
from core.infra.usage_meter import meter_call
from core.ports.models import ChatAnswer
from core.progress import Report
from schemas.version import USER_AGENT

PART = "writer"
MAX_ANSWER_BYTES = 2 * 2**20
"""Maximum size of an answer: a longer one cannot fit our schemas."""
REPORT_INTERVAL_S = 5.0
"""Interval at which a pending call is reported as alive; its own deadline ends it."""
TRANSIENT_STATUSES = frozenset((408, 409, 425, 429, 500, 502, 503, 504, 529))
"""HTTP statuses that may pass."""
NOT_UNDERSTOOD_STATUSES = frozenset((400, 422))
"""HTTP statuses of a request that the endpoint does not understand."""
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
    """Parameters that the endpoint accepts.

    Newer models of OpenAI accept neither ``max_tokens`` nor a temperature, and some models no schema.
    """

    limit: str = "max_tokens"
    temperature: bool = True
    schema: bool = True

    def without(self, complaint: str) -> _Dialect:
        """The same without the parameter that a complaint names."""
        if not _NOT_TAKEN.search(complaint):
            return self
        return _Dialect(
            limit="max_completion_tokens" if "max_tokens" in complaint else self.limit,
            temperature=self.temperature and "temperature" not in complaint,
            schema=self.schema and "response_format" not in complaint,
        )


class _NotTaken(Declined):
    """The endpoint does not understand a request; ``complaint`` is its whole answer."""

    def __init__(self, detail: str, complaint: str) -> None:
        super().__init__(detail)
        self.complaint = complaint


class OpenAiChat:
    """One model of one endpoint."""

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
        """Ask the model and return its answer.

        Raises:
            Unavailable: 429, 5xx, or no answer in time.
            Busy: As Unavailable, and the endpoint says when to ask again.
            Declined: The model will never answer this request.
        """
        with meter_call(self._model) as usage:
            answer = _read(await self._understood(messages, name, schema, report))
            usage.weights, usage.tokens_in, usage.tokens_out = answer.model[:100], answer.tokens_in, answer.tokens_out
            return answer

    async def _understood(
        self, messages: list[Mapping[str, str]], name: str, schema: Mapping[str, Any], report: Report
    ) -> bytes:
        """Ask in the endpoint's dialect as far as it is known; each complaint about a parameter refines it."""
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
            json_schema = {"name": name, "schema": schema, "strict": True}
            return body | {"response_format": {"type": "json_schema", "json_schema": json_schema}}
        rules, *turns = messages
        instruction = (
            f"Answer with JSON that fits this schema, and nothing else: {msgspec.json.encode(schema).decode()}"
        )
        first = {**rules, "content": f"{rules['content']} {instruction}"}
        return body | {"messages": [first, *turns], "response_format": {"type": "json_object"}}

    async def _posted(self, body: bytes, report: Report) -> bytes:
        call = asyncio.create_task(self._post(body))
        ticks = 0
        try:
            while not call.done():
                await asyncio.wait({call}, timeout=REPORT_INTERVAL_S)
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
                if len(got) > MAX_ANSWER_BYTES:
                    raise Declined(f"its answer is longer than {MAX_ANSWER_BYTES} bytes")
            if response.status_code in TRANSIENT_STATUSES:
                raise _later(response)
            if response.status_code != 200:
                raise _declined(response.status_code, bytes(got))
            return bytes(got)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _later(response: httpx2.Response) -> Unavailable:
    """The error of a call that may work later, with its seconds if the endpoint gives any (no date)."""
    retry_after, detail = response.headers.get("retry-after", ""), f"status {response.status_code}"
    return (
        Busy(PART, detail, float(retry_after))
        if retry_after.isascii() and retry_after.isdigit()
        else Unavailable(PART, detail)
    )


def _declined(status: int, body: bytes) -> Declined:
    """The error of a call that will never work, with the endpoint's error code.

    Its sentences are for the operator, not for customers.
    """
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        answer = None
    first = answer[0] if isinstance(answer, list) and answer else answer  # Gemini's comes in a list
    error = first.get("error") if isinstance(first, dict) else None
    codes = [error.get(key) for key in ("code", "status", "type")] if isinstance(error, dict) else []
    code = next((text for text in codes if isinstance(text, str) and _CODE.fullmatch(text)), "")
    detail = f"status {status} ({code})" if code else f"status {status}"
    return _NotTaken(detail, body.decode(errors="replace")) if status in NOT_UNDERSTOOD_STATUSES else Declined(detail)


def _read(body: bytes) -> ChatAnswer:
    """Read the answer of a completion. Raises Declined for a refusal, or for a body that is no completion."""
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
