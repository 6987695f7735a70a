"""Let a configured model summarise a transcript, within a budget. Always says why it could not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from core.errors import Busy, Declined, Unavailable
from core.infra.usage_meter import count_tokens
from core.ports.models import Chat
from core.progress import Report
from core.settings import WriterRules
from schemas.documents.intelligence import Cost
from streams.study.llm.prompt import ModelAnswer, build_messages, build_schema, read_answer, split_parts
from streams.study.transcript_text import TranscriptLine, TranscriptText

CHARS_PER_TOKEN = 3
"""Characters a token, fewer than any tokeniser's mean: the estimate is too high rather than too low."""
RETRY_PAUSE_S = 2.0
"""Pause before a busy model is called again; it doubles, or follows the endpoint's own wish within limits."""
MAX_RETRY_PAUSE_S = 60.0
"""Longest pause that an endpoint may ask for."""
REPORT_INTERVAL_S = 5.0
"""Interval of progress reports during a pause."""
Sleep = Callable[[float], Awaitable[None]]


class AnswerUnavailableError(Exception):
    """The model was not used, or its answer not accepted; ``cost`` is what was spent nevertheless."""

    def __init__(self, reason: str, cost: Cost) -> None:
        """``reason``: a sentence for a person."""
        super().__init__(reason)
        self.reason, self.cost = reason, cost


class TranscriptSummarizer:
    """One job with one model: its calls and their cost so far."""

    def __init__(self, chat: Chat, rules: WriterRules, *, sleep: Sleep = asyncio.sleep) -> None:
        """``sleep`` waits between tries."""
        self._chat, self._rules, self._sleep = chat, rules, sleep
        self.cost = Cost()
        self._report_count = 0

    async def write(self, document: TranscriptText, report: Report) -> list[ModelAnswer]:
        """Return one answer for each part of the transcript. Raises AnswerUnavailableError."""
        parts = list(split_parts(document))
        self._check_budget([build_messages(part) for part in parts])
        return [await self._part(part, report) for part in parts]

    async def _part(self, lines: Sequence[TranscriptLine], report: Report) -> ModelAnswer:
        messages, problem = build_messages(lines), ""
        for turn in range(self._rules.tries):
            self._check_budget([messages])
            try:
                text, cut_off = await self._ask(messages, report)
                if cut_off:
                    raise ValueError(f"the answer was cut off: say less, within {self._rules.output_tokens} tokens")
                return read_answer(text)
            except Unavailable as error:
                problem = str(error)
                if turn + 1 < self._rules.tries:
                    await self._pause(RETRY_PAUSE_S * 2**turn, error, report)
            except Declined as error:
                self._count(error.tokens_in, error.tokens_out, messages, "")
                raise AnswerUnavailableError(f"the model declined: {error}", self.cost) from None
            except ValueError as error:
                problem = str(error)
                messages = [*messages[:2], *_build_correction(text, problem)]
        raise AnswerUnavailableError(
            f"the model gave no usable answer in {self._rules.tries} tries: {problem}"[:500], self.cost
        )

    async def _pause(self, pause_s: float, error: Unavailable, report: Report) -> None:
        """Wait before the next try, reporting progress meanwhile."""
        left_s = max(pause_s, min(error.wait_s, MAX_RETRY_PAUSE_S)) if isinstance(error, Busy) else pause_s
        while left_s > 0:
            self._report_count += 1
            report(1_000_000 + self._report_count)
            await self._sleep(min(left_s, REPORT_INTERVAL_S))
            left_s -= REPORT_INTERVAL_S

    async def _ask(self, messages: list[Mapping[str, str]], report: Report) -> tuple[str, bool]:
        def ticked(_: int) -> None:
            self._report_count += 1
            report(1_000_000 + self._report_count)

        answer = await self._chat.ask(messages, name="intelligence", schema=build_schema(), report=ticked)
        self._count(answer.tokens_in, answer.tokens_out, messages, answer.text)
        return answer.text, answer.cut_off

    def _count(self, tokens_in: int, tokens_out: int, messages: list[Mapping[str, str]], text: str) -> None:
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
        return (tokens_in * self._rules.input_price + tokens_out * self._rules.output_price) / 1_000_000

    def _check_budget(self, conversations: Sequence[list[Mapping[str, str]]]) -> None:
        """Raise AnswerUnavailableError where these calls, each at its longest, might exceed the budget."""
        max_cost = sum(self._price(_estimate_tokens(messages), self._rules.output_tokens) for messages in conversations)
        if self.cost.money + max_cost > self._rules.budget:
            detail = f"{self.cost.money + max_cost:.4f} might be needed, the budget is {self._rules.budget:g}"
            raise AnswerUnavailableError(f"over the budget of a job: {detail}", self.cost)


def _estimate_tokens(messages: Sequence[Mapping[str, str]]) -> int:
    return sum(len(message["content"].encode()) for message in messages) // CHARS_PER_TOKEN + 1


def _build_correction(text: str, problem: str) -> list[Mapping[str, str]]:
    """Build the messages that answer a wrong answer."""
    return [
        {"role": "assistant", "content": text[:20_000]},
        {
            "role": "user",
            "content": f"{problem[:1000]}. Answer again, with JSON that fits the schema and nothing else.",
        },
    ]
