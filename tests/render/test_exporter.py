"""An export from its plan to stored files, through the confined child."""

from __future__ import annotations

import hashlib
from pathlib import Path
from uuid import UUID

import av
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from core.media.sandbox.parent import ChildFailed
from core.media.sandbox.source_handle import LocalSource
from core.progress import Report
from schemas.common import Aspect, Box, ObjectRef, Segment, TimeRange
from schemas.documents.export import Certificate
from schemas.documents.frame_plan import FramePlan
from schemas.documents.quality import FaceExpectation
from schemas.documents.transcript import Transcript
from schemas.events import RenderRequested, Rendition
from schemas.options.audio import SoundWish
from schemas.options.export_options import ExportOptions
from streams.render.exporter import ExportTarget, ProducedExport, produce_exports, summarise_framing
from streams.render.fallback_plan import build_fallback, list_failed_checks
from streams.renderer.audio.loudness import RATE_HZ
from streams.renderer.encoding.muxer import Encoding
from streams.renderer.inputs import RenderInputs, StoredTranscript
from streams.renderer.prepare import select_words_near
from tests.support.media.synthetic_media import flash_and_beep, plan, words

NOBODY = UUID(int=0)
REF = ObjectRef(key="k", sha256="0" * 64, size=1)


CLEANED = SoundWish(target_lufs=-16, denoise="light", high_pass=True, declick=True)


class Memory:
    """Objects in memory."""

    def __init__(self) -> None:
        self.stored: dict[str, tuple[bytes, str]] = {}

    async def put(self, prefix: str, body: bytes, content_type: str, suffix: str = "") -> ObjectRef:
        digest = hashlib.sha256(body).hexdigest()
        key = f"{prefix}/{digest}{suffix}"
        self.stored[key] = (body, content_type)
        return ObjectRef(key=key, sha256=digest, size=len(body))

    async def put_file(
        self, prefix: str, path: Path, content_type: str, suffix: str = "", report: Report | None = None
    ) -> ObjectRef:
        if report is not None:
            report(path.stat().st_size)
        return await self.put(prefix, path.read_bytes(), content_type, suffix)


def request_for(crops: FramePlan) -> RenderRequested:
    return RenderRequested(
        org_id=NOBODY,
        project_id=NOBODY,
        clip_id=NOBODY,
        export_id=NOBODY,
        ordinal=0,
        rendition=Rendition(
            range=crops.range,
            aspect="9:16",
            captions=True,
            template="karaoke_fill",
            mask_profanity=True,
            options=ExportOptions(stems=True, sound=CLEANED),
        ),
        plan=REF,
        source=REF,
        index=REF,
    )


async def test_every_file_of_an_export_is_rendered_and_stored(tmp_path: Path) -> None:
    path = tmp_path / "source.mp4"
    index = flash_and_beep(path, length_ms=1_600)
    crops = msgspec.structs.replace(plan(index, 200, 1_400), model="dense-shots-1")
    transcript = Transcript(
        language="en", language_probability=1.0, duration_ms=1_600, words=words("Hello shit.", 300),
        segments=[
            Segment(start_ms=300, end_ms=1_500, text="Hello shit.", first_word=0, end_word=2),
            Segment(start_ms=1_500, end_ms=1_600, text="", first_word=2, end_word=2, language="de"),
        ],
        speech=[], model="test",
    )  # fmt: skip
    memory, ticks = Memory(), list[int]()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with LocalSource(path) as source:
        (produced,) = await produce_exports(
            [ExportTarget(request=request_for(crops), plan=crops, prefix="org/project/exports/result")],
            RenderInputs(
                index=index, stored_transcript=StoredTranscript(transcript=transcript),
                encoding=Encoding(preset="ultrafast"),
            ),
            source=source, objects=memory, scratch=scratch, report=ticks.append,  # type: ignore[arg-type]
        )  # fmt: skip
    assert isinstance(produced, ProducedExport)
    files = produced.files
    assert files.srt is not None
    assert files.vtt is not None
    assert memory.stored[files.srt.key][0].decode() == "1\n00:00:00,100 --> 00:00:00,800\nHello s***.\n"
    told = {name: memory.stored[getattr(files, name).key][0].decode() for name in ("ass", "ttml", "txt")}
    assert told["txt"] == "Hello s***.\n"
    assert all("Hello s***." in text for text in told.values())
    assert [memory.stored[ref.key][1] for ref in (files.video, files.thumbnail)] == ["video/mp4", "image/jpeg"]
    assert memory.stored[files.video.key][0][4:8] == b"ftyp"
    assert produced.certificate.caption_cues == 1
    for name, ref in files.stems.items():
        (tmp_path / name).write_bytes(memory.stored[ref.key][0])
    (tmp_path / "video").write_bytes(memory.stored[files.video.key][0])
    voice, mix, video = (decoded_side(tmp_path / name) for name in ("voice", "mix", "video"))
    assert len(voice) == len(mix) == 1_200 * RATE_HZ // 1000, "as long as the pictures"
    reach = range(-480, 481)
    near = [float((mix[480:-480] * video[480 + lag : len(mix) - 480 + lag]).sum()) for lag in reach]
    assert reach[int(np.argmax(near))] == 0, "sample for sample at the video's time"
    assert float(np.corrcoef(voice, mix)[0, 1]) > 0.95, "the same before its loudness is set"
    (lufs,) = (check for check in produced.certificate.checks if check.name == "lufs")
    assert (lufs.verdict, lufs.around) == ("pass", -16)
    assert produced.certificate.sound is not None
    assert (produced.certificate.sound.track, produced.certificate.sound.tracks) == (1, 1)
    assert (produced.certificate.tries, produced.certificate.other_try) == (1, None)
    assert produced.certificate.framed_by == "dense-shots-1"
    assert [warning.split(":")[0] for warning in produced.certificate.warnings if "words" in warning] == [
        "captions.mask"
    ]
    assert [(one.start_ms, one.end_ms, one.reason) for one in produced.certificate.framing] == [(200, 1_400, "test")]
    assert produced.cpu_ms > 0
    assert ticks == sorted(ticks)
    assert ticks[-1] - ticks[-2] == files.video.size, "storing it is a sign of life too"


def decoded_side(path: Path) -> NDArray[np.float64]:
    """One side, full scale 1."""
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    parts = [frame.to_ndarray().reshape(-1, 2)[:, 0] / 2**31 for frame in frames if frame.format.is_packed]
    return np.concatenate(parts or [frame.to_ndarray()[0].astype(np.float64) for frame in frames])


@pytest.mark.parametrize(
    ("face_x", "verdict", "kept"), [(10, "pass", 2), (2_000, "fail", 1)], ids=["helped", "in vain"]
)
async def test_a_file_that_fails_is_made_once_more_in_a_safer_way(
    tmp_path: Path, face_x: int, verdict: str, kept: int
) -> None:
    path = tmp_path / "source.mp4"
    index = flash_and_beep(path, length_ms=1_000)
    face = Box(x=face_x, y=60, width=30, height=40)
    looks = [FaceExpectation(at_ms=at_ms, box=face, speaks=True) for at_ms in range(200, 800, 40)]
    crops = msgspec.structs.replace(plan(index, 200, 800), expected=looks)
    memory, ticks, scratch = Memory(), list[int](), tmp_path / "scratch"
    scratch.mkdir()
    with LocalSource(path) as source:
        (produced,) = await produce_exports(
            [ExportTarget(request=request_for(crops), plan=crops, prefix="org/project/exports/result")],
            RenderInputs(index=index, encoding=Encoding(preset="ultrafast")),
            source=source, objects=memory, scratch=scratch, report=ticks.append,  # type: ignore[arg-type]
        )  # fmt: skip
    assert isinstance(produced, ProducedExport)
    certificate, other = produced.certificate, produced.certificate.other_try
    assert (certificate.verdict, certificate.tries) == (verdict, 2), list_failed_checks(certificate.checks)
    assert other is not None
    assert (other.number, other.verdict, other.faults) == (3 - kept, "fail", ["nobody_in_frame"])
    shown = certificate.framing[0].reason
    assert shown.startswith("the whole picture") == (kept == 2)
    assert [one.split(":")[0] for one in certificate.warnings if one.startswith("export.")] == [
        "export.second_try" if kept == 2 else "export.failed_twice"
    ]
    assert ticks == sorted(ticks)
    assert len([key for key in memory.stored if key.endswith(".mp4")]) == 1, "the other file is not kept"


async def test_a_second_try_reuses_unchanged_segments_of_the_first(tmp_path: Path) -> None:
    """One of two shots loses a face: only it is encoded again, and the file equals a fresh one."""
    path = tmp_path / "source.mp4"
    index = flash_and_beep(path, length_ms=9_000)
    whole = plan(index, 0, 8_200)
    ranges = [TimeRange(start_ms=0, end_ms=4_000), TimeRange(start_ms=4_000, end_ms=8_200)]
    looks = [
        FaceExpectation(at_ms=at_ms, box=Box(x=10, y=60, width=30, height=40), speaks=True)
        for at_ms in range(4_100, 8_000, 100)
    ]
    shots = [msgspec.structs.replace(whole.shots[0], range=one) for one in ranges]
    crops = msgspec.structs.replace(whole, shots=shots, expected=looks)

    async def made(crops: FramePlan) -> tuple[Certificate, bytes]:
        memory, scratch = Memory(), tmp_path / str(len(crops.expected))
        scratch.mkdir()
        with LocalSource(path) as source:
            (produced,) = await produce_exports(
                [ExportTarget(request=request_for(crops), plan=crops, prefix="org/project/exports/result")],
                RenderInputs(index=index, encoding=Encoding(preset="ultrafast")),
                source=source, objects=memory, scratch=scratch, report=lambda _: None,  # type: ignore[arg-type]
            )  # fmt: skip
        assert isinstance(produced, ProducedExport)
        return produced.certificate, memory.stored[produced.files.video.key][0]

    twice, video = await made(crops)
    assert (twice.verdict, twice.tries, twice.chunks, twice.chunks_reused) == ("pass", 2, 2, 1)
    safer = build_fallback(crops, None, ["nobody_in_frame"])
    assert safer is not None
    once, same = await made(msgspec.structs.replace(safer.plan, expected=[]))
    assert (once.tries, once.chunks_reused) == (1, 0)
    assert video == same


def test_neighbouring_shots_framed_alike_are_listed_once(tmp_path: Path) -> None:
    whole = plan(flash_and_beep(tmp_path / "source.mp4", length_ms=400), 0, 400)
    shots = [
        msgspec.structs.replace(
            whole.shots[0], range=TimeRange(start_ms=at, end_ms=at + 100), shows=shows, reason=f"holds on a {shows}"
        )
        for at, shows in ((0, "face"), (100, "face"), (200, "screen"), (300, "face"))
    ]
    told = summarise_framing(msgspec.structs.replace(whole, shots=shots), [whole.range])
    assert [(one.start_ms, one.end_ms, one.shows) for one in told] == [
        (0, 200, "face"), (200, 300, "screen"), (300, 400, "face")
    ]  # fmt: skip


def test_distant_words_are_not_sent_to_the_child() -> None:
    near = select_words_near(words("a b c", each_ms=20_000), TimeRange(start_ms=20_500, end_ms=30_000))
    assert [word.text for word in near] == ["a", "b"]


async def test_aspects_rendered_together_are_stored_apart_and_may_fail(tmp_path: Path) -> None:
    """The one in the middle cannot be shown: it is tried again alone, and only it is missing in the end."""
    path, memory, ticks, scratch = tmp_path / "source.mp4", Memory(), list[int](), tmp_path / "scratch"
    index = flash_and_beep(path, length_ms=1_000)
    aspects: list[Aspect] = ["9:16", "4:5", "1:1"]
    crops = [plan(index, 200, 800, aspect=aspect) for aspect in aspects]
    crops[1] = msgspec.structs.replace(crops[1], shots=[])
    shapes = [
        ExportTarget(request=request_for(one), plan=one, prefix=f"org/project/exports/{number}")
        for number, one in enumerate(crops)
    ]
    scratch.mkdir()
    with LocalSource(path) as source:
        first, lost, last = await produce_exports(
            shapes, RenderInputs(index=index, encoding=Encoding(preset="ultrafast")),
            source=source, objects=memory, scratch=scratch, report=ticks.append,  # type: ignore[arg-type]
        )  # fmt: skip
    assert isinstance(first, ProducedExport)
    assert isinstance(last, ProducedExport)
    assert isinstance(lost, ChildFailed)
    assert "no shot" in str(lost)
    assert (first.files.video.key.split("/")[3], last.files.video.key.split("/")[3]) == ("0", "2")
    sizes = [(one.certificate.width_px, one.certificate.height_px) for one in (first, last)]
    assert sizes == [(1080, 1920), (1080, 1080)]
    assert abs(first.cpu_ms - last.cpu_ms) <= 1, "one child, shared out"
    assert ticks == sorted(ticks)
    assert len([key for key in memory.stored if key.endswith(".mp4")]) == 2
