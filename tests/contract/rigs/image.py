"""Build an image from its Dockerfile without a container engine: Debian's own root, overlay mounts and chroot.

Each step is a layer in the download cache, named by all before it and by what it copies, as an engine does. The base
``python:3.11-slim-bookworm`` is stood in for by the same Debian with Debian's own Python 3.11.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
import pytest

from local.config.paths import REPO, cache_dir
from local.install.cache import ensure_built
from tests.contract.rigs.dockerfile import Copy, Stage, read_command, read_copy, read_environment, read_stages

BASES = {"python:3.11-slim-bookworm": ("bookworm", "3.11")}
"""Images that are stood in for: Debian's release, and its Python."""
PACKAGES = ("python{0}", "python{0}-venv", "python3-pip", "ca-certificates")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NETWORK = ("SSL_CERT_FILE", "PIP_CERT", "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""How this machine reaches the package registry: passed on to each RUN, as are its certificates and names."""
SHARED = ("/etc/ssl/certs", "/etc/resolv.conf", "/etc/hosts")
UV_CACHE = "root/.cache/uv"
KEPT_DAYS = 3
"""How long a layer that no build used is kept."""


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage leaves: layers, the last one on top, and how a process of it starts."""

    layers: tuple[Path, ...]
    environment: dict[str, str]
    folder: str = "/"
    user: str = "0"
    command: tuple[str, ...] = ()

    @property
    def lower(self) -> str:
        """Overlay's list: the topmost first."""
        return ":".join(str(layer) for layer in reversed(self.layers))


def needs_root() -> None:
    """Skip where chroot is not to be had; fail where mmdebstrap is missing, which `make test` installs."""
    if os.geteuid() != 0:
        pytest.skip("only root can build an image")
    assert shutil.which("mmdebstrap"), "an image is built with mmdebstrap: `apt-get install mmdebstrap`"


def layers_folder() -> Path:
    """Where layers are kept: the download cache."""
    folder = cache_dir(os.environ) / "image-layers"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def build(dockerfile: Path) -> Image:
    """The image of the last stage; steps that were done before are taken from the cache."""
    images: dict[str, Image] = {}
    image: Image | None = None
    for stage in read_stages(dockerfile):
        image = _build_stage(stage, images)
        images[stage.name] = image
    assert image is not None, f"{dockerfile} has no stage"
    _forget_unused({layer.parent for image in images.values() for layer in image.layers})
    return image


def _forget_unused(used: set[Path]) -> None:
    oldest_s = time.time() - KEPT_DAYS * 86_400
    for folder in layers_folder().iterdir():
        if folder in used:
            os.utime(folder)
        elif folder.is_dir() and folder.stat().st_mtime < oldest_s:
            shutil.rmtree(folder, ignore_errors=True)


def _build_stage(stage: Stage, images: Mapping[str, Image]) -> Image:
    image = images[stage.base] if stage.base in images else _base(stage.base)
    for step in stage.steps:
        change = msgspec.structs.replace
        if step.keyword == "ENV":
            image = change(image, environment=image.environment | read_environment(step.text, image.environment))
        elif step.keyword == "WORKDIR":
            image = change(image, folder=step.text)
        elif step.keyword == "USER":
            image = change(image, user=step.text)
        elif step.keyword == "CMD":
            image = change(image, command=tuple(read_command(step.text)))
        elif step.keyword == "COPY":
            image = _with_layer(image, step.text, read_copy(step.text), images)
        else:
            image = _with_layer(image, step.text, None, images)
    return image


def _base(name: str) -> Image:
    release, python = BASES[name]
    packages = ",".join(package.format(python) for package in PACKAGES)

    def make(folder: Path) -> None:
        root = folder / "files"
        subprocess.run(
            ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", f"--include={packages}", release, root],
            check=True, capture_output=True,
        )  # fmt: skip
        (root / "usr/local/bin/python").symlink_to(f"/usr/bin/python{python}")
        (root / UV_CACHE).mkdir(parents=True)

    key = hashlib.sha256(f"{release} {packages} {UV_CACHE}".encode()).hexdigest()[:12]
    made = ensure_built(layers_folder() / f"base-{key}", make)
    return Image(layers=(made / "files",), environment={"PATH": PATH, "PIP_BREAK_SYSTEM_PACKAGES": "1"})


def _with_layer(image: Image, text: str, copy: Copy | None, images: Mapping[str, Image]) -> Image:
    digest = hashlib.sha256(msgspec.json.encode([image.lower, image.environment, image.folder, image.user, text]))
    if copy is not None:
        digest.update(images[copy.stage].lower.encode() if copy.stage else _content(copy.sources))

    def make(folder: Path) -> None:
        (folder / "files").mkdir()
        (folder / "work").mkdir()
        if copy is None:
            _run(image, folder, text)
        elif copy.stage:
            _copy_stage(images[copy.stage], copy, folder / "files")
        else:
            _copy_context(copy, folder / "files" / _inside(image.folder, copy.target))
        shutil.rmtree(folder / "work")

    made = ensure_built(layers_folder() / digest.hexdigest()[:12], make)
    return msgspec.structs.replace(image, layers=(*image.layers, made / "files"))


def _inside(folder: str, target: str) -> str:
    return str(Path(folder) / target).strip("/")


def _content(sources: Iterable[str]) -> bytes:
    digest = hashlib.sha256()
    for source in sources:
        top = REPO / source
        for path in sorted([top] if top.is_file() else top.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(REPO)} {path.stat().st_mode}".encode() + path.read_bytes())
    return digest.digest()


def _copy_context(copy: Copy, target: Path) -> None:
    """As COPY does: a folder's content, or files into a folder."""
    for source in copy.sources:
        if (REPO / source).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(REPO / source, target, dirs_exist_ok=True, ignore=ignored)
        else:
            into = target if len(copy.sources) > 1 or copy.target.endswith("/") else target.parent
            into.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPO / source, into)


def _copy_stage(image: Image, copy: Copy, target: Path) -> None:
    """A folder of an earlier stage, layer by layer, as links: nothing writes to a layer that is made."""
    (source,) = copy.sources
    into = target / copy.target.strip("/")
    into.mkdir(parents=True)
    for layer in image.layers:
        folder = layer / source.strip("/")
        if folder.is_dir():
            subprocess.run(["cp", "-alf", f"{folder}/.", into], check=True)
            removed = subprocess.run(["find", into, "-type", "c"], capture_output=True, text=True, check=True).stdout
            for path in removed.splitlines():  # overlay's mark of a removed file
                Path(path).unlink()


def _run(image: Image, folder: Path, command: str) -> None:
    """A RUN as root, with this machine's way to the registry and uv's downloads."""
    point = folder / "point"
    point.mkdir()
    given = image.environment | {name: os.environ[name] for name in NETWORK if name in os.environ} | {"HOME": "/root"}
    inside = shlex.join(["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in given.items()), "/bin/sh", "-c"])
    cache = Path(os.environ.get("UV_CACHE_DIR", Path.home() / ".cache" / "uv"))
    cache.mkdir(parents=True, exist_ok=True)
    binds = [f"touch {point}{path}; mount --bind {path} {point}{path}" for path in SHARED if Path(path).exists()]
    _in_own_mounts(f"""
        mount -t overlay overlay -o lowerdir={image.lower},upperdir={folder}/files,workdir={folder}/work {point}
        mount --bind /proc {point}/proc
        mount --rbind /dev {point}/dev
        mount --bind {cache} {point}/{UV_CACHE}
        mkdir -p {point}{image.folder}
        {"; ".join(binds)}
        chroot {point} {inside} {shlex.quote(f"cd {image.folder} && {command}")}
    """)
    point.rmdir()


def _in_own_mounts(script: str) -> None:
    ended = subprocess.run(
        ["unshare", "--mount", "sh", "-eu", "-c", script], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"{script}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"


def start_command(
    image: Image, point: Path, words: Iterable[str], environment: Mapping[str, str], *, secrets: Path
) -> list[str]:
    """What runs a process of the image as its user: a root that is read-only, /tmp and /work of its own, no capability.

    The words after ``unshare`` are executed one in another's place, so the process that is started is the image's own.
    """
    uid = image.user
    user = [
        "/usr/bin/setpriv",
        f"--reuid={uid}",
        f"--regid={uid}",
        "--clear-groups",
        "--no-new-privs",
        "--pdeathsig=KILL",
    ]
    user += ["--bounding-set=-all", "--inh-caps=-all"]
    given = image.environment | dict(environment) | {"HOME": "/home/clipstream"}
    inside = [*user, "/usr/bin/env", "-i", *(f"{name}={value}" for name, value in given.items())]
    inside += ["/bin/sh", "-c", f"cd {image.folder} && exec {shlex.join(words)}"]
    script = f"""
        mount -t overlay overlay -o ro,lowerdir={image.lower} {point}
        mount -t tmpfs tmpfs {point}/tmp
        mount -t tmpfs -o uid={uid},gid={uid} tmpfs {point}/work
        mount -t tmpfs tmpfs {point}/run
        mkdir {point}/run/secrets
        mount --bind {secrets} {point}/run/secrets
        mount --bind /proc {point}/proc
        mount --rbind /dev {point}/dev
        exec chroot {point} {shlex.join(inside)}
    """
    return ["unshare", "--mount", "sh", "-eu", "-c", script]
