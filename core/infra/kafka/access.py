"""Access to Kafka: address, principal and TLS, as each client of it takes them."""

from __future__ import annotations

import ssl
from typing import Any

import msgspec

from core.settings import Settings

MECHANISM = "SCRAM-SHA-512"


class KafkaAccess(msgspec.Struct, frozen=True, kw_only=True):
    """One principal's way to the brokers. Without a user there is no login."""

    bootstrap: str
    """``host:port`` pairs with commas between."""
    user: str = ""
    password: str = ""
    mechanism: str = MECHANISM
    tls: bool = False
    ca: str = ""
    """File of the authorities that sign the brokers' certificates; empty: those of the system."""
    certificate: str = ""
    """File of a client certificate, where the brokers ask for one."""
    key: str = ""
    """File of its key."""

    def __repr__(self) -> str:
        """Without the password: it must not reach a log."""
        return f"KafkaAccess({self.bootstrap!r}, user={self.user!r}, tls={self.tls})"

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments of every client of aiokafka."""
        options: dict[str, Any] = {
            "bootstrap_servers": [server.strip() for server in self.bootstrap.split(",")],
            "security_protocol": f"{'SASL_' if self.user else ''}{'SSL' if self.tls else 'PLAINTEXT'}",
        }
        if self.tls:
            options["ssl_context"] = self.tls_context()
        if self.user:
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return options

    def tls_context(self) -> ssl.SSLContext:
        """Checks the brokers' certificates and names. Raises OSError (ssl.SSLError too) for unusable files."""
        context = ssl.create_default_context(cafile=self.ca or None)
        if self.certificate:
            context.load_cert_chain(self.certificate, self.key or None)
        return context


def kafka_access(settings: Settings) -> KafkaAccess:
    """The access of this process."""
    return KafkaAccess(
        bootstrap=settings.kafka,
        user=settings.kafka_user,
        password=settings.kafka_password,
        mechanism=settings.kafka_mechanism,
        tls=settings.kafka_tls == "on",
        ca=settings.kafka_ca,
        certificate=settings.kafka_certificate,
        key=settings.kafka_key,
    )
