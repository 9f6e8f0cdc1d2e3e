"""The terminal's own certificate, for tills that ask over a network: made once.

It is self-signed: a till checks its fingerprint, which `pos till fingerprint` shows.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from firmware.core.durable import write_private
from firmware.core.files import read_bytes

KEY, CERTIFICATE = "api.key", "api.crt"
_YEARS = 20
IPV6_COLONS = 2  # the fewest of an IPv6 address; before a port there is one


def own_certificate(
    directory: Path, terminal: str, now: datetime, names: Iterable[str] = ()
) -> tuple[Path, Path]:
    """Key and certificate, made if they are not there. Raises OSError.

    It is for this machine's own names and `names`, with or without a port, as they are when it is
    made: another one would have another fingerprint.
    """
    key_path, path = directory / KEY, directory / CERTIFICATE
    if not (key_path.exists() and path.exists()):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"pos-{terminal}")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=366 * _YEARS))
            .add_extension(x509.SubjectAlternativeName(_names(names)), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        write_private(key_path, private)
        write_private(path, certificate.public_bytes(serialization.Encoding.PEM))
    return key_path, path


def _names(names: Iterable[str]) -> list[x509.GeneralName]:
    """Addresses and names that a request may call the terminal by; no port, and no wildcard."""
    found: list[x509.GeneralName] = []
    for name in dict.fromkeys(("localhost", "127.0.0.1", "::1", *names)):
        host = urlsplit(f"//{name}").hostname if name.count(":") < IPV6_COLONS else name.strip("[]")
        try:
            address = ipaddress.ip_address(host or "")
        except ValueError:
            if host and host.isascii():
                found.append(x509.DNSName(host))
        else:
            if not address.is_unspecified:
                found.append(x509.IPAddress(address))
    return found


def fingerprint(path: Path) -> str:
    """SHA-256 of a certificate, as AB:CD:…. Raises OSError or ValueError."""
    certificate = x509.load_pem_x509_certificate(read_bytes(path))
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()
