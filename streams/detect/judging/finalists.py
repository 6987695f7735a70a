"""Judge the finalists of a project: show them to the model, and keep its answers."""

from __future__ import annotations

from collections.abc import Sequence

from core.ports.models import Chat
from core.ports.stores import Objects
from core.progress import Report
from core.settings import JudgeRules, WriterRules
from schemas.documents.moments import Judging
from streams.detect.judging.judge import FinalistJudge, KeptAnswers
from streams.detect.judging.kept_answers import keep_answers, read_kept
from streams.detect.judging.schedule import count_finalists
from streams.detect.judging.sub_score import JudgedFinalists, build_judged, list_hidden_warnings
from streams.detect.judging.window_text import WindowText

TOO_FEW = "fewer than two finalists have words to compare"
"""Reason of a project in which there is no order to find; that is no fault, so it has no warning."""


async def judge_finalists(
    chat: Chat,
    rules: JudgeRules,
    writer: WriterRules,
    finalists: Sequence[WindowText],
    *,
    objects: Objects,
    prefix: str,
    report: Report,
) -> JudgedFinalists:
    """Judge the finalists, best first; ``prefix`` is that of the job's kept answers.

    A window that reads like orders to a model is not shown to it. Raises Unavailable where the store is away.
    """
    visible = [text for text in finalists if not text.has_orders]
    hidden_count = len(finalists) - len(visible)
    visible = visible[: count_finalists(len(visible), rules.calls)]
    if not visible:
        judging = Judging(model=writer.model, used=False, hidden=hidden_count, reason=TOO_FEW)
        return JudgedFinalists(sub_scores={}, judging=judging, warnings=list_hidden_warnings(judging))

    async def keep(answers: KeptAnswers) -> None:
        await keep_answers(objects, prefix, answers)

    judge = FinalistJudge(chat, rules, writer, earlier_answers=await read_kept(objects, prefix))
    judgement = await judge.judge(visible, keep, report)
    return build_judged(visible, judgement, writer.model, hidden_count=hidden_count)
