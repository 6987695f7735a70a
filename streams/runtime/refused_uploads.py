"""Refused upload messages for their producers: an event on ``uploads.refused.v1`` and a row.

All producers read that topic: it holds ids and our sentences, and no text of a message. A row has the exact error,
where the signature proves that its organisation sent the message. Of a flood a few are listed, the rest is counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

from core.infra.kafka.message import Message, printable
from core.infra.postgres.connection import Connection, set_org
from core.infra.postgres.outbox import Cause, put
from core.services.upload_signatures import Sender
from core.storage.uploads import count_refusal, insert_refusal, lock_last_refusal
from schemas import events
from schemas.ids import NAMESPACE, result_id

MAX_LISTED_PER_MINUTE = 60
"""Refusals listed of one sender: more than a person reads, and too few to fill table or topic with garbage."""
MAX_DETAIL_CHARACTERS = 500
SENTENCES: Mapping[str, str] = {
    "undecodable": "Headers or body are not an UploadReceived: compare them with its JSON Schema.",
    "bug": "Something went wrong on our side; it has been reported. Send the message again later.",
    "producer.unsigned": "A signature header is missing: send all four clipstream- headers.",
    "producer.unknown_key": "There is no valid producer key of this id: use a key that is not revoked.",
    "producer.bad_signature": "The signature does not fit key, time, id and body: sign these very bytes.",
    "producer.wrong_org": "Key, header and body do not name one organisation: use your own organisation's id in both.",
    "producer.bad_time": "The time of the signature has no zone, is too old, or lies ahead: sign when sending.",
    "upload.source": "Give exactly one of object_key, source_url and script_text.",
    "upload.prefix": "The object does not lie under the organisation's prefix: use the object_key of a signed upload.",
    "upload.options": "An option is out of its range: keep to the ranges of the options.",
    "upload.script": "A script needs letters, the language among its options, and no option that needs sound.",
    "upload.size": "Title, URL or object key is too long: shorten it.",
    "upload.text": "Title, URL, object key or metadata contains the character NUL: take it out.",
    "upload.metadata": "The metadata is larger or deeper than it may be: keep to its bounds.",
}
"""Advice by reason, for a topic that every producer reads."""
OTHER = "The message was refused: an operator sees why."
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


async def record(
    connection: Connection, message: Message, reason: str, detail: str, sender: Sender | None, cause: Cause
) -> bool:
    """Record a refused message; False where it is only counted, as one of too many.

    Leaves the transaction restricted to the sender's organisation.
    """
    org_id, signed = (sender.org_id, sender.signed) if sender else (None, False)
    if org_id is not None:
        await set_org(connection, org_id)
    before = await lock_last_refusal(connection, org_id, signed=signed, limit=MAX_LISTED_PER_MINUTE)
    if before and before.recent >= MAX_LISTED_PER_MINUTE:
        await count_refusal(connection, before.refusal_id)
        return False
    refused = events.UploadRefused(
        refusal_id=result_id(NAMESPACE, "refusal", f"{message.topic}/{message.partition}/{message.offset}"),
        partition=message.partition,
        offset=message.offset,
        reason=reason,
        detail=SENTENCES.get(reason, OTHER),
        key_id=sender.key_id if sender else None,
        signed=signed,
        message_key=_uuid(message.key),
        event_id=_uuid(message.headers.get("ce_id", "")),
        unlisted=before.unlisted if before else 0,
    )
    sentence = f"{refused.detail} ({printable(detail)[:MAX_DETAIL_CHARACTERS]})" if signed else refused.detail
    await insert_refusal(connection, org_id, refused, sentence)
    await put(connection, refused, cause, event_id=refused.refusal_id)
    return True


def _uuid(text: str) -> UUID | None:
    """An id of 36 characters; None for any other text, which a stranger may have chosen."""
    return UUID(text) if _UUID.fullmatch(text) else None
