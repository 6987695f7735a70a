"""Tools of the end-to-end tests: a client of the API, a webhook receiver, a file server."""

from __future__ import annotations

import http.server
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
from standardwebhooks.webhooks import Webhook

from local.stack import StackInfo
from tests.e2e.stack_progress import StackProgress
from tests.support.progress import HANG_S, Patience, wait_while_moving

ENDED = ("completed", "failed", "cancelled")
ROUGH: dict[str, Any] = {"aspect": "1:1", "export": {"video": {"quality": "draft"}}}
"""Options of a project whose clips are not inspected: the same path through the stages, with cheaper files."""


class Api:
    """The API as a customer sees it; any status that was not expected fails the test with the problem's text."""

    def __init__(self, stack: StackInfo) -> None:
        self.stack = stack
        headers = {"Authorization": f"Bearer {stack.api_key}"}
        self.http = httpx2.Client(base_url=stack.api, headers=headers, timeout=HANG_S)
        self.last_signed: dict[str, Any] = {}
        """Answer to the last upload's signing."""

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def call(self, method: str, path: str, *, expect: int | None = None, **given: Any) -> Any:
        answer = self.http.request(method, path, **given)
        fine = answer.status_code == expect if expect else answer.status_code < 400
        assert fine, f"{method} {path} → {answer.status_code}: {answer.text}"
        return answer.json() if answer.content and "json" in answer.headers.get("content-type", "") else answer.text

    def get(self, path: str, **given: Any) -> Any:
        return self.call("GET", path, **given)

    def post(self, path: str, body: Any, **given: Any) -> Any:
        return self.call("POST", path, json=body, **given)

    def upload(self, path: Path) -> str:
        signed = self.post("/v1/uploads/sign", {"filename": path.name, "size_bytes": path.stat().st_size})
        body = path.read_bytes()
        self.last_signed = signed
        if signed.get("url"):
            self.put_again(body)
        else:
            self._parts(signed, body)
        return str(signed["upload_id"])

    def put_again(self, body: bytes) -> None:
        """PUT these bytes to the URL of the last upload."""
        signed = self.last_signed
        answer = httpx2.put(signed["url"], content=body, headers=signed.get("headers") or {}, timeout=HANG_S)
        assert answer.status_code == 200, answer.text

    def _parts(self, signed: dict[str, Any], body: bytes) -> None:
        size, done = signed["part_size_bytes"], []
        for part in signed["parts"]:
            start = (part["number"] - 1) * size
            answer = httpx2.put(part["url"], content=body[start : start + size], timeout=HANG_S)
            done.append({"number": part["number"], "etag": answer.headers["etag"]})
        self.post(f"/v1/uploads/{signed['upload_id']}/complete", {"parts": done})

    def start(self, path: Path, **options: Any) -> str:
        body = {"upload_id": self.upload(path), "title": path.stem, "options": options}
        key = {"Idempotency-Key": str(uuid.uuid4())}
        return str(self.post("/v1/projects", body, expect=202, headers=key)["project_id"])

    def wait(self, project_id: str) -> dict[str, Any]:
        """Return the project once it has ended; fail with its stages once the stack makes no progress."""
        return self.wait_all([project_id])[project_id]

    def wait_all(self, project_ids: list[str]) -> dict[str, dict[str, Any]]:
        """Return the projects by id once all have ended."""
        ended: dict[str, dict[str, Any]] = {}
        patience, moving = Patience(f"projects {project_ids}"), StackProgress(self.stack)
        views: dict[str, Any] = {}
        while len(ended) < len(project_ids):
            for project_id in project_ids:
                if project_id not in ended:
                    try:
                        project = self.get(f"/v1/projects/{project_id}")
                    except (httpx2.TransportError, AssertionError) as error:  # the API may be the part that is away
                        views[project_id] = type(error).__name__
                        continue
                    views[project_id] = [(one["stage"], one["state"], one["percent"]) for one in project["stages"]]
                    if project["state"] in ENDED:
                        ended[project_id] = project
            patience.check((views.copy(), moving()))
            time.sleep(0.3)
        return ended

    def export(self, export_id: str) -> dict[str, Any]:
        """Return the export once it is done or has failed."""
        moving = StackProgress(self.stack)

        def ended() -> dict[str, Any] | None:
            export: dict[str, Any] = self.get(f"/v1/exports/{export_id}")
            return export if export["state"] in ("done", "failed") else None

        return wait_while_moving(ended, f"export {export_id}", progress=moving, every_s=0.3) or {}


class Receiver:
    """A webhook receiver that verifies each signature; ``refuse`` makes it answer 500 that many times first."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self.secret = ""
        self.refuse = 0
        self.got: list[tuple[str, dict[str, Any]]] = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if receiver.refuse > 0:
                    receiver.refuse -= 1
                    self.send_response(500)
                else:
                    parsed = Webhook(receiver.secret).verify(body, {k.lower(): v for k, v in self.headers.items()})
                    receiver.got.append((self.headers["webhook-id"], parsed))
                    self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)

    def of(self, project_id: str, kind: str) -> list[dict[str, Any]]:
        return [body for _, body in self.got if body["type"] == kind and body["data"]["project_id"] == project_id]

    def wait_for(self, project_id: str, kind: str) -> dict[str, Any]:
        """Return the first webhook of this kind about the project."""
        return wait_while_moving(
            lambda: self.of(project_id, kind), f"{kind} of {project_id}", progress=lambda: len(self.got), every_s=0.2
        )[0]


@contextmanager
def serving(server: http.server.HTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return


@contextmanager
def serve_files(directory: Path, port: int) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), partial(_Quiet, directory=str(directory)))
    with serving(server):
        yield f"http://127.0.0.1:{port}"
