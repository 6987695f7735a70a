"""Cookies of sessions in browsers: out of reach of scripts, refresh tokens for one path."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from core.settings import Settings

REFRESH_PATH = "/v1/auth"


def is_secure(settings: Settings) -> bool:
    """Whether browsers reach the API by https, so that cookies go no other way."""
    return settings.public_address.startswith("https://")


def cookie_names(*, secure: bool) -> tuple[str, str]:
    """Names of the cookies of access and refresh tokens.

    Over https the prefixes bind them to this very host (RFC 6265bis); one with a path of its own cannot be ``__Host-``.
    """
    return ("__Host-clipstream", "__Secure-clipstream-refresh") if secure else ("clipstream", "clipstream-refresh")


def read_access_cookie(request: Request, *, secure: bool) -> str | None:
    """The access token of a browser, if it sent one."""
    return request.cookies.get(cookie_names(secure=secure)[0])


def read_refresh_cookie(request: Request, *, secure: bool) -> str | None:
    """The refresh token of a browser, if it sent one."""
    return request.cookies.get(cookie_names(secure=secure)[1])


def set_cookies(response: Response, *, access: tuple[str, int], refresh: tuple[str, int], secure: bool) -> None:
    """Give a browser its tokens, each with the seconds that it is kept."""
    for name, (token, life_s), path in zip(
        cookie_names(secure=secure), (access, refresh), ("/", REFRESH_PATH), strict=True
    ):
        response.set_cookie(name, token, max_age=life_s, path=path, secure=secure, httponly=True, samesite="lax")


def clear_cookies(response: Response, *, secure: bool) -> None:
    """Take a browser's tokens away."""
    for name, path in zip(cookie_names(secure=secure), ("/", REFRESH_PATH), strict=True):
        response.delete_cookie(name, path=path, secure=secure, httponly=True, samesite="lax")
