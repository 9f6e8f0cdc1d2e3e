"""After the answer: issuer authentication, scripts, second GENERATE AC. See Book 3, 10.9–10.11."""

from __future__ import annotations

from firmware.emv import apdu
from firmware.emv.codes import AcType, Aip, Arc, Tsi, Tvr
from firmware.emv.contact.action import default_declines, generate_ac, risk_data, set_response_code
from firmware.emv.contact.scripts import deliver, parse_scripts, refuse_scripts
from firmware.emv.contact.state import SessionState
from firmware.emv.outcomes import DeclineReason, OnlineAnswer, UnableToGoOnline
from firmware.emv.tags import Tag
from firmware.emv.tlv import TlvError

_AUTHENTICATION_DATA_LENGTHS = range(8, 17)


async def complete_online(state: SessionState, answer: OnlineAnswer) -> DeclineReason | None:
    """Give the acquirer's answer to the card; None when it is approved by both.

    Raises CardError, SessionEnded.
    """
    state.begin("Online processing")
    set_response_code(state, answer.response_code)
    approved = answer.response_code in Arc.ONLINE_APPROVED
    state.note(f"Host answered {answer.response_code}", "Book 3, 10.9")
    await _authenticate_issuer(state, answer.issuer_authentication_data)
    try:
        scripts = parse_scripts(answer.scripts)
    except TlvError as error:
        scripts = ()
        refuse_scripts(state, error.detail)
    await deliver(state, scripts, final_ac_done=False)
    final = await _second_generate_ac(state, AcType.TC if approved else AcType.AAC)
    await deliver(state, scripts, final_ac_done=True)
    if not approved:
        return DeclineReason.HOST
    if final is not AcType.TC:
        return DeclineReason.CARD_AFTER_HOST
    return DeclineReason.CDA_FAILED if state.signature_wrong else None


async def complete_offline(state: SessionState, answer: UnableToGoOnline) -> DeclineReason | None:
    """End without an answer; None when the card approves by itself. See Book 3, 10.7 and 10.11."""
    state.begin("Unable to go online")
    declines = answer.decline or state.terminal.online_only or default_declines(state)
    code = Arc.UNABLE_OFFLINE_DECLINED if declines else Arc.UNABLE_OFFLINE_APPROVED
    set_response_code(state, code)
    final = await _second_generate_ac(state, AcType.AAC if declines else AcType.TC)
    if declines:
        return DeclineReason.UNABLE_TO_GO_ONLINE
    if final is not AcType.TC:
        return DeclineReason.CARD
    return DeclineReason.CDA_FAILED if state.signature_wrong else None


async def decline_at_once(state: SessionState) -> None:
    """End with an AAC, the acquirer not asked: the signature over an ARQC was wrong.

    See EMV 4.4 Book 2, 6.6.2 and Book 4, 6.3.2.
    """
    state.begin("Decline after a wrong signature")
    set_response_code(state, Arc.OFFLINE_DECLINED)
    await _second_generate_ac(state, AcType.AAC)


async def _authenticate_issuer(state: SessionState, data: bytes | None) -> None:
    """EXTERNAL AUTHENTICATE, where the card wants it so. See EMV 4.4 Book 3, 10.9.

    A card that does not gets the data in the second GENERATE AC, if its CDOL2 asks for it.
    """
    if not data:
        return
    if len(data) not in _AUTHENTICATION_DATA_LENGTHS:
        why = f"{len(data)} bytes of issuer authentication data"
        state.raise_tvr(Tvr.ISSUER_AUTHENTICATION_FAILED, "Book 3, 10.9", why)
        return
    state.objects[Tag.ISSUER_AUTHENTICATION_DATA] = data
    if Aip.ISSUER_AUTHENTICATION_SUPPORTED not in state.aip:
        return
    response = await state.send(apdu.external_authenticate(data))
    state.tsi |= Tsi.ISSUER_AUTHENTICATION_PERFORMED
    if response.ok:
        state.note("Issuer authenticated", "Book 3, 10.9")
    else:
        bit, why = Tvr.ISSUER_AUTHENTICATION_FAILED, f"{response.sw:04X}"
        state.raise_tvr(bit, "Book 3, 10.9", why)


async def _second_generate_ac(state: SessionState, wanted: AcType) -> AcType:
    """The card's last cryptogram: any type but the one that was asked for counts as an AAC.

    See EMV 4.4 Book 3, 9.3 and 10.11.
    """
    data = risk_data(state, state.card[Tag.CDOL2])
    state.begin("Completion")
    sent_before = state.pdol_data + state.cdol1_data
    answer = await generate_ac(state, wanted, Tag.CDOL2, data, sent_before)
    if answer.type is not wanted:
        state.ac_type = AcType.AAC
    return state.ac_type
