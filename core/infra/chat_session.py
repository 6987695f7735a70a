"""A job with a configured model: its calls within a budget, and what they cost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from core.errors import Busy, Declined, Unavailable
from core.infra.usage_meter import count_tokens
from core.ports.models import Chat, ChatAnswer
from core.progress import Report
from schemas.documents.intelligence import Cost

CHARS_PER_TOKEN = 3
"""Characters a token, fewer than any tokeniser's mean: the estimate is too high rather than too low."""
RETRY_PAUSE_S = 2.0
"""Pause before a busy model is called again; it doubles, or follows the endpoint's own wish within limits."""
MAX_RETRY_PAUSE_S = 60.0
"""Longest pause that an endpoint may ask for."""
REPORT_INTERVAL_S = 5.0
"""Interval of progress reports during a pause."""
FIRST_REPORT_COUNT = 1_000_000
"""Where the counter of progress begins: beyond what a stage counts before."""
Messages = list[Mapping[str, str]]
Sleep = Callable[[float], Awaitable[None]]
T = TypeVar("T")


class AnswerUnavailableError(Exception):
    """The model was not used, or its answer not accepted; ``cost`` is what the job has spent nevertheless."""

    def __init__(self, reason: str, cost: Cost) -> None:
        """``reason``: a sentence for a person."""
        super().__init__(reason)
        self.reason, self.cost = reason, cost


class ChatLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a job, and the model's price list: money for a million tokens."""

    budget: float
    """Most money; a call that might go beyond it is not made."""
    input_price: float
    output_price: float
    output_tokens: int
    """Most tokens of an answer."""
    tries: int
    """Calls for one question, wrong answers and pauses counted."""
    calls: int | None = None
    """Most calls, repeated ones counted; None: as many as there are questions and tries."""


class ChatSession:
    """One job with one model: its calls and their cost so far. Several questions may be asked at once."""

    def __init__(
        self, chat: Chat, limits: ChatLimits, *, cost: Cost | None = None, sleep: Sleep = asyncio.sleep
    ) -> None:
        """``cost`` is what the job has spent before; ``sleep`` waits between tries."""
        self._chat, self._limits, self._sleep = chat, limits, sleep
        self.cost = cost or Cost()
        self._call_count = self.cost.calls
        self._pending_money = 0.0
        self._report_count = 0

    async def ask(
        self,
        messages: Messages,
        *,
        name: str,
        schema: Mapping[str, Any],
        read: Callable[[str], T],
        report: Report,
    ) -> T:
        """Ask until ``read`` accepts the answer; the model gets its ValueError with the next try.

        Raises:
            AnswerUnavailableError: No answer was accepted, or a limit was reached.
        """
        conversation, problem = messages, ""
        for turn in range(self._limits.tries):
            try:
                answer = await self._call(conversation, name, schema, report)
                return read(self._whole_text(answer))
            except Unavailable as error:
                problem = str(error)
                if turn + 1 < self._limits.tries:
                    await self._pause(RETRY_PAUSE_S * 2**turn, error, report)
            except Declined as error:
                self._count(error.tokens_in, error.tokens_out, conversation, "")
                raise AnswerUnavailableError(f"the model declined: {error}", self.cost) from None
            except ValueError as error:
                problem = str(error)
                conversation = [*messages, *_build_correction(answer.text, problem)]
        raise AnswerUnavailableError(
            f"the model gave no usable answer in {self._limits.tries} tries: {problem}"[:500], self.cost
        )

    def price_longest(self, conversations: Sequence[Messages]) -> float:
        """Money that these calls cost at most, each with the longest answer."""
        return sum(self._price(_estimate_tokens(messages), self._limits.output_tokens) for messages in conversations)

    def check_budget(self, conversations: Sequence[Messages]) -> None:
        """Raise AnswerUnavailableError where these calls, each at its longest, might exceed the budget."""
        needed_money = self.cost.money + self._pending_money + self.price_longest(conversations)
        if needed_money > self._limits.budget:
            detail = f"{needed_money:.4f} might be needed, the budget is {self._limits.budget:g}"
            raise AnswerUnavailableError(f"over the budget of a job: {detail}", self.cost)

    async def _call(self, messages: Messages, name: str, schema: Mapping[str, Any], report: Report) -> ChatAnswer:
        self.check_budget([messages])
        if self._limits.calls is not None and self._call_count >= self._limits.calls:
            raise AnswerUnavailableError(f"{self._limits.calls} calls were made, the most of a job", self.cost)
        self._call_count += 1
        money = self.price_longest([messages])
        self._pending_money += money
        try:
            answer = await self._chat.ask(messages, name=name, schema=schema, report=lambda _: self._report(report))
        finally:
            self._pending_money -= money
        self._count(answer.tokens_in, answer.tokens_out, messages, answer.text)
        return answer

    def _whole_text(self, answer: ChatAnswer) -> str:
        if answer.cut_off:
            raise ValueError(f"the answer was cut off: say less, within {self._limits.output_tokens} tokens")
        return answer.text

    def _report(self, report: Report) -> None:
        self._report_count += 1
        report(FIRST_REPORT_COUNT + self._report_count)

    async def _pause(self, pause_s: float, error: Unavailable, report: Report) -> None:
        """Wait before the next try, reporting progress meanwhile."""
        left_s = max(pause_s, min(error.wait_s, MAX_RETRY_PAUSE_S)) if isinstance(error, Busy) else pause_s
        while left_s > 0:
            self._report(report)
            await self._sleep(min(left_s, REPORT_INTERVAL_S))
            left_s -= REPORT_INTERVAL_S

    def _count(self, tokens_in: int, tokens_out: int, messages: Messages, text: str) -> None:
        """Add a call's tokens: by the model's own count, or by an estimate without one."""
        is_counted = tokens_in > 0
        tokens_in = tokens_in or _estimate_tokens(messages)
        tokens_out = tokens_out or len(text) // CHARS_PER_TOKEN
        count_tokens(tokens_in, tokens_out, self._price(tokens_in, 0), self._price(0, tokens_out))
        before = self.cost
        self.cost = msgspec.structs.replace(
            before,
            calls=before.calls + 1,
            tokens_in=before.tokens_in + tokens_in,
            tokens_out=before.tokens_out + tokens_out,
            money=round(before.money + self._price(tokens_in, tokens_out), 6),
            counted=before.counted and is_counted,
        )

    def _price(self, tokens_in: int, tokens_out: int) -> float:
        return (tokens_in * self._limits.input_price + tokens_out * self._limits.output_price) / 1_000_000


def _estimate_tokens(messages: Messages) -> int:
    return sum(len(message["content"].encode()) for message in messages) // CHARS_PER_TOKEN + 1


def _build_correction(text: str, problem: str) -> Messages:
    """Build the messages that answer a wrong answer."""
    return [
        {"role": "assistant", "content": text[:20_000]},
        {
            "role": "user",
            "content": f"{problem[:1000]}. Answer again, with JSON that fits the schema and nothing else.",
        },
    ]
