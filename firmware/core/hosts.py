"""What names a host: an IP address, or a name that is looked up."""

from __future__ import annotations

import ipaddress
import re

NAME_MAX = 253
# by which a browser on this machine may name it in `Host`, before the port
OWN_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_LABEL = re.compile(r"[0-9A-Za-z_-]{1,63}")


def is_number(text: str) -> bool:
    """Whether it is an IP address, which nobody has to be asked for."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(text: str) -> bool:
    """Whether it is a loopback address, or `localhost`: what goes there stays on this machine."""
    return ipaddress.ip_address(text).is_loopback if is_number(text) else text == "localhost"


def is_host(text: str) -> bool:
    """Whether it is an IP address, or may be the name of a host: labels of 1 to 63 characters."""
    if is_number(text):
        return True
    try:
        name = text.encode("idna").decode().removesuffix(".")
    except UnicodeError:  # a label that is empty or too long
        return False
    return len(name) <= NAME_MAX and all(map(_LABEL.fullmatch, name.split(".")))
