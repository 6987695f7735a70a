"""Several transcripts at once in one worker of study: a slow model holds up no other project. Real stores and HTTP."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from typing import Any

import pytest

from schemas import events
from schemas.stages import ROW_BY_NAME
from streams.runtime.attempts import Attempts, Verdict
from streams.runtime.ordered_ack import OrderedAcknowledger
from streams.study.agent import StudyStage
from tests.contract.rigs.delivered import Delivered
from tests.contract.rigs.stage_rig import RULES, Rig, make_rig
from tests.contract.stages.test_study import new_transcript
from tests.contract.stages.test_writer import GOOD, configured
from tests.study.llm.endpoint import completion, serving
from tests.support.progress import HANG_S, await_while_moving

__all__ = ["make_rig"]
pytestmark = pytest.mark.contract


async def test_a_slow_answer_of_the_model_holds_up_no_other_project(rig: Rig) -> None:
    """The first project's call is not answered until the second project is done; they are acknowledged in order."""
    second = Rig(rig.context, rig.objects, rig.speech, rig.org_id)
    transcripts = [await new_transcript(each) for each in (rig, second)]
    acknowledged: list[int] = []
    verdicts: dict[int, Verdict] = {}
    errors: list[BaseException] = []
    async with serving(completion(json.dumps(GOOD))) as endpoint:
        configured(rig, endpoint)
        attempts = Attempts(
            pool=rig.pool, stage=StudyStage(rig.context), worker="a", rules=RULES, clock=lambda: dt.datetime.now(dt.UTC)
        )

        async def handle(event: Any) -> None:
            verdicts[event.offset] = await event.attempt(attempts)

        most, most_of_org = ROW_BY_NAME["study"].places()
        async with OrderedAcknowledger(handle, most, errors.append, most_of_org=most_of_org) as hands:
            held = endpoint.held = asyncio.Event()
            await hands.take(Delivered(0, transcripts[0], acknowledged))
            await await_while_moving(lambda: asyncio.sleep(0, endpoint.asked), "the first call of the model")
            endpoint.held = None
            async with asyncio.timeout(HANG_S):
                await hands.take(Delivered(1, transcripts[1], acknowledged))
            await await_while_moving(lambda: asyncio.sleep(0, verdicts), "the second project")
            assert (verdicts, acknowledged) == ({1: "committed"}, [])
            held.set()
            await await_while_moving(lambda: asyncio.sleep(0, acknowledged), "the first project")
    assert (verdicts, acknowledged, errors) == ({0: "committed", 1: "committed"}, [0, 1], [])
    for each in (rig, second):
        assert [type(sent.event) for sent in await each.fresh()] == [events.IntelligenceCompleted]
