"""Settings of keys: what the kernel takes of the schemes, and where the terminal's own lie."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from firmware.core.config_section import FileName, Section

_CARD = Meta(pattern="^[0-9]{8,19}( [0-9]{2})?$", extra={"secret": True})
ListedCard = Annotated[str, _CARD]


class Emv(Section, frozen=True):
    """The kernel's own data."""

    ca_keys: Annotated[
        FileName,
        Meta(
            description="file of scheme CA public keys besides the shipped ones;"
            " relative to this file"
        ),
    ] = ""
    test_keys: Annotated[
        bool, Meta(description="take test and expired CA keys too: never where anything is sold")
    ] = False
    revoked: Annotated[
        FileName,
        Meta(
            description="file of revoked issuer certificates: RID, index, serial number; as above"
        ),
    ] = ""
    exceptions: Annotated[
        tuple[ListedCard, ...],
        Meta(description="cards never approved without the host: PAN, or PAN and sequence number"),
    ] = ()


class Keys(Section, frozen=True):
    """Where keys of the terminal lie that are not to be on its SD card."""

    card: Annotated[
        FileName,
        Meta(
            description="file of the card key on another medium, such as a stick or what systemd"
            " gives from a TPM; the data directory holds a link to it; relative to this file"
        ),
    ] = ""
