"""Refuse statements that reach beyond the server's own tables, by a list of what is allowed.

A Kafka table makes chDB's data directory unreadable; `file()`, `url()`, `s3()` read what the server's user can read.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from itertools import chain, pairwise

from local.standins.clickhouse.errors import FrontError, access_refusal
from local.standins.clickhouse.lexer import Token, tokens

TABLE_FUNCTIONS = {
    "dictionary", "format", "generaterandom", "generate_series", "generateseries", "input", "loop", "merge",
    "mergetreeindex", "mergetreeparts", "null", "numbers", "numbers_mt", "one", "primes", "values", "view",
    "viewexplain", "viewifpermitted", "zeros", "zeros_mt",
}  # fmt: skip
"""Table functions that stay inside. Every other one that the engine knows is refused."""
OUTSIDE = {"file", "http", "executable", "executablepool", "python"}
"""Functions and dictionary sources that are no table functions, and reach outside as well."""
ENGINES = {"Buffer", "Dictionary", "GenerateRandom", "Join", "Log", "MaterializedView", "Memory", "Merge", "Null",
           "Set", "StripeLog", "TinyLog", "View", "Atomic"}  # fmt: skip
STATEMENTS = ("SYSTEM", "BACKUP", "RESTORE", "ATTACH", "KILL")
FILES = ("OUTFILE", "INFILE")
READS = ("SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "CHECK", "USE")


class Guard:
    """Refuses by the names of the table functions that the engine has."""

    def __init__(self, table_functions: Iterable[str]) -> None:
        """``table_functions``: all names in ``system.table_functions``."""
        self._functions: Set[str] = ({name.lower() for name in table_functions} - TABLE_FUNCTIONS) | OUTSIDE

    def check(self, sql: bytes, *, reading: bool) -> None:
        """Raise FrontError when the statement may not run; ``reading`` allows none that changes anything."""
        statement = list(tokens(sql))
        first = next((token for token in statement if token.text != "("), None)
        if first is None:
            raise FrontError(62, "SYNTAX_ERROR", "Empty query")
        if reading and not first.is_word(*READS):
            raise FrontError(164, "READONLY", "Cannot execute query in readonly mode: a GET may only read, use POST")
        if first.is_word(*STATEMENTS):
            raise access_refusal(
                f"{first.text.upper()} is not allowed here: restart or copy the stack with `clipstream`"
            )
        for token, following in pairwise(chain(statement, (Token(kind="other", text=";", end=0, depth=0),))):
            self._check_pair(token, following)
        self._check_engines(statement)

    def _check_pair(self, token: Token, following: Token) -> None:
        if token.is_name and following.text == "(" and token.text.lower() in self._functions:
            raise access_refusal(f"{token.text}() is not allowed here: it reaches outside of the server's own tables")
        if token.is_word("INTO", "FROM") and following.is_word(*FILES):
            raise access_refusal(
                f"{token.text.upper()} {following.text.upper()} is not allowed here: send the data itself"
            )

    def _check_engines(self, statement: list[Token]) -> None:
        for index, token in enumerate(statement):
            if not token.is_word("ENGINE") or not any(t.is_word("CREATE") for t in statement[:index]):
                continue
            name = next((t for t in statement[index + 1 : index + 3] if t.text != "="), None)
            if name and name.is_name and name.text not in ENGINES and not name.text.endswith("MergeTree"):
                raise access_refusal(f"ENGINE = {name.text} is not allowed here: it would read from another server")
