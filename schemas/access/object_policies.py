"""Rights of each process in the object store, as policies in the language of S3 (IAM).

All read: results lead from one stage to the next. A stage writes its own kinds of objects only, the relay archives of
organisations. Nothing is removed but by the relay, which erases, and the tails of uploads by the API, which replaces
them. ``ListBucket`` makes an absent object a 404 and no 403.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

VERSION = "2012-10-17"
"""Of the policy language."""
_OF_PROJECT = "*/*/{kind}/*"
"""Keys are ``<org>/<project>/<kind>/<result>/<sha256>`` (streams/runtime/context.py)."""
WRITES: Mapping[str, tuple[str, ...]] = {
    "api": ("*/uploads/*", *(_OF_PROJECT.format(kind=kind) for kind in ("transcript", "meaning"))),
    "ingest": ("*/uploads/*", "*/assets/*", _OF_PROJECT.format(kind="source")),
    **{
        stage: tuple(_OF_PROJECT.format(kind=kind) for kind in kinds)
        for stage, kinds in {
            "listen": ("heard", "voices"),
            "close": ("transcript", "meaning", "sounds", "track"),
            "look": ("seen",),
            "study": ("intelligence",),
            "detect": ("moments",),
            "frame": ("frame",),
            "render": ("exports",),
            "preview": ("previews",),
            "transcode": ("proxy",),
        }.items()
    },
    "relay": ("*/archives/*",),
    "sink-clickhouse": (),
    "sink-meilisearch": (),
}
"""Process → patterns of the keys that it writes. Who has no row has no key to the store."""

TAILS = "*/uploads/*.tail.*"
"""Keys of the bytes of an upload behind its last whole part (docs/adr/0039)."""


def policy_of(process: str, bucket: str) -> dict[str, Any]:
    """The policy of a process of ``WRITES``, or of ``migrate``, which makes the bucket.

    KeyError for any other.
    """
    bucket_arn, objects = f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/"
    if process == "migrate":
        return _document([_allow(["s3:CreateBucket", "s3:PutBucketCORS", "s3:ListBucket"], [bucket_arn])])
    statements = [_allow(["s3:ListBucket"], [bucket_arn]), _allow(["s3:GetObject"], [f"{objects}*"])]
    if WRITES[process]:
        actions = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
        statements.append(_allow(actions, [objects + pattern for pattern in WRITES[process]]))
    if process == "api":
        statements.append(_allow(["s3:DeleteObject"], [objects + TAILS]))
    if process == "relay":
        statements.append(_allow(["s3:DeleteObject", "s3:AbortMultipartUpload"], [f"{objects}*"]))
    return _document(statements)


def _document(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": VERSION, "Statement": statements}


def _allow(actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}
