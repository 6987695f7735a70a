"""What the second export of a clip costs compared with a whole one, and what chunks cost in bytes.

Renders in this process.

``python -m benchmarks.render.reuse VIDEO [--seconds 30]``: a clip of the file is exported; then with another text of
one word, with a word taken out, and with another loudness, each once whole and once with what the first one has.
Processor time of both sides, chunks taken, and whether the files are the same. Then the clip's pictures through one
encoder compared with chunks: bytes.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from time import process_time

import av
import msgspec
import numpy as np

from benchmarks.render.render import make_words, plan_for, surveyed
from core.domain.editing.clock import place_segments, single_segment
from core.media.decode.reader import SourceReader
from schemas.common import TimeRange
from schemas.documents.edit import EditSegment
from schemas.documents.source import SourceIndex
from schemas.options.audio import SoundWish
from schemas.options.export_options import ExportOptions
from streams.render.child.main import render
from streams.renderer.audio.loudness import RATE_HZ
from streams.renderer.caption_plan import build_job_cues, build_job_timeline
from streams.renderer.codecs import Encoding
from streams.renderer.compositor import build_compositor
from streams.renderer.encoding.muxer import EncodedParts, open_writer
from streams.renderer.job import VIDEO_FILE, EarlierFile, RenderJob, RenderResult
from streams.renderer.segments.segment_plan import list_cuts_ms, list_frame_times, map_slots_to_frames, plan_segments
from streams.renderer.timeline.slots import OUTPUT_SIZES, Slot
from streams.renderer.timeline.source_frames import SourcePlayer
from streams.renderer.video.planes import copy_frame

FROM_MS = 2_000
SENTENCE_WORDS = 9


def render_task(video: Path, task: RenderJob, folder: Path) -> tuple[RenderResult, float]:
    """An export in a folder of its own, and its processor time."""
    folder.mkdir(parents=True)
    began = process_time()
    with video.open("rb") as file:
        rendered = render(task, file, folder, lambda _: None)
    return rendered, process_time() - began


def changes(task: RenderJob, clip: TimeRange) -> dict[str, RenderJob]:
    """The changes that people make, each by itself."""
    number = len(task.words) // 3
    word = task.words[number]
    words = [*task.words]
    words[number] = msgspec.structs.replace(word, text="whatever")
    played_ranges = [(clip.start_ms, word.start_ms - 30), (word.end_ms + 30, clip.end_ms)]
    cut = [
        EditSegment(segment_id=f"s{n}", range=TimeRange(start_ms=start, end_ms=end))
        for n, (start, end) in enumerate(played_ranges)
    ]
    options = ExportOptions(sound=SoundWish(target_lufs=-16))
    return {
        "nothing": task,
        "another text of one word": msgspec.structs.replace(task, words=words),
        "one word taken out": msgspec.structs.replace(task, pieces=place_segments(cut)),
        "another loudness": msgspec.structs.replace(task, options=options),
    }


def sizes(video: Path, task: RenderJob, folder: Path) -> tuple[int, int]:
    """Bytes of the clip's pictures in chunks, and in one piece; their sound is silence."""
    timeline, index = build_job_timeline(task, task.pieces), task.index
    scene = build_compositor(task, build_job_cues(task, task.pieces)[0], folder)
    runs = plan_segments(timeline, map_slots_to_frames(timeline, list_frame_times(index)), list_cuts_ms(task.plan))
    silence = np.zeros((timeline.samples(RATE_HZ), 2), np.float32)
    size_px, paths = OUTPUT_SIZES[task.plan.aspect], (folder / "chunks.mp4", folder / "one.mp4")
    with (
        video.open("rb") as file,
        open_writer(paths[0], size_px, timeline, silence, task.encoding, EncodedParts(segments=runs)) as chunks,
        open_writer(paths[1], size_px, timeline, silence, task.encoding) as single,
    ):

        def show(at_ms: int, picture: av.VideoFrame | None, slots: list[Slot]) -> None:
            assert picture is not None
            painted = scene.paint(picture, at_ms)
            for slot in slots:
                composed = scene.compose(painted, slot, last=False)
                chunks.write(copy_frame(composed), slot.number)
                single.write(composed, slot.number)

        projector = SourcePlayer(SourceReader(file, index), index, timeline)
        for part in timeline.timeline_parts:
            projector.play(part, show)
    return paths[0].stat().st_size, paths[1].stat().st_size


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--seconds", type=int, default=30)
    args = parser.parse_args()
    clip = TimeRange(start_ms=FROM_MS, end_ms=FROM_MS + args.seconds * 1000)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        index = surveyed(args.video, work)
        task = task_for(index, clip)
        first, whole_s = render_task(args.video, task, work / "first")
        print(f"{args.seconds} s of {args.video.name}: {whole_s:.1f} CPU-s whole, {len(first.chunks)} chunks")
        earlier_files = [EarlierFile(path=str(work / "first" / VIDEO_FILE), threads=1, chunks=first.chunks)]
        for number, (name, changed) in enumerate(changes(task, clip).items()):
            ways = [work / f"{number}-{way}" for way in ("whole", "again")]
            _, alone_s = render_task(args.video, changed, ways[0])
            reused, reused_s = render_task(
                args.video, msgspec.structs.replace(changed, earlier_files=earlier_files), ways[1]
            )
            same = len({(way / VIDEO_FILE).read_bytes() for way in ways}) == 1
            certificate = reused.certificate
            print(
                f"{name}: {reused_s:.1f} of {alone_s:.1f} CPU-s ({reused_s / alone_s:.0%}), "
                f"{certificate.chunks_reused} of {certificate.chunks} chunks taken, "
                f"{'same bytes' if same else 'OTHER BYTES'}, {certificate.verdict}",
                flush=True,
            )
        chunk_bytes, single_bytes = sizes(args.video, task, work)
        print(f"in chunks {chunk_bytes} bytes, in one piece {single_bytes}: {chunk_bytes / single_bytes - 1:+.2%}")


def task_for(index: SourceIndex, clip: TimeRange) -> RenderJob:
    """A clip with captions, a sentence of nine words after the other."""
    words = [
        msgspec.structs.replace(word, text=f"{word.text}.") if number % SENTENCE_WORDS == SENTENCE_WORDS - 1 else word
        for number, word in enumerate(make_words(clip))
    ]
    return RenderJob(
        plan=plan_for(index, clip), index=index, words=words, pieces=single_segment(clip), encoding=Encoding()
    )


if __name__ == "__main__":
    main()
