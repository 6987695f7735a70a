"""Each hostile file ends in a clip or a typed reason, never in a stuck project or a dead worker."""

from __future__ import annotations

import json

from local import stack as local_stack
from local.config.state import load
from tests.e2e.rig import ROUGH, Api
from tests.support.media.shared_media import media

REASONS = {
    "media.unsupported", "media.too_large", "media.too_long", "media.corrupt", "media.no_audio_no_video",
    "media.bomb", "media.timeout",
}  # fmt: skip


def test_every_hostile_file_comes_to_an_end(api: Api) -> None:
    before = _restarts(api)
    files = sorted(path for path in media("hostile").iterdir() if path.is_file())
    assert len(files) > 30
    started = {api.start(path, max_clips=1, **ROUGH): path.name for path in files}
    ended = api.wait_all(list(started))
    odd = []
    for project_id, project in ended.items():
        reason = (project["failure"] or {}).get("reason")
        if project["state"] == "failed" and reason in REASONS and project["failure"]["detail"]:
            continue
        if project["state"] == "completed" and (project["clip_count"] or project["nothing_found_reason"]):
            continue
        odd.append((started[project_id], project["state"], reason, project["nothing_found_reason"]))
    assert not odd, json.dumps(odd, indent=1)
    assert _restarts(api) == before, "a worker died"


def _restarts(api: Api) -> dict[str, int]:
    state = load(local_stack.layout_of(api.stack.state_dir))
    assert state is not None
    return {name: part.restarts for name, part in state.parts.items()}
