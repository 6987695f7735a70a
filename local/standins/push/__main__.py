"""`python -m local.standins.push --port 8099 --data FOLDER`: a push service for trying, until SIGTERM.

It listens on the loopback address over TLS, with a certificate that it writes to the folder (`push.crt`): a relay
trusts it by ``SSL_CERT_FILE``, and calls it where ``CLIPSTREAM_FETCH_ALLOW`` names its address. ``--trouble`` goes
wrong first.
"""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import get_args

import uvicorn

from local.standins.push.app import PushService, Trouble
from local.standins.push.certificates import write_certificate

HOST = "127.0.0.1"


class TroubledService(PushService):
    """A service whose channels begin with the same troubles."""

    troubles: tuple[Trouble, ...] = ()

    def subscribe(self, sender: str) -> str:
        """A new channel; returns its URL."""
        url = super().subscribe(sender)
        self.trouble[url.rpartition("/")[2]] = list(self.troubles)
        return url


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="local.standins.push", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--trouble", nargs="*", choices=get_args(Trouble), default=[], help="what goes wrong first")
    options = parser.parse_args()
    certificate, key = write_certificate(options.data, HOST, dt.datetime.now(dt.UTC))
    service = TroubledService(f"https://{HOST}:{options.port}", lambda: dt.datetime.now(dt.UTC))
    service.troubles = tuple(options.trouble)
    uvicorn.run(
        service.app(),
        host=HOST,
        port=options.port,
        log_level="warning",
        access_log=False,
        ssl_certfile=certificate,
        ssl_keyfile=str(key),
    )


if __name__ == "__main__":
    main()
