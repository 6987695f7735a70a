"""One tantivy index: which documents may answer a query, best guess first.

Ranking proper happens in local/standins/meilisearch/search/ranking.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import tantivy

from local.standins.meilisearch.index.attributes import covers, flatten
from local.standins.meilisearch.index.locales import Rules, text_is_japanese
from local.standins.meilisearch.query.query_text import normal_text
from local.standins.meilisearch.query.terms import Term

Engine: TypeAlias = Any
"""Objects of tantivy (its stubs are incomplete)."""
WRITER_BYTES = 15_000_000
MAX_TERMS = 10


def _schema() -> Engine:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("number", stored=True, indexed=True, fast=True)
    builder.add_json_field("words", tokenizer_name="whitespace", index_option="position")
    return builder.build()


def slot(path: str) -> str:
    """A name for an attribute that holds neither dots nor signs."""
    return "x" + path.encode().hex()


def text_of(value: object) -> str:
    """The part of a value that can be found by words, as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    if isinstance(value, list):
        return " . ".join(text_of(part) for part in value if not isinstance(part, dict))
    return ""


def searchable_texts(document: Mapping[str, Any], searchable: Sequence[str]) -> dict[str, str]:
    """The texts of a document that can be found, by path, in the order of the settings."""
    texts: dict[str, list[str]] = {}
    for path, value in flatten(document):
        if any(covers(pattern, path) for pattern in searchable) and (text := text_of(value)):
            texts.setdefault(path, []).append(text)
    joined = {path: " . ".join(parts) for path, parts in texts.items()}
    if "*" in searchable:
        return joined

    def place(path: str) -> int:
        return next(i for i, pattern in enumerate(searchable) if covers(pattern, path))

    return dict(sorted(joined.items(), key=lambda item: place(item[0])))


class FullText:
    """Writes by one thread; reads by any."""

    def __init__(self, folder: Path) -> None:
        """Open or make the index in ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._schema = _schema()
        self._index: Engine = tantivy.Index(self._schema, str(folder))
        self._writer: Engine = self._index.writer(WRITER_BYTES, 1)

    def put(self, number: int, texts: Mapping[str, str], rules: Rules | None = None) -> None:
        """Replace one document. ``rules``: which language each attribute is in."""
        self.remove(number)
        document = tantivy.Document()
        document.add_integer("number", number)
        words = {
            slot(path): normal_text(text, japanese=text_is_japanese(text, path, rules)) for path, text in texts.items()
        }
        document.add_json("words", words)
        self._writer.add_document(document)

    def remove(self, number: int) -> None:
        """Forget one document."""
        self._writer.delete_documents_by_term("number", number)

    def clear(self) -> None:
        """Forget all."""
        self._writer.delete_all_documents()

    def commit(self) -> None:
        """Make what was written findable, and durable."""
        self._writer.commit()
        self._index.reload()

    def close(self) -> None:
        """Let the writer go."""
        self._writer.wait_merging_threads()

    def destroy(self) -> None:
        """Close and delete the files."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def candidates(self, terms: Sequence[Term], paths: Iterable[str]) -> list[int]:
        """Numbers of the documents that hold every term, best guess first."""
        searcher = self._index.searcher()
        fields = [f"words.{slot(path)}" for path in paths]
        if not fields or not searcher.num_docs:
            return []
        must = [(tantivy.Occur.Must, self._term(term, fields)) for term in terms[:MAX_TERMS]]
        hits = searcher.search(tantivy.Query.boolean_query(must), searcher.num_docs, count=False).hits
        return [int(n) for n in searcher.fast_field_values("number", [address for _, address in hits])]

    def _term(self, term: Term, fields: Sequence[str]) -> Engine:
        make = tantivy.Query
        options = []
        for rank, field in enumerate(fields):
            weight = 1.0 + len(fields) - rank
            for words in (term.words, *term.synonyms):
                options.append(make.boost_query(self._words(words, field), 4 * weight))
            if len(term.words) == 1 and (term.typos or term.prefix):
                fuzzy = make.fuzzy_term_query(
                    self._schema,
                    field,
                    term.words[0],
                    distance=term.typos,
                    transposition_cost_one=True,
                    prefix=term.prefix,
                )
                options.append(make.boost_query(fuzzy, weight))
        return make.boolean_query([(tantivy.Occur.Should, option) for option in options])

    def _words(self, words: Sequence[str], field: str) -> Engine:
        if len(words) == 1:
            return tantivy.Query.term_query(self._schema, field, words[0])
        return tantivy.Query.phrase_query(self._schema, field, list(words))
