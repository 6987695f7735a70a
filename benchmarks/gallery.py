"""Clips of all shared talking media on one page, to look at: ``out/gallery/index.html``. Judges nothing.

``python -m benchmarks.gallery [--only WORD …] [--max-clips 2] [--state-dir DIR]``. Uses the stack that runs in the
state directory (``.clipstream``), or starts and stops it. Each file becomes a project; each clip is downloaded
and shown with six of its pictures, title, reason, score and certificate. The folder needs nothing from outside.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import av
from PIL import Image

from benchmarks.gallery_page import Fixture, Shot, page
from benchmarks.recipe import VIDEO_SUFFIXES
from benchmarks.rig import Rig, say, start, wait
from cli.client import JSON, ApiRefused, Client
from cli.collect import automatic_export, download_export, stem
from local.places import DEFAULT_STATE

PICTURES = 6
SHEET_HEIGHT_PX = 360
TIMEOUT_S = 1800.0
SHORT_S = 20.0
"""Files up to this length get clips from 3 s on: the default of 15 s would leave nothing of some."""


def times_s(duration_s: float, count: int = PICTURES) -> list[float]:
    """Even times from just after the beginning to just before the end."""
    edge_s = min(0.2, duration_s / 20)
    step_s = (duration_s - 2 * edge_s) / (count - 1)
    return [edge_s + number * step_s for number in range(count)]


def contact_sheet(video: Path, path: Path) -> None:
    """Six pictures of a clip side by side, as one JPEG."""
    with av.open(str(video)) as container:
        wanted = times_s(float(container.duration or 0) / av.time_base)
        pictures: list[Image.Image] = []
        for frame in container.decode(video=0):
            if len(pictures) < len(wanted) and frame.time is not None and frame.time >= wanted[len(pictures)]:
                width = round(frame.width * SHEET_HEIGHT_PX / frame.height)
                rgb = frame.to_ndarray(format="rgb24", width=width, height=SHEET_HEIGHT_PX)
                pictures.append(Image.fromarray(rgb))
    if not pictures:
        raise RuntimeError(f"{video} has no picture")
    sheet = Image.new("RGB", (sum(one.width for one in pictures) + 4 * (len(pictures) - 1), SHEET_HEIGHT_PX))
    at = 0
    for one in pictures:
        sheet.paste(one, (at, 0))
        at += one.width + 4
    sheet.save(path, quality=85)


def seconds_of(path: Path) -> float:
    """Length of a media file."""
    with av.open(str(path)) as container:
        return float(container.duration or 0) / av.time_base


def shot_of(client: Client, clip: JSON, folder: Path) -> Shot | str:
    """Download a clip and draw its sheet; or why there is no file."""
    brief = automatic_export(clip)
    if brief is None:
        return f"{clip['title']}: no export"
    export = client.get(f"/v1/exports/{brief['export_id']}")
    name = stem(clip["ordinal"], clip["title"], export["aspect"])
    saved = download_export(client, export, name, folder, lambda _: None)
    if "video" not in saved:
        return f"{clip['title']}: {export.get('failure') or export['state']}"
    sheet = folder / f"{name}-sheet.jpg"
    contact_sheet(folder / saved["video"], sheet)
    at = folder.name
    return Shot(
        title=clip["title"],
        reason=clip["reason"],
        score=clip["score"],
        confidence=clip["confidence"],
        start_ms=clip["start_ms"],
        end_ms=clip["end_ms"],
        video=f"{at}/{saved['video']}",
        sheet=f"{at}/{sheet.name}",
        poster=f"{at}/{saved['thumbnail']}",
        certificate=export["certificate"] or {},
    )


def fixture_of(client: Client, path: Path, project: JSON, out: Path) -> Fixture:
    """A file's clips, once its project has ended."""
    said = []
    if project["state"] != "completed":
        failure = project["failure"] or {}
        said.append(f"{failure.get('reason', '')}: {failure.get('detail', '')}")
    said += [project["nothing_found_reason"] or "", *project["warnings"]]
    folder = out / path.stem
    folder.mkdir(parents=True)
    shots = [shot_of(client, clip, folder) for clip in _clips(client, project["project_id"])]
    said += [shot for shot in shots if isinstance(shot, str)]
    return Fixture(
        name=path.name,
        state=project["state"],
        seconds=project["duration_ms"] / 1000 if project["duration_ms"] else None,
        clips=[shot for shot in shots if isinstance(shot, Shot)],
        said="; ".join(filter(None, said)),
    )


def _clips(client: Client, project_id: str) -> list[JSON]:
    try:
        return list(client.get(f"/v1/projects/{project_id}/clips")["items"])
    except ApiRefused:
        return []


def files(media: Path, only: Sequence[str]) -> list[Path]:
    """The talking videos; ``only`` keeps those whose name holds one of its words."""
    found = sorted(path for path in (media / "talking").glob("*") if path.suffix in VIDEO_SUFFIXES)
    kept = [path for path in found if not only or any(word in path.name for word in only)]
    if not kept:
        raise SystemExit(f"no video in {media / 'talking'}: set CLIPSTREAM_MEDIA, --media, or another --only")
    return kept


def make(rig: Rig, videos: Sequence[Path], max_clips: int) -> Path:
    """All projects at once (the stack works on them as it can), then the page."""
    shutil.rmtree(rig.out, ignore_errors=True)
    rig.out.mkdir(parents=True)
    fixtures = []
    with contextlib.closing(rig.client()) as client:
        begun = []
        for path in videos:
            shortest = {"min_clip_ms": 3000} if seconds_of(path) <= SHORT_S else {}
            begun.append((path, start(client, path, {"max_clips": max_clips, **shortest})))
        for number, (path, project_id) in enumerate(begun, start=1):
            project = wait(client, project_id, timeout_s=TIMEOUT_S, every_s=0.5)
            fixtures.append(fixture_of(client, path, project, rig.out))
            say(f"[{number}/{len(begun)}] {path.name}: {project['state']}, {len(fixtures[-1].clips)} clips")
    index = rig.out / "index.html"
    index.write_text(page(fixtures, dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")))
    return index


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--out", type=Path, default=Path("out/gallery"), help="emptied first (out/gallery)")
    parser.add_argument("--state-dir", type=Path, default=DEFAULT_STATE, help="the stack's directory (.clipstream)")
    parser.add_argument("--only", nargs="*", default=[], metavar="WORD", help="files whose name holds one of these")
    parser.add_argument("--max-clips", type=int, default=2, help="clips a file, at most (2)")
    asked = parser.parse_args()
    videos = files(asked.media.absolute(), asked.only)
    out = asked.out.absolute()
    if out.exists() and any(out.iterdir()) and not (out / "index.html").is_file():
        raise SystemExit(f"{out} holds other things than a gallery: choose another --out")
    with Rig(media=asked.media.absolute(), out=out, minutes=0, rounds=1, quick=False, state=asked.state_dir) as rig:
        index = make(rig, videos, asked.max_clips)
    print(f"gallery: {index}")


if __name__ == "__main__":
    main()
