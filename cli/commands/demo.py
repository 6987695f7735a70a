"""``clipstream demo``: a run on the shipped lecture, then a webhook, a search and an analytics answer."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from cli.api.client import JSON, Client
from cli.api.credentials import Access
from cli.api.project_progress import count_text
from cli.commands.queries import show_hits
from cli.commands.run import RunOutcome, run_project
from cli.exit_codes import CliError, ExitCode
from cli.output.terminal import Display
from cli.output.webhook_receiver import Delivery, Inbox, Receiver

DEMO_VIDEO = Path(__file__).resolve().parents[2] / "demo" / "physicsworks_lecture.webm"
WEBHOOK_WAIT_S = 30.0
SINK_TRIES = 20
"""Requests to search and analytics, a second apart: both follow the events within seconds."""
EVENTS = ("project.completed", "project.failed", "export.completed", "export.failed")


def demo(
    client: Client,
    access: Access,
    args: Namespace,
    display: Display,
    now_s: Callable[[], float],
    clock_s: Callable[[], float],
) -> tuple[int, JSON]:
    """Run, then ask search and analytics, then show the webhook that came."""
    inbox = Inbox(now_s=now_s)
    try:
        receiver = Receiver(inbox, access.receiver_port)
    except OSError as error:
        line = f"The webhook receiver cannot listen on port {access.receiver_port}: {error.strerror or error}."
        raise CliError(ExitCode.STACK_UNAVAILABLE, line) from None
    with receiver:
        endpoint = client.post("/v1/webhooks/endpoints", {"url": receiver.url, "events": list(EVENTS)})
        inbox.secret = endpoint["secret"]
        try:
            outcome = run_project(client, args, display, clock_s)
            answers = _show_answers(client, outcome, inbox, display)
        finally:
            client.delete(f"/v1/webhooks/endpoints/{endpoint['endpoint_id']}")
    complete = all(value is not None for value in answers.values())
    code = outcome.code if outcome.code not in (ExitCode.OK, ExitCode.PARTIAL) or complete else ExitCode.DEMO_INCOMPLETE
    return code, outcome.report | {"demo": answers}


def _show_answers(client: Client, outcome: RunOutcome, inbox: Inbox, display: Display) -> JSON:
    project_id = str(outcome.report["project"]["project_id"])
    return {
        "search": show_search(client, outcome.transcript, project_id, display),
        "analytics": show_analytics(client, display),
        "webhook": show_webhook(inbox, project_id, display),
    }


def choose_search_word(transcript: JSON | None) -> str | None:
    """A long word that is said more than once, else the longest; None where nothing is said."""
    texts = [str(word["text"]).strip(" .,;:!?\"'“”’()").lower() for word in (transcript or {}).get("words", [])]
    counts = Counter(text for text in texts if text.isalpha() and len(text) >= 4)
    return max(counts, key=lambda text: (min(counts[text], 3), len(text), text), default=None)


def show_search(client: Client, transcript: JSON | None, project_id: str, display: Display) -> JSON | None:
    """A word of the transcript, found; an empty answer where nothing is said."""
    word = choose_search_word(transcript)
    if word is None:
        display.say("\nSearch: nothing is said, so there is nothing to find.")
        return {}
    display.say(f"\nSearch for “{word}” (clipstream search {word}):")
    for _ in range(SINK_TRIES):
        result = client.get("/v1/search", q=word, project_id=project_id, limit=3)
        if result["segments"]:
            show_hits(display, result)
            return result
        client.sleep(1.0)
    display.say("  no answer: see `clipstream logs`")
    return None


def show_analytics(client: Client, display: Display) -> JSON | None:
    """The last week in a few numbers."""
    display.say("\nAnalytics (GET /v1/analytics/summary):")
    for _ in range(SINK_TRIES):
        summary = client.get("/v1/analytics/summary")
        if summary["projects_completed"] + summary["projects_failed"]:
            completed = count_text(summary["projects_completed"], "project")
            display.say(
                f"  {completed} completed, {summary['projects_failed']} failed, "
                f"{summary['minutes_processed']:.1f} min of video, {count_text(summary['clips'], 'clip')}, "
                f"{count_text(summary['exports_completed'], 'export')}, {summary['cpu_ms'] / 1000:.0f} CPU-s"
            )
            return summary
        client.sleep(1.0)
    display.say("  no answer: see `clipstream logs`")
    return None


def show_webhook(inbox: Inbox, project_id: str, display: Display) -> JSON | None:
    """The verified delivery that says how this project ended."""

    def ends_this_project(delivery: Delivery) -> bool:
        return delivery.kind in ("project.completed", "project.failed") and project_id in str(delivery.body)

    display.say("\nWebhook:")
    delivery = inbox.wait_for(ends_this_project, WEBHOOK_WAIT_S)
    exports = sum(received.kind == "export.completed" for received in inbox.deliveries.values())
    if delivery is None:
        refused = f"; {len(inbox.refused)} were refused: {inbox.refused[0]}" if inbox.refused else ""
        display.say(f"  none about this project came within {WEBHOOK_WAIT_S:.0f} s{refused}")
        return None
    display.say(
        f"  {delivery.kind} ({delivery.webhook_id}): signature verified; {exports} × export.completed before it"
    )
    return {
        "id": delivery.webhook_id,
        "type": delivery.kind,
        "verified": True,
        "exports": exports,
        "body": delivery.body,
    }
