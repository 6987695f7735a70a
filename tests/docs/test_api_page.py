"""The page for API clients shows the answer that the API gives, and the generator's configuration that is tested."""

from __future__ import annotations

import json

import msgspec
import pytest
import yaml

from api.http.request_reader import decode_body
from api.problems.problem_details import ApiProblem, respond
from api.problems.problem_types import CATALOGUE
from api.routes import OPERATIONS
from tests.docs.pages import blocks, text_of
from tests.openapi.tools import HERE

PAGE = "docs/api.md"


def test_the_example_of_an_error_is_the_real_answer() -> None:
    (example,) = map(json.loads, blocks(text_of(PAGE), "json"))
    (operation,) = (one for one in OPERATIONS if one.name == "createProject")
    body = {"source_url": "https://example.org/a.mp4", "titel": "A talk", "options": {"min_clip_ms": 1_000}}
    with pytest.raises(ApiProblem) as caught:
        decode_body(operation, msgspec.json.encode(body))
    given = respond(caught.value, instance=example["instance"], request_id=example["request_id"])
    assert json.loads(bytes(given.body)) == example


def test_the_configuration_of_the_generator_is_the_tested_one() -> None:
    (shown,) = map(yaml.safe_load, blocks(text_of(PAGE), "yaml"))
    tested = yaml.safe_load((HERE / "openapi-python-client.yaml").read_text())
    assert shown["content_type_overrides"] == tested["content_type_overrides"]


def test_the_explained_codes_exist() -> None:
    for code in ("invalid", "malformed-request", "unsupported-media-type", "url-refused"):
        assert f"**{CATALOGUE[code].status} `{code}`**" in text_of(PAGE)
