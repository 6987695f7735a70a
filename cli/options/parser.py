"""The parser of every command: help with examples first, errors that say where to look."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from cli.exit_codes import ExitCode

DEFAULT_STATE = ".clipstream"
EPILOG = "Exit codes: `clipstream help exit-codes`. All commands: docs/cli.md."
Run = Callable[[argparse.Namespace], int]


class Parser(argparse.ArgumentParser):
    """argparse, with the purpose and examples before the usage line, and a way on in every complaint."""

    def __init__(self, *, examples: Sequence[str] = (), **options: Any) -> None:
        """``examples``: whole command lines."""
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        options.setdefault("epilog", EPILOG)
        options.setdefault("allow_abbrev", False)
        super().__init__(**options)
        self.examples = tuple(examples)

    def format_help(self) -> str:
        """Purpose, examples, usage, flags."""
        formatter = self._get_formatter()
        formatter.add_text(self.description)
        if self.examples:
            title = "example:" if len(self.examples) == 1 else "examples:"
            formatter.add_text("\n".join([title, *(f"  {line}" for line in self.examples)]))
        formatter.add_usage(self.usage, self._actions, self._mutually_exclusive_groups)
        for group in self._action_groups:
            formatter.start_section(group.title)
            formatter.add_text(group.description)
            formatter.add_arguments(group._group_actions)
            formatter.end_section()
        formatter.add_text(self.epilog)
        return formatter.format_help()

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where the options are listed; ends with the code of a wrong command line."""
        self.exit(ExitCode.USAGE, f"clipstream: {message} (`{self.prog} --help` lists what there is)\n")


def add_command(commands: Any, name: str, text: str, run: Run, *examples: str) -> argparse.ArgumentParser:
    """A command that talks to an API, with the flags that all of those share."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=_sentence(text), examples=examples
    )
    parser.add_argument("--api", metavar="URL", help="the API to use (CLIPSTREAM_API); default: the local stack's")
    parser.add_argument("--key", metavar="KEY", help="the API key (CLIPSTREAM_API_KEY)")
    parser.add_argument("--state-dir", default=DEFAULT_STATE, metavar="DIR", help="of the local stack (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print only JSON on stdout")
    parser.set_defaults(run=run)
    return parser


def add_group(commands: Any, name: str, text: str, *examples: str) -> Any:
    """A command with commands of its own; gives what those are added to."""
    parser = commands.add_parser(name, help=text, description=_sentence(text), examples=examples)
    return parser.add_subparsers(dest=f"{name}_command", required=True, metavar="COMMAND")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
