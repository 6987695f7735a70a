"""Meilisearch's errors, with the codes, types and statuses of its documentation."""

from __future__ import annotations

from typing import Any

LINK = "https://docs.meilisearch.com/errors#"


class MeiliError(Exception):
    """One error as Meilisearch sends it."""

    def __init__(self, code: str, message: str, *, status: int = 400, kind: str = "invalid_request") -> None:
        """``code`` is documented under /reference/errors/error_codes."""
        super().__init__(message)
        self.code, self.message, self.status, self.kind = code, message, status, kind

    def body(self) -> dict[str, Any]:
        """The JSON of an answer or of a failed task."""
        return {"message": self.message, "code": self.code, "type": self.kind, "link": LINK + self.code}


def index_not_found(uid: str) -> MeiliError:
    """No such index."""
    return MeiliError("index_not_found", f"Index `{uid}` not found.", status=404)


def task_not_found(uid: object) -> MeiliError:
    """No such task."""
    return MeiliError("task_not_found", f"Task `{uid}` not found.", status=404)


def invalid_key(message: str = "The provided API key is invalid.") -> MeiliError:
    """The key is wrong, or may not do this."""
    return MeiliError("invalid_api_key", message, status=403, kind="auth")


def missing_header() -> MeiliError:
    """No Authorization header."""
    message = "The Authorization header is missing. It must use the bearer authorization method."
    return MeiliError("missing_authorization_header", message, status=401, kind="auth")


def not_here(feature: str) -> MeiliError:
    """The real Meilisearch can do it, this server cannot, and says so."""
    message = f"{feature} is not available in this server: it is a stand-in for one machine, use Meilisearch itself."
    return MeiliError("feature_not_enabled", message)


def unknown_field(name: str, fields: list[str]) -> MeiliError:
    """A field of a request that the API does not know."""
    listed = ", ".join(f"`{k}`" for k in fields)
    return MeiliError("bad_request", f"Unknown field `{name}`: expected one of {listed}")


def internal(error: BaseException) -> MeiliError:
    """A fault of this server."""
    return MeiliError("internal", f"{type(error).__name__}: {error}", status=500, kind="internal")
