"""Sign-in by a one-time code, which the operator of the installation makes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api.http.operations import Call, Operation, Reply
from api.identity.registration import PUBLIC_PROBLEMS
from api.identity.requests import SignedIn, admit, challenge_answer, tokens_answer, visitor_of
from core.services.identity import one_time_codes, second_factors


class OneTimeCode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A one-time code."""

    code: Annotated[str, Meta(min_length=1, max_length=200, examples=["cln_Hq8tVb3y1Zl0cW6kPz9sUe4RmA7gXfD2jN5oTiQxK"])]
    """What `clipstream sign-in-link` printed behind `#code=`."""
    cookies: bool = False
    """Whether the session lives in cookies, for browsers: the answer shows no token then."""


async def sign_in_by_code(call: Call[OneTimeCode, None]) -> Reply | Response:
    """Sign in by a one-time code of the installation's operator.

    It counts once, and for minutes. Off unless the operator turned it on, as the one-machine stack does. Codes that do
    not count are counted by address: after fifty within 15 minutes the address is locked for 15 minutes.
    """
    admit(call)
    body = call.body
    if body.cookies:
        await call.context.origins.check_write(call.request, None)
    visitor = visitor_of(call, cookies=body.cookies)
    outcome = await one_time_codes.sign_in_by_code(call.context.identity, body.code, visitor)
    if isinstance(outcome, second_factors.Challenge):
        return challenge_answer(outcome)
    return tokens_answer(call, outcome, cookies=body.cookies)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/auth/one-time-code",
        name="signInByCode",
        unaudited="its service appends `sign-in`, `sign-in.failed` and `sign-in.code-used-again` to the organisations",
        tag="auth",
        permission="public",
        transactional=False,
        summary="Sign in by a one-time code of the installation's operator",
        handler=sign_in_by_code,
        request=OneTimeCode,
        response=SignedIn,
        problems=(*PUBLIC_PROBLEMS, "code-invalid", "forbidden", "sign-in-locked", "cross-site"),
    ),
)
