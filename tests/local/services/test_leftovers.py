"""Leftovers of a killed stack outside its directory: its own are removed, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.services import leftovers
from local.services.leftovers import remove_forsaken, remove_leftover_files


def test_only_this_stacks_files_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "SHARED_MEMORY", tmp_path)
    monkeypatch.setattr(leftovers, "SOCKETS", tmp_path)
    ours = ["clipstream_ab12_0f", "seaweedfs-s3-20006.sock", "seaweedfs-filer-grpc-30009.sock"]
    others = ["clipstream_ab13_0f", "seaweedfs-s3-21006.sock", "seaweedfs-filer-grpc-31009.sock", "PostgreSQL.1"]
    for name in (*ours, *others):
        (tmp_path / name).touch()
    remove_leftover_files("ab12", 20_000)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)


def test_only_empty_directories_of_a_killed_triton_are_removed(tmp_path: Path) -> None:
    (tmp_path / "python_env_aB3xyz").mkdir()
    (tmp_path / "python_env_full00" / "x").mkdir(parents=True)
    (tmp_path / "python_environment").mkdir()
    remove_forsaken(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["python_env_full00", "python_environment"]
