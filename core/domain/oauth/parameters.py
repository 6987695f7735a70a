"""Parameters of OAuth requests: each at most once, and an empty one is left out (RFC 6749, 3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from core.domain.oauth.errors import OAuthError

MAX_CHARACTERS = 8_000
MAX_PARAMETERS = 30
FORM = "application/x-www-form-urlencoded"
Parameters = Mapping[str, str]


def read_parameters(text: str) -> list[tuple[str, str]]:
    """The pairs of a query or a form, empty ones left out. Raises OAuthError."""
    if len(text) > MAX_CHARACTERS:
        raise OAuthError("invalid_request", f"The parameters have more than {MAX_CHARACTERS} characters.")
    try:
        pairs = parse_qsl(text, errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError:
        detail = f"The parameters are not UTF-8, or more than {MAX_PARAMETERS}."
        raise OAuthError("invalid_request", detail) from None
    if any("\0" in name + value for name, value in pairs):
        raise OAuthError("invalid_request", "The character NUL is not allowed.")
    return pairs


def unique(pairs: list[tuple[str, str]]) -> Parameters:
    """Parameters by name. Raises OAuthError where one is given twice."""
    if len(pairs) != len({name for name, _ in pairs}):
        raise OAuthError("invalid_request", "A parameter is given twice.")
    return dict(pairs)


def read_form(content_type: str, body: bytes) -> Parameters:
    """Parameters of the body of a POST. Raises OAuthError."""
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise OAuthError("invalid_request", f"Send the parameters as Content-Type: {FORM}.")
    try:
        return unique(read_parameters(body.decode("ascii")))
    except UnicodeDecodeError:
        raise OAuthError("invalid_request", "The body is not form-encoded.") from None
