"""Checks the card reader: the PC/SC daemon, a reader known to it, and the ATR of a card."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from msgspec import Struct

from firmware.doctor.findings import Finding, bad, good, skipped
from firmware.doctor.machine import Machine
from firmware.install.places import USER
from hw.events import CardInserted, DeviceLost
from hw.ports import CardGone, CardMute, CardReader, DeviceFault

PART = "reader"
SOCKET = os.environ.get("PCSCLITE_CSOCK_NAME", "/run/pcscd/pcscd.comm")  # as libpcsclite has it
POLL_MS = 500
START_POLLS = 6  # a daemon that is only now started needs 2 s to find its readers
CARD_POLLS = 20
NOT_ALLOWED = "8010006a"  # SCARD_W_SECURITY_VIOLATION: what polkit's refusal is to a client


class ReaderCheck(Struct, frozen=True):
    """The reader behind PC/SC. `ask` tells the person to put a card in; None: nobody is there."""

    machine: Machine
    reader: CardReader
    ask: Callable[[str], None] | None

    def look(self) -> Iterator[Finding]:
        """The daemon's socket, a reader, and a card's answer to reset. Blocks 3 s, or 13 s."""
        if not self.machine.exists(SOCKET):
            advice = "sudo apt install pcscd libccid; sudo systemctl enable --now pcscd.socket"
            yield bad(PART, "the PC/SC daemon is not there", advice)
            return
        lost, card = "", False
        for _ in range(START_POLLS):
            events = self.reader.poll(POLL_MS)
            losses = [event.detail for event in events if isinstance(event, DeviceLost)]
            lost = losses[-1] if losses else lost
            card = any(isinstance(event, CardInserted) for event in events)
            if card or (not events and not lost):
                break
            lost = "" if events and not losses else lost
        if lost:
            yield bad(PART, lost, _advice_for(lost))
            return
        yield good(PART, "a reader is connected")
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
                advice = "chip first, and to the stop; `lsusb` and `pcsc_scan` show what is seen"
                return bad(PART, "no card was seen", advice)
        if not present:
            return skipped(PART, "no card is in the reader")
        try:
            atr = self.reader.power_on()
        except (CardMute, CardGone):
            advice = "is it a chip card, chip up and first? Try another one, and clean the contacts"
            return bad(PART, "the card does not answer to reset", advice)
        except DeviceFault as fault:
            return bad(PART, fault.detail, _advice_for(fault.detail))
        self.reader.power_off()
        return good(PART, f"ATR {atr.hex().upper()}")


def _advice_for(detail: str) -> str:
    if NOT_ALLOWED in detail.lower():
        let_in = f"the terminal's own user (sudo -u {USER} …) is let in by `sudo pos install`"
        return f"look with sudo; {let_in}"
    return (
        "plug the reader in; `lsusb` has to show it, and libccid to know it: "
        "sudo apt install libccid"
    )
