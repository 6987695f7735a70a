"""Second factors: the challenge at sign-in, authenticator apps, recovery codes."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api.http.operations import Call, Operation, Reply
from api.identity.registration import PUBLIC_PROBLEMS
from api.identity.requests import MailedCode, Password, SignedIn, admit, tokens_answer, visitor_of
from api.problems.problem_details import FieldError
from core.services.identity import second_factors
from core.storage.identity import second_factors as factor_rows

TotpCode = Annotated[str, Meta(min_length=6, max_length=10)]


class AnswerChallenge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A challenge of `POST /v1/auth/login`, and one of the two codes."""

    challenge: MailedCode
    """The challenge, `clc_…`."""
    code: TotpCode | None = None
    """Six digits of the authenticator app."""
    recovery_code: Annotated[str, Meta(min_length=1, max_length=40)] | None = None
    """One of the recovery codes; it counts once."""
    cookies: bool = False
    """Whether the session lives in cookies, for browsers."""


class ConfirmPassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The password, once more: a stolen session alone changes no second factor."""

    password: Password
    """Password of the account."""


class ConfirmTotp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A first code of the authenticator app."""

    code: TotpCode
    """Six digits of the authenticator app."""


class TotpEnrolment(msgspec.Struct, frozen=True, kw_only=True):
    """The secret for an authenticator app, shown this once."""

    secret: str
    """Secret in base32, to be typed."""
    uri: str
    """The same as an `otpauth://` URI, for a QR code."""


class RecoveryCodes(msgspec.Struct, frozen=True, kw_only=True):
    """Recovery codes, shown this once; older ones count no longer."""

    recovery_codes: list[str]
    """Each signs in once, in place of the second factor."""


class FactorSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The second factors of an account."""

    totp: bool
    """Whether an authenticator app is enrolled."""
    passkeys: Annotated[int, Meta(ge=0)]
    """Number of passkeys."""
    recovery_codes_left: Annotated[int, Meta(ge=0)]
    """Number of recovery codes that were not used."""


def check_one_code(body: AnswerChallenge) -> list[FieldError]:
    """Exactly one of the two codes is there."""
    if (body.code is None) is (body.recovery_code is None):
        return [FieldError(pointer="/code", detail="Send either `code` or `recovery_code`.")]
    return []


async def answer_challenge(call: Call[AnswerChallenge, None]) -> Response:
    """Sign in by a code, behind the password. Wrong codes are counted with wrong passwords."""
    admit(call)
    body = call.body
    if body.cookies:
        await call.context.origins.check_write(call.request, None)
    tokens = await second_factors.answer_challenge(
        call.context.identity,
        body.challenge,
        code=body.code,
        recovery_code=body.recovery_code,
        visitor=visitor_of(call, cookies=body.cookies),
    )
    return tokens_answer(call, tokens, cookies=body.cookies)


async def get_factors(call: Call[None, None]) -> Reply:
    """Read which second factors your account has."""
    async with call.rows() as rows:
        totp = await factor_rows.read_totp(rows, call.user_id)
        passkeys = await factor_rows.list_passkeys(rows, call.user_id)
        codes_left = await factor_rows.count_recovery_codes(rows, call.user_id)
    enrolled = totp is not None and totp.confirmed_at is not None
    return Reply(body=FactorSummary(totp=enrolled, passkeys=len(passkeys), recovery_codes_left=codes_left))


async def enrol_totp(call: Call[ConfirmPassword, None]) -> Reply:
    """Begin to enrol an authenticator app; it counts once a first code is confirmed."""
    admit(call)
    secret, uri = await second_factors.enrol_totp(
        call.context.identity, call.user_id, call.body.password, visitor_of(call)
    )
    return Reply(body=TotpEnrolment(secret=secret, uri=uri))


async def confirm_totp(call: Call[ConfirmTotp, None]) -> Reply:
    """End the enrolment of an authenticator app; the answer shows the recovery codes, this once."""
    admit(call)
    codes = await second_factors.confirm_totp(call.context.identity, call.user_id, call.body.code, visitor_of(call))
    return Reply(body=RecoveryCodes(recovery_codes=codes))


async def disable_totp(call: Call[ConfirmPassword, None]) -> Reply:
    """Remove the authenticator app."""
    admit(call)
    await second_factors.disable_totp(call.context.identity, call.user_id, call.body.password, visitor_of(call))
    return Reply(status=204)


async def renew_recovery_codes(call: Call[ConfirmPassword, None]) -> Reply:
    """Get new recovery codes, shown this once; the old ones count no longer."""
    admit(call)
    codes = await second_factors.renew_recovery_codes(
        call.context.identity, call.user_id, call.body.password, visitor_of(call)
    )
    return Reply(body=RecoveryCodes(recovery_codes=codes))


def _person_operation(method: Any, path: str, name: str, summary: str, handler: Any, **more: Any) -> Operation:
    return Operation(
        method=method,
        path=path,
        name=name,
        tag="people",
        permission="authenticated",
        of_person=True,
        summary=summary,
        handler=handler,
        **more,
    )


_TRIES = ("wrong-credentials", "sign-in-locked")
OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/auth/login/verify",
        name="answerChallenge",
        unaudited="its service appends `sign-in` and `second-factor.failed` to the organisations of the person",
        tag="auth",
        permission="public",
        transactional=False,
        summary="Sign in by a second factor's code",
        handler=answer_challenge,
        request=AnswerChallenge,
        response=SignedIn,
        check=check_one_code,
        problems=(*PUBLIC_PROBLEMS, *_TRIES, "code-invalid", "cross-site"),
    ),
    _person_operation(
        "GET",
        "/v1/account/second-factors",
        "getSecondFactors",
        "Read which second factors your account has",
        get_factors,
        response=FactorSummary,
    ),
    _person_operation(
        "POST",
        "/v1/account/totp",
        "enrolTotp",
        "Begin to enrol an authenticator app",
        enrol_totp,
        request=ConfirmPassword,
        response=TotpEnrolment,
        problems=(*_TRIES, "second-factor-exists"),
    ),
    _person_operation(
        "POST",
        "/v1/account/totp/confirm",
        "confirmTotp",
        "End the enrolment by a first code",
        confirm_totp,
        request=ConfirmTotp,
        response=RecoveryCodes,
        problems=(*_TRIES, "second-factor-exists"),
    ),
    _person_operation(
        "POST",
        "/v1/account/totp/disable",
        "disableTotp",
        "Remove the authenticator app",
        disable_totp,
        request=ConfirmPassword,
        status=204,
        problems=(*_TRIES, "not-found"),
    ),
    _person_operation(
        "POST",
        "/v1/account/recovery-codes",
        "renewRecoveryCodes",
        "Get new recovery codes",
        renew_recovery_codes,
        request=ConfirmPassword,
        response=RecoveryCodes,
        problems=(*_TRIES, "not-found"),
    ),
)
