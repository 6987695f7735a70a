"""Install Apache Kafka from its Maven artifacts, each jar checked against a checked-in SHA-256."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from pathlib import Path

from local.install.cache import check_files, ensure_built, parse_checksums, sha256_of
from local.install.tools import Say, find_java, find_tool, last_words, run_tool, tool_environment

HERE = Path(__file__).resolve().parents[1] / "kafka"
POM = HERE / "pom.xml"
JARS = HERE / "jars.sha256"


def target(cache: Path) -> Path:
    """Folder of the jars of this list; another list is another directory."""
    return cache / f"kafka-{sha256_of(JARS)[:12]}"


def install(cache: Path, environ: Mapping[str, str], say: Say) -> Path:
    """The directory of jars, fetched when missing. Raises StackError."""
    find_java()

    def build(directory: Path) -> None:
        mvn = find_tool(
            "mvn",
            "Maven is needed once to fetch Kafka and is missing: `apt-get install maven`, "
            "or set CLIPSTREAM_KAFKA to a broker that runs elsewhere",
        )
        run_tool(
            [mvn, "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={directory}"],
            cwd=directory,
            environ=tool_environment(environ, MAVEN_OPTS=_maven_options(environ)),
            say=say,
            shorten=only_ours(set(parse_checksums(JARS.read_text()))),
            explain=explain_maven,
        )
        remedy = "`find ~/.m2 -name '{name}*' -delete`, then run again"
        check_files(directory, parse_checksums(JARS.read_text()), part="Kafka", remedy=remedy)

    return ensure_built(target(cache), build)


def _maven_options(environ: Mapping[str, str]) -> str:
    """Java takes the home directory from the user database; in containers HOME is the right one."""
    home = environ.get("HOME")
    return " ".join(filter(None, (environ.get("MAVEN_OPTS"), f"-Duser.home={home}" if home else None)))


def only_ours(jars: Set[str]) -> Callable[[str], str | None]:
    """Maven also downloads itself in pieces; a line is kept for each jar that is ours.

    ``[INFO] Downloaded from central: https://…/kafka-clients-4.3.1.jar (9.5 MB at 2 MB/s)`` → name and size.
    """

    def shorten(line: str) -> str | None:
        match = re.search(r"Downloaded from \S+ \S+/([^/ ]+\.jar) \((\S+ \S+) at", line)
        return f"{match[1]} {match[2]}" if match and match[1] in jars else None

    return shorten


def explain_maven(output: str) -> str:
    """One line for a failed Maven run."""
    if "No space left" in output:
        return "Kafka: the disk is full: make room under ~/.m2 and the cache, then run again"
    if "Checksum validation failed" in output:
        return "Kafka: a download is broken (checksum): remove ~/.m2/repository/org/apache/kafka and run again"
    errors = [line.removeprefix("[ERROR]").strip() for line in output.splitlines() if line.startswith("[ERROR]")]
    reason = last_words(next(filter(None, errors), output))
    return f"Kafka could not be fetched by Maven ({reason}): mend the network and run again, what is there is kept"
