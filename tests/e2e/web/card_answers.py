"""Answers as the list of projects gives them: a thousand cards that no test could make, and events about them."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route

MOST_OF_A_PAGE = 100
"""What the API allows; it refuses more."""
_NEWEST = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def id_of(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def card_of(number: int, **changes: Any) -> dict[str, Any]:
    """A finished project; greater numbers are older."""
    at = (_NEWEST - dt.timedelta(minutes=number)).isoformat().replace("+00:00", "Z")
    card = {
        "project_id": id_of(number),
        "title": f"Project {number}",
        "state": "completed",
        "created_at": at,
        "started_at": at,
        "finished_at": at,
        "duration_ms": 1_800_000,
        "language": "en",
        "metadata": {},
        "tags": ["talk"],
        "revision": 1,
        "test": False,
        "expires_at": None,
        "percent": 100,
        "stage": None,
        "stages": [],
        "clip_count": 8,
        "cost": {"currency": "EUR", "money": 0.42},
        "time_left": None,
        "failure": None,
        "warnings": 0,
        "thumbnail_url": None,
        "thumbnail_expires_at": None,
    }
    return card | changes


def at_work(number: int, percent: int, **changes: Any) -> dict[str, Any]:
    """A project that is being listened to."""
    states = ("done", "running") + ("waiting",) * 5
    names = ("ingest", "listen", "look", "study", "detect", "frame", "render")
    stages = [
        {"stage": name, "state": state, "percent": percent if state == "running" else 100 * (state == "done")}
        for name, state in zip(names, states, strict=True)
    ]
    running = {"state": "running", "percent": percent, "finished_at": None, "stage": "listen", "stages": stages}
    return card_of(number, **running, **{"clip_count": 0, **changes})


class Cards:
    """The list of projects of a page, with what was asked of it, and its stream of events."""

    def __init__(self, page: Page, cards: list[dict[str, Any]]) -> None:
        self.cards = cards
        self.asked: list[tuple[int, int]] = []
        """Place and length of each page that was asked for."""
        self.refused = 0
        """So many requests are refused first."""
        self._told: list[str] = []
        page.route(lambda url: urlsplit(url).path == "/v1/projects", self._answer)
        page.route("**/v1/events", self._stream)

    def _answer(self, route: Route) -> None:
        query = {name: one[0] for name, one in parse_qs(urlsplit(route.request.url).query).items()}
        at, limit = int(query.get("cursor", 0)), int(query["limit"])
        assert limit <= MOST_OF_A_PAGE
        self.asked.append((at, limit))
        if self.refused:
            self.refused -= 1
            problem = {"type": "/problems/internal", "title": "Something went wrong", "status": 500, "detail": ""}
            extra = {"code": "internal", "request_id": "req_0123456789"}
            return route.fulfill(status=500, json=problem | extra, content_type="application/problem+json")
        after = {"next_cursor": str(at + limit)} if at + limit < len(self.cards) else {}
        return route.fulfill(json={"items": self.cards[at : at + limit], **after})

    def tell(self, card: dict[str, Any], version: int) -> None:
        """Let the stream say what a card is now."""
        names = ("project_id", "state", "title", "percent", "stage", "stages", "clip_count", "duration_ms", "failure")
        told = {name: card[name] for name in (*names, "finished_at", "revision")} | {"version": version}
        self._told.append(f"event: project.changed\ndata: {json.dumps(told)}\n\n")

    def _stream(self, route: Route) -> None:
        """What is to be told, and an end: the browser opens it again soon."""
        body = "retry: 300\n\n" + "".join(self._told)
        self._told.clear()
        route.fulfill(body=body, content_type="text/event-stream")
