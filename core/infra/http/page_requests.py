"""Requests for pages: bounded in size, time and redirects, each address with the walls of any other."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from urllib.parse import urljoin

import httpcore2

from core.errors import InputRejected, NoAnswer
from core.infra.http.public_addresses import Target, parse_target
from core.infra.usage_meter import count
from core.ports.outside import PageAnswer, PageRequest

PART = "outside"
MAX_REDIRECTS = 5
MAX_TEXT_BYTES = 16 * 2**20
MAX_OTHER_BYTES = 64 * 1024
"""Of what is no text its beginning is enough: the child looks what kind of file it is."""
ANSWER_S = 20.0
"""Time for the whole answer, redirects among it: a server that drips is not waited for."""
TEXTS = re.compile(r"text/|application/([\w.+-]*(json|xml|javascript|mpegurl|x-www-form-urlencoded))|$", re.IGNORECASE)
PASSED_ON = {"user-agent", "accept", "accept-language", "referer", "origin", "content-type", "range"}
"""Request headers that are passed on, with those that begin with ``x-``. Cookies and passwords are none of them."""
KEPT_BACK = {"set-cookie", "set-cookie2", "transfer-encoding", "connection"}
_VALUE = re.compile(r"[\x20-\x7e]{0,4000}")
_NAME = re.compile(r"[a-z0-9-]{1,64}")
OpenRequest = Callable[[str, Target, Mapping[str, str], bytes | None], AbstractAsyncContextManager[httpcore2.Response]]


async def answer_page_request(request: PageRequest, open_request: OpenRequest, allow: Collection[str]) -> PageAnswer:
    """The answer after all redirects; its body may be cut.

    Raises:
        InputRejected: ``url.*``.
        NoAnswer: None within 20 s.
    """
    try:
        async with asyncio.timeout(ANSWER_S):
            return await _follow(request, open_request, allow)
    except TimeoutError:
        raise NoAnswer(PART, f"no whole answer within {ANSWER_S:g} s") from None


async def _follow(request: PageRequest, open_request: OpenRequest, allow: Collection[str]) -> PageAnswer:
    url, method, body = request.url, request.method, request.body or None
    headers = _passed_on(request.headers)
    if method not in ("GET", "POST", "HEAD"):
        raise InputRejected("url.refused", "Only GET, HEAD and POST are sent to pages.")
    for _ in range(MAX_REDIRECTS + 1):
        async with open_request(method, parse_target(url, allow), headers, body) as answer:
            answered = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
            if answer.status in (301, 302, 303, 307, 308) and "location" in answered:
                try:
                    url = urljoin(url, answered["location"])
                except ValueError:
                    raise InputRejected("url.invalid", "The page redirects to something that is not a URL.") from None
                if answer.status not in (307, 308) and method == "POST":
                    method, body = "GET", None
                continue
            answer_headers = {name: value for name, value in answered.items() if name not in KEPT_BACK}
            text = await _read_body(answer, answered.get("content-type", ""))
            return PageAnswer(status=answer.status, url=url, headers=answer_headers, body=text)
    raise InputRejected("url.redirects", f"The page redirects more than {MAX_REDIRECTS} times.")


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    lower_headers = {name.lower(): value for name, value in headers.items()}
    return {
        name: value
        for name, value in lower_headers.items()
        if (name in PASSED_ON or name.startswith("x-")) and _NAME.fullmatch(name) and _VALUE.fullmatch(value)
    } | {"accept-encoding": "identity"}


async def _read_body(answer: httpcore2.Response, content_type: str) -> bytes:
    limit = MAX_TEXT_BYTES if TEXTS.match(content_type.strip()) else MAX_OTHER_BYTES
    body = bytearray()
    async for part in answer.aiter_stream():
        body += part
        if len(body) >= limit:
            break
    count("fetched_bytes", len(body))
    return bytes(body[:limit])
