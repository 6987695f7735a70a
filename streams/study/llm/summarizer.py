"""Let a configured model summarise a transcript, within a budget. Always says why it could not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from core.infra.chat_session import ChatLimits, ChatSession, Sleep
from core.ports.models import Chat
from core.progress import Report
from core.settings import WriterRules
from schemas.documents.intelligence import Cost
from streams.study.llm.prompt import ModelAnswer, build_messages, build_schema, read_answer, split_parts
from streams.study.transcript_text import TranscriptLine, TranscriptText


class TranscriptSummarizer:
    """One job with one model: its calls and their cost so far."""

    def __init__(self, chat: Chat, rules: WriterRules, *, sleep: Sleep = asyncio.sleep) -> None:
        """``sleep`` waits between tries."""
        self._chat = chat
        limits = ChatLimits(
            budget=rules.budget,
            input_price=rules.input_price,
            output_price=rules.output_price,
            output_tokens=rules.output_tokens,
            tries=rules.tries,
        )
        self._session = ChatSession(chat, limits, sleep=sleep)

    @property
    def cost(self) -> Cost:
        """What its calls have cost."""
        return self._session.cost

    async def write(self, document: TranscriptText, report: Report) -> list[ModelAnswer]:
        """Return one answer for each part of the transcript. Raises AnswerUnavailableError."""
        parts = list(split_parts(document))
        self._session.check_budget([build_messages(part) for part in parts])
        return [await self._part(part, report) for part in parts]

    async def _part(self, lines: Sequence[TranscriptLine], report: Report) -> ModelAnswer:
        return await self._session.ask(
            build_messages(lines), name="intelligence", schema=build_schema(), read=read_answer, report=report
        )
