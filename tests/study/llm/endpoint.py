"""A fake OpenAI-compatible endpoint on a real socket, which answers from a script. Never a model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

Answer = Callable[[], tuple[int, bytes, str]]
"""Status, body and further header lines."""


def completion(text: str, **more: Any) -> Answer:
    """A completion with this content. ``usage`` may be None; ``finish`` and ``refusal`` are those of its one choice."""
    message = {"role": "assistant", "content": text, "refusal": more.get("refusal")}
    whole: dict[str, Any] = {
        "id": "x", "object": "chat.completion", "model": "fake-1",
        "choices": [{"index": 0, "message": message, "finish_reason": more.get("finish", "stop")}],
    }  # fmt: skip
    if more.get("usage", (1000, 200)):
        tokens_in, tokens_out = more.get("usage", (1000, 200))
        whole["usage"] = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out}
    return lambda: (200, json.dumps(whole).encode(), "")


def status(code: int, more: str = "", body: bytes = b'{"error": {"message": "no"}}') -> Answer:
    """An error of that status, with further header lines."""
    return lambda: (code, body, more)


def raw(body: bytes) -> Answer:
    """200 with any bytes."""
    return lambda: (200, body, "")


class Endpoint:
    """Requests received, and answers to give; the last answer is repeated.

    With ``respond`` each answer is that to its own request.
    """

    def __init__(
        self, *answers: Answer, delay_s: float = 0.0, respond: Callable[[dict[str, Any]], Answer] | None = None
    ) -> None:
        self.answers, self.delay_s, self.respond = list(answers), delay_s, respond
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.url = ""
        self.held: asyncio.Event | None = None
        """A request that comes while it is there is answered once it is set."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            fields = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
            body = await reader.readexactly(int(fields["content-length"]))
            assert head[0].startswith("POST /v1/chat/completions ")
            request = json.loads(body)
            self.asked.append(request)
            self.keys.append(fields.get("authorization", ""))
            held = self.held
            await asyncio.sleep(self.delay_s)
            if held is not None:
                await held.wait()
            code, answer, more = (self.respond(request) if self.respond else self._next_answer())()
            head_lines = f"Content-Length: {len(answer)}\r\nConnection: close\r\n{more}"
            writer.write(f"HTTP/1.1 {code} X\r\n{head_lines}\r\n".encode())
            writer.write(answer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # who asked went away
        finally:
            writer.close()

    def _next_answer(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@asynccontextmanager
async def serving(
    *answers: Answer, delay_s: float = 0.0, respond: Callable[[dict[str, Any]], Answer] | None = None
) -> AsyncIterator[Endpoint]:
    """The endpoint for as long as the block lasts."""
    endpoint = Endpoint(*answers, delay_s=delay_s, respond=respond)
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0)
    endpoint.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server:
        yield endpoint
