"""Follows a project to its end by server-sent events, and by polling if they break."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import msgspec

from cli.api.client import JSON, ApiRefused, Client
from cli.api.project_progress import Progress
from cli.exit_codes import CliError, ExitCode

STREAM_TRIES = 5
"""Streams in a row that end without bringing an event before polling takes over."""
POLL_S = 1.0
MAX_SILENCE_S = 120.0
"""Time without an answer after which the command gives up; the project itself goes on."""
OnChange = Callable[[Progress], None]


def follow(client: Client, project_id: str, progress: Progress, on_change: OnChange) -> JSON:
    """Wait for a project to end and return it; ``on_change`` is called at each change."""
    path = f"/v1/projects/{project_id}"
    progress.take_snapshot(client.get(path))
    on_change(progress)
    _stream(client, f"{path}/events", progress, on_change)
    while not progress.is_over:
        client.sleep(POLL_S)
        progress.take_snapshot(_get_patiently(client, path))
        on_change(progress)
    project = client.get(path)
    progress.take_snapshot(project)
    on_change(progress)
    return project


def _stream(client: Client, path: str, progress: Progress, on_change: OnChange) -> None:
    last_id, fruitless = "", 0
    while not progress.is_over and fruitless < STREAM_TRIES:
        before = last_id
        try:
            with client.events(path, last_id) as events:
                for event in events:
                    if not event.data:
                        continue  # a bare retry field
                    last_id = event.id or last_id
                    progress.take_event(event.event, msgspec.json.decode(event.data, type=dict[str, Any]))
                    if progress.wants_snapshot():
                        progress.take_snapshot(client.get(path.removesuffix("/events")))
                    on_change(progress)
        except httpx2.TransportError:
            pass  # the next round reconnects after the last id
        except ApiRefused as error:
            if error.status < 500:
                return
        fruitless = 0 if last_id != before else fruitless + 1
        if not progress.is_over:
            client.sleep(min(5.0, 0.5 * 2**fruitless))


def _get_patiently(client: Client, path: str) -> JSON:
    waited = 0.0
    while True:
        try:
            return client.get(path)
        except CliError as error:
            if error.code != ExitCode.STACK_UNAVAILABLE or waited >= MAX_SILENCE_S:
                raise
        client.sleep(5.0)
        waited += 5.0
