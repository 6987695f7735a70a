"""ClickHouse's error form: text, code header and HTTP status. Source: ClickHouse's HTTPHandler.cpp."""

from __future__ import annotations

import re

_CODE = re.compile(r"Code: (\d+)\.")
_DEFAULT_CODE = 1001  # STD_EXCEPTION
_STATUS: dict[int, int] = {
    **dict.fromkeys((6, 26, 27, 36, 38, 41, 53, 62, 72, 117, 131, 386, 456, 457), 400),
    **dict.fromkeys((192, 193, 497, 516), 403),
    **dict.fromkeys((46, 47, 50, 56, 60, 81, 115, 372), 404),
    **dict.fromkeys((158, 307, 396), 413),
    48: 501,
    159: 408,
}


class FrontError(Exception):
    """An answer that the front gives itself, in ClickHouse's words and with its code."""

    def __init__(self, code: int, name: str, detail: str) -> None:
        """``name`` is ClickHouse's name of ``code``, e.g. ACCESS_DENIED of 497."""
        super().__init__(f"Code: {code}. DB::Exception: {detail} ({name})")


def access_refusal(detail: str) -> FrontError:
    """The statement would reach outside of this server's data."""
    return FrontError(497, "ACCESS_DENIED", detail)


def not_implemented(detail: str) -> FrontError:
    """The real server can; this front cannot, and says so."""
    return FrontError(48, "NOT_IMPLEMENTED", detail)


def describe(error: BaseException) -> tuple[int, int, str]:
    """HTTP status, exception code and text of any error."""
    text = str(error)
    match = _CODE.search(text)
    code = int(match.group(1)) if match else _DEFAULT_CODE
    if match:
        text = text[match.start() :]
    else:
        text = f"Code: {code}. DB::Exception: {type(error).__name__}: {text} (STD_EXCEPTION)"
    return _STATUS.get(code, 500), code, text + "\n"
