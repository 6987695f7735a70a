"""``clipstream mails``: what the local stack's mail catcher took."""

from __future__ import annotations

import email
import email.policy
import json
from argparse import Namespace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.commands.stack import positive
from cli.exit_codes import CliError, ExitCode
from cli.output.terminal import escape_controls, plain_table
from local import stack
from local.config.paths import DEFAULT_STATE

LINE_CHARS = 120
"""Width of tables where the output is no terminal."""


def register(subparsers: Any) -> None:
    """Add the command; it reads files, and needs no running stack."""
    text = "list the mails that the local stack caught, newest first, or show one"
    parser = subparsers.add_parser(
        "mails", help=text, description=text, examples=("clipstream mails", "clipstream mails 3")
    )
    parser.add_argument("number", nargs="?", type=positive, metavar="N", help="number of the mail to show")
    parser.add_argument("--limit", type=positive, default=20, metavar="N", help="how many to list (20)")
    parser.add_argument("--json", action="store_true", help="print only JSON on stdout")
    parser.add_argument("--state-dir", type=Path, default=DEFAULT_STATE, help="where the stack lives (.clipstream)")
    parser.set_defaults(run=mails)


def mails(args: Namespace) -> int:
    """List the newest mails, or print the text of one."""
    folder = stack.layout_of(args.state_dir).mails
    if args.number is not None:
        path = folder / f"{args.number:08d}.eml"
        if not path.is_file():
            raise CliError(ExitCode.NOTHING_FOUND, f"there is no mail {args.number}: `clipstream mails` lists them")
        mail = _read(path)
        print(json.dumps(mail, ensure_ascii=False) if args.json else _as_text(mail))
        return ExitCode.OK
    listed = [_read(path) for path in sorted(folder.glob("*.eml"), reverse=True)[: args.limit]]
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = LINE_CHARS
    if args.json:
        print(json.dumps({"items": listed}, ensure_ascii=False))
    elif not listed:
        console.print("No mail yet.")
    else:
        rows = [(str(mail["number"]), mail["date"], mail["to"], escape_controls(mail["subject"])) for mail in listed]
        console.print(plain_table("", ("#", "sent", "to", "subject"), rows))
    return ExitCode.OK if listed else ExitCode.NOTHING_FOUND


def _read(path: Path) -> dict[str, Any]:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain", "html"))
    return {
        "number": int(path.stem),
        "date": str(message["Date"] or ""),
        "to": str(message["To"] or ""),
        "subject": str(message["Subject"] or ""),
        "text": body.get_content().replace("\r\n", "\n") if body is not None else "",
    }


def _as_text(mail: dict[str, Any]) -> str:
    head = f"To: {mail['to']}\nSubject: {mail['subject']}\nDate: {mail['date']}\n"
    return f"{escape_controls(head)}\n{escape_controls(mail['text'])}"
