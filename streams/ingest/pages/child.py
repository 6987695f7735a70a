"""The child that reads a page: yt-dlp without network; its worker sends each request.

It finds the video and downloads nothing. Playlists, live streams and videos in pieces are refused.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, BinaryIO

os.environ["YTDLP_NO_PLUGINS"] = "1"

import yt_dlp
from yt_dlp.globals import plugin_dirs
from yt_dlp.networking.common import RequestDirector, RequestHandler, Response
from yt_dlp.networking.exceptions import HTTPError, TransportError
from yt_dlp.utils import DownloadError, ExtractorError, GeoRestrictedError, UnsupportedError

from core.errors import InputRejected
from core.ports.outside import PageRequest
from streams.ingest.pages.request_channel import ask_worker

PROTOCOLS = ("http", "https")
"""Protocols of a video that is one file."""
EMBED = "HTML5MediaEmbed"
"""Extractor of the media of any page; it numbers their titles."""
NO_FILE = (
    "The page gives its video in pieces (HLS or DASH), or picture and sound apart, and not as one file: "
    "download it, and upload the file."
)
OPTIONS: Mapping[str, Any] = {
    "quiet": True,
    "no_warnings": True,
    "skip_download": True,
    "cachedir": False,
    "noplaylist": True,
    "extract_flat": "in_playlist",
    "playlistend": 1,
    "lazy_playlist": True,
    "retries": 0,
    "extractor_retries": 0,
    "proxy": "",
    "usenetrc": False,
    "netrc_cmd": None,
    "cookiefile": None,
    "cookiesfrombrowser": None,
    "enable_file_urls": False,
    "allow_unplayable_formats": False,
    "check_formats": False,
    "external_downloader": {},
    "ffmpeg_location": "/nonexistent",
    "js_runtimes": {},
    "remote_components": [],
    "postprocessors": [],
    "ignoreerrors": False,
    "color": "never",
}
"""No configuration file, cookie, cache, plugin, other program or script of a page; one video."""


class Silence:
    """Takes what yt-dlp says: a page's words are no lines of our log."""

    def debug(self, _: str) -> None:
        """Say nothing."""

    info = warning = error = debug


class WorkerRH(RequestHandler):  # type: ignore[misc]
    """Sends each request through the worker."""

    _SUPPORTED_URL_SCHEMES = PROTOCOLS
    channel = -1

    def _check_extensions(self, extensions: dict[str, Any]) -> None:
        extensions.clear()  # time-outs and cookies are the worker's, which has none

    def _send(self, request: Any) -> Any:
        body = request.data
        if body is not None and not isinstance(body, bytes):
            body = body.read() if hasattr(body, "read") else b"".join(body)
        page_request = PageRequest(
            method=request.method, url=request.url, headers=self._get_headers(request), body=body or b""
        )
        reply = ask_worker(self.channel, page_request)
        if reply.answer is None:
            raise TransportError(reply.failure)
        answer = reply.answer
        response = Response(io.BytesIO(answer.body), url=answer.url, headers=answer.headers, status=answer.status)
        if not 200 <= answer.status < 300:
            raise HTTPError(response)
        return response


class PageReader(yt_dlp.YoutubeDL):  # type: ignore[misc]
    """yt-dlp whose only way to the world is the worker."""

    @cached_property
    def _request_director(self) -> Any:
        director = RequestDirector(logger=Silence())
        director.add_handler(WorkerRH(logger=Silence(), headers=self.params["http_headers"]))
        return director


def choose_format(context: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The best format that is one file with pictures and sound. Raises InputRejected without one."""
    candidates = [
        entry
        for entry in context["formats"]
        if entry.get("protocol") in PROTOCOLS and "none" not in (entry.get("vcodec"), entry.get("acodec"))
    ]
    if not candidates:
        raise InputRejected("page.no_file", NO_FILE)
    yield candidates[-1]


def main(args: dict[str, Any], _: BinaryIO | None, report: Callable[[int], None]) -> dict[str, Any]:
    """Find the video of the page ``args["url"]``; requests go through ``args["channel"]``."""
    plugin_dirs.value = []
    WorkerRH.channel = args["channel"]
    report(1)
    with PageReader({**OPTIONS, "logger": Silence(), "format": choose_format}) as reader:
        try:
            info = reader.extract_info(args["url"], download=False)
        except DownloadError as error:
            raise _refusal_of(error.exc_info[1] if error.exc_info else error) from None
        except ExtractorError as error:
            raise _refusal_of(error) from None
    return describe_video(info or {})


def describe_video(info: Mapping[str, Any]) -> dict[str, Any]:
    """What the worker needs to know of a single finished video. Raises InputRejected for all else."""
    if info.get("_type", "video") != "video" or "entries" in info:
        raise InputRejected("page.playlist", "The page is a list of videos: give the page of one of them.")
    if info.get("is_live") or info.get("live_status") in ("is_live", "is_upcoming", "post_live"):
        raise InputRejected("page.live", "The page shows a live stream: come again when its recording is there.")
    if not isinstance(info.get("url"), str):
        raise InputRejected("page.no_file", NO_FILE)
    extractor, title = str(info.get("extractor_key") or ""), str(info.get("title") or "")
    size, duration = info.get("filesize") or info.get("filesize_approx"), info.get("duration")
    return {
        "url": info["url"],
        "headers": {str(name): str(value) for name, value in (info.get("http_headers") or {}).items()},
        "title": title.removesuffix(" (1)") if extractor == EMBED else title,
        "extractor": extractor,
        "page_id": str(info.get("id") or ""),
        "duration_s": float(duration) if isinstance(duration, int | float) else None,
        "size_bytes": int(size) if isinstance(size, int | float) else None,
    }


def _refusal_of(error: object) -> InputRejected:
    if isinstance(error, InputRejected):
        return error
    if isinstance(error, UnsupportedError):
        return InputRejected("page.unsupported", "No video was found on the page: give the URL of the file itself.")
    if isinstance(error, GeoRestrictedError):
        return InputRejected("page.unavailable", "The page shows its video in some countries only.")
    return InputRejected(
        "page.unavailable",
        "The page gives no video: it may be private, removed, protected, or need a sign-in. Upload the file instead.",
    )
