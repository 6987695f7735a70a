"""The state of one download: which bytes are on disk, which file they belong to, when it is complete."""

from __future__ import annotations

import asyncio
import os
import re
from collections import deque
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import msgspec

from core.errors import InputRejected, NoAnswer, TooSlow

PART = "outside"
CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")
NOTE_SUFFIX = ".note"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
SLOW_AFTER_S, MIN_BYTES_PER_S = 60.0, 64 * 1024
"""Floor of speed over any minute: a server that drips would hold a place for hours."""
SAMPLE_S = 1.0
"""Least time between two samples of the received bytes."""
TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}


def refuse_status(status: int) -> None:
    """Raise for a status without content: InputRejected if it will stay so, NoAnswer if it may pass."""
    if status in (404, 410):
        raise InputRejected("url.not_found", f"There is nothing at this URL (it answered {status}).")
    if status in (401, 403):
        raise InputRejected("url.forbidden", f"The URL may not be read without signing in (it answered {status}).")
    if status in TRY_AGAIN or status >= 500:
        raise NoAnswer(PART, f"the server answered {status}")
    if status != 416:
        raise InputRejected("url.refused", f"The server answered {status} instead of a file.")


class Pace:
    """Speed over the last minute."""

    def __init__(self, at_s: float, received: int) -> None:
        """``received`` bytes were there at ``at_s``."""
        self._samples = deque([(at_s, received)])
        self._last = received

    def check(self, at_s: float, received: int) -> None:
        """Raises TooSlow if less came in the last minute than may; what came stays for the next try."""
        if received < self._last:  # the file is begun again
            self._samples = deque([(at_s, received)])
        self._last = received
        while len(self._samples) > 1 and self._samples[1][0] <= at_s - SLOW_AFTER_S:
            self._samples.popleft()
        since_s, had = self._samples[0]
        spent_s = at_s - since_s
        if spent_s >= SLOW_AFTER_S and received - had < MIN_BYTES_PER_S * spent_s:
            raise TooSlow(PART, f"the server sends less than {MIN_BYTES_PER_S // 1024} KiB a second")
        if at_s - self._samples[-1][0] >= SAMPLE_S:
            self._samples.append((at_s, received))


class DownloadNote(msgspec.Struct, frozen=True, kw_only=True):
    """The note that is written next to the bytes.

    ``validator``: a strong ETag, or a Last-Modified that is as good as one. ``boot``: the start of the machine that
    wrote it. Bytes of a process survive its kill -9, not a power cut.
    """

    validator: str
    size: int | None
    boot: str


class Fetch:
    """Bytes of one URL in one file, with a note by which a later process may resume.

    The owner of the file removes both.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        """Resume from the bytes at ``path`` if their note is there too, else start from 0."""
        self._path = path
        self._note_path = path.with_name(path.name + NOTE_SUFFIX)
        self._max_bytes = max_bytes
        self._note = self._read_note()
        self.received = self._usable_bytes()
        self.complete = False
        self._expected: int | None = None
        self._file = -1

    def headers(self) -> dict[str, str]:
        """Headers of the next request."""
        request_headers = {"accept": "*/*", "accept-encoding": "identity"}
        if self.received and self._note:
            request_headers |= {"range": f"bytes={self.received}-", "if-range": self._note.validator}
        return request_headers

    def _read_note(self) -> DownloadNote | None:
        try:
            note = msgspec.json.decode(self._note_path.read_bytes(), type=DownloadNote)
        except (OSError, msgspec.MsgspecError):
            return None
        return note if note.validator and note.boot == _boot_id() else None

    def _usable_bytes(self) -> int:
        """Bytes that need not be requested again.

        A complete file counts without its last byte, so that the server gets a request.
        """
        if self._note is None or not self._path.exists():
            return 0
        stored_bytes = self._path.stat().st_size
        if self._note.size is None or stored_bytes < self._note.size:
            return stored_bytes
        return max(0, stored_bytes - 1) if stored_bytes == self._note.size else 0

    def begin(self, status: int, headers: Mapping[str, str]) -> bool:
        """Prepare for the body of an answer; False if it has none for us.

        Raises InputRejected ``media.too_large`` if its length says so, ``url.refused`` for an encoded body.
        """
        if status == 416:
            self._start_over()
            return False
        if status not in (200, 206):
            return False
        if headers.get("content-encoding", "identity") != "identity":
            raise InputRejected("url.refused", "The server sends the file packed although it was asked not to.")
        if status == 206:
            self._expected = self._check_continues(headers)
        else:
            self._forget()
            length = headers.get("content-length", "")
            self._expected = int(length) if length.isdigit() else None
        start = self.received
        self._check_size(self._expected or 0)
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (0 if start else os.O_TRUNC)
        self._file = os.open(self._path, flags, 0o600)
        os.ftruncate(self._file, start)
        if status == 200:
            self._write_note(validator_of(headers), self._expected)
        return True

    def _check_continues(self, headers: Mapping[str, str]) -> int | None:
        """Check that a partial answer continues the noted file; returns the whole file's size, if given.

        Not every server heeds If-Range, so what it answers must match the note.
        """
        match = CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
        if match is None or int(match[1]) != self.received or self._note is None:
            raise NoAnswer(PART, "the server sent another part of the file than was asked for")
        validator = headers.get(
            "etag" if self._note.validator.startswith('"') else "last-modified", self._note.validator
        )
        size = int(match[3]) if match[3].isdigit() else None
        if validator != self._note.validator or (None not in (size, self._note.size) and size != self._note.size):
            self._forget()
            raise NoAnswer(PART, "the file changed while it was fetched")
        return size if size is not None else self._note.size

    def _write_note(self, validator: str, size: int | None) -> None:
        """Write the note in one step, and only for bytes it is true of."""
        self._note = DownloadNote(validator=validator, size=size, boot=_boot_id()) if validator else None
        if self._note:
            fresh = self._note_path.with_suffix(".new")
            fresh.write_bytes(msgspec.json.encode(self._note))
            fresh.replace(self._note_path)

    def _forget(self) -> None:
        """Remove the note before the bytes."""
        self._note_path.unlink(missing_ok=True)
        self.received, self._note = 0, None

    def _start_over(self) -> None:
        if self.received == 0:
            raise InputRejected("url.refused", "The server has no such part of the file.")
        self._forget()

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            raise InputRejected(
                "media.too_large", f"The file is larger than the {self._max_bytes / 1e9:.3g} GB it may be."
            )

    async def take(self, part: bytes) -> int:
        """Append bytes and return how many there are. Raises InputRejected ``media.too_large``."""
        self._check_size(self.received + len(part))
        await asyncio.to_thread(os.pwrite, self._file, part, self.received)
        self.received += len(part)
        return self.received

    def end(self) -> None:
        """End the body. Raises NoAnswer if it was shorter than announced."""
        if self._expected is not None and self.received < self._expected:
            raise NoAnswer(PART, f"cut off after {self.received} of {self._expected} bytes")
        self.complete = True
        if self._note:
            self._write_note(self._note.validator, self.received)

    def close(self) -> None:
        """Close the file; its bytes stay."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def validator_of(headers: Mapping[str, str]) -> str:
    """The validator of this version of a file (RFC 9110, 8.8.2.2 and 13.1.5); empty without one."""
    etag = headers.get("etag", "")
    if etag.startswith('"'):
        return etag
    changed = headers.get("last-modified", "")
    try:
        age = parsedate_to_datetime(headers.get("date", "")) - parsedate_to_datetime(changed)
    except (TypeError, ValueError, OverflowError):  # a server may write any year
        return ""
    return changed if age >= timedelta(seconds=1) else ""


def _boot_id() -> str:
    return BOOT_ID.read_text().strip()
