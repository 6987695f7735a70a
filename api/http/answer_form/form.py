"""The form of an answer: the version of the API and the fields that a request asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.http.answer_form.sparse_fields import FieldTree, parse_fields, pick, take_fields
from api.http.answer_form.versions import HEADER as VERSION_HEADER
from api.http.answer_form.versions import VersionChange, changes_since, deprecation_headers, read_version
from api.http.operations import Operation


class AnswerForm(msgspec.Struct, frozen=True, kw_only=True):
    """The form that a request wants its answer in: fields, and the version of the API."""

    query: str
    """The query without what only this form is about."""
    selected: FieldTree | None
    changes: Sequence[VersionChange]
    headers: Mapping[str, str]

    def shape(self, answer: Response) -> Response:
        """The answer in this form; one that is not JSON, or a problem, stays."""
        if (self.selected is None and not self.changes) or answer.status_code >= 300:
            return answer
        body = getattr(answer, "body", b"")  # a stream has none
        if answer.headers.get("content-type", "").partition(";")[0] != "application/json" or not body:
            return answer
        value = msgspec.json.decode(body)
        for change in self.changes:
            value = change.restore(value)
        if self.selected is not None:
            value = pick(value, self.selected)
        headers = {name: text for name, text in answer.headers.items() if name != "content-length"}
        return Response(msgspec.json.encode(value), status_code=answer.status_code, headers=headers)


def read_form(operation: Operation, request: Request, query: str) -> AnswerForm:
    """The form that a request asks for. Raises ``version-unknown``, or ``invalid``."""
    version = read_version(request.headers)
    changes = changes_since(version, operation.name)
    headers = {VERSION_HEADER: version} if operation.permission != "public" else {}
    headers |= deprecation_headers(changes)
    if operation.successor is not None:
        headers["Link"] = f'<{operation.successor}>; rel="successor-version"'
    fields = None
    if operation.has_fields:
        fields, query = take_fields(query)
    selected = parse_fields(fields, operation.response) if fields is not None and operation.response else None
    return AnswerForm(query=query, selected=selected, changes=changes, headers=headers)
