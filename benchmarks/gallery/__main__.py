"""Contact sheets of clips from all shared media on one page, to look at: ``out/gallery/index.html``.

Judges nothing.

``python -m benchmarks.gallery [--only WORD …] [--folders talking …] [--max-clips 2] [--aspects 1:1 16:9] [--older]``.
Uses the stack that runs in the state directory (``.clipstream``), or starts and stops it. Each file becomes a
project, its first clip also files of further shapes. What lies there from the same code is kept: after a stop, or for
other words, it goes on. The folder needs nothing from outside.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import msgspec

from benchmarks.gallery.fixture import MADE, FixtureProject, fixture, read_made, stamp
from benchmarks.gallery.page import page
from benchmarks.harness.rig import Rig, say, start, wait
from cli.api.client import JSON, ApiRefused, Client
from cli.exit_codes import CliError
from cli.output.results import automatic_export, download_export, file_stem, get_if_present
from local.config.paths import DEFAULT_STATE

FOLDERS = ("talking", "music", "shots", "hostile")
SUFFIXES = {".mp4", ".webm", ".mov", ".mpg", ".mkv", ".avi", ".ogg", ".mp3", ".wav", ".flac"}
CODE = ("streams", "core", "schemas", "models", "api")
TIMEOUT_S = 1800.0
SHORT_S = 20.0
"""Files up to this length get clips from 3 s on: the default of 10 s would leave nothing of some."""
QUEUED_COUNT = 3
"""Projects that the stack works on while the one before them is drawn."""
REPO = Path(__file__).parents[2]


def seconds_of(path: Path) -> float | None:
    """Length of a media file; None where it tells none, or cannot be opened."""
    try:
        with av.open(str(path)) as container:
            return float(container.duration) / av.time_base if container.duration else None
    except (av.FFmpegError, ValueError):
        return None


def files(media: Path, folders: Sequence[str], only: Sequence[str]) -> list[Path]:
    """The media of these folders; ``only`` keeps those whose path holds one of its words."""
    paths = [path for folder in folders for path in sorted((media / folder).glob("*"))]
    paths = [path for path in paths if path.suffix.lower() in SUFFIXES]
    chosen = [path for path in paths if not only or any(word in str(path.relative_to(media)) for word in only)]
    if not chosen:
        raise SystemExit(f"no such file in {media}: set CLIPSTREAM_MEDIA, --media, --folders, or another --only")
    return chosen


def folder_of(out: Path, path: Path) -> Path:
    """The folder of a file's sheets."""
    return out / f"{path.parent.name}-{path.name}".replace(" ", "-")


def options_of(path: Path, max_clips: int) -> JSON:
    """The options of a file's project; a short file may have clips from 3 s on."""
    length_s = seconds_of(path)
    shortest = {"min_clip_ms": 3000} if length_s is not None and length_s <= SHORT_S else {}
    return {"max_clips": max_clips, **shortest}


def made_by(max_clips: int, aspects: Sequence[str]) -> str:
    """The name of all that a fixture's files follow from, its own file set aside."""
    return stamp([REPO / path for path in CODE], str(max_clips), *aspects)


def begin(client: Client, path: Path, max_clips: int) -> tuple[str | None, str]:
    """Create a file's project; gives its id, or why it is refused before there is one."""
    try:
        return start(client, path, options_of(path, max_clips)), ""
    except CliError as error:
        return None, str(error)


def collect(
    client: Client, path: Path, project_id: str, folder: Path, aspects: Sequence[str], by: str
) -> FixtureProject:
    """Wait for a project, ask for the further shapes of its first clip, download everything."""
    project = wait(client, project_id, timeout_s=TIMEOUT_S, every_s=0.5)
    clips = (get_if_present(lambda: client.get(f"/v1/projects/{project_id}/clips")) or {"items": []})["items"]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    exports: list[tuple[JSON, str]] = []
    notes = []
    for clip in clips:
        brief = automatic_export(clip)
        exports += [(clip, brief["export_id"])] if brief else []
        if clip["ordinal"] == 0:
            requested = [client.post(f"/v1/clips/{clip['clip_id']}/export", {"aspect": aspect}) for aspect in aspects]
            exports += [(clip, export["export_id"]) for export in requested]
    films = []
    for clip, export_id in exports:
        export = _wait_for_export(client, export_id)
        name = file_stem(clip["ordinal"], clip["title"], export["aspect"], export["number"])
        saved = download_export(client, export, name, folder, lambda _: None)
        if "video" in saved:
            films.append({"clip": clip, "export": export, "saved": saved})
        else:
            notes.append(f"{clip['title']}, {export['aspect']}: {export.get('failure') or export['state']}")
    transcript = get_if_present(lambda: client.get(f"/v1/projects/{project_id}/transcript", format="json"))
    name = f"{path.parent.name}/{path.name}"
    return FixtureProject(name=name, made_by=by, project=project, films=films, transcript=transcript, said=notes)


def _wait_for_export(client: Client, export_id: str) -> JSON:
    for _ in range(round(TIMEOUT_S / 0.5)):
        export = client.get(f"/v1/exports/{export_id}")
        if export["state"] in ("done", "failed"):
            return export
        client.sleep(0.5)
    return export


def refused(path: Path, why: str, by: str) -> FixtureProject:
    """A file of which there is no project."""
    project = {"state": "refused", "duration_ms": None}
    return FixtureProject(name=f"{path.parent.name}/{path.name}", made_by=by, project=project, films=[], said=[why])


def make(rig: Rig, paths: Sequence[Path], max_clips: int, aspects: Sequence[str], by: str) -> None:
    """One project after the other, the next ones begun meanwhile; the page is renewed after each."""
    with contextlib.closing(rig.client()) as client:
        waiting = iter(paths)
        begun: list[tuple[Path, str | None, str]] = []
        for number in range(len(paths)):
            for path in _next(waiting, QUEUED_COUNT - len(begun)):
                begun.append((path, *begin(client, path, max_clips)))
            path, project_id, why = begun.pop(0)
            folder = folder_of(rig.out, path)
            try:
                document = (
                    collect(client, path, project_id, folder, aspects, by) if project_id else refused(path, why, by)
                )
            except (TimeoutError, ApiRefused) as error:
                say(f"{path.name}: {error}")
                continue
            folder.mkdir(parents=True, exist_ok=True)
            (folder / MADE).write_bytes(msgspec.json.encode(document))
            write_page(rig.out, by)
            say(
                f"[{number + 1}/{len(paths)}] {document.name}: {document.project['state']}, {len(document.films)} files"
            )


def _next(waiting: Iterator[Path], count: int) -> Iterator[Path]:
    for _ in range(count):
        path = next(waiting, None)
        if path is not None:
            yield path


def write_page(out: Path, by: str) -> Path:
    """The page of all that lies there."""
    fixtures = [fixture(folder, by) for folder in sorted(out.iterdir()) if folder.is_dir()]
    index = out / "index.html"
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    index.write_text(page([project for project in fixtures if project is not None], now))
    return index


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--out", type=Path, default=Path("out/gallery"), help="where it lies (out/gallery)")
    parser.add_argument("--state-dir", type=Path, default=DEFAULT_STATE, help="the stack's directory (.clipstream)")
    parser.add_argument("--folders", nargs="*", default=FOLDERS, help=f"of the media ({' '.join(FOLDERS)})")
    parser.add_argument("--only", nargs="*", default=[], metavar="WORD", help="files whose path holds one of these")
    parser.add_argument("--max-clips", type=int, default=2, help="clips a file, at most (2)")
    parser.add_argument(
        "--aspects", nargs="*", default=["1:1", "16:9"], help="more shapes of the first clip (1:1 16:9)"
    )
    parser.add_argument("--older", action="store_true", help="keep what other code than today's made, too")
    options = parser.parse_args()
    media, out = options.media.absolute(), options.out.absolute()
    by = made_by(options.max_clips, options.aspects)
    out.mkdir(parents=True, exist_ok=True)
    paths = [
        path
        for path in files(media, options.folders, options.only)
        if not is_current(folder_of(out, path), by, options.older)
    ]
    if paths:
        with Rig(media=media, out=out, minutes=0, rounds=1, quick=False, state=options.state_dir) as rig:
            make(rig, paths, options.max_clips, options.aspects, by)
    print(f"gallery: {write_page(out, by)}")


def is_current(folder: Path, by: str, older: bool) -> bool:
    """Whether what lies there stays: what the same code made, and, if wished, what other code did."""
    document = read_made(folder)
    return document is not None and (older or document.made_by == by)


if __name__ == "__main__":
    main()
