"""Short names on the command line: numbers of the last run's clips, and abbreviated ids.

`clipstream run`, `demo` and `clips` note which clips they showed, by API; `1` is the first of those. The first digits
of an id (four or more) are enough while only one resource starts with them.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from cli.api.client import JSON, Client
from cli.exit_codes import CliError, ExitCode

SHORT_DIGITS = 8
"""Digits of an id that are shown: two of a thousand resources share them once in some 8,600 organisations."""
KINDS: Mapping[str, str] = {"clip": "clip", "project": "project", "export": "export", "kit": "brand_kit"}
"""Arguments that name a resource, and the API's word for its kind."""
_WORDS: Mapping[str, str] = {"clip": "clip", "project": "project", "export": "export", "brand_kit": "brand kit"}
_LISTS: Mapping[str, str] = {
    "clip": "`clipstream clips PROJECT` lists them",
    "project": "`clipstream projects` lists them",
    "export": "`clipstream exports list PROJECT` lists them",
    "brand_kit": "`clipstream brand list` lists them",
}
_DIGITS = re.compile(r"[0-9a-fA-F][0-9a-fA-F-]{3,35}")
_NUMBER = re.compile(r"[1-9]\d{0,2}")


def short_id(full: str) -> str:
    """An id as it is shown: its first digits."""
    return full[:SHORT_DIGITS]


def memory_file(environ: Mapping[str, str]) -> Path:
    """File that notes the last run, in the person's state directory (XDG)."""
    root = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME") or "~").expanduser() / ".local" / "state")
    return Path(root) / "clipstream" / "last-run.json"


class References:
    """Resolves what a person typed against one API."""

    def __init__(self, client: Client, memory: Path) -> None:
        """``memory``: the file that notes the last run of each API."""
        self._client = client
        self._memory = memory

    @classmethod
    def for_client(cls, client: Client) -> References:
        """With the memory of the person who runs the command."""
        return cls(client, memory_file(os.environ))

    def resolve(self, args: Namespace) -> None:
        """Replace each short name among the arguments by the full id. Raises CliError for none or several."""
        for name, kind in KINDS.items():
            text = getattr(args, name, None)
            if isinstance(text, str):
                setattr(args, name, self.full_id(kind, text))
        brand = getattr(args, "brand", None)
        if isinstance(brand, dict):
            args.brand = brand | {"kit_id": self.full_id("brand_kit", brand["kit_id"])}

    def full_id(self, kind: str, text: str) -> str:
        """The id that ``text`` stands for: a number of the last run, a whole id, or the first digits of one."""
        typed = text.strip()
        if kind == "clip" and _NUMBER.fullmatch(typed):
            return self._clip_id_of(int(typed))
        if kind == "project" and typed == "last":
            return self._last_project()
        with contextlib.suppress(ValueError):
            return str(UUID(typed))
        if not _DIGITS.fullmatch(typed):
            numbers = ", or a number of the last run" if kind == "clip" else ""
            raise CliError(
                ExitCode.USAGE,
                f"{text!r} names no {_WORDS[kind]}: give its id or the first digits of it{numbers}; {_LISTS[kind]}.",
            )
        return self._id_of_digits(kind, typed)

    def any_of(self, text: str, kinds: Sequence[str]) -> tuple[str, str]:
        """Kind and id of what may be of several kinds: a clip's number, ``last``, or the digits of an id."""
        typed = text.strip()
        for kind, matches in (("clip", _NUMBER.fullmatch(typed)), ("project", typed == "last")):
            if matches and kind in kinds:
                return kind, self.full_id(kind, typed)
        if not _DIGITS.fullmatch(typed):
            raise CliError(
                ExitCode.USAGE,
                f"{text!r} is not an id: give the first digits of one, a number of the last run, or `last`.",
            )
        items: list[JSON] = self._client.get("/v1/ids", starts_with=typed)["items"]
        matching = [(str(item["kind"]), str(item["id"])) for item in items if item["kind"] in kinds]
        if len(matching) == 1:
            return matching[0]
        if not matching:
            kind_words = ", ".join(_WORDS[kind] for kind in kinds)
            raise CliError(ExitCode.USAGE, f"There is no {kind_words} whose id starts with {typed}.")
        several = ", ".join(f"{_WORDS[kind]} {identity}" for kind, identity in matching[:3])
        raise CliError(ExitCode.USAGE, f"{typed} is the start of several ids ({several} …): give more digits.")

    def remember(self, project_id: str, clip_ids: Sequence[str]) -> None:
        """Note the clips that were shown, best first. A memory that cannot be written costs the numbers alone."""
        memory = self._all()
        memory[self._client.api_url] = {"project_id": project_id, "clip_ids": list(clip_ids)}
        with contextlib.suppress(OSError):
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            partial = self._memory.with_suffix(".part")
            partial.write_text(json.dumps(memory, indent=2))
            partial.replace(self._memory)

    def add(self, project_id: str, clip_id: str) -> None:
        """Note a further clip of the last run's project, behind the others."""
        last = self._last()
        if last.get("project_id") == project_id and clip_id not in last["clip_ids"]:
            self.remember(project_id, [*last["clip_ids"], clip_id])

    def _clip_id_of(self, number: int) -> str:
        clip_ids: list[str] = self._last().get("clip_ids") or []
        if not clip_ids:
            raise CliError(
                ExitCode.USAGE,
                f"There is no last run to take clip {number} of: `clipstream clips PROJECT` lists a project's clips, "
                "and their numbers count from then on.",
            )
        if number > len(clip_ids):
            count = "one clip" if len(clip_ids) == 1 else f"{len(clip_ids)} clips"
            raise CliError(ExitCode.USAGE, f"The last run has {count}: there is no clip {number}.")
        return clip_ids[number - 1]

    def _last_project(self) -> str:
        project_id = self._last().get("project_id")
        if not project_id:
            raise CliError(ExitCode.USAGE, "There is no last run: `clipstream projects` lists the projects.")
        return str(project_id)

    def _id_of_digits(self, kind: str, digits: str) -> str:
        items: list[JSON] = self._client.get("/v1/ids", starts_with=digits, kind=kind)["items"]
        if len(items) == 1:
            return str(items[0]["id"])
        if not items:
            raise CliError(ExitCode.USAGE, f"There is no {_WORDS[kind]} whose id starts with {digits}: {_LISTS[kind]}.")
        several = ", ".join(str(item["id"]) for item in items[:3])
        raise CliError(ExitCode.USAGE, f"{digits} is the start of several ids ({several} …): give more digits.")

    def _last(self) -> dict[str, Any]:
        last_run = self._all().get(self._client.api_url)
        return last_run if isinstance(last_run, dict) else {}

    def _all(self) -> dict[str, Any]:
        try:
            memory = json.loads(self._memory.read_text())
        except (OSError, ValueError):
            return {}
        return memory if isinstance(memory, dict) else {}
