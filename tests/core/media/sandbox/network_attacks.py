"""Attempts on the network and on sockets."""

from __future__ import annotations

import os
import socket
import stat
from typing import Any

from tests.core.media.sandbox.attempts import attempt, call

AF_INET, AF_UNIX, AF_NETLINK, AF_PACKET, AF_VSOCK = 2, 1, 16, 17, 40


@attempt
def inherited_network_socket(given: dict[str, Any]) -> object:
    for number in range(64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode) and number != given["channel"]:
                return True
        except OSError:
            continue
    return False


@attempt
def connect_by_tcp(given: dict[str, Any]) -> object:
    with socket.socket(AF_INET) as link:
        link.connect(("127.0.0.1", given["port"]))
        return True


@attempt
def send_by_udp(given: dict[str, Any]) -> object:
    with socket.socket(AF_INET, socket.SOCK_DGRAM) as link:
        return link.sendto(b"x", ("127.0.0.1", given["port"])) > 0


@attempt
def listen_by_tcp(given: dict[str, Any]) -> object:
    with socket.socket(AF_INET) as link:
        link.bind(("127.0.0.1", 0))
        link.listen()
        return True


@attempt
def connect_by_unix_socket(given: dict[str, Any]) -> object:
    with socket.socket(AF_UNIX) as link:
        link.connect(given["unix_socket"])
        return True


@attempt
def connect_by_abstract_socket(given: dict[str, Any]) -> object:
    with socket.socket(AF_UNIX) as link:
        link.connect(given["abstract_socket"])
        return True


@attempt
def packet_socket(given: dict[str, Any]) -> object:
    return call(41, AF_PACKET, socket.SOCK_RAW, 768) >= 0


@attempt
def netlink_socket(given: dict[str, Any]) -> object:
    return call(41, AF_NETLINK, socket.SOCK_RAW, 0) >= 0


@attempt
def virtual_machine_socket(given: dict[str, Any]) -> object:
    return call(41, AF_VSOCK, socket.SOCK_STREAM, 0) >= 0


@attempt
def crypto_socket(given: dict[str, Any]) -> object:
    return call(41, 38, socket.SOCK_SEQPACKET, 0) >= 0


@attempt
def descriptor_over_the_channel(given: dict[str, Any]) -> object:
    return socket.send_fds(socket.socket(fileno=os.dup(given["channel"])), [b"x"], [0]) > 0
