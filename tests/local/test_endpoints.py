"""Endpoints of a stack, and how they are printed and stored."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from core.infra.key_ring import open_key_ring
from core.infra.postgres.roles import ERASURE, OF_SINK, OF_STAGE
from core.settings import load_settings
from local.config.stack_secrets import load_or_make
from local.config.state import Layout
from local.endpoints import (
    GIVEN_BY,
    env_file,
    external_parts,
    fetchable_addresses,
    forget_own,
    product_env,
    read_env_file,
)
from local.errors import StackError
from local.install.all import Installed
from local.part_order import MAKERS, plan
from local.services.service import Setting
from local.services.table import PORTS, SINKS, WORKERS
from schemas.access.process_settings import GUARDED, SETTINGS_OF, needed_by


def setting(tmp_path: Path, environ: dict[str, str] | None = None) -> Setting:
    layout = Layout(root=tmp_path)
    installed = Installed(kafka_jars=tmp_path, java="/usr/bin/java", triton=None, weights=None)
    return Setting(
        stack_id="ab12cd34",
        layout=layout,
        secrets=load_or_make(layout),
        installed=installed,
        environ=environ or {},
        port=lambda name: 20_000 + PORTS.index(name),
        outside=None,
    )


def test_the_product_reads_its_settings_from_the_written_file(tmp_path: Path) -> None:
    """``stack.env`` has every setting that core/settings.py requires, and nothing that it cannot read."""
    body = env_file(product_env(setting(tmp_path), frozenset())).decode()
    settings = load_settings(read_env_file(body), "api")
    assert settings.api == "http://127.0.0.1:20000"
    assert open_key_ring(settings).ids() == ("k1",)
    assert settings.fetch_allow == ("127.0.0.1:20001", "127.0.0.1:20002")
    assert settings.s3_bucket == "clipstream"
    assert settings.web == "http://127.0.0.1:20000/app"


def test_links_of_mails_lead_where_the_person_wants(tmp_path: Path) -> None:
    given = setting(tmp_path, {"CLIPSTREAM_WEB": "https://clips.example.org/app"})
    assert product_env(given, frozenset())["CLIPSTREAM_WEB"] == "https://clips.example.org/app"


def test_a_value_with_blanks_and_quotes_survives_the_file(tmp_path: Path) -> None:
    env = {"CLIPSTREAM_X": 'it\'s a "test" $HOME `x`', "CLIPSTREAM_Y": ""}
    assert read_env_file(env_file(env).decode()) == env


def test_hosts_that_the_person_allows_are_added_to_ours(tmp_path: Path) -> None:
    given = setting(tmp_path, {"CLIPSTREAM_FETCH_ALLOW": "127.0.0.1:9999, 127.0.0.1:20001"})
    assert fetchable_addresses(given) == ["127.0.0.1:20001", "127.0.0.1:20002", "127.0.0.1:9999"]


def test_an_empty_environment_has_no_external_part() -> None:
    assert external_parts({"HOME": "/root"}) == frozenset()


@pytest.mark.parametrize("part", sorted(GIVEN_BY))
def test_a_configured_part_is_external_and_keeps_its_endpoint(tmp_path: Path, part: str) -> None:
    environ = dict.fromkeys(GIVEN_BY[part], "given")
    assert external_parts(environ) == {part}
    env = product_env(setting(tmp_path, environ), frozenset({part}))
    assert all(env[name] == "given" for name in environ)


def test_a_half_configured_part_names_the_missing_setting() -> None:
    with pytest.raises(StackError, match="set CLIPSTREAM_S3_SECRET_KEY as well"):
        external_parts({"CLIPSTREAM_S3": "http://s3", "CLIPSTREAM_S3_ACCESS_KEY": "x"})


def test_an_external_part_is_not_started(tmp_path: Path) -> None:
    everything_else = frozenset(MAKERS) - {"search"}
    parts = plan(setting(tmp_path), {}, external=everything_else)
    assert [part.name for part in parts if part.tier == "store"] == ["search"]
    migrate = next(part for part in parts if part.name == "migrate")
    assert migrate.needs == ("search",)


def test_each_worker_has_its_own_port_and_directory(tmp_path: Path) -> None:
    parts = {part.name: part for part in plan(setting(tmp_path), {}, external=frozenset(MAKERS))}
    workers = [parts[name] for name, _ in WORKERS]
    assert len({worker.env["CLIPSTREAM_WORKER_PORT"] for worker in workers}) == len(workers)
    assert len({worker.env["CLIPSTREAM_WORK_DIR"] for worker in workers}) == len(workers)


def test_only_the_rewound_sink_waits_for_the_rewinding(tmp_path: Path) -> None:
    parts = {part.name: part for part in plan(setting(tmp_path), {}, external=frozenset(MAKERS), rewind=["clickhouse"])}
    assert parts["rewind-clickhouse"].once
    assert parts["rewind-clickhouse"].argv[-2:] == ("--rewind", "clickhouse")
    assert "rewind-clickhouse" in parts["sink-clickhouse"].needs
    assert "rewind-meilisearch" not in parts
    assert parts["sink-meilisearch"].needs == ("bootstrap",)


def test_workers_take_events_at_once(tmp_path: Path) -> None:
    parts = {part.name: part for part in plan(setting(tmp_path), {}, external=frozenset(MAKERS))}
    assert parts["render-1"].nice == parts["frame-2"].nice == parts["api"].nice == 0


def test_settings_read_from_our_own_file_are_not_external(tmp_path: Path) -> None:
    recorded = product_env(setting(tmp_path), frozenset())
    assert external_parts(recorded) == set(GIVEN_BY)
    environ = forget_own(recorded | {"HOME": "/root"}, recorded, set())
    assert external_parts(environ) == frozenset()
    assert environ["HOME"] == "/root"
    assert environ["CLIPSTREAM_SECRETS_FILE"] == recorded["CLIPSTREAM_SECRETS_FILE"]


def test_a_broker_other_than_the_recorded_one_is_external(tmp_path: Path) -> None:
    recorded = product_env(setting(tmp_path), frozenset())
    environ = forget_own(recorded | {"CLIPSTREAM_KAFKA": "broker:9092"}, recorded, set())
    assert external_parts(environ) == {"kafka"}


def test_a_part_that_ran_elsewhere_stays_there_when_the_file_is_read(tmp_path: Path) -> None:
    recorded = product_env(setting(tmp_path, {"CLIPSTREAM_TRITON": "gpu:8001"}), frozenset({"triton"}))
    assert external_parts(forget_own(recorded, recorded, {"triton"})) == {"triton"}


def test_each_process_gets_its_own_secrets_and_no_other(tmp_path: Path) -> None:
    """Of those that it may have it has all; the owner's address goes where it migrates."""
    given = setting(tmp_path)
    parts = plan(given, product_env(given, frozenset()), external=frozenset({"triton"}))
    rows = {"bootstrap": "bootstrap", "migrate": "migrate", "api": "api", "relay": "relay"} | dict(WORKERS)
    rows |= {f"sink-{sink}": f"sink-{sink}" for sink in SINKS}
    product = {part.name: part.env for part in parts if part.tier == "product"}
    assert set(product) == set(rows)
    for name, env in product.items():
        guarded = {one for one in GUARDED if f"CLIPSTREAM_{one.upper()}" in env}
        assert guarded <= SETTINGS_OF[rows[name]], name
        assert guarded >= needed_by(rows[name]), name
    assert {name for name, env in product.items() if "CLIPSTREAM_POSTGRES_OWNER" in env} == {"migrate"}
    addresses = {name: env.get("CLIPSTREAM_POSTGRES_WORKER", "") for name, env in product.items() if name != "migrate"}
    roles = {urlsplit(address).username for address in addresses.values() if address}
    assert roles == {ERASURE, *OF_STAGE.values(), *OF_SINK.values()}


def test_a_store_gets_no_secret_of_the_product(tmp_path: Path) -> None:
    given = setting(tmp_path, {"CLIPSTREAM_SECRET": "s", "CLIPSTREAM_WRITER_KEY": "w", "PATH": "/bin"})
    stores = [part for part in plan(given, {}, external=frozenset({"triton"})) if part.tier == "store"]
    assert stores
    assert not [part.name for part in stores if {"CLIPSTREAM_SECRET", "CLIPSTREAM_WRITER_KEY"} & set(part.env)]


def test_no_command_line_holds_a_secret(tmp_path: Path) -> None:
    given = setting(tmp_path)
    parts = plan(given, product_env(given, frozenset()), external=frozenset({"triton"}))
    secrets = [value for name, value in msgspec.structs.asdict(given.secrets).items() if name != "s3_access_key"]
    told = " ".join(argument for part in parts for argument in part.argv)
    assert not [secret for secret in secrets if secret in told]
