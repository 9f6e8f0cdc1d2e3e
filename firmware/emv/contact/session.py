"""One card session, in three stages: who is the card, what does it decide, how does it end.

The stages follow EMV 4.4 Book 3, 8. Nothing a card sends makes them raise: hostile or broken data
is the value `Ended(CARD_ERROR)`.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.emv.ca_keys import CaKeys
from firmware.emv.codes import AcType, CidReason
from firmware.emv.contact.action import analyse, first_generate_ac
from firmware.emv.contact.applications import Application, Applications
from firmware.emv.contact.complete import complete_offline, complete_online, decline_at_once
from firmware.emv.contact.cvm import verify_cardholder
from firmware.emv.contact.dialogue import Dialogue
from firmware.emv.contact.gpo import initiate
from firmware.emv.contact.oda import authenticate
from firmware.emv.contact.read import read_application_data
from firmware.emv.contact.restrictions import check_restrictions
from firmware.emv.contact.risk import manage_risk
from firmware.emv.contact.select import build_candidate_list, choose, select
from firmware.emv.contact.state import SessionState
from firmware.emv.errors import CardError, SessionEnded
from firmware.emv.outcomes import (
    Approved,
    ApprovedOffline,
    CompleteOutcome,
    DecideOutcome,
    Declined,
    DeclinedOffline,
    DeclineReason,
    EmvFacts,
    Ended,
    EndReason,
    Identified,
    IdentifyOutcome,
    OnlineAnswer,
    OnlineRequested,
    UnableToGoOnline,
)
from firmware.emv.tags import FIELD_55, Tag
from firmware.emv.terminal_data import EmvTransaction, TerminalData
from firmware.emv.tlv import encode
from firmware.emv.trace import Trace


class Session:
    """A card session: call `identify`, then `decide`, then `complete` if that went online.

    After a stage has given anything but its first kind of outcome, the session is over.
    """

    def __init__(
        self,
        dialogue: Dialogue,
        terminal: TerminalData,
        applications: Iterable[Application],
        ca_keys: CaKeys,
        transaction: EmvTransaction,
        *,
        trace_clear: bool = False,
    ) -> None:
        """`trace_clear` leaves account data readable in the trace: for test cards alone."""
        self.trace = Trace(trace_clear)
        self._applications = Applications(applications)
        self._state = SessionState(dialogue, terminal, transaction, ca_keys, self.trace)

    @property
    def commands_sent(self) -> int:
        """How many command APDUs the session has sent."""
        return self._state.commands_sent

    async def identify(self) -> IdentifyOutcome:
        """Select, initiate and read, until it is known whose card this is.

        See EMV 4.4 Book 1, 12 and Book 3, 10.1–10.2.
        """
        try:
            selection = await build_candidate_list(self._state, self._applications)
            while True:
                found = await choose(self._state, selection)
                if not await select(self._state, selection, found):
                    continue
                if await initiate(self._state):
                    break
                selection.found.remove(found)
                selection.refused = True
            await read_application_data(self._state)
        except (CardError, SessionEnded) as error:
            return self._ended(error)
        return Identified(self._state.identity)

    async def decide(self, approved_before_minor: int = 0) -> DecideOutcome:
        """Authenticate, verify, weigh the risk, and let the card decide.

        `approved_before_minor` is what this card was charged before, for the floor limit to hold
        over split sales. See EMV 4.4 Book 3, 10.6.1.

        A refund only needs `identify`; if this is called for one, an AAC is asked for and the
        outcome is DeclinedOffline(NO_CRYPTOGRAM_WANTED). See EMV 4.4 Book 3, 10.3–10.8.
        """
        state = self._state
        state.approved_before_minor = approved_before_minor
        try:
            await authenticate(state)
            check_restrictions(state)
            await verify_cardholder(state)
            await manage_risk(state)
            wanted = analyse(state)
            answer = await first_generate_ac(state, wanted)
            if answer.type is AcType.ARQC:
                return await self._after_arqc()
            if answer.type is AcType.TC and not state.signature_wrong:
                return ApprovedOffline(self._facts(), self._field_55())
        except (CardError, SessionEnded) as error:
            return self._ended(error)
        if answer.type is AcType.TC:
            reason = DeclineReason.CDA_FAILED
        elif state.transaction.wants_no_cryptogram:
            reason = DeclineReason.NO_CRYPTOGRAM_WANTED
        elif answer.reason == CidReason.SERVICE_NOT_ALLOWED:
            reason = DeclineReason.SERVICE_NOT_ALLOWED
        else:
            reason = DeclineReason.TERMINAL if wanted is AcType.AAC else DeclineReason.CARD
        return self._declined_offline(reason)

    async def _after_arqc(self) -> DecideOutcome:
        """Go online, unless the card's signature is wrong or the terminal is offline only."""
        state = self._state
        if state.signature_wrong:
            await decline_at_once(state)
            return self._declined_offline(DeclineReason.CDA_FAILED)
        if state.terminal.offline_only:
            reason = await complete_offline(state, UnableToGoOnline())
            if reason is None:
                return ApprovedOffline(self._facts(), self._field_55())
            return self._declined_offline(reason)
        return OnlineRequested(self._field_55(), self._facts(), state.online_pin)

    def _declined_offline(self, reason: DeclineReason) -> DeclinedOffline:
        return DeclinedOffline(self._facts(), reason, self._field_55())

    async def complete(self, answer: OnlineAnswer | UnableToGoOnline) -> CompleteOutcome:
        """Give the card the acquirer's answer; the card decides last.

        See EMV 4.4 Book 3, 10.9–10.11.
        """
        state = self._state
        offline = isinstance(answer, UnableToGoOnline)
        try:
            if isinstance(answer, UnableToGoOnline):
                reason = await complete_offline(state, answer)
            else:
                reason = await complete_online(state, answer)
        except (CardError, SessionEnded) as error:
            return self._ended(error)
        if reason is None:
            return Approved(self._facts(), self._field_55(), offline)
        return Declined(self._facts(), reason, self._field_55())

    def _ended(self, error: CardError | SessionEnded) -> Ended:
        """The end as a value."""
        state = self._state
        reason = error.reason if isinstance(error, SessionEnded) else EndReason.CARD_ERROR
        state.note(f"Ended: {reason.value} {error.detail}".strip(), "Book 3, 7.5")
        return Ended(reason, error.detail)

    def _facts(self) -> EmvFacts:
        """What receipt and journal keep."""
        state = self._state
        card = state.card
        return EmvFacts(
            aid=state.identity.aid,
            label=state.identity.preferred_name or state.identity.label,
            tvr=state.tvr.to_bytes(5, "big"),
            tsi=state.tsi.to_bytes(2, "big"),
            atc=int.from_bytes(card[Tag.APPLICATION_TRANSACTION_COUNTER], "big"),
            ac=card[Tag.APPLICATION_CRYPTOGRAM],
            ac_type=state.ac_type.name,
            cid=card[Tag.CRYPTOGRAM_INFORMATION_DATA][0],
            cvm_results=state.cvm_results,
            iad=card.get(Tag.ISSUER_APPLICATION_DATA, b""),
            unpredictable_number=state.objects[Tag.UNPREDICTABLE_NUMBER],
            cvm=state.cvm,
            script_results=state.script_results,
        )

    def _field_55(self) -> bytes:
        """The card's data with the last cryptogram and the TVR that went into it."""
        state = self._state
        values = {tag: state.value(tag) for tag in FIELD_55}
        values[Tag.TERMINAL_VERIFICATION_RESULTS] = state.tvr_in_cryptogram.to_bytes(5, "big")
        return b"".join(encode(tag, value) for tag, value in values.items() if value)
