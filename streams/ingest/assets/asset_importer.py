"""Check a file of a brand kit in a child, and store what is used of it, or refuse it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import ots

from core.errors import InputRejected, Unavailable
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause, put
from core.media.sandbox.confinement import ChildLimits
from core.media.sandbox.external_tool import run_tool
from core.media.sandbox.parent import LocalSource, run_child
from core.ports.stores import Objects
from core.progress import Report, Steps
from core.services.orphan_cleanup import plan_asset_sweep, plan_upload_sweep
from core.settings import MediaLimits
from core.storage import assets
from schemas import events
from schemas.common import ObjectRef
from schemas.options.brand_kit import MAX_ASSET_BYTES, AssetFacts, AssetKind, CheckedAsset
from streams.ingest.assets.messages import INDEX_FILE, SANITISED_FILE, AssetCheckArgs, InspectedAsset, check_font_magic
from streams.runtime import dead_letters
from streams.runtime.context import StageContext

ASSET_ENTRY_POINT = "streams.ingest.assets.child:main"
"""Entry point of the asset child."""
CHILD_LIMITS = ChildLimits(memory_bytes=1_500_000_000, cpu_s=120, wall_s=240.0, file_bytes=2**30, nice=10)
"""Limits of the child that opens the file."""
TOOL_LIMITS = ChildLimits(memory_bytes=500_000_000, cpu_s=20, wall_s=40.0, file_bytes=2**27, nice=10)
"""Limits of the font sanitiser."""
FETCH_PART_BYTES = 8 * 2**20
"""Bytes that are read from the object store at once."""
UPLOAD_FILE = "received.bin"
"""Name of the upload in the scratch folder."""
MEDIA_TYPES = {".png": "image/png", ".ttf": "font/ttf", ".otf": "font/otf"}
"""Media types of the files that we write; an upload kept as it is has none of them."""


class AssetCheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """The checked asset, and its CPU time."""

    asset: CheckedAsset
    cpu_ms: int


async def check_asset(
    kind: AssetKind, object_key: str, *, objects: Objects, limits: MediaLimits, scratch: Path, prefix: str,
    report: Report,
) -> AssetCheckResult:  # fmt: skip
    """Check an upload and store what is used of it under ``prefix``. Raises InputRejected and Unavailable."""
    progress = Steps(report)
    upload = scratch / UPLOAD_FILE
    await _fetch_upload(kind, object_key, objects, upload, progress.part())
    if kind == "font":
        await _sanitise_font(upload, scratch)
    args = msgspec.to_builtins(AssetCheckArgs(kind=kind, scratch=str(scratch), limits=limits))
    with LocalSource(upload) as source:
        child_result = await run_child(
            ASSET_ENTRY_POINT, args, scratch=scratch, limits=CHILD_LIMITS, source=source, report=progress.part()
        )
    inspected = msgspec.convert(child_result, InspectedAsset)
    asset = await _store_asset(kind, inspected, scratch, objects, prefix)
    return AssetCheckResult(asset=asset, cpu_ms=inspected.cpu_ms)


async def _fetch_upload(kind: AssetKind, key: str, objects: Objects, path: Path, report: Report) -> None:
    """Fetch the upload to ``path``, within the size for its kind."""
    try:
        size = await objects.size(key)
    except KeyError:
        raise InputRejected("upload.not_found", "The uploaded file is not there: upload it again.") from None
    if not 0 < size <= MAX_ASSET_BYTES[kind]:
        raise InputRejected(f"{kind}.too_large", f"The file has {size} bytes; {MAX_ASSET_BYTES[kind]} is most.")
    with path.open("wb") as file:
        while (start := file.tell()) < size:
            part = await objects.read_range(key, start, min(FETCH_PART_BYTES, size - start))
            if not part:
                raise Unavailable("objects", f"{key!r} ended at {start} of {size} bytes")
            await asyncio.to_thread(file.write, part)
            report(file.tell())


async def _sanitise_font(upload: Path, scratch: Path) -> None:
    """Let the OpenType Sanitizer rewrite a font table by table, or refuse it."""
    with upload.open("rb") as file:
        check_font_magic(file.read(8))
    command = [ots.OTS_SANITIZE, str(upload), str(scratch / SANITISED_FILE)]
    tool_result = await run_tool(command, scratch=scratch, limits=TOOL_LIMITS)
    if tool_result.code != 0 or not (scratch / SANITISED_FILE).exists():
        tool_error = next((line for line in tool_result.said.splitlines() if "ERROR" in line), "")[:200]
        raise InputRejected("font.unsafe", f"The font is damaged or not made as fonts are. {tool_error}".strip())


async def _store_asset(
    kind: AssetKind, inspected: InspectedAsset, scratch: Path, objects: Objects, prefix: str
) -> CheckedAsset:
    """Store the file to use, and the index of a video or of music."""
    used_path = scratch / (inspected.file or UPLOAD_FILE)
    media_type = MEDIA_TYPES.get(inspected.suffix, "application/octet-stream")
    asset_ref: ObjectRef = await objects.put_file(prefix, used_path, media_type, inspected.suffix)
    index = None
    if kind in ("video", "music"):
        index = await objects.put_file(prefix, scratch / INDEX_FILE, "application/msgpack", ".msgpack")
    facts = {name: getattr(inspected, name) for name in AssetFacts.__struct_fields__}
    return CheckedAsset(kind=kind, object=asset_ref, index=index, **facts)


async def find_upload(context: StageContext, event: events.AssetReceived) -> str | None:
    """Return the key of the uploaded file, None if it was checked before.

    The key comes from the row, never from the event. A file that was given up through no fault of its own is
    checked again when an operator replays its letter.
    """
    async with org_transaction(context.pool, event.org_id) as connection:
        return await assets.find_key_to_check(
            connection, event.org_id, event.asset_id, event.kind, retry_reasons=list(dead_letters.CUSTOMER_SENTENCES)
        )


async def commit_checked(
    connection: Connection, event: events.AssetReceived, asset: CheckedAsset, cause: Cause
) -> None:
    """Commit the checked asset; its upload is swept after a day, an archived one sooner."""
    upload = await assets.write_checked(
        connection, event.org_id, event.asset_id, asset, cause.now, retry_reasons=list(dead_letters.CUSTOMER_SENTENCES)
    )
    if upload is None:
        return
    await plan_upload_sweep(connection, event.org_id, upload.upload_id)
    if upload.archived:
        await plan_asset_sweep(connection, event.org_id, event.asset_id)
    event_fields: dict[str, Any] = {"org_id": event.org_id, "asset_id": event.asset_id, "kind": event.kind}
    await put(connection, events.AssetChecked(object=asset.object, **event_fields), cause)


async def commit_refused(
    connection: Connection, event: events.AssetReceived, reason: str, detail: str, cause: Cause
) -> None:
    """Commit the refusal with its reason."""
    upload_id = await assets.write_refused(
        connection,
        event.org_id,
        event.asset_id,
        reason=reason,
        detail=detail,
        at=cause.now,
        retry_reasons=list(dead_letters.CUSTOMER_SENTENCES),
    )
    if upload_id is None:
        return
    await plan_upload_sweep(connection, event.org_id, upload_id)
    asset_fields: dict[str, Any] = {"org_id": event.org_id, "asset_id": event.asset_id, "kind": event.kind}
    await put(connection, events.AssetRefused(reason=reason, detail=detail, **asset_fields), cause)
