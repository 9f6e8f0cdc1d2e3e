"""Encrypted nexo messages, sealed and opened by code that is not the adapter's."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from firmware.api.nexo_crypto import NexoCryptoError, Trailer, material_of, opened, seal
from tests.api.http import Till
from tests.api.nexo_till import message, told


def keys(passphrase: str) -> tuple[bytes, bytes, bytes]:
    derived = hashlib.pbkdf2_hmac("sha1", passphrase.encode(), b"AdyenNexoV1Salt", 4000, 80)
    return derived[:32], derived[32:64], derived[64:]


def encrypted(sent: Any, passphrase: str, name: str = "simulator") -> Any:
    mac, key, iv = keys(passphrase)
    plain, nonce = json.dumps(sent).encode(), bytes(range(16))
    pad = 16 - len(plain) % 16
    used = bytes(a ^ b for a, b in zip(iv, nonce, strict=True))
    cipher = Cipher(algorithms.AES(key), modes.CBC(used)).encryptor()
    blob = cipher.update(plain + bytes([pad]) * pad) + cipher.finalize()
    return {
        "SaleToPOIRequest": {
            "MessageHeader": sent["SaleToPOIRequest"]["MessageHeader"],
            "NexoBlob": base64.b64encode(blob).decode(),
            "SecurityTrailer": {
                "KeyVersion": 1,
                "KeyIdentifier": name,
                "Hmac": base64.b64encode(hmac.digest(mac, plain, "sha256")).decode(),
                "Nonce": base64.b64encode(nonce).decode(),
                "AdyenCryptoVersion": 1,
            },
        }
    }


def decrypted(answer: Any, passphrase: str) -> Any:
    mac, key, iv = keys(passphrase)
    trailer = answer["SecurityTrailer"]
    nonce = base64.b64decode(trailer["Nonce"])
    used = bytes(a ^ b for a, b in zip(iv, nonce, strict=True))
    cipher = Cipher(algorithms.AES(key), modes.CBC(used)).decryptor()
    padded = cipher.update(base64.b64decode(answer["NexoBlob"])) + cipher.finalize()
    plain = padded[: -padded[-1]]
    assert hmac.digest(mac, plain, "sha256") == base64.b64decode(trailer["Hmac"])
    return json.loads(plain)["SaleToPOIResponse"]


def test_an_encrypted_message_needs_no_token_and_is_answered_encrypted(till: Till) -> None:
    bare = {"Authorization": ""}
    token = till.target.token
    sent = encrypted(message("Diagnosis", "1"), token)
    outer = told(till.ask("POST", "/nexo", sent, bare))
    assert "DiagnosisResponse" not in outer
    inner = decrypted(outer, token)
    assert inner["DiagnosisResponse"]["Response"]["Result"] == "Success"


@pytest.mark.parametrize("change", ["passphrase", "name", "blob", "header"])
def test_a_message_that_does_not_open_is_refused(till: Till, change: str) -> None:
    token = "other" if change == "passphrase" else till.target.token
    sent = encrypted(message("Login", "1"), token, "who" if change == "name" else "simulator")
    if change == "blob":
        sent["SaleToPOIRequest"]["NexoBlob"] = "AAAA"
    if change == "header":
        sent["SaleToPOIRequest"]["MessageHeader"] = {
            **sent["SaleToPOIRequest"]["MessageHeader"],
            "ServiceID": "2",
        }
    refused = till.ask("POST", "/nexo", sent, {"Authorization": ""})
    assert (refused.status, refused.json) == (401, {"errors": ["Nexo Service: crypto error"]})


def test_the_key_material_of_a_passphrase_is_fixed() -> None:
    mac, key, iv = keys("mypassphrase")
    assert material_of("mypassphrase") == mac + key + iv
    assert mac.hex() == "cf7e99cf1feb743037cf74b5926d7f1860f45fb5f18d6603a4abb4137188143d"
    assert iv.hex() == "12ecd9de01f69868b3e99e62fda5bf96"
    blob, trailer = seal(b'{"a":1}', material_of("mypassphrase"), "name", 1)
    assert opened(blob, trailer, material_of("mypassphrase")) == b'{"a":1}'
    forged = Trailer(
        key_identifier="name", key_version=1, hmac=trailer.hmac[::-1], nonce=trailer.nonce
    )
    with pytest.raises(NexoCryptoError):
        opened(blob, forged, material_of("mypassphrase"))
