"""PIN entry: offline in plaintext or enciphered, or online. See EMV 4.4 Book 3, 10.5.1–10.5.2.

The PIN itself never reaches the trace: VERIFY's data is masked there.
"""

from __future__ import annotations

from firmware.core.masked import Pin
from firmware.emv import apdu
from firmware.emv.apdu import Sw
from firmware.emv.certificates import CertificateError, PublicKey
from firmware.emv.codes import Tvr
from firmware.emv.contact import oda
from firmware.emv.contact.dialogue import (
    Cancelled,
    CardFailure,
    PinBypassed,
    PinKind,
    PinPadFailed,
    PinPrompt,
)
from firmware.emv.contact.state import ENDS, SessionState
from firmware.emv.errors import CardError, SessionEnded
from firmware.emv.outcomes import EndReason
from firmware.emv.tags import Tag

_TRIES_MAX = 15  # what '63Cx' can say
_ENCIPHERED_HEADER = 0x7F
_CHALLENGE_LENGTH = 8


def pin_block(pin: Pin) -> bytes:
    """The plaintext offline PIN block: '2', length, digits, filled with 'F'. See Book 3, 6.5.12."""
    digits = pin.reveal()
    return bytes.fromhex(f"2{len(digits):X}{digits}".ljust(16, "F"))


def encipher(key: PublicKey, block: bytes, challenge: bytes, padding: bytes) -> bytes:
    """Encipher a PIN block for VERIFY. `padding` fills the modulus. See Book 2, 7.2."""
    data = bytes([_ENCIPHERED_HEADER]) + block + challenge + padding
    assert len(data) == len(key.modulus), "the padding fills the modulus"
    modulus = int.from_bytes(key.modulus, "big")
    enciphered = pow(int.from_bytes(data, "big"), key.exponent, modulus)
    return enciphered.to_bytes(len(key.modulus), "big")


async def ask_online(state: SessionState) -> bool:
    """Ask for a PIN that the issuer will verify; False when none was keyed."""
    prompt = PinPrompt(PinKind.ONLINE, None, last_try=False, retry=False)
    pin = await _ask(state, prompt)
    if pin is None:
        return False
    state.online_pin = pin
    state.raise_tvr(Tvr.ONLINE_PIN_ENTERED, "Book 3, 10.5.2")
    return True


async def _ask(state: SessionState, prompt: PinPrompt) -> Pin | None:
    """Ask the cardholder; a bypass holds for every PIN of this session. See Book 4, 6.3.4.3."""
    if state.pin_bypassed:
        state.raise_tvr(Tvr.PIN_NOT_ENTERED, "Book 4, 6.3.4.3", "bypassed before")
        return None
    answer = await state.dialogue.ask_pin(prompt)
    match answer:
        case Pin():
            return answer
        case PinPadFailed():
            state.raise_tvr(Tvr.PIN_PAD_NOT_WORKING, "Book 3, 10.5.1")
            return None
        case PinBypassed():
            if not state.transaction.pin_bypass_allowed:
                raise SessionEnded(EndReason.CANCELLED, "no PIN, and bypass is not allowed")
            state.pin_bypassed = True
            state.raise_tvr(Tvr.PIN_NOT_ENTERED, "Book 3, 10.5.1")
            return None
        case Cancelled():
            raise SessionEnded(EndReason.CANCELLED, "PIN entry")
        case CardFailure():
            raise SessionEnded(ENDS[answer], "PIN entry")


async def verify_offline(state: SessionState, *, enciphered: bool) -> bool:
    """Ask for a PIN and let the card verify it, while it has tries; marks the TVR.

    Raises CardError when the card answers VERIFY with what it may not. See EMV 4.4 Book 3, 10.5.1.
    """
    if not state.pin_tries_known:  # asked for once, see 10.5.1
        state.pin_tries_known = True
        state.pin_tries_left = await state.counter(Tag.PIN_TRY_COUNTER)
    if state.pin_tries_left == 0:
        state.raise_tvr(Tvr.PIN_TRY_LIMIT_EXCEEDED, "Book 3, 10.5.1")
        return False
    key = _key(state) if enciphered else None
    if enciphered and key is None:
        return False  # nobody is asked for a PIN that could not be enciphered
    retry = False
    for _ in range(_TRIES_MAX):
        prompt = PinPrompt(PinKind.OFFLINE, state.pin_tries_left, state.pin_tries_left == 1, retry)
        pin = await _ask(state, prompt)
        if pin is None:
            return False
        data = pin_block(pin)
        if key is not None:
            enciphered_data = await _encipher(state, key, data)
            if enciphered_data is None:
                return False
            data = enciphered_data
        verified = await _verify(state, data, enciphered=enciphered)
        if verified is not None:
            return verified
        retry = True
    return False


async def _verify(state: SessionState, data: bytes, *, enciphered: bool) -> bool | None:
    """One VERIFY: True, False, or None when another try is left. See Book 3, 6.5.12."""
    response = await state.send(apdu.verify(data, enciphered=enciphered))
    if response.ok:
        state.note("PIN verified by the card", "Book 3, 10.5.1")
        return True
    blocked = response.sw in (Sw.AUTHENTICATION_METHOD_BLOCKED, Sw.REFERENCE_DATA_INVALIDATED)
    if blocked or response.sw == Sw.NO_TRY_LEFT:
        state.pin_tries_left, state.pin_tries_known = 0, True
        state.raise_tvr(Tvr.PIN_TRY_LIMIT_EXCEEDED, "Book 3, 10.5.1")
        return False
    if response.sw & 0xFFF0 == Sw.NO_TRY_LEFT:
        state.pin_tries_left, state.pin_tries_known = response.sw & 0x0F, True
        state.note(f"Wrong PIN, {state.pin_tries_left} tries left", "Book 3, 10.5.1")
        return None
    raise CardError(f"VERIFY answered {response.sw:04X}")  # figure 11: terminate


def _key(state: SessionState) -> PublicKey | None:
    """The key for an enciphered PIN; without one the method fails. See EMV 4.4 Book 2, 7.1.

    'ICC data missing' is not for data that only a PIN would have needed. See Book 3, 7.5, note.
    """
    try:
        return oda.recover_pin_key(state)
    except CertificateError as error:
        state.note(f"No key to encipher the PIN with: {error.detail}", "Book 2, 7.1")
    return None


async def _encipher(state: SessionState, key: PublicKey, block: bytes) -> bytes | None:
    """Get the card's challenge and encipher; None when it gives none. See Book 2, 7.2."""
    response = await state.send(apdu.get_challenge())
    if not response.ok or len(response.data) != _CHALLENGE_LENGTH:
        state.note("GET CHALLENGE failed", "Book 2, 7.2, step 2")
        return None
    length = len(key.modulus) - 1 - len(block) - _CHALLENGE_LENGTH
    if length < 0:
        state.note("The key is too short for a PIN", "Book 2, 7.2")
        return None
    padding = await state.dialogue.random(length) if length else b""
    return encipher(key, block, response.data, padding)
