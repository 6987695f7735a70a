"""The judge: both orders, within calls, money and time; what fails does not count, the rest does if it is enough."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import msgspec
import pytest

from core.errors import Declined, Unavailable
from core.settings import JudgeRules
from streams.detect.judging.judge import UNQUOTED, FinalistJudge, Judgement, KeptAnswers
from streams.detect.judging.window_text import WindowText
from tests.detect.judging.fakes import RULES, WRITER, FakeChat, answer, number_of, prefer_higher, windows


async def pause(_: float) -> None:
    return


async def judged(
    chat: FakeChat, texts: Sequence[WindowText], rules: JudgeRules = RULES, kept: KeptAnswers | None = None
) -> tuple[Judgement, KeptAnswers]:
    stored = KeptAnswers()

    async def keep(answers: KeptAnswers) -> None:
        nonlocal stored
        stored = msgspec.json.decode(msgspec.json.encode(answers), type=KeptAnswers)

    judge = FinalistJudge(chat, rules, WRITER, earlier_answers=kept, sleep=pause)
    return await judge.judge(texts, keep, lambda _: None), stored


async def test_each_pair_is_compared_in_both_orders() -> None:
    chat = FakeChat()
    judgement, _ = await judged(chat, windows(4))
    assert (judgement.planned_count, len(judgement.comparisons), judgement.reason) == (6, 6, "")
    assert judgement.is_usable
    assert len(chat.asked) == len(set(chat.asked)) == 12
    assert {(second, first) for first, second in chat.asked} == set(chat.asked)
    assert all(one.won == float(one.first > one.second) for one in judgement.comparisons)
    assert judgement.cost.calls == 12
    assert judgement.cost.money == pytest.approx(12 * 0.0015)


async def test_a_preference_for_a_place_cancels_out() -> None:
    judgement, _ = await judged(FakeChat(lambda first, second: answer(first, second, 1)), windows(4))
    assert {one.won for one in judgement.comparisons} == {0.5}


async def test_quotes_are_those_of_each_window() -> None:
    judgement, _ = await judged(FakeChat(), windows(3))
    for one in judgement.comparisons:
        assert one.first_quote.text == f"window with number {one.first} and"
        assert one.second_quote.range.start_ms >= one.second * 10_000


@pytest.mark.parametrize("place", ["quote_1", "quote_2"])
async def test_a_false_quote_voids_the_comparison(place: str) -> None:
    def judge(first: str, second: str) -> str:
        text = json.loads(prefer_higher(first, second))
        if {number_of(first), number_of(second)} == {0, 1}:
            text[place] = "words that nobody ever said"
        return json.dumps(text)

    chat = FakeChat(judge)
    judgement, _ = await judged(chat, windows(4))
    assert (judgement.planned_count, len(judgement.comparisons), judgement.reason) == (6, 5, UNQUOTED)
    assert judgement.is_usable
    assert len(chat.asked) == 11, "it is not asked again, and the other order would not help"


async def test_the_quote_of_the_other_window_does_not_count() -> None:
    def judge(first: str, second: str) -> str:
        swapped = json.loads(prefer_higher(first, second))
        return json.dumps(swapped | {"quote_1": swapped["quote_2"], "quote_2": swapped["quote_1"]})

    judgement, _ = await judged(FakeChat(judge), windows(4))
    assert (judgement.is_usable, list(judgement.comparisons), judgement.reason) == (False, [], UNQUOTED)


async def test_a_malformed_answer_is_requested_again() -> None:
    answered: set[tuple[str, str]] = set()

    def judge(first: str, second: str) -> str:
        if (first, second) in answered:
            return prefer_higher(first, second)
        answered.add((first, second))
        return "I prefer the first one!"

    chat = FakeChat(judge)
    judgement, _ = await judged(chat, windows(3))
    assert len(judgement.comparisons) == 3
    assert (len(chat.asked), judgement.cost.calls) == (12, 12)


async def test_calls_stop_at_their_most() -> None:
    chat = FakeChat(lambda first, second: "no")
    judgement, _ = await judged(chat, windows(9), JudgeRules(mode="on", calls=20))
    assert (judgement.is_usable, len(chat.asked) <= 20) == (False, True)
    assert "no usable answer in 2 tries" in judgement.reason


async def test_a_broken_model_is_given_up_soon() -> None:
    def judge(first: str, second: str) -> str:
        raise Declined("status 401")

    chat = FakeChat(judge)
    judgement, _ = await judged(chat, windows(7))
    assert (judgement.planned_count, judgement.is_usable) == (21, False)
    assert judgement.reason == "the model declined: status 401"
    assert len(chat.asked) == 8, "a third of 21 may be void, and one more says that it is too many"


async def test_a_busy_model_is_called_again_and_then_left() -> None:
    def judge(first: str, second: str) -> str:
        raise Unavailable("writer", "status 503")

    chat = FakeChat(judge)
    judgement, _ = await judged(chat, windows(2))
    assert (len(chat.asked), judgement.cost.calls, judgement.is_usable) == (WRITER.tries, 0, False)
    assert "503" in judgement.reason


async def test_a_refusal_of_one_pair_leaves_the_others() -> None:
    def judge(first: str, second: str) -> str:
        if {number_of(first), number_of(second)} == {0, 1}:
            raise Declined("it refused", tokens_in=400, tokens_out=3)
        return prefer_higher(first, second)

    judgement, _ = await judged(FakeChat(judge), windows(4))
    assert (len(judgement.comparisons), judgement.reason) == (5, "the model declined: it refused")
    assert judgement.cost.tokens_in == 10 * 500 + 400, "what was refused is paid for as well"


class SlowChat(FakeChat):
    """Answers so many questions, then never."""

    def __init__(self, answered_count: int) -> None:
        super().__init__()
        self.answered_count = answered_count

    async def ask(self, *args: object, **more: object) -> object:  # type: ignore[override]
        if len(self.asked) >= self.answered_count:
            await asyncio.Event().wait()
        return await super().ask(*args, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("answered_count", "is_usable"), [(0, False), (6, False), (10, True)])
async def test_time_ends_it(answered_count: int, is_usable: bool) -> None:
    rules = JudgeRules(mode="on", time_limit_s=0.3)
    judgement, _ = await judged(SlowChat(answered_count), windows(4), rules)
    assert (judgement.is_usable, judgement.reason) == (is_usable, "it was not done within 0.3 s")
    assert len(judgement.comparisons) < 6


async def test_the_budget_is_planned_before_the_first_call() -> None:
    chat = FakeChat()
    judgement, _ = await judged(chat, windows(6), JudgeRules(mode="on", budget=0.01))
    assert (chat.asked, judgement.planned_count, judgement.is_usable) == ([], 0, False)
    assert judgement.reason.startswith("over the budget of a job: ")


async def test_a_small_budget_makes_fewer_rounds() -> None:
    chat = FakeChat()
    judgement, _ = await judged(chat, windows(6), JudgeRules(mode="on", budget=0.11))
    assert judgement.planned_count == 6, "two rounds of three pairs"
    assert (judgement.is_usable, len(chat.asked)) == (True, 12)
    assert judgement.cost.money <= 0.11


async def test_kept_answers_are_not_paid_again() -> None:
    first_chat, second_chat = FakeChat(), FakeChat()
    first, kept = await judged(first_chat, windows(5))
    second, kept_again = await judged(second_chat, windows(5), kept=kept)
    assert (len(first_chat.asked), second_chat.asked) == (20, [])
    assert (second, kept_again) == (first, kept)


async def test_an_answer_of_another_model_or_window_is_not_used() -> None:
    _, kept = await judged(FakeChat(), windows(3))
    chat = FakeChat()
    await judged(chat, [*windows(2), *windows(4)[3:]], kept=kept)
    assert len(chat.asked) == 4, "two of three pairs are new"


async def test_a_slow_answer_changes_nothing() -> None:
    class Shuffled(FakeChat):
        async def ask(self, *args: object, **more: object) -> object:  # type: ignore[override]
            await asyncio.sleep(0.01 * (len(self.asked) % 3))
            return await super().ask(*args, **more)  # type: ignore[arg-type]

    plain, _ = await judged(FakeChat(), windows(7))
    shuffled, _ = await judged(Shuffled(), windows(7))
    assert shuffled == plain
