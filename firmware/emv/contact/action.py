"""Terminal action analysis and the first GENERATE AC. See EMV 4.4 Book 3, 10.7 and 10.8."""

from __future__ import annotations

import hashlib

from firmware.emv import apdu, dol
from firmware.emv.codes import CDA_REQUESTED, AcType, Arc, Tsi, Tvr, names_of
from firmware.emv.contact import oda
from firmware.emv.contact.cryptogram import Cryptogram, parse_cryptogram
from firmware.emv.contact.state import SessionState
from firmware.emv.errors import CardError
from firmware.emv.tags import Tag

_ALL_BITS = 0xFF_FF_FF_FF_FF
_RANK = {AcType.AAC: 0, AcType.RFU: 0, AcType.ARQC: 1, AcType.TC: 2}


def issuer_action_code(state: SessionState, tag: Tag, absent: int) -> Tvr:
    """An issuer action code, or its default when the card has none. See Book 3, 10.7."""
    value = state.card.get(tag)
    return Tvr(absent if value is None else int.from_bytes(value, "big"))


def analyse(state: SessionState) -> AcType:
    """Which cryptogram to ask for. See EMV 4.4 Book 3, 10.7."""
    state.begin("Terminal action analysis")
    config = state.config
    state.note(f"TVR {state.tvr.to_bytes(5, 'big').hex().upper()}", "Book 3, Annex C5")
    if state.transaction.wants_no_cryptogram:
        state.note("AAC: a refund or zero amount", "Book 3, 10.7")
        return AcType.AAC
    denial = issuer_action_code(state, Tag.ISSUER_ACTION_CODE_DENIAL, 0)
    if _hit(state, "denial", denial | config.tac_denial):
        return AcType.AAC
    if state.terminal.offline_only:
        return AcType.AAC if default_declines(state) else AcType.TC
    if state.terminal.online_only:
        state.note("ARQC: the terminal is online only", "Book 3, 10.7")
        return AcType.ARQC
    online = issuer_action_code(state, Tag.ISSUER_ACTION_CODE_ONLINE, _ALL_BITS)
    return AcType.ARQC if _hit(state, "online", online | config.tac_online) else AcType.TC


def default_declines(state: SessionState) -> bool:
    """Whether IAC and TAC default refuse, where the acquirer cannot be asked. See Book 3, 10.7."""
    default = issuer_action_code(state, Tag.ISSUER_ACTION_CODE_DEFAULT, _ALL_BITS)
    return _hit(state, "default", default | state.config.tac_default)


def _hit(state: SessionState, name: str, code: Tvr) -> bool:
    found = state.tvr & code
    words = ", ".join(names_of(found)) or "no bit in common"
    state.note(f"IAC/TAC {name}: {words}", "Book 3, 10.7")
    return bool(found)


def risk_data(state: SessionState, cdol: bytes) -> bytes:
    """The data a CDOL asks for, with the TC hash if it is wanted. See Book 3, 9.2 and 10.7."""
    if any(entry.tag == Tag.TC_HASH_VALUE for entry in dol.parse(cdol)):
        tdol = state.card.get(Tag.TDOL)
        if tdol is None:
            tdol = state.config.tdol
            if tdol and Tvr.DEFAULT_TDOL_USED not in state.tvr:  # an empty one is none
                state.raise_tvr(Tvr.DEFAULT_TDOL_USED, "Book 3, 9.2.2")
        hashed = dol.build(tdol, state.value)
        digest = hashlib.sha1(hashed, usedforsecurity=False).digest()
        state.objects[Tag.TC_HASH_VALUE] = digest
    return dol.build(cdol, state.value)


def set_response_code(state: SessionState, code: str) -> None:
    """Set tag 8A. See EMV 4.4 Book 4, Annex A6."""
    state.objects[Tag.AUTHORISATION_RESPONSE_CODE] = code.encode("ascii", "replace")[:2].ljust(2)


async def generate_ac(
    state: SessionState, wanted: AcType, cdol: Tag, data: bytes, sent_before: bytes
) -> Cryptogram:
    """Send one GENERATE AC and keep its results in the state; raises CardError.

    A signature that was asked for is verified: see `state.signature_wrong` afterwards.
    See EMV 4.4 Book 3, 6.5.5 and 10.8.
    """
    signature = oda.cda_wanted(state, wanted)
    control = wanted | (CDA_REQUESTED if signature else 0)
    state.tvr_in_cryptogram = state.tvr
    sent = dol.split(state.card[cdol], data)
    response = await state.send_ok(apdu.generate_ac(control, data), sent)
    answer = parse_cryptogram(response, signature_asked=signature)
    state.ac_type = answer.type
    state.note(f"Asked for {wanted.name}, answered {answer.type.name}", "Book 3, 10.8")
    state.card[Tag.CRYPTOGRAM_INFORMATION_DATA] = bytes([answer.cid])
    state.card[Tag.APPLICATION_TRANSACTION_COUNTER] = answer.atc
    state.card[Tag.APPLICATION_CRYPTOGRAM] = answer.ac
    if answer.iad is not None:
        state.card[Tag.ISSUER_APPLICATION_DATA] = answer.iad
    if signature and (answer.type is not AcType.AAC or answer.signed is not None):
        state.signature_wrong = not oda.verify_cda(state, answer, sent_before + data)
    elif not answer.ac:
        raise CardError("GENERATE AC: no cryptogram")
    return answer


async def first_generate_ac(state: SessionState, wanted: AcType) -> Cryptogram:
    """Ask the card for its first decision. See EMV 4.4 Book 3, 10.8.

    A card may answer lower than asked; one that answers higher raises CardError (9.3).
    """
    if wanted is AcType.TC:
        set_response_code(state, Arc.OFFLINE_APPROVED)
    elif wanted is AcType.AAC:
        set_response_code(state, Arc.OFFLINE_DECLINED)
        oda.forgo_cda(state)
    data = risk_data(state, state.card[Tag.CDOL1])
    state.cdol1_data = data
    state.begin("Card action analysis")
    answer = await generate_ac(state, wanted, Tag.CDOL1, data, state.pdol_data)
    if _RANK[answer.type] > _RANK[wanted]:
        raise CardError(f"asked for {wanted.name}, the card answered {answer.type.name}")
    state.tsi |= Tsi.CARD_RISK_MANAGEMENT_PERFORMED
    return answer
