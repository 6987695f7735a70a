"""The note of an upload in parts that is under way, so that the next run goes on with it. Holds no key and no URL."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from cli.api.client import ApiRefused, Client


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """An upload in parts, and the file as it was then."""

    api_url: str
    upload_id: str
    source: str
    size_bytes: int
    modified_ns: int
    part_bytes: int

    @property
    def part_count(self) -> int:
        """How many parts make the file."""
        return -(-self.size_bytes // self.part_bytes)

    def length(self, number: int) -> int:
        """Bytes of a part; the first has number 1."""
        return min(self.part_bytes, self.size_bytes - (number - 1) * self.part_bytes)


class Note:
    """One file beside the results; a note that cannot be written or read is none, and costs only the resuming."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self._path = path

    def write(self, begun: Begun) -> None:
        """Keep it until ``forget``."""
        with contextlib.suppress(OSError):
            self._path.write_bytes(msgspec.json.encode(begun))

    def forget(self) -> None:
        """The upload is whole, or of no use."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def read(self, api_url: str, source: Path) -> Begun | None:
        """The upload of this very file to this very API; None where there is none."""
        try:
            begun = msgspec.json.decode(self._path.read_bytes(), type=Begun)
            known = source.stat()
        except (OSError, msgspec.DecodeError):
            return None
        same = (begun.api_url, begun.source) == (api_url, str(source.resolve()))
        unchanged = (begun.size_bytes, begun.modified_ns) == (known.st_size, known.st_mtime_ns)
        return begun if same and unchanged else None


def begin(client: Client, path: Path, upload_id: str, part_bytes: int) -> Begun:
    """What is to be noted of a new upload."""
    known = path.stat()
    return Begun(
        api_url=client.api_url,
        upload_id=upload_id,
        source=str(path.resolve()),
        size_bytes=known.st_size,
        modified_ns=known.st_mtime_ns,
        part_bytes=part_bytes,
    )


def arrived(client: Client, begun: Begun) -> set[int] | None:
    """Numbers of the parts that object storage holds whole; None where the upload takes no more."""
    try:
        found = client.get(f"/v1/uploads/{begun.upload_id}")
    except ApiRefused:
        return None
    if found["state"] != "open":
        return None
    return {part["number"] for part in found["arrived"] if part["size_bytes"] == begun.length(part["number"])}
