"""Application selection: PSE, list of AIDs, cardholder's choice. See EMV 4.4 Book 1, 12."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Struct

from firmware.emv import apdu
from firmware.emv.apdu import Response, Sw
from firmware.emv.contact.applications import Application, Applications
from firmware.emv.contact.dialogue import Candidate
from firmware.emv.contact.fci import Fci, candidate_of, languages_of, parse_fci
from firmware.emv.contact.state import SessionState
from firmware.emv.errors import CardError, SessionEnded
from firmware.emv.outcomes import EndReason
from firmware.emv.tags import Tag
from firmware.emv.tlv import Tlv, parse_one

PSE = b"1PAY.SYS.DDF01"
RECORDS_MAX = 32  # of a payment system directory
OCCURRENCES_MAX = 16  # of one AID
CANDIDATES_MAX = 32


class Found(Struct, frozen=True):
    """A card's application that the terminal accepts too."""

    candidate: Candidate
    application: Application


@dataclass(slots=True)
class Selection:
    """The candidate list, and why it may be empty."""

    found: list[Found]
    blocked_seen: bool = False
    refused: bool = False  # a candidate was selected and would not go on
    asked: bool = False  # the cardholder has chosen or confirmed one

    def add(self, one: Found) -> None:
        """Append, unless the card names the same application twice."""
        if len(self.found) >= CANDIDATES_MAX:
            raise CardError(f"more than {CANDIDATES_MAX} applications")
        if all(one.candidate.aid != other.candidate.aid for other in self.found):
            self.found.append(one)

    def end(self) -> SessionEnded:
        """The end of a session whose list has run out."""
        if self.blocked_seen:
            return SessionEnded(EndReason.APPLICATION_BLOCKED)
        if self.refused:
            return SessionEnded(EndReason.NOT_ACCEPTED, "the card refuses its applications")
        return SessionEnded(EndReason.NO_APPLICATION)


async def build_candidate_list(state: SessionState, applications: Applications) -> Selection:
    """Find what card and terminal have in common. See EMV 4.4 Book 1, 12.3.

    Raises SessionEnded when the card is blocked or nothing is in common.
    """
    state.begin("Application selection")
    selection = Selection([])
    try:
        by_pse = await _by_pse(state, applications, selection)
    except CardError as error:
        state.note(f"PSE given up: {error.detail}", "Book 1, 12.3.2")
        by_pse = False
    if not by_pse or not selection.found:
        selection.found.clear()
        await _by_list_of_aids(state, applications, selection)
    # highest priority first; those without one last, in the order met (12.4, step 4)
    selection.found.sort(key=lambda one: one.candidate.priority)
    names = ", ".join(one.candidate.aid.hex().upper() for one in selection.found)
    state.note(f"Candidates: {names or 'none'}", "Book 1, 12.3")
    if not selection.found:
        raise selection.end()
    return selection


def _refuse_blocked_card(response: Response) -> None:
    if response.sw == Sw.FUNCTION_NOT_SUPPORTED:
        raise SessionEnded(EndReason.CARD_BLOCKED)


async def _by_pse(state: SessionState, applications: Applications, selection: Selection) -> bool:
    """Read the payment system directory; False when there is none to be used (12.3.2).

    Raises CardError on anything malformed in it: then the list of AIDs is used.
    """
    response = await state.send(apdu.select(PSE))
    _refuse_blocked_card(response)
    if not response.ok:
        state.note(f"No PSE ({response.sw:04X}): list of AIDs", "Book 1, 12.3.2, step 1")
        return False
    fci = parse_fci(response.data)
    sfi = fci.proprietary.get(Tag.SHORT_FILE_IDENTIFIER, b"")
    if len(sfi) != 1 or not 1 <= sfi[0] <= 10:
        raise CardError("SFI of the directory")
    for record in range(1, RECORDS_MAX + 1):
        response = await state.send(apdu.read_record(sfi[0], record))
        if response.sw == Sw.RECORD_NOT_FOUND:
            return True
        if not response.ok:
            raise CardError(f"directory record {record} answered {response.sw:04X}")
        template = parse_one(response.data, Tag.READ_RECORD_TEMPLATE)
        for entry in template.children:
            if entry.tag == Tag.APPLICATION_TEMPLATE:
                _add_entry(state, applications, selection, entry, fci)
    raise CardError(f"a directory of more than {RECORDS_MAX} records")


def _add_entry(
    state: SessionState, applications: Applications, selection: Selection, entry: Tlv, pse: Fci
) -> None:
    """One directory entry. See EMV 4.4 Book 1, 12.2.3 and 12.3.2, step 3."""
    adf_name = entry.value_of(Tag.ADF_NAME)
    if adf_name is None:
        return  # a directory within a directory is no longer part of the Books
    if not 5 <= len(adf_name) <= 16:
        raise CardError("ADF name of a directory entry")
    application = applications.match(adf_name)
    if application is None:
        return
    # the directory's own FCI says which code table the preferred names of its entries are in
    code_table = pse.proprietary.get(Tag.ISSUER_CODE_TABLE_INDEX, b"")
    fields = {child.tag: child.value for child in entry.children}
    fields = {Tag.ISSUER_CODE_TABLE_INDEX: code_table, **fields}
    candidate = candidate_of(adf_name, fields, state.terminal, languages_of(pse.proprietary))
    selection.add(Found(candidate, application))


async def _by_list_of_aids(
    state: SessionState, applications: Applications, selection: Selection
) -> None:
    """Try every AID of the terminal. See EMV 4.4 Book 1, 12.3.3."""
    for application in applications:
        seen: set[bytes] = set()
        for occurrence in range(OCCURRENCES_MAX):
            response = await state.send(
                apdu.select(application.aid, next_occurrence=occurrence > 0)
            )
            if occurrence == 0:
                _refuse_blocked_card(response)
                if not response.ok and response.sw != Sw.DEACTIVATED:
                    break  # step 2: no such application
            elif not response.ok and not response.warning:
                break  # step 7: no further one
            try:
                fci = parse_fci(response.data)
            except CardError as error:
                selection.blocked_seen |= response.sw == Sw.DEACTIVATED
                state.note(f"FCI ignored: {error.detail}", "Book 1, 12.3.3, step 3")
                break
            # some cards answer an unknown AID with the application they have open, and some
            # answer 'next' with the same one for ever
            if not fci.df_name.startswith(application.aid) or fci.df_name in seen:
                break
            seen.add(fci.df_name)
            best = applications.match(fci.df_name) or application
            _add_answer(state, selection, best, fci, response)
            if fci.df_name == application.aid or not application.partial:
                break  # steps 4 and 6: there can be no further one to take


def _add_answer(
    state: SessionState,
    selection: Selection,
    application: Application,
    fci: Fci,
    response: Response,
) -> None:
    """Steps 4 and 6 of 12.3.3: add unless blocked, or longer where the AID must be exact."""
    if not application.matches(fci.df_name):
        return
    if not response.ok:
        selection.blocked_seen = True
        return
    candidate = candidate_of(fci.df_name, fci.proprietary, state.terminal, ())
    selection.add(Found(candidate, application))


async def choose(state: SessionState, selection: Selection) -> Found:
    """The application to select next. See EMV 4.4 Book 1, 12.4.

    Raises SessionEnded when there is none, or the cardholder cancels.
    """
    if not selection.found:
        raise selection.end()
    if not state.terminal.application_choice:
        for one in selection.found:
            if not one.candidate.confirm:
                return one
        raise SessionEnded(EndReason.NOT_ACCEPTED, "applications need a confirmation")
    # once the cardholder has chosen, no other application is taken without asking again
    unasked = not (selection.asked or selection.found[0].candidate.confirm)
    if len(selection.found) == 1 and unasked:
        return selection.found[0]
    candidates: Sequence[Candidate] = [one.candidate for one in selection.found]
    chosen = await state.dialogue.choose_application(candidates)
    if chosen is None:
        raise SessionEnded(EndReason.CANCELLED, "application choice")
    selection.asked = True
    one = selection.found[chosen]
    state.note(f"Chosen: {one.candidate.name}", "Book 1, 12.4")
    return one


async def select(state: SessionState, selection: Selection, one: Found) -> bool:
    """Final SELECT; False when the application drops out of the list. See Book 1, 12.4."""
    state.begin("Final selection")
    response = await state.send(apdu.select(one.candidate.aid))
    _refuse_blocked_card(response)
    if response.ok:
        try:
            fci = parse_fci(response.data)
        except CardError as error:
            state.note(f"Dropped: {error.detail}", "Book 1, 12.4")
        else:
            if fci.df_name == one.candidate.aid:
                _enter(state, one, fci)
                return True
            state.note("Dropped: another DF name answered", "Book 1, 12.4")
    else:
        state.note(f"Dropped: SELECT answered {response.sw:04X}", "Book 1, 12.4")
    selection.blocked_seen |= response.sw == Sw.DEACTIVATED
    selection.refused = True
    selection.found.remove(one)
    return False


def _enter(state: SessionState, one: Found, fci: Fci) -> None:
    """Keep the selected application's FCI, and the terminal's data objects for it."""
    state.restart()
    fields = {**fci.proprietary, Tag.DF_NAME: fci.df_name}
    languages = one.candidate.languages
    state.candidate = candidate_of(fci.df_name, fields, state.terminal, languages)
    if not state.candidate.label:
        state.candidate = one.candidate  # the directory had a label, the FCI has none
    state.application = one.application
    state.selected = fields
    state.objects.update(
        {
            # the AID of the application that was selected. See Book 3, Annex A, 9F06
            Tag.AID_TERMINAL: fci.df_name,
            Tag.APPLICATION_VERSION_NUMBER_TERMINAL: one.application.versions[0],
            Tag.TERMINAL_FLOOR_LIMIT: one.application.floor_limit_minor.to_bytes(4, "big"),
        }
    )
