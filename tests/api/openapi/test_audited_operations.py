"""Every operation of the document that writes has an entry in the audit log, or says why it has none by itself."""

from __future__ import annotations

import pytest

from api.http.operations import AUDITED, Operation
from api.openapi.document import make_document
from api.routes import OPERATIONS

BY_ID = {operation.name: operation for operation in OPERATIONS}
UNAUDITED = {
    "answerChallenge", "appendTusUpload", "askForPasswordReset", "beginPasskeySignIn", "giveTokens", "introspectToken",
    "linkIdentity", "login", "prepareProviderSignIn", "receiveStripeEvent", "refreshSession", "register",
    "resetPassword", "revokeToken", "signInByCode", "signInWithPasskey", "unsubscribe", "verifyEmail", "withdrawGrant",
}  # fmt: skip
"""Writes without an entry of their own: reviewed."""


def writes() -> list[Operation]:
    """Operations of the document whose methods write."""
    return [
        BY_ID[item["operationId"]]
        for methods in make_document(OPERATIONS)["paths"].values()
        for method, item in methods.items()
        if method.upper() in AUDITED
    ]


def test_the_document_has_every_operation_that_writes() -> None:
    assert {operation.name for operation in writes()} == {one.name for one in OPERATIONS if one.method in AUDITED}


@pytest.mark.parametrize("operation", writes(), ids=lambda operation: operation.name)
def test_a_write_is_audited_or_says_why_not(operation: Operation) -> None:
    """What anybody may call has no caller: the dispatcher can append nothing for it."""
    if operation.permission == "public":
        assert operation.unaudited, f"{operation.name}: say which event its service appends, or why none is needed"
    assert (operation.name in UNAUDITED) == bool(operation.unaudited)
    if operation.unaudited:
        assert len(operation.unaudited.split()) >= 5, "a reason is a sentence"
