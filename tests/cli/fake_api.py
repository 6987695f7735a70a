"""A small in-memory API and object store behind httpx2.MockTransport: one project, two clips. Opens no socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2

from cli.api.client import Client

PROJECT = "00000000-0000-4000-8000-000000000001"
KEY = "clp_live_test"
PART = 10
FRAMING = {"start_ms": 0, "end_ms": 9000, "shows": "speaker", "reason": "holds on the one of 2 faces who speaks"}
Body = dict[str, Any]


def problem(status: int, code: str, title: str, detail: str, **more: Any) -> httpx2.Response:
    body = {"type": f"/problems/{code}", "title": title, "status": status, "detail": detail, "code": code} | more
    return httpx2.Response(status, json=body, headers={"content-type": "application/problem+json"})


def sse(*events: tuple[int, str, Body], cut: bool = False) -> httpx2.Response:
    text = ": follow\nretry: 2000\n\n"
    for number, name, body in events:
        text += f"id: {number}\nevent: {name}\ndata: {json.dumps(body)}\n\n"

    def chunks() -> Iterator[bytes]:
        yield text.encode()
        if cut:
            raise httpx2.ReadError("the line went dead")

    return httpx2.Response(200, content=chunks(), headers={"content-type": "text/event-stream"})


def progressed(stage: str, state: str, percent: int) -> Body:
    return {"stage": stage, "state": state, "percent": percent, "elapsed_ms": 1200 if state == "done" else None}


def clip(ordinal: int, title: str) -> Body:
    return {
        "clip_id": f"clip-{ordinal}",
        "ordinal": ordinal,
        "start_ms": 10_000 * (ordinal + 1),
        "end_ms": 10_000 * (ordinal + 1) + 20_000,
        "title": title,
        "reason": "Opens with a number (150).",
        "score": 67.4,
        "confidence": 0.96,
        "signals": [{"name": "hook", "value": 0.5, "weight": 1.0, "evidence": []}],
        "exports": [{"export_id": f"export-{ordinal}", "automatic": True, "aspect": "9:16", "state": "done"}],
    }


def export(ordinal: int, *, failed: bool = False) -> Body:
    base = {
        "export_id": f"export-{ordinal}",
        "aspect": "9:16",
        "captions": True,
        "state": "failed" if failed else "done",
    }
    if failed:
        return base | {"failure": {"reason": "clip.no_video", "detail": "There are no pictures."}}
    links = {
        kind: {"url": f"http://store/{ordinal}{suffix}", "size_bytes": 9, "sha256": "", "filename": f"clip{suffix}"}
        for kind, suffix in (("video", ".mp4"), ("thumbnail", ".jpg"), ("srt", ".srt"))
    }
    framed_by = "dense-shots-1, centerface-0123456789ab"
    certificate = {"encoder": "libx264 164", "framed_by": framed_by, "framing": [FRAMING], "warnings": []}
    check = {"name": "jitter", "value": 2.5, "unit": "px a picture", "limit": 1.5, "verdict": "warn"}
    certificate |= {"verdict": "warn", "checks": [check]}
    return base | {"files": links | {"vtt": None}, "certificate": certificate}


@dataclass
class Twin:
    """State of the fake API, and the requests that it received."""

    streams: list[httpx2.Response] = field(default_factory=list)
    project: Body = field(default_factory=dict)
    clips: list[Body] = field(default_factory=list)
    exports: dict[str, Body] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    single: bool = True
    seen: list[tuple[str, str, Body]] = field(default_factory=list)
    headers: list[httpx2.Headers] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    """Query parameters of each request."""
    overrides: dict[tuple[str, str], list[httpx2.Response]] = field(default_factory=dict)
    slept: list[float] = field(default_factory=list)
    refused: dict[str, list[int]] = field(default_factory=dict)
    """Statuses with which the store refuses a PUT, once each."""
    puts: list[str] = field(default_factory=list)

    def client(self) -> Client:
        return Client("http://api", KEY, sleep=self.slept.append, transport=httpx2.MockTransport(self.answer))

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        path, method = request.url.path, request.method
        if request.url.host == "store":
            return self._store(request)
        assert request.headers["authorization"] == f"Bearer {KEY}"
        body = json.loads(request.read() or b"{}")
        self.seen.append((method, path, body))
        self.headers.append(request.headers)
        self.queries.append(dict(request.url.params))
        planned = self.overrides.get((method, path))
        if planned:
            return planned.pop(0)
        return self._routes(path)[method](body)

    def _store(self, request: httpx2.Request) -> httpx2.Response:
        assert "authorization" not in request.headers, "the API key must not travel to object storage"
        name = request.url.path
        if request.method == "PUT":
            data = request.read()
            self.puts.append(name)
            if self.refused.get(name):
                return httpx2.Response(self.refused[name].pop(0))
            assert request.headers["content-length"] == str(len(data))
            self.stored[name] = data
            return httpx2.Response(200, headers={"etag": '"tag"'})
        return httpx2.Response(200, content=b"some file")

    def _routes(self, path: str) -> dict[str, Callable[[Body], httpx2.Response]]:
        base = f"/v1/projects/{PROJECT}"
        if path == "/v1/uploads/sign":
            return {"POST": self._sign}
        if path == "/v1/uploads/u1/parts":
            return {"POST": lambda body: _json({"parts": [_part(number) for number in body["numbers"]]})}
        if path == "/v1/uploads/u1":
            return {"GET": lambda _: _json({"state": "open", "arrived": self._arrived()})}
        if path == f"{base}/events":
            return {"GET": lambda _: self.streams.pop(0) if self.streams else httpx2.Response(204)}
        if path.startswith("/v1/exports/"):
            return {"GET": lambda _: _json(self.exports[path.rsplit("/", 1)[1]])}
        fixed: dict[str, Body] = {
            "/v1/uploads/u1/complete": {},
            "/v1/projects": {"project_id": PROJECT, "state": "queued"},
            base: self.project,
            f"{base}/clips": {"items": self.clips, "nothing_found_reason": self.project.get("nothing_found_reason")},
            f"{base}/transcript": {"language": "en", "words": [{"text": "joules"}], "model": "whisper-base"},
            f"{base}/intelligence": {"engine": {"name": "local"}},
            f"{base}/moments": {
                "moments": [{}, {}, {}],
                "scorer": "evidence-1",
                "picture_models": ["luma-shots-1, centerface-0123456789ab"],
                "scenery": {"pictures": 40, "faces": 30, "persons": 2, "screens": 10},
            },
            "/openapi.json": {"info": {"version": "1.0.0"}},
        }
        if path not in fixed:
            return {"GET": lambda _: problem(404, "not-found", "There is no such thing", "There is no such project.")}
        return {"GET": lambda _: _json(fixed[path]), "POST": lambda _: _json(fixed[path])}

    def _arrived(self) -> list[Body]:
        names = [name for name in self.stored if name.startswith("/part-")]
        return [{"number": int(name.split("-")[1]), "size_bytes": len(self.stored[name])} for name in names]

    def _sign(self, body: Body) -> httpx2.Response:
        if self.single:
            return _json({"upload_id": "u1", "method": "put", "url": "http://store/whole", "headers": {"X": "1"}})
        count = -(-body["size_bytes"] // PART)
        first = [_part(1), _part(2)]
        sizes = {"part_size_bytes": PART, "part_count": count, "parts": first}
        return _json({"upload_id": "u1", "method": "multipart"} | sizes)


def _part(number: int) -> Body:
    return {"number": number, "url": f"http://store/part-{number}"}


def _json(body: Body) -> httpx2.Response:
    return httpx2.Response(200, json=body)


def finished(state: str = "completed", **more: Any) -> Body:
    stages = [{"stage": "ingest", "state": "done", "percent": 100, "elapsed_ms": 900, "cpu_ms": 300}]
    return {"project_id": PROJECT, "state": state, "warnings": [], "failure": None, "stages": stages} | more
