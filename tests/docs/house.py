"""The rules of the house as a checker: names, docstrings, constants, folders.

``python -m tests.docs.house [FOLDER…]`` lists what breaks a rule; ``test_house.py`` demands that nothing does.
"""

from __future__ import annotations

import ast
import io
import json
import re
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).parents[2]
CODE = ("schemas", "core", "streams", "api", "cli", "local", "models", "benchmarks")
"""Folders of code; ``tests`` is checked by fewer rules."""
OWN_PROGRAMS = {"benchmarks", "models", "standins"}
MAX_MODULES = 15
MAX_LINES = 400
MAX_SUMMARY = 100
"""Characters of a docstring's first line."""
MAX_TEST_NAME = 60
"""Characters of a test's name after ``test_``."""

ROLES = set(
    """
    __init__ __main__ agent child client conftest create handlers main model models pipeline queries sink store
    """.split()  # noqa: SIM905  # a list of that length reads better as text
)
"""File names that say a role, not a concept: they may occur in several folders."""

RIDDLES = set(
    """
    about afar alike alongside anew apart aside asked away bed beside both chance company different dress
    dressing each earlier ended find found fronts given ground heard held here inserts kept known lead leavings
    looked made making meant mended moved named needed numbers of one other others own parted parts placed
    played proof remade respoken retold room said seen sent settled shared shorter shown spoken taken that them
    there things told tongue tongues wanted weave what where which whole whose wish wishes witness works written
    zygote
    """.split()  # noqa: SIM905  # a list of that length reads better as text
)
"""Words that name nothing when they stand alone: no module, class or function is called so."""

IDIOM = re.compile(
    r"\b(nobody|whoever|whomever|anew|of whom|whose they are|dies? of|died of|(?:is|are|was|were) told|so many"
    r"|so long(?! as)|none of (?:it|them) is|there is none|what for|stretch(?:es)?|tongues?|witness|leavings|zygote"
    r"|beside)\b",
    re.IGNORECASE,
)
"""The old idiom of this code. ``docs/glossary.md`` has the terms that take its place."""

TEXT_IDIOM = re.compile(
    IDIOM.pattern
    + r"|(?<!there )\b(?:is|are|was|were) no (?!longer|more|better)"
    + r"|\b(?:is|are) to be\b|\btold apart\b|\bother than (?:before|in)\b",
    re.IGNORECASE,
)
"""The idiom in texts that users read: in addition, "is no number" for "is not a number", and the like."""

NO_NAMES = {"anew", "beside", "stretch", "stretches", "tongue", "tongues", "wish", "wishes"}
"""Words of the idiom of which no name of the product is made, whatever stands before or behind them."""
NO_LOCALS = set(
    """
    about afar alike apart aside asked away both chance each earlier ended found given heard held here kept known looked
    made making meant moved named needed of one others own placed said seen sent settled shown taken there told tongue
    wanted what where which whole whose wish wishes witness written
    """.split()  # noqa: SIM905  # a list of that length reads better as text
)
"""Words that no local and no parameter of the product is called by themselves: they do not say what it holds."""
TERMS_OF_THE_FIELD = {"stretch_audio"}
"""Names with such a word that mean what the field means by it: to stretch sound is to play it slower."""

NO_TEST_WORDS = NO_NAMES | {
    "anybody", "asked", "nobody", "retold", "said", "somebody", "tell", "tells", "told", "whoever", "whom", "whomever",
    "whose", "wished",
}  # fmt: skip
"""Words of the idiom of which no test is named: a test names its subject and says what it does."""

NO_TEXTS = {"prompt", "lexicon", "stopwords", "tag_words", "verbs", "word_classes"}
"""Modules whose literals are data: instructions to a language model, lists of words."""

UNITS = set(
    """
    BIAS LEVELS WINDOWS
    AMPLITUDE ANGLE ATTEMPTS AXIS BINS BITRATE BITS BPS BUCKETS BYTES CHANNELS CHARACTERS CHARS CODE CONFIDENCE
    CORRELATION COUNT DAYS DB DBFS DBTP DECIBELS DEGREES DEPTH DIGITS DIMENSIONS DISTANCE DIVISOR EPSILON
    EXPONENT FACTOR FPS FRACTION FRAMES GAIN HEIGHT HOURS HZ ID INDEX ITEMS KBPS KHZ KIB LENGTH LEVEL LIMIT
    LINES LU LUFS MARGIN MB MBPS MIB MILLIS MINUTES MODE MS NICENESS NS ODDS ORDER OVERLAP PAGES PART PARTITION
    PARTITIONS PASSES PENALTY PER PERCENT PERCENTILE PIXELS POINTS PORT PRECISION PRIME PROBABILITY PX RADIUS
    RANK RATE RATING RATIO ROUNDS ROWS S SAMPLES SCALE SCORE SECONDS SEED SEMITONES SHARE SIGMA SIMILARITY SIZE
    SLOPE SPEED STATUS STEP STEPS STRENGTH TAPS THREADS THRESHOLD TOKENS TOLERANCE TRIES TTL US VALUE VARIANCE
    VERSION VOTES WEIGHT WIDTH WINDOW WORDS WORKERS ZOOM
    """.split()  # noqa: SIM905  # a list of that length reads better as text
)
"""Words of which a numeric constant's name bears at least one, unless it begins with MIN_ or MAX_."""


@dataclass(frozen=True)
class Finding:
    """One break of a rule."""

    path: str
    line: int
    rule: str
    detail: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.detail}"


def modules(folders: tuple[str, ...] = CODE) -> list[Path]:
    """Every Python file of some folders of the house."""
    return sorted(
        path for folder in folders for path in (REPO / folder).rglob("*.py") if "node_modules" not in path.parts
    )


def name_of(path: Path) -> str:
    return str(path.relative_to(REPO))


def layer_of(path: Path) -> str:
    """The part of the house in which a file name stands for one thing.

    A part of the local stack has a file of its name in ``install`` and one in ``services``; stand-ins are programs.
    """
    parts = path.relative_to(REPO).parts[:-1]
    depth = {"core": 2, "local": 3}.get(parts[0], 1)
    return "/".join(parts[:depth])


def check_folders(paths: list[Path]) -> Iterator[Finding]:
    """At most MAX_MODULES modules a folder, MAX_LINES lines a module, one file of a name in a layer."""
    folders = defaultdict(list)
    names = defaultdict(list)
    for path in paths:
        if path.name != "__init__.py":
            folders[path.parent].append(path)
            names[layer_of(path), path.stem].append(path)
        lines = path.read_text().count("\n")
        if lines > MAX_LINES:
            yield Finding(name_of(path), lines, "file-length", f"{lines} lines, at most {MAX_LINES}")
        if path.stem in RIDDLES:
            yield Finding(name_of(path), 1, "file-name", f"`{path.stem}` names nothing")
    for folder, inside in folders.items():
        if len(inside) > MAX_MODULES:
            yield Finding(name_of(folder), 0, "folder-size", f"{len(inside)} modules, at most {MAX_MODULES}")
    for (_, stem), places in names.items():
        if len(places) > 1 and stem not in ROLES:
            for path in places:
                others = ", ".join(name_of(other.parent) for other in places if other != path)
                yield Finding(name_of(path), 1, "file-name-twice", f"also in {others}")


def wire_names() -> set[str]:
    """Names of structs that the API and the events carry: clients are generated with them, so they stay."""
    document = json.loads((REPO / "api/openapi.json").read_text())
    schemas = [json.loads(path.read_text()) for path in (REPO / "schemas/jsonschema").rglob("*.json")]
    return {*document["components"]["schemas"], *(name for schema in schemas for name in schema.get("$defs", {}))}


def check_classes(paths: list[Path]) -> Iterator[Finding]:
    """A public class name stands for one thing; benchmarks, models and stand-ins are programs of their own."""
    places = defaultdict(list)
    fixed = wire_names()
    for path in paths:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                if not OWN_PROGRAMS & {*path.relative_to(REPO).parts}:
                    places[node.name].append((path, node.lineno))
                if node.name.lower() in RIDDLES and node.name not in fixed:
                    yield Finding(name_of(path), node.lineno, "class-name", f"`{node.name}` names nothing")
    for name, found in places.items():
        if len(found) > 1 and not name.startswith("_"):
            for path, line in found:
                if name in fixed and path.parts[len(REPO.parts)] in ("api", "schemas"):
                    continue
                others = ", ".join(name_of(other) for other, _ in found if other != path)
                yield Finding(name_of(path), line, "class-name-twice", f"`{name}`, also in {others}")


def check_module(path: Path) -> Iterator[Finding]:
    """Names, docstrings, constants and comments of one module."""
    text = path.read_text()
    tree = ast.parse(text)
    yield from _check_functions(path, tree)
    yield from _check_docstrings(path, tree)
    yield from _check_constants(path, tree)
    if "benchmarks" not in path.relative_to(REPO).parts:
        yield from _check_names(path, tree)
    yield from _check_locals(path, tree)
    yield from check_idiom(path, _prose(text, tree))
    yield from check_idiom(path, list(user_texts(path, tree)), TEXT_IDIOM)


def _check_functions(path: Path, tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.strip("_") in RIDDLES:
            yield Finding(name_of(path), node.lineno, "function-name", f"`{node.name}` names nothing")


def words_of(name: str) -> list[str]:
    """The words of an identifier, split at ``_`` and before capitals, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def _check_names(path: Path, tree: ast.Module) -> Iterator[Finding]:
    """No name that a module of the product defines is made of a word of the idiom; names of the wire stay."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                pass
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                pass
            case _:
                continue
        if NO_NAMES & {*words_of(name)} and name not in TERMS_OF_THE_FIELD | wire_names():
            yield Finding(name_of(path), node.lineno, "name-idiom", f"`{name}`: see docs/glossary.md")


def _check_locals(path: Path, tree: ast.Module) -> Iterator[Finding]:
    """Locals and parameters say what they hold."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    names = {
        (node.lineno, node.arg if isinstance(node, ast.arg) else node.id)
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.arg) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    }
    for line, name in sorted(names):
        if name.strip("_") in NO_LOCALS:
            yield Finding(name_of(path), line, "local-name", f"`{name}` does not say what it holds")


def _check_docstrings(path: Path, tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = (ast.get_docstring(node) or "").partition("\n")[0]
            if len(first) > MAX_SUMMARY:
                yield Finding(
                    name_of(path),
                    getattr(node, "lineno", 1),
                    "docstring-length",
                    f"{len(first)} characters: {first[:60]}…",
                )


def _check_constants(path: Path, tree: ast.Module) -> Iterator[Finding]:
    for position, node in enumerate(tree.body):
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if isinstance(target, ast.Name) and target.id.isupper() and _is_number(node.value):
            words = set(target.id.strip("_").split("_"))
            if not words & UNITS and not words & {"MIN", "MAX"}:
                yield Finding(name_of(path), node.lineno, "constant-unit", f"`{target.id}` names no unit")
        after = tree.body[position + 1] if position + 1 < len(tree.body) else None
        docstring = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
        if isinstance(docstring, str) and (docstring.startswith("…") or docstring.rstrip(".").endswith("…")):
            yield Finding(name_of(path), node.lineno, "constant-docstring", "continues across constants")


def _is_number(value: ast.expr | None) -> bool:
    if isinstance(value, ast.UnaryOp):
        value = value.operand
    return (
        isinstance(value, ast.Constant) and isinstance(value.value, int | float) and not isinstance(value.value, bool)
    )


def _prose(text: str, tree: ast.Module) -> list[tuple[int, str]]:
    """Docstrings and comments of a module, with their lines."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            found += [(node.lineno + at, line) for at, line in enumerate(node.value.value.split("\n"))]
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            found.append((token.start[0], token.string))
    return found


def user_texts(path: Path, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """String literals that a person reads: messages of exceptions, problem details, log lines, texts of the CLI.

    A text has at least two words: keys, topics and other values of the wire have one. Docstrings are prose, checked as
    such. Not read are the modules in NO_TEXTS, regular expressions, and lists of words that a ``split()`` follows.
    """
    if path.stem in NO_TEXTS:
        return
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id == "re":
                skipped |= {id(part) for part in ast.walk(node)}
            elif node.func.attr == "split":
                skipped.add(id(owner))
        elif isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
    for node in ast.walk(tree):
        text = _literal(node)
        if text and id(node) not in skipped and len(text.split()) > 1:
            yield node.lineno, text  # type: ignore[attr-defined]


def _literal(node: ast.AST) -> str:
    """The text of a literal, with ``…`` for each value that an f-string inserts."""
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def check_idiom(path: Path, lines: list[tuple[int, str]], idiom: re.Pattern[str] = IDIOM) -> Iterator[Finding]:
    """No word of the old idiom in prose."""
    for number, line in lines:
        for match in idiom.finditer(re.sub(r"`[^`]*`|\]\([^)]*\)", "", line)):
            yield Finding(name_of(path), number, "idiom", f"`{match[0]}`: {line.strip()[:80]}")


def check_pages() -> Iterator[Finding]:
    """The idiom in Markdown pages, but not in decisions: those are history."""
    for path in [*REPO.glob("*.md"), *(REPO / "docs").glob("*.md")]:
        if path.name not in ("glossary.md", "data-dictionary.md"):
            yield from check_idiom(path, list(enumerate(path.read_text().split("\n"), 1)))


def check_test_names() -> Iterator[Finding]:
    """Tests have names that fit a line of a report, without words of the idiom."""
    for path in modules(("tests",)):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                length = len(node.name) - len("test_")
                if length > MAX_TEST_NAME:
                    yield Finding(name_of(path), node.lineno, "test-name", f"{length} characters: {node.name}")
                for word in sorted(NO_TEST_WORDS & {*node.name.split("_")}):
                    yield Finding(name_of(path), node.lineno, "test-name", f"`{word}` in {node.name}: see the glossary")


def findings() -> list[Finding]:
    """Every break of a rule."""
    paths = modules()
    return [
        *check_folders(paths),
        *check_classes(paths),
        *(found for path in paths for found in check_module(path)),
        *check_pages(),
        *check_test_names(),
    ]


def main(folders: list[str]) -> int:
    found = [
        one for one in findings() if not folders or any(one.path.startswith(folder.rstrip("/")) for folder in folders)
    ]
    for one in found:
        print(one)
    totals: dict[str, int] = defaultdict(int)
    for one in found:
        totals[one.rule] += 1
    print(
        f"{len(found)} findings: {', '.join(f'{rule} {count}' for rule, count in sorted(totals.items()))}",
        file=sys.stderr,
    )
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
