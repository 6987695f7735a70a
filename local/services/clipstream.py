"""Clipstream's own processes: commands of migrations, API, relay, workers, sinks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import msgspec

from local.config.state import write_private
from local.errors import StackError
from local.services.readiness import http_ready
from local.services.service import Part, Setting
from local.services.table import SINKS, WORKERS

EnvOf = Callable[[str], Mapping[str, str]]
"""Environment of a process of `schemas.access.process_settings`."""
STORES = ("kafka", "postgres", "objects", "clickhouse", "search")


def product_parts(
    setting: Setting, env_of: EnvOf, stores: tuple[str, ...] = STORES, rewind: Sequence[str] = ()
) -> Iterator[Part]:
    """Everything that `python -m streams` and `python -m api` run. ``stores`` must be ready first.

    The sinks in ``rewind`` begin at the earliest message of their topics.
    """
    yield _command("migrate", ("--migrate",), env_of("migrate"), stores)
    bootstrap = _command("bootstrap", ("--bootstrap",), env_of("bootstrap"), ("migrate",))
    yield msgspec.structs.replace(bootstrap, capture=partial(keep_credentials, setting))
    yield _process(setting, "api", (sys.executable, "-m", "api"), env_of("api"), stop_timeout_s=30.0)
    yield _worker(setting, "relay", ("--relay",), env_of("relay"))
    for name, stage in WORKERS:
        yield _worker(setting, name, ("--stage", stage), env_of(stage))
    for sink in SINKS:
        worker = _worker(setting, f"sink-{sink}", ("--sink", sink), env_of(f"sink-{sink}"))
        if sink in rewind:
            first = _command(f"rewind-{sink}", ("--rewind", sink), env_of("rewind"), ("migrate",))
            yield first
            worker = msgspec.structs.replace(worker, needs=(*worker.needs, first.name))
        yield worker


def keep_credentials(setting: Setting, output: str) -> None:
    """Keep what the bootstrap printed; its secrets come only once, a later run leaves them as they are."""
    path = setting.layout.credentials
    try:
        printed = msgspec.json.decode(output.strip().splitlines()[-1], type=dict[str, str | None])
    except (msgspec.DecodeError, IndexError):
        raise StackError("the bootstrap printed no credentials: see `clipstream logs bootstrap`") from None
    if printed.get("api_key"):
        write_private(path, msgspec.json.format(msgspec.json.encode(printed), indent=2) + b"\n")
    elif not path.is_file():
        raise StackError(
            f"the API key of this database is not in {path}: bring that file back, or use an empty database"
        )


def _command(name: str, arguments: tuple[str, ...], env: Mapping[str, str], needs: tuple[str, ...]) -> Part:
    argv = (sys.executable, "-m", "streams", *arguments)
    return Part(name=name, argv=argv, env=env, tier="product", needs=needs, once=True, forked=True)


def _worker(setting: Setting, name: str, arguments: tuple[str, ...], env: Mapping[str, str]) -> Part:
    more = {
        "CLIPSTREAM_WORKER_PORT": str(setting.port(name)),
        "CLIPSTREAM_KAFKA_INSTANCE": name,
        "CLIPSTREAM_WORK_DIR": str(setting.layout.data("work") / name),
    }
    command = (sys.executable, "-m", "streams", *arguments)
    return _process(setting, name, command, {**env, **more})


def _process(
    setting: Setting, name: str, argv: tuple[str, ...], env: Mapping[str, str], *,
    stop_timeout_s: float = 60.0,
) -> Part:  # fmt: skip
    work = setting.layout.data("work") / name
    ready = partial(http_ready, f"http://127.0.0.1:{setting.port(name)}/readyz")
    return Part(
        name=name,
        argv=argv,
        env=env,
        tier="product",
        needs=("bootstrap",),
        forked=True,
        port=setting.port(name),
        prepare=lambda: work.mkdir(parents=True, exist_ok=True),
        probe=ready,
        alive=ready,
        sick_after_s=45.0,
        stop_timeout_s=stop_timeout_s,
    )
