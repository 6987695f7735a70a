"""What each kind of file costs and weighs: one range of a real video, captioned, in every kind.

Judges no picture.

``python -m benchmarks.render.file_kinds [--start-s 2] [--seconds 4] [--keep DIR]``: the whole render child (decode,
crop, scale, captions, loudness, encode, certificate) at one thread, in this process, each kind once after the other.
Compare inside one run; what the certificate finds wrong is printed too.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from pathlib import Path

from schemas.common import Word
from schemas.documents.export import Certificate
from schemas.documents.source import SourceIndex
from schemas.options.export_options import VideoWish
from schemas.options.file_formats import FileWish, file_of
from streams.render.child.main import render
from streams.renderer.encoding.muxer import build_encoding
from streams.renderer.job import RenderJob, clip_file_name
from tests.support.media.shared_media import media
from tests.support.media.synthetic_media import index_of, plan, words

FILMED = "talking/face_offcentre_20s.mp4"
WISHES = (
    FileWish(),
    FileWish(video_codec="hevc"),
    FileWish(video_codec="av1"),
    FileWish(container="webm"),
    FileWish(container="mov", video_codec="prores"),
    FileWish(container="gif"),
    FileWish(container="webp"),
    FileWish(container="m4a"),
    FileWish(container="mp3"),
    FileWish(container="flac"),
    FileWish(container="wav"),
)


def cpu_s() -> float:
    """Processor seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def render_kind(
    source: Path, index: SourceIndex, request: FileWish, args: argparse.Namespace, out: Path
) -> Certificate:
    """One file of the range."""
    start_ms, end_ms = round(args.start_s * 1000), round((args.start_s + args.seconds) * 1000)
    caption_words: list[Word] = words("these are words that no speaker says at all", start_ms + 300)
    encoding = build_encoding(VideoWish(quality=args.quality), 1, file_of(request))
    task = RenderJob(plan=plan(index, start_ms, end_ms), index=index, words=caption_words, encoding=encoding)
    with source.open("rb") as file:
        return render(task, file, out, lambda _: None).certificate


def line(request: FileWish, args: argparse.Namespace, spent_s: float, size_bytes: int, certificate: Certificate) -> str:
    """A row of the table."""
    wrong = [f"{check.name} {check.verdict}" for check in certificate.checks if check.verdict in ("warn", "fail")]
    file = file_of(request)
    kind = "/".join(part for part in (file.container, file.video, file.audio) if part)
    mbit = size_bytes * 8 / args.seconds / 1e6
    return f"| {kind} | {spent_s / args.seconds:.2f} | {mbit:.2f} | {certificate.verdict} | {', '.join(wrong)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start-s", type=float, default=2.0)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--quality", choices=("draft", "good", "best"), default="good")
    parser.add_argument("--keep", type=Path, help="leave the files here")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = args.keep or Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        source = Path(folder) / Path(FILMED).name
        source.write_bytes(media(FILMED).read_bytes())
        index = index_of(source)
        print("| kind | CPU-s a second | Mbit/s | certificate | what is wrong |\n|---|---|---|---|---|")
        for request in WISHES:
            begun = cpu_s()
            certificate = render_kind(source, index, request, args, out)
            spent_s = cpu_s() - begun
            encoding = build_encoding(VideoWish(quality=args.quality), 1, file_of(request))
            print(
                line(request, args, spent_s, (out / clip_file_name(encoding)).stat().st_size, certificate), flush=True
            )


if __name__ == "__main__":
    main()
