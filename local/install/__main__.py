"""``python -m local.install``: fetch what a stack needs into the cache, and print the paths."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from local.config.paths import cache_dir
from local.errors import StackError
from local.install.all import install


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Used by images and by machines that are prepared before they lose the network."""
    parser = argparse.ArgumentParser(prog="python -m local.install", description=__doc__)
    parser.add_argument("--triton-only", action="store_true", help="Triton and the weights, without Kafka")
    options = parser.parse_args(argv)
    try:
        installed = install(cache_dir(environ), environ, _to_stderr, kafka_wanted=not options.triton_only)
    except StackError as problem:
        _to_stderr(f"clipstream: {problem}")
        return 1
    for name, place in (("kafka", installed.kafka_jars), ("weights", installed.weights)):
        if place:
            print(f"{name} {place}")
    return 0


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
