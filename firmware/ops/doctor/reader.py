"""Checks the card reader: the PC/SC daemon, a reader known to it, and the ATR of a card."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from msgspec import Struct

from firmware.core.places import USER
from firmware.ops.doctor.findings import Finding, bad, good, skipped
from firmware.ops.doctor.machine import Machine
from hw.events import CardInserted, DeviceLost, FaultReason, SlotFoundEmpty
from hw.ports import CardGone, CardMute, CardReader, DeviceFault

PART = "reader"
SOCKET = os.environ.get("PCSCLITE_CSOCK_NAME", "/run/pcscd/pcscd.comm")  # as libpcsclite has it
POLL_MS = 500
START_POLLS = 6  # a daemon that is only now started needs 2 s to find its readers
CARD_POLLS = 20

_ADVICE: dict[FaultReason | None, str] = {
    FaultReason.NOT_ALLOWED: "look with sudo; the terminal's own user "
    f"(sudo -u {USER} …) is let in by `sudo pos install`",
    FaultReason.HELD: "sudo systemctl stop pos-terminal, or gpg's scdaemon, or what else uses "
    "cards",
    FaultReason.DAEMON_ENDED: "sudo systemctl restart pcscd.socket; `journalctl -u pcscd` says why "
    "it ends",
    FaultReason.NO_SUCH_READER: "reader.name has to be part of a name that `pcsc_scan -r` shows: "
    "sudo apt install pcsc-tools",
}
_PLUG_IN = (
    "plug it in; `lsusb` has to show it, and a driver to know it: sudo apt install libccid, "
    "or libacsccid1 for an older ACS"
)


class ReaderCheck(Struct, frozen=True):
    """The reader behind PC/SC. `ask` tells the person to insert a card; None: nobody can."""

    machine: Machine
    reader: CardReader
    ask: Callable[[str], None] | None
    taken: Callable[[], str] = lambda: ""  # which reader was taken, and why

    def look(self) -> Iterator[Finding]:
        """The daemon's socket, a reader, and a card's answer to reset. Blocks 3 s, or 13 s."""
        if not self.machine.exists(SOCKET):
            advice = "sudo apt install pcscd libccid; sudo systemctl enable --now pcscd.socket"
            yield bad(PART, "the PC/SC daemon is not there", advice)
            return
        lost: DeviceLost | None = None
        card = False
        for _ in range(START_POLLS):
            events = self.reader.poll(POLL_MS)
            losses = [event for event in events if isinstance(event, DeviceLost)]
            lost = losses[-1] if losses else lost
            card = any(isinstance(event, CardInserted) for event in events)
            empty = any(isinstance(event, SlotFoundEmpty) for event in events)
            if card or empty or (not events and not lost):
                break
            lost = None if events and not losses else lost
        if lost:
            yield bad(PART, lost.detail, self._advice_for(lost.reason))
            return
        yield good(PART, self.taken() or "a reader is connected")
        yield self._card(present=card)

    def _card(self, *, present: bool) -> Finding:
        if not present and self.ask is not None:
            self.ask("put a card into the reader, chip first")
            present = any(
                isinstance(event, CardInserted)
                for _ in range(CARD_POLLS)
                for event in self.reader.poll(POLL_MS)
            )
            if not present:
                advice = "chip first, and to the stop; does its light come on?"
                return bad(PART, "no card was seen", advice)
        if not present:
            return skipped(PART, "no card is in the reader")
        try:
            atr = self.reader.power_on()
        except (CardMute, CardGone):
            advice = "is it a chip card, chip up and first? Try another one, and clean the contacts"
            return bad(PART, "the card does not answer to reset", advice)
        except DeviceFault as fault:
            return bad(PART, fault.detail, self._advice_for(fault.reason))
        self.reader.power_off()
        return good(PART, f"ATR {atr.hex().upper()}")

    def _advice_for(self, reason: FaultReason | None) -> str:
        if reason is FaultReason.NOT_ALLOWED and self.machine.caller().uid == 0:  # no polkit
            return "sudo apt install polkitd; sudo systemctl restart pcscd"
        return _ADVICE.get(reason, _PLUG_IN)
