"""Redirect URIs: which ones a client may register, and which request matches one.

They are compared character by character (RFC 9700, 4.1.3). A program on the person's own machine listens on whatever
port is free, so the port alone of a loopback address may differ (RFC 8252, 7.3).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlencode, urlsplit

MAX_CHARACTERS = 2_000
MAX_PORT = 65_535
_HOST = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PORT = r"(?::[1-9][0-9]{0,4})?"
_REST = r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
_HTTPS = re.compile(rf"https://{_HOST}{_PORT}{_REST}")
_LOOPBACK = re.compile(rf"(http://(?:127\.0\.0\.1|\[::1\]))({_PORT})({_REST})")
_LOCALHOST = re.compile(rf"http://localhost{_PORT}{_REST}")
_OWN_SCHEME = re.compile(rf"[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+:{_REST}")
"""A scheme of an app's own is a domain name backwards, so it has a dot (RFC 8252, 7.1)."""
_DOTS = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)


def redirect_uri_fault(uri: str, *, public: bool) -> str:
    """Why a client may not register a redirect URI; empty where it may.

    ``public``: the client keeps no secret.
    """
    if len(uri) > MAX_CHARACTERS:
        return f"A redirect URI has at most {MAX_CHARACTERS} characters."
    if "#" in uri:
        return "A redirect URI has no fragment."
    own_scheme = _OWN_SCHEME.fullmatch(uri)
    if own_scheme and not public:
        return "Only a public client has a redirect URI with a scheme of its own."
    if not (own_scheme or _HTTPS.fullmatch(uri) or _LOOPBACK.fullmatch(uri) or _LOCALHOST.fullmatch(uri)):
        return (
            "A redirect URI is https with a host in small letters, http of 127.0.0.1, [::1] or localhost, or has a "
            "scheme like com.example.app; without user, wildcard, or characters that must be escaped."
        )
    if _DOTS.search(urlsplit(uri).path):
        return "The path of a redirect URI has no parts `.` and `..`."
    return ""


def matches_redirect_uri(requested: str, registered: Collection[str]) -> bool:
    """Whether a client registered the URI; the port of a loopback address does not count."""
    if requested in registered:
        return True
    loopback = _LOOPBACK.fullmatch(requested)
    if loopback is None or len(requested) > MAX_CHARACTERS or int(loopback[2][1:] or 80) > MAX_PORT:
        return False
    places = [match.group(1, 3) for uri in registered if (match := _LOOPBACK.fullmatch(uri)) is not None]
    return loopback.group(1, 3) in places


def add_parameters(uri: str, parameters: dict[str, str | None]) -> str:
    """A redirect URI with the answer's parameters; those that are None are left out."""
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    return f"{uri}{'&' if '?' in uri else '?'}{query}"


def origin_source(uri: str) -> str:
    """A source of a Content-Security-Policy that names where a redirect URI leads."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"
