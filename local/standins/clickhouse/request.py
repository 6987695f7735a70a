"""One HTTP request as one statement: SQL, inline data, settings, parameters, format, session. No I/O."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from local.standins.clickhouse.errors import not_implemented
from local.standins.clickhouse.lexer import Token, tokens

NOT_SETTINGS = {
    "query", "database", "session_id", "session_timeout", "session_check", "query_id", "compress", "decompress",
    "user", "password", "role", "default_format", "client_protocol_version", "enable_http_compression",
    "wait_end_of_query", "send_progress_in_http_headers", "http_headers_progress_interval_ms", "buffer_size",
    "quota_key", "stacktrace", "close_session", "http_write_exception_in_output_format",
}  # fmt: skip
"""Names in the query string that address the HTTP interface; any other is a setting or, with param_, a parameter."""
DEFAULT_FORMAT = "TabSeparated"
SESSION_S = 60
MAX_SESSION_S = 3600


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One statement for the engine. ``data`` is the inline data of an INSERT … FORMAT, in ``format``."""

    sql: str
    format: str
    data: bytes | None = None
    database: str = ""
    settings: Mapping[str, str] = {}
    parameters: Mapping[str, str] = {}
    session_id: str = ""
    session_s: int = SESSION_S
    session_must_exist: bool = False


def split_insert(sql: bytes) -> tuple[bytes, str, bytes] | None:
    """``INSERT … FORMAT name data`` as (INSERT …, name, data); None for any other statement."""
    before: Token | None = None
    head_end = 0
    for number, token in enumerate(tokens(sql)):
        if number == 0 and not token.is_word("INSERT"):
            return None
        if before is not None and before.is_word("FORMAT") and before.depth == 0 and token.kind == "word":
            return None if token.is_word("VALUES") else (sql[:head_end], token.text, _after_gap(sql, token.end))
        if token.depth == 0 and token.is_word("VALUES", "SELECT", "WITH", "WATCH"):
            return None
        if before is None or not token.is_word("FORMAT"):
            head_end = token.end
        before = token
    return None


def _after_gap(sql: bytes, at: int) -> bytes:
    while at < len(sql) and sql[at : at + 1] in b" \t\r":
        at += 1
    return sql[at + 1 :] if sql[at : at + 1] == b"\n" else sql[at:]


def output_format(sql: bytes, default: str) -> str:
    """The format that a statement ends in, else ``default``."""
    format_ = default
    before: Token | None = None
    for token in tokens(sql):
        if before is not None and before.is_word("FORMAT") and token.kind == "word" and token.depth == 0:
            format_ = token.text
        before = token
    return format_


def read_request(query: Mapping[str, str], body: bytes) -> Statement:
    """The statement of a request; raises FrontError for what this front cannot do."""
    for name in ("compress", "decompress"):
        if query.get(name, "0") not in ("0", "false"):
            raise not_implemented(f"`{name}`: use Content-Encoding and Accept-Encoding instead of native blocks")
    if query.get("role"):
        raise not_implemented("roles")
    sql = query["query"].encode() + b"\n" + body if query.get("query") else body
    insert = split_insert(sql)
    data: bytes | None = None
    if insert is not None:
        sql, form, data = insert
    else:
        form = output_format(sql, query.get("default_format", DEFAULT_FORMAT))
    return Statement(
        sql=sql.decode(errors="replace"),
        format=form,
        data=data,
        database=query.get("database", ""),
        settings={k: v for k, v in query.items() if k not in NOT_SETTINGS and not k.startswith("param_")},
        parameters={k.removeprefix("param_"): v for k, v in query.items() if k.startswith("param_")},
        session_id=query.get("session_id", ""),
        session_s=min(int(query.get("session_timeout", SESSION_S)), MAX_SESSION_S),
        session_must_exist=query.get("session_check", "0") == "1",
    )
