"""Dated versions of the API: what each changed, and the forms of answers before it.

A caller names a version in ``Clipstream-Version``; without it the oldest one that is served counts, so that an answer
does not change under a program that was written before there were versions. The document describes the newest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from api.problems.problem_details import ApiProblem

HEADER = "Clipstream-Version"
VERSIONS = ("2026-11-01", "2026-11-25")
"""Versions that are served, oldest first."""
NEWEST = VERSIONS[-1]


class VersionChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of answers that came with a version."""

    version: str
    operations: frozenset[str]
    """operationIds whose answers it changed."""
    text: str
    """What changed, in a sentence."""
    sunset: dt.datetime
    """When the form of before is no longer served."""
    restore: Callable[[Any], Any]
    """Gives an answer of plain values the form that it had before."""


def _name_keys(answer: Any) -> Any:
    """Name the API key in addition to the actor, in each item of a page or in the answer itself."""
    for item in answer.get("items", [answer]):
        actor = item.get("actor")
        item["key_id"] = actor["id"] if actor and actor["kind"] == "key" else None
    return answer


CHANGES: Sequence[VersionChange] = (
    VersionChange(
        version="2026-11-25",
        operations=frozenset({
            "listTranscriptVersions", "listClipEditVersions", "createBrandKit", "listBrandKits", "getBrandKit",
            "changeBrandKit", "listBrandKitVersions",
        }),
        text="`actor` says who made a version, be it a person, a key or an app; `key_id` is gone.",
        sunset=dt.datetime(2027, 11, 25, tzinfo=dt.UTC),
        restore=_name_keys,
    ),
)  # fmt: skip


def read_version(headers: Mapping[str, str]) -> str:
    """The version that a request asks for. Raises the ``version-unknown`` problem."""
    version = headers.get(HEADER.lower())
    if version is None:
        return VERSIONS[0]
    if version not in VERSIONS:
        raise ApiProblem("version-unknown", f"Served are {', '.join(VERSIONS)}, not `{version[:40]}`.")
    return version


def changes_since(version: str, operation: str) -> list[VersionChange]:
    """Changes of an operation's answers that came after a version, newest first."""
    return [change for change in reversed(CHANGES) if change.version > version and operation in change.operations]


def deprecation_headers(changes: Sequence[VersionChange]) -> dict[str, str]:
    """Headers of an answer in a form that has been replaced (RFC 9745, RFC 8594)."""
    if not changes:
        return {}
    since = min(dt.date.fromisoformat(change.version) for change in changes)
    at = int(dt.datetime.combine(since, dt.time(), dt.UTC).timestamp())
    sunset = min(change.sunset for change in changes)
    return {
        "Deprecation": f"@{at}",
        "Sunset": sunset.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "Link": '</docs>; rel="deprecation"; type="text/html"',
    }
