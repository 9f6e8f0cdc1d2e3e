"""The driver of a contact reader over PC/SC, on `smartcard.scard`'s functions alone.

One thread owns it. It builds its context anew after every error, for a daemon that restarts is
normal operation; it waits in `SCardGetStatusChange` with the PnP reader, so it costs nothing while
nothing happens. pyscard's CardMonitor and CardRequest are not used: they lose their thread when the
daemon goes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from hw.events import CardRemoved, Device, DeviceBack, DeviceEvent, DeviceLost, FaultReason
from hw.pcsc import (
    ABSENT,
    ANY_PROTOCOL,
    BROKEN_OFF,
    GONE,
    LEAVE_CARD,
    MUTE,
    PNP_NOTIFICATION,
    PROTOCOL_T0,
    REASONS,
    SCOPE_SYSTEM,
    SHARE_EXCLUSIVE,
    UNPOWER_CARD,
    Pcsc,
    PcscApi,
    ReaderFlags,
    seen,
    words,
)
from hw.ports import CardGone, CardMute, Clock, DeviceFault
from hw.slots import SlotWatch, choose, why
from hw.t0 import exchange

BACK_OFF_FIRST_MS, BACK_OFF_MAX_MS = 250, 5_000
COMING_UP_MS = 50
SETTLE_MS = 600  # pcscd polls some slots only every 400 ms: a pulled card may seem in until then
TRY_AGAIN_MS = 1_000
TIMEOUTS_MS = 60_000  # tries that all fail for so long are the reader's fault, not a card's


# pyscard 2.3 raises SystemError out of SCardListReaders when the daemon dies within the call
LOST = (DeviceFault, SystemError)


def _fault(detail: str, code: int = Pcsc.SUCCESS) -> DeviceFault:
    """The reader or its daemon cannot be worked with."""
    return DeviceFault(Device.READER, detail, REASONS.get(code))


class PcscReader:
    """A reader behind PC/SC. See hw.ports.CardReader.

    Of several readers it takes the first contact slot whose name contains `name`; a contactless or
    SAM slot only where there is no other. `pause` waits some milliseconds for a daemon that is
    away; by default it can be interrupted.
    """

    def __init__(
        self,
        scard: PcscApi,
        clock: Clock,
        *,
        name: str = "",
        pause: Callable[[int], object] | None = None,
    ) -> None:
        self._scard = scard
        self._clock = clock
        self._name = name
        self._wake = threading.Event()
        self._pause = pause or (lambda ms: self._wake.wait(ms / 1000))
        self._context: int | None = None
        self._reader: str | None = None
        self._slot = SlotWatch()
        self._pnp_state = 0
        self._card: int | None = None
        self._protocol = PROTOCOL_T0
        self._lost = False
        self._back_off_ms = 0
        self._listed: list[str] = []  # every reader there is, when one was taken
        self._failing_since_ms: int | None = None  # no card has answered since
        self._silent = False  # for so long that the reader is lost
        self._tried_ms = 0  # when a silent one's card was last asked
        self._unseen: list[DeviceEvent] = []  # found out while talking to the card

    def taken(self) -> str:
        """Which reader was taken, and why that one; empty while there is none."""
        if self._reader is None:
            return ""
        return why(self._reader, self._listed, self._name)

    @property
    def card_present(self) -> bool:
        """Whether a card is in the slot, as of the last `poll`."""
        return self._slot.present

    def poll(self, timeout_ms: int) -> Sequence[DeviceEvent]:
        """Wait up to `timeout_ms` for the slot to change. See hw.ports.CardReader.poll."""
        if self._unseen or self._wake.is_set():
            self._wake.clear()
            return self._take_unseen()
        try:
            if self._context is None:
                self._pause(min(self._back_off_ms, timeout_ms))
                self._establish()
            if self._reader is None:
                self._choose_reader()
            if self._silent and self._heard_again():
                self._silent, self._slot.state = False, 0
            changed = self._await_change(timeout_ms)
            events = [*self._recovered(), *changed]
        except LOST as lost:
            self._lose(lost)
            events = self._take_unseen()
        self._wake.clear()
        return events

    def interrupt(self) -> None:
        """Make a running `poll` return soon."""
        self._wake.set()
        context = self._context
        if context is not None:
            self._scard.SCardCancel(context)

    def power_on(self) -> bytes:
        """Power the card up, or reset it when it is powered; gives its ATR."""
        try:
            if self._context is None:
                self._establish()
            if self._reader is None:
                self._choose_reader()
            if self._card is None or not self._reconnect():
                self._connect()
            return self._atr()
        except LOST as lost:
            raise self._lose(lost) from None

    def transmit(self, command: bytes) -> bytes:
        """Send one command APDU, give the whole response. See hw.ports.CardReader.transmit."""
        if self._card is None:
            raise CardGone("the card has no power")
        return exchange(self._send, command, t0=self._protocol == PROTOCOL_T0)

    def power_off(self) -> None:
        """Power the card down. Never raises."""
        self._let_go(UNPOWER_CARD)

    def close(self) -> None:
        """Power the card down and give the context back. Never raises."""
        self.power_off()
        self._give_context_back()

    def _establish(self) -> None:
        code, context = self._scard.SCardEstablishContext(SCOPE_SYSTEM)
        if code != Pcsc.SUCCESS:
            grown = max(self._back_off_ms * 2, BACK_OFF_FIRST_MS)
            self._back_off_ms = min(grown, BACK_OFF_MAX_MS)
            raise _fault(f"no PC/SC service: {words(code)}", code)
        self._context, self._reader = context, None
        self._slot.state = self._pnp_state = 0

    def _choose_reader(self) -> None:
        """Take a reader of the wanted name; none is not an error here, but a thing to wait for."""
        assert self._context is not None
        code, names = self._scard.SCardListReaders(self._context, [])
        if code not in (Pcsc.SUCCESS, Pcsc.NO_READERS):
            raise _fault(f"readers cannot be listed: {words(code)}", code)
        chosen = choose(names, self._name) if code == Pcsc.SUCCESS else None
        if chosen is not None:
            self._listed = list(names)
            self._reader = chosen
            self._slot.reader_came_up()

    def _await_change(self, timeout_ms: int) -> list[DeviceEvent]:
        """One wait on the slot and on readers coming and going."""
        assert self._context is not None
        states = [(PNP_NOTIFICATION, self._pnp_state)]
        if self._reader is not None:
            states.append((self._reader, self._slot.state))
        elif not self._lost:
            return self._report_no_reader()
        code, news = self._scard.SCardGetStatusChange(self._context, timeout_ms, states)
        if code in (Pcsc.TIMEOUT, Pcsc.CANCELLED):
            return []
        if code == Pcsc.UNKNOWN_READER:
            return self._reader_went()
        if code != Pcsc.SUCCESS:
            raise _fault(f"the slot cannot be watched: {words(code)}", code)
        self._back_off_ms = 0
        found = {name: state for name, state, *_ in news}
        self._pnp_state = seen(found[PNP_NOTIFICATION])
        if self._reader is None:
            self._choose_reader()
            return self._look_at_slot()
        if self._silent:
            self._slot.state = seen(found[self._reader])
            return []
        return self._slot_changed(found[self._reader])

    def _look_at_slot(self) -> list[DeviceEvent]:
        """A reader that came back tells at once whether a card is in it."""
        if self._reader is None or self._silent:
            return []
        code, state = self._slot_state()
        return self._slot_changed(state) if code == Pcsc.SUCCESS else []

    def _slot_state(self, timeout_ms: int = 0, known: int = 0) -> tuple[int, int]:
        """The slot's state as soon as it is not `known`, after its code."""
        assert self._context is not None
        assert self._reader is not None
        states = [(self._reader, known)]
        code, news = self._scard.SCardGetStatusChange(self._context, timeout_ms, states)
        return code, news[0][1] if news else 0

    def _slot_changed(self, state: int) -> list[DeviceEvent]:
        if state & ABSENT:
            state = self._asked_anew()
            if state & ABSENT:
                return self._reader_went()
        events = self._slot.changed(state, self._clock.monotonic_ms(), back=self._lost)
        if not self._slot.looked:  # as long as there is nothing to tell PC/SC answers at once
            self._pause(COMING_UP_MS)
        if any(isinstance(event, CardRemoved) for event in events):
            self._let_go()
        return [*events]

    def _asked_anew(self) -> int:
        """The slot's state, asked again: some readers say once that they are not there."""
        gone = int(ReaderFlags.UNAVAILABLE)
        for timeout_ms, known in ((0, 0), (SETTLE_MS, gone)):
            code, state = self._slot_state(timeout_ms, known)
            if code not in (Pcsc.SUCCESS, Pcsc.TIMEOUT):
                return gone
            if code == Pcsc.SUCCESS and not state & ABSENT:
                return state
        return gone

    def _removed(self) -> CardRemoved:
        self._slot.present = False
        self._let_go()
        return CardRemoved(self._clock.monotonic_ms())

    def _let_go(self, disposition: int = LEAVE_CARD) -> None:
        card, self._card = self._card, None
        if card is not None:
            self._scard.SCardDisconnect(card, disposition)

    def _give_context_back(self) -> None:
        context, self._context = self._context, None
        if context is not None:
            self._scard.SCardReleaseContext(context)

    def _recovered(self) -> list[DeviceEvent]:
        if self._reader is None or self._silent or not (self._lost and self._slot.looked):
            return []
        self._lost, self._back_off_ms = False, 0
        return [DeviceBack(Device.READER, self._clock.monotonic_ms(), card=self._slot.present)]

    def _reader_went(self) -> list[DeviceEvent]:
        events: list[DeviceEvent] = [self._removed()] if self._slot.present else []
        self._reader, self._card = None, None
        self._choose_reader()
        if self._reader is None:
            events += self._report_no_reader()
        return events

    def _report_no_reader(self) -> list[DeviceEvent]:
        if self._lost:
            return []
        self._lost = True
        named = f"no reader named {self._name!r}" if self._name else "no reader"
        reason = FaultReason.NO_SUCH_READER if self._name else None
        return [DeviceLost(Device.READER, named, self._clock.monotonic_ms(), reason)]

    def _lose(self, lost: Exception) -> DeviceFault:
        """Give the context up; the next poll tells of it, so that a recovery is told as well."""
        fault = lost if isinstance(lost, DeviceFault) else _fault(str(lost))
        if self._slot.present:
            self._unseen.append(self._removed())
        if not self._lost:
            self._lost = True
            self._unseen.append(fault.lost(self._clock.monotonic_ms()))
        self._reader, self._card = None, None
        self._back_off_ms = self._back_off_ms or BACK_OFF_FIRST_MS
        self._give_context_back()
        return fault

    def _take_unseen(self) -> list[DeviceEvent]:
        events, self._unseen = self._unseen, []
        return events

    def _reconnect(self) -> bool:
        """A cold reset on the handle held; False when that handle is of no use any more."""
        assert self._card is not None
        code, protocol = self._scard.SCardReconnect(
            self._card, SHARE_EXCLUSIVE, ANY_PROTOCOL, UNPOWER_CARD
        )
        if code == Pcsc.SUCCESS:
            self._protocol = protocol
            return True
        self._scard.SCardDisconnect(self._card, LEAVE_CARD)
        self._card = None
        if code in MUTE:
            self._judge(code)
        return False

    def _connect(self) -> None:
        if self._reader is None:
            raise _fault("no reader")
        assert self._context is not None
        code, card, protocol = self._scard.SCardConnect(
            self._context, self._reader, SHARE_EXCLUSIVE, ANY_PROTOCOL
        )
        self._judge(code)
        self._card, self._protocol = card, protocol

    def _atr(self) -> bytes:
        assert self._card is not None
        code, _, _, _, atr = self._scard.SCardStatus(self._card)
        self._judge(code)
        return bytes(atr)

    def _send(self, command: bytes) -> bytes:
        if self._card is None:
            raise CardGone("the card has no power")
        try:
            code, response = self._scard.SCardTransmit(self._card, self._protocol, list(command))
            if code == Pcsc.SUCCESS and len(response) < 2:
                code = Pcsc.NOT_TRANSACTED
            self._judge(code)
        except LOST as lost:
            raise self._lose(lost) from None
        return bytes(response)

    def _judge(self, code: int) -> None:
        """Sort a code into the card's faults and the device's."""
        if code in BROKEN_OFF and not self._card_stays_in():
            code = Pcsc.REMOVED_CARD
        if code in (Pcsc.REMOVED_CARD, Pcsc.NO_SMARTCARD) and self._slot.present:
            self._unseen.append(self._removed())  # another may be in by the next poll
            self._slot.state = 0
        if code in GONE:
            raise CardGone(words(code))
        if code in MUTE:
            self._note_failure()
            raise CardMute(words(code))
        self._failing_since_ms, self._silent = None, False
        if code != Pcsc.SUCCESS:
            raise _fault(words(code), code)

    def _note_failure(self) -> None:
        """A reader that is gone may only give time-outs: no card answers. Raises DeviceFault."""
        now_ms = self._clock.monotonic_ms()
        if self._failing_since_ms is None:
            self._failing_since_ms = now_ms
        if now_ms - self._failing_since_ms >= TIMEOUTS_MS:
            self._silent, self._tried_ms = True, 0
            raise _fault(f"no card has answered for {TIMEOUTS_MS // 1000} s")

    def _heard_again(self) -> bool:
        """Whether the card that is in answers now, asked once a second; an empty slot is well."""
        if self._reader is None:
            return False
        code, state = self._slot_state()
        if code != Pcsc.SUCCESS or not state & ReaderFlags.PRESENT:
            return code == Pcsc.SUCCESS
        now_ms = self._clock.monotonic_ms()
        if now_ms - self._tried_ms < TRY_AGAIN_MS:
            return False
        assert self._context is not None
        self._tried_ms = now_ms
        code, card, _ = self._scard.SCardConnect(
            self._context, self._reader, SHARE_EXCLUSIVE, ANY_PROTOCOL
        )
        if code == Pcsc.SUCCESS:
            self._scard.SCardDisconnect(card, UNPOWER_CARD)
        return code not in MUTE

    def _card_stays_in(self) -> bool:
        """Whether the card is in the slot, and still is after a moment."""
        if self._context is None or self._reader is None:
            return False
        state = 0
        for timeout_ms in (0, SETTLE_MS):
            code, told = self._slot_state(timeout_ms, state)
            if code == Pcsc.SUCCESS:
                state = seen(told)
            elif code != Pcsc.TIMEOUT:
                return False
        return bool(state & ReaderFlags.PRESENT)
