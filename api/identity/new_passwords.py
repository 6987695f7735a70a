"""New passwords: by a mailed code, or by the old one."""

from __future__ import annotations

import msgspec

from api.http.operations import Call, Operation, Reply
from api.identity.registration import PUBLIC_PROBLEMS
from api.identity.requests import Email, MailedCode, Password, admit, steady_time, visitor_of
from core.services.identity import people


class AskForReset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The address of an account."""

    email: Email
    """Mail address of the account."""


class ResetPassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mailed code and the new password."""

    code: MailedCode
    """Code of the mail, `clm_…`."""
    password: Password
    """At least 10 characters, and none of the first that are guessed."""


class ChangePassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The old and the new password."""

    current_password: Password
    """The old one."""
    password: Password
    """At least 10 characters, and none of the first that are guessed."""


async def ask_for_reset(call: Call[AskForReset, None]) -> Reply:
    """Have a code mailed that sets a new password.

    The answer is the same for an address without an account.
    """
    admit(call)
    async with steady_time():
        await people.ask_for_reset(call.context.identity, call.body.email, visitor_of(call))
    return Reply(status=204)


async def reset_password(call: Call[ResetPassword, None]) -> Reply:
    """Set a new password by a mailed code. Every session of the account ends, and a lock too."""
    admit(call)
    await people.reset_password(call.context.identity, call.body.code, call.body.password, visitor_of(call))
    return Reply(status=204)


async def change_password(call: Call[ChangePassword, None]) -> Reply:
    """Set a new password by the old one. Every other session of the account ends."""
    admit(call)
    session_id = call.caller.session_id
    assert session_id is not None
    await people.change_password(
        call.context.identity,
        call.user_id,
        session_id,
        current=call.body.current_password,
        password=call.body.password,
        visitor=visitor_of(call),
    )
    return Reply(status=204)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/auth/password-reset",
        name="askForPasswordReset",
        unaudited="its service appends `password.reset-asked` to the organisations of the person",
        tag="auth",
        permission="public",
        transactional=False,
        status=204,
        summary="Have a code for a new password mailed",
        handler=ask_for_reset,
        request=AskForReset,
        problems=PUBLIC_PROBLEMS,
    ),
    Operation(
        method="POST",
        path="/v1/auth/password-reset/confirm",
        name="resetPassword",
        unaudited="its service appends `password.changed` to the organisations of the person",
        tag="auth",
        permission="public",
        transactional=False,
        status=204,
        summary="Set a new password by a mailed code",
        handler=reset_password,
        request=ResetPassword,
        problems=(*PUBLIC_PROBLEMS, "code-invalid"),
    ),
    Operation(
        method="POST",
        path="/v1/account/password",
        name="changePassword",
        tag="people",
        permission="authenticated",
        of_person=True,
        status=204,
        summary="Set a new password by the old one",
        handler=change_password,
        request=ChangePassword,
        problems=("wrong-credentials", "sign-in-locked"),
    ),
)
