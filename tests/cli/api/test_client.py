"""The client: problems become one line, transient failures are tried again, the key stays with the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from cli.api.client import ApiRefused, problem_line, retry_after_s
from cli.exit_codes import CliError, ExitCode
from tests.cli.fake_api import PROJECT, Twin, problem


def test_a_problem_document_becomes_one_line() -> None:
    answer = problem(
        422, "invalid", "A field is wrong", "It must be 1 to 50.", errors=[{"pointer": "/a", "detail": "No."}]
    )
    assert problem_line(422, answer.content) == ("invalid", "A field is wrong: It must be 1 to 50.; a: No.")
    assert (
        problem_line(
            422,
            b'{"title": "A field is wrong", "detail": "The query does not fit: Not 7.", "errors": ['
            b'{"pointer": "?limit", "detail": "Not 7"}]}',
        )[1]
        == "A field is wrong: limit: Not 7"
    )
    assert problem_line(500, b"<html>") == ("", "The API answered 500 without saying why.")


def test_a_problem_of_one_field_names_the_field_once() -> None:
    errors = [{"pointer": "/options/max_clips", "detail": "It must be 1 to 50."}]
    answer = problem(422, "invalid", "A field is wrong", "It must be 1 to 50.", errors=errors)
    assert problem_line(422, answer.content)[1] == "A field is wrong: options.max_clips: It must be 1 to 50."


def test_several_wrong_fields_have_a_line_each() -> None:
    errors = [{"pointer": "/titel", "detail": "There is no field `titel`."}, {"pointer": "?limit", "detail": "Not 0."}]
    answer = problem(422, "invalid", "A field is wrong", "2 fields are wrong: `/titel`, `?limit`.", errors=errors)
    assert problem_line(422, answer.content)[1].splitlines() == [
        "A field is wrong:",
        "  titel: There is no field `titel`.",
        "  limit: Not 0.",
    ]


def test_a_refusal_has_its_code_and_exit() -> None:
    with pytest.raises(ApiRefused, match=r"^There is no such project\.$") as caught:
        Twin().client().get("/v1/projects/nobody")
    assert (caught.value.slug, caught.value.code) == ("not-found", ExitCode.REFUSED)


def test_unavailable_is_tried_again_after_the_named_time() -> None:
    twin = Twin(project={"state": "queued"})
    busy = httpx2.Response(503, headers={"retry-after": "2"}, json={})
    twin.overrides["GET", f"/v1/projects/{PROJECT}"] = [busy]
    assert twin.client().get(f"/v1/projects/{PROJECT}") == {"state": "queued"}
    assert twin.slept == [2.0]


def test_a_post_that_is_tried_again_has_the_same_idempotency_key() -> None:
    twin = Twin()
    twin.overrides["POST", "/v1/projects"] = [httpx2.Response(503, json={})]
    twin.client().post("/v1/projects", {})
    keys = [headers["idempotency-key"] for headers in twin.headers]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_an_api_that_does_not_answer_gives_one_line() -> None:
    def down(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("Connection refused")

    twin = Twin()
    client = twin.client()
    client._http = httpx2.Client(base_url="http://api", transport=httpx2.MockTransport(down))
    with pytest.raises(CliError, match=r"does not answer \(Connection refused\): see `clipstream status`") as caught:
        client.get("/v1/projects")
    assert caught.value.code == ExitCode.STACK_UNAVAILABLE


def test_retry_after_is_bounded() -> None:
    assert [retry_after_s({"retry-after": text}) for text in ("3", "999", "soon")] == [3.0, 30.0, 1.0]


BODY = b"a whole film"


def cut() -> Iterator[bytes]:
    yield BODY[:5]
    raise httpx2.ReadError("the line went dead")


def fetched(twin: Twin, path: Path, *answers: Callable[[], httpx2.Response]) -> list[int]:
    """Counts of a download that is answered so, one try after the other."""
    client, counts, left = twin.client(), list[int](), list(answers)
    client._plain = httpx2.Client(transport=httpx2.MockTransport(lambda _: left.pop(0)()))
    try:
        client.download("http://store/film", path, counts.append)
    finally:
        client.close()
    return counts


def broken() -> httpx2.Response:
    return httpx2.Response(200, content=cut())


def busy() -> httpx2.Response:
    return httpx2.Response(503, headers={"retry-after": "3"})


def test_a_download_that_breaks_is_tried_again_and_counted_once(tmp_path: Path) -> None:
    twin = Twin()
    counts = fetched(twin, tmp_path / "film", broken, busy, lambda: httpx2.Response(200, content=BODY))
    assert (tmp_path / "film").read_bytes() == BODY
    assert (sum(counts), twin.slept) == (len(BODY), [1.0, 3.0])


@pytest.mark.parametrize("answer", [broken, busy, lambda: httpx2.Response(404)], ids=["broken", "busy", "gone"])
def test_a_download_that_fails_leaves_nothing(tmp_path: Path, answer: Callable[[], httpx2.Response]) -> None:
    with pytest.raises(CliError, match="film could not be fetched"):
        fetched(Twin(), tmp_path / "film", *[answer] * 4)
    assert list(tmp_path.iterdir()) == []
