"""The S3 client: how it is created, how its errors are translated, how the bucket is created."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from core.errors import Gone, InputRejected, Unavailable
from core.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PART = "objects"
THREADS = 8
READ_S, TRIES = 30.0, 3
REGION = "us-east-1"
MISSING = {"NoSuchKey", "NoSuchUpload", "NotFound", "404"}
BAD_PARTS = {"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "EntityTooLarge"}


def make_client(
    endpoint: str, access_key: str, secret_key: str, *, read_s: float = READ_S, tries: int = TRIES
) -> S3Client:
    """Create an S3 client of ``endpoint``; it connects at the first call."""
    config = Config(
        connect_timeout=3,
        read_timeout=read_s,
        retries={"mode": "standard", "max_attempts": tries},
        max_pool_connections=THREADS * 2,
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        region_name=REGION,
        config=config,
    )


@contextmanager
def translated(key: str) -> Iterator[None]:
    """Translate botocore's errors into ours."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in MISSING:
            raise Gone(key) from error
        if code in BAD_PARTS:
            raise InputRejected("upload.parts", f"The parts of the upload do not fit together: {error}") from error
        raise Unavailable(PART, f"{code or 'error'} for {key!r}: {error}") from error
    except (BotoCoreError, Boto3Error, OSError) as error:
        raise Unavailable(PART, f"{type(error).__name__} for {key!r}: {error}") from error


def disposition(filename: str) -> str:
    """Content-Disposition for any file name: an ASCII fallback and the UTF-8 form (RFC 6266)."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\;%' else "_" for c in filename) or "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _make_bucket(client: S3Client, bucket: str, origins: Sequence[str]) -> None:
    try:
        client.create_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise
    rule: Any = {
        "AllowedOrigins": list(origins),
        "AllowedMethods": ["GET", "HEAD", "PUT"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag", "Content-Range", "Accept-Ranges"],
        "MaxAgeSeconds": 3600,
    }
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})


async def ensure_bucket(settings: Settings, *, origins: Sequence[str] = ("*",)) -> None:
    """Create the bucket and let browsers put parts and read their ETag; safe to repeat.

    Any origin is allowed by default: the signature in its URL guards an object, not the page that uses it.
    """

    def work() -> None:
        client = make_client(settings.s3, settings.s3_access_key, settings.s3_secret_key)
        with translated(settings.s3_bucket):
            _make_bucket(client, settings.s3_bucket, origins)
        client.close()

    await asyncio.to_thread(work)
