"""The OpenAPI document is valid, current, and matches the behaviour of the routes."""

from __future__ import annotations

from pathlib import Path

import msgspec
from openapi_spec_validator import OpenAPIV31SpecValidator

import api
from api.openapi.document import encode_document, make_document, problem_codes
from api.openapi.permissions_page import permissions_page
from api.problems.problem_types import CATALOGUE
from api.routes import OPERATIONS
from schemas.access.permissions import PERMISSIONS

CHECKED_IN = Path(api.__file__).parent / "openapi.json"
SIGNED = {
    "receiveStripeEvent", "showUnsubscribePage", "unsubscribe", "getPublicShare", "getSharedCaptions", "getOembed",
}  # fmt: skip
"""Public operations of which each request is signed, by its sender or as a link of ours, or has a link's whole token:
reviewed."""
SENT_BY_OTHERS = {"finishProviderSignIn"}
"""Operations whose query a provider writes: unknown parameters are to be ignored (RFC 6749, 4.1.2)."""
OF_CLIENTS = {"giveTokens", "revokeToken", "introspectToken"}
"""Public operations whose form authenticates an OAuth client: reviewed."""
PERMISSIONS_PAGE = Path(api.__file__).parents[1] / "docs" / "permissions.md"
BEFORE_SIGN_IN = {
    "register", "verifyEmail", "login", "refreshSession", "askForPasswordReset", "resetPassword",
    "answerChallenge", "beginPasskeySignIn", "signInWithPasskey",
    "listProviders", "startProviderSignIn", "prepareProviderSignIn", "finishProviderSignIn", "signInByCode",
}  # fmt: skip
"""Operations that anybody may call, as nobody is signed in before them: reviewed."""


def test_the_document_is_valid_openapi_3_1() -> None:
    document = msgspec.json.decode(encode_document(make_document(OPERATIONS)))
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_the_checked_in_document_is_current() -> None:
    now = encode_document(make_document(OPERATIONS))
    assert CHECKED_IN.read_bytes() == now, "run: python -m api.openapi > api/openapi.json"


def test_names_are_unique() -> None:
    names = [operation.name for operation in OPERATIONS]
    assert len(names) == len(set(names))


def test_a_reading_operation_needs_no_permission_to_write() -> None:
    for operation in OPERATIONS:
        if operation.path.startswith("/v1/") and operation.method == "GET":
            assert not operation.permission.endswith(":write"), operation.name
        if operation.path.startswith("/v1/") and operation.method != "GET":
            assert not operation.permission.endswith(":read"), operation.name


def test_every_operation_under_v1_declares_a_permission() -> None:
    for operation in OPERATIONS:
        assert operation.permission in (*PERMISSIONS, "authenticated", "public"), operation.name
        if operation.permission == "public" and operation.path.startswith("/v1/"):
            assert operation.name in BEFORE_SIGN_IN | SIGNED | OF_CLIENTS, operation.name


def test_the_reviewed_page_of_permissions_is_current() -> None:
    wanted = permissions_page(OPERATIONS)
    assert PERMISSIONS_PAGE.read_text() == wanted, "run: python -m api.openapi.permissions_page > docs/permissions.md"


def test_every_named_problem_exists() -> None:
    for operation in OPERATIONS:
        assert set(problem_codes(operation)) <= set(CATALOGUE)
        assert set(operation.problems) <= set(CATALOGUE)


def test_every_request_refuses_fields_it_does_not_know() -> None:
    for operation in OPERATIONS:
        for struct in (operation.request, operation.query):
            strict = struct is None or struct.__struct_config__.forbid_unknown_fields
            assert strict is (operation.name not in SENT_BY_OTHERS or struct is not operation.query), operation.name


def test_every_tag_has_a_description() -> None:
    document = make_document(OPERATIONS)
    assert {operation.tag for operation in OPERATIONS} == {tag["name"] for tag in document["tags"]}


def test_every_time_field_has_the_date_time_format() -> None:
    schemas = make_document(OPERATIONS)["components"]["schemas"]
    fields = [(name, field) for name, one in schemas.items() for field in one.get("properties", {}).items()]
    moments = [(name, field) for name, (field, shape) in fields if field.endswith("_at") and "string" in str(shape)]
    dated = {(name, field) for name, (field, shape) in fields if "date-time" in str(shape)}
    assert len(moments) > 30
    assert set(moments) <= dated
    assert not {(name, field) for name, field in dated if field in ("title", "detail", "text", "project_id", "key_id")}
