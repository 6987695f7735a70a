"""Append bytes to an upload: each full part goes to the store, what fills none is kept as the tail.

One writer at a time, by a lease; at most one part of each is in memory. Nothing here knows of headers.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import msgspec
import structlog
from starlette.requests import ClientDisconnect

from api.http.context import ApiContext
from api.http.limits.turns import Turn
from api.problems.problem_details import ApiProblem, require
from api.uploads.models import MAX_PARTS, MIB, PART_MIN_BYTES
from api.uploads.tus_headers import Checksum
from core.errors import Unavailable
from core.infra.postgres.connection import org_transaction
from core.ports.stores import UploadPart
from core.services.orphan_cleanup import UPLOAD_AGE, plan_upload_sweep
from core.storage.appended.appended_uploads import (
    LEASE,
    AppendedUpload,
    advance,
    claim_writer,
    find_appended,
    release_writer,
    renew_writer,
    resize_upload,
)

MAX_PART_BYTES = 32 * MIB
"""Most bytes of a part, and so of the memory of one writer."""
MAX_APPENDED_BYTES = MAX_PART_BYTES * MAX_PARTS
_RENEW_S = LEASE.total_seconds() / 4
_RELEASE_S = 2.0


def part_bytes_of(size_bytes: int) -> int:
    """Bytes of each part but the last, in whole MiB: a file of ``size_bytes`` has at most 10,000 parts."""
    return max(PART_MIN_BYTES, math.ceil(size_bytes / MAX_PARTS / MIB) * MIB)


async def find_appended_upload(context: ApiContext, org_id: UUID, upload_id: UUID) -> AppendedUpload:
    """An appended upload of the caller's organisation; raises a 404."""
    async with org_transaction(context.pool, org_id) as rows:
        return require(await find_appended(rows, org_id, upload_id), "upload")


class Appender:
    """The one writer of an upload."""

    def __init__(
        self, context: ApiContext, org_id: UUID, upload: AppendedUpload, writer: UUID, *, all_or_nothing: bool
    ) -> None:
        """``all_or_nothing``: nothing counts as stored before `keep`, as all of it may have to be taken back."""
        self._context, self._org_id, self._upload, self._writer = context, org_id, upload, writer
        self._all_or_nothing = all_or_nothing
        self._number = upload.offset_bytes // upload.part_bytes
        """Whole parts so far, those that do not count yet among them."""
        self._stored: list[UploadPart] = []
        """Parts in the store that no row names yet."""
        self._buffer = bytearray()
        self._tail_key = upload.tail_key
        self._kept_offset = upload.offset_bytes
        self.offset = upload.offset_bytes
        """Bytes of the upload so far, in the store or in memory."""
        self.expires_at: dt.datetime = upload.expires_at

    @property
    def is_full(self) -> bool:
        """Whether every byte was taken."""
        return self.offset == self._upload.size_bytes

    async def load_tail(self) -> None:
        """Read the bytes behind the last whole part again: the part is stored with them."""
        tail_bytes = self.offset - self._number * self._upload.part_bytes
        if tail_bytes <= 0 or self._tail_key is None:
            return
        try:
            tail = await self._context.uploads.read_range(self._tail_key, 0, tail_bytes)
        except KeyError:
            tail = b""
        if len(tail) != tail_bytes:
            raise Unavailable("objects", f"{len(tail)} of {tail_bytes} bytes of {self._tail_key!r} came back")
        self._buffer = bytearray(tail)

    async def append(self, piece: bytes) -> None:
        """Take the next bytes. Raises ``body-too-large`` beyond the size of the upload."""
        if self.offset + len(piece) > self._upload.size_bytes:
            raise too_many_bytes(self._upload.size_bytes)
        rest = memoryview(piece)
        while rest:
            room = self._part_end() - self.offset
            self._buffer += rest[:room]
            self.offset += min(room, len(rest))
            rest = rest[room:]
            if self.offset == self._part_end() and not self.is_full:  # a last part may turn out to be followed by more
                await self._store_part()

    def _part_end(self) -> int:
        return min((self._number + 1) * self._upload.part_bytes, self._upload.size_bytes)

    async def _store_part(self) -> None:
        upload, body, self._buffer = self._upload, self._buffer, bytearray()
        try:
            part = await self._context.uploads.put_part(upload.object_key, upload.multipart_id, self._number + 1, body)
        except KeyError:
            raise gone() from None  # ended while its bytes came
        self._number += 1
        self._stored.append(part)
        if not self._all_or_nothing and not self.is_full:
            await self._commit(None)

    async def end_here(self) -> None:
        """Make what came the whole file, where its size was not known before."""
        async with org_transaction(self._context.pool, self._org_id) as rows:
            await resize_upload(rows, self._org_id, self._upload.upload_id, self.offset)
        self._upload = msgspec.structs.replace(self._upload, size_bytes=self.offset)

    async def keep(self) -> None:
        """Count all bytes so far as stored; what fills no part is the tail."""
        if self.offset == self._kept_offset:
            return
        if self.is_full:
            await self._store_part()
        tail_key = None
        if self._buffer:
            tail_key = f"{self._upload.object_key}.tail.{self._context.new_id().hex}"
            await self._context.uploads.write(tail_key, self._buffer)
        try:
            await self._commit(tail_key)
        except ApiProblem:
            await self._remove(tail_key)
            raise

    async def pause(self) -> None:
        """Keep what came, and hold no memory."""
        await self.keep()
        self._buffer = bytearray()

    async def _commit(self, tail_key: str | None) -> None:
        upload, replaced = self._upload, self._tail_key
        async with org_transaction(self._context.pool, self._org_id) as rows:
            expires_at = await advance(
                rows,
                self._org_id,
                upload.upload_id,
                self._writer,
                offset=self.offset,
                parts=self._stored,
                tail_key=tail_key,
                lifetime=UPLOAD_AGE,
            )
            if expires_at is not None:
                await plan_upload_sweep(rows, self._org_id, upload.upload_id)
        if expires_at is None:
            raise await self._lost()
        self.expires_at, self._kept_offset, self._tail_key, self._stored = expires_at, self.offset, tail_key, []
        await self._remove(replaced)

    async def _lost(self) -> ApiProblem:
        """Why the row says no to this writer."""
        upload = await find_appended_upload(self._context, self._org_id, self._upload.upload_id)
        return gone() if upload.state != "open" else locked()

    async def _remove(self, tail_key: str | None) -> None:
        if tail_key is None:
            return
        try:
            await self._context.uploads.delete_keys([tail_key])
        except Unavailable as error:  # the sweep of uploads removes what is left
            structlog.get_logger("api").warning("tail stays", part=error.part)


@asynccontextmanager
async def appending(
    context: ApiContext, org_id: UUID, upload_id: UUID, offset: int, *, all_or_nothing: bool = False
) -> AsyncIterator[Appender]:
    """Be the one writer of an upload behind ``offset``, for the length of the body.

    Raises:
        ApiProblem: ``upload-gone``; ``upload-locked`` where another one writes; ``offset-mismatch``.
    """
    writer = context.new_id()
    async with org_transaction(context.pool, org_id) as rows:
        claimed = await claim_writer(rows, org_id, upload_id, writer, offset)
        upload = require(await find_appended(rows, org_id, upload_id), "upload")
    try:
        if upload.state != "open":
            raise gone()
        if not claimed:
            raise locked() if upload.taken else off_by(upload.offset_bytes)
        async with _renewed(context, org_id, upload_id, writer):
            yield Appender(context, org_id, upload, writer, all_or_nothing=all_or_nothing)
    finally:
        if claimed:
            await asyncio.shield(_release(context, org_id, upload_id, writer))


async def _release(context: ApiContext, org_id: UUID, upload_id: UUID, writer: UUID) -> None:
    with suppress(Unavailable, TimeoutError):  # the lease ends by itself
        async with asyncio.timeout(_RELEASE_S), org_transaction(context.pool, org_id) as rows:
            await release_writer(rows, org_id, upload_id, writer)


@asynccontextmanager
async def _renewed(context: ApiContext, org_id: UUID, upload_id: UUID, writer: UUID) -> AsyncIterator[None]:
    """Renew the lease of a writer for the length of the body; one that was lost shows at the next commit."""

    async def renew() -> None:
        is_writer = True
        while is_writer:
            await asyncio.sleep(_RENEW_S)
            with suppress(Unavailable):
                async with org_transaction(context.pool, org_id) as rows:
                    is_writer = await renew_writer(rows, org_id, upload_id, writer)

    task = asyncio.create_task(renew())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def append_stream(
    context: ApiContext,
    org_id: UUID,
    appender: Appender,
    pieces: AsyncIterator[bytes],
    checksum: Checksum | None = None,
    *,
    is_size_known: bool = True,
) -> None:
    """Append the pieces in order, and keep them.

    What came of a stream that breaks off is kept as well, unless it has a checksum.

    Raises:
        ApiProblem: ``checksum-mismatch``, ``body-too-large``, ``slow-body``, ``rate-limited``.
        ClientDisconnect: The stream broke off.
    """
    async with context.appends.take(str(org_id)) as turn:
        await appender.load_tail()
        try:
            async for piece in pieces:
                if turn.is_over():
                    await _wait_again(appender, turn, checksum)
                await appender.append(piece)
                if checksum is not None:
                    checksum.update(piece)
        except (ClientDisconnect, ApiProblem) as error:
            is_broken_off = isinstance(error, ClientDisconnect) or error.code == "slow-body"
            if checksum is None and is_broken_off:
                await appender.keep()
            raise
        if checksum is not None:
            checksum.check()
        if not is_size_known:
            await appender.end_here()
        await appender.keep()


async def _wait_again(appender: Appender, turn: Turn, checksum: Checksum | None) -> None:
    """Let others take a turn: what came is kept first, and no memory held meanwhile."""
    if checksum is not None:  # its bytes can neither be kept yet nor be forgotten
        raise ApiProblem("slow-body", "Bytes with a checksum came too slowly for one turn: send fewer at once.")
    await appender.pause()
    turn.end()
    await turn.begin()
    await appender.load_tail()


def gone() -> ApiProblem:
    """A 410 for an upload that was aborted or has expired."""
    return ApiProblem("upload-gone", "The upload was ended, or nothing came for a day.")


def locked() -> ApiProblem:
    """A 423 for an upload that another one writes to."""
    return ApiProblem("upload-locked", "Another request writes to the upload.", headers={"Retry-After": "2"})


def off_by(offset: int) -> ApiProblem:
    """A 409 that names the offset of the upload."""
    return ApiProblem("offset-mismatch", f"The upload is at byte {offset}.", headers={"Upload-Offset": str(offset)})


def too_many_bytes(size_bytes: int) -> ApiProblem:
    """A 413 for bytes behind the end of an upload."""
    return ApiProblem("body-too-large", f"The upload ends at byte {size_bytes}.")
