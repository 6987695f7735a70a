"""A stack that reaches object store, Triton, ClickHouse and search through TCP proxies.

Two stacks of the local kind: one with those four servers, one with all else, to which the proxies are servers that run
elsewhere. Kafka and Postgres are reached directly: a broker names its own address to its clients.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.harness.rig import ASK_OFTEN, Rig, say
from local import stack as local_stack
from local.config.state import PartStatus, load
from local.endpoints import GIVEN_BY
from local.stack import StackInfo
from tests.support.tcp_proxy import TcpProxy

ADDRESSES = {
    "objects": "CLIPSTREAM_S3",
    "triton": "CLIPSTREAM_TRITON",
    "clickhouse": "CLIPSTREAM_CLICKHOUSE",
    "search": "CLIPSTREAM_MEILISEARCH",
}
"""Server behind a proxy → the variable with its address."""
NOT_THERE = {
    "CLIPSTREAM_KAFKA": "127.0.0.1:9",
    **dict.fromkeys(GIVEN_BY["postgres"], "postgresql://none:none@127.0.0.1:9/none"),
}
"""What the stack of the four servers does not start."""


def through(address: str, link: TcpProxy) -> str:
    """The address of a server with the proxy's port in place of its own."""
    if "//" not in address:
        return link.address
    url = urlsplit(address)
    login = url.netloc.rpartition("@")[0]
    return url._replace(netloc=f"{login}@{link.address}" if login else link.address).geturl()


class ProxiedStack(Rig):
    """The stack of the soak; ``links`` are the proxies, by the name of the server behind."""

    links: dict[str, TcpProxy]

    def stack(self) -> StackInfo:
        """Both stacks, ready."""
        if self._info is None:
            self._root = Path(tempfile.mkdtemp(prefix="clipstream-bench-"))
            self._root.chmod(0o755)
            self.links, self._closing = {}, contextlib.ExitStack()
            say("starting the four servers behind proxies")
            environ = dict(os.environ) | NOT_THERE
            servers = local_stack.ensure_running(
                local_stack.layout_of(self._root / "servers"), environ, say, stores_only=True, ends_with_us=True
            )
            say("starting all else")
            self._info = local_stack.ensure_running(
                local_stack.layout_of(self._root / "state"),
                os.environ | ASK_OFTEN | self._proxied(servers.env),
                say,
                ends_with_us=True,
            )
        return self._info

    def _proxied(self, env: Mapping[str, str]) -> dict[str, str]:
        """The variables of the four servers, through a proxy each."""
        variables: dict[str, str] = {}
        for name, variable in ADDRESSES.items():
            url = urlsplit(env[variable] if "//" in env[variable] else f"//{env[variable]}")
            assert url.hostname is not None
            assert url.port is not None
            link = self.links[name] = self._closing.enter_context(TcpProxy(url.hostname, url.port))
            variables |= {key: env[key] for key in GIVEN_BY[name]} | {variable: through(env[variable], link)}
        return variables

    def read_parts(self) -> dict[str, PartStatus]:
        """The parts of both stacks."""
        product_parts = {name: part for name, part in super().read_parts().items() if part.state != "external"}
        assert self._root is not None
        servers = load(local_stack.layout_of(self._root / "servers"))
        assert servers is not None
        return product_parts | {name: servers.parts[name] for name in ADDRESSES}

    def keep_logs(self) -> None:
        """Copy the logs of both."""
        super().keep_logs()
        if self._root is not None:
            for log in local_stack.layout_of(self._root / "servers").logs.glob("*.log"):
                shutil.copyfile(log, self.out / "logs" / f"servers-{log.name}")

    def __exit__(self, kind: object, *rest: object) -> None:
        """Stop what uses the proxies, then the proxies, then the servers."""
        root = self._root
        if root is not None:
            if kind is not None:
                self.keep_logs()
            say("stopping the stack")
            local_stack.reset(local_stack.layout_of(root / "state"), say)
            self._closing.close()
            local_stack.reset(local_stack.layout_of(root / "servers"), say)
            shutil.rmtree(root, ignore_errors=True)
