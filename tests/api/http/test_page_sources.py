"""Pages as sources: each is refused with what to do, or accepted with what its user says."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.pages.page_rules import PageRules
from tests.api.conftest import OpenClient
from tests.api.fakes import make_settings
from tests.api.http.test_prepare_and_commit import UPLOAD, make_pool

PAGE = "https://www.youtube.com/watch?v=abc"
ON = PageRules(mode="on", hosts=("youtube.com",))


@pytest.mark.parametrize(
    ("rules", "body", "code", "pointer", "told"),
    [
        (PageRules(), {"source_url": PAGE, "page_rights": "own"}, "url-refused", "/source_url", "PAGES_MODE=on"),
        (PageRules(), {"source_url": PAGE}, "url-refused", "/source_url", "upload the file"),
        (ON, {"source_url": PAGE}, "url-refused", "/page_rights", "why you may use"),
        (ON, {"source_url": "https://a.example/", "page_rights": "own"}, "url-refused", "/source_url", "PAGES_HOSTS"),
        (ON, {"upload_id": str(UPLOAD), "page_rights": "own"}, "invalid", "/page_rights", "goes with"),
        (ON, {"source_url": PAGE, "page_rights": "stolen"}, "invalid", "/page_rights", ""),
    ],
)  # fmt: skip
async def test_a_page_is_refused_with_what_to_do(
    open_client: OpenClient, rules: PageRules, body: dict[str, Any], code: str, pointer: str, told: str
) -> None:
    async with open_client(settings=make_settings(pages=rules)) as client:
        answer = await client.post("/v1/projects", json=body)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, code)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert told in problem["errors"][0]["detail"]


async def test_a_page_is_accepted_with_its_rights(open_client: OpenClient) -> None:
    pool = make_pool()
    async with open_client(pool=pool, settings=make_settings(pages=ON)) as client:
        answer = await client.post("/v1/projects", json={"source_url": PAGE, "page_rights": "licence"})
    assert answer.status_code == 202, answer.text
    (written,) = [args for sql, args in pool.rows.statements if "insert into projects " in sql]
    assert (PAGE in written, written[-1]) == (True, "licence")
