"""The object store over S3: the `Objects` and `Uploads` ports on boto3.

Each key ends in its object's SHA-256.

boto3 blocks, so each call runs in this module's own small pool of threads. Presigning is arithmetic and stays on the
loop. Botocore's errors leave as Unavailable (try later), Gone (not there; a KeyError) or InputRejected (bad parts).
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar, cast

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from core.errors import InputRejected, Unavailable
from core.infra.s3.client import PART, READ_S, THREADS, TRIES, disposition, ensure_bucket, make_client, translated
from core.infra.usage_meter import count
from core.ports.stores import ObjectHead, UploadPart
from core.progress import Report
from core.settings import Settings
from schemas.common import ObjectRef

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

__all__ = ["S3Objects", "ensure_bucket", "open_objects"]

T = TypeVar("T")
MULTIPART = TransferConfig(multipart_threshold=64 * 2**20, multipart_chunksize=16 * 2**20, max_concurrency=2)
DELETE_BATCH_SIZE = 1000
MAX_PARTS = 10_000
BLOCK_BYTES = 2**20
SIGNED_AGAIN_S, MOST_SIGNED = 60, 4096


def file_sha256(path: Path, tell: Callable[[int], object] = lambda _: None) -> str:
    """SHA-256 of a file, read block by block; ``tell`` gets the size of each."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            tell(len(block))
    return digest.hexdigest()


def _teller(report: Report | None) -> Callable[[int], None]:
    """Return a function that takes sizes in any thread and reports their sum on the loop.

    Sizes may be negative: a part that is sent again.
    """
    loop, lock, total = asyncio.get_running_loop(), Lock(), 0

    def tell(count: int) -> None:
        nonlocal total
        with lock:
            total += count
            if report is not None:
                loop.call_soon_threadsafe(report, total)

    return tell


class S3Objects:
    """`Objects` and `Uploads` on one bucket. ``public`` is the endpoint that presigned URLs name."""

    def __init__(
        self,
        *,
        endpoint: str,
        access_key: str,
        secret_key: str,
        bucket: str,
        public: str = "",
        now: Callable[[], float] = time.monotonic,
        threads: int = THREADS,
        read_s: float = READ_S,
        tries: int = TRIES,
    ) -> None:
        """Opens no connection; `close` ends the pool of ``threads``. ``now`` is a clock in seconds.

        A call is tried ``tries`` times and waits at most ``read_s`` for each answer.
        """
        self._now = now
        self._client: S3Client = make_client(endpoint, access_key, secret_key, read_s=read_s, tries=tries)
        self._signer = make_client(public, access_key, secret_key) if public else self._client
        self._signed = lru_cache(maxsize=MOST_SIGNED)(self._sign)
        self._bucket = bucket
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="objects")

    async def _call(self, key: str, function: Callable[[], T]) -> T:
        def work() -> T:
            with translated(key):
                return function()

        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """End the threads; calls under way finish."""
        self._pool.shutdown(wait=False)
        self._client.close()

    async def put(self, prefix: str, body: bytes, content_type: str, suffix: str = "") -> ObjectRef:
        """Store bytes under ``<prefix>/<sha256><suffix>``."""
        sha256 = hashlib.sha256(body).hexdigest()
        key = f"{prefix.rstrip('/')}/{sha256}{suffix}"
        send = partial(self._client.put_object, Bucket=self._bucket, Key=key, Body=body, ContentType=content_type)
        await self._call(key, send)
        count("stored_bytes", len(body))
        return ObjectRef(key=key, sha256=sha256, size=len(body))

    async def put_file(
        self, prefix: str, path: Path, content_type: str, suffix: str = "", report: Report | None = None
    ) -> ObjectRef:
        """Store a file under ``<prefix>/<sha256><suffix>``, in parts above 64 MiB.

        ``report`` counts bytes hashed and bytes sent: a large file takes longer than a lease.
        """
        tell = _teller(report)

        def work() -> ObjectRef:
            sha256 = file_sha256(path, tell)
            key = f"{prefix.rstrip('/')}/{sha256}{suffix}"
            extra = {"ContentType": content_type}
            self._client.upload_file(str(path), self._bucket, key, ExtraArgs=extra, Config=MULTIPART, Callback=tell)
            return ObjectRef(key=key, sha256=sha256, size=path.stat().st_size)

        stored = await self._call(prefix, work)
        count("stored_bytes", stored.size)
        return stored

    async def get(self, ref: ObjectRef) -> bytes:
        """Read all bytes. Raises Unavailable if they do not match the reference's SHA-256 (a torn read)."""

        def work() -> bytes:
            return self._client.get_object(Bucket=self._bucket, Key=ref.key)["Body"].read()

        body = await self._call(ref.key, work)
        count("read_bytes", len(body))
        if hashlib.sha256(body).hexdigest() != ref.sha256:
            raise Unavailable(PART, f"{ref.key!r} came back as {len(body)} other bytes than {ref.sha256}: restore it")
        return body

    async def read_range(self, key: str, start: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``start``; none at or after the end."""

        def work() -> bytes:
            window = f"bytes={start}-{start + length - 1}"
            try:
                return self._client.get_object(Bucket=self._bucket, Key=key, Range=window)["Body"].read()
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") == "InvalidRange":
                    return b""
                raise

        body = b"" if length <= 0 else await self._call(key, work)
        count("read_bytes", len(body))
        return body

    async def stream(self, ref: ObjectRef) -> AsyncIterator[bytes]:
        """Read all bytes, range by range. Raises Unavailable at the end if they do not match the SHA-256."""
        digest, done = hashlib.sha256(), 0
        while done < ref.size:
            block = await self.read_range(ref.key, done, min(BLOCK_BYTES, ref.size - done))
            if not block:
                break
            digest.update(block)
            done += len(block)
            yield block
        if digest.hexdigest() != ref.sha256:
            raise Unavailable(PART, f"{ref.key!r} came back as {done} other bytes than {ref.sha256}: restore it")

    async def size(self, key: str) -> int:
        """Bytes of an object."""
        return (await self.head(key)).size

    async def head(self, key: str) -> ObjectHead:
        """Size and time of the object under ``key``."""
        answer = await self._call(key, partial(self._client.head_object, Bucket=self._bucket, Key=key))
        return ObjectHead(
            key=key, size=answer["ContentLength"], etag=answer["ETag"].strip('"'), content_type=answer["ContentType"]
        )

    async def copy(self, key: str, to: str) -> ObjectHead:
        """Copy an object inside the store, as it is now; S3 takes at most 5 GB, as a single PUT does."""
        source: Any = {"Bucket": self._bucket, "Key": key}
        await self._call(key, partial(self._client.copy_object, Bucket=self._bucket, Key=to, CopySource=source))
        return await self.head(to)

    async def list_prefix(self, prefix: str, *, limit: int | None = 1000) -> list[ObjectHead]:
        """The first ``limit`` objects under a prefix (None: all of them), by key."""

        def work() -> list[ObjectHead]:
            bound: Any = {"MaxItems": limit}  # the types do not know that None means no bound
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix, PaginationConfig=bound
            )
            return [
                ObjectHead(
                    key=item["Key"], size=item["Size"], etag=item["ETag"].strip('"'), modified_at=item["LastModified"]
                )
                for page in pages
                for item in page.get("Contents", [])
            ]

        return await self._call(prefix, work)

    async def delete_prefix(self, prefix: str) -> int:
        """Delete everything under a prefix, page by page, and return the number of objects."""
        if not prefix.strip("/"):
            raise ValueError("delete_prefix needs a prefix: an empty one would empty the bucket")
        count = 0
        while objects := await self.list_prefix(prefix, limit=DELETE_BATCH_SIZE):
            count += await self.delete_keys([item.key for item in objects])
        return count

    async def delete_keys(self, keys: Sequence[str]) -> int:
        """Delete these objects and return their number. Raises Unavailable if some stay."""
        for at in range(0, len(keys), DELETE_BATCH_SIZE):
            batch: Any = {"Objects": [{"Key": key} for key in keys[at : at + DELETE_BATCH_SIZE]], "Quiet": True}
            delete = partial(self._client.delete_objects, Bucket=self._bucket, Delete=batch)
            failed = (await self._call(keys[at], delete)).get("Errors", [])
            if failed:
                raise Unavailable(PART, f"{len(failed)} objects were not deleted: {failed[0]}")
        return len(keys)

    def presign_get(self, key: str, *, filename: str, expires_s: int, shown_as: str = "") -> str:
        """A URL that answers GET and Range for at least ``expires_s``, and downloads as ``filename``.

        With ``shown_as`` it is answered as of that media type, whatever it was stored as, and shown in its place. The
        same URL is returned for a minute: signing is most of the cost of an answer that names a dozen files.
        """
        return self._signed(key, filename, expires_s, shown_as, int(self._now() // SIGNED_AGAIN_S))

    def _sign(self, key: str, filename: str, expires_s: int, shown_as: str, minute: int) -> str:
        del minute  # it only tells one answer that is kept from the next
        parameters = {"Bucket": self._bucket, "Key": key, "ResponseContentDisposition": disposition(filename)}
        if shown_as:
            parameters |= {"ResponseContentDisposition": "inline", "ResponseContentType": shown_as}
        return self._signer.generate_presigned_url(
            "get_object", Params=parameters, ExpiresIn=expires_s + SIGNED_AGAIN_S
        )

    def presign_put(self, key: str, *, content_type: str, expires_s: int, size: int | None = None) -> str:
        """A URL that takes one PUT of exactly this content type (and this many bytes, when given)."""
        parameters: dict[str, Any] = {"Bucket": self._bucket, "Key": key, "ContentType": content_type}
        if size is not None:
            parameters["ContentLength"] = size
        return self._signer.generate_presigned_url("put_object", Params=parameters, ExpiresIn=expires_s)

    async def create_multipart(self, key: str, *, content_type: str) -> str:
        """Begin a multipart upload and return its id."""
        begin = partial(self._client.create_multipart_upload, Bucket=self._bucket, Key=key, ContentType=content_type)
        return (await self._call(key, begin))["UploadId"]

    def sign_part(self, key: str, upload_id: str, number: int, *, expires_s: int, size: int | None = None) -> str:
        """A URL that takes one PUT of part ``number`` (of exactly ``size`` bytes, when given)."""
        if not 1 <= number <= MAX_PARTS:
            raise InputRejected("upload.parts", f"A part number lies between 1 and {MAX_PARTS}, not {number}.")
        parameters: dict[str, Any] = {"Bucket": self._bucket, "Key": key, "UploadId": upload_id, "PartNumber": number}
        if size is not None:
            parameters["ContentLength"] = size
        return self._signer.generate_presigned_url("upload_part", Params=parameters, ExpiresIn=expires_s)

    async def put_part(self, key: str, upload_id: str, number: int, body: bytes | bytearray) -> UploadPart:
        """Store part ``number`` of a multipart upload."""
        send = partial(
            self._client.upload_part,
            Bucket=self._bucket,
            Key=key,
            UploadId=upload_id,
            PartNumber=number,
            Body=cast("bytes", body),  # a bytearray is sent without a copy; the types do not know
        )
        answer = await self._call(key, send)
        count("stored_bytes", len(body))
        return UploadPart(number=number, etag=answer["ETag"].strip('"'), size=len(body))

    async def write(self, key: str, body: bytes | bytearray) -> None:
        """Store bytes under this very key."""
        await self._call(key, partial(self._client.put_object, Bucket=self._bucket, Key=key, Body=cast("bytes", body)))
        count("stored_bytes", len(body))

    async def list_parts(self, key: str, upload_id: str) -> list[UploadPart]:
        """Parts that arrived, by number."""

        def work() -> list[UploadPart]:
            pages = self._client.get_paginator("list_parts").paginate(Bucket=self._bucket, Key=key, UploadId=upload_id)
            return [
                UploadPart(number=part["PartNumber"], etag=part["ETag"].strip('"'), size=part["Size"])
                for page in pages
                for part in page.get("Parts", [])
            ]

        return await self._call(key, work)

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[UploadPart]) -> ObjectHead:
        """Join the parts to one object. Raises InputRejected if a part is missing, too small, or another one."""
        listed: Any = {"Parts": [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in parts]}
        finish = partial(
            self._client.complete_multipart_upload,
            Bucket=self._bucket,
            Key=key,
            UploadId=upload_id,
            MultipartUpload=listed,
        )
        await self._call(key, finish)
        return await self.head(key)

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        """Abort a multipart upload; repeating it is fine."""
        forget = partial(self._client.abort_multipart_upload, Bucket=self._bucket, Key=key, UploadId=upload_id)
        try:
            await self._call(key, forget)
        except KeyError:
            return


def open_objects(
    settings: Settings, *, threads: int = THREADS, read_s: float = READ_S, tries: int = TRIES
) -> S3Objects:
    """The store of the settings."""
    return S3Objects(
        endpoint=settings.s3,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key,
        bucket=settings.s3_bucket,
        public=settings.s3_public,
        threads=threads,
        read_s=read_s,
        tries=tries,
    )
