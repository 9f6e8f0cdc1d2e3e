"""The terminal's own certificate, for whoever asks over a network: made once, known by its print.

Nobody else vouches for it: a till is told its fingerprint, which `pos till fingerprint` shows.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

KEY, CERTIFICATE = "api.key", "api.crt"
_YEARS = 20


def own_certificate(directory: Path, terminal: str, now: datetime) -> tuple[Path, Path]:
    """Key and certificate, made if they are not there. Raises OSError."""
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
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        _write(key_path, private)
        _write(path, certificate.public_bytes(serialization.Encoding.PEM))
    return key_path, path


def fingerprint(path: Path) -> str:
    """SHA-256 of a certificate, as AB:CD:…. Raises OSError or ValueError."""
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _write(path: Path, content: bytes) -> None:
    aside = path.with_suffix(".new")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
