"""The key ring is rotated under a stack in use: nothing that was sealed, signed or handed out is lost."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from pathlib import Path
from typing import Any

import pytest

from local.key_rotation import Rotated, read_ring, rotate
from local.stack import StackInfo, layout_of
from tests.e2e.rig import Api, Receiver, serve_files


@pytest.fixture
def source(tmp_path: Path, stack: StackInfo) -> Any:
    """The URL of a file that ingest refuses at once."""
    (tmp_path / "no-video.mp4").write_bytes(b"no video")
    with serve_files(tmp_path, stack.files_port) as base:
        yield f"{base}/no-video.mp4"


def fail_project(api: Api, source: str, key: str) -> str:
    """A project whose upload the relay signs, and whose end a webhook tells."""
    body = {"source_url": source, "title": "rotation"}
    project_id = str(api.post("/v1/projects", body, expect=202, headers={"Idempotency-Key": key})["project_id"])
    assert api.wait(project_id)["state"] == "failed"
    return project_id


def rotated(stack: StackInfo, **options: Any) -> Rotated:
    return rotate(layout_of(stack.state_dir), os.environ, dt.datetime.now(dt.UTC), **options)


def test_a_rotation_loses_nothing(stack: StackInfo, api: Api, receiver: Receiver, source: str) -> None:
    key = str(uuid.uuid4())
    first = fail_project(api, source, key)
    fail_project(api, source, str(uuid.uuid4()))
    cursor = api.get("/v1/projects", params={"limit": 1})["next_cursor"]
    before = read_ring(layout_of(stack.state_dir))[0].id
    assert cursor.startswith(f"{before}.")

    result = rotated(stack)
    assert result.resealed["webhook_endpoints"] >= 1
    assert result.resealed["producer_keys"] >= 1
    assert result.resealed["idempotency_keys"] >= 2
    assert list(result.old) == [before]
    assert api.get("/v1/projects", params={"limit": 1, "cursor": cursor})["items"]
    assert api.get("/v1/projects", params={"limit": 1})["next_cursor"].startswith(f"{result.newest_id}.")
    receiver.wait_for(fail_project(api, source, str(uuid.uuid4())), "project.failed")

    last = rotated(stack, keep_days=0)
    assert [entry.id for entry in read_ring(layout_of(stack.state_dir))] == [last.newest_id]
    assert fail_project(api, source, key) == first, "the answer kept before two rotations is given again"
    with Api(stack) as again:
        receiver.wait_for(fail_project(again, source, str(uuid.uuid4())), "project.failed")
    refused = api.get("/v1/projects", params={"limit": 1, "cursor": cursor}, expect=400)
    assert refused["type"].endswith("cursor-invalid")
