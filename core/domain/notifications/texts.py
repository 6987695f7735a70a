"""The words of notifications: a subject, a few sentences, and the page that shows more. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from schemas.common import Value
from schemas.notifications import NotificationKind

MAX_NAME_CHARACTERS = 100
MAX_DETAIL_CHARACTERS = 300
_LIMITS: Mapping[str, str] = {
    "source_minutes": "minutes of recordings",
    "exports": "exports",
    "storage_gb": "GB of storage",
}


class NotificationText(Value, frozen=True, kw_only=True):
    """What a person reads."""

    title: str
    """Subject of the mail, heading of the push."""
    sentences: tuple[str, ...]
    page: str = ""
    """Path below the web app that shows more; empty: none."""
    action: str = ""
    """Label of the link to it."""


class Facts(Value, frozen=True, kw_only=True):
    """What a text is made of, as it is now."""

    organisation: str = ""
    project_id: str = ""
    project: str = ""
    """Title of the project; empty: it has none."""
    reason: str = ""
    """Why it failed, or found nothing."""
    subject: str = ""
    """Name of the key, URL of the endpoint, or name of the person."""
    details: Mapping[str, str | int] = {}
    """Numbers and short words of the event."""


def text_of(kind: NotificationKind, facts: Facts) -> NotificationText:
    """The words of one notification. No value breaks a line."""
    return _WRITERS[kind](facts)


def _clips_ready(facts: Facts) -> NotificationText:
    count = int(facts.details.get("clips", 0))
    noun, verb = ("clip", "is") if count == 1 else ("clips", "are")
    return NotificationText(
        title=f"{count} {noun} of {_project(facts)} {verb} ready",
        sentences=(f"The project has ended, and {count} {noun} {verb} ready to watch, edit and export.",),
        page=_project_page(facts),
        action="Watch the clips",
    )


def _finished(facts: Facts) -> NotificationText:
    return NotificationText(
        title=f"No clip was found in {_project(facts)}",
        sentences=("The project has ended, and no part of it was worth a clip.", *_reason(facts)),
        page=_project_page(facts),
        action="Open the project",
    )


def _failed(facts: Facts) -> NotificationText:
    return NotificationText(
        title=f"{_capital(_project(facts))} has failed",
        sentences=(*_reason(facts), "What was done until then is kept, and the project can be retried."),
        page=_project_page(facts),
        action="Open the project",
    )


def _export_failed(facts: Facts) -> NotificationText:
    return NotificationText(
        title=f"An export of {_project(facts)} has failed",
        sentences=(*_reason(facts), "The other exports of the project are not affected."),
        page=_project_page(facts),
        action="Open the project",
    )


def _quota_near(facts: Facts) -> NotificationText:
    limit = _limit(facts)
    return NotificationText(
        title=f"{facts.details.get('percent', 80)} % of the {limit} of your plan are used",
        sentences=(f"{_amounts(facts)} are used. Beyond the limit no new work begins.", *_renewal(facts)),
        page="usage",
        action="See what was used",
    )


def _quota_reached(facts: Facts) -> NotificationText:
    return NotificationText(
        title=f"All {_limit(facts)} of your plan are used",
        sentences=(f"{_amounts(facts)} are used. New work is refused until there is room.", *_renewal(facts)),
        page="usage",
        action="See the plan",
    )


def _webhook_disabled(facts: Facts) -> NotificationText:
    why = (
        "Its recipient answered that it is gone (410)."
        if facts.details.get("reason") == "gone"
        else "It has taken no message for five days."
    )
    return NotificationText(
        title="A webhook endpoint was disabled",
        sentences=(
            f"{_line(facts.subject, MAX_DETAIL_CHARACTERS) or 'The endpoint'} gets no more messages.",
            why,
            "Once its recipient works, enable it again, and recover what it missed.",
        ),
        page="webhooks",
        action="Open the endpoints",
    )


def _joined(facts: Facts) -> NotificationText:
    name = _line(facts.subject) or "Somebody"
    role = f" as {facts.details['role']}" if "role" in facts.details else ""
    return NotificationText(
        title=f"{name} has joined {_line(facts.organisation)}",
        sentences=(f"{name} has accepted the invitation, and belongs to the organisation{role}.",),
        page="members",
        action="See the members",
    )


def _key_expiring(facts: Facts) -> NotificationText:
    ending = facts.details.get("last4", "")
    name = _line(facts.subject)
    key = f"The API key {name} (…{ending})" if name else f"The API key that ends in {ending}"
    return NotificationText(
        title=f"An API key will expire on {facts.details.get('day', '')}",
        sentences=(f"{key} will expire on {facts.details.get('day', '')}.", "Rotate it: both keys count for a while."),
        page="keys",
        action="Open the keys",
    )


def _payment_failed(facts: Facts) -> NotificationText:
    until = facts.details.get("grace_until")
    grace = f"The plan stays until {until}." if until else "The plan has ended."
    return NotificationText(
        title="A payment has failed",
        sentences=("The last payment for your plan did not go through.", grace, "Check how the plan is paid."),
        page="billing",
        action="Open the billing page",
    )


def _new_device(facts: Facts) -> NotificationText:
    program = _line(str(facts.details.get("user_agent", ""))) or "a program without a name"
    return NotificationText(
        title="Your account was used on a new device",
        sentences=(
            f"Somebody signed in to your account from {facts.details.get('address', 'an unknown address')}"
            f" at {facts.details.get('at', '')} UTC, with {program}.",
            "If it was you, there is nothing to do.",
            "If it was not you, set a new password at once: that ends every session.",
        ),
        page="account/sessions",
        action="See your sessions",
    )


_WRITERS: Mapping[NotificationKind, Callable[[Facts], NotificationText]] = {
    "clips.ready": _clips_ready,
    "project.finished": _finished,
    "project.failed": _failed,
    "export.failed": _export_failed,
    "quota.near": _quota_near,
    "quota.reached": _quota_reached,
    "webhook.disabled": _webhook_disabled,
    "invitation.accepted": _joined,
    "key.expiring": _key_expiring,
    "payment.failed": _payment_failed,
    "sign-in.new-device": _new_device,
}


def _line(value: str, limit: int = MAX_NAME_CHARACTERS) -> str:
    """A value on one line: what others chose must begin neither headers nor paragraphs."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in value).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _project(facts: Facts) -> str:
    title = _line(facts.project)
    return f"“{title}”" if title else "a project without a title"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _project_page(facts: Facts) -> str:
    return f"projects/{quote(facts.project_id, safe='-')}" if facts.project_id else ""


def _reason(facts: Facts) -> tuple[str, ...]:
    reason = _line(facts.reason, MAX_DETAIL_CHARACTERS)
    return (reason,) if reason else ()


def _limit(facts: Facts) -> str:
    return _LIMITS.get(str(facts.details.get("limit")), "units")


def _amounts(facts: Facts) -> str:
    return f"{facts.details.get('used', 0):,} of {facts.details.get('bound', 0):,} {_limit(facts)}"


def _renewal(facts: Facts) -> tuple[str, ...]:
    until = facts.details.get("until")
    return (f"They count from zero again on {until}.",) if until else ("Erase projects to free some.",)
