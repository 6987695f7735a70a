"""Results of a finished project: files to download and the report about them. Draws nothing."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cli.api.client import JSON, ApiRefused, Client
from schemas.version import VERSION

REPORT_VERSION = 1
FILE_KINDS = ("video", "srt", "vtt", "ass", "ttml", "txt", "thumbnail")
CLONE = Path(__file__).parents[2]
GIT_TIMEOUT_S = 10.0
_UNSAFE = re.compile(r"[^a-z0-9]+")


def slug(title: str, limit: int = 40) -> str:
    """A title as part of a file name: ASCII letters, digits and dashes."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    short = _UNSAFE.sub("-", plain.replace("'", "")).strip("-")
    if len(short) > limit:
        short = short[: limit + 1].rsplit("-", 1)[0] if "-" in short[:limit] else short[:limit]
    return short.strip("-")


def file_stem(ordinal: int, title: str, aspect: str, number: int = 1) -> str:
    """File name without suffix: ``01-physics-works-9x16``; later exports end in ``-v2`` and so on."""
    later = f"v{number}" if number > 1 else ""
    pieces = [f"{ordinal + 1:02d}", slug(title), aspect.replace(":", "x"), later]
    return "-".join(piece for piece in pieces if piece)


def automatic_exports(clip: JSON) -> list[JSON]:
    """The exports that came with a clip, one in each shape that was asked for."""
    exports: list[JSON] = clip.get("exports") or []
    return [export for export in exports if export.get("automatic", True)]


def automatic_export(clip: JSON) -> JSON | None:
    """The first of them."""
    return next(iter(automatic_exports(clip)), None)


def download_export(
    client: Client, export: JSON, name: str, out: Path, on_bytes: Callable[[int], None]
) -> dict[str, str]:
    """Fetch the files of a finished export; gives kind → file name. Nothing where it did not finish."""
    links: JSON = export.get("files") or {}
    saved: dict[str, str] = {}
    for kind in FILE_KINDS:
        link = links.get(kind)
        if link:
            path = out / (name + Path(link["filename"]).suffix)
            client.download(link["url"], path, on_bytes)
            saved[kind] = path.name
    for language, kinds in (links.get("tracks") or {}).items():
        for kind, link in kinds.items():
            path = out / f"{name}.{language}.{kind}"
            client.download(link["url"], path, on_bytes)
            saved[f"{kind} {language}"] = path.name
    for number, link in enumerate((links.get("thumbnails") or [])[1:], 2):
        path = out / f"{name}-thumbnail-{number}.jpg"
        client.download(link["url"], path, on_bytes)
        saved[f"thumbnail {number}"] = path.name
    if links.get("storyboard"):
        path = out / f"{name}-storyboard.jpg"
        client.download(links["storyboard"]["url"], path, on_bytes)
        cues = client.get_bytes(f"/v1/exports/{export['export_id']}/storyboard.vtt", image=path.name)
        cue_file = path.with_suffix(".vtt")
        cue_file.write_bytes(cues)
        saved["storyboard"], saved["storyboard vtt"] = path.name, cue_file.name
    for kind, link in (links.get("stems") or {}).items():
        path = out / f"{name}-{kind}.flac"
        client.download(link["url"], path, on_bytes)
        saved[f"stem {kind}"] = path.name
    return saved


TRACK_KINDS = ("json", "txt", "srt")


def download_size(exports: Sequence[JSON]) -> int:
    """Bytes of all files of these exports."""
    links = [export.get("files") or {} for export in exports]
    file_links = [group[kind] for group in links for kind in (*FILE_KINDS, "storyboard") if group.get(kind)]
    file_links += [stem for group in links for stem in (group.get("stems") or {}).values()]
    file_links += [text for group in links for kinds in (group.get("tracks") or {}).values() for text in kinds.values()]
    file_links += [picture for group in links for picture in (group.get("thumbnails") or [])[1:]]
    return sum(int(link["size_bytes"]) for link in file_links)


def get_if_present(ask: Callable[[], Any]) -> Any:
    """The answer of ``ask``, or None where the API says that there is no such thing."""
    try:
        return ask()
    except ApiRefused as error:
        if error.status == 404:
            return None
        raise


def save_transcript(client: Client, project_id: str, out: Path) -> JSON | None:
    """Store the transcript as JSON and text with its tracks; None if the project has no transcript."""
    path = f"/v1/projects/{project_id}/transcript"
    raw = get_if_present(lambda: client.get_bytes(path, format="json"))
    if raw is None:
        return None
    (out / "transcript.json").write_bytes(raw)
    (out / "transcript.txt").write_bytes(client.get_bytes(path, format="txt"))
    transcript: JSON = json.loads(raw)
    for track in transcript.get("tracks") or {}:
        for kind in TRACK_KINDS:
            (out / f"transcript.{track}.{kind}").write_bytes(client.get_bytes(path, format=kind, track=track))
    return transcript


def save_intelligence(client: Client, project_id: str, out: Path) -> None:
    """Store intelligence.json and about.md, the same to read, where there is such a thing."""
    path = f"/v1/projects/{project_id}/intelligence"
    raw = get_if_present(lambda: client.get_bytes(path, format="json"))
    if raw is not None:
        (out / "intelligence.json").write_bytes(raw)
        (out / "about.md").write_bytes(client.get_bytes(path, format="markdown"))


def clip_entry(clip: JSON, exports: Sequence[tuple[JSON, Mapping[str, str]]]) -> JSON:
    """One clip in the report; ``exports`` are its exports with their files.

    Exports after the first are its ``shapes``."""
    keys = (
        *("clip_id", "ordinal", "start_ms", "end_ms", "title", "hook", "description", "hashtags"),
        *("reason", "without_words", "score", "confidence", "signals"),
    )
    entry: JSON = {key: clip.get(key) for key in keys}
    first, *further = [_export_entry(export, files) for export, files in exports] or [{"files": {}}]
    return entry | first | ({"shapes": further} if further else {})


def _export_entry(export: JSON, files: Mapping[str, str]) -> JSON:
    """The fields of an export in an entry of the report."""
    keys = ("export_id", "state", "aspect", "captions", "certificate", "failure")
    links = (export.get("files") or {}).get("thumbnails") or []
    thumbnails = [
        {"file": files.get(f"thumbnail {number}" if number > 1 else "thumbnail"), **link["scores"]}
        for number, link in enumerate(links, 1)
    ]
    return {"files": dict(files), "export": {key: export.get(key) for key in keys}, "thumbnails": thumbnails}


def commit_of(clone: Path) -> str | None:
    """The git commit of a clone, with ``-changed`` if files differ; None if this is no clone."""
    if not (clone / ".git").exists():
        return None
    try:
        commit = _git(clone, "rev-parse", "HEAD")
        changed = _git(clone, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{commit}-changed" if changed else commit


def _git(clone: Path, *arguments: str) -> str:
    command = ("git", "--no-optional-locks", "-C", str(clone), *arguments)
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=GIT_TIMEOUT_S).stdout.strip()


def build_versions(transcript: JSON | None, moments: JSON | None, exports: Sequence[JSON], api: str | None) -> JSON:
    """Versions of the code and models that made this. ``commit`` is that of the clone that runs."""
    certificates: list[JSON] = [export["certificate"] for export in exports if export.get("certificate")]
    encoders = sorted({str(certificate["encoder"]) for certificate in certificates})
    pictures = {
        *((moments or {}).get("picture_models") or []),
        *(certificate.get("framed_by") for certificate in certificates),
    }
    return {
        "clipstream": VERSION,
        "commit": commit_of(CLONE),
        "api": api,
        "python": platform.python_version(),
        "speech_model": transcript.get("model") if transcript else None,
        "picture_models": sorted(name for name in pictures if name),
        "scorer": moments.get("scorer") if moments else None,
        "encoder": ", ".join(encoders) or None,
    }


def build_report(
    *,
    source: str,
    project: JSON,
    transcript: JSON | None,
    moments: JSON | None,
    clips: Sequence[JSON],
    version_info: JSON,
    timings_s: Mapping[str, float],
) -> JSON:
    """The content of report.json."""
    return {
        "report_version": REPORT_VERSION,
        "source": source,
        "project": {key: value for key, value in project.items() if key != "stages"},
        "stages": project.get("stages", []),
        "timings_s": {name: round(value, 3) for name, value in timings_s.items()},
        "language": transcript.get("language") if transcript else None,
        "word_count": len(transcript["words"]) if transcript else 0,
        "without_words": project.get("without_words"),
        "scenery": moments.get("scenery") if moments else None,
        "candidates_weighed": len(moments["moments"]) if moments else 0,
        "nothing_found_reason": project.get("nothing_found_reason"),
        "clip_order": moments.get("order", "score") if moments else "score",
        "judging": moments.get("judging") if moments else None,
        "clips": list(clips),
        "versions": version_info,
    }
