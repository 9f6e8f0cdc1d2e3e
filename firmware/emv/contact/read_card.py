"""Identify any card in the reader: its directories, applications, and whose card it is.

Nothing is decided and no cryptogram is made; GET PROCESSING OPTIONS does count the card's ATC up.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from firmware.core.money import CURRENCIES, Money
from firmware.emv import apdu
from firmware.emv.apdu import Sw
from firmware.emv.ca_keys import CaKeys
from firmware.emv.codes import Tvr
from firmware.emv.contact.applications import Application, Applications
from firmware.emv.contact.dialogue import Dialogue
from firmware.emv.contact.fci import candidate_of, parse_fci
from firmware.emv.contact.gpo import initiate
from firmware.emv.contact.read import read_application_data
from firmware.emv.contact.select import PSE, RECORDS_MAX
from firmware.emv.contact.state import SessionState
from firmware.emv.errors import CardError, SessionEnded
from firmware.emv.outcomes import CardData, Ended, EndReason
from firmware.emv.tags import Tag
from firmware.emv.terminal_data import EmvTransaction, TerminalData
from firmware.emv.tlv import find, parse, parse_one
from firmware.emv.trace import Trace

PPSE = b"2PAY.SYS.DDF01"
APPLICATIONS_MAX = 16
_NONE = Tvr(0)
_UNKNOWN = Application(
    aid=b"",
    name="",
    scheme="",
    versions=(bytes(2),),
    tac_denial=_NONE,
    tac_online=_NONE,
    tac_default=_NONE,
)


class CardApplication(Struct, frozen=True):
    """One application of a card; `card` is None when it would not say whose it is."""

    aid: bytes
    name: str  # what the card calls it
    scheme: str  # what the terminal's table calls it, "" when it is not there
    blocked: bool
    card: CardData | None
    detail: str  # why `card` is None


class CardReport(Struct, frozen=True):
    """What a card is."""

    directories: tuple[str, ...]  # "PSE", "PPSE"
    applications: tuple[CardApplication, ...]


async def read_card(
    dialogue: Dialogue,
    applications: Iterable[Application],
    at: datetime,
) -> CardReport | Ended:
    """Read a card's directories and try every AID the terminal knows.

    `at` is the wall clock. Ended when the card is gone or mute, or is blocked as a whole.
    """
    terminal = TerminalData("156", "00000000", "", "", "00000000")
    transaction = EmvTransaction(Money(0, CURRENCIES["CNY"]), at, 1)
    state = SessionState(dialogue, terminal, transaction, CaKeys(), Trace())
    table = Applications(applications)
    try:
        directories, names = await _directories(state)
        for application in table:
            if not any(application.matches(name) for name in names):
                names.append(application.aid)
        found: dict[bytes, CardApplication] = {}
        for name in names:
            one = await _look_at(state, table, name)
            if one is not None and len(found) < APPLICATIONS_MAX:
                found.setdefault(one.aid, one)
    except SessionEnded as ended:
        return Ended(ended.reason, ended.detail)
    except CardError as error:
        return Ended(EndReason.CARD_ERROR, error.detail)
    return CardReport(directories, tuple(found.values()))


async def _directories(state: SessionState) -> tuple[tuple[str, ...], list[bytes]]:
    """The directories a card has, and the DF names they list; malformed ones are passed over."""
    state.begin("Directories")
    present: list[str] = []
    names: list[bytes] = []
    for label, directory in (("PSE", PSE), ("PPSE", PPSE)):
        response = await state.send(apdu.select(directory))
        if response.sw == Sw.FUNCTION_NOT_SUPPORTED:
            raise SessionEnded(EndReason.CARD_BLOCKED)
        if not response.ok:
            continue
        present.append(label)
        try:
            listed = _listed_in_fci(response.data) or await _listed_in_file(state, response.data)
        except CardError as error:
            state.note(f"{label} given up: {error.detail}", "Book 1, 12.3.2")
            continue
        names.extend(name for name in listed if name not in names)
    return tuple(present), names[:APPLICATIONS_MAX]


def _listed_in_fci(data: bytes) -> list[bytes]:
    """The DF names a PPSE lists in its FCI itself. See EMV Contactless Book B, 3.3.1."""
    proprietary = parse_one(data, Tag.FCI_TEMPLATE).find(Tag.FCI_PROPRIETARY_TEMPLATE)
    discretionary = proprietary and proprietary.find(Tag.FCI_ISSUER_DISCRETIONARY_DATA)
    entries = discretionary.children if discretionary else ()
    return [
        name
        for entry in entries
        if entry.tag == Tag.APPLICATION_TEMPLATE and (name := entry.value_of(Tag.ADF_NAME))
    ]


async def _listed_in_file(state: SessionState, data: bytes) -> list[bytes]:
    """The DF names in the records of a PSE's directory. See EMV 4.4 Book 1, 12.2.3."""
    names: list[bytes] = []
    sfi = parse_fci(data).proprietary.get(Tag.SHORT_FILE_IDENTIFIER, b"")
    if len(sfi) != 1 or not 1 <= sfi[0] <= 10:
        return names
    for record in range(1, RECORDS_MAX + 1):
        response = await state.send(apdu.read_record(sfi[0], record))
        if not response.ok:
            break
        template = find(parse(response.data), Tag.READ_RECORD_TEMPLATE)
        for entry in template.children if template else ():
            name = entry.value_of(Tag.ADF_NAME)
            if entry.tag == Tag.APPLICATION_TEMPLATE and name:
                names.append(name)
    return names


async def _look_at(state: SessionState, table: Applications, name: bytes) -> CardApplication | None:
    """Select one application and ask whose it is; None when the card does not have it."""
    state.begin(f"Application {name.hex().upper()}")
    response = await state.send(apdu.select(name))
    blocked = response.sw == Sw.DEACTIVATED
    if not response.ok and not blocked:
        return None
    try:
        fci = parse_fci(response.data)
    except CardError as error:
        why = "blocked" if blocked else error.detail
        return CardApplication(name, "", _scheme(table, name), blocked, None, why)
    if not fci.df_name.startswith(name):
        return None  # the application selected before answered in its place
    candidate = candidate_of(fci.df_name, fci.proprietary, state.terminal, ())
    card, detail = None, "blocked"
    if not blocked:
        state.restart()
        state.application = table.match(fci.df_name) or _UNKNOWN
        state.candidate = candidate
        state.selected = fci.proprietary
        card, detail = await _ask_whose(state)
    shown, scheme = candidate.preferred_name or candidate.label, _scheme(table, candidate.aid)
    return CardApplication(candidate.aid, shown, scheme, blocked, card, detail)


async def _ask_whose(state: SessionState) -> tuple[CardData | None, str]:
    try:
        if not await initiate(state):
            return None, "refuses to begin"
        await read_application_data(state)
    except CardError as error:
        return None, error.detail
    return state.identity, ""


def _scheme(table: Applications, aid: bytes) -> str:
    application = table.match(aid)
    return application.name if application else ""
