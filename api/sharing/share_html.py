"""HTML of share pages and of their players, without script; every value is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import quote

from starlette.responses import HTMLResponse

from api.http.browsers.page_languages import PageLanguage, language_headers
from api.sharing.models import PublicShare, SharedCaptions, SharedClip
from api.sharing.share_words import WORDS, EndedWords, ShareWords, page_date
from core.domain.clock_format import format_clock

_MARK = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path fill-rule="evenodd" '
    'd="M4 3h16a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zm6 5v8l6.5-4z"/></svg>'
)
_HEAD = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow"><meta name="referrer" content="no-referrer"><title>{title}</title>
<link rel="icon" type="image/svg+xml" href="/web/mark.svg"><link rel="stylesheet" href="/web/theme.css">
<link rel="stylesheet" href="/web/share.css">{more}</head>"""
_PAGE = """<body class="share"><header>{brand}</header>
<main class="{layout}"><div class="about"><h1>{title}</h1><p class="soft">{facts}</p></div>
<div class="clips">{clips}</div></main>
<footer class="soft">{made_with}</footer></body></html>
"""
_ENDED = """<body class="share ended"><main><p class="brand">{mark}Clipstream</p><h1>{title}</h1><p>{detail}</p>
<p class="soft">{advice}</p></main></body></html>
"""
_EMBED = """<body class="embed"><main>{player}{list}</main></body></html>
"""


def share_page(share: PublicShare, *, storage: str, language: PageLanguage) -> HTMLResponse:
    """The page of a link. ``storage``: origin of the signed URLs."""
    words = WORDS[language]
    count = len(share.clips)
    facts = [words.clips.format(count=count)] if count > 1 else [format_clock(share.clips[0].duration_ms)]
    facts.append(words.until.format(date=page_date(share.expires_at, language)))
    body = _PAGE.format(
        brand=escape(share.organisation) if share.organisation else f"{_MARK}Clipstream",
        title=escape(share.title),
        facts=" · ".join(facts),
        layout="several" if count > 1 else _shape(share.clips[0]),
        clips="".join(_clip(clip, position, count, share, words) for position, clip in enumerate(share.clips, 1)),
        made_with=words.made_with,
    )
    return _respond(share.title, body, language, storage=storage, more=_open_graph(share))


def embed_page(share: PublicShare, chosen: int, *, storage: str, language: PageLanguage) -> HTMLResponse:
    """The player of a link alone, which other pages may frame. ``chosen``: number of the clip, from 1."""
    clips, words = share.clips, WORDS[language]
    chosen = chosen if 1 <= chosen <= len(clips) else 1
    links = "".join(
        f'<li><a href="?clip={number}"{" aria-current=page" if number == chosen else ""} '
        f'title="{escape(clip.title)}">{number}</a></li>'
        for number, clip in enumerate(clips, 1)
    )
    body = _EMBED.format(
        player=_player(clips[chosen - 1], share, words, preload="metadata"),
        list=f'<nav aria-label="{words.list_label}"><ul>{links}</ul></nav>' if len(clips) > 1 else "",
    )
    return _respond(share.title, body, language, storage=storage, framed=True)


def ended_page(
    words: EndedWords,
    language: PageLanguage,
    *,
    status: int,
    detail: str = "",
    framed: bool = False,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A page that says why there is nothing to see. ``detail``: the sentence where the words have none."""
    body = _ENDED.format(
        mark=_MARK, title=escape(words.title), detail=escape(words.detail or detail), advice=escape(words.advice)
    )
    return _respond(words.title, body, language, status=status, framed=framed, headers=headers)


def _respond(
    title: str,
    body: str,
    language: PageLanguage,
    *,
    storage: str = "",
    more: str = "",
    status: int = 200,
    framed: bool = False,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A page that runs nothing. ``framed``: any page may frame it."""
    sources = f"'self'{f' {storage}' if storage else ''}"
    ancestors = "*" if framed else "'none'"
    policy = (
        f"default-src 'none'; style-src 'self'; img-src {sources}; media-src {sources}; form-action 'none'; "
        f"base-uri 'none'; frame-ancestors {ancestors}"
    )
    page_headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex, nofollow",
        "Referrer-Policy": "no-referrer",
        **language_headers(language),
    }
    page_headers |= {"Cross-Origin-Resource-Policy": "cross-origin"} if framed else {"X-Frame-Options": "DENY"}
    head = _HEAD.format(language=language, title=escape(title), more=more)
    return HTMLResponse(f"{head}\n{body}", status_code=status, headers=page_headers | dict(headers or {}))


def _clip(clip: SharedClip, position: int, count: int, share: PublicShare, words: ShareWords) -> str:
    heading = f"<h2>{escape(clip.title) or words.clip.format(number=position)}</h2>" if count > 1 else ""
    length = f'<span class="soft">{format_clock(clip.duration_ms)}</span>' if count > 1 else ""
    draft = f'<p class="notice">{words.draft}</p>' if clip.draft else ""
    download = ""
    if clip.download is not None:
        size = f"{clip.download.size_bytes / 1e6:.1f}".replace(".", words.decimal_mark)
        download = (
            f'<a class="button" href="{escape(clip.download.url)}" download="{escape(clip.download.filename)}" '
            f'rel="noreferrer">{words.download} <small>{size} MB</small></a>'
        )
    actions = f'<div class="actions">{length}{download}</div>' if length or download else ""
    preload = "metadata" if position == 1 else "none"
    return f"<article>{_player(clip, share, words, preload=preload)}{heading}{draft}{actions}</article>"


def _shape(clip: SharedClip) -> str:
    """Class of a page with one clip: upright ones stand next to the words on a wide screen."""
    return "upright" if clip.height_px > clip.width_px else "flat"


def _player(clip: SharedClip, share: PublicShare, words: ShareWords, *, preload: str) -> str:
    title, url = escape(clip.title or share.title), escape(clip.video_url)
    if clip.kind == "image":
        return f'<img src="{url}" alt="{title}" width="{clip.width_px}" height="{clip.height_px}">'
    tracks = "".join(_track(captions, words) for captions in clip.captions)
    menu = "" if share.allow_download else ' controlslist="nodownload"'
    if clip.kind == "audio":
        return f'<audio controls preload="{preload}" src="{url}" title="{title}"{menu}>{tracks}</audio>'
    return (
        f'<video controls playsinline preload="{preload}" poster="{escape(clip.poster_url)}" title="{title}" '
        f'width="{clip.width_px}" height="{clip.height_px}"{menu}>'
        f'<source src="{url}" type="{escape(clip.content_type)}">{tracks}</video>'
    )


def _track(captions: SharedCaptions, words: ShareWords) -> str:
    path = "/v1/" + captions.url.partition("/v1/")[2]
    language = escape(captions.language)
    label = words.captions if captions.language == "und" else f"{words.captions} ({language})"
    default = " default" if captions.shown else ""
    return f'<track kind="captions" src="{escape(path)}" srclang="{language}" label="{label}"{default}>'


def _open_graph(share: PublicShare) -> str:
    first = share.clips[0]
    values = {
        "og:type": "video.other",
        "og:title": share.title,
        "og:site_name": share.organisation or "Clipstream",
        "og:url": share.page_url,
        "og:image": first.poster_url,
        "og:image:width": str(first.width_px),
        "og:image:height": str(first.height_px),
        "og:image:alt": first.title,
        "og:video:url": share.embed_url,
        "og:video:type": "text/html",
        "og:video:width": str(first.width_px),
        "og:video:height": str(first.height_px),
    }
    lines = "".join(
        f'<meta property="{name}" content="{escape(value)}">'
        for name, value in values.items()
        if value not in ("", "0")
    )
    oembed = f"/v1/public/oembed?url={quote(share.page_url, safe='')}"
    discovery = (
        f'<link rel="alternate" type="application/json+oembed" href="{escape(oembed)}" title="{escape(share.title)}">'
    )
    return f'{lines}<meta name="twitter:card" content="summary_large_image">{discovery}'
