"""A job with a model: limits hold for calls made at once, too, and what was spent before counts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from core.infra.chat_session import AnswerUnavailableError, ChatLimits, ChatSession
from core.ports.models import ChatAnswer
from core.progress import Report
from schemas.documents.intelligence import Cost

MESSAGES = [{"role": "system", "content": "x" * 297}]
"""A hundred tokens by the estimate."""
LIMITS = ChatLimits(budget=1.0, input_price=0.0, output_price=1_000.0, output_tokens=100, tries=2)
"""An answer of the most tokens costs 0.1."""


class Chat:
    """Counts calls; each answers after the others have begun, with half of the most tokens."""

    def __init__(self, text: str = "yes") -> None:
        self.calls, self.text = 0, text

    async def ask(
        self, messages: list[Mapping[str, str]], *, name: str, schema: Mapping[str, Any], report: Report
    ) -> ChatAnswer:
        self.calls += 1
        await asyncio.sleep(0)
        return ChatAnswer(text=self.text, model="fake", cut_off=False, tokens_in=100, tokens_out=50)


def read(text: str) -> str:
    if text != "yes":
        raise ValueError("it is not yes")
    return text


async def ask(session: ChatSession) -> str:
    return await session.ask(MESSAGES, name="n", schema={}, read=read, report=lambda _: None)


async def ask_at_once(session: ChatSession, count: int) -> list[Any]:
    return await asyncio.gather(*(ask(session) for _ in range(count)), return_exceptions=True)


def limits(**more: Any) -> ChatLimits:
    return ChatLimits(**{name: getattr(LIMITS, name) for name in LIMITS.__struct_fields__} | more)


async def test_questions_at_once_share_the_budget() -> None:
    chat = Chat()
    session = ChatSession(chat, limits(budget=0.35))
    answers = await ask_at_once(session, 6)
    assert answers.count("yes") == chat.calls == 3, "a pending call holds what it may cost"
    assert all(isinstance(one, AnswerUnavailableError) for one in answers[3:])
    assert session.cost.money == pytest.approx(0.15)
    assert await ask(session) == "yes", "what a call did not cost is free again"


async def test_no_call_is_made_beyond_the_most() -> None:
    chat = Chat("no")
    session = ChatSession(chat, limits(calls=3))
    with pytest.raises(AnswerUnavailableError, match="no usable answer in 2 tries: it is not yes"):
        await ask(session)
    with pytest.raises(AnswerUnavailableError, match="3 calls were made, the most of a job"):
        await ask(session)
    assert chat.calls == 3


async def test_what_was_spent_before_counts() -> None:
    chat = Chat()
    session = ChatSession(chat, limits(calls=5), cost=Cost(calls=4, money=0.5))
    assert await ask(session) == "yes"
    assert session.cost == Cost(calls=5, tokens_in=100, tokens_out=50, money=0.55)
    with pytest.raises(AnswerUnavailableError, match="5 calls were made"):
        await ask(session)
    with pytest.raises(AnswerUnavailableError, match="over the budget"):
        await ask(ChatSession(chat, LIMITS, cost=Cost(money=0.95)))
