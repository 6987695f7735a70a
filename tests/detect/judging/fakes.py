"""Windows to compare, and a model that answers from their words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from core.ports.models import ChatAnswer
from core.progress import Report
from core.settings import JudgeRules, WriterRules
from schemas.common import TimeRange
from streams.detect.judging.window_text import WindowText, join_window_words
from tests.detect.material_factory import say

WRITER = WriterRules(url="-", model="fake", input_price=2.0, output_price=10.0, timeout_s=5.0, tries=2)
RULES = JudgeRules(mode="on")
Judge = Callable[[str, str], str]
"""Two windows' texts → the text of an answer."""


def window(text: str, start_ms: int = 0) -> WindowText:
    words = say(text, start_ms)
    return join_window_words(TimeRange(start_ms=start_ms, end_ms=words[-1].end_ms), words, "en")


def windows(count: int) -> list[WindowText]:
    """Windows that say their own number; the model prefers the higher one."""
    return [window(f"This is the window with number {at} and some more words", at * 10_000) for at in range(count)]


def number_of(text: str) -> int:
    return int(text.split("number ")[1].split(maxsplit=1)[0])


def answer(first: str, second: str, posted: int, **more: Any) -> str:
    quotes = {f"quote_{at}": " ".join(text.split()[3:8]) for at, text in ((1, first), (2, second))}
    return json.dumps(quotes | {"posted": posted} | more)


def prefer_higher(first: str, second: str) -> str:
    return answer(first, second, 1 if number_of(first) > number_of(second) else 2)


class FakeChat:
    """A model on the port: answers with ``judge``; counts 500 tokens in and 50 out."""

    def __init__(self, judge: Judge = prefer_higher) -> None:
        self.judge = judge
        self.asked: list[tuple[str, str]] = []

    async def ask(
        self, messages: list[Mapping[str, str]], *, name: str, schema: Mapping[str, Any], report: Report
    ) -> ChatAnswer:
        told = json.loads(messages[1]["content"])
        self.asked.append((told["window_1"], told["window_2"]))
        report(1)
        text = self.judge(told["window_1"], told["window_2"])
        return ChatAnswer(text=text, model="fake-1", cut_off=False, tokens_in=500, tokens_out=50)
