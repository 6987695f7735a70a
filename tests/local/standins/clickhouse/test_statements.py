"""Statements cut into tokens, inline data found, and what reaches outside refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.standins.clickhouse.errors import FrontError, describe
from local.standins.clickhouse.lexer import tokens
from local.standins.clickhouse.request import output_format, read_request, split_insert
from local.standins.clickhouse.statement_guard import Guard

GUARD = Guard(["file", "url", "s3", "remote", "numbers", "values", "MySQL"])


def test_strings_names_and_comments_hide_words() -> None:
    sql = b"""SELECT 'a''b\\'c FORMAT x', `q``u`, "d" -- FORMAT CSV\n /* file( */ FROM t"""
    assert [(token.kind, token.text) for token in tokens(sql) if token.is_name] == [
        ("word", "SELECT"), ("quoted", "q``u"), ("quoted", "d"), ("word", "FROM"), ("word", "t"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (b"INSERT INTO t (a, b) FORMAT Native\n\x01\x02", (b"INSERT INTO t (a, b)", "Native", b"\x01\x02")),
        (b"insert into t format JSONEachRow {}", (b"insert into t", "JSONEachRow", b"{}")),
        (b"INSERT INTO t (`format`, x) FORMAT TSV\n1", (b"INSERT INTO t (`format`, x)", "TSV", b"1")),
        (b"INSERT INTO t FORMAT Native\n", (b"INSERT INTO t", "Native", b"")),
        (b"INSERT INTO t SETTINGS a = 1 FORMAT TSV\n1", (b"INSERT INTO t SETTINGS a = 1", "TSV", b"1")),
        (b"INSERT INTO t VALUES ('x FORMAT Native y')", None),
        (b"INSERT INTO t FORMAT VALUES (1)", None),
        (b"INSERT INTO t SELECT 1 FORMAT TSV", None),
        (b"SELECT 1 FORMAT TSV", None),
    ],
)
def test_inline_data_is_found(sql: bytes, expected: object) -> None:
    assert split_insert(sql) == expected


@given(st.binary(max_size=200))
def test_inline_data_is_never_touched(data: bytes) -> None:
    assert split_insert(b"INSERT INTO t FORMAT Native\n" + data) == (b"INSERT INTO t", "Native", data)


@given(st.binary(max_size=200))
def test_any_bytes_are_tokenised(sql: bytes) -> None:
    assert all(token.end <= len(sql) for token in tokens(sql))


def test_the_format_of_an_answer_is_found() -> None:
    assert output_format(b"SELECT 1 FORMAT CSV SETTINGS a = 1;", "TSV") == "CSV"
    assert output_format(b"SELECT 'FORMAT CSV'", "TSV") == "TSV"


@pytest.mark.parametrize(
    "sql",
    [
        b"SELECT * FROM file('/etc/passwd')",
        b"SELECT * FROM FiLe /**/ ('/etc/passwd')",
        b"SELECT * FROM \"url\"('http://x')",
        b"SELECT 1; SELECT * FROM s3('x')",
        b"INSERT INTO FUNCTION remote('x') VALUES (1)",
        b"CREATE DICTIONARY d (a Int32) PRIMARY KEY a SOURCE(FILE(path 'x' format 'CSV')) LAYOUT(FLAT())",
        b"CREATE DICTIONARY d (a Int32) PRIMARY KEY a SOURCE(EXECUTABLE(command 'x')) LAYOUT(FLAT())",
        b"CREATE TABLE t (a Int32) ENGINE Kafka",
        b"CREATE TABLE t (a Int32) ENGINE = S3('x')",
        b"CREATE DATABASE d ENGINE = MySQL('x')",
        b"SELECT 1 INTO OUTFILE '/tmp/x'",
        b"  /* x */ SYSTEM SHUTDOWN",
        b"BACKUP TABLE t TO File('x')",
        b"ATTACH TABLE t FROM '/x' (a Int32) ENGINE = MergeTree ORDER BY a",
    ],
)
def test_statements_that_reach_outside_are_refused(sql: bytes) -> None:
    with pytest.raises(FrontError, match="497"):
        GUARD.check(sql, reading=False)


@pytest.mark.parametrize(
    "sql",
    [
        b"SELECT * FROM numbers(3)",
        b"INSERT INTO t VALUES (1)",
        b"CREATE TABLE t (a Int32) ENGINE = ReplacingMergeTree(a) ORDER BY a",
        b"SELECT engine, engine_full FROM system.tables WHERE engine = Kafka",
        b"SELECT 'file(x)', url FROM t",
        b"DELETE FROM t WHERE a = 1",
    ],
)
def test_ordinary_statements_pass(sql: bytes) -> None:
    GUARD.check(sql, reading=False)


def test_a_get_may_only_read() -> None:
    GUARD.check(b"(SELECT 1)", reading=True)
    with pytest.raises(FrontError, match="READONLY"):
        GUARD.check(b"DROP TABLE t", reading=True)
    with pytest.raises(FrontError, match="Empty query"):
        GUARD.check(b" -- nothing", reading=True)


def test_a_request_becomes_a_statement() -> None:
    query = {
        "query": "INSERT INTO t FORMAT TSV",
        "database": "d",
        "max_threads": "1",
        "param_a": "x",
        "session_id": "s",
    }
    statement = read_request(query, b"1\n")
    assert (statement.sql, statement.format, statement.data) == ("INSERT INTO t", "TSV", b"1\n")
    assert (statement.database, dict(statement.settings)) == ("d", {"max_threads": "1"})
    assert (dict(statement.parameters), statement.session_id) == ({"a": "x"}, "s")
    with pytest.raises(FrontError, match="NOT_IMPLEMENTED"):
        read_request({"query": "SELECT 1", "compress": "1"}, b"")


def test_errors_carry_code_and_status() -> None:
    assert describe(RuntimeError("x Code: 60. DB::Exception: no (UNKNOWN_TABLE)"))[:2] == (404, 60)
    assert describe(RuntimeError("odd"))[:2] == (500, 1001)
    assert describe(ValueError("odd"))[2].startswith("Code: 1001. DB::Exception: ValueError: odd")
