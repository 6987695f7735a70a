"""Sign and verify upload messages on Kafka: HMAC-SHA-256 over key id, org, time, event id and body.

The organisation of a message comes from its key id alone, never from its body. The relay signs the API's own messages
with an internal key.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from uuid import UUID

import msgspec

from core.domain.script_text.rules import broken_script
from core.errors import InputRejected
from core.infra.kafka.message import Message
from core.infra.key_ring import KeyRing, MissingSecretError
from core.infra.postgres.connection import Pool, Row, transaction
from schemas import codec, events
from schemas.metadata import MAX_TITLE_CHARACTERS, faults_of
from schemas.options.project import broken_rules
from schemas.validation.field_errors import with_nul

KEY, ORG, TIME, SIGNATURE = "clipstream-key", "clipstream-org", "clipstream-time", "clipstream-signature"
SIGNED_HEADERS = (KEY, ORG, TIME, SIGNATURE)
INTERNAL_KEY_ID = "internal"
"""Key id of the relay; followed by ``/`` and the id of the secret of the key ring that signed, where it has one."""
MAX_AGE = dt.timedelta(days=7)
"""Age up to which a signature counts: as long as the topic keeps messages."""
MAX_AHEAD = dt.timedelta(minutes=5)
"""How far a producer's clock may be ahead."""
MAX_URL_CHARACTERS, MAX_KEY_BYTES = 4000, 1024
_MAX_PATH_CHARACTERS = 200
"""Characters of a path into the metadata that an error names."""


def is_internal(key_id: str) -> bool:
    """Whether a key id is the relay's."""
    return key_id == INTERNAL_KEY_ID or key_id.startswith(f"{INTERNAL_KEY_ID}/")


def sign_as_relay(headers: Mapping[str, str], body: bytes, *, ring: KeyRing, org_id: UUID) -> dict[str, str]:
    """The headers of a message that the relay signs, with the newest secret's key."""
    secret_id = ring.newest_id
    key_id = f"{INTERNAL_KEY_ID}/{secret_id}" if secret_id else INTERNAL_KEY_ID
    secret = ring.derive("internal-producer", secret_id)
    return sign(headers, body, secret=secret, key_id=key_id, org_id=org_id)


def signature(secret: bytes, *, key_id: str, org_id: str, time: str, event_id: str, body: bytes) -> str:
    """Hex HMAC-SHA-256 of ``key_id.org_id.time.event_id.`` followed by the body."""
    text = f"{key_id}.{org_id}.{time}.{event_id}.".encode()
    return hmac.new(secret, text + body, hashlib.sha256).hexdigest()


def sign(headers: Mapping[str, str], body: bytes, *, secret: bytes, key_id: str, org_id: UUID) -> dict[str, str]:
    """The four headers of a signed message, computed from its CloudEvents headers and body."""
    time, event_id = headers["ce_time"], headers["ce_id"]
    computed = signature(secret, key_id=key_id, org_id=str(org_id), time=time, event_id=event_id, body=body)
    return {KEY: key_id, ORG: str(org_id), TIME: time, SIGNATURE: computed}


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Owner of the producer key that a message names.

    ``signed``: the signature holds, so the message is the owner's.
    """

    org_id: UUID
    key_id: str
    signed: bool


class Verifier:
    """Verifies the signature of an upload message, and that it stays within its organisation."""

    def __init__(self, *, pool: Pool, ring: KeyRing) -> None:
        """``pool`` is the worker's; ``ring`` opens producer secrets."""
        self._pool = pool
        self._ring = ring

    async def verify(self, message: Message, envelope: codec.Envelope, event: events.UploadReceived) -> None:
        """Raises InputRejected (``producer.*``) unless the message is a valid upload of its own organisation."""
        headers = message.headers
        absent = [name for name in (KEY, ORG, TIME, SIGNATURE) if not headers.get(name)]
        if absent:
            raise InputRejected("producer.unsigned", f"headers {', '.join(absent)} are missing: sign the message")
        org_id, secret = await self._key(headers[KEY], event)
        computed = signature(
            secret,
            key_id=headers[KEY],
            org_id=headers[ORG],
            time=headers[TIME],
            event_id=str(envelope.id),
            body=message.payload,
        )
        if not hmac.compare_digest(computed.encode(), headers[SIGNATURE].encode()):
            raise InputRejected("producer.bad_signature", "the signature does not match key, time, id and body")
        if headers[ORG] != str(org_id) or event.org_id != org_id:
            raise InputRejected("producer.wrong_org", "the key belongs to another organisation than the message names")
        if not is_internal(headers[KEY]):  # ours may have waited for long, or come from a clock that is ahead
            _check_time(headers[TIME], dt.datetime.now(dt.UTC))
        check_upload(event)

    async def sender(self, message: Message) -> Sender | None:
        """Find the owner of a message's producer key, also for a refused message; None without a key of ours."""
        headers = message.headers
        key_id = headers.get(KEY, "")
        if not key_id or is_internal(key_id) or (row := await self._producer(key_id)) is None:
            return None
        computed = signature(
            self._ring.open("secrets", row["secret_encrypted"]),
            key_id=key_id,
            org_id=headers.get(ORG, ""),
            time=headers.get(TIME, ""),
            event_id=headers.get("ce_id", ""),
            body=message.payload,
        )
        # A header that is missing counts as empty: the message may have been refused for just that.
        holds = hmac.compare_digest(computed.encode(), headers.get(SIGNATURE, "").encode())
        valid = row["revoked_at"] is None and headers.get(ORG) == str(row["org_id"])
        return Sender(org_id=row["org_id"], key_id=key_id, signed=holds and valid)

    async def _key(self, key_id: str, event: events.UploadReceived) -> tuple[UUID, bytes]:
        if is_internal(key_id):
            return event.org_id, self._internal_secret(key_id.partition("/")[2])
        row = await self._producer(key_id)
        if row is None or row["revoked_at"] is not None:
            raise InputRejected("producer.unknown_key", f"no valid producer key {key_id[:40]!r}")
        return row["org_id"], self._ring.open("secrets", row["secret_encrypted"])

    def _internal_secret(self, secret_id: str) -> bytes:
        try:
            return self._ring.derive("internal-producer", secret_id)
        except MissingSecretError as error:  # anyone can write such a header: the message must not hold up others
            raise InputRejected("producer.unknown_key", error.detail) from None

    async def _producer(self, key_id: str) -> Row | None:
        async with transaction(self._pool) as connection:
            await connection.execute("select set_config('app.key_id', $1, true)", key_id)
            return await connection.fetchrow(
                "select org_id, secret_encrypted, revoked_at from producer_keys where key_id = $1", key_id
            )


def check_upload(event: events.UploadReceived) -> None:
    """Raises InputRejected unless the upload names one source, and an object only under its own prefix.

    The reason is that of the first fault; the detail names all faults.
    """
    wrong = list(_wrong_with(event))
    if wrong:
        raise InputRejected(wrong[0][0], "; ".join(detail for _, detail in wrong))


def _wrong_with(event: events.UploadReceived) -> Iterator[tuple[str, str]]:
    """Reasons to refuse an upload, each with its detail."""
    key, url = event.object_key, event.source_url
    if sum(map(bool, (key, url, event.script_text))) != 1:
        yield "upload.source", "give exactly one of `object_key`, `source_url` and `script_text`"
    if event.page_rights is not None and not url:
        yield "upload.source", "`page_rights` goes with a `source_url`"
    if key and not key.startswith(f"{event.org_id}/"):
        yield "upload.prefix", f"`object_key` must lie under {event.org_id}/"
    if key and (".." in key.split("/") or "//" in key):
        yield "upload.prefix", "`object_key` must not contain empty or '..' parts"
    for name, rule in broken_rules(event.options).items():
        yield "upload.options", f"`options/{name}` must be {rule}"
    for name, rule in broken_script(event.script_text, event.options).items() if event.script_text else ():
        yield "upload.script", f"`{name}` must be {rule}"
    sizes = (("title", len(event.title), MAX_TITLE_CHARACTERS, "characters"),
             ("source_url", len(url or ""), MAX_URL_CHARACTERS, "characters"),
             ("object_key", len((key or "").encode()), MAX_KEY_BYTES, "bytes"))  # fmt: skip
    for name, size, most, unit in sizes:
        if size > most:
            yield "upload.size", f"`{name}` must have at most {most} {unit}, not {size}"
    for fault in faults_of(event.metadata):
        field_path = "/".join(("metadata", *map(str, fault.path)))[:_MAX_PATH_CHARACTERS]
        yield "upload.metadata", f"`{field_path}` must be {fault.rule}"
    for path in with_nul(msgspec.to_builtins(event)):
        yield "upload.text", f"`{'/'.join(map(str, path))}` must not contain the character NUL"


def _check_time(text: str, now: dt.datetime) -> None:
    try:
        sent_at = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InputRejected("producer.bad_time", f"header {TIME} is not an ISO 8601 time") from None
    if sent_at.tzinfo is None or not now - MAX_AGE <= sent_at <= now + MAX_AHEAD:
        raise InputRejected("producer.bad_time", f"header {TIME} must have a zone and lie within the last seven days")
