"""The parts that benchmarks share: the recipe's file, a stack of their own, a client of its API.

Measures nothing itself.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit, urlunsplit

from benchmarks.harness import source_video
from benchmarks.harness.claims import Claim, exit_code, format_claim
from cli.api.client import JSON, ApiRefused, Client
from cli.api.upload import upload
from cli.api.upload_note import UploadNote
from cli.exit_codes import CliError, ExitCode
from local import stack as local_stack
from local.config.paths import cache_dir
from local.config.stack_secrets import load_or_make
from local.config.state import PartStatus, load
from local.install.cache import exclusive
from local.stack import StackInfo

T = TypeVar("T")
ENDED = ("completed", "failed", "cancelled")
SEED = 1
QUICK_MINUTES = 0.6
SHORT = "talking/hamilton_whitehouse_10s_360p.mp4"
"""Ten seconds of speech: what warms a stack, and what many small projects are made of."""
SHORT_OPTIONS: JSON = {"max_clips": 1, "min_clip_ms": 3000}
ASK_OFTEN = {"CLIPSTREAM_RATE_LIMIT_PER_MINUTE": "600000"}
"""One key asks for many customers here."""


def say(line: str) -> None:
    """Progress, apart from results."""
    print(line, file=sys.stderr, flush=True)


class Rig:
    """Inputs and servers, made when first asked for. Leaving it stops and removes what it started."""

    def __init__(self, *, media: Path, out: Path, minutes: float, rounds: int, quick: bool, state: Path | None) -> None:
        """``state``: a directory whose stack is used (and left running if it ran); else a stack of its own."""
        self.media, self.out, self.minutes, self.rounds, self.quick = media, out, minutes, rounds, quick
        self.cache = cache_dir(os.environ) / "bench"
        self.distinct_s: float | None = None
        """Seconds of distinct source in the recipe's file, once it was asked for."""
        self._given = state
        self._root: Path | None = None
        self._info: StackInfo | None = None

    def __enter__(self) -> Self:
        """SIGTERM unwinds like Ctrl-C, so that nothing stays behind."""
        signal.signal(signal.SIGTERM, _interrupt)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Stop and remove the stack of our own; keep its logs where something went wrong."""
        if self._root is not None:
            if kind is not None:
                self.keep_logs()
            say("stopping the stack")
            local_stack.reset(local_stack.layout_of(self._root / "state"), say)
            shutil.rmtree(self._root, ignore_errors=True)
        elif self._info is not None and self._info.started_here:
            self.stop()

    def file(self, name: str) -> Path:
        """A file of the shared media. Raises SystemExit where it is missing."""
        path = self.media / name
        if not path.is_file():
            raise SystemExit(f"{path} is missing: set CLIPSTREAM_MEDIA (or --media) to the folder of the shared media")
        return path

    def recipe(self, minutes: float | None = None) -> Path:
        """The 1080p file of the recipe, made once for each length and text of the recipe.

        ``minutes``: the rig's.
        """
        minutes = minutes or self.minutes
        text = Path(source_video.__file__).read_bytes() + f"{minutes} {SEED}".encode()
        path = self.cache / f"recipe-{minutes:g}min-{hashlib.sha256(text).hexdigest()[:12]}.mp4"
        self.cache.mkdir(parents=True, exist_ok=True)
        videos, speech = source_video.sources(self.media)
        pieces = source_video.plan(videos, minutes, SEED)
        self.distinct_s = source_video.distinct_seconds(pieces)
        say(f"the recipe's file: {minutes:g} min of 1080p, {self.distinct_s:.0f} s of distinct source")
        with exclusive(self.cache / f".{path.stem}.lock"):
            if not path.is_file():
                say("making it, once: some minutes of both cores")
                partial = path.with_name(f".{path.name}")  # PyAV takes the container from the suffix
                source_video.write(partial, pieces, source_video.Sounds(speech, SEED))
                partial.rename(path)
        return path

    def stack(self) -> StackInfo:
        """A stack that is ready; the same one (state, ports) after ``stop``."""
        if self._info is None:
            if self._given is None and self._root is None:
                self._root = Path(tempfile.mkdtemp(prefix="clipstream-bench-"))
                self._root.chmod(0o755)
            say("starting the stack")
            place = self._given or self._root / "state"
            self._info = local_stack.ensure_running(
                local_stack.layout_of(place), os.environ | ASK_OFTEN, say, ends_with_us=True
            )
        return self._info

    def stop(self) -> None:
        """Stop the stack, keep its data; ``stack`` starts it again."""
        if self._info is not None:
            local_stack.down(local_stack.layout_of(self._info.state_dir), say)
            self._info = None

    def keep_logs(self) -> None:
        """Copy the parts' logs to ``logs`` under the output folder."""
        if self._root is None:
            return
        to = self.out / "logs"
        to.mkdir(parents=True, exist_ok=True)
        for log in local_stack.layout_of(self._root / "state").logs.glob("*.log"):
            shutil.copyfile(log, to / log.name)
        say(f"the parts' logs are in {to}")

    def superuser(self) -> str:
        """The URL by which Postgres's superuser connects: it sees all organisations."""
        info = self.stack()
        password = load_or_make(local_stack.layout_of(info.state_dir)).postgres_superuser
        parts = urlsplit(info.env["CLIPSTREAM_POSTGRES_OWNER"])
        return urlunsplit(parts._replace(netloc=f"postgres:{password}@{parts.hostname}:{parts.port}"))

    def read_parts(self) -> dict[str, PartStatus]:
        """The stack's parts as its supervisor wrote them down."""
        state = load(local_stack.layout_of(self.stack().state_dir))
        assert state is not None
        return state.parts

    def client(self) -> Client:
        """A client of the stack's API; close it after use."""
        info = self.stack()
        return Client(info.api, info.api_key, sleep=time.sleep)

    def warm(self) -> str:
        """Take two short projects through the whole stack, one after the other; gives the id of the last."""
        project_id = ""
        with contextlib.closing(self.client()) as client:
            for _ in range(2):
                project_id = start(client, self.file(SHORT), SHORT_OPTIONS)
                expect_completed(wait(client, project_id, timeout_s=240))
        return project_id


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def send(client: Client, path: Path) -> str:
    """Upload a file, from its beginning; gives the upload's id."""
    with tempfile.TemporaryDirectory() as folder:
        return upload(client, path, lambda _: None, UploadNote(Path(folder) / "note"), say)


def start(client: Client, path: Path, options: JSON, key: str | None = None) -> str:
    """Upload a file and create its project; gives its id."""
    body = {"upload_id": send(client, path), "title": path.stem, "options": options}
    return str(client.post("/v1/projects", body, key=key)["project_id"])


def wait(client: Client, project_id: str, *, timeout_s: float, every_s: float = 0.2) -> JSON:
    """The project once it has ended. Raises TimeoutError with its stages where it does not."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        project = client.get(f"/v1/projects/{project_id}")
        if project["state"] in ENDED:
            return project
        if time.monotonic() > deadline_s:
            stages = ", ".join(f"{stage['stage']} {stage['state']} {stage['percent']} %" for stage in project["stages"])
            raise TimeoutError(f"project {project_id} has not ended after {timeout_s:.0f} s: {stages}")
        time.sleep(every_s)


def expect_completed(project: JSON) -> JSON:
    """The project, if it is completed. Raises RuntimeError with its reason."""
    if project["state"] != "completed":
        raise RuntimeError(f"project {project['project_id']} {project['state']}: {project['failure']}")
    return project


def patiently(call: Callable[[], T], timeout_s: float) -> T:
    """Call until the API answers: through a restart of it, or of a store behind it.

    Raises CliError after that.
    """
    deadline_s = time.monotonic() + timeout_s
    while True:
        try:
            return call()
        except CliError as error:
            passing = error.code == ExitCode.STACK_UNAVAILABLE or (
                isinstance(error, ApiRefused) and error.status in (408, 409)
            )
            if not passing or time.monotonic() > deadline_s:
                raise
            time.sleep(1.0)


def judged(description: str | None, bench: Callable[[Rig], list[Claim]]) -> int:
    """A benchmark by itself on the command line; ``description`` heads its help.

    Exit code 1 where a claim does not hold.
    """
    with rig_of(arguments(description, "out/bench").parse_args()) as rig:
        claims = bench(rig)
    print("\n".join(map(format_claim, claims)))
    return exit_code(claims, [])


def describe_run(rig: Rig) -> dict[str, Any]:
    """The machine and the circumstances, for the report."""
    models = [line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    return {
        "cpus": os.cpu_count(),
        "processor": models[0] if models else platform.processor(),
        "python": platform.python_version(),
        "load_at_start": round(os.getloadavg()[0], 2),
        "minutes": rig.minutes,
        "rounds": rig.rounds,
        "quick": rig.quick,
    }


def _cpuinfo() -> Iterator[str]:
    path = Path("/proc/cpuinfo")
    yield from path.read_text().splitlines() if path.is_file() else ()


def arguments(doc: str | None, default_out: str) -> argparse.ArgumentParser:
    """The arguments that every benchmark on a rig takes."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--out", type=Path, default=Path(default_out), help=f"where results go ({default_out})")
    parser.add_argument("--state-dir", type=Path, help="a stack's directory to use; without: one of its own, removed")
    parser.add_argument("--minutes", type=float, default=10.0, help="length of the recipe's file (10)")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds whose medians are printed (3)")
    parser.add_argument("--quick", action="store_true", help="tiny inputs: shows that it works, no more")
    return parser


def rig_of(options: argparse.Namespace) -> Rig:
    """The rig that these arguments ask for."""
    return Rig(
        media=options.media.absolute(),
        out=options.out.absolute(),
        minutes=QUICK_MINUTES if options.quick else options.minutes,
        rounds=1 if options.quick else options.rounds,
        quick=options.quick,
        state=options.state_dir,
    )
