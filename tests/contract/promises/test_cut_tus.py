"""Promise 16, by tus: uploads cut at random bytes, or by the end of the API's process, go on exactly."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import msgspec
import pytest

from core.infra.s3.object_store import S3Objects
from core.settings import Settings
from tests.contract.promises.processes import Customer, ProductProcess, all_up, new_customer
from tests.contract.rigs.api_world import open_store
from tests.contract.rigs.servers import Server
from tests.support.progress import HANG_S, await_while_moving
from tests.support.soak import SEED, record, time_out, volume

UPLOADS = volume(40, 1_000)
AT_ONCE = 4
UPLOADS_PER_KILL = 20
MIB = 2**20
MOST_BYTES = 12 * MIB
BUCKET = "cut-tus"
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
async def store(postgres: Settings, seaweedfs: Server) -> AsyncIterator[S3Objects]:
    async with open_store(postgres, seaweedfs, BUCKET) as opened:
        yield opened


@pytest.fixture
async def apis(
    postgres: Settings, seaweedfs: Server, store: S3Objects, tmp_path: Path
) -> AsyncIterator[list[ProductProcess]]:
    """Two processes of one installation: each serves any piece of any upload."""
    settings = msgspec.structs.replace(
        postgres, s3=seaweedfs.url, s3_access_key=seaweedfs.user, s3_secret_key=seaweedfs.password, s3_bucket=BUCKET
    )
    parts = [ProductProcess(["api"], settings, tmp_path / f"api{number}.log") for number in range(2)]
    async with all_up(parts):
        yield parts


class Tally:
    """What happened to the uploads."""

    def __init__(self) -> None:
        self.cuts = self.kills = self.done = 0


class Sender:
    """A client that sends one file, is cut off, and goes on with what the API says is there."""

    def __init__(self, apis: list[ProductProcess], customer: Customer, dice: random.Random, tally: Tally) -> None:
        self._apis, self._dice, self._tally = apis, dice, tally
        self._headers = customer.headers | TUS
        self.body = dice.randbytes(dice.choice((dice.randrange(1, 2000), dice.randrange(1, MOST_BYTES))))

    async def ask(self, method: str, path: str, **headers: str) -> httpx2.Response:
        """The answer of any process that serves; one that was killed is asked no more."""
        answers: list[httpx2.Response] = []

        async def answered() -> bool:
            api = self._dice.choice(self._apis)
            try:
                async with httpx2.AsyncClient(timeout=HANG_S, trust_env=False) as client:
                    answers.append(await client.request(method, api.url + path, headers=self._headers | headers))
            except httpx2.TransportError:
                return False
            return answers[-1].status_code < 500

        await await_while_moving(answered, f"{method} {path}")
        return answers[-1]

    async def send(self) -> str:
        """Send all of it; the path of the upload."""
        made = await self.ask("POST", "/v1/uploads/tus", **{"Upload-Length": str(len(self.body))})
        assert made.status_code == 201, made.text
        path, offset = made.headers["location"], 0
        while offset < len(self.body):
            least = offset
            await self._send_piece(path, offset)
            offset = await self._offset(path)
            assert least <= offset <= len(self.body), "no byte that was kept is lost"
        return str(path)

    async def _offset(self, path: str) -> int:
        answer = await self.ask("HEAD", path)
        assert answer.status_code == 200, answer.status_code
        return int(answer.headers["upload-offset"])

    async def _send_piece(self, path: str, offset: int) -> None:
        """A PATCH of some bytes, of which all are sent, or those before a random place."""
        dice, rest = self._dice, self.body[offset:]
        piece = rest[: dice.choice((len(rest), dice.randrange(1, len(rest) + 1)))]
        sent = dice.choice((len(piece), dice.randrange(len(piece) + 1), dice.randrange(len(piece) + 1)))
        headers = self._headers | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        if dice.random() < 0.2:
            headers["Upload-Checksum"] = f"sha1 {base64.b64encode(hashlib.sha1(piece).digest()).decode()}"
        headers["Content-Length"] = str(len(piece))
        self._tally.cuts += sent < len(piece)
        await self._patch(path, headers, piece[:sent], whole=sent == len(piece))

    async def _patch(self, path: str, headers: dict[str, str], body: bytes, *, whole: bool) -> None:
        where = urlsplit(self._dice.choice(self._apis).url)
        head = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
        try:
            reader, writer = await asyncio.open_connection(where.hostname, where.port)
        except OSError:
            return  # it was just killed
        try:
            writer.write(f"PATCH {path} HTTP/1.1\r\nHost: {where.netloc}\r\n{head}\r\n".encode() + body)
            await writer.drain()
            if whole:
                status = (await asyncio.wait_for(reader.readline(), HANG_S)).split(b" ")
                assert not status[1:] or status[1] in (b"204", b"409", b"423", b"503"), status
        except OSError:
            return
        finally:
            writer.transport.abort()


async def sha256_of(store: S3Objects, key: str) -> str:
    digest, size = hashlib.sha256(), (await store.head(key)).size
    for at in range(0, size, 4 * MIB):
        digest.update(await store.read_range(key, at, min(4 * MIB, size - at)))
    return digest.hexdigest()


@time_out(7200)
async def test_cut_tus_uploads_go_on_exactly(postgres: Settings, store: S3Objects, apis: list[ProductProcess]) -> None:
    dice, tally, customer = random.Random(SEED), Tally(), await new_customer(postgres)
    places = asyncio.Semaphore(AT_ONCE)

    async def upload(seed: int) -> None:
        async with places:
            sender = Sender(apis, customer, random.Random(seed), tally)
            path = await sender.send()
            standing = (await sender.ask("GET", path.replace("/tus/files", ""))).json()
            assert standing["state"] == "complete"
            assert await sha256_of(store, standing["object_key"]) == hashlib.sha256(sender.body).hexdigest()
            tally.done += 1

    async def kill() -> None:
        """Every so many uploads one of the two processes ends in the middle of what it does."""
        while tally.done < UPLOADS:
            if tally.done >= (tally.kills + 0.5) * UPLOADS_PER_KILL:
                tally.kills += 1
                api = apis[tally.kills % 2]
                api.signal(signal.SIGKILL)
                await api.ended()
                api.start()
                await api.until_up()
            await asyncio.sleep(0.05)

    killer = asyncio.create_task(kill())
    try:
        await asyncio.gather(*(upload(dice.randrange(2**32)) for _ in range(UPLOADS)))
    finally:
        killer.cancel()
    assert tally.cuts >= UPLOADS / 2
    record(
        16,
        f"tus: {tally.done} of {UPLOADS} uploads went on exactly, cut {tally.cuts} times, {tally.kills} API processes "
        "killed",
    )
