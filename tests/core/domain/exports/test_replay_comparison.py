"""Outcome of a replay: same bytes, or which files and which inputs differ."""

from __future__ import annotations

import msgspec

from core.domain.exports.replay_comparison import compared, hashes
from schemas.common import ObjectRef
from schemas.documents.export import ExportFiles
from schemas.documents.replay import Difference

MADE = {"library.av": "18.1.0", "encoder.threads": "2"}


def ref(name: str) -> ObjectRef:
    return ObjectRef(key=f"org/project/exports/{name}", sha256=name * 64, size=1)


FILES = ExportFiles(video=ref("a"), thumbnail=ref("b"), srt=ref("c"))


def test_the_same_bytes_under_another_key_are_the_same() -> None:
    moved = msgspec.structs.replace(FILES, video=msgspec.structs.replace(FILES.video, key="elsewhere"))
    found = compared(FILES, moved, MADE, MADE)
    assert (found.outcome, found.files, found.compared, found.differences) == ("same", [], 3, [])
    assert found.detail == "All 3 files came out byte for byte as they were."


def test_other_bytes_are_named_with_the_changed_provenance() -> None:
    now = msgspec.structs.replace(FILES, video=ref("d"), srt=None, vtt=ref("e"))
    found = compared(FILES, now, MADE, {"library.av": "19.0.0", "encoder.threads": "2", "font.New.ttf": "f"})
    assert (found.outcome, found.files) == ("different", ["srt", "video", "vtt"])
    assert found.differences == [
        Difference(what="font.New.ttf", then=None, now="f"), Difference(what="library.av", then="18.1.0", now="19.0.0")
    ]  # fmt: skip
    assert found.detail.endswith("It is made with other things now: font.New.ttf, library.av.")


def test_a_change_without_effect_is_listed_too() -> None:
    found = compared(FILES, FILES, MADE, MADE | {"library.av": "19.0.0"})
    assert (found.outcome, [one.what for one in found.differences]) == ("same", ["library.av"])
    assert "though 1 things" in found.detail


def test_unexplained_differences_are_reported_as_such() -> None:
    now = msgspec.structs.replace(FILES, video=ref("d"))
    assert "Nothing that is recorded of the making differs." in compared(FILES, now, MADE, MADE).detail
    assert "older than the record" in compared(FILES, now, {}, MADE).detail


def test_every_file_counts_at_any_depth() -> None:
    assert hashes(FILES) == {"video": "a" * 64, "thumbnail": "b" * 64, "srt": "c" * 64}
