"""``python -m streams``: run a stage, the relay or a sink, or one of the set-up steps."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

import msgspec

from core.errors import Unavailable
from core.infra import telemetry
from core.process_control import hide_memory
from core.settings import MissingSettingError, Settings, load_settings
from schemas.stages import STAGES

SINKS = ("clickhouse", "meilisearch")


def main() -> int:
    """Run what the arguments name; one line on standard error and a code that is not 0 when it cannot."""
    hide_memory()
    arguments = _parser().parse_args()
    try:
        settings = load_settings(os.environ, _process(arguments))
    except MissingSettingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    telemetry.set_up(arguments.stage or arguments.sink or "streams", settings)
    try:
        return asyncio.run(_run(arguments, settings))
    except MissingSettingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except Unavailable as error:
        sys.stderr.write(f"{error}\n")
        return 3


def _process(arguments: argparse.Namespace) -> str:
    """The row of `schemas.access.process_settings` that says what this process is given."""
    if arguments.stage:
        return str(arguments.stage)
    if arguments.sink:
        return f"sink-{arguments.sink}"
    if arguments.sign_in_code:
        return "bootstrap"
    kinds = ("relay", "rewind", "migrate", "reseal", "policies", "bootstrap", "kafka-users")
    return next((kind for kind in kinds if getattr(arguments, kind.replace("-", "_"))), "grow-topics")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m streams", description=__doc__)
    modes = parser.add_mutually_exclusive_group(required=True)
    modes.add_argument("--stage", choices=STAGES, help="run one worker of a stage")
    modes.add_argument("--relay", action="store_true", help="run the relay and the sweeper")
    modes.add_argument("--sink", choices=SINKS, help="run a sink")
    modes.add_argument("--rewind", choices=SINKS, help="let a stopped sink read its topics from the beginning again")
    modes.add_argument("--migrate", action="store_true", help="make stores, topics and indexes ready")
    modes.add_argument("--kafka-users", action="store_true", help="make Kafka's users and access rules")
    modes.add_argument("--reseal", action="store_true", help="seal all again under the newest secret of the key ring")
    modes.add_argument("--grow-topics", type=int, metavar="COUNT", help="give every topic this many partitions")
    modes.add_argument("--policies", action="store_true", help="print the object store's policy of each process")
    modes.add_argument("--bootstrap", action="store_true", help="make the first organisation; prints its credentials")
    modes.add_argument("--sign-in-code", action="store_true", help="print a one-time code that signs the owner in")
    return parser


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Imports are local: a relay does not load media and model clients, and starts in half the time."""
    if arguments.migrate:
        from streams.setup.migrate import migrate  # noqa: PLC0415

        await migrate(settings)
    elif arguments.bootstrap:
        from streams.setup.bootstrap import bootstrap  # noqa: PLC0415

        sys.stdout.write(msgspec.json.encode(await bootstrap(settings)).decode() + "\n")
    elif arguments.sign_in_code:
        from streams.setup.sign_in_codes import make_sign_in_code  # noqa: PLC0415

        sys.stdout.write(msgspec.json.encode(await make_sign_in_code(settings)).decode() + "\n")
    elif arguments.policies:
        from schemas.access.object_policies import WRITES, policy_of  # noqa: PLC0415

        policies = {process: policy_of(process, settings.s3_bucket) for process in (*WRITES, "migrate")}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(policies), indent=2).decode() + "\n")
    elif arguments.reseal:
        return await _reseal(settings)
    elif arguments.grow_topics or arguments.kafka_users:
        return await _set_up_kafka(settings, arguments.grow_topics)
    elif arguments.stage:
        from streams.worker import run_stage  # noqa: PLC0415

        return await run_stage(settings, arguments.stage)
    elif arguments.rewind:
        return await _rewind(settings, arguments.rewind)
    elif arguments.relay:
        from streams.background.main import run_relay  # noqa: PLC0415

        return await run_relay(settings)
    else:
        from streams.background.main import run_sink  # noqa: PLC0415

        return await run_sink(settings, arguments.sink)
    return 0


async def _set_up_kafka(settings: Settings, partitions: int | None) -> int:
    """Give the topics this many partitions, or make users where none are said."""
    from core.infra.kafka.access import kafka_access  # noqa: PLC0415
    from core.infra.kafka.administration import AdministrationError  # noqa: PLC0415
    from streams.setup.kafka_users import make_kafka_users  # noqa: PLC0415
    from streams.setup.topics import grow_topics  # noqa: PLC0415

    try:
        if partitions:
            await grow_topics(kafka_access(settings), partitions)
        else:
            await make_kafka_users(settings)
    except AdministrationError as error:
        sys.stderr.write(f"{error}\n")
        return 4
    return 0


async def _reseal(settings: Settings) -> int:
    """Print what was sealed again; exit code 5 where rows of another secret are left."""
    from core.infra.key_ring import open_key_ring  # noqa: PLC0415
    from core.infra.postgres.connection import create_pool  # noqa: PLC0415
    from core.services.key_rotation import reseal  # noqa: PLC0415

    ring = open_key_ring(settings)
    pool = await create_pool(settings.postgres_keys, size=1, name="clipstream-reseal")
    try:
        result = await reseal(pool, ring)
    finally:
        await pool.close()
    sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    return 5 if result.closed or result.left else 0


async def _rewind(settings: Settings, sink: str) -> int:
    from streams.background.main import rewind_sink  # noqa: PLC0415
    from streams.sinks.batch_consumer import SinkRunsError  # noqa: PLC0415

    try:
        await rewind_sink(settings, sink)
    except SinkRunsError as error:
        sys.stderr.write(f"{error}\n")
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
