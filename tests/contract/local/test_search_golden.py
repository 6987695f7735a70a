"""The search server answers what Meilisearch answers: the golden files, and the recorder that writes them."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from tests.contract.rigs.search_golden import Engine, differences, files, same
from tests.contract.rigs.servers import Server

pytestmark = pytest.mark.contract


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_the_server_answers_as_recorded(search_front: Server, path: Path) -> None:
    golden = json.loads(path.read_text())
    with closing(Engine(search_front.url, search_front.password)) as engine:
        assert differences(engine, golden) == []


def test_the_recorder_writes_the_servers_answers(search_front: Server) -> None:
    golden = {
        "scenes": [
            {
                "settings": {"searchableAttributes": ["text"]},
                "documents": [{"id": 1, "text": "walrus"}],
                "cases": [
                    {"search": {"q": "walrus"}, "answer": {"status": 200, "ids": [7]}},
                    {"search": {"q": "walrus", "limit": -1}, "answer": {"status": 200, "ids": []}},
                ],
            }
        ]
    }
    with closing(Engine(search_front.url, search_front.password)) as engine:
        assert len(differences(engine, golden, record=True)) == 2
        first, second = (case["answer"] for case in golden["scenes"][0]["cases"])
        assert first == {"status": 200, "ids": [1]}
        assert second == {"status": 400, "code": "invalid_search_limit", "type": "invalid_request"}
        assert differences(engine, golden) == []


def test_every_file_names_the_source_of_its_answers() -> None:
    for path in files():
        golden = json.loads(path.read_text())
        assert golden["source"] in ("recorded", "published", "derived"), path
        assert golden["of"], path
        assert (golden["source"] == "recorded") == bool(golden["server"]), path


def test_scores_are_compared_to_six_places() -> None:
    assert same({"scores": [0.1]}, {"scores": [0.1 + 1e-9]})
    assert not same({"scores": [0.1]}, {"scores": [0.1001]})
