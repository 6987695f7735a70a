"""A stack that is restored from its backup answers as before: search by words and meaning, analytics, the API."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local import stack as local_stack
from local.config.paths import REPO
from local.config.state import load
from local.stack import StackInfo
from tests.e2e.conftest import SHORT, started
from tests.e2e.rig import ROUGH, Api
from tests.support.api_readings import Readings, read_all
from tests.support.media.shared_media import media
from tests.support.progress import Patience

ARCHIVE = REPO / "deploy" / "backup" / "archive.sh"
CLIP = "talking/obama_speech_2faces_9s_240p.mp4"
OF_THE_MOMENT = {
    "getMetrics", "getReadiness", "getHealth", "getJobsHealth", "getOverview", "listRequests", "listKeys", "getKey",
}  # fmt: skip
"""Operations that tell of the processes and of the requests themselves, not of what is kept."""
OF_ANSWERS = ("request_id", "expires_at", "thumbnail_expires_at", "since", "until")
"""Fields that each answer has anew; the last two are the time range of analytics, which ends now."""
ASKED_AT = {"getAttention": "at"}
"""Operations whose answer has the time at which it was asked for, and the field."""
LINK = re.compile(r"http://127\.0\.0\.1:\d+/([^\s?]*)\?\S*X-Amz-Signature=\S*")
RANGE = re.compile(r"(?<=\n)[^,\n]+,[^,\n]+(?=,)(?<=\+00:00)")
"""The time range of analytics in a table of one row."""
NO_ID = {
    "getUpload", "getExport", "getStoryboard", "getPreview", "getReplay", "getAsset", "getBrandKit",
    "getProjectPreset", "listBrandKitVersions", "getEndpoint", "listDeliveries", "getDelivery", "getDeadLetter",
    "downloadClip", "downloadCaptions", "getServiceAccount", "getArchive", "getOAuthClient", "startProviderSignIn",
    "finishProviderSignIn", "getShare", "getPublicShare", "getSharedCaptions",
}  # fmt: skip
"""Operations that the project may have no id for."""


@pytest.fixture
def own_stack() -> Iterator[StackInfo]:
    """A stack of its own, not the shared one: a restart may change its ports."""
    with started() as (info, _):
        yield info


def lasting_values(value: Any) -> Any:
    """An answer without values of the moment: link signatures, request ids, times."""
    if isinstance(value, dict):
        return {name: lasting_values(inner) for name, inner in value.items() if name not in OF_ANSWERS}
    if isinstance(value, list):
        return [lasting_values(inner) for inner in value]
    return RANGE.sub("", LINK.sub(r"/\1", value)) if isinstance(value, str) else value


def answers(api: Api, project_id: str) -> dict[str, Any]:
    found: Readings = read_all(api.http, project_id, without=None)
    assert not found.failures()
    assert found.unread <= NO_ID, found.unread
    lasting = {}
    for path, answer in found.answers.items():
        operation, body = found.operations[path], lasting_values(answer.body)
        if operation in ASKED_AT:
            body.pop(ASKED_AT[operation])
        if operation not in OF_THE_MOMENT:
            lasting[path] = (answer.status, body)
    return lasting


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
    """Whether both sinks have the project's results, search by meaning worked, and the player has its file."""
    _, search = found["/v1/search?q=the"]
    _, summary = found["/v1/analytics/summary"]
    meant = [found[f"/v1/search?q=the&mode={mode}"][1] for mode in ("hybrid", "meaning")]
    return (
        all(search[f"{kind}_total"] for kind in ("segment", "clip", "chapter"))
        and all(answer["semantic"]["used"] for answer in meant)
        and summary["projects_completed"] == 1
        and all(body["state"] == "ready" for path, (_, body) in found.items() if path.endswith("/source"))
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


def folders(stack: StackInfo) -> dict[str, Path]:
    """Where a stopped stack keeps the data of each store, as the volumes of compose."""
    layout = local_stack.layout_of(stack.state_dir)
    places = {store: layout.data(store) for store in ("kafka", "postgres", "objects", "clickhouse", "search")}
    state = load(layout)
    assert state is not None
    for place in state.outside_dirs:  # root's Postgres
        places["postgres"] = Path(place) / "postgres"
    return places


def archive(what: str, backup: Path, places: dict[str, Path]) -> subprocess.CompletedProcess[str]:
    """deploy/backup/archive.sh on the stores that are the data."""
    pairs = [f"{store}={places[store]}" for store in ("kafka", "postgres", "objects")]
    return subprocess.run(["sh", ARCHIVE, what, backup, *pairs], capture_output=True, text=True, check=False)


def test_a_lost_stack_answers_as_before_from_its_backup(own_stack: StackInfo, tmp_path: Path) -> None:
    """Postgres, objects, Kafka's log and offsets come back; ClickHouse and search are rebuilt from the log."""
    backup = tmp_path / "backup"
    with Api(own_stack) as api:
        project_id = api.start(media(CLIP), max_clips=1, min_clip_ms=3000, **ROUGH)
        ended = api.wait(project_id)
        assert ended["state"] == "completed", f"{ended}"
        before = settled(api, project_id)
    layout = local_stack.layout_of(own_stack.state_dir)
    places = folders(own_stack)
    assert archive("save", backup, places).returncode == 3, "a running Postgres was copied"
    assert local_stack.down(layout, print)
    began = time.monotonic()
    saved = archive("save", backup, places)
    assert saved.returncode == 0, saved.stderr
    assert archive("load", backup, places).returncode == 5, "data was overwritten"
    owners = {store: place.stat() for store, place in places.items()}
    for store, place in places.items():
        assert any(place.iterdir()), f"{store} keeps its data elsewhere"
        shutil.rmtree(place)
        place.mkdir(mode=owners[store].st_mode & 0o777)
        os.chown(place, owners[store].st_uid, owners[store].st_gid)
    loaded = archive("load", backup, places)
    assert loaded.returncode == 0, loaded.stderr
    sinks = ("clickhouse", "meilisearch")
    again = local_stack.ensure_running(layout, os.environ | SHORT, print, rewind=sinks, ends_with_us=True)
    assert again.api_key == own_stack.api_key
    with Api(again) as api:
        assert differences(before, settled(api, project_id)) == []
    print(f"the drill took {time.monotonic() - began:.0f} s: backup, loss, restore, and everything rebuilt")


def test_a_damaged_backup_changes_nothing(tmp_path: Path) -> None:
    source, target, backup = (tmp_path / name for name in ("source", "target", "backup"))
    source.mkdir()
    (source / "file").write_text("data")
    run = partial(subprocess.run, capture_output=True, check=False)
    assert run(["sh", ARCHIVE, "save", backup, f"store={source}"]).returncode == 0
    with (backup / "store.tar.gz").open("r+b") as file:
        file.seek(20)
        file.write(b"damage")
    assert run(["sh", ARCHIVE, "load", backup, f"store={target}"]).returncode == 4
    assert not target.exists()
