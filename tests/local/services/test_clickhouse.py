"""Choosing ClickHouse, and the settings of a real one."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from local.errors import StackError
from local.services.clickhouse import installed_server, write_config


def program(directory: Path, version: str) -> Path:
    path = directory / "clickhouse"
    path.write_text(f'#!/bin/sh\n[ "$1 $2" = "server --version" ] && echo "ClickHouse server version {version}"\n')
    path.chmod(0o755)
    return path


def test_a_new_enough_server_on_the_path_is_used(tmp_path: Path) -> None:
    path = program(tmp_path, "26.9.1.1 (official build).")
    assert installed_server({"PATH": str(tmp_path)}) == str(path)


def test_a_missing_or_old_server_on_the_path_is_not_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert installed_server({"PATH": str(tmp_path)}) is None
    program(tmp_path, "18.16.1.")
    assert installed_server({"PATH": str(tmp_path)}) is None
    assert "is ClickHouse 18, and 24 or newer is needed" in capsys.readouterr().out


def test_a_named_server_must_exist_and_be_new_enough(tmp_path: Path) -> None:
    named = {"PATH": "", "CLIPSTREAM_CLICKHOUSE_BIN": str(tmp_path / "clickhouse")}
    with pytest.raises(StackError, match="there is no such program"):
        installed_server(named)
    program(tmp_path, "23.8.1.1.")
    with pytest.raises(StackError, match="is ClickHouse 23, and 24 or newer is needed"):
        installed_server(named)
    path = program(tmp_path, "25.3.2.39.")
    assert installed_server(named) == str(path)


def test_its_files_hold_no_password_and_let_one_user_in_from_here(tmp_path: Path) -> None:
    config, users = tmp_path / "config.xml", tmp_path / "users.xml"
    write_config(config, users, data=tmp_path / "a & b", port=8123, user="clipstream", password="secret")
    assert ElementTree.parse(config).findtext("path") == f"{tmp_path}/a & b/"
    assert ElementTree.parse(config).findtext("users_config") == str(users)
    assert "secret" not in config.read_text() + users.read_text()
    assert [user.tag for user in ElementTree.parse(users).findall("users/*")] == ["clipstream"]
    assert ElementTree.parse(users).findtext("users/clipstream/networks/ip") == "127.0.0.1"
    assert oct(users.stat().st_mode & 0o777) == "0o600"
