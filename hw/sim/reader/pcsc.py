"""A modelled PC/SC: resource manager, readers that come and go, slots with modelled cards.

It stands where the functions of `smartcard.scard` do and gives pcsc-lite's codes, in virtual time:
a wait in which nothing happened is over at once. Cards are powered at insertion, as pcscd does.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hw.pcsc import (
    LEAVE_CARD,
    PNP_NOTIFICATION,
    PROTOCOL_T0,
    PROTOCOL_T1,
    RESET_CARD,
    UNPOWER_CARD,
    Pcsc,
    PcscApi,
    ReaderFlags,
    ReaderState,
    seen,
)
from hw.sim.cards import Card, CardPulled, CardSilent

FIRST_READER = "Modelled Reader 00 00"


class Power(enum.Enum):
    """Whether the card in a slot runs."""

    OFF = "off"
    ON = "on"
    MUTE = "mute"


@dataclass
class Slot:
    """One reader with its slot."""

    name: str
    plugged: bool = True
    card: Card | None = None
    power: Power = Power.OFF
    turns: int = 0  # insertions and removals, as pcsc-lite counts them
    holder: int | None = None  # the card handle that has the slot to itself
    reset_behind_back: bool = False
    coming_up: bool = False  # pcscd lists it, and has yet to power what is in it

    @property
    def state(self) -> int:
        """The slot as SCardGetStatusChange tells it."""
        if self.coming_up:
            return self.turns << 16
        if self.card is None:
            flags = ReaderFlags.EMPTY
        else:
            flags = ReaderFlags.PRESENT
            if self.power is Power.MUTE:
                flags |= ReaderFlags.MUTE
            if self.holder is not None:
                flags |= ReaderFlags.EXCLUSIVE | ReaderFlags.INUSE
        return self.turns << 16 | flags

    def power_up(self) -> None:
        """Power or reset the card; a mute one leaves the slot so."""
        assert self.card is not None
        try:
            self.card.power_on()
            self.power = Power.ON
        except CardSilent:
            self.power = Power.MUTE


@dataclass
class PcscModel:
    """The resource manager. `version` grows with every change a driver could see.

    `apdu_count` counts commands on the wire, GET RESPONSE and repeats included; `on_apdu` hooks see
    each command and its response. `pass_time` is told the milliseconds that a slow card takes.
    """

    names: Sequence[str] = (FIRST_READER,)
    pass_time: Callable[[int], None] | None = None
    version: int = 0
    apdu_count: int = 0
    on_apdu: list[Callable[[bytes, bytes], None]] = field(default_factory=list)
    running: bool = True
    held_by_other: bool = False
    cancels: int = 0
    flickers: int = 0  # how often yet the slot says that it is not there, and then that it is
    times_out: bool = False  # no card answers, though one is seen
    timed_out: int = 0  # how often an exchange ended so
    _next_handle: int = 1
    _contexts: set[int] = field(default_factory=set)
    _handles: dict[int, Slot] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.slots = [Slot(name) for name in self.names]

    @property
    def scard(self) -> PcscApi:
        """The functions that a driver calls: these here."""
        return self

    @property
    def card(self) -> Card | None:
        """The card in the first slot."""
        return self.slots[0].card

    def insert(self, card: Card, slot: int = 0) -> None:
        """Put a card in; one that was in comes out first."""
        if self.slots[slot].card is not None:
            self.remove(slot)
        place = self.slots[slot]
        place.card = card
        place.turns += 1
        place.power_up()
        self.version += 1

    def remove(self, slot: int = 0) -> None:
        """Take the card out; nothing happens to an empty slot."""
        place = self.slots[slot]
        if place.card is None:
            return
        place.card, place.power, place.holder = None, Power.OFF, None
        place.turns += 1
        self.version += 1

    def unplug(self, slot: int = 0) -> None:
        """Pull the reader's USB plug; a card stays in it."""
        self.slots[slot].plugged = False
        self.slots[slot].power, self.slots[slot].holder = Power.OFF, None
        self.version += 1

    def flicker(self) -> None:
        """The slot says once that it is not there, though it is."""
        self.flickers = 1
        self.version += 1

    def fail_timing_out(self) -> None:
        """Every exchange with a card ends in a time-out, though the slot sees who is in it."""
        self.times_out = True
        self.version += 1

    def clear(self, slot: int = 0) -> None:
        """What was wrong with the reader is over; one that was unplugged is plugged in."""
        self.times_out, self.flickers = False, 0
        self.version += 1
        if not self.slots[slot].plugged:
            self.plug(slot)

    def plug(self, slot: int = 0) -> None:
        """Plug the reader in again."""
        place = self.slots[slot]
        place.plugged, place.turns = True, 0
        if place.card is not None:
            place.power_up()
        self.version += 1

    def kill_daemon(self) -> None:
        """The daemon dies: contexts and handles are void."""
        self.running = False
        self._contexts.clear()
        self._handles.clear()
        for slot in self.slots:
            slot.holder = None
        self.version += 1

    def start_daemon(self) -> None:
        """It runs again, and has powered what it found."""
        self.running = True
        for slot in self.slots:
            slot.turns = 0
            if slot.plugged and slot.card is not None:
                slot.power_up()
        self.version += 1

    def reset_card(self) -> None:
        """Somebody else resets the card in the first slot behind its holder's back."""
        self.slots[0].power_up()
        self.slots[0].reset_behind_back = True
        self.version += 1

    def SCardEstablishContext(self, _scope: int) -> tuple[int, int]:  # noqa: N802
        if not self.running:
            return Pcsc.NO_SERVICE, 0
        context = self._handle()
        self._contexts.add(context)
        return Pcsc.SUCCESS, context

    def SCardReleaseContext(self, context: int) -> int:  # noqa: N802
        if context not in self._contexts:
            return Pcsc.INVALID_HANDLE
        self._contexts.discard(context)
        return Pcsc.SUCCESS

    def SCardListReaders(  # noqa: N802
        self, context: int, _groups: list[str]
    ) -> tuple[int, list[str]]:
        if context not in self._contexts:
            return self._void(), []
        names = [slot.name for slot in self.slots if slot.plugged]
        return (Pcsc.SUCCESS if names else Pcsc.NO_READERS), names

    def SCardGetStatusChange(  # noqa: N802
        self, context: int, _timeout_ms: int, states: Sequence[ReaderState]
    ) -> tuple[int, list[tuple[str, int, list[int]]]]:
        if context not in self._contexts:
            return self._void(), []
        news: list[tuple[str, int, list[int]]] = []
        changed = False
        for name, known, *_ in states:
            now = self._state_of(name)
            if now is None:
                return Pcsc.UNKNOWN_READER, []
            unaware = not known and name != PNP_NOTIFICATION  # who knows nothing is told at once
            if unaware or seen(known) != now:
                changed, now = True, now | ReaderFlags.CHANGED
            news.append((name, now, self._atr_of(name)))
        return (Pcsc.SUCCESS if changed else Pcsc.TIMEOUT), news

    def SCardCancel(self, _context: int) -> int:  # noqa: N802
        self.cancels += 1
        return Pcsc.SUCCESS

    def SCardConnect(  # noqa: N802
        self, context: int, reader: str, _share: int, protocols: int
    ) -> tuple[int, int, int]:
        if context not in self._contexts:
            return self._void(), 0, 0
        slot = self._slot(reader)
        if slot is None:
            return Pcsc.UNKNOWN_READER, 0, 0
        if self.held_by_other or slot.holder is not None:
            return Pcsc.SHARING_VIOLATION, 0, 0
        if slot.card is None:
            return Pcsc.NO_SMARTCARD, 0, 0
        if self._ends_in_time_out():
            return Pcsc.UNRESPONSIVE_CARD, 0, 0
        if slot.power is not Power.ON:
            slot.power_up()
        code, protocol = _protocol_of(slot, protocols)
        if code != Pcsc.SUCCESS:
            return code, 0, 0
        handle = self._handle()
        self._handles[handle] = slot
        slot.holder, slot.reset_behind_back = handle, False
        return Pcsc.SUCCESS, handle, protocol

    def SCardReconnect(  # noqa: N802
        self, card: int, _share: int, protocols: int, initialization: int
    ) -> tuple[int, int]:
        code, slot = self._slot_of(card)
        if slot is None or code not in (Pcsc.SUCCESS, Pcsc.RESET_CARD, Pcsc.UNPOWERED_CARD):
            return code, 0
        if self._ends_in_time_out():
            return Pcsc.UNRESPONSIVE_CARD, 0
        if initialization in (RESET_CARD, UNPOWER_CARD) or slot.power is not Power.ON:
            slot.power_up()
        slot.reset_behind_back = False
        return _protocol_of(slot, protocols)

    def SCardDisconnect(self, card: int, disposition: int) -> int:  # noqa: N802
        slot = self._handles.pop(card, None)
        if slot is None:
            return Pcsc.INVALID_HANDLE
        if slot.holder == card:
            slot.holder = None
            if slot.card is not None and disposition != LEAVE_CARD:
                slot.power = Power.OFF
        return Pcsc.SUCCESS

    def SCardStatus(self, card: int) -> tuple[int, str, int, int, list[int]]:  # noqa: N802
        code, slot = self._slot_of(card)
        if slot is None or code != Pcsc.SUCCESS:
            return code, "", 0, 0, []
        _, protocol = _protocol_of(slot, PROTOCOL_T0 | PROTOCOL_T1)
        return Pcsc.SUCCESS, slot.name, slot.state, protocol, self._atr_of(slot.name)

    def SCardTransmit(  # noqa: N802
        self, card: int, _protocol: int, command: list[int]
    ) -> tuple[int, list[int]]:
        code, slot = self._slot_of(card)
        if slot is None or slot.card is None or code != Pcsc.SUCCESS:
            return code, []
        if self._ends_in_time_out():
            return Pcsc.NOT_TRANSACTED, []
        inside, sent = slot.card, bytes(command)
        self.apdu_count += 1
        try:
            response = inside.answer(sent)
        except CardPulled:
            self.remove(self.slots.index(slot))
            return Pcsc.NOT_TRANSACTED, []
        except CardSilent:
            return Pcsc.NOT_TRANSACTED, []
        if self.pass_time is not None and inside.faults.slow_ms:
            self.pass_time(inside.faults.slow_ms)
        for hook in self.on_apdu:
            hook(sent, response)
        return Pcsc.SUCCESS, list(response)

    def _ends_in_time_out(self) -> bool:
        self.timed_out += self.times_out
        return self.times_out

    def _handle(self) -> int:
        self._next_handle += 1
        return self._next_handle

    def _void(self) -> int:
        return Pcsc.INVALID_HANDLE if self.running else Pcsc.NO_SERVICE

    def _slot(self, name: str) -> Slot | None:
        return next((slot for slot in self.slots if slot.name == name and slot.plugged), None)

    def _state_of(self, name: str) -> int | None:
        if name == PNP_NOTIFICATION:
            return sum(slot.plugged for slot in self.slots) << 16
        slot = self._slot(name)
        if slot is not None and self.flickers:
            self.flickers -= 1
            return int(ReaderFlags.UNAVAILABLE)
        return slot.state if slot else None

    def _atr_of(self, name: str) -> list[int]:
        slot = self._slot(name)
        return list(slot.card.atr) if slot and slot.card and slot.power is Power.ON else []

    def _slot_of(self, card: int) -> tuple[int, Slot | None]:
        """The slot of a card handle, and what stands in the way of using it."""
        slot = self._handles.get(card)
        if slot is None:
            return self._void(), None
        if not slot.plugged:
            return Pcsc.READER_UNAVAILABLE, slot
        if slot.card is None or slot.holder != card:
            return Pcsc.REMOVED_CARD, slot
        if slot.reset_behind_back:
            return Pcsc.RESET_CARD, slot
        if slot.power is not Power.ON:
            return Pcsc.UNPOWERED_CARD, slot
        return Pcsc.SUCCESS, slot


def _protocol_of(slot: Slot, protocols: int) -> tuple[int, int]:
    """The protocol the card speaks, when it is among those asked for."""
    assert slot.card is not None
    if slot.power is Power.MUTE:
        return Pcsc.UNRESPONSIVE_CARD, 0
    protocol = PROTOCOL_T0 if slot.card.protocol == "T=0" else PROTOCOL_T1
    return (Pcsc.SUCCESS, protocol) if protocols & protocol else (Pcsc.PROTOCOL_MISMATCH, 0)
