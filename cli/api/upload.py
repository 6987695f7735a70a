"""Uploads a local file to object storage: one signed PUT, or signed parts that can resume."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from cli.api import upload_note
from cli.api.client import CHUNK_BYTES, JSON, Client, Rewinding, SignatureRefused
from cli.exit_codes import CliError, ExitCode
from schemas.validation.json_errors import readable

OnBytes = Callable[[int], None]
MAX_SIGNED_PARTS = 100
"""Most parts whose URLs are requested at once."""


def check_file(path: Path) -> int:
    """Size of a file that can be uploaded; raises CliError for one that cannot."""
    try:
        if path.is_dir():
            raise CliError(ExitCode.USAGE, f"{path} is a directory: name a video file.")
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as error:
        raise CliError(ExitCode.USAGE, f"{path} cannot be read: {error.strerror or error}.") from None
    if size == 0:
        raise CliError(ExitCode.USAGE, f"{path} is empty.")
    return size


def upload(
    client: Client,
    path: Path,
    on_bytes: OnBytes,
    note: upload_note.UploadNote,
    say: Callable[[str], None],
    *,
    purpose: str = "source",
) -> str:
    """Upload a file and return its upload id.

    ``on_bytes`` gets counts of bytes as they are sent; a broken try is taken back by a negative count.

    An interrupted upload in parts resumes from ``note``.
    """
    size = check_file(path)
    before = note.read(client.api_url, path)
    arrived = upload_note.fetch_arrived_parts(client, before) if before else None
    if before is not None and arrived is not None:
        say(f"The upload goes on: {len(arrived)} of {before.part_count} parts are there.")
        _send_parts(client, path, before, {}, arrived, on_bytes)
        return _complete(client, before.upload_id, note)
    announcement = {"filename": readable(path.name)[-255:], "size_bytes": size, "purpose": purpose}
    signed = client.post("/v1/uploads/sign", announcement)
    upload_id = str(signed["upload_id"])
    if signed["method"] == "put":
        headers = signed["headers"] | {"Content-Length": str(size)}
        client.put_signed(signed["url"], partial(_blocks, path, 0, size, Rewinding(on_bytes)), headers)
    else:
        begun = upload_note.begin_upload(client, path, upload_id, int(signed["part_size_bytes"]))
        note.write(begun)
        _send_parts(client, path, begun, _urls(signed), set(), on_bytes)
    return _complete(client, upload_id, note)


def _complete(client: Client, upload_id: str, note: upload_note.UploadNote) -> str:
    client.post(f"/v1/uploads/{upload_id}/complete", {})
    note.forget()
    return upload_id


def _urls(signed: JSON) -> dict[int, str]:
    return {part["number"]: part["url"] for part in signed.get("parts", [])}


def _send_parts(
    client: Client,
    path: Path,
    begun: upload_note.PartialUpload,
    urls: dict[int, str],
    arrived: set[int],
    on_bytes: OnBytes,
) -> None:
    on_bytes(sum(map(begun.length, arrived)))
    for number in range(1, begun.part_count + 1):
        if number in arrived:
            continue
        if number not in urls:
            urls = _sign_more(client, begun, number)
        length, start = begun.length(number), (number - 1) * begun.part_bytes
        headers = {"Content-Length": str(length)}
        body = partial(_blocks, path, start, length, Rewinding(on_bytes))
        try:
            client.put_signed(urls[number], body, headers)
        except SignatureRefused:  # on a slow line the URLs of the last parts are too old when their turn comes
            urls = _sign_more(client, begun, number)
            client.put_signed(urls[number], body, headers)


def _sign_more(client: Client, begun: upload_note.PartialUpload, first: int) -> dict[int, str]:
    numbers = list(range(first, min(begun.part_count, first + MAX_SIGNED_PARTS - 1) + 1))
    return _urls(client.post(f"/v1/uploads/{begun.upload_id}/parts", {"numbers": numbers}))


def _blocks(path: Path, start: int, length: int, counter: Rewinding) -> Iterator[bytes]:
    counter.begin()
    with path.open("rb") as file:
        file.seek(start)
        left = length
        while left:
            block = file.read(min(CHUNK_BYTES, left))
            if not block:
                raise CliError(ExitCode.USAGE, f"{path} became shorter while it was uploaded.")
            yield block
            left -= len(block)
            counter.add(len(block))
