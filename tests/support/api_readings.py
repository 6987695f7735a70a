"""Every GET below one project, derived from the operations themselves. Changes nothing.

Each GET operation of the registry is asked once plainly, and once for each value of each query parameter that has a few
(formats, modes). Ids for its path come from the answers to the others, or from the caller. So a new route is covered
as soon as it is registered; a route that nothing leads to fails the reading.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple, get_args, get_origin
from urllib.parse import urlencode

import httpx2
import msgspec

from api.http.operations import Operation, path_parameters
from api.routes import OPERATIONS

ENDED = {"completed", "failed", "cancelled"}
JSON = ("application/json", "application/problem+json", "application/ld+json")
SAMPLES: Mapping[str, Mapping[str, str]] = {
    "search": {"q": "the"}, "findIds": {"starts_with": "0000"}, "showUnsubscribePage": {"token": "no-link-of-ours"},
    "getOembed": {"url": "https://clips.example/no-link-of-ours"},
}  # fmt: skip
"""Values for query parameters that are required, by operation."""
LISTED = {"listCaptionTemplates": ("template", "template_id")}
"""Operations whose items are named by another field than their path parameter: the parameter, and the field."""
OF_OTHERS = {"findIds", "search", "listProjects", "listEntities", "listTopics", "listMessages", "listEventTypes"}
"""Operations that answer of all projects, or with examples: their ids are not followed."""
EVENTS = "text/event-stream"


class Answer(NamedTuple):
    """Status and body: JSON and text as they are, other bytes as their SHA-256."""

    status: int
    body: Any


class Asked(NamedTuple):
    """One request: its operation, variant and path with query."""

    operation: str
    method: str
    path: str


class Readings(msgspec.Struct, frozen=True, kw_only=True):
    """Answers by path with query, and the operations without a known id."""

    answers: dict[str, Answer]
    operations: dict[str, str]
    """The operation of each path."""
    unread: frozenset[str]

    def failures(self) -> dict[str, Answer]:
        """Answers that no request should get: 5xx."""
        return {path: answer for path, answer in self.answers.items() if answer.status >= 500}


def gets() -> list[Operation]:
    """Every operation that reads."""
    return [operation for operation in OPERATIONS if operation.method == "GET"]


def read_all(
    client: httpx2.Client,
    project_id: str,
    *,
    ids: Mapping[str, Sequence[str]] | None = None,
    without: Collection[str] | None = (),
) -> Readings:
    """Ask every GET. ``ids``: further ids by path parameter (what no answer lists: previews).

    ``without``: names of operations that this project has no id for; None checks none of it. Fails where another
    operation was not read, and where one that is named was.
    """
    steps = _steps(project_id, ids or {})
    try:
        asked = next(steps)
        while True:
            asked = steps.send(client.request(asked.method, asked.path))
    except StopIteration as ended:
        return _checked(ended.value, without)


async def read_all_async(
    client: httpx2.AsyncClient,
    project_id: str,
    *,
    ids: Mapping[str, Sequence[str]] | None = None,
    without: Collection[str] | None = (),
    skip: Collection[str] = (),
) -> Readings:
    """The same by an asynchronous client. ``skip``: names of operations that are not asked this time."""
    steps = _steps(project_id, ids or {}, skip)
    try:
        asked = next(steps)
        while True:
            asked = steps.send(await client.request(asked.method, asked.path))
    except StopIteration as ended:
        return _checked(ended.value, without)


def _checked(found: Readings, without: Collection[str] | None) -> Readings:
    if without is not None:
        assert found.unread == set(without), f"not read: {sorted(found.unread)}; expected of these: {sorted(without)}"
    return found


def _steps(
    project_id: str, given: Mapping[str, Sequence[str]], skip: Collection[str] = ()
) -> Generator[Asked, httpx2.Response, Readings]:
    known = {name: set(values) for name, values in given.items()}
    known["project_id"] = {project_id}
    answers: dict[str, Answer] = {}
    operations: dict[str, str] = {}
    while todo := [
        asked
        for asked in _possible(known, answers, project_id)
        if asked.path not in answers and asked.operation not in skip
    ]:
        for asked in todo:
            answers[asked.path] = answer = _answer_of((yield asked))
            operations[asked.path] = asked.operation
            for name, value in _ids_in(asked.operation, answer.body):
                known.setdefault(name, {value}).add(value)
    unread = frozenset(operation.name for operation in gets()) - set(operations.values())
    return Readings(answers=answers, operations=operations, unread=unread)


def _possible(known: Mapping[str, Collection[str]], answers: Mapping[str, Answer], project_id: str) -> Iterator[Asked]:
    """Every request that the ids known so far allow; the project itself before its event stream."""
    for operation in gets():
        names = path_parameters(operation.path)
        for values in product(*(sorted(known.get(name, ())) for name in names)):
            path = operation.path.format(**dict(zip(names, values, strict=True)))
            method = "GET"
            if EVENTS in operation.media_types and "project_id" not in names:
                method = "HEAD"  # the stream of an organisation has no end
            elif EVENTS in operation.media_types:
                project = answers.get(f"/v1/projects/{project_id}")
                if project is None:
                    continue
                if project.status == 200 and project.body["state"] not in ENDED:
                    method = "HEAD"  # the stream of a project that runs has no end
            for query in queries(operation):
                yield Asked(operation.name, method, f"{path}?{urlencode(query)}" if query else path)


def queries(operation: Operation) -> list[dict[str, str]]:
    """The plain query of an operation, and one for each value of a parameter that has few."""
    plain = dict(SAMPLES.get(operation.name, {}))
    if operation.query is None:
        return [plain]
    fields = msgspec.structs.fields(operation.query)
    missing = {field.encode_name for field in fields if field.required} - plain.keys()
    assert not missing, f"{operation.name} needs {sorted(missing)}: give it a value in SAMPLES of {__name__}"
    choices = {field.encode_name: list(_choices(field.type)) for field in fields}
    return [plain, *(plain | {name: value} for name, values in choices.items() for value in values)]


def _choices(kind: Any) -> Iterator[str]:
    """Values of a Literal or a bool, through Annotated and unions."""
    if kind is bool:
        yield "true"
    elif str(get_origin(kind)) == "typing.Literal":
        yield from map(str, get_args(kind))
    elif hasattr(kind, "__metadata__") or get_origin(kind) is list:
        yield from _choices(get_args(kind)[0])
    elif "Union" in str(get_origin(kind)):
        for inner in get_args(kind):
            yield from _choices(inner)


def _answer_of(response: httpx2.Response) -> Answer:
    media_type = response.headers.get("content-type", "").split(";")[0]
    if media_type in JSON and response.content:
        return Answer(response.status_code, json.loads(response.content))
    if media_type.startswith("text/") or media_type.endswith("xml") or not response.content:
        return Answer(response.status_code, response.text)
    return Answer(response.status_code, hashlib.sha256(response.content).hexdigest())


def _ids_in(operation: str, body: Any) -> Iterator[tuple[str, str]]:
    """Each path parameter's values in an answer but the project's."""
    if operation in OF_OTHERS or not isinstance(body, dict):
        return
    if operation in LISTED:
        name, field = LISTED[operation]
        yield from ((name, one[field]) for one in body["items"])
    names = {name for one in gets() for name in path_parameters(one.path)} - {"project_id"}
    yield from ((key, value) for key, value in _fields(body) if key in names and isinstance(value, str))


def _fields(body: Any) -> Iterator[tuple[str, Any]]:
    """Every field of every object in a JSON value, however deep."""
    for inner in body if isinstance(body, list) else body.values() if isinstance(body, dict) else ():
        yield from _fields(inner)
    if isinstance(body, dict):
        yield from body.items()
