"""A local file to object storage: one signed PUT, or signed parts. Reads the file in blocks, never whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from cli.client import CHUNK_BYTES, JSON, Client
from cli.exits import USAGE, CliError

OnBytes = Callable[[int], None]
SIGN_AT_ONCE = 100


def check_file(path: Path) -> int:
    """Size of a file that can be uploaded; raises CliError for one that cannot."""
    try:
        if path.is_dir():
            raise CliError(USAGE, f"{path} is a directory: name a video file.")
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as error:
        raise CliError(USAGE, f"{path} cannot be read: {error.strerror or error}.") from None
    if size == 0:
        raise CliError(USAGE, f"{path} is empty.")
    return size


def upload(client: Client, path: Path, on_bytes: OnBytes) -> str:
    """Upload ``path`` and give its upload id. ``on_bytes`` hears of bytes as they go (minus those of a broken try)."""
    size = check_file(path)
    signed = client.post("/v1/uploads/sign", {"filename": path.name[-255:], "size_bytes": size})
    if signed["method"] == "put":
        headers = signed["headers"] | {"Content-Length": str(size)}
        client.put_signed(signed["url"], partial(_blocks, path, 0, size, Rewinding(on_bytes)), headers)
    else:
        _send_parts(client, path, size, signed, on_bytes)
    client.post(f"/v1/uploads/{signed['upload_id']}/complete", {})
    return str(signed["upload_id"])


def _send_parts(client: Client, path: Path, size: int, signed: JSON, on_bytes: OnBytes) -> None:
    part_bytes, count = int(signed["part_size_bytes"]), int(signed["part_count"])
    urls = {part["number"]: part["url"] for part in signed.get("parts", [])}
    for number in range(1, count + 1):
        if number not in urls:
            numbers = list(range(number, min(count, number + SIGN_AT_ONCE - 1) + 1))
            more = client.post(f"/v1/uploads/{signed['upload_id']}/parts", {"numbers": numbers})
            urls = {part["number"]: part["url"] for part in more["parts"]}
        start = (number - 1) * part_bytes
        length = min(part_bytes, size - start)
        body = partial(_blocks, path, start, length, Rewinding(on_bytes))
        client.put_signed(urls[number], body, {"Content-Length": str(length)})


class Rewinding:
    """Passes counts of bytes on; a new try first takes back what the broken one had counted."""

    def __init__(self, on_bytes: OnBytes) -> None:
        """Report to ``on_bytes``."""
        self._on_bytes = on_bytes
        self._sent = 0

    def begin(self) -> None:
        """A try begins."""
        if self._sent:
            self._on_bytes(-self._sent)
        self._sent = 0

    def add(self, count: int) -> None:
        """``count`` bytes went out."""
        self._sent += count
        self._on_bytes(count)


def _blocks(path: Path, start: int, length: int, counter: Rewinding) -> Iterator[bytes]:
    counter.begin()
    with path.open("rb") as file:
        file.seek(start)
        left = length
        while left:
            block = file.read(min(CHUNK_BYTES, left))
            if not block:
                raise CliError(USAGE, f"{path} became shorter while it was uploaded.")
            yield block
            left -= len(block)
            counter.add(len(block))
