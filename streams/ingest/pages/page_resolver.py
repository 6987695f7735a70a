"""Finds the video of a page: a confined child reads, this worker sends its requests, one at a time."""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path

import msgspec

from core.domain.pages.page_rules import PageRules, find_page_refusal
from core.domain.pages.page_video import FoundVideo, PageVideo, tidy_video
from core.errors import InputRejected, Unavailable
from core.media.sandbox.parent import ChildLimits, run_child
from core.ports.outside import Outside
from core.progress import Report
from core.settings import MediaLimits
from streams.ingest.pages.request_channel import WorkerReply, receive_request, send_reply

ENTRY_POINT = "streams.ingest.pages.child:main"
LIMITS = ChildLimits(cpu_s=60, wall_s=600.0, file_bytes=2**20, nice=5)
MAX_REQUESTS = 60
"""Requests for one page: a player asks for its settings and scripts, not for more."""
MAX_ANSWERED_BYTES = 64 * 2**20
"""Bytes of all answers for one page."""
NOT_INSTALLED = "yt-dlp is not installed here: install the extra `pages` (uv sync --extra pages)"


class PageRequests:
    """Answers the child's requests, within limits; keeps the first refusal and the first outage."""

    def __init__(self, outside: Outside, report: Report) -> None:
        """``report`` counts requests."""
        self._outside = outside
        self._report = report
        self._count = 0
        self._answered_bytes = 0
        self.error: InputRejected | Unavailable | None = None

    async def serve(self, ours: socket.socket) -> None:
        """Answer until the child has no more requests."""
        ours.setblocking(False)
        while (request := await receive_request(ours)) is not None:
            self._count += 1
            self._report(self._count)
            try:
                if self._count > MAX_REQUESTS or self._answered_bytes > MAX_ANSWERED_BYTES:
                    raise InputRejected("page.too_large", "The page needs more requests, or longer ones, than it may.")
                answer = await self._outside.ask(request)
            except (InputRejected, Unavailable) as error:
                self.error = self.error or error
                reply = WorkerReply(failure=str(error))
            else:
                self._answered_bytes += len(answer.body)
                reply = WorkerReply(answer=answer)
            await send_reply(ours, reply)


async def resolve_page(
    url: str,
    rights: str,
    *,
    rules: PageRules,
    outside: Outside,
    limits: MediaLimits,
    scratch: Path,
    report: Report,
) -> PageVideo:
    """The video of a page. Raises InputRejected (``page.*``, ``url.*``, ``media.*``) and Unavailable."""
    if refusal := find_page_refusal(url, rights, rules):
        raise InputRejected(refusal.reason, refusal.detail)
    if importlib.util.find_spec("yt_dlp") is None:
        raise Unavailable("pages", NOT_INSTALLED)
    requests = PageRequests(outside, report)
    try:
        outcome = await run_child(
            ENTRY_POINT, {"url": url}, scratch=scratch, limits=LIMITS, serve=requests.serve, report=report
        )
    except InputRejected as refused:
        # a page that could not be read for our walls, or for an outage, says only that it gave no video
        if requests.error is not None and refused.reason in ("page.unavailable", "page.unsupported"):
            raise requests.error from refused
        raise
    found_video = msgspec.convert({name: outcome.get(name) for name in FoundVideo.__struct_fields__}, FoundVideo)
    _check_limits(found_video, limits)
    return tidy_video(found_video)


def _check_limits(video: FoundVideo, limits: MediaLimits) -> None:
    """Raise InputRejected for a video that would be refused once it is here."""
    if video.duration_s is not None and video.duration_s * 1000 > limits.max_duration_ms:
        hours = limits.max_duration_ms / 3_600_000
        raise InputRejected("media.too_long", f"The page's video is longer than the {hours:.3g} hours it may be.")
    if video.size_bytes is not None and video.size_bytes > limits.max_bytes:
        most = limits.max_bytes / 1e9
        raise InputRejected("media.too_large", f"The page's video is larger than the {most:.3g} GB it may be.")
