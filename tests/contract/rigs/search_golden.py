"""`python -m tests.contract.rigs.search_golden [--record]`: ask a search server the golden files' questions.

Reads ``CLIPSTREAM_TEST_MEILISEARCH`` and ``CLIPSTREAM_TEST_MEILISEARCH_KEY``. Makes and deletes indexes of its own.
Without ``--record`` it prints what differs. What the fields of a file mean: golden/search/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2

from tests.support.progress import HANG_S, Patience

FOLDER = Path(__file__).parents[1] / "golden" / "search"
PLACES = 6
Json = dict[str, Any]


class Engine:
    """One server, called by its HTTP API."""

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=HANG_S)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def version(self) -> str:
        return str(self._client.get("/version").json()["pkgVersion"])

    def ended(self, answer: httpx2.Response) -> Json:
        """The finished task of a request, or its refusal if no task began."""
        body: Json = answer.json()
        if answer.status_code >= 400:
            return {"status": answer.status_code, "error": body}
        patience = Patience(f"task {body['taskUid']}")
        while True:
            task: Json = self._client.get(f"/tasks/{body['taskUid']}").json()
            if task["status"] in ("succeeded", "failed", "canceled"):
                return task
            patience.check(task["status"])
            time.sleep(0.02)

    @contextmanager
    def index(self, scene: Mapping[str, Any]) -> Iterator[str]:
        """An index with the settings and documents of a scene."""
        uid = f"golden-{uuid4().hex}"
        path = f"/indexes/{uid}"
        begun = [self._client.post("/indexes", json={"uid": uid, "primaryKey": "id"})]
        try:
            if scene["settings"]:
                begun.append(self._client.patch(f"{path}/settings", json=scene["settings"]))
            if scene["documents"]:
                begun.append(self._client.post(f"{path}/documents", json=scene["documents"]))
            for answer in begun:
                task = self.ended(answer)
                assert task["status"] == "succeeded", task
            yield path
        finally:
            self.ended(self._client.delete(path))

    def answer(self, path: str, case: Mapping[str, Any]) -> Json:
        """The server's answer to one case, with every field that a golden file may have."""
        if "search" in case:
            got = self._client.post(f"{path}/search", json=case["search"] | {"showRankingScore": True})
            body = got.json()
            if got.status_code >= 400:
                return {"status": got.status_code, "code": body["code"], "type": body["type"]}
            return {
                "status": got.status_code,
                "ids": [hit["id"] for hit in body["hits"]],
                "scores": [hit["_rankingScore"] for hit in body["hits"]],
                "semanticHitCount": body.get("semanticHitCount"),
            }
        if "documents" in case:
            task = self.ended(self._client.post(f"{path}/documents", json=case["documents"]))
        else:
            task = self.ended(self._client.patch(f"{path}/settings", json=case["settings"]))
        error = task.get("error") or {}
        return {"status": task["status"], "code": error.get("code"), "type": error.get("type")}


def files() -> list[Path]:
    """Every golden file."""
    return sorted(FOLDER.glob("*.json"))


def same(wanted: Mapping[str, Any], got: Mapping[str, Any]) -> bool:
    """Whether an answer has the values of the golden file."""
    return all(_rounded(got.get(name)) == _rounded(value) for name, value in wanted.items())


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return round(value, PLACES) if isinstance(value, float) else value


def differences(engine: Engine, golden: Json, *, record: bool = False) -> list[str]:
    """Cases with a different answer; with ``record`` the server's answers replace the stored ones."""
    found = []
    for scene in golden["scenes"]:
        with engine.index(scene) as path:
            for case in scene["cases"]:
                got = engine.answer(path, case)
                if not same(case["answer"], got):
                    asked = {name: value for name, value in case.items() if name != "answer"}
                    found.append(f"{json.dumps(asked, ensure_ascii=False)}: {case['answer']}, got {got}")
                if record:
                    case["answer"] = {name: value for name, value in got.items() if name in _recorded_fields(case, got)}
    return found


def _recorded_fields(case: Mapping[str, Any], got: Mapping[str, Any]) -> set[str]:
    """Fields to write: the recorded ones, and an error's if it is an error now."""
    error = {"code", "type"} if got.get("code") else set()
    return {"status", *case["answer"]} | error


def main() -> int:
    """Compare, or record."""
    parser = argparse.ArgumentParser(prog="tests.contract.rigs.search_golden", description=__doc__)
    parser.add_argument("--record", action="store_true", help="write the server's answers into the files")
    given = parser.parse_args()
    url = os.environ.get("CLIPSTREAM_TEST_MEILISEARCH")
    if not url:
        parser.error("CLIPSTREAM_TEST_MEILISEARCH is not set: the address of a Meilisearch that holds nothing else")
    engine = Engine(url, os.environ.get("CLIPSTREAM_TEST_MEILISEARCH_KEY", ""))
    different = 0
    for path in files():
        golden: Json = json.loads(path.read_text())
        lines = differences(engine, golden, record=given.record)
        different += len(lines)
        print("\n".join([f"{path.name}: {len(lines)} differ", *lines]))
        if given.record:
            golden |= {"source": "recorded", "server": engine.version()}
            path.write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")
    return 1 if different and not given.record else 0


if __name__ == "__main__":
    sys.exit(main())
