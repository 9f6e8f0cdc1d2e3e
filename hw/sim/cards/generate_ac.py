"""GENERATE AC and EXTERNAL AUTHENTICATE: the card's decision and its cryptograms.

See EMV 4.4 Book 3, 6.5.4, 6.5.5, 9.3 and 10.8-10.11; CDA in Book 2, 6.6.
"""

from __future__ import annotations

import hmac

from hw.sim.cards import tlv
from hw.sim.cards.application import Application, Phase
from hw.sim.cards.certificates import sha1
from hw.sim.cards.commands import Answer, Command, Refused, Sw
from hw.sim.cards.cryptogram import (
    AMOUNT,
    CURRENCY,
    UNPREDICTABLE,
    AcType,
    application_cryptogram,
    arpc_method_1,
    arpc_method_2,
    issuer_application_data,
)

CDA_WANTED = 0x10
RESPONSE_CODE, ISSUER_AUTHENTICATION_DATA = 0x8A, 0x91
UNABLE_TO_GO_ONLINE = (b"Y3", b"Z3")
# card status update, EMV 4.4 Book 3, C9: byte 2
ISSUER_APPROVES, CSU_CARD_BLOCK, CSU_APPLICATION_BLOCK, CSU_SET_PIN_TRIES = 0x80, 0x40, 0x20, 0x10


def generate_ac(application: Application, command: Command) -> Answer:
    """First or second GENERATE AC, whichever is due. Raises Refused."""
    if command.p2 or command.p1 & 0x2F or command.p1 & 0xC0 == 0xC0:
        raise Refused(Sw.P1_P2_WRONG)
    asked = AcType(command.p1 & 0xC0)
    application.require(Phase.INITIATED, Phase.ONLINE)
    transaction = application.transaction
    first = transaction.phase is Phase.INITIATED
    listed = tlv.dol(application.own.cdol1 if first else application.own.cdol2)
    if len(command.data) != tlv.dol_length(listed):
        raise Refused(Sw.WRONG_LENGTH)
    transaction.sent |= tlv.dol_values(listed, command.data)
    if not first and asked is AcType.ARQC:
        raise Refused(Sw.CONDITIONS)
    transaction.heard += command.data
    if first:
        given = _first(application, AcType.AAC if application.invalidated else asked)
    else:
        given = _second(application, asked)
    return _respond(application, given, cda=bool(command.p1 & CDA_WANTED), first=first)


def _first(application: Application, asked: AcType) -> AcType:
    """Card action analysis: never more than was asked for. See Book 3, 9.3 and 10.8."""
    memory, transaction = application.memory, application.transaction
    risk = application.own.risk
    given = asked
    if asked is AcType.TC:
        amount = int(transaction.sent.get(AMOUNT, b"\x99" * 6).hex() or "0")
        home = transaction.sent.get(CURRENCY) == bytes.fromhex(application.own.currency)
        over_count = memory.offline_in_a_row >= risk.consecutive_offline_limit
        transaction.findings.velocity_exceeded = over_count
        if amount > risk.offline_limit_minor or not home or over_count:
            given = AcType.ARQC
        else:
            memory.offline_in_a_row += 1
            application.note_in_log()
    transaction.findings.first = given
    if given is AcType.ARQC:
        transaction.phase = Phase.ONLINE
        memory.last_online_incomplete = True
    else:
        transaction.findings.second = None
        transaction.phase = Phase.COMPLETE
    return given


def _second(application: Application, asked: AcType) -> AcType:
    """Completion. See EMV 4.4 Book 3, 10.11."""
    memory, transaction = application.memory, application.transaction
    findings, risk = transaction.findings, application.own.risk
    data = transaction.sent.get(ISSUER_AUTHENTICATION_DATA, b"")
    if any(data) and not transaction.issuer_authentication_tried:
        authenticate_issuer(application, data)
    findings.unable_to_go_online = transaction.sent.get(RESPONSE_CODE) in UNABLE_TO_GO_ONLINE
    if findings.unable_to_go_online:
        willing = risk.unable_to_go_online == "approve"
    elif findings.issuer_authentication_failed:
        willing = False
    elif findings.issuer_authenticated:
        willing = transaction.issuer_approves
    else:
        willing = risk.issuer_authentication == "optional"
    willing = willing and not application.invalidated
    given = AcType.TC if asked is AcType.TC and willing else AcType.AAC
    findings.second = given
    transaction.phase = Phase.COMPLETE
    if findings.issuer_authenticated:
        memory.last_online_atc = memory.atc
        memory.last_online_incomplete = False
        memory.offline_in_a_row = 0
    if given is AcType.TC:
        application.note_in_log()
    return given


def _respond(application: Application, given: AcType, *, cda: bool, first: bool) -> Answer:
    """The cryptogram in format 1 or 2, signed where CDA was asked for and there is no AAC."""
    own, transaction = application.own, application.transaction
    cda = cda and own.authentication == "cda" and given is not AcType.AAC
    if cda and first:
        transaction.findings.cda_first = True
    elif cda:
        transaction.findings.cda_second = True
    iad = issuer_application_data(own.issuer_data, own.cvn, transaction.findings)
    cryptogram = application_cryptogram(
        own.cvn,
        application.cryptogram_key(),
        transaction.sent,
        (own.aip, application.atc, iad),
    )
    if first:
        transaction.first_cryptogram = cryptogram
    cid = bytes([given])
    if cda:
        return _signed(application, cid, cryptogram, iad)
    if own.ac_format == 1:
        return Answer(tlv.tlv(0x80, cid + application.atc + cryptogram + iad))
    inner = tlv.tlv(0x9F27, cid) + tlv.tlv(0x9F36, application.atc)
    return Answer(tlv.tlv(0x77, inner + tlv.tlv(0x9F26, cryptogram) + tlv.tlv(0x9F10, iad)))


def _signed(application: Application, cid: bytes, cryptogram: bytes, iad: bytes) -> Answer:
    """The answer with a dynamic signature over all that was said. See Book 2, 6.6.1."""
    transaction = application.transaction
    before = tlv.tlv(0x9F27, cid) + tlv.tlv(0x9F36, application.atc)
    after = tlv.tlv(0x9F10, iad)
    number = application.random(8)
    digest = sha1(transaction.heard + before + after)
    dynamic = bytes([len(number)]) + number + cid + cryptogram + digest
    signed = application.sign(dynamic, transaction.sent.get(UNPREDICTABLE, b""))
    return Answer(tlv.tlv(0x77, before + tlv.tlv(0x9F4B, signed) + after))


def external_authenticate(application: Application, command: Command) -> Answer:
    """Issuer authentication as a command; once a transaction. See Book 3, 6.5.4."""
    command.require_p1_p2(0)
    if application.own.issuer_authentication_by != "external-authenticate":
        raise Refused(Sw.INS_UNKNOWN)
    application.require(Phase.ONLINE)
    if application.transaction.issuer_authentication_tried:
        raise Refused(Sw.CONDITIONS)
    if not 8 <= len(command.data) <= 16:
        raise Refused(Sw.WRONG_LENGTH)
    if not authenticate_issuer(application, command.data):
        raise Refused(Sw.AUTHENTICATION_FAILED)
    return Answer()


def authenticate_issuer(application: Application, data: bytes) -> bool:
    """Check tag 91 by the card's ARPC method. See EMV 4.4 Book 2, 8.2."""
    transaction = application.transaction
    transaction.issuer_authentication_tried = True
    key = application.arpc_key()
    if application.own.arpc_method == 1:
        arpc = arpc_method_1(key, transaction.first_cryptogram, data[8:10].ljust(2, b"\0"))
        good = hmac.compare_digest(arpc, data[:8])
    else:
        arpc = arpc_method_2(key, transaction.first_cryptogram, data[4:])
        good = hmac.compare_digest(arpc, data[:4])
        if good:
            _update_status(application, data[4:8])
    transaction.findings.issuer_authenticated = good
    transaction.findings.issuer_authentication_failed = not good
    return good


def _update_status(application: Application, update: bytes) -> None:
    """Obey a card status update. See EMV 4.4 Book 3, C9."""
    memory = application.memory
    orders = update[1]
    application.transaction.issuer_approves = bool(orders & ISSUER_APPROVES)
    if orders & CSU_CARD_BLOCK:
        application.card_block_asked = True
    if orders & CSU_APPLICATION_BLOCK:
        memory.blocked = True
    if orders & CSU_SET_PIN_TRIES:
        memory.pin_tries_left = min(update[0] & 0x0F, application.own.account.pin_tries or 3)
