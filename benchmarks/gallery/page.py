"""The gallery's one page: what was made of each file, to be looked at on a phone or a wide screen.

Fetches nothing.

Pure text, without a script: the choice of verdicts is made by the style sheet, so it works from a folder.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

import msgspec

from benchmarks.gallery.sheet import LEVEL_STEP_MS, Sheet, Still

STYLE = Path(__file__).with_name("gallery.css")
VERDICTS = ("fail", "warn", "pass", "none")
NAMES = {"fail": "failed", "warn": "warned", "pass": "passed", "none": "without a verdict"}
WHY = {"first": "first picture", "last": "end", "cut": "cut", "caption": "caption", "between": ""}
FLOOR_DB = -60.0
SLOT_MS = 40
"""A plan's times are the source's: the picture that shows a change may stand so much before it."""


class Cue(msgspec.Struct, frozen=True, kw_only=True):
    """One caption with its text, on the clock of the file."""

    start_ms: int
    end_ms: int
    text: str


class Framed(msgspec.Struct, frozen=True, kw_only=True):
    """The framing from a moment of the file on, with its reason."""

    start_ms: int
    mode: str
    shows: str
    reason: str


class Thumbnail(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate, and what was measured on it."""

    file: str
    told: str


class Film(msgspec.Struct, frozen=True, kw_only=True):
    """One finished file; names are relative to ``folder``, and that to the page."""

    title: str
    reason: str
    score: float
    confidence: float
    start_ms: int
    end_ms: int
    aspect: str
    verdict: str
    folder: str
    video: str
    sheet: Sheet
    without_words: str = ""
    poster: str = ""
    storyboard: str = ""
    faults: list[tuple[str, str]] = []
    """Verdict and sentence of each check that is not as it should be."""
    unmeasured: list[str] = []
    warnings: list[str] = []
    facts: dict[str, str] = {}
    thumbnails: list[Thumbnail] = []
    framing: list[Framed] = []
    cues: list[Cue] = []


class Fixture(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the media: what was made of it, or why nothing was."""

    name: str
    state: str
    seconds: float | None
    films: list[Film]
    older: bool = False
    """Whether other code than today's made them."""
    said: list[str] = []
    """Why there is no clip, or what was lost."""


def page(fixtures: Sequence[Fixture], drawn_at: str) -> str:
    """The whole document; every text that comes from outside is escaped."""
    films = [film for fixture in fixtures for film in fixture.films]
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Clipstream gallery</title><style>{STYLE.read_text()}</style></head>
<body>{_choice(films)}<header><h1>Gallery</h1>
<p>{len(films)} files of clips, made from {len(fixtures)} recordings; drawn {escape(drawn_at)}. A picture opens large, a
title plays its file.</p></header>
{_index(fixtures)}
{"".join(map(_section, fixtures))}
</body></html>
"""


def _choice(films: Sequence[Film]) -> str:
    """Buttons that choose the verdicts to show; the style sheet reads them."""
    counted = Counter(film.verdict for film in films)
    labels = {"all": f"all {len(films)}"} | {
        verdict: f"{counted[verdict]} {NAMES[verdict]}" for verdict in VERDICTS if counted[verdict]
    }
    buttons = "".join(
        f'<label><input type="radio" name="only" id="only-{verdict}"{" checked" if verdict == "all" else ""}>'
        f"<span>{text}</span></label>"
        for verdict, text in labels.items()
    )
    return f'<form class="choice">{buttons}</form>'


def _index(fixtures: Sequence[Fixture]) -> str:
    rows = "".join(
        f'<li class="{" ".join(_kinds(fixture))}"><a href="#{anchor(fixture.name)}">{escape(fixture.name)}</a> '
        f"{_badges(fixture)}</li>"
        for fixture in fixtures
    )
    return f'<nav><ol class="index">{rows}</ol></nav>'


def anchor(name: str) -> str:
    """A file's name as it may stand in a link to a part of the page."""
    return "".join(character if character.isascii() and character.isalnum() else "-" for character in name)


def _kinds(fixture: Fixture) -> list[str]:
    return sorted({film.verdict for film in fixture.films}) or ["nothing"]


def _badges(fixture: Fixture) -> str:
    if not fixture.films:
        return f'<b class="badge nothing">{escape(fixture.state)}, no clip</b>'
    counted = Counter(film.verdict for film in fixture.films)
    return "".join(
        f'<b class="badge {verdict}">{counted[verdict]} {NAMES[verdict]}</b>'
        for verdict in VERDICTS
        if counted[verdict]
    )


def _section(fixture: Fixture) -> str:
    length = "" if fixture.seconds is None else f"{fixture.seconds:.1f} s, "
    older = ", <em>made by other code than this</em>" if fixture.older else ""
    notes = "".join(f'<p class="said">{escape(note)}</p>' for note in fixture.said)
    return f"""<section class="{" ".join(_kinds(fixture))}" id="{anchor(fixture.name)}">
<h2>{escape(fixture.name)}</h2><small>{length}{escape(fixture.state)}{older}</small>{notes}
{"".join(map(_article, fixture.films))}</section>
"""


def _path(film: Film, name: str) -> str:
    return escape(quote(f"{film.folder}/{name}"))


def _article(film: Film) -> str:
    video = _path(film, film.video)
    poster = f' poster="{_path(film, film.poster)}"' if film.poster else ""
    thumbnails = "".join(
        f'<figure><a href="{_path(film, thumbnail.file)}">'
        f'<img src="{_path(film, thumbnail.file)}" alt="" loading="lazy"></a>'
        f"<figcaption>{escape(thumbnail.told)}</figcaption></figure>"
        for thumbnail in film.thumbnails
    )
    return f"""<article class="{film.verdict}">
<div class="head"><video src="{video}"{poster} controls preload="none" playsinline></video><div class="told">
<h3><a href="{video}">{escape(film.title)}</a></h3>
<p><b class="badge {film.verdict}">{NAMES.get(film.verdict, film.verdict)}</b>
<b class="badge">{escape(film.aspect)}</b>
<small>{film.start_ms / 1000:.1f} to {film.end_ms / 1000:.1f} s, score {film.score:.0f}, sure to
{film.confidence:.0%}</small></p>
<p>{escape(film.reason)}</p>{_lines("said", [film.without_words] if film.without_words else [])}
{"".join(_lines(verdict, [text]) for verdict, text in film.faults)}{_lines("warn", film.warnings)}
<dl>{"".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in film.facts.items())}</dl>
{_level(film.sheet)}{_more("Not measured", film.unmeasured)}</div></div>
<div class="stills">{"".join(_stills(film))}</div>
{_strips(film)}<details><summary>Thumbnails, storyboard</summary><div class="thumbnails">{thumbnails}</div>
{_picture(film, film.storyboard)}</details></article>
"""


def _lines(kind: str, lines: Iterable[str]) -> str:
    return "".join(f'<p class="{escape(kind)}">{escape(line)}</p>' for line in lines)


def _more(title: str, lines: Sequence[str]) -> str:
    return f"<details><summary>{title} ({len(lines)})</summary>{_lines('plain', lines)}</details>" if lines else ""


def _picture(film: Film, name: str) -> str:
    return f'<img src="{_path(film, name)}" alt="" loading="lazy">' if name else ""


def _stills(film: Film) -> Iterable[str]:
    """Pictures with their time, the text of their caption and, where it changes, their framing."""
    before: Framed | None = None
    for still in film.sheet.stills:
        framed = _framed_at(film.framing, still.at_ms + SLOT_MS)
        changed = framed is not None and (before is None or framed != before)
        before = framed
        yield _still(film, still, framed if changed else None)


def _still(film: Film, still: Still, framed: Framed | None) -> str:
    file, caption = _path(film, still.file), text_at(film.cues, still.at_ms)
    words = f"<q>{escape(caption)}</q>" if caption else ""
    how = f'<span class="mode">{escape(framed.mode)}</span> {escape(framed.reason)}' if framed else ""
    return (
        f'<figure class="{still.why}"><a href="{file}"><img src="{file}" alt="" loading="lazy"></a>'
        f"<figcaption><b>{still.at_ms / 1000:.2f} s</b> <i>{WHY[still.why]}</i> {words} {how}</figcaption></figure>"
    )


def text_at(cues: Sequence[Cue], at_ms: int) -> str:
    """The text of the captions at a moment."""
    return next((cue.text for cue in cues if cue.start_ms <= at_ms < cue.end_ms), "")


def _framed_at(framing: Sequence[Framed], at_ms: int) -> Framed | None:
    after = bisect_right(framing, at_ms, key=lambda framed: framed.start_ms)
    return framing[max(0, after - 1)] if framing else None


def _strips(film: Film) -> str:
    if not film.sheet.strips:
        return ""
    figures = "".join(
        f"<figure>{_picture(film, strip.file)}<figcaption>{strip.at_ms / 1000:.2f} s</figcaption></figure>"
        for strip in film.sheet.strips
    )
    return f'<details class="strips"><summary>Around each cut, picture by picture</summary>{figures}</details>'


def _level(sheet: Sheet) -> str:
    """The loudness of each tenth of a second, as a picture: from silence at the bottom to full scale."""
    if not sheet.level_db:
        return '<p class="plain">There is no sound.</p>'
    high = [max(0.0, 1 - level / FLOOR_DB) * 30 for level in sheet.level_db]
    bars = "".join(f"M{at} 30v{-height:.1f}" for at, height in enumerate(high))
    label = f"loudness of each {LEVEL_STEP_MS} ms, from {FLOOR_DB:.0f} to 0 dBFS"
    return (
        f'<svg viewBox="0 0 {len(high)} 30" preserveAspectRatio="none" role="img" aria-label="{label}">'
        f'<title>{label}</title><path d="{bars}"/></svg>'
    )
