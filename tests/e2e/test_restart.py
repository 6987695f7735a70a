"""A stack that is taken down and started again answers as before: search by words and meaning, analytics, the API."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local import stack as local_stack
from local.stack import StackInfo
from tests.e2e.conftest import SHORT, started
from tests.e2e.rig import ROUGH, Api
from tests.support.api_readings import Readings, read_all
from tests.support.media.shared_media import media
from tests.support.progress import Patience

CLIP = "talking/obama_speech_2faces_9s_240p.mp4"
OF_THE_MOMENT = {"getMetrics", "getReadiness", "getHealth"}
"""Operations that tell of the processes, not of what is kept."""
OF_ANSWERS = ("request_id", "expires_at", "since", "until")
"""Fields that each answer has anew; the last two are the time range of analytics, which ends now."""
LINK = re.compile(r"http://127\.0\.0\.1:\d+/([^\s?]*)\?\S*X-Amz-Signature=\S*")
NO_ID = {
    "getUpload", "getExport", "getStoryboard", "getPreview", "getReplay", "getAsset", "getBrandKit",
    "listBrandKitVersions", "getEndpoint", "getDeadLetter",
}  # fmt: skip
"""Operations that the project may have no id for."""


@pytest.fixture
def own_stack() -> Iterator[StackInfo]:
    """A stack of its own, not the shared one: a restart may change its ports."""
    with started() as (info, _):
        yield info


def kept(value: Any) -> Any:
    """An answer without values of the moment: link signatures, request ids, times."""
    if isinstance(value, dict):
        return {name: kept(inner) for name, inner in value.items() if name not in OF_ANSWERS}
    if isinstance(value, list):
        return [kept(inner) for inner in value]
    return LINK.sub(r"/\1", value) if isinstance(value, str) else value


def answers(api: Api, project_id: str) -> dict[str, Any]:
    found: Readings = read_all(api.http, project_id, without=None)
    assert not found.failures()
    assert found.unread <= NO_ID, found.unread
    return {
        path: (answer.status, kept(answer.body))
        for path, answer in found.answers.items()
        if found.operations[path] not in OF_THE_MOMENT
    }


def settled(api: Api, project_id: str) -> dict[str, Any]:
    """Answers once both sinks have everything and two readings are equal."""
    patience = Patience("two equal readings of everything")
    before: dict[str, Any] = {}
    while (now := answers(api, project_id)) != before or not all_there(now):
        patience.check(differences(before, now)[:5])
        before = now
        time.sleep(2)
    return now


def all_there(found: dict[str, Any]) -> bool:
    """Whether both sinks have the project's results, and search by meaning worked."""
    _, search = found["/v1/search?q=the"]
    _, summary = found["/v1/analytics/summary"]
    meant = [found[f"/v1/search?q=the&mode={mode}"][1] for mode in ("hybrid", "meaning")]
    return (
        all(search[f"{kind}_total"] for kind in ("segment", "clip", "chapter"))
        and all(answer["semantic"]["used"] for answer in meant)
        and summary["projects_completed"] == 1
    )


def differences(before: Any, after: Any, at: str = "") -> list[str]:
    """Where two answers differ, and how."""
    if isinstance(before, dict) and isinstance(after, dict):
        names = sorted({*before, *after})
        return [found for name in names for found in differences(before.get(name), after.get(name), f"{at} {name}")]
    if isinstance(before, list | tuple) and isinstance(after, list | tuple) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [found for place, (one, other) in pairs for found in differences(one, other, f"{at}[{place}]")]
    return [] if before == after else [f"{at}: {before!r:.200} → {after!r:.200}"]


def test_every_answer_is_the_same_after_down_and_up(own_stack: StackInfo) -> None:
    with Api(own_stack) as api:
        project_id = api.start(media(CLIP), max_clips=1, min_clip_ms=3000, **ROUGH)
        assert api.wait(project_id)["state"] == "completed"
        before = settled(api, project_id)
    layout = local_stack.layout_of(own_stack.state_dir)
    assert local_stack.down(layout, print)
    again = local_stack.ensure_running(layout, os.environ | SHORT, print, ends_with_us=True)
    assert again.api_key == own_stack.api_key
    with Api(again) as api:
        assert differences(before, settled(api, project_id)) == []
