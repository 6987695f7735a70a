"""Read a form of parts (multipart/form-data) piece by piece: no more of it than a piece is in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from email.message import Message
from typing import Any

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.problems.problem_details import ApiProblem

MAX_PARTS, MAX_HEADERS, MAX_HEADER_BYTES, MAX_FIELD_BYTES = 20, 8, 4096, 16_384


class FormPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a form; its bytes are to be read before the next part."""

    name: str
    filename: str | None
    """None: a field, and no file."""
    content_type: str | None
    pieces: AsyncIterator[bytes]

    async def text(self) -> str:
        """The text of a field. Raises ``malformed-request``, or ``body-too-large``."""
        body = b""
        async for piece in self.pieces:
            body += piece
            if len(body) > MAX_FIELD_BYTES:
                raise ApiProblem("body-too-large", f"The field `{self.name[:40]}` has over {MAX_FIELD_BYTES} bytes.")
        try:
            return body.decode()
        except UnicodeDecodeError:
            raise _malformed(f"the field `{self.name[:40]}` is not UTF-8") from None


class FormReader:
    """The parts of a form, in order."""

    def __init__(self, content_type: str, pieces: AsyncIterator[bytes]) -> None:
        """``pieces``: of the body, as they come. Raises ``malformed-request`` for a form without a boundary."""
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if not boundary:
            raise _malformed("its `Content-Type` has no boundary")
        names = ("part_begin", "part_data", "part_end", "header_begin", "header_field", "header_value", "end")
        callbacks: Any = {f"on_{name}": self._noting(name) for name in names}
        try:
            self._parser = MultipartParser(
                boundary, callbacks, max_header_count=MAX_HEADERS, max_header_size=MAX_HEADER_BYTES
            )
        except FormParserError as error:
            raise _malformed(str(error)) from None
        self._pieces = pieces
        self._events: deque[tuple[str, bytes]] = deque()
        self._part_count = 0

    def _noting(self, name: str) -> Any:
        """A callback of the parser, which calls some with bytes and some with none."""

        def note(data: bytes = b"", start: int = 0, end: int = 0) -> None:
            self._events.append((name, data[start:end]))

        return note

    async def read_parts(self) -> AsyncIterator[FormPart]:
        """The parts, in order. Raises ``malformed-request``, or ``body-too-large`` for too many of them."""
        while True:
            event, _ = await self._next()
            if event == "end":
                return
            if event != "part_begin":
                continue
            self._part_count += 1
            if self._part_count > MAX_PARTS:
                raise ApiProblem("body-too-large", f"A form has at most {MAX_PARTS} parts.")
            yield await self._part()

    async def _part(self) -> FormPart:
        headers, name, value = dict[str, bytes](), b"", b""
        while True:
            event, data = await self._next()
            if event == "header_field":
                name += data
            elif event == "header_value":
                value += data
            else:
                if name:
                    headers[name.decode("latin-1").lower()] = value
                if event != "header_begin":
                    break
                name = value = b""
        self._events.appendleft((event, data))
        kind, options = parse_options_header(headers.get("content-disposition", b""))
        if kind != b"form-data" or b"name" not in options:
            raise _malformed("a part has no name")
        filename, media_type = options.get(b"filename"), headers.get("content-type")
        return FormPart(
            name=options[b"name"].decode(errors="replace"),
            filename=filename.decode(errors="replace") if filename is not None else None,
            content_type=media_type.decode("latin-1").partition(";")[0].strip() if media_type else None,
            pieces=self._bytes_of_part(),
        )

    async def _bytes_of_part(self) -> AsyncIterator[bytes]:
        while True:
            event, data = await self._next()
            if event == "part_end":
                return
            if data:
                yield data

    async def _next(self) -> tuple[str, bytes]:
        """The next event of the parser, which reads on for it."""
        while not self._events:
            try:
                piece = await anext(self._pieces)
            except StopAsyncIteration:
                raise _malformed("it ends before its last part does") from None
            try:
                self._parser.write(piece)
            except FormParserError as error:
                raise _malformed(str(error)) from None
        return self._events.popleft()


def is_form(content_type: str) -> bool:
    """Whether a body is announced as a form of parts."""
    message = Message()
    message["content-type"] = content_type
    return message.get_content_type() == "multipart/form-data"


def _malformed(detail: str) -> ApiProblem:
    return ApiProblem("malformed-request", f"The form cannot be read: {detail}.")
