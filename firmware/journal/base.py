"""The bases of records: what is recorded as JSON, under the name of its class."""

from __future__ import annotations

from msgspec import Struct


class Base(Struct, frozen=True, tag=True, omit_defaults=True, kw_only=True):
    """A journal record; its tag is the class name, or an earlier name of the class."""


class OfVoucher(Base, frozen=True):
    """A record that says first which voucher it is about."""

    batch: int
    stan: int
