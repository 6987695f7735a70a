"""Requests of a confined child to its worker and their replies: MessagePack over a socket pair."""

from __future__ import annotations

import asyncio
import os
import socket
import struct

import msgspec

from core.ports.outside import PageAnswer, PageRequest

LENGTH = struct.Struct("!I")
MAX_REQUEST_BYTES = 2**20
"""Longest request of a child."""


class WorkerReply(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to a request, or a sentence why it has failed."""

    answer: PageAnswer | None = None
    failure: str = ""


def ask_worker(descriptor: int, request: PageRequest) -> WorkerReply:
    """In the child: send a request, wait for its reply. Raises EOFError where the worker has gone."""
    body = memoryview(_framed(msgspec.msgpack.encode(request)))
    while body:
        body = body[os.write(descriptor, body) :]
    (length,) = LENGTH.unpack(_read(descriptor, LENGTH.size))
    return msgspec.msgpack.decode(_read(descriptor, length), type=WorkerReply)


def _read(descriptor: int, length: int) -> bytes:
    body = bytearray()
    while len(body) < length:
        part = os.read(descriptor, min(length - len(body), 2**20))
        if not part:
            raise EOFError
        body += part
    return bytes(body)


async def receive_request(ours: socket.socket) -> PageRequest | None:
    """In the worker: the next request; None at the end. Raises ValueError for what is none."""
    head = await _receive(ours, LENGTH.size)
    if head is None:
        return None
    (length,) = LENGTH.unpack(head)
    if length > MAX_REQUEST_BYTES:
        raise ValueError(f"a request of {length} bytes")
    body = await _receive(ours, length)
    return None if body is None else msgspec.msgpack.decode(body, type=PageRequest)


async def send_reply(ours: socket.socket, reply: WorkerReply) -> None:
    """In the worker: answer the child's request."""
    await asyncio.get_running_loop().sock_sendall(ours, _framed(msgspec.msgpack.encode(reply)))


async def _receive(ours: socket.socket, length: int) -> bytes | None:
    body = bytearray()
    while len(body) < length:
        part = await asyncio.get_running_loop().sock_recv(ours, min(length - len(body), 2**16))
        if not part:
            return None
        body += part
    return bytes(body)


def _framed(body: bytes) -> bytes:
    return LENGTH.pack(len(body)) + body
