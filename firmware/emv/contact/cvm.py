"""Cardholder verification: the card's list of methods, rule by rule. See EMV 4.4 Book 3, 10.5."""

from __future__ import annotations

import enum

from msgspec import Struct

from firmware.emv.codes import (
    CVM_APPLY_SUCCEEDING,
    CVM_NOT_PERFORMED,
    Aip,
    CvmCode,
    CvmCondition,
    CvmOutcome,
    TerminalCapabilities,
    Tsi,
    Tvr,
)
from firmware.emv.contact import pin
from firmware.emv.contact.state import SessionState
from firmware.emv.errors import CardError
from firmware.emv.outcomes import CvmResult
from firmware.emv.tags import Tag
from firmware.emv.terminal_data import CASH, CASHBACK

_NEEDS = {
    CvmCode.PLAINTEXT_PIN: TerminalCapabilities.PLAINTEXT_PIN,
    CvmCode.ONLINE_PIN: TerminalCapabilities.ONLINE_PIN,
    CvmCode.PLAINTEXT_PIN_AND_SIGNATURE: (
        TerminalCapabilities.PLAINTEXT_PIN | TerminalCapabilities.SIGNATURE
    ),
    CvmCode.ENCIPHERED_PIN: TerminalCapabilities.ENCIPHERED_PIN,
    CvmCode.ENCIPHERED_PIN_AND_SIGNATURE: (
        TerminalCapabilities.ENCIPHERED_PIN | TerminalCapabilities.SIGNATURE
    ),
    CvmCode.SIGNATURE: TerminalCapabilities.SIGNATURE,
    CvmCode.NO_CVM: TerminalCapabilities.NO_CVM,
    CvmCode.FAIL: TerminalCapabilities(0),
}
_WITH_PIN = frozenset(_NEEDS) - {CvmCode.SIGNATURE, CvmCode.NO_CVM, CvmCode.FAIL}


class CvmRule(Struct, frozen=True):
    """Two bytes of the list: a method with its 'apply succeeding' bit, and a condition."""

    method: int
    condition: int

    @property
    def code(self) -> CvmCode | None:
        """The method without bits 7 and 8; None when the kernel does not know it."""
        try:
            return None if self.method & 0x80 else CvmCode(self.method & 0x3F)
        except ValueError:
            return None

    @property
    def apply_succeeding(self) -> bool:
        """On failure the next rule is tried (bit 7)."""
        return bool(self.method & CVM_APPLY_SUCCEEDING)


class CvmList(Struct, frozen=True):
    """Amounts X and Y in the application's currency, and the rules."""

    x: int
    y: int
    rules: tuple[CvmRule, ...]

    @classmethod
    def parse(cls, value: bytes) -> CvmList:
        """Parse tag 8E; raises CardError. See EMV 4.4 Book 3, 10.5, table 40."""
        if len(value) < 8 or len(value) % 2:
            raise CardError(f"a CVM list of {len(value)} bytes")
        rules = tuple(CvmRule(value[i], value[i + 1]) for i in range(8, len(value), 2))
        return cls(int.from_bytes(value[:4], "big"), int.from_bytes(value[4:8], "big"), rules)


class _Tried(enum.Enum):
    """The result of one rule."""

    DONE = "done"
    FAILED = "failed"
    NOT_PERFORMED = "not performed"  # unrecognised, or not supported


async def verify_cardholder(state: SessionState) -> None:
    """Work through the CVM list; leaves CVM results, TVR and TSI. See EMV 4.4 Book 3, 10.5.

    Raises SessionEnded when the cardholder cancels or the card is gone, CardError.
    """
    state.begin("Cardholder verification")
    if Aip.CARDHOLDER_VERIFICATION_SUPPORTED not in state.aip:
        state.note("The card does not support it", "Book 3, 10.5")
        return
    value = state.card.get(Tag.CVM_LIST)
    cvm_list = None if value is None else CvmList.parse(value)
    if cvm_list is None or not cvm_list.rules:  # one without rules is the same as none
        state.raise_tvr(Tvr.ICC_DATA_MISSING, "Book 3, 7.5, table 35", "no CVM rules")
        return
    state.tsi |= Tsi.CARDHOLDER_VERIFICATION_PERFORMED
    for rule in cvm_list.rules:
        if not _condition_holds(state, cvm_list, rule):
            state.note(f"{_words(rule)}: condition does not hold", "Book 3, 10.5")
            continue
        tried = await _try(state, rule)
        state.note(f"{_words(rule)}: {tried.value}", "Book 3, 10.5")
        if tried is _Tried.DONE:
            return
        if tried is _Tried.FAILED:
            results = (rule.method, rule.condition, CvmOutcome.FAILED)
            state.cvm_results = bytes(results)
        if not rule.apply_succeeding or rule.code is CvmCode.FAIL:
            break  # 'fail' ends the list, whatever its bit 7 says (10.5, step 1)
    state.raise_tvr(Tvr.CARDHOLDER_VERIFICATION_NOT_SUCCESSFUL, "Book 3, 10.5")
    if state.cvm_results[0] == CVM_NOT_PERFORMED:
        state.cvm_results = bytes([CVM_NOT_PERFORMED, 0, CvmOutcome.FAILED])


def _words(rule: CvmRule) -> str:
    name = "unrecognised method" if rule.code is None else rule.code.name
    return f"Rule {rule.method:02X}{rule.condition:02X} {name}"


def _supported(state: SessionState, code: CvmCode | None) -> bool:
    return code is not None and _NEEDS[code] in state.capabilities


def _condition_holds(state: SessionState, cvm_list: CvmList, rule: CvmRule) -> bool:
    """Whether a rule applies. See EMV 4.4 Book 3, Annex C3 and 10.5."""
    kind = state.transaction.type
    amount = state.transaction.amount
    unattended = state.terminal.unattended
    currency = state.identity.currency
    comparable = currency is not None and currency == amount.currency.numeric
    holds = {
        CvmCondition.ALWAYS: True,
        CvmCondition.UNATTENDED_CASH: kind == CASH and unattended,
        CvmCondition.NOT_CASH_NOR_CASHBACK: kind not in (CASH, CASHBACK),
        CvmCondition.TERMINAL_SUPPORTS: _supported(state, rule.code),
        CvmCondition.MANUAL_CASH: kind == CASH and not unattended,
        CvmCondition.CASHBACK: kind == CASHBACK,
        CvmCondition.UNDER_X: comparable and amount.minor < cvm_list.x,
        CvmCondition.OVER_X: comparable and amount.minor > cvm_list.x,
        CvmCondition.UNDER_Y: comparable and amount.minor < cvm_list.y,
        CvmCondition.OVER_Y: comparable and amount.minor > cvm_list.y,
    }
    # a rule with a condition that the kernel does not know is skipped
    return {code.value: held for code, held in holds.items()}.get(rule.condition, False)


async def _try(state: SessionState, rule: CvmRule) -> _Tried:
    """Perform one rule's method; writes the results of one that is done."""
    code = rule.code
    if code is None:
        state.raise_tvr(Tvr.UNRECOGNISED_CVM, "Book 3, 10.5")
        return _Tried.NOT_PERFORMED
    if not _supported(state, code):
        if code in _WITH_PIN and not _pin_supported(state, code):
            state.raise_tvr(Tvr.PIN_PAD_NOT_WORKING, "Book 3, 10.5.1", "method not supported")
        return _Tried.NOT_PERFORMED
    done: CvmResult | None
    outcome = CvmOutcome.UNKNOWN  # of a signature or an online PIN, which is checked later
    match code:
        case CvmCode.FAIL:
            done = None
        case CvmCode.NO_CVM:
            done, outcome = CvmResult(no_cvm=True), CvmOutcome.SUCCESSFUL
        case CvmCode.SIGNATURE:
            done = CvmResult(signature_required=True)
        case CvmCode.ONLINE_PIN:
            done = CvmResult(online_pin=True) if await pin.ask_online(state) else None
        case _:
            enciphered = TerminalCapabilities.ENCIPHERED_PIN in _NEEDS[code]
            signature = TerminalCapabilities.SIGNATURE in _NEEDS[code]
            verified = await pin.verify_offline(state, enciphered=enciphered)
            done = CvmResult(signature, pin_verified=True) if verified else None
            outcome = CvmOutcome.UNKNOWN if signature else CvmOutcome.SUCCESSFUL
    if done is None:
        return _Tried.FAILED
    state.cvm = done
    state.cvm_results = bytes([rule.method, rule.condition, outcome])
    return _Tried.DONE


def _pin_supported(state: SessionState, code: CvmCode) -> bool:
    """Whether there is a PIN pad for it: a terminal with either form of offline PIN has one.

    See EMV 4.4 Book 3, 10.5, step 1 and 10.5.1, footnote.
    """
    forms = TerminalCapabilities.PLAINTEXT_PIN | TerminalCapabilities.ENCIPHERED_PIN
    needed = TerminalCapabilities.ONLINE_PIN if code is CvmCode.ONLINE_PIN else forms
    return bool(needed & state.capabilities)
