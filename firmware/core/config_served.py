"""The settings of what a terminal serves to others: figures, and the tills' API."""

from __future__ import annotations

from typing import Annotated, Literal

from firmware.core.config_section import Port, Section, says


class Metrics(Section, frozen=True):
    """What Prometheus may read on the loopback; nothing where `port` is 0."""

    port: Annotated[
        Port,
        says("figures for Prometheus on 127.0.0.1, at /metrics; 0 for none"),
    ] = 0


class Api(Section, frozen=True):
    """The local API for tills and kiosks; it is off where `port` is 0."""

    port: Annotated[
        Port,
        says("the local API for tills and kiosks, see `pos till`; 0 for none"),
    ] = 0
    listen: Annotated[
        str, says("this machine's address; beyond loopback it speaks TLS with its own certificate")
    ] = "127.0.0.1"
    hosts: Annotated[
        tuple[str, ...], says("further names by which a request may call this terminal")
    ] = ()
    origins: Annotated[
        tuple[str, ...], says('pages elsewhere that may ask, as "https://shop.example"')
    ] = ()
    receipts: Annotated[
        Literal["print", "ask", "till"],
        says("of a till's orders: print, ask the customer, or leave them to the till"),
    ] = "print"
