"""Offline data authentication: SDA, DDA, CDA. See EMV 4.4 Book 3, 10.3 and Book 2, 5–6.

Whatever is wrong with the card's data here marks the TVR; it does not end the session.
"""

from __future__ import annotations

import hashlib
import hmac

from firmware.emv import apdu, certificates, dol
from firmware.emv.certificates import Certificate, CertificateError, DataMissing, PublicKey
from firmware.emv.codes import AcType, Aip, TerminalCapabilities, Tsi, Tvr
from firmware.emv.contact.cryptogram import Cryptogram
from firmware.emv.contact.state import OdaMethod, SessionState
from firmware.emv.dol import DolError
from firmware.emv.errors import CardError
from firmware.emv.tags import Tag
from firmware.emv.tlv import Tlv, parse

_FAILED = {
    OdaMethod.SDA: Tvr.SDA_FAILED,
    OdaMethod.DDA: Tvr.DDA_FAILED,
    OdaMethod.CDA: Tvr.CDA_FAILED,
}


async def authenticate(state: SessionState) -> None:
    """Choose the method and do what can be done before the first GENERATE AC.

    For CDA the keys are recovered here; the signature comes with the cryptogram. Raises CardError
    when INTERNAL AUTHENTICATE is refused or malformed, SessionEnded.
    """
    state.begin("Offline data authentication")
    state.oda_method = _method(state.aip, state.capabilities)
    if state.oda_method is OdaMethod.NONE:
        state.raise_tvr(Tvr.OFFLINE_DATA_AUTHENTICATION_NOT_PERFORMED, "Book 3, 10.3")
        return
    state.note(f"{state.oda_method.value} selected", "Book 3, 10.3")
    if state.oda_method is OdaMethod.SDA:
        state.raise_tvr(Tvr.SDA_SELECTED, "Book 3, 10.3")
    try:
        match state.oda_method:
            case OdaMethod.SDA:
                _sda(state)
            case OdaMethod.DDA:
                state.icc_key = recover_icc_key(state)
                await _dda(state, state.icc_key)
            case OdaMethod.CDA:
                state.icc_key = recover_icc_key(state)
                return  # the TSI bit is set when the signature is checked
    except DataMissing as error:
        state.raise_tvr(Tvr.ICC_DATA_MISSING, "Book 3, 7.5, table 35", error.detail)
        _fail(state, error.detail)
    except (CertificateError, DolError) as error:
        _fail(state, error.detail)
    state.tsi |= Tsi.OFFLINE_DATA_AUTHENTICATION_PERFORMED


def _method(aip: Aip, capabilities: TerminalCapabilities) -> OdaMethod:
    """The highest that card and terminal both know. See EMV 4.4 Book 3, 10.3."""
    if Aip.CDA_SUPPORTED in aip and TerminalCapabilities.CDA in capabilities:
        return OdaMethod.CDA
    if Aip.DDA_SUPPORTED in aip and TerminalCapabilities.DDA in capabilities:
        return OdaMethod.DDA
    if Aip.SDA_SUPPORTED in aip and TerminalCapabilities.SDA in capabilities:
        return OdaMethod.SDA
    return OdaMethod.NONE


def _fail(state: SessionState, why: str) -> None:
    state.raise_tvr(_FAILED[state.oda_method], "Book 3, 10.3", why)


def _required(state: SessionState, tag: Tag) -> bytes:
    value = state.card.get(tag)
    if value is None:
        raise DataMissing(f"{tag.label} is missing")
    return value


def _require(state: SessionState, *tags: Tag) -> None:
    """All that a method needs must be there before anything is computed. See Book 3, 7.5."""
    for tag in tags:
        _required(state, tag)


def _issuer_key(state: SessionState) -> PublicKey:
    """CA key, issuer certificate, revocation list. See EMV 4.4 Book 2, 5.2–5.3."""
    if state.issuer_key is not None:
        return state.issuer_key.key
    parts = Certificate(
        _required(state, Tag.ISSUER_PUBLIC_KEY_CERTIFICATE),
        state.card.get(Tag.ISSUER_PUBLIC_KEY_REMAINDER),
        _required(state, Tag.ISSUER_PUBLIC_KEY_EXPONENT),
    )
    index = _required(state, Tag.CA_PUBLIC_KEY_INDEX)
    if len(index) != 1:
        raise CertificateError("CA public key index")
    # the RID of the application on the card. See Book 2, 5.2
    rid = state.identity.aid[:5]
    ca_key = state.ca_keys.find(rid, index[0])
    if ca_key is None:
        raise CertificateError(state.ca_keys.why_not(rid, index[0]))
    state.note(f"CA key {rid.hex().upper()} {index.hex().upper()}: {ca_key}", "Book 2, 5.2")
    state.objects[Tag.CA_PUBLIC_KEY_INDEX_TERMINAL] = index
    pan = state.identity.pan.reveal()
    issuer = certificates.issuer_key(ca_key, parts, pan, state.transaction.at.date())
    if state.ca_keys.revoked(rid, index[0], issuer.serial):
        raise CertificateError("issuer certificate: revoked")
    state.note(f"Issuer key: {issuer}", "Book 2, 5.3")
    state.issuer_key = issuer
    return issuer.key


def _static_data(state: SessionState) -> bytes:
    """The records' signed parts, then the AIP if the tag list says so. See Book 3, 10.3."""
    if state.static_data_broken:
        raise CertificateError("a signed record is not of template 70")
    tags = state.card.get(Tag.SDA_TAG_LIST)
    if tags is None:
        return state.static_data
    if tags != bytes([Tag.APPLICATION_INTERCHANGE_PROFILE]):
        raise CertificateError("static data authentication tag list holds more than the AIP")
    return state.static_data + state.card[Tag.APPLICATION_INTERCHANGE_PROFILE]


def _sda(state: SessionState) -> None:
    """Static data authentication. See EMV 4.4 Book 2, 5."""
    _require(
        state,
        Tag.CA_PUBLIC_KEY_INDEX,
        Tag.ISSUER_PUBLIC_KEY_CERTIFICATE,
        Tag.ISSUER_PUBLIC_KEY_EXPONENT,
        Tag.SIGNED_STATIC_APPLICATION_DATA,
    )
    issuer = _issuer_key(state)
    signed = state.card[Tag.SIGNED_STATIC_APPLICATION_DATA]
    code = certificates.static_data(issuer, signed, _static_data(state))
    state.card[Tag.DATA_AUTHENTICATION_CODE] = code
    state.note(f"SDA succeeded: data authentication code {code.hex().upper()}", "Book 2, 5.4")


def recover_icc_key(state: SessionState) -> PublicKey:
    """The card's public key. See EMV 4.4 Book 2, 6.3–6.4. Raises CertificateError."""
    if state.icc_key is not None:
        return state.icc_key
    _require(
        state,
        Tag.CA_PUBLIC_KEY_INDEX,
        Tag.ISSUER_PUBLIC_KEY_CERTIFICATE,
        Tag.ISSUER_PUBLIC_KEY_EXPONENT,
        Tag.ICC_PUBLIC_KEY_CERTIFICATE,
        Tag.ICC_PUBLIC_KEY_EXPONENT,
    )
    issuer = _issuer_key(state)
    parts = Certificate(
        state.card[Tag.ICC_PUBLIC_KEY_CERTIFICATE],
        state.card.get(Tag.ICC_PUBLIC_KEY_REMAINDER),
        state.card[Tag.ICC_PUBLIC_KEY_EXPONENT],
    )
    pan = state.identity.pan.reveal()
    today = state.transaction.at.date()
    icc = certificates.icc_key(issuer, parts, pan, today, _static_data(state))
    state.note(f"ICC key: {icc}", "Book 2, 6.4")
    return icc.key


def recover_pin_key(state: SessionState) -> PublicKey:
    """The key a PIN is enciphered with: its own, else the ICC key. See EMV 4.4 Book 2, 7.1.

    Raises CertificateError.
    """
    certificate = state.card.get(Tag.ICC_PIN_ENCIPHERMENT_CERTIFICATE)
    exponent = state.card.get(Tag.ICC_PIN_ENCIPHERMENT_EXPONENT)
    if certificate is None or exponent is None:
        return recover_icc_key(state)
    remainder = state.card.get(Tag.ICC_PIN_ENCIPHERMENT_REMAINDER)
    parts = Certificate(certificate, remainder, exponent)
    pan = state.identity.pan.reveal()
    today = state.transaction.at.date()
    own = certificates.icc_key(_issuer_key(state), parts, pan, today, b"")
    state.note(f"PIN encipherment key: {own}", "Book 2, 7.1")
    return own.key


async def _dda(state: SessionState, icc_key: PublicKey) -> None:
    """Dynamic data authentication. See EMV 4.4 Book 2, 6.5."""
    ddol = state.card.get(Tag.DDOL, state.config.ddol)
    if all(entry.tag != Tag.UNPREDICTABLE_NUMBER for entry in dol.parse(ddol)):
        raise CertificateError("the DDOL has no unpredictable number")
    terminal_data = dol.build(ddol, state.value)
    sent = dol.split(ddol, terminal_data)
    data = await state.send_ok(apdu.internal_authenticate(terminal_data), sent)
    signed = _signed_in(data)
    dynamic = certificates.dynamic_data(icc_key, signed, terminal_data)
    state.card[Tag.ICC_DYNAMIC_NUMBER] = dynamic.number
    number = dynamic.number.hex().upper()
    state.note(f"DDA succeeded: ICC dynamic number {number}", "Book 2, 6.5.2")


def _signed_in(data: bytes) -> bytes:
    """The signature in either response format. See EMV 4.4 Book 3, 6.5.9.4."""
    objects = parse(data)
    if len(objects) == 1 and objects[0].tag == Tag.RESPONSE_TEMPLATE_1:
        return objects[0].value
    if len(objects) == 1 and objects[0].tag == Tag.RESPONSE_TEMPLATE_2:
        signed = objects[0].value_of(Tag.SIGNED_DYNAMIC_APPLICATION_DATA)
        if signed is not None:
            return signed
    raise CardError("INTERNAL AUTHENTICATE: no signature in the response")


def cda_wanted(state: SessionState, wanted: AcType) -> bool:
    """Whether GENERATE AC shall ask for a signature: not for an AAC, nor when CDA has failed."""
    return _cda_due(state) and wanted is not AcType.AAC


def forgo_cda(state: SessionState) -> None:
    """Mark that CDA was chosen but an AAC, which carries no signature, is asked for first.

    The text of Book 2, 6.6 names this bit for an ARQC without signature alone; its figure 3 sets
    it on the way to the AAC as well, so that the issuer knows.
    """
    if _cda_due(state):
        bit = Tvr.OFFLINE_DATA_AUTHENTICATION_NOT_PERFORMED
        state.raise_tvr(bit, "Book 2, 6.6.3, figure 3", "no signature comes with an AAC")


def _cda_due(state: SessionState) -> bool:
    return state.oda_method is OdaMethod.CDA and Tvr.CDA_FAILED not in state.tvr


def verify_cda(state: SessionState, answer: Cryptogram, sent_before: bytes) -> bool:
    """Verify the signature over a GENERATE AC; keeps the AC out of it. See Book 2, 6.6.2.

    `sent_before`: PDOL, CDOL1 and, at the second command, CDOL2 data, in this order.
    """
    state.tsi |= Tsi.OFFLINE_DATA_AUTHENTICATION_PERFORMED
    try:
        _verify_cda(state, answer, sent_before)
    except CertificateError as error:
        _fail(state, error.detail)
        return False
    ac, number = (
        state.card[tag].hex().upper()
        for tag in (Tag.APPLICATION_CRYPTOGRAM, Tag.ICC_DYNAMIC_NUMBER)
    )
    state.note(f"CDA succeeded: AC {ac}, ICC dynamic number {number}", "Book 2, 6.6.2")
    return True


def _verify_cda(state: SessionState, answer: Cryptogram, sent_before: bytes) -> None:
    if answer.signed is None or state.icc_key is None:
        raise CertificateError("no signature came with the cryptogram")
    unpredictable = state.objects[Tag.UNPREDICTABLE_NUMBER]
    dynamic = certificates.dynamic_data(state.icc_key, answer.signed, unpredictable)
    if len(dynamic.rest) < 1 + 8 + 20:
        raise CertificateError("signed dynamic data: ICC dynamic data is too short")
    cid, ac, digest = dynamic.rest[0], dynamic.rest[1:9], dynamic.rest[9:29]
    if cid != answer.cid:
        raise CertificateError("signed dynamic data: another CID than in the response")
    if answer.ac and answer.ac != ac:
        raise CertificateError("signed dynamic data: another AC than in the response")
    hashed = sent_before + _returned(answer.objects)
    wanted = hashlib.sha1(hashed, usedforsecurity=False).digest()
    if not hmac.compare_digest(wanted, digest):
        raise CertificateError("signed dynamic data: transaction data hash code")
    state.card[Tag.ICC_DYNAMIC_NUMBER] = dynamic.number
    state.card[Tag.APPLICATION_CRYPTOGRAM] = ac


def _returned(objects: tuple[Tlv, ...]) -> bytes:
    """The response's objects in their order, but for the signature. See Book 2, 6.6.1."""
    return b"".join(one.raw for one in objects if one.tag != Tag.SIGNED_DYNAMIC_APPLICATION_DATA)
