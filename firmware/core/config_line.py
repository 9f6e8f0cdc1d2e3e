"""Settings of an acquirer's line; what differs from acquirer to acquirer is its profile."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from firmware.core.config_section import FileName, Section


class Acquirer(Section, frozen=True):
    """An acquirer's line, of host.kind acquirer or tcp; its address, port and TLS are in [host]."""

    profile: Annotated[
        FileName,
        Meta(description='"unionpay", "embedded", or a file (.toml), relative to this'),
    ] = "unionpay"
    tpdu: Annotated[
        str,
        Meta(
            pattern="^([0-9A-Fa-f]{10})?$",
            description="10 hex digits such as 6000030000; the profile's if empty",
        ),
    ] = ""
    header: Annotated[
        str,
        Meta(
            pattern="^([0-9A-Fa-f]{12})?$",
            description="12 hex digits such as 603100311003; the profile's if empty",
        ),
    ] = ""
    keep_line: Annotated[
        bool, Meta(description="one connection for all messages, instead of one for each")
    ] = False
    chip_data: Annotated[
        Literal["unbalanced", "always", "never"],
        Meta(
            description="when a settlement uploads the chip's data (TC) of what was approved"
            " online or declined by the card"
        ),
    ] = "unbalanced"
    chip_in_details: Annotated[
        bool,
        Meta(
            description="transactions whose chip's data are uploaded stand among the details"
            " of an upload (field 48), too"
        ),
    ] = True
