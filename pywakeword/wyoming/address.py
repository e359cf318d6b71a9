"""Where a service listens, and who can reach it."""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import urlparse

from pywakeword._checks import check_type
from pywakeword._wyoming import check_uri

DEFAULT_URI = "tcp://127.0.0.1:10400"


def is_loopback(uri: str) -> bool:
    """Whether only this machine can reach the address; `ValueError` if it is malformed."""
    check_type("uri", uri, str)
    check_uri(re.sub(r":0$", ":1", uri))  # 0 stands for any free port
    address = urlparse(uri)
    if address.scheme == "unix":
        return True
    try:
        found = socket.getaddrinfo(address.hostname, None)
    except OSError as error:
        raise ValueError(f"{uri}: unknown host: {error}") from error
    return all(ipaddress.ip_address(item[4][0]).is_loopback for item in found)
