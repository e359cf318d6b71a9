"""Raw HTTP and WebSocket bytes, for peers that do not keep to the protocol."""

from __future__ import annotations

import base64
import os
import socket
import struct
import zlib
from urllib.parse import urlsplit

TEXT, BINARY, PING = 1, 2, 9


def connect(url: str, timeout_s: float = 10.0, receive_buffer: int | None = None) -> socket.socket:
    """Open a TCP connection to a server; a small receive buffer is full soon."""
    parts = urlsplit(url)
    connection = socket.socket()
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(timeout_s)
    connection.connect((parts.hostname, parts.port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def upgrade(connection: socket.socket, headers: bytes = b"", then: bytes = b"") -> bytes:
    """Ask for a WebSocket with compression, send `then` at once, and return the reply's head."""
    connection.sendall(upgrade_request(headers) + then)
    return read_head(connection)


def upgrade_request(headers: bytes = b"") -> bytes:
    """Return the request for a WebSocket."""
    key = base64.b64encode(os.urandom(16))
    return (
        b"GET /v1/stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate\r\n" + headers + b"\r\n"
    )


def read_head(connection: socket.socket) -> bytes:
    """Read up to the end of the headers, or of the connection."""
    head = b""
    while b"\r\n\r\n" not in head:
        byte = connection.recv(1)  # what follows is left for the caller
        if not byte:
            break
        head += byte
    return head


def read_all(connection: socket.socket) -> bytes:
    """Read to the end of the connection, however it ends."""
    data = b""
    try:
        while part := connection.recv(65536):
            data += part
    except ConnectionError:
        pass
    return data


def frame(opcode: int, data: bytes, *, last: bool = True, deflated: bool = False) -> bytes:
    """Return one frame of a client."""
    first = (0x80 if last else 0) | (0x40 if deflated else 0) | opcode
    if len(data) < 126:
        head = struct.pack("!BB", first, 0x80 | len(data))
    elif len(data) < 65536:
        head = struct.pack("!BBH", first, 0x80 | 126, len(data))
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, len(data))
    return head + bytes(4) + data  # a mask of zeros changes nothing


def deflated_frame(n_bytes: int) -> bytes:
    """Return a message of zeros that a server with compression would inflate."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(n_bytes)) + packer.flush(zlib.Z_SYNC_FLUSH)
    return frame(BINARY, packed[:-4], deflated=True)
