"""Verifiers that fail in one way each: raw sockets, TLS and processes, no mocks."""

from __future__ import annotations

import datetime
import ipaddress
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Handler = Callable[[socket.socket], None]


@contextmanager
def listening(handle: Handler, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Accept connections and give each to `handle`; yields the URL."""
    stop = threading.Event()
    threads = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)

        def serve_one(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                if context is None:
                    handle(connection)
                else:
                    with context.wrap_socket(connection, server_side=True) as secure:
                        handle(secure)

        def accept() -> None:
            while not stop.is_set():
                with suppress(socket.timeout):
                    connection, _ = server.accept()
                    connection.settimeout(3)
                    threads.append(threading.Thread(target=serve_one, args=(connection,)))
                    threads[-1].start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        scheme = "http" if context is None else "https"
        try:
            yield f"{scheme}://127.0.0.1:{server.getsockname()[1]}"
        finally:
            stop.set()
            acceptor.join()
            for thread in threads:
                thread.join()


def read_request(connection: socket.socket) -> bytes:
    """Read headers and body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _read(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    (length,) = [
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    ]
    while len(body) < length:
        body += _read(connection)
    return head + b"\r\n\r\n" + body


def _read(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise OSError("the client is gone")
    return data


def answer(status: str, body: bytes = b"{}", headers: bytes = b"") -> Handler:
    """Return a handler that gives the same reply to every request."""

    def handle(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(
            b"HTTP/1.1 %s\r\ncontent-length: %d\r\nconnection: close\r\n%s\r\n%s"
            % (status.encode(), len(body), headers, body)
        )

    return handle


def verdict(connection: socket.socket) -> None:
    """Accept, as a verifier that works would."""
    request = read_request(connection)
    found = re.search(rb"idempotency-key: (\w+)", request, re.IGNORECASE)
    assert found is not None
    reply: dict[str, object] = {
        "request_id": found[1].decode(),
        "decision": "accept",
        "score": 0.9,
        "threshold": 0.5,
        "model": "fake",
        "start_sample": 0,
        "end_sample": 1,
        "timings_ms": {},
    }
    body = json.dumps(reply).encode()
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    )


def garbage(connection: socket.socket) -> None:
    """Send what is no HTTP."""
    read_request(connection)
    connection.sendall(b"\x16\x03\x01\x02garbage\r\n\r\n" * 20)


def half_closed(connection: socket.socket) -> None:
    """Send half of a reply, then the end."""
    read_request(connection)
    connection.sendall(b'HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n{"decision": "acc')
    connection.shutdown(socket.SHUT_WR)


def dropped(connection: socket.socket) -> None:
    """Close the connection before any reply."""
    read_request(connection)


def silent(connection: socket.socket) -> None:
    """Read the request and say nothing."""
    read_request(connection)
    with suppress(OSError):
        connection.recv(1)  # until the client gives up


def dribbling(connection: socket.socket) -> None:
    """Send a reply byte by byte, so that no single read times out."""
    read_request(connection)
    for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n" + b" " * 4000:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def endless(connection: socket.socket) -> None:
    """Send a reply without end."""
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b" " * 8192)


def certificate(folder: Path, *, days: tuple[int, int] = (-1, 1)) -> tuple[str, str]:
    """Write a self-signed certificate for 127.0.0.1, valid from and to these days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "verifier test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days[0]))
        .not_valid_after(now + datetime.timedelta(days[1]))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(cert_path), str(key_path)


def tls(cert: tuple[str, str], client_ca: str | None = None) -> ssl.SSLContext:
    """Return a server's context; with `client_ca`, clients need a certificate of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*cert)
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context
