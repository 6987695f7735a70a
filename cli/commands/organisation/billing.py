"""``clipstream usage``, ``limits``, ``billing``, ``plans``: what was used, is left, and is paid."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from cli.api.client import JSON, Client
from cli.api.project_progress import duration_text
from cli.exit_codes import ExitCode
from cli.options.parser import add_command, add_group
from cli.output.terminal import Display, plain_table

BYTES_PER_GB = 10**9
MS_PER_MINUTE = 60_000
DEFAULT_PLAN = "default"


def add_billing(commands: Any, ask: Any) -> None:
    """Add the commands of usage and limits."""
    text = "show what was used, by day, project or kind"
    usage = add_command(
        commands,
        "usage",
        text,
        ask(show_usage),
        "clipstream usage",
        "clipstream usage --group project",
    )
    usage.add_argument("--group", choices=("day", "project", "kind"), default="day")
    usage.add_argument("--from", dest="since", metavar="DAY", help="first day, in UTC (30 days before the last)")
    usage.add_argument("--to", metavar="DAY", help="last day, in UTC (today)")
    text = "show the plan, and what is left of it"
    add_command(commands, "limits", text, ask(show_limits), "clipstream limits")
    text = "show the subscription, or give the page on which a plan is bought or changed"
    payments = add_command(
        commands,
        "billing",
        text,
        ask(show_billing),
        "clipstream billing",
        "clipstream billing --buy pro",
        "clipstream billing --portal",
    )
    page = payments.add_mutually_exclusive_group()
    page.add_argument("--buy", metavar="PLAN", help="the page on which this plan is bought")
    page.add_argument("--portal", action="store_true", help="the page with invoices, on which the plan is changed")


def add_plans(commands: Any, ask: Any) -> None:
    """Add the commands of plans."""
    text = "plans of the installation, and an operator's choice of one"
    inner = add_group(commands, "plans", text, "clipstream plans list")
    add_command(inner, "list", "list the plans", ask(list_plans), "clipstream plans list")
    text = "set the plan of an organisation, as an operator; its month begins now"
    example = "clipstream plans set 0b8e6c4e-7d57-4b52-8a55-6c1f3f0a9e21 pro"
    chosen = add_command(inner, "set", text, ask(set_plan), example)
    chosen.add_argument("organisation", metavar="ORG_ID", help="id of the organisation")
    chosen.add_argument("plan", metavar="PLAN", help=f"name of the plan; {DEFAULT_PLAN}: the installation's own choice")


def list_plans(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """The plans of the installation."""
    plans = client.get("/v1/plans")
    if not args.json:
        fields = ("source_minutes", "exports", "storage_gb", "seats")
        rows = [
            (plan["name"], plan["title"], *("no limit" if plan[name] is None else f"{plan[name]:,}" for name in fields))
            for plan in plans["items"]
        ]
        display.table(plain_table("", ("plan", "title", "minutes a month", "exports", "GB kept", "seats"), rows))
    return ExitCode.OK, plans


def set_plan(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Set the plan of an organisation."""
    plan = None if args.plan == DEFAULT_PLAN else args.plan
    limits = client.correct(f"/v1/admin/organisations/{args.organisation}/plan", {"plan": plan})
    if not args.json:
        display.say(f"The plan is {limits['plan']['title']}, its month ends on {limits['month_until'][:10]}.")
    return ExitCode.OK, limits


def show_usage(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """What was used."""
    usage = client.get("/v1/usage", group=args.group, to=args.to, **{"from": args.since})
    if not args.json:
        items = [*usage["items"], usage["total"]]
        rows = [
            (
                item["key"],
                duration_text(item["source_ms"]),
                str(item["exports"]),
                duration_text(item["export_ms"]),
                _gigabytes(item["stored_bytes"] - item["freed_bytes"]),
            )
            for item in items
        ]
        display.table(plain_table("", (args.group, "recordings", "exports", "their length", "GB kept"), rows))
    return ExitCode.OK, usage


def show_limits(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """The plan and what is left of it."""
    limits = client.get("/v1/limits")
    if not args.json:
        plan, used = limits["plan"], limits["used"]
        display.say(f"Plan {plan['title']}, its month ends on {limits['month_until'][:10]}.")
        amounts = (
            ("minutes of recordings", used["source_ms"] / MS_PER_MINUTE, plan["source_minutes"]),
            ("exports", used["exports"], plan["exports"]),
            ("GB kept", used["stored_bytes"] / BYTES_PER_GB, plan["storage_gb"]),
            ("projects at work", used["running_projects"], plan["running_projects"]),
            ("members and invitations", sum(limits["seats"].values()), plan["seats"]),
        )
        rows = [(name, _amount(so_far), "no limit" if most is None else f"{most:,}") for name, so_far, most in amounts]
        display.table(plain_table("", ("", "used", "of"), rows))
        if plan["retention_days"] is not None:
            display.say(f"Projects are kept for {plan['retention_days']} days after their end.")
        if plan["watermark"]:
            display.say("New files of clips bear a mark over the picture.")
        for excess in limits["exceeded"]:
            display.say(f"More than the plan has is in use. {excess['detail']}")
    return ExitCode.OK, limits


def show_billing(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """The subscription, or a link to a page of the payment service."""
    if args.buy or args.portal:
        page = (
            client.post("/v1/billing/checkout", {"plan": args.buy}) if args.buy else client.post("/v1/billing/portal")
        )
        if not args.json:
            display.say(page["url"])
        return ExitCode.OK, page
    billing = client.get("/v1/billing")
    if not args.json:
        display.say(f"Plan {billing['plan']}. Plans that can be bought: {', '.join(billing['plans']) or 'none'}.")
        if subscription := billing["subscription"]:
            until = f", its period ends on {subscription['period_until'][:10]}" if subscription["period_until"] else ""
            display.say(f"The subscription is {subscription['state']}{until}.")
            if subscription["grace_until"]:
                display.say(f"It is not paid for: the plan stays until {subscription['grace_until'][:10]}.")
    return ExitCode.OK, billing


def _amount(so_far: float) -> str:
    return f"{so_far:,.1f}" if isinstance(so_far, float) else f"{so_far:,}"


def _gigabytes(count: int) -> str:
    return f"{count / BYTES_PER_GB:.3f}"
