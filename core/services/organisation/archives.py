"""Write the archive of an organisation: rows as JSON Lines, files and a manifest, in one zip.

Each resource is read in one transaction into a file of the working folder, so that the archive of it is of one moment
and no transaction waits for the store. The zip is then sent part by part. A try that was killed is begun again.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import shutil
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import structlog

from core.domain.identity.data_rules import DataRules
from core.errors import Gone, Unavailable
from core.infra.postgres.connection import Pool, org_transaction, transaction
from core.infra.s3.object_store import MAX_PARTS, S3Objects
from core.infra.s3.zip_stream import Member, stream_zip
from core.ports.stores import UploadPart
from core.services.organisation.archive_contents import REFERENCES, RESOURCES, list_objects
from core.storage.organisation.archives import (
    DueArchive,
    claim_archive,
    end_archive,
    finish_archive,
    keep_claim,
)
from schemas.common import ObjectRef, Value

LEASE = dt.timedelta(minutes=2)
MAX_TRIES = 5
PART_BYTES = 16 * 2**20
BLOCK_BYTES = 2**20
FETCHED_ROWS = 500
GB = 10**9
LAYOUT_VERSION = 1
"""Version of the archive's layout."""
FILE_NAME = "organisation.zip"


class ArchivedFile(Value, frozen=True, kw_only=True):
    """One file in the manifest."""

    name: str
    size_bytes: int
    sha256: str
    lines: int | None = None
    """Of JSON Lines."""


class ArchiveManifest(Value, frozen=True, kw_only=True):
    """What an archive holds; `manifest.json` in it."""

    format: int
    org_id: UUID
    archive_id: UUID
    made_at: dt.datetime
    media: bool
    files: list[ArchivedFile]


class ArchiveParts(msgspec.Struct, frozen=True, kw_only=True):
    """Stores and rules of archives."""

    relay: Pool
    pool: Pool
    """Of the role that erases, which sees an organisation's rows."""
    objects: S3Objects
    rules: DataRules
    work_dir: Path


class _LostError(Exception):
    """Another process works on the archive, or its organisation is erased."""


class _TooLargeError(Exception):
    """The archive would be larger than the installation makes them."""


async def write_next_archive(parts: ArchiveParts) -> bool:
    """Write, or remove, the archive that is due longest; False where none is.

    Raises Unavailable: it is then repeated once the claim has ended.
    """
    async with transaction(parts.relay) as connection:
        due = await claim_archive(connection, LEASE)
    if due is None:
        return False
    prefix = f"{due.org_id}/archives/{due.archive_id}/"
    if due.state == "done":
        await parts.objects.delete_prefix(prefix)
        await _end(parts, due, "expired", None, None)
        return True
    if due.multipart_id is not None:
        await parts.objects.abort_multipart(prefix + FILE_NAME, due.multipart_id)
    if due.tries > MAX_TRIES:
        await _end(parts, due, "failed", "archive.not_written", f"It could not be written in {MAX_TRIES} tries.")
        return True
    folder = parts.work_dir / "archives" / str(due.archive_id)
    multipart_id = await parts.objects.create_multipart(prefix + FILE_NAME, content_type="application/zip")
    try:
        await _write(parts, due, prefix + FILE_NAME, multipart_id, folder)
    except _LostError:
        await parts.objects.abort_multipart(prefix + FILE_NAME, multipart_id)
    except _TooLargeError as error:
        await parts.objects.abort_multipart(prefix + FILE_NAME, multipart_id)
        await _end(parts, due, "failed", "archive.too_large", str(error))
    except Gone:
        structlog.get_logger().warning("files of an archive are gone", archive_id=str(due.archive_id))
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return True


async def _end(parts: ArchiveParts, due: DueArchive, state: Any, reason: str | None, detail: str | None) -> None:
    async with transaction(parts.relay) as connection:
        await end_archive(connection, due, state, reason, detail)


async def _write(parts: ArchiveParts, due: DueArchive, key: str, multipart_id: str, folder: Path) -> None:
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    made_at = dt.datetime.now(dt.UTC)
    await _keep(parts, due, multipart_id)
    files: list[ArchivedFile] = []
    members: list[Member] = []
    for name, query in RESOURCES.items():
        file = await _spool(parts.pool, due.org_id, name, query, folder)
        files.append(file)
        read = partial(_read_blocks, folder / f"{name}.jsonl")
        members.append(Member(name=file.name, size=file.size_bytes, made_at=made_at, open=read))
    for reference in await _objects(parts.pool, due):
        file = _archived(reference, due.org_id)
        files.append(file)
        read = partial(parts.objects.stream, reference)
        members.append(Member(name=file.name, size=file.size_bytes, made_at=made_at, open=read))
    manifest = ArchiveManifest(
        format=LAYOUT_VERSION,
        org_id=due.org_id,
        archive_id=due.archive_id,
        made_at=made_at,
        media=due.media,
        files=files,
    )
    body = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    members.insert(0, Member(name="manifest.json", size=len(body), made_at=made_at, open=partial(_single_block, body)))
    total = sum(member.size for member in members)
    if total > parts.rules.archive_gb * GB:
        most = f"{parts.rules.archive_gb:g} GB"
        raise _TooLargeError(f"It would have {total / GB:.1f} GB, and the most is {most}: ask for it without media.")
    await _send(parts, due, key, multipart_id, members, counts=_count(files))


async def _keep(parts: ArchiveParts, due: DueArchive, multipart_id: str) -> None:
    async with transaction(parts.relay) as connection:
        if not await keep_claim(connection, due, LEASE, multipart_id):
            raise _LostError


async def _spool(pool: Pool, org_id: UUID, name: str, query: str, folder: Path) -> ArchivedFile:
    """Write the lines of a resource into a file of the folder."""
    digest, size, lines = hashlib.sha256(), 0, 0
    with (folder / f"{name}.jsonl").open("wb") as file:
        async with org_transaction(pool, org_id) as connection:
            async for row in connection.cursor(query, org_id, prefetch=FETCHED_ROWS):
                line = msgspec.json.encode(dict(row), enc_hook=str) + b"\n"
                digest.update(line)
                file.write(line)
                size, lines = size + len(line), lines + 1
    return ArchivedFile(name=f"{name}.jsonl", size_bytes=size, sha256=digest.hexdigest(), lines=lines)


async def _objects(pool: Pool, due: DueArchive) -> list[ObjectRef]:
    async with org_transaction(pool, due.org_id) as connection:
        columns = [row["files"] for row in await connection.fetch(REFERENCES, due.org_id)]
    return list_objects(columns, str(due.org_id), media=due.media)


def _archived(reference: ObjectRef, org_id: UUID) -> ArchivedFile:
    name = "files/" + reference.key.removeprefix(f"{org_id}/")
    return ArchivedFile(name=name, size_bytes=reference.size, sha256=reference.sha256)


def _count(files: list[ArchivedFile]) -> dict[str, int]:
    lines = {file.name.removesuffix(".jsonl"): file.lines for file in files if file.lines is not None}
    return {**lines, "files": sum(file.lines is None for file in files)}


async def _read_blocks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while block := await asyncio.to_thread(file.read, BLOCK_BYTES):
            yield block


async def _single_block(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def _send(
    parts: ArchiveParts, due: DueArchive, key: str, multipart_id: str, members: list[Member], counts: Mapping[str, int]
) -> None:
    """Send the zip in parts, and write that it is done."""
    digest, sent_parts, waiting = hashlib.sha256(), list[UploadPart](), bytearray()
    part_bytes = max(PART_BYTES, sum(member.size for member in members) // (MAX_PARTS // 2))
    async for block in stream_zip(members):
        digest.update(block)
        waiting += block
        while len(waiting) >= part_bytes:
            part = await parts.objects.put_part(key, multipart_id, len(sent_parts) + 1, bytes(waiting[:part_bytes]))
            sent_parts.append(part)
            del waiting[:part_bytes]
            await _keep(parts, due, multipart_id)
    sent_parts.append(await parts.objects.put_part(key, multipart_id, len(sent_parts) + 1, bytes(waiting)))
    await _keep(parts, due, multipart_id)
    stored = await parts.objects.complete_multipart(key, multipart_id, sent_parts)
    async with transaction(parts.relay) as connection:
        done = await finish_archive(
            connection,
            due,
            object_key=key,
            size_bytes=stored.size,
            sha256=digest.hexdigest(),
            counts=counts,
            expires_at=dt.datetime.now(dt.UTC) + dt.timedelta(days=parts.rules.archive_days),
        )
    if not done:
        raise Unavailable("archives", "the archive was ended while it was written")
