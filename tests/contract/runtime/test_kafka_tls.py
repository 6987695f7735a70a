"""A stage's worker and plain clients reach Kafka by TLS with certificates on both sides, logged in by SCRAM."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.infra.kafka.access import KafkaAccess
from core.infra.kafka.administration import open_administration
from core.infra.kafka.group_consumer import open_group_consumer
from tests.contract.rigs.brokers import run_cluster
from tests.contract.rigs.servers import free_ports
from tests.support.progress import HANG_S, Patience

USER, PASSWORD = "clipstream-look", "correct horse"
WORKER = """
import asyncio, os, sys
from pathlib import Path
import msgspec
from streams.worker import build_app
from tests.contract.rigs.servers import make_settings

async def handle(message):
    print(message.payload.decode(), flush=True)
    os._exit(0)

async def main():
    kafka, folder, user, password, ca, certificate, key = sys.argv[1:]
    settings = msgspec.structs.replace(
        make_settings(kafka=kafka), work_dir=Path(folder), kafka_user=user, kafka_password=password,
        kafka_tls="on", kafka_ca=ca, kafka_certificate=certificate, kafka_key=key,
    )
    await build_app(settings, "look", handle).start()
    await asyncio.Event().wait()

asyncio.run(main())
"""
MORE = """\
listeners=PLAINTEXT://127.0.0.1:{{port}},CONTROLLER://127.0.0.1:{{controller}},TLS://127.0.0.1:{tls}
advertised.listeners=PLAINTEXT://127.0.0.1:{{port}},TLS://localhost:{tls}
listener.name.tls.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.tls.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.tls.ssl.client.auth=required
listener.name.tls.ssl.keystore.type=PEM
listener.name.tls.ssl.keystore.location={keystore}
listener.name.tls.ssl.truststore.type=PEM
listener.name.tls.ssl.truststore.location={ca}
"""


class Authority:
    """Signs certificates of a test, all by keys of the P-256 curve, for a day."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
        own = self._builder(self._name, self._key).add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        self.path = folder / "ca.pem"
        self.path.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def sign(self, name: str) -> tuple[Path, Path]:
        """Files of a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key)
        signed = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        paths = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        paths[0].write_bytes(signed.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return paths

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key.public_key())
        return builder.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaAccess]:
    """The access of one user to a broker that asks for certificates."""
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder)
    broker, own = authority.sign("localhost"), authority.sign(USER)
    keystore = folder / "keystore.pem"
    keystore.write_bytes(broker[1].read_bytes() + broker[0].read_bytes())
    (port,) = free_ports(1)
    with run_cluster(folder, 1, MORE.format(tls=port, keystore=keystore, ca=authority.path)) as cluster:
        access = KafkaAccess(
            bootstrap=f"localhost:{port}",
            user=USER,
            password=PASSWORD,
            tls=True,
            ca=f"{authority.path}",
            certificate=f"{own[0]}",
            key=f"{own[1]}",
        )
        asyncio.run(make_user(cluster.bootstrap, access))
        yield access


async def make_user(bootstrap: str, access: KafkaAccess) -> None:
    """The broker learns of a user a moment after the controller has taken it."""
    async with open_administration(KafkaAccess(bootstrap=bootstrap)) as administration:
        await administration.put_users({USER: PASSWORD})
    patience = Patience("the user's first login")
    while True:
        try:
            await send(access, b"by tls")
        except KafkaConnectionError:
            patience.check()
            await asyncio.sleep(0.1)
        else:
            return


async def send(access: KafkaAccess, body: bytes) -> None:
    producer = AIOKafkaProducer(**access.client_options(), acks="all")
    try:
        await producer.start()
        await producer.send_and_wait("spans.v1", body, partition=0)
    finally:
        await producer.stop()


async def test_a_worker_and_a_sink_take_a_message_sent_by_tls(guarded: KafkaAccess, tmp_path: Path) -> None:
    given = [guarded.bootstrap, f"{tmp_path}", USER, PASSWORD, guarded.ca, guarded.certificate, guarded.key]
    ended = subprocess.run(
        [sys.executable, "-c", WORKER, *given], capture_output=True, text=True, timeout=HANG_S, check=False
    )
    assert ended.stdout.split("\n")[0] == "by tls", ended.stderr[-2000:]
    async with open_group_consumer(guarded, "clipstream.sink.tls", ["spans.v1"]) as consumer:
        batch = await consumer.take(timeout_ms=20_000, max_messages=1)
    assert [message.payload for message in batch.messages] == [b"by tls"]


async def test_a_client_without_a_right_certificate_is_refused(guarded: KafkaAccess, tmp_path: Path) -> None:
    stranger = Authority(tmp_path)
    certificate, key = stranger.sign(USER)
    for broken in (
        {"certificate": "", "key": ""},
        {"certificate": f"{certificate}", "key": f"{key}"},
        {"ca": f"{stranger.path}"},
        {"password": "wrong"},
        {"tls": False},
    ):
        with pytest.raises((KafkaConnectionError, ssl.SSLError)):
            await send(msgspec.structs.replace(guarded, **broken), b"never")
