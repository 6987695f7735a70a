"""Read a Dockerfile's stages as steps. Knows what ours use: FROM, RUN, COPY, ENV, WORKDIR, USER, CMD in JSON."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import msgspec


class Step(msgspec.Struct, frozen=True):
    """One instruction: its keyword, and what follows it on one line."""

    keyword: str
    text: str


class Stage(msgspec.Struct, frozen=True):
    """A base image, or the name of an earlier stage, and the steps on it."""

    base: str
    name: str
    steps: tuple[Step, ...]


class Copy(msgspec.Struct, frozen=True):
    """What a COPY names."""

    stage: str
    """Empty: the build's context."""
    sources: tuple[str, ...]
    target: str


KEYWORDS = {"RUN", "COPY", "ENV", "WORKDIR", "USER", "CMD"}


def read_stages(path: Path) -> list[Stage]:
    """The stages in order. Raises ValueError at an instruction that nothing here carries out."""
    text = "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("#"))
    stages: list[Stage] = []
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        if not line.strip():
            continue
        keyword, _, rest = line.partition(" ")
        if keyword == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(base.strip(), name.strip(), ()))
        elif keyword in KEYWORDS:
            stages[-1] = msgspec.structs.replace(stages[-1], steps=(*stages[-1].steps, Step(keyword, rest.strip())))
        else:
            raise ValueError(f"{path.name}: {keyword} is not carried out here")
    return stages


def read_copy(text: str) -> Copy:
    """Flags and paths of a COPY."""
    words = shlex.split(text)
    flags = [word for word in words if word.startswith("--")]
    paths = [word for word in words if not word.startswith("--")]
    if any(not flag.startswith("--from=") for flag in flags):
        raise ValueError(f"COPY {text}: only --from is carried out here")
    return Copy(flags[0].removeprefix("--from=") if flags else "", tuple(paths[:-1]), paths[-1])


def read_environment(text: str, given: dict[str, str]) -> dict[str, str]:
    """The variables of an ENV, with those before it put in where a value names them."""
    pairs = (word.partition("=") for word in shlex.split(text))
    return {name: re.sub(r"\$\{?(\w+)\}?", lambda found: given.get(found[1], ""), value) for name, _, value in pairs}


def read_command(text: str) -> list[str]:
    """The words of a CMD in its JSON form."""
    words: list[str] = json.loads(text)
    return words
