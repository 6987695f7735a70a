"""Turns a fixture's folder of the gallery into its part of the page.

Asks no server; draws what is not yet drawn.

``made.json`` is what the product answered, with the names of the files next to it; ``drawn.json`` what was drawn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from benchmarks.gallery.page import Cue, Film, Fixture, Framed, Thumbnail
from benchmarks.gallery.sheet import Sheet, draw
from benchmarks.gallery.words import in_words
from cli.api.client import JSON
from core.domain.text.unspaced_scripts import phrased
from schemas.common import TimeRange
from schemas.documents.export import Certificate
from schemas.documents.transcript import Transcript
from schemas.options.caption_template import template_named
from streams.renderer.captions.burn_in import cue_rules_for, fits_look
from streams.renderer.captions.cue_builder import DOUBT, build_cues
from streams.renderer.captions.look import build_look
from streams.renderer.prepare import select_doubtful_ranges, select_words_near
from streams.renderer.timeline.slots import OUTPUT_SIZES
from streams.renderer.typography.font_fallback import font_language

MADE, DRAWN = "made.json", "drawn.json"
DRAWN_BY = ("sheet.py", "fixture.py")


class FixtureProject(msgspec.Struct, frozen=True, kw_only=True):
    """A file's project as the API told of it; ``films``: clip, export, and what was saved of it by kind."""

    name: str
    made_by: str
    project: JSON
    films: list[JSON]
    transcript: JSON | None = None
    said: list[str] = []
    """What went wrong on the way."""


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet of each film, by the name of its video."""

    drawn_by: str
    sheets: dict[str, Sheet]


def stamp(paths: Iterable[Path], *more: str) -> str:
    """One name for the content of these files and more.

    Of folders all that is in them but what Python compiled.
    """
    digest = hashlib.sha256()
    for path in paths:
        inside = (
            sorted(file for file in path.rglob("*") if "__pycache__" not in file.parts) if path.is_dir() else [path]
        )
        for file in inside:
            if file.is_file():
                digest.update(file.read_bytes())
    digest.update("\0".join(more).encode())
    return digest.hexdigest()[:16]


def read_made(folder: Path) -> FixtureProject | None:
    """The project that was made in a folder; None where none was made to its end."""
    path = folder / MADE
    try:
        return msgspec.json.decode(path.read_bytes(), type=FixtureProject) if path.is_file() else None
    except msgspec.DecodeError:
        return None


def fixture(folder: Path, current: str) -> Fixture | None:
    """A folder as it stands on the page, drawn where it was not; ``current``: the stamp of today's code."""
    document = read_made(folder)
    if document is None:
        return None
    sheets = _sheets(folder, document)
    project = document.project
    failure = project.get("failure") or {}
    notes = [f"{failure['reason']}: {failure['detail']}"] if failure else []
    notes += [project.get("nothing_found_reason") or "", *project.get("warnings", []), *document.said]
    return Fixture(
        name=document.name,
        state=project["state"],
        seconds=project["duration_ms"] / 1000 if project.get("duration_ms") else None,
        older=document.made_by != current,
        said=[note for note in notes if note],
        films=[_film(folder, document, film, sheets[film["saved"]["video"]]) for film in document.films],
    )


def _sheets(folder: Path, document: FixtureProject) -> dict[str, Sheet]:
    code_folder = Path(__file__).parent
    now = stamp([code_folder / name for name in DRAWN_BY] + [folder / MADE])
    path = folder / DRAWN
    if path.is_file():
        drawn = msgspec.json.decode(path.read_bytes(), type=Drawn)
        if drawn.drawn_by == now:
            return drawn.sheets
    sheets = {}
    for film in document.films:
        video = folder / film["saved"]["video"]
        cues = cues_of(film["export"], document.transcript)
        planned = [max(0, framed.start_ms) for framed in framing_of(film["export"])]
        sheets[video.name] = draw(video, folder, f"sheet-{video.stem}", [cue.start_ms for cue in cues], planned)
    path.write_bytes(msgspec.json.encode(Drawn(drawn_by=now, sheets=sheets)))
    return sheets


def cues_of(export: JSON, transcript: JSON | None) -> list[Cue]:
    """The captions of an export that plays its clip as it is, on its own clock.

    As the renderer puts them together.
    """
    if transcript is None or not export["captions"]:
        return []
    document = msgspec.convert(transcript, Transcript)
    time = TimeRange(start_ms=export["start_ms"], end_ms=export["end_ms"])
    words = select_words_near(document.words, time)
    template = template_named(export["template"])
    look = build_look(
        *OUTPUT_SIZES[export["aspect"]], template, font_language(document.language, "".join(w.text for w in words))
    )
    doubtful = select_doubtful_ranges(document.segments, time)
    cues = build_cues(phrased(words, document.language), time, fits_look(look), cue_rules_for(look), doubtful=doubtful)
    return [
        Cue(
            start_ms=cue.start_ms - time.start_ms,
            end_ms=cue.end_ms - time.start_ms,
            text=" ".join([DOUBT] * cue.doubtful + [word.text for word in cue.words]),
        )
        for cue in cues
    ]


def framing_of(export: JSON) -> list[Framed]:
    """The framed ranges of an export, on the clock of its file."""
    framings = (export.get("certificate") or {}).get("framing", [])
    return [
        Framed(
            start_ms=framing["start_ms"] - export["start_ms"],
            mode=framing.get("mode", "hold"),
            shows=framing["shows"],
            reason=framing["reason"],
        )
        for framing in framings
    ]


def _film(folder: Path, document: FixtureProject, film: JSON, sheet: Sheet) -> Film:
    clip, export, saved = film["clip"], film["export"], film["saved"]
    certificate = msgspec.convert(export["certificate"] or {}, Certificate)
    at = folder.name
    return Film(
        title=clip["title"],
        reason=clip["reason"],
        without_words=clip.get("without_words") or "",
        score=clip["score"],
        confidence=clip["confidence"],
        start_ms=export["start_ms"],
        end_ms=export["end_ms"],
        aspect=export["aspect"],
        verdict=certificate.verdict or "none",
        faults=[(check.verdict, in_words(check)) for check in certificate.checks if check.verdict in ("warn", "fail")],
        unmeasured=[in_words(check) for check in certificate.checks if check.verdict == "not_measured"],
        warnings=certificate.warnings,
        facts=facts(certificate),
        folder=at,
        video=saved["video"],
        poster=saved.get("thumbnail", ""),
        storyboard=saved.get("storyboard", ""),
        thumbnails=_thumbnails(export, saved),
        framing=framing_of(export),
        cues=cues_of(export, document.transcript),
        sheet=sheet,
    )


def facts(certificate: Certificate) -> dict[str, str]:
    """The facts of a file that a viewer needs first, from its certificate."""
    lufs, peak = certificate.integrated_lufs, certificate.true_peak_dbtp
    return {
        "size": f"{certificate.width_px} × {certificate.height_px}",
        "length": f"{certificate.duration_ms / 1000:.2f} s",
        "pictures": f"{certificate.frames} at {certificate.frame_rate:g} a second",
        "loudness": "silent" if lufs is None else f"{lufs:.1f} LUFS",
        "peaks": "none" if peak is None else f"{peak:.1f} dBTP",
        "captions": str(certificate.caption_cues),
        "tries": str(certificate.tries),
        **({"made simpler": ", ".join(certificate.safer)} if certificate.safer else {}),
    }


def _thumbnails(export: JSON, saved: JSON) -> list[Thumbnail]:
    links: Sequence[JSON] = (export.get("files") or {}).get("thumbnails") or []
    thumbnails = []
    for number, link in enumerate(links, 1):
        file = saved.get(f"thumbnail {number}" if number > 1 else "thumbnail")
        scores = {name: value for name, value in link["scores"].items() if name != "at_ms" and value is not None}
        text = ", ".join(f"{name.replace('_', ' ')} {value:.2f}" for name, value in scores.items())
        if file:
            thumbnails.append(Thumbnail(file=file, told=f"{link['scores']['at_ms'] / 1000:.1f} s: {text}"))
    return thumbnails
