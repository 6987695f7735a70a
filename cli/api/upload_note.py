"""The note of an unfinished upload in parts, with which the next run resumes it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from cli.api.client import ApiRefused, Client


class PartialUpload(msgspec.Struct, frozen=True, kw_only=True):
    """An upload in parts, and the file as it was then."""

    api_url: str
    upload_id: str
    source: str
    size_bytes: int
    modified_ns: int
    part_bytes: int

    @property
    def part_count(self) -> int:
        """Number of parts of the file."""
        return -(-self.size_bytes // self.part_bytes)

    def length(self, number: int) -> int:
        """Bytes of a part; the first has number 1."""
        return min(self.part_bytes, self.size_bytes - (number - 1) * self.part_bytes)


class UploadNote:
    """A file next to the results; if it cannot be written or read, the upload starts afresh."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self._path = path

    def write(self, begun: PartialUpload) -> None:
        """Keep it until ``forget``."""
        with contextlib.suppress(OSError):
            self._path.write_bytes(msgspec.json.encode(begun))

    def forget(self) -> None:
        """The upload is whole, or of no use."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def read(self, api_url: str, source: Path) -> PartialUpload | None:
        """The noted upload, if it is of this unchanged file to this API."""
        try:
            begun = msgspec.json.decode(self._path.read_bytes(), type=PartialUpload)
            status = source.stat()
        except (OSError, msgspec.DecodeError):
            return None
        same = (begun.api_url, begun.source) == (api_url, str(source.resolve()))
        unchanged = (begun.size_bytes, begun.modified_ns) == (status.st_size, status.st_mtime_ns)
        return begun if same and unchanged else None


def begin_upload(client: Client, path: Path, upload_id: str, part_bytes: int) -> PartialUpload:
    """Describe a new upload in parts and the state of its file."""
    status = path.stat()
    return PartialUpload(
        api_url=client.api_url,
        upload_id=upload_id,
        source=str(path.resolve()),
        size_bytes=status.st_size,
        modified_ns=status.st_mtime_ns,
        part_bytes=part_bytes,
    )


def fetch_arrived_parts(client: Client, begun: PartialUpload) -> set[int] | None:
    """Numbers of the parts that object storage holds whole; None if the upload is closed."""
    try:
        upload = client.get(f"/v1/uploads/{begun.upload_id}")
    except ApiRefused:
        return None
    if upload["state"] != "open":
        return None
    return {part["number"] for part in upload["arrived"] if part["size_bytes"] == begun.length(part["number"])}
