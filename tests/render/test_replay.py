"""Replays: finding the event, comparing the provenance, and storing no file."""

from __future__ import annotations

import ast
import datetime as dt
import hashlib
from pathlib import Path
from uuid import UUID

import av
import msgspec
import numpy as np
import pytest

from core.progress import Steps
from schemas import events
from schemas.common import ObjectRef, TimeRange
from schemas.documents.export import Certificate
from schemas.options.caption_template import template_named
from schemas.options.export_options import VideoWish
from schemas.options.file_formats import FileWish, file_of
from schemas.topics import BY_NAME, PARTITIONS, partition_for, partitions_before
from streams.render.provenance import collect_provenance, environment, hash_files, list_data_files
from streams.render.replay import DiscardingObjects, encoder_threads, find_logged_request, list_inputs
from streams.renderer.audio.loudness import RATE_HZ
from streams.renderer.encoding.muxer import Encoding, build_encoding, open_writer
from streams.renderer.timeline.slots import OutputTimeline
from tests.support.kept_log import MemoryLog
from tests.support.media.synthetic_media import flash_and_beep, plan

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ORG, PROJECT, CLIP, EXPORT = (UUID(int=number) for number in (1, 2, 3, 4))
REF = ObjectRef(key="k", sha256="0" * 64, size=1)
ASKED = events.ReplayRequested(
    org_id=ORG, project_id=PROJECT, clip_id=CLIP, export_id=EXPORT, ordinal=3, replay_id=UUID(int=5)
)
RENDER = events.RenderRequested(
    org_id=ORG,
    project_id=PROJECT,
    clip_id=CLIP,
    export_id=EXPORT,
    ordinal=3,
    rendition=events.Rendition(range=TimeRange(start_ms=0, end_ms=1_000), aspect="9:16", captions=True),
    plan=REF,
    source=REF,
    index=REF,
)


async def test_the_exports_own_event_is_found_in_the_log() -> None:
    others = [
        msgspec.structs.replace(RENDER, export_id=UUID(int=9)),
        msgspec.structs.replace(RENDER, org_id=UUID(int=9)),
        msgspec.structs.replace(RENDER, project_id=UUID(int=9)),
        ASKED,
    ]
    log = MemoryLog(*others, RENDER)
    read: list[int] = []
    assert await find_logged_request(log, ASKED, NOW, Steps(read.append)) == RENDER
    assert read == list(range(1, 2 * len(log.kept) + 1)), "each message is a sign of life"
    topic = "renders.v1"
    assert [(name, since) for name, _, since in log.asked] == [(topic, NOW)]
    assert log.asked[0][1] == partition_for(BY_NAME[topic], PROJECT, 3)
    assert await find_logged_request(MemoryLog(*others), ASKED, NOW, Steps(read.append)) is None


async def test_an_older_event_is_searched_on_its_former_topic() -> None:
    asked = msgspec.structs.replace(ASKED, ordinal=5)
    log, topic = MemoryLog(), BY_NAME["renders.v1"]
    assert await find_logged_request(log, asked, NOW, Steps(lambda _: None)) is None
    places = [at for _, at, _ in log.asked]
    assert places[:3] == [partition_for(topic, PROJECT, 5), *partitions_before(topic, PROJECT, 5)]
    assert sorted(places) == list(range(PARTITIONS)), "the topic may have had fewer at that time"


async def test_a_replays_files_are_not_stored(tmp_path: Path) -> None:
    body = b"clip" * 100
    path = tmp_path / "clip.mp4"
    path.write_bytes(body)
    nowhere = DiscardingObjects(object())  # type: ignore[arg-type]
    stored = [await nowhere.put("p", body, "video/mp4", ".mp4"), await nowhere.put_file("p", path, "video/mp4", ".mp4")]
    digest_ = hashlib.sha256(body).hexdigest()
    assert set(stored) == {ObjectRef(key=f"p/{digest_}.mp4", sha256=digest_, size=400)}


def certificate(encoder: str, **made: str) -> Certificate:
    return Certificate(
        width_px=1, height_px=1, duration_ms=1, frames=1, frame_rate=25.0, integrated_lufs=None, true_peak_dbtp=None,
        caption_cues=0, encoder=encoder, made_with=made,
    )  # fmt: skip


def test_a_replay_uses_the_threads_of_the_first_render() -> None:
    assert encoder_threads(certificate("x", **{"encoder.threads": "2"})) == 2
    assert encoder_threads(certificate(Encoding(threads=3).name)) == 3, "before there was a record"
    assert encoder_threads(certificate("x")) == 1
    assert set(list_inputs(RENDER)) == {"plan", "source", "index"}


def test_provenance_names_code_libraries_fonts_and_inputs(tmp_path: Path) -> None:
    crops = plan(flash_and_beep(tmp_path / "source.mp4", length_ms=400), 0, 400)
    made = collect_provenance(Encoding(threads=2), template_named("minimal"), crops, None, {"plan": REF, "edit": None})
    assert (made["encoder.threads"], made["input.plan"], made["template.minimal"]) == ("2", "0" * 16, "1")
    assert "input.edit" not in made
    kinds = {name.split(".")[0] for name in made}
    assert {"product", "python", "machine", "code", "library", "font", "encoder", "input", "template"} <= kinds
    assert {"library.av", "library.numpy", "library.pillow", "library.uharfbuzz", "library.libavcodec"} <= made.keys()
    assert all(made.values())


def test_every_shipped_font_is_named() -> None:
    root = Path(__file__).parents[2]
    shipped = {path.name for room in ("streams", "schemas") for path in (root / room).rglob("*.[to]tf")}
    assert {name.removeprefix("font.") for name in environment() if name.startswith("font.")} == shipped != set()


def test_data_that_a_clip_is_drawn_with_is_named_too() -> None:
    """A changed emoji or safe zone changes the picture, so no earlier export may be reused."""
    root = Path(__file__).parents[2] / "schemas" / "data"
    read = {str(path.relative_to(root)) for path in root.rglob("*") if path.suffix in (".json", ".txt")}
    named = {str(path.relative_to(root)) for path in list_data_files(root)}
    assert named == read
    assert {
        "emoji.json",
        "function_words.json",
        "safe_zones.json",
        "profanity/en.txt",
        "templates/minimal.json",
    } <= named
    assert environment()["data.schemas"] == hash_files(list_data_files(root), root)


@pytest.mark.parametrize("change", ["text", "name"])
def test_code_is_identified_by_its_text_and_its_name(tmp_path: Path, change: str) -> None:
    first, second = tmp_path / "a.py", tmp_path / "b.py"
    first.write_text("1")
    before = hash_files([first], tmp_path)
    assert hash_files([first], tmp_path) == before
    (first if change == "text" else second).write_text("2" if change == "text" else "1")
    assert hash_files([first if change == "text" else second], tmp_path) != before


def test_no_picture_is_converted_by_several_threads() -> None:
    """At the border of two threads swscale's pixels vary between runs (seen: 4:2:0 to 4:2:2 of 10 bit)."""
    root = Path(__file__).parents[2]
    calls = [
        (path.name, {keyword.arg for keyword in node.keywords})
        for room in ("core", "streams")
        for path in (root / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "reformat"
    ]
    assert len(calls) >= 5
    assert [name for name, keywords in calls if "threads" not in keywords] == []


def test_the_same_pictures_give_the_same_prores(tmp_path: Path) -> None:
    luma = np.random.default_rng(1).integers(0, 255, (1080 * 3 // 2, 1080), dtype=np.uint8)
    timeline = OutputTimeline(start_ms=0, rate_numerator=25, rate_denominator=1, count=2)
    encoding = build_encoding(VideoWish(), 2, file_of(FileWish(container="mov", video_codec="prores")))
    digests = set()
    for number in range(4):
        path = tmp_path / f"{number}.mov"
        with open_writer(
            path, (1080, 1080), timeline, np.zeros((RATE_HZ * 2 // 25, 2), np.float32), encoding
        ) as writer:
            for slot in range(2):
                writer.write(av.VideoFrame.from_ndarray(luma, format="yuv420p"), slot)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1
