"""Processing restrictions: versions, usage control, dates. See EMV 4.4 Book 3, 10.4."""

from __future__ import annotations

from firmware.emv.codes import Auc, Tvr
from firmware.emv.contact.state import SessionState
from firmware.emv.dates import comparable
from firmware.emv.tags import Tag
from firmware.emv.terminal_data import CASH, CASHBACK, REFUND, SALE

# What the usage control must allow, at home and abroad; one of the bits is enough, since a till
# does not know goods from services. See EMV 4.4 Book 3, table 36.
_USAGE = {
    SALE: (
        Auc.DOMESTIC_GOODS | Auc.DOMESTIC_SERVICES,
        Auc.INTERNATIONAL_GOODS | Auc.INTERNATIONAL_SERVICES,
    ),
    CASH: (Auc.DOMESTIC_CASH, Auc.INTERNATIONAL_CASH),
    CASHBACK: (Auc.DOMESTIC_CASHBACK, Auc.INTERNATIONAL_CASHBACK),
}
_USAGE[REFUND] = _USAGE[SALE]


def check_restrictions(state: SessionState) -> None:
    """Compare the application's restrictions with the transaction; sets bits of the TVR."""
    state.begin("Processing restrictions")
    _check_version(state)
    _check_usage(state)
    _check_dates(state)


def _check_version(state: SessionState) -> None:
    """See EMV 4.4 Book 3, 10.4.1."""
    version = state.card.get(Tag.APPLICATION_VERSION_NUMBER)
    said = "does not say" if version is None else f"has {version.hex().upper()}"
    ours = " ".join(one.hex().upper() for one in state.config.versions)
    state.note(f"Version: the card {said}, the terminal has {ours}", "Book 3, 10.4.1")
    if version is not None and version not in state.config.versions:
        state.raise_tvr(Tvr.APPLICATION_VERSIONS_DIFFER, "Book 3, 10.4.1")


def _check_usage(state: SessionState) -> None:
    """See EMV 4.4 Book 3, 10.4.2."""
    value = state.card.get(Tag.APPLICATION_USAGE_CONTROL)
    if value is None:
        return
    auc = Auc(int.from_bytes(value, "big"))
    place = Auc.ATMS if state.terminal.atm else Auc.OTHER_THAN_ATMS
    if place not in auc:
        state.raise_tvr(Tvr.SERVICE_NOT_ALLOWED, "Book 3, 10.4.2", f"not {place.name}")
        return
    country = state.identity.country
    usage = _USAGE.get(state.transaction.type)
    if country is None or usage is None:
        return
    domestic = country == state.terminal.country
    if not auc & usage[0 if domestic else 1]:
        why = "this kind at home" if domestic else "this kind abroad"
        state.raise_tvr(Tvr.SERVICE_NOT_ALLOWED, "Book 3, 10.4.2", f"not {why}")


def _check_dates(state: SessionState) -> None:
    """See EMV 4.4 Book 3, 10.4.3."""
    at = state.transaction.at
    today = (at.year, at.month, at.day)
    effective, expiry = state.identity.effective, state.identity.expiry
    begin = "its issue" if effective is None else effective
    state.note(f"Valid from {begin} to {expiry}, today is {at:%y%m%d}", "Book 3, 10.4.3")
    if effective is not None and today < comparable(effective):
        state.raise_tvr(Tvr.APPLICATION_NOT_YET_EFFECTIVE, "Book 3, 10.4.3")
    if today > comparable(expiry):
        state.raise_tvr(Tvr.EXPIRED_APPLICATION, "Book 3, 10.4.3")
