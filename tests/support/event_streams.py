"""Server-sent events of an app in this process, message by message: the client of other tests waits for the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from tests.support.progress import HANG_S


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a stream."""

    event: str
    data: Any
    id: str | None


class EventStream:
    """A stream that is open: its status, and its messages as they come."""

    def __init__(self) -> None:
        self.status = 0
        self.messages: asyncio.Queue[Message | None] = asyncio.Queue()
        self._text = ""
        self.last_id = ""
        """Of the last message that had one, also without data."""
        self.left = asyncio.Event()
        self._asked = False

    async def receive(self) -> dict[str, Any]:
        """An empty body, then nothing until the client leaves."""
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        """Take a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        self._text += message.get("body", b"").decode()
        *whole, self._text = self._text.split("\n\n")
        for block in whole:
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            self.last_id = fields.get("id", self.last_id)
            if "data" in fields:
                data = json.loads(fields["data"])
                self.messages.put_nowait(Message(event=fields["event"], data=data, id=fields.get("id")))
        if not message.get("more_body"):
            self.messages.put_nowait(None)

    async def next(self) -> Message | None:
        """The next message; None at the end."""
        return await asyncio.wait_for(self.messages.get(), HANG_S)


@asynccontextmanager
async def open_stream(app: Any, path: str, token: str, **headers: str) -> AsyncIterator[EventStream]:
    """The stream of a path, until the client leaves; without a token as the `headers` say."""
    given = {"host": "api"} | ({"authorization": f"Bearer {token}"} if token else {}) | headers
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "scheme": "http",
        "http_version": "1.1", "root_path": "", "client": ("127.0.0.1", 40_000), "server": ("api", 80),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }  # fmt: skip
    stream = EventStream()
    task = asyncio.create_task(app(scope, stream.receive, stream.send))
    try:
        yield stream
    finally:
        stream.left.set()
        await asyncio.wait_for(task, HANG_S)
