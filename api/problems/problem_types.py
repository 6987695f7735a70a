"""Catalogue of problems: code, status and title of every error that the API answers with."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class ProblemType(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of problem; ``remedy`` says what the caller does next."""

    status: int
    title: str
    remedy: str


CATALOGUE: Mapping[str, ProblemType] = {
    "malformed-request": ProblemType(
        status=400,
        title="The request cannot be read",
        remedy="Send well-formed JSON in UTF-8, as the documentation shows.",
    ),
    "cursor-invalid": ProblemType(
        status=400,
        title="The cursor is not one of ours",
        remedy="Pass next_cursor exactly as it was given, with the same filters, or start without one.",
    ),
    "idempotency-key-invalid": ProblemType(
        status=400,
        title="The Idempotency-Key is not usable",
        remedy="Send 1 to 255 printable ASCII characters; a UUID is a good choice.",
    ),
    "version-unknown": ProblemType(
        status=400,
        title="The API has no such version",
        remedy="Send a Clipstream-Version that the detail lists, or none.",
    ),
    "signature-invalid": ProblemType(
        status=400,
        title="The event is not signed as it must be",
        remedy="Set the endpoint's signing secret as CLIPSTREAM_STRIPE_WEBHOOK_SECRET, and keep the clock right.",
    ),
    "unauthenticated": ProblemType(
        status=401,
        title="The API key or the session is missing or not valid",
        remedy="Send `Authorization: Bearer …` with a key that is not revoked, or sign in again.",
    ),
    "wrong-credentials": ProblemType(
        status=401,
        title="The address, the password or the code is wrong",
        remedy="Try again, or set a new password by mail.",
    ),
    "quota-exceeded": ProblemType(
        status=402,
        title="The plan is used up",
        remedy=(
            "Wait for the next month, free storage or a seat, or take a larger plan; GET /v1/limits shows what is left."
        ),
    ),
    "forbidden": ProblemType(
        status=403,
        title="The caller may not do this",
        remedy="Use a key with the scope that the operation names, or ask an owner for another role.",
    ),
    "email-not-verified": ProblemType(
        status=403, title="The address is not confirmed yet", remedy="Use the code of the mail, then sign in again."
    ),
    "sign-in-again": ProblemType(
        status=403, title="The sign-in is too long ago for this", remedy="Sign in again, and repeat the request."
    ),
    "role-refused": ProblemType(
        status=403,
        title="The caller may not give or take this role",
        remedy="Ask an owner: no caller gives a role with permissions that it lacks.",
    ),
    "cross-site": ProblemType(
        status=403,
        title="The request may come from a foreign page",
        remedy="Send the header `Clipstream-Client` from a page that the organisation lists, or use a token.",
    ),
    "code-invalid": ProblemType(
        status=400, title="The code does not count", remedy="Ask for a new one, and use it once, in time."
    ),
    "account-exists": ProblemType(
        status=409, title="The address has an account", remedy="Sign in, and accept the invitation."
    ),
    "already-member": ProblemType(
        status=409, title="They belong to the organisation already", remedy="Change the role of the member instead."
    ),
    "last-owner": ProblemType(
        status=409,
        title="An organisation keeps an owner",
        remedy="Make somebody else an owner first, or erase the organisation.",
    ),
    "erasure-requested": ProblemType(
        status=409,
        title="The erasure was asked for already",
        remedy="Read it with GET /v1/organisation/erasure; DELETE cancels it before its grace ends.",
    ),
    "erasure-running": ProblemType(
        status=409, title="The erasure cannot be cancelled any more", remedy="Its grace is over: it runs to its end."
    ),
    "archive-at-work": ProblemType(
        status=409,
        title="An archive is being made",
        remedy="Wait for its end; GET /v1/organisation/archives says how far it is.",
    ),
    "second-factor-exists": ProblemType(
        status=409, title="There is a second factor already", remedy="Disable it first, then enrol the new one."
    ),
    "sign-in-refused": ProblemType(
        status=403,
        title="The provider's sign-in does not count",
        remedy="Begin the sign-in again, in the same browser, and end it within ten minutes.",
    ),
    "provider-failed": ProblemType(
        status=502,
        title="The provider is away, or its answer does not count",
        remedy="Try again later, or sign in another way; an operator finds the reason in the log `identity`.",
    ),
    "identity-linked": ProblemType(
        status=409,
        title="The identity belongs to another account",
        remedy="Sign in with it, and unlink it there first.",
    ),
    "last-way-in": ProblemType(
        status=409,
        title="An account keeps a way to sign in",
        remedy="Set a password by `POST /v1/auth/password-reset`, or link another identity first.",
    ),
    "sign-in-locked": ProblemType(
        status=429,
        title="There were too many failed sign-ins",
        remedy="Wait for the seconds in Retry-After, or set a new password by mail.",
    ),
    "not-found": ProblemType(
        status=404,
        title="There is no such thing",
        remedy="Check the path and the id; ids of other organisations are not found either.",
    ),
    "share-ended": ProblemType(
        status=404,
        title="The share link has ended",
        remedy="Ask who gave you the link for a new one.",
    ),
    "not-ready": ProblemType(
        status=404,
        title="It is not there yet",
        remedy="Follow the project's events, or ask again after the seconds in Retry-After.",
    ),
    "method-not-allowed": ProblemType(
        status=405, title="The path does not take this method", remedy="Use a method of the Allow header."
    ),
    "not-acceptable": ProblemType(
        status=406, title="The answer has no such format", remedy="Ask for one of the formats that the operation lists."
    ),
    "slow-headers": ProblemType(
        status=408, title="The headers came too slowly", remedy="Send the whole head of a request within ten seconds."
    ),
    "slow-body": ProblemType(
        status=408,
        title="The body came too slowly",
        remedy="Send the whole body at once; files go to object storage, not here.",
    ),
    "idempotency-in-progress": ProblemType(
        status=409,
        title="The first request with this Idempotency-Key still runs",
        remedy="Repeat the same request after the seconds in Retry-After.",
    ),
    "upload-not-complete": ProblemType(
        status=409,
        title="The upload is not complete",
        remedy="PUT the file (or all parts, then complete the upload) before using it.",
    ),
    "upload-closed": ProblemType(
        status=409, title="The upload has ended", remedy="Sign a new upload; an ended one takes no more parts."
    ),
    "offset-mismatch": ProblemType(
        status=409,
        title="The upload is at another offset",
        remedy="Ask for its offset with HEAD, and go on from there.",
    ),
    "payments-off": ProblemType(
        status=409,
        title="This installation takes no payments",
        remedy="Ask who operates the installation for another plan.",
    ),
    "payments-refused": ProblemType(
        status=409,
        title="The payment service refuses the request",
        remedy="Ask who operates the installation: its keys and prices must be those of its Stripe account.",
    ),
    "subscription-exists": ProblemType(
        status=409,
        title="There is a subscription already",
        remedy="POST /v1/billing/portal gives the page on which it is changed or ended.",
    ),
    "no-subscription": ProblemType(
        status=409,
        title="Nothing was bought yet",
        remedy="POST /v1/billing/checkout gives the page on which a plan is bought.",
    ),
    "not-replayable": ProblemType(
        status=409,
        title="It cannot be replayed",
        remedy="Read the detail: a delivery must have ended; bytes that cannot be decoded stay dead.",
    ),
    "endpoint-not-enabled": ProblemType(
        status=409,
        title="The endpoint takes no messages",
        remedy="Enable it first: POST /v1/webhooks/endpoints/{endpoint_id}/enable.",
    ),
    "export-not-done": ProblemType(
        status=409, title="The export has no file yet", remedy="Wait until it is done, or ask for another one."
    ),
    "export-ended": ProblemType(
        status=409,
        title="The export has ended",
        remedy="There is nothing left to cancel: a file that is done stays until its project is erased.",
    ),
    "limit-reached": ProblemType(
        status=409,
        title="There are as many as there may be",
        remedy="Delete one that is not needed, or wait for one that is being made, as the detail says.",
    ),
    "key-ended": ProblemType(
        status=409, title="The API key is in no more use", remedy="Make a new key with `POST /v1/keys`."
    ),
    "share-revoked": ProblemType(
        status=409, title="The share link was revoked", remedy="Make a new link with `POST /v1/shares`."
    ),
    "service-account-disabled": ProblemType(
        status=409,
        title="The service account is disabled",
        remedy="Make a new service account, and keys for it.",
    ),
    "client-without-secret": ProblemType(
        status=409,
        title="The OAuth client has no secret",
        remedy="A public client proves itself by PKCE alone. Register a confidential one where a secret can be kept.",
    ),
    "project-not-ready": ProblemType(
        status=409,
        title="The project is not understood yet",
        remedy="Follow the project's events; ask again once its stage `detect` has ended.",
    ),
    "clip-impossible": ProblemType(
        status=409,
        title="No clip can be made of the project",
        remedy="Read its detail: a source with pictures that could be read is needed.",
    ),
    "clip-exists": ProblemType(
        status=409,
        title="This range is a clip already",
        remedy="Use the clip that `Location` names: ask for its files there.",
    ),
    "preview-failed": ProblemType(
        status=409,
        title="The picture could not be made",
        remedy="Read its detail; asking once more tries again.",
    ),
    "project-erased": ProblemType(
        status=410, title="The project was erased", remedy="Nothing of it is left; only its id is kept."
    ),
    "upload-gone": ProblemType(status=410, title="The upload was ended, or has expired", remedy="Begin a new upload."),
    "project-ended": ProblemType(
        status=409, title="The project has ended", remedy="Nothing of it runs: DELETE removes what it has made."
    ),
    "nothing-to-retry": ProblemType(
        status=409,
        title="Nothing failed that could be taken up again",
        remedy="Read the project: only what failed is made again, for as long as its attempts are kept.",
    ),
    "tus-version": ProblemType(
        status=412,
        title="The version of tus is not spoken here",
        remedy="Send `Tus-Resumable` with one of the versions of `Tus-Version`.",
    ),
    "project-changed": ProblemType(
        status=412,
        title="Somebody changed the project's title or metadata meanwhile",
        remedy="Read it again, and send the change with the ETag it has now.",
    ),
    "clip-changed": ProblemType(
        status=412,
        title="Somebody changed the clip's title or metadata meanwhile",
        remedy="Read it again, and send the change with the ETag it has now.",
    ),
    "export-changed": ProblemType(
        status=412,
        title="Somebody changed the export's title or metadata meanwhile",
        remedy="Read it again, and send the change with the ETag it has now.",
    ),
    "transcript-changed": ProblemType(
        status=412,
        title="Somebody corrected the transcript meanwhile",
        remedy="Read it again, and send the edits with the version it has now.",
    ),
    "edit-changed": ProblemType(
        status=412,
        title="Somebody edited the clip meanwhile",
        remedy="Read its edit again, and send the operations with the ETag it has now.",
    ),
    "brand-kit-changed": ProblemType(
        status=412,
        title="Somebody changed the brand kit meanwhile",
        remedy="Read it again, and send the change with the ETag it has now.",
    ),
    "changed-meanwhile": ProblemType(
        status=412,
        title="Somebody changed it meanwhile",
        remedy="Read it again, and send the change with the ETag it has now, or without If-Match.",
    ),
    "preset-changed": ProblemType(
        status=412,
        title="Somebody changed the preset meanwhile",
        remedy="Read it again, and send the change with the ETag it has now.",
    ),
    "preset-name-taken": ProblemType(
        status=409, title="Another preset has the name", remedy="Choose another name, or change that preset."
    ),
    "body-too-large": ProblemType(
        status=413,
        title="The body is too large",
        remedy="Send less; files go to object storage through POST /v1/uploads/sign, or by tus.",
    ),
    "unsupported-media-type": ProblemType(
        status=415, title="The body is not JSON", remedy="Send `Content-Type: application/json`."
    ),
    "invalid": ProblemType(status=422, title="A field is wrong", remedy="Correct the fields that `errors` points at."),
    "asset-not-checked": ProblemType(
        status=409,
        title="The file is still being checked",
        remedy="Ask for the asset until its state is `checked`, then use it.",
    ),
    "bad-image": ProblemType(
        status=422, title="The file cannot be used as a picture", remedy="Upload a still PNG, JPEG or WebP picture."
    ),
    "bad-font": ProblemType(
        status=422,
        title="The file cannot be used as a font",
        remedy="Upload one TrueType, OpenType, WOFF or WOFF2 font that may be embedded.",
    ),
    "bad-video": ProblemType(
        status=422, title="The file cannot be used as a clip", remedy="Upload a whole video of half a second to 20 s."
    ),
    "bad-music": ProblemType(
        status=422, title="The file cannot be used as music", remedy="Upload a sound file of 2 s to 10 minutes."
    ),
    "idempotency-mismatch": ProblemType(
        status=422, title="The Idempotency-Key was used for another request", remedy="Use a new key for a new request."
    ),
    "url-refused": ProblemType(
        status=422, title="The URL may not be used", remedy="Use an http or https URL of a public address."
    ),
    "upload-mismatch": ProblemType(
        status=422,
        title="The stored file is not what was announced",
        remedy="Sign a new upload with the right size, and send all of it.",
    ),
    "upload-locked": ProblemType(
        status=423,
        title="Another request writes to the upload",
        remedy="Try again after the seconds in Retry-After; ask for the offset first.",
    ),
    "precondition-required": ProblemType(
        status=428,
        title="The request must say which version it is of",
        remedy="Send `If-Match` with the ETag of what was read.",
    ),
    "concurrency-limited": ProblemType(
        status=429,
        title="Too much is at work at once",
        remedy="Ask again when some of it has ended; the header Clipstream-Limit names the limit.",
    ),
    "rate-limited": ProblemType(status=429, title="Too many requests", remedy="Wait for the seconds in Retry-After."),
    "checksum-mismatch": ProblemType(
        status=460,
        title="The bytes do not have the checksum that was sent with them",
        remedy="Send the same bytes again from the same offset: none of them was kept.",
    ),
    "internal": ProblemType(
        status=500,
        title="Something went wrong on our side",
        remedy="Repeat with the same Idempotency-Key; if it stays, report the request id.",
    ),
    "unavailable": ProblemType(
        status=503,
        title="A part we depend on does not answer",
        remedy="Repeat after the seconds in Retry-After; nothing was half done.",
    ),
    "timeout": ProblemType(
        status=504,
        title="The request took too long",
        remedy="Repeat with the same Idempotency-Key; nothing was half done.",
    ),
}
