"""Read application data: AFL, records, mandatory data. See EMV 4.4 Book 3, 10.2."""

from __future__ import annotations

from msgspec import Struct

from firmware.core.masked import Pan, Track2
from firmware.emv import apdu
from firmware.emv.codes import CvmCode
from firmware.emv.contact.state import SessionState
from firmware.emv.dates import digits, yymmdd
from firmware.emv.errors import CardError
from firmware.emv.outcomes import CardData
from firmware.emv.tags import NOT_IN_RECORDS, Tag
from firmware.emv.tlv import Tlv, TlvError, parse_one, primitives

RECORDS_MAX = 128
_SFI_OF_THE_BOOKS_MAX = 10

MANDATORY = (Tag.APPLICATION_PAN, Tag.APPLICATION_EXPIRATION_DATE, Tag.CDOL1, Tag.CDOL2)

# Objects that later steps compute with: a wrong length ends the session. See Book 3, 7.5.
_LENGTH_CHECKED = frozenset(
    {
        Tag.APPLICATION_PAN,
        Tag.APPLICATION_EXPIRATION_DATE,
        Tag.APPLICATION_EFFECTIVE_DATE,
        Tag.ISSUER_COUNTRY_CODE,
        Tag.APPLICATION_PAN_SEQUENCE_NUMBER,
        Tag.APPLICATION_USAGE_CONTROL,
        Tag.APPLICATION_VERSION_NUMBER,
        Tag.ISSUER_ACTION_CODE_DEFAULT,
        Tag.ISSUER_ACTION_CODE_DENIAL,
        Tag.ISSUER_ACTION_CODE_ONLINE,
        Tag.LOWER_CONSECUTIVE_OFFLINE_LIMIT,
        Tag.UPPER_CONSECUTIVE_OFFLINE_LIMIT,
        Tag.APPLICATION_CURRENCY_CODE,
        Tag.CVM_LIST,
    }
)


class AflEntry(Struct, frozen=True):
    """One run of records; the first `authenticated` of them are signed by the issuer."""

    sfi: int
    first: int
    last: int
    authenticated: int


def parse_afl(afl: bytes) -> tuple[AflEntry, ...]:
    """Parse an Application File Locator; raises CardError. See EMV 4.4 Book 3, 7.5 and 10.2."""
    if len(afl) % 4:
        raise CardError("AFL is not of four-byte entries")
    entries = tuple(
        AflEntry(afl[i] >> 3, afl[i + 1], afl[i + 2], afl[i + 3]) for i in range(0, len(afl), 4)
    )
    for entry in entries:
        if not 1 <= entry.sfi <= 30:
            raise CardError("AFL: SFI")
        if not 1 <= entry.first <= entry.last:
            raise CardError("AFL: record numbers")
        if entry.authenticated > entry.last - entry.first + 1:
            raise CardError("AFL: number of authenticated records")
    if sum(entry.last - entry.first + 1 for entry in entries) > RECORDS_MAX:
        raise CardError(f"AFL: more than {RECORDS_MAX} records")
    return entries


async def read_application_data(state: SessionState) -> None:
    """Read every record of the AFL into the state, with who the card is.

    Raises CardError, SessionEnded.
    """
    state.begin("Read application data")
    signed: list[bytes] = []
    recorded: set[int] = set()
    for entry in parse_afl(state.card[Tag.APPLICATION_FILE_LOCATOR]):
        for number in range(entry.first, entry.last + 1):
            data = await state.send_ok(apdu.read_record(entry.sfi, number))
            template = _template(state, entry, data)
            if number - entry.first < entry.authenticated:
                signed.append(_signed_part(state, entry, data, template))
            if template is not None:
                _keep(state, template, recorded)
    state.static_data = b"".join(signed)
    for tag in MANDATORY:
        if tag not in state.card:
            raise CardError(f"mandatory data missing: {tag.label}")
    _check_lengths(state)
    state.card_data = card_data(state)


def _template(state: SessionState, entry: AflEntry, data: bytes) -> Tlv | None:
    """The record's template; None for a proprietary file's record that has none."""
    try:
        return parse_one(data, Tag.READ_RECORD_TEMPLATE)
    except TlvError:
        if entry.sfi <= _SFI_OF_THE_BOOKS_MAX:
            raise
        state.note(f"SFI {entry.sfi}: a proprietary record", "Book 3, 5.3.2")
        return None


def _signed_part(state: SessionState, entry: AflEntry, data: bytes, template: Tlv | None) -> bytes:
    """What of a record goes into offline data authentication. See EMV 4.4 Book 3, 10.3.

    Of a file of the Books it is the template's value, of a proprietary one the whole record.
    """
    if template is None:
        state.static_data_broken = True
        return b""
    return template.value if entry.sfi <= _SFI_OF_THE_BOOKS_MAX else data


def _keep(state: SessionState, template: Tlv, recorded: set[int]) -> None:
    """Store the recognised objects; one that comes twice ends the session (10.2).

    An object of length 0 counts as absent (5.2). A terminal's object, and one that does not belong
    into a record, is treated as unknown (7.5).
    """
    for one in primitives(template.children):
        known = Tag.of_card(one.tag)
        if known is None or known in NOT_IN_RECORDS or not one.value:
            continue
        if one.tag in recorded:
            raise CardError(f"redundant data: {known.label}")
        recorded.add(one.tag)
        state.card[one.tag] = one.value


def _check_lengths(state: SessionState) -> None:
    for tag in _LENGTH_CHECKED & state.card.keys():
        if not tag.length_min <= len(state.card[tag]) <= tag.length_max:
            raise CardError(f"{tag.label} of {len(state.card[tag])} bytes")


def card_data(state: SessionState) -> CardData:
    """Who the card is; raises CardError on data of the wrong format, or of two accounts.

    The Books ask for 5A (Book 3, table 29) and leave 57 to the schemes. The acquirer gets both, and
    may book by either: a card that names one account in each is refused before anything is sent.
    The expiry in 57 is not compared: no Book says that it is that of 5F24, and it names no account.
    """
    card = state.card
    candidate = state.candidate
    assert candidate is not None
    pan = card[Tag.APPLICATION_PAN].hex().upper().rstrip("F")
    if not pan.isdigit() or not 8 <= len(pan) <= 19:
        raise CardError("application PAN")
    track2 = track2_of(card.get(Tag.TRACK_2_EQUIVALENT_DATA))
    if track2 is not None and not track2.is_of(Pan(pan)):
        raise CardError("application PAN and track 2 equivalent data name two accounts")
    effective = card.get(Tag.APPLICATION_EFFECTIVE_DATE)
    return CardData(
        pan=Pan(pan),
        psn=_digits(card, Tag.APPLICATION_PAN_SEQUENCE_NUMBER) or "",
        expiry=yymmdd(card[Tag.APPLICATION_EXPIRATION_DATE], "expiration date"),
        effective=None if effective is None else yymmdd(effective, "effective date"),
        track2=track2,
        aid=candidate.aid,
        label=candidate.label,
        preferred_name=candidate.preferred_name,
        languages=candidate.languages,
        service_code=_service_code(card, track2),
        country=_code(card, Tag.ISSUER_COUNTRY_CODE),
        currency=_code(card, Tag.APPLICATION_CURRENCY_CODE),
        online_pin=_has_online_pin(card.get(Tag.CVM_LIST, b"")),
    )


def _has_online_pin(cvm_list: bytes) -> bool:
    """Whether a rule of tag 8E is the enciphered PIN online. See EMV 4.4 Book 3, Annex C3."""
    methods = cvm_list[8::2]  # after amounts X and Y: method and condition, rule by rule
    return any(method & 0xBF == CvmCode.ONLINE_PIN for method in methods)


def track2_of(value: bytes | None) -> Track2 | None:
    """Track 2 equivalent data with '=' as separator; None when it is absent or malformed."""
    if value is None:
        return None
    text = value.hex().upper().rstrip("F")
    number, separator, rest = text.partition("D")
    if not separator or not number.isdigit() or not rest.isdigit():
        return None
    return Track2(f"{number}={rest}")


def _digits(card: dict[int, bytes], tag: Tag) -> str | None:
    value = card.get(tag)
    return None if value is None else digits(value, tag.label)


def _code(card: dict[int, bytes], tag: Tag) -> str | None:
    text = _digits(card, tag)
    return None if text is None else text[-3:]


def _service_code(card: dict[int, bytes], track2: Track2 | None) -> str | None:
    if Tag.SERVICE_CODE in card:
        value = card[Tag.SERVICE_CODE].hex()
        return value[-3:] if value.isdigit() else None
    if track2 is None:
        return None
    after = str(track2.reveal()).partition("=")[2]
    return after[4:7] if len(after) >= 7 else None
