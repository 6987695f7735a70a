"""`python -m local.standins.mail`: take mails on a loopback port, keep each as a file, until SIGTERM.

A mail is a file ``NUMBER.eml`` that its owner alone can read: codes of sign-ins stand in it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT_MAILS_COUNT = 1000
MAX_BYTES = 1_048_576


class Catcher:
    """Keeps mails in a folder, the newest ``KEPT_MAILS_COUNT``."""

    def __init__(self, folder: Path) -> None:
        """``folder`` must be there."""
        self._folder = folder
        self._number = max((int(path.stem) for path in folder.glob("*.eml") if path.stem.isdigit()), default=0)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a mail; called by the server."""
        self._number += 1
        name = f"{self._number:08d}"
        body = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content or "").encode()
        hidden = self._folder / f".{name}"
        with os.fdopen(os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(body)
        hidden.replace(self._folder / f"{name}.eml")
        for path in sorted(self._folder.glob("*.eml"))[:-KEPT_MAILS_COUNT]:
            path.unlink(missing_ok=True)
        return "250 kept"


async def catch(folder: Path, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    catcher = Catcher(folder)
    server = await loop.create_server(
        lambda: SMTP(catcher, data_size_limit=MAX_BYTES, hostname="localhost", ident="clipstream", loop=loop),
        host,
        port,
    )
    async with server:
        await stop.wait()


def main() -> None:
    """Serve one folder."""
    parser = argparse.ArgumentParser(prog="local.standins.mail", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    options = parser.parse_args()
    options.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    asyncio.run(catch(options.data, options.host, options.port))


if __name__ == "__main__":
    main()
