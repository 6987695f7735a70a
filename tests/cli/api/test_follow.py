"""Following a project: events, reconnecting after the last id, polling if streams give nothing."""

from __future__ import annotations

import httpx2
import pytest

from cli.api.follow import follow
from cli.api.project_progress import Progress
from tests.cli.fake_api import PROJECT, Twin, finished, progressed, sse

PATH = f"/v1/projects/{PROJECT}"


def queued() -> httpx2.Response:
    return httpx2.Response(200, json={"project_id": PROJECT, "state": "queued", "stages": []})


def running() -> httpx2.Response:
    stages = [{"stage": "ingest", "state": "done", "percent": 100}]
    return httpx2.Response(200, json={"project_id": PROJECT, "state": "running", "stages": stages})


def test_a_broken_stream_resumes_after_the_last_id() -> None:
    first = sse((1, "project.progressed", progressed("ingest", "done", 100)), cut=True)
    second = sse((2, "project.progressed", progressed("listen", "running", 40)), (3, "project.completed", {}))
    twin = Twin(streams=[first, second], project=finished())
    twin.overrides["GET", PATH] = [queued(), running(), running()]
    seen: list[tuple[str, int, int]] = []
    progress = Progress()
    ended = follow(
        twin.client(),
        PROJECT,
        progress,
        lambda p: seen.append((p.state, p.stages["ingest"].percent, p.stages["listen"].percent)),
    )
    assert ended["state"] == "completed"
    assert seen[:3] == [("queued", 0, 0), ("running", 100, 0), ("running", 100, 40)]
    streams = [headers for headers, call in zip(twin.headers, twin.seen, strict=True) if call[1].endswith("/events")]
    assert [headers.get("last-event-id") for headers in streams] == [None, "1"]


def test_streams_without_events_end_in_polling() -> None:
    twin = Twin(streams=[sse(cut=True) for _ in range(5)], project=finished("failed"))
    twin.overrides["GET", PATH] = [queued(), queued()]
    progress = Progress()
    assert follow(twin.client(), PROJECT, progress, lambda _: None)["state"] == "failed"
    assert progress.is_over


def test_a_refused_stream_polls_at_once() -> None:
    twin = Twin(project=finished())
    twin.overrides["GET", PATH] = [queued()]
    twin.overrides["GET", f"{PATH}/events"] = [httpx2.Response(406, json={})]
    assert follow(twin.client(), PROJECT, Progress(), lambda _: None)["state"] == "completed"
    assert twin.slept == [1.0]


@pytest.mark.parametrize("event", ["project.completed", "project.failed", "project.cancelled", "project.erased"])
def test_every_final_event_ends_the_stream(event: str) -> None:
    progress = Progress()
    progress.take_event(event, {})
    assert progress.is_over


def test_unknown_stages_and_events_are_ignored() -> None:
    progress = Progress()
    progress.take_event("something.else", {"stage": "listen"})
    progress.take_event("project.progressed", progressed("publish", "running", 10))
    assert progress == Progress(state="running")


def test_a_retried_project_is_followed_to_its_new_end() -> None:
    """A stream from the beginning has the failure that was retried; it is no end."""
    stream = sse(
        (1, "project.failure_retried", {"reason": "media.corrupt"}),
        (2, "project.retried", {"stages": ["ingest"]}),
        (3, "project.progressed", progressed("ingest", "done", 100)),
        (4, "project.completed", {}),
    )
    twin = Twin(streams=[stream], project=finished())
    twin.overrides["GET", PATH] = [queued(), running()]
    states: list[str] = []
    assert follow(twin.client(), PROJECT, Progress(), lambda p: states.append(p.state))["state"] == "completed"
    assert states[:4] == ["queued", "queued", "running", "running"]
    assert not twin.streams, "one stream was enough"


@pytest.mark.parametrize("event", ["project.updated", "project.failure_retried"])
def test_other_events_do_not_change_the_projects_state(event: str) -> None:
    progress = Progress(state="running")
    progress.take_event(event, {})
    assert progress.state == "running"
