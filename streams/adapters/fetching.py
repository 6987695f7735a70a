"""One download's state: what is on disk, what the server said of it, when it is whole. Speaks to nobody itself."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from pathlib import Path

from streams.errors import NoAnswer, Rejected

PART = "outside"
CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")
VALIDATOR_SUFFIX = ".validator"
SLOW_AFTER_S, SLOW_BYTES_S = 60.0, 16 * 1024
"""Slower than this on average, after a while, is given up: a server that drips would hold a worker for hours."""
TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}


def refuse_status(status: int) -> None:
    """Raises what an answer without content means: Rejected for what stays so, NoAnswer for what may pass."""
    if status in (404, 410):
        raise Rejected("url.not_found", f"There is nothing at this URL (it answered {status}).")
    if status in (401, 403):
        raise Rejected("url.forbidden", f"The URL may not be read without signing in (it answered {status}).")
    if status in TRY_AGAIN or status >= 500:
        raise NoAnswer(PART, f"the server answered {status}")
    if status != 416:
        raise Rejected("url.refused", f"The server answered {status} instead of a file.")


class Pace:
    """How fast bytes come since the file was begun, or begun anew."""

    def __init__(self, at_s: float, received: int) -> None:
        """``received`` bytes were there at ``at_s``."""
        self._since_s, self._had, self._last = at_s, received, received

    def check(self, at_s: float, received: int) -> None:
        """Raises Rejected ``media.timeout`` when too few came."""
        if received < self._last:
            self._since_s, self._had = at_s, 0
        self._last = received
        spent_s = at_s - self._since_s
        if spent_s > SLOW_AFTER_S and received - self._had < SLOW_BYTES_S * spent_s:
            raise Rejected("media.timeout", f"The server sends less than {SLOW_BYTES_S // 1024} KiB a second.")


class Fetch:
    """Bytes of one URL in one file. The validator (ETag or Last-Modified) lies beside it while it is not whole."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        """Takes up what is there if its validator is there too, else starts anew."""
        self._path = path
        self._validator_path = path.with_name(path.name + VALIDATOR_SUFFIX)
        self._max_bytes = max_bytes
        self._validator = self._validator_path.read_text() if self._validator_path.exists() else ""
        self.received = path.stat().st_size if self._validator and path.exists() else 0
        self.complete = False
        self._expected: int | None = None
        self._file = -1

    def headers(self) -> dict[str, str]:
        """What to ask for."""
        wanted = {"accept": "*/*", "accept-encoding": "identity"}
        if self.received and self._validator:
            wanted |= {"range": f"bytes={self.received}-", "if-range": self._validator}
        return wanted

    def begin(self, status: int, headers: Mapping[str, str]) -> bool:
        """Get ready for an answer's body; False when the answer has none for us.

        Raises Rejected ``media.too_large`` when it says so in advance, ``url.refused`` for a body in disguise.
        """
        if status == 416:
            self._start_over()
            return False
        if status not in (200, 206):
            return False
        if headers.get("content-encoding", "identity") != "identity":
            raise Rejected("url.refused", "The server sends the file packed although it was asked not to.")
        if status == 206 and self._continues(headers):
            start = self.received
        else:
            start = self.received = 0
        self._remember(headers)
        length = headers.get("content-length", "")
        self._expected = start + int(length) if length.isdigit() else None
        self._check_size(self._expected or 0)
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (0 if start else os.O_TRUNC)
        self._file = os.open(self._path, flags, 0o600)
        os.ftruncate(self._file, start)
        return True

    def _continues(self, headers: Mapping[str, str]) -> bool:
        match = CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
        if match is None or int(match[1]) != self.received:
            raise NoAnswer(PART, "the server sent another part of the file than was asked for")
        return True

    def _remember(self, headers: Mapping[str, str]) -> None:
        etag = headers.get("etag", "")
        self._validator = etag if etag.startswith('"') else headers.get("last-modified", "")
        self._validator_path.write_text(self._validator)

    def _start_over(self) -> None:
        if self.received == 0:
            raise Rejected("url.refused", "The server has no such part of the file.")
        self.received, self._validator = 0, ""

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            raise Rejected("media.too_large", f"The file is larger than the {self._max_bytes / 1e9:.3g} GB it may be.")

    async def take(self, part: bytes) -> int:
        """Append bytes; returns how many there are. Raises Rejected ``media.too_large``."""
        self._check_size(self.received + len(part))
        await asyncio.to_thread(os.pwrite, self._file, part, self.received)
        self.received += len(part)
        return self.received

    def end(self) -> None:
        """The body is over; raises NoAnswer when it was shorter than announced."""
        if self._expected is not None and self.received < self._expected:
            raise NoAnswer(PART, f"cut off after {self.received} of {self._expected} bytes")
        self.complete = True

    def close(self) -> None:
        """Close the file; what is there stays."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def finish(self) -> None:
        """The file is whole."""
        self._validator_path.unlink(missing_ok=True)
