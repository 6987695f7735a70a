"""Headers of tus 1.0.0, read and written. Pure: what they ask for is done in api.uploads.appending."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any, NamedTuple

from starlette.datastructures import Headers

from api.problems.problem_details import ApiProblem

VERSION = "1.0.0"
EXTENSIONS = ("creation", "creation-with-upload", "expiration", "checksum", "termination")
CHECKSUMS = ("sha1", "sha256", "md5")
BODY_TYPE = "application/offset+octet-stream"
RESUMABLE = {"Tus-Resumable": VERSION}
MAX_METADATA_CHARACTERS = 8192
NAMES, TYPES = ("filename", "name"), ("filetype", "type", "content_type")
"""Keys of the metadata under which clients send the name of a file and its media type."""
_NUMBER = re.compile(r"[0-9]{1,18}")
_KEY = re.compile(r"[!-+\--~]{1,200}")
"""ASCII without space and comma."""


class Checksum:
    """A checksum that a body was announced with."""

    def __init__(self, algorithm: str, expected: bytes) -> None:
        """``expected``: the digest that the bytes must have."""
        self._digest: Any = hashlib.new(algorithm, usedforsecurity=False)
        self._expected = expected

    def update(self, piece: bytes) -> None:
        """Take the next bytes."""
        self._digest.update(piece)

    def check(self) -> None:
        """Raises ``checksum-mismatch`` unless the bytes have it."""
        if not hmac.compare_digest(self._digest.digest(), self._expected):
            raise ApiProblem("checksum-mismatch", f"The bytes have another {self._digest.name} than `Upload-Checksum`.")


class Described(NamedTuple):
    """What a client says about the file that it is going to send."""

    filename: str
    content_type: str | None
    purpose: str


def check_version(headers: Headers) -> None:
    """Raises ``tus-version`` unless the request is of the version that is spoken here."""
    version = headers.get("tus-resumable")
    if version != VERSION:
        detail = (
            f"The request says `Tus-Resumable: {version[:40]}`." if version else "The request has no `Tus-Resumable`."
        )
        raise ApiProblem("tus-version", f"{detail} This is tus {VERSION}.", headers={"Tus-Version": VERSION})


def upload_length(headers: Headers) -> int:
    """Bytes of the whole file, at least one. Raises ``malformed-request``."""
    if "upload-defer-length" in headers:
        raise malformed("`Upload-Defer-Length` is not spoken here: send the `Upload-Length`.")
    length = _number(headers, "Upload-Length")
    if length == 0:
        raise malformed("`Upload-Length` is 0: an empty file cannot be used.")
    return length


def upload_offset(headers: Headers) -> int:
    """The byte that the body begins at. Raises ``malformed-request``."""
    return _number(headers, "Upload-Offset")


def _number(headers: Headers, name: str) -> int:
    text = headers.get(name)
    if text is None:
        raise malformed(f"The request has no `{name}`.")
    if not _NUMBER.fullmatch(text):
        raise malformed(f"`{name}` must be a whole number of bytes.")
    return int(text)


def check_body_type(headers: Headers) -> None:
    """Raises ``unsupported-media-type`` for a body that is not announced as bytes at an offset."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != BODY_TYPE:
        raise ApiProblem("unsupported-media-type", f"Send the bytes as `Content-Type: {BODY_TYPE}`.")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise ApiProblem("unsupported-media-type", "The bytes are encoded: send them as they are.")


def has_body(headers: Headers) -> bool:
    """Whether a request that makes an upload carries bytes of it."""
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def announced_bytes(headers: Headers) -> int:
    """Bytes of the body, 0 where that is not said; the server has checked that it is a number."""
    return int(headers.get("content-length", "0"))


def read_checksum(headers: Headers) -> Checksum | None:
    """The checksum of the body, if it was sent with one. Raises ``malformed-request``."""
    text = headers.get("upload-checksum")
    if text is None:
        return None
    algorithm, _, encoded = text.partition(" ")
    if algorithm not in CHECKSUMS:
        raise malformed(f"`Upload-Checksum` must be of {', '.join(CHECKSUMS)}.")
    expected = _base64(encoded)
    if expected is None or len(expected) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise malformed(f"`Upload-Checksum` must be `{algorithm}` and its digest in Base64.")
    return Checksum(algorithm, expected)


def read_metadata(text: str) -> dict[str, str]:
    """The pairs of an Upload-Metadata header. Raises ``malformed-request``."""
    if len(text) > MAX_METADATA_CHARACTERS:
        raise malformed(f"`Upload-Metadata` has at most {MAX_METADATA_CHARACTERS} characters.")
    pairs: dict[str, str] = {}
    for pair in text.split(",") if text else ():
        key, _, encoded = pair.strip().partition(" ")
        if not _KEY.fullmatch(key):
            raise malformed("Each key of `Upload-Metadata` is ASCII without spaces and commas.")
        if key in pairs:
            raise malformed(f"`Upload-Metadata` names `{key}` twice.")
        pairs[key] = _text(key, encoded.strip())
    return pairs


def _text(key: str, encoded: str) -> str:
    value = _base64(encoded)
    try:
        text = value.decode() if value is not None else None
    except UnicodeDecodeError:
        text = None
    if text is None:
        raise malformed(f"The value of `{key}` in `Upload-Metadata` must be UTF-8 in Base64.")
    if "\0" in text:
        raise malformed(f"The value of `{key}` in `Upload-Metadata` holds the character NUL.")
    return text


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def describe(metadata: Mapping[str, str]) -> Described:
    """The name, media type and purpose of a file, by the names that clients use for them."""
    filename = next((metadata[key] for key in NAMES if metadata.get(key)), "upload")
    content_type = next((metadata[key] for key in TYPES if metadata.get(key)), None)
    return Described(filename, content_type, metadata.get("purpose") or "source")


def expiry(at: dt.datetime) -> str:
    """A time as Upload-Expires writes it."""
    return format_datetime(at.astimezone(dt.UTC), usegmt=True)


def malformed(detail: str) -> ApiProblem:
    """A 400 about a header."""
    return ApiProblem("malformed-request", detail)
