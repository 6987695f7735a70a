"""The gallery's one page: a contact sheet a clip, with what the product says of it. Pure text; fetches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import msgspec

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 1320px; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid #8886; padding: 1rem 0 2rem; }
article { display: grid; grid-template-columns: minmax(0, 1fr) 200px; gap: 1rem; align-items: start; margin: 1rem 0; }
img, video { max-width: 100%; height: auto; border-radius: 4px; background: #000; }
p { margin: .3rem 0; } .none { color: #b00020; } .warn { color: #b26a00; } small, dt { color: #888; }
dl { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: .3rem 0; } dl div { display: flex; gap: .4rem; }
dd { margin: 0; }
"""


class Shot(msgspec.Struct, frozen=True, kw_only=True):
    """One clip on the page; paths are relative to it."""

    title: str
    reason: str
    score: float
    confidence: float
    start_ms: int
    end_ms: int
    video: str
    sheet: str
    poster: str
    certificate: dict[str, object]


class Fixture(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the media: its clips, or why there is none."""

    name: str
    state: str
    seconds: float | None
    clips: list[Shot]
    said: str = ""
    """Why there is no clip, or what was lost."""


def page(fixtures: Sequence[Fixture], made: str) -> str:
    """The whole document; every text that comes from outside is escaped."""
    clips = sum(len(fixture.clips) for fixture in fixtures)
    sections = "\n".join(map(_section, fixtures))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Clipstream gallery</title><style>{STYLE}</style></head>
<body><h1>Gallery</h1><p>Clips: {clips}, of files: {len(fixtures)}, made {escape(made)}. Six pictures a clip, from its
beginning to its end; the clip itself beside them.</p>
{sections}
</body></html>
"""


def _section(fixture: Fixture) -> str:
    length = "" if fixture.seconds is None else f"{fixture.seconds:.0f} s, "
    said = f'<p class="none">{escape(fixture.said)}</p>' if fixture.said else ""
    articles = "".join(map(_article, fixture.clips))
    return f"""<section><h2>{escape(fixture.name)}</h2>
<small>{length}{escape(fixture.state)}, clips: {len(fixture.clips)}</small>{said}{articles}</section>"""


def _article(shot: Shot) -> str:
    warnings = shot.certificate.get("warnings")
    told = [str(warning) for warning in warnings] if isinstance(warnings, list) else []
    warned = "".join(f'<p class="warn">{escape(warning)}</p>' for warning in told)
    facts = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(_value(value))}</dd></div>"
        for name, value in shot.certificate.items()
        if name != "warnings"
    )
    return f"""<article><div><h3>{escape(shot.title)}</h3>
<p>{escape(shot.reason)}</p>
<p><small>score {shot.score:.2f}, confidence {shot.confidence:.2f},
{shot.start_ms / 1000:.1f}–{shot.end_ms / 1000:.1f} s</small></p>
<img src="{escape(shot.sheet)}" alt="six pictures of the clip, from beginning to end" loading="lazy">
{warned}<dl>{facts}</dl></div>
<video src="{escape(shot.video)}" poster="{escape(shot.poster)}" controls preload="none"></video></article>"""


def _value(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else "none" if value is None else str(value)
