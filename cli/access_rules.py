"""The command that prints Kafka's access rules, or puts them in place."""

from __future__ import annotations

import argparse
import asyncio
import os
from typing import Any

from cli.exit_codes import CliError, ExitCode
from core.errors import Unavailable
from schemas.access.kafka_acls import access_rules, command_lines

DEFAULT_BROKER = "localhost:9092"
FIELDS = ("user", "password", "ca", "certificate", "key")
"""Endings of ``CLIPSTREAM_KAFKA_…`` variables with which the administrator logs in."""


def register(subparsers: Any) -> None:
    """Add ``acls``."""
    text = "what each process may do on Kafka, by the table of topics: as calls of kafka-acls.sh"
    parser = subparsers.add_parser("acls", help=text, description=text, examples=("clipstream acls",))
    parser.add_argument("--apply", action="store_true", help="put the rules in place; these users may do nothing else")
    parser.add_argument(
        "--broker",
        metavar="HOST:PORT",
        default=os.environ.get("CLIPSTREAM_KAFKA", DEFAULT_BROKER),
        help="where Kafka is (CLIPSTREAM_KAFKA)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the rules or apply them; raises CliError where Kafka does not answer or refuses."""
    if not arguments.apply:
        print("\n".join(command_lines(arguments.broker)))
        return ExitCode.OK
    asyncio.run(_apply(arguments.broker))
    print(f"{len(access_rules())} rules are in place")
    return ExitCode.OK


async def _apply(broker: str) -> None:
    from core.infra.kafka.access import MECHANISM, KafkaAccess  # noqa: PLC0415 - only this needs Kafka's client
    from core.infra.kafka.administration import AdministrationError, open_administration  # noqa: PLC0415

    credentials = {name: os.environ.get(f"CLIPSTREAM_KAFKA_{name.upper()}", "") for name in FIELDS}
    credentials["mechanism"] = os.environ.get("CLIPSTREAM_KAFKA_MECHANISM") or MECHANISM
    access = KafkaAccess(bootstrap=broker, tls=os.environ.get("CLIPSTREAM_KAFKA_TLS") == "on", **credentials)
    try:
        async with open_administration(access) as administration:
            await administration.put_rules(access_rules())
    except (AdministrationError, Unavailable, OSError) as error:
        line = f"the rules are not in place: {error}. Set CLIPSTREAM_KAFKA_USER to one who administers this Kafka"
        raise CliError(ExitCode.STACK_UNAVAILABLE, line) from error
