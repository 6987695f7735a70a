"""One event of several exports, and one event for each of them."""

from __future__ import annotations

from uuid import UUID

import msgspec

from core.services.export_groups import join_requests, split_exports
from schemas.codec import encode
from schemas.common import ObjectRef, Sibling, TimeRange
from schemas.events import ExportRequested, RenderRequested, Rendition

ONE, OTHER = UUID(int=1), UUID(int=2)
ASKED = ExportRequested(
    org_id=ONE,
    project_id=ONE,
    clip_id=ONE,
    export_id=ONE,
    ordinal=3,
    edit_version=2,
    rendition=Rendition(range=TimeRange(start_ms=0, end_ms=9_000), aspect="9:16", captions=False),
    siblings=[Sibling(export_id=OTHER, aspect="1:1")],
)


def ref(name: str) -> ObjectRef:
    return ObjectRef(key=name, sha256="0" * 64, size=1)


def test_each_export_of_a_group_has_its_own_request() -> None:
    first, second = split_exports(ASKED)
    assert (first.export_id, first.rendition.aspect, first.siblings) == (ONE, "9:16", [])
    square = msgspec.structs.replace(first.rendition, aspect="1:1")
    assert second == msgspec.structs.replace(first, export_id=OTHER, rendition=square)
    assert split_exports(first) == [first]


def test_separately_framed_exports_are_rendered_together() -> None:
    requests = [
        RenderRequested(
            org_id=ONE,
            project_id=ONE,
            clip_id=ONE,
            export_id=one.export_id,
            ordinal=3,
            rendition=one.rendition,
            plan=ref(one.rendition.aspect),
            source=ref("source"),
            index=ref("index"),
        )
        for one in split_exports(ASKED)
    ]
    event = join_requests(requests)
    assert [(one.export_id, one.aspect, one.plan.key) for one in event.siblings] == [(OTHER, "1:1", "1:1")]
    assert split_exports(event) == requests
    assert join_requests(requests[:1]) == requests[0]


def test_an_older_event_has_no_siblings() -> None:
    older = {name: value for name, value in msgspec.json.decode(encode(ASKED)).items() if name != "siblings"}
    assert split_exports(msgspec.convert(older, ExportRequested, strict=False)) == split_exports(ASKED)[:1]
