"""Ids of keys and OAuth clients by their first digits, as people type them."""

from __future__ import annotations

from cli.api.client import JSON, Client
from cli.exit_codes import CliError, ExitCode

MAX_PAGE_ITEMS = 100


def list_all(client: Client, path: str, **query: object) -> list[JSON]:
    """Items of all pages of a list."""
    items: list[JSON] = []
    cursor = None
    while True:
        page = client.get(path, cursor=cursor, **query)
        items += page["items"]
        cursor = page.get("next_cursor")
        if not cursor:
            return items


def find_id(client: Client, path: str, field: str, typed: str, *, noun: str) -> str:
    """The id of the one item of a list that begins with what was typed.

    ``field``: the item's id; ``noun``: what it is called, also by its commands. Raises CliError for none or several.
    """
    listed = list_all(client, path, limit=MAX_PAGE_ITEMS)
    ids = {str(item[field]) for item in listed if item[field].startswith(typed.lower())}
    if len(ids) != 1:
        several = f"{len(ids)} {noun}s begin with" if ids else f"no {noun} begins with"
        raise CliError(ExitCode.USAGE, f"{several} {typed!r}: `clipstream {noun}s list` shows them")
    return ids.pop()
