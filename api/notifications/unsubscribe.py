"""Turn mails off by the signed link of a mail, without a sign-in (RFC 8058)."""

from __future__ import annotations

import html
from typing import Annotated

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem
from core.infra.postgres.connection import person_transaction
from core.services.notifications.stop_links import PATH, StopLink, read_token
from core.storage.notifications import recipients
from schemas.notifications import KINDS, TABLE, effective

_PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
}


class StopQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The token of the link."""

    token: Annotated[str, Meta(min_length=1, max_length=300, examples=["Ja3GrJmFCCndYWOInMJQHw"])]
    """Signed; it names a person, an organisation and a kind, and is good for nothing else."""


async def show_stop_page(call: Call[None, StopQuery]) -> Reply:
    """Show a page with a button that turns the mails off. Opening it changes nothing."""
    link = _link(call)
    form = f'<form method="post" action="?token={html.escape(call.query.token)}"><button>Turn them off</button></form>'
    return _page("Turn these mails off?", f"<p>You will get no more mails of this kind: {_name(link)}.</p>{form}")


async def stop_mails(call: Call[None, StopQuery]) -> Reply:
    """Turn the mails of a link's kind off, for its person and organisation; a repeat changes nothing."""
    link = _link(call)
    async with person_transaction(call.context.pool, link.user_id, link.org_id) as rows:
        kinds = [link.kind]
        if link.kind == "daily":
            chosen = {choice.kind: choice for choice in await recipients.list_choices(rows, link.user_id, link.org_id)}
            kinds = [
                row.name
                for row in TABLE
                if row.daily
                and effective(row, chosen[row.name].mail if row.name in chosen else None, None).mail == "daily"
            ]
        for kind in kinds:
            await recipients.write_choice(rows, link.user_id, link.org_id, kind, mail="off")
    return _page("These mails are off", f"<p>You get no more mails of this kind: {_name(link)}.</p>")


def _link(call: Call[None, StopQuery]) -> StopLink:
    link = read_token(call.context.ring, call.query.token)
    if link is None or (link.kind in KINDS and KINDS[link.kind].security):
        call.context.refusals.require(call.address)
        raise ApiProblem("not-found", "This link is not one of ours, or is not whole.")
    return link


def _name(link: StopLink) -> str:
    return html.escape(KINDS[link.kind].title if link.kind in KINDS else "The daily mail")


def _page(title: str, body: str) -> Reply:
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title></head>"
        '<body style="max-width:560px;margin:48px auto;padding:0 16px;font:16px/1.5 system-ui,sans-serif">'
        f"<h1>{title}</h1>{body}<p>All other notifications stay as they are.</p></body></html>"
    )
    return Reply(body=page.encode(), media_type="text/html; charset=utf-8", headers=_PAGE_HEADERS)


OPERATIONS = (
    Operation(
        method="GET",
        path=PATH,
        name="showUnsubscribePage",
        tag="people",
        permission="public",
        summary="Show the page that turns mails off",
        handler=show_stop_page,
        query=StopQuery,
        media_types=("text/html",),
        problems=("not-found", "rate-limited"),
    ),
    Operation(
        method="POST",
        path=PATH,
        name="unsubscribe",
        unaudited="a person turns off mails to themselves, by a link instead of a sign-in",
        tag="people",
        permission="public",
        transactional=False,
        summary="Turn mails of one kind off by a link",
        handler=stop_mails,
        query=StopQuery,
        media_types=("text/html",),
        problems=("not-found", "rate-limited"),
    ),
)
