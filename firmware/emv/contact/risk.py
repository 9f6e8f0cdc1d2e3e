"""Terminal risk management: floor limit, random selection, velocity. See EMV 4.4 Book 3, 10.6."""

from __future__ import annotations

from firmware.emv.codes import Tsi, Tvr
from firmware.emv.contact.state import SessionState
from firmware.emv.tags import Tag

_CHANCES = 99  # random numbers run from 1 to 99
_FAIR_BYTE_END = 256 - 256 % _CHANCES  # bytes from here on would favour small numbers


async def manage_risk(state: SessionState) -> None:
    """Mark every reason to go online in the TVR. Raises SessionEnded, CardError.

    The AIP's bit for it means nothing any more: it is always performed. See EMV 4.4 Book 3, 10.6.
    """
    state.begin("Terminal risk management")
    transaction = state.transaction
    if transaction.on_exception_file(state.identity.pan, state.identity.psn):
        state.raise_tvr(Tvr.CARD_ON_EXCEPTION_FILE, "Book 4, 6.3.5")
    if transaction.merchant_forced_online:
        state.raise_tvr(Tvr.MERCHANT_FORCED_ONLINE, "Book 4, 6.3.5")
    await _check_floor_limit(state)
    await _check_velocity(state)
    state.tsi |= Tsi.TERMINAL_RISK_MANAGEMENT_PERFORMED


async def _check_floor_limit(state: SessionState) -> None:
    """Floor limit over split sales, then random selection below it. See 10.6.1 and 10.6.2."""
    amount_minor, config = state.transaction.amount.minor, state.config
    before = state.approved_before_minor
    sums = f"{amount_minor} + {before} approved before"
    state.note(f"{sums}, floor limit {config.floor_limit_minor}", "Book 3, 10.6.1")
    if amount_minor + before >= config.floor_limit_minor:
        state.raise_tvr(Tvr.FLOOR_LIMIT_EXCEEDED, "Book 3, 10.6.1")
        return
    percent = target_percent(
        amount_minor,
        threshold_minor=config.random_threshold_minor,
        floor_limit_minor=config.floor_limit_minor,
        target_percent=config.random_target_percent,
        target_max_percent=config.random_target_max_percent,
    )
    if percent and await _one_to_99(state) <= percent:
        state.raise_tvr(Tvr.RANDOMLY_SELECTED, "Book 3, 10.6.2", f"{percent} % of such sales")


def target_percent(
    amount_minor: int,
    *,
    threshold_minor: int,
    floor_limit_minor: int,
    target_percent: int,
    target_max_percent: int,
) -> int:
    """Percentage of sales of an amount to send online. See EMV 4.4 Book 3, 10.6.2, figure 15.

    From the threshold up to the floor limit it grows linearly to the maximum.
    """
    if amount_minor < threshold_minor or floor_limit_minor <= threshold_minor:
        return target_percent
    range_percent = max(0, target_max_percent - target_percent)
    above = amount_minor - threshold_minor
    return target_percent + range_percent * above // (floor_limit_minor - threshold_minor)


async def _one_to_99(state: SessionState) -> int:
    """A fair number of 1 to 99: bytes that would favour some of them are drawn again."""
    for _ in range(64):
        (drawn,) = await state.dialogue.random(1)
        if drawn < _FAIR_BYTE_END:
            return drawn % _CHANCES + 1
    return 1  # a source stuck at one byte: go online


async def _check_velocity(state: SessionState) -> None:
    """Consecutive offline transactions, and the new card. See EMV 4.4 Book 3, 10.6.3."""
    lower = state.card.get(Tag.LOWER_CONSECUTIVE_OFFLINE_LIMIT)
    upper = state.card.get(Tag.UPPER_CONSECUTIVE_OFFLINE_LIMIT)
    if lower is None or upper is None:
        state.note("No velocity limits on the card", "Book 3, 10.6.3")
        return
    counter = await state.counter(Tag.APPLICATION_TRANSACTION_COUNTER)
    last_online = await state.counter(Tag.LAST_ONLINE_ATC_REGISTER)
    if counter is None or last_online is None:
        state.raise_tvr(Tvr.ICC_DATA_MISSING, "Book 3, 7.5, table 35", "no transaction counters")
    if counter is None or last_online is None or counter <= last_online:
        state.raise_tvr(Tvr.LOWER_CONSECUTIVE_OFFLINE_LIMIT_EXCEEDED, "Book 3, 10.6.3")
        state.raise_tvr(Tvr.UPPER_CONSECUTIVE_OFFLINE_LIMIT_EXCEEDED, "Book 3, 10.6.3")
    else:
        offline = counter - last_online
        if offline > lower[0]:
            state.raise_tvr(Tvr.LOWER_CONSECUTIVE_OFFLINE_LIMIT_EXCEEDED, "Book 3, 10.6.3")
        if offline > upper[0]:
            state.raise_tvr(Tvr.UPPER_CONSECUTIVE_OFFLINE_LIMIT_EXCEEDED, "Book 3, 10.6.3")
    if last_online == 0:
        state.raise_tvr(Tvr.NEW_CARD, "Book 3, 10.6.3")
