"""Answers that a stack cannot give within a test: weeks of analytics, a bought plan, dead letters, a long log."""

from __future__ import annotations

import datetime as dt
import io
from itertools import pairwise
from typing import Any
from uuid import UUID

import numpy as np
from PIL import Image
from playwright.sync_api import Page, Route

STAGES = ("ingest", "listen", "look", "detect", "frame", "render")
LENGTHS_S = (0, 15, 30, 45, 60, 90, 120, 180, None)
CLIPS = (3, 9, 22, 31, 17, 6, 2, 0)
TEMPLATES = (("karaoke_fill", "9:16"), ("bold_pop", "9:16"), ("clean", "1:1"), ("", "16:9"))
LOG_PAGE = 250

PLAN: dict[str, Any] = {
    "name": "pro",
    "title": "Pro",
    "source_minutes": 600,
    "exports": 1000,
    "storage_gb": 200,
    "running_projects": 5,
    "requests_per_minute": 1200,
    "seats": 10,
    "retention_days": 365,
    "watermark": False,
}
LIMITS: dict[str, Any] = {
    "plan": PLAN,
    "month_from": "2026-01-05T10:00:00Z",
    "month_until": "2026-02-05T10:00:00Z",
    "used": {"source_ms": 33_600_000, "exports": 1000, "stored_bytes": 20_000_000_000, "running_projects": 1},
    "seats": {"members": 4, "invitations": 1},
    "exceeded": [{"limit": "exports", "detail": "1,000 of 1,000 files were made."}],
}
BILLING: dict[str, Any] = {
    "customer_id": None,
    "plan": "pro",
    "subscription": None,
    "plans": ["team"],
    "metered": [],
}
LETTER: dict[str, Any] = {
    "dead_id": "0b8e6c4e-7d57-4b52-8a55-6c1f3f0a9e21",
    "org_id": None,
    "project_id": None,
    "topic": "uploads.v1",
    "partition": 0,
    "offset": 17,
    "stage": "ingest",
    "reason": "unreadable",
    "detail": "The message is no event.",
    "created_at": "2026-01-05T10:00:00Z",
    "replayed_at": None,
}
OVERVIEW: dict[str, Any] = {
    "at": "2026-01-05T10:00:00Z",
    "version": "0.1.0",
    "components": {
        "postgres": {"up": True, "took_ms": 2, "detail": ""},
        "search": {"up": False, "took_ms": 2000, "detail": "No answer within 2 s."},
    },
    "down": ["search"],
    "lag": [
        {"group": "stage-render", "topic": "exports.v1", "messages": 12},
        {"group": "stage-listen", "topic": "spans.v1", "messages": 0},
    ],
    "lag_unknown": "",
    "lanes": [],
    "stages": [{"stage": "render", "running": 2, "retrying": 1}],
    "dead_letters": {"open": 1, "last_at": "2026-01-05T09:00:00Z"},
    "stuck": 0,
    "projects": {"queued": 3, "running": 2},
    "outbox": {"waiting": 0, "oldest_at": None},
    "versions": {"postgres": "17.2", "kafka": None},
    "not_known": ["Memory of the workers."],
}


def answered(page: Page, path: str, body: dict[str, Any]) -> None:
    """Answer requests to a path with this."""

    def answer(route: Route) -> None:
        route.fulfill(json=body)

    page.route(path, answer)


def chart_answers(days: int) -> dict[str, dict[str, Any]]:
    """Answers of the analytics by the last part of their path."""
    today = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    times = [(today - dt.timedelta(days=back)).isoformat() for back in range(days)]
    projects = [
        {
            "at": at,
            "started": 3 + n % 4,
            "completed": 2 + n % 4,
            "failed": n % 3 // 2,
            "cancelled": 0,
            "minutes": 31.5 + 9 * (n % 5),
        }
        for n, at in enumerate(times)
    ]
    by_stage = [(n, at, k, stage) for n, at in enumerate(times) for k, stage in enumerate(STAGES, start=1)]
    cost = [
        {"at": at, "stage": stage, "kind": "cpu_ms", "amount": 90_000 * k, "money": 0.02 * k + 0.01 * (n % 3)}
        for n, at, k, stage in by_stage
    ]
    stage_times = [
        {"at": at, "stage": stage, "projects": 2, "p50_ms": 4_000 * k + 900 * (n % 4), "p95_ms": 9_000 * k}
        for n, at, k, stage in by_stage
    ]
    failures = [
        {"at": at, "what": what, "reason": reason, "count": 1 + n % 2}
        for n, at in enumerate(times[::3])
        for what, reason in (("project", "media.unsupported"), ("export", "retries.exhausted"))
    ]
    templates = [
        {"template": name, "aspect": aspect, "exports": 40 - 9 * n, "failed": n % 2 * 3, "seconds": 31.0 * (40 - 9 * n)}
        for n, (name, aspect) in enumerate(TEMPLATES)
    ]
    lengths = [
        {"from_s": start, "to_s": end, "clips": clips}
        for (start, end), clips in zip(pairwise(LENGTHS_S), CLIPS, strict=True)
    ]
    return {
        "projects": {"items": projects},
        "cost": {"currency": "EUR", "items": cost},
        "stage-times": {"items": stage_times},
        "failures": {"items": failures},
        "clips-by-template": {"items": templates},
        "clips-by-length": {"items": lengths},
    }


def delivery_page(endpoint_id: str, begin: int, total: int) -> dict[str, Any]:
    """A page of a long log of deliveries, from this one on."""
    items = [
        {
            "delivery_id": str(UUID(int=n)),
            "endpoint_id": endpoint_id,
            "project_id": None,
            "event_id": str(UUID(int=n)),
            "event_type": "export.completed",
            "state": "failed" if n % 7 == 0 else "delivered",
            "attempt": 1,
            "replays": 0,
            "response_status": 200,
            "last_error": None,
            "created_at": "2026-01-05T10:00:00Z",
            "next_try_at": None,
            "finished_at": "2026-01-05T10:00:01Z",
        }
        for n in range(begin, begin + LOG_PAGE)
    ]
    after = begin + LOG_PAGE
    return {"items": items, "next_cursor": str(after) if after < total else None}


def logo() -> bytes:
    """A PNG with a mark in it."""
    picture = np.zeros((60, 160, 4), np.uint8)
    picture[10:50, 10:150] = (228, 87, 46, 255)
    done = io.BytesIO()
    Image.fromarray(picture).save(done, "PNG")
    return done.getvalue()
