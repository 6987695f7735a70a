"""The catalogue of fields that take a URL is the document's."""

from __future__ import annotations

import json
from importlib.resources import files

from tests.support.url_fields import URL_FIELDS, find_url_fields


def test_it_is_known_what_becomes_of_each_url_that_the_api_takes() -> None:
    found = find_url_fields(json.loads(files("api").joinpath("openapi.json").read_text()))
    assert found - set(URL_FIELDS) == set(), "new fields that take a URL: list them in tests/support/url_fields.py"
    assert set(URL_FIELDS) - found == set(), "fields that are gone"


def test_a_field_is_found_by_its_name_or_by_its_description() -> None:
    def operation(**properties: object) -> dict[str, object]:
        body = {"content": {"application/json": {"schema": {"type": "object", "properties": properties}}}}
        return {"paths": {"/a": {"post": {"operationId": "a", "requestBody": body}}}}

    text = {"type": "string"}
    for name in ("redirect_uri", "redirect_uris", "issuer", "callback", "logo_url", "host", "endpoint"):
        assert find_url_fields(operation(**{name: text})) == {("a", "application/json", f"/{name}")}, name
    told = operation(where={"type": "array", "description": "URLs to tell.", "items": text})
    assert find_url_fields(told) == {("a", "application/json", "/where/0")}
    assert find_url_fields(operation(title=text, language=text)) == set()
