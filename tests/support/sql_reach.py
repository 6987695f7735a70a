"""Which tables the code of a process can reach, and how: read from its source, from function to function.

A function reaches what it names; a class counts as one, with all of its methods. So it says too much rather than too
little; what it cannot see is a statement whose table comes from a variable.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "streams", "api")
Node = tuple[str, str]
"""Module and name of a function, class or constant."""
_SQL = re.compile(r"\b(select|insert into|update|delete from|with)\b", re.IGNORECASE)
_PATTERNS = (
    ("insert", re.compile(r"\binsert\s+into\s+(\w+)")),
    ("update", re.compile(r"\bupdate\s+(\w+)\s+(?:as\s+)?(?:\w+\s+)?set\b")),
    ("delete", re.compile(r"\bdelete\s+from\s+(\w+)")),
    ("select", re.compile(r"\b(?:from|join|using)\s+(\w+)")),
)


def uses(text: str, tables: frozenset[str]) -> set[tuple[str, str]]:
    """(table, privilege) of a statement; a lock, a conflict and RETURNING need what Postgres asks for them."""
    sql = re.sub(r"--[^\n]*", "", text).lower()
    if not _SQL.search(sql):
        return set()
    made = {(table, kind) for kind, pattern in _PATTERNS for table in pattern.findall(sql) if table in tables}
    listed = [part.split() for names in re.findall(r"\bfrom\s+([\w\s,]+)", sql) for part in names.split(",")]
    made |= {(words[0], "select") for words in listed if words and words[0] in tables}
    written = {table for table, kind in made if kind != "select"}
    if "do update" in sql:
        made |= {(table, "update") for table, kind in made if kind == "insert"}
    if re.search(r"\b(returning|where|on conflict \()", sql):
        made |= {(table, "select") for table in written}
    if re.search(r"\bfor (no key )?(update|share)\b", sql):
        made |= {(table, "update") for table, kind in made if kind == "select"}
    return made


class _Module:
    """Names of one module: what they are, what they name."""

    def __init__(self, name: str, tree: ast.Module) -> None:
        self.name = name
        self.imports: dict[str, Node] = {}
        self.nodes: dict[str, list[ast.stmt]] = {}
        for statement in ast.walk(tree):
            if isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
                for alias in statement.names:
                    self.imports[alias.asname or alias.name] = (statement.module, alias.name)
        for statement in tree.body:
            for defined in _defined(statement):
                self.nodes.setdefault(defined, []).append(statement)


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    return []


@cache
def _modules() -> Mapping[str, _Module]:
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = _Module(name, ast.parse(path.read_text()))
    return found


def nodes_of(prefix: str) -> set[Node]:
    """Every function, class and constant of a module or package."""
    return {
        (name, node)
        for name, module in _modules().items()
        if name == prefix or name.startswith(f"{prefix}.")
        for node in module.nodes
    }


def _named(module: _Module, node: str) -> Iterable[Node]:
    for statement in module.nodes[node]:
        for part in ast.walk(statement):
            if isinstance(part, ast.Name):
                if part.id in module.nodes:
                    yield module.name, part.id
                elif part.id in module.imports:
                    yield module.imports[part.id]
            elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                base = module.imports.get(part.value.id)
                if base is not None:
                    yield f"{base[0]}.{base[1]}", part.attr


def reached(roots: Iterable[Node], without: Iterable[Node] = ()) -> set[Node]:
    """All nodes that the roots come to, not through those in ``without``."""
    modules, barred = _modules(), set(without)
    seen: set[Node] = set()
    waiting = [root for root in roots if root not in barred]
    while waiting:
        place = waiting.pop()
        module = modules.get(place[0])
        if place in seen or module is None or place[1] not in module.nodes:
            continue
        seen.add(place)
        waiting += [other for other in _named(module, place[1]) if other not in barred and other not in seen]
    return seen


def tables_used(nodes: Iterable[Node], tables: frozenset[str]) -> dict[tuple[str, str], set[Node]]:
    """(table, privilege) → the nodes whose statements need it."""
    found: dict[tuple[str, str], set[Node]] = {}
    for module, name in nodes:
        for statement in _modules()[module].nodes[name]:
            for text in _texts(statement):
                for need in uses(text, tables):
                    found.setdefault(need, set()).add((module, name))
    return found


def _texts(statement: ast.stmt) -> Iterable[str]:
    inner = {id(part) for joined in ast.walk(statement) if isinstance(joined, ast.JoinedStr) for part in joined.values}
    for part in ast.walk(statement):
        if isinstance(part, ast.JoinedStr):
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else " x " for one in part.values)
        elif isinstance(part, ast.Constant) and isinstance(part.value, str) and id(part) not in inner:
            yield part.value
