"""The seal of an evidence file: a list of its files with their hashes, signed by the terminal.

`manifest.txt` has a line a file, `SHA-256 in hex, two spaces, name`, as `sha256sum -c` reads it;
`manifest.sig` is the Ed25519 signature, in hex, over `pos-evidence LF` and the bytes of the list.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from firmware.journal.chain import is_signed
from firmware.journal.keys import TerminalKeys

MANIFEST, SIGNATURE = "manifest.txt", "manifest.sig"
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)", re.ASCII)


def seal(files: Mapping[str, bytes], keys: TerminalKeys) -> dict[str, bytes]:
    """The manifest of some files and its signature, as two more files."""
    lines = (f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
    manifest = "".join(lines).encode()
    return {MANIFEST: manifest, SIGNATURE: keys.sign(_signed(manifest)).hex().encode() + b"\n"}


def seal_faults(files: Mapping[str, bytes], keys: list[Ed25519PublicKey]) -> Iterator[str]:
    """What is wrong with a sealed pack's list or its signature; nothing when all is well."""
    manifest = files[MANIFEST]
    try:
        signature = bytes.fromhex(files.get(SIGNATURE, b"").decode().strip())
    except ValueError:
        signature = b""
    if not any(is_signed(key, signature, _signed(manifest)) for key in keys):
        yield f"{MANIFEST}: it is not signed by the terminal's key"
    listed: dict[str, str] = {}
    for line in manifest.decode(errors="replace").splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            yield f"{MANIFEST}: a line is none: {line[:40]}"
        else:
            listed[found[2]] = found[1]
    own = {MANIFEST, SIGNATURE}
    for name in sorted(listed.keys() - files.keys()):
        yield f"{name}: it is listed and missing"
    for name in sorted(files.keys() - listed.keys() - own):
        yield f"{name}: it is not of this file, it was added"
    for name in sorted(listed.keys() & files.keys()):
        if hashlib.sha256(files[name]).hexdigest() != listed[name]:
            yield f"{name}: it was changed"


def _signed(manifest: bytes) -> bytes:
    return b"pos-evidence\n" + manifest
