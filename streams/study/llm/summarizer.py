"""Asks a configured model what a transcript is about, within a budget. Where it has nothing it says why, always."""

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
from streams.study.llm.prompt import Written, conversation, parts, read_answer, schema
from streams.study.transcript_text import Line, Spoken

LETTERS_A_TOKEN = 3
"""Fewer than any tokeniser has on average: an estimate from it is too high rather than too low."""
PAUSE_S = 2.0
"""Before a model that was busy is asked again; it doubles, and is as long as the endpoint asks for, if not too long."""
LONGEST_PAUSE_S = 60.0
ALIVE_S = 5.0
Sleep = Callable[[float], Awaitable[None]]


class NotWritten(Exception):
    """The model was not used, or its answer not taken; ``cost`` is what was spent on it all the same."""

    def __init__(self, reason: str, cost: Cost) -> None:
        """``reason``: a sentence for a person."""
        super().__init__(reason)
        self.reason, self.cost = reason, cost


class Writer:
    """One job with one model: what it asked, what it cost so far."""

    def __init__(self, chat: Chat, rules: WriterRules, *, sleep: Sleep = asyncio.sleep) -> None:
        """``sleep`` waits between tries."""
        self._chat, self._rules, self._sleep = chat, rules, sleep
        self.cost = Cost()
        self._asked = 0

    async def write(self, spoken: Spoken, report: Report) -> list[Written]:
        """One answer for each part of the transcript. Raises NotWritten."""
        pieces = list(parts(spoken))
        self._within_budget([conversation(piece) for piece in pieces])
        return [await self._part(piece, report) for piece in pieces]

    async def _part(self, lines: Sequence[Line], report: Report) -> Written:
        messages, wrong = conversation(lines), ""
        for turn in range(self._rules.tries):
            self._within_budget([messages])
            try:
                text, cut_off = await self._ask(messages, report)
                if cut_off:
                    raise ValueError(f"the answer was cut off: say less, within {self._rules.output_tokens} tokens")
                return read_answer(text)
            except Unavailable as error:
                wrong = str(error)
                if turn + 1 < self._rules.tries:
                    await self._pause(PAUSE_S * 2**turn, error, report)
            except Declined as error:
                self._count(error.tokens_in, error.tokens_out, messages, "")
                raise NotWritten(f"the model declined: {error}", self.cost) from None
            except ValueError as error:
                wrong = str(error)
                messages = [*messages[:2], *_correction(text, wrong)]
        raise NotWritten(f"the model gave no usable answer in {self._rules.tries} tries: {wrong}"[:500], self.cost)

    async def _pause(self, pause_s: float, error: Unavailable, report: Report) -> None:
        """Wait before the next try, and say meanwhile that somebody is alive."""
        left_s = max(pause_s, min(error.wait_s, LONGEST_PAUSE_S)) if isinstance(error, Busy) else pause_s
        while left_s > 0:
            self._asked += 1
            report(1_000_000 + self._asked)
            await self._sleep(min(left_s, ALIVE_S))
            left_s -= ALIVE_S

    async def _ask(self, messages: list[Mapping[str, str]], report: Report) -> tuple[str, bool]:
        def ticked(_: int) -> None:
            self._asked += 1
            report(1_000_000 + self._asked)

        answer = await self._chat.ask(messages, name="intelligence", schema=schema(), report=ticked)
        self._count(answer.tokens_in, answer.tokens_out, messages, answer.text)
        return answer.text, answer.cut_off

    def _count(self, tokens_in: int, tokens_out: int, messages: list[Mapping[str, str]], text: str) -> None:
        """Add a call: by the model's own count, or by an estimate where it counts nothing."""
        counted = tokens_in > 0
        tokens_in = tokens_in or _tokens(messages)
        tokens_out = tokens_out or len(text) // LETTERS_A_TOKEN
        count_tokens(tokens_in, tokens_out, self._price(tokens_in, 0), self._price(0, tokens_out))
        before = self.cost
        self.cost = msgspec.structs.replace(
            before,
            calls=before.calls + 1,
            tokens_in=before.tokens_in + tokens_in,
            tokens_out=before.tokens_out + tokens_out,
            money=round(before.money + self._price(tokens_in, tokens_out), 6),
            counted=before.counted and counted,
        )

    def _price(self, tokens_in: int, tokens_out: int) -> float:
        return (tokens_in * self._rules.input_price + tokens_out * self._rules.output_price) / 1_000_000

    def _within_budget(self, conversations: Sequence[list[Mapping[str, str]]]) -> None:
        """Raises NotWritten where these calls, each at its longest, might go beyond the budget."""
        most = sum(self._price(_tokens(one), self._rules.output_tokens) for one in conversations)
        if self.cost.money + most > self._rules.budget:
            need = f"{self.cost.money + most:.4f} might be needed, the budget is {self._rules.budget:g}"
            raise NotWritten(f"over the budget of a job: {need}", self.cost)


def _tokens(messages: Sequence[Mapping[str, str]]) -> int:
    return sum(len(message["content"].encode()) for message in messages) // LETTERS_A_TOKEN + 1


def _correction(text: str, wrong: str) -> list[Mapping[str, str]]:
    """What a wrong answer is answered with."""
    return [
        {"role": "assistant", "content": text[:20_000]},
        {"role": "user", "content": f"{wrong[:1000]}. Answer again, with JSON that fits the schema and nothing else."},
    ]
