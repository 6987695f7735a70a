"""Bytes damaged in the middle of a clip: frame and render deliver a clip with a warning, or refuse it by name.

The damaged files are made here, from seven seconds of the shipped lecture as H.264 and AAC, by seed.
"""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import av
import msgspec
import pytest
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from core.errors import InputRejected
from core.media.decode.timestamps import project_ms
from core.media.sandbox.source_handle import LocalSource
from core.settings import MediaLimits, SpanRules
from schemas.common import TimeRange
from schemas.documents.clip_tracks import ClipTracks
from schemas.documents.export import Certificate
from schemas.documents.source import SourceIndex
from schemas.events import RenderRequested, Rendition
from streams.frame.clip_analysis import analyse_clip
from streams.frame.planning.plan import plan_crops
from streams.ingest.probe.child import INDEX_FILE_NAME
from streams.ingest.source_importer import probe_source
from streams.render.exporter import ExportTarget, produce_exports
from streams.renderer.encoding.muxer import Encoding
from streams.renderer.inputs import RenderInputs
from streams.vision.analysis_input import AnalysisInput
from tests.look.fakes import BrightestFaces, DarkLipped
from tests.render.test_exporter import NOBODY, REF, Memory
from tests.support.media.shared_media import LECTURE

pytestmark = pytest.mark.contract
CLIP = TimeRange(start_ms=1_000, end_ms=6_000)
DAMAGED = TimeRange(start_ms=2_500, end_ms=4_000)
SECONDS = 7


def transcoded(path: Path) -> Path:
    """A range of the lecture with a key frame every second."""
    with av.open(str(LECTURE)) as source, av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=15, options={"preset": "veryfast", "g": "15", "crf": "24"})
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        audio = out.add_stream("aac", rate=48_000, layout="stereo")
        resampler, taken, start_s = av.AudioResampler(format="fltp", layout="stereo", rate=48_000), 0, 24.0
        source.seek(int(start_s * av.time_base))
        for frame in source.decode(source.streams.video[0], source.streams.audio[0]):
            at_s = (frame.time or 0.0) - start_s
            if isinstance(frame, av.VideoFrame) and 0 <= at_s < SECONDS:
                frame.pts, frame.time_base, frame.pict_type = round(at_s * 15), Fraction(1, 15), 0
                out.mux(video.encode(frame))
            elif isinstance(frame, av.AudioFrame) and 0 <= at_s < SECONDS:
                for heard in resampler.resample(frame):
                    heard.pts, heard.time_base = taken, Fraction(1, 48_000)
                    taken += heard.samples
                    out.mux(audio.encode(heard))
            if at_s > SECONDS + 1:
                break
        out.mux(video.encode(None))
        out.mux(audio.encode(None))
    return path


@pytest.fixture(scope="module")
def sound_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return transcoded(tmp_path_factory.mktemp("source") / "lecture.mp4")


def bytes_of(path: Path) -> tuple[int, int]:
    """Byte range of the packets of `DAMAGED`, video and audio."""
    with av.open(str(path)) as container:
        places = []
        for packet in container.demux():
            if packet.size and packet.pts is not None and packet.pos is not None and packet.time_base:
                at_ms = project_ms(packet.pts, packet.time_base, 0)
                if DAMAGED.start_ms <= at_ms < DAMAGED.end_ms and isinstance(packet.stream, VideoStream | AudioStream):
                    places += [packet.pos, packet.pos + packet.size]
    return min(places), max(places)


def damaged(path: Path, out: Path, kind: str, seed: int) -> Path:
    body, by_chance = bytearray(path.read_bytes()), random.Random(seed)
    start, end = bytes_of(path)
    if kind == "noise":
        body[start:end] = by_chance.randbytes(end - start)
    elif kind == "hole":
        middle = (start + end) // 2
        body[start:middle] = bytes(middle - start)
    else:
        for _ in range({"bit": 1, "bits": 40, "bytes": 1_000}[kind]):
            at = by_chance.randrange(start, end)
            body[at] = by_chance.randrange(256) if kind == "bytes" else body[at] ^ 1 << by_chance.randrange(8)
    out.write_bytes(body)
    return out


async def render_clip(path: Path, scratch: Path, clip: TimeRange = CLIP) -> tuple[ClipTracks, Certificate, bytes]:
    """Run the stages on a file and one clip of it, each in its own confined child."""
    with LocalSource(path) as source:
        await probe_source(source, limits=MediaLimits(), rules=SpanRules(), scratch=scratch, report=lambda _: None)
    index = msgspec.msgpack.decode((scratch / INDEX_FILE_NAME).read_bytes(), type=SourceIndex)
    with LocalSource(path) as source:
        eyes = AnalysisInput(
            index=index, source=source, faces=BrightestFaces(), landmarks=DarkLipped(), scratch=scratch,
            report=lambda _: None, warn=pytest.fail,
        )  # fmt: skip
        tracks = await analyse_clip("clip", clip, eyes)
    request = RenderRequested(
        org_id=NOBODY,
        project_id=NOBODY,
        clip_id=NOBODY,
        export_id=NOBODY,
        ordinal=0,
        rendition=Rendition(range=clip, aspect="1:1", captions=False),
        plan=REF,
        source=REF,
        index=REF,
    )
    memory = Memory()
    with LocalSource(path) as source:
        (produced,) = await produce_exports(
            [ExportTarget(request=request, plan=plan_crops(tracks, index, "1:1", clip), prefix="x")],
            RenderInputs(index=index, encoding=Encoding(preset="ultrafast", crf=30)),
            source=source, objects=memory, scratch=scratch, report=lambda _: None,  # type: ignore[arg-type]
        )  # fmt: skip
    if isinstance(produced, Exception):
        raise produced
    return tracks, produced.certificate, memory.stored[produced.files.video.key][0]


def decoded_frames(body: bytes, scratch: Path) -> int:
    (scratch / "made.mp4").write_bytes(body)
    with av.open(str(scratch / "made.mp4")) as container:
        return sum(not frame.is_corrupt for frame in container.decode(video=0))


async def test_the_undamaged_file_gives_no_warning(sound_file: Path, tmp_path: Path) -> None:
    tracks, certificate, _ = await render_clip(sound_file, tmp_path)
    assert tracks.pictures_looked_at == 90
    assert certificate.frames == 75
    assert [warning for warning in certificate.warnings if "damaged" in warning or "frozen" in warning] == []


@pytest.mark.parametrize(
    ("kind", "seed"), [("bit", 1), ("bits", 2), ("bits", 3), ("bytes", 4), ("bytes", 5), ("hole", 6), ("noise", 7)]
)
async def test_a_clip_over_damage_is_complete_and_reports_the_damage(
    sound_file: Path, tmp_path: Path, kind: str, seed: int
) -> None:
    path = damaged(sound_file, tmp_path / "damaged.mp4", kind, seed)
    tracks, certificate, body = await render_clip(path, tmp_path)
    assert (tracks.shots[0].start_ms, tracks.shots[-1].end_ms) == (CLIP.start_ms, CLIP.end_ms)
    assert certificate.frames == decoded_frames(body, tmp_path) == 75
    assert abs(certificate.duration_ms - CLIP.length_ms) <= 67
    told = {warning.split(":")[0] for warning in certificate.warnings}
    assert told & {"video.damaged", "video.frozen", "audio.damaged"}, f"one of {kind} is told: {told}"
    if kind in ("hole", "noise"):
        assert {"video.damaged", "audio.damaged"} <= told


async def test_a_mostly_lost_clip_is_refused(sound_file: Path, tmp_path: Path) -> None:
    path = damaged(sound_file, tmp_path / "damaged.mp4", "noise", 8)
    with pytest.raises(InputRejected) as refused:
        await render_clip(path, tmp_path, TimeRange(start_ms=2_000, end_ms=4_200))
    assert refused.value.reason == "media.damaged"
