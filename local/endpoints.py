"""The endpoints of a stack, its own or given ones, and the ``CLIPSTREAM_*`` variables for them. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Set

from core.infra.postgres.roles import BOOTSTRAP, ERASURE, OF_SINK, OF_STAGE
from core.settings import PREFIX
from local.config.stack_secrets import kafka_password, process_key, role_password
from local.errors import StackError
from local.services.mail import smtp_url
from local.services.postgres import dsn
from local.services.seaweedfs import endpoint as objects_endpoint
from local.services.service import Setting
from local.services.standins import clickhouse_url, search_url
from schemas.access.kafka_acls import OUTSIDE, login_of, principal_of
from schemas.access.object_policies import WRITES
from schemas.access.process_settings import GUARDED, SETTINGS_OF, foreign_variables
from schemas.access.search_keys import SEARCH_KEYS, derive_search_key

GIVEN_BY: dict[str, tuple[str, ...]] = {
    "kafka": ("CLIPSTREAM_KAFKA",),
    "postgres": tuple(f"CLIPSTREAM_POSTGRES_{role}" for role in ("OWNER", "API", "WORKER", "RELAY", "BOOTSTRAP")),
    "objects": ("CLIPSTREAM_S3", "CLIPSTREAM_S3_ACCESS_KEY", "CLIPSTREAM_S3_SECRET_KEY"),
    "triton": ("CLIPSTREAM_TRITON",),
    "clickhouse": ("CLIPSTREAM_CLICKHOUSE",),
    "search": ("CLIPSTREAM_MEILISEARCH", "CLIPSTREAM_MEILISEARCH_KEY"),
    "mail": ("CLIPSTREAM_SMTP",),
}  # fmt: skip
"""The variables that name a part which runs elsewhere; all of a part's, or none."""
PRODUCERS_LOGIN = ("CLIPSTREAM_PRODUCER_USER", "CLIPSTREAM_PRODUCER_PASSWORD")
"""For programs of the person that publish uploads; no process of ours logs in so."""
NAMED_WITH = GIVEN_BY | {"kafka": (*GIVEN_BY["kafka"], "CLIPSTREAM_KAFKA_USER", "CLIPSTREAM_KAFKA_PASSWORD")}
"""The same, with those that it may do without."""


PROCESS_ROLES: dict[str, str] = {
    **OF_STAGE,
    **{f"sink-{sink}": role for sink, role in OF_SINK.items()},
    "relay": ERASURE,
}
"""Process → the role of its ``CLIPSTREAM_POSTGRES_WORKER``."""
RING_VARIABLES = ("CLIPSTREAM_SECRET", "CLIPSTREAM_SECRETS", "CLIPSTREAM_SECRETS_FILE")
"""The variables that name a key ring; where the person sets none, it is the stack's own file."""


def external_parts(environ: Mapping[str, str]) -> frozenset[str]:
    """Parts that the environment says run elsewhere. Raises StackError where one is named by half."""
    external = set()
    for part, names in GIVEN_BY.items():
        set_names = [name for name in names if environ.get(name)]
        missing = [name for name in names if not environ.get(name)]
        if set_names and missing:
            raise StackError(
                f"{set_names[0]} is set, so {part} runs elsewhere: set {', '.join(missing)} as well, or unset it"
            )
        if set_names:
            external.add(part)
    return frozenset(external)


def forget_own(environ: Mapping[str, str], recorded: Mapping[str, str], external: Set[str]) -> dict[str, str]:
    """``environ`` without this stack's own ``stack.env``, as far as it names services that the stack runs.

    ``recorded``: the variables of that file; ``external``: the parts that ran elsewhere when it was written. A value
    that differs from the recorded one was meant by the person, and stays.
    """
    own_names = (name for part, names in NAMED_WITH.items() if part not in external for name in names)
    ours = {name for name in own_names if name in environ and environ[name] == recorded.get(name)}
    return {name: value for name, value in environ.items() if name not in ours}


def own_endpoints(setting: Setting) -> dict[str, dict[str, str]]:
    """Addresses and logins of each part of this stack: part → variables."""
    secrets = setting.secrets
    return {
        "kafka": {"CLIPSTREAM_KAFKA": f"127.0.0.1:{setting.port('kafka')}", **kafka_login(setting, "setup")},
        "postgres": {
            "CLIPSTREAM_POSTGRES_OWNER": dsn(setting, "clipstream_owner", secrets.postgres_owner),
            "CLIPSTREAM_POSTGRES_API": dsn(setting, "clipstream_api", secrets.postgres_api),
            "CLIPSTREAM_POSTGRES_WORKER": dsn(setting, "clipstream_worker", secrets.postgres_worker),
            "CLIPSTREAM_POSTGRES_RELAY": dsn(setting, "clipstream_relay", secrets.postgres_relay),
            "CLIPSTREAM_POSTGRES_KEYS": dsn(setting, "clipstream_keys", secrets.postgres_keys),
            "CLIPSTREAM_POSTGRES_BOOTSTRAP": role_dsn(setting, BOOTSTRAP),
        },
        "objects": {
            "CLIPSTREAM_S3": objects_endpoint(setting),
            "CLIPSTREAM_S3_ACCESS_KEY": secrets.s3_access_key,
            "CLIPSTREAM_S3_SECRET_KEY": secrets.s3_secret_key,
        },
        "triton": {"CLIPSTREAM_TRITON": f"127.0.0.1:{setting.port('triton')}"},
        "clickhouse": {"CLIPSTREAM_CLICKHOUSE": clickhouse_url(setting)},
        "search": {
            "CLIPSTREAM_MEILISEARCH": search_url(setting),
            "CLIPSTREAM_MEILISEARCH_KEY": secrets.search,
        },
        "mail": {"CLIPSTREAM_SMTP": smtp_url(setting)},
    }


def role_dsn(setting: Setting, role: str) -> str:
    """The address of the role of one kind of process."""
    return dsn(setting, role, role_password(setting.secrets, role))


def process_env(setting: Setting, env: Mapping[str, str], external: Set[str], process: str) -> dict[str, str]:
    """``env`` as a process gets it (`schemas.access.process_settings`): its own secrets and role only.

    Where Kafka, Postgres or the object store run elsewhere, each process gets the address or key that the person set.
    The search engine's key is the master key, wherever it runs: the keys of processes are derived from it.
    """
    foreign = foreign_variables(process, PREFIX)
    process_variables = {name: value for name, value in env.items() if name not in foreign}
    process_variables = {name: value for name, value in process_variables.items() if name not in PRODUCERS_LOGIN}
    if "kafka" not in external and "kafka" in SETTINGS_OF[process]:
        process_variables |= kafka_login(setting, login_of(process))
    if "objects" not in external and (process in WRITES or process == "migrate"):
        process_variables["CLIPSTREAM_S3_ACCESS_KEY"], process_variables["CLIPSTREAM_S3_SECRET_KEY"] = process_key(
            setting.secrets, process
        )
    if process in SEARCH_KEYS and (master_key := env.get("CLIPSTREAM_MEILISEARCH_KEY")):
        process_variables["CLIPSTREAM_MEILISEARCH_KEY"] = derive_search_key(master_key, SEARCH_KEYS[process])
    if "postgres" in external:
        return process_variables
    if process == "migrate":
        process_variables["CLIPSTREAM_POSTGRES_ROLES"] = ",".join(
            role_dsn(setting, role) for role in PROCESS_ROLES.values()
        )
    if process in PROCESS_ROLES:
        process_variables["CLIPSTREAM_POSTGRES_WORKER"] = role_dsn(setting, PROCESS_ROLES[process])
    return process_variables


def without_guarded(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` without guarded settings (`schemas.access.process_settings`), for other programs."""
    guarded = {PREFIX + name.upper() for name in GUARDED}
    return {name: value for name, value in environ.items() if name not in guarded}


def product_env(setting: Setting, external: frozenset[str]) -> dict[str, str]:
    """Every ``CLIPSTREAM_*`` of this stack's processes and clients; what the person set himself stays."""
    api = f"http://127.0.0.1:{setting.port('api')}"
    env = {
        "CLIPSTREAM_API": api,
        "CLIPSTREAM_WEB": setting.environ.get("CLIPSTREAM_WEB") or f"{api}/app",
        "CLIPSTREAM_S3_BUCKET": setting.environ.get("CLIPSTREAM_S3_BUCKET") or "clipstream",
        "CLIPSTREAM_FETCH_ALLOW": ",".join(fetchable_addresses(setting)),
        "CLIPSTREAM_WEBHOOK_HTTP": setting.environ.get("CLIPSTREAM_WEBHOOK_HTTP") or "true",
        "CLIPSTREAM_SIGN_IN_CODES": setting.environ.get("CLIPSTREAM_SIGN_IN_CODES") or "on",
    }
    if "kafka" not in external:
        env |= dict(zip(PRODUCERS_LOGIN, kafka_login(setting, OUTSIDE).values(), strict=True))
    for part, variables in own_endpoints(setting).items():
        outside = {name: setting.environ[name] for name in variables if name in setting.environ}
        env |= outside if part in external else variables
    provided = {name: value for name, value in setting.environ.items() if name.startswith("CLIPSTREAM_")}
    if not any(provided.get(name) for name in RING_VARIABLES):
        env["CLIPSTREAM_SECRETS_FILE"] = str(setting.layout.key_ring)
    return provided | env


def kafka_login(setting: Setting, process: str) -> dict[str, str]:
    """Login of a process at this stack's Kafka."""
    user = principal_of(process)
    return {"CLIPSTREAM_KAFKA_USER": user, "CLIPSTREAM_KAFKA_PASSWORD": kafka_password(setting.secrets, user)}


def fetchable_addresses(setting: Setting) -> list[str]:
    """``host:port`` pairs that may be fetched and called though they are not public."""
    configured = setting.environ.get("CLIPSTREAM_FETCH_ALLOW", "")
    loopback = [f"127.0.0.1:{setting.port('webhook')}", f"127.0.0.1:{setting.port('files')}"]
    return [
        *loopback,
        *(pair.strip() for pair in configured.split(",") if pair.strip() and pair.strip() not in loopback),
    ]


def env_file(env: Mapping[str, str]) -> bytes:
    """``stack.env``: for ``set -a; . stack.env`` in a shell, and for tests."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(env.items())).encode()


def read_env_file(body: str) -> dict[str, str]:
    """The variables of a ``stack.env``."""
    pairs = (line.split("=", 1) for line in body.splitlines() if "=" in line)
    return {name: "".join(shlex.split(value)) for name, value in pairs}
