"""A changed caption template is a new version, and the old one is kept to make old exports again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import jsonschema
import msgspec
import pytest

from schemas.options.caption_template import (
    CaptionTemplate,
    earlier_templates,
    export_words,
    template_named,
    templates,
    version_of,
)
from schemas.tools.generate import HERE, json_schema

FOLDER = HERE / "data" / "templates"
FILES = [*sorted(FOLDER.glob("*.json")), *sorted((FOLDER / "earlier").glob("*.json"))]
KNOWN = {
    (name, int(version)): digest
    for name, version, digest in map(str.split, (FOLDER / "earlier" / "VERSIONS").read_text().splitlines())
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_version_of_a_template_is_ever_changed(file: Path) -> None:
    body = file.read_bytes()
    one = msgspec.json.decode(body, type=CaptionTemplate)
    assert KNOWN.get((one.template_id, one.version)) == hashlib.sha256(body).hexdigest()[:16], (
        f"give {file.name} the next version, keep the one before in earlier/, and write both down in earlier/VERSIONS"
    )


def test_every_earlier_version_exists() -> None:
    for (name, version), _ in KNOWN.items():
        one = template_named(name, version)
        assert (one.template_id, one.version) == (name, version)
    assert {name for name, _ in KNOWN} == set(templates())
    for name, version in earlier_templates():
        assert version < version_of(name)
        file = FOLDER / "earlier" / f"{name}.{version}.json"
        jsonschema.validate(msgspec.json.decode(file.read_bytes()), json_schema(CaptionTemplate))
    with pytest.raises(KeyError):
        template_named("minimal", 99)


def test_a_changed_template_makes_another_export() -> None:
    assert export_words(True, "bold_outline", masked=False) == "True"
    assert export_words(True, "minimal", masked=True) == "True/minimal/masked"
    assert export_words(True, "word_pop", masked=False) == f"True/word_pop@{version_of('word_pop')}"
    assert export_words(False, "word_pop", masked=False) == "False"
