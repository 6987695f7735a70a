"""Services of the compose file as `docker compose` would start them: merged, with variables put in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from local.config.paths import REPO

FOLDER = REPO / "deploy" / "compose"
PRODUCT = "clipstream:"
"""The image of the product's own services begins so."""
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<how>[-?])(?P<rest>[^}]*))?\}")


def read_compose(*names: str) -> dict[str, Any]:
    """The compose file with overlays: maps are merged, all else is replaced."""
    whole: dict[str, Any] = {}
    for name in ("compose.yaml", *names):
        whole = merged(whole, yaml.safe_load((FOLDER / name).read_text()))
    return whole


def merged(below: Any, above: Any) -> Any:
    """As `docker compose` merges files, as far as ours go."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {key: merged(below[key], above[key]) if key in below and key in above else (below | above)[key]
                for key in below | above}  # fmt: skip
    return above


def product_services(compose: Mapping[str, Any]) -> dict[str, Any]:
    """Services of the product's own image."""
    return {name: one for name, one in compose["services"].items() if one.get("image", "").startswith(PRODUCT)}


def process_of(command: Sequence[str]) -> str | None:
    """The row of `schemas.access.process_settings` of a command of the product; None for another one."""
    line = " ".join(command)
    if line == "python -m api":
        return "api"
    if not line.startswith("python -m streams --"):
        return None
    kind, *name = command[3:]
    return {"--stage": "".join(name), "--sink": f"sink-{''.join(name)}"}.get(kind, kind.removeprefix("--"))


def settings_of(service: Mapping[str, Any]) -> set[str]:
    """Names of the settings that a service gets: as variables, or as files of secrets."""
    return {name.removesuffix("_FILE") for name in service.get("environment", {})}


def interpolated(text: str, values: Mapping[str, str]) -> str:
    """``${NAME}``, ``${NAME:-default}`` and ``${NAME:?message}``. Raises KeyError where a needed one is missing."""

    def put_in(found: re.Match[str]) -> str:
        name = found["name"]
        return (values.get(name) or found["rest"]) if found["how"] == "-" else values[name]

    return _VARIABLE.sub(put_in, text)


def files_of(folder: Path = FOLDER) -> list[Path]:
    """Every compose file."""
    return sorted(folder.glob("compose*.yaml"))
