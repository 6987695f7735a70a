"""The identities at providers that sign a person in: list, link, unlink."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import msgspec
from starlette.responses import Response

from api.http.operations import Call, Operation, Reply
from api.identity.profile import require_fresh_session
from api.identity.providers.flow_pages import ProviderPage, ReturnPage, page_answer, read_binding
from api.identity.requests import admit, visitor_of
from core.domain.identity.actors import NOBODY
from core.services.identity.providers import linked_identities as service
from core.services.identity.providers.sign_in_flows import begin_flow
from core.storage.identity import linked_identities


class LinkedIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """An identity at a provider that signs the person in."""

    identity_id: UUID
    provider: str
    """Name of the provider in paths, when the identity was linked."""
    issuer: str
    """Address that the provider signs as."""
    email: str
    """Mail address as the provider named it when the identity was linked; empty: none."""
    linked_at: dt.datetime
    """When it was linked."""
    last_used_at: dt.datetime | None
    """Its last sign-in."""


class LinkedIdentityList(msgspec.Struct, frozen=True, kw_only=True):
    """The linked identities of a person, oldest first."""

    items: list[LinkedIdentity]


class LinkIdentity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider whose identity is to sign the person in."""

    provider: str
    """Name of the provider, as `GET /v1/auth/providers` lists it."""
    return_to: ReturnPage | None = None
    """Page that the browser is led back to, as at a sign-in."""


async def list_linked(call: Call[None, None]) -> Reply:
    """List the identities at providers that sign you in."""
    async with call.rows() as rows:
        listed = await linked_identities.list_identities(rows, call.user_id)
    return Reply(body=LinkedIdentityList(items=[_linked_identity(record) for record in listed]))


def _linked_identity(record: linked_identities.IdentityRecord) -> LinkedIdentity:
    return LinkedIdentity(**{name: getattr(record, name) for name in LinkedIdentity.__struct_fields__})


async def link(call: Call[LinkIdentity, None]) -> Response:
    """Begin to link an identity: go to the page of the answer, in this browser; you come back by yourself.

    The sign-in must be of the last 30 minutes. The change is mailed.
    """
    admit(call)
    await require_fresh_session(call)
    org_id = call.org_id if call.org_id != NOBODY else None
    flow = await begin_flow(
        call.context.identity,
        call.body.provider,
        binding=read_binding(call.context, call.request),
        return_to=call.body.return_to,
        linker=(call.user_id, call.caller.session_id, org_id),
    )
    return page_answer(call.context, flow)


async def unlink(call: Call[None, None]) -> Reply:
    """Unlink an identity, within 30 minutes of a sign-in; all other sessions end.

    The last way to sign in stays. The change is mailed.
    """
    await require_fresh_session(call)
    identity_id, session_id = call.ids["identity_id"], call.caller.session_id
    await service.unlink_identity(call.context.identity, call.user_id, identity_id, session_id, visitor_of(call))
    return Reply(status=204)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/account/identities",
        name="listIdentities",
        tag="people",
        permission="authenticated",
        of_person=True,
        summary="List the identities at providers that sign you in",
        handler=list_linked,
        response=LinkedIdentityList,
    ),
    Operation(
        method="POST",
        path="/v1/account/identities",
        name="linkIdentity",
        tag="people",
        permission="authenticated",
        of_person=True,
        unaudited="the entry is written when the identity is linked",
        summary="Begin to link an identity",
        handler=link,
        request=LinkIdentity,
        response=ProviderPage,
        problems=("sign-in-again", "not-found", "provider-failed"),
    ),
    Operation(
        method="DELETE",
        path="/v1/account/identities/{identity_id}",
        name="unlinkIdentity",
        tag="people",
        permission="authenticated",
        of_person=True,
        transactional=False,
        status=204,
        summary="Unlink an identity",
        handler=unlink,
        problems=("sign-in-again", "not-found", "last-way-in"),
    ),
)
