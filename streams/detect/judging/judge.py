"""Let a configured model compare the finalists pair by pair.

Calls, money and time are limited; the judgement says why comparisons are missing.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from core.infra.chat_session import AnswerUnavailableError, ChatLimits, ChatSession, Messages, Sleep
from core.ports.models import Chat
from core.progress import Report
from core.settings import JudgeRules, WriterRules
from schemas.common import Value
from schemas.documents.intelligence import Cost
from streams.detect.judging.pair_question import ANSWER_SCHEMA, PairAnswer, build_messages, read_answer
from streams.detect.judging.schedule import Round, list_rounds, plan_rounds
from streams.detect.judging.strength import Outcome
from streams.detect.judging.window_text import WindowQuote, WindowText

MAX_CONCURRENT_PAIRS = 4
"""Pairs that are asked about at once."""
MIN_COUNTED_RATIO = 2 / 3
"""Share of the planned comparisons that must count: less would rank by what happened to be answered."""
MIN_ROUNDS = 2
"""Fewer rounds leave finalists that no chain of comparisons links."""
UNQUOTED = "a quote is not in its window"


class KeptAnswers(Value, frozen=True, kw_only=True):
    """Answers of one job by the digest of their question, and what they cost."""

    answers: dict[str, PairAnswer] = {}
    cost: Cost = Cost()


Keep = Callable[[KeptAnswers], Awaitable[None]]
"""Keeps the answers so far, for a second attempt at the same job."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One pair of finalists, by their places, with the words that decided its first order."""

    first: int
    second: int
    won: float
    """The first one's share: 1, 0, or 0.5 where each was preferred in one order."""
    first_quote: WindowQuote
    second_quote: WindowQuote

    @property
    def places(self) -> tuple[int, int]:
        """Places of both finalists."""
        return self.first, self.second

    @property
    def outcome(self) -> Outcome:
        """What it says of their strengths."""
        return Outcome(first=self.first, second=self.second, won=self.won)

    def share_of(self, place: int) -> float:
        """Return the share of one of the two: 1 where it was preferred."""
        return self.won if place == self.first else 1.0 - self.won


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The model's judgement: the comparisons that count, and what it cost."""

    planned_count: int
    comparisons: Sequence[Comparison]
    cost: Cost
    reason: str = ""
    """Why comparisons are missing, as a sentence; empty if none is."""

    @property
    def is_usable(self) -> bool:
        """Whether enough comparisons count to rank by them."""
        return bool(self.comparisons) and len(self.comparisons) >= count_needed(self.planned_count)


class _VoidError(Exception):
    """A comparison does not count; the message says why."""


def count_needed(planned_count: int) -> int:
    """Count the comparisons that must count, of those planned."""
    return math.ceil(MIN_COUNTED_RATIO * planned_count)


class FinalistJudge:
    """One job with one model: the comparisons of one project's finalists."""

    def __init__(
        self,
        chat: Chat,
        rules: JudgeRules,
        writer: WriterRules,
        *,
        earlier_answers: KeptAnswers | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """``earlier_answers`` are those of an earlier attempt: they are not asked for, nor paid, again."""
        self._rules, self._model = rules, writer.model
        earlier_answers = earlier_answers or KeptAnswers()
        self._answers = dict(earlier_answers.answers)
        limits = ChatLimits(
            budget=rules.budget,
            input_price=writer.input_price,
            output_price=writer.output_price,
            output_tokens=rules.output_tokens,
            tries=writer.tries,
            calls=rules.calls,
        )
        self._session = ChatSession(chat, limits, cost=earlier_answers.cost, sleep=sleep)
        self._results: dict[tuple[int, int], Comparison] = {}
        self._void_reasons: dict[tuple[int, int], str] = {}
        self._places = asyncio.Semaphore(MAX_CONCURRENT_PAIRS)

    async def judge(self, texts: Sequence[WindowText], keep: Keep, report: Report) -> Judgement:
        """Compare the windows, each pair in both orders; ``keep`` is called after each round."""
        rounds, reason = self._plan(texts)
        pairs = [pair for pairs_of_round in rounds for pair in pairs_of_round]
        max_voids = len(pairs) - count_needed(len(pairs))
        try:
            async with asyncio.timeout(self._rules.time_limit_s):
                for pairs_of_round in rounds:
                    async with asyncio.TaskGroup() as tasks:
                        for pair in pairs_of_round:
                            tasks.create_task(self._settle(pair, texts, max_voids, report))
                    await keep(KeptAnswers(answers=self._answers, cost=self._session.cost))
        except TimeoutError:
            reason = f"it was not done within {self._rules.time_limit_s:g} s"
        reason = reason or next((self._void_reasons[pair] for pair in pairs if self._void_reasons.get(pair)), "")
        return Judgement(
            planned_count=len(pairs),
            comparisons=[self._results[pair] for pair in pairs if pair in self._results],
            cost=self._session.cost,
            reason=reason,
        )

    def _plan(self, texts: Sequence[WindowText]) -> tuple[list[Round], str]:
        """Plan the rounds that calls and budget suffice for; without any, say why."""
        rounds = plan_rounds(len(texts), self._rules.calls)
        least_count = min(MIN_ROUNDS, len(list_rounds(len(texts))))
        needed_money = 0.0
        for count, pairs in enumerate(rounds):
            questions = [messages for pair in pairs for messages in _build_questions(pair, texts)]
            needed_money += self._session.price_longest(questions)
            if needed_money > self._rules.budget:
                rounds = rounds[:count]
                break
        if len(rounds) < least_count:
            detail = f"{needed_money:.4f} might be needed, the budget is {self._rules.budget:g}"
            return [], f"over the budget of a job: {detail}"
        return rounds, ""

    async def _settle(self, pair: tuple[int, int], texts: Sequence[WindowText], max_voids: int, report: Report) -> None:
        """Compare a pair, unless too many others are void already for any to count."""
        async with self._places:
            if len(self._void_reasons) > max_voids:
                self._void_reasons[pair] = ""
                return
            try:
                self._results[pair] = await self._compare(pair, texts, report)
            except (_VoidError, AnswerUnavailableError) as error:
                self._void_reasons[pair] = str(error)

    async def _compare(self, pair: tuple[int, int], texts: Sequence[WindowText], report: Report) -> Comparison:
        first_text, second_text = (texts[place] for place in pair)
        direct, reverse = _build_questions(pair, texts)
        answer = await self._ask(direct, report)
        first_quote, second_quote = _find_quotes(answer, first_text, second_text)
        reverse_answer = await self._ask(reverse, report)
        _find_quotes(reverse_answer, second_text, first_text)
        return Comparison(
            first=pair[0],
            second=pair[1],
            won=((answer.posted == 1) + (reverse_answer.posted == 2)) / 2,
            first_quote=first_quote,
            second_quote=second_quote,
        )

    async def _ask(self, messages: Messages, report: Report) -> PairAnswer:
        digest = digest_question(self._model, messages)
        if digest not in self._answers:
            self._answers[digest] = await self._session.ask(
                messages, name="comparison", schema=ANSWER_SCHEMA, read=read_answer, report=report
            )
        return self._answers[digest]


def digest_question(model: str, messages: Sequence[Mapping[str, str]]) -> str:
    """Digest of a question to a model, by which its answer is kept."""
    return hashlib.sha256(msgspec.json.encode([model, messages])).hexdigest()


def _build_questions(pair: tuple[int, int], texts: Sequence[WindowText]) -> list[Messages]:
    """Build the question about a pair, and the one in the other order."""
    first, second = (texts[place].text for place in pair)
    return [build_messages(first, second), build_messages(second, first)]


def _find_quotes(answer: PairAnswer, first: WindowText, second: WindowText) -> tuple[WindowQuote, WindowQuote]:
    """Find both quotes of an answer in their windows. Raises _VoidError."""
    first_quote, second_quote = first.find_quote(answer.quote_1), second.find_quote(answer.quote_2)
    if first_quote is None or second_quote is None:
        raise _VoidError(UNQUOTED)
    return first_quote, second_quote
