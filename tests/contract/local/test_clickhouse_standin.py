"""The stock clickhouse-connect client, sync and async, on the ClickHouse front: the calls that we use, and errors."""

from __future__ import annotations

import datetime as dt
import gzip
import signal
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import clickhouse_connect
import httpx2
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from tests.contract.rigs.servers import Server, run_clickhouse_front

pytestmark = pytest.mark.contract


def _root(server: Server) -> str:
    return server.url.removesuffix("/clipstream") + "/"


@pytest.fixture
def client(clickhouse_front: Server) -> Iterator[Any]:
    made = clickhouse_connect.get_client(dsn=clickhouse_front.url)
    yield made
    made.close()


@pytest.fixture
async def async_client(clickhouse_front: Server) -> AsyncIterator[Any]:
    made = await clickhouse_connect.get_async_client(dsn=clickhouse_front.url)
    yield made
    await made.close()


@pytest.fixture
def table(client: Any) -> Iterator[str]:
    name = f"t_{uuid4().hex}"
    client.command(
        f"CREATE TABLE {name} (id UUID, n Int64, word String, at DateTime64(3, 'UTC'),"
        " tags Array(String), x Nullable(Float64))"
        " ENGINE = ReplacingMergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100"
    )
    yield name
    client.command(f"DROP TABLE {name}")


NOW = dt.datetime(2026, 3, 4, 5, 6, 7, 891000, tzinfo=dt.UTC)
ROWS = [
    [UUID(int=1), 2**40, "it's a \\ \t tab\nand “quotes” 漢字", NOW, ["a'b", "c"], None],
    [UUID(int=2), -1, "", NOW, [], 0.5],
]
COLUMNS = ["id", "n", "word", "at", "tags", "x"]


@pytest.mark.parametrize("compress", [False, "lz4", "zstd", "gzip"])
def test_native_inserts_read_back_complete_in_any_packing(clickhouse_front: Server, table: str, compress: Any) -> None:
    client = clickhouse_connect.get_client(dsn=clickhouse_front.url, compress=compress, tz_mode="aware")
    summary = client.insert(table, ROWS, column_names=COLUMNS)
    assert summary.written_rows == 2
    assert [list(row) for row in client.query(f"SELECT * FROM {table} ORDER BY id").result_rows] == ROWS
    assert len(client.query("SELECT number FROM numbers(200000)").result_rows) == 200_000
    client.close()


def test_parameters_reach_the_engine_untouched(client: Any) -> None:
    for word in ("x", "it's", "a\\b", "tab\tnew\nline", "漢字 {y:Int32}", "'; DROP TABLE x --", "\\N", "null"):
        got = client.query(
            "SELECT {word:String} AS word, {n:Int64}, {at:DateTime64(3)}", parameters={"word": word, "n": -5, "at": NOW}
        )
        assert got.first_item["word"] == word
    got = client.query("SELECT {l:Array(String)}", parameters={"l": ["a", "b'c"]})
    assert got.result_rows == [(["a", "b'c"],)]


def test_long_parameters_travel_as_a_form(client: Any) -> None:
    many = [str(UUID(int=number)) for number in range(5000)] + ["it's\r\n漢"]
    assert client.query("SELECT length({many:Array(String)})", parameters={"many": many}).result_rows == [(5001,)]
    assert client.query("SELECT {many:Array(String)}", parameters={"many": many}).result_rows[0][0][-1] == many[-1]


def test_an_insert_with_the_same_token_counts_once(client: Any, table: str) -> None:
    for _ in range(3):
        client.insert(table, ROWS, column_names=COLUMNS, settings={"insert_deduplication_token": "one"})
    client.insert(table, ROWS, column_names=COLUMNS, settings={"insert_deduplication_token": "two"})
    assert client.command(f"SELECT count() FROM {table}") == 4
    assert client.command(f"SELECT count() FROM {table} FINAL") == 2


def test_settings_of_a_query_end_with_it(client: Any) -> None:
    asked = "SELECT value FROM system.settings WHERE name = 'max_block_size'"
    before = client.command(asked)
    assert str(client.command(asked, settings={"max_block_size": 777})) == "777"
    assert client.command(asked) == before
    with pytest.raises(DatabaseError, match="159"):
        client.query(
            "SELECT sleepEachRow(0.2) FROM numbers(50)", settings={"max_execution_time": 1, "max_block_size": 1}
        )
    with pytest.raises(DatabaseError, match="158"):
        client.query("SELECT * FROM numbers(1000)", settings={"max_rows_to_read": 10, "max_block_size": 10})


def test_a_session_keeps_its_settings_and_one_statement_at_once(clickhouse_front: Server) -> None:
    first = clickhouse_connect.get_client(dsn=clickhouse_front.url, session_id="one")
    first.command("SET max_block_size = 4321")
    first.command("CREATE TEMPORARY TABLE kept (a Int32)")
    first.command("INSERT INTO kept VALUES (7)")
    assert first.command("SELECT a FROM kept", settings={"max_threads": 1}) == 7
    assert str(first.command("SELECT value FROM system.settings WHERE name = 'max_block_size'")) == "4321"
    with ThreadPoolExecutor(2) as pool:
        url = _root(clickhouse_front)
        ask = {"session_id": "two", "query": "SELECT sleep(1)"}
        answers = list(pool.map(lambda _: httpx2.get(url, params=ask), range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 500]
    assert {answer.headers.get("x-clickhouse-exception-code") for answer in answers} == {None, "373"}
    first.close()


@pytest.mark.parametrize(
    ("sql", "code", "name"),
    [
        ("SELECT * FROM nowhere", 60, "UNKNOWN_TABLE"),
        ("SELECT 1 FROM nope.t", 81, "UNKNOWN_DATABASE"),
        ("SELECT FROM WHERE", 62, "SYNTAX_ERROR"),
        ("SELECT {missing:Int32}", 456, "UNKNOWN_QUERY_PARAMETER"),
        ("SELECT throwIf(1)", 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
        ("SELECT * FROM file('/etc/passwd')", 497, "ACCESS_DENIED"),
        ("SELECT * FROM `file`('/etc/passwd')", 497, "ACCESS_DENIED"),
        ("SELECT file('/etc/passwd')", 497, "ACCESS_DENIED"),
        ("INSERT INTO FUNCTION s3('http://x/y', 'CSV') SELECT 1", 497, "ACCESS_DENIED"),
        ("SELECT * FROM /* hidden */ url ('http://127.0.0.1/')", 497, "ACCESS_DENIED"),
        ("SELECT * FROM remote('127.0.0.1', system.one)", 497, "ACCESS_DENIED"),
        ("SELECT 1 INTO OUTFILE '/tmp/x'", 497, "ACCESS_DENIED"),
        ("INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV", 497, "ACCESS_DENIED"),
        ("CREATE TABLE k (a Int32) ENGINE = Kafka('x', 'y', 'z', 'CSV')", 497, "ACCESS_DENIED"),
        ("CREATE TABLE k (a Int32) ENGINE `Kafka`", 497, "ACCESS_DENIED"),
        ("CREATE DATABASE k ENGINE = MySQL('a', 'b', 'c', 'd')", 497, "ACCESS_DENIED"),
        ("SYSTEM SHUTDOWN", 497, "ACCESS_DENIED"),
    ],
)
def test_errors_have_clickhouses_form_and_code(clickhouse_front: Server, sql: str, code: int, name: str) -> None:
    answer = httpx2.post(_root(clickhouse_front), content=sql)
    assert answer.headers["x-clickhouse-exception-code"] == str(code)
    assert answer.text.startswith(f"Code: {code}. DB::Exception:")
    assert f"({name})" in answer.text
    assert answer.status_code >= 400


def test_keywords_in_strings_are_not_refused(client: Any) -> None:
    assert client.command("SELECT 'file(x) ENGINE = Kafka INTO OUTFILE'") == "file(x) ENGINE = Kafka INTO OUTFILE"
    assert client.query("SELECT 1 AS engine, 'FORMAT CSV' AS format").result_rows == [(1, "FORMAT CSV")]


def test_a_wrong_password_is_refused_and_a_ping_needs_no_password(clickhouse_front: Server) -> None:
    base = httpx2.URL(clickhouse_front.url).copy_with(username="", password="", path="/")
    assert httpx2.get(str(base.copy_with(path="/ping"))).text == "Ok.\n"
    for auth in (None, ("clipstream", "wrong"), ("default", "")):
        answer = httpx2.get(str(base), params={"query": "SELECT 1"}, auth=auth)
        assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (403, "516")
    headers = {"X-ClickHouse-User": clickhouse_front.user, "X-ClickHouse-Key": clickhouse_front.password}
    assert httpx2.get(str(base), params={"query": "SELECT 1"}, headers=headers).text == "1\n"


def test_a_get_only_reads_and_data_may_follow_the_url_query(clickhouse_front: Server, client: Any, table: str) -> None:
    url = _root(clickhouse_front)
    refused = httpx2.get(url, params={"query": f"TRUNCATE TABLE {table}", "database": "clipstream"})
    assert refused.headers["x-clickhouse-exception-code"] == "164"
    line = gzip.compress(b'{"id":"00000000-0000-0000-0000-000000000009","n":3,"word":"w"}\n')
    ask = {"query": f"INSERT INTO {table} FORMAT JSONEachRow", "database": "clipstream"}
    assert httpx2.post(url, params=ask, content=line, headers={"Content-Encoding": "gzip"}).status_code == 200
    assert client.command(f"SELECT n FROM {table}") == 3
    unknown = httpx2.post(url, params={"query": "SELECT 1", "no_such_setting": "1"})
    assert (unknown.status_code, unknown.headers["x-clickhouse-exception-code"]) == (404, "115")
    native = httpx2.post(url, params={"query": "SELECT 1", "compress": "1"})
    assert (native.status_code, native.headers["x-clickhouse-exception-code"]) == (501, "48")


async def test_the_async_client_reads_and_writes(async_client: Any, table: str) -> None:
    await async_client.insert(table, ROWS, column_names=COLUMNS, settings={"insert_deduplication_token": "a"})
    got = await async_client.query(f"SELECT n, word FROM {table} WHERE n = {{n:Int64}}", parameters={"n": -1})
    assert list(got.named_results()) == [{"n": -1, "word": ""}]
    await async_client.command(f"DELETE FROM {table} WHERE n = -1")
    assert await async_client.command(f"SELECT count() FROM {table}") == 1
    arrow = await async_client.query_arrow(f"SELECT n FROM {table}")
    assert arrow.num_rows == 1
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        await async_client.query("SELECT * FROM nowhere")


def test_rows_survive_sigterm_and_kill_9(tmp_path: Path) -> None:
    with run_clickhouse_front(tmp_path) as server:
        client = clickhouse_connect.get_client(dsn=server.url)
        client.command("CREATE TABLE kept (a Int32) ENGINE = MergeTree ORDER BY a")
        for number, how in enumerate((signal.SIGKILL, signal.SIGTERM, signal.SIGKILL), start=1):
            client.insert("kept", [[number]], column_names=["a"])
            client.close()
            server.stop(how)
            server.start()
            client = clickhouse_connect.get_client(dsn=server.url)
            assert client.command("SELECT groupArray(a) FROM (SELECT a FROM kept ORDER BY a)") == str(
                list(range(1, number + 1))
            ).replace(" ", "")
        client.close()
