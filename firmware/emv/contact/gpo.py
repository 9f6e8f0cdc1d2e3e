"""Initiate application processing: PDOL and GET PROCESSING OPTIONS. See EMV 4.4 Book 3, 10.1."""

from __future__ import annotations

from firmware.emv import apdu, dol
from firmware.emv.apdu import Sw
from firmware.emv.codes import names_of
from firmware.emv.contact.state import SessionState
from firmware.emv.errors import CardError
from firmware.emv.tags import Tag
from firmware.emv.tlv import encode, parse

_UNPREDICTABLE_NUMBER_LENGTH = 4


async def initiate(state: SessionState) -> bool:
    """Ask the application to begin; False when it refuses this transaction ('6985').

    Leaves AIP, AFL and PDOL data in the state. Raises CardError, SessionEnded.
    """
    state.begin("Initiate application processing")
    unpredictable = await state.dialogue.random(_UNPREDICTABLE_NUMBER_LENGTH)
    assert len(unpredictable) == _UNPREDICTABLE_NUMBER_LENGTH, "the terminal's own randomness"
    state.objects[Tag.UNPREDICTABLE_NUMBER] = unpredictable
    pdol = state.selected.get(Tag.PDOL, b"")
    state.pdol_data = dol.build(pdol, state.value)
    template = encode(Tag.COMMAND_TEMPLATE, state.pdol_data)
    sent = dol.split(pdol, state.pdol_data)
    response = await state.send(apdu.get_processing_options(template), sent)
    if response.sw == Sw.CONDITIONS_NOT_SATISFIED:
        state.note("The application refuses; back to selection", "Book 3, 10.1")
        return False
    if not response.ok:
        raise CardError(f"GET PROCESSING OPTIONS answered {response.sw:04X}")
    _keep(state, response.data)
    state.note(f"AIP: {', '.join(names_of(state.aip)) or 'nothing'}", "Book 3, Annex C1")
    return True


def _keep(state: SessionState, data: bytes) -> None:
    """Take AIP and AFL out of either format. See EMV 4.4 Book 3, 6.5.8.4."""
    objects = parse(data)
    if len(objects) != 1:
        raise CardError("processing options: not one data object")
    answer = objects[0]
    if answer.tag == Tag.RESPONSE_TEMPLATE_1:
        aip, afl = answer.value[:2], answer.value[2:]
    elif answer.tag == Tag.RESPONSE_TEMPLATE_2:
        for child in answer.children:
            if child.tag in state.card:
                raise CardError(f"processing options: {child.tag:X} twice")
            # of length 0 is not there, 5.2
            if child.value and not child.children and Tag.of_card(child.tag) is not None:
                state.card[child.tag] = child.value
        aip = state.card.get(Tag.APPLICATION_INTERCHANGE_PROFILE, b"")
        afl = state.card.get(Tag.APPLICATION_FILE_LOCATOR, b"")
    else:
        raise CardError(f"processing options: template {answer.tag:X}")
    if len(aip) != 2:
        raise CardError("processing options: AIP")
    state.card[Tag.APPLICATION_INTERCHANGE_PROFILE] = aip
    state.card[Tag.APPLICATION_FILE_LOCATOR] = afl
